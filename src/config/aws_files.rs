//! Profiles that need no configuration: those of the AWS files, the environment, and an EC2 instance.
//! Only names and settings are read here; credentials are resolved when a profile is first used.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{
    CredentialSource, Environment, EnvironmentCredentials, Origin, PROVIDERS, Profile, process_environment,
    provider,
};
use crate::error::{Error, Kind, Result};
use crate::location::{is_profile_name, nearest};

/// What was found.
pub(super) struct Found {
    pub(super) profiles: Vec<Profile>,
    /// The one that AWS's own tools would use; an error if `AWS_PROFILE` names none.
    pub(super) preferred: Result<Option<String>>,
    pub(super) warnings: Vec<String>,
}

#[derive(Default)]
struct Section {
    region: Option<String>,
    endpoint: Option<String>,
    needs_mfa: bool,
    has_credentials: bool,
}

/// What makes a section of the AWS files sign: keys, or another way to get them.
const CREDENTIALS: &[&str] = &[
    "aws_access_key_id",
    "credential_process",
    "credential_source",
    "login_session",
    "role_arn",
    "source_profile",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
];

/// What AWS's own tools sign with where no profile is named: keys in the environment, then the profile that
/// `AWS_PROFILE` names, a web identity, the profile `default` if it has credentials, a container's role, the instance's.
///
/// # Errors
/// `Kind::Usage` if `AWS_PROFILE` names a profile that the AWS files do not have.
pub fn aws_default() -> Result<CredentialSource> {
    default_source(&process_environment, &sections(&process_environment))
}

/// Checks that the AWS files have a profile called `name` that can sign.
///
/// # Errors
/// `Kind::Config` for an unknown one, with the nearest name; `Kind::Credentials` for one that has no credentials.
pub fn aws_profile(name: &str) -> Result<()> {
    let sections = sections(&process_environment);
    match sections.get(name) {
        None => Err(unknown(Kind::Config, format!("the AWS files have no profile {name}"), name, &sections)),
        Some(section) if !section.has_credentials => {
            Err(Error::new(Kind::Credentials, format!("profile {name} of the AWS files has no credentials"))
                .with_hint("give it some, or use `env:` for the keys in the environment"))
        }
        Some(_) => Ok(()),
    }
}

fn unknown(kind: Kind, message: String, name: &str, sections: &BTreeMap<String, Section>) -> Error {
    let error = Error::new(kind, message);
    match nearest(name, sections.keys().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean {near}?")),
        None if sections.is_empty() => error.with_hint("they have no profile at all"),
        None => {
            let known: Vec<&str> = sections.keys().map(String::as_str).collect();
            error.with_hint(format!("they have: {}", known.join(", ")))
        }
    }
}

/// The profile that the environment names.
fn chosen(environment: Environment<'_>) -> Option<String> {
    environment("AWS_PROFILE").or_else(|| environment("AWS_DEFAULT_PROFILE"))
}

fn default_source(
    environment: Environment<'_>,
    sections: &BTreeMap<String, Section>,
) -> Result<CredentialSource> {
    let chosen = chosen(environment);
    if let Some(name) = chosen.as_ref().filter(|name| !sections.contains_key(*name)) {
        let message = format!("AWS_PROFILE is {name}, and the AWS files have no profile of that name");
        return Err(unknown(Kind::Usage, message, name, sections));
    }
    let in_environment = in_environment(environment);
    let of_default = || sections.get("default").is_some_and(|section| section.has_credentials);
    Ok(match (in_environment, chosen) {
        (Some(EnvironmentCredentials::Keys), _) => {
            CredentialSource::Environment(EnvironmentCredentials::Keys)
        }
        (_, Some(name)) => CredentialSource::AwsProfile(name),
        (Some(kind @ EnvironmentCredentials::WebIdentity), None) => CredentialSource::Environment(kind),
        (_, None) if of_default() => CredentialSource::AwsProfile("default".to_owned()),
        (Some(kind @ EnvironmentCredentials::Container), None) => CredentialSource::Environment(kind),
        (None, None) => CredentialSource::Instance,
    })
}

fn in_environment(environment: Environment<'_>) -> Option<EnvironmentCredentials> {
    let is_set = |name: &str| environment(name).is_some();
    if is_set("AWS_ACCESS_KEY_ID") {
        Some(EnvironmentCredentials::Keys)
    } else if is_set("AWS_WEB_IDENTITY_TOKEN_FILE") {
        Some(EnvironmentCredentials::WebIdentity)
    } else if is_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") || is_set("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    {
        Some(EnvironmentCredentials::Container)
    } else {
        None
    }
}

/// The profiles beside those of the configuration, whose names are `taken`.
pub(super) fn profiles(environment: Environment<'_>, taken: &[String]) -> Found {
    let (mut profiles, mut warnings) = (Vec::new(), Vec::new());
    let endpoint = environment("AWS_ENDPOINT_URL_S3").or_else(|| environment("AWS_ENDPOINT_URL"));
    let region = environment("AWS_REGION").or_else(|| environment("AWS_DEFAULT_REGION"));
    let sections = sections(environment);
    let source = default_source(environment, &sections);
    let free = |wanted: &[&str]| {
        let is_free = |name: &String| !taken.contains(name) && !sections.contains_key(name);
        let numbered = (2..1000).map(|n| format!("{}-{n}", wanted[0]));
        wanted.iter().map(|name| (*name).to_owned()).chain(numbered).find(is_free)
    };
    let mut add = |name: &str, origin, source| {
        profiles.push(aws(name, origin, source, region.clone(), endpoint.clone()));
    };
    let in_environment = in_environment(environment);
    let environment_name = free(&["env", "environment"]);
    if let (Some(kind), Some(name)) = (in_environment, &environment_name) {
        add(name, Origin::Environment, CredentialSource::Environment(kind));
    }
    // Asking the metadata service would cost seconds where there is none; the board's vendor costs nothing.
    let vendor = || std::fs::read_to_string("/sys/class/dmi/id/sys_vendor").unwrap_or_default();
    let mut instance_name = None;
    if matches!(source, Ok(CredentialSource::Instance)) && vendor().trim() == "Amazon EC2" {
        instance_name = free(&["instance"]);
        if let Some(name) = &instance_name {
            add(name, Origin::Instance, CredentialSource::Instance);
        }
    }
    let mut aliases = BTreeMap::new();
    for (name, section) in &sections {
        let alias = alias(name, &profiles, &sections);
        if section.needs_mfa {
            warnings.push(format!("AWS profile {name} asks for an MFA code, which is not supported"));
        }
        let endpoint = endpoint.clone().or_else(|| section.endpoint.clone());
        let region = section.region.clone().or_else(|| region.clone());
        let source = CredentialSource::AwsProfile(name.clone());
        profiles.push(aws(&alias, Origin::Aws(name.clone()), source, region, endpoint));
        aliases.insert(name.clone(), alias);
    }
    let preferred = source.map(|source| match source {
        CredentialSource::Environment(_) => environment_name,
        CredentialSource::AwsProfile(name) => aliases.get(&name).cloned(),
        _ => instance_name.or_else(|| aliases.get("default").cloned()),
    });
    Found { profiles, preferred, warnings }
}

fn aws(
    name: &str,
    origin: Origin,
    source: CredentialSource,
    region: Option<String>,
    endpoint: Option<String>,
) -> Profile {
    // With an endpoint of its own it is some other provider, reached the careful way.
    let row = if endpoint.is_some() { &PROVIDERS[0] } else { provider("aws").unwrap_or(&PROVIDERS[0]) };
    let mut made = Profile::new(name, row);
    made.origin = origin;
    made.credentials = source;
    made.region = region.or_else(|| row.region.map(str::to_owned));
    made.endpoint = endpoint;
    made
}

/// A name that locations can hold, unique among all.
fn alias(name: &str, taken: &[Profile], sections: &BTreeMap<String, Section>) -> String {
    if is_profile_name(name) {
        return name.to_owned();
    }
    let mut base: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' }).collect();
    if !is_profile_name(&base) {
        base = format!("aws-{base}");
    }
    let is_free =
        |alias: &str| !sections.contains_key(alias) && !taken.iter().any(|profile| profile.name == alias);
    if is_free(&base) {
        return base;
    }
    (2..1000).map(|n| format!("{base}-{n}")).find(|alias| is_free(alias)).unwrap_or(base)
}

fn sections(environment: Environment<'_>) -> BTreeMap<String, Section> {
    let home = environment("HOME").map(PathBuf::from).unwrap_or_default();
    let place = |variable: &str, name: &str| {
        environment(variable).map_or_else(|| home.join(".aws").join(name), PathBuf::from)
    };
    let mut sections = BTreeMap::new();
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
    scan(&read(place("AWS_CONFIG_FILE", "config")), true, &mut sections);
    scan(&read(place("AWS_SHARED_CREDENTIALS_FILE", "credentials")), false, &mut sections);
    sections
}

/// In `config` a profile's section is `[profile NAME]` (but `[default]`), in `credentials` it is `[NAME]`.
fn scan(text: &str, is_config: bool, sections: &mut BTreeMap<String, Section>) {
    let mut current: Option<String> = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(header) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let header = header.trim();
            let name = if is_config && header != "default" {
                header.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t'])).map(str::trim)
            } else {
                Some(header)
            };
            current = name.map(|name| name.trim_matches(['"', '\'']).to_owned());
            if let Some(name) = &current {
                sections.entry(name.clone()).or_default();
            }
            continue;
        }
        let Some(section) = current.as_ref().and_then(|name| sections.get_mut(name)) else { continue };
        let Some((key, value)) = trimmed.split_once('=') else { continue };
        match (key.trim().to_ascii_lowercase().as_str(), value.trim()) {
            ("region", value) => section.region = Some(value.to_owned()),
            ("endpoint_url", value) => section.endpoint = Some(value.to_owned()),
            ("mfa_serial", _) => section.needs_mfa = true,
            (key, _) if CREDENTIALS.contains(&key) => section.has_credentials = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_of_both_files_become_profiles() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(".aws")).unwrap();
        std::fs::write(
            folder.path().join(".aws/config"),
            "[default]\nregion = eu-west-1\n[profile my team]\nmfa_serial = x\n[sso-session s]\n[services t]\n",
        )
        .unwrap();
        std::fs::write(folder.path().join(".aws/credentials"), "[plain]\naws_access_key_id = A\n").unwrap();
        let home = folder.path().display().to_string();
        let found = profiles(&|name: &str| (name == "HOME").then(|| home.clone()), &[]);
        let names: Vec<&str> = found.profiles.iter().map(|profile| profile.name.as_str()).collect();
        assert_eq!(names, ["default", "my-team", "plain"]);
        assert_eq!(found.preferred.unwrap().as_deref(), Some("default"));
        assert_eq!(found.profiles[0].region.as_deref(), Some("eu-west-1"));
        assert_eq!(found.profiles[1].origin, Origin::Aws("my team".into()));
        assert!(found.warnings[0].contains("MFA"));
    }

    /// What is found with these AWS files and variables, where the configuration has `taken`.
    fn found(credentials: &str, variables: &[(&str, &str)], taken: &[&str]) -> Found {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("credentials");
        std::fs::write(&file, credentials).unwrap();
        let environment = |name: &str| match name {
            "AWS_SHARED_CREDENTIALS_FILE" => Some(file.display().to_string()),
            "HOME" => Some(folder.path().display().to_string()),
            _ => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        };
        let taken: Vec<String> = taken.iter().map(|&name| name.to_owned()).collect();
        profiles(&environment, &taken)
    }

    const BOTH: &str = "[default]\naws_access_key_id = D\n[work]\naws_access_key_id = W\n";
    const KEYS: (&str, &str) = ("AWS_ACCESS_KEY_ID", "E");

    #[test]
    fn the_default_is_that_of_the_aws_tools() {
        let web = ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t");
        let container = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/");
        let work = ("AWS_PROFILE", "work");
        for (files, variables, expected) in [
            (BOTH, &[][..], "default"),
            (BOTH, &[KEYS], "env"),
            (BOTH, &[KEYS, work], "env"),
            (BOTH, &[work], "work"),
            (BOTH, &[("AWS_DEFAULT_PROFILE", "work")], "work"),
            (BOTH, &[web, work], "work"),
            (BOTH, &[web], "env"),
            (BOTH, &[container], "default"),
            ("[default]\nregion = eu-west-1\n", &[container], "env"),
        ] {
            let found = found(files, variables, &[]);
            assert_eq!(found.preferred.unwrap().as_deref(), Some(expected), "{variables:?}");
        }
    }

    #[test]
    fn the_environment_keeps_a_name_of_its_own_where_env_is_taken() {
        let names = |found: &Found| found.profiles.iter().map(|p| p.name.clone()).collect::<Vec<_>>();
        let of_config = found(BOTH, &[KEYS], &["env"]);
        assert_eq!(names(&of_config), ["environment", "default", "work"]);
        assert_eq!(of_config.preferred.unwrap().as_deref(), Some("environment"));
        let of_files = found("[env]\naws_access_key_id = F\n", &[KEYS], &["environment"]);
        assert_eq!(names(&of_files), ["env-2", "env"]);
        assert_eq!(of_files.preferred.unwrap().as_deref(), Some("env-2"));
    }

    #[test]
    fn an_unknown_aws_profile_is_refused_with_the_nearest_name() {
        for variables in [&[("AWS_PROFILE", "wrok")][..], &[("AWS_PROFILE", "wrok"), KEYS]] {
            let error = found(BOTH, variables, &[]).preferred.unwrap_err();
            assert_eq!(error.kind(), Kind::Usage);
            assert!(error.message().contains("wrok") && error.hint().unwrap().contains("work"), "{error}");
        }
        let error = found("", &[("AWS_PROFILE", "x")], &[]).preferred.unwrap_err();
        assert!(error.hint().unwrap().contains("no profile"));
    }
}
