//! Key scripts about unfinished uploads.

use super::super::super::message::{UploadsEffect, UploadsEvent};
use super::*;
use crate::s3::Upload;
use crate::walk::uploads::Held;

fn at_place(place: Location) -> State {
    let mut state = browser_with(config(), place, local("/x"), (120, 30));
    fill(&mut state, PaneId::Left, &[], None);
    state
}

fn upload(key: &str) -> Upload {
    Upload { bucket: "media".into(), key: key.into(), upload_id: key.into(), started: None }
}

fn happen(state: &mut State, search: u64, event: UploadsEvent) -> Vec<Effect> {
    update(state, Event::Uploads { search, event })
}

/// The searches and measurements among effects, by what they are about.
fn orders(effects: &[Effect]) -> Vec<String> {
    let order = |effect: &Effect| match effect {
        Effect::Uploads { search, effect: UploadsEffect::Find(place) } => {
            Some(format!("find {search} {place}"))
        }
        Effect::Uploads { search, effect: UploadsEffect::Measure { profile, number, .. } } => {
            Some(format!("measure {search} {profile} {number}"))
        }
        Effect::Uploads { effect: UploadsEffect::Abort { uploads, .. }, .. } => {
            Some(format!("abort {:?}", uploads.iter().map(|(number, _)| number).collect::<Vec<_>>()))
        }
        Effect::Uploads { effect: UploadsEffect::Forget, .. } => Some("forget".to_owned()),
        _ => None,
    };
    effects.iter().filter_map(order).collect()
}

/// An open dialog with uploads `a`, `b` and `c`, of 10, 20 and 30 bytes.
fn three(place: Location) -> State {
    let mut state = at_place(place);
    keys(&mut state, "U");
    let found = ["a", "b", "c"].map(upload).to_vec();
    let effects = happen(&mut state, 1, UploadsEvent::Found(Ok(found), jiff::Timestamp::UNIX_EPOCH));
    assert_eq!(orders(&effects).len(), 3);
    for number in 0..3 {
        let held = Held { parts: 1, bytes: 10 * (number as u64 + 1) };
        happen(&mut state, 1, UploadsEvent::Held(number, Ok(held)));
    }
    happen(&mut state, 1, UploadsEvent::End);
    state
}

#[test]
fn uploads_are_found_measured_marked_and_aborted_after_a_yes() {
    let mut state = at_place(at("photos/"));
    assert_eq!(orders(&keys(&mut state, "U")), ["find 1 work:media/photos/"]);
    assert!(draw(&state).contains("reading..."));
    let mut state = three(at(""));
    assert!(draw(&state).contains("3 uploads, 60 B"), "{}", draw(&state));
    assert!(keys(&mut state, " j d").is_empty());
    let shown = draw(&state);
    assert!(shown.contains("Abort 2 unfinished uploads?") && shown.contains("2 parts, 40 B"), "{shown}");
    assert!(keys(&mut state, "\r").is_empty(), "no is chosen at first");
    assert_eq!(orders(&keys(&mut state, "dy")), ["abort [0, 2]"]);
    assert_eq!(state.running(), 1);
    happen(&mut state, 1, UploadsEvent::Gone(vec![0, 2]));
    happen(&mut state, 1, UploadsEvent::Aborted { gone: 2, failed: Vec::new() });
    assert_eq!((notice(&state).as_str(), state.running()), ("2 uploads aborted", 0));
    assert!(draw(&state).contains("1 upload, 20 B"), "{}", draw(&state));
    assert_eq!(orders(&keys(&mut state, "\x1b")), ["forget"]);
    assert!(state.dialogs.is_empty());
}

#[test]
fn the_question_comes_when_it_is_known_what_is_lost() {
    let mut state = at_place(at(""));
    keys(&mut state, "U");
    let found = UploadsEvent::Found(Ok(vec![upload("a")]), jiff::Timestamp::UNIX_EPOCH);
    assert_eq!(orders(&happen(&mut state, 1, found)), ["measure 1 work 0"]);
    keys(&mut state, "d");
    assert!(!draw(&state).contains("Abort 1") && draw(&state).contains("asking what they hold: 1 to go"));
    happen(&mut state, 1, UploadsEvent::Held(0, Err(Error::new(Failure::Denied, "denied"))));
    assert!(draw(&state).contains("not counting 1 that could not be measured"), "{}", draw(&state));
    assert_eq!(orders(&keys(&mut state, "y")), ["abort [0]"]);
    let failed = vec![Error::new(Failure::Denied, "cannot abort the upload of work:media/a: denied")];
    happen(&mut state, 1, UploadsEvent::Aborted { gone: 0, failed });
    assert!(draw(&state).contains("1 could not be aborted"), "{}", draw(&state));
}

#[test]
fn what_an_older_search_finds_is_dropped() {
    let mut state = three(at(""));
    assert_eq!(orders(&keys(&mut state, "R")), ["find 2 work:media/"]);
    let late = UploadsEvent::Found(Ok(vec![upload("late")]), jiff::Timestamp::UNIX_EPOCH);
    assert!(happen(&mut state, 1, late).is_empty());
    assert!(!draw(&state).contains("late"));
    keys(&mut state, "\x1b");
    let late = UploadsEvent::Found(Ok(vec![upload("late")]), jiff::Timestamp::UNIX_EPOCH);
    assert!(happen(&mut state, 2, late).is_empty() && state.dialogs.is_empty());
    keys(&mut state, "U");
    assert!(!draw(&state).contains("late"));
}

#[test]
fn an_abort_tells_its_end_also_after_the_dialog_was_left() {
    let mut state = three(at(""));
    keys(&mut state, "ady\x1b");
    happen(&mut state, 1, UploadsEvent::Gone(vec![0, 1, 2]));
    happen(&mut state, 1, UploadsEvent::Aborted { gone: 3, failed: Vec::new() });
    assert_eq!((notice(&state).as_str(), state.dialogs.len()), ("3 uploads aborted", 0));
}

#[test]
fn read_only_profiles_abort_nothing_and_folders_have_no_uploads() {
    let mut state = three(Location::Remote(Remote { profile: "safe".into(), ..work("") }));
    assert!(keys(&mut state, "ad").is_empty());
    let shown = draw(&state);
    assert!(notice(&state).contains("read-only") && shown.contains("safe is read-only"), "{shown}");
    assert!(!shown.contains("Abort"));
    let mut state = at_place(local("/home"));
    assert!(keys(&mut state, "U").is_empty());
    assert!(notice(&state).contains("local files"));
}
