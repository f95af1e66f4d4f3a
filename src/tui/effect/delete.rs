//! Deleting what was chosen, and what only the target of a sync has: how far it is, and what failed.

use std::sync::atomic::AtomicU64;

use tokio::sync::mpsc::UnboundedSender;

use super::super::message::{Deletions, Event};
use super::REPORT_EACH;
use super::task::{self, Failed};
use crate::error::Error;
use crate::location::Remote;
use crate::s3::Connections;
use crate::sync;
use crate::walk::{self, Target};

pub(super) async fn chosen(
    connections: Connections,
    targets: Vec<Target>,
    events: UnboundedSender<Event>,
) -> Failed {
    let deleted = AtomicU64::new(0);
    let marked = |at: &Remote, markers| {
        // Nobody listens any more: the browser ends.
        let _ = events.send(Event::Marked(at.clone(), markers));
    };
    let work = walk::delete(&connections, &targets, &deleted, &marked);
    task::reporting(work, &deleted, &events).await
}

pub(super) async fn extra(
    connections: &Connections,
    deletions: Deletions,
    events: &UnboundedSender<Event>,
) -> Failed {
    let (mut deleted, mut failed) = (0, Vec::new());
    let each = |step: &sync::Step, error: Option<Error>| {
        deleted += u64::from(error.is_none());
        failed.extend(error.map(|error| (step.to.clone(), error)));
        if deleted % REPORT_EACH == 0 {
            let _ = events.send(Event::Deleting(deleted));
        }
    };
    sync::delete(connections, &deletions.target, &deletions.steps, each).await;
    let _ = events.send(Event::Deleting(deleted));
    failed
}
