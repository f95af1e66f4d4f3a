//! Checks that write small objects below a prefix of their own: checksums, conditions, parts, links.

use std::time::Duration;

use bytes::Bytes;
use http::Request;

use super::{Advice, Finding, Setting, Verdict};
use crate::config::random;
use crate::error::{Error, Kind, Result};
use crate::s3::{
    Algorithm, Body, CompletedPart, GetOptions, Hasher, ListRequest, Method, PartRequest, PresignRequest,
    Presigned, PutOptions, Store,
};

/// What everything that is written here begins with.
const PREFIX: &str = ".twinpail-doctor/";
const TEXT: &[u8] = b"twinpail's doctor was here\n";
const LIMIT: usize = 64 << 10;

/// Where things are tried.
pub(super) struct Desk<'a> {
    store: &'a Store,
    bucket: &'a str,
    prefix: String,
}

impl<'a> Desk<'a> {
    pub(super) fn new(store: &'a Store, bucket: &'a str) -> Result<Self> {
        let name = u64::from_be_bytes(random()?);
        Ok(Self { store, bucket, prefix: format!("{PREFIX}{name:016x}/") })
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) async fn examine(&self, origin: &str, advice: &mut Vec<Advice>) -> Vec<Finding> {
        let written = self.write().await;
        let works = written.verdict != Verdict::Failed;
        let mut findings = vec![written];
        if works {
            findings.push(self.checksums(advice).await);
            findings.push(self.create_only().await);
            findings.push(self.if_match().await);
            findings.push(self.multipart().await);
            findings.push(self.download_link().await);
            findings.push(self.upload_link().await);
            findings.push(self.cors(origin).await);
        }
        findings
    }

    async fn put(&self, name: &str, options: &PutOptions) -> Result<crate::s3::Written> {
        self.store.put(self.bucket, &self.key(name), Body::from_bytes(TEXT), options).await
    }

    async fn write(&self) -> Finding {
        const CHECK: &str = "write and read";
        let read = async {
            self.put("plain", &PutOptions::default()).await?;
            let mut download =
                self.store.get(self.bucket, &self.key("plain"), &GetOptions::default()).await?;
            let mut bytes = Vec::new();
            while let Some(chunk) = download.chunk().await {
                bytes.extend_from_slice(&chunk?);
            }
            Ok::<_, Error>(bytes)
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

    async fn multipart(&self) -> Finding {
        const CHECK: &str = "multipart upload";
        match self.parts().await {
            Ok(()) => Finding::new(CHECK, Verdict::Fine, "parts are taken, listed and put together"),
            Err(error) => Finding::failed(CHECK, &error),
        }
    }

    async fn parts(&self) -> Result<()> {
        let upload =
            self.store.create_upload(self.bucket, &self.key("parts"), &PutOptions::default()).await?;
        let done = async {
            let md5 = Hasher::of(Algorithm::Md5, TEXT);
            let part = PartRequest { number: 1, body: Body::from_bytes(TEXT), digest: Some(md5) };
            let etag = self.store.upload_part(&upload, part).await?;
            let listed = self.store.list_parts(&upload).await?;
            if !listed.iter().any(|part| part.number == 1 && part.size == TEXT.len() as u64) {
                return Err(Error::new(Kind::Unsupported, "the part that was sent is not listed")
                    .with_hint("interrupted uploads start over at this provider"));
            }
            let part = CompletedPart { number: 1, etag };
            self.store.complete_upload(&upload, &[part], &PutOptions::default()).await
        };
        match done.await {
            Ok(_) => Ok(()),
            Err(error) => {
                // Its own failure says less than the first one.
                let _ = self.store.abort_upload(&upload).await;
                Err(error)
            }
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

    /// Takes everything away again.
    pub(super) async fn clean_up(&self) -> Finding {
        const CHECK: &str = "delete";
        match sweep(self.store, self.bucket, &self.prefix).await {
            Ok(count) => {
                Finding::new(CHECK, Verdict::Fine, format!("{count} objects written here are gone again"))
            }
            Err(error) => {
                let place = format!("{}:{}/{}", self.store.profile().name, self.bucket, self.prefix);
                Finding::failed(CHECK, &error).hint(format!("`twinpail rm -r {place}` when that works again"))
            }
        }
    }
}

/// Deletes what is below a prefix of this room.
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
