//! Two listings, batch by batch, become pairs of files and files that stand alone. Pure.
//!
//! While both come in byte order of their paths, only what has no counterpart is kept. At the first file out of order
//! (some servers list folder by folder) the rest of both is collected and sorted: pairs that were found by then are
//! right in any order, and what stood alone gets a second chance.

use std::cmp::Ordering;
use std::collections::VecDeque;

use super::types::File;

/// Of the source (first) or of the target (second).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    First,
    Second,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<File>,
    /// The last path that was added.
    last: Option<String>,
    alone: Vec<File>,
    over: bool,
}

/// A merge under way.
#[derive(Debug)]
pub(super) struct Merge {
    lanes: [Lane; 2],
    ordered: bool,
}

impl Merge {
    pub(super) fn new() -> Self {
        Self { lanes: [Lane::default(), Lane::default()], ordered: true }
    }

    /// Whether it cannot go on without more of a side.
    pub(super) fn wants(&self, side: Side) -> bool {
        let lane = &self.lanes[side as usize];
        !lane.over && (!self.ordered || lane.waiting.is_empty())
    }

    /// The next files of a side.
    pub(super) fn add(&mut self, side: Side, files: Vec<File>) {
        let lane = &mut self.lanes[side as usize];
        let mut before = lane.last.as_deref();
        for file in &files {
            self.ordered &= before.is_none_or(|before| before < file.relative.as_str());
            before = Some(&file.relative);
        }
        lane.last = before.map(str::to_owned);
        lane.waiting.extend(files);
    }

    /// A side has no more.
    pub(super) fn end(&mut self, side: Side) {
        self.lanes[side as usize].over = true;
    }

    /// The pairs that are certain by now; all of them once both sides have ended.
    pub(super) fn pairs(&mut self) -> Vec<(File, File)> {
        let mut pairs = Vec::new();
        if !self.ordered {
            if !self.lanes.iter().all(|lane| lane.over) {
                return pairs;
            }
            self.lanes.iter_mut().for_each(Lane::sort);
            self.ordered = true;
        }
        let [first, second] = &mut self.lanes;
        loop {
            let order = match (first.waiting.front(), second.waiting.front()) {
                (Some(left), Some(right)) => left.relative.cmp(&right.relative),
                (Some(_), None) if second.over => Ordering::Less,
                (None, Some(_)) if first.over => Ordering::Greater,
                _ => return pairs,
            };
            match order {
                Ordering::Less => first.alone.extend(first.waiting.pop_front()),
                Ordering::Greater => second.alone.extend(second.waiting.pop_front()),
                Ordering::Equal => pairs.extend(first.waiting.pop_front().zip(second.waiting.pop_front())),
            }
        }
    }

    /// What only the first and only the second side has. After the last pairs.
    pub(super) fn alone(self) -> (Vec<File>, Vec<File>) {
        let [first, second] = self.lanes;
        (first.alone, second.alone)
    }
}

impl Lane {
    /// Puts everything that has no counterpart yet in order, each path once.
    fn sort(&mut self) {
        let mut all = std::mem::take(&mut self.alone);
        all.extend(std::mem::take(&mut self.waiting));
        all.sort_by(|left, right| left.relative.cmp(&right.relative));
        all.dedup_by(|left, right| left.relative == right.relative);
        self.waiting = all.into();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn file(relative: &str) -> File {
        File { relative: relative.to_owned(), size: 0, modified: None, etag: None }
    }

    type Paths = Vec<String>;

    /// Feeds both sides in batches, each as soon as it is wanted.
    fn merged(first: &[String], second: &[String], batch: usize) -> (Paths, Paths, Paths) {
        let mut merge = Merge::new();
        let mut batches = [first.chunks(batch), second.chunks(batch)];
        let mut pairs = Vec::new();
        loop {
            let wanted = [Side::First, Side::Second].into_iter().find(|side| merge.wants(*side));
            let Some(side) = wanted else { break };
            match batches[side as usize].next() {
                Some(paths) => merge.add(side, paths.iter().map(|path| file(path)).collect()),
                None => merge.end(side),
            }
            pairs.extend(merge.pairs());
        }
        assert!(pairs.iter().all(|(left, right)| left.relative == right.relative));
        let (left, right) = merge.alone();
        let paths = |files: Vec<File>| {
            let mut paths: Paths = files.into_iter().map(|file| file.relative).collect();
            paths.sort();
            paths
        };
        (paths(pairs.into_iter().map(|(left, _)| left).collect()), paths(left), paths(right))
    }

    fn in_order(set: &BTreeSet<String>) -> Paths {
        set.iter().cloned().collect()
    }

    proptest! {
        #[test]
        fn it_finds_what_a_comparison_of_sets_finds(
            first in prop::collection::btree_set("[ab/.-]{0,4}", 0..30),
            second in prop::collection::btree_set("[ab/.-]{0,4}", 0..30),
            batch in 1usize..7,
        ) {
            let (both, left, right) = merged(&in_order(&first), &in_order(&second), batch);
            prop_assert_eq!(both, first.intersection(&second).cloned().collect::<Paths>());
            prop_assert_eq!(left, first.difference(&second).cloned().collect::<Paths>());
            prop_assert_eq!(right, second.difference(&first).cloned().collect::<Paths>());
        }

        #[test]
        fn the_order_of_the_listings_does_not_matter(
            first in prop::collection::btree_set("[ab/-]{0,4}", 0..30)
                .prop_flat_map(|set| (Just(set.clone()), Just(in_order(&set)).prop_shuffle())),
            second in prop::collection::btree_set("[ab/-]{0,4}", 0..30)
                .prop_flat_map(|set| (Just(set.clone()), Just(in_order(&set)).prop_shuffle())),
            batch in 1usize..7,
        ) {
            let ordered = merged(&in_order(&first.0), &in_order(&second.0), batch);
            prop_assert_eq!(merged(&first.1, &second.1, batch), ordered);
        }
    }

    #[test]
    fn nothing_is_kept_of_pairs_and_only_one_batch_is_read_ahead() {
        let mut merge = Merge::new();
        merge.add(Side::First, vec![file("a"), file("b"), file("c")]);
        assert!(!merge.wants(Side::First) && merge.wants(Side::Second));
        merge.add(Side::Second, vec![file("a"), file("b")]);
        assert_eq!(merge.pairs().len(), 2);
        assert!(!merge.wants(Side::First), "c still waits for its counterpart");
        assert!(merge.wants(Side::Second));
    }

    #[test]
    fn a_listing_folder_by_folder_is_sorted_too() {
        let folder_by_folder = ["b/1", "b/2", "b-1", "b.1"].map(str::to_owned);
        let by_key = ["b-1", "b.1", "b/1", "b/2"].map(str::to_owned);
        let (both, left, right) = merged(&by_key, &folder_by_folder, 1);
        assert_eq!((both.len(), left.len(), right.len()), (4, 0, 0));
    }
}
