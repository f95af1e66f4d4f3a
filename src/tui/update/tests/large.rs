//! Key scripts with a million entries: what takes long is done elsewhere, and keys act meanwhile.

use super::*;
use crate::tui::listing::SortBy;

/// As many entries, named by their numbers; the last one is the largest.
const MANY: u32 = 1_000_000;

/// Left a prefix with a million keys, in order.
fn large() -> State {
    let mut state = browser_with(config(), at("many/"), local("/x"), (120, 30));
    fill(&mut state, PaneId::Right, &["a"], None);
    let entry = |n: u32| Entry { size: Some(n.into()), ..Entry::new(format!("k{n:07}"), Kind::Object) };
    let read = Ok(Page { entries: (0..MANY).map(entry).collect(), next: None });
    let generation = state.here().generation();
    let effects = update(&mut state, Event::Page { pane: PaneId::Left, generation, page: read });
    assert!(draw(&state).contains("sorting..."), "nothing is in order yet");
    happen(&mut state, arranged(&effects));
    assert_eq!(under_cursor(&state), "k0000000");
    state
}

/// What the outside makes of the arrangements that are asked for.
fn arranged(effects: &[Effect]) -> Vec<Event> {
    let mut events = Vec::new();
    for effect in effects {
        if let Effect::Arrange { pane, generation, work } = effect {
            let (pane, generation) = (*pane, *generation);
            work.clone().run(|| true, |done| events.push(Event::Arranged { pane, generation, done }));
        }
    }
    events
}

fn happen(state: &mut State, events: Vec<Event>) -> Vec<Effect> {
    events.into_iter().flat_map(|event| update(state, event)).collect()
}

#[test]
fn keys_act_while_a_long_listing_is_sorted_and_cursor_and_marks_stay_with_their_entries() {
    let mut state = large();
    keys(&mut state, "j ");
    let sorting = keys(&mut state, "s");
    assert!(notice(&state).contains("sorting by size"), "{}", notice(&state));
    keys(&mut state, "jj j");
    assert_eq!((under_cursor(&state).as_str(), state.here().listing.marks().0), ("k0000006", 2));
    let screen = draw(&state);
    assert!(screen.contains("1,000,000 by size sorting") && screen.contains("k0000000"), "{screen}");
    happen(&mut state, arranged(&sorting));
    assert_eq!((under_cursor(&state).as_str(), state.here().listing.sort().0), ("k0000006", SortBy::Size));
    let marked = state.here().listing.marked();
    let marked: Vec<_> = marked.iter().map(|entry| state.here().name(*entry)).collect();
    assert_eq!(marked, ["k0000004", "k0000001"]);
    assert!(!draw(&state).contains("sorting"));
    keys(&mut state, "g");
    assert_eq!(under_cursor(&state), "k0999999", "the largest is first");
}

#[test]
fn of_two_sorts_the_later_wins_whichever_ends_first() {
    for late in [false, true] {
        let mut state = large();
        let (first, second) = (keys(&mut state, "s"), keys(&mut state, "S"));
        let (first, second) = (arranged(&first), arranged(&second));
        let (one, other) = if late { (second, first) } else { (first, second) };
        happen(&mut state, one);
        assert_eq!(state.here().listing.pending().is_some(), !late, "an older result is none");
        happen(&mut state, other);
        assert_eq!(
            (state.here().listing.sort(), state.here().listing.pending()),
            ((SortBy::Size, true), None)
        );
        keys(&mut state, "G");
        assert_eq!(under_cursor(&state), "k0999999");
    }
}

#[test]
fn a_filter_shows_its_first_rows_early_and_the_cursor_stays_with_its_entry() {
    let mut state = large();
    keys(&mut state, "'k0999995\r");
    keys(&mut state, "/");
    let typed = keys(&mut state, "9");
    let mut events = arranged(&typed);
    assert_eq!(events.len(), 2, "some, then all");
    let all = events.pop().expect("all");
    happen(&mut state, events);
    let rows = state.here().listing.rows();
    assert!(rows > 100 && rows < 20_000 && draw(&state).contains("filtering"), "{rows}");
    happen(&mut state, vec![all]);
    assert_eq!(under_cursor(&state), "k0999995");
    let typed = keys(&mut state, "95");
    happen(&mut state, arranged(&typed[typed.len() - 1..]));
    assert_eq!((under_cursor(&state).as_str(), notice(&state).as_str()), ("k0999995", ""));
    let back = keys(&mut state, "\x1b");
    happen(&mut state, arranged(&back));
    assert_eq!((under_cursor(&state).as_str(), state.here().listing.rows()), ("k0999995", 1_000_000));
}

#[test]
fn what_was_arranged_for_a_place_that_was_left_is_dropped_and_a_swap_loses_nothing() {
    let mut state = large();
    let sorting = keys(&mut state, "s");
    let swapped = ctrl(&mut state, 'u');
    happen(&mut state, arranged(&sorting));
    assert!(state.pane(PaneId::Right).listing.pending().is_some(), "that was for the other side");
    happen(&mut state, arranged(&swapped));
    state.focus = PaneId::Right;
    assert!(state.here().listing.pending().is_none() && under_cursor(&state) == "k0000000");
    let sorting = keys(&mut state, "s");
    keys(&mut state, "h");
    fill(&mut state, PaneId::Right, &["x", "y"], None);
    happen(&mut state, arranged(&sorting));
    assert_eq!((state.here().listing.rows(), under_cursor(&state).as_str()), (2, "x"));
}

#[test]
fn what_is_read_again_is_arranged_before_it_takes_the_place_of_what_is_shown() {
    let mut state = large();
    keys(&mut state, "j jj");
    let again = |state: &mut State| {
        let entry = |n: u32| Entry::new(format!("k{n:07}"), Kind::Object);
        let read = Ok(Page { entries: (1..MANY).map(entry).collect(), next: None });
        keys(state, "R");
        let generation = state.here().generation();
        let effects = update(state, Event::Page { pane: PaneId::Left, generation, page: read });
        let [Effect::Renew { pane, generation, work }] = &effects[..] else { panic!("{effects:?}") };
        Event::Renewed { pane: *pane, generation: *generation, listing: Box::new(work.run()) }
    };
    let renewed = again(&mut state);
    assert_eq!((state.here().listing.rows(), under_cursor(&state).as_str()), (1_000_000, "k0000004"));
    assert!(draw(&state).contains("1,000,000 reading"), "{}", draw(&state));
    keys(&mut state, "j");
    let sorting = keys(&mut state, "S");
    update(&mut state, renewed);
    happen(&mut state, arranged(&sorting));
    assert_eq!((state.here().listing.rows(), under_cursor(&state).as_str()), (999_999, "k0000005"));
    assert!(state.here().listing.pending().is_some(), "it was sorted meanwhile");
    assert_eq!(state.here().listing.marked().len(), 1, "marks stay with their names");
    let renewed = again(&mut state);
    keys(&mut state, "\x1b");
    update(&mut state, renewed);
    assert!(state.here().listing.pending().is_some(), "a reading that was stopped brings nothing");
}

#[test]
fn a_frame_costs_the_rows_it_shows_however_many_there_are() {
    let mut state = large();
    let made = |state: &State| {
        state.here().listing.made.set(0);
        draw(state);
        state.here().listing.made.get()
    };
    assert_eq!(made(&state), state.here().height);
    keys(&mut state, "G");
    assert_eq!(made(&state), state.here().height);
    let typed = keys(&mut state, "/*9");
    happen(&mut state, arranged(&typed[typed.len() - 1..]));
    assert_eq!((made(&state), state.here().listing.rows()), (state.here().height, 100_000));
}

#[test]
fn scrolling_a_row_costs_a_thousand_bytes_at_most() {
    let mut state = large();
    state.size = (160, 45);
    keys(&mut state, "\x1b");
    let (mut terminal, writes) = Terminal::counting(ratatui::layout::Size { width: 160, height: 45 });
    let mut bytes = |state: &State| {
        terminal.draw(|frame| view::draw(state, frame)).unwrap();
        std::mem::take(&mut *writes.lock().unwrap()).concat().len()
    };
    for _ in 0..60 {
        keys(&mut state, "j");
    }
    assert!(bytes(&state) > 1000, "a whole screen");
    for _ in 0..100 {
        let above = state.here().top;
        keys(&mut state, "j");
        assert_eq!(state.here().top, above + 1);
        let step = bytes(&state);
        assert!((100..=1000).contains(&step), "{step} bytes");
    }
}

/// What the outside makes of the comparison that is asked for.
fn compared(effects: &[Effect]) -> Event {
    let [Effect::Compare { number, work }] = effects else { panic!("{effects:?}") };
    assert_eq!(work.run(|| false), None, "nobody wants it");
    Event::Compared { number: *number, differences: work.run(|| true).unwrap() }
}

#[test]
fn keys_act_while_long_listings_are_compared_and_a_swap_confuses_nothing() {
    let mut state = large();
    let comparing = keys(&mut state, "=");
    assert!(notice(&state).contains("comparing 1,000,001 entries; Esc stops it"), "{}", notice(&state));
    keys(&mut state, "jj");
    let screen = draw(&state);
    assert!(screen.contains("1,000,000 comparing") && under_cursor(&state) == "k0000002", "{screen}");
    assert_eq!(state.here().listing.marks().0, 0, "nothing is known yet");
    assert!(keys(&mut state, "=").is_empty() && notice(&state).contains("still comparing"));
    ctrl(&mut state, 'u');
    update(&mut state, compared(&comparing));
    let told = notice(&state);
    assert!(told.starts_with("1 only left, 1,000,000 only right, 0 in both"), "{told}");
    assert_eq!(state.pane(PaneId::Right).listing.marks().0, 1_000_000);
    assert!(!draw(&state).contains("comparing"));
    assert!(keys(&mut state, "=").is_empty(), "what is known is not looked for again");
    assert_eq!(state.pane(PaneId::Right).listing.marks().0, 0, "only left");
}

#[test]
fn a_comparison_that_was_stopped_or_is_of_what_was_there_before_brings_nothing() {
    let mut state = large();
    let comparing = keys(&mut state, "=");
    assert!(matches!(key(&mut state, KeyCode::Esc)[..], [Effect::CancelCompare]));
    assert_eq!(notice(&state), "stopped comparing");
    update(&mut state, compared(&comparing));
    assert!(state.here().listing.marks().0 == 0 && !draw(&state).contains("1,000,000 comparing"));
    let comparing = keys(&mut state, "=");
    let filtering = keys(&mut state, "/k00001\r");
    update(&mut state, compared(&comparing));
    assert!(notice(&state).contains("has changed meanwhile"), "{}", notice(&state));
    assert_eq!(state.here().listing.marks().0, 0);
    assert!(keys(&mut state, "=").is_empty() && notice(&state).contains("still filtering"));
    happen(&mut state, arranged(&filtering[filtering.len() - 1..]));
    keys(&mut state, "=");
    let told = notice(&state);
    assert!(told.starts_with("100 only left, 1 only right"), "few enough to be compared at once: {told}");
}
