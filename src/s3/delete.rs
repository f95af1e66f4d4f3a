//! Deleting objects, one by one and by the thousand.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};
use base64::Engine as _;
use futures_util::StreamExt as _;
use md5::{Digest as _, Md5};

use super::Store;
use crate::error::{Error, Kind, Result};

/// DeleteObjects takes so many keys.
const BATCH: usize = 1000;
/// Single deletes in flight.
const AT_ONCE: usize = 16;

impl Store {
    /// Deletes one key (or one version of it).
    pub async fn delete(&self, bucket: &str, key: &str, version_id: Option<&str>) -> Result<()> {
        let op = self.op("delete", bucket, key);
        self.writable(op)?;
        self.run(bucket, op, |clients| {
            let request = clients.patient.delete_object().bucket(bucket).key(key);
            request.set_version_id(version_id.map(str::to_owned)).send()
        })
        .await?;
        Ok(())
    }

    /// Deletes many keys; returns those that could not be deleted. By DeleteObjects in thousands, one by one where the
    /// provider does not know that, and for keys with control characters, which XML 1.0 cannot hold.
    pub async fn delete_many(&self, bucket: &str, keys: &[String]) -> Vec<(String, Error)> {
        let (odd, plain): (Vec<&String>, Vec<&String>) =
            keys.iter().partition(|key| key.chars().any(char::is_control));
        let mut failed = self.delete_singly(bucket, &odd).await;
        for batch in plain.chunks(BATCH) {
            match self.delete_batch(bucket, batch).await {
                Ok(errors) => failed.extend(errors),
                Err(error)
                    if matches!(error.kind(), Kind::Unsupported | Kind::Internal | Kind::Integrity) =>
                {
                    failed.extend(self.delete_singly(bucket, batch).await);
                }
                Err(error) => failed.extend(batch.iter().map(|key| ((*key).clone(), error.clone()))),
            }
        }
        failed
    }

    async fn delete_singly(&self, bucket: &str, keys: &[&String]) -> Vec<(String, Error)> {
        // Owned keys: a future that borrows from the closure's argument cannot be sent between threads.
        let deletions: Vec<_> = keys.iter().map(|key| self.delete_one(bucket, (*key).clone())).collect();
        let done: Vec<_> = futures_util::stream::iter(deletions).buffer_unordered(AT_ONCE).collect().await;
        done.into_iter().flatten().collect()
    }

    async fn delete_one(&self, bucket: &str, key: String) -> Option<(String, Error)> {
        let error = self.delete(bucket, &key, None).await.err()?;
        Some((key, error))
    }

    async fn delete_batch(&self, bucket: &str, keys: &[&String]) -> Result<Vec<(String, Error)>> {
        let op = self.op("delete objects in", bucket, "");
        self.writable(op)?;
        let wrong =
            |error: &dyn std::fmt::Display| Error::new(Kind::Internal, format!("cannot {op}: {error}"));
        let mut objects = Vec::with_capacity(keys.len());
        for key in keys {
            objects.push(ObjectIdentifier::builder().key(*key).build().map_err(|error| wrong(&error))?);
        }
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let delete = delete.map_err(|error| wrong(&error))?;
        let output = self
            .run(bucket, op, |clients| {
                let request = clients.patient.delete_objects().bucket(bucket).delete(delete.clone());
                // The SDK sends a CRC32 here whatever it is told, which some third parties refuse; all take an MD5.
                request
                    .customize()
                    .mutate_request(|request| {
                        let sum = Md5::digest(request.body().bytes().unwrap_or_default());
                        let sum = base64::engine::general_purpose::STANDARD.encode(sum);
                        let headers = request.headers_mut();
                        headers.remove("x-amz-checksum-crc32");
                        headers.remove("x-amz-sdk-checksum-algorithm");
                        headers.insert("content-md5", sum);
                    })
                    .send()
            })
            .await?;
        let errors = output.errors().iter().map(|error| {
            let key = error.key().unwrap_or_default().to_owned();
            let (code, message) = (error.code().unwrap_or_default(), error.message().unwrap_or_default());
            let kind = if code == "AccessDenied" { Kind::Denied } else { Kind::Unavailable };
            let text = format!("cannot {}: {code}: {message}", self.op("delete", bucket, &key));
            (key, Error::new(kind, text))
        });
        Ok(errors.collect())
    }
}
