//! Local targets: a `.part` file beside each, which gets its name only when it is complete. Written through an open
//! folder, so that no link below the target's root leads away.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use jiff::Timestamp;

use crate::error::{Error, Kind, Result};
use crate::local::target::{self, Manner, StreamTarget};
use crate::local::{self, Beneath, Folder, Owned};
use crate::location::Location;
use crate::s3::{Algorithm, Digest, Hasher};

/// Names in a folder are limited to 255 bytes; this much of the target's is kept in its `.part` file's.
const KEPT_NAME: usize = 200;
/// From this size on it is asked whether there is room at all.
const WORTH_ASKING: u64 = 1 << 20;
/// Read at once when a file is hashed.
const CHUNK: usize = 1 << 20;

/// How many bytes are free in a folder, as far as that is known.
#[derive(Clone, Copy, Debug)]
pub struct Room(pub fn(&Path) -> Option<u64>);

impl Default for Room {
    /// What the file system says.
    fn default() -> Self {
        Self(|folder| {
            let data = rustix::fs::statvfs(folder).ok()?;
            (data.f_blocks > 0).then(|| data.f_bavail.saturating_mul(data.f_frsize))
        })
    }
}

/// Where the bytes of a file go.
#[derive(Clone, Debug)]
pub(super) enum Goal {
    /// Beside a file's name first, under it at the end.
    File(Place),
    /// Through something that takes them in order.
    Stream(StreamTarget),
}

/// Where a file is going to be.
#[derive(Clone, Debug)]
pub(super) struct Place {
    folder: Folder,
    name: OsString,
    room: Room,
}

impl Place {
    /// The place of `target`, which is `root` (a folder that the user named) or below it; folders in between are made.
    pub(super) fn below(beneath: &Beneath, root: &Path, target: &Path, room: Room) -> Result<Self> {
        let place = Self::for_link(beneath, root, target, room)?;
        place.replaced()?;
        Ok(place)
    }

    /// The same for a link, which also takes the place of a link.
    pub(super) fn for_link(beneath: &Beneath, root: &Path, target: &Path, room: Room) -> Result<Self> {
        let relative = target.strip_prefix(root).unwrap_or(target);
        let (folder, name) = beneath.parent(relative)?;
        Ok(Self { folder, name: name.to_owned(), room })
    }

    /// Whose the regular file is that would be replaced, if there is one.
    ///
    /// # Errors
    /// Something else is there: nothing but files is replaced, and nothing is written through a link.
    fn replaced(&self) -> Result<Option<Owned>> {
        let path = || self.path();
        match self.folder.target(&self.name)? {
            None => Ok(None),
            Some((Manner::Beside, owned)) => Ok(Some(owned)),
            Some((Manner::Folder, _)) => {
                Err(Error::new(Kind::Exists, format!("{} is a folder", path().display())).with_hint(
                    "a file and a folder cannot have the same name here; copy the object to another name",
                ))
            }
            Some((Manner::Through, _)) => Err(local::linked(&path())),
            Some((Manner::InOrder, _)) => Err(target::refused(&path(), "a pipe or a device")),
            Some((Manner::Refused(what), _)) => Err(target::refused(&path(), what)),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join(&self.name)
    }

    /// The folder that it is in.
    pub(super) fn folder(&self) -> Location {
        Location::Local(self.folder.path().to_path_buf())
    }

    /// Makes it a symbolic link to `to`, in place of a file that may be there unless it is `only_new`.
    pub(super) fn link(&self, to: &Path, only_new: bool) -> Result<()> {
        if only_new {
            return self.folder.link(&self.name, to);
        }
        match self.folder.target(&self.name)? {
            None | Some((Manner::Through, _)) => {}
            Some(_) => drop(self.replaced()?),
        }
        let name = part_name(self, &format!("{:08x}", fastrand::u32(..)));
        self.folder.link(&name, to)?;
        self.folder.rename(&name, &self.name).inspect_err(|_| drop(self.folder.remove(&name)))
    }

    /// Bytes that are free where it is, if that is known.
    pub(super) fn free_space(&self) -> Option<u64> {
        (self.room.0)(self.folder.path())
    }
}

fn part_name(place: &Place, distinction: &str) -> OsString {
    let target = place.name.to_string_lossy().into_owned();
    let kept = &target[..target.floor_char_boundary(KEPT_NAME)];
    OsString::from(format!(".{kept}.{distinction}.part"))
}

/// A `.part` file that nobody works on, empty; `None` if somebody does.
fn take_over(folder: &Folder, name: &OsStr) -> Option<File> {
    let file = folder.open(name).ok()?;
    file.try_lock().ok()?;
    // Between the opening and the locking it may have been finished: then the name is gone, or another file's.
    let (ours, there) = (file.metadata().ok()?, folder.open(name).ok()?.metadata().ok()?);
    let same = (ours.dev(), ours.ino()) == (there.dev(), there.ino());
    if !same || ours.nlink() != 1 {
        return None;
    }
    file.set_len(0).ok()?;
    Some(file)
}

/// A `.part` file; removed when it is dropped, unless it was finished or is kept.
#[derive(Debug)]
pub(super) struct Partial {
    file: Arc<File>,
    place: Place,
    name: OsString,
    settled: bool,
}

impl Partial {
    /// Makes the one of `source`, or takes over what a killed run left of it: its name is the same every time, and
    /// whoever works on it has it locked. If somebody has, it is another one.
    pub(super) fn of(place: &Place, source: &str, size: u64) -> Result<Self> {
        let sum = Hasher::of(Algorithm::Crc32, source.as_bytes()).hex();
        let name = part_name(place, &sum);
        let file = match place.folder.create_like(&name, place.replaced()?.as_ref()) {
            Ok(file) => Some(file).filter(|file| file.try_lock().is_ok()),
            Err(error) if error.kind() == Kind::Exists => take_over(&place.folder, &name),
            Err(error) => return Err(error),
        };
        let Some(file) = file else { return Self::create(place, size) };
        let partial = Self { file: Arc::new(file), place: place.clone(), name, settled: false };
        if size > 0 {
            partial.reserve(size)?;
        }
        Ok(partial)
    }

    /// Makes it, and room for `size` bytes, so that a full disk shows before the first byte is fetched.
    pub(super) fn create(place: &Place, size: u64) -> Result<Self> {
        let name = part_name(place, &format!("{:08x}", fastrand::u32(..)));
        let file = Arc::new(place.folder.create_like(&name, place.replaced()?.as_ref())?);
        let partial = Self { file, place: place.clone(), name, settled: false };
        if size > 0 {
            partial.reserve(size)?;
        }
        Ok(partial)
    }

    /// Goes on with the one that an earlier run left at `path`; `None` if it is not there or not as long as it was.
    pub(super) fn reopen(place: &Place, path: &Path, size: u64) -> Option<Self> {
        let folder = std::path::absolute(place.folder.path()).ok()?;
        let name = path.file_name().filter(|_| path.parent() == Some(&*folder))?;
        let file = place.folder.open(name).ok()?;
        let same = file.metadata().is_ok_and(|data| data.len() == size);
        same.then(|| Self {
            file: Arc::new(file),
            place: place.clone(),
            name: name.to_owned(),
            settled: false,
        })
    }

    fn reserve(&self, size: u64) -> Result<()> {
        // Asked first: a file system may hand out all that is left before it says that it is not enough, and whoever
        // else writes meanwhile finds a full disk.
        if size >= WORTH_ASKING && self.place.free_space().is_some_and(|free| free < size) {
            return Err(self.write_failed(rustix::io::Errno::NOSPC.into()));
        }
        let reserved = rustix::fs::fallocate(&*self.file, rustix::fs::FallocateFlags::empty(), 0, size);
        match reserved {
            Ok(()) => Ok(()),
            // Not every file system can; the space is then found as it is written.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {
                self.file.set_len(size).map_err(|error| self.write_failed(error))
            }
            Err(error) => Err(self.write_failed(error.into())),
        }
    }

    /// A handle that workers write through.
    pub(super) fn handle(&self) -> Handle {
        Handle { file: Arc::clone(&self.file), target: self.place.path() }
    }

    /// Where it is, for the journal.
    pub(super) fn path(&self) -> PathBuf {
        self.place.folder.path().join(&self.name)
    }

    /// Takes the permissions of the file it is a copy of, without set-user-id and the like.
    pub(super) fn keep_mode(&self, mode: u32) -> Result<()> {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(mode & 0o777);
        self.file.set_permissions(mode).map_err(|error| self.write_failed(error))
    }

    /// Leaves it for another run.
    pub(super) fn keep(mut self) {
        self.settled = true;
    }

    /// The folder that it is in.
    pub(super) fn folder(&self) -> Location {
        self.place.folder()
    }

    /// Sets the time and gives the file its name, and the mode and owner of a file that it replaces; with `durable` a loss of power right after changes nothing.
    pub(super) fn finish(mut self, modified: Option<Timestamp>, only_new: bool, durable: bool) -> Result<()> {
        if let Some(owned) = self.place.replaced()? {
            owned.give(&self.file).map_err(|error| self.write_failed(error))?;
        }
        if let Some(time) = modified.and_then(|time| SystemTime::try_from(time).ok()) {
            // A file system without times keeps the file all the same.
            let _ = self.file.set_modified(time);
        }
        if durable {
            self.file.sync_all().map_err(|error| self.write_failed(error))?;
        }
        let (from, to): (&OsStr, &OsStr) = (&self.name, &self.place.name);
        if only_new { self.place.folder.rename_new(from, to) } else { self.place.folder.rename(from, to) }?;
        self.settled = true;
        if durable { self.place.folder.sync() } else { Ok(()) }
    }

    fn write_failed(&self, error: io::Error) -> Error {
        Error::local("write", &self.place.path(), error)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.settled {
            let _ = self.place.folder.remove(&self.name);
        }
    }
}

/// Writes at any offset, and reads back.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    file: Arc<File>,
    target: PathBuf,
}

impl Handle {
    /// The file itself, to be flushed.
    pub(super) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Writes pieces one after the other from `offset`.
    pub(super) fn write(&self, pieces: &[Bytes], offset: u64) -> Result<()> {
        let mut at = offset;
        for piece in pieces {
            self.file.write_all_at(piece, at).map_err(|error| Error::local("write", &self.target, error))?;
            at += piece.len() as u64;
        }
        Ok(())
    }

    /// Waits until what was written is safe on the disk.
    pub(super) fn sync(&self) -> Result<()> {
        self.file.sync_data().map_err(|error| Error::local("write", &self.target, error))
    }

    /// Feeds a range to a hasher, from the page cache if it was written just now.
    pub(super) fn hash(&self, range: Range<u64>, hasher: &mut Hasher) -> Result<()> {
        let mut buffer = vec![0; CHUNK];
        let mut at = range.start;
        while at < range.end {
            let length = usize::try_from(range.end - at).unwrap_or(CHUNK).min(CHUNK);
            let piece = &mut buffer[..length];
            let read = self.file.read_exact_at(piece, at);
            read.map_err(|error| Error::local("read", &self.target, error))?;
            hasher.update(piece);
            at += length as u64;
        }
        Ok(())
    }

    /// The digest of a range.
    pub(super) fn digest(&self, range: Range<u64>, algorithm: Algorithm) -> Result<Digest> {
        let mut hasher = Hasher::new(algorithm);
        self.hash(range, &mut hasher)?;
        Ok(hasher.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(root: &Path, name: &str) -> Place {
        Place::below(&Beneath::new(root).unwrap(), root, &root.join(name), Room::default()).unwrap()
    }

    #[test]
    fn a_partial_file_never_shows_under_the_final_name() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("sub/file");
        let place = place(folder.path(), "sub/file");
        let partial = Partial::create(&place, 4).unwrap();
        partial.handle().write(&[Bytes::from("ab"), Bytes::from("cd")], 0).unwrap();
        assert!(!target.exists());
        drop(partial);
        assert_eq!(std::fs::read_dir(folder.path().join("sub")).unwrap().count(), 0, "nothing stays behind");
        let partial = Partial::create(&place, 4).unwrap();
        partial.handle().write(&[Bytes::from("abcd")], 0).unwrap();
        partial.finish(None, true, true).unwrap();
        assert_eq!(std::fs::read(&target).unwrap(), b"abcd");
        let late = Partial::create(&place, 0).unwrap();
        assert_eq!(late.finish(None, true, false).unwrap_err().kind(), Kind::Exists);
        assert_eq!(std::fs::read(&target).unwrap(), b"abcd");
    }

    #[test]
    fn what_a_killed_run_left_is_taken_over_and_what_somebody_works_on_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path(), "file");
        let count = || std::fs::read_dir(folder.path()).unwrap().count();
        let left = Partial::of(&place, "p:b/file", 4).unwrap();
        left.handle().write(&[Bytes::from("old and long")], 0).unwrap();
        let beside = Partial::of(&place, "p:b/file", 4).unwrap();
        assert!(beside.name != left.name && count() == 2);
        drop(beside);
        let name = left.name.clone();
        left.keep();
        let again = Partial::of(&place, "p:b/file", 3).unwrap();
        assert!(again.name == name && count() == 1);
        again.handle().write(&[Bytes::from("new")], 0).unwrap();
        again.finish(None, true, false).unwrap();
        assert_eq!(std::fs::read(folder.path().join("file")).unwrap(), b"new");
        assert_eq!(count(), 1);
    }

    #[test]
    fn a_link_in_the_place_of_a_partial_file_is_not_written_through() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path(), "file");
        let victim = folder.path().join("victim");
        std::fs::write(&victim, "mine").unwrap();
        let partial = Partial::of(&place, "s", 0).unwrap();
        let planted = partial.path();
        drop(partial);
        std::fs::hard_link(&victim, &planted).unwrap();
        let other = Partial::of(&place, "s", 0).unwrap();
        other.handle().write(&[Bytes::from("theirs")], 0).unwrap();
        assert_eq!(std::fs::read(&victim).unwrap(), b"mine");
    }

    #[test]
    fn a_kept_one_is_gone_on_with_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path(), "file");
        let partial = Partial::create(&place, 4).unwrap();
        partial.handle().write(&[Bytes::from("ab")], 0).unwrap();
        let path = partial.path();
        partial.keep();
        assert!(Partial::reopen(&place, &path, 5).is_none(), "of another length");
        assert!(Partial::reopen(&place, Path::new("/etc/passwd"), 4).is_none(), "elsewhere");
        let again = Partial::reopen(&place, &path, 4).unwrap();
        assert_eq!(
            again.handle().digest(0..2, Algorithm::Crc32).unwrap(),
            Hasher::of(Algorithm::Crc32, b"ab")
        );
        drop(again);
        assert!(!path.exists());
    }
}
