//! Which paths are looked at: globs, and ignore files with gitignore's syntax. The same for both sides, so that what
//! is left out is neither copied nor deleted.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::types::Filters;
use crate::error::{Error, Kind, Result};
use crate::transfer::{Filter, Request};

/// Read from the root of a local source.
const OWN: &str = ".twinpailignore";

/// What is looked at.
#[derive(Debug)]
pub(super) struct Rules {
    globs: Filter,
    ignored: Gitignore,
}

impl Rules {
    /// Reads the ignore files, that of a local `source` first. Blocking.
    pub(super) fn new(filters: &Filters, source: Option<&Path>) -> Result<Self> {
        let globs = Request {
            include: filters.include.clone(),
            exclude: filters.exclude.clone(),
            ..Request::default()
        };
        let mut builder = GitignoreBuilder::new("");
        let own = source.map(|root| root.join(OWN)).filter(|file| file.exists());
        for file in own.iter().chain(&filters.ignore_files) {
            let text = std::fs::read_to_string(file).map_err(|error| Error::local("read", file, error))?;
            for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
                let wrong =
                    |error| Error::new(Kind::Usage, format!("{}:{}: {error}", file.display(), number + 1));
                builder.add_line(None, line).map_err(wrong)?;
            }
        }
        let ignored = builder.build().map_err(|error| Error::new(Kind::Usage, error.to_string()))?;
        Ok(Self { globs: Filter::new(&globs)?, ignored })
    }

    /// Whether a path is looked at; with a `/` at its end, whether anything below that folder may be.
    pub(super) fn takes(&self, relative: &str) -> bool {
        if relative.ends_with('/') {
            return !self.ignores(relative);
        }
        self.globs.takes(relative) && !self.ignores(relative)
    }

    /// As git does it: nothing below an ignored folder can be taken back in.
    fn ignores(&self, relative: &str) -> bool {
        if self.ignored.is_empty() {
            return false;
        }
        let folders = relative.match_indices('/').map(|(at, _)| &relative[..at]);
        let mut above = folders.filter(|folder| !folder.is_empty());
        above.any(|folder| self.ignored.matched(folder, true).is_ignore())
            || (!relative.ends_with('/') && self.ignored.matched(relative, false).is_ignore())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(ignore: &str, exclude: &[&str]) -> Rules {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(OWN), ignore).unwrap();
        let exclude = exclude.iter().map(|&glob| glob.to_owned()).collect();
        Rules::new(&Filters { exclude, ..Filters::default() }, Some(folder.path())).unwrap()
    }

    #[test]
    fn ignore_files_work_as_gits() {
        let rules = rules("# words\n\n*.log\n!keep.log\ntarget/\n/top\ndocs/**/draft\n", &[]);
        for (path, taken) in [
            ("a.log", false),
            ("x/a.log", false),
            ("x/keep.log", true),
            ("target/keep.log", false),
            ("x/target/deep/f", false),
            ("target", true),
            ("top", false),
            ("x/top", true),
            ("docs/a/b/draft", false),
            ("x/target/", false),
            ("x/", true),
        ] {
            assert_eq!(rules.takes(path), taken, "{path}");
        }
    }

    #[test]
    fn odd_keys_are_only_text() {
        let rules = rules("*.log\nlead\n", &["tmp/*"]);
        for key in ["/lead/x", "//", "/", "a//b", "./..", "\0", "é\u{1b}"] {
            rules.takes(key);
        }
        assert!(!rules.takes("tmp/x") && rules.takes("x/tmp"));
    }

    #[test]
    fn a_wrong_pattern_names_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine");
        std::fs::write(&file, "fine\na[z-a]\n").unwrap();
        let error =
            Rules::new(&Filters { ignore_files: vec![file], ..Filters::default() }, None).unwrap_err();
        assert!(error.kind() == Kind::Usage && error.message().contains("mine:2: "), "{error}");
    }
}
