//! stdout for results, stderr for everything else.

use std::borrow::Cow;
use std::io::{BufWriter, IsTerminal as _, Stdout, Write as _};
use std::sync::OnceLock;

use jiff::Timestamp;

use super::Color;
use crate::error::{Error, Kind, Result};
use crate::locale;

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
pub(super) struct Out {
    stdout: BufWriter<Stdout>,
    /// Text is written in ASCII: stdout is a terminal that shows nothing else.
    ascii: bool,
}

impl Out {
    pub(super) fn new() -> Self {
        let stdout = std::io::stdout();
        let ascii = locale::is_ascii() && stdout.is_terminal();
        Self { stdout: BufWriter::with_capacity(64 << 10, stdout), ascii }
    }

    /// Whether text is written in ASCII.
    pub(super) fn is_ascii(&self) -> bool {
        self.ascii
    }

    /// Exact bytes.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.stdout.write_all(bytes).map_err(|error| failed(&error))
    }

    /// Text that is safe to show already.
    pub(super) fn text(&mut self, text: &str) -> Result<()> {
        let text = if self.ascii { locale::to_ascii(text) } else { Cow::Borrowed(text) };
        self.bytes(text.as_bytes())
    }

    /// A line of text that is safe to show already.
    pub(super) fn line(&mut self, line: &str) -> Result<()> {
        self.text(line)?;
        self.bytes(b"\n")
    }

    /// One JSON object on a line.
    pub(super) fn json(&mut self, value: &impl serde::Serialize) -> Result<()> {
        let value = serde_json::to_value(value)
            .map_err(|error| Error::new(Kind::Internal, format!("this has no form in JSON: {error}")))?;
        self.bytes(value.to_string().as_bytes())?;
        self.bytes(b"\n")
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        self.stdout.flush().map_err(|error| failed(&error))
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        let _ = self.stdout.flush();
    }
}

fn failed(error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return Error::new(Kind::Cancelled, "the reader of stdout went away");
    }
    Error::new(Kind::Local, format!("cannot write to stdout: {error}"))
}

/// Prints help, the version, or what is wrong with the arguments.
pub(super) fn print_usage(usage: &clap::Error) {
    let is_terminal =
        if usage.use_stderr() { std::io::stderr().is_terminal() } else { std::io::stdout().is_terminal() };
    // A closed stdout is no reason to complain about anything.
    if !(is_terminal && locale::is_ascii()) {
        let _ = usage.print();
        return;
    }
    let rendered = usage.render();
    let text = if colored() { rendered.ansi().to_string() } else { rendered.to_string() };
    if usage.use_stderr() {
        let _ = locale::say(&text);
    } else {
        let _ = Out::new().text(&text);
    }
}

/// Says what went wrong inside this program as Rust does, in what the terminal shows.
pub(super) fn report_panics() {
    if !locale::is_ascii() || !std::io::stderr().is_terminal() {
        return;
    }
    std::panic::set_hook(Box::new(|info| {
        let thread = std::thread::current();
        let _ = locale::say(&format!("thread '{}' {info}\n", thread.name().unwrap_or("unnamed")));
    }));
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
    let _ = locale::say(&text);
}

/// A word on stderr that is no failure.
pub(super) fn note(text: &str) {
    let _ = locale::say(&(crate::sanitize::display_safe(text) + "\n"));
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
