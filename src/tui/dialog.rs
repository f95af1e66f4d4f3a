//! The dialogs: each has state, takes keys, draws itself. A dialog never causes an effect; it ends with a
//! [`Decision`] that `update` turns into effects.

mod batch;
mod confirm;
mod conflict;
mod facts;
mod failures;
mod field;
mod help;
mod info;
mod input;
mod link;
mod links;
mod pick;
mod profiles;
mod properties;
mod sync;
#[cfg(test)]
mod tests;
mod typed;
mod unsaved;
mod uploads;
mod versions;
mod viewer;
mod window;

pub(super) use batch::Old;
pub(super) use facts::Property;
pub(super) use pick::{Choice, Item};
pub(super) use unsaved::{Base, Editing, Unsaved};
pub(super) use uploads::{Chosen, Uploads};
pub(super) use versions::Versions;
pub(super) use viewer::{Chunk, Wanted};

use std::collections::HashSet;
use std::ffi::OsString;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::layout::Rect;

use super::theme::Theme;
use crate::action::{Action, Screen};
use crate::config::Keys;
use crate::links::LinkRequest;
use crate::location::{Location, Remote};
use crate::s3::{Attributes, Change, ObjectId, Upload, Version, Versioning};
use crate::sync::Plan;
use crate::transfer::{Answer, Conflict, Failure, TransferId, Unfinished};
use crate::walk::Target;
use crate::walk::versions::Scope;

/// What the user decided; ends the dialog.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decision {
    /// The text of an input line, and what it was asked for.
    Text(Purpose, String),
    /// Delete these.
    Delete(Vec<Target>),
    /// The answer to a conflict.
    Conflict(TransferId, Answer),
    /// Stop the transfer that asks.
    CancelTransfer(TransferId),
    /// Sign a link with these options.
    Link(Box<LinkRequest>),
    /// Show this profile (`None`: local files) in the pane that asked.
    Profile(Option<String>),
    /// Put the shown links on the clipboard once more.
    CopyText(String),
    /// Print the shown links as plain lines.
    PrintPlain(String),
    /// A row of a list.
    Chosen(pick::Choice),
    /// Forget a bookmark.
    RemoveBookmark(Location),
    /// What to look for in the viewer is to be typed.
    AskSearch,
    /// Try these links.
    TestLinks(Vec<super::message::Link>),
    /// Find the unfinished uploads again.
    FindUploads,
    /// Ask whether the chosen uploads are to be aborted.
    AskAbort,
    /// Abort these: number and upload.
    AbortUploads(Vec<(usize, Upload)>),
    /// The unfinished uploads are no longer of interest.
    LeaveUploads,
    /// What becomes of an edited object that could not be written back.
    Unsaved(Box<Editing>, Unsaved),
    /// Give these entries new names.
    RenameMany(Vec<(OsString, String)>),
    /// Take back the last deed.
    Undo,
    /// Change properties of these.
    Change(Vec<Target>, Box<Change>),
    /// Ask whether a bucket is to keep versions.
    AskVersioning(Remote, bool),
    /// Let it keep them, or not.
    Versioning(Remote, bool),
    /// Find the versions again.
    FindVersions,
    /// Find those of everything around.
    WidenVersions,
    /// The versions are no longer of interest.
    LeaveVersions,
    /// Make the chosen versions the newest.
    RestoreVersions,
    /// Copy them to the other pane.
    CopyVersions,
    /// Ask whether they are to be deleted.
    AskDeleteVersions,
    /// Delete these for good.
    DeleteVersions(Vec<ObjectId>),
    /// Ask for the name before all of them go.
    AskPurge,
    /// Delete all of them.
    Purge(Scope),
    /// Do these steps.
    Sync(Box<Plan>),
    /// Try what failed of a transfer again: all of it, or one by its number.
    Retry(TransferId, Option<u64>),
    /// Go on with these.
    Resume(Vec<Unfinished>),
    /// Quit although transfers run.
    Quit,
}

/// What an input line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Filter the listing (every change counts at once, see [`Outcome::Changed`]).
    Filter,
    /// Jump to a name (likewise).
    Jump,
    /// Mark by glob.
    Mark,
    /// Unmark by glob.
    Unmark,
    /// Go to a location.
    GoTo,
    /// New folder or bucket.
    New,
    /// What to look for in the viewer.
    Search,
    /// New name.
    Rename,
    /// The key that an edited object is written to.
    SaveEdited,
    /// A storage class by its name.
    StorageClass,
    /// Days, and how soon.
    Restore,
    /// Bytes a second of a transfer.
    Limit(TransferId),
}

/// What a key did to a dialog.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// It goes on.
    Stay,
    /// The text of a live input changed; it goes on.
    Changed(Purpose, String),
    /// It was dismissed.
    Close(Option<Purpose>),
    /// It is decided and closes.
    Decide(Decision),
    /// Something is to be done while it stays open (copy again, print).
    Do(Decision),
}

/// The dialog on top of the stack has the keyboard.
#[derive(Debug)]
pub(crate) enum Dialog {
    /// A line of input.
    Input(input::Prompt),
    /// A question with consequences.
    Confirm(confirm::Confirm),
    /// A target exists.
    Conflict(Box<conflict::ConflictDialog>),
    /// The options of a link.
    Link(Box<link::LinkForm>),
    /// Signed links.
    Links(links::Links),
    /// The choice of a profile.
    Profiles(profiles::Profiles),
    /// Unfinished uploads.
    Uploads(uploads::Uploads),
    /// Versions of objects.
    Versions(versions::Versions),
    /// An edited object could not be written back.
    Unsaved(unsaved::UnsavedDialog),
    /// Many new names.
    Batch(Box<batch::Batch>),
    /// Headers, metadata and tags.
    Properties(Box<properties::Properties>),
    /// A question that a name answers.
    Typed(typed::Typed),
    /// A plan to approve.
    Sync(Box<sync::SyncDialog>),
    /// What failed of a transfer.
    Failures(failures::Failures),
    /// Every key.
    Help(help::Help),
    /// Properties.
    Facts(Box<facts::Facts>),
    /// A failure.
    Info(info::Info),
    /// A file or an object.
    Viewer(Box<viewer::Viewer>),
    /// A list to choose from by typing.
    Pick(pick::Pick),
}

impl Dialog {
    /// A line of input. `label` says what is wanted; `text` is there already, with the cursor at its end.
    pub(crate) fn input(purpose: Purpose, label: &str, text: &str) -> Self {
        Self::Input(input::Prompt::new(purpose, label, text))
    }

    /// "Delete N objects, SIZE?" `what` names the only target or counts them; `files`, `bytes` are exact.
    pub(crate) fn confirm_delete(targets: Vec<Target>, what: &str, files: u64, bytes: u64) -> Self {
        Self::Confirm(confirm::Confirm::delete(targets, what, files, bytes))
    }

    /// "N transfers are not finished; go on with them?"
    pub(crate) fn confirm_resume(unfinished: Vec<Unfinished>) -> Self {
        Self::Confirm(confirm::Confirm::resume(unfinished))
    }

    /// "N transfers are running; quit?"
    pub(crate) fn confirm_quit(running: usize) -> Self {
        Self::Confirm(confirm::Confirm::quit(running))
    }

    /// "Abort N unfinished uploads, SIZE?" `busy`: transfers run, whose uploads may be among them.
    pub(crate) fn confirm_abort(place: &Location, chosen: Chosen, busy: bool) -> Self {
        Self::Confirm(confirm::Confirm::abort(place, chosen, busy))
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

    /// The versions of these keys, their times in `zone`.
    pub(crate) fn versions(scope: Scope, zone: TimeZone) -> Self {
        Self::Versions(versions::Versions::new(scope, zone))
    }

    /// It, if it is that one.
    pub(crate) fn as_versions(&mut self) -> Option<&mut versions::Versions> {
        match self {
            Self::Versions(versions) => Some(versions),
            _ => None,
        }
    }

    /// "Delete N versions for good?"
    pub(crate) fn confirm_versions(versions: &[Version]) -> Self {
        Self::Confirm(confirm::Confirm::versions(versions))
    }

    /// A question that only `name` answers.
    pub(crate) fn typed(title: &'static str, lines: &[String], name: &str, decision: Decision) -> Self {
        Self::Typed(typed::Typed::new(title, lines, name, decision))
    }

    /// Overwrite, skip, newer, rename; for this one or for all.
    pub(crate) fn conflict(id: TransferId, conflict: Conflict) -> Self {
        Self::Conflict(Box::new(conflict::ConflictDialog::new(id, conflict, TimeZone::system())))
    }

    /// The link's options, starting from `request`.
    pub(crate) fn link(request: LinkRequest) -> Self {
        Self::Link(Box::new(link::LinkForm::new(request)))
    }

    /// Signed links: the URLs on screen, when they end (local time) and why, warnings, the clipboard's notice.
    pub(crate) fn links(links: Vec<super::message::Link>) -> Self {
        Self::Links(links::Links::new(links, &TimeZone::system()))
    }

    /// Tells an open links dialog what became of the copy; others ignore it.
    pub(crate) fn set_notice(&mut self, outcome: &crate::clipboard::Outcome) {
        if let Self::Links(links) = self {
            links.set_notice(outcome);
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

    /// A file or an object of `size` bytes; `view` tells its answers from those to others.
    pub(crate) fn viewer(location: Location, size: u64, view: u64) -> Self {
        Self::Viewer(Box::new(viewer::Viewer::new(location, size, view)))
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

    /// It, if it is that one about this transfer.
    pub(crate) fn as_failures(&mut self, id: TransferId) -> Option<&mut failures::Failures> {
        match self {
            Self::Failures(failures) if failures.id() == id => Some(failures),
            _ => None,
        }
    }

    /// The transfer whose question it is.
    pub(crate) fn asks_for(&self) -> Option<TransferId> {
        match self {
            Self::Conflict(conflict) => Some(conflict.id()),
            _ => None,
        }
    }

    /// The profiles (name, provider's title, endpoint or origin) and "local files".
    pub(crate) fn profiles(profiles: Vec<(String, String, String)>, current: Option<&str>) -> Self {
        Self::Profiles(profiles::Profiles::new(profiles, current))
    }

    /// What would make one place like another, row by row; deleting is off.
    pub(crate) fn sync(plan: Plan) -> Self {
        Self::Sync(Box::new(sync::SyncDialog::new(plan)))
    }

    /// Every action and its keys, by group; made from the table.
    pub(crate) fn help(keys: &Keys) -> Self {
        Self::Help(help::Help::new(keys))
    }

    /// Properties of a place; of a bucket with its versioning, if that is known.
    pub(crate) fn facts(place: Location, rows: Vec<Property>, versioning: Option<Versioning>) -> Self {
        Self::Facts(Box::new(facts::Facts::new(place, rows, versioning)))
    }

    /// "What you wrote is safe in FILE": edit again, overwrite, save as, keep.
    pub(crate) fn unsaved(editing: Box<Editing>, error: &crate::error::Error) -> Self {
        Self::Unsaved(unsaved::UnsavedDialog::new(editing, error))
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

    /// A failure in full: sentence and hint.
    pub(crate) fn message(title: &str, lines: Vec<String>) -> Self {
        Self::Info(info::Info::new(title, lines.into_iter().map(|line| (String::new(), line)).collect()))
    }

    /// A key for it. Text fields get the plain characters; Esc closes; Ctrl-H is Backspace.
    pub(crate) fn on_key(&mut self, key: KeyEvent, keys: &Keys) -> Outcome {
        if key.kind == KeyEventKind::Release {
            return Outcome::Stay;
        }
        let ctrl_c = key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL;
        if key.code == KeyCode::Esc || ctrl_c {
            return self.dismiss();
        }
        match self {
            Self::Input(input) => return input.on_key(key),
            Self::Link(link) => return link.on_key(key),
            Self::Pick(pick) => return pick.on_key(key),
            Self::Typed(typed) => return typed.on_key(key),
            Self::Batch(batch) => return batch.on_key(key),
            Self::Properties(properties) => return properties.on_key(key),
            _ => {}
        }
        let action = keys.action(Screen::Dialog, key.into());
        if action == Some(Action::Quit) || action == Some(Action::Cancel) {
            return self.dismiss();
        }
        match self {
            Self::Confirm(confirm) => confirm.on_key(key, action),
            Self::Conflict(conflict) => conflict.on_key(key),
            Self::Links(links) => links.on_key(key, action),
            Self::Uploads(uploads) => uploads.on_key(key, keys),
            Self::Versions(versions) => versions.on_key(key, keys),
            Self::Profiles(profiles) => profiles.on_key(key, action),
            Self::Sync(sync) => sync.on_key(key, action),
            Self::Failures(failures) => failures.on_key(key, action),
            Self::Help(_) if action == Some(Action::Help) || key.code == KeyCode::Enter => {
                Outcome::Close(None)
            }
            Self::Help(help) => help.on_action(action),
            Self::Unsaved(unsaved) => unsaved.on_key(key),
            Self::Facts(facts) => facts.on_key(key, action),
            Self::Info(_) if key.code == KeyCode::Enter => Outcome::Close(None),
            Self::Info(info) => info.on_action(action),
            Self::Viewer(viewer) => viewer.on_key(key, action),
            Self::Input(_)
            | Self::Link(_)
            | Self::Pick(_)
            | Self::Typed(_)
            | Self::Properties(_)
            | Self::Batch(_) => Outcome::Stay,
        }
    }

    /// What Esc does. A question of a transfer cannot be left open for ever: it stops the transfer.
    fn dismiss(&self) -> Outcome {
        match self {
            Self::Input(input) => Outcome::Close(Some(input.purpose())),
            Self::Conflict(conflict) => Outcome::Decide(Decision::CancelTransfer(conflict.id())),
            Self::Uploads(_) => Outcome::Decide(Decision::LeaveUploads),
            Self::Versions(_) => Outcome::Decide(Decision::LeaveVersions),
            Self::Unsaved(unsaved) => unsaved.decide(Unsaved::Keep),
            _ => Outcome::Close(None),
        }
    }

    /// Pasted text; control characters are dropped.
    pub(crate) fn on_paste(&mut self, text: &str) -> Outcome {
        match self {
            Self::Input(input) => input.on_paste(text),
            Self::Link(link) => link.on_paste(text),
            Self::Pick(pick) => pick.on_paste(text),
            Self::Typed(typed) => typed.on_paste(text),
            Self::Batch(batch) => batch.on_paste(text),
            Self::Properties(properties) => properties.on_paste(text),
            _ => Outcome::Stay,
        }
    }

    /// Draws it over `area` (the whole screen, or whatever is left above the status line).
    pub(crate) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        match self {
            Self::Input(dialog) => dialog.draw(frame, area, theme),
            Self::Confirm(dialog) => dialog.draw(frame, area, theme),
            Self::Conflict(dialog) => dialog.draw(frame, area, theme),
            Self::Link(dialog) => dialog.draw(frame, area, theme),
            Self::Links(dialog) => dialog.draw(frame, area, theme),
            Self::Uploads(dialog) => dialog.draw(frame, area, theme),
            Self::Versions(dialog) => dialog.draw(frame, area, theme),
            Self::Batch(dialog) => dialog.draw(frame, area, theme),
            Self::Unsaved(dialog) => dialog.draw(frame, area, theme),
            Self::Properties(dialog) => dialog.draw(frame, area, theme),
            Self::Typed(dialog) => dialog.draw(frame, area, theme),
            Self::Profiles(dialog) => dialog.draw(frame, area, theme),
            Self::Sync(dialog) => dialog.draw(frame, area, theme),
            Self::Failures(dialog) => dialog.draw(frame, area, theme),
            Self::Help(dialog) => dialog.draw(frame, area, theme),
            Self::Facts(dialog) => dialog.draw(frame, area, theme),
            Self::Info(dialog) => dialog.draw(frame, area, theme),
            Self::Viewer(dialog) => dialog.draw(frame, area, theme),
            Self::Pick(dialog) => dialog.draw(frame, area, theme),
        }
    }

    /// Keys that matter now: key and word, for the status line.
    pub(crate) fn hints(&self, keys: &Keys) -> Vec<(String, &'static str)> {
        let hints = match self {
            Self::Uploads(_) => return uploads::Uploads::hints(keys),
            Self::Versions(_) => return versions::Versions::hints(keys),
            Self::Facts(facts) => return facts.hints(keys),
            Self::Batch(_) => batch::Batch::hints(),
            Self::Unsaved(_) => unsaved::UnsavedDialog::hints(),
            Self::Properties(_) => properties::Properties::hints(),
            Self::Typed(_) => typed::Typed::hints(),
            Self::Input(input) => input.hints(),
            Self::Confirm(_) => confirm::Confirm::hints(),
            Self::Conflict(_) => conflict::ConflictDialog::hints(),
            Self::Link(_) => link::LinkForm::hints(),
            Self::Links(_) => links::Links::hints(),
            Self::Profiles(_) => profiles::Profiles::hints(),
            Self::Sync(_) => sync::SyncDialog::hints(),
            Self::Failures(_) => failures::Failures::hints(),
            Self::Viewer(_) => viewer::Viewer::hints(),
            Self::Pick(pick) => pick.hints(),
            Self::Help(_) | Self::Info(_) => vec![("PgDn", "more"), ("Esc", "close")],
        };
        hints.into_iter().map(|(key, word)| (key.to_owned(), word)).collect()
    }
}

/// A time where the user is, with the zone's name: links are sent to people elsewhere.
fn local_time(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}
