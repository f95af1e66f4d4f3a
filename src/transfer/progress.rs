//! Counting without messages: workers add to atomics, whoever draws reads them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// The rate is that of the last few seconds.
const WINDOW: Duration = Duration::from_secs(5);
/// Between two readings.
const STEP: Duration = Duration::from_millis(80);

/// One file in flight.
#[derive(Debug)]
pub(super) struct FileProgress {
    pub(super) name: String,
    pub(super) size: u64,
    /// Bytes of it that are there.
    pub(super) done: AtomicU64,
    /// Bytes that crossed the wire, also in vain.
    pub(super) sent: AtomicU64,
    /// Bytes that an earlier run had moved.
    pub(super) resumed: AtomicU64,
    /// The ETag that its target got, where it was named.
    pub(super) etag: OnceLock<String>,
    /// Its bytes, of a source that does not say how many they are before its end.
    pub(super) length: OnceLock<u64>,
}

impl FileProgress {
    pub(super) fn new(name: String, size: u64) -> Arc<Self> {
        let zero = AtomicU64::default;
        let (etag, length) = (OnceLock::new(), OnceLock::new());
        Arc::new(Self { name, size, done: zero(), sent: zero(), resumed: zero(), etag, length })
    }

    /// Its target got this ETag.
    pub(super) fn wrote(&self, etag: String) {
        if !etag.is_empty() {
            let _ = self.etag.set(etag);
        }
    }

    /// Nothing of it counts any more but what it cost.
    pub(super) fn start_over(&self) {
        self.done.store(0, Ordering::Relaxed);
        self.resumed.store(0, Ordering::Relaxed);
    }

    /// An attempt whose bytes count until it turns out to have failed.
    pub(super) fn attempt(self: &Arc<Self>) -> Arc<Attempt> {
        Arc::new(Attempt { file: Arc::clone(self), added: AtomicU64::new(0), kept: AtomicBool::new(false) })
    }
}

/// Bytes of one try: taken back when it is dropped without [`Attempt::keep`].
#[derive(Debug)]
pub(super) struct Attempt {
    file: Arc<FileProgress>,
    added: AtomicU64,
    kept: AtomicBool,
}

impl Attempt {
    pub(super) fn add(&self, bytes: u64) {
        self.added.fetch_add(bytes, Ordering::Relaxed);
        self.file.done.fetch_add(bytes, Ordering::Relaxed);
        self.file.sent.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn has_begun(&self) -> bool {
        self.added.load(Ordering::Relaxed) > 0
    }

    pub(super) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.kept.load(Ordering::Relaxed) {
            self.file.done.fetch_sub(self.added.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
}

/// Bytes a second over the last seconds.
#[derive(Debug, Default)]
pub(super) struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    /// Notes a reading and returns the rate.
    pub(super) fn read(&mut self, now: Instant, bytes: u64) -> u64 {
        if self.0.back().is_none_or(|(at, _)| now.duration_since(*at) >= STEP) {
            self.0.push_back((now, bytes));
        }
        while self.0.len() > 2 && self.0.front().is_some_and(|(at, _)| now.duration_since(*at) > WINDOW) {
            self.0.pop_front();
        }
        let Some((at, first)) = self.0.front() else { return 0 };
        let seconds = now.duration_since(*at).as_secs_f64();
        if seconds < 0.05 {
            return 0;
        }
        per_second(bytes.saturating_sub(*first), seconds)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate is shown with three digits"
)]
fn per_second(bytes: u64, seconds: f64) -> u64 {
    (bytes as f64 / seconds) as u64
}

/// How long the rest takes at a rate.
pub(super) fn eta(left: u64, rate: u64) -> Option<Duration> {
    left.checked_div(rate).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_attempts_take_their_bytes_back() {
        let file = FileProgress::new("x".into(), 10);
        file.attempt().add(7);
        let good = file.attempt();
        good.add(4);
        good.keep();
        drop(good);
        assert_eq!(file.done.load(Ordering::Relaxed), 4);
        assert_eq!(file.sent.load(Ordering::Relaxed), 11);
    }

    #[test]
    fn rates_are_those_of_the_last_seconds() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        rate.read(start, 0);
        assert_eq!(rate.read(start + Duration::from_secs(2), 2000), 1000);
        for second in 3..30 {
            rate.read(start + Duration::from_secs(second), 2000);
        }
        assert_eq!(rate.read(start + Duration::from_secs(30), 2000), 0);
        assert_eq!(eta(100, 0), None);
        assert_eq!(eta(100, 50), Some(Duration::from_secs(2)));
    }
}
