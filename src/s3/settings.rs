//! What a bucket is set to do, as far as the provider tells.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use jiff::Timestamp;

use super::Store;
use crate::error::Result;

/// Whether a bucket keeps old versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Versioning {
    /// Every write and delete keeps what was there.
    Enabled,
    /// It did once; old versions are still there.
    Suspended,
    /// It never did.
    Off,
}

impl Versioning {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Suspended => "suspended",
            Self::Off => "off",
        }
    }
}

impl Store {
    /// Whether `bucket` keeps old versions.
    ///
    /// # Errors
    /// Denied, or a provider without versions.
    pub async fn versioning(&self, bucket: &str) -> Result<Versioning> {
        let op = self.op("read the versioning of", bucket, "");
        let request =
            |clients: super::connect::Clients| clients.patient.get_bucket_versioning().bucket(bucket).send();
        let answer = self.run(bucket, op, request).await?;
        Ok(match answer.status() {
            Some(BucketVersioningStatus::Enabled) => Versioning::Enabled,
            Some(_) => Versioning::Suspended,
            None => Versioning::Off,
        })
    }

    /// Makes `bucket` keep old versions from now on, or stop keeping them; those that are there stay.
    ///
    /// # Errors
    /// Denied, a read-only profile, or a provider without versions.
    pub async fn set_versioning(&self, bucket: &str, on: bool) -> Result<()> {
        let op = self.op("change the versioning of", bucket, "");
        self.writable(op)?;
        let status = if on { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let wanted = VersioningConfiguration::builder().status(status).build();
        self.run(bucket, op, |clients| {
            let request = clients.patient.put_bucket_versioning().bucket(bucket);
            request.versioning_configuration(wanted.clone()).send()
        })
        .await?;
        Ok(())
    }

    /// When the credentials that this profile signs with end; `None`: not by themselves, or there are none.
    ///
    /// # Errors
    /// Credentials that cannot be had.
    pub async fn credentials_end(&self) -> Result<Option<Timestamp>> {
        if self.is_anonymous() {
            return Ok(None);
        }
        let credentials = self.fresh_credentials(std::time::SystemTime::now()).await?;
        Ok(credentials.expiry().and_then(|end| Timestamp::try_from(end).ok()))
    }

    /// Whether the credentials are those of a session, which ends also where they do not say when.
    ///
    /// # Errors
    /// Credentials that cannot be had.
    pub async fn is_session(&self) -> Result<bool> {
        Ok(self.fresh_credentials(std::time::SystemTime::now()).await?.session_token().is_some())
    }

    /// The URL that requests about no bucket go to.
    pub fn endpoint(&self) -> String {
        let own = self.own_endpoint().map(|own| own.trim_end_matches('/').to_owned());
        own.unwrap_or_else(|| format!("https://s3.{}.amazonaws.com", self.region_of("")))
    }
}
