//! Between the SDK and our HTTP client: requests, what arrives, which answers are worth another try.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, InterceptorContext,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use jiff::{SignedDuration, Timestamp};

use super::answer::collected;
use crate::error::{Kind, Result};
use crate::http::{self as client, Http, root_cause};

/// Longest silence of a transfer before it counts as broken.
pub(super) const STALL: Duration = Duration::from_mins(1);

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

/// Says on every request that the caller pays.
#[derive(Debug)]
pub(super) struct RequesterPays;

impl Intercept for RequesterPays {
    fn name(&self) -> &'static str {
        "requester pays"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().headers_mut().insert("x-amz-request-payer", "requester");
        Ok(())
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
