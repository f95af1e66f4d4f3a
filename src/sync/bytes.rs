//! Two files read side by side, wherever they are, and compared byte by byte.

use bytes::Bytes;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;

use super::content::{Content, Place, Proof};
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::s3::{Connections, Download, GetOptions};

/// Read at once from a disk.
const BLOCK: usize = 256 << 10;
/// Whole readings before a broken connection is told.
const TRIES: u32 = 3;

enum Reader {
    Local(File, std::path::PathBuf),
    Remote(Box<Download>),
}

impl Reader {
    async fn open(connections: &Connections, location: &Location) -> Result<Self> {
        match location {
            Location::Local(path) => {
                let file = File::open(path).await.map_err(|error| Error::local("read", path, error))?;
                Ok(Self::Local(file, path.clone()))
            }
            Location::Remote(remote) => {
                let store = connections.store(&remote.profile).await?;
                let download = store.get(&remote.bucket, &remote.key, &GetOptions::default()).await?;
                Ok(Self::Remote(Box::new(download)))
            }
            Location::Profile(profile) => Err(Error::new(Kind::Internal, format!("{profile}: is no file"))),
        }
    }

    /// The next bytes; none at the end.
    async fn next(&mut self) -> Result<Bytes> {
        match self {
            Self::Local(file, path) => {
                let mut block = bytes::BytesMut::with_capacity(BLOCK);
                file.read_buf(&mut block).await.map_err(|error| Error::local("read", path, error))?;
                Ok(block.freeze())
            }
            Self::Remote(download) => download.chunk().await.unwrap_or_else(|| Ok(Bytes::new())),
        }
    }
}

/// Compares every byte.
pub(super) async fn compare(connections: &Connections, first: &Place, second: &Place) -> Result<Content> {
    let mut tried = 1;
    loop {
        match once(connections, &first.location, &second.location).await {
            Err(error) if error.is_retryable() && tried < TRIES => tried += 1,
            Ok(true) => return Ok(Content::Same(Proof::Bytes)),
            Ok(false) => return Ok(Content::Differs(Proof::Bytes)),
            Err(error) => return Err(error),
        }
    }
}

async fn once(connections: &Connections, first: &Location, second: &Location) -> Result<bool> {
    let mut readers = [Reader::open(connections, first).await?, Reader::open(connections, second).await?];
    let mut ahead = [Bytes::new(), Bytes::new()];
    loop {
        for (reader, bytes) in readers.iter_mut().zip(&mut ahead) {
            while bytes.is_empty() {
                let next = reader.next().await?;
                if next.is_empty() {
                    break;
                }
                *bytes = next;
            }
        }
        let length = ahead[0].len().min(ahead[1].len());
        if length == 0 {
            return Ok(ahead[0].len() == ahead[1].len());
        }
        if ahead[0].split_to(length) != ahead[1].split_to(length) {
            return Ok(false);
        }
    }
}
