//! Deleting: counted first, asked about, done by the outside.

use super::super::dialog::{Decision, Dialog, Pending, Word};
use super::super::message::{Effect, Task};
use super::super::state::{Deletion, Job, State, Tone};
use super::super::text;
use super::browser::refresh;
use super::transfer::writable;
use super::{dialogs, properties, undo, versions};
use crate::action::Action;
use crate::entry::Kind;
use crate::error::{Error, Kind as Failure, Result};
use crate::location::Location;
use crate::sanitize::display_safe;
use crate::walk::{Target, Total};

/// Deleting more files or objects than this at once takes more than a yes.
pub(super) const GREAT: usize = 1000;
/// Entries that a question names which has to leave room for a field.
const NAMED: usize = 8;

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
    // How much is below a folder nobody can tell who has not counted.
    let tree = targets.iter().any(|target| target.tree);
    if state.config.ui.confirm_delete || bucket || tree || targets.len() > GREAT {
        return count(state, Job::Delete, targets, None);
    }
    if let Some(left_out) = state.left_out.take() {
        state.say(Tone::Warning, left_out);
    }
    delete(state, targets)
}

/// Counts what a question is to be about: what is to be deleted, or what `task` would change. Keys wait for the question.
pub(super) fn count(
    state: &mut State,
    job: Job,
    targets: Vec<Target>,
    task: Option<Box<Task>>,
) -> Vec<Effect> {
    (state.deletion, state.job, state.counted) = (Some(Deletion::Counting), job, task);
    let (_, done) = job.words();
    state.dialogs.push(Dialog::wait("Counting", format!("counting what would be {done}")));
    vec![Effect::Count(targets)]
}

/// Whether something goes on already that takes long and is no transfer; says so.
pub(super) fn is_busy(state: &mut State) -> bool {
    let busy = free(state);
    if let Err(error) = &busy {
        state.say(Tone::Warning, error.to_string());
    }
    busy.is_err()
}

/// Says what goes on already that takes long and is no transfer, if something does.
pub(super) fn free(state: &State) -> Result<()> {
    if state.deletion.is_none() {
        return Ok(());
    }
    let (doing, _) = state.job.words();
    let key = state.config.keys.label(Action::Cancel);
    Err(Error::new(Failure::Usage, format!("still {doing}; {key} stops that")))
}

/// It is known how much it is: ask.
pub(super) fn counted(state: &mut State, targets: Vec<Target>, total: Result<Total>) -> Vec<Effect> {
    if state.deletion != Some(Deletion::Counting) {
        return Vec::new();
    }
    state.deletion = None;
    dialogs::waited(state);
    match (total, state.counted.take()) {
        (Ok(total), Some(task)) => properties::counted(state, task, total),
        (Ok(total), None) => {
            return decide(state, targets, total);
        }
        (Err(error), _) => {
            let (_, done) = state.job.words();
            state.fail(&error.context(format!("nothing was {done}, because it could not be counted")));
        }
    }
    Vec::new()
}

/// Asks about what was counted, or deletes it at once where the configuration wants no question. Much, and buckets that
/// are not empty, are asked about whatever it says: their name or their number has to be typed.
fn decide(state: &mut State, mut targets: Vec<Target>, total: Total) -> Vec<Effect> {
    let buckets = targets.iter().filter(|target| is_bucket(target)).count();
    let great = total.files > GREAT as u64;
    // Of a bucket that was empty nothing but the bucket itself goes, whatever has come into it since.
    if total.files == 0 {
        for bucket in targets.iter_mut().filter(|target| is_bucket(target)) {
            bucket.tree = false;
        }
    }
    if !state.config.ui.confirm_delete && buckets == 0 && !great {
        if let Some(left_out) = state.left_out.take() {
            state.say(Tone::Warning, left_out);
        }
        return delete(state, targets);
    }
    let what = with_links(words(&targets, total), total);
    let how_much = how_much(state, &targets, total);
    let dialog = if great || (buckets > 0 && total.files > 0) {
        let word = match targets.as_slice() {
            [one] if buckets == 1 => Word::Name(one.location.name()),
            _ => Word::Count(total.files),
        };
        let mut lines = vec![format!("Delete {what}?"), how_much, String::new()];
        lines.extend(targets.iter().take(NAMED).map(|target| target.location.to_string()));
        if targets.len() > NAMED {
            lines.push(format!("and {} more", text::thousands(targets.len() - NAMED)));
        }
        lines.push(String::new());
        Dialog::typed("Delete", &lines, word, Decision::Delete(targets))
    } else {
        Dialog::confirm_delete(targets, &what, &how_much)
    };
    state.dialogs.push(dialog.leaving_out(state.left_out.as_deref()));
    Vec::new()
}

/// "12 files, 3.4 kB"; of buckets what is emptied first, and what is removed then.
fn how_much(state: &State, targets: &[Target], total: Total) -> String {
    let count =
        |count: u64, one: &str| format!("{} {one}{}", text::count(count), if count == 1 { "" } else { "s" });
    let bytes = state.theme.units.size(total.bytes);
    let buckets = targets.iter().filter(|target| is_bucket(target)).count() as u64;
    match (buckets, total.files) {
        (0, files) => format!("{}, {bytes}", count(files, "file")),
        (buckets, 0) => count(buckets, "empty bucket"),
        (buckets, files) => {
            format!("{}, {bytes}, first; then {}", count(files, "object"), count(buckets, "bucket"))
        }
    }
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

fn is_bucket(target: &Target) -> bool {
    matches!(&target.location, Location::Remote(remote) if remote.key.is_empty())
}

fn words(targets: &[Target], total: Total) -> String {
    match targets {
        [target] if is_bucket(target) && total.files == 0 => {
            format!("the empty bucket {}", display_safe(&target.location.name()))
        }
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
    if let [(_, error)] = failed
        && state.dialogs.settle(Pending::Change, false)
    {
        state.fail(error);
        return stale(state);
    }
    state.dialogs.settle(Pending::Change, true);
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
            dialogs::waited(state);
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
