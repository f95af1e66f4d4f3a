//! The plan of a sync.

use super::*;

/// What Enter would start: how many of the steps, and which are deletions.
fn started(dialog: &mut Dialog) -> (usize, usize) {
    match press(dialog, KeyCode::Enter) {
        Outcome::Decide(Decision::Sync(plan)) => {
            let deletions = plan.steps.iter().filter(|step| step.kind == StepKind::Delete).count();
            (plan.steps.len(), deletions)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_plan_is_approved_row_by_row_and_deletes_only_when_told_to() {
    let mut dialog = Dialog::sync(sync_plan());
    assert_eq!(started(&mut dialog), (44, 0));
    press(&mut dialog, KeyCode::Char('d'));
    assert_eq!(started(&mut dialog), (45, 1));
    press(&mut dialog, KeyCode::Char(' '));
    press(&mut dialog, KeyCode::Char(' '));
    assert_eq!(started(&mut dialog), (43, 1), "the cursor moves on to the next row");
    press(&mut dialog, KeyCode::Char('d'));
    assert_eq!(started(&mut dialog), (42, 0));
    press(&mut dialog, KeyCode::End);
    assert!(screen(&dialog, 80, 24).contains("z/39"));
}

#[test]
fn nothing_is_deleted_after_a_fault_or_for_an_empty_source() {
    let deletion = sync_plan().steps[4].clone();
    let fault = Error::new(Kind::Denied, "cannot list /home/ada/photos/x");
    for (faults, source_files, told) in [(vec![fault], 9, "cannot list"), (vec![], 0, "source is empty")] {
        let steps = vec![deletion.clone()];
        let steps = if faults.is_empty() { steps } else { sync_plan().steps[..4].to_vec() };
        let mut dialog = Dialog::sync(Plan { steps, source_files, faults, ..sync_plan() });
        press(&mut dialog, KeyCode::Char('d'));
        let shown = screen(&dialog, 120, 30);
        assert!(shown.contains(told) && shown.contains("0 to delete"), "{shown}");
    }
    let mut nothing = Dialog::sync(Plan { steps: vec![deletion], source_files: 0, ..sync_plan() });
    assert_eq!(press(&mut nothing, KeyCode::Enter), Outcome::Stay, "nothing is chosen");
}
