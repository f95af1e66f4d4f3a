//! Objects to targets that take bytes in order: one GET, nothing beside the target, nothing to be taken back.

use super::download::{Get, compare};
use super::outlet::Outlet;
use super::pace::Lane;
use super::types::{Verified, Verify};
use crate::error::Result;
use crate::local::target::StreamTarget;
use crate::s3::{Digest, Hasher};

/// How far an object is that goes to a target in order.
struct Poured {
    outlet: Outlet,
    at: u64,
    /// What the provider says that the bytes can be compared with.
    proof: Option<Digest>,
    hasher: Option<Hasher>,
}

impl Get {
    /// One GET, in order, to what takes nothing back: a connection that breaks goes on behind the last byte that was
    /// written, and an object that changes meanwhile is an error.
    pub(super) async fn write_in_order(&self, target: &StreamTarget) -> Result<Verified> {
        let _slot = self.work.slot(&self.pace, Lane::Small).await?;
        let outlet = Outlet::open(target, self.work.cancel()).await?;
        let poured =
            tokio::sync::Mutex::new(Poured { outlet, at: 0, proof: self.proof.clone(), hasher: None });
        self.work
            .retry(&self.pace, Lane::Small, self.size, || async {
                let mut poured = poured.lock().await;
                self.pour_in_order(&mut poured).await
            })
            .await?;
        let Poured { proof, hasher, .. } = poured.into_inner();
        match (proof, hasher) {
            (Some(proof), Some(hasher)) => compare(&self.from, &proof, &hasher.finish()).map_err(|error| {
                error.with_hint(format!(
                    "{} has got all of it already: what it holds is wrong",
                    target.path().display()
                ))
            }),
            _ => Ok(Verified::Size),
        }
    }

    async fn pour_in_order(&self, poured: &mut Poured) -> Result<()> {
        if poured.at > 0 && poured.at == self.size {
            return Ok(());
        }
        let range = (poured.at > 0).then_some(poured.at..self.size);
        let is_whole = range.is_none();
        let mut download =
            self.store.get(&self.from.bucket, &self.from.key, &self.options(range, is_whole)).await?;
        self.check_size(download.info.size)?;
        if is_whole {
            let proof = download.info.proof(self.store.md5_etags()).or(poured.proof.take());
            poured.proof = proof.filter(|_| self.work.verify() != Verify::Off);
            poured.hasher = poured.proof.as_ref().map(|proof| Hasher::new(proof.algorithm));
        }
        while let Some(chunk) = download.chunk().await {
            let chunk = chunk?;
            let length = chunk.len() as u64;
            self.work.limits().pass(length).await;
            if let Some(hasher) = &mut poured.hasher {
                hasher.update(&chunk);
            }
            poured.at += length;
            poured.outlet.write(chunk).await?;
            let attempt = self.work.progress.attempt();
            attempt.add(length);
            attempt.keep();
        }
        Ok(())
    }
}
