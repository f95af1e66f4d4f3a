//! Which entries are marked, and how much that is.

use std::sync::Arc;

use super::Listing;
use super::arrange::count;

impl Listing {
    /// Whether `entry` is marked.
    pub(crate) fn is_marked(&self, entry: u32) -> bool {
        self.marks[entry as usize]
    }

    /// Marks or unmarks `entry`.
    pub(crate) fn mark(&mut self, entry: u32, on: bool) {
        let mark = &mut self.marks[entry as usize];
        if *mark == on {
            return;
        }
        *mark = on;
        let bytes = self.size(entry).unwrap_or(0);
        if on {
            self.marked += 1;
            self.marked_bytes += bytes;
        } else {
            self.marked -= 1;
            self.marked_bytes -= bytes;
        }
    }

    /// Gives every entry that is seen the mark that `decide` says, from its name and present mark.
    pub(crate) fn mark_seen(&mut self, mut decide: impl FnMut(&[u8], bool) -> bool) {
        for entry in Arc::clone(self.view()).iter() {
            let on = decide(self.columns.name(*entry), self.is_marked(*entry));
            self.mark(*entry, on);
        }
    }

    /// Takes every mark off, also of what is not seen.
    pub(crate) fn unmark_all(&mut self) {
        self.marks.fill(false);
        (self.marked, self.marked_bytes) = (0, 0);
    }

    /// How many are marked, and the bytes of those whose size is known.
    pub(crate) fn marks(&self) -> (usize, u64) {
        (self.marked, self.marked_bytes)
    }

    /// The marked entries in the order of the view.
    pub(crate) fn marked(&self) -> Vec<u32> {
        if self.marked == 0 {
            return Vec::new();
        }
        let placed = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        let all = self.order.iter().copied().chain(placed..count(&self.columns));
        all.filter(|entry| self.is_marked(*entry)).collect()
    }
}
