//! How much is where below a place: rows that change while it is read. One can go to a row, look what is where in it, and back.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::window::{self, ListCursor};
use super::{Decision, Hint, Outcome};
use crate::action::Action;
use crate::error::Error;
use crate::location::Location;
use crate::sanitize::display_safe;
use crate::walk::Total;

/// Cells that it wants.
const WIDTH: u16 = 112;
/// Cells of a bar.
const BAR: u16 = 12;

/// One row: what is in a folder, one of the largest files right here, or the rest of those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) place: Location,
    pub(crate) bytes: u64,
    pub(crate) files: u64,
    /// Whether one can look what is in it.
    pub(crate) folder: bool,
}

/// What is known so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    /// All rows.
    pub(crate) rows: Vec<Share>,
    /// Objects and files that were looked at.
    pub(crate) looked: u64,
    pub(crate) bytes: u64,
    /// What could not be read.
    pub(crate) failed: Vec<Error>,
    pub(crate) done: bool,
    /// By storage class.
    pub(crate) classes: Vec<(String, Total)>,
}

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::DialogAccept], "go there"),
    (&[Action::UsageBelow], "what is in it"),
    (&[Action::UsageAbove], "back"),
];

/// The dialog.
#[derive(Debug)]
pub(crate) struct Usage {
    root: Location,
    now: Measured,
    cursor: ListCursor,
    /// The places that it is below, the nearest last, as they were left.
    above: Vec<(Location, Measured, ListCursor)>,
}

impl Usage {
    pub(super) fn new(root: Location) -> Self {
        Self { root, now: Measured::default(), cursor: ListCursor::default(), above: Vec::new() }
    }

    /// Shows what is where in one of its rows from now on.
    pub(crate) fn enter(&mut self, place: Location) {
        let left = std::mem::replace(self, Self::new(place));
        self.above = left.above;
        self.above.push((left.root, left.now, left.cursor));
    }

    /// Back to what was shown before; the place, if it was not read to its end.
    pub(crate) fn leave(&mut self) -> Option<Location> {
        (self.root, self.now, self.cursor) = self.above.pop()?;
        (!self.now.done).then(|| self.root.clone())
    }

    /// Something more is known.
    pub(crate) fn take(&mut self, now: Measured) {
        // Rows change places while it is read; a cursor that was moved stays with its own.
        let own = self.now.rows.get(self.cursor.row()).filter(|_| self.cursor.row() > 0);
        let at = own.and_then(|own| now.rows.iter().position(|row| row.place == own.place));
        self.cursor.move_to(at.unwrap_or(self.cursor.row()), now.rows.len());
        self.now = now;
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        match (action, self.now.rows.get(self.cursor.row())) {
            (Action::DialogAccept, Some(row)) => return Outcome::Decide(Decision::JumpTo(row.place.clone())),
            (Action::UsageBelow, Some(row)) => {
                let below = row.folder.then(|| row.place.clone());
                return Outcome::Do(Decision::MeasureBelow(below));
            }
            (Action::UsageAbove, _) if !self.above.is_empty() => return Outcome::Do(Decision::MeasureAbove),
            _ => {}
        }
        self.cursor.on_action(action, self.now.rows.len());
        Outcome::Stay
    }

    /// See [`window::Spots::click`].
    pub(super) fn on_click(&mut self, cell: Position) -> Option<bool> {
        self.cursor.on_click(cell, self.now.rows.len())
    }

    fn status(&self, theme: &Theme) -> String {
        let looked =
            format!("{} looked at, {}", text::count(self.now.looked), theme.units.size(self.now.bytes));
        let state = if self.now.done { "" } else { "  reading... (Esc stops)" };
        let rows = self.now.rows.len();
        format!("{} row{}  {looked}{state}", text::thousands(rows), if rows == 1 { "" } else { "s" })
    }

    /// What is in which storage class; nothing where there is only one.
    fn classes(&self, theme: &Theme) -> Option<String> {
        let class = |(name, total): &(String, Total)| {
            let size = theme.units.size(total.bytes);
            format!("{} {size} ({})", display_safe(name), text::count(total.files))
        };
        let classes = &self.now.classes;
        (classes.len() > 1).then(|| classes.iter().map(class).collect::<Vec<_>>().join(", "))
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let title = format!("Room taken below {}", self.root);
        let room = window::open(frame, area, theme, &title, (WIDTH, area.height.saturating_sub(6)));
        let status = text::clip(&self.status(theme), width, theme.ellipsis());
        frame
            .render_widget(Line::styled(status, theme.dim), window::row(room, room.height.saturating_sub(1)));
        let mut list = Rect { height: room.height.saturating_sub(1), ..room };
        if let Some(classes) = self.classes(theme).filter(|_| list.height > 2) {
            list.height -= 1;
            let line = text::clip(&classes, width, theme.ellipsis());
            frame.render_widget(Line::styled(line, theme.dim), window::row(room, list.height));
        }
        if let Some(error) = self.now.failed.first().filter(|_| list.height > 1) {
            list.height -= 1;
            let more = self.now.failed.len() - 1;
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            let line = text::clip(&format!("{error}{more}"), width, theme.ellipsis());
            frame.render_widget(Line::styled(line, theme.error), window::row(room, list.height));
        }
        let rows = &self.now.rows;
        if !rows.is_empty() && list.height > 1 {
            let heading = text::clip(&Self::heading(theme), width, theme.ellipsis());
            frame.render_widget(Line::styled(heading, theme.dim), window::row(list, 0));
            list = Rect { y: list.y + 1, height: list.height - 1, ..list };
        }
        if rows.is_empty() && self.now.done {
            frame.render_widget(Line::styled("Nothing is here.", theme.dim), list);
        }
        let top = self.cursor.top(frame, list, rows.len());
        let seen = rows.iter().enumerate().skip(top).take(usize::from(list.height));
        for (at, (index, row)) in (0..).zip(seen) {
            let line = self.line(row, index == self.cursor.row(), width, theme);
            frame.render_widget(line, window::row(list, at));
        }
        window::more(frame, list, theme, top > 0, top + usize::from(list.height) < rows.len());
    }

    /// What stands in the columns of [`Self::line`].
    fn heading(theme: &Theme) -> String {
        let (size, bar) = (theme.units.width(), usize::from(BAR));
        format!("{:>size$}  {:bar$} {:>11}  Place", "Size", "Share", "Objects")
    }

    fn line(&self, row: &Share, cursor: bool, width: usize, theme: &Theme) -> Line<'static> {
        let style = if cursor { theme.cursor } else { theme.text };
        let mut spans = vec![Span::styled(theme.units.column(row.bytes) + "  ", style)];
        spans.extend(theme.bar(BAR, row.bytes, self.now.bytes));
        spans.push(Span::styled(format!(" {:>11}  ", text::count(row.files)), style));
        let used: usize = spans.iter().map(|span| text::width(&span.content)).sum();
        let below = row.place.below(&self.root).filter(|name| !name.is_empty());
        let name = match below {
            _ if row.place == self.root => "(other files here)".to_owned(),
            Some(name) => name.to_string_lossy().into_owned(),
            None => row.place.to_string(),
        };
        let name = text::clip_middle(&display_safe(&name), width.saturating_sub(used), theme.ellipsis());
        let pad = " ".repeat(width.saturating_sub(used + text::width(&name)));
        spans.push(Span::styled(name + &pad, style));
        Line::from(spans)
    }
}
