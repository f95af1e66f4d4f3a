//! Flows of the viewer.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_document_is_laid_out_behind_the_door() {
    let mut flow = Flow::start(&[], &[("a", "")], at("")).await;
    let rows: Vec<String> = (0..30_000).map(|n| format!("{{\"row\":{n}}}")).collect();
    flow.backend.put("box", "rows.json", format!("[{}]", rows.join(",")));
    flow.keys("\tR");
    flow.until_shown("rows.json").await;
    flow.keys("Gv");
    flow.until_shown("\"row\": 0").await;
    flow.keys("G");
    assert!(flow.screen().contains("\"row\": 29999") && flow.screen().contains("JSON"), "{}", flow.screen());
}
