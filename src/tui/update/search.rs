//! Looking below a place: for names, for what takes room, for what is there twice.

use super::super::dialog::{Dialog, Progress, Purpose};
use super::super::message::{Effect, Search};
use super::super::state::State;
use super::go;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::walk::find::{Pattern, Query, parse_since, parse_sizes};

/// Asks what to look for below this pane's place.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    let label = "Find below here: *.jpg size:+10M newer:7d older:2026-01-01 class:GLACIER";
    state.dialogs.push(Dialog::input(Purpose::Find, label, ""));
    Vec::new()
}

/// Looks for what was typed.
pub(super) fn find(state: &mut State, text: &str) -> Vec<Effect> {
    match query(text, &jiff::ZonedDateTime::now()) {
        Ok(query) => {
            let place = state.here().location.clone();
            begin(state, &format!("\"{text}\" below"), Search::Find(place, Box::new(query)))
        }
        Err(error) => {
            state.fail(&error);
            Vec::new()
        }
    }
}

/// How much is where.
pub(super) fn usage(state: &mut State) -> Vec<Effect> {
    let place = state.here().location.clone();
    begin(state, "Room taken below", Search::Usage(place))
}

/// What is there more than once.
pub(super) fn duplicates(state: &mut State) -> Vec<Effect> {
    let place = state.here().location.clone();
    begin(state, "Equal objects below", Search::Duplicates(place))
}

fn begin(state: &mut State, title: &str, search: Search) -> Vec<Effect> {
    state.looking += 1;
    let root = state.here().location.clone();
    state.dialogs.push(Dialog::results(title, root));
    vec![Effect::Search(state.looking, search)]
}

/// Something is known; of an older search nothing is wanted any more.
pub(super) fn progress(state: &mut State, number: u64, progress: Progress) {
    if number == state.looking
        && let Some(results) = state.dialogs.iter_mut().find_map(Dialog::as_results)
    {
        results.take(progress);
    }
}

/// The results were closed.
pub(super) fn leave(state: &mut State) -> Vec<Effect> {
    state.looking += 1;
    vec![Effect::CancelSearch]
}

/// Goes to where something is, the cursor on it.
pub(super) fn jump(state: &mut State, place: &Location) -> Vec<Effect> {
    let mut effects = leave(state);
    let is_folder = place.as_remote().is_some_and(Remote::is_prefix);
    if is_folder {
        effects.extend(go::show(state, state.focus, place.clone(), None));
        return effects;
    }
    if let Some(above) = place.parent() {
        let name = match (place, &above) {
            (Location::Remote(place), Location::Remote(above)) => {
                std::ffi::OsString::from(&place.key[above.key.len()..])
            }
            (place, _) => std::ffi::OsString::from(place.name()),
        };
        effects.extend(go::show(state, state.focus, above, Some(name)));
    }
    effects
}

/// A word without a colon is part of a name or a glob for one; the others are conditions.
fn query(text: &str, now: &jiff::ZonedDateTime) -> Result<Query> {
    let wrong = |why: String| Error::new(Kind::Usage, why);
    let mut query = Query::default();
    let mut name = Vec::new();
    for word in text.split_whitespace() {
        match word.split_once(':') {
            Some(("size", value)) => query.size = Some(parse_sizes(value).map_err(wrong)?),
            Some(("newer", value)) => query.newer = Some(parse_since(value, now).map_err(wrong)?),
            Some(("older", value)) => query.older = Some(parse_since(value, now).map_err(wrong)?),
            Some(("class", value)) => query.storage_class = Some(value.to_owned()),
            _ => name.push(word),
        }
    }
    let name = name.join(" ");
    if !name.is_empty() {
        let is_glob = name.contains(['*', '?', '[', '{']);
        let glob = if is_glob { name } else { format!("*{name}*") };
        query.name = Some(Pattern::new(&glob, true)?);
    }
    Ok(query)
}
