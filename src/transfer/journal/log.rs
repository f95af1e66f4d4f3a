//! A crash-safe record: a header line that appears whole or not at all, and lines that are added to it. Whoever holds
//! one has it locked; a line that was cut off by the end of the world is ignored.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::error::{Error, Kind, Result};
use crate::local;

/// Somebody who only looks at a record has let go of it by then.
const LOOK: Duration = Duration::from_millis(250);

/// A record that this process holds.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    path: PathBuf,
}

/// What became of opening one.
pub(super) enum Opened {
    /// There is none.
    Absent,
    /// Another process, or another transfer of this one, holds it.
    Busy,
    /// Ours, with its complete lines.
    Ours(Log, Vec<String>),
}

/// Whether a file is locked by us now. Who works on a record keeps it for long; who only looks whether somebody does
/// ([`Log::peek`]) has it for an instant, and so has a program that is just being started.
fn ours_in_time(file: &File) -> std::io::Result<bool> {
    let until = Instant::now() + LOOK;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOOK / 50),
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)
        .map_err(|error| Error::new(Kind::Unsupported, format!("cannot be journaled: {error}")))?;
    line.push(b'\n');
    Ok(line)
}

impl Log {
    /// Makes a record with its header, durable when this returns.
    ///
    /// # Errors
    /// `Kind::Exists` if there is one; the file system's.
    pub(super) fn create(path: &Path, header: &impl Serialize) -> Result<Self> {
        let failed = |error| Error::local("write", path, error);
        let folder = path.parent().unwrap_or(Path::new("/"));
        let temporary = path.with_extension(format!("{:08x}.new", fastrand::u32(..)));
        let mut file =
            OpenOptions::new().create_new(true).append(true).mode(0o600).open(&temporary).map_err(failed)?;
        let made = file
            .write_all(&json(header)?)
            .and_then(|()| file.sync_all())
            .and_then(|()| file.try_lock().map_err(Into::into))
            .map_err(failed)
            .and_then(|()| local::rename(&temporary, path));
        if let Err(error) = made {
            let _ = std::fs::remove_file(&temporary);
            return Err(error);
        }
        local::sync_folder(folder);
        Ok(Self { file, path: path.to_path_buf() })
    }

    /// Takes a record over.
    pub(super) fn open(path: &Path) -> Result<Opened> {
        let failed = |error| Error::local("read", path, error);
        let mut file = match OpenOptions::new().read(true).append(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Opened::Absent),
            Err(error) => return Err(failed(error)),
        };
        if !ours_in_time(&file).map_err(failed)? {
            return Ok(Opened::Busy);
        }
        // Its holder may have removed it while we waited for nothing.
        let there =
            path.metadata().is_ok_and(|now| file.metadata().is_ok_and(|ours| ours.ino() == now.ino()));
        if !there {
            return Ok(Opened::Absent);
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failed)?;
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(failed)?;
        }
        let text = String::from_utf8_lossy(&bytes[..whole]);
        let lines = text.lines().map(str::to_owned).collect();
        Ok(Opened::Ours(Self { file, path: path.to_path_buf() }, lines))
    }

    /// The complete lines of a record, whoever holds it, and whether somebody does.
    pub(super) fn peek(path: &Path) -> Result<(Vec<String>, bool)> {
        let failed = |error| Error::local("read", path, error);
        let file = File::open(path).map_err(failed)?;
        let busy = matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock));
        let text = std::fs::read(path).map_err(failed)?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let text = String::from_utf8_lossy(&text[..whole]).into_owned();
        Ok((text.lines().map(str::to_owned).collect(), busy))
    }

    /// The complete lines of a record that this process holds.
    pub(super) fn read(&self) -> Result<Vec<String>> {
        Self::peek(&self.path).map(|(lines, _)| lines)
    }

    /// Adds a line.
    pub(super) fn append(&self, line: &impl Serialize) -> Result<()> {
        let line = json(line)?;
        (&self.file).write_all(&line).map_err(|error| Error::local("write", &self.path, error))
    }

    /// Takes the record away.
    pub(super) fn remove(self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(%error, path = %self.path.display(), "a record could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_what_cuts_them_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.log");
        let log = Log::create(&path, &"header").unwrap();
        log.append(&1).unwrap();
        assert!(matches!(Log::open(&path).unwrap(), Opened::Busy));
        assert_eq!(Log::create(&path, &"other").unwrap_err().kind(), Kind::Exists);
        assert_eq!(Log::peek(&path).unwrap(), (vec!["\"header\"".to_owned(), "1".to_owned()], true));
        drop(log);
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"torn").unwrap();
        let Opened::Ours(log, lines) = Log::open(&path).unwrap() else { panic!("not ours") };
        assert_eq!(lines, ["\"header\"", "1"]);
        log.append(&2).unwrap();
        drop(log);
        let Opened::Ours(log, lines) = Log::open(&path).unwrap() else { panic!("not ours") };
        assert_eq!(lines, ["\"header\"", "1", "2"]);
        log.remove();
        assert!(matches!(Log::open(&path).unwrap(), Opened::Absent));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn who_only_looks_stands_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.log");
        drop(Log::create(&path, &"header").unwrap());
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    Log::peek(&path).unwrap();
                }
            });
            let busy = (0..2000).filter(|_| !matches!(Log::open(&path).unwrap(), Opened::Ours(..))).count();
            done.store(true, std::sync::atomic::Ordering::Relaxed);
            assert_eq!(busy, 0);
        });
    }
}
