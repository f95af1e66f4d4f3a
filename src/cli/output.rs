//! stdout for results, stderr for everything else.

use std::io::{BufWriter, IsTerminal as _, Stdout, Write as _};
use std::sync::OnceLock;

use jiff::Timestamp;

use super::Color;
use crate::error::{Error, Kind, Result};

static COLOR: OnceLock<Color> = OnceLock::new();

/// Remembers `--color` for messages.
pub(super) fn set_color(color: Color) {
    let _ = COLOR.set(color);
}

fn colored() -> bool {
    match COLOR.get().copied().unwrap_or(Color::Auto) {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        }
    }
}

/// Buffered stdout. A reader that went away ends the program quietly.
pub(super) struct Out(BufWriter<Stdout>);

impl Out {
    pub(super) fn new() -> Self {
        Self(BufWriter::with_capacity(64 << 10, std::io::stdout()))
    }

    /// Exact bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.write_all(bytes).map_err(|error| failed(&error))
    }

    /// A line of text that is safe to show already.
    pub(super) fn line(&mut self, line: &str) -> Result<()> {
        self.bytes(line.as_bytes())?;
        self.bytes(b"\n")
    }

    /// One JSON object on a line.
    pub(super) fn json(&mut self, value: &impl serde::Serialize) -> Result<()> {
        let value = serde_json::to_value(value)
            .map_err(|error| Error::new(Kind::Internal, format!("this has no form in JSON: {error}")))?;
        self.line(&value.to_string())
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        self.0.flush().map_err(|error| failed(&error))
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        let _ = self.0.flush();
    }
}

fn failed(error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return Error::new(Kind::Cancelled, "the reader of stdout went away");
    }
    Error::new(Kind::Local, format!("cannot write to stdout: {error}"))
}

/// Says a failure and its hint on stderr.
pub(super) fn report(error: &Error) {
    if error.kind() == Kind::Cancelled {
        return;
    }
    let (red, dim, end) = if colored() { ("\x1b[31m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    let mut text = format!("{red}twinpail:{end} {error}\n");
    if let Some(hint) = error.hint() {
        text.extend(["  ", dim, "hint:", end, " ", &hint, "\n"]);
    }
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A word on stderr that is no failure.
pub(super) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", crate::sanitize::display_safe(text));
}

/// Says in a line what was left out of local trees as a rule.
pub(super) fn skipped(links: u64, special: u64) {
    let counted = |count: u64, one: &str, many: &str| match count {
        0 => None,
        1 => Some(format!("1 {one}")),
        count => Some(format!("{count} {many}")),
    };
    let links = counted(links, "symbolic link", "symbolic links");
    let hint = if links.is_some() { " (--copy-links follows links)" } else { "" };
    let special = counted(special, "special file", "special files");
    let what: Vec<String> = [links, special].into_iter().flatten().collect();
    if !what.is_empty() {
        note(&format!("skipped {}{hint}", what.join(" and ")));
    }
}

/// 2 for what the user got wrong, 1 for what went wrong.
pub(super) fn exit_code(error: &Error) -> u8 {
    match error.kind() {
        Kind::Usage | Kind::Config => 2,
        Kind::Cancelled => 0,
        _ => 1,
    }
}

/// Does something for each of several things; every failure is reported and counted.
pub(super) struct Tally(u64);

impl Tally {
    pub(super) fn new() -> Self {
        Self(0)
    }

    /// Counts a failure; one that ends everything (a closed stdout) is handed back.
    pub(super) fn take(&mut self, result: Result<()>) -> Result<()> {
        match result {
            Err(error) if error.kind() == Kind::Cancelled => Err(error),
            Err(error) => {
                report(&error);
                self.0 += 1;
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// What there is of a result; a failure is counted as [`Self::take`] does.
    pub(super) fn value<T>(&mut self, result: Result<T>) -> Result<Option<T>> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(error) => self.take(Err(error)).map(|()| None),
        }
    }

    /// The exit code.
    pub(super) fn code(&self) -> u8 {
        if self.0 > 1 {
            note(&format!("{} failed", self.0));
        }
        u8::from(self.0 > 0)
    }
}

/// Local time, as listings show it.
pub(super) fn local_time(time: Option<Timestamp>) -> String {
    let shown = time
        .map(|time| time.to_zoned_datetime(crate::zone::local()).strftime("%Y-%m-%d %H:%M:%S").to_string());
    shown.unwrap_or_default()
}
