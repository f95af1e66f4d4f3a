//! Key scripts about moving about: places that are typed, panes beside each other, addresses, searches.

use super::*;
use crate::error::{Error, Result};
use crate::tui::message::{Asked, Landing};

/// Types a place; what is looked for.
fn go_to(state: &mut State, text: &str) -> Vec<Location> {
    ctrl(state, 'g');
    update(state, Event::Paste(text.into()));
    match keys(state, "\r").as_slice() {
        [Effect::Locate { pane, asked: Asked::Typed(typed), readings }] => {
            assert_eq!((*pane, typed.as_str()), (state.focus, text));
            readings.clone()
        }
        [] => Vec::new(),
        other => panic!("{other:?}"),
    }
}

fn located(state: &mut State, text: &str, found: Result<Landing>) -> Vec<Effect> {
    let (pane, asked) = (state.focus, Asked::Typed(text.into()));
    update(state, Event::Located { pane, asked, found })
}

#[test]
fn places_are_typed_relative_absolute_or_by_profile() {
    let meant = |text: &str| go_to(&mut browser(), text);
    let key = |key: &str| Location::Remote(work(key));
    assert_eq!(meant("work:media/photos"), [key("photos")], "an object or a prefix");
    assert_eq!(meant("work:media/photos/"), [at("photos/")]);
    assert_eq!(meant("~/music"), [local("/home/ada/music")]);
    assert_eq!(meant("$HOME/music"), [local("/home/ada/music")]);
    assert_eq!(meant("${HOME}"), [local("/home/ada")]);
    assert_eq!(meant("../pictures"), [local("/home/ada/pictures")]);
    assert_eq!(meant("/srv/"), [local("/srv")]);
    assert_eq!(meant(" ~ "), [local("/home/ada/work/ ~ "), local("/home/ada")], "spaces may be meant");
    assert_eq!(meant("  work:media/a "), [local("/home/ada/work/  work:media/a "), key("a")]);
    let mut state = browser();
    keys(&mut state, "\t");
    assert_eq!(go_to(&mut state, "2026"), [key("photos/2026")]);
    super::key(&mut state, KeyCode::Esc);
    assert_eq!(go_to(&mut state, "work:media/a b "), [key("a b "), key("a b")]);
}

#[test]
fn what_is_found_is_shown_with_the_cursor_on_it() {
    let mut state = browser();
    go_to(&mut state, "notes/one.md");
    let before = state.here().location.clone();
    assert!(draw(&state).contains("looking for it"), "{}", draw(&state));
    let landing = Landing { place: local("/home/ada/work/notes"), cursor: Some("one.md".into()) };
    let effects = located(&mut state, "notes/one.md", Ok(landing));
    assert_eq!(listed(&effects), [(PaneId::Left, local("/home/ada/work/notes"), None)]);
    assert!(state.dialogs.is_empty());
    fill(&mut state, PaneId::Left, &["a", "b", "one.md", "z"], None);
    assert_eq!(under_cursor(&state), "one.md");
    keys(&mut state, "[");
    assert_eq!(state.here().location, before);
}

#[test]
fn a_place_that_does_not_exist_is_said_where_it_was_typed_and_nobody_goes_there() {
    let mut state = browser();
    go_to(&mut state, "wrok:x");
    let screen = draw(&state);
    assert!(screen.contains("no profile called wrok") && screen.contains("wrok:x"), "{screen}");
    key(&mut state, KeyCode::Esc);
    go_to(&mut state, "/nowhere");
    let missing = || Err(Error::new(crate::error::Kind::NotFound, "there is no file or folder /nowhere"));
    assert!(located(&mut state, "/nowhere", missing()).is_empty());
    assert_eq!(state.here().location, local("/home/ada/work"));
    let screen = draw(&state);
    assert!(screen.contains("there is no file or folder /nowhere"), "{screen}");
    keys(&mut state, "s");
    let screen = draw(&state);
    assert!(screen.contains("/nowheres") && !screen.contains("no file or folder"), "{screen}");
    // An answer about what was typed before changes nothing, nor does one after Esc.
    assert!(located(&mut state, "/nowhere", Ok(local("/nowhere").into())).is_empty());
    assert_eq!(state.dialogs.len(), 1);
    key(&mut state, KeyCode::Esc);
    assert!(located(&mut state, "/nowheres", Ok(local("/nowheres").into())).is_empty());
    assert_eq!(state.here().location, local("/home/ada/work"));
}

#[test]
fn a_profile_with_a_bucket_of_its_own_opens_there() {
    let mut state = browser();
    keys(&mut state, "PGkk\r");
    let mine = Remote { profile: "own".into(), bucket: "mine".into(), key: String::new() };
    assert_eq!(state.here().location, Location::Remote(mine));
    keys(&mut state, "Pg\r");
    assert_eq!(state.here().location, local("/home/ada"));
}

#[test]
fn swapped_panes_keep_places_cursors_and_the_keyboard() {
    let mut state = browser();
    keys(&mut state, "jj");
    ctrl(&mut state, 'u');
    assert_eq!((state.focus, under_cursor(&state).as_str()), (PaneId::Right, "dog.jpg"));
    assert_eq!(state.pane(PaneId::Left).location, at("photos/"));
    assert_eq!(state.pane(PaneId::Left).id, PaneId::Left);
}

fn marked(state: &State, id: PaneId) -> Vec<String> {
    let pane = state.pane(id);
    pane.listing.marked().iter().map(|entry| pane.name(*entry).to_str().unwrap().to_owned()).collect()
}

#[test]
fn what_differs_between_the_panes_is_marked_in_both_kind_by_kind() {
    let mut state = browser_with(config(), Location::Remote(work("")), local("/x"), (120, 30));
    fill(&mut state, PaneId::Left, &["both", "dir/", "mine", "mine/"], None);
    fill(&mut state, PaneId::Right, &["both", "dir", "theirs"], None);
    let both = |state: &State| (marked(state, PaneId::Left), marked(state, PaneId::Right));
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    keys(&mut state, "=");
    // Here `dir` of the local folder is a file.
    let all = (names(&["dir/", "mine/", "mine"]), names(&["dir", "theirs"]));
    assert_eq!(both(&state), all);
    assert!(notice(&state).starts_with("2 only left, 1 only right, 1 in both"), "{}", notice(&state));
    let screen = draw(&state);
    for part in ["│!dir/", "│+mine/", "│!dir ", "│+theirs"] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    keys(&mut state, "=");
    assert!(notice(&state).contains("only left marked (= again: what is only right)"), "{}", notice(&state));
    assert_eq!(both(&state), (names(&["mine/", "mine"]), names(&[])));
    keys(&mut state, "=");
    assert_eq!(both(&state), (names(&[]), names(&["theirs"])));
    keys(&mut state, "=");
    assert_eq!(both(&state), (names(&["dir/"]), names(&["dir"])));
    keys(&mut state, "=");
    assert_eq!(both(&state), all);
    keys(&mut state, "==");
    let _ = state.pane_mut(PaneId::Right).refresh(None);
    fill(&mut state, PaneId::Right, &["both", "dir/", "mine"], None);
    keys(&mut state, "=");
    assert_eq!(both(&state), (names(&["mine/"]), names(&[])), "what was read anew is compared anew");
    assert!(!notice(&state).contains("again"), "there is but one kind: {}", notice(&state));
    keys(&mut state, "/both\r");
    assert_eq!(both(&state).0, names(&["mine/"]), "marks stay");
    keys(&mut state, "=");
    assert!(notice(&state).contains("2 only right"), "what is filtered away is not seen: {}", notice(&state));
    assert_eq!(both(&state), (names(&[]), names(&["dir", "mine"])), "nothing that is not seen is marked");
    key(&mut state, KeyCode::Esc);
    keys(&mut state, "=");
    assert_eq!(both(&state).0, names(&["mine/"]), "compared anew without the filter: {}", notice(&state));
    fill(&mut state, PaneId::Right, &["more"], Some("token"));
    let _ = state.pane_mut(PaneId::Right).refresh(None);
    keys(&mut state, "=");
    assert!(notice(&state).contains("not all of both"), "{}", notice(&state));
}

#[test]
fn a_file_that_was_written_after_its_object_was_stored_differs_as_it_does_to_a_sync() {
    let mut state = browser_with(config(), local("/x"), at("copy/"), (120, 30));
    let mut fill = |pane, times: [(&str, i64); 2]| {
        let entry = |(name, second)| Entry {
            size: Some(3),
            modified: Some(Timestamp::from_second(second).unwrap()),
            ..Entry::new(name, Kind::Object)
        };
        let generation = state.pane(pane).generation();
        let read = Ok(Page { entries: times.into_iter().map(entry).collect(), next: None });
        update(&mut state, Event::Page { pane, generation, page: read });
    };
    fill(PaneId::Left, [("edited", 2_000), ("kept", 1_000)]);
    fill(PaneId::Right, [("edited", 1_500), ("kept", 1_500)]);
    keys(&mut state, "=");
    assert_eq!(
        (marked(&state, PaneId::Left), marked(&state, PaneId::Right)),
        (vec!["edited".into()], vec!["edited".into()])
    );
}

#[test]
fn objects_of_one_size_are_told_apart_by_etags_of_one_part() {
    let mut state = browser_with(config(), Location::Remote(work("")), at("copy/"), (120, 30));
    let (one, other) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
    let etags = |pairs: [(&str, &str); 3]| {
        let entry = |(name, etag): (&str, &str)| Entry {
            size: Some(3),
            etag: Some(etag.into()),
            ..Entry::new(name, Kind::Object)
        };
        pairs.into_iter().map(entry).collect::<Vec<_>>()
    };
    let parts = "0123456789abcdef0123456789abcdef-2";
    let mut fill = |pane, pairs| {
        let generation = state.pane(pane).generation();
        let read = Ok(Page { entries: etags(pairs), next: None });
        update(&mut state, Event::Page { pane, generation, page: read });
    };
    fill(PaneId::Left, [("changed", one), ("parts", one), ("same", one)]);
    fill(PaneId::Right, [("changed", other), ("parts", parts), ("same", one)]);
    keys(&mut state, "=");
    assert_eq!(
        (marked(&state, PaneId::Left), marked(&state, PaneId::Right)),
        (vec!["changed".into()], vec!["changed".into()])
    );
    let mut config = (*state.config).clone();
    config.profiles.iter_mut().find(|profile| profile.name == "work").unwrap().sse = Some("aws:kms".into());
    state.config = config.into();
    state.here_mut().listing.forget_comparison();
    keys(&mut state, "=");
    assert!(notice(&state).contains("nothing differs"), "no MD5s: {}", notice(&state));
}

#[test]
fn a_place_is_completed_as_far_as_all_ways_agree() {
    let mut state = browser_with(config(), Location::Remote(work("")), local("/x"), (120, 30));
    fill(&mut state, PaneId::Left, &["a"], None);
    update(&mut state, Event::Key(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL)));
    keys(&mut state, "wo\t");
    assert!(draw(&state).contains("work:"), "a profile");
    let effects = keys(&mut state, "med\t");
    let [Effect::Complete(typed, place)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((typed.as_str(), place), ("work:med", &Location::Profile("work".into())));
    let found = vec!["work:media/".to_owned(), "work:media-old/".to_owned()];
    update(&mut state, Event::Completed("work:med".into(), Ok(found)));
    assert!(draw(&state).contains("work:media ") && notice(&state).contains("work:media-old/"));
    update(&mut state, Event::Completed("work:x".into(), Ok(vec!["work:xyz/".into()])));
    assert!(!draw(&state).contains("xyz"), "an answer to what was typed before changes nothing");
}

#[test]
fn a_listing_is_written_whole_and_shows_where_it_is() {
    let mut state = browser_with(config(), Location::Remote(work("photos/")), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["a"], Some("more"));
    fill(&mut state, PaneId::Right, &["x"], None);
    ctrl(&mut state, 'e');
    assert!(
        state.dialogs.is_empty() && notice(&state).contains("not all of it is read"),
        "{}",
        notice(&state)
    );
    let effects = update(&mut state, Event::Written(Ok(("/out/listing.csv".into(), 1_200))));
    assert_eq!(listed(&effects), [(PaneId::Right, local("/out"), None)]);
    assert_eq!(notice(&state), "1,200 rows written to /out/listing.csv");
}

#[test]
fn addresses_are_copied_and_listings_written() {
    let mut state = browser_with(config(), Location::Remote(work("photos/")), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["=cmd()", "b c", "d/"], None);
    fill(&mut state, PaneId::Right, &["x"], None);
    let control = |state: &mut State, c| {
        update(state, Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)))
    };
    keys(&mut state, "a");
    let copied = control(&mut state, 'y');
    assert!(
        matches!(copied.as_slice(), [Effect::CopyText(text)] if text == "s3://media/photos/d/\ns3://media/photos/=cmd()\ns3://media/photos/b c"),
        "{copied:?}"
    );
    control(&mut state, 'e');
    assert!(draw(&state).contains("/out/listing.csv"), "the folder of the other pane");
    let written = keys(&mut state, "\r");
    let [Effect::WriteFile { file, text, rows }] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!((file.to_str(), *rows), (Some("/out/listing.csv"), 3));
    assert!(
        text.starts_with("name,kind,size,modified,storage_class,location\n")
            && text.contains("'=cmd(),object,"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 4);
    let mut named = |name: &str| {
        state.dialogs.settle(Pending::Export, true);
        control(&mut state, 'e');
        control(&mut state, 'u');
        match keys(&mut state, &format!("{name}\r")).as_slice() {
            [Effect::WriteFile { text, .. }] => text.clone(),
            other => panic!("{other:?}"),
        }
    };
    let document: serde_json::Value = serde_json::from_str(&named("/out/all.JSON")).unwrap();
    assert_eq!(document.as_array().map(Vec::len), Some(3));
    let lines = named("/out/all.jsonl");
    let rows: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(document, serde_json::Value::Array(rows));
    assert_eq!(document[2]["location"], "work:media/photos/b c");
    let entry = Entry { storage_class: Some("=GLACIER".into()), ..Entry::new("f", Kind::Object) };
    state.dialogs.settle(Pending::Export, true);
    keys(&mut state, "R");
    let (pane, generation) = (PaneId::Left, state.pane(PaneId::Left).generation());
    update(&mut state, Event::Page { pane, generation, page: Ok(Page { entries: vec![entry], next: None }) });
    control(&mut state, 'e');
    let written = keys(&mut state, "\r");
    let [Effect::WriteFile { text, .. }] = written.as_slice() else { panic!("{written:?}") };
    assert!(text.ends_with("f,object,,,'=GLACIER,work:media/photos/f\n"), "{text}");
}
