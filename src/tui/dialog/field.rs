//! One line of text that can be edited; what is too long scrolls sideways. Shows hostile characters written out,
//! keeps them as they are.

use crossterm::event::{Event, KeyEvent};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;
use tui_input::backend::crossterm::to_input_request;
use tui_input::{Input, InputRequest, StateChanged};
use unicode_segmentation::UnicodeSegmentation;

use super::super::text;
use super::super::theme::Theme;
use crate::sanitize::display_safe;

/// The line.
#[derive(Clone, Debug, Default)]
pub(super) struct Field {
    input: Input,
    /// The first character that is typed takes the place of all of it.
    preset: bool,
}

impl Field {
    /// With `text` in it and the cursor at its end.
    pub(super) fn new(text: &str) -> Self {
        Self { input: Input::new(text.to_owned()), preset: false }
    }

    /// With a `text` that was not typed: what is typed next takes its place, other keys edit it.
    pub(super) fn preset(text: &str) -> Self {
        Self { preset: true, ..Self::new(text) }
    }

    /// The text, exact.
    pub(super) fn text(&self) -> &str {
        self.input.value()
    }

    /// A key for it; whether the text changed.
    pub(super) fn on_key(&mut self, key: KeyEvent) -> bool {
        let Some(request) = to_input_request(&Event::Key(key)) else { return false };
        self.handle(request).is_some_and(|changed| changed.value)
    }

    fn handle(&mut self, request: InputRequest) -> Option<StateChanged> {
        if std::mem::take(&mut self.preset) && matches!(request, InputRequest::InsertChar(_)) {
            self.input.reset();
        }
        self.input.handle(request)
    }

    /// Inserts `text` without its control characters; whether anything was left.
    pub(super) fn paste(&mut self, text: &str) -> bool {
        let mut changed = false;
        for c in text.chars().filter(|c| !c.is_control()) {
            changed |= self.handle(InputRequest::InsertChar(c)).is_some();
        }
        changed
    }

    /// Draws it into one row; with `focused` the terminal's cursor goes there.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme, focused: bool) {
        let area = area.intersection(frame.area());
        if area.is_empty() {
            return;
        }
        let (shown, cursor) = self.window(usize::from(area.width));
        frame.render_widget(Span::styled(shown, theme.text), area);
        if focused {
            let x = u16::try_from(cursor).unwrap_or(0).min(area.width - 1);
            frame.set_cursor_position(Position::new(area.x + x, area.y));
        }
    }

    /// The part that is seen in `cells` cells, and the cursor's cell in it.
    fn window(&self, cells: usize) -> (String, usize) {
        let cursor = self.input.cursor();
        let (mut before, mut after, mut chars) = (Vec::new(), String::new(), 0);
        for grapheme in self.input.value().graphemes(true) {
            let safe = display_safe(grapheme).into_owned();
            chars += grapheme.chars().count();
            if chars <= cursor { before.push(safe) } else { after.push_str(&safe) }
        }
        let mut used = 0;
        let mut start = before.len();
        while start > 0 && used + text::width(&before[start - 1]) < cells.max(1) {
            start -= 1;
            used += text::width(&before[start]);
        }
        let shown = before[start..].concat() + &after;
        (text::clip(&shown, cells, ""), used)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::{KeyCode, KeyModifiers};

    #[test]
    fn the_cursor_stays_in_sight() {
        let mut field = Field::new("0123456789");
        assert_eq!(field.window(5), ("6789".to_owned(), 4));
        for _ in 0..10 {
            field.on_key(KeyEvent::new(KeyCode::Left, KeyModifiers::NONE));
        }
        assert_eq!(field.window(5), ("01234".to_owned(), 0));
        assert_eq!(Field::new("日本語").window(5), ("本語".to_owned(), 4));
    }

    #[test]
    fn hostile_text_is_shown_written_out_and_kept() {
        let field = Field::new("a\u{1b}[2Jb\u{202e}");
        assert_eq!(field.window(40).0, "a\\x1b[2Jb\\u{202e}");
        assert_eq!(field.text(), "a\u{1b}[2Jb\u{202e}");
    }

    #[test]
    fn ctrl_h_deletes_and_pastes_lose_their_controls() {
        let mut field = Field::new("ab");
        assert!(field.on_key(KeyEvent::new(KeyCode::Char('h'), KeyModifiers::CONTROL)));
        assert!(field.paste("x\ny\u{1b}z"));
        assert_eq!(field.text(), "axyz");
        assert!(!field.paste("\n"));
    }
}
