//! The desktop's own clipboard. A selection lives only as long as its owner: one long-lived thread owns it while the
//! program runs, a child process after it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::{Error, Kind, Result};

/// The longest wait for the desktop.
const PATIENCE: Duration = Duration::from_secs(2);

enum Job {
    Set(String, oneshot::Sender<Result<()>>),
    Get(Sender<Option<String>>),
}

/// A handle on the thread, which starts when it is first needed.
#[derive(Clone, Default)]
pub(super) struct Native(Arc<Mutex<Parts>>);

#[derive(Default)]
struct Parts {
    jobs: Option<Sender<Job>>,
    /// What was put there last.
    last: Option<String>,
}

impl Native {
    /// Sets the clipboard.
    ///
    /// # Errors
    /// There is no desktop that answers, or it refuses.
    pub(super) async fn set(&self, text: &str) -> Result<()> {
        let (answer, answered) = oneshot::channel();
        self.jobs()?.send(Job::Set(text.to_owned(), answer)).map_err(|_| gone())?;
        let set = tokio::time::timeout(PATIENCE, answered).await;
        set.map_err(|_| Error::new(Kind::Timeout, "the desktop's clipboard did not answer"))?
            .map_err(|_| gone())??;
        self.lock().last = Some(text.to_owned());
        Ok(())
    }

    /// What this program put on the clipboard, if it is still there: what somebody else copied since is theirs.
    #[cfg(target_os = "linux")]
    fn owned(&self) -> Option<String> {
        let last = self.lock().last.take()?;
        let (answer, answered) = channel();
        self.jobs().ok()?.send(Job::Get(answer)).ok()?;
        let current = answered.recv_timeout(PATIENCE).ok()??;
        (current == last).then_some(last)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Parts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn jobs(&self) -> Result<Sender<Job>> {
        let mut parts = self.lock();
        if let Some(jobs) = &parts.jobs {
            return Ok(jobs.clone());
        }
        let (jobs, inbox) = channel();
        std::thread::Builder::new()
            .name("clipboard".to_owned())
            .spawn(move || serve(&inbox))
            .map_err(|error| Error::new(Kind::Local, format!("cannot start a thread: {error}")))?;
        parts.jobs = Some(jobs.clone());
        Ok(jobs)
    }
}

fn gone() -> Error {
    Error::new(Kind::Internal, "the clipboard's thread is gone")
}

fn failed(error: &arboard::Error) -> Error {
    Error::new(Kind::Local, format!("the desktop's clipboard refused: {error}"))
}

/// The thread: opens the clipboard at its first job, again after a failure, and holds it.
fn serve(inbox: &Receiver<Job>) {
    let mut clipboard: Option<arboard::Clipboard> = None;
    for job in inbox {
        if clipboard.is_none() {
            clipboard = match arboard::Clipboard::new() {
                Ok(opened) => Some(opened),
                Err(error) => {
                    if let Job::Set(_, answer) = job {
                        let _ = answer.send(Err(failed(&error)));
                    }
                    continue;
                }
            };
        }
        let Some(open) = clipboard.as_mut() else { continue };
        match job {
            Job::Set(text, answer) => {
                let set = secret(open.set()).text(text);
                let broken = set.is_err();
                let _ = answer.send(set.map_err(|error| failed(&error)));
                if broken {
                    clipboard = None;
                }
            }
            Job::Get(answer) => {
                let _ = answer.send(open.get_text().ok());
            }
        }
    }
}

/// Signed links have no business in a clipboard manager's history.
#[cfg(target_os = "linux")]
fn secret(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtLinux;
    set.exclude_from_history()
}

#[cfg(target_os = "macos")]
fn secret(set: arboard::Set<'_>) -> arboard::Set<'_> {
    use arboard::SetExtApple;
    set.exclude_from_history()
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn secret(set: arboard::Set<'_>) -> arboard::Set<'_> {
    set
}

/// How long a selection outlives the program at most: that its desktop is gone is not noticed.
#[cfg(target_os = "linux")]
const KEPT: Duration = Duration::from_hours(24);

/// The hidden subcommand of the child that [`Native::keep`] starts.
#[cfg(target_os = "linux")]
pub(super) const SUBCOMMAND: &str = "__clipboard";

#[cfg(target_os = "linux")]
impl Native {
    /// Whether the selection can outlive the program.
    pub(super) fn can_keep() -> bool {
        std::env::current_exe().is_ok()
    }

    /// Hands the selection to a child, and waits until that has it: nobody finds the clipboard empty in between.
    pub(super) fn keep(&self) {
        use std::os::unix::process::CommandExt as _;
        use std::process::{Command, Stdio};

        let Some(text) = self.owned() else { return };
        let Ok(program) = std::env::current_exe() else { return };
        let child = Command::new(program)
            .arg(SUBCOMMAND)
            // In a group of its own from the start: the end of a session hangs up on the group in the foreground.
            .process_group(0)
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn();
        if let Err(error) = child.and_then(|child| hand_over(child, &text)) {
            tracing::warn!(%error, "the clipboard is not kept after exit");
        }
    }
}

/// Gives the child the text and waits for its word that the selection is its own.
#[cfg(target_os = "linux")]
fn hand_over(mut child: std::process::Child, text: &str) -> std::io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use std::io::{Read, Write};

    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes())?;
    }
    let Some(mut stdout) = child.stdout.take() else { return Ok(()) };
    let patience = Timespec::try_from(PATIENCE).ok();
    if poll(&mut [PollFd::new(&stdout, PollFlags::IN)], patience.as_ref())? == 0 {
        return Err(std::io::ErrorKind::TimedOut.into());
    }
    stdout.read_exact(&mut [0])
}

/// Elsewhere the system keeps it.
#[cfg(not(target_os = "linux"))]
impl Native {
    pub(super) fn can_keep() -> bool {
        true
    }

    pub(super) fn keep(&self) {
        let _ = &self.lock().last;
    }
}

/// See [`super::serve_selection`].
#[cfg(target_os = "linux")]
pub(super) fn serve_selection(mut input: impl std::io::Read, mut output: impl std::io::Write) -> Result<()> {
    use arboard::SetExtLinux;

    let mut text = String::new();
    input
        .read_to_string(&mut text)
        .map_err(|error| Error::new(Kind::Local, format!("cannot read the text: {error}")))?;
    if text.is_empty() {
        return Ok(());
    }
    let mut clipboard = arboard::Clipboard::new().map_err(|error| failed(&error))?;
    secret(clipboard.set()).text(text.as_str()).map_err(|error| failed(&error))?;
    // Whoever started this may be gone by now; that it cannot be told is no reason to let go.
    let _ = output.write_all(b"\n").and_then(|()| output.flush());
    let until = std::time::Instant::now() + KEPT;
    secret(clipboard.set()).wait_until(until).text(text).map_err(|error| failed(&error))
}

/// See [`super::serve_selection`].
#[cfg(not(target_os = "linux"))]
pub(super) fn serve_selection(_input: impl std::io::Read, _output: impl std::io::Write) -> Result<()> {
    Err(Error::new(Kind::Unsupported, "the clipboard needs no keeper on this system"))
}
