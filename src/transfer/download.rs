//! Objects to local files: one GET for small ones, parallel ranges bound to one ETag for large ones.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::engine::Shared;
use super::file::{Handle, Partial};
use super::job::Job;
use super::plan::{Planned, SINGLE, blocking, part_size, ranges};
use super::progress::FileProgress;
use super::throttle::cancelled;
use super::types::Verified;
use super::upload::joined;
use crate::error::{Error, Kind, Result};
use crate::location::Remote;
use crate::s3::{GetOptions, Store};

/// Written at once.
const BATCH: usize = 1 << 20;

/// Moves one object. If it changes meanwhile it is fetched once more from the start.
pub(super) async fn object(
    shared: &Shared,
    job: &Job,
    planned: &Planned,
    from: &Remote,
    to: &Path,
    only_new: bool,
    progress: &Arc<FileProgress>,
) -> Result<Verified> {
    // With bytes in it, it is no folder's marker but an object like others.
    if from.key.ends_with('/') && planned.size == Some(0) {
        return folder(to).await;
    }
    let store = shared.connections.store(&from.profile).await?;
    let first = fetch(shared, job, &store, planned, from, to, only_new, progress).await;
    let Err(error) = &first else { return first };
    if error.kind() != Kind::Changed {
        return first;
    }
    tracing::info!(%error, "the object changed; starting over");
    let info = store.head(&from.bucket, &from.key, None).await?;
    let etag = (!info.etag.is_empty()).then_some(info.etag);
    let again = Planned { size: Some(info.size), modified: info.modified, etag, ..planned.clone() };
    fetch(shared, job, &store, &again, from, to, only_new, progress).await
}

/// A folder's marker becomes the folder.
async fn folder(to: &Path) -> Result<Verified> {
    let path = to.to_path_buf();
    blocking(move || std::fs::create_dir_all(&path).map_err(|error| Error::local("create", &path, error)))
        .await?;
    Ok(Verified::Size)
}

#[expect(clippy::too_many_arguments, reason = "one object's whole way; splitting would only rename them")]
async fn fetch(
    shared: &Shared,
    job: &Job,
    store: &Store,
    planned: &Planned,
    from: &Remote,
    to: &Path,
    only_new: bool,
    progress: &Arc<FileProgress>,
) -> Result<Verified> {
    let size = planned.size.unwrap_or(0);
    let target = to.to_path_buf();
    let get = Get {
        shared: job.shared(),
        cancel: job.cancel.clone(),
        store: store.clone(),
        from: from.clone(),
        etag: planned.etag.clone(),
        progress: Arc::clone(progress),
    };
    let threshold = shared.settings.defaults.part_size.unwrap_or(SINGLE);
    let modified = planned.modified;
    if size <= BATCH as u64 {
        let _slot = shared.small.slot().await?;
        let pieces = get.whole(size).await?;
        blocking(move || {
            let partial = Partial::create(&target, 0)?;
            partial.handle().write(&pieces, 0)?;
            partial.finish(modified, only_new)
        })
        .await?;
        return Ok(Verified::Size);
    }
    let partial = blocking(move || Partial::create(&target, size)).await?;
    if size <= threshold {
        let _slot = shared.small.slot().await?;
        get.range(0..size, size, partial.handle()).await?;
    } else {
        let part = part_size(size, shared.settings.defaults.part_size).unwrap_or(SINGLE);
        in_ranges(job, get, size, part, &partial).await?;
    }
    blocking(move || partial.finish(modified, only_new)).await?;
    Ok(Verified::Size)
}

async fn in_ranges(job: &Job, get: Get, size: u64, part: u64, partial: &Partial) -> Result<()> {
    let get = Arc::new(get);
    let mut fetching = JoinSet::new();
    for (_, range) in ranges(size, part) {
        job.unpaused().await?;
        let slot = tokio::select! {
            biased;
            () = get.cancel.cancelled() => break,
            slot = get.shared.parts.slot() => slot?,
        };
        while let Some(done) = fetching.try_join_next() {
            joined(done)?;
        }
        let (get, handle) = (Arc::clone(&get), partial.handle());
        fetching.spawn(async move {
            let fetched = get.range(range, size, handle).await;
            drop(slot);
            fetched
        });
    }
    while let Some(done) = fetching.join_next().await {
        joined(done)?;
    }
    if get.cancel.is_cancelled() { Err(cancelled()) } else { Ok(()) }
}

/// What the fetching of one object needs.
struct Get {
    shared: Arc<Shared>,
    cancel: CancellationToken,
    store: Store,
    from: Remote,
    etag: Option<String>,
    progress: Arc<FileProgress>,
}

impl Get {
    /// A small object, into memory.
    async fn whole(&self, size: u64) -> Result<Vec<Bytes>> {
        self.shared
            .small
            .retry(&self.cancel, |_| async {
                let attempt = self.progress.attempt();
                let options = GetOptions { if_match: self.etag.clone(), ..GetOptions::default() };
                let mut download = self.store.get(&self.from.bucket, &self.from.key, &options).await?;
                self.check_size(download.info.size, size)?;
                let mut pieces = Vec::new();
                while let Some(chunk) = download.chunk().await {
                    let chunk = chunk?;
                    attempt.add(chunk.len() as u64);
                    pieces.push(chunk);
                }
                attempt.keep();
                Ok(pieces)
            })
            .await
    }

    /// A range, to its place in the file. A broken connection goes on behind the last byte that was written.
    async fn range(&self, range: std::ops::Range<u64>, size: u64, file: Handle) -> Result<()> {
        let written = std::sync::atomic::AtomicU64::new(range.start);
        self.shared
            .parts
            .retry(&self.cancel, |_| async {
                let at = written.load(std::sync::atomic::Ordering::Relaxed);
                self.pour(at..range.end, size, &file, &written).await
            })
            .await
    }

    async fn pour(
        &self,
        range: std::ops::Range<u64>,
        size: u64,
        file: &Handle,
        written: &std::sync::atomic::AtomicU64,
    ) -> Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        let mut at = range.start;
        let whole = range == (0..size);
        let options = GetOptions {
            range: (!whole).then(|| range.clone()),
            if_match: self.etag.clone(),
            ..GetOptions::default()
        };
        let mut download = self.store.get(&self.from.bucket, &self.from.key, &options).await?;
        self.check_size(download.info.size, size)?;
        let (mut batch, mut waiting) = (Vec::new(), 0);
        loop {
            let chunk = download.chunk().await.transpose();
            let ended = !matches!(chunk, Ok(Some(_)));
            if let Ok(Some(bytes)) = &chunk {
                waiting += bytes.len();
                batch.push(bytes.clone());
            }
            if waiting >= BATCH || (ended && waiting > 0) {
                let (pieces, handle, offset) = (std::mem::take(&mut batch), file.clone(), at);
                blocking(move || handle.write(&pieces, offset)).await?;
                let attempt = self.progress.attempt();
                attempt.add(waiting as u64);
                attempt.keep();
                at += waiting as u64;
                written.store(at, std::sync::atomic::Ordering::Relaxed);
                waiting = 0;
            }
            if ended {
                return chunk.map(drop);
            }
        }
    }

    fn check_size(&self, now: u64, planned: u64) -> Result<()> {
        if now == planned {
            return Ok(());
        }
        Err(Error::new(Kind::Changed, format!("{} has {now} bytes, it had {planned}", self.from)))
    }
}
