//! Searching in help.

use super::*;

/// Help in whose search `text` is being typed.
pub(super) fn searched(text: &str) -> Dialog {
    let mut dialog = Dialog::help(&Keys::default(), Screen::Browser);
    press(&mut dialog, KeyCode::Char('/'));
    for c in text.chars() {
        press(&mut dialog, KeyCode::Char(c));
    }
    dialog
}

/// What is listed: keys and words of each action.
fn listed(dialog: &Dialog) -> Vec<String> {
    let screen = screen(dialog, 80, 200);
    let rows = screen.lines().map(|line| line.trim_matches(['│', ' ']).to_owned());
    rows.filter(|row| row.contains("  "))
        .map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn words_and_keys_narrow_help() {
    assert_eq!(listed(&searched("protected")), ["x protected link (gateway)"]);
    assert_eq!(listed(&searched("ctrl-u")), ["Ctrl-U swap the panes"]);
    assert_eq!(listed(&searched("F5 PANE changing")), ["F5 c copy to the other pane"]);
    assert_eq!(
        listed(&searched("versions purge")),
        ["D delete all of them for good"],
        "by its name in [keys]"
    );
    assert_eq!(listed(&searched("versions good all")), ["D delete all of them for good"], "with its heading");
    assert!(
        listed(&searched("ame")).is_empty() && screen(&searched("ame"), 80, 24).contains("nothing matches")
    );
}

#[test]
fn every_action_of_one_group_is_listed_in_two_columns_too() {
    let one = listed(&searched("in the transfers")).len();
    let wide = screen(&searched("in the transfers"), 160, 40);
    assert!(one > 5 && wide.matches("clear finished ones").count() == 1, "{wide}");
    assert_eq!(
        wide.lines().filter(|line| line.trim_matches(['│', ' ']).contains("  ")).count(),
        one,
        "{wide}"
    );
}

#[test]
fn escape_clears_a_search_before_it_closes_help() {
    let mut dialog = searched("jq?");
    assert!(screen(&dialog, 80, 24).contains("/jq?"), "letters are typed, they do not scroll or close");
    assert_eq!(press(&mut dialog, KeyCode::Esc), Outcome::Stay);
    assert_eq!(screen(&dialog, 80, 24), screen(&Dialog::help(&Keys::default(), Screen::Browser), 80, 24));
    assert_eq!(press(&mut dialog, KeyCode::Esc), Outcome::Close(None));
}

#[test]
fn a_search_that_is_kept_gives_the_keys_back() {
    let mut dialog = searched("link");
    let narrowed = listed(&dialog);
    assert_eq!(press(&mut dialog, KeyCode::Enter), Outcome::Stay);
    press(&mut dialog, KeyCode::Char('j'));
    assert_eq!(listed(&dialog), narrowed);
    assert_eq!(press(&mut dialog, KeyCode::Char('q')), Outcome::Close(None));
}
