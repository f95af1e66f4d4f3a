//! Where a secret comes from. Nothing here shows one: not `Debug`, not an error.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretBox, SecretSlice, SecretString};

use super::keyring;
use super::vault::Vault;
use crate::error::{Error, Kind, Result};

/// A command may wait for a hardware key to be touched.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where a secret comes from.
#[derive(Clone, Debug)]
pub enum SecretSource {
    /// The configuration file itself.
    Plain(SecretString),
    /// What a program prints on stdout; program and arguments, no shell.
    Command(Vec<String>),
    /// The keyring of the operating system, under this name.
    Keyring(String),
    /// The file of sealed secrets, under this name.
    Sealed(Arc<Vault>, String),
}

/// The name under which the token of a gateway elsewhere is stored.
pub const GATEWAY_TOKEN: &str = "gateway/token";

/// The name under which the secret key of a profile is stored.
pub fn secret_name(profile: &str) -> String {
    format!("{profile}/secret_access_key")
}

/// Keyrings and passphrases block, for as long as somebody types.
async fn stored(get: impl FnOnce() -> Result<SecretString> + Send + 'static) -> Result<SecretString> {
    let got = tokio::task::spawn_blocking(get).await;
    got.map_err(|error| Error::new(Kind::Internal, format!("a task failed: {error}")))?
}

impl SecretSource {
    /// The secret, a command's first line; runs the command if it is one, without holding up the runtime.
    ///
    /// # Errors
    /// `Kind::Credentials` naming the command, its exit code and the first line of its stderr.
    pub async fn resolve(&self) -> Result<SecretString> {
        let command = match self {
            Self::Plain(secret) => return Ok(secret.clone()),
            Self::Keyring(name) => {
                let name = name.clone();
                return stored(move || keyring::get(&name)).await;
            }
            Self::Sealed(vault, name) => {
                let (vault, name) = (Arc::clone(vault), name.clone());
                return stored(move || vault.get(&name)).await;
            }
            Self::Command(command) => command,
        };
        let printed = run("secret_command", command).await?;
        let failed =
            |why| Error::new(Kind::Credentials, format!("{}: {why}", named("secret_command", command)));
        let text =
            std::str::from_utf8(printed.expose_secret()).map_err(|_| failed("its output is not text"))?;
        match text.lines().next() {
            Some(line) if !line.is_empty() => Ok(SecretString::from(line)),
            _ => Err(failed("it printed nothing")),
        }
    }

    /// A 256-bit encryption key: in base64 on a command's first line, or 32 raw bytes.
    ///
    /// # Errors
    /// Those of [`SecretSource::resolve`], and `Kind::Config` for anything that is not such a key.
    pub async fn resolve_key(&self) -> Result<SecretBox<[u8; 32]>> {
        const OPTION: &str = "sse_customer_key_command";
        let (key, name) = match self {
            Self::Command(command) => {
                (key_of(run(OPTION, command).await?.expose_secret()), named(OPTION, command))
            }
            other => {
                let secret = other.resolve().await?;
                (key_of(secret.expose_secret().as_bytes()), "the encryption key".to_owned())
            }
        };
        key.ok_or_else(|| {
            Error::new(
                Kind::Config,
                format!("{name}: that is neither a 256-bit key in base64 nor 32 raw bytes"),
            )
            .with_hint("`openssl rand -base64 32` makes one")
        })
    }
}

/// The option and its program; arguments may say too much.
fn named(option: &str, command: &[String]) -> String {
    format!("{option} {}", command.first().map_or("", String::as_str))
}

/// What a command prints on stdout.
async fn run(option: &str, command: &[String]) -> Result<SecretSlice<u8>> {
    let [program, arguments @ ..] = command else {
        return Err(Error::new(Kind::Credentials, format!("{option} names no program")));
    };
    let failed = |why: String| Error::new(Kind::Credentials, format!("{}: {why}", named(option, command)));
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
    Ok(SecretSlice::from(output.stdout))
}

/// The key in what was printed; a newline behind raw bytes is the command's habit, not part of them.
fn key_of(printed: &[u8]) -> Option<SecretBox<[u8; 32]>> {
    let line = printed.split(|byte| *byte == b'\n').next()?.trim_ascii();
    let decoded = Zeroizing::new(STANDARD.decode(line).unwrap_or_default());
    let raw = if printed.len() == 33 { printed.strip_suffix(b"\n").unwrap_or(printed) } else { printed };
    let key = <[u8; 32]>::try_from(raw).or_else(|_| <[u8; 32]>::try_from(decoded.as_slice())).ok()?;
    Some(SecretBox::new(Box::new(key)))
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn an_encryption_key_is_base64_or_raw() {
        let base64 = STANDARD.encode([7; 32]);
        for (printed, key) in [
            (format!("{base64}\nuser: x\n"), [7; 32]),
            (base64, [7; 32]),
            ("k".repeat(32), [b'k'; 32]),
            ("k".repeat(32) + "\n", [b'k'; 32]),
            ("\n".repeat(32), [b'\n'; 32]),
        ] {
            let found = key_of(printed.as_bytes());
            assert_eq!(found.map(|found| *found.expose_secret()), Some(key), "{printed:?}");
        }
        let (short, long) = (STANDARD.encode([7; 16]), STANDARD.encode([7; 33]));
        for wrong in ["", "hush", &short, &long, &"ab".repeat(32), &"k".repeat(33)] {
            assert!(key_of(wrong.as_bytes()).is_none(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn what_is_no_encryption_key_is_refused_without_being_shown() {
        let error = command(&["echo", "hush"]).resolve_key().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.message().contains("sse_customer_key_command echo"), "{error}");
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
        let error = command(&["false"]).resolve_key().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Credentials);
        let found = command(&["head", "-c", "32", "/dev/zero"]).resolve_key().await.unwrap();
        assert_eq!(*found.expose_secret(), [0; 32]);
    }
}
