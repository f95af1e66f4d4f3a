//! `restore`: archived objects made readable for some days.

use std::sync::atomic::{AtomicU64, Ordering};

use clap::Args;

use super::Context;
use super::output::{Tally, note};
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::s3::Speed;
use crate::walk::{Target, each};

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail restore -r --days 3 --tier bulk work:archive/2024/\n\n\
                        It takes hours; `stat` says when an object is there.")]
pub(super) struct Options {
    /// Every key that begins with the given one.
    #[arg(short, long)]
    recursive: bool,
    /// For how long they stay readable.
    #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// How soon: standard, bulk or expedited.
    #[arg(long, value_name = "TIER", default_value = "standard", value_parser = speed)]
    tier: Speed,
    /// The objects; with -r the prefixes.
    #[arg(value_name = "LOC", required = true)]
    locations: Vec<String>,
}

fn speed(text: &str) -> std::result::Result<Speed, String> {
    let found = Speed::WORDS.iter().find(|(word, _)| *word == text);
    found.map(|(_, speed)| *speed).ok_or_else(|| "one of standard, bulk, expedited".to_owned())
}

pub(super) async fn run(context: &Context, options: Options) -> Result<u8> {
    let mut targets = Vec::new();
    for place in super::remove::remotes(context, &options.locations)? {
        if place.key.is_empty() && !options.recursive {
            return Err(Error::new(Kind::Usage, format!("{place} is a bucket"))
                .with_hint("-r restores everything in it"));
        }
        context.config.profile(&place.profile)?.writable(&format!("restore {place}"))?;
        targets.push(Target { location: Location::Remote(place), tree: options.recursive });
    }
    let (done, mut tally) = (AtomicU64::new(0), Tally::new());
    let (days, tier) = (options.days, options.tier);
    let failed = each(&context.connections, &targets, &done, |store, object| async move {
        store.restore(&object, days, tier).await
    });
    for (_, error) in failed.await {
        tally.take(Err(error))?;
    }
    note(&format!("{} asked for", done.load(Ordering::Relaxed)));
    Ok(tally.code())
}
