//! The real binary's commands against the in-memory server.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use twinpail::demo::{ACCESS_KEY_ID, Fault, Operation, Rule, SECRET_ACCESS_KEY};

use crate::pty::Session;
use crate::support::{World, closed_port, pattern};

/// A world, and a home folder whose configuration knows it as `p`.
pub(crate) struct Shell {
    pub(crate) world: World,
}

impl Shell {
    pub(crate) async fn new() -> Self {
        let shell = Self { world: World::new().await };
        let endpoint = shell.world.server.endpoint().to_owned();
        shell.configure(&format!(
            "[profiles.p]\nprovider = \"minio\"\nendpoint = \"{endpoint}\"\naccess_key_id = \"{ACCESS_KEY_ID}\"\nsecret_access_key = \"{SECRET_ACCESS_KEY}\"\n"
        ));
        shell
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.world.folder.path().join(name)
    }

    pub(crate) fn configure(&self, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.path("config.toml");
        std::fs::write(&file, text).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_twinpail"));
        command
            .args(arguments)
            .current_dir(self.world.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.world.folder.path())
            .env("TZ", "UTC")
            .env("TWINPAIL_CONFIG", self.path("config.toml"))
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        tokio::task::block_in_place(|| self.command(arguments).output().unwrap())
    }

    /// stdout of a command that must succeed.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    /// Exit code and stderr of a command that must fail.
    pub(crate) fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        assert_ne!(output.status.code(), Some(0), "{arguments:?}");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Vec<Value> {
        self.ok(arguments).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_listed_read_moved_and_deleted() {
    let shell = Shell::new().await;
    shell.write("a.txt", b"content");
    shell.ok(&["cp", "a.txt", "p:box/dir/"]);
    shell.ok(&["cp", "p:box/dir/a.txt", "p:box/dir/b.txt"]);
    assert_eq!(shell.ok(&["cat", "p:box/dir/a.txt", "p:box/dir/b.txt"]), "contentcontent");
    assert!(shell.ok(&["ls", "p:"]).trim_end().ends_with(" box"));
    assert!(shell.ok(&["ls", "s3://box/"]).contains("PRE dir/"));
    let rows = shell.json(&["ls", "-r", "--json", "p:box/"]);
    let keys: Vec<&str> = rows.iter().map(|row| row["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["dir/a.txt", "dir/b.txt"]);
    assert_eq!((rows[0]["size"].as_u64(), rows[0]["kind"].as_str()), (Some(7), Some("object")));
    assert_eq!(shell.ok(&["ls", "-r", "-0", "p:box/dir/a"]), "dir/a.txt\0");
    shell.ok(&["mv", "p:box/dir/b.txt", "p:box/c.txt"]);
    shell.ok(&["mb", "p:other"]);
    shell.world.backend.faults().take_requests();
    let (code, error) = shell.fails(&["mb", "p:Bad_Name"]);
    assert!(code == 1 && error.contains("p:Bad_Name") && error.contains("3 to 63 characters"), "{error}");
    assert_eq!(shell.world.backend.faults().take_requests().len(), 0, "nothing is sent");
    shell.ok(&["cp", "-r", "p:box/", "p:other/copy/"]);
    assert_eq!(shell.world.backend.keys("other"), ["copy/c.txt", "copy/dir/a.txt"]);
    let stat = shell.json(&["stat", "--json", "p:box/c.txt"]);
    assert_eq!(stat[0]["content_type"], "text/plain");
    assert!(shell.ok(&["rm", "-r", "--dry-run", "p:box/dir/"]).contains("would delete p:box/dir/a.txt"));
    shell.ok(&["rm", "-r", "p:box/dir/"]);
    shell.ok(&["rm", "p:box/c.txt"]);
    assert!(shell.world.backend.keys("box").is_empty());
    let (code, error) = shell.fails(&["rb", "p:other"]);
    assert!(code == 1 && error.contains("not empty") && error.contains("--force"), "{error}");
    shell.ok(&["rb", "--force", "p:other"]);
    assert_eq!(shell.world.backend.buckets(), ["box"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_report_each_file_and_a_summary() {
    let shell = Shell::new().await;
    let data = pattern(12 << 20);
    shell.write("t/big", &data);
    shell.write("t/small", b"x");
    let rows = shell.json(&["cp", "-r", "--json", "--part-size", "5MiB", "t/", "p:box/t/"]);
    assert_eq!(rows.len(), 3);
    for field in ["source", "target", "status", "bytes", "bytes_sent", "bytes_resumed", "verified", "error"] {
        assert!(rows[0].get(field).is_some(), "{field}");
    }
    assert_eq!(rows[2]["summary"]["files"], 2);
    assert_eq!(rows[2]["summary"]["bytes"], data.len() as u64 + 1);
    assert_eq!(shell.world.backend.get("box", "t/big").unwrap(), data);
    shell.ok(&["cp", "-r", "p:box/t", "back/"]);
    assert_eq!(std::fs::read(shell.path("back/t/big")).unwrap(), data);
    let skipped = shell.json(&["cp", "--json", "--on-conflict", "skip", "p:box/t/small", "back/t/"]);
    assert_eq!(skipped[0]["status"], "skipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_go_in_and_out() {
    let shell = Shell::new().await;
    let data = pattern(11 << 20);
    let mut child = shell
        .command(&["cp", "--part-size", "5MiB", "--expected-size", "11MiB", "-", "p:box/stream.bin"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    tokio::task::block_in_place(|| {
        child.stdin.take().unwrap().write_all(&data).unwrap();
        assert!(child.wait().unwrap().success());
    });
    assert_eq!(shell.world.backend.get("box", "stream.bin").unwrap(), data);
    assert!(shell.world.backend.uploads("box").is_empty());
    assert_eq!(shell.run(&["cp", "p:box/stream.bin", "-"]).stdout, data);
    // A reader that leaves early is nobody's failure.
    let mut child = shell
        .command(&["cat", "p:box/stream.bin"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = tokio::task::block_in_place(|| child.wait_with_output().unwrap());
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_plain_lines_that_work() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "a b.txt", "linked");
    let url = shell.ok(&["presign", "--expires", "5m", "--filename", "x.txt", "p:box/a b.txt"]);
    assert!(
        url.starts_with(shell.world.server.endpoint())
            && url.contains("X-Amz-Expires=300")
            && !url.contains("x-id")
    );
    let rows = shell.json(&["presign", "--method", "put", "--content-type", "text/x", "--json", "p:box/up"]);
    assert_eq!(
        (rows[0]["method"].as_str(), rows[0]["headers"]["content-type"].as_str()),
        (Some("PUT"), Some("text/x"))
    );
    assert!(shell.ok(&["presign", "--curl", "p:box/a b.txt"]).starts_with("curl "));
    let (code, error) = shell.fails(&["presign", "--expires", "8d", "p:box/x"]);
    assert!(code == 2 && error.contains("SigV4"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_said_with_a_hint_and_the_right_code() {
    let shell = Shell::new().await;
    shell.write("here", b"x");
    for (arguments, code, words) in [
        (vec!["ls", "q:b/"], 2, vec!["no profile called q"]),
        (vec!["presgin"], 2, vec!["did you mean `presign`"]),
        (vec!["cp", "here"], 2, vec![]),
        (vec!["cp", "absent", "p:box/"], 1, vec!["absent"]),
        (vec!["cat", "p:box/absent"], 1, vec!["p:box/absent", "NoSuchKey"]),
        (vec!["stat", "p:box/absent"], 1, vec!["p:box/absent", "does not exist"]),
        (vec!["ls", "p:absent/"], 1, vec!["NoSuchBucket", "hint"]),
        (vec!["cp", "p:box/absent", "x"], 1, vec!["p:box/absent"]),
        (vec!["ls", "https://h/x"], 2, vec!["PROFILE:BUCKET/KEY"]),
        (vec!["rm", "-r", "p:box/"], 2, vec!["--force"]),
        (vec!["cp", "--on-conflict", "ask", "here", "p:box/"], 2, vec!["terminal"]),
        (vec!["cp", "here", "p:box/x", "--part-size", "1"], 2, vec!["5MiB"]),
        (vec!["cp", "-r", "p:box/absent", "x/"], 1, vec!["nothing below"]),
    ] {
        let (got, error) = shell.fails(&arguments);
        assert_eq!(got, code, "{arguments:?}: {error}");
        for word in words {
            assert!(error.contains(word), "{arguments:?}: {error}");
        }
    }
    let html = Fault::Answer(200, vec![], "<html>captive portal</html>");
    shell.world.backend.faults().add(Rule::always(Operation::ListObjects, html));
    assert!(shell.fails(&["ls", "p:box/"]).1.contains("HTML"));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_keys_hosts_and_files_are_told_apart() {
    let shell = Shell::new().await;
    let endpoint = shell.world.server.endpoint().to_owned();
    let profile = |endpoint: &str, key: &str| {
        format!(
            "[profiles.p]\nendpoint = \"{endpoint}\"\naccess_key_id = \"{key}\"\nsecret_command = [\"echo\", \"wrong\"]\n"
        )
    };
    shell.configure(&profile(&endpoint, ACCESS_KEY_ID));
    let (code, error) = shell.fails(&["ls", "p:box/"]);
    assert!(code == 1 && error.contains("SignatureDoesNotMatch") && error.contains("secret"), "{error}");
    shell.configure(&profile(&format!("http://127.0.0.1:{}", closed_port()), "x"));
    let (code, error) = shell.fails(&["ls", "p:box/"]);
    assert!(code == 1 && error.contains("nothing listens there"), "{error}");
    shell.configure("[profiles.p]\nprovidr = \"aws\"\n");
    let (code, error) = shell.fails(&["config", "check"]);
    assert!(code == 2 && error.contains("config.toml:2") && error.contains("provider"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_upload_is_gone_on_with_from_any_folder() {
    let shell = Shell::new().await;
    shell.write("big", &pattern(11 << 20));
    shell.world.backend.faults().add(Rule::always(Operation::UploadPart, Fault::Stall));
    let mut command = shell.command(&["cp", "--part-size", "5MiB", "big", "p:box/big"]);
    let child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
    while shell
        .world
        .backend
        .faults()
        .take_requests()
        .iter()
        .all(|request| request.operation != Operation::UploadPart)
    {
        tokio::task::yield_now().await;
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let ended = tokio::task::block_in_place(|| child.wait_with_output().unwrap());
    assert_eq!(ended.status.code(), Some(130));
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(said.contains("the same command goes on"), "{said}");
    assert_eq!(shell.world.backend.uploads("box").len(), 1, "what has arrived is kept");
    assert!(shell.ok(&["transfers", "ls"]).contains("p:box/big"));
    shell.world.backend.faults().clear();
    let elsewhere = tokio::task::block_in_place(|| {
        shell.command(&["transfers", "resume"]).current_dir("/").output().unwrap()
    });
    assert!(elsewhere.status.success(), "from any folder: {elsewhere:?}");
    assert_eq!(shell.world.backend.get("box", "big").unwrap(), pattern(11 << 20));
    assert!(shell.world.backend.uploads("box").is_empty());
    assert_eq!(shell.ok(&["transfers", "ls"]), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn configuration_is_written_found_and_checked() {
    let shell = Shell::new().await;
    std::fs::remove_file(shell.path("config.toml")).unwrap();
    shell.ok(&["config", "init"]);
    assert_eq!(shell.ok(&["config", "path"]).trim_end(), shell.path("config.toml").to_str().unwrap());
    shell.ok(&["config", "check"]);
    assert_eq!(shell.fails(&["config", "init"]).0, 1, "it is not overwritten");
    assert!(shell.ok(&["completions", "bash"]).contains("twinpail"));
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_escaped_on_screen_and_exact_in_json() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "esc\u{1b}[2J", "x");
    assert!(!shell.ok(&["ls", "p:box/"]).contains('\u{1b}'));
    assert_eq!(shell.json(&["ls", "--json", "p:box/"])[0]["key"], "esc\u{1b}[2J");
}

#[tokio::test(flavor = "multi_thread")]
async fn encryption_is_checked_and_its_key_is_not_shown() {
    const KEY: &str = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    let shell = Shell::new().await;
    shell.write("a.txt", b"content");
    let (code, error) = shell.fails(&["cp", "--sse", "aws:kmz", "a.txt", "p:box/"]);
    assert!(code == 2 && error.contains("aws:kms:dsse:KEY-ID"), "{error}");
    shell.ok(&["cp", "--sse", "aws:kms:alias/k", "a.txt", "p:box/"]);
    assert_eq!(shell.world.backend.encryption("box", "a.txt").as_deref(), Some("aws:kms:alias/k"));
    let endpoint = shell.world.server.endpoint().to_owned();
    let profile = |name: &str, key: &str| {
        shell.write(key, format!("{key}\n").as_bytes());
        format!(
            "[profiles.{name}]\nprovider = \"minio\"\nendpoint = \"{endpoint}\"\naccess_key_id = \"{ACCESS_KEY_ID}\"\nsecret_access_key = \"{SECRET_ACCESS_KEY}\"\nsse_customer_key_command = [\"cat\", \"{key}\"]\n"
        )
    };
    shell.configure(&(profile("p", KEY) + &profile("bad", "no-key")));
    shell.ok(&["cp", "--log", "log.txt", "-v", "a.txt", "p:box/own.txt"]);
    shell.ok(&["mv", "--log", "log.txt", "-v", "p:box/own.txt", "p:box/moved.txt"]);
    assert!(shell.ok(&["stat", "p:box/moved.txt"]).contains("SSE-C"));
    assert_eq!(shell.ok(&["cat", "p:box/moved.txt"]), "content");
    let (_, error) = shell.fails(&["presign", "p:box/moved.txt"]);
    assert!(error.contains("would need the encryption key"), "{error}");
    let (code, error) = shell.fails(&["cp", "a.txt", "bad:box/"]);
    assert!(error.contains("sse_customer_key_command cat") && !error.contains("no-key"), "{code} {error}");
    let log = std::fs::read_to_string(shell.path("log.txt")).unwrap();
    assert!(!log.contains(KEY), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_no_local_names_are_said_to_be_stored_under_others() {
    let shell = Shell::new().await;
    for key in ["t/../x", "t/plain", "t/a//b", "lone/.."] {
        shell.world.backend.put("box", key, key);
    }
    let noted = |arguments: &[&str]| {
        let output = shell.run(arguments);
        assert!(output.status.success(), "{output:?}");
        let mut lines: Vec<String> =
            String::from_utf8(output.stderr).unwrap().lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(
        noted(&["cp", "-r", "p:box/t/", "d/"]),
        ["p:box/t/../x is stored as d/．．/x", "p:box/t/a//b is stored as d/a/‛∅/b"]
    );
    assert_eq!(noted(&["cp", "p:box/lone/..", "e/"]), ["p:box/lone/.. is stored as e/．．"]);
    assert_eq!(noted(&["cp", "p:box/lone/..", "named"]), Vec::<String>::new());
    assert_eq!(noted(&["cp", "-r", "d/", "p:box/u/"]), Vec::<String>::new());
    assert_eq!(shell.world.backend.get("box", "u/../x").unwrap(), "t/../x");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_says_what_it_would_do_does_it_and_then_has_nothing_to_do() {
    let shell = Shell::new().await;
    shell.write("site/index.html", b"<p>");
    shell.write("site/a\x1b.txt", b"a");
    shell.world.backend.put("box", "www/old.html", "old");
    let planned = shell.ok(&["sync", "--delete", "--dry-run", "site", "p:box/www/"]);
    assert_eq!(
        planned,
        "would create a\\x1b.txt (not in the target)\nwould create index.html (not in the target)\nwould delete old.html (not in the source)\n"
    );
    let rows = shell.json(&["sync", "--dry-run", "--json", "site", "p:box/www/"]);
    assert_eq!(
        (rows.len(), &rows[0]["action"], &rows[0]["path"]),
        (2, &"create".into(), &"a\x1b.txt".into())
    );
    assert_eq!(shell.world.backend.keys("box"), ["www/old.html"], "a dry run changes nothing");
    let rows = shell.json(&["sync", "--delete", "--json", "site", "p:box/www"]);
    let deleted = rows.iter().find(|row| row["status"] == "deleted").unwrap();
    assert_eq!(deleted["target"], "p:box/www/old.html");
    let summary = &rows.last().unwrap()["summary"];
    assert_eq!((&summary["files"], &summary["deleted"]), (&2.into(), &1.into()));
    assert_eq!(shell.world.backend.keys("box"), ["www/a\x1b.txt", "www/index.html"]);
    let again = shell.run(&["sync", "--delete", "site", "p:box/www"]);
    assert_eq!((again.status.code(), again.stdout.as_slice()), (Some(0), b"".as_slice()));
    assert!(String::from_utf8_lossy(&again.stderr).contains("2 unchanged"));
    assert_eq!(shell.ok(&["check", "site", "p:box/www/"]), "");
    shell.world.backend.put("box", "www/index.html", "<P>");
    let output = shell.run(&["check", "site", "p:box/www/"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "differs (checksum): index.html\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("1 same, 1 differ"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_deletes_nothing_that_it_might_be_wrong_about() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "www/old.html", "old");
    std::fs::create_dir(shell.path("empty")).unwrap();
    let (code, error) = shell.fails(&["sync", "--delete", "empty", "p:box/www/"]);
    assert!(code == 2 && error.contains("the source is empty; --force deletes"), "{error}");
    shell.write("site/new.html", b"new");
    std::os::unix::fs::symlink("new.html", shell.path("site/link")).unwrap();
    shell.world.backend.put("box", "www/link", "uploaded by another tool");
    let output = shell.run(&["sync", "--delete", "site", "p:box/www/"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && error.contains("skipped 1 symbolic link ("), "{error}");
    assert_eq!(
        shell.world.backend.keys("box"),
        ["www/link", "www/new.html"],
        "what the source has as a link is not missing from it"
    );
    std::fs::remove_file(shell.path("site/link")).unwrap();
    shell.world.backend.put("box", "www/old.html", "old");
    shell.write("site/refused.html", b"x");
    shell.world.backend.faults().add(Rule {
        key: "refused",
        ..Rule::always(Operation::PutObject, Fault::Status(403, "AccessDenied"))
    });
    let (code, error) = shell.fails(&["sync", "--delete", "site", "p:box/www/"]);
    assert!(code == 1 && error.contains("nothing was deleted"), "{error}");
    shell.ok(&["sync", "--delete", "--force", "empty", "p:box/www/"]);
    assert!(shell.world.backend.keys("box").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_a_sync_asks_first() {
    let shell = Shell::new().await;
    shell.write("site/index.html", b"<p>");
    let config = shell.path("config.toml");
    let variables = [("TWINPAIL_CONFIG", config.to_str().unwrap())];
    let site = shell.path("site");
    let arguments = ["sync", site.to_str().unwrap(), "p:box/www/"];
    for (answer, keys) in [("n\r", vec![]), ("\r", vec![]), ("y\r", vec!["www/index.html"])] {
        let mut session = Session::start(&arguments, &variables, shell.world.folder.path(), (120, 30));
        session.wait_for("create index.html (not in the target)");
        session.wait_for("Go on? [y/N]");
        session.keys(answer);
        assert_eq!(session.exit_code(), 0);
        assert_eq!(shell.world.backend.keys("box"), keys, "{answer:?}");
    }
    let mut session = Session::start(&arguments, &variables, shell.world.folder.path(), (120, 30));
    session.wait_for("1 unchanged");
    assert_eq!(session.exit_code(), 0, "nothing to do is nothing to ask about");
}
