//! What an interrupted run of the same request has moved already: the journal says what was finished, the target has
//! the last word.

use std::collections::HashMap;

use super::engine::Shared;
use super::job::Job;
use super::plan::{Planned, blocking};
use super::types::{OnConflict, Verb, Verified};
use crate::error::{Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Algorithm, Digest, Hasher};
use crate::walk;

/// Files larger than this are known to the journal part by part.
const SMALL: u64 = 32 << 20;

/// The objects below the targets of a request's trees: sizes and ETags by location. Empty if nothing is resumed.
#[derive(Debug, Default)]
pub(super) struct There {
    objects: HashMap<Remote, (u64, String)>,
    resumed: bool,
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
        Self { objects, resumed: true }
    }

    /// Where a file is already, and how that is proved; `None` if it has to be moved.
    pub(super) async fn has(
        &self,
        shared: &Shared,
        job: &Job,
        planned: &Planned,
    ) -> Result<Option<(Location, Verified)>> {
        if !self.resumed {
            return Ok(None);
        }
        let noted = job.moved_to(&planned.from);
        // A name that was chosen anew, or by whom was asked, is only where it was written down.
        let was_finished = job.was_finished(planned) && (noted.is_some() || job.request.verb == Verb::Copy);
        let to = match noted {
            Some(to) => to,
            None if job.request.on_conflict == OnConflict::Rename => return Ok(None),
            None => planned.to.clone(),
        };
        let proof = self.proof(shared, planned, &to, was_finished).await?;
        Ok(proof.map(|proof| (to, proof)))
    }

    async fn proof(
        &self,
        shared: &Shared,
        planned: &Planned,
        to: &Location,
        was_finished: bool,
    ) -> Result<Option<Verified>> {
        let size = planned.size.unwrap_or(0);
        match to {
            Location::Local(path) if was_finished => {
                let path = path.clone();
                let there = blocking(move || Ok(path.symlink_metadata().ok())).await?;
                Ok(there.filter(|data| data.is_file() && data.len() == size).map(|_| Verified::Size))
            }
            Location::Remote(place) => {
                let Some((there, etag)) = self.object(shared, place, was_finished).await? else {
                    return Ok(None);
                };
                if there != size {
                    return Ok(None);
                }
                if was_finished {
                    return Ok(Some(Verified::Size));
                }
                Ok(same_bytes(planned, &etag).await?.then_some(Verified::Md5))
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
