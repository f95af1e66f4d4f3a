//! Source and target of one file: refused where they are the same, and proved to be two before a move removes the
//! source.

use std::path::PathBuf;
use std::time::Duration;

use super::conflict::Write;
use super::engine::Shared;
use super::job::Job;
use super::pace::cancelled;
use super::plan::{Planned, blocking};
use super::run::{Moved, move_bytes};
use super::types::{FileStatus, Verb};
use super::work::Work;
use crate::error::{Error, Kind, Result};
use crate::identity::{self, FileId, Overlap, Relation, State};
use crate::location::{Location, Remote};

/// How often a target is written that cannot be told from its source.
const TRIES: usize = 3;
/// Longer than the second that times of objects are told in.
const NEXT_SECOND: Duration = Duration::from_millis(1100);

/// What was known of source and target before the target was written.
#[derive(Debug)]
pub(super) enum Pair {
    /// They are two, or the source stays anyway.
    Apart,
    /// Two local files; the source as it was.
    Files { from: PathBuf, source: Option<FileId> },
    /// Two objects that may be one, as they were.
    Objects { from: Remote, to: Remote, source: Box<State>, target: Option<Box<State>> },
    /// One local entry that gets another spelling of its name.
    Respelled,
}

/// What is known now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proved {
    /// They are two.
    Two,
    /// They may be one; to write the target once more, in another second, will tell.
    NotYet,
}

impl Pair {
    /// Looks at both.
    ///
    /// # Errors
    /// `Kind::Overlap` if they are the same.
    pub(super) async fn look(shared: &Shared, job: &Job, planned: &Planned, to: &Location) -> Result<Self> {
        if planned.version_id.is_some() {
            // An old version that becomes the newest one.
            return Ok(Self::Apart);
        }
        let (from, is_move) = (&planned.from, job.request.verb == Verb::Move);
        let doing = if is_move { "move" } else { "copy" };
        let refuse = |overlap| Err(identity::refusal(overlap, doing, from, to, false));
        match identity::relation(&shared.connections, from, to, false).await? {
            Relation::Certain(overlap) => return refuse(overlap),
            Relation::Respelled if is_move => return Ok(Self::Respelled),
            Relation::Respelled => return refuse(Overlap::Same),
            Relation::Apart | Relation::Possible(_) if !is_move || job.request.dry_run => {
                return Ok(Self::Apart);
            }
            Relation::Possible(_) => {
                let (Location::Remote(from), Location::Remote(to)) = (from, to) else {
                    return Ok(Self::Apart);
                };
                let source = Box::new(there(shared, job, from).await?);
                let unclear = |error: Error| error.context(format!("{from} and {to} may be the same object"));
                let target = head(shared, job, to).await.map_err(unclear)?.map(Box::new);
                return Ok(Self::Objects { from: from.clone(), to: to.clone(), source, target });
            }
            Relation::Apart => {}
        }
        let (Location::Local(from), Location::Local(_)) = (from, to) else { return Ok(Self::Apart) };
        let path = from.clone();
        let source = blocking(move || Ok(FileId::of_entry(&path))).await?;
        Ok(Self::Files { from: from.clone(), source })
    }

    /// Whether what has just been written is another thing than the source.
    ///
    /// # Errors
    /// `Kind::Overlap` if to write the one has changed the other; what cannot be looked at.
    async fn after_writing(&self, shared: &Shared, job: &Job, to: &Location) -> Result<Proved> {
        match self {
            Self::Apart | Self::Respelled => Ok(Proved::Two),
            Self::Files { from, source } => {
                let path = from.clone();
                let now = blocking(move || Ok(FileId::of_entry(&path))).await?;
                if now == *source {
                    Ok(Proved::Two)
                } else {
                    Err(changed(&Location::Local(from.clone()), to))
                }
            }
            Self::Objects { from, to, source, target } => {
                let written = there(shared, job, to).await?;
                let now = head(shared, job, from).await?;
                if now.as_ref() != Some(&**source) {
                    return Err(changed(&Location::Remote(from.clone()), &Location::Remote(to.clone())));
                }
                // The source is as it was. That proves something if the two places held something different before, or
                // if the source would have another time or version by now.
                let were_two = target.as_ref().is_none_or(|target| source.is_apart_from(target));
                Ok(if were_two || source.is_apart_from(&written) { Proved::Two } else { Proved::NotYet })
            }
        }
    }

    /// Whether what an earlier run has written is another thing than the source.
    ///
    /// # Errors
    /// What cannot be looked at.
    async fn after_an_earlier_run(&self, shared: &Shared, job: &Job) -> Result<Proved> {
        let Self::Objects { from, source, target, .. } = self else { return Ok(Proved::Two) };
        let Some(target) = target else { return Ok(Proved::NotYet) };
        let is_as_it_was = head(shared, job, from).await?.as_ref() == Some(&**source);
        Ok(if is_as_it_was && source.is_apart_from(target) { Proved::Two } else { Proved::NotYet })
    }
}

/// Writes a target; once more, as long as it cannot be told from its source, which a move is about to remove. `pair` is
/// about the target that was planned.
pub(super) async fn write(work: &Work, planned: &Planned, target: &Write, pair: &Pair) -> Result<Moved> {
    let looked;
    let pair = if target.to == planned.to {
        pair
    } else {
        looked = Pair::look(&work.shared, &work.job, planned, &target.to).await?;
        &looked
    };
    for again in 0..TRIES {
        if again > 0 {
            next_second(&work.job).await?;
            work.progress.start_over();
        }
        let moved = move_bytes(work, planned, target).await?;
        if pair.after_writing(&work.shared, &work.job, &target.to).await? == Proved::Two {
            return Ok(moved);
        }
    }
    Err(not_told_apart(&planned.from, &target.to))
}

/// Whether the source of a move may go, if the target is what an earlier run has written.
pub(super) async fn is_proved(
    shared: &Shared,
    job: &Job,
    planned: &Planned,
    target: &Location,
) -> Result<bool> {
    let pair = Pair::look(shared, job, planned, target).await?;
    Ok(pair.after_an_earlier_run(shared, job).await? == Proved::Two)
}

/// Gives a local entry another spelling of its name.
pub(super) async fn respell(job: &Job, planned: &Planned) -> Result<FileStatus> {
    let (Location::Local(from), Location::Local(to)) = (planned.from.clone(), planned.to.clone()) else {
        return Err(Error::new(Kind::Internal, format!("{} has no other spelling", planned.from)));
    };
    if job.request.dry_run {
        return Ok(FileStatus::Planned);
    }
    blocking(move || crate::local::rename(&from, &to)).await?;
    Ok(FileStatus::Done)
}

fn changed(from: &Location, to: &Location) -> Error {
    Error::new(
        Kind::Overlap,
        format!("{from} and {to} are the same: the source changed as the target was written"),
    )
    .with_hint("nothing was removed")
}

/// Why the source stays of what could not be told apart.
fn not_told_apart(from: &Location, to: &Location) -> Error {
    Error::new(Kind::Overlap, format!("it cannot be told whether {from} and {to} are the same object"))
        .with_hint("nothing was removed; remove the source yourself if you know that they are two")
}

/// Waits until what is written has another time.
async fn next_second(job: &Job) -> Result<()> {
    tokio::select! {
        () = job.cancel.cancelled() => Err(cancelled()),
        () = tokio::time::sleep(NEXT_SECOND) => Ok(()),
    }
}

/// An object's state now.
async fn there(shared: &Shared, job: &Job, place: &Remote) -> Result<State> {
    let store = shared.connections.store(&place.profile).await?;
    let pace = shared.pace(&place.profile);
    let asking = async {
        let _slot = pace.small.slot(&job.owner()).await;
        store.head(&place.bucket, &place.key, None).await
    };
    tokio::select! {
        () = job.cancel.cancelled() => Err(cancelled()),
        answer = asking => answer.map(|info| State::of(&info)),
    }
}

/// The same; `None` if it is not there.
async fn head(shared: &Shared, job: &Job, place: &Remote) -> Result<Option<State>> {
    match there(shared, job, place).await {
        Ok(state) => Ok(Some(state)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
