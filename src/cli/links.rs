//! `links`: what was shared, copied again or forgotten.

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::Context;
use super::output::{Out, Tally, local_time, note};
use super::presign::copy;
use crate::error::{Error, Kind, Result};
use crate::links::{self, Log, REVOKE, Shared, Standing};
use crate::sanitize::display_safe;

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
    /// Also ask whether each object is still what it was: same, changed, gone; of uploads: waiting, arrived.
    #[arg(long)]
    check: bool,
    /// One JSON object a line: id made until method location, with --check standing.
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
        Command::Ls(options) => list(context, &log, &options).await,
        Command::Copy(options) => again(context, &log, &options).await,
        Command::Forget(options) => forget(&log, &options),
    }
}

async fn list(context: &Context, log: &Log, options: &ListOptions) -> Result<u8> {
    let (mut out, mut tally, now) = (Out::new(), Tally::new(), Timestamp::now());
    let mut links = log.read()?;
    if let Some(text) = &options.text {
        links.retain(|link| link.target.to_string().contains(text.as_str()));
    }
    let found = links.len();
    if !options.all {
        links.retain(|link| !link.is_over(now));
    }
    let mut standings = Vec::new();
    if options.check {
        for standing in links::standings(&context.connections, &links).await {
            standings.push(tally.value(standing)?);
        }
    }
    for (index, link) in links.iter().enumerate() {
        let standing = standings.get(index).map(|standing| standing.map_or("unknown", Standing::word));
        if options.json {
            let mut row = json!({
                "id": link.id,
                "made": link.made.to_string(),
                "until": link.until.map(|until| until.to_string()),
                "method": link.method.name(),
                "location": link.target.exact(),
            });
            if let Some(standing) = standing {
                row["standing"] = standing.into();
            }
            out.json(&row)?;
            continue;
        }
        let until = link.until.map_or_else(|| "public".to_owned(), |until| links::left(until, now));
        let (id, made, method) = (display_safe(&link.id), local_time(Some(link.made)), link.method.name());
        let standing = standing.map(|word| format!("{word:<8} ")).unwrap_or_default();
        out.line(&format!("{id}  {made}  {method:<6} {until:<10} {standing}{}", link.target))?;
    }
    out.flush()?;
    if found > links.len() && !options.json {
        note(&format!("{} more have ended (--all shows them)", found - links.len()));
    }
    Ok(tally.code())
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
