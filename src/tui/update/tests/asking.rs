//! Key scripts about copies and moves that are asked about: how much, and where to.

use super::*;
use crate::tui::message::{ProposalEffect, ProposalEvent, Relocated};
use crate::walk::{Counted, Extent};

/// What is known of the newest copy or move that was asked about.
fn told(state: &mut State, event: ProposalEvent) -> Vec<Effect> {
    let number = state.proposals;
    update(state, Event::Proposal { number, event })
}

pub(super) fn counted(state: &mut State, files: u64, bytes: u64, counted: Counted) -> Vec<Effect> {
    told(
        state,
        ProposalEvent::Counted(Extent { total: Total { files, bytes, ..Total::default() }, counted }, None),
    )
}

/// Enter, and nothing speaks against the target.
pub(super) fn agree(state: &mut State) -> Vec<Effect> {
    let effects = keys(state, "\r");
    assert!(matches!(effects[..], [Effect::Propose(_, ProposalEffect::Check { .. })]), "{effects:?}");
    told(state, ProposalEvent::Checked(Ok(())))
}

/// Keys that copy, and the answer that what they copy is small, if that has to be counted.
pub(super) fn copy(state: &mut State, script: &str) -> Vec<Effect> {
    let effects = keys(state, script);
    if state.proposal.is_some() { counted(state, 1, 1, Counted::All) } else { effects }
}

/// Where the first item goes after `text` is typed in the place of what was offered.
fn moved_to(state: &mut State, text: &str) -> Location {
    keys(state, "m");
    ctrl(state, 'u');
    keys(state, text);
    submitted(&agree(state)).0.items[0].to.clone()
}

#[test]
fn a_move_asks_with_what_how_much_and_where_to_before_anything_happens() {
    let mut state = browser();
    let effects = keys(&mut state, "\tm");
    let [Effect::Propose(1, ProposalEffect::Count { targets, limit, .. })] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(targets, &[Target { location: at("photos/2026/"), tree: true }]);
    assert_eq!((limit.files, limit.bytes), (1_000, 1_000_000_000));
    let screen = draw(&state);
    for part in ["Move 2026/ and everything below it", "counting: 0 files", "/home/ada/work/"] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    counted(&mut state, 7, 700, Counted::SoFar);
    assert!(draw(&state).contains("counting: 7 files, 700 B so far"), "{}", draw(&state));
    assert!(keys(&mut state, "\r").is_empty(), "not before it is known how much it is");
    assert!(draw(&state).contains("still counting"));
    counted(&mut state, 12, 3_400, Counted::All);
    assert!(draw(&state).contains("12 files, 3.4 kB") && !draw(&state).contains("counting"));
    let effects = agree(&mut state);
    let (request, touches) = submitted(&effects);
    assert_eq!((request.verb, &request.items[0].from), (Verb::Move, &at("photos/2026/")));
    assert_eq!(request.items[0].to, local("/home/ada/work/2026"));
    assert_eq!(touches.places, [local("/home/ada/work"), at("photos/")]);
    assert!(touches.undoable && state.dialogs.is_empty());
    assert_eq!(notice(&state), "moving 2026 to /home/ada/work");
}

#[test]
fn escape_leaves_everything_where_it_is_and_keeps_the_marks() {
    let mut state = browser();
    let effects = keys(&mut state, "\tam\x1b");
    assert!(matches!(effects.last(), Some(Effect::Propose(1, ProposalEffect::Forget))), "{effects:?}");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Submit { .. } | Effect::Relocate(..))));
    assert_eq!((notice(&state).as_str(), state.here().listing.marks().0), ("nothing was moved", 3));
    assert!(counted(&mut state, 3, 3, Counted::All).is_empty(), "late answers change nothing");
    assert!(told(&mut state, ProposalEvent::Checked(Ok(()))).is_empty());
}

#[test]
fn where_counting_stops_a_move_can_be_agreed_to() {
    let mut state = browser();
    keys(&mut state, "\tm");
    counted(&mut state, 1_000, 5_000, Counted::AtLeast);
    assert!(draw(&state).contains("1,000 files, 5 kB or more"), "{}", draw(&state));
    assert_eq!(submitted(&agree(&mut state)).0.items.len(), 1);
}

#[test]
fn a_target_without_a_slash_is_the_new_name_of_one_and_with_one_the_folder_it_goes_into() {
    for (text, to) in [
        ("/srv/new.txt", local("/srv/new.txt")),
        ("/srv/", local("/srv/a.txt")),
        ("~", local("/home/ada/a.txt")),
        ("~/x.txt", local("/home/ada/x.txt")),
        ("work:other", Location::Remote(Remote { bucket: "other".into(), ..work("a.txt") })),
        (
            "own:mine/a/b",
            Location::Remote(Remote { profile: "own".into(), bucket: "mine".into(), key: "a/b".into() }),
        ),
        ("work:media/x/", at("x/a.txt")),
        // As in mc, relative to where the entry is: F6 renames.
        ("new.txt", at("photos/new.txt")),
        ("sub/", at("photos/sub/a.txt")),
    ] {
        let mut state = browser();
        keys(&mut state, "\tj");
        assert_eq!(moved_to(&mut state, text), to, "{text}");
    }
    let mut state = browser();
    keys(&mut state, "\tm");
    counted(&mut state, 1, 1, Counted::All);
    ctrl(&mut state, 'u');
    keys(&mut state, "old");
    assert!(draw(&state).contains("= work:media/photos/old/"), "{}", draw(&state));
    let effects = agree(&mut state);
    let (request, touches) = submitted(&effects);
    assert_eq!((&request.items[0].to, request.items[0].tree), (&at("photos/old/"), true));
    assert_eq!(touches.seek, Some(OsString::from("old/")), "the cursor goes with it");
}

#[test]
fn several_go_into_the_folder_that_is_named_with_or_without_a_slash() {
    for text in ["work:media/x", "work:media/x/"] {
        let mut state = browser();
        keys(&mut state, "\tj  m");
        ctrl(&mut state, 'u');
        keys(&mut state, text);
        let effects = agree(&mut state);
        let made: Vec<_> = submitted(&effects).0.items.iter().map(|item| item.to.clone()).collect();
        assert_eq!(made, [at("x/a.txt"), at("x/b.txt")]);
        assert_eq!(state.here().listing.marks().0, 0);
    }
}

#[test]
fn a_bad_target_keeps_the_dialog_open_with_its_text_and_the_reason() {
    for (text, reason) in [
        ("", "write where to"),
        ("wrok:x", "no profile called wrok"),
        ("work:", "list of buckets"),
        ("safe:media/", "read-only"),
        ("a.txt", "are the same"),
        ("work:media/photos/", "are the same"),
    ] {
        let mut state = browser();
        keys(&mut state, "\tjm");
        ctrl(&mut state, 'u');
        keys(&mut state, text);
        assert!(keys(&mut state, "\r").is_empty(), "{text}");
        let screen = draw(&state);
        assert!(screen.contains(reason) && screen.contains(text), "{text}\n{screen}");
    }
    let mut state = browser();
    keys(&mut state, "\tjm\r");
    let error = Error::new(Failure::Exists, "/x is a folder that exists").with_hint("write /x/");
    told(&mut state, ProposalEvent::Checked(Err(error)));
    assert!(draw(&state).contains("/x is a folder that exists (write /x/)"), "{}", draw(&state));
    ctrl(&mut state, 'u');
    keys(&mut state, "other.txt");
    assert!(!draw(&state).contains("exists"), "the reason goes with the text it was about");
    assert_eq!(submitted(&agree(&mut state)).0.items[0].to, at("photos/other.txt"));
}

#[test]
fn where_both_panes_show_one_place_a_move_offers_the_name() {
    let mut state = browser();
    keys(&mut state, "\t");
    ctrl(&mut state, 'o');
    keys(&mut state, "jm2");
    assert_eq!(submitted(&agree(&mut state)).0.items[0].to, at("photos/a.txt2"));
}

#[test]
fn local_entries_are_renamed_and_what_cannot_be_is_copied_by_the_engine() {
    let mut state = browser_with(config(), local("/home/ada/work"), local("/srv"), (120, 30));
    fill(&mut state, PaneId::Left, &["cat.jpg", "dog.jpg"], None);
    fill(&mut state, PaneId::Right, &["x"], None);
    keys(&mut state, "am");
    let effects = agree(&mut state);
    let [Effect::Relocate(from, items)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((from, items.len()), (&local("/home/ada/work"), 2));
    let done = vec![("cat.jpg".into(), "/srv/cat.jpg".into())];
    let left = vec![items[1].clone()];
    let relocated = Relocated { at: from.clone(), done, left };
    let effects = update(&mut state, Event::Relocated(relocated));
    assert_eq!(listed(&effects).len(), 2, "both panes are read again: {effects:?}");
    let (request, touches) = submitted(&effects);
    assert_eq!(request.items[0].to, local("/srv/dog.jpg"));
    assert_eq!((request.on_conflict, touches.undoable), (OnConflict::Ask, true));
    assert_eq!(notice(&state), "moved cat.jpg to /srv");
    let effects = keys(&mut state, "uy");
    let [Effect::Rename { names, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(names, &[(OsString::from("/srv/cat.jpg"), OsString::from("cat.jpg"))]);
}

#[test]
fn a_small_copy_goes_at_once_and_a_folder_once_it_is_known_to_be_small() {
    let mut state = browser();
    assert_eq!(submitted(&keys(&mut state, "jc")).0.verb, Verb::Copy);
    let effects = keys(&mut state, "gc");
    assert!(matches!(effects[..], [Effect::Propose(_, ProposalEffect::Count { .. })]), "{effects:?}");
    assert!(draw(&state).contains("counting what would be copied"), "{}", draw(&state));
    assert!(keys(&mut state, "d").is_empty(), "keys wait");
    let effects = counted(&mut state, 999, 999_999_999, Counted::All);
    assert_eq!(submitted(&effects).0.items[0].to, at("photos/notes/"));
    assert!(state.dialogs.is_empty());
    keys(&mut state, "gc");
    let effects = keys(&mut state, "\x1b");
    assert!(matches!(effects[..], [Effect::Propose(_, ProposalEffect::Forget)]), "{effects:?}");
    assert!(counted(&mut state, 1, 1, Counted::All).is_empty() && state.dialogs.is_empty());
}

#[test]
fn a_copy_of_many_files_or_of_a_great_size_asks() {
    let mut state = browser();
    keys(&mut state, "c");
    assert!(counted(&mut state, 1_000, 10, Counted::AtLeast).is_empty());
    assert!(draw(&state).contains("Copy notes/ and everything below it"), "{}", draw(&state));
    assert_eq!(submitted(&agree(&mut state)).0.items[0].to, at("photos/notes/"));
    let mut config = config();
    (config.ui.confirm_copy_files, config.ui.confirm_copy_size) = (None, Some(200));
    let mut state = browser_with(config, at("photos/"), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["a", "b"], None);
    fill(&mut state, PaneId::Right, &["x"], None);
    assert_eq!(submitted(&keys(&mut state, "c")).0.items.len(), 1, "100 B");
    assert!(keys(&mut state, "ac").is_empty(), "200 B");
    assert!(draw(&state).contains("2 files, 200 B"), "{}", draw(&state));
    assert_eq!(submitted(&agree(&mut state)).0.items.len(), 2);
}

#[test]
fn the_copy_of_a_bucket_always_asks_and_copies_nothing_if_it_is_switched_off_to_ask_by_size() {
    let mut config = config();
    (config.ui.confirm_copy_files, config.ui.confirm_copy_size) = (None, None);
    let mut state = browser_with(config, Location::Profile("work".into()), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["media"], None);
    fill(&mut state, PaneId::Right, &["x/"], None);
    keys(&mut state, "c");
    assert!(draw(&state).contains("Copy the bucket media and everything in it"), "{}", draw(&state));
    keys(&mut state, "\x1b\t");
    state.both()[0].location = at("");
    let effects = keys(&mut state, "c");
    assert_eq!(submitted(&effects).0.items[0].to, at("x/"), "a folder goes at once then");
}

#[test]
fn what_became_of_files_is_said_in_the_word_of_what_was_asked_for() {
    for (script, word) in [("jc", "1 file copied, 100 B"), ("jm", "1 file moved, 100 B")] {
        let mut state = browser();
        let mut effects = keys(&mut state, script);
        if script.ends_with('m') {
            effects = agree(&mut state);
        }
        let touches = submitted(&effects).1.clone();
        let id = TransferId(1);
        update(&mut state, Event::Submitted { id, touches });
        let summary = Summary { files: 1, bytes: 100, ..Summary::default() };
        update(&mut state, Event::Transfer(transfer::Event::Finished { id, summary }));
        assert_eq!(notice(&state), word);
    }
}

#[test]
fn hidden_marks_are_told_in_the_dialog() {
    let mut state = browser();
    keys(&mut state, "\ta/a.txt\rm");
    let screen = draw(&state);
    assert!(screen.contains("Move a.txt"), "{screen}");
    assert!(screen.contains("2 marked entries are hidden by the filter and left out"), "{screen}");
}
