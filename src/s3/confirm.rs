//! Whether the provider has done what it answered success to. Some answer so and do nothing: folder entries that stay,
//! delete markers and versions that they do not know, properties that they do not keep.

use futures_util::StreamExt as _;

use super::fault::Op;
use super::settings::Versioning;
use super::{Attributes, Change, ListRequest, ObjectInfo, Restore, Store, Upload};
use crate::error::{Error, Kind, Result};
use crate::location::Remote;

/// Looks in flight.
const AT_ONCE: usize = 16;

/// Says that success was answered to something that was not done; `but`: how it is instead.
fn ignored(op: Op<'_>, but: &str) -> Error {
    Error::new(Kind::Unsupported, format!("cannot {op}: the provider answered with success, but {but}"))
        .with_hint("it does not support this, or something else has written there since; look again")
}

impl Store {
    /// Looks whether a key is gone. Nothing is said where that may not be looked at.
    ///
    /// # Errors
    /// It is still there; or no answer.
    pub async fn confirm_gone(&self, bucket: &str, key: &str) -> Result<()> {
        match self.head(bucket, key, None).await {
            Ok(_) => Err(ignored(self.op("delete", bucket, key), "it is still there")),
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Denied | Kind::Unsupported) => Ok(()),
            Err(error) => Err(unconfirmed(self.op("delete", bucket, key), &error)),
        }
    }

    /// Looks which of the keys that were to be brought back are not there.
    pub async fn confirm_back(&self, bucket: &str, keys: Vec<String>) -> Vec<(String, Error)> {
        let looks = keys.into_iter().map(|key| async move {
            let op = self.op("bring back", bucket, &key);
            let failed = match self.head(bucket, &key, None).await {
                Err(error) if error.kind() == Kind::NotFound => Some(ignored(op, "it is still deleted")),
                Err(error) if error.kind() == Kind::Denied => None,
                Err(error) => Some(unconfirmed(op, &error)),
                Ok(_) => None,
            };
            failed.map(|error| (key, error))
        });
        let looks: Vec<_> = looks.collect();
        futures_util::stream::iter(looks)
            .buffer_unordered(AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await
    }

    /// Looks which of these folder entries, which were deleted, are still there.
    pub(super) async fn folders_left(&self, bucket: &str, keys: Vec<String>) -> Vec<(String, Error)> {
        let looks: Vec<_> = keys
            .into_iter()
            .map(|key| async move { self.confirm_gone(bucket, &key).await.err().map(|error| (key, error)) })
            .collect();
        futures_util::stream::iter(looks)
            .buffer_unordered(AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await
    }

    /// Looks whether anything is left of what begins with a key, after all of it was deleted. A listing that is behind
    /// is not believed: what it shows has to be there.
    ///
    /// # Errors
    /// Something is; or no answer.
    pub async fn confirm_emptied(&self, place: &Remote) -> Result<()> {
        let Remote { bucket, key, .. } = place;
        let request = ListRequest {
            bucket: bucket.clone(),
            prefix: key.clone(),
            recursive: true,
            max_keys: Some(1),
            ..ListRequest::default()
        };
        let op = self.op("delete all below", bucket, key);
        let page = self.list(&request).await.map_err(|error| unconfirmed(op, &error))?;
        let Some(first) = page.entries.first() else { return Ok(()) };
        let left = format!("{key}{}", first.name.to_string_lossy());
        match self.head(bucket, &left, None).await {
            Ok(_) => {
                let left = Remote { key: left, ..place.clone() };
                Err(ignored(op, &format!("there still is {left}")))
            }
            Err(_) => Ok(()),
        }
    }

    /// Looks whether a bucket is gone.
    ///
    /// # Errors
    /// It is still there.
    pub async fn confirm_bucket_gone(&self, bucket: &str) -> Result<()> {
        let request = ListRequest { bucket: bucket.to_owned(), max_keys: Some(1), ..ListRequest::default() };
        match self.list(&request).await {
            Ok(_) => Err(ignored(self.op("remove bucket", bucket, ""), "it is still there")),
            Err(_) => Ok(()),
        }
    }

    /// Looks whether an upload is gone. Servers that do not list parts are believed.
    ///
    /// # Errors
    /// It still has its parts.
    pub async fn confirm_aborted(&self, upload: &Upload) -> Result<()> {
        match self.list_parts(upload).await {
            Ok(_) => {
                let op = self.op("abort the upload of", &upload.bucket, &upload.key);
                Err(ignored(op, "its parts are still there"))
            }
            Err(_) => Ok(()),
        }
    }

    /// Looks whether an archived object is on its way back.
    pub(super) async fn confirm_restoring(&self, object: &Remote) -> Result<()> {
        let (bucket, key) = (&object.bucket, &object.key);
        let op = self.op("restore", bucket, key);
        let info = match self.head(bucket, key, None).await {
            Err(error) if error.kind() == Kind::Denied => return Ok(()),
            info => info.map_err(|error| unconfirmed(op, &error))?,
        };
        match info.restore() {
            Some(Restore::UnderWay | Restore::Readable(_)) => Ok(()),
            Some(Restore::Needed) => Err(ignored(op, "it says nothing of restoring it")),
            None => Err(ignored(op, "the object is in no archive")),
        }
    }

    /// Looks whether an object has what `change` names as `wanted` has it.
    pub(super) async fn confirm_changed(
        &self,
        object: &Remote,
        change: &Change,
        wanted: &Attributes,
    ) -> Result<()> {
        let (bucket, key) = (&object.bucket, &object.key);
        let op = self.op("change", bucket, key);
        let info = self.head(bucket, key, None).await.map_err(|error| unconfirmed(op, &error))?;
        match difference(change, wanted, &info) {
            None => Ok(()),
            Some(but) => Err(ignored(op, &but)),
        }
    }

    /// Looks whether an object has exactly these tags.
    pub(super) async fn confirm_tags(&self, object: &Remote, tags: &[(String, String)]) -> Result<()> {
        let (bucket, key) = (&object.bucket, &object.key);
        let op = self.op("write the tags of", bucket, key);
        let mut there = match self.tags(bucket, key, None).await {
            Err(error) if error.kind() == Kind::NotFound && tags.is_empty() => return Ok(()),
            there => there.map_err(|error| unconfirmed(op, &error))?,
        };
        let mut wanted = tags.to_vec();
        there.sort();
        wanted.sort();
        if there == wanted { Ok(()) } else { Err(ignored(op, "its tags are others")) }
    }

    /// Looks whether a bucket keeps versions as it was told to.
    pub(super) async fn confirm_versioning(&self, bucket: &str, on: bool) -> Result<()> {
        match self.versioning(bucket).await {
            Ok(found) if on == (found == Versioning::Enabled) => Ok(()),
            Ok(found) => {
                let op = self.op("change the versioning of", bucket, "");
                Err(ignored(op, &format!("it is {}", found.word())))
            }
            // Who may change it need not be able to read it.
            Err(_) => Ok(()),
        }
    }
}

/// Says that it is not known whether something was done.
fn unconfirmed(op: Op<'_>, error: &Error) -> Error {
    Error::new(
        error.kind(),
        format!("the provider answered with success, but that it did {op} could not be confirmed: {error}"),
    )
}

/// The first thing that `change` names and the object has otherwise than `wanted`.
fn difference(change: &Change, wanted: &Attributes, info: &ObjectInfo) -> Option<String> {
    let has = &info.attributes;
    let class = |class: &Option<String>| Some(class.clone().unwrap_or_else(|| "STANDARD".to_owned()));
    let (classes, found) = (class(&wanted.storage_class), class(&has.storage_class));
    let fields = [
        ("content type", change.content_type.is_some(), &wanted.content_type, &has.content_type),
        ("cache control", change.cache_control.is_some(), &wanted.cache_control, &has.cache_control),
        (
            "content disposition",
            change.content_disposition.is_some(),
            &wanted.content_disposition,
            &has.content_disposition,
        ),
        (
            "content encoding",
            change.content_encoding.is_some(),
            &wanted.content_encoding,
            &has.content_encoding,
        ),
        (
            "content language",
            change.content_language.is_some(),
            &wanted.content_language,
            &has.content_language,
        ),
        ("storage class", change.storage_class.is_some(), &classes, &found),
    ];
    let plain = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_ascii_lowercase();
    for (name, named, wanted, has) in fields {
        // Every object has a type: what it is without one is the provider's matter.
        let is_free = wanted.is_none() && name == "content type";
        if named && !is_free && plain(wanted) != plain(has) {
            return Some(format!("its {name} is {}", has.as_deref().unwrap_or("not set")));
        }
    }
    let value = |metadata: &std::collections::BTreeMap<String, String>, key: &str| {
        let found = metadata.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
        found.map(|(_, value)| value.trim().to_owned())
    };
    let key = change.metadata.keys().find(|key| value(&wanted.metadata, key) != value(&has.metadata, key))?;
    Some(match value(&has.metadata, key) {
        Some(found) => format!("its metadata {key} is {found}"),
        None => format!("it has no metadata {key}"),
    })
}
