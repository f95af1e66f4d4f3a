//! Which file or folder a path leads to, whatever it is called.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// A file or folder as its file system knows it: all its names and mounts lead to the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// What `path` leads to; a final symbolic link is followed. `None` if nothing is there, or it cannot be read.
    pub fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().map(|data| Self::new(&data))
    }

    /// What stands at `path` itself, perhaps a symbolic link.
    pub fn of_entry(path: &Path) -> Option<Self> {
        path.symlink_metadata().ok().map(|data| Self::new(&data))
    }

    fn new(data: &fs::Metadata) -> Self {
        Self { device: data.dev(), inode: data.ino() }
    }
}

/// Whether `to` is only another spelling of `from`'s own name, on a file system that does not tell the two apart (by
/// case, or by how accents are composed). Two hard links are two names, and no respelling.
pub fn is_respelling(from: &Path, to: &Path) -> bool {
    let entry = FileId::of_entry(from);
    let (Some(old), Some(new)) = (from.file_name(), to.file_name()) else { return false };
    if entry.is_none() || entry != FileId::of_entry(to) || old == new {
        return false;
    }
    let (here, there) = (folder_of(from), folder_of(to));
    FileId::of(here) == FileId::of(there) && fs::read_dir(there).is_ok_and(|names| respells(new, names))
}

/// Whether a folder finds `name` although it lists another spelling of it.
fn respells(name: &OsStr, mut listed: impl Iterator<Item = std::io::Result<impl Named>>) -> bool {
    // What cannot be read might be the name itself.
    listed.all(|entry| entry.is_ok_and(|entry| entry.named() != name))
}

/// An entry of a folder.
trait Named {
    fn named(&self) -> OsString;
}

impl Named for fs::DirEntry {
    fn named(&self) -> OsString {
        self.file_name()
    }
}

/// The folder that a path's last name stands in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Named for &str {
        fn named(&self) -> OsString {
            (*self).into()
        }
    }

    #[test]
    fn a_hard_link_is_the_same_file_and_no_respelling() {
        let root = tempfile::tempdir().unwrap();
        let path = |name: &str| root.path().join(name);
        fs::write(path("f"), "x").unwrap();
        fs::hard_link(path("f"), path("F")).unwrap();
        std::os::unix::fs::symlink("f", path("link")).unwrap();
        assert_eq!(FileId::of(&path("f")), FileId::of(&path("F")));
        assert_eq!(FileId::of(&path("f")), FileId::of(&path("link")));
        assert_ne!(FileId::of_entry(&path("f")), FileId::of_entry(&path("link")));
        assert!(!is_respelling(&path("f"), &path("F")));
        assert!(!is_respelling(&path("f"), &path("f")));
        assert!(!is_respelling(&path("f"), &path("new")));
        assert_eq!(FileId::of(&path("new")), None);
    }

    #[test]
    fn a_name_that_is_found_but_not_listed_is_a_respelling() {
        let listed = |names: &'static [&'static str]| names.iter().map(|name| Ok::<_, std::io::Error>(*name));
        assert!(respells("README".as_ref(), listed(&["a", "Readme"])));
        assert!(!respells("README".as_ref(), listed(&["README", "Readme"])));
        let broken = [Ok("a"), Err(std::io::Error::other("unreadable"))];
        assert!(!respells("README".as_ref(), broken.into_iter()));
    }
}
