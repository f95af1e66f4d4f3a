//! Versions below a place: all of them, those whose removal brings deleted keys back, and their deletion.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::{self, Sender};

use super::AHEAD;
use crate::error::{Error, Result};
use crate::location::Remote;
use crate::s3::{ObjectId, Store, Version};

/// Some versions, of each key the newest first; an error ends the walk.
pub type Batch = Result<Vec<Version>>;

/// Which keys are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// The exact key, or the prefix.
    pub root: Remote,
    /// Every key that begins with it.
    pub tree: bool,
}

/// Every version and delete marker of the keys that are meant. The walk ends when the receiver is dropped.
pub fn all(store: Store, scope: Scope) -> mpsc::Receiver<Batch> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        if let Err(error) = pages(&store, &scope, &sender).await {
            let _ = sender.send(Err(error)).await;
        }
    });
    receiver
}

async fn pages(store: &Store, scope: &Scope, sender: &Sender<Batch>) -> Result<()> {
    let Scope { root, tree } = scope;
    let mut from = None;
    loop {
        let mut page = store.versions(&root.bucket, &root.key, from.as_ref()).await?;
        // The key itself comes before all that begin with it.
        let passed = !tree && store.provider().ordered && page.versions.iter().any(|v| v.key != root.key);
        if !tree {
            page.versions.retain(|version| version.key == root.key);
        }
        from = page.next.filter(|_| !passed);
        // That nobody listens ends the walk and is no failure.
        if sender.send(Ok(page.versions)).await.is_err() || from.is_none() {
            return Ok(());
        }
    }
}

/// The delete markers whose removal brings deleted keys back: those above the newest state that has bytes. A key of
/// which nothing but markers is left cannot be brought back.
pub fn deletions(store: Store, scope: Scope) -> mpsc::Receiver<Result<Vec<ObjectId>>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let mut batches = all(store, scope);
        let mut hiding = Hiding::default();
        while let Some(batch) = batches.recv().await {
            let found = batch.map(|versions| versions.iter().flat_map(|v| hiding.pass(v)).collect());
            if sender.send(found).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// The markers of the key that is passing.
#[derive(Default)]
struct Hiding {
    key: String,
    markers: Vec<ObjectId>,
    /// A state with bytes has passed.
    settled: bool,
}

impl Hiding {
    /// Takes the next version; returns markers that turn out to hide something.
    fn pass(&mut self, version: &Version) -> Vec<ObjectId> {
        if version.key != self.key || version.latest {
            *self = Self { key: version.key.clone(), ..Self::default() };
        }
        if self.settled {
            return Vec::new();
        }
        if version.object.is_none() {
            self.markers.push(version.object_id());
            return Vec::new();
        }
        self.settled = true;
        std::mem::take(&mut self.markers)
    }
}

/// Deletes these versions for good; `deleted` counts up as it goes. Returns what could not be deleted.
pub async fn delete(
    store: &Store,
    bucket: &str,
    versions: &[ObjectId],
    deleted: &AtomicU64,
) -> Vec<(ObjectId, Error)> {
    let failed = store.delete_objects(bucket, versions, false).await.failed;
    deleted.fetch_add((versions.len() - failed.len().min(versions.len())) as u64, Ordering::Relaxed);
    failed
}

/// Deletes every version and delete marker of the keys that are meant, for good.
///
/// # Errors
/// The versions cannot be listed.
pub async fn purge(store: &Store, scope: Scope, deleted: &AtomicU64) -> Result<Vec<(ObjectId, Error)>> {
    let bucket = scope.root.bucket.clone();
    let (mut failed, mut batches) = (Vec::new(), all(store.clone(), scope));
    while let Some(batch) = batches.recv().await {
        let versions: Vec<ObjectId> = batch?.iter().map(Version::object_id).collect();
        failed.extend(delete(store, &bucket, &versions, deleted).await);
    }
    Ok(failed)
}

/// Brings back deleted keys that are meant, by removing their delete markers; `restored` counts keys that were hidden by
/// at least one. Returns what could not be brought back.
///
/// # Errors
/// The versions cannot be listed.
pub async fn undelete(store: &Store, scope: Scope, restored: &AtomicU64) -> Result<Vec<(ObjectId, Error)>> {
    let bucket = scope.root.bucket.clone();
    let (mut failed, mut batches) = (Vec::new(), deletions(store.clone(), scope));
    while let Some(batch) = batches.recv().await {
        let markers = batch?;
        let bad = store.delete_objects(&bucket, &markers, false).await.failed;
        let mut keys: Vec<&str> = markers.iter().map(|marker| marker.key.as_str()).collect();
        keys.dedup();
        keys.retain(|key| bad.iter().all(|(marker, _)| marker.key != *key));
        restored.fetch_add(keys.len() as u64, Ordering::Relaxed);
        failed.extend(bad);
    }
    Ok(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::Stored;

    fn version(key: &str, id: &str, latest: bool, live: bool) -> Version {
        let object = live.then(Stored::default);
        Version { key: key.into(), id: id.into(), latest, modified: None, object }
    }

    #[test]
    fn markers_hide_only_what_has_bytes_below_them() {
        let versions = [
            version("a", "3", true, false),
            version("a", "2", false, false),
            version("a", "1", false, true),
            version("a", "0", false, false),
            version("b", "1", true, false),
            version("c", "2", true, true),
            version("c", "1", false, false),
        ];
        let mut hiding = Hiding::default();
        let found: Vec<ObjectId> = versions.iter().flat_map(|version| hiding.pass(version)).collect();
        let ids: Vec<_> =
            found.iter().map(|id| format!("{}{}", id.key, id.version_id.as_deref().unwrap())).collect();
        assert_eq!(ids, ["a3", "a2"]);
    }
}
