//! Checks of uploads in parts. One that does not come to its end is remembered, so that the cleaning finds it.

use bytes::Bytes;

use super::objects::{Desk, TEXT};
use super::{Finding, Verdict};
use crate::error::{Error, Kind, Result};
use crate::s3::{Algorithm, Body, CompletedPart, Hasher, PartRequest, PutOptions};

/// The least size of a part that is not the last one.
const SMALLEST: usize = 5 << 20;

impl Desk<'_> {
    pub(super) async fn multipart(&self) -> Finding {
        const CHECK: &str = "multipart upload";
        match self.send_parts("parts", &[Bytes::from_static(TEXT)]).await {
            Ok(()) => Finding::new(CHECK, Verdict::Fine, "parts are taken, listed and put together"),
            Err(error) => Finding::failed(CHECK, &error),
        }
    }

    /// Whether the parts before the last one may differ in size.
    pub(super) async fn unequal_parts(&self) -> Finding {
        const CHECK: &str = "parts of unequal sizes";
        let parts = [SMALLEST, SMALLEST + 1, 1].map(|size| Bytes::from(vec![b'x'; size]));
        match self.send_parts("unequal", &parts).await {
            Ok(()) => Finding::new(CHECK, Verdict::Fine, "taken"),
            Err(error) if error.is_retryable() => Finding::skipped(CHECK, &error.message()),
            Err(error) => Finding::new(CHECK, Verdict::Warning, format!("refused: {}", error.message()))
                .hint(
                    "the parts of an upload from here have one size; other tools must be told to do the same",
                ),
        }
    }

    async fn send_parts(&self, name: &'static str, parts: &[Bytes]) -> Result<()> {
        self.begun().insert(name, None);
        let upload = self.store.create_upload(self.bucket, &self.key(name), &PutOptions::default()).await?;
        self.begun().insert(name, Some(upload.clone()));
        let mut completed = Vec::new();
        for (number, bytes) in (1..).zip(parts) {
            let digest = Some(Hasher::of(Algorithm::Md5, bytes));
            let part = PartRequest { number, body: Body::from_bytes(bytes.clone()), digest };
            completed.push(CompletedPart { number, etag: self.store.upload_part(&upload, part).await? });
        }
        let listed = self.store.list_parts(&upload).await?;
        let sizes = listed.iter().map(|part| part.size);
        if !sizes.eq(parts.iter().map(|bytes| bytes.len() as u64)) {
            return Err(Error::new(Kind::Unsupported, "the parts that were sent are not listed")
                .with_hint("interrupted uploads start over at this provider"));
        }
        self.store.complete_upload(&upload, &completed, &PutOptions::default()).await?;
        self.begun().remove(name);
        Ok(())
    }

    /// Throws away what did not come to its end, also if the answer that it has begun never came.
    pub(super) async fn abort_uploads(&self) -> Result<()> {
        let begun = std::mem::take(&mut *self.begun());
        for (name, upload) in begun {
            let listed = self.store.list_uploads(self.bucket, &self.key(name), None).await;
            // Where they cannot be listed, there is the one that is known.
            let mut uploads = listed.map(|listed| listed.uploads).unwrap_or_default();
            uploads.extend(upload);
            for upload in uploads {
                self.store.abort_upload(&upload).await?;
            }
        }
        Ok(())
    }
}
