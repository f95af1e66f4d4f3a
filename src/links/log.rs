//! What was shared: a line a link in the state folder, for its owner alone. Holds what a link was asked for and when it
//! ends, never its URL: to copy it again it is signed again.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Disposition, LinkRequest, Seen};
use crate::config::Paths;
use crate::config::paths::make_private;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Method, Presigned};

/// Links that are remembered; of more the oldest are forgotten.
const KEPT: usize = 5_000;
/// Bytes of the file at which that is looked after.
const LARGE: u64 = 2 << 20;

/// One link that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    /// Names it in commands: eight hexadecimal digits.
    pub id: String,
    /// When it was made.
    pub made: Timestamp,
    /// When it ends; `None`: never, it is a public address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What it allows.
    pub method: Method,
    /// The object.
    pub target: Location,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    content_length: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filename: Option<String>,
    #[serde(default)]
    disposition: Disposition,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<Seen>,
}

impl Shared {
    /// What is remembered of a link.
    pub fn of(request: &LinkRequest, link: &Presigned) -> Self {
        Self {
            id: format!("{:08x}", fastrand::u32(..)),
            made: Timestamp::now(),
            until: link.ends,
            method: request.method,
            target: Location::Remote(request.target.clone()),
            version_id: request.version_id.clone(),
            content_type: request.content_type.clone(),
            content_length: request.content_length,
            filename: request.filename.clone(),
            disposition: request.disposition,
            seen: request.seen.clone(),
        }
    }

    /// The object; `None` in a record that was tampered with.
    pub fn object(&self) -> Option<&Remote> {
        self.target.as_remote()
    }

    /// Whether it still works as far as time goes.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// The same link again, with the time that is left.
    ///
    /// # Errors
    /// `Kind::Usage` once it is over.
    pub fn again(&self, now: Timestamp) -> Result<LinkRequest> {
        let over = || {
            Error::new(Kind::Usage, format!("the link to {} is over", self.target))
                .with_hint("make a new one")
        };
        let target = self.object().ok_or_else(over)?.clone();
        let expires = match self.until {
            None => Duration::from_secs(1),
            Some(until) => Duration::try_from(until.duration_since(now)).map_err(|_| over())?,
        };
        if expires < Duration::from_secs(1) {
            return Err(over());
        }
        Ok(LinkRequest {
            target,
            method: self.method,
            expires: Duration::from_secs(expires.as_secs()),
            version_id: self.version_id.clone(),
            content_type: self.content_type.clone(),
            content_length: self.content_length,
            filename: self.filename.clone(),
            disposition: self.disposition,
            public: self.until.is_none(),
            part: None,
            seen: self.seen.clone(),
        })
    }
}

/// The file. Its operations block for as long as a small local file takes.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
}

impl Log {
    /// The log of this user; it need not exist.
    pub fn new(paths: &Paths) -> Self {
        Self { path: paths.links() }
    }

    /// Adds links, all of one call in one write.
    ///
    /// # Errors
    /// The file system's.
    pub fn add(&self, links: &[Shared]) -> Result<()> {
        let mut lines = Vec::new();
        for link in links {
            serde_json::to_writer(&mut lines, link).map_err(|error| {
                Error::new(Kind::Internal, format!("a link cannot be remembered: {error}"))
            })?;
            lines.push(b'\n');
        }
        let failed = |error| Error::local("write", &self.path, error);
        let mut file = self.open()?;
        file.write_all(&lines).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() > LARGE {
            drop(file);
            let mut kept = KEPT;
            self.forget(|_| {
                kept = kept.saturating_sub(1);
                kept == 0
            })?;
        }
        Ok(())
    }

    fn open(&self) -> Result<File> {
        make_private(self.path.parent().unwrap_or(Path::new(".")))?;
        let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(&self.path);
        let file = file.map_err(|error| Error::local("open", &self.path, error))?;
        file.lock().map_err(|error| Error::local("lock", &self.path, error))?;
        Ok(file)
    }

    /// Every link, the newest first. Lines that cannot be read (from a later version, cut off) are left out.
    ///
    /// # Errors
    /// The file system's.
    pub fn read(&self) -> Result<Vec<Shared>> {
        let failed = |error| Error::local("read", &self.path, error);
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut links = Vec::new();
        for line in BufReader::new(file).split(b'\n') {
            links.extend(serde_json::from_slice::<Shared>(&line.map_err(failed)?));
        }
        links.reverse();
        Ok(links)
    }

    /// Forgets what `which` says, newest first; how many those were. The links themselves go on working.
    ///
    /// # Errors
    /// The file system's; then nothing is forgotten.
    pub fn forget(&self, mut which: impl FnMut(&Shared) -> bool) -> Result<usize> {
        let _held = self.open()?;
        let all = self.read()?;
        let before = all.len();
        let kept: Vec<Shared> = all.into_iter().filter(|link| !which(link)).collect();
        let failed = |error| Error::local("write", &self.path, error);
        let mut new =
            tempfile::NamedTempFile::new_in(self.path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        for link in kept.iter().rev() {
            serde_json::to_writer(&mut new, link).map_err(|error| failed(error.into()))?;
            new.write_all(b"\n").map_err(failed)?;
        }
        new.as_file().sync_all().map_err(failed)?;
        new.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(before - kept.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::EndsBecause;

    fn shared(key: &str, until: Option<i64>) -> Shared {
        let target = Remote { profile: "p".into(), bucket: "b".into(), key: key.into() };
        let link = Presigned {
            url: "https://h/secret?X-Amz-Signature=abc".into(),
            headers: Vec::new(),
            ends: until.map(|seconds| Timestamp::new(seconds, 0).unwrap()),
            because: EndsBecause::Asked,
            clock_ahead: jiff::SignedDuration::ZERO,
        };
        let request = LinkRequest {
            filename: Some("x.txt".into()),
            ..LinkRequest::get(target, Duration::from_mins(1))
        };
        Shared::of(&request, &link)
    }

    #[test]
    fn links_are_remembered_without_their_urls_and_forgotten_on_demand() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(&Paths::below(folder.path()));
        assert_eq!(log.read().unwrap(), []);
        let (first, second) = (shared("a\n\"b", Some(100)), shared("c", None));
        log.add(std::slice::from_ref(&first)).unwrap();
        log.add(std::slice::from_ref(&second)).unwrap();
        let text = std::fs::read_to_string(&log.path).unwrap();
        assert!(!text.contains("Signature") && text.lines().count() == 2, "{text}");
        std::fs::write(&log.path, format!("{text}{{\"cut\": ")).unwrap();
        assert_eq!(log.read().unwrap(), [second.clone(), first.clone()]);
        assert_eq!(log.forget(|link| link.id == second.id).unwrap(), 1);
        assert_eq!(log.read().unwrap(), [first]);
    }

    #[test]
    fn a_link_is_made_again_with_the_time_that_is_left() {
        let link = shared("a", Some(100));
        let at = |seconds| Timestamp::new(seconds, 0).unwrap();
        let again = link.again(at(40)).unwrap();
        assert_eq!((again.expires, again.filename.as_deref()), (Duration::from_mins(1), Some("x.txt")));
        assert!(link.again(at(100)).unwrap_err().hint().is_some() && link.is_over(at(100)));
        assert!(shared("a", None).again(at(0)).unwrap().public);
    }
}
