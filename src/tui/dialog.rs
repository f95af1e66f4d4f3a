//! The dialogs: each has state, takes keys, draws itself. A dialog never causes an effect; it ends with a
//! [`Decision`] that `update` turns into effects.

mod batch;
mod confirm;
mod conflict;
mod decision;
mod facts;
mod failures;
mod field;
mod given;
mod help;
mod info;
mod input;
mod link;
mod links;
mod masked;
mod offer;
mod open;
mod pick;
mod profiles;
mod properties;
mod setup;
mod share;
mod stack;
mod sync;
#[cfg(test)]
mod tests;
mod transfer;
mod typed;
mod unlock;
mod unsaved;
mod uploads;
mod usage;
mod versions;
mod viewer;
mod wait;
mod window;

pub(super) use batch::Old;
pub(super) use decision::{Decision, Outcome, Purpose};
pub(super) use facts::Property;
pub(super) use given::{Given, GivenOut, Sort};
pub(super) use input::Prompt;
pub(super) use pick::{Choice, Item};
pub(super) use share::Order;
pub(super) use stack::{Dialogs, Pending, Refusal, Unseen};
pub(super) use transfer::{Subject, TransferForm};
pub(super) use typed::Word;
pub(super) use unsaved::{Base, Editing, Unsaved, Why};
pub(super) use uploads::{Chosen, Uploads};
pub(super) use usage::{Measured, Share};
pub(super) use versions::Versions;
pub(super) use viewer::{Chunk, Laid, Laying, Unpacking, Wanted};

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::theme::Theme;
use crate::action::{Action, Screen};
use crate::config::Keys;

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
    /// The options of a protected link.
    Share(Box<share::ShareForm>),
    /// What was given out.
    Given(given::GivenOut),
    /// How much is where.
    Usage(Box<usage::Usage>),
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
    /// A copy or a move before it starts.
    Transfer(Box<transfer::TransferForm>),
    /// New profiles.
    NewProfile(Box<setup::ProfileForm>),
    /// The passphrase of the sealed secrets.
    Unlock(unlock::Unlock),
    /// Earlier transfers are not finished.
    Offer(Box<offer::Offer>),
    /// Something is counted for a question.
    Wait(wait::Wait),
}

impl Dialog {
    /// A key for it. Text fields get the plain characters; Esc and Ctrl-C close it whatever else is bound.
    pub(crate) fn on_key(&mut self, key: KeyEvent, keys: &Keys) -> Outcome {
        if key.kind == KeyEventKind::Release {
            return Outcome::Stay;
        }
        if is_dismissal(key) {
            return self.dismiss();
        }
        self.act(key, keys.action(self.screen(), key.into()))
    }

    /// One row up or down, or what a double click takes, whatever keys that has.
    pub(crate) fn on_pointer(&mut self, act: Step) -> Outcome {
        let action = match (act, self.screen() == Screen::Form) {
            (Step::Up, true) => Action::FormPrevious,
            (Step::Up, false) => Action::DialogUp,
            (Step::Down, true) => Action::FormNext,
            (Step::Down, false) => Action::DialogDown,
            (Step::Take, true) => Action::FormAccept,
            (Step::Take, false) => Action::DialogAccept,
        };
        self.act(KeyCode::Null.into(), Some(action))
    }

    /// A key and what it means.
    fn act(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        match self {
            Self::Input(input) => input.on_key(key, action),
            Self::Link(link) => link.on_key(key, action),
            Self::Share(share) => share.on_key(key, action),
            Self::Pick(pick) => pick.on_key(key, action),
            Self::Typed(typed) => typed.on_key(key, action),
            Self::Batch(batch) => batch.on_key(key, action),
            Self::Properties(properties) => properties.on_key(key, action),
            Self::NewProfile(form) => form.on_key(key, action),
            Self::Unlock(unlock) => unlock.on_key(key, action),
            Self::Transfer(form) => form.on_key(key, action),
            Self::Help(help) if help.is_typing() => help.on_key(key, action),
            _ => action.map_or(Outcome::Stay, |action| self.on_action(action)),
        }
    }

    /// What is wanted of one without a field of text.
    pub(crate) fn on_action(&mut self, action: Action) -> Outcome {
        match action {
            Action::Quit if matches!(self, Self::Help(_) | Self::Viewer(_)) => return Outcome::Close(None),
            Action::Quit | Action::Cancel | Action::Interrupt => return self.dismiss(),
            Action::Palette => return Outcome::Do(Decision::Palette(self.screen())),
            Action::Help => return Outcome::Do(Decision::Help),
            _ => {}
        }
        match self {
            Self::Confirm(confirm) => confirm.on_action(action),
            Self::Conflict(conflict) => conflict.on_action(action),
            Self::Links(links) => links.on_action(action),
            Self::Uploads(uploads) => uploads.on_action(action),
            Self::Versions(versions) => versions.on_action(action),
            Self::Profiles(profiles) => profiles.on_action(action),
            Self::Sync(sync) => sync.on_action(action),
            Self::Failures(failures) => failures.on_action(action),
            Self::Help(help) => help.on_action(action),
            Self::Unsaved(unsaved) => unsaved.on_action(action),
            Self::Offer(offer) => offer.on_action(action),
            Self::Facts(facts) => facts.on_action(action),
            Self::Info(info) => info.on_action(action),
            Self::Viewer(viewer) => viewer.on_action(action),
            Self::Given(given) => given.on_action(action),
            Self::Usage(usage) => usage.on_action(action),
            // A form takes what is meant together with its key.
            _ => Outcome::Stay,
        }
    }

    /// A click: the row of a list that is at the cell gets the cursor. Whether it had it already; `None`: no row is there.
    pub(crate) fn on_click(&mut self, cell: Position) -> Option<bool> {
        match self {
            Self::Failures(failures) => failures.on_click(cell),
            Self::Given(given) => given.on_click(cell),
            Self::Pick(pick) => pick.on_click(cell),
            Self::Profiles(profiles) => profiles.on_click(cell),
            Self::Sync(sync) => sync.on_click(cell),
            Self::Uploads(uploads) => uploads.on_click(cell),
            Self::Usage(usage) => usage.on_click(cell),
            Self::Versions(versions) => versions.on_click(cell),
            _ => None,
        }
    }

    /// Whether a second click on a row takes it, as Enter does: elsewhere Enter is about all rows, or closes.
    pub(crate) fn takes_rows(&self) -> bool {
        matches!(self, Self::Pick(_) | Self::Profiles(_) | Self::Usage(_) | Self::Versions(_))
    }

    /// Lines that the wheel moves by: in forms each is another field, a line of input has none.
    pub(crate) fn wheel(&self) -> usize {
        match self {
            Self::Input(_) | Self::Transfer(_) | Self::Unlock(_) => 0,
            Self::Batch(_)
            | Self::Conflict(_)
            | Self::Link(_)
            | Self::NewProfile(_)
            | Self::Properties(_)
            | Self::Share(_) => 1,
            _ => 3,
        }
    }

    /// Whether no key in it changes anything without a question of its own.
    pub(crate) fn only_shows(&self) -> bool {
        matches!(
            self,
            Self::Links(_)
                | Self::Facts(_)
                | Self::Usage(_)
                | Self::Failures(_)
                | Self::Given(_)
                | Self::Help(_)
                | Self::Unlock(_)
                | Self::Viewer(_)
        )
    }

    /// Whether it is a line that acts while it is typed, in the place of what is said.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self, Self::Input(input) if input.is_live())
    }

    /// Whether what it is answered with changes or ends something: that takes somebody who has seen it.
    pub(crate) fn is_question(&self) -> bool {
        match self {
            Self::Confirm(_)
            | Self::Conflict(_)
            | Self::Typed(_)
            | Self::Unsaved(_)
            | Self::Sync(_)
            | Self::Transfer(_)
            | Self::Offer(_) => true,
            Self::Input(_)
            | Self::Unlock(_)
            | Self::Link(_)
            | Self::Links(_)
            | Self::Share(_)
            | Self::Given(_)
            | Self::Usage(_)
            | Self::Profiles(_)
            | Self::Uploads(_)
            | Self::Versions(_)
            | Self::Batch(_)
            | Self::Properties(_)
            | Self::Failures(_)
            | Self::Help(_)
            | Self::Facts(_)
            | Self::Info(_)
            | Self::Viewer(_)
            | Self::Pick(_)
            | Self::NewProfile(_)
            | Self::Wait(_) => false,
        }
    }

    /// Whose keys it takes.
    pub(crate) fn screen(&self) -> Screen {
        match self {
            Self::Versions(_) => Screen::Versions,
            Self::Viewer(_) => Screen::Viewer,
            Self::Uploads(_) => Screen::Uploads,
            Self::Given(_) => Screen::Given,
            Self::Links(_) => Screen::Links,
            Self::Usage(_) => Screen::Usage,
            Self::Failures(_) => Screen::Failures,
            Self::Sync(_) => Screen::Sync,
            Self::Confirm(_) => Screen::Confirm,
            Self::Conflict(_) => Screen::Conflict,
            Self::Unsaved(_) => Screen::Unsaved,
            Self::Offer(_) => Screen::Unfinished,
            Self::Help(help) if help.is_typing() => Screen::Form,
            Self::Profiles(_) | Self::Help(_) | Self::Facts(_) | Self::Info(_) | Self::Wait(_) => {
                Screen::Dialog
            }
            Self::Input(_)
            | Self::Link(_)
            | Self::NewProfile(_)
            | Self::Unlock(_)
            | Self::Pick(_)
            | Self::Share(_)
            | Self::Typed(_)
            | Self::Properties(_)
            | Self::Transfer(_)
            | Self::Batch(_) => Screen::Form,
        }
    }

    /// What Esc does. A question of a transfer cannot be left open for ever: it stops the transfer.
    fn dismiss(&mut self) -> Outcome {
        match self {
            Self::Help(help) => help.dismiss(),
            Self::NewProfile(form) => form.dismiss(),
            Self::Viewer(viewer) => viewer.dismiss(),
            Self::Input(input) => Outcome::Close(Some(input.purpose())),
            Self::Conflict(conflict) => Outcome::Decide(Decision::CancelTransfer(conflict.id())),
            Self::Transfer(_) => Outcome::Decide(Decision::LeaveProposal),
            Self::Uploads(_) => Outcome::Decide(Decision::LeaveUploads),
            Self::Usage(_) => Outcome::Decide(Decision::LeaveUsage),
            Self::Versions(_) => Outcome::Decide(Decision::LeaveVersions),
            Self::Wait(_) => Outcome::Decide(Decision::StopWaiting),
            Self::Unsaved(unsaved) => unsaved.decide(Unsaved::Keep),
            _ => Outcome::Close(None),
        }
    }

    /// Pasted text; control characters are dropped.
    pub(crate) fn on_paste(&mut self, text: &str) -> Outcome {
        match self {
            Self::Input(input) => input.on_paste(text),
            Self::Link(link) => link.on_paste(text),
            Self::Share(share) => share.on_paste(text),
            Self::Pick(pick) => pick.on_paste(text),
            Self::Typed(typed) => typed.on_paste(text),
            Self::Batch(batch) => batch.on_paste(text),
            Self::Properties(properties) => properties.on_paste(text),
            Self::NewProfile(form) => form.on_paste(text),
            Self::Unlock(unlock) => unlock.on_paste(text),
            Self::Transfer(form) => form.on_paste(text),
            Self::Help(help) => help.on_paste(text),
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
            Self::Share(dialog) => dialog.draw(frame, area, theme),
            Self::Given(dialog) => dialog.draw(frame, area, theme),
            Self::Usage(dialog) => dialog.draw(frame, area, theme),
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
            Self::NewProfile(dialog) => dialog.draw(frame, area, theme),
            Self::Unlock(dialog) => dialog.draw(frame, area, theme),
            Self::Offer(dialog) => dialog.draw(frame, area, theme),
            Self::Wait(dialog) => dialog.draw(frame, area, theme),
            Self::Transfer(dialog) => dialog.draw(frame, area, theme),
        }
    }

    /// Keys that matter now: key and word, for the status line.
    pub(crate) fn hints(&self, keys: &Keys) -> Vec<(String, &'static str)> {
        let (hints, close): (&[Hint], _) = match self {
            Self::Help(help) => return help.hints(keys),
            Self::Pick(pick) => return pick.hints(keys),
            Self::Facts(facts) => (&facts.hints(), "close"),
            Self::Input(input) => (input.hints(), "cancel"),
            Self::NewProfile(form) => form.hints(),
            Self::Unlock(unlock) => unlock.hints(),
            Self::Transfer(form) => (form.hints(), "cancel"),
            Self::Uploads(_) => (uploads::HINTS, "close"),
            Self::Versions(_) => (versions::HINTS, "close"),
            Self::Viewer(viewer) => (viewer::HINTS, if viewer.is_busy() { "stop" } else { "close" }),
            Self::Batch(_) => (batch::HINTS, "cancel"),
            Self::Unsaved(unsaved) => (unsaved.hints(), ""),
            Self::Properties(_) => (properties::HINTS, "cancel"),
            Self::Typed(_) => (typed::HINTS, "cancel"),
            Self::Confirm(_) => (confirm::HINTS, "cancel"),
            Self::Conflict(_) => (conflict::HINTS, "cancel the transfer"),
            Self::Link(_) => (link::HINTS, "cancel"),
            Self::Share(_) => (share::HINTS, "cancel"),
            Self::Given(_) => (given::HINTS, "close"),
            Self::Usage(_) => (usage::HINTS, "stop, close"),
            Self::Links(_) => (links::HINTS, "close"),
            Self::Profiles(_) => (profiles::HINTS, "cancel"),
            Self::Sync(_) => (sync::HINTS, "leave"),
            Self::Failures(_) => (failures::HINTS, "close"),
            Self::Info(_) => (info::HINTS, "close"),
            Self::Offer(_) => (offer::HINTS, "ask at the next start"),
            Self::Wait(_) => (&[], "stop"),
        };
        let esc = (!close.is_empty()).then(|| ("Esc".to_owned(), close));
        hints.iter().map(|(actions, word)| (label(keys, actions), *word)).chain(esc).collect()
    }
}

/// Whether a key closes a dialog whatever else is bound.
fn is_dismissal(key: KeyEvent) -> bool {
    let ctrl_c = key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL;
    key.code == KeyCode::Esc || ctrl_c
}

/// What the mouse does in a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Up,
    Down,
    Take,
}

/// Actions whose keys are shown, and the word for them.
type Hint = (&'static [Action], &'static str);

/// The first key of each.
fn label(keys: &Keys, actions: &[Action]) -> String {
    let labels = actions.iter().map(|action| keys.label(*action)).filter(|label| !label.is_empty());
    labels.collect::<Vec<_>>().join(" ")
}
