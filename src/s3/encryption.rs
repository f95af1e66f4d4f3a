//! Encryption at the provider: what a write asks for, and keys that come along with each request (SSE-C).
//! A key leaves this room in the headers of requests only; nothing here shows one.

use std::fmt;
use std::net::IpAddr;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};

use super::digest::{Algorithm, Hasher};
use super::fault::Op;
use super::{Attributes, Store};
use crate::config::{Profile, Sse};
use crate::error::{Error, Kind, Result};

/// What stands for "with a key that the provider does not keep" in `Attributes::sse`; read, never sent.
pub(super) const CUSTOMER: &str = "SSE-C";
/// The header of encryption by the provider, with a key of its own.
pub(super) const ENCRYPTED: &str = "x-amz-server-side-encryption";
/// The header that names that key, where it has a name.
pub(super) const ENCRYPTION_KEY_ID: &str = "x-amz-server-side-encryption-aws-kms-key-id";
/// The header of encryption with a key that comes along.
pub(super) const ENCRYPTED_WITH_KEY: &str = "x-amz-server-side-encryption-customer-algorithm";
/// The only algorithm there is for such keys.
pub(super) const CUSTOMER_ALGORITHM: &str = "AES256";

/// Operations of the SDK that carry the key, after the S3 API reference; those made in `request.rs` all do.
const CARRIERS: &[&str] = &["PutObject", "CreateMultipartUpload", "CopyObject", "UploadPartCopy"];
/// Operations that need the key of an upload begun with a checksum algorithm; where there is none, some providers
/// refuse it.
const CHECKSUM_CARRIERS: &[&str] = &["CompleteMultipartUpload", "ListParts"];

/// A 256-bit key that the provider encrypts with and does not keep.
#[derive(Clone)]
pub struct CustomerKey {
    base64: SecretString,
    md5: String,
}

impl CustomerKey {
    fn new(key: &[u8; 32]) -> Self {
        Self { base64: STANDARD.encode(key).into(), md5: Hasher::of(Algorithm::Md5, key).base64() }
    }

    /// As a header carries it.
    pub(super) fn base64(&self) -> &str {
        self.base64.expose_secret()
    }

    /// The MD5 that goes with it, base64.
    pub(super) fn md5(&self) -> &str {
        &self.md5
    }

    /// The headers that carry it.
    pub(super) fn headers(&self) -> [(&'static str, &str); 3] {
        [
            (ENCRYPTED_WITH_KEY, CUSTOMER_ALGORITHM),
            ("x-amz-server-side-encryption-customer-key", self.base64()),
            ("x-amz-server-side-encryption-customer-key-md5", self.md5()),
        ]
    }

    /// `text` without this key, should a server have sent it back.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        text.replace(self.base64(), "[redacted]")
    }
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerKey").finish_non_exhaustive()
    }
}

impl PartialEq for CustomerKey {
    fn eq(&self, other: &Self) -> bool {
        self.md5 == other.md5
    }
}

impl Eq for CustomerKey {}

/// The key of a profile that has one; runs the command that prints it.
pub(super) async fn customer_key(profile: &Profile, endpoint: Option<&str>) -> Result<Option<CustomerKey>> {
    let Some(source) = &profile.sse_customer_key else { return Ok(None) };
    if let Some(endpoint) = endpoint.filter(|endpoint| is_overheard(endpoint)) {
        return Err(Error::new(
            Kind::Config,
            format!("profile {}: the encryption key would travel to {endpoint} in the clear", profile.name),
        )
        .with_hint("sse_customer_key_command needs an https:// endpoint"));
    }
    let key = source.resolve_key().await;
    let key = key.map_err(|error| error.context(format!("profile {}", profile.name)))?;
    Ok(Some(CustomerKey::new(key.expose_secret())))
}

/// Whether others can read what is sent there: no TLS, and not this machine.
fn is_overheard(endpoint: &str) -> bool {
    let Ok(uri) = endpoint.parse::<http::Uri>() else { return true };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
    uri.scheme_str() != Some("https") && !is_here
}

/// Sends the profile's key with every operation of the SDK that takes one.
#[derive(Debug)]
pub(super) struct SendCustomerKey {
    key: CustomerKey,
    /// Whether uploads are begun with a checksum algorithm.
    checksums: bool,
}

impl SendCustomerKey {
    pub(super) fn new(key: CustomerKey, profile: &Profile) -> Self {
        Self { key, checksums: profile.kept_checksum.is_some() }
    }

    fn goes_with(&self, operation: &str) -> bool {
        CARRIERS.contains(&operation) || (self.checksums && CHECKSUM_CARRIERS.contains(&operation))
    }
}

impl Intercept for SendCustomerKey {
    fn name(&self) -> &'static str {
        "customer key"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if bag.load::<Metadata>().is_some_and(|operation| self.goes_with(operation.name())) {
            for (name, value) in self.key.headers() {
                context.request_mut().headers_mut().insert(name, value.to_owned());
            }
        }
        Ok(())
    }
}

/// What a write asks the provider to encrypt with; nothing: whatever the bucket says, or the customer key.
#[derive(Debug, Default)]
pub(super) struct Encryption {
    pub(super) algorithm: Option<String>,
    pub(super) key_id: Option<String>,
}

/// Applies encryption to a request that writes an object; all such requests have the same setters.
macro_rules! with_encryption {
    ($request:expr, $encryption:expr) => {{
        let encryption: &$crate::s3::encryption::Encryption = $encryption;
        $request
            .set_server_side_encryption(encryption.algorithm.as_deref().map(Into::into))
            .set_ssekms_key_id(encryption.key_id.clone())
    }};
}
pub(super) use with_encryption;

/// Adds the key of what is copied; both operations that copy have the same setters.
macro_rules! with_source_key {
    ($request:expr, $key:expr) => {{
        let key: Option<&$crate::s3::CustomerKey> = $key;
        $request
            .set_copy_source_sse_customer_algorithm(
                key.map(|_| $crate::s3::encryption::CUSTOMER_ALGORITHM.to_owned()),
            )
            .set_copy_source_sse_customer_key(key.map(|key| key.base64().to_owned()))
            .set_copy_source_sse_customer_key_md5(key.map(|key| key.md5().to_owned()))
    }};
}
pub(super) use with_source_key;

impl Store {
    /// The key that this profile's objects are encrypted with, for a copy that another profile makes of them.
    pub fn customer_key(&self) -> Option<CustomerKey> {
        self.own_key().cloned()
    }

    /// Whether the profile itself says how its objects are encrypted, so that a copy does not keep the source's way.
    pub fn encrypts(&self) -> bool {
        self.own_key().is_some() || self.profile().sse.is_some()
    }

    /// Whether the ETags of what this profile writes are made of MD5s.
    pub fn md5_etags(&self) -> bool {
        self.profile().md5_etags()
    }

    /// What a write with these attributes asks for: what they say, else what the profile says.
    pub(super) fn encryption(&self, op: Op<'_>, attributes: &Attributes) -> Result<Encryption> {
        let asked = attributes.sse.as_deref().filter(|sse| *sse != CUSTOMER);
        match (asked, self.own_key()) {
            (Some(sse), Some(_)) => Err(Error::new(
                Kind::Usage,
                format!(
                    "cannot {op}: profile {} has an encryption key of its own, {sse} does not go with it",
                    op.profile
                ),
            )
            .with_hint("leave --sse out, or use a profile without sse_customer_key_command")),
            (None, Some(_)) => Ok(Encryption::default()),
            (asked, None) => {
                let sse = asked.or(self.profile().sse.as_deref()).map(Sse::split);
                Ok(Encryption {
                    algorithm: sse.map(|sse| sse.algorithm.to_owned()),
                    key_id: sse.and_then(|sse| sse.key_id).map(str::to_owned),
                })
            }
        }
    }

    /// Refuses an answer to a write that does not say that the customer key was used: a server that does not know
    /// such keys stores the bytes in the clear.
    pub(super) fn check_encrypted(&self, op: Op<'_>, algorithm: Option<&str>) -> Result<()> {
        if self.own_key().is_none() || algorithm.is_some() {
            return Ok(());
        }
        Err(Error::new(
            Kind::Unsupported,
            format!("cannot {op}: the provider did not encrypt it with your key"),
        )
        .with_hint("it may not know SSE-C and have stored the bytes in the clear; delete them there"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_sent_only_where_nobody_listens() {
        for (endpoint, overheard) in [
            ("https://s3.example.org", false),
            ("http://s3.example.org", true),
            ("http://192.168.0.7:9000", true),
            ("http://127.0.0.1.example.org", true),
            ("http://localhost.example.org", true),
            ("http://localhost:9000", false),
            ("http://127.8.0.1:9000", false),
            ("http://[::1]:9000", false),
            ("nonsense://", true),
        ] {
            assert_eq!(is_overheard(endpoint), overheard, "{endpoint}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = CustomerKey::new(&[7; 32]);
        assert!(!format!("{key:?}").contains(key.base64()));
        assert_eq!(key.hidden_in(&format!("bad key {}", key.base64())), "bad key [redacted]");
    }
}
