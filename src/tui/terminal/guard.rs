//! Taking the terminal over and giving it back, as often as it takes, from wherever the program ends.

use std::io;
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};

use super::output::ansi;
use super::pipe::Pipe;

/// How long a terminal may take to take everything before it is left as it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// A handle that gives the terminal back; clones share what they know.
#[derive(Clone)]
pub(crate) struct Guard(Arc<Parts>);

struct Parts {
    taken: AtomicBool,
    mouse: bool,
    /// `None`: there is no terminal (tests).
    tty: Option<Pipe>,
}

impl Guard {
    pub(super) fn new(mouse: bool, tty: Pipe) -> Self {
        Self(Arc::new(Parts { taken: AtomicBool::new(false), mouse, tty: Some(tty) }))
    }

    #[cfg(test)]
    pub(super) fn inert() -> Self {
        Self(Arc::new(Parts { taken: AtomicBool::new(false), mouse: false, tty: None }))
    }

    pub(super) fn enter(&self) -> io::Result<()> {
        if self.0.tty.is_none() || self.0.taken.swap(true, Ordering::SeqCst) {
            return Ok(());
        }
        let entered = enable_raw_mode().and_then(|()| self.send(enter_sequence(self.0.mouse)));
        if entered.is_err() {
            self.restore_now();
        }
        entered
    }

    /// Gives the terminal back if it is taken, after all that was sent to it. May be called from anywhere, any number of
    /// times; it waits for no lock that the thread that ends the program may hold, and not for ever for the terminal.
    pub(crate) fn restore_now(&self) {
        if !self.0.taken.swap(false, Ordering::SeqCst) {
            return;
        }
        // Nothing can be done about a terminal that is gone, or that takes nothing.
        let _ = self.send(leave_sequence());
        if self.0.tty.as_ref().is_some_and(|tty| !tty.wait(PATIENCE)) {
            tracing::warn!("the terminal takes nothing: it is left as it is");
        }
        let _ = disable_raw_mode();
    }

    /// A panic of this thread gives the terminal back before it is reported. One of any other thread is its task's
    /// affair: it is logged, and the screen stays as it is.
    pub(super) fn restore_on_panic(&self) {
        let ui = thread::current().id();
        let guard = self.clone();
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if guard.0.taken.load(Ordering::SeqCst) && thread::current().id() != ui {
                let at = info.location().map(ToString::to_string).unwrap_or_default();
                tracing::error!(at, "a task panicked: {}", info.payload_as_str().unwrap_or("no message"));
                return;
            }
            guard.restore_now();
            previous(info);
        }));
    }

    fn send(&self, text: String) -> io::Result<()> {
        self.0.tty.as_ref().map_or(Ok(()), |tty| tty.send(text.into_bytes()))
    }
}

fn enter_sequence(mouse: bool) -> String {
    let mouse = if mouse { ansi(EnableMouseCapture) } else { String::new() };
    ansi(EnterAlternateScreen) + &ansi(Hide) + &ansi(EnableBracketedPaste) + &mouse
}

/// Everything off, whatever is on: it may be called half-way through a frame.
fn leave_sequence() -> String {
    ansi(EndSynchronizedUpdate)
        + &ansi(DisableMouseCapture)
        + &ansi(DisableBracketedPaste)
        + &ansi(ResetColor)
        + &ansi(LeaveAlternateScreen)
        + &ansi(Show)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaving_turns_off_whatever_may_be_on() {
        let leave = leave_sequence();
        for off in ["\x1b[?2026l", "\x1b[?1000l", "\x1b[?2004l", "\x1b[?1049l", "\x1b[?25h"] {
            assert!(leave.contains(off), "{off:?} is missing");
        }
    }

    #[test]
    fn the_mouse_is_taken_only_if_wanted() {
        assert!(!enter_sequence(false).contains("\x1b[?1000h"));
        assert!(enter_sequence(true).contains("\x1b[?1000h"));
    }
}
