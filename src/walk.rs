//! Trees: every object below a prefix, every file below a folder, as a stream of batches; counting and deleting
//! them.

mod branches;
mod delete;
mod each;
pub mod find;
mod level;
mod pieces;
mod segments;
mod stride;
pub mod uploads;
pub mod usage;
pub mod versions;

pub use delete::{Marked, delete};
pub use each::each;
pub use level::{behind_folder, level};

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::entry::{Entry, Kind as EntryKind, Page};
use crate::error::{Error, Kind, Result};
use crate::local;
use crate::location::{Location, Remote};
use crate::s3::{Connections, ListRequest, Store};
use branches::Branch;
use pieces::Listed;
use segments::Segment;

/// Pages read ahead of whoever consumes them.
const AHEAD: usize = 2;
/// Files of a local batch.
const BATCH: usize = 500;

/// One file or object of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its path below the root, `/` between components; a key's rest is exact. Ends in `/` for a folder's marker
    /// object.
    pub relative: String,
    /// Where it is.
    pub location: Location,
    /// Bytes.
    pub size: u64,
    /// Last modified.
    pub modified: Option<Timestamp>,
    /// Without quotes; remote only.
    pub etag: Option<Box<str>>,
    /// Remote only.
    pub storage_class: Option<Box<str>>,
}

impl Found {
    /// Its key; empty for a file.
    fn key(&self) -> &str {
        self.location.as_remote().map_or("", |remote| remote.key.as_str())
    }
}

/// A batch of what was found, or a part of the tree that could not be read (the walk goes on).
pub type Batch = Result<Vec<Found>>;

/// Every object whose key begins with `root.key`. A long listing is read by many at once, and comes in the order of the
/// keys from providers that list in that order. The walk ends when the receiver is dropped.
pub fn remote(store: Store, root: Remote) -> mpsc::Receiver<Batch> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let first = ListRequest {
            bucket: root.bucket.clone(),
            prefix: root.key.clone(),
            recursive: true,
            ..ListRequest::default()
        };
        let ordered = store.lists_in_order(&root.bucket);
        let list = move |request: ListRequest| {
            let (store, root) = (store.clone(), root.clone());
            async move {
                let page = store.list(&request).await?;
                if ordered {
                    in_order(&store, &root, &request, &page)?;
                }
                Ok(listed(&root, &request.prefix, page))
            }
        };
        if ordered {
            pieces::read(Segment::new(first), list, &sender).await;
        } else {
            pieces::read(Branch::new(first), list, &sender).await;
        }
    });
    receiver
}

/// Refuses a page in no order that is not all there is: others would begin where keys have been passed over, and nobody would
/// miss them.
fn in_order(store: &Store, root: &Remote, request: &ListRequest, page: &Page) -> Result<()> {
    let is_part = page.next.is_some() || request.start_after.is_some();
    let ascends = |pair: &[Entry]| pair[0].kind != pair[1].kind || pair[0].name < pair[1].name;
    let begins_behind = match (&request.start_after, page.entries.first()) {
        (Some(begin), Some(first)) if request.recursive && request.token.is_none() => {
            format!("{}{}", request.prefix, first.name.to_string_lossy()) > *begin
        }
        _ => true,
    };
    if !is_part || (begins_behind && page.entries.windows(2).all(ascends)) {
        return Ok(());
    }
    let title = store.provider().title;
    let text = format!("cannot list {root}: its keys do not come in order, as those of {title} do");
    let hint =
        format!("set `provider = \"other\"` in profile {}: it is read in another way then", root.profile);
    Err(Error::new(Kind::Integrity, text).with_hint(hint))
}

/// A page of what begins with `prefix`, which lies below `root`.
fn listed(root: &Remote, prefix: &str, page: Page) -> Listed {
    let mut listed = Listed { next: page.next, ..Listed::default() };
    for entry in page.entries {
        let key = format!("{prefix}{}", entry.name.to_string_lossy());
        if entry.kind == EntryKind::Prefix {
            listed.folders.push(key);
            continue;
        }
        listed.found.push(Found {
            relative: key.strip_prefix(&root.key).unwrap_or(&key).to_owned(),
            location: Location::Remote(Remote { key, ..root.clone() }),
            size: entry.size.unwrap_or(0),
            modified: entry.modified,
            etag: entry.etag,
            storage_class: entry.storage_class,
        });
    }
    listed
}

/// Everything below a place: a folder, a prefix, or all buckets of a profile one after the other. What is below a bucket
/// of a profile is named with the bucket before it.
pub fn below(connections: Connections, place: Location) -> mpsc::Receiver<Batch> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        // Nobody listens any more: the walk ends.
        let _ = forward(&connections, place, &sender).await;
    });
    receiver
}

type Gone = mpsc::error::SendError<Batch>;

async fn forward(
    connections: &Connections,
    place: Location,
    sender: &mpsc::Sender<Batch>,
) -> std::result::Result<(), Gone> {
    let profile = match place {
        Location::Local(root) => return pass(local(root), "", sender).await,
        Location::Remote(root) => {
            return match connections.store(&root.profile).await {
                Ok(store) => pass(remote(store, root), "", sender).await,
                Err(error) => sender.send(Err(error)).await,
            };
        }
        Location::Profile(profile) => profile,
    };
    let buckets = match all_buckets(connections, &profile).await {
        Ok(buckets) => buckets,
        Err(error) => return sender.send(Err(error)).await,
    };
    for bucket in buckets {
        let root = Remote { profile: profile.clone(), bucket: bucket.clone(), key: String::new() };
        match connections.store(&profile).await {
            Ok(store) => pass(remote(store, root), &format!("{bucket}/"), sender).await?,
            Err(error) => sender.send(Err(error)).await?,
        }
    }
    Ok(())
}

async fn pass(
    mut batches: mpsc::Receiver<Batch>,
    above: &str,
    sender: &mpsc::Sender<Batch>,
) -> std::result::Result<(), Gone> {
    while let Some(mut batch) = batches.recv().await {
        if !above.is_empty()
            && let Ok(found) = &mut batch
        {
            for found in found {
                found.relative.insert_str(0, above);
            }
        }
        sender.send(batch).await?;
    }
    Ok(())
}

async fn all_buckets(connections: &Connections, profile: &str) -> Result<Vec<String>> {
    let store = connections.store(profile).await?;
    let (mut buckets, mut token) = (Vec::new(), None);
    loop {
        let page = store.list_buckets(token.as_deref()).await?;
        buckets.extend(page.entries.iter().map(|entry| entry.name.to_string_lossy().into_owned()));
        token = page.next;
        if token.is_none() {
            return Ok(buckets);
        }
    }
}

/// Every file below a folder. Symbolic links and special files are skipped: each is an error of
/// `Kind::Unsupported`. A name that is not UTF-8, which no key could stand for, is one of `Kind::Local`.
pub fn local(root: PathBuf) -> mpsc::Receiver<Batch> {
    local_where(root, |_| true)
}

/// Like [`local`], without what `takes` refuses: it is given paths below the root, those of folders with a `/` at the
/// end. A folder that is refused is not read, and what is refused is no error either.
pub fn local_where(root: PathBuf, takes: impl Fn(&str) -> bool + Send + 'static) -> mpsc::Receiver<Batch> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut folders = vec![(root, String::new())];
        let mut batch = Vec::new();
        while let Some((folder, above)) = folders.pop() {
            let page = match local::list(&folder) {
                Ok(page) => page,
                Err(error) => {
                    if sender.blocking_send(Err(error)).is_err() {
                        return;
                    }
                    continue;
                }
            };
            for entry in page.entries {
                let path = folder.join(&entry.name);
                let slash = if entry.kind == EntryKind::Prefix && !path.is_symlink() { "/" } else { "" };
                if !takes(&format!("{above}{}{slash}", entry.name.to_string_lossy())) {
                    continue;
                }
                match file(&path, &above, &entry) {
                    Ok(Step::Folder(relative)) => folders.push((path, relative)),
                    Ok(Step::File(found)) => batch.push(found),
                    Err(error) => {
                        if sender.blocking_send(Err(error)).is_err() {
                            return;
                        }
                    }
                }
            }
            if batch.len() >= BATCH && sender.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
                return;
            }
        }
        let _ = sender.blocking_send(Ok(batch));
    });
    receiver
}

enum Step {
    Folder(String),
    File(Found),
}

fn file(path: &Path, above: &str, entry: &Entry) -> Result<Step> {
    let skip =
        |why: &str| Err(Error::new(Kind::Unsupported, format!("{} is skipped: {why}", path.display())));
    let Some(name) = entry.name.to_str() else {
        let text = format!("cannot copy {}: its name is not UTF-8, which keys are", path.display());
        return Err(Error::new(Kind::Local, text).with_hint("rename it"));
    };
    if path.is_symlink() {
        return skip("it is a symbolic link");
    }
    match entry.kind {
        EntryKind::Prefix => Ok(Step::Folder(format!("{above}{name}/"))),
        EntryKind::Object => Ok(Step::File(Found {
            relative: format!("{above}{name}"),
            location: Location::Local(path.to_path_buf()),
            size: entry.size.unwrap_or(0),
            modified: entry.modified,
            etag: None,
            storage_class: None,
        })),
        _ => skip("it is neither a file nor a folder"),
    }
}

/// How much is below a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Files or objects.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// One thing to count or delete: a file, an object, or with `tree` everything below a folder, a prefix, or a bucket
/// (the bucket itself included).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub location: Location,
    /// Everything below it.
    pub tree: bool,
}

/// Files and bytes of the targets together.
///
/// # Errors
/// The first part of a tree that could not be read: a count that is too low must not pass for the truth.
pub async fn count(connections: &Connections, targets: &[Target]) -> Result<Total> {
    let mut total = Total::default();
    for target in targets {
        match &target.location {
            Location::Profile(profile) => return Err(whole_profile(profile)),
            Location::Local(path) => {
                let path = path.clone();
                let counted = tokio::task::spawn_blocking(move || count_local(&path)).await;
                let counted = counted.map_err(|error| Error::new(Kind::Internal, error.to_string()))??;
                total.files += counted.files;
                total.bytes += counted.bytes;
            }
            Location::Remote(root) if target.tree => {
                let mut batches = remote(connections.store(&root.profile).await?, root.clone());
                while let Some(batch) = batches.recv().await {
                    for found in batch? {
                        total.files += 1;
                        total.bytes += found.size;
                    }
                }
            }
            Location::Remote(object) => {
                let store = connections.store(&object.profile).await?;
                total.files += 1;
                total.bytes += store.head(&object.bucket, &object.key, None).await?.size;
            }
        }
    }
    Ok(total)
}

/// What `local::delete` would remove: links count as themselves and are not followed.
fn count_local(path: &Path) -> Result<Total> {
    let data = path.symlink_metadata().map_err(|error| Error::local("read", path, error))?;
    if !data.is_dir() {
        return Ok(Total { files: 1, bytes: data.len() });
    }
    let mut total = Total::default();
    for found in std::fs::read_dir(path).map_err(|error| Error::local("list", path, error))? {
        let found = found.map_err(|error| Error::local("list", path, error))?;
        let below = count_local(&found.path())?;
        total.files += below.files;
        total.bytes += below.bytes;
    }
    Ok(total)
}

fn whole_profile(profile: &str) -> Error {
    Error::new(Kind::Usage, format!("{profile}: is a whole profile")).with_hint("name a bucket in it")
}
