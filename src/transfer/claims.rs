//! Who writes which target of one request: of several sources none may take another's place before that is moved, nor
//! be replaced by the next one of the same name.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use super::journal::absolute;
use super::types::{OnConflict, Request, Verb};
use crate::error::{Error, Kind, Result};
use crate::location::Location;

/// The targets of a move of several sources that replaces what it finds. Others lose nothing, or ask.
#[derive(Debug)]
pub(super) struct Claims(Option<Taken>);

#[derive(Debug)]
struct Taken {
    /// What is to be moved, by name.
    sources: HashSet<Location>,
    /// Hashes of the targets that were written, and of the source of each.
    written: Mutex<HashMap<u64, u64>>,
    hasher: RandomState,
}

impl Claims {
    pub(super) fn new(request: &Request) -> Self {
        let replaces = request.verb == Verb::Move && request.on_conflict == OnConflict::Overwrite;
        let counts = replaces && request.items.len() > 1 && request.trees.is_none();
        Self(counts.then(|| Taken {
            sources: request.items.iter().map(|item| absolute(&item.from)).collect(),
            written: Mutex::default(),
            hasher: RandomState::new(),
        }))
    }

    /// Takes a target for a source.
    ///
    /// # Errors
    /// `Kind::Overlap` if it is another's.
    pub(super) fn take(&self, from: &Location, to: &Location) -> Result<()> {
        let Some(taken) = &self.0 else { return Ok(()) };
        let (source, target) = (absolute(from), absolute(to));
        if source != target && taken.sources.contains(&target) {
            let text = format!("{from} does not replace {to}, which is to be moved as well");
            return Err(Error::new(Kind::Overlap, text).with_hint("move one after the other"));
        }
        let (source, target) = (taken.hasher.hash_one(source), taken.hasher.hash_one(target));
        let mut written = taken.written.lock().unwrap_or_else(PoisonError::into_inner);
        if *written.entry(target).or_insert(source) == source {
            return Ok(());
        }
        let text = format!("{from} does not replace {to}, which has just been moved there");
        Err(Error::new(Kind::Overlap, text).with_hint("--on-conflict rename keeps both"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transfer::Item;

    fn claims(pairs: &[(&str, &str)], on_conflict: OnConflict) -> Claims {
        let item = |(from, to): &(&str, &str)| Item {
            from: Location::Local(from.into()),
            to: Location::Local(to.into()),
            tree: false,
            known: None,
        };
        let items = pairs.iter().map(item).collect();
        Claims::new(&Request { verb: Verb::Move, items, on_conflict, ..Request::default() })
    }

    #[test]
    fn one_source_does_not_take_the_place_of_another() {
        let take = |claims: &Claims, from: &str, to: &str| {
            claims
                .take(&Location::Local(from.into()), &Location::Local(to.into()))
                .map_err(|error| error.kind())
        };
        let pairs = [("/a/f", "/b/f"), ("/b/f", "/b/f"), ("/c/f", "/d/f"), ("/e/f", "/d/f")];
        let moves = claims(&pairs, OnConflict::Overwrite);
        assert_eq!(take(&moves, "/a/f", "/b/f"), Err(Kind::Overlap), "b/f would be lost");
        assert_eq!(take(&moves, "/c/f", "/d/f"), Ok(()));
        assert_eq!(take(&moves, "/c/f", "/d/f"), Ok(()), "another try");
        assert_eq!(take(&moves, "/e/f", "/d/f"), Err(Kind::Overlap), "c/f would be lost");
        assert_eq!(take(&claims(&pairs, OnConflict::Rename), "/a/f", "/b/f"), Ok(()));
        assert_eq!(take(&claims(&pairs[..1], OnConflict::Overwrite), "/a/f", "/b/f"), Ok(()));
    }
}
