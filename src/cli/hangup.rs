//! A terminal whose other end has closed without a word (its session's leader was killed, a supervisor kept SIGHUP to
//! itself). Whoever reads from it only sees the end of the input, which for a pipe is nothing unusual.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use rustix::process::{Signal, getpid, kill_process};
use tokio::io::{AsyncRead, ReadBuf};

/// How long the signal may take to end this process.
const PATIENCE: Duration = Duration::from_secs(10);

/// Call it when stdin has ended or could not be read. If that was the end of a terminal, this process ends as SIGHUP ends
/// it: what runs is kept, and the exit code is 129. Blocking.
pub(super) fn stdin_ended() {
    if hang_up() {
        std::thread::sleep(PATIENCE);
    }
}

/// Whether stdin is a terminal that is gone; then the signal is on its way.
fn hang_up() -> bool {
    // A terminal that is gone does not say any more that it was one; pipes hang up in the ordinary course of things.
    let stdin = io::stdin();
    let is_device =
        fstat(&stdin).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::CharacterDevice);
    let mut asked = [PollFd::new(&stdin, PollFlags::empty())];
    let polled = poll(&mut asked, Some(&Timespec::default())).is_ok();
    let is_gone = polled && asked[0].revents().intersects(PollFlags::HUP | PollFlags::ERR);
    is_device && is_gone && kill_process(getpid(), Signal::HUP).is_ok()
}

/// Standard input, whose end is not mistaken for the end of the data where it is the end of the terminal.
pub(super) struct Stdin(tokio::io::Stdin);

impl Stdin {
    pub(super) fn new() -> Self {
        Self(tokio::io::stdin())
    }
}

impl AsyncRead for Stdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.0).poll_read(context, buffer);
        let has_ended =
            matches!(&read, Poll::Ready(read) if read.is_err() || buffer.filled().len() == before);
        // The signal ends whatever waits.
        if has_ended && buffer.remaining() > 0 && hang_up() { Poll::Pending } else { read }
    }
}
