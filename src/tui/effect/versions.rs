//! Versions are found in a task of their own, up to as many as somebody may look at.

use tokio::task::JoinSet;

use super::super::message::{Event, VersionsEffect, VersionsEvent};
use super::Effects;
use crate::error::Result;
use crate::s3::Connections;
use crate::walk::versions::{self, Scope};

/// Versions that are shown of a place, at most.
const MOST: usize = 20_000;

impl Effects {
    /// Does what `effect` says; everything it tells carries `search`.
    pub(super) fn versions(&mut self, search: u64, effect: VersionsEffect) {
        // What was being found is of no interest any more.
        self.versions = JoinSet::new();
        let VersionsEffect::Find(scope) = effect else { return };
        let (connections, events) = (self.connections.clone(), self.events.clone());
        let tell = move |event| {
            // Nobody listens any more: the browser ends.
            let _ = events.send(Event::Versions { search, event });
        };
        let find = async move {
            let found = find(&connections, scope, &tell).await;
            let (more, failed) = match found {
                Ok(more) => (more, None),
                Err(error) => (true, Some(error)),
            };
            tell(VersionsEvent::End { more, failed });
        };
        self.versions.spawn_on(find, &self.runtime);
    }
}

/// Whether there are more than were told of.
async fn find(connections: &Connections, scope: Scope, tell: &impl Fn(VersionsEvent)) -> Result<bool> {
    let store = connections.store(&scope.root.profile).await?;
    let mut batches = versions::all(store, scope);
    let mut count = 0;
    while let Some(batch) = batches.recv().await {
        let found = batch?;
        count += found.len();
        tell(VersionsEvent::Found(found));
        if count >= MOST {
            return Ok(batches.recv().await.is_some());
        }
    }
    Ok(false)
}
