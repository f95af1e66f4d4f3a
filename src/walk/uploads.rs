//! Unfinished multipart uploads below a place: finding them, what they hold, aborting many. Decides nothing about
//! which of them are worth keeping.

use std::time::Duration;

use futures_util::{Stream, StreamExt as _};
use jiff::Timestamp;
use tokio::sync::mpsc::{self, Sender};

use super::AHEAD;
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::s3::{Connections, Store, Upload, UploadList};

/// Buckets of a profile that are asked at once.
const BUCKETS: usize = 8;
/// Aborts in flight.
const ABORTS: usize = 16;

/// Some unfinished uploads, or a bucket that could not be read (the others go on).
pub type Batch = Result<Vec<Upload>>;

/// Nobody listens any more.
struct Unheard;

/// What an unfinished upload holds: it is paid for until it is completed or aborted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Parts that have arrived.
    pub parts: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Every unfinished upload whose key begins with a place's; of a profile those of all its buckets, bucket by bucket.
/// The walk ends when the receiver is dropped.
pub fn below(connections: Connections, place: Location) -> mpsc::Receiver<Batch> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        if let Err(error) = find(&connections, place, &sender).await {
            let _ = sender.send(Err(error)).await;
        }
    });
    receiver
}

async fn find(connections: &Connections, place: Location, sender: &Sender<Batch>) -> Result<()> {
    // That nobody listens ends the walk and is no failure.
    match place {
        Location::Local(path) => {
            let path = path.display();
            return Err(Error::new(Kind::Usage, format!("{path} is not at a provider"))
                .with_hint("write PROFILE:BUCKET/PREFIX, or PROFILE: for all its buckets"));
        }
        Location::Remote(root) => {
            let store = connections.store(&root.profile).await?;
            let first = store.list_uploads(&root.bucket, &root.key, None).await;
            let _ = pages(&store, &root.bucket, &root.key, first, sender).await;
        }
        Location::Profile(profile) => {
            let store = connections.store(&profile).await?;
            let mut token = None;
            loop {
                let page = store.list_buckets(token.as_deref()).await?;
                let names = page.entries.into_iter().map(|entry| entry.name.to_string_lossy().into_owned());
                if buckets(&store, names.collect(), sender).await.is_err() || page.next.is_none() {
                    break;
                }
                token = page.next;
            }
        }
    }
    Ok(())
}

/// The first pages of several buckets come at once: most have no second one. In the order of the buckets.
async fn buckets(store: &Store, names: Vec<String>, sender: &Sender<Batch>) -> Result<(), Unheard> {
    let asked = names.into_iter().map(|bucket| {
        let store = store.clone();
        async move {
            let first = store.list_uploads(&bucket, "", None).await;
            (bucket, first)
        }
    });
    let mut answers = futures_util::stream::iter(asked).buffered(BUCKETS);
    while let Some((bucket, first)) = answers.next().await {
        pages(store, &bucket, "", first, sender).await?;
    }
    Ok(())
}

/// Hands on the first page and all that follow it.
async fn pages(
    store: &Store,
    bucket: &str,
    prefix: &str,
    first: Result<UploadList>,
    sender: &Sender<Batch>,
) -> Result<(), Unheard> {
    let mut answer = first;
    loop {
        let (batch, next) = match answer {
            Ok(page) => (Ok(page.uploads), page.next),
            Err(error) => (Err(error), None),
        };
        sender.send(batch).await.map_err(|_| Unheard)?;
        let Some(token) = next else { return Ok(()) };
        answer = store.list_uploads(bucket, prefix, Some(&token)).await;
    }
}

/// What an upload holds, as the provider counts it.
pub async fn held(store: &Store, upload: &Upload) -> Result<Held> {
    let parts = store.list_parts(upload).await?;
    Ok(Held { parts: parts.len() as u64, bytes: parts.iter().map(|part| part.size).sum() })
}

/// What each upload holds, `at_once` of them asked at a time, in the given order.
pub fn all_held(
    store: Store,
    uploads: Vec<Upload>,
    at_once: usize,
) -> impl Stream<Item = (Upload, Result<Held>)> + Send {
    let asked = uploads.into_iter().map(move |upload| {
        let store = store.clone();
        async move {
            let held = held(&store, &upload).await;
            (upload, held)
        }
    });
    futures_util::stream::iter(asked).buffered(at_once)
}

/// Aborts uploads, several at a time. What came with an upload comes out when it is gone, or with why it is not.
pub fn abort<T: Send>(
    store: Store,
    uploads: impl IntoIterator<Item = (T, Upload), IntoIter: Send>,
) -> impl Stream<Item = (T, Result<()>)> + Send {
    let asked = uploads.into_iter().map(move |(with, upload)| {
        let store = store.clone();
        async move { (with, store.abort_upload(&upload).await) }
    });
    futures_util::stream::iter(asked).buffer_unordered(ABORTS)
}

/// How long ago an upload was begun; `None` where the provider does not say. A clock that is ahead makes it new.
pub fn age(upload: &Upload, now: Timestamp) -> Option<Duration> {
    let age = now.duration_since(upload.started?);
    Some(Duration::try_from(age).unwrap_or_default())
}
