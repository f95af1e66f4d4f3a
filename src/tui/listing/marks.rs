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
        self.marked_seen.take();
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

    /// Takes the marks off that are seen.
    pub(crate) fn unmark_seen(&mut self) {
        for entry in self.marked_seen() {
            self.mark(entry, false);
        }
    }

    /// How many are marked, and the bytes of those whose size is known.
    pub(crate) fn marks(&self) -> (usize, u64) {
        (self.marked, self.marked_bytes)
    }

    /// Likewise of those that are seen: that pass the filter and are not hidden.
    pub(crate) fn marks_seen(&self) -> (usize, u64) {
        if let Some(known) = self.marked_seen.get() {
            return known;
        }
        let seen = self.marked_seen();
        let bytes = seen.iter().filter_map(|entry| self.size(*entry)).sum();
        self.marked_seen.set(Some((seen.len(), bytes)));
        (seen.len(), bytes)
    }

    /// The marked entries that are seen, in the order of the view. While a listing is being filtered, an entry counts only
    /// if it is seen both before and after: what is on the screen may be either.
    pub(crate) fn marked_seen(&self) -> Vec<u32> {
        let ways = [Some(&self.how), self.wanted.as_ref()].into_iter().flatten();
        let mut ways: Vec<_> =
            ways.filter(|how| !how.takes_all()).map(|how| (how, how.filter.sieve())).collect();
        let mut marked = self.marked();
        marked.retain(|entry| {
            let name = self.columns.name(*entry);
            ways.iter_mut().all(|(how, sieve)| how.takes(name, sieve))
        });
        marked
    }

    /// Every marked entry, seen or not, in the order of the view.
    pub(crate) fn marked(&self) -> Vec<u32> {
        if self.marked == 0 {
            return Vec::new();
        }
        let placed = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        let all = self.order.iter().copied().chain(placed..count(&self.columns));
        all.filter(|entry| self.is_marked(*entry)).collect()
    }
}
