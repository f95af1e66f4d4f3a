//! Local files to be sent: read at any offset off the runtime, and not to change meanwhile.

use std::fs::{File, OpenOptions};
use std::future::Future as _;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
    pub(super) mode: u32,
    inode: (u64, u64),
    /// The most that it was seen to have; 0: no more than at first.
    grown: AtomicU64,
}

/// What is at a path, open to be sent.
pub(super) enum Opened {
    /// A regular file, which can be read at any offset and has a length.
    File(Source),
    /// What only tells its length by ending: a pipe, a terminal, a file that is made up as it is read.
    Stream(Stream),
}

/// A source of unknown length.
pub(super) struct Stream {
    path: PathBuf,
    /// Opened already; a pipe is not, as that waits for a writer.
    file: Option<File>,
    pub(super) modified: Option<SystemTime>,
}

impl Stream {
    /// The reader of it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) async fn reader(self) -> Result<tokio::fs::File> {
        if let Some(file) = self.file {
            return Ok(tokio::fs::File::from_std(file));
        }
        let opened = tokio::fs::File::open(&self.path).await;
        opened.map_err(|error| Error::local("read", &self.path, error))
    }
}

/// File systems whose files are made up as they are read: their sizes say nothing.
#[cfg(target_os = "linux")]
fn is_made_up(file: &File) -> bool {
    // From linux/magic.h: proc, sysfs, debugfs, tracefs, configfs, securityfs, cgroup, cgroup2, bpf, pstore, efivarfs.
    const MADE_UP: [i128; 11] = [
        0x9fa0,
        0x6265_6572,
        0x6462_6720,
        0x7472_6163,
        0x6265_6570,
        0x7363_6673,
        0x0027_e0eb,
        0x6367_7270,
        0xcafe_4a11,
        0x6165_676c,
        0xde5e_81e4,
    ];
    // Its type differs from one architecture to another.
    let kind = rustix::fs::fstatfs(file).map(|system| i128::from(system.f_type));
    kind.is_ok_and(|kind| MADE_UP.contains(&kind))
}

#[cfg(not(target_os = "linux"))]
fn is_made_up(_: &File) -> bool {
    false
}

impl Source {
    /// Opens what is at `path`; links are followed.
    ///
    /// # Errors
    /// It cannot be read; `Kind::Unsupported` for a folder, a socket or a block device.
    pub(super) fn open(path: &Path) -> Result<Opened> {
        let failed = |error| Error::local("read", path, error);
        let kind = path.metadata().map_err(failed)?.file_type();
        if kind.is_fifo() || kind.is_char_device() {
            return Ok(Opened::Stream(Stream { path: path.to_path_buf(), file: None, modified: None }));
        }
        // A pipe that came in its place would block the open itself.
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
        if is_made_up(&file) || (data.len() == 0 && yields(&file).map_err(failed)?) {
            return Ok(Opened::Stream(Stream { path: path.to_path_buf(), file: Some(file), modified }));
        }
        Ok(Opened::File(Self {
            file: Arc::new(file),
            path: path.to_path_buf(),
            size: data.len(),
            modified,
            mode: data.mode(),
            inode: (data.dev(), data.ino()),
            grown: AtomicU64::new(0),
        }))
    }

    /// Bytes that it had when it was last looked at, if they are more than it had when it was opened.
    pub(super) fn grown(&self) -> Option<u64> {
        Some(self.grown.load(Ordering::Relaxed)).filter(|now| *now > self.size)
    }

    /// What tells this state of the file from another.
    pub(super) fn identity(&self) -> Identity {
        let modified = self.modified.and_then(|time| jiff::Timestamp::try_from(time).ok());
        Identity { etag: None, file: Some(self.inode), modified }
    }

    /// All of it; for small files.
    pub(super) fn read_all(&self) -> Result<Bytes> {
        self.read(0..self.size)
    }

    /// A range of it.
    pub(super) fn read(&self, range: Range<u64>) -> Result<Bytes> {
        let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, range.start).map_err(|error| self.read_failed(error))?;
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

    /// Whether the bytes that it had are still what they were; those of two states must not become one object. What is
    /// appended meanwhile changes nothing about them, see [`Self::grown`].
    pub(super) fn check_unchanged(&self) -> Result<()> {
        let changed = |how: &str| {
            Err(Error::new(Kind::Changed, format!("{} {how} while it was read", self.path.display()))
                .with_hint("nothing was stored under its name; try again when it is no longer written to"))
        };
        let now = self.file.metadata().map_err(|error| self.read_failed(error))?;
        match self.path.metadata() {
            Ok(there) if (there.dev(), there.ino()) == self.inode => {}
            Ok(_) => return changed("was replaced"),
            Err(_) => return changed("was removed"),
        }
        if now.len() > self.size {
            self.grown.fetch_max(now.len(), Ordering::Relaxed);
            return Ok(());
        }
        if now.len() < self.size {
            return changed("became shorter");
        }
        if now.modified().ok() == self.modified { Ok(()) } else { changed("changed") }
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

/// Whether a file that is said to be empty has bytes all the same.
fn yields(file: &File) -> io::Result<bool> {
    Ok(file.read_at(&mut [0], 0)? > 0)
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
    use std::io::Write as _;

    use super::*;

    fn open(path: &Path) -> Source {
        match Source::open(path).unwrap() {
            Opened::File(source) => source,
            Opened::Stream(_) => panic!("{} is no file with a length", path.display()),
        }
    }

    #[test]
    fn a_source_that_changes_is_noticed_and_one_that_grows_is_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        std::fs::write(&path, "one").unwrap();
        let source = open(&path);
        source.check_unchanged().unwrap();
        assert_eq!(source.digest(1..3, Algorithm::Crc32).unwrap(), Hasher::of(Algorithm::Crc32, b"ne"));
        let identity = source.identity();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b" more").unwrap();
        source.check_unchanged().unwrap();
        assert_eq!((source.size, source.grown()), (3, Some(8)));
        assert_eq!(source.read_all().unwrap(), "one");
        assert_ne!(open(&path).identity(), identity);
        std::fs::write(&path, "on").unwrap();
        let shorter = source.check_unchanged().unwrap_err();
        assert!(shorter.kind() == Kind::Changed && shorter.message().contains("shorter"), "{shorter}");
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "one").unwrap();
        assert_eq!(open(&path).grown(), None);
    }

    #[test]
    fn a_file_of_no_size_that_yields_bytes_is_a_stream() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty");
        std::fs::write(&empty, "").unwrap();
        assert_eq!(open(&empty).size, 0);
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            folder.path().join("p"),
            rustix::fs::Mode::from_raw_mode(0o600),
        )
        .unwrap();
        assert!(matches!(Source::open(&folder.path().join("p")), Ok(Opened::Stream(_))));
        if cfg!(target_os = "linux") {
            assert!(matches!(Source::open(Path::new("/proc/version")), Ok(Opened::Stream(_))));
        }
    }
}
