//! New profiles: from the welcome and from the browser.

use super::super::dialog::{Choice, Dialog, Item};
use super::super::message::{Done, Effect, PaneId, Saved, SetupEffect, SetupEvent, Wish};
use super::super::state::{State, Tone};
use super::{go, unlock};
use crate::config::Importable;
use crate::error::Error;

/// What to begin with where there is no profile yet; `others`: those that other tools know.
pub(in crate::tui) fn welcome(state: &mut State, others: Vec<Importable>) {
    let mut items = Vec::new();
    let item = |words: String, aside: &str, choice| Item { words, aside: aside.to_owned(), choice };
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().map(|found| found.name.as_str()).collect();
        let words = format!("Import {} from other tools: {}", others.len(), names.join(", "));
        items.push(item(words, "rclone, mc, s3cmd", Choice::Others));
    }
    items.push(item(
        "Add a profile: provider, keys, a test, saved".to_owned(),
        "new profile",
        Choice::NewProfile,
    ));
    items.push(item("Look at sample data first".to_owned(), "demo", Choice::Demo));
    state.others = others;
    state.dialogs.push(Dialog::pick("Welcome: no storage is known yet (Esc: local files)", items));
}

/// The form of a new profile.
pub(super) fn add(state: &mut State) -> Vec<Effect> {
    if state.config.fleeting {
        state.say(Tone::Plain, "the demo keeps no profiles: leave it, and start `twinpail`");
        return Vec::new();
    }
    open(state, Dialog::new_profile())
}

fn open(state: &mut State, form: Dialog) -> Vec<Effect> {
    state.dialogs.push(form);
    vec![Effect::Setup(SetupEffect::FindKeepers)]
}

/// Looks for what other tools know.
pub(super) fn find_others(state: &mut State) -> Vec<Effect> {
    if state.config.fleeting {
        return add(state);
    }
    vec![Effect::Setup(SetupEffect::FindOthers)]
}

/// Offers what other tools know.
pub(super) fn offer(state: &mut State) {
    let mut items: Vec<Item> = Vec::new();
    if state.others.len() > 1 {
        let words = format!("All {} of them", state.others.len());
        items.push(Item { words, aside: String::new(), choice: Choice::AllOthers });
    }
    for (at, found) in state.others.iter().enumerate() {
        let words = match &found.profile.name {
            name if *name == found.name => name.clone(),
            name => format!("{} as {name}", found.name),
        };
        let aside = format!("{}, {}", found.tool, found.profile.provider);
        items.push(Item { words, aside, choice: Choice::Other(at) });
    }
    state.dialogs.push(Dialog::pick("Import a profile", items));
}

/// The form of one that another tool knows.
pub(super) fn import(state: &mut State, at: usize) -> Vec<Effect> {
    let Some(found) = state.others.get(at) else { return Vec::new() };
    let form = Dialog::import(found);
    open(state, form)
}

/// The form of all of them.
pub(super) fn import_all(state: &mut State) -> Vec<Effect> {
    let form = Dialog::import_all(&state.others);
    open(state, form)
}

/// What the form on top says is done.
pub(super) fn begin(state: &mut State, wish: Wish) -> Vec<Effect> {
    state.order += 1;
    let number = state.order;
    let form = state.dialogs.last_mut().and_then(Dialog::as_new_profile);
    let order = form.map(|form| Box::new(form.begin(wish, number)));
    order.map(|order| Effect::Setup(SetupEffect::Carry(number, order))).into_iter().collect()
}

pub(super) fn happened(state: &mut State, event: SetupEvent) -> Vec<Effect> {
    match event {
        SetupEvent::Keepers(keepers) => {
            for form in state.dialogs.iter_mut().filter_map(Dialog::as_new_profile) {
                form.set_keepers(keepers);
            }
        }
        SetupEvent::Others(others, unreadable) => {
            for error in &unreadable {
                state.fail(error);
            }
            if others.is_empty() && unreadable.is_empty() {
                state.say(Tone::Plain, "rclone, mc and s3cmd have no profile here that could be imported");
            }
            if !others.is_empty() {
                state.others = others;
                offer(state);
            }
        }
        SetupEvent::Unlocked(result) => return unlock::tried(state, result),
        SetupEvent::Done(number, done) => return carried(state, number, *done),
    }
    Vec::new()
}

fn carried(state: &mut State, number: u64, done: Done) -> Vec<Effect> {
    let is_waiting = |dialog: &mut Dialog| dialog.as_new_profile().is_some_and(|form| form.waits_for(number));
    let at = state.dialogs.iter_mut().position(is_waiting);
    let works = done.works.join("; ");
    let mut effects = Vec::new();
    if let Some(saved) = done.saved {
        effects = adopt(state, saved, &works);
    }
    let is_over = done.failed.is_empty() && !effects.is_empty();
    match at {
        Some(at) if is_over => drop(state.dialogs.remove(at)),
        Some(at) => tell(&mut state.dialogs[at], works, done.failed),
        None => {
            for (_, error) in &done.failed {
                state.fail(error);
            }
        }
    }
    effects
}

fn tell(dialog: &mut Dialog, works: String, failed: Vec<(String, Error)>) {
    let Some(form) = dialog.as_new_profile() else { return };
    if failed.is_empty() { form.works(works) } else { form.failed(failed) }
}

/// What was saved is known from now on, and shown: in the right pane where nothing was known before, as the next start
/// would, else in the focused one.
fn adopt(state: &mut State, saved: Saved, works: &str) -> Vec<Effect> {
    let Saved { config, names, file } = saved;
    if state.config.profiles.is_empty() {
        state.focus = PaneId::Right;
    }
    state.config = config;
    let words = if works.is_empty() { String::new() } else { format!("{works}; ") };
    state.say(Tone::Plain, format!("{words}saved {} in {}", names.join(", "), file.display()));
    go::profile(state, names.into_iter().next())
}
