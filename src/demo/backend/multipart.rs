//! Multipart uploads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use s3s::dto::{
    CompleteMultipartUploadInput, CompleteMultipartUploadOutput, CopyPartResult, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
    ListPartsOutput, MultipartUpload, Part as PartDto, UploadPartCopyInput, UploadPartCopyOutput,
    UploadPartInput, UploadPartOutput,
};
use s3s::{S3Result, s3_error};

use super::content::{Content, collect, md5_hex, multipart_etag, verified};
use super::encryption::{Encryption, customer_key, describe_encryption, encryption, source_key};
use super::list::{encoded, repeated};
use super::object::{attributes, copied_range, may_write};
use super::tags::parse_tagging;
use super::{Backend, Bucket, Part, Stored, Upload};

/// Every part but the last one.
const SMALLEST: usize = 5 << 20;

impl Bucket {
    fn upload(&mut self, key: &str, id: &str) -> S3Result<&mut Upload> {
        let missing = || s3_error!(NoSuchUpload, "The specified multipart upload does not exist.");
        self.uploads.get_mut(&(key.to_owned(), id.to_owned())).ok_or_else(missing)
    }
}

impl Backend {
    pub(super) fn begin(&self, input: &CreateMultipartUploadInput) -> S3Result<CreateMultipartUploadOutput> {
        let encryption = encryption!(input);
        let mut output = CreateMultipartUploadOutput::default();
        describe_encryption!(output, &encryption);
        let mut state = self.lock();
        let id = state.next_id();
        let checksum = input.checksum_algorithm.as_ref().map(|name| name.as_str().to_ascii_lowercase());
        let upload = Upload {
            started: SystemTime::now(),
            attributes: attributes!(input),
            encryption,
            tags: parse_tagging(input.tagging.as_deref()),
            checksum,
            parts: BTreeMap::new(),
        };
        state.bucket_mut(&input.bucket)?.uploads.insert((input.key.clone(), id.clone()), upload);
        (output.bucket, output.key) = (Some(input.bucket.clone()), repeated(&input.key));
        output.upload_id = Some(id);
        Ok(output)
    }

    pub(super) async fn take_part(&self, mut input: UploadPartInput) -> S3Result<UploadPartOutput> {
        let bytes = collect(input.body.take(), input.content_md5.as_deref()).await?;
        let given = [
            ("crc32", input.checksum_crc32.take()),
            ("crc32c", input.checksum_crc32c.take()),
            ("crc64nvme", input.checksum_crc64nvme.take()),
        ];
        verified(&Content::from(bytes.clone()), given)?;
        let customer_key = customer_key!(input)?;
        let target = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
        let content = Content::from(bytes.clone());
        let (etag, encryption) = self.add_part(target, input.part_number, bytes, customer_key.as_deref())?;
        let mut output = UploadPartOutput { e_tag: Some(etag), ..UploadPartOutput::default() };
        match self.declared_checksum(target)? {
            Some(name) if name == "crc32" => output.checksum_crc32 = content.checksum(&name),
            Some(name) if name == "crc32c" => output.checksum_crc32c = content.checksum(&name),
            Some(name) if name == "crc64nvme" => output.checksum_crc64nvme = content.checksum(&name),
            _ => {}
        }
        describe_encryption!(output, &encryption);
        Ok(output)
    }

    pub(super) fn copy_part(&self, input: &UploadPartCopyInput) -> S3Result<UploadPartCopyOutput> {
        let key = source_key!(input)?;
        let source = self.source(&input.copy_source, input.copy_source_if_match.as_ref(), key.as_deref())?;
        let bytes = copied_range(&source, input.copy_source_range.as_deref())?;
        let customer_key = customer_key!(input)?;
        let target = (input.bucket.as_str(), input.key.as_str(), input.upload_id.as_str());
        let (etag, encryption) = self.add_part(target, input.part_number, bytes, customer_key.as_deref())?;
        let result = CopyPartResult { e_tag: Some(etag), ..CopyPartResult::default() };
        let mut output =
            UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() };
        describe_encryption!(output, &encryption);
        Ok(output)
    }

    /// By what checksum the upload `(bucket, key, id)` is to be proved.
    fn declared_checksum(&self, (bucket, key, id): (&str, &str, &str)) -> S3Result<Option<String>> {
        Ok(self.lock().bucket_mut(bucket)?.upload(key, id)?.checksum.clone())
    }

    /// Adds a part to the upload `(bucket, key, id)`; returns its ETag and how the upload is encrypted.
    fn add_part(
        &self,
        (bucket, key, id): (&str, &str, &str),
        number: i32,
        bytes: Bytes,
        customer_key: Option<&str>,
    ) -> S3Result<(ETag, Encryption)> {
        if !(1..=10_000).contains(&number) {
            return Err(s3_error!(
                InvalidArgument,
                "Part number must be an integer between 1 and 10000, inclusive"
            ));
        }
        let mut state = self.lock();
        let upload = state.bucket_mut(bucket)?.upload(key, id)?;
        upload.encryption.takes_part(customer_key)?;
        let etag = upload.encryption.etag(md5_hex(&bytes));
        upload.parts.insert(number, Part { bytes, etag: etag.clone(), modified: SystemTime::now() });
        Ok((ETag::Strong(etag), upload.encryption.clone()))
    }

    pub(super) fn complete(
        &self,
        input: &CompleteMultipartUploadInput,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let customer_key = customer_key!(input)?;
        let mut state = self.lock();
        let id = state.next_id();
        let bucket = state.bucket_mut(&input.bucket)?;
        may_write(bucket, &input.key, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        let upload = bucket.upload(&input.key, &input.upload_id)?;
        // To make a checksum of the whole, the bytes must be read again.
        if upload.checksum.is_some() || customer_key.is_some() {
            upload.encryption.takes_part(customer_key.as_deref())?;
        }
        let named =
            input.multipart_upload.as_ref().and_then(|parts| parts.parts.as_deref()).unwrap_or_default();
        let mut pieces: Vec<Bytes> = Vec::with_capacity(named.len());
        let mut before = 0;
        for (index, part) in named.iter().enumerate() {
            let number = part.part_number.unwrap_or(0);
            if number <= before {
                return Err(s3_error!(InvalidPartOrder, "The list of parts was not in ascending order."));
            }
            before = number;
            let known = upload.parts.get(&number);
            let known =
                known.filter(|known| part.e_tag.as_ref().is_none_or(|etag| etag.value() == known.etag));
            let known = known.ok_or_else(|| {
                s3_error!(InvalidPart, "One or more of the specified parts could not be found.")
            })?;
            if index + 1 < named.len() && known.bytes.len() < SMALLEST {
                return Err(s3_error!(
                    EntityTooSmall,
                    "Your proposed upload is smaller than the minimum allowed size"
                ));
            }
            pieces.push(known.bytes.clone());
        }
        if pieces.is_empty() {
            return Err(s3_error!(MalformedXML, "You must specify at least one part"));
        }
        let etag = upload.encryption.etag(multipart_etag(pieces.iter()));
        let parts = i32::try_from(pieces.len()).ok();
        let content = Content::Pieces(pieces);
        let given = [
            ("crc32", input.checksum_crc32.clone()),
            ("crc32c", input.checksum_crc32c.clone()),
            ("crc64nvme", input.checksum_crc64nvme.clone()),
        ];
        verified(&content, given)?;
        let mut checksums = BTreeMap::new();
        for name in ["crc32", "crc32c", "crc64nvme"] {
            if upload.checksum.as_deref() == Some(name)
                && let Some(sum) = content.checksum(name)
            {
                checksums.insert(name, sum);
            }
        }
        let Upload { attributes, encryption, tags, .. } = upload;
        let (server_side_encryption, ssekms_key_id) =
            (encryption.algorithm.clone().map(Into::into), encryption.kms_key.clone());
        let stored = Stored {
            content,
            etag: etag.clone(),
            parts,
            attributes: attributes.clone(),
            encryption: encryption.clone(),
            checksums,
            tags: tags.clone(),
            restored: None,
        };
        bucket.uploads.remove(&(input.key.clone(), input.upload_id.clone()));
        let version_id = bucket.add(&input.key, id, SystemTime::now(), Some(Arc::new(stored)));
        Ok(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket.clone()),
            key: repeated(&input.key),
            e_tag: Some(ETag::Strong(etag)),
            version_id,
            server_side_encryption,
            ssekms_key_id,
            ..CompleteMultipartUploadOutput::default()
        })
    }

    pub(super) fn abort(&self, bucket: &str, key: &str, id: &str) -> S3Result<()> {
        let mut state = self.lock();
        let bucket = state.bucket_mut(bucket)?;
        bucket.upload(key, id)?;
        bucket.uploads.remove(&(key.to_owned(), id.to_owned()));
        Ok(())
    }

    pub(super) fn parts(&self, input: &ListPartsInput) -> S3Result<ListPartsOutput> {
        let mut state = self.lock();
        let upload = state.bucket_mut(&input.bucket)?.upload(&input.key, &input.upload_id)?;
        let limit = usize::try_from(input.max_parts.unwrap_or(1000).clamp(1, 1000)).unwrap_or(1000);
        let after = input.part_number_marker.unwrap_or(0);
        let mut rest = upload.parts.range(after + 1..);
        let parts: Vec<PartDto> = rest
            .by_ref()
            .take(limit)
            .map(|(number, part)| PartDto {
                part_number: Some(*number),
                size: i64::try_from(part.bytes.len()).ok(),
                e_tag: Some(ETag::Strong(part.etag.clone())),
                last_modified: Some(part.modified.into()),
                ..PartDto::default()
            })
            .collect();
        Ok(ListPartsOutput {
            bucket: Some(input.bucket.clone()),
            key: repeated(&input.key),
            upload_id: Some(input.upload_id.clone()),
            is_truncated: Some(rest.next().is_some()),
            next_part_number_marker: parts.last().and_then(|part| part.part_number),
            parts: Some(parts),
            ..ListPartsOutput::default()
        })
    }

    pub(super) fn unfinished(
        &self,
        input: &ListMultipartUploadsInput,
    ) -> S3Result<ListMultipartUploadsOutput> {
        let state = self.lock();
        let bucket = state.bucket(&input.bucket)?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let limit = usize::try_from(input.max_uploads.unwrap_or(1000).clamp(1, 1000)).unwrap_or(1000);
        let marker = input.key_marker.as_ref().map(|key| (key.clone(), input.upload_id_marker.clone()));
        let mut rest = bucket.uploads.iter().filter(|((key, id), _)| {
            key.starts_with(prefix)
                && marker.as_ref().is_none_or(|(after, after_id)| {
                    key > after || (key == after && after_id.as_ref().is_some_and(|after_id| id > after_id))
                })
        });
        let page: Vec<_> = rest.by_ref().take(limit).collect();
        let more = rest.next().is_some();
        let last = page.last().filter(|_| more).map(|((key, id), _)| (key.clone(), id.clone()));
        let encoding = input.encoding_type.as_ref();
        let uploads = page.iter().map(|((key, id), upload)| MultipartUpload {
            key: Some(encoded(key, encoding)),
            upload_id: Some(id.clone()),
            initiated: Some(upload.started.into()),
            ..MultipartUpload::default()
        });
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket.clone()),
            prefix: input.prefix.clone(),
            uploads: Some(uploads.collect()),
            is_truncated: Some(more),
            next_key_marker: last.as_ref().map(|(key, _)| encoded(key, encoding)),
            next_upload_id_marker: last.map(|(_, id)| id),
            encoding_type: input.encoding_type.clone(),
            ..ListMultipartUploadsOutput::default()
        })
    }
}
