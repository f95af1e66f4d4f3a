//! The folders of this program; the one place that names them.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// Where this run keeps its files. Folders are made when first needed, for the owner alone (0700).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The configuration folder.
    pub config: PathBuf,
    /// State that should outlive the run.
    pub state: PathBuf,
    /// What can be thrown away.
    pub cache: PathBuf,
}

impl Paths {
    /// The platform's folders (`XDG_CONFIG_HOME` and friends honoured).
    ///
    /// # Errors
    /// No home folder.
    pub fn platform() -> Result<Self> {
        let folders = directories::ProjectDirs::from("", "", "twinpail").ok_or_else(|| {
            Error::new(Kind::Config, "there is no home folder")
                .with_hint("set HOME, or name a file with --config")
        })?;
        let state = folders.state_dir().unwrap_or_else(|| folders.data_local_dir());
        Ok(Self {
            config: folders.config_dir().to_path_buf(),
            state: state.to_path_buf(),
            cache: folders.cache_dir().to_path_buf(),
        })
    }

    /// Everything below one folder.
    pub fn below(root: &Path) -> Self {
        Self { config: root.join("config"), state: root.join("state"), cache: root.join("cache") }
    }

    /// The journal of transfers.
    pub fn transfers(&self) -> PathBuf {
        self.state.join("transfers")
    }

    /// Secrets sealed by a passphrase.
    pub fn sealed_secrets(&self) -> PathBuf {
        self.config.join("sealed-secrets.json")
    }

    /// Upload kits.
    pub fn kits(&self) -> PathBuf {
        self.state.join("kits")
    }

    /// A gateway of this machine: its store, its key, its socket.
    pub fn gateway(&self) -> PathBuf {
        self.state.join("gateway")
    }

    /// The log of links.
    pub fn links(&self) -> PathBuf {
        self.state.join("links.jsonl")
    }

    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }
}

/// Makes `folder` and what is above it; what it makes is for the owner alone.
///
/// # Errors
/// The file system's.
pub fn make_private(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| Error::local("create", folder, error))
}

/// `~/` at the start is the home folder.
pub fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_path_buf(),
    }
}

/// Writes a file for its owner alone, and over nothing that is there; `hint`: what to do if something is.
///
/// # Errors
/// `Kind::Exists`; the file system's.
pub fn new_private_file(path: &Path, text: &str, hint: &str) -> Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = made.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            Error::new(Kind::Exists, format!("{} exists", path.display())).with_hint(hint)
        }
        _ => Error::local("create", path, error),
    })?;
    file.write_all(text.as_bytes()).map_err(|error| {
        // Half a file is worse than none.
        let _ = std::fs::remove_file(path);
        Error::local("write", path, error)
    })
}
