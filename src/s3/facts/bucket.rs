//! What a bucket is set to do, and who may reach it.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, CorsRule, Grant, LifecycleRule, LifecycleRuleAndOperator,
    NoncurrentVersionExpiration, PublicAccessBlockConfiguration, ServerSideEncryptionConfiguration,
};
use futures_util::future::{join_all, join3};
use serde_json::Value;

use super::super::Store;
use super::{Asked, Fact};

/// Groups that are everybody, as grants name them.
const EVERYBODY: [(&str, &str); 2] =
    [("AllUsers", "anybody"), ("AuthenticatedUsers", "anybody with an AWS account")];

/// What a public access block makes void of what opens the bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Void {
    acl: bool,
    policy: bool,
}

impl Store {
    /// What a bucket is set to do. Public access comes first, if there is any.
    pub async fn bucket_facts(&self, bucket: &str) -> Vec<Fact> {
        let settings: Vec<Asked<'_>> = vec![
            Box::pin(self.versioning_fact(bucket)),
            Box::pin(self.object_lock(bucket)),
            Box::pin(self.bucket_encryption(bucket)),
            Box::pin(self.lifecycle(bucket)),
            Box::pin(self.cors(bucket)),
        ];
        let access: Vec<Asked<'_>> = vec![
            Box::pin(self.grants(bucket)),
            Box::pin(self.policy(bucket)),
            Box::pin(self.bucket_tags(bucket)),
        ];
        let mut facts = vec![Fact::known("region", self.region_of(bucket))];
        let block = Box::pin(self.public_block(bucket));
        let (settings, (block, void), access) = join3(join_all(settings), block, join_all(access)).await;
        facts.extend(settings);
        facts.push(block);
        facts.extend(access.into_iter().map(|fact| void.quiet(fact)));
        let open: Vec<String> = facts.iter().filter(|fact| fact.alarming).flat_map(opened_by).collect();
        if !open.is_empty() {
            facts.insert(0, Fact { name: "PUBLIC", value: Ok(open), alarming: true });
        }
        facts
    }

    async fn versioning_fact(&self, bucket: &str) -> Fact {
        let op = self.op("read the versioning of", bucket, "");
        let answer = Box::pin(self.versioning(bucket)).await;
        Fact::told("versioning", op, answer, |versioning| vec![versioning.word().to_owned()])
    }

    async fn object_lock(&self, bucket: &str) -> Fact {
        let op = self.op("read the object lock of", bucket, "");
        let answer = self
            .run(bucket, op, |clients| clients.patient.get_object_lock_configuration().bucket(bucket).send());
        Fact::told("object lock", op, Box::pin(answer).await, |output| {
            let Some(lock) = output.object_lock_configuration() else { return Vec::new() };
            let on = lock.object_lock_enabled().map(|on| on.as_str().to_lowercase());
            let kept = lock.rule().and_then(|rule| rule.default_retention()).map(|kept| {
                let mode = kept.mode().map(|mode| mode.as_str().to_owned()).unwrap_or_default();
                let years = kept.years().map(|years| format!("{years} years"));
                let time = years.or_else(|| kept.days().map(|days| format!("{days} days")));
                format!("new objects: {mode} for {}", time.unwrap_or_default())
            });
            on.into_iter().chain(kept).collect()
        })
    }

    async fn bucket_encryption(&self, bucket: &str) -> Fact {
        let op = self.op("read the encryption of", bucket, "");
        let answer =
            self.run(bucket, op, |clients| clients.patient.get_bucket_encryption().bucket(bucket).send());
        Fact::told("encryption", op, Box::pin(answer).await, |output| {
            let rules = output
                .server_side_encryption_configuration()
                .map(ServerSideEncryptionConfiguration::rules)
                .unwrap_or_default();
            let default = rules.iter().filter_map(|rule| rule.apply_server_side_encryption_by_default());
            let words = default.map(|how| match how.kms_master_key_id() {
                Some(key) => format!("{}:{key}", how.sse_algorithm().as_str()),
                None => how.sse_algorithm().as_str().to_owned(),
            });
            words.collect()
        })
    }

    async fn lifecycle(&self, bucket: &str) -> Fact {
        let op = self.op("read the lifecycle of", bucket, "");
        let answer = self.run(bucket, op, |clients| {
            clients.patient.get_bucket_lifecycle_configuration().bucket(bucket).send()
        });
        Fact::told("lifecycle", op, Box::pin(answer).await, |output| {
            output.rules().iter().map(lifecycle_words).collect()
        })
    }

    async fn cors(&self, bucket: &str) -> Fact {
        let op = self.op("read the CORS rules of", bucket, "");
        let answer = self.run(bucket, op, |clients| clients.patient.get_bucket_cors().bucket(bucket).send());
        Fact::told("CORS", op, Box::pin(answer).await, |output| {
            output.cors_rules().iter().map(cors_words).collect()
        })
    }

    async fn public_block(&self, bucket: &str) -> (Fact, Void) {
        let op = self.op("read the public access block of", bucket, "");
        let answer =
            self.run(bucket, op, |clients| clients.patient.get_public_access_block().bucket(bucket).send());
        let mut void = Void::default();
        let fact = Fact::told("public access block", op, Box::pin(answer).await, |output| {
            let Some(block) = output.public_access_block_configuration() else { return Vec::new() };
            void = Void::of(block);
            vec![block_words(block)]
        });
        (fact, void)
    }

    async fn grants(&self, bucket: &str) -> Fact {
        let op = self.op("read the ACL of", bucket, "");
        let answer = self.run(bucket, op, |clients| clients.patient.get_bucket_acl().bucket(bucket).send());
        let fact = Fact::told("ACL", op, Box::pin(answer).await, |output| {
            output.grants().iter().map(grant_words).collect()
        });
        let open = |line: &String| EVERYBODY.iter().any(|(_, who)| line.starts_with(&format!("{who}: ")));
        let alarming = fact.value.as_ref().is_ok_and(|lines| lines.iter().any(open));
        Fact { alarming, ..fact }
    }

    async fn policy(&self, bucket: &str) -> Fact {
        let op = self.op("read the policy of", bucket, "");
        let answer =
            self.run(bucket, op, |clients| clients.patient.get_bucket_policy().bucket(bucket).send());
        let mut alarming = false;
        let fact = Fact::told("policy", op, Box::pin(answer).await, |output| {
            let text = output.policy().unwrap_or_default();
            let Ok(policy) = serde_json::from_str::<Value>(text) else { return vec![text.to_owned()] };
            alarming = !open_statements(&policy).is_empty();
            let laid_out = serde_json::to_string_pretty(&policy).unwrap_or_else(|_| text.to_owned());
            laid_out.lines().map(str::to_owned).collect()
        });
        Fact { alarming, ..fact }
    }

    async fn bucket_tags(&self, bucket: &str) -> Fact {
        let op = self.op("read the tags of", bucket, "");
        let answer =
            self.run(bucket, op, |clients| clients.patient.get_bucket_tagging().bucket(bucket).send());
        Fact::told("tags", op, Box::pin(answer).await, |output| {
            output.tag_set().iter().map(|tag| format!("{}={}", tag.key(), tag.value())).collect()
        })
    }
}

impl Void {
    fn of(block: &PublicAccessBlockConfiguration) -> Self {
        let (acl, policy) = (block.ignore_public_acls(), block.restrict_public_buckets());
        Self { acl: acl == Some(true), policy: policy == Some(true) }
    }

    /// What is void opens nothing, and so alarms nobody.
    fn quiet(self, fact: Fact) -> Fact {
        let is_void = match fact.name {
            "ACL" => self.acl,
            "policy" => self.policy,
            _ => false,
        };
        Fact { alarming: fact.alarming && !is_void, ..fact }
    }
}

fn block_words(block: &PublicAccessBlockConfiguration) -> String {
    let switches = [
        ("new public ACLs", block.block_public_acls()),
        ("all public ACLs", block.ignore_public_acls()),
        ("new public policies", block.block_public_policy()),
        ("all public policies", block.restrict_public_buckets()),
    ];
    let on: Vec<&str> = switches.iter().filter(|(_, on)| *on == Some(true)).map(|(what, _)| *what).collect();
    if on.is_empty() { "blocks nothing".to_owned() } else { format!("blocks {}", on.join(", ")) }
}

/// How an alarming fact opens the bucket.
fn opened_by(fact: &Fact) -> Vec<String> {
    let lines = fact.value.as_deref().unwrap_or_default();
    if fact.name == "policy" {
        let policy = serde_json::from_str(&lines.concat()).unwrap_or(Value::Null);
        return open_statements(&policy)
            .into_iter()
            .map(|what| format!("its policy lets anybody {what}"))
            .collect();
    }
    let open = lines.iter().filter_map(|line| {
        let (_, who) = EVERYBODY.iter().find(|(_, who)| line.starts_with(&format!("{who}: ")))?;
        Some(format!("its ACL lets {who} {}", line[who.len() + 2..].to_lowercase()))
    });
    open.collect()
}

/// The actions that a policy allows to everybody without any condition.
fn open_statements(policy: &Value) -> Vec<String> {
    let statements = match &policy["Statement"] {
        Value::Array(several) => several.as_slice(),
        one => std::slice::from_ref(one),
    };
    let anybody = |value: &Value| match value {
        Value::Array(several) => several.iter().any(|one| one == "*"),
        one => one == "*",
    };
    let open = statements.iter().filter(|statement| {
        let principal = &statement["Principal"];
        statement["Effect"] == "Allow"
            && (anybody(principal) || anybody(&principal["AWS"]))
            && statement["Condition"].as_object().is_none_or(serde_json::Map::is_empty)
    });
    open.map(|statement| match &statement["Action"] {
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        one => one.as_str().unwrap_or("something").to_owned(),
    })
    .collect()
}

fn grant_words(grant: &Grant) -> String {
    let permission = grant.permission().map_or("", |permission| permission.as_str());
    let Some(grantee) = grant.grantee() else { return permission.to_owned() };
    let group = grantee.uri().and_then(|uri| uri.rsplit('/').next());
    let everybody = EVERYBODY.iter().find(|(name, _)| group == Some(*name)).map(|(_, who)| *who);
    let named = grantee.display_name().filter(|name| !name.is_empty()).or(grantee.id());
    let who = everybody.or(group).or(named).unwrap_or("somebody");
    format!("{who}: {permission}")
}

fn cors_words(rule: &CorsRule) -> String {
    let list = |items: &[String]| items.join(", ");
    let mut words = format!("{} from {}", list(rule.allowed_methods()), list(rule.allowed_origins()));
    for (what, items) in [("headers", rule.allowed_headers()), ("exposes", rule.expose_headers())] {
        if !items.is_empty() {
            words += &format!("; {what} {}", list(items));
        }
    }
    if let Some(seconds) = rule.max_age_seconds() {
        words += &format!("; for {seconds} s");
    }
    words
}

/// `logs (enabled), prefix logs/: deleted after 30 days; GLACIER after 7 days`.
fn lifecycle_words(rule: &LifecycleRule) -> String {
    let filter = rule.filter();
    #[expect(deprecated, reason = "older rules have their prefix here")]
    let prefix =
        filter.and_then(|filter| filter.prefix()).or(rule.prefix()).filter(|prefix| !prefix.is_empty());
    let both = filter.and_then(|filter| filter.and());
    let prefix = prefix.or_else(|| both.and_then(|both| both.prefix()));
    let tags = filter.and_then(|filter| filter.tag()).into_iter();
    let tags = tags.chain(both.map(LifecycleRuleAndOperator::tags).unwrap_or_default());
    let mut about = format!("{} ({})", rule.id().unwrap_or("rule"), rule.status().as_str().to_lowercase());
    if let Some(prefix) = prefix {
        about += &format!(", prefix {prefix}");
    }
    for tag in tags {
        about += &format!(", tag {}={}", tag.key(), tag.value());
    }
    let mut acts = Vec::new();
    if let Some(expiration) = rule.expiration() {
        acts.extend(expiration.days().map(|days| format!("deleted after {days} days")));
        acts.extend(expiration.date().and_then(super::timestamp).map(|date| format!("deleted on {date}")));
        if expiration.expired_object_delete_marker() == Some(true) {
            acts.push("delete markers without versions go".to_owned());
        }
    }
    acts.extend(rule.transitions().iter().map(|transition| {
        let class = transition.storage_class().map_or("another class", |class| class.as_str());
        transition.days().map_or_else(|| class.to_owned(), |days| format!("{class} after {days} days"))
    }));
    if let Some(days) =
        rule.noncurrent_version_expiration().and_then(NoncurrentVersionExpiration::noncurrent_days)
    {
        acts.push(format!("old versions deleted after {days} days"));
    }
    if let Some(days) = rule
        .abort_incomplete_multipart_upload()
        .and_then(AbortIncompleteMultipartUpload::days_after_initiation)
    {
        acts.push(format!("unfinished uploads aborted after {days} days"));
    }
    format!("{about}: {}", acts.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Vec<String> {
        open_statements(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn what_the_block_makes_void_alarms_nobody() {
        let alarming = |name| Fact { alarming: true, ..Fact::known(name, "anybody: READ") };
        for ([new_acls, all_acls, new_policies, all_policies], words, alarms) in [
            ([false; 4], "blocks nothing", [true, true, true]),
            ([true, false, true, false], "blocks new public ACLs, new public policies", [true, true, true]),
            ([true, true, false, false], "blocks new public ACLs, all public ACLs", [false, true, true]),
            ([false, false, false, true], "blocks all public policies", [true, false, true]),
        ] {
            let block = PublicAccessBlockConfiguration::builder()
                .block_public_acls(new_acls)
                .ignore_public_acls(all_acls)
                .block_public_policy(new_policies)
                .restrict_public_buckets(all_policies)
                .build();
            assert_eq!(block_words(&block), words);
            let facts = ["ACL", "policy", "tags"].map(|name| Void::of(&block).quiet(alarming(name)));
            assert_eq!(facts.map(|fact| fact.alarming), alarms, "{words}");
        }
        let (unset, unknown) = (PublicAccessBlockConfiguration::builder().build(), Void::default());
        assert!(Void::of(&unset) == unknown && unknown.quiet(alarming("ACL")).alarming);
    }

    #[test]
    fn policies_that_open_a_bucket_are_seen() {
        let public =
            r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:GetObject"]}]}"#;
        assert_eq!(open(public), ["s3:GetObject"]);
        assert_eq!(open(r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*"}}"#), ["s3:*"]);
        for closed in [
            r#"{"Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::1:root"},"Action":"s3:*"}]}"#,
            r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}"#,
            "{}",
        ] {
            assert_eq!(open(closed), Vec::<String>::new(), "{closed}");
        }
    }
}
