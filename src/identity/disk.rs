//! Which local paths are one place: by what the file system says of what is there, not by how it is spelled. Blocking.

mod mounts;

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::{Overlap, Relation};
use crate::local::{FileId, is_respelling};
use mounts::Mounts;

/// A file and what is to be written for it.
pub(super) fn files(from: &Path, to: &Path) -> Relation {
    if is_same(from, to) {
        return if is_respelling(from, to) { Relation::Respelled } else { Relation::Certain(Overlap::Same) };
    }
    // The kernel does not find `new/../f`, but whoever makes `new` does.
    let ways_up = to.components().any(|component| component == Component::ParentDir);
    if ways_up && is_same(from, &Spot::of(to).path()) {
        return Relation::Certain(Overlap::Same);
    }
    Relation::Apart
}

/// Whether two paths lead to one file, or are one symbolic link.
fn is_same(left: &Path, right: &Path) -> bool {
    let one = |left: Option<FileId>, right: Option<FileId>| left.is_some() && left == right;
    one(FileId::of_entry(left), FileId::of_entry(right)) || one(FileId::of(left), FileId::of(right))
}

/// Two folders with all that is in them.
pub(super) fn trees(from: &Path, to: &Path) -> Relation {
    if is_respelling(from, to) {
        return Relation::Respelled;
    }
    let (from, to) = (Spot::of(from), Spot::of(to));
    let overlap = from.overlap(&to).or_else(|| Mounts::read()?.overlap(&from.path(), &to.path()));
    overlap.map_or(Relation::Apart, Relation::Certain)
}

/// A path as far as it exists, without links and `..`, and the rest of it.
struct Spot {
    real: PathBuf,
    rest: Vec<OsString>,
}

impl Spot {
    fn of(path: &Path) -> Self {
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let mut spot = Self { real: PathBuf::new(), rest: Vec::new() };
        for component in absolute.components() {
            match component {
                Component::Prefix(_) | Component::RootDir => spot.real.push(component),
                Component::ParentDir if spot.rest.pop().is_none() => drop(spot.real.pop()),
                Component::CurDir | Component::ParentDir => {}
                Component::Normal(name) if spot.rest.is_empty() => {
                    match spot.real.join(name).canonicalize() {
                        Ok(real) => spot.real = real,
                        Err(_) => spot.rest.push(name.to_owned()),
                    }
                }
                Component::Normal(name) => spot.rest.push(name.to_owned()),
            }
        }
        spot
    }

    fn path(&self) -> PathBuf {
        self.real.iter().map(AsRef::as_ref).chain(self.rest.iter().map(OsString::as_os_str)).collect()
    }

    /// The place itself, if it is there.
    fn id(&self) -> Option<FileId> {
        if self.rest.is_empty() { FileId::of(&self.real) } else { None }
    }

    /// Whether it is at or below the folder `id`.
    fn is_below(&self, id: FileId) -> bool {
        self.real.ancestors().any(|above| FileId::of(above) == Some(id))
    }

    fn overlap(&self, to: &Self) -> Option<Overlap> {
        let (source, target) = (self.id(), to.id());
        if source.is_some() && source == target {
            return Some(Overlap::Same);
        }
        if source.is_some_and(|source| to.is_below(source)) {
            return Some(Overlap::TargetInSource);
        }
        target.is_some_and(|target| self.is_below(target)).then_some(Overlap::SourceInTarget)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn world() -> tempfile::TempDir {
        let world = tempfile::tempdir().unwrap();
        let path = |name: &str| world.path().join(name);
        fs::create_dir_all(path("d/sub")).unwrap();
        fs::create_dir_all(path("e")).unwrap();
        fs::write(path("d/f"), "x").unwrap();
        fs::hard_link(path("d/f"), path("e/hard")).unwrap();
        symlink("../d/f", path("e/soft")).unwrap();
        symlink("d", path("link")).unwrap();
        symlink("nowhere", path("dangling")).unwrap();
        world
    }

    #[test]
    fn a_file_is_known_by_all_its_names() {
        let world = world();
        let relation = |from: &str, to: &str| files(&world.path().join(from), &world.path().join(to));
        let same = Relation::Certain(Overlap::Same);
        for (from, to, expected) in [
            ("d/f", "d/f", same),
            ("d/f", "d/./f", same),
            ("d/f", "d/sub/../f", same),
            ("d/f", "d/new/../f", same),
            ("d/f", "link/f", same),
            ("d/f", "e/hard", same),
            ("d/f", "e/soft", same),
            ("e/soft", "d/f", same),
            ("dangling", "./dangling", same),
            ("d/f", "d/g", Relation::Apart),
            ("d/f", "e/f", Relation::Apart),
            ("d/f", "link/new/f", Relation::Apart),
            ("d/f", "dangling", Relation::Apart),
        ] {
            assert_eq!(relation(from, to), expected, "{from} {to}");
        }
    }

    #[test]
    fn a_folder_overlaps_what_is_in_it_whatever_it_is_called() {
        let world = world();
        let relation = |from: &str, to: &str| trees(&world.path().join(from), &world.path().join(to));
        for (from, to, expected) in [
            ("d", "d", Some(Overlap::Same)),
            ("d", "link", Some(Overlap::Same)),
            ("d", "new/../d", Some(Overlap::Same)),
            ("d", "d/sub", Some(Overlap::TargetInSource)),
            ("d", "link/sub/new/er", Some(Overlap::TargetInSource)),
            ("link", "d/d", Some(Overlap::TargetInSource)),
            ("d/sub", "d", Some(Overlap::SourceInTarget)),
            ("link/sub", ".", Some(Overlap::SourceInTarget)),
            ("d", "d2", None),
            ("d", "e", None),
            ("d/sub", "d/sub2", None),
            ("d", "d/../d-new", None),
        ] {
            assert_eq!(
                relation(from, to),
                expected.map_or(Relation::Apart, Relation::Certain),
                "{from} {to}"
            );
        }
    }
}
