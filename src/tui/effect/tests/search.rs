//! Flows that look through all that is below a place.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_found_is_copied_under_its_way_there_but_not_through_a_link_and_deleted() {
    let objects = [("in/a/cat", "1"), ("in/b/c/cat", "22"), ("in/dog", "333"), ("in/marker/", "")];
    let mut flow = Flow::start(&[], &objects, at("in/")).await;
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), flow.file("a")).unwrap();
    let find = KeyEvent::new(KeyCode::Char('f'), KeyModifiers::CONTROL);
    flow.keys("\t");
    flow.happen(Event::Key(find));
    flow.keys("cat\r");
    flow.until_shown("2 found").await;
    flow.keys("ac");
    flow.until_shown("1 file failed").await;
    assert_eq!(text(&flow.file("b/c/cat")), "22");
    assert!(std::fs::read_dir(outside.path()).unwrap().next().is_none(), "nothing goes through a link");
    flow.keys("ad");
    flow.until_shown("2 files").await;
    flow.keys("y");
    flow.until_shown("nothing was found").await;
    assert_eq!(flow.backend.keys("box"), ["in/dog", "in/marker/"]);
    flow.keys("h");
    flow.until_shown("dog").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn equal_objects_come_with_their_times() {
    let objects = [("z", "same"), ("b", "other"), ("in/a", "same")];
    let mut flow = Flow::start(&[], &objects, at("")).await;
    flow.keys("\t");
    flow.happen(Event::Key(KeyEvent::new(KeyCode::Char('d'), KeyModifiers::ALT)));
    flow.until_shown("1 group of equal objects, the oldest of each first, 4 B more than needed").await;
    let listing = &flow.state.here().listing;
    let timed = |entry| listing.row(entry).modified.is_some();
    assert!(listing.len() == 2 && timed(0) && timed(1), "{}", flow.screen());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_room_names_the_largest_objects_and_goes_to_them() {
    let large = "x".repeat(5_000);
    let mut flow = Flow::start(&[], &[("in/", ""), ("in/film", &large), ("in/sub/a", "1")], at("in/")).await;
    for number in 0..60 {
        flow.backend.put("box", &format!("in/{number:02}"), "123");
    }
    flow.keys("\tW");
    flow.until_shown("63 looked at, 5.2 kB").await;
    flow.until(|flow| !flow.screen().contains("reading...")).await;
    let shown = flow.screen();
    let row = |text: &str| shown.lines().position(|line| line.contains(text));
    let film = row("  film ").unwrap();
    let others = [row("33 B").unwrap(), row("(other files here)").unwrap(), row("  00 ").unwrap()];
    assert_eq!(others, [film + 1, film + 1, film + 2], "{shown}");
    assert!(shown.contains("52 rows"), "a folder, the 50 largest, the rest: {shown}");
    flow.happen(Event::Key(KeyEvent::new(KeyCode::Right, KeyModifiers::NONE)));
    assert!(flow.screen().contains("this is no folder: Enter goes to it"), "{}", flow.screen());
    flow.keys("G");
    assert!(flow.screen().contains("sub/"), "{}", flow.screen());
    flow.keys("g\r");
    flow.until(|flow| !flow.state.here().loading).await;
    let here = flow.state.here();
    let name = here.current().map(|entry| here.name(entry).to_owned());
    assert_eq!((&here.location, name), (&at("in/"), Some("film".into())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_takes_room_is_told_by_storage_class_before_all_of_it_is_read() {
    let mut flow = Flow::start(&[], &[], at("")).await;
    for number in 0..1_500 {
        flow.backend.put("box", &format!("logs/{number:04}"), "12");
    }
    flow.backend.set_storage_class("box", "logs/0007", "GLACIER");
    flow.keys("\tR");
    flow.until_shown("logs").await;
    let stall = Rule { after: 1, ..Rule::always(Operation::ListObjects, Fault::Stall) };
    flow.backend.faults().add(stall);
    flow.keys("W");
    flow.until_shown("GLACIER 2 B (1)").await;
    let screen = flow.screen();
    assert!(screen.contains("STANDARD") && screen.contains("reading..."), "{screen}");
    // Another place, and back to this one, which is read to its end now.
    flow.backend.faults().clear();
    flow.happen(Event::Key(KeyCode::Right.into()));
    flow.until_shown("STANDARD 3.0 kB (1,499), GLACIER 2 B (1)").await;
    flow.until(|flow| !flow.screen().contains("reading...")).await;
    assert!(flow.screen().contains("logs/"), "{}", flow.screen());
    flow.happen(Event::Key(KeyCode::Left.into()));
    flow.until(|flow| !flow.screen().contains("reading...")).await;
    assert!(flow.screen().contains("1,500 looked at"), "{}", flow.screen());
}
