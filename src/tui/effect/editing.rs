//! Objects for the user's editor: fetched into a private folder, written back if they are still what they were.

use std::path::Path;

use super::super::dialog::{Base, Editing};
use super::super::message::Saving;
use super::blocking;
use crate::config::paths::make_private;
use crate::error::{Error, Kind, Result};
use crate::local::name_key;
use crate::location::{Location, Remote};
use crate::s3::{Attributes, Body, Connections, GetOptions, Hasher, PutOptions, Store};

/// Fetches an object into a folder of its own, under its own name: editors tell by that what it is.
pub(super) async fn fetch(connections: &Connections, object: &Remote) -> Result<Editing> {
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
    let name = name_key(&place.name()).into_owned();
    let folder = connections.config().paths.state.join("edits");
    let file = blocking(move || {
        make_private(&folder)?;
        let failed = |error| Error::local("write to", &folder, error);
        let own = tempfile::Builder::new().prefix("edit-").tempdir_in(&folder).map_err(failed)?;
        let file = own.path().join(Path::new(&name).file_name().unwrap_or("object".as_ref()));
        std::fs::write(&file, bytes).map_err(|error| Error::local("write", &file, error))?;
        // It goes when it is written back, not before.
        let _ = own.keep();
        Ok(file)
    });
    Ok(Editing { place, file: file.await?, base: Some(Base { etag: info.etag, attributes, digest }) })
}

/// Writes an edited object back; false if there is nothing new to write. The copy goes then; after a failure it stays.
pub(super) async fn save(connections: &Connections, editing: &Editing, saving: &Saving) -> Result<bool> {
    let (Location::Remote(object), Some(base)) = (&editing.place, &editing.base) else {
        return Err(Error::new(Kind::Internal, "only objects are written back"));
    };
    let file = editing.file.clone();
    let bytes =
        blocking(move || std::fs::read(&file).map_err(|error| Error::local("read", &file, error))).await?;
    let store = connections.store(&object.profile).await?;
    let digest = Hasher::of(base.digest.algorithm, &bytes);
    let new = digest != base.digest || *saving != Saving::IfUnchanged;
    if new {
        write(&store, object, base, bytes, saving).await?;
    }
    let file = editing.file.clone();
    // What cannot be removed is out of the way all the same.
    let _ = blocking(move || Ok(file.parent().map(std::fs::remove_dir_all))).await;
    Ok(new)
}

async fn write(store: &Store, object: &Remote, base: &Base, bytes: Vec<u8>, saving: &Saving) -> Result<()> {
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
        async move { store.put(&object.bucket, &key, body, &options).await.map(drop) }
    };
    match saving {
        Saving::Overwrite => put(&object.key, options).await,
        Saving::As(key) => put(key, PutOptions { if_none_match: true, ..options }).await,
        Saving::IfUnchanged => {
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
