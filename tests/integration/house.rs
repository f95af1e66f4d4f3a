//! Who may import whom: read from the `use` lines, so that the house keeps its shape.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const FIRST: &[&str] = &["entry", "error", "locale", "location", "sanitize", "unicode", "zone", "action"];
const SECOND: &[&str] = &["config", "log"];
const THIRD: &[&str] = &["clipboard", "local", "http", "places", "preview", "qr"];

/// A room and what it may import besides itself.
fn allowed(room: &str) -> Option<BTreeSet<&'static str>> {
    let below = |groups: &[&[&'static str]]| groups.concat().into_iter().collect();
    Some(match room {
        "entry" | "error" | "locale" | "location" | "sanitize" | "unicode" | "zone" | "action" => {
            below(&[FIRST])
        }
        "config" | "log" | "demo" => below(&[FIRST, SECOND]),
        "clipboard" | "local" | "http" | "places" | "preview" | "qr" | "s3" => below(&[FIRST, SECOND, THIRD]),
        "identity" | "walk" => below(&[FIRST, SECOND, &["s3", "local"]]),
        "transfer" => below(&[FIRST, SECOND, &["s3", "local", "identity", "walk"]]),
        "sync" => below(&[FIRST, SECOND, &["s3", "local", "identity", "walk", "transfer"]]),
        "setup" => below(&[FIRST, SECOND, &["s3"]]),
        "links" => below(&[FIRST, SECOND, &["s3", "http"]]),
        "doctor" | "gateway" => below(&[FIRST, SECOND, &["s3", "http", "links"]]),
        // The loop and the door out.
        "tui" | "tui/effect" | "tui/terminal" => below(&[
            FIRST,
            SECOND,
            THIRD,
            &["s3", "identity", "walk", "transfer", "sync", "links", "gateway", "setup", "tui"],
        ]),
        // The rest of the browser: plain data that rooms re-export, checked by name below.
        _ if room.starts_with("tui/") => below(&[
            FIRST,
            SECOND,
            &[
                "clipboard",
                "places",
                "preview",
                "qr",
                "s3",
                "walk",
                "transfer",
                "sync",
                "links",
                "gateway",
                "tui",
            ],
        ]),
        "cli" => below(&[
            FIRST,
            SECOND,
            THIRD,
            &[
                "s3", "identity", "walk", "transfer", "sync", "links", "setup", "doctor", "gateway", "demo",
                "tui",
            ],
        ]),
        _ => return None,
    })
}

/// What does something rather than is something: not for the pure part of the browser.
const DOERS: &[&str] = &["Connections", "Store", "Engine", "Clipboard", "Http", "Client"];

/// The room of a file: its first folder or file name; rooms of the browser one by one.
fn room(path: &Path) -> String {
    let mut parts: Vec<String> =
        path.iter().map(|part| part.to_string_lossy().trim_end_matches(".rs").to_owned()).collect();
    let keep = if parts[0] == "tui" && parts.len() > 1 { 2 } else { 1 };
    parts.truncate(keep);
    parts.join("/")
}

/// The code of a file without comments and without its tests, which stand at its end.
fn code(text: &str) -> String {
    let end = text.find("#[cfg(test)]\nmod tests {").unwrap_or(text.len());
    text[..end].lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Everything wrong with one file.
fn offences(path: &Path, text: &str) -> Vec<String> {
    let room = room(path);
    let code = code(text);
    let mut wrong = Vec::new();
    let Some(allowed) = allowed(&room) else { return vec![format!("{room} is not in the table")] };
    let own = room.split('/').next().unwrap_or_default();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if name != own && !allowed.contains(name.as_str()) && !name.is_empty() {
            wrong.push(format!("{} imports {name}", path.display()));
        }
        let line = rest.lines().next().unwrap_or_default();
        let is_pure = room.starts_with("tui/") && !matches!(room.as_str(), "tui/effect" | "tui/terminal");
        for doer in DOERS
            .iter()
            .filter(|doer| is_pure && line.split(|c: char| !c.is_alphanumeric()).any(|word| word == **doer))
        {
            wrong.push(format!("{} reaches for {doer}, which only tui/effect may", path.display()));
        }
    }
    // Text that goes around `locale` would reach terminals that show only ASCII as it is.
    let asked_only = |at: usize, word: &str| {
        let after = &code[at + word.len()..];
        after.starts_with(".is_terminal") || after.starts_with(".as_fd") || code[..at].ends_with("&std::")
    };
    let streams = ["io::stdout()", "io::stderr()"];
    let writes = code.contains("println!")
        || code.contains("print!(")
        || streams.iter().any(|word| code.match_indices(word).any(|(at, _)| !asked_only(at, word)));
    let is_door = matches!(room.as_str(), "locale" | "clipboard" | "tui/terminal")
        || matches!(path.to_str(), Some("cli/output.rs" | "cli/descriptors.rs"));
    if writes && !is_door {
        wrong.push(format!(
            "{} writes to a stream itself; text goes through cli/output or locale",
            path.display()
        ));
    }
    for (word, home) in [
        ("aws_sdk", "s3"),
        ("aws_smithy", "s3"),
        ("aws_config", "s3"),
        ("aws_credential", "s3"),
        ("s3s::", "demo"),
        ("axum", "gateway"),
        ("sqlx", "gateway"),
        ("indicatif", "cli"),
        ("anyhow", "cli"),
    ] {
        if room != home && code.contains(word) {
            wrong.push(format!("{} names {word}, whose only home is {home}", path.display()));
        }
    }
    wrong
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_room_imports_from_above() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut wrong = Vec::new();
    for file in &files {
        let relative = file.strip_prefix(&root).unwrap();
        // Tests may reach for what they need.
        let tests = relative.iter().any(|part| matches!(part.to_str(), Some("tests" | "tests.rs")));
        if !tests && !matches!(relative.to_str(), Some("lib.rs" | "main.rs")) {
            wrong.extend(offences(relative, &std::fs::read_to_string(file).unwrap()));
        }
    }
    assert!(files.len() > 20 && wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn offences_are_seen() {
    let seen = |path: &str, text: &str| offences(Path::new(path), text).len();
    assert_eq!(seen("s3/list.rs", "use crate::entry::Page;\nuse aws_sdk_s3::Client;"), 0);
    assert_eq!(seen("s3/list.rs", "use crate::transfer::Engine;"), 1);
    assert_eq!(seen("config.rs", "fn f() { crate::s3::x() }"), 1);
    assert_eq!(seen("walk.rs", "use aws_sdk_s3::Client;"), 1);
    assert_eq!(seen("tui/pane.rs", "use crate::transfer::Engine;"), 1);
    assert_eq!(seen("tui/pane.rs", "use crate::transfer::Snapshot;"), 0);
    assert_eq!(seen("walk.rs", "#[cfg(test)]\nmod tests { use crate::demo::Backend; }"), 0);
    assert_eq!(seen("walk.rs", "// crate::demo would be wrong\n"), 0);
    assert_eq!(seen("cli/du.rs", "fn f() { eprintln!(\"done\") }"), 1);
    assert_eq!(seen("cli/du.rs", "fn f() { let err = std::io::stderr(); }"), 1);
    assert_eq!(seen("cli/du.rs", "fn f() { if std::io::stderr().is_terminal() {} }"), 0);
    assert_eq!(seen("attic.rs", ""), 1);
}
