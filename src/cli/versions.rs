//! Versions: `ls --versions`, `rm --versions`, `rm --version-id` and `undelete`.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;
use serde_json::json;

use super::output::{Out, Tally, local_time, note};
use super::{Context, ask};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::Version;
use crate::sanitize::display_safe;
use crate::walk::versions::{self, Scope};

/// Prints every version and delete marker of the keys that begin with a place's; whether there are any.
pub(super) async fn list(
    context: &Context,
    place: &Remote,
    as_json: bool,
    human: bool,
    out: &mut Out,
) -> Result<bool> {
    let store = context.connections.store(&place.profile).await?;
    let mut batches = versions::all(store, Scope { root: place.clone(), tree: true });
    let mut any = false;
    while let Some(batch) = batches.recv().await {
        for version in batch? {
            any = true;
            print(&version, as_json, human, out)?;
        }
    }
    Ok(any)
}

fn print(version: &Version, as_json: bool, human: bool, out: &mut Out) -> Result<()> {
    let object = version.object.as_ref();
    if as_json {
        return out.json(&json!({
            "key": version.key,
            "size": object.map(|object| object.size),
            "modified": version.modified.map(|time| time.to_string()),
            "etag": object.map(|object| &object.etag),
            "storage_class": object.and_then(|object| object.storage_class.as_ref()),
            "kind": if object.is_some() { "version" } else { "delete-marker" },
            "version_id": version.id,
            "latest": version.latest,
        }));
    }
    let size = match object {
        None => "DELETED".to_owned(),
        Some(object) if human => humansize::format_size(object.size, humansize::BINARY),
        Some(object) => object.size.to_string(),
    };
    let latest = if version.latest { '*' } else { ' ' };
    let (time, id) = (local_time(version.modified), display_safe(&version.id));
    out.line(&format!("{time:19} {size:>13} {latest} {id:<32} {}", display_safe(&version.key)))
}

/// Deletes one version for good.
pub(super) async fn delete_one(context: &Context, place: &Remote, id: &str, dry_run: bool) -> Result<()> {
    let store = context.connections.store(&place.profile).await?;
    let scope = Scope { root: place.clone(), tree: false };
    // S3 calls the deletion of nothing a success; who mistypes an id wants to know.
    let mut batches = versions::all(store.clone(), scope);
    let mut known = false;
    while let Some(batch) = batches.recv().await {
        known |= batch?.iter().any(|version| version.id == id);
    }
    if !known {
        return Err(Error::new(Kind::NotFound, format!("{place} has no version {id}"))
            .with_hint(format!("`twinpail ls --versions {place}` lists them")));
    }
    if dry_run {
        return Out::new().line(&format!("would delete {place} version {}", display_safe(id)));
    }
    store.delete(&place.bucket, &place.key, Some(id)).await.map(drop)
}

/// Deletes all versions and delete markers of a key, or of all keys that begin with it: counted, then asked for by name.
pub(super) async fn purge(
    context: &Context,
    scope: Scope,
    (dry_run, force): (bool, bool),
    tally: &mut Tally,
) -> Result<()> {
    let place = scope.root.clone();
    let store = context.connections.store(&place.profile).await?;
    let mut batches = versions::all(store.clone(), scope.clone());
    let (mut count, mut bytes, mut out) = (0_u64, 0_u64, Out::new());
    while let Some(batch) = batches.recv().await {
        for version in batch? {
            count += 1;
            bytes += version.object.as_ref().map_or(0, |object| object.size);
            if dry_run {
                let (id, key) = (display_safe(&version.id), Remote { key: version.key, ..place.clone() });
                out.line(&format!("would delete {key} version {id}"))?;
            }
        }
    }
    if count == 0 {
        return Err(Error::new(Kind::NotFound, format!("{place} has no versions")));
    }
    if dry_run {
        return Ok(());
    }
    let name = Location::Remote(place.clone()).name();
    if !force && !agreed(&place, &name, count, bytes).await? {
        note("nothing was deleted");
        return Ok(());
    }
    let deleted = AtomicU64::new(0);
    for (_, error) in versions::purge(&store, scope, &deleted).await? {
        tally.take(Err(error))?;
    }
    note(&format!("{} versions deleted", deleted.load(Ordering::Relaxed)));
    Ok(())
}

/// What cannot be undone is asked for by name.
async fn agreed(place: &Remote, name: &str, count: u64, bytes: u64) -> Result<bool> {
    let size = humansize::format_size(bytes, humansize::DECIMAL);
    let question = format!(
        "{count} versions of {place}, {size}, would be gone for good.\nType {} to delete them: ",
        display_safe(name)
    );
    Ok(ask::answer(question).await? == name)
}

/// Refuses a purge that nobody can be asked about.
pub(super) fn askable(force: bool, dry_run: bool) -> Result<()> {
    if force || dry_run || std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, "without a terminal nobody can be asked for the name")
        .with_hint("--force deletes without asking, --dry-run only says what would be deleted"))
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail undelete -r work:docs/2026/\n\n\
                        Removes delete markers, so that the state below them shows again. Buckets that keep no versions \
                        have none.")]
pub(super) struct UndeleteOptions {
    /// Every key that begins with the given one.
    #[arg(short, long)]
    recursive: bool,
    /// Only say what would be brought back.
    #[arg(long)]
    dry_run: bool,
    /// The objects; with -r the prefixes.
    #[arg(value_name = "LOC", required = true)]
    locations: Vec<String>,
}

pub(super) async fn undelete(context: &Context, options: UndeleteOptions) -> Result<u8> {
    let mut tally = Tally::new();
    for place in super::remove::remotes(context, &options.locations)? {
        if place.key.is_empty() && !options.recursive {
            return Err(Error::new(Kind::Usage, format!("{place} is a bucket"))
                .with_hint("-r brings back everything that was deleted in it"));
        }
        if !options.dry_run {
            context.config.profile(&place.profile)?.writable(&format!("bring back {place}"))?;
        }
        let scope = Scope { root: place, tree: options.recursive };
        let done = bring_back(context, scope, options.dry_run, &mut tally).await;
        tally.take(done)?;
    }
    Ok(tally.code())
}

async fn bring_back(context: &Context, scope: Scope, dry_run: bool, tally: &mut Tally) -> Result<()> {
    let place = scope.root.clone();
    let store = context.connections.store(&place.profile).await?;
    let nothing = || Err(Error::new(Kind::NotFound, format!("nothing that was deleted is kept at {place}")));
    if dry_run {
        let (mut out, mut last) = (Out::new(), None);
        let mut batches = versions::deletions(store, scope);
        while let Some(batch) = batches.recv().await {
            for marker in batch? {
                if last.as_ref() != Some(&marker.key) {
                    let key = Remote { key: marker.key.clone(), ..place.clone() };
                    out.line(&format!("would bring back {key}"))?;
                }
                last = Some(marker.key);
            }
        }
        return if last.is_some() { Ok(()) } else { nothing() };
    }
    let restored = AtomicU64::new(0);
    let failed = versions::undelete(&store, scope, &restored).await?;
    let count = restored.load(Ordering::Relaxed);
    if count == 0 && failed.is_empty() {
        return nothing();
    }
    for (_, error) in failed {
        tally.take(Err(error))?;
    }
    note(&format!("{count} brought back"));
    Ok(())
}
