//! The pages, and what goes along with every one of them.

use askama::Template;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::words::{Language, Words};

/// The styles of all pages.
pub(super) const STYLE: &str = include_str!("../../templates/gateway/style.css");
/// What sends files from the page of a drop link.
pub(super) const SCRIPT: &str = include_str!("../../templates/gateway/send.js");

/// Why there is nothing for the visitor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NotFound,
    Expired,
    Revoked,
    Exhausted,
    /// The object is another one, or gone.
    Changed,
    /// Seconds to wait.
    SlowDown(u64),
    /// The database or the storage does not answer.
    Away,
    /// A form of another site.
    Foreign,
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Expired | Self::Revoked | Self::Exhausted | Self::Changed => StatusCode::GONE,
            Self::SlowDown(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Away => StatusCode::SERVICE_UNAVAILABLE,
            Self::Foreign => StatusCode::FORBIDDEN,
        }
    }

    fn text(self, words: &Words) -> (&'static str, &'static str) {
        match self {
            Self::NotFound => (words.not_found, words.not_found_more),
            Self::Expired => (words.expired, words.over_more),
            Self::Revoked => (words.revoked, words.over_more),
            Self::Exhausted => (words.exhausted, words.over_more),
            Self::Changed => (words.changed, words.over_more),
            Self::SlowDown(_) => (words.slow_down, words.slow_down_more),
            Self::Away => (words.away, words.away_more),
            Self::Foreign => (words.refused, words.refused_more),
        }
    }
}

#[derive(Template)]
#[template(path = "gateway/refusal.html")]
struct RefusalPage<'a> {
    words: &'a Words,
    title: &'a str,
    text: &'a str,
}

/// The page of a refusal.
pub(super) fn refusal(refusal: Refusal, language: Language) -> Response {
    let words = language.words();
    let (title, text) = refusal.text(words);
    let mut response = html(refusal.status(), &RefusalPage { words, title, text }, "");
    if let Refusal::SlowDown(seconds) = refusal {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// Asks for the password; shows nothing of what is behind it.
#[derive(Template)]
#[template(path = "gateway/locked.html")]
pub(super) struct LockedPage<'a> {
    pub(super) words: &'a Words,
    /// `s` or `d`.
    pub(super) kind: char,
    pub(super) token: &'a str,
    pub(super) wrong: bool,
}

/// One download.
pub(super) struct Row {
    /// What the form sends.
    pub(super) item: String,
    pub(super) name: String,
    pub(super) size: String,
}

/// What was shared.
#[derive(Template)]
#[template(path = "gateway/share.html")]
pub(super) struct SharePage<'a> {
    pub(super) words: &'a Words,
    pub(super) token: &'a str,
    pub(super) name: &'a str,
    pub(super) rows: Vec<Row>,
    /// Where the next rows begin.
    pub(super) next: Option<String>,
    pub(super) until: String,
    pub(super) left: Option<i64>,
    pub(super) exhausted: bool,
}

/// Takes files in.
#[derive(Template)]
#[template(path = "gateway/drop.html")]
pub(super) struct DropPage<'a> {
    pub(super) words: &'a Words,
    pub(super) token: &'a str,
    pub(super) name: &'a str,
    pub(super) until: String,
    pub(super) files_left: Option<i64>,
    pub(super) room_left: Option<String>,
}

/// A page; `policy` is what it needs besides what all do (Content-Security-Policy).
pub(super) fn html(status: StatusCode, page: &impl Template, policy: &str) -> Response {
    let Ok(text) = page.render() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let policy = format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; img-src 'self'{}{policy}",
        if policy.contains("form-action") { "" } else { "; form-action 'self'" }
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::VARY, HeaderValue::from_static("accept-language, cookie"));
    response
}

/// Where a page may lead the browser: the scheme and host of `url`. A bucket in the host's name is nobody's business,
/// so that all hosts beside it are meant then.
pub(super) fn storage_origin(url: &str, bucket: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?']).next()?;
    let safe = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    let host = match host.strip_prefix(bucket).and_then(|rest| rest.strip_prefix('.')) {
        Some(rest) if !bucket.is_empty() => format!("*.{rest}"),
        _ => host.to_owned(),
    };
    safe.then(|| format!("{scheme}://{host}"))
}

/// `3.4 GB`.
pub(super) fn size(bytes: i64) -> String {
    humansize::format_size(u64::try_from(bytes).unwrap_or(0), humansize::DECIMAL)
}

/// `2026-12-01 18:00 UTC`: the recipient's zone is not known without a script.
pub(super) fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .map(|time| time.strftime("%Y-%m-%d %H:%M UTC").to_string())
        .unwrap_or_default()
}

pub(super) fn see_other(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(to) = HeaderValue::try_from(to) {
        response.headers_mut().insert(header::LOCATION, to);
    }
    response
}

pub(super) fn set_cookie(headers: &mut HeaderMap, name: &str, value: &str, seconds: u32) {
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_origin_of_storage_does_not_name_the_bucket() {
        for (url, bucket, wanted) in [
            ("https://s3.example.org/bucket/key?X=1", "bucket", Some("https://s3.example.org")),
            ("https://bucket.s3.example.org/key", "bucket", Some("https://*.s3.example.org")),
            ("http://127.0.0.1:9000/b/k", "b", Some("http://127.0.0.1:9000")),
            ("https://evil;script-src/x", "b", None),
            ("nonsense", "b", None),
        ] {
            assert_eq!(storage_origin(url, bucket).as_deref(), wanted, "{url}");
        }
    }
}
