//! Key scripts: a state and keys, and what becomes of the state and is asked of the outside. No runtime, no terminal.

mod places;
mod undo;
mod uploads;
mod versions;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::dialog::Dialog;
use super::super::message::{Link, PaneId, Touches};
use super::super::terminal::Terminal;
use super::super::theme::Theme;
use super::*;
use crate::clipboard::Outcome;
use crate::config::{Config, PROVIDERS, Paths, Profile};
use crate::entry::{Entry, Kind, Page};
use crate::error::{Error, Kind as Failure};
use crate::links::LinkRequest;
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

fn ctrl(state: &mut State, c: char) -> Vec<Effect> {
    update(state, Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)))
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
fn opening_lists_and_the_way_back_lands_where_one_came_from() {
    let mut state = browser();
    let effects = keys(&mut state, "\t\r");
    assert_eq!(listed(&effects), [(PaneId::Right, at("photos/2026/"), None)]);
    fill(&mut state, PaneId::Right, &["x.txt"], None);
    let effects = keys(&mut state, "h");
    assert_eq!(listed(&effects), [(PaneId::Right, at("photos/"), None)]);
    fill(&mut state, PaneId::Right, &["1999/", "2026/", "a.txt"], None);
    assert_eq!(under_cursor(&state), "2026/");
    keys(&mut state, "hh");
    assert_eq!(state.here().location, Location::Profile("work".into()));
    fill(&mut state, PaneId::Right, &["logs", "media"], None);
    assert_eq!(under_cursor(&state), "media");
    keys(&mut state, "h");
    assert!(matches!(state.dialogs.last(), Some(Dialog::Profiles(_))));
}

#[test]
fn history_goes_both_ways_and_remembers_the_cursor() {
    let mut state = browser();
    keys(&mut state, "\tjj");
    assert_eq!(under_cursor(&state), "b.txt");
    keys(&mut state, "gl");
    fill(&mut state, PaneId::Right, &["x"], None);
    keys(&mut state, "[");
    assert_eq!(state.here().location, at("photos/"));
    fill(&mut state, PaneId::Right, &["2026/", "a.txt", "b.txt"], None);
    assert_eq!(under_cursor(&state), "2026/");
    keys(&mut state, "]");
    assert_eq!(state.here().location, at("photos/2026/"));
    keys(&mut state, "]");
    assert_eq!(notice(&state), "nothing to go forward to");
}

#[test]
fn a_page_of_a_place_that_was_left_is_dropped() {
    let mut state = browser();
    keys(&mut state, "\t");
    let old = state.here().generation();
    keys(&mut state, "\r");
    page(&mut state, PaneId::Right, old, &["stale.txt"], None);
    assert_eq!(state.here().listing.len(), 0);
    fill(&mut state, PaneId::Right, &["fresh.txt"], None);
    assert_eq!(under_cursor(&state), "fresh.txt");
}

#[test]
fn the_cursor_stays_with_its_key_while_pages_come() {
    let mut state = browser_with(config(), local("/"), at(""), (120, 30));
    keys(&mut state, "\t");
    let effects = fill(&mut state, PaneId::Right, &["k1", "k2", "k3"], Some("p2"));
    assert_eq!(listed(&effects), [(PaneId::Right, at(""), Some("p2".into()))], "the end is near");
    keys(&mut state, "jj");
    fill(&mut state, PaneId::Right, &["folder/", "k4"], Some("p3"));
    assert_eq!(under_cursor(&state), "k3");
}

#[test]
fn reading_on_waits_for_the_cursor_unless_the_end_is_asked_for() {
    let mut state = browser_with(config(), local("/"), at(""), (120, 30));
    keys(&mut state, "\t");
    let names: Vec<String> = (0..1000).map(|n| format!("k{n:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert!(listed(&fill(&mut state, PaneId::Right, &names, Some("p2"))).is_empty());
    let effects = keys(&mut state, "G");
    assert_eq!(listed(&effects).len(), 1);
    let names: Vec<String> = (1000..2000).map(|n| format!("k{n:04}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(listed(&fill(&mut state, PaneId::Right, &names, Some("p3"))).len(), 1, "it reads on");
    let effects = keys(&mut state, "\x1b");
    assert!(matches!(effects[..], [Effect::CancelListing(PaneId::Right)]));
    assert!(state.here().has_more(), "and says that there is more");
    assert_eq!(under_cursor(&state), "k1999");
}

#[test]
fn a_failure_half_way_keeps_what_is_there_and_goes_on_from_there() {
    let mut state = browser_with(config(), local("/"), at(""), (120, 30));
    keys(&mut state, "\t");
    fill(&mut state, PaneId::Right, &["a", "b"], Some("p2"));
    let generation = state.here().generation();
    let failed = Err(Error::new(Failure::Network, "no route"));
    let effects = update(&mut state, Event::Page { pane: PaneId::Right, generation, page: failed });
    assert!(effects.is_empty(), "a failure is not repeated by itself");
    assert_eq!(state.here().listing.len(), 2);
    let effects = keys(&mut state, "R");
    assert_eq!(listed(&effects), [(PaneId::Right, at(""), Some("p2".into()))]);
}

#[test]
fn filters_act_at_every_letter_and_escape_takes_them_back() {
    let mut state = browser();
    keys(&mut state, "jj/cat");
    assert_eq!((state.here().listing.rows(), under_cursor(&state).as_str()), (1, "cat.jpg"));
    keys(&mut state, "\x1b");
    assert_eq!((state.here().listing.rows(), under_cursor(&state).as_str()), (3, "dog.jpg"));
    keys(&mut state, "/*.jpg\r");
    assert_eq!(state.here().listing.rows(), 2);
    keys(&mut state, "\x1b");
    assert_eq!(state.here().listing.rows(), 3, "Esc takes a filter off");
    keys(&mut state, "'do");
    assert_eq!(under_cursor(&state), "dog.jpg");
}

#[test]
fn marks_are_made_by_hand_and_by_pattern() {
    let mut state = browser();
    keys(&mut state, "j  ");
    assert_eq!(state.here().listing.marks(), (2, 200));
    keys(&mut state, "*");
    assert_eq!(state.here().listing.marks(), (1, 0));
    keys(&mut state, "+\x08*.jpg\r");
    assert_eq!(notice(&state), "2 marked");
    keys(&mut state, "-\x08*\r");
    assert_eq!(state.here().listing.marks(), (0, 0));
}

#[test]
fn copying_asks_about_conflicts_and_moving_touches_both_places() {
    let mut state = browser();
    keys(&mut state, "a");
    let effects = keys(&mut state, "c");
    let (request, touches) = submitted(&effects);
    assert_eq!((request.verb, request.on_conflict), (Verb::Copy, OnConflict::Ask));
    assert_eq!(touches.places, [at("photos/")]);
    let made: Vec<_> = request.items.iter().map(|item| (&item.to, item.tree)).collect();
    assert_eq!(
        made,
        [(&at("photos/notes/"), true), (&at("photos/cat.jpg"), false), (&at("photos/dog.jpg"), false)]
    );
    assert_eq!(state.here().listing.marks().0, 0);
    let effects = keys(&mut state, "\tm");
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
        let effects = keys(&mut state, "c");
        assert_eq!(submitted(&effects).0.items[0].to, local(path));
        let mut state = browser_with(config(), local("/x"), at("a/"), (120, 30));
        let slash = if name.ends_with('/') { "/" } else { "" };
        fill(&mut state, PaneId::Left, &[&format!("{}{slash}", &path[3..])], None);
        let effects = keys(&mut state, "c");
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
    Plan { source, target, steps, unchanged: 7, extra: 0, source_files: 8, faults: vec![] }
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
    let total = Ok(Total { files: 12, bytes: 3400 });
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
    let total = Ok(Total { files: 1, bytes: 1 });
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
    assert!(draw(&state).contains("the bucket media and everything in it"));
}

#[test]
fn two_keys_to_a_link() {
    let mut state = browser();
    let effects = keys(&mut state, "\tjy");
    let [Effect::Sign(requests)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(requests, &[LinkRequest::get(work("photos/a.txt"), state.config.presign_expires)]);
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
    update(&mut state, Event::Copied(Outcome::Sent { by: "your terminal".into() }));
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
    assert_eq!(notice(&state), "1 file done, 100 B");
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
fn places_are_typed_relative_absolute_or_by_profile() {
    let went = |text: &str| {
        let mut state = browser();
        ctrl(&mut state, 'g');
        update(&mut state, Event::Paste(text.into()));
        keys(&mut state, "\r");
        (state.here().location.clone(), notice(&state))
    };
    assert_eq!(went("work:media/photos").0, at("photos/"));
    assert_eq!(went("~/music").0, local("/home/ada/music"));
    assert_eq!(went("../pictures").0, local("/home/ada/pictures"));
    assert_eq!(went("/srv/").0, local("/srv"));
    let (stayed, told) = went("wrok:x");
    assert_eq!(stayed, local("/home/ada/work"));
    assert!(told.contains("no profile called wrok") && told.contains("work"), "{told}");
    let mut state = browser();
    keys(&mut state, "\t");
    ctrl(&mut state, 'g');
    keys(&mut state, "2026\r");
    assert_eq!(state.here().location, at("photos/2026/"));
}

#[test]
fn a_profile_with_a_bucket_of_its_own_opens_there() {
    let mut state = browser();
    keys(&mut state, "PG\r");
    let mine = Remote { profile: "own".into(), bucket: "mine".into(), key: String::new() };
    assert_eq!(state.here().location, Location::Remote(mine));
    keys(&mut state, "Pg\r");
    assert_eq!(state.here().location, local("/home/ada"));
}

#[test]
fn swapped_panes_keep_places_cursors_and_the_keyboard() {
    let mut state = browser();
    keys(&mut state, "jj");
    ctrl(&mut state, 'u');
    assert_eq!((state.focus, under_cursor(&state).as_str()), (PaneId::Right, "dog.jpg"));
    assert_eq!(state.pane(PaneId::Left).location, at("photos/"));
    assert_eq!(state.pane(PaneId::Left).id, PaneId::Left);
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
fn what_differs_between_the_panes_is_marked_in_both() {
    let mut state = browser_with(config(), Location::Remote(work("")), local("/x"), (120, 30));
    fill(&mut state, PaneId::Left, &["both", "dir/", "mine", "mine/"], None);
    fill(&mut state, PaneId::Right, &["both", "dir", "theirs"], None);
    keys(&mut state, "=");
    let marked = |state: &State, id| {
        let pane = state.pane(id);
        pane.listing
            .marked()
            .iter()
            .map(|entry| pane.name(*entry).to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    // Here `dir` of the local folder is a file.
    assert_eq!(marked(&state, PaneId::Left), ["dir/", "mine/", "mine"]);
    assert_eq!(marked(&state, PaneId::Right), ["dir", "theirs"]);
    assert!(notice(&state).starts_with("1 only here, 1 only there, 1 of another size"), "{}", notice(&state));
    fill(&mut state, PaneId::Right, &["more"], Some("token"));
    let _ = state.pane_mut(PaneId::Right).refresh(None);
    keys(&mut state, "=");
    assert!(notice(&state).contains("not all of both"), "{}", notice(&state));
}

#[test]
fn a_place_is_completed_as_far_as_all_ways_agree() {
    let mut state = browser_with(config(), Location::Remote(work("")), local("/x"), (120, 30));
    fill(&mut state, PaneId::Left, &["a"], None);
    update(&mut state, Event::Key(KeyEvent::new(KeyCode::Char('g'), KeyModifiers::CONTROL)));
    keys(&mut state, "wo\t");
    assert!(draw(&state).contains("work:"), "a profile");
    let effects = keys(&mut state, "med\t");
    let [Effect::Complete(typed, place)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((typed.as_str(), place), ("work:med", &Location::Profile("work".into())));
    let found = vec!["work:media/".to_owned(), "work:media-old/".to_owned()];
    update(&mut state, Event::Completed("work:med".into(), Ok(found)));
    assert!(draw(&state).contains("work:media ") && notice(&state).contains("work:media-old/"));
    update(&mut state, Event::Completed("work:x".into(), Ok(vec!["work:xyz/".into()])));
    assert!(!draw(&state).contains("xyz"), "an answer to what was typed before changes nothing");
}

#[test]
fn addresses_are_copied_and_listings_written() {
    let mut state = browser_with(config(), Location::Remote(work("photos/")), local("/out"), (120, 30));
    fill(&mut state, PaneId::Left, &["=cmd()", "b c", "d/"], None);
    fill(&mut state, PaneId::Right, &["x"], None);
    let control = |state: &mut State, c| {
        update(state, Event::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)))
    };
    keys(&mut state, "a");
    let copied = control(&mut state, 'y');
    assert!(
        matches!(copied.as_slice(), [Effect::CopyText(text)] if text == "s3://media/photos/d/\ns3://media/photos/=cmd()\ns3://media/photos/b c"),
        "{copied:?}"
    );
    control(&mut state, 'e');
    assert!(draw(&state).contains("/out/listing.csv"), "the folder of the other pane");
    let written = keys(&mut state, "\r");
    let [Effect::WriteFile { file, text, rows }] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!((file.to_str(), *rows), (Some("/out/listing.csv"), 3));
    assert!(
        text.starts_with("name,kind,size,modified,location\n") && text.contains("'=cmd(),object,"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 4);
}

#[test]
fn going_back_shows_at_once_what_was_there_and_reads_it_again() {
    let mut state = browser_with(config(), Location::Remote(work("")), local("/x"), (120, 30));
    fill(&mut state, PaneId::Left, &["a/", "b/", "c/"], None);
    keys(&mut state, "j ");
    keys(&mut state, "s");
    let sorted = state.here().listing.sort();
    keys(&mut state, "\r");
    assert_eq!(
        (state.here().listing.rows(), state.here().listing.sort()),
        (0, sorted),
        "never seen: read first"
    );
    fill(&mut state, PaneId::Left, &["x"], None);
    let effects = keys(&mut state, "h");
    assert!(matches!(effects.as_slice(), [Effect::ListPage { .. }]), "{effects:?}");
    let pane = state.here();
    assert_eq!((pane.listing.rows(), pane.listing.marks().0, pane.listing.sort()), (3, 1, sorted));
    assert!(pane.loading && pane.name(pane.current().unwrap()) == "c/", "the cursor is where it was");
    fill(&mut state, PaneId::Left, &["a/", "b/", "c/", "d/"], None);
    assert_eq!((state.here().listing.rows(), state.here().listing.marks().0), (4, 1), "marks survive");
}

#[test]
fn messages_can_be_read_again() {
    let mut state = browser_with(config(), Location::Remote(work("")), local("/x"), (120, 30));
    fill(&mut state, PaneId::Left, &["a"], None);
    fill(&mut state, PaneId::Right, &["a"], None);
    keys(&mut state, "=");
    keys(&mut state, "j");
    assert!(!draw(&state).contains("the same names"));
    keys(&mut state, "L");
    assert!(draw(&state).contains("the same names and sizes"), "{}", draw(&state));
}

#[test]
fn a_search_fills_its_list_and_goes_to_what_was_found() {
    use super::super::dialog::{Found, Progress};
    let mut state = browser_with(config(), Location::Remote(work("photos/")), local("/x"), (120, 30));
    fill(&mut state, PaneId::Left, &["a"], None);
    update(&mut state, Event::Key(KeyEvent::new(KeyCode::Char('f'), KeyModifiers::CONTROL)));
    assert!(keys(&mut state, "size:huge\r").is_empty());
    assert!(notice(&state).contains("huge"), "{}", notice(&state));
    update(&mut state, Event::Key(KeyEvent::new(KeyCode::Char('f'), KeyModifiers::CONTROL)));
    let effects = keys(&mut state, "cat size:+1k\r");
    let [Effect::Search(number, _)] = effects.as_slice() else { panic!("{effects:?}") };
    let number = *number;
    let found = |key: &str| Found { place: at(key), bytes: 2048, count: None };
    let progress = |rows| Progress { rows, looked: 10, bytes: 9999, ..Progress::default() };
    update(&mut state, Event::Results(number - 1, progress(vec![found("photos/stale")])));
    update(&mut state, Event::Results(number, progress(vec![found("photos/2026/cat.jpg")])));
    update(&mut state, Event::Results(number, progress(vec![found("photos/esc\u{1b}[2Jcat")])));
    let shown = draw(&state);
    assert!(
        shown.contains("2026/cat.jpg") && shown.contains("10 looked at") && !shown.contains("stale"),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'));
    let effects = keys(&mut state, "\r");
    assert!(matches!(effects.as_slice(), [Effect::CancelSearch, Effect::ListPage { .. }]), "{effects:?}");
    assert_eq!(state.here().location, at("photos/2026/"));
    fill(&mut state, PaneId::Left, &["a", "cat.jpg"], None);
    assert_eq!(state.here().name(state.here().current().unwrap()), "cat.jpg");
    assert!(matches!(keys(&mut state, "W").as_slice(), [Effect::Search(..)]));
    assert!(matches!(key(&mut state, KeyCode::Esc).as_slice(), [Effect::CancelSearch]));
}
