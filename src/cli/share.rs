//! `share`: protected links, made and ended at a gateway.

use std::time::Duration;

use clap::{ArgGroup, Args, Subcommand};
use jiff::Timestamp;
use secrecy::ExposeSecret as _;

use super::output::{Out, Tally, local_time, note};
use super::presign::copy;
use super::{Context, ask};
use crate::error::{Error, Kind, Result};
use crate::gateway::{Client, ExtendRequest, Password, ShareRequest, ShareView, new_password};
use crate::links::parse_lifetime;
use crate::sanitize::display_safe;

/// A week, unless somebody says otherwise.
pub(super) const LIFE: Duration = Duration::from_hours(7 * 24);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a protected link to objects, or to everything below a prefix.
    Create(Box<CreateOptions>),
    /// List shares, the newest first.
    List(ListOptions),
    /// Show shares with their links.
    Show(ShowOptions),
    /// Show what happened to a share, the newest first.
    Events(EventsOptions),
    /// End shares at once; URLs that were handed out in the last minute work until it is over.
    #[command(after_help = "Example: twinpail share revoke 5f0c9a3be1d27784")]
    Revoke(Named),
    /// Let a share live longer, or be downloaded more often.
    Extend(ExtendOptions),
}

/// How a password comes to a link; never as an argument, which others can see.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("secret"))]
pub(super) struct Secret {
    /// Ask for a password; without a terminal it is stdin's first line.
    #[arg(long, group = "secret")]
    password: bool,
    /// Make a password and show it.
    #[arg(long, group = "secret")]
    generate: bool,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail share create work:media/film.mov --generate --max 3 --expires friday\n         twinpail share create work:media/2026/ --password --expires 30d\n\nProfiles are the gateway's. A download is counted when it begins; who has begun one can begin it again for an hour."
)]
pub(super) struct CreateOptions {
    #[command(flatten)]
    secret: Secret,
    /// Until when it works: 2d, friday 18:00, 2027-01-31. Default: 7 days.
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires: Option<Duration>,
    /// Downloads at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max: Option<u32>,
    /// How often a counted download can be begun again within an hour. Default: 3.
    #[arg(long, value_name = "N")]
    again: Option<u32>,
    /// What the page is called. Default: the file's name.
    #[arg(long)]
    name: Option<String>,
    /// A note for yourself.
    #[arg(long, default_value = "")]
    note: String,
    /// Onto the clipboard too.
    #[arg(long)]
    copy: bool,
    /// One JSON object: id url locations name note password created expires max used state.
    #[arg(long)]
    json: bool,
    /// Objects; or one prefix, which ends in `/`.
    #[arg(value_name = "LOC", required = true)]
    locations: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail share list")]
pub(super) struct ListOptions {
    /// Also those that are over.
    #[arg(short, long)]
    all: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail share show 5f0c9a3be1d27784")]
pub(super) struct ShowOptions {
    /// Onto the clipboard too.
    #[arg(long)]
    copy: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Shares, as `share list` names them.
    #[arg(value_name = "ID", required = true)]
    ids: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail share events 5f0c9a3be1d27784")]
pub(super) struct EventsOptions {
    /// One JSON object a line: happened kind item address agent.
    #[arg(long)]
    json: bool,
    /// A share, as `share list` names it.
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(Args, Debug)]
pub(super) struct Named {
    /// As the list names them.
    #[arg(value_name = "ID", required = true)]
    pub(super) ids: Vec<String>,
}

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail share extend 5f0c9a3be1d27784 --expires 30d --max 10",
    group = ArgGroup::new("what").required(true).multiple(true)
)]
pub(super) struct ExtendOptions {
    /// Until when it works, from now.
    #[arg(long, value_name = "TIME", value_parser = lifetime, group = "what")]
    expires: Option<Duration>,
    /// Downloads at most, those that were counted included.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), group = "what")]
    max: Option<u32>,
    /// A share, as `share list` names it.
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn lifetime(text: &str) -> std::result::Result<Duration, String> {
    parse_lifetime(text).map_err(|error| match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.message(),
    })
}

pub(super) fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

impl Secret {
    /// The password, and whether it has to be shown.
    pub(super) async fn read(&self) -> Result<(Option<Password>, bool)> {
        if self.generate {
            return Ok((Some(new_password()?), true));
        }
        if !self.password {
            return Ok((None, false));
        }
        let text = ask::secret_answer("Password: ").await?;
        if text.expose_secret().is_empty() {
            return Err(Error::new(Kind::Usage, "an empty password protects nothing"));
        }
        Ok((Some(Password(text.expose_secret().to_owned())), false))
    }
}

pub(super) async fn run(context: &Context, command: Command) -> Result<u8> {
    let client = Client::new(&context.config).await?;
    match command {
        Command::Create(options) => create(context, &client, *options).await,
        Command::List(options) => list(&client, &options).await,
        Command::Show(options) => show(context, &client, &options).await,
        Command::Events(options) => events(&client, &options.id, false, options.json).await,
        Command::Revoke(named) => revoke(&client, &named).await,
        Command::Extend(options) => {
            let request =
                ExtendRequest { expires_in: options.expires.map(seconds), max: options.max.map(i64::from) };
            let share = client.extend(&options.id, &request).await?;
            Out::new().line(&words(&share))?;
            Ok(0)
        }
    }
}

async fn create(context: &Context, client: &Client, options: CreateOptions) -> Result<u8> {
    let (password, is_new) = options.secret.read().await?;
    let request = ShareRequest {
        locations: options.locations,
        password: password.clone(),
        expires_in: seconds(options.expires.unwrap_or(LIFE)),
        max: options.max.map(i64::from),
        again: options.again.map(i64::from),
        name: options.name,
        note: options.note,
    };
    let share = client.create_share(&request).await?;
    let made = Made {
        url: &share.url,
        json: options.json.then_some(&share),
        words: words(&share),
        password: password.filter(|_| is_new),
        copy: options.copy,
    };
    made.tell(context).await
}

/// A link that was made.
pub(super) struct Made<'a, T> {
    pub(super) url: &'a str,
    /// What is printed instead of the URL.
    pub(super) json: Option<&'a T>,
    pub(super) words: String,
    /// Its password, if nobody knows it yet.
    pub(super) password: Option<Password>,
    pub(super) copy: bool,
}

impl<T: serde::Serialize> Made<'_, T> {
    /// The link alone on stdout; what is to be known of it beside that.
    pub(super) async fn tell(self, context: &Context) -> Result<u8> {
        let mut out = Out::new();
        match self.json {
            Some(json) => out.json(json)?,
            None => out.line(self.url)?,
        }
        out.flush()?;
        if let Some(Password(password)) = self.password {
            note(&format!("password: {password}"));
        }
        note(&self.words);
        if self.copy {
            copy(context, self.url).await?;
        }
        Ok(0)
    }
}

pub(super) fn when(seconds: i64) -> String {
    local_time(Timestamp::from_second(seconds).ok())
}

/// One line about a share.
fn words(share: &ShareView) -> String {
    let used = match share.max {
        Some(max) => format!("{}/{max} downloads", share.used),
        None => format!("{} downloads", share.used),
    };
    let password = if share.password { ", password" } else { "" };
    let note =
        if share.note.is_empty() { String::new() } else { format!("  ({})", display_safe(&share.note)) };
    let name = display_safe(&share.name);
    format!("{} {:9} {used}{password}, until {}  {name}{note}", share.id, share.state, when(share.expires))
}

async fn list(client: &Client, options: &ListOptions) -> Result<u8> {
    let mut out = Out::new();
    for share in client.shares().await? {
        if options.all || share.state == "open" {
            if options.json { out.json(&share)? } else { out.line(&words(&share))? }
        }
    }
    Ok(0)
}

async fn show(context: &Context, client: &Client, options: &ShowOptions) -> Result<u8> {
    let (mut out, mut tally, mut urls) = (Out::new(), Tally::new(), Vec::new());
    for id in &options.ids {
        let share = match client.share(id).await {
            Ok(share) => share,
            Err(error) => {
                tally.take(Err(error))?;
                continue;
            }
        };
        if options.json {
            out.json(&share)?;
        } else {
            out.line(&words(&share))?;
            out.line(&format!("  {}", share.url))?;
            for place in &share.locations {
                out.line(&format!("  {}", display_safe(place)))?;
            }
        }
        urls.push(share.url);
    }
    out.flush()?;
    if options.copy && !urls.is_empty() {
        copy(context, &urls.join("\n")).await?;
    }
    Ok(tally.code())
}

/// The log of a share or a drop link.
pub(super) async fn events(client: &Client, id: &str, drops: bool, as_json: bool) -> Result<u8> {
    let mut out = Out::new();
    for event in client.events(id, drops).await? {
        if as_json {
            out.json(&event)?;
            continue;
        }
        let (item, agent) = (display_safe(&event.item), display_safe(&event.agent));
        out.line(&format!(
            "{} {:13} {:20} {item}  {agent}",
            when(event.happened),
            event.kind,
            event.address
        ))?;
    }
    Ok(0)
}

async fn revoke(client: &Client, named: &Named) -> Result<u8> {
    let mut tally = Tally::new();
    for id in &named.ids {
        let revoked = client.revoke(id).await;
        if revoked.is_ok() {
            note(&format!(
                "{id} is revoked; a URL that was handed out in the last minute works until it is over"
            ));
        }
        tally.take(revoked.map(drop))?;
    }
    Ok(tally.code())
}
