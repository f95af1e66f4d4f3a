//! Where nobody knows in which order keys come: a piece of a listing is a prefix. One that is long and has few folders is
//! read level by level, its folders by many at once; every other one is read flat, so that many small folders do not
//! become many requests.
//!
//! A level's folders and objects come in byte order of their keys, which is the order of all of them where the server
//! lists in that order.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Found;
use super::pieces::{Arrived, Listed, Piece};
use crate::s3::ListRequest;

/// Levels that are opened below one another at most.
const LEVELS: usize = 6;
/// Folders that are worth a request each if a page shows no more of them: 250 keys a folder.
const FOLDERS_A_PAGE: usize = 4;
/// Folders that are opened although the pages read so far do not pay for them.
const ON_CREDIT: usize = 256;

/// What begins with a prefix.
pub(super) struct Branch {
    /// Lists it flat.
    request: ListRequest,
    /// Everything in it begins with this, too.
    folder: String,
    /// Levels that may still be opened.
    levels: usize,
    step: Step,
    /// The first flat page, until it is clear that it is good for something.
    held: Vec<Found>,
    /// Objects that come behind it.
    behind: Vec<Found>,
    /// Folders that all branches together may still open.
    credit: Arc<AtomicUsize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    First,
    Level,
    Flat,
}

impl Branch {
    /// All keys that are asked for.
    pub(super) fn new(request: ListRequest) -> Self {
        Self::below(request, LEVELS, Arc::new(AtomicUsize::new(ON_CREDIT)))
    }

    fn below(request: ListRequest, levels: usize, credit: Arc<AtomicUsize>) -> Self {
        let folder = request.prefix.clone();
        let (held, behind) = (Vec::new(), Vec::new());
        Self { request, folder, levels, step: Step::First, held, behind, credit }
    }

    /// Asks for the level if the first flat page promises large folders; goes on flat otherwise.
    fn weigh(&mut self, page: Vec<Found>) -> Arrived<Self> {
        let folders: Option<BTreeSet<&str>> = page.iter().map(|found| self.child(found)).collect();
        let large = folders.is_some_and(|mut folders| {
            folders.remove("");
            (1..=FOLDERS_A_PAGE).contains(&folders.len())
        });
        if self.levels == 0 || !large {
            return self.bring(page, false);
        }
        self.step = Step::Level;
        self.held = page;
        self.bring(Vec::new(), false)
    }

    /// The folder right below, in which `found` lies: empty for none, `None` where it should not be here at all.
    fn child<'a>(&self, found: &'a Found) -> Option<&'a str> {
        let rest = found.key().strip_prefix(self.folder.as_str())?;
        Some(rest.find('/').map_or("", |at| &rest[..=at]))
    }

    fn level(&mut self, mut level: Listed) -> Arrived<Self> {
        let page = std::mem::take(&mut self.held);
        level.found.sort_by(|left, right| left.key().cmp(right.key()));
        level.folders.sort_unstable();
        level.folders.dedup();
        self.step = Step::Flat;
        if !self.is_whole(&level, &page) {
            return self.bring(page, false);
        }
        if let ([only], []) = (level.folders.as_slice(), level.found.as_slice()) {
            // Both have the same keys: the flat page is still the first one.
            self.folder.clone_from(only);
            self.levels -= 1;
            return self.weigh(page);
        }
        let price = level.folders.len();
        let pay = |credit: usize| credit.checked_sub(price);
        if self.credit.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).is_err() {
            return self.bring(page, false);
        }
        self.open(level)
    }

    /// Whether a level is all there is. Some servers show less with a delimiter than without one: it is not believed if
    /// it lacks what the flat page has.
    fn is_whole(&self, level: &Listed, page: &[Found]) -> bool {
        let is_below = |folder: &String| folder.len() > self.folder.len() && folder.starts_with(&self.folder);
        let shows = |found: &Found| match self.child(found) {
            None => false,
            Some("") => level.found.binary_search_by(|other| other.key().cmp(found.key())).is_ok(),
            Some(child) => {
                let folder = &found.key()[..self.folder.len() + child.len()];
                level.folders.binary_search_by(|other| other.as_str().cmp(folder)).is_ok()
            }
        };
        level.next.is_none() && level.folders.iter().all(is_below) && page.iter().all(shows)
    }

    /// Its folders become branches of their own, each with the objects behind it.
    fn open(&mut self, level: Listed) -> Arrived<Self> {
        let branch = |folder: &String| {
            let request = ListRequest { prefix: folder.clone(), token: None, ..self.request.clone() };
            Self::below(request, self.levels - 1, Arc::clone(&self.credit))
        };
        let mut branches: Vec<Self> = level.folders.iter().map(branch).collect();
        let mut before = Vec::new();
        for object in level.found {
            let folders = level.folders.partition_point(|folder| folder.as_str() < object.key());
            match folders.checked_sub(1) {
                Some(last) => branches[last].behind.push(object),
                None => before.push(object),
            }
        }
        match branches.last_mut() {
            Some(last) => last.behind.append(&mut self.behind),
            None => before.append(&mut self.behind),
        }
        Arrived { found: before, over: true, behind: branches }
    }

    fn bring(&mut self, mut found: Vec<Found>, over: bool) -> Arrived<Self> {
        if over {
            found.append(&mut self.behind);
        }
        Arrived { found, over, behind: Vec::new() }
    }
}

impl Piece for Branch {
    const WAITING: usize = 20_000;

    fn ask(&self) -> ListRequest {
        if self.step == Step::Level {
            ListRequest {
                prefix: self.folder.clone(),
                recursive: false,
                own_marker: true,
                token: None,
                ..self.request.clone()
            }
        } else {
            self.request.clone()
        }
    }

    fn arrived(&mut self, listed: Listed) -> Arrived<Self> {
        if self.step == Step::Level {
            return self.level(listed);
        }
        let first = std::mem::replace(&mut self.step, Step::Flat) == Step::First;
        self.request.token = listed.next;
        if self.request.token.is_none() {
            return self.bring(listed.found, true);
        }
        self.credit.fetch_add(FOLDERS_A_PAGE, Ordering::Relaxed);
        if first { self.weigh(listed.found) } else { self.bring(listed.found, false) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::pieces::READERS;
    use super::super::pieces::tests::{Fake, run};
    use super::*;

    type Keys = BTreeSet<String>;

    /// How many requests a tree takes in pages of 1,000; all of it has to come, and in order.
    async fn requests(keys: Keys) -> (usize, usize) {
        let fake = Arc::new(Fake::new(keys, 1000));
        let seen: Vec<String> = run(&fake, "", Branch::new).await.into_iter().map(Result::unwrap).collect();
        assert!(seen.iter().eq(&fake.keys), "{} of {}", seen.len(), fake.keys.len());
        (fake.asked.load(Ordering::Relaxed), fake.most_at_once.load(Ordering::Relaxed))
    }

    fn tree(folders: usize, each: usize) -> Keys {
        (0..folders).flat_map(|folder| (0..each).map(move |n| format!("top/f{folder:05}/{n:06}"))).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]
        #[test]
        fn every_key_comes_once_and_in_order(
            keys in proptest::collection::btree_set("([ab]/){0,5}[ab/.é日 -]{0,3}", 1..300),
            page in 1usize..40,
            prefix in "(a|a/|/|é)?",
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let fake = Arc::new(Fake::new(keys, page));
            let seen = runtime.block_on(run(&fake, &prefix, Branch::new));
            let seen: Vec<String> = seen.into_iter().map(Result::unwrap).collect();
            let all = fake.keys.iter().filter(|key| key.starts_with(&prefix));
            prop_assert_eq!(seen, all.cloned().collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn large_folders_are_read_at_once() {
        let (asked, at_once) = requests(tree(40, 3_000)).await;
        // 120 pages; 3 more to find the folders, one each to see that they are flat.
        assert!(asked <= 120 + 3 + 40 && at_once == READERS, "{asked} requests, {at_once} at once");
    }

    #[tokio::test]
    async fn what_gains_nothing_costs_nothing() {
        let small = tree(8, 100);
        assert_eq!(requests(small).await.0, 1);
        let flat: Keys = (0..10_000).map(|n| format!("{n:06}")).collect();
        assert_eq!(requests(flat).await.0, 10);
        let flat_below = tree(1, 10_000);
        assert!(requests(flat_below).await.0 <= 10 + 3);
        let tiny = tree(10_000, 2);
        assert!(requests(tiny).await.0 <= 20 + 2);
        let alone: Keys = (0..10_000).map(|n| format!("{n:06}/only")).collect();
        assert_eq!(requests(alone).await.0, 10);
    }

    #[tokio::test]
    async fn small_folders_behind_a_large_one_cost_no_more_than_the_credit() {
        // Each of the large ones looks as if its folders were large, too.
        let keys = (0..200).flat_map(|top| {
            let large = (0..1_000).map(move |n| format!("{top:03}/large/{n:04}"));
            large.chain((0..200).map(move |n| format!("{top:03}/small-{n:03}/only")))
        });
        let keys: Keys = keys.collect();
        let pages = keys.len() / 1000;
        let (asked, _) = requests(keys).await;
        // Its own pages, a level and a second page for each of the 200, what the pages paid for and what they did not.
        assert!(asked <= pages + 2 * 200 + FOLDERS_A_PAGE * pages + ON_CREDIT, "{asked} requests");
    }

    #[tokio::test]
    async fn a_level_that_lacks_something_is_not_believed() {
        let page = |keys: &[&str], folders: &[&str], next: Option<&str>| {
            let keys = keys.iter().map(|key| (*key).to_owned()).collect::<Keys>();
            let mut listed = Fake::new(keys, 10).all();
            listed.folders = folders.iter().map(|folder| (*folder).to_owned()).collect();
            listed.next = next.map(str::to_owned);
            listed
        };
        for level in [
            page(&[], &["a/"], None),
            page(&["b"], &[], None),
            page(&["b"], &["a/"], Some("more")),
            page(&["b"], &["", "a/"], None),
        ] {
            let mut branch = Branch::new(ListRequest { recursive: true, ..ListRequest::default() });
            assert!(branch.arrived(page(&["a/1", "b"], &[], Some("next"))).found.is_empty());
            assert!(!branch.ask().recursive);
            let arrived = branch.arrived(level);
            assert_eq!((arrived.found.len(), arrived.over, arrived.behind.len()), (2, false, 0));
            assert_eq!(branch.ask().token.as_deref(), Some("next"));
        }
    }

    #[tokio::test]
    async fn a_failure_in_any_folder_ends_it_and_is_told_once() {
        for fail_at in [0, 1, 2, 10, 60] {
            let fake = Arc::new(Fake { fail_at: Some(fail_at), ..Fake::new(tree(20, 3_000), 1000) });
            let seen = run(&fake, "", Branch::new).await;
            let (error, before) = seen.split_last().unwrap();
            assert!(error.is_err() && before.iter().flatten().eq(fake.keys.iter().take(before.len())));
        }
    }
}
