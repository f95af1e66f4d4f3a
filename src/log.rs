//! The log file, on request only, and what never gets into it.

use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::error::{Error, Kind, Result};

/// Keeps the log's writer alive; what is left is flushed when it is dropped.
#[derive(Debug)]
pub struct Guard(#[expect(dead_code, reason = "dropping it flushes the log")] WorkerGuard);

/// What is followed by a secret, in lower case: parameters of signed URLs, headers, settings.
const MARKERS: &[&str] = &[
    "x-amz-signature=",
    "x-amz-credential=",
    "x-amz-security-token=",
    "signature=",
    "credential=",
    "authorization: ",
    "authorization\": \"",
    "x-amz-security-token\": \"",
    "x-amz-security-token\", \"",
    "customer-key: ",
    "customer-key\": \"",
    "customer-key\", \"",
    "secret_access_key = \"",
    "session_token = \"",
];

/// Opens `file` (0600, appended to) for the messages of this process: ours at `info` (`verbose`: `debug`), those of
/// libraries at `warn`. Signatures, tokens, secrets and authorization headers are blotted out of every line.
///
/// # Errors
/// The file cannot be opened, or a log is open already.
pub fn open(file: &Path, verbose: bool) -> Result<Guard> {
    let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(file);
    let opened = opened.map_err(|error| Error::local("open the log", file, error))?;
    let (writer, guard) = tracing_appender::non_blocking(opened);
    let level = if verbose { "warn,twinpail=debug" } else { "warn,twinpail=info" };
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_ansi(false)
        .with_writer(Redacting(writer))
        .try_init()
        .map_err(|error| Error::new(Kind::Internal, format!("a log is open already: {error}")))?;
    Ok(Guard(guard))
}

/// `text` with the values after signatures, tokens and keys replaced by `[redacted]`.
pub fn redact(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    if !MARKERS.iter().any(|marker| lower.contains(marker)) {
        return Cow::Borrowed(text);
    }
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while let Some((start, marker)) =
        MARKERS.iter().filter_map(|marker| Some((lower[at..].find(marker)? + at, marker))).min()
    {
        let value = start + marker.len();
        // A header's value runs to the end of its line, anything else to the next separator.
        let is_header = marker.starts_with("authorization: ");
        let ends = |c: char| {
            if is_header { c == '\n' } else { matches!(c, '&' | '"' | '\'' | ' ' | ',' | '\n' | '>') }
        };
        let end = text[value..].find(ends).map_or(text.len(), |end| value + end);
        out.push_str(&text[at..value]);
        out.push_str("[redacted]");
        at = end;
    }
    out.push_str(&text[at..]);
    Cow::Owned(out)
}

#[derive(Clone)]
struct Redacting(NonBlocking);

impl<'a> MakeWriter<'a> for Redacting {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Redacting {
    /// The formatter hands over one whole line at a time.
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(redact(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_signs_is_blotted_out() {
        let line = "GET https://h/b/k?X-Amz-Credential=AKIA%2Fx&X-Amz-Date=1&X-Amz-Signature=abc123 done";
        let clean = redact(line);
        assert!(!clean.contains("AKIA") && !clean.contains("abc123"), "{clean}");
        assert!(clean.contains("X-Amz-Date=1") && clean.ends_with(" done"));
        let header = redact("authorization: AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=ff\nnext");
        assert_eq!(header, "authorization: [redacted]\nnext");
        for line in [
            "customer-key: c2VjcmV0",
            "(\"x-customer-key\", \"c2VjcmV0\")",
            "{\"x-customer-key\": \"c2VjcmV0\"}",
        ] {
            let clean = redact(line);
            assert!(clean.contains("[redacted]") && !clean.contains("c2VjcmV0"), "{clean}");
        }
        assert!(matches!(redact("nothing here"), Cow::Borrowed(_)));
    }
}
