//! A program that is given text on standard input; never in its arguments, where everybody can read it.

use std::io::{Read, Seek};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::error::{Error, Kind, Result};

/// The longest wait for it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs `program`, writes `input`, waits two seconds at most and returns what it printed.
///
/// What it prints goes to files rather than pipes: clipboard tools leave a child behind that serves the selection
/// and keeps their pipes open for ever.
///
/// # Errors
/// It cannot be started, fails, or takes too long (it is killed then).
pub(super) async fn run(program: &str, args: &[&str], input: &str) -> Result<String> {
    run_within(PATIENCE, program, args, input).await
}

async fn run_within(patience: Duration, program: &str, args: &[&str], input: &str) -> Result<String> {
    let failed = |why: String| Error::new(Kind::Local, format!("cannot run {program}: {why}"));
    let capture = || tempfile::tempfile().map_err(|error| failed(error.to_string()));
    let (mut out, mut err) = (capture()?, capture()?);
    let handle = |file: &std::fs::File| file.try_clone().map_err(|error| failed(error.to_string()));
    let mut child = tokio::process::Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(handle(&out)?)
        .stderr(handle(&err)?)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let stdin = child.stdin.take();
    let work = async {
        if let Some(mut stdin) = stdin {
            // One that does not read to the end may still have done its work: its exit code tells.
            let _ = stdin.write_all(input.as_bytes()).await;
        }
        child.wait().await
    };
    let Ok(status) = tokio::time::timeout(patience, work).await else {
        let message = format!("{program} did not finish in {} s and was stopped", patience.as_secs());
        return Err(Error::new(Kind::Timeout, message));
    };
    let status = status.map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(contents(&mut out));
    }
    let said = contents(&mut err);
    let reason = said.lines().next().map_or_else(|| status.to_string(), str::to_owned);
    Err(Error::new(Kind::Local, format!("{program} failed: {reason}")))
}

fn contents(file: &mut std::fs::File) -> String {
    let mut bytes = Vec::new();
    let _ = file.rewind().and_then(|()| file.take(64 * 1024).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn text_goes_in_and_output_comes_back() {
        assert_eq!(run("cat", &[], "https://x/?sig=1").await.unwrap(), "https://x/?sig=1");
    }

    #[tokio::test]
    async fn failures_carry_the_programs_own_words() {
        let error = run("sh", &["-c", "echo no display >&2; exit 3"], "").await.unwrap_err();
        assert_eq!(error.message(), "sh failed: no display");
        assert!(run("/nonexistent/tool", &[], "").await.is_err());
    }

    #[tokio::test]
    async fn one_that_hangs_is_stopped() {
        let hung = run_within(Duration::from_millis(20), "sleep", &["1000"], "").await;
        assert_eq!(hung.unwrap_err().kind(), Kind::Timeout);
    }

    #[tokio::test]
    async fn a_child_left_behind_is_not_waited_for() {
        assert!(run("sh", &["-c", "sleep 60 & exit 0"], "").await.is_ok());
    }
}
