//! `sync`: the plan first, then what it says.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::applies::{self, End};
use super::output::{Out, note, report, skipped};
use super::printer::Printer;
use super::transfer::{Writing, carry_out, unlock};
use super::{Context, ask};
use crate::error::{Error, Kind, Result};
use crate::sync::{self, Compare, Counts, Filters, Plan, Step, StepKind};
use crate::transfer::{Request, Summary};

/// Steps that are shown before the question.
const SHOWN: usize = 20;

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail sync --delete --dry-run ./build/ r2:site/\n         twinpail sync work:media/2026/ ~/photos/2026/\n         twinpail sync --checksum work:media/ archive:media/"
)]
pub(super) struct Options {
    /// Delete what is only in the target.
    #[arg(long)]
    delete: bool,
    /// Delete everything in the target when the source is empty.
    #[arg(long, requires = "delete")]
    force: bool,
    /// Compare content by checksums and ETags, not times.
    #[arg(long)]
    checksum: bool,
    /// Compare sizes only.
    #[arg(long, conflicts_with = "checksum")]
    size_only: bool,
    /// Follow symbolic links within a local source instead of skipping them.
    #[arg(long)]
    copy_links: bool,
    /// Leave out what matches the patterns in FILE, as .gitignore has them (may be repeated); a local source's own
    /// .twinpailignore counts too.
    #[arg(long, value_name = "FILE")]
    ignore_file: Vec<PathBuf>,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    writing: Writing,
    /// The folder or prefix that is right.
    #[arg(value_name = "SRC")]
    source: String,
    /// The folder or prefix that becomes like it.
    #[arg(value_name = "DST")]
    target: String,
}

impl Options {
    fn comparison(&self) -> sync::Options {
        let compare = match (self.checksum, self.size_only) {
            (true, _) => Compare::Checksum,
            (_, true) => Compare::Size,
            _ => Compare::Times,
        };
        let filters = Filters {
            include: self.writing.include.clone(),
            exclude: self.writing.exclude.clone(),
            ignore_files: self.ignore_file.clone(),
        };
        sync::Options { compare, delete: self.delete, filters, copy_links: self.copy_links }
    }
}

pub(super) async fn run(context: &Context, options: Options, stop: CancellationToken) -> Result<u8> {
    let (source, target) = (context.location(&options.source)?, context.location(&options.target)?);
    applies::check(&options.writing, &[End::of(&source)], End::of(&target))?;
    if options.copy_links && source.as_local().is_none() {
        return Err(applies::refused("--copy-links", "it is for links within a local source"));
    }
    let dry_run = options.writing.dry_run;
    if !dry_run {
        context.config.writable(&target, &format!("write to {target}"))?;
    }
    let comparison = options.comparison();
    let plan = tokio::select! {
        biased;
        () = stop.cancelled() => return Err(Error::new(Kind::Cancelled, "stopped")),
        plan = sync::plan(&context.connections, &source, &target, &comparison) => plan?,
    };
    plan.faults.iter().for_each(report);
    skipped(plan.skipped.links, plan.skipped.special);
    let counts = Counts::of(&plan.steps);
    if counts.delete > 0 && plan.source_files == 0 && !options.force && !dry_run {
        return Err(Error::new(Kind::Usage, "the source is empty; --force deletes everything in the target"));
    }
    if dry_run {
        return dry(&plan, counts, options.writing.moving.json);
    }
    note(&words(&plan, counts));
    if counts.create + counts.update == 0 && plan.faults.is_empty() {
        let (engine, _) = options.writing.moving.engine(context);
        engine.forget_like(&sync::request(&plan, options.writing.attributes())).await;
    }
    if plan.steps.is_empty() && !options.writing.moving.json {
        return Ok(u8::from(!plan.faults.is_empty()));
    }
    let is_terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if is_terminal && !options.yes && !plan.steps.is_empty() && !agreed(&plan, &stop).await? {
        note("nothing was changed");
        return Ok(0);
    }
    let code = apply(context, &options, &plan, &stop).await?;
    Ok(code.max(u8::from(!plan.faults.is_empty())))
}

/// What a plan comes to, in a line.
fn words(plan: &Plan, counts: Counts) -> String {
    let size = humansize::format_size(counts.bytes, humansize::DECIMAL);
    let mut text = format!(
        "{} to create, {} to update, {} to delete, {} unchanged; {size} to copy",
        counts.create, counts.update, counts.delete, plan.unchanged
    );
    match (plan.extra, plan.faults.len()) {
        (0, 0) => {}
        (extra, 0) => text = format!("{text}; {extra} only in the target (--delete deletes them)"),
        (_, faults) => text = format!("{text}; nothing is deleted, as {faults} could not be read or named"),
    }
    text
}

/// Every step, and nothing done.
fn dry(plan: &Plan, counts: Counts, json: bool) -> Result<u8> {
    let mut out = Out::new();
    for step in &plan.steps {
        if json {
            out.json(&json!({
                "action": step.kind.word(),
                "path": step.relative,
                "source": (step.kind != StepKind::Delete).then(|| step.from.exact()),
                "target": step.to.exact(),
                "bytes": step.bytes,
                "reason": step.reason.to_string(),
            }))?;
        } else {
            out.line(&format!("would {}", line(step)))?;
        }
    }
    out.flush()?;
    note(&words(plan, counts));
    Ok(u8::from(!plan.faults.is_empty()))
}

fn line(step: &Step) -> String {
    let path = crate::sanitize::display_safe(&step.relative);
    format!("{} {path} ({})", step.kind.word(), step.reason)
}

/// Shows the first steps and asks.
async fn agreed(plan: &Plan, stop: &CancellationToken) -> Result<bool> {
    let mut text = String::new();
    for step in plan.steps.iter().take(SHOWN) {
        text.push_str(&format!("  {}\n", line(step)));
    }
    if plan.steps.len() > SHOWN {
        text.push_str(&format!("  and {} more; --dry-run shows all\n", plan.steps.len() - SHOWN));
    }
    text.push_str("Go on?");
    tokio::select! {
        () = stop.cancelled() => Err(Error::new(Kind::Cancelled, "stopped")),
        agreed = ask::agreed(&text) => agreed,
    }
}

/// Copies, then deletes, if nothing went wrong by then.
async fn apply(context: &Context, options: &Options, plan: &Plan, stop: &CancellationToken) -> Result<u8> {
    let request = Request {
        tuning: options.writing.moving.tuning(),
        ..sync::request(plan, options.writing.attributes())
    };
    unlock(context, &request.items, stop).await?;
    let mut printer = Printer::new(options.writing.moving.json, "copy", &request);
    let mut summary = if request.items.is_empty() {
        Summary::default()
    } else {
        let (engine, mut events) = options.writing.moving.engine(context);
        carry_out(&engine, &mut events, engine.submit(request), &mut printer, stop).await?
    };
    let deletions = Counts::of(&plan.steps).delete;
    let mut deleted = 0;
    if deletions > 0 && (summary.failed > 0 || summary.cancelled || summary.error.is_some()) {
        note("nothing was deleted, because not everything could be copied");
    } else if deletions > 0 && !stop.is_cancelled() {
        let mut printed = Ok(());
        let each = |step: &Step, error: Option<Error>| {
            *(if error.is_some() { &mut summary.failed } else { &mut deleted }) += 1;
            if printed.is_ok() {
                printed = printer.deleted(&step.to, step.bytes, error.as_ref());
            }
        };
        sync::delete(&context.connections, &plan.target, &plan.steps, each).await;
        printed?;
    }
    printer.summary(&summary, Some(deleted))
}
