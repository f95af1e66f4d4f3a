//! Key scripts about marks that are not seen: nothing is done to what they are on, and that is said.

use super::*;
use crate::tui::message::Task;

/// The prefix with four objects and a folder marked, of which the filter shows `b.txt` and `bb.txt`.
fn filtered() -> State {
    let mut state = browser_with(config(), at("photos/"), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["2026/", "a.txt", "b.txt", "bb.txt", "c.txt"], None);
    fill(&mut state, PaneId::Right, &["x"], None);
    keys(&mut state, "a/b\r");
    state
}

/// The keys of objects and prefixes that effects are about.
fn touched(effects: &[Effect]) -> Vec<String> {
    let key = |place: &Location| place.exact().trim_start_matches("work:media/photos/").to_owned();
    let mut all = Vec::new();
    for effect in effects {
        match effect {
            Effect::Submit { request, .. } => all.extend(request.items.iter().map(|item| key(&item.from))),
            Effect::Count(targets) | Effect::Delete(targets) => {
                all.extend(targets.iter().map(|target| key(&target.location)));
            }
            Effect::Task(task) => match &**task {
                Task::Change { targets, .. } | Task::Restore { targets, .. } => {
                    all.extend(targets.iter().map(|target| key(&target.location)));
                }
                other => panic!("{other:?}"),
            },
            Effect::Sign(requests) => {
                all.extend(requests.iter().map(|request| key(&Location::Remote(request.target.clone()))));
            }
            Effect::CopyAddresses(objects) => {
                all.extend(objects.iter().map(|object| key(&Location::Remote(object.clone()))));
            }
            Effect::CopyText(text) => {
                all.extend(text.lines().map(|line| line.trim_start_matches("s3://media/photos/").to_owned()));
            }
            _ => {}
        }
    }
    all
}

#[test]
fn every_action_leaves_out_marked_entries_that_a_filter_hides_and_says_so() {
    let left_out = "3 marked entries are hidden by the filter and left out";
    for (action, script) in [
        (Action::Copy, ""),
        (Action::Delete, ""),
        (Action::CopyLink, ""),
        (Action::CopyUri, ""),
        (Action::CopyUrl, ""),
        (Action::StorageClass, "\rGLACIER\r"),
        (Action::Rename, "x\r"),
        (Action::Share, ""),
        (Action::Properties, ""),
    ] {
        let mut state = filtered();
        let mut effects = act(&mut state, action);
        settle(&mut state, &mut effects);
        // A deletion is counted first; see below.
        let says = action == Action::Delete || draw(&state).contains(left_out);
        assert!(says, "{action:?} says nothing:\n{}", draw(&state));
        effects.extend(keys(&mut state, script));
        let touched = touched(&effects);
        if matches!(action, Action::Share | Action::Properties) {
            assert!(!draw(&state).contains("a.txt"), "{action:?}\n{}", draw(&state));
            continue;
        }
        assert_eq!(touched, ["b.txt", "bb.txt"], "{action:?}");
    }
}

#[test]
fn the_question_before_deleting_says_what_is_left_out_and_the_rest_stays_marked() {
    let mut state = filtered();
    let effects = keys(&mut state, "d");
    let [Effect::Count(targets)] = &effects[..] else { panic!("{effects:?}") };
    let total = Ok(Total { files: 2, bytes: 200, ..Default::default() });
    update(&mut state, Event::Counted { targets: targets.clone(), total });
    let screen = draw(&state);
    assert!(screen.contains("Delete 2 marked entries?"), "{screen}");
    let said = screen.matches("3 marked entries are hidden by the filter and left out").count();
    assert!(said > 0, "{screen}");
    key(&mut state, KeyCode::Esc);
    assert!(!draw(&state).contains("left out"), "{}", draw(&state));
    keys(&mut state, "c");
    key(&mut state, KeyCode::Esc);
    assert_eq!(state.here().listing.marks().0, 3, "what was left out stays marked");
}

#[test]
fn the_title_counts_marks_that_are_hidden_and_the_footer_those_that_are_seen() {
    let mut state = filtered();
    let screen = draw(&state);
    assert!(screen.contains("2 of 5, 3 marked hidden"), "{screen}");
    assert!(screen.contains("2 marked, 200 B"), "{screen}");
    key(&mut state, KeyCode::Esc);
    let screen = draw(&state);
    assert!(!screen.contains("hidden") && screen.contains("5 marked, 400 B"), "{screen}");
}

#[test]
fn where_only_hidden_entries_are_marked_an_action_is_about_the_one_under_the_cursor() {
    let mut state = browser_with(config(), at("photos/"), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["a.txt", "b.txt"], None);
    fill(&mut state, PaneId::Right, &["x"], None);
    keys(&mut state, " /b\r");
    let effects = keys(&mut state, "c");
    assert_eq!(touched(&effects), ["b.txt"]);
    assert!(
        notice(&state).contains("1 marked entry is hidden by the filter and left out"),
        "{}",
        notice(&state)
    );
}

#[test]
fn marked_dot_files_that_are_hidden_again_are_left_out() {
    let mut state = browser();
    fill(&mut state, PaneId::Left, &[], None);
    let _ = state.here_mut().refresh(None);
    fill(&mut state, PaneId::Left, &[".profile", "cat.jpg"], None);
    keys(&mut state, ".a.");
    assert!(draw(&state).contains("1 marked hidden"), "{}", draw(&state));
    let effects = keys(&mut state, "c");
    let [item] = &submitted(&effects).0.items[..] else { panic!("{effects:?}") };
    assert_eq!(item.from, local("/home/ada/work/cat.jpg"));
    assert!(notice(&state).contains("1 marked entry is hidden and left out"), "{}", notice(&state));
}
