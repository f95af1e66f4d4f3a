//! Key scripts about listings: pages, filters, marks, history.

use ratatui::buffer::Cell;
use ratatui::style::Modifier;

use super::super::super::pane;
use ratatui::style::Style;

use super::*;

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
fn what_a_filter_found_stands_out_in_every_row_also_under_the_cursor() {
    let mut state = browser();
    for (filter, wanted) in [("/g", "ggg"), ("/*t.j?g", "t.jg"), ("/~cjg", "cjg")] {
        keys(&mut state, filter);
        let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(120, 30)).unwrap();
        let pane = state.here();
        let look = pane::Look {
            theme: &state.theme,
            focused: true,
            has_cursor: false,
            color: None,
            read_only: false,
            home: None,
            refresh: String::new(),
            cancel: String::new(),
            bottom: String::new(),
            columns: &state.columns,
        };
        terminal.draw(|frame| pane::draw(pane, frame, frame.area(), &look)).unwrap();
        let cells = &terminal.backend().buffer().content;
        let hits =
            cells.iter().filter(|cell| state.theme.hit.add_modifier == cell.modifier - Modifier::REVERSED);
        assert_eq!(hits.map(Cell::symbol).collect::<String>(), wanted, "{filter}");
        keys(&mut state, "\x1b");
    }
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
fn what_was_read_in_part_is_kept_too_and_goes_on_where_it_was() {
    let mut state = browser_with(config(), Location::Remote(work("")), local("/x"), (120, 10));
    fill(&mut state, PaneId::Left, &["a/", "b/", "c"], Some("more"));
    fill(&mut state, PaneId::Left, &["d", "e", "f", "g"], Some("still more"));
    keys(&mut state, "j k\r");
    fill(&mut state, PaneId::Left, &["x"], None);
    keys(&mut state, "h");
    let pane = state.here();
    assert_eq!((pane.listing.rows(), pane.listing.marks().0, pane.has_more()), (7, 1, true));
    keys(&mut state, "l");
    keys(&mut state, "h");
    assert_eq!(state.here().listing.rows(), 7, "also when it was left before it was read again");
    fill(&mut state, PaneId::Left, &["a/", "b/", "c"], Some("more"));
    let effects = fill(&mut state, PaneId::Left, &["d", "e", "f", "g", "h"], Some("still more"));
    assert_eq!((state.here().listing.rows(), state.here().listing.marks().0), (8, 1), "{effects:?}");
}

#[test]
fn what_is_read_ahead_is_stopped_once_nobody_wants_it() {
    let mut state = browser_with(config(), Location::Remote(work("")), local("/x"), (120, 10));
    fill(&mut state, PaneId::Left, &["a", "b", "c"], Some("more"));
    keys(&mut state, "G");
    let effects = fill(&mut state, PaneId::Left, &["d", "e"], Some("own"));
    assert!(matches!(effects.as_slice(), [Effect::ListPage { all: true, .. }]), "{effects:?}");
    keys(&mut state, "gj");
    let names: Vec<String> = (0..100).map(|number| format!("f{number:03}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let effects = fill(&mut state, PaneId::Left, &names, Some("own too"));
    assert!(matches!(effects.as_slice(), [Effect::CancelListing(PaneId::Left)]), "{effects:?}");
    assert!(keys(&mut state, "j").is_empty(), "once");
}

#[test]
fn a_pane_says_that_it_is_read_only_and_has_its_profiles_colour() {
    let mut config = config();
    config.profiles.iter_mut().find(|profile| profile.name == "safe").unwrap().color =
        Some(ratatui::style::Color::Red);
    let there = Location::Remote(Remote { profile: "safe".into(), ..work("") });
    let mut state = browser_with(config, there, at(""), (120, 10));
    let truecolor = |name: &str| (name == "COLORTERM").then(|| "truecolor".to_owned());
    state.theme = Theme::from_lookup(&Ui::default(), truecolor);
    fill(&mut state, PaneId::Left, &["a"], None);
    fill(&mut state, PaneId::Right, &["b"], None);
    assert!(draw(&state).lines().next().unwrap().contains("safe:media/ [read-only]"), "{}", draw(&state));
    let styles = |state: &State| {
        let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(120, 10)).unwrap();
        terminal.draw(|frame| view::draw(state, frame)).unwrap();
        [4, 64].map(|column| terminal.backend().buffer()[(column, 0)].style())
    };
    let red = |style: &Style| style.fg == Some(ratatui::style::Color::Red);
    assert_eq!(styles(&state).each_ref().map(red), [true, false]);
    state.theme = Theme::plain();
    let reversed = |style: &Style| style.add_modifier.contains(ratatui::style::Modifier::REVERSED);
    assert_eq!(styles(&state).each_ref().map(reversed), [true, false], "without colours it stands out too");
}

#[test]
fn columns_are_chosen_and_the_last_one_gives_way() {
    let mut config = config();
    config.ui.columns = vec![Column::Class, Column::Size];
    let mut state = browser_with(config, local("/empty"), at("films/"), (120, 20));
    fill(&mut state, PaneId::Left, &[], None);
    let mut entry = Entry::new("film.mov", Kind::Object);
    (entry.size, entry.storage_class) = (Some(3_000_000), Some("GLACIER".into()));
    entry.modified = Some(Timestamp::from_second(1_772_366_400).unwrap());
    let (pane, generation) = (PaneId::Right, state.pane(PaneId::Right).generation());
    update(&mut state, Event::Page { pane, generation, page: Ok(Page { entries: vec![entry], next: None }) });
    keys(&mut state, "\t");
    assert!(draw(&state).contains("GLACIER      3 MB│"), "{}", draw(&state));
    keys(&mut state, "|modi\r");
    assert!(notice(&state).starts_with("columns: class, size, modified;"));
    assert!(
        draw(&state).contains("GLACIER      3 MB 2026-03-01│"),
        "half of 120 has room for a day\n{}",
        draw(&state)
    );
    state.size = (140, 20);
    assert!(draw(&state).contains("GLACIER      3 MB 2026-03-01 12:00│"), "{}", draw(&state));
    state.size = (80, 20);
    assert!(draw(&state).contains(" GLACIER│") && !draw(&state).contains("3 MB"), "{}", draw(&state));
    keys(&mut state, "|clas\r|size\r|modi\r");
    assert_eq!(notice(&state), "only names are shown");
    assert!(!draw(&state).contains("GLACIER") && !draw(&state).contains("2026"));
}

#[test]
fn enter_on_what_is_no_folder_views_it() {
    let mut state = browser();
    let effects = keys(&mut state, "\tj\r");
    let [Effect::Fetch(wanted)] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(wanted.location, at("photos/a.txt"));
    assert!(draw(&state).contains("work:media/photos/a.txt"), "{}", draw(&state));
    assert_eq!(state.here().location, at("photos/"), "the pane stays where it is");
    let effects = keys(&mut state, "\x1b\tj\r");
    assert!(
        matches!(&effects[..], [Effect::Fetch(wanted)] if wanted.location == local("/home/ada/work/cat.jpg"))
    );
}

#[test]
fn marks_survive_reading_a_listing_of_several_pages_again() {
    let page = |state: &mut State, numbers: std::ops::Range<usize>, next: Option<&str>| {
        let names: Vec<String> = numbers.map(|n| format!("k{n:03}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        listed(&fill(state, PaneId::Right, &names, next))
    };
    let marked = |state: &State| {
        let listing = &state.here().listing;
        listing.marked().iter().map(|entry| listing.row(*entry).label).collect::<Vec<_>>()
    };
    let mut state = browser_with(config(), local("/"), at(""), (120, 10));
    keys(&mut state, "\t");
    page(&mut state, 1..51, Some("p2"));
    keys(&mut state, "G");
    page(&mut state, 51..101, Some("p3"));
    page(&mut state, 101..151, None);
    keys(&mut state, "gj 'k077\r 'k150\r 'k003\r");
    assert_eq!(marked(&state), ["k002", "k077", "k150"]);
    let effects = keys(&mut state, "R");
    assert_eq!(listed(&effects), [(PaneId::Right, at(""), None)]);
    assert_eq!(marked(&state).len(), 3, "what is shown meanwhile is what was there");
    // The pages are cut elsewhere, since there is more by now.
    let next = |token: &str| vec![(PaneId::Right, at(""), Some(token.to_owned()))];
    assert_eq!(page(&mut state, 0..50, Some("q2")), next("q2"), "it is read as far as it was");
    assert_eq!(page(&mut state, 50..100, Some("q3")), next("q3"));
    page(&mut state, 100..152, None);
    assert_eq!(
        (marked(&state).join(" "), under_cursor(&state)),
        ("k002 k077 k150".into(), "k003".to_owned())
    );
    assert_eq!((state.here().listing.len(), state.here().listing.marks()), (152, (3, 300)));
}

#[test]
fn a_name_to_jump_to_that_is_not_there_is_said_beside_it() {
    let mut state = browser();
    let said = |state: &State| draw(state).contains("no such name was read so far");
    keys(&mut state, "\t'a");
    assert!(!said(&state), "{}", draw(&state));
    keys(&mut state, "qq");
    let screen = draw(&state);
    assert!(screen.contains("jump to: aqq") && said(&state), "{screen}");
    key(&mut state, KeyCode::Backspace);
    key(&mut state, KeyCode::Backspace);
    assert!(draw(&state).contains("jump to: a\n") && !said(&state), "{}", draw(&state));
    keys(&mut state, "q\r");
    assert!(said(&state) && !draw(&state).contains("jump to"), "{}", draw(&state));
}
