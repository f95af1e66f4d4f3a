//! Job control: stopping with everything that was started together with this program, so that the shell that waits for
//! all of it gets its terminal back.

use std::io;

use rustix::process::{Signal, getpgrp, getsid, kill_current_process_group};

/// Stops the process group until somebody continues it; whether that can be: the group of the session's leader has no
/// shell that could.
pub(super) fn stop() -> io::Result<bool> {
    if !can_stop() {
        return Ok(false);
    }
    // Not SIGTSTP, which this program catches itself; a wrapper script has to stop as well, or its shell waits on.
    kill_current_process_group(Signal::STOP)?;
    Ok(true)
}

/// Whether a shell waits that could continue the process group.
pub(super) fn can_stop() -> bool {
    getsid(None).is_ok_and(|leader| leader != getpgrp())
}
