//! Buckets in memory: the state behind s3s' trait, and what tests may look at directly.

mod api;
mod content;
mod encryption;
mod list;
mod multipart;
mod object;
mod settings;
mod tags;
mod versions;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use s3s::{S3Result, s3_error};

use super::faults::Faults;
pub(super) use content::Content;
use encryption::Encryption;
use versions::Versioning;

/// All buckets, objects, versions and uploads; a cheap handle.
#[derive(Clone, Debug, Default)]
pub struct Backend(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    faults: Faults,
}

#[derive(Debug, Default)]
struct State {
    buckets: BTreeMap<String, Bucket>,
    /// Makes version and upload ids, ascending.
    counter: u64,
    /// Entries of a page of a listing at most.
    page: Option<usize>,
}

impl State {
    fn next_id(&mut self) -> String {
        self.counter += 1;
        format!("{:016x}", self.counter)
    }

    fn bucket(&self, name: &str) -> S3Result<&Bucket> {
        self.buckets.get(name).ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }

    fn bucket_mut(&mut self, name: &str) -> S3Result<&mut Bucket> {
        self.buckets
            .get_mut(name)
            .ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }
}

#[derive(Debug)]
struct Bucket {
    created: SystemTime,
    versioning: Versioning,
    settings: settings::Settings,
    /// Every version of a key, the newest last.
    objects: BTreeMap<String, Vec<Version>>,
    /// By key and upload id.
    uploads: BTreeMap<(String, String), Upload>,
    /// That many keys that exist only in listings.
    invented: u64,
}

/// One state of a key.
#[derive(Clone, Debug)]
struct Version {
    id: Option<String>,
    modified: SystemTime,
    /// `None`: a delete marker.
    stored: Option<Arc<Stored>>,
}

/// An object's bytes and everything said about them.
#[derive(Clone, Debug, Default)]
struct Stored {
    content: Content,
    etag: String,
    parts: Option<i32>,
    attributes: Attributes,
    encryption: Encryption,
    /// Base64 by lower-case name.
    checksums: BTreeMap<&'static str, String>,
    tags: Vec<(String, String)>,
    /// Until when it was brought back from an archive.
    restored: Option<jiff::Timestamp>,
}

#[derive(Clone, Debug, Default)]
struct Attributes {
    content_type: Option<String>,
    cache_control: Option<String>,
    content_disposition: Option<String>,
    content_encoding: Option<String>,
    content_language: Option<String>,
    expires: Option<s3s::dto::Timestamp>,
    metadata: HashMap<String, String>,
    storage_class: Option<String>,
}

#[derive(Debug)]
struct Upload {
    started: SystemTime,
    attributes: Attributes,
    encryption: Encryption,
    tags: Vec<(String, String)>,
    /// The whole-object checksum that was named when it began.
    checksum: Option<String>,
    parts: BTreeMap<i32, Part>,
}

#[derive(Clone, Debug)]
struct Part {
    bytes: Bytes,
    etag: String,
    modified: SystemTime,
}

impl Backend {
    /// No buckets.
    pub fn new() -> Self {
        Self::default()
    }

    /// What goes wrong, and what was asked.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Makes a bucket, unless it is there.
    pub fn create_bucket(&self, name: &str) {
        self.lock().buckets.entry(name.to_owned()).or_insert_with(Bucket::new);
    }

    /// Stores an object, in a bucket that is made if it has to be.
    pub fn put(&self, bucket: &str, key: &str, bytes: impl Into<Bytes>) {
        let bytes: Bytes = bytes.into();
        let etag = content::md5_hex(&bytes);
        self.put_content(bucket, key, Content::from(bytes), etag, SystemTime::now());
    }

    /// A key's newest bytes.
    pub fn get(&self, bucket: &str, key: &str) -> Option<Bytes> {
        let state = self.lock();
        let stored = state.buckets.get(bucket)?.newest(key)?.stored.clone()?;
        Some(stored.content.to_bytes())
    }

    /// A key's content type and user metadata.
    pub fn described(&self, bucket: &str, key: &str) -> Option<(Option<String>, HashMap<String, String>)> {
        let state = self.lock();
        let stored = state.buckets.get(bucket)?.newest(key)?.stored.clone()?;
        Some((stored.attributes.content_type.clone(), stored.attributes.metadata.clone()))
    }

    /// How a key is encrypted: `AES256`, `aws:kms:KEY-ID` and the like, or `SSE-C:` with the MD5 of the key.
    pub fn encryption(&self, bucket: &str, key: &str) -> Option<String> {
        self.lock().buckets.get(bucket)?.newest(key)?.stored.as_ref()?.encryption.described()
    }

    /// A key's tags.
    pub fn tags(&self, bucket: &str, key: &str) -> Vec<(String, String)> {
        let state = self.lock();
        let stored = state.buckets.get(bucket).and_then(|bucket| bucket.newest(key)?.stored.as_ref());
        stored.map(|stored| stored.tags.clone()).unwrap_or_default()
    }

    /// A key's storage class.
    pub fn storage_class(&self, bucket: &str, key: &str) -> Option<String> {
        self.lock().buckets.get(bucket)?.newest(key)?.stored.as_ref()?.attributes.storage_class.clone()
    }

    /// Puts a key into a storage class.
    pub fn set_storage_class(&self, bucket: &str, key: &str, class: &str) {
        let mut state = self.lock();
        let versions = state.buckets.get_mut(bucket).and_then(|bucket| bucket.objects.get_mut(key));
        let newest = versions.and_then(|versions| versions.last_mut()?.stored.as_mut());
        if let Some(stored) = newest {
            Arc::make_mut(stored).attributes.storage_class = Some(class.to_owned());
        }
    }

    /// Every key of a bucket, in byte order.
    pub fn keys(&self, bucket: &str) -> Vec<String> {
        let state = self.lock();
        let Some(bucket) = state.buckets.get(bucket) else { return Vec::new() };
        bucket.objects.iter().filter(|(_, versions)| is_live(versions)).map(|(key, _)| key.clone()).collect()
    }

    /// The keys of a bucket's unfinished uploads.
    pub fn uploads(&self, bucket: &str) -> Vec<String> {
        let state = self.lock();
        state
            .buckets
            .get(bucket)
            .map(|b| b.uploads.keys().map(|(key, _)| key.clone()).collect())
            .unwrap_or_default()
    }

    /// Leaves an unfinished upload behind: begun at `started`, with these parts.
    pub fn leave_upload(&self, bucket: &str, key: &str, started: SystemTime, parts: &[&[u8]]) {
        let mut state = self.lock();
        let id = state.next_id();
        let bucket = state.buckets.entry(bucket.to_owned()).or_insert_with(Bucket::new);
        let parts = parts.iter().map(|bytes| Part {
            etag: content::md5_hex(bytes),
            bytes: Bytes::copy_from_slice(bytes),
            modified: started,
        });
        let upload = Upload {
            started,
            attributes: Attributes::default(),
            encryption: Encryption::default(),
            tags: Vec::new(),
            checksum: None,
            parts: (1..).zip(parts).collect(),
        };
        bucket.uploads.insert((key.to_owned(), id), upload);
    }

    /// Every bucket's name.
    pub fn buckets(&self) -> Vec<String> {
        self.lock().buckets.keys().cloned().collect()
    }

    /// The states of a key, the oldest first: id, and whether it is one rather than a delete marker.
    pub fn versions(&self, bucket: &str, key: &str) -> Vec<(String, bool)> {
        let state = self.lock();
        let versions = state.buckets.get(bucket).and_then(|bucket| bucket.objects.get(key));
        let versions = versions.into_iter().flatten();
        versions.map(|version| (version.name().to_owned(), version.stored.is_some())).collect()
    }

    /// Deletes a key; where versions are kept by a delete marker.
    pub fn delete(&self, bucket: &str, key: &str) {
        // A bucket that is not there has nothing to delete.
        let _ = self.remove(bucket, key, None);
    }

    /// Keeps old versions from now on.
    pub fn set_versioned(&self, bucket: &str) {
        if let Some(bucket) = self.lock().buckets.get_mut(bucket) {
            bucket.versioning = Versioning::Enabled;
        }
    }

    /// Lets listings of a bucket show `count` keys that do not exist.
    pub fn invent_keys(&self, bucket: &str, count: u64) {
        self.lock().buckets.entry(bucket.to_owned()).or_insert_with(Bucket::new).invented = count;
    }

    /// Lists no more than `entries` a page.
    pub fn set_page(&self, entries: usize) {
        self.lock().page = Some(entries);
    }

    pub(super) fn put_content(
        &self,
        bucket: &str,
        key: &str,
        content: Content,
        etag: String,
        modified: SystemTime,
    ) {
        let mut state = self.lock();
        let id = state.next_id();
        let bucket = state.buckets.entry(bucket.to_owned()).or_insert_with(Bucket::new);
        let stored = Stored { content, etag, ..Stored::default() };
        bucket.add(key, id, modified, Some(Arc::new(stored)));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn new() -> Self {
        Self {
            created: SystemTime::now(),
            versioning: Versioning::Off,
            settings: settings::Settings::default(),
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            invented: 0,
        }
    }

    fn newest(&self, key: &str) -> Option<&Version> {
        self.objects.get(key)?.last()
    }
}

fn is_live(versions: &[Version]) -> bool {
    versions.last().is_some_and(|version| version.stored.is_some())
}
