//! Checks that write small objects below a prefix of their own: checksums, conditions, links.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Request;

use super::{Advice, Finding, Setting, Verdict};
use crate::config::{Config, random};
use crate::error::{Error, Kind, Result};
use crate::s3::{
    Algorithm, Body, GetOptions, Hasher, ListRequest, Method, PresignRequest, Presigned, PutOptions, Store,
    Upload, Version, Versioning,
};

/// What everything that is written here begins with.
const PREFIX: &str = ".twinpail-doctor/";
pub(super) const TEXT: &[u8] = b"twinpail's doctor was here\n";
const LIMIT: usize = 64 << 10;

/// Where things are tried.
pub(super) struct Desk<'a> {
    pub(super) config: &'a Config,
    pub(super) store: Store,
    pub(super) bucket: &'a str,
    prefix: String,
    /// Uploads that have not come to their end, by their names; `None` before the answer that one has begun.
    begun: Mutex<BTreeMap<&'static str, Option<Upload>>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(config: &'a Config, store: Store, bucket: &'a str) -> Result<Self> {
        let name = u64::from_be_bytes(random()?);
        Ok(Self { config, store, bucket, prefix: format!("{PREFIX}{name:016x}/"), begun: Mutex::default() })
    }

    pub(super) fn begun(&self) -> MutexGuard<'_, BTreeMap<&'static str, Option<Upload>>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) async fn examine(&mut self, origin: &str, advice: &mut Vec<Advice>) -> Vec<Finding> {
        // First, as the rest is written in the way that is taken.
        let signing = self.signing(advice).await;
        let written = self.write().await;
        let works = written.verdict != Verdict::Failed;
        let mut findings = vec![signing, written];
        if works {
            findings.push(self.checksums(advice).await);
            findings.push(self.trailer().await);
            findings.push(self.create_only().await);
            findings.push(self.if_match().await);
            let multipart = self.multipart().await;
            let in_parts = multipart.verdict == Verdict::Fine;
            findings.push(multipart);
            if in_parts {
                findings.push(self.unequal_parts().await);
            }
            findings.push(self.download_link().await);
            findings.push(self.upload_link().await);
            findings.push(self.cors(origin).await);
        }
        findings
    }

    async fn put(&self, name: &str, options: &PutOptions) -> Result<crate::s3::Written> {
        self.store.put(self.bucket, &self.key(name), Body::from_bytes(TEXT), options).await
    }

    async fn read(&self, name: &str) -> Result<Vec<u8>> {
        let mut download = self.store.get(self.bucket, &self.key(name), &GetOptions::default()).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = download.chunk().await {
            bytes.extend_from_slice(&chunk?);
        }
        Ok(bytes)
    }

    async fn write(&self) -> Finding {
        const CHECK: &str = "write and read";
        let read = async {
            self.put("plain", &PutOptions::default()).await?;
            self.read("plain").await
        };
        match read.await {
            Ok(bytes) if bytes == TEXT => {
                Finding::new(CHECK, Verdict::Fine, "an object came back as it went")
            }
            Ok(bytes) => {
                let detail = format!("{} bytes went and {} other ones came back", TEXT.len(), bytes.len());
                Finding::new(CHECK, Verdict::Failed, detail).hint("checksums = \"required\" may help")
            }
            Err(error) => Finding::failed(CHECK, &error),
        }
    }

    /// Whether a checksum in a header is kept with the object.
    async fn checksums(&self, advice: &mut Vec<Advice>) -> Finding {
        const CHECK: &str = "checksums";
        for algorithm in [Algorithm::Crc64Nvme, Algorithm::Crc32] {
            let digest = Hasher::of(algorithm, TEXT);
            let options = PutOptions { digest: Some(digest.clone()), ..PutOptions::default() };
            let name = algorithm.name();
            match self.put(name, &options).await {
                Ok(_) => {}
                Err(error) if error.kind() == Kind::Network => return Finding::failed(CHECK, &error),
                Err(_) => continue,
            }
            let info = match self.store.head(self.bucket, &self.key(name), None).await {
                Ok(info) => info,
                Err(error) => return Finding::failed(CHECK, &error),
            };
            if info.checksums.get(name).is_some_and(|kept| *kept == digest.base64()) {
                return Finding::new(
                    CHECK,
                    Verdict::Fine,
                    format!("{name} is checked and kept with objects"),
                );
            }
        }
        let finding = Finding::new(CHECK, Verdict::Warning, "none is kept: bodies are proved by their MD5");
        if self.store.profile().kept_checksum.is_some() {
            let why = "the provider keeps no checksum".to_owned();
            advice.push(Advice { key: "checksums", value: Setting::Text("required".to_owned()), why });
        }
        finding
    }

    /// Whether other programs may send a checksum behind the body, as the AWS SDKs do by themselves.
    async fn trailer(&self) -> Finding {
        const CHECK: &str = "trailing checksums";
        const HINT: &str = "none go out from here; set AWS_REQUEST_CHECKSUM_CALCULATION=when_required for the AWS CLI and SDKs";
        let read = async {
            let body = Body::from_bytes(TEXT);
            self.store.put_with_trailer(self.bucket, &self.key("trailer"), body).await?;
            self.read("trailer").await
        };
        match read.await {
            Ok(bytes) if bytes == TEXT => Finding::new(CHECK, Verdict::Fine, "taken (aws-chunked)"),
            Ok(bytes) => {
                let detail = format!(
                    "damage the content: {} bytes went and {} other ones came back",
                    TEXT.len(),
                    bytes.len()
                );
                Finding::new(CHECK, Verdict::Warning, detail).hint(HINT)
            }
            Err(error) if error.is_retryable() => Finding::skipped(CHECK, &error.message()),
            Err(error) => {
                Finding::new(CHECK, Verdict::Warning, format!("refused: {}", error.message())).hint(HINT)
            }
        }
    }

    /// Whether a write can be made to fail where something is.
    async fn create_only(&self) -> Finding {
        const CHECK: &str = "create only if absent";
        let only_new = PutOptions { if_none_match: true, ..PutOptions::default() };
        match self.put("plain", &only_new).await {
            Err(error) if error.kind() == Kind::Exists => {
                Finding::new(CHECK, Verdict::Fine, "honoured (If-None-Match)")
            }
            Ok(_) => Finding::new(CHECK, Verdict::Warning, "If-None-Match is silently ignored")
                .hint("two writers may overwrite each other; existing keys are looked for first"),
            Err(error) => Finding::new(CHECK, Verdict::Warning, format!("refused: {}", error.message())),
        }
    }

    /// Whether a write can be made to fail where something else is.
    async fn if_match(&self) -> Finding {
        const CHECK: &str = "replace only if unchanged";
        let wrong = PutOptions { if_match: Some("0".repeat(32)), ..PutOptions::default() };
        match self.put("plain", &wrong).await {
            Err(error) if matches!(error.kind(), Kind::Changed | Kind::Exists) => {
                Finding::new(CHECK, Verdict::Fine, "honoured (If-Match)")
            }
            Ok(_) => Finding::new(CHECK, Verdict::Warning, "If-Match is silently ignored")
                .hint("an edited object is compared before it is written, which leaves a gap"),
            Err(error) => Finding::new(CHECK, Verdict::Warning, format!("refused: {}", error.message())),
        }
    }

    async fn link(&self, name: &str, method: Method) -> Result<Presigned> {
        let request = PresignRequest {
            bucket: self.bucket.to_owned(),
            key: self.key(name),
            method,
            expires: Duration::from_mins(1),
            ..PresignRequest::default()
        };
        self.store.presign(&request).await
    }

    async fn use_link(&self, link: &Presigned, method: &str, body: Bytes) -> Result<http::Response<Bytes>> {
        let mut request = Request::builder().method(method).uri(&link.url);
        for (name, value) in link.headers.iter().filter(|(name, _)| name != "host") {
            request = request.header(name, value);
        }
        let wrong =
            |error: http::Error| Error::new(Kind::Internal, format!("the link is no request: {error}"));
        self.store.http().fetch(request.body(body).map_err(wrong)?, LIMIT).await
    }

    async fn download_link(&self) -> Finding {
        const CHECK: &str = "download link";
        let link = match self.link("plain", Method::Get).await {
            Ok(link) => link,
            Err(error) => return Finding::skipped(CHECK, &error.message()),
        };
        match self.use_link(&link, "GET", Bytes::new()).await {
            Ok(answer) if answer.status().is_success() && answer.body().as_ref() == TEXT => {
                Finding::new(CHECK, Verdict::Fine, "a client without credentials gets the object")
            }
            Ok(answer) => Finding::new(CHECK, Verdict::Failed, format!("HTTP {}", answer.status().as_u16()))
                .hint("others may reach the endpoint under another name: `public_endpoint`"),
            Err(error) => Finding::failed(CHECK, &error),
        }
    }

    async fn upload_link(&self) -> Finding {
        const CHECK: &str = "upload link";
        let link = match self.link("sent", Method::Put).await {
            Ok(link) => link,
            Err(error) => return Finding::skipped(CHECK, &error.message()),
        };
        match self.use_link(&link, "PUT", Bytes::from_static(TEXT)).await {
            Ok(answer) if answer.status().is_success() => {
                Finding::new(CHECK, Verdict::Fine, "a client without credentials can send an object")
            }
            Ok(answer) => Finding::new(CHECK, Verdict::Failed, format!("HTTP {}", answer.status().as_u16())),
            Err(error) => Finding::failed(CHECK, &error),
        }
    }

    /// Whether a script of a page elsewhere may use links.
    async fn cors(&self, origin: &str) -> Finding {
        const CHECK: &str = "links in web pages";
        let link = match self.link("plain", Method::Put).await {
            Ok(link) => link,
            Err(error) => return Finding::skipped(CHECK, &error.message()),
        };
        match crate::links::preflight(self.store.http(), origin, Method::Put, &link).await {
            Ok(cors) if cors.allowed => Finding::new(CHECK, Verdict::Fine, cors.words),
            Ok(_) => Finding::new(CHECK, Verdict::Skipped, "the bucket's CORS rules do not allow it").hint(
                "only pages that upload with JavaScript need it: `presign --cors ORIGIN` says the rule",
            ),
            Err(error) => Finding::skipped(CHECK, &error.message()),
        }
    }

    /// Deletes what a bucket that keeps versions has kept of what was deleted, markers too: few enough for one page.
    async fn forget_versions(&self) -> Result<()> {
        // Who cannot be told whether it keeps them has a finding that says so.
        if matches!(self.store.versioning(self.bucket).await, Ok(Versioning::Off) | Err(_)) {
            return Ok(());
        }
        let kept = self.store.versions(self.bucket, &self.prefix, None).await?;
        let kept: Vec<_> = kept.versions.iter().map(Version::object_id).collect();
        let deleted = self.store.delete_objects(self.bucket, &kept, false).await;
        deleted.failed.into_iter().next().map_or(Ok(()), |(_, error)| Err(error))
    }

    /// Takes everything away again.
    pub(super) async fn clean_up(&self) -> Finding {
        const CHECK: &str = "delete";
        let aborted = self.abort_uploads().await;
        let swept = sweep(&self.store, self.bucket, &self.prefix).await;
        let place = format!("{}:{}/{}", self.store.profile().name, self.bucket, self.prefix);
        let count = match aborted.and(swept) {
            Ok(count) => count,
            Err(error) => {
                let hint = format!("`twinpail rm -r {place}` when that works again");
                return Finding::failed(CHECK, &error).hint(hint);
            }
        };
        let gone = format!("{count} objects written here are gone again");
        match self.forget_versions().await {
            Ok(()) => Finding::new(CHECK, Verdict::Fine, gone),
            Err(error) => {
                let kept = format!("{gone}, their versions are not: {}", error.message());
                let hint = format!("`twinpail rm -r --versions {place}` by who may do that");
                Finding::new(CHECK, Verdict::Warning, kept).hint(hint)
            }
        }
    }
}

/// Deletes what is below a prefix of this room. Where versions are kept they stay, behind markers.
async fn sweep(store: &Store, bucket: &str, prefix: &str) -> Result<usize> {
    let request = ListRequest {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        recursive: true,
        ..ListRequest::default()
    };
    let page = store.list(&request).await?;
    for entry in &page.entries {
        store.delete(bucket, &format!("{prefix}{}", entry.name.to_string_lossy()), None).await?;
    }
    Ok(page.entries.len())
}
