//! The record of one large file on its way: what it was, which parts of it have arrived.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::log::{Log, Opened};
use super::{FORMAT, Journal, absolute};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, exact_path};
use crate::s3::{Algorithm, Digest, Hasher};

/// What tells one state of a source from another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::transfer) struct Identity {
    /// An object's ETag.
    pub(in crate::transfer) etag: Option<String>,
    /// A file's device and inode.
    pub(in crate::transfer) file: Option<(u64, u64)>,
    /// When a file was modified.
    pub(in crate::transfer) modified: Option<jiff::Timestamp>,
}

/// A transfer of one file, as it was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::transfer) struct Begun {
    pub(super) format: u32,
    /// The job it belongs to.
    pub(super) job: Option<String>,
    pub(super) source: Location,
    pub(super) target: Location,
    pub(in crate::transfer) identity: Identity,
    pub(in crate::transfer) size: u64,
    pub(in crate::transfer) part_size: u64,
    /// How parts are proved.
    pub(in crate::transfer) algorithm: Option<String>,
    /// Of a multipart upload.
    pub(in crate::transfer) upload_id: Option<String>,
    /// Of a download.
    #[serde(with = "exact_path::option")]
    pub(in crate::transfer) partial: Option<PathBuf>,
}

/// A part that has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::transfer) struct Arrived {
    /// Empty for downloads.
    pub(in crate::transfer) etag: String,
    pub(in crate::transfer) digest: Option<Digest>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    part: u32,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    etag: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

/// The only transfer of this source to this target; its record, if there is one.
#[derive(Debug)]
pub(in crate::transfer) struct Claim {
    journal: Journal,
    path: Option<PathBuf>,
    job: Option<String>,
    source: Location,
    target: Location,
    log: Option<Log>,
    /// What an earlier run left.
    pub(in crate::transfer) saved: Option<(Begun, BTreeMap<u32, Arrived>)>,
}

/// The name of a transfer's record.
fn file_name(source: &Location, target: &Location) -> String {
    let both = [source.exact_bytes(), target.exact_bytes()].join(&0);
    format!("{}.log", Hasher::of(Algorithm::Md5, &both).hex())
}

impl Journal {
    /// Whether a transfer was begun in parts, whatever part size is asked for now.
    pub(in crate::transfer) fn is_begun(&self, source: &Location, target: &Location) -> bool {
        let Some(root) = &self.0 else { return false };
        root.join("files").join(file_name(&absolute(source), &absolute(target))).exists()
    }

    /// Takes the record of a file's transfer over.
    ///
    /// # Errors
    /// `Kind::Exists` if another twinpail, or another job of this one, is at it.
    pub(in crate::transfer) fn claim(
        &self,
        job: Option<String>,
        source: &Location,
        target: &Location,
    ) -> Result<Claim> {
        let (source, target) = (&absolute(source), &absolute(target));
        let mut claim = Claim {
            journal: self.clone(),
            path: None,
            job,
            source: source.clone(),
            target: target.clone(),
            log: None,
            saved: None,
        };
        let Some(folder) = self.folder("files") else { return Ok(claim) };
        let path = folder.join(file_name(source, target));
        match Log::open(&path) {
            Ok(Opened::Absent) => {}
            Ok(Opened::Busy) => {
                return Err(Error::new(Kind::Exists, format!("{source} is on its way to {target} already"))
                    .with_hint("`twinpail transfers ls` shows what runs"));
            }
            Ok(Opened::Ours(log, lines)) => match read(&lines) {
                Some(saved) if saved.0.source == *source && saved.0.target == *target => {
                    (claim.log, claim.saved) = (Some(log), Some(saved));
                }
                _ => {
                    drop(log);
                    self.set_aside(&path);
                }
            },
            Err(error) => tracing::warn!(%error, "going on without the journal"),
        }
        claim.path = Some(path);
        Ok(claim)
    }
}

/// What the lines of a record say; `None` if they cannot be read.
pub(super) fn read(lines: &[String]) -> Option<(Begun, BTreeMap<u32, Arrived>)> {
    let (header, rest) = lines.split_first()?;
    let begun: Begun = serde_json::from_str(header).ok().filter(|begun: &Begun| begun.format == FORMAT)?;
    let algorithm = begun.algorithm.as_deref().and_then(Algorithm::named);
    let mut arrived = BTreeMap::new();
    for line in rest {
        let line: Line = serde_json::from_str(line).ok()?;
        let digest = line.digest.as_deref().zip(algorithm);
        let digest = digest.and_then(|(text, algorithm)| Digest::from_base64(algorithm, text));
        arrived.insert(line.part, Arrived { etag: line.etag, digest });
    }
    Some((begun, arrived))
}

impl Claim {
    /// Writes down a beginning; an older one is forgotten. A journal that cannot be written does not stop a transfer.
    pub(in crate::transfer) fn begin(&mut self, begin: Begin) {
        self.finish();
        let Some(path) = &self.path else { return };
        if let (Location::Remote(to), Some(upload_id)) = (&self.target, &begin.upload_id) {
            self.journal.begun(&to.bucket, &to.key, upload_id);
        }
        let begun = Begun {
            format: FORMAT,
            job: self.job.clone(),
            source: self.source.clone(),
            target: self.target.clone(),
            identity: begin.identity,
            size: begin.size,
            part_size: begin.part_size,
            algorithm: begin.algorithm.map(|algorithm| algorithm.name().to_owned()),
            upload_id: begin.upload_id,
            partial: begin.partial.map(|path| std::path::absolute(&path).unwrap_or(path)),
        };
        match Log::create(path, &begun) {
            Ok(log) => self.log = Some(log),
            Err(error) => tracing::warn!(%error, "going on without the journal"),
        }
    }

    /// A part has arrived: acknowledged by the provider, or safe on the disk.
    pub(in crate::transfer) fn arrived(&self, part: u32, arrived: &Arrived) {
        let Some(log) = &self.log else { return };
        let digest = arrived.digest.as_ref().map(Digest::base64);
        if let Err(error) = log.append(&Line { part, etag: arrived.etag.clone(), digest }) {
            tracing::warn!(%error, "a part is not in the journal");
        }
    }

    /// Nothing is left to be resumed.
    pub(in crate::transfer) fn finish(&mut self) {
        self.saved = None;
        if let Some(log) = self.log.take() {
            log.remove();
        }
    }

    /// Whether what arrives is written down, so that another run can go on.
    pub(in crate::transfer) fn is_kept(&self) -> bool {
        self.log.is_some()
    }

    /// The `.part` file of a record, if it is still there.
    pub(in crate::transfer) fn partial(&self) -> Option<&Path> {
        self.saved.as_ref().and_then(|(begun, _)| begun.partial.as_deref())
    }
}

/// What a transfer begins with.
pub(in crate::transfer) struct Begin {
    pub(in crate::transfer) identity: Identity,
    pub(in crate::transfer) size: u64,
    pub(in crate::transfer) part_size: u64,
    pub(in crate::transfer) algorithm: Option<Algorithm>,
    pub(in crate::transfer) upload_id: Option<String>,
    pub(in crate::transfer) partial: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Remote;

    fn places() -> (Location, Location) {
        let remote = Remote { profile: "p".into(), bucket: "b".into(), key: "k\u{1b}".into() };
        (Location::Local("/tmp/a".into()), Location::Remote(remote))
    }

    fn begin() -> Begin {
        Begin {
            identity: Identity { file: Some((1, 2)), ..Identity::default() },
            size: 30,
            part_size: 10,
            algorithm: Some(Algorithm::Crc32),
            upload_id: Some("u".into()),
            partial: None,
        }
    }

    #[test]
    fn what_arrived_is_there_after_a_restart_and_for_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().join("t"));
        let (source, target) = places();
        let mut claim = journal.claim(None, &source, &target).unwrap();
        assert!(claim.saved.is_none() && !claim.is_kept());
        claim.begin(begin());
        let part = Arrived { etag: "e".into(), digest: Some(Hasher::of(Algorithm::Crc32, b"x")) };
        claim.arrived(2, &part);
        assert_eq!(journal.claim(None, &source, &target).unwrap_err().kind(), Kind::Exists);
        assert!(journal.claim(None, &target, &source).is_ok(), "the way back is another transfer");
        drop(claim);
        let mut claim = journal.claim(None, &source, &target).unwrap();
        let (begun, parts) = claim.saved.clone().unwrap();
        assert_eq!((begun.size, begun.upload_id.as_deref()), (30, Some("u")));
        assert_eq!(parts, BTreeMap::from([(2, part)]));
        claim.finish();
        drop(claim);
        assert!(journal.claim(None, &source, &target).unwrap().saved.is_none());
    }

    #[test]
    fn what_cannot_be_read_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().join("t"));
        let (source, target) = places();
        let mut claim = journal.claim(None, &source, &target).unwrap();
        claim.begin(begin());
        let path = claim.path.clone().unwrap();
        drop(claim);
        std::fs::write(&path, "{\"format\":99}\n").unwrap();
        assert!(journal.claim(None, &source, &target).unwrap().saved.is_none());
        assert!(!path.exists());
        assert_eq!(std::fs::read_dir(folder.path().join("t/unreadable")).unwrap().count(), 1);
    }
    #[test]
    fn paths_that_are_no_text_have_records_of_their_own() {
        use std::os::unix::ffi::OsStrExt as _;

        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::at(folder.path().join("t"));
        let place = |name: &[u8]| Location::Local(Path::new("/tmp").join(std::ffi::OsStr::from_bytes(name)));
        let (source, _) = places();
        let begin = || Begin { partial: place(b"\xfe.part").as_local().map(Path::to_path_buf), ..begin() };
        let mut first = journal.claim(None, &source, &place(b"\xfe")).unwrap();
        first.begin(begin());
        let mut second = journal.claim(None, &source, &place(b"\xff")).unwrap();
        second.begin(begin());
        drop((first, second));
        let again = journal.claim(None, &source, &place(b"\xfe")).unwrap();
        assert_eq!(again.partial(), begin().partial.as_deref());
    }
}
