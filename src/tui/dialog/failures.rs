//! What failed of a transfer: file by file, with the reason and what helps; one or all of it is tried again.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::window::{self, ListCursor};
use super::{Decision, Hint, Outcome};
use crate::action::Action;
use crate::transfer::{Failure, TransferId};

/// Cells that it wants.
const WIDTH: u16 = 108;
/// Rows for the reason of the one under the cursor, at most.
const DETAILS: u16 = 7;

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::FailureRetry], "retry this one"),
    (&[Action::FailureRetryAll], "retry all"),
    (&[Action::DialogCopy], "copy"),
];

/// The dialog.
#[derive(Debug)]
pub(crate) struct Failures {
    id: TransferId,
    rows: Vec<Failure>,
    cursor: ListCursor,
}

impl Failures {
    pub(super) fn new(id: TransferId, failures: Vec<Failure>) -> Self {
        Self { id, rows: failures, cursor: ListCursor::default() }
    }

    pub(super) fn id(&self) -> TransferId {
        self.id
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// What failed by now; the cursor stays near.
    pub(crate) fn renew(&mut self, failures: Vec<Failure>) {
        self.rows = failures;
        self.cursor.move_to(self.cursor.row(), self.rows.len());
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        match action {
            Action::FailureRetry => {
                let one = self.rows.get(self.cursor.row()).filter(|one| one.again);
                return one
                    .map_or(Outcome::Stay, |one| Outcome::Do(Decision::Retry(self.id, Some(one.number))));
            }
            Action::FailureRetryAll => return Outcome::Decide(Decision::Retry(self.id, None)),
            Action::DialogCopy => return Outcome::Do(Decision::CopyText(self.plain())),
            _ => self.cursor.on_action(action, self.rows.len()),
        }
        Outcome::Stay
    }

    /// A line each, for a mail or an issue: file, reason, what helps.
    fn plain(&self) -> String {
        let line = |one: &Failure| {
            let hint = one.error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
            format!("{}: {}{hint}\n", one.source, one.error.message())
        };
        self.rows.iter().map(line).collect()
    }

    /// See [`window::Spots::click`].
    pub(super) fn on_click(&mut self, cell: Position) -> Option<bool> {
        self.cursor.on_click(cell, self.rows.len())
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let details = self.details(width, theme);
        let below = u16::try_from(details.len()).unwrap_or(DETAILS).min(DETAILS);
        let rows = u16::try_from(self.rows.len()).unwrap_or(u16::MAX);
        let title = format!("{} failed", text::thousands(self.rows.len()));
        let size = (WIDTH, rows.max(1).saturating_add(below + 1));
        let room = window::open(frame, area, theme, &title, size);
        let below = below.min(room.height.saturating_sub(2));
        let list = Rect { height: room.height.saturating_sub(below + u16::from(below > 0)), ..room };
        if self.rows.is_empty() {
            frame.render_widget(Line::styled("Nothing of it is left that failed.", theme.dim), list);
        }
        let top = self.cursor.top(frame, list, self.rows.len());
        let seen = self.rows.iter().enumerate().skip(top).take(usize::from(list.height));
        for (at, (index, one)) in (0..).zip(seen) {
            let style = if index == self.cursor.row() { theme.cursor } else { theme.text };
            let line = text::clip_start(&one.source.to_string(), width, theme.ellipsis());
            let pad = " ".repeat(width.saturating_sub(text::width(&line)));
            frame.render_widget(Line::styled(line + &pad, style), window::row(list, at));
        }
        let last = top + usize::from(list.height);
        window::more(frame, list, theme, top > 0, last < self.rows.len());
        for (at, line) in (list.height + 1..room.height).zip(details) {
            frame.render_widget(line, window::row(room, at));
        }
    }

    /// The reason of the one under the cursor, and what helps.
    fn details(&self, width: usize, theme: &Theme) -> Vec<Line<'static>> {
        let Some(one) = self.rows.get(self.cursor.row()) else { return Vec::new() };
        let mut lines: Vec<Line<'static>> = text::wrap(&one.error.message(), width)
            .into_iter()
            .map(|line| Line::styled(line, theme.error))
            .collect();
        if let Some(hint) = one.error.hint() {
            lines.extend(text::wrap(&hint, width).into_iter().map(|line| Line::styled(line, theme.text)));
        }
        lines
    }
}
