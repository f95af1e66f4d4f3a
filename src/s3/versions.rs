//! Versions of objects, page by page: old states, and the markers that deletions leave.

use std::cmp::Ordering;

use aws_sdk_s3::types::{DeleteMarkerEntry, EncodingType, ObjectVersion};
use jiff::Timestamp;

use super::encode::decoded;
use super::object::{timestamp, unquoted};
use super::{ObjectId, Store};
use crate::error::{Error, Kind, Result};

/// One state of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// The exact key.
    pub key: String,
    /// The version's id; `null` for a state from before versions were kept.
    pub id: String,
    /// Whether it is the newest.
    pub latest: bool,
    /// When it was written, or deleted.
    pub modified: Option<Timestamp>,
    /// What it holds; `None`: it is a delete marker.
    pub object: Option<Stored>,
}

/// What a version that is no delete marker holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// Bytes.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
    /// If the provider says.
    pub storage_class: Option<String>,
}

impl Version {
    /// Names it in requests.
    pub fn object_id(&self) -> ObjectId {
        ObjectId { key: self.key.clone(), version_id: Some(self.id.clone()) }
    }

    /// Whether it is why the key looks deleted.
    pub fn is_deletion(&self) -> bool {
        self.latest && self.object.is_none()
    }
}

/// Where a page of versions ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionMarker {
    key: String,
    id: Option<String>,
}

/// One page: keys in byte order where the provider has that, of each key the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionPage {
    /// What is on it.
    pub versions: Vec<Version>,
    /// Where the next one starts; `None`: this is the last.
    pub next: Option<VersionMarker>,
}

impl Store {
    /// One page of the versions of all keys that begin with `prefix`.
    ///
    /// # Errors
    /// Denied, or a provider without versions (`Kind::Unsupported`).
    pub async fn versions(
        &self,
        bucket: &str,
        prefix: &str,
        from: Option<&VersionMarker>,
    ) -> Result<VersionPage> {
        self.readable(|encode| self.ask_versions(bucket, prefix, from, encode)).await
    }

    async fn ask_versions(
        &self,
        bucket: &str,
        prefix: &str,
        from: Option<&VersionMarker>,
        encode: bool,
    ) -> Result<VersionPage> {
        let op = self.op("list the versions of", bucket, prefix);
        let output = self
            .run(bucket, op, |clients| {
                let list = clients.patient.list_object_versions().bucket(bucket).prefix(prefix);
                list.set_encoding_type(encode.then_some(EncodingType::Url))
                    .set_key_marker(from.map(|marker| marker.key.clone()))
                    .set_version_id_marker(from.and_then(|marker| marker.id.clone()))
                    .send()
            })
            .await?;
        let encoded = output.encoding_type() == Some(&EncodingType::Url);
        let objects = output.versions().iter().map(|version| stored(version, encoded));
        let markers = output.delete_markers().iter().map(|marker| deletion(marker, encoded));
        let mut versions: Vec<Version> = objects.chain(markers).collect();
        // The two lists of the answer are one in its text; each of them is in order.
        versions.sort_by(order);
        let next = output.next_key_marker().filter(|_| output.is_truncated() == Some(true));
        if next.is_none() && output.is_truncated() == Some(true) {
            return Err(Error::new(
                Kind::Integrity,
                format!("cannot {op}: there is more, but no marker to go on with"),
            ));
        }
        let id = output.next_version_id_marker().filter(|id| !id.is_empty()).map(str::to_owned);
        let next = next.map(|key| VersionMarker { key: decoded(key, encoded).into_owned(), id });
        Ok(VersionPage { versions, next })
    }
}

fn order(a: &Version, b: &Version) -> Ordering {
    let newest_first = || b.latest.cmp(&a.latest).then_with(|| b.modified.cmp(&a.modified));
    // Of one moment: what was written was deleted rather than the other way round.
    let markers_first = || a.object.is_some().cmp(&b.object.is_some());
    a.key.cmp(&b.key).then_with(newest_first).then_with(markers_first)
}

fn stored(version: &ObjectVersion, encoded: bool) -> Version {
    Version {
        key: decoded(version.key().unwrap_or_default(), encoded).into_owned(),
        id: version.version_id().unwrap_or("null").to_owned(),
        latest: version.is_latest().unwrap_or(false),
        modified: version.last_modified().and_then(timestamp),
        object: Some(Stored {
            size: version.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            etag: unquoted(version.e_tag()),
            storage_class: version.storage_class().map(|class| class.as_str().to_owned()),
        }),
    }
}

fn deletion(marker: &DeleteMarkerEntry, encoded: bool) -> Version {
    Version {
        key: decoded(marker.key().unwrap_or_default(), encoded).into_owned(),
        id: marker.version_id().unwrap_or("null").to_owned(),
        latest: marker.is_latest().unwrap_or(false),
        modified: marker.last_modified().and_then(timestamp),
        object: None,
    }
}
