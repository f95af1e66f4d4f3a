//! `profile`.

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::Out;
use crate::config::{Config, CredentialSource, SecretSource};
use crate::error::Result;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Every profile that locations can name.
    List(ListOptions),
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail profile list")]
pub(super) struct ListOptions {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Command, config: &Config) -> Result<u8> {
    let Command::List(options) = command;
    let mut out = Out::new();
    let width = config.profile_names.iter().map(String::len).max().unwrap_or(0);
    for profile in &config.profiles {
        let is_default = config.default_profile.as_deref() == Some(&profile.name);
        if options.json {
            out.json(&json!({
                "name": profile.name,
                "provider": profile.provider.name,
                "endpoint": profile.endpoint,
                "region": profile.region,
                "found_in": profile.found_in(),
                "credentials": credentials(&profile.credentials),
                "read_only": profile.read_only,
                "default": is_default,
            }))?;
            continue;
        }
        let mark = if is_default { '*' } else { ' ' };
        let name = &profile.name;
        let how = credentials(&profile.credentials);
        out.line(&format!(
            "{mark} {name:width$}  {:20}  {:40}  {how}, {}",
            profile.provider.title,
            profile.place(),
            profile.found_in()
        ))?;
    }
    if config.profiles.is_empty() {
        super::output::note(
            "no profile is known; `twinpail config init` writes a first one, `twinpail demo` needs none",
        );
    }
    for warning in &config.warnings {
        super::output::note(warning);
    }
    Ok(0)
}

fn credentials(source: &CredentialSource) -> &'static str {
    match source {
        CredentialSource::Aws { .. } => "AWS chain",
        CredentialSource::Static { secret: SecretSource::Plain(_), .. } => "static keys",
        CredentialSource::Static { secret: SecretSource::Command(_), .. } => "secret from a command",
        CredentialSource::Anonymous => "anonymous",
    }
}
