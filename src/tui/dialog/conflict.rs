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
use crate::s3::is_newer;
use crate::transfer::{Answer, Conflict, Likeness, OnConflict, TransferId};

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
    (&[Action::ConflictSkipSame], "skip the same"),
    (&[Action::ConflictAll], "for all"),
];

/// The button behind the choices: it is always about all.
const SKIP_SAME: &str = "skip all the same";

/// The dialog. Skip is chosen at first: it destroys nothing.
#[derive(Debug)]
pub(crate) struct ConflictDialog {
    id: TransferId,
    conflict: Conflict,
    likeness: Likeness,
    chosen: usize,
    all: bool,
}

impl ConflictDialog {
    pub(super) fn new(id: TransferId, conflict: Conflict) -> Self {
        Self { id, conflict, likeness: Likeness::default(), chosen: 1, all: false }
    }

    pub(super) fn id(&self) -> TransferId {
        self.id
    }

    /// How both sides compare, as far as that is known by now.
    pub(crate) fn compared(&mut self, likeness: Likeness) {
        self.likeness = likeness;
    }

    fn answer(&self, choice: OnConflict, all: bool) -> Outcome {
        Outcome::Decide(Decision::Conflict(self.id, Answer { choice, all }))
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        let count = CHOICES.len() + 1;
        match action {
            Action::ConflictSkipSame => return Outcome::Decide(Decision::SkipSame(self.id)),
            Action::DialogAccept => {
                return match CHOICES.get(self.chosen) {
                    Some((_, _, choice, _)) => self.answer(*choice, self.all),
                    None => Outcome::Decide(Decision::SkipSame(self.id)),
                };
            }
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
        let difference = text::wrap(&self.difference(), width);
        lines.extend(difference.into_iter().map(|line| Line::styled(line, theme.warning)));
        lines
    }

    /// What differs, in words: two times are hard to compare at a glance.
    fn difference(&self) -> String {
        let conflict = &self.conflict;
        let (new, old) = (conflict.source_modified, conflict.target_modified);
        let time = match (is_newer(new, old), is_newer(old, new)) {
            (Some(true), _) => "the new one is newer",
            (_, Some(true)) => "the new one is OLDER",
            (Some(false), Some(false)) => "both have the same time",
            _ => "which is newer is not known",
        };
        let same_size = conflict.source_size == conflict.target_size;
        let content = match self.likeness {
            _ if !same_size => "sizes differ",
            Likeness::Comparing => "same size, comparing the content...",
            Likeness::Same => "they are the same: equal content",
            Likeness::Different => "same size, but the content differs",
            Likeness::Unknown => "same size; whether the content is equal is not known",
        };
        format!("{content}; {time}")
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = window::content_width(area, WIDTH);
        let lines = self.lines(theme, width);
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(3);
        let room = window::open(frame, area, theme, "Exists already", (width, height));
        let controls = 2.min(room.height);
        let text = Rect { height: room.height - controls, ..room };
        for (index, line) in (0u16..).zip(lines).take(usize::from(text.height)) {
            frame.render_widget(line, window::row(text, index));
        }
        let words = CHOICES.iter().map(|(.., word)| *word).chain([SKIP_SAME]);
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
