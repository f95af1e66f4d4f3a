//! `kit`: presigned multipart uploads for somebody without keys.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use jiff::Timestamp;
use serde_json::json;

use super::Context;
use super::output::{Out, Tally, note, report};
use crate::config::units::parse_size;
use crate::error::{Error, Kind, Result};
use crate::links::kit::{self, Arrived, Kit, KitRequest, Kits};
use crate::links::{self};
use crate::location::Location;
use crate::sanitize::display_safe;

/// Between two looks at what has arrived.
const AGAIN: Duration = Duration::from_secs(2);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Begin an upload and write what its sender needs: a script, a web page, a JSON file.
    Create(CreateOptions),
    /// Show the kits and how much of each has arrived.
    List(ListOptions),
    /// Make the object, once every part has arrived.
    #[command(after_help = "Example: twinpail kit finish --wait 3fa09c1b")]
    Finish(FinishOptions),
    /// Throw a kit and what has arrived of it away.
    #[command(after_help = "Example: twinpail kit abort 3fa09c1b")]
    Abort(Named),
}

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail kit create work:inbox/film.mov --size 3GiB --expires 2d\n\
                  writes film.mov.kit.sh, film.mov.kit.html and film.mov.kit.json here; whoever has one of them can upload.\n\
                  A small file needs no parts: twinpail presign --method put --html work:inbox/cv.pdf > send.html",
    group = ArgGroup::new("form")
)]
pub(super) struct CreateOptions {
    /// The exact size of the file: a number of bytes, or 3GiB.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    size: u64,
    /// Bytes of a part, whole MiB; default: by size, at least 16MiB.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    part_size: Option<u64>,
    /// Until when it works: 2d, friday 18:00, 2026-12-01; at most 7 days.
    #[arg(long, value_name = "TIME", value_parser = links::parse_expires)]
    expires: Option<Duration>,
    /// The object's content type.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// The folder that the three files are written to.
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    out: PathBuf,
    /// Only the script, on stdout.
    #[arg(long, group = "form")]
    sh: bool,
    /// Only the web page, on stdout.
    #[arg(long, group = "form")]
    html: bool,
    /// Only the JSON file, on stdout.
    #[arg(long, group = "form")]
    json: bool,
    /// The object that it becomes.
    #[arg(value_name = "LOC")]
    location: String,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail kit list")]
pub(super) struct ListOptions {
    /// One JSON object a line: id location size parts arrived bytes until.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
pub(super) struct FinishOptions {
    /// Show how much arrives, and wait until all of it has.
    #[arg(short, long)]
    wait: bool,
    #[command(flatten)]
    named: Named,
}

#[derive(Args, Debug)]
pub(super) struct Named {
    /// The kits' ids, as `kit list` shows them.
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

pub(super) async fn run(context: &Context, command: Command) -> Result<u8> {
    let kits = Kits::new(&context.config.paths);
    match command {
        Command::Create(options) => create(context, options).await,
        Command::List(options) => list(context, &kits, &options).await,
        Command::Finish(options) => finish(context, &kits, &options).await,
        Command::Abort(named) => abort(context, &kits, &named).await,
    }
}

async fn create(context: &Context, options: CreateOptions) -> Result<u8> {
    let target = match context.location(&options.location)? {
        Location::Remote(target) if !target.is_prefix() => target,
        other => {
            return Err(Error::new(Kind::Usage, format!("{other} is not an object"))
                .with_hint("write PROFILE:BUCKET/KEY, the object that the upload becomes"));
        }
    };
    let request = KitRequest {
        target,
        size: options.size,
        part_size: options.part_size,
        expires: options.expires.unwrap_or(context.config.presign_expires),
        content_type: options.content_type.clone(),
    };
    let (kit, ()) = kit::make(&context.connections, &request, |kit, urls| write(&options, kit, urls)).await?;
    note(&format!(
        "kit {}: {} in {} parts, until {} ({})",
        kit.id,
        humansize::format_size(kit.size, humansize::BINARY),
        kit.parts(),
        kit.until.to_zoned_datetime(crate::zone::local()).strftime("%a %Y-%m-%d %H:%M %Z"),
        links::left(kit.until, Timestamp::now())
    ));
    note(&format!("when the sender is done: twinpail kit finish {}", kit.id));
    Ok(0)
}

fn write(options: &CreateOptions, kit: &Kit, urls: &[String]) -> Result<()> {
    let mut out = Out::new();
    let single = match () {
        () if options.sh => Some(out.text(&kit::script(kit, urls))),
        () if options.html => Some(out.text(&kit::html(kit, urls))),
        () if options.json => Some(out.bytes(kit::json(kit, urls).as_bytes())),
        () => None,
    };
    if let Some(written) = single {
        return written.and_then(|()| out.flush());
    }
    for path in kit::write(&options.out, kit, urls)? {
        out.line(&display_safe(&path.to_string_lossy()))?;
    }
    out.flush()
}

async fn list(context: &Context, kits: &Kits, options: &ListOptions) -> Result<u8> {
    let (mut out, mut tally, now) = (Out::new(), Tally::new(), Timestamp::now());
    for one in kits.read()? {
        let arrived = match kit::arrived(&context.connections, &one).await {
            Ok(arrived) => Some(arrived),
            Err(error) if error.kind() == Kind::NotFound => None,
            Err(error) => {
                tally.take(Err(error))?;
                continue;
            }
        };
        if options.json {
            out.json(&json!({
                "id": one.id,
                "location": one.target.exact(),
                "size": one.size,
                "parts": one.parts(),
                "arrived": arrived.as_ref().map(|arrived| arrived.parts.len()),
                "bytes": arrived.as_ref().map(|arrived| arrived.bytes),
                "until": one.until.to_string(),
            }))?;
            continue;
        }
        let state = match arrived {
            None => "the upload is gone".to_owned(),
            Some(arrived) => share(&one, &arrived),
        };
        let left = links::left(one.until, now);
        out.line(&format!("{}  {state:<24} {left:<10} {}", display_safe(&one.id), one.target))?;
    }
    out.flush()?;
    Ok(tally.code())
}

async fn finish(context: &Context, kits: &Kits, options: &FinishOptions) -> Result<u8> {
    let mut tally = Tally::new();
    for id in &options.named.ids {
        let done = async {
            let kit = kits.get(id)?;
            if options.wait {
                wait(context, &kit).await?;
            }
            kit::finish(&context.connections, &kit).await?;
            note(&format!("{} is complete: {} bytes", kit.target, kit.size));
            Ok(())
        };
        tally.take(done.await)?;
    }
    Ok(tally.code())
}

/// Until every part has arrived, or none can any more. What has arrived is told when there is more of it.
async fn wait(context: &Context, kit: &Kit) -> Result<()> {
    let mut before = usize::MAX;
    loop {
        let arrived = kit::arrived(&context.connections, kit).await?;
        if before != arrived.parts.len() {
            before = arrived.parts.len();
            note(&format!("{}: {}", kit.target, share(kit, &arrived)));
        }
        // What is missing then is said by who makes the object.
        if arrived.missing.is_empty() || kit.until <= Timestamp::now() {
            return Ok(());
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn share(kit: &Kit, arrived: &Arrived) -> String {
    let share = arrived.bytes.saturating_mul(100).checked_div(kit.size).unwrap_or(0);
    format!("{}/{} parts, {share}%", arrived.parts.len(), kit.parts())
}

async fn abort(context: &Context, kits: &Kits, named: &Named) -> Result<u8> {
    let mut failed = 0;
    for id in &named.ids {
        let done = async {
            let kit = kits.get(id)?;
            kit::abort(&context.connections, &kit).await
        };
        if let Err(error) = done.await {
            report(&error);
            failed += 1;
        }
    }
    Ok(u8::from(failed > 0))
}
