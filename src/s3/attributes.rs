//! What goes along with an object's bytes: headers, metadata, class, encryption, tags.

use std::collections::BTreeMap;

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat as Format};

use serde::{Deserialize, Serialize};

use super::fault::Op;
use super::info::METADATA;
use super::request::Request;
use super::tags::tagging;
use crate::error::{Error, Kind, Result};

/// The user-visible properties of an object: what is sent with a write and kept by a copy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Attributes {
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
    /// `Expires`, as the provider wrote it.
    pub expires: Option<String>,
    /// `x-amz-meta-*` without that prefix.
    pub metadata: BTreeMap<String, String>,
    /// `x-amz-storage-class`.
    pub storage_class: Option<String>,
    /// `AES256`, `aws:kms`, `aws:kms:KEY-ID` and the like. `SSE-C` in what a provider says: with a key that it does not
    /// keep; that is never sent.
    pub sse: Option<String>,
    /// Tags, key and value. Sent with a write; to read them takes `Store::tags`.
    pub tags: Vec<(String, String)>,
}

impl Attributes {
    /// These, with what `other` says in its place.
    #[must_use]
    pub fn overlaid(mut self, other: &Attributes) -> Self {
        let over = |mine: &mut Option<String>, theirs: &Option<String>| {
            if theirs.is_some() {
                mine.clone_from(theirs);
            }
        };
        over(&mut self.content_type, &other.content_type);
        over(&mut self.cache_control, &other.cache_control);
        over(&mut self.content_disposition, &other.content_disposition);
        over(&mut self.content_encoding, &other.content_encoding);
        over(&mut self.content_language, &other.content_language);
        over(&mut self.expires, &other.expires);
        over(&mut self.storage_class, &other.storage_class);
        over(&mut self.sse, &other.sse);
        self.metadata.extend(other.metadata.clone());
        if !other.tags.is_empty() {
            self.tags.clone_from(&other.tags);
        }
        self
    }

    /// Headers are ASCII; anything else would be refused or garbled on the way.
    pub(super) fn check(&self, op: Op<'_>) -> Result<()> {
        let wrong = |text: &&String| !text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        match self.metadata.iter().flat_map(|(key, value)| [key, value]).find(wrong) {
            None => Ok(()),
            Some(text) => {
                Err(Error::new(Kind::Usage, format!("cannot {op}: metadata `{text}` is not plain ASCII"))
                    .with_hint(
                        "metadata travels in HTTP headers; encode other characters, for example as %XX",
                    ))
            }
        }
    }
}

impl Request<'_> {
    /// Adds the headers of attributes; encryption is the profile's matter too.
    pub(super) fn attributes(mut self, attributes: &Attributes) -> Self {
        let dated = |text: &&String| http_date(text).is_some();
        for (name, value) in [
            ("content-type", &attributes.content_type),
            ("cache-control", &attributes.cache_control),
            ("content-disposition", &attributes.content_disposition),
            ("content-encoding", &attributes.content_encoding),
            ("content-language", &attributes.content_language),
            ("x-amz-storage-class", &attributes.storage_class),
        ] {
            self = self.header(name, value.as_ref());
        }
        self = self.header("expires", attributes.expires.as_ref().filter(dated));
        for (name, value) in &attributes.metadata {
            self = self.header(format!("{METADATA}{name}"), Some(value));
        }
        self.header("x-amz-tagging", tagging(&attributes.tags))
    }
}

/// Applies attributes to a request of the SDK that writes an object; all such have the same setters.
macro_rules! with_attributes {
    ($request:expr, $attributes:expr, $encryption:expr) => {{
        let attributes: &$crate::s3::Attributes = $attributes;
        $crate::s3::encryption::with_encryption!($request, $encryption)
            .set_content_type(attributes.content_type.clone())
            .set_cache_control(attributes.cache_control.clone())
            .set_content_disposition(attributes.content_disposition.clone())
            .set_content_encoding(attributes.content_encoding.clone())
            .set_content_language(attributes.content_language.clone())
            .set_expires(attributes.expires.as_deref().and_then($crate::s3::attributes::http_date))
            .set_metadata(
                (!attributes.metadata.is_empty()).then(|| attributes.metadata.clone().into_iter().collect()),
            )
            .set_storage_class(attributes.storage_class.as_deref().map(Into::into))
            .set_tagging($crate::s3::tags::tagging(&attributes.tags))
    }};
}
pub(super) use with_attributes;

/// The SDK takes `Expires` as a time; what is not an HTTP date is not sent.
pub(super) fn http_date(text: &str) -> Option<DateTime> {
    DateTime::from_str(text, Format::HttpDate).ok()
}
