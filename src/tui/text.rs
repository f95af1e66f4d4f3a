//! Text fitted into cells: cut, wrapped, padded by what the terminal draws, not by bytes. Knows no styles.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

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
    if text.width() <= cells {
        return text.to_owned();
    }
    if cells < ellipsis.width() {
        return String::new();
    }
    let room = cells - ellipsis.width();
    let start = head(text, room.div_ceil(2));
    start.to_owned() + ellipsis + tail(text, room / 2)
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
