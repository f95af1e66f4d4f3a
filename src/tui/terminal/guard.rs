//! Taking the terminal over and giving it back, as often as it takes, from wherever the program ends.

use std::io;
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossterm::cursor::{Hide, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::style::ResetColor;
use crossterm::terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen};
use rustix::process::getpgrp;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};

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
    /// The line settings that the user had. Held for a moment only.
    original: Mutex<Option<Termios>>,
}

impl Guard {
    pub(super) fn new(mouse: bool, tty: Pipe) -> Self {
        Self(Arc::new(Parts {
            taken: AtomicBool::new(false),
            mouse,
            tty: Some(tty),
            original: Mutex::new(None),
        }))
    }

    #[cfg(test)]
    pub(super) fn inert() -> Self {
        let taken = AtomicBool::new(false);
        Self(Arc::new(Parts { taken, mouse: false, tty: None, original: Mutex::new(None) }))
    }

    /// Takes the terminal, whoever had it last.
    pub(super) fn enter(&self) -> io::Result<()> {
        if self.0.tty.is_none() {
            return Ok(());
        }
        self.0.taken.store(true, Ordering::SeqCst);
        // The line settings first: a process in the background stops there, before it writes anything.
        let entered = self.set_raw().and_then(|()| self.send(enter_sequence(self.0.mouse)));
        if entered.is_err() {
            self.restore_now();
        }
        entered
    }

    /// Notes the line settings of a shell that has had the terminal meanwhile: the user may have changed them. What a
    /// program left half-way between is not what the user had.
    pub(super) fn note_settings(&self) {
        let shells = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        if let Some(now) = self.settings().filter(|now| now.local_modes.contains(shells)) {
            *self.original() = Some(now);
        }
    }

    fn original(&self) -> std::sync::MutexGuard<'_, Option<Termios>> {
        self.0.original.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settings(&self) -> Option<Termios> {
        self.0.tty.as_ref().and_then(|_| tcgetattr(io::stdin()).ok())
    }

    fn set_raw(&self) -> io::Result<()> {
        let mut raw = {
            let mut original = self.original();
            match &*original {
                Some(settings) => settings.clone(),
                None => original.insert(tcgetattr(io::stdin())?).clone(),
            }
        };
        raw.make_raw();
        Ok(tcsetattr(io::stdin(), OptionalActions::Now, &raw)?)
    }

    /// Puts back the line settings, whatever became of them.
    pub(crate) fn restore_settings(&self) {
        let original = self.original().clone();
        if let Some(original) = original
            && self.0.tty.is_some()
        {
            // Nothing can be done about a terminal that is gone.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &original);
        }
    }

    /// Gives the terminal back if it is taken, after all that was sent to it. May be called from anywhere, any number of
    /// times; it waits for no lock that the thread that ends the program may hold, and not for ever for the terminal.
    pub(crate) fn restore_now(&self) {
        // In the background the terminal is somebody else's.
        if !self.0.taken.swap(false, Ordering::SeqCst) || is_in_background() {
            return;
        }
        // Nothing can be done about a terminal that is gone, or that takes nothing.
        let _ = self.send(leave_sequence());
        if self.0.tty.as_ref().is_some_and(|tty| !tty.wait(PATIENCE)) {
            tracing::warn!("the terminal takes nothing: it is left as it is");
        }
        self.restore_settings();
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

/// Whether the terminal is known to belong to another job.
fn is_in_background() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group != getpgrp())
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
