//! Between the SDK and our HTTP client: requests, bodies on their way, which answers are worth another try.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use jiff::{SignedDuration, Timestamp};

use super::answer::collected;
use crate::error::{Error, Kind, Result};
use crate::http::{self as client, Http, root_cause};

/// Longest silence of a transfer before it counts as broken.
pub(super) const STALL: Duration = Duration::from_mins(1);
/// Slice in which bytes in memory are handed to the connection, so that progress shows.
const SLICE: usize = 64 << 10;

/// How far a provider's clock is ahead of ours, as its last answer's `Date` says; whole seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Less than this is the time an answer takes, and no reason to mention anything.
    const NOISE: i64 = 30;

    /// How far ahead it is; zero as long as nothing noteworthy is known.
    pub(super) fn ahead(&self) -> SignedDuration {
        let seconds = self.0.load(Ordering::Relaxed);
        SignedDuration::from_secs(if seconds.abs() < Self::NOISE { 0 } else { seconds })
    }

    fn hear(&self, headers: &http::HeaderMap) {
        let date = headers.get(http::header::DATE).and_then(|date| date.to_str().ok());
        if let Some(theirs) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) {
            let ahead = theirs.timestamp().as_second() - Timestamp::now().as_second();
            self.0.store(ahead, Ordering::Relaxed);
        }
    }
}

/// Our client as the SDK wants it.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    pub(super) http: Http,
    pub(super) clock: Clock,
}

impl Transport {
    /// Sends a request that is signed already.
    pub(super) async fn send(
        &self,
        request: http::Request<client::Body>,
    ) -> Result<http::Response<Incoming>, hyper_util::client::legacy::Error> {
        let response = self.http.send(request).await?;
        self.clock.hear(response.headers());
        Ok(response)
    }
}

impl HttpClient for Transport {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = self.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
            // A server that breaks a connection at the wrong moment is as good as one that cannot be reached.
            let answer = transport.send(request.map(http_body_util::BodyExt::boxed_unsync)).await;
            let answer = answer.map_err(|error| ConnectorError::io(Box::new(error)))?;
            let (mut parts, body) = answer.into_parts();
            let body = collected(body).await.map_err(|error| ConnectorError::io(Box::new(error)))?;
            // The SDK compares; only HEAD has a length without a body.
            if let Some(length) = parts.headers.get_mut(CONTENT_LENGTH).filter(|_| !body.is_empty()) {
                *length = body.len().into();
            }
            Response::try_from(http::Response::from_parts(parts, SdkBody::from(body)))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// "Slow down" in the forms that the SDK does not know: 429, and names of codes used by third parties.
#[derive(Debug)]
pub(super) struct Throttling;

impl ClassifyRetry for Throttling {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().map(|response| response.status().as_u16()) {
            Some(429) => RetryAction::throttling_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "throttling by status"
    }
}

/// What the signature of a request says of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Nothing (`UNSIGNED-PAYLOAD`).
    Nothing,
    /// Its SHA-256.
    Itself,
    /// The SHA-256 of other bytes: only to find out whether the provider compares them.
    Another,
}

/// Bytes on their way to the provider, of known length. Rebuilt for every attempt.
pub struct Body {
    inner: BoxBody<Bytes, std::io::Error>,
    length: u64,
    sent: Arc<AtomicU64>,
    signed: Option<Signed>,
}

impl Body {
    /// From memory.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = bytes.len() as u64;
        Self::from_stream(Slices(bytes), length)
    }

    /// From any body that yields exactly `length` bytes; streamed, never collected.
    pub fn from_stream<B>(body: B, length: u64) -> Self
    where
        B: http_body::Body<Data = Bytes, Error = std::io::Error> + Send + Sync + Unpin + 'static,
    {
        let sent = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: body, left: length, sent: Arc::clone(&sent) };
        Self { inner: counted.boxed(), length, sent, signed: None }
    }

    /// Signed in that way, whatever the profile says.
    pub fn signed(self, signed: Signed) -> Self {
        Self { signed: Some(signed), ..self }
    }

    /// Bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How many bytes the connection has taken so far.
    pub(super) fn sent(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    /// As a request has it: all of it in memory if it has to be signed. `default`: what the profile says.
    pub(super) async fn payload(self, default: Signed) -> Result<Payload> {
        let signed = self.signed.unwrap_or(default);
        if signed == Signed::Nothing {
            return Ok(Payload::Unsigned(self.inner.map_err(Into::into).boxed_unsync()));
        }
        let collected = self.inner.collect().await;
        let bytes =
            collected.map_err(|error| Error::new(Kind::Local, format!("cannot read the source: {error}")))?;
        let bytes = bytes.to_bytes();
        Ok(match signed {
            Signed::Another => Payload::Other { signed: [&bytes[..], b"?"].concat().into(), sent: bytes },
            _ => Payload::Signed(bytes),
        })
    }

    /// As the SDK has it.
    pub(super) fn streamed(self) -> SdkBody {
        SdkBody::from_body_1_x(self.inner)
    }
}

/// The body of one request, and what its signature says of it.
pub(super) enum Payload {
    /// None.
    Empty,
    /// Not signed; something else proves it.
    Unsigned(client::Body),
    /// Signed by its SHA-256.
    Signed(Bytes),
    /// Sent under the signature of something else, which the provider should refuse.
    Other {
        /// What the signature is of.
        signed: Bytes,
        /// What is sent.
        sent: Bytes,
    },
}

/// Bytes in memory, slice by slice.
struct Slices(Bytes);

impl http_body::Body for Slices {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<http_body::Frame<Bytes>>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let next = self.0.len().min(SLICE);
        Poll::Ready(Some(Ok(http_body::Frame::data(self.0.split_to(next)))))
    }
}

/// Counts what the connection takes, and says the exact length, so that no chunked encoding is used.
struct Counted<B> {
    inner: B,
    left: u64,
    sent: Arc<AtomicU64>,
}

impl<B> http_body::Body for Counted<B>
where
    B: http_body::Body<Data = Bytes, Error = std::io::Error> + Unpin,
{
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<http_body::Frame<Bytes>>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.left = self.left.saturating_sub(data.len() as u64);
            self.sent.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.left)
    }
}

/// The next bytes of an answer; `None` at its end. What comes behind the bytes says nothing about them.
///
/// # Errors
/// In a few words, and worth another try: it breaks, or says nothing for [`STALL`].
pub(super) async fn arriving(body: &mut Incoming) -> Option<Result<Bytes, (Kind, String)>> {
    let frames = async {
        loop {
            match body.frame().await?.map(http_body::Frame::into_data) {
                Ok(Ok(bytes)) => return Some(Ok(bytes)),
                Ok(Err(_)) => {}
                Err(error) => return Some(Err((Kind::Network, root_cause(&error)))),
            }
        }
    };
    let silent = || Some(Err((Kind::Timeout, "no byte for a minute".to_owned())));
    tokio::time::timeout(STALL, frames).await.unwrap_or_else(|_| silent())
}

/// Waits for `sending` as long as `sent` grows; gives `None` after [`STALL`] without progress.
pub(super) async fn unless_stalled<T>(sending: impl Future<Output = T>, sent: &AtomicU64) -> Option<T> {
    let mut sending = std::pin::pin!(sending);
    let mut seen = sent.load(Ordering::Relaxed);
    loop {
        if let Ok(done) = tokio::time::timeout(STALL, &mut sending).await {
            return Some(done);
        }
        let now = sent.load(Ordering::Relaxed);
        if now == seen {
            return None;
        }
        seen = now;
    }
}
