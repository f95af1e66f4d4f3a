//! `config`.

use std::path::PathBuf;

use clap::Subcommand;

use super::output::{Out, note};
use crate::config::paths::{make_private, new_private_file};
use crate::config::{Config, EXAMPLE, Paths};
use crate::error::Result;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print where the configuration file is, or would be.
    #[command(after_help = "Example: $EDITOR \"$(twinpail config path)\"")]
    Path,
    /// Write a commented configuration file, unless there is one.
    #[command(after_help = "Example: twinpail config init")]
    Init,
    /// Read the configuration and say what is wrong with it.
    #[command(after_help = "Example: twinpail config check")]
    Check,
}

pub(super) fn run(
    command: &Command,
    file: Option<&PathBuf>,
    load: impl FnOnce() -> Result<Config>,
) -> Result<u8> {
    let file = match file {
        Some(file) => file.clone(),
        None => Paths::platform()?.config_file(),
    };
    match command {
        Command::Path => Out::new().line(&file.to_string_lossy())?,
        Command::Init => init(&file)?,
        Command::Check => {
            let config = load()?;
            for warning in &config.warnings {
                note(warning);
            }
            let what = match &config.file {
                Some(file) => format!("{} is fine", file.display()),
                None => format!("there is no {}", file.display()),
            };
            let count = config.profiles.len();
            note(&format!("{what}; {count} profile{}", if count == 1 { "" } else { "s" }));
        }
    }
    Ok(0)
}

fn init(file: &std::path::Path) -> Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_private(folder)?;
    }
    new_private_file(file, EXAMPLE, "it is left as it is")?;
    note(&format!("wrote {}", file.display()));
    Ok(())
}
