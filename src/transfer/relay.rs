//! Objects to objects: copied by the server within one service, streamed through between two.

mod passing;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;

pub(super) use self::passing::Piped;
use self::passing::{Passage, Proofs};

use super::download::{Get, compare};
use super::journal::{Arrived, Identity};
use super::pace::{Lane, Pace};
use super::parts::{Multipart, Parts, checked_part_size};
use super::plan::{Planned, SINGLE, WHOLE};
use super::progress::Attempt;
use super::types::Verified;
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
        proof: None,
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
    relay.proof = info.proof(relay.source.md5_etags());
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
        return relay.in_one_request(&options).await;
    }
    let wanted = if relay.by_server { Some(COPY_PART) } else { work.part_size() };
    let part_size = checked_part_size(&relay.target, to, size, wanted)?;
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
        algorithm: relay.algorithm(),
        is_ahead: false,
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
    /// What the source's provider says that its bytes can be compared with.
    proof: Option<Digest>,
}

impl Relay {
    /// By what digest that which passes here is proved.
    fn algorithm(&self) -> Option<Algorithm> {
        self.work.algorithm(&self.target).filter(|_| !self.by_server)
    }

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
        self.work.progress.wrote(written.etag.clone());
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

    async fn in_one_request(&self, options: &PutOptions) -> Result<Verified> {
        let _slot = self.work.slot(&self.pace, Lane::Small).await?;
        if self.size <= WHOLE { self.held(options).await } else { self.streamed(options).await }
    }

    /// What is small is in memory before it goes, so that its digest travels ahead of it.
    async fn held(&self, options: &PutOptions) -> Result<Verified> {
        let _memory = self.work.shared.budget.hold(self.size).await?;
        let get = Get {
            work: self.work.clone(),
            pace: self.work.shared.pace(&self.from.profile),
            store: self.source.clone(),
            from: self.from.clone(),
            etag: self.etag.clone(),
            version_id: self.version_id.clone(),
            size: self.size,
            modified: None,
            proof: None,
        };
        let (pieces, _) = get.held(self.work.verify()).await?;
        let bytes = Bytes::from(pieces.concat());
        let algorithm = self.algorithm();
        let digest = algorithm.map(|algorithm| Hasher::of(algorithm, &bytes));
        let options = PutOptions { digest, ..options.clone() };
        let put = |options: PutOptions| {
            let body = Body::from_bytes(bytes.clone());
            async move { self.target.put(&self.to.bucket, &self.to.key, body, &options).await }
        };
        let put = || tagged(&options, put);
        let written = self.work.retry(&self.pace, Lane::Small, self.size, put).await?;
        self.work.progress.wrote(written.etag);
        Ok(algorithm.map_or(Verified::Size, Verified::by))
    }

    /// Hashed by MD5, which the ETag in the answer tells of what had no digest ahead of it.
    async fn streamed(&self, options: &PutOptions) -> Result<Verified> {
        let algorithm = self.algorithm().map(|_| Algorithm::Md5);
        let put = async |options: PutOptions| {
            let attempt = self.work.progress.attempt();
            let (body, passage) = self.body(0..self.size, algorithm, &attempt).await?;
            let written = self.target.put(&self.to.bucket, &self.to.key, body, &options).await;
            let written = self.settled(&passage, &attempt, written)?;
            Ok((written, passage.digest()))
        };
        let put = || tagged(options, put);
        let (written, ours) = self.work.retry(&self.pace, Lane::Small, self.size, put).await?;
        self.work.progress.wrote(written.etag.clone());
        match ours {
            Some(ours) => self.proved(&written, &ours).await,
            None => Ok(Verified::Size),
        }
    }

    /// What came of sending what passed. A body is only read once there is a connection: what broke off in the middle had
    /// reached the target.
    fn settled<T>(&self, passage: &Passage, attempt: &Attempt, answer: Result<T>) -> Result<T> {
        if answer.is_ok() {
            attempt.keep();
        } else if attempt.has_begun() {
            self.pace.reached();
        }
        passage.settle(answer)
    }

    /// Compares what passed with what is there, as far as it is told: the ETag of an encrypted object tells nothing.
    async fn proved(&self, written: &Written, ours: &Digest) -> Result<Verified> {
        if written.digest.as_ref() == Some(ours) || written.etag == ours.hex() {
            return Ok(Verified::by(ours.algorithm));
        }
        let info = self.target.head(&self.to.bucket, &self.to.key, None).await?;
        Ok(if info.size == self.size { Verified::Size } else { Verified::No })
    }

    /// A range of the source as the body of a request to the target, proved by `algorithm`.
    async fn body(
        &self,
        range: Range<u64>,
        algorithm: Option<Algorithm>,
        attempt: &Arc<Attempt>,
    ) -> Result<(Body, Arc<Passage>)> {
        let (length, is_whole) = (range.end - range.start, range == (0..self.size));
        let options = GetOptions {
            range: (!is_whole).then_some(range),
            if_match: self.etag.clone(),
            version_id: self.version_id.clone(),
            ..GetOptions::default()
        };
        let download = self.source.get(&self.from.bucket, &self.from.key, &options).await?;
        let expected = self.proof.clone().filter(|_| is_whole && algorithm.is_some());
        let proofs = Proofs { algorithm, expected };
        Ok(passing::body(download, length, &self.from, proofs, self.work.limits(), Arc::clone(attempt)))
    }
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
                let (body, passage) = self.body(range.clone(), self.algorithm(), &attempt).await?;
                let part = PartRequest { number, body, digest: None };
                let sent = self.target.upload_part(upload, part).await;
                let etag = self.settled(&passage, &attempt, sent)?;
                Ok(Arrived { etag, digest: passage.digest() })
            })
            .await
    }

    async fn digest(&self, _: Range<u64>) -> Result<Option<Digest>> {
        Ok(None)
    }

    /// Parts are bound to the source's ETag; where the server cannot do that, one look more at the end.
    async fn check(&self, whole: Option<&Digest>) -> Result<()> {
        if let (Some(ours), Some(theirs)) = (whole, &self.proof)
            && ours.algorithm == theirs.algorithm
        {
            compare(&self.from, theirs, ours)?;
        }
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
