//! `presign`: links in every form that somebody may want them in.

mod forms;

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};

use super::Context;
use super::applies::refused;
use super::descriptors;
use super::output::{Tally, note};
use crate::clipboard::{Clipboard, Outcome, Surroundings};
use crate::error::{Error, Kind, Result};
use crate::links::{self, Disposition, LinkRequest, Log, Seen, Shared};
use crate::location::{Location, Remote};
use crate::s3::{Method, PartLink, Presigned};
use crate::walk;
use forms::Forms;

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail presign --expires 'friday 18:00' --filename report.pdf work:docs/q3.pdf\n\
                  A folder as a web page of links: twinpail presign -r --html work:media/2026/ > index.html",
    group = ArgGroup::new("form")
)]
pub(super) struct Options {
    /// Every object below the prefix.
    #[arg(short, long)]
    recursive: bool,
    /// What the link allows.
    #[arg(long, default_value = "get")]
    method: MethodName,
    /// Until when: a length (90m, 3 days), a time (18:00, tomorrow, friday 18:00) or a date; at most 7 days.
    #[arg(long, value_name = "TIME", value_parser = expires)]
    expires: Option<Duration>,
    /// The type that a PUT must send, or that a GET answers with.
    #[arg(long, alias = "type", value_name = "TYPE")]
    content_type: Option<String>,
    /// The exact number of bytes that a PUT must send.
    #[arg(long, value_name = "BYTES")]
    content_length: Option<u64>,
    /// Instead of the object a part of an upload that was begun (`uploads ls --json` shows their ids).
    #[arg(long, value_name = "ID", requires = "part", conflicts_with = "recursive")]
    upload_id: Option<String>,
    /// The number of that part, from 1.
    #[arg(long, value_name = "N", requires = "upload_id", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    part: Option<u32>,
    /// The file name that a browser saves under.
    #[arg(long, value_name = "NAME")]
    filename: Option<String>,
    /// Browsers show it rather than save it.
    #[arg(long)]
    inline: bool,
    /// That version instead of the newest.
    #[arg(long, value_name = "ID", conflicts_with = "recursive")]
    version_id: Option<String>,
    /// The profile's public address (`public_url`): unsigned, without an end.
    #[arg(long)]
    public: bool,
    /// curl command lines instead of URLs.
    #[arg(long, group = "form")]
    curl: bool,
    /// wget command lines.
    #[arg(long, group = "form")]
    wget: bool,
    /// Markdown links.
    #[arg(long, group = "form")]
    markdown: bool,
    /// The objects' names, as links that the terminal opens (OSC 8).
    #[arg(long, group = "form")]
    hyperlink: bool,
    /// A web page with a list of the links; of an upload a page that sends a file.
    #[arg(long, group = "form")]
    html: bool,
    /// A table: name,url,expires.
    #[arg(long, group = "form")]
    csv: bool,
    /// One JSON object a line: url method headers expires location.
    #[arg(long, group = "form")]
    json: bool,
    /// A QR code of each link too.
    #[arg(long, conflicts_with_all = ["json", "csv", "html"])]
    qr: bool,
    /// Onto the clipboard too.
    #[arg(long)]
    copy: bool,
    /// Try each link as whoever gets it would, without changing anything.
    #[arg(long)]
    test: bool,
    /// Ask whether a page of that origin may use the link, and say the CORS rule that allows it.
    #[arg(long, value_name = "ORIGIN", value_parser = links::parse_origin)]
    cors: Option<String>,
    /// The objects, with -r the prefixes; `-` reads them from stdin, one a line.
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
    refuse_ignored(&options)?;
    let pages = options.locations.len() > 1 || options.recursive || options.locations == ["-"];
    if options.html && options.method.method() == Method::Put && pages {
        return Err(Error::new(Kind::Usage, "a page that sends a file is for one object"));
    }
    let mut run = Run {
        context,
        options: &options,
        forms: Forms::new(&options),
        made: Vec::new(),
        tally: Tally::new(),
    };
    let signed = run.all().await;
    // What was made was given away, also if another one failed.
    remember(context, &run.made);
    signed?;
    let copied = run.forms.finish()?;
    if options.copy && !copied.is_empty() {
        copy(context, copied.trim_end()).await?;
    }
    Ok(run.tally.code())
}

/// Refuses options that the link would not have in it.
fn refuse_ignored(options: &Options) -> Result<()> {
    let method = options.method.method();
    let (is_get, is_put) = (method == Method::Get, method == Method::Put);
    if options.content_length.is_some() && !is_put {
        return Err(Error::new(Kind::Usage, "--content-length is for uploads: add --method put"));
    }
    if options.part.is_some() && (!is_put || options.public) {
        return Err(Error::new(Kind::Usage, "--part is for uploads: add --method put"));
    }
    let download = "it is for downloads: --method get";
    let typed = if options.part.is_some() { "a part has no type" } else { "it is for --method get and put" };
    let types = (is_get || is_put) && options.part.is_none();
    for (option, given, why) in [
        ("--filename", options.filename.is_some() && !is_get, download),
        ("--inline", options.inline && !is_get, download),
        ("--wget", options.wget && !is_get, download),
        ("--content-type", options.content_type.is_some() && !types, typed),
        ("--version-id", options.version_id.is_some() && is_put, "an upload makes a new version"),
        ("--expires", options.expires.is_some() && options.public, "a public address does not end"),
    ] {
        if given {
            return Err(refused(option, why));
        }
    }
    Ok(())
}

struct Run<'a> {
    context: &'a Context,
    options: &'a Options,
    forms: Forms,
    made: Vec<Shared>,
    tally: Tally,
}

impl Run<'_> {
    async fn all(&mut self) -> Result<()> {
        for text in &self.options.locations {
            if text == "-" {
                descriptors::open_stdin()?;
                for line in std::io::stdin().lock().lines() {
                    let line =
                        line.map_err(|error| Error::new(Kind::Local, format!("cannot read stdin: {error}")))?;
                    self.named(&line).await?;
                }
            } else {
                self.named(text).await?;
            }
        }
        Ok(())
    }

    async fn named(&mut self, text: &str) -> Result<()> {
        let Location::Remote(remote) = self.context.location(text)? else {
            let text = crate::sanitize::display_safe(text);
            return Err(Error::new(Kind::Usage, format!("{text} is not an object"))
                .with_hint("write PROFILE:BUCKET/KEY"));
        };
        if !self.options.recursive {
            let made = self.one(remote, None).await;
            return self.tally.take(made);
        }
        let store = self.context.connections.store(&remote.profile).await?;
        let mut batches = walk::remote(store, remote.clone());
        while let Some(batch) = batches.recv().await {
            for found in batch? {
                let Location::Remote(object) = found.location else { continue };
                let etag = found.etag.map(String::from);
                let seen = Seen { size: found.size, modified: found.modified, etag };
                let made = self.one(object, Some((&remote.key, seen))).await;
                self.tally.take(made)?;
            }
        }
        Ok(())
    }

    /// Signs one; `found`: the prefix that it was found under, and as what.
    async fn one(&mut self, target: Remote, found: Option<(&str, Seen)>) -> Result<()> {
        let (below, seen) = found.unzip();
        let (context, options) = (self.context, self.options);
        if !options.curl {
            links::openable(&target)?;
        }
        let request = LinkRequest {
            method: options.method.method(),
            version_id: options.version_id.clone(),
            content_type: options.content_type.clone(),
            content_length: options.content_length,
            filename: options.filename.clone(),
            disposition: if options.inline { Disposition::Inline } else { Disposition::Unchanged },
            public: options.public,
            part: options
                .upload_id
                .clone()
                .zip(options.part)
                .map(|(upload_id, number)| PartLink { upload_id, number }),
            seen,
            ..LinkRequest::get(target, options.expires.unwrap_or(context.config.presign_expires))
        };
        let link = links::create(&context.connections, &request).await?;
        // One part alone is nothing that could be made again.
        if request.part.is_none() {
            self.made.push(Shared::of(&request, &link));
        }
        self.forms.add(&request, &link, below)?;
        if below.is_none() && std::io::stderr().is_terminal() && !options.json {
            self.forms.flush()?;
            note(&links::until(&link));
        }
        let tested = if options.test { test(context, &request, &link).await } else { Ok(()) };
        if let Some(origin) = &options.cors {
            cors(context, origin, &request, &link).await?;
        }
        tested
    }
}

async fn test(context: &Context, request: &LinkRequest, link: &Presigned) -> Result<()> {
    let store = context.connections.store(&request.target.profile).await?;
    let verdict = links::probe(&store, request, link).await?;
    let said = verdict.said.map(|said| format!(" (it says: {said})")).unwrap_or_default();
    let words = format!("{}: {}{said}", request.target, verdict.words);
    if verdict.works {
        note(&words);
        return Ok(());
    }
    Err(Error::new(Kind::Denied, format!("the link does not work: {words}")))
}

async fn cors(context: &Context, origin: &str, request: &LinkRequest, link: &Presigned) -> Result<()> {
    let store = context.connections.store(&request.target.profile).await?;
    let answer = links::preflight(store.http(), origin, request.method, link).await?;
    if answer.allowed {
        note(&answer.words);
        return Ok(());
    }
    Err(Error::new(Kind::Denied, answer.words)
        .with_hint(format!("add this rule to bucket {}:\n{}", request.target.bucket, answer.rule)))
}

/// Into the log of links; that it cannot be written spoils nothing.
pub(super) fn remember(context: &Context, made: &[Shared]) {
    if made.is_empty() {
        return;
    }
    if let Err(error) = Log::new(&context.config.paths).add(made) {
        note(&format!("not remembered in the log of links: {error}"));
    }
}

/// Onto the clipboard, and what became of that.
pub(super) async fn copy(context: &Context, text: &str) -> Result<()> {
    let write = Arc::new(|bytes: &[u8]| {
        // stdout may be a pipe; the terminal itself takes the sequence.
        std::fs::OpenOptions::new().write(true).open("/dev/tty")?.write_all(bytes)
    });
    let mut surroundings = Surroundings::from_env(&context.config.ui);
    // What a forwarded desktop held for this command would be gone with it, and keep the terminal's own text off.
    surroundings.desktop &= !surroundings.ssh;
    let clipboard = Clipboard::new(surroundings, write);
    let outcome = clipboard.copy(text).await;
    clipboard.keep_after_exit();
    match outcome {
        Outcome::Copied { by, .. } => note(&format!("copied ({by})")),
        Outcome::Sent { by, .. } => note(&format!("sent to {by}, which does not say whether it took it")),
        Outcome::Failed(error) => return Err(error),
    }
    Ok(())
}
