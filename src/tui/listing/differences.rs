//! How the entries of two listings differ. What is long is compared away from the thread that draws: pure work on what
//! is shared, which a listing that changes meanwhile does not wait for any longer.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::Listing;
use super::arrange::{Rows, count};
use super::columns::Columns;

/// Entries that are looked at at a stretch.
const STRETCH: usize = 16 << 10;

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

/// What a listing knows of that.
#[derive(Default)]
pub(super) enum Known {
    /// Nobody looked.
    #[default]
    Nothing,
    /// Somebody looks: the number of the comparison, and which of its sides this is.
    Awaited(u64, usize),
    /// Of each entry.
    All(Vec<Difference>),
}

/// What tells two objects of one name apart; folders are not looked into.
#[derive(Default)]
struct Seen {
    size: Option<u64>,
    /// Of one part.
    etag: Option<u64>,
    /// When the object was stored, or the local file written.
    stored: Option<Timestamp>,
    written: Option<Timestamp>,
}

impl Seen {
    /// As a sync sees it, which would copy a local file that was written after the object was stored.
    fn is_like(&self, other: &Self) -> bool {
        let etags = self.etag.zip(other.etag);
        let later = |file: &Self, object: &Self| {
            file.written.zip(object.stored).is_some_and(|(written, stored)| written > stored)
        };
        self.size == other.size
            && etags.is_none_or(|(one, other)| one == other)
            && !later(self, other)
            && !later(other, self)
    }
}

/// A name without the slash of a prefix, and whether it is a folder's.
type Key<'a> = (&'a [u8], bool);

/// Those of a listing that are seen.
#[derive(Clone)]
pub(crate) struct Side {
    columns: Arc<Columns>,
    seen: Rows,
    /// It is a folder of this machine.
    local: bool,
    /// An ETag of one part tells contents apart.
    md5: bool,
}

impl Side {
    fn key(&self, entry: u32) -> Key<'_> {
        let name = self.columns.name(entry);
        (name.strip_suffix(b"/").unwrap_or(name), self.columns.kind(entry).is_container())
    }

    fn look(&self, entry: u32) -> Seen {
        let (size, time) = (self.columns.size(entry), self.columns.modified(entry));
        if self.columns.kind(entry).is_container() {
            Seen::default()
        } else if self.local {
            Seen { size, written: time, ..Seen::default() }
        } else {
            let etag = self.columns.etag(entry).filter(|_| self.md5);
            Seen { size, etag, stored: time, ..Seen::default() }
        }
    }

    /// Its entries by their names; `None`: nobody wants to know any longer.
    fn by_name(&self, wanted: &impl Fn() -> bool) -> Option<HashMap<Key<'_>, u32>> {
        let mut entries = HashMap::with_capacity(self.seen.len());
        for stretch in self.seen.chunks(STRETCH) {
            if !wanted() {
                return None;
            }
            entries.extend(stretch.iter().map(|entry| (self.key(*entry), *entry)));
        }
        Some(entries)
    }
}

/// Two listings to be compared.
#[derive(Clone)]
pub(crate) struct Comparing {
    sides: [Side; 2],
}

impl std::fmt::Debug for Comparing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Comparing({} entries)", self.entries())
    }
}

impl Comparing {
    pub(crate) fn new(sides: [Side; 2]) -> Self {
        Self { sides }
    }

    /// How many it looks at.
    pub(crate) fn entries(&self) -> usize {
        self.sides.iter().map(|side| side.seen.len()).sum()
    }

    /// Does it: how each entry of both differs. `None` as soon as it is not `wanted` any longer.
    pub(crate) fn run(&self, wanted: impl Fn() -> bool) -> Option<[Vec<Difference>; 2]> {
        let [left, right] = &self.sides;
        let (in_left, in_right) = (left.by_name(&wanted)?, right.by_name(&wanted)?);
        let compare = |own: &Side, in_own: &HashMap<Key<'_>, u32>, other: &Side, in_other| {
            let mut differences = vec![Difference::None; own.columns.len()];
            for stretch in own.seen.chunks(STRETCH) {
                if !wanted() {
                    return None;
                }
                for entry in stretch {
                    differences[*entry as usize] = difference(own, in_own, *entry, other, in_other);
                }
            }
            Some(differences)
        };
        Some([compare(left, &in_left, right, &in_right)?, compare(right, &in_right, left, &in_left)?])
    }
}

/// How an entry of `own` differs; a file beside a folder of its name is another one.
fn difference(
    own: &Side,
    in_own: &HashMap<Key<'_>, u32>,
    entry: u32,
    other: &Side,
    in_other: &HashMap<Key<'_>, u32>,
) -> Difference {
    let (name, folder) = own.key(entry);
    match in_other.get(&(name, folder)) {
        Some(same) if own.look(entry).is_like(&other.look(*same)) => Difference::None,
        Some(_) => Difference::Changed,
        None if in_other.contains_key(&(name, !folder)) && !in_own.contains_key(&(name, !folder)) => {
            Difference::Changed
        }
        None => Difference::Only,
    }
}

impl Listing {
    /// It as one side of a comparison; where `md5`, an ETag of one part tells contents apart.
    pub(crate) fn side(&self, md5: bool) -> Side {
        let local = self.how.order.local;
        Side { columns: Arc::clone(&self.columns), seen: Arc::clone(self.view()), local, md5 }
    }

    /// Whether it is known how its entries differ from those of the other pane.
    pub(crate) fn is_compared(&self) -> bool {
        matches!(self.differences, Known::All(_))
    }

    /// It waits for a comparison, of which it is one side.
    pub(crate) fn await_comparison(&mut self, number: u64, side: usize) {
        self.differences = Known::Awaited(number, side);
    }

    /// The comparison that it waits for, and which side of it it is.
    pub(crate) fn awaited_comparison(&self) -> Option<(u64, usize)> {
        match self.differences {
            Known::Awaited(number, side) => Some((number, side)),
            _ => None,
        }
    }

    /// It was compared.
    pub(crate) fn compared(&mut self, differences: Vec<Difference>) {
        self.differences = Known::All(differences);
    }

    /// What it was compared with is no longer beside it, or nobody wants to know.
    pub(crate) fn forget_comparison(&mut self) {
        self.differences = Known::Nothing;
    }

    fn differences(&self) -> &[Difference] {
        match &self.differences {
            Known::All(differences) => differences,
            _ => &[],
        }
    }

    pub(super) fn difference(&self, entry: u32) -> Difference {
        self.differences().get(entry as usize).copied().unwrap_or(Difference::None)
    }

    /// How many differ so.
    pub(crate) fn differing(&self, so: Difference) -> usize {
        self.differences().iter().filter(|difference| **difference == so).count()
    }

    /// Marks what differs as `wanted` says, and nothing else.
    pub(crate) fn mark_differing(&mut self, wanted: impl Fn(Difference) -> bool) {
        for entry in 0..count(&self.columns) {
            self.mark(entry, wanted(self.difference(entry)));
        }
    }
}
