//! Unfinished uploads: found, measured and aborted in tasks of their own.

use futures_util::StreamExt as _;
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::super::message::{Event, UploadsEffect, UploadsEvent};
use super::{Effects, blocking};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::s3::{Connections, Upload};
use crate::transfer::Engine;
use crate::walk::uploads::{self, Held};

/// Aborted uploads that are told of at once.
const TOLD: usize = 100;

impl Effects {
    /// Does what `effect` says; everything it tells carries `search`.
    pub(super) fn uploads(&mut self, search: u64, effect: UploadsEffect) {
        let (connections, events) = (self.connections.clone(), self.events.clone());
        let tell = move |event| {
            // Nobody listens any more: the browser ends.
            let _ = events.send(Event::Uploads { search, event });
        };
        match effect {
            UploadsEffect::Forget => self.uploads = JoinSet::new(),
            UploadsEffect::Find(place) => {
                self.uploads = JoinSet::new();
                let engine = self.engine.clone();
                self.uploads.spawn_on(find(connections, engine, place, tell), &self.runtime);
            }
            UploadsEffect::Measure { profile, number, upload } => {
                // A set keeps what has ended until it is asked for.
                while self.uploads.try_join_next().is_some() {}
                let measure = async move {
                    tell(UploadsEvent::Held(number, held(&connections, &profile, &upload).await));
                };
                self.uploads.spawn_on(measure, &self.runtime);
            }
            UploadsEffect::Abort { profile, uploads } => {
                self.runtime.spawn(abort(connections, profile, uploads, tell));
            }
        }
    }
}

async fn find(connections: Connections, engine: Engine, place: Location, tell: impl Fn(UploadsEvent)) {
    let here = blocking(move || Ok(engine.begun_here())).await;
    tell(UploadsEvent::Begun(here.unwrap_or_default()));
    let mut batches = uploads::below(connections, place);
    while let Some(batch) = batches.recv().await {
        tell(UploadsEvent::Found(batch, Timestamp::now()));
    }
    tell(UploadsEvent::End);
}

async fn held(connections: &Connections, profile: &str, upload: &Upload) -> Result<Held> {
    uploads::held(&connections.store(profile).await?, upload).await
}

async fn abort(
    connections: Connections,
    profile: String,
    uploads: Vec<(usize, Upload)>,
    tell: impl Fn(UploadsEvent),
) {
    let store = match connections.store(&profile).await {
        Ok(store) => store,
        Err(error) => return tell(UploadsEvent::Aborted { gone: 0, failed: vec![error; uploads.len()] }),
    };
    let (mut gone, mut failed) = (0, Vec::<Error>::new());
    let mut tried = std::pin::pin!(uploads::abort(store, uploads).ready_chunks(TOLD));
    while let Some(some) = tried.next().await {
        let mut numbers = Vec::with_capacity(some.len());
        for (number, done) in some {
            match done {
                Ok(()) => numbers.push(number),
                Err(error) => failed.push(error),
            }
        }
        gone += numbers.len();
        tell(UploadsEvent::Gone(numbers));
    }
    tell(UploadsEvent::Aborted { gone, failed });
}
