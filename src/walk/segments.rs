//! One long listing read by many at once, where keys come in order: each reads a segment of the keys, and whoever is done
//! takes the farther half of somebody else's. What comes out is in order, and what waits for its turn is bounded.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;

use super::{Batch, Found};
use crate::error::Result;

/// Segments read at once.
const READERS: usize = 24;
/// Keys that wait for their turn at most; only the first segment is read on then.
const WAITING: usize = 60_000;
/// Guesses of a split for each page that a segment has read: wrong ones cost a request.
const GUESSES: u32 = 2;

/// A page: what is in it, ascending by key, and whether there is more behind it.
pub(super) type Page = (Vec<Found>, bool);

struct Segment {
    /// Keys behind this one have not been read.
    at: String,
    /// Its last key at most; `None`: to the end of the listing.
    end: Option<String>,
    state: State,
    guesses: u32,
    waiting: VecDeque<Vec<Found>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Free,
    Read,
    Done,
}

impl Segment {
    fn new(at: String, end: Option<String>) -> Self {
        Self { at, end, state: State::Free, guesses: 0, waiting: VecDeque::new() }
    }
}

#[derive(Default)]
struct Shared {
    /// In the order of their keys. Identified by `ids`, since places shift.
    segments: Vec<(u64, Segment)>,
    next: u64,
    waiting: usize,
    failed: bool,
}

impl Shared {
    fn find(&mut self, id: u64) -> Option<&mut Segment> {
        self.segments.iter_mut().find(|(other, _)| *other == id).map(|(_, segment)| segment)
    }

    fn insert(&mut self, place: usize, segment: Segment) -> u64 {
        self.next += 1;
        self.segments.insert(place, (self.next, segment));
        self.next
    }

    /// Something to read: a free segment, or half of one that somebody reads.
    fn take(&mut self) -> Option<u64> {
        if self.failed {
            return None;
        }
        let full = self.waiting >= WAITING;
        let free = self.segments.iter().position(|(_, segment)| segment.state == State::Free);
        // While much waits only what comes out next is read.
        if let Some(place) = free.filter(|place| !full || *place == 0) {
            self.segments[place].1.state = State::Read;
            return Some(self.segments[place].0);
        }
        if full {
            return None;
        }
        let (place, middle) = self.segments.iter().enumerate().find_map(|(place, (_, segment))| {
            let open = segment.state == State::Read && segment.guesses > 0;
            open.then(|| Some((place, split(&segment.at, segment.end.as_deref())?))).flatten()
        })?;
        let first = &mut self.segments[place].1;
        first.guesses -= 1;
        let end = first.end.replace(middle.clone());
        let mut second = Segment::new(middle, end);
        second.state = State::Read;
        Some(self.insert(place + 1, second))
    }

    fn is_over(&self) -> bool {
        self.failed || self.segments.iter().all(|(_, segment)| segment.state == State::Done)
    }
}

struct Work {
    shared: Mutex<Shared>,
    /// Something can be taken, or has come to its end.
    changed: Notify,
}

impl Work {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads everything behind the first page, whose last key is `at`; `list` reads a page of the keys behind one.
pub(super) async fn read<L, F>(at: String, list: L, sender: &mpsc::Sender<Batch>)
where
    L: Fn(String) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Page>> + Send + 'static,
{
    let mut shared = Shared::default();
    let mut first = Segment::new(at, None);
    first.guesses = GUESSES;
    shared.insert(0, first);
    let work = Arc::new(Work { shared: Mutex::new(shared), changed: Notify::new() });
    let list = Arc::new(list);
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (work, list, sender) = (Arc::clone(&work), Arc::clone(&list), sender.clone());
        readers.spawn(async move { reader(&work, &*list, &sender).await });
    }
    // Dropping the set ends the readers, when nobody listens any more.
    hand_out(&work, sender).await;
}

/// What is first goes out first.
async fn hand_out(work: &Work, sender: &mpsc::Sender<Batch>) {
    loop {
        let changed = work.changed.notified();
        tokio::pin!(changed);
        // Registered before looking, so that nothing is missed in between.
        changed.as_mut().enable();
        let next = {
            let mut shared = work.lock();
            while shared.segments.first().is_some_and(|(_, s)| s.state == State::Done && s.waiting.is_empty())
            {
                shared.segments.remove(0);
            }
            if shared.failed || shared.segments.is_empty() {
                return;
            }
            let batch = shared.segments[0].1.waiting.pop_front();
            shared.waiting -= batch.as_ref().map_or(0, Vec::len);
            batch
        };
        match next {
            Some(batch) => {
                work.changed.notify_waiters();
                if sender.send(Ok(batch)).await.is_err() {
                    return;
                }
            }
            None => changed.await,
        }
    }
}

async fn reader<L, F>(work: &Work, list: &L, sender: &mpsc::Sender<Batch>)
where
    L: Fn(String) -> F,
    F: Future<Output = Result<Page>>,
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
        while let Some(at) = next_of(work, id) {
            match list(at).await {
                Ok(page) => arrived(work, id, page),
                Err(error) => {
                    work.lock().failed = true;
                    let _ = sender.send(Err(error)).await;
                }
            }
            work.changed.notify_waiters();
        }
    }
}

/// Where its reader goes on; `None` when it is done, or put aside for now.
fn next_of(work: &Work, id: u64) -> Option<String> {
    let mut shared = work.lock();
    if shared.failed {
        return None;
    }
    let is_first = shared.segments.first().is_some_and(|(first, _)| *first == id);
    let full = shared.waiting >= WAITING && !is_first;
    let segment = shared.find(id)?;
    if segment.state == State::Done {
        return None;
    }
    if full {
        segment.state = State::Free;
        return None;
    }
    Some(segment.at.clone())
}

fn arrived(work: &Work, id: u64, (mut found, more): Page) {
    let mut shared = work.lock();
    let Some(segment) = shared.find(id) else { return };
    let key = |found: &Found| found.location.as_remote().map(|remote| remote.key.clone()).unwrap_or_default();
    let mut over = !more || found.is_empty();
    if let Some(last) = found.last() {
        segment.at = key(last);
    }
    if let Some(end) = &segment.end {
        // The rest is somebody else's.
        let ours = found.partition_point(|found| key(found) <= *end);
        over |= ours < found.len() || segment.at >= *end;
        found.truncate(ours);
    }
    segment.guesses = if over { 0 } else { GUESSES };
    if over {
        segment.state = State::Done;
    }
    let count = found.len();
    if count > 0 {
        segment.waiting.push_back(found);
    }
    shared.waiting += count;
}

/// A key between `at` and `end`, about in the middle of what may be there; `None` if none comes to mind. Digits are
/// mostly followed by digits and letters by letters of their case.
fn split(at: &str, end: Option<&str>) -> Option<String> {
    let (bytes, end) = (at.as_bytes(), end.map(str::as_bytes));
    let mut within = true;
    for (place, byte) in bytes.iter().copied().enumerate() {
        let limit = end.filter(|_| within).and_then(|end| end.get(place).copied());
        // Before `end` already; or `end` is a mere beginning of `at`, which cannot be.
        within &= limit == Some(byte);
        if !byte.is_ascii_alphanumeric() {
            if limit.is_some_and(|limit| limit != byte) {
                within = false;
            }
            continue;
        }
        let natural = match byte {
            b'0'..=b'7' => b'9' + 1,
            b'A'..=b'Y' => b'Z' + 1,
            _ => b'z' + 1,
        };
        let top = limit.filter(u8::is_ascii).map_or(natural, |limit| limit.min(natural));
        let middle = byte + top.saturating_sub(byte) / 2;
        if middle > byte && middle < top {
            let mut key = at.get(..place)?.to_owned();
            key.push(char::from(middle));
            return Some(key);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;

    use super::*;
    use crate::error::{Error, Kind};
    use crate::location::{Location, Remote};

    fn found(key: &str) -> Found {
        let target = Remote { profile: "p".into(), bucket: "b".into(), key: key.into() };
        Found {
            relative: key.into(),
            location: Location::Remote(target),
            size: 1,
            modified: None,
            etag: None,
            storage_class: None,
        }
    }

    /// Reads `keys` in pages; what came out, and how many pages that took.
    async fn run(
        keys: BTreeSet<String>,
        page: usize,
        fail_at: Option<usize>,
    ) -> (Vec<Result<String>>, usize) {
        let (keys, pages) = (Arc::new(keys), Arc::new(AtomicUsize::new(0)));
        let first: Vec<String> = keys.iter().take(page).cloned().collect();
        let Some(last) = first.last().cloned() else { return (Vec::new(), 0) };
        let (sender, mut receiver) = mpsc::channel(2);
        let asked = Arc::clone(&pages);
        let list = move |after: String| {
            let (keys, number) = (Arc::clone(&keys), asked.fetch_add(1, Ordering::Relaxed));
            async move {
                tokio::task::yield_now().await;
                if Some(number) == fail_at {
                    return Err(Error::new(Kind::Network, "broken"));
                }
                let mut rest =
                    keys.range::<String, _>((std::ops::Bound::Excluded(after), std::ops::Bound::Unbounded));
                let found: Vec<Found> = rest.by_ref().take(page).map(|key| found(key)).collect();
                Ok((found, rest.next().is_some()))
            }
        };
        let reading = tokio::spawn(async move { read(last, list, &sender).await });
        let mut seen: Vec<Result<String>> = first.into_iter().map(Ok).collect();
        while let Some(batch) = receiver.recv().await {
            match batch {
                Ok(batch) => seen.extend(batch.into_iter().map(|found| Ok(found.relative))),
                Err(error) => seen.push(Err(error)),
            }
        }
        reading.await.unwrap();
        (seen, pages.load(Ordering::Relaxed))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_key_comes_once_and_in_order(
            keys in proptest::collection::btree_set("[a-c0-9/é日 ]{0,6}[a-zA-Z0-9]{1,3}", 1..400), page in 1usize..40,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (seen, _) = runtime.block_on(run(keys.clone(), page, None));
            let seen: Vec<String> = seen.into_iter().map(Result::unwrap).collect();
            prop_assert_eq!(seen, keys.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn a_split_lies_between(at in "[ -~é日]{1,8}", end in proptest::option::of("[ -~é日]{1,8}")) {
            prop_assume!(end.as_ref().is_none_or(|end| *end > at));
            if let Some(middle) = split(&at, end.as_deref()) {
                prop_assert!(middle > at && end.is_none_or(|end| middle < end));
            }
        }
    }

    #[tokio::test]
    async fn numbered_keys_are_split_with_few_requests_more() {
        let keys: BTreeSet<String> = (0..300_000).map(|n| format!("logs/2026/key-{n:09}.json")).collect();
        let (seen, pages) = run(keys.clone(), 1000, None).await;
        assert!(seen.len() == keys.len() && pages < 600, "{} keys in {pages} pages", seen.len());
    }

    #[tokio::test]
    async fn a_failure_ends_it_and_is_told_once() {
        let keys: BTreeSet<String> = (0..5_000).map(|n| format!("{n:05}")).collect();
        let (seen, _) = run(keys, 100, Some(7)).await;
        assert_eq!(seen.iter().filter(|key| key.is_err()).count(), 1);
        assert!(seen.len() < 5_000);
    }
}
