//! Profiles are added, imported and removed on the command line; secrets stay out of arguments and of the file.

use std::io::Write as _;
use std::process::Stdio;

use twinpail::demo::{ACCESS_KEY_ID, SECRET_ACCESS_KEY};

use crate::cli::Shell;
use crate::support::closed_port;

/// Runs a command with text on its stdin; exit code and stderr.
fn fed(shell: &Shell, arguments: &[&str], text: &str) -> (i32, String) {
    let mut command = shell.command(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = tokio::task::block_in_place(|| child.wait_with_output().unwrap());
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

fn add<'a>(name: &'a str, endpoint: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let base = [
        "profile",
        "add",
        name,
        "--provider",
        "minio",
        "--endpoint",
        endpoint,
        "--access-key-id",
        ACCESS_KEY_ID,
    ];
    [&base[..], more].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_tried_saved_with_a_sealed_secret_used_and_removed() {
    let shell = Shell::new().await;
    let endpoint = shell.world.server.endpoint().to_owned();
    shell.configure("# kept\npassphrase_command = [\"echo\", \"open sesame\"]\n");
    let (code, said) = fed(&shell, &add("lab", &endpoint, &["--store", "sealed"]), SECRET_ACCESS_KEY);
    assert!(code == 0 && said.contains("lab works: it lists 1 bucket"), "{said}");
    let written = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    assert!(written.starts_with("# kept\n") && written.contains("secret = \"sealed\""), "{written}");
    assert!(!written.contains(SECRET_ACCESS_KEY));
    let sealed = std::fs::read_to_string(shell.path(".config/twinpail/sealed-secrets.json")).unwrap();
    assert!(!sealed.contains(SECRET_ACCESS_KEY) && sealed.contains("lab/secret_access_key"));
    assert!(shell.ok(&["ls", "lab:"]).contains("box"));
    let (code, said) = fed(&shell, &add("lab", &endpoint, &["--store", "sealed"]), SECRET_ACCESS_KEY);
    assert!(code == 1 && said.contains("already"), "{said}");
    shell.configure(&written.replace("open sesame", "wrong"));
    assert!(shell.fails(&["ls", "lab:"]).1.contains("passphrase"));
    shell.ok(&["profile", "remove", "lab"]);
    let sealed = std::fs::read_to_string(shell.path(".config/twinpail/sealed-secrets.json")).unwrap();
    assert!(!sealed.contains("lab/"), "{sealed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_work_is_not_saved_and_says_why() {
    let shell = Shell::new().await;
    let endpoint = shell.world.server.endpoint().to_owned();
    let before = std::fs::read_to_string(shell.path("config.toml")).unwrap();
    let (code, said) = fed(&shell, &add("bad", &endpoint, &["--store", "plain"]), "wrong-secret");
    assert!(code == 1 && said.contains("not saved") && said.contains("SignatureDoesNotMatch"), "{said}");
    let nowhere = format!("http://127.0.0.1:{}", closed_port());
    let (code, said) = fed(&shell, &add("bad", &nowhere, &["--store", "plain"]), "x");
    assert!(code == 1 && said.contains("--no-test"), "{said}");
    let (code, said) = fed(&shell, &add("bad", &endpoint, &[]), "");
    assert!(code == 2 && said.contains("stdin"), "{said}");
    let (code, said) = fed(&shell, &["profile", "add", "bad", "--provider", "minoi"], "");
    assert!(code == 2 && said.contains("accepted:"), "{said}");
    assert_eq!(std::fs::read_to_string(shell.path("config.toml")).unwrap(), before);
    let (code, said) =
        fed(&shell, &add("off", &nowhere, &["--store", "plain", "--no-test", "--read-only"]), "x\n");
    assert!(code == 0, "{said}");
    assert!(shell.ok(&["profile", "list"]).contains("off"));
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_of_other_tools_are_shown_and_imported() {
    let shell = Shell::new().await;
    let endpoint = shell.world.server.endpoint();
    shell.write(
        ".config/rclone/rclone.conf",
        format!(
            "[my lab]\ntype = s3\nprovider = Minio\nendpoint = {endpoint}\naccess_key_id = {ACCESS_KEY_ID}\n\
             secret_access_key = {SECRET_ACCESS_KEY}\n[drive]\ntype = drive\n"
        )
        .as_bytes(),
    );
    shell.write(
        ".mc/config.json",
        b"{\"aliases\":{\"gone\":{\"url\":\"http://127.0.0.1:1\",\"accessKey\":\"a\",\"secretKey\":\"b\"}}}",
    );
    let shown = shell.ok(&["profile", "import", "--dry-run"]);
    assert!(
        shown.contains("my lab from rclone as my-lab (minio)") && shown.contains("gone from mc"),
        "{shown}"
    );
    let output = shell.run(&["profile", "import", "--store", "plain"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && said.contains("imported my lab") && said.contains("gone"),
        "{said}"
    );
    assert!(!said.contains(SECRET_ACCESS_KEY));
    assert!(shell.ok(&["ls", "my-lab:"]).contains("box"));
    assert_eq!(shell.fails(&["profile", "import", "nonesuch"]).0, 2);
}
