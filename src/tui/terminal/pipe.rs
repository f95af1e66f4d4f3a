//! The way to the terminal. Whoever writes to one may have to wait for ever (a stopped reader, a dead connection), so
//! that a thread of its own does it: nobody else ever waits for the terminal longer than they want to.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;

/// A handle on it; clones share what waits. The lock is only ever held for a moment.
#[derive(Clone)]
pub(super) struct Pipe(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    freed: Notify,
}

#[derive(Default)]
struct Waiting {
    bytes: VecDeque<Vec<u8>>,
    /// Something is being written.
    busy: bool,
    failed: Option<io::Error>,
}

impl Waiting {
    fn is_free(&self) -> bool {
        self.bytes.is_empty() && !self.busy
    }
}

impl Pipe {
    /// To that file.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        thread::Builder::new().name("terminal".to_owned()).spawn(move || own.pump(file))?;
        Ok(Self(shared))
    }

    /// Puts bytes at the end of what waits; whatever went wrong with what was sent before.
    pub(super) fn send(&self, bytes: Vec<u8>) -> io::Result<()> {
        let mut waiting = self.0.lock();
        waiting.bytes.push_back(bytes);
        self.0.changed.notify_all();
        waiting.failed.take().map_or(Ok(()), Err)
    }

    /// Whether the terminal has taken everything.
    pub(super) fn is_free(&self) -> bool {
        self.0.lock().is_free()
    }

    /// Waits until it has, but not longer than that; whether it has.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        let waited = self.0.changed.wait_timeout_while(self.0.lock(), patience, |waiting| !waiting.is_free());
        waited.unwrap_or_else(PoisonError::into_inner).0.is_free()
    }

    /// Ends when it has taken something since the last time.
    pub(super) async fn freed(&self) {
        self.0.freed.notified().await;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Vec<u8> {
        let waited = self.changed.wait_while(self.lock(), |waiting| waiting.bytes.is_empty());
        let mut waiting = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.busy = true;
        waiting.bytes.pop_front().unwrap_or_default()
    }

    fn pump(&self, mut file: File) {
        loop {
            let written = write_all(&mut file, &self.next());
            let mut waiting = self.lock();
            waiting.busy = false;
            if let Err(error) = written {
                waiting.failed = Some(error);
            }
            drop(waiting);
            self.changed.notify_all();
            self.freed.notify_one();
        }
    }
}

/// Writes all of `bytes`. Whoever shares the terminal may have made it non-blocking; then it is waited for.
fn write_all(file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(1));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    /// Longer than any test runs, and not at all.
    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn who_sends_does_not_wait_for_who_reads() {
        let (mut reader, writer) = io::pipe().unwrap();
        let pipe = Pipe::new(File::from(std::os::fd::OwnedFd::from(writer))).unwrap();
        pipe.send(vec![b'a'; 1 << 20]).unwrap();
        pipe.send(b"end".to_vec()).unwrap();
        assert!(!pipe.is_free() && !pipe.wait(Duration::ZERO));
        let mut all = vec![0; (1 << 20) + 3];
        reader.read_exact(&mut all).unwrap();
        assert!(all.ends_with(b"aend"), "in the order it was sent");
        assert!(pipe.wait(LONG) && pipe.is_free());
    }

    #[test]
    fn what_could_not_be_written_is_told_with_the_next() {
        let (reader, writer) = io::pipe().unwrap();
        let pipe = Pipe::new(File::from(std::os::fd::OwnedFd::from(writer))).unwrap();
        drop(reader);
        pipe.send(b"lost".to_vec()).unwrap();
        assert!(pipe.wait(LONG));
        assert_eq!(pipe.send(b"lost too".to_vec()).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
