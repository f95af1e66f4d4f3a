//! Flows of presigned links.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_signed_for_each_marked_object() {
    let mut flow = Flow::start(&[], &[("a b.txt", "1"), ("ü.txt", "2")], at("")).await;
    flow.keys("\tay");
    flow.until_shown("Works until").await;
    let screen = flow.screen();
    assert!(screen.contains("/box/a%20b.txt?") && screen.contains("/box/%C3%BC.txt?"), "{screen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_gateway_is_told_so_before_anything_is_asked() {
    let mut flow = Flow::start(&[], &[("a.txt", "1")], at("")).await;
    flow.keys("\tx");
    flow.until_shown("protected links need a gateway, and none runs here").await;
    let screen = flow.screen();
    assert!(screen.contains("start one with `twinpail gateway`") && !screen.contains("Password"), "{screen}");
    flow.keys("\x1b");
    assert!(flow.state.dialogs.is_empty());
}
