//! What is fetched when, and what stays on the screen.

mod encodings;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;
use crate::config::Keys;
use crate::location::Remote;
use crate::preview::Unpacked;
use crate::tui::dialog::Dialog;
use crate::tui::dialog::tests::screen;

pub(super) fn place(key: &str) -> Location {
    Location::Remote(Remote { profile: "p".into(), bucket: "b".into(), key: key.into() })
}

/// Makes the layout that is wanted.
fn lay(viewer: &mut Viewer) {
    if let Some(work) = viewer.lays() {
        viewer.laid_out(work.view, work.number, Ok(work.run()));
    }
}

/// A world with one object: answers what a viewer wants until it wants nothing; returns the ranges it asked for.
pub(super) fn feed(viewer: &mut Viewer, object: &[u8]) -> Vec<Range<u64>> {
    let mut ranges = Vec::new();
    while answer(viewer, object, &mut ranges) {}
    ranges
}

/// Answers what a viewer wants; whether it wants anything.
pub(super) fn answer(viewer: &mut Viewer, object: &[u8], ranges: &mut Vec<Range<u64>>) -> bool {
    lay(viewer);
    let Some(wanted) = viewer.wants() else { return false };
    let mut part = |range: Range<u64>| {
        ranges.push(range.clone());
        object[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec()
    };
    let Some(unpacking) = viewer.unpacking() else {
        let bytes = part(wanted.range.clone());
        let chunk = Chunk { bytes, size: object.len() as u64, etag: Some("e".into()) };
        viewer.fetched(&wanted, Ok(chunk));
        return true;
    };
    let mut found = unpacking.unpack(&wanted);
    if let Unpacked::Needs(start) = found {
        let end = unpacking.size.min(start + wanted.range.end - wanted.range.start);
        unpacking.feed(start, part(start..end));
        found = unpacking.unpack(&wanted);
    }
    viewer.unpacked(&wanted, Ok(found));
    true
}

pub(super) fn press(viewer: &mut Viewer, action: Action) {
    viewer.on_action(action);
}

fn numbered(lines: usize) -> Vec<u8> {
    (0..lines).flat_map(|n| format!("line {n:07}\n").into_bytes()).collect()
}

pub(super) fn drawn(viewer: Viewer) -> (Viewer, String) {
    let dialog = Dialog::Viewer(Box::new(viewer));
    let text = screen(&dialog, 80, 12);
    let Dialog::Viewer(viewer) = dialog else { unreachable!() };
    (*viewer, text)
}

pub(super) fn drawn_in_place(viewer: &mut Viewer) -> String {
    let (back, text) = drawn(std::mem::replace(viewer, Viewer::new(place("none"), 0, 0)));
    *viewer = back;
    text
}

#[test]
fn only_what_is_looked_at_is_fetched_and_the_end_costs_one_request() {
    let object = numbered(1_000_000);
    let mut viewer = Viewer::new(place("log.txt"), object.len() as u64, 1);
    assert_eq!(feed(&mut viewer, &object), vec![0..FIRST; 1]);
    let (mut viewer, text) = drawn(viewer);
    assert!(text.contains("line 0000000") && text.contains("UTF-8"), "{text}");
    assert_eq!(feed(&mut viewer, &object), []);
    press(&mut viewer, Action::DialogBottom);
    let size = object.len() as u64;
    assert_eq!(feed(&mut viewer, &object), vec![size - STEP..size; 1]);
    let (mut viewer, text) = drawn(viewer);
    assert!(text.contains("line 0999999") && text.contains("100%"), "{text}");
    press(&mut viewer, Action::DialogPageUp);
    let (mut viewer, text) = drawn(viewer);
    assert!(text.contains("line 0999980"), "{text}");
    for _ in 0..3_000 {
        press(&mut viewer, Action::DialogPageUp);
        feed(&mut viewer, &object);
    }
    assert!(viewer.bytes.len() <= HELD, "{}", viewer.bytes.len());
    press(&mut viewer, Action::DialogTop);
    feed(&mut viewer, &object);
    let (_, text) = drawn(viewer);
    assert!(text.contains("line 0000000"), "{text}");
}

#[test]
fn a_search_goes_on_in_what_has_not_been_read() {
    let object = numbered(200_000);
    let mut viewer = Viewer::new(place("log.txt"), object.len() as u64, 1);
    feed(&mut viewer, &object);
    viewer.search("LINE 0150000");
    feed(&mut viewer, &object);
    let (mut viewer, text) = drawn(viewer);
    assert!(text.lines().nth(1).unwrap().contains("line 0150000"), "{text}");
    viewer.search("nowhere");
    feed(&mut viewer, &object);
    assert!(drawn(viewer).1.contains("not found"));
}

#[test]
fn a_long_line_is_read_row_by_row_and_nothing_is_skipped() {
    let object: Vec<u8> =
        (0..400).flat_map(|n| format!("word{n:04} ").into_bytes()).chain(*b"\nlast\n").collect();
    let mut viewer = Viewer::new(place("a.txt"), object.len() as u64, 1);
    feed(&mut viewer, &object);
    let (mut seen, mut text) = (String::new(), String::new());
    for _ in 0..8 {
        (viewer, text) = drawn(viewer);
        seen.push_str(&text);
        press(&mut viewer, Action::DialogPageDown);
    }
    for n in 0..400 {
        assert!(seen.contains(&format!("word{n:04}")), "word{n:04} was skipped");
    }
    assert!(text.contains("last") && text.contains("word0399"), "{text}");
    press(&mut viewer, Action::DialogTop);
    assert!(drawn(viewer).1.contains("word0000"));
}

#[test]
fn every_key_of_the_viewer_is_the_users() {
    let object = numbered(2_000);
    let mut viewer = Viewer::new(place("log.txt"), object.len() as u64, 1);
    feed(&mut viewer, &object);
    viewer.search("0000");
    let mut keys = Keys::default();
    for (action, key) in [("hex", "q"), ("wrap", "h"), ("next", "ctrl-n"), ("search", "f"), ("close", "z")] {
        keys.rebind("viewer", action, &[key.to_owned()]).unwrap();
    }
    let mut dialog = Dialog::Viewer(Box::new(viewer));
    let hints: Vec<String> = dialog.hints(&keys).into_iter().map(|(key, _)| key).collect();
    assert_eq!(hints, ["PgDn", "Home End", "f Ctrl-N N", "q", "h", "R", "Esc"]);
    let mut press = |key: KeyEvent| (dialog.on_key(key, &keys), screen(&dialog, 80, 5));
    let char = |c| KeyEvent::from(KeyCode::Char(c));
    let (outcome, hex) = press(char('q'));
    assert!(outcome == Outcome::Stay && hex.contains("6c 69 6e 65"), "{hex}");
    assert_eq!(press(char('q')).1.matches("line 000").count(), 4, "and back");
    assert!(press(char('x')).1.contains("line 000"), "no key of it any more");
    let (_, next) = press(KeyEvent::new(KeyCode::Char('n'), KeyModifiers::CONTROL));
    assert!(next.lines().nth(1).unwrap().contains("line 0000001"), "{next}");
    assert_eq!(press(char('f')).0, Outcome::Do(Decision::AskSearch));
    assert_eq!(press(char('z')).0, Outcome::Close(None));
}

#[test]
fn to_look_on_without_a_text_asks_for_one() {
    let mut viewer = Viewer::new(place("log.txt"), 10, 1);
    assert_eq!(viewer.on_action(Action::ViewerNext), Outcome::Do(Decision::AskSearch));
    viewer.search("cat");
    assert_eq!(viewer.on_action(Action::ViewerNext), Outcome::Stay);
}

#[test]
fn stale_parts_are_dropped_and_failures_are_said() {
    let mut viewer = Viewer::new(place("a.txt"), 100_000, 1);
    let first = viewer.wants().unwrap();
    assert!(viewer.wants().is_none(), "asked twice");
    press(&mut viewer, Action::DialogBottom);
    let chunk = Chunk { bytes: b"old".to_vec(), size: 100_000, etag: None };
    viewer.fetched(&first, Ok(chunk));
    assert!(viewer.bytes.is_empty());
    let second = viewer.wants().unwrap();
    let error = Error::new(crate::error::Kind::Changed, "p:b/a.txt has changed").with_hint("R reads it anew");
    viewer.fetched(&second, Err(error));
    let (mut viewer, text) = drawn(viewer);
    assert!(text.contains("has changed") && text.contains("R reads it anew"), "{text}");
    assert!(viewer.wants().is_none());
    viewer.reload();
    assert_eq!(viewer.wants().unwrap().range, 0..FIRST);
}

#[test]
fn keys_act_while_a_large_document_is_laid_out_and_what_is_not_wanted_any_longer_is_dropped() {
    let rows: Vec<String> = (0..20_000).map(|n| format!("{{\"n\":{n}}}")).collect();
    let object = format!("[{}]", rows.join(",\n")).into_bytes();
    let mut viewer = Viewer::new(place("rows.json"), object.len() as u64, 1);
    let mut layouts = Vec::new();
    while let Some(wanted) = viewer.wants() {
        let range = usize::try_from(wanted.range.start).unwrap()..usize::try_from(wanted.range.end).unwrap();
        let chunk = Chunk { bytes: object[range].to_vec(), size: object.len() as u64, etag: None };
        viewer.fetched(&wanted, Ok(chunk));
        layouts.extend(viewer.lays());
    }
    assert_eq!(layouts.len(), 1, "once, when all of it is there");
    let (mut viewer, text) = drawn(viewer);
    assert!(text.contains("laying out...") && text.contains("[{\"n\":0},"), "{text}");
    press(&mut viewer, Action::DialogDown);
    let (mut viewer, text) = drawn(viewer);
    assert!(text.lines().nth(1).unwrap().starts_with("{\"n\":1},"), "{text}");
    viewer.on_action(Action::ViewerHex);
    let hex = viewer.lays().unwrap();
    viewer.laid_out(1, layouts[0].number, Ok(layouts[0].run()));
    assert!(!drawn_in_place(&mut viewer).contains("  \"n\": 0"), "that was wanted before");
    viewer.laid_out(2, hex.number, Ok(hex.run()));
    assert!(drawn_in_place(&mut viewer).contains("laying out..."), "that is another viewer's");
    viewer.laid_out(1, hex.number, Ok(hex.run()));
    let text = drawn_in_place(&mut viewer);
    assert!(text.contains("00000000") && text.contains("binary"), "{text}");
    viewer.on_action(Action::ViewerHex);
    lay(&mut viewer);
    press(&mut viewer, Action::DialogTop);
    assert!(drawn_in_place(&mut viewer).contains("    \"n\": 0"));
}

#[test]
fn nothing_is_fetched_until_it_is_seen_what_is_there_and_a_layout_that_fails_is_said() {
    let object = numbered(40_000);
    let mut viewer = Viewer::new(place("a.txt"), object.len() as u64, 1);
    feed(&mut viewer, &object);
    press(&mut viewer, Action::DialogBottom);
    let wanted = viewer.wants().unwrap();
    let start = usize::try_from(wanted.range.start).unwrap();
    let chunk = Chunk { bytes: object[start..].to_vec(), size: object.len() as u64, etag: None };
    viewer.fetched(&wanted, Ok(chunk));
    assert!(viewer.wants().is_none(), "how much is missing is not known yet");
    feed(&mut viewer, &object);
    assert!(drawn_in_place(&mut viewer).contains("line 0039999"));
    viewer.on_action(Action::ViewerHex);
    let work = viewer.lays().unwrap();
    viewer.laid_out(work.view, work.number, Err(Error::new(crate::error::Kind::Internal, "a task failed")));
    assert!(drawn_in_place(&mut viewer).contains("a task failed"));
}

#[test]
fn forms_of_a_file_look_right() {
    for (name, bytes) in [
        (
            "text.txt",
            &b"one\ttwo\n\x1b[31mred\nlong long long long long long long long long long long long line\n"[..],
        ),
        ("data.json", br#"{"name":"twinpail","panes":[1,2],"none":{}}"#),
        ("rows.csv", b"name,size\ncat.jpg,12\n\"a, b\",7\n"),
        ("bytes.bin", b"\x00\x01\x02twinpail\xff\xfe and more than a line"),
        ("empty", b""),
    ] {
        let mut viewer = Viewer::new(place(name), bytes.len() as u64, 1);
        feed(&mut viewer, bytes);
        insta::assert_snapshot!(format!("viewer_{name}"), drawn(viewer).1);
    }
}

#[test]
fn escape_ends_a_search_that_reads_on_and_leaves_only_then() {
    let object = numbered(400_000);
    let mut viewer = Viewer::new(place("log.txt"), object.len() as u64, 1);
    feed(&mut viewer, &object);
    drawn_in_place(&mut viewer);
    viewer.search("nowhere");
    let mut ranges = Vec::new();
    for _ in 0..3 {
        assert!(answer(&mut viewer, &object, &mut ranges));
    }
    assert!(drawn_in_place(&mut viewer).contains("searching on..."));
    let keys = Keys::default();
    let mut dialog = Dialog::Viewer(Box::new(viewer));
    let esc = |dialog: &Dialog| dialog.hints(&keys).pop().unwrap().1;
    assert_eq!(esc(&dialog), "stop");
    assert_eq!(dialog.on_key(KeyCode::Esc.into(), &keys), Outcome::Stay);
    let shown = screen(&dialog, 80, 12);
    assert!(shown.contains("stopped searching"), "{shown}");
    assert_eq!(esc(&dialog), "close");
    let viewer = dialog.as_viewer().unwrap();
    let here = viewer.end();
    feed(viewer, &object);
    assert!(viewer.end() <= here + STEP, "it reads no further");
    // What is looked for on from there is found, and then nothing is said of searching any more.
    viewer.search("line 0390000");
    feed(viewer, &object);
    let shown = screen(&dialog, 80, 12);
    assert!(shown.lines().nth(1).unwrap().contains("line 0390000") && shown.contains("UTF-8"), "{shown}");
    assert_eq!(dialog.on_key(KeyCode::Esc.into(), &keys), Outcome::Close(None));
}
