//! Whether two files of one size have the same content, without moving either: by checksums that providers keep, by
//! ETags, and by hashing what is on this disk.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use super::pace::cancelled;
use super::plan::blocking;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Algorithm, Connections, Digest, Hasher, ObjectInfo, Store, multipart_etag};

const MIB: u64 = 1 << 20;
/// Read at once.
const BLOCK: usize = 1 << 20;
/// Part sizes that tools send by default or are often told to (s3cmd 15, aws and s5cmd 8 and 50, rclone 5, mc 16,
/// ours 16).
const USUAL_PARTS: [u64; 11] = [5, 8, 10, 15, 16, 25, 32, 50, 64, 100, 128];

/// What made two files the same or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proof {
    /// Their size alone.
    Size,
    /// Their ETags.
    Etag,
    /// A checksum of the whole content.
    Checksum(Algorithm),
    /// Every byte.
    Bytes,
}

impl Proof {
    /// Its word in `--json`, the checksums' by their own names.
    pub fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Etag => "etag",
            Self::Checksum(algorithm) => algorithm.name(),
            Self::Bytes => "content",
        }
    }
}

/// What is known of two contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// They are equal.
    Same(Proof),
    /// They are not.
    Differs(Proof),
    /// They cannot be compared; says why.
    Unknown(String),
}

impl Content {
    fn of(left: &Digest, right: &Digest) -> Self {
        let proof = Proof::Checksum(left.algorithm);
        if left == right { Self::Same(proof) } else { Self::Differs(proof) }
    }
}

/// Compares two files of one size, given their ETags as far as they are known. Whoever stops waiting ends it.
///
/// # Errors
/// The provider's and the disk's.
pub async fn compare(
    connections: &Connections,
    first: (&Location, Option<&str>),
    second: (&Location, Option<&str>),
) -> Result<Content> {
    match (first.0, second.0) {
        (Location::Local(left), Location::Local(right)) => {
            let left = hashed(left, Algorithm::Crc64Nvme).await?;
            Ok(Content::of(&left, &hashed(right, Algorithm::Crc64Nvme).await?))
        }
        (Location::Local(path), Location::Remote(object)) => {
            with_object(connections, path, object, second.1).await
        }
        (Location::Remote(object), Location::Local(path)) => {
            with_object(connections, path, object, first.1).await
        }
        (Location::Remote(left), Location::Remote(right)) => {
            objects(connections, (left, first.1), (right, second.1)).await
        }
        (Location::Profile(profile), _) | (_, Location::Profile(profile)) => {
            Err(Error::new(Kind::Internal, format!("{profile}: is no file")))
        }
    }
}

/// A local file and an object. The listing's ETag costs no request, and as an MD5 that fits it settles it.
async fn with_object(
    connections: &Connections,
    path: &Path,
    object: &Remote,
    listed: Option<&str>,
) -> Result<Content> {
    let store = connections.store(&object.profile).await?;
    let md5_etags = store.provider().md5_etags;
    let listed = listed.and_then(Digest::from_etag).filter(|_| md5_etags);
    let mut hashed_md5 = None;
    if let Some(listed) = &listed {
        let ours = hashed(path, Algorithm::Md5).await?;
        if ours == *listed {
            return Ok(Content::Same(Proof::Checksum(Algorithm::Md5)));
        }
        hashed_md5 = Some(ours);
    }
    // It does not fit: the content differs, or the ETag of an encrypted object is no MD5, which HEAD tells.
    let info = store.head(&object.bucket, &object.key, None).await?;
    match (info.proof(md5_etags), hashed_md5) {
        (Some(theirs), Some(ours)) if theirs.algorithm == Algorithm::Md5 => Ok(Content::of(&ours, &theirs)),
        (Some(theirs), _) => Ok(Content::of(&hashed(path, theirs.algorithm).await?, &theirs)),
        (None, _) => multipart(&store, path, object, &info).await,
    }
}

/// Makes the ETag of a multipart upload anew from the file, if the size of its parts can be told.
async fn multipart(store: &Store, path: &Path, object: &Remote, info: &ObjectInfo) -> Result<Content> {
    let unknown = |why: &str| Ok(Content::Unknown(why.to_owned()));
    let count = info.etag.rsplit_once('-').and_then(|(_, count)| count.parse::<u64>().ok());
    let Some(count) = count.filter(|_| store.provider().md5_etags) else {
        return unknown("no checksum is kept, and the ETag is no MD5");
    };
    let first = store.head_part(&object.bucket, &object.key, None, 1).await.map(|part| part.size).ok();
    let likely = first.into_iter().chain(USUAL_PARTS.map(|size| size * MIB));
    let mut tried = Vec::new();
    for size in likely.filter(|size| *size > 0 && info.size.div_ceil(*size) == count) {
        if tried.contains(&size) {
            continue;
        }
        tried.push(size);
        if parts_etag(path, size).await?.eq_ignore_ascii_case(&info.etag) {
            return Ok(Content::Same(Proof::Etag));
        }
    }
    unknown("no checksum is kept, and the ETag is that of a multipart upload with parts of unknown size")
}

/// Two objects: one ETag is proof enough, and so are checksums of one kind.
async fn objects(
    connections: &Connections,
    first: (&Remote, Option<&str>),
    second: (&Remote, Option<&str>),
) -> Result<Content> {
    let etags = first.1.zip(second.1);
    if etags.is_some_and(|(left, right)| !left.is_empty() && left == right) {
        return Ok(Content::Same(Proof::Etag));
    }
    let proof = async |object: &Remote| {
        let store = connections.store(&object.profile).await?;
        let info = store.head(&object.bucket, &object.key, None).await?;
        Ok::<_, Error>(info.proof(store.provider().md5_etags))
    };
    match (proof(first.0).await?, proof(second.0).await?) {
        (Some(left), Some(right)) if left.algorithm == right.algorithm => Ok(Content::of(&left, &right)),
        _ => Ok(Content::Unknown("the two objects have no checksum of one kind".to_owned())),
    }
}

async fn hashed(path: &Path, algorithm: Algorithm) -> Result<Digest> {
    let path = path.to_path_buf();
    let waits = Arc::new(());
    let waiting = Arc::downgrade(&waits);
    let hashed = blocking(move || {
        let mut hasher = Hasher::new(algorithm);
        read(&path, &waiting, |bytes| hasher.update(bytes))?;
        Ok(hasher.finish())
    })
    .await;
    drop(waits);
    hashed
}

async fn parts_etag(path: &Path, size: u64) -> Result<String> {
    let path = path.to_path_buf();
    let waits = Arc::new(());
    let waiting = Arc::downgrade(&waits);
    let etag = blocking(move || {
        let (mut parts, mut hasher, mut left) = (Vec::new(), Hasher::new(Algorithm::Md5), size);
        read(&path, &waiting, |mut bytes| {
            while !bytes.is_empty() {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                hasher.update(&bytes[..taken]);
                bytes = &bytes[taken..];
                left -= taken as u64;
                if left == 0 {
                    let full = std::mem::replace(&mut hasher, Hasher::new(Algorithm::Md5));
                    parts.push(full.finish());
                    left = size;
                }
            }
        })?;
        if left < size {
            parts.push(hasher.finish());
        }
        Ok(multipart_etag(&parts))
    })
    .await;
    drop(waits);
    etag
}

/// Reads all of a file, as long as somebody waits for it: a large one takes minutes.
fn read(path: &PathBuf, waiting: &Weak<()>, mut take: impl FnMut(&[u8])) -> Result<()> {
    let failed = |error| Error::local("read", path, error);
    // Opening a pipe would wait for somebody to write to it.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(Error::new(Kind::Unsupported, format!("{} is not a regular file", path.display())));
    }
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let mut block = vec![0; BLOCK];
    loop {
        if waiting.strong_count() == 0 {
            return Err(cancelled());
        }
        match file.read(&mut block) {
            Ok(0) => return Ok(()),
            Ok(length) => take(&block[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}
