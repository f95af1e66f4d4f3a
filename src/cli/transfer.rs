//! What `cp`, `mv` and `sync` share: the options of whatever writes, and the engine run to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, IsTerminal as _};
use std::time::Duration;

use clap::Args;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use super::output::{local_time, note};
use super::printer::Printer;
use super::{Context, hangup};
use crate::config::units::{parse_rate, parse_size};
use crate::config::{Sse, TransferDefaults, Verify};
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::s3::Attributes;
use crate::transfer::{
    Answer, Conflict, Engine, Event, Item, OnConflict, Settings, Summary, TransferId, Tuning,
};

const TICK: Duration = Duration::from_millis(100);

/// How bytes are moved, and what is said about it.
#[derive(Args, Debug)]
pub(super) struct Moving {
    /// Bytes of a part, at least 5MiB.
    #[arg(long, value_name = "SIZE", value_parser = part_size)]
    pub(super) part_size: Option<u64>,
    /// Requests in flight.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) parallel: Option<u16>,
    /// How what was moved is proved: off (by its length), default (by checksums that cost no second reading), full.
    #[arg(long, value_name = "HOW", value_parser = verify)]
    pub(super) verify: Option<Verify>,
    /// The same as --verify off.
    #[arg(long, conflicts_with = "verify")]
    pub(super) no_verify: bool,
    /// Bytes a second at most.
    #[arg(long, value_name = "RATE", value_parser = |text: &str| parse_rate(text))]
    pub(super) limit_rate: Option<u64>,
    /// One JSON object a file, and a last line with the summary.
    #[arg(long)]
    pub(super) json: bool,
}

/// The options of whatever writes.
#[derive(Args, Debug)]
pub(super) struct Writing {
    /// Only files whose path below the source matches; of a file or object that is named itself, its name (may be
    /// repeated).
    #[arg(long, value_name = "GLOB")]
    pub(super) include: Vec<String>,
    /// No files whose path below the source, or whose name, matches (may be repeated).
    #[arg(long, value_name = "GLOB")]
    pub(super) exclude: Vec<String>,
    /// Only say what would be done.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Storage class of what is written.
    #[arg(long, value_name = "CLASS")]
    pub(super) storage_class: Option<String>,
    /// Content type of what is written; guessed from the name otherwise.
    #[arg(long, value_name = "TYPE")]
    pub(super) content_type: Option<String>,
    /// Metadata of what is written (may be repeated).
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_value)]
    pub(super) metadata: Vec<(String, String)>,
    /// Server-side encryption: AES256, aws:kms, aws:kms:KEY-ID, aws:kms:dsse or aws:kms:dsse:KEY-ID.
    #[arg(long, value_name = "HOW", value_parser = sse)]
    pub(super) sse: Option<String>,
    #[command(flatten)]
    pub(super) moving: Moving,
}

fn part_size(text: &str) -> std::result::Result<u64, String> {
    let size = parse_size(text)?;
    if (5 << 20..=5 << 30).contains(&size) { Ok(size) } else { Err("between 5MiB and 5GiB".to_owned()) }
}

fn verify(text: &str) -> std::result::Result<Verify, String> {
    let found = Verify::WORDS.iter().find(|(word, _)| *word == text);
    found.map(|(_, verify)| *verify).ok_or_else(|| "one of off, default, full".to_owned())
}

/// An engine that keeps its journal where all others do.
pub(super) fn engine(context: &Context, defaults: TransferDefaults) -> (Engine, UnboundedReceiver<Event>) {
    let settings = Settings {
        defaults,
        journal: Some(context.config.paths.transfers()),
        // Somebody who can make room sees that it is waited for.
        wait_for_space: std::io::stderr().is_terminal(),
        ..Settings::default()
    };
    Engine::new(context.connections.clone(), settings)
}

fn sse(text: &str) -> std::result::Result<String, String> {
    Sse::parse(text).map(|_| text.to_owned())
}

pub(super) fn key_value(text: &str) -> std::result::Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Writing {
    /// What replaces the attributes of the source.
    pub(super) fn attributes(&self) -> Attributes {
        Attributes {
            content_type: self.content_type.clone(),
            storage_class: self.storage_class.clone(),
            sse: self.sse.clone(),
            metadata: self.metadata.iter().cloned().collect::<BTreeMap<_, _>>(),
            ..Attributes::default()
        }
    }
}

impl Moving {
    /// How what is moved is proved, if that was said.
    pub(super) fn verify(&self) -> Option<Verify> {
        if self.no_verify { Some(Verify::Off) } else { self.verify }
    }

    /// What goes into the journal, so that who goes on with it goes on alike.
    pub(super) fn tuning(&self) -> Tuning {
        Tuning { part_size: self.part_size, verify: self.verify(), limit_rate: self.limit_rate }
    }

    /// An engine as fast as is asked for.
    pub(super) fn engine(&self, context: &Context) -> (Engine, UnboundedReceiver<Event>) {
        let mut defaults = context.config.transfer.clone();
        defaults.part_size = self.part_size.or(defaults.part_size);
        defaults.parallel = self.parallel.map(usize::from).or(defaults.parallel);
        defaults.limit_rate = self.limit_rate.or(defaults.limit_rate);
        defaults.verify = self.verify().unwrap_or(defaults.verify);
        engine(context, defaults)
    }
}

/// Asks now for what the profiles of `items` need: a passphrase, the PIN of a `secret_command`. Later a bar would cover
/// the question.
pub(super) async fn unlock(context: &Context, items: &[Item], stop: &CancellationToken) -> Result<()> {
    let places = items.iter().flat_map(|item| [&item.from, &item.to]);
    let profiles: BTreeSet<&str> = places.filter_map(Location::profile).collect();
    for name in profiles {
        let connected = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(Error::new(Kind::Cancelled, "stopped")),
            connected = context.connections.store(name) => connected,
        };
        // What else is wrong is told for each file that it keeps from being moved.
        if let Err(error) = connected
            && (context.config.profile(name)?.is_sealed()
                || matches!(error.kind(), Kind::Usage | Kind::Config))
        {
            return Err(error);
        }
    }
    Ok(())
}

/// Waits for one request: prints as files end, asks, stops when told to; then the engine is at its end.
pub(super) async fn carry_out(
    engine: &Engine,
    events: &mut UnboundedReceiver<Event>,
    id: TransferId,
    printer: &mut Printer,
    stop: &CancellationToken,
) -> Result<Summary> {
    let mut tick = tokio::time::interval(TICK);
    let mut stopping = false;
    loop {
        let event = tokio::select! {
            biased;
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                engine.interrupt(id);
                continue;
            }
            event = events.recv() => event,
            _ = tick.tick(), if printer.is_watched() => {
                printer.progress(&engine.snapshot());
                continue;
            }
        };
        let result = match event {
            None => return Err(Error::new(Kind::Internal, "the engine has stopped")),
            Some(Event::File { outcome, .. }) => printer.file(&outcome),
            Some(Event::Conflict { id, conflict }) => {
                let answer = printer.aside(|| ask(&conflict));
                match answer {
                    Some(Said::Answer(answer)) => engine.answer(id, answer),
                    Some(Said::SkipSame) => engine.skip_same(id),
                    None => engine.cancel(id),
                }
                Ok(())
            }
            Some(Event::Finished { summary, .. }) => {
                printer.end_progress();
                engine.stop().await;
                if stopping && summary.cancelled {
                    note(printer.stopped());
                }
                return Ok(summary);
            }
        };
        if let Err(error) = result {
            engine.stop().await;
            return Err(error);
        }
    }
}

/// What was typed to a question.
enum Said {
    Answer(Answer),
    /// Targets that are the same are skipped.
    SkipSame,
}

/// Asks on the terminal; `None` at the end of input.
fn ask(conflict: &Conflict) -> Option<Said> {
    loop {
        let text = format!(
            "{} exists: {} bytes, {}\n  new:   {} bytes, {}\n[o]verwrite [s]kip [n]ewer [r]ename, capital letter: all; [=] skip all that are the same; [q]uit: ",
            conflict.target,
            conflict.target_size,
            local_time(conflict.target_modified),
            conflict.source_size,
            local_time(conflict.source_modified),
        );
        crate::locale::say(&text).ok()?;
        let mut line = String::new();
        if !matches!(std::io::stdin().lock().read_line(&mut line), Ok(1..)) {
            hangup::stdin_ended();
            return None;
        }
        let letter = line.trim().chars().next().unwrap_or(' ');
        let choice = match letter.to_ascii_lowercase() {
            'o' => OnConflict::Overwrite,
            's' => OnConflict::Skip,
            'n' => OnConflict::Newer,
            'r' => OnConflict::Rename,
            '=' => return Some(Said::SkipSame),
            'q' => return None,
            _ => continue,
        };
        return Some(Said::Answer(Answer { choice, all: letter.is_ascii_uppercase() }));
    }
}
