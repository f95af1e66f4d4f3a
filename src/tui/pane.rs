//! One pane: the place it shows, how much of it was read, cursor and history. Says what it needs as effects; whether
//! that works out comes back as events.

mod columns;
mod draw;
mod history;
mod search;
mod selection;

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};

pub(super) use draw::{Look, draw};
use history::{Kept, Spot};
pub(super) use search::Searched;

use jiff::Timestamp;

use super::listing::{AT_ONCE, Arranged, Listing, Renewal};
use super::message::{Effect, PaneId};
use crate::entry::{Entry, Kind, Page};
use crate::error::{Error, Result};
use crate::location::Location;

/// A pane.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about a reading")]
pub(crate) struct Pane {
    pub(super) id: PaneId,
    pub(super) location: Location,
    /// What is shown is what this has found below the place, rather than what is right below it.
    pub(super) search: Option<Searched>,
    pub(super) listing: Listing,
    /// The row under the cursor.
    pub(super) cursor: usize,
    /// The first row seen, and how many are.
    pub(super) top: usize,
    pub(super) height: usize,
    generation: u64,
    /// The arrangement that is waited for, and the entry that the cursor stays with until it is there.
    arranging: u64,
    stays: Option<u32>,
    /// What was read anew, if it is so much that somebody else has to arrange it.
    renewal: Option<Renewal>,
    pub(super) loading: bool,
    /// When it began to read the place, or all of it.
    since: Timestamp,
    /// Where the next page starts.
    next: Option<String>,
    pub(super) error: Option<Error>,
    /// Whether anything was read since the place was opened.
    pub(super) read: bool,
    /// The first page of a reading takes the place of what is shown.
    replace: bool,
    /// The user said to stop: nothing is read on by itself.
    stopped: bool,
    /// Read to the end, and go there.
    load_all: bool,
    /// More may be under way than the page that was asked for.
    ahead: bool,
    /// So many entries are read in any case: as many as were there before a refresh.
    want: usize,
    /// The name that the cursor goes to when it comes.
    seek: Option<OsString>,
    remark: HashSet<OsString>,
    back: Vec<Spot>,
    forward: Vec<Spot>,
    /// The one left last is at the end.
    kept: Vec<Kept>,
}

impl Pane {
    pub(super) fn new(id: PaneId, location: Location) -> Self {
        let listing = Listing::new(location.as_local().is_some());
        Self {
            id,
            location,
            search: None,
            listing,
            cursor: 0,
            top: 0,
            height: 1,
            generation: 0,
            arranging: 0,
            stays: None,
            renewal: None,
            loading: false,
            since: Timestamp::now(),
            next: None,
            error: None,
            read: false,
            replace: false,
            stopped: false,
            load_all: false,
            ahead: false,
            want: 0,
            seek: None,
            remark: HashSet::new(),
            back: Vec::new(),
            forward: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// The entry under the cursor.
    pub(super) fn current(&self) -> Option<u32> {
        self.listing.at(self.cursor)
    }

    /// The exact name under the cursor.
    fn current_name(&self) -> Option<OsString> {
        Some(self.listing.name(self.current()?).to_owned())
    }

    /// The number of the reading that is waited for.
    #[cfg(test)]
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether more can be read.
    pub(super) fn has_more(&self) -> bool {
        self.next.is_some() || (self.loading && !self.replace && self.read)
    }

    /// Reads the place again. What is shown stays until the first page is there; cursor and marks stay with their
    /// names. After a failure half-way only the rest is read.
    pub(super) fn refresh(&mut self, seek: Option<OsString>) -> Effect {
        if self.error.is_some() && self.next.is_some() && !self.replace && seek.is_none() {
            self.error = None;
            self.stopped = false;
            return self.page();
        }
        self.seek = seek.or_else(|| self.current_name());
        self.remark =
            self.listing.marked().iter().map(|entry| self.listing.name(*entry).to_owned()).collect();
        self.want = self.listing.len();
        self.replace = true;
        self.start()
    }

    fn start(&mut self) -> Effect {
        (self.error, self.since) = (None, Timestamp::now());
        (self.stopped, self.load_all) = (false, false);
        self.page()
    }

    fn page(&mut self) -> Effect {
        self.generation += 1;
        self.loading = true;
        self.renewal = None;
        let (pane, generation, location) = (self.id, self.generation, self.location.clone());
        if let Some(found) = &self.search {
            let search = found.search.clone();
            return Effect::Find { pane, generation, location, search, again: self.replace };
        }
        let token = self.next.clone().filter(|_| !self.replace);
        self.ahead = self.load_all;
        Effect::ListPage { pane, generation, location, token, all: self.load_all }
    }

    /// A page arrived; the place, if it is the first one of it. What nobody waits for is dropped.
    pub(super) fn on_page(&mut self, generation: u64, page: Result<Page>) -> Option<Location> {
        if generation != self.generation || !self.loading {
            return None;
        }
        self.loading = false;
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                self.error = Some(error);
                self.load_all = false;
                if self.replace {
                    // What cannot be read may not be there any more.
                    self.next = None;
                    self.take(Vec::new());
                }
                return None;
            }
        };
        let opened = !std::mem::replace(&mut self.read, true);
        self.next = page.next;
        self.take(page.entries);
        opened.then(|| self.location.clone())
    }

    /// Appends entries (or starts anew with them); the cursor stays with its name.
    fn take(&mut self, entries: Vec<Entry>) {
        if self.replace && entries.len() > AT_ONCE {
            // What is there is shown until they are arranged.
            self.loading = true;
            self.renewal = Some(self.listing.renewal(entries, std::mem::take(&mut self.remark)));
            return;
        }
        let stays = if std::mem::take(&mut self.replace) {
            self.listing.clear();
            self.forget_arrangement();
            None
        } else {
            // A cursor that was never moved stays at the top: folders of later pages come before it.
            self.stays.or_else(|| self.current().filter(|_| self.cursor > 0))
        };
        let first = self.listing.len();
        self.listing.append(&entries, &self.remark);
        let found = self.seek.as_ref().and_then(|name| self.listing.find(name, first));
        if found.is_some() {
            self.seek = None;
        }
        self.follow(found.or(stays));
        if self.load_all {
            self.cursor = self.listing.rows();
        }
        if self.next.is_none() && !self.loading {
            (self.load_all, self.want, self.seek) = (false, 0, None);
            self.remark.clear();
        }
    }

    /// What was read anew is arranged; the cursor stays with its name.
    pub(super) fn renewed(&mut self, generation: u64, mut listing: Listing) {
        if generation != self.generation || !self.loading {
            return;
        }
        (self.loading, self.replace, self.want) = (false, false, 0);
        let stays = self.seek.take().or_else(|| self.current_name());
        listing.arrange_like(&self.listing);
        self.listing = listing;
        self.forget_arrangement();
        let found = stays.and_then(|name| self.listing.find(&name, 0));
        self.follow(found);
    }

    /// Keeps cursor and view within the rows; asks for the arrangement that is wanted, and for the next page when the
    /// end is near.
    pub(super) fn settle(&mut self, height: usize) -> Vec<Effect> {
        self.height = height.max(1);
        let rows = self.listing.rows();
        self.cursor = self.cursor.min(rows.saturating_sub(1));
        let lowest = (self.cursor + 1).saturating_sub(self.height);
        self.top = self.top.clamp(lowest, self.cursor).min(rows.saturating_sub(self.height));
        let arrange = self.listing.wants().map(|work| {
            self.arranging += 1;
            Effect::Arrange { pane: self.id, generation: self.arranging, work: Box::new(work) }
        });
        let (pane, generation) = (self.id, self.generation);
        let renew = self.renewal.take().map(|work| Effect::Renew { pane, generation, work: Box::new(work) });
        let page = self.needs_page().then(|| self.page());
        let idle = page.is_none() && !self.loading && self.next.is_some();
        // The cursor was moved, for example: nobody wants the rest any more.
        let stop = (idle && std::mem::take(&mut self.ahead)).then_some(Effect::CancelListing(pane));
        arrange.into_iter().chain(renew).chain(page).chain(stop).collect()
    }

    fn needs_page(&self) -> bool {
        if self.loading || self.stopped || self.error.is_some() || self.next.is_none() {
            return false;
        }
        let near = self.listing.filter().is_empty() && self.cursor + 2 * self.height >= self.listing.rows();
        near || self.load_all || self.listing.len() < self.want
    }

    /// The listing is arranged as it was wanted. What an older wish brings is dropped.
    pub(super) fn arranged(&mut self, generation: u64, done: Arranged) {
        if generation == self.arranging {
            let stays = self.stays.or_else(|| self.current());
            self.listing.take(done);
            self.follow(stays);
        }
    }

    fn forget_arrangement(&mut self) {
        self.arranging += 1;
        self.stays = None;
    }

    /// Puts the cursor on an entry, also once it gets its row.
    fn follow(&mut self, entry: Option<u32>) {
        let entry = entry.filter(|entry| (*entry as usize) < self.listing.len());
        if let Some(entry) = entry {
            self.cursor = self.listing.row_of(entry);
        }
        self.stays = entry.filter(|_| self.listing.pending().is_some());
    }

    /// Stops reading; whether there was something to stop.
    pub(super) fn cancel(&mut self) -> bool {
        if !self.loading {
            return false;
        }
        (self.loading, self.stopped, self.load_all, self.replace) = (false, true, false, false);
        self.ahead = false;
        self.generation += 1;
        true
    }

    /// Moves the cursor by rows.
    pub(super) fn move_by(&mut self, rows: isize) {
        let last = self.listing.rows().saturating_sub(1);
        (self.seek, self.stays) = (None, None);
        self.load_all = false;
        if rows > 0 && self.cursor == last {
            self.stopped = false;
        }
        self.cursor = self.cursor.saturating_add_signed(rows).min(last);
    }

    /// Moves the cursor to a row.
    pub(super) fn move_to(&mut self, row: usize) {
        (self.seek, self.stays) = (None, None);
        self.load_all = false;
        self.cursor = row.min(self.listing.rows().saturating_sub(1));
    }

    /// To the last row; reads everything there is first.
    pub(super) fn bottom(&mut self) {
        self.move_to(usize::MAX);
        if self.has_more() {
            (self.load_all, self.stopped, self.since) = (true, false, Timestamp::now());
        }
    }

    /// Whether it is reading to the end.
    pub(super) fn is_loading_all(&self) -> bool {
        self.load_all
    }

    /// Changes the view with the cursor staying on its entry, if that is still seen.
    pub(super) fn rearrange(&mut self, change: impl FnOnce(&mut Listing)) {
        let stays = self.stays.or_else(|| self.current());
        self.rearrange_at(stays, change);
    }

    /// Likewise, with the cursor going to an entry.
    pub(super) fn rearrange_at(&mut self, entry: Option<u32>, change: impl FnOnce(&mut Listing)) {
        change(&mut self.listing);
        self.follow(entry);
    }

    /// Marks or unmarks the entry under the cursor, and moves down.
    pub(super) fn toggle_mark(&mut self) {
        if let Some(entry) = self.current() {
            self.listing.mark(entry, !self.listing.is_marked(entry));
            self.move_by(1);
        }
    }

    /// The place of an entry.
    pub(super) fn place(&self, entry: u32) -> Location {
        self.location.join(self.listing.name(entry))
    }

    /// What an entry is.
    pub(super) fn kind(&self, entry: u32) -> Kind {
        self.listing.kind(entry)
    }

    /// Its exact name.
    pub(super) fn name(&self, entry: u32) -> &OsStr {
        self.listing.name(entry)
    }

    /// Trades places with the other pane; each keeps its side.
    pub(super) fn swap(&mut self, other: &mut Pane) -> [Effect; 2] {
        std::mem::swap(self, other);
        std::mem::swap(&mut self.id, &mut other.id);
        // Answers on their way are addressed to the side they were asked from: none of them may be taken here.
        let newest = self.generation.max(other.generation);
        (self.generation, other.generation) = (newest, newest);
        let newest = self.arranging.max(other.arranging) + 1;
        (self.arranging, other.arranging) = (newest, newest);
        self.listing.want_again();
        other.listing.want_again();
        [self.refetch(), other.refetch()]
    }

    fn refetch(&mut self) -> Effect {
        // A search begins anew.
        self.replace |= self.search.is_some() && self.read;
        if self.loading { self.page() } else { Effect::CancelListing(self.id) }
    }
}
