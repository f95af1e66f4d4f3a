//! `uploads`: what was begun and neither completed nor aborted.

use std::io::IsTerminal as _;
use std::time::Duration;

use clap::{Args, Subcommand};
use futures_util::StreamExt as _;
use jiff::Timestamp;
use serde_json::json;

use super::output::{Out, Tally, local_time, note};
use super::{Context, ask};
use crate::config::units::{coarse, parse_duration};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::Upload;
use crate::sanitize::display_safe;
use crate::transfer::{BegunHere, Origin};
use crate::walk::uploads::{self, Held};

/// Uploads whose parts are asked for at once.
const MEASURED_AT_ONCE: usize = 16;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List unfinished uploads.
    Ls(ListOptions),
    /// Abort unfinished uploads: their parts are thrown away.
    Abort(AbortOptions),
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail uploads ls --size work:media/")]
pub(super) struct ListOptions {
    /// Ask what each upload holds.
    #[arg(long)]
    size: bool,
    /// One JSON object a line: key bucket `upload_id` started size parts origin.
    #[arg(long)]
    json: bool,
    /// A bucket, a prefix, or PROFILE: for all its buckets. Default: the default profile.
    #[arg(value_name = "LOC")]
    locations: Vec<String>,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail uploads abort --older-than 24h --dry-run work:media/\n\nWithout --older-than also uploads that are still running are aborted."
)]
pub(super) struct AbortOptions {
    /// Only those begun at least so long ago: 90m, 24h, 7d.
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    older_than: Option<Duration>,
    /// Only those begun from this machine that no transfer goes on with any more.
    #[arg(long)]
    left: bool,
    /// Only the one with this id.
    #[arg(long, value_name = "UPLOAD_ID")]
    id: Option<String>,
    /// Only say what would be aborted.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(short, long)]
    yes: bool,
    /// A bucket, a prefix, or PROFILE: for all its buckets.
    #[arg(value_name = "LOC", required = true)]
    locations: Vec<String>,
}

pub(super) async fn run(context: &Context, command: Command) -> Result<u8> {
    match command {
        Command::Ls(options) => list(context, options).await,
        Command::Abort(options) => abort(context, options).await,
    }
}

async fn list(context: &Context, options: ListOptions) -> Result<u8> {
    let (mut out, mut tally) = (Out::new(), Tally::new());
    for place in places(context, &context.or_default(&options.locations)?)? {
        let listed = list_below(context, &options, &place, &mut out, &mut tally).await;
        out.flush()?;
        tally.take(listed)?;
    }
    Ok(tally.code())
}

/// The places at providers that were named; wrong ones are told before anything is asked.
fn places(context: &Context, locations: &[String]) -> Result<Vec<Location>> {
    let place = |text: &String| match context.location(text)? {
        local @ Location::Local(_) => Err(Error::new(Kind::Usage, format!("{local} is not at a provider"))
            .with_hint("write PROFILE:BUCKET/PREFIX, or PROFILE: for all its buckets")),
        place => Ok(place),
    };
    locations.iter().map(place).collect()
}

async fn list_below(
    context: &Context,
    options: &ListOptions,
    place: &Location,
    out: &mut Out,
    tally: &mut Tally,
) -> Result<()> {
    let profile = place.profile().unwrap_or_default();
    let store = context.connections.store(profile).await?;
    let here = begun_here(context).await?;
    let mut row = Row { profile, json: options.json, size: options.size, now: Timestamp::now(), here, out };
    let mut batches = uploads::below(context.connections.clone(), place.clone());
    let mut count = 0;
    while let Some(batch) = batches.recv().await {
        let found = match batch {
            Ok(found) => found,
            Err(error) => {
                count += 1;
                tally.take(Err(error))?;
                continue;
            }
        };
        count += found.len();
        if !options.size {
            found.iter().try_for_each(|upload| row.print(upload, None))?;
            continue;
        }
        let mut measured = std::pin::pin!(uploads::all_held(store.clone(), found, MEASURED_AT_ONCE));
        while let Some((upload, held)) = measured.next().await {
            row.print(&upload, held.as_ref().ok().copied())?;
            tally.take(held.map(drop))?;
        }
    }
    if count == 0 {
        empty_means_little(context, place);
    }
    Ok(())
}

/// Says so where an empty listing is no proof.
fn empty_means_little(context: &Context, place: &Location) {
    let provider = place.profile().and_then(|name| context.config.profile(name).ok()).map(|p| p.provider);
    if let Some(provider) = provider.filter(|provider| !provider.lists_all_uploads) {
        note(&format!(
            "{place}: {} lists unfinished uploads only for an exact key, not for a bucket or a prefix; name the key",
            provider.title
        ));
    }
}

/// How one upload is printed.
struct Row<'a> {
    profile: &'a str,
    json: bool,
    size: bool,
    now: Timestamp,
    here: BegunHere,
    out: &'a mut Out,
}

impl Row<'_> {
    fn print(&mut self, upload: &Upload, held: Option<Held>) -> Result<()> {
        if self.json {
            return self.out.json(&json!({
                "key": upload.key,
                "bucket": upload.bucket,
                "upload_id": upload.upload_id,
                "started": upload.started.map(|time| time.to_string()),
                "size": held.map(|held| held.bytes),
                "parts": held.map(|held| held.parts),
                "origin": self.here.origin(upload).name(),
            }));
        }
        let size = match held {
            _ if !self.size => String::new(),
            Some(held) => format!("{:>13} ", held.bytes),
            None => format!("{:>13} ", "?"),
        };
        self.out.line(&words(self.profile, upload, self.now, &size, self.here.origin(upload)))
    }
}

/// What the journal knows of.
async fn begun_here(context: &Context) -> Result<BegunHere> {
    let (engine, _) = super::transfer::engine(context, context.config.transfer.clone());
    let read = tokio::task::spawn_blocking(move || engine.begun_here()).await;
    read.map_err(|error| Error::new(Kind::Internal, format!("a task failed: {error}")))
}

/// When it was begun, how long ago that is, and which it is: `2026-11-03 14:05:00   12d work:media/film.mkv  ID`.
fn words(profile: &str, upload: &Upload, now: Timestamp, size: &str, origin: Origin) -> String {
    let age = uploads::age(upload, now).map(coarse).unwrap_or_default();
    let (profile, bucket, key) = (profile.to_owned(), upload.bucket.clone(), upload.key.clone());
    let place = Remote { profile, bucket, key };
    let (started, id) = (local_time(upload.started), display_safe(&upload.upload_id));
    let whose = if origin == Origin::Other { String::new() } else { format!("  ({})", origin.words()) };
    format!("{started:19} {age:>5} {size}{place}  {id}{whose}")
}

async fn abort(context: &Context, options: AbortOptions) -> Result<u8> {
    if !options.yes && !options.dry_run && !std::io::stdin().is_terminal() {
        return Err(Error::new(Kind::Usage, "without a terminal nobody can be asked")
            .with_hint("--yes aborts without asking, --dry-run only says what would be aborted"));
    }
    let places = places(context, &options.locations)?;
    if !options.dry_run {
        places
            .iter()
            .try_for_each(|place| context.config.writable(place, &format!("abort uploads in {place}")))?;
    }
    let mut tally = Tally::new();
    let here = begun_here(context).await?;
    let chosen = choose(context, &options, &places, &here, &mut tally).await?;
    let now = Timestamp::now();
    if !options.yes || options.dry_run {
        let mut out = Out::new();
        for (profile, found) in &chosen {
            found
                .iter()
                .try_for_each(|upload| out.line(&words(profile, upload, now, "", here.origin(upload))))?;
        }
        out.flush()?;
    }
    let count: usize = chosen.iter().map(|(_, found)| found.len()).sum();
    if options.dry_run || count == 0 {
        note(&if count == 0 {
            "nothing to abort".into()
        } else {
            format!("{} would be aborted", counted(count))
        });
        return Ok(tally.code());
    }
    if !options.yes && !ask::agreed(&format!("Abort {}?", counted(count))).await? {
        note("nothing was aborted");
        return Ok(tally.code());
    }
    let mut gone = 0;
    for (profile, found) in chosen {
        let store = context.connections.store(&profile).await?;
        let found = found.into_iter().map(|upload| ((), upload));
        let mut aborted = std::pin::pin!(uploads::abort(store, found));
        while let Some(((), done)) = aborted.next().await {
            gone += usize::from(done.is_ok());
            tally.take(done)?;
        }
    }
    note(&format!("{} aborted", counted(gone)));
    Ok(tally.code())
}

fn counted(count: usize) -> String {
    format!("{count} unfinished {}", if count == 1 { "upload" } else { "uploads" })
}

/// What is to be aborted, by profile. A place that could not be read is told and counted.
async fn choose(
    context: &Context,
    options: &AbortOptions,
    places: &[Location],
    here: &BegunHere,
    tally: &mut Tally,
) -> Result<Vec<(String, Vec<Upload>)>> {
    let mut filter = Filter { options, here, now: Timestamp::now(), undated: 0 };
    let mut chosen = Vec::new();
    for place in places {
        let mut batches = uploads::below(context.connections.clone(), place.clone());
        let (mut wanted, mut answered) = (Vec::new(), false);
        while let Some(batch) = batches.recv().await {
            answered |= !matches!(&batch, Ok(found) if found.is_empty());
            match batch {
                Ok(found) => wanted.extend(found.into_iter().filter(|upload| filter.takes(upload))),
                Err(error) => tally.take(Err(error))?,
            }
        }
        if !answered {
            empty_means_little(context, place);
        }
        chosen.push((place.profile().unwrap_or_default().to_owned(), wanted));
    }
    if filter.undated > 0 {
        note(&format!("{} without a start time: not known to be old, left alone", counted(filter.undated)));
    }
    if let Some(id) = options.id.as_ref().filter(|_| chosen.iter().all(|(_, wanted)| wanted.is_empty())) {
        return Err(Error::new(Kind::NotFound, format!("no unfinished upload with the id {id} was found"))
            .with_hint("`twinpail uploads ls` shows the ids"));
    }
    Ok(chosen)
}

/// Which uploads are meant.
struct Filter<'a> {
    options: &'a AbortOptions,
    here: &'a BegunHere,
    now: Timestamp,
    /// Uploads that are not known to be old enough.
    undated: usize,
}

impl Filter<'_> {
    fn takes(&mut self, upload: &Upload) -> bool {
        if self.options.id.as_ref().is_some_and(|id| *id != upload.upload_id) {
            return false;
        }
        if self.options.left && self.here.origin(upload) != Origin::Left {
            return false;
        }
        let Some(least) = self.options.older_than else { return true };
        let age = uploads::age(upload, self.now);
        self.undated += usize::from(age.is_none());
        age.is_some_and(|age| age >= least)
    }
}
