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

/// What came of many deletions.
#[derive(Clone, Debug, Default)]
pub struct Deleted {
    /// What could not be deleted, and why.
    pub failed: Vec<(ObjectId, Error)>,
    /// The delete markers that were made, where versions are kept and they were asked for.
    pub markers: Vec<ObjectId>,
}

/// A key, or one version of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectId {
    /// The exact key.
    pub key: String,
    /// That version instead of the newest.
    pub version_id: Option<String>,
}

impl ObjectId {
    /// A key's newest state.
    pub fn newest(key: &str) -> Self {
        Self { key: key.to_owned(), version_id: None }
    }
}

impl Store {
    /// Deletes one key (or one version of it); returns the id of the delete marker that was made, if one was.
    pub async fn delete(&self, bucket: &str, key: &str, version_id: Option<&str>) -> Result<Option<String>> {
        let op = self.op("delete", bucket, key);
        self.writable(op)?;
        let output = self
            .run(bucket, op, |clients| {
                let request = clients.patient.delete_object().bucket(bucket).key(key);
                request.set_version_id(version_id.map(str::to_owned)).send()
            })
            .await?;
        let marked = output.delete_marker() == Some(true) && version_id.is_none();
        Ok(output.version_id.filter(|_| marked))
    }

    /// Deletes the newest states of many keys; returns those that could not be deleted.
    pub async fn delete_many(&self, bucket: &str, keys: &[String]) -> Vec<(String, Error)> {
        let objects: Vec<ObjectId> = keys.iter().map(|key| ObjectId::newest(key)).collect();
        let deleted = self.delete_objects(bucket, &objects, false).await;
        deleted.failed.into_iter().map(|(object, error)| (object.key, error)).collect()
    }

    /// Deletes many keys or versions. By DeleteObjects in thousands, one by one where the provider does not know that,
    /// and for keys that may not get through XML. `telling`: markers that are made are returned.
    pub async fn delete_objects(&self, bucket: &str, objects: &[ObjectId], telling: bool) -> Deleted {
        let (odd, plain): (Vec<&ObjectId>, Vec<&ObjectId>) =
            objects.iter().partition(|object| !survives_xml(&object.key));
        let mut deleted = Deleted::default();
        self.delete_singly(bucket, &odd, &mut deleted).await;
        for batch in plain.chunks(BATCH) {
            match self.delete_batch(bucket, batch, telling, &mut deleted).await {
                Ok(()) => {}
                Err(error)
                    if matches!(error.kind(), Kind::Unsupported | Kind::Internal | Kind::Integrity) =>
                {
                    self.delete_singly(bucket, batch, &mut deleted).await;
                }
                Err(error) => {
                    deleted.failed.extend(batch.iter().map(|object| ((*object).clone(), error.clone())));
                }
            }
        }
        if !telling {
            deleted.markers.clear();
        }
        deleted
    }

    async fn delete_singly(&self, bucket: &str, objects: &[&ObjectId], deleted: &mut Deleted) {
        // Owned: a future that borrows from the closure's argument cannot be sent between threads.
        let deletions: Vec<_> =
            objects.iter().map(|object| self.delete_one(bucket, (*object).clone())).collect();
        let mut done = futures_util::stream::iter(deletions).buffer_unordered(AT_ONCE);
        while let Some((object, result)) = done.next().await {
            match result {
                Ok(None) => {}
                Ok(id) => deleted.markers.push(ObjectId { key: object.key, version_id: id }),
                Err(error) => deleted.failed.push((object, error)),
            }
        }
    }

    async fn delete_one(&self, bucket: &str, object: ObjectId) -> (ObjectId, Result<Option<String>>) {
        let result = self.delete(bucket, &object.key, object.version_id.as_deref()).await;
        (object, result)
    }

    async fn delete_batch(
        &self,
        bucket: &str,
        wanted: &[&ObjectId],
        telling: bool,
        deleted: &mut Deleted,
    ) -> Result<()> {
        let op = self.op("delete objects in", bucket, "");
        self.writable(op)?;
        let wrong =
            |error: &dyn std::fmt::Display| Error::new(Kind::Internal, format!("cannot {op}: {error}"));
        let mut objects = Vec::with_capacity(wanted.len());
        for object in wanted {
            let id = ObjectIdentifier::builder().key(&object.key).set_version_id(object.version_id.clone());
            objects.push(id.build().map_err(|error| wrong(&error))?);
        }
        let delete = Delete::builder().set_objects(Some(objects)).quiet(!telling).build();
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
        let id = |key: Option<&str>, version: Option<&str>| ObjectId {
            key: key.unwrap_or_default().to_owned(),
            version_id: version.filter(|id| !id.is_empty()).map(str::to_owned),
        };
        for error in output.errors() {
            let object = id(error.key(), error.version_id());
            let (code, message) = (error.code().unwrap_or_default(), error.message().unwrap_or_default());
            let kind = if code == "AccessDenied" { Kind::Denied } else { Kind::Unavailable };
            let text = format!("cannot {}: {code}: {message}", self.op("delete", bucket, &object.key));
            deleted.failed.push((object, Error::new(kind, text)));
        }
        let made = output.deleted().iter().filter(|one| one.version_id().is_none_or(str::is_empty));
        let markers = made.filter(|one| one.delete_marker_version_id().is_some());
        deleted.markers.extend(markers.map(|one| id(one.key(), one.delete_marker_version_id())));
        Ok(())
    }
}

/// Whether a key arrives as it is in the body of a request: XML 1.0 cannot hold control characters, and some servers
/// trim what they read, and then say that the object of that other key is gone.
fn survives_xml(key: &str) -> bool {
    key == key.trim() && !key.chars().any(char::is_control)
}
