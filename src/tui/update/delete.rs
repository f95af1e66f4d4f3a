//! Deleting: counted first, asked about, done by the outside.

use super::super::dialog::Dialog;
use super::super::message::{Effect, Task};
use super::super::state::{Deletion, Job, State, Tone};
use super::super::text;
use super::browser::refresh;
use super::transfer::writable;
use super::{properties, undo, versions};
use crate::action::Action;
use crate::entry::Kind;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::sanitize::display_safe;
use crate::walk::{Target, Total};

/// Counts what is chosen; without confirmation it goes at once, but never a bucket.
pub(super) fn start(state: &mut State) -> Vec<Effect> {
    if is_busy(state) {
        return Vec::new();
    }
    let chosen = state.selection();
    let pane = state.here();
    if chosen.is_empty() {
        state.say(Tone::Plain, "nothing here to delete");
        return Vec::new();
    }
    let place = pane.location.clone();
    let kinds = || chosen.iter().map(|entry| pane.kind(*entry));
    let bucket = kinds().any(|kind| kind == Kind::Bucket);
    let targets: Vec<Target> = chosen
        .iter()
        .map(|entry| Target { location: pane.place(*entry), tree: pane.kind(*entry).is_tree() })
        .collect();
    if !writable(state, &place) {
        return Vec::new();
    }
    if state.config.ui.confirm_delete || bucket {
        (state.deletion, state.job) = (Some(Deletion::Counting), Job::Delete);
        return vec![Effect::Count(targets)];
    }
    if let Some(left_out) = state.left_out.take() {
        state.say(Tone::Warning, left_out);
    }
    delete(state, targets)
}

/// Whether something goes on already that takes long and is no transfer; says so.
pub(super) fn is_busy(state: &mut State) -> bool {
    let busy = state.deletion.is_some();
    if busy {
        let (doing, _) = state.job.words();
        let key = state.config.keys.label(Action::Cancel);
        state.say(Tone::Warning, format!("still {doing}; {key} stops that"));
    }
    busy
}

/// It is known how much it is: ask.
pub(super) fn counted(state: &mut State, targets: Vec<Target>, total: Result<Total>) -> Vec<Effect> {
    if state.deletion != Some(Deletion::Counting) {
        return Vec::new();
    }
    state.deletion = None;
    match (total, state.counted.take()) {
        (Ok(total), Some(task)) => properties::counted(state, task, total),
        (Ok(total), None) => {
            let what = with_links(words(&targets), total);
            let bytes = state.theme.units.size(total.bytes);
            let dialog = Dialog::confirm_delete(targets, &what, total.files, &bytes);
            state.dialogs.push(dialog.leaving_out(state.left_out.as_deref()));
        }
        (Err(error), _) => {
            let (_, done) = state.job.words();
            state.fail(&error.context(format!("nothing was {done}, because it could not be counted")));
        }
    }
    Vec::new()
}

/// Says that links go as links.
fn with_links(what: String, total: Total) -> String {
    match total {
        Total { links: 0, .. } => what,
        Total { files: 1, links: 1, .. } => format!("{what}, a symbolic link: what it leads to stays"),
        Total { links: 1, .. } => format!("{what}, one symbolic link among it: what it leads to stays"),
        Total { links, .. } => {
            format!("{what}, {} symbolic links among it: what they lead to stays", text::count(links))
        }
    }
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
    begin(state, Job::Delete, places, Effect::Delete(targets))
}

/// Starts long work that changes `places`, unless some goes on already.
pub(super) fn start_task(state: &mut State, job: Job, places: Vec<Location>, task: Task) -> Vec<Effect> {
    if is_busy(state) { Vec::new() } else { begin(state, job, places, Effect::Task(Box::new(task))) }
}

/// Starts a deletion that changes `places`.
pub(super) fn begin(state: &mut State, job: Job, places: Vec<Location>, effect: Effect) -> Vec<Effect> {
    state.deletion = Some(Deletion::Deleting(0));
    state.job = job;
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
    let (_, done) = state.job.words();
    if failed.is_empty() {
        let count = if count > 0 { format!("{} {done}", text::count(count)) } else { done.to_owned() };
        state.say(Tone::Plain, count);
    } else {
        let rest = if count > 0 { format!(", the rest is {done}") } else { String::new() };
        let heading = format!("{} could not be {done}{rest}", text::thousands(failed.len()));
        let lines = failures(heading, failed.iter().map(|(_, error)| error));
        state.dialogs.push(Dialog::message(&format!("Not {done}"), lines));
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
    let (_, done) = state.job.words();
    let mut effects = vec![Effect::CancelDelete];
    match stopped {
        Deletion::Counting => {
            state.counted = None;
            state.say(Tone::Plain, format!("nothing was {done}"));
        }
        Deletion::Deleting(count) => {
            state.say(Tone::Warning, format!("stopped; about {count} were {done} already"));
            effects.extend(stale(state));
        }
    }
    Some(effects)
}

fn stale(state: &mut State) -> Vec<Effect> {
    undo::deleted(state);
    let gone = std::mem::take(&mut state.deleting);
    let mut effects = refresh(state, &gone, None);
    effects.extend(versions::outdated(state));
    effects
}
