//! What failed of a request, and another try at it.

use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::sync::mpsc;

use super::super::journal::JobLine;
use super::super::plan::Planned;
use super::super::progress::Rate;
use super::super::shown::State;
use super::super::types::{Failure, Item};
use super::{Job, lock};
use crate::error::Error;
use crate::location::Location;

/// What can be tried again.
#[derive(Debug)]
pub(in crate::transfer) enum Again {
    /// A file.
    File(Planned),
    /// A whole item, of which the plan could not be made.
    Item(Item),
}

/// What failed, why, and what can be tried again of it.
pub(super) struct Failed {
    pub(super) source: Location,
    pub(super) error: Error,
    pub(super) again: Option<Again>,
}

impl Job {
    pub(super) fn failed(&self, failed: Failed) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut all = lock(&self.failed);
        if failed.again.is_some() {
            self.note(&JobLine::Failed(failed.source.exact(), failed.error.message()));
        }
        all.insert(number, failed);
    }

    /// Everything that failed, in the order in which it did.
    pub(in crate::transfer) fn failures(&self) -> Vec<Failure> {
        let failed = lock(&self.failed);
        let failures = failed.iter().map(|(number, failed)| Failure {
            number: *number,
            source: failed.source.clone(),
            error: failed.error.clone(),
            again: failed.again.is_some(),
        });
        failures.collect()
    }

    /// From now on, what failed can be put back.
    pub(in crate::transfer) fn open(&self) -> mpsc::UnboundedReceiver<Vec<Again>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        *lock(&self.back) = Some(sender);
        receiver
    }

    /// Takes nothing back any more, unless something has been put back by now.
    pub(in crate::transfer) fn close(
        &self,
        put_back: &mut mpsc::UnboundedReceiver<Vec<Again>>,
    ) -> Option<Vec<Again>> {
        let mut back = lock(&self.back);
        let last = put_back.try_recv().ok();
        if last.is_none() {
            *back = None;
        }
        last
    }

    /// Tries again what failed, or `only` one of it. A request that runs takes it back by itself; of one that is over,
    /// this is what another run begins with.
    pub(in crate::transfer) fn try_again(&self, only: Option<u64>) -> Option<Vec<Again>> {
        let mut over = lock(&self.over);
        let back = lock(&self.back);
        // Of a request that was stopped nobody listens.
        let back = back.as_ref().filter(|back| !back.is_closed());
        if back.is_none() && *over != Some(State::Failed) {
            return None;
        }
        let again = self.take_failed(only);
        if again.is_empty() {
            return None;
        }
        if let Some(back) = back {
            let _ = back.send(again);
            return None;
        }
        *over = None;
        *lock(&self.rate) = Rate::default();
        *lock(&self.started) = Instant::now();
        Some(again)
    }

    /// Takes what can be tried again off the failures, and out of the counters.
    fn take_failed(&self, only: Option<u64>) -> Vec<Again> {
        let mut failed = lock(&self.failed);
        let again: Vec<Again> = failed
            .extract_if(.., |number, one| one.again.is_some() && only.is_none_or(|only| only == *number))
            .filter_map(|(_, one)| one.again)
            .collect();
        if again.is_empty() {
            return again;
        }
        self.note(&JobLine::Again);
        for one in failed.values() {
            self.note(&JobLine::Failed(one.source.exact(), one.error.message()));
        }
        let counters = &self.counters;
        counters.failed.fetch_sub(again.len() as u64, Ordering::Relaxed);
        for one in &again {
            if let Again::File(planned) = one {
                let bytes = planned.size.unwrap_or(0);
                counters.bytes.fetch_sub(bytes, Ordering::Relaxed);
                counters.bytes_over.fetch_sub(bytes, Ordering::Relaxed);
                counters.files.fetch_sub(1, Ordering::Relaxed);
            }
        }
        again
    }
}
