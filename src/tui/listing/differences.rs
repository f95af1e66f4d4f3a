//! How the entries of a listing differ from those of another one. Knows nothing of the other one: who compares tells.

use super::Listing;
use super::arrange::count;

/// How an entry differs from what the other pane has under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Not at all, or it is not seen.
    None,
    /// The other pane has none.
    Only,
    /// The other pane has another one.
    Changed,
}

impl Listing {
    /// Whether it is known how its entries differ from those of the other pane.
    pub(crate) fn is_compared(&self) -> bool {
        self.differences.is_some()
    }

    /// Finds out how each entry that is seen differs, by its name and by whether it is a folder.
    pub(crate) fn compare(&mut self, differs: impl Fn(&[u8], bool) -> Difference) {
        let mut differences = vec![Difference::None; self.len()];
        for entry in self.view().iter() {
            differences[*entry as usize] =
                differs(self.columns.name(*entry), self.kind(*entry).is_container());
        }
        self.differences = Some(differences);
    }

    /// What it was compared with is no longer beside it.
    pub(crate) fn forget_comparison(&mut self) {
        self.differences = None;
    }

    pub(super) fn difference(&self, entry: u32) -> Difference {
        let known = self.differences.as_ref().and_then(|differences| differences.get(entry as usize));
        known.copied().unwrap_or(Difference::None)
    }

    /// How many differ so.
    pub(crate) fn differing(&self, so: Difference) -> usize {
        self.differences.iter().flatten().filter(|difference| **difference == so).count()
    }

    /// Marks what differs as `wanted` says, and nothing else.
    pub(crate) fn mark_differing(&mut self, wanted: impl Fn(Difference) -> bool) {
        for entry in 0..count(&self.columns) {
            self.mark(entry, wanted(self.difference(entry)));
        }
    }
}
