//! `drop`: links through which others send files into a bucket, made and ended at a gateway.

use std::time::Duration;

use clap::{Args, Subcommand};

use super::Context;
use super::output::{Out, Tally, note};
use super::share::{LIFE, Made, Named, Secret, events, lifetime, seconds, when};
use crate::config::units::parse_size;
use crate::error::Result;
use crate::gateway::{Client, DropRequest, DropView};
use crate::sanitize::display_safe;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a link through which others send files into a bucket or below a prefix.
    Create(Box<CreateOptions>),
    /// List drop links, the newest first.
    List(ListOptions),
    /// Show drop links with their addresses and what came in.
    Show(ShowOptions),
    /// Show what happened to a drop link, the newest first.
    #[command(after_help = "Example: twinpail drop events 5f0c9a3be1d27784")]
    Events(EventsOptions),
    /// End drop links at once; what came in stays.
    #[command(after_help = "Example: twinpail drop close 5f0c9a3be1d27784")]
    Close(Named),
}

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail drop create work:inbox/ --max-bytes 50GB --expires 14d --password\n\nThe page sends from the browser straight to the bucket, which must allow that: where it does not, the CORS rule that does is told."
)]
pub(super) struct CreateOptions {
    #[command(flatten)]
    secret: Secret,
    /// Until when it works: 2d, friday 18:00, 2027-01-31. Default: 7 days.
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires: Option<Duration>,
    /// Files at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_files: Option<u32>,
    /// Bytes at most, of all files together: 50GB.
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    max_bytes: Option<u64>,
    /// What the page is called.
    #[arg(long)]
    name: Option<String>,
    /// A note for yourself.
    #[arg(long, default_value = "")]
    note: String,
    /// Onto the clipboard too.
    #[arg(long)]
    copy: bool,
    /// One JSON object: id url location name note password created expires `max_files` `max_bytes` files bytes state arrived,
    /// and warning if browsers may not send there.
    #[arg(long)]
    json: bool,
    /// A bucket, or a prefix, which ends in `/`.
    #[arg(value_name = "LOC")]
    location: String,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail drop list")]
pub(super) struct ListOptions {
    /// Also those that are over.
    #[arg(short, long)]
    all: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail drop show 5f0c9a3be1d27784")]
pub(super) struct ShowOptions {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Drop links, as `drop list` names them.
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

#[derive(Args, Debug)]
pub(super) struct EventsOptions {
    /// One JSON object a line: happened kind item address agent.
    #[arg(long)]
    json: bool,
    /// A drop link, as `drop list` names it.
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) async fn run(context: &Context, command: Command) -> Result<u8> {
    let client = Client::new(&context.config).await?;
    match command {
        Command::Create(options) => create(context, &client, *options).await,
        Command::List(options) => {
            let mut out = Out::new();
            for link in client.drops().await?.into_iter().filter(|link| options.all || link.state == "open") {
                if options.json { out.json(&link)? } else { out.line(&words(&link))? }
            }
            Ok(0)
        }
        Command::Show(options) => show(&client, &options).await,
        Command::Events(options) => events(&client, &options.id, true, options.json).await,
        Command::Close(named) => {
            let mut tally = Tally::new();
            for id in &named.ids {
                let closed = client.close_drop(id).await;
                if closed.is_ok() {
                    note(&format!("{id} is closed"));
                }
                tally.take(closed.map(drop))?;
            }
            Ok(tally.code())
        }
    }
}

async fn create(context: &Context, client: &Client, options: CreateOptions) -> Result<u8> {
    let (password, is_new) = options.secret.read().await?;
    let request = DropRequest {
        location: options.location,
        password: password.clone(),
        expires_in: seconds(options.expires.unwrap_or(LIFE)),
        max_files: options.max_files.map(i64::from),
        max_bytes: options.max_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
        name: options.name,
        note: options.note,
    };
    let link = client.create_drop(&request).await?;
    let made = Made {
        url: &link.url,
        json: options.json.then_some(&link),
        words: words(&link),
        password: password.filter(|_| is_new),
        copy: options.copy,
    };
    let code = made.tell(context).await?;
    if !link.warning.is_empty() {
        note(&link.warning.lines().map(display_safe).collect::<Vec<_>>().join("\n"));
    }
    Ok(code)
}

fn size(bytes: i64) -> String {
    humansize::format_size(u64::try_from(bytes).unwrap_or(0), humansize::DECIMAL)
}

/// One line about a drop link.
fn words(link: &DropView) -> String {
    let most_files = link.max_files.map(|most| format!("/{most}")).unwrap_or_default();
    let most_bytes = link.max_bytes.map(|most| format!(" of {}", size(most))).unwrap_or_default();
    let password = if link.password { ", password" } else { "" };
    format!(
        "{} {:9} {}{most_files} files, {}{most_bytes}{password}, until {}  {}",
        link.id,
        link.state,
        link.files,
        size(link.bytes),
        when(link.expires),
        display_safe(&link.location)
    )
}

async fn show(client: &Client, options: &ShowOptions) -> Result<u8> {
    let (mut out, mut tally) = (Out::new(), Tally::new());
    for id in &options.ids {
        match client.drop_link(id).await {
            Err(error) => tally.take(Err(error))?,
            Ok(link) if options.json => out.json(&link)?,
            Ok(link) => {
                out.line(&words(&link))?;
                out.line(&format!("  {}", link.url))?;
                for file in &link.arrived {
                    let state = if file.done { "arrived" } else { "coming" };
                    let place = display_safe(&file.location);
                    out.line(&format!("  {state:7} {:>10}  {place}", size(file.size)))?;
                }
            }
        }
    }
    Ok(tally.code())
}
