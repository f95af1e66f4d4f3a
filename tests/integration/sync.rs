//! Two trees made the same and compared, against the in-memory server: what is asked, what is changed, what is not.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use twinpail::config::provider;
use twinpail::demo::{Fault, Operation, Rule};
use twinpail::error::Kind;
use twinpail::location::{Location, Remote};
use twinpail::s3::{Body, CompletedPart, Connections, PartRequest, PutOptions};
use twinpail::sync::{
    self, CheckOptions, Compare, Counts, Filters, Finding, How, Options, Plan, Proof, Reason, Row, Step,
    StepKind,
};
use twinpail::transfer::{Engine, Event, Settings, Summary};

use crate::support::{World, connections, pattern};

/// A server known as `p`, and a folder.
struct Bench {
    world: World,
    known: Connections,
}

impl Bench {
    async fn new() -> Self {
        let world = World::new().await;
        let known = world.connections(|_| {});
        Self { world, known }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.world.folder.path().join(name)
    }

    fn local(&self, name: &str) -> Location {
        Location::Local(self.path(name))
    }

    /// A file that was last changed so many seconds ago.
    fn write(&self, name: &str, text: &str, age: u64) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        self.touch(name, SystemTime::now() - Duration::from_secs(age));
    }

    fn touch(&self, name: &str, time: SystemTime) {
        let file = std::fs::File::options().write(true).open(self.path(name)).unwrap();
        file.set_modified(time).unwrap();
    }

    async fn plan(&self, from: &Location, to: &Location, change: impl FnOnce(&mut Options)) -> Plan {
        let mut options = Options::default();
        change(&mut options);
        sync::plan(&self.known, from, to, &options).await.unwrap()
    }

    /// Plans with deleting and does it all.
    async fn sync(&self, from: &Location, to: &Location) -> (Plan, Summary) {
        let plan = self.plan(from, to, |options| options.delete = true).await;
        let done = self.carry_out(&plan).await;
        (plan, done)
    }

    async fn carry_out(&self, plan: &Plan) -> Summary {
        let (engine, mut events) = Engine::new(self.known.clone(), Settings::default());
        let mut done = Summary::default();
        if Counts::of(&plan.steps).create + Counts::of(&plan.steps).update > 0 {
            engine.submit(sync::request(plan, twinpail::s3::Attributes::default()));
            loop {
                match events.recv().await.unwrap() {
                    Event::Finished { summary, .. } => {
                        done = summary;
                        break;
                    }
                    Event::File { outcome, .. } => assert_eq!(outcome.error, None),
                    Event::Conflict { .. } => panic!("a sync does not ask"),
                }
            }
        }
        let each = |step: &Step, error| assert_eq!(error, None, "{}", step.relative);
        sync::delete(&self.known, &plan.target, &plan.steps, each).await;
        done
    }

    fn asked(&self) -> Vec<Operation> {
        let asked = self.world.backend.faults().take_requests();
        asked.into_iter().map(|request| request.operation).collect()
    }

    async fn check(&self, first: &Location, second: &Location, how: How) -> Vec<Row> {
        let (mut rows, options) = (Vec::new(), CheckOptions { how, ..CheckOptions::default() });
        let each = |row| {
            rows.push(row);
            Ok(())
        };
        let faults = sync::check(&self.known, first, second, &options, each).await.unwrap();
        assert_eq!(faults, []);
        rows.sort_by(|left: &Row, right| left.relative.cmp(&right.relative));
        rows
    }
}

fn remote(key: &str) -> Location {
    of("p", key)
}

fn of(profile: &str, key: &str) -> Location {
    Location::Remote(Remote { profile: profile.into(), bucket: "box".into(), key: key.into() })
}

fn steps(plan: &Plan) -> Vec<(StepKind, &str)> {
    plan.steps.iter().map(|step| (step.kind, step.relative.as_str())).collect()
}

#[tokio::test]
async fn a_folder_goes_up_and_the_second_time_a_listing_is_enough() {
    let bench = Bench::new().await;
    for n in 0..20 {
        bench.write(&format!("tree/d{}/f{n}", n % 3), &format!("content {n}"), 60);
    }
    bench.world.backend.put("box", "t/old", "gone soon");
    bench.world.backend.put("box", "t/dir/", "");
    bench.world.backend.put("box", "tother", "not below the prefix");
    let (plan, summary) = bench.sync(&bench.local("tree"), &remote("t")).await;
    assert_eq!(Counts::of(&plan.steps), Counts { create: 20, update: 0, delete: 1, bytes: summary.bytes });
    assert_eq!(bench.world.backend.get("box", "t/d1/f1").unwrap(), "content 1");
    let keys = bench.world.backend.keys("box");
    assert!(keys.len() == 22 && keys.contains(&"t/dir/".to_owned()) && keys.contains(&"tother".to_owned()));
    let (_, metadata) = bench.world.backend.described("box", "t/d1/f1").unwrap();
    let modified = bench.path("tree/d1/f1").metadata().unwrap().modified().unwrap();
    let kept: f64 = metadata["mtime"].parse().unwrap();
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert!((kept - since.as_secs_f64()).abs() < 1e-3, "{kept}");

    bench.asked();
    let (plan, _) = bench.sync(&bench.local("tree"), &remote("t")).await;
    assert_eq!((steps(&plan), plan.unchanged), (vec![], 20));
    assert_eq!(bench.asked(), [Operation::ListObjects], "no HEAD");

    bench.write("tree/d0/f0", "other content", 0);
    bench.touch("tree/d0/f0", SystemTime::now() + Duration::from_mins(1));
    let (plan, _) = bench.sync(&bench.local("tree"), &remote("t")).await;
    assert_eq!(steps(&plan), [(StepKind::Update, "d0/f0")]);
    assert_eq!(bench.world.backend.get("box", "t/d0/f0").unwrap(), "other content");
}

#[tokio::test]
async fn a_prefix_comes_down_and_what_was_emptied_goes() {
    let bench = Bench::new().await;
    for key in ["in/a", "in/sub/b", "in/sub/c d"] {
        bench.world.backend.put("box", key, key.to_owned());
    }
    bench.world.backend.put("box", "in/folder/", "");
    bench.write("here/stale/deep/x", "x", 0);
    bench.write("here/a", "my own", 60);
    std::fs::create_dir(bench.path("here/own-empty")).unwrap();
    let (plan, _) = bench.sync(&remote("in/"), &bench.local("here")).await;
    assert_eq!(
        steps(&plan),
        [
            (StepKind::Update, "a"),
            (StepKind::Delete, "stale/deep/x"),
            (StepKind::Create, "sub/b"),
            (StepKind::Create, "sub/c d"),
        ]
    );
    let asked = bench.asked();
    assert_eq!(asked.iter().filter(|asked| **asked == Operation::HeadObject).count(), 0, "{asked:?}");
    assert_eq!(std::fs::read(bench.path("here/sub/c d")).unwrap(), b"in/sub/c d");
    assert!(!bench.path("here/stale").exists() && bench.path("here/own-empty").exists());

    let (plan, _) = bench.sync(&remote("in/"), &bench.local("here")).await;
    assert_eq!((steps(&plan), plan.unchanged), (vec![], 3));
    assert_eq!(bench.asked(), [Operation::ListObjects]);

    let (plan, _) = bench.sync(&remote("in/"), &bench.local("not/there/yet")).await;
    assert_eq!(Counts::of(&plan.steps).create, 3);
    assert!(bench.path("not/there/yet/sub/b").exists());
}

#[tokio::test]
async fn objects_go_between_providers_with_their_etags_as_proof() {
    let (here, there) = (World::new().await, World::new().await);
    let known = connections(vec![here.profile("here"), there.profile("there")]);
    for key in ["a", "b/c", "b/", "d"] {
        here.backend.put("box", key, key.to_owned());
    }
    there.backend.put("box", "copy/extra", "x");
    there.backend.put("box", "copy/d", "d");
    let bench = Bench { world: here, known };
    let (plan, _) = bench.sync(&of("here", ""), &of("there", "copy/")).await;
    assert_eq!((Counts::of(&plan.steps).create, Counts::of(&plan.steps).delete, plan.unchanged), (3, 1, 1));
    assert_eq!(there.backend.keys("box"), ["copy/a", "copy/b/", "copy/b/c", "copy/d"]);
    let (plan, _) = bench.sync(&of("here", ""), &of("there", "copy/")).await;
    assert_eq!((steps(&plan), plan.unchanged), (vec![], 4));
}

#[tokio::test]
async fn a_doubt_is_settled_by_one_head_each() {
    let bench = Bench::new().await;
    for name in ["tree/same", "tree/changed"] {
        bench.write(name, "text", 60);
    }
    // The clock was wrong: both seem newer than what was just sent.
    let ahead = SystemTime::now() + Duration::from_hours(24);
    bench.touch("tree/same", ahead);
    bench.touch("tree/changed", ahead);
    bench.sync(&bench.local("tree"), &remote("t/")).await;
    bench.touch("tree/changed", ahead + Duration::from_secs(5));
    bench.asked();
    let plan = bench.plan(&bench.local("tree"), &remote("t/"), |_| {}).await;
    assert_eq!((steps(&plan), plan.unchanged), (vec![(StepKind::Update, "changed")], 1));
    assert_eq!(plan.steps[0].reason, Reason::Newer);
    assert_eq!(bench.asked(), [Operation::ListObjects, Operation::HeadObject, Operation::HeadObject]);
    let plan =
        bench.plan(&bench.local("tree"), &remote("t/"), |options| options.compare = Compare::Size).await;
    assert_eq!(steps(&plan), []);

    // The other way: the file is older than the object, but it is what was sent.
    bench.touch("tree/same", SystemTime::now() - Duration::from_hours(24));
    bench.sync(&bench.local("tree"), &remote("u/")).await;
    let plan = bench.plan(&remote("u/"), &bench.local("tree"), |_| {}).await;
    assert_eq!((steps(&plan), plan.unchanged), (vec![], 2));
}

#[tokio::test]
async fn a_fault_in_a_listing_deletes_nothing_but_goes_on() {
    use std::os::unix::ffi::OsStrExt as _;
    let bench = Bench::new().await;
    bench.write("tree/new", "new", 60);
    let odd = std::ffi::OsStr::from_bytes(b"not \xff utf-8");
    std::fs::write(bench.path("tree").join(odd), "x").unwrap();
    bench.world.backend.put("box", "t/extra", "x");
    let (plan, _) = bench.sync(&bench.local("tree"), &remote("t/")).await;
    assert_eq!(steps(&plan), [(StepKind::Create, "new")]);
    assert_eq!((plan.extra, plan.faults.len()), (1, 1));
    assert_eq!(bench.world.backend.keys("box"), ["t/extra", "t/new"]);

    // A page that does not come is no end of the listing either.
    let bench = Bench::new().await;
    for n in 0..1500 {
        bench.world.backend.put("box", &format!("in/{n:04}"), "x");
    }
    bench.write("here/in-the-second-page", "x", 0);
    let denied = Fault::Status(403, "AccessDenied");
    bench.world.backend.faults().add(Rule { after: 1, ..Rule::always(Operation::ListObjects, denied) });
    let plan = bench.plan(&remote("in/"), &bench.local("here"), |options| options.delete = true).await;
    assert_eq!(Counts::of(&plan.steps), Counts { create: 1000, update: 0, delete: 0, bytes: 1000 });
    assert_eq!(plan.faults[0].kind(), Kind::Denied);
    let nothing = sync::plan(&bench.known, &remote("in/"), &bench.local("here"), &Options::default()).await;
    assert_eq!(
        nothing.unwrap_err().kind(),
        Kind::Denied,
        "of a listing without a first page nothing is known"
    );
}

/// Whatever two trees hold: after one sync the target is as the source, and a second one has nothing to do.
#[tokio::test]
async fn after_a_sync_the_target_is_as_the_source() {
    let mut random = fastrand::Rng::with_seed(7);
    let names = ["a", "b/x", "b/y", "c.d/e", "日本語", "z", "b z", "..hidden"];
    let bench = Bench::new().await;
    for round in 0..12 {
        let (here, prefix) = (format!("tree{round}"), format!("t{round}/"));
        std::fs::create_dir_all(bench.path(&here)).unwrap();
        for name in names {
            let text = ["", "1", "22", "333"][random.usize(..4)];
            if random.bool() {
                bench.write(&format!("{here}/{name}"), text, random.u64(10..100));
            }
            if random.bool() {
                bench.world.backend.put(
                    "box",
                    &format!("{prefix}{name}"),
                    "other".get(..random.usize(..4)).unwrap(),
                );
            }
        }
        let (local, there) = (bench.local(&here), remote(&prefix));
        let (from, to) = if random.bool() { (&local, &there) } else { (&there, &local) };
        // An object is newer than a file that is older; whose bytes count is told by their sizes or their content.
        let plan = bench.plan(from, to, |options| {
            (options.delete, options.compare) = (true, Compare::Checksum);
        });
        let plan = plan.await;
        bench.carry_out(&plan).await;
        let after = bench.plan(from, to, |options| {
            (options.delete, options.compare) = (true, Compare::Checksum);
        });
        assert_eq!(steps(&after.await), [], "round {round}: {from} to {to}");
        let rows = bench.check(from, to, How::Proof).await;
        assert!(rows.iter().all(|row| matches!(row.finding, Finding::Same(_))), "round {round}: {rows:?}");
    }
}

/// What a server lists that keeps no order and repeats itself.
const UNORDERED: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult><Name>box</Name><Prefix>t/</Prefix>\
<KeyCount>4</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>\
<Contents><Key>t/z</Key><Size>1</Size><ETag>&quot;e&quot;</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>\
<Contents><Key>t/same</Key><Size>4</Size><ETag>&quot;e&quot;</ETag><LastModified>2040-01-01T00:00:00.000Z</LastModified></Contents>\
<Contents><Key>t/a</Key><Size>1</Size><ETag>&quot;e&quot;</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>\
<Contents><Key>t/same</Key><Size>4</Size><ETag>&quot;e&quot;</ETag><LastModified>2040-01-01T00:00:00.000Z</LastModified></Contents>\
</ListBucketResult>";

#[tokio::test]
async fn a_listing_out_of_order_misleads_nobody() {
    let bench = Bench::new().await;
    bench.write("tree/a", "larger", 60);
    bench.write("tree/same", "same", 60);
    bench.write("tree/new", "new", 60);
    let answer = Fault::Answer(200, vec![("content-type", "application/xml")], UNORDERED);
    bench.world.backend.faults().add(Rule::always(Operation::ListObjects, answer));
    let plan = bench.plan(&bench.local("tree"), &remote("t/"), |options| options.delete = true).await;
    let wanted = [(StepKind::Update, "a"), (StepKind::Create, "new"), (StepKind::Delete, "z")];
    let mut found = steps(&plan);
    found.sort_by_key(|(_, name)| *name);
    assert_eq!((found.as_slice(), plan.unchanged), (wanted.as_slice(), 1));
    // The other way round a key that comes twice is one file.
    let plan = bench.plan(&remote("t/"), &bench.local("back"), |_| {}).await;
    let mut found = steps(&plan);
    found.sort_unstable_by_key(|(_, name)| *name);
    assert_eq!(found, [(StepKind::Create, "a"), (StepKind::Create, "same"), (StepKind::Create, "z")]);
}

#[tokio::test]
async fn what_is_left_out_is_neither_copied_nor_deleted() {
    let bench = Bench::new().await;
    for name in ["a.txt", "a.log", "keep.log", "target/x", "tmp/y", "more/z"] {
        bench.write(&format!("tree/{name}"), "x", 60);
    }
    std::os::unix::fs::symlink("x", bench.path("tree/target/link")).unwrap();
    bench.write("tree/.twinpailignore", "*.log\n!keep.log\ntarget/\n.twinpailignore\n", 60);
    bench.write("mine", "more/\n", 60);
    for key in ["t/b.log", "t/target/extra", "t/tmp/extra", "t/more/extra", "t/extra"] {
        bench.world.backend.put("box", key, "x");
    }
    let plan = bench
        .plan(&bench.local("tree"), &remote("t/"), |options| {
            options.delete = true;
            let (exclude, ignore_files) = (vec!["tmp/*".into()], vec![bench.path("mine")]);
            options.filters = Filters { exclude, ignore_files, ..Filters::default() };
        })
        .await;
    let expected = [(StepKind::Create, "a.txt"), (StepKind::Delete, "extra"), (StepKind::Create, "keep.log")];
    assert_eq!((steps(&plan), plan.faults.len()), (expected.to_vec(), 0));
}

#[tokio::test]
async fn content_decides_when_checksums_are_asked_for() {
    for (row, proof) in [("minio", "md5"), ("aws", "a kept checksum")] {
        let bench = Bench::new().await;
        let world = &bench.world;
        let known = connections(vec![world.profile_of("p", provider(row).unwrap())]);
        let bench = Bench { known, ..bench };
        bench.write("tree/same", "text", 0);
        bench.write("tree/other", "text", 600);
        bench.world.backend.put("box", "t/same", "text");
        bench.world.backend.put("box", "t/other", "TEXT");
        let plan = bench
            .plan(&bench.local("tree"), &remote("t/"), |options| options.compare = Compare::Checksum)
            .await;
        assert_eq!(steps(&plan), [(StepKind::Update, "other")], "{proof}");
        assert_eq!(plan.steps[0].reason, Reason::Content);
    }
}

/// An object in these parts.
async fn in_parts(bench: &Bench, key: &str, pieces: impl Iterator<Item = &[u8]>) {
    let store = bench.known.store("p").await.unwrap();
    let upload = store.create_upload("box", key, &PutOptions::default()).await.unwrap();
    let mut parts = Vec::new();
    for (number, part) in (1..).zip(pieces) {
        let body = Body::from_bytes(part.to_vec());
        let etag = store.upload_part(&upload, PartRequest { number, body, digest: None }).await.unwrap();
        parts.push(CompletedPart { number, etag });
    }
    store.complete_upload(&upload, &parts, &PutOptions::default()).await.unwrap();
}

#[tokio::test]
async fn trees_are_compared_by_the_best_proof_there_is() {
    let bench = Bench::new().await;
    let data = pattern(11 << 20);
    let text = |name: &str, bytes: &[u8]| {
        bench.write(&format!("tree/{name}"), "", 0);
        std::fs::write(bench.path("tree").join(name), bytes).unwrap();
    };
    text("parts", &data);
    text("odd-parts", &data);
    text("unequal-parts", &data);
    text("content", b"text");
    text("size", b"longer");
    text("md5", b"text");
    text("mine", b"x");
    in_parts(&bench, "t/parts", data.chunks(5 << 20)).await;
    in_parts(&bench, "t/odd-parts", data.chunks((5 << 20) + 1)).await;
    let (first, second) = data.split_at(5 << 20);
    in_parts(&bench, "t/unequal-parts", [first, second].into_iter()).await;
    for (key, text) in [("content", "TEXT"), ("size", "short"), ("md5", "text"), ("theirs", "x")] {
        bench.world.backend.put("box", &format!("t/{key}"), text);
    }
    let rows = bench.check(&bench.local("tree"), &remote("t"), How::Proof).await;
    let found: Vec<(&str, &Finding)> = rows.iter().map(|row| (row.relative.as_str(), &row.finding)).collect();
    let md5 = Proof::Checksum(twinpail::s3::Algorithm::Md5);
    assert_eq!(
        found,
        [
            ("content", &Finding::Differs(md5)),
            ("md5", &Finding::Same(md5)),
            ("mine", &Finding::OnlyFirst),
            ("odd-parts", &Finding::Same(Proof::Etag)),
            ("parts", &Finding::Same(Proof::Etag)),
            ("size", &Finding::Differs(Proof::Size)),
            ("theirs", &Finding::OnlySecond),
            ("unequal-parts", &Finding::Same(Proof::Size)),
        ]
    );
    let rows = bench.check(&remote("t"), &bench.local("tree"), How::Size).await;
    assert_eq!(rows[0].finding, Finding::Same(Proof::Size));
    text("odd-parts", &[&data[..data.len() - 1], b"!"].concat());
    let rows = bench.check(&bench.local("tree"), &remote("t"), How::Bytes).await;
    let of = |name: &str| &rows.iter().find(|row| row.relative == name).unwrap().finding;
    assert_eq!(
        (of("parts"), of("odd-parts")),
        (&Finding::Same(Proof::Bytes), &Finding::Differs(Proof::Bytes))
    );
    let rows = bench.check(&bench.local("tree/md5"), &remote("t/content"), How::Proof).await;
    assert_eq!(rows[0].finding, Finding::Differs(md5), "two single files");
}

#[tokio::test]
async fn places_that_would_destroy_each_other_are_refused() {
    let bench = Bench::new().await;
    bench.write("tree/f", "x", 0);
    for (from, to, kind) in [
        (remote("a/"), remote("a/b/"), Kind::Overlap),
        (bench.local("tree"), bench.local("tree/below"), Kind::Overlap),
        (bench.local("tree/f"), remote("a/"), Kind::Usage),
        (remote("a/"), Location::Profile("p".into()), Kind::Usage),
    ] {
        let refused = sync::plan(&bench.known, &from, &to, &Options::default()).await.unwrap_err();
        assert_eq!(refused.kind(), kind, "{from} {to}");
    }
    let missing = sync::plan(&bench.known, &bench.local("none"), &remote("a/"), &Options::default()).await;
    assert_eq!(missing.unwrap_err().kind(), Kind::NotFound);
    assert_eq!(bench.asked(), []);
}

#[tokio::test]
async fn keys_that_are_no_local_names_are_synced_both_ways() {
    let bench = Bench::new().await;
    let keys = ["in/../out", "in//x", "in/good"];
    for key in keys {
        bench.world.backend.put("box", key, "x");
    }
    let (plan, _) = bench.sync(&remote("in/"), &bench.local("here")).await;
    assert_eq!((steps(&plan).len(), plan.faults.len()), (3, 0));
    assert!(bench.path("here/．．/out").exists() && !bench.path("out").exists());
    let (plan, _) = bench.sync(&remote("in/"), &bench.local("here")).await;
    assert_eq!(steps(&plan), [], "nothing is left to do");
    bench.sync(&bench.local("here"), &remote("back/")).await;
    let back: Vec<String> = keys.iter().map(|key| key.replacen("in/", "back/", 1)).collect();
    assert!(back.iter().all(|key| bench.world.backend.get("box", key).is_some()));
}

#[tokio::test]
async fn a_planted_link_is_a_fault_and_stops_only_deleting() {
    let bench = Bench::new().await;
    for key in ["in/good", "in/way/out"] {
        bench.world.backend.put("box", key, "x");
    }
    bench.write("here/extra", "x", 0);
    std::os::unix::fs::symlink("/tmp", bench.path("here/way")).unwrap();
    let (plan, _) = bench.sync(&remote("in/"), &bench.local("here")).await;
    assert_eq!(steps(&plan), [(StepKind::Create, "good")]);
    assert!(!plan.faults.is_empty() && bench.path("here/extra").exists());
}
