//! What is left of requests that nobody goes on with: their unfinished uploads, their `.part` files, their records.

use super::engine::Shared;
use super::journal::{Leftover, Unfinished, in_full};
use super::plan;
use super::types::Request;
use crate::error::{Error, Result};
use crate::location::{Location, Remote};
use crate::s3::Upload;

/// Cleans up what a request left that is in the journal.
pub(super) async fn clean_up(shared: &Shared, id: &str) -> Result<()> {
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

/// What was asked for is done: cleans up what others that were to do it left unfinished.
pub(super) async fn supersede(shared: &Shared, done: &Request) {
    let (journal, done) = (shared.journal.clone(), in_full(done));
    let others = plan::blocking(move || {
        let same = |one: &Unfinished| {
            let request = &one.request;
            !one.busy && (request.is_like(&done) || (done.trees.is_some() && request.trees == done.trees))
        };
        Ok(journal.unfinished().into_iter().filter(same).collect::<Vec<_>>())
    });
    for one in others.await.unwrap_or_default() {
        if let Err(error) = clean_up(shared, &one.id).await {
            tracing::warn!(%error, "an unfinished transfer left something behind");
        }
    }
}
