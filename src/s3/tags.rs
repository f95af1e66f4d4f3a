//! Tags of objects: key and value, kept beside the object and in no answer to GET or HEAD but for their number.

use percent_encoding::utf8_percent_encode;

use super::encode::QUERY;
use super::{ObjectInfo, Store};
use crate::error::{Error, Kind, Result};

/// `x-amz-tagging`, which is written like a query, where there is something to say.
pub(super) fn tagging(tags: &[(String, String)]) -> Option<String> {
    let encoded = |text: &str| utf8_percent_encode(text, QUERY).to_string();
    let pairs: Vec<String> =
        tags.iter().map(|(key, value)| format!("{}={}", encoded(key), encoded(value))).collect();
    (!pairs.is_empty()).then(|| pairs.join("&"))
}

impl Store {
    /// The tags of an object, as pairs of key and value.
    ///
    /// # Errors
    /// `Kind::Unsupported` from a server that has no tags; [`Provider::tags`](crate::config::Provider::tags) says
    /// which are known to have none.
    pub async fn tags(
        &self,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Vec<(String, String)>> {
        let output = self
            .run(bucket, self.op("read the tags of", bucket, key), |clients| {
                let request = clients.patient.get_object_tagging().bucket(bucket).key(key);
                request.set_version_id(version_id.map(str::to_owned)).send()
            })
            .await?;
        Ok(output.tag_set().iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect())
    }

    /// The tags of an object whose headers are these, for a copy of it: asked for where there may be some.
    pub async fn tags_beside(
        &self,
        info: &ObjectInfo,
        bucket: &str,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Vec<(String, String)>> {
        let counted = info.tag_count > 0;
        if !self.has_tags() || (!counted && self.provider().counts_tags) {
            return Ok(Vec::new());
        }
        match self.tags(bucket, key, version_id).await {
            Err(error) if self.goes_without_tags(counted, &error) => Ok(Vec::new()),
            tags => tags,
        }
    }

    /// Whether a copy is made without tags that could not be read. Where none are counted there may be none, and whoever
    /// may read objects need not be able to tell.
    fn goes_without_tags(&self, counted: bool, error: &Error) -> bool {
        let unknown = matches!(error.kind(), Kind::Unsupported | Kind::Integrity);
        if unknown && !counted {
            self.set_tagless();
        }
        let goes = if counted { error.kind() == Kind::Unsupported } else { !error.is_retryable() };
        if goes {
            tracing::warn!(%error, "tags, if there are any, are not copied");
        }
        goes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_written_like_a_query() {
        let tags = [("a b".to_owned(), "x=y&z".to_owned()), ("größe".to_owned(), String::new())];
        assert_eq!(tagging(&tags).as_deref(), Some("a%20b=x%3Dy%26z&gr%C3%B6%C3%9Fe="));
        assert_eq!(tagging(&[]), None);
    }
}
