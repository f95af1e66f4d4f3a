//! What the SDK and the provider say when something fails, as one sentence with a hint.

mod advice;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use http_body_util::{BodyExt as _, Collected, Limited};
use hyper::body::Incoming;
use quick_xml::escape::unescape;

use super::Store;
use crate::error::{Error, Kind};
use crate::http::root_cause;

/// What was being done to what: "read" and "work", "media", "a.txt".
#[derive(Clone, Copy)]
pub(super) struct Op<'a> {
    pub(super) words: &'static str,
    pub(super) profile: &'a str,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
}

impl fmt::Display for Op<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.words, self.profile)?;
        if self.bucket.is_empty() { Ok(()) } else { write!(f, ":{}/{}", self.bucket, self.key) }
    }
}

impl Store {
    pub(super) fn op<'a>(&'a self, words: &'static str, bucket: &'a str, key: &'a str) -> Op<'a> {
        Op { words, profile: &self.profile().name, bucket, key }
    }
}

/// What a refusal says about itself, however it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) status: u16,
    code: String,
    message: String,
    region: Option<String>,
    skew_minutes: Option<i64>,
    is_html: bool,
}

/// One sentence for a failed request.
pub(super) fn explain<E>(store: &Store, op: Op<'_>, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
{
    if let SdkError::DispatchFailure(failure) = &error {
        let cause: &(dyn StdError + 'static) = match failure.as_connector_error() {
            Some(connector) => connector,
            None => &error,
        };
        return unreachable_server(store, op, cause);
    }
    if matches!(error, SdkError::TimeoutError(_)) {
        return Error::new(Kind::Timeout, format!("cannot {op}: no answer in time"))
            .with_hint("check the network and the profile's endpoint, then retry");
    }
    let mut facts = Facts::of(&error).unwrap_or_default();
    if let SdkError::ServiceError(service) = &error {
        // A bare 404 has no code of its own; `NotFound` is the SDK's word for it.
        let code = service.err().code().filter(|code| *code != "NotFound");
        code.unwrap_or_default().clone_into(&mut facts.code);
        service.err().message().unwrap_or_default().clone_into(&mut facts.message);
    }
    if let SdkError::ConstructionFailure(_) = &error {
        let why = root_cause(&error);
        return Error::new(Kind::Usage, format!("cannot {op}: {why}"));
    }
    if facts.status == 0 {
        // Nothing was sent: signing failed, most likely for want of credentials.
        return Error::new(Kind::Credentials, format!("cannot {op}: {}", root_cause(&error)))
            .with_hint(format!("check the credentials of profile {}", op.profile));
    }
    store.refused(op, &facts).with_source(error)
}

/// As much of a refusal's body is read.
const WORDS: usize = 64 << 10;

impl Facts {
    /// What the answer behind an error of the SDK says, if there was one.
    pub(super) fn of<E>(error: &SdkError<E>) -> Option<Self> {
        let response = error.raw_response()?;
        let body = response.body().bytes().unwrap_or_default();
        Some(Self::new(response.status().as_u16(), |name| response.headers().get(name), body))
    }

    /// What a refusal says.
    pub(super) async fn read(answer: http::Response<Incoming>) -> Self {
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, WORDS).collect().await.map(Collected::to_bytes).unwrap_or_default();
        Self::new(parts.status.as_u16(), |name| parts.headers.get(name)?.to_str().ok(), &body)
    }

    /// What an answer says that is no success although its status says so.
    pub(super) fn said(body: &[u8]) -> Self {
        Self::new(200, |_| None, body)
    }

    fn new<'a>(status: u16, header: impl Fn(&str) -> Option<&'a str>, body: &[u8]) -> Self {
        let start = String::from_utf8_lossy(&body[..body.len().min(4096)]).into_owned();
        let trimmed = start.trim_start().to_ascii_lowercase();
        let tag = |name: &str| {
            let open = format!("<{name}>");
            let from = start.find(&open)? + open.len();
            let text = start[from..].split('<').next()?;
            Some(unescape(text).map_or_else(|_| text.to_owned(), Cow::into_owned))
        };
        let skew_minutes = header("date").and_then(|date| {
            let server = jiff::fmt::rfc2822::parse(date).ok()?.timestamp();
            Some(jiff::Timestamp::now().duration_since(server).as_secs() / 60)
        });
        Self {
            status,
            region: header("x-amz-bucket-region").map(str::to_owned).or_else(|| tag("Region")),
            skew_minutes,
            is_html: trimmed.starts_with("<!doctype html") || trimmed.starts_with("<html"),
            code: tag("Code").unwrap_or_default(),
            message: tag("Message").unwrap_or_default(),
        }
    }

    /// The region that it names for the bucket.
    pub(super) fn bucket_region(&self) -> Option<&str> {
        let region = self.region.as_deref().filter(|region| !region.is_empty());
        region.filter(|_| matches!(self.status, 301 | 307 | 400 | 403))
    }

    /// Whether it is about the region that was asked with.
    pub(super) fn is_about_region(&self) -> bool {
        let codes =
            ["PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"];
        codes.contains(&self.code.as_str()) || matches!(self.status, 301 | 307)
    }

    /// The region that it wants instead of `ours`. Some servers name it only in the message, in quotes.
    pub(super) fn wanted_region(&self, ours: &str) -> Option<&str> {
        let quoted =
            self.message.split(['\'', '"', '`']).skip(1).step_by(2).filter(|_| self.is_about_region());
        let is_one = |region: &str| {
            region.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        let named = quoted.chain(self.bucket_region()).filter(|region| !region.is_empty());
        named.filter(|region| *region != ours && is_one(region)).last()
    }
}

impl Store {
    /// One sentence for a refusal.
    pub(super) fn refused(&self, op: Op<'_>, facts: &Facts) -> Error {
        let unreadable = (200..300).contains(&facts.status) && facts.code.is_empty();
        // A proxy whose server is away says so in HTML; that passes.
        let foreign = facts.is_html && facts.status < 500 && facts.status != 429;
        if foreign || unreadable {
            let what = if facts.is_html { "HTML" } else { "something" };
            let mut hint =
                format!("check the endpoint of profile {} ({})", op.profile, self.profile().place());
            if !facts.is_html {
                hint.push_str("; if the rest works, the server does not know this request");
            }
            return Error::new(
                Kind::Integrity,
                format!("cannot {op}: the endpoint answers {what} that is not S3"),
            )
            .with_hint(hint);
        }
        // A key that was sent back goes into no word and no hint.
        let hidden =
            self.own_key().map(|key| Facts { message: key.hidden_in(&facts.message), ..facts.clone() });
        let facts = hidden.as_ref().unwrap_or(facts);
        let (kind, hint) = judge(self, op, facts);
        let said = match (facts.code.is_empty(), facts.message.is_empty()) {
            (true, true) => format!("{} (HTTP {})", words_of(kind), facts.status),
            (false, true) => format!("{} (HTTP {})", facts.code, facts.status),
            (true, false) => facts.message.clone(),
            (false, false) => format!("{}: {}", facts.code, facts.message),
        };
        let error = Error::new(kind, format!("cannot {op}: {}", said.trim_end_matches('.')));
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }
}

/// Answers to HEAD have no body and so no words of their own.
fn words_of(kind: Kind) -> &'static str {
    match kind {
        Kind::NotFound => "it does not exist",
        Kind::Denied => "access denied",
        Kind::Changed => "it has changed meanwhile",
        Kind::Exists => "it exists already",
        Kind::Throttled => "the provider asks for fewer requests",
        Kind::Unavailable => "the provider failed",
        _ => "the provider refused",
    }
}

/// The sort of failure, and what to do about it.
fn judge(store: &Store, op: Op<'_>, facts: &Facts) -> (Kind, Option<String>) {
    let profile = op.profile;
    let hint = |kind: Kind, text: String| (kind, Some(text));
    match (facts.code.as_str(), facts.status) {
        ("NoSuchBucket", _) => hint(Kind::NotFound, format!("`twinpail ls {profile}:` lists the buckets")),
        ("NoSuchKey" | "NoSuchVersion", _) => {
            (Kind::NotFound, Some("keys are exact, also in case and spaces".into()))
        }
        ("NoSuchUpload", _) => (Kind::NotFound, None),
        ("AccessDenied" | "AllAccessDisabled" | "AccountProblem", _) if op.words == "list buckets of" => {
            hint(
                Kind::Denied,
                format!(
                    "name the buckets in the profile: [profiles.{profile}] buckets = [\"...\"], or go to {profile}:BUCKET/"
                ),
            )
        }
        ("AccessDenied", _) => (Kind::Denied, Some(advice::denied(store, op))),
        ("InvalidAccessKeyId", _) => hint(
            Kind::Credentials,
            format!("check access_key_id of profile {profile}, and that it belongs to this endpoint"),
        ),
        ("SignatureDoesNotMatch", _) => hint(
            Kind::Credentials,
            format!("check the secret of profile {profile}; behind a proxy also its endpoint and path_style"),
        ),
        ("RequestTimeTooSkewed" | "RequestExpired", _) => (Kind::Credentials, Some(advice::clock(facts))),
        ("ExpiredToken" | "ExpiredTokenException" | "TokenRefreshRequired" | "InvalidToken", _) => {
            hint(Kind::Credentials, advice::session(store, profile))
        }
        _ if facts.is_about_region() => hint(Kind::Usage, advice::region(store, op, facts)),
        (
            "SlowDown"
            | "TooManyRequests"
            | "RequestRateLimitExceeded"
            | "ServiceUnavailable"
            | "RequestLimitExceeded",
            _,
        )
        | (_, 429 | 503) => (Kind::Throttled, None),
        ("InvalidObjectState", _) if op.words == "restore" => {
            hint(Kind::Usage, "only what is in an archive class has to be restored".into())
        }
        ("InvalidObjectState", _) => hint(
            Kind::Unsupported,
            "it is archived: `twinpail restore` makes it readable for some days".into(),
        ),
        ("PreconditionFailed" | "ConditionalRequestConflict", _) | (_, 412) => (Kind::Changed, None),
        ("BucketAlreadyOwnedByYou", _) => (Kind::Exists, Some("it is yours already".into())),
        ("BucketAlreadyExists", _) => {
            (Kind::Exists, Some("bucket names are shared with all other users; pick another".into()))
        }
        ("BucketNotEmpty", _) => hint(Kind::Exists, advice::not_empty(op)),
        (
            "EntityTooLarge" | "EntityTooSmall" | "InvalidPart" | "InvalidPartOrder" | "BadDigest"
            | "InvalidDigest",
            _,
        ) => (Kind::Integrity, None),
        ("XAmzContentSHA256Mismatch" | "InvalidRequest" | "NotImplemented" | "InvalidArgument", _)
            if facts.message.to_ascii_lowercase().contains("checksum")
                || facts.message.contains("STREAMING-") =>
        {
            hint(Kind::Unsupported, format!("set checksums = \"required\" in profile {profile}"))
        }
        ("NotImplemented" | "MethodNotAllowed", _) | (_, 405 | 501) => (Kind::Unsupported, None),
        (_, 404) => (Kind::NotFound, None),
        (_, 401 | 403) => (Kind::Denied, Some(advice::denied(store, op))),
        (_, 400) if facts.region.is_some() => hint(Kind::Usage, advice::region(store, op, facts)),
        ("InvalidRequest", 400) if facts.message.to_ascii_lowercase().contains("encryption") => {
            hint(Kind::Denied, advice::key(store, profile))
        }
        // An answer to HEAD says no more than that.
        ("", 400) if op.words == "read" => hint(Kind::Denied, advice::key(store, profile)),
        ("RequestTimeout", _) | (_, 408) => (Kind::Timeout, None),
        ("InternalError", _) | (_, 500..) => (Kind::Unavailable, None),
        _ => (Kind::Internal, None),
    }
}

/// The connection could not be made, or broke.
pub(super) fn unreachable_server(store: &Store, op: Op<'_>, error: &(dyn StdError + 'static)) -> Error {
    let cause = root_cause(error);
    let lower = cause.to_ascii_lowercase();
    let kind =
        if lower.contains("timed out") || lower.contains("deadline") { Kind::Timeout } else { Kind::Network };
    Error::new(kind, format!("cannot {op}: cannot reach {}: {cause}", store.profile().place()))
        .with_hint(store.hint_to_reach(&cause))
}
