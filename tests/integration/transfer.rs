//! The engine against the in-memory server and its faults: what arrives, what is left behind, what is asked.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use tokio::sync::mpsc::UnboundedReceiver;
use twinpail::config::TransferDefaults;
use twinpail::demo::{Fault, Operation, Rule};
use twinpail::error::Kind;
use twinpail::location::{Location, Remote};
use twinpail::s3::Connections;
use twinpail::transfer::{
    Answer, Engine, Event, FileOutcome, FileStatus, Item, Known, OnConflict, Request, Room, Settings,
    Snapshot, State, Summary, Verb,
};

use crate::support::{World, connections, pattern};

const MIB: usize = 1 << 20;

/// A world with an engine whose parts are as small as S3 allows.
struct Bench {
    world: World,
    engine: Engine,
    events: UnboundedReceiver<Event>,
}

impl Bench {
    async fn new() -> Self {
        let world = World::new().await;
        let known = world.connections(|_| {});
        Self::with(world, known)
    }

    fn with(world: World, known: Connections) -> Self {
        let defaults = TransferDefaults { part_size: Some(5 << 20), ..TransferDefaults::default() };
        let (engine, events) = Engine::new(known, Settings { defaults, ..Settings::default() });
        Self { world, engine, events }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.folder.path().join(name)
    }

    fn local(&self, name: &str) -> Location {
        Location::Local(self.path(name))
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Location {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        Location::Local(path)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Every file below the test's folder.
    fn files(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.world.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(self.world.folder.path()).unwrap().display().to_string());
                }
            }
        }
        found.sort();
        found
    }

    async fn run(&mut self, request: Request) -> (Vec<FileOutcome>, Summary) {
        self.engine.submit(request);
        self.finish(|_| OnConflict::Fail).await
    }

    /// Waits until something about a key was asked.
    async fn asked(&self, key: &str) {
        while !self.world.backend.faults().take_requests().iter().any(|request| request.key == key) {
            tokio::task::yield_now().await;
        }
    }

    /// Waits until something of a kind was asked.
    async fn until_asked(&self, operation: Operation) {
        let seen = || self.world.backend.faults().take_requests();
        while !seen().iter().any(|request| request.operation == operation) {
            tokio::task::yield_now().await;
        }
    }

    /// The next files that are over.
    async fn outcomes(&mut self, count: usize) -> Vec<FileOutcome> {
        let mut outcomes = Vec::new();
        while outcomes.len() < count {
            match self.events.recv().await.unwrap() {
                Event::File { outcome, .. } => outcomes.push(*outcome),
                other => panic!("{other:?}"),
            }
        }
        outcomes
    }

    /// Reads events to the end, answering questions.
    async fn finish(&mut self, answer: impl Fn(&Location) -> OnConflict) -> (Vec<FileOutcome>, Summary) {
        let mut outcomes = Vec::new();
        loop {
            match self.events.recv().await.unwrap() {
                Event::File { outcome, .. } => outcomes.push(*outcome),
                Event::Conflict { id, conflict } => {
                    self.engine.answer(id, Answer { choice: answer(&conflict.target), all: false });
                }
                Event::Finished { summary, .. } => return (outcomes, summary),
            }
        }
    }
}

fn remote(profile: &str, key: &str) -> Location {
    Location::Remote(Remote { profile: profile.into(), bucket: "box".into(), key: key.into() })
}

fn copy(from: Location, to: Location, tree: bool) -> Request {
    Request { items: vec![Item { from, to, tree, known: None }], ..Request::default() }
}

#[tokio::test]
async fn large_files_go_up_and_down_whole_with_few_requests() {
    let mut bench = Bench::new().await;
    let data = pattern(17 * MIB + 321);
    let source = bench.write("big", &data);
    let (_, summary) = bench.run(copy(source, remote("p", "big"), false)).await;
    assert_eq!((summary.files, summary.bytes), (1, data.len() as u64));
    assert_eq!(bench.world.backend.get("box", "big").unwrap(), data);
    let asked = bench.world.backend.faults().take_requests();
    assert_eq!(asked.iter().filter(|request| request.operation == Operation::UploadPart).count(), 4);
    assert_eq!(asked.len(), 7, "create, four parts, complete, HEAD: {asked:?}");

    let (outcomes, _) = bench.run(copy(remote("p", "big"), bench.local("sub/back"), false)).await;
    assert_eq!(outcomes[0].status, FileStatus::Done, "{:?}", outcomes[0].error);
    assert_eq!(bench.read("sub/back"), data);
    let asked = bench.world.backend.faults().take_requests();
    assert_eq!(asked.len(), 5, "HEAD and four ranges: {asked:?}");
    assert_eq!(bench.files(), ["big", "sub/back"]);
}

#[tokio::test]
async fn trees_go_both_ways_with_one_request_a_file() {
    let mut bench = Bench::new().await;
    for n in 0..40 {
        bench.write(&format!("tree/d{}/f{n}", n % 3), format!("content {n}").as_bytes());
    }
    bench.write("tree/empty", b"");
    let (_, summary) = bench.run(copy(bench.local("tree"), remote("p", "t/"), true)).await;
    assert_eq!((summary.files, summary.failed), (41, 0));
    assert_eq!(bench.world.backend.faults().take_requests().len(), 41, "nothing but PUTs");
    assert_eq!(bench.world.backend.get("box", "t/d1/f1").unwrap(), "content 1");
    let (_, summary) = bench.run(copy(remote("p", "t/"), bench.local("back"), true)).await;
    assert_eq!(summary.files, 41);
    assert_eq!(bench.world.backend.faults().take_requests().len(), 42, "a listing and GETs");
    assert_eq!(bench.read("back/d2/f5"), b"content 5");
    assert_eq!(bench.read("back/empty"), b"");
}

#[tokio::test]
async fn broken_and_busy_requests_are_mended_on_the_way() {
    let mut bench = Bench::new().await;
    let data = pattern(16 * MIB);
    let source = bench.write("f", &data);
    for rule in [
        Rule {
            part: Some(2),
            times: 2,
            ..Rule::once(Operation::UploadPart, Fault::Status(500, "InternalError"))
        },
        Rule { part: Some(3), ..Rule::once(Operation::UploadPart, Fault::Status(503, "SlowDown")) },
        Rule { part: Some(1), ..Rule::once(Operation::UploadPart, Fault::LoseAnswer) },
        Rule::once(Operation::CompleteUpload, Fault::LoseAnswer),
        Rule { times: 3, ..Rule::once(Operation::GetObject, Fault::CutBody(2 * MIB + 5)) },
        Rule { after: 3, ..Rule::once(Operation::GetObject, Fault::Status(429, "")) },
    ] {
        bench.world.backend.faults().add(rule);
    }
    let (outcomes, summary) = bench.run(copy(source, remote("p", "f"), false)).await;
    assert_eq!(summary.failed, 0, "{:?}", outcomes[0].error);
    assert_eq!(bench.world.backend.get("box", "f").unwrap(), data);
    assert!(bench.world.backend.uploads("box").is_empty());
    bench.world.backend.faults().take_requests();
    let (outcomes, summary) = bench.run(copy(remote("p", "f"), bench.local("back"), false)).await;
    assert_eq!(summary.failed, 0, "{:?}", outcomes[0].error);
    assert_eq!(bench.read("back"), data);
    let ranges = bench.world.backend.faults().take_requests();
    let resumed = ranges
        .iter()
        .filter_map(|request| request.range.as_deref())
        .any(|range| !range.contains("0-") && !range.starts_with("bytes=5242880-"));
    assert!(resumed, "a cut range goes on where it broke: {ranges:?}");
}

#[tokio::test]
async fn an_object_that_changes_meanwhile_is_fetched_anew_as_one() {
    let mut bench = Bench::new().await;
    bench.world.backend.put("box", "k", pattern(12 * MIB));
    let other = vec![7; 11 * MIB];
    bench.world.backend.faults().add(Rule {
        after: 1,
        ..Rule::once(Operation::GetObject, Fault::Replace(Bytes::from(other.clone())))
    });
    let (outcomes, summary) = bench.run(copy(remote("p", "k"), bench.local("k"), false)).await;
    assert_eq!(summary.failed, 0, "{:?}", outcomes[0].error);
    assert_eq!(bench.read("k"), other, "never a mixture");
    assert_eq!(bench.files(), ["k"]);
}

#[tokio::test]
async fn a_large_file_that_changes_is_not_sent_to_its_end() {
    let world = World::new().await;
    let path = world.folder.path().join("f");
    std::fs::write(&path, pattern(23 * MIB)).unwrap();
    let defaults =
        TransferDefaults { part_size: Some(5 << 20), parallel: Some(1), ..TransferDefaults::default() };
    let settings = Settings { defaults, ..Settings::default() };
    let (engine, events) = Engine::new(world.connections(|_| {}), settings);
    let mut bench = Bench { world, engine, events };
    bench.world.backend.faults().add(Rule::once(Operation::UploadPart, Fault::Hold));
    bench.engine.submit(copy(Location::Local(path.clone()), remote("p", "k"), false));
    bench.until_asked(Operation::UploadPart).await;
    std::fs::OpenOptions::new().append(true).open(&path).unwrap().set_len(22 << 20).unwrap();
    bench.world.backend.faults().let_go();
    let (outcomes, _) = bench.finish(|_| OnConflict::Fail).await;
    assert_eq!(outcomes[0].error.as_ref().unwrap().kind(), Kind::Changed);
    let asked = bench.world.backend.faults().take_requests();
    assert!(asked.iter().all(|request| request.operation != Operation::UploadPart), "{asked:?}");
    assert!(bench.world.backend.uploads("box").is_empty() && bench.world.backend.keys("box").is_empty());
}

#[tokio::test]
async fn failures_leave_nothing_behind() {
    let mut bench = Bench::new().await;
    let source = bench.write("f", &pattern(11 * MIB));
    bench.world.backend.faults().add(Rule::always(Operation::UploadPart, Fault::Status(403, "AccessDenied")));
    let (outcomes, summary) = bench.run(copy(source, remote("p", "f"), false)).await;
    assert_eq!((summary.failed, outcomes[0].error.as_ref().unwrap().kind()), (1, Kind::Denied));
    assert!(bench.world.backend.uploads("box").is_empty() && bench.world.backend.keys("box").is_empty());

    bench.world.backend.put("box", "k", pattern(11 * MIB));
    bench
        .world
        .backend
        .faults()
        .add(Rule { after: 1, ..Rule::always(Operation::GetObject, Fault::Status(403, "AccessDenied")) });
    let (_, summary) = bench.run(copy(remote("p", "k"), bench.local("k"), false)).await;
    assert_eq!(summary.failed, 1);
    let (_, summary) = bench.run(copy(bench.local("absent"), remote("p", "x"), false)).await;
    assert_eq!(summary.failed, 1);
    assert_eq!(bench.files(), ["f"]);
}

#[tokio::test]
async fn cancelling_aborts_the_upload_and_removes_the_part_file() {
    let mut bench = Bench::new().await;
    let source = bench.write("f", &pattern(11 * MIB));
    bench.world.backend.put("box", "k", pattern(11 * MIB));
    for (operation, request) in [
        (Operation::UploadPart, copy(source, remote("p", "up"), false)),
        (Operation::GetObject, copy(remote("p", "k"), bench.local("down"), false)),
    ] {
        bench.world.backend.faults().take_requests();
        bench.world.backend.faults().add(Rule::always(operation, Fault::Stall));
        let id = bench.engine.submit(request);
        while !bench
            .world
            .backend
            .faults()
            .take_requests()
            .iter()
            .any(|request| request.operation == operation)
        {
            tokio::task::yield_now().await;
        }
        bench.engine.cancel(id);
        let (_, summary) = bench.finish(|_| OnConflict::Fail).await;
        assert!(summary.cancelled && summary.files == 0);
    }
    assert!(bench.world.backend.uploads("box").is_empty());
    assert_eq!(bench.files(), ["f"]);
}

#[tokio::test]
async fn conflicts_are_settled_as_the_user_says() {
    let mut bench = Bench::new().await;
    for name in ["a", "c", "d.txt"] {
        bench.world.backend.put("box", name, "theirs");
        bench.write(name, b"mine");
    }
    bench.world.backend.put("box", "new", "theirs");
    let request = Request { on_conflict: OnConflict::Ask, ..copy(remote("p", ""), bench.local(""), true) };
    bench.engine.submit(request);
    let (_, summary) = bench
        .finish(|target| match target.name().as_str() {
            "a" => OnConflict::Overwrite,
            "c" => OnConflict::Skip,
            _ => OnConflict::Rename,
        })
        .await;
    assert_eq!((summary.files, summary.skipped, summary.failed), (3, 1, 0));
    assert_eq!(bench.files(), ["a", "c", "d (1).txt", "d.txt", "new"]);
    assert_eq!(
        (bench.read("a"), bench.read("c"), bench.read("d.txt")),
        (b"theirs".to_vec(), b"mine".to_vec(), b"mine".to_vec())
    );

    for (policy, status) in [(OnConflict::Skip, FileStatus::Skipped), (OnConflict::Fail, FileStatus::Failed)]
    {
        let request = Request { on_conflict: policy, ..copy(bench.local("a"), remote("p", "c"), false) };
        let (outcomes, _) = bench.run(request).await;
        assert_eq!(outcomes[0].status, status);
        assert_eq!(bench.world.backend.get("box", "c").unwrap(), "theirs");
    }
    let newer =
        Request { on_conflict: OnConflict::Newer, ..copy(bench.local("d.txt"), remote("p", "c"), false) };
    let (outcomes, _) = bench.run(newer).await;
    assert_eq!(outcomes[0].status, FileStatus::Skipped, "whatever the sizes, it is not newer");
}

/// Keys whose own names would leave the folder, stand in each other's way, or be no names.
const HOSTILE: [&str; 16] = [
    "../out",
    "a/../../out",
    "good",
    "//x",
    "/lead",
    "dir/.",
    "nul\0",
    "both",
    "both/below",
    "slash/",
    "slash/x",
    "",
    "‛∅",
    "‛2/x",
    "␀",
    "．．/x",
];

#[tokio::test]
async fn hostile_keys_all_arrive_and_stay_inside() {
    let mut bench = Bench::new().await;
    let keys =
        ["../out", "a/../../out", "good", "//x", "/lead", "dir/.", "nul\0", "both", "both/below", "mark/"];
    for key in keys {
        bench.world.backend.put("box", key, if key.ends_with('/') { "" } else { key });
    }
    let inner = bench.local("in/side");
    let (outcomes, summary) = bench.run(copy(remote("p", ""), inner, true)).await;
    assert_eq!((summary.files, summary.failed), (10, 0), "{outcomes:?}");
    let mut expected = [
        "．．/out",
        "a/．．/．．/out",
        "good",
        "‛∅/‛∅/x",
        "‛∅/lead",
        "dir/．",
        "nul␀",
        "both",
        "‛2/both/below",
    ]
    .map(|name| format!("in/side/{name}"));
    expected.sort();
    assert_eq!(bench.files(), expected);
    assert!(bench.path("in/side/mark").is_dir());
    assert_eq!(bench.read("in/side/‛2/both/below"), b"both/below");
    let reported = outcomes.iter().any(|outcome| outcome.target == bench.local("in/side/．．/out"));
    assert!(reported, "{outcomes:?}");
}

#[tokio::test]
async fn a_hostile_tree_comes_back_under_the_same_keys() {
    let mut bench = Bench::new().await;
    let long = format!("{}/..", "é".repeat(300));
    let mut keys: Vec<String> =
        HOSTILE.iter().copied().chain([long.as_str()]).map(|key| format!("t/{key}")).collect();
    keys.sort();
    for key in &keys {
        bench.world.backend.put("box", key, key.clone());
    }
    let (outcomes, summary) = bench.run(copy(remote("p", "t/"), bench.local("d"), true)).await;
    assert_eq!((summary.files, summary.failed), (keys.len() as u64, 0), "{outcomes:?}");
    let (outcomes, summary) = bench.run(copy(bench.local("d"), remote("p", "u/"), true)).await;
    assert_eq!((summary.files, summary.failed), (keys.len() as u64, 0), "{outcomes:?}");
    let back: Vec<String> =
        bench.world.backend.keys("box").into_iter().filter(|key| key.starts_with("u/")).collect();
    assert_eq!(back, keys.iter().map(|key| key.replacen('t', "u", 1)).collect::<Vec<_>>());
    for key in back {
        let bytes = bench.world.backend.get("box", &key).unwrap();
        assert_eq!(bytes, key.replacen('u', "t", 1), "{key:?}");
    }
}

#[tokio::test]
async fn nothing_is_written_through_a_link_in_the_target() {
    let mut bench = Bench::new().await;
    for key in ["out/x", "in/x"] {
        bench.world.backend.put("box", key, "x");
    }
    bench.write("elsewhere/kept", b"k");
    bench.write("d/in/y", b"y");
    std::os::unix::fs::symlink(bench.path("elsewhere"), bench.path("d/out")).unwrap();
    let (outcomes, summary) = bench.run(copy(remote("p", ""), bench.local("d"), true)).await;
    assert_eq!((summary.files, summary.failed), (1, 1), "{outcomes:?}");
    let error = outcomes.iter().find_map(|outcome| outcome.error.clone()).unwrap();
    assert!(error.message().contains("d/out is a symbolic link"), "{error}");
    assert_eq!(std::fs::read_dir(bench.path("elsewhere")).unwrap().count(), 1);
}

#[tokio::test]
async fn moves_delete_only_what_has_arrived() {
    let mut bench = Bench::new().await;
    bench.write("tree/ok", b"1");
    bench.write("tree/sub/bad", b"2");
    bench
        .world
        .backend
        .faults()
        .add(Rule { key: "bad", ..Rule::always(Operation::PutObject, Fault::Status(403, "AccessDenied")) });
    let request = Request { verb: Verb::Move, ..copy(bench.local("tree"), remote("p", "t/"), true) };
    let (_, summary) = bench.run(request).await;
    assert_eq!((summary.files, summary.failed), (1, 1));
    assert_eq!(bench.files(), ["tree/sub/bad"]);
    bench.world.backend.faults().clear();
    let request = Request { verb: Verb::Move, ..copy(remote("p", "t/ok"), remote("p", "t/moved"), false) };
    bench.run(request).await;
    assert_eq!(bench.world.backend.keys("box"), ["t/moved"]);
}

#[tokio::test]
async fn failed_files_can_be_tried_again() {
    let mut bench = Bench::new().await;
    bench.write("tree/a", b"1");
    bench.write("tree/b", b"2");
    bench
        .world
        .backend
        .faults()
        .add(Rule { key: "t/b", ..Rule::once(Operation::PutObject, Fault::Status(403, "AccessDenied")) });
    let id = bench.engine.submit(copy(bench.local("tree"), remote("p", "t/"), true));
    let (_, summary) = bench.finish(|_| OnConflict::Fail).await;
    assert_eq!(summary.failed, 1);
    bench.engine.retry(id, None);
    let (_, summary) = bench.finish(|_| OnConflict::Fail).await;
    assert_eq!((summary.files, summary.failed), (2, 0));
    bench.engine.forget_finished();
    assert_eq!(bench.engine.snapshot(), Snapshot::default());
}

#[tokio::test]
async fn one_failed_file_can_be_tried_again_without_the_others() {
    let mut bench = Bench::new().await;
    for name in ["a", "b", "c"] {
        bench.write(&format!("tree/{name}"), b"1");
    }
    let denied = |key| Rule { key, ..Rule::always(Operation::PutObject, Fault::Status(403, "AccessDenied")) };
    bench.world.backend.faults().add(denied("t/b"));
    bench.world.backend.faults().add(denied("t/c"));
    let id = bench.engine.submit(copy(bench.local("tree"), remote("p", "t/"), true));
    let (_, summary) = bench.finish(|_| OnConflict::Fail).await;
    assert_eq!(summary.failed, 2);
    let failures = bench.engine.failures(id);
    let mut sources: Vec<Location> = failures.iter().map(|one| one.source.clone()).collect();
    sources.sort_by_key(ToString::to_string);
    assert_eq!(sources, [bench.local("tree/b"), bench.local("tree/c")]);
    assert!(failures.iter().all(|one| one.again && one.error.kind() == Kind::Denied));
    bench.world.backend.faults().clear();
    let of_b = failures.iter().find(|one| one.source == bench.local("tree/b")).unwrap().number;
    bench.engine.retry(id, Some(of_b));
    let (outcomes, summary) = bench.finish(|_| OnConflict::Fail).await;
    assert_eq!((outcomes.len(), summary.files, summary.failed), (1, 2, 1));
    assert_eq!(bench.world.backend.keys("box"), ["t/a", "t/b"]);
    assert_eq!(bench.engine.failures(id).len(), 1);
    bench.engine.retry(id, None);
    bench.finish(|_| OnConflict::Fail).await;
    assert_eq!((bench.world.backend.keys("box").len(), bench.engine.failures(id).len()), (3, 0));
}

#[tokio::test]
async fn what_failed_is_tried_again_while_the_rest_still_runs() {
    let mut bench = Bench::new().await;
    for name in ["a", "b", "c", "stuck"] {
        bench.write(&format!("tree/{name}"), b"1");
    }
    let always = |key, fault| Rule { key, ..Rule::always(Operation::PutObject, fault) };
    let denied = |key| always(key, Fault::Status(403, "AccessDenied"));
    for rule in [denied("t/a"), denied("t/b"), always("t/stuck", Fault::Stall)] {
        bench.world.backend.faults().add(rule);
    }
    let id = bench.engine.submit(copy(bench.local("tree"), remote("p", "t/"), true));
    let outcome = bench.outcomes(3).await;
    assert_eq!(outcome.iter().filter(|one| one.status == FileStatus::Failed).count(), 2);
    // One of them, and it fails once more.
    let of_b = |bench: &Bench| {
        let failures = bench.engine.failures(id);
        failures.iter().find(|one| one.source == bench.local("tree/b")).unwrap().number
    };
    bench.engine.retry(id, Some(of_b(&bench)));
    let again = bench.outcomes(1).await;
    assert_eq!((again[0].status, &again[0].source), (FileStatus::Failed, &bench.local("tree/b")));
    let view = bench.engine.snapshot().transfers.remove(0);
    assert_eq!((view.state, view.files, view.files_over, view.failed), (State::Running, 4, 3, 2));
    bench.asked("t/stuck").await;
    // All of them, now that they may be written; the other one is still stuck.
    bench.world.backend.faults().clear();
    bench.engine.retry(id, None);
    let again = bench.outcomes(2).await;
    assert!(again.iter().all(|one| one.status == FileStatus::Done), "{again:?}");
    let view = bench.engine.snapshot().transfers.remove(0);
    assert_eq!((view.state, view.files, view.files_over, view.failed), (State::Running, 4, 3, 0));
    assert_eq!(view.bytes, 4, "none is counted twice");
    assert_eq!(bench.world.backend.keys("box"), ["t/a", "t/b", "t/c"]);
    bench.engine.retry(id, None);
    bench.engine.cancel(id);
    let (_, summary) = bench.finish(|_| OnConflict::Fail).await;
    assert!(summary.cancelled && summary.failed == 0 && summary.files == 3, "{summary:?}");
}

#[tokio::test]
async fn what_failed_of_a_retry_is_tried_again_while_that_runs() {
    let mut bench = Bench::new().await;
    bench.write("tree/a", b"1");
    bench.write("tree/stuck", b"1");
    let denied = Fault::Status(403, "AccessDenied");
    bench.world.backend.faults().add(Rule::always(Operation::PutObject, denied.clone()));
    let id = bench.engine.submit(copy(bench.local("tree"), remote("p", "t/"), true));
    assert_eq!(bench.finish(|_| OnConflict::Fail).await.1.failed, 2);
    bench.world.backend.faults().clear();
    bench.world.backend.faults().take_requests();
    let rule = |key, fault| Rule { key, ..Rule::always(Operation::PutObject, fault) };
    bench.world.backend.faults().add(rule("t/stuck", Fault::Stall));
    bench.world.backend.faults().add(rule("t/a", denied));
    bench.engine.retry(id, None);
    assert_eq!(bench.outcomes(1).await[0].status, FileStatus::Failed);
    bench.asked("t/stuck").await;
    bench.world.backend.faults().clear();
    bench.engine.retry(id, None);
    assert_eq!(bench.outcomes(1).await[0].status, FileStatus::Done);
    bench.engine.cancel(id);
    assert!(bench.finish(|_| OnConflict::Fail).await.1.cancelled);
    bench.engine.retry(id, None);
    assert_eq!(bench.engine.snapshot().transfers[0].state, State::Cancelled);
}

/// What has arrived under a new name is not copied once more when only its source could not be taken away.
#[tokio::test]
async fn a_move_that_is_tried_again_knows_the_names_that_it_chose() {
    let mut bench = Bench::new().await;
    for name in ["a", "changes", "gone"] {
        bench.world.backend.put("box", &format!("from/{name}"), "ours");
        bench.write(&format!("in/{name}"), b"theirs");
    }
    let denied = Fault::Status(403, "AccessDenied");
    bench.world.backend.faults().add(Rule::always(Operation::DeleteObject, denied));
    let request = copy(remote("p", "from/"), bench.local("in"), true);
    let id = bench.engine.submit(Request { verb: Verb::Move, on_conflict: OnConflict::Rename, ..request });
    assert_eq!(bench.finish(|_| OnConflict::Fail).await.1.failed, 3);
    bench.world.backend.faults().clear();
    bench.world.backend.put("box", "from/changes", "anew");
    bench.world.backend.delete("box", "from/gone");
    bench.engine.retry(id, None);
    let (outcomes, summary) = bench.finish(|_| OnConflict::Fail).await;
    assert_eq!((summary.files, summary.skipped, summary.failed), (2, 1, 0), "{outcomes:?}");
    let all =
        ["in/a", "in/a (1)", "in/changes", "in/changes (1)", "in/changes (2)", "in/gone", "in/gone (1)"];
    assert_eq!(bench.files(), all);
    assert!(bench.world.backend.keys("box").is_empty());
    assert_eq!((bench.read("in/a (1)"), bench.read("in/changes (2)")), (b"ours".to_vec(), b"anew".to_vec()));
}

/// The same asked for twice: what the first has made by then is a conflict of the second like any other.
#[tokio::test]
async fn two_that_write_the_same_targets_take_turns() {
    for (from, to, operation) in
        [("from/", "down", Operation::GetObject), ("tree", "to/", Operation::PutObject)]
    {
        let mut bench = Bench::new().await;
        for n in 0..5 {
            bench.world.backend.put("box", &format!("from/{n}"), pattern(6 * MIB * usize::from(n == 0)));
            bench.write(&format!("tree/{n}"), &pattern(6 * MIB * usize::from(n == 0)));
        }
        bench.world.backend.faults().add(Rule::always(operation, Fault::Hold));
        let (from, to) = match operation {
            Operation::GetObject => (remote("p", from), bench.local(to)),
            _ => (bench.local(from), remote("p", to)),
        };
        let request = Request { on_conflict: OnConflict::Ask, ..copy(from, to, true) };
        let first = bench.engine.submit(request.clone());
        let second = bench.engine.submit(request);
        let found = |bench: &Bench| bench.engine.snapshot().transfers.iter().all(|one| one.files == 5);
        while !found(&bench) {
            tokio::task::yield_now().await;
        }
        bench.world.backend.faults().let_go();
        let (mut asked, mut over) = (0, Vec::new());
        while over.len() < 2 {
            match bench.events.recv().await.unwrap() {
                Event::Conflict { id, conflict } => {
                    assert_eq!(conflict.source_size, conflict.target_size);
                    asked += 1;
                    bench.engine.answer(id, Answer { choice: OnConflict::Skip, all: false });
                }
                Event::Finished { id, summary } => over.push((id, summary)),
                Event::File { .. } => {}
            }
        }
        over.sort_by_key(|(id, _)| *id);
        let count = |at: usize| (over[at].1.files, over[at].1.skipped, over[at].1.failed);
        assert_eq!((over[0].0, over[1].0), (first, second));
        let (first, second) = (count(0), count(1));
        assert_eq!((first.0 + second.0, first.1 + second.1, first.2 + second.2), (5, 5, 0), "{over:?}");
        assert_eq!(asked, 5);
    }
}

/// Another program makes the file while it is fetched: the same question as if it had been there before.
#[tokio::test]
async fn a_target_that_somebody_makes_meanwhile_is_a_conflict_like_any_other() {
    for (policy, there) in [
        (OnConflict::Skip, [("f", "theirs")].as_slice()),
        (OnConflict::Rename, &[("f", "theirs"), ("f (1)", "ours")]),
    ] {
        let mut bench = Bench::new().await;
        bench.world.backend.put("box", "f", "ours");
        bench.world.backend.faults().add(Rule::always(Operation::GetObject, Fault::Hold));
        bench
            .engine
            .submit(Request { on_conflict: policy, ..copy(remote("p", "f"), bench.local("f"), false) });
        bench.until_asked(Operation::GetObject).await;
        bench.write("f", b"theirs");
        bench.world.backend.faults().let_go();
        let (outcomes, summary) = bench.finish(|_| OnConflict::Fail).await;
        assert_eq!(summary.failed, 0, "{outcomes:?}");
        let found: Vec<_> = bench.files().into_iter().map(|name| (bench.read(&name), name)).collect();
        let expected: Vec<_> =
            there.iter().map(|(name, text)| (text.as_bytes().to_vec(), (*name).to_owned())).collect();
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn a_tree_that_could_not_be_listed_can_be_tried_again() {
    let mut bench = Bench::new().await;
    bench.world.backend.put("box", "t/a", "1");
    bench.world.backend.faults().add(Rule::once(Operation::ListObjects, Fault::Status(403, "AccessDenied")));
    let id = bench.engine.submit(copy(remote("p", "t/"), bench.local("out"), true));
    let (_, summary) = bench.finish(|_| OnConflict::Fail).await;
    assert_eq!((summary.files, summary.failed), (0, 1));
    bench.engine.retry(id, None);
    let (_, summary) = bench.finish(|_| OnConflict::Fail).await;
    assert_eq!((summary.files, summary.failed), (1, 0));
    assert_eq!(bench.read("out/a"), b"1");
}

#[tokio::test]
async fn what_a_read_only_profile_forbids_is_refused_before_anything_is_done() {
    let world = World::new().await;
    world.backend.put("box", "k", "1");
    let mut safe = world.profile("safe");
    safe.read_only = true;
    let known = connections(vec![world.profile("p"), safe]);
    let mut bench = Bench::with(world, known);
    bench.write("f", b"2");
    let moved = Request { verb: Verb::Move, ..copy(remote("safe", "k"), bench.local("out"), false) };
    for request in [moved, copy(bench.local("f"), remote("safe", "new"), false)] {
        let (outcomes, summary) = bench.run(request).await;
        assert_eq!(summary.error.unwrap().kind(), Kind::Denied);
        assert!(outcomes.is_empty() && bench.files() == ["f"]);
    }
    assert_eq!(bench.world.backend.faults().take_requests(), [], "nobody was even asked");
}

/// More than any disk has: the file system itself refuses to set so much aside.
const TOO_LARGE: u64 = 8 << 40;

#[tokio::test]
async fn a_full_disk_is_a_failure_or_waited_for_and_leaves_nothing() {
    for wait_for_space in [false, true] {
        let world = World::new().await;
        let defaults = TransferDefaults::default();
        let known = world.connections(|_| {});
        let (engine, events) =
            Engine::new(known, Settings { defaults, wait_for_space, ..Settings::default() });
        let mut bench = Bench { world, engine, events };
        bench.world.backend.put("box", "k", "x");
        let known = Known { size: TOO_LARGE, modified: None, etag: None, version_id: None };
        let item = Item { from: remote("p", "k"), to: bench.local("out"), tree: false, known: Some(known) };
        let id = bench.engine.submit(Request { items: vec![item], ..Request::default() });
        if wait_for_space {
            let waits = |bench: &Bench| bench.engine.snapshot().transfers[0].waits.clone();
            while waits(&bench).is_none() {
                tokio::task::yield_now().await;
            }
            assert!(waits(&bench).unwrap().text().contains("out"));
            assert_eq!(bench.engine.snapshot().transfers[0].state, State::Paused);
            bench.engine.cancel(id);
        }
        let (outcomes, summary) = bench.finish(|_| OnConflict::Fail).await;
        assert_eq!(summary.cancelled, wait_for_space);
        let error = outcomes[0].error.as_ref().map(twinpail::error::Error::kind);
        assert_eq!(error, (!wait_for_space).then_some(Kind::NoSpace), "{outcomes:?}");
        assert!(bench.files().is_empty(), "{:?}", bench.files());
    }
}

#[tokio::test]
async fn a_transfer_that_waits_for_room_goes_on_when_there_is_some() {
    static FREE: AtomicU64 = AtomicU64::new(0);
    let world = World::new().await;
    let room = Room(|_| Some(FREE.load(Ordering::Relaxed)));
    let settings = Settings { wait_for_space: true, room, ..Settings::default() };
    let (engine, events) = Engine::new(world.connections(|_| {}), settings);
    let mut bench = Bench { world, engine, events };
    let data = pattern(3 * MIB);
    bench.world.backend.put("box", "large", data.clone());
    bench.world.backend.put("box", "small", "x");
    bench.engine.submit(copy(remote("p", ""), bench.local("out"), true));
    assert_eq!(bench.outcomes(1).await[0].source, remote("p", "small"), "what fits does not wait");
    let view = |bench: &Bench| bench.engine.snapshot().transfers.remove(0);
    while view(&bench).waits.is_none() {
        tokio::task::yield_now().await;
    }
    assert!(
        view(&bench).state == State::Paused && view(&bench).waits.unwrap().text().contains("no space left")
    );
    assert_eq!(bench.files(), ["out/small"], "it takes no room while it waits");
    FREE.store(u64::MAX, Ordering::Relaxed);
    let (outcomes, summary) = bench.finish(|_| OnConflict::Fail).await;
    assert_eq!((outcomes[0].status, summary.files, summary.failed), (FileStatus::Done, 2, 0));
    assert!(bench.read("out/large") == data && view(&bench).waits.is_none());
}

/// An object that is replaced while it is sent to another provider goes there as one.
#[tokio::test]
async fn an_object_that_changes_while_it_is_relayed_is_sent_anew() {
    let (here, there) = (World::new().await, World::new().await);
    let known = connections(vec![here.profile("here"), there.profile("there")]);
    let mut bench = Bench::with(here, known);
    bench.world.backend.put("box", "k", pattern(12 * MIB));
    let other = vec![7; 11 * MIB];
    let replaced = Fault::Replace(Bytes::from(other.clone()));
    bench.world.backend.faults().add(Rule { after: 1, ..Rule::once(Operation::GetObject, replaced) });
    let (outcomes, _) = bench.run(copy(remote("here", "k"), remote("there", "k"), false)).await;
    assert_eq!(outcomes[0].status, FileStatus::Done, "{:?}", outcomes[0].error);
    assert!(there.backend.get("box", "k").unwrap() == other, "never a mixture");
    assert!(there.backend.uploads("box").is_empty());
}

#[tokio::test]
async fn objects_go_between_providers_and_within_one() {
    let (here, there) = (World::new().await, World::new().await);
    let known = connections(vec![here.profile("here"), there.profile("there")]);
    let data = pattern(11 * MIB);
    let store = known.store("here").await.unwrap();
    let mut options = twinpail::s3::PutOptions::default();
    options.attributes.content_type = Some("text/x".into());
    options.attributes.metadata.insert("colour".into(), "blue".into());
    store.put("box", "big", twinpail::s3::Body::from_bytes(data.clone()), &options).await.unwrap();
    store.put("box", "small", twinpail::s3::Body::from_bytes("s"), &options).await.unwrap();
    let mut bench = Bench::with(here, known);
    for key in ["big", "small"] {
        let (outcomes, _) = bench.run(copy(remote("here", key), remote("there", key), false)).await;
        assert_eq!(outcomes[0].status, FileStatus::Done, "{:?}", outcomes[0].error);
        let (content_type, metadata) = there.backend.described("box", key).unwrap();
        assert_eq!((content_type.as_deref(), metadata["colour"].as_str()), (Some("text/x"), "blue"), "{key}");
    }
    assert_eq!(there.backend.get("box", "big").unwrap(), data);
    bench.world.backend.faults().take_requests();
    bench.run(copy(remote("here", "big"), remote("here", "copied"), false)).await;
    let asked = bench.world.backend.faults().take_requests();
    assert!(
        asked.iter().all(|request| request.operation != Operation::GetObject),
        "the server copies: {asked:?}"
    );
    assert_eq!(bench.world.backend.get("box", "copied").unwrap(), data);
}

#[tokio::test]
async fn dry_runs_and_filters() {
    let mut bench = Bench::new().await;
    for name in ["t/a.txt", "t/b.log", "t/sub/c.txt", "t/sub/d.tmp"] {
        bench.write(name, b"x");
    }
    let request = Request {
        include: vec!["**/*.txt".into(), "*.txt".into(), "*.log".into()],
        exclude: vec!["sub/*".into()],
        dry_run: true,
        ..copy(bench.local("t"), remote("p", ""), true)
    };
    let (outcomes, _) = bench.run(request).await;
    let mut planned: Vec<String> = outcomes.iter().map(|outcome| outcome.target.name()).collect();
    planned.sort();
    assert_eq!(planned, ["a.txt", "b.log"]);
    assert!(outcomes.iter().all(|outcome| outcome.status == FileStatus::Planned));
    assert_eq!(bench.world.backend.faults().take_requests(), []);
}
