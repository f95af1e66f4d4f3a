//! Where a secret comes from. Nothing here shows one: not `Debug`, not an error.

use std::process::Stdio;
use std::time::Duration;

use secrecy::SecretString;

use crate::error::{Error, Kind, Result};

/// A command may wait for a hardware key to be touched.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where a secret comes from.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// The configuration file itself.
    Plain(SecretString),
    /// The first line of a program's stdout; program and arguments, no shell.
    Command(Vec<String>),
}

impl SecretSource {
    /// The secret; runs the command if it is one, without holding up the runtime.
    ///
    /// # Errors
    /// `Kind::Credentials` naming the command, its exit code and the first line of its stderr.
    pub async fn resolve(&self) -> Result<SecretString> {
        let command = match self {
            Self::Plain(secret) => return Ok(secret.clone()),
            Self::Command(command) => command,
        };
        let [program, arguments @ ..] = command.as_slice() else {
            return Err(Error::new(Kind::Credentials, "secret_command names no program"));
        };
        let failed = |why: String| Error::new(Kind::Credentials, format!("secret_command {program}: {why}"));
        let running = tokio::process::Command::new(program)
            .args(arguments)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, running)
            .await
            .map_err(|_| failed(format!("no answer within {} s", PATIENCE.as_secs())))?
            .map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().next().unwrap_or("it said nothing");
            return Err(failed(format!("{}: {said}", output.status)));
        }
        let text = String::from_utf8(output.stdout).map_err(|_| failed("its output is not text".into()))?;
        match text.lines().next() {
            Some(line) if !line.is_empty() => Ok(SecretString::from(line)),
            _ => Err(failed("it printed nothing".into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn command(words: &[&str]) -> SecretSource {
        SecretSource::Command(words.iter().map(|&word| word.to_owned()).collect())
    }

    #[tokio::test]
    async fn the_first_line_of_a_command_is_the_secret() {
        let secret = command(&["printf", "hush\nuser: x\n"]).resolve().await.unwrap();
        assert_eq!(secret.expose_secret(), "hush");
    }

    #[tokio::test]
    async fn a_failing_command_is_named_with_its_words() {
        let error = command(&["sh", "-c", "echo locked >&2; exit 3"]).resolve().await.unwrap_err();
        assert!(error.message().contains("sh") && error.message().contains("locked"), "{error}");
        assert!(command(&["/nonexistent/x"]).resolve().await.is_err());
        assert!(command(&["true"]).resolve().await.unwrap_err().message().contains("nothing"));
    }
}
