//! `links`: what was shared, copied again or forgotten.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::Context;
use super::output::{Out, local_time, note};
use super::presign::copy;
use crate::error::{Error, Kind, Result};
use crate::links::{self, Log, Shared, method_name};
use crate::sanitize::display_safe;

/// What can be done about a link that should not work any more.
const REVOKE: &str = "a presigned URL cannot be taken back; until it ends, deleting or moving the object or rotating \
                      the access key stops it";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the links that were made, the newest first.
    #[command(after_help = "Example: twinpail links ls report")]
    Ls(ListOptions),
    /// Make a link again with the time it has left.
    #[command(after_help = "Example: twinpail links copy 3fa09c1b")]
    Copy(CopyOptions),
    /// Forget links; they go on working until they end.
    #[command(after_help = "Example: twinpail links forget --ended")]
    Forget(ForgetOptions),
}

#[derive(Args, Debug)]
pub(super) struct ListOptions {
    /// Also those that have ended.
    #[arg(short, long)]
    all: bool,
    /// One JSON object a line: id made until method location.
    #[arg(long)]
    json: bool,
    /// Only objects whose location contains this.
    #[arg(value_name = "TEXT")]
    text: Option<String>,
}

#[derive(Args, Debug)]
pub(super) struct CopyOptions {
    /// The link's id, as `links ls` shows it.
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
    /// Onto the clipboard too.
    #[arg(long)]
    copy: bool,
}

#[derive(Args, Debug)]
#[group(required = true)]
pub(super) struct ForgetOptions {
    /// All of them.
    #[arg(long)]
    all: bool,
    /// Those that have ended.
    #[arg(long)]
    ended: bool,
    /// The links' ids.
    #[arg(value_name = "ID", conflicts_with_all = ["all", "ended"])]
    ids: Vec<String>,
}

pub(super) async fn run(context: &Context, command: Command) -> Result<u8> {
    let log = Log::new(&context.config.paths);
    match command {
        Command::Ls(options) => list(&log, &options),
        Command::Copy(options) => again(context, &log, &options).await,
        Command::Forget(options) => forget(&log, &options),
    }
}

fn list(log: &Log, options: &ListOptions) -> Result<u8> {
    let (mut out, now) = (Out::new(), Timestamp::now());
    let mut ended = 0;
    for link in log.read()? {
        let location = link.target.to_string();
        if options.text.as_ref().is_some_and(|text| !location.contains(text.as_str())) {
            continue;
        }
        if link.is_over(now) && !options.all {
            ended += 1;
            continue;
        }
        if options.json {
            out.json(&json!({
                "id": link.id,
                "made": link.made.to_string(),
                "until": link.until.map(|until| until.to_string()),
                "method": method_name(link.method),
                "location": link.target.exact(),
            }))?;
        } else {
            let until = link.until.map_or_else(|| "public".to_owned(), |until| links::left(until, now));
            let made = local_time(Some(link.made));
            out.line(&format!(
                "{}  {made}  {:<6} {until:<10} {location}",
                display_safe(&link.id),
                method_name(link.method)
            ))?;
        }
    }
    out.flush()?;
    if ended > 0 && !options.json {
        note(&format!("{ended} more have ended (--all shows them)"));
    }
    Ok(0)
}

fn chosen<'a>(all: &'a [Shared], id: &str) -> Result<&'a Shared> {
    all.iter().find(|link| link.id == id).ok_or_else(|| {
        Error::new(Kind::Usage, format!("there is no link {}", display_safe(id)))
            .with_hint("`twinpail links ls --all` shows their ids")
    })
}

async fn again(context: &Context, log: &Log, options: &CopyOptions) -> Result<u8> {
    let all = log.read()?;
    let (mut out, mut lines) = (Out::new(), Vec::new());
    for id in &options.ids {
        let request = chosen(&all, id)?.again(Timestamp::now())?;
        let link = links::create(&context.connections, &request).await?;
        out.line(&link.url)?;
        out.flush()?;
        note(&links::until(&link));
        lines.push(link.url);
    }
    if options.copy {
        copy(context, &lines.join("\n")).await?;
    }
    Ok(0)
}

fn forget(log: &Log, options: &ForgetOptions) -> Result<u8> {
    let (all, now) = (log.read()?, Timestamp::now());
    for id in &options.ids {
        chosen(&all, id)?;
    }
    let mut valid = 0;
    let forgotten = log.forget(|link| {
        let goes = options.all || (options.ended && link.is_over(now)) || options.ids.contains(&link.id);
        valid += u32::from(goes && !link.is_over(now));
        goes
    })?;
    note(&format!("{forgotten} forgotten"));
    if valid > 0 {
        note(&format!("{valid} of them still work: {REVOKE}"));
    }
    Ok(0)
}
