//! Whole objects: conditions, reading, writing, copying, deleting.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, ETag, ETagCondition, GetObjectInput,
    GetObjectOutput, HeadObjectInput, HeadObjectOutput, PutObjectInput, PutObjectOutput, RestoreObjectInput,
    StorageClass, Timestamp,
};
use s3s::{S3Result, s3_error};

use super::content::{Content, collect, md5_hex, verified};
use super::encryption::{customer_key, describe_encryption, encryption, source_key};
use super::tags::parse_tagging;
use super::{Backend, Bucket, Stored, Version};

/// Copies every describing field of an object onto an answer; GET and HEAD have the same ones.
macro_rules! describe {
    ($output:ident, $version:expr, $stored:expr, $with_checksums:expr) => {{
        let (version, stored): (&Version, &Stored) = ($version, $stored);
        let attributes = stored.attributes.clone();
        $output.accept_ranges = Some("bytes".into());
        $output.e_tag = Some(ETag::Strong(stored.etag.clone()));
        $output.last_modified = Some(version.modified.into());
        $output.version_id = version.id.clone();
        $output.content_type = attributes.content_type.or_else(|| Some("binary/octet-stream".into()));
        $output.cache_control = attributes.cache_control;
        $output.content_disposition = attributes.content_disposition;
        $output.content_encoding = attributes.content_encoding;
        $output.content_language = attributes.content_language;
        $output.expires = attributes.expires;
        $output.metadata = Some(attributes.metadata);
        $output.storage_class = attributes.storage_class.map(StorageClass::from);
        describe_encryption!($output, &stored.encryption);
        $output.restore = stored.restored.and_then(restored);
        $output.parts_count = stored.parts;
        if $with_checksums {
            $output.checksum_crc32 = stored.checksums.get("crc32").cloned();
            $output.checksum_crc32c = stored.checksums.get("crc32c").cloned();
            $output.checksum_crc64nvme = stored.checksums.get("crc64nvme").cloned();
        }
    }};
}

/// The attributes that a writing request carries; all of them have the same fields.
macro_rules! attributes {
    ($input:expr) => {
        $crate::demo::backend::Attributes {
            content_type: $input.content_type.clone(),
            cache_control: $input.cache_control.clone(),
            content_disposition: $input.content_disposition.clone(),
            content_encoding: $input.content_encoding.clone(),
            content_language: $input.content_language.clone(),
            expires: $input.expires.clone(),
            metadata: $input.metadata.clone().unwrap_or_default(),
            storage_class: $input.storage_class.as_ref().map(|class| class.as_str().to_owned()),
        }
    };
}
pub(super) use attributes;

/// What a reading request asks of the object's state, under the names of HTTP's headers.
#[expect(clippy::struct_field_names, reason = "the headers are all called if-something")]
pub(super) struct Conditions<'a> {
    pub(super) if_match: Option<&'a ETagCondition>,
    pub(super) if_none_match: Option<&'a ETagCondition>,
    pub(super) if_modified_since: Option<&'a Timestamp>,
    pub(super) if_unmodified_since: Option<&'a Timestamp>,
}

impl Conditions<'_> {
    fn hold(&self, version: &Version, stored: &Stored) -> S3Result<()> {
        // HTTP dates have no fractions.
        let seconds = |time: SystemTime| time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let modified =
            Timestamp::from(UNIX_EPOCH + std::time::Duration::from_secs(seconds(version.modified)));
        let failed =
            |wanted: Option<&ETagCondition>| wanted.is_some_and(|wanted| !matches(wanted, &stored.etag));
        if failed(self.if_match) || self.if_unmodified_since.is_some_and(|since| modified > *since) {
            return Err(s3_error!(
                PreconditionFailed,
                "At least one of the pre-conditions you specified did not hold"
            ));
        }
        if self.if_none_match.is_some_and(|wanted| matches(wanted, &stored.etag))
            || (self.if_none_match.is_none()
                && self.if_modified_since.is_some_and(|since| modified <= *since))
        {
            return Err(s3_error!(NotModified));
        }
        Ok(())
    }
}

fn matches(condition: &ETagCondition, etag: &str) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(wanted) => wanted.value() == etag,
    }
}

/// Whether a write may go on that must only create, or only replace a known state.
pub(super) fn may_write(
    bucket: &Bucket,
    key: &str,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
) -> S3Result<()> {
    let current = bucket.newest(key).and_then(|version| version.stored.as_deref());
    let refused = match (if_match, if_none_match) {
        (Some(wanted), _) => !current.is_some_and(|stored| matches(wanted, &stored.etag)),
        (None, Some(_)) => current.is_some(),
        (None, None) => false,
    };
    if refused {
        return Err(s3_error!(
            PreconditionFailed,
            "At least one of the pre-conditions you specified did not hold"
        ));
    }
    Ok(())
}

/// The header of what was brought back.
fn restored(until: jiff::Timestamp) -> Option<String> {
    let until = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&until).ok()?;
    Some(format!("ongoing-request=\"false\", expiry-date=\"{until}\""))
}

impl Stored {
    fn is_archived(&self) -> bool {
        matches!(self.attributes.storage_class.as_deref(), Some("GLACIER" | "DEEP_ARCHIVE"))
    }

    fn readable(&self) -> S3Result<()> {
        if self.is_archived() && self.restored.is_none() {
            return Err(s3_error!(
                InvalidObjectState,
                "The operation is not valid for the object's storage class"
            ));
        }
        Ok(())
    }
}

impl Backend {
    pub(super) fn find(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
        conditions: &Conditions<'_>,
    ) -> S3Result<(Version, Arc<Stored>)> {
        let state = self.lock();
        let (version, stored) = state.bucket(bucket)?.find(key, version_id)?;
        conditions.hold(&version, &stored)?;
        Ok((version, stored))
    }

    /// The answer to HEAD, and how many tags there are, for which s3s has no field.
    pub(super) fn head(&self, input: &HeadObjectInput) -> S3Result<(HeadObjectOutput, usize)> {
        let conditions = Conditions {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
            if_modified_since: input.if_modified_since.as_ref(),
            if_unmodified_since: input.if_unmodified_since.as_ref(),
        };
        let (version, stored) =
            self.find(&input.bucket, &input.key, input.version_id.as_deref(), &conditions)?;
        stored.encryption.opens(customer_key!(input)?.as_deref())?;
        let mut output = HeadObjectOutput::default();
        describe!(output, &version, &stored, input.checksum_mode.is_some());
        let part = input.part_number.filter(|_| stored.parts.is_some());
        let length = match part.map(|number| stored.content.piece(number)) {
            Some(None) => return Err(s3_error!(InvalidRange, "The requested part is not satisfiable")),
            Some(Some(piece)) => piece,
            None => stored.content.length(),
        };
        output.parts_count = stored.parts.filter(|_| part.is_some());
        output.content_length = i64::try_from(length).ok();
        Ok((output, stored.tags.len()))
    }

    pub(super) fn read(&self, input: &GetObjectInput) -> S3Result<GetObjectOutput> {
        let conditions = Conditions {
            if_match: input.if_match.as_ref(),
            if_none_match: input.if_none_match.as_ref(),
            if_modified_since: input.if_modified_since.as_ref(),
            if_unmodified_since: input.if_unmodified_since.as_ref(),
        };
        let (version, stored) =
            self.find(&input.bucket, &input.key, input.version_id.as_deref(), &conditions)?;
        stored.readable()?;
        stored.encryption.opens(customer_key!(input)?.as_deref())?;
        let length = stored.content.length();
        let tag_count = i32::try_from(stored.tags.len()).ok().filter(|count| *count > 0);
        let mut output = GetObjectOutput { tag_count, ..GetObjectOutput::default() };
        describe!(output, &version, &stored, input.checksum_mode.is_some() && input.range.is_none());
        let range = match &input.range {
            None => 0..length,
            Some(range) => {
                let range = range
                    .check(length)
                    .map_err(|_| s3_error!(InvalidRange, "The range is not satisfiable"))?;
                output.content_range = Some(format!("bytes {}-{}/{length}", range.start, range.end - 1));
                range
            }
        };
        output.content_length = i64::try_from(range.end - range.start).ok();
        output.body = Some(stored.content.stream(range));
        let asked = |asked: &Option<String>, own: Option<String>| asked.clone().or(own);
        output.content_type = asked(&input.response_content_type, output.content_type);
        output.content_disposition = asked(&input.response_content_disposition, output.content_disposition);
        output.cache_control = asked(&input.response_cache_control, output.cache_control);
        Ok(output)
    }

    pub(super) async fn write(&self, mut input: PutObjectInput) -> S3Result<PutObjectOutput> {
        let bytes = collect(input.body.take(), input.content_md5.as_deref()).await?;
        let encryption = encryption!(input);
        let etag = encryption.etag(md5_hex(&bytes));
        let content = Content::from(bytes);
        let checksums = verified(
            &content,
            [
                ("crc32", input.checksum_crc32.clone()),
                ("crc32c", input.checksum_crc32c.clone()),
                ("crc64nvme", input.checksum_crc64nvme.clone()),
            ],
        )?;
        let stored = Stored {
            content,
            etag: etag.clone(),
            attributes: attributes!(input),
            encryption: encryption.clone(),
            checksums,
            tags: parse_tagging(input.tagging.as_deref()),
            parts: None,
            restored: None,
        };
        let mut state = self.lock();
        let id = state.next_id();
        let bucket = state.bucket_mut(&input.bucket)?;
        may_write(bucket, &input.key, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let version_id = bucket.add(&input.key, id, SystemTime::now(), Some(Arc::new(stored)));
        let mut output =
            PutObjectOutput { e_tag: Some(ETag::Strong(etag)), version_id, ..PutObjectOutput::default() };
        describe_encryption!(output, &encryption);
        Ok(output)
    }

    /// What a copy reads from, with the key of that.
    pub(super) fn source(
        &self,
        source: &CopySource,
        if_match: Option<&ETagCondition>,
        customer_key: Option<&str>,
    ) -> S3Result<Arc<Stored>> {
        let CopySource::Bucket { bucket, key, version_id } = source else {
            return Err(s3_error!(NotImplemented));
        };
        let conditions =
            Conditions { if_match, if_none_match: None, if_modified_since: None, if_unmodified_since: None };
        let (_, stored) = self.find(bucket, key, version_id.as_deref(), &conditions)?;
        stored.readable()?;
        stored.encryption.opens(customer_key)?;
        Ok(stored)
    }

    /// Brings an object back from an archive, at once.
    pub(super) fn restore(&self, input: &RestoreObjectInput) -> S3Result<()> {
        let days = input.restore_request.as_ref().and_then(|request| request.days).unwrap_or(1);
        let mut state = self.lock();
        let id = input.version_id.as_deref();
        let mut versions =
            state.bucket_mut(&input.bucket)?.objects.get_mut(&input.key).into_iter().flatten().rev();
        let version = versions.find(|version| id.is_none_or(|id| version.name() == id));
        let stored = version.and_then(|version| version.stored.as_mut());
        let stored = stored.ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))?;
        if !stored.is_archived() {
            return Err(s3_error!(
                InvalidObjectState,
                "Restore is not allowed for the object's current storage class"
            ));
        }
        let hours = jiff::SignedDuration::from_hours(24 * i64::from(days));
        Arc::make_mut(stored).restored =
            Some(jiff::Timestamp::now().saturating_add(hours).unwrap_or_default());
        Ok(())
    }

    pub(super) fn copy(&self, input: &CopyObjectInput) -> S3Result<CopyObjectOutput> {
        let key = source_key!(input)?;
        let source = self.source(&input.copy_source, input.copy_source_if_match.as_ref(), key.as_deref())?;
        let mut stored = Stored { restored: None, ..Stored::clone(&source) };
        if input.metadata_directive.as_ref().is_some_and(|directive| directive.as_str() == "REPLACE") {
            stored.attributes = attributes!(input);
        }
        if input.tagging_directive.as_ref().is_some_and(|directive| directive.as_str() == "REPLACE") {
            stored.tags = parse_tagging(input.tagging.as_deref());
        }
        // A copy is encrypted as it says itself.
        stored.encryption = encryption!(input);
        if source.encryption.hides_md5() || stored.encryption.hides_md5() {
            stored.etag = stored.encryption.etag(md5_hex(&stored.content.to_bytes()));
            stored.parts = None;
        }
        let encryption = stored.encryption.clone();
        let etag = ETag::Strong(stored.etag.clone());
        let mut state = self.lock();
        let id = state.next_id();
        let bucket = state.bucket_mut(&input.bucket)?;
        let now = SystemTime::now();
        let version_id = bucket.add(&input.key, id, now, Some(Arc::new(stored)));
        let result = CopyObjectResult {
            e_tag: Some(etag),
            last_modified: Some(now.into()),
            ..CopyObjectResult::default()
        };
        let mut output =
            CopyObjectOutput { copy_object_result: Some(result), version_id, ..CopyObjectOutput::default() };
        describe_encryption!(output, &encryption);
        Ok(output)
    }
}

/// The bytes of `bytes=FROM-TO` in `x-amz-copy-source-range`.
pub(super) fn copied_range(stored: &Stored, range: Option<&str>) -> S3Result<Bytes> {
    let length = stored.content.length();
    let Some(range) = range else { return Ok(stored.content.to_bytes()) };
    let wrong = || {
        s3_error!(InvalidArgument, "The x-amz-copy-source-range value must be of the form bytes=first-last")
    };
    let (first, last) =
        range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).ok_or_else(wrong)?;
    let (first, last): (u64, u64) = (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
    if first > last || last >= length {
        return Err(s3_error!(InvalidRange, "The range is not satisfiable"));
    }
    Ok(stored.content.range_bytes(first..last + 1))
}

#[cfg(test)]
mod tests {
    use super::super::Attributes;
    use super::*;

    #[test]
    fn writes_may_be_bound_to_a_known_state() {
        let mut bucket = Bucket::new();
        let etag = |text: &str| ETagCondition::ETag(ETag::Strong(text.into()));
        assert!(may_write(&bucket, "k", None, Some(&ETagCondition::Any)).is_ok());
        assert!(may_write(&bucket, "k", Some(&etag("a")), None).is_err());
        let stored = Stored { etag: "a".into(), attributes: Attributes::default(), ..Stored::default() };
        bucket.add("k", "1".into(), SystemTime::now(), Some(Arc::new(stored)));
        assert!(may_write(&bucket, "k", None, Some(&ETagCondition::Any)).is_err());
        assert!(may_write(&bucket, "k", Some(&etag("a")), None).is_ok());
        assert!(may_write(&bucket, "k", Some(&etag("b")), None).is_err());
    }
}
