//! What a question takes for an answer, and when: keys of somebody who has not seen it are none.

use proptest::prelude::*;

use super::super::super::message::{Pointer, PointerAct};
use super::*;

/// A key, whether anything has been seen or not.
fn blind(state: &mut State, code: KeyCode) -> Vec<Effect> {
    update(state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

/// The question whether `photos/2026/` is to be deleted, just opened by itself.
fn asked() -> State {
    let mut state = browser();
    keys(&mut state, "\td");
    count(&mut state, 12);
    state
}

fn count(state: &mut State, files: u64) {
    let targets = vec![Target { location: at("photos/2026/"), tree: true }];
    update(state, Event::Counted { targets, total: Ok(Total { files, bytes: 3400, ..Total::default() }) });
}

fn conflict(state: &mut State, id: u64) {
    let conflict = Box::new(Conflict {
        source: local("/a"),
        source_size: 1,
        source_modified: None,
        target: at("a"),
        target_size: 2,
        target_modified: None,
    });
    update(state, Event::Transfer(transfer::Event::Conflict { id: TransferId(id), conflict }));
}

fn hints(state: &State) -> String {
    draw(state).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn a_question_that_opens_by_itself_takes_no_key_before_it_was_seen_and_says_so() {
    let mut state = asked();
    for code in [KeyCode::Char('y'), KeyCode::Tab, KeyCode::Enter, KeyCode::Char('n')] {
        assert!(blind(&mut state, code).is_empty(), "{code:?}");
        assert_eq!(state.dialogs.len(), 1, "{code:?}");
    }
    assert!(notice(&state).contains("before this was shown is ignored"), "{}", notice(&state));
    assert_eq!(hints(&state), "Esc cancel", "other keys are not offered");
    look(&mut state);
    assert!(hints(&state).contains("y yes"), "{}", hints(&state));
    assert!(matches!(blind(&mut state, KeyCode::Char('y'))[..], [Effect::Delete(_)]));
}

#[test]
fn no_is_what_enter_means_in_a_question_about_a_deletion() {
    let mut state = asked();
    assert!(keys(&mut state, "\r").is_empty() && state.dialogs.is_empty());
}

#[test]
fn escape_closes_a_question_that_was_not_seen() {
    let mut state = asked();
    assert!(blind(&mut state, KeyCode::Esc).is_empty() && state.dialogs.is_empty());
}

#[test]
fn a_click_and_pasted_text_are_keys_too() {
    let mut state = browser();
    conflict(&mut state, 1);
    let before = draw(&state);
    for act in [PointerAct::Down, PointerAct::Click, PointerAct::SecondClick, PointerAct::Up] {
        let at = std::time::Instant::now();
        assert!(update(&mut state, Event::Pointer(Pointer { column: 60, row: 14, act, at })).is_empty());
    }
    assert!(update(&mut state, Event::Paste("oy".into())).is_empty());
    assert!(notice(&state).contains("ignored"), "{}", notice(&state));
    state.notice = None;
    assert_eq!(draw(&state), before, "nothing else is chosen");
}

#[test]
fn an_answer_does_not_answer_the_next_question_as_well() {
    let mut state = browser();
    conflict(&mut state, 1);
    conflict(&mut state, 2);
    assert!(matches!(keys(&mut state, "o")[..], [Effect::Answer(TransferId(1), _)]));
    assert!(blind(&mut state, KeyCode::Char('o')).is_empty(), "the second one has not been seen");
    assert!(matches!(keys(&mut state, "s")[..], [Effect::Answer(TransferId(2), _)]));
}

#[test]
fn what_is_typed_for_the_next_of_several_questions_is_no_key_for_the_panes() {
    let mut state = browser();
    conflict(&mut state, 1);
    assert!(matches!(keys(&mut state, "s")[..], [Effect::Answer(TransferId(1), _)]));
    for key in [KeyCode::Char('r'), KeyCode::Char('n'), KeyCode::Enter] {
        assert!(blind(&mut state, key).is_empty());
    }
    assert!(state.dialogs.is_empty() && notice(&state).contains("ignored"), "{}", notice(&state));
    conflict(&mut state, 1);
    assert!(matches!(keys(&mut state, "s")[..], [Effect::Answer(TransferId(1), _)]));
    // After a while, and when nothing can follow, the panes take keys again.
    keys(&mut state, "n");
    assert_eq!(state.dialogs.len(), 1);
    key(&mut state, KeyCode::Esc);
    conflict(&mut state, 1);
    assert!(matches!(keys(&mut state, "s")[..], [Effect::Answer(TransferId(1), _)]));
    let summary = Summary { skipped: 1, ..Summary::default() };
    update(&mut state, Event::Transfer(transfer::Event::Finished { id: TransferId(1), summary }));
    blind(&mut state, KeyCode::Char('n'));
    assert_eq!(state.dialogs.len(), 1);
}

#[test]
fn a_question_that_a_key_asked_for_takes_no_key_until_it_has_been_shown_and_need_not_stand() {
    let mut state = browser();
    ctrl(&mut state, 'c');
    let unseen = state.dialogs.unseen().expect("a question");
    assert_eq!(unseen.stand, std::time::Duration::ZERO);
    assert!(blind(&mut state, KeyCode::Char('y')).is_empty());
    assert!(matches!(keys(&mut state, "y")[..], [Effect::Quit]));
}

#[test]
fn what_a_user_opens_takes_what_he_types_ahead() {
    let mut state = browser();
    let text: Vec<Effect> = [KeyCode::Char('n'), KeyCode::Char('x'), KeyCode::Enter]
        .into_iter()
        .flat_map(|code| blind(&mut state, code))
        .collect();
    assert!(matches!(&text[..], [Effect::Create { name, .. }] if name == "x"), "{text:?}");
}

#[test]
fn a_question_that_was_covered_has_to_be_seen_once_more() {
    let mut state = asked();
    let covered = state.dialogs.unseen().expect("the question").number;
    update(&mut state, Event::Deleted(Vec::new()));
    state.dialogs.push(Dialog::message("Not done", vec!["something failed".into()]));
    update(&mut state, Event::Seen(covered));
    assert!(blind(&mut state, KeyCode::Esc).is_empty());
    assert!(blind(&mut state, KeyCode::Char('y')).is_empty() && !state.dialogs.is_empty());
    assert!(matches!(keys(&mut state, "y")[..], [Effect::Delete(_)]));
}

#[test]
fn a_screen_too_small_for_a_question_has_not_shown_it() {
    let mut state = asked();
    state.size = (30, 5);
    assert_eq!(view::unseen(&state), None, "there is nothing to be seen");
    state.size = (120, 30);
    assert_eq!(view::unseen(&state), state.dialogs.unseen());
}

#[test]
fn while_something_is_counted_or_compared_no_key_gets_to_the_panes() {
    for opening in ["\td", "\tZ"] {
        let mut state = browser();
        keys(&mut state, opening);
        let screen = draw(&state);
        assert!(screen.contains("ing") && screen.contains("..., Esc stops"), "{screen}");
        let (focus, cursor) = (state.focus, state.here().cursor);
        for code in [KeyCode::Char('y'), KeyCode::Char('d'), KeyCode::Down, KeyCode::Enter, KeyCode::Tab] {
            assert!(blind(&mut state, code).is_empty(), "{opening} {code:?}");
        }
        assert_eq!((state.focus, state.here().cursor, state.dialogs.len()), (focus, cursor, 1), "{opening}");
        assert!(notice(&state).contains("only Esc"), "{}", notice(&state));
        let effects = blind(&mut state, KeyCode::Esc);
        assert!(matches!(effects[..], [Effect::CancelDelete | Effect::CancelSync]), "{effects:?}");
        assert!(state.dialogs.is_empty(), "{opening}");
    }
}

#[test]
fn a_transfers_question_waits_while_something_is_counted() {
    let mut state = browser();
    keys(&mut state, "\td");
    conflict(&mut state, 1);
    count(&mut state, 3);
    assert!(draw(&state).contains("Delete 2026/"), "{}", draw(&state));
    blind(&mut state, KeyCode::Esc);
    assert!(draw(&state).contains("Exists already"), "{}", draw(&state));
}

fn counted(state: &mut State, targets: Vec<Target>, files: u64) -> Vec<Effect> {
    update(state, Event::Counted { targets, total: Ok(Total { files, bytes: 10, ..Total::default() }) })
}

/// The right pane shows buckets.
fn buckets(confirm_delete: bool) -> State {
    let mut config = config();
    config.ui.confirm_delete = confirm_delete;
    let mut state = browser_with(config, local("/x"), Location::Profile("work".into()), (120, 30));
    fill(&mut state, PaneId::Left, &["f", "g/"], None);
    fill(&mut state, PaneId::Right, &["daily", "media"], None);
    state
}

#[test]
fn a_bucket_that_is_not_empty_goes_only_after_its_name_was_typed_whatever_the_configuration_says() {
    for confirm_delete in [true, false] {
        let mut state = buckets(confirm_delete);
        let effects = keys(&mut state, "\td");
        let [Effect::Count(targets)] = &effects[..] else { panic!("{effects:?}") };
        counted(&mut state, targets.clone(), 3);
        let screen = draw(&state);
        assert!(
            screen.contains("Type daily to go on")
                && screen.contains("3 objects, 10 B, first; then 1 bucket")
        );
        assert!(keys(&mut state, "y\r").is_empty());
        assert!(draw(&state).contains("That is something else."), "{}", draw(&state));
        let effects = keys(&mut state, "\x08daily\r");
        assert!(matches!(&effects[..], [Effect::Delete(gone)] if gone == targets), "{effects:?}");
    }
}

#[test]
fn several_buckets_go_after_the_number_of_their_objects_was_typed() {
    let mut state = buckets(true);
    let effects = keys(&mut state, "\tad");
    let [Effect::Count(targets)] = &effects[..] else { panic!("{effects:?}") };
    counted(&mut state, targets.clone(), 1234);
    assert!(draw(&state).contains("1,234 objects, 10 B, first; then 2 buckets"), "{}", draw(&state));
    assert!(keys(&mut state, "1\r").is_empty());
    assert!(matches!(keys(&mut state, "234\r")[..], [Effect::Delete(_)]));
}

#[test]
fn an_empty_bucket_goes_after_a_yes_and_takes_nothing_with_it() {
    let mut state = buckets(false);
    let effects = keys(&mut state, "\td");
    let [Effect::Count(targets)] = &effects[..] else { panic!("{effects:?}") };
    counted(&mut state, targets.clone(), 0);
    assert!(draw(&state).contains("Delete the empty bucket daily?"), "{}", draw(&state));
    let effects = keys(&mut state, "y");
    assert!(matches!(&effects[..], [Effect::Delete(gone)] if !gone[0].tree), "{effects:?}");
}

#[test]
fn more_than_a_thousand_files_go_only_after_their_number_was_typed_and_a_thousand_after_a_yes() {
    for (files, confirm_delete) in [(1001, true), (1001, false), (1000, true)] {
        let mut state = buckets(confirm_delete);
        let effects = keys(&mut state, "d");
        let [Effect::Count(targets)] = &effects[..] else { panic!("{effects:?}") };
        counted(&mut state, targets.clone(), files);
        assert_eq!(draw(&state).contains("Type 1,001 to go on"), files == 1001, "{}", draw(&state));
        let answer = if files == 1001 { "1,001\r" } else { "y" };
        assert!(matches!(keys(&mut state, answer)[..], [Effect::Delete(_)]), "{files}");
    }
}

#[test]
fn without_confirmation_a_small_folder_is_counted_and_goes_at_once() {
    let mut state = buckets(false);
    let effects = keys(&mut state, "d");
    let [Effect::Count(targets)] = &effects[..] else { panic!("{effects:?}") };
    let effects = counted(&mut state, targets.clone(), 1000);
    assert!(matches!(effects[..], [Effect::Delete(_)]) && state.dialogs.is_empty(), "{effects:?}");
}

#[test]
fn a_sync_that_deletes_more_than_a_thousand_files_asks_for_their_number() {
    let mut state = browser();
    keys(&mut state, "Z");
    let step = |n: u64| Step {
        relative: format!("{n}"),
        kind: StepKind::Delete,
        reason: Reason::Extra,
        bytes: 1,
        from: local("/home/ada/work"),
        to: at(&format!("photos/{n}")),
        known: None,
    };
    let (source, target) = (local("/home/ada/work"), at("photos/"));
    let steps = (0..1001).map(step).collect();
    let plan = Plan {
        source,
        target,
        steps,
        unchanged: 0,
        extra: 0,
        source_files: 8,
        faults: vec![],
        skipped: crate::sync::Skipped::default(),
    };
    let places = (plan.source.clone(), plan.target.clone());
    update(&mut state, Event::SyncPlanned { places, plan: Ok(Box::new(plan)) });
    assert!(keys(&mut state, "d\r").is_empty());
    assert!(draw(&state).contains("This deletes 1,001 files"), "{}", draw(&state));
    assert!(matches!(keys(&mut state, "1001\r")[..], [Effect::DeleteExtra(_)]));
}

fn taken() -> Error {
    Error::new(Failure::Exists, "that name is taken")
}

#[test]
fn a_name_that_is_refused_stays_in_its_prompt_with_the_reason_and_runs_as_nothing_else() {
    let mut state = buckets(true);
    let effects = keys(&mut state, "\tnDaily\r");
    assert!(matches!(&effects[..], [Effect::Create { .. }]), "{effects:?}");
    // Whatever is typed before the answer comes goes nowhere.
    assert!(
        keys(&mut state, "day").is_empty() && draw(&state).contains("still making it"),
        "{}",
        draw(&state)
    );
    let refused = |state: &mut State| {
        let at = Location::Profile("work".into());
        update(state, Event::Changed { at, name: "Daily".into(), result: Err(taken()) })
    };
    refused(&mut state);
    let screen = draw(&state);
    assert!(screen.contains("New bucket") && screen.contains("Daily"), "{screen}");
    assert!(screen.contains("that name is taken"), "{screen}");
    let effects = keys(&mut state, "2\r");
    assert!(matches!(&effects[..], [Effect::Create { name, .. }] if name == "Daily2"), "{effects:?}");
    let at = Location::Profile("work".into());
    update(&mut state, Event::Changed { at, name: "Daily2".into(), result: Ok(()) });
    assert!(state.dialogs.is_empty());
}

#[test]
fn escape_leaves_a_prompt_that_waits_and_a_late_failure_is_told() {
    let mut state = browser();
    keys(&mut state, "nx\r\x1b");
    assert!(state.dialogs.is_empty());
    let at = local("/home/ada/work");
    update(&mut state, Event::Changed { at, name: "x".into(), result: Err(taken()) });
    assert!(state.dialogs.is_empty() && notice(&state).contains("that name is taken"));
}

#[test]
fn a_local_name_that_exists_stays_in_its_prompt() {
    let mut state = browser();
    let effects = keys(&mut state, "jr2\r");
    assert!(matches!(&effects[..], [Effect::Rename { .. }]), "{effects:?}");
    let at = local("/home/ada/work");
    update(&mut state, Event::Renamed { at, done: vec![], failed: vec![taken()], undoable: true });
    let screen = draw(&state);
    assert!(
        screen.contains("New name") && screen.contains("cat.jpg2") && screen.contains("is taken"),
        "{screen}"
    );
    assert!(matches!(&keys(&mut state, "3\r")[..], [Effect::Rename { .. }]));
}

#[test]
fn a_key_that_exists_stays_in_its_prompt_and_one_that_was_moved_closes_it() {
    let outcome = |status, error| transfer::FileOutcome {
        source: at("photos/a.txt"),
        target: at("photos/a.txt2"),
        status,
        bytes: 1,
        bytes_sent: 0,
        bytes_resumed: 0,
        verified: transfer::Verified::default(),
        error,
        remark: None,
    };
    let mut state = browser();
    let effects = keys(&mut state, "\tjr2\r");
    let (id, touches) = (TransferId(4), submitted(&effects).1.clone());
    update(&mut state, Event::Submitted { id, touches });
    let failed = Box::new(outcome(transfer::FileStatus::Failed, Some(taken())));
    update(&mut state, Event::Transfer(transfer::Event::File { id, outcome: failed }));
    let summary = Summary { failed: 1, ..Summary::default() };
    update(&mut state, Event::Transfer(transfer::Event::Finished { id, summary }));
    let screen = draw(&state);
    assert!(
        screen.contains("New name") && screen.contains("a.txt2") && screen.contains("is taken"),
        "{screen}"
    );
    let effects = keys(&mut state, "3\r");
    let (id, touches) = (TransferId(5), submitted(&effects).1.clone());
    update(&mut state, Event::Submitted { id, touches });
    let done = Box::new(outcome(transfer::FileStatus::Done, None));
    update(&mut state, Event::Transfer(transfer::Event::File { id, outcome: done }));
    assert!(state.dialogs.is_empty());
}

#[test]
fn whatever_cannot_be_taken_stays_in_its_prompt() {
    for (typed, label, in_the_line) in [
        ("\u{7}nowhere:x\r", "Go to", Some("there is no profile called nowhere")),
        ("+zzz\r", "Mark names like", None),
        ("r/x\r", "New name", None),
        ("\u{6}size:much\r", "Find below here", None),
    ] {
        let mut state = browser();
        let mut rest = typed;
        if let Some(c) = typed.chars().next().filter(|c| c.is_control()) {
            ctrl(&mut state, char::from(c as u8 + b'`'));
            rest = &typed[1..];
        }
        keys(&mut state, rest);
        let screen = draw(&state);
        let has_reason = in_the_line.map_or(!notice(&state).is_empty(), |reason| screen.contains(reason));
        assert!(screen.contains(label) && has_reason, "{typed:?}\n{screen}");
        assert_eq!(state.dialogs.len(), 1, "{typed:?}");
    }
}

fn unfinished(id: &str, declined: bool) -> transfer::Unfinished {
    let item = transfer::Item { from: local("/home/ada/films/"), to: at("films/"), tree: true, known: None };
    transfer::Unfinished {
        id: id.into(),
        created: Timestamp::UNIX_EPOCH,
        request: transfer::Request { items: vec![item], ..transfer::Request::default() },
        files: 3,
        bytes: 5,
        moved: Vec::new(),
        failed: Vec::new(),
        paused: false,
        over: false,
        busy: false,
        declined,
    }
}

#[test]
fn unfinished_transfers_are_listed_and_enter_does_not_go_on_with_them() {
    let offered = || {
        let mut state = browser();
        update(&mut state, Event::Unfinished(vec![unfinished("1", false), unfinished("2", true)]));
        state
    };
    let screen = draw(&offered());
    assert!(
        screen.contains("A transfer was not finished") && screen.contains("copy /home/ada/films/"),
        "{screen}"
    );
    for (answer, is) in
        [("y", "resume"), ("f", "forget"), ("n", "decline"), ("\r", "decline"), ("\x1b", "none")]
    {
        let mut state = offered();
        let effects = keys(&mut state, answer);
        let did = match &effects[..] {
            [Effect::ResumeUnfinished(one)] if one.id == "1" => "resume",
            [Effect::ForgetUnfinished(ids)] if ids[..] == ["1"] => "forget",
            [Effect::DeclineUnfinished(ids)] if ids[..] == ["1"] => "decline",
            [] => "none",
            other => panic!("{other:?}"),
        };
        assert_eq!((did, state.dialogs.is_empty()), (is, true), "{answer:?}");
    }
    let mut state = browser();
    update(&mut state, Event::Unfinished(vec![unfinished("2", true)]));
    assert!(state.dialogs.is_empty(), "it was declined");
    keys(&mut state, "n");
    update(&mut state, Event::Unfinished(vec![unfinished("1", false)]));
    assert!(draw(&state).contains("New folder"), "it waits");
    keys(&mut state, "\x1b");
    assert!(draw(&state).contains("A transfer was not finished"), "{}", draw(&state));
}

/// Something that happens to the browser, at any moment.
#[derive(Clone, Debug)]
enum Happening {
    Key(KeyCode),
    /// A frame was shown, and has stood for long enough.
    Seen,
    Counted(u64),
    Conflict,
    Deleted,
}

fn happening() -> impl Strategy<Value = Happening> {
    let keys =
        "dydyon\t jkqZD".chars().map(KeyCode::Char).chain([KeyCode::Enter, KeyCode::Tab, KeyCode::Esc]);
    prop_oneof![
        6 => proptest::sample::select(keys.collect::<Vec<_>>()).prop_map(Happening::Key),
        2 => Just(Happening::Seen),
        2 => (0_u64..5).prop_map(Happening::Counted),
        1 => Just(Happening::Conflict),
        1 => Just(Happening::Deleted),
    ]
}

proptest! {
    #[test]
    fn nothing_goes_that_the_screen_has_not_asked_about(all in proptest::collection::vec(happening(), 1..60)) {
        let mut state = browser();
        let (mut counting, mut shown) = (None, String::new());
        for happening in all {
            let effects = match happening {
                Happening::Key(code) => blind(&mut state, code),
                Happening::Seen => {
                    look(&mut state);
                    shown = draw(&state);
                    Vec::new()
                }
                Happening::Counted(files) => match counting.take() {
                    Some(targets) => {
                        let total = Ok(Total { files, bytes: files, ..Total::default() });
                        update(&mut state, Event::Counted { targets, total })
                    }
                    None => Vec::new(),
                },
                Happening::Conflict => {
                    conflict(&mut state, 1);
                    Vec::new()
                }
                Happening::Deleted => update(&mut state, Event::Deleted(Vec::new())),
            };
            for effect in effects {
                match effect {
                    Effect::Count(targets) => counting = Some(targets),
                    Effect::CancelDelete => counting = None,
                    Effect::Delete(targets) => {
                        prop_assert!(shown.contains("y yes"), "nobody was asked:\n{shown}");
                        for target in targets {
                            prop_assert!(shown.contains(&target.location.to_string()), "{target:?}\n{shown}");
                        }
                    }
                    Effect::Answer(..) => prop_assert!(shown.contains("Exists already"), "\n{shown}"),
                    Effect::Quit => prop_assert!(!shown.contains("not asked")),
                    _ => {}
                }
            }
        }
    }
}
