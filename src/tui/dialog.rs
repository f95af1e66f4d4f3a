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
mod open;
mod pick;
mod profiles;
mod properties;
mod setup;
mod share;
mod sync;
#[cfg(test)]
mod tests;
mod typed;
mod unsaved;
mod uploads;
mod usage;
mod versions;
mod viewer;
mod window;

pub(super) use batch::Old;
pub(super) use decision::{Decision, Outcome, Purpose};
pub(super) use facts::Property;
pub(super) use given::{Given, GivenOut, Sort};
pub(super) use pick::{Choice, Item};
pub(super) use share::Order;
pub(super) use unsaved::{Base, Editing, Unsaved};
pub(super) use uploads::{Chosen, Uploads};
pub(super) use usage::{Measured, Share};
pub(super) use versions::Versions;
pub(super) use viewer::{Chunk, Laid, Laying, Wanted};

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
    /// New profiles.
    NewProfile(Box<setup::ProfileForm>),
}

impl Dialog {
    /// A key for it. Text fields get the plain characters; Esc closes; Ctrl-H is Backspace.
    pub(crate) fn on_key(&mut self, key: KeyEvent, keys: &Keys) -> Outcome {
        if key.kind == KeyEventKind::Release {
            return Outcome::Stay;
        }
        let ctrl_c = key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL;
        if key.code == KeyCode::Esc || ctrl_c {
            if let Self::Help(help) = self
                && help.clear()
            {
                return Outcome::Stay;
            }
            return self.dismiss();
        }
        match self {
            Self::Input(input) => return input.on_key(key),
            Self::Link(link) => return link.on_key(key),
            Self::Share(share) => return share.on_key(key),
            Self::Pick(pick) => return pick.on_key(key),
            Self::Typed(typed) => return typed.on_key(key),
            Self::Batch(batch) => return batch.on_key(key),
            Self::Properties(properties) => return properties.on_key(key),
            Self::NewProfile(form) => return form.on_key(key),
            Self::Help(help) if help.is_typing() => return help.on_key(key),
            _ => {}
        }
        let action = keys.action(self.screen(), key.into());
        if action == Some(Action::Quit) || action == Some(Action::Cancel) {
            return self.dismiss();
        }
        match self {
            Self::Confirm(confirm) => confirm.on_key(key, action),
            Self::Conflict(conflict) => conflict.on_key(key),
            Self::Links(links) => links.on_key(key, action),
            Self::Uploads(uploads) => uploads.on_key(key, keys),
            Self::Versions(versions) => versions.on_key(action),
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
            Self::Viewer(viewer) => viewer.on_key(action),
            Self::Given(given) => given.on_key(key, action),
            Self::Usage(usage) => usage.on_key(key, action),
            Self::Input(_)
            | Self::Link(_)
            | Self::NewProfile(_)
            | Self::Pick(_)
            | Self::Share(_)
            | Self::Typed(_)
            | Self::Properties(_)
            | Self::Batch(_) => Outcome::Stay,
        }
    }

    /// A click: the row of a list that is at the cell gets the cursor. Whether there is one.
    pub(crate) fn on_click(&mut self, cell: Position) -> bool {
        match self {
            Self::Failures(failures) => failures.on_click(cell),
            Self::Given(given) => given.on_click(cell),
            Self::Pick(pick) => pick.on_click(cell),
            Self::Profiles(profiles) => profiles.on_click(cell),
            Self::Sync(sync) => sync.on_click(cell),
            Self::Uploads(uploads) => uploads.on_click(cell),
            Self::Usage(usage) => usage.on_click(cell),
            Self::Versions(versions) => versions.on_click(cell),
            _ => false,
        }
    }

    /// Whether a second click on a row takes it, as Enter does: elsewhere Enter is about all rows, or closes.
    pub(crate) fn takes_rows(&self) -> bool {
        matches!(self, Self::Pick(_) | Self::Profiles(_) | Self::Usage(_))
    }

    /// Lines that the wheel moves by: in forms each is another field.
    pub(crate) fn wheel(&self) -> usize {
        match self {
            Self::Batch(_)
            | Self::Conflict(_)
            | Self::Input(_)
            | Self::Link(_)
            | Self::NewProfile(_)
            | Self::Properties(_)
            | Self::Share(_) => 1,
            _ => 3,
        }
    }

    /// Whose keys it takes.
    fn screen(&self) -> Screen {
        match self {
            Self::Versions(_) => Screen::Versions,
            Self::Viewer(_) => Screen::Viewer,
            _ => Screen::Dialog,
        }
    }

    /// What Esc does. A question of a transfer cannot be left open for ever: it stops the transfer.
    fn dismiss(&mut self) -> Outcome {
        match self {
            Self::NewProfile(form) => form.dismiss(),
            Self::Input(input) => Outcome::Close(Some(input.purpose())),
            Self::Conflict(conflict) => Outcome::Decide(Decision::CancelTransfer(conflict.id())),
            Self::Uploads(_) => Outcome::Decide(Decision::LeaveUploads),
            Self::Usage(_) => Outcome::Decide(Decision::LeaveUsage),
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
            Self::Share(share) => share.on_paste(text),
            Self::Pick(pick) => pick.on_paste(text),
            Self::Typed(typed) => typed.on_paste(text),
            Self::Batch(batch) => batch.on_paste(text),
            Self::Properties(properties) => properties.on_paste(text),
            Self::NewProfile(form) => form.on_paste(text),
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
        }
    }

    /// Keys that matter now: key and word, for the status line.
    pub(crate) fn hints(&self, keys: &Keys) -> Vec<(String, &'static str)> {
        let hints = match self {
            Self::Uploads(_) => return uploads::Uploads::hints(keys),
            Self::Versions(_) => return versions::Versions::hints(keys),
            Self::Viewer(_) => return viewer::Viewer::hints(keys),
            Self::Facts(facts) => return facts.hints(keys),
            Self::Help(help) => return help.hints(keys),
            Self::Batch(_) => batch::Batch::hints(),
            Self::Unsaved(_) => unsaved::UnsavedDialog::hints(),
            Self::Properties(_) => properties::Properties::hints(),
            Self::Typed(_) => typed::Typed::hints(),
            Self::Input(input) => input.hints(),
            Self::Confirm(_) => confirm::Confirm::hints(),
            Self::Conflict(_) => conflict::ConflictDialog::hints(),
            Self::Link(_) => link::LinkForm::hints(),
            Self::Share(_) => share::ShareForm::hints(),
            Self::Given(_) => given::GivenOut::hints(),
            Self::Usage(_) => usage::Usage::hints(),
            Self::Links(_) => links::Links::hints(),
            Self::Profiles(_) => profiles::Profiles::hints(),
            Self::Sync(_) => sync::SyncDialog::hints(),
            Self::Failures(_) => failures::Failures::hints(),
            Self::Pick(pick) => pick.hints(),
            Self::NewProfile(form) => form.hints(),
            Self::Info(_) => vec![("PgDn", "more"), ("Esc", "close")],
        };
        hints.into_iter().map(|(key, word)| (key.to_owned(), word)).collect()
    }
}
