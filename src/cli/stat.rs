//! `stat`.

use clap::Args;
use serde_json::json;

use super::Context;
use super::output::{Out, Tally, local_time};
use crate::error::{Error, Kind, Result};
use crate::local;
use crate::location::Location;
use crate::s3::ObjectInfo;
use crate::sanitize::display_safe;

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail stat work:docs/q3.pdf")]
pub(super) struct Options {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// That version instead of the newest.
    #[arg(long, value_name = "ID")]
    version_id: Option<String>,
    /// The objects.
    #[arg(value_name = "LOC", required = true)]
    locations: Vec<String>,
}

pub(super) async fn run(context: &Context, options: Options) -> Result<u8> {
    if options.version_id.is_some() && options.locations.len() > 1 {
        return Err(Error::new(Kind::Usage, "a version belongs to one object: name only that"));
    }
    let locations: Vec<Location> =
        options.locations.iter().map(|text| context.location(text)).collect::<Result<_>>()?;
    let (mut out, mut tally) = (Out::new(), Tally::new());
    for location in &locations {
        let shown = match head(context, location, options.version_id.as_deref()).await {
            Ok(info) if options.json => out.json(&as_json(location, &info)),
            Ok(info) => print(location, &info, &mut out),
            Err(error) => Err(error),
        };
        tally.take(shown)?;
    }
    Ok(tally.code())
}

async fn head(context: &Context, location: &Location, version_id: Option<&str>) -> Result<ObjectInfo> {
    match location {
        Location::Local(path) => {
            let entry = local::stat(path)?;
            Ok(ObjectInfo {
                size: entry.size.unwrap_or(0),
                modified: entry.modified,
                ..ObjectInfo::default()
            })
        }
        Location::Remote(remote) if !remote.key.is_empty() => {
            let store = context.connections.store(&remote.profile).await?;
            store.head(&remote.bucket, &remote.key, version_id).await
        }
        _ => Err(Error::new(Kind::Usage, format!("{location} is not an object"))
            .with_hint("write PROFILE:BUCKET/KEY")),
    }
}

fn as_json(location: &Location, info: &ObjectInfo) -> serde_json::Value {
    let attributes = &info.attributes;
    json!({
        "location": location.exact(),
        "size": info.size,
        "modified": info.modified.map(|time| time.to_string()),
        "etag": info.etag,
        "version_id": info.version_id,
        "content_type": attributes.content_type,
        "cache_control": attributes.cache_control,
        "content_disposition": attributes.content_disposition,
        "content_encoding": attributes.content_encoding,
        "content_language": attributes.content_language,
        "expires": attributes.expires,
        "storage_class": attributes.storage_class,
        "sse": attributes.sse,
        "metadata": attributes.metadata,
        "checksums": info.checksums,
        "parts": info.parts,
    })
}

fn print(location: &Location, info: &ObjectInfo, out: &mut Out) -> Result<()> {
    out.line(&location.to_string())?;
    for (name, value) in rows(info) {
        out.line(&format!("  {:20} {}", display_safe(&name), display_safe(&value)))?;
    }
    Ok(())
}

/// What is known, as name and value.
pub(super) fn rows(info: &ObjectInfo) -> Vec<(String, String)> {
    let attributes = &info.attributes;
    let mut rows = vec![("size".to_owned(), format!("{} bytes", info.size))];
    let known = [
        ("modified", info.modified.map(|time| local_time(Some(time)))),
        ("etag", Some(info.etag.clone()).filter(|etag| !etag.is_empty())),
        ("version", info.version_id.clone()),
        ("content-type", attributes.content_type.clone()),
        ("cache-control", attributes.cache_control.clone()),
        ("content-disposition", attributes.content_disposition.clone()),
        ("content-encoding", attributes.content_encoding.clone()),
        ("content-language", attributes.content_language.clone()),
        ("expires", attributes.expires.clone()),
        ("storage class", attributes.storage_class.clone()),
        ("encryption", attributes.sse.clone()),
        ("parts", info.parts.map(|parts| parts.to_string())),
    ];
    rows.extend(known.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    rows.extend(info.checksums.iter().map(|(name, value)| (name.clone(), value.clone())));
    rows.extend(attributes.metadata.iter().map(|(name, value)| (format!("metadata {name}"), value.clone())));
    rows.extend(info.other.iter().cloned());
    rows
}
