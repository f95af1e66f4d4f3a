//! Making and removing buckets.

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use super::Store;
use crate::error::Result;

impl Store {
    /// Makes a bucket in the profile's region.
    pub async fn create_bucket(&self, bucket: &str) -> Result<()> {
        let op = self.op("create bucket", bucket, "");
        self.writable(op)?;
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
}
