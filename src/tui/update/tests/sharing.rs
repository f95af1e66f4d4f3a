//! Key scripts about protected links.

use super::super::super::dialog::Order;
use super::super::super::message::{GivenEffect, GivenEvent, Made};
use super::*;

#[test]
fn several_prefixes_get_a_link_each_and_objects_one_together() {
    let locations = |marks: &str| {
        let mut state = browser();
        fill(&mut state, PaneId::Right, &[], None);
        keys(&mut state, "\tR");
        fill(&mut state, PaneId::Right, &["2025/", "2026/", "a.txt", "b.txt"], None);
        keys(&mut state, marks);
        keys(&mut state, "x");
        let effects = key(&mut state, KeyCode::Enter);
        let [Effect::Given(GivenEffect::Make(orders))] = &effects[..] else { panic!("{effects:?}") };
        let of = |order: &Order| match order {
            Order::Share(request) => request.locations.join(" "),
            Order::Drop(request) => panic!("{request:?}"),
        };
        orders.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(locations("g  "), ["work:media/photos/2025/", "work:media/photos/2026/"]);
    assert_eq!(locations("gj  "), ["work:media/photos/2026/", "work:media/photos/a.txt"]);
    assert_eq!(locations("gjj  "), ["work:media/photos/a.txt work:media/photos/b.txt"]);
}

#[test]
fn every_link_that_was_made_is_told_and_copied_even_if_the_next_one_failed() {
    let made = |n: u32| Made {
        what: format!("work:media/202{n}/"),
        url: format!("https://share.example.org/{n}"),
        password: Some("hush".into()),
        words: "until 2026-03-08 12:00".into(),
        warning: if n == 6 { "browsers may not send there\nPUT".into() } else { String::new() },
    };
    let mut state = browser();
    let effects = update(&mut state, Event::Given(GivenEvent::Made(vec![made(5), made(6)], None)));
    assert!(
        matches!(&effects[..], [Effect::CopyText(text)]
            if text == "https://share.example.org/5\nhttps://share.example.org/6"),
        "{effects:?}"
    );
    let screen = draw(&state);
    for part in [
        "work:media/2025/:",
        "share.example.org/6",
        "password: hush",
        "The links are on their way",
        "browsers may not send there",
    ] {
        assert!(screen.contains(part), "{part}\n{screen}");
    }
    key(&mut state, KeyCode::Esc);
    let error = || Some(Error::new(Failure::Network, "cannot reach share.example.org"));
    let effects = update(&mut state, Event::Given(GivenEvent::Made(vec![made(5)], error())));
    assert!(matches!(&effects[..], [Effect::CopyText(text)] if text == "https://share.example.org/5"));
    let screen = draw(&state);
    assert!(
        screen.contains("work:media/2025/:") && screen.contains("No more were made: cannot reach"),
        "{screen}"
    );
    key(&mut state, KeyCode::Esc);
    assert!(update(&mut state, Event::Given(GivenEvent::Made(Vec::new(), error()))).is_empty());
    assert!(state.dialogs.is_empty() && notice(&state).contains("cannot reach share.example.org"));
}

#[test]
fn who_has_no_gateway_is_told_so_instead_of_being_asked_for_options() {
    let mut state = browser();
    let effects = keys(&mut state, "\tx");
    assert!(matches!(effects[..], [Effect::Given(GivenEffect::FindGateway)]), "{effects:?}");
    // Something lies over it by the time of the answer.
    key(&mut state, KeyCode::F(1));
    let missing = Error::new(Failure::NotFound, "there is no gateway").with_hint("start one");
    update(&mut state, Event::Given(GivenEvent::Gateway(Err(missing))));
    key(&mut state, KeyCode::Esc);
    let screen = draw(&state);
    assert!(screen.contains("there is no gateway") && screen.contains("start one"), "{screen}");
    assert!(key(&mut state, KeyCode::Enter).is_empty() && state.dialogs.is_empty(), "no link is asked for");
    keys(&mut state, "x");
    update(&mut state, Event::Given(GivenEvent::Gateway(Ok(()))));
    assert!(draw(&state).contains("Password"), "the form stays");
}

#[test]
fn a_link_with_options_is_for_one_object_and_says_so_if_several_are_marked() {
    let mut state = browser();
    keys(&mut state, "\tG Y");
    assert_eq!(notice(&state), "", "only one is marked");
    keys(&mut state, "\x1bk Y");
    assert!(notice(&state).contains("y makes a link for each of the 2 marked"), "{}", notice(&state));
    assert!(draw(&state).contains("work:media/photos/b.txt"), "{}", draw(&state));
}
