//! What differs between the panes, marked in both.

use std::collections::HashMap;

use super::super::message::Effect;
use super::super::pane::Pane;
use super::super::state::{State, Tone};
use super::super::text;
use super::search;
use crate::action::Action;
use crate::location::Location;

/// What tells two entries of one name apart: whether they are folders, and their sizes.
type Seen = HashMap<Vec<u8>, (bool, Option<u64>)>;

fn seen(pane: &Pane) -> Seen {
    let entries = (0..pane.listing.rows()).filter_map(|row| pane.listing.at(row));
    let entry = |entry: u32| {
        let folder = pane.kind(entry).is_container();
        (bare(pane.name(entry).as_encoded_bytes()), (folder, pane.listing.size(entry).filter(|_| !folder)))
    };
    entries.map(entry).collect()
}

/// A prefix ends in a slash where a folder does not.
fn bare(name: &[u8]) -> Vec<u8> {
    name.strip_suffix(b"/").unwrap_or(name).to_vec()
}

/// Marks, in both panes, what only one of them has and what has another size in the other.
pub(super) fn compare(state: &mut State) -> Vec<Effect> {
    if search::refuses(state, "compared") {
        return Vec::new();
    }
    if [state.here(), state.there()].iter().any(|pane| pane.has_more() || pane.loading) {
        let bottom = state.config.keys.label(Action::Bottom);
        state.say(Tone::Warning, format!("not all of both listings is read; {bottom} reads one to its end"));
        return Vec::new();
    }
    if [state.here(), state.there()].iter().any(|pane| matches!(pane.location, Location::Profile(_))) {
        state.say(Tone::Plain, "open a bucket first: lists of buckets are not compared");
        return Vec::new();
    }
    let (ours, theirs) = (seen(state.here()), seen(state.there()));
    let differs = |one: &Seen, other: &Seen, name: &[u8]| {
        let name = bare(name);
        one.get(&name) != other.get(&name)
    };
    let here = state.focus;
    for (id, one, other) in [(here, &ours, &theirs), (here.other(), &theirs, &ours)] {
        state.pane_mut(id).listing.unmark_all();
        state.pane_mut(id).listing.mark_seen(|name, _| differs(one, other, name));
    }
    let only = |one: &Seen, other: &Seen| one.keys().filter(|name| !other.contains_key(*name)).count();
    let both =
        ours.iter().filter(|(name, entry)| theirs.get(*name).is_some_and(|other| other != *entry)).count();
    let (here, there) = (only(&ours, &theirs), only(&theirs, &ours));
    let words = if here + there + both == 0 {
        "the same names and sizes; folders are not looked into".to_owned()
    } else {
        let number = text::thousands;
        format!(
            "{} only here, {} only there, {} of another size; all marked",
            number(here),
            number(there),
            number(both)
        )
    };
    state.say(Tone::Plain, words);
    Vec::new()
}
