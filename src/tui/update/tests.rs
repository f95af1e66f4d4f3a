//! Key scripts: a state and keys, and what becomes of the state and is asked of the outside. No runtime, no terminal.

mod asking;
mod drawing;
mod given;
mod large;
mod listing;
mod marks;
mod moving;
mod places;
mod pointer;
mod questions;
mod screens;
mod search;
mod setup;
mod sharing;
mod transfers;
mod undo;
mod unlock;
mod uploads;
mod versions;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::style::{Color, Modifier, Style};

use super::super::dialog::{Dialog, Pending};
use super::super::message::{Link, PaneId, Touches};
use super::super::terminal::Terminal;
use super::super::theme::Theme;
use super::super::units::Units;
use super::*;
use crate::clipboard::Outcome;
use crate::config::{Column, Config, Look, PROVIDERS, Paths, Profile, Sizes, Times, Ui};
use crate::entry::{Entry, Kind, Page};
use crate::error::{Error, Kind as Failure};
use crate::links::{LinkRequest, Seen};
use crate::location::{Location, Remote};
use crate::s3::{EndsBecause, Presigned};
use crate::sync::{Plan, Reason, Step, StepKind};
use crate::transfer::{self, Conflict, OnConflict, Summary, TransferId, Verb};
use crate::walk::{Target, Total};

fn work(key: &str) -> Remote {
    Remote { profile: "work".into(), bucket: "media".into(), key: key.into() }
}

fn at(key: &str) -> Location {
    Location::Remote(work(key))
}

fn local(path: &str) -> Location {
    Location::Local(PathBuf::from(path))
}

fn config() -> Config {
    let mut safe = Profile::new("safe", &PROVIDERS[0]);
    safe.read_only = true;
    let mut own = Profile::new("own", &PROVIDERS[0]);
    own.bucket = Some("mine".into());
    let profiles = vec![Profile::new("work", &PROVIDERS[0]), safe, own];
    Config::of_profiles(profiles, Paths::below(std::path::Path::new("/nowhere")))
}

fn browser_with(config: Config, left: Location, right: Location, size: (u16, u16)) -> State {
    let (mut state, _) = State::new(Arc::new(config), Theme::plain(), [left.into(), right.into()], size);
    state.home = Some("/home/ada".into());
    state
}

/// Left a local folder, right a prefix, both with entries.
fn browser() -> State {
    let mut state = browser_with(config(), local("/home/ada/work"), at("photos/"), (120, 30));
    fill(&mut state, PaneId::Left, &["notes/", "cat.jpg", "dog.jpg"], None);
    fill(&mut state, PaneId::Right, &["2026/", "a.txt", "b.txt"], None);
    state
}

fn entries(names: &[&str]) -> Vec<Entry> {
    let entry = |name: &&str| {
        let kind = if name.ends_with('/') { Kind::Prefix } else { Kind::Object };
        Entry { size: (kind == Kind::Object).then_some(100), ..Entry::new(*name, kind) }
    };
    names.iter().map(entry).collect()
}

/// The page that a pane waits for.
fn fill(state: &mut State, id: PaneId, names: &[&str], next: Option<&str>) -> Vec<Effect> {
    let generation = state.pane(id).generation();
    page(state, id, generation, names, next)
}

fn page(state: &mut State, pane: PaneId, generation: u64, names: &[&str], next: Option<&str>) -> Vec<Effect> {
    let mut entries = entries(names);
    if matches!(state.pane(pane).location, Location::Profile(_)) {
        for entry in &mut entries {
            entry.kind = Kind::Bucket;
        }
    }
    if state.pane(pane).location.as_local().is_some() {
        for entry in &mut entries {
            entry.name = entry.name.to_str().expect("text").trim_end_matches('/').into();
        }
    }
    let read = Ok(Page { entries, next: next.map(str::to_owned) });
    update(state, Event::Page { pane, generation, page: read })
}

/// Whoever types in these tests has seen what is on the screen, and has taken his time.
fn look(state: &mut State) {
    if let Some(unseen) = state.dialogs.unseen() {
        update(state, Event::Seen(unseen.number));
    }
}

fn key(state: &mut State, code: KeyCode) -> Vec<Effect> {
    look(state);
    update(state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn key_with(state: &mut State, c: char, modifiers: KeyModifiers) -> Vec<Effect> {
    look(state);
    update(state, Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers)))
}

fn ctrl(state: &mut State, c: char) -> Vec<Effect> {
    key_with(state, c, KeyModifiers::CONTROL)
}

/// Plain characters; Tab, Enter and Esc are written as one types them.
fn keys(state: &mut State, text: &str) -> Vec<Effect> {
    let code = |c| match c {
        '\t' => KeyCode::Tab,
        '\r' => KeyCode::Enter,
        '\x1b' => KeyCode::Esc,
        '\x08' => KeyCode::Backspace,
        c => KeyCode::Char(c),
    };
    text.chars().flat_map(|c| key(state, code(c))).collect()
}

fn under_cursor(state: &State) -> String {
    let pane = state.here();
    pane.listing.row(pane.current().expect("a row")).label
}

fn notice(state: &State) -> String {
    state.notice.as_ref().map(|notice| notice.text.clone()).unwrap_or_default()
}

fn listed(effects: &[Effect]) -> Vec<(PaneId, Location, Option<String>)> {
    let list = |effect: &Effect| match effect {
        Effect::ListPage { pane, location, token, .. } => Some((*pane, location.clone(), token.clone())),
        _ => None,
    };
    effects.iter().filter_map(list).collect()
}

fn submitted(effects: &[Effect]) -> (&transfer::Request, &Touches) {
    fn submit(effect: &Effect) -> Option<(&transfer::Request, &Touches)> {
        match effect {
            Effect::Submit { request, touches } => Some((&**request, touches)),
            _ => None,
        }
    }
    effects.iter().find_map(submit).expect("a transfer")
}

#[test]
fn two_keys_to_a_link() {
    let mut state = browser();
    let effects = keys(&mut state, "\tjy");
    let [Effect::Sign(requests)] = &effects[..] else { panic!("{effects:?}") };
    let seen = Some(Seen { size: 100, ..Seen::default() });
    let request =
        LinkRequest { seen, ..LinkRequest::get(work("photos/a.txt"), state.config.presign_expires) };
    assert_eq!(requests, &[request]);
    let signed = Presigned {
        url: "https://example.org/a.txt?sig".into(),
        headers: Vec::new(),
        ends: Some("2026-11-24T15:05:00Z".parse().unwrap()),
        because: EndsBecause::Asked,
        clock_ahead: jiff::SignedDuration::ZERO,
    };
    let signed_at = "2026-11-24T14:05:00Z".parse().unwrap();
    let link = Link { request: requests[0].clone(), signed, signed_at };
    let effects = update(&mut state, Event::Signed(Ok(vec![link])));
    assert!(matches!(&effects[..], [Effect::CopyText(text)] if text == "https://example.org/a.txt?sig"));
    let sent = Outcome::Sent { by: "your terminal".into(), directly: true };
    let effects = update(&mut state, Event::Copied(sent.clone()));
    assert!(matches!(effects[..], [Effect::AskTerminal]), "{effects:?}");
    assert!(draw(&state).contains("does not confirm it"));
    update(&mut state, Event::TerminalSaid(true));
    assert!(draw(&state).contains("which takes it"), "{}", draw(&state));
    assert!(update(&mut state, Event::Copied(sent)).is_empty(), "it is asked once");
    assert!(draw(&state).contains("which takes it"));
    let screen = draw(&state);
    assert!(
        screen.contains("https://example.org/a.txt?sig") && screen.contains("Sent to your terminal"),
        "{screen}"
    );
}

#[test]
fn what_has_no_link_is_told_and_a_local_file_gives_its_path() {
    let mut state = browser();
    assert!(keys(&mut state, "\ty").is_empty());
    assert!(notice(&state).contains("a folder has no link") && notice(&state).contains('Y'));
    let effects = keys(&mut state, "\tjy");
    assert!(matches!(&effects[..], [Effect::CopyText(path)] if path == "/home/ada/work/cat.jpg"));
}

#[test]
fn renaming_moves_a_key_without_replacing_and_a_file_in_its_folder() {
    let mut state = browser();
    let effects = keys(&mut state, "\tr\x08\x08\x08\x08old\r");
    let (request, touches) = submitted(&effects);
    assert_eq!((request.verb, request.on_conflict), (Verb::Move, OnConflict::Fail));
    assert_eq!(request.items[0].to, at("photos/old/"));
    assert_eq!(touches.seek, Some(OsString::from("old/")));
    state.dialogs.settle(Pending::Rename, true);
    let effects = keys(&mut state, "\tjr2\r");
    assert!(matches!(&effects[..], [Effect::Rename { names, .. }] if names[0].1 == "cat.jpg2"));
    state.dialogs.settle(Pending::Rename, true);
    keys(&mut state, "r/x\r");
    assert!(notice(&state).contains("hold a `/`"));
}

#[test]
fn bytes_that_are_no_text_stay_in_a_name_that_is_left_as_it_is_and_where_only_its_own_part_changes() {
    let raw = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
    let mut state = browser();
    let generation = state.here_mut().refresh(None);
    let Effect::ListPage { generation, .. } = generation else { panic!("{generation:?}") };
    let entries =
        vec![Entry::new(raw(b"bad \xff"), Kind::Object), Entry::new(raw(b"b\xff/own"), Kind::Object)];
    update(
        &mut state,
        Event::Page { pane: PaneId::Left, generation, page: Ok(Page { entries, next: None }) },
    );
    assert!(keys(&mut state, "r\r").is_empty(), "it is as it was");
    keys(&mut state, "G");
    let effects = keys(&mut state, "r2\r");
    let [Effect::Rename { names, .. }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(names[..], [(raw(b"b\xff/own"), raw(b"b\xff/own2"))]);
}

#[test]
fn quitting_asks_only_while_something_runs_and_control_c_always() {
    let mut state = browser();
    assert!(matches!(keys(&mut state, "q")[..], [Effect::Quit]));
    assert!(ctrl(&mut state, 'c').is_empty());
    assert!(draw(&state).contains("Quit twinpail?"));
    assert!(matches!(keys(&mut state, "y")[..], [Effect::Quit]));
    state.deletion = Some(super::super::state::Deletion::Deleting(3));
    assert!(keys(&mut state, "q").is_empty() && !state.dialogs.is_empty());
}

#[test]
fn no_key_of_the_table_is_silent() {
    for info in crate::action::ACTIONS.iter().filter(|info| info.screen == Screen::Browser) {
        let mut state = browser_with(config(), local("/empty"), at("empty/"), (120, 30));
        fill(&mut state, PaneId::Left, &[], None);
        fill(&mut state, PaneId::Right, &[], None);
        let before = draw(&state);
        let effects = act(&mut state, info.action);
        let moves = info.action == Action::SwitchPane
            || matches!(info.group, crate::action::Group::Move | crate::action::Group::Mark);
        assert!(moves || !effects.is_empty() || draw(&state) != before, "{} says nothing", info.name);
    }
}

fn draw(state: &State) -> String {
    let (columns, rows) = state.size;
    let backend = ratatui::backend::TestBackend::new(columns, rows);
    let mut terminal = ratatui::Terminal::new(backend).unwrap();
    terminal.draw(|frame| view::draw(state, frame)).unwrap();
    let cells = &terminal.backend().buffer().content;
    let line = |row: &[ratatui::buffer::Cell]| {
        let mut out = String::new();
        let mut covered = 0;
        for cell in row {
            // The second cell of a wide character is drawn by the first.
            if covered == 0 {
                out.push_str(cell.symbol());
                covered = super::super::text::width(cell.symbol()).max(1);
            }
            covered -= 1;
        }
        out.trim_end().to_owned() + "\n"
    };
    cells.chunks(usize::from(columns)).map(line).collect()
}

#[test]
fn the_mouse_chooses_opens_marks_and_scrolls() {
    use super::super::message::{Pointer, PointerAct};
    let mut state = browser_with(config(), Location::Remote(work("")), local("/x"), (120, 30));
    fill(&mut state, PaneId::Left, &["a/", "b", "c"], None);
    fill(&mut state, PaneId::Right, &["x", "y", "z", "zz", "zzz"], None);
    let now = std::time::Instant::now();
    let did = |state: &mut State, column, row, act, after: u64| {
        let at = now + std::time::Duration::from_millis(after);
        update(state, Event::Pointer(Pointer { column, row, act, at }))
    };
    did(&mut state, 80, 2, PointerAct::Click, 0);
    assert_eq!((state.focus, state.here().cursor), (PaneId::Right, 1));
    did(&mut state, 5, 3, PointerAct::SecondClick, 1000);
    assert_eq!((state.focus, state.here().listing.marks().0), (PaneId::Left, 1));
    did(&mut state, 5, 1, PointerAct::Click, 2000);
    assert!(did(&mut state, 5, 1, PointerAct::Click, 2700).is_empty(), "too late to be one with the first");
    let opened = did(&mut state, 5, 1, PointerAct::Click, 2800);
    assert!(matches!(opened.as_slice(), [Effect::ListPage { .. }, ..]), "{opened:?}");
    did(&mut state, 80, 20, PointerAct::Up, 4000);
    did(&mut state, 80, 20, PointerAct::Down, 4000);
    assert_eq!((state.focus, state.there().cursor), (PaneId::Left, 3), "the wheel moves what is under it");
    assert!(did(&mut state, 80, 29, PointerAct::Click, 5000).is_empty(), "nothing is there");
}

#[test]
fn messages_can_be_read_again() {
    let mut state = browser_with(config(), Location::Remote(work("")), local("/x"), (120, 30));
    fill(&mut state, PaneId::Left, &["a"], None);
    fill(&mut state, PaneId::Right, &["a"], None);
    keys(&mut state, "=");
    keys(&mut state, "j");
    assert!(!draw(&state).contains("nothing differs"));
    keys(&mut state, "L");
    assert!(draw(&state).contains("nothing differs by names and sizes"), "{}", draw(&state));
}
