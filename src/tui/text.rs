//! Text fitted into cells: cut, wrapped, padded by what the terminal draws, not by bytes. Knows no styles.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::unicode::fold;

/// Cells that `text` takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `cells` cells, its end replaced by `ellipsis` if it is longer.
pub(super) fn clip(text: &str, cells: usize, ellipsis: &str) -> String {
    if text.width() <= cells {
        return text.to_owned();
    }
    if cells < ellipsis.width() {
        return String::new();
    }
    head(text, cells - ellipsis.width()).to_owned() + ellipsis
}

/// `text` in at most `cells` cells, its middle replaced by `ellipsis` if it is longer: names differ at the end.
pub(super) fn clip_middle(text: &str, cells: usize, ellipsis: &str) -> String {
    clip_middle_with(text, cells, ellipsis, Vec::new()).0
}

/// Likewise, and where parts of it are then: ranges of bytes, in order.
pub(super) fn clip_middle_with(
    text: &str,
    cells: usize,
    ellipsis: &str,
    parts: Vec<Range<usize>>,
) -> (String, Vec<Range<usize>>) {
    if text.width() <= cells {
        return (text.to_owned(), parts);
    }
    if cells < ellipsis.width() {
        return (String::new(), Vec::new());
    }
    let room = cells - ellipsis.width();
    let (start, end) = (head(text, room.div_ceil(2)), tail(text, room / 2));
    let (gone, left) = (text.len() - end.len(), start.len() + ellipsis.len());
    let before = parts.iter().map(|part| part.start..part.end.min(start.len()));
    let behind = parts.iter().map(|part| part.start.max(gone)..part.end.max(gone));
    let behind = behind.map(|part| part.start - gone + left..part.end - gone + left);
    let parts = before.chain(behind).filter(|part| !part.is_empty()).collect();
    (start.to_owned() + ellipsis + end, parts)
}

/// A text folded for comparing, and where the parts of that are in the text itself.
pub(super) struct Folded {
    folded: String,
    /// Where each character begins, folded and as it is; the end is the last one. Empty: they are the same.
    places: Vec<(usize, usize)>,
}

impl Folded {
    pub(super) fn new(text: &str) -> Self {
        if text.is_ascii() {
            return Self { folded: text.to_ascii_lowercase(), places: Vec::new() };
        }
        let (mut folded, mut places) = (String::with_capacity(text.len()), Vec::new());
        for (at, character) in text.grapheme_indices(true) {
            places.push((folded.len(), at));
            folded.push_str(&fold(character));
        }
        places.push((folded.len(), text.len()));
        Self { folded, places }
    }

    pub(super) fn text(&self) -> &str {
        &self.folded
    }

    /// The whole characters of the text itself that a range of the folded one is made of.
    pub(super) fn place(&self, range: Range<usize>) -> Range<usize> {
        let first = self.places.partition_point(|(folded, _)| *folded <= range.start);
        let behind = self.places.partition_point(|(folded, _)| *folded < range.end);
        match (self.places.get(first.wrapping_sub(1)), self.places.get(behind)) {
            (Some((_, start)), Some((_, end))) => *start..*end,
            _ => range,
        }
    }
}

/// Where `wanted`, which is folded, occurs in `text`: ranges of bytes, in order.
pub(super) fn occurrences(text: &str, wanted: &str) -> Vec<Range<usize>> {
    if wanted.is_empty() {
        return Vec::new();
    }
    let folded = Folded::new(text);
    let found = folded.text().match_indices(wanted);
    found.map(|(at, found)| folded.place(at..at + found.len())).collect()
}

/// `text` in at most `cells` cells, its start replaced by `ellipsis` if it is longer: places differ at the end.
pub(super) fn clip_start(text: &str, cells: usize, ellipsis: &str) -> String {
    if text.width() <= cells {
        return text.to_owned();
    }
    if cells < ellipsis.width() {
        return String::new();
    }
    ellipsis.to_owned() + tail(text, cells - ellipsis.width())
}

/// `text` cut into lines of at most `cells` cells, at spaces where there are some near the edge. Never empty.
pub(super) fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    let mut rest = text;
    while rest.width() > cells {
        let mut line = head(rest, cells);
        if line.is_empty() {
            // A character wider than the whole line.
            line = rest.graphemes(true).next().unwrap_or(rest);
        }
        let after_space = rest[line.len()..].starts_with(' ');
        if let Some(space) = line.rfind(' ').filter(|at| !after_space && *at > line.len() / 2) {
            line = &line[..space];
        }
        lines.push(line.to_owned());
        let cut = &rest[line.len()..];
        rest = cut.strip_prefix(' ').unwrap_or(cut);
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

/// `1,234,567`.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Likewise.
pub(super) fn count(number: u64) -> String {
    thousands(usize::try_from(number).unwrap_or(usize::MAX))
}

/// Time left, as coarse as it is reliable: `8s`, `3m 20s`, `2h 05m`, `3d 4h`.
pub(super) fn time_left(left: std::time::Duration) -> String {
    let seconds = left.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

fn head(text: &str, cells: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += grapheme.width();
        if used > cells {
            return &text[..at];
        }
    }
    text
}

/// `text` without its first `cells` cells. Half of a wide character becomes a space.
pub(super) fn without_head(text: &str, cells: usize) -> String {
    let head = head(text, cells);
    let mut rest = text[head.len()..].graphemes(true);
    let missing = cells - head.width().min(cells);
    if missing > 0 && rest.next().is_some() {
        return " ".to_owned() + rest.as_str();
    }
    text[head.len()..].to_owned()
}

fn tail(text: &str, cells: usize) -> &str {
    let (mut used, mut start) = (0, text.len());
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += grapheme.width();
        if used > cells {
            break;
        }
        start = at;
    }
    &text[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting_counts_cells_not_bytes() {
        assert_eq!(clip("report.pdf", 10, "…"), "report.pdf");
        assert_eq!(clip("report.pdf", 6, "…"), "repor…");
        assert_eq!(clip("日本語", 5, "…"), "日本…");
        assert_eq!(clip("日本語", 4, "…"), "日…");
        assert_eq!(clip("x", 0, "…"), "");
        assert_eq!(clip_middle("holiday-2026.jpeg", 11, "…"), "holid….jpeg");
    }

    #[test]
    fn parts_of_a_text_are_found_again_where_its_middle_was_cut_out() {
        let parts = |cells, wanted: &str| {
            let name = "holiday-2026.jpeg";
            let (text, parts) = clip_middle_with(name, cells, "…", occurrences(name, wanted));
            parts.into_iter().map(|part| text[part].to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(parts(20, "2026"), ["2026"]);
        assert_eq!(parts(11, "2026"), Vec::<String>::new());
        assert_eq!(parts(11, "iday-2026.j"), ["id", ".j"]);
        assert_eq!(parts(11, "e"), ["e"]);
        assert_eq!(
            occurrences("Straße İ", "e"),
            std::slice::from_ref(&(6..7)),
            "though its lower case is longer"
        );
        assert_eq!(occurrences("Re\u{301}sume\u{301}s", "\u{e9}"), [1..4, 7..10], "whole characters");
        assert_eq!(occurrences("r\u{c9}", "\u{e9}"), std::slice::from_ref(&(1..3)));
    }

    #[test]
    fn wrapping_loses_nothing_but_the_space_it_breaks_at() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("日本語", 3), ["日", "本", "語"]);
        assert_eq!(wrap("日本", 1), ["日", "本"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("exact fit", 9), ["exact fit"]);
    }

    #[test]
    fn time_left_is_short() {
        assert_eq!(time_left(std::time::Duration::from_secs(200)), "3m 20s");
        assert_eq!(time_left(std::time::Duration::from_hours(25)), "1d 1h");
    }
}
