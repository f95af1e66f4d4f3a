//! Local folders as pages, and safe local names for hostile keys. Blocking: callers on the runtime use
//! `spawn_blocking`.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::entry::{Entry, Kind as EntryKind, Page};
use crate::error::{Error, Kind, Result};

/// File names are limited to so many bytes nearly everywhere.
const LONGEST_NAME: usize = 255;

/// The entries of a folder as one page, unsorted. Symbolic links to folders are `Kind::Prefix`, other links
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

/// Where the object `relative` (a key without the copied prefix) may be written below `root`: every component
/// is checked, and no folder between the two may be a symbolic link.
///
/// # Errors
/// `Kind::Unsupported` for empty, `.`, `..`, NUL or over-long components, naming the component.
pub fn safe_path(root: &Path, relative: &str) -> Result<PathBuf> {
    let refuse = |why: &str| {
        Err(Error::new(Kind::Unsupported, format!("`{relative}` cannot be a local file: {why}"))
            .with_hint("copy it alone and name the target file: twinpail cp PROFILE:BUCKET/KEY ./NAME"))
    };
    let mut path = root.to_path_buf();
    let inner = relative.strip_suffix('/').unwrap_or(relative);
    let mut components = inner.split('/').peekable();
    while let Some(component) = components.next() {
        match component {
            "" => return refuse("it has an empty folder name"),
            "." | ".." => return refuse("it has a `.` or `..` folder"),
            _ if component.contains('\0') => return refuse("it has a NUL character"),
            _ if component.len() > LONGEST_NAME => return refuse("a name in it is longer than 255 bytes"),
            _ => path.push(component),
        }
        if components.peek().is_some() && path.is_symlink() {
            return refuse("a folder on its way is a symbolic link");
        }
    }
    Ok(path)
}

/// Creates a folder (not its parents).
pub fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir(path).map_err(|error| Error::local("create", path, error))
}

/// Renames without ever replacing something.
pub fn rename(from: &Path, to: &Path) -> Result<()> {
    let result = rename_new(from, to);
    result.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::local("rename", from, error),
        _ => Error::local("rename to", to, error),
    })
}

/// The kernel refuses to replace, where it can; otherwise a check comes first.
fn rename_new(from: &Path, to: &Path) -> std::io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {}
            other => return other.map_err(Into::into),
        }
    }
    if to.symlink_metadata().is_ok() {
        return Err(std::io::ErrorKind::AlreadyExists.into());
    }
    fs::rename(from, to)
}

/// Deletes a file, a link (not what it points at), or a whole folder.
pub fn delete(path: &Path) -> Result<()> {
    let failed = |error| Error::local("delete", path, error);
    let data = path.symlink_metadata().map_err(failed)?;
    if data.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.map_err(failed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_key_leaves_its_folder(key in r"(\.\.|\.|/|//|a|\\|\x00|~|C:|é| |\n|%2F){0,8}") {
            let root = tempfile::tempdir().unwrap();
            if let Ok(path) = safe_path(root.path(), &key) {
                prop_assert!(path.starts_with(root.path()) && path != root.path());
                prop_assert!(path.components().all(|c| !matches!(c, std::path::Component::ParentDir)));
            }
        }
    }

    #[test]
    fn a_planted_link_is_no_way_out() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/tmp", root.path().join("out")).unwrap();
        assert_eq!(safe_path(root.path(), "out/x").unwrap_err().kind(), Kind::Unsupported);
        assert!(safe_path(root.path(), "in/x").is_ok());
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
        let kind_of = |name: &str| page.entries.iter().find(|e| e.name == name).unwrap().kind;
        assert_eq!(kind_of("to-folder"), EntryKind::Prefix);
        assert_eq!(kind_of("broken"), EntryKind::Symlink);
        delete(&root.path().join("to-folder")).unwrap();
        assert!(root.path().join("d/f").exists());
    }
}
