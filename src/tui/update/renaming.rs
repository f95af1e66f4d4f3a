//! New names for one entry or for many, without ever replacing anything.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use super::super::dialog::{Dialog, Old, Purpose};
use super::super::message::{Effect, Touches};
use super::super::pane::Pane;
use super::super::state::{State, Tone};
use super::super::text;
use super::browser::refresh;
use super::delete::failures;
use super::transfer::writable;
use super::undo::Undo;
use crate::action::Action;
use crate::entry::Kind;
use crate::error::Error;
use crate::location::Location;
use crate::transfer::{Item, OnConflict, Request, Verb};

/// Names of a listing that new ones are held against; of a longer one that is left to the move itself.
const COMPARED: usize = 100_000;

/// Asks for a new name of the entry under the cursor, or for those of all that are marked.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    let pane = state.here();
    let (at, chosen) = (pane.location.clone(), pane.chosen());
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
    let exact = pane.name(first);
    let text = exact.to_string_lossy();
    let (within, name) = split(&text);
    let input = Dialog::input(Purpose::Rename, "New name", name);
    let (within, name) = (within.to_owned(), name.to_owned());
    state.renaming =
        Some(Old { entry: exact.to_owned(), within, name, folder: pane.kind(first).is_container() });
    state.dialogs.push(input);
    Vec::new()
}

/// The folder in which an entry is, with its slash, and its own name: what was found may be anywhere below.
fn split(entry: &str) -> (&str, &str) {
    let entry = entry.strip_suffix('/').unwrap_or(entry);
    entry.split_at(entry.rfind('/').map_or(0, |slash| slash + 1))
}

/// What an entry is called once its own name is `to`.
fn renamed_to(from: &OsStr, to: &str) -> OsString {
    let bytes = from.as_bytes();
    let (bare, slash) = bytes.strip_suffix(b"/").map_or((bytes, ""), |bare| (bare, "/"));
    let folder = bare.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    OsString::from_vec([&bare[..folder], to.as_bytes(), slash.as_bytes()].concat())
}

fn ask_many(state: &mut State, chosen: &[u32]) -> Vec<Effect> {
    let pane = state.here();
    let mut old = Vec::with_capacity(chosen.len());
    for entry in chosen {
        let exact = pane.name(*entry);
        let Some(name) = exact.to_str() else {
            let text = "a marked name is not UTF-8: rename that one by itself";
            state.say(Tone::Error, text);
            return Vec::new();
        };
        let folder = pane.kind(*entry).is_container();
        let (within, name) = split(name);
        old.push(Old { entry: exact.to_owned(), within: within.to_owned(), name: name.to_owned(), folder });
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
pub(super) fn typed(state: &mut State, to: &str) -> Vec<Effect> {
    let Some(old) = state.renaming.take() else { return Vec::new() };
    let to = to.strip_suffix('/').filter(|_| old.folder).unwrap_or(to);
    if to.is_empty() || to.contains('/') {
        let key = state.config.keys.label(Action::Move);
        state
            .say(Tone::Error, format!("a name cannot be empty or hold a `/`; {key} moves to another folder"));
        return Vec::new();
    }
    rename(state, vec![(old.entry, to.to_owned())])
}

/// Gives entries of this pane other names, where they are: exact old ones, and new ones without a slash.
pub(super) fn rename(state: &mut State, names: Vec<(OsString, String)>) -> Vec<Effect> {
    let at = state.here().location.clone();
    let names: Vec<(OsString, OsString)> = names
        .into_iter()
        .map(|(from, to)| {
            let to = renamed_to(&from, &to);
            (from, to)
        })
        .filter(|(from, to)| from != to)
        .collect();
    if names.is_empty() {
        return Vec::new();
    }
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
    state.here_mut().listing.unmark_all();
    let mut places: Vec<Location> = items.iter().filter_map(|item| item.to.parent()).collect();
    places.push(at);
    places.dedup();
    let request = Request { verb: Verb::Move, items, on_conflict: OnConflict::Fail, ..Request::default() };
    let touches = Touches { places, seek, undoable: true, ..Touches::default() };
    vec![Effect::Submit { request: Box::new(request), touches }]
}

/// Local names were changed, or could not be.
pub(super) fn renamed(
    state: &mut State,
    at: &Location,
    done: Vec<(OsString, OsString)>,
    failed: &[Error],
    undoable: bool,
) -> Vec<Effect> {
    match failed {
        [] => {}
        [one] if done.is_empty() => state.fail(one),
        several => {
            let heading = format!("{} could not be renamed", text::thousands(several.len()));
            state.dialogs.push(Dialog::message("Not renamed", failures(heading, several.iter())));
        }
    }
    let seek = done.first().map(|(_, to)| to.clone());
    let folder = |(_, to): &(OsString, OsString)| at.join(to).parent();
    let mut places: Vec<Location> = done.iter().filter_map(folder).chain([at.clone()]).collect();
    places.dedup();
    if undoable && !done.is_empty() {
        state.remember(Undo::Renamed(at.clone(), done));
    }
    let here = state.focus;
    state.here_mut().listing.unmark_all();
    refresh(state, &places, seek.as_deref().map(|name| (here, name)))
}
