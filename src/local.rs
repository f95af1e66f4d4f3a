//! Local folders as pages, safe local names for hostile keys, and files that stay below their folder. Blocking:
//! callers on the runtime use `spawn_blocking`. Knows nothing of S3.

mod beneath;
mod facts;
mod folding;
mod id;
mod key;
mod names;

use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use jiff::Timestamp;
use rustix::fd::AsFd;
use rustix::fs::{AtFlags, CWD, renameat, statat};
use rustix::io::Errno;
use rustix::path::Arg;

pub use self::beneath::{Beneath, Folder};
pub use self::id::{FileId, is_respelling};
pub use self::key::{key_of, name_key};
pub use self::names::Names;
pub use facts::facts;

use crate::entry::{Entry, Kind as EntryKind, Page};
use crate::error::{Error, Kind, Result};

/// The entries of a folder as one page, by the bytes of their names: whoever reads them in about that order later does
/// not have to reach for each of them somewhere else in memory. Symbolic links to folders are `Kind::Prefix`, other links
/// `Kind::Symlink` with the size of what they point at.
pub fn list(folder: &Path) -> Result<Page> {
    let failed = |error| Error::local("list", folder, error);
    let mut entries = Vec::new();
    for found in fs::read_dir(folder).map_err(failed)? {
        let found = found.map_err(failed)?;
        let own = match found.metadata() {
            Ok(own) => own,
            // Gone between the two looks. Anything else must not pass for an empty folder.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        let target = if own.is_symlink() { fs::metadata(found.path()).ok() } else { None };
        let kind = match &target {
            Some(target) if target.is_dir() => EntryKind::Prefix,
            _ => kind(&own),
        };
        let shown = target.as_ref().unwrap_or(&own);
        entries.push(entry(found.file_name(), kind, shown));
    }
    entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(Page { entries, next: None })
}

/// One entry of a path; a final symbolic link is followed.
pub fn stat(path: &Path) -> Result<Entry> {
    let data = fs::metadata(path).map_err(|error| Error::local("read", path, error))?;
    Ok(entry(path.file_name().unwrap_or(path.as_os_str()).to_owned(), kind(&data), &data))
}

fn entry(name: std::ffi::OsString, kind: EntryKind, data: &Metadata) -> Entry {
    Entry {
        size: (kind != EntryKind::Prefix).then_some(data.len()),
        modified: data.modified().ok().and_then(|time| Timestamp::try_from(time).ok()),
        ..Entry::new(name, kind)
    }
}

fn kind(data: &Metadata) -> EntryKind {
    if data.is_dir() {
        EntryKind::Prefix
    } else if data.is_file() {
        EntryKind::Object
    } else if data.is_symlink() {
        EntryKind::Symlink
    } else {
        EntryKind::Special
    }
}

/// Refuses a place that a symbolic link below `root` leads to: no folder of `relative` but the last component may be
/// one. A look ahead, so that plans and dry runs say it; writing goes through [`Beneath`].
///
/// # Errors
/// `Kind::Denied`, naming the link.
pub fn refuse_links(root: &Path, relative: &str) -> Result<()> {
    let mut path = root.to_path_buf();
    let Some((folders, _)) = relative.rsplit_once('/') else { return Ok(()) };
    for name in folders.split('/') {
        path.push(name);
        if path.is_symlink() {
            return Err(linked(&path));
        }
    }
    Ok(())
}

fn linked(path: &Path) -> Error {
    let text = format!("{} is a symbolic link, and nothing is written through it", path.display());
    Error::new(Kind::Denied, text).with_hint("remove the link, or name the folder itself as the target")
}

/// Creates a folder (not its parents).
pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir(path).map_err(|error| Error::local("create", path, error))
}

/// Renames without ever replacing something. To a file system that does not tell two spellings of a name apart, the
/// second one is taken, by the very file that gets it.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    let result = match rename_new(CWD, from, CWD, to) {
        Err(Errno::EXIST) if is_respelling(from, to) => renameat(CWD, from, CWD, to),
        other => other,
    };
    let result = result.map_err(io::Error::from);
    result.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::local("rename", from, error),
        _ => Error::local("rename to", to, error),
    })
}

/// The kernel refuses to replace, where it can; otherwise a check comes first.
fn rename_new<P: Arg + Copy>(
    from_folder: impl AsFd,
    from: P,
    to_folder: impl AsFd,
    to: P,
) -> rustix::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{RenameFlags, renameat_with};
        match renameat_with(&from_folder, from, &to_folder, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            other => return other,
        }
    }
    match statat(&to_folder, to, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => renameat(from_folder, from, to_folder, to),
        Err(error) => Err(error),
        Ok(_) => Err(Errno::EXIST),
    }
}

/// Waits until what was created or renamed in a folder survives a loss of power, where the system can promise that.
pub fn sync_folder(folder: &Path) {
    if let Ok(handle) = fs::File::open(folder) {
        let _ = handle.sync_all();
    }
}

/// Deletes a file, a link (not what it points at), or a whole folder.
pub fn delete(path: &Path) -> Result<()> {
    let failed = |error| Error::local("delete", path, error);
    let data = path.symlink_metadata().map_err(failed)?;
    if data.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planted_link_is_no_way_out() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/tmp", root.path().join("out")).unwrap();
        assert_eq!(refuse_links(root.path(), "out/x").unwrap_err().kind(), Kind::Denied);
        assert!(refuse_links(root.path(), "in/x").is_ok());
        assert!(refuse_links(root.path(), "out").is_ok(), "the link itself may be replaced");
    }

    #[test]
    fn renaming_never_replaces() {
        let root = tempfile::tempdir().unwrap();
        let (a, b) = (root.path().join("a"), root.path().join("b"));
        fs::write(&a, "a").unwrap();
        fs::write(&b, "b").unwrap();
        assert_eq!(rename(&a, &b).unwrap_err().kind(), Kind::Exists);
        assert_eq!(fs::read(&b).unwrap(), b"b");
        rename(&a, &root.path().join("c")).unwrap();
    }

    #[test]
    fn links_are_listed_and_deleted_as_themselves() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("d")).unwrap();
        fs::write(root.path().join("d/f"), "12345").unwrap();
        std::os::unix::fs::symlink("d", root.path().join("to-folder")).unwrap();
        std::os::unix::fs::symlink("nowhere", root.path().join("broken")).unwrap();
        let page = list(root.path()).unwrap();
        assert!(page.entries.is_sorted_by_key(|entry| &entry.name));
        let kind_of = |name: &str| page.entries.iter().find(|e| e.name == name).unwrap().kind;
        assert_eq!(kind_of("to-folder"), EntryKind::Prefix);
        assert_eq!(kind_of("broken"), EntryKind::Symlink);
        delete(&root.path().join("to-folder")).unwrap();
        assert!(root.path().join("d/f").exists());
    }
}
