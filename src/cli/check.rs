//! `check`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::Context;
use super::output::{Out, note, report};
use crate::error::Result;
use crate::identity::{self, Overlap, Relation};
use crate::sanitize::display_safe;
use crate::sync::{self, CheckOptions, Filters, Finding, How, Proof, Row};

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail check ./build/ r2:site/\n         twinpail check --download work:media/ archive:media/"
)]
pub(super) struct Options {
    /// Compare sizes only.
    #[arg(long)]
    size_only: bool,
    /// Compare every byte: reads both sides to the end.
    #[arg(long, conflicts_with = "size_only")]
    download: bool,
    /// Only files whose path matches (may be repeated).
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// No files whose path matches (may be repeated).
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    /// Leave out what matches the patterns in FILE, as .gitignore has them (may be repeated).
    #[arg(long, value_name = "FILE")]
    ignore_file: Vec<PathBuf>,
    /// One JSON object a path, also of those that are the same.
    #[arg(long)]
    json: bool,
    /// A folder, a prefix, or a file.
    #[arg(value_name = "FIRST")]
    first: String,
    /// What it is compared with.
    #[arg(value_name = "SECOND")]
    second: String,
}

pub(super) async fn run(context: &Context, options: Options) -> Result<u8> {
    let (first, second) = (context.location(&options.first)?, context.location(&options.second)?);
    // Two files or two folders, whichever they are: only whether they are one counts here.
    let relation = identity::relation(&context.connections, &first, &second, true).await?;
    if matches!(relation, Relation::Certain(Overlap::Same) | Relation::Respelled) {
        note(&format!("{first} and {second} are the same place: it is compared with itself"));
    }
    let how = match (options.size_only, options.download) {
        (true, _) => How::Size,
        (_, true) => How::Bytes,
        _ => How::Proof,
    };
    let filters =
        Filters { include: options.include, exclude: options.exclude, ignore_files: options.ignore_file };
    let mut out = Out::new();
    let mut tally = Tally::default();
    let mut lines = Vec::new();
    let each = |row: Row| {
        tally.add(&row.finding);
        if options.json {
            return out.json(&record(&row));
        }
        if !matches!(row.finding, Finding::Same(_)) {
            lines.push(row);
        }
        Ok(())
    };
    let options = CheckOptions { how, filters };
    let faults = sync::check(&context.connections, &first, &second, &options, each).await?;
    lines.sort_by(|left, right| left.relative.cmp(&right.relative));
    for row in &lines {
        let (word, why) = words(&row.finding);
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        out.line(&format!("{word}{why}: {}", display_safe(&row.relative)))?;
    }
    out.flush()?;
    faults.iter().for_each(report);
    note(&tally.words(how));
    Ok(u8::from(tally.is_bad() || !faults.is_empty()))
}

/// The status in words, and what about it.
fn words(finding: &Finding) -> (&'static str, Option<String>) {
    match finding {
        Finding::Same(proof) => ("same", Some(proof.name().to_owned())),
        Finding::Differs(proof) => ("differs", Some(kind(*proof).to_owned())),
        Finding::OnlyFirst => ("only in FIRST", None),
        Finding::OnlySecond => ("only in SECOND", None),
        Finding::Failed(error) => ("cannot be compared", Some(error.message())),
    }
}

fn kind(proof: Proof) -> &'static str {
    match proof {
        Proof::Checksum(_) => "checksum",
        other => other.name(),
    }
}

fn record(row: &Row) -> serde_json::Value {
    let (status, by, error) = match &row.finding {
        Finding::Same(proof) => ("same", Some(proof.name()), None),
        Finding::Differs(proof) => ("differs", Some(proof.name()), None),
        Finding::OnlyFirst => ("only_first", None, None),
        Finding::OnlySecond => ("only_second", None, None),
        Finding::Failed(error) => ("failed", None, Some(error.to_string())),
    };
    json!({ "path": row.relative, "status": status, "by": by, "error": error })
}

/// Counts of what was found.
#[derive(Debug, Default)]
struct Tally {
    same: u64,
    by_size: u64,
    differ: u64,
    only_first: u64,
    only_second: u64,
    failed: u64,
}

impl Tally {
    fn add(&mut self, finding: &Finding) {
        match finding {
            Finding::Same(proof) => {
                self.same += 1;
                self.by_size += u64::from(*proof == Proof::Size);
            }
            Finding::Differs(_) => self.differ += 1,
            Finding::OnlyFirst => self.only_first += 1,
            Finding::OnlySecond => self.only_second += 1,
            Finding::Failed(_) => self.failed += 1,
        }
    }

    fn is_bad(&self) -> bool {
        self.differ + self.only_first + self.only_second + self.failed > 0
    }

    fn words(&self, how: How) -> String {
        let Self { same, by_size, differ, only_first, only_second, failed } = self;
        let mut text = format!("{same} same");
        if *by_size > 0 && how == How::Proof {
            text = format!(
                "{text} ({by_size} of them by size only: nothing better to compare; --download reads them)"
            );
        }
        text = format!("{text}, {differ} differ, {only_first} only in FIRST, {only_second} only in SECOND");
        if *failed > 0 {
            text = format!("{text}, {failed} could not be compared");
        }
        text
    }
}
