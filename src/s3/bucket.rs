//! Making and removing buckets, and where they are.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use super::body::Payload;
use super::fault::Facts;
use super::request::{Failure, Request};
use super::{Method, Store};
use crate::error::{Error, Kind, Result};

impl Store {
    /// Makes a bucket in the profile's region.
    ///
    /// # Errors
    /// Before anything is sent: a name that no bucket can have.
    pub async fn create_bucket(&self, bucket: &str) -> Result<()> {
        let op = self.op("create bucket", bucket, "");
        self.writable(op)?;
        if self.provider().plain_bucket_names && !is_plain(bucket) {
            return Err(Error::new(Kind::Usage, format!("cannot {op}: no bucket can be called that"))
                .with_hint(
                    "3 to 63 characters a-z, 0-9, `.` and `-`; the first and the last a letter or a digit",
                ));
        }
        // Only AWS wants to be told the region, and there not its first one; others take it from the endpoint.
        let region = self.region_of(bucket);
        let constraint = (self.profile().endpoint.is_none() && region != "us-east-1").then(|| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region.as_str()))
                .build()
        });
        self.run(bucket, op, |clients| {
            let request = clients.patient.create_bucket().bucket(bucket);
            request.set_create_bucket_configuration(constraint.clone()).send()
        })
        .await?;
        Ok(())
    }

    /// Removes an empty bucket.
    pub async fn delete_bucket(&self, bucket: &str) -> Result<()> {
        let op = self.op("remove bucket", bucket, "");
        self.writable(op)?;
        self.run(bucket, op, |clients| clients.patient.delete_bucket().bucket(bucket).send()).await?;
        Ok(())
    }

    /// The region that the provider names when it refuses the profile's, asked about a bucket, or about no one of them.
    /// `None`: it takes it, says no other, or is AWS, whose buckets are followed to their regions.
    pub async fn other_region(&self, bucket: Option<&str>) -> Option<String> {
        self.profile().endpoint.as_ref()?;
        let facts = match bucket {
            Some(bucket) => {
                let request = Request::new(Method::Get, bucket, "").query("max-keys", Some("1"));
                match self.send(self.op("list", bucket, ""), &request, Payload::Empty).await {
                    Err(Failure::Refused(facts)) => facts,
                    _ => return None,
                }
            }
            None => Facts::of(&self.clients("").once.list_buckets().send().await.err()?)?,
        };
        let ours = self.region_of(bucket.unwrap_or_default());
        // A refusal for another reason may name a region too.
        facts.wanted_region(&ours).filter(|_| facts.is_about_region()).map(str::to_owned)
    }
}

/// Whether it has the characters that AWS asks for; what else it does not like it says itself.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn is_plain(bucket: &str) -> bool {
    let alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&bucket.len())
        && bucket.bytes().all(|byte| alphanumeric(byte) || matches!(byte, b'.' | b'-'))
        && [bucket.bytes().next(), bucket.bytes().last()].into_iter().flatten().all(alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_buckets_are_what_aws_takes() {
        let (longest, longer) = ("a".repeat(63), "a".repeat(64));
        for name in ["abc", "a.b", "0-9", "my.logs-2026", "base--usw2-az1--x-s3", &longest] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", "ab", "Bad", "a_b", "-ab", "ab-", ".ab", "ab.", "a b", "a/b", "übung", &longer] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
