//! What is mounted where: a folder of a file system can be mounted at several places, and inside of others.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use super::super::Overlap;

/// A folder of a file system: the device's number and the path in it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Region {
    device: String,
    path: PathBuf,
}

impl Region {
    fn holds(&self, other: &Self) -> bool {
        self.device == other.device && other.path.starts_with(&self.path)
    }
}

/// One line of the table.
#[derive(Clone, Debug)]
struct Mount {
    at: PathBuf,
    shows: Region,
}

/// The mounts of this process, the latest last.
#[derive(Clone, Debug)]
pub(super) struct Mounts(Vec<Mount>);

impl Mounts {
    /// `None` where the system does not tell.
    pub(super) fn read() -> Option<Self> {
        std::fs::read("/proc/self/mountinfo").ok().map(|table| Self::parse(&table))
    }

    /// `36 35 98:0 /folder/of/device /mount/point ...`, as proc(5) says.
    fn parse(table: &[u8]) -> Self {
        let mount = |line: &[u8]| {
            let fields: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
            let [_, _, device, root, at, ..] = fields.as_slice() else { return None };
            let device = String::from_utf8_lossy(device).into_owned();
            Some(Mount { at: unescaped(at), shows: Region { device, path: unescaped(root) } })
        };
        Self(table.split(|byte| *byte == b'\n').filter_map(mount).collect())
    }

    /// What is shown at a path without links.
    fn region(&self, path: &Path) -> Option<Region> {
        let mut found: Option<&Mount> = None;
        for mount in self.0.iter().filter(|mount| path.starts_with(&mount.at)) {
            // Of two at one place the later one hides the other.
            if found.is_none_or(|found| mount.at.starts_with(&found.at)) {
                found = Some(mount);
            }
        }
        let found = found?;
        let below = path.strip_prefix(&found.at).ok()?;
        Some(Region { path: found.shows.path.join(below), ..found.shows.clone() })
    }

    /// What is shown at a path, and all that is mounted below it.
    fn regions(&self, path: &Path) -> Vec<Region> {
        let below = self.0.iter().filter(|mount| mount.at != path && mount.at.starts_with(path));
        self.region(path).into_iter().chain(below.map(|mount| mount.shows.clone())).collect()
    }

    /// Whether two trees share a folder. Both paths are without links, as far as they exist.
    pub(super) fn overlap(&self, from: &Path, to: &Path) -> Option<Overlap> {
        let (sources, targets) = (self.regions(from), self.regions(to));
        let (source, target) = (sources.first()?, targets.first()?);
        if source == target {
            return Some(Overlap::Same);
        }
        if sources.iter().any(|region| region.holds(target)) {
            return Some(Overlap::TargetInSource);
        }
        let shared = |left: &Region| targets.iter().any(|right| left.holds(right) || right.holds(left));
        sources.iter().any(shared).then_some(Overlap::SourceInTarget)
    }
}

/// Spaces, tabs, newlines and backslashes are written as octal numbers.
fn unescaped(field: &[u8]) -> PathBuf {
    let (mut bytes, mut rest) = (Vec::with_capacity(field.len()), field);
    while let Some((first, behind)) = rest.split_first() {
        let octal = behind.get(..3).filter(|_| *first == b'\\');
        let number = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(number.unwrap_or(*first));
        rest = if number.is_some() { &behind[3..] } else { behind };
    }
    OsString::from_vec(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw - proc proc rw
24 22 8:1 /srv/d/sub /mnt/bound rw - ext4 /dev/sda1 rw
25 22 8:1 /srv/d /mnt/with\\040space rw - ext4 /dev/sda1 rw
26 22 8:2 / /backup rw - ext4 /dev/sdb1 rw
27 26 8:1 /srv/d/y /backup/x rw - ext4 /dev/sda1 rw
28 22 8:3 / /hidden rw - ext4 /dev/sdc1 rw
29 22 8:4 / /hidden rw - ext4 /dev/sdd1 rw
";

    #[test]
    fn bound_folders_are_where_they_come_from() {
        let mounts = Mounts::parse(TABLE.as_bytes());
        for (from, to, expected) in [
            ("/srv/d", "/mnt/with space", Some(Overlap::Same)),
            ("/srv/d", "/mnt/bound", Some(Overlap::TargetInSource)),
            ("/srv/d", "/mnt/bound/new", Some(Overlap::TargetInSource)),
            ("/mnt/bound", "/srv/d", Some(Overlap::SourceInTarget)),
            ("/mnt/bound", "/mnt/with space/sub/x", Some(Overlap::TargetInSource)),
            ("/srv/d", "/backup", Some(Overlap::SourceInTarget)),
            ("/srv/d/y/z", "/backup", Some(Overlap::SourceInTarget)),
            ("/srv/d", "/backup/x", Some(Overlap::TargetInSource)),
            ("/srv/d", "/backup/other", None),
            ("/srv/d", "/srv/dd", None),
            ("/srv/e", "/mnt/bound", None),
            ("/hidden/a", "/srv/a", None),
        ] {
            assert_eq!(mounts.overlap(Path::new(from), Path::new(to)), expected, "{from} {to}");
        }
        assert_eq!(mounts.region(Path::new("/hidden/a")).unwrap().device, "8:4");
    }
}
