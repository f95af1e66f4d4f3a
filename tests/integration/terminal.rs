//! What a terminal sends, as the user sees it: sequences in pieces, late replies, long pastes, and its end.

use crate::browser::{command_line, start, start_in_script, until};
use crate::pty::{Session, Size};
use crate::support::World;

const SIZE: Size = (100, 24);
/// What stands before a filter that is typed.
const FILTER: &str = "~letters):";

async fn world() -> World {
    let world = World::new().await;
    for name in ["alpha", "beta", "gamma"] {
        world.backend.put("box", name, "x");
    }
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn late_replies_of_the_terminal_run_no_commands() {
    let world = world().await;
    let mut session = start(&world, SIZE);
    session.wait_for("gamma");
    for reply in [
        "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
        "\x1b]10;rgb:ffff/ffff/ffff\x07",
        "\x1b]52;c;ZGVsZXRlIG1l\x07",
        "\x1bP>|XTerm(379)\x1b\\",
        "\x1bP!|7E565445\x1b\\",
        "\x1b_Gi=31;OK\x1b\\",
        "\x1b[>41;354;0c",
        "\x1b[?62;22c",
        "\x1b[?2026;2$y",
        "\x1b[24;80R",
        "\x1b[0n",
    ] {
        session.keys(reply);
        session.keys("/");
        session.wait_for(FILTER);
        session.keys("\r");
        session.wait_until(&format!("the panes after {reply:?}"), |screen| {
            let text = screen.contents();
            !text.contains(FILTER) && text.contains("gamma") && !text.contains("does nothing")
        });
    }
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sequence_that_comes_byte_by_byte_is_one_key() {
    let world = world().await;
    let session = start(&world, SIZE);
    session.wait_for("gamma");
    session.keys("\t");
    for (sequence, row) in [("\x1b[B", 2), ("\x1bOB", 3), ("\x1b[1;1A", 2), ("\x1b[57420u", 3)] {
        for byte in sequence.chars() {
            session.keys(&byte.to_string());
        }
        session
            .wait_until(&format!("row {row} after {sequence:?}"), |screen| screen.cursor_position().0 == row);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_paste_is_taken_at_once_and_one_that_is_too_long_is_cut_and_said() {
    let world = world().await;
    let mut session = start(&world, SIZE);
    session.wait_for("gamma");
    let paste = |text: &str| format!("\x1b[200~{text}\x1b[201~");
    session.keys("/");
    session.wait_for(FILTER);
    session.keys(&paste(&("x".repeat(100_000) + "hundred")));
    session.wait_for("xhundred");
    session.keys("!");
    session.wait_for("xhundred!");
    session.keys("\x1b");
    session.wait_until("the panes", |screen| !screen.contents().contains("xhundred"));
    session.keys("/");
    session.wait_for(FILTER);
    session.keys(&paste(&"y".repeat(1_100_000)));
    session.wait_for("only its first 1 MiB was taken");
    session.keys("\x1b");
    session.wait_until("the line", |screen| !screen.contents().contains("1 MiB"));
    session.keys("\x1b");
    session.wait_until("the panes", |screen| !screen.contents().contains("yyyy"));
    // One whose end never comes: Esc gives the keyboard back.
    session.keys("\x1b[200~dy");
    session.keys("\x1b");
    session.wait_until("nothing deleted", |screen| screen.contents().contains("gamma"));
    session.keys("\x1b[201~q");
    assert_eq!(session.exit_code(), 0);
    assert_eq!(world.backend.keys("box").len(), 3);
    session.assert_restored();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_is_gone_ends_the_browser_without_a_hangup_signal() {
    let world = world().await;
    // The leader of the session keeps the signal from the others.
    let session = start_in_script(&world, SIZE, "trap : HUP; \"$0\" \"$@\"; echo $? > \"$HOME/code\"");
    session.wait_for("gamma");
    session.hang_up();
    let code = world.folder.path().join("code");
    until("the end", || std::fs::read_to_string(&code).is_ok_and(|code| code == "129\n")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_is_gone_is_not_the_end_of_what_is_copied_from_it() {
    let world = world().await;
    let (_, variables) = command_line(&world);
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    // The terminal echoes what is typed before anybody reads it: the trap has to be set when it goes away.
    let script = "trap : HUP; echo set; \"$0\" \"$@\"; echo $? > \"$HOME/code\"";
    let home = world.folder.path();
    let session = Session::script(script, &["cp", "-", "p:box/typed"], &variables, home, SIZE);
    session.wait_for("set");
    session.keys("half of it\r");
    session.wait_for("half of it");
    session.hang_up();
    let code = home.join("code");
    until("the end", || std::fs::read_to_string(&code).is_ok_and(|code| code == "129\n")).await;
    assert_eq!(world.backend.get("box", "typed"), None);
}
