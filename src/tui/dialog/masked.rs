//! One line of secret text: shown as so many dots, wiped from memory when it is dropped.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::{Zeroize as _, Zeroizing};

use super::super::theme::Theme;

/// Bytes at most: it never grows, so that no copy of it is left behind.
const ROOM: usize = 4096;

/// The line; the cursor is always at its end.
pub(super) struct Masked(Zeroizing<String>);

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Masked(..)")
    }
}

impl Default for Masked {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(ROOM)))
    }
}

impl Masked {
    /// With `secret` in it.
    pub(super) fn new(secret: &SecretString) -> Self {
        let mut line = Self::default();
        line.paste(secret.expose_secret());
        line
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn is(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }

    /// What it holds.
    pub(super) fn secret(&self) -> SecretString {
        SecretString::from(self.0.as_str())
    }

    /// A key for it: letters, Backspace, Ctrl-U and Ctrl-W for all of it.
    pub(super) fn on_key(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u' | 'w') if control => self.0.zeroize(),
            KeyCode::Char('h') if control => drop(self.0.pop()),
            KeyCode::Backspace => drop(self.0.pop()),
            KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => self.push(c),
            _ => {}
        }
    }

    /// Adds `text` without its control characters.
    pub(super) fn paste(&mut self, text: &str) {
        text.chars().filter(|c| !c.is_control()).for_each(|c| self.push(c));
    }

    fn push(&mut self, c: char) {
        if self.0.len() + c.len_utf8() <= self.0.capacity() {
            self.0.push(c);
        }
    }

    /// Draws it into one row; with `focused` the terminal's cursor goes there.
    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme, focused: bool) {
        let area = area.intersection(frame.area());
        if area.is_empty() {
            return;
        }
        let seen = self.0.chars().count().min(usize::from(area.width) - 1);
        let dot = if theme.ascii { "*" } else { "•" };
        frame.render_widget(Span::styled(dot.repeat(seen), theme.text), area);
        if focused {
            let x = u16::try_from(seen).unwrap_or(0);
            frame.set_cursor_position(Position::new(area.x + x, area.y));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_typed_and_pasted_and_never_grows_or_shows() {
        let mut line = Masked::default();
        line.paste("hu\nsh\u{1b}x");
        line.on_key(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE));
        line.on_key(KeyEvent::new(KeyCode::Char('!'), KeyModifiers::NONE));
        assert_eq!(line.secret().expose_secret(), "hush!");
        assert!(!format!("{line:?}").contains("hush"));
        let at = line.0.as_ptr();
        line.paste(&"x".repeat(2 * ROOM));
        assert_eq!((line.0.as_ptr(), line.0.len()), (at, ROOM));
        line.on_key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
        assert!(line.is_empty() && line.0.capacity() >= ROOM);
    }
}
