//! Objects to objects: copied by the server within one service, streamed through between two. And local copies.

use std::io::Read as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;

use super::journal::{Arrived, Identity};
use super::pace::{Lane, Pace, cancelled};
use super::partial::Partial;
use super::parts::{Multipart, Parts, checked_part_size};
use super::plan::{Planned, SINGLE, blocking};
use super::types::{Verb, Verified, Verify};
use super::work::Work;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{
    Algorithm, Attributes, Body, CopySource, Digest, GetOptions, Hasher, ObjectInfo, PartRequest, PutOptions,
    Store, Upload, Written,
};

/// Parts that the server copies are cheap; there need not be many.
const COPY_PART: u64 = 256 << 20;

/// Moves one object, with its headers, metadata and tags.
pub(super) async fn object(work: &Work, planned: &Planned, from: &Remote, to: &Remote) -> Result<Verified> {
    let source = work.shared.connections.store(&from.profile).await?;
    let target = work.shared.connections.store(&to.profile).await?;
    let size = planned.size.unwrap_or(0);
    let same_service = source.same_service(&target);
    let mut relay = Relay {
        work: work.clone(),
        pace: work.shared.pace(&to.profile),
        by_server: same_service,
        source,
        target,
        from: from.clone(),
        to: to.clone(),
        etag: planned.etag.clone(),
        version_id: planned.version_id.clone(),
        size,
    };
    let asked = &work.job.request.attributes;
    let at_once = same_service && size <= relay.target.provider().max_copy;
    if at_once && *asked == Attributes::default() {
        match relay.copy(None).await {
            Err(error) if relay.is_unable(&error) => relay.by_server = false,
            done => return done,
        }
    }
    let info = relay.source.head(&from.bucket, &from.key, relay.version_id.as_deref()).await?;
    let mut options = relay.options(&info, asked, same_service);
    if at_once && relay.by_server {
        match relay.copy(Some(&options)).await {
            Err(error) if relay.is_unable(&error) => relay.by_server = false,
            done => return done,
        }
    }
    if options.attributes.tags.is_empty() {
        options.attributes.tags = relay.tags(&info).await?;
    }
    let (here, there) = (Location::Remote(from.clone()), Location::Remote(to.clone()));
    let fits = size <= work.part_size().unwrap_or(SINGLE) && !work.is_begun(size, &here, &there);
    if !relay.by_server && fits {
        return relay.stream_whole(&options).await;
    }
    let wanted = if relay.by_server { Some(COPY_PART) } else { work.part_size() };
    let part_size = checked_part_size(&relay.target, to, size, wanted)?;
    let proved = !relay.by_server && work.verify() != Verify::Off;
    let (pace, store) = (Arc::clone(&relay.pace), relay.target.clone());
    let upload = Multipart {
        work,
        pace: &pace,
        store: &store,
        from: &here,
        to,
        options,
        identity: Identity { etag: relay.etag.clone(), ..Identity::default() },
        size,
        part_size,
        // What passes can only be hashed while it does, when the headers are gone already.
        algorithm: proved.then_some(Algorithm::Md5),
    };
    upload.run(Arc::new(relay)).await
}

/// What the moving of one object needs.
struct Relay {
    work: Work,
    pace: Arc<Pace>,
    source: Store,
    target: Store,
    /// The server copies; no byte passes here.
    by_server: bool,
    from: Remote,
    to: Remote,
    etag: Option<String>,
    version_id: Option<String>,
    size: u64,
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
        if !self.target.provider().tags {
            if info.tag_count > 0 {
                tracing::warn!(source = %self.from, "the tags are not copied: the target has none");
            }
            return Ok(Vec::new());
        }
        self.source.tags_beside(info, &self.from.bucket, &self.from.key, self.version_id.as_deref()).await
    }

    /// Whether the bytes have to come through here, because the server cannot copy, or not this key: it says then that
    /// there is no such object, which reading it settles.
    fn is_unable(&self, error: &Error) -> bool {
        let unable = matches!(error.kind(), Kind::Unsupported | Kind::NotFound);
        if unable {
            tracing::info!(source = %self.from, %error, "the server does not copy it");
        }
        unable
    }

    fn copy_source(&self) -> CopySource {
        let Remote { bucket, key, .. } = self.from.clone();
        let customer_key = self.source.customer_key();
        let (version_id, if_match) = (self.version_id.clone(), self.etag.clone());
        CopySource { bucket, key, version_id, if_match, customer_key }
    }

    /// A copy by the server in one request; with `replace` instead of the source's attributes.
    async fn copy(&self, replace: Option<&PutOptions>) -> Result<Verified> {
        let _slot = self.work.slot(&self.pace, Lane::Small).await?;
        let source = self.copy_source();
        let copy = || self.target.copy(&source, &self.to.bucket, &self.to.key, replace);
        let written = self.work.retry(&self.pace, Lane::Small, 0, copy).await?;
        self.moved(self.size);
        if self.etag.as_deref().is_some_and(|etag| etag == written.etag) {
            return Ok(Verified::Etag);
        }
        // Of what was sent in parts a copy in one piece has another ETag.
        let info = self.target.head(&self.to.bucket, &self.to.key, None).await?;
        if info.size != self.size {
            let text =
                format!("{} has {} bytes, its copy {} has {}", self.from, self.size, self.to, info.size);
            return Err(Error::new(Kind::Integrity, text));
        }
        Ok(Verified::Size)
    }

    /// Bytes that are there without having come through here.
    fn moved(&self, size: u64) {
        self.work.progress.done.fetch_add(size, Ordering::Relaxed);
    }

    async fn stream_whole(&self, options: &PutOptions) -> Result<Verified> {
        let _slot = self.work.slot(&self.pace, Lane::Small).await?;
        let verify = self.work.verify();
        let (written, ours) = self
            .work
            .retry(&self.pace, Lane::Small, self.size, || {
                tagged(options, |options| async move {
                    let attempt = self.work.progress.attempt();
                    let (body, hasher) = self.body(0..self.size, &attempt).await?;
                    let written = self.target.put(&self.to.bucket, &self.to.key, body, &options).await?;
                    attempt.keep();
                    Ok((written, finished(&hasher)))
                })
            })
            .await?;
        if verify == Verify::Off { Ok(Verified::Size) } else { self.proved(&written, &ours).await }
    }

    /// Compares what passed with what is there. An ETag that is another one may be that of an encrypted object.
    async fn proved(&self, written: &Written, ours: &Digest) -> Result<Verified> {
        if written.etag == ours.hex() {
            return Ok(Verified::Md5);
        }
        let info = self.target.head(&self.to.bucket, &self.to.key, None).await?;
        if self.target.md5_etags() && info.attributes.sse.is_none() && info.etag == written.etag {
            let text = format!("{} has ETag {} there and MD5 {} here", self.to, info.etag, ours.hex());
            return Err(Error::new(Kind::Integrity, text).with_hint("what is stored is not what was sent"));
        }
        Ok(if info.size == self.size { Verified::Size } else { Verified::No })
    }

    /// A range of the source as the body of a request to the target. Nothing is stored on the way: the connection to
    /// the source is read as fast as the target takes it.
    async fn body(
        &self,
        range: Range<u64>,
        attempt: &Arc<super::progress::Attempt>,
    ) -> Result<(Body, Arc<Mutex<Hasher>>)> {
        let length = range.end - range.start;
        let hasher = Arc::new(Mutex::new(Hasher::new(Algorithm::Md5)));
        if length == 0 {
            return Ok((Body::from_bytes(Bytes::new()), hasher));
        }
        let options = GetOptions {
            range: (range != (0..self.size)).then_some(range),
            if_match: self.etag.clone(),
            version_id: self.version_id.clone(),
            ..GetOptions::default()
        };
        let mut download = self.source.get(&self.from.bucket, &self.from.key, &options).await?;
        let (sender, receiver) = mpsc::channel(4);
        let (attempt, limits, summed) = (Arc::clone(attempt), self.work.limits(), Arc::clone(&hasher));
        let summing = self.work.verify() != Verify::Off;
        tokio::spawn(async move {
            while let Some(chunk) = download.chunk().await {
                if let Ok(bytes) = &chunk {
                    limits.pass(bytes.len() as u64).await;
                    attempt.add(bytes.len() as u64);
                    if summing {
                        summed.lock().unwrap_or_else(PoisonError::into_inner).update(bytes);
                    }
                }
                let failed = chunk.is_err();
                if sender.send(chunk.map_err(std::io::Error::other)).await.is_err() || failed {
                    return;
                }
            }
        });
        Ok((Body::from_stream(Piped(receiver), length), hasher))
    }
}

/// The digest of what has passed by now.
fn finished(hasher: &Mutex<Hasher>) -> Digest {
    hasher.lock().unwrap_or_else(PoisonError::into_inner).clone().finish()
}

impl Parts for Relay {
    async fn send(&self, upload: &Upload, number: u32, range: Range<u64>) -> Result<Arrived> {
        let length = range.end - range.start;
        self.work
            .retry(&self.pace, Lane::Parts, length, || async {
                if self.by_server {
                    let source = self.copy_source();
                    let etag = self.target.copy_part(upload, number, &source, range.clone()).await?;
                    self.moved(length);
                    return Ok(Arrived { etag, digest: None });
                }
                let attempt = self.work.progress.attempt();
                let (body, hasher) = self.body(range.clone(), &attempt).await?;
                let etag =
                    self.target.upload_part(upload, PartRequest { number, body, digest: None }).await?;
                attempt.keep();
                Ok(Arrived { etag, digest: Some(finished(&hasher)) })
            })
            .await
    }

    async fn digest(&self, _: Range<u64>) -> Result<Option<Digest>> {
        Ok(None)
    }

    /// Parts are bound to the source's ETag; where the server cannot do that, one look more at the end.
    async fn check(&self) -> Result<()> {
        if !self.by_server || self.target.provider().copy_part_if_match {
            return Ok(());
        }
        let info = self.source.head(&self.from.bucket, &self.from.key, self.version_id.as_deref()).await?;
        if self.etag.as_ref().is_none_or(|etag| *etag == info.etag) {
            return Ok(());
        }
        Err(Error::new(Kind::Changed, format!("{} changed while it was copied", self.from)))
    }
}

/// A write with tags; without them where the server has none.
pub(super) async fn tagged<T, Fut>(options: &PutOptions, write: impl Fn(PutOptions) -> Fut) -> Result<T>
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
pub(super) async fn local_file(work: &Work, from: &Path, to: &Path, only_new: bool) -> Result<Verified> {
    let (from, to): (PathBuf, PathBuf) = (from.to_path_buf(), to.to_path_buf());
    let work = work.clone();
    blocking(move || {
        let failed = |error| Error::local("read", &from, error);
        let mut source = std::fs::File::open(&from).map_err(failed)?;
        let data = source.metadata().map_err(failed)?;
        let partial = Partial::of(&work.job.place(&to)?, &Location::Local(from.clone()).exact(), 0)?;
        let handle = partial.handle();
        let attempt = work.progress.attempt();
        let (mut buffer, mut at) = (vec![0; 1 << 20], 0);
        loop {
            if work.cancel().is_cancelled() {
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
        let modified = data.modified().ok().and_then(|time| jiff::Timestamp::try_from(time).ok());
        partial.finish(modified, only_new, work.job.request.verb == Verb::Move)?;
        attempt.keep();
        Ok(Verified::Size)
    })
    .await
}
