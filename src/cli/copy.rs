//! `cp` and `mv`.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::output::{Out, local_time, note, report};
use super::{Context, cat, items};
use crate::config::units::parse_size;
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::s3::Attributes;
use crate::sanitize::display_safe;
use crate::transfer::{
    Answer, Conflict, Engine, Event, FileOutcome, FileStatus, OnConflict, Request, Settings, Snapshot,
    Summary, Verb,
};

const TICK: Duration = Duration::from_millis(100);

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail cp -r ./build/ r2:site/\n         pg_dump shop | twinpail cp - work:backups/shop.sql"
)]
pub(super) struct Options {
    /// Folders and prefixes with everything below them.
    #[arg(short, long)]
    recursive: bool,
    /// What to do about targets that exist.
    #[arg(long, value_name = "WHAT", default_value = "overwrite", value_parser = on_conflict)]
    on_conflict: OnConflict,
    /// Only files whose path below the source matches (may be repeated; with -r).
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// No files whose path below the source matches (may be repeated; with -r).
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Only say what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Bytes of a part, at least 5MiB.
    #[arg(long, value_name = "SIZE", value_parser = part_size)]
    part_size: Option<u64>,
    /// Requests in flight.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    parallel: Option<u16>,
    /// How long stdin is going to be, so that parts are made large enough.
    #[arg(long, value_name = "SIZE", value_parser = |text: &str| parse_size(text))]
    expected_size: Option<u64>,
    /// Storage class of what is written.
    #[arg(long, value_name = "CLASS")]
    storage_class: Option<String>,
    /// Content type of what is written; guessed from the name otherwise.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Metadata of what is written (may be repeated).
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    metadata: Vec<(String, String)>,
    /// Server-side encryption: AES256, aws:kms or aws:kms:KEY-ID.
    #[arg(long, value_name = "HOW")]
    sse: Option<String>,
    /// One JSON object a file, and a last line with the summary.
    #[arg(long)]
    json: bool,
    /// SRC... DST: where from, and where to at the end.
    #[arg(value_name = "LOC", num_args = 2.., required = true)]
    locations: Vec<String>,
}

fn on_conflict(text: &str) -> std::result::Result<OnConflict, String> {
    let found = OnConflict::WORDS.iter().find(|(word, _)| *word == text);
    found.map(|(_, policy)| *policy).ok_or_else(|| {
        let words: Vec<&str> = OnConflict::WORDS.iter().map(|(word, _)| *word).collect();
        format!("one of {}", words.join(", "))
    })
}

fn part_size(text: &str) -> std::result::Result<u64, String> {
    let size = parse_size(text)?;
    if (5 << 20..=5 << 30).contains(&size) { Ok(size) } else { Err("between 5MiB and 5GiB".to_owned()) }
}

fn key_value(text: &str) -> std::result::Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Options {
    fn attributes(&self) -> Attributes {
        Attributes {
            content_type: self.content_type.clone(),
            storage_class: self.storage_class.clone(),
            sse: self.sse.clone(),
            metadata: self.metadata.iter().cloned().collect::<BTreeMap<_, _>>(),
            ..Attributes::default()
        }
    }
}

pub(super) async fn run(
    context: &Context,
    options: Options,
    verb: Verb,
    stop: CancellationToken,
) -> Result<u8> {
    if options.on_conflict == OnConflict::Ask && !std::io::stdin().is_terminal() {
        return Err(Error::new(Kind::Usage, "--on-conflict ask needs a terminal")
            .with_hint("choose overwrite, skip, newer, rename or fail"));
    }
    let mut defaults = context.config.transfer.clone();
    defaults.part_size = options.part_size.or(defaults.part_size);
    defaults.parallel = options.parallel.map(usize::from).or(defaults.parallel);
    let (engine, mut events) = Engine::new(context.connections.clone(), Settings { defaults });
    let Some((target, sources)) = options.locations.split_last() else {
        return Err(Error::new(Kind::Usage, "name a source and a target"));
    };
    if sources.iter().any(|source| source == "-") || target == "-" {
        return stream(context, &engine, &options, sources, target, verb, stop).await;
    }
    let request = Request {
        verb,
        items: items::resolve(context, sources, target, options.recursive)?,
        on_conflict: options.on_conflict,
        attributes: options.attributes(),
        include: options.include.clone(),
        exclude: options.exclude.clone(),
        dry_run: options.dry_run,
        store_mtime: false,
    };
    let id = engine.submit(request);
    let bar = bar(&options);
    let mut printer =
        Printer { out: Out::new(), json: options.json, dry_run: options.dry_run, verb, bar: bar.clone() };
    let mut tick = tokio::time::interval(TICK);
    let mut stopping = false;
    loop {
        let event = tokio::select! {
            biased;
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                engine.cancel(id);
                continue;
            }
            event = events.recv() => event,
            _ = tick.tick(), if bar.is_some() => {
                if let Some(bar) = &bar {
                    show(bar, &engine.snapshot());
                }
                continue;
            }
        };
        let result = match event {
            None => return Err(Error::new(Kind::Internal, "the engine has stopped")),
            Some(Event::File { outcome, .. }) => printer.file(&outcome),
            Some(Event::Conflict { id, conflict }) => {
                let answer = suspended(bar.as_ref(), || ask(&conflict));
                match answer {
                    Some(answer) => engine.answer(id, answer),
                    None => engine.cancel(id),
                }
                Ok(())
            }
            Some(Event::Finished { summary, .. }) => {
                if let Some(bar) = &bar {
                    bar.finish_and_clear();
                }
                engine.shut_down().await;
                return printer.summary(&summary);
            }
        };
        if let Err(error) = result {
            engine.shut_down().await;
            return Err(error);
        }
    }
}

/// What is printed as files end.
struct Printer {
    out: Out,
    json: bool,
    dry_run: bool,
    verb: Verb,
    bar: Option<ProgressBar>,
}

impl Printer {
    fn file(&mut self, outcome: &FileOutcome) -> Result<()> {
        if let (Some(error), false) = (&outcome.error, outcome.status == FileStatus::Cancelled) {
            suspended(self.bar.as_ref(), || report(error));
        }
        if self.json {
            return self.out.json(&json!({
                "source": exact(&outcome.source),
                "target": exact(&outcome.target),
                "status": status(outcome.status),
                "bytes": outcome.bytes,
                "bytes_sent": outcome.bytes_sent,
                "bytes_resumed": outcome.bytes_resumed,
                "verified": outcome.verified.name(),
                "error": outcome.error.as_ref().map(ToString::to_string),
            }));
        }
        if self.dry_run && outcome.status == FileStatus::Planned {
            let verb = if self.verb == Verb::Move { "move" } else { "copy" };
            self.out.line(&format!("would {verb} {} to {}", outcome.source, outcome.target))?;
        }
        Ok(())
    }

    fn summary(mut self, summary: &Summary) -> Result<u8> {
        if let Some(error) = &summary.error {
            report(error);
        }
        if self.json {
            self.out.json(&json!({ "summary": {
                "files": summary.files,
                "failed": summary.failed,
                "skipped": summary.skipped,
                "bytes": summary.bytes,
                "bytes_sent": summary.bytes_sent,
                "bytes_resumed": summary.bytes_resumed,
                "seconds": summary.elapsed.as_secs_f64(),
            }}))?;
        }
        self.out.flush()?;
        if summary.failed > 1 || (summary.failed > 0 && summary.files > 0) {
            note(&format!("{} failed, {} done", summary.failed, summary.files));
        }
        Ok(match &summary.error {
            Some(error) => super::output::exit_code(error).max(1),
            None => u8::from(summary.failed > 0 || summary.cancelled),
        })
    }
}

/// Exact text for JSON: what `Display` would escape is not.
pub(super) fn exact(location: &Location) -> String {
    match location {
        Location::Local(path) => path.to_string_lossy().into_owned(),
        Location::Profile(profile) => format!("{profile}:"),
        Location::Remote(remote) => format!("{}:{}/{}", remote.profile, remote.bucket, remote.key),
    }
}

fn status(status: FileStatus) -> &'static str {
    match status {
        FileStatus::Done => "done",
        FileStatus::Skipped => "skipped",
        FileStatus::Failed => "failed",
        FileStatus::Planned => "planned",
        FileStatus::Cancelled => "cancelled",
    }
}

fn bar(options: &Options) -> Option<ProgressBar> {
    if options.json || options.dry_run || !std::io::stderr().is_terminal() {
        return None;
    }
    let style = ProgressStyle::with_template(
        "{bar:24} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta} {msg}",
    );
    let bar = ProgressBar::new(0);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    Some(bar)
}

fn show(bar: &ProgressBar, snapshot: &Snapshot) {
    let Some(transfer) = snapshot.transfers.first() else { return };
    bar.set_length(transfer.bytes);
    bar.set_position(transfer.bytes_done);
    let more = if transfer.planning { "+" } else { "" };
    let name = transfer.current.first().map(|(name, ..)| display_safe(name).into_owned()).unwrap_or_default();
    bar.set_message(format!("{}/{}{more} {name}", transfer.files_over, transfer.files));
}

/// Does something to the terminal while the bar is out of the way.
fn suspended<T>(bar: Option<&ProgressBar>, action: impl FnOnce() -> T) -> T {
    match bar {
        Some(bar) => bar.suspend(action),
        None => action(),
    }
}

/// Asks on the terminal; `None` at the end of input.
fn ask(conflict: &Conflict) -> Option<Answer> {
    let mut stderr = std::io::stderr();
    loop {
        let text = format!(
            "{} exists: {} bytes, {}\n  new:   {} bytes, {}\n[o]verwrite [s]kip [n]ewer [r]ename, capital letter: all; [q]uit: ",
            conflict.target,
            conflict.target_size,
            local_time(conflict.target_modified),
            conflict.source_size,
            local_time(conflict.source_modified),
        );
        stderr.write_all(text.as_bytes()).ok()?;
        let mut line = String::new();
        if std::io::stdin().lock().read_line(&mut line).ok()? == 0 {
            return None;
        }
        let letter = line.trim().chars().next().unwrap_or(' ');
        let choice = match letter.to_ascii_lowercase() {
            'o' => OnConflict::Overwrite,
            's' => OnConflict::Skip,
            'n' => OnConflict::Newer,
            'r' => OnConflict::Rename,
            'q' => return None,
            _ => continue,
        };
        return Some(Answer { choice, all: letter.is_ascii_uppercase() });
    }
}

/// `-` on one side.
async fn stream(
    context: &Context,
    engine: &Engine,
    options: &Options,
    sources: &[String],
    target: &str,
    verb: Verb,
    stop: CancellationToken,
) -> Result<u8> {
    let wrong = |text: &str| Err(Error::new(Kind::Usage, text.to_owned()));
    if verb == Verb::Move {
        return wrong("a stream cannot be moved; use cp");
    }
    if target == "-" {
        let locations = sources.to_vec();
        if locations.iter().any(|source| source == "-") {
            return wrong("stdin to stdout needs no twinpail");
        }
        return cat::to_stdout(context, &locations).await;
    }
    if sources.len() != 1 {
        return wrong("`-` must be the only source");
    }
    let Location::Remote(remote) = context.location(target)? else {
        return wrong("`-` can be copied to an object: PROFILE:BUCKET/KEY");
    };
    if remote.key.is_empty() || remote.key.ends_with('/') {
        return Err(Error::new(Kind::Usage, format!("{remote} names no object"))
            .with_hint("stdin has no name; give it one"));
    }
    let mut attributes = options.attributes();
    if attributes.content_type.is_none() {
        attributes.content_type = mime_guess::from_path(&remote.key).first_raw().map(str::to_owned);
    }
    let written =
        engine.upload_stream(tokio::io::stdin(), &remote, &attributes, options.expected_size, stop).await?;
    if options.json {
        let target = exact(&Location::Remote(remote));
        let mut out = Out::new();
        out.json(&json!({
            "source": "-", "target": target, "status": "done", "bytes": written, "bytes_sent": written,
            "bytes_resumed": 0, "verified": "no", "error": null,
        }))?;
        out.json(&json!({ "summary": {
            "files": 1, "failed": 0, "skipped": 0, "bytes": written, "bytes_sent": written, "bytes_resumed": 0,
        }}))?;
    }
    Ok(0)
}
