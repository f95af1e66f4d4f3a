//! Something is counted or compared for a question. Until that is there, keys go nowhere: Esc stops it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::window;

/// Cells that it wants.
const WIDTH: u16 = 60;

/// The dialog.
#[derive(Debug)]
pub(crate) struct Wait {
    title: &'static str,
    text: String,
}

impl Wait {
    pub(super) fn new(title: &'static str, text: String) -> Self {
        Self { title, text }
    }

    /// What is done meanwhile, in words.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let line = format!("{}..., Esc stops", self.text);
        let lines: Vec<Line<'_>> =
            text::wrap(&line, width).into_iter().map(|line| Line::styled(line, theme.text)).collect();
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
        let room = window::open(frame, area, theme, self.title, (WIDTH, height));
        window::stand(frame, window::row(room, 0));
        for (at, line) in (0..room.height).zip(lines) {
            frame.render_widget(line, window::row(room, at));
        }
    }
}
