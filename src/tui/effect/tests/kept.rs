//! Flows of what a bucket keeps without showing it: old versions and unfinished uploads.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn versions_are_brought_back_copied_and_purged() {
    let mut flow = Flow::start(&[], &[("keep.txt", "kept")], at("")).await;
    flow.backend.set_versioned("box");
    flow.backend.put("box", "a.txt", "old");
    flow.backend.put("box", "a.txt", "newer text");
    flow.backend.delete("box", "a.txt");
    flow.keys("\th");
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("V");
    flow.until_shown("4 versions").await;
    flow.keys(".r");
    flow.until(|flow| flow.object("a.txt").as_deref() == Some("newer text")).await;
    flow.until_shown("3 versions").await;
    flow.keys(".jr");
    flow.until(|flow| flow.object("a.txt").as_deref() == Some("old")).await;
    flow.until_shown("4 versions").await;
    flow.keys("Dbox\r");
    flow.until(|flow| flow.backend.versions("box", "a.txt").is_empty()).await;
    flow.until_shown("0 versions").await;
    assert_eq!(flow.object("keep.txt"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unfinished_uploads_are_shown_with_their_sizes_and_aborted() {
    let mut flow = Flow::start(&[], &[("there.txt", "y")], at("")).await;
    let started = std::time::SystemTime::now() - Duration::from_hours(50);
    for n in 0..1200 {
        flow.backend.leave_upload("box", &format!("kept/{n:04}"), started, &[]);
    }
    flow.backend.leave_upload("box", "esc\u{1b}[2J", started, &[b"12345", b"678"]);
    flow.keys("\tU");
    flow.until_shown("1,201 uploads").await;
    flow.until_shown("2d       8 B  esc\\x1b[2J").await;
    flow.keys("d");
    flow.until_shown("2 parts, 8 B").await;
    flow.keys("y");
    flow.until_shown("1 upload aborted").await;
    assert!(flow.backend.uploads("box").len() == 1200 && !flow.screen().contains("esc"));
    flow.keys("ad");
    flow.until_shown("Abort 1,200 unfinished uploads?").await;
    flow.keys("y");
    flow.until_shown("No unfinished uploads here").await;
    assert!(flow.backend.uploads("box").is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_is_viewed_as_it_was() {
    let mut flow = Flow::start(&[], &[], at("")).await;
    flow.backend.set_versioned("box");
    flow.backend.put("box", "a.txt", "what it was");
    flow.backend.put("box", "a.txt", "what it is");
    flow.keys("\tR");
    flow.until_shown("a.txt").await;
    flow.keys("V");
    flow.until_shown("2 versions").await;
    flow.keys("Gv");
    flow.until_shown("what it was").await;
    let heading = flow.screen().lines().next().unwrap().to_owned();
    assert!(heading.contains("demo:box/a.txt, version ") && heading.contains("11 B"), "{heading}");
    flow.keys("\x1bg\r");
    flow.until_shown("what it is").await;
    flow.keys("\x1b");
    assert!(flow.screen().contains("2 versions"), "{}", flow.screen());
}
