//! The configuration file changed by the program: one profile at a time, everything else left as it was written. The
//! new file is read before it takes the old one's place.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::paths::make_private;
use super::{Config, LoadOptions, Paths, file};
use crate::error::{Error, Kind, Result};
use crate::location::is_profile_name;

/// Where the secret of a new profile is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// In the configuration file, readable to whoever can read that.
    Plain,
    /// In the operating system's keyring.
    Keyring,
    /// In the file of sealed secrets.
    Sealed,
}

/// A profile as it is going to be written; empty fields are left out.
#[derive(Clone, Debug, Default)]
pub struct NewProfile {
    /// Its name.
    pub name: String,
    /// A row of the provider table.
    pub provider: String,
    /// Text keys and their values: `endpoint`, `region`, `account`, `access_key_id`, `aws_profile`, `bucket`, ...
    pub settings: Vec<(&'static str, String)>,
    /// Switches that are on: `read_only`, `anonymous`, `path_style`.
    pub switches: Vec<&'static str>,
    /// `secret_command`.
    pub secret_command: Vec<String>,
    /// The secret itself, and where it goes.
    pub secret: Option<(SecretString, Option<Stored>)>,
}

impl NewProfile {
    fn table(&self) -> Table {
        let mut table = Table::new();
        table["provider"] = value(&self.provider);
        for (key, text) in self.settings.iter().filter(|(_, text)| !text.is_empty()) {
            table[key] = value(text);
        }
        for key in &self.switches {
            table[key] = value(true);
        }
        if !self.secret_command.is_empty() {
            table["secret_command"] = value(self.secret_command.iter().collect::<Array>());
        }
        match &self.secret {
            None => {}
            Some((_, Some(Stored::Keyring))) => table["secret"] = value("keyring"),
            Some((_, Some(Stored::Sealed))) => table["secret"] = value("sealed"),
            Some((secret, Some(Stored::Plain) | None)) => {
                table["secret_access_key"] = value(secret.expose_secret());
            }
        }
        table
    }
}

/// A configuration file that is being changed.
#[derive(Clone, Debug)]
pub struct Editor {
    path: PathBuf,
    paths: Paths,
    document: DocumentMut,
}

impl Editor {
    /// Reads the file; without one it begins a new one.
    ///
    /// # Errors
    /// The file's, as [`Config::load`] tells them.
    pub fn open(options: &LoadOptions) -> Result<Self> {
        let paths = Paths::platform()?;
        let path = options.file.clone().unwrap_or_else(|| paths.config_file());
        Self::read(path, paths)
    }

    /// Reads the file that `config` is from, as it is now.
    ///
    /// # Errors
    /// As for [`Editor::open`].
    pub fn of(config: &Config) -> Result<Self> {
        let path = config.file.clone().unwrap_or_else(|| config.paths.config_file());
        Self::read(path, config.paths.clone())
    }

    fn read(path: PathBuf, paths: Paths) -> Result<Self> {
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Error::local("read", &path, error)),
        };
        // Mistakes are told by the reader, which names line and cure.
        file::parse(&text, &path, paths.clone())?;
        let document = text
            .parse::<DocumentMut>()
            .map_err(|error| Error::new(Kind::Config, format!("{}: {}", path.display(), error.message())))?;
        Ok(Self { path, paths, document })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a profile.
    ///
    /// # Errors
    /// `Kind::Usage` for a name that cannot be one, `Kind::Exists` for one that is there.
    pub fn add(&mut self, profile: &NewProfile) -> Result<()> {
        self.free(&profile.name)?.insert(&profile.name, Item::Table(profile.table()));
        Ok(())
    }

    /// Whether a profile of that name can be added.
    ///
    /// # Errors
    /// As for [`Editor::add`].
    pub fn is_free(&mut self, name: &str) -> Result<()> {
        self.free(name).map(drop)
    }

    /// Where a profile of that name goes.
    fn free(&mut self, name: &str) -> Result<&mut Table> {
        if !is_profile_name(name) {
            return Err(Error::new(Kind::Usage, format!("`{name}` cannot be the name of a profile"))
                .with_hint("letters, digits, `.`, `_` and `-`; not s3, http or https"));
        }
        let profiles = self.profiles()?;
        if profiles.contains_key(name) {
            return Err(Error::new(Kind::Exists, format!("there is a profile {name} already"))
                .with_hint(format!("`twinpail profile remove {name}`, or choose another name")));
        }
        Ok(profiles)
    }

    /// Removes a profile.
    ///
    /// # Errors
    /// `Kind::NotFound` if the file has none of that name.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        if self.profiles()?.remove(name).is_none() {
            let path = self.path.display();
            return Err(Error::new(Kind::NotFound, format!("{path} has no profile {name}"))
                .with_hint("profiles of the AWS files are removed with the AWS tools"));
        }
        if self.document.get("default_profile").and_then(Item::as_str) == Some(name) {
            self.document.remove("default_profile");
        }
        Ok(())
    }

    /// Sets keys of a profile that is there, the value as TOML has it.
    ///
    /// # Errors
    /// `Kind::NotFound` if the file has none of that name.
    pub fn set(&mut self, name: &str, settings: &[(&'static str, toml_edit::Value)]) -> Result<()> {
        let path = self.path.display().to_string();
        let profile = self.profiles()?.get_mut(name).and_then(Item::as_table_like_mut).ok_or_else(|| {
            Error::new(Kind::NotFound, format!("{path} has no profile {name}"))
                .with_hint("write one with the same name there first: `twinpail profile add`")
        })?;
        for (key, setting) in settings {
            profile.insert(key, Item::Value(setting.clone()));
        }
        Ok(())
    }

    /// Makes a profile the default one.
    pub fn make_default(&mut self, name: &str) {
        self.document["default_profile"] = value(name);
    }

    fn profiles(&mut self) -> Result<&mut Table> {
        let item = self.document.entry("profiles").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        item.as_table_mut().ok_or_else(|| {
            Error::new(Kind::Config, "`profiles` is not written as [profiles.NAME] tables")
                .with_hint("this program only changes files of that form; edit it by hand")
        })
    }

    /// What the file would say, as a configuration.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn preview(&self) -> Result<Config> {
        file::parse(&self.document.to_string(), &self.path, self.paths.clone())
    }

    /// Writes the file, for its owner alone.
    ///
    /// # Errors
    /// What would be wrong with it, the file system's; then the old one is as it was.
    pub fn save(&self) -> Result<()> {
        self.preview()?;
        // A link is written through: people keep their configuration elsewhere.
        let target = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder =
            target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        make_private(folder)?;
        let failed = |error| Error::local("write", &target, error);
        let mut new = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        let text = self.document.to_string();
        new.write_all(text.as_bytes()).and_then(|()| new.as_file().sync_all()).map_err(failed)?;
        new.persist(&target).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editor(folder: &Path, text: &str) -> Editor {
        let path = folder.join("c.toml");
        std::fs::write(&path, text).unwrap();
        let document = text.parse().unwrap();
        Editor { path, paths: Paths::below(folder), document }
    }

    fn minio(name: &str) -> NewProfile {
        NewProfile {
            name: name.into(),
            provider: "minio".into(),
            settings: vec![("endpoint", "http://127.0.0.1:9000".into()), ("access_key_id", "a".into())],
            switches: vec!["read_only"],
            secret: Some(("hush".into(), Some(Stored::Plain))),
            ..NewProfile::default()
        }
    }

    #[test]
    fn a_profile_comes_and_goes_and_the_rest_stays_as_it_was_written() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let text = "# mine\ndefault_profile = \"a\"   # the usual one\n\n[ui]\nascii = true\n\n[profiles.a]\nanonymous = true\n";
        let mut here = editor(folder.path(), text);
        here.add(&minio("lab")).unwrap();
        here.save().unwrap();
        let written = std::fs::read_to_string(&here.path).unwrap();
        assert!(written.starts_with(text), "{written}");
        assert_eq!(std::fs::metadata(&here.path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(here.preview().unwrap().profile("lab").unwrap().read_only);
        assert_eq!(here.add(&minio("lab")).unwrap_err().kind(), Kind::Exists);
        assert_eq!(here.add(&minio("s3")).unwrap_err().kind(), Kind::Usage);
        here.remove("lab").unwrap();
        here.save().unwrap();
        assert_eq!(std::fs::read_to_string(&here.path).unwrap(), text);
        assert_eq!(here.remove("lab").unwrap_err().kind(), Kind::NotFound);
        assert!(!format!("{:?}", minio("x")).contains("hush"));
    }

    #[test]
    fn what_would_be_refused_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut here = editor(folder.path(), "");
        here.add(&NewProfile { provider: "nonesuch".into(), ..minio("lab") }).unwrap();
        assert!(here.save().unwrap_err().hint().unwrap().contains("minio"));
        assert_eq!(std::fs::read_to_string(&here.path).unwrap(), "");
    }
}
