//! Which columns stand beside the names of a pane, how wide they are and what is in them.

use super::super::listing::{Listing, Row};
use super::super::text;
use super::super::theme::Theme;
use super::super::units::Units;
use crate::config::Column;
use crate::entry::{Kind, LeadsTo};

/// Cells that a name keeps at least beside one column, and beside more.
const NAME: (usize, usize) = (13, 24);
/// Cells of a storage class at most.
const CLASS: usize = 20;
/// Cells of a time to the minute, and of a day alone.
const TIME: usize = 16;
const DAY: usize = 10;

/// A column that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fitted {
    column: Column,
    cells: usize,
}

/// Those of `wanted` that fit beside names into rows of `width` cells. The last ones give way first; before any does, a
/// time becomes a day. What nothing in the listing has takes no room.
pub(super) fn fit(wanted: &[Column], listing: &Listing, units: &Units, width: usize) -> Vec<Fitted> {
    let [minutes, days] = [TIME, DAY].map(|time| fit_with(time, wanted, listing, units, width));
    if days.len() > minutes.len() { days } else { minutes }
}

/// The same with times of so many cells.
fn fit_with(time: usize, wanted: &[Column], listing: &Listing, units: &Units, width: usize) -> Vec<Fitted> {
    let mut left = width.saturating_sub(1);
    let mut fitted = Vec::new();
    for column in wanted {
        let cells = match column {
            Column::Size => units.width(),
            Column::Modified => time,
            Column::Class => {
                let widest = listing.classes().iter().map(|class| text::width(class)).max();
                let Some(widest) = widest else { continue };
                widest.min(CLASS)
            }
        };
        let name = if fitted.is_empty() { NAME.0 } else { NAME.1 };
        if left <= cells + name {
            break;
        }
        left -= cells + 1;
        fitted.push(Fitted { column: *column, cells });
    }
    fitted
}

impl Fitted {
    /// Its part of a row, with the space before it.
    pub(super) fn cell(self, row: &Row<'_>, theme: &Theme) -> String {
        let cells = self.cells;
        match self.column {
            Column::Size => {
                let size =
                    row.size.map_or_else(|| word(row.kind).to_owned(), |bytes| theme.units.size(bytes));
                format!(" {size:>cells$}")
            }
            Column::Modified => {
                let time = row.modified.map(|time| theme.units.time(time)).unwrap_or_default();
                format!(" {:cells$}", time.get(..cells).unwrap_or_default())
            }
            Column::Class => {
                let class = text::clip(row.class, cells, theme.ellipsis());
                let pad = " ".repeat(cells - text::width(&class));
                format!(" {class}{pad}")
            }
        }
    }
}

/// What stands for a size.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Bucket | Kind::Prefix | Kind::Object | Kind::Symlink(LeadsTo::Folder) => "",
        Kind::Symlink(LeadsTo::Nowhere) => "broken",
        Kind::Symlink(LeadsTo::File | LeadsTo::Special) => "link",
        Kind::Special => "special",
        Kind::Unknown => "?",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::entry::Entry;

    fn listing() -> Listing {
        let mut entry = Entry::new("film.mov", Kind::Object);
        entry.storage_class = Some("GLACIER_IR\u{1b}".into());
        let mut listing = Listing::new(false);
        listing.append(&[entry], &HashSet::new());
        listing
    }

    fn shown(wanted: &[Column], width: usize) -> Vec<(Column, usize)> {
        let fitted = fit(wanted, &listing(), &Units::plain(), width);
        fitted.into_iter().map(|fitted| (fitted.column, fitted.cells)).collect()
    }

    #[test]
    fn a_time_becomes_a_day_before_a_column_gives_way_the_last_one_first() {
        use Column::{Class, Modified, Size};
        let all = [Size, Modified, Class];
        let class = "GLACIER_IR\\x1b".len();
        assert_eq!(shown(&all, 67), [(Size, 9), (Modified, 16), (Class, class)]);
        assert_eq!(shown(&all, 66), [(Size, 9), (Modified, 10), (Class, class)]);
        assert_eq!(shown(&all, 61), [(Size, 9), (Modified, 10), (Class, class)]);
        assert_eq!(shown(&all, 60), [(Size, 9), (Modified, 16)], "a day would help no other column");
        assert_eq!(shown(&all, 51), [(Size, 9), (Modified, 10)]);
        assert_eq!(shown(&all, 45), [(Size, 9)]);
        assert_eq!(shown(&all, 23), []);
        assert_eq!(
            shown(&[Class, Size], 40),
            [(Class, class)],
            "they keep the order in which they are wanted"
        );
        assert_eq!(shown(&[], 200), []);
    }

    #[test]
    fn a_column_of_nothing_takes_no_room() {
        let empty = Listing::new(true);
        let wanted = [Column::Class, Column::Size];
        let fitted = fit(&wanted, &empty, &Units::plain(), 40);
        assert_eq!(fitted, [Fitted { column: Column::Size, cells: 9 }]);
    }

    #[test]
    fn cells_hold_what_is_known_and_are_as_wide_as_said() {
        let (listing, theme) = (listing(), Theme::plain());
        let mut row = listing.row(0);
        row.modified = Some("2026-03-01T12:34:00Z".parse().unwrap());
        let cell = |column, cells| Fitted { column, cells }.cell(&row, &theme);
        assert_eq!(cell(Column::Modified, 16), " 2026-03-01 12:34");
        assert_eq!(cell(Column::Modified, 10), " 2026-03-01");
        assert_eq!(cell(Column::Class, 8), " GLACIER…");
        assert_eq!(cell(Column::Class, 15), " GLACIER_IR\\x1b ");
        assert_eq!(cell(Column::Size, 9), "          ");
    }
}
