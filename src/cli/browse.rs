//! The browser, on the user's profiles or on the demo's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::output::{Out, note};
use super::{command_names, items, signal};
use crate::config::{Config, LoadOptions, Paths};
use crate::demo::{self, Server, sample_backend};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, at_home, nearest, spellings};
use crate::sanitize::display_safe;
use crate::tui::{self, End, Landing};

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail demo\n         twinpail demo --serve")]
pub(super) struct DemoOptions {
    /// Only serve, and print endpoint and keys, so that other tools can be tried on it.
    #[arg(long)]
    serve: bool,
    /// The port on 127.0.0.1; default: a free one.
    #[arg(long)]
    port: Option<u16>,
}

/// Opens the browser on two places; again after somebody without profiles has looked at sample data.
pub(super) fn run(options: &LoadOptions, left: Option<&str>, right: Option<&str>) -> Result<u8> {
    loop {
        let config = super::load_config(options)?;
        let left = place(&config, left.unwrap_or("."))?;
        let right = match right {
            Some(text) => place(&config, text)?,
            None => match config.default_profile()? {
                Some(profile) => Location::Profile(profile.to_owned()).into(),
                None => place(&config, ".")?,
            },
        };
        // The terminal is the browser's, which asks for the passphrase of sealed secrets itself.
        config.vault.stop_asking();
        let ended = match tui::run(&Arc::new(config), [left, right])? {
            End::Code(code) => return Ok(code),
            End::Demo => demo(&DemoOptions { serve: false, port: None }, options)?,
        };
        // A signal ends the program, not only what it was busy with.
        if ended > 128 {
            return Ok(ended);
        }
    }
}

/// A place to open; a first word that is neither a command nor anything that exists is most likely a slip.
fn place(config: &Config, text: &str) -> Result<Landing> {
    let home = std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    for spelling in spellings(text) {
        let location = Location::parse(spelling, config.names())?;
        let Location::Local(path) = location else {
            // Spaces around a key may be meant; no bucket has any.
            let has_key = location.as_remote().is_some_and(|remote| !remote.key.is_empty());
            let location = if has_key { location } else { Location::parse(text.trim(), config.names())? };
            return Ok(location.into());
        };
        // A shell leaves these alone in quotes, and an alias or a menu has no shell.
        let below_home = home.as_deref().and_then(|home| at_home(spelling, home));
        if let Some(path) = std::iter::once(path).chain(below_home).find(|path| items::exists(path)) {
            return shown(&path);
        }
    }
    let commands = command_names();
    let text = display_safe(text);
    let error = Error::new(Kind::Usage, format!("`{text}` is neither a command nor a location that exists"));
    Err(match nearest(&text, commands.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint("`twinpail --help` lists the commands"),
    })
}

/// A folder, or the folder of a file with the cursor on it.
fn shown(path: &Path) -> Result<Landing> {
    let absolute = std::path::absolute(path).map_err(|error| Error::local("find", path, error))?;
    match (absolute.parent(), absolute.file_name()) {
        (Some(folder), Some(name)) if !absolute.is_dir() => {
            Ok(Landing { place: Location::Local(folder.to_owned()), cursor: Some(name.to_owned()) })
        }
        _ => Ok(Location::Local(absolute).into()),
    }
}

/// Serves the sample data, and opens the browser on it unless it is only to serve: with the user's keys and looks, and
/// with no profile and no folder of the user's.
pub(super) fn demo(options: &DemoOptions, load: &LoadOptions) -> Result<u8> {
    if options.serve {
        return serve(options.port);
    }
    let folder = tempfile::Builder::new().prefix("twinpail-demo-").tempdir();
    let folder = folder.map_err(|error| Error::local("create", &std::env::temp_dir(), error))?;
    let files = folder.path().join("files");
    local_files(&files)?;
    // The server's own runtime: the browser's is busy drawing.
    let runtime = signal::runtime()?;
    let server = runtime.block_on(Server::start(sample_backend(), options.port))?;
    let mut config = demo::config(server.endpoint(), Paths::below(folder.path()));
    config.fleeting = true;
    match super::load_config(&LoadOptions { profile: None, ..load.clone() }) {
        Ok(own) => (config.ui, config.keys) = (own.ui, own.keys),
        // Whoever only wants to look can do without them.
        Err(error) => config.warnings.push(format!("without your [ui] and [keys]: {error}")),
    }
    let right = Location::Profile("demo".to_owned());
    let end = tui::run(&Arc::new(config), [Location::Local(files), right].map(Landing::from));
    drop(server);
    runtime.shutdown_background();
    end.map(|end| if let End::Code(code) = end { code } else { 0 })
}

/// Something to copy to the other pane.
fn local_files(folder: &Path) -> Result<()> {
    let files = [
        ("hello.txt", "Copy me to the other pane with c, then put a link to me on your clipboard with y.\n"),
        ("notes/one.md", "# One\n"),
        ("notes/two.md", "# Two\n"),
        ("página.html", "<!doctype html><title>demo</title><p>Hello</p>\n"),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(|error| Error::local("create", parent, error))?;
        }
        std::fs::write(&path, text).map_err(|error| Error::local("write", &path, error))?;
    }
    Ok(())
}

fn serve(port: Option<u16>) -> Result<u8> {
    let runtime = signal::runtime()?;
    let code = runtime.block_on(async {
        let server = Server::start(sample_backend(), port).await?;
        let (endpoint, key, secret) = (server.endpoint(), demo::ACCESS_KEY_ID, demo::SECRET_ACCESS_KEY);
        let mut out = Out::new();
        out.line(&format!("export AWS_ENDPOINT_URL={endpoint}"))?;
        out.line(&format!("export AWS_ACCESS_KEY_ID={key}"))?;
        out.line(&format!("export AWS_SECRET_ACCESS_KEY={secret}"))?;
        out.line("export AWS_REGION=us-east-1")?;
        out.flush()?;
        note("serving until Ctrl-C; everything is in memory");
        Ok::<u8, Error>(signal::any().await)
    });
    runtime.shutdown_background();
    code
}
