//! The entries of one place, and which of them are seen in which order. Names lie in one block of bytes, the rest in
//! columns: a hundred thousand keys cost a few megabytes. Knows neither cursor nor screen.

mod filter;
mod order;

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use jiff::Timestamp;

use crate::entry::{Entry, Kind};
use crate::sanitize::display_safe;
pub(crate) use filter::Filter;
pub(crate) use order::SortBy;
use order::natural;

/// In the columns: not known.
const NO_SIZE: u64 = u64::MAX;
const NO_TIME: i64 = i64::MIN;

/// All entries that were read, and the view of them.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    names: Vec<u8>,
    /// Where each name ends in `names`; wider than 32 bits, which four gigabytes of keys would overflow.
    ends: Vec<u64>,
    kinds: Vec<Kind>,
    sizes: Vec<u64>,
    /// Seconds since 1970.
    times: Vec<i64>,
    /// Numbers of `class_names`, from 1 on; 0: not known.
    classes: Vec<u8>,
    /// Safe to show; there are few.
    class_names: Vec<String>,
    marks: Vec<bool>,
    marked: usize,
    marked_bytes: u64,
    /// What is seen, in order: numbers of entries.
    view: Vec<u32>,
    by: SortBy,
    reverse: bool,
    local: bool,
    show_hidden: bool,
    filter: Filter,
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
    /// Whether it is marked.
    pub(crate) marked: bool,
}

impl Listing {
    /// An empty one for a local folder, or for a remote place: they are ordered differently, and local dot files
    /// are hidden at first.
    pub(crate) fn new(local: bool) -> Self {
        Self { local, show_hidden: !local, ..Self::default() }
    }

    /// Empties it for another place; the way of sorting stays.
    pub(crate) fn reset(&mut self, local: bool) {
        *self = self.emptied(local);
    }

    /// An empty one that is sorted, and hides, as this one does.
    pub(crate) fn emptied(&self, local: bool) -> Self {
        let show_hidden = if local == self.local { self.show_hidden } else { !local };
        let (by, reverse) = (self.by, self.reverse);
        Self { by, reverse, local, show_hidden, ..Self::default() }
    }

    /// Entries read so far.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Entries seen.
    pub(crate) fn rows(&self) -> usize {
        self.view.len()
    }

    /// The entry in row `row`.
    pub(crate) fn at(&self, row: usize) -> Option<u32> {
        self.view.get(row).copied()
    }

    /// The row of `entry`, or the one it would have if it were seen.
    pub(crate) fn row_of(&self, entry: u32) -> usize {
        self.view.binary_search_by(|other| self.compare(*other, entry)).unwrap_or_else(|row| row)
    }

    /// Whether `entry` is seen.
    pub(crate) fn is_visible(&self, entry: u32) -> bool {
        (self.show_hidden || !self.bytes(entry).starts_with(b".")) && self.filter.takes(self.bytes(entry))
    }

    fn bytes(&self, entry: u32) -> &[u8] {
        let entry = entry as usize;
        let start = entry.checked_sub(1).map_or(0, |before| self.ends[before]);
        let range = usize::try_from(start).unwrap_or(0)..usize::try_from(self.ends[entry]).unwrap_or(0);
        &self.names[range]
    }

    /// The exact name of `entry`.
    pub(crate) fn name(&self, entry: u32) -> &OsStr {
        OsStr::from_bytes(self.bytes(entry))
    }

    /// What `entry` is.
    pub(crate) fn kind(&self, entry: u32) -> Kind {
        self.kinds[entry as usize]
    }

    /// Its bytes, if known.
    pub(crate) fn size(&self, entry: u32) -> Option<u64> {
        Some(self.sizes[entry as usize]).filter(|size| *size != NO_SIZE)
    }

    /// Its time, if known.
    pub(crate) fn modified(&self, entry: u32) -> Option<Timestamp> {
        let seconds = self.times[entry as usize];
        (seconds != NO_TIME).then(|| Timestamp::from_second(seconds).ok()).flatten()
    }

    /// Its storage class, safe to show; empty: not known.
    fn class(&self, entry: u32) -> &str {
        let number = usize::from(self.classes[entry as usize]);
        number.checked_sub(1).and_then(|at| self.class_names.get(at)).map_or("", String::as_str)
    }

    /// The storage classes that there are, safe to show.
    pub(crate) fn classes(&self) -> &[String] {
        &self.class_names
    }

    fn class_number(&mut self, entry: &Entry) -> u8 {
        let Some(class) = &entry.storage_class else { return 0 };
        let class = display_safe(class);
        let known = self.class_names.iter().position(|known| *known == class).unwrap_or_else(|| {
            self.class_names.push(class.into_owned());
            self.class_names.len() - 1
        });
        u8::try_from(known + 1).unwrap_or(0)
    }

    /// `entry` as it is drawn.
    pub(crate) fn row(&self, entry: u32) -> Row<'_> {
        let kind = self.kind(entry);
        Row {
            label: Entry::new(self.name(entry), kind).label(),
            kind,
            size: self.size(entry),
            modified: self.modified(entry),
            class: self.class(entry),
            marked: self.marks[entry as usize],
        }
    }

    /// Takes a page; names in `remark` are marked again.
    pub(crate) fn append(&mut self, entries: &[Entry], remark: &HashSet<OsString>) {
        let first = u32::try_from(self.len()).unwrap_or(u32::MAX);
        self.names.reserve(entries.iter().map(|entry| entry.name.len()).sum());
        for entry in entries {
            self.names.extend_from_slice(entry.name.as_bytes());
            self.ends.push(self.names.len() as u64);
            self.kinds.push(entry.kind);
            self.sizes.push(entry.size.unwrap_or(NO_SIZE));
            self.times.push(entry.modified.map_or(NO_TIME, Timestamp::as_second));
            let class = self.class_number(entry);
            self.classes.push(class);
            self.marks.push(false);
            if remark.contains(&entry.name) {
                self.mark(u32::try_from(self.len() - 1).unwrap_or(u32::MAX), true);
            }
        }
        let last = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let mut new: Vec<u32> = (first..last).filter(|entry| self.is_visible(*entry)).collect();
        new.sort_unstable_by(|a, b| self.compare(*a, *b));
        self.merge(&new);
    }

    /// Puts sorted `new` into the sorted view: few comparisons for a page, and none but one if it goes at the end.
    fn merge(&mut self, new: &[u32]) {
        let Some(first) = new.first() else { return };
        if self.view.last().is_none_or(|last| self.compare(*last, *first).is_lt()) {
            self.view.extend_from_slice(new);
            return;
        }
        let mut merged = Vec::with_capacity(self.view.len() + new.len());
        let mut rest = self.view.as_slice();
        for entry in new {
            let at = rest.partition_point(|other| self.compare(*other, *entry).is_lt());
            merged.extend_from_slice(&rest[..at]);
            merged.push(*entry);
            rest = &rest[at..];
        }
        merged.extend_from_slice(rest);
        self.view = merged;
    }

    fn rebuild(&mut self) {
        let all = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let mut view: Vec<u32> = (0..all).filter(|entry| self.is_visible(*entry)).collect();
        view.sort_unstable_by(|a, b| self.compare(*a, *b));
        self.view = view;
    }

    /// Total: two entries are never equal, so that every entry has one row.
    fn compare(&self, a: u32, b: u32) -> std::cmp::Ordering {
        let folders = self.kind(b).is_container().cmp(&self.kind(a).is_container());
        let names = |a, b| {
            let (left, right) = (self.bytes(a), self.bytes(b));
            if self.local { natural(left, right).then_with(|| left.cmp(right)) } else { left.cmp(right) }
        };
        // The largest and the newest first: that is what one looks for.
        let (left, right) = (a as usize, b as usize);
        let key = match self.by {
            SortBy::Name => names(a, b),
            SortBy::Size => {
                let known = |at: usize| Some(self.sizes[at]).filter(|size| *size != NO_SIZE);
                known(right).cmp(&known(left)).then_with(|| names(a, b))
            }
            SortBy::Time => self.times[right].cmp(&self.times[left]).then_with(|| names(a, b)),
        };
        folders.then(if self.reverse { key.reverse() } else { key }).then(a.cmp(&b))
    }

    /// The column it is sorted by, and whether that is reversed.
    pub(crate) fn sort(&self) -> (SortBy, bool) {
        (self.by, self.reverse)
    }

    /// Sorts by another column.
    pub(crate) fn set_sort(&mut self, by: SortBy, reverse: bool) {
        (self.by, self.reverse) = (by, reverse);
        self.rebuild();
    }

    /// The filter's text; empty: none.
    pub(crate) fn filter(&self) -> &str {
        self.filter.text()
    }

    /// Shows only what `text` takes; empty: everything.
    pub(crate) fn set_filter(&mut self, text: &str) {
        self.filter = Filter::new(text);
        self.rebuild();
    }

    /// Shows or hides names that begin with a dot; returns whether they are shown now.
    pub(crate) fn toggle_hidden(&mut self) -> bool {
        self.show_hidden = !self.show_hidden;
        self.rebuild();
        self.show_hidden
    }

    /// Whether dot files are there and not shown.
    pub(crate) fn hides_dot_files(&self) -> bool {
        !self.show_hidden
    }

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
    pub(crate) fn mark_seen(&mut self, decide: impl Fn(&[u8], bool) -> bool) {
        let view = std::mem::take(&mut self.view);
        for entry in &view {
            let on = decide(self.bytes(*entry), self.is_marked(*entry));
            self.mark(*entry, on);
        }
        self.view = view;
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
        let all = u32::try_from(self.len()).unwrap_or(u32::MAX);
        let mut marked: Vec<u32> = (0..all).filter(|entry| self.is_marked(*entry)).collect();
        marked.sort_unstable_by(|a, b| self.compare(*a, *b));
        marked
    }

    /// The entry called `name` among those from number `from` on.
    pub(crate) fn find(&self, name: &OsStr, from: usize) -> Option<u32> {
        let from = u32::try_from(from).unwrap_or(u32::MAX);
        let all = u32::try_from(self.len()).unwrap_or(u32::MAX);
        (from..all).find(|entry| self.bytes(*entry) == name.as_bytes())
    }

    /// The first row from `from` on, around the end, whose name begins with `text` (case does not count), or else
    /// contains it.
    pub(crate) fn jump(&self, text: &str, from: usize) -> Option<usize> {
        let text = text.to_lowercase();
        let rows = || (from..self.rows()).chain(0..from.min(self.rows()));
        let lower = |row: usize| String::from_utf8_lossy(self.bytes(self.view[row])).to_lowercase();
        rows()
            .find(|row| lower(*row).starts_with(&text))
            .or_else(|| rows().find(|row| lower(*row).contains(&text)))
    }
}

#[cfg(test)]
mod tests;
