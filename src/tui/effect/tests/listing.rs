//! Flows of panes: read, arranged, failed, stopped.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pane_that_fails_says_why_and_tries_again_when_told() {
    let mut flow = Flow::start(&[("here.txt", "x")], &[("there.txt", "y")], at("")).await;
    flow.backend.faults().add(Rule::once(Operation::ListObjects, Fault::Status(403, "AccessDenied")));
    flow.keys("\tR");
    flow.until_shown("tries again").await;
    assert!(flow.screen().contains("here.txt"), "the other pane goes on");
    assert!(!flow.screen().contains("there.txt"));
    flow.keys("R");
    flow.until_shown("there.txt").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_listing_is_sorted_and_filtered_behind_the_door() {
    let mut flow = Flow::start(&[], &[], at("")).await;
    flow.backend.invent_keys("box", 25_000);
    flow.keys("\tR");
    flow.until(|flow| flow.state.here().listing.len() == 1000).await;
    flow.keys("G");
    flow.until(|flow| flow.state.here().listing.len() == 25_000 && !flow.state.here().loading).await;
    let here = flow.state.here();
    assert!((1..25_000).all(|entry| here.name(entry - 1) < here.name(entry)), "each once, in order");
    flow.keys("s");
    assert!(flow.screen().contains("by size sorting"), "{}", flow.screen());
    flow.until(|flow| flow.state.here().listing.pending().is_none()).await;
    flow.keys("/~12345\r");
    flow.until(|flow| flow.state.here().listing.pending().is_none()).await;
    assert!(flow.screen().contains(" of 25,000 by size "), "{}", flow.screen());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_to_the_end_can_be_stopped_and_gone_on_with() {
    let mut flow = Flow::start(&[], &[], at("")).await;
    for number in 0..6_000 {
        flow.backend.put("box", &format!("{:04}/{}", 3_000 + number / 2, number % 2), "x");
        flow.backend.put("box", &format!("{number:04}"), "x");
    }
    flow.keys("\tR");
    flow.until(|flow| flow.state.here().listing.len() == 1000).await;
    flow.keys("G");
    flow.until(|flow| flow.state.here().listing.len() > 2_000).await;
    flow.keys("\x1b");
    let stopped = flow.state.here().listing.len();
    assert!(flow.state.here().has_more() && !flow.state.here().loading);
    flow.keys("j");
    flow.until(|flow| flow.state.here().listing.len() > stopped).await;
    flow.keys("G");
    flow.until(|flow| !flow.state.here().has_more() && !flow.state.here().loading).await;
    let here = flow.state.here();
    let mut names: Vec<String> =
        (0..9_000).map(|entry| here.name(entry).to_string_lossy().into_owned()).collect();
    names.sort();
    names.dedup();
    assert_eq!((here.listing.len(), names.len()), (9_000, 9_000), "3,000 folders and 6,000 objects");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_behind_more_than_a_page_of_objects_completes_what_is_typed() {
    let flow = Flow::start(&[], &[("zz/x", "1")], at("")).await;
    for number in 0..1_100 {
        flow.backend.put("box", &format!("z{number:04}"), "x");
    }
    let found = files::complete(&flow.effects.connections, "demo:box/z", at("")).await.unwrap();
    assert_eq!(found, ["demo:box/zz/"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn long_listings_are_compared_behind_the_door() {
    let mut flow = Flow::start(&[("key-000000007", ""), ("mine", "")], &[], at("")).await;
    flow.backend.invent_keys("box", 25_000);
    flow.keys("\tR");
    flow.until(|flow| flow.state.here().listing.len() == 1000).await;
    flow.keys("G");
    flow.until(|flow| flow.state.here().listing.len() == 25_000 && !flow.state.here().loading).await;
    flow.keys("=");
    assert!(flow.screen().contains("25,000 comparing"), "{}", flow.screen());
    flow.until_shown("1 only left, 24,999 only right, 1 in both").await;
    assert_eq!(flow.state.here().listing.marks().0, 25_000);
}
