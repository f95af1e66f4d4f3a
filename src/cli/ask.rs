//! Questions: asked on stderr, answered on stdin.

use std::io::{BufRead as _, IsTerminal as _};

use super::hangup;
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

/// A secret: typed unseen on a terminal, else stdin's first line. Blocking.
pub(super) fn secret(question: &str) -> Result<String> {
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password(&*crate::locale::shown(question, &std::io::stdin())).map_err(
            |error| {
                hangup::stdin_ended();
                Error::new(Kind::Local, format!("cannot ask: {error}"))
            },
        );
    }
    first_line()
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
