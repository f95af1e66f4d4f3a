//! Properties changed in place.

use twinpail::demo::{Fault, Operation, Rule};

use crate::cli::Shell;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_named_changes_and_the_rest_stays() {
    let shell = Shell::new().await;
    shell.write("a.html", b"<p>");
    shell.ok(&["cp", "--metadata", "owner=ada", "--metadata", "old=1", "a.html", "p:box/d/a.html"]);
    shell.ok(&["cp", "--content-type", "text/x", "a.html", "p:box/d/b"]);
    let planned = shell.ok(&["set", "-r", "--dry-run", "--cache-control", "no-store", "p:box/d/"]);
    assert_eq!(planned.matches("would be changed").count(), 2, "{planned}");
    shell.ok(&[
        "set",
        "-r",
        "--cache-control",
        "no-store",
        "--remove-metadata",
        "OLD",
        "--tag",
        "k=v",
        "p:box/d/",
    ]);
    let rows = shell.json(&["stat", "--json", "p:box/d/a.html", "p:box/d/b"]);
    assert_eq!(
        (rows[0]["cache_control"].as_str(), rows[1]["cache_control"].as_str()),
        (Some("no-store"), Some("no-store"))
    );
    assert_eq!(
        (rows[0]["content_type"].as_str(), rows[1]["content_type"].as_str()),
        (Some("text/html"), Some("text/x"))
    );
    assert_eq!(rows[0]["metadata"]["owner"].as_str(), Some("ada"));
    assert!(rows[0]["metadata"].get("old").is_none(), "{rows:?}");
    assert_eq!(shell.ok(&["cat", "p:box/d/a.html"]), "<p>");
    assert!(shell.ok(&["set", "--cache-control", "no-store", "p:box/d/b"]).contains("as it is"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_that_changes_meanwhile_is_left_alone() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "a", "old");
    let fault = Fault::Replace("new".into());
    shell.world.backend.faults().add(Rule::once(Operation::CopyObject, fault));
    let (code, error) = shell.fails(&["set", "--content-type", "text/x", "p:box/a"]);
    assert!(code == 1 && error.contains("p:box/a"), "{error}");
    assert_eq!(shell.ok(&["cat", "p:box/a"]), "new");
    assert_eq!(shell.fails(&["set", "p:box/a"]).0, 2);
    assert_eq!(shell.fails(&["set", "--tag", "x", "p:box/a"]).0, 2);
    assert_eq!(shell.fails(&["set", "--content-type", "text/x", "p:box/none"]).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_alone_need_no_copy_and_archives_are_asked_first() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "d/a", "text");
    shell.world.backend.faults().take_requests();
    shell.ok(&["set", "--tag", "k=v", "p:box/d/a"]);
    let requests = shell.world.backend.faults().take_requests();
    assert!(requests.iter().all(|request| request.operation != Operation::CopyObject), "{requests:?}");
    assert_eq!(shell.world.backend.tags("box", "d/a"), [("k".to_owned(), "v".to_owned())]);
    shell.ok(&["set", "--storage-class", "GLACIER", "p:box/d/a"]);
    let (code, error) = shell.fails(&["cat", "p:box/d/a"]);
    assert!(code == 1 && error.contains("twinpail restore"), "{error}");
    assert_eq!(shell.fails(&["restore", "--days", "0", "p:box/d/a"]).0, 2);
    shell.ok(&["restore", "-r", "--days", "3", "--tier", "bulk", "p:box/d/"]);
    assert_eq!(shell.ok(&["cat", "p:box/d/a"]), "text");
    shell.world.backend.put("box", "plain", "x");
    let (code, error) = shell.fails(&["restore", "p:box/plain"]);
    assert!(code == 1 && error.contains("archive class"), "{error}");
}
