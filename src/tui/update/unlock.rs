//! The passphrase of the sealed secrets: asked for when something fails for want of it.

use super::super::dialog::Dialog;
use super::super::message::{Effect, SetupEffect};
use super::super::state::State;
use crate::error::{Kind, Result};

/// Asks, if something failed for want of the passphrase and nobody is being asked.
pub(super) fn ask_if_locked(state: &mut State) {
    if std::mem::take(&mut state.locked) && !state.dialogs.iter_mut().any(|d| d.as_unlock().is_some()) {
        state.dialogs.push(Dialog::unlock());
    }
}

/// What was typed is tried.
pub(super) fn begin(state: &mut State) -> Vec<Effect> {
    let dialog = state.dialogs.last_mut().and_then(Dialog::as_unlock);
    dialog.map(|dialog| Effect::Setup(SetupEffect::Unlock(dialog.take()))).into_iter().collect()
}

/// It opened the file, or did not: the panes that could not be read are read again, or the question stays.
pub(super) fn tried(state: &mut State, result: Result<()>) -> Vec<Effect> {
    let at = state.dialogs.iter_mut().position(|dialog| dialog.as_unlock().is_some());
    match (result, at) {
        (Ok(()), at) => {
            if let Some(at) = at {
                state.dialogs.remove(at);
            }
            let panes = state.both().iter_mut();
            let locked = panes.filter(|pane| pane.error.as_ref().is_some_and(|e| e.kind() == Kind::Locked));
            locked.map(|pane| pane.refresh(None)).collect()
        }
        (Err(error), Some(at)) => {
            if let Some(dialog) = state.dialogs[at].as_unlock() {
                dialog.failed(&error);
            }
            Vec::new()
        }
        (Err(error), None) => {
            state.fail(&error);
            Vec::new()
        }
    }
}
