//! What differs between the panes, marked in both: first everything, then with every press one kind of it.

use std::collections::HashMap;

use jiff::Timestamp;

use super::super::listing::Difference;
use super::super::message::{Effect, PaneId};
use super::super::pane::Pane;
use super::super::state::{State, Tone};
use super::super::text;
use super::search;
use crate::action::Action;
use crate::config::Profile;
use crate::location::Location;

/// What is marked of all that differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::tui) enum Kind {
    #[default]
    All,
    OnlyLeft,
    OnlyRight,
    Changed,
}

impl Kind {
    const EACH: [Kind; 4] = [Kind::All, Kind::OnlyLeft, Kind::OnlyRight, Kind::Changed];

    fn words(self) -> &'static str {
        match self {
            Self::All => "all of them",
            Self::OnlyLeft => "what is only left",
            Self::OnlyRight => "what is only right",
            Self::Changed => "what is in both",
        }
    }

    /// Whether it holds what differs so in that pane.
    fn has(self, id: PaneId, difference: Difference) -> bool {
        match self {
            Self::All => difference != Difference::None,
            Self::OnlyLeft => difference == Difference::Only && id == PaneId::Left,
            Self::OnlyRight => difference == Difference::Only && id == PaneId::Right,
            Self::Changed => difference == Difference::Changed,
        }
    }
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

/// Entries by their names, without the slash of a prefix, and whether they are folders.
type Entries = HashMap<(Vec<u8>, bool), Seen>;

/// The entries that are seen in `pane`. Where `md5`, an ETag of one part tells contents apart.
fn seen(pane: &Pane, md5: bool) -> Entries {
    let entries = (0..pane.listing.rows()).filter_map(|row| pane.listing.at(row));
    let entry = |entry: u32| {
        let folder = pane.kind(entry).is_container();
        let (size, time) = (pane.listing.size(entry), pane.listing.modified(entry));
        let etag = pane.listing.etag(entry).filter(|_| md5);
        let seen = match &pane.location {
            _ if folder => Seen::default(),
            Location::Local(_) => Seen { size, written: time, ..Seen::default() },
            _ => Seen { size, etag, stored: time, ..Seen::default() },
        };
        (key(pane.name(entry).as_encoded_bytes(), folder), seen)
    };
    entries.map(entry).collect()
}

fn key(name: &[u8], folder: bool) -> (Vec<u8>, bool) {
    (name.strip_suffix(b"/").unwrap_or(name).to_vec(), folder)
}

/// How an entry of `own` differs; a file beside a folder of its name is another one.
fn difference(own: &Entries, other: &Entries, mut key: (Vec<u8>, bool)) -> Difference {
    match (own.get(&key), other.get(&key)) {
        (Some(own), Some(other)) if own.is_like(other) => Difference::None,
        (Some(_), Some(_)) => Difference::Changed,
        _ => {
            key.1 = !key.1;
            let turned = other.contains_key(&key) && !own.contains_key(&key);
            if turned { Difference::Changed } else { Difference::Only }
        }
    }
}

/// Marks, in both panes, what only one of them has and what is another in the other; pressed again, only one kind of it.
pub(super) fn compare(state: &mut State) -> Vec<Effect> {
    if search::refuses(state, "compared") {
        return Vec::new();
    }
    if [state.here(), state.there()].iter().any(|pane| pane.has_more() || pane.loading) {
        let bottom = state.config.keys.label(Action::Bottom);
        state.say(Tone::Warning, format!("not all of both listings is read; {bottom} reads one to its end"));
        return Vec::new();
    }
    if [state.here(), state.there()].iter().any(|pane| matches!(pane.location, Location::Profile(_))) {
        state.say(Tone::Plain, "open a bucket first: lists of buckets are not compared");
        return Vec::new();
    }
    if [state.here(), state.there()].iter().any(|pane| !pane.listing.is_compared()) {
        find(state);
        return mark(state, Kind::All);
    }
    let at = Kind::EACH.iter().position(|kind| *kind == state.compared).unwrap_or(0);
    let next = next(&counts(state), at);
    mark(state, next)
}

/// Finds out how each entry differs.
fn find(state: &mut State) {
    let ids = [PaneId::Left, PaneId::Right];
    let [left, right] = ids.map(|id| {
        let pane = state.pane(id);
        let profile = state.profile(&pane.location);
        seen(pane, profile.is_some_and(Profile::md5_etags))
    });
    for (id, own, other) in [(PaneId::Left, &left, &right), (PaneId::Right, &right, &left)] {
        state.pane_mut(id).listing.compare(|name, folder| difference(own, other, key(name, folder)));
    }
}

/// How many there are of each kind; what is in both counts once.
fn counts(state: &State) -> [usize; 4] {
    let count = |id, difference| state.pane(id).listing.differing(difference);
    let (left, right) = (count(PaneId::Left, Difference::Only), count(PaneId::Right, Difference::Only));
    let both = count(PaneId::Left, Difference::Changed);
    [left + right + both, left, right, both]
}

/// The kind after the one at `at`, past those of which there is nothing and those that are all there is.
fn next(counts: &[usize; 4], at: usize) -> Kind {
    let several = counts[1..].iter().filter(|count| **count > 0).count() > 1;
    let after = (1..4).map(|step| (at + step) % 4);
    let next = after.filter(|at| *at == 0 || several).find(|at| counts[*at] > 0).unwrap_or(0);
    Kind::EACH[next]
}

fn mark(state: &mut State, kind: Kind) -> Vec<Effect> {
    state.compared = kind;
    for id in [PaneId::Left, PaneId::Right] {
        state.pane_mut(id).listing.mark_differing(|difference| kind.has(id, difference));
    }
    let counts = counts(state);
    let [all, left, right, both] = counts;
    if all == 0 {
        state.say(Tone::Plain, "nothing differs by names and sizes, nor by what times and ETags tell; folders are not looked into");
        return Vec::new();
    }
    let number = text::thousands;
    let mut words = format!(
        "{} only left, {} only right, {} in both with another size, time or ETag; {} marked",
        number(left),
        number(right),
        number(both),
        kind.words()
    );
    let at = Kind::EACH.iter().position(|known| *known == kind).unwrap_or(0);
    let next = next(&counts, at);
    if next != kind {
        let key = state.config.keys.label(Action::Compare);
        words += &format!(" ({key} again: {})", next.words());
    }
    state.say(Tone::Plain, words);
    Vec::new()
}
