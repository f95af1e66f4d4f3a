//! Measures what a profile can do against one bucket, and what its settings should be. Writes only below a prefix of its
//! own and takes it away again, also when it is stopped.

mod bucket;
mod objects;
mod parts;
mod signing;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::config::{Config, Profile};
use crate::error::{Error, Result};
use crate::s3::{Connections, Store};

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As it should be.
    Fine,
    /// It works, but somebody should know.
    Warning,
    /// It does not work.
    Failed,
    /// It could not be tried.
    Skipped,
}

impl Verdict {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Fine => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One line of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How it went.
    pub verdict: Verdict,
    /// What was seen.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Finding {
    fn new(check: &'static str, verdict: Verdict, detail: impl Into<String>) -> Self {
        Self { check, verdict, detail: detail.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn failed(check: &'static str, error: &Error) -> Self {
        Self { check, verdict: Verdict::Failed, detail: error.message(), hint: error.hint() }
    }

    fn skipped(check: &'static str, why: &str) -> Self {
        Self::new(check, Verdict::Skipped, why)
    }
}

/// A setting that the profile should have: a key of the configuration and its value as TOML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// The key.
    pub key: &'static str,
    /// The value.
    pub value: Setting,
    /// Why.
    pub why: String,
}

/// A value of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// A text.
    Text(String),
    /// A switch.
    Switch(bool),
}

impl std::fmt::Display for Setting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Switch(on) => write!(f, "{on}"),
        }
    }
}

/// All that was found out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Line by line.
    pub findings: Vec<Finding>,
    /// Settings that should be changed.
    pub advice: Vec<Advice>,
}

impl Report {
    /// Whether anything does not work.
    pub fn has_failed(&self) -> bool {
        self.findings.iter().any(|finding| finding.verdict == Verdict::Failed)
    }
}

/// Examines the profile called `name`. `bucket`: the one to try things in; else the profile's own, or the first that is
/// listed. `origin`: a web page whose right to use links is asked for. `stop` ends it early, what was written is removed
/// all the same. `seen` is told each finding as it comes.
///
/// # Errors
/// `Kind::Usage` for an unknown profile; everything else is a finding.
pub async fn examine(
    config: &Config,
    name: &str,
    bucket: Option<&str>,
    origin: &str,
    stop: &CancellationToken,
    mut seen: impl FnMut(&Finding),
) -> Result<Report> {
    let profile = config.profile(name)?.clone();
    let mut report = Report::default();
    let mut note = |report: &mut Report, finding: Finding| {
        seen(&finding);
        report.findings.push(finding);
    };
    let store = match connected(config, profile.clone()).await {
        Ok(store) => store,
        Err(error) => {
            note(&mut report, Finding::failed("credentials", &error));
            return Ok(report);
        }
    };
    note(&mut report, bucket::credentials(&store).await);
    let (reached, is_reached) = bucket::reach(&store).await;
    for finding in reached {
        note(&mut report, finding);
    }
    if !is_reached {
        return Ok(report);
    }
    let named = bucket.map(str::to_owned).or_else(|| profile.bucket.clone());
    let store = match Box::pin(bucket::region(config, &store, named.as_deref())).await {
        Some(region) => {
            note(&mut report, region.finding);
            report.advice.push(region.advice);
            region.store
        }
        None => store,
    };
    let (listed, first) = bucket::list_buckets(&store).await;
    note(&mut report, listed);
    let Some(bucket) = named.or(first).or_else(|| profile.buckets.first().cloned()) else {
        let finding = Finding::skipped("bucket", "no bucket to try anything in");
        note(&mut report, finding.hint("name one with --bucket, or make one: `twinpail mb`"));
        return Ok(report);
    };
    let (opened, works) = bucket::open(config, &store, &bucket, &mut report.advice).await;
    note(&mut report, opened);
    let Some(store) = works else { return Ok(report) };
    note(&mut report, bucket::versioning(&store, &bucket).await);
    if profile.read_only {
        note(&mut report, Finding::skipped("writing", "the profile is read-only"));
        return Ok(report);
    }
    let mut desk = objects::Desk::new(config, store, &bucket)?;
    let mut advice = Vec::new();
    let findings = tokio::select! {
        findings = desk.examine(origin, &mut advice) => findings,
        () = stop.cancelled() => vec![Finding::skipped("writing", "stopped")],
    };
    for finding in findings {
        note(&mut report, finding);
    }
    report.advice.extend(advice);
    note(&mut report, desk.clean_up().await);
    Ok(report)
}

/// A profile connected by itself, with settings that may not be those of the configuration.
async fn connected(config: &Config, profile: Profile) -> Result<Store> {
    let name = profile.name.clone();
    let alone = Config {
        vault: Arc::clone(&config.vault),
        ..Config::of_profiles(vec![profile], config.paths.clone())
    };
    Connections::new(Arc::new(alone)).store(&name).await
}
