//! Files below one folder and nowhere else, whoever plants links there meanwhile: every step is taken from the handle
//! of the folder before it and follows no symbolic link. Blocking.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustix::fd::OwnedFd;
use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RawMode, fchown, mkdirat, openat, renameat, statat, symlinkat, unlinkat,
};
use rustix::io::Errno;
use rustix::process::{Gid, Uid};

use super::rename_new;
use super::target::Manner;
use crate::entry::{Entry, Kind as EntryKind, LeadsTo};
use crate::error::{Error, Kind, Result};

/// Folders kept open; a process may have 256 open files on macOS.
const KEPT: usize = 32;

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// A folder that nothing written through it leaves. Cheap to share: wrap it in an `Arc`.
#[derive(Debug)]
pub struct Beneath {
    root: Folder,
    /// The folders used last, by their path below the root, latest first.
    kept: Mutex<VecDeque<(PathBuf, Folder)>>,
}

impl Beneath {
    /// Opens `root` and creates it if need be. Links on the way to it are followed: the user named it.
    pub fn new(root: &Path) -> Result<Self> {
        std::fs::create_dir_all(root).map_err(|error| Error::local("create", root, error))?;
        let flags = FOLDER.difference(OFlags::NOFOLLOW);
        let handle = rustix::fs::open(root, flags, Mode::empty())
            .map_err(|error| Error::local("open", root, error.into()))?;
        let root = Folder { handle: Arc::new(handle), path: root.to_path_buf() };
        Ok(Self { root, kept: Mutex::default() })
    }

    /// The folder at `relative` (empty: the root); it and the ones on its way are created if need be.
    ///
    /// # Errors
    /// `Kind::Denied` for a symbolic link on the way, `Kind::Unsupported` for a path that is not plain names,
    /// `Kind::Exists` for a file on the way.
    pub fn folder(&self, relative: &Path) -> Result<Folder> {
        if !relative.components().all(|component| matches!(component, Component::Normal(_))) {
            let text = format!("{} is no path below {}", relative.display(), self.root.path.display());
            return Err(Error::new(Kind::Unsupported, text));
        }
        let (mut folder, mut at) = self.nearest(relative);
        if at == relative {
            return Ok(folder);
        }
        let rest = relative.strip_prefix(&at).unwrap_or(relative).to_path_buf();
        for name in &rest {
            folder = folder.child(name)?;
            at.push(name);
            self.keep(at.clone(), folder.clone());
        }
        Ok(folder)
    }

    /// The folder that a file at `relative` is in, created if need be, and the file's name there.
    ///
    /// # Errors
    /// As [`Beneath::folder`].
    pub fn parent<'a>(&self, relative: &'a Path) -> Result<(Folder, &'a OsStr)> {
        let Some(name) = relative.file_name() else {
            return Err(Error::new(Kind::Unsupported, format!("{} names no file", relative.display())));
        };
        Ok((self.folder(relative.parent().unwrap_or(Path::new("")))?, name))
    }

    /// The deepest folder on the way that is open and still exists.
    fn nearest(&self, relative: &Path) -> (Folder, PathBuf) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for above in relative.ancestors().filter(|above| !above.as_os_str().is_empty()) {
            let Some(found) = kept.iter().position(|(path, _)| path == above) else { continue };
            let Some((path, folder)) = kept.remove(found) else { continue };
            if folder.exists() {
                kept.push_front((path.clone(), folder.clone()));
                return (folder, path);
            }
        }
        (self.root.clone(), PathBuf::new())
    }

    fn keep(&self, path: PathBuf, folder: Folder) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(other, _)| *other != path);
        kept.push_front((path, folder));
        kept.truncate(KEPT);
    }
}

/// Whose a file is, and who may do what with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned {
    mode: RawMode,
    user: u32,
    group: u32,
}

impl Owned {
    /// Gives `file` the same mode, and the same owner where the system allows that.
    ///
    /// # Errors
    /// The mode cannot be set.
    pub fn give(&self, file: &File) -> io::Result<()> {
        let own = rustix::fs::fstat(file)?;
        if (own.st_uid, own.st_gid) != (self.user, self.group) {
            // Only root may give files away; the content matters more than whose it is.
            let _ = fchown(file, Some(Uid::from_raw(self.user)), Some(Gid::from_raw(self.group)));
        }
        Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(self.mode))?)
    }
}

/// An open folder. Names are single components; a link is never followed.
#[derive(Clone, Debug)]
pub struct Folder {
    handle: Arc<OwnedFd>,
    path: PathBuf,
}

impl Folder {
    /// Where it was when it was opened, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Creates a file that is not there yet, to be read and written.
    ///
    /// # Errors
    /// `Kind::Exists` if anything has that name, also a link.
    pub fn create(&self, name: &OsStr) -> Result<File> {
        self.create_like(name, None)
    }

    /// Creates a file that is not there yet, and that nobody may read who may not read `like`.
    ///
    /// # Errors
    /// As [`Folder::create`].
    pub fn create_like(&self, name: &OsStr, like: Option<&Owned>) -> Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // The umask takes from this what it takes from all new files.
        let mode = like.map_or(0o666, |like| (like.mode & 0o666) | 0o600);
        let handle = openat(&self.handle, single(name)?, flags, Mode::from_raw_mode(mode));
        Ok(handle.map_err(|error| self.failed("create", name, error))?.into())
    }

    /// Opens a regular file that is there, to be read and written; nothing is cut off.
    ///
    /// # Errors
    /// `Kind::NotFound`; `Kind::Unsupported` for a link or anything else that is no regular file.
    pub fn open(&self, name: &OsStr) -> Result<File> {
        // A pipe would block the open itself.
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let irregular = || {
            let text = format!("{} is not a regular file", self.path.join(name).display());
            Err(Error::new(Kind::Unsupported, text))
        };
        let file: File = match openat(&self.handle, single(name)?, flags, Mode::empty()) {
            Ok(handle) => handle.into(),
            Err(Errno::LOOP | Errno::ISDIR | Errno::NXIO) => return irregular(),
            Err(error) => return Err(self.failed("open", name, error)),
        };
        let data = file.metadata().map_err(|error| Error::local("read", &self.path.join(name), error))?;
        if data.is_file() { Ok(file) } else { irregular() }
    }

    /// Renames within the folder; a file at `to` is replaced.
    pub fn rename(&self, from: &OsStr, to: &OsStr) -> Result<()> {
        renameat(&self.handle, single(from)?, &self.handle, single(to)?)
            .map_err(|error| self.failed("rename to", to, error))
    }

    /// Renames within the folder and never replaces anything.
    ///
    /// # Errors
    /// `Kind::Exists` if `to` is there.
    pub fn rename_new(&self, from: &OsStr, to: &OsStr) -> Result<()> {
        rename_new(&self.handle, single(from)?, &self.handle, single(to)?)
            .map_err(|error| self.failed("rename to", to, error))
    }

    /// Removes a file, or a link itself.
    pub fn remove(&self, name: &OsStr) -> Result<()> {
        unlinkat(&self.handle, single(name)?, AtFlags::empty())
            .map_err(|error| self.failed("delete", name, error))
    }

    /// How what is there under that name is written, and whose it is; `None` if nothing is there.
    pub fn target(&self, name: &OsStr) -> Result<Option<(Manner, Owned)>> {
        match statat(&self.handle, single(name)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(data) => {
                let manner = Manner::of(Some(FileType::from_raw_mode(data.st_mode)));
                Ok(Some((
                    manner,
                    Owned { mode: data.st_mode & 0o777, user: data.st_uid, group: data.st_gid },
                )))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(self.failed("read", name, error)),
        }
    }

    /// Makes a symbolic link that is not there yet.
    ///
    /// # Errors
    /// `Kind::Exists` if anything has that name.
    pub fn link(&self, name: &OsStr, to: &Path) -> Result<()> {
        symlinkat(to, &self.handle, single(name)?).map_err(|error| self.failed("create", name, error))
    }

    /// What is there under that name; a link is one, wherever it leads. `None` if nothing is.
    pub fn stat(&self, name: &OsStr) -> Result<Option<Entry>> {
        let data = match statat(&self.handle, single(name)?, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(data) => data,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(self.failed("read", name, error)),
        };
        let kind = match FileType::from_raw_mode(data.st_mode) {
            FileType::Directory => EntryKind::Prefix,
            FileType::RegularFile => EntryKind::Object,
            FileType::Symlink => EntryKind::Symlink(LeadsTo::Nowhere),
            _ => EntryKind::Special,
        };
        let nanoseconds = i32::try_from(data.st_mtime_nsec).unwrap_or(0);
        Ok(Some(Entry {
            size: (kind != EntryKind::Prefix).then(|| u64::try_from(data.st_size).unwrap_or(0)),
            modified: Timestamp::new(data.st_mtime, nanoseconds).ok(),
            ..Entry::new(name, kind)
        }))
    }

    /// Waits until names that were given or taken here survive a loss of power.
    pub fn sync(&self) -> Result<()> {
        match rustix::fs::fsync(&self.handle) {
            // Some network file systems have nothing to wait for.
            Ok(()) | Err(Errno::INVAL | Errno::NOTSUP | Errno::BADF) => Ok(()),
            Err(error) => Err(Error::local("write", &self.path, error.into())),
        }
    }

    /// Whether it has not been deleted meanwhile.
    fn exists(&self) -> bool {
        rustix::fs::fstat(&self.handle).is_ok_and(|data| data.st_nlink > 0)
    }

    /// The folder `name` in this one, created if need be.
    fn child(&self, name: &OsStr) -> Result<Self> {
        let opened = match openat(&self.handle, name, FOLDER, Mode::empty()) {
            Err(Errno::NOENT) => {
                // Whoever was faster made it just as well.
                match mkdirat(&self.handle, name, Mode::from_raw_mode(0o777)) {
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => return Err(self.failed("create", name, error)),
                }
                openat(&self.handle, name, FOLDER, Mode::empty())
            }
            other => other,
        };
        match opened {
            Ok(handle) => Ok(Self { handle: Arc::new(handle), path: self.path.join(name) }),
            Err(Errno::LOOP | Errno::NOTDIR | Errno::MLINK) => Err(self.in_the_way(name)),
            Err(error) => Err(self.failed("open", name, error)),
        }
    }

    fn in_the_way(&self, name: &OsStr) -> Error {
        let path = self.path.join(name);
        match self.stat(name) {
            Ok(Some(entry)) if entry.kind.is_link() => super::linked(&path),
            _ => Error::new(Kind::Exists, format!("{} is a file, not a folder", path.display()))
                .with_hint("move it away, or copy to another folder"),
        }
    }

    fn failed(&self, what: &str, name: &OsStr, error: impl Into<io::Error>) -> Error {
        Error::local(what, &self.path.join(name), error.into())
    }
}

/// A name that the kernel cannot take for a path.
fn single(name: &OsStr) -> Result<&OsStr> {
    let mut components = Path::new(name).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(only)), None) if only == name => Ok(name),
        _ => {
            let text = format!("{} is no name for a file", name.display());
            Err(Error::new(Kind::Unsupported, text))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read as _, Write as _};
    use std::os::unix::fs::symlink;

    use super::*;

    fn world() -> (tempfile::TempDir, Beneath) {
        let folder = tempfile::tempdir().unwrap();
        let beneath = Beneath::new(&folder.path().join("in/root")).unwrap();
        (folder, beneath)
    }

    fn name(name: &str) -> &OsStr {
        OsStr::new(name)
    }

    #[test]
    fn a_file_is_written_renamed_read_and_removed() {
        let (world, beneath) = world();
        let (folder, file) = beneath.parent(Path::new("a/b/file")).unwrap();
        folder.create(name("part")).unwrap().write_all(b"12345").unwrap();
        assert_eq!(folder.create(name("part")).unwrap_err().kind(), Kind::Exists);
        folder.rename_new(name("part"), file).unwrap();
        folder.create(name("part")).unwrap().write_all(b"1").unwrap();
        assert_eq!(folder.rename_new(name("part"), file).unwrap_err().kind(), Kind::Exists);
        let mut text = String::new();
        folder.open(file).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "12345");
        let entry = folder.stat(file).unwrap().unwrap();
        let plain = super::super::stat(&world.path().join("in/root/a/b/file")).unwrap();
        assert_eq!(entry, plain, "the same as by path");
        folder.rename(name("part"), file).unwrap();
        assert_eq!(fs::read(world.path().join("in/root/a/b/file")).unwrap(), b"1");
        folder.sync().unwrap();
        folder.remove(file).unwrap();
        assert_eq!(folder.stat(file).unwrap(), None);
        assert_eq!(folder.open(file).unwrap_err().kind(), Kind::NotFound);
    }

    #[test]
    fn no_link_leads_out() {
        let (world, beneath) = world();
        let (outside, root) = (world.path().join("outside"), world.path().join("in/root"));
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret"), "s").unwrap();
        symlink(&outside, root.join("out")).unwrap();
        symlink(outside.join("secret"), root.join("link")).unwrap();
        for path in ["out/x", "out/deep/x"] {
            let error = beneath.parent(Path::new(path)).unwrap_err();
            assert_eq!(error.kind(), Kind::Denied, "{error}");
            assert!(error.message().contains("symbolic link"), "{error}");
        }
        let top = beneath.folder(Path::new("")).unwrap();
        assert_eq!(top.open(name("link")).unwrap_err().kind(), Kind::Unsupported);
        assert_eq!(top.create(name("link")).unwrap_err().kind(), Kind::Exists);
        assert_eq!(top.stat(name("link")).unwrap().unwrap().kind, EntryKind::Symlink(LeadsTo::Nowhere));
        top.create(name("new")).unwrap();
        top.rename(name("new"), name("link")).unwrap();
        assert_eq!(
            fs::read(outside.join("secret")).unwrap(),
            b"s",
            "the link was replaced, not what it named"
        );
        assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    }

    #[test]
    fn a_link_planted_after_the_folder_was_opened_is_not_followed() {
        let (world, beneath) = world();
        let root = world.path().join("in/root");
        let before = beneath.folder(Path::new("d")).unwrap();
        fs::rename(root.join("d"), root.join("moved")).unwrap();
        symlink(world.path(), root.join("d")).unwrap();
        before.create(name("x")).unwrap();
        beneath.folder(Path::new("d")).unwrap().create(name("y")).unwrap();
        assert!(root.join("moved/x").exists() && root.join("moved/y").exists());
    }

    #[test]
    fn names_are_names_and_files_are_no_folders() {
        let (world, beneath) = world();
        for path in ["../x", "/x", "a/../../x"] {
            assert_eq!(beneath.folder(Path::new(path)).unwrap_err().kind(), Kind::Unsupported, "{path}");
        }
        let top = beneath.folder(Path::new("")).unwrap();
        for odd in ["", ".", "..", "a/b", "/", "a/"] {
            assert_eq!(top.create(name(odd)).unwrap_err().kind(), Kind::Unsupported, "{odd}");
        }
        fs::write(world.path().join("in/root/f"), "").unwrap();
        assert_eq!(beneath.folder(Path::new("f/x")).unwrap_err().kind(), Kind::Exists);
        beneath.folder(Path::new("dir")).unwrap();
        assert_eq!(top.open(name("dir")).unwrap_err().kind(), Kind::Unsupported);
    }

    #[test]
    fn many_folders_keep_few_handles_and_deleted_ones_are_made_again() {
        let (world, beneath) = world();
        for n in 0..3 * KEPT {
            let path = format!("many/d{n}/f");
            let (folder, file) = beneath.parent(Path::new(&path)).unwrap();
            folder.create(file).unwrap();
        }
        assert_eq!(beneath.kept.lock().unwrap().len(), KEPT);
        fs::remove_dir_all(world.path().join("in/root/many")).unwrap();
        let path = format!("many/d{}/f", 3 * KEPT - 1);
        let (folder, file) = beneath.parent(Path::new(&path)).unwrap();
        folder.create(file).unwrap();
        assert!(world.path().join("in/root").join(path).exists());
    }
}
