//! Every option of `cp`, `mv` and `sync` with every sort of source and target: it is obeyed, which shows, or refused
//! with exit 2 before anything is done. An option that clap knows and the table does not fails the test.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use twinpail::demo::{ACCESS_KEY_ID, Operation, SECRET_ACCESS_KEY};

use crate::cli::Shell;
use crate::support::{World, pattern};

const SMALL: usize = 20 << 10;
/// More than one part of the smallest size.
const PARTS: usize = 6 << 20;

/// What bytes come from, or go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    File,
    Tree,
    Object,
    Prefix,
    /// An object of another provider.
    AwayObject,
    /// A prefix of another provider.
    AwayPrefix,
    Stdin,
    Stdout,
}

impl End {
    fn is_local(self) -> bool {
        matches!(self, Self::File | Self::Tree)
    }

    fn is_stream(self) -> bool {
        matches!(self, Self::Stdin | Self::Stdout)
    }

    fn is_remote(self) -> bool {
        !self.is_local() && !self.is_stream()
    }

    fn is_tree(self) -> bool {
        matches!(self, Self::Tree | Self::Prefix | Self::AwayPrefix)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    from: End,
    to: End,
}

const fn way(from: End, to: End) -> Way {
    Way { from, to }
}

const TREES: [Way; 5] = [
    way(End::Tree, End::Prefix),
    way(End::Prefix, End::Tree),
    way(End::Prefix, End::Prefix),
    way(End::Prefix, End::AwayPrefix),
    way(End::Tree, End::Tree),
];

const SINGLES: [Way; 7] = [
    way(End::File, End::Object),
    way(End::Object, End::File),
    way(End::Object, End::Object),
    way(End::Object, End::AwayObject),
    way(End::File, End::File),
    way(End::Stdin, End::Object),
    way(End::Object, End::Stdout),
];

/// One run of one command on places of its own.
struct Case<'a> {
    bench: &'a Bench,
    command: &'static str,
    way: Way,
    id: usize,
    size: usize,
    /// What the target holds already.
    occupied: bool,
}

/// Two servers and a folder.
struct Bench {
    shell: Shell,
    away: World,
}

impl Bench {
    async fn new() -> Self {
        let (shell, away) = (Shell::new().await, World::new().await);
        let profile = |name: &str, world: &World| {
            format!(
                "[profiles.{name}]\nprovider = \"minio\"\nendpoint = \"{}\"\naccess_key_id = \"{ACCESS_KEY_ID}\"\nsecret_access_key = \"{SECRET_ACCESS_KEY}\"\n",
                world.server.endpoint()
            )
        };
        shell.configure(&format!("{}{}", profile("p", &shell.world), profile("q", &away)));
        shell.world.backend.set_versioned("box");
        away.backend.set_versioned("box");
        Self { shell, away }
    }
}

/// What of a tree there is; of a single file `a.txt`.
const NAMES: [&str; 3] = ["a.txt", BINARY, "sub/c.txt"];
const BINARY: &str = "b.bin";
const OLD: &[u8] = b"what was there";

impl Case<'_> {
    fn text(&self, end: End, side: &str) -> String {
        let id = self.id;
        match end {
            End::File => format!("{side}{id}/a.txt"),
            End::Tree => format!("{side}{id}/"),
            End::Object => format!("p:box/{side}{id}/a.txt"),
            End::Prefix => format!("p:box/{side}{id}/"),
            End::AwayObject => format!("q:box/{side}{id}/a.txt"),
            End::AwayPrefix => format!("q:box/{side}{id}/"),
            End::Stdin | End::Stdout => "-".to_owned(),
        }
    }

    fn names(&self) -> &'static [&'static str] {
        if self.way.from.is_tree() { &NAMES } else { &NAMES[..1] }
    }

    fn data(&self) -> Vec<u8> {
        pattern(self.size)
    }

    fn put(&self, end: End, side: &str, name: &str, bytes: &[u8]) {
        let place = format!("{side}{}/{name}", self.id);
        match end {
            End::File | End::Tree | End::Stdin => self.bench.shell.write(&place, bytes),
            End::Object | End::Prefix => self.bench.shell.world.backend.put("box", &place, bytes.to_vec()),
            End::AwayObject | End::AwayPrefix => self.bench.away.backend.put("box", &place, bytes.to_vec()),
            End::Stdout => {}
        }
    }

    fn get(&self, end: End, side: &str, name: &str) -> Option<Vec<u8>> {
        let place = format!("{side}{}/{name}", self.id);
        match end {
            End::File | End::Tree => std::fs::read(self.bench.shell.path(&place)).ok(),
            End::Object | End::Prefix => self.bench.shell.world.backend.get("box", &place).map(Into::into),
            End::AwayObject | End::AwayPrefix => self.bench.away.backend.get("box", &place).map(Into::into),
            End::Stdin | End::Stdout => None,
        }
    }

    /// Makes the source, and the target where it has to exist.
    fn prepare(&self) {
        for name in self.names() {
            self.put(self.way.from, "s", name, &self.data());
            if self.occupied {
                self.put(self.way.to, "t", name, OLD);
            }
        }
        if self.way.to.is_local() {
            std::fs::create_dir_all(self.bench.shell.path(&format!("t{}", self.id))).unwrap();
        }
    }

    fn run(&self, arguments: &[String]) -> Output {
        let (from, to) = (self.text(self.way.from, "s"), self.text(self.way.to, "t"));
        let mut all = vec![self.command];
        let is_given = arguments.iter().any(|text| text == "--recursive");
        if self.way.from.is_tree() && self.command != "sync" && !is_given {
            all.push("-r");
        }
        all.extend(arguments.iter().map(String::as_str));
        all.extend([from.as_str(), to.as_str()]);
        let mut command = self.bench.shell.command(&all);
        if self.way.from == End::Stdin {
            command.stdin(File::open(self.bench.shell.path(&format!("s{}/a.txt", self.id))).unwrap());
        }
        tokio::task::block_in_place(|| command.output().unwrap())
    }

    /// The names that arrived whole.
    fn arrived(&self, output: &Output) -> BTreeSet<&'static str> {
        let is_whole = |name: &&&str| match self.way.to {
            End::Stdout => output.stdout == self.data(),
            to => self.get(to, "t", name).is_some_and(|bytes| bytes == self.data()),
        };
        self.names().iter().filter(is_whole).copied().collect()
    }

    /// Asserts that nothing was written, and that the source is as it was.
    fn nothing_was_done(&self, output: &Output) {
        for name in self.names() {
            let target = self.get(self.way.to, "t", name);
            assert_eq!(target.as_deref(), self.occupied.then_some(OLD), "{} {name}", self.said(output));
            if !self.way.from.is_stream() {
                let source = self.get(self.way.from, "s", name);
                assert!(source.is_some_and(|bytes| bytes == self.data()), "{} {name}", self.said(output));
            }
        }
        if self.way.to == End::Stdout {
            assert!(output.stdout.is_empty(), "{}", self.said(output));
        }
    }

    fn said(&self, output: &Output) -> String {
        format!(
            "{} {:?}: exit {:?}, {}",
            self.command,
            self.way,
            output.status.code(),
            String::from_utf8_lossy(&output.stderr)
        )
    }

    /// What HEAD says of the target's `a.txt`.
    fn stat(&self) -> Value {
        let profile =
            if self.way.to == End::AwayObject || self.way.to == End::AwayPrefix { 'q' } else { 'p' };
        let place = format!("{profile}:box/t{}/a.txt", self.id);
        self.bench.shell.json(&["stat", "--json", &place]).remove(0)
    }
}

/// One option.
struct Row {
    option: &'static str,
    /// How it is given.
    arguments: &'static [&'static str],
    size: usize,
    occupied: bool,
    /// Whether it means anything on this way; else it is refused.
    applies: fn(Way) -> bool,
    /// What shows that it is obeyed.
    effect: fn(&Case<'_>, &Output),
}

impl Row {
    const fn new(
        option: &'static str,
        arguments: &'static [&'static str],
        applies: fn(Way) -> bool,
        effect: fn(&Case<'_>, &Output),
    ) -> Self {
        Self { option, arguments, size: SMALL, occupied: false, applies, effect }
    }

    const fn occupied(self) -> Self {
        Self { occupied: true, ..self }
    }

    const fn in_parts(self) -> Self {
        Self { size: PARTS, ..self }
    }
}

fn everywhere(_: Way) -> bool {
    true
}

fn to_objects(way: Way) -> bool {
    way.to.is_remote()
}

fn with_names(way: Way) -> bool {
    way.from != End::Stdin
}

fn with_requests(way: Way) -> bool {
    way.to != End::Stdout && !(way.from.is_local() && way.to.is_local())
}

fn with_lines(way: Way) -> bool {
    way.to != End::Stdout
}

fn from_stdin(way: Way) -> bool {
    way.from == End::Stdin
}

fn arrives(case: &Case<'_>, output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", case.said(output));
    assert_eq!(case.arrived(output).len(), case.names().len(), "{}", case.said(output));
}

fn only_text_files_arrive(case: &Case<'_>, output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", case.said(output));
    let expected: BTreeSet<_> = case.names().iter().copied().filter(|name| *name != BINARY).collect();
    assert_eq!(case.arrived(output), expected, "{}", case.said(output));
    for name in case.names().iter().filter(|name| **name == BINARY) {
        assert!(case.get(case.way.from, "s", name).is_some(), "{}", case.said(output));
    }
}

/// Of what is named itself the pattern takes nothing.
fn nothing_that_is_left_out_is_touched(case: &Case<'_>, output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", case.said(output));
    let left: Vec<_> = case.names().iter().filter(|name| !name.ends_with("c.txt")).collect();
    for name in left {
        assert_eq!(case.get(case.way.to, "t", name), None, "{} {name}", case.said(output));
        assert!(case.get(case.way.from, "s", name).is_some(), "{} {name}", case.said(output));
    }
    assert_eq!(case.way.from.is_tree(), case.arrived(output).contains("sub/c.txt"), "{}", case.said(output));
}

fn nothing_changes(case: &Case<'_>, output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}", case.said(output));
    case.nothing_was_done(output);
}

fn dry(case: &Case<'_>, output: &Output) {
    nothing_changes(case, output);
    let said = [output.stdout.as_slice(), &output.stderr].concat();
    assert!(String::from_utf8_lossy(&said).contains("would "), "{}", case.said(output));
}

fn has(case: &Case<'_>, output: &Output, words: &str) {
    arrives(case, output);
    let told = case.stat().to_string();
    assert!(told.contains(words), "{}: {told}", case.said(output));
}

fn lines(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn speaks_json(case: &Case<'_>, output: &Output) {
    arrives(case, output);
    let rows = lines(output);
    assert_eq!(rows.len(), case.names().len() + 1, "{}", case.said(output));
    for row in &rows[..case.names().len()] {
        assert_eq!((row["status"].as_str(), row["bytes"].as_u64()), (Some("done"), Some(SMALL as u64)));
    }
    assert_eq!(rows[case.names().len()]["summary"]["files"], case.names().len());
}

/// Requests for parts or ranges, or a copy that has no parts of its own.
fn goes_in_parts(case: &Case<'_>, output: &Output) {
    arrives(case, output);
    let servers = [&case.bench.shell.world, &case.bench.away];
    let requests: Vec<_> = servers.iter().flat_map(|world| world.backend.faults().take_requests()).collect();
    let of = |operation| {
        let place = format!("{}/a.txt", case.id);
        requests
            .iter()
            .filter(|request| request.operation == operation && request.key.contains(&place))
            .count()
    };
    let parts = match case.way {
        Way { to: End::File | End::Tree, .. } => of(Operation::GetObject),
        Way { to: End::Object | End::Prefix, from: End::Object | End::Prefix } => {
            of(Operation::CopyPart).max(2 * of(Operation::CopyObject))
        }
        _ => of(Operation::UploadPart),
    };
    assert_eq!(parts, 2, "{}", case.said(output));
}

const SHARED: &[Row] = &[
    Row::new("include", &["--include", "*.txt"], with_names, only_text_files_arrive),
    Row::new("include", &["--include", "*c.txt"], with_names, nothing_that_is_left_out_is_touched),
    Row::new("exclude", &["--exclude", "*.bin"], with_names, only_text_files_arrive),
    Row::new(
        "exclude",
        &["--exclude", "a*", "--exclude", "b*"],
        with_names,
        nothing_that_is_left_out_is_touched,
    ),
    Row::new("dry-run", &["--dry-run"], everywhere, dry),
    Row::new("dry-run", &["--dry-run"], everywhere, dry).occupied(),
    Row::new("storage-class", &["--storage-class", "STANDARD_IA"], to_objects, |case, output| {
        has(case, output, "STANDARD_IA");
    }),
    Row::new("content-type", &["--content-type", "text/x-own"], to_objects, |case, output| {
        has(case, output, "text/x-own");
    }),
    Row::new("metadata", &["--metadata", "owner=ada-l"], to_objects, |case, output| {
        has(case, output, "ada-l");
    }),
    Row::new("sse", &["--sse", "AES256"], to_objects, |case, output| has(case, output, "AES256")),
    Row::new("part-size", &["--part-size", "5MiB"], with_requests, goes_in_parts).in_parts(),
    Row::new("parallel", &["--parallel", "1"], with_requests, arrives),
    Row::new("verify", &["--verify", "full"], with_requests, arrives),
    Row::new("verify", &["--verify", "off"], everywhere, arrives),
    Row::new("no-verify", &["--no-verify"], everywhere, arrives),
    Row::new("no-verify", &["--no-verify", "--json"], with_lines, |case, output| {
        arrives(case, output);
        assert!(
            matches!(lines(output)[0]["verified"].as_str(), Some("size" | "etag")),
            "{}",
            case.said(output)
        );
    }),
    // The wait is measured where the rows are run.
    Row::new("limit-rate", &["--limit-rate", "100KiB"], everywhere, arrives),
    Row::new("json", &["--json"], with_lines, speaks_json),
    Row::new("config", &["--config", "config.toml"], everywhere, arrives),
    Row::new("profile", &["--profile", "p"], everywhere, arrives),
    Row::new("log", &["--log", "log.txt"], everywhere, |case, output| {
        arrives(case, output);
        assert!(case.bench.shell.path("log.txt").exists());
    }),
    Row::new("verbose", &["--verbose"], |_| false, arrives),
    Row::new("verbose", &["--log", "log.txt", "--verbose"], everywhere, arrives),
    Row::new("color", &["--color", "always"], everywhere, arrives),
];

const COPY: &[Row] = &[
    // On trees it is given anyhow; a file is copied, and below an object there is nothing.
    Row::new(
        "recursive",
        &["--recursive"],
        |way| !way.from.is_stream() && !way.to.is_stream(),
        |case, output| match case.way.from {
            End::Object => assert_eq!(output.status.code(), Some(1), "{}", case.said(output)),
            _ => arrives(case, output),
        },
    ),
    Row::new("on-conflict", &["--on-conflict", "overwrite"], with_lines, arrives).occupied(),
    Row::new("on-conflict", &["--on-conflict", "skip"], with_lines, nothing_changes).occupied(),
    Row::new("on-conflict", &["--on-conflict", "skip"], with_lines, arrives),
    Row::new("on-conflict", &["--on-conflict", "newer"], with_lines, arrives),
    Row::new("on-conflict", &["--on-conflict", "fail"], with_lines, |case, output| {
        assert_eq!(output.status.code(), Some(1), "{}", case.said(output));
        case.nothing_was_done(output);
    })
    .occupied(),
    Row::new("on-conflict", &["--on-conflict", "rename"], with_lines, |case, output| {
        assert_eq!(output.status.code(), Some(0), "{}", case.said(output));
        assert_eq!(case.get(case.way.to, "t", "a.txt").as_deref(), Some(OLD), "{}", case.said(output));
        assert_eq!(case.get(case.way.to, "t", "a (1).txt"), Some(case.data()), "{}", case.said(output));
    })
    .occupied(),
    Row::new("on-conflict", &["--on-conflict", "ask"], |_| false, arrives),
    Row::new("expected-size", &["--expected-size", "20KiB"], from_stdin, arrives),
];

const SYNC: &[Row] = &[
    Row::new("delete", &["--delete"], everywhere, |case, output| {
        arrives(case, output);
        assert_eq!(case.get(case.way.to, "t", "extra"), None, "{}", case.said(output));
    }),
    Row::new("force", &["--delete", "--force"], everywhere, arrives),
    Row::new("checksum", &["--checksum"], everywhere, arrives).occupied(),
    Row::new("size-only", &["--size-only"], everywhere, arrives).occupied(),
    Row::new("ignore-file", &["--ignore-file", "ignored"], everywhere, only_text_files_arrive),
    Row::new("yes", &["--yes"], everywhere, arrives),
];

/// Options that a table of its own test looks at (`copy-links`: in `files`), or that say something instead of doing
/// anything.
const ELSEWHERE: [&str; 4] = ["version-id", "copy-links", "help", "version"];

fn every_option_has_a_row(command: &str, rows: &[&Row]) {
    let mut whole = twinpail::cli::command();
    whole.build();
    let known = whole.find_subcommand(command).unwrap();
    let options: BTreeSet<&str> = known.get_arguments().filter_map(clap::Arg::get_long).collect();
    let covered: BTreeSet<&str> = rows.iter().map(|row| row.option).chain(ELSEWHERE).collect();
    let missing: Vec<_> = options.difference(&covered).collect();
    assert!(missing.is_empty(), "{command}: no row for {missing:?}");
}

async fn run(command: &'static str, own: &[Row], ways: &[Way]) {
    let bench = Bench::new().await;
    let rows: Vec<&Row> = SHARED.iter().chain(own).collect();
    every_option_has_a_row(command, &rows);
    bench.shell.write("ignored", b"*.bin\n");
    let mut id = 0;
    for row in rows {
        for way in ways {
            id += 1;
            let (size, occupied) = (row.size, row.occupied && !way.to.is_stream());
            let case = Case { bench: &bench, command, way: *way, id, size, occupied };
            case.prepare();
            if row.option == "delete" {
                case.put(way.to, "t", "extra", b"extra");
            }
            let arguments: Vec<String> = row.arguments.iter().map(|&text| text.to_owned()).collect();
            let started = Instant::now();
            let output = case.run(&arguments);
            let moves_a_stream = command == "mv" && (way.from.is_stream() || way.to.is_stream());
            if moves_a_stream || !(row.applies)(*way) {
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_eq!(output.status.code(), Some(2), "--{}: {}", row.option, case.said(&output));
                assert!(said.contains("hint:"), "--{}: {said}", row.option);
                case.nothing_was_done(&output);
                continue;
            }
            println!("--{} {:?} {way:?}", row.option, row.arguments);
            (row.effect)(&case, &output);
            let limited = row.option == "limit-rate";
            // A server's copy moves no bytes through here.
            let through_here = !(way.from.is_remote() && matches!(way.to, End::Object | End::Prefix));
            if limited && through_here {
                let least = SMALL as f64 * case.names().len() as f64 / f64::from(100 << 10) - 0.1;
                assert!(started.elapsed() >= Duration::from_secs_f64(least), "{}", case.said(&output));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cp_obeys_or_refuses_every_option() {
    run("cp", COPY, &SINGLES).await;
    run("cp", COPY, &TREES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mv_obeys_or_refuses_every_option() {
    run("mv", COPY, &SINGLES).await;
    run("mv", COPY, &TREES).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_obeys_or_refuses_every_option() {
    run("sync", SYNC, &TREES).await;
}

/// `mv` takes away what has arrived, and only that.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_takes_away_what_arrived_and_nothing_that_was_left_out() {
    let bench = Bench::new().await;
    for (id, way) in
        (0..).zip(SINGLES.iter().chain(&TREES).filter(|way| !way.from.is_stream() && !way.to.is_stream()))
    {
        let case = Case { bench: &bench, command: "mv", way: *way, id, size: SMALL, occupied: false };
        case.prepare();
        let output = case.run(&["--exclude".to_owned(), "*.bin".to_owned()]);
        let stays: BTreeMap<_, _> =
            case.names().iter().map(|name| (*name, case.get(way.from, "s", name).is_some())).collect();
        for (name, there) in stays {
            assert_eq!(there, name == BINARY, "{name}: {}", case.said(&output));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_of_one_object() {
    let bench = Bench::new().await;
    for (id, way) in (0..).zip(SINGLES.iter().chain(&TREES)) {
        let case = Case { bench: &bench, command: "cp", way: *way, id, size: SMALL, occupied: false };
        case.prepare();
        let key = format!("s{id}/a.txt");
        case.put(way.from, "s", "a.txt", b"newer");
        let versions = bench.shell.world.backend.versions("box", &key);
        let first = versions.first().map_or("none", |(id, _)| id);
        let output = case.run(&["--version-id".to_owned(), first.to_owned()]);
        if way.from == End::Object {
            arrives(&case, &output);
            continue;
        }
        assert_eq!(output.status.code(), Some(2), "{}", case.said(&output));
        for name in case.names() {
            assert_eq!(case.get(way.to, "t", name), None, "{}", case.said(&output));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_go_only_where_they_can() {
    let shell = Shell::new().await;
    shell.write("f", b"x");
    for arguments in [
        &["cp", "-", "file"][..],
        &["cp", "-", "p:box/prefix/"],
        &["cp", "-", "-"],
        &["cp", "f", "-"],
        &["cp", "-", "f", "p:box/dir/"],
        &["mv", "-", "p:box/k"],
        &["mv", "p:box/k", "-"],
        &["cp", "-r", "-", "p:box/k"],
    ] {
        let (code, said) = shell.fails(arguments);
        assert!(code == 2 && said.contains("hint:"), "{arguments:?}: {said}");
    }
    assert!(shell.world.backend.keys("box").is_empty() && !shell.path("file").exists());
}

/// What stands where a file is to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum There {
    LinkToFile,
    ReadOnly,
    Private,
    Pipe,
}

impl There {
    fn make(self, shell: &Shell) {
        let mode = match self {
            Self::LinkToFile => 0o644,
            Self::ReadOnly => 0o444,
            Self::Private => 0o600,
            Self::Pipe => {
                return rustix::fs::mkfifoat(rustix::fs::CWD, shell.path("there"), 0o600.into()).unwrap();
            }
        };
        let name = if self == Self::LinkToFile { "linked" } else { "there" };
        shell.write(name, OLD);
        std::fs::set_permissions(shell.path(name), std::fs::Permissions::from_mode(mode)).unwrap();
        if self == Self::LinkToFile {
            std::os::unix::fs::symlink("linked", shell.path("there")).unwrap();
        }
    }

    /// Its kind, mode and content.
    fn state(self, shell: &Shell) -> (u32, Vec<u8>) {
        let path = shell.path("there");
        let mode = path.symlink_metadata().unwrap().mode();
        (mode, if self == Self::Pipe { Vec::new() } else { std::fs::read(&path).unwrap() })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_stands_where_a_file_goes_the_options_hold() {
    for there in [There::LinkToFile, There::ReadOnly, There::Private, There::Pipe] {
        for source in ["p:box/k", "file"] {
            for (arguments, code) in [
                (&["--dry-run"][..], 0),
                (&["--on-conflict", "skip"], if there == There::Pipe { 2 } else { 0 }),
                (&["--on-conflict", "fail"], if there == There::Pipe { 2 } else { 1 }),
                (&["--on-conflict", "newer"], if there == There::Pipe { 2 } else { 0 }),
                (&["--storage-class", "X"], 2),
                (&["--content-type", "a/b"], 2),
                (&["--metadata", "a=b"], 2),
                (&["--expected-size", "1"], 2),
                (&["--exclude", "*"], 0),
            ] {
                let shell = Shell::new().await;
                shell.world.backend.put("box", "k", "new bytes");
                shell.write("file", b"new bytes");
                let old = std::time::SystemTime::now() - Duration::from_hours(2);
                File::options().append(true).open(shell.path("file")).unwrap().set_modified(old).unwrap();
                there.make(&shell);
                if there != There::Pipe && source.starts_with("p:") {
                    let ahead = std::time::SystemTime::now() + Duration::from_hours(2);
                    File::open(shell.path("there")).unwrap().set_modified(ahead).unwrap();
                }
                let before = there.state(&shell);
                let mut all = vec!["cp"];
                all.extend(arguments);
                all.extend([source, "there"]);
                let output = shell.run(&all);
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_eq!(output.status.code(), Some(code), "{there:?} {all:?}: {said}");
                assert_eq!(there.state(&shell), before, "{there:?} {all:?}: {said}");
            }
        }
    }
}

/// Runs a line of sh in the test's folder; `$T` is the program.
fn sh(shell: &Shell, line: &str) -> Output {
    let words = shell.command(&[]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", line]).current_dir(shell.world.folder.path()).env_clear().stdin(Stdio::null());
    for (name, value) in words.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command.env("T", PathBuf::from(words.get_program()));
    tokio::task::block_in_place(|| command.output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_stdin_or_stdout_is_no_empty_file() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "full", "bytes");
    for line in [
        "\"$T\" cp - p:box/full <&-",
        "\"$T\" presign - <&-",
        "\"$T\" cp p:box/full - >&-",
        "\"$T\" cat p:box/full >&-",
    ] {
        let output = sh(&shell, line);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains("closed"), "{line}: {said}");
    }
    assert_eq!(shell.world.backend.get("box", "full").unwrap(), "bytes");
    let output = sh(&shell, "\"$T\" cp - p:box/empty </dev/null && \"$T\" cat p:box/full >/dev/null");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(shell.world.backend.get("box", "empty").unwrap(), "");
}

/// Combinations of other commands that would have been ignored.
#[tokio::test(flavor = "multi_thread")]
async fn other_commands_ignore_no_option_either() {
    let shell = Shell::new().await;
    shell.write("dir/sub/f", b"x");
    shell.write("g", b"x");
    for arguments in [
        &["ls", "--human", "--json", "p:box"][..],
        &["ls", "--human", "-0", "p:box"],
        &["ls", "--versions", "dir"],
        &["ls", "--versions", "p:"],
        &["ls", "-r", "p:"],
        &["du", "--human", "--json", "p:box"],
        &["find", "--duplicates", "--long", "p:box"],
        &["find", "--duplicates", "-0", "p:box"],
        &["stat", "--version-id", "x", "p:box/a", "p:box/b"],
        &["check", "--include", "*", "g", "dir/sub/f"],
        &["presign", "--method", "put", "--filename", "x", "p:box/k"],
        &["presign", "--method", "delete", "--content-type", "x/y", "p:box/k"],
        &["presign", "--method", "put", "--version-id", "x", "p:box/k"],
        &["presign", "--method", "put", "--wget", "p:box/k"],
        &["presign", "--method", "head", "--inline", "p:box/k"],
        &["presign", "--public", "--expires", "1h", "p:box/k"],
        &["transfers", "resume", "--dry-run"],
        &["transfers", "resume", "--include", "*.txt"],
        &["transfers", "resume", "--content-type", "x/y"],
        &["--verbose", "ls", "p:"],
    ] {
        let (code, said) = shell.fails(arguments);
        assert_eq!(code, 2, "{arguments:?}: {said}");
    }
    assert!(shell.ok(&["ls", "-r", "dir"]).contains("sub/f"));
}
