//! Bytes from the terminal, taken apart one by one: however they are cut into pieces, the result is the same. Time is
//! data: the parser is told when bytes came, and when nothing more did.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyModifiers};

use super::keys;
use super::{Heard, LONGEST_PASTE};

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
/// CAN and SUB end any sequence.
const ABORT: [u8; 2] = [0x18, 0x1a];
const PASTE_END: &[u8] = b"\x1b[201~";

/// After an ESC: if nothing follows for so long, Esc was pressed.
const LONE_ESC: Duration = Duration::from_millis(50);
/// The same where a sequence is expected to end: within pasted text, and within a reply.
const ESC_WITHIN: Duration = Duration::from_millis(500);
/// After `ESC [` and the like: if nothing follows for so long, Alt was held.
const ALONE: Duration = Duration::from_secs(1);
/// A sequence that goes on no longer is dropped.
const STALLED: Duration = Duration::from_secs(3);

/// The most bytes of one sequence that are looked at; the rest is read and dropped.
const LONGEST: usize = 256;

/// Where in what the terminal sends we are.
#[derive(Debug, Default, PartialEq)]
enum State {
    /// Between two things.
    #[default]
    Ground,
    /// After `ESC`.
    Escape,
    /// Within a character of several bytes.
    Character { bytes: Vec<u8>, length: usize, alt: KeyModifiers },
    /// After `ESC [`: a control sequence (CSI).
    Sequence(Vec<u8>),
    /// After `ESC [ [`.
    Console,
    /// After `ESC [ M`.
    Mouse(Vec<u8>),
    /// After `ESC O` (SS3).
    Application(Vec<u8>),
    /// In a string (OSC, DCS, APC, PM, SOS), which is read up to its end and dropped.
    Text { introducer: u8, begun: bool, escaped: bool },
    /// Between `ESC [ 200 ~` and `ESC [ 201 ~`. So many bytes of the end have come.
    Paste { text: Vec<u8>, cut: bool, end: usize },
    /// The same after Esc was pressed: what is still coming is no command.
    Unwanted { end: usize },
}

/// The state machine.
#[derive(Debug, Default)]
pub(super) struct Parser {
    state: State,
    /// When the last byte came.
    at: Option<Instant>,
}

impl Parser {
    /// Takes bytes that came at `now`.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant, heard: &mut VecDeque<Heard>) {
        self.at = Some(now);
        for byte in bytes {
            self.take(*byte, heard);
        }
    }

    /// When [`Parser::expire`] has something to do, if nothing comes until then.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let patience = match &self.state {
            State::Escape => LONE_ESC,
            State::Sequence(text) | State::Application(text) if text.is_empty() => ALONE,
            State::Text { begun: false, .. } => ALONE,
            State::Text { escaped: true, .. } | State::Paste { end: 1, .. } => ESC_WITHIN,
            // Half a character means nothing until its other half comes; a paste may pause.
            State::Ground | State::Character { .. } | State::Paste { .. } => return None,
            State::Sequence(_)
            | State::Application(_)
            | State::Console
            | State::Mouse(_)
            | State::Text { .. }
            | State::Unwanted { .. } => STALLED,
        };
        self.at.map(|at| at + patience)
    }

    /// Nothing has come until `now`: what has begun and cannot be complete ends.
    pub(super) fn expire(&mut self, now: Instant, heard: &mut VecDeque<Heard>) {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        let esc = || keys::key(KeyCode::Esc, KeyModifiers::NONE);
        match std::mem::take(&mut self.state) {
            State::Escape | State::Text { escaped: true, .. } => heard.push_back(esc()),
            State::Sequence(text) if text.is_empty() => heard.extend(keys::single(b'[', KeyModifiers::ALT)),
            State::Application(text) if text.is_empty() => {
                heard.extend(keys::single(b'O', KeyModifiers::ALT));
            }
            State::Text { introducer, begun: false, .. } => {
                heard.extend(keys::single(introducer, KeyModifiers::ALT));
            }
            State::Paste { end, .. } => {
                heard.push_back(esc());
                (self.state, self.at) = (State::Unwanted { end }, Some(now));
            }
            _ => {}
        }
    }

    fn take(&mut self, byte: u8, heard: &mut VecDeque<Heard>) {
        // A state is left unless it is put back.
        match std::mem::take(&mut self.state) {
            State::Ground => self.begin(byte, KeyModifiers::NONE, heard),
            State::Escape => self.escaped(byte, heard),
            State::Character { mut bytes, length, alt } => {
                if !matches!(byte, 0x80..=0xbf) {
                    return self.take(byte, heard);
                }
                bytes.push(byte);
                if bytes.len() < length {
                    self.state = State::Character { bytes, length, alt };
                } else if let Some(c) = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next())
                {
                    heard.extend(keys::character(c, alt));
                }
            }
            State::Sequence(text) => self.sequence(text, byte, heard),
            State::Console => match byte {
                0x20..=0x7e => heard.extend(keys::console(byte)),
                _ => self.take(byte, heard),
            },
            State::Mouse(mut bytes) => {
                bytes.push(byte);
                match <[u8; 3]>::try_from(bytes) {
                    Ok(bytes) => heard.extend(keys::old_mouse(bytes)),
                    Err(bytes) => self.state = State::Mouse(bytes),
                }
            }
            State::Application(mut text) => match byte {
                b'0'..=b'9' | b';' => {
                    text.push(byte);
                    text.truncate(LONGEST);
                    self.state = State::Application(text);
                }
                0x20..=0x7e => heard.extend(keys::application(&String::from_utf8_lossy(&text), byte)),
                _ => self.resume(byte, heard),
            },
            State::Text { introducer, escaped, .. } => match byte {
                b'\\' if escaped => {}
                // What follows the ESC is no end: something else has begun.
                _ if escaped => self.escaped(byte, heard),
                BEL => {}
                _ if ABORT.contains(&byte) => {}
                _ => self.state = State::Text { introducer, begun: true, escaped: byte == ESC },
            },
            State::Paste { text, cut, end } => self.paste(text, cut, end, byte, heard),
            State::Unwanted { end } => {
                let end = if byte == PASTE_END[end] { end + 1 } else { usize::from(byte == ESC) };
                if end < PASTE_END.len() {
                    self.state = State::Unwanted { end };
                }
            }
        }
    }

    /// The first byte of something, perhaps after an ESC.
    fn begin(&mut self, byte: u8, alt: KeyModifiers, heard: &mut VecDeque<Heard>) {
        match length(byte) {
            _ if byte == ESC => self.state = State::Escape,
            Some(1) => heard.extend(keys::single(byte, alt)),
            Some(length) => self.state = State::Character { bytes: vec![byte], length, alt },
            // The rest of something whose beginning was not seen.
            None => {}
        }
    }

    /// The byte after an ESC.
    fn escaped(&mut self, byte: u8, heard: &mut VecDeque<Heard>) {
        match byte {
            b'[' => self.state = State::Sequence(Vec::new()),
            b'O' => self.state = State::Application(Vec::new()),
            b']' | b'P' | b'X' | b'^' | b'_' => {
                self.state = State::Text { introducer: byte, begun: false, escaped: false };
            }
            // Esc was pressed, and something else begins.
            ESC => {
                heard.push_back(keys::key(KeyCode::Esc, KeyModifiers::NONE));
                self.state = State::Escape;
            }
            _ => self.begin(byte, KeyModifiers::ALT, heard),
        }
    }

    /// A byte that no sequence has: the one that was read is dropped.
    fn resume(&mut self, byte: u8, heard: &mut VecDeque<Heard>) {
        if !ABORT.contains(&byte) {
            self.take(byte, heard);
        }
    }

    fn sequence(&mut self, mut text: Vec<u8>, byte: u8, heard: &mut VecDeque<Heard>) {
        let is_number = || !text.is_empty() && text.iter().all(u8::is_ascii_digit);
        let is_end = matches!(byte, 0x40..=0x7e) || (byte == b'$' && is_number());
        match byte {
            b'[' if text.is_empty() => self.state = State::Console,
            b'M' if text.is_empty() => self.state = State::Mouse(Vec::new()),
            b'~' if text == b"200" => {
                self.state = State::Paste { text: Vec::new(), cut: false, end: 0 };
            }
            _ if is_end => {
                if text.len() < LONGEST {
                    heard.extend(keys::sequence(&String::from_utf8_lossy(&text), byte));
                }
            }
            0x20..=0x3f => {
                if text.len() < LONGEST {
                    text.push(byte);
                }
                self.state = State::Sequence(text);
            }
            _ => self.resume(byte, heard),
        }
    }

    fn paste(&mut self, mut text: Vec<u8>, mut cut: bool, end: usize, byte: u8, heard: &mut VecDeque<Heard>) {
        if byte == PASTE_END[end] {
            if end + 1 < PASTE_END.len() {
                self.state = State::Paste { text, cut, end: end + 1 };
            } else {
                // Where a character is cut in two, its half is not shown as something else.
                let whole = if cut { whole_characters(&text) } else { text.len() };
                let text = String::from_utf8_lossy(&text[..whole]).into_owned();
                heard.push_back(Heard::Pasted { text, cut });
            }
            return;
        }
        // What looked like the end was text.
        let next = usize::from(byte == ESC);
        let own = (next == 0).then_some(byte);
        for byte in PASTE_END[..end].iter().copied().chain(own) {
            if text.len() < LONGEST_PASTE {
                text.push(byte);
            } else {
                cut = true;
            }
        }
        self.state = State::Paste { text, cut, end: next };
    }
}

/// How many bytes a character has that begins with this one.
fn length(first: u8) -> Option<usize> {
    match first {
        0..=0x7f => Some(1),
        0xc2..=0xdf => Some(2),
        0xe0..=0xef => Some(3),
        0xf0..=0xf4 => Some(4),
        _ => None,
    }
}

/// Where `text` ends without the character that it breaks off in.
fn whole_characters(text: &[u8]) -> usize {
    let end = text.len();
    let last = (1..=end.min(3)).find(|back| text[end - back] & 0xc0 != 0x80);
    match last {
        Some(back) if length(text[end - back]).is_some_and(|length| back < length) => end - back,
        _ => end,
    }
}

#[cfg(test)]
mod tests;
