//! Flows of what goes from one pane to the other.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_goes_up_and_a_prefix_comes_down() {
    let files = [("tree/one.txt", "one"), ("tree/deep/two.txt", "two")];
    let mut flow = Flow::start(&files, &[("in/three.txt", "three")], at("")).await;
    flow.keys("c");
    flow.until_shown("2 files done").await;
    assert_eq!(flow.object("tree/deep/two.txt").as_deref(), Some("two"));
    flow.until_shown("tree/  ").await;
    flow.keys("\tgc");
    flow.until_shown("1 file done").await;
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
