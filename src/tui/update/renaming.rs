//! New names for one entry or for many, without ever replacing anything.

use std::collections::HashSet;
use std::ffi::OsString;

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
    if state.here().search.is_some() {
        let key = state.config.keys.label(Action::Open);
        state.say(Tone::Plain, format!("{key} goes to where it is: rename it there"));
        return Vec::new();
    }
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
    let name = pane.name(first).to_string_lossy().into_owned();
    let name = name.strip_suffix('/').unwrap_or(&name).to_owned();
    state.dialogs.push(Dialog::input(Purpose::Rename, "New name", &name));
    Vec::new()
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
        let name = name.strip_suffix('/').unwrap_or(name).to_owned();
        old.push(Old { entry: exact.to_owned(), name, folder });
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
    let pane = state.here();
    let Some(entry) = pane.chosen().first().copied() else { return Vec::new() };
    let (from, container) = (pane.name(entry).to_owned(), pane.kind(entry).is_container());
    let to = to.strip_suffix('/').filter(|_| container).unwrap_or(to);
    if to.is_empty() || to.contains('/') {
        let key = state.config.keys.label(Action::Move);
        state
            .say(Tone::Error, format!("a name cannot be empty or hold a `/`; {key} moves to another folder"));
        return Vec::new();
    }
    rename(state, vec![(from, to.to_owned())])
}

/// Gives entries of this pane's place other names: exact old ones, and new ones without a slash.
pub(super) fn rename(state: &mut State, names: Vec<(OsString, String)>) -> Vec<Effect> {
    let at = state.here().location.clone();
    let Location::Remote(_) = &at else {
        let names = names.into_iter().map(|(from, to)| (from, to.into())).collect();
        return vec![Effect::Rename { at, names, undoable: true }];
    };
    let items: Vec<Item> = names
        .iter()
        .filter_map(|(from, to)| {
            let tree = from.to_string_lossy().ends_with('/');
            let to = OsString::from(if tree { format!("{to}/") } else { to.clone() });
            (to != *from).then(|| Item { from: at.join(from), to: at.join(&to), tree, known: None })
        })
        .collect();
    if items.is_empty() {
        return Vec::new();
    }
    let seek = names.first().map(|(from, to)| {
        let slash = if from.to_string_lossy().ends_with('/') { "/" } else { "" };
        OsString::from(format!("{to}{slash}"))
    });
    state.here_mut().listing.unmark_all();
    let request = Request { verb: Verb::Move, items, on_conflict: OnConflict::Fail, ..Request::default() };
    let touches = Touches { places: vec![at], seek, undoable: true, ..Touches::default() };
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
    if undoable && !done.is_empty() {
        state.remember(Undo::Renamed(at.clone(), done));
    }
    let here = state.focus;
    state.here_mut().listing.unmark_all();
    refresh(state, std::slice::from_ref(at), seek.as_deref().map(|name| (here, name)))
}
