//! Profiles of other tools: rclone, mc, s3cmd. Their files are read, never changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::edit::NewProfile;
use super::{Environment, PROVIDERS};
use crate::error::{Error, Kind, Result};
use crate::location::is_profile_name;

/// A profile that can be taken over.
#[derive(Clone, Debug)]
pub struct Importable {
    /// The tool it is from.
    pub tool: &'static str,
    /// Its name there.
    pub name: String,
    /// What it becomes.
    pub profile: NewProfile,
}

/// What the other tools' files have, and which of them cannot be read.
pub fn importable() -> (Vec<Importable>, Vec<Error>) {
    let environment = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    importable_from(&environment)
}

fn importable_from(environment: Environment<'_>) -> (Vec<Importable>, Vec<Error>) {
    let home = environment("HOME").map(PathBuf::from).unwrap_or_default();
    let config = environment("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let rclone =
        environment("RCLONE_CONFIG").map_or_else(|| config.join("rclone/rclone.conf"), PathBuf::from);
    let mc = environment("MC_CONFIG_DIR").map_or_else(|| home.join(".mc"), PathBuf::from).join("config.json");
    let (mut found, mut failed) = (Vec::new(), Vec::new());
    let read: [(PathBuf, Reader); 3] = [(rclone, of_rclone), (mc, of_mc), (home.join(".s3cfg"), of_s3cmd)];
    for (path, read) in read {
        match std::fs::read_to_string(&path) {
            Ok(text) => match read(&text, &path) {
                Ok(profiles) => found.extend(profiles),
                Err(error) => failed.push(error),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => failed.push(Error::local("read", &path, error)),
        }
    }
    (found, failed)
}

/// Reads one tool's file; the path is for messages.
type Reader = fn(&str, &Path) -> Result<Vec<Importable>>;
type Sections = BTreeMap<String, BTreeMap<String, String>>;

/// `[section]` and `key = value`; `#` and `;` begin comments.
fn sections(text: &str) -> Sections {
    let (mut sections, mut at) = (Sections::new(), String::new());
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            name.clone_into(&mut at);
            sections.entry(at.clone()).or_default();
        } else if let Some((key, value)) = line.split_once('=') {
            sections.entry(at.clone()).or_default().insert(key.trim().to_owned(), value.trim().to_owned());
        }
    }
    sections
}

fn of_rclone(text: &str, path: &Path) -> Result<Vec<Importable>> {
    if text.lines().any(|line| line.starts_with("RCLONE_ENCRYPT_V0")) {
        return Err(Error::new(Kind::Unsupported, format!("{} is encrypted", path.display())).with_hint(
            "`rclone config encryption remove` writes it in the clear, or add the profiles by hand",
        ));
    }
    let sections = sections(text);
    let remotes = sections.iter().filter(|(_, keys)| keys.get("type").is_some_and(|kind| kind == "s3"));
    Ok(remotes.map(|(name, keys)| rclone_remote(name, keys)).collect())
}

fn rclone_remote(name: &str, keys: &BTreeMap<String, String>) -> Importable {
    let text = |key: &str| keys.get(key).filter(|value| !value.is_empty()).cloned().unwrap_or_default();
    let endpoint = with_scheme(&text("endpoint"), true);
    let provider = match text("provider").as_str() {
        "AWS" => "aws",
        "Minio" => "minio",
        "Ceph" => "ceph",
        "Wasabi" => "wasabi",
        "SeaweedFS" => "seaweedfs",
        _ => by_host(&endpoint),
    };
    let is_env = text("env_auth") == "true" && text("access_key_id").is_empty();
    let mut profile =
        new(name, provider, &endpoint, &text("region"), &text("access_key_id"), &text("secret_access_key"));
    if is_env && provider == "aws" {
        // Without a profile both mean the default chain of AWS.
        profile.settings.push(("aws_profile", text("profile")));
    } else if profile.secret.is_none() {
        profile.switches.push("anonymous");
    }
    Importable { tool: "rclone", name: name.to_owned(), profile }
}

fn of_mc(text: &str, path: &Path) -> Result<Vec<Importable>> {
    let wrong = || Error::new(Kind::Config, format!("{} is not a configuration of mc", path.display()));
    let all: serde_json::Value = serde_json::from_str(text).map_err(|_| wrong())?;
    let aliases = all.get("aliases").or_else(|| all.get("hosts")).and_then(|aliases| aliases.as_object());
    let mut found = Vec::new();
    for (name, alias) in aliases.ok_or_else(wrong)? {
        let text = |key: &str| alias.get(key).and_then(|value| value.as_str()).unwrap_or_default();
        let (endpoint, key) = (text("url").trim_end_matches('/'), text("accessKey"));
        // mc comes with an alias for Google's interoperable storage and one for its playground, both without keys.
        if endpoint.is_empty() || (key.is_empty() && text("secretKey").is_empty()) {
            continue;
        }
        let provider = match by_host(endpoint) {
            "other" => "minio",
            known => known,
        };
        let mut profile = new(name, provider, endpoint, "", key, text("secretKey"));
        if text("path") == "on" {
            profile.switches.push("path_style");
        }
        found.push(Importable { tool: "mc", name: name.clone(), profile });
    }
    Ok(found)
}

fn of_s3cmd(text: &str, path: &Path) -> Result<Vec<Importable>> {
    let sections = sections(text);
    let keys = sections.get("default").ok_or_else(|| {
        Error::new(Kind::Config, format!("{} is not a configuration of s3cmd", path.display()))
    })?;
    if !keys.contains_key("access_key") {
        return Ok(Vec::new());
    }
    let text = |key: &str| keys.get(key).map_or("", String::as_str);
    let endpoint = with_scheme(text("host_base"), !text("use_https").eq_ignore_ascii_case("false"));
    let region =
        Some(text("bucket_location")).filter(|region| !matches!(*region, "US" | "EU")).unwrap_or_default();
    let profile = new("s3cmd", by_host(&endpoint), &endpoint, region, text("access_key"), text("secret_key"));
    Ok(vec![Importable { tool: "s3cmd", name: "default".to_owned(), profile }])
}

fn with_scheme(host: &str, tls: bool) -> String {
    let host = host.trim_end_matches('/');
    if host.is_empty() || host.contains("://") {
        return host.to_owned();
    }
    format!("{}://{host}", if tls { "https" } else { "http" })
}

fn new(name: &str, provider: &str, endpoint: &str, region: &str, key: &str, secret: &str) -> NewProfile {
    // AWS's own endpoints are found by region; a fixed one would keep buckets elsewhere out of reach.
    let endpoint = if provider == "aws" { "" } else { endpoint };
    let region = match (provider, region) {
        ("aws", "") => "us-east-1",
        (_, region) => region,
    };
    let has_keys = !key.is_empty() && !secret.is_empty();
    NewProfile {
        name: tidy(name),
        provider: provider.to_owned(),
        settings: [
            ("endpoint", endpoint),
            ("region", region),
            ("access_key_id", if has_keys { key } else { "" }),
        ]
        .map(|(key, value)| (key, value.to_owned()))
        .into(),
        secret: has_keys.then(|| (secret.into(), None)),
        ..NewProfile::default()
    }
}

/// A row of the provider table by the host of its endpoint.
fn by_host(endpoint: &str) -> &'static str {
    if endpoint.is_empty() || endpoint.contains(".amazonaws.com") {
        return "aws";
    }
    PROVIDERS
        .iter()
        .filter_map(|row| Some((row.name, row.endpoint?.rsplit_once('}')?.1)))
        .find(|(_, tail)| tail.len() > 4 && endpoint.ends_with(tail.trim_end_matches('/')))
        .map_or("other", |(name, _)| name)
}

/// A name that locations can have.
fn tidy(name: &str) -> String {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let tidy: String = name.chars().map(|c| if fine(c) { c } else { '-' }).collect();
    if is_profile_name(&tidy) { tidy } else { format!("{tidy}-imported") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn setting<'a>(profile: &'a NewProfile, key: &str) -> &'a str {
        profile.settings.iter().find(|(name, _)| *name == key).map_or("", |(_, value)| value)
    }

    #[test]
    fn rclone_remotes_keep_their_keys_and_find_their_provider() {
        let text = "[my box]\ntype = s3\nprovider = Cloudflare\naccess_key_id = A\nsecret_access_key = S\nendpoint = https://0a.r2.cloudflarestorage.com\n\n\
                    [aws]\ntype = s3\nprovider = AWS\nenv_auth = true\nregion = eu-west-1\nprofile = work\n\n[drive]\ntype = drive\n\
                    [lab]\ntype = s3\nprovider = Minio\nendpoint = lab:9000\n";
        let found = of_rclone(text, Path::new("x")).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|found| (found.profile.name.as_str(), found.profile.provider.as_str()))
            .collect();
        assert_eq!(names, [("aws", "aws"), ("lab", "minio"), ("my-box", "r2")]);
        assert_eq!(setting(&found[0].profile, "aws_profile"), "work");
        assert_eq!(setting(&found[1].profile, "endpoint"), "https://lab:9000");
        assert_eq!(found[2].profile.secret.as_ref().unwrap().0.expose_secret(), "S");
        assert!(of_rclone("# x\nRCLONE_ENCRYPT_V0:\nabc", Path::new("x")).is_err());
    }

    #[test]
    fn aliases_of_mc_and_the_default_of_s3cmd_are_found() {
        let text = r#"{"version":"10","aliases":{"gcs":{"url":"https://storage.googleapis.com","accessKey":"","secretKey":""},
            "lab":{"url":"http://127.0.0.1:9000/","accessKey":"A","secretKey":"S","api":"s3v4","path":"on"}}}"#;
        let found = of_mc(text, Path::new("x")).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(setting(&found[0].profile, "endpoint"), "http://127.0.0.1:9000");
        assert_eq!(found[0].profile.switches, ["path_style"]);
        assert!(of_mc("[]", Path::new("x")).is_err());
        let text = "[default]\naccess_key = A\nsecret_key = S\nhost_base = nyc3.digitaloceanspaces.com\nuse_https = True\nbucket_location = US\n";
        let found = of_s3cmd(text, Path::new("x")).unwrap();
        assert_eq!(found[0].profile.provider, "spaces");
        assert!(!format!("{found:?}").contains("\"S\""), "Debug shows a secret");
    }
}
