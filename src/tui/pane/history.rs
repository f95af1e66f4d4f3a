//! From place to place within a pane, and back: what was seen lately is shown at once.

use std::ffi::OsString;

use super::super::listing::Listing;
use super::super::message::{Effect, Landing};
use super::Pane;
use super::search::Searched;
use crate::location::Location;

/// Places remembered in each direction.
const HISTORY: usize = 100;

/// Places that are kept, and entries of all of them at most: going back is to be instant, not to cost much.
const KEPT: usize = 12;
const KEPT_ENTRIES: usize = 100_000;

/// What a pane shows: what is right below a place, or what was found below it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shown {
    pub(super) location: Location,
    pub(super) search: Option<Searched>,
}

/// What was shown, and where the cursor was in it.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    shown: Shown,
    name: Option<OsString>,
}

/// What was left, as it was seen last.
#[derive(Debug)]
pub(super) struct Kept {
    shown: Shown,
    listing: Listing,
    /// Where it goes on, if it was not read to its end.
    next: Option<String>,
}

impl Pane {
    fn shown(&self) -> Shown {
        Shown { location: self.location.clone(), search: self.search.clone() }
    }

    fn spot(&self) -> Spot {
        Spot { shown: self.shown(), name: self.current_name() }
    }

    /// Shows another place; where we were goes into the history.
    pub(in crate::tui) fn open(&mut self, location: Location, seek: Option<OsString>) -> Effect {
        self.go(Shown { location, search: None }, seek)
    }

    /// Likewise, with the cursor on a name that somebody asked for: it is shown even if such names are hidden.
    pub(in crate::tui) fn land(&mut self, landing: Landing) -> Effect {
        let is_hidden = landing.cursor.as_ref().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let reads = self.open(landing.place, landing.cursor);
        if is_hidden {
            self.listing.show_hidden();
        }
        reads
    }

    pub(super) fn go(&mut self, to: Shown, seek: Option<OsString>) -> Effect {
        if to != self.shown() {
            self.back.push(self.spot());
            if self.back.len() > HISTORY {
                self.back.remove(0);
            }
            self.forward.clear();
        }
        self.show(to, seek)
    }

    /// Goes back (or forward) in the history; `None` at its end.
    pub(in crate::tui) fn travel(&mut self, back: bool) -> Option<Effect> {
        let spot = if back { self.back.pop() } else { self.forward.pop() }?;
        let here = self.spot();
        if back {
            self.forward.push(here);
        } else {
            self.back.push(here);
        }
        Some(self.show(spot.shown, spot.name))
    }

    /// What was seen there last is shown until it is read again.
    fn show(&mut self, to: Shown, seek: Option<OsString>) -> Effect {
        let is_good = (self.read || self.replace) && self.error.is_none();
        let mut empty = self.listing.emptied(to.location.as_local().is_some());
        if let Some(found) = &to.search {
            empty.hold_results(found.search.query.is_none());
        }
        let shown = self.shown();
        let left = std::mem::replace(&mut self.listing, empty);
        self.forget_arrangement();
        self.kept.retain(|kept| kept.shown != shown);
        if is_good && left.len() <= KEPT_ENTRIES {
            self.kept.push(Kept { shown, listing: left, next: self.next.take() });
            let entries = |kept: &[Kept]| kept.iter().map(|kept| kept.listing.len()).sum::<usize>();
            while self.kept.len() > KEPT || entries(&self.kept) > KEPT_ENTRIES {
                self.kept.remove(0);
            }
        }
        if let Some(at) = self.kept.iter().position(|kept| kept.shown == to) {
            return self.show_again(seek, at);
        }
        (self.location, self.search, self.seek) = (to.location, to.search, seek);
        (self.cursor, self.top, self.want) = (0, 0, 0);
        self.remark.clear();
        (self.read, self.replace, self.next) = (false, false, None);
        self.start()
    }

    fn show_again(&mut self, seek: Option<OsString>, at: usize) -> Effect {
        let (by, reverse) = self.listing.sort();
        let Kept { shown, listing, next } = self.kept.remove(at);
        self.listing = listing;
        self.listing.set_filter("");
        self.listing.forget_comparison();
        if shown.search.is_none() {
            self.listing.set_sort(by, reverse);
        }
        (self.location, self.search, self.next, self.error) = (shown.location, shown.search, next, None);
        let found = seek.as_deref().and_then(|name| self.listing.find(name, 0));
        self.cursor = 0;
        self.follow(found);
        self.top = self.cursor.saturating_sub(self.height / 2);
        // It counts as read for the first time, as a visit.
        self.read = false;
        self.refresh(seek)
    }
}
