//! A pane that shows what was found anywhere below its place. Its entries are named by the way to them, so that
//! whatever can be done to an entry can be done to them.

use std::ffi::OsString;

use super::Pane;
use super::history::Shown;
use crate::location::Location;
use crate::tui::message::{Effect, Finding, Search};

/// Objects that a search may look at to be made again by itself: ten requests.
const CHEAP: u64 = 10_000;

/// A search and how far it is.
#[derive(Clone, Debug)]
pub(in crate::tui) struct Searched {
    pub(super) search: Search,
    /// Objects and files that it has looked at.
    pub(super) looked: u64,
    /// Something has changed since.
    pub(super) outdated: bool,
}

impl PartialEq for Searched {
    fn eq(&self, other: &Self) -> bool {
        self.search.words == other.search.words
    }
}

impl Pane {
    /// Shows what is found below its place.
    pub(in crate::tui) fn look_for(&mut self, search: Search) -> Effect {
        let search = Some(Searched { search, looked: 0, outdated: false });
        self.go(Shown { location: self.location.clone(), search }, None)
    }

    /// Something was found; whether anybody waits for it.
    pub(in crate::tui) fn on_found(&mut self, generation: u64, finding: &mut Finding) -> bool {
        let Some(found) = self.search.as_mut().filter(|_| generation == self.generation && self.loading)
        else {
            return false;
        };
        (found.looked, found.outdated) = (finding.looked, false);
        (self.read, self.loading) = (true, !finding.done);
        self.take(std::mem::take(&mut finding.entries));
        true
    }

    /// Something was changed in these places: what it shows is read again if that is among it. A search that was long is
    /// left to the user.
    pub(in crate::tui) fn changed(&mut self, places: &[Location], seek: Option<OsString>) -> Option<Effect> {
        let Some(found) = &mut self.search else {
            return places.contains(&self.location).then(|| self.refresh(seek));
        };
        if !places.iter().any(|place| place.below(&self.location).is_some()) {
            return None;
        }
        found.outdated = self.loading || found.looked > CHEAP;
        if found.outdated { None } else { Some(self.refresh(None)) }
    }
}
