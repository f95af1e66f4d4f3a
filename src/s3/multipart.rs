//! Multipart uploads, step by step; the schedule is the engine's.

use std::time::Duration;

use aws_sdk_s3::operation::list_multipart_uploads::ListMultipartUploadsOutput;
use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart as SdkPart, EncodingType,
};
use jiff::Timestamp;

use super::attributes::with_attributes;
use super::body::Body;
use super::digest::{Algorithm, Digest};
use super::encode::decoded;
use super::object::{header, kept, quoted, timestamp, unquoted};
use super::request::Request;
use super::{Method, PutOptions, Store, Written};
use crate::error::{Error, Kind, Result};

/// An upload in progress.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The bucket.
    pub bucket: String,
    /// The key it will become.
    pub key: String,
    /// The provider's id of it.
    pub upload_id: String,
    /// When it was begun; `None` right after `create_upload`.
    pub started: Option<Timestamp>,
}

/// One part to send.
pub struct PartRequest {
    /// 1 to 10,000.
    pub number: u32,
    /// Its bytes.
    pub body: Body,
    /// Digest of the body, checked on arrival.
    pub digest: Option<Digest>,
}

/// A part that the provider has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// 1 to 10,000.
    pub number: u32,
    /// Bytes.
    pub size: u64,
    /// Without quotes.
    pub etag: String,
}

/// What Complete needs to know of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedPart {
    /// 1 to 10,000.
    pub number: u32,
    /// Without quotes, as `upload_part` returned it.
    pub etag: String,
}

/// One page of unfinished uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UploadList {
    /// The uploads.
    pub uploads: Vec<Upload>,
    /// Opaque; `None` at the end.
    pub next: Option<String>,
}

/// Completing may take the provider minutes; some send spaces meanwhile.
const COMPLETION: Duration = Duration::from_mins(10);

impl Store {
    /// Begins an upload with the attributes the object will have.
    pub async fn create_upload(&self, bucket: &str, key: &str, options: &PutOptions) -> Result<Upload> {
        let op = self.op("begin the upload of", bucket, key);
        self.writable(op)?;
        options.attributes.check(op)?;
        let encryption = self.encryption(op, &options.attributes)?;
        let output = self
            .run(bucket, op, |clients| {
                let request = clients.patient.create_multipart_upload().bucket(bucket).key(key);
                let algorithm = options.algorithm.filter(|algorithm| *algorithm != Algorithm::Md5);
                with_attributes!(request, &options.attributes, &encryption)
                    .set_checksum_algorithm(
                        algorithm.map(|algorithm| ChecksumAlgorithm::from(&*algorithm.name().to_uppercase())),
                    )
                    .set_checksum_type(algorithm.map(|_| ChecksumType::FullObject))
                    .send()
            })
            .await?;
        let upload_id = output.upload_id().unwrap_or_default().to_owned();
        if upload_id.is_empty() {
            return Err(Error::new(Kind::Integrity, format!("cannot {op}: the answer has no upload id")));
        }
        Ok(Upload { bucket: bucket.to_owned(), key: key.to_owned(), upload_id, started: None })
    }

    /// Sends one part and returns its ETag. One attempt, as the body is consumed.
    pub async fn upload_part(&self, upload: &Upload, part: PartRequest) -> Result<String> {
        let op = self.op("write a part of", &upload.bucket, &upload.key);
        let request = Request::new(Method::Put, &upload.bucket, &upload.key)
            .query("partNumber", Some(&part.number.to_string()))
            .query("uploadId", Some(&upload.upload_id));
        Ok(self.write(op, request, part.body, part.digest.as_ref(), None).await?.etag)
    }

    /// Makes the object out of its parts, ascending by number. Also the 200 answer with an error inside is an error.
    /// One attempt: after a lost answer the upload may be gone and the object there.
    pub async fn complete_upload(
        &self,
        upload: &Upload,
        parts: &[CompletedPart],
        options: &PutOptions,
    ) -> Result<Written> {
        let op = self.op("complete the upload of", &upload.bucket, &upload.key);
        self.writable(op)?;
        let parts = parts
            .iter()
            .map(|part| SdkPart::builder().part_number(number(part.number)).e_tag(quoted(&part.etag)).build())
            .collect();
        let request = self
            .clients(&upload.bucket)
            .once
            .complete_multipart_upload()
            .bucket(&upload.bucket)
            .key(&upload.key)
            .upload_id(&upload.upload_id)
            .set_if_none_match(options.if_none_match.then(|| "*".to_owned()))
            .set_if_match(options.if_match.as_deref().map(quoted))
            .set_checksum_crc64_nvme(header(options.digest.as_ref(), Algorithm::Crc64Nvme))
            .set_checksum_crc32(header(options.digest.as_ref(), Algorithm::Crc32))
            .set_checksum_crc32_c(header(options.digest.as_ref(), Algorithm::Crc32c))
            .set_checksum_type(options.digest.is_some().then_some(ChecksumType::FullObject))
            .multipart_upload(CompletedMultipartUpload::builder().set_parts(Some(parts)).build())
            .send();
        match tokio::time::timeout(COMPLETION, request).await {
            Err(_) => Err(Error::new(Kind::Timeout, format!("cannot {op}: no answer within ten minutes"))),
            Ok(Err(error)) => Err(self.written_elsewhere(&upload.bucket, op, error)),
            Ok(Ok(output)) => Ok(Written {
                etag: unquoted(output.e_tag()),
                version_id: output.version_id().map(str::to_owned),
                digest: kept!(&output),
            }),
        }
    }

    /// Throws an upload and its parts away; one that is gone already is no error.
    pub async fn abort_upload(&self, upload: &Upload) -> Result<()> {
        let op = self.op("abort the upload of", &upload.bucket, &upload.key);
        self.writable(op)?;
        let done = self
            .run(&upload.bucket, op, |clients| {
                let request =
                    clients.patient.abort_multipart_upload().bucket(&upload.bucket).key(&upload.key);
                request.upload_id(&upload.upload_id).send()
            })
            .await;
        match done {
            Err(error) if error.kind() != Kind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Every part the provider has of an upload, ascending.
    pub async fn list_parts(&self, upload: &Upload) -> Result<Vec<Part>> {
        let op = self.op("list the parts of", &upload.bucket, &upload.key);
        let (mut parts, mut marker) = (Vec::new(), None);
        loop {
            let output = self
                .run(&upload.bucket, op, |clients| {
                    let request = clients.patient.list_parts().bucket(&upload.bucket).key(&upload.key);
                    request.upload_id(&upload.upload_id).set_part_number_marker(marker.clone()).send()
                })
                .await?;
            parts.extend(output.parts().iter().map(|part| Part {
                number: part.part_number().and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
                size: part.size().and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                etag: unquoted(part.e_tag()),
            }));
            let next = output.next_part_number_marker().map(str::to_owned);
            if !output.is_truncated().unwrap_or(false) || next.is_none() || next == marker {
                parts.sort_by_key(|part| part.number);
                return Ok(parts);
            }
            marker = next;
        }
    }

    /// One page of the unfinished uploads whose keys begin with `prefix`.
    pub async fn list_uploads(&self, bucket: &str, prefix: &str, token: Option<&str>) -> Result<UploadList> {
        let output = self.readable(|encode| self.ask_uploads(bucket, prefix, token, encode)).await?;
        let encoded = output.encoding_type() == Some(&EncodingType::Url);
        let uploads: Vec<Upload> = output
            .uploads()
            .iter()
            .map(|upload| Upload {
                bucket: bucket.to_owned(),
                key: decoded(upload.key().unwrap_or_default(), encoded).into_owned(),
                upload_id: upload.upload_id().unwrap_or_default().to_owned(),
                started: upload.initiated().and_then(timestamp),
            })
            .collect();
        if !output.is_truncated().unwrap_or(false) {
            return Ok(UploadList { uploads, next: None });
        }
        // Who names no marker means the last upload of the page.
        let next = match output.next_key_marker().filter(|key| !key.is_empty()) {
            Some(key) => {
                Some(marker(&decoded(key, encoded), output.next_upload_id_marker().unwrap_or_default()))
            }
            None => uploads.last().map(|last| marker(&last.key, &last.upload_id)),
        };
        if next.is_none() || next.as_deref() == token {
            let op = self.op("list unfinished uploads in", bucket, prefix);
            let why = "there is more, but no marker to go on with";
            return Err(Error::new(Kind::Integrity, format!("cannot {op}: {why}")));
        }
        Ok(UploadList { uploads, next })
    }

    async fn ask_uploads(
        &self,
        bucket: &str,
        prefix: &str,
        token: Option<&str>,
        encode: bool,
    ) -> Result<ListMultipartUploadsOutput> {
        let op = self.op("list unfinished uploads in", bucket, prefix);
        // A key may hold a NUL, an upload id does not.
        let (key, id) = token.and_then(|token| token.rsplit_once('\0')).unzip();
        self.run(bucket, op, |clients| {
            let request = clients.patient.list_multipart_uploads().bucket(bucket).prefix(prefix);
            request
                .set_encoding_type(encode.then_some(EncodingType::Url))
                .set_key_marker(key.map(str::to_owned))
                .set_upload_id_marker(id.filter(|id| !id.is_empty()).map(str::to_owned))
                .send()
        })
        .await
    }
}

/// Where the next page of unfinished uploads starts, as an opaque token.
fn marker(key: &str, id: &str) -> String {
    format!("{key}\0{id}")
}

fn number(part: u32) -> i32 {
    i32::try_from(part).unwrap_or(i32::MAX)
}
