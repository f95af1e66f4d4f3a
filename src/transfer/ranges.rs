//! A large object in parallel ranges: what is safe on the disk is written down, so that another run goes on there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::download::{Get, compare};
use super::journal::{Arrived, Begin, Claim, Identity};
use super::pace::{Lane, cancelled};
use super::partial::{Handle, Partial, Place};
use super::parts::joined;
use super::plan::{SINGLE, blocking, part_size, ranges};
use super::types::{Verified, Verify};
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::s3::{Algorithm, Digest};

/// Bytes between two synchronisations with the disk: what is lost at most when the power goes.
const SYNCED: u64 = 128 << 20;
/// The same in time: over a slow line that many bytes are minutes of work.
const SYNCED_AFTER: Duration = Duration::from_secs(2);

/// What is to be fetched, and how.
pub(super) struct Ranged<'a> {
    pub(super) get: Get,
    pub(super) place: &'a Place,
    pub(super) only_new: bool,
    pub(super) verify: Verify,
    pub(super) wanted: Option<u64>,
}

/// A fetch under way.
struct Fetch {
    get: Get,
    part_size: u64,
    /// The checksum that ranges are summed with; MD5 has no such arithmetic.
    algorithm: Option<Algorithm>,
    handle: Handle,
    claim: Arc<Claim>,
    arrived: BTreeMap<u32, Arrived>,
    /// Arrived, but perhaps not on the disk yet.
    unsynced: BTreeMap<u32, Arrived>,
    synced: Instant,
}

pub(super) async fn fetch(ranged: Ranged<'_>) -> Result<Verified> {
    let Ranged { mut get, place, only_new, verify, wanted } = ranged;
    learn_proof(&mut get, verify).await?;
    let proof = get.proof.clone().filter(|_| verify != Verify::Off);
    let crc = proof.as_ref().map(|proof| proof.algorithm).filter(|algorithm| *algorithm != Algorithm::Md5);
    let (journal, job) = (get.work.shared.journal.clone(), get.work.job.journaled().await);
    let (from, to) = (Location::Remote(get.from.clone()), Location::Local(place.path()));
    let claim = blocking(move || journal.claim(job, &from, &to)).await?;
    let (partial, mut fetch) = open(get, place, claim, crc, wanted).await?;
    let fetched = match fetch.all().await {
        Ok(()) => fetch.proved(proof.as_ref(), verify).await,
        Err(error) => Err(error),
    };
    let kept = fetched.as_ref().is_err_and(|error| fetch.is_kept(error));
    if kept {
        fetch.settle().await?;
    }
    let (modified, claim) = (fetch.get.modified, fetch.claim);
    // Every range is over, so that nobody else holds it.
    let mut claim = Arc::into_inner(claim);
    match fetched {
        Err(error) if kept => {
            partial.keep();
            Err(error)
        }
        Err(error) => {
            claim.iter_mut().for_each(Claim::finish);
            Err(error)
        }
        Ok(verified) => {
            blocking(move || {
                let finished = partial.finish(modified, only_new, true);
                // What did not get its name is gone.
                claim.iter_mut().for_each(Claim::finish);
                finished.map(|()| verified)
            })
            .await
        }
    }
}

/// A listing names no checksums; one HEAD more is little for a large object.
async fn learn_proof(get: &mut Get, verify: Verify) -> Result<()> {
    if verify == Verify::Off || get.proof.is_some() {
        return Ok(());
    }
    let md5 = get.etag.as_deref().and_then(Digest::from_etag).filter(|_| get.store.md5_etags());
    if md5.is_some() && get.store.profile().kept_checksum.is_none() && !get.store.encrypts() {
        get.proof = md5;
    } else if get.store.profile().kept_checksum.is_some() || md5.is_some() {
        let info = get.store.head(&get.from.bucket, &get.from.key, get.version_id.as_deref()).await?;
        get.proof = info.proof(get.store.md5_etags()).filter(|_| Some(&info.etag) == get.etag.as_ref());
    }
    Ok(())
}

/// The `.part` file and what is in it already.
async fn open(
    get: Get,
    place: &Place,
    mut claim: Claim,
    algorithm: Option<Algorithm>,
    wanted: Option<u64>,
) -> Result<(Partial, Fetch)> {
    let size = get.size;
    let identity = Identity { etag: get.etag.clone(), ..Identity::default() };
    let saved = claim.saved.clone().filter(|(begun, _)| {
        begun.identity == identity
            && identity.etag.is_some()
            && begun.size == size
            && begun.algorithm.as_deref() == algorithm.map(Algorithm::name)
    });
    if let Some((begun, arrived)) = saved {
        let (place_of, path) = (place.clone(), claim.partial().map(std::path::Path::to_path_buf));
        let reopened =
            blocking(move || Ok(path.and_then(|path| Partial::reopen(&place_of, &path, size)))).await?;
        if let Some(partial) = reopened {
            let handle = partial.handle();
            let bytes = ranges(size, begun.part_size)
                .filter(|(number, _)| arrived.contains_key(number))
                .map(|(_, range)| range.end - range.start)
                .sum();
            get.work.progress.resumed.fetch_add(bytes, Ordering::Relaxed);
            get.work.progress.done.fetch_add(bytes, Ordering::Relaxed);
            let claim = Arc::new(claim);
            let part_size = begun.part_size;
            let (unsynced, synced) = (BTreeMap::new(), Instant::now());
            let fetch = Fetch { get, part_size, algorithm, handle, claim, arrived, unsynced, synced };
            return Ok((partial, fetch));
        }
    }
    if let Some(path) = claim.partial().map(std::path::Path::to_path_buf) {
        tracing::info!(source = %get.from, "it has changed since its download was begun; starting over");
        // Ours, as the record says; nothing else has such a name.
        blocking(move || {
            let _ = std::fs::remove_file(path);
            Ok(())
        })
        .await?;
    }
    let part_size = part_size(size, wanted).unwrap_or(SINGLE);
    let partial = get.with_space(place, move |place| Partial::create(place, size)).await?;
    let handle = partial.handle();
    let begin =
        Begin { identity, size, part_size, algorithm, upload_id: None, partial: Some(partial.path()) };
    let claim = blocking(move || {
        claim.begin(begin);
        Ok(claim)
    })
    .await?;
    let (claim, arrived, unsynced) = (Arc::new(claim), BTreeMap::new(), BTreeMap::new());
    let synced = Instant::now();
    Ok((partial, Fetch { get, part_size, algorithm, handle, claim, arrived, unsynced, synced }))
}

impl Fetch {
    /// Whether what is on the disk is left for another try.
    fn is_kept(&self, error: &Error) -> bool {
        let job = &self.get.work.job;
        let passes = error.is_retryable()
            || error.kind() == Kind::NoSpace
            || (error.kind() == Kind::Cancelled && job.is_kept());
        passes && self.claim.is_kept()
    }

    /// Fetches the ranges that are missing.
    async fn all(&mut self) -> Result<()> {
        let mut fetching = JoinSet::new();
        for (number, range) in ranges(self.get.size, self.part_size) {
            if self.arrived.contains_key(&number) {
                continue;
            }
            self.get.work.job.unpaused().await?;
            let Ok(slot) = self.get.work.slot(&self.get.pace, Lane::Parts).await else { break };
            while let Some(done) = fetching.try_join_next() {
                self.take(joined(done)?).await?;
            }
            let (get, handle, algorithm) = (self.get.clone(), self.handle.clone(), self.algorithm);
            fetching.spawn(async move {
                let fetched = get.range(range, handle, Lane::Parts, algorithm).await;
                drop(slot);
                fetched.map(|(digest, _)| (number, Arrived { etag: String::new(), digest }))
            });
        }
        let mut failure = None;
        while let Some(done) = fetching.join_next().await {
            match joined(done) {
                Ok(arrived) => self.take(arrived).await?,
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) => Err(error),
            None if self.get.work.cancel().is_cancelled() => Err(cancelled()),
            None => Ok(()),
        }
    }

    async fn take(&mut self, (number, arrived): (u32, Arrived)) -> Result<()> {
        self.unsynced.insert(number, arrived);
        let bytes = self.unsynced.len() as u64 * self.part_size;
        let is_due = bytes >= SYNCED || self.synced.elapsed() >= SYNCED_AFTER;
        if is_due { self.settle().await } else { Ok(()) }
    }

    /// Writes down what is on the disk, when it is.
    async fn settle(&mut self) -> Result<()> {
        if self.claim.is_kept() && !self.unsynced.is_empty() {
            let (handle, claim, arrived) =
                (self.handle.clone(), Arc::clone(&self.claim), self.unsynced.clone());
            blocking(move || {
                handle.sync()?;
                for (number, arrived) in &arrived {
                    claim.arrived(*number, arrived);
                }
                Ok(())
            })
            .await?;
        }
        self.arrived.append(&mut self.unsynced);
        self.synced = Instant::now();
        Ok(())
    }

    /// Compares the whole with what the provider says of it.
    async fn proved(&mut self, proof: Option<&Digest>, verify: Verify) -> Result<Verified> {
        self.arrived.append(&mut self.unsynced);
        let size = self.get.size;
        let Some(proof) = proof else {
            return self.get.proved_by_etag(self.handle.clone(), verify).await;
        };
        let ours = if self.algorithm.is_some() {
            let mut whole: Option<Digest> = None;
            for (number, range) in ranges(size, self.part_size) {
                let part = self.arrived.get(&number).and_then(|arrived| arrived.digest.clone());
                let Some(part) = part else { return Ok(Verified::Size) };
                let length = range.end - range.start;
                whole = whole.map_or(Some(part.clone()), |before| before.followed_by(&part, length));
            }
            whole
        } else {
            let (handle, algorithm) = (self.handle.clone(), proof.algorithm);
            Some(blocking(move || handle.digest(0..size, algorithm)).await?)
        };
        ours.map_or(Ok(Verified::Size), |ours| compare(&self.get.from, proof, &ours))
    }
}
