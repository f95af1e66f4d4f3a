//! What failed of a request, and another try at it.

use std::sync::atomic::Ordering;
use std::time::Instant;

use super::super::journal::JobLine;
use super::super::plan::Planned;
use super::super::progress::Rate;
use super::super::types::{Failure, Item, State};
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
        lock(&self.failed).insert(number, failed);
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

    /// Makes a request that is over ready to try again what failed, or `only` one of it.
    pub(in crate::transfer) fn reopen(&self, only: Option<u64>) -> Option<Vec<Again>> {
        let mut over = lock(&self.over);
        if *over != Some(State::Failed) {
            return None;
        }
        let mut failed = lock(&self.failed);
        let taken: Vec<Failed> = failed
            .extract_if(.., |number, one| one.again.is_some() && only.is_none_or(|only| only == *number))
            .map(|(_, one)| one)
            .collect();
        if taken.is_empty() {
            return None;
        }
        *over = None;
        self.note(&JobLine::Again);
        for one in failed.values() {
            self.note(&JobLine::Failed(one.source.exact(), one.error.message()));
        }
        let counters = &self.counters;
        let again: Vec<Again> = taken.into_iter().filter_map(|one| one.again).collect();
        counters.failed.fetch_sub(again.len() as u64, Ordering::Relaxed);
        for one in &again {
            if let Again::File(planned) = one {
                let bytes = planned.size.unwrap_or(0);
                counters.bytes.fetch_sub(bytes, Ordering::Relaxed);
                counters.bytes_over.fetch_sub(bytes, Ordering::Relaxed);
                counters.files.fetch_sub(1, Ordering::Relaxed);
            }
        }
        *lock(&self.rate) = Rate::default();
        *lock(&self.started) = Instant::now();
        Some(again)
    }
}
