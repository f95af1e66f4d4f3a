//! Bytes a second at most, evenly: a limit is kept over every tenth of a second, not on average over minutes.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What may have been saved up by silence.
const BURST: Duration = Duration::from_millis(100);
/// Pieces that pass at once are never smaller.
const SMALLEST: u64 = 4 << 10;

/// A limit that all who hold it share. Zero is none.
#[derive(Debug, Default)]
pub struct RateLimit {
    rate: AtomicU64,
    next: Mutex<Option<Instant>>,
}

impl RateLimit {
    /// So many; `None`: no limit.
    pub fn new(bytes_per_second: Option<u64>) -> Self {
        Self { rate: AtomicU64::new(bytes_per_second.unwrap_or(0)), next: Mutex::default() }
    }

    pub(super) fn set(&self, bytes_per_second: Option<u64>) {
        self.rate.store(bytes_per_second.unwrap_or(0), Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> Option<u64> {
        Some(self.rate.load(Ordering::Relaxed)).filter(|rate| *rate > 0)
    }

    /// The largest piece to move at once, at most `most`: small where the limit is, so that bytes flow evenly.
    pub(super) fn piece(&self, most: u64) -> u64 {
        self.get().map_or(most, |rate| (rate / 20).clamp(SMALLEST.min(most), most))
    }

    /// Waits until `bytes` may pass.
    pub async fn wait(&self, bytes: u64) {
        pass(&[self], bytes).await;
    }

    /// Takes `bytes`; how long to wait before they may pass.
    pub(super) fn take(&self, bytes: u64) -> Duration {
        self.take_at(Instant::now(), bytes)
    }

    fn take_at(&self, now: Instant, bytes: u64) -> Duration {
        let Some(rate) = self.get() else { return Duration::ZERO };
        let cost = Duration::from_secs_f64(bytes as f64 / rate as f64);
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        let start = next.map_or(earliest, |next| next.max(earliest));
        let end = start + cost;
        *next = Some(end);
        end.saturating_duration_since(now)
    }
}

/// Waits until `bytes` may pass all of `limits`, the engine's and the job's: piece by piece, so that a small file does not wait
/// for all that large ones have in hand, and a limit that is lifted meanwhile is lifted now.
pub(super) async fn pass(limits: &[&RateLimit], mut bytes: u64) {
    while bytes > 0 {
        let piece = limits.iter().fold(bytes, |piece, limit| limit.piece(piece));
        bytes -= piece;
        let wait = limits.iter().map(|limit| limit.take(piece)).max().unwrap_or_default();
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_pass_at_the_rate_and_silence_saves_up_little() {
        let limit = RateLimit::new(Some(1000));
        let start = Instant::now();
        assert_eq!(limit.take_at(start, 100), Duration::ZERO, "a tenth of a second's worth");
        assert_eq!(limit.take_at(start, 500), Duration::from_millis(500));
        assert_eq!(limit.take_at(start, 500), Duration::from_secs(1));
        let later = start + Duration::from_mins(1);
        assert_eq!(limit.take_at(later, 600), Duration::from_millis(500));
        limit.set(None);
        assert_eq!(limit.take_at(later, 1 << 40), Duration::ZERO);
        assert_eq!(RateLimit::new(Some(100_000)).piece(1 << 20), 5000);
        assert_eq!(RateLimit::new(None).piece(1 << 20), 1 << 20);
    }

    #[tokio::test]
    async fn what_is_small_does_not_wait_for_all_of_what_is_large() {
        let (engine, job) = (RateLimit::new(Some(100_000)), RateLimit::new(None));
        let limits = [&engine, &job];
        let mut large = std::pin::pin!(pass(&limits, 100 << 20));
        assert!(futures_util::poll!(&mut large).is_pending());
        assert!(engine.take(100) < Duration::from_secs(1));
    }
}
