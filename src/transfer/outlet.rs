//! Targets that take bytes in order: pipes, terminals, `/dev/null`, descriptors. Nothing of them is replaced, and nothing
//! can be taken back.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::pipe;
use tokio_util::sync::CancellationToken;

use super::pace::cancelled;
use super::plan::blocking;
use crate::error::{Error, Kind, Result};
use crate::local::target::StreamTarget;

/// Between two looks whether a pipe has a reader by now.
const READER: Duration = Duration::from_millis(50);

/// Such a target, open.
pub(super) struct Outlet {
    path: PathBuf,
    way: Way,
}

enum Way {
    Pipe(pipe::Sender),
    File(Arc<File>),
}

impl Outlet {
    /// Opens it; of a pipe that nobody reads yet a reader is waited for until `cancel`.
    ///
    /// # Errors
    /// The system's.
    pub(super) async fn open(target: &StreamTarget, cancel: &CancellationToken) -> Result<Self> {
        let path = target.path().to_path_buf();
        if !target.is_pipe() {
            let target = target.clone();
            let file = blocking(move || target.open()).await?;
            return Ok(Self { path, way: Way::File(Arc::new(file)) });
        }
        loop {
            match pipe::OpenOptions::new().open_sender(&path) {
                Ok(sender) => return Ok(Self { path, way: Way::Pipe(sender) }),
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {}
                Err(error) => return Err(Error::local("write to", &path, error)),
            }
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(cancelled()),
                () = tokio::time::sleep(READER) => {}
            }
        }
    }

    /// Writes all of it behind what was written before.
    ///
    /// # Errors
    /// The system's; `Kind::Local` if nobody reads any more.
    pub(super) async fn write(&mut self, bytes: Bytes) -> Result<()> {
        let written = match &mut self.way {
            Way::Pipe(pipe) => pipe.write_all(&bytes).await,
            Way::File(file) => {
                let file = Arc::clone(file);
                let written = tokio::task::spawn_blocking(move || (&*file).write_all(&bytes)).await;
                written.unwrap_or_else(|error| Err(io::Error::other(error)))
            }
        };
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => {
                Error::new(Kind::Local, format!("nobody reads {} any more", self.path.display()))
            }
            _ => Error::local("write to", &self.path, error),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::path::Path;

    use super::*;
    use crate::local::target::{Named, named};

    fn fifo(folder: &Path) -> StreamTarget {
        let path = folder.join("fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        match named(&path).unwrap() {
            Named::Stream(stream) => stream,
            Named::File(path) => panic!("{} is no pipe", path.display()),
        }
    }

    #[tokio::test]
    async fn a_pipe_waits_for_its_reader_and_a_reader_that_goes_away_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let target = fifo(folder.path());
        let path = target.path().to_path_buf();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4];
            std::fs::File::open(path).unwrap().read_exact(&mut bytes).unwrap();
            bytes
        });
        let mut outlet = Outlet::open(&target, &CancellationToken::new()).await.unwrap();
        outlet.write(Bytes::from("ab")).await.unwrap();
        outlet.write(Bytes::from("cd")).await.unwrap();
        assert_eq!(tokio::task::spawn_blocking(|| reader.join().unwrap()).await.unwrap(), *b"abcd");
        let error = outlet.write(Bytes::from("late")).await.unwrap_err();
        assert!(error.kind() == Kind::Local && error.message().contains("nobody reads"), "{error}");
    }

    #[tokio::test]
    async fn a_pipe_that_nobody_reads_is_given_up_when_told_to() {
        let folder = tempfile::tempdir().unwrap();
        let cancel = CancellationToken::new();
        cancel.cancel();
        let opened = Outlet::open(&fifo(folder.path()), &cancel).await;
        assert_eq!(opened.err().map(|error| error.kind()), Some(Kind::Cancelled));
    }
}
