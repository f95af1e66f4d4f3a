//! Protected links: a password, an expiry, a number of downloads, a log; the bytes come straight from the provider.
//!
//! `server` listens; `routes` says who answers what; `claim` counts a download and signs its URL; `intake` takes files
//! in by presigned parts; `admin` makes and ends links; `store` remembers; `client` is the other end of `admin`.
//! The only home of axum and sqlx.

mod admin;
mod api;
mod app;
mod claim;
mod client;
mod intake;
mod limits;
mod metrics;
mod page;
mod routes;
mod secret;
mod server;
mod store;
mod sweep;
mod unlock;
mod visitor;
mod words;

use tokio_util::sync::CancellationToken;

pub use api::{
    ArrivedView, DropRequest, DropView, EventView, ExtendRequest, Password, ShareRequest, ShareView,
    new_password,
};
pub use client::Client;

use crate::config::Serve;
use crate::error::Result;
use crate::s3::Connections;

/// Where a running gateway is reached.
#[derive(Debug)]
pub struct Addresses {
    /// Of recipients; the port that the system chose, if it was to.
    pub public: std::net::SocketAddr,
    /// Of whoever makes links, in words.
    pub admin: String,
}

/// Serves until `stop`, then ends requests under way. `ready` is told where it listens.
///
/// # Errors
/// An address that is taken, a store or a key that cannot be opened, storage on the gateway's own host.
pub async fn run(
    serve: Serve,
    connections: Connections,
    stop: CancellationToken,
    ready: impl FnOnce(&Addresses),
) -> Result<()> {
    let app = app::App::open(serve, connections).await?;
    server::run(app, stop, ready).await
}
