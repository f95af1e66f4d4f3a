//! Whether two locations are the same place, however they are spelled: the one answer that copies, moves, syncs and
//! comparisons go by.
//!
//! A local place is known by device and inode of what exists of it (`disk`), a remote one by the service that its
//! profile reaches (`service`), its bucket and its key (`objects`). Where two services, buckets or keys may be one
//! and nothing here can tell, [`samples`] and [`State`] settle it by asking both sides about the same objects.

mod disk;
mod objects;
mod samples;
mod service;

use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::s3::Connections;

pub use crate::local::{FileId, is_respelling};
pub use samples::{Compared, SAMPLES, State, compare, counterpart};

/// How two places, of which one or both may be trees, share something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overlap {
    /// They are one.
    Same,
    /// The target is below the source.
    TargetInSource,
    /// The source is below the target, or a part of one is a part of the other.
    SourceInTarget,
}

/// What two places are to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// They share nothing.
    Apart,
    /// They overlap.
    Certain(Overlap),
    /// They overlap if both ways lead to the same bucket, which nothing here can tell.
    Possible(Overlap),
    /// One local entry whose name is spelled in two ways that its file system does not tell apart.
    Respelled,
}

/// What `from` and `to` are to each other: two single files or objects, or with `tree` two folders or prefixes with all
/// that is below them. Asks the file system, and may resolve credentials; sends no request about objects.
///
/// # Errors
/// A profile that cannot be connected.
pub async fn relation(
    connections: &Connections,
    from: &Location,
    to: &Location,
    tree: bool,
) -> Result<Relation> {
    match (from, to) {
        (Location::Local(from), Location::Local(to)) => {
            let (from, to) = (from.clone(), to.clone());
            let look = move || if tree { disk::trees(&from, &to) } else { disk::files(&from, &to) };
            tokio::task::spawn_blocking(look)
                .await
                .map_err(|error| Error::new(Kind::Internal, format!("a worker failed: {error}")))
        }
        (Location::Remote(from), Location::Remote(to)) => {
            objects::relation(connections, from, to, tree).await
        }
        (Location::Local(_) | Location::Remote(_) | Location::Profile(_), _) => Ok(Relation::Apart),
    }
}

/// Why nothing is done with two places that overlap; `doing` is what was to be done ("copy", "move", "sync").
pub fn refusal(overlap: Overlap, doing: &str, from: &Location, to: &Location, tree: bool) -> Error {
    let noun = match (from, tree) {
        (Location::Local(_), false) => "file",
        (Location::Local(_), true) => "folder",
        (Location::Remote(_), false) => "object",
        (Location::Remote(_), true) => "prefix",
        (Location::Profile(_), _) => "profile",
    };
    let (text, hint) = match overlap {
        Overlap::Same => (format!("{from} and {to} are the same {noun}"), "name another target"),
        Overlap::TargetInSource => (
            format!("cannot {doing} {from} to {to}: the target is inside the source"),
            "choose a target outside of it",
        ),
        Overlap::SourceInTarget => (
            format!(
                "cannot {doing} {from} to {to}: the source is inside the target, or shares a part with it"
            ),
            "choose a target that does not hold the source",
        ),
    };
    Error::new(Kind::Overlap, text).with_hint(hint)
}
