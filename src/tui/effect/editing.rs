//! Objects for the user's editor: fetched into a private folder, written back if they are still what they were.

use std::time::{Duration, SystemTime};

use super::super::dialog::{Base, Editing};
use super::super::message::{Content, EditEffect, EditEvent, Event, Saving, WrittenBack};
use super::{Effects, abort, blocking, copies};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Attributes, Body, Connections, GetOptions, Hasher, PutOptions, Store};

/// Between two looks at a copy that a program with a window of its own may have open.
const LOOK: Duration = Duration::from_secs(1);

impl Effects {
    /// What concerns the user's editor, but for running it, which is the loop's.
    pub(super) fn edit(&mut self, effect: EditEffect) {
        let connections = self.connections.clone();
        abort(&mut self.watching);
        match effect {
            EditEffect::Fetch(object) => {
                self.spawn(async move {
                    let editing = Box::pin(fetch(&connections, &object)).await.map(Box::new);
                    Event::Edit(EditEvent::Fetched(object, editing))
                });
            }
            EditEffect::Save(editing, saving) => {
                self.spawn(async move {
                    let saved = Box::pin(save(&connections, &editing, &saving)).await;
                    Event::Edit(EditEvent::Saved(editing, saved))
                });
            }
            EditEffect::Examine(editing, end) => {
                self.spawn(async move {
                    let content = examine(&editing).await;
                    Event::Edit(EditEvent::Examined(editing, end, content))
                });
            }
            EditEffect::Watch(editing) => {
                self.watching = Some(self.spawn(async move {
                    watch(&editing).await;
                    Event::Edit(EditEvent::Touched(editing))
                }));
            }
            EditEffect::Drop(editing) => {
                self.runtime.spawn_blocking(move || {
                    editing.base.is_some_and(|base| copies::remove(&editing.file, &base.digest))
                });
            }
            EditEffect::Keep(editing) => {
                self.runtime.spawn_blocking(move || copies::forget(&editing.file));
            }
            EditEffect::Find => {
                let state = connections.config().paths.state.clone();
                self.spawn(async move {
                    let found = blocking(move || Ok(copies::left_behind(&state))).await;
                    Event::Edit(EditEvent::Found(found.unwrap_or_default()))
                });
            }
        }
    }
}

/// What the editor has made of a copy.
async fn examine(editing: &Editing) -> Result<Content> {
    let (file, base) = (editing.file.clone(), editing.base.as_ref().map(|base| base.digest.clone()));
    blocking(move || {
        let bytes = std::fs::read(&file).map_err(|error| Error::local("read", &file, error))?;
        Ok(match base {
            Some(base) if Hasher::of(base.algorithm, &bytes) == base => Content::Same,
            _ if bytes.is_empty() => Content::Empty,
            _ => Content::Changed,
        })
    })
    .await
}

/// Ends when a copy has been changed, and is not being changed any more.
async fn watch(editing: &Editing) {
    let mut before = stamp(editing).await;
    loop {
        tokio::time::sleep(LOOK).await;
        let now = stamp(editing).await;
        let is_settled = now.is_some() && std::mem::replace(&mut before, now) == now;
        // Editors may empty a file first, or put another one into its place.
        if is_settled && matches!(examine(editing).await, Ok(Content::Changed)) {
            return;
        }
    }
}

/// What tells that a copy is written to: its size, and when it was written last.
async fn stamp(editing: &Editing) -> Option<(u64, Option<SystemTime>)> {
    let found = tokio::fs::metadata(&editing.file).await.ok()?;
    Some((found.len(), found.modified().ok()))
}

/// Fetches an object into a folder of its own, under its own name: editors tell by that what it is.
async fn fetch(connections: &Connections, object: &Remote) -> Result<Editing> {
    let store = connections.store(&object.profile).await?;
    let mut download = store.get(&object.bucket, &object.key, &GetOptions::default()).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = download.chunk().await {
        bytes.extend_from_slice(&chunk?);
    }
    let info = download.info;
    let tags = store.tags_beside(&info, &object.bucket, &object.key, None).await?;
    let attributes = Attributes { tags, ..info.attributes };
    let digest = Hasher::of(store.algorithm(), &bytes);
    let place = Location::Remote(object.clone());
    let state = connections.config().paths.state.clone();
    let base = Some(Base { etag: info.etag, attributes, digest });
    blocking(move || {
        let file = copies::write(&state, &place, &bytes)?;
        let editing = Editing { place, file, base };
        copies::note(&editing)?;
        Ok(editing)
    })
    .await
}

/// Writes an edited object back if there is something new to write. The copy goes then, unless it has become something
/// else meanwhile; after a failure it stays.
async fn save(connections: &Connections, editing: &Editing, saving: &Saving) -> Result<WrittenBack> {
    let (Location::Remote(object), Some(base)) = (&editing.place, &editing.base) else {
        return Err(Error::new(Kind::Internal, "only objects are written back"));
    };
    let file = editing.file.clone();
    let bytes =
        blocking(move || std::fs::read(&file).map_err(|error| Error::local("read", &file, error))).await?;
    let store = connections.store(&object.profile).await?;
    let digest = Hasher::of(base.digest.algorithm, &bytes);
    let is_asked = matches!(saving, Saving::Overwrite | Saving::As(_));
    let new = digest != base.digest || is_asked;
    let etag = if new { write(&store, object, base, bytes, saving).await? } else { base.etag.clone() };
    let mut written = editing.clone();
    written.base = Some(Base { etag, digest: digest.clone(), ..base.clone() });
    let is_open = *saving == Saving::WhileOpen;
    blocking(move || {
        if !is_open && copies::remove(&written.file, &digest) {
            return Ok(WrittenBack { new, kept: false });
        }
        copies::note(&written)?;
        Ok(WrittenBack { new, kept: true })
    })
    .await
}

/// Returns the new ETag.
async fn write(
    store: &Store,
    object: &Remote,
    base: &Base,
    bytes: Vec<u8>,
    saving: &Saving,
) -> Result<String> {
    let mut attributes = base.attributes.clone();
    if store.encrypts() {
        attributes.sse = None;
    }
    let options = PutOptions {
        attributes,
        digest: Some(Hasher::of(base.digest.algorithm, &bytes)),
        ..PutOptions::default()
    };
    let put = |key: &str, options: PutOptions| {
        let (key, body) = (key.to_owned(), Body::from_bytes(bytes.clone()));
        async move { store.put(&object.bucket, &key, body, &options).await.map(|written| written.etag) }
    };
    match saving {
        Saving::Overwrite => put(&object.key, options).await,
        Saving::As(key) => put(key, PutOptions { if_none_match: true, ..options }).await,
        Saving::IfUnchanged | Saving::WhileOpen => {
            // Not every provider looks at the condition; one that does not is asked first.
            let now = store.head(&object.bucket, &object.key, None).await;
            let same = match &now {
                Ok(info) => info.etag == base.etag,
                Err(error) if error.kind() == Kind::NotFound => false,
                Err(error) => return Err(error.clone()),
            };
            if !same {
                return Err(changed(object));
            }
            let if_match = Some(base.etag.clone()).filter(|etag| !etag.is_empty());
            match put(&object.key, PutOptions { if_match, ..options.clone() }).await {
                Err(error) if matches!(error.kind(), Kind::Exists | Kind::Changed) => Err(changed(object)),
                Err(error) if error.kind() == Kind::Unsupported => put(&object.key, options).await,
                other => other,
            }
        }
    }
}

fn changed(object: &Remote) -> Error {
    Error::new(Kind::Changed, format!("{object} was changed or deleted by somebody else meanwhile"))
        .with_hint("overwrite it, or save yours under another key")
}
