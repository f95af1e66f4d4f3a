//! What was given out: protected links, drop links, presigned links, upload kits; how they stand, and their end.

use std::collections::HashMap;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::window::{self, ListCursor};
use super::{Decision, Hint, Outcome};
use crate::action::Action;
use crate::error::Error;
use crate::links::Standing;
use crate::location::Location;
use crate::sanitize::display_safe;
use crate::unicode::fold;

/// Cells that it wants.
const WIDTH: u16 = 110;
/// Cells of everything on a row before what it is of.
const COLUMNS: usize = 49;

/// What sort of thing it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sort {
    /// A protected link.
    Share,
    /// A link through which others send.
    Drop,
    /// A presigned link.
    Link,
    /// A presigned upload in parts.
    Kit,
}

impl Sort {
    fn word(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Drop => "drop",
            Self::Link => "link",
            Self::Kit => "kit",
        }
    }

    /// What ends it.
    pub(crate) fn end(self) -> &'static str {
        match self {
            Self::Share => "revoke",
            Self::Drop => "close",
            Self::Link => "forget (it works until it ends)",
            Self::Kit => "abort",
        }
    }
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) sort: Sort,
    pub(crate) id: String,
    /// `open`, `revoked`, ...
    pub(crate) state: String,
    /// `2/3`, `1.2 GB`.
    pub(crate) count: String,
    /// When it ends, in words.
    pub(crate) until: String,
    /// What it is of.
    pub(crate) what: String,
    /// Where that is, if it is one object.
    pub(crate) place: Option<Location>,
    /// How the object stands, once that was asked.
    pub(crate) standing: Option<Standing>,
}

impl Given {
    pub(crate) fn is_open(&self) -> bool {
        self.state == "open"
    }

    /// The state; of what is open what has become of its object.
    fn state(&self) -> &str {
        match self.standing {
            Some(standing) if self.is_open() && standing != Standing::Same => standing.word(),
            _ => &self.state,
        }
    }
}

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::DialogAccept], "what happened"),
    (&[Action::DialogCopy], "copy again"),
    (&[Action::GivenEnd], "end"),
    (&[Action::GivenExtend], "extend"),
    (&[Action::GivenFinish], "finish a kit"),
    (&[Action::GivenGo], "go there"),
    (&[Action::DialogSearch], "look for"),
    (&[Action::GivenAll], "all"),
    (&[Action::GivenRefresh], "refresh"),
];

/// The dialog.
#[derive(Debug, Default)]
pub(crate) struct GivenOut {
    rows: Vec<Given>,
    failed: Vec<Error>,
    is_read: bool,
    /// Also those that are over.
    all: bool,
    /// Only those with this in what they are of; lower case.
    text: String,
    cursor: ListCursor,
}

impl GivenOut {
    /// What there is; what could not be asked.
    pub(crate) fn set(&mut self, mut rows: Vec<Given>, failed: Vec<Error>) {
        let known: HashMap<&str, Standing> =
            self.rows.iter().filter_map(|row| Some((row.id.as_str(), row.standing?))).collect();
        for row in &mut rows {
            row.standing = row.standing.or_else(|| known.get(row.id.as_str()).copied());
        }
        (self.rows, self.failed, self.is_read) = (rows, failed, true);
        self.narrowed();
    }

    /// How the objects of some of them stand, by their ids.
    pub(crate) fn set_standings(&mut self, standings: &[(String, Standing)]) {
        for (id, standing) in standings {
            if let Some(row) = self.rows.iter_mut().find(|row| row.id == *id) {
                row.standing = Some(*standing);
            }
        }
    }

    /// Only what has `text` in what it is of.
    pub(crate) fn search(&mut self, text: &str) {
        self.text = fold(text).into_owned();
        self.narrowed();
    }

    fn narrowed(&mut self) {
        self.cursor.move_to(self.cursor.row(), self.seen().len());
    }

    fn seen(&self) -> Vec<&Given> {
        let wanted = |row: &&Given| (self.all || row.is_open()) && fold(&row.what).contains(&self.text);
        self.rows.iter().filter(wanted).collect()
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        let current = self.seen().get(self.cursor.row()).map(|row| (*row).clone());
        match (action, current) {
            (Action::GivenAll, _) => {
                self.all = !self.all;
                self.narrowed();
            }
            (Action::DialogSearch, _) => return Outcome::Do(Decision::AskSeek(self.text.clone())),
            (Action::GivenRefresh, _) => return Outcome::Do(Decision::ListGiven),
            (Action::DialogCopy, Some(row)) => return Outcome::Do(Decision::CopyGiven(row)),
            (Action::GivenEnd, Some(row)) => return Outcome::Do(Decision::AskEndGiven(row)),
            (Action::GivenExtend, Some(row)) if row.sort == Sort::Share => {
                return Outcome::Do(Decision::AskExtend(row));
            }
            (Action::GivenFinish, Some(row)) if row.sort == Sort::Kit => {
                return Outcome::Do(Decision::FinishGiven(row));
            }
            (Action::GivenGo, Some(Given { place: Some(place), .. })) => {
                return Outcome::Decide(Decision::JumpTo(place));
            }
            (Action::DialogAccept, Some(row)) => return Outcome::Do(Decision::ShowGiven(row)),
            _ => {
                let len = self.seen().len();
                self.cursor.on_action(action, len);
            }
        }
        Outcome::Stay
    }

    /// See [`window::Spots::click`].
    pub(super) fn on_click(&mut self, cell: Position) -> Option<bool> {
        let len = self.seen().len();
        self.cursor.on_click(cell, len)
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let title = if self.all { "Given out (all)" } else { "Given out" };
        let room = window::open(frame, area, theme, title, (WIDTH, area.height.saturating_sub(6)));
        let seen = self.seen();
        let faults = self.failed.iter().flat_map(|error| {
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            text::wrap(&format!("{error}{hint}"), width)
        });
        let faults: Vec<String> = faults.take(4).collect();
        let below = u16::try_from(faults.len()).unwrap_or(0).min(room.height.saturating_sub(2));
        let list = Rect { height: room.height - below, ..room };
        for (at, line) in (list.height..).zip(faults.iter().take(usize::from(below))) {
            frame.render_widget(Line::styled(line.clone(), theme.error), window::row(room, at));
        }
        if seen.is_empty() {
            let words = match (self.is_read, self.rows.is_empty()) {
                (false, _) => "reading...",
                (true, true) => "Nothing was given out.",
                (true, false) if !self.text.is_empty() => "Nothing matches what is looked for.",
                (true, false) => "Nothing that was given out is open; what is over can be shown too.",
            };
            frame.render_widget(Line::styled(words, theme.dim), list);
            window::stand(frame, list);
            return;
        }
        let head = format!("{:6} {:9} {:>11} {:18} What", "", "State", "Count", "Until");
        frame.render_widget(Line::styled(text::clip(&head, width, ""), theme.dim), window::row(list, 0));
        let list = Rect { y: list.y + 1, height: list.height.saturating_sub(1), ..list };
        let top = self.cursor.top(frame, list, seen.len());
        let rows = seen.iter().enumerate().skip(top).take(usize::from(list.height));
        for (at, (index, row)) in (0..).zip(rows) {
            let what =
                text::clip_middle(&display_safe(&row.what), width.saturating_sub(COLUMNS), theme.ellipsis());
            let line =
                format!("{:6} {:9} {:>11} {:18} {what}", row.sort.word(), row.state(), row.count, row.until);
            let line = text::clip(&line, width, theme.ellipsis());
            let pad = " ".repeat(width.saturating_sub(text::width(&line)));
            let style = match (index == self.cursor.row(), row.is_open(), row.standing) {
                (true, ..) => theme.cursor,
                (_, false, _) => theme.dim,
                (_, true, Some(Standing::Changed | Standing::Gone)) => theme.warning,
                (_, true, Some(Standing::Arrived)) => theme.good,
                (_, true, _) => theme.text,
            };
            frame.render_widget(Line::styled(line + &pad, style), window::row(list, at));
        }
        window::more(frame, list, theme, top > 0, top + usize::from(list.height) < seen.len());
    }
}
