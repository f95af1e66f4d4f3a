//! Versions on the command line: listed, copied, deleted one by one and all together, brought back.

use twinpail::demo::{Fault, Operation, Rule};

use crate::cli::Shell;
use crate::pty::Session;

/// `a` with three states, `gone` deleted twice, `hidden` with nothing but a marker; and a neighbour.
async fn shell() -> Shell {
    let shell = Shell::new().await;
    let backend = &shell.world.backend;
    backend.set_versioned("box");
    for text in ["one", "two", "three"] {
        backend.put("box", "d/a", text);
    }
    backend.put("box", "d/gone", "still here");
    backend.delete("box", "d/gone");
    backend.delete("box", "d/gone");
    backend.delete("box", "d/hidden");
    backend.put("box", "d/ab", "neighbour");
    shell
}

fn ids(shell: &Shell, key: &str) -> Vec<String> {
    shell.world.backend.versions("box", key).into_iter().map(|(id, _)| id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_states_are_listed_newest_first() {
    let shell = shell().await;
    let rows = shell.json(&["ls", "--versions", "--json", "p:box/d/"]);
    let told: Vec<String> = rows
        .iter()
        .map(|row| {
            format!("{} {} {}", row["key"].as_str().unwrap(), row["kind"].as_str().unwrap(), row["latest"])
        })
        .collect();
    assert_eq!(
        told,
        [
            "d/a version true",
            "d/a version false",
            "d/a version false",
            "d/ab version true",
            "d/gone delete-marker true",
            "d/gone delete-marker false",
            "d/gone version false",
            "d/hidden delete-marker true",
        ]
    );
    assert_eq!(rows[0]["version_id"], ids(&shell, "d/a")[2]);
    assert_eq!((rows[2]["size"].as_u64(), rows[4]["size"].as_u64()), (Some(3), None));
    let text = shell.ok(&["ls", "--versions", "p:box/d/gone"]);
    assert!(text.lines().count() == 3 && text.contains("DELETED *"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_version_is_read_copied_and_becomes_the_newest() {
    let shell = shell().await;
    let first = ids(&shell, "d/a")[0].clone();
    assert_eq!(shell.ok(&["cat", "--version-id", &first, "p:box/d/a"]), "one");
    shell.ok(&["cp", "--version-id", &first, "p:box/d/a", "old.txt"]);
    assert_eq!(std::fs::read_to_string(shell.path("old.txt")).unwrap(), "one");
    shell.ok(&["cp", "--version-id", &first, "p:box/d/a", "p:box/d/a"]);
    assert_eq!(shell.world.backend.get("box", "d/a").unwrap(), "one");
    assert_eq!(ids(&shell, "d/a").len(), 4);
    let wrong = shell.fails(&["cp", "--version-id", "nonsense", "p:box/d/a", "x"]);
    assert!(
        wrong.0 == 1 && wrong.1.contains("NoSuchVersion") | wrong.1.contains("does not exist"),
        "{wrong:?}"
    );
    assert_eq!(shell.fails(&["mv", "--version-id", &first, "p:box/d/a", "x"]).0, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_version_goes_or_all_of_them_after_the_name_was_typed() {
    let shell = shell().await;
    let second = ids(&shell, "d/a")[1].clone();
    assert_eq!(shell.fails(&["rm", "--version-id", "nonsense", "p:box/d/a"]).0, 1);
    shell.ok(&["rm", "--version-id", &second, "p:box/d/a"]);
    assert!(ids(&shell, "d/a").len() == 2 && !ids(&shell, "d/a").contains(&second));

    let unasked = shell.fails(&["rm", "--versions", "p:box/d/a"]);
    assert!(unasked.0 == 2 && unasked.1.contains("--force"), "{unasked:?}");
    let planned = shell.ok(&["rm", "--versions", "--dry-run", "p:box/d/a"]);
    assert_eq!(planned.lines().count(), 2, "{planned}");
    for (typed, left) in [("b", 2), ("a", 0)] {
        let config = shell.path("config.toml");
        let mut session = Session::start(
            &["rm", "--versions", "p:box/d/a"],
            &[("TWINPAIL_CONFIG", config.to_str().unwrap())],
            shell.world.folder.path(),
            (80, 24),
        );
        session.wait_for("Type a to delete them");
        session.keys(&format!("{typed}\r"));
        assert_eq!(session.exit_code(), 0);
        assert_eq!(ids(&shell, "d/a").len(), left);
    }
    assert!(shell.world.backend.get("box", "d/ab").is_some(), "an exact key is no prefix");
    shell.ok(&["rm", "-r", "--versions", "--force", "p:box/d/"]);
    assert!(ids(&shell, "d/gone").is_empty() && ids(&shell, "d/ab").is_empty());
    shell.ok(&["rb", "p:box"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_deleted_comes_back() {
    let shell = shell().await;
    let planned = shell.ok(&["undelete", "-r", "--dry-run", "p:box/d/"]);
    assert_eq!(planned, "would bring back p:box/d/gone\n");
    shell.ok(&["undelete", "p:box/d/gone"]);
    assert_eq!(shell.ok(&["cat", "p:box/d/gone"]), "still here");
    assert_eq!(shell.fails(&["undelete", "p:box/d/hidden"]).0, 1);
    assert_eq!(shell.fails(&["undelete", "p:box"]).0, 2);
    shell
        .world
        .backend
        .faults()
        .add(Rule::always(Operation::ListVersions, Fault::Status(501, "NotImplemented")));
    let refused = shell.fails(&["undelete", "-r", "p:box/d/"]);
    assert!(refused.0 == 1 && refused.1.contains("NotImplemented"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_brings_back_and_purges_on_a_small_screen() {
    let shell = shell().await;
    let (config, home) = (shell.path("config.toml"), shell.world.folder.path());
    let mut session =
        Session::start(&[".", "p:box/d/"], &[("TWINPAIL_CONFIG", config.to_str().unwrap())], home, (80, 24));
    session.wait_for("ab");
    session.keys("\tV");
    session.wait_for("3 versions");
    session.keys("jjr");
    session.wait_for("4 versions");
    assert_eq!(shell.world.backend.get("box", "d/a").unwrap(), "one");
    session.keys("\x7f");
    session.wait_for("Versions below p:box/d/");
    session.wait_for("9 versions");
    session.keys(".");
    session.wait_for("only deleted keys");
    session.keys("r");
    session.wait_until("what was deleted", |_| shell.world.backend.get("box", "d/gone").is_some());
    session.wait_for("brought back");
    session.wait_for("7 versions");
    session.keys("D");
    session.wait_for("a purge is of everything here");
    session.keys(".D");
    session.wait_for("Type d to go on");
    session.answer("once that is typed", "d\r");
    session.wait_for("0 versions");
    assert!(ids(&shell, "d/a").is_empty() && ids(&shell, "d/hidden").is_empty());
    session.keys("\x1b");
    session.wait_until("the panes", |screen| !screen.contents().contains("Versions below"));
    session.keys("q");
    assert_eq!(session.exit_code(), 0);
    session.assert_restored();
}
