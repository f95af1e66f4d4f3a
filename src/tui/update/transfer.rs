//! Copies and moves: what is asked of the engine, and what it says back.

use super::super::dialog::{Dialog, Purpose};
use super::super::message::Effect;
use super::super::state::{State, Tone};
use super::super::text;
use super::browser::refresh;
use super::{moving, renaming, sync, undo, versions};
use crate::action::Action;
use crate::config::units::parse_rate;
use crate::error::{Error, Kind as Failure, Result};
use crate::location::Location;
use crate::transfer::{self, Event, Summary, TransferId, Unfinished};

/// Whether the place may be changed; says so if not.
pub(super) fn writable(state: &mut State, place: &Location) -> bool {
    match state.config.writable(place, "change anything here") {
        Ok(()) => true,
        Err(error) => {
            state.fail(&error);
            false
        }
    }
}

/// An action while the transfers have the keyboard.
pub(super) fn panel(state: &mut State, action: Action) -> Vec<Effect> {
    if action == Action::TransferClose {
        state.panel = false;
        return Vec::new();
    }
    if action == Action::TransferLimit {
        if let Some(id) = state.transfers.current(&state.snapshot) {
            state.dialogs.push(Dialog::input(Purpose::Limit(id), "Bytes a second, as 5MiB; off", ""));
        }
        return Vec::new();
    }
    let moves = matches!(action, Action::TransferUp | Action::TransferDown);
    let effects = state.transfers.on_action(action, &state.snapshot);
    if effects.is_empty() && !moves {
        state.say(Tone::Plain, "that does not apply to this transfer");
    }
    effects
}

/// Limits a transfer to what was typed; `0` or `off` ends that.
pub(super) fn limit(id: TransferId, text: &str) -> Result<Vec<Effect>> {
    let rate = match text.trim() {
        "0" | "off" | "none" => None,
        rate => Some(parse_rate(rate).map_err(|why| Error::new(Failure::Usage, why))?),
    };
    Ok(vec![Effect::Limit(id, rate)])
}

/// Keeps what earlier runs did not finish until it can be asked about: no dialog is open then.
pub(super) fn offer(state: &mut State, found: Vec<Unfinished>) {
    state.offer.extend(found.into_iter().filter(|one| !one.busy && !one.declined));
}

/// The engine says something.
pub(super) fn happened(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::File { id, outcome } => {
            undo::file(state, id, &outcome);
            renaming::moved(state, id, &outcome);
            Vec::new()
        }
        Event::Conflict { id, conflict } => {
            state.questions.push_back((id, *conflict));
            Vec::new()
        }
        Event::Finished { id, summary } => finished(state, id, &summary),
    }
}

/// How the transfers stand by now; a list of what failed of a running one stays true.
pub(super) fn progress(state: &mut State, snapshot: transfer::Snapshot) -> Vec<Effect> {
    state.snapshot = snapshot;
    for transfer in &state.snapshot.transfers {
        let asks = |dialog: &&mut Dialog| dialog.asks_for() == Some(transfer.id);
        if let (Some(likeness), Some(dialog)) = (transfer.likeness, state.dialogs.iter_mut().find(asks)) {
            dialog.compared(likeness);
        }
    }
    let shows_less = |dialog: &mut Dialog| {
        let running = state.snapshot.transfers.iter().filter(|transfer| !transfer.state.is_over());
        let mut shown = running.filter_map(|one| Some((one, dialog.as_failures(one.id)?.len() as u64)));
        shown.find(|(transfer, shown)| transfer.failed != *shown).map(|(transfer, _)| transfer.id)
    };
    state.dialogs.iter_mut().find_map(shows_less).map(Effect::Failures).into_iter().collect()
}

/// What failed of a transfer: for the dialog that shows it, else for a new one.
pub(super) fn failures(state: &mut State, id: TransferId, failures: Vec<transfer::Failure>) {
    if let Some(dialog) = state.dialogs.iter_mut().find_map(|dialog| dialog.as_failures(id)) {
        dialog.renew(failures);
    } else if !failures.is_empty() && state.panel {
        state.dialogs.push(Dialog::failures(id, failures));
    }
}

/// Opens the next question, if no dialog is open: keys typed into one must not answer another.
pub(super) fn ask_next(state: &mut State) {
    if !state.dialogs.is_empty() {
        return;
    }
    if let Some((id, conflict)) = state.questions.pop_front() {
        state.dialogs.push(Dialog::conflict(id, conflict));
    } else if !state.offer.is_empty() {
        let unfinished = std::mem::take(&mut state.offer);
        state.dialogs.push(Dialog::offer(unfinished, &state.theme.units));
    }
}

fn finished(state: &mut State, id: TransferId, summary: &Summary) -> Vec<Effect> {
    undo::finished(state, id);
    let refused = renaming::ended(state, id, summary);
    state.dialogs.end_rest();
    state.questions.retain(|(of, _)| *of != id);
    state.dialogs.retain(|dialog| dialog.asks_for() != Some(id));
    let verb = state.touches.get(&id).map(|touches| touches.verb);
    let (mut tone, mut text) = words(state, summary, verb.map_or("done", moving::done));
    if let Some(error) = refused {
        (tone, text) = (Tone::Error, error);
    }
    let whole = summary.failed == 0 && !summary.cancelled && summary.error.is_none();
    // Kept: failed files may be tried again.
    let Some(touches) = state.touches.get_mut(&id) else {
        state.say(tone, text);
        return Vec::new();
    };
    let after = if whole { touches.after.take() } else { None };
    if touches.after.is_some() {
        text = format!("nothing was deleted, because not everything arrived; {text}");
    }
    let touches = touches.clone();
    state.say(tone, text);
    let mut effects = after.map(|after| sync::delete_after(state, after)).unwrap_or_default();
    if state.dialogs.iter_mut().any(|dialog| dialog.as_failures(id).is_some()) {
        effects.push(Effect::Failures(id));
    }
    let here = state.focus;
    let seek = touches.seek.as_deref().map(|name| (here, name));
    effects.extend(refresh(state, &touches.places, seek));
    effects.extend(versions::outdated(state));
    effects
}

/// `done`: what became of the files.
fn words(state: &State, summary: &Summary, done: &str) -> (Tone, String) {
    let files = |count: u64| {
        let number = text::count(count);
        format!("{number} {}", if count == 1 { "file" } else { "files" })
    };
    let mut text = format!("{} {done}, {}", files(summary.files), state.theme.units.size(summary.bytes));
    if summary.skipped > summary.links {
        text = format!("{text}, {} skipped", files(summary.skipped - summary.links));
    }
    match summary.links {
        0 => {}
        1 => text += ", 1 symbolic link skipped",
        links => text = format!("{text}, {} symbolic links skipped", text::count(links)),
    }
    if summary.cancelled {
        return (Tone::Warning, format!("cancelled; {text}"));
    }
    if let Some(error) = &summary.error {
        return (Tone::Error, format!("{error}; {text}"));
    }
    if summary.failed > 0 {
        let key = state.config.keys.label(Action::Transfers);
        return (Tone::Error, format!("{} failed ({key} shows why); {text}", files(summary.failed)));
    }
    (Tone::Plain, text)
}
