//! Moving and copying in the browser: nothing goes before it was agreed to, and it goes where it was said.

use crate::browser::start;
use crate::browser::{SMALL, WIDE};
use crate::support::World;

fn keys_below(world: &World, prefix: &str) -> Vec<String> {
    world.backend.keys("box").into_iter().filter(|key| key.starts_with(prefix)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prefix_stays_where_it_is_until_enter_and_gets_the_name_that_was_typed() {
    let world = World::new().await;
    for n in 0..7 {
        world.backend.put("box", &format!("old/{n}"), "12345");
    }
    for size in [SMALL, WIDE] {
        let mut session = start(&world, size);
        session.wait_for("old/");
        session.keys("\tm");
        session.wait_for("7 files, 35 B");
        session.keys("\x1b");
        session.wait_for("nothing was moved");
        assert_eq!(keys_below(&world, "old/").len(), 7);
        session.keys("m");
        session.answer("Enter move", "\x15new\r");
        session.wait_for("7 files moved, 35 B");
        assert_eq!((keys_below(&world, "old/").len(), keys_below(&world, "new/").len()), (0, 7));
        session.wait_for("new/");
        session.keys("m");
        session.answer("Enter move", "\x15old\r");
        session.wait_for("old/ ");
        session.wait_until("all of it", |_| keys_below(&world, "old/").len() == 7);
        session.wait_for("7 files moved");
        session.keys("q");
        assert_eq!(session.exit_code(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_renamed_by_f6_and_a_bad_target_keeps_what_was_typed() {
    let world = World::new().await;
    let mut session = start(&world, SMALL);
    let files = world.folder.path().join("files");
    std::fs::write(files.join("a.txt"), "text").unwrap();
    session.keys("R");
    session.wait_for("a.txt");
    session.keys("\x1b[17~");
    session.answer("Enter move", "\x15wrok:x/\r");
    session.wait_for("there is no profile called wrok");
    session.wait_for("wrok:x/");
    session.keys("\x15b.txt\r");
    session.wait_for("renamed a.txt to b.txt");
    assert_eq!(std::fs::read_to_string(files.join("b.txt")).unwrap(), "text");
    assert!(!files.join("a.txt").exists());
    session.wait_for("b.txt");
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_filter_hides_is_neither_moved_nor_deleted() {
    let world = World::new().await;
    for name in ["keep-1.txt", "keep-2.txt", "zap.log"] {
        world.backend.put("box", name, "12345");
    }
    let mut session = start(&world, WIDE);
    session.wait_for("zap.log");
    session.keys("\ta/zap\r");
    session.wait_for("2 marked hidden");
    session.keys("d");
    session.wait_for("2 marked entries are hidden by the filter and left out");
    session.answer("y yes", "y");
    session.wait_for("1 deleted");
    assert_eq!(world.backend.keys("box"), ["keep-1.txt", "keep-2.txt"]);
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
}
