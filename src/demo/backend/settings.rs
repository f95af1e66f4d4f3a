//! What a bucket is set to do besides keeping versions. Nothing here is carried out; it can be read and written.

use s3s::dto::{
    BucketLifecycleConfiguration, CORSConfiguration, CORSRule, ExpirationStatus, Grant, Grantee,
    LifecycleExpiration, LifecycleRule, LifecycleRuleFilter, Permission, Type,
};

use super::Backend;

/// The id of everything's owner.
const OWNER: &str = "demo";

/// As they were written.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    pub(super) policy: Option<String>,
    pub(super) cors: Option<CORSConfiguration>,
    pub(super) lifecycle: Option<BucketLifecycleConfiguration>,
    /// Groups and what they may do, besides the owner.
    pub(super) grants: Vec<(&'static str, &'static str)>,
}

impl Settings {
    /// The access control list: the owner's grant, and those of groups.
    pub(super) fn acl(&self) -> Vec<Grant> {
        let owner = Grantee {
            display_name: None,
            email_address: None,
            id: Some(OWNER.to_owned()),
            type_: Type::from_static(Type::CANONICAL_USER),
            uri: None,
        };
        let group = |name: &str| Grantee {
            id: None,
            type_: Type::from_static(Type::GROUP),
            uri: Some(format!("http://acs.amazonaws.com/groups/global/{name}")),
            ..owner.clone()
        };
        let grant = |grantee, permission| Grant {
            grantee: Some(grantee),
            permission: Some(Permission::from_static(permission)),
        };
        let groups = self.grants.iter().map(|(name, permission)| grant(group(name), *permission));
        std::iter::once(grant(owner.clone(), Permission::FULL_CONTROL)).chain(groups).collect()
    }
}

impl Backend {
    /// Gives a bucket a policy (JSON).
    pub fn set_policy(&self, bucket: &str, policy: &str) {
        if let Some(bucket) = self.lock().buckets.get_mut(bucket) {
            bucket.settings.policy = Some(policy.to_owned());
        }
    }

    /// Lets a group (`AllUsers`, `AuthenticatedUsers`) do something to a bucket (`READ`, `WRITE`).
    pub fn grant(&self, bucket: &str, group: &'static str, permission: &'static str) {
        if let Some(bucket) = self.lock().buckets.get_mut(bucket) {
            bucket.settings.grants.push((group, permission));
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
