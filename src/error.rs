//! The one error type. It says what went wrong in a sentence, and what to do about it where that is known;
//! it knows nothing of S3, files or the screen.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use crate::sanitize::display_safe;

/// Shorthand used by every room.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What sort of failure it was: decides the exit code, whether another try can help, and how a pane reacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The command line or an argument is wrong (exit code 2).
    Usage,
    /// The configuration is wrong (exit code 2).
    Config,
    /// A bucket, object, file or profile does not exist.
    NotFound,
    /// The credentials may not do this.
    Denied,
    /// No credentials, or the provider refuses them: unknown key, bad signature, expired token, clock skew.
    Credentials,
    /// The secrets are sealed and nobody has given their passphrase yet; the browser asks for it.
    Locked,
    /// Something is already there.
    Exists,
    /// Source and target are the same, or one is inside the other.
    Overlap,
    /// The object or file changed between two steps (412, 409, a vanished source).
    Changed,
    /// The provider or this program cannot do what was asked.
    Unsupported,
    /// The provider asks for fewer requests (429, 503 `SlowDown`).
    Throttled,
    /// The provider failed on its side (5xx).
    Unavailable,
    /// No connection, or it broke: DNS, TCP, TLS.
    Network,
    /// No answer in time.
    Timeout,
    /// Bytes are not what they should be: length, checksum, an answer that is not S3.
    Integrity,
    /// The local file system refused.
    Local,
    /// No space left on the local file system.
    NoSpace,
    /// The user stopped it.
    Cancelled,
    /// Anything else; worth a bug report.
    Internal,
}

/// An error with one sentence, an optional hint, and the cause underneath.
///
/// `Display` prints the sentence alone, made safe to show; print [`Error::hint`] on a line of its own.
#[derive(Clone)]
pub struct Error(Box<Parts>);

#[derive(Clone)]
struct Parts {
    kind: Kind,
    message: String,
    hint: Option<String>,
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error whose `message` names what failed, where, and why, in one sentence without a full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Parts { kind, message: message.into(), hint: None, source: None }))
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Keeps the cause for `source()` and the log.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Puts `context` and a colon before the message: where it happened.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// An I/O failure on `path` while doing `what` ("read", "create", ...).
    pub fn local(what: &str, path: &std::path::Path, source: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        let (kind, hint) = match source.kind() {
            Io::NotFound => (Kind::NotFound, None),
            Io::PermissionDenied | Io::ReadOnlyFilesystem => {
                (Kind::Denied, Some("check the permissions of the file and its folder"))
            }
            Io::AlreadyExists => (Kind::Exists, None),
            Io::StorageFull | Io::QuotaExceeded => (Kind::NoSpace, Some("free some space, then retry")),
            _ => (Kind::Local, None),
        };
        let text = io_text(&source);
        let mut error =
            Self::new(kind, format!("cannot {what} {}: {text}", path.display())).with_source(source);
        error.0.hint = hint.map(str::to_owned);
        error
    }

    /// The sort of failure.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The sentence, safe to show.
    pub fn message(&self) -> String {
        display_safe(&self.0.message).into_owned()
    }

    /// What to do about it, safe to show.
    pub fn hint(&self) -> Option<String> {
        self.0.hint.as_deref().map(|hint| display_safe(hint).into_owned())
    }

    /// Whether the same request may succeed if it is sent again.
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.kind, Kind::Throttled | Kind::Unavailable | Kind::Network | Kind::Timeout)
    }
}

/// The operating system's words without the number Rust appends to them.
pub(crate) fn io_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error ") {
        Some(at) => text[..at].to_lowercase(),
        None => text,
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&display_safe(&self.0.message))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.0.message)
            .field("hint", &self.0.hint)
            .finish_non_exhaustive()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}

impl PartialEq for Error {
    fn eq(&self, other: &Self) -> bool {
        self.0.kind == other.0.kind && self.0.message == other.0.message && self.0.hint == other.0.hint
    }
}

impl Eq for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_failure_names_the_file_and_the_reason() {
        let error = Error::local(
            "create",
            std::path::Path::new("/srv/a"),
            std::io::Error::from(std::io::ErrorKind::StorageFull),
        );
        assert_eq!(error.kind(), Kind::NoSpace);
        assert!(error.message().starts_with("cannot create /srv/a: "));
        assert!(error.hint().is_some());
    }

    #[test]
    fn hostile_text_is_escaped_when_shown() {
        let error = Error::new(Kind::NotFound, "no \u{1b}[2Jkey").with_hint("\u{202e}");
        assert!(!error.to_string().contains('\u{1b}'));
        assert!(!error.hint().expect("a hint").contains('\u{202e}'));
    }

    #[test]
    fn only_passing_faults_are_retryable() {
        assert!(Error::new(Kind::Throttled, "").is_retryable());
        assert!(!Error::new(Kind::Denied, "").is_retryable());
    }
}
