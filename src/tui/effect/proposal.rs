//! Copies and moves before they start: counted up to a limit, their target looked at. Local moves that are renames.

use std::ffi::OsString;

use super::super::message::{Event, ProposalEffect, ProposalEvent, Relocated};
use super::{Effects, abort, blocking};
use crate::error::{Error, Kind, Result};
use crate::identity::{self, Relation};
use crate::local;
use crate::location::{Location, Remote};
use crate::s3::{Connections, ListRequest};
use crate::transfer::{Item, Verb};
use crate::walk;

impl Effects {
    pub(super) fn propose(&mut self, number: u64, effect: ProposalEffect) {
        let connections = self.connections.clone();
        let tell = self.teller(move |event| Event::Proposal { number, event });
        match effect {
            ProposalEffect::Count { targets, known, limit } => {
                let work = async move {
                    let so_far = |extent| tell(ProposalEvent::Counted(extent, None));
                    let (extent, failed) =
                        walk::count_up_to(&connections, &targets, known, limit, so_far).await;
                    tell(ProposalEvent::Counted(extent, failed));
                };
                self.counting = Some(self.runtime.spawn(work).abort_handle());
            }
            ProposalEffect::Check { verb, items, named } => {
                self.runtime.spawn(async move {
                    tell(ProposalEvent::Checked(check(&connections, verb, items, named).await));
                });
            }
            ProposalEffect::Forget => abort(&mut self.counting),
        }
    }

    pub(super) fn relocate(&self, at: Location, items: Vec<Item>) {
        self.spawn(async move {
            let nothing = Relocated { at: at.clone(), done: Vec::new(), left: items.clone() };
            let relocated = blocking(move || Ok(relocate(at, items))).await;
            Event::Relocated(relocated.unwrap_or(nothing))
        });
    }
}

/// Refuses what could only fail, or would be something else than what was asked for.
async fn check(connections: &Connections, verb: Verb, items: Vec<Item>, named: bool) -> Result<()> {
    let doing = if verb == Verb::Move { "move" } else { "copy" };
    for Item { from, to, tree, .. } in &items {
        if let Relation::Certain(overlap) = identity::relation(connections, from, to, *tree).await? {
            return Err(identity::refusal(overlap, doing, from, to, *tree));
        }
    }
    let Some(first) = items.first() else { return Ok(()) };
    if let Location::Remote(to) = &first.to {
        bucket_exists(connections, to).await?;
    }
    let Location::Local(to) = first.to.clone() else { return Ok(()) };
    if !named {
        return Ok(());
    }
    blocking(move || {
        if to.is_dir() {
            let shown = Location::Local(to.clone());
            return Err(Error::new(Kind::Exists, format!("{shown} is a folder that exists"))
                .with_hint(format!("write {}/ to put it there", shown.to_string().trim_end_matches('/'))));
        }
        Ok(())
    })
    .await
}

/// Whether there is a bucket of that name. Who may not list it may be allowed to write to it all the same.
async fn bucket_exists(connections: &Connections, place: &Remote) -> Result<()> {
    let store = connections.store(&place.profile).await?;
    let request = ListRequest {
        bucket: place.bucket.clone(),
        prefix: place.key.clone(),
        max_keys: Some(1),
        ..ListRequest::default()
    };
    match store.list(&request).await {
        Err(error) if error.kind() == Kind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Moves local entries by renaming them, where nothing is in their way and the file system can. Blocking.
fn relocate(at: Location, items: Vec<Item>) -> Relocated {
    let mut relocated = Relocated { at, done: Vec::new(), left: Vec::new() };
    for item in items {
        let names = renamed(&relocated.at, &item);
        match names {
            Some(names) => relocated.done.push(names),
            None => relocated.left.push(item),
        }
    }
    relocated
}

fn renamed(at: &Location, item: &Item) -> Option<(OsString, OsString)> {
    let (from, to) = (item.from.as_local()?, item.to.as_local()?);
    // Whatever stands in the way is the engine's to tell.
    local::rename(from, to).ok()?;
    let name = |place: &Location| place.below(at);
    let to = name(&item.to).unwrap_or_else(|| to.as_os_str().to_owned());
    Some((name(&item.from)?, to))
}
