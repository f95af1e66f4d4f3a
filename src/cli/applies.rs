//! Options that could have no effect on what is asked for are refused, never ignored.

use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;

use super::transfer::Writing;
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::transfer::Verify;

/// What bytes come from, or go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A file or folder.
    Local,
    /// An object, a prefix, a bucket.
    Remote,
    /// stdin or stdout.
    Stream,
    /// A local pipe, device or descriptor as a target: written in order, and always there.
    Pipe,
}

impl End {
    /// The kind of a target.
    pub(super) fn of_target(location: &Location) -> Self {
        match location {
            Location::Local(path) if is_pipe(path) => Self::Pipe,
            other => Self::of(other),
        }
    }

    /// The kind of a source.
    pub(super) fn of(location: &Location) -> Self {
        match location {
            Location::Local(_) => Self::Local,
            Location::Remote(_) | Location::Profile(_) => Self::Remote,
        }
    }
}

fn is_pipe(path: &Path) -> bool {
    let is_descriptor = ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.starts_with(folder))
        || ["/dev/stdout", "/dev/stderr"].iter().any(|name| path == Path::new(name));
    let in_order = |data: std::fs::Metadata| data.file_type().is_fifo() || data.file_type().is_char_device();
    is_descriptor || path.metadata().is_ok_and(in_order)
}

/// The refusal of an option.
pub(super) fn refused(option: &str, why: &str) -> Error {
    Error::new(Kind::Usage, format!("{option} has no effect here: {why}")).with_hint("leave it out")
}

/// Refuses options of whatever writes that mean nothing between these ends.
pub(super) fn check(writing: &Writing, from: &[End], to: End) -> Result<()> {
    let attributes = match to {
        End::Remote => None,
        End::Local | End::Pipe => Some("it is for objects, and the target is local"),
        End::Stream => Some("it is for objects, and the target is stdout"),
    };
    let requests = match to {
        End::Stream => Some("stdout takes the bytes in one piece"),
        End::Pipe => Some("the target takes the bytes in one piece"),
        End::Local if !from.contains(&End::Remote) => Some("it is for requests, and nothing here is remote"),
        End::Local | End::Remote => None,
    };
    let full = match to {
        End::Stream => Some("stdout cannot be read a second time"),
        End::Pipe => Some("the target cannot be read a second time"),
        _ if requests.is_some() => {
            Some("local copies are not compared; `twinpail check --download` does that")
        }
        End::Local | End::Remote => None,
    };
    let names = from.contains(&End::Stream).then_some("it is for names, and stdin has none");
    let lines = (to == End::Stream).then_some("stdout takes the object's bytes");
    let moving = &writing.moving;
    for (option, given, why) in [
        ("--storage-class", writing.storage_class.is_some(), attributes),
        ("--content-type", writing.content_type.is_some(), attributes),
        ("--metadata", !writing.metadata.is_empty(), attributes),
        ("--sse", writing.sse.is_some(), attributes),
        ("--part-size", moving.part_size.is_some(), requests),
        ("--parallel", moving.parallel.is_some(), requests),
        ("--verify full", moving.verify == Some(Verify::Full), full),
        ("--include", !writing.include.is_empty(), names),
        ("--exclude", !writing.exclude.is_empty(), names),
        ("--json", moving.json, lines),
    ] {
        if let Some(why) = why.filter(|_| given) {
            return Err(refused(option, why));
        }
    }
    Ok(())
}
