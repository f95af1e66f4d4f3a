//! Job control: stopping and going on under a shell, wrapped or not, and signals while somebody else has the terminal.

use std::path::Path;

use crate::browser::{command_line, start};
use crate::cli::Shell;
use crate::pty::{Session, Size};
use crate::support::World;

const SIZE: Size = (100, 24);
const PROMPT: &str = "ready> ";

/// An interactive shell in which `browse` is a browser that was started by a wrapper script, and `direct` is one without.
fn shell(world: &World) -> Session {
    let home = world.folder.path();
    let (arguments, variables) = command_line(world);
    let program = env!("CARGO_BIN_EXE_twinpail");
    let quoted: Vec<String> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
    let script = |name: &str, run: &str| {
        let text =
            format!("#!/bin/sh\necho $$ > \"$HOME/{name}.pid\"\n{run} '{program}' {}\n", quoted.join(" "));
        crate::edit::executable(&home.join(name), &text);
    };
    script("direct", "exec");
    script("browse", "");
    let variables: Vec<(&str, &str)> =
        variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut with_prompt = vec![("PS1", PROMPT)];
    with_prompt.extend(variables);
    let session = Session::script("exec /bin/sh -im", &[], &with_prompt, home, SIZE);
    session.wait_for(PROMPT);
    session
}

fn pid(home: &Path, name: &str) -> String {
    std::fs::read_to_string(home.join(format!("{name}.pid"))).unwrap().trim().to_owned()
}

fn is_ours(session: &Session) {
    session.wait_until("the browser, as it was", |screen| {
        screen.alternate_screen() && screen.bracketed_paste() && screen.contents().contains("gamma")
    });
    // Keys come one by one again.
    session.keys("/");
    session.wait_for("~letters):");
    session.keys("\r");
    session.wait_until("the panes", |screen| !screen.contents().contains("~letters):"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_z_gives_the_shell_its_terminal_also_under_a_wrapper_script() {
    let world = World::new().await;
    world.backend.put("box", "gamma", "x");
    for name in ["browse", "direct"] {
        let session = shell(&world);
        session.keys(&format!("./{name}\r"));
        session.wait_for("gamma");
        for stops in 1..=2 {
            session.keys("\x1a");
            // The prompt of the last command is still there: what counts is the one below what the shell says.
            session.wait_until("the shell", |screen| {
                let text = screen.contents();
                !screen.alternate_screen()
                    && !screen.bracketed_paste()
                    && text.matches("Stopped").count() == stops
                    && text.trim_end().ends_with(PROMPT.trim_end())
            });
            session.keys("echo back-$((40+2))\r");
            session.wait_for("back-42");
            session.keys("fg\r");
            is_ours(&session);
        }
        session.keys("q");
        session.wait_until("the shell", |screen| !screen.alternate_screen());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stopped_from_outside_takes_its_terminal_again_when_it_goes_on() {
    let world = World::new().await;
    world.backend.put("box", "gamma", "x");
    let session = shell(&world);
    session.keys("./direct\r");
    session.wait_for("gamma");
    let kill = |signal: &str| {
        let pid = pid(world.folder.path(), "direct");
        assert!(std::process::Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    };
    kill("STOP");
    session.wait_for(PROMPT);
    // As shells do that have settings of their own; this one leaves those of the browser, in which Enter is no line feed.
    session.keys("stty sane; printf '\\033[?1049l\\033[?2004l'; echo back-$((40+2))\n");
    session.wait_until("the shell", |screen| {
        !screen.alternate_screen() && screen.contents().contains("back-42")
    });
    session.keys("fg\r");
    is_ours(&session);
    session.keys("q");
    session.wait_until("the shell", |screen| !screen.alternate_screen());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_shell_to_go_back_to_nothing_stops() {
    let world = World::new().await;
    world.backend.put("box", "gamma", "x");
    let mut session = start(&world, SIZE);
    session.wait_for("gamma");
    session.keys("\x1a");
    session.wait_for("no shell");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_act_at_once_while_an_editor_or_a_reader_has_the_terminal() {
    for (signal, code) in [("TERM", 143), ("HUP", 129)] {
        let shell = crate::edit::shell().await;
        let mut session =
            crate::edit::start(&shell, "printf 'in the editor'; read line; echo second >> \"$2\"");
        session.keys("\te");
        session.wait_for("in the editor");
        session.signal(signal);
        assert_eq!(session.exit_code_unseen(), code, "in the editor");
        assert_eq!(crate::edit::kept(&shell), ["first\n"], "the copy stays");
    }
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let world = World::new().await;
        world.backend.put("box", "gamma", "x");
        let mut session = start(&world, SIZE);
        session.wait_for("gamma");
        session.keys("\ty");
        session.answer("p print", "p");
        session.wait_for("Press Enter");
        session.signal(signal);
        assert_eq!(session.exit_code(), code, "while it is read");
        session.assert_restored();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_in_the_editor_is_not_replayed_and_what_it_leaves_of_the_terminal_is_not_the_users() {
    let shell: Shell = crate::edit::shell().await;
    let script = "trap 'echo second >> \"$2\"; stty raw -echo; exit 0' INT
        printf 'in the editor'
        while :; do read line; done";
    let mut session = crate::edit::start(&shell, script);
    session.keys("\te");
    session.wait_for("in the editor");
    session.keys("\x03");
    session.wait_for("is written back");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}
