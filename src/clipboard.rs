//! Text onto the clipboard of the machine the user sits at.
//!
//! Over SSH only the terminal can do it (OSC 52), locally the desktop's own clipboard too. What was done is told
//! as it is: sent is not copied.

mod command;
mod native;
mod osc52;
mod tmux;

use std::io;
use std::sync::Arc;

use crate::config::Ui;
use crate::error::{Error, Kind, Result};
use native::Native;

/// What truly happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is on the clipboard, by the way named (`wl-copy`, `the desktop's clipboard`, ...); `lost_at_exit` if it
    /// will be gone when the program ends.
    Copied {
        /// The way.
        by: String,
        /// Whether it is gone when the program ends.
        lost_at_exit: bool,
    },
    /// It was sent to the terminal, which does not say whether it took it.
    Sent {
        /// The way (`your terminal`, `tmux`, `screen`).
        by: String,
        /// The terminal was spoken to directly: it can be asked whether it takes such text at all.
        directly: bool,
    },
    /// No channel took it.
    Failed(Error),
}

/// Puts raw bytes on the terminal in one go, between two frames.
pub type Write = Arc<dyn Fn(&[u8]) -> io::Result<()> + Send + Sync>;

/// What decides the channel: read once at the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent facts of the environment")]
pub struct Surroundings {
    /// `[ui] clipboard_command`.
    pub command: Vec<String>,
    /// Inside tmux (`TMUX`).
    pub tmux: bool,
    /// Inside GNU screen (`STY`).
    pub screen: bool,
    /// The user is elsewhere: `SSH_CONNECTION`, `SSH_CLIENT` or `SSH_TTY`. In tmux the session is asked when
    /// something is copied: the environment of an old pane is stale.
    pub ssh: bool,
    /// There is a desktop: `DISPLAY` or `WAYLAND_DISPLAY`, or macOS.
    pub desktop: bool,
}

impl Surroundings {
    /// From the configuration and the environment. Asks nobody.
    pub fn from_env(ui: &Ui) -> Self {
        Self::from_lookup(ui, |name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
    }

    fn from_lookup(ui: &Ui, is_set: impl Fn(&str) -> bool) -> Self {
        Self {
            command: ui.clipboard_command.clone(),
            tmux: is_set("TMUX"),
            screen: is_set("STY"),
            ssh: ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"].into_iter().any(&is_set),
            desktop: cfg!(target_os = "macos") || is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"),
        }
    }
}

/// Puts text on the clipboard. One for a whole run.
#[derive(Clone)]
pub struct Clipboard {
    surroundings: Surroundings,
    write: Write,
    tmux_program: String,
    native: Native,
}

impl Clipboard {
    /// `write` puts raw bytes on the terminal in one go, between two frames.
    pub fn new(surroundings: Surroundings, write: Write) -> Self {
        Self { surroundings, write, tmux_program: "tmux".to_owned(), native: Native::default() }
    }

    /// Copies `text`. Never blocks the caller's thread for long; gives up on a channel after two seconds.
    pub async fn copy(&self, text: &str) -> Outcome {
        if let Some((program, args)) = self.surroundings.command.split_first() {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            return match command::run(program, &args, text).await {
                Ok(_) => Outcome::Copied { by: program.clone(), lost_at_exit: false },
                Err(error) => Outcome::Failed(error.with_hint("see clipboard_command in the configuration")),
            };
        }
        let (mut terminal, native, ssh) =
            tokio::join!(self.to_terminal(text), self.to_desktop(text), self.is_ssh());
        // A forwarded desktop is often the one that the terminal is on, and what was put there by us ends with us: the
        // terminal, which stays, has the last word.
        if ssh && terminal.is_ok() && matches!(native, Some(Ok(()))) {
            terminal = self.to_terminal(text).await;
        }
        judge(terminal, native, ssh)
    }

    /// Hands a desktop selection over to a hidden child process so that it outlives this one. Call once, at exit.
    /// Over SSH nothing is left behind: the desktop there is not known to be the user's.
    pub fn keep_after_exit(&self) {
        if !self.surroundings.ssh {
            self.native.keep();
        }
    }

    async fn is_ssh(&self) -> bool {
        let environment = self.surroundings.ssh;
        if self.surroundings.tmux {
            tmux::is_ssh(&self.tmux_program).await.unwrap_or(environment)
        } else {
            environment
        }
    }

    /// `None` without a desktop.
    async fn to_desktop(&self, text: &str) -> Option<Result<()>> {
        if !self.surroundings.desktop {
            return None;
        }
        let set = self.native.set(text).await;
        if let Err(error) = &set {
            tracing::debug!(%error, "no desktop clipboard");
        }
        Some(set)
    }

    /// Returns the way it took, and whether the terminal itself was spoken to.
    async fn to_terminal(&self, text: &str) -> Result<(String, bool)> {
        if text.len() > osc52::MAX {
            let message = format!("{} bytes are more than terminals copy ({})", text.len(), osc52::MAX);
            return Err(Error::new(Kind::Unsupported, message).with_hint("copy fewer links, or print them"));
        }
        let (by, bytes) = if self.surroundings.tmux {
            match tmux::copy(&self.tmux_program, text).await {
                Ok(tmux::Sent::Announced) => return Ok(("your terminal through tmux".to_owned(), false)),
                Ok(tmux::Sent::Unannounced) => {
                    return Ok(("tmux (whose terminal announces no clipboard)".to_owned(), false));
                }
                Err(error) => {
                    tracing::debug!(%error, "tmux cannot be asked");
                    ("tmux", osc52::tmux(text))
                }
            }
        } else if self.surroundings.screen {
            ("screen", osc52::screen(text))
        } else {
            ("your terminal", osc52::bare(text))
        };
        let write = Arc::clone(&self.write);
        // A terminal that does not read would hold the caller up.
        let written = tokio::task::spawn_blocking(move || write(&bytes)).await;
        let written = written.unwrap_or_else(|error| Err(io::Error::other(error)));
        let directly = !self.surroundings.tmux && !self.surroundings.screen;
        written.map(|()| (by.to_owned(), directly)).map_err(|error| {
            Error::new(Kind::Local, format!("cannot write to the terminal: {error}")).with_source(error)
        })
    }
}

/// What may be said. A desktop reached over SSH may be anybody's, so it proves nothing.
fn judge(terminal: Result<(String, bool)>, native: Option<Result<()>>, ssh: bool) -> Outcome {
    match (native, terminal) {
        (Some(Ok(())), _) if !ssh => {
            Outcome::Copied { by: "the desktop's clipboard".to_owned(), lost_at_exit: !Native::can_keep() }
        }
        (_, Ok((by, directly))) => Outcome::Sent { by, directly },
        (Some(Ok(())), Err(_)) => Outcome::Sent { by: "the forwarded desktop".to_owned(), directly: false },
        (_, Err(error)) => Outcome::Failed(error),
    }
}

/// The hidden child's work: takes text on stdin, owns the desktop's selection, says so by a line on
/// stdout, and returns when somebody else owns it.
///
/// # Errors
/// There is no desktop, or not on this system.
pub fn serve_selection() -> Result<()> {
    native::serve_selection(io::stdin().lock(), io::stdout().lock())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::Mutex;

    type Written = Arc<Mutex<Vec<u8>>>;

    fn clipboard(surroundings: Surroundings) -> (Clipboard, Written) {
        let written = Written::default();
        let sink = Arc::clone(&written);
        let write = move |bytes: &[u8]| {
            sink.lock().unwrap().extend_from_slice(bytes);
            Ok(())
        };
        (Clipboard::new(surroundings, Arc::new(write)), written)
    }

    /// A tmux that notes its arguments and stdin, and answers as told: (first argument, answer, exit code).
    fn fake_tmux(folder: &std::path::Path, answers: &[(&str, &str, u8)]) -> String {
        let (program, log) = (folder.join("tmux"), folder.join("log"));
        let mut script = format!("#!/bin/sh\necho \"$@\" >>{0}\n", log.display());
        let _ = write!(script, "case $1 in\nload-buffer) cat >>{0}; echo >>{0};;\n", log.display());
        for (argument, answer, code) in answers {
            let _ = writeln!(script, "{argument}) echo '{answer}'; echo '{answer}' >&2; exit {code};;");
        }
        script.push_str("esac\n");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        program.to_string_lossy().into_owned()
    }

    fn sent(by: &str) -> Outcome {
        Outcome::Sent { by: by.to_owned(), directly: by == "your terminal" }
    }

    #[tokio::test]
    async fn a_plain_terminal_gets_osc_52() {
        let (clipboard, written) = clipboard(Surroundings { ssh: true, ..Surroundings::default() });
        assert_eq!(clipboard.copy("a").await, sent("your terminal"));
        assert_eq!(*written.lock().unwrap(), b"\x1b]52;c;YQ==\x07");
    }

    #[tokio::test]
    async fn screen_gets_its_wrapping() {
        let (clipboard, written) = clipboard(Surroundings { screen: true, ..Surroundings::default() });
        assert_eq!(clipboard.copy("a").await, sent("screen"));
        assert_eq!(*written.lock().unwrap(), b"\x1bP\x1b]52;c;YQ==\x07\x1b\\");
    }

    #[tokio::test]
    async fn too_much_is_refused_not_cut() {
        let (clipboard, written) = clipboard(Surroundings::default());
        let Outcome::Failed(error) = clipboard.copy(&"x".repeat(osc52::MAX + 1)).await else {
            panic!("sent")
        };
        assert_eq!(error.kind(), Kind::Unsupported);
        assert!(written.lock().unwrap().is_empty());
        assert_eq!(clipboard.copy(&"x".repeat(osc52::MAX)).await, sent("your terminal"));
    }

    #[tokio::test]
    async fn tmux_is_asked_and_its_buffer_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (mut clipboard, written) = clipboard(Surroundings { tmux: true, ..Surroundings::default() });
        let answers = [
            ("-V", "tmux 3.3a", 0),
            ("display-message", "256,clipboard,title", 0),
            ("show-environment", "", 1),
        ];
        clipboard.tmux_program = fake_tmux(folder.path(), &answers);
        assert_eq!(clipboard.copy("https://x/?s=1").await, sent("your terminal through tmux"));
        assert!(written.lock().unwrap().is_empty());
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        // Something else is asked at the same time, perhaps between the two.
        assert!(log.contains("load-buffer -w -b twinpail -\n") && log.contains("https://x/?s=1"), "{log}");
        assert!(log.contains("delete-buffer -b twinpail"), "{log}");
    }

    #[tokio::test]
    async fn an_old_tmux_is_passed_through() {
        let folder = tempfile::tempdir().unwrap();
        let (mut clipboard, written) = clipboard(Surroundings { tmux: true, ..Surroundings::default() });
        clipboard.tmux_program = fake_tmux(folder.path(), &[("-V", "tmux 3.0", 0)]);
        assert_eq!(clipboard.copy("a").await, sent("tmux"));
        assert_eq!(*written.lock().unwrap(), osc52::tmux("a"));
    }

    #[tokio::test]
    async fn in_tmux_the_session_knows_where_the_user_is() {
        let folder = tempfile::tempdir().unwrap();
        let ask = async |environment: bool, answer: (&'static str, u8)| {
            let (mut clipboard, _) =
                clipboard(Surroundings { tmux: true, ssh: environment, ..Surroundings::default() });
            clipboard.tmux_program = fake_tmux(folder.path(), &[("show-environment", answer.0, answer.1)]);
            clipboard.is_ssh().await
        };
        assert!(ask(false, ("SSH_CONNECTION=10.0.0.1 5 10.0.0.2 22", 0)).await);
        assert!(!ask(true, ("-SSH_CONNECTION", 0)).await);
        assert!(!ask(true, ("unknown variable: SSH_CONNECTION", 1)).await);
        assert!(ask(true, ("no server running", 1)).await, "no answer: the environment decides");
    }

    #[tokio::test]
    async fn a_configured_command_is_the_only_channel() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("copied");
        let command = vec!["sh".into(), "-c".into(), format!("cat >{}", file.display())];
        let (clipboard, written) = clipboard(Surroundings { command, ..Surroundings::default() });
        assert_eq!(clipboard.copy("link").await, Outcome::Copied { by: "sh".into(), lost_at_exit: false });
        assert_eq!(std::fs::read_to_string(file).unwrap(), "link");
        assert!(written.lock().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_command_that_fails_is_told() {
        let command = vec!["false".to_owned()];
        let (clipboard, _) = clipboard(Surroundings { command, ..Surroundings::default() });
        let Outcome::Failed(error) = clipboard.copy("link").await else { panic!("not told") };
        assert!(error.hint().unwrap().contains("clipboard_command"));
        assert!(!format!("{error:?}").contains("link"), "the text is a secret");
    }

    #[test]
    fn only_what_is_known_is_claimed() {
        let terminal = |ok: bool| {
            if ok { Ok(("your terminal".to_owned(), true)) } else { Err(Error::new(Kind::Local, "gone")) }
        };
        let native = |ok: bool| Some(if ok { Ok(()) } else { Err(Error::new(Kind::Local, "no display")) });
        let copied = |outcome| matches!(outcome, Outcome::Copied { .. });
        assert!(copied(judge(terminal(true), native(true), false)));
        assert!(copied(judge(terminal(false), native(true), false)));
        assert_eq!(judge(terminal(true), native(true), true), sent("your terminal"), "somebody's desktop");
        assert_eq!(judge(terminal(true), native(false), false), sent("your terminal"));
        assert_eq!(judge(terminal(true), None, false), sent("your terminal"));
        assert!(matches!(judge(terminal(false), None, false), Outcome::Failed(_)));
        assert!(matches!(judge(terminal(false), native(false), true), Outcome::Failed(_)));
    }

    #[test]
    fn surroundings_are_read_from_the_environment() {
        let with =
            |set: &'static [&str]| Surroundings::from_lookup(&Ui::default(), |name| set.contains(&name));
        assert!(with(&["SSH_TTY"]).ssh && with(&["SSH_CONNECTION"]).ssh && with(&["SSH_CLIENT"]).ssh);
        assert!(with(&["TMUX"]).tmux && with(&["STY"]).screen);
        assert!(with(&["WAYLAND_DISPLAY"]).desktop && with(&["DISPLAY"]).desktop);
        assert!(!with(&[]).ssh);
    }
}
