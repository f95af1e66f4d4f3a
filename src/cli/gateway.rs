//! `gateway`: serves protected links.

use clap::Args;
use tokio_util::sync::CancellationToken;

use super::Context;
use super::output::note;
use crate::config::Serve;
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
