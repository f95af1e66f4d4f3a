//! The command line: clap's types here, one file a subcommand below. Commands print results on stdout and everything
//! else on stderr.

mod applies;
mod ask;
mod browse;
mod cat;
mod check;
mod configure;
mod copy;
mod descriptors;
mod doctor;
mod drops;
mod du;
mod find;
mod gateway;
mod hangup;
mod items;
mod kit;
mod links;
mod list;
mod output;
mod presign;
mod printer;
mod profile;
mod remove;
mod restore;
mod set;
mod share;
mod signal;
mod stat;
mod sync;
mod transfer;
mod transfers;
mod uploads;
mod versions;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use crate::config::{Config, LoadOptions};
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::s3::Connections;
use output::report;

/// A two-pane terminal file manager for S3-compatible storage.
///
/// Without a command: the browser, with LEFT (default: the current folder) beside RIGHT (default: the default
/// profile's buckets). A file or an object opens where it is, with the cursor on it. A location is PROFILE:BUCKET/KEY, PROFILE:, <s3://BUCKET/KEY>, or a local path.
#[derive(Debug, Parser)]
#[command(
    name = "twinpail",
    version,
    after_help = "Example: twinpail . work:media/2026/\nTry it without any configuration: twinpail demo"
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
    /// What the left pane shows.
    left: Option<String>,
    /// What the right pane shows.
    right: Option<String>,
}

#[derive(Args, Debug)]
struct Global {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "TWINPAIL_CONFIG", global = true)]
    config: Option<PathBuf>,
    /// The profile that s3:// means; it signs with its own credentials, whatever the environment has.
    #[arg(long, value_name = "NAME", env = "TWINPAIL_PROFILE", global = true)]
    profile: Option<String>,
    /// Write a log, without secrets.
    #[arg(long, value_name = "FILE", global = true)]
    log: Option<PathBuf>,
    /// Log more.
    #[arg(short, long, global = true)]
    verbose: bool,
    /// Colour of messages and help.
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List buckets, keys or files.
    Ls(list::Options),
    /// Copy in any direction; `-` is stdin or stdout.
    Cp(copy::Options),
    /// Move: copy, then delete the source of each file that is complete and proved to be another than its copy.
    Mv(copy::Options),
    /// Make a folder or a prefix like another one, neither inside the other; shows what it would do first.
    Sync(sync::Options),
    /// Look for objects or files below a place.
    Find(find::Options),
    /// Add up what is below a place.
    Du(du::Options),
    /// Compare two trees or two files; changes nothing.
    Check(check::Options),
    /// Change headers, metadata, tags or storage class of objects in place.
    Set(set::Options),
    /// Make archived objects readable for some days.
    Restore(restore::Options),
    /// Delete objects.
    Rm(remove::Options),
    /// Bring back deleted objects of buckets that keep versions.
    Undelete(versions::UndeleteOptions),
    /// Make buckets.
    Mb(remove::BucketOptions),
    /// Remove buckets.
    Rb(remove::RemoveBucketOptions),
    /// Write objects to stdout.
    Cat(cat::Options),
    /// Show what the provider says about objects.
    Stat(stat::Options),
    /// Make presigned URLs.
    Presign(presign::Options),
    /// Presigned multipart uploads for somebody without keys.
    #[command(subcommand)]
    Kit(kit::Command),
    /// The links that were made: list, copy again, forget.
    #[command(subcommand)]
    Links(links::Command),
    /// Protected links: password, expiry, a number of downloads, a log. Needs a gateway.
    #[command(subcommand)]
    Share(share::Command),
    /// Links through which others send files. Needs a gateway.
    #[command(subcommand)]
    Drop(drops::Command),
    /// Serve protected links.
    Gateway(gateway::Options),
    /// List and abort unfinished multipart uploads.
    #[command(subcommand)]
    Uploads(uploads::Command),
    /// What earlier runs did not finish.
    #[command(subcommand)]
    Transfers(transfers::Command),
    /// Show, add, import and remove profiles.
    #[command(subcommand)]
    Profile(profile::Command),
    /// Examine a profile: what works, what does not, which settings it should have.
    Doctor(doctor::Options),
    /// Find, make and check the configuration file.
    #[command(subcommand)]
    Config(configure::Command),
    /// Open the browser on an in-memory S3 server with sample data.
    Demo(browse::DemoOptions),
    /// Print a completion script for a shell.
    #[command(
        after_help = "Example: twinpail completions bash > ~/.local/share/bash-completion/completions/twinpail"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write manual pages into a folder.
    #[command(after_help = "Example: twinpail man ~/.local/share/man/man1")]
    Man {
        /// The folder.
        folder: PathBuf,
    },
    /// Holds a desktop selection after the browser has gone; started by the browser itself.
    #[command(name = "__clipboard", hide = true)]
    Clipboard,
}

/// What every command that talks to a store needs.
struct Context {
    config: Arc<Config>,
    connections: Connections,
}

impl Context {
    fn location(&self, text: &str) -> Result<Location> {
        Location::parse(text, self.config.names())
    }

    /// What was named, or else the default profile's buckets.
    fn or_default(&self, named: &[String]) -> Result<Vec<String>> {
        if !named.is_empty() {
            return Ok(named.to_vec());
        }
        let profile = self.config.default_profile()?.ok_or_else(|| {
            Error::new(Kind::Usage, "there is no profile to list")
                .with_hint("`twinpail config init` writes a first one")
        })?;
        Ok(vec![format!("{profile}:")])
    }
}

/// The command line as clap knows it.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Parses the arguments of this process and does what they say; returns the exit code.
pub fn main() -> u8 {
    run(std::env::args_os())
}

fn run(arguments: impl Iterator<Item = OsString>) -> u8 {
    output::report_panics();
    let arguments: Vec<OsString> = arguments.collect();
    let cli = match parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => {
            output::print_usage(&error);
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    match dispatch(cli) {
        Ok(code) => code,
        Err(error) => {
            report(&error);
            output::exit_code(&error)
        }
    }
}

/// Global options stand before or after a command; a pane's location does not go with one.
fn parse(arguments: &[OsString]) -> clap::error::Result<Cli> {
    let cli = Cli::try_parse_from(arguments)?;
    match (&cli.left, &cli.command) {
        (Some(left), Some(_)) => Err(Cli::command().error(
            clap::error::ErrorKind::ArgumentConflict,
            format!(
                "`{}` cannot stand before a command; to open the browser on a folder that is named like a \
                 command, write it as `./NAME`",
                crate::sanitize::display_safe(left)
            ),
        )),
        _ => Ok(cli),
    }
}

fn dispatch(cli: Cli) -> Result<u8> {
    let Cli { global, command, left, right } = cli;
    output::set_color(global.color);
    if global.verbose && global.log.is_none() {
        return Err(Error::new(Kind::Usage, "--verbose is for the log").with_hint("add --log FILE"));
    }
    let _log = global.log.as_deref().map(|file| crate::log::open(file, global.verbose)).transpose()?;
    let options = LoadOptions { file: global.config.clone(), profile: global.profile.clone() };
    let load = || load_config(&options);
    // The browser has a place of its own for it, and a script for a shell tells no times.
    let tells_times = !matches!(
        command,
        None | Some(
            Command::Demo(_) | Command::Clipboard | Command::Completions { .. } | Command::Man { .. }
        )
    );
    if let Some(warning) = crate::zone::warning().filter(|_| tells_times) {
        output::note(warning);
    }
    match command {
        None => browse::run(&options, left.as_deref(), right.as_deref()),
        Some(Command::Demo(demo)) => browse::demo(&demo, &options),
        Some(Command::Profile(command)) => profile::run(command, options),
        Some(Command::Config(command)) => configure::run(&command, global.config.as_ref(), load),
        Some(Command::Clipboard) => crate::clipboard::serve_selection().map(|()| 0),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "twinpail", &mut script);
            output::Out::new().text(&String::from_utf8_lossy(&script)).map(|()| 0)
        }
        Some(Command::Man { folder }) => manual(&folder),
        Some(command) => signal::block_on(
            matches!(
                command,
                Command::Cp(_)
                    | Command::Mv(_)
                    | Command::Sync(_)
                    | Command::Transfers(_)
                    | Command::Doctor(_)
                    | Command::Gateway(_)
            ),
            |stop| async move {
                let config = Arc::new(load_config(&options)?);
                let context = Context { connections: Connections::new(Arc::clone(&config)), config };
                match command {
                    Command::Ls(options) => list::run(&context, options).await,
                    Command::Cp(options) => {
                        copy::run(&context, options, crate::transfer::Verb::Copy, stop).await
                    }
                    Command::Mv(options) => {
                        copy::run(&context, options, crate::transfer::Verb::Move, stop).await
                    }
                    Command::Sync(options) => sync::run(&context, options, stop).await,
                    Command::Find(options) => find::run(&context, options).await,
                    Command::Du(options) => du::run(&context, options).await,
                    Command::Check(options) => check::run(&context, options).await,
                    Command::Set(options) => set::run(&context, options).await,
                    Command::Restore(options) => restore::run(&context, options).await,
                    Command::Rm(options) => remove::objects(&context, options).await,
                    Command::Undelete(options) => versions::undelete(&context, options).await,
                    Command::Mb(options) => remove::make_buckets(&context, options).await,
                    Command::Rb(options) => remove::buckets(&context, options).await,
                    Command::Cat(options) => cat::run(&context, options).await,
                    Command::Stat(options) => stat::run(&context, options).await,
                    Command::Presign(options) => presign::run(&context, options).await,
                    Command::Doctor(given) => doctor::run(&context, given, options, &stop).await,
                    Command::Kit(command) => kit::run(&context, command).await,
                    Command::Links(command) => links::run(&context, command).await,
                    Command::Share(command) => share::run(&context, command).await,
                    Command::Drop(command) => drops::run(&context, command).await,
                    Command::Gateway(options) => gateway::run(&context, options, stop).await,
                    Command::Transfers(command) => transfers::run(&context, command, stop).await,
                    Command::Uploads(command) => uploads::run(&context, command).await,
                    _ => Err(Error::new(Kind::Internal, "a command has no room")),
                }
            },
        ),
    }
}

/// The configuration. What it says of terminals holds from here on.
fn load_config(options: &LoadOptions) -> Result<Config> {
    let config = Config::load(options)?;
    crate::locale::choose(config.ui.ascii);
    Ok(config)
}

fn manual(folder: &std::path::Path) -> Result<u8> {
    std::fs::create_dir_all(folder).map_err(|error| Error::local("create", folder, error))?;
    clap_mangen::generate_to(Cli::command(), folder).map_err(|error| Error::local("write", folder, error))?;
    Ok(0)
}

/// The words that can stand first, for whoever mistypes one.
fn command_names() -> Vec<String> {
    Cli::command().get_subcommands().filter(|c| !c.is_hide_set()).map(|c| c.get_name().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn global_options_stand_on_either_side_of_a_command() {
        let parsed = |line: &str| parse(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        for line in ["twinpail --config c.toml ls work:", "twinpail ls --config c.toml work:"] {
            let cli = parsed(line).unwrap();
            assert!(cli.global.config.is_some() && matches!(cli.command, Some(Command::Ls(_))), "{line}");
        }
        let cli = parsed("twinpail --profile p . work:b/").unwrap();
        assert_eq!((cli.left.as_deref(), cli.right.as_deref()), (Some("."), Some("work:b/")));
        assert!(parsed("twinpail . ls").unwrap_err().to_string().contains("`./NAME`"));
    }

    #[test]
    fn the_command_line_is_consistent_and_every_command_has_an_example() {
        Cli::command().debug_assert();
        for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
            let nested: Vec<_> = command.get_subcommands().collect();
            for command in if nested.is_empty() { vec![command] } else { nested } {
                let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(help.contains("Example"), "{} has no example", command.get_name());
            }
        }
    }
}
