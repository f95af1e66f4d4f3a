//! Copies and moves before they start: how much it is, the question where it goes, and the start itself.

mod proposal;

pub(in crate::tui) use proposal::Proposal;
use proposal::{Aim, refuse};

use std::path::Path;

use super::super::dialog::{Dialog, Subject, TransferForm};
use super::super::message::{Effect, ProposalEffect, ProposalEvent, Relocated, Touches};
use super::super::pane::Pane;
use super::super::state::{State, Tone};
use super::super::text;
use super::browser::refresh;
use super::dialogs;
use super::transfer::writable;
use super::undo::Undo;
use crate::config::Ui;
use crate::entry::Kind;
use crate::error::{Error, Kind as Failure};
use crate::location::Location;
use crate::sanitize::display_safe;
use crate::transfer::{Item, OnConflict, Request, Verb};
use crate::walk::{Counted, Extent, Target, Total};

/// Copies what is chosen to the other pane, or asks first if it is much; moves it after asking where to.
pub(super) fn start(state: &mut State, verb: Verb) -> Vec<Effect> {
    let (from, to) = (state.here().location.clone(), state.there().location.clone());
    let changes = if verb == Verb::Move { &from } else { &to };
    if !writable(state, changes) {
        return Vec::new();
    }
    let chosen = state.selection();
    let pane = state.here();
    let entries: Vec<_> =
        chosen.iter().map(|entry| (pane.name(*entry).to_owned(), pane.kind(*entry))).collect();
    if let Err(error) = refuse(verb, &from, &entries) {
        state.fail(&error);
        return Vec::new();
    }
    let only_links = verb == Verb::Move && to.as_local().is_some();
    let (targets, known) = measure(pane, &chosen, only_links);
    state.proposals += 1;
    let left_out = state.left_out.take();
    let mut offered = to.exact();
    if matches!(&to, Location::Local(_)) && !offered.ends_with('/') {
        offered.push('/');
    }
    let number = state.proposals;
    let proposal = Proposal { number, verb, from, entries, to, offered, left_out, accepted: None };
    match verb {
        Verb::Copy => copy(state, proposal, targets, known),
        Verb::Move => ask(state, proposal, targets, known),
    }
}

/// Folders that have to be counted, and how much all else is. With `only_links`, what a link leads to is not counted.
fn measure(pane: &Pane, chosen: &[u32], only_links: bool) -> (Vec<Target>, Total) {
    let is_tree = |kind: Kind| if only_links { kind.is_tree() } else { kind.is_container() };
    let (trees, files): (Vec<u32>, Vec<u32>) = chosen.iter().partition(|entry| is_tree(pane.kind(**entry)));
    let targets = trees.iter().map(|entry| Target { location: pane.place(*entry), tree: true }).collect();
    let bytes = files.iter().filter_map(|entry| pane.listing.size(*entry)).sum();
    (targets, Total { files: files.len() as u64, bytes, ..Total::default() })
}

/// From how much on copying asks; `None`: it does not.
fn copy_limit(ui: &Ui) -> Option<Total> {
    let limits = (ui.confirm_copy_files, ui.confirm_copy_size);
    (limits != (None, None)).then(|| Total {
        files: limits.0.unwrap_or(u64::MAX),
        bytes: limits.1.unwrap_or(u64::MAX),
        ..Total::default()
    })
}

/// Where counting stops once it is sure that somebody is asked.
fn count_limit(ui: &Ui) -> Total {
    let defaults = Ui::default();
    copy_limit(ui).or_else(|| copy_limit(&defaults)).unwrap_or_default()
}

/// Copies at once, unless it is so much that somebody should be asked.
fn copy(state: &mut State, proposal: Proposal, targets: Vec<Target>, known: Total) -> Vec<Effect> {
    let refusal = match &proposal.to {
        to if *to == proposal.from => {
            Some(format!("both panes show {to}: open another place in one of them"))
        }
        Location::Profile(profile) => {
            Some(format!("the other pane shows the buckets of {profile}: open one of them first"))
        }
        _ => None,
    };
    if let Some(text) = refusal {
        state.fail(&Error::new(Failure::Usage, text));
        return Vec::new();
    }
    let limit = copy_limit(&state.config.ui);
    let has_bucket = proposal.entries.iter().any(|(_, kind)| *kind == Kind::Bucket);
    if has_bucket || limit.is_some_and(|limit| known.reaches(limit)) {
        return ask(state, proposal, targets, known);
    }
    match limit.filter(|_| !targets.is_empty()) {
        None => go(state, proposal),
        Some(limit) => {
            let effect = ProposalEffect::Count { targets, known, limit };
            let number = proposal.number;
            state.proposal = Some(Box::new(proposal));
            state.dialogs.push(Dialog::wait("Counting", "counting what would be copied".to_owned()));
            vec![Effect::Propose(number, effect)]
        }
    }
}

/// Asks, while it is counted.
fn ask(state: &mut State, proposal: Proposal, targets: Vec<Target>, known: Total) -> Vec<Effect> {
    let limit = count_limit(&state.config.ui);
    let counted = match targets.is_empty() {
        true => Counted::All,
        false if known.reaches(limit) => Counted::AtLeast,
        false => Counted::SoFar,
    };
    let number = proposal.number;
    open(state, proposal, Extent { total: known, counted });
    match counted {
        Counted::SoFar => {
            vec![Effect::Propose(number, ProposalEffect::Count { targets, known, limit })]
        }
        Counted::AtLeast | Counted::All => Vec::new(),
    }
}

/// Opens the dialog. Where both panes show the same place, a new name is what can be meant.
fn open(state: &mut State, proposal: Proposal, extent: Extent) {
    let text = match proposal.entries.as_slice() {
        [(name, _)] if proposal.to == proposal.from => {
            name.to_string_lossy().trim_end_matches('/').to_owned()
        }
        _ => proposal.offered.clone(),
    };
    let subject = Subject {
        verb: proposal.verb,
        what: proposal.what(),
        several: proposal.entries.len() > 1,
        left_out: proposal.left_out.clone(),
    };
    state.proposal = Some(Box::new(proposal));
    state.dialogs.push(Dialog::transfer(subject, extent, &text));
    aim(state, &text);
}

fn form(state: &mut State) -> Option<&mut TransferForm> {
    state.dialogs.iter_mut().rev().find_map(Dialog::as_transfer)
}

/// Shows what the text means that is typed.
pub(super) fn aim(state: &mut State, text: &str) {
    let Some(proposal) = state.proposal.as_deref() else { return };
    let place = proposal.aim(state, text).ok().and_then(|aim| {
        let items = proposal.items(&aim).ok()?;
        match items.as_slice() {
            [item] => Some(item.to.to_string()),
            _ => Some(aim.folder().to_string()),
        }
    });
    let place = place.filter(|place| place != text);
    if let Some(form) = form(state) {
        form.means(place);
    }
}

/// The target was accepted by who typed it: looks whether it can be.
pub(super) fn propose(state: &mut State, text: &str) -> Vec<Effect> {
    let Some(mut proposal) = state.proposal.take() else { return Vec::new() };
    let checked = proposal.aim(state, text).and_then(|aim| {
        let items = proposal.items(&aim)?;
        for item in &items {
            state.config.writable(&item.to, "change anything there")?;
        }
        Ok((aim, items))
    });
    let number = proposal.number;
    let effects = match checked {
        Ok((aim, items)) => {
            let named = matches!(aim, Aim::Name(_));
            proposal.accepted = Some(aim);
            if let Some(form) = form(state) {
                form.wait();
            }
            vec![Effect::Propose(number, ProposalEffect::Check { verb: proposal.verb, items, named })]
        }
        Err(error) => {
            if let Some(form) = form(state) {
                form.refuse(&error);
            }
            Vec::new()
        }
    };
    state.proposal = Some(proposal);
    effects
}

/// Something is known of the copy or the move that is asked about.
pub(super) fn happened(state: &mut State, number: u64, event: ProposalEvent) -> Vec<Effect> {
    if state.proposal.as_ref().is_none_or(|proposal| proposal.number != number) {
        return Vec::new();
    }
    match event {
        ProposalEvent::Counted(extent, failed) => counted(state, extent, failed.as_ref()),
        ProposalEvent::Checked(Ok(())) => {
            close(state).map(|proposal| go(state, proposal)).unwrap_or_default()
        }
        ProposalEvent::Checked(Err(error)) => {
            if let Some(form) = form(state) {
                form.refuse(&error);
            }
            Vec::new()
        }
    }
}

fn counted(state: &mut State, extent: Extent, failed: Option<&Error>) -> Vec<Effect> {
    let counted = extent.counted;
    if let Some(form) = form(state) {
        form.counted(extent, failed);
        return Vec::new();
    }
    match counted {
        Counted::SoFar => Vec::new(),
        // What could not be counted cannot be copied either: the copy says so.
        Counted::All => close(state).map(|proposal| go(state, proposal)).unwrap_or_default(),
        Counted::AtLeast => {
            if let Some(proposal) = close(state) {
                open(state, proposal, extent);
            }
            Vec::new()
        }
    }
}

/// Closes the dialog; what it was about.
fn close(state: &mut State) -> Option<Proposal> {
    state.dialogs.retain(|dialog| !matches!(dialog, Dialog::Transfer(_)));
    dialogs::waited(state);
    state.proposal.take().map(|proposal| *proposal)
}

/// Esc: nothing is copied or moved.
pub(super) fn leave(state: &mut State) -> Vec<Effect> {
    let Some(proposal) = close(state) else { return Vec::new() };
    state.say(Tone::Plain, format!("nothing was {}", done(proposal.verb)));
    vec![Effect::Propose(proposal.number, ProposalEffect::Forget)]
}

/// What became of something.
pub(super) fn done(verb: Verb) -> &'static str {
    match verb {
        Verb::Copy => "copied",
        Verb::Move => "moved",
    }
}

/// Starts it: to where it was agreed to go, else to the other pane.
fn go(state: &mut State, mut proposal: Proposal) -> Vec<Effect> {
    let aim = proposal.accepted.take().unwrap_or_else(|| Aim::Folder(proposal.to.clone()));
    let items = match proposal.items(&aim) {
        Ok(items) => items,
        Err(error) => {
            state.fail(&error);
            return Vec::new();
        }
    };
    let word = if proposal.verb == Verb::Move { "moving" } else { "copying" };
    let what = match items.as_slice() {
        [item] => display_safe(&item.from.name()).into_owned(),
        several => format!("{} entries", text::thousands(several.len())),
    };
    let to = match &aim {
        Aim::Folder(place) | Aim::Name(place) => place,
    };
    state.left_out.clone_from(&proposal.left_out);
    state.say_with_left_out(&format!("{word} {what} to {to}"));
    if state.here().location == proposal.from {
        state.here_mut().listing.unmark_seen();
    }
    let is_local = |item: &Item| item.from.as_local().is_some() && item.to.as_local().is_some();
    if proposal.verb == Verb::Move && items.iter().all(is_local) {
        return vec![Effect::Relocate(proposal.from, items)];
    }
    submit(state, proposal.verb, &proposal.from, &aim.folder(), items)
}

/// Gives it to the engine.
fn submit(state: &State, verb: Verb, from: &Location, folder: &Location, items: Vec<Item>) -> Vec<Effect> {
    let within = folder.as_local().map(Path::to_path_buf);
    let mut places = vec![folder.clone()];
    if verb == Verb::Move && folder != from {
        places.push(from.clone());
    }
    let seek = match items.as_slice() {
        [item] if folder == from => item.to.below(from),
        _ => None,
    };
    let on_conflict = state.config.transfer.on_conflict.unwrap_or(OnConflict::Ask);
    let request = Box::new(Request { verb, items, on_conflict, within, ..Request::default() });
    let touches = Touches { places, seek, undoable: verb == Verb::Move, verb, ..Touches::default() };
    vec![Effect::Submit { request, touches }]
}

/// Local entries were moved by renaming them; the engine copies what is left.
pub(super) fn relocated(state: &mut State, relocated: Relocated) -> Vec<Effect> {
    let Relocated { at, done, left } = relocated;
    let mut effects = Vec::new();
    if let Some((from, to)) = done.first() {
        let to = at.join(to);
        let what = match done.len() {
            1 => display_safe(&from.to_string_lossy()).into_owned(),
            many => format!("{} entries", text::thousands(many)),
        };
        let folder = to.parent().unwrap_or_else(|| at.clone());
        let text = match done.len() {
            1 if folder == at => format!("renamed {what} to {}", display_safe(&to.name())),
            _ => format!("moved {what} to {folder}"),
        };
        state.say(Tone::Plain, text);
        let seek = (folder == at).then(|| to.below(&at)).flatten();
        let here = state.focus;
        effects.extend(refresh(state, &[folder, at.clone()], seek.as_deref().map(|name| (here, name))));
        state.remember(Undo::Renamed(at.clone(), done));
    }
    if let Some(folder) = left.first().and_then(|item| item.to.parent()) {
        effects.extend(submit(state, Verb::Move, &at, &folder, left));
    }
    effects
}
