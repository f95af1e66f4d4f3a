//! `transfers`: what earlier runs did not finish.

use clap::{Args, Subcommand};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::output::{Out, Tally, local_time, note};
use super::printer::Printer;
use super::transfer::{Moving, carry_out, unlock};
use crate::error::{Error, Kind, Result};
use crate::transfer::{Engine, Unfinished, Verb};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List transfers that are not finished.
    Ls(ListOptions),
    /// Go on with transfers that were interrupted, and try again what failed.
    Resume(Box<ResumeOptions>),
    /// Forget transfers: their unfinished uploads are aborted, their `.part` files removed.
    Forget(ForgetOptions),
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail transfers ls")]
pub(super) struct ListOptions {
    /// One JSON object a line: id created verb source target items files bytes failed state.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail transfers resume")]
pub(super) struct ResumeOptions {
    #[command(flatten)]
    moving: Moving,
    /// Which, as `transfers ls` names them; default: all that no twinpail is at.
    #[arg(value_name = "ID")]
    ids: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail transfers forget 0193f2a51c4e7a1b")]
pub(super) struct ForgetOptions {
    /// All that no twinpail is at.
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// Which, as `transfers ls` names them.
    #[arg(value_name = "ID", required_unless_present = "all")]
    ids: Vec<String>,
}

pub(super) async fn run(context: &Context, command: Command, stop: CancellationToken) -> Result<u8> {
    match command {
        Command::Ls(options) => {
            let (engine, _) = super::transfer::engine(context, context.config.transfer.clone());
            let listed = list(&options, &engine.unfinished());
            if let Some((folder, count)) = engine.unreadable() {
                let what = if count == 1 { "record" } else { "records" };
                note(&format!("{count} {what} of the journal cannot be read; see {}", folder.display()));
            }
            listed
        }
        Command::Resume(options) => resume(context, &options, &stop).await,
        Command::Forget(options) => forget(context, &options).await,
    }
}

fn state(unfinished: &Unfinished) -> &'static str {
    match unfinished {
        Unfinished { busy: true, .. } => "running",
        Unfinished { over: true, .. } => "failed",
        Unfinished { paused: true, .. } => "paused",
        _ => "interrupted",
    }
}

fn list(options: &ListOptions, all: &[Unfinished]) -> Result<u8> {
    let mut out = Out::new();
    for one in all {
        let first = one.request.items.first();
        if options.json {
            out.json(&json!({
                "id": one.id,
                "created": one.created.to_string(),
                "verb": if one.request.verb == Verb::Move { "move" } else { "copy" },
                "source": first.map(|item| item.from.exact()),
                "target": first.map(|item| item.to.exact()),
                "items": one.request.items.len(),
                "files": one.files,
                "bytes": one.bytes,
                "failed": one.failed.len(),
                "state": state(one),
            }))?;
            continue;
        }
        let (from, to) = first.map(|item| (item.from.to_string(), item.to.to_string())).unwrap_or_default();
        let more = match one.request.items.len() {
            0 | 1 => String::new(),
            items => format!(" and {} more", items - 1),
        };
        let verb = if one.request.verb == Verb::Move { "move" } else { "copy" };
        let began = local_time(Some(one.created));
        out.line(&format!(
            "{} {began} {:11} {verb} {from}{more} to {to}, {} files done, {} failed",
            one.id,
            state(one),
            one.files,
            one.failed.len()
        ))?;
    }
    Ok(0)
}

/// Those that are named; or all that no twinpail is at.
fn chosen(engine: &Engine, ids: &[String]) -> Result<Vec<Unfinished>> {
    let all = engine.unfinished();
    if ids.is_empty() {
        return Ok(all.into_iter().filter(|one| !one.busy).collect());
    }
    let find = |id: &String| {
        all.iter().find(|one| one.id == *id).cloned().ok_or_else(|| {
            Error::new(Kind::NotFound, format!("there is no transfer {id}"))
                .with_hint("`twinpail transfers ls` lists them")
        })
    };
    ids.iter().map(find).collect()
}

async fn resume(context: &Context, options: &ResumeOptions, stop: &CancellationToken) -> Result<u8> {
    let (engine, _) = options.moving.engine(context);
    let mut worst = 0;
    let asked = options.moving.tuning();
    for mut unfinished in chosen(&engine, &options.ids)? {
        if stop.is_cancelled() {
            break;
        }
        // What it was begun with holds, unless something else is asked for now.
        let tuning = &mut unfinished.request.tuning;
        tuning.part_size = asked.part_size.or(tuning.part_size);
        tuning.verify = asked.verify.or(tuning.verify);
        tuning.limit_rate = asked.limit_rate.or(tuning.limit_rate);
        // One engine each: the end of one is the end of its events.
        let (engine, mut events) = options.moving.engine(context);
        let verb = if unfinished.request.verb == Verb::Move { "move" } else { "copy" };
        unlock(context, &unfinished.request.items, stop).await?;
        let mut printer = Printer::new(options.moving.json, verb, &unfinished.request);
        let id = engine.resume_unfinished(&unfinished);
        let summary = carry_out(&engine, &mut events, id, &mut printer, stop).await?;
        worst = worst.max(printer.summary(&summary, None)?);
    }
    Ok(worst)
}

async fn forget(context: &Context, options: &ForgetOptions) -> Result<u8> {
    let (engine, _) = super::transfer::engine(context, context.config.transfer.clone());
    let mut tally = Tally::new();
    let ids = if options.all {
        chosen(&engine, &[])?.into_iter().map(|one| one.id).collect()
    } else {
        options.ids.clone()
    };
    for id in &ids {
        let done = engine.forget(id).await;
        if done.is_ok() {
            note(&format!("{id} is forgotten"));
        }
        tally.take(done)?;
    }
    Ok(tally.code())
}
