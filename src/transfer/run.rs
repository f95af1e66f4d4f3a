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
use super::pair::{Pair, is_proved, respell, write};
use super::plan::{self, Filter, Link, Message, Planned, Unplanned, Ways};
use super::progress::FileProgress;
use super::types::{FileOutcome, FileStatus, Remark, Request, Verb, Verified};
use super::work::Work;
use super::{again, conflict, download, local, relay, stream, upload};
use crate::error::{Error, Kind, Result};
use crate::identity::{self, Relation};
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
                None => {
                    let (items, ways) = (job.request.items.clone(), Ways::of(&job.request));
                    plan::start(connections, items, filter.clone(), ways)
                }
            };
            work(&shared, &job, plan, &filter).await
        }
    };
    if job.request.verb == Verb::Move && error.is_none() {
        remove_sources_of_trees(&shared, &job).await;
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
            let mut plan = plan::start(connections, items, filter, Ways::of(&job.request));
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
            Some(Err(unplanned)) => fail(shared, job, unplanned).await,
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
async fn fail(shared: &Shared, job: &Job, unplanned: Unplanned) {
    let Unplanned { item, error, remark } = unplanned;
    let has_moved = || job.has_moved(&item.from, item.tree);
    let was_moved = was_moved(shared, has_moved, &item.from, item.tree, &error).await;
    let outcome = FileOutcome {
        source: item.from.clone(),
        target: item.to.clone(),
        status: if remark.is_some() || was_moved { FileStatus::Skipped } else { FileStatus::Failed },
        bytes: 0,
        bytes_sent: 0,
        bytes_resumed: 0,
        verified: Verified::No,
        error: Some(error),
        remark,
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
        remark: None,
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
    let size = planned.size.unwrap_or(0);
    if outcome.status != FileStatus::Done {
        outcome.bytes = size;
    }
    job.over(Again::File(planned), size, outcome);
}

async fn settle_and_move(
    shared: &Arc<Shared>,
    job: &Arc<Job>,
    there: &again::There,
    planned: &mut Planned,
    outcome: &mut FileOutcome,
) -> Result<FileStatus> {
    job.unpaused().await?;
    let pair = Pair::look(shared, job, planned, &planned.to).await?;
    if matches!(pair, Pair::Respelled) {
        return respell(job, planned).await;
    }
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
    if let Some(status) = arrived_before(shared, job, there, planned, outcome).await? {
        return Ok(status);
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
        job.claims.take(&planned.from, &target.to)?;
        if job.request.dry_run {
            return Ok(FileStatus::Planned);
        }
        job.choose(planned, &target.to);
        let progress = FileProgress::new(planned.from.name(), planned.size.unwrap_or(0));
        let number = job.takes_off(&progress);
        let work = Work { shared: Arc::clone(shared), job: Arc::clone(job), progress: Arc::clone(&progress) };
        let moved = write(&work, planned, &target, &pair).await;
        job.lands(number);
        outcome.bytes_sent += progress.sent.load(Ordering::Relaxed);
        outcome.bytes_resumed = progress.resumed.load(Ordering::Relaxed);
        match moved {
            Err(error) if target.only_new && was_taken(shared, &target.to, &error).await? => {}
            moved => {
                let moved = moved?;
                planned.size = progress.length.get().copied().or(planned.size);
                outcome.verified = moved.verified;
                outcome.remark = moved.remark;
                outcome.bytes = moved.bytes.unwrap_or(planned.size.unwrap_or(0));
                refuse_grown(job, planned, moved.remark)?;
                note_arrival(job, planned, &target.to, progress.etag.get().cloned());
                return finish_file(shared, job, planned, &target.to).await;
            }
        }
    }
}

/// Ends a file that an earlier run has moved already, if it has.
async fn arrived_before(
    shared: &Shared,
    job: &Job,
    there: &again::There,
    planned: &mut Planned,
    outcome: &mut FileOutcome,
) -> Result<Option<FileStatus>> {
    let Some((target, verified)) = there.has(shared, job, planned).await? else { return Ok(None) };
    if !is_proved(shared, job, planned, &target).await? {
        return Ok(None);
    }
    let size = planned.size.unwrap_or(0);
    (outcome.verified, outcome.bytes, outcome.bytes_resumed) = (verified, size, size);
    outcome.target = target;
    if planned.arrived.is_none() && job.finished(planned).is_none() {
        note_arrival(job, planned, &outcome.target, None);
    }
    finish_file(shared, job, planned, &outcome.target).await.map(Some)
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
        let is_single = job.request.items.iter().all(|item| !item.tree);
        match planned.link {
            Link::None | Link::Itself => remove_source(shared, &planned.from, is_single).await?,
            Link::Behind => {}
        }
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

/// What came of moving bytes.
pub(super) struct Moved {
    pub(super) verified: Verified,
    /// How many there were, if that was only known at the end.
    pub(super) bytes: Option<u64>,
    pub(super) remark: Option<Remark>,
}

impl From<Verified> for Moved {
    fn from(verified: Verified) -> Self {
        Self { verified, bytes: None, remark: None }
    }
}

/// A file that grew has bytes that were not copied: it is not taken away.
fn refuse_grown(job: &Job, planned: &Planned, remark: Option<Remark>) -> Result<()> {
    match remark {
        Some(Remark::Grew { now }) if job.request.verb == Verb::Move => {
            let text = format!("{} grew to {now} bytes while it was copied, so that it stays", planned.from);
            Err(Error::new(Kind::Changed, text).with_hint("move it again when nobody writes to it any more"))
        }
        Some(Remark::Grew { .. } | Remark::SkippedLink | Remark::SkippedSpecial | Remark::LeftOut) | None => {
            Ok(())
        }
    }
}

/// Moves the bytes of one file.
pub(super) async fn move_bytes(work: &Work, planned: &Planned, target: &conflict::Write) -> Result<Moved> {
    match (&planned.from, &target.to) {
        (_, Location::Remote(to)) if work.job.streams => stream::upload(work, to).await.map(Moved::from),
        (Location::Local(from), Location::Remote(to)) => upload::file(work, from, to).await,
        (Location::Remote(from), Location::Local(to)) => {
            download::object(work, planned, from, to, target.only_new).await.map(Moved::from)
        }
        (Location::Remote(from), Location::Remote(to)) => {
            relayed(work, planned, from, to).await.map(Moved::from)
        }
        (Location::Local(from), Location::Local(to)) if planned.link == Link::Itself => {
            local::link(work, from, to, target.only_new).await.map(Moved::from)
        }
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

async fn remove_source(shared: &Shared, from: &Location, is_single: bool) -> Result<()> {
    match from {
        Location::Local(path) => {
            let path = path.clone();
            plan::blocking(move || crate::local::delete(&path)).await
        }
        Location::Remote(remote) => {
            let store = shared.connections.store(&remote.profile).await?;
            store.delete(&remote.bucket, &remote.key, None).await?;
            // Of a tree only the entries of folders are looked at, as every deletion of them is.
            if is_single { store.confirm_gone(&remote.bucket, &remote.key).await } else { Ok(()) }
        }
        Location::Profile(_) => Ok(()),
    }
}

/// After a move the folders that are empty now go too; those that are not stay, and so does what was refused. Of a link
/// to a folder only the link goes, and only if all that it leads to has arrived.
async fn remove_sources_of_trees(shared: &Shared, job: &Job) {
    for item in job.request.items.iter().filter(|item| item.tree && !job.request.dry_run) {
        let Location::Local(path) = &item.from else { continue };
        let relation = identity::relation(&shared.connections, &item.from, &item.to, true).await;
        if matches!(relation, Ok(Relation::Apart)) {
            let (path, is_whole) = (path.clone(), job.is_whole());
            let remove = move || match crate::local::is_link(&path) {
                true if is_whole => drop(crate::local::delete(&path)),
                true => {}
                false => remove_empty(&path),
            };
            let _ = tokio::task::spawn_blocking(remove).await;
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
