//! Every dialog: its keys, and its drawing at every size.

mod addresses;
mod help;
mod plan;
mod samples;
mod setup;
mod unfinished;

use crokey::KeyCombination;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::units::Units;
use super::*;
use crate::action::ACTIONS;
use crate::clipboard;
use crate::error::{Error, Kind};
use crate::location::Location;
use crate::s3::{EndsBecause, Fact, Method};
use crate::sync::{Plan, StepKind};
use crate::transfer::{Answer, Conflict, Likeness, OnConflict, TransferId};
use crate::walk::Target;
use crate::walk::uploads::Held;
use samples::*;

pub(super) fn screen(dialog: &Dialog, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    terminal.draw(|frame| dialog.draw(frame, frame.area(), &Theme::plain())).expect("a frame");
    let buffer = terminal.backend().buffer();
    let rows = buffer.content.chunks(usize::from(width).max(1));
    rows.map(|row| {
        row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>().trim_end().to_owned() + "\n"
    })
    .collect()
}

/// What a key means where text is typed.
pub(super) fn form_action(key: KeyEvent) -> Option<Action> {
    Keys::default().action(Screen::Form, key.into())
}

fn press(dialog: &mut Dialog, code: KeyCode) -> Outcome {
    dialog.on_key(KeyEvent::new(code, KeyModifiers::NONE), &Keys::default())
}

#[test]
fn no_size_is_too_small() {
    for (name, dialog) in every_dialog() {
        for width in 0..=40 {
            for height in 0..=12 {
                let screen = screen(&dialog, width, height);
                assert!(
                    !screen.contains('\u{1b}') && !screen.contains('\u{202e}'),
                    "{name} {width}x{height}"
                );
            }
        }
    }
}

#[test]
fn dialogs_look_right() {
    for (name, dialog) in every_dialog() {
        insta::assert_snapshot!(format!("{name}_80x24"), screen(&dialog, 80, 24));
        insta::assert_snapshot!(format!("{name}_120x30"), screen(&dialog, 120, 30));
    }
}

#[test]
fn escape_only_ever_cancels() {
    for (name, mut dialog) in every_dialog() {
        let outcome = press(&mut dialog, KeyCode::Esc);
        let expected = match name {
            "filter" => Outcome::Close(Some(Purpose::Filter)),
            "go_to" => Outcome::Close(Some(Purpose::GoTo)),
            "conflict" => Outcome::Decide(Decision::CancelTransfer(TransferId(7))),
            "uploads" | "no_uploads" => Outcome::Decide(Decision::LeaveUploads),
            "unsaved" | "editor_failed" | "still_open" | "left_behind" => match unsaved() {
                Dialog::Unsaved(unsaved) => unsaved.decide(Unsaved::Keep),
                other => panic!("{other:?}"),
            },
            "move" | "copy_refused" => Outcome::Decide(Decision::LeaveProposal),
            "usage" => Outcome::Decide(Decision::LeaveUsage),
            "wait" => Outcome::Decide(Decision::StopWaiting),
            "help_searched" => Outcome::Stay,
            "versions" | "versions_of_one" => Outcome::Decide(Decision::LeaveVersions),
            _ => Outcome::Close(None),
        };
        assert_eq!(outcome, expected, "{name}");
    }
}

/// Whatever a key does in any dialog, another one does instead once it is bound so: no key is wired in.
#[test]
fn every_key_of_every_dialog_can_be_another_one() {
    let other = KeyEvent::new(KeyCode::F(9), KeyModifiers::NONE);
    let mut tried = 0;
    for (at, (name, dialog)) in every_dialog().into_iter().enumerate() {
        let screens = std::iter::successors(Some(dialog.screen()), |screen| screen.next());
        let screens: Vec<Screen> = screens.filter(|screen| *screen != Screen::Global).collect();
        for info in ACTIONS.iter().filter(|info| screens.contains(&info.screen)) {
            let fresh = || every_dialog().swap_remove(at).1;
            // Where a screen of its own has the same key for something else, that one counts; where text is, Space is typed.
            let counts = |key: &KeyCombination| {
                let is_typed = *key == KeyCode::Char(' ').into() && info.screen == Screen::Form;
                Keys::default().action(screens[0], *key) == Some(info.action) && !is_typed
            };
            let Some(old) = Keys::default().keys(info.action).into_iter().find(counts) else { continue };
            let mut keys = Keys::default();
            keys.rebind(info.screen.name(), info.name, &["f9".to_owned()]).expect("a free key");
            let (mut before, mut after, mut nothing) = (fresh(), fresh(), fresh());
            let wanted = before.on_key(old.into(), &Keys::default());
            assert_eq!(after.on_key(other, &keys), wanted, "{name} {}", info.name);
            if info.action == Action::FormPassword {
                assert!(name != "share" || screen(&after, 100, 30) != screen(&fresh(), 100, 30), "made up");
            } else {
                assert_eq!(screen(&after, 100, 30), screen(&before, 100, 30), "{name} {}", info.name);
            }
            assert_eq!(nothing.on_key(other, &Keys::default()), Outcome::Stay, "{name} {}", info.name);
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried}");
}

#[test]
fn what_takes_room_keeps_the_cursor_on_its_row_while_rows_change_places() {
    let place = |key: &str| Location::Remote(remote(key));
    let share = |key: &str, bytes| Share { place: place(key), bytes, files: 1, folder: true };
    let mut dialog = Dialog::usage(place(""));
    let took = |dialog: &mut Dialog, rows| {
        dialog.as_usage().expect("it is that one").take(Measured { rows, ..Measured::default() });
    };
    took(&mut dialog, vec![share("a/", 30), share("b/", 20), share("c/", 10)]);
    press(&mut dialog, KeyCode::Down);
    took(&mut dialog, vec![share("c/", 50), share("a/", 40), share("b/", 20)]);
    assert_eq!(press(&mut dialog, KeyCode::Enter), Outcome::Decide(Decision::JumpTo(place("b/"))));
}

#[test]
fn a_failure_is_tried_again_by_itself_or_with_all_others() {
    let mut dialog = failed();
    assert_eq!(press(&mut dialog, KeyCode::Char('r')), Outcome::Stay, "there is nothing to try again");
    press(&mut dialog, KeyCode::Down);
    let retry = |only| Decision::Retry(TransferId(7), only);
    assert_eq!(press(&mut dialog, KeyCode::Char('r')), Outcome::Do(retry(Some(1))));
    assert_eq!(press(&mut dialog, KeyCode::Char('R')), Outcome::Decide(retry(None)));
    let Outcome::Do(Decision::CopyText(text)) = press(&mut dialog, KeyCode::Char('y')) else { panic!() };
    assert!(
        text.lines().count() == 40 && !text.contains('\u{1b}') && text.contains("but not write"),
        "{text}"
    );
    dialog.as_failures(TransferId(7)).expect("it is that one").renew(Vec::new());
    assert!(screen(&dialog, 80, 24).contains("Nothing of it is left"));
}

#[test]
fn a_box_of_short_facts_is_wide_enough_for_their_names() {
    let row = Property::of(&Fact::known("marker object", "no"));
    let dialog = Dialog::facts(Location::Remote(remote("a/")), row, None);
    let screen = screen(&dialog, 80, 24);
    assert!(screen.contains("marker object  no"), "{screen}");
}

#[test]
fn facts_are_copied_and_a_bucket_is_switched() {
    let mut dialog = facts();
    press(&mut dialog, KeyCode::Down);
    let copied = |outcome| match outcome {
        Outcome::Do(Decision::CopyText(text)) => text,
        other => panic!("{other:?}"),
    };
    let exact = "日本語/".repeat(30) + "\u{1b}[2J";
    assert_eq!(copied(press(&mut dialog, KeyCode::Char('y'))), exact);
    assert!(copied(press(&mut dialog, KeyCode::Char('Y'))).contains("tags: not available: AccessDenied"));
    assert_eq!(press(&mut dialog, KeyCode::Char('V')), Outcome::Stay, "it is no bucket");
    let off = Outcome::Do(Decision::AskVersioning(remote(""), false));
    assert_eq!(press(&mut bucket(), KeyCode::Char('V')), off);
}

#[test]
fn letters_go_into_fields_and_live_ones_report() {
    let mut filter = Dialog::input(Purpose::Filter, "Filter", "");
    assert_eq!(press(&mut filter, KeyCode::Char('q')), Outcome::Changed(Purpose::Filter, "q".into()));
    assert_eq!(filter.on_paste("x\ny"), Outcome::Changed(Purpose::Filter, "qxy".into()));
    assert_eq!(press(&mut filter, KeyCode::Left), Outcome::Stay);
    let decided = Outcome::Decide(Decision::Text(Purpose::Filter, "qxy".into()));
    assert_eq!(press(&mut filter, KeyCode::Enter), decided);
    let mut name = Dialog::input(Purpose::New, "New folder", "");
    assert_eq!(press(&mut name, KeyCode::Enter), Outcome::Close(Some(Purpose::New)), "no name, no folder");
}

#[test]
fn deleting_needs_a_yes() {
    let targets = vec![Target { location: Location::Remote(remote("a")), tree: false }];
    let dialog = || Dialog::confirm_delete(targets.clone(), "a", "1 file, 1 B");
    assert_eq!(press(&mut dialog(), KeyCode::Enter), Outcome::Close(None));
    assert_eq!(press(&mut dialog(), KeyCode::Char('n')), Outcome::Close(None));
    assert_eq!(press(&mut dialog(), KeyCode::Char('y')), Outcome::Decide(Decision::Delete(targets.clone())));
    let mut tabbed = dialog();
    press(&mut tabbed, KeyCode::Tab);
    assert_eq!(press(&mut tabbed, KeyCode::Enter), Outcome::Decide(Decision::Delete(targets.clone())));
}

#[test]
fn conflicts_are_answered_for_one_or_for_all() {
    let dialog = || Dialog::conflict(TransferId(1), conflict());
    let answer = |choice, all| Outcome::Decide(Decision::Conflict(TransferId(1), Answer { choice, all }));
    assert_eq!(press(&mut dialog(), KeyCode::Char('o')), answer(OnConflict::Overwrite, false));
    assert_eq!(press(&mut dialog(), KeyCode::Char('N')), answer(OnConflict::Newer, true));
    assert_eq!(
        press(&mut dialog(), KeyCode::Enter),
        answer(OnConflict::Skip, false),
        "the default destroys nothing"
    );
    let mut all = dialog();
    press(&mut all, KeyCode::Char('a'));
    press(&mut all, KeyCode::Right);
    press(&mut all, KeyCode::Right);
    assert_eq!(press(&mut all, KeyCode::Enter), answer(OnConflict::Rename, true));
    let skip_same = Outcome::Decide(Decision::SkipSame(TransferId(1)));
    assert_eq!(press(&mut dialog(), KeyCode::Char('=')), skip_same);
    press(&mut all, KeyCode::Right);
    assert_eq!(press(&mut all, KeyCode::Enter), skip_same, "the last button");
}

#[test]
fn a_conflict_says_whether_both_are_the_same_and_which_is_newer_by_a_second_or_more() {
    let said = |likeness, new: &str, old: &str| {
        let (source_modified, target_modified) = (Some(at(new)), Some(at(old)));
        let conflict =
            Conflict { source_size: 5, target_size: 5, source_modified, target_modified, ..conflict() };
        let mut dialog = Dialog::conflict(TransferId(1), conflict);
        dialog.compared(likeness);
        screen(&dialog, 100, 30)
    };
    for (likeness, new, old, words) in [
        (
            Likeness::Comparing,
            "2026-03-01T12:00:00Z",
            "2026-03-01T12:00:00.9Z",
            "comparing the content...; both have the same time",
        ),
        (
            Likeness::Same,
            "2026-03-01T12:00:00Z",
            "2026-03-01T12:00:01Z",
            "they are the same: equal content; the new one is OLDER",
        ),
        (
            Likeness::Different,
            "2026-03-01T12:00:02Z",
            "2026-03-01T12:00:01Z",
            "same size, but the content differs; the new one is newer",
        ),
        (
            Likeness::Unknown,
            "2026-03-01T12:00:02Z",
            "2026-03-01T12:00:01Z",
            "whether the content is equal is not known",
        ),
    ] {
        let screen = said(likeness, new, old);
        let flat = screen.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        assert!(flat.contains(words), "{words}\n{screen}");
    }
}

#[test]
fn scrolling_ends_where_the_text_does() {
    let lines = (0..50).map(|n| format!("line {n}.")).collect();
    let mut dialog = Dialog::message("Long", lines);
    screen(&dialog, 40, 12);
    for _ in 0..200 {
        press(&mut dialog, KeyCode::Down);
    }
    assert!(screen(&dialog, 40, 12).contains("line 49."));
    press(&mut dialog, KeyCode::Up);
    assert!(!screen(&dialog, 40, 12).contains("line 49."), "one key back is one line back");
    press(&mut dialog, KeyCode::Home);
    assert!(screen(&dialog, 40, 12).contains("line 0."));
}

#[test]
fn profiles_and_local_files_can_be_chosen() {
    let profiles = vec![("work".to_owned(), "AWS S3".to_owned(), String::new())];
    let mut dialog = Dialog::profiles(profiles, Some("work"));
    assert_eq!(press(&mut dialog, KeyCode::Enter), Outcome::Decide(Decision::Profile(Some("work".into()))));
    press(&mut dialog, KeyCode::Up);
    assert_eq!(press(&mut dialog, KeyCode::Enter), Outcome::Decide(Decision::Profile(None)));
}

#[test]
fn the_cursor_of_the_terminal_stands_where_the_keyboard_is() {
    for (name, dialog) in every_dialog() {
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).expect("a terminal");
        terminal.draw(|frame| dialog.draw(frame, frame.area(), &Theme::plain())).expect("a frame");
        let at = terminal.get_cursor_position().expect("a position");
        // Where nothing puts it, it stays in the first cell, which is never inside a box.
        assert!(at.x > 0 && at.y > 0, "{name}: {at}\n{}", screen(&dialog, 80, 24));
        let width = usize::from(at.x);
        let row = screen(&dialog, 80, 24).lines().nth(usize::from(at.y)).unwrap_or_default().to_owned();
        let left: String = row.chars().take(width).collect();
        // A line of input has no box.
        assert!(left.contains('│') || left.contains(": "), "{name}: outside of the box, before `{row}`");
    }
}
