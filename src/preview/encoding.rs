//! What bytes are, decided once from the beginning of a file: every other part of it is read in the same way.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes that are looked at to tell text from other bytes, and to tell its encoding.
const LOOK: usize = 8 << 10;
const SAMPLE: usize = 1 << 20;
/// Bytes below which a pattern of zeros says nothing.
const FEW: usize = 8;

/// How the bytes of a file are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// They are no text.
    pub(super) is_binary: bool,
    /// `None` while nothing but ASCII was seen.
    encoding: Option<&'static Encoding>,
}

impl Reading {
    /// Decides by the beginning: a byte order mark, or else what fits a large sample. `whole`: it is all there is.
    pub fn of(beginning: &[u8], whole: bool) -> Self {
        let marked = Encoding::for_bom(beginning).map(|(encoding, _)| encoding);
        let wide = marked.or_else(|| utf16(beginning));
        Self {
            is_binary: wide.is_none() && is_binary(beginning),
            encoding: wide.or_else(|| guess(beginning, whole)),
        }
    }

    /// Decides by another part of it, if all that was seen before is ASCII.
    pub fn settle(&mut self, part: &[u8], whole: bool) {
        if self.encoding.is_some() {
            return;
        }
        // The part may begin within a character.
        let part = &part[part.iter().take(3).take_while(|byte| is_continuation(**byte)).count()..];
        if let Some(at) = part.iter().position(|byte| !byte.is_ascii()) {
            let part = &part[at.saturating_sub(LOOK / 2)..];
            self.encoding = if is_binary(part) { Some(UTF_8) } else { guess(part, whole) };
        }
    }

    /// The encoding; ASCII is UTF-8, too.
    pub(super) fn encoding(self) -> &'static Encoding {
        self.encoding.unwrap_or(UTF_8)
    }
}

/// Whether it stands behind the first byte of a character of UTF-8.
pub(super) fn is_continuation(byte: u8) -> bool {
    byte & 0xc0 == 0x80
}

/// A NUL, or many control characters.
fn is_binary(bytes: &[u8]) -> bool {
    let bytes = &bytes[..bytes.len().min(LOOK)];
    let control = |byte: &&u8| matches!(byte, 0..=8 | 14..=26 | 28..=31);
    bytes.contains(&0) || bytes.iter().filter(control).count() * 20 > bytes.len()
}

/// UTF-16 without a byte order mark, as far as Latin letters show: every other byte is zero.
fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let bytes = &bytes[..bytes.len().min(LOOK)];
    let (pairs, _) = bytes.as_chunks::<2>();
    let all = |encoding, low: fn(&[u8; 2]) -> u8, high: fn(&[u8; 2]) -> u8| {
        let zeros = pairs.iter().filter(|pair| high(pair) == 0).count();
        let letters = |pair: &[u8; 2]| high(pair) != 0 || matches!(low(pair), 9..=13 | 27 | 32..);
        (zeros * 10 >= pairs.len() * 7 && pairs.iter().all(letters)).then_some(encoding)
    };
    if bytes.len() < FEW {
        return None;
    }
    all(UTF_16LE, |pair| pair[0], |pair| pair[1]).or_else(|| all(UTF_16BE, |pair| pair[1], |pair| pair[0]))
}

/// The encoding of text; `None` for ASCII, of which more may come that tells.
fn guess(bytes: &[u8], whole: bool) -> Option<&'static Encoding> {
    let bytes = &bytes[..bytes.len().min(SAMPLE)];
    if bytes.is_ascii() {
        return None;
    }
    // A stray byte does not make something else of UTF-8; and what is no UTF-8 has few bytes that look like it.
    let (mut characters, mut strays) = (0, 0);
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        characters += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        let is_cut = chunks.peek().is_none() && !whole;
        strays += usize::from(!chunk.invalid().is_empty() && !is_cut);
    }
    if characters >= strays || are_alone(bytes) {
        return Some(UTF_8);
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, whole);
    Some(detector.guess(None, Utf8Detection::Deny))
}

/// Whether no byte beyond ASCII stands beside another one, a letter or a digit: then they are no part of words.
fn are_alone(bytes: &[u8]) -> bool {
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii() || byte.is_ascii_alphanumeric());
    let mut beyond = bytes.iter().enumerate().filter(|(_, byte)| !byte.is_ascii());
    beyond.all(|(at, _)| {
        !is_part(at.checked_sub(1).and_then(|at| bytes.get(at))) && !is_part(bytes.get(at + 1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> &'static str {
        Reading::of(bytes, true).encoding().name()
    }

    #[test]
    fn stray_bytes_leave_utf8_what_it_is_and_other_encodings_are_told() {
        let russian = "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}, \u{43c}\u{438}\u{440}! \u{42d}\u{442}\u{43e} \u{442}\u{435}\u{43a}\u{441}\u{442} \u{43d}\u{430} \u{440}\u{443}\u{441}\u{441}\u{43a}\u{43e}\u{43c} \u{44f}\u{437}\u{44b}\u{43a}\u{435}.\n";
        let stray = [russian.as_bytes(), b"\xff\xfe \x80 ", russian.as_bytes()].concat();
        assert_eq!(of(&stray), "UTF-8");
        assert_eq!(of("caf\u{e9} \u{fc}".as_bytes()), "UTF-8");
        assert_eq!(of(b"ascii, and one stray: \xff \n"), "UTF-8");
        // KOI8-U has the letters of KOI8-R.
        for (name, found) in [("windows-1251", "windows-1251"), ("koi8-r", "KOI8-U")] {
            let encoding = Encoding::for_label(name.as_bytes()).unwrap();
            assert_eq!(of(&encoding.encode(&russian.repeat(4)).0), found);
        }
        let japanese = "\u{65e5}\u{672c}\u{8a9e}\u{306e}\u{6587}\u{7ae0}\u{3067}\u{3059}\u{3002}\u{3053}\u{308c}\u{306f}\u{9577}\u{3044}\u{6587}\u{3067}\u{3059}\u{3002}\n".repeat(4);
        for (name, found) in [("shift_jis", "Shift_JIS"), ("euc-jp", "EUC-JP")] {
            let encoding = Encoding::for_label(name.as_bytes()).unwrap();
            assert_eq!(of(&encoding.encode(&japanese).0), found);
        }
        assert!(
            of(b"caf\xe9 au lait, d\xe9j\xe0 vu, o\xf9 est le p\xe8re No\xebl").starts_with("windows-125")
        );
    }

    #[test]
    fn utf16_is_told_with_a_mark_and_without() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let marked = Reading::of(&[b"\xff\xfe", &wide("a\n")[..]].concat(), true);
        assert!(!marked.is_binary && marked.encoding() == UTF_16LE);
        let plain = Reading::of(&wide("Windows Registry Editor\r\n"), true);
        assert!(!plain.is_binary && plain.encoding() == UTF_16LE);
        let big: Vec<u8> = "some words".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(Reading::of(&big, true).encoding(), UTF_16BE);
        let numbers: Vec<u8> = (0u16..64).flat_map(u16::to_le_bytes).collect();
        assert!(Reading::of(&numbers, true).is_binary);
        assert!(Reading::of(b"\x7fELF\x00\x01", true).is_binary);
        assert!(!Reading::of(b"text\x1b[0m\n", true).is_binary && !Reading::of(b"", true).is_binary);
    }

    #[test]
    fn what_is_ascii_so_far_is_decided_by_the_part_that_is_not_and_then_stays() {
        let mut reading = Reading::of(b"only ascii so far\n", false);
        reading.settle(b"still\n", false);
        assert_eq!(reading.encoding, None);
        let mut other = reading;
        // The part begins and ends within a character.
        reading.settle(&"\u{65e5}\u{672c}".as_bytes()[1..5], false);
        assert_eq!(reading.encoding, Some(UTF_8));
        reading.settle(b"caf\xe9 au lait, d\xe9j\xe0 vu", false);
        assert_eq!(reading.encoding, Some(UTF_8));
        other.settle(b"caf\xe9 au lait, d\xe9j\xe0 vu, o\xf9 est le p\xe8re No\xebl", false);
        assert_ne!(other.encoding(), UTF_8);
    }
}
