//! Flows of what goes from one pane to the other.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_goes_up_and_a_prefix_comes_down() {
    let files = [("tree/one.txt", "one"), ("tree/deep/two.txt", "two")];
    let mut flow = Flow::start(&files, &[("in/three.txt", "three")], at("")).await;
    flow.keys("c");
    flow.until_shown("2 files copied").await;
    assert_eq!(flow.object("tree/deep/two.txt").as_deref(), Some("two"));
    flow.until_shown("tree/  ").await;
    flow.keys("\tgc");
    flow.until_shown("1 file copied").await;
    assert_eq!(text(&flow.file("in/three.txt")), "three");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_exists_is_asked_about_and_the_answer_counts() {
    let files = [("a.txt", "mine"), ("b.txt", "mine")];
    let mut flow = Flow::start(&files, &[("a.txt", "theirs"), ("b.txt", "theirs")], at("")).await;
    flow.keys("ac");
    flow.until_shown("Exists already").await;
    flow.keys("s");
    flow.until_shown("Exists already").await;
    flow.keys("o");
    flow.until_shown("1 file skipped").await;
    let both = [flow.object("a.txt").unwrap(), flow.object("b.txt").unwrap()];
    assert!(both.contains(&"mine".to_owned()) && both.contains(&"theirs".to_owned()), "{both:?}");
}

fn control_u() -> Event {
    Event::Key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_move_is_a_rename_into_the_folder_that_was_typed_and_is_taken_back() {
    let files = [("a.txt", "one"), ("sub/b.txt", "two")];
    let mut flow = Flow::start(&files, &[("x", "3")], at("")).await;
    flow.keys("jm");
    flow.until_shown("1 file, 3 B").await;
    flow.look();
    flow.happen(control_u());
    flow.keys("sub\r");
    flow.until_shown("sub is a folder that exists").await;
    assert_eq!(text(&flow.file("a.txt")), "one", "nothing happened");
    flow.keys("/\r");
    flow.until_shown("moved a.txt to").await;
    assert_eq!(text(&flow.file("sub/a.txt")), "one");
    assert!(!flow.file("a.txt").exists());
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("uy");
    flow.until_shown("a.txt  ").await;
    assert_eq!(text(&flow.file("a.txt")), "one");
    flow.keys("m");
    flow.look();
    flow.happen(control_u());
    flow.keys("demo:nowhere/\r");
    flow.until_shown("nowhere").await;
    flow.until_shown("Move").await;
    assert!(flow.state.proposal.is_some(), "the dialog stays open");
    flow.keys("\x1b");
    assert_eq!(text(&flow.file("a.txt")), "one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefix_is_counted_and_moved_under_a_new_name() {
    let objects = [("old/a", "1"), ("old/b/c", "22"), ("older", "3")];
    let mut flow = Flow::start(&[], &objects, at("")).await;
    flow.keys("\tm");
    flow.until(|flow| flow.screen().contains("2 files, 3 B") && !flow.screen().contains("counting")).await;
    assert_eq!(flow.backend.keys("box"), ["old/a", "old/b/c", "older"]);
    flow.look();
    flow.happen(control_u());
    flow.keys("new\r");
    flow.until_shown("2 files moved").await;
    assert_eq!(flow.backend.keys("box"), ["new/a", "new/b/c", "older"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_much_is_counted_up_to_the_limit_and_asks() {
    let names: Vec<String> = (0..1_200).map(|n| format!("tree/{n:04}")).collect();
    let objects: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    let mut flow = Flow::start(&[], &objects, at("")).await;
    flow.keys("\tc");
    flow.until_shown("or more; the rest was not counted").await;
    flow.keys("\x1b");
    flow.until_shown("nothing was copied").await;
    assert!(std::fs::read_dir(flow.file("")).unwrap().next().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_is_shown_then_done_and_deletes_at_its_end() {
    let files = [("same.txt", "same"), ("new.txt", "new")];
    let mut flow = Flow::start(&files, &[("old.txt", "old"), ("same.txt", "same")], at("")).await;
    let file = std::fs::File::options().write(true).open(flow.file("same.txt")).unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    flow.keys("Z");
    flow.until_shown("1 to create, 0 to update, 0 to delete, 1 unchanged").await;
    flow.keys("d");
    assert!(flow.screen().contains("1 to delete"));
    flow.keys("\r");
    flow.until(|flow| flow.backend.keys("box") == ["new.txt", "same.txt"]).await;
    flow.until(|flow| flow.state.deletion.is_none()).await;
    flow.keys("Z");
    flow.until_shown("nothing to do: 2 unchanged").await;
}
