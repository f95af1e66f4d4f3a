//! How each dialog is opened, and how what is under way finds the one that waits for it.

use std::collections::HashSet;

use super::super::units::Units;
use super::{
    Chosen, Decision, Dialog, Editing, Given, Item, Old, Prompt, Property, Purpose, Subject, Word, batch,
    confirm, conflict, facts, failures, given, help, info, input, link, links, offer, pick, profiles,
    properties, setup, share, sync, transfer, typed, unlock, unsaved, uploads, usage, versions, viewer, wait,
};
use crate::action::Screen;
use crate::config::{Importable, Keys};
use crate::links::LinkRequest;
use crate::location::Location;
use crate::s3::{Attributes, Version, Versioning};
use crate::sync::Plan;
use crate::transfer::{Conflict, Failure, Likeness, TransferId, Unfinished};
use crate::walk::versions::Scope;
use crate::walk::{Extent, Target};

impl Dialog {
    /// A line of input. `label` says what is wanted; `text` is there already, with the cursor at its end.
    pub(crate) fn input(purpose: Purpose, label: &str, text: &str) -> Self {
        Self::Input(input::Prompt::new(purpose, label, text))
    }

    /// "Delete N objects, SIZE?" `what` names the only target or counts them; `how_much` is exact.
    pub(crate) fn confirm_delete(targets: Vec<Target>, what: &str, how_much: &str) -> Self {
        Self::Confirm(confirm::Confirm::delete(targets, what, how_much))
    }

    /// A question about what is marked, with what it says of marked entries that are hidden and left out.
    pub(crate) fn leaving_out(mut self, words: Option<&str>) -> Self {
        match (&mut self, words) {
            (Self::Confirm(confirm), Some(words)) => confirm.leave_out(words),
            (Self::Typed(typed), Some(words)) => typed.leave_out(words),
            _ => {}
        }
        self
    }

    /// "N transfers were not finished": go on with them, forget them, or not be asked again.
    pub(crate) fn offer(unfinished: Vec<Unfinished>, units: &Units) -> Self {
        Self::Offer(Box::new(offer::Offer::new(unfinished, units)))
    }

    /// "N transfers are running; quit?"
    pub(crate) fn confirm_quit(running: usize) -> Self {
        Self::Confirm(confirm::Confirm::quit(running))
    }

    /// "Abort N unfinished uploads, SIZE?" `busy`: transfers run, whose uploads may be among them.
    pub(crate) fn confirm_abort(place: &Location, chosen: Chosen, busy: bool, units: &Units) -> Self {
        Self::Confirm(confirm::Confirm::abort(place, chosen, busy, units))
    }

    /// The unfinished uploads below a place; `lists_all`: whether an empty list is a proof.
    pub(crate) fn uploads(place: Location, lists_all: bool) -> Self {
        Self::Uploads(uploads::Uploads::new(place, lists_all))
    }

    /// It, if it is that one.
    pub(crate) fn as_uploads(&mut self) -> Option<&mut uploads::Uploads> {
        match self {
            Self::Uploads(uploads) => Some(uploads),
            _ => None,
        }
    }

    /// The versions of these keys.
    pub(crate) fn versions(scope: Scope) -> Self {
        Self::Versions(versions::Versions::new(scope))
    }

    /// It, if it is that one.
    pub(crate) fn as_versions(&mut self) -> Option<&mut versions::Versions> {
        match self {
            Self::Versions(versions) => Some(versions),
            _ => None,
        }
    }

    /// "Delete N versions for good?" Of more than `great` their number has to be typed.
    pub(crate) fn confirm_versions(versions: &[Version], great: usize) -> Self {
        let (lines, decision) = confirm::Confirm::versions(versions);
        if versions.len() > great {
            return Self::typed("Delete versions", &lines[..2], Word::Count(versions.len() as u64), decision);
        }
        Self::confirm("Delete versions", lines, decision)
    }

    /// A question that only `word` answers.
    pub(crate) fn typed(title: &'static str, lines: &[String], word: Word, decision: Decision) -> Self {
        Self::Typed(typed::Typed::new(title, lines, word, decision))
    }

    /// Overwrite, skip, newer, rename; for this one or for all.
    pub(crate) fn conflict(id: TransferId, conflict: Conflict) -> Self {
        Self::Conflict(Box::new(conflict::ConflictDialog::new(id, conflict)))
    }

    /// The link's options, starting from `request`; `has_public`: whether it could also be an address without a signature;
    /// `folder`: where the files of a kit go.
    pub(crate) fn link(request: LinkRequest, has_public: bool, folder: &str, units: &Units) -> Self {
        Self::Link(Box::new(link::LinkForm::new(request, has_public, folder, units)))
    }

    /// Signed links: the URLs on screen, when they end and why, warnings, the clipboard's notice.
    pub(crate) fn links(links: Vec<crate::tui::message::Link>, units: &Units) -> Self {
        Self::Links(links::Links::new(links, units))
    }

    /// Tells an open links dialog what became of the copy; others ignore it. `takes`: the terminal says that it takes it.
    pub(crate) fn set_notice(&mut self, outcome: &crate::clipboard::Outcome, takes: bool) {
        if let Self::Links(links) = self {
            links.set_notice(outcome, takes);
        }
    }

    /// Tells an open links dialog what came of trying its links; others ignore it.
    pub(crate) fn set_verdicts(&mut self, verdicts: &[crate::error::Result<crate::links::Verdict>]) {
        if let Self::Links(links) = self {
            links.set_verdicts(verdicts);
        }
    }

    /// A list to choose from by typing some letters.
    pub(crate) fn pick(title: &'static str, items: Vec<Item>) -> Self {
        Self::Pick(pick::Pick::new(title, items))
    }

    /// A file or an object of `size` bytes, or a version of it; `view` tells its answers from those to others.
    pub(crate) fn viewer(location: Location, size: u64, version: Option<Version>, view: u64) -> Self {
        Self::Viewer(Box::new(viewer::Viewer::new(location, size, view).of_version(version)))
    }

    /// It, if it is that one.
    pub(crate) fn as_viewer(&mut self) -> Option<&mut viewer::Viewer> {
        match self {
            Self::Viewer(viewer) => Some(viewer),
            _ => None,
        }
    }

    /// What failed of a transfer, file by file.
    pub(crate) fn failures(id: TransferId, failures: Vec<Failure>) -> Self {
        Self::Failures(failures::Failures::new(id, failures))
    }

    /// What was typed into a line goes on as `text`, if it still is `typed`.
    pub(crate) fn complete(&mut self, typed: &str, text: &str) {
        match self {
            Self::Input(input) => input.complete(typed, text),
            Self::Transfer(form) => form.complete(typed, text),
            _ => {}
        }
    }

    /// The line that a place is typed in, if it says `text`.
    pub(crate) fn as_place(&mut self, text: &str) -> Option<&mut Prompt> {
        match self {
            Self::Input(input) if input.purpose() == Purpose::GoTo && input.text() == text => Some(input),
            _ => None,
        }
    }

    /// What is to be said of what was typed into a line so far.
    pub(crate) fn note(&mut self, note: Option<&'static str>) {
        if let Self::Input(input) = self {
            input.note(note);
        }
    }

    /// It, if it is that one about this transfer.
    pub(crate) fn as_failures(&mut self, id: TransferId) -> Option<&mut failures::Failures> {
        match self {
            Self::Failures(failures) if failures.id() == id => Some(failures),
            _ => None,
        }
    }

    /// Tells the question of a transfer how both sides compare; others ignore it.
    pub(crate) fn compared(&mut self, likeness: Likeness) {
        if let Self::Conflict(conflict) = self {
            conflict.compared(likeness);
        }
    }

    /// The transfer whose question it is.
    pub(crate) fn asks_for(&self) -> Option<TransferId> {
        match self {
            Self::Conflict(conflict) => Some(conflict.id()),
            _ => None,
        }
    }

    /// The options of a protected link to these.
    pub(crate) fn share(places: Vec<Location>, units: &Units) -> Self {
        Self::Share(Box::new(share::ShareForm::new(places, units)))
    }

    /// The passphrase of the sealed secrets.
    pub(crate) fn unlock() -> Self {
        Self::Unlock(unlock::Unlock::new())
    }

    /// It, if it is that one.
    pub(crate) fn as_unlock(&mut self) -> Option<&mut unlock::Unlock> {
        match self {
            Self::Unlock(unlock) => Some(unlock),
            _ => None,
        }
    }

    /// How much is where below `root`; it is on its way.
    pub(crate) fn usage(root: Location) -> Self {
        Self::Usage(Box::new(usage::Usage::new(root)))
    }

    /// It, if it is that one.
    pub(crate) fn as_usage(&mut self) -> Option<&mut usage::Usage> {
        match self {
            Self::Usage(usage) => Some(usage),
            _ => None,
        }
    }

    /// What was given out; it is on its way.
    pub(crate) fn given() -> Self {
        Self::Given(given::GivenOut::default())
    }

    /// It, if it is that one.
    pub(crate) fn as_given(&mut self) -> Option<&mut given::GivenOut> {
        match self {
            Self::Given(given) => Some(given),
            _ => None,
        }
    }

    /// "Revoke this share?" and the like.
    pub(crate) fn confirm_end(given: Given) -> Self {
        Self::Confirm(confirm::Confirm::end(given))
    }

    /// The profiles (name, provider's title, endpoint or origin) and "local files".
    pub(crate) fn profiles(profiles: Vec<(String, String, String)>, current: Option<&str>) -> Self {
        Self::Profiles(profiles::Profiles::new(profiles, current))
    }

    /// What would make one place like another, row by row; deleting is off.
    pub(crate) fn sync(plan: Plan) -> Self {
        Self::Sync(Box::new(sync::SyncDialog::new(plan)))
    }

    /// Every action and its keys, by group; made from the table. Those of `screen` first.
    pub(crate) fn help(keys: &Keys, screen: Screen) -> Self {
        Self::Help(help::Help::new(keys, screen))
    }

    /// Properties of a place; of a bucket with its versioning, if that is known.
    pub(crate) fn facts(place: Location, rows: Vec<Property>, versioning: Option<Versioning>) -> Self {
        Self::Facts(Box::new(facts::Facts::new(place, rows, versioning)))
    }

    /// What becomes of an edited object that is not written back.
    pub(crate) fn unsaved(editing: Box<Editing>, why: unsaved::Why) -> Self {
        Self::Unsaved(unsaved::UnsavedDialog::new(editing, why))
    }

    /// New names for these entries; names in `taken` are not free.
    pub(crate) fn batch(old: Vec<Old>, taken: HashSet<String>) -> Self {
        Self::Batch(Box::new(batch::Batch::new(old, taken)))
    }

    /// A form of properties: what the only target has `now`, or what several are to get.
    pub(crate) fn properties(title: &str, targets: Vec<Target>, now: Option<&Attributes>) -> Self {
        Self::Properties(Box::new(properties::Properties::new(title, targets, now)))
    }

    /// The place whose properties it shows.
    pub(crate) fn shows_facts_of(&self) -> Option<&Location> {
        match self {
            Self::Facts(facts) => Some(facts.place()),
            _ => None,
        }
    }

    /// A question with consequences.
    pub(crate) fn confirm(title: &'static str, lines: Vec<String>, decision: Decision) -> Self {
        Self::Confirm(confirm::Confirm::new(title, lines, decision))
    }

    /// What is to be copied or moved, how much it is as far as that is known, and where to.
    pub(crate) fn transfer(subject: Subject, extent: Extent, target: &str) -> Self {
        Self::Transfer(Box::new(transfer::TransferForm::new(subject, extent, target)))
    }

    /// It, if it is that one.
    pub(crate) fn as_transfer(&mut self) -> Option<&mut transfer::TransferForm> {
        match self {
            Self::Transfer(form) => Some(form),
            _ => None,
        }
    }

    /// The form of a new profile.
    pub(crate) fn new_profile() -> Self {
        Self::NewProfile(Box::new(setup::ProfileForm::new()))
    }

    /// The form of a profile that another tool knows.
    pub(crate) fn import(found: &Importable) -> Self {
        Self::NewProfile(Box::new(setup::ProfileForm::import(found)))
    }

    /// The form of all that other tools know.
    pub(crate) fn import_all(found: &[Importable]) -> Self {
        Self::NewProfile(Box::new(setup::ProfileForm::import_all(found)))
    }

    /// It, if it is that one.
    pub(crate) fn as_new_profile(&mut self) -> Option<&mut setup::ProfileForm> {
        match self {
            Self::NewProfile(form) => Some(form),
            _ => None,
        }
    }

    /// Something is counted or compared for a question: keys go nowhere until that is there.
    pub(crate) fn wait(title: &'static str, text: String) -> Self {
        Self::Wait(wait::Wait::new(title, text))
    }

    /// A failure in full: sentence and hint.
    pub(crate) fn message(title: &str, lines: Vec<String>) -> Self {
        Self::Info(info::Info::new(title, lines.into_iter().map(|line| (String::new(), line)).collect()))
    }
}
