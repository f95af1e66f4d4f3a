//! Sealed secrets: the browser asks for their passphrase, and keeps the keys to itself until it is right.

use secrecy::ExposeSecret as _;

use super::super::super::message::{SetupEffect, SetupEvent};
use super::*;
use crate::error::{Error, Kind};

fn locked() -> Error {
    Error::new(Kind::Locked, "the sealed secrets are locked: their passphrase was not given")
}

/// A browser whose right pane could not be read for want of the passphrase.
fn asking() -> State {
    let mut state = browser();
    let pane = state.pane_mut(PaneId::Right);
    pane.refresh(None);
    let generation = pane.generation();
    update(&mut state, Event::Page { pane: PaneId::Right, generation, page: Err(locked()) });
    assert!(draw(&state).contains("Passphrase of the sealed secrets"), "{}", draw(&state));
    state
}

/// Types a passphrase; whether it is tried.
fn tries(state: &mut State, text: &str) -> bool {
    let effects = keys(state, &format!("{text}\r"));
    match &effects[..] {
        [Effect::Setup(SetupEffect::Unlock(typed))] => typed.expose_secret() == text,
        [] => false,
        other => panic!("{other:?}"),
    }
}

fn answer(state: &mut State, right: bool) -> Vec<Effect> {
    let wrong = Error::new(Kind::Credentials, "the passphrase is not that of the sealed secrets");
    update(state, Event::Setup(SetupEvent::Unlocked(if right { Ok(()) } else { Err(wrong) })))
}

#[test]
fn a_wrong_passphrase_is_asked_for_again_and_a_right_one_reads_the_pane() {
    let mut state = asking();
    let focus = state.focus;
    assert!(tries(&mut state, "dqs wrong"));
    assert!(keys(&mut state, "typed while it is checked\r").is_empty());
    assert!(answer(&mut state, false).is_empty());
    let shown = draw(&state);
    assert!(shown.contains("is not that of the sealed secrets") && shown.contains("2 tries left"), "{shown}");
    assert!(!shown.contains("dqs"), "{shown}");
    assert!(tries(&mut state, "hush"));
    let effects = answer(&mut state, true);
    assert!(matches!(effects[..], [Effect::ListPage { pane: PaneId::Right, .. }]), "{effects:?}");
    assert!(state.dialogs.is_empty() && state.focus == focus);
}

#[test]
fn after_three_tries_no_key_reaches_the_panes_until_escape_and_a_refresh_asks_again() {
    let mut state = asking();
    for _ in 0..3 {
        assert!(tries(&mut state, "wrong"));
        answer(&mut state, false);
    }
    let before = draw(&state);
    assert!(!tries(&mut state, "s aSd wrong") && draw(&state) == before, "{before}");
    keys(&mut state, "\x1b");
    assert!(state.dialogs.is_empty());
    state.focus = PaneId::Right;
    let effects = keys(&mut state, "R");
    let [Effect::ListPage { generation, .. }] = effects[..] else { panic!("{effects:?}") };
    update(&mut state, Event::Page { pane: PaneId::Right, generation, page: Err(locked()) });
    assert!(tries(&mut state, "hush"));
}

#[test]
fn two_panes_ask_once_and_so_does_whatever_else_needs_the_passphrase() {
    let mut state = asking();
    let generation = {
        let pane = state.pane_mut(PaneId::Left);
        pane.refresh(None);
        pane.generation()
    };
    update(&mut state, Event::Page { pane: PaneId::Left, generation, page: Err(locked()) });
    assert_eq!(state.dialogs.len(), 1);
    tries(&mut state, "hush");
    assert_eq!(answer(&mut state, true).len(), 2, "both panes are read");
    update(&mut state, Event::Said(Err(locked())));
    assert_eq!(state.dialogs.len(), 1, "whatever fails for want of it asks");
}
