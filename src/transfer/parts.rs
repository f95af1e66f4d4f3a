//! A multipart upload from its beginning, or from where an earlier run left it, to its completion, whoever provides
//! the bytes of its parts.

mod complete;

use std::collections::BTreeMap;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

pub(super) use self::complete::complete;
use super::journal::{Arrived, Begin, Claim, Identity};
use super::pace::{Lane, Pace, cancelled};
use super::plan::{blocking, part_size, ranges};
use super::relay::tagged;
use super::slots::Slot;
use super::types::Verified;
use super::work::Work;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Algorithm, Digest, ObjectInfo, Part, PutOptions, Store, Upload, multipart_etag};

/// Where the bytes of parts come from.
pub(super) trait Parts: Send + Sync + 'static {
    /// Sends a part, with as many tries as it takes.
    fn send(
        &self,
        upload: &Upload,
        number: u32,
        range: Range<u64>,
    ) -> impl Future<Output = Result<Arrived>> + Send;

    /// The digest of a part that an earlier run sent without writing it down; `None` if it would cost a transfer: then it
    /// is sent again.
    fn digest(&self, range: Range<u64>) -> impl Future<Output = Result<Option<Digest>>> + Send;

    /// Whether the source is still what it was, and its bytes are those that were sent: `whole` is their digest, where
    /// it is known.
    fn check(&self, whole: Option<&Digest>) -> impl Future<Output = Result<()>> + Send;
}

/// What is to be uploaded, and how.
pub(super) struct Multipart<'a> {
    pub(super) work: &'a Work,
    pub(super) pace: &'a Arc<Pace>,
    pub(super) store: &'a Store,
    pub(super) from: &'a Location,
    pub(super) to: &'a Remote,
    pub(super) options: PutOptions,
    pub(super) identity: Identity,
    pub(super) size: u64,
    pub(super) part_size: u64,
    /// How the parts are proved; `None`: not at all.
    pub(super) algorithm: Option<Algorithm>,
    /// Whether the digest of a part goes ahead of it, so that a wrong one is refused.
    pub(super) is_ahead: bool,
}

/// An upload under way: its parts that have arrived.
struct Begun {
    upload: Upload,
    part_size: u64,
    arrived: BTreeMap<u32, Arrived>,
}

/// The parts that are over, and the first failure among them.
struct Sent {
    arrived: BTreeMap<u32, Arrived>,
    failure: Option<Error>,
}

impl Sent {
    fn take(&mut self, part: Result<(u32, Arrived)>) {
        match part {
            Ok((number, part)) => drop(self.arrived.insert(number, part)),
            Err(error) => drop(self.failure.get_or_insert(error)),
        }
    }
}

/// What an earlier run left.
enum Left {
    Nothing,
    Upload(Begun),
    /// Only the answer to its completion was lost.
    Complete(Box<ObjectInfo>),
}

impl Multipart<'_> {
    /// Uploads; tells how it was proved.
    pub(super) async fn run<P: Parts>(mut self, parts: Arc<P>) -> Result<Verified> {
        self.options.algorithm = self.algorithm;
        let (journal, job) = (self.work.shared.journal.clone(), self.work.job.journaled().await);
        let (from, to) = (self.from.clone(), Location::Remote(self.to.clone()));
        let mut claim = blocking(move || journal.claim(job, &from, &to)).await?;
        let begun = match self.left(&claim, &*parts).await? {
            Left::Complete(info) => {
                claim.finish();
                self.resumed(self.size);
                return Ok(self
                    .algorithm
                    .filter(|_| info.size == self.size)
                    .map_or(Verified::Size, Verified::by));
            }
            Left::Upload(begun) => begun,
            Left::Nothing => {
                let begun = self.begin().await?;
                claim = self.write_down(claim, &begun).await?;
                begun
            }
        };
        let claim = Arc::new(claim);
        let sent = self.send_all(&begun, &parts, &claim).await;
        let done = match sent {
            Ok(arrived) => self.proved(&begun, &arrived, &*parts).await,
            Err(error) => Err(error),
        };
        // Nobody else holds it any more: every part is over.
        let mut claim = Arc::into_inner(claim);
        match done {
            Err(error) if self.is_kept(&error, claim.as_ref()) => Err(error),
            Err(error) => {
                self.abort(&begun.upload).await;
                claim.iter_mut().for_each(Claim::finish);
                Err(error)
            }
            Ok(verified) => {
                claim.iter_mut().for_each(Claim::finish);
                Ok(verified)
            }
        }
    }

    /// Makes the object of its parts, once their source has been looked at again.
    async fn proved(
        &self,
        begun: &Begun,
        arrived: &BTreeMap<u32, Arrived>,
        parts: &impl Parts,
    ) -> Result<Verified> {
        let whole = self.whole(arrived, begun.part_size);
        parts.check(whole.as_ref()).await?;
        self.complete(&begun.upload, arrived, whole).await
    }

    /// Whether what has arrived is left for another try: the program ends, or the trouble will pass.
    fn is_kept(&self, error: &Error, claim: Option<&Claim>) -> bool {
        let passes = error.is_retryable() || (error.kind() == Kind::Cancelled && self.work.job.is_kept());
        passes && claim.is_some_and(Claim::is_kept)
    }

    /// What an earlier run left of this very source, as the provider has it.
    async fn left(&self, claim: &Claim, parts: &impl Parts) -> Result<Left> {
        let Some((begun, arrived)) = &claim.saved else { return Ok(Left::Nothing) };
        let Some(upload_id) = begun.upload_id.clone() else { return Ok(Left::Nothing) };
        let Remote { bucket, key, .. } = self.to.clone();
        let upload = Upload { bucket, key, upload_id, started: None };
        let same = begun.identity == self.identity && begun.size == self.size;
        let algorithm = self.algorithm.map(|algorithm| algorithm.name().to_owned());
        if !same || begun.algorithm != algorithm {
            tracing::info!(source = %self.from, "it has changed since its upload was begun; starting over");
            self.abort(&upload).await;
            return Ok(Left::Nothing);
        }
        let listed = match self.store.list_parts(&upload).await {
            Ok(listed) => listed,
            Err(error) if error.kind() == Kind::NotFound => {
                return self.finished_before(arrived, begun.part_size).await;
            }
            // Not every server lists them, and not to everybody. Then what was acknowledged is all that is known;
            // completing compares it with what is there.
            Err(error) if matches!(error.kind(), Kind::Unsupported | Kind::Denied | Kind::Integrity) => {
                let kept = self.acknowledged(arrived, begun.part_size);
                return Ok(Left::Upload(Begun { upload, part_size: begun.part_size, arrived: kept }));
            }
            Err(error) => return Err(error),
        };
        let kept = self.kept(listed, begun.part_size, arrived, parts).await?;
        Ok(Left::Upload(Begun { upload, part_size: begun.part_size, arrived: kept }))
    }

    /// The parts that an earlier run was told have arrived.
    fn acknowledged(&self, arrived: &BTreeMap<u32, Arrived>, part_size: u64) -> BTreeMap<u32, Arrived> {
        let mut kept = BTreeMap::new();
        for (number, range) in ranges(self.size, part_size) {
            if let Some(part) = arrived.get(&number) {
                kept.insert(number, part.clone());
                self.resumed(range.end - range.start);
            }
        }
        kept
    }

    /// Of the parts that the provider lists, those that need not be sent again. Some list a part twice that was sent twice.
    async fn kept(
        &self,
        listed: Vec<Part>,
        part_size: u64,
        arrived: &BTreeMap<u32, Arrived>,
        parts: &impl Parts,
    ) -> Result<BTreeMap<u32, Arrived>> {
        let expected: BTreeMap<u32, Range<u64>> = ranges(self.size, part_size).collect();
        let mut kept = BTreeMap::new();
        for part in listed {
            let Some(range) = expected.get(&part.number) else { continue };
            if part.size != range.end - range.start {
                continue;
            }
            // Some list no ETags. A part cannot be named without one.
            let unnamed = part.etag.is_empty();
            let known = arrived.get(&part.number).filter(|known| unnamed || known.etag == part.etag).cloned();
            let known = match (known, self.algorithm) {
                (Some(known), _) => known,
                (None, _) if unnamed || kept.contains_key(&part.number) => continue,
                (None, None) => Arrived { etag: part.etag, digest: None },
                (None, Some(_)) => {
                    let digest = parts.digest(range.clone()).await?;
                    if digest.is_none() {
                        continue;
                    }
                    Arrived { etag: part.etag, digest }
                }
            };
            if kept.insert(part.number, known).is_none() {
                self.resumed(range.end - range.start);
            }
        }
        Ok(kept)
    }

    /// An upload that nobody will go on with; what cannot be aborted is listed among the unfinished ones.
    async fn abort(&self, upload: &Upload) {
        if let Err(error) = self.store.abort_upload(upload).await {
            tracing::warn!(%error, "an upload could not be aborted");
        }
    }

    /// The upload is gone: was it completed, and only the answer lost?
    async fn finished_before(&self, arrived: &BTreeMap<u32, Arrived>, part_size: u64) -> Result<Left> {
        let info = match self.store.head(&self.to.bucket, &self.to.key, None).await {
            Ok(info) => info,
            Err(error) if error.kind() == Kind::NotFound => return Ok(Left::Nothing),
            Err(error) => return Err(error),
        };
        let count = ranges(self.size, part_size).count();
        let proofs = (self.whole(arrived, part_size), info.proof(false));
        let ours = match proofs {
            _ if info.size != self.size || arrived.len() != count => false,
            (Some(ours), Some(theirs)) if ours.algorithm == theirs.algorithm => ours == theirs,
            _ => self.store.md5_etags() && info.etag == etag_of(arrived),
        };
        Ok(if ours { Left::Complete(Box::new(info)) } else { Left::Nothing })
    }

    /// Bytes that need not be sent again.
    fn resumed(&self, bytes: u64) {
        self.work.progress.resumed.fetch_add(bytes, Ordering::Relaxed);
        self.work.progress.done.fetch_add(bytes, Ordering::Relaxed);
    }

    async fn begin(&self) -> Result<Begun> {
        let (store, to) = (self.store, self.to);
        let create = tagged(&self.options, |options| async move {
            store.create_upload(&to.bucket, &to.key, &options).await
        });
        let upload = tokio::select! {
            biased;
            () = self.work.cancel().cancelled() => return Err(cancelled()),
            upload = create => upload?,
        };
        self.pace.reached();
        Ok(Begun { upload, part_size: self.part_size, arrived: BTreeMap::new() })
    }

    async fn write_down(&self, mut claim: Claim, begun: &Begun) -> Result<Claim> {
        let begin = Begin {
            identity: self.identity.clone(),
            size: self.size,
            part_size: self.part_size,
            algorithm: self.algorithm,
            upload_id: Some(begun.upload.upload_id.clone()),
            partial: None,
        };
        blocking(move || {
            claim.begin(begin);
            Ok(claim)
        })
        .await
    }

    /// Sends the parts that are missing; all of them in the end.
    async fn send_all<P: Parts>(
        &self,
        begun: &Begun,
        parts: &Arc<P>,
        claim: &Arc<Claim>,
    ) -> Result<BTreeMap<u32, Arrived>> {
        let mut sent = Sent { arrived: begun.arrived.clone(), failure: None };
        let mut sending = JoinSet::new();
        let own = Arc::new(Semaphore::new(self.store.provider().parts_per_upload.max(1)));
        for (number, range) in ranges(self.size, begun.part_size) {
            if sent.arrived.contains_key(&number) {
                continue;
            }
            let (own_slot, slot) = match self.admitted(&own).await {
                Ok(slots) => slots,
                Err(error) => {
                    sent.failure = Some(error);
                    break;
                }
            };
            while let Some(done) = sending.try_join_next() {
                sent.take(joined(done));
            }
            // A part that failed for good ends the upload before the next one is begun.
            if sent.failure.is_some() {
                break;
            }
            let (parts, upload, claim) = (Arc::clone(parts), begun.upload.clone(), Arc::clone(claim));
            sending.spawn(async move {
                let sent = parts.send(&upload, number, range).await;
                drop((slot, own_slot));
                sent.inspect(|part| claim.arrived(number, part)).map(|part| (number, part))
            });
        }
        // Parts that are on their way are waited for also after a failure: they may still be acknowledged.
        while let Some(done) = sending.join_next().await {
            sent.take(joined(done));
        }
        match sent.failure {
            Some(error) => Err(error),
            None if self.work.cancel().is_cancelled() => Err(cancelled()),
            None => Ok(sent.arrived),
        }
    }

    /// The slots of a part, unless the job is stopped first.
    async fn admitted(&self, own: &Arc<Semaphore>) -> Result<(OwnedSemaphorePermit, Slot)> {
        self.work.job.unpaused().await?;
        let own = Arc::clone(own).acquire_owned().await.map_err(|_| cancelled())?;
        Ok((own, self.work.slot(self.pace, Lane::Parts).await?))
    }
}

/// The ETag by AWS's formula, of the ETags that the parts got.
fn etag_of(arrived: &BTreeMap<u32, Arrived>) -> String {
    let parts: Option<Vec<Digest>> = arrived.values().map(|part| Digest::from_etag(&part.etag)).collect();
    parts.map(|parts| multipart_etag(&parts)).unwrap_or_default()
}

pub(super) fn joined<T>(done: std::result::Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    done.unwrap_or_else(|error| Err(Error::new(Kind::Internal, format!("a worker failed: {error}"))))
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
