//! Key scripts about new profiles.

use super::super::super::message::{Done, Keepers, Saved, SetupEffect, SetupEvent, SetupOrder, Wish};
use super::*;
use crate::config::{Asks, Importable, NewProfile};

/// A browser of somebody who has no profile.
fn newcomer(others: &[&str]) -> State {
    let none = Config::of_profiles(Vec::new(), Paths::below(std::path::Path::new("/nowhere")));
    let mut state = browser_with(none, local("/x"), local("/x"), (80, 24));
    let others = others.iter().map(|name| Importable {
        tool: "rclone",
        name: (*name).to_owned(),
        profile: NewProfile { name: (*name).to_owned(), provider: "aws".to_owned(), ..NewProfile::default() },
    });
    super::super::welcome(&mut state, others.collect());
    state
}

fn is_looking(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Setup(SetupEffect::FindKeepers)])
}

fn keepers(state: &mut State) {
    let keepers = Keepers { keyring: true, sealed: Asks::NewPassphrase };
    update(state, Event::Setup(SetupEvent::Keepers(keepers)));
}

fn ordered(effects: Vec<Effect>) -> (u64, SetupOrder) {
    match effects.into_iter().next() {
        Some(Effect::Setup(SetupEffect::Carry(number, order))) => (number, *order),
        other => panic!("{other:?}"),
    }
}

fn saved(name: &str) -> Done {
    let config = Config::of_profiles(
        vec![Profile::new(name, &PROVIDERS[0])],
        Paths::below(std::path::Path::new("/nowhere")),
    );
    let saved =
        Saved { config: Arc::new(config), names: vec![name.to_owned()], file: "/home/ada/c.toml".into() };
    Done { works: vec![format!("{name} works")], failed: Vec::new(), saved: Some(saved) }
}

fn done(state: &mut State, number: u64, done: Done) -> Vec<Effect> {
    update(state, Event::Setup(SetupEvent::Done(number, Box::new(done))))
}

/// An AWS profile whose keys are typed.
fn fill_in(state: &mut State) {
    keepers(state);
    keys(state, "\twork\t\t\t\t\tAKIA\thush");
}

#[test]
fn from_the_welcome_to_the_buckets_without_leaving_the_program() {
    let mut state = newcomer(&[]);
    assert!(is_looking(&keys(&mut state, "add\r")));
    fill_in(&mut state);
    let (number, order) = ordered(key(&mut state, KeyCode::Enter));
    assert_eq!((order.wish, order.profiles[0].name.as_str()), (Wish::Save, "work"));
    assert!(draw(&state).contains("asking the provider"));
    assert!(keys(&mut state, "x\r").is_empty(), "it is being done");
    let effects = done(&mut state, number, saved("work"));
    assert!(
        state.dialogs.is_empty() && notice(&state).contains("work works; saved work in /home/ada/c.toml")
    );
    assert_eq!(listed(&effects), [(PaneId::Right, Location::Profile("work".into()), None)]);
    assert!(state.focus == PaneId::Right && state.config.profile("work").is_ok());
}

#[test]
fn what_fails_stays_to_be_mended_and_a_test_saves_nothing() {
    let mut state = newcomer(&[]);
    keys(&mut state, "add\r");
    fill_in(&mut state);
    let (number, order) = ordered(ctrl(&mut state, 't'));
    assert_eq!(order.wish, Wish::Test);
    let refused = Error::new(Failure::Credentials, "the key is unknown").with_hint("check it");
    let failed = Done { failed: vec![("work".to_owned(), refused)], ..Done::default() };
    assert!(done(&mut state, number, failed).is_empty());
    let screen = draw(&state);
    assert!(
        screen.contains("Does not work: the key is unknown")
            && screen.contains(" check it ")
            && screen.contains("AKIA"),
        "{screen}"
    );
    let (number, _) = ordered(ctrl(&mut state, 't'));
    done(&mut state, number, Done { works: vec!["work works".to_owned()], ..Done::default() });
    assert!(draw(&state).contains("work works. It is not saved yet."));
    let (number, _) = ordered(key(&mut state, KeyCode::Enter));
    let stopped = key(&mut state, KeyCode::Esc);
    assert!(matches!(stopped[..], [Effect::Setup(SetupEffect::Stop)]));
    assert!(draw(&state).contains("Stopped; nothing was saved"));
    key(&mut state, KeyCode::Esc);
    assert!(state.dialogs.is_empty());
    done(&mut state, number, saved("work"));
    assert!(notice(&state).contains("saved work"), "what was saved all the same is told");
}

#[test]
fn a_profile_is_added_from_the_browser_into_the_pane_that_asked() {
    let mut state = browser();
    keys(&mut state, "PG");
    key(&mut state, KeyCode::Up);
    assert!(is_looking(&key(&mut state, KeyCode::Enter)));
    fill_in(&mut state);
    let (number, _) = ordered(key(&mut state, KeyCode::Enter));
    let effects = done(&mut state, number, saved("work"));
    assert_eq!(listed(&effects), [(PaneId::Left, Location::Profile("work".into()), None)]);
    keys(&mut state, "PG");
    let looks = key(&mut state, KeyCode::Enter);
    assert!(matches!(looks[..], [Effect::Setup(SetupEffect::FindOthers)]));
    update(&mut state, Event::Setup(SetupEvent::Others(Vec::new(), Vec::new())));
    assert!(notice(&state).contains("have no profile here"));
}

#[test]
fn what_other_tools_know_is_taken_over_one_by_one_or_all_at_once() {
    let mut state = newcomer(&["lab", "play"]);
    keys(&mut state, "import\r");
    assert!(draw(&state).contains("All 2 of them"));
    assert!(is_looking(&keys(&mut state, "play\r")));
    assert!(draw(&state).contains("New profile") && draw(&state).contains("play"));
    key(&mut state, KeyCode::Esc);
    let others = std::mem::take(&mut state.others);
    update(&mut state, Event::Setup(SetupEvent::Others(others, Vec::new())));
    assert!(is_looking(&keys(&mut state, "all\r")));
    keepers(&mut state);
    let (number, order) = ordered(key(&mut state, KeyCode::Enter));
    assert_eq!(order.profiles.len(), 2);
    let gone = Error::new(Failure::Network, "cannot reach it");
    let partly = Done { failed: vec![("play".to_owned(), gone)], ..saved("lab") };
    let effects = done(&mut state, number, partly);
    assert_eq!(listed(&effects), [(PaneId::Right, Location::Profile("lab".into()), None)]);
    assert!(draw(&state).contains("1: play") && draw(&state).contains("cannot reach it"));
    let (_, order) = ordered(key(&mut state, KeyCode::Enter));
    assert_eq!(order.profiles.len(), 1, "only what failed is tried again");
}

#[test]
fn the_demo_keeps_no_profiles() {
    let mut state = browser_with(Config { fleeting: true, ..config() }, local("/x"), local("/x"), (80, 24));
    keys(&mut state, "PG\r");
    assert!(state.dialogs.is_empty() && notice(&state).contains("keeps no profiles"));
}
