//! What every request needs.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::Uri;
use zeroize::Zeroizing;

use super::limits::Limits;
use super::metrics::Metrics;
use super::page;
use super::secret::{self, Hashing, Keys};
use super::store::{Event, Store};
use super::visitor::Visitor;
use crate::config::Serve;
use crate::error::{Error, Kind, Result};
use crate::s3::{Connections, Method, PresignRequest};

/// Visits that are remembered, so that a page that is looked at again is one line in the log.
const SEEN: usize = 10_000;

/// One gateway; cheap to clone.
pub(super) type Shared = Arc<App>;

/// One gateway.
pub(super) struct App {
    pub(super) serve: Serve,
    pub(super) store: Store,
    pub(super) keys: Keys,
    pub(super) hashing: Hashing,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) connections: Connections,
    /// What the admin listener asks for.
    pub(super) admin_token: Zeroizing<String>,
    /// The host that recipients must ask for.
    pub(super) host: String,
    seen: Mutex<HashSet<(String, String)>>,
    /// Where storage is, by profile and bucket.
    origins: Mutex<HashMap<(String, String), String>>,
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

impl App {
    /// Opens the store and the keys.
    ///
    /// # Errors
    /// Either cannot be; a profile's storage is on the gateway's own host, where a stored page could read its cookies.
    pub(super) async fn open(serve: Serve, connections: Connections) -> Result<Shared> {
        let uri: Uri =
            serve.public_url.parse().map_err(|_| Error::new(Kind::Config, "public_url is not a URL"))?;
        let host =
            uri.authority().map(|authority| authority.as_str().to_ascii_lowercase()).unwrap_or_default();
        refuse_own_host(&connections, &uri)?;
        let (key_file, token_file) = (serve.key_file.clone(), serve.token_file.clone());
        let files = tokio::task::spawn_blocking(move || {
            Ok::<_, Error>((Keys::of_file(&key_file)?, secret::private_text(&token_file, secret::new_token)?))
        });
        let (keys, admin_token) =
            files.await.map_err(|error| Error::new(Kind::Internal, format!("a task failed: {error}")))??;
        if admin_token.len() < 16 {
            return Err(Error::new(Kind::Config, format!("{} holds no token", serve.token_file.display()))
                .with_hint("remove the file; a new one is made"));
        }
        let store = match &serve.store_url {
            Some(source) => {
                let url = source.resolve().await?;
                Store::postgres(secrecy::ExposeSecret::expose_secret(&url)).await?
            }
            None => Store::sqlite(&connections.config().paths.gateway().join("store.sqlite")).await?,
        };
        store.check_key(&keys).await?;
        Ok(Arc::new(Self {
            serve,
            store,
            keys,
            hashing: Hashing::new(),
            limits: Limits::new(),
            metrics: Metrics::default(),
            connections,
            admin_token,
            host,
            seen: Mutex::default(),
            origins: Mutex::default(),
        }))
    }

    /// Something that `visitor` did.
    pub(super) fn event(&self, visitor: &Visitor, kind: &str, item: &str) -> Event {
        Event {
            happened: now(),
            kind: kind.to_owned(),
            item: item.to_owned(),
            address: visitor.written(self.serve.truncate_addresses),
            agent: visitor.agent.clone(),
        }
    }

    /// Writes down what a visitor did or was refused; that it could not be written is in the log of the program.
    pub(super) async fn write_down(&self, about: &str, event: Event) {
        if let Err(error) = self.store.add_event(about, &event).await {
            tracing::error!(%error, about, kind = event.kind, "an event could not be written down");
        }
    }

    /// Whether this is the first time lately that somebody looks at a page.
    pub(super) fn is_first_visit(&self, about: &str, visitor: &Visitor) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= SEEN {
            seen.clear();
        }
        seen.insert((about.to_owned(), visitor.household().to_string()))
    }

    /// The scheme and host that URLs of a bucket lead to, in the form of a policy; they stay what they are.
    pub(super) async fn storage_origin(&self, profile: &str, bucket: &str) -> Option<String> {
        let name = (profile.to_owned(), bucket.to_owned());
        let known = self.origins.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        if known.is_some() {
            return known;
        }
        let store = self.connections.store(profile).await.ok()?;
        let request = PresignRequest {
            bucket: bucket.to_owned(),
            key: "x".to_owned(),
            method: Method::Get,
            expires: std::time::Duration::from_secs(1),
            ..PresignRequest::default()
        };
        let origin = page::storage_origin(&store.presign(&request).await.ok()?.url, bucket)?;
        self.origins.lock().unwrap_or_else(PoisonError::into_inner).insert(name, origin.clone());
        Some(origin)
    }

    /// Forgets who looked at what.
    pub(super) fn forget_visits(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The link with a token.
    pub(super) fn link(&self, kind: char, token: &str) -> String {
        format!("{}/{kind}/{token}", self.serve.public_url)
    }
}

/// Equal for addresses of one server, however they are written.
fn host_and_port(uri: &Uri) -> (Option<String>, u16) {
    let usual = if uri.scheme_str() == Some("http") { 80 } else { 443 };
    (uri.host().map(str::to_ascii_lowercase), uri.port_u16().unwrap_or(usual))
}

/// What a provider serves from the gateway's own host would be one origin with its pages.
fn refuse_own_host(connections: &Connections, public: &Uri) -> Result<()> {
    for profile in &connections.config().profiles {
        for url in [&profile.endpoint, &profile.public_endpoint].into_iter().flatten() {
            let Ok(uri) = url.parse::<Uri>() else { continue };
            if host_and_port(&uri) == host_and_port(public) {
                return Err(Error::new(
                    Kind::Config,
                    format!(
                        "profile {} stores on {url}, which is the gateway's own public_url",
                        profile.name
                    ),
                )
                .with_hint(
                    "give the gateway a host of its own: what is stored could read its visitors' cookies",
                ));
            }
        }
    }
    Ok(())
}
