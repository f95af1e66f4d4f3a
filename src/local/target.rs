//! How a local target is written, by what is there already. Knows nothing of what is written.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use crate::error::{Error, Kind, Result};

/// Links that are followed one after the other on the way to a descriptor.
const MOST_LINKS: u32 = 40;

/// How something is written where there may be something already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Into a file beside it, which takes its name at the end: nothing is there, or a regular file.
    Beside,
    /// Through it, in order, with nothing replaced: a pipe, a terminal, a device of characters such as `/dev/null`.
    InOrder,
    /// As what it leads to says: a symbolic link.
    Through,
    /// Not at all: it is a folder.
    Folder,
    /// Not at all, and what it is.
    Refused(&'static str),
}

impl Manner {
    /// How a target of this type is written; `None`: nothing is there.
    pub fn of(there: Option<FileType>) -> Self {
        match there {
            None | Some(FileType::RegularFile) => Self::Beside,
            Some(FileType::Fifo | FileType::CharacterDevice) => Self::InOrder,
            Some(FileType::Symlink) => Self::Through,
            Some(FileType::Directory) => Self::Folder,
            Some(FileType::Socket) => Self::Refused("a socket"),
            Some(FileType::BlockDevice) => Self::Refused("a block device"),
            Some(FileType::Unknown) => Self::Refused("neither a file nor a folder"),
        }
    }
}

/// Where a target that the user named is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// A file: the one that links lead to, if there are any.
    File(PathBuf),
    /// Something that takes bytes in order.
    Stream(StreamTarget),
}

/// A pipe, a device of characters, or an open descriptor of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamTarget {
    path: PathBuf,
    /// The number of the descriptor that the path stands for.
    descriptor: Option<u32>,
    is_pipe: bool,
}

/// How `path`, which the user named, is written. Links are followed. Blocking.
///
/// # Errors
/// `Kind::Unsupported` for a socket or a block device, `Kind::NotFound` for a link that leads nowhere, `Kind::Exists`
/// for a folder.
pub fn named(path: &Path) -> Result<Named> {
    let descriptor = descriptor(path);
    let there = match fs::symlink_metadata(path) {
        Ok(data) => Some(data),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Error::local("write to", path, error)),
    };
    let is_link = there.as_ref().is_some_and(fs::Metadata::is_symlink);
    let data = if is_link { Some(followed(path)?) } else { there };
    let kind = data.as_ref().map(file_type);
    if descriptor.is_some() && !matches!(kind, None | Some(FileType::Directory)) {
        let is_pipe = kind == Some(FileType::Fifo);
        return Ok(Named::Stream(StreamTarget { path: path.to_path_buf(), descriptor, is_pipe }));
    }
    match Manner::of(kind) {
        // What is behind a link was followed to its end.
        Manner::Beside | Manner::Through if is_link => {
            let real = path.canonicalize().map_err(|error| Error::local("write to", path, error))?;
            Ok(Named::File(real))
        }
        Manner::Beside | Manner::Through => Ok(Named::File(path.to_path_buf())),
        Manner::InOrder => {
            let is_pipe = kind == Some(FileType::Fifo);
            Ok(Named::Stream(StreamTarget { path: path.to_path_buf(), descriptor: None, is_pipe }))
        }
        Manner::Folder => Err(Error::new(Kind::Exists, format!("{} is a folder", path.display()))
            .with_hint("end the target with a slash to copy into it")),
        Manner::Refused(what) => Err(refused(path, what)),
    }
}

/// What the links at `path` lead to.
fn followed(path: &Path) -> Result<fs::Metadata> {
    fs::metadata(path).map_err(|error| {
        let to = fs::read_link(path).map(|to| to.display().to_string()).unwrap_or_default();
        let why = crate::error::io_text(&error);
        let text = format!("{} is a symbolic link to {to}, which cannot be written: {why}", path.display());
        Error::new(Kind::NotFound, text).with_hint("remove the link, or name the file itself")
    })
}

/// The refusal of what is never written.
pub fn refused(path: &Path, what: &str) -> Error {
    Error::new(Kind::Unsupported, format!("{} is {what}, and nothing is written there", path.display()))
        .with_hint("name another target")
}

fn file_type(data: &fs::Metadata) -> FileType {
    use std::os::unix::fs::MetadataExt as _;
    FileType::from_raw_mode(rustix::fs::RawMode::try_from(data.mode()).unwrap_or_default())
}

/// The descriptor of this process that a path stands for: `/dev/stdout`, `/dev/fd/N`, `/proc/self/fd/N`, and links to
/// them.
fn descriptor(path: &Path) -> Option<u32> {
    let own = format!("/proc/{}/fd", std::process::id());
    let mut path = std::path::absolute(path).ok()?;
    for _ in 0..MOST_LINKS {
        let folder = path.parent()?.canonicalize().ok()?;
        if folder == Path::new(&own) || folder == Path::new("/dev/fd") {
            return path.file_name()?.to_str()?.parse().ok();
        }
        path = folder.join(fs::read_link(&path).ok()?);
    }
    None
}

impl StreamTarget {
    /// What the user named.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The standard output of this process.
    pub fn stdout() -> Self {
        Self { path: PathBuf::from("/dev/stdout"), descriptor: Some(1), is_pipe: false }
    }

    /// Whether it is a pipe that can be opened by its path, which waits for a reader.
    pub fn is_pipe(&self) -> bool {
        self.is_pipe && self.descriptor.is_none()
    }

    /// Opens it to be written from where it is; nothing is cut off. Blocking.
    ///
    /// # Errors
    /// The system's, with the path.
    pub fn open(&self) -> Result<File> {
        let failed = |error| Error::local("write to", &self.path, error);
        match self.descriptor {
            Some(1) => io::stdout().as_fd().try_clone_to_owned().map(File::from).map_err(failed),
            Some(2) => io::stderr().as_fd().try_clone_to_owned().map(File::from).map_err(failed),
            // Opened anew a file would be written from its beginning.
            Some(_) if !self.is_pipe => OpenOptions::new().append(true).open(&self.path).map_err(failed),
            _ => {
                let flags = rustix::fs::OFlags::NOCTTY.bits();
                let flags = i32::try_from(flags).unwrap_or_default();
                OpenOptions::new().write(true).custom_flags(flags).open(&self.path).map_err(failed)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_regular_files_are_replaced_and_only_streams_are_written_in_order() {
        for (there, manner) in [
            (None, Manner::Beside),
            (Some(FileType::RegularFile), Manner::Beside),
            (Some(FileType::Fifo), Manner::InOrder),
            (Some(FileType::CharacterDevice), Manner::InOrder),
            (Some(FileType::Symlink), Manner::Through),
            (Some(FileType::Directory), Manner::Folder),
            (Some(FileType::Socket), Manner::Refused("a socket")),
            (Some(FileType::BlockDevice), Manner::Refused("a block device")),
            (Some(FileType::Unknown), Manner::Refused("neither a file nor a folder")),
        ] {
            assert_eq!(Manner::of(there), manner, "{there:?}");
        }
    }

    #[test]
    fn links_are_followed_to_files_and_pipes_and_refused_where_they_lead_nowhere() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().canonicalize().unwrap().join(name);
        fs::create_dir(at("d")).unwrap();
        fs::write(at("d/f"), "x").unwrap();
        symlink("d/f", at("one")).unwrap();
        symlink("one", at("two")).unwrap();
        symlink("nowhere", at("broken")).unwrap();
        symlink("d", at("folder")).unwrap();
        symlink("loop", at("loop")).unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("fifo"), rustix::fs::Mode::from_raw_mode(0o600)).unwrap();
        symlink("fifo", at("to-fifo")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        assert_eq!(named(&at("two")).unwrap(), Named::File(at("d/f")));
        assert_eq!(named(&at("new")).unwrap(), Named::File(at("new")));
        for name in ["fifo", "to-fifo"] {
            assert!(matches!(named(&at(name)).unwrap(), Named::Stream(pipe) if pipe.is_pipe()), "{name}");
        }
        for (name, kind) in [
            ("broken", Kind::NotFound),
            ("loop", Kind::NotFound),
            ("folder", Kind::Exists),
            ("d", Kind::Exists),
            ("socket", Kind::Unsupported),
        ] {
            assert_eq!(named(&at(name)).unwrap_err().kind(), kind, "{name}");
        }
    }

    #[test]
    fn descriptors_are_known_by_any_of_their_names() {
        let root = tempfile::tempdir().unwrap();
        symlink("/dev/stdout", root.path().join("out")).unwrap();
        for (path, number) in [("/dev/stdout", Some(1)), ("/dev/fd/2", Some(2)), ("/dev/null", None)] {
            assert_eq!(descriptor(Path::new(path)), number, "{path}");
        }
        assert_eq!(descriptor(&root.path().join("out")), Some(1));
        assert_eq!(descriptor(&root.path().join("none")), None);
    }
}
