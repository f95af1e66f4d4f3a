//! Presigned URLs: equal in signature and parameters to botocore's s3v4 for the same inputs and time.

use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{SignableBody, SignableRequest};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Store;
use super::fault::Op;
use super::request::{Audience, parameter};
use crate::error::{Error, Kind, Result};

/// The longest life SigV4 allows: seven days.
pub const MAX_EXPIRES: Duration = Duration::from_hours(168);

/// What the holder of a link may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Download.
    #[default]
    Get,
    /// Upload.
    Put,
    /// Ask for headers.
    Head,
    /// Delete.
    Delete,
}

impl Method {
    /// Its name in requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Head => "HEAD",
            Self::Delete => "DELETE",
        }
    }
}

/// What to sign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PresignRequest {
    /// The bucket.
    pub bucket: String,
    /// The exact key.
    pub key: String,
    /// What the link allows.
    pub method: Method,
    /// 1 s to 7 days.
    pub expires: Duration,
    /// That version instead of the newest (not PUT).
    pub version_id: Option<String>,
    /// `Content-Type` that a PUT must send, or that a GET answers with (`response-content-type`).
    pub content_type: Option<String>,
    /// The exact length a PUT must have.
    pub content_length: Option<u64>,
    /// `Content-Disposition` a GET answers with (`response-content-disposition`).
    pub content_disposition: Option<String>,
    /// A part of a multipart upload instead of the whole object (PUT).
    pub part: Option<PartLink>,
    /// When the signature begins; `None`: now. Given by tests and by a corrected clock.
    pub signed_at: Option<Timestamp>,
}

/// The part that a link sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartLink {
    /// The upload.
    pub upload_id: String,
    /// 1 to 10,000.
    pub number: u32,
}

/// A link.
///
/// Its `Debug` does not show the URL, which is a secret until it expires.
#[derive(Clone, PartialEq, Eq)]
pub struct Presigned {
    /// The URL, with `public_endpoint` as its host if the profile has one.
    pub url: String,
    /// Headers that the holder must send with it, exactly.
    pub headers: Vec<(String, String)>,
    /// When it stops working; `None`: a public address, which never does by itself.
    pub ends: Option<Timestamp>,
    /// What that end comes from.
    pub because: EndsBecause,
    /// How far the provider's clock was taken to be ahead of ours when it was signed.
    pub clock_ahead: SignedDuration,
}

impl std::fmt::Debug for Presigned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presigned")
            .field("ends", &self.ends)
            .field("because", &self.because)
            .finish_non_exhaustive()
    }
}

/// Why a link ends when it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndsBecause {
    /// It was asked for.
    Asked,
    /// The credentials that signed it expire then.
    Credentials,
    /// It does not: nothing is signed.
    Public,
}

impl Store {
    /// Where an object is for others, unsigned; nothing is asked.
    ///
    /// # Errors
    /// `Kind::Usage` for a name that no bucket can have there.
    pub async fn address(&self, bucket: &str, key: &str) -> Result<String> {
        let place = self.place(self.op("address", bucket, key), bucket, Audience::Holders).await?;
        Ok(place.address(key))
    }

    /// Signs a link. Local work once the credentials are resolved.
    ///
    /// # Errors
    /// `Kind::Usage` for an expiry outside 1 s to 7 days, `Kind::Unsupported` without credentials (anonymous) and where
    /// the link would not work without an encryption key.
    pub async fn presign(&self, request: &PresignRequest) -> Result<Presigned> {
        let op = self.op("sign a link to", &request.bucket, &request.key);
        self.check_link(op, request)?;
        let clock_ahead = if request.signed_at.is_some() { SignedDuration::ZERO } else { self.clock_ahead() };
        let start = request.signed_at.unwrap_or_else(|| Timestamp::now() + clock_ahead);
        let credentials = self.fresh_credentials(SystemTime::now() + request.expires).await?;
        let wrong =
            |error: &dyn std::fmt::Display| Error::new(Kind::Internal, format!("cannot {op}: {error}"));
        let start_time = SystemTime::try_from(start).map_err(|error| wrong(&error))?;
        let place = self.place(op, &request.bucket, Audience::Holders).await?;
        if place.session {
            let message = format!("cannot {op}: a directory bucket takes signatures of five minutes only");
            return Err(Error::new(Kind::Unsupported, message)
                .with_hint("copy it to another bucket, and link to that"));
        }
        let headers = headers(request);
        let query = self.query(request);
        let mut url = place.address(&request.key);
        url.push_str(if query.is_empty() { "" } else { "?" });
        url.push_str(&query.join("&"));
        let signed_headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable = SignableRequest::new(
            request.method.name(),
            url.as_str(),
            signed_headers,
            SignableBody::UnsignedPayload,
        )
        .map_err(|error| wrong(&error))?;
        let signed = place.sign(signable, &credentials, start_time, Some(request.expires));
        for (name, value) in signed.map_err(|error| wrong(&error))?.params() {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&parameter(name, value));
        }
        let asked = start.checked_add(SignedDuration::try_from(request.expires).unwrap_or_default());
        let asked = asked.map_err(|error| wrong(&error))? - clock_ahead;
        let end = credentials.expiry().and_then(|end| Timestamp::try_from(end).ok());
        let (ends, because) = match end {
            Some(end) if end < asked => (end, EndsBecause::Credentials),
            _ => (asked, EndsBecause::Asked),
        };
        Ok(Presigned { url, headers, ends: Some(ends), because, clock_ahead })
    }

    /// Parameters besides those of the signature, as a query has them.
    fn query(&self, request: &PresignRequest) -> Vec<String> {
        let is_get = request.method == Method::Get;
        let version = request.version_id.as_deref().filter(|_| request.method != Method::Put);
        let part = request.part.as_ref().filter(|_| request.method == Method::Put);
        let number = part.map(|part| part.number.to_string());
        let payer = self.profile().requester_pays.then_some("requester");
        [
            ("partNumber", number.as_deref()),
            ("response-content-disposition", request.content_disposition.as_deref().filter(|_| is_get)),
            ("response-content-type", request.content_type.as_deref().filter(|_| is_get)),
            ("uploadId", part.map(|part| part.upload_id.as_str())),
            ("versionId", version),
            ("x-amz-request-payer", payer),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(parameter(name, value?)))
        .collect()
    }

    /// What no signature could make work.
    fn check_link(&self, op: Op<'_>, request: &PresignRequest) -> Result<()> {
        if request.expires < Duration::from_secs(1) || request.expires > MAX_EXPIRES {
            return Err(Error::new(
                Kind::Usage,
                format!("cannot {op}: a link lives between 1 second and 7 days"),
            )
            .with_hint("SigV4 signatures end after 7 days, whoever makes them"));
        }
        if matches!(request.method, Method::Put | Method::Delete) {
            self.writable(op)?;
        }
        if self.own_key().is_some() && request.method != Method::Delete {
            return Err(Error::new(
                Kind::Unsupported,
                format!("cannot {op}: the holder would need the encryption key of profile {}", op.profile),
            )
            .with_hint("copy it to a place without a customer key, and link to that"));
        }
        Ok(())
    }
}

/// Headers that the holder has to send, and that are signed.
fn headers(request: &PresignRequest) -> Vec<(String, String)> {
    let put = request.method == Method::Put;
    let length = request.content_length.filter(|_| put).map(|length| length.to_string());
    let kind = request.content_type.clone().filter(|_| put && request.part.is_none());
    let all = [("content-length", length), ("content-type", kind)];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::*;
    use crate::config::{Config, CredentialSource, Paths, Profile, SecretSource, provider};
    use crate::s3::Connections;

    async fn store(change: impl FnOnce(&mut Profile)) -> Store {
        let mut profile = Profile::new("aws", provider("aws").unwrap());
        profile.region = Some("us-east-1".into());
        profile.credentials = CredentialSource::Static {
            access_key_id: "ANOTREAL".into(),
            secret: SecretSource::Plain("notrealrnrELgWzOk3IfjzDKtFBhDby".into()),
            session_token: Some("notarealsessiontoken".into()),
        };
        change(&mut profile);
        let config = Config::of_profiles(vec![profile], Paths::below(std::path::Path::new("/nowhere")));
        Connections::new(Arc::new(config)).store("aws").await.unwrap()
    }

    fn request(bucket: &str, key: &str, method: Method) -> PresignRequest {
        PresignRequest {
            bucket: bucket.into(),
            key: key.into(),
            method,
            expires: Duration::from_secs(30),
            signed_at: Some(Timestamp::new(1_234_567_891, 0).unwrap()),
            ..PresignRequest::default()
        }
    }

    fn parameters(url: &str) -> BTreeMap<String, String> {
        let query = url.split_once('?').unwrap().1;
        query.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
    }

    /// Signatures that botocore makes with `s3v4` for the same inputs and time.
    #[tokio::test]
    async fn signatures_equal_those_of_botocore() {
        let store = store(|_| {}).await;
        for (request, signature) in [
            (
                request("test-bucket", "test-key", Method::Get),
                "a26a4c1507b7970dc404adc527fc01017e7f745abc848aad806effad825de9af",
            ),
            (
                request("bucket", "key", Method::Head),
                "6b97012e70d5ee3528b5591e0e90c0f45e0fa303506f854eff50ff922751a193",
            ),
        ] {
            let link = store.presign(&request).await.unwrap();
            let parameters = parameters(&link.url);
            assert_eq!(parameters["X-Amz-Signature"], signature, "{}", link.url);
            let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
            assert_eq!(
                names,
                [
                    "X-Amz-Algorithm",
                    "X-Amz-Credential",
                    "X-Amz-Date",
                    "X-Amz-Expires",
                    "X-Amz-Security-Token",
                    "X-Amz-Signature",
                    "X-Amz-SignedHeaders"
                ]
            );
            assert!(!format!("{link:?}").contains(signature), "Debug shows the link");
        }
    }

    #[tokio::test]
    async fn expiries_are_refused_outside_of_what_sigv4_allows() {
        let store = store(|_| {}).await;
        for (seconds, fine) in [(0, false), (1, true), (604_800, true), (604_801, false)] {
            let mut asked = request("b", "k", Method::Get);
            asked.expires = Duration::from_secs(seconds);
            assert_eq!(store.presign(&asked).await.is_ok(), fine, "{seconds}");
        }
    }

    #[tokio::test]
    async fn links_are_signed_for_the_public_endpoint_and_odd_keys_stay_exact() {
        let store = store(|profile| {
            profile.endpoint = Some("http://10.0.0.1:9000".into());
            profile.public_endpoint = Some("https://files.example.org".into());
            profile.path_style = true;
        })
        .await;
        let link = store.presign(&request("b", "/a//b/../c d+e%é", Method::Get)).await.unwrap();
        let path = link.url.split_once('?').unwrap().0;
        assert_eq!(path, "https://files.example.org/b//a//b/../c%20d%2Be%25%C3%A9");
    }

    #[tokio::test]
    async fn who_pays_and_where_an_access_point_is_are_part_of_the_link() {
        let payer = store(|profile| profile.requester_pays = true).await;
        let link = payer.presign(&request("box", " ", Method::Get)).await.unwrap();
        assert!(
            link.url.starts_with("https://box.s3.us-east-1.amazonaws.com/%20?x-amz-request-payer=requester&")
        );
        assert!(link.headers.is_empty(), "a browser could not send them");
        let point = "arn:aws:s3:eu-west-1:123456789012:accesspoint/films";
        let link = store(|_| {}).await.presign(&request(point, "k", Method::Get)).await.unwrap();
        assert!(link.url.starts_with("https://films-123456789012.s3-accesspoint.eu-west-1.amazonaws.com/k?"));
        assert!(link.url.contains("%2Feu-west-1%2Fs3%2Faws4_request"), "{}", link.url);
    }

    #[tokio::test]
    async fn anonymous_and_read_only_profiles_say_why_they_cannot_sign() {
        let anonymous = store(|profile| profile.credentials = CredentialSource::Anonymous).await;
        let error = anonymous.presign(&request("b", "k", Method::Get)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Unsupported);
        let read_only = store(|profile| profile.read_only = true).await;
        assert_eq!(
            read_only.presign(&request("b", "k", Method::Put)).await.unwrap_err().kind(),
            Kind::Denied
        );
    }
}
