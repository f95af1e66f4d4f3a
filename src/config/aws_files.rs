//! Profiles that need no configuration: those of the AWS files, the environment, and an EC2 instance.
//! Only names and settings are read here; credentials are resolved when a profile is first used.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{CredentialSource, Environment, Origin, PROVIDERS, Profile, provider};
use crate::location::is_profile_name;

/// What was found.
pub(super) struct Found {
    pub(super) profiles: Vec<Profile>,
    /// The one that AWS's own tools would use.
    pub(super) preferred: Option<String>,
    pub(super) warnings: Vec<String>,
}

#[derive(Default)]
struct Section {
    region: Option<String>,
    endpoint: Option<String>,
    needs_mfa: bool,
}

pub(super) fn profiles(environment: Environment<'_>) -> Found {
    let mut found = Found { profiles: Vec::new(), preferred: None, warnings: Vec::new() };
    let endpoint = environment("AWS_ENDPOINT_URL_S3").or_else(|| environment("AWS_ENDPOINT_URL"));
    let region = environment("AWS_REGION").or_else(|| environment("AWS_DEFAULT_REGION"));
    let in_environment = [
        "AWS_ACCESS_KEY_ID",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ]
    .iter()
    .any(|name| environment(name).is_some());
    if in_environment {
        found.profiles.push(aws("env", Origin::Environment, None, region.clone(), endpoint.clone()));
        found.preferred = Some("env".to_owned());
    }
    let sections = sections(environment);
    for (name, section) in &sections {
        let alias = alias(name, &found.profiles, &sections);
        if section.needs_mfa {
            found.warnings.push(format!("AWS profile {name} asks for an MFA code, which is not supported"));
        }
        let endpoint = endpoint.clone().or_else(|| section.endpoint.clone());
        let region = section.region.clone().or_else(|| region.clone());
        let chosen = environment("AWS_PROFILE").as_ref() == Some(name);
        if chosen || (name == "default" && found.preferred.is_none()) {
            found.preferred = Some(alias.clone());
        }
        found.profiles.push(aws(&alias, Origin::Aws(name.clone()), Some(name.clone()), region, endpoint));
    }
    // Asking the metadata service would cost seconds where there is none; the board's vendor costs nothing.
    let vendor = std::fs::read_to_string("/sys/class/dmi/id/sys_vendor").unwrap_or_default();
    if found.profiles.is_empty() && vendor.trim() == "Amazon EC2" {
        found.profiles.push(aws("instance", Origin::Environment, None, region, endpoint));
    }
    found
}

fn aws(
    name: &str,
    origin: Origin,
    profile: Option<String>,
    region: Option<String>,
    endpoint: Option<String>,
) -> Profile {
    // With an endpoint of its own it is some other provider, reached the careful way.
    let row = if endpoint.is_some() { &PROVIDERS[0] } else { provider("aws").unwrap_or(&PROVIDERS[0]) };
    let mut made = Profile::new(name, row);
    made.origin = origin;
    made.credentials = CredentialSource::Aws { profile };
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
        match (key.trim(), value.trim()) {
            ("region", value) => section.region = Some(value.to_owned()),
            ("endpoint_url", value) => section.endpoint = Some(value.to_owned()),
            ("mfa_serial", _) => section.needs_mfa = true,
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
        let found = profiles(&|name: &str| (name == "HOME").then(|| home.clone()));
        let names: Vec<&str> = found.profiles.iter().map(|profile| profile.name.as_str()).collect();
        assert_eq!(names, ["default", "my-team", "plain"]);
        assert_eq!(found.preferred.as_deref(), Some("default"));
        assert_eq!(found.profiles[0].region.as_deref(), Some("eu-west-1"));
        assert_eq!(found.profiles[1].origin, Origin::Aws("my team".into()));
        assert!(found.warnings[0].contains("MFA"));
    }
}
