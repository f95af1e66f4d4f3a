//! Secrets in the operating system's keyring: Secret Service on Linux, the keychain on macOS. Everything here blocks, and
//! a locked keyring may ask its user first.

use std::sync::Arc;

use keyring_core::{CredentialStore, Entry};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::{Error, Kind, Result};

/// What entries are filed under.
const SERVICE: &str = "twinpail";

#[cfg(target_os = "linux")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    zbus_secret_service_keyring_store::Store::new().map(|store| store as Arc<CredentialStore>)
}

#[cfg(target_os = "macos")]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    apple_native_keyring_store::keychain::Store::new().map(|store| store as Arc<CredentialStore>)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn store() -> keyring_core::Result<Arc<CredentialStore>> {
    Err(keyring_core::Error::NoDefaultStore)
}

fn entry(name: &str) -> Result<Entry> {
    let store = store().map_err(|error| failed(&error))?;
    Entry::new_in_store(&store, SERVICE, name).map_err(|error| failed(&error))
}

fn failed(error: &keyring_core::Error) -> Error {
    Error::new(Kind::Credentials, format!("the keyring of this machine: {error}"))
        .with_hint("without a desktop's keyring store secrets sealed: `twinpail profile add --store sealed`")
}

/// Whether this session has a keyring that answers.
pub fn is_there() -> bool {
    store().is_ok()
}

/// The secret called `name`.
///
/// # Errors
/// `Kind::Credentials`: no keyring, none of that name, its user refused.
pub fn get(name: &str) -> Result<SecretString> {
    match entry(name)?.get_password() {
        Ok(secret) => Ok(SecretString::from(secret)),
        Err(keyring_core::Error::NoEntry) => {
            Err(Error::new(Kind::Credentials, format!("the keyring has no secret for {name}")).with_hint(
                "`twinpail profile add` stores it, a gateway's token `twinpail gateway --store-token`",
            ))
        }
        Err(error) => Err(failed(&error)),
    }
}

/// Stores a secret.
///
/// # Errors
/// No keyring, or its user refused.
pub fn set(name: &str, secret: &SecretString) -> Result<()> {
    entry(name)?.set_password(secret.expose_secret()).map_err(|error| failed(&error))
}

/// Forgets a secret; that there is none is fine.
///
/// # Errors
/// No keyring, or its user refused.
pub fn remove(name: &str) -> Result<()> {
    match entry(name)?.delete_credential() {
        Ok(()) | Err(keyring_core::Error::NoEntry) => Ok(()),
        Err(error) => Err(failed(&error)),
    }
}
