//! What happened ([`Event`]) and what the outside must do ([`Effect`]). Plain data.

mod editing;
mod effect;
mod given;
mod objects;
mod pointer;
mod proposal;
mod search;
mod setup;
mod uploads;

use std::ffi::OsString;
use std::path::PathBuf;

use crossterm::event::KeyEvent;

pub(crate) use editing::{Content, EditEffect, EditEvent, EditorEnd, Saving, WrittenBack};
pub(crate) use effect::Effect;
pub(crate) use given::{GivenEffect, GivenEvent, Made};
pub(crate) use objects::{Properties, Task, VersionsEffect, VersionsEvent};
pub(crate) use pointer::{Pointer, PointerAct};
pub(crate) use proposal::{ProposalEffect, ProposalEvent, Relocated};
pub(crate) use search::{Finding, Search};
pub(crate) use setup::{Done, Keepers, Order as SetupOrder, Saved, SetupEffect, SetupEvent, Wish};
pub(crate) use uploads::{UploadsEffect, UploadsEvent};

use super::dialog::{Chunk, Laid, Measured, Wanted};
use super::listing::{Arranged, Difference, Listing};
use crate::clipboard;
use crate::entry::Page;
use crate::error::{Error, Result};
use crate::links::{LinkRequest, Verdict};
use crate::location::{Location, Remote};
use crate::places::Places;
use crate::preview::Unpacked;
use crate::s3::{Attributes, ObjectId, Presigned};
use crate::sync::{Plan, Step};
use crate::transfer::{self, Failure, Snapshot, TransferId, Unfinished, Verb};
use crate::walk::{Target, Total};

/// Where a pane goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landing {
    /// What it shows.
    pub place: Location,
    /// The name that the cursor goes to.
    pub cursor: Option<OsString>,
}

impl From<Location> for Landing {
    fn from(place: Location) -> Self {
        Self { place, cursor: None }
    }
}

/// Who wants to know whether there is something at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Who typed this.
    Typed(String),
    /// A pane at the start, which shows this meanwhile.
    Start(Location),
}

/// One of the two panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PaneId {
    /// The left one.
    Left,
    /// The right one.
    Right,
}

impl PaneId {
    /// The other one.
    pub(crate) fn other(self) -> Self {
        match self {
            PaneId::Left => PaneId::Right,
            PaneId::Right => PaneId::Left,
        }
    }
}

/// What becomes of the places that are remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PlacesChange {
    /// They are only read.
    Load,
    /// A bookmark more.
    Add(Location),
    /// A bookmark less.
    Remove(Location),
    /// A visit.
    Visit(Location),
}

/// A signed link and what it is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link {
    /// What was asked for.
    pub(crate) request: LinkRequest,
    /// What was signed. (Its `Debug` hides the URL.)
    pub(crate) signed: Presigned,
    /// When.
    pub(crate) signed_at: jiff::Timestamp,
}

/// What a transfer changes: the panes that show it are read again at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Touches {
    /// The folders, prefixes or buckets.
    pub(crate) places: Vec<Location>,
    /// The exact name that the cursor goes to where the first place is shown.
    pub(crate) seek: Option<OsString>,
    /// What is deleted at its end, if all of it worked.
    pub(crate) after: Option<Deletions>,
    /// Whether it can be taken back: files were moved.
    pub(crate) undoable: bool,
    /// Copy or move.
    pub(crate) verb: Verb,
    /// What an earlier run of it has moved: from where to where.
    pub(crate) moved: Vec<(Location, Location)>,
    /// Whether it gives entries other names, as a form asked.
    pub(crate) renames: bool,
    /// Why the first of them did not get it.
    pub(crate) refused: Option<String>,
}

/// Files and objects that only the target of a sync has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deletions {
    /// The root that they are below.
    pub(crate) target: Location,
    /// They.
    pub(crate) steps: Vec<Step>,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Pointer(Pointer),
    /// Text was pasted (bracketed paste).
    Paste(String),
    /// Of the pasted text only so many MiB were taken.
    PasteCut(usize),
    /// The terminal's size, in cells.
    Resize(u16, u16),
    /// The dialog of that number has been on the screen long enough to be answered.
    Seen(u64),
    /// A page of a listing, or why there is none.
    Page {
        /// For which pane.
        pane: PaneId,
        /// The generation it was asked for; an older one is dropped.
        generation: u64,
        /// The page.
        page: Result<Page>,
    },
    /// A listing is arranged, or its first rows are.
    Arranged {
        /// Of which pane.
        pane: PaneId,
        /// What was asked for; what an older wish brings is dropped.
        generation: u64,
        /// What came of it.
        done: Arranged,
    },
    /// It was found out how the listings differ.
    Compared {
        /// What was asked for; what an older wish brings is dropped.
        number: u64,
        /// Of each entry of both sides.
        differences: [Vec<Difference>; 2],
    },
    /// What takes the place of a listing is arranged.
    Renewed {
        /// Of which pane.
        pane: PaneId,
        /// What it was read for; what an older reading brings is dropped.
        generation: u64,
        /// It.
        listing: Box<Listing>,
    },
    /// A transfer was taken by the engine.
    Submitted {
        /// Its name from now on.
        id: TransferId,
        /// What it changes.
        touches: Touches,
    },
    /// Something of the engine's.
    Transfer(transfer::Event),
    /// What earlier runs did not finish.
    Unfinished(Vec<Unfinished>),
    /// The engine's figures changed.
    Progress(Snapshot),
    /// A search has found something.
    Found {
        /// For which pane.
        pane: PaneId,
        /// The generation it was asked for; an older one is dropped.
        generation: u64,
        /// What is new.
        finding: Finding,
    },
    /// How much is where, as far as it is known; of an older measuring nothing is wanted.
    Measured(u64, Measured),
    /// Something was done, in words.
    Said(Result<String>),
    /// A listing was written to that file, so many rows, or was not.
    Written(Result<(PathBuf, usize)>),
    /// How a place that was typed so far can go on.
    Completed(String, Result<Vec<String>>),
    /// Whether there is something at a place.
    Located {
        /// The pane that is to show it.
        pane: PaneId,
        /// Who wanted to know.
        asked: Asked,
        /// What shows it, or why there is nothing.
        found: Result<Landing>,
    },
    /// Something about what was given out.
    Given(GivenEvent),
    /// What failed of a transfer.
    Failures(TransferId, Vec<Failure>),
    /// Links were signed (all or none).
    Signed(Result<Vec<Link>>),
    /// What is remembered of places.
    Places(Result<Places>),
    /// A part of what is viewed came.
    Fetched(Box<Wanted>, Result<Chunk>),
    /// A part for the viewer was unpacked, or is not yet.
    Unpacked(Box<Wanted>, Result<Unpacked>),
    /// What is viewed was laid out.
    LaidOut {
        /// In which viewer.
        view: u64,
        /// What it asked for; what an older wish brings is dropped.
        number: u64,
        /// What it looks like.
        laid: Result<Box<Laid>>,
    },
    /// What came of trying links, in their order.
    Tested(Vec<Result<Verdict>>),
    /// What became of text that was to be copied.
    Copied(clipboard::Outcome),
    /// Whether the terminal says that programs may set its clipboard.
    TerminalSaid(bool),
    /// What a deletion would remove.
    Counted {
        /// What was counted.
        targets: Vec<Target>,
        /// How much it is.
        total: Result<Total>,
    },
    /// Something about a copy or a move that has not started.
    Proposal {
        /// The one that it is about; of an older one nothing is wanted.
        number: u64,
        /// What is known.
        event: ProposalEvent,
    },
    /// Local entries were moved by renaming them; the rest is left.
    Relocated(Relocated),
    /// How far a deletion is: objects removed.
    Deleting(u64),
    /// A deletion ended: what could not be deleted.
    Deleted(Vec<(Location, Error)>),
    /// What would make the second place like the first.
    SyncPlanned {
        /// Source and target.
        places: (Location, Location),
        /// The plan.
        plan: Result<Box<Plan>>,
    },
    /// Something was created or renamed; the listing that shows `at` is out of date.
    Changed {
        /// The folder, prefix or profile in which something changed.
        at: Location,
        /// The exact name that the cursor should go to.
        name: OsString,
        /// Whether it worked.
        result: Result<()>,
    },
    /// Local names were changed, or could not be.
    Renamed {
        /// The folder.
        at: Location,
        /// From what to what.
        done: Vec<(OsString, OsString)>,
        /// Why the others were not.
        failed: Vec<Error>,
        /// Whether it is remembered.
        undoable: bool,
    },
    /// A deletion left delete markers in a bucket.
    Marked(Remote, Vec<ObjectId>),
    /// What HEAD (or the file system) says.
    Info {
        /// About what.
        location: Location,
        /// The answer.
        found: Result<Box<Properties>>,
    },
    /// What an object has, with its tags.
    AttributesRead(Remote, Result<Box<Attributes>>),
    /// Something about the user's editor.
    Edit(EditEvent),
    /// A bucket was told whether to keep versions.
    VersioningSet {
        /// Which.
        bucket: Remote,
        /// Whether it was to keep them.
        on: bool,
        /// Whether it worked.
        result: Result<()>,
    },
    /// Something about versions.
    Versions {
        /// The search they were found by; what an older one still tells is dropped.
        search: u64,
        /// What happened.
        event: VersionsEvent,
    },
    /// Something about unfinished uploads.
    Uploads {
        /// The search they were found by; what an older one still tells is dropped.
        search: u64,
        /// What happened.
        event: UploadsEvent,
    },
    /// Something about new profiles.
    Setup(SetupEvent),
}
