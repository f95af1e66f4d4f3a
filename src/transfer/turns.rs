//! Of those who write the same target at the same time one goes first, and the others see what it has made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::location::Location;

type Key = Arc<tokio::sync::Mutex<()>>;

/// Who is at which target.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<HashMap<Location, Key>>);

/// The right to write a target, until it is dropped; or the wait for it.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
    place: Location,
    key: Key,
    held: Option<OwnedMutexGuard<()>>,
}

impl Turns {
    /// Waits until nobody else writes `place`.
    pub(super) async fn take(&self, place: &Location) -> Turn<'_> {
        let key = Arc::clone(self.lock().entry(place.clone()).or_default());
        let mut turn = Turn { turns: self, place: place.clone(), key: Arc::clone(&key), held: None };
        turn.held = Some(key.lock_owned().await);
        turn
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Location, Key>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut all = self.turns.lock();
        self.held = None;
        // Those that wait have a key each, and so has the table.
        if Arc::strong_count(&self.key) <= 2 {
            all.remove(&self.place);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn one_goes_after_the_other_and_nothing_is_left() {
        let turns = Turns::default();
        let place = Location::Local("/a".into());
        let first = turns.take(&place).await;
        turns.take(&Location::Local("/b".into())).await;
        assert!(turns.take(&place).now_or_never().is_none(), "one that gives up keeps nobody waiting");
        let mut second = Box::pin(turns.take(&place));
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        drop(second.await);
        assert!(turns.lock().is_empty());
    }
}
