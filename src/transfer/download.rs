//! Objects to local files: one GET for small ones, parallel ranges bound to one ETag for large ones, gone on with
//! where an earlier run stopped.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;

use super::pace::{Lane, Pace};
use super::partial::{Goal, Handle, Partial, Place};
use super::plan::{Planned, SINGLE, blocking, part_size, ranges as ranges_of};
use super::ranges::{self, Ranged};
use super::types::{Verb, Verified, Verify};
use super::work::Work;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Algorithm, Digest, GetOptions, Hasher, Store, multipart_etag};

/// Written at once; files up to this size are held in memory.
const BATCH: u64 = 1 << 20;

/// Moves one object. If it changes meanwhile, or a byte was wrong on the way, it is fetched once more from the start.
pub(super) async fn object(
    work: &Work,
    planned: &Planned,
    from: &Remote,
    to: &Path,
    only_new: bool,
) -> Result<Verified> {
    // With bytes in it, it is no folder's marker but an object like others.
    if from.key.ends_with('/') && planned.size == Some(0) {
        return folder(to).await;
    }
    let store = work.shared.connections.store(&from.profile).await?;
    let job = Arc::clone(&work.job);
    let target = to.to_path_buf();
    let goal = blocking(move || job.goal(&target)).await?;
    let get = |planned: &Planned| Get {
        work: work.clone(),
        pace: work.shared.pace(&from.profile),
        store: store.clone(),
        from: from.clone(),
        etag: planned.etag.clone(),
        version_id: planned.version_id.clone(),
        size: planned.size.unwrap_or(0),
        modified: planned.modified,
        proof: planned.proof.clone(),
    };
    let place = match goal {
        Goal::File(place) => place,
        Goal::Stream(target) => return get(planned).write_in_order(&target).await,
    };
    let first = get(planned).fetch(&place, only_new).await;
    let Err(error) = &first else { return first };
    if !matches!(error.kind(), Kind::Changed | Kind::Integrity) {
        return first;
    }
    tracing::info!(%error, "starting over");
    work.progress.start_over();
    let info = store.head(&from.bucket, &from.key, planned.version_id.as_deref()).await?;
    let proof = info.proof(store.md5_etags());
    let etag = (!info.etag.is_empty()).then_some(info.etag);
    let again = Planned { size: Some(info.size), modified: info.modified, etag, proof, ..planned.clone() };
    get(&again).fetch(&place, only_new).await
}

/// Whether the bytes that came are those that the provider speaks of.
pub(super) fn compare(from: &Remote, theirs: &Digest, ours: &Digest) -> Result<Verified> {
    if theirs == ours {
        return Ok(Verified::by(theirs.algorithm));
    }
    let name = theirs.algorithm.name();
    let text = format!("{from} arrived with {name} {}, but has {}", ours.hex(), theirs.hex());
    Err(Error::new(Kind::Integrity, text)
        .with_hint("a byte changed on the way, or where it is stored; nothing was kept"))
}

/// A folder's marker becomes the folder.
async fn folder(to: &Path) -> Result<Verified> {
    let path = to.to_path_buf();
    blocking(move || std::fs::create_dir_all(&path).map_err(|error| Error::local("create", &path, error)))
        .await?;
    Ok(Verified::Size)
}

/// What the fetching of one object needs.
#[derive(Clone)]
pub(super) struct Get {
    pub(super) work: Work,
    pub(super) pace: Arc<Pace>,
    pub(super) store: Store,
    pub(super) from: Remote,
    pub(super) etag: Option<String>,
    pub(super) version_id: Option<String>,
    pub(super) size: u64,
    pub(super) modified: Option<jiff::Timestamp>,
    /// What the bytes are compared with, as far as it is known before the first answer.
    pub(super) proof: Option<Digest>,
}

impl Get {
    async fn fetch(self, place: &Place, only_new: bool) -> Result<Verified> {
        let (verify, wanted) = (self.work.verify(), self.work.part_size());
        if self.size <= BATCH {
            return self.small(place, only_new, verify).await;
        }
        let (from, to) = (Location::Remote(self.from.clone()), Location::Local(place.path()));
        if self.size <= wanted.unwrap_or(SINGLE) && !self.work.is_begun(self.size, &from, &to) {
            return self.medium(place, only_new, verify).await;
        }
        ranges::fetch(Ranged { get: self, place, only_new, verify, wanted }).await
    }

    /// Into memory, then to its place in one go.
    async fn small(&self, place: &Place, only_new: bool, verify: Verify) -> Result<Verified> {
        let slot = self.work.slot(&self.pace, Lane::Small).await?;
        let memory = self.work.shared.budget.hold(self.size).await?;
        let (pieces, verified) = self.held(verify).await?;
        drop(slot);
        let source = self.source();
        let partial = self.with_space(place, move |place| {
            let partial = Partial::of(place, &source, 0)?;
            partial.handle().write(&pieces, 0)?;
            Ok(partial)
        });
        let partial = partial.await?;
        drop(memory);
        let verified = match verified {
            Some(verified) => verified,
            None => self.proved_by_etag(partial.handle(), verify).await?,
        };
        self.settle(partial, only_new).await?;
        Ok(verified)
    }

    /// One GET, poured into the file.
    async fn medium(&self, place: &Place, only_new: bool, verify: Verify) -> Result<Verified> {
        let slot = self.work.slot(&self.pace, Lane::Small).await?;
        let (size, source) = (self.size, self.source());
        let partial = self.with_space(place, move |place| Partial::of(place, &source, size)).await?;
        let proof = self.range(0..size, partial.handle(), Lane::Small, None).await?.1;
        drop(slot);
        let proof = proof.or_else(|| self.proof.clone()).filter(|_| verify != Verify::Off);
        let verified = match proof {
            None => self.proved_by_etag(partial.handle(), verify).await?,
            Some(proof) => {
                let (handle, algorithm) = (partial.handle(), proof.algorithm);
                let ours = blocking(move || handle.digest(0..size, algorithm)).await?;
                compare(&self.from, &proof, &ours)?
            }
        };
        self.settle(partial, only_new).await?;
        Ok(verified)
    }

    /// What its `.part` file is known by.
    fn source(&self) -> String {
        Location::Remote(self.from.clone()).exact()
    }

    /// Onto the disk, then under its name. The source of a move goes next, so that its name must be safe as well.
    async fn settle(&self, partial: Partial, only_new: bool) -> Result<()> {
        let (modified, alone) = (self.modified, self.work.job.request.verb == Verb::Move);
        if alone {
            return blocking(move || partial.finish(modified, only_new, true)).await;
        }
        self.work.shared.batch.settle(partial.handle()).await?;
        let folder = partial.folder();
        let _turn = self.work.shared.folders.take(&folder).await;
        blocking(move || partial.finish(modified, only_new, false)).await
    }

    /// How this state of the object is asked for.
    pub(super) fn options(&self, range: Option<Range<u64>>, checksums: bool) -> GetOptions {
        let (if_match, version_id) = (self.etag.clone(), self.version_id.clone());
        GetOptions { range, if_match, version_id, checksums }
    }

    /// A small object in memory, and by what its answer proves it.
    pub(super) async fn held(&self, verify: Verify) -> Result<(Vec<Bytes>, Option<Verified>)> {
        let (pieces, proof) = self.whole().await?;
        let Some(proof) = proof.filter(|_| verify != Verify::Off) else { return Ok((pieces, None)) };
        let mut hasher = Hasher::new(proof.algorithm);
        for piece in &pieces {
            hasher.update(piece);
        }
        let verified = compare(&self.from, &proof, &hasher.finish())?;
        Ok((pieces, Some(verified)))
    }

    /// A small object, and what its answer says to compare it with.
    async fn whole(&self) -> Result<(Vec<Bytes>, Option<Digest>)> {
        self.work
            .retry(&self.pace, Lane::Small, self.size, || async {
                let attempt = self.work.progress.attempt();
                let options = self.options(None, true);
                let mut download = self.store.get(&self.from.bucket, &self.from.key, &options).await?;
                self.check_size(download.info.size)?;
                let mut pieces = Vec::new();
                while let Some(chunk) = download.chunk().await {
                    let chunk = chunk?;
                    self.work.limits().pass(chunk.len() as u64).await;
                    attempt.add(chunk.len() as u64);
                    pieces.push(chunk);
                }
                attempt.keep();
                Ok((pieces, download.info.proof(self.store.md5_etags())))
            })
            .await
    }

    /// A range, to its place in the file. A broken connection goes on behind the last byte that was written. Returns
    /// the range's digest, if `algorithm` asks for one, and what the answer says about the whole object.
    pub(super) async fn range(
        &self,
        range: Range<u64>,
        file: Handle,
        lane: Lane,
        algorithm: Option<Algorithm>,
    ) -> Result<(Option<Digest>, Option<Digest>)> {
        let written = AtomicU64::new(range.start);
        let hasher = std::sync::Mutex::new(algorithm.map(Hasher::new));
        let proof = self
            .work
            .retry(&self.pace, lane, range.end - range.start, || {
                let at = written.load(Ordering::Relaxed);
                self.pour(at..range.end, &file, &written, &hasher)
            })
            .await?;
        let hasher = hasher.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok((hasher.map(Hasher::finish), proof))
    }

    async fn pour(
        &self,
        range: Range<u64>,
        file: &Handle,
        written: &AtomicU64,
        hasher: &std::sync::Mutex<Option<Hasher>>,
    ) -> Result<Option<Digest>> {
        if range.is_empty() {
            return Ok(None);
        }
        let mut at = range.start;
        let whole = range == (0..self.size);
        let options = self.options((!whole).then(|| range.clone()), whole);
        let mut download = self.store.get(&self.from.bucket, &self.from.key, &options).await?;
        self.check_size(download.info.size)?;
        let (mut batch, mut waiting) = (Vec::new(), 0);
        loop {
            let chunk = download.chunk().await.transpose();
            let mut ended = !matches!(chunk, Ok(Some(_)));
            if let Ok(Some(bytes)) = &chunk {
                self.work.limits().pass(bytes.len() as u64).await;
                waiting += bytes.len() as u64;
                batch.push(bytes.clone());
                // The last byte is the end, whether or not the connection has said so yet.
                ended |= at + waiting == range.end;
            }
            if waiting >= BATCH || (ended && waiting > 0) {
                let (pieces, handle, offset) = (std::mem::take(&mut batch), file.clone(), at);
                if let Some(hasher) =
                    hasher.lock().unwrap_or_else(std::sync::PoisonError::into_inner).as_mut()
                {
                    for piece in &pieces {
                        hasher.update(piece);
                    }
                }
                self.write(handle, pieces, offset).await?;
                let attempt = self.work.progress.attempt();
                attempt.add(waiting);
                attempt.keep();
                at += waiting;
                written.store(at, Ordering::Relaxed);
                waiting = 0;
            }
            if ended {
                return chunk.map(|_| download.info.proof(self.store.md5_etags()).filter(|_| whole));
            }
        }
    }

    /// Writes; on a full disk as often as it takes.
    async fn write(&self, handle: Handle, pieces: Vec<Bytes>, offset: u64) -> Result<()> {
        let pieces = Arc::new(pieces);
        loop {
            let (handle, pieces) = (handle.clone(), Arc::clone(&pieces));
            match blocking(move || handle.write(&pieces, offset)).await {
                Err(error) if error.kind() == Kind::NoSpace => {
                    self.work.job.out_of_space(error, None, 0).await?;
                }
                other => return other,
            }
        }
    }

    /// Makes something on the disk; if it is full, again when there is room.
    pub(super) async fn with_space<T: Send + 'static>(
        &self,
        place: &Place,
        make: impl Fn(&Place) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let make = Arc::new(make);
        loop {
            let (place_of, make) = (place.clone(), Arc::clone(&make));
            let turn = self.work.shared.folders.take(&place.folder()).await;
            let made = blocking(move || make(&place_of)).await;
            drop(turn);
            match made {
                Err(error) if error.kind() == Kind::NoSpace => {
                    self.work.job.out_of_space(error, Some(place), self.size).await?;
                }
                other => return other,
            }
        }
    }

    /// Proves what a multipart upload made and no checksum speaks of, if that is asked for: its ETag, made anew from
    /// parts as large as the provider says its first one is, or where it does not, as we would have sent them.
    pub(super) async fn proved_by_etag(&self, handle: Handle, verify: Verify) -> Result<Verified> {
        let count = self.etag.as_deref().and_then(|etag| etag.split_once('-')).map(|(_, count)| count);
        let Some(count) = count.filter(|_| verify == Verify::Full && self.store.md5_etags()) else {
            return Ok(Verified::Size);
        };
        let (bucket, key, size) = (&self.from.bucket, &self.from.key, self.size);
        let fits = |part: &u64| *part > 0 && count.parse() == Ok(size.div_ceil(*part));
        let first = self.store.head_part(bucket, key, self.version_id.as_deref(), 1).await;
        let told = first.ok().map(|part| part.size).filter(fits);
        let Some(first) = told.or_else(|| part_size(size, self.work.part_size()).filter(fits)) else {
            return Ok(Verified::Size);
        };
        let digests = blocking(move || {
            let digest = |(_, range)| handle.digest(range, Algorithm::Md5);
            ranges_of(size, first).map(digest).collect::<Result<Vec<Digest>>>()
        })
        .await?;
        let ours = multipart_etag(&digests);
        let theirs = self.etag.as_deref().unwrap_or_default();
        if theirs == ours {
            return Ok(Verified::Etag);
        }
        if told.is_none() {
            return Ok(Verified::Size);
        }
        Err(Error::new(Kind::Integrity, format!("{} arrived with ETag {ours}, but has {theirs}", self.from))
            .with_hint("a byte changed on the way, or where it is stored; nothing was kept"))
    }

    pub(super) fn check_size(&self, now: u64) -> Result<()> {
        if now == self.size {
            return Ok(());
        }
        Err(Error::new(Kind::Changed, format!("{} has {now} bytes, it had {}", self.from, self.size)))
    }
}
