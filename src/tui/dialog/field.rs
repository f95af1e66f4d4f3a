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

    /// Inserts `text` without its control characters, all at once; whether anything was left.
    pub(super) fn paste(&mut self, text: &str) -> bool {
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        if text.is_empty() {
            return false;
        }
        if std::mem::take(&mut self.preset) {
            self.input.reset();
        }
        let (before, after) = self.halves();
        let cursor = self.input.cursor() + text.chars().count();
        let value = [before, &text, after].concat();
        self.input = std::mem::take(&mut self.input).with_value(value).with_cursor(cursor);
        true
    }

    /// What is before the cursor, and what is behind it.
    fn halves(&self) -> (&str, &str) {
        let value = self.input.value();
        let at = value.char_indices().nth(self.input.cursor()).map_or(value.len(), |(at, _)| at);
        value.split_at(at)
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

    /// The part that is seen in `cells` cells, and the cursor's cell in it. Looks at no more than that part: the text
    /// may be very long.
    fn window(&self, cells: usize) -> (String, usize) {
        let (before, after) = self.halves();
        let mut used = 0;
        let mut shown: Vec<String> = before
            .graphemes(true)
            .rev()
            .map(|grapheme| display_safe(grapheme).into_owned())
            .take_while(|safe| {
                let fits = used + text::width(safe) < cells.max(1);
                used += if fits { text::width(safe) } else { 0 };
                fits
            })
            .collect();
        shown.reverse();
        let mut wide = used;
        shown.extend(after.graphemes(true).map(|grapheme| display_safe(grapheme).into_owned()).take_while(
            |safe| {
                let begins = wide <= cells;
                wide += text::width(safe);
                begins
            },
        ));
        (text::clip(&shown.concat(), cells, ""), used)
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

    #[test]
    fn a_paste_goes_in_where_the_cursor_is_or_takes_the_place_of_what_was_not_typed() {
        let mut field = Field::new("ad");
        field.on_key(KeyEvent::new(KeyCode::Left, KeyModifiers::NONE));
        assert!(field.paste("bé"));
        assert!(field.paste("c"));
        assert_eq!((field.text(), field.window(3)), ("abécd", ("éc".to_owned() + "d", 2)));
        let mut preset = Field::preset("old");
        assert!(preset.paste("new"));
        assert_eq!(preset.text(), "new");
        let long = "x日".repeat(100_000);
        assert!(preset.paste(&long));
        assert_eq!(preset.text().len(), 3 + long.len());
        assert_eq!(preset.window(6), ("x日x日".chars().skip(1).collect(), 5));
    }
}
