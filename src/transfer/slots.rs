//! How many requests may be in flight, who goes first, and how that number is found.
//!
//! Slots go to the request of the highest priority, and among equals to the job that has the fewest, so that a job of
//! ten thousand files does not shut out the next one. The number follows what pays: it grows while another request in
//! flight costs nothing or adds throughput, and halves when a provider asks for fewer (AIMD).

use std::collections::HashMap;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// Fewer at once would only be slow.
const FEWEST: usize = 2;
/// An answer this close to the fastest one seen shows that nothing queues yet.
const UNQUEUED: f64 = 1.5;
/// Between two looks at the throughput.
const WINDOW: Duration = Duration::from_secs(1);
/// Windows without another try after one that did not pay.
const REST: u32 = 8;

/// Whose request it is.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    pub(super) job: u64,
    pub(super) priority: Arc<AtomicI32>,
}

/// How the number of slots is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growth {
    /// It is what the user said.
    Fixed,
    /// Small requests: one more for every answer that nothing delayed.
    ByLatency,
    /// Parts: more as long as they add throughput.
    ByThroughput,
}

/// Slots for requests of one kind to one profile.
#[derive(Debug)]
pub(super) struct Slots {
    inner: Mutex<Inner>,
    most: usize,
    growth: Growth,
}

#[derive(Debug)]
struct Inner {
    limit: usize,
    used: usize,
    used_by: HashMap<u64, usize>,
    waiting: Vec<Waiting>,
    number: u64,
    fastest: Option<Duration>,
    climb: Climb,
}

#[derive(Debug)]
struct Waiting {
    owner: Owner,
    number: u64,
    wake: oneshot::Sender<Slot>,
}

/// The right to have one request in flight.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Option<Arc<Slots>>,
    job: u64,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(slots) = self.slots.take() {
            slots.give_back(self.job);
        }
    }
}

impl Slots {
    pub(super) fn new(first: usize, most: usize, growth: Growth) -> Arc<Self> {
        let inner = Inner {
            limit: first.max(1),
            used: 0,
            used_by: HashMap::new(),
            waiting: Vec::new(),
            number: 0,
            fastest: None,
            climb: Climb::default(),
        };
        Arc::new(Self { inner: Mutex::new(inner), most: most.max(first), growth })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a slot.
    pub(super) async fn slot(self: &Arc<Self>, owner: &Owner) -> Slot {
        let receiver = {
            let mut inner = self.lock();
            if inner.used < inner.limit && inner.waiting.is_empty() {
                inner.take(owner.job);
                return Slot { slots: Some(Arc::clone(self)), job: owner.job };
            }
            let (wake, receiver) = oneshot::channel();
            inner.number += 1;
            let number = inner.number;
            inner.waiting.push(Waiting { owner: owner.clone(), number, wake });
            receiver
        };
        self.hand_out();
        // The sender lives in the queue as long as we do.
        receiver.await.unwrap_or(Slot { slots: None, job: owner.job })
    }

    fn give_back(self: Arc<Self>, job: u64) {
        {
            let mut inner = self.lock();
            inner.used = inner.used.saturating_sub(1);
            if let Some(used) = inner.used_by.get_mut(&job) {
                *used -= 1;
                if *used == 0 {
                    inner.used_by.remove(&job);
                }
            }
        }
        self.hand_out();
    }

    /// Gives free slots to those that wait for one.
    fn hand_out(self: &Arc<Self>) {
        loop {
            let (wake, job) = {
                let mut inner = self.lock();
                inner.waiting.retain(|waiting| !waiting.wake.is_closed());
                if inner.used >= inner.limit {
                    return;
                }
                let Some(next) = inner.next() else { return };
                let Waiting { owner, wake, .. } = inner.waiting.swap_remove(next);
                inner.take(owner.job);
                (wake, owner.job)
            };
            // One that stopped waiting meanwhile drops its slot, which gives it back.
            let _ = wake.send(Slot { slots: Some(Arc::clone(self)), job });
        }
    }

    /// A request succeeded.
    pub(super) fn succeeded(self: &Arc<Self>, took: Duration, bytes: u64) {
        let grown = {
            let mut inner = self.lock();
            let is_full = inner.used >= inner.limit;
            let limit = inner.limit;
            match self.growth {
                Growth::Fixed => {}
                Growth::ByLatency => {
                    let fastest = inner.fastest.map_or(took, |fastest| fastest.min(took));
                    inner.fastest = Some(fastest);
                    if is_full && took <= fastest.mul_f64(UNQUEUED) {
                        inner.limit += 1;
                    }
                }
                Growth::ByThroughput => {
                    inner.limit = inner.climb.step(Instant::now(), bytes, limit, is_full);
                }
            }
            inner.limit = inner.limit.min(self.most);
            inner.limit > limit
        };
        if grown {
            self.hand_out();
        }
    }

    /// The provider asks for fewer requests, or answers too late.
    pub(super) fn slow_down(&self) {
        let mut inner = self.lock();
        inner.limit = (inner.limit / 2).max(FEWEST.min(inner.limit));
        inner.climb = Climb { resting: REST, ..Climb::default() };
        // What was fast before says nothing any more.
        inner.fastest = None;
    }

    /// Slots in all.
    #[cfg(test)]
    fn limit(&self) -> usize {
        self.lock().limit
    }
}

impl Inner {
    fn take(&mut self, job: u64) {
        self.used += 1;
        *self.used_by.entry(job).or_default() += 1;
    }

    /// Who is next: priority, then whose job has the fewest slots, then who came first.
    fn next(&self) -> Option<usize> {
        let key = |waiting: &Waiting| {
            let has = self.used_by.get(&waiting.owner.job).copied().unwrap_or(0);
            (-waiting.owner.priority.load(Ordering::Relaxed), has, waiting.number)
        };
        (0..self.waiting.len()).min_by_key(|index| key(&self.waiting[*index]))
    }
}

/// Climbs while it pays: after a step up that did not add a twentieth to the throughput it steps back and rests.
#[derive(Debug, Default)]
struct Climb {
    since: Option<Instant>,
    bytes: u64,
    full: bool,
    /// The rate before the last step, and the limit then.
    before: Option<(f64, usize)>,
    resting: u32,
}

impl Climb {
    /// Notes bytes; the limit from now on.
    fn step(&mut self, now: Instant, bytes: u64, limit: usize, is_full: bool) -> usize {
        let since = *self.since.get_or_insert(now);
        self.bytes += bytes;
        self.full |= is_full;
        let passed = now.duration_since(since);
        if passed < WINDOW {
            return limit;
        }
        let rate = self.bytes as f64 / passed.as_secs_f64();
        let full = std::mem::take(&mut self.full);
        (self.since, self.bytes) = (Some(now), 0);
        if let Some((rate_before, limit_before)) = self.before.take()
            && rate < rate_before * 1.05
        {
            self.resting = REST;
            return limit_before;
        }
        if self.resting > 0 {
            self.resting -= 1;
            return limit;
        }
        if !full {
            return limit;
        }
        self.before = Some((rate, limit));
        limit + (limit / 2).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(job: u64, priority: i32) -> Owner {
        Owner { job, priority: Arc::new(AtomicI32::new(priority)) }
    }

    #[tokio::test]
    async fn the_urgent_go_first_and_equals_share() {
        let slots = Slots::new(1, 1, Growth::Fixed);
        let first = slots.slot(&owner(1, 0)).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (name, job, priority) in [("a", 1, 0), ("b", 2, 0), ("c", 3, 5), ("d", 1, 0)] {
            let (slots, order) = (Arc::clone(&slots), Arc::clone(&order));
            tasks.push(tokio::spawn(async move {
                let slot = slots.slot(&owner(job, priority)).await;
                order.lock().unwrap().push(name);
                drop(slot);
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), ["c", "a", "b", "d"]);
    }

    #[tokio::test]
    async fn the_job_that_has_fewer_is_served_before_the_one_that_has_more() {
        let slots = Slots::new(2, 2, Growth::Fixed);
        let (one, two) = (slots.slot(&owner(1, 0)).await, slots.slot(&owner(1, 0)).await);
        let (first, second) = (owner(1, 0), owner(2, 0));
        let (more, other) = (slots.slot(&first), slots.slot(&second));
        tokio::pin!(more, other);
        assert!(futures_util::poll!(&mut more).is_pending() && futures_util::poll!(&mut other).is_pending());
        drop(one);
        let others = futures_util::poll!(&mut other);
        assert!(others.is_ready());
        assert!(futures_util::poll!(&mut more).is_pending());
        drop(two);
        assert!(futures_util::poll!(&mut more).is_ready());
    }

    #[tokio::test]
    async fn whoever_stops_waiting_takes_no_slot_along() {
        let slots = Slots::new(1, 1, Growth::Fixed);
        let held = slots.slot(&owner(1, 0)).await;
        {
            let who = owner(1, 0);
            let waiting = slots.slot(&who);
            tokio::pin!(waiting);
            assert!(futures_util::poll!(&mut waiting).is_pending());
            drop(held);
        }
        drop(slots.slot(&owner(1, 0)).await);
    }

    #[tokio::test]
    async fn small_requests_grow_while_nothing_queues_and_halve_when_told() {
        let slots = Slots::new(4, 6, Growth::ByLatency);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(slots.slot(&owner(1, 0)).await);
        }
        let milliseconds = Duration::from_millis;
        slots.succeeded(milliseconds(50), 1);
        assert_eq!(slots.limit(), 5);
        held.push(slots.slot(&owner(1, 0)).await);
        slots.succeeded(milliseconds(120), 1);
        assert_eq!(slots.limit(), 5, "somebody queues");
        slots.succeeded(milliseconds(51), 1);
        slots.succeeded(milliseconds(51), 1);
        assert_eq!(slots.limit(), 6, "never more than allowed");
        slots.slow_down();
        slots.slow_down();
        slots.slow_down();
        assert_eq!(slots.limit(), FEWEST);
    }

    #[test]
    fn parts_climb_while_it_pays() {
        let mut climb = Climb::default();
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        assert_eq!(climb.step(at(0), 0, 8, true), 8);
        assert_eq!(climb.step(at(1), 100, 8, true), 12, "a first try");
        assert_eq!(climb.step(at(2), 150, 12, true), 18, "it paid");
        assert_eq!(climb.step(at(3), 151, 18, true), 12, "it did not");
        for second in 4..4 + u64::from(REST) {
            assert_eq!(climb.step(at(second), 150, 12, true), 12);
        }
        assert_eq!(climb.step(at(20), 2000, 12, false), 12, "nobody waits for more");
    }
}
