//! Every multipart upload that was begun from here, so that those of which nobody knows any more can be told from other
//! people's. Only ever consulted about what a provider lists: a line too many does no harm.

use std::collections::{HashMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::file::read as read_file;
use super::log::Log;
use super::{Journal, STDIN};
use crate::location::{Location, Remote};
use crate::s3::Upload;

/// The newer half stays of a ledger that is larger.
const MOST: u64 = 1 << 20;

/// Whose an unfinished upload is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Origin {
    /// A running twinpail of this user, on this machine, is at it.
    Running,
    /// A transfer can be gone on with that has it.
    Resumable,
    /// It was begun from here, but no transfer goes on with it.
    Left,
    /// Somebody else's, or from another machine.
    #[default]
    Other,
}

impl Origin {
    /// Its word in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Origin::Running => "running",
            Origin::Resumable => "resumable",
            Origin::Left => "left",
            Origin::Other => "other",
        }
    }

    /// In words for a list; empty for others'.
    pub fn words(self) -> &'static str {
        match self {
            Origin::Running => "running",
            Origin::Resumable => "resumable",
            Origin::Left => "left behind",
            Origin::Other => "",
        }
    }
}

/// What an upload is told by: bucket, key, upload id. (Profiles may be renamed.)
type Name = (String, String, String);

/// The uploads that were begun from here.
#[derive(Clone, Debug, Default)]
pub struct Begun {
    /// Whether somebody is at it.
    known: HashMap<Name, bool>,
    begun: HashSet<Name>,
}

impl Begun {
    /// Whose `upload` is.
    pub fn origin(&self, upload: &Upload) -> Origin {
        let name = name(upload);
        match self.known.get(&name) {
            Some(true) => Origin::Running,
            Some(false) => Origin::Resumable,
            None if self.begun.contains(&name) => Origin::Left,
            None => Origin::Other,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Line(String, String, String);

fn name(upload: &Upload) -> Name {
    (upload.bucket.clone(), upload.key.clone(), upload.upload_id.clone())
}

impl Journal {
    /// Remembers that an upload was begun. Blocking; what cannot be written does not stop a transfer.
    pub(super) fn begun(&self, bucket: &str, key: &str, upload_id: &str) {
        let Some(root) = self.folder("") else { return };
        let written = serde_json::to_string(&Line(bucket.into(), key.into(), upload_id.into()))
            .map_err(std::io::Error::from)
            .and_then(|line| append(&root.join("uploads"), &line));
        if let Err(error) = written {
            tracing::warn!(%error, "the ledger of uploads misses one");
        }
    }

    /// What was begun from here. Blocking.
    pub(in crate::transfer) fn begun_here(&self) -> Begun {
        let Some(root) = &self.0 else { return Begun::default() };
        let mut known = HashMap::new();
        for path in self.records("files") {
            let Ok((lines, busy)) = Log::peek(&path) else { continue };
            let Some((begun, _)) = read_file(&lines) else { continue };
            // A stream cannot be read a second time.
            let lost = !busy && begun.source == Location::Local(STDIN.into());
            if let (Location::Remote(Remote { bucket, key, .. }), Some(id)) = (begun.target, begun.upload_id)
                && !lost
            {
                known.insert((bucket, key, id), busy);
            }
        }
        let text = std::fs::read(root.join("uploads")).unwrap_or_default();
        let begun = text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok());
        Begun { known, begun: begun.map(|Line(bucket, key, id)| (bucket, key, id)).collect() }
    }
}

/// Adds a line to the ledger at `path`, whoever else does; of one that has grown large the newer half stays.
fn append(path: &Path, line: &str) -> std::io::Result<()> {
    let mut file = locked(path)?;
    if file.metadata()?.len() > MOST {
        let text = std::fs::read(path)?;
        let newer = &text[text.len() / 2..];
        let from = newer.iter().position(|byte| *byte == b'\n').map_or(newer.len(), |at| at + 1);
        let shorter = path.with_extension("new");
        std::fs::write(&shorter, &newer[from..])?;
        std::fs::set_permissions(&shorter, file.metadata()?.permissions())?;
        std::fs::rename(&shorter, path)?;
        file = locked(path)?;
    }
    file.write_all(format!("{line}\n").as_bytes())
}

/// The file that has the name once it is locked: another process may have put a shorter one in its place.
fn locked(path: &Path) -> std::io::Result<File> {
    loop {
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
        file.lock()?;
        if path.metadata().is_ok_and(|now| file.metadata().is_ok_and(|ours| ours.ino() == now.ino())) {
            return Ok(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(id: &str) -> Upload {
        Upload { bucket: "b".into(), key: "k\n\"".into(), upload_id: id.into(), started: None }
    }

    #[test]
    fn an_upload_begun_here_is_told_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().join("t"));
        assert_eq!(journal.begun_here().origin(&upload("one")), Origin::Other);
        journal.begun("b", "k\n\"", "one");
        let here = journal.begun_here();
        assert_eq!((here.origin(&upload("one")), here.origin(&upload("two"))), (Origin::Left, Origin::Other));
        let elsewhere = Upload { bucket: "c".into(), ..upload("one") };
        assert_eq!(here.origin(&elsewhere), Origin::Other, "ids of two buckets may be equal");
    }

    #[test]
    fn the_ledger_does_not_grow_for_ever() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().join("t"));
        // A ledger is not cut in the middle of a character either.
        let long = "€".repeat(333);
        for id in 0..1500 {
            journal.begun("b", "k\n\"", &format!("{id}{long}"));
        }
        let size = folder.path().join("t/uploads").metadata().unwrap().len();
        assert!(size <= MOST + 2000, "{size}");
        assert_eq!(journal.begun_here().origin(&upload(&format!("1499{long}"))), Origin::Left);
    }
}
