//! Which profile a pane shows, or local files.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::window::{self, Spots};
use super::{Decision, Outcome};
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

/// The dialog.
#[derive(Debug)]
pub(crate) struct Profiles {
    rows: Vec<Row>,
    cursor: usize,
    spots: Spots,
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
        let cursor = rows.iter().position(|row| row.decision == current).unwrap_or(0);
        Self { rows, cursor, spots: Spots::default() }
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        if key.code == KeyCode::Enter {
            return Outcome::Decide(self.rows[self.cursor].decision.clone());
        }
        let last = self.rows.len() - 1;
        self.cursor = match action {
            Some(Action::DialogUp) => self.cursor.saturating_sub(1),
            Some(Action::DialogDown) => self.cursor + 1,
            Some(Action::DialogPageUp) => self.cursor.saturating_sub(10),
            Some(Action::DialogPageDown) => self.cursor + 10,
            Some(Action::DialogTop) => 0,
            Some(Action::DialogBottom) => last,
            _ => self.cursor,
        }
        .min(last);
        Outcome::Stay
    }

    /// The row at a cell is the one; whether there is one.
    pub(super) fn on_click(&mut self, cell: Position) -> bool {
        let row = self.spots.row_at(cell, self.rows.len());
        self.cursor = row.unwrap_or(self.cursor);
        row.is_some()
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let height = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
        let room = window::open(frame, area, theme, "Profile of this pane", (WIDTH, height));
        let widths = self.widths(usize::from(room.width));
        let top = window::list_top(self.cursor, self.rows.len(), usize::from(room.height));
        self.spots.note(room, top);
        let seen = self.rows.iter().enumerate().skip(top).take(usize::from(room.height));
        for (line, (index, row)) in (0u16..).zip(seen) {
            let style = if index == self.cursor { theme.cursor } else { theme.text };
            let cells = row.columns.iter().zip(widths).map(|(column, width)| {
                let clipped = text::clip(column, width, theme.ellipsis());
                let pad = " ".repeat(width - text::width(&clipped) + 2);
                clipped + &pad
            });
            let row = Line::styled(cells.collect::<String>(), style);
            frame.render_widget(row, window::row(room, line));
        }
        window::stand(frame, window::row(room, u16::try_from(self.cursor - top).unwrap_or(0)));
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

    pub(super) fn hints() -> Vec<(&'static str, &'static str)> {
        vec![("Enter", "show"), ("Esc", "cancel")]
    }
}
