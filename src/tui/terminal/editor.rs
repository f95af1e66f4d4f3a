//! The user's editor as a child of this process, with the terminal all to itself.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};

use crate::error::{Error, Kind, Result};

/// What edits where nothing is set.
const FALLBACK: &str = "vi";

/// Runs `$VISUAL`, else `$EDITOR`, as a shell would: they may have options.
pub(super) fn run(file: &Path) -> Result<()> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let editor = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| FALLBACK.to_owned());
    let failed = |why: String| {
        Error::new(Kind::Local, format!("the editor `{editor}` {why}"))
            .with_hint("set VISUAL or EDITOR to the command that edits a file")
    };
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("{editor} \"$@\"")).arg("editor").arg(file);
    let child = command.spawn().map_err(|error| failed(format!("could not be started: {error}")))?;
    let status = wait(child).map_err(|error| failed(format!("was lost: {error}")))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(126 | 127) => Err(failed("was not found".to_owned())),
        Some(code) => Err(failed(format!("ended with code {code}"))),
        None => Err(failed("was killed".to_owned())),
    }
}

/// Waits for its end. If it is stopped (Ctrl-Z), so is this process: the shell that started both gets the terminal back.
fn wait(mut child: Child) -> std::io::Result<ExitStatus> {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return child.wait() };
    loop {
        let status = match waitpid(Some(pid), WaitOptions::UNTRACED) {
            Ok(Some((_, status))) => status,
            Ok(None) | Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        };
        if !status.stopped() {
            return Ok(ExitStatus::from_raw(status.as_raw()));
        }
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        kill_process(pid, Signal::CONT)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_child_is_told_as_it_was() {
        for (script, code) in [("exit 0", Some(0)), ("exit 3", Some(3)), ("kill -9 $$", None)] {
            let child = Command::new("/bin/sh").args(["-c", script]).spawn().unwrap();
            assert_eq!(wait(child).unwrap().code(), code, "{script}");
        }
    }
}
