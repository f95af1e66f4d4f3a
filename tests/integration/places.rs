//! What the browser is started on: folders and prefixes, files and objects, and what is none of them.

use crate::cli::Shell;
use crate::pty::{Session, Size};

const SIZE: Size = (120, 30);

fn browser(shell: &Shell, arguments: &[&str]) -> Session {
    let config = shell.path("config.toml");
    let variables = [("TWINPAIL_CONFIG", config.to_str().unwrap())];
    Session::start(arguments, &variables, shell.world.folder.path(), SIZE)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_and_an_object_open_where_they_are_with_the_cursor_on_them() {
    let shell = Shell::new().await;
    for name in ["a", "middle", "z"] {
        shell.write(&format!("files/{name}.txt"), format!("the file {name}").as_bytes());
        shell.world.backend.put("box", &format!("photos/{name}.txt"), format!("the object {name}"));
    }
    let home = shell.world.folder.path().to_str().unwrap().to_owned();
    for (left, right, file, object) in [
        ("files/middle.txt", "p:box/photos/middle.txt", "middle", "middle"),
        ("~/files/z.txt", "p:box/photos/z.txt ", "z", "z"),
        (" $HOME/files/z.txt ", "p:box/photos", "z", "a"),
        (" files ", "p:box/photos/", "a", "a"),
    ] {
        let mut session = browser(&shell, &[left, right]);
        session.wait_for("middle.txt");
        session.wait_until("both places", |screen| {
            let shown = screen.contents();
            shown.matches("middle.txt").count() == 2 && shown.contains("p:box/photos/")
        });
        session.keys("v");
        session.wait_for(&format!("the file {file}"));
        session.keys("q");
        session.wait_until("the panes", |screen| screen.contents().matches("middle.txt").count() == 2);
        session.keys("\tv");
        session.wait_for(&format!("the object {object}"));
        session.keys("qq");
        assert_eq!(session.exit_code(), 0, "{left} {right} in {home}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_said() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "photos/a.txt", "a");
    let (code, error) = shell.fails(&["nowhere/at-all"]);
    assert!(code == 2 && error.contains("neither a command nor a location"), "{error}");
    let session = browser(&shell, &[".", "p:box/photos/none"]);
    session.wait_for("neither an object nor a prefix");
    session.wait_for("a.txt");
}
