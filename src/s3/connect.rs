//! Profiles become connected stores.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    Builder, Region, RequestChecksumCalculation, ResponseChecksumValidation, StalledStreamProtectionConfig,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use tokio::sync::OnceCell;

use super::credentials::{self, Identity};
use super::encryption::{CustomerKey, SendCustomerKey, customer_key};
use super::fault::{Facts, Op, explain};
use super::learnt::Learnt;
use super::request::Places;
use super::transport::{Clock, RequesterPays, Throttling, Transport};
use crate::config::{Checksums, Config, Profile, Provider};
use crate::error::{Error, Kind, Result};
use crate::http::{Http, Settings};

/// Longest wait for one answer to a request without a body of its own.
pub(super) const ANSWER: Duration = Duration::from_mins(1);
/// A source is asked again for credentials that live longer once the last ones are this old: it may only have those.
const FRESH: Duration = Duration::from_mins(1);

/// All profiles of a configuration; connects each one once, on first use.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    config: Mutex<Arc<Config>>,
    clients: Mutex<HashMap<Settings, Http>>,
    stores: Mutex<HashMap<String, Arc<OnceCell<Store>>>>,
}

impl Connections {
    /// Nothing is contacted yet.
    pub fn new(config: Arc<Config>) -> Self {
        let config = Mutex::new(config);
        Self(Arc::new(Inner { config, clients: Mutex::default(), stores: Mutex::default() }))
    }

    /// The configuration they are made from.
    pub fn config(&self) -> Arc<Config> {
        Arc::clone(&self.0.config.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on they are made from this one. Those that are connected already stay as they are.
    pub fn reconfigure(&self, config: Arc<Config>) {
        *self.0.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
    }

    /// The connected profile called `profile`. Resolving credentials may run a command or ask a token service;
    /// buckets are not contacted.
    ///
    /// # Errors
    /// Unknown profile, credentials or an encryption key that cannot be had, a bad CA bundle.
    pub async fn store(&self, profile: &str) -> Result<Store> {
        let config = self.config();
        let profile = config.profile(profile)?;
        let cell = {
            let mut stores = self.0.stores.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(stores.entry(profile.name.clone()).or_default())
        };
        cell.get_or_try_init(|| connect(profile, self.http(profile))).await.cloned()
    }

    /// The HTTP client that `profile` uses; one for all with the same settings.
    fn http(&self, profile: &Profile) -> Result<Http> {
        let settings =
            Settings { ca_bundle: profile.ca_bundle.clone(), connect_timeout: profile.connect_timeout };
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(http) = clients.get(&settings) {
            return Ok(http.clone());
        }
        let http = Http::new(&settings)?;
        clients.insert(settings, http.clone());
        Ok(http)
    }
}

/// A cheap handle on one connected profile.
#[derive(Clone)]
pub struct Store(Arc<Connected>);

struct Connected {
    profile: Profile,
    region: String,
    transport: Transport,
    credentials: Option<SharedCredentialsProvider>,
    fetched: tokio::sync::Mutex<Option<Fetched>>,
    customer_key: Option<CustomerKey>,
    base: Builder,
    /// The endpoint of the profile or of the AWS files; `None`: AWS's own.
    endpoint: Option<String>,
    /// By region: a bucket may live elsewhere than the profile.
    clients: Mutex<HashMap<String, Clients>>,
    /// Where requests and links about buckets go.
    places: Mutex<Places>,
    /// Credentials for directory buckets, which last some minutes.
    sessions: tokio::sync::Mutex<HashMap<String, Credentials>>,
    /// Regions of buckets, as the provider told them.
    bucket_regions: Mutex<HashMap<String, String>>,
    learnt: Learnt,
}

/// Credentials, and when they were asked for.
struct Fetched {
    credentials: Credentials,
    at: Instant,
}

/// Two clients that differ in their patience.
#[derive(Clone)]
pub(super) struct Clients {
    /// Tries again by itself; for requests without bodies.
    pub(super) patient: Client,
    /// One attempt; whoever owns the body decides about another.
    pub(super) once: Client,
}

async fn connect(profile: &Profile, http: Result<Http>) -> Result<Store> {
    let transport = Transport { http: http?, clock: Clock::default() };
    let Identity { region, endpoint, credentials } = credentials::resolve(profile, &transport).await?;
    let region = region.unwrap_or_else(|| "us-east-1".to_owned());
    let customer_key = customer_key(profile, endpoint.as_deref()).await?;
    let mut base = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .http_client(transport.clone())
        .force_path_style(profile.path_style)
        .retry_classifier(Throttling)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    let endpoint = endpoint.as_deref().map(rooted);
    base.set_endpoint_url(endpoint.clone());
    base.set_credentials_provider(credentials.clone());
    if credentials.is_none() {
        base = base.allow_no_auth();
    }
    if profile.requester_pays {
        base = base.interceptor(RequesterPays);
    }
    if let Some(key) = &customer_key {
        base = base.interceptor(SendCustomerKey::new(key.clone(), profile));
    }
    Ok(Store(Arc::new(Connected {
        profile: profile.clone(),
        region,
        transport,
        credentials,
        fetched: tokio::sync::Mutex::default(),
        customer_key,
        base,
        endpoint,
        clients: Mutex::default(),
        places: Mutex::default(),
        sessions: tokio::sync::Mutex::default(),
        bucket_regions: Mutex::default(),
        learnt: Learnt::default(),
    })))
}

/// An endpoint as the SDK has to be told: it puts the bucket right behind the path of one, which must end in `/`.
pub(super) fn rooted(endpoint: &str) -> String {
    format!("{}/", endpoint.trim_end_matches('/'))
}

impl Store {
    /// The profile it was made from.
    pub fn profile(&self) -> &Profile {
        &self.0.profile
    }

    /// What its provider can and cannot do.
    pub fn provider(&self) -> &'static Provider {
        self.0.profile.provider
    }

    /// Whether it signs nothing.
    pub fn is_anonymous(&self) -> bool {
        self.0.credentials.is_none()
    }

    /// The key that goes with every object of this profile, if it has one.
    pub(super) fn own_key(&self) -> Option<&CustomerKey> {
        self.0.customer_key.as_ref()
    }

    /// Whether `other` reaches the same provider with the same credentials, so that the server can copy between
    /// the two.
    pub fn same_service(&self, other: &Store) -> bool {
        let (ours, theirs) = (&self.0.profile, &other.0.profile);
        let same_keys = ours.credentials.is_same(&theirs.credentials);
        ours.name == theirs.name
            || (same_keys && ours.endpoint == theirs.endpoint && self.0.region == other.0.region)
    }

    /// The endpoint that the profile or the AWS files name, as the SDK is told it.
    pub fn own_endpoint(&self) -> Option<String> {
        self.0.endpoint.clone()
    }

    /// Between us and the provider.
    pub(super) fn transport(&self) -> &Transport {
        &self.0.transport
    }

    /// Where requests and links about buckets go, as far as it was asked for.
    pub(super) fn places(&self) -> &Mutex<Places> {
        &self.0.places
    }

    /// The region in the signatures for `bucket`.
    pub fn region_of(&self, bucket: &str) -> String {
        let known = self.0.bucket_regions.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(bucket).unwrap_or(&self.0.region).clone()
    }

    /// The clients for `bucket`'s region.
    pub(super) fn clients(&self, bucket: &str) -> Clients {
        let region = self.region_of(bucket);
        let mut clients = self.0.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.entry(region).or_insert_with_key(|region| self.build(region)).clone()
    }

    fn build(&self, region: &str) -> Clients {
        let base = self.0.base.clone().region(Region::new(region.to_owned()));
        let checksums = match self.0.profile.checksums {
            Checksums::Required => RequestChecksumCalculation::WhenRequired,
            Checksums::Supported => RequestChecksumCalculation::WhenSupported,
        };
        let patient = base
            .clone()
            .request_checksum_calculation(checksums)
            .retry_config(
                RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(300)),
            )
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(ANSWER).build());
        // A streamed body would get a trailing checksum in a chunked framing that third parties store as content;
        // whoever sends one names its checksum in a header instead.
        let once = base
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::disabled());
        Clients { patient: Client::from_conf(patient.build()), once: Client::from_conf(once.build()) }
    }

    /// Sends a request on `bucket`; follows the bucket to its region once.
    pub(super) async fn run<T, E, F, Fut>(&self, bucket: &str, op: Op<'_>, request: F) -> Result<T>
    where
        F: Fn(Clients) -> Fut,
        Fut: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata + StdError + Send + Sync + 'static,
    {
        match request(self.clients(bucket)).await {
            Err(error) if Facts::of(&error).is_some_and(|facts| self.learn_region(bucket, &facts)) => {
                request(self.clients(bucket)).await
            }
            other => other,
        }
        .map_err(|error| explain(self, op, error))
    }

    /// Remembers the region that a refusal names; whether that is news.
    pub(super) fn learn_region(&self, bucket: &str, refusal: &Facts) -> bool {
        // Only AWS has one endpoint a region that we can find by name.
        if self.0.profile.endpoint.is_some() || bucket.is_empty() {
            return false;
        }
        let Some(region) = refusal.bucket_region() else { return false };
        if region == self.region_of(bucket) {
            return false;
        }
        let mut known = self.0.bucket_regions.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(bucket.to_owned(), region.to_owned());
        true
    }

    pub(super) fn learnt(&self) -> &Learnt {
        &self.0.learnt
    }

    /// Refuses changes on a read-only profile; every changing operation asks here first.
    pub(super) fn writable(&self, op: Op<'_>) -> Result<()> {
        // Asked for every part: no text is made unless it is needed.
        if self.0.profile.read_only { self.0.profile.writable(&op.to_string()) } else { Ok(()) }
    }

    /// The plain HTTP client of this profile: its proxies and certificate authorities, no signatures.
    pub fn http(&self) -> &Http {
        &self.0.transport.http
    }

    /// How far the provider's clock is ahead of ours, as far as its answers have told; zero if not noteworthy.
    pub fn clock_ahead(&self) -> jiff::SignedDuration {
        self.0.transport.clock.ahead()
    }

    /// Credentials that live until `end`, if the source can renew them that far.
    pub(super) async fn fresh_credentials(&self, end: SystemTime) -> Result<Credentials> {
        let Some(source) = &self.0.credentials else {
            return Err(Error::new(
                Kind::Unsupported,
                format!("profile {} is anonymous and cannot sign links", self.0.profile.name),
            )
            .with_hint("give the profile credentials; a public object's plain address needs no signature"));
        };
        let mut fetched = self.0.fetched.lock().await;
        if let Some(Fetched { credentials, at }) = fetched.as_ref()
            && (credentials.expiry().is_none_or(|known| known >= end) || at.elapsed() < FRESH)
            && credentials.expiry().is_none_or(|known| known > SystemTime::now())
        {
            return Ok(credentials.clone());
        }
        let new = source.provide_credentials().await.map_err(|error| {
            let why = crate::http::root_cause(&error);
            Error::new(Kind::Credentials, format!("profile {}: no credentials: {why}", self.0.profile.name))
                .with_hint("log in again (`aws sso login`), or check the AWS files")
        })?;
        *fetched = Some(Fetched { credentials: new.clone(), at: Instant::now() });
        Ok(new)
    }

    /// Credentials for a directory bucket.
    pub(super) async fn session(&self, bucket: &str) -> Result<Credentials> {
        let mut sessions = self.0.sessions.lock().await;
        let soon = SystemTime::now() + FRESH;
        if let Some(known) = sessions.get(bucket).filter(|known| known.expiry().is_some_and(|end| end > soon))
        {
            return Ok(known.clone());
        }
        let op = self.op("begin a session with", bucket, "");
        let output =
            self.run(bucket, op, |clients| clients.patient.create_session().bucket(bucket).send()).await?;
        let new = output.credentials();
        let new =
            new.ok_or_else(|| Error::new(Kind::Integrity, format!("cannot {op}: the answer has none")))?;
        let end = SystemTime::try_from(*new.expiration()).ok();
        let token = Some(new.session_token().to_owned());
        let new = Credentials::new(new.access_key_id(), new.secret_access_key(), token, end, "session");
        sessions.insert(bucket.to_owned(), new.clone());
        Ok(new)
    }
}
