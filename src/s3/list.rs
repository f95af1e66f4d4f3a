//! Buckets and keys, page by page.

use bytes::Bytes;

use super::answer::LARGEST;
use super::fault::Facts;
use super::object::timestamp;
use super::page::Answer;
use super::request::Request;
use super::{Method, Store};
use crate::entry::{Entry, Kind as EntryKind, Page};
use crate::error::{Error, Kind, Result};

/// What to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// The bucket.
    pub bucket: String,
    /// Keys must begin with it; entries are named by what follows it.
    pub prefix: String,
    /// Every key below the prefix, instead of one level with its folders (delimiter `/`).
    pub recursive: bool,
    /// Whether the level of a prefix shows the marker object of the prefix itself, with an empty name; a recursive
    /// listing always does.
    pub own_marker: bool,
    /// Only keys behind this one, in byte order; for providers whose listings are ordered.
    pub start_after: Option<String>,
    /// `Page::next` of the page before.
    pub token: Option<String>,
    /// At most so many entries a page; `None`: the provider's own limit (1,000).
    pub max_keys: Option<u16>,
}

impl Store {
    /// One page of the profile's buckets. Known `buckets` of a profile that may not list them stand in for the answer;
    /// those that the answer lacks are added to its last page.
    pub async fn list_buckets(&self, token: Option<&str>) -> Result<Page> {
        let known = &self.profile().buckets;
        let answer = self
            .run("", self.op("list buckets of", "", ""), |clients| {
                let request = clients.patient.list_buckets();
                if self.provider().pages_buckets {
                    request.max_buckets(1000).set_continuation_token(token.map(str::to_owned)).send()
                } else {
                    request.send()
                }
            })
            .await;
        let mut page = match answer {
            Ok(output) => Page {
                entries: output
                    .buckets()
                    .iter()
                    .map(|bucket| Entry {
                        modified: bucket.creation_date().and_then(timestamp),
                        ..Entry::new(bucket.name().unwrap_or_default(), EntryKind::Bucket)
                    })
                    .collect(),
                next: output.continuation_token().filter(|token| !token.is_empty()).map(str::to_owned),
            },
            Err(error) if !known.is_empty() && matches!(error.kind(), Kind::Denied | Kind::Unsupported) => {
                Page::default()
            }
            Err(error) => return Err(error),
        };
        if page.next.is_none() {
            for name in known {
                if !page.entries.iter().any(|entry| entry.name == name.as_str()) {
                    page.entries.push(Entry::new(name.as_str(), EntryKind::Bucket));
                }
            }
        }
        Ok(page)
    }

    /// Whether a bucket's keys come in byte order, and a listing can begin behind any of them. Directory buckets of AWS
    /// do neither.
    pub fn lists_in_order(&self, bucket: &str) -> bool {
        self.provider().ordered && !bucket.ends_with("--x-s3")
    }

    /// One page of keys.
    pub async fn list(&self, request: &ListRequest) -> Result<Page> {
        self.readable(|encode| self.ask(request, encode)).await
    }

    /// Asks for a page with its keys encoded or not, as the store is known to need it, and the other way where that
    /// cannot be read: a raw control character makes a page unreadable, and some servers break on the request for
    /// encoding.
    pub(super) async fn readable<T, F, Fut>(&self, ask: F) -> Result<T>
    where
        F: Fn(bool) -> Fut,
        Fut: Future<Output = Result<T>>,
    {
        let encode = self.encode_keys();
        match ask(encode).await {
            Err(error) if matches!(error.kind(), Kind::Integrity | Kind::Unsupported) => {
                let answer = ask(!encode).await.map_err(|_| error)?;
                self.set_encode_keys(!encode);
                Ok(answer)
            }
            other => other,
        }
    }

    async fn ask(&self, request: &ListRequest, encode: bool) -> Result<Page> {
        let op = self.op("list", &request.bucket, &request.prefix);
        let body = self.page_of_keys(request, encode).await?;
        let answer = Answer::read(&body).ok_or_else(|| self.refused(op, &Facts::said(&body)))?;
        if !(answer.is_decoded && self.doubts_encoding()) {
            return self.page(request, &answer);
        }
        // Once and for all: the same keys without encoding.
        let body = self.page_of_keys(request, false).await.unwrap_or_default();
        match Answer::read(&body) {
            Some(plain) if answer.is_decoded_of(&plain) => {
                self.set_encode_keys(false);
                self.page(request, &plain)
            }
            _ => {
                self.set_encode_keys(true);
                self.page(request, &answer)
            }
        }
    }

    async fn page_of_keys(&self, request: &ListRequest, encode: bool) -> Result<Bytes> {
        let op = self.op("list", &request.bucket, &request.prefix);
        let (token, start_after) = (request.token.as_deref(), request.start_after.as_deref());
        let is_first = self.provider().list_version == 1;
        let asked = Request::new(Method::Get, &request.bucket, "")
            .query("list-type", (!is_first).then_some("2"))
            .query("prefix", Some(&request.prefix))
            .query("delimiter", (!request.recursive).then_some("/"))
            .query("encoding-type", encode.then_some("url"))
            .query("max-keys", request.max_keys.map(|most| most.to_string()).as_deref());
        let asked = if is_first {
            asked.query("marker", token.or(start_after))
        } else {
            asked
                .query("continuation-token", token)
                .query("start-after", start_after.filter(|_| token.is_none()))
        };
        self.read(op, &asked, LARGEST).await
    }

    fn page(&self, request: &ListRequest, answer: &Answer<'_>) -> Result<Page> {
        let next = match (answer.truncated, self.provider().list_version == 1) {
            (false, _) => None,
            (true, true) => marker(answer),
            (true, false) => answer.token.as_deref(),
        };
        let next = next.filter(|next| !next.is_empty()).map(str::to_owned);
        if answer.truncated && next.is_none() {
            let op = self.op("list", &request.bucket, &request.prefix);
            let why = "there is more, but no token to go on with";
            return Err(Error::new(Kind::Integrity, format!("cannot {op}: {why}")));
        }
        Ok(page(request, answer, next))
    }
}

/// Version 1 names the next marker only with a delimiter; without one it is the last key.
fn marker<'a>(answer: &'a Answer<'_>) -> Option<&'a str> {
    let key = answer.objects.last().map(|object| &*object.key);
    answer
        .marker
        .as_deref()
        .filter(|marker| !marker.is_empty())
        .or_else(|| key.max(answer.prefixes.last().map(|prefix| &**prefix)))
}

fn page(request: &ListRequest, answer: &Answer<'_>, next: Option<String>) -> Page {
    let relative = |key: &str| key.strip_prefix(request.prefix.as_str()).unwrap_or(key).to_owned();
    let mut entries = Vec::with_capacity(answer.objects.len() + answer.prefixes.len());
    for prefix in &answer.prefixes {
        entries.push(Entry::new(relative(prefix), EntryKind::Prefix));
    }
    for object in &answer.objects {
        let name = relative(&object.key);
        if name.is_empty() && !request.recursive && !request.own_marker {
            continue;
        }
        entries.push(Entry {
            size: object.size,
            modified: object.modified.as_deref().and_then(|time| time.parse().ok()),
            etag: object.etag.as_deref().map(|etag| etag.trim_matches('"').into()),
            storage_class: object.class.as_deref().map(Into::into),
            ..Entry::new(name, EntryKind::Object)
        });
    }
    Page { entries, next }
}
