//! What `cp`, `mv` and `sync` print: a line a file with `--json`, failures, a bar on a terminal, the summary.

use std::io::IsTerminal as _;
use std::mem::discriminant;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::output::{self, Out, note, report};
use crate::error::{Error, Result};
use crate::locale;
use crate::location::Location;
use crate::sanitize::display_safe;
use crate::transfer::{
    FileOutcome, FileStatus, Input, Item, Remark, Request, Snapshot, Summary, TransferView, Waits,
};

/// What is printed as files end.
pub(super) struct Printer {
    out: Out,
    json: bool,
    dry_run: bool,
    verb: &'static str,
    trees: Vec<Item>,
    /// The source can be read only once: what is stopped cannot go on.
    streams: bool,
    /// Somebody may look at it.
    watched: bool,
    bar: Option<ProgressBar>,
    /// What it waits for, as it was last told.
    waits: Option<Waits>,
    /// Symbolic links and special files within trees that were skipped.
    links: u64,
    special: u64,
}

impl Printer {
    /// `verb` is what is done to files.
    pub(super) fn new(json: bool, verb: &'static str, request: &Request) -> Self {
        let dry_run = request.dry_run;
        let trees = request.items.iter().filter(|item| item.tree).cloned().collect();
        let watched = std::io::stderr().is_terminal() && !dry_run;
        let bar = (watched && !json).then(bar);
        let streams = request.items.iter().any(|item| item.from == Input::place());
        let (out, waits, links, special) = (Out::new(), None, 0, 0);
        Self { out, json, dry_run, verb, trees, streams, watched, bar, waits, links, special }
    }

    /// Whether [`Self::progress`] is of use to anybody.
    pub(super) fn is_watched(&self) -> bool {
        self.watched
    }

    /// Draws the bar anew; says once what it begins to wait for.
    pub(super) fn progress(&mut self, snapshot: &Snapshot) {
        let Some(transfer) = snapshot.transfers.first() else { return };
        let is_told = |why: &&Waits| self.waits.as_ref().map(discriminant) == Some(discriminant(*why));
        if let Some(why) = transfer.waits.as_ref().filter(|why| !is_told(why)) {
            self.aside(|| note(&why.text()));
        }
        self.waits.clone_from(&transfer.waits);
        if let Some(bar) = &self.bar {
            show(bar, transfer);
        }
    }

    /// What is said when the user has stopped it.
    pub(super) fn stopped(&self) -> &'static str {
        if self.streams {
            "stopped; nothing was stored"
        } else {
            "stopped; the same command goes on from here (`twinpail transfers ls` shows what is unfinished)"
        }
    }

    /// Takes the bar away.
    pub(super) fn end_progress(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Does something to the terminal while the bar is out of the way.
    pub(super) fn aside<T>(&self, action: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(action),
            None => action(),
        }
    }

    /// A file ended.
    pub(super) fn file(&mut self, outcome: &FileOutcome) -> Result<()> {
        match outcome.remark {
            Some(Remark::SkippedLink) => self.links += 1,
            Some(Remark::SkippedSpecial) => self.special += 1,
            Some(Remark::Grew { .. } | Remark::LeftOut) | None => {
                if let (Some(error), false) = (&outcome.error, outcome.status == FileStatus::Cancelled) {
                    self.aside(|| report(error));
                } else if let Some(text) = grown(outcome) {
                    self.aside(|| note(&text));
                }
            }
        }
        if outcome.status == FileStatus::Done && self.is_renamed(outcome) {
            let text = format!("{} is stored as {}", outcome.source, outcome.target);
            self.aside(|| note(&text));
        }
        if self.json {
            return self.out.json(&json!({
                "source": outcome.source.exact(),
                "target": outcome.target.exact(),
                "status": status(outcome.status),
                "bytes": outcome.bytes,
                "bytes_sent": outcome.bytes_sent,
                "bytes_resumed": outcome.bytes_resumed,
                "verified": outcome.verified.name(),
                "error": outcome.error.as_ref().map(ToString::to_string),
                "note": grown(outcome),
            }));
        }
        if self.dry_run && outcome.status == FileStatus::Planned {
            let Self { verb, out, .. } = self;
            out.line(&format!("would {verb} {} to {}", outcome.source, outcome.target))?;
        }
        Ok(())
    }

    /// Whether a key of a tree has another name on the local disk.
    fn is_renamed(&self, outcome: &FileOutcome) -> bool {
        let (Location::Remote(source), Location::Local(target)) = (&outcome.source, &outcome.target) else {
            return false;
        };
        let is_natural = |item: &Item| {
            let (Location::Remote(from), Location::Local(to)) = (&item.from, &item.to) else { return false };
            let Some(relative) = source.key.strip_prefix(&from.key) else { return false };
            let mut natural = to.as_os_str().to_owned();
            natural.push(format!("/{relative}"));
            *target == *natural
        };
        !self.trees.is_empty() && !self.trees.iter().any(is_natural)
    }

    /// A file of the target was deleted, or could not be.
    pub(super) fn deleted(&mut self, target: &Location, bytes: u64, error: Option<&Error>) -> Result<()> {
        if let Some(error) = error {
            report(error);
        }
        if self.json {
            self.out.json(&json!({
                "source": null,
                "target": target.exact(),
                "status": if error.is_some() { "failed" } else { "deleted" },
                "bytes": bytes,
                "bytes_sent": 0,
                "bytes_resumed": 0,
                "verified": "no",
                "error": error.map(ToString::to_string),
            }))?;
        }
        Ok(())
    }

    /// The last line, and the exit code. `deleted`: how many files were, where some may be.
    pub(super) fn summary(mut self, summary: &Summary, deleted: Option<u64>) -> Result<u8> {
        if let Some(error) = &summary.error {
            report(error);
        }
        if self.json {
            let mut fields = json!({
                "files": summary.files,
                "failed": summary.failed,
                "skipped": summary.skipped,
                "bytes": summary.bytes,
                "bytes_sent": summary.bytes_sent,
                "bytes_resumed": summary.bytes_resumed,
                "seconds": summary.elapsed.as_secs_f64(),
            });
            if let Some(deleted) = deleted {
                fields["deleted"] = deleted.into();
            }
            self.out.json(&json!({ "summary": fields }))?;
        }
        self.out.flush()?;
        output::skipped(self.links, self.special);
        if summary.failed > 1 || (summary.failed > 0 && summary.files > 0) {
            note(&format!("{} failed, {} done", summary.failed, summary.files));
        }
        Ok(match &summary.error {
            Some(error) => output::exit_code(error).max(1),
            None => u8::from(summary.failed > 0 || summary.cancelled),
        })
    }
}

/// What is said of a file that grew while it was copied.
fn grown(outcome: &FileOutcome) -> Option<String> {
    match outcome.remark? {
        Remark::Grew { now } => Some(format!(
            "{} grew while it was copied: {} bytes of {now} have arrived, those that it had at first",
            outcome.source, outcome.bytes
        )),
        Remark::SkippedLink | Remark::SkippedSpecial | Remark::LeftOut => None,
    }
}

fn status(status: FileStatus) -> &'static str {
    match status {
        FileStatus::Done => "done",
        FileStatus::Skipped => "skipped",
        FileStatus::Failed => "failed",
        FileStatus::Planned => "planned",
        FileStatus::Cancelled => "cancelled",
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template(
        "{bar:24} {binary_bytes}/{binary_total_bytes} {binary_bytes_per_sec} {eta} {msg}",
    );
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0);
    bar.set_style(if locale::is_ascii() { style.progress_chars("#>-") } else { style });
    bar
}

fn show(bar: &ProgressBar, transfer: &TransferView) {
    bar.set_length(transfer.bytes);
    bar.set_position(transfer.bytes_done);
    let more = if transfer.planning { "+" } else { "" };
    let name = transfer.current.first().map(|(name, ..)| display_safe(name).into_owned()).unwrap_or_default();
    let message = format!("{}/{}{more} {name}", transfer.files_over, transfer.files);
    bar.set_message(locale::shown(&message, &std::io::stderr()).into_owned());
}
