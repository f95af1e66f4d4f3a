//! What a screen looks like: names that attack it, sizes that hardly hold it, colours, bytes for a change.

use super::super::super::text;
use super::*;
use crate::entry::LeadsTo;

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
        assert!(screen.lines().all(|line| text::width(line) <= 80), "{screen}");
        let corner =
            |part: &str| screen.lines().find_map(|line| line.find(part).map(|at| text::width(&line[..at])));
        let left = corner("┌ New folder").unwrap_or_else(|| panic!("{screen}"));
        let rows = screen.lines().skip_while(|line| !line.contains("┌ New folder")).skip(1);
        for row in rows.take_while(|row| !row.contains("└─")) {
            let mut cells = 0;
            let border = row.chars().find(|c| {
                let at = cells;
                cells += text::width(&c.to_string());
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
    let total = Total { files: 1, bytes: 3 << 30, ..Default::default() };
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
fn links_are_shown_with_where_they_lead_and_what_is_unknown_with_why() {
    let mut state = browser();
    let noted = |name: &str, kind, note: &str| Entry { note: Some(note.into()), ..Entry::new(name, kind) };
    let entries = vec![
        noted("broken", Kind::Symlink(LeadsTo::Nowhere), "no\u{1b}where"),
        noted("folder", Kind::Symlink(LeadsTo::Folder), "../real"),
        noted("dead", Kind::Unknown, "transport endpoint is not connected"),
    ];
    keys(&mut state, "R");
    let (pane, generation) = (PaneId::Left, state.pane(PaneId::Left).generation());
    update(&mut state, Event::Page { pane, generation, page: Ok(Page { entries, next: None }) });
    let screen = draw(&state);
    for shown in ["folder → ../real", "broken → no\\x1bwhere", "dead: transport end"] {
        assert!(screen.contains(shown), "{shown}: {screen}");
    }
    state.theme.ascii = true;
    assert!(draw(&state).contains("folder@ -> ../real"), "{}", draw(&state));
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
