//! One profile: how to reach a provider and as whom.

use std::path::PathBuf;
use std::time::Duration;

use ratatui::style::Color;

use super::provider::Provider;
use super::secret::SecretSource;
use super::sse::Sse;
use crate::error::{Error, Kind, Result};

/// Where a profile was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The configuration file.
    File,
    /// The AWS files; the name there, which may have characters that locations cannot.
    Aws(String),
    /// Variables of the environment: keys, a web identity, or a container's role.
    Environment,
    /// The metadata service of the EC2 instance that this machine is.
    Instance,
    /// Made by the program itself (the demo).
    BuiltIn,
}

/// What the environment has credentials in. The first that is there counts, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvironmentCredentials {
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and perhaps `AWS_SESSION_TOKEN`.
    Keys,
    /// `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_ARN`.
    WebIdentity,
    /// `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI` or `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    Container,
}

/// Who signs. A profile signs with what its source names and with nothing else: where that has no credentials, nothing
/// else of the machine takes its place.
#[derive(Clone, Debug)]
pub enum CredentialSource {
    /// What the AWS tools use where no profile is named; see [`aws_default`](super::aws_default).
    AwsDefault,
    /// One profile of the AWS files, by its name there.
    AwsProfile(String),
    /// The environment.
    Environment(EnvironmentCredentials),
    /// The role of the EC2 instance.
    Instance,
    /// A key of its own.
    Static {
        /// `access_key_id`.
        access_key_id: String,
        /// Where the secret comes from.
        secret: SecretSource,
        /// `session_token`.
        session_token: Option<secrecy::SecretString>,
    },
    /// Unsigned requests.
    Anonymous,
}

/// Which checksums are sent and checked beyond what the operation demands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksums {
    /// Only where the protocol requires one.
    #[default]
    Required,
    /// Wherever the SDK supports one.
    Supported,
}

/// One profile, with the provider's presets applied.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `[A-Za-z0-9._-]+`.
    pub name: String,
    /// Where it was found.
    pub origin: Origin,
    /// Its row of the provider table.
    pub provider: &'static Provider,
    /// The region in the signature's scope; `None`: the AWS files' own, else the provider's.
    pub region: Option<String>,
    /// The endpoint's URL; `None`: AWS's own.
    pub endpoint: Option<String>,
    /// The endpoint that links are signed for, where users reach it under another name.
    pub public_endpoint: Option<String>,
    /// Where anybody reads its objects without a signature: a URL with `{bucket}` and `{key}` in it.
    pub public_url: Option<String>,
    /// `https://host/bucket/key` rather than `https://bucket.host/key`.
    pub path_style: bool,
    /// Who signs.
    pub credentials: CredentialSource,
    /// Buckets known without ListBuckets.
    pub buckets: Vec<String>,
    /// The bucket that the pane opens on.
    pub bucket: Option<String>,
    /// Refuse everything that changes the store.
    pub read_only: bool,
    /// Colour of its pane's title (a name or `#rrggbb`), e.g. red for production.
    pub color: Option<Color>,
    /// PEM file with more certificate authorities.
    pub ca_bundle: Option<PathBuf>,
    /// Checksums.
    pub checksums: Checksums,
    /// The checksum that the provider keeps with an object and checks on arrival (`CRC64NVME`, `CRC32`); `None`: bodies
    /// are proved by their MD5.
    pub kept_checksum: Option<&'static str>,
    /// Sign bodies also where TLS would protect them.
    pub sign_payload: bool,
    /// `x-amz-request-payer: requester`.
    pub requester_pays: bool,
    /// Default server-side encryption, in one of the forms of [`Sse`](super::Sse).
    pub sse: Option<String>,
    /// Where the key comes from that the provider encrypts with and does not keep (SSE-C); not together with `sse`.
    pub sse_customer_key: Option<SecretSource>,
    /// Longest wait for a connection.
    pub connect_timeout: Duration,
}

impl CredentialSource {
    /// Where the credentials come from, in a few words.
    pub fn words(&self) -> String {
        match self {
            Self::AwsDefault => match super::aws_default() {
                Ok(Self::AwsDefault) | Err(_) => "AWS default chain".to_owned(),
                Ok(found) => format!("AWS default chain: {}", found.words()),
            },
            Self::AwsProfile(name) => format!("AWS profile {name}"),
            Self::Environment(EnvironmentCredentials::Keys) => "AWS_ACCESS_KEY_ID".to_owned(),
            Self::Environment(EnvironmentCredentials::WebIdentity) => {
                "AWS_WEB_IDENTITY_TOKEN_FILE".to_owned()
            }
            Self::Environment(EnvironmentCredentials::Container) => "the container's role".to_owned(),
            Self::Instance => "the instance's role".to_owned(),
            Self::Static { secret: SecretSource::Plain(_), .. } => "static keys".to_owned(),
            Self::Static { secret: SecretSource::Command(_), .. } => "secret from a command".to_owned(),
            Self::Static { secret: SecretSource::Keyring(_), .. } => "secret in the keyring".to_owned(),
            Self::Static { secret: SecretSource::Sealed(..), .. } => "sealed secret".to_owned(),
            Self::Anonymous => "anonymous".to_owned(),
        }
    }

    /// Whether both sign with the same credentials, as far as their names tell.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Static { access_key_id: ours, .. }, Self::Static { access_key_id: theirs, .. })
            | (Self::AwsProfile(ours), Self::AwsProfile(theirs)) => ours == theirs,
            (Self::Environment(ours), Self::Environment(theirs)) => ours == theirs,
            (Self::AwsDefault, Self::AwsDefault) | (Self::Instance, Self::Instance) => true,
            _ => false,
        }
    }
}

impl Profile {
    /// Whether the ETags of what it writes in one piece are MD5s: what is encrypted with a key of KMS or of the customer
    /// has others.
    pub fn md5_etags(&self) -> bool {
        self.provider.md5_etags && self.sse_customer_key.is_none() && Sse::keeps_md5(self.sse.as_deref())
    }

    /// A profile with the presets of `row`, anonymous until it is told otherwise.
    pub fn new(name: &str, row: &'static Provider) -> Self {
        Self {
            name: name.to_owned(),
            origin: Origin::BuiltIn,
            provider: row,
            region: row.region.map(str::to_owned),
            endpoint: None,
            public_endpoint: None,
            public_url: None,
            path_style: row.path_style,
            credentials: CredentialSource::Anonymous,
            buckets: Vec::new(),
            bucket: None,
            read_only: false,
            color: None,
            ca_bundle: None,
            checksums: row.checksums,
            kept_checksum: row.kept_checksum,
            sign_payload: false,
            requester_pays: false,
            sse: None,
            sse_customer_key: None,
            connect_timeout: Duration::from_secs(10),
        }
    }

    /// A profile for the server at `endpoint` with static keys.
    pub fn with_keys(
        name: &str,
        row: &'static Provider,
        endpoint: &str,
        access_key_id: &str,
        secret: &str,
    ) -> Self {
        let credentials = CredentialSource::Static {
            access_key_id: access_key_id.to_owned(),
            secret: SecretSource::Plain(secret.into()),
            session_token: None,
        };
        Self { endpoint: Some(endpoint.to_owned()), credentials, ..Self::new(name, row) }
    }

    /// Whether its secret is among those that a passphrase seals.
    pub fn is_sealed(&self) -> bool {
        matches!(self.credentials, CredentialSource::Static { secret: SecretSource::Sealed(..), .. })
    }

    /// Refuses changes if it is read-only; `doing` is what was to be done, in words that follow "cannot".
    ///
    /// # Errors
    /// `Kind::Denied`.
    pub fn writable(&self, doing: &str) -> Result<()> {
        if !self.read_only {
            return Ok(());
        }
        let message = format!("cannot {doing}: profile {} is read-only", self.name);
        Err(Error::new(Kind::Denied, message)
            .with_hint("remove `read_only = true` from the profile to allow changes"))
    }

    /// Where it leads, in a few words: its endpoint, or AWS and the region.
    pub fn place(&self) -> String {
        match (&self.endpoint, &self.region) {
            (Some(endpoint), _) => endpoint.clone(),
            (None, Some(region)) => format!("{} {region}", self.provider.title),
            (None, None) => self.provider.title.to_owned(),
        }
    }

    /// Where it was found, in a few words.
    pub fn found_in(&self) -> String {
        match &self.origin {
            Origin::File => "configuration file".to_owned(),
            Origin::Aws(name) if *name == self.name => "AWS files".to_owned(),
            Origin::Aws(name) => format!("AWS files, as `{name}`"),
            Origin::Environment => "environment".to_owned(),
            Origin::Instance => "this instance".to_owned(),
            Origin::BuiltIn => "built in".to_owned(),
        }
    }
}
