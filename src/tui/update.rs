//! The only place where the state changes: an event in, the effects that follow out. Routing only; what happens is
//! one file a topic.

mod address;
mod browser;
mod compare;
mod delete;
mod dialogs;
mod editing;
mod given;
mod go;
mod info;
mod link;
mod mouse;
mod moving;
mod places;
mod properties;
mod renaming;
mod search;
mod setup;
mod sync;
#[cfg(test)]
mod tests;
mod transfer;
mod undo;
mod unlock;
mod uploads;
mod versions;
mod viewing;

pub(super) use compare::Kind as Compared;
pub(super) use go::folder;
pub(super) use moving::Proposal;
pub(super) use setup::welcome;
pub(super) use undo::Undo;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::message::{Effect, Event, PaneId};
use super::state::{State, Tone};
use super::{keymap, view};
use crate::action::{Action, Screen};
use crate::entry::Page;
use crate::error::{Kind, Result};
use crate::transfer::Verb;

/// Changes the state by what happened; returns what the outside must do.
pub(super) fn update(state: &mut State, event: Event) -> Vec<Effect> {
    state.dialogs.opened_by_hand(matches!(event, Event::Key(_) | Event::Pointer(_) | Event::Paste(_)));
    let mut effects = match event {
        Event::Key(key) => key_pressed(state, key),
        Event::Pointer(pointer) => mouse::did(state, pointer),
        Event::Paste(text) => dialogs::paste(state, &text),
        Event::PasteCut(taken) => dialogs::paste_cut(state, taken),
        Event::Resize(columns, rows) => {
            state.size = (columns, rows);
            Vec::new()
        }
        Event::Seen(number) => {
            state.dialogs.seen(number);
            Vec::new()
        }
        Event::Page { pane, generation, page } => read(state, pane, generation, page),
        Event::Arranged { pane, generation, done } => {
            state.pane_mut(pane).arranged(generation, done);
            Vec::new()
        }
        Event::Compared { number, differences } => compare::found(state, number, differences),
        Event::Renewed { pane, generation, listing } => {
            state.pane_mut(pane).renewed(generation, *listing);
            Vec::new()
        }
        Event::Submitted { id, touches } => undo::submitted(state, id, touches),
        Event::Transfer(event) => transfer::happened(state, event),
        Event::Unfinished(found) => {
            transfer::offer(state, found);
            Vec::new()
        }
        Event::Progress(snapshot) => transfer::progress(state, snapshot),
        Event::Signed(links) => link::signed(state, links),
        Event::Places(known) => places::known(state, known),
        Event::Fetched(wanted, chunk) => viewing::fetched(state, &wanted, chunk),
        Event::Unpacked(wanted, found) => viewing::unpacked(state, &wanted, found),
        Event::LaidOut { view, number, laid } => viewing::laid_out(state, view, number, laid),
        Event::Tested(verdicts) => link::tested(state, &verdicts),
        Event::Copied(outcome) => link::copied(state, &outcome),
        Event::TerminalSaid(takes) => link::terminal_said(state, takes),
        Event::Proposal { number, event } => moving::happened(state, number, event),
        Event::Relocated(relocated) => moving::relocated(state, relocated),
        Event::Counted { targets, total } => delete::counted(state, targets, total),
        Event::Deleting(count) => delete::progress(state, count),
        Event::Deleted(failed) => delete::deleted(state, &failed),
        Event::Given(event) => given::happened(state, event),
        Event::Found { pane, generation, finding } => search::found(state, pane, generation, finding),
        Event::Measured(number, now) => search::measured(state, number, now),
        Event::Written(result) => address::written_to(state, result),
        Event::Said(words) => said(state, words),
        Event::Completed(typed, found) => {
            go::completed(state, &typed, found);
            Vec::new()
        }
        Event::Located { pane, asked, found } => go::located(state, pane, asked, found),
        Event::Failures(id, failures) => {
            transfer::failures(state, id, failures);
            Vec::new()
        }
        Event::SyncPlanned { places, plan } => sync::planned(state, &places, plan),
        Event::Changed { at, name, result } => browser::changed(state, &at, &name, &result),
        Event::Info { location, found } => info::came(state, location, found),
        Event::Renamed { at, done, failed, undoable } => {
            renaming::renamed(state, &at, done, &failed, undoable)
        }
        Event::Marked(at, markers) => undo::marked(state, at, markers),
        Event::Edit(event) => editing::happened(state, event),
        Event::AttributesRead(object, found) => properties::read(state, &object, found),
        Event::VersioningSet { bucket, on, result } => info::switched(state, bucket, on, result),
        Event::Versions { search, event } => versions::happened(state, search, event),
        Event::Uploads { search, event } => uploads::happened(state, search, event),
        Event::Setup(event) => setup::happened(state, event),
    };
    settle(state, &mut effects);
    effects
}

/// Says what came of something that was asked for.
fn said(state: &mut State, words: Result<String>) -> Vec<Effect> {
    match words {
        Ok(words) => state.say(Tone::Plain, words),
        Err(error) => state.fail(&error),
    }
    Vec::new()
}

/// A page of a listing came, or why it did not.
fn read(state: &mut State, pane: PaneId, generation: u64, page: Result<Page>) -> Vec<Effect> {
    state.locked |= page.as_ref().is_err_and(|error| error.kind() == Kind::Locked);
    let opened = state.pane_mut(pane).on_page(generation, page);
    opened.map_or_else(Vec::new, |place| places::visited(state, place))
}

/// What follows from any change: cursors within their rows, pages that are needed now, questions that waited.
pub(super) fn settle(state: &mut State, effects: &mut Vec<Effect>) {
    state.settle_selection();
    // A question that waited opens by itself, also when the key that it waited for was a moment ago.
    state.dialogs.opened_by_hand(false);
    unlock::ask_if_locked(state);
    transfer::ask_next(state);
    effects.extend(uploads::settle(state));
    effects.extend(viewing::settle(state));
    let height = view::rows(state);
    for pane in state.both() {
        effects.extend(pane.settle(height));
    }
}

fn key_pressed(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let Some(key) = keymap::normal(key) else { return Vec::new() };
    let above = keymap::above_dialogs(&state.config.keys, key);
    if above.is_none() && dialogs::refuses_key(state, key) {
        return Vec::new();
    }
    state.notice = None;
    if let Some(action) = above {
        return everywhere(state, action);
    }
    if !state.dialogs.is_empty() {
        return dialogs::key(state, key);
    }
    match keymap::action(&state.config.keys, screen(state), key) {
        Some(action) => perform(state, action),
        None => unbound(state, key),
    }
}

/// Whose keys count while no dialog is open.
fn screen(state: &State) -> Screen {
    if state.panel { Screen::Transfers } else { Screen::Browser }
}

/// What a key or the palette asked for.
fn perform(state: &mut State, action: Action) -> Vec<Effect> {
    match crate::action::info(action).map(|info| info.screen) {
        Some(Screen::Global) if state.dialogs.is_empty() => everywhere(state, action),
        Some(Screen::Transfers) => transfer::panel(state, action),
        Some(Screen::Browser) => act(state, action),
        _ => dialogs::act(state, action),
    }
}

/// A key that means nothing is answered too.
fn unbound(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let plain = key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
    if let (KeyCode::Char(c), true) = (key.code, plain) {
        let help = state.config.keys.label(Action::Help);
        let key = if c == ' ' { "Space".to_owned() } else { c.to_string() };
        state.say(Tone::Plain, format!("{key} does nothing here; {help} shows the keys"));
    }
    Vec::new()
}

/// Actions that mean the same on every screen.
fn everywhere(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::Redraw => return vec![Effect::Redraw],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Help => return dialogs::help(state),
        Action::Palette => return places::palette(state, screen(state)),
        Action::Cancel => {
            if let Some(effects) = cancel(state) {
                return effects;
            }
        }
        Action::Interrupt => return cancel(state).unwrap_or_else(|| dialogs::ask_to_quit(state)),
        Action::Quit if state.running() > 0 => return dialogs::ask_to_quit(state),
        Action::Quit => return vec![Effect::Quit],
        _ => {}
    }
    Vec::new()
}

/// Cancels the topmost thing that is going on; `None` if nothing is.
fn cancel(state: &mut State) -> Option<Vec<Effect>> {
    if let Some(effects) = delete::cancel(state) {
        return Some(effects);
    }
    if state.proposal.is_some() {
        return Some(moving::leave(state));
    }
    if let Some(effects) = sync::cancel(state) {
        return Some(effects);
    }
    if std::mem::take(&mut state.signing) {
        state.say(Tone::Plain, "no link was copied");
        return Some(Vec::new());
    }
    if editing::cancel(state) || state.asked.take().is_some() {
        return Some(Vec::new());
    }
    if std::mem::take(&mut state.panel) {
        return Some(Vec::new());
    }
    if let Some(effects) = compare::cancel(state) {
        return Some(effects);
    }
    let id = state.focus;
    if state.here_mut().cancel() {
        state.say(Tone::Plain, "stopped reading");
        return Some(vec![Effect::CancelListing(id)]);
    }
    if state.here().listing.filter().is_empty() {
        return None;
    }
    state.here_mut().rearrange(|listing| listing.set_filter(""));
    Some(Vec::new())
}

/// Actions of the panes.
fn act(state: &mut State, action: Action) -> Vec<Effect> {
    state.left_out = None;
    match action {
        Action::Copy => moving::start(state, Verb::Copy),
        Action::Move => moving::start(state, Verb::Move),
        Action::Rename => renaming::ask(state),
        Action::Undo => undo::ask(state),
        Action::New => dialogs::new_folder(state),
        Action::Delete => delete::start(state),
        Action::Sync => sync::start(state),
        Action::Info => info::ask(state),
        Action::View => viewing::open(state),
        Action::Bookmarks => places::show(state),
        Action::BookmarkAdd => places::add(state),
        Action::Uploads => uploads::open(state),
        Action::Edit => editing::open(state),
        Action::Versions => versions::open(state),
        Action::Properties => properties::edit(state),
        Action::StorageClass => properties::classes(state),
        Action::CopyLink => link::copy(state),
        Action::LinkDialog => link::dialog(state),
        Action::Find => search::ask(state),
        Action::Usage => search::usage(state),
        Action::Duplicates => search::duplicates(state),
        Action::Messages => dialogs::messages(state),
        Action::Compare => compare::compare(state),
        Action::CopyUri => address::copy_uris(state),
        Action::CopyUrl => address::copy_urls(state),
        Action::Export => address::ask_export(state),
        Action::Share => given::share(state),
        Action::Given => given::open(state),
        Action::Transfers => {
            state.panel = true;
            Vec::new()
        }
        Action::PickProfile => dialogs::profiles(state),
        Action::AddProfile => setup::add(state),
        Action::ImportProfile => setup::find_others(state),
        Action::GoTo => dialogs::go_to(state),
        Action::Filter => dialogs::filter(state),
        Action::Jump => dialogs::jump(state),
        Action::MarkGlob | Action::UnmarkGlob => dialogs::mark(state, action == Action::MarkGlob),
        Action::Open => browser::open(state),
        Action::Parent => go::parent(state),
        Action::HistoryBack | Action::HistoryForward => go::travel(state, action == Action::HistoryBack),
        Action::SamePlace => go::same_place(state),
        Action::SwapPanes => go::swap(state),
        Action::SwitchPane => {
            state.focus = state.focus.other();
            Vec::new()
        }
        Action::Columns => browser::columns(state),
        Action::Refresh => vec![state.here_mut().refresh(None)],
        _ => browser::act(state, action),
    }
}
