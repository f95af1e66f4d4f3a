//! Text in whatever encoding it is in, cut into lines that can be drawn.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

use super::{Sample, Shown};
use crate::sanitize::display_safe;

/// Bytes of a line at most; longer ones are cut into several.
const LONGEST: usize = 8 << 10;
/// Cells of a tab stop.
const TAB: usize = 8;
/// Looked at to tell text from bytes.
const LOOK: usize = 8 << 10;

/// Whether these bytes are no text: a NUL, or many control characters.
pub(super) fn is_binary(sample: Sample<'_>) -> bool {
    let bytes = &sample.bytes[..sample.bytes.len().min(LOOK)];
    if Encoding::for_bom(bytes).is_some() && sample.start == 0 {
        return false;
    }
    let control = |byte: &u8| matches!(byte, 0..=8 | 14..=26 | 28..=31);
    bytes.contains(&0) || bytes.iter().filter(|byte| control(byte)).count() * 20 > bytes.len()
}

fn encoding(bytes: &[u8], complete: bool) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => return UTF_8,
        // A part may begin and end in the middle of a character.
        Err(error) if error.error_len().is_none() && !complete => return UTF_8,
        Err(_) => {}
    }
    let mut detector = EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(&bytes[..bytes.len().min(64 << 10)], complete);
    detector.guess(None, Utf8Detection::Allow)
}

/// The text, and the name of its encoding.
pub(super) fn decoded(sample: Sample<'_>) -> (Cow<'_, str>, &'static str) {
    let encoding = encoding(sample.bytes, sample.complete);
    let (text, used, _) = encoding.decode(sample.bytes);
    (text, used.name())
}

/// Lines, each with where it begins.
pub(super) fn lines(sample: Sample<'_>) -> Shown {
    // Line ends are looked for in the bytes, so that offsets are exact; UTF-16 is decoded as a whole.
    let encoding = encoding(sample.bytes, sample.complete);
    let mut shown = Shown { lines: Vec::new(), what: encoding.name().to_owned(), is_plain: true };
    if !encoding.is_ascii_compatible() {
        shown.is_plain = false;
        let (text, _, _) = encoding.decode(sample.bytes);
        shown.lines.extend(text.lines().map(|line| (sample.start, safe(line))));
        return shown;
    }
    let mut at = sample.start;
    for line in sample.bytes.split_inclusive(|byte| *byte == b'\n') {
        for piece in pieces(line) {
            let end = piece.strip_suffix(b"\n").unwrap_or(piece);
            let end = end.strip_suffix(b"\r").unwrap_or(end);
            let end = if at == 0 { end.strip_prefix(b"\xef\xbb\xbf").unwrap_or(end) } else { end };
            let (text, _) = encoding.decode_without_bom_handling(end);
            shown.lines.push((at, safe(&text)));
            at += piece.len() as u64;
        }
    }
    shown
}

/// A line in pieces that are not too long, cut between characters of UTF-8.
fn pieces(mut line: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while line.len() > LONGEST {
        let mut cut = LONGEST;
        while cut > LONGEST - 4 && line[cut] & 0xc0 == 0x80 {
            cut -= 1;
        }
        let (piece, rest) = line.split_at(cut);
        pieces.push(piece);
        line = rest;
    }
    pieces.push(line);
    pieces
}

/// Tabs as spaces, everything else that is no character made visible.
fn safe(line: &str) -> String {
    if !line.contains('\t') {
        return display_safe(line).into_owned();
    }
    let mut out = String::with_capacity(line.len() + 16);
    for part in line.split_inclusive('\t') {
        match part.strip_suffix('\t') {
            None => out.push_str(&display_safe(part)),
            Some(part) => {
                out.push_str(&display_safe(part));
                let gap = TAB - out.chars().count() % TAB;
                out.extend(std::iter::repeat_n(' ', gap));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Shown {
        lines(Sample { name: "x", bytes, start: 0, complete: true })
    }

    #[test]
    fn lines_know_where_they_begin_whatever_ends_them() {
        let shown = of(b"one\r\n\ttwo\n\x1b[2Jthree");
        let expected = [(0, "one"), (5, "        two"), (10, "\\x1b[2Jthree")];
        assert_eq!(shown.lines, expected.map(|(at, line)| (at, line.to_owned())));
        assert_eq!(of(b"").lines.len(), 0);
        let long = of("\u{e9}".repeat(10_000).as_bytes());
        assert!(long.lines.len() == 3 && !long.lines.iter().any(|(_, line)| line.contains('\u{fffd}')));
    }

    #[test]
    fn encodings_are_told() {
        assert_eq!(of("h\u{e9}".as_bytes()).what, "UTF-8");
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("a\nb".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let shown = of(&utf16);
        assert_eq!((shown.what.as_str(), shown.lines.len()), ("UTF-16LE", 2));
        let latin = of(b"caf\xe9 au lait, d\xe9j\xe0 vu, o\xf9 est le p\xe8re No\xebl");
        assert!(
            latin.what.starts_with("windows-125") && latin.lines[0].1.contains("caf\u{e9}"),
            "{}",
            latin.what
        );
        let cut = Sample { name: "x", bytes: &"\u{20ac}".as_bytes()[..2], start: 9, complete: false };
        assert_eq!(lines(cut).what, "UTF-8");
    }

    #[test]
    fn bytes_are_told_from_text() {
        let binary = |bytes: &[u8]| is_binary(Sample { name: "x", bytes, start: 0, complete: true });
        assert!(binary(b"\x7fELF\x00\x01") && !binary(b"text\x1b[0m\n") && !binary(b""));
        assert!(!binary(&[0xff, 0xfe, b'a', 0]));
    }
}
