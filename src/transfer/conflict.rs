//! What to do about a target that exists.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use super::content::{self, Content};
use super::engine::Shared;
use super::job::Job;
use super::plan::{Planned, blocking};
use super::types::{Conflict, Likeness, OnConflict};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::is_newer;

/// Free names looked for before giving up.
const NAMES: u32 = 1000;

/// What was decided.
pub(super) enum Settled {
    /// The target stays; with the reason, where it has to be said.
    Skip(Option<Error>),
    /// It is written.
    Write(Write),
}

/// Where to write, and whether something that appears there meanwhile must not be replaced.
pub(super) struct Write {
    pub(super) to: Location,
    pub(super) only_new: bool,
}

/// What is there.
pub(super) struct There {
    size: u64,
    modified: Option<Timestamp>,
    /// The time that counts: an upload may have kept the file's own.
    effective: Option<Timestamp>,
    /// Of an object.
    etag: Option<String>,
}

/// Decides by the request's policy; overwriting costs no request.
pub(super) async fn settle(shared: &Shared, job: &Arc<Job>, planned: &Planned) -> Result<Settled> {
    let to = planned.to.clone();
    let policy = job.request.on_conflict;
    if policy == OnConflict::Overwrite {
        return Ok(Settled::Write(Write { to, only_new: false }));
    }
    if let Location::Local(path) = &to {
        let (job, path) = (Arc::clone(job), path.clone());
        // A pipe is always there, and nothing of it is replaced.
        if blocking(move || Ok(job.is_stream(&path))).await? {
            return Ok(Settled::Write(Write { to, only_new: false }));
        }
    }
    let Some(there) = look(shared, &to).await? else {
        return Ok(Settled::Write(Write { to, only_new: true }));
    };
    let choice = if policy == OnConflict::Ask {
        let conflict = Conflict {
            source: planned.from.clone(),
            source_size: planned.size.unwrap_or(0),
            source_modified: effective_time(shared, planned).await?,
            target: to.clone(),
            target_size: there.size,
            target_modified: there.effective,
        };
        job.ask(conflict, likeness(shared, planned, &to, &there)).await?
    } else {
        policy
    };
    match choice {
        OnConflict::Overwrite | OnConflict::Ask => Ok(Settled::Write(Write { to, only_new: false })),
        OnConflict::Skip => Ok(Settled::Skip(None)),
        OnConflict::Fail => Err(Error::new(Kind::Exists, format!("{to} exists"))
            .with_hint("--on-conflict overwrite, skip, newer or rename decides otherwise")),
        OnConflict::Newer => {
            let source = effective_time(shared, planned).await?;
            Ok(match is_newer(source, there.effective) {
                Some(true) => Settled::Write(Write { to, only_new: false }),
                Some(false) => Settled::Skip(None),
                None => Settled::Skip(Some(no_time(if source.is_none() { &planned.from } else { &to }))),
            })
        }
        OnConflict::Rename => Ok(Settled::Write(Write { to: free_name(shared, &to).await?, only_new: true })),
    }
}

/// How source and target compare, without moving either.
async fn likeness(shared: &Shared, planned: &Planned, to: &Location, there: &There) -> Likeness {
    if planned.size != Some(there.size) {
        return Likeness::Different;
    }
    let etags = (planned.etag.as_deref(), there.etag.as_deref());
    if planned.version_id.is_some() {
        // Only the newest version could be asked about.
        let same = etags.0.is_some_and(|etag| !etag.is_empty() && etags.1 == Some(etag));
        return if same { Likeness::Same } else { Likeness::Unknown };
    }
    match content::compare(&shared.connections, (&planned.from, etags.0), (to, etags.1)).await {
        Ok(Content::Same(_)) => Likeness::Same,
        Ok(Content::Differs(_)) => Likeness::Different,
        Ok(Content::Unknown(_)) => Likeness::Unknown,
        Err(error) => {
            tracing::info!(%error, "what exists cannot be compared");
            Likeness::Unknown
        }
    }
}

/// Says why nothing was replaced where it is unknown what is newer.
fn no_time(place: &Location) -> Error {
    Error::new(Kind::Unsupported, format!("skipped: it is not known when {place} was changed"))
        .with_hint("--on-conflict overwrite, skip, rename or fail decides without times")
}

/// The time of a source that counts. A listing does not tell what an upload kept: for an object HEAD does.
pub(super) async fn effective_time(shared: &Shared, planned: &Planned) -> Result<Option<Timestamp>> {
    let Location::Remote(remote) = &planned.from else { return Ok(planned.modified) };
    let store = shared.connections.store(&remote.profile).await?;
    let info = store.head(&remote.bucket, &remote.key, planned.version_id.as_deref()).await?;
    Ok(info.effective_time())
}

/// What is at a place; `None` if nothing is.
pub(super) async fn look(shared: &Shared, place: &Location) -> Result<Option<There>> {
    match place {
        Location::Local(path) => {
            let path = path.clone();
            blocking(move || Ok(look_local(&path))).await
        }
        Location::Remote(remote) => {
            let store = shared.connections.store(&remote.profile).await?;
            match store.head(&remote.bucket, &remote.key, None).await {
                Ok(info) => Ok(Some(There {
                    size: info.size,
                    modified: info.modified,
                    effective: info.effective_time(),
                    etag: Some(info.etag),
                })),
                Err(error) if error.kind() == Kind::NotFound => Ok(None),
                Err(error) => Err(error),
            }
        }
        Location::Profile(_) => Ok(None),
    }
}

/// Whether a source is what it was when it was planned.
///
/// # Errors
/// `Kind::NotFound` if it is not there any more.
pub(super) async fn is_as_planned(shared: &Shared, planned: &Planned) -> Result<bool> {
    let Some(there) = look(shared, &planned.from).await? else {
        return Err(Error::new(Kind::NotFound, format!("{} is not there any more", planned.from)));
    };
    // An answer and a listing may tell the time of an object with more or fewer digits.
    let same =
        if planned.etag.is_some() { there.etag == planned.etag } else { there.modified == planned.modified };
    Ok(same && planned.size == Some(there.size))
}

fn look_local(path: &Path) -> Option<There> {
    // What a link points to is what would be replaced; a link to nothing is there all the same.
    let data = path.metadata().or_else(|_| path.symlink_metadata()).ok()?;
    let modified = data.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    Some(There { size: data.len(), modified, effective: modified, etag: None })
}

/// `name (1).ext` and so on, the first that nobody has.
async fn free_name(shared: &Shared, taken: &Location) -> Result<Location> {
    for number in 1..=NAMES {
        let candidate = numbered(taken, number);
        if look(shared, &candidate).await?.is_none() {
            return Ok(candidate);
        }
    }
    Err(Error::new(Kind::Exists, format!("{taken} and {NAMES} names next to it exist")))
}

fn numbered(place: &Location, number: u32) -> Location {
    match place {
        Location::Local(path) => {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            Location::Local(
                path.parent().map(PathBuf::from).unwrap_or_default().join(numbered_name(&name, number)),
            )
        }
        Location::Remote(remote) => {
            let at = remote.key.rfind('/').map_or(0, |at| at + 1);
            let key = format!("{}{}", &remote.key[..at], numbered_name(&remote.key[at..], number));
            Location::Remote(Remote { key, ..remote.clone() })
        }
        Location::Profile(_) => place.clone(),
    }
}

fn numbered_name(name: &str, number: u32) -> String {
    match name.rfind('.').filter(|at| *at > 0) {
        Some(at) => format!("{} ({number}){}", &name[..at], &name[at..]),
        None => format!("{name} ({number})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_names_keep_the_extension() {
        assert_eq!(numbered_name("a.tar.gz", 1), "a.tar (1).gz");
        assert_eq!(numbered_name(".profile", 2), ".profile (2)");
        assert_eq!(numbered_name("README", 3), "README (3)");
    }
}
