//! Properties, or a failure in full: rows that wrap, in a box that scrolls.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::super::text;
use super::super::theme::Theme;
use super::window::{self, Scroll};
use super::{Hint, Outcome};
use crate::action::Action;
use crate::sanitize::display_safe;

/// Cells that it wants at most.
const WIDTH: u16 = 90;

/// For the status line.
pub(super) const HINTS: &[Hint] = &[(&[Action::DialogPageDown], "more")];

/// The dialog. A row without a key takes the whole width.
#[derive(Debug)]
pub(crate) struct Info {
    title: String,
    rows: Vec<(String, String)>,
    scroll: Scroll,
}

impl Info {
    pub(super) fn new(title: &str, rows: Vec<(String, String)>) -> Self {
        let safe = |text: String| display_safe(&text).into_owned();
        let rows = rows.into_iter().map(|(key, value)| (safe(key), safe(value))).collect();
        Self { title: display_safe(title).into_owned(), rows, scroll: Scroll::default() }
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        if action == Action::DialogAccept {
            return Outcome::Close(None);
        }
        self.scroll.on_action(action);
        Outcome::Stay
    }

    fn lines(&self, theme: &Theme, width: usize) -> Vec<Line<'static>> {
        let keys = self.rows.iter().map(|(key, _)| text::width(key)).max().unwrap_or(0).min(width / 3);
        let mut lines = Vec::new();
        for (key, value) in &self.rows {
            if key.is_empty() {
                lines.extend(text::wrap(value, width).into_iter().map(|line| Line::styled(line, theme.text)));
                continue;
            }
            let key = text::clip(key, keys, theme.ellipsis());
            let mut head = key.clone() + &" ".repeat(keys + 2 - text::width(&key));
            for part in text::wrap(value, width.saturating_sub(keys + 2)) {
                lines.push(Line::from(vec![Span::styled(head, theme.dim), Span::styled(part, theme.text)]));
                head = " ".repeat(keys + 2);
            }
        }
        lines
    }

    /// The width that no row needs to wrap at.
    fn wanted(&self) -> u16 {
        let keys = self.rows.iter().map(|(key, _)| text::width(key)).max().unwrap_or(0);
        let values = self.rows.iter().map(|(_, value)| text::width(value)).max().unwrap_or(0);
        let wanted = (keys + 2 + values).max(text::width(&self.title));
        u16::try_from(wanted).unwrap_or(WIDTH).min(WIDTH)
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = window::content_width(area, self.wanted());
        let lines = self.lines(theme, usize::from(width));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let room = window::open(frame, area, theme, &self.title, (width, height));
        self.scroll.draw(frame, room, theme, &lines);
    }
}
