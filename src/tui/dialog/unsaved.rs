//! An edited object that could not be written back: nothing is lost, and what happens next is the user's word.

use std::path::PathBuf;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::super::text;
use super::super::theme::Theme;
use super::{Decision, Hint, Outcome, window};
use crate::action::Action;
use crate::error::Error;
use crate::location::Location;
use crate::s3::{Attributes, Digest};
use crate::sanitize::display_safe;

/// Cells that it wants.
const WIDTH: u16 = 74;

/// What is being edited.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Editing {
    /// The object or the file.
    pub(crate) place: Location,
    /// What the editor opens: the file itself, or a copy of the object.
    pub(crate) file: PathBuf,
    /// What the object was when it was fetched; `None`: it is a local file.
    pub(crate) base: Option<Base>,
}

/// An object as it was fetched.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Base {
    /// Without quotes.
    pub(crate) etag: String,
    /// Headers, metadata, class and tags, which are written back with it.
    pub(crate) attributes: Attributes,
    /// Of its bytes: what is the same is not written.
    pub(crate) digest: Digest,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsaved {
    /// Into the editor once more.
    Again,
    /// Over what is there now.
    Overwrite,
    /// To another key.
    SaveAs,
    /// The file stays.
    Keep,
}

const CHOICES: [(Unsaved, Action, &str); 4] = [
    (Unsaved::Again, Action::UnsavedEdit, "Edit again"),
    (Unsaved::SaveAs, Action::UnsavedSaveAs, "Save as..."),
    (Unsaved::Overwrite, Action::UnsavedOverwrite, "Overwrite"),
    (Unsaved::Keep, Action::UnsavedKeep, "Keep the file"),
];

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::UnsavedEdit], "edit again"),
    (&[Action::UnsavedSaveAs], "save as"),
    (&[Action::UnsavedOverwrite], "overwrite"),
    (&[Action::UnsavedKeep], "keep the file"),
];

/// The dialog.
#[derive(Debug)]
pub(crate) struct UnsavedDialog {
    editing: Box<Editing>,
    lines: Vec<String>,
    choice: usize,
}

impl UnsavedDialog {
    pub(super) fn new(editing: Box<Editing>, error: &Error) -> Self {
        let mut lines = vec![error.message()];
        lines.extend(error.hint());
        lines.push(String::new());
        lines.push("What you wrote is safe in".to_owned());
        lines.push(display_safe(&editing.file.to_string_lossy()).into_owned());
        Self { editing, lines, choice: 0 }
    }

    pub(super) fn decide(&self, choice: Unsaved) -> Outcome {
        Outcome::Decide(Decision::Unsaved(self.editing.clone(), choice))
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        let count = CHOICES.len();
        match action {
            Action::DialogAccept => return self.decide(CHOICES[self.choice].0),
            Action::DialogNextButton => self.choice = (self.choice + 1) % count,
            Action::DialogPreviousButton => self.choice = (self.choice + count - 1) % count,
            _ => {
                if let Some((choice, ..)) = CHOICES.iter().find(|(_, known, _)| *known == action) {
                    return self.decide(*choice);
                }
            }
        }
        Outcome::Stay
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let lines: Vec<Line<'_>> = self
            .lines
            .iter()
            .flat_map(|line| text::wrap(line, width))
            .map(|line| Line::styled(line, theme.text))
            .collect();
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let room = window::open(frame, area, theme, "Not written back", (WIDTH, height));
        let above = usize::from(room.height.saturating_sub(1));
        for (at, line) in (0..).zip(lines.into_iter().take(above)) {
            frame.render_widget(line, window::row(room, at));
        }
        let labels = CHOICES.iter().map(|(_, _, label)| *label);
        let last = window::row(room, room.height.saturating_sub(1));
        window::buttons(frame, last, theme, labels, self.choice);
    }
}
