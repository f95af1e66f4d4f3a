//! The other end of the admin listener: over a Unix socket of this machine, or HTTP.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::UnixStream;

use super::api::{DropRequest, DropView, EventView, ExtendRequest, ShareRequest, ShareView};
use crate::config::{AdminAddress, Config};
use crate::error::{Error, Kind, Result};
use crate::http::{Http, Settings};

/// The largest answer.
const ANSWER: usize = 64 << 20;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// A gateway that is asked to make and end links.
#[derive(Clone, Debug)]
pub struct Client {
    way: Way,
    token: SecretString,
}

#[derive(Clone, Debug)]
enum Way {
    Socket(PathBuf),
    Http(Http, String),
}

impl Client {
    /// The gateway of the configuration, else one of this machine.
    ///
    /// # Errors
    /// There is none, or its token cannot be had.
    pub async fn new(config: &Config) -> Result<Self> {
        let gateway = &config.gateway;
        let serve = gateway.serve.as_ref();
        let http = || Http::new(&Settings { ca_bundle: None, connect_timeout: Duration::from_secs(10) });
        let way = match (&gateway.url, serve.map(|serve| &serve.admin)) {
            (Some(url), _) => Way::Http(http()?, url.clone()),
            (None, Some(AdminAddress::Tcp(address))) => Way::Http(http()?, format!("http://{address}")),
            (None, Some(AdminAddress::Unix(path))) => Way::Socket(path.clone()),
            (None, None) => Way::Socket(config.paths.gateway().join("admin.sock")),
        };
        if let Way::Socket(path) = &way
            && !path.exists()
        {
            return Err(Error::new(Kind::NotFound, "protected links need a gateway, and none runs here")
                .with_hint(
                    "start one with `twinpail gateway`, or name one: [gateway] url = \"https://...\"",
                ));
        }
        let token = if let Some(source) = &gateway.token {
            source.resolve().await?
        } else if gateway.url.as_deref().is_some_and(|url| !is_local(url)) {
            // The token of this machine's gateway is nobody else's business.
            return Err(Error::new(Kind::Config, "[gateway] has a url but no token_command or token")
                .with_hint("a program that prints that gateway's token: token_command = [\"pass\", \"show\", \"gateway\"]; or `twinpail gateway --store-token` and token = \"keyring\""));
        } else {
            let ours = || config.paths.gateway().join("token");
            let file = serve.map_or_else(ours, |serve| serve.token_file.clone());
            let text = tokio::fs::read_to_string(&file).await.map_err(|error| {
                Error::local("read", &file, error)
                    .with_hint("[gateway] token_command prints the token of a gateway elsewhere")
            })?;
            SecretString::from(text.trim())
        };
        Ok(Self { way, token })
    }

    /// Makes a share.
    ///
    /// # Errors
    /// What the gateway says.
    pub async fn create_share(&self, request: &ShareRequest) -> Result<ShareView> {
        self.ask(Method::POST, "/api/shares", Some(request)).await
    }

    /// Every share, newest first, without links.
    ///
    /// # Errors
    /// What the gateway says.
    pub async fn shares(&self) -> Result<Vec<ShareView>> {
        self.ask(Method::GET, "/api/shares", None::<&()>).await
    }

    /// One share with its link.
    ///
    /// # Errors
    /// What the gateway says.
    pub async fn share(&self, id: &str) -> Result<ShareView> {
        self.ask(Method::GET, &format!("/api/shares/{}", segment(id)), None::<&()>).await
    }

    /// The log of a share or a drop link (`drops`), newest first.
    ///
    /// # Errors
    /// What the gateway says.
    pub async fn events(&self, id: &str, drops: bool) -> Result<Vec<EventView>> {
        let kind = if drops { "drops" } else { "shares" };
        self.ask(Method::GET, &format!("/api/{kind}/{}/events", segment(id)), None::<&()>).await
    }

    /// Ends a share.
    ///
    /// # Errors
    /// What the gateway says.
    pub async fn revoke(&self, id: &str) -> Result<ShareView> {
        self.ask(Method::POST, &format!("/api/shares/{}/revoke", segment(id)), None::<&()>).await
    }

    /// Changes when a share ends and how often it can be downloaded.
    ///
    /// # Errors
    /// What the gateway says.
    pub async fn extend(&self, id: &str, request: &ExtendRequest) -> Result<ShareView> {
        self.ask(Method::POST, &format!("/api/shares/{}/extend", segment(id)), Some(request)).await
    }

    /// Makes a drop link.
    ///
    /// # Errors
    /// What the gateway says.
    pub async fn create_drop(&self, request: &DropRequest) -> Result<DropView> {
        self.ask(Method::POST, "/api/drops", Some(request)).await
    }

    /// Every drop link, newest first, without links.
    ///
    /// # Errors
    /// What the gateway says.
    pub async fn drops(&self) -> Result<Vec<DropView>> {
        self.ask(Method::GET, "/api/drops", None::<&()>).await
    }

    /// One drop link with its link and what came in.
    ///
    /// # Errors
    /// What the gateway says.
    pub async fn drop_link(&self, id: &str) -> Result<DropView> {
        self.ask(Method::GET, &format!("/api/drops/{}", segment(id)), None::<&()>).await
    }

    /// Ends a drop link.
    ///
    /// # Errors
    /// What the gateway says.
    pub async fn close_drop(&self, id: &str) -> Result<DropView> {
        self.ask(Method::POST, &format!("/api/drops/{}/close", segment(id)), None::<&()>).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T> {
        let base = match &self.way {
            Way::Socket(_) => "http://gateway",
            Way::Http(_, url) => url,
        };
        let body = match body {
            Some(body) => {
                serde_json::to_vec(body).map_err(|error| Error::new(Kind::Internal, error.to_string()))?
            }
            None => Vec::new(),
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("{base}{path}"))
            .header(
                header::HOST,
                http::Uri::try_from(base)
                    .ok()
                    .and_then(|uri| uri.authority().cloned())
                    .map_or_else(String::new, |host| host.to_string()),
            )
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token.expose_secret()))
            .body(Bytes::from(body))
            .map_err(|error| Error::new(Kind::Config, format!("the gateway's address: {error}")))?;
        let sent = tokio::time::timeout(PATIENCE, self.send(request)).await;
        let (status, bytes) =
            sent.map_err(|_| Error::new(Kind::Timeout, "the gateway does not answer"))??;
        if status.is_success() {
            return serde_json::from_slice(&bytes).map_err(|error| {
                Error::new(Kind::Integrity, format!("the gateway's answer makes no sense: {error}"))
            });
        }
        Err(refusal(status, &bytes))
    }

    async fn send(&self, request: Request<Bytes>) -> Result<(StatusCode, Bytes)> {
        match &self.way {
            Way::Http(http, _) => {
                let response = http.fetch(request, ANSWER).await?;
                Ok((response.status(), response.into_body()))
            }
            Way::Socket(path) => {
                let failed = |why: String| {
                    Error::new(
                        Kind::Network,
                        format!("cannot reach the gateway at {}: {why}", path.display()),
                    )
                    .with_hint("is it running? `twinpail gateway` starts one")
                };
                let stream = UnixStream::connect(path).await.map_err(|error| failed(error.to_string()))?;
                let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
                    .await
                    .map_err(|error| failed(error.to_string()))?;
                let driving = tokio::spawn(connection);
                let response = sender.send_request(request.map(Full::new)).await;
                let response = response.map_err(|error| failed(error.to_string()))?;
                let status = response.status();
                let body = Limited::new(response.into_body(), ANSWER).collect().await;
                driving.abort();
                Ok((status, body.map_err(|error| failed(error.to_string()))?.to_bytes()))
            }
        }
    }
}

/// Whether a URL leads to this machine.
fn is_local(url: &str) -> bool {
    let host =
        http::Uri::try_from(url).ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

/// An id as a path segment.
fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn refusal(status: StatusCode, body: &[u8]) -> Error {
    #[derive(Default, serde::Deserialize)]
    struct Said {
        error: String,
        hint: Option<String>,
    }
    let said: Said = serde_json::from_slice(body).unwrap_or_else(|_| Said {
        error: format!(
            "the gateway answered {status}: {}",
            String::from_utf8_lossy(&body[..body.len().min(200)])
        ),
        hint: None,
    });
    let kind = match status.as_u16() {
        401 => Kind::Credentials,
        403 => Kind::Denied,
        404 => Kind::NotFound,
        409 => Kind::Changed,
        400 | 422 => Kind::Usage,
        _ => Kind::Unavailable,
    };
    let error = Error::new(kind, said.error);
    match said.hint {
        Some(hint) => error.with_hint(hint),
        None => error,
    }
}
