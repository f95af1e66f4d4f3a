//! What a request means, file by file, while it is still being found out.

use globset::{Glob, GlobSet, GlobSetBuilder};
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::target::Targets;
use super::types::{Item, Known, Remark, Request, Verb};
use crate::error::{Error, Kind, Result};
use crate::identity::{self, Compared, Overlap, Relation};
use crate::local;
use crate::location::Location;
use crate::s3::{Connections, Digest};
use crate::walk::{self, Batch, Found, Links, Unread, Why};

const MIB: u64 = 1 << 20;
/// What is up to this size is held in memory rather than streamed.
pub(super) const WHOLE: u64 = MIB;
/// Files up to this size go up in one request.
pub(super) const SINGLE: u64 = 32 * MIB;
const SMALLEST_PART: u64 = 16 * MIB;
const MOST_PARTS: u64 = 10_000;

/// One file to move.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) from: Location,
    pub(super) to: Location,
    pub(super) size: Option<u64>,
    pub(super) modified: Option<Timestamp>,
    pub(super) etag: Option<String>,
    /// That version rather than the newest.
    pub(super) version_id: Option<String>,
    /// What the provider says that its bytes can be compared with.
    pub(super) proof: Option<Digest>,
    /// Where it has arrived, if only its source could not be taken away.
    pub(super) arrived: Option<Location>,
    /// How a symbolic link is part of it.
    pub(super) link: Link,
}

/// How a symbolic link that the user named is part of a file to move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Link {
    /// Not at all, or it is followed: a move takes what was named, which is the link.
    #[default]
    None,
    /// The link itself is moved, whatever it leads to.
    Itself,
    /// It was found in the folder that the link leads to: a move does not take it away.
    Behind,
}

/// How files are found, whatever they are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ways {
    pub(super) verb: Verb,
    /// What becomes of links within trees.
    pub(super) links: Links,
}

impl Ways {
    pub(super) fn of(request: &Request) -> Self {
        let links = if request.copy_links { Links::Follow } else { Links::Skip };
        Self { verb: request.verb, links }
    }

    /// How a symbolic link is part of what is below `item`. Blocking.
    fn link(self, item: &Item) -> Link {
        match (self.verb, &item.from, &item.to) {
            (Verb::Move, Location::Local(from), Location::Local(_)) if local::is_link(from) => Link::Itself,
            (Verb::Move, Location::Local(from), _) if item.tree && local::is_link(from) => Link::Behind,
            _ => Link::None,
        }
    }
}

/// What could not be planned, or is not to be moved at all.
#[derive(Debug)]
pub(super) struct Unplanned {
    pub(super) item: Item,
    pub(super) error: Error,
    /// Why it is left out, if it is no failure.
    pub(super) remark: Option<Remark>,
}

impl Unplanned {
    fn failed(item: Item, error: Error) -> Self {
        Self { item, error, remark: None }
    }

    /// A file or object that was named and that the filter does not take.
    fn left_out(item: Item) -> Self {
        let text = format!("{} is left out: its name does not pass --include and --exclude", item.from);
        Self { item, error: Error::new(Kind::Unsupported, text), remark: Some(Remark::LeftOut) }
    }

    /// A part of a tree that was not read. Where that failed, the whole tree can be tried again.
    fn part(item: &Item, unread: Unread) -> Self {
        let remark = match unread.why {
            Why::Failed => return Self::failed(item.clone(), unread.error),
            Why::Link => Remark::SkippedLink,
            Why::Special => Remark::SkippedSpecial,
        };
        let from = item.from.join(unread.relative.as_ref());
        let item = Item { from, tree: false, ..item.clone() };
        Self { item, error: unread.error, remark: Some(remark) }
    }
}

/// A file to move, or why there is none.
pub(super) type Message = std::result::Result<Planned, Unplanned>;

impl Planned {
    fn unknown(from: Location, to: Location) -> Self {
        Self {
            from,
            to,
            size: None,
            modified: None,
            etag: None,
            version_id: None,
            proof: None,
            arrived: None,
            link: Link::None,
        }
    }

    /// What tells this state of the source from another: ETag, else time.
    pub(super) fn state(&self) -> String {
        let time = || self.modified.map(|time| time.to_string()).unwrap_or_default();
        self.etag.clone().unwrap_or_else(time)
    }
}

/// The size that all parts but the last have: some providers demand equal ones. `None` if the object is too large.
pub(super) fn part_size(length: u64, wanted: Option<u64>) -> Option<u64> {
    let needed = length.div_ceil(MOST_PARTS).div_ceil(MIB) * MIB;
    let size = wanted.unwrap_or(SMALLEST_PART).max(needed);
    (size <= 5 << 30).then_some(size)
}

/// Half-open ranges of `size` bytes that cover `0..length`.
pub(super) fn ranges(length: u64, size: u64) -> impl Iterator<Item = (u32, std::ops::Range<u64>)> {
    let count = u32::try_from(length.div_ceil(size.max(1))).unwrap_or(u32::MAX);
    (0..count).map(move |index| {
        let from = u64::from(index) * size;
        (index + 1, from..(from + size).min(length))
    })
}

/// `--include` and `--exclude`.
#[derive(Clone, Debug)]
pub struct Filter {
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Filter {
    /// The filter of a request.
    ///
    /// # Errors
    /// `Kind::Usage` for a glob that is none.
    pub fn new(request: &Request) -> Result<Self> {
        let set = |globs: &[String]| {
            let mut builder = GlobSetBuilder::new();
            for glob in globs {
                builder.add(
                    Glob::new(glob).map_err(|error| Error::new(Kind::Usage, format!("pattern {error}")))?,
                );
            }
            builder.build().map_err(|error| Error::new(Kind::Usage, format!("patterns: {error}")))
        };
        let include = (!request.include.is_empty()).then(|| set(&request.include)).transpose()?;
        Ok(Self { include, exclude: set(&request.exclude)? })
    }

    /// Whether a file is meant; `relative` is its path below the root of its tree, or its name if it was named itself.
    pub fn takes(&self, relative: &str) -> bool {
        self.include.as_ref().is_none_or(|set| set.is_match(relative)) && !self.exclude.is_match(relative)
    }
}

/// Streams the files of `items`; what cannot be planned comes as an error with the place it is about.
pub(super) fn start(
    connections: Connections,
    items: Vec<Item>,
    filter: Filter,
    ways: Ways,
) -> mpsc::Receiver<Message> {
    let (sender, receiver) = mpsc::channel(1000);
    tokio::spawn(async move {
        for item in items {
            // A single file is held against its target when that is known for certain.
            let result = if !item.tree && !filter.takes(&item.from.name()) {
                let unplanned = Unplanned::left_out(item);
                if sender.send(Err(unplanned)).await.is_err() {
                    return;
                }
                continue;
            } else {
                one(&connections, &item, &filter, ways, &sender).await
            };
            let message = match result {
                Ok(None) => continue,
                Ok(Some(planned)) => Ok(planned),
                Err(error) => Err(Unplanned::failed(item, error)),
            };
            if sender.send(message).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// The plan of a request whose source is read only once: nothing is known of it beforehand.
pub(super) fn stream(items: &[Item]) -> mpsc::Receiver<Message> {
    let (sender, receiver) = mpsc::channel(items.len().max(1));
    for item in items {
        // The channel holds them all.
        drop(sender.try_send(Ok(Planned::unknown(item.from.clone(), item.to.clone()))));
    }
    receiver
}

/// A tree, unless it and its target overlap: a copy into itself would never end, and a move would meet what it has
/// moved already.
async fn whole(
    connections: &Connections,
    item: &Item,
    filter: &Filter,
    (ways, link): (Ways, Link),
    sender: &mpsc::Sender<Message>,
) -> Result<Option<Planned>> {
    let doing = if ways.verb == Verb::Move { "move" } else { "copy" };
    let refuse = |overlap| Err(identity::refusal(overlap, doing, &item.from, &item.to, true));
    let doubt = match identity::relation(connections, &item.from, &item.to, true).await? {
        // Out of a folder into one above it: what is copied is not copied again.
        Relation::Certain(Overlap::SourceInTarget) | Relation::Possible(Overlap::SourceInTarget)
            if ways.verb == Verb::Copy =>
        {
            None
        }
        Relation::Certain(overlap) => return refuse(overlap),
        Relation::Respelled if ways.verb == Verb::Move => {
            let planned = Planned::unknown(item.from.clone(), item.to.clone());
            return Ok(Some(Planned { size: Some(0), ..planned }));
        }
        Relation::Respelled => return refuse(Overlap::Same),
        Relation::Possible(overlap) => Some(overlap),
        Relation::Apart => None,
    };
    let mut batches = match &item.from {
        Location::Local(path) => walk::local(path.clone(), ways.links),
        Location::Remote(remote) => walk::remote(connections.store(&remote.profile).await?, remote.clone()),
        Location::Profile(profile) => {
            return Err(Error::new(Kind::Usage, format!("{profile}: is a whole profile"))
                .with_hint("name a bucket in it"));
        }
    };
    let first = batches.recv().await;
    if let (Some(overlap), Some(Ok(found))) = (doubt, &first)
        && are_one(connections, item, found).await?
    {
        return refuse(overlap);
    }
    tree(item, filter, link, first, batches, sender).await
}

/// Whether what was found in one bucket is in the other as well, where nothing else tells whether they are two.
async fn are_one(connections: &Connections, item: &Item, found: &[Found]) -> Result<bool> {
    let (Location::Remote(from), Location::Remote(to)) = (&item.from, &item.to) else { return Ok(false) };
    let places = found.iter().filter_map(|found| found.location.as_remote());
    let samples = places.map(|place| (place.clone(), identity::counterpart(from, to, &place.key)));
    let samples: Vec<_> = samples.take(identity::SAMPLES).collect();
    Ok(identity::compare(connections, &samples).await? == Compared::Same)
}

/// The one file of an item; the files of a tree are sent.
async fn one(
    connections: &Connections,
    item: &Item,
    filter: &Filter,
    ways: Ways,
    sender: &mpsc::Sender<Message>,
) -> Result<Option<Planned>> {
    let asked = item.clone();
    let link = blocking(move || Ok(ways.link(&asked))).await?;
    if item.tree && link != Link::Itself {
        return whole(connections, item, filter, (ways, link), sender).await;
    }
    single(item, link).await.map(Some)
}

async fn single(item: &Item, link: Link) -> Result<Planned> {
    let planned = Planned::unknown(item.from.clone(), item.to.clone());
    let mut planned = Planned { link, ..planned };
    if let Some(known) = item.known.clone() {
        let Known { size, modified, etag, version_id } = known;
        return Ok(Planned { size: Some(size), modified, etag, version_id, ..planned });
    }
    if let Location::Local(path) = &item.from {
        let path = path.clone();
        let look = if link == Link::Itself { local::stat_link } else { local::stat };
        let entry = blocking(move || look(&path)).await?;
        if link != Link::Itself && entry.kind.is_container() {
            return Err(
                Error::new(Kind::Usage, format!("{} is a folder", item.from)).with_hint("copy it with -r")
            );
        }
        // A link has no bytes of its own to copy.
        planned.size = if link == Link::Itself { Some(0) } else { entry.size };
        planned.modified = entry.modified;
    }
    Ok(planned)
}

async fn tree(
    item: &Item,
    filter: &Filter,
    link: Link,
    first: Option<Batch>,
    mut batches: mpsc::Receiver<Batch>,
    sender: &mpsc::Sender<Message>,
) -> Result<Option<Planned>> {
    let item_of = item.clone();
    let mut targets = blocking(move || Targets::new(&item_of)).await?;
    let (mut found_any, mut next) = (false, first);
    while let Some(batch) = next {
        let batch = match batch {
            Ok(batch) => batch,
            Err(unread) => {
                found_any = true;
                let is_meant = !unread.is_skipped() || filter.takes(&unread.relative);
                if is_meant && sender.send(Err(Unplanned::part(item, unread))).await.is_err() {
                    return Ok(None);
                }
                next = batches.recv().await;
                continue;
            }
        };
        found_any |= !batch.is_empty();
        let batch = batch.into_iter().filter(|found| filter.takes(&found.relative)).collect();
        let placed;
        (targets, placed) = blocking(move || Ok(place(targets, batch))).await?;
        for (found, to) in placed {
            let message = match to {
                Ok(Some(to)) => Ok(Planned {
                    from: found.location,
                    to,
                    size: Some(found.size),
                    modified: found.modified,
                    etag: found.etag.map(String::from).filter(|etag| !etag.is_empty()),
                    version_id: None,
                    proof: None,
                    arrived: None,
                    link,
                }),
                Ok(None) => continue,
                Err(error) => {
                    let item = Item { from: found.location, to: item.to.clone(), tree: false, known: None };
                    Err(Unplanned::failed(item, error))
                }
            };
            if sender.send(message).await.is_err() {
                return Ok(None);
            }
        }
        next = batches.recv().await;
    }
    match &item.from {
        Location::Remote(remote) if !found_any && !remote.key.is_empty() => {
            Err(Error::new(Kind::NotFound, format!("there is nothing below {}", item.from))
                .with_hint("`twinpail ls` shows what there is; without -r a key is exact"))
        }
        _ => Ok(None),
    }
}

type Placed = Vec<(Found, Result<Option<Location>>)>;

/// The files of a batch with the places they go to.
fn place(mut targets: Targets, batch: Vec<Found>) -> (Targets, Placed) {
    let placed = batch
        .into_iter()
        .map(|found| {
            let to = targets.of(&found);
            (found, to)
        })
        .collect();
    (targets, placed)
}

/// Runs file-system work off the runtime.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::new(Kind::Internal, format!("a worker failed: {error}"))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::option;
    use proptest::prelude::*;

    #[test]
    fn parts_are_equal_and_never_too_many() {
        assert_eq!(part_size(100 * MIB, None), Some(16 * MIB));
        assert_eq!(part_size(100 * MIB, Some(5 * MIB)), Some(5 * MIB));
        for length in [160_000 * MIB, 160_001 * MIB, 5 << 40] {
            let size = part_size(length, None).unwrap();
            assert!(length.div_ceil(size) <= MOST_PARTS && size.is_multiple_of(MIB), "{length}");
        }
        assert_eq!(part_size(60 << 40, None), None);
        let all: Vec<_> = ranges(25, 10).collect();
        assert_eq!(all, [(1, 0..10), (2, 10..20), (3, 20..25)]);
    }

    proptest! {
        #[test]
        fn ranges_cover_every_byte_once_and_are_equal_but_the_last(length in 1u64..(50u64 << 40), wanted in option::of(1u64..(6 << 30))) {
            if let Some(size) = part_size(length, wanted) {
                prop_assert!(size >= wanted.unwrap_or(0) && size <= 5 << 30);
                let (mut at, mut count) = (0, 0);
                for (number, range) in ranges(length, size) {
                    count += 1;
                    prop_assert_eq!((range.start, u64::from(number)), (at, count));
                    prop_assert!(range.end - range.start == size || range.end == length);
                    at = range.end;
                }
                prop_assert!(at == length && count <= MOST_PARTS);
            } else {
                prop_assert!(length.div_ceil(5 << 30) > MOST_PARTS - 1 || wanted.is_some_and(|wanted| wanted > 5 << 30));
            }
        }
    }
}
