//! Key scripts: a state and keys, and what becomes of the state and is asked of the outside. No runtime, no terminal.

mod given;
mod large;
mod listing;
mod moving;
mod places;
mod pointer;
mod screens;
mod search;
mod setup;
mod sharing;
mod transfers;
mod undo;
mod uploads;
mod versions;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use ratatui::style::{Color, Modifier, Style};

use super::super::dialog::Dialog;
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
    let (mut state, _) = State::new(Arc::new(config), Theme::plain(), [left, right], size);
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

fn key(state: &mut State, code: KeyCode) -> Vec<Effect> {
    update(state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn key_with(state: &mut State, c: char, modifiers: KeyModifiers) -> Vec<Effect> {
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
    let effects = keys(&mut state, "\tjr2\r");
    assert!(matches!(&effects[..], [Effect::Rename { names, .. }] if names[0].1 == "cat.jpg2"));
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

/// A screen with names that nobody wants to meet.
fn hostile(size: (u16, u16)) -> State {
    let mut state = browser_with(config(), local("/home/ada/work"), at("写真/"), size);
    let names =
        ["notes/", "cat \u{202e}gpj.exe", "a very long name that does not fit into any pane at all.tar.gz"];
    fill(&mut state, PaneId::Left, &names, None);
    let names = [
        "2026/",
        "/",
        "日本語の長い名前のファイルで入りきらないもの写真.jpeg",
        "e\u{301}.txt",
        "esc\u{1b}[2J.txt",
        "\u{1f980}.png",
    ];
    fill(&mut state, PaneId::Right, &names, Some("more"));
    keys(&mut state, "\tj ");
    state
}

#[test]
fn screens_look_right() {
    for size in [(120, 30), (80, 24), (50, 10), (30, 5)] {
        let mut state = hostile(size);
        insta::assert_snapshot!(format!("browser_{}x{}", size.0, size.1), draw(&state));
        state.panel = true;
        state.fail(
            &Error::new(Failure::Denied, "cannot list work:media/: access denied").with_hint("ask the owner"),
        );
        insta::assert_snapshot!(format!("panel_{}x{}", size.0, size.1), draw(&state));
    }
}

#[test]
fn no_half_of_a_wide_character_hides_the_border_of_a_box() {
    for shift in ["", "a"] {
        let mut state = browser_with(config(), local("/x"), at("写真/"), (80, 24));
        let names: Vec<String> = (0..20).map(|n| format!("{shift}{}{n}", "日本".repeat(8))).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        fill(&mut state, PaneId::Left, &names, None);
        fill(&mut state, PaneId::Right, &names, None);
        keys(&mut state, "n");
        let screen = draw(&state);
        assert!(screen.lines().all(|line| super::super::text::width(line) <= 80), "{screen}");
        let corner = |part: &str| {
            screen.lines().find_map(|line| line.find(part).map(|at| super::super::text::width(&line[..at])))
        };
        let left = corner("┌ New folder").unwrap_or_else(|| panic!("{screen}"));
        let rows = screen.lines().skip_while(|line| !line.contains("┌ New folder")).skip(1);
        for row in rows.take_while(|row| !row.contains("└─")) {
            let mut cells = 0;
            let border = row.chars().find(|c| {
                let at = cells;
                cells += super::super::text::width(&c.to_string());
                at == left
            });
            assert_eq!(border, Some('│'), "{screen}");
        }
    }
}

#[test]
fn sizes_and_times_are_written_as_chosen_in_panes_and_dialogs() {
    let mut state = browser();
    state.theme.units = Units::new(&Ui { sizes: Sizes::Iec, times: Times::Utc, ..Ui::default() });
    let mut entry = Entry::new("film.mov", Kind::Object);
    (entry.size, entry.modified) = (Some(3 << 30), Some(Timestamp::from_second(1_772_366_400).unwrap()));
    keys(&mut state, "\tR");
    let (pane, generation) = (PaneId::Right, state.pane(PaneId::Right).generation());
    let page = Ok(Page { entries: vec![entry], next: None });
    update(&mut state, Event::Page { pane, generation, page });
    keys(&mut state, " ");
    let screen = draw(&state);
    assert!(screen.contains("3 GiB 2026-03-01 12:00") && screen.contains("1 marked, 3 GiB"), "{screen}");
    keys(&mut state, "d");
    let total = Total { files: 1, bytes: 3 << 30 };
    let target = Target { location: at("photos/film.mov"), tree: false };
    update(&mut state, Event::Counted { targets: vec![target], total: Ok(total) });
    assert!(draw(&state).contains("1 file, 3 GiB"), "{}", draw(&state));
    key(&mut state, KeyCode::Esc);
    state.say(Tone::Plain, "something");
    keys(&mut state, "L");
    let said = state.theme.units.clock(state.said.back().unwrap().0);
    assert!(draw(&state).contains(&format!("{said}  something")), "{}", draw(&state));
}

#[test]
fn a_theme_of_ones_own_is_what_is_drawn() {
    let mut config = config();
    let orange = Some(Color::Rgb(0xff, 0x87, 0));
    config.ui.theme.folder = Some(Look { fg: orange, underlined: true, ..Look::default() });
    config.ui.theme.cursor = Some(Look { fg: Some(Color::Black), bg: orange, ..Look::default() });
    let draw = |variables: &[(&str, &str)]| {
        let mut state = browser();
        state.theme = Theme::from_lookup(&config.ui, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        keys(&mut state, "j");
        let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(120, 30)).unwrap();
        terminal.draw(|frame| view::draw(&state, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        [buffer[(3, 1)].style(), buffer[(3, 2)].style(), buffer[(3, 3)].style()]
    };
    let colours = |style: Style| (style.fg.unwrap_or_default(), style.bg.unwrap_or_default());
    let orange = Color::Rgb(0xff, 0x87, 0);
    let [folder, cursor, text] = draw(&[("COLORTERM", "truecolor")]);
    assert_eq!(colours(folder), (orange, Color::Reset));
    assert!(
        folder.add_modifier.contains(Modifier::UNDERLINED) && !folder.add_modifier.contains(Modifier::BOLD)
    );
    assert_eq!(colours(cursor), (Color::Black, orange));
    assert_eq!(colours(text), (Color::Reset, Color::Reset));
    let [folder, ..] = draw(&[]);
    assert_eq!(colours(folder).0, Color::Indexed(208), "the nearest that the terminal has");
    let [folder, cursor, _] = draw(&[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
    assert_eq!(colours(folder), (Color::Reset, Color::Reset));
    assert!(cursor.add_modifier.contains(Modifier::REVERSED), "the cursor is seen without colours");
}

#[test]
fn no_size_is_too_small_to_draw() {
    for columns in 0..50 {
        for rows in 0..14 {
            let mut state = hostile((columns, rows));
            if columns > 0 && rows > 0 {
                draw(&state);
                state.panel = true;
                draw(&state);
            }
        }
    }
}

#[test]
fn a_cursor_step_costs_few_bytes_and_an_unchanged_screen_none() {
    let mut state = browser();
    let (mut terminal, writes) = Terminal::counting(ratatui::layout::Size { width: 120, height: 30 });
    let mut bytes = |state: &State| {
        terminal.draw(|frame| view::draw(state, frame)).unwrap();
        std::mem::take(&mut *writes.lock().unwrap()).concat().len()
    };
    assert!(bytes(&state) > 1000);
    keys(&mut state, "j");
    let step = bytes(&state);
    assert!((50..=250).contains(&step), "{step} bytes");
    assert_eq!(bytes(&state), 0);
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
