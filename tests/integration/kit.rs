//! Upload kits: what a sender without keys does with them, and what their owner sees.

use std::io::BufRead as _;

use bytes::Bytes;
use serde_json::Value;
use twinpail::http::{Http, Settings};

use crate::cli::Shell;
use crate::support::pattern;

const MIB: usize = 1 << 20;

async fn send(url: &str, bytes: &[u8]) -> u16 {
    let http =
        Http::new(&Settings { ca_bundle: None, connect_timeout: std::time::Duration::from_secs(5) }).unwrap();
    let request =
        http::Request::builder().method("PUT").uri(url).body(Bytes::copy_from_slice(bytes)).unwrap();
    http.fetch(request, 1 << 16).await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_sends_the_parts_and_the_owner_finishes() {
    let shell = Shell::new().await;
    let data = pattern(11 * MIB + 7);
    let size = data.len().to_string();
    let kit = shell.ok(&[
        "kit",
        "create",
        "--json",
        "--size",
        &size,
        "--part-size",
        "5MiB",
        "p:box/in/film $(x)'.mov",
    ]);
    let kit: Value = serde_json::from_str(&kit).unwrap();
    let parts = kit["parts"].as_array().unwrap();
    let lengths: Vec<u64> = parts.iter().map(|part| part["length"].as_u64().unwrap()).collect();
    assert_eq!(lengths, [5 * MIB as u64, 5 * MIB as u64, MIB as u64 + 7]);
    let id = kit["id"].as_str().unwrap();
    let url = |n: usize| parts[n]["url"].as_str().unwrap().to_owned();
    assert!(send(&url(0), &data[..10]).await >= 400, "another length than was signed is taken");
    assert_eq!(send(&url(2), &data[10 * MIB..]).await, 200);
    assert_eq!(send(&url(0), &data[..5 * MIB]).await, 200);
    let rows = shell.json(&["kit", "list", "--json"]);
    assert_eq!((rows[0]["arrived"].as_u64(), rows[0]["parts"].as_u64()), (Some(2), Some(3)));
    let (code, error) = shell.fails(&["kit", "finish", id]);
    assert!(code == 1 && error.contains("1 of 3 parts") && error.contains(": 2"), "{error}");
    // The owner waits for the last part, which comes meanwhile.
    let mut waiting = shell.command(&["kit", "finish", "--wait", id]);
    let mut waiting = waiting.stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut said = std::io::BufReader::new(waiting.stderr.take().unwrap()).lines();
    let first = tokio::task::block_in_place(|| said.next().unwrap().unwrap());
    assert!(first.contains("2/3 parts"), "{first}");
    assert_eq!(send(&url(1), &data[5 * MIB..10 * MIB]).await, 200);
    let status = tokio::task::block_in_place(|| waiting.wait().unwrap());
    assert!(status.success());
    assert!(said.map(Result::unwrap).any(|line| line.contains("3/3 parts, 100%")));
    assert!(shell.world.backend.get("box", "in/film $(x)'.mov").unwrap() == data);
    assert_eq!(shell.ok(&["kit", "list"]), "");
    assert!(send(&url(1), &data[5 * MIB..10 * MIB]).await >= 400, "a finished kit still takes parts");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_files_hold_hostile_names_and_are_for_their_owner() {
    use std::os::unix::fs::PermissionsExt as _;
    let shell = Shell::new().await;
    let key = "p:box/</script><b>'$(touch x)'.bin";
    let out = shell.ok(&["kit", "create", "--size", "40MiB", key]);
    assert_eq!(out.lines().count(), 3, "{out}");
    for file in out.lines() {
        let path = shell.path(file);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            !text.contains("@URLS@") && !text.contains("@DATA@") && text.contains("X-Amz-Signature="),
            "{file}"
        );
        if path.extension().is_some_and(|ending| ending == "html") {
            assert!(!text.contains("<b>") && text.matches("</script>").count() == 2, "{text}");
            assert!(text.contains("connect-src http://127.0.0.1:"));
        }
    }
    let state = shell.path(".local/state/twinpail/kits");
    for kit in std::fs::read_dir(state).unwrap() {
        assert!(!std::fs::read_to_string(kit.unwrap().path()).unwrap().contains("X-Amz-Signature"));
    }
    assert_eq!(shell.fails(&["kit", "create", "--size", "40MiB", key]).0, 1, "files were replaced");
    assert_eq!(shell.world.backend.uploads("box").len(), 1, "a kit that could not be written is left behind");
    let id = shell.json(&["kit", "list", "--json"])[0]["id"].as_str().unwrap().to_owned();
    shell.ok(&["kit", "abort", &id]);
    assert!(shell.world.backend.uploads("box").is_empty());
    assert_eq!(shell.fails(&["kit", "finish", &id]).0, 1);
    let (code, error) = shell.fails(&["kit", "create", "--size", "1GiB", "--part-size", "1MiB", "p:box/x"]);
    assert!(code == 2 && error.contains("5 MiB"), "{error}");
    assert_eq!(shell.fails(&["kit", "create", "--size", "1", "p:box/"]).0, 2);
}
