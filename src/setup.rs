//! A new profile: tried first, its secret put where it is to be kept, then written into the configuration. The command
//! line and the browser both do it with this.

use std::sync::Arc;

use secrecy::SecretString;

use crate::config::{
    Config, CredentialSource, Editor, NewProfile, SecretSource, Stored, Vault, keyring, secret_name,
};
use crate::error::{Error, Kind, Result};
use crate::s3::{Connections, ListRequest};

/// Tries a profile that is not yet written: what its first request says, in words.
///
/// # Errors
/// What is wrong with its settings, and whatever the provider or the way to it refuses.
pub async fn test(editor: &Editor, profile: &NewProfile) -> Result<String> {
    let mut draft = editor.clone();
    // The secret takes no way through the text of a configuration.
    let secret = profile.secret.as_ref().map(|(secret, _)| secret.clone());
    let written = secret.clone().map(|secret| (secret, Some(Stored::Sealed)));
    draft.add(&NewProfile { secret: written, ..profile.clone() })?;
    let mut config = draft.preview()?;
    let own = config.profiles.iter_mut().find(|known| known.name == profile.name);
    if let (Some(own), Some(key)) = (own, secret)
        && let CredentialSource::Static { secret, .. } = &mut own.credentials
    {
        *secret = SecretSource::Plain(key);
    }
    first_request(config, &profile.name).await
}

async fn first_request(config: Config, name: &str) -> Result<String> {
    let connections = Connections::new(Arc::new(config));
    let store = connections.store(name).await?;
    if let Some(bucket) = store.profile().bucket.clone() {
        let request = ListRequest { bucket: bucket.clone(), max_keys: Some(1), ..ListRequest::default() };
        store.list(&request).await?;
        return Ok(format!("{name} works: bucket {bucket} can be listed"));
    }
    match store.list_buckets(None).await {
        Ok(page) => {
            let (count, more) = (page.entries.len(), page.next.is_some());
            let buckets = if count == 1 { "bucket" } else { "buckets" };
            Ok(format!("{name} works: it lists {count}{} {buckets}", if more { " and more" } else { "" }))
        }
        Err(error) if error.kind() == Kind::Denied && error.message().contains("AccessDenied") => {
            Ok(format!("{name} is reached, and may not list buckets: it needs a `bucket` to open on"))
        }
        Err(error) => Err(error),
    }
}

/// Keeps the secret of a profile in `keep` (`None`: the keyring if there is one, else `vault`), and adds it to what
/// `editor` is going to save.
///
/// # Errors
/// Those of [`Editor::add`], of the keyring and of the vault; then the editor is as it was.
pub async fn take(
    editor: &mut Editor,
    vault: &Arc<Vault>,
    mut profile: NewProfile,
    keep: Option<Stored>,
) -> Result<()> {
    if let Some((secret, None)) = profile.secret.clone() {
        // A name that is taken keeps the secret it has.
        editor.is_free(&profile.name)?;
        let stored = store(vault, &profile.name, secret.clone(), keep).await?;
        profile.secret = Some((secret, Some(stored)));
    }
    editor.add(&profile)
}

async fn store(vault: &Arc<Vault>, name: &str, secret: SecretString, keep: Option<Stored>) -> Result<Stored> {
    let (vault, entry) = (Arc::clone(vault), secret_name(name));
    let stored = tokio::task::spawn_blocking(move || {
        let keep = match keep {
            Some(keep) => keep,
            None if keyring::is_there() => Stored::Keyring,
            None => Stored::Sealed,
        };
        match keep {
            Stored::Plain => {}
            Stored::Keyring => keyring::set(&entry, &secret)?,
            Stored::Sealed => vault.set(&entry, &secret)?,
        }
        Ok(keep)
    });
    stored.await.map_err(|error| Error::new(Kind::Internal, format!("a task failed: {error}")))?
}
