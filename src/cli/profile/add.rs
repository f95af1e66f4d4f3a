//! `profile add|import|remove`: profiles come into the configuration file, are tried first, and keep their secrets
//! elsewhere.

use std::io::IsTerminal as _;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use secrecy::{ExposeSecret as _, SecretString};

use super::super::ask;
use super::super::output::{Out, note, report};
use crate::config::{
    Editor, Importable, LoadOptions, NewProfile, PROVIDERS, Stored, Vault, importable, keyring, provider,
};
use crate::error::{Error, Kind, Result};
use crate::setup;

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail profile add lab --provider minio --endpoint http://127.0.0.1:9000 --access-key-id admin\n\
                  The secret key is asked for, or read from stdin's first line; it is never an argument."
)]
pub(in crate::cli) struct AddOptions {
    /// What locations call it.
    name: String,
    /// aws, r2, spaces, wasabi, b2, minio, garage, seaweedfs, ceph, or other.
    #[arg(long)]
    provider: Option<String>,
    /// Its address, where the provider's own is not enough.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    #[arg(long)]
    region: Option<String>,
    /// R2: the account.
    #[arg(long)]
    account: Option<String>,
    /// R2: eu or fedramp.
    #[arg(long)]
    jurisdiction: Option<String>,
    #[arg(long, value_name = "ID")]
    access_key_id: Option<String>,
    /// A program that prints the secret key, instead of storing it.
    #[arg(long, value_name = "COMMAND", num_args = 1.., conflicts_with = "store")]
    secret_command: Vec<String>,
    /// Credentials of that profile of the AWS files.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["access_key_id", "anonymous"])]
    aws_profile: Option<String>,
    /// No credentials: public buckets only.
    #[arg(long, conflicts_with = "access_key_id")]
    anonymous: bool,
    /// The bucket that it opens on, where listing all of them is denied.
    #[arg(long)]
    bucket: Option<String>,
    /// Refuse everything that changes the store.
    #[arg(long)]
    read_only: bool,
    #[command(flatten)]
    how: How,
    /// Make it the default profile.
    #[arg(long)]
    default: bool,
}

#[derive(Args, Debug)]
struct How {
    /// Where the secret key is kept; default: the keyring if there is one, else sealed by a passphrase.
    #[arg(long, value_name = "WHERE")]
    store: Option<Store>,
    /// Save without trying the connection.
    #[arg(long)]
    no_test: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Store {
    /// The operating system's keyring.
    Keyring,
    /// A file sealed by a passphrase.
    Sealed,
    /// The configuration file, readable to whoever can read that.
    Plain,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail profile import --dry-run")]
pub(in crate::cli) struct ImportOptions {
    /// Only say what would be imported.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    how: How,
    /// Only these, by their names in rclone, mc or s3cmd; default: all.
    names: Vec<String>,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: twinpail profile remove lab")]
pub(in crate::cli) struct RemoveOptions {
    /// The profiles.
    #[arg(required = true)]
    names: Vec<String>,
}

pub(in crate::cli) async fn add(options: AddOptions, load: LoadOptions) -> Result<u8> {
    let mut editor = Editor::open(&load)?;
    // Signals are heard while somebody types.
    let asked = tokio::task::spawn_blocking(move || asked_for(&options).map(|profile| (options, profile)));
    let (options, profile) =
        asked.await.map_err(|error| Error::new(Kind::Internal, format!("a task failed: {error}")))??;
    let vault = editor.preview()?.vault;
    take(&mut editor, &vault, profile, &options.how).await?;
    if options.default {
        editor.make_default(&options.name);
    }
    editor.save()?;
    note(&format!("saved profile {} in {}", options.name, editor.path().display()));
    Ok(0)
}

/// What the options say, and on a terminal what they leave open.
fn asked_for(options: &AddOptions) -> Result<NewProfile> {
    let asks = std::io::stdin().is_terminal();
    let names: Vec<&str> = PROVIDERS.iter().map(|row| row.name).collect();
    let missing = |option: &str| {
        Error::new(Kind::Usage, format!("{option} is missing"))
            .with_hint("on a terminal it would be asked for")
    };
    let ask = |given: &Option<String>, option: &str, prompt: &str| match given {
        Some(text) => Ok(text.clone()),
        None if asks => line(prompt),
        None => Err(missing(option)),
    };
    let named = ask(&options.provider, "--provider", &format!("Provider ({}): ", names.join(", ")))?;
    let row = provider(&named).ok_or_else(|| {
        Error::new(Kind::Usage, format!("provider {} is not known", crate::sanitize::display_safe(&named)))
            .with_hint(format!("accepted: {}", names.join(", ")))
    })?;
    let template = row.endpoint.unwrap_or_default();
    let mut settings = Vec::new();
    if row.name != "aws" && row.endpoint.is_none() || options.endpoint.is_some() {
        settings.push(("endpoint", ask(&options.endpoint, "--endpoint", "Endpoint (https://...): ")?));
    }
    if template.contains("{account}") && options.endpoint.is_none() {
        settings.push(("account", ask(&options.account, "--account", "Account: ")?));
    }
    if template.contains("{region}") || row.region.is_none() {
        settings.push(("region", ask(&options.region, "--region", "Region: ")?));
    } else if let Some(region) = &options.region {
        settings.push(("region", region.clone()));
    }
    let given = [
        ("jurisdiction", &options.jurisdiction),
        ("aws_profile", &options.aws_profile),
        ("bucket", &options.bucket),
    ];
    settings.extend(given.into_iter().filter_map(|(key, text)| Some((key, text.clone()?))));
    let mut profile =
        NewProfile { name: options.name.clone(), provider: named, settings, ..NewProfile::default() };
    if options.read_only {
        profile.switches.push("read_only");
    }
    if options.anonymous {
        profile.switches.push("anonymous");
    } else if options.aws_profile.is_none() {
        let id = ask(&options.access_key_id, "--access-key-id", "Access key id: ")?;
        profile.settings.push(("access_key_id", id));
        if options.secret_command.is_empty() {
            profile.secret = Some((secret()?, None));
        } else {
            profile.secret_command.clone_from(&options.secret_command);
        }
    }
    Ok(profile)
}

/// A line that is typed on the terminal.
fn line(prompt: &str) -> Result<String> {
    let line = ask::line(prompt)?;
    match line.trim() {
        "" => Err(Error::new(Kind::Usage, "nothing was entered; nothing is saved")),
        text => Ok(text.to_owned()),
    }
}

fn secret() -> Result<SecretString> {
    let empty = || {
        Error::new(Kind::Usage, "there is no secret key on stdin")
            .with_hint("pipe it in: `pass show lab | twinpail profile add ...`")
    };
    let secret = ask::secret("Secret access key: ")?;
    if secret.expose_secret().is_empty() { Err(empty()) } else { Ok(secret) }
}

/// Tries a profile, stores its secret and adds it; nothing is left behind if one of these fails.
async fn take(editor: &mut Editor, vault: &Arc<Vault>, profile: NewProfile, how: &How) -> Result<()> {
    if !how.no_test {
        let tried = setup::test(editor, &profile).await;
        note(&tried.map_err(|error| {
            let hint = error.hint().unwrap_or_default();
            error.context("not saved").with_hint(format!(
                "{hint}{}--no-test saves it anyway",
                if hint.is_empty() { "" } else { "; " }
            ))
        })?);
    }
    let keep = how.store.map(|store| match store {
        Store::Keyring => Stored::Keyring,
        Store::Sealed => Stored::Sealed,
        Store::Plain => Stored::Plain,
    });
    setup::take(editor, vault, profile, keep).await
}

pub(in crate::cli) async fn import(options: ImportOptions, load: LoadOptions) -> Result<u8> {
    let (found, unreadable) = importable();
    unreadable.iter().for_each(report);
    if let Some(missing) = options.names.iter().find(|name| !found.iter().any(|found| found.name == **name)) {
        return Err(Error::new(
            Kind::Usage,
            format!("no tool knows a profile {}", crate::sanitize::display_safe(missing)),
        )
        .with_hint("`twinpail profile import --dry-run` shows what there is"));
    }
    let wanted = |found: &&Importable| options.names.is_empty() || options.names.contains(&found.name);
    let mut editor = Editor::open(&load)?;
    // One for all of them: its passphrase is asked for once.
    let vault = editor.preview()?.vault;
    let (mut out, mut failed, mut saved) = (Out::new(), 0, 0);
    for found in found.iter().filter(wanted) {
        let profile = found.profile.clone();
        let shown = format!("{} from {} as {} ({})", found.name, found.tool, profile.name, profile.provider);
        if options.dry_run {
            out.line(&crate::sanitize::display_safe(&shown))?;
            continue;
        }
        match take(&mut editor, &vault, profile, &options.how).await {
            Ok(()) => {
                editor.save()?;
                saved += 1;
                note(&format!("imported {shown}"));
            }
            Err(error) => {
                // What was half added is not saved with the next one.
                editor = Editor::open(&load)?;
                report(&error.context(shown));
                failed += 1;
            }
        }
    }
    out.flush()?;
    if saved + failed == 0 && !options.dry_run {
        note("rclone, mc and s3cmd have no profile here that could be imported");
    }
    Ok(u8::from(failed > 0 || !unreadable.is_empty()))
}

pub(in crate::cli) async fn remove(options: RemoveOptions, load: LoadOptions) -> Result<u8> {
    let mut editor = Editor::open(&load)?;
    let config = editor.preview()?;
    for name in &options.names {
        editor.remove(name)?;
    }
    editor.save()?;
    for name in options.names {
        let Ok(profile) = config.profile(&name) else { continue };
        let source = profile.credentials.clone();
        let forgotten = tokio::task::spawn_blocking(move || forget(&source)).await;
        if let Ok(Err(error)) = forgotten {
            report(&error.context(format!("the secret of {name} was not removed")));
        }
        note(&format!("removed profile {name}"));
    }
    Ok(0)
}

fn forget(source: &crate::config::CredentialSource) -> Result<()> {
    use crate::config::{CredentialSource, SecretSource};
    match source {
        CredentialSource::Static { secret: SecretSource::Keyring(entry), .. } => keyring::remove(entry),
        CredentialSource::Static { secret: SecretSource::Sealed(vault, entry), .. } => vault.remove(entry),
        _ => Ok(()),
    }
}
