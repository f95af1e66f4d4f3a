//! Whole objects and ranges of them.

use std::ops::Range;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::DateTime;
use bytes::Bytes;
use hyper::body::Incoming;
use jiff::Timestamp;

use super::body::{Body, Signed};
use super::digest::{Algorithm, Digest};
use super::encryption::{ENCRYPTED, ENCRYPTED_WITH_KEY, ENCRYPTION_KEY_ID};
use super::fault::{Facts, Op, explain};
use super::info::kept_checksum;
use super::request::{Failure, Request, finished, number, text};
use super::transport::{STALL, arriving, unless_stalled};
use super::{Attributes, Method, ObjectInfo, Store};
use crate::config::Sse;
use crate::error::{Error, Kind, Result};

/// Asks for the checksums that the provider keeps.
const CHECKSUM_MODE: &str = "x-amz-checksum-mode";

/// Which bytes of which state of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GetOptions {
    /// Half-open byte range; `None`: all.
    pub range: Option<Range<u64>>,
    /// Fail with `Kind::Changed` unless the ETag (without quotes) is this.
    pub if_match: Option<String>,
    /// That version instead of the newest.
    pub version_id: Option<String>,
    /// Ask for the checksums that the provider keeps.
    pub checksums: bool,
}

/// An object's bytes as they arrive.
pub struct Download {
    /// What the answer's headers said (`size` is the whole object's also for a range).
    pub info: ObjectInfo,
    body: Incoming,
    what: String,
    left: u64,
}

impl Download {
    /// The next bytes; `None` at the end. A stream that breaks, ends early or says nothing for a minute is an error
    /// worth another try.
    pub async fn chunk(&mut self) -> Option<Result<Bytes>> {
        let failed = |kind, why: &str| Some(Err(Error::new(kind, format!("cannot {}: {why}", self.what))));
        match arriving(&mut self.body).await {
            Some(Ok(bytes)) => {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                Some(Ok(bytes))
            }
            Some(Err((kind, why))) => failed(kind, &why),
            None if self.left > 0 => failed(Kind::Network, "the connection ended before the last byte"),
            None => None,
        }
    }
}

/// How to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PutOptions {
    /// Headers, metadata and class.
    pub attributes: Attributes,
    /// Fail with `Kind::Exists` if the key is taken, where the provider can tell.
    pub if_none_match: bool,
    /// Fail with `Kind::Changed` unless the current ETag is this, where the provider can tell.
    pub if_match: Option<String>,
    /// Digest of the body, checked on arrival; for a multipart upload that of the whole object.
    pub digest: Option<Digest>,
    /// The algorithm that a multipart upload is proved by.
    pub algorithm: Option<Algorithm>,
}

/// What a write answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Without quotes.
    pub etag: String,
    /// The new version's id on a versioned bucket.
    pub version_id: Option<String>,
    /// What the provider says it keeps of the whole object.
    pub digest: Option<Digest>,
}

/// The whole-object checksum of an answer; all that have one have the same getters.
macro_rules! kept {
    ($output:expr) => {{
        let output = $output;
        let said = [
            ($crate::s3::Algorithm::Crc64Nvme, output.checksum_crc64_nvme()),
            ($crate::s3::Algorithm::Crc32, output.checksum_crc32()),
            ($crate::s3::Algorithm::Crc32c, output.checksum_crc32_c()),
        ];
        said.into_iter().find_map(|(algorithm, value)| $crate::s3::Digest::from_base64(algorithm, value?))
    }};
}
pub(super) use kept;

impl Store {
    /// HEAD.
    pub async fn head(&self, bucket: &str, key: &str, version_id: Option<&str>) -> Result<ObjectInfo> {
        let request = Request::new(Method::Head, bucket, key).query("versionId", version_id);
        let keeps_checksums = self.profile().kept_checksum.is_some();
        let request = request.header(CHECKSUM_MODE, keeps_checksums.then_some("ENABLED"));
        self.headers(request).await
    }

    /// HEAD of one part (from 1) of an object that was sent in parts: `size` is the part's, where the provider knows
    /// parts; others answer for the whole object.
    pub async fn head_part(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
        part: u16,
    ) -> Result<ObjectInfo> {
        let request = Request::new(Method::Head, bucket, key).query("partNumber", Some(&part.to_string()));
        self.headers(request.query("versionId", version_id)).await
    }

    async fn headers(&self, request: Request<'_>) -> Result<ObjectInfo> {
        let answer = self.fetch(self.op("read", request.bucket, request.key), &request).await?;
        let size = number(answer.headers(), "content-length").unwrap_or(0);
        Ok(ObjectInfo::of(answer.headers(), size))
    }

    /// GET. One attempt: whoever reads the body decides about another.
    pub async fn get(&self, bucket: &str, key: &str, options: &GetOptions) -> Result<Download> {
        let op = self.op("read", bucket, key);
        let checksums = options.checksums && self.profile().kept_checksum.is_some();
        let range = options.range.as_ref();
        let request = Request::new(Method::Get, bucket, key)
            .query("versionId", options.version_id.as_deref())
            .header(
                "range",
                range.map(|range| format!("bytes={}-{}", range.start, range.end.saturating_sub(1))),
            )
            .header("if-match", options.if_match.as_deref().map(quoted))
            .header(CHECKSUM_MODE, checksums.then_some("ENABLED"));
        let answer = tokio::time::timeout(STALL, self.fetch_once(op, &request))
            .await
            .map_err(|_| Error::new(Kind::Timeout, format!("cannot {op}: no answer within a minute")))??;
        let left = number(answer.headers(), "content-length").unwrap_or(0);
        let said = text(answer.headers(), "content-range");
        let total = said.as_deref().and_then(|range| range.rsplit('/').next()?.parse().ok());
        if let Some(range) = range {
            let starts = said
                .as_deref()
                .and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse().ok());
            if starts != Some(range.start) {
                return Err(Error::new(
                    Kind::Integrity,
                    format!("cannot {op}: the answer is not the range that was asked for"),
                ));
            }
        }
        let info = ObjectInfo::of(answer.headers(), total.unwrap_or(left));
        Ok(Download { info, body: answer.into_body(), what: op.to_string(), left })
    }

    /// PUT. One attempt, as the body is consumed.
    pub async fn put(&self, bucket: &str, key: &str, body: Body, options: &PutOptions) -> Result<Written> {
        let op = self.op("write", bucket, key);
        options.attributes.check(op)?;
        let encryption = self.encryption(op, &options.attributes)?;
        let request = Request::new(Method::Put, bucket, key)
            .header("if-none-match", options.if_none_match.then_some("*"))
            .header("if-match", options.if_match.as_deref().map(quoted))
            .attributes(&options.attributes)
            .header(ENCRYPTED, encryption.algorithm.as_deref())
            .header(ENCRYPTION_KEY_ID, encryption.key_id);
        self.write(op, request, body, options.digest.as_ref(), encryption.algorithm.as_deref()).await
    }

    /// Sends a body, and compares what the answer says about it. `sse`: the encryption that was asked for.
    pub(super) async fn write(
        &self,
        op: Op<'_>,
        request: Request<'_>,
        body: Body,
        digest: Option<&Digest>,
        sse: Option<&str>,
    ) -> Result<Written> {
        self.writable(op)?;
        let request = request.header("content-length", Some(body.length().to_string())).digest(digest);
        let (sent, passed) = (body.sent(), body.passed());
        let default = if self.profile().sign_payload { Signed::Itself } else { Signed::Nothing };
        let payload = body.payload(default).await?;
        let sending = async { Ok(finished(self.send(op, &request, payload).await?).await) };
        let headers = match unless_stalled(sending, &sent).await {
            None => return Err(stalled(op)),
            Some(Err(Failure::Failed(error))) => return Err(error),
            Some(Err(Failure::Refused(facts))) => {
                return Err(self.not_written(op.bucket, op, &facts, || self.refused(op, &facts)));
            }
            Some(Ok(headers)) => headers,
        };
        let etag = unquoted(text(&headers, "etag").as_deref());
        let kept = kept_checksum(&headers);
        self.check_encrypted(op, text(&headers, ENCRYPTED_WITH_KEY).as_deref())?;
        let digest = digest.or_else(|| passed.as_ref()?.get());
        self.arrived(op, digest, &etag, kept.as_ref(), text(&headers, ENCRYPTED).as_deref().or(sse))?;
        Ok(Written { etag, version_id: text(&headers, "x-amz-version-id"), digest: kept })
    }

    /// The algorithm by which bodies are proved: what the provider keeps, else MD5, which all of them check.
    pub fn algorithm(&self) -> Algorithm {
        self.profile().kept_checksum.and_then(Algorithm::named).unwrap_or(Algorithm::Md5)
    }

    /// Compares what was sent with what the answer says has arrived, as far as it says. `sse`: what the answer says
    /// about encryption.
    pub(super) fn arrived(
        &self,
        op: Op<'_>,
        sent: Option<&Digest>,
        etag: &str,
        kept: Option<&Digest>,
        sse: Option<&str>,
    ) -> Result<()> {
        let Some(sent) = sent else { return Ok(()) };
        let told = match sent.algorithm {
            Algorithm::Md5 if self.md5_etags() && Sse::keeps_md5(sse) => Digest::from_etag(etag),
            _ => kept.filter(|kept| kept.algorithm == sent.algorithm).cloned(),
        };
        match told {
            Some(told) if told != *sent => Err(Error::new(
                Kind::Integrity,
                format!(
                    "cannot {op}: its {} is {} there and {} here",
                    sent.algorithm.name(),
                    told.hex(),
                    sent.hex()
                ),
            )),
            _ => Ok(()),
        }
    }

    /// A failed write that only showed where the bucket lives is worth another try.
    pub(super) fn written_elsewhere<E>(&self, bucket: &str, op: Op<'_>, error: SdkError<E>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let facts = Facts::of(&error).unwrap_or_default();
        self.not_written(bucket, op, &facts, || explain(self, op, error))
    }

    fn not_written(&self, bucket: &str, op: Op<'_>, facts: &Facts, why: impl FnOnce() -> Error) -> Error {
        if self.learn_region(bucket, facts) {
            let region = self.region_of(bucket);
            return Error::new(Kind::Unavailable, format!("cannot {op}: the bucket is in region {region}"));
        }
        let error = why();
        if matches!(facts.status, 409 | 412) && error.kind() == Kind::Changed {
            return Error::new(Kind::Exists, error.message());
        }
        error
    }
}

/// The header's value of a digest, if it is of that algorithm.
pub(super) fn header(digest: Option<&Digest>, algorithm: Algorithm) -> Option<String> {
    digest.filter(|digest| digest.algorithm == algorithm).map(Digest::base64)
}

pub(super) fn stalled(op: Op<'_>) -> Error {
    Error::new(Kind::Timeout, format!("cannot {op}: no byte was taken for a minute"))
}

/// Without the quotes that ETags travel in.
pub(super) fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

/// With the quotes that ETags travel in.
pub(super) fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

pub(super) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}
