//! What the terminal says of itself. Asked only while nobody else reads the keyboard, whose keys arrive on the same way.

use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

const ESC: u8 = 0x1b;

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

/// What was heard.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Heard {
    /// Whether there is a clipboard that programs may set, if that was answered.
    pub(crate) clipboard: Option<bool>,
    /// What the user typed before.
    pub(crate) typed: Vec<Event>,
}

/// What one sequence is.
enum Sequence {
    Answer(bool),
    Typed(Event),
    Unknown,
}

/// Reads up to the answer, and what the user types before it. `next`: the next byte, if it comes in that time.
pub(super) fn answer(mut next: impl FnMut(Duration) -> Option<u8>) -> Heard {
    let mut heard = Heard::default();
    let mut pending = None;
    while let Some(first) = pending.take().or_else(|| next(PATIENCE)) {
        let key = match first {
            ESC => match next(WITHIN) {
                None => Some(key(KeyCode::Esc)),
                // Esc was a key, and something else begins.
                Some(ESC) => {
                    pending = Some(ESC);
                    Some(key(KeyCode::Esc))
                }
                Some(b'[') => match sequence(&mut next) {
                    Sequence::Answer(takes) => {
                        heard.clipboard = Some(takes);
                        return heard;
                    }
                    Sequence::Typed(event) => {
                        heard.typed.push(event);
                        None
                    }
                    Sequence::Unknown => None,
                },
                Some(b'O') => next(WITHIN).and_then(|last| named(last, "")).map(key),
                Some(other) => plain(other, &mut next).map(|key| key_with(key.code, KeyModifiers::ALT)),
            },
            first => plain(first, &mut next),
        };
        heard.typed.extend(key.map(Event::Key));
    }
    heard
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
fn sequence(next: &mut impl FnMut(Duration) -> Option<u8>) -> Sequence {
    let mut text = String::new();
    let last = loop {
        match next(WITHIN) {
            Some(byte @ 0x40..=0x7e) => break byte,
            Some(byte) if text.len() < LONGEST => text.push(char::from(byte)),
            _ => return Sequence::Unknown,
        }
    };
    if let (Some(attributes), b'c') = (text.strip_prefix('?'), last) {
        return Sequence::Answer(attributes.split(';').any(|attribute| attribute == CLIPBOARD));
    }
    if (text.as_str(), last) == ("200", b'~') {
        return pasted(next);
    }
    let (first, modifiers) = text.split_once(';').unwrap_or((&text, "1"));
    let Some(code) = named(last, first) else { return Sequence::Unknown };
    // One more than a set of bits, as xterm writes them.
    let bits = modifiers.parse::<u8>().unwrap_or(1).saturating_sub(1);
    let mut held = KeyModifiers::NONE;
    for (bit, modifier) in [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)] {
        held.set(modifier, bits & bit != 0);
    }
    Sequence::Typed(Event::Key(key_with(code, held)))
}

/// The rest of pasted text, which must never be taken for keys.
fn pasted(next: &mut impl FnMut(Duration) -> Option<u8>) -> Sequence {
    const END: &[u8] = b"\x1b[201~";
    let mut bytes = Vec::new();
    while !bytes.ends_with(END) && bytes.len() < LONGEST {
        match next(PATIENCE) {
            Some(byte) => bytes.push(byte),
            None => return Sequence::Unknown,
        }
    }
    bytes.truncate(bytes.len().saturating_sub(END.len()));
    Sequence::Typed(Event::Paste(String::from_utf8_lossy(&bytes).into_owned()))
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

    fn heard(bytes: &[u8]) -> Heard {
        let mut left = bytes.iter().copied();
        answer(|_| left.next())
    }

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Event {
        Event::Key(key_with(code, modifiers))
    }

    #[test]
    fn the_answer_tells_whether_there_is_a_clipboard() {
        let takes = |bytes: &[u8]| heard(bytes).clipboard;
        assert_eq!(takes(b"\x1b[?62;22;52c"), Some(true));
        assert_eq!(takes(b"\x1b[?1;2c"), Some(false));
        assert_eq!(takes(b"\x1b[?152;520c"), Some(false), "part of a number is no number");
        assert_eq!(heard(b""), Heard::default());
    }

    #[test]
    fn nothing_is_read_behind_the_answer() {
        let mut left = b"\x1b[?52cq".iter().copied();
        assert_eq!(answer(|_| left.next()).clipboard, Some(true));
        assert_eq!(left.next(), Some(b'q'));
    }

    #[test]
    fn keys_that_come_before_the_answer_are_kept() {
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
            (b"\x1b", KeyCode::Esc, M::NONE),
        ] {
            let expected = Heard { clipboard: Some(true), typed: vec![pressed(code, held)] };
            assert_eq!(heard(&[bytes, b"\x1b[?52c"].concat()), expected, "{bytes:?}");
        }
        let typed = vec![pressed(KeyCode::Char('j'), M::NONE), pressed(KeyCode::Esc, M::NONE)];
        assert_eq!(heard(b"j\x1b"), Heard { clipboard: None, typed });
    }

    #[test]
    fn pasted_text_stays_pasted_text() {
        let typed = vec![Event::Paste("dy\r".into())];
        assert_eq!(heard(b"\x1b[200~dy\r\x1b[201~\x1b[?52c"), Heard { clipboard: Some(true), typed });
        assert_eq!(heard(b"\x1b[200~dy"), Heard::default());
    }
}
