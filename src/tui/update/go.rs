//! From place to place.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::super::message::{Effect, PaneId};
use super::super::state::{State, Tone};
use super::dialogs;
use crate::action::Action;
use crate::error::Result;
use crate::location::{Location, Remote};

/// Shows a place in a pane.
pub(super) fn show(state: &mut State, pane: PaneId, place: Location, seek: Option<OsString>) -> Vec<Effect> {
    vec![state.pane_mut(pane).open(place, seek)]
}

/// One level up, the cursor on where we came from; from what was found to the place itself. Above the buckets there are the profiles.
pub(super) fn parent(state: &mut State) -> Vec<Effect> {
    let here = &state.here().location;
    if state.here().search.is_some() {
        let place = here.clone();
        return show(state, state.focus, place, None);
    }
    let Some(up) = here.parent() else {
        if here.as_local().is_none() {
            return dialogs::profiles(state);
        }
        let key = state.config.keys.label(Action::PickProfile);
        state.say(Tone::Plain, format!("this is the top; {key} shows the profiles"));
        return Vec::new();
    };
    let came_from = here.below(&up);
    show(state, state.focus, up, came_from)
}

/// Back or forward.
pub(super) fn travel(state: &mut State, back: bool) -> Vec<Effect> {
    if let Some(effect) = state.here_mut().travel(back) {
        return vec![effect];
    }
    state.say(Tone::Plain, if back { "nothing to go back to" } else { "nothing to go forward to" });
    Vec::new()
}

/// The other pane shows what this one does.
pub(super) fn same_place(state: &mut State) -> Vec<Effect> {
    let place = state.here().location.clone();
    show(state, state.focus.other(), place, None)
}

/// The panes trade sides; the keyboard stays with the place it was in.
pub(super) fn swap(state: &mut State) -> Vec<Effect> {
    let [left, right] = state.both();
    let effects = left.swap(right);
    state.focus = state.focus.other();
    effects.to_vec()
}

/// A profile in the focused pane: its own bucket if it names one, else its buckets. `None`: local files.
pub(super) fn profile(state: &mut State, name: Option<String>) -> Vec<Effect> {
    let place = match name {
        None => Location::Local(state.home.clone().unwrap_or_else(|| PathBuf::from("/"))),
        Some(profile) => {
            let bucket = state.config.profile(&profile).ok().and_then(|profile| profile.bucket.clone());
            match bucket {
                Some(bucket) => Location::Remote(Remote { profile, bucket, key: String::new() }),
                None => Location::Profile(profile),
            }
        }
    };
    show(state, state.focus, place, None)
}

/// Goes where the user typed.
pub(super) fn typed(state: &mut State, text: &str) -> Result<Vec<Effect>> {
    let place = parse(state, text)?;
    Ok(show(state, state.focus, place, None))
}

/// Looks how the place goes on that was typed so far: profiles, buckets, prefixes, folders.
pub(super) fn complete(state: &mut State, text: &str) -> Vec<Effect> {
    let last = text.rfind(['/', ':']).map_or(0, |at| at + 1);
    let above = &text[..last];
    if above.is_empty() {
        let names = state.config.profile_names.iter().map(|name| format!("{name}:"));
        let found: Vec<String> = names.filter(|name| name.starts_with(text)).collect();
        if !found.is_empty() {
            completed(state, text, Ok(found));
            return Vec::new();
        }
    }
    let place = if above.is_empty() { Ok(state.here().location.clone()) } else { parse(state, above) };
    match place {
        Ok(place) => vec![Effect::Complete(text.to_owned(), place)],
        Err(error) => {
            state.fail(&error);
            Vec::new()
        }
    }
}

/// It is known how it can go on: as far as all ways agree.
pub(super) fn completed(state: &mut State, typed: &str, found: Result<Vec<String>>) {
    let found = match found {
        Ok(found) => found,
        Err(error) => return state.fail(&error),
    };
    let Some(first) = found.first() else { return state.say(Tone::Plain, "nothing begins like that") };
    let mut common = first.as_str();
    for other in &found {
        let same = common.char_indices().zip(other.chars()).find(|((_, ours), theirs)| ours != theirs);
        let end = same.map_or(common.len().min(other.len()), |((at, _), _)| at);
        common = &common[..end];
    }
    let common = common.to_owned();
    for dialog in state.dialogs.iter_mut() {
        dialog.complete(typed, &common);
    }
    if found.len() > 1 {
        let names: Vec<&str> = found.iter().map(String::as_str).collect();
        state.say(Tone::Plain, names.join("  "));
    }
}

/// The folder, prefix or bucket that typed text means. What ends in no slash is still a folder here.
fn parse(state: &State, text: &str) -> Result<Location> {
    resolve(state, text).map(folder)
}

/// The place that typed text means: relative to what the pane with the keyboard shows; `~` is home.
pub(super) fn resolve(state: &State, text: &str) -> Result<Location> {
    let home = || state.home.clone().unwrap_or_default();
    if text == "~" {
        return Ok(Location::Local(home()));
    }
    if let Some(below) = text.strip_prefix("~/") {
        return Ok(Location::Local(home().join(below)));
    }
    Ok(match Location::parse(text, state.config.names())? {
        Location::Local(path) if path.is_absolute() => Location::Local(path),
        Location::Local(path) => match &state.here().location {
            Location::Local(here) => Location::Local(here.join(path)),
            Location::Profile(profile) => {
                return Location::parse(&format!("{profile}:{text}"), state.config.names());
            }
            Location::Remote(here) => {
                Location::Remote(Remote { key: format!("{}{text}", here.key), ..here.clone() })
            }
        },
        remote => remote,
    })
}

/// A place as a pane shows it: a prefix ends in its slash, a path has no `.` or `..` (the place above a pane's
/// folder is found by its text).
pub(in crate::tui) fn folder(place: Location) -> Location {
    match place {
        Location::Remote(mut remote) => {
            if !remote.is_prefix() {
                remote.key.push('/');
            }
            Location::Remote(remote)
        }
        Location::Local(path) => Location::Local(clean(&path)),
        profile @ Location::Profile(_) => profile,
    }
}

fn clean(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}
