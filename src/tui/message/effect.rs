//! What the outside must do.

use std::ffi::OsString;
use std::path::PathBuf;

use super::super::dialog::{Editing, Laying, Unpacking, Wanted};
use super::super::listing::{Arranging, Comparing, Renewal};
use super::{
    Asked, Deletions, EditEffect, GivenEffect, Link, PaneId, PlacesChange, ProposalEffect, Search,
    SetupEffect, Task, Touches, UploadsEffect, VersionsEffect,
};
use crate::entry::Kind;
use crate::links::LinkRequest;
use crate::location::{Location, Remote};
use crate::transfer::{self, Answer, TransferId, Unfinished};
use crate::walk::Target;

/// What the outside must do.
#[derive(Debug, Clone)]
pub(crate) enum Effect {
    /// Fetch a page; a fetch of this pane that is still under way is dropped.
    ListPage {
        /// For which pane.
        pane: PaneId,
        /// Comes back with the page.
        generation: u64,
        /// What to list.
        location: Location,
        /// Where to go on; `None`: at the start.
        token: Option<String>,
        /// The pages behind it are wanted, too.
        all: bool,
    },
    /// Arrange a listing; what is arranged for this pane already is not wanted any longer.
    Arrange {
        /// For which pane.
        pane: PaneId,
        /// Comes back with the result.
        generation: u64,
        /// What is to be done.
        work: Box<Arranging>,
    },
    /// Arrange what takes the place of a listing.
    Renew {
        /// For which pane.
        pane: PaneId,
        /// Of the reading that it came with; comes back.
        generation: u64,
        /// What is to be done.
        work: Box<Renewal>,
    },
    /// Find out how the listings differ; what was compared before is not wanted any longer.
    Compare {
        /// Comes back with the result.
        number: u64,
        /// What is to be done.
        work: Box<Comparing>,
    },
    /// Do not.
    CancelCompare,
    /// Drop the fetch of a pane.
    CancelListing(PaneId),
    /// Start a transfer.
    Submit {
        /// What to move.
        request: Box<transfer::Request>,
        /// What that changes.
        touches: Touches,
    },
    /// Pause one.
    Pause(TransferId),
    /// Go on with one.
    Resume(TransferId),
    /// Cancel one.
    CancelTransfer(TransferId),
    /// Try what failed of one again: all of it, or one by its number.
    Retry(TransferId, Option<u64>),
    /// Tell what failed of one.
    Failures(TransferId),
    /// Make it more or less urgent.
    Prioritize(TransferId, i32),
    /// Limit it to so many bytes a second.
    Limit(TransferId, Option<u64>),
    /// Look for what earlier runs did not finish.
    FindUnfinished,
    /// Go on with what an earlier run did not finish.
    ResumeUnfinished(Box<Unfinished>),
    /// Forget what earlier runs did not finish: abort its uploads, remove its parts.
    ForgetUnfinished(Vec<String>),
    /// Do not offer it again.
    DeclineUnfinished(Vec<String>),
    /// Take finished ones off the list.
    ForgetFinished,
    /// Answer a question.
    Answer(TransferId, Answer),
    /// Answer it, and all further ones, with no where both sides are the same.
    SkipSame(TransferId),
    /// Search; whatever else is fetched for this pane is dropped.
    Find {
        /// For which pane.
        pane: PaneId,
        /// Comes back with what is found.
        generation: u64,
        /// Below which place.
        location: Location,
        /// For what.
        search: Search,
        /// What is there already is shown until all is found: nothing is told before.
        again: bool,
    },
    /// Find out how much is where below a place; an older measuring is dropped.
    Measure(u64, Location),
    /// Stop that.
    CancelMeasure,
    /// Copy the addresses of objects, without signatures.
    CopyAddresses(Vec<Remote>),
    /// Write a new file.
    WriteFile {
        /// Where; `~` is home.
        file: PathBuf,
        /// What.
        text: String,
        /// Of so many rows.
        rows: usize,
    },
    /// Find how a place that was typed so far can go on; text and the place that its last component is in.
    Complete(String, Location),
    /// Find out whether there is something at a place, and what shows it.
    Locate {
        /// The pane that is to show it.
        pane: PaneId,
        /// Who wants to know; comes back.
        asked: Asked,
        /// What is meant by what was typed, most likely first.
        readings: Vec<Location>,
    },
    /// Something about what was given out.
    Given(GivenEffect),
    /// Sign links.
    Sign(Vec<LinkRequest>),
    /// Read or change what is remembered of places.
    Places(PlacesChange),
    /// Read a part of what is viewed.
    Fetch(Box<Wanted>),
    /// Unpack a part for the viewer, and fetch what that needs.
    Unpack(Box<Wanted>, Unpacking),
    /// Lay out what is viewed.
    LayOut(Laying),
    /// Try links as their holder would.
    TestLinks(Vec<Link>),
    /// Put text on the clipboard.
    CopyText(String),
    /// Ask the terminal whether programs may set its clipboard.
    AskTerminal,
    /// Leave the alternate screen, print the text as plain lines, wait for Enter, come back.
    PrintPlain(String),
    /// Something about a copy or a move that has not started.
    Propose(u64, ProposalEffect),
    /// Move local entries by renaming them, as far as that works; they are in this place.
    Relocate(Location, Vec<transfer::Item>),
    /// Count what a deletion would remove.
    Count(Vec<Target>),
    /// Delete.
    Delete(Vec<Target>),
    /// Stop counting or deleting.
    CancelDelete,
    /// Find out what would make one place like another.
    PlanSync {
        /// The place that is right.
        source: Location,
        /// The place that becomes like it.
        target: Location,
    },
    /// Stop finding out.
    CancelSync,
    /// Delete what only the target of a sync has.
    DeleteExtra(Box<Deletions>),
    /// Make a folder (a marker object `prefix/` remotely), or a bucket below a profile.
    Create {
        /// Where.
        at: Location,
        /// Its name.
        name: String,
    },
    /// Give local files or folders other names in the same folder. (Remotely that is a transfer.)
    Rename {
        /// The folder.
        at: Location,
        /// From what to what.
        names: Vec<(OsString, OsString)>,
        /// Whether it is remembered.
        undoable: bool,
    },
    /// Ask for properties of what is of that kind.
    Stat(Location, Kind),
    /// Something about what is edited.
    Edit(EditEffect),
    /// Give the terminal to the user's editor, and take it back.
    Editor(Box<Editing>),
    /// Read headers, metadata and tags of an object.
    ReadAttributes(Remote),
    /// Let a bucket keep versions from now on, or stop that.
    SetVersioning(Remote, bool),
    /// Do something that takes long; it ends with [`Event::Deleted`](super::Event::Deleted) and is stopped by [`Effect::CancelDelete`].
    Task(Box<Task>),
    /// Something about versions.
    Versions {
        /// Comes back with whatever follows.
        search: u64,
        /// What to do.
        effect: VersionsEffect,
    },
    /// Something about unfinished uploads.
    Uploads {
        /// Comes back with whatever follows.
        search: u64,
        /// What to do.
        effect: UploadsEffect,
    },
    /// Something about new profiles.
    Setup(SetupEffect),
    /// Leave the browser for sample data, and come back.
    Demo,
    /// Draw everything anew.
    Redraw,
    /// Stop this process until `fg`.
    Suspend,
    /// Cancel all transfers, then leave.
    Quit,
}
