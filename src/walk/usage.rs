//! How much is where: counts and bytes below a place, by folder and by storage class; what is there more than once.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Found, Total};
use crate::location::Location;

/// What a tree holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// All of it.
    pub total: Total,
    /// By storage class, as listings name it.
    pub classes: BTreeMap<String, Total>,
    /// By folder below the root, `/` at the end, as deep as was asked.
    pub folders: BTreeMap<String, Total>,
}

impl Usage {
    /// Counts one more; folders down to `depth` below the root get their share.
    pub fn add(&mut self, found: &Found, depth: usize) {
        self.total.add(found.size);
        if let Some(class) = &found.storage_class {
            // An owned key only for a class not seen before.
            match self.classes.get_mut(&**class) {
                Some(total) => total.add(found.size),
                None => self.classes.entry(class.to_string()).or_default().add(found.size),
            }
        }
        for (at, _) in found.relative.match_indices('/').take(depth) {
            let folder = &found.relative[..=at];
            match self.folders.get_mut(folder) {
                Some(total) => total.add(found.size),
                None => self.folders.entry(folder.to_owned()).or_default().add(found.size),
            }
        }
    }
}

impl Total {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// The largest of what lies in no folder of a place, a few of them however many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Largest(Vec<(u64, Location)>);

impl Largest {
    /// So many are kept.
    pub const MOST: usize = 50;

    /// Takes it in if it is one of them. What has no name of its own stands for the place.
    pub fn add(&mut self, found: &Found) {
        if found.relative.is_empty() || found.relative.contains('/') {
            return;
        }
        let at = self.0.partition_point(|(bytes, _)| *bytes >= found.size);
        if at < Self::MOST {
            self.0.truncate(Self::MOST - 1);
            self.0.insert(at, (found.size, found.location.clone()));
        }
    }

    /// Their bytes and where they are, the largest first.
    pub fn iter(&self) -> impl Iterator<Item = &(u64, Location)> {
        self.0.iter()
    }
}

/// Objects that are equal as far as listings tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copies {
    /// Bytes of each.
    pub size: u64,
    /// Their common ETag.
    pub etag: String,
    /// When each was modified and where it is, the oldest first.
    pub objects: Vec<Seen>,
}

impl Copies {
    /// Bytes that go if one of them stays.
    pub fn wasted(&self) -> u64 {
        self.size.saturating_mul(self.objects.len().saturating_sub(1) as u64)
    }
}

/// An object, and when it was last modified.
type Seen = (Option<jiff::Timestamp>, Location);

/// Looks for objects of the same size and ETag. Equal bytes that were uploaded in parts of different sizes have
/// different ETags and are not found; encrypted objects may have ETags of their own.
#[derive(Debug, Default)]
pub struct Duplicates(HashMap<(u64, Box<str>), Vec<Seen>>);

impl Duplicates {
    /// One more object; what is empty or has no ETag is left out.
    pub fn add(&mut self, found: Found) {
        if let Some(etag) = found.etag.filter(|_| found.size > 0) {
            self.0.entry((found.size, etag)).or_default().push((found.modified, found.location));
        }
    }

    /// Groups of at least two, most wasted bytes first.
    pub fn groups(self) -> Vec<Copies> {
        let groups = self.0.into_iter().map(|((size, etag), mut seen)| {
            seen.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.exact().cmp(&b.1.exact())));
            // Places that overlap show an object twice: it is no copy of itself.
            let mut known = HashSet::new();
            seen.retain(|(_, location)| known.insert(location.exact()));
            Copies { size, etag: etag.into(), objects: seen }
        });
        let mut groups: Vec<Copies> = groups.filter(|group| group.objects.len() > 1).collect();
        groups.sort_by(|a, b| b.wasted().cmp(&a.wasted()).then_with(|| a.etag.cmp(&b.etag)));
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Remote;

    fn found(key: &str, size: u64, etag: &str) -> Found {
        let target = Remote { profile: "p".into(), bucket: "b".into(), key: key.into() };
        Found {
            relative: key.into(),
            location: Location::Remote(target),
            size,
            modified: None,
            etag: Some(etag.into()),
            storage_class: Some("STANDARD".into()),
        }
    }

    #[test]
    fn folders_get_their_share_down_to_the_depth() {
        let mut usage = Usage::default();
        for (key, size) in [("a/b/c", 1), ("a/d", 10), ("e", 100), ("//x", 1000)] {
            usage.add(&found(key, size, "t"), 1);
        }
        let folders: Vec<_> =
            usage.folders.iter().map(|(name, total)| (name.as_str(), total.bytes)).collect();
        assert_eq!(folders, [("/", 1000), ("a/", 11)]);
        assert_eq!((usage.total.files, usage.classes["STANDARD"].bytes), (4, 1111));
    }

    #[test]
    fn the_largest_in_no_folder_are_kept_and_no_more_than_that() {
        let mut largest = Largest::default();
        for (key, size) in [("", 900), ("a/b", 800), ("c/", 0)] {
            largest.add(&found(key, size, "t"));
        }
        assert_eq!(largest, Largest::default(), "what is in a folder, and what stands for one");
        let sizes = |largest: &Largest| largest.iter().map(|(bytes, _)| *bytes).collect::<Vec<_>>();
        for size in 1..=70 {
            largest.add(&found(&format!("{size}"), size * 37 % 71, "t"));
        }
        assert_eq!(sizes(&largest), (21..=70).rev().collect::<Vec<_>>());
    }

    #[test]
    fn copies_come_by_what_they_waste_the_oldest_first() {
        let mut duplicates = Duplicates::default();
        for (key, size, etag) in [
            ("a", 5, "x"),
            ("b", 5, "x"),
            ("c", 9, "y"),
            ("d", 9, "y"),
            ("e", 9, "z"),
            ("f", 0, "n"),
            ("g", 0, "n"),
        ] {
            let second = if key == "d" { 1 } else { 2 };
            let modified = jiff::Timestamp::from_second(second).ok();
            duplicates.add(Found { modified, ..found(key, size, etag) });
        }
        // The same object once more, as an overlapping place finds it.
        let modified = jiff::Timestamp::from_second(2).ok();
        duplicates.add(Found { modified, ..found("c", 9, "y") });
        duplicates.add(Found { modified: Some(jiff::Timestamp::UNIX_EPOCH), ..found("e", 9, "z") });
        let groups = duplicates.groups();
        assert_eq!(groups.iter().map(Copies::wasted).collect::<Vec<_>>(), [9, 5]);
        assert_eq!(
            groups[0].objects.iter().map(|(_, location)| location.to_string()).collect::<Vec<_>>(),
            ["p:b/d", "p:b/c"]
        );
    }
}
