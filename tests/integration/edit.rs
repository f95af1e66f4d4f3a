//! The user's editor in a real terminal: handed over, taken back, written back, and nothing lost.

use std::os::unix::fs::PermissionsExt as _;

use twinpail::demo::{Fault, Operation, Rule};

use crate::cli::Shell;
use crate::pty::Session;

/// A browser on a folder beside the bucket, with a script as editor.
fn start(shell: &Shell, script: &str) -> Session {
    let editor = shell.path("editor.sh");
    std::fs::write(&editor, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (config, editor) = (shell.path("config.toml"), format!("{} --wait", editor.display()));
    let variables = [("TWINPAIL_CONFIG", config.to_str().unwrap()), ("EDITOR", editor.as_str())];
    let files = shell.path("files");
    std::fs::create_dir_all(&files).unwrap();
    let session =
        Session::start(&[files.to_str().unwrap(), "p:box/"], &variables, shell.world.folder.path(), (80, 24));
    session.wait_for("note.txt");
    session
}

async fn shell() -> Shell {
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
fn kept(shell: &Shell) -> Vec<String> {
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
    session.keys("s");
    session.wait_for("Save as");
    session.keys(".new\r");
    session.wait_for("note.txt.new");
    assert_eq!(text(&shell, "note.txt.new"), "mine\n");
    session.wait_until("the panes", |_| kept(&shell).is_empty());

    shell.world.backend.faults().add(replace("theirs again"));
    session.keys("Re");
    session.wait_for("somebody else");
    session.keys("o");
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
