//! Targets that exist: what was answered once is not asked again, and what is the same is told and can be skipped.

use std::path::PathBuf;

use tokio::sync::mpsc::UnboundedReceiver;
use twinpail::demo::{Fault, Operation, Rule};
use twinpail::location::{Location, Remote};
use twinpail::transfer::{
    Answer, Conflict, Engine, Event, FileOutcome, FileStatus, Item, Likeness, OnConflict, Request, Settings,
    TransferId,
};

use crate::browser::until;
use crate::support::World;

/// Objects `a`, `b` and `c`, and local files of these names; engines that keep a journal.
struct Bench {
    world: World,
}

impl Bench {
    async fn new(theirs: &str, ours: &str) -> Self {
        let world = World::new().await;
        std::fs::create_dir(world.folder.path().join("files")).unwrap();
        let bench = Self { world };
        for name in ["a", "b", "c"] {
            bench.world.backend.put("box", name, theirs.to_owned());
            std::fs::write(bench.path(name), ours).unwrap();
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.folder.path().join("files").join(name)
    }

    fn engine(&self) -> (Engine, UnboundedReceiver<Event>) {
        let journal = Some(self.world.folder.path().join("journal"));
        Engine::new(self.world.connections(|_| {}), Settings { journal, ..Settings::default() })
    }

    /// All objects into the folder of the files.
    fn download(&self) -> Request {
        let from = Location::Remote(Remote { profile: "p".into(), bucket: "box".into(), key: String::new() });
        let to = Location::Local(self.world.folder.path().join("files"));
        let items = vec![Item { from, to, tree: true, known: None }];
        Request { items, on_conflict: OnConflict::Ask, ..Request::default() }
    }

    fn ours(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// Goes on with what was stopped; what is asked meanwhile, each time answered with "overwrite".
    async fn resume(&self) -> Vec<String> {
        let (engine, mut events) = self.engine();
        let unfinished = engine.unfinished();
        assert_eq!(unfinished.len(), 1);
        engine.resume_unfinished(&unfinished[0]);
        let mut asked = Vec::new();
        loop {
            match events.recv().await.unwrap() {
                Event::Conflict { id, conflict } => {
                    asked.push(conflict.target.name());
                    engine.answer(id, Answer { choice: OnConflict::Overwrite, all: false });
                }
                Event::File { .. } => {}
                Event::Finished { summary, .. } => {
                    assert_eq!((summary.failed, summary.error), (0, None));
                    return asked;
                }
            }
        }
    }
}

/// The next question; files that are over meanwhile are passed by.
async fn question(events: &mut UnboundedReceiver<Event>) -> (TransferId, Conflict) {
    loop {
        match events.recv().await.unwrap() {
            Event::Conflict { id, conflict } => return (id, *conflict),
            Event::File { .. } => {}
            Event::Finished { summary, .. } => panic!("nothing was asked: {summary:?}"),
        }
    }
}

#[tokio::test]
async fn a_question_that_was_answered_is_not_asked_again_in_the_next_run() {
    let bench = Bench::new("theirs", "ours").await;
    let (engine, mut events) = bench.engine();
    engine.submit(bench.download());
    let (id, first) = question(&mut events).await;
    engine.answer(id, Answer { choice: OnConflict::Skip, all: false });
    let (_, second) = question(&mut events).await;
    assert_ne!(first.target, second.target);
    engine.stop().await;
    let asked = bench.resume().await;
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(!asked.contains(&first.target.name()), "{asked:?}");
    for name in ["a", "b", "c"] {
        let kept = name == first.target.name();
        assert_eq!(bench.ours(name), if kept { "ours" } else { "theirs" });
    }
}

#[tokio::test]
async fn an_answer_for_all_holds_in_the_next_run() {
    let bench = Bench::new("theirs", "ours").await;
    bench.world.backend.faults().add(Rule::always(Operation::GetObject, Fault::Stall));
    let (engine, mut events) = bench.engine();
    engine.submit(bench.download());
    let (id, _) = question(&mut events).await;
    engine.answer(id, Answer { choice: OnConflict::Overwrite, all: true });
    until("nothing is fetched", || {
        let requests = bench.world.backend.faults().take_requests();
        requests.iter().any(|request| request.operation == Operation::GetObject)
    })
    .await;
    engine.stop().await;
    bench.world.backend.faults().clear();
    assert_eq!(bench.resume().await, Vec::<String>::new());
    assert_eq!([bench.ours("a"), bench.ours("b"), bench.ours("c")], ["theirs", "theirs", "theirs"]);
}

#[tokio::test]
async fn an_answer_is_about_what_was_there_and_not_about_what_somebody_wrote_since() {
    let bench = Bench::new("theirs", "ours").await;
    let (engine, mut events) = bench.engine();
    engine.submit(bench.download());
    let (id, first) = question(&mut events).await;
    engine.answer(id, Answer { choice: OnConflict::Skip, all: false });
    question(&mut events).await;
    engine.stop().await;
    std::fs::write(bench.path(&first.target.name()), "written since").unwrap();
    assert!(bench.resume().await.contains(&first.target.name()));
}

#[tokio::test]
async fn all_that_are_the_same_are_skipped_and_the_others_are_asked_about() {
    let bench = Bench::new("same", "same").await;
    bench.world.backend.put("box", "b", "diff");
    let (engine, mut events) = bench.engine();
    engine.submit(bench.download());
    let (id, _) = question(&mut events).await;
    engine.skip_same(id);
    let mut outcomes: Vec<FileOutcome> = Vec::new();
    let mut asked = Vec::new();
    loop {
        match events.recv().await.unwrap() {
            Event::Conflict { id, conflict } => {
                asked.push(conflict.target.name());
                engine.answer(id, Answer { choice: OnConflict::Overwrite, all: false });
            }
            Event::File { outcome, .. } => outcomes.push(*outcome),
            Event::Finished { .. } => break,
        }
    }
    assert_eq!(asked, ["b"]);
    let done: Vec<_> = outcomes.iter().filter(|one| one.status == FileStatus::Done).collect();
    assert_eq!(done.len(), 1);
    assert_eq!(bench.ours("b"), "diff");
}

#[tokio::test]
async fn equal_sizes_are_told_apart_by_content() {
    for (theirs, ours, likeness) in [
        ("same", "same", Likeness::Same),
        ("this", "that", Likeness::Different),
        ("longer", "x", Likeness::Different),
    ] {
        let bench = Bench::new(theirs, ours).await;
        let (engine, mut events) = bench.engine();
        let id = engine.submit(bench.download());
        question(&mut events).await;
        let known = || engine.snapshot().transfers.iter().find(|one| one.id == id).unwrap().likeness;
        until("the comparison does not end", || known() == Some(likeness)).await;
        engine.cancel(id);
    }
}

#[tokio::test]
async fn the_time_that_an_upload_kept_is_the_one_that_is_compared() {
    let bench = Bench::new("theirs", "ours").await;
    let (engine, mut events) = bench.engine();
    let kept = "2020-02-03T04:05:06Z".parse::<jiff::Timestamp>().unwrap();
    let file = std::fs::File::options().write(true).open(bench.path("a")).unwrap();
    file.set_modified(std::time::SystemTime::try_from(kept).unwrap()).unwrap();
    let object =
        |key: &str| Location::Remote(Remote { profile: "p".into(), bucket: "box".into(), key: key.into() });
    let item = |from, to| vec![Item { from, to, tree: false, known: None }];
    let upload = item(Location::Local(bench.path("a")), object("up"));
    engine.submit(Request { items: upload, store_mtime: true, ..Request::default() });
    while !matches!(events.recv().await.unwrap(), Event::Finished { .. }) {}
    let again = item(Location::Local(bench.path("a")), object("up"));
    engine.submit(Request { items: again, on_conflict: OnConflict::Ask, ..Request::default() });
    let (_, conflict) = question(&mut events).await;
    assert_eq!((conflict.source_modified, conflict.target_modified), (Some(kept), Some(kept)));
}
