//! Bookmarks and places visited lately, in one small file of the state folder. A place is kept exactly, whatever its
//! name; knows nothing of panes.

use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::location::Location;

/// The form of the file.
const FORMAT: u32 = 1;
/// Places visited lately that are remembered.
const RECENT: usize = 50;

/// What is remembered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    #[serde(default)]
    format: u32,
    /// In the user's order.
    #[serde(default)]
    pub bookmarks: Vec<Location>,
    /// The latest first.
    #[serde(default)]
    pub recent: Vec<Location>,
}

impl Places {
    /// Adds a bookmark; whether it is new.
    pub fn add(&mut self, place: &Location) -> bool {
        let new = !self.bookmarks.contains(place);
        if new {
            self.bookmarks.push(place.clone());
        }
        new
    }

    /// Removes a bookmark.
    pub fn remove(&mut self, place: &Location) {
        self.bookmarks.retain(|bookmark| bookmark != place);
    }

    /// Remembers a visit.
    pub fn visit(&mut self, place: &Location) {
        self.recent.retain(|recent| recent != place);
        self.recent.insert(0, place.clone());
        self.recent.truncate(RECENT);
    }
}

/// Where they are kept. Blocking; safe against other processes of the same user.
#[derive(Clone, Debug)]
pub struct PlacesFile(PathBuf);

impl PlacesFile {
    /// In the state folder.
    pub fn new(state: &Path) -> Self {
        Self(state.join("places.json"))
    }

    /// What is there.
    ///
    /// # Errors
    /// The file system's, and what [`PlacesFile::change`] says of a file that cannot be read.
    pub fn read(&self) -> Result<Places> {
        match std::fs::read(&self.0) {
            Ok(text) => self.parse(&text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Places::default()),
            Err(error) => Err(Error::local("read", &self.0, error)),
        }
    }

    /// Changes what is there and returns it.
    ///
    /// # Errors
    /// The file system's; a file that cannot be read is left as it is, with `Kind::Config`.
    pub fn change(&self, change: impl FnOnce(&mut Places)) -> Result<Places> {
        let failed = |error| Error::local("write", &self.0, error);
        crate::config::paths::make_private(self.0.parent().unwrap_or(Path::new(".")))?;
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&self.0);
        let mut file = file.map_err(failed)?;
        // Held for the moment of the change; written in place, so that everybody locks the same file.
        file.lock().map_err(failed)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let mut places = if text.is_empty() { Places::default() } else { self.parse(&text)? };
        places.format = FORMAT;
        change(&mut places);
        let text = serde_json::to_vec_pretty(&places).map_err(|error| failed(error.into()))?;
        file.rewind().and_then(|()| file.write_all(&text)).map_err(failed)?;
        file.set_len(text.len() as u64).map_err(failed)?;
        Ok(places)
    }

    fn parse(&self, text: &[u8]) -> Result<Places> {
        let places: Option<Places> = serde_json::from_slice(text).ok();
        places.filter(|places| places.format <= FORMAT).ok_or_else(|| {
            let shown = self.0.display();
            Error::new(Kind::Config, format!("{shown} cannot be read as bookmarks")).with_hint(format!(
                "it is damaged or from a later version; move it away: mv {shown} {shown}.old"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::Remote;

    fn place(key: &str) -> Location {
        Location::Remote(Remote { profile: "p".into(), bucket: "b".into(), key: key.into() })
    }

    #[test]
    fn places_are_kept_exactly_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = PlacesFile::new(folder.path());
        assert_eq!(file.read().unwrap(), Places::default());
        let odd = place("a\n//\u{1b}[2J\u{202e}/");
        file.change(|places| {
            assert!(places.add(&odd) && places.add(&place("x/")) && !places.add(&odd));
            (0..60).for_each(|n| places.visit(&place(&format!("{n}/"))));
            places.visit(&place("30/"));
        })
        .unwrap();
        let places = file.read().unwrap();
        assert_eq!(places.bookmarks, [odd.clone(), place("x/")]);
        assert_eq!(
            (places.recent.len(), &places.recent[0], &places.recent[1]),
            (50, &place("30/"), &place("59/"))
        );
        let fewer = file.change(|places| places.remove(&odd)).unwrap();
        assert_eq!(file.read().unwrap(), fewer);
    }

    #[test]
    fn what_cannot_be_read_is_left_alone_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = PlacesFile::new(folder.path());
        for text in ["{", "{\"format\": 99}"] {
            std::fs::write(&file.0, text).unwrap();
            assert!(file.change(|_| {}).unwrap_err().hint().unwrap().contains("mv "));
            assert_eq!(std::fs::read_to_string(&file.0).unwrap(), text);
        }
    }
}
