//! The user's editor as a child of this process, with the terminal all to itself.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, kill_process, waitpid};
use tokio::signal::unix::{SignalKind, signal};

use super::super::message::EditorEnd;
use super::jobs;
use crate::error::{Error, Kind};

/// What edits where nothing is set.
const FALLBACK: &str = "vi";
/// How long an editor may take to end when this program is ended by a signal.
const PATIENCE: Duration = Duration::from_millis(500);

/// An editor that runs.
pub(crate) struct Editor {
    name: String,
    child: Child,
    /// Somebody's child has ended or stopped.
    changed: tokio::signal::unix::Signal,
    started: Instant,
}

impl Editor {
    /// Starts `$VISUAL`, else `$EDITOR`, as a shell would: they may have options. Inside a runtime.
    pub(super) fn start(file: &Path) -> Result<Self, Error> {
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
        let name = set("VISUAL").or_else(|| set("EDITOR")).unwrap_or_else(|| FALLBACK.to_owned());
        let failed = |error: std::io::Error| {
            described(&name, &format!("could not be started: {error}")).with_hint(SETTING)
        };
        // Before it starts, so that not even an end at once is missed.
        let changed = signal(SignalKind::child()).map_err(failed)?;
        let mut command = Command::new("/bin/sh");
        let exec = if is_simple(&name) { "exec " } else { "" };
        command.arg("-c").arg(format!("{exec}{name} \"$@\"")).arg("editor").arg(file);
        let child = command.spawn().map_err(failed)?;
        Ok(Self { name, child, changed, started: Instant::now() })
    }

    /// Waits for its end. If it is stopped (Ctrl-Z), so is this process: the shell that started both gets the terminal
    /// back.
    pub(crate) async fn ended(&mut self) -> EditorEnd {
        loop {
            match self.look() {
                Ok(Some(status)) => return self.judge(status),
                Ok(None) => {}
                Err(error) => return EditorEnd::Failed(described(&self.name, &format!("was lost: {error}"))),
            }
            if self.changed.recv().await.is_none() {
                return EditorEnd::Failed(described(&self.name, "was lost"));
            }
        }
    }

    /// Ends it as this process is being ended, and waits a moment for that.
    pub(crate) async fn end(mut self, signal: Signal) {
        if let Some(pid) = self.pid() {
            // One that is gone already has ended by itself.
            let _ = kill_process(pid, signal);
            let _ = kill_process(pid, Signal::CONT);
            let _ = tokio::time::timeout(PATIENCE, self.ended()).await;
        }
    }

    fn pid(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// How it ended, if it has. Stops with it.
    fn look(&mut self) -> std::io::Result<Option<ExitStatus>> {
        let Some(pid) = self.pid() else { return self.child.try_wait() };
        loop {
            let status = match waitpid(Some(pid), WaitOptions::UNTRACED | WaitOptions::NOHANG) {
                Ok(Some((_, status))) => status,
                Ok(None) => return Ok(None),
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if !status.stopped() {
                return Ok(Some(ExitStatus::from_raw(status.as_raw())));
            }
            // Where nobody could continue this process, nothing stops.
            jobs::stop()?;
            kill_process(pid, Signal::CONT)?;
        }
    }

    fn judge(&self, status: ExitStatus) -> EditorEnd {
        let failed = |how: &str| described(&self.name, how);
        match (status.code(), status.signal()) {
            (Some(0), _) => EditorEnd::Done(self.started.elapsed()),
            (Some(126 | 127), _) => EditorEnd::NotFound(missing(&self.name)),
            // As a shell tells it.
            (Some(code @ 129..=192), _) => {
                EditorEnd::Failed(failed(&format!("was killed by signal {}", code - 128)))
            }
            (Some(code), _) => EditorEnd::Failed(failed(&format!("ended with code {code}"))),
            (None, Some(signal)) => EditorEnd::Failed(failed(&format!("was killed by signal {signal}"))),
            (None, None) => EditorEnd::Failed(failed("was killed")),
        }
    }
}

/// Whether it is one command, which can take the shell's place: signals and stops are then its own.
fn is_simple(command: &str) -> bool {
    let first = command.split_whitespace().next().unwrap_or_default();
    !first.contains('=') && !command.contains(['\n', ';', '&', '|', '<', '>', '(', ')', '`'])
}

const SETTING: &str = "set VISUAL or EDITOR to the command that edits a file";

fn described(name: &str, how: &str) -> Error {
    Error::new(Kind::Local, format!("the editor `{name}` {how}"))
}

fn missing(name: &str) -> Error {
    described(name, "was not found").with_hint(SETTING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_of_a_child_is_told_as_it_was() {
        for (script, how) in [
            ("exit 0", None),
            ("exit 3", Some("ended with code 3")),
            ("kill -9 $$", Some("was killed by signal 9")),
            ("exit 127", Some("was not found")),
            ("exit 143", Some("was killed by signal 15")),
        ] {
            let changed = signal(SignalKind::child()).unwrap();
            let child = Command::new("/bin/sh").args(["-c", script]).spawn().unwrap();
            let mut editor = Editor { name: "ed".to_owned(), child, changed, started: Instant::now() };
            match (editor.ended().await, how) {
                (EditorEnd::Done(_), None) => {}
                (EditorEnd::Failed(error) | EditorEnd::NotFound(error), Some(how)) => {
                    assert_eq!(error.message(), format!("the editor `ed` {how}"), "{script}");
                }
                (end, _) => panic!("{script}: {end:?}"),
            }
        }
    }
}
