//! Requests about one object and pages of keys, of which there are thousands: made here, since the SDK's machinery costs
//! more than such a request itself. They are signed by the SDK's signer, go where its rules for endpoints say, and fail in the same
//! words as all others.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, PoisonError};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sdk_s3::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningInstructions, SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::box_error::BoxError;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use percent_encoding::utf8_percent_encode;

use super::body::Payload;
use super::connect::{ANSWER, rooted};
use super::digest::{Algorithm, Digest};
use super::encode::{QUERY, encode_path};
use super::fault::{Facts, Op, unreachable_server};
use super::transport::arriving;
use super::{Method, Store};
use crate::error::{Error, Kind, Result};
use crate::http::{Body, root_cause, whole};

/// As much of an answer that should have no body is read, so that its connection can be used again.
const REMAINDER: usize = 64 << 10;
/// An answer that is all in its body has come by then, also over a slow line.
const WHOLE: Duration = Duration::from_mins(10);
/// Attempts of a request that can be repeated, as many as the SDK's.
const ATTEMPTS: u32 = 4;
/// The longest wait before the second attempt; it doubles with each.
const BACKOFF: Duration = Duration::from_millis(300);
/// Credentials that end sooner are renewed before they sign anything.
const LEEWAY: Duration = Duration::from_mins(1);
/// What the program says it is.
const AGENT: HeaderValue = HeaderValue::from_static(concat!("twinpail/", env!("CARGO_PKG_VERSION")));

/// A request about one object, or with an empty key about its bucket, before it is signed.
#[derive(Clone, Debug)]
pub(super) struct Request<'a> {
    method: Method,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    query: Vec<String>,
    headers: Vec<(Cow<'static, str>, String)>,
}

impl<'a> Request<'a> {
    pub(super) fn new(method: Method, bucket: &'a str, key: &'a str) -> Self {
        Self { method, bucket, key, query: Vec::new(), headers: Vec::new() }
    }

    /// Adds a parameter that there is.
    pub(super) fn query(mut self, name: &str, value: Option<&str>) -> Self {
        self.query.extend(value.map(|value| parameter(name, value)));
        self
    }

    /// Adds a header that there is; `name` is in lower case.
    pub(super) fn header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: Option<impl Into<String>>,
    ) -> Self {
        self.headers.extend(value.map(|value| (name.into(), value.into())));
        self
    }

    /// Adds the header by which the provider proves the body.
    pub(super) fn digest(self, digest: Option<&Digest>) -> Self {
        let Some(digest) = digest else { return self };
        let name = match digest.algorithm {
            Algorithm::Md5 => "content-md5".to_owned(),
            kept => format!("x-amz-checksum-{}", kept.name()),
        };
        self.header(name, Some(digest.base64()))
    }
}

/// A request that was no success.
pub(super) enum Failure {
    /// The provider said no.
    Refused(Facts),
    /// There was no answer.
    Failed(Error),
}

impl Store {
    /// Sends a request once, and returns the answer if it is a success.
    pub(super) async fn send(
        &self,
        op: Op<'_>,
        request: &Request<'_>,
        payload: Payload,
    ) -> Result<Response<Incoming>, Failure> {
        let signed = self.signed(op, request, payload).await.map_err(Failure::Failed)?;
        let answer = self.transport().send(signed).await;
        let answer = answer.map_err(|error| Failure::Failed(unreachable_server(self, op, &error)))?;
        if answer.status().is_success() {
            Ok(answer)
        } else {
            Err(Failure::Refused(Facts::read(answer).await))
        }
    }

    /// Sends a request without a body; follows its bucket to its region.
    pub(super) async fn fetch_once(&self, op: Op<'_>, request: &Request<'_>) -> Result<Response<Incoming>> {
        let mut answer = self.send(op, request, Payload::Empty).await;
        if let Err(Failure::Refused(facts)) = &answer
            && self.learn_region(request.bucket, facts)
        {
            answer = self.send(op, request, Payload::Empty).await;
        }
        answer.map_err(|failure| match failure {
            Failure::Refused(facts) => self.refused(op, &facts),
            Failure::Failed(error) => error,
        })
    }

    /// The same, with other attempts where the first may only have come at a bad moment.
    pub(super) async fn fetch(&self, op: Op<'_>, request: &Request<'_>) -> Result<Response<Incoming>> {
        patiently(|| self.fetch_in_time(op, request)).await
    }

    /// The same, for an answer of at most `limit` bytes that says all it has to say in its body.
    pub(super) async fn read(&self, op: Op<'_>, request: &Request<'_>, limit: usize) -> Result<Bytes> {
        let too_slow =
            || Err(Error::new(Kind::Timeout, format!("cannot {op}: the answer does not come to its end")));
        let attempt = || async {
            let mut body = self.fetch_in_time(op, request).await?.into_body();
            let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
            let mut bytes = BytesMut::with_capacity(length.unwrap_or(0).min(limit));
            while let Some(arrived) = arriving(&mut body).await {
                bytes.extend_from_slice(
                    &arrived.map_err(|(kind, why)| Error::new(kind, format!("cannot {op}: {why}")))?,
                );
                if bytes.len() > limit {
                    let why = format!("cannot {op}: the answer is longer than {limit} bytes");
                    return Err(Error::new(Kind::Internal, why));
                }
            }
            Ok(bytes.freeze())
        };
        patiently(|| async { tokio::time::timeout(WHOLE, attempt()).await.unwrap_or_else(|_| too_slow()) })
            .await
    }

    async fn fetch_in_time(&self, op: Op<'_>, request: &Request<'_>) -> Result<Response<Incoming>> {
        let answer = tokio::time::timeout(ANSWER, self.fetch_once(op, request)).await;
        answer.unwrap_or_else(|_| Err(Error::new(Kind::Timeout, format!("cannot {op}: no answer in time"))))
    }

    async fn signed(
        &self,
        op: Op<'_>,
        request: &Request<'_>,
        payload: Payload,
    ) -> Result<http::Request<Body>> {
        let wrong =
            |error: &dyn std::fmt::Display| Error::new(Kind::Internal, format!("cannot {op}: {error}"));
        let place = self.place(op, request.bucket, Audience::Us).await?;
        let mut url = place.address(request.key);
        for (index, parameter) in request.query.iter().enumerate() {
            url.push(if index == 0 { '?' } else { '&' });
            url.push_str(parameter);
        }
        let mut headers: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (&**name, value.as_str())).collect();
        if self.profile().requester_pays {
            headers.push(("x-amz-request-payer", "requester"));
        }
        // Only objects are encrypted.
        if let Some(key) = self.own_key().filter(|_| !request.key.is_empty()) {
            headers.extend(key.headers());
        }
        let mut all = HeaderMap::with_capacity(headers.len() + 6);
        all.insert(http::header::USER_AGENT, AGENT);
        for (name, value) in &headers {
            add(op, &mut all, name, value)?;
        }
        if let Some(credentials) = self.signer(request.bucket, &place).await? {
            let body = match &payload {
                Payload::Empty => SignableBody::empty(),
                Payload::Unsigned(_) => SignableBody::UnsignedPayload,
                Payload::Signed(bytes) | Payload::Other { signed: bytes, .. } => SignableBody::Bytes(bytes),
            };
            let signable =
                SignableRequest::new(request.method.name(), url.as_str(), headers.into_iter(), body);
            let signable = signable.map_err(|error| wrong(&error))?;
            let signed = place.sign(signable, &credentials, SystemTime::now(), None);
            for (name, value) in signed.map_err(|error| wrong(&error))?.headers() {
                add(op, &mut all, name, value)?;
            }
        }
        let body = match payload {
            Payload::Empty => whole(Bytes::new()),
            Payload::Unsigned(body) => body,
            Payload::Signed(bytes) | Payload::Other { sent: bytes, .. } => whole(bytes),
        };
        let mut built = http::Request::builder().method(request.method.name()).uri(url).body(body);
        if let Ok(built) = &mut built {
            *built.headers_mut() = all;
        }
        built.map_err(|error| wrong(&error))
    }

    /// Whose signature requests to a bucket carry; `None`: nobody's.
    async fn signer(&self, bucket: &str, place: &Place) -> Result<Option<Credentials>> {
        if self.is_anonymous() {
            return Ok(None);
        }
        if place.session {
            // Rare, and large: it would make every request's future as large.
            Box::pin(self.session(bucket)).await
        } else {
            self.fresh_credentials(SystemTime::now() + LEEWAY).await
        }
        .map(Some)
    }

    /// Where a bucket is, by the SDK's rules for endpoints.
    ///
    /// # Errors
    /// `Kind::Usage` for a name that no bucket can have there.
    pub(super) async fn place(&self, op: Op<'_>, bucket: &str, audience: Audience) -> Result<Arc<Place>> {
        let region = self.region_of(bucket);
        let known =
            |places: &Places| places.get(&audience)?.get(bucket).filter(|place| place.of == region).cloned();
        if let Some(place) = known(&self.places().lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(place);
        }
        let place = Arc::new(Box::pin(self.resolved(op, bucket, region, audience)).await?);
        let mut places = self.places().lock().unwrap_or_else(PoisonError::into_inner);
        places.entry(audience).or_default().insert(bucket.to_owned(), Arc::clone(&place));
        Ok(place)
    }

    async fn resolved(&self, op: Op<'_>, bucket: &str, region: String, audience: Audience) -> Result<Place> {
        static RULES: LazyLock<DefaultResolver> = LazyLock::new(DefaultResolver::new);
        let public = self.profile().public_endpoint.as_deref().filter(|_| audience == Audience::Holders);
        let endpoint = public.map(rooted).or_else(|| self.own_endpoint());
        let parameters = Params::builder()
            .bucket(bucket)
            .region(&region)
            .set_endpoint(endpoint)
            .force_path_style(self.profile().path_style)
            .build();
        let wrong = |error: &dyn std::fmt::Display| Error::new(Kind::Usage, format!("cannot {op}: {error}"));
        let parameters = parameters.map_err(|error| wrong(&error))?;
        let found = RULES.resolve_endpoint(&parameters).await.map_err(|error| wrong(&root_cause(&*error)))?;
        // Access points and some regions are signed for otherwise.
        let scheme = found.auth_schemes().iter().find(|scheme| scheme.name().starts_with("sigv4"));
        let said = |name: &str| Some(scheme?.get(name)?.as_string()?.to_owned());
        Ok(Place {
            url: found.url().trim_end_matches('/').to_owned(),
            region: said("signingRegion").unwrap_or_else(|| region.clone()),
            service: said("signingName").unwrap_or_else(|| "s3".to_owned()),
            session: scheme.is_some_and(|scheme| scheme.name() == "sigv4-s3express"),
            of: region,
        })
    }
}

/// Tries again what may only have come at a bad moment.
async fn patiently<T, F: Future<Output = Result<T>>>(attempt: impl Fn() -> F) -> Result<T> {
    let mut failed = 0;
    loop {
        match attempt().await {
            Err(error) if failed + 1 < ATTEMPTS && error.is_retryable() => {
                tokio::time::sleep(BACKOFF.mul_f64(fastrand::f64()) * 2_u32.pow(failed)).await;
                failed += 1;
            }
            other => return other,
        }
    }
}

/// Places by who asks for them and by bucket.
pub(super) type Places = HashMap<Audience, HashMap<String, Arc<Place>>>;

/// Who connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Audience {
    /// This program.
    Us,
    /// Whoever gets a link.
    Holders,
}

/// A bucket as requests name it.
#[derive(Debug)]
pub(super) struct Place {
    /// Without a slash at its end.
    url: String,
    region: String,
    service: String,
    /// A directory bucket, which takes only signatures of a session.
    pub(super) session: bool,
    /// The bucket's region, as it was known then.
    of: String,
}

impl Place {
    /// The URL of an object there, or with an empty key of the bucket; without a query.
    pub(super) fn address(&self, key: &str) -> String {
        format!("{}/{}", self.url, encode_path(key))
    }

    /// Signs for this place: in headers, or for so long (`expires`) in the query.
    pub(super) fn sign(
        &self,
        request: SignableRequest<'_>,
        credentials: &Credentials,
        time: SystemTime,
        expires: Option<Duration>,
    ) -> Result<SigningInstructions, BoxError> {
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        if expires.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = expires;
        } else {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        settings.session_token_name_override = self.session.then_some("x-amz-s3session-token");
        let identity = credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(time)
            .settings(settings)
            .build()?
            .into();
        Ok(sign(request, &parameters)?.into_parts().0)
    }
}

/// A parameter as a query has it.
pub(super) fn parameter(name: &str, value: &str) -> String {
    format!("{name}={}", utf8_percent_encode(value, QUERY))
}

/// A header's value as text, if it is there and not empty.
pub(super) fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name).filter(|value| !value.is_empty())?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// A header's value as a number.
pub(super) fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Option<T> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// Reads what little an answer has besides its headers, so that the connection can be used again.
pub(super) async fn finished(answer: Response<Incoming>) -> HeaderMap {
    let (parts, body) = answer.into_parts();
    let _ = Limited::new(body, REMAINDER).collect().await;
    parts.headers
}

fn add(op: Op<'_>, headers: &mut HeaderMap, name: &str, value: &str) -> Result<()> {
    let unfit =
        || Error::new(Kind::Usage, format!("cannot {op}: `{name}` or its value does not fit in a header"));
    let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| unfit())?;
    // Signatures, tokens and keys are among them: none is shown by `Debug`.
    value.set_sensitive(true);
    headers.append(HeaderName::try_from(name).map_err(|_| unfit())?, value);
    Ok(())
}
