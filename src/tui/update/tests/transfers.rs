//! Key scripts about what copies, syncs and deletes.

use super::*;
use crate::tui::transfers::tests::transfer;
use crate::walk::Counted;

#[test]
fn copying_asks_about_conflicts_and_moving_touches_both_places() {
    let mut state = browser();
    keys(&mut state, "a");
    keys(&mut state, "c");
    let effects = asking::counted(&mut state, 3, 300, Counted::All);
    let (request, touches) = submitted(&effects);
    assert_eq!((request.verb, request.on_conflict), (Verb::Copy, OnConflict::Ask));
    assert_eq!(touches.places, [at("photos/")]);
    let made: Vec<_> = request.items.iter().map(|item| (&item.to, item.tree)).collect();
    assert_eq!(
        made,
        [(&at("photos/notes/"), true), (&at("photos/cat.jpg"), false), (&at("photos/dog.jpg"), false)]
    );
    assert_eq!(state.here().listing.marks().0, 0);
    keys(&mut state, "\tm");
    asking::counted(&mut state, 1, 1, Counted::All);
    let effects = asking::agree(&mut state);
    let (request, touches) = submitted(&effects);
    assert_eq!(request.items[0].from, at("photos/2026/"));
    assert_eq!(request.items[0].to, local("/home/ada/work/2026"));
    assert_eq!(touches.places, [local("/home/ada/work"), at("photos/")]);
}

#[test]
fn copies_that_make_no_sense_are_refused_in_words() {
    let mut state = browser();
    ctrl(&mut state, 'o');
    assert!(keys(&mut state, "c").is_empty());
    assert!(notice(&state).contains("both panes show"), "{}", notice(&state));
    let mut state = browser_with(config(), local("/x"), Location::Profile("work".into()), (120, 30));
    fill(&mut state, PaneId::Left, &["f"], None);
    assert!(keys(&mut state, "c").is_empty());
    assert!(notice(&state).contains("open one of them first"));
}

#[test]
fn hostile_names_get_local_ones_and_come_back() {
    for (name, path, key) in [("..", "/x/．．", "a/.."), ("../", "/x/．．", "a/../"), ("/", "/x/‛∅", "a//")]
    {
        let mut state = browser_with(config(), at(""), local("/x"), (120, 30));
        fill(&mut state, PaneId::Left, &[name], None);
        let effects = asking::copy(&mut state, "c");
        assert_eq!(submitted(&effects).0.items[0].to, local(path));
        let mut state = browser_with(config(), local("/x"), at("a/"), (120, 30));
        let slash = if name.ends_with('/') { "/" } else { "" };
        fill(&mut state, PaneId::Left, &[&format!("{}{slash}", &path[3..])], None);
        let effects = asking::copy(&mut state, "c");
        assert_eq!(submitted(&effects).0.items[0].to, at(key));
    }
}

#[test]
fn a_read_only_profile_is_refused_before_any_request() {
    let place = Location::Remote(Remote { profile: "safe".into(), ..work("") });
    let mut state = browser_with(config(), local("/x"), place, (120, 30));
    fill(&mut state, PaneId::Left, &["f"], None);
    fill(&mut state, PaneId::Right, &["g"], None);
    for text in ["c", "\td", "r", "n", "m"] {
        assert!(keys(&mut state, text).is_empty(), "{text}");
        assert!(notice(&state).contains("read-only") && state.dialogs.is_empty(), "{text}");
    }
    assert_eq!(submitted(&keys(&mut state, "c")).0.verb, Verb::Copy, "reading is allowed");
}

/// A file to copy and one to delete, from the local folder to the prefix.
fn sync_plan() -> Plan {
    let step = |relative: &str, kind, reason| Step {
        relative: relative.into(),
        kind,
        reason,
        bytes: 1,
        from: local("/home/ada/work").join(relative.as_ref()),
        to: at(&format!("photos/{relative}")),
        known: None,
    };
    let steps =
        vec![step("new", StepKind::Create, Reason::Missing), step("old", StepKind::Delete, Reason::Extra)];
    let (source, target) = (local("/home/ada/work"), at("photos/"));
    Plan {
        source,
        target,
        steps,
        unchanged: 7,
        extra: 0,
        source_files: 8,
        faults: vec![],
        skipped: crate::sync::Skipped::default(),
    }
}

fn planned(state: &mut State, plan: Plan) -> Vec<Effect> {
    let places = (plan.source.clone(), plan.target.clone());
    update(state, Event::SyncPlanned { places, plan: Ok(Box::new(plan)) })
}

#[test]
fn a_sync_is_compared_then_approved_and_deletes_when_all_has_arrived() {
    let mut state = browser();
    let effects = keys(&mut state, "Z");
    assert!(matches!(&effects[..], [Effect::PlanSync { source, target }]
        if *source == local("/home/ada/work") && *target == at("photos/")));
    planned(&mut state, sync_plan());
    let effects = keys(&mut state, "d\r");
    let (request, touches) = submitted(&effects);
    assert_eq!((request.items.len(), request.store_mtime), (1, true));
    assert_eq!((request.on_conflict, &touches.places), (OnConflict::Overwrite, &vec![at("photos/")]));
    let (id, touches) = (TransferId(3), touches.clone());
    update(&mut state, Event::Submitted { id, touches });
    let finish = |state: &mut State, failed| {
        let summary = Summary { files: 1 - failed, failed, ..Summary::default() };
        update(state, Event::Transfer(transfer::Event::Finished { id, summary }))
    };
    let effects = finish(&mut state, 1);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::DeleteExtra(_))), "{effects:?}");
    assert!(notice(&state).starts_with("nothing was deleted"), "{}", notice(&state));
    let effects = finish(&mut state, 0);
    let deletes = |effect: &Effect| match effect {
        Effect::DeleteExtra(extra) => Some(extra.steps[0].relative.clone()),
        _ => None,
    };
    assert_eq!(effects.iter().find_map(deletes).as_deref(), Some("old"), "after the retry");
    let effects = update(&mut state, Event::Deleted(vec![]));
    assert_eq!(listed(&effects), [(PaneId::Right, at("photos/"), None)]);
}

#[test]
fn escape_stops_comparing_and_a_late_plan_opens_nothing() {
    let mut state = browser();
    let effects = keys(&mut state, "Z\x1b");
    assert!(matches!(effects.last(), Some(Effect::CancelSync)));
    planned(&mut state, sync_plan());
    assert!(state.dialogs.is_empty());
    keys(&mut state, "Z");
    planned(&mut state, Plan { steps: vec![], ..sync_plan() });
    assert!(state.dialogs.is_empty() && notice(&state) == "nothing to do: 7 unchanged");
}

#[test]
fn a_sync_into_a_read_only_profile_or_a_list_of_buckets_is_refused() {
    let safe = Location::Remote(Remote { profile: "safe".into(), ..work("") });
    for (right, word) in [(safe, "read-only"), (Location::Profile("work".into()), "open one of them")] {
        let mut state = browser_with(config(), local("/home/ada"), right, (120, 30));
        assert!(keys(&mut state, "Z").is_empty());
        assert!(notice(&state).contains(word), "{}", notice(&state));
    }
}

#[test]
fn deleting_counts_then_asks_then_deletes() {
    let mut state = browser();
    let effects = keys(&mut state, "\td");
    let [Effect::Count(targets)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(targets, &[Target { location: at("photos/2026/"), tree: true }]);
    let total = Ok(Total { files: 12, bytes: 3400, ..Default::default() });
    update(&mut state, Event::Counted { targets: targets.clone(), total });
    let effects = keys(&mut state, "y");
    assert!(matches!(&effects[..], [Effect::Delete(deleted)] if deleted == targets));
    update(&mut state, Event::Deleting(12));
    let effects = update(&mut state, Event::Deleted(Vec::new()));
    assert_eq!(listed(&effects), [(PaneId::Right, at("photos/"), None)]);
}

#[test]
fn escape_stops_counting_and_a_late_answer_opens_nothing() {
    let mut state = browser();
    keys(&mut state, "d");
    assert!(matches!(keys(&mut state, "\x1b")[..], [Effect::CancelDelete]));
    let total = Ok(Total { files: 1, bytes: 1, ..Default::default() });
    update(&mut state, Event::Counted { targets: Vec::new(), total });
    assert!(state.dialogs.is_empty());
}

#[test]
fn without_confirmation_files_go_at_once_but_buckets_are_asked_about() {
    let mut config = config();
    config.ui.confirm_delete = false;
    let mut state = browser_with(config, local("/x"), Location::Profile("work".into()), (120, 30));
    fill(&mut state, PaneId::Left, &["f"], None);
    fill(&mut state, PaneId::Right, &["media"], None);
    assert!(matches!(keys(&mut state, "d")[..], [Effect::Delete(_)]));
    update(&mut state, Event::Deleted(Vec::new()));
    let effects = keys(&mut state, "\td");
    let [Effect::Count(targets)] = &effects[..] else { panic!("{effects:?}") };
    let event = Event::Counted { targets: targets.clone(), total: Ok(Total::default()) };
    update(&mut state, event);
    assert!(draw(&state).contains("the empty bucket media"));
}

#[test]
fn a_finished_transfer_refreshes_the_panes_it_touched_and_keeps_the_cursor() {
    let mut state = browser();
    let effects = keys(&mut state, "jc");
    let touches = submitted(&effects).1.clone();
    keys(&mut state, "\tjj");
    let id = TransferId(1);
    update(&mut state, Event::Submitted { id, touches });
    let summary = Summary { files: 1, bytes: 100, ..Summary::default() };
    let effects = update(&mut state, Event::Transfer(transfer::Event::Finished { id, summary }));
    assert_eq!(listed(&effects), [(PaneId::Right, at("photos/"), None)]);
    assert_eq!(under_cursor(&state), "b.txt", "the old listing stays until the new one is there");
    fill(&mut state, PaneId::Right, &["2026/", "a.txt", "aa.txt", "b.txt", "cat.jpg"], None);
    assert_eq!(under_cursor(&state), "b.txt");
    assert_eq!(notice(&state), "1 file copied, 100 B");
}

#[test]
fn a_question_waits_until_no_dialog_is_open() {
    let mut state = browser();
    keys(&mut state, "n");
    let conflict = Box::new(Conflict {
        source: local("/a"),
        source_size: 1,
        source_modified: None,
        target: at("a"),
        target_size: 2,
        target_modified: None,
    });
    let id = TransferId(7);
    update(&mut state, Event::Transfer(transfer::Event::Conflict { id, conflict }));
    keys(&mut state, "oops");
    let effects = keys(&mut state, "\x1b");
    assert!(effects.is_empty() && state.dialogs.last().is_some_and(|dialog| dialog.asks_for() == Some(id)));
    let effects = keys(&mut state, "o");
    assert!(
        matches!(effects[..], [Effect::Answer(TransferId(7), answer)] if answer.choice == OnConflict::Overwrite)
    );
    update(&mut state, Event::Transfer(transfer::Event::Finished { id, summary: Summary::default() }));
    assert!(state.dialogs.is_empty());
}

#[test]
fn what_is_found_out_about_a_question_while_it_is_open_is_shown_in_it() {
    let mut state = browser();
    let conflict = Box::new(Conflict {
        source: local("/a"),
        source_size: 2,
        source_modified: None,
        target: at("a"),
        target_size: 2,
        target_modified: None,
    });
    let id = TransferId(1);
    update(&mut state, Event::Transfer(transfer::Event::Conflict { id, conflict }));
    assert!(draw(&state).contains("comparing the content"), "{}", draw(&state));
    let likeness = Some(transfer::Likeness::Same);
    let asking = transfer::TransferView { likeness, ..transfer(1, transfer::State::Asking) };
    let snapshot = transfer::Snapshot { transfers: vec![asking], ..transfer::Snapshot::default() };
    update(&mut state, Event::Progress(snapshot));
    assert!(draw(&state).contains("they are the same: equal content"), "{}", draw(&state));
    assert!(matches!(keys(&mut state, "=")[..], [Effect::SkipSame(TransferId(1))]));
}

#[test]
fn the_list_of_failures_of_a_running_transfer_stays_true() {
    let mut state = browser();
    state.panel = true;
    let failed = |count: u64| {
        let transfer = transfer::TransferView { failed: count, ..transfer(1, transfer::State::Running) };
        Event::Progress(transfer::Snapshot { transfers: vec![transfer], ..transfer::Snapshot::default() })
    };
    assert!(update(&mut state, failed(1)).is_empty(), "nobody looks");
    let failure = |number| transfer::Failure {
        number,
        source: local("/x"),
        error: Error::new(Failure::Denied, format!("reason {number}")),
        again: true,
    };
    update(&mut state, Event::Failures(TransferId(1), vec![failure(1)]));
    assert!(update(&mut state, failed(1)).is_empty());
    assert!(matches!(update(&mut state, failed(2))[..], [Effect::Failures(TransferId(1))]));
    update(&mut state, Event::Failures(TransferId(1), vec![failure(1), failure(2)]));
    assert!(update(&mut state, failed(2)).is_empty());
    assert!(matches!(
        keys(&mut state, "r")[..],
        [Effect::Retry(TransferId(1), Some(1)), Effect::Failures(_)]
    ));
}
