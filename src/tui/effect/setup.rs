//! New profiles: tried, their secrets kept, written into the configuration, and known from then on.

use std::sync::Arc;

use super::{Effects, abort, blocking};
use crate::config::{Asks, Editor, NewProfile, importable, keyring};
use crate::error::Result;
use crate::s3::Connections;
use crate::setup;
use crate::tui::message::{Done, Event, Keepers, Saved, SetupEffect, SetupEvent, SetupOrder, Wish};

impl Effects {
    pub(super) fn set_up(&mut self, effect: SetupEffect) {
        match effect {
            SetupEffect::FindKeepers => {
                let vault = Arc::clone(&self.connections.config().vault);
                self.spawn(async move {
                    let found = blocking(move || Ok((keyring::is_there(), vault.asks()))).await;
                    let (keyring, sealed) = found.unwrap_or((false, Asks::Nothing));
                    Event::Setup(SetupEvent::Keepers(Keepers { keyring, sealed }))
                });
            }
            SetupEffect::FindOthers => {
                self.spawn(async move {
                    let (others, unreadable) = blocking(|| Ok(importable())).await.unwrap_or_default();
                    Event::Setup(SetupEvent::Others(others, unreadable))
                });
            }
            SetupEffect::Carry(number, order) => {
                let connections = self.connections.clone();
                self.setup = Some(self.spawn(async move {
                    let done = Box::pin(carry(&connections, *order)).await;
                    Event::Setup(SetupEvent::Done(number, Box::new(done)))
                }));
            }
            SetupEffect::Stop => abort(&mut self.setup),
            SetupEffect::Unlock(passphrase) => {
                let vault = Arc::clone(&self.connections.config().vault);
                self.spawn(async move {
                    Event::Setup(SetupEvent::Unlocked(blocking(move || vault.unlock_with(&passphrase)).await))
                });
            }
        }
    }
}

/// One after the other: what fails does not keep the others from being saved.
async fn carry(connections: &Connections, order: SetupOrder) -> Done {
    let mut done = Done::default();
    for profile in &order.profiles {
        if let Err(error) = carry_one(connections, profile, &order, &mut done).await {
            done.failed.push((profile.name.clone(), error));
        }
    }
    done
}

async fn carry_one(
    connections: &Connections,
    profile: &NewProfile,
    order: &SetupOrder,
    done: &mut Done,
) -> Result<()> {
    let config = connections.config();
    let name = &profile.name;
    let mut editor = Editor::of(&config)?;
    editor.is_free(name)?;
    if order.wish != Wish::SaveUntested {
        done.works.push(setup::test(&editor, profile).await?);
    }
    if order.wish == Wish::Test {
        return Ok(());
    }
    if let Some(passphrase) = order.passphrase.clone().filter(|_| config.vault.asks() != Asks::Nothing) {
        config.vault.offer(passphrase);
    }
    setup::take(&mut editor, &config.vault, profile.clone(), Some(order.keep)).await?;
    editor.save()?;
    let config = Arc::new(config.with_profile(editor.preview()?.profile(name)?.clone()));
    connections.reconfigure(Arc::clone(&config));
    let mut names = done.saved.take().map_or_else(Vec::new, |saved| saved.names);
    names.push(name.clone());
    done.saved = Some(Saved { config, names, file: editor.path().to_path_buf() });
    Ok(())
}
