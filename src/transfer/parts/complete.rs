//! The end of a multipart upload: completed, and compared with what was sent.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Multipart;
use crate::error::{Error, Kind, Result};
use crate::s3::{Algorithm, CompletedPart, Digest, PutOptions, Store, Upload, Written, multipart_etag};
use crate::transfer::journal::Arrived;
use crate::transfer::plan::ranges;
use crate::transfer::types::Verified;

/// Looks after a lost answer to Complete before it counts as failed.
const LOOKS: u32 = 4;

impl Multipart<'_> {
    /// The digest of the whole out of those of the parts, where there is such arithmetic.
    pub(super) fn whole(&self, arrived: &BTreeMap<u32, Arrived>, part_size: u64) -> Option<Digest> {
        let mut whole: Option<Digest> = None;
        for (number, range) in ranges(self.size, part_size) {
            let part = arrived.get(&number)?.digest.clone()?;
            whole = Some(match whole {
                None => part,
                Some(before) => before.followed_by(&part, range.end - range.start)?,
            });
        }
        whole.filter(|whole| whole.algorithm != Algorithm::Md5)
    }

    /// Completes, and compares what is there with what was sent; `whole` is the digest of all of it, if it is known.
    pub(super) async fn complete(
        &self,
        upload: &Upload,
        arrived: &BTreeMap<u32, Arrived>,
        whole: Option<Digest>,
    ) -> Result<Verified> {
        let parts: Vec<CompletedPart> = arrived
            .iter()
            .map(|(number, part)| CompletedPart { number: *number, etag: part.etag.clone() })
            .collect();
        let options = PutOptions { digest: whole.clone(), ..self.options.clone() };
        let written = complete(self.store, upload, &parts, &options, self.size).await?;
        self.work.progress.wrote(written.etag.clone());
        // What is written without a version is the newest; not every server finds it as `null`.
        let version = written.version_id.as_deref().filter(|id| *id != "null");
        let info = self.store.head(&upload.bucket, &upload.key, version).await?;
        // Somebody else may have written the key since.
        let ours = written.etag.is_empty() || info.etag == written.etag;
        if ours && info.size != self.size {
            let text = format!("{} has {} bytes there and {} here", self.to, info.size, self.size);
            return Err(Error::new(Kind::Integrity, text));
        }
        let Some(algorithm) = self.algorithm else { return Ok(Verified::Size) };
        let (here, there) = match &whole {
            Some(whole) => {
                (Some(whole.hex()), info.proof(false).filter(|p| p.algorithm == algorithm).map(|p| p.hex()))
            }
            None if algorithm == Algorithm::Md5
                && self.store.md5_etags()
                && info.attributes.sse.is_none() =>
            {
                (digest_etag(arrived), Some(info.etag.clone()).filter(|etag| etag.contains('-')))
            }
            None => (None, None),
        };
        match (here, there) {
            (Some(here), Some(there)) if ours && here != there => Err(Error::new(
                Kind::Integrity,
                format!("{}: its {} is {there} there and {here} here", self.to, algorithm.name()),
            )
            .with_hint("what is stored is not what was sent; send it again")),
            (Some(_), Some(_)) => Ok(Verified::by(algorithm)),
            // The provider has checked it: every part when it arrived, or the whole when it was completed.
            _ if self.is_ahead || whole.is_some() => Ok(Verified::by(algorithm)),
            _ => Ok(Verified::Size),
        }
    }
}

/// The ETag by AWS's formula, of what was sent.
fn digest_etag(arrived: &BTreeMap<u32, Arrived>) -> Option<String> {
    let parts: Option<Vec<&Digest>> = arrived.values().map(|part| part.digest.as_ref()).collect();
    parts.map(multipart_etag)
}

/// Completes an upload; a lost answer is settled by looking whether the object is there.
pub(in crate::transfer) async fn complete(
    store: &Store,
    upload: &Upload,
    parts: &[CompletedPart],
    options: &PutOptions,
    size: u64,
) -> Result<Written> {
    let mut tries = 0;
    loop {
        let error = match store.complete_upload(upload, parts, options).await {
            Ok(written) => return Ok(written),
            Err(error) => error,
        };
        let is_ambiguous = error.is_retryable() || error.kind() == Kind::NotFound;
        if !is_ambiguous {
            return Err(error);
        }
        if let Ok(info) = store.head(&upload.bucket, &upload.key, None).await {
            // Parts' count in the ETag tells our object from one that was there before.
            let ours = info.size == size && info.etag.ends_with(&format!("-{}", parts.len()));
            let gone = error.kind() == Kind::NotFound || store.list_parts(upload).await.is_err();
            if ours && gone {
                let digest = info.proof(false);
                return Ok(Written { etag: info.etag, version_id: info.version_id, digest });
            }
        }
        tries += 1;
        if tries >= LOOKS || error.kind() == Kind::NotFound {
            return Err(error);
        }
        tokio::time::sleep(Duration::from_millis(300 << tries)).await;
    }
}
