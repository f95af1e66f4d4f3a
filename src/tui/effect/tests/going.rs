//! Places that are typed: files, objects, prefixes, and what is none of them.

use super::*;

impl Flow {
    fn go_to(&mut self, text: &str) {
        self.happen(Event::Key(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL)));
        self.keys(&format!("{text}\r"));
    }

    /// Goes to a place and waits until it is shown; where that is and what is under the cursor.
    async fn gone_to(&mut self, text: &str) -> (Location, String) {
        self.go_to(text);
        self.until(|flow| flow.state.dialogs.is_empty() && !flow.state.here().loading).await;
        let pane = self.state.here();
        let name = pane.current().map(|entry| pane.name(entry).to_string_lossy().into_owned());
        (pane.location.clone(), name.unwrap_or_default())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_prefixes_and_files_are_found_and_all_else_is_said() {
    let files = [("a.txt", "a"), ("sub/b.txt", "b"), (" spaced ", "c"), (".hidden", "d")];
    let objects = [
        ("photos/2026/one.jpg", "1"),
        ("photos/2026/two.jpg", "2"),
        ("photos/both", "3"),
        ("photos/both/below", "4"),
        ("photos/ odd ", "5"),
        ("empty/", ""),
    ];
    let mut flow = Flow::start(&files, &objects, at("")).await;
    flow.keys("\t");
    let name = |text: &str| text.to_owned();
    assert_eq!(flow.gone_to("demo:box/photos/2026/two.jpg").await, (at("photos/2026/"), name("two.jpg")));
    assert_eq!(flow.gone_to("demo:box/photos/2026").await, (at("photos/2026/"), name("one.jpg")));
    assert_eq!(flow.gone_to("  demo:box/photos/2026/ ").await.0, at("photos/2026/"));
    assert_eq!(flow.gone_to("demo:box/photos/both").await, (at("photos/"), name("both")));
    assert_eq!(flow.gone_to("demo:box/photos/both/").await, (at("photos/both/"), name("below")));
    assert_eq!(flow.gone_to("demo:box/photos/ odd ").await, (at("photos/"), name(" odd ")));
    assert_eq!(flow.gone_to("demo:box/empty").await.0, at("empty/"), "its marker is there");
    assert_eq!(flow.gone_to("demo:box").await.0, at(""));
    for (missing, words) in [
        ("demo:box/photos/202", "neither an object nor a prefix"),
        ("demo:box/none/", "no prefix"),
        ("demo:nobucket/", "nobucket"),
        ("demo:nobucket/key", "nobucket"),
        ("/nowhere/at/all", "no file or folder"),
    ] {
        flow.go_to(missing);
        flow.until_shown(words).await;
        assert_eq!(flow.state.here().location, at(""), "{missing}");
        assert!(flow.screen().contains(missing), "it can be mended");
        flow.keys("\x1b");
    }
    flow.keys("\t");
    let Location::Local(root) = flow.state.here().location.clone() else { panic!("a folder") };
    let local = |name: &str| Location::Local(root.join(name));
    assert_eq!(flow.gone_to("sub/b.txt").await, (local("sub"), name("b.txt")));
    assert_eq!(flow.gone_to("../a.txt").await, (Location::Local(root.clone()), name("a.txt")));
    assert_eq!(flow.gone_to(" spaced ").await, (Location::Local(root.clone()), name(" spaced ")));
    assert_eq!(flow.gone_to(" sub ").await.0, local("sub"));
    assert_eq!(flow.gone_to("../.hidden").await, (Location::Local(root.clone()), name(".hidden")));
}
