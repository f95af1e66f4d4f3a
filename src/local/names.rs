//! Which paths of one tree are taken, so that no file stands in another's way. Knows nothing of keys.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;

use super::folding::Folding;
use super::key::beside;

/// The paths given out so far, as hashes: 16 bytes or so each.
///
/// A file and a folder cannot have the same name, and neither can names that the file system takes for the same
/// (`README` and `readme` on most Macs). The first stays where it is; the next goes into a folder `‛2` beside it,
/// which [`super::key_of`] sees through.
#[derive(Debug)]
pub struct Names {
    folding: Folding,
    hasher: RandomState,
    taken: HashMap<u64, Taken>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Taken {
    /// Part of the exact name's hash.
    exact: u32,
    is_folder: bool,
}

impl Names {
    /// No path below `root` is taken. Asks the file system there what it takes for the same name; blocking.
    pub fn new(root: &Path) -> Self {
        Self::with(Folding::of(root))
    }

    fn with(folding: Folding) -> Self {
        Self { folding, hasher: RandomState::new(), taken: HashMap::new() }
    }

    /// Where `path` (safe, relative, `/` between its components) goes; borrowed if it stays. The same path goes to
    /// the same place again. Paths that come in the same order go to the same places. May block on the disk.
    pub fn place<'a>(&mut self, path: &'a str, is_folder: bool) -> Cow<'a, str> {
        let mut placed = String::with_capacity(path.len());
        let mut above = 0;
        let mut components = path.split('/').peekable();
        while let Some(name) = components.next() {
            let (spot, number) = self.claim(above, name, is_folder || components.peek().is_some());
            above = spot;
            if number > 1 {
                placed.push_str(&beside(number));
                placed.push('/');
            }
            placed.push_str(name);
            if components.peek().is_some() {
                placed.push('/');
            }
        }
        if placed == path { Cow::Borrowed(path) } else { Cow::Owned(placed) }
    }

    /// The first spot for `name` in the folder at the spot `above` that is free or its own already.
    fn claim(&mut self, above: u64, name: &str, is_folder: bool) -> (u64, u32) {
        let same = self.folding.identity(name);
        #[expect(clippy::cast_possible_truncation, reason = "any 32 bits of a hash will do")]
        let own = Taken { exact: self.hasher.hash_one(name) as u32, is_folder };
        let mut number = 1;
        loop {
            let spot = self.hasher.hash_one((above, number, same));
            if *self.taken.entry(spot).or_insert(own) == own {
                return (spot, number);
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::key_of;
    use super::*;

    fn places(names: &mut Names, paths: &[&str]) -> Vec<String> {
        paths.iter().map(|path| names.place(path, false).into_owned()).collect()
    }

    fn names(folds: bool) -> Names {
        Names::with(Folding::new(folds, folds, std::env::temp_dir()))
    }

    #[test]
    fn a_file_and_a_folder_of_one_name_both_find_a_place() {
        let paths = ["d/a", "d/a/b", "d/a/c/e", "x/y", "x"];
        let mut names = names(false);
        let placed = places(&mut names, &paths);
        assert_eq!(placed, ["d/a", "d/‛2/a/b", "d/‛2/a/c/e", "x/y", "‛2/x"]);
        assert_eq!(places(&mut names, &paths), placed, "and the same again");
        let keys: Vec<_> = placed.iter().map(|path| key_of(path)).collect();
        assert_eq!(keys, paths);
        assert_eq!(names.place("d/a", true), "d/‛2/a", "a folder without files");
    }

    #[test]
    fn spellings_are_told_apart_where_the_disk_does_not() {
        let paths = ["README", "readme", "ReadMe/x", "README/y", "Lib/a", "lib/b", "lib/c"];
        let mut folding = names(true);
        let placed = places(&mut folding, &paths);
        assert_eq!(
            placed,
            ["README", "‛2/readme", "‛3/ReadMe/x", "‛4/README/y", "Lib/a", "‛2/lib/b", "‛2/lib/c"]
        );
        assert_eq!(places(&mut folding, &paths), placed);
        assert_eq!(places(&mut names(false), &["README", "readme", "é", "e\u{301}"])[1], "readme");
    }
}
