//! A long listing in pieces: each is read by one of many readers, and what they bring is handed out in the order of the
//! pieces. What waits for its turn is bounded. Knows nothing of how a listing is cut.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::{Batch, Found};
use crate::error::{Error, Result};
use crate::s3::ListRequest;

/// Pieces read at once.
pub(super) const READERS: usize = 24;
/// A page of a listing.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) found: Vec<Found>,
    /// The common prefixes of a level, whole.
    pub(super) folders: Vec<String>,
    pub(super) next: Option<String>,
}

/// Some of the keys of a listing.
pub(super) trait Piece: Sized + Send + 'static {
    /// A piece is read on while no more keys than these wait in it and before it. Were all that wait counted, what is far
    /// away would keep readers from what comes out next, and one of them would be left at it. Up to six times as many
    /// wait in all.
    const WAITING: usize;

    /// What to ask for next.
    fn ask(&self) -> ListRequest;

    /// Takes the answer in. The piece may have been split meanwhile.
    fn arrived(&mut self, listed: Listed) -> Arrived<Self>;

    /// Gives its farther part to a reader that has nothing to do.
    fn split(&mut self) -> Option<Self> {
        None
    }
}

/// What an answer was good for.
pub(super) struct Arrived<P> {
    pub(super) found: Vec<Found>,
    /// Whether the piece has no more.
    pub(super) over: bool,
    /// Pieces that come behind it.
    pub(super) behind: Vec<P>,
}

struct Place<P> {
    /// Who it is, since places shift.
    id: u64,
    piece: P,
    state: State,
    waiting: VecDeque<Vec<Found>>,
    /// Keys in `waiting`.
    keys: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Read,
    Done,
}

struct Shared<P> {
    /// In the order of the listing.
    places: Vec<Place<P>>,
    next: u64,
    failed: Option<Error>,
}

impl<P: Piece> Shared<P> {
    fn insert(&mut self, at: usize, piece: P, state: State) -> u64 {
        self.next += 1;
        self.places.insert(at, Place { id: self.next, piece, state, waiting: VecDeque::new(), keys: 0 });
        self.next
    }

    fn find(&self, id: u64) -> Option<usize> {
        self.places.iter().position(|place| place.id == id)
    }

    fn may_read(&self, at: usize) -> bool {
        self.places[..=at].iter().map(|place| place.keys).sum::<usize>() < P::WAITING
    }

    /// Something to read: a free piece, or a part of one that somebody reads.
    fn take(&mut self) -> Option<u64> {
        let free = self.places.iter().position(|place| place.state == State::Free);
        if let Some(at) = free.filter(|at| self.may_read(*at)) {
            self.places[at].state = State::Read;
            return Some(self.places[at].id);
        }
        let mut before = 0;
        let (at, piece) = self.places.iter_mut().enumerate().find_map(|(at, place)| {
            before += place.keys;
            let splits = place.state == State::Read && before < P::WAITING;
            splits.then(|| Some((at, place.piece.split()?))).flatten()
        })?;
        Some(self.insert(at + 1, piece, State::Read))
    }

    fn is_over(&self) -> bool {
        self.failed.is_some() || self.places.iter().all(|place| place.state == State::Done)
    }
}

struct Work<P> {
    shared: Mutex<Shared<P>>,
    /// Something can be taken, or has come to its end.
    changed: Notify,
}

impl<P> Work<P> {
    fn lock(&self) -> MutexGuard<'_, Shared<P>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a listing that is one piece to begin with; `list` reads a page. A failure ends it, and is told behind what came
/// before it.
pub(super) async fn read<P, L, F>(first: P, list: L, sender: &mpsc::Sender<Batch>)
where
    P: Piece,
    L: Fn(ListRequest) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Listed>> + Send + 'static,
{
    let mut shared = Shared { places: Vec::new(), next: 0, failed: None };
    shared.insert(0, first, State::Free);
    let work = Arc::new(Work { shared: Mutex::new(shared), changed: Notify::new() });
    let list = Arc::new(list);
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (work, list) = (Arc::clone(&work), Arc::clone(&list));
        readers.spawn(async move { reader(&work, &*list).await });
    }
    // Dropping the set ends the readers, when nobody listens any more.
    hand_out(&work, sender).await;
}

/// What is first goes out first.
async fn hand_out<P: Piece>(work: &Work<P>, sender: &mpsc::Sender<Batch>) {
    loop {
        let changed = work.changed.notified();
        tokio::pin!(changed);
        // Registered before looking, so that nothing is missed in between.
        changed.as_mut().enable();
        let (next, moved) = {
            let mut shared = work.lock();
            let is_out = |place: &Place<P>| place.state == State::Done && place.waiting.is_empty();
            let out = shared.places.iter().take_while(|place| is_out(place)).count();
            shared.places.drain(..out);
            let Some(first) = shared.places.first_mut() else { return };
            let next = first.waiting.pop_front();
            first.keys -= next.as_ref().map_or(0, Vec::len);
            (next.map(Ok).or_else(|| shared.failed.take().map(|error| Err(error.into()))), out > 0)
        };
        // Another place may be the first one now, or there is room again.
        if next.is_some() || moved {
            work.changed.notify_waiters();
        }
        match next {
            Some(batch) => {
                let is_last = batch.is_err();
                if sender.send(batch).await.is_err() || is_last {
                    return;
                }
            }
            None => changed.await,
        }
    }
}

async fn reader<P, L, F>(work: &Work<P>, list: &L)
where
    P: Piece,
    L: Fn(ListRequest) -> F,
    F: Future<Output = Result<Listed>>,
{
    loop {
        let changed = work.changed.notified();
        tokio::pin!(changed);
        changed.as_mut().enable();
        let taken = {
            let mut shared = work.lock();
            if shared.is_over() {
                return;
            }
            shared.take()
        };
        let Some(id) = taken else {
            changed.await;
            continue;
        };
        while let Some(request) = next_of(work, id) {
            match list(request).await {
                Ok(listed) => arrived(work, id, listed),
                Err(error) => {
                    work.lock().failed.get_or_insert(error);
                }
            }
            work.changed.notify_waiters();
        }
    }
}

/// How its reader goes on; `None` when it is done, or put aside for now.
fn next_of<P: Piece>(work: &Work<P>, id: u64) -> Option<ListRequest> {
    let mut shared = work.lock();
    if shared.failed.is_some() {
        return None;
    }
    let at = shared.find(id)?;
    let may_read = shared.may_read(at);
    let place = &mut shared.places[at];
    if place.state == State::Done {
        return None;
    }
    if !may_read {
        place.state = State::Free;
        return None;
    }
    Some(place.piece.ask())
}

fn arrived<P: Piece>(work: &Work<P>, id: u64, listed: Listed) {
    let mut shared = work.lock();
    let Some(at) = shared.find(id) else { return };
    let place = &mut shared.places[at];
    let Arrived { found, over, behind } = place.piece.arrived(listed);
    if over {
        place.state = State::Done;
    }
    if !found.is_empty() {
        place.keys += found.len();
        place.waiting.push_back(found);
    }
    for (after, piece) in behind.into_iter().enumerate() {
        shared.insert(at + 1 + after, piece, State::Free);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;
    use std::ops::Bound;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::error::Kind;
    use crate::location::{Location, Remote};
    use crate::walk::branches::Branch;
    use crate::walk::level::with_folders;
    use crate::walk::segments::Segment;

    /// A server that lists in byte order.
    #[derive(Default)]
    pub(crate) struct Fake {
        pub(crate) keys: BTreeSet<String>,
        pub(crate) page: usize,
        /// Folders are told among the objects, as of a level.
        pub(crate) level: bool,
        /// The number of the request that fails, from 0.
        pub(crate) fail_at: Option<usize>,
        pub(crate) asked: AtomicUsize,
        pub(crate) at_once: AtomicUsize,
        pub(crate) most_at_once: AtomicUsize,
    }

    impl Fake {
        pub(crate) fn new(keys: BTreeSet<String>, page: usize) -> Self {
            Self { keys, page, ..Self::default() }
        }

        /// All there is on one page.
        pub(crate) fn all(&self) -> Listed {
            self.answer(&ListRequest { recursive: true, ..ListRequest::default() })
        }

        async fn list(&self, request: ListRequest) -> Result<Listed> {
            let number = self.asked.fetch_add(1, Ordering::Relaxed);
            let now = self.at_once.fetch_add(1, Ordering::Relaxed) + 1;
            self.most_at_once.fetch_max(now, Ordering::Relaxed);
            // Everybody else asks meanwhile.
            tokio::task::yield_now().await;
            self.at_once.fetch_sub(1, Ordering::Relaxed);
            if Some(number) == self.fail_at {
                return Err(Error::new(Kind::Network, "broken"));
            }
            Ok(self.answer(&request))
        }

        /// Like a real server: what it goes on behind a token of is never told again, but a folder is when something in
        /// it lies behind `start_after`.
        fn answer(&self, request: &ListRequest) -> Listed {
            let prefix = request.prefix.as_str();
            let token = request.token.as_deref();
            let after = token.or(request.start_after.as_deref());
            let from = after.map_or(Bound::Included(prefix), Bound::Excluded);
            let keys = self.keys.range::<str, _>((from, Bound::Unbounded));
            let (mut names, mut more): (Vec<&str>, _) = (Vec::new(), false);
            for key in keys.take_while(|key| key.starts_with(prefix)) {
                let end = key[prefix.len()..].find('/').filter(|_| !request.recursive);
                let name = &key[..end.map_or(key.len(), |at| prefix.len() + at + 1)];
                if names.last() == Some(&name) || token == Some(name) {
                    continue;
                }
                if names.len() == self.page {
                    more = true;
                    break;
                }
                names.push(name);
            }
            let next = names.last().filter(|_| more).map(|last| (*last).to_owned());
            let is_folder = |name: &&str| !request.recursive && name.ends_with('/') && *name != prefix;
            let (folders, keys): (Vec<&str>, Vec<&str>) = names.into_iter().partition(is_folder);
            let folders = folders.into_iter().map(str::to_owned).collect();
            let listed = Listed { found: keys.into_iter().map(found).collect(), folders, next };
            if self.level { with_folders(&root(), listed) } else { listed }
        }
    }

    fn root() -> Remote {
        Remote { profile: "p".into(), bucket: "b".into(), key: String::new() }
    }

    pub(crate) fn found(key: &str) -> Found {
        Found {
            relative: key.into(),
            location: Location::Remote(Remote { key: key.into(), ..root() }),
            size: 1,
            modified: None,
            etag: None,
            storage_class: None,
        }
    }

    /// Reads what begins with `prefix`: the keys as they come out.
    pub(crate) async fn run<P: Piece>(
        fake: &Arc<Fake>,
        prefix: &str,
        first: impl FnOnce(ListRequest) -> P + Send + 'static,
    ) -> Vec<Result<String>> {
        let (sender, mut receiver) = mpsc::channel(2);
        let (prefix, recursive) = (prefix.to_owned(), !fake.level);
        let request = ListRequest { prefix, recursive, ..ListRequest::default() };
        let fake = Arc::clone(fake);
        let list = move |request| {
            let fake = Arc::clone(&fake);
            async move { fake.list(request).await }
        };
        let reading = tokio::spawn(async move { read(first(request), list, &sender).await });
        let mut seen = Vec::new();
        while let Some(batch) = receiver.recv().await {
            match batch {
                Ok(batch) => seen.extend(batch.into_iter().map(|found| Ok(found.relative))),
                Err(unread) => seen.push(Err(unread.error)),
            }
        }
        reading.await.unwrap();
        seen
    }

    /// Nobody takes anything for a long while, then somebody takes everything.
    async fn stall<P: Piece>(first: impl FnOnce(ListRequest) -> P) {
        let keys: BTreeSet<String> = (0..300_000).map(|n| format!("{n:06}")).collect();
        let fake = Arc::new(Fake::new(keys, 1000));
        let (sender, mut receiver) = mpsc::channel(2);
        let first = first(ListRequest { recursive: true, ..ListRequest::default() });
        let asked = Arc::clone(&fake);
        let list = move |request| {
            let fake = Arc::clone(&fake);
            async move { fake.list(request).await }
        };
        let reading = tokio::spawn(async move { read(first, list, &sender).await });
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
        let pages = asked.asked.load(Ordering::Relaxed);
        assert!(pages < 6 * P::WAITING / 1000, "{pages} pages");
        let mut seen = 0;
        while let Some(batch) = receiver.recv().await {
            seen += batch.unwrap().len();
        }
        reading.await.unwrap();
        assert_eq!(seen, 300_000);
    }

    #[tokio::test]
    async fn no_more_is_read_than_may_wait() {
        stall(Segment::new).await;
        stall(Branch::new).await;
    }
}
