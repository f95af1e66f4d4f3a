//! What goes into the engine and what comes out: plain data.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::AsyncRead;

use super::partial::Room;
use crate::config::TransferDefaults;
pub use crate::config::{OnConflict, Verify};
use crate::error::Error;
use crate::location::{Location, exact_path};
use crate::s3::{Algorithm, Attributes};

/// Names one request for its whole life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransferId(pub u64);

/// What becomes of the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// It stays.
    #[default]
    Copy,
    /// It is deleted once its copy is complete.
    Move,
}

/// One thing to move, and exactly where to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// A file or object; with `tree` a folder or a prefix (its key ends in `/` or is empty).
    pub from: Location,
    /// The file or object it becomes; with `tree` the folder or prefix that takes what is below `from`.
    pub to: Location,
    /// Everything below `from`, rather than one object.
    pub tree: bool,
    /// What a listing said about the one object, so that it need not be asked for again.
    pub known: Option<Known>,
}

/// What is known of an object before it is moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Bytes.
    pub size: u64,
    /// Last modified.
    pub modified: Option<jiff::Timestamp>,
    /// Without quotes; the state that is moved, where the provider named one.
    pub etag: Option<String>,
    /// That version rather than the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

/// What the user asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Copy or move.
    pub verb: Verb,
    /// What and where to.
    pub items: Vec<Item>,
    /// What to do about targets that exist.
    pub on_conflict: OnConflict,
    /// Attributes that replace the source's (remote targets only); empty fields keep the source's.
    pub attributes: Attributes,
    /// Only relative paths that match one of these globs (none: all); of what is no tree the name.
    pub include: Vec<String>,
    /// No relative path that matches one of these.
    pub exclude: Vec<String>,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Whether uploads keep the file's time as metadata (`mtime`, as rclone writes it).
    pub store_mtime: bool,
    /// Whether symbolic links within local trees are followed instead of skipped.
    #[serde(default)]
    pub copy_links: bool,
    /// The folder that none of the local targets leaves by a link, where it is not the target of a tree; else the folder
    /// of each.
    #[serde(default, with = "exact_path::option")]
    pub within: Option<PathBuf>,
    /// The two trees that it makes equal, if its items are the steps of such a plan: one that is made later, and carried
    /// out, does all that is left of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trees: Option<Box<(Location, Location)>>,
    /// What was asked for besides, so that who goes on with it later goes on alike.
    #[serde(default)]
    pub tuning: Tuning,
}

/// What one request does otherwise than the engine's defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tuning {
    /// Bytes of a part.
    pub part_size: Option<u64>,
    /// How what was moved is proved.
    pub verify: Option<Verify>,
    /// Bytes a second at most.
    pub limit_rate: Option<u64>,
}

impl Request {
    /// Whether it asks for the same, however fast.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let plain = |request: &Self| Self { tuning: Tuning::default(), ..request.clone() };
        plain(self) == plain(other)
    }
}

/// Bytes that can be read only once, as the source of a request: stdin.
pub struct Input {
    /// Yields them.
    pub reader: Box<dyn AsyncRead + Send + Unpin>,
    /// How many they are going to be, where that is known: parts are made large enough.
    pub expected_size: Option<u64>,
}

impl Input {
    /// How an [`Item`] names it.
    pub fn place() -> Location {
        Location::Local("-".into())
    }
}

/// How fast and how large; one for the whole engine.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Defaults of the configuration with the command line's applied.
    pub defaults: TransferDefaults,
    /// Where the journal is kept; `None`: nothing survives the end of the program.
    pub journal: Option<PathBuf>,
    /// Whether a full disk is waited for (somebody is there to free some space) rather than a failure.
    pub wait_for_space: bool,
    /// How much can be written where.
    pub room: Room,
}

/// How a file was proved to be whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Verified {
    /// It was not.
    #[default]
    No,
    /// Its length.
    Size,
    /// The MD5 of every part or of the whole, kept or answered by the provider.
    Md5,
    /// The ETag.
    Etag,
    /// CRC-32.
    Crc32,
    /// CRC-32C.
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
}

impl Verified {
    /// By a digest of that algorithm.
    pub(super) fn by(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Crc64Nvme => Self::Crc64Nvme,
            Algorithm::Crc32 => Self::Crc32,
            Algorithm::Crc32c => Self::Crc32c,
            Algorithm::Md5 => Self::Md5,
        }
    }

    /// Its word in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Verified::No => "no",
            Verified::Size => "size",
            Verified::Md5 => "md5",
            Verified::Etag => "etag",
            Verified::Crc32 => "crc32",
            Verified::Crc32c => "crc32c",
            Verified::Crc64Nvme => "crc64nvme",
        }
    }
}

/// How one file ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileStatus {
    /// It is there.
    Done,
    /// Its target existed and stays.
    Skipped,
    /// See the error.
    Failed,
    /// A dry run would have moved it.
    Planned,
    /// The user stopped it.
    Cancelled,
}

/// What became of one file: a line of `--json`.
#[derive(Clone, Debug)]
pub struct FileOutcome {
    /// Where from.
    pub source: Location,
    /// Where to (after a rename: the name it got).
    pub target: Location,
    /// How it ended.
    pub status: FileStatus,
    /// Its bytes.
    pub bytes: u64,
    /// Bytes that went over the wire in this run.
    pub bytes_sent: u64,
    /// Bytes that an earlier run had moved already.
    pub bytes_resumed: u64,
    /// How it was verified.
    pub verified: Verified,
    /// Why it failed; why it was skipped, where that does not go without saying.
    pub error: Option<Error>,
    /// What else a user should hear of it.
    pub remark: Option<Remark>,
}

/// What a user should hear of a file besides how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Remark {
    /// A symbolic link within a tree: it was not followed.
    SkippedLink,
    /// A device, a socket or a pipe within a tree: there is nothing to copy.
    SkippedSpecial,
    /// It was named, but the filter does not take it.
    LeftOut,
    /// It grew while it was copied: what it had when it was opened has arrived, no more.
    Grew {
        /// Bytes that it had when this was noticed.
        now: u64,
    },
}

/// A target that exists already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// What would be written.
    pub source: Location,
    /// Its bytes.
    pub source_size: u64,
    /// Its time.
    pub source_modified: Option<jiff::Timestamp>,
    /// What is there.
    pub target: Location,
    /// Its bytes.
    pub target_size: u64,
    /// Its time.
    pub target_modified: Option<jiff::Timestamp>,
}

/// How the contents of both sides of a [`Conflict`] compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Likeness {
    /// That is being found out: a large file takes a while to read.
    #[default]
    Comparing,
    /// They are equal, by an ETag or a checksum.
    Same,
    /// They are not.
    Different,
    /// Nothing tells without moving one of them.
    Unknown,
}

/// The user's word on a [`Conflict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What to do (never `Ask`).
    pub choice: OnConflict,
    /// The same for all further ones of this request.
    pub all: bool,
}

/// What happened; never dropped.
#[derive(Clone, Debug)]
pub enum Event {
    /// One file ended.
    File {
        /// Of which request.
        id: TransferId,
        /// How.
        outcome: Box<FileOutcome>,
    },
    /// A question; the request's other files go on meanwhile. One at a time a request.
    Conflict {
        /// Of which request.
        id: TransferId,
        /// What exists.
        conflict: Box<Conflict>,
    },
    /// A request ended: every file of it did, or it was cancelled.
    Finished {
        /// Which.
        id: TransferId,
        /// What it did.
        summary: Summary,
    },
}

/// A file of a request that failed, or an item that could not even be planned.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Its number within the request.
    pub number: u64,
    /// What was to be moved.
    pub source: Location,
    /// Why it was not.
    pub error: Error,
    /// Whether it can be tried again by itself.
    pub again: bool,
}

/// Counts of one request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files done.
    pub files: u64,
    /// Files failed.
    pub failed: u64,
    /// Files skipped.
    pub skipped: u64,
    /// Those of them that are symbolic links within trees.
    pub links: u64,
    /// Bytes of the files done.
    pub bytes: u64,
    /// Bytes over the wire.
    pub bytes_sent: u64,
    /// Bytes that earlier runs had moved.
    pub bytes_resumed: u64,
    /// How long it took.
    pub elapsed: Duration,
    /// Why the plan could not be made or finished, if so.
    pub error: Option<Error>,
    /// The user stopped it.
    pub cancelled: bool,
}
