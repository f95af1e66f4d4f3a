//! The passphrase of sealed secrets: asked for before anything covers the question, three times, and never shown; the
//! terminal is given back however the question ends.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use twinpail::demo::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

use crate::cli::Shell;
use crate::pty::Session;

const PASSPHRASE: &str = "s dqa horse";

/// A shell whose profile `lab` is sealed, with nothing that tells the passphrase.
async fn sealed() -> Shell {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "hello.txt", "hello");
    let endpoint = shell.world.server.endpoint().to_owned();
    shell.configure(&format!("passphrase_command = [\"echo\", \"{PASSPHRASE}\"]\n"));
    let add = ["profile", "add", "lab", "--provider", "minio", "--store", "sealed", "--endpoint", &endpoint];
    let mut command = shell.command(&[&add[..], &["--access-key-id", ACCESS_KEY_ID]].concat());
    // Where the terminals of these tests look for it.
    command.env("XDG_CONFIG_HOME", shell.path("")).env("XDG_STATE_HOME", shell.path(""));
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(SECRET_ACCESS_KEY.as_bytes()).unwrap();
    assert!(tokio::task::block_in_place(|| child.wait()).unwrap().success());
    let written = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    let (_, rest) = written.split_once('\n').unwrap();
    shell.configure(rest);
    shell
}

fn start(shell: &Shell, arguments: &[&str]) -> Session {
    let config = shell.path("config.toml").display().to_string();
    let home: &Path = shell.world.folder.path();
    Session::start(arguments, &[("TWINPAIL_CONFIG", &config)], home, (100, 24))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_asks_until_the_passphrase_is_right_and_nothing_else_gets_the_keys() {
    let shell = sealed().await;
    let mut session = start(&shell, &[".", "lab:box/"]);
    session.wait_for("Passphrase of the sealed secrets");
    session.keys("q wrong d\r");
    session.wait_for("2 tries left");
    assert!(!session.screen().contains("q wrong d"), "{}", session.screen());
    session.keys(&format!("{PASSPHRASE}\r"));
    session.wait_for("hello.txt");
    assert!(!session.screen().contains("marked"), "{}", session.screen());
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_wrong_passphrases_the_browser_asks_again_when_the_pane_is_refreshed() {
    let shell = sealed().await;
    let mut session = start(&shell, &["lab:", "."]);
    for left in ["2 tries left", "1 try left", "asks again"] {
        session.wait_for("Passphrase of the sealed secrets");
        session.keys("wrong\r");
        session.wait_for(left);
    }
    // Once more out of habit: it is no command, and above all not quit.
    session.keys("wrong qq\r");
    session.keys("\x1b");
    session.wait_until("no dialog", |screen| !screen.contents().contains("asks again"));
    session.wait_for("locked");
    session.keys("R");
    session.wait_for("Passphrase of the sealed secrets");
    session.keys(&format!("{PASSPHRASE}\r"));
    session.wait_for("box");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_asks_before_it_draws_its_progress() {
    let shell = sealed().await;
    shell.write("file", b"x");
    for arguments in [
        &["cp", "file", "lab:box/"][..],
        &["mv", "lab:box/hello.txt", "."],
        &["sync", "--yes", "twinpail", "lab:box/s/"],
    ] {
        let mut session = start(&shell, arguments);
        session.wait_for("Passphrase of the sealed secrets:");
        session.keys("wrong\r");
        session.wait_for("2 tries left:");
        // Nothing is drawn over the question while it waits.
        assert!(session.screen().trim_end().ends_with("2 tries left:"), "{}", session.screen());
        session.keys(&format!("{PASSPHRASE}\r"));
        assert_eq!(session.exit_code(), 0, "{arguments:?}: {}", session.screen());
        session.assert_restored();
        assert!(!session.screen().contains("horse"), "{}", session.screen());
    }
    assert!(shell.world.backend.get("box", "file").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_passphrases_are_a_failure_that_says_so_once() {
    let shell = sealed().await;
    for arguments in [&["ls", "lab:", "lab:box/"][..], &["cp", "config.toml", "lab:box/"]] {
        let mut session = start(&shell, arguments);
        session.wait_for("secrets:");
        for left in ["2 tries left:", "1 try left:"] {
            session.keys("wrong\r");
            session.wait_for(left);
        }
        session.keys("wrong\r");
        assert_eq!(session.exit_code(), 1);
        assert!(session.screen().contains("wrong 3 times"), "{}", session.screen());
        session.assert_restored();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_the_question_the_terminal_echoes_again() {
    let shell = sealed().await;
    let add = ["profile", "add", "x", "--provider", "minio", "--endpoint", "http://127.0.0.1:1"];
    let add = [&add[..], &["--access-key-id", "a", "--no-test"]].concat();
    for (arguments, question) in [
        (&["ls", "lab:"][..], "secrets:"),
        (&["cp", "config.toml", "lab:box/"], "secrets:"),
        (&add, "Secret access key:"),
    ] {
        for (end, code) in [("\x03", 130), ("TERM", 143), ("HUP", 129)] {
            let mut session = start(&shell, arguments);
            session.wait_for(question);
            if end == "\x03" {
                session.keys(end);
            } else {
                session.signal(end);
            }
            assert_eq!(session.exit_code(), code, "{arguments:?} {end:?}: {}", session.screen());
            session.assert_restored();
        }
    }
    let mut session = start(&shell, &["ls", "lab:"]);
    session.wait_for("secrets:");
    session.keys("\x04");
    assert_eq!(session.exit_code(), 1);
    session.assert_restored();
}

/// Nobody can be asked: no terminal belongs to the process.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_it_is_said_how_the_passphrase_can_be_given() {
    let shell = sealed().await;
    let whole = shell.command(&["ls", "lab:"]);
    let mut command = std::process::Command::new("setsid");
    command
        .arg(whole.get_program())
        .args(whole.get_args())
        .current_dir(shell.world.folder.path())
        .env_clear();
    command.envs(whole.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("XDG_CONFIG_HOME", shell.path("")).stdin(Stdio::null());
    let output = tokio::task::block_in_place(|| command.output()).unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("nobody can be asked") && said.contains("passphrase_command"), "{said}");
}
