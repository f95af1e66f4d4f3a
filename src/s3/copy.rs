//! Copies made by the server, without the bytes passing here.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::types::{MetadataDirective, TaggingDirective};

use super::attributes::with_attributes;
use super::encode::encode_path;
use super::encryption::{with_encryption, with_source_key};
use super::object::{kept, quoted, stalled, unquoted};
use super::{Attributes, CustomerKey, PutOptions, Store, Upload, Written};
use crate::error::Result;

/// What to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopySource {
    /// The bucket it is in.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// That version instead of the newest.
    pub version_id: Option<String>,
    /// Fail with `Kind::Changed` unless its ETag is this.
    pub if_match: Option<String>,
    /// The key it is encrypted with: `Store::customer_key` of its own profile.
    pub customer_key: Option<CustomerKey>,
}

/// A large copy keeps the connection silent for long.
const PATIENCE: Duration = Duration::from_mins(10);

impl CopySource {
    /// `x-amz-copy-source`, which is a path.
    fn header(&self) -> String {
        let path = format!("{}/{}", self.bucket, self.key);
        let version = self.version_id.as_ref().map(|id| format!("?versionId={}", encode_path(id)));
        encode_path(&path) + &version.unwrap_or_default()
    }
}

impl Store {
    /// Copies an object of at most 5 GiB, with its metadata and tags, or with `replace` instead of them (tags: only if
    /// it has any). It is encrypted as `replace` or this profile says.
    pub async fn copy(
        &self,
        source: &CopySource,
        bucket: &str,
        key: &str,
        replace: Option<&PutOptions>,
    ) -> Result<Written> {
        let op = self.op("copy to", bucket, key);
        self.writable(op)?;
        let plain = Attributes::default();
        let attributes = replace.map_or(&plain, |options| &options.attributes);
        attributes.check(op)?;
        let encryption = self.encryption(op, attributes)?;
        let asking = self.run(bucket, op, |clients| {
            let request = with_source_key!(clients.once.copy_object(), source.customer_key.as_ref())
                .copy_source(source.header())
                .set_copy_source_if_match(source.if_match.as_deref().map(quoted))
                .bucket(bucket)
                .key(key);
            if replace.is_none() {
                return with_encryption!(request, &encryption).send();
            }
            with_attributes!(request, attributes, &encryption)
                .metadata_directive(MetadataDirective::Replace)
                .set_tagging_directive((!attributes.tags.is_empty()).then_some(TaggingDirective::Replace))
                .send()
        });
        let output = tokio::time::timeout(PATIENCE, asking).await.map_err(|_| stalled(op))??;
        let etag = unquoted(output.copy_object_result().and_then(|result| result.e_tag()));
        let digest = output.copy_object_result().and_then(|result| kept!(result));
        Ok(Written { etag, version_id: output.version_id().map(str::to_owned), digest })
    }

    /// Copies a range of an object as one part of an upload; returns the part's ETag.
    pub async fn copy_part(
        &self,
        upload: &Upload,
        number: u32,
        source: &CopySource,
        range: Range<u64>,
    ) -> Result<String> {
        let op = self.op("copy a part to", &upload.bucket, &upload.key);
        self.writable(op)?;
        let if_match = source.if_match.as_deref().filter(|_| self.provider().copy_part_if_match).map(quoted);
        let asking = self.run(&upload.bucket, op, |clients| {
            with_source_key!(clients.once.upload_part_copy(), source.customer_key.as_ref())
                .copy_source(source.header())
                .copy_source_range(format!("bytes={}-{}", range.start, range.end.saturating_sub(1)))
                .set_copy_source_if_match(if_match.clone())
                .bucket(&upload.bucket)
                .key(&upload.key)
                .upload_id(&upload.upload_id)
                .part_number(i32::try_from(number).unwrap_or(i32::MAX))
                .send()
        });
        let output = tokio::time::timeout(PATIENCE, asking).await.map_err(|_| stalled(op))??;
        Ok(unquoted(output.copy_part_result().and_then(|result| result.e_tag())))
    }
}
