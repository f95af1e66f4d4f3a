//! How much is below some places, up to a limit: enough to know whether somebody should be asked.

use super::{Links, Target, Total, Unread, local, remote, whole_profile};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::s3::Connections;

/// How much is below some places, as far as it was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Files and bytes.
    pub total: Total,
    /// Whether that is all of it.
    pub counted: Counted,
}

/// How far a count has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Counted {
    /// It goes on.
    #[default]
    SoFar,
    /// It stopped at its limit.
    AtLeast,
    /// That is all.
    All,
}

impl Total {
    /// Whether either of its figures has reached that of `limit`.
    #[must_use]
    pub fn reaches(self, limit: Self) -> bool {
        self.files >= limit.files || self.bytes >= limit.bytes
    }
}

/// Counts what a copy of `targets` would find, added to `known`, until it reaches `limit`; `tell` hears of it meanwhile.
/// What a copy leaves out (links, devices) does not count.
///
/// # Errors
/// The first part of a tree that could not be read, together with what was counted of the others.
pub async fn count_up_to(
    connections: &Connections,
    targets: &[Target],
    known: Total,
    limit: Total,
    tell: impl Fn(Extent),
) -> (Extent, Option<Error>) {
    let mut extent = Extent { total: known, counted: Counted::All };
    let mut failed = None;
    for target in targets {
        match one(connections, target, &mut extent.total, limit, &tell).await {
            Ok(()) => {}
            Err(error) => drop(failed.get_or_insert(error)),
        }
        if extent.total.reaches(limit) {
            extent.counted = Counted::AtLeast;
            break;
        }
    }
    (extent, failed)
}

async fn one(
    connections: &Connections,
    target: &Target,
    total: &mut Total,
    limit: Total,
    tell: &impl Fn(Extent),
) -> Result<()> {
    let mut batches = match &target.location {
        Location::Profile(profile) => return Err(whole_profile(profile)),
        Location::Local(path) => local(path.clone(), Links::Skip),
        Location::Remote(root) => remote(connections.store(&root.profile).await?, root.clone()),
    };
    let mut failed = Ok(());
    while let Some(batch) = batches.recv().await {
        match batch {
            Ok(found) => {
                total.files += found.len() as u64;
                total.bytes += found.iter().map(|found| found.size).sum::<u64>();
            }
            // A copy says of these that it skips them.
            Err(unread) if unread.is_skipped() => {}
            Err(Unread { error, .. }) => failed = failed.and(Err(error)),
        }
        if total.reaches(limit) {
            break;
        }
        tell(Extent { total: *total, counted: Counted::SoFar });
    }
    failed
}
