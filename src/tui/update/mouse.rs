//! The mouse: a click goes to a pane and its row, a second one soon after opens it, the right button marks, the wheel
//! moves what is under it. While a dialog is open all of that is for it.

use std::time::{Duration, Instant};

use ratatui::layout::Position;

use super::super::dialog::{Dialog, Step};
use super::super::message::{Effect, Pointer, PointerAct};
use super::super::state::State;
use super::super::view;
use super::{browser, dialogs};
use crate::action::Action;

/// Rows that the wheel moves by.
const WHEEL: usize = 3;
/// Two clicks within this time are one.
const DOUBLE: Duration = Duration::from_millis(400);

/// It did something.
pub(super) fn did(state: &mut State, pointer: Pointer) -> Vec<Effect> {
    if dialogs::refuses(state) {
        return Vec::new();
    }
    if !state.dialogs.is_empty() {
        return in_dialog(state, pointer);
    }
    let Some((id, row)) = view::pane_at(state, pointer.column, pointer.row) else { return Vec::new() };
    match pointer.act {
        PointerAct::Up | PointerAct::Down => {
            let up = pointer.act == PointerAct::Up;
            let pane = state.pane_mut(id);
            let row = if up { pane.cursor.saturating_sub(WHEEL) } else { pane.cursor + WHEEL };
            let last = pane.listing.rows().saturating_sub(1);
            pane.move_to(row.min(last));
            Vec::new()
        }
        PointerAct::Click | PointerAct::SecondClick => {
            state.notice = None;
            state.focus = id;
            let Some(row) = row else { return Vec::new() };
            let twice = is_second(state, row, pointer.at);
            state.here_mut().move_to(row);
            match (pointer.act, twice) {
                (PointerAct::SecondClick, _) => browser::act(state, Action::Mark),
                (_, true) => browser::open(state),
                _ => Vec::new(),
            }
        }
    }
}

/// Whether it clicked there just before; a third click is a first one again.
fn is_second(state: &mut State, row: usize, now: Instant) -> bool {
    let here = (state.dialogs.len(), state.focus, row);
    let before = state.clicked.replace((here, now));
    let twice =
        before.is_some_and(|(there, when)| there == here && now.saturating_duration_since(when) < DOUBLE);
    if twice {
        state.clicked = None;
    }
    twice
}

/// A dialog has the mouse too: a click goes to a row of its list, a second one takes that, the wheel scrolls as arrows do.
fn in_dialog(state: &mut State, pointer: Pointer) -> Vec<Effect> {
    let (step, times) = match pointer.act {
        PointerAct::Up => (Step::Up, state.dialogs.last().map_or(0, Dialog::wheel)),
        PointerAct::Down => (Step::Down, state.dialogs.last().map_or(0, Dialog::wheel)),
        PointerAct::SecondClick => return Vec::new(),
        PointerAct::Click => {
            let cell = Position { x: pointer.column, y: pointer.row };
            let Some(dialog) = state.dialogs.last_mut() else { return Vec::new() };
            let (row, takes) = (dialog.on_click(cell), dialog.takes_rows());
            let twice = row.is_some() && is_second(state, usize::from(pointer.row), pointer.at);
            // Rows may have moved since the first one.
            (Step::Take, usize::from(twice && takes && row == Some(true)))
        }
    };
    let mut effects = Vec::new();
    for _ in 0..times {
        effects.extend(dialogs::pointed(state, step));
    }
    effects
}
