//! Flows that show what is known of files, objects and buckets.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn properties_are_shown_and_escape_closes_them() {
    let mut flow = Flow::start(&[("f.txt", "12345")], &[("o.txt", "1234567")], at("")).await;
    flow.keys("i");
    flow.until_shown("size            5 B").await;
    flow.keys("\x1b\ti");
    flow.until_shown("etag").await;
    let screen = flow.screen();
    assert!(screen.lines().any(|line| line.contains("│ size ") && line.contains(" 7 B ")), "{screen}");
    flow.keys("\x1b");
    assert!(!flow.screen().contains("etag"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_tells_who_may_reach_it_and_is_switched_to_keep_versions() {
    let mut flow = Flow::start(&[], &[("a", "1"), ("p/b", "12"), ("p/c", "123")], at("")).await;
    let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject"}]}"#;
    flow.backend.set_policy("box", policy);
    flow.backend.set_lifecycle("box", "logs/", 30);
    flow.backend.set_cors("box", "https://app.example.org");
    flow.keys("\tgi");
    flow.until_shown("2 objects, 5 B").await;
    flow.keys("\x1bh");
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("i");
    flow.until_shown("its policy lets anybody s3:GetObject").await;
    let screen = flow.screen();
    assert!(screen.contains("expire-30 (enabled), prefix logs/: deleted after 30 days"), "{screen}");
    assert!(screen.contains("GET, HEAD from https://app.example.org; for 3600 s"), "{screen}");
    assert!(screen.contains("not available: NotImplemented"), "refusals are words: {screen}");
    flow.keys("Vy");
    flow.until_shown("versions are kept from now on").await;
    flow.until_shown("versioning           enabled").await;
    flow.keys("\x1b\r");
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("G");
    flow.backend.put("box", "a", "2");
    flow.keys("i");
    flow.until_shown("versions       2").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_that_its_list_of_grants_opens_is_flagged_and_one_that_it_does_not_is_not() {
    let mut flow = Flow::start(&[], &[("a", "1")], at("")).await;
    flow.keys("\th");
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("i");
    flow.until_shown("demo: FULL_CONTROL").await;
    assert!(!flow.screen().contains("PUBLIC"), "{}", flow.screen());
    flow.backend.grant("box", "AllUsers", "READ");
    flow.backend.grant("box", "AuthenticatedUsers", "WRITE");
    flow.keys("\x1bi");
    flow.until_shown("PUBLIC").await;
    let screen = flow.screen();
    assert!(screen.contains("its ACL lets anybody read"), "{screen}");
    assert!(screen.contains("its ACL lets anybody with an AWS account write"), "{screen}");
    // One that only those of some addresses may read is not open.
    flow.backend.create_bucket("closed");
    let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",
        "Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}"#;
    flow.backend.set_policy("closed", policy);
    flow.keys("\x1bR");
    flow.until_shown("closed").await;
    flow.until(|flow| !flow.state.here().loading).await;
    flow.keys("Gi");
    flow.until_shown("aws:SourceIp").await;
    assert!(!flow.screen().contains("PUBLIC"), "{}", flow.screen());
}
