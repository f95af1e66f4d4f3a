//! The terminal's input: read here and nowhere else, and taken apart into keys, pasted text, mouse events and replies.
//!
//! Reading never blocks and never wakes up on its own: only a sequence that has begun and not ended sets a timer.

mod keys;
mod parser;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _};
use std::time::Instant;

use crossterm::event::Event;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::sleep_until;

use super::output::again;
use parser::Parser;

/// Bytes of one read: a terminal hands over at most 4 KiB at once.
const CHUNK: usize = 16 << 10;
/// The most bytes of one pasted text that are kept.
pub(crate) const LONGEST_PASTE: usize = 1 << 20;

/// Something that the terminal sent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    /// A key, the mouse, or the focus.
    Input(Event),
    /// Pasted text.
    Pasted {
        /// It, or its beginning.
        text: String,
        /// There was more than [`LONGEST_PASTE`].
        cut: bool,
    },
    /// The answer to something that it was asked.
    Reply(Reply),
}

/// What the terminal answers. Replies that nobody asked for here are dropped by the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// To [`ASK_ATTRIBUTES`].
    Attributes {
        /// Programs may set its clipboard (OSC 52). Kitty, iTerm2, foot, Windows Terminal and others say so;
        /// that a terminal does not say it proves nothing.
        clipboard: bool,
    },
    /// To [`ASK_STATUS`]: it has worked off everything that was sent before the question.
    Ready,
}

/// Asks for the primary device attributes (DA1).
pub(crate) const ASK_ATTRIBUTES: &[u8] = b"\x1b[c";

/// Asks for the status (DSR), which terminals answer in the order of what they are sent.
pub(crate) const ASK_STATUS: &[u8] = b"\x1b[5n";

/// What has come so far.
pub(crate) enum Ready {
    /// Something.
    Heard(Heard),
    /// Nothing more than what was heard.
    Nothing,
    /// The terminal is gone.
    Gone,
}

/// The keyboard's end of the terminal.
pub(crate) struct Input {
    tty: AsyncFd<File>,
    parser: Parser,
    heard: VecDeque<Heard>,
    /// The terminal is gone.
    gone: bool,
}

impl Input {
    /// Over standard input, which is a terminal. Inside a runtime.
    pub(crate) fn open() -> io::Result<Self> {
        Self::over(again(io::stdin())?)
    }

    #[expect(
        deprecated,
        reason = "its successor is unsafe for types that change their descriptor; files do not"
    )]
    fn over(tty: File) -> io::Result<Self> {
        Ok(Self {
            tty: AsyncFd::with_interest(tty, Interest::READABLE)?,
            parser: Parser::default(),
            heard: VecDeque::new(),
            gone: false,
        })
    }

    /// The next thing that is heard; `None`: the terminal is gone. Nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Option<Heard> {
        loop {
            match self.ready() {
                Ready::Heard(heard) => return Some(heard),
                Ready::Gone => return None,
                Ready::Nothing => {}
            }
            let deadline = self.parser.deadline();
            let expired = async {
                match deadline {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                readable = self.tty.readable() => match readable {
                    // What came since this readiness was seen keeps it set.
                    Ok(mut readable) if !is_readable(self.tty.get_ref()) => readable.clear_ready(),
                    Ok(_) => {}
                    Err(_) => self.gone = true,
                },
                () = expired => self.expire(),
            }
        }
    }

    /// What has come already.
    pub(crate) fn ready(&mut self) -> Ready {
        while self.heard.is_empty() && !self.gone && is_readable(self.tty.get_ref()) {
            self.read();
        }
        match self.heard.pop_front() {
            Some(heard) => Ready::Heard(heard),
            None if self.gone => Ready::Gone,
            None => Ready::Nothing,
        }
    }

    /// Ends when the terminal is gone; reads nothing, as somebody else has the keyboard.
    pub(crate) async fn lost(&self) {
        while !is_hung_up(self.tty.get_ref()) {
            match self.tty.readable().await {
                Ok(mut readable) => readable.clear_ready(),
                Err(_) => return,
            }
        }
    }

    /// A sequence that has begun ends here unless more of it has come meanwhile.
    fn expire(&mut self) {
        if !is_readable(self.tty.get_ref()) {
            self.parser.expire(Instant::now(), &mut self.heard);
        }
    }

    fn read(&mut self) {
        let mut bytes = [0; CHUNK];
        match self.tty.get_ref().read(&mut bytes) {
            Ok(0) if !is_hung_up(self.tty.get_ref()) && is_in_lines(self.tty.get_ref()) => {
                // Ctrl-D on a terminal that is lent: the end of a line, not of the terminal.
            }
            Ok(0) => self.gone = true,
            Ok(count) => self.parser.feed(&bytes[..count], Instant::now(), &mut self.heard),
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {}
            // EIO: the other end has closed.
            Err(_) => self.gone = true,
        }
    }
}

/// Whether a read would return at once: with bytes, or with the news that the terminal is gone.
fn is_readable(tty: &File) -> bool {
    let flags = polled(tty, PollFlags::IN);
    if flags.contains(PollFlags::NVAL) {
        // Some systems cannot poll terminals (macOS).
        return rustix::io::ioctl_fionread(tty).map_or(true, |count| count > 0);
    }
    flags.intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR)
}

/// Whether the other end of the terminal has closed.
fn is_hung_up(tty: &File) -> bool {
    polled(tty, PollFlags::empty()).intersects(PollFlags::HUP | PollFlags::ERR)
}

fn polled(tty: &File, events: PollFlags) -> PollFlags {
    let mut asked = [PollFd::new(tty, events)];
    match poll(&mut asked, Some(&Timespec::default())) {
        Ok(_) => asked[0].revents(),
        Err(_) => PollFlags::empty(),
    }
}

/// Whether the terminal hands over whole lines.
fn is_in_lines(tty: &File) -> bool {
    use rustix::termios::{LocalModes, tcgetattr};
    tcgetattr(tty).is_ok_and(|modes| modes.local_modes.contains(LocalModes::ICANON))
}
