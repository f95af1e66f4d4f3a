//! `doctor`.

use clap::Args;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use toml_edit::Value;

use super::Context;
use super::output::{Out, note};
use crate::config::{Editor, LoadOptions};
use crate::doctor::{self, Finding, Setting};
use crate::error::{Error, Kind, Result};
use crate::links;
use crate::sanitize::display_safe;

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail doctor work --bucket scratch\n\
                  It writes a few small objects and one of 10 MiB below .twinpail-doctor/ in the bucket and removes them again.")]
pub(super) struct Options {
    /// The bucket to try things in; default: the profile's, or the first one.
    #[arg(long)]
    bucket: Option<String>,
    /// The web page's origin whose right to use links is asked for; default: that of this machine's gateway, or any.
    #[arg(long, value_name = "ORIGIN", value_parser = links::parse_origin)]
    origin: Option<String>,
    /// Put what is recommended into the profile.
    #[arg(long)]
    write: bool,
    /// One JSON object a line: check verdict detail hint, and last the settings.
    #[arg(long)]
    json: bool,
    /// The profile; default: the default profile.
    #[arg(value_name = "PROFILE")]
    name: Option<String>,
}

pub(super) async fn run(
    context: &Context,
    options: Options,
    load: LoadOptions,
    stop: &CancellationToken,
) -> Result<u8> {
    let named = match options.name.as_deref() {
        None => context.config.default_profile()?,
        named => named,
    };
    let name = match named {
        Some(name) => name.trim_end_matches(':').to_owned(),
        None => {
            return Err(Error::new(Kind::Usage, "there is no profile to examine")
                .with_hint("`twinpail profile add` makes a first one"));
        }
    };
    let mut out = Out::new();
    let mut closed = Ok(());
    let show = |finding: &Finding| {
        if closed.is_ok() {
            closed = print(&options, finding, &mut out);
        }
    };
    let serve = context.config.gateway.serve.as_ref();
    let origin = options.origin.as_deref().or(serve.map(|serve| serve.public_url.as_str()));
    let origin = origin.unwrap_or("https://example.org");
    let report =
        doctor::examine(&context.config, &name, options.bucket.as_deref(), origin, stop, show).await?;
    closed?;
    for advice in &report.advice {
        let (key, setting) = (advice.key, &advice.value);
        if options.json {
            let value = match setting {
                Setting::Text(text) => json!(text),
                Setting::Switch(on) => json!(on),
            };
            out.json(&json!({ "setting": key, "value": value, "why": advice.why }))?;
        } else {
            out.line(&format!("recommended: {key} = {setting}   # {}", display_safe(&advice.why)))?;
        }
    }
    out.flush()?;
    if options.write && !report.advice.is_empty() {
        let mut editor = Editor::open(&load)?;
        let settings: Vec<(&'static str, Value)> = report
            .advice
            .iter()
            .map(|advice| match &advice.value {
                Setting::Text(text) => (advice.key, Value::from(text.as_str())),
                Setting::Switch(on) => (advice.key, Value::from(*on)),
            })
            .collect();
        editor.set(&name, &settings)?;
        editor.save()?;
        note(&format!(
            "wrote {} settings into profile {name} in {}",
            settings.len(),
            editor.path().display()
        ));
    } else if options.write {
        note("the settings are fine as they are; nothing to write");
    }
    Ok(u8::from(report.has_failed()))
}

fn print(options: &Options, finding: &Finding, out: &mut Out) -> Result<()> {
    if options.json {
        out.json(&json!({
            "check": finding.check,
            "verdict": finding.verdict.word(),
            "detail": finding.detail,
            "hint": finding.hint,
        }))?;
    } else {
        out.line(&format!(
            "{:<8} {:<26} {}",
            finding.verdict.word(),
            finding.check,
            display_safe(&finding.detail)
        ))?;
        if let Some(hint) = &finding.hint {
            out.line(&format!("{:35} {}", "", display_safe(hint)))?;
        }
    }
    out.flush()
}
