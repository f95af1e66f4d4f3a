//! `ls`.

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc::Receiver;

use super::applies::refused;
use super::output::{Out, Tally, local_time};
use super::{Context, versions};
use crate::entry::{Entry, Kind as EntryKind, Page};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{ListRequest, Store};
use crate::sanitize::display_safe;
use crate::{local, walk};

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail ls -r work:media/2026/")]
pub(super) struct Options {
    /// Everything below, not one level.
    #[arg(short, long)]
    recursive: bool,
    /// One JSON object a line: key size modified etag `storage_class` kind, and of local entries link and error.
    #[arg(long)]
    json: bool,
    /// Exact keys, each followed by a NUL character.
    #[arg(short = '0', long, conflicts_with = "json")]
    null: bool,
    /// Every version and delete marker of the keys that begin with LOC: time, size, `*` if newest, id, key. With --json
    /// also `version_id` and `latest`.
    #[arg(long, conflicts_with_all = ["null", "recursive"])]
    versions: bool,
    /// Sizes with units.
    #[arg(short = 'H', long, conflicts_with_all = ["json", "null"])]
    human: bool,
    /// What to list; a key is taken as a prefix. Default: the default profile's buckets.
    #[arg(value_name = "LOC")]
    locations: Vec<String>,
}

pub(super) async fn run(context: &Context, options: Options) -> Result<u8> {
    let mut out = Out::new();
    let mut tally = Tally::new();
    let locations = context.or_default(&options.locations)?;
    for location in locations.iter().flat_map(|text| context.location(text)) {
        refuse_ignored(&options, &location)?;
    }
    for text in &locations {
        let listed = match context.location(text) {
            Ok(location) => one(context, &options, &location, (&mut out, &mut tally)).await,
            Err(error) if locations.len() == 1 => return Err(error),
            Err(error) => Err(error),
        };
        out.flush()?;
        tally.take(listed)?;
    }
    Ok(tally.code())
}

/// Refuses options that a place has no use for.
fn refuse_ignored(options: &Options, location: &Location) -> Result<()> {
    match location {
        Location::Local(_) | Location::Profile(_) if options.versions => {
            Err(refused("--versions", &format!("{location} has no versions; name a bucket or a prefix")))
        }
        Location::Profile(profile) if options.recursive => {
            Err(refused("--recursive", &format!("{profile}: is a whole profile"))
                .with_hint(format!("`twinpail find {profile}:` lists the objects of all its buckets")))
        }
        _ => Ok(()),
    }
}

async fn one(
    context: &Context,
    options: &Options,
    location: &Location,
    (out, tally): (&mut Out, &mut Tally),
) -> Result<()> {
    match location {
        Location::Local(path) if options.recursive && path.is_dir() => {
            below(options, walk::local(path.clone(), walk::Links::Skip), "", (out, tally)).await.map(drop)
        }
        Location::Local(path) => {
            let page = if path.is_dir() {
                local::list(path)?
            } else {
                Page { entries: vec![local::stat_link(path)?], next: None }
            };
            for entry in &page.entries {
                print(options, "", entry, out)?;
                if entry.kind == EntryKind::Unknown {
                    let why = entry.note.as_deref().unwrap_or_default();
                    let text = format!("cannot read {}: {why}", path.join(&entry.name).display());
                    tally.take(Err(Error::new(Kind::Local, text)))?;
                }
            }
            Ok(())
        }
        Location::Profile(profile) => {
            let store = context.connections.store(profile).await?;
            let mut token = None;
            loop {
                let page = store.list_buckets(token.as_deref()).await?;
                page.entries.iter().try_for_each(|entry| print(options, "", entry, out))?;
                token = page.next;
                if token.is_none() {
                    return Ok(());
                }
            }
        }
        Location::Remote(remote) => keys(context, options, remote, (out, tally)).await,
    }
}

async fn keys(
    context: &Context,
    options: &Options,
    remote: &Remote,
    (out, tally): (&mut Out, &mut Tally),
) -> Result<()> {
    let store = context.connections.store(&remote.profile).await?;
    let any = if options.versions {
        versions::list(context, remote, options.json, options.human, out).await?
    } else if options.recursive {
        below(options, walk::remote(store, remote.clone()), &remote.key, (out, tally)).await?
    } else {
        level(options, &store, remote, out).await?
    };
    if any || remote.is_prefix() {
        return Ok(());
    }
    Err(Error::new(Kind::NotFound, format!("no key begins with {remote}")))
}

/// Everything below, in the order of the listing; whether there is anything.
async fn below(
    options: &Options,
    mut batches: Receiver<walk::Batch>,
    prefix: &str,
    (out, tally): (&mut Out, &mut Tally),
) -> Result<bool> {
    let mut any = false;
    while let Some(batch) = batches.recv().await {
        let batch = match batch {
            Ok(batch) => batch,
            // Links and devices are not listed, as `find` and `du` do not count them.
            Err(unread) if unread.is_skipped() => continue,
            Err(unread) => {
                // That is said, and nothing is missing because of a wrong name.
                any = true;
                tally.take(Err(unread.error))?;
                continue;
            }
        };
        for found in batch {
            any = true;
            let entry = Entry {
                size: Some(found.size),
                modified: found.modified,
                etag: found.etag,
                storage_class: found.storage_class,
                ..Entry::new(found.relative, EntryKind::Object)
            };
            print(options, prefix, &entry, out)?;
        }
    }
    Ok(any)
}

/// One level; whether there is anything.
async fn level(options: &Options, store: &Store, remote: &Remote, out: &mut Out) -> Result<bool> {
    let mut request =
        ListRequest { bucket: remote.bucket.clone(), prefix: remote.key.clone(), ..ListRequest::default() };
    let mut any = false;
    let mut page = store.list(&request).await?;
    loop {
        // The next page is on its way while this one is written.
        request.token = page.next.take();
        let next = request.token.is_some().then(|| {
            let (store, request) = (store.clone(), request.clone());
            tokio::spawn(async move { store.list(&request).await })
        });
        for entry in &page.entries {
            any = true;
            print(options, &remote.key, entry, out)?;
        }
        let Some(next) = next else { return Ok(any) };
        page = next.await.map_err(|error| Error::new(Kind::Internal, error.to_string()))??;
    }
}

fn print(options: &Options, prefix: &str, entry: &Entry, out: &mut Out) -> Result<()> {
    let key = format!("{prefix}{}", entry.name.to_string_lossy());
    if options.json {
        return out.json(&json!({
            "key": key,
            "size": entry.size,
            "modified": entry.modified.map(|time| time.to_string()),
            "etag": entry.etag,
            "storage_class": entry.storage_class,
            "kind": kind(entry.kind),
            "link": entry.note.as_deref().filter(|_| entry.kind.is_link()),
            "error": entry.note.as_deref().filter(|_| entry.kind == EntryKind::Unknown),
        }));
    }
    if options.null {
        out.bytes(key.as_bytes())?;
        return out.bytes(b"\0");
    }
    let size = match (entry.kind, entry.size) {
        (EntryKind::Prefix, _) => "PRE".to_owned(),
        (EntryKind::Unknown, _) => "?".to_owned(),
        (_, Some(size)) if options.human => humansize::format_size(size, humansize::BINARY),
        (_, Some(size)) => size.to_string(),
        (_, None) => String::new(),
    };
    // Recursive: whole keys. One level: the last component, also where the prefix ends in the middle of it.
    let shown =
        if options.recursive { key.as_str() } else { &key[prefix.rfind('/').map_or(0, |at| at + 1)..] };
    let link = entry.note.as_deref().filter(|_| entry.kind.is_link());
    let link = link.map(|target| format!(" -> {}", display_safe(target))).unwrap_or_default();
    out.line(&format!("{:19} {size:>13} {}{link}", local_time(entry.modified), display_safe(shown)))
}

pub(super) fn kind(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Bucket => "bucket",
        EntryKind::Prefix => "prefix",
        EntryKind::Object => "object",
        EntryKind::Symlink(_) => "symlink",
        EntryKind::Special => "special",
        EntryKind::Unknown => "unknown",
    }
}
