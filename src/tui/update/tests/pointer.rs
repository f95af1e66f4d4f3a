//! The mouse while a dialog is open: what is beneath is left alone.

use std::time::{Duration, Instant};

use super::super::super::dialog::{Measured, Share};
use super::super::super::message::{Pointer, PointerAct};
use super::*;

/// The mouse at a cell; each time long after the last one, or right after it.
struct Mouse(Instant);

impl Mouse {
    fn did(
        &mut self,
        state: &mut State,
        act: PointerAct,
        (column, row): (u16, u16),
        after: u64,
    ) -> Vec<Effect> {
        self.0 += Duration::from_millis(after);
        draw(state);
        look(state);
        update(state, Event::Pointer(Pointer { column, row, act, at: self.0 }))
    }

    fn click(&mut self, state: &mut State, cell: (u16, u16)) -> Vec<Effect> {
        self.did(state, PointerAct::Click, cell, 2000)
    }
}

/// The cell where a text is drawn.
fn cell(state: &State, text: &str) -> (u16, u16) {
    let screen = draw(state);
    let found = screen.lines().enumerate().find_map(|(row, line)| Some((line.find(text)?, row, line)));
    let (at, row, line) = found.unwrap_or_else(|| panic!("no {text} in\n{screen}"));
    let column = super::super::super::text::width(&line[..at]);
    (u16::try_from(column).unwrap(), u16::try_from(row).unwrap())
}

/// What the panes are, in words: nothing of it may change.
fn beneath(state: &State) -> String {
    let pane = |id| {
        let pane = state.pane(id);
        format!("{} {} {:?}", pane.location, pane.cursor, pane.listing.marks())
    };
    format!("{:?} {} {}", state.focus, pane(PaneId::Left), pane(PaneId::Right))
}

#[test]
fn whatever_the_mouse_does_in_a_dialog_the_panes_stay_as_they_are() {
    let dialogs = [":", "P", "?", "n", "b", "W", "d", "r", "|", "Y", "+", "/", "L"];
    for opening in dialogs {
        let mut state = browser();
        state.places.bookmarks = vec![at("x/"), at("y/")];
        keys(&mut state, "j\tj");
        keys(&mut state, opening);
        if opening == "d" {
            let target = Target { location: at("photos/a.txt"), tree: false };
            update(&mut state, Event::Counted { targets: vec![target], total: Ok(Total::default()) });
        }
        assert_eq!(state.dialogs.len(), 1, "{opening}");
        let (before, mut mouse) = (beneath(&state), Mouse(Instant::now()));
        for act in [PointerAct::Up, PointerAct::Down, PointerAct::Click, PointerAct::SecondClick] {
            for cell in [(2, 1), (3, 2), (80, 3), (119, 29), (0, 0)] {
                let effects = mouse.did(&mut state, act, cell, 2000);
                assert!(effects.is_empty(), "{opening} {act:?}: {effects:?}");
                assert_eq!((beneath(&state), state.dialogs.len()), (before.clone(), 1), "{opening} {act:?}");
            }
        }
    }
}

#[test]
fn in_lists_a_click_chooses_a_row_a_second_one_takes_it_and_the_wheel_scrolls() {
    let mut state = browser();
    let mut mouse = Mouse(Instant::now());
    keys(&mut state, "P");
    let own = cell(&state, "own");
    assert!(mouse.click(&mut state, own).is_empty() && !state.dialogs.is_empty(), "once is no choice");
    let again = mouse.click(&mut state, own);
    assert!(again.is_empty(), "too late to be one with the first");
    let effects = mouse.did(&mut state, PointerAct::Click, own, 100);
    let mine = Remote { profile: "own".into(), bucket: "mine".into(), key: String::new() };
    assert_eq!(listed(&effects), [(PaneId::Left, Location::Remote(mine), None)]);
    assert!(state.dialogs.is_empty());
    // A third click is one into the pane, and opens nothing there.
    assert!(mouse.did(&mut state, PointerAct::Click, own, 100).is_empty());

    keys(&mut state, ":column");
    let row = cell(&state, "choose the columns");
    mouse.click(&mut state, row);
    mouse.did(&mut state, PointerAct::Click, row, 100);
    assert!(draw(&state).contains("Show or hide a column"), "{}", draw(&state));
    keys(&mut state, "\x1b");

    // The rows stay where they are between two clicks, anywhere in a long list.
    keys(&mut state, "P");
    keys(&mut state, "\x1b:");
    let last = draw(&state).lines().filter(|line| line.contains("│ ") && line.contains("  ")).count();
    assert!(last > 10);
    let row = cell(&state, "bookmark this place");
    mouse.click(&mut state, row);
    let effects = mouse.did(&mut state, PointerAct::Click, row, 100);
    assert!(matches!(effects[..], [Effect::Places(_)]), "another row was taken: {effects:?}");

    // Of a list that is longer than the box, also what comes in sight by the wheel.
    let effects = keys(&mut state, "W");
    let [Effect::Measure(number, _)] = effects[..] else { panic!("{effects:?}") };
    let share =
        |n: u64| Share { place: at(&format!("photos/{n:02}/")), bytes: 100 - n, files: 1, folder: true };
    let now = Measured { rows: (0..60).map(share).collect(), done: true, ..Measured::default() };
    update(&mut state, Event::Measured(number, now));
    assert!(!draw(&state).contains("40/"));
    for _ in 0..14 {
        mouse.did(&mut state, PointerAct::Down, (60, 15), 10);
    }
    let row = cell(&state, "40/");
    mouse.click(&mut state, row);
    let effects = mouse.did(&mut state, PointerAct::Click, row, 100);
    assert_eq!(listed(&effects), [(PaneId::Left, at("photos/40/"), None)]);
}

#[test]
fn where_enter_is_about_more_than_a_row_two_clicks_do_nothing_more_than_one() {
    let step = |name: &str| Step {
        relative: name.into(),
        kind: StepKind::Create,
        reason: Reason::Missing,
        bytes: 1,
        from: local("/home/ada/work").join(name.as_ref()),
        to: at(name),
        known: None,
    };
    let mut state = browser();
    let plan = Plan {
        source: local("/home/ada/work"),
        target: at(""),
        steps: vec![step("one"), step("two")],
        unchanged: 0,
        extra: 0,
        source_files: 2,
        faults: Vec::new(),
        skipped: crate::sync::Skipped::default(),
    };
    state.dialogs.push(Dialog::sync(plan));
    let (mut mouse, two) = (Mouse(Instant::now()), cell(&state, "two"));
    mouse.click(&mut state, two);
    assert!(mouse.did(&mut state, PointerAct::Click, two, 100).is_empty());
    keys(&mut state, " ");
    let effects = keys(&mut state, "\r");
    let (request, _) = submitted(&effects);
    assert_eq!(request.items.len(), 1, "the second one was clicked on and is off");
    assert_eq!(request.items[0].to, at("one"));
}

#[test]
fn the_cursor_of_the_terminal_stands_in_the_row_that_has_the_keyboard() {
    let standing = |state: &State| {
        let mut terminal = ratatui::Terminal::new(ratatui::backend::TestBackend::new(120, 30)).unwrap();
        terminal.draw(|frame| view::draw(state, frame)).unwrap();
        let row = terminal.get_cursor_position().unwrap().y;
        draw(state).lines().nth(usize::from(row)).unwrap().to_owned()
    };
    let mut state = browser();
    assert!(standing(&state).contains("notes/"));
    keys(&mut state, "P");
    key(&mut state, KeyCode::Down);
    assert!(standing(&state).contains("work"), "{}", standing(&state));
    keys(&mut state, "\x1bW");
    let share = |key: &str| Share { place: at(key), bytes: 1, files: 1, folder: true };
    let now = Measured { rows: vec![share("a/"), share("b/")], done: true, ..Measured::default() };
    update(&mut state, Event::Measured(1, now));
    key(&mut state, KeyCode::Down);
    assert!(standing(&state).contains("media/b/"), "{}", standing(&state));
    keys(&mut state, "\x1b");
    // A question over the list has it.
    ctrl(&mut state, 'c');
    assert!(standing(&state).contains("[No]"), "{}", standing(&state));
    keys(&mut state, "\x1bt");
    let views =
        [1, 2].map(|id| super::super::super::transfers::tests::transfer(id, transfer::State::Running));
    let mut views = Vec::from(views);
    views[1].to = local("/second");
    update(
        &mut state,
        Event::Progress(transfer::Snapshot { transfers: views, ..transfer::Snapshot::default() }),
    );
    assert!(standing(&state).contains("/home/ada/pictures"), "{}", standing(&state));
    keys(&mut state, "j");
    assert!(standing(&state).contains("/second"), "{}", standing(&state));
}
