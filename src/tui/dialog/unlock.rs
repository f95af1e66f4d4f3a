//! The passphrase of the sealed secrets. The question stays open while it is wrong, and takes every key meanwhile: a
//! passphrase that is typed once more is no command.

use crossterm::event::KeyEvent;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use secrecy::SecretString;

use super::super::text;
use super::super::theme::Theme;
use super::masked::Masked;
use super::{Decision, Hint, Outcome, window};
use crate::action::Action;
use crate::config::TRIES;
use crate::error::{Error, Kind};

/// Cells that it wants.
const WIDTH: u16 = 66;

/// What it waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    /// Somebody who types.
    Typing,
    /// The answer to what was typed.
    Checking,
    /// Esc: it was wrong too often.
    Leaving,
}

/// The dialog.
#[derive(Debug)]
pub(crate) struct Unlock {
    line: Masked,
    waits: Waits,
    tries: u8,
    /// What was wrong with the last one.
    reason: Option<String>,
}

impl Unlock {
    pub(super) fn new() -> Self {
        Self { line: Masked::default(), waits: Waits::Typing, tries: TRIES, reason: None }
    }

    /// What was typed, to be tried; the line is empty again.
    pub(crate) fn take(&mut self) -> SecretString {
        self.waits = Waits::Checking;
        std::mem::take(&mut self.line).secret()
    }

    /// It did not open the file.
    pub(crate) fn failed(&mut self, error: &Error) {
        self.tries = self.tries.saturating_sub(1);
        let is_wrong = error.kind() == Kind::Credentials;
        let left = match self.tries {
            0 => String::new(),
            1 => "; 1 try left".to_owned(),
            tries => format!("; {tries} tries left"),
        };
        let hint = error.hint().filter(|_| !is_wrong || self.tries == 0);
        let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
        self.reason = Some(format!("{error}{left}{hint}"));
        self.waits = if self.tries == 0 { Waits::Leaving } else { Waits::Typing };
    }

    pub(super) fn on_key(&mut self, key: KeyEvent, action: Option<Action>) -> Outcome {
        if self.waits != Waits::Typing {
            return Outcome::Stay;
        }
        if action != Some(Action::FormAccept) {
            self.line.on_key(key);
            return Outcome::Stay;
        }
        if self.line.is_empty() {
            self.reason = Some("nothing was typed".to_owned());
            return Outcome::Stay;
        }
        Outcome::Do(Decision::Unlock)
    }

    pub(super) fn on_paste(&mut self, text: &str) -> Outcome {
        if self.waits == Waits::Typing {
            self.line.paste(text);
        }
        Outcome::Stay
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, theme: &Theme) {
        let width = usize::from(window::content_width(area, WIDTH));
        let (words, style) = match (self.waits, &self.reason) {
            (Waits::Checking, _) => ("checking the passphrase".to_owned(), theme.text),
            (_, Some(reason)) => (reason.clone(), theme.error),
            (_, None) => ("A profile needs it to sign. It is asked for once a run.".to_owned(), theme.text),
        };
        let mut lines = text::wrap(&words, width);
        if self.waits == Waits::Leaving {
            lines.extend(text::wrap("Esc closes this; refreshing the pane asks again.", width));
        }
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(1);
        let room = window::open(frame, area, theme, "Passphrase of the sealed secrets", (WIDTH, height));
        // The line that is typed stays when room is short: it is what the keys go to.
        let above = usize::from(room.height.saturating_sub(1));
        let skipped = lines.len().saturating_sub(above);
        for (at, line) in (0..).zip(lines.into_iter().skip(skipped)) {
            frame.render_widget(Line::styled(line, style), window::row(room, at));
        }
        if self.waits == Waits::Typing {
            let row = window::row(room, room.height.saturating_sub(1));
            self.line.draw(frame, row, theme, true);
        }
    }

    /// For the status line, and what Esc does.
    pub(super) fn hints(&self) -> (&'static [Hint], &'static str) {
        match self.waits {
            Waits::Typing => (&[(&[Action::FormAccept], "open")], "leave locked"),
            Waits::Checking | Waits::Leaving => (&[], "leave locked"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyCode;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn wrong() -> Error {
        Error::new(Kind::Credentials, "the passphrase is not that of the sealed secrets")
    }

    fn press(dialog: &mut Unlock, code: KeyCode) -> Outcome {
        dialog.on_key(code.into(), (code == KeyCode::Enter).then_some(Action::FormAccept))
    }

    #[test]
    fn it_asks_three_times_and_then_takes_no_key() {
        let mut dialog = Unlock::new();
        assert_eq!(press(&mut dialog, KeyCode::Enter), Outcome::Stay, "nothing was typed");
        for _ in 0..TRIES {
            dialog.on_paste("hush");
            assert_eq!(press(&mut dialog, KeyCode::Enter), Outcome::Do(Decision::Unlock));
            assert_eq!(dialog.take().expose_secret(), "hush");
            press(&mut dialog, KeyCode::Char('x'));
            assert_eq!(press(&mut dialog, KeyCode::Enter), Outcome::Stay, "it is being checked");
            dialog.failed(&wrong());
            assert!(dialog.line.is_empty() && dialog.reason.as_ref().unwrap().contains("is not that of"));
        }
        dialog.on_paste("hush");
        assert_eq!(press(&mut dialog, KeyCode::Enter), Outcome::Stay);
        assert!(!format!("{dialog:?}").contains("hush"));
    }
}
