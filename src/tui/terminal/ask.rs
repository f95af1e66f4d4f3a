//! What the terminal says of itself. Asked only while nobody else reads the keyboard, whose keys arrive on the same way.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

/// Primary device attributes (DA1).
pub(super) const QUESTION: &[u8] = b"\x1b[c";
/// In its answer: a program may set the clipboard (OSC 52). Kitty, iTerm2, `WezTerm`, foot, Windows Terminal and others say
/// it; that one does not proves nothing.
const CLIPBOARD: &str = "52";

/// The longest wait for the answer.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);
/// The longest wait within a sequence: longer, and Esc was a key.
const WITHIN: Duration = Duration::from_millis(50);
/// The most bytes of one sequence or paste that are read.
const LONGEST: usize = 1 << 20;

/// What came first.
#[derive(Debug, PartialEq)]
pub(crate) enum Said {
    /// The answer: whether there is a clipboard that programs may set.
    Clipboard(bool),
    /// The user was faster.
    Typed(Event),
    /// Nothing that could be used.
    Nothing,
}

/// Reads up to the answer or to what the user typed before it, and not a byte more. `next`: the next byte, if it comes
/// in that time.
pub(super) fn answer(mut next: impl FnMut(Duration) -> Option<u8>) -> Said {
    let Some(first) = next(PATIENCE) else { return Said::Nothing };
    if first != 0x1b {
        return typed(plain(first, &mut next));
    }
    match next(WITHIN) {
        None => typed(Some(key(KeyCode::Esc))),
        Some(b'[') => sequence(&mut next),
        Some(b'O') => typed(next(WITHIN).and_then(|last| named(last, "")).map(key)),
        Some(other) => typed(plain(other, &mut next).map(|key| key_with(key.code, KeyModifiers::ALT))),
    }
}

fn typed(key: Option<KeyEvent>) -> Said {
    key.map_or(Said::Nothing, |key| Said::Typed(Event::Key(key)))
}

fn key(code: KeyCode) -> KeyEvent {
    key_with(code, KeyModifiers::NONE)
}

fn key_with(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
    KeyEvent::new(code, modifiers)
}

/// A key that is a character.
fn plain(first: u8, next: &mut impl FnMut(Duration) -> Option<u8>) -> Option<KeyEvent> {
    let code = match first {
        b'\r' => KeyCode::Enter,
        b'\t' => KeyCode::Tab,
        0x7f => KeyCode::Backspace,
        control @ 1..=26 => {
            return Some(key_with(KeyCode::Char(char::from(control - 1 + b'a')), KeyModifiers::CONTROL));
        }
        _ => {
            let length = match first {
                0xf0..=0xf7 => 4,
                0xe0..=0xef => 3,
                0xc0..=0xdf => 2,
                _ => 1,
            };
            let mut bytes = vec![first];
            while bytes.len() < length {
                bytes.push(next(WITHIN)?);
            }
            KeyCode::Char(std::str::from_utf8(&bytes).ok()?.chars().next().filter(|c| !c.is_control())?)
        }
    };
    Some(key(code))
}

/// What begins with `ESC [`.
fn sequence(next: &mut impl FnMut(Duration) -> Option<u8>) -> Said {
    let mut text = String::new();
    let last = loop {
        match next(WITHIN) {
            Some(byte @ 0x40..=0x7e) => break byte,
            Some(byte) if text.len() < LONGEST => text.push(char::from(byte)),
            _ => return Said::Nothing,
        }
    };
    if let (Some(attributes), b'c') = (text.strip_prefix('?'), last) {
        return Said::Clipboard(attributes.split(';').any(|attribute| attribute == CLIPBOARD));
    }
    if (text.as_str(), last) == ("200", b'~') {
        return pasted(next);
    }
    let (first, modifiers) = text.split_once(';').unwrap_or((&text, "1"));
    let Some(code) = named(last, first) else { return Said::Nothing };
    // One more than a set of bits, as xterm writes them.
    let bits = modifiers.parse::<u8>().unwrap_or(1).saturating_sub(1);
    let mut held = KeyModifiers::NONE;
    for (bit, modifier) in [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)] {
        held.set(modifier, bits & bit != 0);
    }
    Said::Typed(Event::Key(key_with(code, held)))
}

/// The rest of pasted text, which must never be taken for keys.
fn pasted(next: &mut impl FnMut(Duration) -> Option<u8>) -> Said {
    const END: &[u8] = b"\x1b[201~";
    let mut bytes = Vec::new();
    while !bytes.ends_with(END) && bytes.len() < LONGEST {
        match next(PATIENCE) {
            Some(byte) => bytes.push(byte),
            None => return Said::Nothing,
        }
    }
    bytes.truncate(bytes.len().saturating_sub(END.len()));
    Said::Typed(Event::Paste(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Keys by the last byte of their sequence, and by the number before a `~`.
fn named(last: u8, number: &str) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        b'Z' => KeyCode::BackTab,
        b'~' => match number.parse().ok()? {
            1 | 7 => KeyCode::Home,
            2 => KeyCode::Insert,
            3 => KeyCode::Delete,
            4 | 8 => KeyCode::End,
            5 => KeyCode::PageUp,
            6 => KeyCode::PageDown,
            number @ 11..=15 => KeyCode::F(number - 10),
            number @ 17..=21 => KeyCode::F(number - 11),
            number @ 23..=24 => KeyCode::F(number - 12),
            _ => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of `bytes`, and how many of them are left for others.
    fn read(bytes: &[u8]) -> (Said, usize) {
        let mut left = bytes.iter().copied();
        let said = answer(|_| left.next());
        (said, left.len())
    }

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Said {
        Said::Typed(Event::Key(key_with(code, modifiers)))
    }

    #[test]
    fn the_answer_tells_whether_there_is_a_clipboard() {
        assert_eq!(read(b"\x1b[?62;22;52c"), (Said::Clipboard(true), 0));
        assert_eq!(read(b"\x1b[?1;2c"), (Said::Clipboard(false), 0));
        assert_eq!(read(b"\x1b[?152;520cx"), (Said::Clipboard(false), 1), "part of a number is no number");
        assert_eq!(read(b"").0, Said::Nothing);
    }

    #[test]
    fn a_key_that_comes_first_is_kept_and_nothing_behind_it_is_read() {
        use KeyModifiers as M;
        for (bytes, code, held) in [
            (&b"q"[..], KeyCode::Char('q'), M::NONE),
            ("é".as_bytes(), KeyCode::Char('é'), M::NONE),
            (b"\r", KeyCode::Enter, M::NONE),
            (b"\x03", KeyCode::Char('c'), M::CONTROL),
            (b"\x1b[15~", KeyCode::F(5), M::NONE),
            (b"\x1b[21~", KeyCode::F(10), M::NONE),
            (b"\x1b[24~", KeyCode::F(12), M::NONE),
            (b"\x1b[1;5B", KeyCode::Down, M::CONTROL),
            (b"\x1b[B", KeyCode::Down, M::NONE),
            (b"\x1bOP", KeyCode::F(1), M::NONE),
            (b"\x1by", KeyCode::Char('y'), M::ALT),
        ] {
            let behind = b"\x1b[?52c";
            assert_eq!(read(&[bytes, behind].concat()), (pressed(code, held), behind.len()), "{bytes:?}");
        }
        assert_eq!(read(b"\x1b"), (pressed(KeyCode::Esc, M::NONE), 0));
    }

    #[test]
    fn pasted_text_stays_pasted_text() {
        let paste = Said::Typed(Event::Paste("dy\r".into()));
        assert_eq!(read(b"\x1b[200~dy\r\x1b[201~q"), (paste, 1));
        assert_eq!(read(b"\x1b[200~dy").0, Said::Nothing);
    }
}
