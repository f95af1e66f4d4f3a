//! Compares two trees, or two files, and changes nothing.

use std::path::Path;

use tokio::task::JoinSet;

use super::bytes;
use super::content::{self, Content, Place, Proof, blocking};
use super::pairing::{Pairing, is_unread};
use super::places::{below, tree};
use super::rules::Rules;
use super::types::{File, Filters};
use crate::error::{Error, Kind, Result};
use crate::local;
use crate::location::Location;
use crate::s3::Connections;
use crate::walk::Links;

/// Comparisons by checksums, which mostly wait, and by content, which mostly read.
const PROOFS_AT_ONCE: usize = 32;
const READS_AT_ONCE: usize = 8;

/// How two files of one size are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum How {
    /// By the best proof that costs no transfer: a checksum or an ETag that both sides have; else by size.
    #[default]
    Proof,
    /// Their size is enough.
    Size,
    /// By every byte.
    Bytes,
}

/// How to compare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// What makes two files the same.
    pub how: How,
    /// Which files.
    pub filters: Filters,
}

/// What was found out about a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Both have it, and it is the same as far as this tells ([`Proof::Size`]: nothing better was to be had).
    Same(Proof),
    /// Both have it, and this differs.
    Differs(Proof),
    /// The second lacks it.
    OnlyFirst,
    /// The first lacks it.
    OnlySecond,
    /// They cannot be compared.
    Failed(Error),
}

/// One path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Below both roots; of two single files the first one's name.
    pub relative: String,
    /// What about it.
    pub finding: Finding,
}

/// Compares; hands every path to `each` as soon as it is settled, in no particular order. Returns what could not be
/// read: of what is missing from there nothing was said.
///
/// # Errors
/// Places that cannot be compared or read at all, wrong patterns, and what `each` answers.
pub async fn check(
    connections: &Connections,
    first: &Location,
    second: &Location,
    options: &CheckOptions,
    mut each: impl FnMut(Row) -> Result<()> + Send,
) -> Result<Vec<Error>> {
    if is_single(first) || is_single(second) || (is_object(first) && is_object(second)) {
        if options.filters != Filters::default() {
            return Err(Error::new(
                Kind::Usage,
                "patterns choose files of trees, and these are two single files",
            )
            .with_hint("leave --include, --exclude and --ignore-file out"));
        }
        let (first, second) = (single(connections, first).await?, single(connections, second).await?);
        let row = Comparison { connections: connections.clone(), how: options.how, first, second };
        return each(row.row().await).map(|()| Vec::new());
    }
    let (first, second) = (tree(first)?, tree(second)?);
    let filters = options.filters.clone();
    let rules = blocking(move || Rules::new(&filters, None)).await?;
    if let Some(path) = second.as_local() {
        std::fs::read_dir(path).map_err(|error| Error::local("list", path, error))?;
    }
    let mut pairing = Pairing::open(connections, &first, &second, rules, Links::Skip).await?;
    let at_once = if options.how == How::Bytes { READS_AT_ONCE } else { PROOFS_AT_ONCE };
    let mut running = JoinSet::new();
    while let Some(pairs) = pairing.next().await? {
        for (left, right) in pairs {
            while running.len() >= at_once
                && let Some(row) = running.join_next().await
            {
                each(joined(row)?)?;
            }
            let comparison = Comparison {
                connections: connections.clone(),
                how: options.how,
                first: Place { location: found(&first, &left), file: left },
                second: Place { location: found(&second, &right), file: right },
            };
            running.spawn(comparison.row());
        }
    }
    while let Some(row) = running.join_next().await {
        each(joined(row)?)?;
    }
    let mut rest = pairing.rest();
    let (first, second) = (std::mem::take(&mut rest.first), std::mem::take(&mut rest.second));
    for (files, other, finding) in [(first, 1, Finding::OnlyFirst), (second, 0, Finding::OnlySecond)] {
        let unread = || rest.unread[other].iter().filter(|part| !part.is_skipped());
        for file in files.into_iter().filter(|file| !is_unread(unread(), file)) {
            each(Row { relative: file.relative, finding: finding.clone() })?;
        }
    }
    Ok(rest.faults())
}

fn joined(row: std::result::Result<Row, tokio::task::JoinError>) -> Result<Row> {
    row.map_err(|error| Error::new(Kind::Internal, format!("a worker failed: {error}")))
}

/// Where a file is that was found; nothing is written there, so that any name will do.
fn found(root: &Location, file: &File) -> Location {
    match root {
        Location::Local(folder) => Location::Local(folder.join(&*local::name_key(&file.relative))),
        other => below(other, &file.relative).unwrap_or_else(|_| other.clone()),
    }
}

fn is_single(place: &Location) -> bool {
    place.as_local().is_some_and(|path| !path.is_dir())
}

/// A key that names no folder; beside a folder it is taken for one all the same.
fn is_object(place: &Location) -> bool {
    place.as_remote().is_some_and(|remote| !remote.is_prefix())
}

async fn single(connections: &Connections, place: &Location) -> Result<Place> {
    let file = match place {
        Location::Remote(remote) if is_object(place) => {
            let store = connections.store(&remote.profile).await?;
            let info =
                store.head(&remote.bucket, &remote.key, None).await.map_err(|error| match error.kind() {
                    Kind::NotFound => error.with_hint("prefixes end in a slash"),
                    _ => error,
                })?;
            File {
                relative: place.name(),
                size: info.size,
                modified: info.modified,
                etag: (!info.etag.is_empty()).then(|| info.etag.into()),
            }
        }
        Location::Local(path) if !path.is_dir() => {
            let path = path.clone();
            let entry = blocking(move || local::stat(Path::new(&path))).await?;
            File {
                relative: place.name(),
                size: entry.size.unwrap_or(0),
                modified: entry.modified,
                etag: None,
            }
        }
        other => {
            return Err(Error::new(Kind::Usage, format!("{other} is no single file"))
                .with_hint("compare two files, or two folders"));
        }
    };
    Ok(Place { location: place.clone(), file })
}

/// Two files to compare.
struct Comparison {
    connections: Connections,
    how: How,
    first: Place,
    second: Place,
}

impl Comparison {
    async fn row(self) -> Row {
        let finding = self.finding().await.unwrap_or_else(Finding::Failed);
        Row { relative: self.first.file.relative, finding }
    }

    async fn finding(&self) -> Result<Finding> {
        if self.first.file.size != self.second.file.size {
            return Ok(Finding::Differs(Proof::Size));
        }
        let content = match self.how {
            How::Size => Content::Same(Proof::Size),
            How::Proof => content::compare(&self.connections, &self.first, &self.second).await?,
            How::Bytes => bytes::compare(&self.connections, &self.first, &self.second).await?,
        };
        Ok(match content {
            Content::Same(proof) => Finding::Same(proof),
            Content::Differs(proof) => Finding::Differs(proof),
            Content::Unknown(_) => Finding::Same(Proof::Size),
        })
    }
}
