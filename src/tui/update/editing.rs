//! Editing in the user's editor: fetched, handed over, written back. What was written is never lost.

use std::time::Duration;

use super::super::dialog::{Dialog, Editing, Purpose, Unsaved, Why};
use super::super::message::{Content, EditEffect, EditEvent, EditorEnd, Effect, Saving, WrittenBack};
use super::super::state::{State, Tone};
use super::browser::refresh;
use super::transfer::writable;
use crate::action::Action;
use crate::entry::{Kind, LeadsTo};
use crate::error::Result;
use crate::location::{Location, Remote};

/// What is edited at once, in bytes, at most.
const MOST: u64 = 32 << 20;

/// An editor that ends within that time may have left its work to a window of its own.
const AT_ONCE: Duration = Duration::from_secs(1);

/// Edits what is under the cursor.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    let pane = state.here();
    let Some(entry) = pane.current() else {
        state.say(Tone::Plain, "nothing here to edit");
        return Vec::new();
    };
    let (kind, place, size) = (pane.kind(entry), pane.place(entry), pane.listing.size(entry).unwrap_or(0));
    let refusal = match kind {
        Kind::Bucket | Kind::Prefix | Kind::Symlink(LeadsTo::Folder) => {
            Some("a folder cannot be edited".to_owned())
        }
        Kind::Special | Kind::Symlink(LeadsTo::Special) => {
            Some("neither a file nor a folder: it cannot be edited".to_owned())
        }
        _ if size > MOST && place.as_local().is_none() => Some(format!(
            "{} is too much to be edited in place: copy it, edit the copy",
            state.theme.units.size(size)
        )),
        _ if state.editing.is_some() => Some("something is being fetched for the editor already".to_owned()),
        _ => None,
    };
    if let Some(refusal) = refusal {
        state.say(Tone::Warning, refusal);
        return Vec::new();
    }
    match place {
        Location::Remote(object) => {
            if !writable(state, &Location::Remote(object.clone())) {
                return Vec::new();
            }
            state.editing = Some(Location::Remote(object.clone()));
            vec![Effect::Edit(EditEffect::Fetch(object))]
        }
        Location::Local(file) => {
            let place = Location::Local(file.clone());
            vec![Effect::Editor(Box::new(Editing { place, file, base: None }))]
        }
        Location::Profile(_) => Vec::new(),
    }
}

/// Something happened to what is edited.
pub(super) fn happened(state: &mut State, event: EditEvent) -> Vec<Effect> {
    match event {
        EditEvent::Fetched(object, found) => fetched(state, object, found),
        EditEvent::Left(editing, end) => left(state, editing, end),
        EditEvent::Examined(editing, end, content) => examined(state, editing, end, content),
        EditEvent::Touched(editing) => touched(state, editing),
        EditEvent::Saved(editing, result) => saved(state, editing, result),
        EditEvent::Found(copies) => {
            left_behind(state, copies);
            Vec::new()
        }
    }
}

/// The object is there, or could not be had.
fn fetched(state: &mut State, object: Remote, editing: Result<Box<Editing>>) -> Vec<Effect> {
    if state.editing.as_ref() != Some(&Location::Remote(object)) {
        return Vec::new();
    }
    state.editing = None;
    match editing {
        Ok(editing) => vec![Effect::Editor(editing)],
        Err(error) => {
            state.fail(&error);
            Vec::new()
        }
    }
}

/// The editor was left, or could not be started.
fn left(state: &mut State, editing: Box<Editing>, end: EditorEnd) -> Vec<Effect> {
    if editing.base.is_some() {
        return vec![Effect::Edit(EditEffect::Examine(editing, end))];
    }
    match end {
        EditorEnd::Done(_) => {}
        EditorEnd::NotFound(error) | EditorEnd::Failed(error) => state.fail(&error),
    }
    let parent = editing.place.parent();
    refresh(state, parent.as_slice(), None)
}

/// What the editor has made of the copy of an object.
fn examined(
    state: &mut State,
    editing: Box<Editing>,
    end: EditorEnd,
    content: Result<Content>,
) -> Vec<Effect> {
    let why = match (content, end) {
        (Err(error), _) => Why::Refused(error),
        // Nothing is lost, and there is nothing to decide.
        (Ok(Content::Same), EditorEnd::NotFound(error)) => {
            state.fail(&error);
            return vec![Effect::Edit(EditEffect::Drop(editing))];
        }
        (Ok(_), EditorEnd::NotFound(error) | EditorEnd::Failed(error)) => Why::EditorFailed(error),
        (Ok(Content::Empty), EditorEnd::Done(_)) => Why::Emptied,
        (Ok(Content::Same), EditorEnd::Done(after)) if after < AT_ONCE => Why::StillOpen,
        (Ok(Content::Same | Content::Changed), EditorEnd::Done(_)) => {
            return save(state, editing, Saving::IfUnchanged);
        }
    };
    let effects = match why {
        Why::StillOpen => vec![Effect::Edit(EditEffect::Watch(editing.clone()))],
        _ => Vec::new(),
    };
    state.dialogs.push(Dialog::unsaved(editing, why));
    effects
}

/// A copy was changed that an editor may still have open.
fn touched(state: &mut State, editing: Box<Editing>) -> Vec<Effect> {
    let waits = |dialog: &Dialog| matches!(dialog, Dialog::Unsaved(dialog) if dialog.waits_for(&editing));
    let before = state.dialogs.len();
    state.dialogs.retain(|dialog| !waits(dialog));
    if state.dialogs.len() == before { Vec::new() } else { save(state, editing, Saving::WhileOpen) }
}

/// Asks what becomes of copies that earlier runs left behind.
fn left_behind(state: &mut State, copies: Vec<Editing>) {
    for editing in copies.into_iter().rev() {
        state.dialogs.push(Dialog::unsaved(Box::new(editing), Why::LeftBehind));
    }
}

fn save(state: &mut State, editing: Box<Editing>, saving: Saving) -> Vec<Effect> {
    state.saving += 1;
    vec![Effect::Edit(EditEffect::Save(editing, saving))]
}

/// It is written back, or could not be.
fn saved(state: &mut State, editing: Box<Editing>, result: Result<WrittenBack>) -> Vec<Effect> {
    state.saving = state.saving.saturating_sub(1);
    match result {
        Err(error) => {
            state.dialogs.push(Dialog::unsaved(editing, Why::Refused(error)));
            Vec::new()
        }
        Ok(WrittenBack { new, kept }) => {
            let copy =
                if kept { format!("; the copy stays in {}", editing.file.display()) } else { String::new() };
            let parent = editing.place.parent();
            if new {
                state.say(Tone::Plain, format!("{} is written back{copy}", editing.place));
                return refresh(state, parent.as_slice(), None);
            }
            state.say(Tone::Plain, format!("nothing was changed{copy}"));
            Vec::new()
        }
    }
}

/// What becomes of an edited object that is not written back.
pub(super) fn decided(state: &mut State, editing: Box<Editing>, choice: Unsaved) -> Vec<Effect> {
    match choice {
        Unsaved::Again => vec![Effect::Editor(editing)],
        Unsaved::Upload => save(state, editing, Saving::IfUnchanged),
        Unsaved::Overwrite => save(state, editing, Saving::Overwrite),
        Unsaved::Closed => vec![Effect::Edit(EditEffect::Examine(editing, EditorEnd::Done(Duration::MAX)))],
        Unsaved::Keep => keep(state, editing),
        Unsaved::SaveAs => {
            let key = editing.place.as_remote().map(|remote| remote.key.clone()).unwrap_or_default();
            state.unsaved = Some(editing);
            state.dialogs.push(Dialog::input(Purpose::SaveEdited, "Save as (key in the same bucket)", &key));
            Vec::new()
        }
    }
}

/// The copy stays, and the user is told where.
fn keep(state: &mut State, editing: Box<Editing>) -> Vec<Effect> {
    state.say(Tone::Warning, format!("kept in {}", editing.file.display()));
    vec![Effect::Edit(EditEffect::Keep(editing))]
}

/// Another key was typed.
pub(super) fn save_as(state: &mut State, key: &str) -> Vec<Effect> {
    let Some(editing) = state.unsaved.take() else { return Vec::new() };
    save(state, editing, Saving::As(key.to_owned()))
}

/// No other key was typed: the file stays.
pub(super) fn not_saved_as(state: &mut State) {
    if let Some(editing) = state.unsaved.take() {
        state.say(Tone::Warning, format!("kept in {}", editing.file.display()));
    }
}

/// Esc while it is fetched.
pub(super) fn cancel(state: &mut State) -> bool {
    let stopped = state.editing.take().is_some();
    if stopped {
        let key = state.config.keys.label(Action::Edit);
        state.say(Tone::Plain, format!("not edited; {key} fetches it again"));
    }
    stopped
}
