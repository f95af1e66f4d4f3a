//! The mouse.

use std::time::Instant;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    /// The cell.
    pub(crate) column: u16,
    pub(crate) row: u16,
    pub(crate) act: PointerAct,
    /// When: two clicks at one place are one if they follow each other soon.
    pub(crate) at: Instant,
}

/// What it did there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PointerAct {
    /// The first button was pressed.
    Click,
    /// The second one was.
    SecondClick,
    /// The wheel was turned up.
    Up,
    /// The wheel was turned down.
    Down,
}

impl Pointer {
    /// What of it means anything here.
    pub(crate) fn of(mouse: MouseEvent, at: Instant) -> Option<Self> {
        let act = match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) => PointerAct::Click,
            MouseEventKind::Down(MouseButton::Right) => PointerAct::SecondClick,
            MouseEventKind::ScrollUp => PointerAct::Up,
            MouseEventKind::ScrollDown => PointerAct::Down,
            _ => return None,
        };
        Some(Self { column: mouse.column, row: mouse.row, act, at })
    }
}
