//! Questions: asked on stderr, answered on stdin.

use std::io::{BufRead as _, IsTerminal as _};

use secrecy::SecretString;

use super::hangup;
use crate::config::prompt;
use crate::error::{Error, Kind, Result};

/// Asks; the answer is a line without its end, empty where stdin has none. Blocking.
pub(super) fn line(question: &str) -> Result<String> {
    let failed = |error: std::io::Error| Error::new(Kind::Local, format!("cannot ask: {error}"));
    crate::locale::say(question).map_err(failed)?;
    first_line()
}

/// Asks while the runtime goes on with its work.
pub(super) async fn answer(question: String) -> Result<String> {
    let answer = tokio::task::spawn_blocking(move || line(&question)).await;
    answer.map_err(|error| Error::new(Kind::Internal, format!("a task failed: {error}")))?
}

/// Asks for a yes; only that is one.
pub(super) async fn agreed(question: &str) -> Result<bool> {
    let answer = answer(format!("{question} [y/N] ")).await?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Asks for a secret while the runtime goes on with its work, and hears signals.
pub(super) async fn secret_answer(question: &'static str) -> Result<SecretString> {
    let answer = tokio::task::spawn_blocking(move || secret(question)).await;
    answer.map_err(|error| Error::new(Kind::Internal, format!("a task failed: {error}")))?
}

/// A secret: typed unseen on a terminal, else stdin's first line. Blocking.
pub(super) fn secret(question: &str) -> Result<SecretString> {
    if std::io::stdin().is_terminal() {
        // At the end of input the terminal may be gone.
        let typed = prompt::secret(&crate::locale::shown(question, &std::io::stdin()))
            .inspect_err(|_| hangup::stdin_ended())?;
        return typed.ok_or_else(|| Error::new(Kind::Local, "cannot ask: there is no terminal to type on"));
    }
    first_line().map(SecretString::from)
}

fn first_line() -> Result<String> {
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if !matches!(read, Ok(1..)) {
        hangup::stdin_ended();
    }
    read.map_err(|error| Error::new(Kind::Local, format!("cannot read stdin: {error}")))?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}
