//! Objects in archive classes, which have to be restored before they can be read.

use aws_sdk_s3::types::{GlacierJobParameters, RestoreRequest, Tier};

use super::Store;
use crate::error::{Error, Result};
use crate::location::Remote;

/// How soon an archived object is there, and what that costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Speed {
    /// Some hours.
    #[default]
    Standard,
    /// Half a day or longer, the cheapest.
    Bulk,
    /// Some minutes, the dearest; not from deep archives.
    Expedited,
}

impl Speed {
    /// Every one by its name.
    pub const WORDS: [(&'static str, Speed); 3] =
        [("standard", Speed::Standard), ("bulk", Speed::Bulk), ("expedited", Speed::Expedited)];
}

impl Store {
    /// Asks for an archived object to be readable for some days. One that is restored already is kept for so long; one
    /// that is being restored goes on.
    ///
    /// # Errors
    /// An object that is in no archive, or a provider without archives.
    pub async fn restore(&self, object: &Remote, days: u32, speed: Speed) -> Result<()> {
        let (bucket, key) = (&object.bucket, &object.key);
        let op = self.op("restore", bucket, key);
        self.writable(op)?;
        let tier = match speed {
            Speed::Standard => Tier::Standard,
            Speed::Bulk => Tier::Bulk,
            Speed::Expedited => Tier::Expedited,
        };
        let wrong = |error: &dyn std::fmt::Display| {
            Error::new(crate::error::Kind::Internal, format!("cannot {op}: {error}"))
        };
        let job = GlacierJobParameters::builder().tier(tier).build().map_err(|error| wrong(&error))?;
        let days = i32::try_from(days).unwrap_or(i32::MAX);
        let wanted = RestoreRequest::builder().days(days).glacier_job_parameters(job).build();
        let asked = self.run(bucket, op, |clients| {
            clients.patient.restore_object().bucket(bucket).key(key).restore_request(wanted.clone()).send()
        });
        match asked.await {
            Err(error) if error.message().contains("RestoreAlreadyInProgress") => Ok(()),
            other => other.map(drop),
        }
    }
}
