//! Local files to be sent: read at any offset off the runtime, and not to change meanwhile.

use std::fs::{File, OpenOptions};
use std::future::Future as _;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use tokio::task::JoinHandle;

use super::journal::Identity;
use super::progress::Attempt;
use super::work::Limits;
use crate::error::{Error, Kind, Result};
use crate::s3::{Algorithm, Digest, Hasher};

/// Read and sent at once.
const CHUNK: u64 = 256 << 10;

/// A file to be sent, and what it was like when it was opened.
#[derive(Debug)]
pub(super) struct Source {
    file: Arc<File>,
    path: PathBuf,
    pub(super) size: u64,
    pub(super) modified: Option<SystemTime>,
    inode: (u64, u64),
}

impl Source {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |error| Error::local("read", path, error);
        // A pipe would block the open itself.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0))
            .open(path)
            .map_err(failed)?;
        let data = file.metadata().map_err(failed)?;
        if !data.is_file() {
            return Err(Error::new(Kind::Unsupported, format!("{} is not a regular file", path.display())));
        }
        Ok(Self {
            file: Arc::new(file),
            path: path.to_path_buf(),
            size: data.len(),
            modified: data.modified().ok(),
            inode: (data.dev(), data.ino()),
        })
    }

    /// What tells this state of the file from another.
    pub(super) fn identity(&self) -> Identity {
        let modified = self.modified.and_then(|time| jiff::Timestamp::try_from(time).ok());
        Identity { etag: None, file: Some(self.inode), modified }
    }

    /// All of it; for small files.
    pub(super) fn read_all(&self) -> Result<Bytes> {
        let mut bytes = vec![0; usize::try_from(self.size).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, 0).map_err(|error| self.read_failed(error))?;
        Ok(bytes.into())
    }

    /// The digest of a range. What is sent right after comes from the page cache, not from the disk again.
    pub(super) fn digest(&self, range: Range<u64>, algorithm: Algorithm) -> Result<Digest> {
        let mut hasher = Hasher::new(algorithm);
        let mut buffer = vec![0; usize::try_from(CHUNK).unwrap_or(1)];
        let mut at = range.start;
        while at < range.end {
            let length = usize::try_from((range.end - at).min(CHUNK)).unwrap_or(1);
            let piece = &mut buffer[..length];
            self.file.read_exact_at(piece, at).map_err(|error| self.read_failed(error))?;
            hasher.update(piece);
            at += length as u64;
        }
        Ok(hasher.finish())
    }

    /// A range of it as a request's body.
    pub(super) fn body(&self, range: Range<u64>, attempt: Arc<Attempt>, limits: Limits) -> FileBody {
        FileBody {
            file: Arc::clone(&self.file),
            at: range.start,
            end: range.end,
            reading: None,
            passing: None,
            attempt,
            limits,
        }
    }

    /// Whether it is still what it was; bytes of two states must not become one object.
    pub(super) fn check_unchanged(&self) -> Result<()> {
        let now = self.file.metadata().map_err(|error| self.read_failed(error))?;
        let on_disk = self.path.metadata().ok();
        let same = now.len() == self.size && now.modified().ok() == self.modified;
        let replaced =
            on_disk.is_none_or(|data| data.len() != self.size || data.modified().ok() != self.modified);
        if same && !replaced {
            return Ok(());
        }
        Err(Error::new(Kind::Changed, format!("{} changed while it was read", self.path.display()))
            .with_hint("nothing was stored under its name; try again when it is no longer written to"))
    }

    fn read_failed(&self, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Error::new(
                Kind::Changed,
                format!("{} became shorter while it was read", self.path.display()),
            );
        }
        Error::local("read", &self.path, error)
    }
}

/// The wait for the limit.
type Passing = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

/// A range of a file, read off the runtime one chunk ahead of the connection.
pub(super) struct FileBody {
    file: Arc<File>,
    at: u64,
    end: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    /// A chunk that waits for the limit.
    passing: Option<(Passing, Bytes)>,
    attempt: Arc<Attempt>,
    limits: Limits,
}

impl FileBody {
    fn read_ahead(&mut self) {
        let length = usize::try_from((self.end - self.at).min(self.limits.piece(CHUNK))).unwrap_or(1);
        if length == 0 {
            return;
        }
        let (file, at) = (Arc::clone(&self.file), self.at);
        self.at += length as u64;
        self.reading = Some(tokio::task::spawn_blocking(move || {
            let mut bytes = BytesMut::zeroed(length);
            file.read_exact_at(&mut bytes, at)?;
            Ok(bytes.freeze())
        }));
    }
}

impl http_body::Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.passing.is_none() {
            if self.reading.is_none() {
                self.read_ahead();
            }
            let Some(reading) = self.reading.as_mut() else { return Poll::Ready(None) };
            let read = std::task::ready!(Pin::new(reading).poll(context))
                .unwrap_or_else(|error| Err(io::Error::other(error)));
            self.reading = None;
            match read {
                Err(error) => return Poll::Ready(Some(Err(error))),
                Ok(bytes) => {
                    self.read_ahead();
                    let (limits, length) = (self.limits.clone(), bytes.len() as u64);
                    self.passing = Some((Box::pin(async move { limits.pass(length).await }), bytes));
                }
            }
        }
        let Some((passing, _)) = self.passing.as_mut() else { return Poll::Ready(None) };
        std::task::ready!(passing.as_mut().poll(context));
        let Some((_, bytes)) = self.passing.take() else { return Poll::Ready(None) };
        self.attempt.add(bytes.len() as u64);
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_changes_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "one").unwrap();
        let source = Source::open(&path).unwrap();
        source.check_unchanged().unwrap();
        assert_eq!(source.digest(1..3, Algorithm::Crc32).unwrap(), Hasher::of(Algorithm::Crc32, b"ne"));
        let identity = source.identity();
        std::fs::write(&path, "longer").unwrap();
        assert_eq!(source.check_unchanged().unwrap_err().kind(), Kind::Changed);
        assert_ne!(Source::open(&path).unwrap().identity(), identity);
    }
}
