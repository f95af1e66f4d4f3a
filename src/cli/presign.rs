//! `presign`.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::json;

use super::Context;
use super::output::{Out, Tally, note};
use crate::clipboard::{Clipboard, Outcome, Surroundings};
use crate::error::{Error, Kind, Result};
use crate::links::{self, Disposition, LinkRequest};
use crate::location::{Location, Remote};
use crate::s3::{Method, Presigned};
use crate::walk;

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail presign --expires 2h --filename report.pdf work:docs/q3.pdf")]
pub(super) struct Options {
    /// Every object below the prefix.
    #[arg(short, long)]
    recursive: bool,
    /// What the link allows.
    #[arg(long, default_value = "get")]
    method: MethodName,
    /// How long it lives: 90s, 15m, 1h, 7d.
    #[arg(long, value_name = "TIME", value_parser = expires)]
    expires: Option<Duration>,
    /// The type that a PUT must send, or that a GET answers with.
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// The file name that a browser saves under.
    #[arg(long, value_name = "NAME")]
    filename: Option<String>,
    /// Browsers show it rather than save it.
    #[arg(long)]
    inline: bool,
    /// That version instead of the newest.
    #[arg(long, value_name = "ID", conflicts_with = "recursive")]
    version_id: Option<String>,
    /// curl command lines instead of URLs.
    #[arg(long, conflicts_with = "json")]
    curl: bool,
    /// Onto the clipboard too.
    #[arg(long)]
    copy: bool,
    /// One JSON object a line: url method headers expires location.
    #[arg(long)]
    json: bool,
    /// The objects; with -r the prefixes.
    #[arg(value_name = "LOC", required = true)]
    locations: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MethodName {
    Get,
    Put,
    Head,
    Delete,
}

impl MethodName {
    fn method(self) -> Method {
        match self {
            Self::Get => Method::Get,
            Self::Put => Method::Put,
            Self::Head => Method::Head,
            Self::Delete => Method::Delete,
        }
    }
}

fn expires(text: &str) -> std::result::Result<Duration, String> {
    links::parse_expires(text).map_err(|error| match error.hint() {
        Some(hint) => format!("{error} ({hint})"),
        None => error.to_string(),
    })
}

pub(super) async fn run(context: &Context, options: Options) -> Result<u8> {
    let (mut out, mut tally, mut copied) = (Out::new(), Tally::new(), String::new());
    for text in &options.locations {
        let Location::Remote(remote) = context.location(text)? else {
            return Err(Error::new(Kind::Usage, format!("{text} is not an object"))
                .with_hint("write PROFILE:BUCKET/KEY"));
        };
        if !options.recursive {
            let signed = one(context, &options, remote, &mut out, &mut copied).await;
            tally.take(signed)?;
            continue;
        }
        let store = context.connections.store(&remote.profile).await?;
        let mut batches = walk::remote(store, remote.clone());
        while let Some(batch) = batches.recv().await {
            for found in batch? {
                let Location::Remote(object) = found.location else { continue };
                let signed = one(context, &options, object, &mut out, &mut copied).await;
                tally.take(signed)?;
            }
        }
    }
    out.flush()?;
    if options.copy && !copied.is_empty() {
        copy(context, copied.trim_end()).await?;
    }
    Ok(tally.code())
}

async fn one(
    context: &Context,
    options: &Options,
    target: Remote,
    out: &mut Out,
    copied: &mut String,
) -> Result<()> {
    let request = LinkRequest {
        method: options.method.method(),
        version_id: options.version_id.clone(),
        content_type: options.content_type.clone(),
        filename: options.filename.clone(),
        disposition: if options.inline { Disposition::Inline } else { Disposition::Unchanged },
        ..LinkRequest::get(target, options.expires.unwrap_or(context.config.presign_expires))
    };
    let link = links::create(&context.connections, &request).await?;
    let shown = if options.curl { links::curl(request.method, &link) } else { link.url.clone() };
    copied.push_str(&shown);
    copied.push('\n');
    if options.json {
        out.json(&as_json(&request, &link))?;
    } else {
        out.line(&shown)?;
    }
    if let Some(warning) = links::warning(&request.target) {
        note(&format!("{}: {warning}", request.target));
    }
    if std::io::stderr().is_terminal() && !options.json {
        out.flush()?;
        note(&links::until(&link));
    }
    Ok(())
}

fn as_json(request: &LinkRequest, link: &Presigned) -> serde_json::Value {
    let method = match request.method {
        Method::Get => "GET",
        Method::Put => "PUT",
        Method::Head => "HEAD",
        Method::Delete => "DELETE",
    };
    // What every client sends by itself is not for the holder to add.
    let headers: serde_json::Map<String, serde_json::Value> = link
        .headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
        .map(|(name, value)| (name.clone(), value.clone().into()))
        .collect();
    json!({
        "url": link.url,
        "method": method,
        "headers": headers,
        "expires": link.ends.to_string(),
        "location": Location::Remote(request.target.clone()).exact(),
    })
}

async fn copy(context: &Context, text: &str) -> Result<()> {
    let write = Arc::new(|bytes: &[u8]| {
        // stdout may be a pipe; the terminal itself takes the sequence.
        std::fs::OpenOptions::new().write(true).open("/dev/tty")?.write_all(bytes)
    });
    let clipboard = Clipboard::new(Surroundings::from_env(&context.config.ui), write);
    let outcome = clipboard.copy(text).await;
    clipboard.keep_after_exit();
    match outcome {
        Outcome::Copied { by, .. } => note(&format!("copied ({by})")),
        Outcome::Sent { by } => note(&format!("sent to {by}, which does not say whether it took it")),
        Outcome::Failed(error) => return Err(error),
    }
    Ok(())
}
