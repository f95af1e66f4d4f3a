//! Long work that is no transfer: one task at a time, which tells how far it is and what failed.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc::UnboundedSender;

use super::super::message::{Event, Task};
use super::{Effects, REPORT};
use crate::error::{Error, Result};
use crate::location::{Location, Remote};
use crate::s3::{Change, Connections, ObjectId, Store};
use crate::walk::{each, versions};

/// What failed, and where.
pub(super) type Failed = Vec<(Location, Error)>;

impl Effects {
    /// Starts it; it ends as a deletion does.
    pub(super) fn start(&mut self, task: Task) {
        let (connections, events) = (self.connections.clone(), self.events.clone());
        let done = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&done);
        let work = async move { Box::pin(carry_out(&connections, task, &counted)).await };
        self.deletion =
            Some(self.spawn(async move { Event::Deleted(reporting(work, &done, &events).await) }));
    }
}

/// Runs `work` and tells now and then how much is done.
pub(super) async fn reporting<T>(
    work: impl Future<Output = T>,
    done: &AtomicU64,
    events: &UnboundedSender<Event>,
) -> T {
    let tell = || {
        // Nobody listens any more: the browser ends.
        let _ = events.send(Event::Deleting(done.load(Ordering::Relaxed)));
    };
    let mut work = Box::pin(work);
    loop {
        tokio::select! {
            result = &mut work => {
                tell();
                return result;
            }
            () = tokio::time::sleep(REPORT) => tell(),
        }
    }
}

async fn carry_out(connections: &Connections, task: Task, done: &AtomicU64) -> Failed {
    match task {
        Task::DeleteVersions { at, versions } => {
            let failed = delete_versions(connections, &at, &versions, done).await;
            placed(failed, &at)
        }
        Task::Change { targets, change } => {
            let change = Arc::from(change);
            let work = |store: Store, object: Remote| {
                let change: Arc<Change> = Arc::clone(&change);
                async move { Box::pin(store.change(&object, &change, false)).await.map(drop) }
            };
            each(connections, &targets, done, work).await
        }
        Task::Restore { targets, days, speed } => {
            let work =
                |store: Store, object: Remote| async move { store.restore(&object, days, speed).await };
            each(connections, &targets, done, work).await
        }
        Task::Purge(scope) => {
            let at = scope.root.clone();
            let failed = async {
                let store = connections.store(&at.profile).await?;
                versions::purge(&store, scope, done).await
            };
            placed(failed.await, &at)
        }
    }
}

async fn delete_versions(
    connections: &Connections,
    at: &Remote,
    ids: &[ObjectId],
    done: &AtomicU64,
) -> Result<Vec<(ObjectId, Error)>> {
    let store = connections.store(&at.profile).await?;
    Ok(versions::delete(&store, &at.bucket, ids, done).await)
}

/// Failures with the places they are about; one of the whole is about `at`.
fn placed(failed: Result<Vec<(ObjectId, Error)>>, at: &Remote) -> Failed {
    let place = |key: String| Location::Remote(Remote { key, ..at.clone() });
    match failed {
        Ok(failed) => failed.into_iter().map(|(id, error)| (place(id.key), error)).collect(),
        Err(error) => vec![(place(at.key.clone()), error)],
    }
}
