//! The only door out: an effect becomes a task, its result an event. Nothing here waits on the thread that draws.

mod ahead;
mod copies;
mod create;
mod delete;
mod editing;
mod files;
mod given;
mod links;
mod locate;
mod places;
mod proposal;
mod search;
mod setup;
mod stat;
mod task;
mod transfers;
mod uploads;
mod versions;
mod view;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{AbortHandle, JoinSet, spawn_blocking};

use super::message::{Effect, Event};
use crate::clipboard::{Clipboard, Surroundings, Write};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::location::Remote;
use crate::s3::Connections;
use crate::transfer::{Engine, Settings, Snapshot};
use crate::{sync, walk};
use ahead::Ahead;

/// Between two reports of a deletion.
const REPORT: Duration = Duration::from_millis(200);

/// Deletions of a sync between two reports: objects go by the thousand.
const REPORT_EACH: u64 = 1000;

/// Everything outside that the browser works with.
pub(super) struct Effects {
    runtime: Handle,
    connections: Connections,
    engine: Engine,
    clipboard: Clipboard,
    events: UnboundedSender<Event>,
    listing: [Option<AbortHandle>; 2],
    /// What is read of a place beyond the page that was asked for.
    ahead: [Ahead; 2],
    /// The newest arrangement of each pane: older ones give up.
    arranging: [Arc<AtomicU64>; 2],
    /// The newest comparison of the panes: older ones give up.
    comparing: Arc<AtomicU64>,
    deletion: Option<AbortHandle>,
    /// What finds and measures unfinished uploads; dropping it ends that.
    uploads: JoinSet<()>,
    /// What finds versions; dropping it ends that.
    versions: JoinSet<()>,
    /// What counts a copy or a move that has not started.
    counting: Option<AbortHandle>,
    comparison: Option<AbortHandle>,
    measuring: Option<AbortHandle>,
    /// What looks at a copy that an editor may still have open.
    watching: Option<AbortHandle>,
    setup: Option<AbortHandle>,
}

impl Effects {
    /// Contacts nobody yet. `write` puts raw bytes on the terminal.
    pub(super) fn new(
        config: &Arc<Config>,
        runtime: &Handle,
        write: Write,
        events: UnboundedSender<Event>,
    ) -> Self {
        let _inside = runtime.enter();
        let connections = Connections::new(Arc::clone(config));
        let settings = Settings {
            defaults: config.transfer.clone(),
            journal: Some(config.paths.transfers()),
            wait_for_space: true,
            ..Settings::default()
        };
        let (engine, mut said) = Engine::new(connections.clone(), settings);
        let heard = events.clone();
        runtime.spawn(async move {
            while let Some(event) = said.recv().await {
                if heard.send(Event::Transfer(event)).is_err() {
                    return;
                }
            }
        });
        Self {
            runtime: runtime.clone(),
            connections,
            engine,
            clipboard: Clipboard::new(Surroundings::from_env(&config.ui), write),
            events,
            listing: [None, None],
            ahead: [Ahead::default(), Ahead::default()],
            arranging: [Arc::default(), Arc::default()],
            comparing: Arc::default(),
            deletion: None,
            uploads: JoinSet::new(),
            versions: JoinSet::new(),
            counting: None,
            comparison: None,
            measuring: None,
            watching: None,
            setup: None,
        }
    }

    /// Starts what `effect` says; returns what is known at once. Effects on the terminal itself are the loop's.
    pub(super) fn run(&mut self, effect: Effect) -> Vec<Event> {
        match effect {
            Effect::ListPage { pane, generation, location, token, all } => {
                abort(&mut self.listing[pane as usize]);
                let (connections, ahead) = (self.connections.clone(), self.ahead[pane as usize].clone());
                let task = self.spawn(async move {
                    let page = ahead.page(&connections, location, token, all).await;
                    Event::Page { pane, generation, page }
                });
                self.listing[pane as usize] = Some(task);
            }
            Effect::Arrange { pane, generation, work } => self.arrange(pane, generation, *work),
            Effect::Renew { pane, generation, work } => self.renew(pane, generation, *work),
            Effect::Compare { number, work } => self.compare(number, *work),
            Effect::CancelCompare => self.comparing.store(0, Ordering::Relaxed),
            Effect::LayOut(work) => self.lay_out(work),
            Effect::CancelListing(pane) => self.cancel_listing(pane as usize),
            Effect::Sign(_)
            | Effect::Places(_)
            | Effect::Fetch(_)
            | Effect::Unpack(..)
            | Effect::TestLinks(_)
            | Effect::Stat(..)
            | Effect::Given(_)
            | Effect::CopyAddresses(_)
            | Effect::Complete(..)
            | Effect::Locate { .. }
            | Effect::WriteFile { .. }
            | Effect::ReadAttributes(_)
            | Effect::SetVersioning(..) => self.ask(effect),
            Effect::Edit(effect) => self.edit(effect),
            Effect::CopyText(text) => {
                let clipboard = self.clipboard.clone();
                self.spawn(async move { Event::Copied(clipboard.copy(&text).await) });
            }
            Effect::Delete(targets) => {
                let (connections, events) = (self.connections.clone(), self.events.clone());
                self.deletion = Some(self.spawn(async move {
                    Event::Deleted(Box::pin(delete::chosen(connections, targets, events)).await)
                }));
            }
            Effect::DeleteExtra(deletions) => {
                let (connections, events) = (self.connections.clone(), self.events.clone());
                self.deletion = Some(self.spawn(async move {
                    Event::Deleted(delete::extra(&connections, *deletions, &events).await)
                }));
            }
            Effect::CancelDelete => abort(&mut self.deletion),
            Effect::Count(_)
            | Effect::PlanSync { .. }
            | Effect::CancelSync
            | Effect::Measure(..)
            | Effect::CancelMeasure
            | Effect::Find { .. } => self.survey(effect),
            Effect::Create { at, name } => {
                let connections = self.connections.clone();
                self.spawn(async move { create::create(&connections, at, name).await });
            }
            Effect::Rename { at, names, undoable } => {
                self.spawn(async move {
                    let (done, failed) = create::rename(&at, names).await;
                    Event::Renamed { at, done, failed, undoable }
                });
            }
            Effect::Propose(number, effect) => self.propose(number, effect),
            Effect::Relocate(at, items) => self.relocate(at, items),
            Effect::Task(task) => self.start(*task),
            Effect::Versions { search, effect } => self.versions(search, effect),
            Effect::Uploads { search, effect } => self.uploads(search, effect),
            Effect::Setup(effect) => self.set_up(effect),
            Effect::Demo
            | Effect::PrintPlain(_)
            | Effect::Editor(_)
            | Effect::Redraw
            | Effect::Suspend
            | Effect::Quit => {}
            order => return self.order(order),
        }
        Vec::new()
    }

    /// Trees that are counted, compared, searched or measured.
    fn survey(&mut self, effect: Effect) {
        match effect {
            Effect::Count(targets) => {
                let connections = self.connections.clone();
                self.deletion = Some(self.spawn(async move {
                    let total = walk::count(&connections, &targets).await;
                    Event::Counted { targets, total }
                }));
            }
            Effect::PlanSync { source, target } => {
                let connections = self.connections.clone();
                self.comparison = Some(self.spawn(async move {
                    // What is only in the target is shown; whether it goes is the user's word.
                    let options = sync::Options { delete: true, ..sync::Options::default() };
                    let plan = sync::plan(&connections, &source, &target, &options).await.map(Box::new);
                    Event::SyncPlanned { places: (source, target), plan }
                }));
            }
            Effect::CancelSync => abort(&mut self.comparison),
            Effect::Find { pane, generation, location, search, again } => {
                self.cancel_listing(pane as usize);
                let tell = self.teller(move |finding| Event::Found { pane, generation, finding });
                let work = search::find(self.connections.clone(), location, search, again, tell);
                self.listing[pane as usize] = Some(self.runtime.spawn(work).abort_handle());
            }
            Effect::Measure(number, place) => {
                abort(&mut self.measuring);
                let tell = self.teller(move |now| Event::Measured(number, now));
                let work = search::measure(self.connections.clone(), place, tell);
                self.measuring = Some(self.runtime.spawn(work).abort_handle());
            }
            Effect::CancelMeasure => abort(&mut self.measuring),
            _ => {}
        }
    }

    /// Questions about single objects.
    fn ask(&self, effect: Effect) {
        let connections = self.connections.clone();
        match effect {
            Effect::Sign(requests) => {
                self.spawn(async move { Event::Signed(links::sign(&connections, requests).await) });
            }
            Effect::Places(change) => {
                let paths = connections.config().paths.clone();
                self.spawn(
                    async move { Event::Places(blocking(move || places::change(&paths, &change)).await) },
                );
            }
            Effect::CopyAddresses(objects) => {
                let clipboard = self.clipboard.clone();
                self.spawn(async move {
                    match files::addresses(&connections, objects).await {
                        Ok(text) => Event::Copied(clipboard.copy(&text).await),
                        Err(error) => Event::Said(Err(error)),
                    }
                });
            }
            Effect::Complete(typed, place) => {
                self.spawn(async move {
                    let found = files::complete(&connections, &typed, place).await;
                    Event::Completed(typed, found)
                });
            }
            Effect::Locate { pane, asked, readings } => {
                self.spawn(async move {
                    let found = locate::locate(&connections, readings).await;
                    Event::Located { pane, asked, found }
                });
            }
            Effect::WriteFile { file, text, rows } => {
                self.spawn(async move {
                    let file = blocking(move || files::write(&file, &text)).await;
                    Event::Written(file.map(|file| (file, rows)))
                });
            }
            Effect::Given(effect) => {
                self.spawn(async move { Event::Given(given::run(&connections, effect).await) });
            }
            Effect::Fetch(wanted) => {
                self.spawn(async move {
                    let chunk = view::fetch(&connections, &wanted).await;
                    Event::Fetched(wanted, chunk)
                });
            }
            Effect::Unpack(wanted, unpacking) => {
                self.spawn(async move { view::unpack(&connections, wanted, &unpacking).await });
            }
            Effect::TestLinks(links) => {
                self.spawn(async move { Event::Tested(links::try_out(&connections, &links).await) });
            }
            Effect::Stat(location, kind) => {
                self.spawn(async move {
                    let found = stat::stat(&connections, &location, kind).await.map(Box::new);
                    Event::Info { location, found }
                });
            }
            Effect::ReadAttributes(object) => {
                self.spawn(async move {
                    let found = stat::attributes(&connections, &object).await.map(Box::new);
                    Event::AttributesRead(object, found)
                });
            }
            Effect::SetVersioning(bucket, on) => {
                self.spawn(async move {
                    let result = set_versioning(&connections, &bucket, on).await;
                    Event::VersioningSet { bucket, on, result }
                });
            }
            _ => {}
        }
    }

    /// What the engine is doing.
    pub(super) fn snapshot(&self) -> Snapshot {
        self.engine.snapshot()
    }

    /// Stops all transfers, which can be gone on with later, and waits for what is being written, but not for ever.
    pub(super) async fn shut_down(&self, patience: Duration) {
        if tokio::time::timeout(patience, self.engine.stop()).await.is_err() {
            tracing::warn!("transfers were still writing at exit");
        }
    }

    /// Leaves the clipboard to somebody who outlives this process.
    pub(super) fn keep_clipboard(&self) {
        self.clipboard.keep_after_exit();
    }

    /// What tells of something more than once.
    fn teller<T, F: Fn(T) -> Event>(&self, event: F) -> impl Fn(T) + use<T, F> {
        let events = self.events.clone();
        move |what| {
            // Nobody listens any more: the browser ends.
            let _ = events.send(event(what));
        }
    }

    fn cancel_listing(&mut self, pane: usize) {
        abort(&mut self.listing[pane]);
        self.ahead[pane].stop();
    }

    fn spawn(&self, task: impl Future<Output = Event> + Send + 'static) -> AbortHandle {
        let events = self.events.clone();
        let task = self.runtime.spawn(async move {
            // Nobody listens any more: the browser ends.
            let _ = events.send(task.await);
        });
        task.abort_handle()
    }
}

fn abort(task: &mut Option<AbortHandle>) {
    if let Some(task) = task.take() {
        task.abort();
    }
}

/// Runs file-system work where it may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Error::new(Kind::Internal, format!("a task failed: {error}"))),
    }
}

async fn set_versioning(connections: &Connections, bucket: &Remote, on: bool) -> Result<()> {
    connections.store(&bucket.profile).await?.set_versioning(&bucket.bucket, on).await
}

#[cfg(test)]
mod tests;
