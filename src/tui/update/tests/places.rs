//! Key scripts about the palette, bookmarks and visits.

use super::super::super::message::PlacesChange;
use super::*;

fn changes(effects: &[Effect]) -> Vec<&PlacesChange> {
    fn change(effect: &Effect) -> Option<&PlacesChange> {
        match effect {
            Effect::Places(change) => Some(change),
            _ => None,
        }
    }
    effects.iter().filter_map(change).collect()
}

#[test]
fn the_palette_finds_an_action_by_some_of_its_letters_and_does_it() {
    let mut state = browser();
    let left = state.pane(PaneId::Left).location.clone();
    keys(&mut state, ":swp");
    let screen = draw(&state);
    assert!(screen.contains("swap the panes") && screen.contains("Ctrl-U"), "{screen}");
    key(&mut state, KeyCode::Enter);
    assert!(state.dialogs.is_empty());
    assert_eq!(state.pane(PaneId::Right).location, left);
    ctrl(&mut state, 'p');
    keys(&mut state, "zzzz");
    assert!(draw(&state).contains("nothing matches"));
    key(&mut state, KeyCode::Enter);
    assert!(!state.dialogs.is_empty(), "Enter on nothing chooses something");
    key(&mut state, KeyCode::Esc);
    assert!(state.dialogs.is_empty());
}

#[test]
fn the_palette_of_a_dialog_or_of_the_transfers_offers_what_can_be_done_there() {
    let mut state = browser();
    keys(&mut state, "t:");
    let screen = draw(&state);
    assert!(screen.contains("retry what failed") && !screen.contains("swap the panes"), "{screen}");
    keys(&mut state, "panes");
    key(&mut state, KeyCode::Enter);
    assert!(!state.panel, "back to the panes");
    keys(&mut state, "L:");
    assert_eq!(state.dialogs.len(), 2);
    let screen = draw(&state);
    assert!(screen.contains("take what is chosen") && !screen.contains("quit"), "{screen}");
    keys(&mut state, "chosen");
    key(&mut state, KeyCode::Enter);
    assert!(state.dialogs.is_empty(), "which closes the messages");
    keys(&mut state, "L?");
    let screen = draw(&state);
    let first = screen.lines().position(|line| line.contains("In every list and question"));
    let others = screen.lines().position(|line| line.contains("Panes and places"));
    assert!(first.is_some_and(|first| others.is_none_or(|others| first <= others)), "{screen}");
    key(&mut state, KeyCode::F(1));
    assert_eq!(state.dialogs.len(), 1, "help over a dialog, and back to it");
    keys(&mut state, "\x1b/");
    key(&mut state, KeyCode::F(1));
    assert!(draw(&state).contains("Where text is typed"), "help where every letter is text");
    keys(&mut state, "\x1b\x1b:undo");
    assert!(draw(&state).contains("take back a move"), "an action is found by its name: {}", draw(&state));
}

#[test]
fn a_place_is_bookmarked_found_again_and_forgotten() {
    let mut state = browser_with(config(), at("photos/"), local("/x"), (120, 30));
    assert!(keys(&mut state, "b").is_empty() && notice(&state).contains("no bookmark"));
    assert_eq!(changes(&keys(&mut state, "B")), [&PlacesChange::Add(at("photos/"))]);
    assert!(keys(&mut state, "B").is_empty(), "bookmarked twice");
    fill(&mut state, PaneId::Left, &["a/"], None);
    keys(&mut state, "\tb");
    assert!(draw(&state).contains("work:media/photos/"));
    let effects = key(&mut state, KeyCode::Enter);
    assert_eq!(listed(&effects), [(PaneId::Right, at("photos/"), None)]);
    keys(&mut state, "b");
    assert_eq!(changes(&key(&mut state, KeyCode::Delete)), [&PlacesChange::Remove(at("photos/"))]);
    assert!(state.places.bookmarks.is_empty());
}

#[test]
fn what_was_read_counts_as_visited_once() {
    let mut state = browser_with(config(), at("photos/"), local("/x"), (120, 30));
    let effects = fill(&mut state, PaneId::Left, &["a"], Some("more"));
    assert_eq!(changes(&effects), [&PlacesChange::Visit(at("photos/"))]);
    assert_eq!(state.places.recent, [at("photos/")]);
    let mut gone = crate::places::Places::default();
    gone.visit(&Location::Profile("gone".into()));
    update(&mut state, Event::Places(Ok(gone)));
    keys(&mut state, "b");
    assert!(listed(&key(&mut state, KeyCode::Enter)).is_empty());
    assert!(notice(&state).contains("no profile gone"), "{}", notice(&state));
}
