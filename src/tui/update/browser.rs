//! Moving, marking, sorting, opening and properties, in the focused pane.

use std::ffi::OsStr;

use super::super::dialog::{Choice, Dialog, Item, Pending};
use super::super::message::Effect;
use super::super::state::{State, Tone};
use super::{dialogs, go, search};
use crate::action::Action;
use crate::config::Column;
use crate::error::Result;
use crate::location::Location;

/// Actions that change nothing outside.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    let pane = state.here_mut();
    let rows = isize::try_from(pane.height).unwrap_or(isize::MAX);
    match action {
        Action::Up => pane.move_by(-1),
        Action::Down => pane.move_by(1),
        Action::PageUp => pane.move_by(-rows),
        Action::PageDown => pane.move_by(rows),
        Action::Top => pane.move_to(0),
        Action::Bottom => pane.bottom(),
        Action::Mark => pane.toggle_mark(),
        Action::MarkAll => pane.listing.mark_seen(|_, _| true),
        Action::MarkInvert => pane.listing.mark_seen(|_, marked| !marked),
        Action::Sort | Action::SortReverse => sort(state, action == Action::SortReverse),
        Action::ToggleHidden => toggle_hidden(state),
        _ => {}
    }
    Vec::new()
}

fn sort(state: &mut State, turn: bool) {
    let (by, reverse) = state.here().listing.sort();
    let (by, reverse) = if turn { (by, !reverse) } else { (by.next(), false) };
    state.here_mut().rearrange(|listing| listing.set_sort(by, reverse));
    let sorted = state.here().listing.pending().unwrap_or("sorted");
    let reversed = if reverse { ", reversed" } else { "" };
    let so_far = if state.here().has_more() { ", of what was read so far" } else { "" };
    state.say(Tone::Plain, format!("{sorted} by {}{reversed}{so_far}", by.word()));
}

fn toggle_hidden(state: &mut State) {
    if state.here().search.is_some() {
        return state.say(Tone::Plain, "of what was found nothing is hidden");
    }
    let mut shown = false;
    state.here_mut().rearrange(|listing| shown = listing.toggle_hidden());
    state.say(Tone::Plain, if shown { "dot files are shown" } else { "dot files are hidden" });
}

/// The columns, to show or hide one.
pub(super) fn columns(state: &mut State) -> Vec<Effect> {
    let item = |(word, column): &(&str, Column)| Item {
        words: (*word).to_owned(),
        aside: if state.columns.contains(column) { "shown" } else { "not shown" }.to_owned(),
        choice: Choice::Column(*column),
    };
    let items = Column::WORDS.iter().map(item).collect();
    state.dialogs.push(Dialog::pick("Show or hide a column", items));
    Vec::new()
}

/// Shows a column, as the last one, or hides it.
pub(super) fn toggle_column(state: &mut State, column: Column) {
    let before = state.columns.len();
    state.columns.retain(|shown| *shown != column);
    if state.columns.len() == before {
        state.columns.push(column);
    }
    let words: Vec<&str> = state.columns.iter().map(|column| column.word()).collect();
    let text = if words.is_empty() {
        "only names are shown".to_owned()
    } else {
        format!("columns: {}; the last ones give way where room is short", words.join(", "))
    };
    state.say(Tone::Plain, text);
}

/// Opens what can be listed; anything else is viewed. What was found is gone to.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    let Some(entry) = state.here().current() else {
        state.say(Tone::Plain, "nothing to open here");
        return Vec::new();
    };
    let place = state.here().place(entry);
    if state.here().search.is_some() {
        return search::jump(state, &place);
    }
    if state.here().kind(entry).is_container() {
        return go::show(state, state.focus, place, None);
    }
    super::viewing::open(state)
}

/// Something was made or renamed, or could not be.
pub(super) fn changed(state: &mut State, at: &Location, name: &OsStr, result: &Result<()>) -> Vec<Effect> {
    dialogs::answered(state, Pending::Create, result.as_ref().map(drop));
    if result.is_err() {
        return Vec::new();
    }
    let here = state.focus;
    refresh(state, std::slice::from_ref(at), Some((here, name)))
}

/// Reads the panes again that show one of these places; in one of them the cursor goes to a name.
pub(super) fn refresh(
    state: &mut State,
    outdated: &[Location],
    seek: Option<(super::super::message::PaneId, &OsStr)>,
) -> Vec<Effect> {
    let mut effects = Vec::new();
    for pane in state.both() {
        let name = seek.filter(|(id, _)| *id == pane.id).map(|(_, name)| name.to_owned());
        effects.extend(pane.changed(outdated, name));
    }
    effects
}
