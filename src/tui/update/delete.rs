//! Deleting: counted first, asked about, done by the outside.

use super::super::dialog::Dialog;
use super::super::message::Effect;
use super::super::state::{Deletion, State, Tone};
use super::super::text;
use super::browser::refresh;
use super::transfer::writable;
use crate::entry::Kind;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::sanitize::display_safe;
use crate::walk::{Target, Total};

/// Counts what is chosen; without confirmation it goes at once, but never a bucket.
pub(super) fn start(state: &mut State) -> Vec<Effect> {
    if state.deletion.is_some() {
        state.say(Tone::Warning, "something is being deleted already; Esc stops that");
        return Vec::new();
    }
    let pane = state.here();
    let chosen = pane.chosen();
    if chosen.is_empty() {
        state.say(Tone::Plain, "nothing here to delete");
        return Vec::new();
    }
    let place = pane.location.clone();
    let kinds = || chosen.iter().map(|entry| pane.kind(*entry));
    let bucket = kinds().any(|kind| kind == Kind::Bucket);
    let targets: Vec<Target> = chosen
        .iter()
        .map(|entry| Target { location: pane.place(*entry), tree: pane.kind(*entry).is_container() })
        .collect();
    if !writable(state, &place) {
        return Vec::new();
    }
    if state.config.ui.confirm_delete || bucket {
        state.deletion = Some(Deletion::Counting);
        return vec![Effect::Count(targets)];
    }
    delete(state, targets)
}

/// It is known how much it is: ask.
pub(super) fn counted(state: &mut State, targets: Vec<Target>, total: Result<Total>) -> Vec<Effect> {
    if state.deletion != Some(Deletion::Counting) {
        return Vec::new();
    }
    state.deletion = None;
    match total {
        Ok(total) => {
            let what = words(&targets);
            state.dialogs.push(Dialog::confirm_delete(targets, &what, total.files, total.bytes));
        }
        Err(error) => state.fail(&error.context("nothing was deleted, because it could not be counted")),
    }
    Vec::new()
}

fn words(targets: &[Target]) -> String {
    let is_bucket = |target: &Target| matches!(&target.location, Location::Remote(r) if r.key.is_empty());
    match targets {
        [target] if is_bucket(target) => {
            format!("the bucket {} and everything in it", display_safe(&target.location.name()))
        }
        [target] if target.tree => {
            format!("{}/ and everything below it", display_safe(&target.location.name()))
        }
        [target] => display_safe(&target.location.name()).into_owned(),
        several if several.iter().any(is_bucket) => {
            format!("{} buckets and everything in them", several.len())
        }
        several => format!("{} marked entries", several.len()),
    }
}

/// Deletes.
pub(super) fn delete(state: &mut State, targets: Vec<Target>) -> Vec<Effect> {
    let mut places: Vec<Location> = targets.iter().filter_map(|target| target.location.parent()).collect();
    places.extend(targets.iter().map(|target| target.location.clone()));
    begin(state, places, Effect::Delete(targets))
}

/// Starts a deletion that changes `places`.
pub(super) fn begin(state: &mut State, places: Vec<Location>, effect: Effect) -> Vec<Effect> {
    state.deletion = Some(Deletion::Deleting(0));
    state.deleting = places;
    vec![effect]
}

/// So many are gone.
pub(super) fn progress(state: &mut State, count: u64) -> Vec<Effect> {
    if matches!(state.deletion, Some(Deletion::Deleting(_))) {
        state.deletion = Some(Deletion::Deleting(count));
    }
    Vec::new()
}

/// It is over; what failed is told in full.
pub(super) fn deleted(state: &mut State, failed: &[(Location, Error)]) -> Vec<Effect> {
    let Some(Deletion::Deleting(count)) = state.deletion else { return Vec::new() };
    state.deletion = None;
    if failed.is_empty() {
        state.say(Tone::Plain, "deleted");
    } else {
        let rest = if count > 0 { ", the rest is gone" } else { "" };
        let heading = format!("{} could not be deleted{rest}", text::thousands(failed.len()));
        let lines = failures(heading, failed.iter().map(|(_, error)| error));
        state.dialogs.push(Dialog::message("Not deleted", lines));
    }
    stale(state)
}

/// A heading and the first failures with their hints.
pub(super) fn failures<'a>(heading: String, failed: impl ExactSizeIterator<Item = &'a Error>) -> Vec<String> {
    let rest = failed.len().saturating_sub(20);
    let mut lines = vec![heading];
    for error in failed.take(20) {
        lines.push(String::new());
        lines.push(error.message());
        lines.extend(error.hint());
    }
    if rest > 0 {
        lines.push(format!("and {} more", text::thousands(rest)));
    }
    lines
}

/// Esc: stops counting or deleting.
pub(super) fn cancel(state: &mut State) -> Option<Vec<Effect>> {
    let stopped = state.deletion.take()?;
    let mut effects = vec![Effect::CancelDelete];
    match stopped {
        Deletion::Counting => state.say(Tone::Plain, "nothing was deleted"),
        Deletion::Deleting(count) => {
            state.say(Tone::Warning, format!("stopped; about {count} were deleted already"));
            effects.extend(stale(state));
        }
    }
    Some(effects)
}

fn stale(state: &mut State) -> Vec<Effect> {
    let gone = std::mem::take(&mut state.deleting);
    refresh(state, |place| gone.contains(place), None)
}
