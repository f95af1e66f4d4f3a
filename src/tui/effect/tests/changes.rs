//! Flows that make, rename, change and delete, and take that back.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prefix_is_renamed_and_deleted_with_all_that_is_below_it() {
    let objects = [("old/a", "1"), ("old/b/c", "2"), ("older", "3")];
    let mut flow = Flow::start(&[], &objects, at("")).await;
    flow.keys("\tr\x08\x08\x08new\r");
    flow.until_shown("2 files moved").await;
    flow.until(|flow| !flow.state.here().loading).await;
    assert_eq!(flow.object("new/b/c").as_deref(), Some("2"));
    assert_eq!(flow.object("old/a"), None);
    flow.keys("gd");
    flow.until_shown("2 files").await;
    flow.keys("y");
    flow.until_shown("deleted").await;
    assert_eq!((flow.object("new/a"), flow.object("older").as_deref()), (None, Some("3")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_and_buckets_are_made_where_one_is() {
    let mut flow = Flow::start(&[], &[], at("")).await;
    flow.keys("nlocal\r");
    flow.until_shown("local/").await;
    flow.keys("\tnremote\r");
    flow.until_shown("remote/").await;
    assert!(flow.file("local").is_dir());
    assert_eq!(flow.object("remote/").as_deref(), Some(""));
    flow.keys("h");
    flow.until_shown("box").await;
    flow.keys("nBad_Name\r");
    flow.until_shown("no bucket can be called that").await;
    assert!(flow.screen().contains("New bucket") && flow.screen().contains("Bad_Name"), "{}", flow.screen());
    flow.keys(&format!("{}fresh-bucket\r", "\x08".repeat("Bad_Name".len())));
    flow.until_shown("fresh-bucket").await;
    flow.until(|flow| flow.state.dialogs.is_empty()).await;
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("/fresh\rd");
    flow.until_shown("the empty bucket fresh-bucket").await;
    flow.keys("y");
    flow.until_shown("nothing matches the filter").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn properties_and_classes_change_in_place_and_archives_give_back() {
    let mut flow = Flow::start(&[], &[("a", "1"), ("p/b", "12"), ("p/c", "123")], at("")).await;
    flow.keys("\tgjM");
    flow.until_shown("Properties of demo:box/a").await;
    flow.look();
    flow.happen(Event::Paste("x".into()));
    flow.keys("\t\t\t\t\towner=ada\tx=1\t\tteam=blue\r");
    flow.until(|flow| flow.state.dialogs.is_empty()).await;
    let (content_type, metadata) = flow.backend.described("box", "a").unwrap();
    assert_eq!(content_type.as_deref(), Some("binary/octet-streamx"));
    assert_eq!((metadata["owner"].as_str(), metadata["x"].as_str()), ("ada", "1"));
    assert_eq!(flow.backend.tags("box", "a"), [("team".to_owned(), "blue".to_owned())]);
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("aC\rGLACIER\r");
    flow.until_shown("Change 2 marked entries and everything below?").await;
    assert!(flow.screen().contains("3 objects, "), "{}", flow.screen());
    assert_eq!(flow.backend.storage_class("box", "p/c"), None, "nothing is done before a yes");
    flow.keys("y");
    flow.until(|flow| flow.state.deletion.is_none()).await;
    assert_eq!(flow.backend.storage_class("box", "p/c").as_deref(), Some("GLACIER"));
    assert_eq!(flow.backend.tags("box", "a").len(), 1, "a copy in place keeps tags");
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("i");
    flow.until_shown("archived, not readable until it is restored (C)").await;
    flow.keys("\x1bv");
    flow.until_shown("C in the pane restores it: it is archived").await;
    assert!(!flow.screen().contains("twinpail restore"), "{}", flow.screen());
    flow.keys("\x1bC\x1b[B");
    flow.keys("\x1bCrestore\r");
    flow.until_shown("Days to stay readable").await;
    flow.keys("\r");
    flow.until_shown("asked for").await;
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("i");
    flow.until_shown("readable until ").await;
    assert!(!flow.screen().contains("ongoing-request"), "{}", flow.screen());
    flow.backend.put("box", "plain", "x");
    flow.keys("\rR");
    flow.until_shown("plain").await;
    flow.keys("Gi");
    flow.until_shown("storage class  STANDARD").await;
    assert!(!flow.screen().contains("restore"), "{}", flow.screen());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_change_by_a_pattern_and_deeds_are_taken_back() {
    let files = [("a.txt", "1"), ("b.txt", "2")];
    let mut flow = Flow::start(&files, &[("old/x", "3"), ("old/y/z", "4")], at("")).await;
    flow.keys("ar.txt\t.md\r");
    flow.until(|flow| flow.state.dialogs.is_empty()).await;
    flow.until_shown("b.md").await;
    assert_eq!(text(&flow.file("a.md")), "1");
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("uy");
    flow.until_shown("b.txt").await;
    assert_eq!(text(&flow.file("a.txt")), "1");
    flow.keys("\tr\x08\x08\x08new\r");
    flow.until_shown("2 files moved").await;
    assert_eq!(flow.object("new/y/z").as_deref(), Some("4"));
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("uy");
    flow.until_shown("2 files moved").await;
    assert!(flow.object("old/y/z").is_some() && flow.object("new/x").is_none());
    flow.until(|flow| !flow.state.here().loading).await;
    flow.backend.set_versioned("box");
    flow.keys("Rgd");
    flow.until_shown("2 files").await;
    flow.keys("y");
    flow.until(|flow| flow.backend.keys("box").is_empty() && flow.state.deletion.is_none()).await;
    flow.keys("u");
    flow.until_shown("Bring back 2 deleted objects?").await;
    flow.keys("y");
    flow.until(|flow| flow.backend.keys("box") == ["old/x", "old/y/z"]).await;
}
