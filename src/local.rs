//! Local folders as pages, safe local names for hostile keys, and files that stay below their folder. Blocking:
//! callers on the runtime use `spawn_blocking`. Knows nothing of S3.

mod beneath;
mod facts;
mod folding;
mod id;
mod key;
mod names;
pub mod target;

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;

use jiff::Timestamp;
use rustix::fd::AsFd;
use rustix::fs::{AtFlags, CWD, renameat, statat};
use rustix::io::Errno;
use rustix::path::Arg;

pub use self::beneath::{Beneath, Folder, Owned};
pub use self::id::{FileId, is_respelling};
pub use self::key::{key_of, name_key};
pub use self::names::Names;
pub use facts::facts;

use crate::entry::{Entry, Kind as EntryKind, LeadsTo, Page};
use crate::error::{Error, Kind, Result, io_text};

/// The entries of a folder as one page, by the bytes of their names: whoever reads them in about that order later does
/// not have to reach for each of them somewhere else in memory. Links are links, with the size and time of what they
/// lead to. An entry that cannot be looked at is [`EntryKind::Unknown`] and hides none of the others.
///
/// # Errors
/// The folder itself cannot be read, or not to its end.
pub fn list(folder: &Path) -> Result<Page> {
    list_with(folder, &|found| found.metadata())
}

/// Looks at one entry of a folder, not through a link.
type Look<'a> = &'a dyn Fn(&fs::DirEntry) -> io::Result<Metadata>;

fn list_with(folder: &Path, look: Look<'_>) -> Result<Page> {
    let failed = |error| Error::local("list", folder, error);
    let mut page = Page::default();
    for found in fs::read_dir(folder).map_err(failed)? {
        let found = found.map_err(failed)?;
        match look(&found) {
            Ok(data) => page.entries.push(entry(&found.path(), found.file_name(), &data)),
            // Gone between the two looks.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => page.entries.push(Entry {
                note: Some(io_text(&error).into()),
                ..Entry::new(found.file_name(), EntryKind::Unknown)
            }),
        }
    }
    page.entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    Ok(page)
}

/// One entry of a path; a final symbolic link is followed.
///
/// # Errors
/// It cannot be looked at; of a link that leads nowhere the sentence says where it would lead.
pub fn stat(path: &Path) -> Result<Entry> {
    let data = fs::metadata(path).map_err(|error| match fs::read_link(path) {
        Ok(target) => {
            let text = format!(
                "{} is a symbolic link to {}, which cannot be read: {}",
                path.display(),
                target.display(),
                io_text(&error)
            );
            Error::new(Error::local("read", path, error).kind(), text)
        }
        Err(_) => Error::local("read", path, error),
    })?;
    Ok(entry_of(name_of(path), kind(&data), &data))
}

/// One entry of a path; a final symbolic link is told as a link.
///
/// # Errors
/// It cannot be looked at.
pub fn stat_link(path: &Path) -> Result<Entry> {
    let data = fs::symlink_metadata(path).map_err(|error| Error::local("read", path, error))?;
    Ok(entry(path, name_of(path), &data))
}

fn name_of(path: &Path) -> OsString {
    path.file_name().unwrap_or(path.as_os_str()).to_owned()
}

/// An entry from what was seen of it without following links.
fn entry(path: &Path, name: OsString, own: &Metadata) -> Entry {
    if !own.is_symlink() {
        return entry_of(name, kind(own), own);
    }
    let target = fs::metadata(path).ok();
    let leads_to = match &target {
        None => LeadsTo::Nowhere,
        Some(data) if data.is_dir() => LeadsTo::Folder,
        Some(data) if data.is_file() => LeadsTo::File,
        Some(_) => LeadsTo::Special,
    };
    let note = fs::read_link(path).ok().map(|target| target.to_string_lossy().into());
    let kind = EntryKind::Symlink(leads_to);
    match &target {
        Some(data) => Entry { note, ..entry_of(name, kind, data) },
        None => Entry { note, size: None, ..entry_of(name, kind, own) },
    }
}

fn entry_of(name: OsString, kind: EntryKind, data: &Metadata) -> Entry {
    Entry {
        size: (!kind.is_container()).then_some(data.len()),
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
        EntryKind::Symlink(LeadsTo::Nowhere)
    } else {
        EntryKind::Special
    }
}

/// Whether a path names a symbolic link itself. With a slash at its end it names the folder that the link leads to.
pub fn is_link(path: &Path) -> bool {
    path.is_symlink()
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

/// The refusal to write through a link.
pub fn linked(path: &Path) -> Error {
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
    fn an_entry_that_cannot_be_looked_at_hides_none_of_the_others() {
        let root = tempfile::tempdir().unwrap();
        for name in ["a", "dead", "gone", "z"] {
            fs::write(root.path().join(name), "x").unwrap();
        }
        let look = |found: &fs::DirEntry| match found.file_name().to_str() {
            Some("dead") => Err(Errno::NOTCONN.into()),
            Some("gone") => Err(Errno::NOENT.into()),
            _ => found.metadata(),
        };
        let page = list_with(root.path(), &look).unwrap();
        let seen: Vec<_> =
            page.entries.iter().map(|entry| (entry.name.to_str().unwrap(), entry.kind)).collect();
        assert_eq!(seen, [("a", EntryKind::Object), ("dead", EntryKind::Unknown), ("z", EntryKind::Object)]);
        let why = page.entries[1].note.as_deref().unwrap();
        assert!(why.contains("not connected"), "{why}");
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
        assert_eq!(kind_of("to-folder"), EntryKind::Symlink(LeadsTo::Folder));
        assert_eq!(kind_of("broken"), EntryKind::Symlink(LeadsTo::Nowhere));
        let broken = page.entries.iter().find(|entry| entry.name == "broken").unwrap();
        assert_eq!(broken.note.as_deref(), Some("nowhere"));
        delete(&root.path().join("to-folder")).unwrap();
        assert!(root.path().join("d/f").exists());
    }
}
