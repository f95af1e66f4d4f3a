//! One request while it lives: its counters, its question, what may stop it.

mod failed;
mod question;
mod record;

pub(super) use failed::Again;
use failed::Failed;
pub(super) use question::Reply;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::claims::Claims;
use super::engine::Shared;
use super::journal::{Before, JobRecord};
use super::limit::RateLimit;
use super::pace::cancelled;
use super::plan::Planned;
use super::progress::{FileProgress, Rate, eta};
use super::shown::{State, TransferView, Waits};
use super::slots::Owner;
use super::types::{
    Event, FileOutcome, FileStatus, Input, Likeness, OnConflict, Remark, Request, Summary, TransferId,
    Verified,
};
use crate::error::{Error, Kind, Result};
use crate::local::Beneath;
use crate::location::Location;

/// Failures that a snapshot carries.
const SHOWN_ERRORS: usize = 3;
/// Files in flight that a snapshot names.
const SHOWN_FILES: usize = 8;

/// One request.
pub(super) struct Job {
    pub(super) id: TransferId,
    pub(super) request: Request,
    pub(super) cancel: CancellationToken,
    shared: Arc<Shared>,
    pub(super) paused: watch::Sender<bool>,
    pub(super) priority: Arc<AtomicI32>,
    pub(super) limit: Arc<RateLimit>,
    /// Who writes which target.
    pub(super) claims: Claims,
    /// Stopped rather than cancelled: what has arrived is left for another run.
    keep: AtomicBool,
    /// Asked for by name, also if only failures are left of it.
    pub(super) resumed: bool,
    /// Its source is read only once: see [`Self::take_input`].
    pub(super) streams: bool,
    input: Mutex<Option<Input>>,
    record: tokio::sync::OnceCell<Option<String>>,
    log: Mutex<Option<JobRecord>>,
    /// What an earlier run has done.
    before: Mutex<Before>,
    roots: Mutex<HashMap<PathBuf, Arc<Beneath>>>,
    /// Why the plan could not be made or finished.
    ended_by: Mutex<Option<Error>>,
    /// Why it waits for room.
    waits: Mutex<Option<String>>,
    verified: Mutex<BTreeMap<&'static str, (Verified, u64)>>,
    events: mpsc::UnboundedSender<Event>,
    over: Mutex<Option<State>>,
    asking: AtomicBool,
    planning: AtomicBool,
    counters: Counters,
    flying: Mutex<BTreeMap<u64, Arc<FileProgress>>>,
    next: AtomicU64,
    rate: Mutex<Rate>,
    /// By number, in the order in which they failed.
    failed: Mutex<BTreeMap<u64, Failed>>,
    /// Takes what failed and is put back; while it runs.
    back: Mutex<Option<mpsc::UnboundedSender<Vec<Again>>>>,
    /// The answer that holds for all, and the lock that lets one question be asked at a time.
    settled: tokio::sync::Mutex<Option<OnConflict>>,
    question: Mutex<Option<oneshot::Sender<Reply>>>,
    /// How both sides of the open question compare.
    likeness: Mutex<Option<Likeness>>,
    /// Whether targets that are the same are skipped without a question.
    skips_same: AtomicBool,
    started: Mutex<Instant>,
}

#[derive(Default)]
struct Counters {
    files: AtomicU64,
    bytes: AtomicU64,
    done: AtomicU64,
    failed: AtomicU64,
    skipped: AtomicU64,
    /// Those of the skipped that are symbolic links.
    links: AtomicU64,
    /// Bytes of files that are over, as far as they were to be moved.
    bytes_over: AtomicU64,
    bytes_good: AtomicU64,
    bytes_sent: AtomicU64,
    bytes_resumed: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl Job {
    pub(super) fn new(
        id: TransferId,
        request: Request,
        shared: Arc<Shared>,
        events: mpsc::UnboundedSender<Event>,
        resumed: bool,
        input: Option<Input>,
    ) -> Arc<Self> {
        let limit = Arc::new(RateLimit::new(request.tuning.limit_rate));
        Arc::new(Self {
            id,
            claims: Claims::new(&request),
            request,
            cancel: CancellationToken::new(),
            shared,
            paused: watch::Sender::new(false),
            priority: Arc::default(),
            limit,
            keep: AtomicBool::new(false),
            resumed,
            streams: input.is_some(),
            input: Mutex::new(input),
            record: tokio::sync::OnceCell::new(),
            log: Mutex::default(),
            before: Mutex::default(),
            roots: Mutex::default(),
            ended_by: Mutex::default(),
            waits: Mutex::default(),
            verified: Mutex::default(),
            events,
            over: Mutex::new(None),
            asking: AtomicBool::new(false),
            planning: AtomicBool::new(true),
            counters: Counters::default(),
            flying: Mutex::default(),
            next: AtomicU64::new(0),
            rate: Mutex::default(),
            failed: Mutex::default(),
            back: Mutex::default(),
            settled: tokio::sync::Mutex::new(None),
            question: Mutex::default(),
            likeness: Mutex::default(),
            skips_same: AtomicBool::new(false),
            started: Mutex::new(Instant::now()),
        })
    }

    /// The source of a request that streams, the first time.
    pub(super) fn take_input(&self) -> Result<Input> {
        lock(&self.input).take().ok_or_else(|| {
            Error::new(Kind::Local, "the input has been read already, and can be read only once")
        })
    }

    /// Whose slots it takes.
    pub(super) fn owner(&self) -> Owner {
        Owner { job: self.id.0, priority: Arc::clone(&self.priority) }
    }

    /// Stops it; what has arrived stays where it is.
    pub(super) fn stop(&self) {
        self.keep.store(true, Ordering::Relaxed);
        self.cancel.cancel();
    }

    /// Whether what has arrived is left for another run.
    pub(super) fn is_kept(&self) -> bool {
        self.keep.load(Ordering::Relaxed)
    }

    /// Waits while the user has paused it.
    pub(super) async fn unpaused(&self) -> Result<()> {
        let mut paused = self.paused.subscribe();
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(cancelled()),
            waited = paused.wait_for(|paused| !paused) => waited.map(drop).map_err(|_| cancelled()),
        }
    }

    /// A file was found.
    pub(super) fn found(&self, planned: &Planned) {
        self.counters.files.fetch_add(1, Ordering::Relaxed);
        self.counters.bytes.fetch_add(planned.size.unwrap_or(0), Ordering::Relaxed);
    }

    /// A file's size turned out only now.
    pub(super) fn sized(&self, size: u64) {
        self.counters.bytes.fetch_add(size, Ordering::Relaxed);
    }

    pub(super) fn planned_all(&self) {
        self.planning.store(false, Ordering::Relaxed);
    }

    /// A file begins to move.
    pub(super) fn takes_off(&self, progress: &Arc<FileProgress>) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.flying).insert(number, Arc::clone(progress));
        number
    }

    /// A file that was in flight is so no more.
    pub(super) fn lands(&self, number: u64) -> Option<Arc<FileProgress>> {
        lock(&self.flying).remove(&number)
    }

    /// A file is over, or an item of which there is no plan.
    pub(super) fn over(&self, what: Again, size: u64, outcome: FileOutcome) {
        let counters = &self.counters;
        // What was stopped in the middle is no further than it was before.
        if outcome.status != FileStatus::Cancelled {
            counters.bytes_over.fetch_add(size, Ordering::Relaxed);
        }
        counters.bytes_sent.fetch_add(outcome.bytes_sent, Ordering::Relaxed);
        counters.bytes_resumed.fetch_add(outcome.bytes_resumed, Ordering::Relaxed);
        if outcome.status == FileStatus::Done {
            let word = outcome.verified.name();
            lock(&self.verified).entry(word).or_insert((outcome.verified, 0)).1 += 1;
        }
        match outcome.status {
            FileStatus::Done | FileStatus::Planned => {
                counters.done.fetch_add(1, Ordering::Relaxed);
                counters.bytes_good.fetch_add(outcome.bytes, Ordering::Relaxed);
            }
            FileStatus::Skipped => {
                counters.skipped.fetch_add(1, Ordering::Relaxed);
                let is_link = outcome.remark == Some(Remark::SkippedLink);
                counters.links.fetch_add(is_link.into(), Ordering::Relaxed);
            }
            FileStatus::Failed => {
                counters.failed.fetch_add(1, Ordering::Relaxed);
                if let Some(error) = outcome.error.clone() {
                    self.failed(Failed { source: outcome.source.clone(), error, again: Some(what) });
                }
            }
            FileStatus::Cancelled => {}
        }
        let _ = self.events.send(Event::File { id: self.id, outcome: Box::new(outcome) });
    }

    pub(super) fn state(&self) -> State {
        match *lock(&self.over) {
            Some(state) => state,
            None if self.asking.load(Ordering::Relaxed) => State::Asking,
            None if *self.paused.borrow() || lock(&self.waits).is_some() => State::Paused,
            None => State::Running,
        }
    }

    /// Whether nothing was left behind so far: nothing failed, nothing was skipped, nobody stopped it.
    pub(super) fn is_whole(&self) -> bool {
        let left = read(&self.counters.failed) + read(&self.counters.skipped);
        left == 0 && !self.cancel.is_cancelled()
    }

    /// Everything that was to be done is over; whether something of it failed.
    pub(super) fn finish(&self, error: Option<Error>) -> bool {
        let has_failed = error.is_some() || read(&self.counters.failed) > 0;
        self.planned_all();
        if let Some(error) = error.clone() {
            let nowhere = || Location::Local(PathBuf::new());
            let source = self.request.items.first().map_or_else(nowhere, |item| item.from.clone());
            self.failed(Failed { source, error, again: None });
        }
        *lock(&self.ended_by) = error;
        has_failed
    }

    /// Says that it is over.
    pub(super) fn announce(&self) {
        let counters = &self.counters;
        let error = lock(&self.ended_by).take();
        let was_cancelled = self.cancel.is_cancelled();
        let state = if was_cancelled {
            State::Cancelled
        } else if error.is_some() || read(&counters.failed) > 0 {
            State::Failed
        } else {
            State::Done
        };
        *lock(&self.over) = Some(state);
        let summary = Summary {
            files: read(&counters.done),
            failed: read(&counters.failed),
            skipped: read(&counters.skipped),
            links: read(&counters.links),
            bytes: read(&counters.bytes_good),
            bytes_sent: read(&counters.bytes_sent),
            bytes_resumed: read(&counters.bytes_resumed),
            elapsed: lock(&self.started).elapsed(),
            error: error.filter(|error| error.kind() != Kind::Cancelled),
            cancelled: was_cancelled,
        };
        let _ = self.events.send(Event::Finished { id: self.id, summary });
    }

    /// What it waits for by itself.
    fn waits(&self) -> Option<Waits> {
        if let Some(why) = lock(&self.waits).clone() {
            return Some(Waits::Room(why));
        }
        let first = self.request.items.first()?;
        let silent = |place: &Location| self.shared.pace(place.profile()?).silence();
        silent(&first.from).or_else(|| silent(&first.to)).map(Waits::Answer)
    }

    /// What is shown of it.
    pub(super) fn view(&self, now: Instant) -> TransferView {
        let counters = &self.counters;
        let state = self.state();
        let flying = lock(&self.flying);
        let in_flight: u64 = flying.values().map(|file| read(&file.done)).sum();
        let mut current: Vec<_> =
            flying.values().map(|file| (file.name.clone(), read(&file.done), file.size)).collect();
        drop(flying);
        current.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
        current.truncate(SHOWN_FILES);
        let bytes = read(&counters.bytes);
        let bytes_done = (read(&counters.bytes_over) + in_flight).min(bytes);
        let rate = lock(&self.rate).read(now, bytes_done);
        let rate = if state == State::Running { rate } else { 0 };
        let (failed, skipped) = (read(&counters.failed), read(&counters.skipped));
        let nowhere = || Location::Local(std::path::PathBuf::new());
        let first = self.request.items.first();
        TransferView {
            id: self.id,
            verb: self.request.verb,
            from: first.map_or_else(nowhere, |item| item.from.clone()),
            to: first.map_or_else(nowhere, |item| item.to.clone()),
            items: self.request.items.len(),
            state,
            planning: self.planning.load(Ordering::Relaxed),
            files: read(&counters.files),
            files_over: read(&counters.done) + failed + skipped,
            failed,
            skipped,
            bytes,
            bytes_done,
            rate,
            eta: eta(bytes - bytes_done, rate).filter(|_| !state.is_over()),
            current,
            errors: lock(&self.failed).values().take(SHOWN_ERRORS).map(|one| one.error.clone()).collect(),
            waits: self.waits().filter(|_| !state.is_over()),
            priority: self.priority.load(Ordering::Relaxed),
            limit: self.limit.get(),
            bytes_resumed: read(&counters.bytes_resumed),
            likeness: *lock(&self.likeness),
            verified: lock(&self.verified).values().copied().collect(),
        }
    }
}
