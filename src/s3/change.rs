//! Properties of an object changed in place: by a copy onto itself that is bound to its ETag, tags alone without one.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{Tag, Tagging};

use super::{Attributes, CopySource, ObjectInfo, PutOptions, Store};
use crate::error::{Error, Kind, Result};
use crate::location::Remote;

/// What an object is to have; everything that is not named stays as it is. An empty text takes a header away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// `Content-Encoding`.
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    pub content_language: Option<String>,
    /// The storage class.
    pub storage_class: Option<String>,
    /// Metadata by key (case does not count); `None` takes it away.
    pub metadata: BTreeMap<String, Option<String>>,
    /// Tags by key; `None` takes one away.
    pub tags: BTreeMap<String, Option<String>>,
    /// Tags that are not named go.
    pub only_these_tags: bool,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changed {
    /// It had all of that already.
    AsItIs,
    /// It would be changed.
    Planned,
    /// It is changed.
    Done,
}

impl Change {
    /// Whether nothing is named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What the object is to have; without tags, which a copy keeps by itself.
    fn applied(&self, info: &ObjectInfo) -> Attributes {
        let mut attributes = Attributes { tags: Vec::new(), ..info.attributes.clone() };
        for (mine, wanted) in [
            (&mut attributes.content_type, &self.content_type),
            (&mut attributes.cache_control, &self.cache_control),
            (&mut attributes.content_disposition, &self.content_disposition),
            (&mut attributes.content_encoding, &self.content_encoding),
            (&mut attributes.content_language, &self.content_language),
            (&mut attributes.storage_class, &self.storage_class),
        ] {
            if let Some(wanted) = wanted {
                *mine = Some(wanted.clone()).filter(|text| !text.is_empty());
            }
        }
        for (key, value) in &self.metadata {
            attributes.metadata.retain(|known, _| !known.eq_ignore_ascii_case(key));
            if let Some(value) = value {
                attributes.metadata.insert(key.clone(), value.clone());
            }
        }
        attributes
    }

    fn applied_tags(&self, now: &[(String, String)]) -> Vec<(String, String)> {
        let stays = |(key, _): &&(String, String)| !self.only_these_tags && !self.tags.contains_key(key);
        let new = self.tags.iter().filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
        now.iter().filter(stays).cloned().chain(new).collect()
    }
}

impl Store {
    /// Changes properties of an object. With `dry_run` it only says whether it would.
    ///
    /// # Errors
    /// `Kind::Changed` if it changes meanwhile, `Kind::Unsupported` if it is too large to be copied in place.
    pub async fn change(&self, object: &Remote, change: &Change, dry_run: bool) -> Result<Changed> {
        let Remote { bucket, key, .. } = object;
        if !dry_run {
            self.writable(self.op("change", bucket, key))?;
        }
        let info = self.head(bucket, key, None).await?;
        let mut attributes = change.applied(&info);
        let tags = self.wanted_tags(object, change, &info).await?;
        let same = attributes == Attributes { tags: Vec::new(), ..info.attributes.clone() };
        if same && tags.is_none() {
            return Ok(Changed::AsItIs);
        }
        let most = self.provider().max_copy;
        if !same && info.size > most {
            let text = format!("{object} has {} bytes; in place only {most} can be changed", info.size);
            return Err(Error::new(Kind::Unsupported, text).with_hint(
                "copy it to another key with the new properties: `cp --content-type ... --metadata ...`",
            ));
        }
        if dry_run {
            return Ok(Changed::Planned);
        }
        if same {
            self.put_tags(object, &tags.unwrap_or_default()).await?;
            return Ok(Changed::Done);
        }
        let loses_tags = tags.as_ref().is_some_and(Vec::is_empty);
        attributes.tags = tags.unwrap_or_default();
        let source = CopySource {
            bucket: bucket.clone(),
            key: key.clone(),
            version_id: None,
            if_match: Some(info.etag).filter(|etag| !etag.is_empty()),
            customer_key: self.customer_key(),
        };
        let replace = PutOptions { attributes, ..PutOptions::default() };
        self.copy(&source, bucket, key, Some(&replace)).await?;
        if loses_tags {
            self.put_tags(object, &[]).await?;
        }
        Ok(Changed::Done)
    }

    /// The tags that an object is to have; `None`: those that it has.
    async fn wanted_tags(
        &self,
        object: &Remote,
        change: &Change,
        info: &ObjectInfo,
    ) -> Result<Option<Vec<(String, String)>>> {
        if change.tags.is_empty() && !change.only_these_tags {
            return Ok(None);
        }
        // Also where HEAD counts none: to a server that knows no tags, writing or deleting those of an object is
        // writing or deleting the object. Such a server does not answer this with tags.
        let mut now = match self.tags(&object.bucket, &object.key, None).await {
            Err(error) if error.kind() == Kind::NotFound && info.tag_count == 0 => Vec::new(),
            tags => tags?,
        };
        let mut wanted = change.applied_tags(&now);
        now.sort();
        wanted.sort();
        Ok(Some(wanted).filter(|wanted| *wanted != now))
    }

    /// Gives an object exactly these tags.
    ///
    /// # Errors
    /// `Kind::Unsupported` from a server that has no tags.
    pub async fn put_tags(&self, object: &Remote, tags: &[(String, String)]) -> Result<()> {
        let op = self.op("write the tags of", &object.bucket, &object.key);
        self.writable(op)?;
        let wrong = |error: &dyn std::fmt::Display| Error::new(Kind::Usage, format!("cannot {op}: {error}"));
        let mut set = Vec::with_capacity(tags.len());
        for (key, value) in tags {
            set.push(Tag::builder().key(key).value(value).build().map_err(|error| wrong(&error))?);
        }
        let (bucket, key) = (&object.bucket, &object.key);
        if set.is_empty() {
            let request = |clients: super::connect::Clients| {
                clients.patient.delete_object_tagging().bucket(bucket).key(key).send()
            };
            return self.run(bucket, op, request).await.map(drop);
        }
        let tagging = Tagging::builder().set_tag_set(Some(set)).build().map_err(|error| wrong(&error))?;
        self.run(bucket, op, |clients| {
            clients.patient.put_object_tagging().bucket(bucket).key(key).tagging(tagging.clone()).send()
        })
        .await
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_named_changes_and_the_rest_stays() {
        let metadata = [("owner", "ada"), ("Old", "1")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let attributes = Attributes {
            content_type: Some("text/x".into()),
            cache_control: Some("no-store".into()),
            metadata: metadata.into(),
            ..Attributes::default()
        };
        let info = ObjectInfo { attributes, ..ObjectInfo::default() };
        let change = Change {
            cache_control: Some(String::new()),
            metadata: [("old".to_owned(), None), ("new".to_owned(), Some("2".to_owned()))].into(),
            ..Change::default()
        };
        let applied = change.applied(&info);
        assert_eq!((applied.content_type.as_deref(), applied.cache_control), (Some("text/x"), None));
        assert_eq!(applied.metadata.into_keys().collect::<Vec<_>>(), ["new", "owner"]);
    }

    #[test]
    fn tags_are_merged_or_replaced() {
        let now = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
        let tags: BTreeMap<_, _> = [("b".to_owned(), None), ("c".to_owned(), Some("3".to_owned()))].into();
        let merged = Change { tags: tags.clone(), ..Change::default() }.applied_tags(&now);
        assert_eq!(merged, [("a".to_owned(), "1".to_owned()), ("c".to_owned(), "3".to_owned())]);
        let only = Change { tags, only_these_tags: true, ..Change::default() }.applied_tags(&now);
        assert_eq!(only, [("c".to_owned(), "3".to_owned())]);
    }
}
