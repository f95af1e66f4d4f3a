//! The two listeners: HTTP/1.1, with TLS or behind a proxy, with limits on who dawdles.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

use super::app::Shared;
use super::{Addresses, admin, routes, sweep};
use crate::config::AdminAddress;
use crate::config::paths::make_private;
use crate::error::{Error, Kind, Result};

/// How long requests under way may take once it is time to go.
const GOODBYE: Duration = Duration::from_secs(10);
/// How many times the patience for its head a request may take in all: bodies are small.
const REQUEST: u32 = 3;
/// Connections at once.
const CONNECTIONS: usize = 10_000;

/// Listens until `stop`.
pub(super) async fn run(app: Shared, stop: CancellationToken, ready: impl FnOnce(&Addresses)) -> Result<()> {
    let serve = &app.serve;
    let taken = |address: &str, error: std::io::Error| {
        Error::new(Kind::Network, format!("cannot listen on {address}: {error}"))
    };
    let tls = serve.tls.as_ref().map(|(chain, key)| acceptor(chain, key)).transpose()?;
    let public =
        TcpListener::bind(serve.listen).await.map_err(|error| taken(&serve.listen.to_string(), error))?;
    let address = public.local_addr().map_err(|error| taken(&serve.listen.to_string(), error))?;
    let router = routes::public(Arc::clone(&app));
    let admin = admin::routes(Arc::clone(&app));
    let private = match &serve.admin {
        AdminAddress::Tcp(wanted) => {
            let listener =
                TcpListener::bind(wanted).await.map_err(|error| taken(&wanted.to_string(), error))?;
            let words =
                listener.local_addr().map_or_else(|_| wanted.to_string(), |address| address.to_string());
            (Door::Tcp(listener, None), format!("http://{words}"))
        }
        AdminAddress::Unix(path) => {
            let listener = socket(path).map_err(|error| taken(&path.display().to_string(), error))?;
            (Door::Unix(listener), format!("unix:{}", path.display()))
        }
    };
    ready(&Addresses { public: address, admin: private.1 });
    let sweeping = tokio::spawn(sweep::run(Arc::clone(&app)));
    let patience = serve.patience;
    tokio::join!(
        accept(Door::Tcp(public, tls), router, patience, &stop),
        accept(private.0, admin, patience, &stop)
    );
    sweeping.abort();
    if let AdminAddress::Unix(path) = &serve.admin {
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// A socket for this user alone. One that nobody listens on any more is taken away.
fn socket(path: &std::path::Path) -> std::io::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        make_private(folder).map_err(std::io::Error::other)?;
    }
    if path.exists() && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

fn acceptor(chain: &std::path::Path, key: &std::path::Path) -> Result<TlsAcceptor> {
    let wrong = |path: &std::path::Path, why: String| {
        Error::new(Kind::Config, format!("tls: {}: {why}", path.display())).with_hint("it must be a PEM file")
    };
    let certificates: std::result::Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(chain).map_err(|error| wrong(chain, error.to_string()))?.collect();
    let certificates = certificates.map_err(|error| wrong(chain, error.to_string()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, error.to_string()))?;
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(certificates, private))
            .map_err(|error| wrong(chain, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Where connections come in.
enum Door {
    Tcp(TcpListener, Option<TlsAcceptor>),
    Unix(UnixListener),
}

async fn accept(door: Door, router: Router, patience: Duration, stop: &CancellationToken) {
    let (graceful, room) = (GracefulShutdown::new(), Arc::new(Semaphore::new(CONNECTIONS)));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
        let (router, watcher) = (router.clone(), graceful.watcher());
        let accepted = async {
            match &door {
                Door::Tcp(listener, tls) => listener.accept().await.map(|(stream, peer)| {
                    let _ = stream.set_nodelay(true);
                    (Stream::Tcp(stream, tls.clone()), Some(peer))
                }),
                Door::Unix(listener) => {
                    listener.accept().await.map(|(stream, _)| (Stream::Unix(stream), None))
                }
            }
        };
        let (stream, peer) = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accepted => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors: who is served now lets go of some.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
        };
        tokio::spawn(async move {
            match stream {
                Stream::Unix(stream) => talk(stream, peer, router, patience, watcher).await,
                Stream::Tcp(stream, None) => talk(stream, peer, router, patience, watcher).await,
                Stream::Tcp(stream, Some(tls)) => {
                    if let Ok(Ok(stream)) = tokio::time::timeout(patience, tls.accept(stream)).await {
                        talk(stream, peer, router, patience, watcher).await;
                    }
                }
            }
            drop(place);
        });
    }
    let _ = tokio::time::timeout(GOODBYE, graceful.shutdown()).await;
}

enum Stream {
    Tcp(tokio::net::TcpStream, Option<TlsAcceptor>),
    Unix(tokio::net::UnixStream),
}

async fn talk(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    peer: Option<SocketAddr>,
    router: Router,
    patience: Duration,
    watcher: Watcher,
) {
    let answer = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut router = router.clone();
        let mut request = request.map(Body::new);
        if let Some(peer) = peer {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        async move {
            match tokio::time::timeout(patience * REQUEST, router.call(request)).await {
                Ok(response) => response,
                Err(_) => {
                    Ok(axum::response::IntoResponse::into_response(axum::http::StatusCode::REQUEST_TIMEOUT))
                }
            }
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_headers(64)
        .serve_connection(TokioIo::new(stream), answer);
    // A connection that breaks is the visitor's business.
    let _ = watcher.watch(connection).await;
}
