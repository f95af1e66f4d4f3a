//! Tags of objects.

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use s3s::{S3Result, s3_error};

use super::Backend;

/// The pairs of `x-amz-tagging`, which is written like a query.
pub(super) fn parse_tagging(header: Option<&str>) -> Vec<(String, String)> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = header.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (decoded(key), decoded(value)))
        .collect()
}

impl Backend {
    pub(super) fn retag(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
        tags: Vec<(String, String)>,
    ) -> S3Result<()> {
        let mut state = self.lock();
        let mut versions = state.bucket_mut(bucket)?.objects.get_mut(key).into_iter().flatten().rev();
        let version = versions.find(|version| version_id.is_none_or(|id| version.name() == id));
        let stored = version.and_then(|version| version.stored.as_mut());
        let stored = stored.ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))?;
        Arc::make_mut(stored).tags = tags;
        Ok(())
    }
}
