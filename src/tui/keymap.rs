//! What a key means: (screen, key) becomes an action, through the user's bindings.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::action::{Action, Screen};
use crate::config::Keys;

/// The key as the rest of the browser sees it: releases are nothing, and Ctrl-H is Backspace (older terminals send
/// it for that key).
pub(super) fn normal(key: KeyEvent) -> Option<KeyEvent> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    if key.code == KeyCode::Char('h') && key.modifiers == KeyModifiers::CONTROL {
        return Some(KeyEvent { code: KeyCode::Backspace, modifiers: KeyModifiers::NONE, ..key });
    }
    Some(key)
}

/// The action of a normal key.
pub(super) fn action(keys: &Keys, screen: Screen, key: KeyEvent) -> Option<Action> {
    keys.action(screen, key.into())
}

/// Actions that a dialog may not swallow: they are about the terminal, not about what is on it; or they help. Where a
/// character is typed it is text.
pub(super) fn above_dialogs(keys: &Keys, key: KeyEvent) -> Option<Action> {
    let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    if matches!(key.code, KeyCode::Char(_)) && !control {
        return None;
    }
    let passes = |action: &Action| matches!(action, Action::Redraw | Action::Suspend | Action::Help);
    action(keys, Screen::Global, key).filter(passes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ctrl_h_is_backspace_and_releases_are_nothing() {
        let keys = Keys::default();
        let ctrl_h = KeyEvent::new(KeyCode::Char('h'), KeyModifiers::CONTROL);
        let key = normal(ctrl_h).unwrap();
        assert_eq!(action(&keys, Screen::Browser, key), Some(Action::Parent));
        assert!(normal(KeyEvent { kind: KeyEventKind::Release, ..ctrl_h }).is_none());
    }

    #[test]
    fn only_the_terminals_own_keys_pass_a_dialog() {
        let keys = Keys::default();
        let ctrl = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL);
        assert_eq!(above_dialogs(&keys, ctrl('l')), Some(Action::Redraw));
        assert_eq!(above_dialogs(&keys, ctrl('z')), Some(Action::Suspend));
        assert_eq!(above_dialogs(&keys, ctrl('c')), None);
        assert_eq!(above_dialogs(&keys, KeyCode::Char('q').into()), None);
        assert_eq!(above_dialogs(&keys, KeyCode::F(1).into()), Some(Action::Help));
        assert_eq!(above_dialogs(&keys, KeyCode::Char('?').into()), None, "it is typed");
    }
}
