//! Key scripts about versions.

use super::super::super::message::{Task, VersionsEffect, VersionsEvent};
use super::*;
use crate::s3::{Stored, Version};

fn version(key: &str, id: &str, latest: bool, live: bool) -> Version {
    let object = live.then(|| Stored { size: 10, etag: format!("e{id}"), storage_class: None });
    Version { key: key.into(), id: id.into(), latest, modified: None, object }
}

/// An open dialog below `photos/`: `a` has an older state, `b` is deleted.
fn open(profile: &str) -> State {
    let place = Location::Remote(Remote { profile: profile.into(), ..work("photos/") });
    let mut state = browser_with(config(), place, local("/x"), (120, 30));
    fill(&mut state, PaneId::Left, &[], None);
    let effects = keys(&mut state, "V");
    let [Effect::Versions { search, effect: VersionsEffect::Find(scope) }] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert!(scope.tree && scope.root.key == "photos/");
    let found = vec![
        version("photos/a", "a2", true, true),
        version("photos/a", "a1", false, true),
        version("photos/b", "b3", true, false),
        version("photos/b", "b2", false, false),
        version("photos/b", "b1", false, true),
    ];
    let search = *search;
    update(&mut state, Event::Versions { search, event: VersionsEvent::Found(found) });
    update(&mut state, Event::Versions { search, event: VersionsEvent::End { more: false, failed: None } });
    state
}

fn ids(effects: &[Effect]) -> Vec<String> {
    let [Effect::Task(task)] = effects else { panic!("{effects:?}") };
    let Task::DeleteVersions { versions, .. } = &**task else { panic!("{task:?}") };
    versions.iter().map(|id| id.version_id.clone().unwrap()).collect()
}

#[test]
fn an_old_version_becomes_the_newest_by_a_copy_of_it() {
    let mut state = open("work");
    keys(&mut state, "r");
    assert!(notice(&state).contains("newest already"));
    let effects = keys(&mut state, "jr");
    let (request, touches) = submitted(&effects);
    let item = &request.items[0];
    assert_eq!((&item.from, &item.to), (&at("photos/a"), &at("photos/a")));
    let known = item.known.as_ref().unwrap();
    assert_eq!(
        (known.version_id.as_deref(), known.etag.as_deref(), known.size),
        (Some("a1"), Some("ea1"), 10)
    );
    assert_eq!((request.on_conflict, &touches.places), (OnConflict::Overwrite, &vec![at("photos/")]));
}

#[test]
fn a_deleted_key_comes_back_by_the_removal_of_all_markers_above_it() {
    let mut state = open("work");
    assert_eq!(ids(&keys(&mut state, ".r")), ["b3", "b2"]);
    let effects = update(&mut state, Event::Deleted(Vec::new()));
    assert_eq!(notice(&state), "brought back");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::ListPage { .. })), "the pane is read again");
    let again = |effect: &Effect| matches!(effect, Effect::Versions { effect: VersionsEffect::Find(_), .. });
    assert!(effects.iter().any(again), "and so are the versions");
}

#[test]
fn versions_are_deleted_after_a_yes_and_all_of_them_after_their_name() {
    let mut state = open("work");
    assert!(keys(&mut state, "j jd").is_empty());
    assert!(draw(&state).contains("Delete 1 version for good?"));
    assert_eq!(ids(&keys(&mut state, "y")), ["a1"]);
    assert!(keys(&mut state, "d").is_empty() && notice(&state).contains("still deleting"));
    update(&mut state, Event::Deleted(Vec::new()));
    keys(&mut state, "\x1b");
    let mut state = open("work");
    keys(&mut state, "D");
    assert!(draw(&state).contains("5 versions, 30 B, would be gone for good"));
    assert!(keys(&mut state, "photo\r").is_empty());
    let effects = keys(&mut state, "s\r");
    assert!(matches!(effects.as_slice(), [Effect::Task(task)] if matches!(**task, Task::Purge(_))));
}

#[test]
fn nothing_that_is_not_shown_is_deleted_and_a_purge_is_never_of_some() {
    let mut state = open("work");
    keys(&mut state, "j .");
    let effects = keys(&mut state, "d");
    let screen = draw(&state);
    assert!(effects.is_empty() && screen.contains("Delete 1 version for good?"), "{screen}");
    assert!(!screen.contains("a a1"), "a mark that is out of sight counts: {screen}");
    keys(&mut state, "\x1bD");
    assert!(notice(&state).contains("show all (.)"), "{}", notice(&state));
    keys(&mut state, ". D");
    assert!(notice(&state).contains("without marks"), "{}", notice(&state));
    let copied = keys(&mut state, "y");
    assert!(matches!(copied.as_slice(), [Effect::CopyText(id)] if id == "a2"), "{copied:?}");
}

#[test]
fn versions_go_to_the_other_pane_and_several_of_one_key_get_their_ids_into_their_names() {
    let mut state = open("work");
    let effects = keys(&mut state, "c");
    assert_eq!(submitted(&effects).0.items[0].to, local("/x/a"));
    let effects = keys(&mut state, "ac");
    let targets: Vec<String> = submitted(&effects).0.items.iter().map(|item| item.to.to_string()).collect();
    assert_eq!(targets, ["/x/a.a2", "/x/a.a1", "/x/b"]);
    keys(&mut state, "aGkk");
    keys(&mut state, "c");
    assert!(notice(&state).contains("nothing to copy"));
}

#[test]
fn a_read_only_profile_refuses_at_once_and_wider_places_are_a_key_away() {
    let mut state = open("safe");
    for key in ["jr", "d", "D"] {
        assert!(keys(&mut state, key).is_empty(), "{key}");
        assert!(notice(&state).contains("read-only"), "{key}: {}", notice(&state));
    }
    let effects = keys(&mut state, "\x08");
    assert!(
        matches!(effects.as_slice(), [Effect::Versions { effect: VersionsEffect::Find(scope), .. }] if scope.root.key.is_empty())
    );
    keys(&mut state, "\x08");
    assert!(notice(&state).contains("whole bucket"));
    let mut state = browser();
    keys(&mut state, "V");
    assert!(notice(&state).contains("only a provider"));
}

/// The version whose bytes are asked for, and the place.
fn fetched(effects: &[Effect]) -> (String, String) {
    let [Effect::Fetch(wanted)] = effects else { panic!("{effects:?}") };
    (wanted.location.to_string(), wanted.version.clone().unwrap())
}

#[test]
fn a_version_is_viewed_over_the_others_which_come_on_meanwhile() {
    let mut state = open("work");
    let effects = keys(&mut state, "R");
    let [Effect::Versions { search, .. }] = effects[..] else { panic!("{effects:?}") };
    let tell = |state: &mut State, event| drop(update(state, Event::Versions { search, event }));
    let of = |id: &str, latest| version("photos/a", id, latest, true);
    let mut long = of("an id of many letters, of which the first ones do", false);
    long.modified = Some(Timestamp::UNIX_EPOCH);
    tell(&mut state, VersionsEvent::Found(vec![of("a2", true), long]));
    let effects = keys(&mut state, "j\r");
    assert_eq!(
        fetched(&effects),
        ("work:media/photos/a".into(), "an id of many letters, of which the first ones do".into())
    );
    for (width, heading) in [
        (120, " work:media/photos/a, version an id of many let… of 1970-01-01 00:00 "),
        (80, " work:media/photos/a, version an id of many let… "),
        (60, ", version an id of many let… "),
    ] {
        state.size = (width, 24);
        let first = draw(&state).lines().next().unwrap().to_owned();
        assert!(first.contains(heading), "{width}: {first}");
    }
    tell(&mut state, VersionsEvent::Found(vec![of("a0", false)]));
    tell(&mut state, VersionsEvent::End { more: false, failed: None });
    key(&mut state, KeyCode::F(3));
    assert!(draw(&state).contains("3 versions"), "back where it was opened: {}", draw(&state));
    assert_eq!(fetched(&keys(&mut state, "v")).1, "an id of many letters, of which the first ones do");
}

#[test]
fn a_delete_marker_is_nothing_to_view() {
    let mut state = open("work");
    for key in ["jj\r", "v"] {
        assert!(keys(&mut state, key).is_empty());
        assert!(notice(&state).contains("nothing to view; r brings back"), "{}", notice(&state));
    }
    assert!(draw(&state).contains("5 versions"));
}
