//! The target of a transfer exists already: both sides, and what may be done.

use jiff::Timestamp;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::{Decision, Hint, Outcome, window};
use crate::action::Action;
use crate::location::Location;
use crate::transfer::{Answer, Conflict, OnConflict, TransferId};

/// Cells that it wants.
const WIDTH: u16 = 70;

/// The choices: what they are called in the table of actions, for this one and for all; what each does; its button.
const CHOICES: [(Action, Action, OnConflict, &str); 4] = [
    (Action::ConflictOverwrite, Action::ConflictOverwriteAll, OnConflict::Overwrite, "overwrite"),
    (Action::ConflictSkip, Action::ConflictSkipAll, OnConflict::Skip, "skip"),
    (Action::ConflictNewer, Action::ConflictNewerAll, OnConflict::Newer, "newer"),
    (Action::ConflictRename, Action::ConflictRenameAll, OnConflict::Rename, "rename"),
];

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::ConflictOverwrite], "overwrite"),
    (&[Action::ConflictSkip], "skip"),
    (&[Action::ConflictNewer], "if newer"),
    (&[Action::ConflictRename], "rename"),
    (&[Action::ConflictAll], "for all"),
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

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        let count = CHOICES.len();
        match action {
            Action::DialogAccept => return self.answer(CHOICES[self.chosen].2, self.all),
            Action::DialogPreviousButton | Action::DialogUp => {
                self.chosen = (self.chosen + count - 1) % count;
            }
            Action::DialogNextButton | Action::DialogDown => self.chosen = (self.chosen + 1) % count,
            Action::ConflictAll => self.all = !self.all,
            _ => {
                if let Some((one, _, choice, _)) =
                    CHOICES.iter().find(|(one, all, ..)| [*one, *all].contains(&action))
                {
                    return self.answer(*choice, self.all || action != *one);
                }
            }
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
        let words = CHOICES.iter().map(|(.., word)| *word);
        window::buttons(frame, window::row(room, room.height - controls), theme, words, self.chosen);
        let mark = if self.all { "[x]" } else { "[ ]" };
        let all = Line::styled(format!("{mark} for all further ones"), theme.text);
        frame.render_widget(all, window::row(room, (room.height - controls).saturating_add(1)));
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
