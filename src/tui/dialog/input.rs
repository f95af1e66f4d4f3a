//! A line of input. Filter and jump act while one types, so they leave the panes in sight.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::Clear;

use super::super::text;
use super::super::theme::Theme;
use super::field::Field;
use super::{Decision, Hint, Outcome, Purpose, window};
use crate::action::Action;
use crate::sanitize::display_safe;

/// Cells that a box for input wants.
const WIDTH: u16 = 60;

/// The dialog.
#[derive(Debug)]
pub(crate) struct Prompt {
    purpose: Purpose,
    label: String,
    field: Field,
    /// Said beside what is typed.
    note: Option<&'static str>,
    /// Said below what was typed, until that changes: why it was refused, for example.
    told: Option<String>,
}

impl Prompt {
    pub(super) fn new(purpose: Purpose, label: &str, text: &str) -> Self {
        Self {
            purpose,
            label: display_safe(label).into_owned(),
            field: Field::new(text),
            note: None,
            told: None,
        }
    }

    /// Goes on as `text`, if it still says what that was found for.
    pub(crate) fn complete(&mut self, typed: &str, text: &str) {
        if self.field.text() == typed {
            (self.field, self.told) = (Field::new(text), None);
        }
    }

    pub(super) fn note(&mut self, note: Option<&'static str>) {
        self.note = note;
    }

    /// Says something about what was typed.
    pub(crate) fn tell(&mut self, words: String) {
        self.told = Some(words);
    }

    pub(super) fn text(&self) -> &str {
        self.field.text()
    }

    pub(super) fn purpose(&self) -> Purpose {
        self.purpose
    }

    pub(super) fn is_live(&self) -> bool {
        matches!(self.purpose, Purpose::Filter | Purpose::Jump | Purpose::Seek)
    }

    fn changed(&mut self, changed: bool) -> Outcome {
        if changed {
            self.told = None;
        }
        if changed && self.is_live() {
            Outcome::Changed(self.purpose, self.field.text().to_owned())
        } else {
            Outcome::Stay
        }
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        if action == Some(Action::FormNext) && self.purpose == Purpose::GoTo {
            return Outcome::Do(Decision::Complete(self.field.text().to_owned()));
        }
        if action != Some(Action::FormAccept) {
            let changed = self.field.on_key(key);
            return self.changed(changed);
        }
        let text = self.field.text();
        let decision = Decision::Text(self.purpose, text.to_owned());
        // An empty filter is a decision (no filter); an empty name or place is none.
        match (self.is_live(), text.is_empty()) {
            (true, _) => Outcome::Decide(decision),
            (false, true) => Outcome::Close(Some(self.purpose)),
            // It stays until the place is found.
            (false, false) if self.purpose == Purpose::GoTo => Outcome::Do(decision),
            (false, false) => Outcome::Ask(decision),
        }
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Outcome {
        let changed = self.field.paste(text);
        self.changed(changed)
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        if !self.is_live() {
            let width = usize::from(window::content_width(area, WIDTH));
            let told = self.told.as_ref().map(|words| text::wrap(&display_safe(words), width));
            let told = told.unwrap_or_default();
            let height = u16::try_from(1 + told.len()).unwrap_or(u16::MAX);
            let room = window::open(frame, area, theme, &self.label, (WIDTH, height));
            self.field.draw(frame, window::row(room, 0), theme, true);
            for (row, line) in (1..room.height).zip(told) {
                frame.render_widget(Span::styled(line, theme.warning), window::row(room, row));
            }
            return;
        }
        let bar = window::row(area, area.height.saturating_sub(1)).intersection(frame.area());
        frame.render_widget(Clear, bar);
        let label = text::clip(&self.label, usize::from(bar.width / 2), theme.ellipsis()) + ": ";
        let used = u16::try_from(text::width(&label)).unwrap_or(bar.width).min(bar.width);
        frame.render_widget(Span::styled(label, theme.focused), bar);
        let mut rest = Rect { x: bar.x + used, width: bar.width - used, ..bar };
        if let Some(note) = self.note {
            // Half of the room stays for what is typed.
            let note = text::clip(note, usize::from(rest.width / 2), theme.ellipsis());
            let cells = u16::try_from(text::width(&note)).unwrap_or(0);
            rest.width -= cells;
            frame.render_widget(
                Span::styled(note, theme.warning),
                Rect { x: rest.right(), width: cells, ..bar },
            );
        }
        self.field.draw(frame, rest, theme, true);
    }

    pub(super) fn hints(&self) -> &'static [Hint] {
        match self.purpose {
            Purpose::GoTo => &[(&[Action::FormAccept], "ok"), (&[Action::FormNext], "complete")],
            _ if self.is_live() => &[(&[Action::FormAccept], "keep")],
            _ => &[(&[Action::FormAccept], "ok")],
        }
    }
}
