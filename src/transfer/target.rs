//! What things are called where they go: keys become local names on the way down, and local names become keys again
//! on the way up. Looks at the disk, but writes nothing there to stay.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::types::Item;
use crate::error::{Error, Kind, Result};
use crate::local::{self, Names};
use crate::location::{Location, Remote};
use crate::walk::Found;

/// The place that `name`, listed at `from`, gets in the folder or prefix `to`. A prefix's name ends in `/`, and so
/// does a local folder's that becomes one.
pub fn inside(from: &Location, to: &Location, name: &OsStr) -> Location {
    let text = name.to_string_lossy();
    match (from, to) {
        (Location::Local(_), Location::Remote(_)) => to.join(local::key_of(&text).as_ref().as_ref()),
        (Location::Remote(_) | Location::Profile(_), Location::Local(folder)) => {
            let key = text.strip_suffix('/').unwrap_or(&text);
            Location::Local(folder.join(&*local::name_key(key)))
        }
        _ => to.join(name),
    }
}

/// The targets of one tree, in the order its files are found.
pub(super) enum Targets {
    /// Files below a folder.
    Folder(Folder),
    /// Keys that begin with a prefix.
    Prefix {
        /// The prefix.
        to: Remote,
        /// The names are local ones.
        from_local: bool,
    },
}

/// A local folder that takes a tree.
pub(super) struct Folder {
    root: PathBuf,
    from_local: bool,
    names: Names,
    /// The folder below the root that was last found to be free of links.
    checked: String,
}

impl Targets {
    /// Nothing has a place yet. Blocking.
    pub(super) fn new(item: &Item) -> Result<Self> {
        let from_local = matches!(item.from, Location::Local(_));
        match &item.to {
            Location::Local(root) => Ok(Self::Folder(Folder {
                root: root.clone(),
                from_local,
                names: Names::new(root),
                checked: String::new(),
            })),
            Location::Remote(to) => Ok(Self::Prefix { to: to.clone(), from_local }),
            Location::Profile(profile) => {
                Err(Error::new(Kind::Usage, format!("{profile}: is a whole profile"))
                    .with_hint("name a bucket in it"))
            }
        }
    }

    /// Where a file goes; `None` for the marker of the tree's own root on a local disk. Blocking.
    pub(super) fn of(&mut self, found: &Found) -> Result<Option<Location>> {
        match self {
            Self::Folder(folder) => {
                folder.path(&found.relative, found.size).map(|path| path.map(Location::Local))
            }
            Self::Prefix { to, from_local } => {
                let key = if *from_local { local::key_of(&found.relative) } else { (&found.relative).into() };
                Ok(Some(Location::Remote(Remote { key: format!("{}{key}", to.key), ..to.clone() })))
            }
        }
    }
}

impl Folder {
    /// A folder's marker object (no bytes, a key that ends in `/`) becomes the folder; its path ends in `/`.
    fn path(&mut self, relative: &str, size: u64) -> Result<Option<PathBuf>> {
        if relative.is_empty() && size == 0 {
            return Ok(None);
        }
        let marked = relative.strip_suffix('/').filter(|_| size == 0);
        let name = match marked.unwrap_or(relative) {
            name if self.from_local => name.into(),
            key => local::name_key(key),
        };
        let placed = self.names.place(&name, marked.is_some());
        refuse_links(&self.root, &placed, &mut self.checked)?;
        let mut path = self.root.join(&*placed).into_os_string();
        if marked.is_some() {
            path.push("/");
        }
        Ok(Some(path.into()))
    }
}

/// Looks once at a folder for all of its files that come one after the other.
fn refuse_links(root: &Path, path: &str, checked: &mut String) -> Result<()> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    if folder != checked {
        local::refuse_links(root, path)?;
        folder.clone_into(checked);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(relative: &str, size: u64) -> Found {
        Found {
            relative: relative.into(),
            location: Location::Local(PathBuf::new()),
            size,
            modified: None,
            etag: None,
            storage_class: None,
        }
    }

    fn remote(key: &str) -> Location {
        Location::Remote(Remote { profile: "p".into(), bucket: "b".into(), key: key.into() })
    }

    #[test]
    fn what_went_down_goes_up_under_the_same_key() {
        let root = tempfile::tempdir().unwrap();
        let local = Location::Local(root.path().to_path_buf());
        let mut down =
            Targets::new(&Item { from: remote(""), to: local.clone(), tree: true, known: None }).unwrap();
        let mut up = Targets::new(&Item { from: local, to: remote("t/"), tree: true, known: None }).unwrap();
        for key in ["", "/lead", "../x", "both", "both/below", "dir/", "dir/x", "a\0b", "‛2/x"] {
            let Some(Location::Local(path)) = down.of(&found(key, 1)).unwrap() else { panic!("{key}") };
            let relative = path.strip_prefix(root.path()).unwrap().to_str().unwrap().to_owned();
            assert_eq!(up.of(&found(&relative, 1)).unwrap(), Some(remote(&format!("t/{key}"))), "{relative}");
        }
    }

    proptest! {
        /// Whatever keys there are: each gets a file of its own below the root, under names that file systems take,
        /// and goes up again under its own key.
        #[test]
        fn any_keys_stay_below_the_root_apart_from_each_other_and_come_back(
            keys in proptest::collection::btree_set("([ab./‛∅．␀\\x00]|A|2|\u{301}|é|x{90}){1,9}", 1..20),
        ) {
            let root = tempfile::tempdir().unwrap();
            let local = Location::Local(root.path().to_path_buf());
            let mut down =
                Targets::new(&Item { from: remote(""), to: local.clone(), tree: true, known: None }).unwrap();
            let mut up = Targets::new(&Item { from: local, to: remote(""), tree: true, known: None }).unwrap();
            let mut seen = std::collections::BTreeMap::new();
            for key in &keys {
                let Some(Location::Local(path)) = down.of(&found(key, 1)).unwrap() else { panic!("{key}") };
                let relative = path.strip_prefix(root.path()).unwrap().to_str().unwrap().to_owned();
                for component in relative.split('/') {
                    prop_assert!(!matches!(component, "" | "." | ".."), "{:?} as {:?}", key, relative);
                    prop_assert!(component.len() <= 255 && !component.contains('\0'), "{:?}", relative);
                }
                prop_assert_eq!(up.of(&found(&relative, 1)).unwrap(), Some(remote(key)));
                prop_assert_eq!(seen.insert(relative, key), None);
            }
            for relative in seen.keys() {
                let folder = format!("{relative}/");
                prop_assert!(!seen.keys().any(|other| other.starts_with(&folder)), "{:?} is file and folder", relative);
            }
        }
    }

    #[test]
    fn markers_are_folders() {
        let root = tempfile::tempdir().unwrap();
        let to = Location::Local(root.path().to_path_buf());
        let mut targets = Targets::new(&Item { from: remote("t/"), to, tree: true, known: None }).unwrap();
        assert_eq!(targets.of(&found("", 0)).unwrap(), None);
        let Some(Location::Local(path)) = targets.of(&found("d/../", 0)).unwrap() else { panic!() };
        assert_eq!(path.to_str().unwrap(), format!("{}/d/．．/", root.path().display()));
    }

    #[test]
    fn nothing_goes_through_a_link() {
        let root = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/tmp", root.path().join("out")).unwrap();
        let to = Location::Local(root.path().to_path_buf());
        let mut targets = Targets::new(&Item { from: remote("t/"), to, tree: true, known: None }).unwrap();
        assert!(targets.of(&found("in/x", 1)).is_ok());
        assert_eq!(targets.of(&found("out/x", 1)).unwrap_err().kind(), Kind::Denied);
        assert_eq!(targets.of(&found("out/y", 1)).unwrap_err().kind(), Kind::Denied);
    }
}
