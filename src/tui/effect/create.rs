//! Folders, buckets and local names: made and changed.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::super::message::Event;
use super::blocking;
use crate::error::{Error, Kind, Result};
use crate::local;
use crate::location::Location;
use crate::s3::{Attributes, Body, Connections, PutOptions};

/// A bucket, a marker object, or a folder; the event names it as its listing will.
pub(super) async fn create(connections: &Connections, at: Location, name: String) -> Event {
    let name = name.trim_end_matches('/').to_owned();
    let (entry, result) = match &at {
        _ if name.is_empty() => (name.clone(), Err(Error::new(Kind::Usage, "a name cannot be empty"))),
        Location::Profile(profile) => (name.clone(), create_bucket(connections, profile, &name).await),
        Location::Remote(remote) => {
            let key = format!("{}{name}/", remote.key);
            let result = create_marker(connections, &remote.profile, &remote.bucket, &key).await;
            let first = name.split('/').next().unwrap_or_default();
            (format!("{first}/"), result)
        }
        Location::Local(_) if matches!(name.as_str(), "." | "..") || name.contains(['/', '\0']) => {
            (name.clone(), Err(Error::new(Kind::Usage, format!("`{name}` is no name for a folder"))))
        }
        Location::Local(folder) => {
            let path = folder.join(&name);
            (name.clone(), blocking(move || local::create_folder(&path)).await)
        }
    };
    Event::Changed { at, name: entry.into(), result }
}

async fn create_bucket(connections: &Connections, profile: &str, bucket: &str) -> Result<()> {
    connections.store(profile).await?.create_bucket(bucket).await
}

/// The object of no bytes that stands for an empty folder, as consoles make it.
async fn create_marker(connections: &Connections, profile: &str, bucket: &str, key: &str) -> Result<()> {
    let options =
        PutOptions { attributes: Attributes::default(), if_none_match: true, ..PutOptions::default() };
    let store = connections.store(profile).await?;
    store.put(bucket, key, Body::from_bytes(""), &options).await.map(drop)
}

/// Local names that were changed, from what to what, and why others were not.
type Renamed = (Vec<(OsString, OsString)>, Vec<Error>);

/// Gives entries of a local folder other names; nothing is ever replaced.
pub(super) async fn rename(at: &Location, names: Vec<(OsString, OsString)>) -> Renamed {
    let Location::Local(folder) = at.clone() else {
        return (Vec::new(), vec![Error::new(Kind::Internal, "only local names are changed this way")]);
    };
    let renamed = blocking(move || Ok(rename_all(&folder, &names))).await;
    renamed.unwrap_or_else(|error| (Vec::new(), vec![error]))
}

fn rename_all(folder: &Path, names: &[(OsString, OsString)]) -> Renamed {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    let sources: HashSet<&OsStr> = names.iter().map(|(from, _)| from.as_os_str()).collect();
    // A name that another one has yet is free once that is gone.
    let (waiting, free): (Vec<_>, Vec<_>) =
        names.iter().partition(|(_, to)| sources.contains(to.as_os_str()));
    for (from, to) in free.into_iter().chain(waiting) {
        match local::rename(&folder.join(from), &folder.join(to)) {
            Ok(()) => done.push((from.clone(), to.clone())),
            Err(error) => failed.push(error),
        }
    }
    (done, failed)
}
