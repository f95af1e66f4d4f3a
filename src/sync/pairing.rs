//! Reads the listings of two trees and hands out the files that both have. Knows nothing of what makes two files the
//! same.

use std::sync::Arc;

use tokio::sync::mpsc::Receiver;

use super::merge::{Merge, Side};
use super::rules::Rules;
use super::types::File;
use crate::error::{Error, Kind, Result};
use crate::local;
use crate::location::Location;
use crate::s3::Connections;
use crate::walk::{self, Batch, Found, Links, Unread};

/// Two listings being read.
pub(super) struct Pairing {
    lanes: [Lane; 2],
    merge: Merge,
    rules: Arc<Rules>,
    /// Markers of empty folders mean nothing to a local disk, and it has none.
    markers: bool,
    /// Files seen on either side.
    pub(super) seen: [u64; 2],
    /// What is not in the listings, of either side.
    unread: [Vec<Unread>; 2],
}

/// One listing.
struct Lane {
    /// `None`: there is nothing to read.
    batches: Option<Receiver<Batch>>,
    /// Local trees come as the disk has them and are sorted first.
    collected: Option<Vec<File>>,
    begun: bool,
}

/// What is left when all pairs are out: files that the other side seems to lack.
pub(super) struct Rest {
    pub(super) first: Vec<File>,
    pub(super) second: Vec<File>,
    /// What was not read of either side: what is missing from there may be there all the same.
    pub(super) unread: [Vec<Unread>; 2],
}

impl Rest {
    /// What could not be read, in words.
    pub(super) fn faults(self) -> Vec<Error> {
        let parts = self.unread.into_iter().flatten();
        parts.filter(|part| !part.is_skipped()).map(|part| part.error).collect()
    }
}

/// Whether a file that a side seems to lack is in a part of it that was not read.
pub(super) fn is_unread<'a>(mut parts: impl Iterator<Item = &'a Unread>, file: &File) -> bool {
    let path = local::name_key(&file.relative);
    parts.any(|part| part.holds(&path))
}

impl Pairing {
    /// Starts to read both trees. A local second one need not exist. `links`: what becomes of those in the first.
    pub(super) async fn open(
        connections: &Connections,
        first: &Location,
        second: &Location,
        rules: Rules,
        links: Links,
    ) -> Result<Self> {
        let rules = Arc::new(rules);
        let markers = first.as_local().is_none() && second.as_local().is_none();
        let absent = second.as_local().is_some_and(|path| !path.exists());
        let lanes = [
            Lane::open(connections, first, &rules, links).await?,
            if absent { Lane::empty() } else { Lane::open(connections, second, &rules, Links::Skip).await? },
        ];
        Ok(Self {
            lanes,
            merge: Merge::new(),
            rules,
            markers,
            seen: [0; 2],
            unread: [Vec::new(), Vec::new()],
        })
    }

    /// Some more pairs; `None` when both listings have ended.
    ///
    /// # Errors
    /// A remote tree of which nothing at all can be listed.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<(File, File)>>> {
        loop {
            let pairs = self.merge.pairs();
            if !pairs.is_empty() {
                return Ok(Some(pairs));
            }
            let [first, second] = &mut self.lanes;
            let (side, batch) = tokio::select! {
                batch = first.read(), if self.merge.wants(Side::First) => (Side::First, batch),
                batch = second.read(), if self.merge.wants(Side::Second) => (Side::Second, batch),
                else => return Ok(None),
            };
            self.take(side, batch)?;
        }
    }

    fn take(&mut self, side: Side, batch: Option<Batch>) -> Result<()> {
        let lane = &mut self.lanes[side as usize];
        let begun = std::mem::replace(&mut lane.begun, true);
        match batch {
            Some(Ok(found)) => {
                let (rules, markers) = (&self.rules, self.markers);
                let files: Vec<File> =
                    found.into_iter().filter_map(|found| file(found, rules, markers)).collect();
                self.seen[side as usize] += files.len() as u64;
                match &mut lane.collected {
                    Some(all) => all.extend(files),
                    None => self.merge.add(side, files),
                }
            }
            Some(Err(unread)) if !begun && lane.collected.is_none() => return Err(unread.error),
            Some(Err(unread)) => self.unread[side as usize].push(unread),
            None => {
                let mut all = lane.collected.take().unwrap_or_default();
                all.sort_by(|left, right| left.relative.cmp(&right.relative));
                self.merge.add(side, all);
                self.merge.end(side);
            }
        }
        Ok(())
    }

    /// What only one of them has, and what could not be read. After the last pairs.
    pub(super) fn rest(self) -> Rest {
        let (first, second) = self.merge.alone();
        Rest { first, second, unread: self.unread }
    }
}

impl Lane {
    fn empty() -> Self {
        Self { batches: None, collected: Some(Vec::new()), begun: false }
    }

    async fn open(
        connections: &Connections,
        root: &Location,
        rules: &Arc<Rules>,
        links: Links,
    ) -> Result<Self> {
        let (batches, collected) = match root {
            Location::Local(path) => {
                // A folder that cannot be read at all must not pass for one with a few faults.
                std::fs::read_dir(path).map_err(|error| Error::local("list", path, error))?;
                let rules = Arc::clone(rules);
                (walk::local_where(path.clone(), links, move |path| rules.takes(path)), Some(Vec::new()))
            }
            Location::Remote(remote) => {
                (walk::remote(connections.store(&remote.profile).await?, remote.clone()), None)
            }
            Location::Profile(profile) => {
                return Err(Error::new(Kind::Usage, format!("{profile}: is a whole profile")));
            }
        };
        Ok(Self { batches: Some(batches), collected, begun: false })
    }

    async fn read(&mut self) -> Option<Batch> {
        self.batches.as_mut()?.recv().await
    }
}

/// What is compared of what was found; `None` for what is left out.
fn file(found: Found, rules: &Rules, markers: bool) -> Option<File> {
    let is_marker = found.relative.ends_with('/') && found.size == 0;
    if found.relative.is_empty() || (is_marker && !markers) || !rules.takes(&found.relative) {
        return None;
    }
    let Found { mut relative, location, size, modified, etag, .. } = found;
    // Local names stand for keys, so that both sides speak of the same thing.
    if let Location::Local(_) = location {
        relative = local::key_of(&relative).into_owned();
    }
    Some(File { relative, size, modified, etag })
}
