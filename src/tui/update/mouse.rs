//! The mouse: a click goes to a pane and its row, a second one soon after opens it, the right button marks, the wheel
//! moves what is under it.

use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

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
            let twice = state.clicked.replace((id, row, pointer.at)).is_some_and(|(pane, at, when)| {
                (pane, at) == (id, row) && pointer.at.saturating_duration_since(when) < DOUBLE
            });
            state.here_mut().move_to(row);
            match (pointer.act, twice) {
                (PointerAct::SecondClick, _) => browser::act(state, Action::Mark),
                (_, true) => {
                    state.clicked = None;
                    browser::open(state)
                }
                _ => Vec::new(),
            }
        }
    }
}

/// A dialog has the keyboard; the wheel scrolls it as arrows do.
fn in_dialog(state: &mut State, pointer: Pointer) -> Vec<Effect> {
    let code = match pointer.act {
        PointerAct::Up => KeyCode::Up,
        PointerAct::Down => KeyCode::Down,
        PointerAct::Click | PointerAct::SecondClick => return Vec::new(),
    };
    dialogs::key(state, KeyEvent::new(code, KeyModifiers::NONE))
}
