//! What is to be copied or moved, how much it is, and where to: mc's dialog, with the target as text.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::field::Field;
use super::{Decision, Hint, Outcome, window};
use crate::action::Action;
use crate::error::Error;
use crate::sanitize::display_safe;
use crate::transfer::Verb;
use crate::walk::{Counted, Extent};

/// Cells that it wants.
const WIDTH: u16 = 70;
/// Rows that a reason may take.
const REASON: usize = 3;

/// What the dialog is about.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// Copy or move.
    pub(crate) verb: Verb,
    /// "cat.jpg", "3 entries".
    pub(crate) what: String,
    /// Whether the target is the folder of several entries; else it may be a new name.
    pub(crate) several: bool,
    /// What is said of marked entries that are hidden.
    pub(crate) left_out: Option<String>,
}

/// The dialog.
#[derive(Debug)]
pub(crate) struct TransferForm {
    subject: Subject,
    extent: Extent,
    /// Why the count may be too low.
    uncounted: Option<String>,
    field: Field,
    /// The place that the text means, where it does not say so itself.
    means: Option<String>,
    /// Why the target was not taken.
    refused: Option<String>,
    /// The target is being looked at.
    busy: bool,
}

impl TransferForm {
    pub(super) fn new(subject: Subject, extent: Extent, target: &str) -> Self {
        let subject = Subject { what: display_safe(&subject.what).into_owned(), ..subject };
        let field = Field::new(target);
        Self { subject, extent, uncounted: None, field, means: None, refused: None, busy: false }
    }

    /// How much it is by now, and why that may be too low.
    pub(crate) fn counted(&mut self, extent: Extent, failed: Option<&Error>) {
        self.extent = extent;
        self.uncounted = failed.map(Error::message);
        if self.extent.counted != Counted::SoFar {
            self.refused = None;
        }
    }

    /// The place that the text means, if that is worth saying.
    pub(crate) fn means(&mut self, place: Option<String>) {
        self.means = place;
    }

    /// The target is being looked at.
    pub(crate) fn wait(&mut self) {
        (self.busy, self.refused) = (true, None);
    }

    /// The target was not taken.
    pub(crate) fn refuse(&mut self, error: &Error) {
        let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
        (self.busy, self.refused) = (false, Some(format!("{}{hint}", error.message())));
    }

    /// The text goes on as `text`, if it still says what that was found for.
    pub(crate) fn complete(&mut self, typed: &str, text: &str) {
        if self.field.text() == typed {
            self.field = Field::new(text);
        }
    }

    fn aim(&mut self, changed: bool) -> Outcome {
        if !changed {
            return Outcome::Stay;
        }
        self.refused = None;
        Outcome::Do(Decision::Aim(self.field.text().to_owned()))
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        match action {
            _ if self.busy => Outcome::Stay,
            Some(Action::FormAccept) if self.extent.counted == Counted::SoFar => {
                self.refused = Some("still counting; wait for it, or Esc to leave".to_owned());
                Outcome::Stay
            }
            Some(Action::FormAccept) => Outcome::Do(Decision::Propose(self.field.text().to_owned())),
            Some(Action::FormNext) => Outcome::Do(Decision::Complete(self.field.text().to_owned())),
            _ => {
                let changed = self.field.on_key(key);
                self.aim(changed)
            }
        }
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Outcome {
        if self.busy {
            return Outcome::Stay;
        }
        let changed = self.field.paste(text);
        self.aim(changed)
    }

    /// "1,234 files, 5.6 GB".
    fn amount(&self, theme: &Theme) -> String {
        let total = self.extent.total;
        let noun = if total.files == 1 { "file" } else { "files" };
        let amount = format!("{} {noun}, {}", text::count(total.files), theme.units.size(total.bytes));
        match self.extent.counted {
            Counted::SoFar => format!("counting: {amount} so far..."),
            Counted::AtLeast => format!("{amount} or more; the rest was not counted"),
            Counted::All => amount,
        }
    }

    fn words(&self) -> (&'static str, &'static str) {
        match self.subject.verb {
            Verb::Copy => ("Copy", "copying"),
            Verb::Move => ("Move", "moving"),
        }
    }

    /// What stands above the field, and what stands below it.
    fn lines(&self, theme: &Theme, width: usize) -> [Vec<Line<'static>>; 2] {
        let wrapped = |text: &str, style: Style| {
            let lines = text::wrap(&display_safe(text), width);
            lines.into_iter().map(move |line| Line::styled(line, style)).collect::<Vec<_>>()
        };
        let (verb, _) = self.words();
        let what =
            text::clip_middle(&self.subject.what, width.saturating_sub(verb.len() + 1), theme.ellipsis());
        let mut above = vec![
            Line::styled(format!("{verb} {what}"), theme.text),
            Line::styled(text::clip(&self.amount(theme), width, theme.ellipsis()), theme.text),
        ];
        if let Some(why) = &self.uncounted {
            above.extend(wrapped(&format!("not all could be counted: {why}"), theme.warning));
        }
        if let Some(left_out) = &self.subject.left_out {
            above.extend(wrapped(left_out, theme.warning));
        }
        let to = if self.subject.several {
            "to the folder:"
        } else {
            "to (a folder ends in /, else it is the new name):"
        };
        above.extend([Line::default(), Line::styled(text::clip(to, width, theme.ellipsis()), theme.dim)]);
        let mut below = Vec::new();
        if let Some(place) = &self.means {
            let place = text::clip_middle(place, width.saturating_sub(2), theme.ellipsis());
            below.push(Line::styled(format!("= {place}"), theme.dim));
        }
        if self.busy {
            below.push(Line::styled("looking at the target...", theme.dim));
        }
        if let Some(why) = &self.refused {
            below.extend(wrapped(why, theme.error).into_iter().take(REASON));
        }
        [above, below]
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = window::content_width(area, WIDTH);
        let [above, below] = self.lines(theme, usize::from(width));
        // Room for the place and the reason is kept: the box does not jump while one types.
        let under = u16::try_from(below.len()).unwrap_or(u16::MAX).max(2);
        let height = u16::try_from(above.len()).unwrap_or(u16::MAX).saturating_add(1).saturating_add(under);
        let (title, _) = self.words();
        let room = window::open(frame, area, theme, title, (width, height));
        // The field stays when room is short, and then what is said of it.
        let fits = usize::from(room.height.saturating_sub(1)).saturating_sub(below.len());
        let skipped = above.len().saturating_sub(fits);
        let mut y = 0;
        for line in above.into_iter().skip(skipped) {
            frame.render_widget(line, window::row(room, y));
            y += 1;
        }
        self.field.draw(frame, window::row(room, y), theme, true);
        for line in below {
            y += 1;
            frame.render_widget(line, window::row(room, y));
        }
    }

    pub(super) fn hints(&self) -> &'static [Hint] {
        match self.subject.verb {
            Verb::Copy => &[(&[Action::FormAccept], "copy"), (&[Action::FormNext], "complete")],
            Verb::Move => &[(&[Action::FormAccept], "move"), (&[Action::FormNext], "complete")],
        }
    }
}
