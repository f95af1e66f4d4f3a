//! Buckets and keys, page by page.

use aws_sdk_s3::types::{CommonPrefix, EncodingType, Object};
use percent_encoding::percent_decode_str;

use super::Store;
use super::object::{timestamp, unquoted};
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

/// What both versions of the operation answer.
struct Answer {
    objects: Vec<Object>,
    prefixes: Vec<CommonPrefix>,
    encoded: bool,
    truncated: bool,
    next: Option<String>,
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

    /// One page of keys.
    pub async fn list(&self, request: &ListRequest) -> Result<Page> {
        let answer = self.readable(|encode| self.ask(request, encode)).await?;
        Ok(page(request, answer))
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

    async fn ask(&self, request: &ListRequest, encode: bool) -> Result<Answer> {
        let op = self.op("list", &request.bucket, &request.prefix);
        let delimiter = (!request.recursive).then(|| "/".to_owned());
        let encoding = encode.then_some(EncodingType::Url);
        let max_keys = request.max_keys.map(i32::from);
        if self.provider().list_version == 1 {
            let output = self
                .run(&request.bucket, op, |clients| {
                    let list = clients.patient.list_objects().bucket(&request.bucket).prefix(&request.prefix);
                    let list = list.set_delimiter(delimiter.clone()).set_max_keys(max_keys);
                    let marker = request.token.clone().or_else(|| request.start_after.clone());
                    list.set_encoding_type(encoding.clone()).set_marker(marker).send()
                })
                .await?;
            return Ok(with_marker(Answer {
                encoded: output.encoding_type() == Some(&EncodingType::Url),
                truncated: output.is_truncated().unwrap_or(false),
                next: output.next_marker.filter(|marker| !marker.is_empty()),
                objects: output.contents.unwrap_or_default(),
                prefixes: output.common_prefixes.unwrap_or_default(),
            }));
        }
        let output = self
            .run(&request.bucket, op, |clients| {
                let list = clients.patient.list_objects_v2().bucket(&request.bucket).prefix(&request.prefix);
                let list = list.set_delimiter(delimiter.clone()).set_max_keys(max_keys);
                let list =
                    list.set_start_after(request.start_after.clone().filter(|_| request.token.is_none()));
                list.set_encoding_type(encoding.clone()).set_continuation_token(request.token.clone()).send()
            })
            .await?;
        let answer = Answer {
            encoded: output.encoding_type() == Some(&EncodingType::Url),
            truncated: output.is_truncated().unwrap_or(false),
            next: output.next_continuation_token,
            objects: output.contents.unwrap_or_default(),
            prefixes: output.common_prefixes.unwrap_or_default(),
        };
        if answer.truncated && answer.next.is_none() {
            return Err(Error::new(
                Kind::Integrity,
                format!("cannot {op}: there is more, but no token to go on with"),
            ));
        }
        Ok(answer)
    }
}

/// Version 1 names the next marker only with a delimiter; without one it is the last key.
fn with_marker(mut answer: Answer) -> Answer {
    answer.next = if answer.truncated {
        let named = answer.next.take().map(|marker| decoded(&marker, answer.encoded));
        let key = answer.objects.last().and_then(Object::key).map(|key| decoded(key, answer.encoded));
        let prefix =
            answer.prefixes.last().and_then(CommonPrefix::prefix).map(|p| decoded(p, answer.encoded));
        named.or_else(|| key.max(prefix))
    } else {
        None
    };
    answer
}

/// The SDK hands out keys as they were sent. `+` stands for a space in encoded ones (a real one is `%2B`).
pub(super) fn decoded(text: &str, encoded: bool) -> String {
    if encoded {
        percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
    } else {
        text.to_owned()
    }
}

fn page(request: &ListRequest, answer: Answer) -> Page {
    let relative = |key: &str| {
        let key = decoded(key, answer.encoded);
        match key.strip_prefix(request.prefix.as_str()) {
            Some(rest) => rest.to_owned(),
            None => key,
        }
    };
    let mut entries = Vec::with_capacity(answer.objects.len() + answer.prefixes.len());
    for prefix in &answer.prefixes {
        let name = relative(prefix.prefix().unwrap_or_default());
        entries.push(Entry::new(name, EntryKind::Prefix));
    }
    for object in &answer.objects {
        let name = relative(object.key().unwrap_or_default());
        if name.is_empty() && !request.recursive && !request.own_marker {
            continue;
        }
        entries.push(Entry {
            size: object.size().and_then(|size| u64::try_from(size).ok()),
            modified: object.last_modified().and_then(timestamp),
            etag: object.e_tag().map(|etag| unquoted(Some(etag)).into()),
            storage_class: object.storage_class().map(|class| class.as_str().into()),
            ..Entry::new(name, EntryKind::Object)
        });
    }
    Page { entries, next: answer.next.filter(|_| answer.truncated) }
}
