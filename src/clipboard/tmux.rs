//! tmux, asked to set the outer terminal's clipboard. Its options drop OSC 52 from programs by default; its own
//! `load-buffer -w` always gets through, where the terminal can do it at all.

use super::command;
use crate::error::{Error, Kind, Result};

/// The buffer's name; it exists for a moment only.
const BUFFER: &str = "twinpail";

/// What tmux did with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// It told a terminal that has a clipboard.
    Announced,
    /// It told a terminal of which it does not know that.
    Unannounced,
}

/// Hands `text` to the tmux called `program`.
///
/// # Errors
/// `Kind::Unsupported` before tmux 3.2; else what tmux says.
pub(super) async fn copy(program: &str, text: &str) -> Result<Sent> {
    let version = command::run(program, &["-V"], "").await?;
    if !is_new_enough(&version) {
        return Err(Error::new(Kind::Unsupported, format!("{version} cannot set the clipboard")));
    }
    let loaded = command::run(program, &["load-buffer", "-w", "-b", BUFFER, "-"], text).await;
    // A link is a secret: it does not stay among the buffers, whether or not the terminal took it.
    let deleted = command::run(program, &["delete-buffer", "-b", BUFFER], "").await;
    loaded?;
    if let Err(error) = deleted {
        tracing::warn!(%error, "the text is still in tmux's buffer");
    }
    let features = command::run(program, &["display-message", "-p", "#{client_termfeatures}"], "").await;
    let announced = features.is_ok_and(|list| list.split(',').any(|feature| feature.trim() == "clipboard"));
    Ok(if announced { Sent::Announced } else { Sent::Unannounced })
}

/// Whether the session's user is elsewhere. The environment of an old pane is stale, the session's is not.
/// `None`: tmux does not say.
pub(super) async fn is_ssh(program: &str) -> Option<bool> {
    match command::run(program, &["show-environment", "SSH_CONNECTION"], "").await {
        Ok(line) => Some(line.starts_with("SSH_CONNECTION=")),
        Err(error) if error.message().contains("unknown variable") => Some(false),
        Err(_) => None,
    }
}

/// `load-buffer -w` came with 3.2. Versions without a number (`master`, OpenBSD's) are newer.
fn is_new_enough(version: &str) -> bool {
    let Some(start) = version.find(|c: char| c.is_ascii_digit()) else { return true };
    if version.contains("openbsd") {
        return true;
    }
    let mut numbers =
        version[start..].split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    let number: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    number >= (3, 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_told_apart() {
        for new in ["tmux 3.2", "tmux 3.3a", "tmux next-3.7", "tmux master", "tmux openbsd-7.4", "tmux 10.0"]
        {
            assert!(is_new_enough(new), "{new}");
        }
        for old in ["tmux 2.9a", "tmux 3.1c", "tmux 1.8"] {
            assert!(!is_new_enough(old), "{old}");
        }
    }
}
