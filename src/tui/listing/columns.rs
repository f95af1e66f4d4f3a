//! What was read of a place: names in one block of bytes, the rest in columns. Only ever grows, so that it can be
//! shared with whoever arranges it. Knows no order of its own.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;

use jiff::Timestamp;

use super::order::{Order, SortBy, natural};
use crate::entry::{Entry, Kind};
use crate::sanitize::display_safe;

/// In the columns: not known.
const NO_SIZE: u64 = u64::MAX;
const NO_TIME: i64 = i64::MIN;

/// The entries, by their numbers.
#[derive(Clone, Default)]
pub(super) struct Columns {
    names: Vec<u8>,
    /// Where each name ends in `names`; wider than 32 bits, which four gigabytes of keys would overflow.
    ends: Vec<u64>,
    kinds: Vec<Kind>,
    sizes: Vec<u64>,
    /// Seconds since 1970.
    times: Vec<i64>,
    /// The first half of an ETag of one part; 0: not known, or of several parts.
    etags: Vec<u64>,
    /// Numbers of `class_names`, from 1 on; 0: not known.
    classes: Vec<u8>,
    /// Safe to show; there are few.
    class_names: Vec<String>,
    /// Where links lead and why entries are unknown, safe to show, by the entry's number: few entries have any.
    notes: BTreeMap<u32, Box<str>>,
}

impl Columns {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn append(&mut self, entries: &[Entry]) {
        self.names.reserve(entries.iter().map(|entry| entry.name.len()).sum());
        for entry in entries {
            if let (Some(note), Ok(number)) = (&entry.note, u32::try_from(self.ends.len())) {
                self.notes.insert(number, display_safe(note).into());
            }
            self.names.extend_from_slice(entry.name.as_bytes());
            self.ends.push(self.names.len() as u64);
            self.kinds.push(entry.kind);
            self.sizes.push(entry.size.unwrap_or(NO_SIZE));
            self.times.push(entry.modified.map_or(NO_TIME, Timestamp::as_second));
            self.etags.push(entry.etag.as_deref().and_then(half).unwrap_or(0));
            let class = self.class_number(entry);
            self.classes.push(class);
        }
    }

    pub(super) fn name(&self, entry: u32) -> &[u8] {
        let entry = entry as usize;
        let start = entry.checked_sub(1).map_or(0, |before| self.ends[before]);
        let range = usize::try_from(start).unwrap_or(0)..usize::try_from(self.ends[entry]).unwrap_or(0);
        &self.names[range]
    }

    pub(super) fn kind(&self, entry: u32) -> Kind {
        self.kinds[entry as usize]
    }

    /// Where a link leads, or why nothing is known of it; safe to show.
    pub(super) fn note(&self, entry: u32) -> Option<&str> {
        self.notes.get(&entry).map(|note| &**note)
    }

    pub(super) fn size(&self, entry: u32) -> Option<u64> {
        Some(self.sizes[entry as usize]).filter(|size| *size != NO_SIZE)
    }

    pub(super) fn modified(&self, entry: u32) -> Option<Timestamp> {
        let seconds = self.times[entry as usize];
        (seconds != NO_TIME).then(|| Timestamp::from_second(seconds).ok()).flatten()
    }

    /// What tells its content from others, if its ETag is that of one part: half of it is enough.
    pub(super) fn etag(&self, entry: u32) -> Option<u64> {
        Some(self.etags[entry as usize]).filter(|etag| *etag != 0)
    }

    /// Its storage class, safe to show; empty: not known.
    pub(super) fn class(&self, entry: u32) -> &str {
        let number = usize::from(self.classes[entry as usize]);
        number.checked_sub(1).and_then(|at| self.class_names.get(at)).map_or("", String::as_str)
    }

    /// The storage classes that there are, safe to show.
    pub(super) fn classes(&self) -> &[String] {
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

    /// Total: two entries are never equal, so that every entry has one row.
    pub(super) fn compare(&self, order: Order, a: u32, b: u32) -> std::cmp::Ordering {
        if order.as_found {
            return a.cmp(&b);
        }
        let folders = self.kind(b).is_container().cmp(&self.kind(a).is_container());
        let names = |a, b| {
            let (left, right) = (self.name(a), self.name(b));
            if order.local { natural(left, right).then_with(|| left.cmp(right)) } else { left.cmp(right) }
        };
        // The largest and the newest first: that is what one looks for.
        let (left, right) = (a as usize, b as usize);
        let key = match order.by {
            SortBy::Name => names(a, b),
            SortBy::Size => self.size(b).cmp(&self.size(a)).then_with(|| names(a, b)),
            SortBy::Time => self.times[right].cmp(&self.times[left]).then_with(|| names(a, b)),
        };
        folders.then(if order.reverse { key.reverse() } else { key }).then(a.cmp(&b))
    }

    /// What decides first about the place of `entry`, without a look at others: who has less comes first; who has the
    /// same is compared.
    pub(super) fn rank(&self, order: Order, entry: u32) -> (bool, u64) {
        let ascending = match order.by {
            _ if order.as_found => return (false, 0),
            SortBy::Name => 0,
            SortBy::Size => self.size(entry).map_or(0, |size| size + 1),
            // The earliest time, which may be before 1970, becomes 0.
            SortBy::Time => self.times[entry as usize].cast_unsigned() ^ (1 << 63),
        };
        let descends = order.by != SortBy::Name && !order.reverse;
        (!self.kind(entry).is_container(), if descends { !ascending } else { ascending })
    }

    /// Bytes that it takes.
    #[cfg(test)]
    pub(super) fn footprint(&self) -> usize {
        self.names.capacity()
            + 8 * (self.ends.capacity()
                + self.sizes.capacity()
                + self.times.capacity()
                + self.etags.capacity())
            + self.kinds.capacity()
            + self.classes.capacity()
    }
}

/// The first half of an MD5; ETags of several parts are none, and depend on how the parts were cut.
fn half(etag: &str) -> Option<u64> {
    let is_md5 = etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit());
    etag.get(..16).filter(|_| is_md5).and_then(|half| u64::from_str_radix(half, 16).ok())
}
