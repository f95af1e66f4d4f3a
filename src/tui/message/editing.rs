//! Editing in the user's editor. Plain data.

use std::time::Duration;

use super::super::dialog::Editing;
use crate::error::{Error, Result};
use crate::location::Remote;

/// What the outside must do.
#[derive(Clone, Debug)]
pub(crate) enum EditEffect {
    /// Fetch an object for the editor.
    Fetch(Remote),
    /// Write an edited object back.
    Save(Box<Editing>, Saving),
    /// Find out what the editor that ended so has made of it.
    Examine(Box<Editing>, EditorEnd),
    /// Wait until it is changed.
    Watch(Box<Editing>),
    /// Remove its copy, which is what the object is.
    Drop(Box<Editing>),
    /// Leave its copy where it is for good.
    Keep(Box<Editing>),
    /// Find the copies that earlier runs left behind.
    Find,
}

/// What happened.
#[derive(Debug)]
pub(crate) enum EditEvent {
    /// An object is there for the editor.
    Fetched(Remote, Result<Box<Editing>>),
    /// The editor was left, or never there.
    Left(Box<Editing>, EditorEnd),
    /// What the editor that ended so has made of a copy.
    Examined(Box<Editing>, EditorEnd, Result<Content>),
    /// A copy that was waited for was changed.
    Touched(Box<Editing>),
    /// What was edited is written back, or could not be.
    Saved(Box<Editing>, Result<WrittenBack>),
    /// Copies that earlier runs left behind.
    Found(Vec<Editing>),
}

/// How an edited object is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Saving {
    /// Unless it has changed meanwhile.
    IfUnchanged,
    /// The same, while the editor may still be open: its copy stays.
    WhileOpen,
    /// Over whatever is there.
    Overwrite,
    /// To another key, unless that is taken.
    As(String),
}

/// How an editor ended.
#[derive(Clone, Debug)]
pub(crate) enum EditorEnd {
    /// Well, after so long.
    Done(Duration),
    /// It could not be started.
    NotFound(Error),
    /// It said so, or was killed.
    Failed(Error),
}

/// What an editor has made of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// Nothing.
    Same,
    /// Something else.
    Changed,
    /// Nothing is left.
    Empty,
}

/// What came of writing an edited object back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrittenBack {
    /// There was something to write.
    pub(crate) new: bool,
    /// The copy stays: the editor may be at it, has changed it since, or has left other files beside it.
    pub(crate) kept: bool,
}
