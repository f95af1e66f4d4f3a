//! Trees: every object below a prefix, every file below a folder, as a stream of batches; counting and deleting
//! them.

mod branches;
mod count;
mod delete;
mod each;
pub mod find;
mod level;
mod local;
mod pieces;
mod segments;
mod stride;
pub mod uploads;
pub mod usage;
pub mod versions;

pub use count::{Counted, Extent, count_up_to};
pub use delete::{Marked, below as delete_below, delete};
pub use each::each;
pub use level::{behind_folder, level};
pub use local::{Links, local, local_where};

use std::path::Path;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::entry::{Entry, Kind as EntryKind, Page};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Connections, ListRequest, Store};
use branches::Branch;
use pieces::Listed;
use segments::Segment;

/// Pages read ahead of whoever consumes them.
const AHEAD: usize = 2;

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

/// A batch of what was found, or a part of the tree that is not in it (the walk goes on).
pub type Batch = std::result::Result<Vec<Found>, Unread>;

/// A part of a tree of which a walk says nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its path below the root, a folder's with a `/` at the end; empty: any part of the tree.
    pub relative: String,
    /// Why.
    pub why: Why,
    /// The same in words.
    pub error: Error,
}

/// Why a part of a tree was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// It could not be: what is there is not known.
    Failed,
    /// It is a symbolic link, which is not followed within a tree.
    Link,
    /// It is a device, a socket or a pipe.
    Special,
}

impl Unread {
    /// Whether it was left out as a rule, which is no failure.
    pub fn is_skipped(&self) -> bool {
        match self.why {
            Why::Failed => false,
            Why::Link | Why::Special => true,
        }
    }

    /// Whether `path` is this part of the tree or lies below it.
    pub fn holds(&self, path: &str) -> bool {
        let below = path.strip_prefix(self.relative.as_str());
        below.is_some_and(|rest| {
            rest.is_empty()
                || rest.starts_with('/')
                || self.relative.is_empty()
                || self.relative.ends_with('/')
        })
    }
}

/// Of which part of a tree it is not known.
impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self { relative: String::new(), why: Why::Failed, error }
    }
}

impl From<Unread> for Error {
    fn from(unread: Unread) -> Self {
        unread.error
    }
}

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
        Location::Local(root) => return pass(local(root, Links::Skip), "", sender).await,
        Location::Remote(root) => {
            return match connections.store(&root.profile).await {
                Ok(store) => pass(remote(store, root), "", sender).await,
                Err(error) => sender.send(Err(error.into())).await,
            };
        }
        Location::Profile(profile) => profile,
    };
    let buckets = match all_buckets(connections, &profile).await {
        Ok(buckets) => buckets,
        Err(error) => return sender.send(Err(error.into())).await,
    };
    for bucket in buckets {
        let root = Remote { profile: profile.clone(), bucket: bucket.clone(), key: String::new() };
        match connections.store(&profile).await {
            Ok(store) => pass(remote(store, root), &format!("{bucket}/"), sender).await?,
            Err(error) => sender.send(Err(error.into())).await?,
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

/// How much is below a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Files or objects.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those of them that are symbolic links, which are not followed.
    pub links: u64,
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

impl Total {
    fn take(&mut self, other: Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.links += other.links;
    }
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
                total.take(counted);
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
        return Ok(Total { files: 1, bytes: data.len(), links: u64::from(data.is_symlink()) });
    }
    let mut total = Total::default();
    for found in std::fs::read_dir(path).map_err(|error| Error::local("list", path, error))? {
        let found = found.map_err(|error| Error::local("list", path, error))?;
        total.take(count_local(&found.path())?);
    }
    Ok(total)
}

fn whole_profile(profile: &str) -> Error {
    Error::new(Kind::Usage, format!("{profile}: is a whole profile")).with_hint("name a bucket in it")
}
