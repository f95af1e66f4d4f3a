//! Versions: the dialog that finds them, and what is done with them.

use std::collections::HashMap;
use std::ffi::OsString;

use super::super::dialog::{Decision, Dialog, Versions, Word};
use super::super::message::{Effect, Task, Touches, VersionsEffect, VersionsEvent};
use super::super::state::{Job, State, Tone};
use super::super::text;
use super::transfer::writable;
use super::{delete, viewing};
use crate::action::Action;
use crate::entry::Kind;
use crate::location::{Location, Remote};
use crate::s3::{ObjectId, Version};
use crate::transfer::{Item, Known, OnConflict, Request, Verb, inside};
use crate::walk::versions::Scope;

/// Shows those of the entry under the cursor; where there is none, those below this place.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    let pane = state.here();
    let (place, tree) = match pane.current() {
        Some(entry) => (pane.place(entry), pane.kind(entry) != Kind::Object),
        None => (pane.location.clone(), true),
    };
    match place {
        Location::Remote(root) => {
            let dialog = Dialog::versions(Scope { root, tree });
            state.dialogs.push(dialog);
            find(state)
        }
        Location::Local(_) => {
            state.say(Tone::Plain, "only a provider keeps versions; this pane shows local files");
            Vec::new()
        }
        Location::Profile(_) => {
            state.say(Tone::Plain, "versions are kept by buckets; there is none here");
            Vec::new()
        }
    }
}

/// The dialog, also below another one.
fn dialog(state: &mut State) -> Option<&mut Versions> {
    state.dialogs.iter_mut().rev().find_map(Dialog::as_versions)
}

/// Finds them, from the start.
pub(super) fn find(state: &mut State) -> Vec<Effect> {
    find_in(state, None)
}

fn find_in(state: &mut State, scope: Option<Scope>) -> Vec<Effect> {
    state.search += 1;
    let search = state.search;
    let Some(dialog) = dialog(state) else { return Vec::new() };
    dialog.restart(scope);
    vec![Effect::Versions { search, effect: VersionsEffect::Find(dialog.scope().clone()) }]
}

/// Shows those of everything that is around.
pub(super) fn widen(state: &mut State) -> Vec<Effect> {
    let Some(scope) = dialog(state).map(|dialog| dialog.scope().clone()) else { return Vec::new() };
    if let Some(Location::Remote(root)) = Location::Remote(scope.root).parent() {
        return find_in(state, Some(Scope { root, tree: true }));
    }
    state.say(Tone::Plain, "this is the whole bucket");
    Vec::new()
}

/// The dialog was closed: what it waits for is dropped.
pub(super) fn leave(state: &mut State) -> Vec<Effect> {
    state.search += 1;
    vec![Effect::Versions { search: state.search, effect: VersionsEffect::Forget }]
}

/// Something is known.
pub(super) fn happened(state: &mut State, search: u64, event: VersionsEvent) -> Vec<Effect> {
    if search == state.search
        && let Some(dialog) = dialog(state)
    {
        match event {
            VersionsEvent::Found(versions) => dialog.found(versions),
            VersionsEvent::End { more, failed } => dialog.end(more, failed),
        }
    }
    Vec::new()
}

/// Something was deleted, brought back or copied: an open dialog finds out what that changed.
pub(super) fn outdated(state: &mut State) -> Vec<Effect> {
    if dialog(state).is_some() { find(state) } else { Vec::new() }
}

/// Where they are and which are meant; says so if none are.
fn chosen(state: &mut State) -> Option<(Remote, Vec<Version>)> {
    let found = dialog(state).map(|dialog| (dialog.scope().root.clone(), dialog.chosen()));
    let found = found.filter(|(_, chosen)| !chosen.is_empty());
    if found.is_none() {
        state.say(Tone::Plain, "nothing here");
    }
    found
}

/// Views the one under the cursor, whether it is the newest or not.
pub(super) fn view(state: &mut State) -> Vec<Effect> {
    let found =
        dialog(state).and_then(|dialog| Some((dialog.scope().root.clone(), dialog.under_cursor()?.clone())));
    let Some((root, version)) = found else {
        state.say(Tone::Plain, "nothing here");
        return Vec::new();
    };
    let Some(size) = version.object.as_ref().map(|object| object.size) else {
        let key = state.config.keys.label(Action::VersionRestore);
        state.say(
            Tone::Plain,
            format!("a delete marker has nothing to view; {key} brings back what it hides"),
        );
        return Vec::new();
    };
    let place = Location::Remote(Remote { key: version.key.clone(), ..root });
    viewing::show(state, place, size, Some(version));
    Vec::new()
}

/// Makes old versions the newest; of deleted keys the markers go.
pub(super) fn restore(state: &mut State) -> Vec<Effect> {
    let Some((root, versions)) = chosen(state) else { return Vec::new() };
    if !writable(state, &Location::Remote(root.clone())) {
        return Vec::new();
    }
    let (markers, old): (Vec<Version>, Vec<Version>) =
        versions.into_iter().partition(|version| version.object.is_none());
    let mut keys: Vec<&String> = old.iter().map(|version| &version.key).collect();
    keys.dedup();
    if keys.len() < old.len() {
        state.say(Tone::Error, "several versions of one key are marked; only one of them can be the newest");
        return Vec::new();
    }
    let Some(dialog) = dialog(state) else { return Vec::new() };
    let hiding: Vec<ObjectId> = markers.iter().flat_map(|version| dialog.hiding(&version.key)).collect();
    let older: Vec<Version> = old.into_iter().filter(|version| !version.latest).collect();
    if hiding.is_empty() && older.is_empty() {
        let text = if markers.is_empty() { "it is the newest already" } else { "nothing of it is kept" };
        state.say(Tone::Plain, text);
        return Vec::new();
    }
    let place = |key: &str| Location::Remote(Remote { key: key.to_owned(), ..root.clone() });
    let mut effects = Vec::new();
    if !hiding.is_empty() {
        let mut places: Vec<Location> = hiding.iter().filter_map(|id| place(&id.key).parent()).collect();
        places.dedup();
        let task = Task::DeleteVersions { at: root.clone(), versions: hiding };
        effects.extend(delete::start_task(state, Job::BringBack, places, task));
    }
    if !older.is_empty() {
        let items: Vec<Item> =
            older.iter().map(|version| item(place(&version.key), place(&version.key), version)).collect();
        effects.push(submit(state, items, OnConflict::Overwrite));
    }
    effects
}

fn item(from: Location, to: Location, version: &Version) -> Item {
    let object = version.object.clone().unwrap_or_default();
    let known = Known {
        size: object.size,
        modified: version.modified,
        etag: Some(object.etag).filter(|etag| !etag.is_empty()),
        version_id: Some(version.id.clone()),
    };
    Item { from, to, tree: false, known: Some(known) }
}

fn submit(state: &mut State, items: Vec<Item>, on_conflict: OnConflict) -> Effect {
    let mut places: Vec<Location> = items.iter().filter_map(|item| item.to.parent()).collect();
    places.dedup();
    let count = text::thousands(items.len());
    let versions = if items.len() == 1 { "version" } else { "versions" };
    state.say(Tone::Plain, format!("copying {count} {versions}"));
    let request = Request { verb: Verb::Copy, items, on_conflict, ..Request::default() };
    Effect::Submit { request: Box::new(request), touches: Touches { places, ..Touches::default() } }
}

/// Copies the chosen ones to the other pane; several versions of one key get their ids into their names.
pub(super) fn copy(state: &mut State) -> Vec<Effect> {
    let Some((root, mut versions)) = chosen(state) else { return Vec::new() };
    versions.retain(|version| version.object.is_some());
    let to = state.there().location.clone();
    if versions.is_empty() || matches!(to, Location::Profile(_)) {
        let text = if versions.is_empty() {
            "a delete marker has nothing to copy"
        } else {
            "the other pane shows buckets: open one of them first"
        };
        state.say(Tone::Error, text);
        return Vec::new();
    }
    if !writable(state, &to) {
        return Vec::new();
    }
    let mut times: HashMap<&str, usize> = HashMap::new();
    for version in &versions {
        *times.entry(&version.key).or_default() += 1;
    }
    let here = Location::Remote(Remote { key: String::new(), ..root.clone() });
    let items = versions.iter().map(|version| {
        let from = Location::Remote(Remote { key: version.key.clone(), ..root.clone() });
        let several = times.get(version.key.as_str()).is_some_and(|count| *count > 1);
        let id: String = version.id.chars().take(16).collect();
        let name = if several { format!("{}.{id}", from.name()) } else { from.name() };
        let target = inside(&here, &to, OsString::from(name).as_ref());
        item(from, target, version)
    });
    let items = items.collect();
    let on_conflict = state.config.transfer.on_conflict.unwrap_or(OnConflict::Ask);
    vec![submit(state, items, on_conflict)]
}

/// Asks whether the chosen ones are to go for good.
pub(super) fn ask_delete(state: &mut State) -> Vec<Effect> {
    let Some((root, versions)) = chosen(state) else { return Vec::new() };
    if writable(state, &Location::Remote(root)) && !delete::is_busy(state) {
        state.dialogs.push(Dialog::confirm_versions(&versions, delete::GREAT));
    }
    Vec::new()
}

/// It was agreed to.
pub(super) fn delete(state: &mut State, versions: Vec<ObjectId>) -> Vec<Effect> {
    let Some(root) = dialog(state).map(|dialog| dialog.scope().root.clone()) else { return Vec::new() };
    let places = places(&root);
    delete::start_task(state, Job::Delete, places, Task::DeleteVersions { at: root, versions })
}

/// Asks for the name before everything goes.
pub(super) fn ask_purge(state: &mut State) -> Vec<Effect> {
    let Some(dialog) = dialog(state) else { return Vec::new() };
    let (scope, total, narrowed) = (dialog.scope().clone(), dialog.total(), dialog.is_narrowed());
    let place = Location::Remote(scope.root.clone());
    if !writable(state, &place) || delete::is_busy(state) {
        return Vec::new();
    }
    if narrowed {
        let keys = &state.config.keys;
        let [only, delete] =
            [Action::VersionOnlyDeleted, Action::VersionDelete].map(|action| keys.label(action));
        let words = format!(
            "a purge is of everything here, also of what is not shown or marked: show all ({only}) without marks, or delete what is marked ({delete})"
        );
        state.say(Tone::Warning, words);
        return Vec::new();
    }
    let how_much = match total {
        Some((count, bytes)) => {
            format!("{} versions, {}", text::thousands(count), state.theme.units.size(bytes))
        }
        None => "All versions, also those that are not shown".to_owned(),
    };
    let lines = [
        format!("{how_much}, would be gone for good:"),
        if scope.tree { format!("everything below {place}") } else { place.to_string() },
        String::new(),
    ];
    state.dialogs.push(Dialog::typed("Purge", &lines, Word::Name(place.name()), Decision::Purge(scope)));
    Vec::new()
}

/// The name was typed.
pub(super) fn purge(state: &mut State, scope: Scope) -> Vec<Effect> {
    let places = places(&scope.root);
    delete::start_task(state, Job::Delete, places, Task::Purge(scope))
}

/// What shows the keys that begin with a place's.
fn places(root: &Remote) -> Vec<Location> {
    let place = Location::Remote(root.clone());
    place.parent().into_iter().chain([place]).collect()
}
