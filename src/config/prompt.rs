//! Secrets that are typed on the terminal, unseen. However the program ends, the terminal is given back as it was.

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::error::{Error, Kind, Result};

/// Bytes of a line at most, as many as a terminal takes.
const ROOM: usize = 4096;

/// The terminal and its modes from before it was asked on. Modes belong to the terminal, not to whoever asks: there is
/// one such place in a process.
static LENT: Mutex<Option<(File, Termios)>> = Mutex::new(None);

fn lent() -> MutexGuard<'static, Option<(File, Termios)>> {
    LENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The terminal of this process while what is typed on it is not shown. Whole lines are read, so that the terminal's own
/// keys edit them, and Ctrl-C is the signal that it always is.
#[derive(Debug)]
pub struct Unseen {
    terminal: File,
}

impl Unseen {
    /// From now on nothing is shown; `None` without a terminal. What was typed before, and seen, is thrown away.
    pub fn begin() -> Option<Self> {
        let terminal = File::options().read(true).write(true).open("/dev/tty").ok()?;
        let modes = tcgetattr(&terminal).ok()?;
        let mut silent = modes.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        silent.local_modes.insert(LocalModes::ICANON | LocalModes::ISIG | LocalModes::ECHONL);
        *lent() = Some((terminal.try_clone().ok()?, modes));
        let unseen = Self { terminal };
        tcsetattr(&unseen.terminal, OptionalActions::Flush, &silent).ok()?;
        Some(unseen)
    }

    /// Asks; the answer is a line without its end. Blocks.
    ///
    /// # Errors
    /// `Kind::Credentials` at the end of input (Ctrl-D) and for what is not UTF-8; `Kind::Local` for a terminal that
    /// cannot be written or read.
    pub fn ask(&self, question: &str) -> Result<SecretString> {
        let failed = |error| Error::new(Kind::Local, format!("cannot ask on the terminal: {error}"));
        let mut terminal = &self.terminal;
        terminal.write_all(question.as_bytes()).map_err(failed)?;
        let mut line = Zeroizing::new(vec![0; ROOM]);
        let read = loop {
            match terminal.read(&mut line) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read.map_err(failed)?,
            }
        };
        if read == 0 {
            return Err(Error::new(Kind::Credentials, "the question was not answered"));
        }
        let line = line[..read].strip_suffix(b"\n").unwrap_or(&line[..read]);
        let text = std::str::from_utf8(line)
            .map_err(|_| Error::new(Kind::Credentials, "what was typed is not UTF-8"))?;
        Ok(SecretString::from(text))
    }
}

impl Drop for Unseen {
    fn drop(&mut self) {
        if let Some((terminal, modes)) = lent().take() {
            let _ = tcsetattr(&terminal, OptionalActions::Now, &modes);
        }
    }
}

/// Asks on the terminal of this process, whatever stdin is; `None` without a terminal. Blocks.
///
/// # Errors
/// Those of [`Unseen::ask`].
pub fn secret(question: &str) -> Result<Option<SecretString>> {
    Unseen::begin().map(|unseen| unseen.ask(question)).transpose()
}

/// Gives the terminal back if somebody is being asked right now: the program ends, and nobody waits for the answer.
pub fn give_back() {
    if let Some((mut terminal, modes)) = lent().take() {
        let _ = tcsetattr(&terminal, OptionalActions::Now, &modes);
        let _ = terminal.write_all(b"\n");
    }
}
