//! Addresses without signatures, files that are written for the user, and how a typed place can go on.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::ahead::page;
use crate::config::paths::expand_home;
use crate::error::{Error, Result};
use crate::location::{Location, Remote};
use crate::s3::Connections;
use crate::unicode::composed;

/// Ways to go on that are told.
const TOLD: usize = 50;
/// Pages that are looked through for them at most.
const PAGES: usize = 10;

/// Where objects are, one a line, without signatures.
pub(super) async fn addresses(connections: &Connections, objects: Vec<Remote>) -> Result<String> {
    let mut lines = Vec::with_capacity(objects.len());
    for object in objects {
        let store = connections.store(&object.profile).await?;
        lines.push(store.address(&object.bucket, &object.key).await?);
    }
    Ok(lines.join("\n"))
}

/// Writes a file that does not exist yet; which that is. Blocking.
pub(super) fn write(file: &Path, text: &str) -> Result<PathBuf> {
    let file = expand_home(file);
    let failed = |error| Error::local("write", &file, error);
    let mut new = std::fs::OpenOptions::new().write(true).create_new(true).open(&file).map_err(failed)?;
    new.write_all(text.as_bytes()).map_err(failed)?;
    Ok(file)
}

/// What `typed` can become, whose last component is in `place`.
pub(super) async fn complete(connections: &Connections, typed: &str, place: Location) -> Result<Vec<String>> {
    let at = typed.rfind(['/', ':']).map_or(0, |at| at + 1);
    let (above, begun) = typed.split_at(at);
    let place = match place {
        Location::Remote(remote) => {
            Location::Remote(Remote { key: format!("{}{begun}", remote.key), ..remote })
        }
        other => other,
    };
    let is_remote = matches!(place, Location::Remote(_));
    let (mut names, mut token) = (Vec::new(), None);
    // Folders may come behind thousands of objects.
    for _ in 0..PAGES {
        let page = page(connections, place.clone(), token).await?;
        names.extend(page.entries.iter().filter(|entry| entry.kind.is_container()).filter_map(|entry| {
            let name = entry.name.to_str()?;
            // What follows a prefix is told without it.
            let name = if is_remote { format!("{begun}{name}") } else { name.to_owned() };
            let slash = if name.ends_with('/') { "" } else { "/" };
            composed(&name).starts_with(&*composed(begun)).then(|| format!("{above}{name}{slash}"))
        }));
        token = page.next;
        if names.len() >= TOLD || token.is_none() {
            break;
        }
    }
    names.truncate(TOLD);
    Ok(names)
}
