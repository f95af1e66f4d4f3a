//! What can be taken back: moves and renames by moves the other way, deletions where versions are kept.

use std::collections::HashSet;
use std::ffi::OsString;

use super::super::dialog::{Decision, Dialog};
use super::super::message::{Effect, Task, Touches};
use super::super::state::{Job, State, Tone};
use super::super::text;
use super::delete;
use super::transfer::writable;
use crate::location::{Location, Remote};
use crate::s3::ObjectId;
use crate::transfer::{
    FileOutcome, FileStatus, Item, MOST_TAKEN_BACK as FILES, OnConflict, Request, TransferId, Verb,
};

/// Deeds that are remembered.
const DEEDS: usize = 20;

/// Something that was done, and how it is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Undo {
    /// Local names in a folder: from what to what.
    Renamed(Location, Vec<(OsString, OsString)>),
    /// Files and objects: where each was, and where it is.
    Moved(Vec<(Location, Location)>),
    /// The delete markers that hide what was deleted, in one bucket.
    Deleted(Remote, Vec<ObjectId>),
    /// It was too much to be remembered.
    TooMuch,
}

impl Undo {
    fn words(&self) -> (String, Vec<String>) {
        let count = |count: usize, noun: &str| {
            format!("{} {noun}{}", text::thousands(count), if count == 1 { "" } else { "s" })
        };
        match self {
            Undo::Renamed(at, names) => {
                let line = |(from, to): &(OsString, OsString)| {
                    format!("{}  >  {}", to.to_string_lossy(), from.to_string_lossy())
                };
                let heading = format!("Take back the renaming of {} in {at}?", count(names.len(), "name"));
                (heading, names.iter().take(100).map(line).collect())
            }
            Undo::Moved(files) => (format!("Move {} back?", count(files.len(), "file")), moved(files)),
            Undo::Deleted(at, markers) => {
                let line = |id: &ObjectId| Remote { key: id.key.clone(), ..at.clone() }.to_string();
                let heading = format!("Bring back {}?", count(markers.len(), "deleted object"));
                (heading, markers.iter().take(100).map(line).collect())
            }
            Undo::TooMuch => (String::new(), Vec::new()),
        }
    }

    /// The places that taking it back changes.
    fn places(&self) -> Vec<Location> {
        let mut places: Vec<Location> = match self {
            Undo::Renamed(at, _) => vec![at.clone()],
            Undo::Moved(files) => {
                files.iter().flat_map(|(from, to)| [from.parent(), to.parent()]).flatten().collect()
            }
            Undo::Deleted(at, markers) => {
                let place = |id: &ObjectId| Location::Remote(Remote { key: id.key.clone(), ..at.clone() });
                markers.iter().filter_map(|id| place(id).parent()).collect()
            }
            Undo::TooMuch => Vec::new(),
        };
        // A tree that came or went shows in the place above it.
        let above: Vec<Location> = places.iter().filter_map(Location::parent).collect();
        places.extend(above);
        places.dedup();
        places
    }
}

/// Where each file is and where it goes, in order; first the folder that all of them are in, if there is one.
fn moved(files: &[(Location, Location)]) -> Vec<String> {
    let mut files: Vec<_> = files.iter().map(|(was, is)| (is.exact(), was.exact())).collect();
    files.sort();
    let line = |is: &str, was: &str| format!("{is}  >  {was}");
    match folder(&files) {
        Some((is, was)) => {
            let below = files.iter().take(100).map(|(file, _)| file[is.len()..].to_owned());
            [line(is, was), String::new()].into_iter().chain(below).collect()
        }
        None => files.iter().take(100).map(|(is, was)| line(is, was)).collect(),
    }
}

/// The folder that all files are in and the one that they were in, if they have the same names in both.
fn folder(files: &[(String, String)]) -> Option<(&str, &str)> {
    let (is, was) = files.first().filter(|_| files.len() > 1)?;
    let same = is.rsplit('/').zip(was.rsplit('/')).take_while(|(is, was)| is == was);
    let same: usize = same.map(|(name, _)| name.len() + 1).sum();
    let root = |file: &'_ str| (file.len() + 1).checked_sub(same).filter(|_| same > 0);
    let (is, was) = (&is[..root(is)?], &was[..root(was)?]);
    let stays = |(file, before): &(String, String)| {
        file.strip_prefix(is).is_some_and(|name| before.strip_prefix(was) == Some(name))
    };
    files.iter().all(stays).then_some((is, was))
}

impl State {
    /// Remembers what was done, so that it can be taken back.
    pub(in crate::tui) fn remember(&mut self, undo: Undo) {
        self.undo.push(undo);
        if self.undo.len() > DEEDS {
            self.undo.remove(0);
        }
    }
}

/// Asks whether the last deed is to be taken back.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    let Some(undo) = state.undo.last().cloned() else {
        state.say(
            Tone::Plain,
            "nothing to undo: moves and renames can be, and deletions where versions are kept",
        );
        return Vec::new();
    };
    if undo == Undo::TooMuch {
        state.undo.pop();
        state.say(Tone::Warning, "that was too much to be remembered; `undelete` and `mv` can take it back");
        return Vec::new();
    }
    let places = undo.places();
    if delete::is_busy(state) || !places.iter().all(|place| writable(state, place)) {
        return Vec::new();
    }
    let (heading, lines) = undo.words();
    let lines = [vec![heading, String::new()], lines].concat();
    state.dialogs.push(Dialog::confirm("Undo", lines, Decision::Undo));
    Vec::new()
}

/// Takes it back.
pub(super) fn undo(state: &mut State) -> Vec<Effect> {
    let Some(undo) = state.undo.pop() else { return Vec::new() };
    let places = undo.places();
    match undo {
        Undo::Renamed(at, names) => {
            let names = names.into_iter().map(|(from, to)| (to, from)).collect();
            vec![Effect::Rename { at, names, undoable: false }]
        }
        Undo::Moved(files) => {
            let items =
                files.into_iter().map(|(from, to)| Item { from: to, to: from, tree: false, known: None });
            let request = Request {
                verb: Verb::Move,
                items: items.collect(),
                on_conflict: OnConflict::Fail,
                ..Request::default()
            };
            let touches = Touches { places, verb: Verb::Move, ..Touches::default() };
            vec![Effect::Submit { request: Box::new(request), touches }]
        }
        Undo::Deleted(at, versions) => {
            delete::start_task(state, Job::BringBack, places, Task::DeleteVersions { at, versions })
        }
        Undo::TooMuch => Vec::new(),
    }
}

/// A transfer was taken by the engine; what an earlier run of it has moved counts, too.
pub(super) fn submitted(state: &mut State, id: TransferId, mut touches: Touches) -> Vec<Effect> {
    let moved = std::mem::take(&mut touches.moved);
    if !moved.is_empty() {
        state.moved.insert(id, moved);
    }
    state.touches.insert(id, touches);
    Vec::new()
}

/// A file of a transfer ended: one that was moved is remembered until all of it is over.
pub(super) fn file(state: &mut State, id: TransferId, outcome: &FileOutcome) {
    let undoable = state.touches.get(&id).is_some_and(|touches| touches.undoable);
    if undoable && outcome.status == FileStatus::Done {
        let moved = state.moved.entry(id).or_default();
        // One more than can be taken back says that it is too much.
        if moved.len() <= FILES {
            moved.push((outcome.source.clone(), outcome.target.clone()));
        }
    }
}

/// A transfer is over.
pub(super) fn finished(state: &mut State, id: TransferId) {
    let Some(mut moved) = state.moved.remove(&id).filter(|moved| !moved.is_empty()) else { return };
    let much = moved.len() > FILES;
    // What an earlier run was about to take away at its end was moved again: it is where it was moved last.
    let mut sources = HashSet::new();
    moved.reverse();
    moved.retain(|(from, _)| sources.insert(from.clone()));
    moved.reverse();
    state.remember(if much { Undo::TooMuch } else { Undo::Moved(moved) });
}

/// Delete markers were made.
pub(super) fn marked(state: &mut State, at: Remote, markers: Vec<ObjectId>) -> Vec<Effect> {
    let same =
        |marked: &(Remote, Vec<ObjectId>)| (&marked.0.profile, &marked.0.bucket) == (&at.profile, &at.bucket);
    match state.marked.iter_mut().find(|marked| same(marked)) {
        Some((_, all)) if all.len() <= FILES => all.extend(markers),
        Some(_) => {}
        None => state.marked.push((at, markers)),
    }
    Vec::new()
}

/// A deletion is over, or was stopped.
pub(super) fn deleted(state: &mut State) {
    for (at, markers) in std::mem::take(&mut state.marked) {
        let much = markers.len() > FILES;
        state.remember(if much { Undo::TooMuch } else { Undo::Deleted(at, markers) });
    }
}
