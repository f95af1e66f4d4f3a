//! A link tried out before it is sent: by a plain client without credentials, as whoever gets it would. Changes nothing
//! at the provider.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method as Verb, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Limited};

use super::{LinkRequest, openable};
use crate::error::{Error, Kind, Result};
use crate::http::{Http, root_cause};
use crate::location::Remote;
use crate::s3::{Method, Presigned, Store};
use crate::sanitize::display_safe;

/// Longest wait for an answer.
const ANSWER: Duration = Duration::from_secs(30);
/// Of an error's text.
const LIMIT: usize = 64 << 10;

/// What came of trying a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether its holder will get what it promises.
    pub works: bool,
    /// The answer's status.
    pub status: Option<u16>,
    /// In plain words.
    pub words: String,
    /// The provider's own, made safe to show.
    pub said: Option<String>,
}

/// Tries a link: the first byte of a GET, the headers of a HEAD. An upload cannot be tried without the danger of writing
/// (some servers store the beginning of a body that breaks off), so that a download of the same object is signed and tried
/// in its place. A delete is never tried.
///
/// # Errors
/// `Kind::Unsupported` for DELETE, `Kind::Network` where nobody answers.
pub async fn probe(store: &Store, request: &LinkRequest, link: &Presigned) -> Result<Verdict> {
    let target = &request.target;
    openable(target)?;
    match request.method {
        Method::Delete => Err(Error::new(
            Kind::Unsupported,
            format!("the link that deletes {target} is not tried: that would delete it"),
        )),
        Method::Put => {
            let twin = store.presign(&request.signing(Method::Get)).await?;
            let verdict = fetch(store.http(), target, Method::Get, &twin).await?;
            Ok(of_twin(verdict))
        }
        method => fetch(store.http(), target, method, link).await,
    }
}

/// What a download of the same object says about an upload.
fn of_twin(verdict: Verdict) -> Verdict {
    let is_absent = verdict.status == Some(404) && !verdict.words.contains("bucket");
    if !verdict.works && !is_absent {
        return verdict;
    }
    Verdict {
        works: true,
        words: "address and signature are accepted; nothing was written, so that whether writing is allowed shows when \
                it is used"
            .to_owned(),
        said: None,
        ..verdict
    }
}

async fn fetch(http: &Http, target: &Remote, method: Method, link: &Presigned) -> Result<Verdict> {
    let mut request = Request::builder().method(method.name()).uri(&link.url);
    for (name, value) in link.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host")) {
        request = request.header(name, value);
    }
    if method == Method::Get {
        request = request.header(header::RANGE, "bytes=0-0");
    }
    let body =
        http_body_util::Empty::<Bytes>::new().map_err(|never: Infallible| match never {}).boxed_unsync();
    let request = request.body(body).map_err(|error| broken(target, &error))?;
    match tokio::time::timeout(ANSWER, http.send(request)).await {
        Err(_) => Err(unreachable(link, &format!("no answer in {} s", ANSWER.as_secs()))),
        Ok(Err(error)) => Err(unreachable(link, &root_cause(&error))),
        Ok(Ok(answer)) => {
            let (parts, body) = answer.into_parts();
            if parts.status.is_success() {
                return Ok(judge(method, parts.status, &parts.headers, ""));
            }
            let text = Limited::new(body, LIMIT).collect().await.map(http_body_util::Collected::to_bytes);
            let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
            Ok(judge(method, parts.status, &parts.headers, &text))
        }
    }
}

fn broken(target: &Remote, error: &http::Error) -> Error {
    Error::new(Kind::Internal, format!("the link to {target} is no request: {error}"))
}

fn unreachable(link: &Presigned, why: &str) -> Error {
    let host = link.url.parse::<http::Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
    let host = host.unwrap_or_else(|| "the link's host".to_owned());
    Error::new(Kind::Network, format!("cannot reach {host}: {why}"))
        .with_hint("whoever gets the link may still reach it, from another network")
}

/// What an answer means to the holder of the link.
fn judge(method: Method, status: StatusCode, headers: &HeaderMap, body: &str) -> Verdict {
    let code = element(body, "Code");
    let message = element(body, "Message");
    let said = match (&code, &message) {
        (None, None) => None,
        (code, message) => {
            let parts: Vec<&str> = [code, message].into_iter().flatten().map(String::as_str).collect();
            Some(display_safe(&parts.join(": ")).into_owned())
        }
    };
    let message = message.unwrap_or_default().to_ascii_lowercase();
    let code = code.unwrap_or_default();
    // A HEAD has no words, only a status.
    let words = match (status.as_u16(), code.as_str()) {
        (200..=299 | 416, _) => works(headers),
        (_, "AccessDenied") if message.contains("expired") => "it has expired".to_owned(),
        (_, "ExpiredToken" | "TokenRefreshRequired" | "InvalidToken") => {
            "the credentials that signed it have ended: log in again and make a new link".to_owned()
        }
        (_, "RequestTimeTooSkewed") => clock(),
        (_, "AccessDenied") if message.contains("not yet valid") || message.contains("not valid yet") => {
            clock()
        }
        (_, "SignatureDoesNotMatch") => {
            "the signature is refused: wrong secret key, region or endpoint, or a proxy changes the request"
                .to_owned()
        }
        (_, "InvalidAccessKeyId") => "the provider does not know the access key that signed it".to_owned(),
        (_, "NoSuchBucket") => "there is no such bucket".to_owned(),
        (404, _) | (_, "NoSuchKey" | "NoSuchVersion") => "there is no such object".to_owned(),
        (405, _) if headers.contains_key("x-amz-delete-marker") => {
            "it is deleted (a delete marker)".to_owned()
        }
        (_, "InvalidObjectState") => "it is archived: restore it before anybody can download it".to_owned(),
        (301 | 307 | 308, _)
        | (_, "AuthorizationHeaderMalformed" | "PermanentRedirect" | "IllegalLocationConstraintException") => {
            let region = headers.get("x-amz-bucket-region").and_then(|region| region.to_str().ok());
            let region = region.map(|region| format!(" ({})", display_safe(region)));
            format!("the bucket is in another region{}: set the profile's region", region.unwrap_or_default())
        }
        (401 | 403, _) => {
            "access is denied: the signing key may not do that, or a policy forbids it".to_owned()
        }
        (429 | 503, _) => "the provider asks to slow down; the link itself may be fine".to_owned(),
        (500..=599, _) => format!("the provider has trouble (HTTP {})", status.as_u16()),
        _ => format!("the provider answers HTTP {}", status.as_u16()),
    };
    Verdict {
        works: status.is_success() || (status.as_u16() == 416 && method == Method::Get),
        status: Some(status.as_u16()),
        words,
        said,
    }
}

fn clock() -> String {
    "the clocks differ: this machine's time is not the provider's; set the clock and make a new link"
        .to_owned()
}

/// What a download will be.
fn works(headers: &HeaderMap) -> String {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let range = text(header::CONTENT_RANGE).and_then(|range| range.rsplit('/').next());
    let size = range.or_else(|| text(header::CONTENT_LENGTH)).and_then(|size| size.parse::<u64>().ok());
    let kind = text(header::CONTENT_TYPE).map(|kind| format!(", {}", display_safe(kind)));
    match size {
        Some(size) => format!("works: {size} bytes{}", kind.unwrap_or_default()),
        None => format!("works{}", kind.unwrap_or_default()),
    }
}

/// The text of the first such element of an error document.
fn element(xml: &str, name: &str) -> Option<String> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once("</")?;
    Some(text.chars().take(500).collect())
}

/// What a browser on another site may do with a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cors {
    /// Whether the provider lets it.
    pub allowed: bool,
    /// In plain words.
    pub words: String,
    /// The bucket's rule that would allow it, as `put-bucket-cors` takes it.
    pub rule: String,
}

/// Reads an origin: scheme, host and port of a page.
///
/// # Errors
/// `Kind::Usage` for everything else.
pub fn parse_origin(origin: &str) -> Result<String> {
    let plain = origin.parse::<http::Uri>().ok().filter(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.query().is_none()
            && matches!(uri.path(), "" | "/")
    });
    match plain {
        Some(_) => Ok(origin.trim_end_matches('/').to_owned()),
        None => Err(Error::new(Kind::Usage, format!("`{}` is no origin", display_safe(origin)))
            .with_hint("write one like https://app.example.org")),
    }
}

/// Asks as a browser does before a script of `origin` uses the link.
///
/// # Errors
/// `Kind::Usage` for what is no origin, `Kind::Network` where nobody answers.
pub async fn preflight(http: &Http, origin: &str, method: Method, link: &Presigned) -> Result<Cors> {
    let origin = &parse_origin(origin)?;
    let names: Vec<&str> =
        link.headers.iter().map(|(name, _)| name.as_str()).filter(|name| *name != "host").collect();
    let mut request = Request::builder()
        .method(Verb::OPTIONS)
        .uri(&link.url)
        .header(header::ORIGIN, origin.as_str())
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, method.name());
    if !names.is_empty() {
        request = request.header(header::ACCESS_CONTROL_REQUEST_HEADERS, names.join(","));
    }
    let request = request
        .body(Bytes::new())
        .map_err(|error| Error::new(Kind::Usage, format!("`{}`: {error}", display_safe(origin))))?;
    let answer = http.fetch(request, LIMIT).await?;
    let header = |name: header::HeaderName| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let origin_fits = header(header::ACCESS_CONTROL_ALLOW_ORIGIN)
        .is_some_and(|allowed| allowed == "*" || allowed == *origin);
    let method_fits = header(header::ACCESS_CONTROL_ALLOW_METHODS).is_some_and(|allowed| {
        allowed.split(',').any(|word| matches!(word.trim(), "*") || word.trim() == method.name())
    });
    let allowed = answer.status().is_success() && origin_fits && method_fits;
    let words = if allowed {
        format!("a page of {origin} may use it")
    } else {
        format!("a page of {origin} may not use it: the bucket's CORS rules do not allow it")
    };
    let rule = serde_json::json!({ "CORSRules": [{
        "AllowedOrigins": [origin],
        "AllowedMethods": [method.name()],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3000,
    }]});
    Ok(Cors { allowed, words, rule: format!("{rule:#}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(method: Method, status: u16, code: &str, message: &str) -> String {
        let body =
            format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
        judge(method, StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), &body).words
    }

    #[test]
    fn refusals_are_told_in_plain_words() {
        for (status, code, message, expected) in [
            (403, "AccessDenied", "Request has expired", "expired"),
            (403, "SignatureDoesNotMatch", "x", "signature"),
            (403, "RequestTimeTooSkewed", "x", "clocks"),
            (403, "AccessDenied", "Access Denied", "denied"),
            (404, "NoSuchKey", "x", "no such object"),
            (404, "NoSuchBucket", "x", "no such bucket"),
            (301, "PermanentRedirect", "x", "another region"),
            (403, "InvalidObjectState", "x", "restore"),
            (503, "SlowDown", "x", "slow down"),
        ] {
            let words = words(Method::Get, status, code, message);
            assert!(words.contains(expected), "{code}: {words}");
        }
    }

    #[test]
    fn what_a_hostile_server_says_is_made_safe() {
        let body = "<Error><Code>X</Code><Message>\u{1b}]52;c;eA==\u{7}</Message></Error>";
        let verdict = judge(Method::Get, StatusCode::FORBIDDEN, &HeaderMap::new(), body);
        assert!(!verdict.works && !verdict.said.unwrap().contains('\u{1b}'));
    }

    #[test]
    fn an_empty_object_works_although_it_has_no_first_byte() {
        let verdict = judge(Method::Get, StatusCode::RANGE_NOT_SATISFIABLE, &HeaderMap::new(), "");
        assert!(verdict.works);
    }
}
