//! Comma- and tab-separated values in columns.

use unicode_width::UnicodeWidthStr as _;

use super::Shown;
use crate::sanitize::display_safe;

/// Cells of a column at most.
const WIDEST: usize = 40;
/// Columns at most; of more only these are aligned.
const COLUMNS: usize = 200;

/// What separates values in files of that name; `None`: it is no table.
pub(super) fn separator(name: &str) -> Option<u8> {
    let name = name.to_ascii_lowercase();
    match name.rsplit('.').next() {
        Some("csv") => Some(b','),
        Some("tsv" | "tab") => Some(b'\t'),
        _ => None,
    }
}

/// Aligned; `None` for what is no table.
pub(super) fn lines(text: &str, separator: u8) -> Option<Shown> {
    // Semicolons are what spreadsheets write where the comma is for decimals.
    let first = text.lines().next().unwrap_or_default();
    let separator =
        if separator == b',' && !first.contains(',') && first.contains(';') { b';' } else { separator };
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows: Vec<Vec<String>> = Vec::new();
    for record in reader.records() {
        let record = record.ok()?;
        rows.push(record.iter().take(COLUMNS).map(|value| display_safe(value).into_owned()).collect());
    }
    let columns = rows.iter().map(Vec::len).max()?;
    let mut widths = vec![0; columns];
    for row in &rows {
        for (width, value) in widths.iter_mut().zip(row) {
            *width = (*width).max(value.width().min(WIDEST));
        }
    }
    let lines = rows.iter().map(|row| (0, aligned(row, &widths))).collect();
    Some(Shown { lines, what: "table".to_owned(), ..Shown::default() })
}

fn aligned(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (at, (value, width)) in row.iter().zip(widths).enumerate() {
        if at > 0 {
            line.push_str("  ");
        }
        line.push_str(value);
        if at + 1 < row.len() {
            line.extend(std::iter::repeat_n(' ', width.saturating_sub(value.width())));
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_below_each_other() {
        let shown = lines("name,size\n\"a, b\",1\n\u{65e5}\u{672c},22,more\n", b',').unwrap();
        let texts: Vec<_> = shown.lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(texts, ["name  size", "a, b  1", "\u{65e5}\u{672c}  22    more"]);
        assert_eq!(lines("a;b\n1;2", b',').unwrap().lines[0].1, "a  b");
        assert!(lines("", b',').is_none());
    }
}
