//! Pages of what a pane shows. A level that is read to its end comes by many requests at once, where the provider lists in
//! order; what they bring is handed out page by page, as if each had been asked for.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};

use super::blocking;
use crate::entry::{Entry, Kind, Page};
use crate::error::Result;
use crate::local;
use crate::location::{Location, Remote};
use crate::s3::{Connections, ListRequest};
use crate::walk;

/// What a token of ours begins with; the rest is the key behind which the page starts. A provider's comes in XML, which
/// has no such character.
const OWN: char = '\0';

/// What a pane reads ahead.
#[derive(Clone, Default)]
pub(super) struct Ahead(Arc<Mutex<Option<Reading>>>);

struct Reading {
    place: Remote,
    /// What the next page is asked for with.
    token: String,
    batches: mpsc::Receiver<walk::Batch>,
}

impl Ahead {
    /// A page of a place. `all`: those behind it are wanted, too.
    pub(super) async fn page(
        &self,
        connections: &Connections,
        location: Location,
        token: Option<String>,
        all: bool,
    ) -> Result<Page> {
        let mut reading = self.0.lock().await;
        let Location::Remote(place) = location else {
            *reading = None;
            return page(connections, location, token).await;
        };
        let token = match token {
            Some(own) if all && own.starts_with(OWN) => own,
            token => {
                *reading = None;
                return first(connections, place, token, all).await;
            }
        };
        let mut current = match reading.take() {
            Some(current) if current.place == place && current.token == token => current,
            _ => {
                let store = connections.store(&place.profile).await?;
                let batches = walk::level(store, place.clone(), token[OWN.len_utf8()..].to_owned());
                Reading { place, token, batches }
            }
        };
        let Some(batch) = current.batches.recv().await else { return Ok(Page::default()) };
        let entries: Vec<Entry> = batch?.into_iter().map(entry).collect();
        let next = behind(&current.place, &entries).unwrap_or_else(|| current.token.clone());
        current.token.clone_from(&next);
        *reading = Some(current);
        Ok(Page { entries, next: Some(next) })
    }

    /// Nothing more is wanted.
    pub(super) fn stop(&self) {
        // Who holds it is being stopped as well.
        if let Ok(mut reading) = self.0.try_lock() {
            *reading = None;
        }
    }
}

/// One page, asked for by itself; what it says of the next one can be read ahead from, if all is wanted.
async fn first(connections: &Connections, place: Remote, token: Option<String>, all: bool) -> Result<Page> {
    let ordered = connections.store(&place.profile).await?.lists_in_order(&place.bucket);
    let mut page = page(connections, Location::Remote(place.clone()), token).await?;
    // Where folders are among objects, servers that are taken for others have their own idea of order.
    let alike = page.entries.windows(2).all(|pair| pair[0].kind == pair[1].kind);
    if all && ordered && alike && page.next.is_some() {
        page.next = behind(&place, &page.entries).or(page.next);
    }
    Ok(page)
}

/// One page of a place.
pub(super) async fn page(
    connections: &Connections,
    location: Location,
    token: Option<String>,
) -> Result<Page> {
    match location {
        Location::Local(path) => blocking(move || local::list(&path)).await,
        Location::Profile(profile) => connections.store(&profile).await?.list_buckets(token.as_deref()).await,
        Location::Remote(remote) => {
            let store = connections.store(&remote.profile).await?;
            // A token of ours is the key behind which the page starts.
            let (token, start_after) = match token {
                Some(own) if own.starts_with(OWN) => (None, Some(own[OWN.len_utf8()..].to_owned())),
                token => (token, None),
            };
            let (bucket, prefix) = (remote.bucket, remote.key);
            let request = ListRequest { bucket, prefix, start_after, token, ..ListRequest::default() };
            store.list(&request).await
        }
    }
}

/// The token of what lies behind these entries.
fn behind(place: &Remote, entries: &[Entry]) -> Option<String> {
    let last = entries.iter().max_by(|a, b| a.name.cmp(&b.name))?;
    let key = format!("{}{}", place.key, last.name.to_string_lossy());
    let key = if last.kind == Kind::Prefix { walk::behind_folder(&key) } else { key };
    Some(format!("{OWN}{key}"))
}

fn entry(found: walk::Found) -> Entry {
    let kind = if found.relative.ends_with('/') { Kind::Prefix } else { Kind::Object };
    Entry {
        size: (kind == Kind::Object).then_some(found.size),
        modified: found.modified,
        etag: found.etag,
        storage_class: found.storage_class,
        ..Entry::new(found.relative, kind)
    }
}
