//! From place to place.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::super::dialog::Prompt;
use super::super::message::{Asked, Effect, Landing, PaneId};
use super::super::state::{State, Tone};
use super::dialogs;
use crate::action::Action;
use crate::error::{Error, Result};
use crate::location::{Location, Remote, at_home, spellings};

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

/// Looks for what the user typed; the line stays until it is found.
pub(super) fn typed(state: &mut State, text: &str) -> Vec<Effect> {
    let (mut readings, mut wrong) = (Vec::new(), None);
    for spelling in spellings(text) {
        match resolve(state, spelling) {
            Ok(place) => readings.push(place),
            Err(error) => wrong = Some(error),
        }
    }
    if let (true, Some(error)) = (readings.is_empty(), wrong) {
        refuse(state, text, &error);
        return Vec::new();
    }
    if let Some(line) = line(state, text) {
        line.tell("looking for it...".to_owned());
    }
    vec![Effect::Locate { pane: state.focus, asked: Asked::Typed(text.to_owned()), readings }]
}

/// The line that a place is typed in, if it still says `text`.
fn line<'a>(state: &'a mut State, text: &str) -> Option<&'a mut Prompt> {
    state.dialogs.iter_mut().find_map(|dialog| dialog.as_place(text))
}

/// Says in the line why nobody can go there; it stays open.
fn refuse(state: &mut State, text: &str, error: &Error) {
    if let Some(line) = line(state, text) {
        let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
        line.tell(format!("{error}{hint}"));
    }
}

/// There is something, or nothing, at a place. Nobody waits for it any more: nothing happens.
pub(super) fn located(state: &mut State, pane: PaneId, asked: Asked, found: Result<Landing>) -> Vec<Effect> {
    match (asked, found) {
        (Asked::Typed(text), Err(error)) => {
            refuse(state, &text, &error);
            Vec::new()
        }
        (Asked::Typed(text), Ok(landing)) => {
            let open = state.dialogs.iter_mut().position(|dialog| dialog.as_place(&text).is_some());
            let Some(open) = open else { return Vec::new() };
            state.dialogs.remove(open);
            vec![state.pane_mut(pane).land(landing)]
        }
        (Asked::Start(place), found) => {
            let waiting = state.pane(pane);
            if waiting.location != place || waiting.read || !waiting.loading {
                return Vec::new();
            }
            let landing = found.unwrap_or_else(|error| {
                state.fail(&error);
                place.into()
            });
            vec![state.pane_mut(pane).land(landing)]
        }
    }
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
    let place = if above.is_empty() { Ok(state.here().location.clone()) } else { resolve(state, above) };
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

/// Relative text is relative to the pane's place; `~` and `$HOME` are known. A key is exact.
pub(super) fn resolve(state: &State, text: &str) -> Result<Location> {
    if let Some(path) = state.home.as_deref().and_then(|home| at_home(text, home)) {
        return Ok(Location::Local(clean(&path)));
    }
    Ok(match Location::parse(text, state.config.names())? {
        Location::Local(path) if path.is_absolute() => Location::Local(clean(&path)),
        Location::Local(path) => match &state.here().location {
            Location::Local(here) => Location::Local(clean(&here.join(path))),
            Location::Profile(profile) => {
                Location::parse(&format!("{profile}:{text}"), state.config.names())?
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
