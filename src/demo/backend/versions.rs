//! Versions: what a write or a delete keeps, and listings of all that is kept.

use std::sync::Arc;
use std::time::SystemTime;

use http::{HeaderMap, HeaderValue, StatusCode};
use s3s::dto::{
    DeleteMarkerEntry, ETag, EncodingType, ListObjectVersionsInput, ListObjectVersionsOutput, ObjectVersion,
    ObjectVersionStorageClass,
};
use s3s::{S3Error, S3Result, s3_error};

use super::list::encoded;
use super::{Backend, Bucket, Stored, Version};

/// Whether a bucket keeps what is written over or deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Versioning {
    #[default]
    Off,
    Enabled,
    /// New states have no id of their own; those with one stay.
    Suspended,
}

/// What the deletion of a key or a version did.
pub(super) struct Removed {
    /// The version's, or that of the marker that was made.
    pub(super) id: Option<String>,
    /// Whether that is or was a delete marker.
    pub(super) marker: bool,
}

impl Version {
    /// Its id as it travels: a state without one is `null`.
    pub(super) fn name(&self) -> &str {
        self.id.as_deref().unwrap_or("null")
    }
}

impl Bucket {
    /// Adds a state of a key; returns its id if the bucket keeps versions.
    pub(super) fn add(
        &mut self,
        key: &str,
        id: String,
        modified: SystemTime,
        stored: Option<Arc<Stored>>,
    ) -> Option<String> {
        let id = (self.versioning == Versioning::Enabled).then_some(id);
        let versions = self.objects.entry(key.to_owned()).or_default();
        if id.is_none() {
            versions.retain(|version| version.id.is_some());
        }
        versions.push(Version { id: id.clone(), modified, stored });
        id
    }

    /// A version of a key that has bytes.
    pub(super) fn find(&self, key: &str, version_id: Option<&str>) -> S3Result<(Version, Arc<Stored>)> {
        let missing = || s3_error!(NoSuchKey, "The specified key does not exist.");
        let Some(id) = version_id else {
            let version = self.newest(key).ok_or_else(missing)?;
            let stored = version.stored.clone().ok_or_else(|| marked(missing()))?;
            return Ok((version.clone(), stored));
        };
        let versions = self.objects.get(key).ok_or_else(missing)?;
        let version = versions.iter().find(|version| version.name() == id);
        let version =
            version.ok_or_else(|| s3_error!(NoSuchVersion, "The specified version does not exist."))?;
        let stored = version.stored.clone().ok_or_else(|| {
            let mut error =
                s3_error!(MethodNotAllowed, "The specified method is not allowed against this resource.");
            error.set_status_code(StatusCode::METHOD_NOT_ALLOWED);
            marked(error)
        })?;
        Ok((version.clone(), stored))
    }
}

/// An error about a delete marker says so.
fn marked(mut error: S3Error) -> S3Error {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    error.set_headers(headers);
    error
}

impl Backend {
    /// Deletes a key or one version of it.
    pub(super) fn remove(&self, bucket: &str, key: &str, version_id: Option<&str>) -> S3Result<Removed> {
        let mut state = self.lock();
        let id = state.next_id();
        let bucket = state.bucket_mut(bucket)?;
        if let Some(wanted) = version_id {
            let mut marker = false;
            if let Some(versions) = bucket.objects.get_mut(key) {
                marker = versions.iter().any(|version| version.name() == wanted && version.stored.is_none());
                versions.retain(|version| version.name() != wanted);
                if versions.is_empty() {
                    bucket.objects.remove(key);
                }
            }
            return Ok(Removed { id: Some(wanted.to_owned()), marker });
        }
        if bucket.versioning == Versioning::Off {
            bucket.objects.remove(key);
            return Ok(Removed { id: None, marker: false });
        }
        let id = bucket.add(key, id, SystemTime::now(), None);
        Ok(Removed { id: Some(id.unwrap_or_else(|| "null".to_owned())), marker: true })
    }

    /// Every version and delete marker: keys in byte order, of each the newest first. A page may end in the middle of a
    /// key.
    pub(super) fn list_versions(
        &self,
        input: &ListObjectVersionsInput,
    ) -> S3Result<ListObjectVersionsOutput> {
        let state = self.lock();
        let bucket = state.bucket(&input.bucket)?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let (key_marker, id_marker) = (input.key_marker.as_deref(), input.version_id_marker.as_deref());
        let limit = usize::try_from(input.max_keys.unwrap_or(1000).clamp(1, 1000)).unwrap_or(1000);
        let encoding = input.encoding_type.as_ref();
        let mut output = ListObjectVersionsOutput {
            name: Some(input.bucket.clone()),
            prefix: Some(encoded(prefix, encoding)),
            max_keys: Some(input.max_keys.unwrap_or(1000)),
            encoding_type: input.encoding_type.clone(),
            ..ListObjectVersionsOutput::default()
        };
        let (mut versions, mut markers) = (Vec::new(), Vec::new());
        let mut last: Option<(&str, &str)> = None;
        let from = key_marker.unwrap_or_default().max(prefix).to_owned();
        'keys: for (key, states) in
            bucket.objects.range(from..).take_while(|(key, _)| key.starts_with(prefix))
        {
            let mut rest = states.as_slice();
            if key_marker == Some(key.as_str()) {
                let Some(seen) = id_marker else { continue };
                rest = states.iter().position(|state| state.name() == seen).map_or(&[], |at| &states[..at]);
            }
            for state in rest.iter().rev() {
                if versions.len() + markers.len() == limit {
                    output.is_truncated = Some(true);
                    output.next_key_marker = last.map(|(key, _)| encoded(key, encoding));
                    output.next_version_id_marker = last.map(|(_, id)| id.to_owned());
                    break 'keys;
                }
                let latest = states.last().is_some_and(|newest| newest.name() == state.name());
                match &state.stored {
                    None => markers.push(marker_entry(key, state, latest, encoding)),
                    Some(stored) => versions.push(version_entry(key, state, stored, latest, encoding)),
                }
                last = Some((key, state.name()));
            }
        }
        output.is_truncated.get_or_insert(false);
        (output.versions, output.delete_markers) = (Some(versions), Some(markers));
        Ok(output)
    }
}

fn marker_entry(
    key: &str,
    state: &Version,
    latest: bool,
    encoding: Option<&EncodingType>,
) -> DeleteMarkerEntry {
    DeleteMarkerEntry {
        is_latest: Some(latest),
        key: Some(encoded(key, encoding)),
        last_modified: Some(state.modified.into()),
        version_id: Some(state.name().to_owned()),
        ..DeleteMarkerEntry::default()
    }
}

fn version_entry(
    key: &str,
    state: &Version,
    stored: &Stored,
    latest: bool,
    encoding: Option<&EncodingType>,
) -> ObjectVersion {
    let class = stored.attributes.storage_class.clone().unwrap_or_else(|| "STANDARD".to_owned());
    ObjectVersion {
        is_latest: Some(latest),
        key: Some(encoded(key, encoding)),
        last_modified: Some(state.modified.into()),
        version_id: Some(state.name().to_owned()),
        size: i64::try_from(stored.content.length()).ok(),
        e_tag: Some(ETag::Strong(stored.etag.clone())),
        storage_class: Some(ObjectVersionStorageClass::from(class)),
        ..ObjectVersion::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states(bucket: &Bucket, key: &str) -> Vec<(String, bool)> {
        let versions = bucket.objects.get(key).map(Vec::as_slice).unwrap_or_default();
        versions.iter().map(|version| (version.name().to_owned(), version.stored.is_some())).collect()
    }

    #[test]
    fn a_suspended_bucket_keeps_old_ids_and_replaces_the_state_without_one() {
        let mut bucket = Bucket::new();
        let add = |bucket: &mut Bucket, id: &str, live: bool| {
            bucket.add("k", id.into(), SystemTime::now(), live.then(Arc::default));
        };
        add(&mut bucket, "1", true);
        bucket.versioning = Versioning::Enabled;
        add(&mut bucket, "2", true);
        bucket.versioning = Versioning::Suspended;
        add(&mut bucket, "3", true);
        add(&mut bucket, "4", false);
        assert_eq!(states(&bucket, "k"), [("2".into(), true), ("null".into(), false)]);
    }

    #[test]
    fn pages_may_end_within_a_key_and_go_on_there() {
        let backend = Backend::new();
        backend.create_bucket("b");
        backend.set_versioned("b");
        for key in ["a", "b"] {
            for n in 0..3 {
                backend.put("b", key, format!("{n}").into_bytes());
            }
        }
        backend.remove("b", "a", None).unwrap();
        let mut input =
            ListObjectVersionsInput { bucket: "b".into(), max_keys: Some(2), ..Default::default() };
        let mut seen = Vec::new();
        loop {
            let page = backend.list_versions(&input).unwrap();
            let keys = page.versions.unwrap().into_iter().filter_map(|version| version.key);
            let marked = page.delete_markers.unwrap().into_iter().filter_map(|marker| marker.key);
            seen.push(marked.chain(keys).collect::<String>());
            input.key_marker = page.next_key_marker;
            input.version_id_marker = page.next_version_id_marker;
            if page.is_truncated != Some(true) {
                break;
            }
        }
        assert_eq!(seen, ["aa", "aa", "bb", "b"]);
    }
}
