//! What the moving of one file stands on: the engine, its job, its progress; slots, limits, another try.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::engine::Shared;
use super::job::Job;
use super::limit::{RateLimit, pass};
use super::pace::{Lane, Pace, cancelled};
use super::progress::FileProgress;
use super::slots::Slot;
use super::types::Verify;
use crate::error::Result;
use crate::location::Location;
use crate::s3::{Algorithm, Store};

/// No part is smaller than S3 allows, so that nothing smaller was ever begun in parts.
const SMALLEST_PARTED: u64 = 5 << 20;

/// One file's way. Cheap to clone: parts take it along.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) shared: Arc<Shared>,
    pub(super) job: Arc<Job>,
    pub(super) progress: Arc<FileProgress>,
}

impl Work {
    /// What stops it.
    pub(super) fn cancel(&self) -> &CancellationToken {
        &self.job.cancel
    }

    /// Waits for a slot, unless the job is stopped first.
    pub(super) async fn slot(&self, pace: &Pace, lane: Lane) -> Result<Slot> {
        let owner = self.job.owner();
        tokio::select! {
            biased;
            () = self.cancel().cancelled() => Err(cancelled()),
            slot = pace.lane(lane).slot(&owner) => Ok(slot),
        }
    }

    /// See [`Pace::retry`].
    pub(super) async fn retry<T, F, Fut>(&self, pace: &Pace, lane: Lane, bytes: u64, attempt: F) -> Result<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        pace.retry(lane, bytes, self.cancel(), attempt).await
    }

    /// Whether an earlier run began it in parts; then it goes on in parts, whatever the part size is now.
    pub(super) fn is_begun(&self, size: u64, from: &Location, to: &Location) -> bool {
        size > SMALLEST_PARTED && self.shared.journal.is_begun(from, to)
    }

    /// Bytes of a part, if anybody said so.
    pub(super) fn part_size(&self) -> Option<u64> {
        self.job.request.tuning.part_size.or(self.shared.settings.defaults.part_size)
    }

    /// How what was moved is proved.
    pub(super) fn verify(&self) -> Verify {
        self.job.request.tuning.verify.unwrap_or(self.shared.settings.defaults.verify)
    }

    /// By what digest bytes for `store` are proved; `None`: by none.
    pub(super) fn algorithm(&self, store: &Store) -> Option<Algorithm> {
        match self.verify() {
            Verify::Off => None,
            Verify::Default => Some(store.algorithm()),
            // Of these the ETag of the whole is made, which everybody else can compute.
            Verify::Full => Some(Algorithm::Md5),
        }
    }

    /// The limits that its bytes pass.
    pub(super) fn limits(&self) -> Limits {
        Limits { engine: Arc::clone(&self.shared.limit), job: Arc::clone(&self.job.limit) }
    }
}

/// The engine's limit and the job's.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    engine: Arc<RateLimit>,
    job: Arc<RateLimit>,
}

impl Limits {
    /// The largest piece to move at once, at most `most`.
    pub(super) fn piece(&self, most: u64) -> u64 {
        self.engine.piece(self.job.piece(most))
    }

    /// Waits until `bytes` may pass.
    pub(super) async fn pass(&self, bytes: u64) {
        pass(&[&self.engine, &self.job], bytes).await;
    }
}

/// Memory for bytes on their way. A permit comes before the reading, so that ten thousand queued files cost nothing.
#[derive(Debug)]
pub(super) struct Budget {
    kibibytes: Arc<Semaphore>,
    all: u32,
}

impl Budget {
    pub(super) fn new(bytes: u64) -> Self {
        let all = u32::try_from(bytes >> 10).unwrap_or(u32::MAX >> 4).max(1);
        Self { kibibytes: Arc::new(Semaphore::new(all as usize)), all }
    }

    /// Waits for room; what is larger than all of it takes all of it.
    pub(super) async fn hold(&self, bytes: u64) -> Result<OwnedSemaphorePermit> {
        let wanted = u32::try_from(bytes.div_ceil(1 << 10)).unwrap_or(u32::MAX).min(self.all);
        Arc::clone(&self.kibibytes).acquire_many_owned(wanted).await.map_err(|_| cancelled())
    }
}
