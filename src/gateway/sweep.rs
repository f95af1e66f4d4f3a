//! What is over is forgotten, every few minutes.

use std::sync::Arc;
use std::time::Duration;

use super::app::{Shared, now};
use super::intake;
use crate::error::Result;

/// Between two sweeps.
const EVERY: Duration = Duration::from_mins(10);
/// A file of a drop link that nobody has sent anything of for so long does not come any more, in seconds.
const STALE: i64 = 2 * 24 * 3600;

/// Sweeps until it is dropped; a sweep that fails is made up for by the next one.
pub(super) async fn run(app: Shared) {
    let mut every = tokio::time::interval(EVERY);
    loop {
        every.tick().await;
        if let Err(error) = once(&app).await {
            tracing::error!(%error, "what is over could not be forgotten");
        }
    }
}

pub(super) async fn once(app: &Shared) -> Result<()> {
    app.limits.sweep();
    app.forget_visits();
    intake::sweep(app, now() - STALE).await?;
    let keep = i64::try_from(app.serve.keep_events.as_secs()).unwrap_or(i64::MAX >> 1);
    Arc::clone(app).store.sweep(now(), now() - keep).await
}
