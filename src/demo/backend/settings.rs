//! What a bucket is set to do besides keeping versions. Nothing here is carried out; it can be read and written.

use s3s::dto::{
    BucketLifecycleConfiguration, CORSConfiguration, CORSRule, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter,
};

use super::Backend;

/// As they were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) policy: Option<String>,
    pub(super) cors: Option<CORSConfiguration>,
    pub(super) lifecycle: Option<BucketLifecycleConfiguration>,
}

impl Backend {
    /// Gives a bucket a policy (JSON).
    pub fn set_policy(&self, bucket: &str, policy: &str) {
        if let Some(bucket) = self.lock().buckets.get_mut(bucket) {
            bucket.settings.policy = Some(policy.to_owned());
        }
    }

    /// Lets web pages of one origin read a bucket.
    pub fn set_cors(&self, bucket: &str, origin: &str) {
        let rule = CORSRule {
            allowed_methods: vec!["GET".into(), "HEAD".into()],
            allowed_origins: vec![origin.into()],
            max_age_seconds: Some(3600),
            ..CORSRule::default()
        };
        if let Some(bucket) = self.lock().buckets.get_mut(bucket) {
            bucket.settings.cors = Some(CORSConfiguration { cors_rules: vec![rule] });
        }
    }

    /// Says that what is below `prefix` is deleted after `days`; nothing here does that.
    pub fn set_lifecycle(&self, bucket: &str, prefix: &str, days: i32) {
        let rule = LifecycleRule {
            id: Some(format!("expire-{days}")),
            status: ExpirationStatus::from_static(ExpirationStatus::ENABLED),
            filter: Some(LifecycleRuleFilter {
                prefix: Some(prefix.to_owned()),
                ..LifecycleRuleFilter::default()
            }),
            expiration: Some(LifecycleExpiration { days: Some(days), ..LifecycleExpiration::default() }),
            abort_incomplete_multipart_upload: None,
            noncurrent_version_expiration: None,
            noncurrent_version_transitions: None,
            prefix: None,
            transitions: None,
        };
        if let Some(bucket) = self.lock().buckets.get_mut(bucket) {
            bucket.settings.lifecycle = Some(BucketLifecycleConfiguration { rules: vec![rule] });
        }
    }
}
