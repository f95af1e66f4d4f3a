//! The engine's handle: takes requests and runs each as a task that hands its files to workers.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::TaskTracker;

use super::batch::Batch;
use super::job::{Job, Reply};
use super::journal::{BegunHere, JobLine, Journal, Unfinished};
use super::leftover::{clean_up, supersede};
use super::limit::RateLimit;
use super::pace::Pace;
use super::progress::{Rate, eta};
use super::run::run;
use super::shown::Snapshot;
use super::turns::Turns;
use super::types::{Answer, Event, Failure, Input, Request, Settings, TransferId};
use super::work::Budget;
use crate::error::Result;
use crate::s3::Connections;

/// Files that are worked on at once, of all requests together; how many of their requests are in flight is another
/// matter. More of them wait for the same slots and the same disk, and only cost memory.
const FILES_AT_ONCE: usize = 320;
/// Bytes held in memory at once when nobody said otherwise.
const MEMORY: u64 = 48 << 20;

/// A cheap handle on the engine. Needs a runtime to be made in.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    events: mpsc::UnboundedSender<Event>,
    jobs: Mutex<BTreeMap<TransferId, Arc<Job>>>,
    next: AtomicU64,
    tasks: TaskTracker,
    rate: Mutex<Rate>,
}

/// What every worker needs.
pub(super) struct Shared {
    pub(super) connections: Connections,
    pub(super) settings: Settings,
    pub(super) journal: Journal,
    pub(super) limit: Arc<RateLimit>,
    pub(super) budget: Budget,
    /// Small files on their way to the disk.
    pub(super) batch: Batch,
    /// By profile.
    paces: Mutex<HashMap<String, Arc<Pace>>>,
    /// Who writes which target.
    pub(super) turns: Turns,
    /// Who makes or names a small file in which folder: the kernel lets one after the other, and keeps a processor busy
    /// with each of the others' waiting.
    pub(super) folders: Turns,
    /// Files being worked on, of all requests together.
    pub(super) files: Arc<Semaphore>,
}

impl Shared {
    /// The pace of a profile's requests.
    pub(super) fn pace(&self, profile: &str) -> Arc<Pace> {
        let mut paces = lock(&self.paces);
        let pace = paces.entry(profile.to_owned());
        Arc::clone(pace.or_insert_with(|| Pace::new(self.settings.defaults.parallel)))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// An idle engine and its events.
    pub fn new(connections: Connections, settings: Settings) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, receiver) = mpsc::unbounded_channel();
        let journal = settings.journal.clone().map_or_else(Journal::none, Journal::at);
        let shared = Arc::new(Shared {
            connections,
            journal,
            limit: Arc::new(RateLimit::new(settings.defaults.limit_rate)),
            batch: Batch::default(),
            budget: Budget::new(settings.defaults.memory.unwrap_or(MEMORY)),
            paces: Mutex::default(),
            turns: Turns::default(),
            folders: Turns::default(),
            files: Arc::new(Semaphore::new(FILES_AT_ONCE)),
            settings,
        });
        let inner = Inner {
            shared,
            events,
            jobs: Mutex::default(),
            next: AtomicU64::new(1),
            tasks: TaskTracker::new(),
            rate: Mutex::default(),
        };
        (Self(Arc::new(inner)), receiver)
    }

    /// Takes a request; it starts at once.
    pub fn submit(&self, request: Request) -> TransferId {
        self.start(request, false)
    }

    /// Takes a request whose one item copies `input` ([`Input::place`]) to an object; it starts at once.
    pub fn submit_stream(&self, request: Request, input: Input) -> TransferId {
        self.begin(request, false, Some(input))
    }

    /// Goes on with one that an earlier run did not finish.
    pub fn resume_unfinished(&self, unfinished: &Unfinished) -> TransferId {
        self.start(unfinished.request.clone(), true)
    }

    /// Every request that an earlier run, or another process, did not finish; oldest first. Blocking.
    pub fn unfinished(&self) -> Vec<Unfinished> {
        self.0.shared.journal.unfinished()
    }

    /// The multipart uploads that were begun from here. Blocking.
    pub fn begun_here(&self) -> BegunHere {
        self.0.shared.journal.begun_here()
    }

    /// Forgets one of [`Engine::unfinished`]: aborts its uploads, removes its `.part` files.
    ///
    /// # Errors
    /// `Kind::NotFound`; `Kind::Exists` if a running twinpail is at it; what could not be cleaned up.
    pub async fn forget(&self, id: &str) -> Result<()> {
        clean_up(&self.0.shared, id).await
    }

    /// Writes down that the user does not want to be asked about one of [`Engine::unfinished`] again. Blocking.
    ///
    /// # Errors
    /// The file system's.
    pub fn decline(&self, id: &str) -> Result<()> {
        self.0.shared.journal.decline(id)
    }

    /// Nothing of a request is left to be done: what others that were to do it left unfinished is forgotten.
    pub async fn forget_like(&self, request: &Request) {
        supersede(&self.0.shared, request).await;
    }

    /// Where records are that could not be read, and how many. Blocking.
    pub fn unreadable(&self) -> Option<(PathBuf, usize)> {
        self.0.shared.journal.unreadable()
    }

    fn start(&self, request: Request, resumed: bool) -> TransferId {
        self.begin(request, resumed, None)
    }

    fn begin(&self, request: Request, resumed: bool, input: Option<Input>) -> TransferId {
        let id = TransferId(self.0.next.fetch_add(1, Ordering::Relaxed));
        let (shared, events) = (Arc::clone(&self.0.shared), self.0.events.clone());
        let job = Job::new(id, request, shared, events, resumed, input);
        lock(&self.0.jobs).insert(id, Arc::clone(&job));
        self.0.tasks.spawn(run(Arc::clone(&self.0.shared), job, None));
        id
    }

    /// Lets parts in flight finish and starts no more.
    pub fn pause(&self, id: TransferId) {
        if let Some(job) = self.job(id) {
            job.paused.send_replace(true);
            self.write_down(job, |job| JobLine::Paused(*job.paused.borrow()));
        }
    }

    /// Goes on with a paused one.
    pub fn resume(&self, id: TransferId) {
        if let Some(job) = self.job(id) {
            job.paused.send_replace(false);
            self.write_down(job, |job| JobLine::Paused(*job.paused.borrow()));
        }
    }

    /// Stops one for good: aborts its multipart uploads, removes its `.part` files.
    pub fn cancel(&self, id: TransferId) {
        if let Some(job) = self.job(id) {
            job.cancel.cancel();
        }
    }

    /// Stops one; what has arrived is left for another run.
    pub fn interrupt(&self, id: TransferId) {
        if let Some(job) = self.job(id) {
            job.stop();
        }
    }

    /// Makes one more urgent than others by `by` (less, if negative).
    pub fn prioritize(&self, id: TransferId, by: i32) {
        if let Some(job) = self.job(id) {
            let priority = (job.priority.load(Ordering::Relaxed) + by).clamp(-9, 9);
            job.priority.store(priority, Ordering::Relaxed);
            self.write_down(job, |job| JobLine::Priority(job.priority.load(Ordering::Relaxed)));
        }
    }

    /// Limits one to so many bytes a second; `None`: no more than all others.
    pub fn limit(&self, id: TransferId, bytes_per_second: Option<u64>) {
        if let Some(job) = self.job(id) {
            job.limit.set(bytes_per_second);
            self.write_down(job, |job| JobLine::Limit(job.limit.get()));
        }
    }

    /// Tries what failed of a request again, also while it runs: all of it, or one by its number.
    pub fn retry(&self, id: TransferId, only: Option<u64>) {
        let Some(job) = self.job(id) else { return };
        let shared = Arc::clone(&self.0.shared);
        if let Some(again) = job.try_again(only) {
            self.0.tasks.spawn(run(shared, job, Some(again)));
        }
    }

    /// Everything that failed of a request, in the order in which it did.
    pub fn failures(&self, id: TransferId) -> Vec<Failure> {
        self.job(id).map(|job| job.failures()).unwrap_or_default()
    }

    /// The user's order, into the journal; not on the thread that gives it.
    fn write_down(&self, job: Arc<Job>, state: fn(&Job) -> JobLine) {
        self.0.tasks.spawn_blocking(move || job.note_state(state));
    }

    /// Answers the open question of a request.
    pub fn answer(&self, id: TransferId, answer: Answer) {
        if let Some(job) = self.job(id) {
            job.reply(Reply::Answer(answer));
        }
    }

    /// Has a request skip targets that are the same as what would replace them, without asking: that of its open question,
    /// and all further ones. The open question is asked again if they are not the same.
    pub fn skip_same(&self, id: TransferId) {
        if let Some(job) = self.job(id) {
            job.reply(Reply::SkipSame);
        }
    }

    /// What is going on. Cheap enough for every frame.
    pub fn snapshot(&self) -> Snapshot {
        let now = Instant::now();
        let jobs: Vec<Arc<Job>> = lock(&self.0.jobs).values().cloned().collect();
        let transfers: Vec<_> = jobs.iter().map(|job| job.view(now)).collect();
        let all_done: u64 = transfers.iter().map(|transfer| transfer.bytes_done).sum();
        let rate = lock(&self.0.rate).read(now, all_done);
        let (mut bytes, mut bytes_done, mut failed) = (0, 0, 0);
        let is_busy = transfers.iter().any(|transfer| !transfer.state.is_over());
        for transfer in &transfers {
            let is_over = transfer.state.is_over();
            if !is_over {
                bytes += transfer.bytes;
                bytes_done += transfer.bytes_done;
            }
            if !(is_busy && is_over) {
                failed += transfer.failed;
            }
        }
        Snapshot { transfers, bytes, bytes_done, rate, eta: eta(bytes - bytes_done, rate), failed }
    }

    /// Takes the finished ones off the list.
    pub fn forget_finished(&self) {
        lock(&self.0.jobs).retain(|_, job| {
            let is_over = job.state().is_over();
            if is_over {
                job.unrecord();
            }
            !is_over
        });
    }

    /// Stops everything and waits until nothing is written any more; what has arrived is left for another run.
    pub async fn stop(&self) {
        for job in lock(&self.0.jobs).values() {
            job.stop();
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    fn job(&self, id: TransferId) -> Option<Arc<Job>> {
        lock(&self.0.jobs).get(&id).cloned()
    }
}
