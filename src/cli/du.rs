//! `du`.

use clap::Args;
use serde_json::json;

use super::Context;
use super::output::{Out, Tally};
use crate::error::Result;
use crate::location::Location;
use crate::sanitize::display_safe;
use crate::walk::usage::Usage;
use crate::walk::{self, Total};

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail du -d 1 -H work:media/")]
pub(super) struct Options {
    /// Folders down to that depth too.
    #[arg(short, long, value_name = "DEPTH", default_value_t = 0)]
    depth: usize,
    /// Sizes with units.
    #[arg(short = 'H', long, conflicts_with = "json")]
    human: bool,
    /// The largest first instead of by name.
    #[arg(short = 'S', long)]
    sort: bool,
    /// One JSON object a line: location objects bytes `storage_classes` complete.
    #[arg(long)]
    json: bool,
    /// Folders, prefixes, or PROFILE: for all its buckets. Default: the default profile.
    #[arg(value_name = "LOC")]
    locations: Vec<String>,
}

pub(super) async fn run(context: &Context, options: Options) -> Result<u8> {
    let places: Vec<Location> = context
        .or_default(&options.locations)?
        .iter()
        .map(|text| context.location(text))
        .collect::<Result<_>>()?;
    let (mut out, mut tally) = (Out::new(), Tally::new());
    for place in places {
        let mut usage = Usage::default();
        let mut failed = false;
        let mut batches = walk::below(context.connections.clone(), place.clone());
        while let Some(batch) = batches.recv().await {
            match batch {
                Ok(found) => found.iter().for_each(|found| usage.add(found, options.depth)),
                Err(unread) if unread.is_skipped() => {}
                Err(unread) => {
                    failed = true;
                    tally.take(Err(unread.error))?;
                }
            }
        }
        // Where nothing could be read there is nothing to add up; where only a part could, that is said with the sum.
        if !failed || usage.total != Total::default() {
            print(&options, &place, &usage, !failed, &mut out)?;
        }
        out.flush()?;
    }
    Ok(tally.code())
}

fn print(options: &Options, place: &Location, usage: &Usage, complete: bool, out: &mut Out) -> Result<()> {
    let exact = place.exact();
    // A prefix that ends inside a component goes on with it; a folder's path needs its slash.
    let slash = if place.as_local().is_some() && !exact.ends_with('/') { "/" } else { "" };
    let mut rows: Vec<(String, Total)> =
        usage.folders.iter().map(|(name, total)| (format!("{exact}{slash}{name}"), *total)).collect();
    if options.sort {
        rows.sort_by(|a, b| b.1.bytes.cmp(&a.1.bytes).then_with(|| a.0.cmp(&b.0)));
    }
    for (location, total) in &rows {
        row(options, location, total, None, complete, out)?;
    }
    row(options, &exact, &usage.total, Some(usage), complete, out)
}

fn row(
    options: &Options,
    location: &str,
    total: &Total,
    whole: Option<&Usage>,
    complete: bool,
    out: &mut Out,
) -> Result<()> {
    if options.json {
        let classes = whole.map(|usage| {
            let class = |(name, total): (&String, &Total)| {
                (name.clone(), json!({ "objects": total.files, "bytes": total.bytes }))
            };
            usage.classes.iter().map(class).collect::<serde_json::Map<_, _>>()
        });
        return out.json(&json!({
            "location": location, "objects": total.files, "bytes": total.bytes, "storage_classes": classes,
            "complete": complete,
        }));
    }
    let size = |bytes: u64| {
        if options.human { humansize::format_size(bytes, humansize::BINARY) } else { bytes.to_string() }
    };
    let mark = if complete { "" } else { "  (of what could be read)" };
    out.line(&format!("{:>13} {:>9}  {}{mark}", size(total.bytes), total.files, display_safe(location)))?;
    for (class, total) in
        whole.map(|usage| &usage.classes).into_iter().flatten().filter(|(class, _)| *class != "STANDARD")
    {
        out.line(&format!("{:>13} {:>9}    in {}", size(total.bytes), total.files, display_safe(class)))?;
    }
    Ok(())
}
