//! Looking below a place: for names and for what is there twice, which a pane shows; for what takes room.

use super::super::dialog::{Dialog, Measured, Purpose};
use super::super::message::{Effect, Finding, PaneId, Search};
use super::super::state::{State, Tone};
use super::go;
use crate::action::Action;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::walk::find::{Pattern, Query, parse_since, parse_sizes};

/// Asks what to look for below this pane's place.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    let label = "Find below here: *.jpg size:+10M newer:7d class:GLACIER";
    state.dialogs.push(Dialog::input(Purpose::Find, label, ""));
    Vec::new()
}

/// Looks for what was typed.
pub(super) fn find(state: &mut State, text: &str) -> Result<Vec<Effect>> {
    let query = query(text, &crate::zone::now_in(state.theme.units.zone()))?;
    let words = if text.trim().is_empty() { "everything" } else { text.trim() };
    Ok(look_for(state, words, Some(Box::new(query))))
}

/// What is there more than once.
pub(super) fn duplicates(state: &mut State) -> Vec<Effect> {
    look_for(state, "equal objects", None)
}

fn look_for(state: &mut State, words: &str, query: Option<Box<Query>>) -> Vec<Effect> {
    vec![state.here_mut().look_for(Search { words: words.to_owned(), query })]
}

/// Something was found; of an older search nothing is wanted any more.
pub(super) fn found(state: &mut State, pane: PaneId, generation: u64, mut finding: Finding) -> Vec<Effect> {
    if state.pane_mut(pane).on_found(generation, &mut finding) {
        if !finding.words.is_empty() {
            state.say(Tone::Plain, finding.words);
        }
        for error in &finding.failed {
            state.fail(error);
        }
    }
    Vec::new()
}

/// Whether this pane or the other one shows what was found, which `doing` cannot be done with; says so.
pub(super) fn refuses(state: &mut State, doing: &str) -> bool {
    let found = state.here().search.is_some() || state.there().search.is_some();
    if found {
        let key = state.config.keys.label(Action::Parent);
        state.say(Tone::Warning, format!("what was found is not {doing}: {key} goes back to its place"));
    }
    found
}

/// How much is where.
pub(super) fn usage(state: &mut State) -> Vec<Effect> {
    state.measuring += 1;
    let place = state.here().location.clone();
    state.dialogs.push(Dialog::usage(place.clone()));
    vec![Effect::Measure(state.measuring, place)]
}

/// How much is where in one of the rows, if that is a folder.
pub(super) fn measure_below(state: &mut State, place: Option<Location>) -> Vec<Effect> {
    let Some(place) = place else {
        let key = state.config.keys.label(Action::DialogAccept);
        state.say(Tone::Plain, format!("this is no folder: {key} goes to it"));
        return Vec::new();
    };
    let Some(usage) = state.dialogs.iter_mut().find_map(Dialog::as_usage) else { return Vec::new() };
    usage.enter(place.clone());
    state.measuring += 1;
    vec![Effect::Measure(state.measuring, place)]
}

/// What was shown before; it is measured anew only if that was not done.
pub(super) fn measure_above(state: &mut State) -> Vec<Effect> {
    let Some(usage) = state.dialogs.iter_mut().find_map(Dialog::as_usage) else { return Vec::new() };
    let unfinished = usage.leave();
    state.measuring += 1;
    vec![unfinished.map_or(Effect::CancelMeasure, |place| Effect::Measure(state.measuring, place))]
}

/// Something is known of that; of an older measuring nothing is wanted any more.
pub(super) fn measured(state: &mut State, number: u64, now: Measured) -> Vec<Effect> {
    if number == state.measuring
        && let Some(usage) = state.dialogs.iter_mut().find_map(Dialog::as_usage)
    {
        usage.take(now);
    }
    Vec::new()
}

/// That was closed.
pub(super) fn leave_usage(state: &mut State) -> Vec<Effect> {
    state.measuring += 1;
    vec![Effect::CancelMeasure]
}

/// Goes to where something is, the cursor on it.
pub(super) fn jump(state: &mut State, place: &Location) -> Vec<Effect> {
    if place.as_remote().is_some_and(Remote::is_prefix) {
        return go::show(state, state.focus, place.clone(), None);
    }
    let Some(above) = place.parent() else { return Vec::new() };
    let name = place.below(&above);
    go::show(state, state.focus, above, name)
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
