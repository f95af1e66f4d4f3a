//! One request from its plan to its end: its files handed to workers, each file settled, moved, and reported.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::StreamExt as _;
use futures_util::stream::{SelectAll, Stream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::engine::Shared;
use super::job::{Again, Job};
use super::journal::{JobLine, absolute};
use super::leftover::{clean_up, supersede};
use super::pace::cancelled;
use super::plan::{self, Filter, Planned};
use super::progress::FileProgress;
use super::types::{FileOutcome, FileStatus, Item, Request, Verb, Verified};
use super::work::Work;
use super::{again, conflict, download, local, relay, stream, upload};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::Connections;

/// Refuses what could only fail at its end: a read-only profile in the way.
fn permitted(shared: &Shared, request: &Request) -> Result<()> {
    let config = shared.connections.config();
    for item in request.items.iter().filter(|_| !request.dry_run) {
        config.writable(&item.to, &format!("write to {}", item.to))?;
        if request.verb == Verb::Move {
            config.writable(&item.from, &format!("move {}", item.from))?;
        }
    }
    Ok(())
}

/// Runs one request to its end.
pub(super) async fn run(shared: Arc<Shared>, job: Arc<Job>, again: Option<Vec<Again>>) {
    if let Err(error) = permitted(&shared, &job.request) {
        job.finish(Some(error));
        return job.announce();
    }
    let is_large = job.request.items.len() > 1 || job.request.items.iter().any(|item| item.tree);
    if again.is_none() && (is_large || job.resumed) {
        job.journaled().await;
    }
    let error = match Filter::new(&job.request) {
        Err(error) => Some(error),
        Ok(filter) => {
            let connections = shared.connections.clone();
            let plan = match again {
                Some(again) => plan_again(connections, &job, again, filter.clone()),
                None if job.streams => plan::stream(&job.request.items),
                None => plan::start(connections, job.request.items.clone(), filter.clone()),
            };
            work(&shared, &job, plan, &filter).await
        }
    };
    if job.request.verb == Verb::Move && error.is_none() {
        remove_empty_folders(&job).await;
    }
    let has_failed = job.finish(error);
    settle(&shared, &job, has_failed).await;
    job.announce();
}

/// What failed, as a plan. Where a whole tree is planned anew, what this run has finished of it counts as what earlier
/// ones did.
fn plan_again(connections: Connections, job: &Arc<Job>, again: Vec<Again>, filter: Filter) -> Plan {
    let (sender, receiver) = mpsc::channel(again.len().max(1));
    let mut items = Vec::new();
    for one in again {
        match one {
            // The channel holds them all.
            Again::File(file) => drop(sender.try_send(Ok(file))),
            // A tree of which several folders could not be listed failed as often.
            Again::Item(item) if items.contains(&item) => {}
            Again::Item(item) => items.push(item),
        }
    }
    if !items.is_empty() {
        let job = Arc::clone(job);
        tokio::spawn(async move {
            job.recall().await;
            let mut plan = plan::start(connections, items, filter);
            while let Some(message) = plan.recv().await {
                if sender.send(message).await.is_err() {
                    return;
                }
            }
        });
    }
    receiver
}

/// What the journal keeps of a job that is over.
async fn settle(shared: &Shared, job: &Job, has_failed: bool) {
    if job.is_kept() {
        job.release();
    } else if job.cancel.is_cancelled() {
        if let Some(id) = job.release()
            && let Err(error) = clean_up(shared, &id).await
        {
            tracing::warn!(%error, "a cancelled transfer left something behind");
        }
    } else if has_failed {
        job.note(&JobLine::Over);
    } else {
        let was_recorded = job.unrecord().is_some();
        // The last step of a plan may be one that is not worth a record.
        if was_recorded || job.request.trees.is_some() {
            supersede(shared, &job.request).await;
        }
    }
}

type Message = std::result::Result<Planned, (Item, Error)>;
type Plan = mpsc::Receiver<Message>;

fn messages(mut plan: Plan) -> impl Stream<Item = Message> + Unpin {
    futures_util::stream::poll_fn(move |context| plan.poll_recv(context))
}

/// Hands the files of a plan, and those that are put back meanwhile, to workers; returns why it ended early, if it did.
async fn work(shared: &Arc<Shared>, job: &Arc<Job>, plan: Plan, filter: &Filter) -> Option<Error> {
    let again = |again| messages(plan_again(shared.connections.clone(), job, again, filter.clone()));
    let (mut put_back, mut plans) = (job.open(), SelectAll::new());
    plans.push(messages(plan));
    let there = Arc::new(again::There::look(shared, job).await);
    let mut workers = JoinSet::new();
    let ended = loop {
        if plans.is_empty() {
            job.planned_all();
            if workers.is_empty() {
                match job.close(&mut put_back) {
                    None => break None,
                    Some(failed) => plans.push(again(failed)),
                }
            }
        }
        let next = tokio::select! {
            biased;
            () = job.cancel.cancelled() => break Some(cancelled()),
            Some(failed) = put_back.recv() => {
                plans.push(again(failed));
                None
            }
            next = plans.next(), if !plans.is_empty() => next,
            Some(_) = workers.join_next() => None,
        };
        match next {
            None => {}
            Some(Err((item, error))) => fail(shared, job, item, error).await,
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

/// Whether it is no failure that something was not found: an earlier run has moved it, and it is not there any more. (That
/// run may have been cut off just before it took it away, and a target's bucket can be missing, too.)
async fn was_moved(
    shared: &Shared,
    has_moved: impl FnOnce() -> bool,
    from: &Location,
    tree: bool,
    error: &Error,
) -> bool {
    error.kind() == Kind::NotFound
        && has_moved()
        // Only a tree's source can be missing before its files are planned.
        && (tree || matches!(conflict::look(shared, from).await, Ok(None)))
}

/// Something that could not even be planned.
async fn fail(shared: &Shared, job: &Job, item: Item, error: Error) {
    let has_moved = || job.has_moved(&item.from, item.tree);
    let was_moved = was_moved(shared, has_moved, &item.from, item.tree, &error).await;
    let outcome = FileOutcome {
        source: item.from.clone(),
        target: item.to.clone(),
        // What is neither file nor folder cannot be copied by anybody; it is said, but it is no failure.
        status: match error.kind() {
            Kind::Unsupported => FileStatus::Skipped,
            _ if was_moved => FileStatus::Skipped,
            _ => FileStatus::Failed,
        },
        bytes: 0,
        bytes_sent: 0,
        bytes_resumed: 0,
        verified: Verified::No,
        error: Some(error),
    };
    job.over(Again::Item(item), 0, outcome);
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
    let ended = settle_and_move(shared, job, there, &mut planned, &mut outcome).await;
    let has_moved = || planned.arrived.is_some() || job.has_moved(&planned.from, false);
    match ended {
        Ok(status) => outcome.status = status,
        Err(error) if error.kind() == Kind::Cancelled => outcome.status = FileStatus::Cancelled,
        Err(error) if was_moved(shared, has_moved, &planned.from, false, &error).await => {
            outcome.status = FileStatus::Skipped;
        }
        Err(error) => {
            outcome.status = FileStatus::Failed;
            outcome.error = Some(error);
        }
    }
    outcome.bytes = planned.size.unwrap_or(0);
    job.over(Again::File(planned), outcome.bytes, outcome);
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
        job.sized(planned.size.unwrap_or(0));
    }
    // Whoever else writes this target: what it has made by then is a conflict like any other.
    let _turn = tokio::select! {
        biased;
        () = job.cancel.cancelled() => return Err(cancelled()),
        turn = shared.turns.take(&planned.to) => turn,
    };
    if let Some((target, verified)) = there.has(shared, job, planned).await? {
        (outcome.verified, outcome.bytes_resumed) = (verified, planned.size.unwrap_or(0));
        outcome.target = target;
        if planned.arrived.is_none() && job.finished(planned).is_none() {
            note_arrival(job, planned, &outcome.target, None);
        }
        return finish_file(shared, job, planned, &outcome.target).await;
    }
    loop {
        let target = match conflict::settle(shared, job, planned).await? {
            conflict::Settled::Skip(why) => {
                outcome.error = why;
                return Ok(FileStatus::Skipped);
            }
            conflict::Settled::Write(target) => target,
        };
        outcome.target = target.to.clone();
        if job.request.dry_run {
            return Ok(FileStatus::Planned);
        }
        job.choose(planned, &target.to);
        let progress = FileProgress::new(planned.from.name(), planned.size.unwrap_or(0));
        let number = job.takes_off(&progress);
        let work = Work { shared: Arc::clone(shared), job: Arc::clone(job), progress: Arc::clone(&progress) };
        let moved = move_bytes(&work, planned, &target).await;
        job.lands(number);
        outcome.bytes_sent += progress.sent.load(Ordering::Relaxed);
        outcome.bytes_resumed = progress.resumed.load(Ordering::Relaxed);
        match moved {
            Err(error) if target.only_new && was_taken(shared, &target.to, &error).await? => {}
            moved => {
                outcome.verified = moved?;
                planned.size = progress.length.get().copied().or(planned.size);
                note_arrival(job, planned, &target.to, progress.etag.get().cloned());
                return finish_file(shared, job, planned, &target.to).await;
            }
        }
    }
}

/// Whether another program has written a target since it was looked for.
async fn was_taken(shared: &Shared, to: &Location, error: &Error) -> Result<bool> {
    Ok(error.kind() == Kind::Exists && conflict::look(shared, to).await?.is_some())
}

/// Writes down that a copy is there, and where.
fn note_arrival(job: &Job, planned: &Planned, to: &Location, etag: Option<String>) {
    if job.request.verb == Verb::Move {
        job.note(&JobLine::Moved(absolute(&planned.from), absolute(to)));
    }
    job.write_down(planned, to, etag);
}

/// What is written down to have arrived: only now the source of a move goes.
async fn finish_file(shared: &Shared, job: &Job, planned: &mut Planned, to: &Location) -> Result<FileStatus> {
    if job.request.verb == Verb::Move {
        planned.arrived = Some(to.clone());
        remove_source(shared, &planned.from).await?;
    }
    Ok(FileStatus::Done)
}

/// A single object's size, time and ETag come from HEAD.
async fn learn_size(shared: &Shared, job: &Job, planned: &mut Planned) -> Result<()> {
    let Location::Remote(remote) = &planned.from else { return Ok(()) };
    let store = shared.connections.store(&remote.profile).await?;
    let pace = shared.pace(&remote.profile);
    let head = async {
        let _slot = pace.small.slot(&job.owner()).await;
        store.head(&remote.bucket, &remote.key, planned.version_id.as_deref()).await
    };
    let info = tokio::select! {
        () = job.cancel.cancelled() => return Err(cancelled()),
        info = head => info?,
    };
    planned.size = Some(info.size);
    planned.modified = info.modified;
    planned.proof = info.proof(store.md5_etags());
    planned.etag = (!info.etag.is_empty()).then_some(info.etag);
    Ok(())
}

async fn move_bytes(work: &Work, planned: &Planned, target: &conflict::Write) -> Result<Verified> {
    match (&planned.from, &target.to) {
        (_, Location::Remote(to)) if work.job.streams => stream::upload(work, to).await,
        (Location::Local(from), Location::Remote(to)) => upload::file(work, from, to).await,
        (Location::Remote(from), Location::Local(to)) => {
            download::object(work, planned, from, to, target.only_new).await
        }
        (Location::Remote(from), Location::Remote(to)) => relayed(work, planned, from, to).await,
        (Location::Local(from), Location::Local(to)) => local::file(work, from, to, target.only_new).await,
        (_, Location::Profile(profile)) | (Location::Profile(profile), _) => {
            Err(Error::new(Kind::Usage, format!("{profile}: is a whole profile"))
                .with_hint("name a bucket in it"))
        }
    }
}

/// If the object changes meanwhile, it is sent once more from the start.
async fn relayed(work: &Work, planned: &Planned, from: &Remote, to: &Remote) -> Result<Verified> {
    let first = relay::object(work, planned, from, to).await;
    let Err(error) = &first else { return first };
    if error.kind() != Kind::Changed {
        return first;
    }
    tracing::info!(%error, "starting over");
    work.progress.start_over();
    let mut again = Planned { size: None, ..planned.clone() };
    learn_size(&work.shared, &work.job, &mut again).await?;
    relay::object(work, &again, from, to).await
}

async fn remove_source(shared: &Shared, from: &Location) -> Result<()> {
    match from {
        Location::Local(path) => {
            let path = path.clone();
            plan::blocking(move || crate::local::delete(&path)).await
        }
        Location::Remote(remote) => {
            let store = shared.connections.store(&remote.profile).await?;
            store.delete(&remote.bucket, &remote.key, None).await.map(drop)
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
