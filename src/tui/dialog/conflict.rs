//! The target of a transfer exists already: both sides, and what may be done.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::{Decision, Outcome, window};
use crate::location::Location;
use crate::transfer::{Answer, Conflict, OnConflict, TransferId};

/// Cells that it wants.
const WIDTH: u16 = 70;

/// The choices: key, what it does, and the word on its button.
const CHOICES: [(char, OnConflict, &str); 4] = [
    ('o', OnConflict::Overwrite, "overwrite"),
    ('s', OnConflict::Skip, "skip"),
    ('n', OnConflict::Newer, "newer"),
    ('r', OnConflict::Rename, "rename"),
];

/// The dialog. Skip is chosen at first: it destroys nothing.
#[derive(Debug)]
pub(crate) struct ConflictDialog {
    id: TransferId,
    conflict: Conflict,
    chosen: usize,
    all: bool,
}

impl ConflictDialog {
    pub(super) fn new(id: TransferId, conflict: Conflict) -> Self {
        Self { id, conflict, chosen: 1, all: false }
    }

    pub(super) fn id(&self) -> TransferId {
        self.id
    }

    fn answer(&self, choice: OnConflict, all: bool) -> Outcome {
        Outcome::Decide(Decision::Conflict(self.id, Answer { choice, all }))
    }

    pub(super) fn on_key(&mut self, key: KeyEvent) -> Outcome {
        match key.code {
            KeyCode::Enter => return self.answer(CHOICES[self.chosen].1, self.all),
            KeyCode::Left | KeyCode::Up | KeyCode::BackTab => {
                self.chosen = (self.chosen + CHOICES.len() - 1) % CHOICES.len();
            }
            KeyCode::Right | KeyCode::Down | KeyCode::Tab => self.chosen = (self.chosen + 1) % CHOICES.len(),
            KeyCode::Char('a' | 'A') => self.all = !self.all,
            KeyCode::Char(c) => {
                let for_all = c.is_ascii_uppercase() || key.modifiers.contains(KeyModifiers::SHIFT);
                let choice = CHOICES.iter().find(|(letter, ..)| *letter == c.to_ascii_lowercase());
                if let Some((_, choice, _)) = choice {
                    return self.answer(*choice, self.all || for_all);
                }
            }
            _ => {}
        }
        Outcome::Stay
    }

    fn lines(&self, theme: &Theme, width: u16) -> Vec<Line<'static>> {
        let Conflict { source, source_size, source_modified, target, target_size, target_modified } =
            &self.conflict;
        let width = usize::from(width);
        let mut lines = Vec::new();
        lines.extend(side(theme, width, "Existing", (target, *target_size, *target_modified)));
        lines.extend(side(theme, width, "New     ", (source, *source_size, *source_modified)));
        lines.push(Line::styled(self.difference(), theme.warning));
        lines
    }

    /// What differs, in words: two times are hard to compare at a glance.
    fn difference(&self) -> String {
        let conflict = &self.conflict;
        let time = match (conflict.source_modified, conflict.target_modified) {
            (Some(new), Some(old)) if new > old => "the new one is newer",
            (Some(new), Some(old)) if new < old => "the new one is OLDER",
            (Some(_), Some(_)) => "both have the same time",
            _ => "which is newer is not known",
        };
        let size = if conflict.source_size == conflict.target_size { "same size" } else { "sizes differ" };
        format!("{size}; {time}")
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = window::content_width(area, WIDTH);
        let lines = self.lines(theme, width);
        let room = window::open(frame, area, theme, "Exists already", (width, 8));
        let controls = 2.min(room.height);
        let text = Rect { height: room.height - controls, ..room };
        for (index, line) in (0u16..).zip(lines).take(usize::from(text.height)) {
            frame.render_widget(line, window::row(text, index));
        }
        let words = CHOICES.iter().map(|(_, _, word)| *word);
        window::buttons(frame, window::row(room, room.height - controls), theme, words, self.chosen);
        let mark = if self.all { "[x]" } else { "[ ]" };
        let all = Line::styled(format!("{mark} for all further ones (a)"), theme.text);
        frame.render_widget(all, window::row(room, (room.height - controls).saturating_add(1)));
    }

    pub(super) fn hints() -> Vec<(&'static str, &'static str)> {
        vec![
            ("o", "overwrite"),
            ("s", "skip"),
            ("n", "if newer"),
            ("r", "rename"),
            ("a", "for all"),
            ("Esc", "cancel the transfer"),
        ]
    }
}

/// One side: place on a line, size and time below.
fn side(
    theme: &Theme,
    width: usize,
    word: &str,
    side: (&Location, u64, Option<Timestamp>),
) -> [Line<'static>; 2] {
    let (location, bytes, modified) = side;
    let place = location.to_string();
    let place = text::clip_middle(&place, width.saturating_sub(text::width(word) + 1), theme.ellipsis());
    let time = modified.map_or_else(|| "time unknown".to_owned(), |time| theme.units.exact_time(time));
    [
        Line::styled(format!("{word} {place}"), theme.text),
        Line::styled(format!("         {}, {time}", theme.units.size(bytes)), theme.dim),
    ]
}
