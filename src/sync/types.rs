//! What a comparison is asked for and what it answers: plain data.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::error::Error;
use crate::location::Location;
use crate::s3::Attributes;
use crate::transfer::{Item, Known, OnConflict, Request};
use crate::walk::{Unread, Why};

/// How two files of one size are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compare {
    /// The target must not be older than the source.
    #[default]
    Times,
    /// Their size is enough.
    Size,
    /// Their content must be the same, by checksums and ETags.
    Checksum,
}

/// Which files are looked at; others are neither copied nor deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// Only paths that match one of these globs (none: all).
    pub include: Vec<String>,
    /// No path that matches one of these.
    pub exclude: Vec<String>,
    /// Files with patterns of paths to leave out, as in `.gitignore`.
    pub ignore_files: Vec<PathBuf>,
}

/// How a plan is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// What makes two files the same.
    pub compare: Compare,
    /// Whether what is only in the target is to be deleted.
    pub delete: bool,
    /// Which files.
    pub filters: Filters,
    /// Whether symbolic links within a local source are followed instead of skipped.
    pub copy_links: bool,
}

/// What of a local source was left out as a rule, which is no fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Skipped {
    /// Symbolic links.
    pub links: u64,
    /// Devices, sockets and pipes.
    pub special: u64,
}

impl Skipped {
    pub(super) fn of(unread: &[Unread]) -> Self {
        let count = |why| unread.iter().filter(|part| part.why == why).count() as u64;
        Self { links: count(Why::Link), special: count(Why::Special) }
    }
}

/// A file of one side; its place is its tree's root and `relative`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct File {
    pub(super) relative: String,
    pub(super) size: u64,
    pub(super) modified: Option<Timestamp>,
    pub(super) etag: Option<Box<str>>,
}

/// What a step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepKind {
    /// Copy what the target lacks.
    Create,
    /// Copy over what the target has.
    Update,
    /// Delete what only the target has.
    Delete,
}

impl StepKind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// Why a step is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The target has no such file.
    Missing,
    /// Bytes here and there.
    Size {
        /// In the source.
        source: u64,
        /// In the target.
        target: u64,
    },
    /// The source is newer.
    Newer,
    /// The content differs.
    Content,
    /// Nobody can tell whether they are the same; says why.
    Unknown(String),
    /// The source has no such file.
    Extra,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("not in the target"),
            Self::Size { source, target } => write!(f, "{source} bytes, {target} in the target"),
            Self::Newer => f.write_str("the source is newer"),
            Self::Content => f.write_str("the content differs"),
            Self::Unknown(why) => write!(f, "cannot be compared: {}", crate::sanitize::display_safe(why)),
            Self::Extra => f.write_str("not in the source"),
        }
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The path below both roots, exact.
    pub relative: String,
    /// What to do.
    pub kind: StepKind,
    /// Why.
    pub reason: Reason,
    /// Bytes to copy, or to be gone.
    pub bytes: u64,
    /// The file in the source; of a deletion the root of the source.
    pub from: Location,
    /// The file in the target.
    pub to: Location,
    /// What the listing said of a remote source.
    pub known: Option<Known>,
}

/// Everything that makes the target like the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The root of the source: a folder or a prefix.
    pub source: Location,
    /// The root of the target.
    pub target: Location,
    /// What to do, in the order of the paths.
    pub steps: Vec<Step>,
    /// Files that are the same.
    pub unchanged: u64,
    /// Files of the target that the source lacks and that stay.
    pub extra: u64,
    /// Files that the source has.
    pub source_files: u64,
    /// What could not be read, or cannot be in the target. With any of them nothing is deleted: what seems to be
    /// missing from the source may only not have been seen.
    pub faults: Vec<Error>,
    /// What of the source was skipped. What the target has in its place stays.
    pub skipped: Skipped,
}

/// What steps come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files to create.
    pub create: u64,
    /// Files to replace.
    pub update: u64,
    /// Files to delete.
    pub delete: u64,
    /// Bytes to copy.
    pub bytes: u64,
}

impl Counts {
    /// The counts of `steps`.
    pub fn of<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Self {
        let mut counts = Self::default();
        for step in steps {
            match step.kind {
                StepKind::Create => counts.create += 1,
                StepKind::Update => counts.update += 1,
                StepKind::Delete => counts.delete += 1,
            }
            if step.kind != StepKind::Delete {
                counts.bytes += step.bytes;
            }
        }
        counts
    }
}

/// One request for the engine that does the creating and updating of `plan`. Files that are sent keep their time as
/// metadata, so that a later comparison can tell.
pub fn request(plan: &Plan, attributes: Attributes) -> Request {
    let items = plan.steps.iter().filter(|step| step.kind != StepKind::Delete).map(|step| Item {
        from: step.from.clone(),
        to: step.to.clone(),
        tree: false,
        known: step.known.clone(),
    });
    Request {
        items: items.collect(),
        on_conflict: OnConflict::Overwrite,
        attributes,
        store_mtime: true,
        trees: Some(Box::new((plan.source.clone(), plan.target.clone()))),
        ..Request::default()
    }
}
