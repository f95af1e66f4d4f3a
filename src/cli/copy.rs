//! `cp` and `mv`.

use std::io::IsTerminal as _;

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::applies::{self, End, refused};
use super::output::note;
use super::printer::Printer;
use super::transfer::{Writing, carry_out, unlock};
use super::{Context, cat, descriptors, hangup, items};
use crate::config::units::parse_size;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::transfer::{Filter, Input, Item, Known, OnConflict, RateLimit, Request, Verb, Verify};

/// Why links are not followed.
const NO_LINKS: &str = "it is for links within local folders, copied with -r";
/// stdin as a source, stdout as a target.
const STREAM: &str = "-";

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail cp -r ./build/ r2:site/\n         pg_dump shop | twinpail cp - work:backups/shop.sql"
)]
pub(super) struct Options {
    /// Folders and prefixes with everything below them.
    #[arg(short, long)]
    recursive: bool,
    /// Follow symbolic links within local folders instead of skipping them (cp only). A link that is named as a source
    /// is followed anyhow; mv takes the link away, never what it leads to.
    #[arg(long)]
    copy_links: bool,
    /// What to do about targets that exist: overwrite them; skip them; newer: overwrite those that are older by a second
    /// or more, and skip all others (the time of an object is its `mtime`, if its upload kept one, else Last-Modified);
    /// rename: write to a free name, `name (1).ext`; fail; ask [default: overwrite].
    #[arg(long, value_name = "WHAT", value_parser = on_conflict)]
    on_conflict: Option<OnConflict>,
    #[command(flatten)]
    writing: Writing,
    /// That version of the source instead of the newest; onto itself it becomes the newest.
    #[arg(long, value_name = "ID", conflicts_with = "recursive")]
    version_id: Option<String>,
    /// How long stdin is going to be, so that parts are made large enough.
    #[arg(long, value_name = "SIZE", value_parser = |text: &str| parse_size(text))]
    expected_size: Option<u64>,
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

pub(super) async fn run(
    context: &Context,
    options: Options,
    verb: Verb,
    stop: CancellationToken,
) -> Result<u8> {
    let Some((target, sources)) = options.locations.split_last() else {
        return Err(Error::new(Kind::Usage, "name a source and a target"));
    };
    refuse_ignored(context, &options, sources, target)?;
    let has_stream = sources.iter().any(|source| source == STREAM) || target == STREAM;
    if has_stream && verb == Verb::Move {
        return Err(Error::new(Kind::Usage, "a stream cannot be moved").with_hint("use cp"));
    }
    if options.copy_links && verb == Verb::Move {
        return Err(Error::new(Kind::Usage, "--copy-links cannot be moved with")
            .with_hint("a move takes links away, never what they lead to: use cp --copy-links"));
    }
    if target == STREAM {
        return to_stdout(context, &options, sources).await;
    }
    let mut input = None;
    let items = if has_stream {
        input = Some(stdin(&options)?);
        vec![Item { from: Input::place(), to: object(context, target)?, tree: false, known: None }]
    } else {
        let mut items = items::resolve(context, sources, target, options.recursive, verb)?;
        if let Some(id) = &options.version_id {
            of_version(context, &mut items, verb, id).await?;
        }
        items
    };
    let writing = &options.writing;
    let request = Request {
        verb,
        items,
        on_conflict: options.on_conflict.unwrap_or_default(),
        attributes: writing.attributes(),
        include: writing.include.clone(),
        exclude: writing.exclude.clone(),
        dry_run: writing.dry_run,
        store_mtime: false,
        copy_links: options.copy_links,
        within: None,
        trees: None,
        tuning: writing.moving.tuning(),
    };
    let links = if verb == Verb::Move { items::links(&request.items) } else { Vec::new() };
    let (word, dry_run) = (if verb == Verb::Move { "move" } else { "copy" }, request.dry_run);
    unlock(context, &request.items, &stop).await?;
    let mut printer = Printer::new(writing.moving.json, word, &request);
    let (engine, mut events) = writing.moving.engine(context);
    let id = match input {
        Some(input) => engine.submit_stream(request, input),
        None => engine.submit(request),
    };
    let summary = carry_out(&engine, &mut events, id, &mut printer, &stop).await?;
    for link in &links {
        note(&link.words(dry_run));
    }
    printer.summary(&summary, None)
}

/// Refuses options that would mean nothing for these sources and this target.
fn refuse_ignored(context: &Context, options: &Options, sources: &[String], target: &str) -> Result<()> {
    let end = |text: &String| match text.as_str() {
        STREAM => Ok(End::Stream),
        text => context.location(text).map(|location| End::of(&location)),
    };
    let from = sources.iter().map(end).collect::<Result<Vec<End>>>()?;
    let to = match target {
        STREAM => End::Stream,
        target => End::of_target(&context.location(target)?),
    };
    let (from_stdin, to_stdout) = (from.contains(&End::Stream), to == End::Stream);
    if from_stdin && (to_stdout || sources.len() > 1) {
        return Err(Error::new(Kind::Usage, "`-` must be the only source, and its target an object")
            .with_hint("for example: pg_dump shop | twinpail cp - work:backups/shop.sql"));
    }
    applies::check(&options.writing, &from, to)?;
    let policy = options.on_conflict;
    for (option, given, why) in [
        ("--on-conflict", to_stdout && policy.is_some(), "stdout is no target that exists already"),
        (
            "--on-conflict",
            to == End::Pipe && policy.is_some(),
            "a pipe or a device is always there, and nothing of it is replaced",
        ),
        ("--recursive", options.recursive && (from_stdin || to_stdout), "a stream is no folder"),
        ("--copy-links", options.copy_links && !(options.recursive && from.contains(&End::Local)), NO_LINKS),
        ("--version-id", from_stdin && options.version_id.is_some(), "it is for objects, and stdin is none"),
        ("--expected-size", !from_stdin && options.expected_size.is_some(), "it is for stdin as the source"),
    ] {
        if given {
            return Err(refused(option, why));
        }
    }
    if policy == Some(OnConflict::Ask) && (from_stdin || !std::io::stdin().is_terminal()) {
        return Err(Error::new(Kind::Usage, "--on-conflict ask needs a terminal as stdin, for the answer")
            .with_hint("choose overwrite, skip, newer, rename or fail"));
    }
    Ok(())
}

/// stdin as the source of a request.
fn stdin(options: &Options) -> Result<Input> {
    descriptors::open_stdin()?;
    Ok(Input { reader: Box::new(hangup::Stdin::new()), expected_size: options.expected_size })
}

/// The object that stdin is copied to.
fn object(context: &Context, target: &str) -> Result<Location> {
    match context.location(target)? {
        Location::Remote(remote) if remote.is_prefix() => {
            Err(Error::new(Kind::Usage, format!("{remote} names no object"))
                .with_hint("stdin has no name; give it one"))
        }
        object @ Location::Remote(_) => Ok(object),
        other => Err(Error::new(Kind::Usage, format!("`-` cannot be copied to {other}"))
            .with_hint("copy it to an object, PROFILE:BUCKET/KEY; the shell writes files: > FILE")),
    }
}

/// Writes objects to stdout, one after the other.
async fn to_stdout(context: &Context, options: &Options, sources: &[String]) -> Result<u8> {
    let writing = &options.writing;
    let filter =
        Request { include: writing.include.clone(), exclude: writing.exclude.clone(), ..Request::default() };
    let filter = Filter::new(&filter)?;
    let mut objects: Vec<Remote> =
        sources.iter().map(|text| cat::object(context, text)).collect::<Result<_>>()?;
    objects.retain(|object| {
        let takes = filter.takes(&Location::Remote(object.clone()).name());
        if !takes {
            note(&format!("{object} is left out: its name does not pass --include and --exclude"));
        }
        takes
    });
    let moving = &writing.moving;
    let reading = cat::Reading {
        version_id: options.version_id.as_deref(),
        limit: RateLimit::new(moving.limit_rate.or(context.config.transfer.limit_rate)),
        verify: moving.verify().unwrap_or(context.config.transfer.verify) != Verify::Off,
        dry_run: writing.dry_run,
    };
    cat::to_stdout(context, &objects, &reading).await
}

/// Binds the only item to a version of its source.
async fn of_version(context: &Context, items: &mut [Item], verb: Verb, id: &str) -> Result<()> {
    let [Item { from: Location::Remote(from), known, .. }] = items else {
        return Err(Error::new(Kind::Usage, "--version-id needs exactly one source, an object"));
    };
    if verb == Verb::Move {
        return Err(Error::new(Kind::Usage, "an old version cannot be moved")
            .with_hint("copy it, then delete it with rm --version-id"));
    }
    let store = context.connections.store(&from.profile).await?;
    let info = store.head(&from.bucket, &from.key, Some(id)).await?;
    *known = Some(Known {
        size: info.size,
        modified: info.modified,
        etag: Some(info.etag).filter(|etag| !etag.is_empty()),
        version_id: Some(id.to_owned()),
    });
    Ok(())
}
