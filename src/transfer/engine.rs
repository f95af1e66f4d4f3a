//! The engine's handle: takes requests and runs each as a task that hands its files to workers.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::io::AsyncRead;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::job::Job;
use super::journal::{JobLine, Journal, Leftover, Unfinished};
use super::limit::RateLimit;
use super::pace::{Pace, cancelled};
use super::plan::{self, Filter, Planned};
use super::progress::{FileProgress, Rate, eta};
use super::types::{
    Answer, Event, FileOutcome, FileStatus, Item, Request, Settings, Snapshot, TransferId, Verb, Verified,
};
use super::work::{Budget, Work};
use super::{again, conflict, download, relay, stream, upload};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Attributes, Connections, Upload};

/// Files that are worked on at once, of all requests together; how many of their requests are in flight is another
/// matter.
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
    /// By profile.
    paces: Mutex<HashMap<String, Arc<Pace>>>,
    /// Files being worked on, of all requests together.
    files: Arc<Semaphore>,
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
            budget: Budget::new(settings.defaults.memory.unwrap_or(MEMORY)),
            paces: Mutex::default(),
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

    /// Goes on with one that an earlier run did not finish.
    pub fn resume_unfinished(&self, unfinished: &Unfinished) -> TransferId {
        self.start(unfinished.request.clone(), true)
    }

    /// Every request that an earlier run, or another process, did not finish; oldest first. Blocking.
    pub fn unfinished(&self) -> Vec<Unfinished> {
        self.0.shared.journal.unfinished()
    }

    /// Forgets one of [`Engine::unfinished`]: aborts its uploads, removes its `.part` files.
    ///
    /// # Errors
    /// `Kind::NotFound`; `Kind::Exists` if a running twinpail is at it; what could not be cleaned up.
    pub async fn forget(&self, id: &str) -> Result<()> {
        clean_up(&self.0.shared, id).await
    }

    /// Upload ids that the journal knows, so that others can be told apart. Blocking.
    pub fn known_uploads(&self) -> Vec<String> {
        self.0.shared.journal.known_uploads()
    }

    fn start(&self, request: Request, resumed: bool) -> TransferId {
        let id = TransferId(self.0.next.fetch_add(1, Ordering::Relaxed));
        let job = Job::new(id, request, Arc::clone(&self.0.shared), self.0.events.clone(), resumed);
        lock(&self.0.jobs).insert(id, Arc::clone(&job));
        self.0.tasks.spawn(run(Arc::clone(&self.0.shared), job, None));
        id
    }

    /// Lets parts in flight finish and starts no more.
    pub fn pause(&self, id: TransferId) {
        if let Some(job) = self.job(id) {
            job.paused.send_replace(true);
            job.note(&JobLine::Paused(true));
        }
    }

    /// Goes on with a paused one.
    pub fn resume(&self, id: TransferId) {
        if let Some(job) = self.job(id) {
            job.paused.send_replace(false);
            job.note(&JobLine::Paused(false));
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
            job.note(&JobLine::Priority(priority));
        }
    }

    /// Limits one to so many bytes a second; `None`: no more than all others.
    pub fn limit(&self, id: TransferId, bytes_per_second: Option<u64>) {
        if let Some(job) = self.job(id) {
            job.limit.set(bytes_per_second);
            job.note(&JobLine::Limit(bytes_per_second));
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

    /// Cancels everything and waits until uploads are aborted and `.part` files are gone.
    pub async fn shut_down(&self) {
        for job in lock(&self.0.jobs).values() {
            job.cancel.cancel();
        }
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Writes a stream of unknown length to one object: a single PUT if it is short, parts otherwise
    /// (`expected_size` chooses the part size), until `cancel`. Returns the bytes written and how they were proved.
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
    ) -> Result<(u64, Verified)> {
        stream::upload(&self.0.shared, reader, target, attributes, expected_size, &cancel).await
    }

    fn job(&self, id: TransferId) -> Option<Arc<Job>> {
        lock(&self.0.jobs).get(&id).cloned()
    }
}

/// Cleans up what a request left that is in the journal.
async fn clean_up(shared: &Shared, id: &str) -> Result<()> {
    let (journal, id) = (shared.journal.clone(), id.to_owned());
    let mut failed = Ok(());
    for left in plan::blocking(move || journal.forget(&id)).await? {
        let done = match left {
            Leftover::Upload(Location::Remote(target), upload_id) => {
                let Remote { profile, bucket, key } = target;
                let upload = Upload { bucket, key, upload_id, started: None };
                match shared.connections.store(&profile).await {
                    Ok(store) => store.abort_upload(&upload).await,
                    Err(error) => Err(error),
                }
            }
            Leftover::Upload(..) => Ok(()),
            Leftover::Partial(path) => {
                plan::blocking(move || match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        Err(Error::local("delete", &path, error))
                    }
                    _ => Ok(()),
                })
                .await
            }
        };
        failed = failed.and(done);
    }
    failed
}

/// Runs one request to its end.
async fn run(shared: Arc<Shared>, job: Arc<Job>, again: Option<Vec<Planned>>) {
    let is_large = job.request.items.len() > 1 || job.request.items.iter().any(|item| item.tree);
    if again.is_none() && (is_large || job.resumed) {
        job.journaled().await;
    }
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
    let has_failed = job.finish(error);
    if job.is_kept() {
        job.release();
    } else if job.cancel.is_cancelled() {
        if let Some(id) = job.release()
            && let Err(error) = clean_up(&shared, &id).await
        {
            tracing::warn!(%error, "a cancelled transfer left something behind");
        }
    } else if has_failed {
        job.note(&JobLine::Over);
    } else {
        job.unrecord();
    }
    job.announce();
}

type Plan = mpsc::Receiver<std::result::Result<Planned, (Item, Error)>>;

/// Hands the files of a plan to workers; returns why it ended early, if it did.
async fn work(shared: &Arc<Shared>, job: &Arc<Job>, mut plan: Plan) -> Option<Error> {
    let there = Arc::new(again::There::look(shared, job).await);
    let mut workers = JoinSet::new();
    let ended = loop {
        let next = tokio::select! {
            biased;
            () = job.cancel.cancelled() => break Some(cancelled()),
            next = plan.recv() => next,
        };
        match next {
            None => break None,
            Some(Err((item, error))) => fail(job, item, error),
            Some(Ok(planned)) => {
                job.found(&planned);
                let slot = tokio::select! {
                    biased;
                    () = job.cancel.cancelled() => break Some(cancelled()),
                    slot = Arc::clone(&shared.files).acquire_owned() => slot,
                };
                let (shared, job, there) = (Arc::clone(shared), Arc::clone(job), Arc::clone(&there));
                workers.spawn(async move {
                    one_file(&shared, &job, &there, planned).await;
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
        // What is neither file nor folder cannot be copied by anybody; it is said, but it is no failure.
        status: if error.kind() == Kind::Unsupported { FileStatus::Skipped } else { FileStatus::Failed },
        bytes: 0,
        bytes_sent: 0,
        bytes_resumed: 0,
        verified: Verified::No,
        error: Some(error),
    };
    job.over(None, 0, outcome);
}

/// Moves one file and reports how it ended.
async fn one_file(shared: &Arc<Shared>, job: &Arc<Job>, there: &again::There, planned: Planned) {
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
    match settle_and_move(shared, job, there, &mut planned, &mut outcome).await {
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
    shared: &Arc<Shared>,
    job: &Arc<Job>,
    there: &again::There,
    planned: &mut Planned,
    outcome: &mut FileOutcome,
) -> Result<FileStatus> {
    job.unpaused().await?;
    if planned.size.is_none() {
        learn_size(shared, job, planned).await?;
    }
    if let Some(verified) = there.has(shared, job, planned).await? {
        (outcome.verified, outcome.bytes_resumed) = (verified, planned.size.unwrap_or(0));
        return finish_move(shared, job, planned).await;
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
    let work = Work { shared: Arc::clone(shared), job: Arc::clone(job), progress: Arc::clone(&progress) };
    let moved = move_bytes(&work, planned, &target).await;
    job.lands(number);
    outcome.bytes_sent = progress.sent.load(Ordering::Relaxed);
    outcome.bytes_resumed = progress.resumed.load(Ordering::Relaxed);
    outcome.verified = moved?;
    finish_move(shared, job, planned).await
}

/// The source of a move goes when its copy is there.
async fn finish_move(shared: &Shared, job: &Job, planned: &Planned) -> Result<FileStatus> {
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
        () = job.cancel.cancelled() => return Err(cancelled()),
        info = head => info?,
    };
    job.sized(info.size);
    planned.size = Some(info.size);
    planned.modified = info.modified;
    planned.proof = info.proof(store.md5_etags());
    planned.etag = (!info.etag.is_empty()).then_some(info.etag);
    Ok(())
}

async fn move_bytes(work: &Work, planned: &Planned, target: &conflict::Write) -> Result<Verified> {
    match (&planned.from, &target.to) {
        (Location::Local(from), Location::Remote(to)) => upload::file(work, from, to).await,
        (Location::Remote(from), Location::Local(to)) => {
            download::object(work, planned, from, to, target.only_new).await
        }
        (Location::Remote(from), Location::Remote(to)) => relay::object(work, planned, from, to).await,
        (Location::Local(from), Location::Local(to)) => {
            relay::local_file(work, from, to, target.only_new).await
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
