//! What an interrupted run of the same request has moved already: the journal says what was finished, the target has
//! the last word.

use std::collections::HashMap;
use std::fs::Metadata;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::conflict;
use super::engine::Shared;
use super::job::Job;
use super::journal::{Mark, absolute};
use super::plan::{Planned, blocking};
use super::types::{OnConflict, Verb, Verified};
use crate::error::{Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Algorithm, Digest, Hasher};
use crate::walk;

/// Files larger than this are known to the journal part by part.
const SMALL: u64 = 32 << 20;
/// FAT counts every other second.
const COARSEST: Duration = Duration::from_secs(2);

/// The objects below the targets of a request's trees: sizes and ETags by location. Empty if nothing is resumed.
#[derive(Debug, Default)]
pub(super) struct There {
    objects: HashMap<Remote, (u64, String)>,
}

/// What the journal says of one file.
enum Told {
    /// That it has arrived.
    Done(Mark),
    /// Which name was chosen for it, whether or not it got that far.
    Chosen,
    Nothing,
}

impl Told {
    /// Where it has arrived, if that does not go without saying.
    fn target(&self) -> Option<Location> {
        if let Self::Done(mark) = self { mark.target.clone() } else { None }
    }
}

impl There {
    /// Looks, if an earlier run got anywhere. What cannot be listed is moved again.
    pub(super) async fn look(shared: &Shared, job: &Job) -> Self {
        if !job.has_finished_files() {
            return Self::default();
        }
        let mut objects = HashMap::new();
        for item in job.request.items.iter().filter(|item| item.tree) {
            let Location::Remote(root) = &item.to else { continue };
            let Ok(store) = shared.connections.store(&root.profile).await else { continue };
            let mut batches = walk::remote(store, root.clone());
            while let Some(Ok(batch)) = batches.recv().await {
                for found in batch {
                    if let Location::Remote(place) = found.location {
                        let etag = found.etag.map(String::from).unwrap_or_default();
                        objects.insert(place, (found.size, etag));
                    }
                }
            }
        }
        Self { objects }
    }

    /// Where a file is already, and how that is proved; `None` if it has to be moved.
    pub(super) async fn has(
        &self,
        shared: &Shared,
        job: &Job,
        planned: &Planned,
    ) -> Result<Option<(Location, Verified)>> {
        if let Some(to) = &planned.arrived {
            if !conflict::is_as_planned(shared, planned).await? {
                return Ok(None);
            }
            let proof = self.proof(shared, planned, to, &Told::Done(Mark::default())).await?;
            return Ok(proof.map(|proof| (to.clone(), proof)));
        }
        if !job.has_finished_files() {
            return Ok(None);
        }
        let moved = job.moved_to(&planned.from);
        // A move says where to before its source goes.
        let done = job.finished(planned).filter(|_| moved.is_some() || job.request.verb == Verb::Copy);
        let chosen = job.chosen_for(&planned.from);
        let told = match done {
            Some(mark) => Told::Done(mark),
            None if chosen.is_some() => Told::Chosen,
            None => Told::Nothing,
        };
        // A name that was chosen anew, or by whom was asked, is only where it was written down.
        let noted = moved.or_else(|| told.target()).or(chosen);
        let to = match noted {
            Some(to) if to == absolute(&planned.to) => planned.to.clone(),
            Some(to) => to,
            None if job.request.on_conflict == OnConflict::Rename => return Ok(None),
            None => planned.to.clone(),
        };
        let proof = self.proof(shared, planned, &to, &told).await?;
        Ok(proof.map(|proof| (to, proof)))
    }

    /// How it is proved that a file is at `to`.
    async fn proof(
        &self,
        shared: &Shared,
        planned: &Planned,
        to: &Location,
        told: &Told,
    ) -> Result<Option<Verified>> {
        let size = planned.size.unwrap_or(0);
        let says_something = !matches!(told, Told::Nothing);
        match to {
            Location::Local(path) if says_something => {
                let (path, modified) = (path.clone(), planned.modified);
                let there = blocking(move || Ok(path.symlink_metadata().ok())).await?;
                // It has got its time before its name.
                let most = if matches!(told, Told::Done(_)) { COARSEST } else { Duration::ZERO };
                let is_ours = |data: &Metadata| {
                    data.is_file() && data.len() == size && same_time(data.modified().ok(), modified, most)
                };
                Ok(there.filter(is_ours).map(|_| Verified::Size))
            }
            Location::Remote(place) => {
                let there = self.object(shared, place, says_something).await?;
                let Some((_, etag)) = there.filter(|(there, _)| *there == size) else { return Ok(None) };
                match told {
                    Told::Done(Mark { etag: Some(ours), .. }) if *ours != etag => Ok(None),
                    Told::Done(_) => Ok(Some(Verified::Size)),
                    _ => Ok(same_bytes(planned, &etag).await?.then_some(Verified::Md5)),
                }
            }
            _ => Ok(None),
        }
    }

    async fn object(&self, shared: &Shared, place: &Remote, ask: bool) -> Result<Option<(u64, String)>> {
        if let Some(known) = self.objects.get(place) {
            return Ok(Some(known.clone()));
        }
        if !ask {
            return Ok(None);
        }
        let store = shared.connections.store(&place.profile).await?;
        match store.head(&place.bucket, &place.key, None).await {
            Ok(info) => Ok(Some((info.size, info.etag))),
            Err(error) if error.kind() == Kind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether a file still has the time that it was given, but for `most`.
fn same_time(there: Option<SystemTime>, given: Option<Timestamp>, most: Duration) -> bool {
    let given = given.and_then(|time| SystemTime::try_from(time).ok());
    let (Some(there), Some(given)) = (there, given) else { return true };
    let apart = there.duration_since(given).unwrap_or_else(|earlier| earlier.duration());
    apart <= most
}

/// Whether a small file whose arrival was not written down any more has arrived all the same.
async fn same_bytes(planned: &Planned, etag: &str) -> Result<bool> {
    let (Location::Local(path), Some(theirs)) = (&planned.from, Digest::from_etag(etag)) else {
        return Ok(planned.etag.as_deref() == Some(etag) && !etag.is_empty());
    };
    if planned.size.unwrap_or(0) > SMALL {
        return Ok(false);
    }
    let path = path.clone();
    blocking(move || {
        let ours = std::fs::read(&path).map(|bytes| Hasher::of(Algorithm::Md5, &bytes));
        Ok(ours.is_ok_and(|ours| ours == theirs))
    })
    .await
}
