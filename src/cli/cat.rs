//! `cat`.

use clap::Args;

use super::Context;
use super::output::{Out, Tally};
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::s3::GetOptions;

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

pub(super) async fn run(context: &Context, options: Options) -> Result<u8> {
    to_stdout(context, &options.locations, options.version_id.as_deref()).await
}

/// Writes objects to stdout.
pub(super) async fn to_stdout(
    context: &Context,
    locations: &[String],
    version_id: Option<&str>,
) -> Result<u8> {
    if version_id.is_some() && locations.len() > 1 {
        return Err(Error::new(Kind::Usage, "a version belongs to one object: name only that"));
    }
    let locations: Vec<Location> =
        locations.iter().map(|text| context.location(text)).collect::<Result<_>>()?;
    let (mut out, mut tally) = (Out::new(), Tally::new());
    for location in &locations {
        let written = one(context, location, version_id, &mut out).await;
        tally.take(written)?;
    }
    out.flush()?;
    Ok(tally.code())
}

/// What broke goes on behind the last byte, as long as the object is still the same.
async fn one(context: &Context, location: &Location, version_id: Option<&str>, out: &mut Out) -> Result<()> {
    let Location::Remote(remote) = location else {
        return Err(Error::new(Kind::Usage, format!("{location} is not an object"))
            .with_hint("write PROFILE:BUCKET/KEY; local files have cat"));
    };
    if remote.key.is_empty() {
        return Err(
            Error::new(Kind::Usage, format!("{location} is a bucket")).with_hint("name an object in it")
        );
    }
    let store = context.connections.store(&remote.profile).await?;
    let mut options = GetOptions { version_id: version_id.map(str::to_owned), ..GetOptions::default() };
    let (mut at, mut size, mut tried) = (0, None, 0);
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
        let size = *size.get_or_insert(download.info.size);
        while let Some(chunk) = download.chunk().await {
            match chunk {
                Ok(bytes) => {
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
        return out.flush();
    }
}
