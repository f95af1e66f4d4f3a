//! Key scripts about what is found below a place: it is a listing like any other.

use super::super::super::dialog::{Editing, Measured, Share};
use super::super::super::message::{
    EditEffect, EditEvent, Finding, Search, Task, VersionsEffect, WrittenBack,
};
use super::*;
use crate::s3::Change;

/// What a pane waits for was found: these names.
fn found(state: &mut State, generation: u64, names: &[&str], looked: u64, done: bool) -> Vec<Effect> {
    let entries = names.iter().map(|name| Entry { size: Some(2048), ..Entry::new(*name, Kind::Object) });
    let finding = Finding { entries: entries.collect(), looked, done, ..Finding::default() };
    let pane = state.focus;
    update(state, Event::Found { pane, generation, finding })
}

fn searched(effects: &[Effect]) -> (u64, &Location, &Search, bool) {
    let [Effect::Find { generation, location, search, again, .. }] = effects else { panic!("{effects:?}") };
    (*generation, location, search, *again)
}

/// The left pane has looked for cats below `photos/` and found some; the right one shows a folder.
fn cats() -> State {
    let mut state = browser_with(config(), at("photos/"), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["2026/", "a"], None);
    fill(&mut state, PaneId::Right, &["x"], None);
    ctrl(&mut state, 'f');
    let effects = keys(&mut state, "cat size:+1k\r");
    let (generation, ..) = searched(&effects);
    found(&mut state, generation, &["b/cat.jpg", "2026/cat.jpg"], 10, false);
    found(&mut state, generation, &[".trash/esc\u{1b}[2Jcat"], 25, true);
    state
}

#[test]
fn a_search_fills_a_pane_as_it_goes_and_older_ones_are_dropped() {
    let mut state = browser_with(config(), at("photos/"), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["2026/", "a"], None);
    ctrl(&mut state, 'f');
    assert!(keys(&mut state, "size:huge\r").is_empty());
    assert!(notice(&state).contains("huge"), "{}", notice(&state));
    assert!(draw(&state).contains("size:huge"), "what was typed is there to be mended");
    keys(&mut state, "\x1b");
    keys(&mut state, "f");
    let effects = keys(&mut state, "cat size:+1k\r");
    let (generation, location, search, again) = searched(&effects);
    assert_eq!((location, search.query.is_some(), again), (&at("photos/"), true, false));
    assert!(draw(&state).contains("searching since "), "{}", draw(&state));
    found(&mut state, generation, &["2026/cat.jpg"], 10, false);
    found(&mut state, generation - 1, &["stale"], 99, true);
    let shown = draw(&state);
    assert!(shown.contains("cat size:+1k in work:media/photos/"), "{shown}");
    assert!(
        shown.contains("1+ found searching")
            && shown.contains("10 looked at")
            && shown.contains("2026/cat.jpg"),
        "{shown}"
    );
    assert!(!shown.contains("stale"));
    assert!(matches!(keys(&mut state, "\x1b")[..], [Effect::CancelListing(PaneId::Left)]));
    found(&mut state, generation, &["late"], 99, true);
    assert!(draw(&state).contains("1 found ") && !draw(&state).contains("late"));
}

#[test]
fn a_search_has_conditions_of_date_and_class() {
    let mut state = browser_with(config(), at("photos/"), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["2026/", "a"], None);
    ctrl(&mut state, 'f');
    let effects = keys(&mut state, "*.raw newer:2026-01-01 older:2026-02-01 class:glacier\r");
    let (.., search, _) = searched(&effects);
    let query = search.query.as_ref().unwrap();
    let found = |name: &str, day: &str, class: Option<&str>| crate::walk::Found {
        relative: name.to_owned(),
        location: at(name),
        size: 1,
        modified: Some(format!("{day}T12:00:00Z").parse().unwrap()),
        etag: None,
        storage_class: class.map(Into::into),
    };
    assert!(query.matches(&found("a.raw", "2026-01-15", Some("GLACIER"))));
    for (name, day, class) in [
        ("a.jpg", "2026-01-15", Some("GLACIER")),
        ("a.raw", "2025-12-15", Some("GLACIER")),
        ("a.raw", "2026-02-15", Some("GLACIER")),
        ("a.raw", "2026-01-15", None),
    ] {
        assert!(!query.matches(&found(name, day, class)), "{name} {day} {class:?}");
    }
}

#[test]
fn what_was_found_looks_right() {
    for size in [(120, 30), (80, 24)] {
        let mut state = cats();
        update(&mut state, Event::Resize(size.0, size.1));
        keys(&mut state, " ");
        insta::assert_snapshot!(format!("found_{}x{}", size.0, size.1), draw(&state));
    }
}

#[test]
fn what_was_found_is_copied_under_its_way_there_and_never_through_a_link() {
    let mut state = cats();
    let effects = asking::copy(&mut state, "ac");
    let (request, touches) = submitted(&effects);
    let to: Vec<_> = request.items.iter().map(|item| item.to.clone()).collect();
    assert_eq!(to[1..], [local("/out/2026/cat.jpg"), local("/out/b/cat.jpg")]);
    assert_eq!(request.within.as_deref(), Some(std::path::Path::new("/out")));
    assert_eq!((request.on_conflict, &touches.places[..]), (OnConflict::Ask, &[local("/out")][..]));
    keys(&mut state, "gjm");
    let effects = asking::agree(&mut state);
    let (request, touches) = submitted(&effects);
    assert_eq!((request.verb, request.items[0].from.clone()), (Verb::Move, at("photos/2026/cat.jpg")));
    assert!(touches.undoable && touches.places.contains(&at("photos/")));
}

#[test]
fn what_was_found_is_deleted_after_a_yes_and_looked_for_again() {
    let mut state = cats();
    let effects = keys(&mut state, "jd");
    let [Effect::Count(targets)] = &effects[..] else { panic!("{effects:?}") };
    let target = Target { location: at("photos/2026/cat.jpg"), tree: false };
    assert_eq!(targets[..], *std::slice::from_ref(&target));
    let total = Ok(Total { files: 1, bytes: 2048, ..Default::default() });
    update(&mut state, Event::Counted { targets: vec![target], total });
    assert!(draw(&state).contains("Delete"));
    assert!(matches!(keys(&mut state, "y")[..], [Effect::Delete(_)]));
    let effects = update(&mut state, Event::Deleted(Vec::new()));
    let (generation, _, _, again) = searched(&effects);
    assert!(again && draw(&state).contains("2026/cat.jpg"), "the old ones are shown until all are found");
    keys(&mut state, "j");
    found(&mut state, generation, &["b/cat.jpg", ".trash/cat"], 24, true);
    assert_eq!((state.here().listing.rows(), under_cursor(&state).as_str()), (2, "b/cat.jpg"));
}

#[test]
fn a_long_search_is_not_made_again_by_itself() {
    let mut state = cats();
    let effects = keys(&mut state, "R");
    let (generation, ..) = searched(&effects);
    found(&mut state, generation, &["2026/cat.jpg"], 10_001, true);
    state.deletion = Some(super::super::super::state::Deletion::Deleting(1));
    state.deleting = vec![at("photos/2026/cat.jpg")];
    assert!(update(&mut state, Event::Deleted(Vec::new())).is_empty());
    assert!(draw(&state).contains("something has changed; R searches again"), "{}", draw(&state));
    assert!(searched(&keys(&mut state, "R")).3);
}

#[test]
fn links_views_properties_and_lists_are_of_what_was_found() {
    let mut state = cats();
    let effects = keys(&mut state, "jy");
    assert!(
        matches!(&effects[..], [Effect::Sign(requests)] if requests[0].target == work("photos/2026/cat.jpg"))
    );
    state.signing = false;
    let effects = keys(&mut state, "i");
    assert!(
        matches!(&effects[..], [Effect::Stat(place, Kind::Object)] if *place == at("photos/2026/cat.jpg"))
    );
    let effects = keys(&mut state, "v");
    assert!(matches!(&effects[..], [Effect::Fetch(wanted)] if wanted.location == at("photos/2026/cat.jpg")));
    keys(&mut state, "\x1b/b/\r");
    ctrl(&mut state, 'e');
    let effects = keys(&mut state, "\r");
    assert!(
        matches!(&effects[..], [Effect::WriteFile { text, rows: 1, .. }] if text.contains("b/cat.jpg,object,2048")),
        "{effects:?}"
    );
    state.dialogs.settle(Pending::Export, true);
    assert!(keys(&mut state, "Z").is_empty() && notice(&state).contains("not synced"));
}

#[test]
fn what_was_found_is_renamed_where_it_is() {
    let mut state = cats();
    keys(&mut state, "jr");
    let effects = keys(&mut state, "x\r");
    let [Effect::Submit { request, touches }] = &effects[..] else { panic!("{effects:?}") };
    let item = &request.items[0];
    assert_eq!((&item.from, &item.to), (&at("photos/2026/cat.jpg"), &at("photos/2026/cat.jpgx")));
    assert!(touches.places.contains(&at("photos/2026/")) && touches.undoable);
    let mut state = browser_with(config(), at("photos/"), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["a"], None);
    fill(&mut state, PaneId::Right, &["x"], None);
    ctrl(&mut state, 'f');
    let (generation, ..) = searched(&keys(&mut state, "cat\r"));
    found(&mut state, generation, &["m//odd/cat"], 10, false);
    keys(&mut state, "rx");
    found(&mut state, generation, &["a/cat"], 20, true);
    let effects = key(&mut state, KeyCode::Enter);
    let item = &submitted(&effects).0.items[0];
    assert_eq!(
        (&item.from, &item.to),
        (&at("photos/m//odd/cat"), &at("photos/m//odd/catx")),
        "as it was asked for"
    );
    let mut state = cats();
    keys(&mut state, "a");
    keys(&mut state, "r\t\tx");
    let screen = draw(&state);
    assert!(screen.contains("2026/cat.jpg") && screen.contains("3 to be renamed"), "{screen}");
    let effects = keys(&mut state, "\r");
    let [Effect::Submit { request, .. }] = &effects[..] else { panic!("{effects:?}") };
    let to: Vec<_> = request.items.iter().map(|item| item.to.clone()).collect();
    assert!(to.contains(&at("photos/2026/cat.jpgx")) && to.len() == 3, "one name in several folders: {to:?}");
}

#[test]
fn enter_goes_to_what_was_found_and_back_shows_it_again() {
    let mut state = cats();
    let effects = keys(&mut state, "j\r");
    assert_eq!(listed(&effects), [(PaneId::Left, at("photos/2026/"), None)]);
    fill(&mut state, PaneId::Left, &["a", "cat.jpg"], None);
    assert_eq!(under_cursor(&state), "cat.jpg");
    let effects = keys(&mut state, "[");
    assert!(searched(&effects).3 && state.here().listing.rows() == 3);
    assert_eq!(under_cursor(&state), "2026/cat.jpg");
    let effects = keys(&mut state, "h");
    assert_eq!(listed(&effects), [(PaneId::Left, at("photos/"), None)], "back to the place itself");
    fill(&mut state, PaneId::Left, &["2026/", "a"], None);
    assert!(!draw(&state).contains("found"));
}

#[test]
fn equal_objects_stay_together_until_they_are_sorted_and_all_of_a_profile_is_found() {
    let mut state = browser_with(config(), Location::Profile("work".into()), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["media"], None);
    let effects = key_with(&mut state, 'd', KeyModifiers::ALT);
    let (generation, _, search, _) = searched(&effects);
    assert!(search.query.is_none());
    found(&mut state, generation, &["media/z", "logs/a/z", "media/b", "media/c"], 9, true);
    let pane = state.here();
    let rows: Vec<_> = (0..4).map(|row| pane.name(pane.listing.at(row).unwrap()).to_owned()).collect();
    assert_eq!(rows, ["media/z", "logs/a/z", "media/b", "media/c"]);
    let object = Remote { bucket: "logs".into(), ..work("a/z") };
    assert_eq!(pane.place(pane.listing.at(1).unwrap()), Location::Remote(object));
    keys(&mut state, "s");
    assert_eq!(under_cursor(&state), "media/z");
    assert_eq!(state.here().cursor, 3, "by size, then by name");
}

#[test]
fn equal_objects_are_in_no_order_that_a_pane_was_sorted_by_before() {
    let mut state = browser();
    state.focus = PaneId::Right;
    keys(&mut state, "s");
    assert!(draw(&state).contains(" by size "));
    let effects = key_with(&mut state, 'd', KeyModifiers::ALT);
    let (generation, ..) = searched(&effects);
    found(&mut state, generation, &["z", "a"], 2, true);
    let shown = draw(&state);
    assert!(shown.contains(" 2 found ") && !shown.contains("by size"), "{shown}");
    keys(&mut state, "s");
    assert!(draw(&state).contains(" 2 found by "), "{}", draw(&state));
}

#[test]
fn what_takes_room_is_shown_as_it_is_added_up() {
    let mut state = browser();
    state.focus = PaneId::Right;
    let effects = keys(&mut state, "W");
    let [Effect::Measure(number, _)] = effects[..] else { panic!("{effects:?}") };
    let share = |key: &str| Share { place: at(key), bytes: 2048, files: 2, folder: true };
    let now = |key: &str| Measured { rows: vec![share(key)], looked: 10, bytes: 9999, ..Measured::default() };
    update(&mut state, Event::Measured(number - 1, now("photos/stale/")));
    update(&mut state, Event::Measured(number, now("photos/2026/")));
    let shown = draw(&state);
    assert!(shown.contains("2026/") && shown.contains("10 looked at") && !shown.contains("stale"), "{shown}");
    // Into the row and back, to what was not measured to its end and then to what was.
    for done in [false, true] {
        let effects = key(&mut state, KeyCode::Right);
        let [Effect::Measure(below, place)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(*place, at("photos/2026/"));
        let (below, within) =
            (*below, Measured { rows: vec![share("photos/2026/05/")], done, ..Measured::default() });
        update(&mut state, Event::Measured(below, within));
        let shown = draw(&state);
        assert!(
            shown.contains("Room taken below work:media/photos/2026/") && shown.contains("05/"),
            "{shown}"
        );
        let effects = key(&mut state, KeyCode::Left);
        assert!(draw(&state).contains("2026/") && !draw(&state).contains("05/"));
        match effects[..] {
            [Effect::Measure(number, _)] if !done => {
                let all = Measured { done: true, ..now("photos/2026/") };
                update(&mut state, Event::Measured(number, all));
            }
            [Effect::CancelMeasure] if done => {}
            _ => panic!("{effects:?}"),
        }
        assert_eq!(key(&mut state, KeyCode::Left).len(), 0, "there is nothing above");
    }
    let effects = keys(&mut state, "\r");
    assert!(matches!(&effects[..], [Effect::CancelMeasure, Effect::ListPage { .. }]), "{effects:?}");
    assert_eq!(state.here().location, at("photos/2026/"));
    keys(&mut state, "W");
    assert!(matches!(keys(&mut state, "\x1b")[..], [Effect::CancelMeasure]));
}

/// What is to be changed, and how.
fn changed(effects: &[Effect]) -> (Vec<Location>, &Change) {
    let [Effect::Task(task)] = effects else { panic!("{effects:?}") };
    let Task::Change { targets, change } = &**task else { panic!("{task:?}") };
    assert!(targets.iter().all(|target| !target.tree), "what is found are objects: {targets:?}");
    (targets.iter().map(|target| target.location.clone()).collect(), change)
}

#[test]
fn properties_and_classes_are_changed_of_what_was_found() {
    let mut state = cats();
    let (cat, other) = (at("photos/2026/cat.jpg"), at("photos/b/cat.jpg"));
    let effects = keys(&mut state, "jM");
    assert!(
        matches!(&effects[..], [Effect::ReadAttributes(object)] if *object == work("photos/2026/cat.jpg"))
    );
    let read = Event::AttributesRead(work("photos/2026/cat.jpg"), Ok(Box::default()));
    update(&mut state, read);
    assert!(draw(&state).contains("Properties of work:media/photos/2026/cat.jpg"), "{}", draw(&state));
    let effects = keys(&mut state, "image/jpeg\r");
    let (places, change) = changed(&effects);
    assert_eq!((places, change.content_type.as_deref()), (vec![cat.clone()], Some("image/jpeg")));
    let effects = update(&mut state, Event::Deleted(Vec::new()));
    let (generation, ..) = searched(&effects);
    found(&mut state, generation, &["2026/cat.jpg", "b/cat.jpg"], 25, true);

    keys(&mut state, "aM");
    assert!(draw(&state).contains("Properties of 2 marked entries"), "{}", draw(&state));
    let effects = keys(&mut state, "text/plain\r");
    assert_eq!(changed(&effects).0, [cat.clone(), other.clone()]);
    assert_eq!(state.here().listing.marks().0, 0);
    update(&mut state, Event::Deleted(Vec::new()));

    keys(&mut state, "\x1bgC");
    // What is under the cursor is another one by the time of the answer.
    let effects = update(&mut state, Event::Deleted(Vec::new()));
    assert!(effects.is_empty(), "{effects:?}");
    let generation = {
        let effects = vec![state.here_mut().refresh(None)];
        searched(&effects).0
    };
    found(&mut state, generation, &["b/cat.jpg"], 25, true);
    keys(&mut state, "by its name\r");
    let effects = keys(&mut state, "GLACIER_IR\r");
    let (places, change) = changed(&effects);
    assert_eq!((places, change.storage_class.as_deref()), (vec![cat], Some("GLACIER_IR")));
}

#[test]
fn what_was_found_in_all_buckets_is_changed_edited_and_has_versions() {
    let mut state = browser_with(config(), Location::Profile("work".into()), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["media"], None);
    ctrl(&mut state, 'f');
    let effects = keys(&mut state, "cat\r");
    found(&mut state, searched(&effects).0, &["logs/cat", "media/a/cat"], 9, true);
    let object = Remote { bucket: "logs".into(), ..work("cat") };
    let effects = keys(&mut state, "M");
    assert!(matches!(&effects[..], [Effect::ReadAttributes(asked)] if *asked == object), "{effects:?}");
    keys(&mut state, "\x1b");
    keys(&mut state, "aCby its name\r");
    let effects = keys(&mut state, "GLACIER_IR\r");
    assert_eq!(changed(&effects).0, [Location::Remote(object.clone()), at("a/cat")]);
    update(&mut state, Event::Deleted(Vec::new()));
    let effects = keys(&mut state, "V");
    let [Effect::Versions { effect: VersionsEffect::Find(scope), .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((&scope.root, scope.tree), (&object, false));
    keys(&mut state, "\x1b");
    let effects = keys(&mut state, "e");
    assert!(
        matches!(&effects[..], [Effect::Edit(EditEffect::Fetch(edited))] if *edited == object),
        "{effects:?}"
    );
}

#[test]
fn versions_and_the_editor_are_of_what_was_found_and_it_is_looked_for_again() {
    let mut state = cats();
    let effects = keys(&mut state, "jV");
    let [Effect::Versions { effect: VersionsEffect::Find(scope), .. }] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((&scope.root, scope.tree), (&work("photos/2026/cat.jpg"), false));
    assert!(draw(&state).contains("Versions of work:media/photos/2026/cat.jpg"), "{}", draw(&state));
    keys(&mut state, "\x1b");
    let effects = keys(&mut state, "e");
    let [Effect::Edit(EditEffect::Fetch(object))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(*object, work("photos/2026/cat.jpg"));
    let place = Location::Remote(object.clone());
    let editing = || Box::new(Editing { place: place.clone(), file: "/edits/cat.jpg".into(), base: None });
    update(&mut state, Event::Edit(EditEvent::Fetched(object.clone(), Ok(editing()))));
    let effects = update(
        &mut state,
        Event::Edit(EditEvent::Saved(editing(), Ok(WrittenBack { new: true, kept: false }))),
    );
    assert!(searched(&effects).3, "what it shows of it may be another size by now");
    assert!(notice(&state).contains("work:media/photos/2026/cat.jpg is written back"), "{}", notice(&state));
}
