//! Objects to objects: copied by the server within one service, streamed through between two. And local copies.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::engine::Shared;
use super::file::Partial;
use super::job::Job;
use super::plan::{Planned, SINGLE, blocking, ranges};
use super::progress::{Attempt, FileProgress};
use super::throttle::cancelled;
use super::types::Verified;
use super::upload::{checked_part_size, complete, joined};
use crate::error::{Error, Kind, Result};
use crate::location::Remote;
use crate::s3::{
    Attributes, Body, CompletedPart, CopySource, GetOptions, ObjectInfo, PartRequest, PutOptions, Store,
    Upload,
};

/// Parts that the server copies are cheap; there need not be many.
const COPY_PART: u64 = 256 << 20;

/// Moves one object, with its headers and metadata.
pub(super) async fn object(
    shared: &Shared,
    job: &Job,
    planned: &Planned,
    from: &Remote,
    to: &Remote,
    progress: &Arc<FileProgress>,
) -> Result<Verified> {
    let source = shared.connections.store(&from.profile).await?;
    let target = shared.connections.store(&to.profile).await?;
    let size = planned.size.unwrap_or(0);
    let relay = Relay {
        shared: job.shared(),
        cancel: job.cancel.clone(),
        source,
        target,
        from: from.clone(),
        to: to.clone(),
        etag: planned.etag.clone(),
        progress: Arc::clone(progress),
    };
    let by_server = relay.source.same_service(&relay.target);
    let replaced = job.request.attributes != Attributes::default();
    if by_server && size <= relay.target.provider().max_copy && !replaced {
        relay.copy(size).await?;
        return Ok(Verified::No);
    }
    let info = relay.source.head(&from.bucket, &from.key, None).await?;
    let mut options = relay.options(&info, &job.request.attributes, by_server);
    if by_server && size <= relay.target.provider().max_copy {
        relay.copy_replacing(&options, size).await?;
        return Ok(Verified::No);
    }
    if options.attributes.tags.is_empty() {
        options.attributes.tags = relay.tags(&info).await?;
    }
    let threshold = shared.settings.defaults.part_size.unwrap_or(SINGLE);
    if !by_server && size <= threshold {
        let _slot = shared.small.slot().await?;
        relay.stream_whole(&options, size).await?;
        return Ok(Verified::No);
    }
    let wanted = if by_server { Some(COPY_PART) } else { shared.settings.defaults.part_size };
    let part = checked_part_size(&relay.target, to, size, wanted)?;
    Arc::new(relay).in_parts(job, &options, size, part, by_server).await?;
    Ok(Verified::No)
}

/// What the moving of one object needs.
struct Relay {
    shared: Arc<Shared>,
    cancel: CancellationToken,
    source: Store,
    target: Store,
    from: Remote,
    to: Remote,
    etag: Option<String>,
    progress: Arc<FileProgress>,
}

impl Relay {
    /// The target's attributes: the source's, with what was asked for in their place. Storage class and encryption
    /// are names that only their own provider knows.
    fn options(&self, info: &ObjectInfo, asked: &Attributes, same_service: bool) -> PutOptions {
        let mut attributes = info.attributes.clone();
        if !same_service {
            attributes.storage_class = None;
        }
        if !same_service || self.target.encrypts() {
            attributes.sse = None;
        }
        PutOptions { attributes: attributes.overlaid(asked), ..PutOptions::default() }
    }

    /// The source's tags, as far as both sides know such a thing. CopyObject takes them along by itself.
    async fn tags(&self, info: &ObjectInfo) -> Result<Vec<(String, String)>> {
        if info.tag_count == 0 {
            return Ok(Vec::new());
        }
        if !(self.source.provider().tags && self.target.provider().tags) {
            tracing::warn!(source = %self.from, "the tags are not copied: not both providers have tags");
            return Ok(Vec::new());
        }
        match self.source.tags(&self.from.bucket, &self.from.key, None).await {
            Err(error) if error.kind() == Kind::Unsupported => {
                tracing::warn!(%error, "the tags are not copied");
                Ok(Vec::new())
            }
            tags => tags,
        }
    }

    fn copy_source(&self) -> CopySource {
        let Remote { bucket, key, .. } = self.from.clone();
        let customer_key = self.source.customer_key();
        CopySource { bucket, key, version_id: None, if_match: self.etag.clone(), customer_key }
    }

    async fn copy(&self, size: u64) -> Result<()> {
        self.copy_whole(None, size).await
    }

    async fn copy_replacing(&self, options: &PutOptions, size: u64) -> Result<()> {
        self.copy_whole(Some(options), size).await
    }

    async fn copy_whole(&self, replace: Option<&PutOptions>, size: u64) -> Result<()> {
        let _slot = self.shared.small.slot().await?;
        let source = self.copy_source();
        let copy = self
            .shared
            .small
            .retry(&self.cancel, |_| self.target.copy(&source, &self.to.bucket, &self.to.key, replace));
        copy.await?;
        self.moved(size);
        Ok(())
    }

    /// Bytes that are there without having come through here.
    fn moved(&self, size: u64) {
        self.progress.done.fetch_add(size, std::sync::atomic::Ordering::Relaxed);
    }

    async fn stream_whole(&self, options: &PutOptions, size: u64) -> Result<()> {
        self.shared
            .small
            .retry(&self.cancel, |_| {
                tagged(options, |options| async move {
                    let attempt = self.progress.attempt();
                    let body = self.body(0..size, size, &attempt).await?;
                    self.target.put(&self.to.bucket, &self.to.key, body, &options).await?;
                    attempt.keep();
                    Ok(())
                })
            })
            .await
    }

    /// A range of the source as the body of a request to the target. Nothing is stored on the way: the connection to
    /// the source is read as fast as the target takes it.
    async fn body(&self, range: std::ops::Range<u64>, size: u64, attempt: &Arc<Attempt>) -> Result<Body> {
        let length = range.end - range.start;
        if length == 0 {
            return Ok(Body::from_bytes(Bytes::new()));
        }
        let options = GetOptions {
            range: (range != (0..size)).then_some(range),
            if_match: self.etag.clone(),
            ..GetOptions::default()
        };
        let mut download = self.source.get(&self.from.bucket, &self.from.key, &options).await?;
        let (sender, receiver) = mpsc::channel(4);
        let attempt = Arc::clone(attempt);
        tokio::spawn(async move {
            while let Some(chunk) = download.chunk().await {
                if let Ok(bytes) = &chunk {
                    attempt.add(bytes.len() as u64);
                }
                let failed = chunk.is_err();
                if sender.send(chunk.map_err(std::io::Error::other)).await.is_err() || failed {
                    return;
                }
            }
        });
        Ok(Body::from_stream(Piped(receiver), length))
    }

    async fn in_parts(
        self: Arc<Self>,
        job: &Job,
        options: &PutOptions,
        size: u64,
        part: u64,
        by_server: bool,
    ) -> Result<()> {
        let (target, to) = (&self.target, &self.to);
        let create = |options| async move { target.create_upload(&to.bucket, &to.key, &options).await };
        let upload = Arc::new(tagged(options, create).await?);
        let sent = self.send_parts(job, &upload, size, part, by_server).await;
        let completed = match sent {
            Err(error) => Err(error),
            Ok(parts) => complete(&self.target, &upload, &parts, options, size).await,
        };
        if completed.is_err()
            && let Err(error) = self.target.abort_upload(&upload).await
        {
            tracing::warn!(%error, "an upload could not be aborted");
        }
        completed
    }

    async fn send_parts(
        self: &Arc<Self>,
        job: &Job,
        upload: &Arc<Upload>,
        size: u64,
        part: u64,
        by_server: bool,
    ) -> Result<Vec<CompletedPart>> {
        let (mut parts, mut sending) = (Vec::new(), JoinSet::new());
        for (number, range) in ranges(size, part) {
            job.unpaused().await?;
            let slot = tokio::select! {
                biased;
                () = self.cancel.cancelled() => break,
                slot = self.shared.parts.slot() => slot?,
            };
            while let Some(done) = sending.try_join_next() {
                parts.push(joined(done)?);
            }
            let (relay, upload) = (Arc::clone(self), Arc::clone(upload));
            sending.spawn(async move {
                let sent = relay.send_part(&upload, number, range, size, by_server).await;
                drop(slot);
                sent
            });
        }
        while let Some(done) = sending.join_next().await {
            parts.push(joined(done)?);
        }
        if self.cancel.is_cancelled() {
            return Err(cancelled());
        }
        parts.sort_by_key(|part| part.number);
        Ok(parts)
    }

    async fn send_part(
        &self,
        upload: &Upload,
        number: u32,
        range: std::ops::Range<u64>,
        size: u64,
        by_server: bool,
    ) -> Result<CompletedPart> {
        let length = range.end - range.start;
        let etag = self
            .shared
            .parts
            .retry(&self.cancel, |_| async {
                if by_server {
                    return self.target.copy_part(upload, number, &self.copy_source(), range.clone()).await;
                }
                let attempt = self.progress.attempt();
                let body = self.body(range.clone(), size, &attempt).await?;
                let etag =
                    self.target.upload_part(upload, PartRequest { number, body, digest: None }).await?;
                attempt.keep();
                Ok(etag)
            })
            .await?;
        if by_server {
            self.moved(length);
        }
        Ok(CompletedPart { number, etag })
    }
}

/// A write with tags; without them where the server has none.
async fn tagged<T, Fut>(options: &PutOptions, write: impl Fn(PutOptions) -> Fut) -> Result<T>
where
    Fut: Future<Output = Result<T>>,
{
    match write(options.clone()).await {
        Err(error) if error.kind() == Kind::Unsupported && !options.attributes.tags.is_empty() => {
            tracing::warn!(%error, "the tags are not copied");
            let mut untagged = options.clone();
            untagged.attributes.tags.clear();
            write(untagged).await
        }
        written => written,
    }
}

/// Chunks from one connection as the body of another.
struct Piped(mpsc::Receiver<std::io::Result<Bytes>>);

impl http_body::Body for Piped {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(|bytes| bytes.map(Frame::data)))
    }
}

/// Copies a local file to a local place, through a `.part` file like every download.
pub(super) async fn local_file(
    job: &Job,
    from: &Path,
    to: &Path,
    only_new: bool,
    progress: &Arc<FileProgress>,
) -> Result<Verified> {
    let (from, to): (PathBuf, PathBuf) = (from.to_path_buf(), to.to_path_buf());
    let (cancel, progress) = (job.cancel.clone(), Arc::clone(progress));
    blocking(move || {
        let failed = |error| Error::local("read", &from, error);
        let mut source = std::fs::File::open(&from).map_err(failed)?;
        let data = source.metadata().map_err(failed)?;
        let partial = Partial::create(&to, 0)?;
        let handle = partial.handle();
        let attempt = progress.attempt();
        let (mut buffer, mut at) = (vec![0; 1 << 20], 0);
        loop {
            if cancel.is_cancelled() {
                return Err(cancelled());
            }
            let read = source.read(&mut buffer).map_err(failed)?;
            if read == 0 {
                break;
            }
            handle.write(&[Bytes::copy_from_slice(&buffer[..read])], at)?;
            at += read as u64;
            attempt.add(read as u64);
        }
        if at != data.len() {
            return Err(Error::new(Kind::Changed, format!("{} changed while it was read", from.display())));
        }
        partial.keep_mode(&data)?;
        partial
            .finish(data.modified().ok().and_then(|time| jiff::Timestamp::try_from(time).ok()), only_new)?;
        attempt.keep();
        Ok(Verified::Size)
    })
    .await
}
