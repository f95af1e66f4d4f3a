//! The roots of two trees, and where a path below one is.

use std::path::PathBuf;

use crate::error::{Error, Kind, Result};
use crate::local;
use crate::location::{Location, Remote};
use crate::walk::Links;

/// The tree that `place` is the root of: a prefix ends in a slash.
pub(super) fn tree(place: &Location) -> Result<Location> {
    match place {
        Location::Profile(profile) => Err(Error::new(Kind::Usage, format!("{profile}: is a whole profile"))
            .with_hint(format!("name a bucket in it: {profile}:BUCKET/"))),
        Location::Remote(remote) if !remote.is_prefix() => {
            Ok(Location::Remote(Remote { key: format!("{}/", remote.key), ..remote.clone() }))
        }
        Location::Local(path) if path.exists() && !path.is_dir() => {
            Err(Error::new(Kind::Usage, format!("{place} is not a folder"))
                .with_hint("trees are compared here; cp copies one file"))
        }
        Location::Local(_) | Location::Remote(_) => Ok(place.clone()),
    }
}

/// The file that the key `relative` is stored as below `folder`; no link on its way is followed.
pub(super) fn local_path(folder: &std::path::Path, relative: &str) -> Result<PathBuf> {
    let name = local::name_key(relative);
    local::refuse_links(folder, &name)?;
    Ok(folder.join(&*name))
}

/// Where the key `relative` is below `root`.
///
/// # Errors
/// `Kind::Denied` if a link is in the way.
pub(super) fn below(root: &Location, relative: &str) -> Result<Location> {
    match root {
        Location::Local(folder) => local_path(folder, relative).map(Location::Local),
        Location::Remote(remote) => {
            Ok(Location::Remote(Remote { key: format!("{}{relative}", remote.key), ..remote.clone() }))
        }
        Location::Profile(_) => tree(root),
    }
}

/// Where a file of a source is: where links are followed, one may be on the way to it.
///
/// # Errors
/// `Kind::Denied` if one is in the way that is not followed.
pub(super) fn source(root: &Location, relative: &str, links: Links) -> Result<Location> {
    match (root, links) {
        (Location::Local(folder), Links::Follow) => {
            Ok(Location::Local(folder.join(&*local::name_key(relative))))
        }
        (root, _) => below(root, relative),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(key: &str) -> Location {
        Location::Remote(Remote { profile: "p".into(), bucket: "b".into(), key: key.into() })
    }

    #[test]
    fn prefixes_end_in_a_slash_and_a_profile_is_no_tree() {
        assert_eq!(tree(&remote("a")).unwrap(), remote("a/"));
        assert_eq!(tree(&remote("")).unwrap(), remote(""));
        assert!(tree(&Location::Profile("p".into())).is_err());
    }
}
