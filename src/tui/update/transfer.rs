//! Copies and moves: what is asked of the engine, and what it says back.

use std::ffi::OsStr;
use std::path::Path;

use super::super::dialog::{Dialog, Purpose};
use super::super::message::{Effect, Touches};
use super::super::pane::Pane;
use super::super::state::{State, Tone};
use super::super::text;
use super::browser::refresh;
use super::{sync, undo, versions};
use crate::action::Action;
use crate::config::units::parse_rate;
use crate::entry::Kind;
use crate::error::{Error, Kind as Failure, Result};
use crate::location::Location;
use crate::sanitize::display_safe;
use crate::transfer::{
    self, Event, Item, OnConflict, Request, Summary, TransferId, Unfinished, Verb, inside,
};

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

/// Copies or moves what is chosen to the other pane.
pub(super) fn start(state: &mut State, action: Action) -> Vec<Effect> {
    let verb = if action == Action::Move { Verb::Move } else { Verb::Copy };
    let (from, to) = (state.here().location.clone(), state.there().location.clone());
    if !writable(state, &to) || (verb == Verb::Move && !writable(state, &from)) {
        return Vec::new();
    }
    let chosen = state.selection();
    let items = match items(state.here(), &chosen, &to, verb) {
        Ok(items) => items,
        Err(error) => {
            state.fail(&error);
            return Vec::new();
        }
    };
    let word = if verb == Verb::Move { "moving" } else { "copying" };
    let what = match items.as_slice() {
        [item] => display_safe(&item.from.name()).into_owned(),
        several => format!("{} entries", text::thousands(several.len())),
    };
    let pane = state.here();
    let links = chosen.iter().filter(|entry| pane.kind(**entry).is_link()).count();
    let note = if verb == Verb::Move && links > 0 { "; of links only the link goes" } else { "" };
    state.say_with_left_out(&format!("{word} {what} to {to}{note}"));
    let within = to.as_local().map(Path::to_path_buf);
    let mut places = vec![to];
    if verb == Verb::Move {
        places.push(from);
    }
    state.here_mut().listing.unmark_seen();
    let on_conflict = state.config.transfer.on_conflict.unwrap_or(OnConflict::Ask);
    let request = Box::new(Request { verb, items, on_conflict, within, ..Request::default() });
    let touches = Touches { places, undoable: verb == Verb::Move, ..Touches::default() };
    vec![Effect::Submit { request, touches }]
}

fn items(pane: &Pane, chosen: &[u32], to: &Location, verb: Verb) -> Result<Vec<Item>> {
    let refusal = |text: String| Error::new(Failure::Usage, text);
    let refuse = |text: String| Err(refusal(text));
    if chosen.is_empty() {
        return refuse("nothing here to copy".to_owned());
    }
    if *to == pane.location {
        return refuse(format!("both panes show {to}: open another place in one of them"));
    }
    if let Location::Profile(profile) = to {
        return refuse(format!("the other pane shows the buckets of {profile}: open one of them first"));
    }
    chosen
        .iter()
        .map(|entry| {
            let (kind, name) = (pane.kind(*entry), pane.name(*entry));
            let from = pane.place(*entry);
            match kind {
                Kind::Special => Err(refusal(format!("{from} is neither a file nor a folder"))),
                Kind::Unknown => Err(refusal(format!("{from} cannot be read: nothing is known of it"))),
                Kind::Bucket if verb == Verb::Move => {
                    Err(refusal("a bucket cannot be moved: copy it, then delete it".to_owned()))
                }
                // From one local place to another a move takes a link as it is, whatever it leads to.
                Kind::Symlink(_) if verb == Verb::Move && to.as_local().is_some() => {
                    Ok(Item { to: inside(&pane.location, to, name), tree: false, from, known: None })
                }
                Kind::Bucket | Kind::Prefix | Kind::Object | Kind::Symlink(_) => Ok(Item {
                    to: target(&pane.location, to, name, kind)?,
                    tree: kind.is_container(),
                    from,
                    known: None,
                }),
            }
        })
        .collect()
}

/// What an entry listed at `from` becomes below `to`.
fn target(from: &Location, to: &Location, name: &OsStr, kind: Kind) -> Result<Location> {
    let odd = |why: &str| {
        Error::new(
            Failure::Unsupported,
            format!("{} cannot be copied there: {why}", Path::new(name).display()),
        )
    };
    match to {
        Location::Profile(_) => Err(odd("open a bucket first")),
        Location::Local(_) => Ok(inside(from, to, name)),
        Location::Remote(_) => {
            let name = name.to_str().ok_or_else(|| odd("its name is not UTF-8, which keys are"))?;
            let slash = if kind.is_container() && !name.ends_with('/') { "/" } else { "" };
            Ok(inside(from, to, format!("{name}{slash}").as_ref()))
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
pub(super) fn limit(state: &mut State, id: TransferId, text: &str) -> Vec<Effect> {
    if matches!(text.trim(), "0" | "off" | "none") {
        return vec![Effect::Limit(id, None)];
    }
    match parse_rate(text) {
        Ok(rate) => vec![Effect::Limit(id, Some(rate))],
        Err(why) => {
            state.say(Tone::Error, why);
            Vec::new()
        }
    }
}

/// Offers to go on with what earlier runs did not finish, unless the user is at something already.
pub(super) fn offer(state: &mut State, found: Vec<Unfinished>) {
    let ours: Vec<Unfinished> = found.into_iter().filter(|one| !one.busy).collect();
    if ours.is_empty() {
        return;
    }
    if state.dialogs.is_empty() {
        state.dialogs.push(Dialog::confirm_resume(ours));
    } else {
        let text = format!("{} earlier transfers are not finished: twinpail transfers ls", ours.len());
        state.say(Tone::Warning, text);
    }
}

/// The engine says something.
pub(super) fn happened(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::File { id, outcome } => {
            undo::file(state, id, &outcome);
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
    if state.dialogs.is_empty()
        && let Some((id, conflict)) = state.questions.pop_front()
    {
        state.dialogs.push(Dialog::conflict(id, conflict));
    }
}

fn finished(state: &mut State, id: TransferId, summary: &Summary) -> Vec<Effect> {
    undo::finished(state, id);
    state.questions.retain(|(of, _)| *of != id);
    state.dialogs.retain(|dialog| dialog.asks_for() != Some(id));
    let (tone, mut text) = words(state, summary);
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

fn words(state: &State, summary: &Summary) -> (Tone, String) {
    let files = |count: u64| {
        let number = text::count(count);
        format!("{number} {}", if count == 1 { "file" } else { "files" })
    };
    let mut text = format!("{} done, {}", files(summary.files), state.theme.units.size(summary.bytes));
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
