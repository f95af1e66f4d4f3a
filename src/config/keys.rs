//! Which key means which action on which screen.

use std::collections::BTreeMap;

use crokey::KeyCombination;
use crossterm::event::{KeyCode, KeyModifiers};

use crate::action::{ACTIONS, Action, Screen};
use crate::location::nearest;

/// The bindings: the defaults of [`crate::action::ACTIONS`] with the user's applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(BTreeMap<(Screen, Action), Vec<KeyCombination>>);

impl Default for Keys {
    fn default() -> Self {
        let parse = |keys: &[&str]| keys.iter().filter_map(|key| read(key).ok()).collect();
        Self(ACTIONS.iter().map(|info| ((info.screen, info.action), parse(info.keys))).collect())
    }
}

impl Keys {
    /// The action of `key` on `screen`, else on the one whose keys count there too.
    pub fn action(&self, screen: Screen, key: KeyCombination) -> Option<Action> {
        let key = canonical(key);
        let find = |screen: Screen| {
            self.0
                .iter()
                .find(|((on, _), keys)| *on == screen && keys.contains(&key))
                .map(|((_, action), _)| *action)
        };
        std::iter::successors(Some(screen), |screen| screen.next()).find_map(find)
    }

    /// The keys of `action`.
    pub fn keys(&self, action: Action) -> Vec<KeyCombination> {
        let of = self.0.iter().filter(|((_, of), _)| *of == action);
        of.flat_map(|(_, keys)| keys.iter().copied()).collect()
    }

    /// The keys of `action`, as help writes them (`F5`, `Ctrl-U`, `G`).
    pub fn labels(&self, action: Action) -> Vec<String> {
        self.keys(action).iter().map(label).collect()
    }

    /// The first key of `action`, for the status line.
    pub fn label(&self, action: Action) -> String {
        self.labels(action).into_iter().next().unwrap_or_default()
    }

    /// Binds exactly `keys` to an action.
    ///
    /// # Errors
    /// What is wrong, and a hint.
    pub(crate) fn rebind(
        &mut self,
        screen: &str,
        action: &str,
        keys: &[String],
    ) -> Result<(), (String, String)> {
        let screens = Screen::ALL.map(Screen::name);
        let on = Screen::ALL.into_iter().find(|known| known.name() == screen).ok_or_else(|| {
            (format!("there is no screen {screen}"), format!("screens: {}", screens.join(", ")))
        })?;
        let actions: Vec<&str> =
            ACTIONS.iter().filter(|info| info.screen == on).map(|info| info.name).collect();
        let info = ACTIONS.iter().find(|info| info.screen == on && info.name == action).ok_or_else(|| {
            let hint = nearest(action, actions.iter().copied()).map_or_else(
                || format!("actions: {}", actions.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            (format!("there is no action {action}"), hint)
        })?;
        let mut bound = Vec::new();
        for key in keys {
            bound.push(read(key).map_err(|why| {
                (why, "keys are written like y, G, f5, ctrl-u, alt-x, enter, space".into())
            })?);
        }
        if let Some(typed) =
            bound.iter().find(|key| on == Screen::Form && is_typed(key) && !turns(info.action))
        {
            let why = format!("{} is a letter that is typed there", label(typed));
            return Err((why, "bind a key with Ctrl or Alt, or one without a letter".into()));
        }
        self.0.insert((on, info.action), bound);
        Ok(())
    }

    /// One key must not mean two things at once.
    pub(super) fn refuse_clashes(&self) -> Result<(), String> {
        let mut seen: BTreeMap<(Screen, String), Action> = BTreeMap::new();
        for ((screen, action), keys) in &self.0 {
            for key in keys {
                if let Some(other) = seen.insert((*screen, label(key)), *action) {
                    let name = |action| ACTIONS.iter().find(|i| i.action == action).map_or("", |i| i.name);
                    return Err(format!(
                        "{} is bound to both {}.{} and {}.{}",
                        label(key),
                        screen.name(),
                        name(other),
                        screen.name(),
                        name(*action)
                    ));
                }
            }
        }
        Ok(())
    }
}

/// Whether it puts a character into a field of text.
fn is_typed(key: &KeyCombination) -> bool {
    let control = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    matches!(key.codes.first(), KeyCode::Char(_)) && !control
}

/// Whether it counts only where nothing can be typed.
fn turns(action: Action) -> bool {
    matches!(action, Action::FormTurn | Action::FormTurnBack)
}

/// Reads one key; refuses those that a terminal cannot tell from others.
fn read(text: &str) -> Result<KeyCombination, String> {
    let single = text.chars().next().filter(|_| text.chars().count() == 1);
    let key = match single {
        Some(c) => KeyCombination::new(KeyCode::Char(c), KeyModifiers::NONE),
        None => crokey::parse(text).map_err(|_| format!("`{text}` is not a key"))?,
    };
    let key = canonical(key);
    if key.modifiers == KeyModifiers::CONTROL {
        let twin = match key.codes.first() {
            KeyCode::Char('i') => Some("Tab"),
            KeyCode::Char('m' | 'j') => Some("Enter"),
            KeyCode::Char('h') => Some("Backspace"),
            _ => None,
        };
        if let Some(twin) = twin {
            return Err(format!("terminals send {text} as {twin}, so that it cannot be bound"));
        }
    }
    Ok(key)
}

/// One form for each key: a shifted character is the character itself without the modifier (terminals differ in
/// whether they send it), letters with Ctrl or Alt are small, Ctrl-H is Backspace.
fn canonical(key: KeyCombination) -> KeyCombination {
    let mut modifiers = key.modifiers;
    let code = match *key.codes.first() {
        KeyCode::Char('h') if modifiers == KeyModifiers::CONTROL => {
            modifiers = KeyModifiers::NONE;
            KeyCode::Backspace
        }
        KeyCode::Char(c) if modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => {
            KeyCode::Char(c.to_ascii_lowercase())
        }
        KeyCode::Char(c) => {
            let shifted = modifiers.contains(KeyModifiers::SHIFT);
            modifiers -= KeyModifiers::SHIFT;
            KeyCode::Char(if shifted { c.to_ascii_uppercase() } else { c })
        }
        KeyCode::Tab if modifiers.contains(KeyModifiers::SHIFT) => {
            modifiers -= KeyModifiers::SHIFT;
            KeyCode::BackTab
        }
        KeyCode::BackTab => {
            modifiers -= KeyModifiers::SHIFT;
            KeyCode::BackTab
        }
        other => other,
    };
    KeyCombination::new(code, modifiers)
}

fn label(key: &KeyCombination) -> String {
    let mut out = String::new();
    for (modifier, word) in
        [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-"), (KeyModifiers::SHIFT, "Shift-")]
    {
        if key.modifiers.contains(modifier) {
            out.push_str(word);
        }
    }
    match *key.codes.first() {
        KeyCode::Char(' ') => out.push_str("Space"),
        KeyCode::Char(c) if out.is_empty() => out.push(c),
        KeyCode::Char(c) => out.push(c.to_ascii_uppercase()),
        KeyCode::F(n) => out.extend(["F", &n.to_string()]),
        KeyCode::BackTab => out.push_str("Shift-Tab"),
        KeyCode::PageUp => out.push_str("PgUp"),
        KeyCode::PageDown => out.push_str("PgDn"),
        KeyCode::Insert => out.push_str("Ins"),
        KeyCode::Delete => out.push_str("Del"),
        other => out.extend([format!("{other:?}")]),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(code: KeyCode, modifiers: KeyModifiers) -> Option<Action> {
        Keys::default().action(Screen::Browser, KeyCombination::new(code, modifiers))
    }

    #[test]
    fn defaults_are_all_readable_and_do_not_clash() {
        for info in ACTIONS {
            for key in info.keys {
                read(key).unwrap();
            }
        }
        Keys::default().refuse_clashes().unwrap();
    }

    #[test]
    fn shifted_keys_match_whether_or_not_the_terminal_says_shift() {
        for modifiers in [KeyModifiers::NONE, KeyModifiers::SHIFT] {
            assert_eq!(pressed(KeyCode::Char('G'), modifiers), Some(Action::Bottom));
            assert_eq!(pressed(KeyCode::Char('?'), modifiers), Some(Action::Help));
            assert_eq!(pressed(KeyCode::Char('*'), modifiers), Some(Action::MarkInvert));
        }
        assert_eq!(pressed(KeyCode::Char('g'), KeyModifiers::NONE), Some(Action::Top));
        assert_eq!(
            pressed(KeyCode::Char('h'), KeyModifiers::CONTROL),
            Some(Action::Parent),
            "Ctrl-H is Backspace"
        );
    }

    #[test]
    fn a_screen_of_its_own_comes_before_dialogs_and_those_before_everywhere() {
        let mut keys = Keys::default();
        let pressed = |keys: &Keys, c| keys.action(Screen::Viewer, KeyCode::Char(c).into());
        assert_eq!(pressed(&keys, 'w'), Some(Action::ViewerWrap));
        assert_eq!(pressed(&keys, 'j'), Some(Action::DialogDown));
        assert_eq!(pressed(&keys, 'q'), Some(Action::Quit));
        keys.rebind("viewer", "wrap", &["q".to_owned()]).unwrap();
        keys.refuse_clashes().unwrap();
        assert_eq!((pressed(&keys, 'q'), pressed(&keys, 'w')), (Some(Action::ViewerWrap), None));
        keys.rebind("viewer", "hex", &["q".to_owned()]).unwrap();
        assert!(keys.refuse_clashes().unwrap_err().contains("viewer.hex and viewer.wrap"));
    }

    #[test]
    fn a_form_keeps_letters_for_its_text() {
        let mut keys = Keys::default();
        let mut bind = |action: &str, key: &str| keys.rebind("form", action, &[key.to_owned()]);
        for key in ["a", "A", "space", "?"] {
            assert!(bind("accept", key).unwrap_err().0.contains("typed there"), "{key}");
        }
        for key in ["ctrl-a", "alt-x", "f2", "enter"] {
            bind("accept", key).unwrap();
        }
        bind("turn", "space").unwrap();
    }

    #[test]
    fn shift_and_tab_are_one_key_however_a_terminal_sends_them() {
        let keys = Keys::default();
        for (code, modifiers) in [
            (KeyCode::BackTab, KeyModifiers::NONE),
            (KeyCode::BackTab, KeyModifiers::SHIFT),
            (KeyCode::Tab, KeyModifiers::SHIFT),
        ] {
            let key = KeyCombination::new(code, modifiers);
            assert_eq!(keys.action(Screen::Form, key), Some(Action::FormPrevious));
        }
        assert_eq!(keys.label(Action::FormPrevious), "Shift-Tab");
    }

    #[test]
    fn labels_are_what_is_printed_on_keys() {
        let keys = Keys::default();
        assert_eq!(keys.labels(Action::Copy), ["F5", "c"]);
        assert_eq!(keys.labels(Action::SwapPanes), ["Ctrl-U"]);
        assert_eq!(keys.labels(Action::LinkDialog), ["Y"]);
        assert_eq!(keys.label(Action::Mark), "Space");
    }
}
