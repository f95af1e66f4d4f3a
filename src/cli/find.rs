//! `find`.

use clap::Args;
use jiff::Timestamp;
use serde_json::json;

use super::Context;
use super::output::{Out, Tally, local_time, note};
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::sanitize::display_safe;
use crate::walk::find::{Pattern, Query, Sizes, parse_since, parse_sizes};
use crate::walk::usage::Duplicates;
use crate::walk::{self, Found};

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail find --name '*.mp4' --size +1G --older 90d work:media/\n\
                  Whatever is there more than once: twinpail find --duplicates work:media/")]
pub(super) struct Options {
    /// The last component, as a glob: '*.jpg'.
    #[arg(long, value_name = "GLOB")]
    name: Option<String>,
    /// Like --name, whatever the case.
    #[arg(long, value_name = "GLOB", conflicts_with = "name")]
    iname: Option<String>,
    /// The path below LOC, as a glob in which * also stands for /.
    #[arg(long, value_name = "GLOB")]
    path: Option<String>,
    /// +10M for more, -1k for less, 100k..2G for between, a number for exactly.
    #[arg(long, value_name = "SIZE", value_parser = parse_sizes, allow_hyphen_values = true)]
    size: Option<Sizes>,
    /// Modified since: 7d (ago), a date, or RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = since)]
    newer: Option<Timestamp>,
    /// Modified before: 7d (ago), a date, or RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = since)]
    older: Option<Timestamp>,
    /// That storage class only.
    #[arg(long, value_name = "CLASS")]
    storage_class: Option<String>,
    /// Not deeper below LOC than so many components.
    #[arg(long, value_name = "N")]
    max_depth: Option<usize>,
    /// Stop after so many.
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Objects of the same size and ETag, most wasted bytes first.
    #[arg(long, conflicts_with_all = ["limit", "long", "null"])]
    duplicates: bool,
    /// With size and time.
    #[arg(short, long, conflicts_with = "json")]
    long: bool,
    /// One JSON object a line: location key size modified etag `storage_class` kind.
    #[arg(long)]
    json: bool,
    /// Exact locations, each followed by a NUL character.
    #[arg(short = '0', long, conflicts_with_all = ["json", "long"])]
    null: bool,
    /// Folders, prefixes, or PROFILE: for all its buckets. Default: the default profile.
    #[arg(value_name = "LOC")]
    locations: Vec<String>,
}

fn since(text: &str) -> std::result::Result<Timestamp, String> {
    parse_since(text, &crate::zone::now())
}

impl Options {
    fn query(&self) -> Result<Query> {
        let glob = |glob: &Option<String>, any_case| {
            glob.as_ref().map(|glob| Pattern::new(glob, any_case)).transpose()
        };
        Ok(Query {
            name: glob(&self.name, false)?.or(glob(&self.iname, true)?),
            path: glob(&self.path, false)?,
            size: self.size,
            newer: self.newer,
            older: self.older,
            storage_class: self.storage_class.clone(),
            depth: self.max_depth,
        })
    }
}

pub(super) async fn run(context: &Context, options: Options) -> Result<u8> {
    let query = options.query()?;
    let places: Vec<Location> = context
        .or_default(&options.locations)?
        .iter()
        .map(|text| context.location(text))
        .collect::<Result<_>>()?;
    if let Some(local) = places.iter().find(|place| options.duplicates && place.as_local().is_some()) {
        return Err(Error::new(
            Kind::Usage,
            format!("{local} is local: files have no ETag to compare them by"),
        )
        .with_hint("--duplicates is for places at a provider"));
    }
    let (mut out, mut tally) = (Out::new(), Tally::new());
    let mut duplicates = Duplicates::default();
    let mut left = options.limit.unwrap_or(u64::MAX);
    for place in places {
        if left == 0 {
            break;
        }
        let mut batches = walk::below(context.connections.clone(), place);
        while let Some(batch) = batches.recv().await {
            let found = match batch {
                Ok(found) => found,
                // Links and devices are not what anybody looks for here.
                Err(unread) if unread.is_skipped() => continue,
                Err(unread) => {
                    tally.take(Err(unread.error))?;
                    continue;
                }
            };
            for found in found.into_iter().filter(|found| query.matches(found)) {
                if options.duplicates {
                    duplicates.add(found);
                } else if left > 0 {
                    print(&options, &found, &mut out)?;
                    left -= 1;
                }
            }
            out.flush()?;
            if left == 0 {
                break;
            }
        }
    }
    if options.duplicates {
        print_duplicates(&options, duplicates, &mut out)?;
    }
    out.flush()?;
    Ok(tally.code())
}

fn print(options: &Options, found: &Found, out: &mut Out) -> Result<()> {
    if options.json {
        return out.json(&json!({
            "location": found.location.exact(),
            "key": found.location.as_remote().map_or(found.relative.as_str(), |remote| remote.key.as_str()),
            "size": found.size,
            "modified": found.modified.map(|time| time.to_string()),
            "etag": found.etag,
            "storage_class": found.storage_class,
            "kind": "object",
        }));
    }
    if options.null {
        out.bytes(found.location.exact().as_bytes())?;
        return out.bytes(b"\0");
    }
    let location = found.location.to_string();
    if options.long {
        return out.line(&format!("{:19} {:>13} {location}", local_time(found.modified), found.size));
    }
    out.line(&location)
}

fn print_duplicates(options: &Options, duplicates: Duplicates, out: &mut Out) -> Result<()> {
    let groups = duplicates.groups();
    let wasted: u64 = groups.iter().map(walk::usage::Copies::wasted).sum();
    for group in &groups {
        if options.json {
            let locations: Vec<String> = group.objects.iter().map(|(_, location)| location.exact()).collect();
            out.json(&json!({
                "size": group.size, "etag": group.etag, "wasted": group.wasted(), "locations": locations,
            }))?;
            continue;
        }
        let size = humansize::format_size(group.size, humansize::BINARY);
        out.line(&format!("{} x {size}, ETag {}", group.objects.len(), display_safe(&group.etag)))?;
        group.objects.iter().try_for_each(|(_, location)| out.line(&format!("  {location}")))?;
    }
    out.flush()?;
    if !options.json {
        let wasted = humansize::format_size(wasted, humansize::BINARY);
        let s = if groups.len() == 1 { "" } else { "s" };
        note(&format!(
            "{} group{s}, {wasted} more than needed (equal bytes uploaded in parts of other sizes are not seen)",
            groups.len()
        ));
    }
    Ok(())
}
