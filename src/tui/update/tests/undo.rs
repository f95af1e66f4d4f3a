//! Key scripts about renaming many and taking things back.

use super::super::super::message::Task;
use super::*;
use crate::s3::ObjectId;
use crate::transfer::{FileOutcome, FileStatus, MOST_TAKEN_BACK, Verified};

fn outcome(from: Location, to: Location) -> transfer::Event {
    let outcome = FileOutcome {
        source: from,
        target: to,
        status: FileStatus::Done,
        bytes: 1,
        bytes_sent: 0,
        bytes_resumed: 0,
        verified: Verified::Size,
        error: None,
        remark: None,
    };
    transfer::Event::File { id: TransferId(1), outcome: Box::new(outcome) }
}

fn finish(state: &mut State) {
    let summary = Summary { files: 1, ..Summary::default() };
    update(state, Event::Transfer(transfer::Event::Finished { id: TransferId(1), summary }));
}

#[test]
fn marked_entries_are_renamed_by_a_pattern_shown_first() {
    let mut state = browser();
    keys(&mut state, "\tj  r");
    assert!(draw(&state).contains("Rename 2 entries"));
    keys(&mut state, "a\tx");
    let screen = draw(&state);
    assert!(screen.contains("x.txt") && screen.contains("1 to be renamed"), "{screen}");
    keys(&mut state, "\tz{n}");
    assert!(draw(&state).contains("x.txtz1"));
    let effects = keys(&mut state, "\r");
    let (request, touches) = submitted(&effects);
    let pairs: Vec<_> = request.items.iter().map(|item| (item.from.clone(), item.to.clone())).collect();
    assert_eq!(
        pairs,
        [(at("photos/a.txt"), at("photos/x.txtz1")), (at("photos/b.txt"), at("photos/b.txtz2"))]
    );
    assert!(request.verb == Verb::Move && request.on_conflict == OnConflict::Fail && touches.undoable);
}

#[test]
fn a_move_is_taken_back_file_by_file() {
    let mut state = browser();
    keys(&mut state, "u");
    assert!(notice(&state).contains("nothing to undo"));
    keys(&mut state, "jm");
    let effects = asking::agree(&mut state);
    let touches = submitted(&effects).1.clone();
    update(&mut state, Event::Submitted { id: TransferId(1), touches });
    let (here, there) = (local("/home/ada/work/cat.jpg"), at("photos/cat.jpg"));
    update(&mut state, Event::Transfer(outcome(here.clone(), there.clone())));
    finish(&mut state);
    keys(&mut state, "u");
    assert!(draw(&state).contains("Move 1 file back?"));
    let effects = keys(&mut state, "y");
    let item = &submitted(&effects).0.items[0];
    assert_eq!((&item.from, &item.to, item.tree), (&there, &here, false));
    assert!(!submitted(&effects).1.undoable && keys(&mut state, "u").is_empty());
    assert!(notice(&state).contains("nothing to undo"), "once");
}

#[test]
fn what_was_moved_twice_is_taken_back_from_where_it_was_moved_last() {
    let mut state = browser();
    let (here, there) = (local("/home/ada/work/cat.jpg"), at("photos/cat.jpg"));
    let moved = vec![(here.clone(), there), (local("/home/ada/work/dog.jpg"), at("photos/dog.jpg"))];
    let touches = Touches { undoable: true, moved, ..Touches::default() };
    update(&mut state, Event::Submitted { id: TransferId(1), touches });
    update(&mut state, Event::Transfer(outcome(here, at("photos/cat (1).jpg"))));
    finish(&mut state);
    let effects = keys(&mut state, "uy");
    let from: Vec<_> = submitted(&effects).0.items.iter().map(|item| item.from.clone()).collect();
    assert_eq!(from, [at("photos/dog.jpg"), at("photos/cat (1).jpg")]);
}

#[test]
fn what_is_too_much_is_not_taken_back_in_part_also_if_some_of_it_was_moved_twice() {
    let mut state = browser();
    let mut moved = vec![(at("photos/cat.jpg"), at("cat.jpg")); 2];
    moved.extend((1..MOST_TAKEN_BACK).map(|n| (at(&format!("photos/{n}")), at(&n.to_string()))));
    let touches = Touches { undoable: true, moved, ..Touches::default() };
    update(&mut state, Event::Submitted { id: TransferId(1), touches });
    finish(&mut state);
    assert!(keys(&mut state, "u").is_empty() && notice(&state).contains("too much"));
}

#[test]
fn a_copy_is_no_deed_and_a_local_rename_is_turned_around() {
    let mut state = browser();
    let effects = keys(&mut state, "jc");
    let touches = submitted(&effects).1.clone();
    update(&mut state, Event::Submitted { id: TransferId(1), touches });
    update(&mut state, Event::Transfer(outcome(local("/a"), at("photos/a"))));
    finish(&mut state);
    assert!(state.undo.is_empty());
    let done = vec![("cat.jpg".into(), "tac.jpg".into())];
    let place = local("/home/ada/work");
    update(&mut state, Event::Renamed { at: place.clone(), done, failed: Vec::new(), undoable: true });
    let effects = keys(&mut state, "uy");
    let [Effect::Rename { at, names, undoable: false }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((at, names), (&place, &vec![("tac.jpg".into(), "cat.jpg".into())]));
}

#[test]
fn a_deletion_is_taken_back_where_it_left_markers_but_not_on_a_read_only_profile() {
    let mut state = browser();
    let marker = |n: u32| ObjectId { key: format!("photos/{n}"), version_id: Some(n.to_string()) };
    let delete = |state: &mut State, place: Remote| {
        update(state, Event::Marked(place.clone(), vec![marker(1)]));
        update(state, Event::Marked(place, vec![marker(2)]));
        state.deletion = Some(super::super::super::state::Deletion::Deleting(2));
        update(state, Event::Deleted(Vec::new()));
    };
    delete(&mut state, work("photos/"));
    keys(&mut state, "u");
    assert!(draw(&state).contains("Bring back 2 deleted objects?"));
    let effects = keys(&mut state, "y");
    let [Effect::Task(task)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(matches!(&**task, Task::DeleteVersions { versions, .. } if *versions == [marker(1), marker(2)]));
    update(&mut state, Event::Deleted(Vec::new()));
    delete(&mut state, Remote { profile: "safe".into(), ..work("") });
    keys(&mut state, "u");
    assert!(notice(&state).contains("read-only"));
}

#[test]
fn the_question_begins_with_the_folder_that_was_renamed() {
    let asked = |pairs: &[(&str, &str)]| {
        let mut state = browser();
        state.remember(Undo::Moved(pairs.iter().map(|(was, is)| (at(was), at(is))).collect()));
        keys(&mut state, "u");
        draw(&state)
    };
    let screen = asked(&[("berichte/z", "reports/z"), ("berichte/b/c", "reports/b/c")]);
    let row = |text: &str| screen.lines().position(|line| line.contains(text)).unwrap();
    let folder = row("work:media/reports/  >  work:media/berichte/");
    assert_eq!((row(" b/c  "), row(" z  ")), (folder + 2, folder + 3), "{screen}");
    let screen = asked(&[("b", "a/b"), ("c", "other")]);
    assert!(screen.contains("work:media/a/b  >  work:media/b"), "{screen}");
    let screen = asked(&[("x/one", "y/one")]);
    assert!(screen.contains("work:media/y/one  >  work:media/x/one"), "{screen}");
}
