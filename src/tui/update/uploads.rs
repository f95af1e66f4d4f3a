//! Unfinished uploads: the dialog that finds, measures and aborts them.

use super::super::dialog::{Dialog, Uploads};
use super::super::message::{Effect, UploadsEffect, UploadsEvent};
use super::super::state::{State, Tone};
use super::super::text;
use super::delete::failures;
use super::transfer::writable;
use crate::error::Error;
use crate::s3::Upload;

/// Shows those below this pane's place.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    let place = state.here().location.clone();
    let Some(profile) = state.profile(&place) else {
        state.say(Tone::Plain, "only a provider keeps unfinished uploads; this pane shows local files");
        return Vec::new();
    };
    let lists_all = profile.provider.lists_all_uploads;
    state.dialogs.push(Dialog::uploads(place, lists_all));
    find(state)
}

/// The dialog, also below another one.
fn dialog(state: &mut State) -> Option<&mut Uploads> {
    state.dialogs.iter_mut().rev().find_map(Dialog::as_uploads)
}

/// Finds them, from the start.
pub(super) fn find(state: &mut State) -> Vec<Effect> {
    state.search += 1;
    let search = state.search;
    let Some(dialog) = dialog(state) else { return Vec::new() };
    dialog.restart();
    vec![Effect::Uploads { search, effect: UploadsEffect::Find(dialog.place().clone()) }]
}

/// The dialog was closed: what it waits for is dropped. Aborts go on, and tell their end.
pub(super) fn leave(state: &mut State) -> Vec<Effect> {
    state.search += 1;
    vec![Effect::Uploads { search: state.search, effect: UploadsEffect::Forget }]
}

/// Something is known.
pub(super) fn happened(state: &mut State, search: u64, event: UploadsEvent) -> Vec<Effect> {
    if let UploadsEvent::Aborted { gone, failed } = &event {
        state.aborting = state.aborting.saturating_sub(gone + failed.len());
        tell(state, *gone, failed);
    }
    if search != state.search {
        return Vec::new();
    }
    let Some(dialog) = dialog(state) else { return Vec::new() };
    match event {
        UploadsEvent::Found(batch, now) => dialog.found(batch, now),
        UploadsEvent::Begun(here) => dialog.begun(here),
        UploadsEvent::End => dialog.end(),
        UploadsEvent::Held(number, held) => dialog.held(number, held),
        UploadsEvent::Gone(numbers) => dialog.gone(&numbers),
        UploadsEvent::Aborted { failed, .. } => dialog.tried(failed.len()),
    }
    Vec::new()
}

fn tell(state: &mut State, gone: usize, failed: &[Error]) {
    if failed.is_empty() {
        let uploads = if gone == 1 { "upload" } else { "uploads" };
        state.say(Tone::Plain, format!("{} {uploads} aborted", text::thousands(gone)));
        return;
    }
    let rest = if gone > 0 { ", the rest is gone" } else { "" };
    let heading = format!("{} could not be aborted{rest}", text::thousands(failed.len()));
    state.dialogs.push(Dialog::message("Not aborted", failures(heading, failed.iter())));
}

/// Finds out what the chosen ones hold, for the question whether to abort them.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    let Some(place) = dialog(state).map(|dialog| dialog.place().clone()) else { return Vec::new() };
    if writable(state, &place) && !dialog(state).is_some_and(Uploads::ask) {
        state.say(Tone::Plain, "nothing here to abort");
    }
    Vec::new()
}

/// It was agreed to.
pub(super) fn abort(state: &mut State, uploads: Vec<(usize, Upload)>) -> Vec<Effect> {
    let search = state.search;
    let Some(dialog) = dialog(state) else { return Vec::new() };
    dialog.aborting(uploads.len());
    let profile = dialog.place().profile().unwrap_or_default().to_owned();
    state.aborting += uploads.len();
    vec![Effect::Uploads { search, effect: UploadsEffect::Abort { profile, uploads } }]
}

/// What follows from any change: the question whose figures are all known, and the next uploads to measure.
pub(super) fn settle(state: &mut State) -> Vec<Effect> {
    let (search, busy) = (state.search, state.snapshot.is_busy());
    let Some(dialog) = state.dialogs.last_mut().and_then(Dialog::as_uploads) else { return Vec::new() };
    let place = dialog.place().clone();
    let profile = place.profile().unwrap_or_default().to_owned();
    let measured = dialog.measure().into_iter().map(|(number, upload)| {
        let effect = UploadsEffect::Measure { profile: profile.clone(), number, upload };
        Effect::Uploads { search, effect }
    });
    let effects = measured.collect();
    if let Some(chosen) = dialog.answer() {
        state.dialogs.push(Dialog::confirm_abort(&place, chosen, busy, &state.theme.units));
    }
    effects
}
