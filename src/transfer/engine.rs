//! The engine's handle: takes requests and runs each as a task that hands its files to workers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::io::AsyncRead;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::job::Job;
use super::plan::{self, Filter, Planned};
use super::progress::{FileProgress, Rate, eta};
use super::throttle::Throttle;
use super::types::{
    Answer, Event, FileOutcome, FileStatus, Item, Request, Settings, Snapshot, TransferId, Verb, Verified,
};
use super::{conflict, download, relay, upload};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Attributes, Connections};

/// Requests in flight when nobody said otherwise: small ones wait for the network most of their time.
const SMALL_AT_ONCE: usize = 64;
/// Parts and ranges in flight: these are limited by disk and memory.
const PARTS_AT_ONCE: usize = 8;

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
    /// Whole small files.
    pub(super) small: Throttle,
    /// Parts and ranges of large ones.
    pub(super) parts: Throttle,
    /// Files being worked on, of all requests together.
    files: Arc<Semaphore>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Engine {
    /// An idle engine and its events.
    pub fn new(connections: Connections, settings: Settings) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, receiver) = mpsc::unbounded_channel();
        let parallel = settings.defaults.parallel;
        let small = parallel.unwrap_or(SMALL_AT_ONCE);
        let shared = Arc::new(Shared {
            connections,
            settings,
            small: Throttle::new(small),
            parts: Throttle::new(parallel.unwrap_or(PARTS_AT_ONCE)),
            files: Arc::new(Semaphore::new(small)),
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
        let id = TransferId(self.0.next.fetch_add(1, Ordering::Relaxed));
        let job = Job::new(id, request, Arc::clone(&self.0.shared), self.0.events.clone());
        lock(&self.0.jobs).insert(id, Arc::clone(&job));
        self.0.tasks.spawn(run(Arc::clone(&self.0.shared), job, None));
        id
    }

    /// Lets parts in flight finish and starts no more.
    pub fn pause(&self, id: TransferId) {
        if let Some(job) = self.job(id) {
            job.paused.send_replace(true);
        }
    }

    /// Goes on with a paused one.
    pub fn resume(&self, id: TransferId) {
        if let Some(job) = self.job(id) {
            job.paused.send_replace(false);
        }
    }

    /// Stops one for good: aborts its multipart uploads, removes its `.part` files.
    pub fn cancel(&self, id: TransferId) {
        if let Some(job) = self.job(id) {
            job.cancel.cancel();
        }
    }

    /// Tries the failed files of a request that is over again.
    pub fn retry(&self, id: TransferId) {
        if let Some(job) = self.job(id)
            && let Some(failed) = job.reopen()
        {
            self.0.tasks.spawn(run(Arc::clone(&self.0.shared), job, Some(failed)));
        }
    }

    /// Answers the open question of a request.
    pub fn answer(&self, id: TransferId, answer: Answer) {
        if let Some(job) = self.job(id) {
            job.answer(answer);
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
        for transfer in &transfers {
            failed += transfer.failed;
            if !transfer.state.is_over() {
                bytes += transfer.bytes;
                bytes_done += transfer.bytes_done;
            }
        }
        Snapshot { transfers, bytes, bytes_done, rate, eta: eta(bytes - bytes_done, rate), failed }
    }

    /// Takes the finished ones off the list.
    pub fn forget_finished(&self) {
        lock(&self.0.jobs).retain(|_, job| !job.state().is_over());
    }

    /// Cancels everything and waits until uploads are aborted and `.part` files are gone.
    pub async fn shut_down(&self) {
        for job in lock(&self.0.jobs).values() {
            job.cancel.cancel();
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Writes a stream of unknown length to one object: a single PUT if it is short, parts otherwise
    /// (`expected_size` chooses the part size), until `cancel`. Returns the bytes written.
    ///
    /// # Errors
    /// The reader's and the provider's; an upload that was begun is aborted.
    pub async fn upload_stream(
        &self,
        reader: impl AsyncRead + Send + Unpin,
        target: &Remote,
        attributes: &Attributes,
        expected_size: Option<u64>,
        cancel: CancellationToken,
    ) -> Result<u64> {
        upload::stream(&self.0.shared, reader, target, attributes, expected_size, &cancel).await
    }

    fn job(&self, id: TransferId) -> Option<Arc<Job>> {
        lock(&self.0.jobs).get(&id).cloned()
    }
}

/// Runs one request to its end.
async fn run(shared: Arc<Shared>, job: Arc<Job>, again: Option<Vec<Planned>>) {
    let error = match again {
        Some(files) => {
            let (sender, receiver) = mpsc::channel(files.len().max(1));
            for file in files {
                // The channel holds them all.
                let _ = sender.try_send(Ok(file));
            }
            drop(sender);
            work(&shared, &job, receiver).await
        }
        None => match Filter::new(&job.request) {
            Err(error) => Some(error),
            Ok(filter) => {
                let items = job.request.items.clone();
                let plan = plan::start(shared.connections.clone(), items, filter);
                work(&shared, &job, plan).await
            }
        },
    };
    if job.request.verb == Verb::Move && error.is_none() {
        remove_empty_folders(&job).await;
    }
    job.finish(error);
}

type Plan = mpsc::Receiver<std::result::Result<Planned, (Item, Error)>>;

/// Hands the files of a plan to workers; returns why it ended early, if it did.
async fn work(shared: &Arc<Shared>, job: &Arc<Job>, mut plan: Plan) -> Option<Error> {
    let mut workers = JoinSet::new();
    let ended = loop {
        let next = tokio::select! {
            biased;
            () = job.cancel.cancelled() => break Some(super::throttle::cancelled()),
            next = plan.recv() => next,
        };
        match next {
            None => break None,
            Some(Err((item, error))) => fail(job, item, error),
            Some(Ok(planned)) => {
                job.found(&planned);
                let slot = tokio::select! {
                    biased;
                    () = job.cancel.cancelled() => break Some(super::throttle::cancelled()),
                    slot = Arc::clone(&shared.files).acquire_owned() => slot,
                };
                let (shared, job) = (Arc::clone(shared), Arc::clone(job));
                workers.spawn(async move {
                    one_file(&shared, &job, planned).await;
                    drop(slot);
                });
            }
        }
        while workers.try_join_next().is_some() {}
    };
    job.planned_all();
    // Workers see the cancellation themselves, and clean up.
    while workers.join_next().await.is_some() {}
    ended
}

/// Something that could not even be planned.
fn fail(job: &Job, item: Item, error: Error) {
    let outcome = FileOutcome {
        source: item.from,
        target: item.to,
        status: FileStatus::Failed,
        bytes: 0,
        bytes_sent: 0,
        bytes_resumed: 0,
        verified: Verified::No,
        error: Some(error),
    };
    job.over(None, 0, outcome);
}

/// Moves one file and reports how it ended.
async fn one_file(shared: &Shared, job: &Job, planned: Planned) {
    let mut outcome = FileOutcome {
        source: planned.from.clone(),
        target: planned.to.clone(),
        status: FileStatus::Done,
        bytes: planned.size.unwrap_or(0),
        bytes_sent: 0,
        bytes_resumed: 0,
        verified: Verified::No,
        error: None,
    };
    let mut planned = planned;
    match settle_and_move(shared, job, &mut planned, &mut outcome).await {
        Ok(status) => outcome.status = status,
        Err(error) if error.kind() == Kind::Cancelled => outcome.status = FileStatus::Cancelled,
        Err(error) => {
            outcome.status = FileStatus::Failed;
            outcome.error = Some(error);
        }
    }
    outcome.bytes = planned.size.unwrap_or(0);
    job.over(Some(planned), outcome.bytes, outcome);
}

async fn settle_and_move(
    shared: &Shared,
    job: &Job,
    planned: &mut Planned,
    outcome: &mut FileOutcome,
) -> Result<FileStatus> {
    job.unpaused().await?;
    if planned.size.is_none() {
        learn_size(shared, job, planned).await?;
    }
    let target = match conflict::settle(shared, job, planned).await? {
        conflict::Settled::Skip => return Ok(FileStatus::Skipped),
        conflict::Settled::Write(target) => target,
    };
    outcome.target = target.to.clone();
    if job.request.dry_run {
        return Ok(FileStatus::Planned);
    }
    let size = planned.size.unwrap_or(0);
    let progress = FileProgress::new(planned.from.name(), size);
    let number = job.takes_off(&progress);
    let moved = move_bytes(shared, job, planned, &target, &progress).await;
    job.lands(number);
    outcome.bytes_sent = progress.sent.load(Ordering::Relaxed);
    outcome.verified = moved?;
    if job.request.verb == Verb::Move {
        remove_source(shared, &planned.from).await?;
    }
    Ok(FileStatus::Done)
}

/// A single object's size, time and ETag come from HEAD.
async fn learn_size(shared: &Shared, job: &Job, planned: &mut Planned) -> Result<()> {
    let Location::Remote(remote) = &planned.from else { return Ok(()) };
    let store = shared.connections.store(&remote.profile).await?;
    let head = store.head(&remote.bucket, &remote.key, None);
    let info = tokio::select! {
        () = job.cancel.cancelled() => return Err(super::throttle::cancelled()),
        info = head => info?,
    };
    job.sized(info.size);
    planned.size = Some(info.size);
    planned.modified = info.modified;
    planned.etag = (!info.etag.is_empty()).then_some(info.etag);
    Ok(())
}

async fn move_bytes(
    shared: &Shared,
    job: &Job,
    planned: &Planned,
    target: &conflict::Write,
    progress: &Arc<FileProgress>,
) -> Result<Verified> {
    match (&planned.from, &target.to) {
        (Location::Local(from), Location::Remote(to)) => upload::file(shared, job, from, to, progress).await,
        (Location::Remote(from), Location::Local(to)) => {
            download::object(shared, job, planned, from, to, target.only_new, progress).await
        }
        (Location::Remote(from), Location::Remote(to)) => {
            relay::object(shared, job, planned, from, to, progress).await
        }
        (Location::Local(from), Location::Local(to)) => {
            relay::local_file(job, from, to, target.only_new, progress).await
        }
        (_, Location::Profile(profile)) | (Location::Profile(profile), _) => {
            Err(Error::new(Kind::Usage, format!("{profile}: is a whole profile"))
                .with_hint("name a bucket in it"))
        }
    }
}

async fn remove_source(shared: &Shared, from: &Location) -> Result<()> {
    match from {
        Location::Local(path) => {
            let path = path.clone();
            plan::blocking(move || crate::local::delete(&path)).await
        }
        Location::Remote(remote) => {
            shared.connections.store(&remote.profile).await?.delete(&remote.bucket, &remote.key, None).await
        }
        Location::Profile(_) => Ok(()),
    }
}

/// After a move the folders that are empty now go too; those that are not stay.
async fn remove_empty_folders(job: &Job) {
    for item in job.request.items.iter().filter(|item| item.tree && !job.request.dry_run) {
        if let Location::Local(path) = &item.from {
            let path = path.clone();
            let _ = tokio::task::spawn_blocking(move || remove_empty(&path)).await;
        }
    }
}

fn remove_empty(folder: &std::path::Path) {
    for found in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if found.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_empty(&found.path());
        }
    }
    // Fails on a folder that is not empty, which is the point.
    let _ = std::fs::remove_dir(folder);
}
