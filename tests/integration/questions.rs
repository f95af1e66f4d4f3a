//! Questions in the real browser: keys that were typed before a question was on the screen do not answer it, and what is
//! counted for it has the keyboard.

use twinpail::demo::{Fault, Operation, Rule};

use crate::browser::{start, until};
use crate::pty::{Session, Size};
use crate::support::World;

const SIZE: Size = (100, 30);

/// A bucket with a prefix of seven objects and one object beside it, the cursor on the prefix.
async fn prefix(size: Size) -> (World, Session) {
    let world = World::new().await;
    for n in 0..7 {
        world.backend.put("box", &format!("tree/{n}"), "12345");
    }
    world.backend.put("box", "zz.txt", "stays");
    let session = start(&world, size);
    session.wait_for("tree/");
    session.keys("\tg");
    (world, session)
}

fn hold(world: &World) {
    world.backend.faults().add(Rule::always(Operation::ListObjects, Fault::Hold));
}

fn let_go(world: &World) {
    world.backend.faults().clear();
    world.backend.faults().let_go();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_typed_while_something_is_counted_deletes_nothing() {
    let (world, mut session) = prefix(SIZE).await;
    hold(&world);
    session.keys("d");
    session.wait_for("counting what would be deleted..., Esc stops");
    session.keys("jyy");
    session.wait_for("only Esc does something meanwhile");
    let_go(&world);
    session.wait_for("Delete tree/");
    session.answer("y yes", "\r");
    session.wait_until("the panes", |screen| !screen.contents().contains("Delete tree/"));
    assert_eq!(world.backend.keys("box").len(), 8, "Enter alone is No");
    session.keys("d");
    session.wait_for("Delete tree/");
    session.answer("y yes", "y");
    session.wait_until("an emptier listing", |screen| !screen.contents().contains("tree/"));
    assert_eq!(world.backend.keys("box"), ["zz.txt"]);
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}

/// Whoever types ahead of a question has not seen it, however soon it comes.
#[tokio::test(flavor = "multi_thread")]
async fn a_yes_typed_together_with_the_key_that_asks_deletes_nothing() {
    let (world, mut session) = prefix(SIZE).await;
    for _ in 0..5 {
        session.keys("dy");
        session.wait_for("Delete tree/");
        session.answer("y yes", "n");
        session.wait_until("the panes", |screen| !screen.contents().contains("Delete tree/"));
    }
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    assert_eq!(world.backend.keys("box").len(), 8);
}

/// What the terminal has not taken nobody can have read.
#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_the_terminal_has_not_shown_is_not_answered() {
    let (world, session) = prefix((200, 60)).await;
    for n in 0..200 {
        world.backend.put("box", &format!("in/{n:03}{}", fastrand::u64(..)), "x");
    }
    session.keys("R");
    session.wait_for("in/");
    session.keys("g\r");
    session.wait_for("p:box/in/");
    session.throttle();
    // Far more to draw than a pty holds.
    let screens = ["GR", "gR"].into_iter().cycle().take(20);
    for keys in screens.chain(["h", "gR"]) {
        world.backend.faults().take_requests();
        session.keys(keys);
        until("keys wait for the terminal", || !world.backend.faults().take_requests().is_empty()).await;
    }
    let counted =
        || world.backend.faults().take_requests().iter().any(|r| r.operation == Operation::ListObjects);
    session.keys("d");
    until("nothing is counted", counted).await;
    let store = world.store().await;
    for _ in 0..50 {
        session.keys("y");
        store.head("box", "zz.txt", None).await.unwrap();
    }
    session.signal("TERM");
    drop(session);
    assert_eq!(world.backend.keys("box").len(), 208);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_bucket_stays_in_its_prompt_and_a_full_one_goes_only_by_its_name() {
    let (world, mut session) = prefix(SIZE).await;
    for name in ["aaa", "bbb", "ccc"] {
        world.backend.create_bucket(name);
        world.backend.put(name, "x", "1");
    }
    session.keys("h");
    session.wait_for("ccc");
    // Retyped at once, as somebody does who has not looked: all of it is text of the prompt.
    session.keys("nDaily\r");
    session.wait_for("no bucket can be called that");
    session.keys("adaily");
    session.wait_for("Dailyadaily");
    session.keys("\x1b");
    session.wait_until("the panes", |screen| !screen.contents().contains("New bucket"));
    session.keys("gd");
    session.wait_for("Type aaa to go on");
    session.answer("once that is typed", "y\r");
    session.wait_for("That is something else");
    session.keys("\x7faaa\r");
    session.wait_until("a list without it", |screen| !screen.contents().contains("aaa"));
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    assert_eq!(world.backend.keys("bbb"), ["x"]);
    assert_eq!(world.backend.keys("box").len(), 8);
}

/// What an earlier run left is asked about until the user has said what is to become of it.
#[tokio::test(flavor = "multi_thread")]
async fn unfinished_transfers_are_offered_until_they_are_settled() {
    let world = World::new().await;
    let cut_off = || async {
        world.backend.faults().add(Rule::always(Operation::PutObject, Fault::Stall));
        let mut session = start(&world, SIZE);
        let folder = world.folder.path().join("files/slow");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("slow.bin"), "x").unwrap();
        session.wait_for("box");
        session.keys("\tR\tR");
        session.wait_for("slow/");
        session.keys("c");
        session.wait_for("running");
        session.signal("TERM");
        session.exit_code();
        world.backend.faults().clear();
    };
    let answer = |key: &'static str, said: &'static str| {
        let mut session = start(&world, SIZE);
        session.wait_for("A transfer was not finished");
        session.wait_for("slow to p:box/slow/");
        session.answer("f forget", key);
        session.wait_until("no question", |screen| !screen.contents().contains("was not finished"));
        session.wait_for(said);
        session.keys("q");
        assert_eq!(session.exit_code(), 0);
    };
    let is_quiet = || {
        let mut session = start(&world, SIZE);
        session.wait_for("slow/");
        session.keys("q");
        assert_eq!(session.exit_code(), 0, "a question would have taken the key");
    };
    cut_off().await;
    answer("\x1b", "box");
    // Enter takes what does nothing, and nobody is asked again.
    answer("\r", "not asked about again");
    is_quiet();
    assert!(world.backend.keys("box").is_empty(), "nothing was gone on with");
    cut_off().await;
    answer("f", "1 transfer is forgotten");
    is_quiet();
}
