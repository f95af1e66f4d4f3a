//! Local trees, read folder by folder. What cannot be looked at hides nothing beside it.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;

use super::{AHEAD, Batch, Found, Unread, Why};
use crate::entry::{Entry, Kind as EntryKind, LeadsTo};
use crate::error::{Error, Kind, Result};
use crate::local;
use crate::location::Location;

/// Files of a batch.
const BATCH: usize = 500;

/// What becomes of the symbolic links within a tree. The root itself is followed: the user named it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Links {
    /// They are skipped, each is an [`Unread`].
    #[default]
    Skip,
    /// What they lead to is read as if it were there. A link back to a folder above it is a failure.
    Follow,
}

/// Every file below a folder. Links (unless they are followed) and special files are skipped; a name that is not UTF-8,
/// which no key could stand for, is a failure.
pub fn local(root: PathBuf, links: Links) -> mpsc::Receiver<Batch> {
    local_where(root, links, |_| true)
}

/// Like [`local`], without what `takes` refuses: it is given paths below the root, those of folders with a `/` at the
/// end. A folder that is refused is not read, and nothing is said of what is refused.
pub fn local_where(
    root: PathBuf,
    links: Links,
    takes: impl Fn(&str) -> bool + Send + 'static,
) -> mpsc::Receiver<Batch> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let mut folders = vec![Folder { path: root, relative: String::new(), chain: None }];
        let mut batch = Vec::new();
        while let Some(folder) = folders.pop() {
            let page = match folder.read(links) {
                Ok(page) => page,
                Err(error) => {
                    let unread = Unread { relative: folder.relative, why: Why::Failed, error };
                    if sender.blocking_send(Err(unread)).is_err() {
                        return;
                    }
                    continue;
                }
            };
            for entry in page.entries {
                let step = folder.step(&entry, links);
                let path = match &step {
                    Ok(Step::Folder(folder)) => folder.relative.clone(),
                    Ok(Step::File(found)) => found.relative.clone(),
                    Err(unread) => unread.relative.clone(),
                };
                if !takes(&path) {
                    continue;
                }
                match step {
                    Ok(Step::Folder(below)) => folders.push(below),
                    Ok(Step::File(found)) => batch.push(found),
                    Err(unread) => {
                        if sender.blocking_send(Err(unread)).is_err() {
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

/// A folder that is yet to be read.
struct Folder {
    path: PathBuf,
    /// Below the root; empty or with a `/` at the end.
    relative: String,
    /// The folders on the way to it, if links are followed.
    chain: Option<Arc<Above>>,
}

/// A folder on the way, by device and inode, and the one above it.
struct Above {
    id: (u64, u64),
    above: Option<Arc<Above>>,
}

enum Step {
    Folder(Folder),
    File(Found),
}

impl Folder {
    /// Its entries; where links are followed it learns where it is first.
    fn read(&self, links: Links) -> Result<crate::entry::Page> {
        if links == Links::Follow && self.is_loop()? {
            let text =
                format!("{} is not read: a symbolic link leads back to it from below", self.path.display());
            return Err(Error::new(Kind::Unsupported, text).with_hint("remove the link, or leave it out"));
        }
        local::list(&self.path)
    }

    /// Whether it is one of the folders above it.
    fn is_loop(&self) -> Result<bool> {
        let id = identity(&self.path)?;
        let mut above = self.chain.as_ref();
        while let Some(folder) = above {
            if folder.id == id {
                return Ok(true);
            }
            above = folder.above.as_ref();
        }
        Ok(false)
    }

    fn step(&self, entry: &Entry, links: Links) -> std::result::Result<Step, Unread> {
        let path = self.path.join(&entry.name);
        let relative = format!("{}{}", self.relative, entry.name.to_string_lossy());
        let unread = |why, error| Err(Unread { relative: relative.clone(), why, error });
        let skipped = |why, text: &str| {
            unread(why, Error::new(Kind::Unsupported, format!("{} is skipped: {text}", path.display())))
        };
        let kind = match (entry.kind, links) {
            (EntryKind::Symlink(LeadsTo::Folder), Links::Follow) => EntryKind::Prefix,
            (EntryKind::Symlink(LeadsTo::File), Links::Follow) => EntryKind::Object,
            (EntryKind::Symlink(LeadsTo::Special), Links::Follow) => EntryKind::Special,
            (kind, _) => kind,
        };
        match kind {
            EntryKind::Prefix | EntryKind::Object if entry.name.to_str().is_none() => {
                let text = format!("cannot copy {}: its name is not UTF-8, which keys are", path.display());
                unread(Why::Failed, Error::new(Kind::Local, text).with_hint("rename it"))
            }
            EntryKind::Prefix => {
                let chain = (links == Links::Follow).then(|| self.extended()).flatten();
                Ok(Step::Folder(Folder { path, relative: format!("{relative}/"), chain }))
            }
            EntryKind::Object => Ok(Step::File(Found {
                relative,
                location: Location::Local(path),
                size: entry.size.unwrap_or(0),
                modified: entry.modified,
                etag: None,
                storage_class: None,
            })),
            EntryKind::Symlink(LeadsTo::Nowhere) if links == Links::Follow => {
                let error = local::stat(&path).err();
                let text = || format!("{} is a symbolic link that leads nowhere", path.display());
                unread(Why::Failed, error.unwrap_or_else(|| Error::new(Kind::Changed, text())))
            }
            EntryKind::Symlink(_) => skipped(Why::Link, "it is a symbolic link"),
            EntryKind::Unknown => {
                let why = entry.note.as_deref().unwrap_or("nothing is known of it");
                let text = format!("cannot read {}: {why}", path.display());
                unread(Why::Failed, Error::new(Kind::Local, text))
            }
            EntryKind::Special | EntryKind::Bucket => {
                skipped(Why::Special, "it is neither a file nor a folder")
            }
        }
    }

    /// The way to what is in it.
    fn extended(&self) -> Option<Arc<Above>> {
        let id = identity(&self.path).ok()?;
        Some(Arc::new(Above { id, above: self.chain.clone() }))
    }
}

fn identity(path: &Path) -> Result<(u64, u64)> {
    let data = std::fs::metadata(path).map_err(|error| Error::local("list", path, error))?;
    Ok((data.dev(), data.ino()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    async fn walked(root: &Path, links: Links) -> (Vec<String>, Vec<(String, Why)>) {
        let (mut found, mut unread) = (Vec::new(), Vec::new());
        let mut batches = local(root.to_path_buf(), links);
        while let Some(batch) = batches.recv().await {
            match batch {
                Ok(batch) => found.extend(batch.into_iter().map(|found| found.relative)),
                Err(part) => unread.push((part.relative, part.why)),
            }
        }
        found.sort();
        unread.sort_by(|a, b| a.0.cmp(&b.0));
        (found, unread)
    }

    fn paths(of: &[&str]) -> Vec<String> {
        of.iter().map(|&path| path.to_owned()).collect()
    }

    #[tokio::test]
    async fn links_are_skipped_or_followed_and_a_loop_ends() {
        let world = tempfile::tempdir().unwrap();
        let (root, outside) = (world.path().join("root"), world.path().join("outside"));
        fs::create_dir_all(root.join("d")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(root.join("d/f"), "x").unwrap();
        fs::write(outside.join("o"), "x").unwrap();
        symlink(&outside, root.join("folder")).unwrap();
        symlink("d/f", root.join("file")).unwrap();
        symlink("nowhere", root.join("broken")).unwrap();
        symlink("..", root.join("d/up")).unwrap();
        let (found, unread) = walked(&root, Links::Skip).await;
        assert_eq!(found, paths(&["d/f"]));
        let skipped = ["broken", "d/up", "file", "folder"].map(|path| (path.to_owned(), Why::Link));
        assert_eq!(unread, skipped);
        let (found, unread) = walked(&root, Links::Follow).await;
        assert_eq!(found, paths(&["d/f", "file", "folder/o"]));
        assert_eq!(unread, ["broken", "d/up/"].map(|path| (path.to_owned(), Why::Failed)));
        let (found, _) = walked(&root.join("folder"), Links::Skip).await;
        assert_eq!(found, paths(&["o"]), "a link that was named is followed");
    }

    #[test]
    fn a_part_that_was_not_read_holds_what_is_below_it() {
        let part =
            |relative: &str| Unread { relative: relative.into(), ..Error::new(Kind::Local, "").into() };
        assert!(part("a").holds("a") && part("a").holds("a/b") && !part("a").holds("ab"));
        assert!(part("a/").holds("a/b") && !part("a/").holds("ab/c"));
        assert!(part("").holds("anything"));
    }
}
