//! Unfinished uploads and the question about them.

use super::*;

/// Lets one measurement after another succeed until none is wanted; returns the numbers in that order.
fn measure_all(dialog: &mut Dialog) -> Vec<usize> {
    let uploads = dialog.as_uploads().expect("it is that one");
    let mut order = Vec::new();
    loop {
        let asked = uploads.measure();
        if asked.is_empty() {
            return order;
        }
        assert!(asked.len() <= 8);
        for (number, _) in asked {
            order.push(number);
            uploads.held(number, Ok(Held { parts: 1, bytes: 10 }));
        }
    }
}

fn many_uploads(count: usize) -> Dialog {
    let mut dialog = Dialog::uploads(Location::Profile("work".into()), true);
    let found = (0..count).map(|n| upload(&format!("k{n:04}"), None)).collect();
    let uploads = dialog.as_uploads().expect("it is that one");
    uploads.found(Ok(found), at("2026-03-01T12:00:00Z"));
    uploads.end();
    dialog
}

#[test]
fn what_is_seen_is_measured_first_and_what_is_far_away_not_at_all() {
    let mut dialog = many_uploads(1000);
    screen(&dialog, 80, 24);
    press(&mut dialog, KeyCode::End);
    let order = measure_all(&mut dialog);
    let shown = screen(&dialog, 80, 24);
    assert_eq!(order[0], 984, "the first one that is seen:\n{shown}");
    assert!(shown.contains("10 B  media/k0984") && shown.contains("1,000 uploads, 2.2 kB+"), "{shown}");
    assert_eq!(order.len(), 216);
}

#[test]
fn the_question_waits_until_all_that_it_is_about_is_measured() {
    let mut dialog = many_uploads(1000);
    press(&mut dialog, KeyCode::Char('a'));
    assert_eq!(press(&mut dialog, KeyCode::Char('d')), Outcome::Do(Decision::AskAbort));
    let uploads = dialog.as_uploads().expect("it is that one");
    assert!(uploads.ask() && uploads.answer().is_none());
    assert_eq!(measure_all(&mut dialog).len(), 1000);
    let uploads = dialog.as_uploads().expect("it is that one");
    let chosen = uploads.answer().expect("an answer");
    assert_eq!((chosen.uploads.len(), chosen.unknown), (1000, 0));
    assert_eq!(chosen.held, Held { parts: 1000, bytes: 10_000 });
    assert!(uploads.answer().is_none(), "it is asked once");
}

#[test]
fn aborted_uploads_go_and_the_cursor_stays_with_its_row() {
    let mut dialog = many_uploads(10);
    for _ in 0..5 {
        press(&mut dialog, KeyCode::Down);
    }
    dialog.as_uploads().expect("it is that one").gone(&[1, 3, 9]);
    press(&mut dialog, KeyCode::Insert);
    let shown = screen(&dialog, 80, 24);
    assert!(shown.lines().any(|line| line.contains('*') && line.contains("k0005")), "{shown}");
    assert!(shown.contains("7 uploads") && !shown.contains("k0003"), "{shown}");
}

#[test]
fn an_empty_list_claims_no_more_than_is_known() {
    assert!(screen(&no_uploads(true), 80, 24).contains("No unfinished uploads here."));
    assert!(screen(&no_uploads(false), 80, 24).contains("there may be some all the same"));
    let mut failed = no_uploads(true);
    let error = Error::new(Kind::Denied, "access denied").with_hint("ask the owner");
    failed.as_uploads().expect("it is that one").found(Err(error), at("2026-03-01T12:00:00Z"));
    let failed = screen(&failed, 80, 24);
    assert!(failed.contains("access denied") && failed.contains("ask the owner"), "{failed}");
    assert!(!failed.contains("No unfinished uploads"), "{failed}");
}

#[test]
fn a_long_failure_leaves_half_of_a_low_box_to_the_rows_and_the_count_is_there() {
    let mut dialog = many_uploads(1000);
    let error = Error::new(Kind::NotFound, "cannot list the parts: ".repeat(20)).with_hint("look again");
    dialog.as_uploads().expect("it is that one").found(Err(error), at("2026-03-01T12:00:00Z"));
    let shown = screen(&dialog, 60, 15);
    assert!(
        shown.contains("k0002") && shown.contains("cannot list") && shown.contains("1,000 uploads"),
        "{shown}"
    );
}
