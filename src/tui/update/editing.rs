//! Editing in the user's editor: fetched, handed over, written back. What was written is never lost.

use super::super::dialog::{Dialog, Editing, Purpose, Unsaved};
use super::super::message::{Effect, Saving};
use super::super::state::{State, Tone};
use super::browser::refresh;
use super::transfer::writable;
use crate::action::Action;
use crate::entry::Kind;
use crate::error::Result;
use crate::location::{Location, Remote};

/// What is edited at once, in bytes, at most.
const MOST: u64 = 32 << 20;

/// Edits what is under the cursor.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    let pane = state.here();
    let Some(entry) = pane.current() else {
        state.say(Tone::Plain, "nothing here to edit");
        return Vec::new();
    };
    let (kind, place, size) = (pane.kind(entry), pane.place(entry), pane.listing.size(entry).unwrap_or(0));
    let refusal = match kind {
        Kind::Bucket | Kind::Prefix => Some("a folder cannot be edited".to_owned()),
        Kind::Special => Some("neither a file nor a folder: it cannot be edited".to_owned()),
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
            vec![Effect::FetchForEditor(object)]
        }
        Location::Local(file) => {
            let place = Location::Local(file.clone());
            vec![Effect::Editor(Box::new(Editing { place, file, base: None }))]
        }
        Location::Profile(_) => Vec::new(),
    }
}

/// The object is there, or could not be had.
pub(super) fn fetched(state: &mut State, object: Remote, editing: Result<Box<Editing>>) -> Vec<Effect> {
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
pub(super) fn left(state: &mut State, editing: Box<Editing>, result: Result<()>) -> Vec<Effect> {
    if let Err(error) = result {
        state.fail(&error);
        // What an editor that failed has written counts all the same.
    }
    if editing.base.is_none() {
        let parent = editing.place.parent();
        return refresh(state, parent.as_slice(), None);
    }
    save(state, editing, Saving::IfUnchanged)
}

fn save(state: &mut State, editing: Box<Editing>, saving: Saving) -> Vec<Effect> {
    state.saving += 1;
    vec![Effect::SaveEdited(editing, saving)]
}

/// It is written back (`false`: there was nothing to write), or could not be.
pub(super) fn saved(state: &mut State, editing: Box<Editing>, result: Result<bool>) -> Vec<Effect> {
    state.saving = state.saving.saturating_sub(1);
    match result {
        Err(error) => {
            state.dialogs.push(Dialog::unsaved(editing, &error));
            Vec::new()
        }
        Ok(false) => {
            state.say(Tone::Plain, "nothing was changed");
            Vec::new()
        }
        Ok(true) => {
            state.say(Tone::Plain, format!("{} is written back", editing.place));
            let parent = editing.place.parent();
            refresh(state, parent.as_slice(), None)
        }
    }
}

/// What becomes of an edited object that could not be written back.
pub(super) fn decided(state: &mut State, editing: Box<Editing>, choice: Unsaved) -> Vec<Effect> {
    match choice {
        Unsaved::Again => vec![Effect::Editor(editing)],
        Unsaved::Overwrite => save(state, editing, Saving::Overwrite),
        Unsaved::Keep => {
            state.say(Tone::Warning, format!("kept in {}", editing.file.display()));
            Vec::new()
        }
        Unsaved::SaveAs => {
            let key = editing.place.as_remote().map(|remote| remote.key.clone()).unwrap_or_default();
            state.unsaved = Some(editing);
            state.dialogs.push(Dialog::input(Purpose::SaveEdited, "Save as (key in the same bucket)", &key));
            Vec::new()
        }
    }
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
