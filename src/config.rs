//! What the user configured: the file, the profiles found elsewhere, the provider table, keys, themes, folders.
//! Reads local files and the environment; knows nothing of the network.

mod aws_files;
mod edit;
mod file;
mod gateway;
mod import;
pub mod keyring;
mod keys;
pub mod paths;
mod profile;
pub mod prompt;
mod provider;
mod secret;
mod sse;
mod theme;
mod ui;
pub mod units;
mod vault;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use aws_files::{aws_default, aws_profile};
pub use edit::{Editor, NewProfile, Stored};
pub use gateway::{AdminAddress, Gateway, Serve};
pub use import::{Importable, importable};
pub use keys::Keys;
pub use paths::Paths;
pub use profile::{Checksums, CredentialSource, EnvironmentCredentials, Origin, Profile};
pub use provider::{PROVIDERS, Provider, provider};
pub use secret::{GATEWAY_TOKEN, SecretSource, secret_name};
pub use sse::Sse;
pub use theme::{Look, Scheme, ThemeChoice};
pub use ui::{Column, Sizes, Times, Ui};
pub use vault::{Asks, Sealed, Sealer, TRIES, Vault, random};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::location::{Location, Names, unknown_profile};

/// What `config init` writes, and where every key is documented.
pub const EXAMPLE: &str = include_str!("../config.example.toml");

/// The configuration of one run.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from, if there was one.
    pub file: Option<PathBuf>,
    /// The profile that `s3://` and the right pane mean.
    pub default_profile: Option<String>,
    /// Why there is none: `AWS_PROFILE` names a profile that does not exist. Who names another one is not held up.
    pub refused_default: Option<Error>,
    /// Every profile, those of the file first; names are unique.
    pub profiles: Vec<Profile>,
    /// The names of `profiles`, in the same order (what [`Config::names`] lends out).
    pub profile_names: Vec<String>,
    /// `[transfer]`.
    pub transfer: TransferDefaults,
    /// `[presign] expires`; 1 s to 7 days.
    pub presign_expires: Duration,
    /// `[gateway]`.
    pub gateway: Gateway,
    /// `[ui]`.
    pub ui: Ui,
    /// The bindings: defaults with `[keys]` applied.
    pub keys: Keys,
    /// Where state, cache, journal and logs live.
    pub paths: Paths,
    /// Secrets sealed by a passphrase.
    pub vault: Arc<Vault>,
    /// What was odd but not wrong; shown once.
    pub warnings: Vec<String>,
    /// Nothing that is written below `paths` outlives this run (the demo).
    pub fleeting: bool,
}

/// `[transfer]`; `None` is `auto`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransferDefaults {
    /// Bytes of a part.
    pub part_size: Option<u64>,
    /// Requests in flight.
    pub parallel: Option<usize>,
    /// What the browser does about existing targets; `None`: ask.
    pub on_conflict: Option<OnConflict>,
    /// Bytes a second at most; `None`: as fast as it goes.
    pub limit_rate: Option<u64>,
    /// How what was moved is proved.
    pub verify: Verify,
    /// Bytes of files and streams held in memory at once; `None`: 48 MiB.
    pub memory: Option<u64>,
}

/// How what was moved is proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// By its length alone.
    Off,
    /// By the checksum that the provider keeps or checks, where that costs no second reading.
    #[default]
    Default,
    /// Also what takes a second look: the ETags of multipart uploads are computed anew.
    Full,
}

impl Verify {
    /// Every word, as the configuration and the command line know them.
    pub const WORDS: &[(&str, Verify)] =
        &[("off", Self::Off), ("default", Self::Default), ("full", Self::Full)];
}

/// What to do about a target that exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnConflict {
    /// Replace it.
    #[default]
    Overwrite,
    /// Leave it and count the file as skipped.
    Skip,
    /// Replace it if the source is newer; else, and where a time is unknown, skip.
    Newer,
    /// Write to a free name next to it: `name (1).ext`.
    Rename,
    /// Fail that file.
    Fail,
    /// Ask the user.
    Ask,
}

impl OnConflict {
    /// Every word, as the configuration and the command line know them.
    pub const WORDS: &[(&str, OnConflict)] = &[
        ("overwrite", Self::Overwrite),
        ("skip", Self::Skip),
        ("newer", Self::Newer),
        ("rename", Self::Rename),
        ("fail", Self::Fail),
        ("ask", Self::Ask),
    ];
}

/// Where to look; what the global options say.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// `--config` or `TWINPAIL_CONFIG`; must exist then.
    pub file: Option<PathBuf>,
    /// `--profile` or `TWINPAIL_PROFILE`; must be known then.
    pub profile: Option<String>,
}

/// A variable of the environment, empty ones left out.
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The environment of this process.
fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

impl Config {
    /// Reads the file (if there is one), then adds the profiles of the AWS files and environment.
    ///
    /// # Errors
    /// `Kind::Config` with file, line, and what is allowed; `Kind::Usage` for an unknown `profile`.
    pub fn load(options: &LoadOptions) -> Result<Self> {
        Self::load_from(options, Paths::platform()?, &process_environment)
    }

    fn load_from(options: &LoadOptions, paths: Paths, environment: Environment<'_>) -> Result<Self> {
        let file = options.file.clone().unwrap_or_else(|| paths.config_file());
        let mut config = match std::fs::read_to_string(&file) {
            Ok(text) => {
                refuse_readable_secrets(&text, &file)?;
                file::parse(&text, &file, paths)?
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && options.file.is_none() => {
                Self::of_profiles(Vec::new(), paths)
            }
            Err(error) => {
                let error = Error::local("read", &file, error);
                return Err(
                    Error::new(Kind::Config, error.message()).with_hint("`twinpail config init` writes one")
                );
            }
        };
        let found = aws_files::profiles(environment, &config.profile_names);
        config.warnings.extend(found.warnings);
        for profile in found.profiles {
            if !config.profile_names.contains(&profile.name) {
                config.profile_names.push(profile.name.clone());
                config.profiles.push(profile);
            }
        }
        if let Some(name) = &options.profile {
            config.profile(name)?;
            config.default_profile = Some(name.clone());
        }
        if config.default_profile.is_none() {
            let first = || config.profile_names.first().cloned();
            match found.preferred {
                Ok(preferred) => config.default_profile = preferred.or_else(first),
                Err(error) => config.refused_default = Some(error),
            }
        }
        Ok(config)
    }

    /// A configuration of these profiles alone, everything else at its default; the first is the default profile.
    pub fn of_profiles(profiles: Vec<Profile>, paths: Paths) -> Self {
        let profile_names: Vec<String> = profiles.iter().map(|profile| profile.name.clone()).collect();
        let vault = Vault::new(&paths, Vec::new());
        Self {
            file: None,
            default_profile: profile_names.first().cloned(),
            refused_default: None,
            profiles,
            profile_names,
            transfer: TransferDefaults::default(),
            presign_expires: Duration::from_hours(1),
            gateway: Gateway::default(),
            ui: Ui::default(),
            keys: Keys::default(),
            vault,
            paths,
            warnings: Vec::new(),
            fleeting: false,
        }
    }

    /// The same with one profile more, or with this one in the place of that of the same name.
    #[must_use]
    pub fn with_profile(&self, mut profile: Profile) -> Self {
        let mut config = self.clone();
        if let CredentialSource::Static { secret: SecretSource::Sealed(vault, _), .. } =
            &mut profile.credentials
        {
            // One vault asks for its passphrase once.
            *vault = Arc::clone(&config.vault);
        }
        config.default_profile.get_or_insert_with(|| profile.name.clone());
        if let Some(known) = config.profiles.iter_mut().find(|known| known.name == profile.name) {
            *known = profile;
        } else {
            config.profile_names.push(profile.name.clone());
            config.profiles.push(profile);
        }
        config
    }

    /// The profile called `name`.
    ///
    /// # Errors
    /// `Kind::Usage`, with the nearest name.
    pub fn profile(&self, name: &str) -> Result<&Profile> {
        self.profiles
            .iter()
            .find(|profile| profile.name == name)
            .ok_or_else(|| unknown_profile(name, &self.profile_names))
    }

    /// Whether a place cannot be reached before the passphrase of the sealed secrets is typed.
    pub fn is_locked(&self, place: &Location) -> bool {
        let profile = place.profile().and_then(|name| self.profile(name).ok());
        profile.is_some_and(Profile::is_sealed) && self.vault.asks() == Asks::Passphrase
    }

    /// Refuses to change anything at `place` if its profile is read-only, before any work is done. `doing` is what
    /// was to be done, in words that follow "cannot".
    ///
    /// # Errors
    /// `Kind::Denied`; `Kind::Usage` for an unknown profile.
    pub fn writable(&self, place: &Location, doing: &str) -> Result<()> {
        place.profile().map_or(Ok(()), |name| self.profile(name)?.writable(doing))
    }

    /// The profile that is meant where none is named; `None` if there is none.
    ///
    /// # Errors
    /// `Kind::Usage` if `AWS_PROFILE` names a profile that does not exist.
    pub fn default_profile(&self) -> Result<Option<&str>> {
        match (&self.default_profile, &self.refused_default) {
            (None, Some(error)) => Err(error.clone()),
            (profile, _) => Ok(profile.as_deref()),
        }
    }

    /// What locations are parsed with.
    pub fn names(&self) -> Names<'_> {
        Names {
            profiles: &self.profile_names,
            default: self.default_profile.as_deref(),
            refused: self.refused_default.as_ref(),
        }
    }
}

/// A file that holds a secret must be for its owner alone.
fn refuse_readable_secrets(text: &str, file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let holds_secret = text.lines().map(str::trim_start).any(|line| {
        ["secret_access_key", "session_token"]
            .iter()
            .any(|key| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')))
    });
    let open = std::fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o077 != 0);
    if holds_secret && open {
        let shown = file.display();
        return Err(Error::new(Kind::Config, format!("{shown} holds a secret and others can read it"))
            .with_hint(format!("chmod 600 {shown}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, mode: u32, variables: &[(&str, &str)]) -> Result<Config> {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("c.toml");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let options = LoadOptions { file: Some(file), profile: None };
        let environment = |name: &str| {
            let set = variables
                .iter()
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| (*value).to_owned());
            set.or_else(|| (name == "HOME").then(|| folder.path().display().to_string()))
        };
        Config::load_from(&options, Paths::below(folder.path()), &environment)
    }

    #[test]
    fn the_example_is_accepted_as_it_is_and_with_every_key_set() {
        load(EXAMPLE, 0o644, &[]).unwrap();
        let all: String = EXAMPLE
            .lines()
            .map(|line| line.strip_prefix("#").filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
            .fold(String::new(), |text, line| text + line + "\n");
        let config = load(&all, 0o600, &[]).unwrap();
        assert!(config.profiles.len() > 5, "{:?}", config.profile_names);
        for row in PROVIDERS {
            assert!(
                config.profiles.iter().any(|p| p.provider.name == row.name),
                "{} is not in the example",
                row.name
            );
        }
    }

    #[test]
    fn secrets_that_others_can_read_are_refused_with_the_cure() {
        let text = "[profiles.x]\nprovider = \"minio\"\nendpoint = \"http://h\"\naccess_key_id = \"a\"\nsecret_access_key = \"hush\"\n";
        let error = load(text, 0o644, &[]).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.hint().unwrap().starts_with("chmod 600 "));
        let config = load(text, 0o600, &[]).unwrap();
        assert!(!format!("{config:?}").contains("hush"), "Debug shows a secret");
    }

    #[test]
    fn credentials_in_the_environment_are_a_profile_without_any_configuration() {
        let config =
            load("", 0o644, &[("AWS_ACCESS_KEY_ID", "A"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:9")])
                .unwrap();
        assert_eq!(config.default_profile.as_deref(), Some("env"));
        let profile = config.profile("env").unwrap();
        assert!(profile.path_style && profile.endpoint.as_deref() == Some("http://127.0.0.1:9"));
    }
}
