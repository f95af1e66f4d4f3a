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
