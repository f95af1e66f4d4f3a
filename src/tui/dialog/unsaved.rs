//! An edited object that is not written back, or not yet: nothing is lost, and what happens next is the user's word.

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

/// An object as it was fetched, or as it was written back last.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Base {
    /// Without quotes.
    pub(crate) etag: String,
    /// Headers, metadata, class and tags, which are written back with it.
    pub(crate) attributes: Attributes,
    /// Of its bytes: what is the same is not written.
    pub(crate) digest: Digest,
}

/// Why the user is asked.
#[derive(Clone, Debug)]
pub(crate) enum Why {
    /// It could not be written back.
    Refused(Error),
    /// The editor failed.
    EditorFailed(Error),
    /// The editor ended well, and left nothing of what there was.
    Emptied,
    /// The editor ended at once, and has changed nothing: a program with a window of its own may still be open.
    StillOpen,
    /// An earlier run ended before the editor did.
    LeftBehind,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsaved {
    /// Write it back.
    Upload,
    /// Into the editor once more.
    Again,
    /// Over what is there now.
    Overwrite,
    /// To another key.
    SaveAs,
    /// The file stays.
    Keep,
    /// The editor is closed now.
    Closed,
}

type Choice = (Unsaved, Action, &'static str);

const UPLOAD: Choice = (Unsaved::Upload, Action::UnsavedUpload, "Upload");
const AGAIN: Choice = (Unsaved::Again, Action::UnsavedEdit, "Edit again");
const SAVE_AS: Choice = (Unsaved::SaveAs, Action::UnsavedSaveAs, "Save as...");
const OVERWRITE: Choice = (Unsaved::Overwrite, Action::UnsavedOverwrite, "Overwrite");
const KEEP: Choice = (Unsaved::Keep, Action::UnsavedKeep, "Keep the file");
const CLOSED: Choice = (Unsaved::Closed, Action::UnsavedClosed, "It is closed");

impl Why {
    fn title(&self) -> &'static str {
        match self {
            Why::Refused(_) => "Not written back",
            Why::EditorFailed(_) => "The editor failed",
            Why::Emptied => "Nothing is left of it",
            Why::StillOpen => "Is the editor still open?",
            Why::LeftBehind => "Edited, not written back",
        }
    }

    /// What can be chosen, and which of it is chosen at first.
    fn choices(&self) -> (&'static [Choice], usize) {
        match self {
            Why::Refused(_) => (&[AGAIN, SAVE_AS, OVERWRITE, KEEP], 0),
            Why::EditorFailed(_) | Why::Emptied | Why::LeftBehind => (&[UPLOAD, AGAIN, KEEP], 2),
            Why::StillOpen => (&[CLOSED, AGAIN, KEEP], 0),
        }
    }

    fn hints(&self) -> &'static [Hint] {
        match self {
            Why::Refused(_) => &[
                (&[Action::UnsavedEdit], "edit again"),
                (&[Action::UnsavedSaveAs], "save as"),
                (&[Action::UnsavedOverwrite], "overwrite"),
                (&[Action::UnsavedKeep], "keep the file"),
            ],
            Why::EditorFailed(_) | Why::Emptied | Why::LeftBehind => &[
                (&[Action::UnsavedUpload], "upload"),
                (&[Action::UnsavedEdit], "edit again"),
                (&[Action::UnsavedKeep], "keep the file"),
            ],
            Why::StillOpen => &[
                (&[Action::UnsavedClosed], "it is closed"),
                (&[Action::UnsavedEdit], "edit again"),
                (&[Action::UnsavedKeep], "keep the file"),
            ],
        }
    }

    fn lines(&self, editing: &Editing) -> Vec<String> {
        let name = display_safe(&editing.place.to_string()).into_owned();
        let (mut lines, copy) = match self {
            Why::Refused(error) => (told(error), "What you wrote is safe in"),
            Why::EditorFailed(error) => {
                let mut lines = told(error);
                lines.push(format!("{name} is as it was."));
                (lines, "The copy, as the editor left it, is")
            }
            Why::Emptied => {
                (vec![format!("The editor left an empty file. {name} is as it was.")], "The copy is")
            }
            Why::StillOpen => (
                vec![format!(
                    "The editor returned at once, and {name} is not changed. It is written back when you save it."
                )],
                "The copy that is being edited is",
            ),
            Why::LeftBehind => (
                vec![format!("twinpail ended while {name} was being edited; it is not written back.")],
                "The copy is",
            ),
        };
        lines.extend([String::new(), copy.to_owned()]);
        lines.push(display_safe(&editing.file.to_string_lossy()).into_owned());
        lines
    }
}

fn told(error: &Error) -> Vec<String> {
    let mut lines = vec![error.message()];
    lines.extend(error.hint());
    lines
}

/// The dialog.
#[derive(Debug)]
pub(crate) struct UnsavedDialog {
    editing: Box<Editing>,
    why: Why,
    choice: usize,
}

impl UnsavedDialog {
    pub(super) fn new(editing: Box<Editing>, why: Why) -> Self {
        let (_, choice) = why.choices();
        Self { editing, why, choice }
    }

    pub(super) fn hints(&self) -> &'static [Hint] {
        self.why.hints()
    }

    /// Whether it waits for an editor that may still be open with that file.
    pub(crate) fn waits_for(&self, editing: &Editing) -> bool {
        matches!(self.why, Why::StillOpen) && self.editing.file == editing.file
    }

    pub(super) fn decide(&self, choice: Unsaved) -> Outcome {
        Outcome::Decide(Decision::Unsaved(self.editing.clone(), choice))
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        let (choices, _) = self.why.choices();
        let count = choices.len();
        match action {
            Action::DialogAccept => return self.decide(choices[self.choice].0),
            Action::DialogNextButton => self.choice = (self.choice + 1) % count,
            Action::DialogPreviousButton => self.choice = (self.choice + count - 1) % count,
            _ => {
                if let Some((choice, ..)) = choices.iter().find(|(_, known, _)| *known == action) {
                    return self.decide(*choice);
                }
            }
        }
        Outcome::Stay
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let lines: Vec<Line<'_>> = self
            .why
            .lines(&self.editing)
            .iter()
            .flat_map(|line| text::wrap(line, width))
            .map(|line| Line::styled(line, theme.text))
            .collect();
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
        let room = window::open(frame, area, theme, self.why.title(), (WIDTH, height));
        let above = usize::from(room.height.saturating_sub(1));
        for (at, line) in (0..).zip(lines.into_iter().take(above)) {
            frame.render_widget(line, window::row(room, at));
        }
        let labels = self.why.choices().0.iter().map(|(_, _, label)| *label);
        let last = window::row(room, room.height.saturating_sub(1));
        window::buttons(frame, last, theme, labels, self.choice);
    }
}
