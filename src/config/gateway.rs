//! `[gateway]`: where a gateway is asked for protected links, and how one is served.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::Deserialize;
use toml::Spanned;

use super::file::Source;
use super::paths::expand_home;
use super::units::parse_duration;
use super::{GATEWAY_TOKEN, Paths, SecretSource};
use crate::error::Result;

/// Events are kept for a year unless somebody says otherwise.
const KEEP_EVENTS: Duration = Duration::from_hours(365 * 24);

/// Who is slower than that does it on purpose.
const PATIENCE: Duration = Duration::from_secs(10);

/// `[gateway]`.
#[derive(Clone, Debug, Default)]
pub struct Gateway {
    /// Where the admin listener of a gateway answers; `None`: one on this machine, by its socket.
    pub url: Option<String>,
    /// Its token; `None`: the one that a gateway on this machine wrote down.
    pub token: Option<SecretSource>,
    /// `[gateway.serve]`.
    pub serve: Option<Serve>,
}

/// Where the admin listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAddress {
    /// A loopback address.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
}

/// `[gateway.serve]`: a gateway of this machine.
#[derive(Clone, Debug)]
pub struct Serve {
    /// Where recipients come in.
    pub listen: SocketAddr,
    /// Where links are made.
    pub admin: AdminAddress,
    /// How recipients reach it: scheme, host and perhaps a port, no path.
    pub public_url: String,
    /// A PostgreSQL URL; `None`: an SQLite file in the state folder.
    pub store_url: Option<SecretSource>,
    /// Proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Certificate chain and key (PEM); `None`: plain HTTP, for a proxy in front.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// 32 random bytes, for its owner alone; made if it is not there.
    pub key_file: PathBuf,
    /// The token of the admin listener, for its owner alone; made if it is not there.
    pub token_file: PathBuf,
    /// Whether only the network of an address is written down.
    pub truncate_addresses: bool,
    /// How long the log of a share is kept.
    pub keep_events: Duration,
    /// How long a visitor may take to shake hands and to send the head of a request.
    pub patience: Duration,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct GatewayTable {
    url: Option<Spanned<String>>,
    token_command: Option<Spanned<Vec<String>>>,
    token: Option<Spanned<String>>,
    serve: Option<Spanned<ServeTable>>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ServeTable {
    listen: Option<Spanned<String>>,
    admin: Option<Spanned<String>>,
    public_url: Option<Spanned<String>>,
    store_url_command: Option<Spanned<Vec<String>>>,
    trusted_proxies: Vec<Spanned<String>>,
    tls: Option<Spanned<TlsTable>>,
    key_file: Option<PathBuf>,
    token_file: Option<PathBuf>,
    truncate_addresses: bool,
    keep_events: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TlsTable {
    certificate: PathBuf,
    key: PathBuf,
}

/// Reads `[gateway]`.
pub(super) fn gateway(source: Source<'_>, table: &GatewayTable, paths: &Paths) -> Result<Gateway> {
    let url = table.url.as_ref().map(|url| origin(source, "url", url)).transpose()?;
    let token = match (&table.token_command, &table.token) {
        (None, None) => None,
        (Some(command), None) => Some(program(source, "token_command", command)?),
        (None, Some(word)) => Some(source.stored("token", word, GATEWAY_TOKEN)?),
        (Some(_), Some(word)) => {
            return Err(source.wrong(word.span().start, "both of token_command and token"));
        }
    };
    let serve = table.serve.as_ref().map(|table| serve(source, table, paths)).transpose()?;
    Ok(Gateway { url, token, serve })
}

fn serve(source: Source<'_>, table: &Spanned<ServeTable>, paths: &Paths) -> Result<Serve> {
    let (at, table) = (table.span().start, table.get_ref());
    let Some(public_url) = &table.public_url else {
        return Err(source.wrong(at, "[gateway.serve] has no public_url").with_hint(
            "the address that recipients use, for example public_url = \"https://share.example.org\"",
        ));
    };
    let public_url = origin(source, "public_url", public_url)?;
    let address = |key: &str, text: &Spanned<String>| {
        text.get_ref().parse::<SocketAddr>().map_err(|_| {
            let message = format!("{key} = \"{}\" is not an address with a port", text.get_ref());
            source.wrong(text.span().start, message).with_hint("for example 127.0.0.1:8600 or [::]:443")
        })
    };
    let listen = match &table.listen {
        Some(text) => address("listen", text)?,
        None => SocketAddr::from(([127, 0, 0, 1], 8600)),
    };
    let admin = match &table.admin {
        None => AdminAddress::Unix(paths.gateway().join("admin.sock")),
        Some(text) => match text.get_ref().strip_prefix("unix:") {
            Some(path) => AdminAddress::Unix(expand_home(path.as_ref())),
            None => AdminAddress::Tcp(address("admin", text)?),
        },
    };
    if let (AdminAddress::Tcp(address), Some(text)) = (&admin, &table.admin)
        && !address.ip().is_loopback()
    {
        return Err(source
            .wrong(text.span().start, "admin is not an address of this machine alone")
            .with_hint(
                "use 127.0.0.1:PORT or unix:PATH; from elsewhere it is reached through ssh or a proxy",
            ));
    }
    let proxy = |text: &Spanned<String>| {
        let net = text.get_ref().parse::<IpNet>().ok();
        net.or_else(|| text.get_ref().parse::<std::net::IpAddr>().ok().map(IpNet::from)).ok_or_else(|| {
            let message = format!("trusted_proxies: `{}` is no network", text.get_ref());
            source.wrong(text.span().start, message).with_hint("for example 10.0.0.0/8 or 127.0.0.1")
        })
    };
    let command = table.store_url_command.as_ref();
    let keep = table.keep_events.as_ref();
    Ok(Serve {
        listen,
        admin,
        public_url,
        store_url: command.map(|command| program(source, "store_url_command", command)).transpose()?,
        trusted_proxies: table.trusted_proxies.iter().map(proxy).collect::<Result<_>>()?,
        tls: table.tls.as_ref().map(|tls| {
            let tls = tls.get_ref();
            (expand_home(&tls.certificate), expand_home(&tls.key))
        }),
        key_file: table.key_file.as_deref().map_or_else(|| paths.gateway().join("key"), expand_home),
        token_file: table.token_file.as_deref().map_or_else(|| paths.gateway().join("token"), expand_home),
        truncate_addresses: table.truncate_addresses,
        keep_events: keep
            .map(|text| source.parsed("keep_events", text, parse_duration))
            .transpose()?
            .unwrap_or(KEEP_EVENTS),
        patience: PATIENCE,
    })
}

fn program(source: Source<'_>, key: &str, command: &Spanned<Vec<String>>) -> Result<SecretSource> {
    if command.get_ref().is_empty() {
        return Err(source.wrong(command.span().start, format!("{key} names no program")));
    }
    Ok(SecretSource::Command(command.get_ref().clone()))
}

/// Scheme, host and port. Passwords and cookies go over it, so that it is https, but on this machine.
fn origin(source: Source<'_>, key: &str, url: &Spanned<String>) -> Result<String> {
    let text = url.get_ref().trim_end_matches('/');
    let wrong = |why: &str| source.wrong(url.span().start, format!("{key} = \"{}\" {why}", url.get_ref()));
    let uri: http::Uri = text.parse().map_err(|_| wrong("is not a URL"))?;
    let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
        return Err(wrong("is not a URL").with_hint("for example https://share.example.org"));
    };
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() || text.contains('@') {
        return Err(wrong("is more than scheme, host and port")
            .with_hint("cookies are bound to the whole host, so that a gateway needs one of its own"));
    }
    let is_local = host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    match scheme {
        "https" => Ok(text.to_owned()),
        "http" if is_local => Ok(text.to_owned()),
        _ => Err(wrong("is not https").with_hint("passwords go over it; http is for this machine only")),
    }
}
