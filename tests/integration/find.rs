//! `find` and `du` against the in-memory server and local folders.

use twinpail::demo::{Fault, Operation, Rule};

use crate::cli::Shell;

async fn shell() -> Shell {
    let shell = Shell::new().await;
    let backend = &shell.world.backend;
    backend.create_bucket("other");
    for (key, size) in
        [("m/a.mp4", 3000), ("m/b/c.MP4", 500), ("m/b/\u{1b}[2J.txt", 10), ("m//x", 1), ("n.txt", 7)]
    {
        backend.put("box", key, vec![b'x'; size]);
    }
    backend.put("other", "copy.mp4", vec![b'x'; 3000]);
    shell
}

fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn conditions_are_all_met_and_places_can_be_used_again() {
    let shell = shell().await;
    assert_eq!(lines(&shell.ok(&["find", "--name", "*.mp4", "p:box/"])), ["p:box/m/a.mp4"]);
    let both = shell.ok(&["find", "--iname", "*.mp4", "p:"]);
    assert_eq!(lines(&both), ["p:box/m/a.mp4", "p:box/m/b/c.MP4", "p:other/copy.mp4"]);
    assert_eq!(lines(&shell.ok(&["find", "--size", "-8", "p:box"])), ["p:box/m//x", "p:box/n.txt"]);
    assert_eq!(lines(&shell.ok(&["find", "--max-depth", "1", "p:box/m/"])), ["p:box/m/a.mp4"]);
    assert_eq!(shell.ok(&["find", "--older", "1h", "p:box"]), "");
    shell.ok(&["set", "--storage-class", "GLACIER", "p:box/n.txt"]);
    assert_eq!(lines(&shell.ok(&["find", "--storage-class", "glacier", "p:"])), ["p:box/n.txt"]);
    assert_eq!(lines(&shell.ok(&["find", "--newer", "1h", "--limit", "2", "p:box"])).len(), 2);
    let hostile = shell.ok(&["find", "--name", "*.txt", "p:box/m/b/"]);
    assert!(!hostile.contains('\u{1b}'), "{hostile:?}");
    let exact = shell.ok(&["find", "-0", "--name", "*.txt", "p:box/m/b/"]);
    assert_eq!(exact, "p:box/m/b/\u{1b}[2J.txt\0");
    let rows = shell.json(&["find", "--json", "--path", "*b/c*", "p:box"]);
    assert_eq!((rows[0]["key"].as_str(), rows[0]["size"].as_u64()), (Some("m/b/c.MP4"), Some(500)));
    shell.write("tree/sub/one.txt", b"1");
    shell.write("tree/two.txt", b"22");
    assert_eq!(lines(&shell.ok(&["find", "--size", "1", "tree"])), ["tree/sub/one.txt"]);
    let (code, error) = shell.fails(&["find", "--size", "big", "p:box"]);
    assert!(code == 2 && error.contains("+10M"), "{error}");
    assert_eq!(shell.fails(&["find", "--name", "[", "p:box"]).0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_are_listed_by_what_they_waste() {
    let shell = shell().await;
    let rows = shell.json(&["find", "--duplicates", "--json", "p:"]);
    assert_eq!(rows.len(), 1);
    let twice = shell.json(&["find", "--duplicates", "--json", "p:", "p:box/m/"]);
    assert_eq!(twice, rows, "an object is a duplicate of itself");
    let (code, error) = shell.fails(&["find", "--duplicates", "."]);
    assert!(code == 2 && error.contains("local"), "{error}");
    assert_eq!(shell.ok(&["find", "--limit", "1", "p:box", "p:nonesuch"]).lines().count(), 1);
    assert_eq!(rows[0]["wasted"].as_u64(), Some(3000));
    assert_eq!(rows[0]["locations"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_are_by_folder_and_never_pass_for_more_than_was_read() {
    let shell = shell().await;
    let rows = shell.json(&["du", "--json", "-d", "2", "p:box/m/"]);
    let sums: Vec<_> =
        rows.iter().map(|row| (row["location"].as_str().unwrap(), row["bytes"].as_u64().unwrap())).collect();
    assert_eq!(sums, [("p:box/m//", 1), ("p:box/m/b/", 510), ("p:box/m/", 3511)]);
    assert_eq!(rows[2]["objects"].as_u64(), Some(4));
    let all = shell.ok(&["du", "-H", "p:"]);
    assert!(all.contains("KiB") && all.contains("p:"), "{all}");
    shell
        .world
        .backend
        .faults()
        .add(Rule::always(Operation::ListObjects, Fault::Status(403, "AccessDenied")));
    let (code, error) = shell.fails(&["du", "p:box/"]);
    assert!(code == 1 && error.contains("AccessDenied"), "{error}");
    shell.world.backend.faults().clear();
    shell
        .world
        .backend
        .faults()
        .add(Rule { after: 1, ..Rule::always(Operation::ListObjects, Fault::Status(403, "AccessDenied")) });
    let output = shell.run(&["du", "p:"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && text.contains("of what could be read"), "{text}");
    let (code, error) = shell.fails(&["du", "p:box/"]);
    assert!(code == 1 && error.contains("AccessDenied"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_listing_is_read_by_many_and_still_in_order() {
    let shell = Shell::new().await;
    let endpoint = shell.world.server.endpoint().to_owned();
    shell.configure(&format!(
        "[profiles.p]\nprovider = \"aws\"\nregion = \"us-east-1\"\nendpoint = \"{endpoint}\"\npath_style = true\n\
         access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n",
        twinpail::demo::ACCESS_KEY_ID,
        twinpail::demo::SECRET_ACCESS_KEY
    ));
    for n in 0..7_300 {
        shell.world.backend.put("box", &format!("t/{}/{n:05}-\u{e9}", n % 7), "");
    }
    let listed = shell.ok(&["ls", "-r", "-0", "p:box/t/"]);
    let listed: Vec<&str> = listed.split_terminator('\0').collect();
    assert_eq!(listed.len(), 7_300);
    assert!(listed.is_sorted(), "keys come out of order");
    let faults = shell.world.backend.faults();
    faults.add(Rule { after: 4, ..Rule::always(Operation::ListObjects, Fault::Status(403, "AccessDenied")) });
    let (code, error) = shell.fails(&["ls", "-r", "p:box/t/"]);
    assert!(code == 1 && error.contains("AccessDenied"), "{error}");
}
