//! What is known about a file, an object, a prefix or a bucket: row by row, each of which can be copied.

use std::cell::Cell;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::{Decision, Hint, Outcome, window};
use crate::action::Action;
use crate::location::{Location, Remote};
use crate::s3::{Fact, Versioning};
use crate::sanitize::display_safe;

/// Cells that it wants at most.
const WIDTH: u16 = 90;

/// How a row is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Look {
    #[default]
    Plain,
    /// There is no such thing, or it cannot be told.
    Absent,
    Alarming,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Property {
    /// Safe to show; empty: it goes on with what is above.
    name: String,
    /// Exact.
    value: String,
    look: Look,
}

impl Property {
    /// A name and what it is.
    pub(crate) fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        let name = display_safe(&name.into()).into_owned();
        Self { name, value: value.into(), look: Look::Plain }
    }

    /// A fact: a row for each thing that there is, or one that says why there is none.
    pub(crate) fn of(fact: &Fact) -> Vec<Self> {
        let absent = |value: String| vec![Self { look: Look::Absent, ..Self::new(fact.name, value) }];
        match &fact.value {
            Err(reason) => absent(format!("not available: {reason}")),
            Ok(lines) if lines.is_empty() => absent("none".to_owned()),
            Ok(lines) => {
                let look = if fact.alarming { Look::Alarming } else { Look::Plain };
                let names = std::iter::once(fact.name).chain(std::iter::repeat(""));
                names.zip(lines).map(|(name, line)| Self { look, ..Self::new(name, line) }).collect()
            }
        }
    }
}

/// The dialog.
#[derive(Debug)]
pub(crate) struct Facts {
    place: Location,
    rows: Vec<Property>,
    cursor: usize,
    /// The bucket, and whether it keeps versions, if that is known.
    bucket: Option<(Remote, Versioning)>,
    page: Cell<usize>,
}

impl Facts {
    pub(super) fn new(place: Location, rows: Vec<Property>, versioning: Option<Versioning>) -> Self {
        let bucket = place.as_remote().cloned().zip(versioning);
        Self { place, rows, cursor: 0, bucket, page: Cell::new(1) }
    }

    /// What it is about.
    pub(crate) fn place(&self) -> &Location {
        &self.place
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        match action {
            Action::DialogCopy => {
                let value = self.rows.get(self.cursor).map(|row| row.value.clone());
                value.map_or(Outcome::Stay, |value| Outcome::Do(Decision::CopyText(value)))
            }
            Action::DialogCopyAll => Outcome::Do(Decision::CopyText(self.plain())),
            Action::BucketVersioning => match &self.bucket {
                Some((bucket, now)) => {
                    Outcome::Do(Decision::AskVersioning(bucket.clone(), *now != Versioning::Enabled))
                }
                None => Outcome::Stay,
            },
            Action::DialogAccept => Outcome::Close(None),
            _ => {
                self.cursor = window::moved(action, self.cursor, self.rows.len(), self.page.get());
                Outcome::Stay
            }
        }
    }

    /// A line a row, for a mail or an issue.
    fn plain(&self) -> String {
        let line = |row: &Property| format!("{}: {}\n", row.name, row.value);
        std::iter::once(format!("{}\n", self.place)).chain(self.rows.iter().map(line)).collect()
    }

    fn names(&self, width: usize) -> usize {
        self.rows.iter().map(|row| text::width(&row.name)).max().unwrap_or(0).min(width / 3)
    }

    /// The lines of all rows, and the first line of each.
    fn lines(&self, theme: &Theme, width: usize) -> (Vec<Line<'static>>, Vec<usize>) {
        let names = self.names(width);
        let (mut lines, mut starts) = (Vec::new(), Vec::with_capacity(self.rows.len()));
        for (index, row) in self.rows.iter().enumerate() {
            starts.push(lines.len());
            let name = text::clip(&row.name, names, theme.ellipsis());
            let mut head = name.clone() + &" ".repeat(names + 2 - text::width(&name));
            let style = match row.look {
                _ if index == self.cursor => theme.cursor,
                Look::Plain => theme.text,
                Look::Absent => theme.dim,
                Look::Alarming => theme.warning,
            };
            for part in text::wrap(&display_safe(&row.value), width.saturating_sub(names + 2)) {
                lines.push(Line::from(vec![Span::styled(head, theme.dim), Span::styled(part, style)]));
                head = " ".repeat(names + 2);
            }
        }
        (lines, starts)
    }

    /// The width that no row needs to wrap at, and no name is cut at.
    fn wanted(&self, title: &str) -> u16 {
        let values = self.rows.iter().map(|row| text::width(&display_safe(&row.value))).max().unwrap_or(0);
        let names = self.names(usize::from(WIDTH));
        let wanted = (names + 2 + values).max(3 * names).max(text::width(title));
        u16::try_from(wanted).unwrap_or(WIDTH).min(WIDTH)
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let title = self.place.to_string();
        let width = window::content_width(area, self.wanted(&title));
        let (lines, starts) = self.lines(theme, usize::from(width));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let room = window::open(frame, area, theme, &title, (width, height));
        let height = usize::from(room.height);
        self.page.set(height.saturating_sub(1).max(1));
        let at = starts.get(self.cursor).copied().unwrap_or(0);
        let top = window::list_top(at, lines.len(), height);
        let more = top + height < lines.len();
        window::stand(frame, window::row(room, u16::try_from(at - top).unwrap_or(0)));
        for (row, line) in (0..room.height).zip(lines.into_iter().skip(top)) {
            frame.render_widget(line, window::row(room, row));
        }
        window::more(frame, room, theme, top > 0, more);
    }

    pub(super) fn hints(&self) -> Vec<Hint> {
        let mut hints: Vec<Hint> =
            vec![(&[Action::DialogCopy], "copy value"), (&[Action::DialogCopyAll], "copy all")];
        if let Some((_, now)) = &self.bucket {
            let word = if *now == Versioning::Enabled { "stop keeping versions" } else { "keep versions" };
            hints.push((&[Action::BucketVersioning], word));
        }
        hints
    }
}
