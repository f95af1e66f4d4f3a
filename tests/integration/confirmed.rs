//! A provider that answers with success and does nothing: that is said, and it is a failure.

use std::time::SystemTime;

use twinpail::demo::{Fault, Operation, Rule};

use crate::cli::Shell;

/// A versioned bucket with an object, an old version of it, a deleted object, an entry of a folder, an archived object
/// and an unfinished upload; and an empty bucket.
async fn shell() -> Shell {
    let shell = Shell::new().await;
    let backend = &shell.world.backend;
    backend.set_versioned("box");
    backend.put("box", "k", "old");
    backend.put("box", "k", "new");
    backend.put("box", "d/gone", "text");
    backend.delete("box", "d/gone");
    backend.put("box", "folder/", "");
    backend.put("box", "cold", "ice");
    backend.set_storage_class("box", "cold", "GLACIER");
    backend.leave_upload("box", "begun", SystemTime::now(), &[b"part"]);
    backend.create_bucket("empty");
    shell
}

fn answer(body: &'static str) -> Fault {
    Fault::Answer(200, vec![("content-type", "application/xml")], body)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_ignores_is_no_success() {
    let copied = "<CopyObjectResult><ETag>&quot;e&quot;</ETag></CopyObjectResult>";
    let done = Fault::Answer(204, vec![], "");
    let all: &[(Rule, &[&str], &str)] = &[
        (
            Rule::always(Operation::DeleteObjects, answer("<DeleteResult/>")),
            &["undelete", "p:box/d/gone"],
            "still deleted",
        ),
        (
            Rule::always(Operation::DeleteObjects, answer("<DeleteResult/>")),
            &["undelete", "-r", "p:box/d/"],
            "still deleted",
        ),
        (
            Rule::always(Operation::CopyObject, answer(copied)),
            &["set", "--content-type", "a/b", "p:box/k"],
            "content type",
        ),
        (
            Rule::always(Operation::CopyObject, answer(copied)),
            &["set", "--metadata", "a=b", "p:box/k"],
            "metadata a",
        ),
        (
            Rule::always(Operation::CopyObject, answer(copied)),
            &["set", "--storage-class", "GLACIER", "p:box/k"],
            "storage class",
        ),
        // The tags are read before they are written.
        (
            Rule { after: 1, ..Rule::once(Operation::Other, answer("")) },
            &["set", "--tag", "a=b", "p:box/k"],
            "tags",
        ),
        (Rule::always(Operation::DeleteObject, done.clone()), &["rm", "p:box/folder/"], "still there"),
        (Rule::always(Operation::DeleteObject, done.clone()), &["rm", "p:box/k"], "still there"),
        (
            Rule::always(Operation::DeleteObjects, answer("<DeleteResult/>")),
            &["rm", "-r", "p:box/folder/"],
            "still there",
        ),
        (
            Rule::always(Operation::DeleteObjects, answer("<DeleteResult/>")),
            &["rm", "-r", "p:box/k"],
            "there still is p:box/k",
        ),
        (
            Rule::always(Operation::DeleteObjects, answer("<DeleteResult/>")),
            &["rm", "-r", "--versions", "--force", "p:box/k"],
            "still there",
        ),
        (
            Rule::always(Operation::DeleteObject, done.clone()),
            &["mv", "p:box/folder/", "p:box/other/"],
            "still there",
        ),
        (Rule::always(Operation::DeleteObject, done.clone()), &["mv", "p:box/k", "p:box/l"], "still there"),
        (
            Rule::always(Operation::RestoreObject, Fault::Answer(202, vec![], "")),
            &["restore", "p:box/cold"],
            "nothing of restoring",
        ),
        (
            Rule::always(Operation::AbortUpload, done.clone()),
            &["uploads", "abort", "--yes", "p:box/begun"],
            "parts are still",
        ),
        (Rule::once(Operation::Other, done.clone()), &["rb", "p:empty"], "still there"),
    ];
    for (rule, arguments, words) in all {
        let shell = shell().await;
        shell.world.backend.faults().add(rule.clone());
        let (code, said) = shell.fails(arguments);
        assert!(code == 1 && said.contains(words), "{arguments:?}: {code} {said}");
        // And without the fault all of it works.
        shell.world.backend.faults().clear();
        shell.ok(arguments);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_version_than_the_one_asked_for_is_not_passed_off_as_it() {
    let shell = shell().await;
    let old = shell.world.backend.versions("box", "k")[0].0.clone();
    let faults = shell.world.backend.faults();
    for operation in [Operation::GetObject, Operation::HeadObject] {
        faults.add(Rule::always(operation, Fault::Omit(vec!["x-amz-version-id"])));
    }
    for arguments in [
        &["cat", "--version-id", &old, "p:box/k"][..],
        &["cp", "--version-id", &old, "p:box/k", "-"],
        &["cp", "--version-id", &old, "p:box/k", "p:box/k"],
        &["cp", "--version-id", &old, "p:box/k", "file"],
        &["stat", "--version-id", &old, "p:box/k"],
    ] {
        let (code, said) = shell.fails(arguments);
        assert!(code == 1 && said.contains("another was answered"), "{arguments:?}: {said}");
    }
    assert!(!shell.path("file").exists());
    faults.clear();
    assert_eq!(shell.ok(&["cat", "--version-id", &old, "p:box/k"]), "old");
}
