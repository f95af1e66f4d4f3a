//! Key scripts about what was given out, and about making it.

use super::*;
use crate::links::Standing;
use crate::tui::dialog::{Given, Sort};
use crate::tui::message::{GivenEffect, GivenEvent};

fn row(sort: Sort, id: &str, key: &str) -> Given {
    Given {
        sort,
        id: id.into(),
        state: "open".into(),
        count: "GET".into(),
        until: "2026-03-08 12:00".into(),
        what: at(key).to_string(),
        place: Some(at(key)),
        standing: None,
    }
}

fn given(state: &mut State, event: GivenEvent) -> Vec<GivenEffect> {
    only(update(state, Event::Given(event)))
}

fn only(effects: Vec<Effect>) -> Vec<GivenEffect> {
    let given = |effect| if let Effect::Given(effect) = effect { Some(effect) } else { None };
    effects.into_iter().filter_map(given).collect()
}

fn rows() -> Vec<Given> {
    vec![
        row(Sort::Link, "one", "a.txt"),
        row(Sort::Kit, "two", "film.mov"),
        row(Sort::Link, "three", "b.txt"),
    ]
}

#[test]
fn objects_of_links_are_asked_for_and_marked() {
    let mut state = browser();
    let effects = only(keys(&mut state, "X"));
    assert!(matches!(effects[..], [GivenEffect::List, GivenEffect::Watch(1)]), "{effects:?}");
    let effects = given(&mut state, GivenEvent::Listed(rows(), Vec::new()));
    assert!(matches!(&effects[..], [GivenEffect::Check(ids)] if *ids == ["one", "three"]), "{effects:?}");
    given(&mut state, GivenEvent::Checked(vec![("three".into(), Standing::Gone)]));
    assert!(draw(&state).contains("link   gone"), "{}", draw(&state));
    let effects = given(&mut state, GivenEvent::Watched(1, rows(), Vec::new()));
    assert!(matches!(effects[..], [GivenEffect::Watch(1)]), "it goes on while the screen is open");
    assert!(draw(&state).contains("link   gone"), "what was asked is forgotten");
    key(&mut state, KeyCode::Esc);
    assert!(
        given(&mut state, GivenEvent::Watched(1, rows(), Vec::new())).is_empty(),
        "nobody looks any more"
    );
    keys(&mut state, "X");
    assert!(given(&mut state, GivenEvent::Watched(1, rows(), Vec::new())).is_empty(), "two look at once");
}

#[test]
fn what_was_given_out_is_searched_finished_and_gone_to() {
    let mut state = browser();
    keys(&mut state, "X");
    given(&mut state, GivenEvent::Listed(rows(), Vec::new()));
    keys(&mut state, "/FILM");
    let screen = draw(&state);
    assert!(screen.contains("film.mov") && !screen.contains("link   open"), "{screen}");
    key(&mut state, KeyCode::Enter);
    let effects = only(keys(&mut state, "f"));
    assert!(matches!(&effects[..], [GivenEffect::Finish(kit)] if kit.id == "two"), "{effects:?}");
    let kit = row(Sort::Kit, "two", "film.mov");
    assert!(matches!(given(&mut state, GivenEvent::Finished(Ok(kit)))[..], [GivenEffect::List]));
    keys(&mut state, "/");
    key(&mut state, KeyCode::Esc);
    assert!(draw(&state).contains("link   open"), "Esc shows everything again");
    let effects = keys(&mut state, "o");
    assert!(state.dialogs.is_empty());
    assert_eq!(listed(&effects)[0].1, at(""), "to where the object is");
}

#[test]
fn a_kit_is_made_below_the_place_of_the_pane() {
    let mut state = browser();
    keys(&mut state, "\tY");
    let Some(Dialog::Link(_)) = state.dialogs.last() else { panic!("no form for a prefix") };
    state.dialogs.last_mut().unwrap().on_paste("new.bin");
    key(&mut state, KeyCode::Up);
    key(&mut state, KeyCode::Right);
    key(&mut state, KeyCode::Down);
    key(&mut state, KeyCode::Down);
    let effects = only(keys(&mut state, "5MiB\r"));
    let [GivenEffect::Kit(kit, folder)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(Location::Remote(kit.target.clone()), at("photos/2026/new.bin"));
    assert_eq!(Location::Local(folder.clone()), state.there().location, "beside it is a local folder");
    given(&mut state, GivenEvent::Kit(Ok(vec!["work:media/new.bin: 5.0 MiB in 1 parts".into()])));
    assert!(draw(&state).contains("Upload kit"));
}
