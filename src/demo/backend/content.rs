//! Bytes of objects: stored ones shared without copying, synthetic ones made on the way out.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use futures_util::stream::{self, StreamExt as _};
use md5::{Digest as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::{S3Result, s3_error};

/// Synthetic bytes are made in pieces of this size.
const PIECE: u64 = 256 << 10;

/// An object's bytes.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// One after the other.
    Pieces(Vec<Bytes>),
    /// So many bytes that follow from their offset.
    Pattern(u64),
}

impl Default for Content {
    fn default() -> Self {
        Self::Pieces(Vec::new())
    }
}

impl From<Bytes> for Content {
    fn from(bytes: Bytes) -> Self {
        Self::Pieces(vec![bytes])
    }
}

impl Content {
    pub(super) fn length(&self) -> u64 {
        match self {
            Self::Pieces(pieces) => pieces.iter().map(|piece| piece.len() as u64).sum(),
            Self::Pattern(length) => *length,
        }
    }

    /// How long the part is that was sent with that number, counted from 1 without gaps.
    pub(super) fn piece(&self, number: i32) -> Option<u64> {
        let Self::Pieces(pieces) = self else { return None };
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        pieces.get(index).map(|piece| piece.len() as u64)
    }

    /// The bytes of a range, sharing what is stored.
    fn slices(&self, range: Range<u64>) -> Vec<Bytes> {
        let Self::Pieces(pieces) = self else { return vec![pattern(range)] };
        let (mut out, mut at) = (Vec::new(), 0);
        for piece in pieces {
            let end = at + piece.len() as u64;
            let (from, to) = (range.start.max(at), range.end.min(end));
            if from < to {
                out.push(piece.slice(index(from - at)..index(to - at)));
            }
            at = end;
        }
        out
    }

    pub(super) fn to_bytes(&self) -> Bytes {
        self.slices(0..self.length()).concat().into()
    }

    pub(super) fn range_bytes(&self, range: Range<u64>) -> Bytes {
        self.slices(range).concat().into()
    }

    pub(super) fn stream(&self, range: Range<u64>) -> StreamingBlob {
        let pieces = match self {
            Self::Pieces(_) => stream::iter(self.slices(range)).left_stream(),
            Self::Pattern(_) => stream::iter(range.clone().step_by(index(PIECE)))
                .map(move |from| pattern(from..range.end.min(from + PIECE)))
                .right_stream(),
        };
        StreamingBlob::wrap(pieces.map(Ok::<_, std::io::Error>))
    }

    /// Base64 of a checksum, by its lower-case name; `None` for those that are not computed here.
    pub(super) fn checksum(&self, name: &str) -> Option<String> {
        let (algorithm, width) = match name {
            "crc32" => (CrcAlgorithm::Crc32IsoHdlc, 4),
            "crc32c" => (CrcAlgorithm::Crc32Iscsi, 4),
            "crc64nvme" => (CrcAlgorithm::Crc64Nvme, 8),
            _ => return None,
        };
        let mut digest = crc_fast::Digest::new(algorithm);
        for piece in self.slices(0..self.length()) {
            digest.update(&piece);
        }
        Some(STANDARD.encode(&digest.finalize().to_be_bytes()[8 - width..]))
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

/// Bytes that differ from place to place, so that a misplaced part shows.
fn pattern(range: Range<u64>) -> Bytes {
    range.map(|at| (at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56).to_le_bytes()[0]).collect()
}

pub(super) fn md5_hex(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// AWS's ETag of a multipart object: the MD5 of the parts' MD5s, and how many there are.
pub(super) fn multipart_etag<'a>(parts: impl Iterator<Item = &'a Bytes>) -> String {
    let (mut all, mut count) = (Md5::new(), 0);
    for part in parts {
        all.update(Md5::digest(part));
        count += 1;
    }
    let hex = all.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    format!("{hex}-{count}")
}

/// Reads a request's body and holds it against `Content-MD5`.
pub(super) async fn collect(body: Option<StreamingBlob>, content_md5: Option<&str>) -> S3Result<Bytes> {
    let mut bytes = Vec::new();
    if let Some(mut body) = body {
        while let Some(chunk) = body.next().await {
            bytes.extend_from_slice(&chunk.map_err(|_| s3_error!(IncompleteBody))?);
        }
    }
    if let Some(sum) = content_md5
        && STANDARD.encode(Md5::digest(&bytes)) != sum
    {
        return Err(s3_error!(BadDigest, "The Content-MD5 you specified did not match what we received."));
    }
    Ok(bytes.into())
}

/// Holds bytes against the checksums that came with them; returns those that are kept.
pub(super) fn verified(
    content: &Content,
    given: [(&'static str, Option<String>); 3],
) -> S3Result<std::collections::BTreeMap<&'static str, String>> {
    let mut kept = std::collections::BTreeMap::new();
    for (name, sum) in given {
        if let Some(sum) = sum {
            if content.checksum(name).as_ref() != Some(&sum) {
                return Err(s3_error!(
                    BadDigest,
                    "The checksum you specified did not match what we received."
                ));
            }
            kept.insert(name, sum);
        }
    }
    Ok(kept)
}
