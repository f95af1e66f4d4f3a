//! Upload kits: a multipart upload whose parts somebody without keys sends by presigned URLs. Nothing has to come back
//! from there: what has arrived is what the provider lists.

mod forms;

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use forms::{html, json, script, upload_page, write};

use crate::config::paths::make_private;
use crate::config::{Paths, random};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{
    Attributes, CompletedPart, Connections, Method, PartLink, PresignRequest, PutOptions, Store, Upload,
};

const MIB: u64 = 1 << 20;
/// Parts of kits are at least that large: fewer URLs, and curl holds one in memory.
const SMALLEST: u64 = 16 * MIB;
const LARGEST: u64 = 5 << 30;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KitRequest {
    /// The object that it becomes.
    pub target: Remote,
    /// Its exact size in bytes.
    pub size: u64,
    /// Bytes of a part; `None`: by size.
    pub part_size: Option<u64>,
    /// How long its URLs work.
    pub expires: Duration,
    /// The object's content type.
    pub content_type: Option<String>,
}

/// A kit that was made. Holds no URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kit {
    /// Names it in commands.
    pub id: String,
    /// When it was made.
    pub made: Timestamp,
    /// When its URLs end.
    pub until: Timestamp,
    /// The object that it becomes.
    pub target: Location,
    /// Bytes of the whole.
    pub size: u64,
    /// Bytes of each part but the last.
    pub part_size: u64,
    upload_id: String,
}

impl Kit {
    /// Parts.
    pub fn parts(&self) -> u32 {
        u32::try_from(self.size.div_ceil(self.part_size)).unwrap_or(u32::MAX)
    }

    /// Bytes of part `number`, which counts from 1.
    pub fn length(&self, number: u32) -> u64 {
        let before = u64::from(number.saturating_sub(1)) * self.part_size;
        self.part_size.min(self.size.saturating_sub(before))
    }

    fn object(&self) -> Result<&Remote> {
        self.target
            .as_remote()
            .ok_or_else(|| Error::new(Kind::Integrity, format!("kit {} names no object", self.id)))
    }

    fn upload(&self) -> Result<Upload> {
        let object = self.object()?;
        Ok(Upload {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            upload_id: self.upload_id.clone(),
            started: Some(self.made),
        })
    }
}

/// How far an upload is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrived {
    /// Parts that are there, whole.
    pub parts: Vec<CompletedPart>,
    /// Their bytes.
    pub bytes: u64,
    /// Numbers of those that are not, or of another size.
    pub missing: Vec<u32>,
}

/// Makes a kit: begins the upload, remembers it, and hands it to `give` with its URLs. What nobody has got is taken back.
///
/// # Errors
/// Those of [`create`], of the state folder, and of `give`.
pub async fn make<T>(
    connections: &Connections,
    request: &KitRequest,
    give: impl FnOnce(&Kit, &[String]) -> Result<T>,
) -> Result<(Kit, T)> {
    let kits = Kits::new(&connections.config().paths);
    let (kit, urls) = create(connections, request).await?;
    match kits.add(&kit).and_then(|()| give(&kit, &urls)) {
        Ok(given) => Ok((kit, given)),
        Err(error) => {
            let _ = abort(connections, &kit).await;
            Err(error)
        }
    }
}

/// Begins the upload and signs a URL for each part.
///
/// # Errors
/// `Kind::Usage` for sizes that the provider cannot take; those of the store.
async fn create(connections: &Connections, request: &KitRequest) -> Result<(Kit, Vec<String>)> {
    let target = &request.target;
    super::openable(target)?;
    let store = connections.store(&target.profile).await?;
    let part_size = part_size(&store, request)?;
    let attributes = Attributes { content_type: request.content_type.clone(), ..Attributes::default() };
    let options = PutOptions { attributes, ..PutOptions::default() };
    let upload = store.create_upload(&target.bucket, &target.key, &options).await?;
    let id = u32::from_be_bytes(random()?);
    let mut kit = Kit {
        id: format!("{id:08x}"),
        made: Timestamp::now(),
        until: Timestamp::MAX,
        target: Location::Remote(target.clone()),
        size: request.size,
        part_size,
        upload_id: upload.upload_id.clone(),
    };
    match sign(&store, &mut kit, request.expires).await {
        Ok(urls) => Ok((kit, urls)),
        Err(error) => {
            // What cannot be signed is not left behind.
            let _ = store.abort_upload(&upload).await;
            Err(error)
        }
    }
}

async fn sign(store: &Store, kit: &mut Kit, expires: Duration) -> Result<Vec<String>> {
    let object = kit.object()?.clone();
    let mut urls = Vec::with_capacity(kit.parts() as usize);
    for number in 1..=kit.parts() {
        let link = store
            .presign(&PresignRequest {
                bucket: object.bucket.clone(),
                key: object.key.clone(),
                method: Method::Put,
                expires,
                content_length: Some(kit.length(number)),
                part: Some(PartLink { upload_id: kit.upload_id.clone(), number }),
                ..PresignRequest::default()
            })
            .await?;
        kit.until = link.ends.map_or(kit.until, |ends| ends.min(kit.until));
        urls.push(link.url);
    }
    Ok(urls)
}

fn part_size(store: &Store, request: &KitRequest) -> Result<u64> {
    let wrong = |why: String| Error::new(Kind::Usage, why);
    let provider = store.provider();
    if request.size == 0 {
        return Err(wrong("an upload kit is for at least one byte".to_owned()));
    }
    if request.size > provider.max_object {
        return Err(wrong(format!(
            "{} takes objects of at most {} bytes",
            provider.title, provider.max_object
        )));
    }
    let least = request.size.div_ceil(u64::from(provider.max_parts)).div_ceil(MIB) * MIB;
    // Whole mebibytes: the script cuts parts with dd.
    let size = request.part_size.unwrap_or(least.max(SMALLEST)).div_ceil(MIB) * MIB;
    if size < least || !(5 * MIB..=LARGEST).contains(&size) {
        return Err(wrong(format!("parts of {size} bytes do not fit: at least {} here", least.max(5 * MIB)))
            .with_hint(format!("at most {} parts, each between 5 MiB and 5 GiB", provider.max_parts)));
    }
    Ok(size)
}

/// What of a kit is at the provider.
///
/// # Errors
/// `Kind::NotFound` once the upload is finished, aborted or swept away.
pub async fn arrived(connections: &Connections, kit: &Kit) -> Result<Arrived> {
    let store = connections.store(&kit.object()?.profile).await?;
    let listed = store.list_parts(&kit.upload()?).await?;
    let mut arrived = Arrived::default();
    for number in 1..=kit.parts() {
        match listed.iter().find(|part| part.number == number && part.size == kit.length(number)) {
            Some(part) => {
                arrived.bytes += part.size;
                arrived.parts.push(CompletedPart { number, etag: part.etag.clone() });
            }
            None => arrived.missing.push(number),
        }
    }
    Ok(arrived)
}

/// Makes the object out of what has arrived; it is a kit no more then.
///
/// # Errors
/// `Kind::Usage` as long as parts are missing.
pub async fn finish(connections: &Connections, kit: &Kit) -> Result<()> {
    let arrived = arrived(connections, kit).await?;
    if !arrived.missing.is_empty() {
        let numbers: Vec<String> = arrived.missing.iter().take(10).map(u32::to_string).collect();
        let more = if arrived.missing.len() > 10 { ", ..." } else { "" };
        let text = format!(
            "{} of {} parts of {} have not arrived: {}{more}",
            arrived.missing.len(),
            kit.parts(),
            kit.target,
            numbers.join(", ")
        );
        return Err(
            Error::new(Kind::Usage, text).with_hint("the sender goes on with the same script or page")
        );
    }
    let store = connections.store(&kit.object()?.profile).await?;
    store.complete_upload(&kit.upload()?, &arrived.parts, &PutOptions::default()).await?;
    Kits::new(&connections.config().paths).forget(kit)
}

/// Throws away the kit and what has arrived; its URLs are worth nothing then.
///
/// # Errors
/// The store's; an upload that is gone already is none.
pub async fn abort(connections: &Connections, kit: &Kit) -> Result<()> {
    let store = connections.store(&kit.object()?.profile).await?;
    match store.abort_upload(&kit.upload()?).await {
        Err(error) if error.kind() != Kind::NotFound => Err(error),
        _ => Kits::new(&connections.config().paths).forget(kit),
    }
}

/// The kits of this user, a file each in the state folder. Blocking.
#[derive(Clone, Debug)]
pub struct Kits {
    folder: PathBuf,
}

impl Kits {
    /// It need not exist.
    pub fn new(paths: &Paths) -> Self {
        Self { folder: paths.kits() }
    }

    /// Every kit, the newest first; files that cannot be read are left out.
    ///
    /// # Errors
    /// The file system's.
    pub fn read(&self) -> Result<Vec<Kit>> {
        let found = match std::fs::read_dir(&self.folder) {
            Ok(found) => found,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::local("read", &self.folder, error)),
        };
        let mut kits: Vec<Kit> = found
            .flatten()
            .filter_map(|entry| serde_json::from_slice(&std::fs::read(entry.path()).ok()?).ok())
            .collect();
        kits.sort_by_key(|kit| std::cmp::Reverse(kit.made));
        Ok(kits)
    }

    /// The kit called `id`.
    ///
    /// # Errors
    /// `Kind::Usage` if there is none.
    pub fn get(&self, id: &str) -> Result<Kit> {
        self.read()?.into_iter().find(|kit| kit.id == id).ok_or_else(|| {
            Error::new(Kind::Usage, format!("there is no kit {}", crate::sanitize::display_safe(id)))
                .with_hint("`twinpail kit list` shows them")
        })
    }

    /// Remembers a kit, durably.
    ///
    /// # Errors
    /// The file system's.
    pub fn add(&self, kit: &Kit) -> Result<()> {
        make_private(&self.folder)?;
        let failed = |error| Error::local("write", &self.folder, error);
        let text = serde_json::to_vec(kit).map_err(|error| failed(error.into()))?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).map_err(failed)?;
        file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        file.persist(self.file(kit)).map_err(|error| failed(error.error))?;
        Ok(())
    }

    fn forget(&self, kit: &Kit) -> Result<()> {
        match std::fs::remove_file(self.file(kit)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::local("delete", &self.file(kit), error))
            }
            _ => Ok(()),
        }
    }

    fn file(&self, kit: &Kit) -> PathBuf {
        // Ids are made here; a planted one must not lead elsewhere.
        let id: String = kit.id.chars().filter(char::is_ascii_alphanumeric).collect();
        self.folder.join(format!("{id}.json"))
    }
}
