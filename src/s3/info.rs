//! What the headers of answers say about an object.

use std::collections::BTreeMap;

use http::HeaderMap;
use jiff::Timestamp;

use super::Attributes;
use super::digest::{Algorithm, Digest};
use super::encryption::{CUSTOMER, ENCRYPTED, ENCRYPTED_WITH_KEY, ENCRYPTION_KEY_ID};
use super::object::unquoted;
use super::request::{number, text};
use crate::config::Sse;

/// What the headers of an object's own metadata begin with.
pub(super) const METADATA: &str = "x-amz-meta-";
/// How what is known of a restoring is called in [`ObjectInfo::other`].
const RESTORE: &str = "restore";

/// How far an archived object is on its way back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restore {
    /// Nobody has asked for it.
    Needed,
    /// It is not there yet.
    UnderWay,
    /// It can be read, until then if that was said.
    Readable(Option<Timestamp>),
}

/// What HEAD or GET says about an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectInfo {
    /// Bytes of the whole object.
    pub size: u64,
    /// Without quotes; empty where the provider sent none.
    pub etag: String,
    /// Last modified.
    pub modified: Option<Timestamp>,
    /// The version's id on a versioned bucket.
    pub version_id: Option<String>,
    /// Headers, metadata and class that a copy has to carry along.
    pub attributes: Attributes,
    /// Whole-object or composite checksums by lower-case algorithm name (`crc64nvme`, `crc32`, ...), base64.
    pub checksums: BTreeMap<String, String>,
    /// How many tags it has; `Store::tags` reads them.
    pub tag_count: u32,
    /// Parts, if the provider says.
    pub parts: Option<u32>,
    /// Whatever else the answer said that a user may want to read: header name and value.
    pub other: Vec<(String, String)>,
}

impl ObjectInfo {
    /// What the headers of HEAD and GET say; `size` is the whole object's.
    pub(super) fn of(headers: &HeaderMap, size: u64) -> Self {
        let text = |name: &str| text(headers, name);
        let checksums = ["crc64nvme", "crc32", "crc32c", "sha1", "sha256"];
        let until = text("x-amz-object-lock-retain-until-date");
        let other = [
            ("website-redirect", text("x-amz-website-redirect-location")),
            ("replication-status", text("x-amz-replication-status")),
            ("expiration", text("x-amz-expiration")),
            ("archive-status", text("x-amz-archive-status")),
            (RESTORE, text("x-amz-restore")),
            ("object-lock", text("x-amz-object-lock-mode")),
            ("locked-until", until.and_then(|until| Some(until.parse::<Timestamp>().ok()?.to_string()))),
            ("legal-hold", text("x-amz-object-lock-legal-hold")),
            ("checksum-type", text("x-amz-checksum-type")),
        ];
        Self {
            size,
            etag: unquoted(text("etag").as_deref()),
            modified: text("last-modified")
                .and_then(|date| Some(jiff::fmt::rfc2822::parse(&date).ok()?.timestamp())),
            version_id: text("x-amz-version-id"),
            attributes: Attributes {
                content_type: text("content-type"),
                cache_control: text("cache-control"),
                content_disposition: text("content-disposition"),
                content_encoding: text("content-encoding"),
                content_language: text("content-language"),
                expires: text("expires"),
                metadata: metadata(headers),
                storage_class: text("x-amz-storage-class"),
                sse: encryption(headers),
                tags: Vec::new(),
            },
            checksums: checksums
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), text(&format!("x-amz-checksum-{name}"))?)))
                .collect(),
            tag_count: number(headers, "x-amz-tagging-count").unwrap_or(0),
            parts: number(headers, "x-amz-mp-parts-count"),
            other: other.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
        }
    }

    /// What has to be known of an object in an archive before it is read; `None`: it is in no archive.
    pub fn restore(&self) -> Option<Restore> {
        let said = |name: &str| self.other.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        if let Some(said) = said(RESTORE) {
            let until = said.split_once("expiry-date=\"").and_then(|(_, rest)| rest.split_once('"'));
            let until = until.and_then(|(date, _)| jiff::fmt::rfc2822::parse(date).ok());
            let under_way = said.contains("ongoing-request=\"true\"");
            return Some(if under_way {
                Restore::UnderWay
            } else {
                Restore::Readable(until.map(|time| time.timestamp()))
            });
        }
        let class = self.attributes.storage_class.as_deref();
        let is_archived =
            matches!(class, Some("GLACIER" | "DEEP_ARCHIVE")) || said("archive-status").is_some();
        is_archived.then_some(Restore::Needed)
    }

    /// What the bytes of the whole object can be compared with: a checksum that the provider keeps, else the MD5 that the
    /// ETag of a single unencrypted PUT is (where `md5_etags` says that of the provider).
    pub fn proof(&self, md5_etags: bool) -> Option<Digest> {
        let kept = Algorithm::KEPT
            .into_iter()
            .find_map(|algorithm| Digest::from_base64(algorithm, self.checksums.get(algorithm.name())?));
        let is_md5 = md5_etags && Sse::keeps_md5(self.attributes.sse.as_deref());
        kept.or_else(|| Digest::from_etag(&self.etag).filter(|_| is_md5))
    }
}

fn metadata(headers: &HeaderMap) -> BTreeMap<String, String> {
    let own = headers.iter().filter_map(|(name, value)| Some((name.as_str().strip_prefix(METADATA)?, value)));
    own.map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect()
}

/// How an answer says that the object is encrypted, as [`Attributes::sse`] has it.
fn encryption(headers: &HeaderMap) -> Option<String> {
    if headers.contains_key(ENCRYPTED_WITH_KEY) {
        return Some(CUSTOMER.to_owned());
    }
    let sse = text(headers, ENCRYPTED)?;
    Some(match text(headers, ENCRYPTION_KEY_ID) {
        Some(id) => format!("{sse}:{id}"),
        None => sse,
    })
}

/// The whole-object checksum that an answer's headers name.
pub(super) fn kept_checksum(headers: &HeaderMap) -> Option<Digest> {
    Algorithm::KEPT.into_iter().find_map(|algorithm| {
        Digest::from_base64(algorithm, &text(headers, &format!("x-amz-checksum-{}", algorithm.name()))?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restore(headers: &[(&'static str, &str)]) -> Option<Restore> {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().expect("a header")));
        ObjectInfo::of(&headers.collect(), 1).restore()
    }

    #[test]
    fn what_is_archived_is_readable_once_it_is_restored() {
        let class = |class| ("x-amz-storage-class", class);
        assert_eq!(restore(&[]), None);
        assert_eq!(restore(&[class("GLACIER_IR")]), None, "that is read at once");
        assert_eq!(restore(&[class("DEEP_ARCHIVE")]), Some(Restore::Needed));
        let tiered = [class("INTELLIGENT_TIERING"), ("x-amz-archive-status", "ARCHIVE_ACCESS")];
        assert_eq!(restore(&tiered), Some(Restore::Needed));
        let asked = |said| restore(&[class("GLACIER"), ("x-amz-restore", said)]);
        assert_eq!(asked("ongoing-request=\"true\""), Some(Restore::UnderWay));
        let until = "2012-12-21T00:00:00Z".parse().ok();
        let said = "ongoing-request=\"false\", expiry-date=\"Fri, 21 Dec 2012 00:00:00 GMT\"";
        assert_eq!((asked(said), until.is_some()), (Some(Restore::Readable(until)), true));
    }
}
