//! Links are signed, remembered and tried.

use crate::error::Result;
use crate::links::{self, LinkRequest, Log, Shared, Verdict};
use crate::s3::Connections;
use crate::tui::message::Link;

/// All or none: half of the links would be taken for all of them. What was signed is remembered in the log of links.
pub(super) async fn sign(connections: &Connections, requests: Vec<LinkRequest>) -> Result<Vec<Link>> {
    let mut signed = Vec::with_capacity(requests.len());
    for request in requests {
        links::openable(&request.target)?;
        let link = links::create(connections, &request).await?;
        signed.push(Link { request, signed: link, signed_at: jiff::Timestamp::now() });
    }
    let shared: Vec<Shared> = signed.iter().map(|link| Shared::of(&link.request, &link.signed)).collect();
    let log = Log::new(&connections.config().paths);
    // A link that cannot be remembered is still one.
    if let Err(error) = super::blocking(move || log.add(&shared)).await {
        tracing::warn!(%error, "links are not remembered");
    }
    Ok(signed)
}

/// Tries each as its holder would.
pub(super) async fn try_out(connections: &Connections, links: &[Link]) -> Vec<Result<Verdict>> {
    let mut verdicts = Vec::with_capacity(links.len());
    for link in links {
        verdicts.push(one(connections, link).await);
    }
    verdicts
}

async fn one(connections: &Connections, link: &Link) -> Result<Verdict> {
    let store = connections.store(&link.request.target.profile).await?;
    links::probe(&store, &link.request, &link.signed).await
}
