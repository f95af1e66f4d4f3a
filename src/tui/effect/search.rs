//! Trees are searched and measured; what is known is told a few times a second.

use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::error::Kind;
use crate::location::Location;
use crate::s3::Connections;
use crate::tui::dialog::{Found, Progress};
use crate::tui::message::{Event, Search};
use crate::tui::units::Units;
use crate::walk;
use crate::walk::usage::{Duplicates, Usage};

/// Between two reports.
const REPORT: Duration = Duration::from_millis(150);
/// Groups of duplicates that are shown.
const GROUPS: usize = 2_000;

fn below(root: &Location, relative: &str) -> Location {
    match root {
        Location::Profile(profile) => match relative.split_once('/') {
            Some((bucket, key)) => Location::Remote(crate::location::Remote {
                profile: profile.clone(),
                bucket: bucket.to_owned(),
                key: key.to_owned(),
            }),
            None => root.clone(),
        },
        root => root.join(relative.as_ref()),
    }
}

/// The folders right below, largest first.
fn folders(root: &Location, usage: &Usage) -> Vec<Found> {
    let mut rows: Vec<Found> = usage
        .folders
        .iter()
        .map(|(folder, total)| Found {
            place: below(root, folder),
            bytes: total.bytes,
            count: Some(total.files),
        })
        .collect();
    rows.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.place.to_string().cmp(&b.place.to_string())));
    rows
}

fn classes(usage: &Usage, units: &Units) -> String {
    let class = |(name, total): (&String, &walk::Total)| format!("{name} {}", units.size(total.bytes));
    if usage.classes.len() < 2 {
        String::new()
    } else {
        usage.classes.iter().map(class).collect::<Vec<_>>().join(", ")
    }
}

/// Searches until it is dropped.
pub(super) async fn run(
    connections: Connections,
    number: u64,
    search: Search,
    events: UnboundedSender<Event>,
) {
    let (root, query) = match &search {
        Search::Find(root, query) => (root.clone(), Some(query.as_ref().clone())),
        Search::Usage(root) | Search::Duplicates(root) => (root.clone(), None),
    };
    let tell = |progress| {
        // Nobody listens any more: the browser ends.
        let _ = events.send(Event::Results(number, progress));
    };
    let (mut usage, mut duplicates) = (Usage::default(), Duplicates::default());
    let (mut now, mut told) = (Progress::default(), Instant::now());
    let units = Units::new(&connections.config().ui);
    let mut batches = walk::below(connections, root.clone());
    while let Some(batch) = batches.recv().await {
        match batch {
            Err(error) if error.kind() == Kind::Unsupported => {}
            Err(error) => now.failed.push(error),
            Ok(found) => {
                for found in found {
                    now.looked += 1;
                    now.bytes = now.bytes.saturating_add(found.size);
                    match (&search, &query) {
                        (Search::Find(..), Some(query)) if query.matches(&found) => {
                            now.rows.push(Found { place: found.location, bytes: found.size, count: None });
                        }
                        (Search::Usage(_), _) => usage.add(&found, 1),
                        (Search::Duplicates(_), _) => duplicates.add(found),
                        _ => {}
                    }
                }
            }
        }
        if told.elapsed() >= REPORT {
            if matches!(search, Search::Usage(_)) {
                (now.rows, now.anew) = (folders(&root, &usage), true);
            }
            let (looked, bytes) = (now.looked, now.bytes);
            tell(std::mem::take(&mut now));
            (now.looked, now.bytes, told) = (looked, bytes, Instant::now());
        }
    }
    match search {
        Search::Usage(_) => {
            (now.rows, now.anew, now.words) = (folders(&root, &usage), true, classes(&usage, &units));
        }
        Search::Duplicates(_) => {
            let groups = duplicates.groups();
            let wasted: u64 = groups.iter().map(walk::usage::Copies::wasted).sum();
            now.words = format!("{} groups, {} more than needed", groups.len(), units.size(wasted));
            let row = |size, place| Found { place, bytes: size, count: None };
            let rows = groups.into_iter().take(GROUPS);
            now.rows = rows
                .flat_map(|group| group.locations.into_iter().map(move |place| row(group.size, place)))
                .collect();
        }
        Search::Find(..) => {}
    }
    now.done = true;
    tell(now);
}
