//! Text in whatever encoding it is in, cut into lines that can be drawn.

use std::borrow::Cow;

use encoding_rs::{CoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE};
use unicode_width::UnicodeWidthStr as _;

use super::encoding::is_continuation;
use super::{Sample, Shown};
use crate::sanitize::display_safe;

/// Bytes of a line at most; longer ones are cut into several.
const LONGEST: usize = 8 << 10;
/// How far before that it is looked for a place between two characters, where only ASCII shows one.
const BEFORE: usize = 1 << 10;
/// Cells of a tab stop.
const TAB: usize = 8;
/// Below it no byte is the second one of a character, in whatever encoding.
const SINGLE: u8 = 0x30;

/// The text of all of it, without a byte order mark.
pub(super) fn decoded<'a>(bytes: &'a [u8], encoding: &'static Encoding) -> Cow<'a, str> {
    match encoding.decode_without_bom_handling(bytes).0 {
        Cow::Borrowed(text) => Cow::Borrowed(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Cow::Owned(text) if text.starts_with('\u{feff}') => {
            Cow::Owned(text['\u{feff}'.len_utf8()..].to_owned())
        }
        Cow::Owned(text) => Cow::Owned(text),
    }
}

/// Lines, each with where it begins. What is no character in this encoding is shown as U+FFFD, but for characters that
/// the part begins or ends within.
pub(super) fn lines(sample: Sample<'_>, encoding: &'static Encoding) -> Shown {
    let mut shown = Shown { what: encoding.name().to_owned(), is_plain: true, ..Shown::default() };
    let skipped = if sample.start == 0 { 0 } else { before_first(sample.start, sample.bytes, encoding) };
    let end = sample.start + sample.bytes.len() as u64;
    let mut at = sample.start + skipped as u64;
    let mut rest = &sample.bytes[skipped..];
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(line_length(rest, encoding));
        rest = behind;
        for (index, piece) in pieces(line, encoding).into_iter().enumerate() {
            let next = at + piece.len() as u64;
            let text = if next == end && !sample.last {
                Cow::Owned(unfinished(piece, encoding))
            } else if at == 0 {
                decoded(piece, encoding)
            } else {
                encoding.decode_without_bom_handling(piece).0
            };
            let text = text.strip_suffix('\n').unwrap_or(&text);
            if index > 0 {
                shown.continued.push(shown.lines.len());
            }
            shown.lines.push((at, safe(text.strip_suffix('\r').unwrap_or(text))));
            at = next;
        }
    }
    shown
}

/// Bytes at the beginning of a part that belong to a character before it.
fn before_first(start: u64, bytes: &[u8], encoding: &'static Encoding) -> usize {
    if encoding == UTF_8 {
        bytes.iter().take(3).take_while(|byte| is_continuation(**byte)).count()
    } else if is_wide(encoding) {
        let odd = usize::from(!start.is_multiple_of(2)).min(bytes.len());
        if is_low_surrogate(&bytes[odd..], encoding) { odd + 2 } else { odd }
    } else if encoding.is_single_byte() {
        0
    } else {
        // Which byte begins a character shows only behind the end of a line.
        bytes.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1)
    }
}

fn is_wide(encoding: &'static Encoding) -> bool {
    encoding == UTF_16LE || encoding == UTF_16BE
}

fn unit(bytes: &[u8], encoding: &'static Encoding) -> Option<u16> {
    let bytes = *bytes.first_chunk()?;
    Some(if encoding == UTF_16LE { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
}

fn is_low_surrogate(bytes: &[u8], encoding: &'static Encoding) -> bool {
    unit(bytes, encoding).is_some_and(|unit| (0xdc00..0xe000).contains(&unit))
}

/// Bytes of the first line, with its end.
fn line_length(bytes: &[u8], encoding: &'static Encoding) -> usize {
    if is_wide(encoding) {
        let mut units = bytes.chunks(2);
        let found = units.position(|pair| unit(pair, encoding) == Some(0x0a));
        return found.map_or(bytes.len(), |at| 2 * at + 2);
    }
    memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1)
}

/// What there is of a text of which more comes: a character that is not complete yet is left out.
fn unfinished(bytes: &[u8], encoding: &'static Encoding) -> String {
    let mut decoder = encoding.new_decoder_with_bom_removal();
    let mut text =
        String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(3 * bytes.len() + 8));
    let (result, ..) = decoder.decode_to_string(bytes, &mut text, false);
    debug_assert_eq!(result, CoderResult::InputEmpty);
    text
}

/// A line in pieces that are not too long, cut between characters.
fn pieces<'a>(mut line: &'a [u8], encoding: &'static Encoding) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while line.len() > LONGEST {
        let (piece, rest) = line.split_at(cut(line, encoding));
        pieces.push(piece);
        line = rest;
    }
    pieces.push(line);
    pieces
}

fn cut(line: &[u8], encoding: &'static Encoding) -> usize {
    if encoding == UTF_8 {
        let back =
            line[LONGEST - 3..=LONGEST].iter().rev().take_while(|byte| is_continuation(**byte)).count();
        // Four of them in a row are no character.
        if back > 3 { LONGEST } else { LONGEST - back }
    } else if is_wide(encoding) {
        LONGEST - if is_low_surrogate(&line[LONGEST..], encoding) { 2 } else { 0 }
    } else if encoding.is_single_byte() {
        LONGEST
    } else {
        let before = &line[LONGEST - BEFORE..LONGEST];
        let found = before.iter().rposition(|byte| *byte < SINGLE);
        found.map_or(LONGEST, |at| LONGEST - BEFORE + at + 1)
    }
}

/// Tabs as spaces, everything else that is no character made visible.
fn safe(line: &str) -> String {
    if !line.contains('\t') {
        return display_safe(line).into_owned();
    }
    let mut out = String::with_capacity(line.len() + 16);
    let mut cells = 0;
    for part in line.split_inclusive('\t') {
        let text = display_safe(part.strip_suffix('\t').unwrap_or(part));
        out.push_str(&text);
        cells += text.width();
        if part.ends_with('\t') {
            let gap = TAB - cells % TAB;
            out.extend(std::iter::repeat_n(' ', gap));
            cells += gap;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Reading;
    use super::*;

    fn part(bytes: &[u8], start: u64, last: bool, encoding: &'static Encoding) -> Shown {
        lines(Sample { name: "x", bytes, start, last }, encoding)
    }

    fn of(bytes: &[u8]) -> Shown {
        part(bytes, 0, true, Reading::of(bytes, true).encoding())
    }

    fn texts(shown: &Shown) -> Vec<&str> {
        shown.lines.iter().map(|(_, line)| line.as_str()).collect()
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn lines_know_where_they_begin_whatever_ends_them() {
        let shown = of(b"one\r\n\ttwo\n\x1b[2Jthree");
        let expected = [(0, "one"), (5, "        two"), (10, "\\x1b[2Jthree")];
        assert_eq!(shown.lines, expected.map(|(at, line)| (at, line.to_owned())));
        assert_eq!(of(b"").lines.len(), 0);
        let shown = of(&[b"\xff\xfe", &utf16("one\r\n\u{41f}\u{10a0a}\n\n3")[..]].concat());
        assert_eq!(shown.what, "UTF-16LE");
        let expected = [(0, "one"), (12, "\u{41f}\u{10a0a}"), (20, ""), (22, "3")];
        assert_eq!(shown.lines, expected.map(|(at, line)| (at, line.to_owned())));
        assert_eq!(texts(&of(b"\xef\xbb\xbfmarked")), ["marked"]);
    }

    #[test]
    fn long_lines_are_cut_between_characters_and_it_is_known_which_go_on() {
        let text = "\u{e9}".repeat(10_000);
        for bytes in
            [text.as_bytes().to_vec(), [b"\xff\xfe", &utf16(&"\u{10a0a}".repeat(5_000))[..]].concat()]
        {
            let shown = of(&[&bytes[..], &bytes[..0]].concat());
            assert_eq!((shown.lines.len(), &shown.continued[..]), (3, &[1, 2][..]));
            assert!(!texts(&shown).concat().contains('\u{fffd}'));
        }
        let strange = part(&[b"x\xe9".to_vec(), vec![0x80; 20_000]].concat(), 0, true, UTF_8);
        assert!(texts(&strange).concat().contains('\u{fffd}'));
        let japanese = "\u{65e5}\u{672c}, ".repeat(4_000);
        let shift_jis = encoding_rs::SHIFT_JIS;
        let shown = part(&shift_jis.encode(&japanese).0, 0, true, shift_jis);
        assert!(shown.lines.len() > 2 && texts(&shown).concat() == japanese);
    }

    #[test]
    fn parts_begin_and_end_with_whole_characters() {
        let text = "\u{44f}\u{65e5}\u{1f980}\n";
        for start in 1..text.len() - 2 {
            let shown = part(&text.as_bytes()[start..text.len() - 2], start as u64, false, UTF_8);
            assert!(!texts(&shown).concat().contains('\u{fffd}'), "{start}");
        }
        let wide = utf16("ab\u{1f980}cd\u{1f980}");
        for start in 1..wide.len() {
            for end in start..wide.len() {
                let shown = part(&wide[start..end], start as u64, false, UTF_16LE);
                assert!(!texts(&shown).concat().contains('\u{fffd}'), "{start}..{end}");
            }
        }
        // Which half of a character it begins with nobody can tell before the end of the line.
        let encoded = encoding_rs::SHIFT_JIS.encode("\u{65e5}\u{672c}\n\u{8a9e}").0.into_owned();
        assert_eq!(texts(&part(&encoded[1..], 1, true, encoding_rs::SHIFT_JIS)), ["\u{8a9e}"]);
        // At the end of all of it half a character is a stray byte.
        assert_eq!(texts(&part(b"a\xd0", 9, true, UTF_8)), ["a\u{fffd}"]);
        assert_eq!(texts(&part(b"\x80\xd0\x9f \xff.", 9, false, UTF_8)), ["\u{41f} \u{fffd}."]);
    }

    #[test]
    fn tab_stops_count_cells() {
        assert_eq!(texts(&of("\u{65e5}\u{672c}\tx".as_bytes())), ["\u{65e5}\u{672c}    x"]);
        assert_eq!(texts(&of("e\u{301}\tx\ty".as_bytes())), ["e\u{301}       x       y"]);
        assert_eq!(texts(&of("\u{1f980}234567\tx".as_bytes())), ["\u{1f980}234567        x"]);
        assert_eq!(texts(&of(b"1234567\tx\x01\ty")), ["1234567 x\\x01   y"]);
    }
}
