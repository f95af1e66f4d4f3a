//! The user's editor in a real terminal: handed over, taken back, written back, and nothing lost.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use twinpail::demo::{Fault, Operation, Rule};

use crate::cli::Shell;
use crate::pty::Session;

/// A browser on a folder beside the bucket, with a script as editor.
pub(crate) fn start(shell: &Shell, script: &str) -> Session {
    let editor = shell.path("editor.sh");
    executable(&editor, &format!("#!/bin/sh\n{script}\n"));
    let (config, editor) = (shell.path("config.toml"), format!("{} --wait", editor.display()));
    let variables = [("TWINPAIL_CONFIG", config.to_str().unwrap()), ("EDITOR", editor.as_str())];
    let files = shell.path("files");
    std::fs::create_dir_all(&files).unwrap();
    let session =
        Session::start(&[files.to_str().unwrap(), "p:box/"], &variables, shell.world.folder.path(), (80, 24));
    session.wait_for("note.txt");
    session
}

pub(crate) fn executable(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

pub(crate) async fn shell() -> Shell {
    let shell = Shell::new().await;
    shell.write("note.txt", b"first\n");
    shell.ok(&["cp", "--content-type", "text/x", "--metadata", "owner=ada", "note.txt", "p:box/note.txt"]);
    shell.ok(&["set", "--tag", "team=blue", "p:box/note.txt"]);
    shell
}

fn text(shell: &Shell, key: &str) -> String {
    String::from_utf8(shell.world.backend.get("box", key).unwrap_or_default().to_vec()).unwrap()
}

/// The copies that are kept.
pub(crate) fn kept(shell: &Shell) -> Vec<String> {
    let mut kept = Vec::new();
    let mut folders = vec![shell.world.folder.path().to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.components().any(|part| part.as_os_str() == "edits") {
                kept.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_is_edited_and_written_back_with_all_it_had() {
    let shell = shell().await;
    let mut session = start(&shell, "printf 'in the editor'; read line; echo second >> \"$2\"");
    session.keys("\te");
    session.wait_for("in the editor");
    session.keys("\r");
    session.wait_for("is written back");
    assert_eq!(text(&shell, "note.txt"), "first\nsecond\n");
    let (content_type, metadata) = shell.world.backend.described("box", "note.txt").unwrap();
    assert_eq!((content_type.as_deref(), metadata["owner"].as_str()), (Some("text/x"), "ada"));
    assert_eq!(shell.world.backend.tags("box", "note.txt"), [("team".to_owned(), "blue".to_owned())]);
    assert!(kept(&shell).is_empty());
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_loses_nothing_and_offers_ways_on() {
    let shell = shell().await;
    let mut session = start(&shell, "echo mine > \"$2\"");
    let replace = |text: &'static str| Rule::once(Operation::PutObject, Fault::Replace(text.into()));
    shell.world.backend.faults().add(replace("theirs"));
    session.keys("\te");
    session.wait_for("somebody else");
    assert_eq!((text(&shell, "note.txt").as_str(), kept(&shell)), ("theirs", vec!["mine\n".to_owned()]));
    session.answer("s save as", "s");
    session.wait_for("Save as (key in the same bucket)");
    session.keys(".new\r");
    session.wait_for("note.txt.new");
    assert_eq!(text(&shell, "note.txt.new"), "mine\n");
    session.wait_until("the panes", |_| kept(&shell).is_empty());

    shell.world.backend.faults().add(replace("theirs again"));
    session.keys("Re");
    session.wait_for("somebody else");
    session.answer("o overwrite", "o");
    session.wait_until("what was overwritten", |_| text(&shell, "note.txt") == "mine\n");

    shell.world.backend.faults().add(Rule::always(Operation::PutObject, Fault::Status(403, "AccessDenied")));
    shell.world.backend.put("box", "note.txt", "other");
    session.keys("Re");
    session.wait_for("AccessDenied");
    session.keys("\x1b");
    session.wait_for("kept in");
    assert_eq!(kept(&shell), ["mine\n"]);
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn local_files_are_edited_in_place_and_missing_editors_are_told() {
    let shell = shell().await;
    shell.write("files/here.txt", b"old\n");
    let mut session = start(&shell, "echo new > \"$2\"");
    session.wait_for("here.txt");
    session.keys("e");
    session.wait_until("the edited file", |_| {
        std::fs::read_to_string(shell.path("files/here.txt")).unwrap() == "new\n"
    });
    session.wait_for("here.txt");
    std::fs::remove_file(shell.path("editor.sh")).unwrap();
    session.keys("e");
    session.wait_for("was not found");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_editor_that_failed_has_left_is_written_back_only_if_that_is_wanted() {
    for (script, how) in [
        ("echo second >> \"$2\"; exit 3", "ended with code 3"),
        ("echo second >> \"$2\"; kill -9 $$", "was killed by signal 9"),
        (": > \"$2\"; exit 1", "ended with code 1"),
        (": > \"$2\"; kill -TERM $$", "was killed by signal 15"),
        ("exit 1", "ended with code 1"),
    ] {
        let shell = shell().await;
        let mut session = start(&shell, script);
        session.keys("\te");
        session.wait_for(how);
        session.wait_for("Keep the file");
        session.keys("\x1b");
        session.wait_for("kept in");
        assert_eq!(text(&shell, "note.txt"), "first\n", "{script}");
        assert_eq!(kept(&shell).len(), 1, "{script}");
        session.keys("q");
        assert_eq!(session.exit_code(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_editor_that_failed_has_left_is_written_back_when_the_user_says_so() {
    let shell = shell().await;
    let session = start(&shell, "echo second >> \"$2\"; exit 3");
    session.keys("\te");
    session.wait_for("ended with code 3");
    session.answer("u upload", "u");
    session.wait_for("is written back");
    assert_eq!(text(&shell, "note.txt"), "first\nsecond\n");
    assert!(kept(&shell).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_that_leaves_nothing_is_asked_about_though_it_ended_well() {
    let shell = shell().await;
    let session = start(&shell, ": > \"$2\"");
    session.keys("\te");
    session.wait_for("The editor left an empty file");
    session.answer("u upload", "\r");
    session.wait_for("kept in");
    assert_eq!(text(&shell, "note.txt"), "first\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_that_is_not_there_is_told_of_and_leaves_nothing_behind() {
    let shell = shell().await;
    let mut session = start(&shell, "");
    std::fs::remove_file(shell.path("editor.sh")).unwrap();
    session.keys("\te");
    session.wait_for("was not found");
    session.wait_until("no copy", |_| kept(&shell).is_empty());
    session.wait_for("was not found");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_with_a_window_of_its_own_is_waited_for() {
    let shell = shell().await;
    let go = shell.path("go");
    assert!(std::process::Command::new("mkfifo").arg(&go).status().unwrap().success());
    let script = format!("(read line < '{}'; echo second >> \"$2\") > /dev/null 2>&1 &", go.display());
    let session = start(&shell, &script);
    session.keys("\te");
    session.wait_for("Is the editor still open?");
    assert_eq!(kept(&shell), ["first\n"]);
    std::fs::write(&go, "go\n").unwrap();
    session.wait_for("is written back");
    assert_eq!(text(&shell, "note.txt"), "first\nsecond\n");
    assert_eq!(kept(&shell), ["first\nsecond\n"], "the editor may have it open");

    let session = start(&shell, ":");
    session.keys("\te");
    session.wait_for("Is the editor still open?");
    session.answer("c it is closed", "\r");
    session.wait_for("nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_editors_recovery_file_stays() {
    let shell = shell().await;
    let session = start(&shell, "echo second >> \"$2\"; echo precious > \"$2.swp\"");
    session.keys("\te");
    session.wait_for("is written back");
    session.wait_for("the copy stays in");
    assert_eq!(text(&shell, "note.txt"), "first\nsecond\n");
    assert!(kept(&shell).contains(&"precious\n".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_a_hangup_left_behind_is_offered_at_the_next_start() {
    let shell = shell().await;
    let script = "echo second >> \"$2\"; printf 'in the editor'; read line";
    let mut session = start(&shell, script);
    session.keys("\te");
    session.wait_for("in the editor");
    session.signal("HUP");
    assert_eq!(session.exit_code_unseen(), 129);
    assert_eq!(text(&shell, "note.txt"), "first\n");

    let session = start(&shell, script);
    session.wait_for("twinpail ended while");
    session.wait_for("Upload");
    session.keys("\x1b");
    session.wait_for("kept in");
    drop(session);
    assert_eq!(kept(&shell), ["first\nsecond\n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_was_left_behind_can_be_written_back() {
    let shell = shell().await;
    let script = "echo second >> \"$2\"; printf 'in the editor'; read line";
    let mut session = start(&shell, script);
    session.keys("\te");
    session.wait_for("in the editor");
    session.signal("TERM");
    assert_eq!(session.exit_code_unseen(), 143);
    let session = start(&shell, script);
    session.wait_for("twinpail ended while");
    session.answer("u upload", "u");
    session.wait_until("the object", |_| text(&shell, "note.txt") == "first\nsecond\n");
    session.wait_until("no copy", |_| kept(&shell).is_empty());
    let (content_type, metadata) = shell.world.backend.described("box", "note.txt").unwrap();
    assert_eq!((content_type.as_deref(), metadata["owner"].as_str()), (Some("text/x"), "ada"));
}
