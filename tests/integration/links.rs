//! Links on the command line: made, tried, remembered, in every form.

use std::io::Write as _;
use std::process::Stdio;

use crate::cli::Shell;

async fn shell() -> Shell {
    let shell = Shell::new().await;
    for key in ["a b.txt", "d/one.txt", "d/two <b>.txt", "d/../dots"] {
        shell.world.backend.put("box", key, key);
    }
    shell
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_tried_as_their_holder_would() {
    let shell = shell().await;
    let said = |arguments: &[&str]| {
        let output = shell.run(arguments);
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, words) = said(&["presign", "--test", "p:box/a b.txt"]);
    assert!(code == 0 && words.contains("works: 7 bytes"), "{words}");
    let (code, words) = said(&["presign", "--test", "--method", "head", "p:box/none"]);
    assert!(code == 1 && words.contains("no such object"), "{words}");
    let (code, words) = said(&["presign", "--test", "--method", "put", "p:box/a b.txt"]);
    assert!(code == 0 && words.contains("nothing was written"), "{words}");
    assert_eq!(shell.ok(&["cat", "p:box/a b.txt"]), "a b.txt", "trying an upload has changed the object");
    let (code, words) = said(&["presign", "--test", "--method", "delete", "p:box/a b.txt"]);
    assert!(code == 1 && words.contains("not tried"), "{words}");
    let (code, words) = said(&["presign", "--cors", "https://app.example.org", "p:box/a b.txt"]);
    assert!(code == 1 && words.contains("AllowedOrigins"), "{words}");
    assert_eq!(said(&["presign", "--cors", "app", "p:box/a b.txt"]).0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_are_said_in_natural_words_and_dots_are_refused() {
    let shell = shell().await;
    let rows = shell.json(&["presign", "--expires", "3 days", "--json", "p:box/a b.txt"]);
    assert!(rows[0]["url"].as_str().unwrap().contains("X-Amz-Expires=259200"), "{rows:?}");
    shell.ok(&["presign", "--expires", "tomorrow", "p:box/a b.txt"]);
    let (code, error) = shell.fails(&["presign", "--expires", "2099-01-01", "p:box/a b.txt"]);
    assert!(code == 2 && error.contains("7 days") && error.contains("public_url"), "{error}");
    let (_, error) = shell.fails(&["presign", "p:box/d/../dots"]);
    assert!(error.contains("collapse"), "{error}");
    assert!(shell.ok(&["presign", "--curl", "p:box/d/../dots"]).contains("--path-as-is"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_becomes_a_table_or_a_page() {
    let shell = shell().await;
    let table = shell.ok(&["presign", "-r", "--csv", "p:box/d/o"]);
    assert!(table.starts_with("name,url,expires\none.txt,http"), "{table}");
    shell.ok(&["rm", "p:box/d/../dots"]);
    let page = shell.ok(&["presign", "-r", "--html", "p:box/d/"]);
    assert!(page.contains("two &lt;b&gt;.txt") && page.contains("X-Amz-Signature="), "{page}");
    let names = shell.ok(&["presign", "-r", "--hyperlink", "p:box/d/"]);
    assert!(names.contains("\u{1b}\\two <b>.txt\u{1b}]8;;\u{1b}\\\n"), "{names:?}");
    let mut child = shell.command(&["presign", "--wget", "-"]);
    let mut child = child.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"p:box/a b.txt\np:box/d/one.txt\n").unwrap();
    let output = tokio::task::block_in_place(|| child.wait_with_output().unwrap());
    let lines = String::from_utf8(output.stdout).unwrap();
    assert_eq!(lines.matches("wget --content-disposition 'http").count(), 2, "{lines}");
}

#[tokio::test(flavor = "multi_thread")]
async fn links_are_remembered_made_again_and_forgotten_without_their_urls() {
    let shell = shell().await;
    let first = shell.ok(&["presign", "--filename", "x.txt", "p:box/a b.txt"]);
    shell.ok(&["presign", "--expires", "1s", "--method", "put", "p:box/d/one.txt"]);
    let rows = shell.json(&["links", "ls", "--json", "--all"]);
    assert_eq!(rows.len(), 2);
    assert_eq!(
        (rows[1]["method"].as_str(), rows[1]["location"].as_str()),
        (Some("GET"), Some("p:box/a b.txt"))
    );
    let id = rows[1]["id"].as_str().unwrap();
    let again = shell.ok(&["links", "copy", id]);
    assert!(again.contains("x.txt") && again != first, "{again}");
    let state = std::fs::read_to_string(shell.path(".local/state/twinpail/links.jsonl")).unwrap();
    assert!(!state.contains("Signature") && !state.contains("http"), "{state}");
    assert!(shell.ok(&["links", "ls", "a b"]).contains("p:box/a b.txt"));
    let output = shell.run(&["links", "forget", "--all"]);
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot be taken back"));
    assert_eq!(shell.ok(&["links", "ls", "--all"]), "");
    assert_eq!(shell.fails(&["links", "copy", id]).0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_become_of_their_objects_is_told() {
    let shell = shell().await;
    for key in ["same", "changed", "gone", "sent"] {
        shell.world.backend.put("box", &format!("l/{key}"), "1");
    }
    shell.ok(&["presign", "-r", "p:box/l/"]);
    shell.ok(&["presign", "--method", "put", "p:box/l/awaited"]);
    shell.world.backend.put("box", "l/changed", "2");
    shell.ok(&["rm", "p:box/l/gone"]);
    let standings = || {
        let rows = shell.json(&["links", "ls", "--check", "--json", "l/"]);
        let mut rows: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {}", row["location"].as_str().unwrap(), row["standing"].as_str().unwrap()))
            .collect();
        rows.sort();
        rows
    };
    let expected = ["awaited waiting", "changed changed", "gone gone", "same same", "sent same"];
    assert_eq!(standings(), expected.map(|row| format!("p:box/l/{row}")));
    assert!(shell.ok(&["links", "ls", "--check", "l/changed"]).contains("changed  p:box/l/changed"));
    assert!(!shell.ok(&["links", "ls", "--json", "l/"]).contains("standing"), "asked without being told to");
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_have_a_page_of_their_own_and_parts_their_links() {
    let shell = shell().await;
    let page = shell.ok(&[
        "presign",
        "--method",
        "put",
        "--content-type",
        "text/plain",
        "--html",
        "p:box/in/</script><b>.txt",
    ]);
    assert!(
        page.contains("X-Amz-Signature=") && page.contains("[\"content-type\",\"text/plain\"]"),
        "{page}"
    );
    assert!(!page.contains("<b>") && page.matches("</script>").count() == 2, "{page}");
    let part = [
        "presign",
        "--method",
        "put",
        "--upload-id",
        "u/1",
        "--part",
        "7",
        "--content-length",
        "5",
        "p:box/big",
    ];
    let url = shell.ok(&part);
    assert!(url.contains("partNumber=7") && url.contains("uploadId=u%2F1"), "{url}");
    assert!(url.contains("SignedHeaders=content-length%3Bhost"), "{url}");
    assert_eq!(shell.json(&["links", "ls", "--json"]).len(), 1, "one part alone is remembered");
    assert_eq!(shell.fails(&["presign", "--upload-id", "u", "--part", "1", "p:box/big"]).0, 2);
    assert_eq!(shell.fails(&["presign", "--method", "put", "--html", "p:box/a", "p:box/b"]).0, 2);
}
