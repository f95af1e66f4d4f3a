//! What is found below a place, or how much is where: rows that come bit by bit; Enter goes to one.

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::window::{self, ListCursor};
use super::{Decision, Outcome};
use crate::action::Action;
use crate::error::Error;
use crate::location::Location;
use crate::sanitize::display_safe;

/// Cells that it wants.
const WIDTH: u16 = 112;
/// Rows that are kept; more are only counted.
const MOST: usize = 100_000;
/// Cells of a bar.
const BAR: u16 = 12;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) place: Location,
    pub(crate) bytes: u64,
    /// Objects, where it stands for several.
    pub(crate) count: Option<u64>,
}

/// What is known so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// More rows, or with `anew` all of them.
    pub(crate) rows: Vec<Found>,
    pub(crate) anew: bool,
    /// Objects and files that were looked at.
    pub(crate) looked: u64,
    pub(crate) bytes: u64,
    pub(crate) failed: Vec<Error>,
    pub(crate) done: bool,
    /// Something to say at the end.
    pub(crate) words: String,
}

/// The dialog.
#[derive(Debug)]
pub(crate) struct Results {
    title: String,
    root: Location,
    rows: Vec<Found>,
    more: usize,
    last: Progress,
    cursor: ListCursor,
}

impl Results {
    pub(super) fn new(title: &str, root: Location) -> Self {
        Self {
            title: title.to_owned(),
            root,
            rows: Vec::new(),
            more: 0,
            last: Progress::default(),
            cursor: ListCursor::default(),
        }
    }

    /// Something more is known.
    pub(crate) fn take(&mut self, mut progress: Progress) {
        let rows = std::mem::take(&mut progress.rows);
        if progress.anew {
            self.rows.clear();
        }
        let room = MOST - self.rows.len();
        self.more += rows.len().saturating_sub(room);
        self.rows.extend(rows.into_iter().take(room));
        let mut failed = std::mem::take(&mut self.last.failed);
        failed.append(&mut progress.failed);
        self.last = Progress { failed, ..progress };
        self.cursor.move_to(self.cursor.row(), self.rows.len());
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        if key.code == KeyCode::Enter
            && let Some(row) = self.rows.get(self.cursor.row())
        {
            return Outcome::Decide(Decision::JumpTo(row.place.clone()));
        }
        let len = self.rows.len();
        self.cursor.on_action(action, len);
        Outcome::Stay
    }

    fn status(&self, theme: &Theme) -> String {
        let number = |count: u64| text::thousands(usize::try_from(count).unwrap_or(usize::MAX));
        let looked = format!("{} looked at, {}", number(self.last.looked), theme.units.size(self.last.bytes));
        let more = if self.more > 0 {
            format!("  {} more not shown", text::thousands(self.more))
        } else {
            String::new()
        };
        let state = match (self.last.done, self.last.words.is_empty()) {
            (false, _) => "  reading... (Esc stops)".to_owned(),
            (true, true) => String::new(),
            (true, false) => format!("  {}", self.last.words),
        };
        format!("{} rows  {looked}{more}{state}", text::thousands(self.rows.len()))
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let title = format!("{} {}", self.title, self.root);
        let room = window::open(frame, area, theme, &title, (WIDTH, area.height.saturating_sub(6)));
        let status = text::clip(&self.status(theme), width, theme.ellipsis());
        frame
            .render_widget(Line::styled(status, theme.dim), window::row(room, room.height.saturating_sub(1)));
        let mut list = Rect { height: room.height.saturating_sub(1), ..room };
        if let Some(error) = self.last.failed.first().filter(|_| list.height > 1) {
            list.height -= 1;
            let more = self.last.failed.len() - 1;
            let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
            let line = text::clip(&format!("{error}{more}"), width, theme.ellipsis());
            frame.render_widget(Line::styled(line, theme.error), window::row(room, list.height));
        }
        if self.rows.is_empty() && self.last.done {
            frame.render_widget(Line::styled("Nothing was found.", theme.dim), list);
        }
        let top = self.cursor.seen(self.rows.len(), list.height).start;
        let rows = self.rows.iter().enumerate().skip(top).take(usize::from(list.height));
        for (at, (index, row)) in (0..).zip(rows) {
            frame.render_widget(
                self.line(row, index == self.cursor.row(), width, theme),
                window::row(list, at),
            );
        }
        window::more(frame, list, theme, top > 0, top + usize::from(list.height) < self.rows.len());
    }

    fn line(&self, row: &Found, cursor: bool, width: usize, theme: &Theme) -> Line<'static> {
        let style = if cursor { theme.cursor } else { theme.text };
        let mut spans = vec![Span::styled(format!("{}  ", theme.units.column(row.bytes)), style)];
        if let Some(count) = row.count {
            spans.extend(theme.bar(BAR, row.bytes, self.last.bytes));
            let count = text::thousands(usize::try_from(count).unwrap_or(usize::MAX));
            spans.push(Span::styled(format!(" {count:>11}  "), style));
        }
        let used: usize = spans.iter().map(|span| text::width(&span.content)).sum();
        let whole = row.place.to_string();
        let root = self.root.to_string();
        let name = whole.strip_prefix(&root).filter(|name| !name.is_empty()).unwrap_or(&whole);
        let name = text::clip_middle(&display_safe(name), width.saturating_sub(used), theme.ellipsis());
        let pad = " ".repeat(width.saturating_sub(used + text::width(&name)));
        spans.push(Span::styled(name + &pad, style));
        Line::from(spans)
    }

    pub(super) fn hints() -> Vec<(&'static str, &'static str)> {
        vec![("Enter", "go there"), ("Esc", "stop, close")]
    }
}
