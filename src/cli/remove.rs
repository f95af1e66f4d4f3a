//! `rm`, `mb` and `rb`.

use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;

use super::output::{Out, Tally, note};
use super::{Context, versions};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::ListRequest;
use crate::walk::versions::Scope;
use crate::walk::{self, Target};

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail rm -r --dry-run work:tmp/\n         twinpail rm -r --versions work:tmp/      # also all that a versioned bucket keeps of it"
)]
pub(super) struct Options {
    /// Every key that begins with the given one.
    #[arg(short, long)]
    recursive: bool,
    /// Only say what would be deleted.
    #[arg(long)]
    dry_run: bool,
    /// Needed to delete everything in a bucket; with --versions: do not ask for the name.
    #[arg(long)]
    force: bool,
    /// That version, for good.
    #[arg(long, value_name = "ID", conflicts_with_all = ["recursive", "versions"])]
    version_id: Option<String>,
    /// All versions and delete markers, for good; asks for the name first.
    #[arg(long)]
    versions: bool,
    /// The objects; with -r the prefixes.
    #[arg(value_name = "LOC", required = true)]
    locations: Vec<String>,
}

pub(super) async fn objects(context: &Context, options: Options) -> Result<u8> {
    let places = remotes(context, &options.locations)?;
    for place in &places {
        if place.key.is_empty() && !options.recursive {
            return Err(Error::new(Kind::Usage, format!("{place} is a bucket"))
                .with_hint("rm -r deletes what is in it, rb the bucket"));
        }
        if place.key.is_empty() && !options.force && !options.dry_run {
            return Err(Error::new(Kind::Usage, format!("{place} is a whole bucket"))
                .with_hint("--force deletes everything in it, --dry-run shows it first"));
        }
    }
    if !options.dry_run {
        places.iter().try_for_each(|place| writable(context, place, "delete"))?;
    }
    if options.version_id.is_some() && places.len() > 1 {
        return Err(Error::new(Kind::Usage, "a version belongs to one object: name only that"));
    }
    if options.versions {
        versions::askable(options.force, options.dry_run)?;
    }
    let mut tally = Tally::new();
    for place in &places {
        let done = if let Some(id) = &options.version_id {
            versions::delete_one(context, place, id, options.dry_run).await
        } else if options.versions {
            let scope = Scope { root: place.clone(), tree: options.recursive };
            versions::purge(context, scope, (options.dry_run, options.force), &mut tally).await
        } else if options.recursive {
            below(context, place, options.dry_run, &mut tally).await
        } else {
            exactly(context, place, options.dry_run).await
        };
        tally.take(done)?;
    }
    Ok(tally.code())
}

/// Before anything is listed or asked.
fn writable(context: &Context, place: &Remote, verb: &str) -> Result<()> {
    context.config.profile(&place.profile)?.writable(&format!("{verb} {place}"))
}

pub(super) fn remotes(context: &Context, locations: &[String]) -> Result<Vec<Remote>> {
    let remote = |text: &String| match context.location(text)? {
        Location::Remote(remote) => Ok(remote),
        other => Err(Error::new(Kind::Usage, format!("{other} is not in a bucket"))
            .with_hint("write PROFILE:BUCKET/KEY; local files have rm")),
    };
    locations.iter().map(remote).collect()
}

async fn exactly(context: &Context, place: &Remote, dry_run: bool) -> Result<()> {
    let store = context.connections.store(&place.profile).await?;
    // S3 calls the deletion of nothing a success; who mistypes a key wants to know.
    store.head(&place.bucket, &place.key, None).await?;
    if dry_run {
        return Out::new().line(&format!("would delete {place}"));
    }
    store.delete(&place.bucket, &place.key, None).await.map(drop)
}

async fn below(context: &Context, place: &Remote, dry_run: bool, tally: &mut Tally) -> Result<()> {
    let store = context.connections.store(&place.profile).await?;
    let mut out = Out::new();
    let mut batches = walk::remote(store.clone(), place.clone());
    let mut count = 0;
    while let Some(batch) = batches.recv().await {
        let found = batch?;
        count += found.len();
        if dry_run {
            for found in found {
                out.line(&format!("would delete {}", found.location))?;
            }
            continue;
        }
        let keys: Vec<String> =
            found.into_iter().map(|found| format!("{}{}", place.key, found.relative)).collect();
        for (_, error) in store.delete_many(&place.bucket, &keys).await {
            tally.take(Err(error))?;
        }
    }
    if count == 0 {
        return Err(Error::new(Kind::NotFound, format!("no key begins with {place}")));
    }
    Ok(())
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail mb work:new-bucket")]
pub(super) struct BucketOptions {
    /// The buckets, as PROFILE:BUCKET.
    #[arg(value_name = "LOC", required = true)]
    locations: Vec<String>,
}

pub(super) async fn make_buckets(context: &Context, options: BucketOptions) -> Result<u8> {
    let mut tally = Tally::new();
    for bucket in buckets_of(context, &options.locations)? {
        let store = context.connections.store(&bucket.profile).await;
        let made = match store {
            Ok(store) => store.create_bucket(&bucket.bucket).await,
            Err(error) => Err(error),
        };
        tally.take(made)?;
    }
    Ok(tally.code())
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail rb --force work:old-bucket")]
pub(super) struct RemoveBucketOptions {
    /// Delete what is in them first.
    #[arg(long)]
    force: bool,
    /// The buckets, as PROFILE:BUCKET.
    #[arg(value_name = "LOC", required = true)]
    locations: Vec<String>,
}

pub(super) async fn buckets(context: &Context, options: RemoveBucketOptions) -> Result<u8> {
    let mut tally = Tally::new();
    let buckets = buckets_of(context, &options.locations)?;
    buckets.iter().try_for_each(|bucket| writable(context, bucket, "remove bucket"))?;
    for bucket in buckets {
        if !options.force {
            tally.take(empty_bucket(context, &bucket).await.map_err(|error| match error.kind() {
                Kind::Exists => error.with_hint("--force deletes what is in it first"),
                _ => error,
            }))?;
            continue;
        }
        let deleted = AtomicU64::new(0);
        let target = Target { location: Location::Remote(bucket), tree: true };
        for (_, error) in walk::delete(&context.connections, &[target], &deleted, &|_, _| ()).await {
            tally.take(Err(error))?;
        }
        let count = deleted.load(Ordering::Relaxed);
        if count > 0 {
            note(&format!("{count} objects deleted"));
        }
    }
    Ok(tally.code())
}

/// Removes a bucket that is empty. Not every provider refuses to remove one that is not (SeaweedFS does not), so
/// that a look comes first.
async fn empty_bucket(context: &Context, bucket: &Remote) -> Result<()> {
    let store = context.connections.store(&bucket.profile).await?;
    let request = ListRequest {
        bucket: bucket.bucket.clone(),
        recursive: true,
        max_keys: Some(1),
        ..ListRequest::default()
    };
    if !store.list(&request).await?.entries.is_empty() {
        return Err(Error::new(Kind::Exists, format!("cannot remove bucket {bucket}: it is not empty")));
    }
    store.delete_bucket(&bucket.bucket).await
}

fn buckets_of(context: &Context, locations: &[String]) -> Result<Vec<Remote>> {
    let places = remotes(context, locations)?;
    match places.iter().find(|place| !place.key.is_empty()) {
        Some(place) => {
            Err(Error::new(Kind::Usage, format!("{place} is not a bucket")).with_hint("write PROFILE:BUCKET"))
        }
        None => Ok(places),
    }
}
