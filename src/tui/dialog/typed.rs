//! A question so grave that its answer is to be typed: the name of what goes, or how many go.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::field::Field;
use super::{Decision, Hint, Outcome, window};
use crate::action::Action;
use crate::sanitize::display_safe;

/// Cells that it wants.
const WIDTH: u16 = 66;

/// For the status line.
pub(super) const HINTS: &[Hint] = &[(&[Action::FormAccept], "do it, once that is typed")];

/// What has to be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Exactly this.
    Name(String),
    /// This number; how its thousands are set apart does not matter.
    Count(u64),
}

impl Word {
    fn is(&self, typed: &str) -> bool {
        match self {
            Word::Name(name) => typed == name,
            Word::Count(count) => typed.replace([',', ' ', '_', '\''], "") == count.to_string(),
        }
    }

    fn shown(&self) -> String {
        match self {
            Word::Name(name) => display_safe(name).into_owned(),
            Word::Count(count) => text::count(*count),
        }
    }
}

/// The dialog.
#[derive(Debug)]
pub(crate) struct Typed {
    title: &'static str,
    lines: Vec<String>,
    word: Word,
    field: Field,
    /// Something else was.
    wrong: bool,
    decision: Decision,
}

impl Typed {
    pub(super) fn new(title: &'static str, lines: &[String], word: Word, decision: Decision) -> Self {
        let lines = lines.iter().map(|line| display_safe(line).into_owned()).collect();
        Self { title, lines, word, field: Field::new(""), wrong: false, decision }
    }

    /// Says below the question what it is not about.
    pub(super) fn leave_out(&mut self, words: &str) {
        self.lines.insert(1.min(self.lines.len()), display_safe(words).into_owned());
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        if action == Some(Action::FormAccept) {
            if self.word.is(self.field.text()) {
                return Outcome::Decide(self.decision.clone());
            }
            self.wrong = true;
        } else if self.field.on_key(key) {
            self.wrong = false;
        }
        Outcome::Stay
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Outcome {
        self.field.paste(text);
        Outcome::Stay
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let wrapped = |text: &str| text::wrap(text, width);
        let mut lines: Vec<Line<'static>> = self
            .lines
            .iter()
            .flat_map(|line| wrapped(line))
            .map(|line| Line::styled(line, theme.text))
            .collect();
        let not = if self.wrong { "That is something else. " } else { "" };
        let ask = format!("{not}Type {} to go on:", self.word.shown());
        let style = if self.wrong { theme.error } else { theme.warning };
        lines.extend(wrapped(&ask).into_iter().map(|line| Line::styled(line, style)));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(1);
        let room = window::open(frame, area, theme, self.title, (WIDTH, height));
        // The field stays when room is short: it is what the keys go to.
        let above = usize::from(room.height.saturating_sub(1));
        let skipped = lines.len().saturating_sub(above);
        for (at, line) in (0..).zip(lines.into_iter().skip(skipped)) {
            frame.render_widget(line, window::row(room, at));
        }
        self.field.draw(frame, window::row(room, room.height.saturating_sub(1)), theme, true);
    }
}
