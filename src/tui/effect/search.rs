//! Trees are searched and measured; what is known is told a few times a second.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::entry::{Entry, Kind as EntryKind};
use crate::location::Location;
use crate::s3::Connections;
use crate::tui::dialog::{Measured, Share};
use crate::tui::message::{Finding, Search};
use crate::tui::text;
use crate::tui::units::Units;
use crate::walk::usage::{Copies, Duplicates, Largest, Usage};
use crate::walk::{self, Found, Total};

/// Between two reports.
const REPORT: Duration = Duration::from_millis(150);
/// Groups of duplicates that are shown.
const GROUPS: usize = 2_000;
/// Results that are shown; a search stops there.
const MOST: usize = 1_000_000;

/// Searches until it is dropped. `again`: tells only at the end.
pub(super) async fn find(
    connections: Connections,
    root: Location,
    search: Search,
    again: bool,
    tell: impl Fn(Finding),
) {
    let units = Units::new(&connections.config().ui);
    let (mut now, mut copies) = (Finding::default(), Duplicates::default());
    let (mut shown, mut told) = (0, Instant::now());
    let mut batches = walk::below(connections, root.clone());
    while let Some(batch) = batches.recv().await {
        let batch = batch.unwrap_or_else(|unread| {
            // What is neither file nor folder is none of what is looked for.
            now.failed.extend(Some(unread).filter(|unread| !unread.is_skipped()).map(|unread| unread.error));
            Vec::new()
        });
        // A marker stands for its folder, which is no object.
        for found in batch.into_iter().filter(|found| !found.relative.ends_with('/')) {
            now.looked += 1;
            now.bytes = now.bytes.saturating_add(found.size);
            match &search.query {
                None => copies.add(found),
                Some(query) if query.matches(&found) => now.entries.extend(entry(&root, found)),
                Some(_) => {}
            }
        }
        if shown + now.entries.len() >= MOST {
            now.words = format!("stopped: that is {}", text::thousands(MOST));
            break;
        }
        if !again && told.elapsed() >= REPORT {
            shown += now.entries.len();
            let next = Finding { looked: now.looked, bytes: now.bytes, ..Finding::default() };
            tell(std::mem::replace(&mut now, next));
            told = Instant::now();
        }
    }
    if search.query.is_none() {
        let groups = copies.groups();
        let wasted = units.size(groups.iter().map(Copies::wasted).sum());
        let s = if groups.len() == 1 { "" } else { "s" };
        now.words = format!(
            "{} group{s} of equal objects, the oldest of each first, {wasted} more than needed",
            text::thousands(groups.len())
        );
        now.entries = groups.into_iter().take(GROUPS).flat_map(|group| equal(&root, &group)).collect();
    }
    now.done = true;
    tell(now);
}

fn entry(root: &Location, found: Found) -> Option<Entry> {
    let Found { location, size, modified, etag, storage_class, .. } = found;
    let named = Entry::new(location.below(root)?, EntryKind::Object);
    Some(Entry { size: Some(size), modified, etag, storage_class, ..named })
}

fn equal(root: &Location, group: &Copies) -> Vec<Entry> {
    let entry = |(modified, place): &(Option<Timestamp>, Location)| {
        let (size, etag) = (Some(group.size), Some(group.etag.as_str().into()));
        Some(Entry { size, modified: *modified, etag, ..Entry::new(place.below(root)?, EntryKind::Object) })
    };
    group.objects.iter().filter_map(entry).collect()
}

/// Adds up until it is dropped.
pub(super) async fn measure(connections: Connections, root: Location, tell: impl Fn(Measured)) {
    let (mut usage, mut largest, mut now) = (Usage::default(), Largest::default(), Measured::default());
    // What comes first is told at once.
    let mut told: Option<Instant> = None;
    let mut batches = walk::below(connections, root.clone());
    while let Some(batch) = batches.recv().await {
        match batch {
            Err(unread) if unread.is_skipped() => {}
            Err(unread) => now.failed.push(unread.error),
            Ok(found) => {
                for found in found {
                    now.looked += 1;
                    now.bytes = now.bytes.saturating_add(found.size);
                    usage.add(&found, 1);
                    largest.add(&found);
                }
            }
        }
        if told.is_none_or(|told| told.elapsed() >= REPORT) {
            (now.rows, now.classes) = (rows(&root, &usage, &largest), classes(&usage));
            tell(now.clone());
            told = Some(Instant::now());
        }
    }
    (now.rows, now.classes, now.done) = (rows(&root, &usage, &largest), classes(&usage), true);
    tell(now);
}

/// The folders right below, the largest of what is in none of them, and the rest of that; largest first.
fn rows(root: &Location, usage: &Usage, largest: &Largest) -> Vec<Share> {
    let folders = usage.folders.iter().map(|(folder, total)| Share {
        place: root.join(folder.as_ref()),
        bytes: total.bytes,
        files: total.files,
        folder: true,
    });
    let single = |(bytes, place): &(u64, Location)| Share {
        place: place.clone(),
        bytes: *bytes,
        files: 1,
        folder: false,
    };
    let mut rows: Vec<Share> = folders.chain(largest.iter().map(single)).collect();
    let of = |sum: fn(&Share) -> u64| rows.iter().map(sum).fold(0, u64::saturating_add);
    let files = usage.total.files.saturating_sub(of(|row| row.files));
    let bytes = usage.total.bytes.saturating_sub(of(|row| row.bytes));
    // The marker that stands for the place takes no room.
    if bytes > 0 {
        rows.push(Share { place: root.clone(), bytes, files, folder: false });
    }
    rows.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.place.exact().cmp(&b.place.exact())));
    rows
}

/// The largest first.
fn classes(usage: &Usage) -> Vec<(String, Total)> {
    let mut classes: Vec<(String, Total)> = usage.classes.clone().into_iter().collect();
    classes.sort_by_key(|(_, total)| std::cmp::Reverse(total.bytes));
    classes
}
