//! The configuration file: TOML into [`Config`], with file and line for whatever is wrong.

mod profile;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use self::profile::{ProfileTable, profile};
use super::gateway::{GatewayTable, gateway};
use super::ui::{Themes, UiTable, ui};
use super::units::{parse_duration, parse_rate, parse_size};
use super::{Config, Keys, OnConflict, Paths, SecretSource, TransferDefaults, Vault, Verify};
use crate::error::{Error, Kind, Result};
use crate::location::{is_profile_name, nearest};

/// SigV4's longest life of a link.
const MAX_EXPIRES: Duration = Duration::from_hours(168);

type Text = Option<Spanned<String>>;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    default_profile: Text,
    passphrase_command: Vec<String>,
    transfer: TransferTable,
    presign: PresignTable,
    ui: UiTable,
    themes: Themes,
    gateway: GatewayTable,
    keys: BTreeMap<String, BTreeMap<String, Spanned<Vec<String>>>>,
    profiles: BTreeMap<String, Spanned<ProfileTable>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct TransferTable {
    part_size: Text,
    parallel: Option<Spanned<toml::Value>>,
    on_conflict: Text,
    limit_rate: Text,
    verify: Text,
    memory: Text,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PresignTable {
    expires: Text,
}

/// What a mistake is reported with: the file's name and text.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    text: &'a str,
    file: &'a Path,
    vault: &'a Arc<Vault>,
}

fn wrong_at(text: &str, file: &Path, at: usize, message: impl std::fmt::Display) -> Error {
    let line = 1 + text.get(..at).map_or(0, |before| before.matches('\n').count());
    Error::new(Kind::Config, format!("{}:{line}: {message}", file.display()))
}

impl Source<'_> {
    pub(super) fn wrong(&self, at: usize, message: impl std::fmt::Display) -> Error {
        wrong_at(self.text, self.file, at, message)
    }

    /// The value of one of some words.
    pub(super) fn word<T: Copy>(&self, key: &str, value: &Spanned<String>, words: &[(&str, T)]) -> Result<T> {
        words.iter().find(|(word, _)| word == value.get_ref()).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("{key} = \"{}\" is not known", value.get_ref());
            let error = self.wrong(value.span().start, message);
            let near = nearest(value.get_ref(), allowed.iter().copied())
                .map(|near| format!("did you mean {near}? "));
            error.with_hint(format!("{}accepted: {}", near.unwrap_or_default(), allowed.join(", ")))
        })
    }

    /// Where a secret called `name` was stored.
    pub(super) fn stored(&self, key: &str, place: &Spanned<String>, name: &str) -> Result<SecretSource> {
        let sealed = self.word(key, place, &[("keyring", false), ("sealed", true)])?;
        Ok(if sealed {
            SecretSource::Sealed(Arc::clone(self.vault), name.to_owned())
        } else {
            SecretSource::Keyring(name.to_owned())
        })
    }

    /// The same where it may be left out.
    pub(super) fn chosen<T: Copy + Default>(
        &self,
        key: &str,
        value: Option<&Spanned<String>>,
        words: &[(&str, T)],
    ) -> Result<T> {
        value.map_or_else(|| Ok(T::default()), |value| self.word(key, value, words))
    }

    pub(super) fn parsed<T>(
        &self,
        key: &str,
        value: &Spanned<String>,
        read: fn(&str) -> Result<T, String>,
    ) -> Result<T> {
        read(value.get_ref()).map_err(|why| self.wrong(value.span().start, format!("{key}: {why}")))
    }
}

/// Reads the text of `file`.
pub(super) fn parse(text: &str, file: &Path, paths: Paths) -> Result<Config> {
    let raw: File = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        wrong_at(text, file, at, error.message().trim_end().replace('\n', "; "))
    })?;
    let vault = Vault::new(&paths, raw.passphrase_command.clone());
    let source = Source { text, file, vault: &vault };
    let mut profiles = Vec::new();
    for (name, table) in &raw.profiles {
        profiles.push((table.span().start, profile(source, name, table)?));
    }
    profiles.sort_by_key(|(at, _)| *at);
    let mut config = Config::of_profiles(profiles.into_iter().map(|(_, profile)| profile).collect(), paths);
    config.file = Some(file.to_path_buf());
    config.vault = vault.clone();
    config.default_profile = None;
    if let Some(name) = &raw.default_profile {
        // A profile of the AWS files may be meant, so that only the name's form is judged here.
        if !is_profile_name(name.get_ref()) {
            return Err(source.wrong(name.span().start, "default_profile is not the name of a profile"));
        }
        config.default_profile = Some(name.get_ref().clone());
    }
    config.transfer = transfer(source, &raw.transfer)?;
    if let Some(expires) = &raw.presign.expires {
        config.presign_expires = source.parsed("expires", expires, parse_duration)?;
        if config.presign_expires.is_zero() || config.presign_expires > MAX_EXPIRES {
            return Err(
                source.wrong(expires.span().start, "expires must be between 1s and 7d, where SigV4 ends")
            );
        }
    }
    config.gateway = gateway(source, &raw.gateway, &config.paths)?;
    config.ui = ui(source, raw.ui, &raw.themes)?;
    config.keys = keys(source, &raw.keys)?;
    Ok(config)
}

fn transfer(source: Source<'_>, table: &TransferTable) -> Result<TransferDefaults> {
    let mut defaults = TransferDefaults::default();
    if let Some(size) = table.part_size.as_ref().filter(|size| size.get_ref() != "auto") {
        let bytes = source.parsed("part_size", size, parse_size)?;
        if !(5 << 20..=5 << 30).contains(&bytes) {
            return Err(
                source.wrong(size.span().start, "part_size must be between 5MiB and 5GiB, or \"auto\"")
            );
        }
        defaults.part_size = Some(bytes);
    }
    if let Some(parallel) = table.parallel.as_ref().filter(|value| value.get_ref().as_str() != Some("auto")) {
        let number = parallel.get_ref().as_integer().and_then(|n| usize::try_from(n).ok());
        let number = number.filter(|n| (1..=1024).contains(n)).ok_or_else(|| {
            source.wrong(parallel.span().start, "parallel must be a number between 1 and 1024, or \"auto\"")
        })?;
        defaults.parallel = Some(number);
    }
    if let Some(word) = &table.on_conflict {
        defaults.on_conflict = Some(source.word("on_conflict", word, OnConflict::WORDS)?);
    }
    if let Some(rate) = table.limit_rate.as_ref().filter(|rate| !rate.get_ref().is_empty()) {
        defaults.limit_rate = Some(source.parsed("limit_rate", rate, parse_rate)?);
    }
    defaults.verify = source.chosen("verify", table.verify.as_ref(), Verify::WORDS)?;
    if let Some(size) = &table.memory {
        let bytes = source.parsed("memory", size, parse_size)?;
        if bytes < 16 << 20 {
            return Err(source.wrong(size.span().start, "memory must be at least 16MiB"));
        }
        defaults.memory = Some(bytes);
    }
    Ok(defaults)
}

fn keys(
    source: Source<'_>,
    tables: &BTreeMap<String, BTreeMap<String, Spanned<Vec<String>>>>,
) -> Result<Keys> {
    let mut keys = Keys::default();
    for (screen, table) in tables {
        for (action, bound) in table {
            keys.rebind(screen, action, bound.get_ref()).map_err(|(message, hint)| {
                source
                    .wrong(bound.span().start, format!("[keys] {screen}.{action}: {message}"))
                    .with_hint(hint)
            })?;
        }
    }
    keys.refuse_clashes().map_err(|message| {
        let at =
            tables.values().flat_map(BTreeMap::values).map(|bound| bound.span().start).min().unwrap_or(0);
        source.wrong(at, format!("[keys]: {message}"))
    })?;
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Color;

    use crate::config::{CredentialSource, Look, Scheme, ThemeChoice};

    fn read(text: &str) -> Result<Config> {
        parse(text, Path::new("c.toml"), Paths::below(Path::new("/nowhere")))
    }

    #[test]
    fn mistakes_name_file_line_and_what_is_allowed() {
        let keys = "access_key_id = \"a\"\nsecret_command = [\"x\"]\n";
        for (text, line, words) in [
            ("\ndefault_profil = \"x\"", 2, "default_profile"),
            ("[ui]\ntheme = \"drak\"", 2, "did you mean dark?"),
            ("[ui]\ntheme = \"mine\"\n[themes.mien]", 2, "did you mean mien?"),
            ("[themes.mine]\nfoldr = {}", 2, "`folder`"),
            ("[themes.mine]\nbase = \"drak\"", 2, "`dark`"),
            (
                "[themes.mine]\n\nfolder = { fg = \"bleu\" }",
                3,
                "\"bleu\" is not a colour; accepted: black, red",
            ),
            ("[themes.mine.folder]\nbold = true\nbg = 256", 3, "0 to 255"),
            ("[themes.mine.folder]\nbg = \"#12345\"", 2, "#rrggbb"),
            ("[themes.mine.folder]\nblink = true", 2, "`reversed`"),
            ("[ui]\n[themes.dark]", 2, "another name"),
            ("[profiles.x]\ncolor = \"rde\"", 2, "\"rde\" is not a colour"),
            ("[ui]\nmouse = \"yes\"", 2, "boolean"),
            ("[ui]\n\nconfirm_copy_files = 0", 3, "at least 1"),
            ("[ui]\nconfirm_copy_files = \"1000\"", 2, "\"off\""),
            ("[ui]\nconfirm_copy_size = \"huge\"", 2, "not a size"),
            ("[ui]\n\nsizes = \"IEC\"", 3, "accepted: si, iec, bytes"),
            ("[ui]\ncolumns = [\"size\",\n\"sise\"]", 3, "did you mean size?"),
            ("[ui]\ncolumns = [\"class\", \"class\"]", 2, "class twice"),
            ("[ui]\ntimes = \"gmt\"", 2, "accepted: local, utc"),
            ("[transfer]\nparallel = 0", 2, "1 and 1024"),
            ("[transfer]\npart_size = \"1MiB\"", 2, "5MiB"),
            ("[presign]\nexpires = \"8d\"", 2, "7d"),
            ("[profiles.x]\nprovider = \"aws3\"", 2, "did you mean aws?"),
            ("[profiles.\"a b\"]\nprovider = \"aws\"", 1, "name of a profile"),
            (&format!("[profiles.x]\nprovider = \"r2\"\n{keys}"), 1, "account"),
            (&format!("[profiles.x]\nprovider = \"wasabi\"\n{keys}"), 1, "region"),
            (&format!("[profiles.x]\nprovider = \"minio\"\n{keys}"), 1, "endpoint"),
            (&format!("[profiles.x]\nprovider = \"minio\"\nendpoint = \"ftp://x\"\n{keys}"), 3, "http://"),
            ("[profiles.x]\nprovider = \"minio\"\nendpoint = \"http://x\"", 1, "anonymous"),
            (&format!("[profiles.x]\nanonymous = true\n{keys}"), 1, "more than one"),
            ("[profiles.x]\nsse = \"aws:kmz\"", 2, "aws:kms:dsse"),
            ("[profiles.x]\nsse_customer_key_command = []", 2, "no program"),
            ("[profiles.x]\nsse_customer_key_command = \"pass\"", 2, "sequence"),
            ("[profiles.x]\nsse = \"AES256\"\nsse_customer_key_command = [\"x\"]", 3, "not with both"),
            ("[keys]\nbrowser.copy_lnik = [\"y\"]", 2, "copy_link"),
            ("[keys]\nbrowser.copy_link = [\"ctrl-i\"]", 2, "Tab"),
            ("[keys.browser]\ncopy_link = [\"c\"]", 2, "copy"),
            ("[keys]\nviewer.serach = [\"f\"]", 2, "did you mean search?"),
            ("[keys]\nviewer.wrap = [\"n\"]", 2, "viewer.next"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            let all = format!("{error} {}", error.hint().unwrap_or_default());
            assert!(all.starts_with(&format!("c.toml:{line}: ")), "{text}\n{all}");
            assert!(all.contains(words), "{text}\n{all}");
        }
    }

    #[test]
    fn a_theme_of_ones_own_is_chosen_by_its_name() {
        let look = |fg, bold| Some(Look { fg: Some(fg), bold, ..Look::default() });
        let config = read(
            "[ui]\ntheme = \"sea\"\n[themes.sea]\nbase = \"dark\"\nfolder = { fg = \"#87afff\", bold = true }\n\
             good = { fg = 35 }\nkey = { fg = \"light-cyan\" }\ntext = { fg = \"default\" }\n[themes.other]\n",
        )
        .unwrap();
        let sea = Scheme {
            folder: look(Color::Rgb(0x87, 0xaf, 0xff), true),
            good: look(Color::Indexed(35), false),
            key: look(Color::LightCyan, false),
            text: look(Color::Reset, false),
            ..Scheme::of(ThemeChoice::Dark)
        };
        assert_eq!(config.ui.theme, sea);
        assert_eq!(read("[themes.sea]\n").unwrap().ui.theme, Scheme::default(), "it is there, not chosen");
    }

    #[test]
    fn presets_fill_in_what_a_provider_needs() {
        let config = read(
            "[profiles.z]\nprovider = \"r2\"\naccount = \"acc\"\njurisdiction = \"eu\"\naccess_key_id = \"a\"\nsecret_command = [\"x\"]\n\
             [profiles.a]\nprovider = \"spaces\"\nregion = \"fra1\"\nanonymous = true\n[profiles.m]\n",
        )
        .unwrap();
        assert_eq!(config.profile_names, ["z", "a", "m"], "in the file's order");
        let r2 = config.profile("z").unwrap();
        assert_eq!(r2.endpoint.as_deref(), Some("https://acc.eu.r2.cloudflarestorage.com"));
        assert_eq!(r2.region.as_deref(), Some("auto"));
        let spaces = config.profile("a").unwrap();
        assert_eq!(spaces.endpoint.as_deref(), Some("https://fra1.digitaloceanspaces.com"));
        assert!(!spaces.path_style);
        assert!(matches!(config.profile("m").unwrap().credentials, CredentialSource::AwsDefault));
    }
}
