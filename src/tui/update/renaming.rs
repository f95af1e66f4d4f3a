//! New names for one entry or for many, without ever replacing anything.

use std::collections::HashSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use super::super::dialog::{Dialog, Old, Pending, Purpose};
use super::super::message::{Effect, Touches};
use super::super::pane::Pane;
use super::super::state::{State, Tone};
use super::super::text;
use super::browser::refresh;
use super::delete::failures;
use super::dialogs::Asked;
use super::transfer::writable;
use super::undo::Undo;
use crate::action::Action;
use crate::entry::Kind;
use crate::error::{Error, Kind as Failure, Result};
use crate::location::Location;
use crate::transfer::{FileOutcome, FileStatus, Item, OnConflict, Request, Summary, TransferId, Verb};

/// Names of a listing that new ones are held against; of a longer one that is left to the move itself.
const COMPARED: usize = 100_000;

/// Asks for a new name of the entry under the cursor, or for those of all that are marked.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    let chosen = state.selection();
    let pane = state.here();
    let at = pane.location.clone();
    let Some(first) = chosen.first().copied() else {
        state.say(Tone::Plain, "nothing here to rename");
        return Vec::new();
    };
    if pane.kind(first) == Kind::Bucket {
        let key = state.config.keys.label(Action::Copy);
        state.say(
            Tone::Warning,
            format!("buckets cannot be renamed; make a new one and copy ({key}) into it"),
        );
        return Vec::new();
    }
    if !writable(state, &at) {
        return Vec::new();
    }
    if chosen.len() > 1 {
        return ask_many(state, &chosen);
    }
    let pane = state.here();
    let old = Old::new(pane.name(first), pane.kind(first).is_container());
    state.dialogs.push(Dialog::input(Purpose::Rename, "New name", &old.name));
    state.renaming = Some(old);
    Vec::new()
}

fn ask_many(state: &mut State, chosen: &[u32]) -> Vec<Effect> {
    let pane = state.here();
    let mut old = Vec::with_capacity(chosen.len());
    for entry in chosen {
        let name = pane.name(*entry);
        if name.to_str().is_none() {
            state.say(Tone::Error, "a marked name is not UTF-8: rename that one by itself");
            return Vec::new();
        }
        old.push(Old::new(name, pane.kind(*entry).is_container()));
    }
    let taken = taken(pane, &old);
    state.dialogs.push(Dialog::batch(old, taken));
    Vec::new()
}

/// The other names of the listing.
fn taken(pane: &Pane, old: &[Old]) -> HashSet<String> {
    if pane.listing.len() > COMPARED {
        return HashSet::new();
    }
    let renamed: HashSet<&OsString> = old.iter().map(|old| &old.entry).collect();
    let all = (0..u32::try_from(pane.listing.len()).unwrap_or(u32::MAX)).map(|entry| pane.name(entry));
    let others = all.filter(|name| !renamed.contains(&name.to_os_string()));
    others.map(|name| name.to_string_lossy().trim_end_matches('/').to_owned()).collect()
}

/// A new name was typed.
pub(super) fn typed(state: &mut State, to: &str) -> Result<Asked> {
    let Some(old) = state.renaming.clone() else { return Ok(Vec::new().into()) };
    let to = to.strip_suffix('/').filter(|_| old.folder).unwrap_or(to);
    if to.is_empty() || to.contains('/') {
        let key = state.config.keys.label(Action::Move);
        let why = format!("a name cannot be empty or hold a `/`; {key} moves to another folder");
        return Err(Error::new(Failure::Usage, why));
    }
    if to == old.name {
        return Ok(Vec::new().into());
    }
    let new = old.renamed(to);
    Ok(Asked::Waits(Pending::Rename, rename(state, vec![(old.entry, new)])))
}

/// Gives entries of this pane other names, where they are.
pub(super) fn rename(state: &mut State, names: Vec<(OsString, OsString)>) -> Vec<Effect> {
    let at = state.here().location.clone();
    if at.as_local().is_some() {
        return vec![Effect::Rename { at, names, undoable: true }];
    }
    let tree = |name: &OsString| name.as_bytes().ends_with(b"/");
    let item = |(from, to): &(OsString, OsString)| Item {
        from: at.join(from),
        to: at.join(to),
        tree: tree(from),
        known: None,
    };
    let items: Vec<Item> = names.iter().map(item).collect();
    let seek = names.into_iter().next().map(|(_, to)| to);
    state.here_mut().listing.unmark_seen();
    let mut places: Vec<Location> = items.iter().filter_map(|item| item.to.parent()).collect();
    places.push(at);
    places.dedup();
    let request = Request { verb: Verb::Move, items, on_conflict: OnConflict::Fail, ..Request::default() };
    let verb = Verb::Move;
    let touches = Touches { places, seek, undoable: true, renames: true, verb, ..Touches::default() };
    vec![Effect::Submit { request: Box::new(request), touches }]
}

/// A file of a transfer ended. The first one that a renaming has moved shows that the new name is taken.
pub(super) fn moved(state: &mut State, id: TransferId, outcome: &FileOutcome) {
    let Some(touches) = state.touches.get_mut(&id).filter(|touches| touches.renames) else { return };
    match (outcome.status, &outcome.error) {
        (FileStatus::Done, _) => drop(state.dialogs.settle(Pending::Rename, true)),
        (FileStatus::Failed, Some(error)) if touches.refused.is_none() => {
            touches.refused = Some(error.to_string());
        }
        _ => {}
    }
}

/// A renaming is over: the form that asked for it stays if nothing came of it. Why that is, if it stays.
pub(super) fn ended(state: &mut State, id: TransferId, summary: &Summary) -> Option<String> {
    let touches = state.touches.get_mut(&id).filter(|touches| touches.renames)?;
    let refused = touches.refused.take().or_else(|| summary.error.as_ref().map(ToString::to_string));
    let failed = summary.files == 0 && refused.is_some();
    let stays = state.dialogs.settle(Pending::Rename, !failed) && failed;
    refused.filter(|_| stays)
}

/// Local names were changed, or could not be.
pub(super) fn renamed(
    state: &mut State,
    at: &Location,
    done: Vec<(OsString, OsString)>,
    failed: &[Error],
    undoable: bool,
) -> Vec<Effect> {
    // Where some names were changed, those that were asked for are no longer what a form says.
    let waits = state.dialogs.settle(Pending::Rename, failed.is_empty() || !done.is_empty());
    match failed {
        [] => {}
        [one] if done.is_empty() => state.fail(one),
        [first, ..] if done.is_empty() && waits => {
            let all = text::thousands(failed.len());
            state.fail(&first.clone().context(format!("none of the {all} could be renamed, the first")));
        }
        several => {
            let heading = format!("{} could not be renamed", text::thousands(several.len()));
            state.dialogs.push(Dialog::message("Not renamed", failures(heading, several.iter())));
        }
    }
    let seek = done.first().map(|(_, to)| to.clone());
    let folders = |(from, to): &(OsString, OsString)| [at.join(from).parent(), at.join(to).parent()];
    let mut places: Vec<Location> = done.iter().flat_map(folders).flatten().chain([at.clone()]).collect();
    places.dedup();
    if undoable && !done.is_empty() {
        state.remember(Undo::Renamed(at.clone(), done));
    }
    let here = state.focus;
    state.here_mut().listing.unmark_seen();
    refresh(state, &places, seek.as_deref().map(|name| (here, name)))
}
