//! Parts of files and objects, for the viewer.

use std::fs::{File, FileType};
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use crate::action::Action;
use crate::config::Keys;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::preview::Unpacked;
use crate::s3::{Connections, GetOptions};
use crate::tui::dialog::{Chunk, Unpacking, Wanted};
use crate::tui::message::Event;

/// Bytes read at most of a file that does not say how many it has.
const LARGEST_UNSIZED: u64 = 4 << 20;

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

/// What it is, if it is no regular file.
fn sort(kind: FileType) -> Option<&'static str> {
    let sorts = [
        (kind.is_dir(), "a folder"),
        (kind.is_fifo(), "a named pipe (FIFO)"),
        (kind.is_socket(), "a socket"),
        (kind.is_char_device(), "a character device"),
        (kind.is_block_device(), "a block device"),
        (!kind.is_file(), "not a regular file"),
    ];
    sorts.into_iter().find(|(is, _)| *is).map(|(_, sort)| sort)
}

/// A file that says that it is empty: those of `/proc` do, and hold something. They are small, and read from the
/// beginning only.
fn unsized_file(file: File, wanted: &Wanted) -> std::io::Result<Chunk> {
    let mut bytes = Vec::new();
    file.take(LARGEST_UNSIZED).read_to_end(&mut bytes)?;
    let size = bytes.len() as u64;
    let start = usize::try_from(wanted.range.start).map_or(bytes.len(), |start| start.min(bytes.len()));
    bytes.drain(..start);
    Ok(Chunk { bytes, size, etag: None })
}

fn file(path: &Path, wanted: &Wanted) -> Result<Chunk> {
    let failed = |error| Error::local("read", path, error);
    // A pipe would block the open, and what is behind one is not a file to look at.
    let data = std::fs::metadata(path).map_err(failed)?;
    if let Some(sort) = sort(data.file_type()) {
        return Err(Error::new(
            Kind::Unsupported,
            format!("{} is {sort}: it cannot be viewed", path.display()),
        ));
    }
    let mut file = File::open(path).map_err(failed)?;
    if data.len() == 0 {
        return unsized_file(file, wanted).map_err(failed);
    }
    file.seek(SeekFrom::Start(wanted.range.start)).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(wanted.range.end - wanted.range.start).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Chunk { bytes, size: data.len(), etag: None })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn wanted(path: &Path, range: std::ops::Range<u64>) -> Wanted {
        Wanted { view: 1, location: Location::Local(path.into()), version: None, range, etag: None }
    }

    #[test]
    fn a_special_file_is_said_to_be_one_and_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (pipe, link) = (folder.path().join("pipe"), folder.path().join("link"));
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        symlink(&pipe, &link).unwrap();
        let socket = folder.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for (path, sort) in [(&pipe, "a named pipe"), (&link, "a named pipe"), (&socket, "a socket")] {
            let error = file(path, &wanted(path, 0..100)).unwrap_err();
            assert!(error.to_string().contains(sort), "{error}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_says_it_is_empty_is_read() {
        let path = Path::new("/proc/version");
        let chunk = file(path, &wanted(path, 0..10)).unwrap();
        assert!(chunk.bytes.starts_with(b"Linux") && chunk.size == chunk.bytes.len() as u64);
        let rest = file(path, &wanted(path, 5..chunk.size)).unwrap();
        assert_eq!(rest.bytes, chunk.bytes[5..]);
    }
}
