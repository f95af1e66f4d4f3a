//! `gateway`: serves protected links.

use std::sync::Arc;

use clap::{Args, ValueEnum};
use tokio_util::sync::CancellationToken;

use super::output::note;
use super::{Context, ask};
use crate::config::{GATEWAY_TOKEN, Serve, keyring};
use crate::error::{Error, Kind, Result};
use crate::gateway;

#[derive(Args, Debug)]
#[command(
    after_help = "Example: twinpail --log /var/log/twinpail.log gateway\n\nThe configuration's [gateway.serve] says where it listens and how recipients reach it."
)]
pub(super) struct Options {
    /// Only check the configuration, the key, the token and the store.
    #[arg(long)]
    check: bool,
    /// Only keep the token of a gateway elsewhere, for `[gateway] token = "WHERE"`; it is asked for, or read from stdin.
    #[arg(long, value_name = "WHERE", conflicts_with = "check")]
    store_token: Option<Store>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Store {
    /// The operating system's keyring.
    Keyring,
    /// A file sealed by a passphrase.
    Sealed,
}

async fn store_token(context: &Context, store: Store) -> Result<u8> {
    let vault = Arc::clone(&context.config.vault);
    let stored = tokio::task::spawn_blocking(move || {
        let token = ask::secret("Token: ")?;
        match store {
            Store::Keyring => keyring::set(GATEWAY_TOKEN, &token),
            Store::Sealed => vault.set(GATEWAY_TOKEN, &token),
        }
    });
    stored.await.map_err(|error| Error::new(Kind::Internal, format!("a task failed: {error}")))??;
    let word = if matches!(store, Store::Keyring) { "keyring" } else { "sealed" };
    note(&format!("the token is stored; write into the configuration: [gateway] token = \"{word}\""));
    Ok(0)
}

/// What is served, if anything is.
fn serve(context: &Context) -> Result<Serve> {
    context.config.gateway.serve.clone().ok_or_else(|| {
        Error::new(Kind::Config, "the configuration has no [gateway.serve]").with_hint(
            "add one with the address that recipients use: public_url = \"https://share.example.org\"; \
             `twinpail config init` writes an example",
        )
    })
}

pub(super) async fn run(context: &Context, options: Options, stop: CancellationToken) -> Result<u8> {
    if let Some(store) = options.store_token {
        return store_token(context, store).await;
    }
    let serve = serve(context)?;
    if serve.tls.is_none() && serve.public_url.starts_with("https") && serve.trusted_proxies.is_empty() {
        note("no tls and no trusted_proxies: whoever is in front is taken for the visitor");
    }
    if options.check {
        stop.cancel();
    }
    let public_url = serve.public_url.clone();
    let ready = |addresses: &gateway::Addresses| {
        let verb = if options.check { "could serve" } else { "serving" };
        note(&format!("{verb} {public_url} on {}, admin on {}", addresses.public, addresses.admin));
    };
    gateway::run(serve, context.connections.clone(), stop, ready).await?;
    Ok(0)
}
