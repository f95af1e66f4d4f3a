//! Proof that two ways lead to two buckets: the same object is asked for on both.

use jiff::Timestamp;

use crate::error::{Kind, Result};
use crate::location::Remote;
use crate::s3::{Connections, ObjectInfo};

/// Objects that are enough to compare: two buckets that agree on all of them are one, or copies of each other.
pub const SAMPLES: usize = 20;
/// The id of the only version where versions are not kept.
const NO_VERSION: &str = "null";

/// What tells one state of an object from another, as HEAD says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    size: u64,
    etag: String,
    modified: Option<Timestamp>,
    version_id: Option<String>,
}

impl State {
    /// What an answer says.
    pub fn of(info: &ObjectInfo) -> Self {
        let version_id = info.version_id.clone().filter(|id| id != NO_VERSION);
        Self { size: info.size, etag: info.etag.clone(), modified: info.modified, version_id }
    }

    /// Whether these cannot be one object, seen on two ways at the same time: one object has one time and one version.
    /// ETags and sizes do not count, as a proxy may tell them differently.
    pub fn is_apart_from(&self, other: &Self) -> bool {
        let versions = self.version_id.as_ref().zip(other.version_id.as_ref());
        versions.is_some_and(|(left, right)| left != right)
            || self.modified.zip(other.modified).is_some_and(|(left, right)| left != right)
    }

    /// Whether these may be one object in one state.
    fn looks_like(&self, other: &Self) -> bool {
        !self.is_apart_from(other) && self.size == other.size && self.etag == other.etag
    }
}

/// What came of asking for the same objects on two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Compared {
    /// One was found to be two objects, or not to be there on the other way: these are two buckets.
    Apart,
    /// All that could be compared are the same.
    Same,
    /// Nothing could be compared.
    Untold,
}

/// Asks for each object of `samples` on its own way and for its counterpart on the other, until a pair proves that the
/// two ways lead to two buckets. A sample is a place and its counterpart (see [`counterpart`]).
///
/// # Errors
/// A profile that cannot be connected. An object that cannot be asked about tells nothing.
pub async fn compare(connections: &Connections, samples: &[(Remote, Remote)]) -> Result<Compared> {
    let mut compared = Compared::Untold;
    for (ours, theirs) in samples {
        let Told::There(before) = head(connections, ours).await? else { continue };
        let apart = match head(connections, theirs).await? {
            Told::There(there) if before.looks_like(&there) => {
                compared = Compared::Same;
                continue;
            }
            Told::There(there) => before.is_apart_from(&there),
            Told::NotThere => true,
            Told::Nothing => continue,
        };
        // Unless somebody has changed it between the two looks.
        if apart && head(connections, ours).await? == Told::There(before) {
            return Ok(Compared::Apart);
        }
    }
    Ok(compared)
}

/// What is known of an object.
#[derive(Debug, PartialEq, Eq)]
enum Told {
    There(State),
    NotThere,
    /// It cannot be asked about.
    Nothing,
}

async fn head(connections: &Connections, place: &Remote) -> Result<Told> {
    let store = connections.store(&place.profile).await?;
    Ok(match store.head(&place.bucket, &place.key, None).await {
        Ok(info) => Told::There(State::of(&info)),
        Err(error) if error.kind() == Kind::NotFound => Told::NotThere,
        Err(error) => {
            tracing::info!(%error, "two places cannot be compared by this object");
            Told::Nothing
        }
    })
}

/// Where an object of the tree `own` is below `other`, if both trees are in one bucket: under its own key, in the
/// spelling that `other` has for what the two share.
pub fn counterpart(own: &Remote, other: &Remote, key: &str) -> Remote {
    let shared = own.key.len().min(other.key.len());
    let key = match (other.key.get(..shared), key.get(shared..)) {
        (Some(above), Some(below)) => format!("{above}{below}"),
        _ => key.to_owned(),
    };
    Remote { key, ..other.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(etag: &str, second: i64, version: Option<&str>) -> State {
        let modified = Timestamp::from_second(second).ok();
        let version_id = version.map(str::to_owned);
        let info = ObjectInfo { size: 1, etag: etag.into(), modified, version_id, ..ObjectInfo::default() };
        State::of(&info)
    }

    #[test]
    fn equal_bytes_are_told_apart_by_time_and_version_only() {
        let source = state("e", 10, None);
        assert!(source.is_apart_from(&state("e", 11, None)));
        assert!(source.is_apart_from(&state("e", 9, None)), "the other clock is behind");
        assert!(!source.is_apart_from(&state("other", 10, None)), "parts make other ETags");
        assert!(!source.is_apart_from(&state("e", 10, Some("v1"))), "only one way tells versions");
        assert!(state("e", 10, Some("v1")).is_apart_from(&state("e", 10, Some("v2"))));
        assert!(!state("e", 10, Some("null")).is_apart_from(&state("e", 10, Some("v2"))));
        assert!(source.looks_like(&state("e", 10, Some("v1"))));
        assert!(!source.looks_like(&state("other", 10, None)));
    }

    #[test]
    fn a_counterpart_has_its_own_key_in_the_other_spelling() {
        let place = |key: &str| Remote { profile: "p".into(), bucket: "b".into(), key: key.into() };
        for (own, other, key, expected) in [
            ("", "", "x", "x"),
            ("", "copy/", "x", "x"),
            ("a/", "", "a/x", "a/x"),
            ("a/", "a/b/", "a/x", "a/x"),
            ("A/", "a/b/", "A/x", "a/x"),
        ] {
            assert_eq!(counterpart(&place(own), &place(other), key).key, expected, "{own} {other}");
        }
    }
}
