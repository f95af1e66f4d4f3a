//! The roots of two trees: what may be one, and where a path below one is.

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

/// A tree inside of the other would grow with every run, or be deleted.
pub(super) fn refuse_overlap(source: &Location, target: &Location) -> Result<()> {
    let overlap = match (source, target) {
        (Location::Local(source), Location::Local(target)) => {
            let (source, target) = (resolved(source), resolved(target));
            source.starts_with(&target) || target.starts_with(&source)
        }
        (Location::Remote(source), Location::Remote(target)) => {
            source.profile == target.profile
                && source.bucket == target.bucket
                && (source.key.starts_with(&target.key) || target.key.starts_with(&source.key))
        }
        _ => false,
    };
    if overlap {
        return Err(Error::new(Kind::Usage, format!("{source} and {target} are not apart"))
            .with_hint("neither may be inside of the other"));
    }
    Ok(())
}

/// Links and `..` resolved as far as the path exists.
fn resolved(path: &std::path::Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let known = absolute.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    match known {
        Some((above, real)) => real.join(absolute.strip_prefix(above).unwrap_or(&absolute)),
        None => absolute,
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

    #[test]
    fn trees_must_be_apart() {
        for (source, target, apart) in [
            ("a/", "b/", true),
            ("a/", "a/b/", false),
            ("", "a/", false),
            ("a/", "a/", false),
            ("a/", "ab/", true),
        ] {
            assert_eq!(refuse_overlap(&remote(source), &remote(target)).is_ok(), apart, "{source} {target}");
        }
        let root = tempfile::tempdir().unwrap();
        let local = |name: &str| Location::Local(root.path().join(name));
        std::fs::create_dir(root.path().join("a")).unwrap();
        std::os::unix::fs::symlink("a", root.path().join("link")).unwrap();
        assert!(refuse_overlap(&local("a"), &local("link/new")).is_err(), "a link is no other place");
        assert!(refuse_overlap(&local("a"), &local("b")).is_ok());
    }
}
