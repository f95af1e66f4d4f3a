//! What complete sequences and characters mean. Facts: xterm's "ctlseqs", the kitty keyboard protocol, rxvt's manual.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::{Heard, Reply};

/// In the device attributes: a program may set the clipboard.
const CLIPBOARD: u32 = 52;

pub(super) fn key(code: KeyCode, modifiers: KeyModifiers) -> Heard {
    Heard::Input(Event::Key(KeyEvent::new(code, modifiers)))
}

/// A character that was typed; `None` for a control character, which no key sends as text.
pub(super) fn character(c: char, alt: KeyModifiers) -> Option<Heard> {
    let shift = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    (!c.is_control()).then(|| key(KeyCode::Char(c), shift | alt))
}

/// A byte that is a key on its own.
pub(super) fn single(byte: u8, alt: KeyModifiers) -> Option<Heard> {
    let control = |c: u8| key(KeyCode::Char(char::from(c)), KeyModifiers::CONTROL | alt);
    Some(match byte {
        b'\r' => key(KeyCode::Enter, alt),
        b'\t' => key(KeyCode::Tab, alt),
        0x7f => key(KeyCode::Backspace, alt),
        0 => control(b' '),
        1..=26 => control(byte - 1 + b'a'),
        0x1c..=0x1f => control(byte - 0x1c + b'4'),
        _ => return character(char::from(byte), alt),
    })
}

/// `ESC [ text last`, without its beginning. `None`: nothing that is wanted here.
pub(super) fn sequence(text: &str, last: u8) -> Option<Heard> {
    if let Some(text) = text.strip_prefix('<') {
        return sgr_mouse(text, last);
    }
    if let (Some(attributes), b'c') = (text.strip_prefix('?'), last) {
        let clipboard = numbers(attributes).any(|number| number == Some(CLIPBOARD));
        return Some(Heard::Reply(Reply::Attributes { clipboard }));
    }
    if (text, last) == ("0", b'n') {
        return Some(Heard::Reply(Reply::Ready));
    }
    // Everything else that is marked as private, or has bytes between its numbers and its end, is a reply.
    if text.bytes().any(|byte| !matches!(byte, b'0'..=b'9' | b';' | b':')) {
        return None;
    }
    let mut fields = text.split(';');
    let first = fields.next().unwrap_or_default();
    let mut second = fields.next().unwrap_or_default().split(':').map(|text| text.parse::<u32>().ok());
    let (mask, kind) = (second.next().flatten(), second.next().flatten());
    if kind == Some(3) {
        // A key was released.
        return None;
    }
    let held = modifiers(mask);
    let number: Option<u32> = first.split(':').next().and_then(|number| number.parse().ok());
    let code = match last {
        b'~' if number == Some(27) => return coded(fields.next()?.parse().ok()?, held),
        b'~' => numbered(number?)?,
        // rxvt says by the end what is held.
        b'$' => return numbered(number?).map(|code| key(code, KeyModifiers::SHIFT)),
        b'^' => return numbered(number?).map(|code| key(code, KeyModifiers::CONTROL)),
        b'@' => return numbered(number?).map(|code| key(code, KeyModifiers::CONTROL | KeyModifiers::SHIFT)),
        b'a'..=b'd' if text.is_empty() => return Some(key(arrow(last), KeyModifiers::SHIFT)),
        b'u' => {
            let shifted = first.split(':').nth(1).and_then(|code| code.parse().ok());
            return match shifted {
                Some(code) if held.contains(KeyModifiers::SHIFT) => coded(code, held),
                _ => coded(number?, held),
            };
        }
        b'Z' => return Some(key(KeyCode::BackTab, held | KeyModifiers::SHIFT)),
        b'M' => return mouse(number?.checked_sub(32)?, mask?, fields.next()?.parse().ok()?, false),
        b'I' if text.is_empty() => return Some(Heard::Input(Event::FocusGained)),
        b'O' if text.is_empty() => return Some(Heard::Input(Event::FocusLost)),
        // With other numbers it is the reply that tells where the cursor is.
        b'R' if number == Some(1) && matches!(mask, Some(2..=8)) => KeyCode::F(3),
        b'R' => return None,
        _ => lettered(last)?,
    };
    Some(key(code, held))
}

/// `ESC O text last`: keys of the application modes.
pub(super) fn application(text: &str, last: u8) -> Option<Heard> {
    let held = modifiers(text.rsplit(';').next().and_then(|number| number.parse().ok()));
    let code = match last {
        b'M' => KeyCode::Enter,
        b'X' => KeyCode::Char('='),
        b'R' => KeyCode::F(3),
        b'a'..=b'd' => return Some(key(arrow(last), KeyModifiers::CONTROL)),
        // The keypad, whose characters are 64 higher.
        b'j'..=b'y' => KeyCode::Char(char::from(last - 64)),
        _ => lettered(last)?,
    };
    Some(key(code, held))
}

/// F1 to F5 of the Linux console: `ESC [ [ A`.
pub(super) fn console(last: u8) -> Option<Heard> {
    matches!(last, b'A'..=b'E').then(|| key(KeyCode::F(last - b'A' + 1), KeyModifiers::NONE))
}

/// The mouse in the oldest form: three bytes after `ESC [ M`.
pub(super) fn old_mouse([button, column, row]: [u8; 3]) -> Option<Heard> {
    let cell = |byte: u8| u32::from(byte.saturating_sub(32));
    mouse(u32::from(button.checked_sub(32)?), cell(column), cell(row), false)
}

fn sgr_mouse(text: &str, last: u8) -> Option<Heard> {
    let mut numbers = numbers(text).map(Option::unwrap_or_default);
    let (button, column, row) = (numbers.next()?, numbers.next()?, numbers.next()?);
    match last {
        b'M' => mouse(button, column, row, false),
        b'm' => mouse(button, column, row, true),
        _ => None,
    }
}

/// Cells count from 1. The bits of `button`, from the lowest: two of the button, Shift, Alt, Control, moving, two more
/// of the button.
fn mouse(button: u32, column: u32, row: u32, up: bool) -> Option<Heard> {
    let which = match button & 3 {
        0 => Some(MouseButton::Left),
        1 => Some(MouseButton::Middle),
        2 => Some(MouseButton::Right),
        _ => None,
    };
    let kind = match ((button & 0b1100_0000) >> 6, button & 0b0010_0000 != 0, which) {
        (0, false, Some(which)) if up => MouseEventKind::Up(which),
        (0, false, Some(which)) => MouseEventKind::Down(which),
        (0, true, Some(which)) => MouseEventKind::Drag(which),
        (0, false, None) => MouseEventKind::Up(MouseButton::Left),
        (0, true, None) | (1, true, _) => MouseEventKind::Moved,
        (1, false, _) => match button & 3 {
            0 => MouseEventKind::ScrollUp,
            1 => MouseEventKind::ScrollDown,
            2 => MouseEventKind::ScrollLeft,
            _ => MouseEventKind::ScrollRight,
        },
        _ => return None,
    };
    let mut held = KeyModifiers::empty();
    held.set(KeyModifiers::SHIFT, button & 4 != 0);
    held.set(KeyModifiers::ALT, button & 8 != 0);
    held.set(KeyModifiers::CONTROL, button & 16 != 0);
    let cell = |cell: u32| u16::try_from(cell.saturating_sub(1)).unwrap_or(u16::MAX);
    let (column, row) = (cell(column), cell(row));
    Some(Heard::Input(Event::Mouse(MouseEvent { kind, column, row, modifiers: held })))
}

fn numbers(text: &str) -> impl Iterator<Item = Option<u32>> {
    text.split(';').map(|number| number.parse().ok())
}

/// One more than a set of bits; without a number nothing is held.
fn modifiers(mask: Option<u32>) -> KeyModifiers {
    let bits = mask.unwrap_or(1).saturating_sub(1);
    let mut held = KeyModifiers::empty();
    for (bit, modifier) in [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
        (16, KeyModifiers::HYPER),
        (32, KeyModifiers::META),
    ] {
        held.set(modifier, bits & bit != 0);
    }
    held
}

fn arrow(last: u8) -> KeyCode {
    match last.to_ascii_uppercase() {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        _ => KeyCode::Left,
    }
}

fn lettered(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A'..=b'D' => arrow(last),
        b'E' => KeyCode::KeypadBegin,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P' | b'Q' | b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

fn numbered(number: u32) -> Option<KeyCode> {
    let function = |less: u32| u8::try_from(number - less).ok().map(KeyCode::F);
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => function(10),
        17..=21 => function(11),
        23..=26 => function(12),
        28 | 29 => function(13),
        31..=34 => function(14),
        _ => None,
    }
}

/// A key by its code point, as kitty and xterm's `modifyOtherKeys` write it.
fn coded(code: u32, held: KeyModifiers) -> Option<Heard> {
    let code = match code {
        27 => KeyCode::Esc,
        13 | 57414 => KeyCode::Enter,
        9 if held.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        9 => KeyCode::Tab,
        8 | 127 => KeyCode::Backspace,
        57376..=57398 => KeyCode::F(u8::try_from(code - 57363).ok()?),
        // The keypad.
        57399..=57408 => KeyCode::Char(char::from_digit(code - 57399, 10)?),
        57409 => KeyCode::Char('.'),
        57410 => KeyCode::Char('/'),
        57411 => KeyCode::Char('*'),
        57412 => KeyCode::Char('-'),
        57413 => KeyCode::Char('+'),
        57415 => KeyCode::Char('='),
        57416 => KeyCode::Char(','),
        57417 => KeyCode::Left,
        57418 => KeyCode::Right,
        57419 => KeyCode::Up,
        57420 => KeyCode::Down,
        57421 => KeyCode::PageUp,
        57422 => KeyCode::PageDown,
        57423 => KeyCode::Home,
        57424 => KeyCode::End,
        57425 => KeyCode::Insert,
        57426 => KeyCode::Delete,
        57427 => KeyCode::KeypadBegin,
        // Locks, media keys and modifiers on their own.
        57344..=63743 => return None,
        _ => {
            let c = char::from_u32(code).filter(|c| !c.is_control())?;
            let mut upper = c.to_uppercase();
            match (upper.next(), upper.next()) {
                (Some(upper), None) if held.contains(KeyModifiers::SHIFT) => KeyCode::Char(upper),
                _ => KeyCode::Char(c),
            }
        }
    };
    Some(key(code, held))
}
