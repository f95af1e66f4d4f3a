//! The real browser in a terminal: walk, copy both ways, link, quit, signals, odd sizes, bad surroundings.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use http::Request;
use twinpail::demo::{ACCESS_KEY_ID, Fault, Operation, Rule, SECRET_ACCESS_KEY};
use twinpail::http::{Http, Settings};

use crate::pty::{Session, Size};
use crate::support::{World, pattern};

pub(crate) const WIDE: Size = (120, 30);
pub(crate) const SMALL: Size = (80, 24);

/// Arguments and variables of a program.
type CommandLine = ([String; 2], [(&'static str, String); 2]);

/// A browser on a folder beside a bucket.
pub(crate) fn start(world: &World, size: Size) -> Session {
    start_in(world, size, &[])
}

/// Likewise, with more variables.
pub(crate) fn start_in(world: &World, size: Size, more: &[(&str, &str)]) -> Session {
    start_by(world, |args, env, home| Session::start(args, &[env, more].concat(), home, size))
}

/// The same, started by a shell's `script`, in which `"$0" "$@"` stands for it.
pub(crate) fn start_in_script(world: &World, size: Size, script: &str) -> Session {
    start_by(world, |args, env, home| Session::script(script, args, env, home, size))
}

fn start_by(world: &World, start: impl Fn(&[&str], &[(&str, &str)], &Path) -> Session) -> Session {
    let (arguments, variables) = command_line(world);
    let arguments = arguments.each_ref().map(String::as_str);
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    start(&arguments, &variables, world.folder.path())
}

/// What that browser is started with.
pub(crate) fn command_line(world: &World) -> CommandLine {
    let home = world.folder.path();
    let files = home.join("files");
    std::fs::create_dir_all(&files).unwrap();
    let config = home.join("config.toml");
    let endpoint = world.server.endpoint();
    let text = format!(
        "[profiles.p]\nprovider = \"minio\"\nendpoint = \"{endpoint}\"\naccess_key_id = \"{ACCESS_KEY_ID}\"\nsecret_access_key = \"{SECRET_ACCESS_KEY}\"\n"
    );
    std::fs::write(&config, text).unwrap();
    std::fs::set_permissions(&config, std::fs::Permissions::from_mode(0o600)).unwrap();
    // Over SSH the terminal's own clipboard is the only one that counts.
    let variables = [
        ("TWINPAIL_CONFIG", config.to_str().unwrap().to_owned()),
        ("SSH_CONNECTION", "127.0.0.1 1 127.0.0.1 2".to_owned()),
    ];
    ([files.to_str().unwrap().to_owned(), "p:box/".to_owned()], variables)
}

#[tokio::test(flavor = "multi_thread")]
async fn walk_copy_both_ways_link_and_quit() {
    let world = World::new().await;
    let data = pattern(40 << 20);
    world.backend.put("box", "photos/one.txt", "the first photo");
    world.backend.put("box", "photos/big.bin", data.clone());
    for size in [WIDE, SMALL] {
        let mut session = start(&world, size);
        session.wait_for("photos/");
        session.keys("\t\r");
        session.wait_for("one.txt");

        // Two keys to a link.
        session.keys("jy");
        let url = session.clipboard(0);
        let http = Http::new(&Settings { ca_bundle: None, connect_timeout: Duration::from_secs(5) }).unwrap();
        let answer =
            http.fetch(Request::get(&url).body(bytes::Bytes::new()).unwrap(), 1 << 20).await.unwrap();
        assert_eq!(answer.body(), "the first photo");
        session.wait_for("Esc close");
        session.wait_for("Sent to your terminal, which takes it");
        session.keys("\x1b");
        session.wait_until("the panes again", |screen| !screen.contents().contains("Esc close"));

        // Down, then up under another name.
        session.keys("gc");
        let file = world.folder.path().join("files/big.bin");
        session.wait_until("the downloaded file in both panes", |screen| {
            screen.contents().matches("big.bin").count() >= 2
        });
        session.wait_until("the end of the transfer", |_| file.exists());
        assert_eq!(std::fs::read(&file).unwrap(), data);
        std::fs::rename(&file, world.folder.path().join("files/up.bin")).unwrap();
        session.keys("\tR");
        session.wait_for("up.bin");
        session.keys("Gc");
        session.wait_until("the uploaded object in both panes", |screen| {
            screen.contents().matches("up.bin").count() >= 2
        });
        session.wait_until("the object", |_| {
            world.backend.get("box", "photos/up.bin").is_some_and(|bytes| bytes == data)
        });
        session.wait_until("no gauge", |screen| !screen.contents().contains("running"));
        session.keys("q");
        assert_eq!(session.exit_code(), 0);
        session.assert_restored();
        world.backend.put("box", "photos/up.bin", "");
        std::fs::remove_file(world.folder.path().join("files/up.bin")).unwrap();
        assert_eq!(twinpail_leftovers(&world), Vec::<String>::new());
        let store = world.store().await;
        store.delete("box", "photos/up.bin", None).await.unwrap();
    }
}

/// What lies in the local pane's folder.
fn twinpail_leftovers(world: &World) -> Vec<String> {
    let files = std::fs::read_dir(world.folder.path().join("files")).unwrap();
    files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_counts_first_and_conflicts_are_asked() {
    let world = World::new().await;
    for n in 0..7 {
        world.backend.put("box", &format!("tree/{n}"), "12345");
    }
    world.backend.put("box", "file.txt", "theirs");
    let mut session = start(&world, WIDE);
    std::fs::write(world.folder.path().join("files/file.txt"), "mine").unwrap();
    session.wait_for("tree/");
    session.keys("R");
    session.wait_until("the local file", |screen| screen.contents().matches("file.txt").count() == 2);
    session.keys("c");
    session.wait_for("Exists already");
    session.answer("s skip", "s");
    session.wait_until("the panes", |screen| !screen.contents().contains("Exists already"));
    assert_eq!(world.backend.get("box", "file.txt").unwrap(), "theirs");
    session.answer("q quit", "\tgd");
    session.wait_for("7 files");
    session.answer("y yes", "y");
    session.wait_until("an emptier listing", |screen| !screen.contents().contains("tree/"));
    assert_eq!(world.backend.keys("box"), ["file.txt"]);
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_is_viewed_and_gone_to() {
    let world = World::new().await;
    world.backend.put("box", "a/deep/cat.txt", "the cat sat");
    world.backend.put("box", "b/dog.txt", "the dog did not");
    for size in [WIDE, SMALL] {
        let mut session = start(&world, size);
        session.wait_for("b/");
        session.keys("\t\x06");
        session.wait_for("Find below here");
        session.keys("cat\r");
        session.wait_for("1 found");
        session.wait_for("a/deep/cat.txt");
        session.keys("v");
        session.wait_for("the cat sat");
        session.keys("\x1b");
        session.wait_until("the panes again", |screen| !screen.contents().contains("the cat sat"));
        session.keys("\r");
        session.wait_for("p:box/a/deep/");
        session.keys("q");
        assert_eq!(session.exit_code(), 0);
        session.assert_restored();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_pane_says_why_and_can_be_tried_again() {
    let world = World::new().await;
    world.backend.put("box", "object.txt", "x");
    world.backend.faults().add(Rule::once(Operation::ListObjects, Fault::Status(403, "AccessDenied")));
    let mut session = start(&world, SMALL);
    session.wait_for("AccessDenied");
    session.keys("\tR");
    session.wait_for("object.txt");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_and_sizes_leave_a_sound_terminal() {
    let world = World::new().await;
    world.backend.put("box", "esc\u{1b}[2Jape", "x");
    for (signal, code) in [("TERM", 143), ("HUP", 129), ("INT", 130)] {
        let mut session = start(&world, WIDE);
        session.wait_for("ape");
        for size in [(20, 5), (1, 1), (200, 60), SMALL] {
            session.resize(size);
        }
        session.wait_for("esc\\x1b[2Jape");
        session.signal(signal);
        assert_eq!(session.exit_code(), code);
        session.assert_restored();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn quitting_while_bytes_move_asks_and_cleans_up() {
    let world = World::new().await;
    world.backend.faults().add(Rule::always(Operation::PutObject, Fault::Stall));
    let mut session = start(&world, WIDE);
    std::fs::write(world.folder.path().join("files/slow.bin"), "x").unwrap();
    session.wait_for("box");
    session.keys("R");
    session.wait_for("slow.bin");
    session.keys("c");
    session.wait_for("running");
    session.keys("q");
    session.wait_for("uit");
    session.answer("y yes", "y");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
    assert!(world.backend.keys("box").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_off_is_offered_at_the_next_start() {
    let world = World::new().await;
    let data = pattern(40 << 20);
    let mut session = start(&world, SMALL);
    std::fs::write(world.folder.path().join("files/big.bin"), &data).unwrap();
    session.wait_for("box");
    session.keys("R");
    session.wait_for("big.bin");
    world.backend.faults().add(Rule { after: 1, ..Rule::always(Operation::UploadPart, Fault::Stall) });
    session.keys("c");
    session.wait_until("a part that has arrived", |_| !world.backend.uploads("box").is_empty());
    session.keys("q");
    session.wait_for("the next start offers to go on");
    session.answer("y yes", "y");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
    assert_eq!(world.backend.uploads("box").len(), 1);
    world.backend.faults().clear();
    let mut session = start(&world, SMALL);
    session.wait_for("A transfer was not finished");
    session.answer("y go on", "y");
    session
        .wait_until("the object", |_| world.backend.get("box", "big.bin").is_some_and(|bytes| bytes == data));
    session.wait_until("no gauge", |screen| !screen.contents().contains("running"));
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    let mut session = start(&world, SMALL);
    session.wait_for("big.bin");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}

/// A folder that is renamed is moved object by object. Killed in the middle it is gone on with: all of it is moved, once,
/// and what is taken back is all of it, too, whichever run has moved it.
#[tokio::test(flavor = "multi_thread")]
async fn a_rename_that_was_killed_is_gone_on_with_and_taken_back_as_a_whole() {
    let world = World::new().await;
    let named = |folder: &str, numbers: std::ops::Range<u32>| {
        numbers.map(|n| format!("{folder}/{n:02}.txt")).collect::<Vec<_>>()
    };
    for key in named("old", 0..20) {
        world.backend.put("box", &key, format!("this was {key}"));
    }
    let is_whole = |folder: &str| {
        let same = |key: &String| {
            let text = world.backend.get("box", key).unwrap();
            text == format!("this was old/{}", &key[folder.len() + 1..])
        };
        world.backend.keys("box") == named(folder, 0..20) && named(folder, 0..20).iter().all(same)
    };
    // Half of them are not copied, and one of the others is, but its source stays.
    let stalls = |operation, key| Rule { key, ..Rule::always(operation, Fault::Stall) };
    world.backend.faults().add(stalls(Operation::CopyObject, "new/1"));
    world.backend.faults().add(stalls(Operation::DeleteObject, "old/05"));
    let mut session = start(&world, SMALL);
    session.wait_for("old/");
    session.keys("\tr\x08\x08\x08new\r");
    let half = [named("new", 0..10), named("old", 5..6), named("old", 10..20)].concat();
    session.wait_until("half of it", |_| world.backend.keys("box") == half);
    session.signal("KILL");
    session.exit_code();
    world.backend.faults().clear();

    let mut session = start(&world, SMALL);
    session.wait_for("A transfer was not finished");
    session.answer("y go on", "y");
    session.wait_until("all of it", |_| is_whole("new"));
    session.wait_for("11 files moved");
    session.wait_until("a listing without it", |screen| !screen.contents().contains("old/"));
    session.keys("u");
    session.wait_for("Move 20 files back?");
    session.answer("y yes", "y");
    session.wait_until("all of it", |_| is_whole("old"));
    session.wait_for("20 files moved");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
    let mut session = start(&world, SMALL);
    session.wait_for("old/");
    assert!(!session.screen().contains("not finished"), "{}", session.screen());
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}

#[test]
fn a_terminal_that_cannot_show_it_is_told_to_use_the_commands() {
    let home = tempfile::tempdir().unwrap();
    let mut session = Session::start(&["demo"], &[("TERM", "dumb")], home.path(), SMALL);
    session.wait_for("hint");
    assert_eq!(session.exit_code(), 2);
}

#[test]
fn the_demo_opens_and_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    let temporary = home.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    for end in ["q", "TERM", "HUP", "INT"] {
        let mut session =
            Session::start(&["demo"], &[("TMPDIR", temporary.to_str().unwrap())], home.path(), SMALL);
        session.wait_for("hostile-names");
        if end == "q" {
            session.keys("q");
        } else {
            session.signal(end);
        }
        session.exit_code();
        session.assert_restored();
        assert_eq!(std::fs::read_dir(&temporary).unwrap().count(), 0, "after {end}");
    }
}

/// Somebody without any configuration: sample data first, then a profile whose form says what is wrong until it is saved.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_without_profiles_is_welcomed() {
    let world = World::new().await;
    world.backend.put("box", "hello.txt", "x");
    let home = tempfile::tempdir().unwrap();
    let mut session = Session::start(&[], &[], home.path(), SMALL);
    session.wait_for("Welcome: no storage is known yet");
    session.wait_for("Add a profile");
    assert!(!session.screen().contains("Import"), "there is nothing to import");
    session.keys("sample\r");
    session.wait_for("hello.txt");
    session.keys("q");
    session.wait_for("Welcome: no storage is known yet");
    session.keys("add\r");
    session.wait_for("New profile");
    session.keys(&format!("m\tlab\t\t{}\t\t\t{ACCESS_KEY_ID}\twrong", world.server.endpoint()));
    session.wait_for("•••••");
    session.keys("\x14");
    session.wait_for("SignatureDoesNotMatch");
    session.keys(&format!("\x15{SECRET_ACCESS_KEY}\x14"));
    session.wait_for("lab works: it lists 1 bucket");
    session.keys("\tsecret passphrase\tsecret passphrase\r");
    session.wait_for("saved lab in");
    session.wait_for("box");
    assert!(!session.screen().contains("New profile"));
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
    let written = std::fs::read_to_string(home.path().join("twinpail/config.toml")).unwrap();
    assert!(written.contains("[profiles.lab]") && written.contains("secret = \"sealed\""), "{written}");
    let mut session = Session::start(&[], &[], home.path(), SMALL);
    session.wait_for("assphrase");
    session.keys("secret passphrase\r");
    session.wait_for("box");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}

/// Sample data, but one's own keys and looks.
#[test]
fn the_demo_has_the_keys_and_the_looks_of_the_user() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("twinpail")).unwrap();
    let file = home.path().join("twinpail/config.toml");
    std::fs::write(&file, "[ui]\nascii = true\n[keys]\nglobal.quit = [\"f9\"]\n").unwrap();
    let mut session = Session::start(&["demo"], &[], home.path(), SMALL);
    session.wait_for("hostile-names");
    session.wait_for("F9 quit");
    assert!(!session.screen().contains('│'), "{}", session.screen());
    session.keys("P");
    session.wait_for("archive");
    session.keys("\x1b");
    session.wait_until("no dialog", |screen| !screen.contents().contains("archive"));
    session.keys("\x1b[20~");
    assert_eq!(session.exit_code(), 0);
    std::fs::write(&file, "[ui]\nasci = true\n").unwrap();
    let session = Session::start(&["demo"], &[], home.path(), SMALL);
    session.wait_for("asci");
    session.wait_for("hostile-names");
}

pub(crate) async fn until(fault: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{fault}");
        tokio::task::yield_now().await;
    }
}

/// A terminal that takes nothing any more (its reader was stopped, the connection is dead): keys are obeyed, transfers go
/// on, and a signal ends the program, which can go on later.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_takes_nothing_holds_nothing_up() {
    let data = pattern(40 << 20);
    for (signal, code) in [("TERM", 143), ("HUP", 129)] {
        let world = World::new().await;
        for n in 0..200 {
            world.backend.put("box", &format!("in/{n:03}{}", fastrand::u64(..)), "x");
        }
        let mut session = start(&world, (200, 60));
        let files = world.folder.path().join("files");
        std::fs::write(files.join("a.txt"), "a").unwrap();
        std::fs::write(files.join("big.bin"), &data).unwrap();
        world.backend.faults().add(Rule { after: 1, ..Rule::always(Operation::UploadPart, Fault::Stall) });
        session.wait_for("in/");
        session.keys("R\t\r");
        session.wait_for("big.bin");
        session.wait_for("p:box/in/");
        session.throttle();
        // Far more to draw than a pty holds, a screen after the other: each asks the server for something.
        for keys in ["GR", "gR"].into_iter().cycle().take(20) {
            world.backend.faults().take_requests();
            session.keys(keys);
            until("keys wait for the terminal", || !world.backend.faults().take_requests().is_empty()).await;
        }
        session.keys("h\tac");
        let is_done =
            || world.backend.get("box", "a.txt").is_some() && !world.backend.uploads("box").is_empty();
        until("transfers wait for the terminal", is_done).await;
        session.signal(signal);
        assert_eq!(session.exit_code_unseen(), code);
        world.backend.faults().clear();
        let mut session = start(&world, SMALL);
        session.wait_for("A transfer was not finished");
        session.answer("y go on", "y");
        let is_there = || world.backend.get("box", "big.bin").is_some_and(|bytes| bytes == data);
        session.wait_until("the object", |_| is_there());
        session.wait_until("no gauge", |screen| !screen.contents().contains("running"));
        session.keys("q");
        assert_eq!(session.exit_code(), 0);
    }
}
