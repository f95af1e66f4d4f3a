//! Deleting files, objects, and all that is below folders, prefixes and buckets.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Target, remote, whole_profile};
use crate::error::{Error, Kind, Result};
use crate::local;
use crate::location::{Location, Remote};
use crate::s3::{Connections, ObjectId};

/// Is told of delete markers that were made, and in which bucket.
pub type Marked<'a> = &'a (dyn Fn(&Remote, Vec<ObjectId>) + Send + Sync);

/// Deletes the targets, objects by the thousand; `deleted` counts up as it goes. Returns what could not be deleted.
pub async fn delete(
    connections: &Connections,
    targets: &[Target],
    deleted: &AtomicU64,
    marked: Marked<'_>,
) -> Vec<(Location, Error)> {
    let mut failed = Vec::new();
    for target in targets {
        let result = match &target.location {
            Location::Profile(profile) => Err(whole_profile(profile)),
            Location::Local(path) => {
                let path = path.clone();
                let done = tokio::task::spawn_blocking(move || local::delete(&path)).await;
                done.unwrap_or_else(|error| Err(Error::new(Kind::Internal, error.to_string()))).inspect(
                    |()| {
                        deleted.fetch_add(1, Ordering::Relaxed);
                    },
                )
            }
            Location::Remote(place) => {
                delete_remote(connections, place, target.tree, (deleted, marked), &mut failed).await
            }
        };
        if let Err(error) = result {
            failed.push((target.location.clone(), error));
        }
    }
    failed
}

async fn delete_remote(
    connections: &Connections,
    place: &Remote,
    tree: bool,
    (deleted, marked): (&AtomicU64, Marked<'_>),
    failed: &mut Vec<(Location, Error)>,
) -> Result<()> {
    let store = connections.store(&place.profile).await?;
    if !tree {
        if let Some(id) = store.delete(&place.bucket, &place.key, None).await? {
            marked(place, vec![ObjectId { key: place.key.clone(), version_id: Some(id) }]);
        }
        deleted.fetch_add(1, Ordering::Relaxed);
        return Ok(());
    }
    let before = failed.len();
    let mut batches = remote(store.clone(), place.clone());
    while let Some(batch) = batches.recv().await {
        let objects: Vec<ObjectId> = batch?
            .into_iter()
            .map(|found| ObjectId::newest(&format!("{}{}", place.key, found.relative)))
            .collect();
        let told = store.delete_objects(&place.bucket, &objects, true).await;
        deleted.fetch_add((objects.len() - told.failed.len()) as u64, Ordering::Relaxed);
        if !told.markers.is_empty() {
            marked(place, told.markers);
        }
        let at = |key: String| Location::Remote(Remote { key, ..place.clone() });
        failed.extend(told.failed.into_iter().map(|(object, error)| (at(object.key), error)));
    }
    if place.key.is_empty() && failed.len() == before {
        store.delete_bucket(&place.bucket).await?;
    }
    Ok(())
}
