//! Whole objects and ranges of them.

use std::collections::BTreeMap;
use std::ops::Range;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumMode, ServerSideEncryption};
use bytes::Bytes;
use jiff::Timestamp;

use super::attributes::with_attributes;
use super::digest::{Algorithm, Digest};
use super::encryption::{CUSTOMER, keeps_md5};
use super::fault::{Op, explain};
use super::transport::{Body, STALL, unless_stalled};
use super::{Attributes, Store};
use crate::error::{Error, Kind, Result};
use crate::http::root_cause;

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
    body: ByteStream,
    what: String,
    left: u64,
}

impl Download {
    /// The next bytes; `None` at the end. A stream that breaks, ends early or says nothing for a minute is an error
    /// worth another try.
    pub async fn chunk(&mut self) -> Option<Result<Bytes>> {
        let failed = |kind, why: &str| Some(Err(Error::new(kind, format!("cannot {}: {why}", self.what))));
        match tokio::time::timeout(STALL, self.body.next()).await {
            Err(_) => failed(Kind::Timeout, "no byte for a minute"),
            Ok(Some(Ok(bytes))) => {
                self.left = self.left.saturating_sub(bytes.len() as u64);
                Some(Ok(bytes))
            }
            Ok(Some(Err(error))) => failed(Kind::Network, &root_cause(&error)),
            Ok(None) if self.left > 0 => failed(Kind::Network, "the connection ended before the last byte"),
            Ok(None) => None,
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

/// HEAD and GET answer with the same fields on different types.
macro_rules! info {
    ($output:expr, $size:expr) => {{
        let output = $output;
        let text = |value: Option<&str>| value.map(str::to_owned);
        let checksums = [
            ("crc64nvme", output.checksum_crc64_nvme()),
            ("crc32", output.checksum_crc32()),
            ("crc32c", output.checksum_crc32_c()),
            ("sha1", output.checksum_sha1()),
            ("sha256", output.checksum_sha256()),
        ];
        let other = [
            ("website-redirect", text(output.website_redirect_location())),
            ("replication-status", output.replication_status().map(|v| v.as_str().to_owned())),
            ("expiration", text(output.expiration())),
            ("restore", text(output.restore())),
            ("object-lock", output.object_lock_mode().map(|v| v.as_str().to_owned())),
            (
                "locked-until",
                output.object_lock_retain_until_date().and_then(timestamp).map(|until| until.to_string()),
            ),
            ("legal-hold", output.object_lock_legal_hold_status().map(|v| v.as_str().to_owned())),
            ("checksum-type", output.checksum_type().map(|v| v.as_str().to_owned())),
        ];
        ObjectInfo {
            size: $size,
            etag: unquoted(output.e_tag()),
            modified: output.last_modified().and_then(timestamp),
            version_id: text(output.version_id()),
            attributes: Attributes {
                content_type: text(output.content_type()),
                cache_control: text(output.cache_control()),
                content_disposition: text(output.content_disposition()),
                content_encoding: text(output.content_encoding()),
                content_language: text(output.content_language()),
                expires: text(output.expires_string()),
                metadata: output
                    .metadata()
                    .into_iter()
                    .flatten()
                    .map(|(k, v)| (k.clone(), v.clone()))
                    .collect(),
                storage_class: output.storage_class().map(|class| class.as_str().to_owned()),
                sse: match (output.sse_customer_algorithm(), output.server_side_encryption()) {
                    (Some(_), _) => Some(CUSTOMER.to_owned()),
                    (None, None) => None,
                    (None, Some(sse)) => Some(match output.ssekms_key_id() {
                        Some(id) => format!("{}:{id}", sse.as_str()),
                        None => sse.as_str().to_owned(),
                    }),
                },
                tags: Vec::new(),
            },
            checksums: checksums
                .into_iter()
                .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
                .collect(),
            tag_count: output.tag_count().and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
            parts: output.parts_count().and_then(|count| u32::try_from(count).ok()),
            other: other.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect(),
        }
    }};
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

impl ObjectInfo {
    /// What the bytes of the whole object can be compared with: a checksum that the provider keeps, else the MD5 that the
    /// ETag of a single unencrypted PUT is (where `md5_etags` says that of the provider).
    pub fn proof(&self, md5_etags: bool) -> Option<Digest> {
        let kept = Algorithm::KEPT
            .into_iter()
            .find_map(|algorithm| Digest::from_base64(algorithm, self.checksums.get(algorithm.name())?));
        let is_md5 = md5_etags && keeps_md5(self.attributes.sse.as_deref());
        kept.or_else(|| Digest::from_etag(&self.etag).filter(|_| is_md5))
    }
}

impl Store {
    /// HEAD.
    pub async fn head(&self, bucket: &str, key: &str, version_id: Option<&str>) -> Result<ObjectInfo> {
        let keeps_checksums = self.profile().kept_checksum.is_some();
        let output = self
            .run(bucket, self.op("read", bucket, key), |clients| {
                let request = clients.patient.head_object().bucket(bucket).key(key);
                request
                    .set_version_id(version_id.map(str::to_owned))
                    .set_checksum_mode(keeps_checksums.then_some(ChecksumMode::Enabled))
                    .send()
            })
            .await?;
        let size = output.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
        Ok(info!(&output, size))
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
        let output = self
            .run(bucket, self.op("read", bucket, key), |clients| {
                let request = clients.patient.head_object().bucket(bucket).key(key);
                request.set_version_id(version_id.map(str::to_owned)).part_number(i32::from(part)).send()
            })
            .await?;
        let size = output.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
        Ok(info!(&output, size))
    }

    /// GET. One attempt: whoever reads the body decides about another.
    pub async fn get(&self, bucket: &str, key: &str, options: &GetOptions) -> Result<Download> {
        let op = self.op("read", bucket, key);
        let checksums = options.checksums && self.profile().kept_checksum.is_some();
        let asking = self.run(bucket, op, |clients| {
            let range = options
                .range
                .as_ref()
                .map(|range| format!("bytes={}-{}", range.start, range.end.saturating_sub(1)));
            clients
                .once
                .get_object()
                .bucket(bucket)
                .key(key)
                .set_range(range)
                .set_if_match(options.if_match.as_deref().map(quoted))
                .set_version_id(options.version_id.clone())
                .customize()
                .mutate_request(move |request| {
                    // Not the SDK's own switch: it would compare a second time, and call a wrong byte a broken stream.
                    if checksums {
                        request.headers_mut().insert("x-amz-checksum-mode", "ENABLED");
                    }
                })
                .send()
        });
        let output = tokio::time::timeout(STALL, asking)
            .await
            .map_err(|_| Error::new(Kind::Timeout, format!("cannot {op}: no answer within a minute")))??;
        let left = output.content_length().and_then(|length| u64::try_from(length).ok()).unwrap_or(0);
        let total = output.content_range().and_then(|range| range.rsplit('/').next()?.parse().ok());
        if let Some(range) = &options.range {
            let starts = output
                .content_range()
                .and_then(|range| range.strip_prefix("bytes ")?.split('-').next()?.parse().ok());
            if starts != Some(range.start) {
                return Err(Error::new(
                    Kind::Integrity,
                    format!("cannot {op}: the answer is not the range that was asked for"),
                ));
            }
        }
        let info = info!(&output, total.unwrap_or(left));
        Ok(Download { info, body: output.body, what: op.to_string(), left })
    }

    /// PUT. One attempt, as the body is consumed.
    pub async fn put(&self, bucket: &str, key: &str, body: Body, options: &PutOptions) -> Result<Written> {
        let op = self.op("write", bucket, key);
        self.writable(op)?;
        options.attributes.check(op)?;
        let encryption = self.encryption(op, &options.attributes)?;
        let length = body.length();
        let sign = self.profile().sign_payload;
        let (body, sent) = body.prepare(sign).await?;
        let request =
            with_attributes!(self.clients(bucket).once.put_object(), &options.attributes, &encryption)
                .bucket(bucket)
                .key(key)
                .content_length(length)
                .set_content_md5(header(options.digest.as_ref(), Algorithm::Md5))
                .set_checksum_crc64_nvme(header(options.digest.as_ref(), Algorithm::Crc64Nvme))
                .set_checksum_crc32(header(options.digest.as_ref(), Algorithm::Crc32))
                .set_checksum_crc32_c(header(options.digest.as_ref(), Algorithm::Crc32c))
                .set_if_none_match(options.if_none_match.then(|| "*".to_owned()))
                .set_if_match(options.if_match.as_deref().map(quoted))
                .body(body.into())
                .customize();
        let request = if sign { request } else { request.disable_payload_signing() };
        let output = match unless_stalled(request.send(), &sent).await {
            None => return Err(stalled(op)),
            Some(Err(error)) => return Err(self.written_elsewhere(bucket, op, error)),
            Some(Ok(output)) => output,
        };
        let etag = unquoted(output.e_tag());
        let kept = kept!(&output);
        self.check_encrypted(op, output.sse_customer_algorithm())?;
        let sse = output
            .server_side_encryption()
            .map(ServerSideEncryption::as_str)
            .or(encryption.algorithm.as_deref());
        self.arrived(op, options.digest.as_ref(), &etag, kept.as_ref(), sse)?;
        Ok(Written { etag, version_id: output.version_id().map(str::to_owned), digest: kept })
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
            Algorithm::Md5 if self.md5_etags() && keeps_md5(sse) => Digest::from_etag(etag),
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
        if self.learn_region(bucket, &error) {
            let region = self.region_of(bucket);
            return Error::new(Kind::Unavailable, format!("cannot {op}: the bucket is in region {region}"));
        }
        let conditional = error.raw_response().is_some_and(|raw| matches!(raw.status().as_u16(), 409 | 412));
        let error = explain(self, op, error);
        if conditional && error.kind() == Kind::Changed {
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
