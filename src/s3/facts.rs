//! What a provider tells about an object or a bucket besides its headers: fact by fact, each of which may be refused on
//! its own, and then says why.

mod bucket;

use std::future::Future;
use std::pin::Pin;

use futures_util::future::join_all;

use super::Store;
use super::fault::Op;
use super::object::timestamp;
use crate::error::{Error, Kind, Result};

/// One thing that is known, or why it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is, in words.
    pub name: &'static str,
    /// What there is, one after the other (none: there is no such thing); or why that cannot be told.
    pub value: Result<Vec<String>, String>,
    /// Something to be careful about.
    pub alarming: bool,
}

impl Fact {
    /// Something that is known.
    pub fn known(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: Ok(vec![value.into()]), alarming: false }
    }

    /// What an answer says in words; an answer that there is nothing is one too.
    fn told<T>(
        name: &'static str,
        op: Op<'_>,
        answer: Result<T>,
        words: impl FnOnce(T) -> Vec<String>,
    ) -> Self {
        let value = match answer {
            Ok(answer) => Ok(words(answer)),
            Err(error) if says_nothing_is_there(&error) => Ok(Vec::new()),
            Err(error) => {
                let message = error.message();
                let reason = message.strip_prefix(&format!("cannot {op}: ")).map(str::to_owned);
                Err(reason.unwrap_or(message))
            }
        };
        Self { name, value, alarming: false }
    }
}

/// Whether a refusal means that nothing is set, rather than that the bucket or the object is missing.
fn says_nothing_is_there(error: &Error) -> bool {
    let message = error.message();
    let missing = ["NoSuchBucket:", "NoSuchBucket (", "NoSuchKey", "NoSuchVersion"];
    let unset = error.kind() == Kind::NotFound && !missing.iter().any(|code| message.contains(code));
    unset || message.contains("missing Object Lock Configuration")
}

type Asked<'a> = Pin<Box<dyn Future<Output = Fact> + Send + 'a>>;

impl Store {
    /// What HEAD does not say about an object: tags, retention, legal hold, how many versions there are.
    pub async fn object_facts(&self, bucket: &str, key: &str) -> Vec<Fact> {
        let asked: Vec<Asked<'_>> = vec![
            Box::pin(self.tags_fact(bucket, key)),
            Box::pin(self.retention(bucket, key)),
            Box::pin(self.legal_hold(bucket, key)),
            Box::pin(self.versions_fact(bucket, key)),
        ];
        join_all(asked).await
    }

    async fn tags_fact(&self, bucket: &str, key: &str) -> Fact {
        let op = self.op("read the tags of", bucket, key);
        let tags = self.tags(bucket, key, None).await;
        Fact::told("tags", op, tags, |tags| {
            tags.iter().map(|(key, value)| format!("{key}={value}")).collect()
        })
    }

    async fn retention(&self, bucket: &str, key: &str) -> Fact {
        let op = self.op("read the retention of", bucket, key);
        let answer = self
            .run(bucket, op, |clients| clients.patient.get_object_retention().bucket(bucket).key(key).send());
        Fact::told("retention", op, Box::pin(answer).await, |output| {
            let Some(retention) = output.retention() else { return Vec::new() };
            let mode = retention.mode().map(|mode| mode.as_str().to_owned()).unwrap_or_default();
            let until = retention.retain_until_date().and_then(timestamp);
            vec![until.map_or(mode.clone(), |until| format!("{mode} until {until}"))]
        })
    }

    async fn legal_hold(&self, bucket: &str, key: &str) -> Fact {
        let op = self.op("read the legal hold of", bucket, key);
        let answer = self.run(bucket, op, |clients| {
            clients.patient.get_object_legal_hold().bucket(bucket).key(key).send()
        });
        Fact::told("legal hold", op, Box::pin(answer).await, |output| {
            let status = output.legal_hold().and_then(|hold| hold.status());
            status.map(|status| status.as_str().to_owned()).into_iter().collect()
        })
    }

    async fn versions_fact(&self, bucket: &str, key: &str) -> Fact {
        let op = self.op("list the versions of", bucket, key);
        let page = self.versions(bucket, key, None).await;
        Fact::told("versions", op, page, |page| {
            let of_key = page.versions.iter().filter(|version| version.key == key);
            let (mut count, mut kept) = (0, false);
            for version in of_key {
                count += 1;
                kept |= version.id != "null";
            }
            let more = page.next.is_some() && page.versions.last().is_some_and(|last| last.key == key);
            if kept { vec![format!("{count}{}", if more { "+" } else { "" })] } else { Vec::new() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_and_nothing_there_are_told_apart() {
        let says = |kind, text: &str| says_nothing_is_there(&Error::new(kind, text));
        assert!(says(Kind::NotFound, "cannot read the policy of p:b/: NoSuchBucketPolicy: none"));
        assert!(says(
            Kind::Internal,
            "cannot x: InvalidRequest: Bucket is missing Object Lock Configuration"
        ));
        assert!(!says(Kind::NotFound, "cannot read the policy of p:b/: NoSuchBucket: no bucket"));
        assert!(!says(Kind::Denied, "cannot read the policy of p:b/: AccessDenied: no"));
    }
}
