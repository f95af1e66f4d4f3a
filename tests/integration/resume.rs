//! What survives: stopped and killed transfers are gone on with, nothing that was acknowledged is sent again, and no
//! wrong byte gets a name.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use twinpail::config::{Provider, TransferDefaults, Verify, provider};
use twinpail::demo::{Fault, Operation, Rule};
use twinpail::error::Kind;
use twinpail::location::{Location, Remote};
use twinpail::s3::{Body, CompletedPart, Part, PartRequest, PutOptions};
use twinpail::transfer::{
    Engine, Event, FileOutcome, FileStatus, Item, OnConflict, Origin, Request, Settings, Summary, Tuning,
    Verified,
};

use crate::browser::until;
use crate::cli::Shell;
use crate::support::{World, connections, pattern, row};

const MIB: usize = 1 << 20;

/// A world whose engines keep a journal.
struct Bench {
    world: World,
    row: &'static Provider,
    verify: Verify,
}

impl Bench {
    async fn new() -> Self {
        Self { world: World::new().await, row: provider("minio").unwrap(), verify: Verify::Default }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.folder.path().join(name)
    }

    fn engine(&self) -> (Engine, UnboundedReceiver<Event>) {
        let defaults =
            TransferDefaults { part_size: Some(5 << 20), verify: self.verify, ..TransferDefaults::default() };
        let known = connections(vec![self.world.profile_of("p", self.row)]);
        Engine::new(known, Settings { defaults, journal: Some(self.path("journal")), ..Settings::default() })
    }

    async fn run(&self, request: Request) -> (FileOutcome, Summary) {
        let (engine, mut events) = self.engine();
        engine.submit(request);
        finish(&mut events).await
    }

    /// Runs until so many requests of a kind were answered, then stops as a signal does.
    async fn stopped_after(&self, request: Request, operation: Operation, count: u32) {
        let faults = self.world.backend.faults();
        faults.take_requests();
        faults.add(Rule { after: count, ..Rule::always(operation, Fault::Stall) });
        let (engine, mut events) = self.engine();
        engine.submit(request);
        if operation == Operation::UploadPart {
            until_parts(&self.world, count as usize).await;
        }
        until("nothing arrives", || engine.snapshot().bytes_done >= u64::from(count) * (5 << 20)).await;
        engine.stop().await;
        let (_, summary) = finish(&mut events).await;
        assert!(summary.cancelled);
        faults.clear();
    }
}

async fn finish(events: &mut UnboundedReceiver<Event>) -> (FileOutcome, Summary) {
    let mut last = None;
    loop {
        match events.recv().await.unwrap() {
            Event::File { outcome, .. } => last = Some(*outcome),
            Event::Finished { summary, .. } => return (last.unwrap(), summary),
            Event::Conflict { .. } => panic!("nothing to ask about"),
        }
    }
}

/// The parts that the server has of the one unfinished upload, and their bytes.
async fn parts(world: &World) -> Vec<(u32, u64)> {
    let store = world.store().await;
    let Some(upload) = store.list_uploads("box", "", None).await.unwrap().uploads.pop() else {
        return Vec::new();
    };
    let parts = store.list_parts(&upload).await.unwrap_or_default();
    parts.iter().map(|part| (part.number, part.size)).collect()
}

/// Waits until the server has so many of them.
async fn until_parts(world: &World, count: usize) {
    let arrived = async {
        while parts(world).await.len() < count {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), arrived).await.expect("parts arrive");
}

/// Waits until something of a kind was asked.
async fn until_asked(world: &World, operation: Operation) {
    until("it is not asked for", || asked(world, operation) > 0).await;
}

fn asked(world: &World, operation: Operation) -> usize {
    world.backend.faults().take_requests().iter().filter(|request| request.operation == operation).count()
}

fn remote(key: &str) -> Location {
    Location::Remote(Remote { profile: "p".into(), bucket: "box".into(), key: key.into() })
}

fn copy(from: Location, to: Location, tree: bool) -> Request {
    Request { items: vec![Item { from, to, tree, known: None }], ..Request::default() }
}

#[tokio::test]
async fn a_stopped_upload_goes_on_where_it_was_on_every_sort_of_provider() {
    for row in [row(|row| row.kept_checksum.is_none()), row(|row| row.kept_checksum == Some("CRC32"))] {
        let bench = Bench { row, ..Bench::new().await };
        let data = pattern(23 * MIB);
        std::fs::write(bench.path("f"), &data).unwrap();
        let request = || copy(Location::Local(bench.path("f")), remote("k"), false);
        bench.stopped_after(request(), Operation::UploadPart, 2).await;
        let there: u64 = parts(&bench.world).await.iter().map(|(_, size)| size).sum();
        bench.world.backend.faults().take_requests();
        let (outcome, summary) = bench.run(request()).await;
        assert_eq!(outcome.status, FileStatus::Done, "{:?}", outcome.error);
        assert!(outcome.bytes_resumed == there && there > 0, "{outcome:?}");
        assert_eq!(summary.bytes_sent, data.len() as u64 - there);
        assert_eq!(asked(&bench.world, Operation::UploadPart), 3);
        assert!(bench.world.backend.get("box", "k").unwrap() == data);
        assert!(bench.world.backend.uploads("box").is_empty());
        assert_ne!(outcome.verified, Verified::No);
        assert!(bench.engine().0.unfinished().is_empty());
    }
}

#[tokio::test]
async fn where_nobody_lists_parts_those_that_were_acknowledged_stay() {
    for refusal in [
        Fault::Status(405, "MethodNotAllowed"),
        Fault::Status(403, "AccessDenied"),
        Fault::Answer(200, vec![], "what was there before"),
    ] {
        let bench = Bench::new().await;
        let data = pattern(23 * MIB);
        std::fs::write(bench.path("f"), &data).unwrap();
        let request = || copy(Location::Local(bench.path("f")), remote("k"), false);
        bench.stopped_after(request(), Operation::UploadPart, 2).await;
        let faults = bench.world.backend.faults();
        faults.add(Rule::always(Operation::Other, refusal));
        faults.take_requests();
        let (outcome, _) = bench.run(request()).await;
        assert_eq!(outcome.status, FileStatus::Done, "{:?}", outcome.error);
        assert!(outcome.bytes_resumed > 0, "{outcome:?}");
        assert_eq!(asked(&bench.world, Operation::UploadPart), 3);
        assert!(bench.world.backend.get("box", "k").unwrap() == data);
    }
}

#[tokio::test]
async fn a_part_that_is_listed_twice_counts_once() {
    let bench = Bench::new().await;
    let data = pattern(23 * MIB);
    std::fs::write(bench.path("f"), &data).unwrap();
    let request = || copy(Location::Local(bench.path("f")), remote("k"), false);
    bench.stopped_after(request(), Operation::UploadPart, 2).await;
    let store = bench.world.store().await;
    let upload = store.list_uploads("box", "", None).await.unwrap().uploads.pop().unwrap();
    let there = store.list_parts(&upload).await.unwrap();
    let twice = there.iter().flat_map(|part| [part, part]).map(|part| {
        let Part { number, etag, size, .. } = part;
        format!("<Part><PartNumber>{number}</PartNumber><ETag>\"{etag}\"</ETag><Size>{size}</Size></Part>")
    });
    let answer = format!("<ListPartsResult>{}</ListPartsResult>", twice.collect::<String>());
    let answer = Fault::Answer(200, vec![("content-type", "application/xml")], answer.leak());
    bench.world.backend.faults().add(Rule::always(Operation::Other, answer));
    let (outcome, summary) = bench.run(request()).await;
    assert_eq!(outcome.status, FileStatus::Done, "{:?}", outcome.error);
    assert_eq!(outcome.bytes_resumed, there.iter().map(|part| part.size).sum::<u64>());
    assert_eq!(summary.bytes_sent + summary.bytes_resumed, data.len() as u64);
    assert!(bench.world.backend.get("box", "k").unwrap() == data);
}

#[tokio::test]
async fn a_stopped_download_goes_on_where_it_was_unless_the_object_changed() {
    for changed in [false, true] {
        let bench = Bench::new().await;
        let data = pattern(23 * MIB);
        bench.world.backend.put("box", "k", data.clone());
        let request = || copy(remote("k"), Location::Local(bench.path("in/f")), false);
        bench.stopped_after(request(), Operation::GetObject, 2).await;
        assert!(!bench.path("in/f").exists());
        assert_eq!(std::fs::read_dir(bench.path("in")).unwrap().count(), 1, "the part file is kept");
        let data = if changed { vec![7; 22 * MIB] } else { data };
        bench.world.backend.put("box", "k", data.clone());
        bench.world.backend.faults().take_requests();
        let (outcome, _) = bench.run(request()).await;
        assert_eq!(outcome.status, FileStatus::Done, "{:?}", outcome.error);
        assert_eq!(outcome.bytes_resumed, if changed { 0 } else { 10 << 20 });
        assert_eq!(asked(&bench.world, Operation::GetObject), if changed { 5 } else { 3 });
        assert!(std::fs::read(bench.path("in/f")).unwrap() == data);
        assert_eq!(std::fs::read_dir(bench.path("in")).unwrap().count(), 1, "nothing else is left");
    }
}

#[tokio::test]
async fn a_source_that_changed_is_sent_anew() {
    let bench = Bench::new().await;
    std::fs::write(bench.path("f"), pattern(23 * MIB)).unwrap();
    let request = || copy(Location::Local(bench.path("f")), remote("k"), false);
    bench.stopped_after(request(), Operation::UploadPart, 2).await;
    let data = vec![9; 23 * MIB];
    std::fs::write(bench.path("f"), &data).unwrap();
    let (outcome, _) = bench.run(request()).await;
    assert_eq!((outcome.status, outcome.bytes_resumed), (FileStatus::Done, 0), "{:?}", outcome.error);
    assert!(bench.world.backend.get("box", "k").unwrap() == data);
    assert!(bench.world.backend.uploads("box").is_empty(), "the old upload is aborted");
}

#[tokio::test]
async fn a_stopped_tree_sends_only_what_is_missing_and_looks_at_what_is_there() {
    let bench = Bench::new().await;
    for n in 0..20 {
        let path = bench.path(&format!("tree/{n:02}"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, format!("content {n}")).unwrap();
    }
    let faults = bench.world.backend.faults();
    faults.add(Rule { after: 12, ..Rule::always(Operation::PutObject, Fault::Stall) });
    let request = || copy(Location::Local(bench.path("tree")), remote("t/"), true);
    let (engine, mut events) = bench.engine();
    engine.submit(request());
    let mut done = 0;
    while done < 12 {
        done += usize::from(matches!(events.recv().await.unwrap(), Event::File { .. }));
    }
    engine.stop().await;
    drop(engine);
    faults.clear();
    let unfinished = bench.engine().0.unfinished();
    assert_eq!((unfinished.len(), unfinished[0].files), (1, 12));
    // One that was there has gone meanwhile.
    let gone = bench.world.backend.keys("box")[0].clone();
    bench.world.store().await.delete("box", &gone, None).await.unwrap();
    faults.take_requests();
    let (_, summary) = bench.run(request()).await;
    assert_eq!((summary.files, summary.failed), (20, 0));
    assert_eq!(asked(&bench.world, Operation::PutObject), 9);
    assert_eq!(bench.world.backend.keys("box").len(), 20);
    assert!(bench.engine().0.unfinished().is_empty());
}

#[tokio::test]
async fn forgetting_cleans_up() {
    let bench = Bench::new().await;
    std::fs::write(bench.path("f"), pattern(12 * MIB)).unwrap();
    let request = copy(Location::Local(bench.path("f")), remote("k"), false);
    bench.stopped_after(request, Operation::UploadPart, 1).await;
    let (engine, _) = bench.engine();
    let id = engine.unfinished()[0].id.clone();
    engine.forget(&id).await.unwrap();
    assert!(bench.world.backend.uploads("box").is_empty() && engine.unfinished().is_empty());
    assert_eq!(engine.forget(&id).await.unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn wrong_bytes_are_noticed_in_every_size_and_fetched_again() {
    for size in [100, 3 * MIB, 17 * MIB] {
        for row in [row(|row| row.kept_checksum.is_none()), row(|row| row.kept_checksum == Some("CRC32"))] {
            let bench = Bench { row, ..Bench::new().await };
            let data = pattern(size);
            std::fs::write(bench.path("f"), &data).unwrap();
            bench.run(copy(Location::Local(bench.path("f")), remote("k"), false)).await;
            let fetch = || copy(remote("k"), Location::Local(bench.path("back")), false);
            // A multipart ETag without a kept checksum proves nothing by default.
            let proved = size < 5 * MIB || row.kept_checksum.is_some();
            bench.world.backend.faults().add(Rule::once(Operation::GetObject, Fault::WrongByte(50)));
            let (outcome, _) = bench.run(fetch()).await;
            assert_eq!(outcome.verified == Verified::Size, !proved, "{outcome:?}");
            assert_eq!(std::fs::read(bench.path("back")).unwrap() == data, proved, "{size}");

            std::fs::remove_file(bench.path("back")).unwrap();
            let always = Rule::always(Operation::GetObject, Fault::WrongByte(50));
            bench.world.backend.faults().add(always);
            let (outcome, _) = bench.run(fetch()).await;
            if proved {
                assert_eq!(outcome.error.unwrap().kind(), Kind::Integrity);
                assert!(!bench.path("back").exists(), "nothing wrong gets the name");
            }
        }
    }
}

#[tokio::test]
async fn in_full_the_etag_of_many_parts_is_proved_too() {
    // With 32 MiB a part they come in one piece, or from memory.
    for (size, part_size) in [(11 * MIB, 5 << 20), (11 * MIB, 32 << 20), (MIB / 2, 32 << 20)] {
        let row = row(|row| row.kept_checksum.is_none());
        let bench = Bench { row, verify: Verify::Full, ..Bench::new().await };
        let data = pattern(size);
        let store = bench.world.store().await;
        let upload = store.create_upload("box", "k", &PutOptions::default()).await.unwrap();
        let mut parts = Vec::new();
        for (number, piece) in (1..).zip(data.chunks(6 * MIB)) {
            let part = PartRequest { number, body: Body::from_bytes(piece.to_vec()), digest: None };
            let etag = store.upload_part(&upload, part).await.unwrap();
            parts.push(CompletedPart { number, etag });
        }
        store.complete_upload(&upload, &parts, &PutOptions::default()).await.unwrap();
        let tuning = Tuning { part_size: Some(part_size), ..Tuning::default() };
        let fetch = || Request {
            tuning: tuning.clone(),
            ..copy(remote("k"), Location::Local(bench.path("back")), false)
        };
        let (outcome, _) = bench.run(fetch()).await;
        assert_eq!(outcome.verified, Verified::Etag, "{size} {part_size}: {outcome:?}");
        assert_eq!(std::fs::read(bench.path("back")).unwrap(), data);
        std::fs::remove_file(bench.path("back")).unwrap();
        bench.world.backend.faults().add(Rule::always(Operation::GetObject, Fault::WrongByte(50)));
        let (outcome, _) = bench.run(fetch()).await;
        assert_eq!(outcome.error.unwrap().kind(), Kind::Integrity);
        assert!(!bench.path("back").exists(), "nothing wrong gets the name");
    }
}

#[tokio::test]
async fn what_was_asked_for_besides_is_remembered_and_no_other_transfer() {
    let bench = Bench::new().await;
    std::fs::write(bench.path("f"), pattern(12 * MIB)).unwrap();
    let tuning = Tuning { part_size: Some(6 << 20), verify: Some(Verify::Full), limit_rate: Some(1 << 40) };
    let plain = copy(Location::Local(bench.path("f")), remote("k"), false);
    let request = Request { tuning: tuning.clone(), ..plain.clone() };
    bench.stopped_after(request, Operation::UploadPart, 1).await;
    let (engine, mut events) = bench.engine();
    let unfinished = engine.unfinished();
    assert_eq!((unfinished.len(), &unfinished[0].request.tuning), (1, &tuning));
    engine.resume_unfinished(&unfinished[0]);
    let (outcome, _) = finish(&mut events).await;
    assert_eq!((outcome.status, outcome.verified), (FileStatus::Done, Verified::Md5));
    assert_eq!(outcome.bytes_resumed, 6 << 20, "parts are as large as they were to be");
    assert!(engine.unfinished().is_empty());
}

#[tokio::test]
async fn uploads_are_told_from_others_by_who_began_them() {
    let bench = Bench::new().await;
    std::fs::write(bench.path("f"), pattern(12 * MIB)).unwrap();
    let request = copy(Location::Local(bench.path("f")), remote("k"), false);
    bench.stopped_after(request, Operation::UploadPart, 1).await;
    bench.world.backend.leave_upload("box", "foreign", std::time::SystemTime::now(), &[b"x"]);
    let uploads = bench.world.store().await.list_uploads("box", "", None).await.unwrap().uploads;
    let (engine, _) = bench.engine();
    let origin = |key: &str| {
        let upload = uploads.iter().find(|upload| upload.key == key).unwrap();
        engine.begun_here().origin(upload)
    };
    assert_eq!((origin("k"), origin("foreign")), (Origin::Resumable, Origin::Other));
    std::fs::remove_dir_all(bench.path("journal/files")).unwrap();
    assert_eq!((origin("k"), origin("foreign")), (Origin::Left, Origin::Other));
}

#[tokio::test]
async fn a_lost_answer_to_the_completion_is_no_second_upload() {
    let bench = Bench::new().await;
    let data = pattern(12 * MIB);
    std::fs::write(bench.path("f"), &data).unwrap();
    let request = copy(Location::Local(bench.path("f")), remote("k"), false);
    bench.world.backend.faults().add(Rule::once(Operation::CompleteUpload, Fault::LoseAnswer));
    let (outcome, _) = bench.run(request).await;
    assert_eq!(outcome.status, FileStatus::Done, "{:?}", outcome.error);
    assert_eq!(asked(&bench.world, Operation::UploadPart), 3);
    assert!(bench.world.backend.get("box", "k").unwrap() == data);
}

/// Kills the program at every stage of an upload and of a download until it gets through.
#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_gets_there_without_sending_a_part_twice() {
    let shell = Shell::new().await;
    let data = pattern(33 * MIB);
    shell.write("big", &data);
    let faults = shell.world.backend.faults();
    let mut acknowledged: HashSet<u32> = HashSet::new();
    for round in 1..=3 {
        faults.add(Rule { after: 2, ..Rule::always(Operation::UploadPart, Fault::Stall) });
        let child = shell.command(&["cp", "--part-size", "5MiB", "big", "p:box/k"]).spawn().unwrap();
        until_parts(&shell.world, 2 * round).await;
        kill(child);
        let sent: Vec<u32> = faults.take_requests().into_iter().filter_map(|request| request.part).collect();
        assert!(sent.iter().all(|part| !acknowledged.contains(part)), "sent again: {sent:?}");
        faults.clear();
        acknowledged = parts(&shell.world).await.iter().map(|(number, _)| *number).collect();
    }
    let there: u64 = parts(&shell.world).await.iter().map(|(_, size)| size).sum();
    faults.take_requests();
    let out = shell.ok(&["cp", "--json", "--part-size", "5MiB", "big", "p:box/k"]);
    let again: Vec<u32> = faults.take_requests().into_iter().filter_map(|request| request.part).collect();
    assert!(again.iter().all(|part| !acknowledged.contains(part)), "{again:?}");
    assert!(out.contains(&format!("\"bytes_resumed\":{there}")), "{out}");
    assert!(shell.world.backend.get("box", "k").unwrap() == data);
    assert!(shell.world.backend.uploads("box").is_empty());

    for _ in 0..3 {
        faults.add(Rule { after: 3, ..Rule::always(Operation::GetObject, Fault::Stall) });
        let child = shell.command(&["cp", "--part-size", "5MiB", "p:box/k", "down/k"]).spawn().unwrap();
        let mut ranges = 0;
        until("the ranges are not asked for", || {
            ranges += asked(&shell.world, Operation::GetObject);
            ranges >= 4
        })
        .await;
        kill(child);
        faults.clear();
        assert!(!shell.path("down/k").exists());
    }
    shell.ok(&["cp", "--part-size", "5MiB", "p:box/k", "down/k"]);
    assert!(std::fs::read(shell.path("down/k")).unwrap() == data);
    assert_eq!(names(&shell.path("down")), ["k"]);
    assert_eq!(shell.ok(&["transfers", "ls"]), "");
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    tokio::task::block_in_place(|| child.wait().unwrap());
}

fn names(folder: &Path) -> Vec<String> {
    let found = std::fs::read_dir(folder).unwrap();
    found.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Killed when all of a move had arrived: what has gone from its source already is missed by nobody.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_move_has_taken_away_is_no_failure_later() {
    let all: Vec<String> = (0..4).map(|n| format!("p:box/from/{n}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let several = [&["mv"], &all[..], &["p:box/to/"]].concat();
    for arguments in [several.as_slice(), &["mv", "-r", "p:box/from/", "p:box/to/"]] {
        let shell = Shell::new().await;
        let backend = &shell.world.backend;
        for n in 0..4 {
            backend.put("box", &format!("from/{n}"), format!("{n}"));
        }
        backend.faults().add(Rule { key: "from/3", ..Rule::always(Operation::DeleteObject, Fault::Stall) });
        let child = shell.command(arguments).spawn().unwrap();
        // That the last source may go was written down before it was asked to.
        let mut asked = 0;
        until("it does not get to the last source", || {
            asked += self::asked(&shell.world, Operation::DeleteObject);
            asked >= 4 && backend.keys("box") == ["from/3", "to/0", "to/1", "to/2", "to/3"]
        })
        .await;
        kill(child);
        backend.faults().clear();
        // It went through after all, but nobody was there to hear it.
        backend.delete("box", "from/3");
        shell.ok(&["transfers", "resume"]);
        assert_eq!(backend.keys("box"), ["to/0", "to/1", "to/2", "to/3"]);
        assert_eq!(shell.ok(&["transfers", "ls"]), "");
    }
}

/// That a file may go from its source is written down before it does: whether it has gone is another matter.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_move_could_not_take_away_is_not_called_done_when_its_target_is_gone() {
    for arguments in [&["mv", "-r", "p:box/", "p:other/"][..], &["mv", "p:box/a", "p:box/b", "p:other/"]] {
        let shell = Shell::new().await;
        let backend = &shell.world.backend;
        backend.create_bucket("other");
        backend.put("box", "a", "1");
        backend.put("box", "b", "2");
        let kept = Fault::Status(403, "AccessDenied");
        backend.faults().add(Rule { key: "b", ..Rule::always(Operation::DeleteObject, kept) });
        shell.fails(arguments);
        assert_eq!(
            (backend.keys("box"), backend.keys("other")),
            (vec!["b".into()], vec!["a".into(), "b".into()])
        );
        backend.faults().clear();
        shell.ok(&["rb", "--force", "p:other"]);
        let (code, error) = shell.fails(&["transfers", "resume"]);
        assert!(code == 1 && error.contains("other"), "{error}");
        assert_eq!(backend.keys("box"), ["b"]);
        assert!(shell.ok(&["transfers", "ls"]).contains("p:other/"), "it can be gone on with");
        backend.create_bucket("other");
        shell.ok(&["transfers", "resume"]);
        assert_eq!((backend.keys("box"), backend.keys("other")), (vec![], vec!["b".to_owned()]));
    }
}

/// A name that was chosen because another one was taken is known again: its source goes, and nothing is copied once more.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_goes_on_knows_the_names_that_it_chose() {
    for target in ["p:other/", "down/"] {
        let shell = Shell::new().await;
        let backend = &shell.world.backend;
        backend.create_bucket("other");
        backend.put("box", "a", "ours");
        backend.put("other", "a", "them");
        shell.write("down/a", b"them");
        let there = || {
            let is_local = target == "down/";
            let mut names = if is_local { names(&shell.path("down")) } else { backend.keys("other") };
            names.sort();
            let text = |name: &String| {
                let local = is_local.then(|| std::fs::read(shell.path("down").join(name)).unwrap());
                local.unwrap_or_else(|| backend.get("other", name).unwrap().to_vec())
            };
            names
                .iter()
                .map(|name| (name.clone(), String::from_utf8(text(name)).unwrap()))
                .collect::<Vec<_>>()
        };
        let kept = Fault::Status(403, "AccessDenied");
        backend.faults().add(Rule::always(Operation::DeleteObject, kept));
        shell.fails(&["mv", "-r", "--on-conflict", "rename", "p:box/", target]);
        let both = [("a", "them"), ("a (1)", "ours")].map(|(name, text)| (name.to_owned(), text.to_owned()));
        assert!(there() == both && backend.keys("box") == ["a"]);
        backend.faults().clear();
        let said = shell.ok(&["transfers", "resume", "--json"]);
        assert!(there() == both && backend.keys("box").is_empty(), "{said}");
        assert!(said.contains("a (1)\""), "{said}");
    }
}

/// What is not UTF-8 cannot be part of a key, but a folder above what is moved can be called so. (Not on
/// macOS, whose disks refuse such names.)
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_move_out_of_a_folder_that_is_not_utf8_is_remembered_and_gone_on_with() {
    use std::os::unix::ffi::OsStrExt as _;

    let bench = Bench::new().await;
    let folder = bench.world.folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    std::fs::create_dir(&folder).unwrap();
    for name in ["a", "b"] {
        std::fs::write(folder.join(name), name).unwrap();
    }
    let faults = bench.world.backend.faults();
    faults.add(Rule { key: "t/b", ..Rule::always(Operation::PutObject, Fault::Status(403, "AccessDenied")) });
    let request = copy(Location::Local(folder.clone()), remote("t/"), true);
    let (_, summary) = bench.run(Request { verb: twinpail::transfer::Verb::Move, ..request }).await;
    assert_eq!((summary.files, summary.failed), (1, 1));
    faults.clear();
    let (engine, mut events) = bench.engine();
    let unfinished = engine.unfinished().pop().unwrap();
    assert_eq!(unfinished.moved, [(Location::Local(folder.join("a")), remote("t/a"))]);
    engine.resume_unfinished(&unfinished);
    let (_, summary) = finish(&mut events).await;
    assert_eq!((summary.files, summary.failed), (1, 0));
    assert!(bench.world.backend.keys("box") == ["t/a", "t/b"] && !folder.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_tree_download_leaves_no_scraps_once_it_is_done() {
    let shell = Shell::new().await;
    let (backend, faults) = (&shell.world.backend, shell.world.backend.faults());
    for n in 0..40 {
        backend.put("box", &format!("d/{n:02}.bin"), pattern(2 * MIB));
    }
    faults.add(Rule { after: 10, ..Rule::always(Operation::GetObject, Fault::Stall) });
    let child = shell.command(&["cp", "-r", "p:box/d/", "down/"]).spawn().unwrap();
    let parts = || -> Vec<String> {
        let found = std::fs::read_dir(shell.path("down")).into_iter().flatten().flatten();
        let names = found.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name.contains(".part")).collect()
    };
    until("there is no part file", || !parts().is_empty()).await;
    kill(child);
    faults.clear();
    assert!(!parts().is_empty(), "the kill came too late to test anything");
    shell.ok(&["cp", "-r", "p:box/d/", "down/"]);
    assert_eq!(parts(), Vec::<String>::new());
    assert_eq!(std::fs::read_dir(shell.path("down")).unwrap().count(), 40);
}

/// A tree of which a later page could not be listed is planned anew: what has arrived by then is known.
#[tokio::test]
async fn a_tree_that_is_tried_again_in_the_same_run_copies_nothing_twice() {
    let bench = Bench::new().await;
    for n in 0..1001 {
        bench.world.backend.put("box", &format!("t/{n:04}"), "1");
    }
    std::fs::create_dir(bench.path("in")).unwrap();
    std::fs::write(bench.path("in/0000"), "theirs").unwrap();
    let faults = bench.world.backend.faults();
    let denied = Fault::Status(403, "AccessDenied");
    faults.add(Rule { after: 1, ..Rule::once(Operation::ListObjects, denied) });
    let request = copy(remote("t/"), Location::Local(bench.path("in")), true);
    let (engine, mut events) = bench.engine();
    let id = engine.submit(Request { on_conflict: OnConflict::Rename, ..request });
    let (_, summary) = finish(&mut events).await;
    assert_eq!((summary.files, summary.failed), (1000, 1));
    faults.take_requests();
    engine.retry(id, None);
    let (_, summary) = finish(&mut events).await;
    assert_eq!((summary.failed, asked(&bench.world, Operation::GetObject)), (0, 1));
    let names = names(&bench.path("in"));
    assert_eq!(names.len(), 1002, "{names:?}");
    assert_eq!(std::fs::read(bench.path("in/0000")).unwrap(), b"theirs");
}

/// A name that a copy chose because another one was taken is known to the run that goes on with it.
#[tokio::test]
async fn a_copy_that_goes_on_knows_the_names_that_it_chose() {
    let bench = Bench::new().await;
    for n in 0..6 {
        bench.world.backend.put("box", &format!("from/{n}"), format!("{n}"));
        bench.world.backend.put("box", &format!("to/{n}"), "theirs");
    }
    let local = || Location::Local(bench.path("in"));
    std::fs::create_dir(bench.path("in")).unwrap();
    std::fs::write(bench.path("in/0"), "them").unwrap();
    for (to, operation) in [(local(), Operation::GetObject), (remote("to/"), Operation::CopyObject)] {
        let faults = bench.world.backend.faults();
        faults.add(Rule { after: 5, ..Rule::always(operation, Fault::Stall) });
        let request = Request { on_conflict: OnConflict::Rename, ..copy(remote("from/"), to.clone(), true) };
        let (engine, mut events) = bench.engine();
        engine.submit(request.clone());
        for _ in 0..5 {
            let event = events.recv().await.unwrap();
            assert!(matches!(event, Event::File { .. }), "{event:?}");
        }
        engine.stop().await;
        drop(engine);
        // As if it had been killed just before it could write down that the last of them had arrived.
        let record = std::fs::read_dir(bench.path("journal/jobs")).unwrap().next().unwrap().unwrap().path();
        let text = std::fs::read_to_string(&record).unwrap();
        let last = text.lines().rfind(|line| line.starts_with("{\"done\"")).unwrap();
        std::fs::write(&record, text.replace(&format!("{last}\n"), "")).unwrap();
        faults.clear();
        faults.take_requests();
        let (_, summary) = bench.run(request).await;
        assert_eq!((summary.files, summary.failed, asked(&bench.world, operation)), (6, 0, 1));
    }
    assert_eq!(names(&bench.path("in")).len(), 7);
    assert_eq!(bench.world.backend.keys("box").iter().filter(|key| key.starts_with("to/")).count(), 12);
}

/// What was written down as done, and then replaced by something as long, is moved again.
#[tokio::test]
async fn a_target_that_is_another_one_by_now_is_not_taken_for_done() {
    let bench = Bench::new().await;
    std::fs::create_dir(bench.path("tree")).unwrap();
    for n in 0..3 {
        bench.world.backend.put("box", &format!("from/{n}"), format!("{n}"));
        std::fs::write(bench.path(&format!("tree/{n}")), format!("{n}")).unwrap();
    }
    let up = copy(Location::Local(bench.path("tree")), remote("up/"), true);
    let down = copy(remote("from/"), Location::Local(bench.path("down")), true);
    for (request, operation) in [(up, Operation::PutObject), (down, Operation::GetObject)] {
        let faults = bench.world.backend.faults();
        faults.add(Rule { key: "2", ..Rule::always(operation, Fault::Stall) });
        let (engine, mut events) = bench.engine();
        engine.submit(request.clone());
        for _ in 0..2 {
            assert!(matches!(events.recv().await.unwrap(), Event::File { .. }));
        }
        engine.stop().await;
        faults.clear();
        if operation == Operation::PutObject {
            bench.world.backend.put("box", "up/0", "x");
        } else {
            let file = std::fs::File::create(bench.path("down/0")).unwrap();
            std::io::Write::write_all(&mut &file, b"x").unwrap();
            file.set_modified(std::time::SystemTime::now() + Duration::from_mins(1)).unwrap();
        }
        faults.take_requests();
        let (_, summary) = bench.run(request).await;
        assert_eq!((summary.files, summary.failed, asked(&bench.world, operation)), (3, 0, 2));
    }
    assert_eq!(bench.world.backend.get("box", "up/0").unwrap(), "0");
    assert_eq!(std::fs::read(bench.path("down/0")).unwrap(), b"0");
}

/// (Not on macOS, whose disks refuse such names.)
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_copy_into_a_folder_that_is_not_utf8_is_remembered_and_gone_on_with() {
    use std::os::unix::ffi::OsStrExt as _;

    let bench = Bench::new().await;
    let folder = bench.world.folder.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    let data = pattern(23 * MIB);
    bench.world.backend.put("box", "k", data.clone());
    let request = || Request {
        within: Some(folder.clone()),
        ..copy(remote("k"), Location::Local(folder.join("f")), false)
    };
    bench.stopped_after(request(), Operation::GetObject, 2).await;
    let (engine, mut events) = bench.engine();
    let unfinished = engine.unfinished().pop().expect("it is in the journal");
    engine.resume_unfinished(&unfinished);
    let (outcome, _) = finish(&mut events).await;
    assert_eq!((outcome.status, outcome.bytes_resumed), (FileStatus::Done, 10 << 20), "{outcome:?}");
    assert!(std::fs::read(folder.join("f")).unwrap() == data);
    assert!(names(&folder) == ["f"] && engine.unfinished().is_empty());
}

/// Every plan of a sync is another one; those that were killed are not left for ever when a later one got through.
#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_got_through_leaves_nothing_of_those_that_did_not() {
    for rest in ["b", ""] {
        let shell = Shell::new().await;
        let (backend, faults) = (&shell.world.backend, shell.world.backend.faults());
        shell.write("src/a", b"1");
        shell.write("src/b", b"2");
        shell.write("src/big", &pattern(11 * MIB));
        faults.add(Rule { key: "b", ..Rule::always(Operation::PutObject, Fault::Stall) });
        faults.add(Rule::always(Operation::UploadPart, Fault::Stall));
        let child = shell.command(&["sync", "--part-size", "5MiB", "src/", "p:box/s/"]).spawn().unwrap();
        let mut parts = 0;
        until("it does not begin", || {
            parts += asked(&shell.world, Operation::UploadPart);
            parts > 0 && backend.keys("box") == ["s/a"]
        })
        .await;
        kill(child);
        faults.clear();
        assert!(!shell.ok(&["transfers", "ls"]).is_empty());
        // What is large is not wanted any more; of the rest one is left to be done, or none.
        std::fs::remove_file(shell.path("src/big")).unwrap();
        if rest.is_empty() {
            std::fs::remove_file(shell.path("src/b")).unwrap();
        }
        shell.ok(&["sync", "src/", "p:box/s/"]);
        assert_eq!(shell.ok(&["transfers", "ls"]), "");
        assert!(backend.uploads("box").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_cannot_be_read_are_spoken_of_and_kept() {
    let shell = Shell::new().await;
    shell.write("big", &pattern(11 * MIB));
    shell.world.backend.faults().add(Rule::always(Operation::UploadPart, Fault::Stall));
    let child = shell.command(&["cp", "big", "p:box/k", "--part-size", "5MiB"]).spawn().unwrap();
    until_asked(&shell.world, Operation::UploadPart).await;
    kill(child);
    let mut folders = vec![shell.world.folder.path().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.path().parent().unwrap().ends_with("transfers/jobs") {
                std::fs::write(entry.path(), "{nonsense\n").unwrap();
            }
        }
    }
    for _ in 0..2 {
        let listed = shell.run(&["transfers", "ls"]);
        let said = String::from_utf8(listed.stderr).unwrap();
        assert!(
            listed.stdout.is_empty() && said.contains("1 record of the journal cannot be read"),
            "{said}"
        );
    }
}

/// Two that go on with the same at once: one does it, and nothing is left of the other.
#[tokio::test]
async fn what_another_run_has_done_is_not_left_as_failed() {
    let bench = Bench::new().await;
    let data = pattern(12 * MIB);
    std::fs::write(bench.path("f"), &data).unwrap();
    let request = || copy(Location::Local(bench.path("f")), remote("k"), false);
    bench.world.backend.faults().add(Rule::always(Operation::UploadPart, Fault::Hold));
    let (engine, mut events) = bench.engine();
    engine.submit(request());
    until_asked(&bench.world, Operation::UploadPart).await;
    let (outcome, _) = bench.run(request()).await;
    assert_eq!(outcome.error.unwrap().kind(), Kind::Exists);
    bench.world.backend.faults().let_go();
    assert_eq!(finish(&mut events).await.1.files, 1);
    assert_eq!(engine.unfinished(), []);
    assert!(bench.world.backend.get("box", "k").unwrap() == data);
}
