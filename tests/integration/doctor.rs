//! What `doctor` finds at servers with different faults, and that it leaves nothing behind.

use std::process::Stdio;

use serde_json::Value;
use twinpail::demo::{ACCESS_KEY_ID, Fault, Operation, Request, Rule, SECRET_ACCESS_KEY};

use crate::cli::Shell;
use crate::support::closed_port;

mod refusals;

fn finding<'a>(rows: &'a [Value], check: &str) -> &'a Value {
    rows.iter().find(|row| row["check"] == check).unwrap_or_else(|| panic!("no {check} in {rows:?}"))
}

fn rows(shell: &Shell, arguments: &[&str]) -> (i32, Vec<Value>) {
    let output = shell.run(&[&["doctor", "--json"], arguments].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_server_passes_and_is_left_as_it_was() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "mine", "x");
    let (code, found) = rows(&shell, &["p"]);
    assert_eq!(code, 0, "{found:?}");
    let asked = shell.world.backend.faults().take_requests();
    let trailers: Vec<_> = asked.iter().filter_map(|request| request.trailer.as_deref()).collect();
    assert_eq!(trailers, ["x-amz-checksum-crc32"], "one, and no other request has any");
    for check in [
        "credentials",
        "endpoint",
        "clock",
        "list buckets",
        "bucket",
        "payload signing",
        "write and read",
        "multipart upload",
        "delete",
    ] {
        assert_eq!(finding(&found, check)["verdict"], "ok", "{found:?}");
    }
    for check in [
        "trailing checksums",
        "create only if absent",
        "replace only if unchanged",
        "parts of unequal sizes",
        "download link",
        "upload link",
    ] {
        assert_eq!(finding(&found, check)["verdict"], "ok", "{found:?}");
    }
    assert_eq!(shell.ok(&["ls", "-r", "p:box/"]).lines().count(), 1);
    assert!(shell.world.backend.uploads("box").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_found_named_and_cleaned_up_after() {
    let shell = Shell::new().await;
    let faults = shell.world.backend.faults();
    faults.add(Rule::always(Operation::UploadPart, Fault::Status(501, "NotImplemented")));
    faults.add(Rule::always(Operation::ListBuckets, Fault::Status(403, "AccessDenied")));
    let (code, found) = rows(&shell, &["p", "--bucket", "box"]);
    assert_eq!(code, 1);
    let multipart = finding(&found, "multipart upload");
    assert!(
        multipart["verdict"] == "failed" && multipart["detail"].as_str().unwrap().contains("NotImplemented")
    );
    assert_eq!(finding(&found, "list buckets")["verdict"], "warning");
    assert!(shell.world.backend.uploads("box").is_empty());
    faults.clear();
    assert_eq!(shell.ok(&["ls", "-r", "p:box/"]), "");
    faults.add(Rule {
        key: "plain",
        ..Rule::once(Operation::DeleteObject, Fault::Status(403, "AccessDenied"))
    });
    let (code, found) = rows(&shell, &["p"]);
    assert!(code == 1 && finding(&found, "delete")["hint"].as_str().unwrap().contains(".twinpail-doctor/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_other_programs_send_is_tried_too() {
    let shell = Shell::new().await;
    let faults = shell.world.backend.faults();
    let refused = |operation, key, code| Rule { key, ..Rule::always(operation, Fault::Status(400, code)) };
    faults.add(refused(Operation::PutObject, "trailer", "NotImplemented"));
    faults.add(refused(Operation::CompleteUpload, "unequal", "InvalidPart"));
    let (code, found) = rows(&shell, &["p"]);
    assert_eq!(code, 0, "nothing that the program itself needs: {found:?}");
    for (check, why) in [("trailing checksums", "NotImplemented"), ("parts of unequal sizes", "InvalidPart")]
    {
        let finding = finding(&found, check);
        assert_eq!(finding["verdict"], "warning");
        assert!(finding["detail"].as_str().unwrap().contains(why), "{finding}");
    }
    assert_eq!(finding(&found, "multipart upload")["verdict"], "ok");
    assert!(shell.world.backend.uploads("box").is_empty());
    // A server that stores the framing with the content.
    faults.clear();
    let framed = Fault::Replace("1b\r\ntwinpail's doctor was here\n\r\n0\r\n".into());
    faults.add(Rule { key: "trailer", ..Rule::once(Operation::GetObject, framed) });
    let (_, found) = rows(&shell, &["p"]);
    let trailer = finding(&found, "trailing checksums");
    assert!(
        trailer["verdict"] == "warning" && trailer["detail"].as_str().unwrap().contains("damage"),
        "{trailer}"
    );
    assert_eq!(shell.ok(&["ls", "-r", "p:box/"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_in_the_middle_of_an_upload_it_leaves_nothing() {
    let shell = Shell::new().await;
    let backend = &shell.world.backend;
    // The answer that it has begun is lost, so that it is begun once more; then a part hangs.
    let unequal = |rule| Rule { key: "unequal", ..rule };
    backend.faults().add(unequal(Rule::once(Operation::CreateUpload, Fault::LoseAnswer)));
    backend.faults().add(unequal(Rule::always(Operation::UploadPart, Fault::Stall)));
    let child = shell.command(&["doctor", "p"]).stdout(Stdio::null()).spawn().unwrap();
    let hangs =
        |request: &Request| request.operation == Operation::UploadPart && request.key.contains("unequal");
    while !backend.faults().take_requests().iter().any(hangs) {
        tokio::task::yield_now().await;
    }
    assert_eq!(backend.uploads("box").len(), 2);
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
    assert!(backend.uploads("box").is_empty() && backend.keys("box").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_keeps_versions_keeps_none_of_what_was_written() {
    let shell = Shell::new().await;
    let backend = &shell.world.backend;
    backend.set_versioned("box");
    backend.put("box", "mine", "x");
    backend.put("box", "mine", "y");
    let store = shell.world.store().await;
    let kept = async || -> Vec<String> {
        let page = store.versions("box", "", None).await.unwrap();
        page.versions.into_iter().map(|version| version.key).collect()
    };
    let (code, found) = rows(&shell, &["p"]);
    assert!(code == 0 && finding(&found, "delete")["verdict"] == "ok", "{found:?}");
    assert_eq!(kept().await, ["mine", "mine"]);
    // Who may not remove versions is told that they stay.
    backend.faults().add(Rule::always(Operation::DeleteObjects, Fault::Status(403, "AccessDenied")));
    let (code, found) = rows(&shell, &["p"]);
    let delete = finding(&found, "delete");
    assert!(code == 0 && delete["verdict"] == "warning", "{found:?}");
    assert!(delete["detail"].as_str().unwrap().contains("their versions are not"), "{delete}");
    assert!(delete["hint"].as_str().unwrap().contains("p:box/.twinpail-doctor/"), "{delete}");
    assert!(kept().await.len() > 2 && backend.keys("box") == ["mine"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_may_not_write_is_only_read_and_an_absent_server_is_said() {
    let shell = Shell::new().await;
    let keys = format!("access_key_id = \"{ACCESS_KEY_ID}\"\nsecret_access_key = \"{SECRET_ACCESS_KEY}\"\n");
    let endpoint = shell.world.server.endpoint();
    shell.configure(&format!(
        "[profiles.p]\nprovider = \"minio\"\nendpoint = \"{endpoint}\"\nread_only = true\n{keys}\
         [profiles.gone]\nprovider = \"minio\"\nendpoint = \"http://127.0.0.1:{}\"\n{keys}",
        closed_port()
    ));
    shell.world.backend.faults().take_requests();
    let (code, found) = rows(&shell, &["p:"]);
    assert!(code == 0 && finding(&found, "writing")["verdict"] == "skipped", "{found:?}");
    let asked = shell.world.backend.faults().take_requests();
    assert!(asked.iter().all(|request| request.operation != Operation::PutObject), "{asked:?}");
    let (code, found) = rows(&shell, &["gone"]);
    assert!(code == 1 && finding(&found, "endpoint")["verdict"] == "failed");
    assert_eq!(shell.fails(&["doctor", "nonesuch"]).0, 2);
    assert!(shell.ok(&["doctor", "p", "--write"]).contains("list buckets"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recommended_is_written_beside_what_the_user_wrote() {
    let shell = Shell::new().await;
    let port = shell.world.server.endpoint().rsplit(':').next().unwrap().to_owned();
    shell.configure(&format!(
        "# mine\n[profiles.p] # kept\nprovider = \"minio\"\nendpoint = \"http://localhost:{port}\"\npath_style = false\n\
         access_key_id = \"{ACCESS_KEY_ID}\"\nsecret_access_key = \"{SECRET_ACCESS_KEY}\"\n"
    ));
    shell.world.backend.put("box", "mine", "x");
    assert_ne!(shell.run(&["ls", "p:box/"]).status.code(), Some(0), "a bucket is no host of this server");
    let (code, found) = rows(&shell, &["p", "--bucket", "box", "--write"]);
    assert!(code == 0 && finding(&found, "bucket")["verdict"] == "warning", "{found:?}");
    let text = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    assert!(
        text.starts_with("# mine\n[profiles.p] # kept\n") && text.contains("path_style = true\n"),
        "{text}"
    );
    assert_eq!(shell.ok(&["ls", "-r", "p:box/"]).lines().count(), 1, "it works, and nothing of it is left");
}
