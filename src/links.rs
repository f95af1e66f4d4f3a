//! Link requests and the forms they are written in.

mod expiry;
pub mod kit;
mod log;
mod page;
mod probe;
mod standing;

use std::time::Duration;

use jiff::Timestamp;

use crate::config::Profile;
use crate::error::{Error, Kind, Result};
use crate::location::Remote;
use crate::s3::{Connections, EndsBecause, Method, PartLink, PresignRequest, Presigned, encode_path};
use crate::sanitize::visible;

pub use expiry::{parse_expires, parse_expires_at, parse_lifetime, parse_lifetime_at};
pub use log::{Log, Shared};
pub use page::{csv, index_page, names_below};
pub use probe::{Cors, Verdict, parse_origin, preflight, probe};
pub use standing::{Seen, Standing, standings};

/// What can be done about a link that should not work any more.
pub const REVOKE: &str = "a presigned URL cannot be taken back; until it ends, deleting or moving the object or rotating the \
                          access key stops it; a protected link (`share`) can be revoked";

/// How a browser is to treat the download.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
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
    /// The exact length that a PUT must have.
    pub content_length: Option<u64>,
    /// The profile's public address instead of a signed one (GET only).
    pub public: bool,
    /// A part of an upload that was begun, instead of the whole object (PUT).
    pub part: Option<PartLink>,
    /// What is known of the object, for the log of links.
    pub seen: Option<Seen>,
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
            content_length: None,
            public: false,
            part: None,
            seen: None,
        }
    }

    /// What is to be signed, for `method`: of an upload's options a download has none.
    fn signing(&self, method: Method) -> PresignRequest {
        let own = method == self.method;
        PresignRequest {
            bucket: self.target.bucket.clone(),
            key: self.target.key.clone(),
            method,
            expires: self.expires,
            version_id: self.version_id.clone(),
            content_type: self.content_type.clone().filter(|_| own),
            content_length: self.content_length.filter(|_| own),
            content_disposition: content_disposition(self.disposition, self.filename.as_deref()),
            part: self.part.clone().filter(|_| own),
            ..PresignRequest::default()
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
    if request.public {
        return public(store.profile(), request);
    }
    store.presign(&request.signing(request.method)).await
}

/// The address under which a profile's `public_url` says that anybody reads the object: unsigned, without an end.
fn public(profile: &Profile, request: &LinkRequest) -> Result<Presigned> {
    let target = &request.target;
    let template = profile.public_url.as_ref().ok_or_else(|| {
        Error::new(Kind::Usage, format!("profile {} has no public address", profile.name)).with_hint(
            "set `public_url = \"https://cdn.example.org/{key}\"` in the profile, or make a signed link",
        )
    })?;
    let wants_more =
        request.version_id.is_some() || request.filename.is_some() || request.content_type.is_some();
    if request.method != Method::Get || wants_more || request.disposition != Disposition::Unchanged {
        return Err(Error::new(
            Kind::Usage,
            format!("a public link to {target} is a plain GET: no version, file name, type or disposition"),
        ));
    }
    let path = encode_path(&target.key);
    let url = template.replace("{bucket}", &target.bucket).replace("{key}", &path);
    Ok(Presigned {
        url,
        headers: Vec::new(),
        ends: None,
        because: EndsBecause::Public,
        clock_ahead: jiff::SignedDuration::ZERO,
    })
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
    let mut words = vec!["curl --fail --path-as-is".to_owned()];
    match method {
        Method::Get => words.push("-OJ".to_owned()),
        Method::Head => words.push("--head".to_owned()),
        Method::Delete => words.push("-X DELETE".to_owned()),
        Method::Put => words.push("-T FILE".to_owned()),
    }
    for (name, value) in to_send(link) {
        words.push(format!("-H {}", quote(&format!("{name}: {value}"))));
    }
    words.push(quote(&link.url));
    words.join(" ")
}

/// The headers that a client has to be told of: it sends the host and the length by itself.
fn to_send(link: &Presigned) -> impl Iterator<Item = &(String, String)> {
    let by_itself =
        |name: &str| name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case("content-length");
    link.headers.iter().filter(move |(name, _)| !by_itself(name))
}

/// A wget line that downloads.
pub fn wget(link: &Presigned) -> String {
    format!("wget --content-disposition {}", quote(&link.url))
}

/// As one word of a POSIX shell.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// As a Markdown link, with the key's last segment as its words.
pub fn markdown(target: &Remote, link: &Presigned) -> String {
    let special =
        |c: char| matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '!' | '|' | '&');
    let mut words = String::new();
    for c in visible(last_segment(target)).chars() {
        if special(c) {
            words.push('\\');
        }
        words.push(c);
    }
    format!("[{words}]({})", link.url.replace('(', "%28").replace(')', "%29"))
}

/// As an HTML anchor, with the key's last segment as its words.
pub fn anchor(target: &Remote, link: &Presigned) -> String {
    let words = escape(&visible(last_segment(target)));
    format!("<a href=\"{}\" rel=\"noreferrer\">{words}</a>", escape(&link.url))
}

/// As words that a terminal makes a link of (OSC 8): the key's last segment. Only the URL, if it has characters that a
/// sequence could end with.
pub fn hyperlink(words: &str, url: &str) -> String {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return visible(url).into_owned();
    }
    format!("\x1b]8;;{url}\x1b\\{}\x1b]8;;\x1b\\", visible(words))
}

/// Text inside HTML, also inside a quoted attribute.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// The words for a link to an object: its key's last segment.
pub fn last_segment(target: &Remote) -> &str {
    target.key.trim_end_matches('/').rsplit('/').next().unwrap_or(&target.key)
}

/// Refuses a key that no browser can open: dot segments are collapsed before the request is sent.
///
/// # Errors
/// `Kind::Unsupported`, with the ways out.
pub fn openable(target: &Remote) -> Result<()> {
    if !target.key.split('/').any(|segment| segment == "." || segment == "..") {
        return Ok(());
    }
    Err(Error::new(
        Kind::Unsupported,
        format!("no link to {target}: its key has a `.` or `..` segment, which browsers collapse"),
    )
    .with_hint("copy it to another key and link to that; a curl line keeps the segments with --path-as-is"))
}

/// Until when a link works, in local time and from now, and why it ends then.
pub fn until(link: &Presigned) -> String {
    let Some(ends) = link.ends else { return "public: anybody can open it, and it does not end".to_owned() };
    let when = ends.to_zoned_datetime(crate::zone::local()).strftime("%a %Y-%m-%d %H:%M:%S %Z").to_string();
    let left = left(ends, Timestamp::now());
    let mut text = format!("works until {when} ({left})");
    if link.because == EndsBecause::Credentials {
        text.push_str(", sooner than asked: the credentials that signed it end then");
    }
    if !link.clock_ahead.is_zero() {
        text.push_str("; signed by ");
        text.push_str(&skew(link.clock_ahead));
    }
    text
}

/// How long from `now`: `in 1h 30m`, `over`.
pub fn left(ends: Timestamp, now: Timestamp) -> String {
    let Ok(left) = Duration::try_from(ends.duration_since(now)) else { return "over".to_owned() };
    // Rounded to the minute: a second has passed since it was signed.
    let minutes = (left.as_secs() + 30) / 60;
    let parts = [(minutes / 1440, "d"), (minutes / 60 % 24, "h"), (minutes % 60, "m")];
    let parts: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).take(2).map(|(n, unit)| format!("{n}{unit}")).collect();
    if parts.is_empty() { format!("in {}s", left.as_secs()) } else { format!("in {}", parts.join(" ")) }
}

/// Whose clock, and how far it is from ours.
pub fn skew(ahead: jiff::SignedDuration) -> String {
    let way = if ahead.is_negative() { "behind" } else { "ahead of" };
    let by = crate::config::units::coarse(ahead.unsigned_abs());
    format!("the provider's clock, which is {by} {way} this machine's")
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
    fn curl_lines_are_safe_to_paste() {
        let link = signed("https://h/it's?x=1&y=2");
        let command = curl(Method::Put, &link);
        assert_eq!(
            command,
            r"curl --fail --path-as-is -T FILE -H 'content-type: text/plain' 'https://h/it'\''s?x=1&y=2'"
        );
    }

    fn target(key: &str) -> Remote {
        Remote { profile: "p".into(), bucket: "b".into(), key: key.into() }
    }

    #[test]
    fn dot_segments_are_refused() {
        assert!(openable(&target("a/../b")).unwrap_err().hint().unwrap().contains("--path-as-is"));
        assert!(openable(&target("a..b/.c")).is_ok());
    }

    #[test]
    fn written_forms_hold_hostile_names() {
        let link = signed("https://h/a(1)?x=1&y=\"");
        let evil = target("d/](javascript:x) <b>&\u{1b}\u{202e}.txt");
        assert_eq!(
            markdown(&evil, &link),
            "[\\](javascript:x) \\<b\\>\\&\\\\x1b\\\\u{202e}.txt](https://h/a%281%29?x=1&y=\")"
        );
        let html = anchor(&evil, &link);
        assert!(html.starts_with("<a href=\"https://h/a(1)?x=1&amp;y=&quot;\""), "{html}");
        assert!(html.contains("&lt;b&gt;&amp;") && !html.contains('\u{1b}'), "{html}");
    }

    #[test]
    fn public_addresses_are_plain_and_unsigned() {
        let mut profile = Profile::new("p", crate::config::provider("r2").unwrap());
        let mut request = LinkRequest {
            public: true,
            ..LinkRequest::get(target("a b/\u{e9}+.txt"), Duration::from_secs(9))
        };
        assert!(public(&profile, &request).unwrap_err().hint().unwrap().contains("public_url"));
        profile.public_url = Some("https://{bucket}.cdn.example.org/x/{key}".into());
        let link = public(&profile, &request).unwrap();
        assert_eq!(link.url, "https://b.cdn.example.org/x/a%20b/%C3%A9%2B.txt");
        assert_eq!(link.ends, None);
        request.method = Method::Put;
        assert!(public(&profile, &request).is_err());
    }

    #[test]
    fn what_is_left_is_said_in_two_units() {
        let now = Timestamp::UNIX_EPOCH;
        let after = |seconds: i64| left(Timestamp::new(seconds, 0).unwrap(), now);
        assert_eq!(
            [after(3599), after(90_061), after(20), after(-1)],
            ["in 1h", "in 1d 1h", "in 20s", "over"]
        );
    }

    #[test]
    fn a_terminals_link_cannot_be_broken_out_of() {
        let link = hyperlink("a\u{1b}]52;c;x\u{7}", "https://h/a?x=1");
        assert_eq!(link, "\u{1b}]8;;https://h/a?x=1\u{1b}\\a\\x1b]52;c;x\\x07\u{1b}]8;;\u{1b}\\");
        assert_eq!(hyperlink("a", "https://h/\u{1b}[2J"), "https://h/\\x1b[2J");
    }

    fn signed(url: &str) -> Presigned {
        Presigned {
            url: url.into(),
            headers: vec![("content-type".into(), "text/plain".into()), ("host".into(), "h".into())],
            ends: Some(Timestamp::UNIX_EPOCH),
            because: EndsBecause::Asked,
            clock_ahead: jiff::SignedDuration::ZERO,
        }
    }
}
