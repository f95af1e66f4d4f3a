//! How many requests may be in flight, and when to try again.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Kind, Result};

/// Tries of one request, the first one included.
const TRIES: u32 = 7;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Fewer at once would only be slow.
const FEWEST: usize = 2;
/// So many successes in a row earn one more request in flight.
const EARNED_BY: usize = 8;

/// Slots for requests: halved when a provider asks for fewer, one more after some successes (AIMD).
#[derive(Debug)]
pub(super) struct Throttle {
    slots: Arc<Semaphore>,
    most: usize,
    limit: AtomicUsize,
    successes: AtomicUsize,
    first_pause: Duration,
}

impl Throttle {
    pub(super) fn new(most: usize) -> Self {
        let most = most.max(1);
        Self {
            slots: Arc::new(Semaphore::new(most)),
            most,
            limit: AtomicUsize::new(most),
            successes: AtomicUsize::new(0),
            first_pause: FIRST_PAUSE,
        }
    }

    /// Waits for a slot.
    pub(super) async fn slot(&self) -> Result<OwnedSemaphorePermit> {
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        slot.map_err(|_| Error::new(Kind::Internal, "the engine has stopped"))
    }

    fn slow_down(&self) {
        self.successes.store(0, Ordering::Relaxed);
        let limit = self.limit.load(Ordering::Relaxed);
        let wanted = (limit / 2).max(FEWEST.min(self.most));
        // Slots in use cannot be taken back at once; those that are free can.
        let taken = self.slots.forget_permits(limit.saturating_sub(wanted));
        self.limit.fetch_sub(taken, Ordering::Relaxed);
    }

    fn speed_up(&self) {
        if self.limit.load(Ordering::Relaxed) >= self.most {
            return;
        }
        if self.successes.fetch_add(1, Ordering::Relaxed) + 1 >= EARNED_BY {
            self.successes.store(0, Ordering::Relaxed);
            self.limit.fetch_add(1, Ordering::Relaxed);
            self.slots.add_permits(1);
        }
    }

    /// Sends a request until it succeeds, fails for good, or has failed too often; pauses grow and are random
    /// (full jitter), so that many workers do not come back at the same moment.
    pub(super) async fn retry<T, F, Fut>(&self, cancel: &CancellationToken, mut attempt: F) -> Result<T>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let mut tried = 0;
        loop {
            let result = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(cancelled()),
                result = attempt(tried) => result,
            };
            tried += 1;
            let error = match result {
                Ok(done) => {
                    self.speed_up();
                    return Ok(done);
                }
                Err(error) if error.is_retryable() && tried < TRIES => error,
                Err(error) => return Err(error),
            };
            tracing::info!(%error, tried, "trying again");
            if error.kind() == Kind::Throttled {
                self.slow_down();
            }
            let most = LONGEST_PAUSE.min(self.first_pause * 2u32.pow(tried - 1));
            let pause = most.mul_f64(fastrand::f64());
            tokio::select! {
                () = cancel.cancelled() => return Err(cancelled()),
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

pub(super) fn cancelled() -> Error {
    Error::new(Kind::Cancelled, "cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_halve_when_asked_and_come_back_one_by_one() {
        let throttle = Throttle::new(16);
        throttle.slow_down();
        throttle.slow_down();
        assert_eq!(throttle.slots.available_permits(), 4);
        for _ in 0..3 {
            throttle.slow_down();
        }
        assert_eq!(throttle.slots.available_permits(), FEWEST);
        for _ in 0..EARNED_BY {
            throttle.speed_up();
        }
        assert_eq!(throttle.slots.available_permits(), FEWEST + 1);
    }

    #[tokio::test]
    async fn only_passing_faults_are_tried_again_and_not_for_ever() {
        let throttle = Throttle { first_pause: Duration::ZERO, ..Throttle::new(4) };
        let cancel = CancellationToken::new();
        let tries = AtomicUsize::new(0);
        let fail = |kind| {
            tries.fetch_add(1, Ordering::Relaxed);
            async move { Err::<(), _>(Error::new(kind, "x")) }
        };
        throttle.retry(&cancel, |_| fail(Kind::Denied)).await.unwrap_err();
        assert_eq!(tries.swap(0, Ordering::Relaxed), 1);
        throttle.retry(&cancel, |_| fail(Kind::Network)).await.unwrap_err();
        assert_eq!(tries.load(Ordering::Relaxed), TRIES as usize);
    }
}
