//! Local files that are no plain files, through the real binary: links, pipes, files whose size is not what they yield,
//! and entries that cannot be read.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::cli::Shell;
use crate::support::pattern;

fn fifo(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status().unwrap();
    assert!(made.success());
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Everything below a folder: names and what files hold; links are not followed.
fn holds(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for found in fs::read_dir(next).unwrap() {
            let path = found.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            let data = path.symlink_metadata().unwrap();
            if data.is_dir() {
                folders.push(path);
            } else if data.is_symlink() {
                all.push(format!("{name} -> {}", fs::read_link(&path).unwrap().display()));
            } else {
                all.push(format!("{name}: {}", fs::read_to_string(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

/// A folder `real` with a file, and links to both of them.
async fn with_links() -> Shell {
    let shell = Shell::new().await;
    shell.write("real/f", b"content");
    symlink("real", shell.path("to-folder")).unwrap();
    symlink("real/f", shell.path("to-file")).unwrap();
    symlink("nowhere", shell.path("broken")).unwrap();
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_a_link_to_a_folder_leaves_the_folder_as_it_is() {
    let shell = with_links().await;
    let output = shell.run(&["mv", "-r", "to-folder", "p:box/"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("what it leads to was copied, then the link was removed; real stays"),
        "{}",
        stderr(&output)
    );
    assert_eq!(holds(&shell.path("real")), ["f: content"]);
    assert!(!shell.path("to-folder").is_symlink());
    assert_eq!(shell.world.backend.keys("box"), ["to-folder/f"]);

    // A slash at the end names the folder, which a move of links never takes.
    symlink("real", shell.path("to-folder")).unwrap();
    let (code, error) = shell.fails(&["mv", "-r", "to-folder/", "p:box/x/"]);
    assert!(code == 2 && error.contains("symbolic link to a folder"), "{error}");
    assert_eq!((holds(&shell.path("real")).len(), shell.path("to-folder").is_symlink()), (1, true));

    // A dry run takes nothing away.
    shell.ok(&["mv", "-r", "--dry-run", "to-folder", "p:box/y/"]);
    assert!(shell.path("to-folder").is_symlink());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_stays_while_what_it_leads_to_has_not_arrived() {
    use twinpail::demo::{Fault, Operation, Rule};
    let shell = with_links().await;
    shell.write("real/refused", b"x");
    let denied = Fault::Status(403, "AccessDenied");
    shell.world.backend.faults().add(Rule { key: "refused", ..Rule::always(Operation::PutObject, denied) });
    let output = shell.run(&["mv", "-r", "to-folder", "p:box/"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the link was not moved"), "{}", stderr(&output));
    assert_eq!((holds(&shell.path("real")).len(), shell.path("to-folder").is_symlink()), (2, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_links_between_local_places_moves_the_links() {
    let shell = with_links().await;
    fs::create_dir(shell.path("there")).unwrap();
    for name in ["to-folder", "to-file", "broken"] {
        let output = shell.run(&["mv", name, "there/"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stderr(&output).contains("the link itself was moved"), "{}", stderr(&output));
    }
    assert_eq!(holds(&shell.path("there")), ["broken -> nowhere", "to-file -> real/f", "to-folder -> real"]);
    assert_eq!(holds(&shell.path("real")), ["f: content"]);
    shell.ok(&["mv", "-r", "there/to-folder", "renamed"]);
    assert_eq!(fs::read_link(shell.path("renamed")).unwrap(), Path::new("real"));
    assert!(!shell.path("to-file").is_symlink() && shell.path("real/f").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn moving_a_link_to_a_file_uploads_the_file_and_takes_the_link() {
    let shell = with_links().await;
    let output = shell.run(&["mv", "to-file", "p:box/k"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stderr(&output).contains("then the link was removed; real/f stays"), "{}", stderr(&output));
    assert_eq!(shell.world.backend.get("box", "k").unwrap(), "content");
    assert!(!shell.path("to-file").is_symlink() && shell.path("real/f").exists());
    let (code, error) = shell.fails(&["mv", "broken", "p:box/b"]);
    assert!(code == 1 && error.contains("symbolic link to nowhere"), "{error}");
    assert!(shell.path("broken").is_symlink());
}

#[tokio::test(flavor = "multi_thread")]
async fn links_within_trees_are_skipped_in_one_line_or_followed_when_asked() {
    let shell = with_links().await;
    shell.write("tree/plain", b"p");
    symlink("../real", shell.path("tree/folder")).unwrap();
    symlink("../real/f", shell.path("tree/file")).unwrap();
    symlink(".", shell.path("tree/loop")).unwrap();
    fifo(&shell.path("tree/pipe"));
    for arguments in [["cp", "-r", "tree/", "p:box/c/"], ["sync", "--yes", "tree/", "p:box/s/"]] {
        let output = shell.run(&arguments);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{error}");
        let lines: Vec<&str> = error.lines().filter(|line| line.contains("skipped")).collect();
        assert_eq!(
            lines,
            ["skipped 3 symbolic links and 1 special file (--copy-links follows links)"],
            "{error}"
        );
    }
    assert_eq!(shell.world.backend.keys("box"), ["c/plain", "s/plain"]);
    for (arguments, below) in [
        (["cp", "-r", "--copy-links", "tree/", "p:box/c/"], "c/"),
        (["sync", "--yes", "--copy-links", "tree/", "p:box/s/"], "s/"),
    ] {
        let (code, error) = shell.fails(&arguments);
        assert!(code == 1 && error.contains("a symbolic link leads back to it"), "{error}");
        let keys = shell.world.backend.keys("box").into_iter().filter(|key| key.starts_with(below));
        let keys: Vec<String> = keys.map(|key| key[2..].to_owned()).collect();
        assert_eq!(keys, ["file", "folder/f", "plain"]);
    }
    let (code, error) = shell.fails(&["mv", "-r", "--copy-links", "tree/", "p:box/m/"]);
    assert!(code == 2 && error.contains("cp --copy-links"), "{error}");
    for arguments in [
        &["cp", "--copy-links", "tree/plain", "p:box/x"][..],
        &["cp", "-r", "--copy-links", "p:box/c/", "down/"],
        &["cp", "--copy-links", "-", "p:box/x"],
        &["sync", "--yes", "--copy-links", "p:box/c/", "down/"],
    ] {
        let (code, error) = shell.fails(arguments);
        assert!(code == 2 && error.contains("--copy-links has no effect here"), "{arguments:?}: {error}");
    }
    shell.ok(&["mv", "-r", "tree", "p:box/m/"]);
    assert_eq!(fs::read_dir(shell.path("tree")).unwrap().count(), 4, "what was skipped stays");
    assert_eq!(holds(&shell.path("real")), ["f: content"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_is_named_is_followed_by_a_copy() {
    let shell = with_links().await;
    shell.ok(&["cp", "to-file", "p:box/"]);
    shell.ok(&["cp", "-r", "to-folder", "p:box/a/"]);
    shell.ok(&["cp", "-r", "to-folder/", "p:box/b/"]);
    assert_eq!(shell.world.backend.keys("box"), ["a/to-folder/f", "b/f", "to-file"]);
    let listed = shell.ok(&["ls", "."]);
    assert!(listed.contains(" to-folder -> real\n") && listed.contains(" broken -> nowhere\n"), "{listed}");
    let rows = shell.json(&["ls", "--json", "broken"]);
    assert_eq!((&rows[0]["kind"], &rows[0]["link"]), (&Value::from("symlink"), &Value::from("nowhere")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_written_through_and_a_file_keeps_its_mode() {
    let shell = with_links().await;
    let (old, new) = (pattern(3 << 20), pattern((2 << 20) + 7));
    for (name, data) in [("small", &new[..9]), ("medium", &new[..]), ("large", &old[..])] {
        shell.world.backend.put("box", name, data.to_vec());
        shell.write("real/f", b"old");
        fs::set_permissions(shell.path("real/f"), fs::Permissions::from_mode(0o600)).unwrap();
        shell.ok(&["cp", &format!("p:box/{name}"), "to-file"]);
        assert_eq!(fs::read(shell.path("real/f")).unwrap(), data, "{name}");
        assert_eq!(fs::metadata(shell.path("real/f")).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
        assert!(shell.path("to-file").is_symlink());
        assert_eq!(fs::read_dir(shell.path("real")).unwrap().count(), 1, "no part stays beside it");
    }
    shell.write("plain", b"local");
    fs::set_permissions(shell.path("plain"), fs::Permissions::from_mode(0o644)).unwrap();
    shell.ok(&["cp", "plain", "to-file"]);
    assert_eq!(holds(&shell.path("real")), ["f: local"]);
    assert_eq!(fs::metadata(shell.path("real/f")).unwrap().permissions().mode() & 0o777, 0o600);
    let (code, error) = shell.fails(&["cp", "p:box/small", "broken"]);
    assert!(code == 1 && error.contains("symbolic link to nowhere"), "{error}");
    assert!(shell.path("broken").is_symlink() && !shell.path("nowhere").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_replaces_nothing_but_files_and_leaves_its_folder_by_no_link() {
    let shell = with_links().await;
    for key in ["t/link", "t/pipe", "t/plain"] {
        shell.world.backend.put("box", key, "theirs");
    }
    for command in [&["cp", "-r", "p:box/t/", "down/"][..], &["sync", "--yes", "p:box/t/", "down/"]] {
        let _ = fs::remove_dir_all(shell.path("down"));
        fs::create_dir(shell.path("down")).unwrap();
        symlink(shell.path("real/f"), shell.path("down/link")).unwrap();
        fifo(&shell.path("down/pipe"));
        let (code, error) = shell.fails(command);
        assert!(code == 1 && error.contains("down/link is a symbolic link"), "{error}");
        assert!(error.contains("down/pipe is a pipe or a device"), "{error}");
        assert!(shell.path("down/link").is_symlink());
        assert_eq!(fs::read(shell.path("down/plain")).unwrap(), b"theirs");
        assert_eq!(holds(&shell.path("real")), ["f: content"]);
        assert_eq!(fs::read_dir(shell.path("down")).unwrap().count(), 3, "no part stays");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_gets_an_object_in_order_and_stays_a_pipe() {
    let shell = Shell::new().await;
    let data = pattern(40 << 20);
    shell.world.backend.put("box", "k", data.clone());
    shell.write("local", &data);
    fifo(&shell.path("pipe"));
    symlink("pipe", shell.path("link")).unwrap();
    for (source, target) in [("p:box/k", "pipe"), ("p:box/k", "link"), ("local", "pipe")] {
        let path = shell.path("pipe");
        let reader = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            fs::File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
            bytes
        });
        let rows = shell.json(&["cp", "--json", source, target]);
        assert_eq!(rows[0]["bytes"], data.len());
        assert!(reader.join().unwrap() == data, "{source} {target}");
    }
    assert_eq!(fs::read_dir(shell.path("")).unwrap().count(), 4, "config, local, pipe, link");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_whose_reader_goes_away_is_a_failure() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "k", pattern(4 << 20));
    fifo(&shell.path("pipe"));
    let path = shell.path("pipe");
    let reader = std::thread::spawn(move || {
        fs::File::open(path).unwrap().read_exact(&mut [0; 10]).unwrap();
    });
    let (code, error) = shell.fails(&["cp", "p:box/k", "pipe"]);
    reader.join().unwrap();
    assert!(code == 1 && error.contains("nobody reads pipe any more"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn descriptors_are_written_from_where_they_are() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "k", "object");
    let out = shell.path("out");
    for target in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        assert_eq!(shell.ok(&["cp", "p:box/k", target]), "object", "{target}");
        fs::write(&out, "before ").unwrap();
        let file = fs::OpenOptions::new().append(true).open(&out).unwrap();
        let mut command = shell.command(&["cp", "p:box/k", target]);
        let status = tokio::task::block_in_place(|| command.stdout(file).status().unwrap());
        assert!(status.success());
        assert_eq!(fs::read_to_string(&out).unwrap(), "before object", "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_are_no_targets_and_no_sources() {
    let shell = Shell::new().await;
    shell.world.backend.put("box", "k", "x");
    let _socket = std::os::unix::net::UnixListener::bind(shell.path("socket")).unwrap();
    let (code, error) = shell.fails(&["cp", "p:box/k", "socket"]);
    assert!(code == 1 && error.contains("is a socket"), "{error}");
    assert_eq!(shell.fails(&["cp", "socket", "p:box/s"]).0, 1);
    assert!(shell.path("socket").exists());
    assert_eq!(shell.world.backend.keys("box"), ["k"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tells_its_length_by_ending_is_read_to_its_end() {
    let shell = Shell::new().await;
    let version = fs::read("/proc/version").unwrap();
    symlink("/proc/version", shell.path("link")).unwrap();
    for source in ["/proc/version", "link"] {
        let rows = shell.json(&["cp", "--json", source, "p:box/v"]);
        assert_eq!(
            (rows[0]["bytes"].as_u64(), &rows[0]["status"]),
            (Some(version.len() as u64), &"done".into())
        );
        assert_eq!(shell.world.backend.get("box", "v").unwrap(), version);
    }
    let rows = shell.json(&["cp", "--json", "/proc/version", "copy"]);
    assert_eq!((fs::read(shell.path("copy")).unwrap(), &rows[0]["verified"]), (version, &"no".into()));

    // A pipe that is named, and a link to it.
    fifo(&shell.path("pipe"));
    symlink("pipe", shell.path("to-pipe")).unwrap();
    for source in ["pipe", "to-pipe"] {
        let path = shell.path("pipe");
        let writer = std::thread::spawn(move || {
            let mut pipe = fs::OpenOptions::new().write(true).open(path).unwrap();
            pipe.write_all(b"from a pipe").unwrap();
        });
        shell.ok(&["cp", source, "p:box/p"]);
        writer.join().unwrap();
        assert_eq!(shell.world.backend.get("box", "p").unwrap(), "from a pipe");
    }
}

/// Copies a file that grows after the first bytes of it have been sent; the rate keeps it on its way until then.
fn grown(shell: &Shell, arguments: &[&str], path: &Path, size: u64) -> Output {
    let mut command = shell.command(arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It has been opened as soon as it is in use.
    let held = format!("/proc/{}/fd", child.id());
    let is_open = || {
        let open = fs::read_dir(&held).into_iter().flatten().flatten();
        open.filter_map(|fd| fs::read_link(fd.path()).ok()).any(|file| file == path)
    };
    while !is_open() {
        std::thread::yield_now();
    }
    let mut file = fs::OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(b"later").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(fs::metadata(path).unwrap().len(), size + 5);
    output
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grows_is_sent_as_long_as_it_was_and_that_is_said() {
    let shell = Shell::new().await;
    let path = shell.path("").canonicalize().unwrap().join("log");
    for (size, rate) in [(3_u64 << 20, "1500KiB"), (34 << 20, "20MiB")] {
        let data = pattern(usize::try_from(size).unwrap());
        fs::write(&path, &data).unwrap();
        let arguments = ["cp", "--json", "--limit-rate", rate, path.to_str().unwrap(), "p:box/log"];
        let output = tokio::task::block_in_place(|| grown(&shell, &arguments, &path, size));
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(shell.world.backend.get("box", "log").unwrap() == data);
        let line: Value =
            serde_json::from_slice(output.stdout.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
        assert!(line["note"].as_str().unwrap().contains("grew while it was copied"), "{line}");
        assert_eq!(line["bytes"], size);
        assert!(stderr(&output).contains("grew"), "{}", stderr(&output));
    }
    // What is moved has bytes that were not sent: it stays.
    fs::write(&path, pattern(3 << 20)).unwrap();
    let arguments = ["mv", "--limit-rate", "1500KiB", path.to_str().unwrap(), "p:box/moved"];
    let output = tokio::task::block_in_place(|| grown(&shell, &arguments, &path, 3 << 20));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("so that it stays"), "{}", stderr(&output));
    assert!(path.exists());
}

/// Whether the command was run as somebody who is bound by permissions; as root it is run as nobody.
fn unprivileged(shell: &Shell, arguments: &[&str]) -> Output {
    let plain = shell.command(arguments);
    let own = Command::new("id").arg("-u").output().unwrap().stdout;
    if own != b"0\n" {
        return shell.run(arguments);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(plain.get_program())
        .args(plain.get_args())
        .current_dir(plain.get_current_dir().unwrap())
        .stdin(Stdio::null());
    command.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    tokio::task::block_in_place(|| command.output().unwrap())
}

/// A tree with a folder in the middle that only its owner may read, and a configuration of whoever is not its owner.
async fn with_secret() -> Shell {
    let shell = Shell::new().await;
    for name in ["tree/a/f", "tree/secret/f", "tree/z/f"] {
        shell.write(name, b"x");
    }
    for (name, mode) in [("", 0o777), ("tree/secret", 0o000)] {
        fs::set_permissions(shell.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    // Only root may give files away, and only as root is somebody else made to read it.
    let _ = std::os::unix::fs::chown(shell.path("config.toml"), Some(65534), Some(65534));
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_read_hides_none_beside_it_and_is_never_taken_for_deleted() {
    let shell = with_secret().await;
    let refused = |output: &Output| {
        let error = stderr(output);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("tree/secret") && error.to_lowercase().contains("permission"), "{error}");
    };
    refused(&unprivileged(&shell, &["cp", "-r", "tree/", "p:box/t/"]));
    assert_eq!(shell.world.backend.keys("box"), ["t/a/f", "t/z/f"]);
    for key in ["t/secret/f", "t/secret/g", "t/extra"] {
        shell.world.backend.put("box", key, "kept");
    }
    refused(&unprivileged(&shell, &["sync", "--yes", "--delete", "tree/", "p:box/t/"]));
    assert_eq!(shell.world.backend.keys("box"), ["t/a/f", "t/extra", "t/secret/f", "t/secret/g", "t/z/f"]);
    let checked = unprivileged(&shell, &["check", "tree/", "p:box/t/"]);
    refused(&checked);
    assert_eq!(String::from_utf8_lossy(&checked.stdout), "only in SECOND: extra\n");
    for arguments in [["du", "tree"], ["find", "tree"]] {
        let output = unprivileged(&shell, &arguments);
        refused(&output);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("of what could be read") || text.contains("tree/z/f"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_which_nothing_is_known_is_listed_as_such() {
    let shell = with_secret().await;
    // A folder whose names may be read, but nothing about them.
    fs::set_permissions(shell.path("tree"), fs::Permissions::from_mode(0o744)).unwrap();
    let output = unprivileged(&shell, &["ls", "--json", "tree"]);
    assert_eq!(output.status.code(), Some(1));
    let rows: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row["kind"] == "unknown"), "{rows:?}");
    assert!(rows[0]["error"].as_str().unwrap().contains("permission denied"), "{rows:?}");
    assert!(stderr(&output).contains("cannot read tree/a: permission denied"), "{}", stderr(&output));
}
