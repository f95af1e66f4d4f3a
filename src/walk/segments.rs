//! Where keys come in order: a piece of a listing is a segment of the keys. Whoever has nothing to do takes the farther
//! part of somebody else's: behind the next two pages, where keys are spaced so that one can tell where that is, else
//! about the farther half.

use std::sync::{Arc, Mutex, PoisonError};

use super::level::behind_folder;
use super::pieces::{Arrived, Listed, Piece, READERS};
use super::stride::Stride;
use crate::s3::ListRequest;

/// Halvings for each page that a segment has read: wrong ones, and those that leave little, cost a request.
const GUESSES: u32 = 1;
/// A segment that ends nearer than two pages ahead is left alone until it has had so many.
const NEARLY_DONE: u32 = 4;

/// Some consecutive keys.
pub(super) struct Segment {
    /// Keys behind its `start_after` have not been read.
    request: ListRequest,
    /// Its last key at most; `None`: to the end of the listing.
    end: Option<String>,
    guesses: u32,
    /// Pages it has had.
    pages: u32,
    stride: Option<Stride>,
    /// It begins where a stride led to, and nothing of it has been read.
    expected: bool,
    luck: Arc<Mutex<Luck>>,
}

/// How well strides have done so far in a listing.
struct Luck {
    /// Segments that may be begun where keys are expected, before others have turned out well.
    credit: usize,
    /// Strides lead too short: they are to be taken as often twice as long.
    doublings: u32,
    /// Pages that were worth their request.
    good: u32,
}

impl Luck {
    /// What a listing of two pages may cost besides.
    const CREDIT: usize = 4;
    /// Farther than this nothing is known.
    const DOUBLINGS: u32 = 12;
    /// Good pages after which strides are tried again.
    const AGAIN: u32 = 32;

    /// A page came; whether most of it was of use, and whether it was the first of a segment that was expected there.
    fn learn(&mut self, good: bool, expected: bool) {
        match (good, expected) {
            (true, true) => {
                self.doublings /= 2;
                self.credit = (self.credit + 2).min(READERS);
            }
            (true, false) if self.good.is_multiple_of(Self::AGAIN) => self.credit = self.credit.max(1),
            (true | false, false) => {}
            (false, true) => self.doublings = (self.doublings + 1).min(Self::DOUBLINGS),
        }
        self.good += u32::from(good);
    }
}

impl Segment {
    /// All keys that are asked for.
    pub(super) fn new(request: ListRequest) -> Self {
        let luck = Luck { credit: Luck::CREDIT, doublings: 0, good: 0 };
        Self::from(request, None, Arc::new(Mutex::new(luck)))
    }

    fn from(request: ListRequest, end: Option<String>, luck: Arc<Mutex<Luck>>) -> Self {
        Self { request, end, guesses: 0, pages: 0, stride: None, expected: false, luck }
    }

    /// Where to go on behind a key, or a folder of a level.
    fn behind(&self, key: &str) -> String {
        if self.request.recursive || !key.ends_with('/') { key.to_owned() } else { behind_folder(key) }
    }

    /// What lies behind `at`, which is no longer its own.
    fn cut(&mut self, at: String) -> Self {
        let request = ListRequest { start_after: Some(at.clone()), token: None, ..self.request.clone() };
        Self::from(request, self.end.replace(at), Arc::clone(&self.luck))
    }
}

impl Piece for Segment {
    /// As many as all readers have in hand when each has a page: more cost memory near by, and gain nothing far away.
    const WAITING: usize = 24_000;

    fn ask(&self) -> ListRequest {
        self.request.clone()
    }

    fn arrived(&mut self, Listed { mut found, next, .. }: Listed) -> Arrived<Self> {
        if let (Some(begin), false) = (&self.request.start_after, self.request.recursive) {
            // A folder is told again as long as anything in it lies behind.
            found.retain(|found| found.key() > begin.as_str());
        }
        let (mut over, all) = (next.is_none(), found.len());
        match found.last() {
            Some(last) => {
                self.request.start_after = Some(self.behind(last.key()));
                self.request.token = None;
                self.stride = Stride::of(&found);
            }
            // A page may be empty although there is more: only its token leads on.
            None => self.request.token = next,
        }
        if let Some(end) = &self.end {
            // The rest is somebody else's.
            let ours = found.partition_point(|found| found.key() <= end.as_str());
            over |= ours < found.len() || self.request.start_after.as_ref() >= Some(end);
            found.truncate(ours);
        }
        let good = !found.is_empty() && 2 * found.len() >= all;
        let expected = std::mem::take(&mut self.expected);
        self.luck.lock().unwrap_or_else(PoisonError::into_inner).learn(good, expected);
        self.guesses = GUESSES;
        self.pages += 1;
        Arrived { found, over, behind: Vec::new() }
    }

    fn split(&mut self) -> Option<Self> {
        let at = self.request.start_after.as_deref()?;
        let luck = Arc::clone(&self.luck);
        let mut luck = luck.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead = self.stride.as_ref().and_then(|stride| stride.ahead(at, luck.doublings));
        if let Some(ahead) = ahead {
            let inside = self.end.as_ref().is_none_or(|end| ahead < *end);
            if inside && luck.credit > 0 {
                luck.credit -= 1;
                let stride = self.stride.clone();
                return Some(Self { stride, expected: true, ..self.cut(ahead) });
            }
            if !inside && self.pages < NEARLY_DONE {
                return None;
            }
        }
        let middle = if self.guesses > 0 { middle(at, self.end.as_deref())? } else { return None };
        self.guesses -= 1;
        Some(self.cut(middle))
    }
}

/// A key between `at` and `end`, about in the middle of what may be there; `None` if none comes to mind. Digits are
/// mostly followed by digits and letters by letters of their case.
fn middle(at: &str, end: Option<&str>) -> Option<String> {
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
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    use proptest::prelude::*;

    use super::*;
    use crate::walk::pieces::tests::{Fake, run};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_key_comes_once_and_in_order(
            keys in proptest::collection::btree_set("[a-c0-9/é日 ]{0,6}[a-zA-Z0-9]{1,3}", 1..400), page in 1usize..40,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let fake = Arc::new(Fake::new(keys.clone(), page));
            let seen = runtime.block_on(run(&fake, "", Segment::new));
            let seen: Vec<String> = seen.into_iter().map(Result::unwrap).collect();
            prop_assert_eq!(seen, keys.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn a_level_comes_whole_and_in_order_too(
            keys in proptest::collection::btree_set("[a-c0-9/é日 ]{0,6}[a-zA-Z0-9]{1,3}", 1..400), page in 1usize..40,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let fake = Arc::new(Fake { level: true, ..Fake::new(keys.clone(), page) });
            let seen = runtime.block_on(run(&fake, "", Segment::new));
            let seen: Vec<String> = seen.into_iter().map(Result::unwrap).collect();
            let name = |key: String| key.split_inclusive('/').next().unwrap_or_default().to_owned();
            let names: BTreeSet<String> = keys.into_iter().map(name).collect();
            prop_assert_eq!(seen, names.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn a_split_lies_between(at in "[ -~é日]{1,8}", end in proptest::option::of("[ -~é日]{1,8}")) {
            prop_assume!(end.as_ref().is_none_or(|end| *end > at));
            if let Some(middle) = middle(&at, end.as_deref()) {
                prop_assert!(middle > at && end.is_none_or(|end| middle < end));
            }
        }
    }

    #[tokio::test]
    async fn numbered_keys_are_split_with_few_requests_more() {
        let keys: BTreeSet<String> = (0..300_000).map(|n| format!("logs/2026/key-{n:09}.json")).collect();
        let fake = Arc::new(Fake::new(keys, 1000));
        let (seen, pages) = (run(&fake, "", Segment::new).await, fake.asked.load(Ordering::Relaxed));
        assert!(seen.len() == 300_000 && pages < 350, "{} keys in {pages} pages", seen.len());
        assert_eq!(fake.most_at_once.load(Ordering::Relaxed), READERS);
    }

    #[tokio::test]
    async fn keys_in_clusters_are_read_with_less_than_twice_the_requests() {
        let cluster =
            |n: usize| (0..n * 37 % 3_000).map(move |file| format!("user-{}/{:x}", n * 7919, file * file));
        let keys: BTreeSet<String> = (0..200).flat_map(cluster).collect();
        let (count, fake) = (keys.len(), Arc::new(Fake::new(keys, 1000)));
        let (seen, pages) = (run(&fake, "", Segment::new).await, fake.asked.load(Ordering::Relaxed));
        assert!(seen.len() == count && pages < 2 * count / 1000, "{count} keys in {pages} pages");
    }

    #[tokio::test]
    async fn a_listing_of_two_pages_costs_few_requests_more() {
        let fake = Arc::new(Fake::new((0..1_200).map(|n| format!("{n:05}")).collect(), 1000));
        let (seen, pages) = (run(&fake, "", Segment::new).await, fake.asked.load(Ordering::Relaxed));
        assert!(seen.len() == 1_200 && pages <= 2 + Luck::CREDIT, "{pages} pages");
    }

    #[tokio::test]
    async fn a_failure_ends_it_and_is_told_once() {
        let keys = (0..5_000).map(|n| format!("{n:05}")).collect();
        let fake = Arc::new(Fake { fail_at: Some(7), ..Fake::new(keys, 100) });
        let seen = run(&fake, "", Segment::new).await;
        let (error, before) = seen.split_last().unwrap();
        assert!(error.is_err() && before.iter().flatten().eq(fake.keys.iter().take(before.len())));
    }

    #[test]
    fn an_empty_page_is_not_the_end_of_it() {
        let mut segment = Segment::new(ListRequest::default());
        let empty = segment.arrived(Listed { next: Some("on".into()), ..Listed::default() });
        assert!(!empty.over && segment.ask().token.as_deref() == Some("on"));
        assert!(segment.arrived(Listed::default()).over);
    }
}
