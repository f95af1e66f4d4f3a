//! `--on-conflict newer`: only what is newer is replaced, whatever the sizes, and the time that an upload kept counts.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use twinpail::demo::{Fault, Operation, Rule};

use crate::cli::Shell;

const HOUR: i64 = 3600;

/// Seconds since the epoch, so many after now.
fn at(after: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap() + after
}

impl Shell {
    fn file(&self, name: &str, text: &str, seconds: i64) {
        self.write(name, text.as_bytes());
        let time = UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap());
        std::fs::File::options().append(true).open(self.path(name)).unwrap().set_modified(time).unwrap();
    }

    /// An object, with the time that its upload kept.
    fn object(&self, key: &str, text: &str, kept: Option<i64>) {
        self.write("upload", text.as_bytes());
        let mut arguments = vec!["cp".to_owned(), "upload".to_owned(), format!("p:box/{key}")];
        if let Some(kept) = kept {
            arguments.extend(["--metadata".to_owned(), format!("mtime={kept}.5")]);
        }
        self.ok(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    }

    fn newer(&self, command: &[&str], from: &str, to: &str) -> String {
        let mut arguments = command.to_vec();
        arguments.extend(["--on-conflict", "newer", "--json", from, to]);
        self.json(&arguments)[0]["status"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_newer_is_replaced_whatever_the_sizes() {
    let shell = Shell::new().await;
    for (case, source, target, status) in [
        ("older and longer", (at(-HOUR), "longer"), (at(0), "x"), "skipped"),
        ("older and shorter", (at(-HOUR), "x"), (at(0), "longer"), "skipped"),
        ("as old and longer", (at(-HOUR), "longer"), (at(-HOUR), "x"), "skipped"),
        ("newer, the same size", (at(0), "a"), (at(-HOUR), "b"), "done"),
        ("newer and shorter", (at(0), "x"), (at(-HOUR), "longer"), "done"),
    ] {
        for command in ["cp", "mv"] {
            shell.file("from", source.1, source.0);
            shell.file("to", target.1, target.0);
            assert_eq!(shell.newer(&[command], "from", "to"), status, "file to file: {case}");
            let kept = if status == "done" { source.1 } else { target.1 };
            assert_eq!(std::fs::read_to_string(shell.path("to")).unwrap(), kept, "{case}");
            assert_eq!(shell.path("from").exists(), command == "cp" || status == "skipped", "{case}");

            shell.file("from", source.1, source.0);
            shell.object("to", target.1, Some(target.0));
            assert_eq!(shell.newer(&[command], "from", "p:box/to"), status, "file to object: {case}");
            assert_eq!(shell.ok(&["cat", "p:box/to"]), kept, "{case}");

            shell.object("from", source.1, Some(source.0));
            shell.file("to", target.1, target.0);
            assert_eq!(shell.newer(&[command], "p:box/from", "to"), status, "object to file: {case}");

            shell.object("from", source.1, Some(source.0));
            shell.object("to", target.1, Some(target.0));
            assert_eq!(shell.newer(&[command], "p:box/from", "p:box/to"), status, "relay: {case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn last_modified_counts_where_no_time_was_kept() {
    let shell = Shell::new().await;
    shell.object("to", "x", None);
    shell.file("from", "longer", at(-HOUR));
    assert_eq!(shell.newer(&["cp"], "from", "p:box/to"), "skipped");
    shell.file("from", "x", at(HOUR));
    assert_eq!(shell.newer(&["cp"], "from", "p:box/to"), "done");
    // It was uploaded just now, but is an old file.
    shell.object("tree/f", "old", Some(at(-48 * HOUR)));
    shell.file("down/f", "day", at(-24 * HOUR));
    assert_eq!(shell.newer(&["cp", "-r"], "p:box/tree/", "down"), "skipped");
    shell.object("tree/f", "new", None);
    assert_eq!(shell.newer(&["cp", "-r"], "p:box/tree/", "down"), "done");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_time_is_skipped_and_said() {
    let shell = Shell::new().await;
    shell.object("to", "x", None);
    shell.file("from", "longer", at(0));
    let faults = shell.world.backend.faults();
    faults.add(Rule::always(Operation::HeadObject, Fault::Omit(vec!["last-modified"])));
    let output = shell.run(&["cp", "--on-conflict", "newer", "from", "p:box/to"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(0) && said.contains("not known when p:box/to was changed"),
        "{said}"
    );
    assert_eq!(shell.world.backend.get("box", "to").unwrap(), "x");
}
