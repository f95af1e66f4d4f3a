//! Local files under a transfer: sources that must not change meanwhile, and targets that get their name only when
//! they are complete.

use std::fs::{File, OpenOptions};
use std::future::Future as _;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use jiff::Timestamp;
use tokio::task::JoinHandle;

use super::progress::Attempt;
use crate::error::{Error, Kind, Result};
use crate::local;

/// Read and sent at once.
const CHUNK: usize = 256 << 10;
/// Names in a folder are limited to 255 bytes; this much of the target's is kept in its `.part` file's.
const KEPT_NAME: usize = 200;

/// A file to be sent, and what it was like when it was opened.
#[derive(Debug)]
pub(super) struct Source {
    file: Arc<File>,
    path: PathBuf,
    pub(super) size: u64,
    pub(super) modified: Option<SystemTime>,
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
        let modified = data.modified().ok();
        Ok(Self { file: Arc::new(file), path: path.to_path_buf(), size: data.len(), modified })
    }

    /// All of it; for small files.
    pub(super) fn read_all(&self) -> Result<Bytes> {
        let mut bytes = vec![0; usize::try_from(self.size).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, 0).map_err(|error| self.read_failed(error))?;
        Ok(bytes.into())
    }

    /// A range of it as a request's body.
    pub(super) fn body(&self, range: Range<u64>, attempt: Arc<Attempt>) -> FileBody {
        FileBody { file: Arc::clone(&self.file), at: range.start, end: range.end, reading: None, attempt }
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

/// A range of a file, read off the runtime one chunk ahead of the connection.
pub(super) struct FileBody {
    file: Arc<File>,
    at: u64,
    end: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
    attempt: Arc<Attempt>,
}

impl FileBody {
    fn read_ahead(&mut self) {
        let length = usize::try_from(self.end - self.at).unwrap_or(CHUNK).min(CHUNK);
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
        if self.reading.is_none() {
            self.read_ahead();
        }
        let Some(reading) = self.reading.as_mut() else { return Poll::Ready(None) };
        let read = std::task::ready!(Pin::new(reading).poll(context))
            .unwrap_or_else(|error| Err(io::Error::other(error)));
        self.reading = None;
        if let Ok(bytes) = &read {
            self.attempt.add(bytes.len() as u64);
            self.read_ahead();
        }
        Poll::Ready(Some(read.map(Frame::data)))
    }
}

/// A `.part` file beside its target; removed when it is dropped unfinished.
#[derive(Debug)]
pub(super) struct Partial {
    file: Arc<File>,
    path: PathBuf,
    target: PathBuf,
    finished: bool,
}

impl Partial {
    /// Makes it, and room for `size` bytes, so that a full disk shows before the first byte is fetched.
    pub(super) fn create(target: &Path, size: u64) -> Result<Self> {
        let folder = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(folder).map_err(|error| Error::local("create", folder, error))?;
        if target.is_dir() {
            return Err(Error::new(Kind::Exists, format!("{} is a folder", target.display())).with_hint(
                "a file and a folder cannot have the same name here; copy the object to another name",
            ));
        }
        let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let kept = &name[..name.floor_char_boundary(KEPT_NAME)];
        let path = folder.join(format!(".{kept}.{:08x}.part", fastrand::u32(..)));
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .custom_flags(i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0))
            .open(&path)
            .map_err(|error| Error::local("create", target, error))?;
        let partial = Self { file: Arc::new(file), path, target: target.to_path_buf(), finished: false };
        if size > 0 {
            partial.reserve(size)?;
        }
        Ok(partial)
    }

    fn reserve(&self, size: u64) -> Result<()> {
        let reserved = rustix::fs::fallocate(&*self.file, rustix::fs::FallocateFlags::empty(), 0, size);
        match reserved {
            Ok(()) => Ok(()),
            // Not every file system can; the space is then found as it is written.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
                self.file.set_len(size).map_err(|error| self.write_failed(error))
            }
            Err(error) => Err(self.write_failed(error.into())),
        }
    }

    /// A handle that workers write through.
    pub(super) fn handle(&self) -> Handle {
        Handle { file: Arc::clone(&self.file), target: self.target.clone() }
    }

    /// Takes the permissions of the file it is a copy of, without set-user-id and the like.
    pub(super) fn keep_mode(&self, source: &std::fs::Metadata) -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(source.permissions().mode() & 0o777);
        self.file.set_permissions(mode).map_err(|error| self.write_failed(error))
    }

    /// Sets the time and gives the file its name.
    pub(super) fn finish(mut self, modified: Option<Timestamp>, only_new: bool) -> Result<()> {
        if let Some(time) = modified.and_then(|time| SystemTime::try_from(time).ok()) {
            // A file system without times keeps the file all the same.
            let _ = self.file.set_modified(time);
        }
        if only_new {
            local::rename(&self.path, &self.target)?;
        } else {
            std::fs::rename(&self.path, &self.target).map_err(|error| self.write_failed(error))?;
        }
        self.finished = true;
        Ok(())
    }

    fn write_failed(&self, error: io::Error) -> Error {
        Error::local("write", &self.target, error)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.finished {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Writes at any offset.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    file: Arc<File>,
    target: PathBuf,
}

impl Handle {
    /// Writes pieces one after the other from `offset`.
    pub(super) fn write(&self, pieces: &[Bytes], offset: u64) -> Result<()> {
        let mut at = offset;
        for piece in pieces {
            self.file.write_all_at(piece, at).map_err(|error| Error::local("write", &self.target, error))?;
            at += piece.len() as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partial_file_never_shows_under_the_final_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("sub/file");
        let partial = Partial::create(&target, 4).unwrap();
        partial.handle().write(&[Bytes::from("ab"), Bytes::from("cd")], 0).unwrap();
        assert!(!target.exists());
        drop(partial);
        assert_eq!(std::fs::read_dir(folder.path().join("sub")).unwrap().count(), 0, "nothing stays behind");
        let partial = Partial::create(&target, 4).unwrap();
        partial.handle().write(&[Bytes::from("abcd")], 0).unwrap();
        partial.finish(None, true).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"abcd");
        let late = Partial::create(&target, 0).unwrap();
        assert_eq!(late.finish(None, true).unwrap_err().kind(), Kind::Exists);
        assert_eq!(std::fs::read(&target).unwrap(), b"abcd");
    }

    #[test]
    fn a_source_that_changes_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "one").unwrap();
        let source = Source::open(&path).unwrap();
        source.check_unchanged().unwrap();
        std::fs::write(&path, "longer").unwrap();
        assert_eq!(source.check_unchanged().unwrap_err().kind(), Kind::Changed);
    }
}
