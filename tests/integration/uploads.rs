//! Unfinished uploads: listed, measured and aborted, with hostile keys, many pages, and where it is not allowed.

use std::time::{Duration, SystemTime};

use twinpail::demo::{ACCESS_KEY_ID, Fault, Operation, Rule, SECRET_ACCESS_KEY};
use twinpail::error::Kind;
use twinpail::location::{Location, Remote};
use twinpail::walk::uploads;

use crate::cli::Shell;
use crate::pty::Session;
use crate::support::{World, connections, row};

fn ago(hours: u64) -> SystemTime {
    SystemTime::now() - Duration::from_hours(hours)
}

const HOSTILE: &[&str] =
    &["esc \u{1b}[2J", "new\nline", "nul\0inside", "a+b c%2F", "//double", "..", "<&\"'>", "日本語"];

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_listed_with_what_they_hold() {
    let shell = Shell::new().await;
    let backend = &shell.world.backend;
    backend.leave_upload("box", "films/one.mkv", ago(50), &[b"12345", b"678"]);
    backend.leave_upload("box", "other", ago(1), &[]);
    backend.leave_upload("second", "films/two.mkv", ago(1), &[b"1"]);
    let rows = shell.json(&["uploads", "ls", "--json", "--size", "p:box/films/"]);
    assert_eq!(rows.len(), 1);
    assert_eq!((&rows[0]["key"], &rows[0]["bucket"]), (&"films/one.mkv".into(), &"box".into()));
    assert_eq!((&rows[0]["size"], &rows[0]["parts"]), (&8.into(), &2.into()));
    assert!(rows[0]["upload_id"].is_string() && rows[0]["started"].is_string());
    let without = shell.json(&["uploads", "ls", "--json", "p:box"]);
    assert!(without.len() == 2 && without.iter().all(|row| row["size"].is_null()), "{without:?}");
    let text = shell.ok(&["uploads", "ls"]);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines.len() == 3 && lines[0].contains(" 2d p:box/films/one.mkv "), "{text}");
    assert!(lines[2].contains(" 1h p:second/films/two.mkv "), "{text}");
    let text = shell.ok(&["uploads", "ls", "--size", "p:box/films/"]);
    assert!(text.contains("  8 p:box/films/one.mkv "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_meant_is_aborted() {
    let shell = Shell::new().await;
    let backend = &shell.world.backend;
    for (key, hours) in [("films/old", 50), ("films/new", 1), ("old", 50), ("twice", 50), ("twice", 1)] {
        backend.leave_upload("box", key, ago(hours), &[b"x"]);
    }
    let abort = |arguments: &[&str]| shell.run(&[&["uploads", "abort"], arguments].concat());
    let asked = shell.fails(&["uploads", "abort", "p:box"]);
    assert!(asked.0 == 2 && asked.1.contains("--yes") && asked.1.contains("--dry-run"), "{asked:?}");
    let dry = shell.ok(&["uploads", "abort", "--dry-run", "--older-than", "1d", "p:box"]);
    assert!(dry.lines().count() == 3 && !dry.contains("new"), "{dry}");
    assert_eq!(backend.uploads("box").len(), 5, "nothing was aborted");

    let done = abort(&["--yes", "--older-than", "24h", "p:box/films/"]);
    assert!(String::from_utf8_lossy(&done.stderr).contains("1 unfinished upload aborted"), "{done:?}");
    assert_eq!(backend.uploads("box"), ["films/new", "old", "twice", "twice"]);
    let twice = shell.json(&["uploads", "ls", "--json", "p:box/twice"]);
    let id = twice[1]["upload_id"].as_str().unwrap();
    assert_eq!(abort(&["--yes", "--id", id, "p:box"]).status.code(), Some(0));
    assert_eq!(backend.uploads("box"), ["films/new", "old", "twice"]);
    assert_eq!(shell.fails(&["uploads", "abort", "--yes", "--id", id, "p:box"]).0, 1, "it is gone");
    assert_eq!(abort(&["--yes", "p:"]).status.code(), Some(0));
    assert!(backend.uploads("box").is_empty());
    assert_eq!(abort(&["--yes", "p:box"]).status.code(), Some(0), "nothing to do is no failure");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_is_named_and_the_rest_goes_on() {
    let shell = Shell::new().await;
    let backend = &shell.world.backend;
    for key in ["a", "stuck", "z"] {
        backend.leave_upload("box", key, ago(1), &[]);
    }
    let denied = Rule::always(Operation::AbortUpload, Fault::Status(403, "AccessDenied"));
    backend.faults().add(Rule { key: "stuck", ..denied });
    let (code, error) = shell.fails(&["uploads", "abort", "--yes", "p:absent", "p:box"]);
    assert!(code == 1 && error.contains("p:box/stuck") && error.contains("NoSuchBucket"), "{error}");
    assert!(error.contains("2 unfinished uploads aborted") && error.contains("2 failed"), "{error}");
    assert_eq!(backend.uploads("box"), ["stuck"]);
    let (code, error) = shell.fails(&["uploads", "ls", "box"]);
    assert!(code == 2 && error.contains("PROFILE:BUCKET"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_keys_are_exact_in_json_escaped_on_screen_and_abortable() {
    let shell = Shell::new().await;
    for key in HOSTILE {
        shell.world.backend.leave_upload("box", key, ago(1), &[b"123"]);
    }
    let rows = shell.json(&["uploads", "ls", "--json", "--size", "p:box"]);
    assert!(rows.iter().all(|row| row["size"] == 3), "{rows:?}");
    let mut keys: Vec<&str> = rows.iter().map(|row| row["key"].as_str().unwrap()).collect();
    let mut wanted = HOSTILE.to_vec();
    keys.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(keys, wanted);
    let text = shell.ok(&["uploads", "ls", "p:box"]);
    assert!(text.lines().count() == HOSTILE.len() && !text.contains(['\u{1b}', '\0']), "{text:?}");
    shell.ok(&["uploads", "abort", "--yes", "p:box"]);
    assert!(shell.world.backend.uploads("box").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_profile_lists_but_aborts_nothing() {
    let shell = Shell::new().await;
    shell.world.backend.leave_upload("box", "kept", ago(1), &[]);
    let endpoint = shell.world.server.endpoint();
    shell.configure(&format!(
        "[profiles.p]\nendpoint = \"{endpoint}\"\naccess_key_id = \"{ACCESS_KEY_ID}\"\nsecret_access_key = \"{SECRET_ACCESS_KEY}\"\nread_only = true\n"
    ));
    assert!(shell.ok(&["uploads", "ls", "p:box"]).contains("kept"));
    shell.world.backend.faults().take_requests();
    let (code, error) = shell.fails(&["uploads", "abort", "--yes", "p:box"]);
    assert!(code == 1 && error.contains("read-only") && error.contains("read_only"), "{error}");
    assert_eq!(shell.world.backend.faults().take_requests(), [], "nothing was even asked");
    assert!(shell.ok(&["uploads", "abort", "--dry-run", "p:box"]).contains("kept"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_left_behind_from_here_is_aborted_apart_from_others() {
    let shell = Shell::new().await;
    let backend = &shell.world.backend;
    backend.leave_upload("box", "foreign", ago(1), &[b"x"]);
    std::fs::write(shell.path("big"), vec![7; 11 << 20]).unwrap();
    for operation in [Operation::UploadPart, Operation::AbortUpload] {
        backend.faults().add(Rule::always(operation, Fault::Status(403, "AccessDenied")));
    }
    let big = shell.path("big");
    shell.fails(&["cp", "--part-size", "5MiB", big.to_str().unwrap(), "p:box/ours"]);
    assert_eq!(backend.uploads("box"), ["foreign", "ours"]);
    backend.faults().clear();
    let rows = shell.json(&["uploads", "ls", "--json", "p:box"]);
    let origin = |key: &str| rows.iter().find(|row| row["key"] == key).unwrap()["origin"].clone();
    assert_eq!((origin("ours"), origin("foreign")), ("left".into(), "other".into()));
    assert!(shell.ok(&["uploads", "ls", "p:box"]).contains("left behind"));
    shell.ok(&["uploads", "abort", "--yes", "--left", "p:box"]);
    assert_eq!(backend.uploads("box"), ["foreign"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_only_a_yes_is_one() {
    let shell = Shell::new().await;
    let backend = &shell.world.backend;
    backend.leave_upload("box", "esc\u{1b}[2Jape", ago(50), &[]);
    let (home, config) = (shell.world.folder.path(), shell.path("config.toml"));
    let variables = [("TWINPAIL_CONFIG", config.to_str().unwrap())];
    for (answer, left) in [("\r", 1), ("n\r", 1), ("y\r", 0)] {
        let mut session = Session::start(&["uploads", "abort", "p:box"], &variables, home, (120, 30));
        session.wait_for("p:box/esc\\x1b[2Jape");
        session.wait_for("Abort 1 unfinished upload? [y/N]");
        session.keys(answer);
        assert_eq!(session.exit_code(), 0);
        assert_eq!(backend.uploads("box").len(), left, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_answer_is_no_proof_where_only_exact_keys_are_listed() {
    let shell = Shell::new().await;
    let said = |arguments: &[&str]| String::from_utf8(shell.run(arguments).stderr).unwrap();
    assert!(said(&["uploads", "ls", "p:box"]).contains("only for an exact key"));
    shell.world.backend.leave_upload("box", "k", ago(1), &[]);
    assert_eq!(said(&["uploads", "ls", "p:box"]), "");
}

#[tokio::test]
async fn many_pages_are_read_to_the_end_in_every_form_of_listing() {
    let world = World::new().await;
    let many = 2_345;
    for n in 0..many {
        // Several of one key too: the marker of a page is key and id.
        world.backend.leave_upload("box", &format!("key +{:04}\0", n / 3), ago(1), &[]);
    }
    for row in [row(|row| row.encode_keys), row(|row| !row.encode_keys)] {
        let connections = connections(vec![world.profile_of("p", row)]);
        let root = Remote { profile: "p".into(), bucket: "box".into(), key: "key".into() };
        let mut batches = uploads::below(connections, Location::Remote(root));
        let mut found = Vec::new();
        while let Some(batch) = batches.recv().await {
            found.extend(batch.unwrap().into_iter().map(|upload| (upload.key, upload.upload_id)));
        }
        assert_eq!(found.len(), many, "{}", row.name);
        found.dedup();
        assert_eq!(found.len(), many, "{}", row.name);
        assert_eq!(found[many - 1].0, "key +0781\0");
    }
}

#[tokio::test]
async fn a_listing_that_does_not_go_on_is_an_error_not_a_loop() {
    let world = World::new().await;
    let store = world.store().await;
    let endless = "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>";
    world.backend.faults().add(Rule::always(Operation::Other, Fault::Answer(200, vec![], endless)));
    let error = store.list_uploads("box", "", None).await.unwrap_err();
    assert!(error.kind() == Kind::Integrity && error.message().contains("no marker"), "{error}");
}
