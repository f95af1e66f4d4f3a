//! Local files and streams to objects: one PUT for small ones, parts in parallel for large ones.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::engine::Shared;
use super::file::Source;
use super::job::Job;
use super::plan::{SINGLE, blocking, part_size, ranges};
use super::progress::FileProgress;
use super::throttle::cancelled;
use super::types::Verified;
use crate::error::{Error, Kind, Result};
use crate::location::Remote;
use crate::s3::{Attributes, Body, CompletedPart, PartRequest, PutOptions, Store, Upload};

/// Files up to this size are read at once rather than streamed.
const IN_MEMORY: u64 = 1 << 20;
/// Parts of a stream in flight; each is held in memory.
const STREAM_PARTS: usize = 3;

/// Moves one file.
pub(super) async fn file(
    shared: &Shared,
    job: &Job,
    from: &Path,
    to: &Remote,
    progress: &Arc<FileProgress>,
) -> Result<Verified> {
    let store = shared.connections.store(&to.profile).await?;
    let path: PathBuf = from.to_path_buf();
    let source = Arc::new(blocking(move || Source::open(&path)).await?);
    let mut attributes = Attributes::default().overlaid(&job.request.attributes);
    if attributes.content_type.is_none() {
        attributes.content_type = mime_guess::from_path(from).first_raw().map(str::to_owned);
    }
    if let Some(time) = source.modified.filter(|_| job.request.store_mtime) {
        attributes.metadata.entry("mtime".to_owned()).or_insert_with(|| seconds(time));
    }
    let options = PutOptions { attributes, if_none_match: false, ..PutOptions::default() };
    let threshold = shared.settings.defaults.part_size.unwrap_or(SINGLE);
    if source.size <= threshold {
        single(shared, job, &store, &source, to, &options, progress).await?;
    } else {
        let large = Large { shared, cancel: &job.cancel, store: &store, to, options: &options };
        large.parts(job, &source, progress).await?;
    }
    Ok(Verified::No)
}

/// Seconds since the epoch with as many decimals as there are, as rclone writes them.
fn seconds(time: SystemTime) -> String {
    let (sign, since) = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => ("", since),
        Err(before) => ("-", before.duration()),
    };
    let text = format!("{sign}{}.{:09}", since.as_secs(), since.subsec_nanos());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

async fn single(
    shared: &Shared,
    job: &Job,
    store: &Store,
    source: &Arc<Source>,
    to: &Remote,
    options: &PutOptions,
    progress: &Arc<FileProgress>,
) -> Result<()> {
    let _slot = shared.small.slot().await?;
    shared
        .small
        .retry(&job.cancel, |_| async {
            let attempt = progress.attempt();
            let body = if source.size <= IN_MEMORY {
                let source = Arc::clone(source);
                let bytes = blocking(move || {
                    source.read_all().and_then(|bytes| source.check_unchanged().map(|()| bytes))
                });
                let bytes = bytes.await?;
                attempt.add(bytes.len() as u64);
                Body::from_bytes(bytes)
            } else {
                Body::from_stream(source.body(0..source.size, Arc::clone(&attempt)), source.size)
            };
            let written = store.put(&to.bucket, &to.key, body, options).await;
            // A source that shrank breaks its own request off; that is what the user must hear.
            if written.is_err() {
                recheck(source).await?;
            }
            written?;
            attempt.keep();
            Ok(())
        })
        .await?;
    if source.size > IN_MEMORY {
        recheck(source).await?;
    }
    Ok(())
}

async fn recheck(source: &Arc<Source>) -> Result<()> {
    let source = Arc::clone(source);
    blocking(move || source.check_unchanged()).await
}

/// A multipart upload; aborted unless it was completed.
struct Large<'a> {
    shared: &'a Shared,
    cancel: &'a CancellationToken,
    store: &'a Store,
    to: &'a Remote,
    options: &'a PutOptions,
}

impl Large<'_> {
    async fn begin(&self) -> Result<Upload> {
        let create = self.store.create_upload(&self.to.bucket, &self.to.key, self.options);
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(cancelled()),
            upload = create => upload,
        }
    }

    async fn parts(&self, job: &Job, source: &Arc<Source>, progress: &Arc<FileProgress>) -> Result<()> {
        let size =
            checked_part_size(self.store, self.to, source.size, self.shared.settings.defaults.part_size)?;
        let upload = Arc::new(self.begin().await?);
        let sent = send_parts(self, job, &upload, source, size, progress).await;
        let sent = match sent {
            Ok(parts) => recheck(source).await.map(|()| parts),
            Err(error) => Err(error),
        };
        self.finish(&upload, sent, source.size).await
    }

    /// Completes what went well, aborts the rest.
    async fn finish(&self, upload: &Upload, sent: Result<Vec<CompletedPart>>, size: u64) -> Result<()> {
        let completed = match sent {
            Err(error) => Err(error),
            Ok(parts) => complete(self.store, upload, &parts, self.options, size).await,
        };
        if completed.is_err()
            && let Err(error) = self.store.abort_upload(upload).await
        {
            tracing::warn!(%error, "an upload could not be aborted");
        }
        completed
    }
}

/// The part size, if this provider takes an object of `length` bytes at all.
pub(super) fn checked_part_size(store: &Store, to: &Remote, length: u64, wanted: Option<u64>) -> Result<u64> {
    let most = store.provider().max_object;
    part_size(length, wanted).filter(|_| length <= most).ok_or_else(|| {
        let title = store.provider().title;
        Error::new(
            Kind::Unsupported,
            format!("{to}: {length} bytes are more than {title} takes for one object"),
        )
    })
}

async fn send_parts(
    large: &Large<'_>,
    job: &Job,
    upload: &Arc<Upload>,
    source: &Arc<Source>,
    size: u64,
    progress: &Arc<FileProgress>,
) -> Result<Vec<CompletedPart>> {
    let mut parts = Vec::new();
    let mut sending = JoinSet::new();
    let own = Arc::new(Semaphore::new(large.store.provider().parts_per_upload.max(1)));
    for (number, range) in ranges(source.size, size) {
        job.unpaused().await?;
        let own_slot = Arc::clone(&own).acquire_owned().await.map_err(|_| cancelled())?;
        let slot = tokio::select! {
            biased;
            () = large.cancel.cancelled() => break,
            slot = large.shared.parts.slot() => slot?,
        };
        // A part that failed for good ends the upload before the next one is begun.
        while let Some(done) = sending.try_join_next() {
            parts.push(joined(done)?);
        }
        let part = SendPart {
            shared: job.shared(),
            cancel: large.cancel.clone(),
            store: large.store.clone(),
            upload: Arc::clone(upload),
            source: Arc::clone(source),
            progress: Arc::clone(progress),
        };
        sending.spawn(async move {
            let sent = part.send(number, range).await;
            drop((slot, own_slot));
            sent
        });
    }
    while let Some(done) = sending.join_next().await {
        parts.push(joined(done)?);
    }
    if large.cancel.is_cancelled() {
        return Err(cancelled());
    }
    parts.sort_by_key(|part| part.number);
    Ok(parts)
}

pub(super) fn joined<T>(done: std::result::Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    done.unwrap_or_else(|error| Err(Error::new(Kind::Internal, format!("a worker failed: {error}"))))
}

/// What one part's task owns.
struct SendPart {
    shared: Arc<Shared>,
    cancel: CancellationToken,
    store: Store,
    upload: Arc<Upload>,
    source: Arc<Source>,
    progress: Arc<FileProgress>,
}

impl SendPart {
    async fn send(&self, number: u32, range: std::ops::Range<u64>) -> Result<CompletedPart> {
        let etag = self
            .shared
            .parts
            .retry(&self.cancel, |_| async {
                let attempt = self.progress.attempt();
                let length = range.end - range.start;
                let body = Body::from_stream(self.source.body(range.clone(), Arc::clone(&attempt)), length);
                let part = PartRequest { number, body, digest: None };
                let sent = self.store.upload_part(&self.upload, part).await;
                if sent.is_err() {
                    recheck(&self.source).await?;
                }
                let etag = sent?;
                attempt.keep();
                Ok(etag)
            })
            .await?;
        Ok(CompletedPart { number, etag })
    }
}

/// Completes an upload; a lost answer is settled by looking whether the object is there.
pub(super) async fn complete(
    store: &Store,
    upload: &Upload,
    parts: &[CompletedPart],
    options: &PutOptions,
    size: u64,
) -> Result<()> {
    let mut tries = 0;
    loop {
        let Err(error) = store.complete_upload(upload, parts, options).await else { return Ok(()) };
        let is_ambiguous = error.is_retryable() || error.kind() == Kind::NotFound;
        if !is_ambiguous {
            return Err(error);
        }
        if let Ok(info) = store.head(&upload.bucket, &upload.key, None).await {
            // Parts' count in the ETag tells our object from one that was there before.
            let ours = info.size == size && info.etag.ends_with(&format!("-{}", parts.len()));
            let gone = error.kind() == Kind::NotFound || store.list_parts(upload).await.is_err();
            if ours && gone {
                return Ok(());
            }
        }
        tries += 1;
        if tries >= 4 || error.kind() == Kind::NotFound {
            return Err(error);
        }
        tokio::time::sleep(std::time::Duration::from_millis(300 << tries)).await;
    }
}

/// Writes a stream of unknown length.
pub(super) async fn stream(
    shared: &Arc<Shared>,
    mut reader: impl AsyncRead + Send + Unpin,
    to: &Remote,
    attributes: &Attributes,
    expected_size: Option<u64>,
    cancel: &CancellationToken,
) -> Result<u64> {
    let store = shared.connections.store(&to.profile).await?;
    let size = checked_part_size(&store, to, expected_size.unwrap_or(0), shared.settings.defaults.part_size)?;
    let options = PutOptions { attributes: attributes.clone(), ..PutOptions::default() };
    let first = read_part(&mut reader, size, cancel).await?;
    if (first.len() as u64) < size {
        let length = first.len() as u64;
        let put = shared
            .parts
            .retry(cancel, |_| store.put(&to.bucket, &to.key, Body::from_bytes(first.clone()), &options));
        put.await?;
        return Ok(length);
    }
    let large = Large { shared, cancel, store: &store, to, options: &options };
    let upload = Arc::new(large.begin().await?);
    let mut total = 0;
    let sent = stream_parts(&large, shared, &upload, &mut reader, first, size, &mut total).await;
    large.finish(&upload, sent, total).await?;
    Ok(total)
}

async fn stream_parts(
    large: &Large<'_>,
    shared: &Arc<Shared>,
    upload: &Arc<Upload>,
    reader: &mut (impl AsyncRead + Send + Unpin),
    first: Bytes,
    size: u64,
    total: &mut u64,
) -> Result<Vec<CompletedPart>> {
    let (mut parts, mut sending) = (Vec::new(), JoinSet::new());
    let (mut next, mut number) = (first, 0);
    while !next.is_empty() {
        number += 1;
        if u64::from(number) > 10_000 {
            return Err(Error::new(Kind::Usage, "the stream is longer than 10,000 parts")
                .with_hint("say how long it will be with --expected-size, so that parts are made larger"));
        }
        while sending.len() >= STREAM_PARTS
            && let Some(done) = sending.join_next().await
        {
            parts.push(joined(done)?);
        }
        *total += next.len() as u64;
        let is_last = (next.len() as u64) < size;
        let (shared, store, upload, bytes) =
            (Arc::clone(shared), large.store.clone(), Arc::clone(upload), next);
        let cancel = large.cancel.clone();
        sending.spawn(async move {
            let send = |_| {
                let part = PartRequest { number, body: Body::from_bytes(bytes.clone()), digest: None };
                store.upload_part(&upload, part)
            };
            Ok(CompletedPart { number, etag: shared.parts.retry(&cancel, send).await? })
        });
        next = if is_last { Bytes::new() } else { read_part(reader, size, large.cancel).await? };
    }
    while let Some(done) = sending.join_next().await {
        parts.push(joined(done)?);
    }
    parts.sort_by_key(|part| part.number);
    Ok(parts)
}

/// The next part: `size` bytes, fewer at the end.
async fn read_part(
    reader: &mut (impl AsyncRead + Send + Unpin),
    size: u64,
    cancel: &CancellationToken,
) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    let mut limited = reader.take(size);
    loop {
        let read = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancelled()),
            read = limited.read_buf(&mut bytes) => read,
        };
        match read.map_err(|error| Error::new(Kind::Local, format!("cannot read the input: {error}")))? {
            0 => return Ok(bytes.freeze()),
            _ => bytes.reserve(64 << 10),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_rclone_does() {
        let after = |nanos| seconds(UNIX_EPOCH + Duration::from_nanos(nanos));
        assert_eq!(after(1_732_500_000_123_456_789), "1732500000.123456789");
        assert_eq!(after(1_732_500_000_500_000_000), "1732500000.5");
        assert_eq!(after(1_732_500_000_000_000_000), "1732500000");
        assert_eq!(seconds(UNIX_EPOCH - Duration::from_millis(1500)), "-1.5");
    }
}
