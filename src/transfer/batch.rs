//! Small files made durable together: whoever waits first waits for all that are written by then, with one flush a file
//! system. A file gets its name only after that, so that a loss of power leaves whole files and `.part` files, nothing
//! else.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::oneshot;

use super::partial::Handle;
use super::plan::blocking;
use crate::error::{Error, Kind, Result};

type Waiter = (Handle, oneshot::Sender<Result<()>>);

/// Those who wait for the disk.
#[derive(Debug, Default)]
pub(super) struct Batch {
    waiting: Mutex<Vec<Waiter>>,
    flushing: tokio::sync::Mutex<()>,
}

impl Batch {
    /// Returns when what was written to `file` is safe on the disk.
    ///
    /// # Errors
    /// The disk's, for everybody who waited for that flush.
    pub(super) async fn settle(&self, file: Handle) -> Result<()> {
        let (done, mut settled) = oneshot::channel();
        self.lock().push((file, done));
        // Whoever gets in flushes for all behind; those find themselves done when it is their turn.
        let _turn = self.flushing.lock().await;
        if let Ok(result) = settled.try_recv() {
            return result;
        }
        let waiting = std::mem::take(&mut *self.lock());
        let files: Vec<Arc<File>> = waiting.iter().map(|(file, _)| file.file()).collect();
        let result = blocking(move || flush(&files)).await;
        for (_, done) in waiting {
            // Somebody whose job was cancelled does not wait any more.
            let _ = done.send(result.clone());
        }
        settled.await.unwrap_or_else(|_| Err(Error::new(Kind::Internal, "a flush was forgotten")))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One flush a file system; a single file is flushed alone.
fn flush(files: &[Arc<File>]) -> Result<()> {
    let failed = |error: std::io::Error| Error::new(Kind::Local, format!("cannot flush the disk: {error}"));
    if let [file] = files {
        return file.sync_data().map_err(failed);
    }
    let mut devices = BTreeMap::new();
    for file in files {
        devices.entry(file.metadata().map_err(failed)?.dev()).or_insert_with(Vec::new).push(file);
    }
    devices.values().try_for_each(|files| flush_device(files)).map_err(failed)
}

#[cfg(target_os = "linux")]
fn flush_device(files: &[&Arc<File>]) -> std::io::Result<()> {
    files.first().map_or(Ok(()), |file| rustix::fs::syncfs(file).map_err(Into::into))
}

#[cfg(not(target_os = "linux"))]
fn flush_device(files: &[&Arc<File>]) -> std::io::Result<()> {
    files.iter().try_for_each(|file| file.sync_data())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::Beneath;
    use crate::transfer::partial::{Partial, Place, Room};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn everybody_is_woken_and_a_cancelled_one_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let beneath = Beneath::new(folder.path()).unwrap();
        let batch = Arc::new(Batch::default());
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let target = folder.path().join(n.to_string());
                let place = Place::below(&beneath, folder.path(), &target, Room::default()).unwrap();
                let batch = Arc::clone(&batch);
                tokio::spawn(async move {
                    let partial = Partial::create(&place, 0).unwrap();
                    batch.settle(partial.handle()).await.unwrap();
                    partial.finish(None, false, false).unwrap();
                })
            })
            .collect();
        tasks[0].abort();
        tasks[50].abort();
        let mut done = 0;
        for task in tasks {
            done += usize::from(task.await.is_ok());
        }
        let there = std::fs::read_dir(folder.path()).unwrap().count();
        assert!(done >= 98 && there == done, "{done} done, {there} there");
    }
}
