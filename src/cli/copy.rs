//! `cp` and `mv`.

use std::io::IsTerminal as _;

use clap::Args;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::output::Out;
use super::printer::Printer;
use super::transfer::{Writing, carry_out};
use super::{Context, cat, items};
use crate::config::units::parse_size;
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::transfer::{Engine, Item, Known, OnConflict, Request, Verb};

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail cp -r ./build/ r2:site/\n         pg_dump shop | twinpail cp - work:backups/shop.sql"
)]
pub(super) struct Options {
    /// Folders and prefixes with everything below them.
    #[arg(short, long)]
    recursive: bool,
    /// What to do about targets that exist: overwrite them; skip them; newer: overwrite those that are older by a second
    /// or more, and skip all others (the time of an object is its `mtime`, if its upload kept one, else Last-Modified);
    /// rename: write to a free name, `name (1).ext`; fail; ask.
    #[arg(long, value_name = "WHAT", default_value = "overwrite", value_parser = on_conflict)]
    on_conflict: OnConflict,
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
    if options.on_conflict == OnConflict::Ask && !std::io::stdin().is_terminal() {
        return Err(Error::new(Kind::Usage, "--on-conflict ask needs a terminal")
            .with_hint("choose overwrite, skip, newer, rename or fail"));
    }
    let writing = &options.writing;
    let (engine, mut events) = writing.engine(context);
    let Some((target, sources)) = options.locations.split_last() else {
        return Err(Error::new(Kind::Usage, "name a source and a target"));
    };
    if sources.iter().any(|source| source == "-") || target == "-" {
        return stream(context, &engine, &options, sources, target, verb, stop).await;
    }
    let mut items = items::resolve(context, sources, target, options.recursive)?;
    if let Some(id) = &options.version_id {
        of_version(context, &mut items, verb, id).await?;
    }
    let request = Request {
        verb,
        items,
        on_conflict: options.on_conflict,
        attributes: writing.attributes(),
        include: writing.include.clone(),
        exclude: writing.exclude.clone(),
        dry_run: writing.dry_run,
        store_mtime: false,
        within: None,
        trees: None,
        tuning: writing.tuning(),
    };
    let mut printer = Printer::new(writing, if verb == Verb::Move { "move" } else { "copy" }, &request);
    let summary = carry_out(&engine, &mut events, engine.submit(request), &mut printer, &stop).await?;
    printer.summary(&summary, None)
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
        return cat::to_stdout(context, &locations, options.version_id.as_deref()).await;
    }
    if sources.len() != 1 {
        return wrong("`-` must be the only source");
    }
    let Location::Remote(remote) = context.location(target)? else {
        return wrong("`-` can be copied to an object: PROFILE:BUCKET/KEY");
    };
    if remote.is_prefix() {
        return Err(Error::new(Kind::Usage, format!("{remote} names no object"))
            .with_hint("stdin has no name; give it one"));
    }
    let mut attributes = options.writing.attributes();
    if attributes.content_type.is_none() {
        attributes.content_type = mime_guess::from_path(&remote.key).first_raw().map(str::to_owned);
    }
    let (written, verified) =
        engine.upload_stream(tokio::io::stdin(), &remote, &attributes, options.expected_size, stop).await?;
    if options.writing.json {
        let target = Location::Remote(remote).exact();
        let mut out = Out::new();
        out.json(&json!({
            "source": "-", "target": target, "status": "done", "bytes": written, "bytes_sent": written,
            "bytes_resumed": 0, "verified": verified.name(), "error": null,
        }))?;
        out.json(&json!({ "summary": {
            "files": 1, "failed": 0, "skipped": 0, "bytes": written, "bytes_sent": written, "bytes_resumed": 0,
        }}))?;
    }
    Ok(0)
}
