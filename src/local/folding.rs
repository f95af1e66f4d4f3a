//! Which names a file system takes for one and the same. It is asked rather than guessed: the rules of APFS, HFS+,
//! NTFS, exFAT and case-folding ext4 all differ.

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Names that are the same have the same [`Folding::identity`].
#[derive(Debug)]
pub(super) struct Folding {
    /// Upper and lower case are the same.
    case: bool,
    /// Composed and decomposed characters are.
    form: bool,
    hasher: RandomState,
    /// The nearest folder that exists.
    folder: PathBuf,
    /// Where names that no simple rule decides are tried out; removed at the end.
    trial: Option<TempDir>,
}

impl Folding {
    /// Finds out with a temporary file, in `folder` or the nearest one above that exists. Where that cannot be
    /// written, the system's usual ways are assumed.
    pub(super) fn of(folder: &Path) -> Self {
        let exists = folder.ancestors().find(|path| path.is_dir());
        let folder = exists.unwrap_or(Path::new(".")).to_path_buf();
        let folder = if folder.as_os_str().is_empty() { PathBuf::from(".") } else { folder };
        let usual = cfg!(target_vendor = "apple");
        let (case, form) = probe(&folder).unwrap_or((usual, usual));
        Self::new(case, form, folder)
    }

    pub(super) fn new(case: bool, form: bool, folder: PathBuf) -> Self {
        Self { case, form, hasher: RandomState::new(), folder, trial: None }
    }

    /// A number that all spellings of a name share.
    pub(super) fn identity(&mut self, name: &str) -> u64 {
        if !self.case && (!self.form || name.is_ascii()) {
            return self.hasher.hash_one(name);
        }
        // Both ways, because `ß` is `SS` and the Kelvin sign is `k`.
        let folded = if self.case { name.to_lowercase().to_uppercase() } else { name.to_owned() };
        if folded.is_ascii() {
            return self.hasher.hash_one(folded);
        }
        self.tried(name).unwrap_or_else(|| self.hasher.hash_one(folded))
    }

    /// The number of the file that the file system makes of the name.
    fn tried(&mut self, name: &str) -> Option<u64> {
        if self.trial.is_none() {
            self.trial = tempfile::Builder::new().prefix(".twinpail-").tempdir_in(&self.folder).ok();
        }
        let path = self.trial.as_ref()?.path().join(name);
        let file = OpenOptions::new().create(true).append(true).open(path).ok()?;
        Some(file.metadata().ok()?.ino())
    }
}

fn probe(folder: &Path) -> Option<(bool, bool)> {
    let file = tempfile::Builder::new().prefix(".twinpail-\u{e9}-").tempfile_in(folder).ok()?;
    let name = file.path().file_name()?.to_str()?;
    let found = |name: String| fs::symlink_metadata(folder.join(name)).is_ok();
    Some((found(name.to_ascii_uppercase()), found(name.replace('\u{e9}', "e\u{301}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finding_out_leaves_nothing_behind() {
        let root = tempfile::tempdir().unwrap();
        let mut folding = Folding::of(&root.path().join("not/yet"));
        let truth = {
            fs::write(root.path().join("aé"), "").unwrap();
            let found = |name: &str| root.path().join(name).exists();
            (found("Aé"), found("ae\u{301}"))
        };
        assert_eq!((folding.case, folding.form), truth);
        folding.tried("é");
        drop(folding);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn spellings_share_a_number_where_they_are_folded() {
        let root = tempfile::tempdir().unwrap();
        let mut folds = Folding::new(true, true, root.path().to_path_buf());
        assert_eq!(folds.identity("Readme"), folds.identity("README"));
        assert_eq!(folds.identity("stra\u{df}e"), folds.identity("STRASSE"));
        assert_eq!(folds.identity("日本"), folds.identity("日本"));
        assert_ne!(folds.identity("日本"), folds.identity("東京"));
        let mut exact = Folding::new(false, false, root.path().to_path_buf());
        assert_ne!(exact.identity("Readme"), exact.identity("README"));
    }
}
