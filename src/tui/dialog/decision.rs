//! What dialogs end with: plain data that `update` turns into effects.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Choice, Editing, Given, Order, Unsaved};
use crate::action::Screen;
use crate::links::LinkRequest;
use crate::links::kit::KitRequest;
use crate::location::{Location, Remote};
use crate::s3::{Change, ObjectId, Upload};
use crate::sync::Plan;
use crate::transfer::{Answer, TransferId, Unfinished};
use crate::tui::message::{Link, Task, Wish};
use crate::tui::state::Job;
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
    /// Skip what is the same.
    SkipSame(TransferId),
    /// Stop the transfer that asks.
    CancelTransfer(TransferId),
    /// Sign a link with these options.
    Link(Box<LinkRequest>),
    /// Make an upload kit, its files into that folder.
    Kit(Box<KitRequest>, PathBuf),
    /// Go there, away from what was measured.
    JumpTo(Location),
    /// How much is where in this; `None`: in what is no folder.
    MeasureBelow(Option<Location>),
    /// And back from there.
    MeasureAbove,
    /// How much is where is no longer of interest.
    LeaveUsage,
    /// How does the place go on that was typed so far?
    Complete(String),
    /// The target of a copy or a move reads like this now.
    Aim(String),
    /// Copy or move to this target.
    Propose(String),
    /// Neither copy nor move.
    LeaveProposal,
    /// Make this protected link.
    Share(Vec<Order>),
    /// Find what was given out again.
    ListGiven,
    /// Copy the address of this once more.
    CopyGiven(Given),
    /// Show what happened to this.
    ShowGiven(Given),
    /// Ask for what is to be looked for among what was given out; this was looked for so far.
    AskSeek(String),
    /// Make the object of this kit.
    FinishGiven(Given),
    /// Ask whether this is to be ended.
    AskEndGiven(Given),
    /// End this.
    EndGiven(Given),
    /// Ask how this is to be extended.
    AskExtend(Given),
    /// Show this profile (`None`: local files) in the pane that asked.
    Profile(Option<String>),
    /// Add a profile.
    AddProfile,
    /// Import one.
    ImportProfile,
    /// Do that with what the form of new profiles says.
    SetUp(Wish),
    /// Stop doing it.
    StopSetup,
    /// Open the sealed secrets with the passphrase in the dialog.
    Unlock,
    /// Put the shown links on the clipboard once more.
    CopyText(String),
    /// Print the shown links as plain lines.
    PrintPlain(String),
    /// A row of a list.
    Chosen(Choice),
    /// Show what can be done on this screen.
    Palette(Screen),
    /// Show every key.
    Help,
    /// Forget a bookmark.
    RemoveBookmark(Location),
    /// What to look for in the viewer is to be typed.
    AskSearch,
    /// Try these links.
    TestLinks(Vec<Link>),
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
    RenameMany(Vec<(OsString, OsString)>),
    /// Take back the last deed.
    Undo,
    /// Begin this, which was counted.
    Begin(Job, Box<Task>),
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
    /// View the version under the cursor.
    ViewVersion,
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
    /// Do them although they delete much.
    SyncDeleting(Box<Plan>),
    /// Try what failed of a transfer again: all of it, or one by its number.
    Retry(TransferId, Option<u64>),
    /// Go on with these.
    Resume(Vec<Unfinished>),
    /// Forget these, by their ids.
    ForgetUnfinished(Vec<String>),
    /// Do not ask about these again.
    DeclineUnfinished(Vec<String>),
    /// Stop what is counted or compared for a question.
    StopWaiting,
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
    /// What to look for among what was given out (likewise).
    Seek,
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
    /// How long a share is to live.
    Extend,
    /// The file that a listing is written to.
    Export,
    /// What to look for below a place.
    Find,
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
    /// It is decided and closes, unless what was asked for fails: then it stays as it is.
    Ask(Decision),
    /// Something is to be done while it stays open (copy again, print).
    Do(Decision),
}
