//! `profile`.

mod add;

use clap::{Args, Subcommand};
use serde_json::json;

use super::output::Out;
use super::signal::block_on;
use crate::config::{Config, LoadOptions};
use crate::error::Result;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Every profile that locations can name.
    List(ListOptions),
    /// Add a profile, after trying its connection.
    Add(Box<add::AddOptions>),
    /// Take over profiles of rclone, mc and s3cmd.
    Import(add::ImportOptions),
    /// Remove a profile and its stored secret.
    Remove(add::RemoveOptions),
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail profile list")]
pub(super) struct ListOptions {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: Command, load: LoadOptions) -> Result<u8> {
    let options = match command {
        Command::List(options) => options,
        Command::Add(options) => return block_on(false, |_| add::add(*options, load)),
        Command::Import(options) => return block_on(false, |_| add::import(options, load)),
        Command::Remove(options) => return block_on(false, |_| add::remove(options, load)),
    };
    let config = super::load_config(&load)?;
    list(&options, &config)
}

fn list(options: &ListOptions, config: &Config) -> Result<u8> {
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
                "credentials": profile.credentials.words(),
                "read_only": profile.read_only,
                "default": is_default,
            }))?;
            continue;
        }
        let mark = if is_default { '*' } else { ' ' };
        let name = &profile.name;
        let how = profile.credentials.words();
        out.line(&format!(
            "{mark} {name:width$}  {:20}  {:40}  {how}, {}",
            profile.provider.title,
            profile.place(),
            profile.found_in()
        ))?;
    }
    if config.profiles.is_empty() {
        super::output::note(
            "no profile is known; `twinpail profile add` makes a first one, `twinpail demo` needs none",
        );
    }
    if let Some(error) = &config.refused_default {
        super::output::report(error);
    }
    for warning in &config.warnings {
        super::output::note(warning);
    }
    Ok(0)
}
