//! Which profile a pane shows, or local files.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::window::{self, ListCursor};
use super::{Decision, Hint, Outcome};
use crate::action::Action;
use crate::sanitize::display_safe;

/// Cells that it wants.
const WIDTH: u16 = 72;

/// One choice, and what it decides.
#[derive(Debug)]
struct Row {
    decision: Decision,
    columns: [String; 3],
}

impl Row {
    fn words(words: &str, decision: Decision) -> Self {
        Self { decision, columns: [words.to_owned(), String::new(), String::new()] }
    }
}

/// For the status line.
pub(super) const HINTS: &[Hint] = &[(&[Action::DialogAccept], "show")];

/// The dialog.
#[derive(Debug)]
pub(crate) struct Profiles {
    rows: Vec<Row>,
    cursor: ListCursor,
}

impl Profiles {
    pub(super) fn new(profiles: Vec<(String, String, String)>, current: Option<&str>) -> Self {
        let mut rows = vec![Row::words("local files", Decision::Profile(None))];
        rows.extend(profiles.into_iter().map(|(name, title, origin)| Row {
            columns: [&name, &title, &origin].map(|text| display_safe(text).into_owned()),
            decision: Decision::Profile(Some(name)),
        }));
        rows.push(Row::words("+ add a profile", Decision::AddProfile));
        rows.push(Row::words("+ import profiles", Decision::ImportProfile));
        let current = Decision::Profile(current.map(str::to_owned));
        let mut cursor = ListCursor::default();
        cursor.move_to(rows.iter().position(|row| row.decision == current).unwrap_or(0), rows.len());
        Self { rows, cursor }
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        if action == Action::DialogAccept {
            return Outcome::Decide(self.rows[self.cursor.row()].decision.clone());
        }
        self.cursor.on_action(action, self.rows.len());
        Outcome::Stay
    }

    /// See [`window::Spots::click`].
    pub(super) fn on_click(&mut self, cell: Position) -> Option<bool> {
        self.cursor.on_click(cell, self.rows.len())
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let height = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
        let room = window::open(frame, area, theme, "Profile of this pane", (WIDTH, height));
        let widths = self.widths(usize::from(room.width));
        let top = self.cursor.top(frame, room, self.rows.len());
        let seen = self.rows.iter().enumerate().skip(top).take(usize::from(room.height));
        for (line, (index, row)) in (0u16..).zip(seen) {
            let style = if index == self.cursor.row() { theme.cursor } else { theme.text };
            let cells = row.columns.iter().zip(widths).map(|(column, width)| {
                let clipped = text::clip(column, width, theme.ellipsis());
                let pad = " ".repeat(width - text::width(&clipped) + 2);
                clipped + &pad
            });
            let row = Line::styled(cells.collect::<String>(), style);
            frame.render_widget(row, window::row(room, line));
        }
        window::more(frame, room, theme, top > 0, top + usize::from(room.height) < self.rows.len());
    }

    /// Names and titles as wide as they are, but no more than a third each; the rest is for origins.
    fn widths(&self, room: usize) -> [usize; 3] {
        let widest = |column: usize| {
            self.rows.iter().map(|row| text::width(&row.columns[column])).max().unwrap_or(0).min(room / 3)
        };
        let (name, title) = (widest(0), widest(1));
        [name, title, room.saturating_sub(name + title + 4)]
    }
}
