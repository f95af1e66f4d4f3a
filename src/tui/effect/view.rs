//! Parts of files and objects, for the viewer.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use crate::action::Action;
use crate::config::Keys;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::preview::Unpacked;
use crate::s3::{Connections, GetOptions};
use crate::tui::dialog::{Chunk, Unpacking, Wanted};
use crate::tui::message::Event;

pub(super) async fn fetch(connections: &Connections, wanted: &Wanted) -> Result<Chunk> {
    let wanted = wanted.clone();
    match &wanted.location {
        Location::Remote(remote) => object(connections, remote, &wanted).await,
        Location::Local(path) => {
            let path = path.clone();
            super::blocking(move || file(&path, &wanted)).await
        }
        Location::Profile(_) => Err(Error::new(Kind::Internal, "a profile has no bytes")),
    }
}

pub(super) async fn unpack(connections: &Connections, wanted: Box<Wanted>, unpacking: &Unpacking) -> Event {
    let found = unpacked(connections, &wanted, unpacking).await;
    Event::Unpacked(wanted, found)
}

/// Unpacks a part. What it needs for that is fetched once: who still wants it asks again.
async fn unpacked(connections: &Connections, wanted: &Wanted, unpacking: &Unpacking) -> Result<Unpacked> {
    let further = || {
        let (wanted, unpacking) = (wanted.clone(), unpacking.clone());
        super::blocking(move || Ok(unpacking.unpack(&wanted)))
    };
    let start = match further().await? {
        Unpacked::Needs(start) => start,
        found => return Ok(found),
    };
    let end = unpacking.size.min(start + wanted.range.end - wanted.range.start);
    let packed = fetch(connections, &Wanted { range: start..end, ..wanted.clone() }).await?;
    unpacking.feed(start, packed.bytes);
    further().await
}

async fn object(connections: &Connections, remote: &Remote, wanted: &Wanted) -> Result<Chunk> {
    let store = connections.store(&remote.profile).await?;
    let options = GetOptions {
        range: Some(wanted.range.clone()),
        if_match: wanted.etag.clone(),
        version_id: wanted.version.clone(),
        ..GetOptions::default()
    };
    let got = store.get(&remote.bucket, &remote.key, &options).await;
    let mut download = got.map_err(|error| with_key(&connections.config().keys, error))?;
    let mut bytes = Vec::new();
    while let Some(chunk) = download.chunk().await {
        bytes.extend_from_slice(&chunk?);
    }
    let etag = Some(download.info.etag.clone()).filter(|etag| !etag.is_empty());
    Ok(Chunk { bytes, size: download.info.size, etag })
}

/// In the browser a key helps where a command does elsewhere.
fn with_key(keys: &Keys, error: Error) -> Error {
    let (action, helps) = match error.kind() {
        Kind::Changed => (Action::ViewerReload, "reads it anew"),
        Kind::Unsupported if error.message().contains("InvalidObjectState") => {
            (Action::StorageClass, "in the pane restores it: it is archived")
        }
        _ => return error,
    };
    let key = keys.label(action);
    if key.is_empty() { error } else { error.with_hint(format!("{key} {helps}")) }
}

fn file(path: &Path, wanted: &Wanted) -> Result<Chunk> {
    let failed = |error| Error::local("read", path, error);
    // A pipe would block the open, and what is behind one is not a file to look at.
    let data = std::fs::metadata(path).map_err(failed)?;
    if !data.is_file() {
        return Err(Error::new(Kind::Unsupported, format!("{} is not a regular file", path.display())));
    }
    let mut file = std::fs::File::open(path).map_err(failed)?;
    file.seek(SeekFrom::Start(wanted.range.start)).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(wanted.range.end - wanted.range.start).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Chunk { bytes, size: data.len(), etag: None })
}
