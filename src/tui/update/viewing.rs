//! The viewer: opened, fed, searched.

use super::super::dialog::{Chunk, Dialog, Laid, Wanted};
use super::super::message::Effect;
use super::super::state::{State, Tone};
use crate::entry::{Kind, LeadsTo};
use crate::error::Result;
use crate::location::Location;
use crate::preview::Unpacked;
use crate::s3::Version;

/// Views what is under the cursor.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    let pane = state.here();
    let Some(entry) = pane.current() else {
        state.say(Tone::Plain, "nothing to view here");
        return Vec::new();
    };
    let (kind, place) = (pane.kind(entry), pane.place(entry));
    let size = pane.listing.size(entry).unwrap_or(0);
    match kind {
        Kind::Bucket | Kind::Prefix | Kind::Symlink(LeadsTo::Folder) => {
            state.say(Tone::Plain, "a folder is opened rather than viewed");
            return Vec::new();
        }
        // What it is shows when it is looked at.
        Kind::Object | Kind::Symlink(_) | Kind::Special | Kind::Unknown => {}
    }
    show(state, place, size, None);
    Vec::new()
}

/// Views so many bytes: an old version of them, if one is named. What is open stays below.
pub(super) fn show(state: &mut State, place: Location, size: u64, version: Option<Version>) {
    state.views = state.views.wrapping_add(1);
    state.dialogs.push(Dialog::viewer(place, size, version, state.views.into()));
}

/// What the viewer needs next, also while something lies over it.
pub(super) fn settle(state: &mut State) -> Vec<Effect> {
    let Some(viewer) = state.dialogs.iter_mut().find_map(Dialog::as_viewer) else { return Vec::new() };
    let lay_out = viewer.lays().map(Effect::LayOut);
    let fetch = viewer.wants().map(Box::new).map(|wanted| match viewer.unpacking() {
        Some(unpacking) => Effect::Unpack(wanted, unpacking),
        None => Effect::Fetch(wanted),
    });
    lay_out.into_iter().chain(fetch).collect()
}

/// A part came; nobody looks any more: it is dropped.
pub(super) fn fetched(state: &mut State, wanted: &Wanted, chunk: Result<Chunk>) -> Vec<Effect> {
    if let Some(viewer) = state.dialogs.iter_mut().find_map(Dialog::as_viewer) {
        viewer.fetched(wanted, chunk);
    }
    Vec::new()
}

/// A part was unpacked, or is not yet.
pub(super) fn unpacked(state: &mut State, wanted: &Wanted, found: Result<Unpacked>) -> Vec<Effect> {
    if let Some(viewer) = state.dialogs.iter_mut().find_map(Dialog::as_viewer) {
        viewer.unpacked(wanted, found);
    }
    Vec::new()
}

/// What is there was laid out.
pub(super) fn laid_out(state: &mut State, view: u64, number: u64, laid: Result<Box<Laid>>) -> Vec<Effect> {
    if let Some(viewer) = state.dialogs.iter_mut().find_map(Dialog::as_viewer) {
        viewer.laid_out(view, number, laid.map(|laid| *laid));
    }
    Vec::new()
}

pub(super) fn search(state: &mut State, text: &str) {
    if let Some(viewer) = state.dialogs.iter_mut().find_map(Dialog::as_viewer) {
        viewer.search(text);
    }
}
