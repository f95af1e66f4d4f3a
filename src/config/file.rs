//! The configuration file: TOML into [`Config`], with file and line for whatever is wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::gateway::{GatewayTable, gateway};
use super::profile::{Checksums, CredentialSource, Origin, Profile};
use super::provider::{PROVIDERS, Provider, provider};
use super::units::{parse_duration, parse_rate, parse_size};
use super::{
    Config, Keys, OnConflict, Paths, SecretSource, Sse, ThemeChoice, TransferDefaults, Ui, Vault, Verify,
    secret_name,
};
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

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct UiTable {
    theme: Text,
    mouse: bool,
    ascii: bool,
    clipboard_command: Vec<String>,
    confirm_delete: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ProfileTable {
    provider: Text,
    account: Text,
    jurisdiction: Text,
    region: Text,
    endpoint: Text,
    public_endpoint: Text,
    public_url: Text,
    path_style: Option<bool>,
    aws_profile: Text,
    access_key_id: Text,
    secret_access_key: Option<secrecy::SecretString>,
    secret_command: Option<Spanned<Vec<String>>>,
    secret: Text,
    session_token: Option<secrecy::SecretString>,
    anonymous: bool,
    buckets: Vec<String>,
    bucket: Option<String>,
    read_only: bool,
    color: Option<String>,
    ca_bundle: Option<Spanned<PathBuf>>,
    checksums: Text,
    sign_payload: bool,
    requester_pays: bool,
    sse: Text,
    sse_customer_key_command: Option<Spanned<Vec<String>>>,
    connect_timeout: Text,
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
    fn word<T: Copy>(&self, key: &str, value: &Spanned<String>, words: &[(&str, T)]) -> Result<T> {
        words.iter().find(|(word, _)| word == value.get_ref()).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let message = format!("{key} = \"{}\" is not known", value.get_ref());
            let error = self.wrong(value.span().start, message);
            let near = nearest(value.get_ref(), allowed.iter().copied())
                .map(|near| format!("did you mean {near}? "));
            error.with_hint(format!("{}accepted: {}", near.unwrap_or_default(), allowed.join(", ")))
        })
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
    config.ui = ui(source, raw.ui)?;
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
    if let Some(word) = &table.verify {
        defaults.verify = source.word("verify", word, Verify::WORDS)?;
    }
    if let Some(size) = &table.memory {
        let bytes = source.parsed("memory", size, parse_size)?;
        if bytes < 16 << 20 {
            return Err(source.wrong(size.span().start, "memory must be at least 16MiB"));
        }
        defaults.memory = Some(bytes);
    }
    Ok(defaults)
}

fn ui(source: Source<'_>, table: UiTable) -> Result<Ui> {
    let theme = match &table.theme {
        None => ThemeChoice::default(),
        Some(word) => source.word("theme", word, ThemeChoice::WORDS)?,
    };
    let UiTable { mouse, ascii, clipboard_command, confirm_delete, .. } = table;
    Ok(Ui { theme, mouse, ascii, clipboard_command, confirm_delete: confirm_delete.unwrap_or(true) })
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

fn profile(source: Source<'_>, name: &str, table: &Spanned<ProfileTable>) -> Result<Profile> {
    let at = table.span().start;
    let table = table.get_ref();
    if !is_profile_name(name) {
        return Err(source
            .wrong(at, format!("`{name}` cannot be the name of a profile"))
            .with_hint("letters, digits, `.`, `_` and `-`; not s3, http or https"));
    }
    let names: Vec<(&str, &'static Provider)> = PROVIDERS.iter().map(|row| (row.name, row)).collect();
    let row = match &table.provider {
        Some(word) => source.word("provider", word, &names)?,
        None if table.endpoint.is_some() => &PROVIDERS[0],
        None => provider("aws").unwrap_or(&PROVIDERS[0]),
    };
    let region = table.region.as_ref().map(|r| r.get_ref().clone()).or_else(|| row.region.map(str::to_owned));
    let mut profile = Profile::new(name, row);
    profile.origin = Origin::File;
    profile.endpoint = endpoint(source, at, name, table, row, region.as_deref())?;
    profile.region = region;
    profile.credentials = credentials(source, at, name, table, row)?;
    if let Some(url) = &table.public_endpoint {
        profile.public_endpoint = Some(checked_url(source, "public_endpoint", url)?);
    }
    if let Some(url) = &table.public_url {
        let filled = url.get_ref().replace("{bucket}", "b").replace("{key}", "k");
        checked_url(source, "public_url", &Spanned::new(url.span(), filled))?;
        if !url.get_ref().contains("{key}") {
            return Err(source
                .wrong(url.span().start, "public_url has no {key} in it")
                .with_hint("for example public_url = \"https://cdn.example.org/{key}\""));
        }
        profile.public_url = Some(url.get_ref().clone());
    }
    if let Some(word) = &table.checksums {
        let words =
            [("auto", row.checksums), ("required", Checksums::Required), ("supported", Checksums::Supported)];
        profile.checksums = source.word("checksums", word, &words)?;
        if word.get_ref() == "required" {
            profile.kept_checksum = None;
        }
    }
    if let Some(path) = &table.ca_bundle {
        let expanded = expand_home(path.get_ref());
        if !expanded.is_file() {
            let message = format!("ca_bundle: there is no file {}", expanded.display());
            return Err(source.wrong(path.span().start, message));
        }
        profile.ca_bundle = Some(expanded);
    }
    if let Some(timeout) = &table.connect_timeout {
        profile.connect_timeout = source.parsed("connect_timeout", timeout, parse_duration)?;
    }
    encryption(source, table, &mut profile)?;
    profile.path_style = table.path_style.unwrap_or(row.path_style);
    profile.buckets.clone_from(&table.buckets);
    profile.bucket.clone_from(&table.bucket);
    profile.read_only = table.read_only;
    profile.color.clone_from(&table.color);
    profile.sign_payload = table.sign_payload;
    profile.requester_pays = table.requester_pays;
    Ok(profile)
}

/// Who encrypts with which key: the provider with its own, or with one that comes along with each request.
fn encryption(source: Source<'_>, table: &ProfileTable, profile: &mut Profile) -> Result<()> {
    if let Some(sse) = &table.sse {
        Sse::parse(sse.get_ref()).map_err(|why| source.wrong(sse.span().start, format!("sse {why}")))?;
        profile.sse = Some(sse.get_ref().clone());
    }
    if let Some(command) = &table.sse_customer_key_command {
        let at = command.span().start;
        if command.get_ref().is_empty() {
            return Err(source.wrong(at, "sse_customer_key_command names no program"));
        }
        if profile.sse.is_some() {
            return Err(source
                .wrong(at, "both sse and sse_customer_key_command")
                .with_hint("an object is encrypted with the provider's key or with yours, not with both"));
        }
        profile.sse_customer_key = Some(SecretSource::Command(command.get_ref().clone()));
    }
    Ok(())
}

/// The configured endpoint, else the provider's template filled in.
fn endpoint(
    source: Source<'_>,
    at: usize,
    name: &str,
    table: &ProfileTable,
    row: &'static Provider,
    region: Option<&str>,
) -> Result<Option<String>> {
    if let Some(url) = &table.endpoint {
        return checked_url(source, "endpoint", url).map(Some);
    }
    let missing = |key: &str, example: &str| {
        source
            .wrong(at, format!("profile {name}: {} needs `{key}`", row.title))
            .with_hint(format!("for example {key} = \"{example}\""))
    };
    let Some(template) = row.endpoint else {
        return if row.name == "aws" { Ok(None) } else { Err(missing("endpoint", "https://s3.example.org")) };
    };
    let mut url = template.to_owned();
    if url.contains("{account}") {
        let account =
            table.account.as_ref().ok_or_else(|| missing("account", "0123456789abcdef0123456789abcdef"))?;
        url = url.replace("{account}", account.get_ref());
    }
    if url.contains("{jurisdiction}") {
        let part = match &table.jurisdiction {
            None => "",
            Some(word) => {
                source.word("jurisdiction", word, &[("eu", ".eu"), ("fedramp", ".fedramp"), ("", "")])?
            }
        };
        url = url.replace("{jurisdiction}", part);
    }
    if url.contains("{region}") {
        url = url.replace("{region}", region.ok_or_else(|| missing("region", "eu-central-1"))?);
    }
    Ok(Some(url))
}

fn checked_url(source: Source<'_>, key: &str, url: &Spanned<String>) -> Result<String> {
    let text = url.get_ref().trim_end_matches('/');
    let parsed = text.parse::<http::Uri>().ok();
    let fine = parsed.as_ref().is_some_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && uri.query().is_none()
    });
    if fine {
        Ok(text.to_owned())
    } else {
        Err(source
            .wrong(url.span().start, format!("{key} must be an http:// or https:// address"))
            .with_hint(
                "without credentials, query or bucket: https://s3.example.org or http://127.0.0.1:9000",
            ))
    }
}

fn credentials(
    source: Source<'_>,
    at: usize,
    name: &str,
    table: &ProfileTable,
    row: &'static Provider,
) -> Result<CredentialSource> {
    let ways = usize::from(table.anonymous)
        + usize::from(table.aws_profile.is_some())
        + usize::from(table.access_key_id.is_some());
    let wrong = |message: &str| {
        source.wrong(at, format!("profile {name}: {message}")).with_hint(
            "one of: aws_profile; access_key_id with secret_access_key, secret_command or secret; anonymous = true",
        )
    };
    if ways > 1 {
        return Err(wrong("more than one kind of credentials"));
    }
    if table.anonymous {
        return Ok(CredentialSource::Anonymous);
    }
    if let Some(profile) = &table.aws_profile {
        return Ok(CredentialSource::Aws { profile: Some(profile.get_ref().clone()) });
    }
    let Some(access_key_id) = &table.access_key_id else {
        return if row.name == "aws" {
            Ok(CredentialSource::Aws { profile: None })
        } else {
            Err(wrong("no credentials"))
        };
    };
    let secret = match (&table.secret_access_key, &table.secret_command, &table.secret) {
        (Some(secret), None, None) => SecretSource::Plain(secret.clone()),
        (None, Some(command), None) if command.get_ref().is_empty() => {
            return Err(source.wrong(command.span().start, "secret_command names no program"));
        }
        (None, Some(command), None) => SecretSource::Command(command.get_ref().clone()),
        (None, None, Some(word)) => {
            let sealed = source.word("secret", word, &[("keyring", false), ("sealed", true)])?;
            let name = secret_name(name);
            if sealed {
                SecretSource::Sealed(Arc::clone(source.vault), name)
            } else {
                SecretSource::Keyring(name)
            }
        }
        (None, None, None) => return Err(wrong("access_key_id without a secret")),
        _ => return Err(wrong("more than one of secret_access_key, secret_command and secret")),
    };
    let session_token = table.session_token.clone();
    Ok(CredentialSource::Static { access_key_id: access_key_id.get_ref().clone(), secret, session_token })
}

/// `~/` at the start is the home folder.
pub(super) fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config> {
        parse(text, Path::new("c.toml"), Paths::below(Path::new("/nowhere")))
    }

    #[test]
    fn mistakes_name_file_line_and_what_is_allowed() {
        let keys = "access_key_id = \"a\"\nsecret_command = [\"x\"]\n";
        for (text, line, words) in [
            ("\ndefault_profil = \"x\"", 2, "default_profile"),
            ("[ui]\ntheme = \"drak\"", 2, "did you mean dark?"),
            ("[ui]\nmouse = \"yes\"", 2, "boolean"),
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
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            let all = format!("{error} {}", error.hint().unwrap_or_default());
            assert!(all.starts_with(&format!("c.toml:{line}: ")), "{text}\n{all}");
            assert!(all.contains(words), "{text}\n{all}");
        }
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
        assert!(matches!(config.profile("m").unwrap().credentials, CredentialSource::Aws { profile: None }));
    }
}
