//! `[profiles.NAME]`: one provider and how to reach it.

use std::path::PathBuf;

use ratatui::style::Color;
use serde::Deserialize;
use toml::Spanned;

use super::super::paths::expand_home;
use super::{Source, Text};
use crate::config::profile::{Checksums, CredentialSource, Origin, Profile};
use crate::config::provider::{PROVIDERS, Provider, provider};
use crate::config::theme::colour;
use crate::config::units::parse_duration;
use crate::config::{SecretSource, Sse, secret_name};
use crate::error::Result;
use crate::location::is_profile_name;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ProfileTable {
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
    #[serde(deserialize_with = "colour")]
    color: Option<Color>,
    ca_bundle: Option<Spanned<PathBuf>>,
    checksums: Text,
    sign_payload: bool,
    requester_pays: bool,
    sse: Text,
    sse_customer_key_command: Option<Spanned<Vec<String>>>,
    connect_timeout: Text,
}

pub(super) fn profile(source: Source<'_>, name: &str, table: &Spanned<ProfileTable>) -> Result<Profile> {
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
    profile.color = table.color;
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
        return Ok(CredentialSource::AwsProfile(profile.get_ref().clone()));
    }
    let Some(access_key_id) = &table.access_key_id else {
        return if row.name == "aws" {
            Ok(CredentialSource::AwsDefault)
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
        (None, None, Some(word)) => source.stored("secret", word, &secret_name(name))?,
        (None, None, None) => return Err(wrong("access_key_id without a secret")),
        _ => return Err(wrong("more than one of secret_access_key, secret_command and secret")),
    };
    let session_token = table.session_token.clone();
    Ok(CredentialSource::Static { access_key_id: access_key_id.get_ref().clone(), secret, session_token })
}
