//! Listings in byte order, page by page.

use std::ops::Bound;
use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use s3s::S3Result;
use s3s::dto::{CommonPrefix, ETag, EncodingType, Object, ObjectStorageClass, Timestamp};

use super::{Backend, Bucket, is_live};

/// What `encoding-type=url` leaves as it is.
const KEPT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b'*');

/// What both versions of the operation ask for.
pub(super) struct Query<'a> {
    pub(super) bucket: &'a str,
    pub(super) prefix: &'a str,
    pub(super) delimiter: &'a str,
    /// Only what comes after this.
    pub(super) after: &'a str,
    pub(super) max_keys: i32,
    pub(super) encoding: Option<&'a EncodingType>,
}

#[derive(Default)]
pub(super) struct Listing {
    pub(super) objects: Vec<Object>,
    pub(super) prefixes: Vec<CommonPrefix>,
    /// The last key or prefix of a page that is not the last one; not encoded.
    pub(super) next: Option<String>,
}

pub(super) fn encoded(text: &str, encoding: Option<&EncodingType>) -> String {
    if encoding.is_some_and(|encoding| encoding.as_str() == EncodingType::URL) {
        // As AWS does: a space is a plus.
        utf8_percent_encode(text, KEPT).to_string().replace("%20", "+")
    } else {
        text.to_owned()
    }
}

/// Where a page ended, as a token that is nobody else's to read and that XML can hold.
pub(super) fn token(last: &str) -> String {
    utf8_percent_encode(last, NON_ALPHANUMERIC).to_string()
}

/// What [`token`] was made of.
pub(super) fn from_token(token: &str) -> String {
    percent_decode_str(token).decode_utf8_lossy().into_owned()
}

/// A key in an answer that has no encoding: left out where XML cannot hold it, as it would make the answer unreadable.
pub(super) fn repeated(key: &str) -> Option<String> {
    let fits = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    key.chars().all(fits).then(|| key.to_owned())
}

impl Backend {
    pub(super) fn list(&self, query: &Query<'_>) -> S3Result<Listing> {
        let state = self.lock();
        let bucket = state.bucket(query.bucket)?;
        if bucket.invented > 0 {
            return Ok(invented(bucket, query));
        }
        let limit = usize::try_from(query.max_keys.clamp(0, 1000)).unwrap_or(0);
        let limit = state.page.map_or(limit, |page| page.min(limit));
        let mut listing = Listing::default();
        let mut last = String::new();
        let mut from = start(query);
        while let Some((key, versions)) =
            bucket.objects.range::<str, _>((as_str(&from), Bound::Unbounded)).next()
        {
            if !key.starts_with(query.prefix) {
                break;
            }
            let rest = &key[query.prefix.len()..];
            let folder = (!query.delimiter.is_empty()).then(|| rest.find(query.delimiter)).flatten();
            if !is_live(versions) {
                from = Bound::Excluded(key.clone());
                continue;
            }
            if listing.objects.len() + listing.prefixes.len() == limit {
                listing.next = Some(last);
                break;
            }
            if let Some(at) = folder {
                let prefix = &key[..query.prefix.len() + at + query.delimiter.len()];
                listing.prefixes.push(CommonPrefix { prefix: Some(encoded(prefix, query.encoding)) });
                prefix.clone_into(&mut last);
                from = after_prefix(prefix);
            } else {
                if let Some(version) = versions.last() {
                    listing.objects.push(object(key, version, query.encoding));
                }
                key.clone_into(&mut last);
                from = Bound::Excluded(key.clone());
            }
        }
        Ok(listing)
    }
}

fn as_str(bound: &Bound<String>) -> Bound<&str> {
    match bound {
        Bound::Included(text) => Bound::Included(text),
        Bound::Excluded(text) => Bound::Excluded(text),
        Bound::Unbounded => Bound::Unbounded,
    }
}

fn start(query: &Query<'_>) -> Bound<String> {
    let ends_in_folder = !query.delimiter.is_empty()
        && query.after.ends_with(query.delimiter)
        && query.after.len() > query.prefix.len();
    if query.after < query.prefix || query.after.is_empty() {
        Bound::Included(query.prefix.to_owned())
    } else if ends_in_folder {
        after_prefix(query.after)
    } else {
        Bound::Excluded(query.after.to_owned())
    }
}

/// Behind everything that begins with `prefix`: its last character is followed by the next one.
fn after_prefix(prefix: &str) -> Bound<String> {
    let mut next = prefix.to_owned();
    while let Some(last) = next.pop() {
        let following = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(following) = following {
            next.push(following);
            return Bound::Included(next);
        }
    }
    Bound::Unbounded
}

fn object(key: &str, version: &super::Version, encoding: Option<&EncodingType>) -> Object {
    let stored = version.stored.as_deref();
    let class = stored.and_then(|s| s.attributes.storage_class.clone()).unwrap_or_else(|| "STANDARD".into());
    Object {
        key: Some(encoded(key, encoding)),
        size: stored.map(|s| i64::try_from(s.content.length()).unwrap_or(i64::MAX)),
        e_tag: stored.map(|s| ETag::Strong(s.etag.clone())),
        last_modified: Some(version.modified.into()),
        storage_class: Some(ObjectStorageClass::from(class)),
        ..Object::default()
    }
}

/// A page of keys `key-000000000` and so on that are nowhere stored.
fn invented(bucket: &Bucket, query: &Query<'_>) -> Listing {
    let name = |n: u64| format!("{}key-{n:09}", query.prefix);
    // The names ascend; `after` need not be one of them.
    let (mut first, mut behind) = (0, bucket.invented);
    while first < behind {
        let middle = u64::midpoint(first, behind);
        if name(middle).as_str() > query.after { behind = middle } else { first = middle + 1 }
    }
    let limit = u64::try_from(query.max_keys.clamp(0, 1000)).unwrap_or(0);
    let end = bucket.invented.min(first + limit);
    let objects = (first..end).map(|n| Object {
        key: Some(encoded(&name(n), query.encoding)),
        size: Some(1),
        e_tag: Some(ETag::Strong("invented".into())),
        last_modified: Some(Timestamp::from(SystemTime::UNIX_EPOCH)),
        ..Object::default()
    });
    let next = (end < bucket.invented && end > 0).then(|| name(end - 1));
    Listing { objects: objects.collect(), prefixes: Vec::new(), next }
}
