//! Which entries are seen, and in which order: a listing that is long is arranged away from the thread that draws.
//! Pure work on what is shared; whoever does it says what came of it.

use std::sync::Arc;

use super::columns::Columns;
use super::filter::{Filter, Sieve};
use super::order::Order;

/// Rows that are told of before the rest is looked through, and entries that are looked through at a stretch.
const SCREEN: usize = 200;
const STRETCH: usize = 16 << 10;

/// Numbers of entries, in order.
pub(super) type Rows = Arc<Vec<u32>>;

/// How entries are arranged.
#[derive(Clone, Debug, Default)]
pub(super) struct How {
    pub(super) order: Order,
    pub(super) show_hidden: bool,
    /// They are what a search has found.
    pub(super) results: bool,
    pub(super) filter: Filter,
}

impl How {
    /// Whether nothing is left out.
    pub(super) fn takes_all(&self) -> bool {
        self.shows_hidden() && self.filter.takes_all()
    }

    /// Who searches for a name wants to see it.
    fn shows_hidden(&self) -> bool {
        self.show_hidden || self.results
    }

    pub(super) fn takes(&self, name: &[u8], sieve: &mut Sieve<'_>) -> bool {
        (self.shows_hidden() || !name.starts_with(b".")) && sieve.takes(name)
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        self.narrows(other) && other.narrows(self)
    }

    /// Whether all that is seen in this way is seen in that one, and in the same order.
    pub(super) fn narrows(&self, wider: &Self) -> bool {
        self.order == wider.order
            && (wider.shows_hidden() || !self.shows_hidden())
            && self.filter.narrows(&wider.filter)
    }
}

/// An arrangement to be made.
#[derive(Clone)]
pub(crate) struct Arranging {
    pub(super) columns: Arc<Columns>,
    pub(super) how: How,
    /// All entries, if they are in that order already.
    pub(super) order: Option<Rows>,
    /// Rows among which are all that are seen, if fewer than all are known.
    pub(super) within: Option<Rows>,
}

impl std::fmt::Debug for Arranging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Arranging({} entries, {:?})", self.columns.len(), self.how)
    }
}

/// An arrangement that was made.
#[derive(Clone)]
pub(crate) struct Arranged {
    pub(super) order: Rows,
    /// `None`: all of them.
    pub(super) seen: Option<Rows>,
    /// Whether `seen` is complete; else it is the beginning.
    pub(super) whole: bool,
}

impl std::fmt::Debug for Arranged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seen = self.seen.as_ref().unwrap_or(&self.order).len();
        write!(f, "Arranged({seen} of {}, whole: {})", self.order.len(), self.whole)
    }
}

impl Arranging {
    /// Does it. The first rows are told of as soon as they are found, all of them at the end; nothing more is as soon
    /// as it is not `wanted` any longer.
    pub(crate) fn run(self, wanted: impl Fn() -> bool, mut tell: impl FnMut(Arranged)) {
        let order = self.order.clone().unwrap_or_else(|| self.sorted());
        if self.how.takes_all() {
            tell(Arranged { order, seen: None, whole: true });
            return;
        }
        let mut sieve = self.how.filter.sieve();
        let (mut seen, mut told) = (Vec::new(), false);
        for stretch in self.within.as_ref().unwrap_or(&order).chunks(STRETCH) {
            if !wanted() {
                return;
            }
            let takes = |entry: &u32| self.how.takes(self.columns.name(*entry), &mut sieve);
            seen.extend(stretch.iter().copied().filter(takes));
            if !told && seen.len() >= SCREEN {
                told = true;
                let seen = Some(Arc::new(seen.clone()));
                tell(Arranged { order: Arc::clone(&order), seen, whole: false });
            }
        }
        tell(Arranged { order, seen: Some(Arc::new(seen)), whole: true });
    }

    /// Ranks stand beside the numbers: looking each up where it is costs more than sorting.
    fn sorted(&self) -> Rows {
        let (columns, order) = (&self.columns, self.how.order);
        let mut all: Vec<_> = (0..count(columns)).map(|entry| (columns.rank(order, entry), entry)).collect();
        all.sort_unstable_by(|(a, left), (b, right)| {
            a.cmp(b).then_with(|| columns.compare(order, *left, *right))
        });
        Arc::new(all.into_iter().map(|(_, entry)| entry).collect())
    }
}

/// How many entries there are, as numbers of entries count.
pub(super) fn count(columns: &Columns) -> u32 {
    u32::try_from(columns.len()).unwrap_or(u32::MAX)
}

/// Puts sorted `new` into sorted `rows`: few comparisons for a page, and none but one if it goes at the end.
pub(super) fn merge(columns: &Columns, order: Order, rows: &mut Rows, new: &[u32]) {
    let Some(first) = new.first() else { return };
    if rows.last().is_none_or(|last| columns.compare(order, *last, *first).is_lt()) {
        Arc::make_mut(rows).extend_from_slice(new);
        return;
    }
    let mut merged = Vec::with_capacity(rows.len() + new.len());
    let mut rest = rows.as_slice();
    for entry in new {
        let at = rest.partition_point(|other| columns.compare(order, *other, *entry).is_lt());
        merged.extend_from_slice(&rest[..at]);
        merged.push(*entry);
        rest = &rest[at..];
    }
    merged.extend_from_slice(rest);
    *rows = Arc::new(merged);
}
