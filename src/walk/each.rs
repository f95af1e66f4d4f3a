//! One thing done to many objects, several at a time.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt as _;

use super::{Target, remote, whole_profile};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Connections, Store};

/// Objects at a time.
const AT_ONCE: usize = 8;

/// Does `work` to every object of the targets; `done` counts those that it succeeded with. Returns what failed.
pub async fn each<F, Fut>(
    connections: &Connections,
    targets: &[Target],
    done: &AtomicU64,
    work: F,
) -> Vec<(Location, Error)>
where
    F: Fn(Store, Remote) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let mut failed = Vec::new();
    for target in targets {
        if let Err(error) = one(connections, target, done, &work, &mut failed).await {
            failed.push((target.location.clone(), error));
        }
    }
    failed
}

async fn one<F, Fut>(
    connections: &Connections,
    target: &Target,
    done: &AtomicU64,
    work: &F,
    failed: &mut Vec<(Location, Error)>,
) -> Result<()>
where
    F: Fn(Store, Remote) -> Fut,
    Fut: Future<Output = Result<()>>,
{
    let root = match &target.location {
        Location::Remote(root) => root.clone(),
        Location::Profile(profile) => return Err(whole_profile(profile)),
        Location::Local(path) => {
            return Err(Error::new(Kind::Usage, format!("{} is not at a provider", path.display())));
        }
    };
    let store = connections.store(&root.profile).await?;
    if !target.tree {
        work(store, root).await?;
        done.fetch_add(1, Ordering::Relaxed);
        return Ok(());
    }
    let mut batches = remote(store.clone(), root);
    while let Some(batch) = batches.recv().await {
        let objects = batch?.into_iter().filter_map(|found| found.location.as_remote().cloned());
        let works = objects.map(|object| {
            let worked = work(store.clone(), object.clone());
            async move { (object, worked.await) }
        });
        let mut works = futures_util::stream::iter(works).buffer_unordered(AT_ONCE);
        while let Some((object, result)) = works.next().await {
            match result {
                Ok(()) => drop(done.fetch_add(1, Ordering::Relaxed)),
                Err(error) => failed.push((Location::Remote(object), error)),
            }
        }
    }
    Ok(())
}
