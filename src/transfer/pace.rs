//! Requests to one profile: their slots, and when one is sent again.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::slots::{Growth, Slots};
use crate::error::{Error, Kind, Result};

/// Tries of one request, the first one included.
const TRIES: u32 = 7;
const INTEGRITY_TRIES: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// So long after its last answer a provider that nobody reaches any more is waited for: a restart, another network.
const PATIENCE: Duration = Duration::from_mins(2);
/// Small requests in flight, at first and at most: they wait for the network most of their time.
const SMALL: (usize, usize) = (64, 256);
/// Parts and ranges in flight, at first and at most: these are limited by disk and bandwidth.
const PARTS: (usize, usize) = (8, 32);

/// The pace of one profile.
#[derive(Debug)]
pub(super) struct Pace {
    /// Whole small files, and requests without bodies.
    pub(super) small: Arc<Slots>,
    /// Parts and ranges of large ones.
    pub(super) parts: Arc<Slots>,
    first_pause: Duration,
    patience: Duration,
    reach: Mutex<Reach>,
}

/// Whether there is a way to the provider.
#[derive(Clone, Debug, Default)]
struct Reach {
    /// When a request was last answered, whatever the answer was.
    answered: Option<Instant>,
    /// What was said last while it is waited for.
    silence: Option<String>,
}

/// Which slots a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Small,
    Parts,
}

impl Pace {
    /// `parallel`: what the user said; nothing is adapted upwards then.
    pub(super) fn new(parallel: Option<usize>) -> Arc<Self> {
        let slots = |(first, most), growth| match parallel {
            Some(number) => Slots::new(number, number, Growth::Fixed),
            None => Slots::new(first, most, growth),
        };
        Arc::new(Self {
            small: slots(SMALL, Growth::ByLatency),
            parts: slots(PARTS, Growth::ByThroughput),
            first_pause: FIRST_PAUSE,
            patience: PATIENCE,
            reach: Mutex::default(),
        })
    }

    pub(super) fn lane(&self, lane: Lane) -> &Arc<Slots> {
        match lane {
            Lane::Small => &self.small,
            Lane::Parts => &self.parts,
        }
    }

    /// The provider has taken something: there is a way to it.
    pub(super) fn reached(&self) {
        *self.reach() = Reach { answered: Some(Instant::now()), silence: None };
    }

    /// What was said last by a provider that is waited for.
    pub(super) fn silence(&self) -> Option<String> {
        self.reach().silence.clone()
    }

    fn reach(&self) -> MutexGuard<'_, Reach> {
        self.reach.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes note of why an attempt begun at `started` failed. Whether that is because the provider is out of reach, for a
    /// while, rather than for a reason of its own: nobody else has had an answer since.
    fn found_away(&self, error: &Error, started: Instant) -> bool {
        if !matches!(error.kind(), Kind::Network | Kind::Timeout) {
            self.reached();
        }
        let mut reach = self.reach();
        let is_away = reach.answered.is_some_and(|last| last <= started && last.elapsed() < self.patience);
        if is_away {
            reach.silence = Some(error.message());
        }
        is_away
    }

    /// Sends a request until it succeeds, fails for good, or has failed too often; pauses grow and are random
    /// (full jitter), so that many workers do not come back at the same moment. While the provider is out of reach no
    /// failure counts. `bytes` is what a success moves.
    pub(super) async fn retry<T, F, Fut>(
        &self,
        lane: Lane,
        bytes: u64,
        cancel: &CancellationToken,
        mut attempt: F,
    ) -> Result<T>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let (mut failed, mut tried) = (0, 0);
        loop {
            let started = Instant::now();
            let result = tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(cancelled()),
                result = attempt() => result,
            };
            let is_away = result.as_ref().is_err_and(|error| self.found_away(error, started));
            failed += 1;
            tried += u32::from(!is_away);
            let error = match result {
                Ok(done) => {
                    self.reached();
                    self.lane(lane).succeeded(started.elapsed(), bytes);
                    return Ok(done);
                }
                Err(error) if error.is_retryable() && tried < TRIES => error,
                // A byte that changed on its way may arrive whole the next time.
                Err(error) if error.kind() == Kind::Integrity && tried < INTEGRITY_TRIES => error,
                Err(error) => {
                    // Nobody waits any longer.
                    self.reach().silence = None;
                    return Err(error);
                }
            };
            tracing::info!(%error, failed, tried, "trying again");
            if matches!(error.kind(), Kind::Throttled | Kind::Timeout) {
                self.lane(lane).slow_down();
            }
            let most = LONGEST_PAUSE.min(self.first_pause * 2u32.pow(failed.min(TRIES) - 1));
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
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn only_passing_faults_are_tried_again_and_not_for_ever() {
        let slots = || Slots::new(4, 4, Growth::Fixed);
        let pace = Pace {
            small: slots(),
            parts: slots(),
            first_pause: Duration::ZERO,
            patience: PATIENCE,
            reach: Mutex::default(),
        };
        let cancel = CancellationToken::new();
        let tries = AtomicU32::new(0);
        let fail = |kind| {
            tries.fetch_add(1, Ordering::Relaxed);
            async move { Err::<(), _>(Error::new(kind, "x")) }
        };
        pace.retry(Lane::Small, 0, &cancel, || fail(Kind::Denied)).await.unwrap_err();
        assert_eq!(tries.swap(0, Ordering::Relaxed), 1);
        let never_reached = Pace { reach: Mutex::default(), ..pace };
        never_reached.retry(Lane::Small, 0, &cancel, || fail(Kind::Network)).await.unwrap_err();
        assert_eq!(tries.load(Ordering::Relaxed), TRIES);
    }

    #[tokio::test]
    async fn a_provider_that_went_away_is_waited_for_but_not_a_request_that_fails_alone() {
        let pace = Pace { first_pause: Duration::ZERO, ..Arc::into_inner(Pace::new(Some(4))).unwrap() };
        let cancel = CancellationToken::new();
        let tries = AtomicU32::new(0);
        let lost = || Err(Error::new(Kind::Network, "x"));
        let answer = async || pace.retry(Lane::Small, 0, &cancel, async || Ok(())).await;
        answer().await.unwrap();
        let back = async || {
            let tried = tries.fetch_add(1, Ordering::Relaxed);
            assert_eq!(pace.silence().is_some(), tried > 0, "while it is waited for, and why");
            if tried < 10 * TRIES { lost() } else { Ok(()) }
        };
        pace.retry(Lane::Small, 0, &cancel, back).await.unwrap();
        assert_eq!(pace.silence(), None);
        tries.store(0, Ordering::Relaxed);
        let alone = async || {
            tries.fetch_add(1, Ordering::Relaxed);
            answer().await?;
            lost()
        };
        pace.retry(Lane::Small, 0, &cancel, alone).await.unwrap_err();
        assert_eq!(tries.swap(0, Ordering::Relaxed), TRIES);
        let pace = Pace { patience: Duration::ZERO, ..pace };
        let gone = async || {
            tries.fetch_add(1, Ordering::Relaxed);
            lost()
        };
        pace.reach().silence = Some("x".to_owned());
        pace.retry(Lane::Small, 0, &cancel, gone).await.unwrap_err();
        assert_eq!(tries.load(Ordering::Relaxed), TRIES);
        assert_eq!(pace.silence(), None, "it is not waited for any more");
    }
}
