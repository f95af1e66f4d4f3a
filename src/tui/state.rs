//! Everything the browser knows. Changed by `update` alone; drawing reads it.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::dialog::{Dialogs, Editing, Given, Old};
use super::message::{Effect, Landing, PaneId, Task, Touches};
use super::pane::Pane;
use super::theme::Theme;
use super::transfers::TransfersPanel;
use super::update::{Compared, Proposal, Undo};
use crate::config::{Column, Config, Importable, Profile};
use crate::error::{Error, Kind};
use crate::location::{Location, Remote};
use crate::places::Places;
use crate::s3::ObjectId;
use crate::transfer::{Conflict, Snapshot, TransferId, Unfinished};
use crate::walk::Target;

/// Messages that are kept.
const SAID: usize = 500;

/// How a notice looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    /// Something to know.
    Plain,
    /// Something to mind.
    Warning,
    /// A failure.
    Error,
}

/// One line above the keys; the next one, or a key, takes its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) tone: Tone,
    pub(super) text: String,
}

/// How far a deletion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deletion {
    /// Finding out how much it would be.
    Counting,
    /// So many are gone.
    Deleting(u64),
}

/// What the long work is whose progress and end are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Job {
    /// Something is deleted.
    #[default]
    Delete,
    /// Delete markers are removed.
    BringBack,
    /// Properties are changed.
    Change,
    /// Archived objects are asked for.
    Restore,
}

impl Job {
    /// Now, and when it is done.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Job::Delete => ("deleting", "deleted"),
            Job::BringBack => ("bringing back", "brought back"),
            Job::Change => ("changing", "changed"),
            Job::Restore => ("asking the archive", "asked for"),
        }
    }
}

/// The state.
#[derive(Debug)]
pub(super) struct State {
    pub(super) config: Arc<Config>,
    pub(super) theme: Theme,
    pub(super) home: Option<PathBuf>,
    /// What stands beside the names in the panes, if it fits.
    pub(super) columns: Vec<Column>,
    /// Columns and rows of the terminal.
    pub(super) size: (u16, u16),
    panes: [Pane; 2],
    pub(super) focus: PaneId,
    pub(super) dialogs: Dialogs,
    pub(super) transfers: TransfersPanel,
    /// Whether the transfers are shown, and have the keyboard.
    pub(super) panel: bool,
    pub(super) snapshot: Snapshot,
    pub(super) notice: Option<Notice>,
    pub(super) deletion: Option<Deletion>,
    /// What is said, as long as a question is open, of marked entries that it is not about because they are hidden.
    pub(super) left_out: Option<String>,
    /// What is begun once it is counted and agreed to; `None`: it is a deletion.
    pub(super) counted: Option<Box<Task>>,
    /// The copy or the move that is counted and asked about, and the number of the newest.
    pub(super) proposal: Option<Box<Proposal>>,
    pub(super) proposals: u64,
    /// What it is that goes on as a deletion does.
    pub(super) job: Job,
    /// What a deletion changes.
    pub(super) deleting: Vec<Location>,
    /// The newest search for unfinished uploads or versions.
    pub(super) search: u64,
    /// Tells one viewer from the next.
    pub(super) views: u32,
    /// Uploads that are being aborted.
    pub(super) aborting: usize,
    /// Source and target that are being compared.
    pub(super) comparing: Option<(Location, Location)>,
    /// The newest comparison of the panes.
    pub(super) comparison: u64,
    /// What is marked of all that differs between the panes.
    pub(super) compared: Compared,
    /// The measuring whose results are wanted.
    pub(super) measuring: u64,
    /// What was said lately, and when; the newest last.
    pub(super) said: VecDeque<(Timestamp, String)>,
    /// The last click: over how many dialogs, in which pane, on which row of it (or of the screen), and when.
    pub(super) clicked: Option<((usize, PaneId, usize), Instant)>,
    /// The share that is being extended.
    pub(super) extending: Option<Given>,
    /// Whether the terminal says that programs may set its clipboard, once it was asked.
    pub(super) takes: Option<bool>,
    /// Tells one look at what was given out from the next.
    pub(super) given: u64,
    /// Whether links are being signed.
    pub(super) signing: bool,
    /// What a storage class is asked for: what is chosen may be other things by the time of the answer.
    pub(super) meant: Vec<Target>,
    /// What a new name is asked for, likewise.
    pub(super) renaming: Option<Old>,
    /// The place whose properties were asked for.
    pub(super) asked: Option<Location>,
    /// The object that is fetched for the editor.
    pub(super) editing: Option<Location>,
    /// Edited objects that are being written back.
    pub(super) saving: usize,
    /// What another key is asked for.
    pub(super) unsaved: Option<Box<Editing>>,
    /// What earlier runs did not finish, until it is asked about.
    pub(super) offer: Vec<Unfinished>,
    /// Questions of transfers that wait until no dialog is open.
    pub(super) questions: VecDeque<(TransferId, Conflict)>,
    /// What running transfers change.
    pub(super) touches: HashMap<TransferId, Touches>,
    /// What can be taken back, the last deed last.
    pub(super) undo: Vec<Undo>,
    /// Files that running transfers have moved: from where to where.
    pub(super) moved: HashMap<TransferId, Vec<(Location, Location)>>,
    /// Delete markers that a running deletion has made.
    pub(super) marked: Vec<(Remote, Vec<ObjectId>)>,
    /// Bookmarks and visits.
    pub(super) places: Places,
    /// Something failed because nobody has typed the passphrase of the sealed secrets.
    pub(super) locked: bool,
    /// Profiles that other tools know, as far as somebody has looked.
    pub(super) others: Vec<Importable>,
    /// The newest order about new profiles.
    pub(super) order: u64,
    /// What Esc restores while a filter or a name to jump to is typed: the filter, and the entry under the cursor.
    pub(super) before: (String, Option<u32>),
}

impl State {
    /// The first state, and the effects that fill it.
    pub(super) fn new(
        config: Arc<Config>,
        theme: Theme,
        places: [Landing; 2],
        size: (u16, u16),
    ) -> (Self, Vec<Effect>) {
        let [left, right] = places;
        let mut panes =
            [Pane::new(PaneId::Left, left.place.clone()), Pane::new(PaneId::Right, right.place.clone())];
        let effects = vec![panes[0].land(left), panes[1].land(right)];
        let mut warnings = config.warnings.clone();
        warnings.extend(crate::zone::warning().map(str::to_owned));
        let mut state = Self {
            columns: config.ui.columns.clone(),
            config,
            theme,
            home: None,
            size,
            panes,
            focus: PaneId::Left,
            dialogs: Dialogs::default(),
            transfers: TransfersPanel::default(),
            panel: false,
            snapshot: Snapshot::default(),
            notice: None,
            deletion: None,
            left_out: None,
            counted: None,
            proposal: None,
            proposals: 0,
            job: Job::default(),
            deleting: Vec::new(),
            search: 0,
            views: 0,
            aborting: 0,
            comparing: None,
            comparison: 0,
            compared: Compared::default(),
            measuring: 0,
            said: VecDeque::new(),
            clicked: None,
            extending: None,
            takes: None,
            given: 0,
            signing: false,
            meant: Vec::new(),
            renaming: None,
            asked: None,
            editing: None,
            saving: 0,
            unsaved: None,
            offer: Vec::new(),
            questions: VecDeque::new(),
            touches: HashMap::new(),
            undo: Vec::new(),
            moved: HashMap::new(),
            marked: Vec::new(),
            places: Places::default(),
            locked: false,
            others: Vec::new(),
            order: 0,
            before: (String::new(), None),
        };
        // The first one stays on the screen.
        for warning in warnings.into_iter().rev() {
            state.say(Tone::Warning, warning);
        }
        (state, effects)
    }

    /// A pane.
    pub(super) fn pane(&self, id: PaneId) -> &Pane {
        &self.panes[id as usize]
    }

    /// A pane, to change it.
    pub(super) fn pane_mut(&mut self, id: PaneId) -> &mut Pane {
        &mut self.panes[id as usize]
    }

    /// The pane with the keyboard.
    pub(super) fn here(&self) -> &Pane {
        self.pane(self.focus)
    }

    /// It, to change it.
    pub(super) fn here_mut(&mut self) -> &mut Pane {
        self.pane_mut(self.focus)
    }

    /// The other one.
    pub(super) fn there(&self) -> &Pane {
        self.pane(self.focus.other())
    }

    /// Both panes.
    pub(super) fn both(&mut self) -> &mut [Pane; 2] {
        &mut self.panes
    }

    /// What an action acts on in the pane with the keyboard; what is left out is remembered for the question that follows.
    pub(super) fn selection(&mut self) -> Vec<u32> {
        let selection = self.here().selection();
        self.left_out = selection.left_out();
        selection.entries
    }

    /// Whether something is asked, or is about to be.
    fn is_asking(&self) -> bool {
        !self.dialogs.is_empty() || self.deletion == Some(Deletion::Counting) || self.asked.is_some()
    }

    /// Forgets what was left out once nothing is asked any more.
    pub(super) fn settle_selection(&mut self) {
        if !self.is_asking() {
            self.left_out = None;
        }
    }

    /// Adds to `text` what an action that asks nothing leaves out.
    pub(super) fn say_with_left_out(&mut self, text: &str) {
        match self.left_out.take() {
            Some(left_out) => self.say(Tone::Warning, format!("{text}; {left_out}")),
            None => self.say(Tone::Plain, text),
        }
    }

    /// The profile of a place.
    pub(super) fn profile(&self, place: &Location) -> Option<&Profile> {
        place.profile().and_then(|name| self.config.profile(name).ok())
    }

    /// Says something in one line.
    pub(super) fn say(&mut self, tone: Tone, text: impl Into<String>) {
        let text = text.into();
        if self.said.len() == SAID {
            self.said.pop_front();
        }
        self.said.push_back((Timestamp::now(), text.clone()));
        self.notice = Some(Notice { tone, text });
    }

    /// Tells a failure with its hint.
    pub(super) fn fail(&mut self, error: &Error) {
        self.locked |= error.kind() == Kind::Locked;
        let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
        self.say(Tone::Error, format!("{error}{hint}"));
    }

    /// Transfers, deletions and aborts that would be cut off by quitting.
    pub(super) fn running(&self) -> usize {
        let transfers = self.snapshot.transfers.iter().filter(|transfer| !transfer.state.is_over()).count();
        let deleting = matches!(self.deletion, Some(Deletion::Deleting(_)));
        transfers + usize::from(deleting) + usize::from(self.aborting > 0) + self.saving
    }
}
