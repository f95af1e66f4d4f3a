//! What survives the end of the program, however it comes: which jobs are not over, which of their files are, and how
//! far each large file has come.
//!
//! One append-only record a job and one a large file, in folders of the state folder. Each is locked by whoever works
//! on it, so that two processes never take the same one; the operating system lets go of it when the process dies. The
//! provider (ListParts) and the file system have the last word about what is really there.

mod file;
mod job;
mod ledger;
mod log;

use std::path::{Path, PathBuf};

use super::types::Request;
use crate::config::paths::make_private;
use crate::location::Location;

pub(super) use file::{Arrived, Begin, Claim, Identity};
pub(super) use job::{Before, JobRecord, Leftover, Limit, Line as JobLine, Mark};
pub use job::{MOST_TAKEN_BACK, Unfinished};
pub use ledger::{Begun as BegunHere, Origin};

/// The source of what has none on the disk.
pub(super) const STDIN: &str = "/dev/stdin";

/// The folder of what was set aside.
const UNREADABLE: &str = "unreadable";

/// The form of the records; others are set aside.
const FORMAT: u32 = 1;

/// Where records are kept, if anywhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Journal(Option<PathBuf>);

/// The same place, whatever folder the next run is started in.
pub(super) fn absolute(place: &Location) -> Location {
    match place {
        Location::Local(path) => Location::Local(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
        remote => remote.clone(),
    }
}

/// The same request, whatever folder the next run is started in.
pub(super) fn in_full(request: &Request) -> Request {
    let mut request = request.clone();
    for item in &mut request.items {
        (item.from, item.to) = (absolute(&item.from), absolute(&item.to));
    }
    request.trees = request.trees.map(|trees| Box::new((absolute(&trees.0), absolute(&trees.1))));
    request
}

impl Journal {
    /// Below `root`, which is made when it is first needed.
    pub(super) fn at(root: PathBuf) -> Self {
        Self(Some(root))
    }

    /// Nothing is written down.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// One of its folders; `None` if there is no journal, or it cannot be made.
    fn folder(&self, name: &str) -> Option<PathBuf> {
        let folder = self.0.as_ref()?.join(name);
        match make_private(&folder) {
            Ok(()) => Some(folder),
            Err(error) => {
                tracing::warn!(%error, "going on without the journal");
                None
            }
        }
    }

    /// The folder of records that could not be read, and how many there are; `None` if there are none.
    pub(super) fn unreadable(&self) -> Option<(PathBuf, usize)> {
        let count = self.records(UNREADABLE).len();
        let folder = self.0.as_ref()?.join(UNREADABLE);
        (count > 0).then_some((folder, count))
    }

    /// Every record in one of its folders.
    fn records(&self, name: &str) -> Vec<PathBuf> {
        let Some(root) = &self.0 else { return Vec::new() };
        let found = std::fs::read_dir(root.join(name)).into_iter().flatten().flatten();
        let mut found: Vec<PathBuf> = found
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|e| e == "log"))
            .collect();
        found.sort();
        found
    }

    /// Puts a record that cannot be read where a person can look at it.
    fn set_aside(&self, path: &Path) {
        let (Some(folder), Some(name)) = (self.folder(UNREADABLE), path.file_name()) else { return };
        let to = folder.join(name);
        match std::fs::rename(path, &to) {
            Ok(()) => {
                tracing::warn!(path = %to.display(), "a record of the journal cannot be read and was set aside");
            }
            Err(error) => tracing::warn!(%error, path = %path.display(), "a record cannot be read"),
        }
    }
}
