//! `cat`.

use clap::Args;

use super::output::{Out, Tally, note};
use super::{Context, descriptors};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Digest, GetOptions, Hasher};
use crate::transfer::{RateLimit, Verify};

/// Tries to go on after a broken connection.
const TRIES: u32 = 5;

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail cat work:logs/2026-11-24.log | grep error")]
pub(super) struct Options {
    /// That version instead of the newest.
    #[arg(long, value_name = "ID")]
    version_id: Option<String>,
    /// The objects, one after the other.
    #[arg(value_name = "LOC", required = true)]
    locations: Vec<String>,
}

/// How objects are read.
pub(super) struct Reading<'a> {
    /// That version instead of the newest.
    pub(super) version_id: Option<&'a str>,
    /// How fast at most.
    pub(super) limit: RateLimit,
    /// Whether the bytes are compared with the checksum that the provider keeps, if it keeps one.
    pub(super) verify: bool,
    /// Whether it is only said what would be read.
    pub(super) dry_run: bool,
}

pub(super) async fn run(context: &Context, options: Options) -> Result<u8> {
    let objects: Vec<Remote> =
        options.locations.iter().map(|text| object(context, text)).collect::<Result<_>>()?;
    let reading = Reading {
        version_id: options.version_id.as_deref(),
        limit: RateLimit::new(None),
        verify: context.config.transfer.verify != Verify::Off,
        dry_run: false,
    };
    to_stdout(context, &objects, &reading).await
}

/// The object that is named.
pub(super) fn object(context: &Context, text: &str) -> Result<Remote> {
    match context.location(text)? {
        Location::Remote(remote) if remote.key.is_empty() => {
            Err(Error::new(Kind::Usage, format!("{remote} is a bucket")).with_hint("name an object in it"))
        }
        Location::Remote(remote) => Ok(remote),
        other => Err(Error::new(Kind::Usage, format!("{other} is not an object"))
            .with_hint("write PROFILE:BUCKET/KEY; local files have cat")),
    }
}

/// Writes objects to stdout.
pub(super) async fn to_stdout(context: &Context, objects: &[Remote], reading: &Reading<'_>) -> Result<u8> {
    if reading.version_id.is_some() && objects.len() > 1 {
        return Err(Error::new(Kind::Usage, "a version belongs to one object: name only that"));
    }
    descriptors::open_stdout()?;
    let (mut out, mut tally) = (Out::new(), Tally::new());
    for object in objects {
        let done = if reading.dry_run {
            would(context, object, reading).await
        } else {
            one(context, object, reading, &mut out).await
        };
        tally.take(done)?;
    }
    out.flush()?;
    Ok(tally.code())
}

/// Says what would be written; not on stdout, which may be a program's input.
async fn would(context: &Context, object: &Remote, reading: &Reading<'_>) -> Result<()> {
    let store = context.connections.store(&object.profile).await?;
    let info = store.head(&object.bucket, &object.key, reading.version_id).await?;
    note(&format!("would copy {object} to stdout, {} bytes", info.size));
    Ok(())
}

/// What broke goes on behind the last byte, as long as the object is still the same.
async fn one(context: &Context, remote: &Remote, reading: &Reading<'_>, out: &mut Out) -> Result<()> {
    let store = context.connections.store(&remote.profile).await?;
    let mut options = GetOptions {
        version_id: reading.version_id.map(str::to_owned),
        checksums: reading.verify && store.profile().kept_checksum.is_some(),
        ..GetOptions::default()
    };
    let (mut at, mut size, mut tried) = (0, None, 0);
    let mut proof: Option<(Digest, Hasher)> = None;
    'attempt: loop {
        let mut download = match store.get(&remote.bucket, &remote.key, &options).await {
            Ok(download) => download,
            Err(error) if error.is_retryable() && tried < TRIES => {
                tried += 1;
                tokio::time::sleep(std::time::Duration::from_millis(200 << tried)).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        if at == 0 && reading.verify {
            let said = download.info.proof(store.md5_etags());
            proof = said.map(|digest| (digest.clone(), Hasher::new(digest.algorithm)));
        }
        let size = *size.get_or_insert(download.info.size);
        while let Some(chunk) = download.chunk().await {
            match chunk {
                Ok(bytes) => {
                    reading.limit.wait(bytes.len() as u64).await;
                    if let Some((_, hasher)) = &mut proof {
                        hasher.update(&bytes);
                    }
                    out.bytes(&bytes)?;
                    at += bytes.len() as u64;
                }
                Err(error) if error.is_retryable() && tried < TRIES => {
                    tried += 1;
                    options.if_match = Some(download.info.etag.clone()).filter(|etag| !etag.is_empty());
                    options.range = Some(at..size);
                    continue 'attempt;
                }
                Err(error) => return Err(error),
            }
        }
        out.flush()?;
        return proof.map_or(Ok(()), |(theirs, ours)| compare(remote, &theirs, &ours.finish()));
    }
}

/// Compares what was written with what the provider says of it.
fn compare(remote: &Remote, theirs: &Digest, ours: &Digest) -> Result<()> {
    if theirs == ours {
        return Ok(());
    }
    let name = theirs.algorithm.name();
    let text = format!("{remote} arrived with {name} {}, but has {}", ours.hex(), theirs.hex());
    Err(Error::new(Kind::Integrity, text)
        .with_hint("a byte changed on the way, or where it is stored; what was written to stdout is wrong"))
}
