//! What the program was started with as stdin and stdout.

use std::os::fd::AsFd;

use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};

use crate::error::{Error, Kind, Result};

/// Refuses a stdin that was closed (`<&-`): it would read as empty.
pub(super) fn open_stdin() -> Result<()> {
    if was_closed(std::io::stdin()) {
        return Err(Error::new(Kind::Usage, "stdin is closed: there is nothing to read")
            .with_hint("pipe the bytes in; `</dev/null` means no bytes"));
    }
    Ok(())
}

/// Refuses a stdout that was closed (`>&-`): what is written there would be lost.
pub(super) fn open_stdout() -> Result<()> {
    if was_closed(std::io::stdout()) {
        return Err(Error::new(Kind::Usage, "stdout is closed: there is nowhere to write to")
            .with_hint("`>/dev/null` throws the bytes away"));
    }
    Ok(())
}

/// Whether a standard stream was closed when the program was started. Rust's runtime opens `/dev/null` in its place, for
/// reading and writing; a shell's `</dev/null` and `>/dev/null` are for one of them.
fn was_closed(stream: impl AsFd) -> bool {
    let both = fcntl_getfl(&stream).is_ok_and(|flags| flags & OFlags::ACCMODE == OFlags::RDWR);
    let device = |data: rustix::fs::Stat| data.st_rdev;
    both && fstat(&stream).map(device) == stat("/dev/null").map(device)
}
