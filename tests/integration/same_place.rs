//! Nothing is lost where source and target are one place, however the two are spelled: files, folders, objects and
//! prefixes, by every command that writes or deletes.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use twinpail::config::provider;
use twinpail::demo::{ACCESS_KEY_ID, Backend, Fault, Operation, Rule, SECRET_ACCESS_KEY, Server};
use twinpail::location::{Location, Remote};
use twinpail::transfer::{Engine, Event, FileOutcome, FileStatus, Item, OnConflict, Request, Settings, Verb};

use crate::cli::Shell;
use crate::support::connections;

/// Everything below a folder: files with what is in them, folders and links by name.
fn tree(root: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let kind = path.symlink_metadata().unwrap();
            let what = if kind.is_symlink() {
                format!("-> {}", std::fs::read_link(&path).unwrap().display())
            } else if kind.is_dir() {
                folders.push(path.clone());
                "folder".to_owned()
            } else {
                std::fs::read_to_string(&path).unwrap()
            };
            found.insert(path.strip_prefix(root).unwrap().to_path_buf(), what);
        }
    }
    found
}

fn refusal(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// `w/f`, `w/d` with a file, a folder and an empty folder, a hard link, and symbolic links to the file and the folders.
fn files(shell: &Shell) -> PathBuf {
    shell.write("w/f", b"file");
    shell.write("w/d/in", b"inside");
    shell.write("w/d/sub/deep", b"deep");
    std::fs::create_dir_all(shell.path("w/d/empty")).unwrap();
    std::fs::hard_link(shell.path("w/f"), shell.path("w/hard")).unwrap();
    for (target, link) in [("f", "soft"), (".", "here"), ("d", "folder"), ("../w/d/sub", "sub")] {
        symlink(target, shell.path("w").join(link)).unwrap();
    }
    shell.path("w")
}

/// What a command says in the folder `w`, which it must leave as it is.
fn refused_in(shell: &Shell, arguments: &[&str]) -> (Option<i32>, String) {
    let folder = shell.path("w");
    let before = tree(&folder);
    let output =
        tokio::task::block_in_place(|| shell.command(arguments).current_dir(&folder).output().unwrap());
    assert_eq!(tree(&folder), before, "{arguments:?} changed something");
    refusal(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_not_copied_or_moved_onto_itself_however_it_is_spelled() {
    let shell = Shell::new().await;
    let absolute = files(&shell).join("f");
    let absolute = absolute.to_str().unwrap();
    let targets = [
        ".",
        "./f",
        "f",
        "here",
        "here/f",
        "here/here/./f",
        "d/../f",
        "new/../f",
        "hard",
        "soft",
        absolute,
        "sub/../../f",
    ];
    for verb in ["cp", "mv"] {
        for target in targets {
            let (code, said) = refused_in(&shell, &[verb, "f", target]);
            assert!(code == Some(1) && said.contains("are the same"), "{verb} f {target}: {code:?} {said}");
        }
        for (source, target) in [("soft", "f"), ("here/f", "f"), ("hard", "here"), (absolute, "hard")] {
            let (code, said) = refused_in(&shell, &[verb, source, target]);
            assert!(
                code == Some(1) && said.contains("are the same"),
                "{verb} {source} {target}: {code:?} {said}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trees_that_overlap_are_refused_in_words_and_left_as_they_are() {
    let shell = Shell::new().await;
    files(&shell);
    for (arguments, words) in [
        (&["mv", "-r", "d", "."][..], "are the same"),
        (&["mv", "-r", "d/", "d"], "are the same"),
        (&["mv", "-r", "d/", "folder/"], "are the same"),
        (&["mv", "-r", "here/d", "."], "are the same"),
        (&["mv", "-r", "d/", "new/../d"], "are the same"),
        (&["cp", "-r", "d", "."], "are the same"),
        (&["cp", "-r", "d", "here"], "are the same"),
        (&["mv", "-r", "d", "d"], "inside"),
        (&["mv", "-r", "d", "d/sub"], "inside"),
        (&["mv", "-r", "d", "sub/new/"], "inside"),
        (&["cp", "-r", "d", "sub"], "inside"),
        (&["cp", "-r", "d/", "here/folder/new"], "inside"),
        (&["mv", "-r", "d/sub/", "d/"], "inside"),
        (&["mv", "-r", "d/sub/", "here/d"], "inside"),
        (&["sync", "d", "d"], "are the same"),
        (&["sync", "--delete", "d", "folder"], "are the same"),
        (&["sync", "--delete", "here/d", "d"], "are the same"),
        (&["sync", "d", "d/copy"], "inside"),
        (&["sync", "d", "sub/copy"], "inside"),
        (&["sync", "--delete", "d/sub", "d"], "inside"),
        (&["sync", "--delete", "sub", "here/d"], "inside"),
    ] {
        let (code, said) = refused_in(&shell, arguments);
        assert!(code == Some(1) && said.contains(words), "{arguments:?}: {code:?} {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn places_beside_each_other_are_still_written() {
    let shell = Shell::new().await;
    let folder = files(&shell);
    let run = |arguments: &[&str]| {
        let output =
            tokio::task::block_in_place(|| shell.command(arguments).current_dir(&folder).output().unwrap());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", refusal(&output).1);
    };
    run(&["cp", "-r", "d/sub/", "d/"]);
    run(&["cp", "-r", "d", "d2"]);
    run(&["mv", "-r", "d2", "d3"]);
    run(&["mv", "f", "here/moved"]);
    run(&["mv", "moved", "d/in"]);
    run(&["sync", "d", "e"]);
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert_eq!(
        (read("d/deep"), read("d3/in"), read("d/in"), read("e/deep")),
        ("deep".into(), "inside".into(), "file".into(), "deep".into())
    );
    assert_eq!(read("hard"), "file", "the other name of a file that was moved");
    assert!(!folder.join("d2").exists() && !folder.join("f").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_sources_none_takes_the_place_of_another() {
    let shell = Shell::new().await;
    for (name, text) in [("w/a/f", "a"), ("w/b/f", "b"), ("w/c/f", "c"), ("w/g", "g")] {
        shell.write(name, text.as_bytes());
    }
    let (code, said) = refused_in(&shell, &["mv", "a/f", "b/f", "b/"]);
    assert!(code == Some(1) && said.contains("are the same") && said.contains("moved as well"), "{said}");
    let (code, said) = refused_in(&shell, &["cp", "a/../b/f", "b/"]);
    assert!(code == Some(1) && said.contains("are the same"), "{said}");
    let output = shell.run(&["mv", "w/a/f", "w/c/f", "w/d/"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let kept: BTreeSet<String> =
        tree(&shell.path("w")).into_values().filter(|what| what.len() == 1).collect();
    assert_eq!(kept, ["a", "b", "c", "g"].map(str::to_owned).into(), "one of two files of one name is lost");
}

/// Several servers, of which some are one.
struct Servers {
    shell: Shell,
    /// A second port of the same server.
    second_port: Server,
    /// Another server with a bucket of the same name.
    other: Backend,
    other_server: Server,
}

impl Servers {
    /// Profiles of one server: `p`, `localhost`, `ro` (read-only); `port` reaches it on another port, which nobody can
    /// know. `other` is another server. `eu` and `fast` are two endpoints of AWS.
    async fn new() -> Self {
        let shell = Shell::new().await;
        let port = Server::start(shell.world.backend.clone(), None).await.unwrap();
        let other = Backend::new();
        other.create_bucket("box");
        let other_server = Server::start(other.clone(), None).await.unwrap();
        let servers = Self { shell, second_port: port, other, other_server };
        servers.configure(servers.second_port.endpoint(), servers.other_server.endpoint());
        servers
    }

    fn configure(&self, port: &str, other: &str) {
        let ours = self.shell.world.server.endpoint();
        let by_name = ours.replace("127.0.0.1", "LocalHost.") + "/";
        let profiles = [
            ("p", "minio", ours, ""),
            ("localhost", "minio", &by_name, ""),
            ("ro", "minio", ours, "read_only = true\n"),
            ("port", "minio", port, ""),
            ("other", "minio", other, ""),
            ("eu", "aws", "https://s3.eu-west-1.amazonaws.com", "region = \"eu-west-1\"\n"),
            ("fast", "aws", "https://s3-accelerate.dualstack.amazonaws.com", "region = \"eu-west-1\"\n"),
        ];
        let text: Vec<String> = profiles
            .iter()
            .map(|(name, row, endpoint, more)| {
                format!(
                    "[profiles.{name}]\nprovider = \"{row}\"\nendpoint = \"{endpoint}\"\naccess_key_id = \"{ACCESS_KEY_ID}\"\nsecret_access_key = \"{SECRET_ACCESS_KEY}\"\n{more}"
                )
            })
            .collect();
        self.shell.configure(&text.concat());
    }

    fn put(&self, key: &str) {
        self.shell.world.backend.put("box", key, key.as_bytes().to_vec());
    }

    fn all(&self) -> Vec<(String, Vec<u8>)> {
        let backend = &self.shell.world.backend;
        backend
            .keys("box")
            .into_iter()
            .map(|key| (key.clone(), backend.get("box", &key).unwrap().to_vec()))
            .collect()
    }

    /// What a command says that must leave all objects of the server.
    fn refused(&self, arguments: &[&str]) -> String {
        let before = self.all();
        let (code, said) = self.shell.fails(arguments);
        assert_eq!(self.all(), before, "{arguments:?} changed something");
        assert_eq!(code, 1, "{arguments:?}: {said}");
        said
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_the_same_through_every_profile_that_reaches_its_server() {
    let servers = Servers::new().await;
    for key in ["k", "a/x", "a/b/y"] {
        servers.put(key);
    }
    for (arguments, words) in [
        (&["mv", "p:box/k", "p:box/k"][..], "are the same"),
        (&["mv", "p:box/k", "localhost:box/k"], "are the same"),
        (&["mv", "p:box/k", "localhost:box/"], "are the same"),
        (&["cp", "ro:box/k", "p:box/k"], "are the same"),
        (&["cp", "ro:box/k", "localhost:box"], "are the same"),
        (&["mv", "-r", "p:box/a/", "localhost:box/a/"], "are the same"),
        (&["mv", "-r", "p:box/a", "localhost:box/"], "are the same"),
        (&["cp", "-r", "ro:box/", "p:box/"], "are the same"),
        (&["mv", "-r", "p:box/a/", "localhost:box/a/b/"], "inside"),
        (&["mv", "-r", "p:box/a/b/", "localhost:box/a/"], "inside"),
        (&["cp", "-r", "ro:box/", "p:box/copy/"], "inside"),
        (&["sync", "ro:box/", "p:box/"], "are the same"),
        (&["sync", "ro:box/", "p:box/copy/"], "inside"),
        (&["sync", "--delete", "ro:box/a/", "localhost:box/"], "inside"),
        (&["sync", "--delete", "p:box/", "localhost:box/a"], "inside"),
        (&["mv", "eu:bucket/k", "fast:bucket/k"], "are the same"),
        (&["sync", "--delete", "eu:bucket/a/", "fast:bucket/"], "inside"),
    ] {
        let said = servers.refused(arguments);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    let shell = &servers.shell;
    shell.ok(&["cp", "-r", "ro:box/a/b/", "p:box/a/"]);
    shell.ok(&["mv", "p:box/k", "p:box/k2"]);
    shell.ok(&["sync", "--delete", "ro:box/a/", "p:box/c/"]);
    let output = shell.run(&["check", "p:box/a/", "ro:box/a/"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(refusal(&output).1.contains("compared with itself"), "{output:?}");
    assert_eq!(shell.world.backend.keys("box"), ["a/b/y", "a/x", "a/y", "c/b/y", "c/x", "c/y", "k2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_through_another_port_of_the_same_server_keeps_the_object() {
    for versioned in [false, true] {
        let servers = Servers::new().await;
        if versioned {
            servers.shell.world.backend.set_versioned("box");
        }
        servers.put("k");
        for arguments in [
            &["mv", "p:box/k", "port:box/k"][..],
            &["mv", "p:box/k", "p:box/a/x", "port:box/"],
            &["mv", "-r", "p:box/a/", "port:box/a/"],
            &["mv", "-r", "p:box/", "port:box/"],
        ] {
            servers.put("a/x");
            let before = servers.all();
            let (code, said) = servers.shell.fails(arguments);
            assert!(code == 1 && said.contains("are the same"), "{arguments:?}: {said}");
            let left: Vec<_> = servers.all().into_iter().filter(|(key, _)| *key != "x").collect();
            assert_eq!(left.iter().filter(|object| before.contains(object)).count(), left.len());
            assert!(left.iter().any(|(key, _)| key == "k"), "{arguments:?} lost the object");
        }
        assert_eq!(servers.shell.world.backend.get("box", "k").unwrap(), "k");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn trees_on_two_ports_of_one_server_neither_grow_nor_lose_their_source() {
    let servers = Servers::new().await;
    for key in ["a/x", "a/y/z", "b"] {
        servers.put(key);
    }
    for (arguments, words) in [
        (&["sync", "--delete", "p:box/a/", "port:box/"][..], "inside"),
        (&["sync", "p:box/", "port:box/copy/"], "inside"),
        (&["cp", "-r", "p:box/", "port:box/copy/"], "inside"),
        (&["cp", "-r", "p:box/a/", "port:box/a/"], "are the same"),
        (&["mv", "-r", "p:box/a/", "port:box/"], "inside"),
    ] {
        let said = servers.refused(arguments);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
    let shell = &servers.shell;
    shell.ok(&["mv", "-r", "p:box/a/", "port:box/c/"]);
    shell.ok(&["sync", "--delete", "p:box/c/", "port:box/d/"]);
    assert_eq!(shell.world.backend.keys("box"), ["b", "c/x", "c/y/z", "d/x", "d/y/z"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_told_from_another_is_moved_to_once_they_are_proved_to_be_two() {
    let servers = Servers::new().await;
    let (shell, other) = (&servers.shell, &servers.other);
    for key in ["fresh", "equal", "different", "t/1", "t/2"] {
        servers.put(key);
    }
    // The same bytes, written in the same second or nearly so.
    other.put("box", "equal", "equal");
    other.put("box", "different", "something else");
    for key in ["fresh", "equal", "different"] {
        shell.ok(&["mv", &format!("p:box/{key}"), "other:box/"]);
    }
    shell.ok(&["mv", "-r", "p:box/", "other:box/"]);
    assert!(servers.all().is_empty());
    assert_eq!(other.keys("box"), ["different", "equal", "fresh", "t/1", "t/2"]);
    assert_eq!(other.get("box", "different").unwrap(), "different");
    servers.put("t/1");
    shell.ok(&["sync", "--delete", "p:box/", "other:box/"]);
    assert_eq!(other.keys("box"), ["t/1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_where_it_cannot_be_told_whether_it_is_the_source() {
    let servers = Servers::new().await;
    servers.put("a/x");
    servers.other.put("box", "only there", "x");
    // On either server nothing can be asked about single objects.
    let denied = || Rule::always(Operation::HeadObject, Fault::Status(403, ""));
    servers.shell.world.backend.faults().add(denied());
    servers.other.faults().add(denied());
    let (code, said) = servers.shell.fails(&["sync", "--delete", "--size-only", "p:box/", "other:box/"]);
    assert!(code == 1 && said.contains("cannot be told"), "{said}");
    assert!(servers.other.get("box", "only there").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resumed_move_proves_anew_that_source_and_target_are_two() {
    let servers = Servers::new().await;
    let (shell, backend) = (&servers.shell, &servers.shell.world.backend);
    for key in ["t/1", "t/2"] {
        servers.put(key);
    }
    backend.faults().add(Rule::always(Operation::DeleteObject, Fault::Status(403, "AccessDenied")));
    shell.fails(&["mv", "p:box/t/1", "p:box/t/2", "other:box/t/"]);
    assert_eq!(servers.other.keys("box"), ["t/1", "t/2"], "they have arrived");
    backend.faults().clear();
    // By now `other` leads to the very server that they are on.
    servers.configure(servers.second_port.endpoint(), servers.second_port.endpoint());
    let (code, said) = shell.fails(&["transfers", "resume"]);
    assert!(code == 1 && said.contains("are the same"), "{said}");
    assert_eq!(backend.keys("box"), ["t/1", "t/2"]);
    servers.configure(servers.second_port.endpoint(), servers.other_server.endpoint());
    shell.ok(&["transfers", "resume"]);
    assert_eq!((backend.keys("box").len(), servers.other.keys("box").len()), (0, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browsers_move_between_a_folder_and_a_link_to_it_keeps_the_file() {
    let shell = Shell::new().await;
    files(&shell);
    for (from, to, is_tree) in [("f", "here/f", false), ("d", "here/d", true), ("folder/in", "d/in", false)] {
        let before = tree(&shell.path("w"));
        let place = |name: &str| Location::Local(shell.path("w").join(name));
        let outcome = moved(&shell, place(from), place(to), is_tree).await;
        let error = outcome.error.unwrap();
        assert!(outcome.status == FileStatus::Failed && error.message().contains("are the same"), "{error}");
        assert_eq!(tree(&shell.path("w")), before);
    }
    let (from, to) = [("", "k"), ("x/", "k")].map(|(key, name)| remote(&format!("{key}{name}"))).into();
    shell.world.backend.put("box", "k", "k");
    assert_eq!(moved(&shell, from, to, false).await.status, FileStatus::Done);
    assert_eq!(shell.world.backend.keys("box"), ["x/k"]);
}

fn remote(key: &str) -> Location {
    Location::Remote(Remote { profile: "p".into(), bucket: "box".into(), key: key.into() })
}

/// Moves one thing as the browser does.
async fn moved(shell: &Shell, from: Location, to: Location, tree: bool) -> FileOutcome {
    let known = connections(vec![shell.world.profile_of("p", provider("minio").unwrap())]);
    let (engine, mut events) = Engine::new(known, Settings::default());
    let within = to.as_local().and_then(Path::parent).map(Path::to_path_buf);
    let items = vec![Item { from, to, tree, known: None }];
    let on_conflict = OnConflict::Overwrite;
    engine.submit(Request { verb: Verb::Move, items, on_conflict, within, ..Request::default() });
    let mut last = None;
    loop {
        match events.recv().await.unwrap() {
            Event::File { outcome, .. } => last = Some(*outcome),
            Event::Finished { .. } => return last.unwrap(),
            Event::Conflict { .. } => panic!("nothing to ask about"),
        }
    }
}

/// What is in each file below a folder, by the file itself.
fn contents(root: &Path) -> BTreeMap<u64, String> {
    let files = tree(root).into_iter().filter(|(path, _)| {
        let data = root.join(path).symlink_metadata().unwrap();
        data.is_file()
    });
    files.map(|(path, text)| (root.join(path).metadata().unwrap().ino(), text)).collect()
}

/// What is at a path and below it, links followed on the way but not below.
fn below(path: &Path) -> BTreeSet<String> {
    match path.metadata() {
        Ok(data) if data.is_dir() => contents(&path.canonicalize().unwrap()).into_values().collect(),
        Ok(_) => [std::fs::read_to_string(path).unwrap()].into(),
        Err(_) => BTreeSet::new(),
    }
}

/// A folder with files, hard links and symbolic links, all different in content.
fn build(root: &Path, links: &[(&str, &str)]) {
    for folder in ["a/b", "c"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    for file in ["f", "a/f", "a/b/f", "a/b/g", "c/g"] {
        std::fs::write(root.join(file), format!("content of {file}")).unwrap();
    }
    std::fs::hard_link(root.join("f"), root.join("c/h")).unwrap();
    for (target, link) in links {
        let _ = symlink(target, root.join(link));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_moved_wherever_by_whatever_name_is_still_there() {
    let shell = Shell::new().await;
    let part = prop::sample::select(vec![
        "a", "b", "c", "f", "g", "h", "l", "m", "a/l", "c/m", ".", "..", "new", "F",
    ]);
    let path = prop::collection::vec(part, 1..5).prop_map(|parts| parts.join("/"));
    let link = (
        prop::sample::select(vec![".", "..", "a", "../a", "f", "../f", "b", "c", "../c/h"]),
        prop::sample::select(vec!["l", "m", "a/l", "c/m", "a/b/l"]),
    );
    let strategy = (prop::collection::vec(link, 0..4), path.clone(), path, any::<bool>(), any::<bool>());
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let result = runner.run(&strategy, |(links, from, to, recursive, slash)| {
        let world = tempfile::tempdir().unwrap();
        // Deeper than any of these ways up.
        let root = world.path().join("1/2/3/4/5/6/7/w");
        std::fs::create_dir_all(&root).unwrap();
        build(&root, &links);
        let before: BTreeSet<String> = contents(&root).into_values().collect();
        // Whatever is at the target may be replaced, but for what is the source itself.
        let (source, target) = (root.join(&from), root.join(&to));
        let mut replaced = below(&target);
        if let Some(name) = source.file_name() {
            replaced.extend(below(&target.join(name)));
        }
        let moved = below(&source);
        let from = if slash { format!("{from}/") } else { from };
        let mut arguments = vec!["mv"];
        arguments.extend(recursive.then_some("-r"));
        arguments.extend([from.as_str(), to.as_str()]);
        tokio::task::block_in_place(|| shell.command(&arguments).current_dir(&root).output().unwrap());
        let after: BTreeSet<String> = contents(world.path()).into_values().collect();
        for text in &before {
            let may_go = replaced.contains(text) && !moved.contains(text);
            prop_assert!(after.contains(text) || may_go, "{:?} lost {:?}", arguments, text);
        }
        Ok(())
    });
    result.unwrap();
}
