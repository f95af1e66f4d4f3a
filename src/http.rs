//! The one HTTP/1.1 client: hyper-util's pooled client over hyper-rustls with ring, proxies from the environment,
//! and extra certificate authorities. The S3 client speaks through it, and so do plain requests.
//!
//! HTTP/2 is never offered: parallel ranged reads over TLS are faster without.

use std::error::Error as StdError;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::{HeaderValue, Request, Response, Uri, header};
use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpStream;
use tower_service::Service;

use crate::error::{Error, Kind, Result};

/// What goes out.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;
/// What a body or a connector fails with.
pub type BoxError = Box<dyn StdError + Send + Sync>;

const IDLE: Duration = Duration::from_secs(90);

/// How to reach servers; one client per distinct set of settings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// PEM file with certificate authorities to trust besides the system's.
    pub ca_bundle: Option<PathBuf>,
    /// Longest wait for a TCP connection.
    pub connect_timeout: Duration,
}

/// A cheap handle on the pooled client.
#[derive(Clone, Debug)]
pub struct Http {
    client: Client<Connector, Body>,
    proxies: Arc<Matcher>,
}

impl Http {
    /// Builds the client: `ca_bundle` or `AWS_CA_BUNDLE` besides the system's roots (also `SSL_CERT_FILE`), and
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` in both cases. The system's roots are read when the
    /// first TLS connection is made.
    ///
    /// # Errors
    /// The bundle cannot be read or holds no certificate.
    pub fn new(settings: &Settings) -> Result<Self> {
        let bundle =
            settings.ca_bundle.clone().or_else(|| std::env::var_os("AWS_CA_BUNDLE").map(PathBuf::from));
        let extra = bundle.as_deref().map(certificates).transpose()?.unwrap_or_default();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(settings.connect_timeout));
        let proxies = Arc::new(Matcher::from_env());
        let through = Proxied { tcp, proxies: Arc::clone(&proxies) };
        let connector = Connector { through, extra: extra.into(), tls: Arc::new(OnceLock::new()) };
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .build(connector);
        Ok(Self { client, proxies })
    }

    /// Sends a request and returns as soon as the answer's headers are there.
    ///
    /// # Errors
    /// The connection's; see `is_connect` of hyper-util's error.
    pub async fn send(
        &self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
        if request.uri().scheme_str() == Some("http")
            && let Some(proxy) = self.proxies.intercept(request.uri())
            && let Some(authorization) = proxy.basic_auth()
        {
            request.headers_mut().insert(header::PROXY_AUTHORIZATION, authorization.clone());
        }
        self.client.request(request).await
    }

    /// Sends a small request and reads at most `limit` bytes of its answer.
    ///
    /// # Errors
    /// `Kind::Network`, with the host but not the query, which may be a signature.
    pub async fn fetch(&self, request: Request<Bytes>, limit: usize) -> Result<Response<Bytes>> {
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let failed = |why: String| Error::new(Kind::Network, format!("cannot reach {host}: {why}"));
        let response = self.send(request.map(whole)).await.map_err(|error| failed(root_cause(&error)))?;
        let (parts, body) = response.into_parts();
        let bytes = Limited::new(body, limit).collect().await.map_err(|error| failed(root_cause(&*error)))?;
        Ok(Response::from_parts(parts, bytes.to_bytes()))
    }
}

/// A body that is in memory.
pub fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// The innermost cause of an error: what the operating system or the TLS library said.
pub fn root_cause(error: &(dyn StdError + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// The certificates of a PEM file.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let wrong = |why: String| Error::new(Kind::Config, format!("ca_bundle {}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let found: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(wrong("it holds no certificate".to_owned()).with_hint("it must be a PEM file")),
        Err(error) => Err(wrong(error.to_string())),
    }
}

/// Opens connections: plain or TLS, direct or through a proxy.
#[derive(Clone)]
struct Connector {
    through: Proxied,
    extra: Arc<[CertificateDer<'static>]>,
    tls: Arc<OnceLock<std::result::Result<Arc<ClientConfig>, String>>>,
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Stream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Self { mut through, extra, tls } = self.clone();
        Box::pin(async move {
            if target.scheme_str() == Some("http") {
                return Ok(MaybeHttpsStream::Http(through.call(target).await?));
            }
            let config =
                tokio::task::spawn_blocking(move || tls.get_or_init(|| tls_config(&extra)).clone()).await??;
            HttpsConnector::from((through, config)).call(target).await
        })
    }
}

/// Reading the system's roots takes some ten milliseconds, which a plain connection need not pay.
fn tls_config(extra: &[CertificateDer<'static>]) -> std::result::Result<Arc<ClientConfig>, String> {
    let mut roots = rustls::RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    for certificate in extra {
        roots.add(certificate.clone()).map_err(|error| format!("ca_bundle: {error}"))?;
    }
    if roots.is_empty() {
        return Err("the system has no certificate authorities; set ca_bundle or SSL_CERT_FILE".to_owned());
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// TCP, by way of a proxy where the environment says so.
#[derive(Clone)]
struct Proxied {
    tcp: HttpConnector,
    proxies: Arc<Matcher>,
}

impl Service<Uri> for Proxied {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = std::result::Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<std::result::Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Self { mut tcp, proxies } = self.clone();
        Box::pin(async move {
            let Some(proxy) = proxies.intercept(&target) else {
                return Ok(Stream { io: tcp.call(target).await?, to_proxy: false });
            };
            if proxy.uri().scheme_str() != Some("http") {
                return Err(format!("proxies are reached by http://, not by {}", proxy.uri()).into());
            }
            if target.scheme_str() == Some("http") {
                return Ok(Stream { io: tcp.call(proxy.uri().clone()).await?, to_proxy: true });
            }
            let authorization: Option<HeaderValue> = proxy.basic_auth().cloned();
            let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
            if let Some(authorization) = authorization {
                tunnel = tunnel.with_auth(authorization);
            }
            Ok(Stream { io: tunnel.call(target).await?, to_proxy: false })
        })
    }
}

/// A TCP connection that knows whether requests on it go to a proxy.
struct Stream {
    io: TokioIo<TcpStream>,
    to_proxy: bool,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.to_proxy)
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(context, slices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_without_certificates_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "not a certificate").unwrap();
        let settings =
            Settings { ca_bundle: Some(file.path().to_path_buf()), connect_timeout: Duration::from_secs(1) };
        let error = Http::new(&settings).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.message().contains(&file.path().display().to_string()));
    }
}
