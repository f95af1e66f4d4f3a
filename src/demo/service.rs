//! In front of s3s: records requests and lets injected faults happen, down to broken connections.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, Method, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, BodyStream, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use percent_encoding::percent_decode_str;
use s3s::service::S3Service;

use super::Backend;
use super::faults::{Fault, Operation, Request};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, BoxError>;
type Answer = Result<Response<Body>, BoxError>;

/// The service of one connection.
pub(super) struct Door {
    service: S3Service,
    backend: Backend,
}

impl Door {
    pub(super) fn new(service: S3Service, backend: Backend) -> Self {
        Self { service, backend }
    }
}

impl hyper::service::Service<http::Request<Incoming>> for Door {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        let seen = describe(&request);
        // Looked at before the request is recorded: who sees that may let go of it at once.
        let mut gate = self.backend.faults().gate();
        let fault = self.backend.faults().meet(seen.clone());
        let (service, backend) = (self.service.clone(), self.backend.clone());
        Box::pin(async move {
            match fault {
                Some(Fault::Status(status, code)) => refuse(request, status, &[], &error_xml(code)).await,
                Some(Fault::Answer(status, headers, body)) => refuse(request, status, &headers, body).await,
                Some(Fault::Stall) => std::future::pending().await,
                Some(Fault::Hold) => {
                    gate.changed().await?;
                    pass(&service, request).await
                }
                Some(Fault::Replace(bytes)) => {
                    backend.put(&seen.bucket, &seen.key, bytes);
                    pass(&service, request).await
                }
                Some(Fault::LoseAnswer) => {
                    let answer = pass(&service, request).await?;
                    let _ = answer.into_body().collect().await;
                    Err("the answer is lost".into())
                }
                Some(Fault::CutBody(after)) => {
                    Ok(pass(&service, request).await?.map(|body| cut(body, after)))
                }
                Some(Fault::WrongByte(at)) => Ok(pass(&service, request).await?.map(|body| garble(body, at))),
                Some(Fault::ArrivesWrong(at)) => {
                    let garbled = |body: Incoming| garble(body.map_err(Into::into).boxed_unsync(), at);
                    let answer = service.call(request.map(garbled).map(s3s::Body::http_body_unsync)).await?;
                    Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
                }
                Some(Fault::Omit(names)) => {
                    let mut answer = pass(&service, request).await?;
                    for name in names {
                        answer.headers_mut().remove(name);
                    }
                    Ok(answer)
                }
                None => pass(&service, request).await,
            }
        })
    }
}

async fn pass(service: &S3Service, request: http::Request<Incoming>) -> Answer {
    let answer = hyper::service::Service::call(service, request).await?;
    Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
}

/// Reads the request to its end first, as real servers do for small ones: an answer in the middle of a body would
/// be a broken pipe to many clients.
async fn refuse(
    request: http::Request<Incoming>,
    status: u16,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut rest = request.into_body();
    while let Some(frame) = rest.frame().await {
        frame?;
    }
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    let body = Full::new(Bytes::from(body.to_owned())).map_err(|never| match never {}).boxed_unsync();
    Ok(answer.body(body)?)
}

fn error_xml(code: &str) -> String {
    if code.is_empty() {
        return String::new();
    }
    format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>injected {code}</Message></Error>")
}

fn cut(body: Body, after: usize) -> Body {
    let mut left = after;
    let frames = BodyStream::new(body).map(move |frame| {
        let data = frame?.into_data().unwrap_or_default();
        if left == 0 {
            return Err("cut".into());
        }
        let kept = data.slice(..data.len().min(left));
        left -= kept.len();
        Ok(Frame::data(kept))
    });
    StreamBody::new(frames).boxed_unsync()
}

fn garble(body: Body, at: usize) -> Body {
    let mut passed = 0;
    let frames = BodyStream::new(body).map(move |frame| {
        let mut data = frame?.into_data().unwrap_or_default().to_vec();
        if let Some(byte) = at.checked_sub(passed).and_then(|offset| data.get_mut(offset)) {
            *byte ^= 0xff;
        }
        passed += data.len();
        Ok(Frame::data(data.into()))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// Which operation a request is, by the rules of the S3 API's paths and queries.
fn describe(request: &http::Request<Incoming>) -> Request {
    let uri = request.uri();
    let path = uri.path().strip_prefix('/').unwrap_or_default();
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let query: Vec<(&str, &str)> = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .collect();
    let value = |name: &str| query.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    let (bucket, key) = (decode(bucket), decode(key));
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Request {
        operation: operation(request.method(), request.headers(), &bucket, &key, |name| {
            value(name).is_some()
        }),
        part: value("partNumber").and_then(|part| part.parse().ok()),
        range: header("range"),
        trailer: header("x-amz-trailer"),
        payload: header("x-amz-content-sha256"),
        // `AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/s3/aws4_request, ...`
        region: header("authorization").and_then(|signed| signed.split('/').nth(2).map(str::to_owned)),
        bucket,
        key,
    }
}

/// What else can be asked about a bucket.
const OTHER: &[&str] = &[
    "acl",
    "cors",
    "encryption",
    "lifecycle",
    "location",
    "object-lock",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "tagging",
    "uploads",
    "versioning",
];

/// What else can be asked about an object, or be done to it.
const ABOUT_OBJECT: &[&str] = &["acl", "legal-hold", "retention", "tagging", "uploadId"];

fn operation(
    method: &Method,
    headers: &HeaderMap,
    bucket: &str,
    key: &str,
    has: impl Fn(&str) -> bool,
) -> Operation {
    let copies = headers.contains_key("x-amz-copy-source");
    match (method.as_str(), key.is_empty()) {
        ("GET", true) if bucket.is_empty() => Operation::ListBuckets,
        ("GET", true) if has("versions") => Operation::ListVersions,
        ("GET", true) if OTHER.iter().any(|name| has(name)) => Operation::Other,
        ("GET", true) => Operation::ListObjects,
        ("POST", true) if has("delete") => Operation::DeleteObjects,
        ("HEAD", false) => Operation::HeadObject,
        ("GET", false) if !ABOUT_OBJECT.iter().any(|name| has(name)) => Operation::GetObject,
        ("PUT", false) if has("uploadId") && copies => Operation::CopyPart,
        ("PUT", false) if has("uploadId") => Operation::UploadPart,
        ("PUT", false) if copies => Operation::CopyObject,
        ("PUT", false) if !ABOUT_OBJECT.iter().any(|name| has(name)) => Operation::PutObject,
        ("POST", false) if has("restore") => Operation::RestoreObject,
        ("POST", false) if has("uploads") => Operation::CreateUpload,
        ("POST", false) if has("uploadId") => Operation::CompleteUpload,
        ("DELETE", false) if has("uploadId") => Operation::AbortUpload,
        ("DELETE", false) => Operation::DeleteObject,
        _ => Operation::Other,
    }
}
