//! Where keys come in order: a piece of a listing is a segment of the keys, and whoever is done takes the farther half of
//! somebody else's.

use super::pieces::{Arrived, Listed, Piece};
use crate::s3::ListRequest;

/// Guesses of a split for each page that a segment has read: wrong ones, and those that leave little, cost a request.
const GUESSES: u32 = 1;

/// Some consecutive keys.
pub(super) struct Segment {
    /// Keys behind its `start_after` have not been read.
    request: ListRequest,
    /// Its last key at most; `None`: to the end of the listing.
    end: Option<String>,
    guesses: u32,
}

impl Segment {
    /// All keys that are asked for.
    pub(super) fn new(request: ListRequest) -> Self {
        Self { request, end: None, guesses: 0 }
    }
}

impl Piece for Segment {
    fn ask(&self) -> ListRequest {
        self.request.clone()
    }

    fn arrived(&mut self, Listed { mut found, next, .. }: Listed) -> Arrived<Self> {
        let mut over = next.is_none();
        match found.last() {
            Some(last) => {
                self.request.start_after = Some(last.key().to_owned());
                self.request.token = None;
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
        self.guesses = GUESSES;
        Arrived { found, over, behind: Vec::new() }
    }

    fn split(&mut self) -> Option<Self> {
        let at = self.request.start_after.as_deref().filter(|_| self.guesses > 0)?;
        let middle = middle(at, self.end.as_deref())?;
        self.guesses -= 1;
        let request = ListRequest { start_after: Some(middle.clone()), token: None, ..self.request.clone() };
        Some(Self { request, end: self.end.replace(middle), guesses: 0 })
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
        assert!(seen.len() == 300_000 && pages < 600, "{} keys in {pages} pages", seen.len());
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
