//! Link requests and the forms they are written in.

use std::time::Duration;

use crate::config::units::parse_duration;
use crate::error::{Error, Kind, Result};
use crate::location::Remote;
use crate::s3::{Connections, EndsBecause, MAX_EXPIRES, Method, PresignRequest, Presigned};

/// How a browser is to treat the download.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disposition {
    /// As the object says.
    #[default]
    Unchanged,
    /// Save it.
    Attachment,
    /// Show it.
    Inline,
}

/// What the user asks for; data that the link dialog and `presign` both fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRequest {
    /// The object.
    pub target: Remote,
    /// What the link allows.
    pub method: Method,
    /// 1 s to 7 days.
    pub expires: Duration,
    /// That version.
    pub version_id: Option<String>,
    /// For a PUT: the type it must send; for a GET: the type it answers with.
    pub content_type: Option<String>,
    /// File name offered to a browser.
    pub filename: Option<String>,
    /// Save or show.
    pub disposition: Disposition,
}

impl LinkRequest {
    /// A GET with the given life.
    pub fn get(target: Remote, expires: Duration) -> Self {
        Self {
            target,
            method: Method::Get,
            expires,
            version_id: None,
            content_type: None,
            filename: None,
            disposition: Disposition::Unchanged,
        }
    }
}

/// Signs a link.
///
/// # Errors
/// Those of the profile and of `Store::presign`.
pub async fn create(connections: &Connections, request: &LinkRequest) -> Result<Presigned> {
    let store = connections.store(&request.target.profile).await?;
    if request.target.key.is_empty() {
        return Err(Error::new(
            Kind::Usage,
            format!("{} is a bucket; a link needs an object", request.target),
        ));
    }
    store
        .presign(&PresignRequest {
            bucket: request.target.bucket.clone(),
            key: request.target.key.clone(),
            method: request.method,
            expires: request.expires,
            version_id: request.version_id.clone(),
            content_type: request.content_type.clone(),
            content_length: None,
            content_disposition: content_disposition(request.disposition, request.filename.as_deref()),
            signed_at: None,
        })
        .await
}

/// `Content-Disposition` with an ASCII fallback, and RFC 5987 `filename*` where that is not enough (RFC 6266).
pub fn content_disposition(disposition: Disposition, filename: Option<&str>) -> Option<String> {
    let word = match disposition {
        Disposition::Inline => "inline",
        Disposition::Attachment => "attachment",
        Disposition::Unchanged if filename.is_some() => "attachment",
        Disposition::Unchanged => return None,
    };
    let Some(name) = filename else { return Some(word.to_owned()) };
    let plain = |c: char| c.is_ascii() && !c.is_ascii_control() && !matches!(c, '"' | '\\' | '%');
    let fallback: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    if fallback == name {
        return Some(format!("{word}; filename=\"{name}\""));
    }
    let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    Some(format!("{word}; filename=\"{fallback}\"; filename*=UTF-8''{encoded}"))
}

/// A curl command line that uses the link: method, headers, `--path-as-is`, quoted for sh.
pub fn curl(method: Method, link: &Presigned) -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let mut words = vec!["curl --fail --path-as-is".to_owned()];
    match method {
        Method::Get => words.push("-OJ".to_owned()),
        Method::Head => words.push("--head".to_owned()),
        Method::Delete => words.push("-X DELETE".to_owned()),
        Method::Put => words.push("-T FILE".to_owned()),
    }
    let sent_anyway =
        |name: &str| name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case("content-length");
    for (name, value) in link.headers.iter().filter(|(name, _)| !sent_anyway(name)) {
        words.push(format!("-H {}", quote(&format!("{name}: {value}"))));
    }
    words.push(quote(&link.url));
    words.join(" ")
}

/// Reads how long a link is to live: `90s`, `15m`, `1h`, `1h30m`, `7d`, or plain seconds; 1 s to 7 days.
///
/// # Errors
/// `Kind::Usage`: what is wrong, and for more than seven days that SigV4 ends there.
pub fn parse_expires(text: &str) -> Result<Duration> {
    let expires = parse_duration(text).map_err(|why| Error::new(Kind::Usage, why))?;
    if expires.is_zero() {
        return Err(Error::new(Kind::Usage, "a link must live at least 1 second"));
    }
    if expires > MAX_EXPIRES {
        return Err(Error::new(Kind::Usage, format!("`{}` is more than 7 days", text.trim()))
            .with_hint("SigV4 signatures end after 7 days, whoever makes them"));
    }
    Ok(expires)
}

/// What a holder should know of a link that may not work: dot segments that browsers and curl collapse.
pub fn warning(target: &Remote) -> Option<String> {
    let dots = target.key.split('/').any(|segment| segment == "." || segment == "..");
    dots.then(|| {
        "the key has a `.` or `..` segment: browsers collapse it and the link fails; curl needs --path-as-is"
            .to_owned()
    })
}

/// Until when a link works, in local time, and why it ends then.
pub fn until(link: &Presigned) -> String {
    let zone = jiff::tz::TimeZone::system();
    let when = link.ends.to_zoned_datetime(zone).strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string();
    match link.because {
        EndsBecause::Asked => format!("works until {when}"),
        EndsBecause::Credentials => format!("works until {when}, when the credentials that signed it end"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dispositions_survive_any_name() {
        use Disposition::{Attachment, Inline, Unchanged};
        assert_eq!(content_disposition(Unchanged, None), None);
        assert_eq!(content_disposition(Inline, None).unwrap(), "inline");
        assert_eq!(
            content_disposition(Unchanged, Some("a b.txt")).unwrap(),
            "attachment; filename=\"a b.txt\""
        );
        assert_eq!(
            content_disposition(Attachment, Some("\u{e9}\"\n.txt")).unwrap(),
            "attachment; filename=\"___.txt\"; filename*=UTF-8''%C3%A9%22%0A%2Etxt"
        );
    }

    #[test]
    fn expiries_beyond_seven_days_are_refused_with_the_reason() {
        assert_eq!(parse_expires("7d").unwrap(), MAX_EXPIRES);
        assert!(parse_expires("604801").unwrap_err().hint().unwrap().contains("SigV4"));
        assert!(parse_expires("0").is_err());
        assert!(parse_expires("soon").is_err());
    }

    #[test]
    fn curl_lines_are_safe_to_paste() {
        let link = Presigned {
            url: "https://h/it's?x=1&y=2".into(),
            headers: vec![("content-type".into(), "text/plain".into()), ("host".into(), "h".into())],
            ends: jiff::Timestamp::UNIX_EPOCH,
            because: EndsBecause::Asked,
        };
        let command = curl(Method::Put, &link);
        assert_eq!(
            command,
            r"curl --fail --path-as-is -T FILE -H 'content-type: text/plain' 'https://h/it'\''s?x=1&y=2'"
        );
    }

    #[test]
    fn dot_segments_are_warned_about() {
        let target = |key: &str| Remote { profile: "p".into(), bucket: "b".into(), key: key.into() };
        assert!(warning(&target("a/../b")).is_some());
        assert!(warning(&target("a..b/.c")).is_none());
    }
}
