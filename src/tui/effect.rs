//! The only door out: an effect becomes a task, its result an event. Nothing here waits on the thread that draws.

mod ahead;
mod create;
mod editing;
mod files;
mod given;
mod links;
mod places;
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
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::{AbortHandle, JoinSet, spawn_blocking};

use super::message::{Deletions, Effect, Event};
use crate::clipboard::{Clipboard, Surroundings, Write};
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::Connections;
use crate::sync;
use crate::transfer::{Engine, Settings, Snapshot};
use crate::walk::{self, Target};
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
    deletion: Option<AbortHandle>,
    /// What finds and measures unfinished uploads; dropping it ends that.
    uploads: JoinSet<()>,
    /// What finds versions; dropping it ends that.
    versions: JoinSet<()>,
    comparison: Option<AbortHandle>,
    measuring: Option<AbortHandle>,
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
            deletion: None,
            uploads: JoinSet::new(),
            versions: JoinSet::new(),
            comparison: None,
            measuring: None,
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
            | Effect::WriteFile { .. }
            | Effect::ReadAttributes(_)
            | Effect::FetchForEditor(_)
            | Effect::SaveEdited(..)
            | Effect::SetVersioning(..) => self.ask(effect),
            Effect::CopyText(text) => {
                let clipboard = self.clipboard.clone();
                self.spawn(async move { Event::Copied(clipboard.copy(&text).await) });
            }
            Effect::Count(targets) => {
                let connections = self.connections.clone();
                self.deletion = Some(self.spawn(async move {
                    let total = walk::count(&connections, &targets).await;
                    Event::Counted { targets, total }
                }));
            }
            Effect::Delete(targets) => {
                let (connections, events) = (self.connections.clone(), self.events.clone());
                self.deletion = Some(self.spawn(async move {
                    Event::Deleted(Box::pin(delete(connections, targets, events)).await)
                }));
            }
            Effect::DeleteExtra(deletions) => {
                let (connections, events) = (self.connections.clone(), self.events.clone());
                self.deletion = Some(self.spawn(async move {
                    Event::Deleted(delete_extra(&connections, *deletions, &events).await)
                }));
            }
            Effect::CancelDelete => abort(&mut self.deletion),
            Effect::PlanSync { .. }
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

    /// Trees that are compared, searched or measured.
    fn survey(&mut self, effect: Effect) {
        match effect {
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
            Effect::FetchForEditor(object) => {
                self.spawn(async move {
                    let editing = Box::pin(editing::fetch(&connections, &object)).await.map(Box::new);
                    Event::FetchedForEditor(object, editing)
                });
            }
            Effect::SaveEdited(editing, saving) => {
                self.spawn(async move {
                    let saved = Box::pin(editing::save(&connections, &editing, &saving)).await;
                    Event::EditedSaved(editing, saved)
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

async fn delete(
    connections: Connections,
    targets: Vec<Target>,
    events: UnboundedSender<Event>,
) -> Vec<(Location, Error)> {
    let deleted = AtomicU64::new(0);
    let marked = |at: &Remote, markers| {
        // Nobody listens any more: the browser ends.
        let _ = events.send(Event::Marked(at.clone(), markers));
    };
    let work = walk::delete(&connections, &targets, &deleted, &marked);
    task::reporting(work, &deleted, &events).await
}

async fn delete_extra(
    connections: &Connections,
    deletions: Deletions,
    events: &UnboundedSender<Event>,
) -> Vec<(Location, Error)> {
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

async fn set_versioning(connections: &Connections, bucket: &Remote, on: bool) -> Result<()> {
    connections.store(&bucket.profile).await?.set_versioning(&bucket.bucket, on).await
}

#[cfg(test)]
mod tests {
    //! Flows: keys in, a real server and real files behind the door, the screen out. Everything but the terminal.

    mod scale;

    use std::path::{Path, PathBuf};

    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

    use super::super::message::PaneId;
    use super::super::state::State;
    use super::super::theme::Theme;
    use super::super::update::{settle, update};
    use super::super::view;
    use super::*;
    use crate::config::Paths;
    use crate::demo::{self, Backend, Fault, Operation, Rule, Server};

    struct Flow {
        state: State,
        effects: Effects,
        events: UnboundedReceiver<Event>,
        backend: Backend,
        folder: tempfile::TempDir,
        _server: Server,
    }

    fn at(key: &str) -> Location {
        Location::Remote(Remote { profile: "demo".into(), bucket: "box".into(), key: key.into() })
    }

    impl Flow {
        /// Left a folder with `files`, right a place with `objects` in the bucket `box`.
        async fn start(files: &[(&str, &str)], objects: &[(&str, &str)], right: Location) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let local = folder.path().join("files");
            std::fs::create_dir(&local).unwrap();
            for (name, text) in files {
                let path = local.join(name);
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(path, text).unwrap();
            }
            let backend = Backend::new();
            backend.create_bucket("box");
            for (key, text) in objects {
                backend.put("box", key, text.as_bytes().to_vec());
            }
            let server = Server::start(backend.clone(), None).await.unwrap();
            let config = Arc::new(demo::config(server.endpoint(), Paths::below(folder.path())));
            let places = [Location::Local(local), right];
            let (mut state, mut first) = State::new(Arc::clone(&config), Theme::plain(), places, (120, 30));
            settle(&mut state, &mut first);
            let (sender, events) = unbounded_channel();
            let runtime = tokio::runtime::Handle::current();
            let effects = Effects::new(&config, &runtime, Arc::new(|_: &[u8]| Ok(())), sender);
            let mut flow = Self { state, effects, events, backend, folder, _server: server };
            flow.perform(first);
            flow.until(|flow| {
                !flow.state.pane(PaneId::Left).loading && !flow.state.pane(PaneId::Right).loading
            })
            .await;
            flow
        }

        fn perform(&mut self, effects: Vec<Effect>) {
            for effect in effects {
                for event in self.effects.run(effect) {
                    self.happen(event);
                }
            }
        }

        fn happen(&mut self, event: Event) {
            let effects = update(&mut self.state, event);
            self.perform(effects);
        }

        fn keys(&mut self, text: &str) {
            for c in text.chars() {
                let code = match c {
                    '\t' => KeyCode::Tab,
                    '\r' => KeyCode::Enter,
                    '\x08' => KeyCode::Backspace,
                    '\x1b' => KeyCode::Esc,
                    c => KeyCode::Char(c),
                };
                self.happen(Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
            }
        }

        /// Lets things happen until `wanted`.
        async fn until(&mut self, wanted: impl Fn(&Self) -> bool) {
            while !wanted(self) {
                match tokio::time::timeout(Duration::from_secs(30), self.events.recv()).await {
                    Ok(Some(event)) => self.happen(event),
                    _ => panic!("nothing more happens:\n{}", self.screen()),
                }
            }
        }

        async fn until_shown(&mut self, text: &str) {
            self.until(|flow| flow.screen().contains(text)).await;
        }

        fn screen(&self) -> String {
            let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(120, 30)).unwrap();
            terminal.draw(|frame| view::draw(&self.state, frame)).unwrap();
            terminal.backend().to_string()
        }

        fn file(&self, name: &str) -> PathBuf {
            self.folder.path().join("files").join(name)
        }

        fn object(&self, key: &str) -> Option<String> {
            let object = self.backend.get("box", key)?;
            Some(String::from_utf8(object.to_vec()).unwrap())
        }
    }

    fn text(path: &Path) -> String {
        std::fs::read_to_string(path).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_folder_goes_up_and_a_prefix_comes_down() {
        let files = [("tree/one.txt", "one"), ("tree/deep/two.txt", "two")];
        let mut flow = Flow::start(&files, &[("in/three.txt", "three")], at("")).await;
        flow.keys("c");
        flow.until_shown("2 files done").await;
        assert_eq!(flow.object("tree/deep/two.txt").as_deref(), Some("two"));
        flow.until_shown("tree/  ").await;
        flow.keys("\tgc");
        flow.until_shown("1 file done").await;
        assert_eq!(text(&flow.file("in/three.txt")), "three");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_exists_is_asked_about_and_the_answer_counts() {
        let files = [("a.txt", "mine"), ("b.txt", "mine")];
        let mut flow = Flow::start(&files, &[("a.txt", "theirs"), ("b.txt", "theirs")], at("")).await;
        flow.keys("ac");
        flow.until_shown("Exists already").await;
        flow.keys("s");
        flow.until_shown("Exists already").await;
        flow.keys("o");
        flow.until_shown("1 file skipped").await;
        let both = [flow.object("a.txt").unwrap(), flow.object("b.txt").unwrap()];
        assert!(both.contains(&"mine".to_owned()) && both.contains(&"theirs".to_owned()), "{both:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_prefix_is_renamed_and_deleted_with_all_that_is_below_it() {
        let objects = [("old/a", "1"), ("old/b/c", "2"), ("older", "3")];
        let mut flow = Flow::start(&[], &objects, at("")).await;
        flow.keys("\tr\x08\x08\x08new\r");
        flow.until_shown("2 files done").await;
        flow.until(|flow| !flow.state.here().loading).await;
        assert_eq!(flow.object("new/b/c").as_deref(), Some("2"));
        assert_eq!(flow.object("old/a"), None);
        flow.keys("gd");
        flow.until_shown("2 files").await;
        flow.keys("y");
        flow.until_shown("deleted").await;
        assert_eq!((flow.object("new/a"), flow.object("older").as_deref()), (None, Some("3")));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn folders_and_buckets_are_made_where_one_is() {
        let mut flow = Flow::start(&[], &[], at("")).await;
        flow.keys("nlocal\r\tnremote\r");
        flow.until_shown("remote/").await;
        flow.until_shown("local/").await;
        assert!(flow.file("local").is_dir());
        assert_eq!(flow.object("remote/").as_deref(), Some(""));
        flow.keys("h");
        flow.until_shown("box").await;
        flow.keys("nBad_Name\r");
        flow.until_shown("no bucket can be called that").await;
        flow.keys("nfresh-bucket\r");
        flow.until_shown("fresh-bucket").await;
        flow.until(|flow| !flow.state.here().loading).await;
        flow.keys("/fresh\rd");
        flow.until_shown("the bucket fresh-bucket and everything in it").await;
        flow.keys("y");
        flow.until_shown("nothing matches the filter").await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_pane_that_fails_says_why_and_tries_again_when_told() {
        let mut flow = Flow::start(&[("here.txt", "x")], &[("there.txt", "y")], at("")).await;
        flow.backend.faults().add(Rule::once(Operation::ListObjects, Fault::Status(403, "AccessDenied")));
        flow.keys("\tR");
        flow.until_shown("tries again").await;
        assert!(flow.screen().contains("here.txt"), "the other pane goes on");
        assert!(!flow.screen().contains("there.txt"));
        flow.keys("R");
        flow.until_shown("there.txt").await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_sync_is_shown_then_done_and_deletes_at_its_end() {
        let files = [("same.txt", "same"), ("new.txt", "new")];
        let mut flow = Flow::start(&files, &[("old.txt", "old"), ("same.txt", "same")], at("")).await;
        let file = std::fs::File::options().write(true).open(flow.file("same.txt")).unwrap();
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
        flow.keys("Z");
        flow.until_shown("1 to create, 0 to update, 0 to delete, 1 unchanged").await;
        flow.keys("d");
        assert!(flow.screen().contains("1 to delete"));
        flow.keys("\r");
        flow.until(|flow| flow.backend.keys("box") == ["new.txt", "same.txt"]).await;
        flow.until(|flow| flow.state.deletion.is_none()).await;
        flow.keys("Z");
        flow.until_shown("nothing to do: 2 unchanged").await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_was_found_is_copied_under_its_way_there_but_not_through_a_link_and_deleted() {
        let objects = [("in/a/cat", "1"), ("in/b/c/cat", "22"), ("in/dog", "333"), ("in/marker/", "")];
        let mut flow = Flow::start(&[], &objects, at("in/")).await;
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), flow.file("a")).unwrap();
        let find = KeyEvent::new(KeyCode::Char('f'), KeyModifiers::CONTROL);
        flow.keys("\t");
        flow.happen(Event::Key(find));
        flow.keys("cat\r");
        flow.until_shown("2 found").await;
        flow.keys("ac");
        flow.until_shown("1 file failed").await;
        assert_eq!(text(&flow.file("b/c/cat")), "22");
        assert!(std::fs::read_dir(outside.path()).unwrap().next().is_none(), "nothing goes through a link");
        flow.keys("ad");
        flow.until_shown("2 files").await;
        flow.keys("y");
        flow.until_shown("nothing was found").await;
        assert_eq!(flow.backend.keys("box"), ["in/dog", "in/marker/"]);
        flow.keys("h");
        flow.until_shown("dog").await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn equal_objects_come_with_their_times() {
        let objects = [("z", "same"), ("b", "other"), ("in/a", "same")];
        let mut flow = Flow::start(&[], &objects, at("")).await;
        flow.keys("\t");
        flow.happen(Event::Key(KeyEvent::new(KeyCode::Char('d'), KeyModifiers::ALT)));
        flow.until_shown("1 group of equal objects, the oldest of each first, 4 B more than needed").await;
        let listing = &flow.state.here().listing;
        let timed = |entry| listing.row(entry).modified.is_some();
        assert!(listing.len() == 2 && timed(0) && timed(1), "{}", flow.screen());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_takes_room_names_the_largest_objects_and_goes_to_them() {
        let large = "x".repeat(5_000);
        let mut flow =
            Flow::start(&[], &[("in/", ""), ("in/film", &large), ("in/sub/a", "1")], at("in/")).await;
        for number in 0..60 {
            flow.backend.put("box", &format!("in/{number:02}"), "123");
        }
        flow.keys("\tW");
        flow.until_shown("63 looked at, 5.2 kB").await;
        flow.until(|flow| !flow.screen().contains("reading...")).await;
        let shown = flow.screen();
        let row = |text: &str| shown.lines().position(|line| line.contains(text));
        let film = row("  film ").unwrap();
        let others = [row("33 B").unwrap(), row("(other files here)").unwrap(), row("  00 ").unwrap()];
        assert_eq!(others, [film + 1, film + 1, film + 2], "{shown}");
        assert!(shown.contains("52 rows"), "a folder, the 50 largest, the rest: {shown}");
        flow.happen(Event::Key(KeyEvent::new(KeyCode::Right, KeyModifiers::NONE)));
        assert!(flow.screen().contains("this is no folder: Enter goes to it"), "{}", flow.screen());
        flow.keys("G");
        assert!(flow.screen().contains("sub/"), "{}", flow.screen());
        flow.keys("g\r");
        flow.until(|flow| !flow.state.here().loading).await;
        let here = flow.state.here();
        let name = here.current().map(|entry| here.name(entry).to_owned());
        assert_eq!((&here.location, name), (&at("in/"), Some("film".into())));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_large_document_is_laid_out_behind_the_door() {
        let mut flow = Flow::start(&[], &[("a", "")], at("")).await;
        let rows: Vec<String> = (0..30_000).map(|n| format!("{{\"row\":{n}}}")).collect();
        flow.backend.put("box", "rows.json", format!("[{}]", rows.join(",")));
        flow.keys("\tR");
        flow.until_shown("rows.json").await;
        flow.keys("Gv");
        flow.until_shown("\"row\": 0").await;
        flow.keys("G");
        assert!(
            flow.screen().contains("\"row\": 29999") && flow.screen().contains("JSON"),
            "{}",
            flow.screen()
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_long_listing_is_sorted_and_filtered_behind_the_door() {
        let mut flow = Flow::start(&[], &[], at("")).await;
        flow.backend.invent_keys("box", 25_000);
        flow.keys("\tR");
        flow.until(|flow| flow.state.here().listing.len() == 1000).await;
        flow.keys("G");
        flow.until(|flow| flow.state.here().listing.len() == 25_000 && !flow.state.here().loading).await;
        let here = flow.state.here();
        assert!((1..25_000).all(|entry| here.name(entry - 1) < here.name(entry)), "each once, in order");
        flow.keys("s");
        assert!(flow.screen().contains("by size sorting"), "{}", flow.screen());
        flow.until(|flow| flow.state.here().listing.pending().is_none()).await;
        flow.keys("/~12345\r");
        flow.until(|flow| flow.state.here().listing.pending().is_none()).await;
        assert!(flow.screen().contains(" of 25,000 by size "), "{}", flow.screen());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn reading_to_the_end_can_be_stopped_and_gone_on_with() {
        let mut flow = Flow::start(&[], &[], at("")).await;
        for number in 0..6_000 {
            flow.backend.put("box", &format!("{:04}/{}", 3_000 + number / 2, number % 2), "x");
            flow.backend.put("box", &format!("{number:04}"), "x");
        }
        flow.keys("\tR");
        flow.until(|flow| flow.state.here().listing.len() == 1000).await;
        flow.keys("G");
        flow.until(|flow| flow.state.here().listing.len() > 2_000).await;
        flow.keys("\x1b");
        let stopped = flow.state.here().listing.len();
        assert!(flow.state.here().has_more() && !flow.state.here().loading);
        flow.keys("j");
        flow.until(|flow| flow.state.here().listing.len() > stopped).await;
        flow.keys("G");
        flow.until(|flow| !flow.state.here().has_more() && !flow.state.here().loading).await;
        let here = flow.state.here();
        let mut names: Vec<String> =
            (0..9_000).map(|entry| here.name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names.dedup();
        assert_eq!((here.listing.len(), names.len()), (9_000, 9_000), "3,000 folders and 6,000 objects");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn links_are_signed_for_each_marked_object() {
        let mut flow = Flow::start(&[], &[("a b.txt", "1"), ("ü.txt", "2")], at("")).await;
        flow.keys("\tay");
        flow.until_shown("Works until").await;
        let screen = flow.screen();
        assert!(screen.contains("/box/a%20b.txt?") && screen.contains("/box/%C3%BC.txt?"), "{screen}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_folder_behind_more_than_a_page_of_objects_completes_what_is_typed() {
        let flow = Flow::start(&[], &[("zz/x", "1")], at("")).await;
        for number in 0..1_100 {
            flow.backend.put("box", &format!("z{number:04}"), "x");
        }
        let found = files::complete(&flow.effects.connections, "demo:box/z", at("")).await.unwrap();
        assert_eq!(found, ["demo:box/zz/"]);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn properties_are_shown_and_escape_closes_them() {
        let mut flow = Flow::start(&[("f.txt", "12345")], &[("o.txt", "1234567")], at("")).await;
        flow.keys("i");
        flow.until_shown("size            5 B").await;
        flow.keys("\x1b\ti");
        flow.until_shown("etag").await;
        let screen = flow.screen();
        assert!(screen.lines().any(|line| line.contains("│ size ") && line.contains(" 7 B ")), "{screen}");
        flow.keys("\x1b");
        assert!(!flow.screen().contains("etag"));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_bucket_tells_who_may_reach_it_and_is_switched_to_keep_versions() {
        let mut flow = Flow::start(&[], &[("a", "1"), ("p/b", "12"), ("p/c", "123")], at("")).await;
        let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]}"#;
        flow.backend.set_policy("box", policy);
        flow.backend.set_lifecycle("box", "logs/", 30);
        flow.backend.set_cors("box", "https://app.example.org");
        flow.keys("\tgi");
        flow.until_shown("2 objects, 5 B").await;
        flow.keys("\x1bh");
        flow.until(|flow| !flow.state.here().loading).await;
        flow.keys("i");
        flow.until_shown("its policy lets anybody s3:GetObject").await;
        let screen = flow.screen();
        assert!(screen.contains("expire-30 (enabled), prefix logs/: deleted after 30 days"), "{screen}");
        assert!(screen.contains("GET, HEAD from https://app.example.org; for 3600 s"), "{screen}");
        assert!(screen.contains("not available: NotImplemented"), "refusals are words: {screen}");
        flow.keys("Vy");
        flow.until_shown("versions are kept from now on").await;
        flow.until_shown("versioning           enabled").await;
        flow.keys("\x1b\r");
        flow.until(|flow| !flow.state.here().loading).await;
        flow.keys("G");
        flow.backend.put("box", "a", "2");
        flow.keys("i");
        flow.until_shown("versions       2").await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_bucket_that_its_list_of_grants_opens_is_flagged_and_one_that_it_does_not_is_not() {
        let mut flow = Flow::start(&[], &[("a", "1")], at("")).await;
        flow.keys("\th");
        flow.until(|flow| !flow.state.here().loading).await;
        flow.keys("i");
        flow.until_shown("demo: FULL_CONTROL").await;
        assert!(!flow.screen().contains("PUBLIC"), "{}", flow.screen());
        flow.backend.grant("box", "AllUsers", "READ");
        flow.backend.grant("box", "AuthenticatedUsers", "WRITE");
        flow.keys("\x1bi");
        flow.until_shown("PUBLIC").await;
        let screen = flow.screen();
        assert!(screen.contains("its ACL lets anybody read"), "{screen}");
        assert!(screen.contains("its ACL lets anybody with an AWS account write"), "{screen}");
        // One that only those of some addresses may read is not open.
        flow.backend.create_bucket("closed");
        let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",
            "Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}"#;
        flow.backend.set_policy("closed", policy);
        flow.keys("\x1bR");
        flow.until_shown("closed").await;
        flow.until(|flow| !flow.state.here().loading).await;
        flow.keys("Gi");
        flow.until_shown("aws:SourceIp").await;
        assert!(!flow.screen().contains("PUBLIC"), "{}", flow.screen());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_takes_room_is_told_by_storage_class_before_all_of_it_is_read() {
        let mut flow = Flow::start(&[], &[], at("")).await;
        for number in 0..1_500 {
            flow.backend.put("box", &format!("logs/{number:04}"), "12");
        }
        flow.backend.set_storage_class("box", "logs/0007", "GLACIER");
        flow.keys("\tR");
        flow.until_shown("logs").await;
        let stall = Rule { after: 1, ..Rule::always(Operation::ListObjects, Fault::Stall) };
        flow.backend.faults().add(stall);
        flow.keys("W");
        flow.until_shown("GLACIER 2 B (1)").await;
        let screen = flow.screen();
        assert!(screen.contains("STANDARD") && screen.contains("reading..."), "{screen}");
        // Another place, and back to this one, which is read to its end now.
        flow.backend.faults().clear();
        flow.happen(Event::Key(KeyCode::Right.into()));
        flow.until_shown("STANDARD 3.0 kB (1,499), GLACIER 2 B (1)").await;
        flow.until(|flow| !flow.screen().contains("reading...")).await;
        assert!(flow.screen().contains("logs/"), "{}", flow.screen());
        flow.happen(Event::Key(KeyCode::Left.into()));
        flow.until(|flow| !flow.screen().contains("reading...")).await;
        assert!(flow.screen().contains("1,500 looked at"), "{}", flow.screen());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn properties_and_classes_change_in_place_and_archives_give_back() {
        let mut flow = Flow::start(&[], &[("a", "1"), ("p/b", "12"), ("p/c", "123")], at("")).await;
        flow.keys("\tgjM");
        flow.until_shown("Properties of demo:box/a").await;
        flow.happen(Event::Paste("x".into()));
        flow.keys("\t\t\t\t\towner=ada\tx=1\t\tteam=blue\r");
        flow.until_shown("changed").await;
        let (content_type, metadata) = flow.backend.described("box", "a").unwrap();
        assert_eq!(content_type.as_deref(), Some("binary/octet-streamx"));
        assert_eq!((metadata["owner"].as_str(), metadata["x"].as_str()), ("ada", "1"));
        assert_eq!(flow.backend.tags("box", "a"), [("team".to_owned(), "blue".to_owned())]);
        flow.until(|flow| !flow.state.here().loading).await;
        flow.keys("aC\rGLACIER\r");
        flow.until_shown("Change 2 marked entries and everything below?").await;
        assert!(flow.screen().contains("3 objects, "), "{}", flow.screen());
        assert_eq!(flow.backend.storage_class("box", "p/c"), None, "nothing is done before a yes");
        flow.keys("y");
        flow.until(|flow| flow.state.deletion.is_none()).await;
        assert_eq!(flow.backend.storage_class("box", "p/c").as_deref(), Some("GLACIER"));
        assert_eq!(flow.backend.tags("box", "a").len(), 1, "a copy in place keeps tags");
        flow.until(|flow| !flow.state.here().loading).await;
        flow.keys("i");
        flow.until_shown("archived, not readable until it is restored (C)").await;
        flow.keys("\x1bv");
        flow.until_shown("C in the pane restores it: it is archived").await;
        assert!(!flow.screen().contains("twinpail restore"), "{}", flow.screen());
        flow.keys("\x1bC\x1b[B");
        flow.keys("\x1bCrestore\r");
        flow.until_shown("Days to stay readable").await;
        flow.keys("\r");
        flow.until_shown("asked for").await;
        flow.until(|flow| !flow.state.here().loading).await;
        flow.keys("i");
        flow.until_shown("readable until ").await;
        assert!(!flow.screen().contains("ongoing-request"), "{}", flow.screen());
        flow.backend.put("box", "plain", "x");
        flow.keys("\rR");
        flow.until_shown("plain").await;
        flow.keys("Gi");
        flow.until_shown("storage class  STANDARD").await;
        assert!(!flow.screen().contains("restore"), "{}", flow.screen());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn names_change_by_a_pattern_and_deeds_are_taken_back() {
        let files = [("a.txt", "1"), ("b.txt", "2")];
        let mut flow = Flow::start(&files, &[("old/x", "3"), ("old/y/z", "4")], at("")).await;
        flow.keys("ar.txt\t.md\r");
        flow.until_shown("b.md").await;
        assert_eq!(text(&flow.file("a.md")), "1");
        flow.until(|flow| !flow.state.here().loading).await;
        flow.keys("uy");
        flow.until_shown("b.txt").await;
        assert_eq!(text(&flow.file("a.txt")), "1");
        flow.keys("\tr\x08\x08\x08new\r");
        flow.until_shown("2 files done").await;
        assert_eq!(flow.object("new/y/z").as_deref(), Some("4"));
        flow.until(|flow| !flow.state.here().loading).await;
        flow.keys("uy");
        flow.until_shown("2 files done").await;
        assert!(flow.object("old/y/z").is_some() && flow.object("new/x").is_none());
        flow.until(|flow| !flow.state.here().loading).await;
        flow.backend.set_versioned("box");
        flow.keys("Rgd");
        flow.until_shown("2 files").await;
        flow.keys("y");
        flow.until(|flow| flow.backend.keys("box").is_empty() && flow.state.deletion.is_none()).await;
        flow.keys("u");
        flow.until_shown("Bring back 2 deleted objects?").await;
        flow.keys("y");
        flow.until(|flow| flow.backend.keys("box") == ["old/x", "old/y/z"]).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn versions_are_brought_back_copied_and_purged() {
        let mut flow = Flow::start(&[], &[("keep.txt", "kept")], at("")).await;
        flow.backend.set_versioned("box");
        flow.backend.put("box", "a.txt", "old");
        flow.backend.put("box", "a.txt", "newer text");
        flow.backend.delete("box", "a.txt");
        flow.keys("\th");
        flow.until(|flow| !flow.state.here().loading).await;
        flow.keys("V");
        flow.until_shown("4 versions").await;
        flow.keys(".r");
        flow.until(|flow| flow.object("a.txt").as_deref() == Some("newer text")).await;
        flow.until_shown("3 versions").await;
        flow.keys(".jr");
        flow.until(|flow| flow.object("a.txt").as_deref() == Some("old")).await;
        flow.until_shown("4 versions").await;
        flow.keys("Dbox\r");
        flow.until(|flow| flow.backend.versions("box", "a.txt").is_empty()).await;
        flow.until_shown("0 versions").await;
        assert_eq!(flow.object("keep.txt"), None);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn unfinished_uploads_are_shown_with_their_sizes_and_aborted() {
        let mut flow = Flow::start(&[], &[("there.txt", "y")], at("")).await;
        let started = std::time::SystemTime::now() - Duration::from_hours(50);
        for n in 0..1200 {
            flow.backend.leave_upload("box", &format!("kept/{n:04}"), started, &[]);
        }
        flow.backend.leave_upload("box", "esc\u{1b}[2J", started, &[b"12345", b"678"]);
        flow.keys("\tU");
        flow.until_shown("1,201 uploads").await;
        flow.until_shown("2d       8 B  esc\\x1b[2J").await;
        flow.keys("d");
        flow.until_shown("2 parts, 8 B").await;
        flow.keys("y");
        flow.until_shown("1 upload aborted").await;
        assert!(flow.backend.uploads("box").len() == 1200 && !flow.screen().contains("esc"));
        flow.keys("ad");
        flow.until_shown("Abort 1,200 unfinished uploads?").await;
        flow.keys("y");
        flow.until_shown("No unfinished uploads here").await;
        assert!(flow.backend.uploads("box").is_empty());
    }
}
