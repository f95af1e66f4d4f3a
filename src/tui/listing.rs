//! The entries of one place, and which of them are seen in which order: a hundred thousand keys cost a few megabytes.
//! Knows neither cursor nor screen.

mod arrange;
mod columns;
mod differences;
mod filter;
mod marks;
mod order;

use std::cell::Cell;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::sync::Arc;

use jiff::Timestamp;

use crate::entry::{Entry, Kind};
use crate::unicode::fold;
pub(crate) use arrange::{Arranged, Arranging};
use arrange::{How, Rows, count, merge};
use columns::Columns;
use differences::Known;
pub(crate) use differences::{Comparing, Difference};
pub(crate) use filter::{Filter, Sieve};
use filter::{begins, contains};
use order::Order;
pub(crate) use order::SortBy;

/// Up to so many entries are arranged at once, which nobody notices; more are by somebody else.
pub(crate) const AT_ONCE: usize = 20_000;

/// What takes the place of a listing, not yet arranged.
#[derive(Clone)]
pub(crate) struct Renewal {
    how: How,
    entries: Vec<Entry>,
    marked: HashSet<OsString>,
}

impl std::fmt::Debug for Renewal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Renewal({} entries)", self.entries.len())
    }
}

impl Renewal {
    /// Arranges it, which takes a while.
    pub(crate) fn run(&self) -> Listing {
        let mut listing = Listing::arranged_by(self.how.clone());
        listing.append(&self.entries, &self.marked);
        while let Some(work) = listing.wants() {
            work.run(|| true, |done| listing.take(done));
        }
        listing
    }
}

/// All entries that were read, and the view of them.
#[derive(Default)]
pub(crate) struct Listing {
    columns: Arc<Columns>,
    marks: Vec<bool>,
    marked: usize,
    marked_bytes: u64,
    /// How many of the marked entries are seen, and their bytes, once somebody has asked.
    marked_seen: Cell<Option<(usize, u64)>>,
    /// How each entry differs from what the other pane had, if that was looked at.
    differences: Known,
    /// All entries that have their place, in order.
    order: Rows,
    /// Those that are seen; `None`: all of them.
    seen: Option<Rows>,
    /// Whether `seen` is complete.
    whole: bool,
    how: How,
    /// How it is to be arranged, while it is not, and whether somebody is at it.
    wanted: Option<How>,
    asked: bool,
    /// Rows that were made to be drawn.
    #[cfg(test)]
    pub(super) made: Cell<usize>,
}

/// What is drawn of an entry.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    /// Safe to show; folders end in `/`.
    pub(crate) label: String,
    /// What it is.
    pub(crate) kind: Kind,
    /// Bytes.
    pub(crate) size: Option<u64>,
    /// Last modified.
    pub(crate) modified: Option<Timestamp>,
    /// The storage class, safe to show; empty: not known.
    pub(crate) class: &'a str,
    /// Of a link where it leads, of an unknown entry why; safe to show.
    pub(crate) note: Option<&'a str>,
    /// Whether it is marked.
    pub(crate) marked: bool,
    /// How it differs, if that was looked at.
    pub(crate) difference: Difference,
}

impl Listing {
    /// An empty one for a local folder, or for a remote place: they are ordered differently, and local dot files
    /// are hidden at first.
    pub(crate) fn new(local: bool) -> Self {
        let order = Order { local, ..Order::default() };
        Self::arranged_by(How { order, show_hidden: !local, ..How::default() })
    }

    fn arranged_by(how: How) -> Self {
        let seen = (!how.takes_all()).then(Arc::default);
        Self { seen, whole: true, how, ..Self::default() }
    }

    /// What takes its place: these entries, those that are called so marked.
    pub(crate) fn renewal(&self, entries: Vec<Entry>, marked: HashSet<OsString>) -> Renewal {
        Renewal { how: self.wanted().clone(), entries, marked }
    }

    /// It is to be arranged as `other` is, or is to be.
    pub(crate) fn arrange_like(&mut self, other: &Self) {
        if !self.how.is(other.wanted()) {
            self.want(other.wanted().clone());
        }
    }

    /// Empties it; the way it is arranged stays.
    pub(crate) fn clear(&mut self) {
        *self = Self::arranged_by(self.wanted().clone());
    }

    /// An empty one that is sorted, and hides, as this one does.
    pub(crate) fn emptied(&self, local: bool) -> Self {
        let How { order, show_hidden, .. } = self.wanted();
        let show_hidden = if local == order.local { *show_hidden } else { !local };
        let order = Order { local, as_found: false, ..*order };
        Self::arranged_by(How { order, show_hidden, ..How::default() })
    }

    /// It is to hold what a search finds: nothing of it is hidden; `as_found`: in the order it comes, until it is sorted.
    pub(crate) fn hold_results(&mut self, as_found: bool) {
        let mut how = self.wanted().clone();
        (how.results, how.order.as_found) = (true, as_found);
        *self = Self::arranged_by(how);
    }

    /// Entries read so far.
    pub(crate) fn len(&self) -> usize {
        self.columns.len()
    }

    fn view(&self) -> &Rows {
        self.seen.as_ref().unwrap_or(&self.order)
    }

    /// Entries seen.
    pub(crate) fn rows(&self) -> usize {
        self.view().len()
    }

    /// The entry in row `row`.
    pub(crate) fn at(&self, row: usize) -> Option<u32> {
        self.view().get(row).copied()
    }

    /// The row of `entry`, or the one it would have if it were seen.
    pub(crate) fn row_of(&self, entry: u32) -> usize {
        let compare = |other: &u32| self.columns.compare(self.how.order, *other, entry);
        self.view().binary_search_by(compare).unwrap_or_else(|row| row)
    }

    /// The exact name of `entry`.
    pub(crate) fn name(&self, entry: u32) -> &OsStr {
        OsStr::from_bytes(self.columns.name(entry))
    }

    /// What `entry` is.
    pub(crate) fn kind(&self, entry: u32) -> Kind {
        self.columns.kind(entry)
    }

    /// Its bytes, if known.
    pub(crate) fn size(&self, entry: u32) -> Option<u64> {
        self.columns.size(entry)
    }

    /// Its time, if known.
    pub(crate) fn modified(&self, entry: u32) -> Option<Timestamp> {
        self.columns.modified(entry)
    }

    /// Its storage class, safe to show; empty: not known.
    pub(crate) fn class(&self, entry: u32) -> &str {
        self.columns.class(entry)
    }

    /// The storage classes that there are, safe to show.
    pub(crate) fn classes(&self) -> &[String] {
        self.columns.classes()
    }

    /// `entry` as it is drawn.
    pub(crate) fn row(&self, entry: u32) -> Row<'_> {
        #[cfg(test)]
        self.made.set(self.made.get() + 1);
        let kind = self.kind(entry);
        Row {
            label: Entry::new(self.name(entry), kind).label(),
            kind,
            size: self.size(entry),
            modified: self.modified(entry),
            class: self.columns.class(entry),
            note: self.columns.note(entry),
            marked: self.marks[entry as usize],
            difference: self.difference(entry),
        }
    }

    /// Takes a page; names in `remark` are marked again.
    pub(crate) fn append(&mut self, entries: &[Entry], remark: &HashSet<OsString>) {
        let first = self.len();
        Arc::make_mut(&mut self.columns).append(entries);
        self.marks.resize(self.len(), false);
        self.forget_comparison();
        for (entry, _) in (first..).zip(entries).filter(|(_, entry)| remark.contains(&entry.name)) {
            self.mark(u32::try_from(entry).unwrap_or(u32::MAX), true);
        }
        self.place();
    }

    /// Gives entries that have no place one among the others; all of them another one, if they are too many.
    fn place(&mut self) {
        let first = u32::try_from(self.order.len()).unwrap_or(u32::MAX);
        let mut new: Vec<u32> = (first..count(&self.columns)).collect();
        if new.len() > AT_ONCE {
            if self.wanted.is_none() {
                self.want(self.how.clone());
            }
            return;
        }
        let (columns, order) = (&self.columns, self.how.order);
        new.sort_unstable_by(|a, b| columns.compare(order, *a, *b));
        merge(columns, order, &mut self.order, &new);
        if let Some(seen) = &mut self.seen {
            let mut sieve = self.how.filter.sieve();
            new.retain(|entry| self.how.takes(columns.name(*entry), &mut sieve));
            merge(columns, order, seen, &new);
        }
    }

    fn wanted(&self) -> &How {
        self.wanted.as_ref().unwrap_or(&self.how)
    }

    fn change(&mut self, change: impl FnOnce(&mut How)) {
        let mut how = self.wanted().clone();
        change(&mut how);
        self.want(how);
    }

    fn want(&mut self, how: How) {
        (self.wanted, self.asked) = (Some(how), false);
        self.marked_seen.take();
        if self.len() <= AT_ONCE
            && let Some(work) = self.wants()
        {
            work.run(|| true, |done| self.take(done));
        }
    }

    /// The arrangement that is to be made, once; an older one is not wanted any longer.
    pub(crate) fn wants(&mut self) -> Option<Arranging> {
        let how = self.wanted.clone().filter(|_| !self.asked)?;
        self.asked = true;
        let is_sorted = how.order == self.how.order && self.order.len() == self.len();
        let order = is_sorted.then(|| Arc::clone(&self.order));
        let within = self.seen.clone().filter(|_| is_sorted && self.whole && how.narrows(&self.how));
        Some(Arranging { columns: Arc::clone(&self.columns), how, order, within })
    }

    /// Whoever was at it has been lost: it is wanted again.
    pub(crate) fn want_again(&mut self) {
        self.asked = false;
    }

    /// The arrangement that was wanted last, or its beginning.
    pub(crate) fn take(&mut self, done: Arranged) {
        let Some(how) = self.wanted.clone() else { return };
        (self.order, self.seen, self.whole, self.how) = (done.order, done.seen, done.whole, how);
        self.marked_seen.take();
        if self.whole {
            self.wanted = None;
        }
        self.place();
    }

    /// What is being done to it, while what is seen is not yet arranged as it is to be.
    pub(crate) fn pending(&self) -> Option<&'static str> {
        let how = self.wanted.as_ref()?;
        let sorts = how.order != self.how.order || self.order.len() < self.len();
        Some(if sorts { "sorting" } else { "filtering" })
    }

    /// The column it is sorted by, and whether that is reversed.
    pub(crate) fn sort(&self) -> (SortBy, bool) {
        let order = self.wanted().order;
        (order.by, order.reverse)
    }

    /// Whether it is in the order that it came in, whatever others are sorted by.
    pub(crate) fn is_as_found(&self) -> bool {
        self.wanted().order.as_found
    }

    /// Sorts by another column.
    pub(crate) fn set_sort(&mut self, by: SortBy, reverse: bool) {
        self.change(|how| how.order = Order { by, reverse, as_found: false, ..how.order });
    }

    /// The filter's text; empty: none.
    pub(crate) fn filter(&self) -> &str {
        self.wanted().filter.text()
    }

    /// Shows only what `text` takes; empty: everything.
    pub(crate) fn set_filter(&mut self, text: &str) {
        if self.filter() != text {
            self.forget_comparison();
            self.change(|how| how.filter = Filter::new(text));
        }
    }

    /// What of the names that are seen the filter looked for.
    pub(crate) fn sieve(&self) -> Sieve<'_> {
        self.how.filter.sieve()
    }

    /// Shows or hides names that begin with a dot; returns whether they are shown now.
    pub(crate) fn toggle_hidden(&mut self) -> bool {
        self.forget_comparison();
        self.change(|how| how.show_hidden = !how.show_hidden);
        self.wanted().show_hidden
    }

    /// Shows what is hidden.
    pub(crate) fn show_hidden(&mut self) {
        if !self.wanted().show_hidden {
            self.toggle_hidden();
        }
    }

    /// The entry called `name` among those from number `from` on.
    pub(crate) fn find(&self, name: &OsStr, from: usize) -> Option<u32> {
        let from = u32::try_from(from).unwrap_or(u32::MAX);
        (from..count(&self.columns)).find(|entry| self.columns.name(*entry) == name.as_bytes())
    }

    /// The first row from `from` on, around the end, whose name begins with `text` (case does not count), or else
    /// contains it.
    pub(crate) fn jump(&self, text: &str, from: usize) -> Option<usize> {
        let text = fold(text);
        let rows = || (from..self.rows()).chain(0..from.min(self.rows()));
        let name = |row: usize| self.columns.name(self.view()[row]);
        rows()
            .find(|row| begins(name(*row), &text))
            .or_else(|| rows().find(|row| contains(name(*row), &text)))
    }
}

impl std::fmt::Debug for Listing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Listing({} of {}, {:?})", self.rows(), self.len(), self.how)
    }
}

#[cfg(test)]
mod tests;
