//! The palette, bookmarks and places visited lately.

use super::super::dialog::{Choice, Dialog, Item, Purpose};
use super::super::message::{Effect, PlacesChange};
use super::super::state::{State, Tone};
use super::{browser, go, perform, properties, setup};
use crate::action::{ACTIONS, Action, Screen};
use crate::error::Result;
use crate::location::Location;
use crate::places::Places;

/// Every action that can be done on `screen`, to be found by its words; its own come first.
pub(super) fn palette(state: &mut State, screen: Screen) -> Vec<Effect> {
    let keys = &state.config.keys;
    let screens: Vec<Screen> = std::iter::successors(Some(screen), |screen| screen.next()).collect();
    let above_panes = screens.contains(&Screen::Dialog);
    let offered = |action| match action {
        Action::Palette | Action::Cancel | Action::Interrupt => false,
        // There it closes what is open, and these are about the terminal.
        Action::Quit | Action::Redraw | Action::Suspend => !above_panes,
        _ => true,
    };
    let here = screens.iter().flat_map(|on| ACTIONS.iter().filter(move |info| info.screen == *on));
    let items = here
        .filter(|info| offered(info.action))
        .map(|info| Item {
            words: info.words.to_owned(),
            aside: keys.labels(info.action).join(" "),
            choice: Choice::Do(info.action),
        })
        .collect();
    state.dialogs.push(Dialog::pick("Do", items));
    Vec::new()
}

/// Bookmarks, and below them the places visited lately.
pub(super) fn show(state: &mut State) -> Vec<Effect> {
    let places = &state.places;
    let item = |place: &Location, aside: &str, choice: Choice| Item {
        words: place.to_string(),
        aside: aside.to_owned(),
        choice,
    };
    let bookmarks =
        places.bookmarks.iter().map(|place| item(place, "bookmark", Choice::Bookmark(place.clone())));
    let recent = places.recent.iter().filter(|place| !places.bookmarks.contains(place));
    let recent = recent.map(|place| item(place, "visited", Choice::Go(place.clone())));
    let items: Vec<Item> = bookmarks.chain(recent).collect();
    if items.is_empty() {
        let key = state.config.keys.label(Action::BookmarkAdd);
        state.say(Tone::Plain, format!("no bookmark yet; {key} adds this place"));
        return Vec::new();
    }
    state.dialogs.push(Dialog::pick("Go to", items));
    Vec::new()
}

/// Bookmarks the place of the focused pane.
pub(super) fn add(state: &mut State) -> Vec<Effect> {
    let place = state.here().location.clone();
    let new = state.places.add(&place);
    state
        .say(Tone::Plain, if new { format!("bookmarked {place}") } else { format!("{place} is bookmarked") });
    if new { vec![Effect::Places(PlacesChange::Add(place))] } else { Vec::new() }
}

pub(super) fn remove(state: &mut State, place: Location) -> Vec<Effect> {
    state.places.remove(&place);
    vec![Effect::Places(PlacesChange::Remove(place))]
}

/// What was chosen from a list.
pub(super) fn chosen(state: &mut State, choice: Choice) -> Vec<Effect> {
    match choice {
        Choice::Do(action) => perform(state, action),
        Choice::NewProfile => setup::add(state),
        Choice::Others => {
            setup::offer(state);
            Vec::new()
        }
        Choice::Other(at) => setup::import(state, at),
        Choice::AllOthers => setup::import_all(state),
        Choice::Demo => vec![Effect::Demo],
        Choice::Class(class) => properties::to_class(state, &class).unwrap_or_else(|error| {
            state.fail(&error);
            Vec::new()
        }),
        Choice::OtherClass => {
            state.dialogs.push(Dialog::input(Purpose::StorageClass, "Storage class", ""));
            Vec::new()
        }
        Choice::Column(column) => {
            browser::toggle_column(state, column);
            Vec::new()
        }
        Choice::Restore => properties::ask_restore(state),
        Choice::Go(place) | Choice::Bookmark(place) => {
            if let Some(profile) = place.profile()
                && state.config.profile(profile).is_err()
            {
                state.say(Tone::Error, format!("{place}: there is no profile {profile} any more"));
                return Vec::new();
            }
            go::show(state, state.focus, place, None)
        }
    }
}

/// A place was read: it counts as visited.
pub(super) fn visited(state: &mut State, place: Location) -> Vec<Effect> {
    if state.places.recent.first() == Some(&place) {
        return Vec::new();
    }
    state.places.visit(&place);
    vec![Effect::Places(PlacesChange::Visit(place))]
}

/// What is remembered, as the file has it now.
pub(super) fn known(state: &mut State, places: Result<Places>) -> Vec<Effect> {
    match places {
        Ok(places) => state.places = places,
        Err(error) => state.fail(&error),
    }
    Vec::new()
}
