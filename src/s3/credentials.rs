//! Who signs: the credentials of a profile, from where the profile says and from nowhere else. (The SDK's own chain asks
//! the environment first, whatever profile it is told.)

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use secrecy::ExposeSecret as _;

use super::transport::Transport;
use crate::config::{CredentialSource, EnvironmentCredentials, Profile, aws_default, aws_profile};
use crate::error::Result;

/// Who signs, and what the AWS files and the environment say about where.
pub(super) struct Identity {
    pub(super) region: Option<String>,
    pub(super) endpoint: Option<String>,
    /// `None`: nobody; requests are anonymous.
    pub(super) credentials: Option<SharedCredentialsProvider>,
}

/// The identity of `profile`. Runs its `secret_command`; credentials of AWS are fetched when they are first needed.
///
/// # Errors
/// A secret that cannot be had, an AWS profile that is unknown or has no credentials.
pub(super) async fn resolve(profile: &Profile, transport: &Transport) -> Result<Identity> {
    let context = |error: crate::error::Error| error.context(format!("profile {}", profile.name));
    let aws = match &profile.credentials {
        CredentialSource::Anonymous => return Ok(own(profile, None)),
        CredentialSource::Static { access_key_id, secret, session_token } => {
            let secret = secret.resolve().await.map_err(context)?;
            let token = session_token.as_ref().map(|token| token.expose_secret().to_owned());
            let keys = Credentials::new(access_key_id, secret.expose_secret(), token, None, "profile");
            return Ok(own(profile, Some(SharedCredentialsProvider::new(keys))));
        }
        CredentialSource::AwsDefault => aws_default().map_err(context)?,
        aws => aws.clone(),
    };
    let mut loader =
        aws_config::defaults(BehaviorVersion::latest()).http_client(transport.clone()).no_credentials();
    if let CredentialSource::AwsProfile(name) = &aws {
        aws_profile(name).map_err(context)?;
        loader = loader.profile_name(name);
    }
    let found = loader.load().await;
    Ok(Identity {
        region: profile.region.clone().or_else(|| found.region().map(ToString::to_string)),
        endpoint: profile.endpoint.clone().or_else(|| found.endpoint_url().map(str::to_owned)),
        credentials: provider(&aws, &found, transport),
    })
}

/// What a profile says itself.
fn own(profile: &Profile, credentials: Option<SharedCredentialsProvider>) -> Identity {
    Identity { region: profile.region.clone(), endpoint: profile.endpoint.clone(), credentials }
}

/// The one provider of `source`.
fn provider(
    source: &CredentialSource,
    found: &SdkConfig,
    transport: &Transport,
) -> Option<SharedCredentialsProvider> {
    let settings = ProviderConfig::without_region()
        .with_behavior_version(Some(BehaviorVersion::latest()))
        .with_http_client(transport.clone())
        .with_use_fips(found.use_fips())
        .with_use_dual_stack(found.use_dual_stack())
        .with_region(found.region().cloned());
    Some(match source {
        CredentialSource::AwsProfile(name) => SharedCredentialsProvider::new(
            ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(name).build(),
        ),
        CredentialSource::Environment(EnvironmentCredentials::Keys) => {
            SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new())
        }
        CredentialSource::Environment(EnvironmentCredentials::WebIdentity) => SharedCredentialsProvider::new(
            WebIdentityTokenCredentialsProvider::builder().configure(&settings).build(),
        ),
        CredentialSource::Environment(EnvironmentCredentials::Container) => {
            SharedCredentialsProvider::new(EcsCredentialsProvider::builder().configure(&settings).build())
        }
        // Nothing else is left where no profile is named.
        CredentialSource::Instance | CredentialSource::AwsDefault => {
            SharedCredentialsProvider::new(ImdsCredentialsProvider::builder().configure(&settings).build())
        }
        CredentialSource::Static { .. } | CredentialSource::Anonymous => return None,
    })
}
