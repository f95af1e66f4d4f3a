//! Links: what is signed, what is shown, what became of the clipboard.

use std::time::Duration;

use super::super::dialog::{Dialog, Pending};
use super::super::message::{Effect, Link};
use super::super::pane::Pane;
use super::super::state::{State, Tone};
use super::super::text;
use super::dialogs;
use crate::action::Action;
use crate::clipboard::Outcome;
use crate::entry::Kind;
use crate::error::Result;
use crate::links::{LinkRequest, Seen, Verdict};
use crate::location::Location;

/// Copies a link to each chosen object, or the paths of local files.
pub(super) fn copy(state: &mut State) -> Vec<Effect> {
    let chosen = state.selection();
    let left_out = state.left_out.take();
    if let Some(left_out) = &left_out {
        state.say(Tone::Warning, left_out.clone());
    }
    let pane = state.here();
    if pane.location.as_local().is_some() {
        return copy_paths(state, &chosen);
    }
    let life = state.config.presign_expires;
    let requests: Vec<LinkRequest> = chosen
        .iter()
        .filter(|entry| !pane.kind(**entry).is_container())
        .filter_map(|entry| request(pane, *entry, life))
        .collect();
    if requests.is_empty() {
        refuse(state);
        return Vec::new();
    }
    let skipped = chosen.len() - requests.len();
    if skipped > 0 {
        let folders = if skipped == 1 { "folder is" } else { "folders are" };
        let hidden = left_out.map(|left_out| format!("; {left_out}")).unwrap_or_default();
        let text = format!("{skipped} marked {folders} left out: links are for objects{hidden}");
        state.say(Tone::Warning, text);
    }
    sign(state, requests)
}

/// A download of an entry, with what the pane knows of it.
fn request(pane: &Pane, entry: u32, life: Duration) -> Option<LinkRequest> {
    let object = pane.place(entry).as_remote()?.clone();
    let modified = pane.listing.modified(entry);
    let seen = pane.listing.size(entry).map(|size| Seen { size, modified, etag: None });
    Some(LinkRequest { seen, ..LinkRequest::get(object, life) })
}

fn copy_paths(state: &mut State, chosen: &[u32]) -> Vec<Effect> {
    let pane = state.here();
    let mut paths = Vec::new();
    for entry in chosen {
        let place = pane.place(*entry);
        let Some(path) = place.as_local().and_then(|path| path.to_str()) else {
            state.say(Tone::Error, format!("{place} is not UTF-8, which a clipboard cannot hold"));
            return Vec::new();
        };
        paths.push(path.to_owned());
    }
    if paths.is_empty() {
        state.say(Tone::Plain, "nothing here to copy");
        return Vec::new();
    }
    vec![Effect::CopyText(paths.join("\n"))]
}

/// Why there is no link to what is under the cursor, and what can be done instead.
fn refuse(state: &mut State) {
    let pane = state.here();
    let kind = pane.current().map(|entry| pane.kind(entry));
    let mark = state.config.keys.label(Action::Mark);
    let copy = state.config.keys.label(Action::CopyLink);
    let dialog = state.config.keys.label(Action::LinkDialog);
    let text = match kind {
        None => "nothing here to link to".to_owned(),
        Some(Kind::Bucket) => "a bucket has no link: links are for objects; open it first".to_owned(),
        Some(_) => format!(
            "a folder has no link: open it, mark objects ({mark}) and {copy} copies a link for each; \
             {dialog} makes a link for sending a file into it"
        ),
    };
    state.say(Tone::Warning, text);
}

/// The form for a link to the object under the cursor, or for sending something below a prefix.
pub(super) fn dialog(state: &mut State) -> Vec<Effect> {
    let pane = state.here();
    let life = state.config.presign_expires;
    let below = || {
        let place = pane.current().map_or_else(|| pane.location.clone(), |entry| pane.place(entry));
        place.as_remote().cloned().map(|prefix| LinkRequest::get(prefix, life))
    };
    let object = pane.current().filter(|entry| !pane.kind(*entry).is_container());
    let Some(request) = object.map_or_else(below, |entry| request(pane, entry, life)) else {
        if pane.location.as_local().is_some() {
            state.say(Tone::Warning, "links are for objects of a profile; this is a local folder");
        } else {
            refuse(state);
        }
        return Vec::new();
    };
    let place = Location::Remote(request.target.clone());
    let has_public = state.profile(&place).is_some_and(|profile| profile.public_url.is_some());
    let folder = state.there().location.as_local().and_then(|path| path.to_str()).unwrap_or(".").to_owned();
    let marked = pane.listing.marks_seen().0;
    state.dialogs.push(Dialog::link(request, has_public, &folder, &state.theme.units));
    if marked > 1 {
        let copy = state.config.keys.label(Action::CopyLink);
        let marked = text::thousands(marked);
        let text = format!(
            "this is for the one under the cursor; {copy} makes a link for each of the {marked} marked"
        );
        state.say(Tone::Warning, text);
    }
    Vec::new()
}

/// Signs.
pub(super) fn sign(state: &mut State, requests: Vec<LinkRequest>) -> Vec<Effect> {
    state.signing = true;
    vec![Effect::Sign(requests)]
}

/// Links came: onto the clipboard and, unless the user is busy with another dialog, onto the screen.
pub(super) fn signed(state: &mut State, links: Result<Vec<Link>>) -> Vec<Effect> {
    if !std::mem::take(&mut state.signing) {
        return Vec::new();
    }
    let links = match links {
        Ok(links) => links,
        Err(error) => {
            dialogs::answered(state, Pending::Sign, Err(&error));
            return Vec::new();
        }
    };
    state.dialogs.settle(Pending::Sign, true);
    let urls: Vec<&str> = links.iter().map(|link| link.signed.url.as_str()).collect();
    let text = urls.join("\n");
    if state.dialogs.is_empty() {
        state.dialogs.push(Dialog::links(links, &state.theme.units));
    }
    vec![Effect::CopyText(text)]
}

/// What came of trying links; nobody looks any more: nothing is said.
pub(super) fn tested(state: &mut State, verdicts: &[Result<Verdict>]) -> Vec<Effect> {
    if let Some(links) = state.dialogs.iter_mut().find(|dialog| matches!(dialog, Dialog::Links(_))) {
        links.set_verdicts(verdicts);
    }
    Vec::new()
}

/// What became of the clipboard is told as it is. The terminal is asked once whether it takes such text at all.
pub(super) fn copied(state: &mut State, outcome: &Outcome) -> Vec<Effect> {
    tell(state, outcome);
    let directly = matches!(outcome, Outcome::Sent { directly: true, .. });
    if directly && state.takes.is_none() { vec![Effect::AskTerminal] } else { Vec::new() }
}

/// What the terminal says of its clipboard, after something was sent to it.
pub(super) fn terminal_said(state: &mut State, takes: bool) -> Vec<Effect> {
    state.takes = Some(takes);
    if takes {
        tell(state, &Outcome::Sent { by: "your terminal".to_owned(), directly: true });
    }
    Vec::new()
}

fn tell(state: &mut State, outcome: &Outcome) {
    let takes = state.takes == Some(true);
    if let Some(links) = state.dialogs.iter_mut().find(|dialog| matches!(dialog, Dialog::Links(_))) {
        links.set_notice(outcome, takes);
        return;
    }
    match outcome {
        Outcome::Copied { by, lost_at_exit } => {
            let lost = if *lost_at_exit { "; it is gone when twinpail ends" } else { "" };
            state.say(Tone::Plain, format!("copied ({by}){lost}"));
        }
        Outcome::Sent { by, directly } => {
            let word = if *directly && takes { "which takes it" } else { "which does not confirm it" };
            state.say(Tone::Plain, format!("sent to {by}, {word}"));
        }
        Outcome::Failed(error) => state.fail(&error.clone().context("not copied")),
    }
}
