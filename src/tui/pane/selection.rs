//! What an action acts on: only what can be seen.

use super::super::text;
use super::Pane;

/// What an action acts on: the marked entries that are seen, or else the one under the cursor.
#[derive(Debug)]
pub(in crate::tui) struct Selection {
    /// Their numbers, in the order of the view.
    pub(in crate::tui) entries: Vec<u32>,
    /// Marked entries that are not seen, so that nothing is done to them.
    left_out: usize,
    /// Whether there is a filter that may hide them.
    filtered: bool,
}

impl Selection {
    /// What the user must know of marked entries that are left out, if any are.
    pub(in crate::tui) fn left_out(&self) -> Option<String> {
        let by = if self.filtered { " by the filter" } else { "" };
        match self.left_out {
            0 => None,
            1 => Some(format!("1 marked entry is hidden{by} and left out")),
            many => Some(format!("{} marked entries are hidden{by} and left out", text::thousands(many))),
        }
    }
}

impl Pane {
    /// What an action acts on.
    pub(in crate::tui) fn selection(&self) -> Selection {
        let mut entries = self.listing.marked_seen();
        let left_out = self.listing.marks().0 - entries.len();
        if entries.is_empty() {
            entries.extend(self.current());
        }
        Selection { entries, left_out, filtered: !self.listing.filter().is_empty() }
    }
}
