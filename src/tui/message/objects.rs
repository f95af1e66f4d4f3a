//! What happens to objects besides transfers: versions, properties, editing, long work. Plain data.

use crate::error::Error;
use crate::location::Remote;
use crate::s3::{Change, Fact, ObjectId, ObjectInfo, Speed, Version};
use crate::walk::Target;
use crate::walk::versions::Scope;

/// What happened to versions.
#[derive(Debug)]
pub(crate) enum VersionsEvent {
    /// Some were found.
    Found(Vec<Version>),
    /// No more are told of.
    End {
        /// There are others.
        more: bool,
        /// Why it ended early.
        failed: Option<Error>,
    },
}

/// What the outside must do about versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VersionsEffect {
    /// Find them; an older search is dropped.
    Find(Scope),
    /// Drop what is being found.
    Forget,
}

/// What is known about something.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Properties {
    /// What HEAD says, of a file its size and time; of prefixes and buckets nothing.
    pub(crate) object: Option<ObjectInfo>,
    /// The rest.
    pub(crate) facts: Vec<Fact>,
}

/// Long work that is no transfer; one at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Remove versions or delete markers for good.
    DeleteVersions {
        /// Profile and bucket.
        at: Remote,
        /// Which.
        versions: Vec<ObjectId>,
    },
    /// Remove every version for good.
    Purge(Scope),
    /// Change properties.
    Change {
        /// Of these, and of everything below them.
        targets: Vec<Target>,
        /// How.
        change: Box<Change>,
    },
    /// Restore what is archived.
    Restore {
        /// These, and everything below them.
        targets: Vec<Target>,
        /// For how long.
        days: u32,
        /// How soon.
        speed: Speed,
    },
}
