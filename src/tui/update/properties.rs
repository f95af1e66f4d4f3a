//! Headers, metadata, tags and storage class of what is chosen; what is archived is restored.

use super::super::dialog::{Choice, Decision, Dialog, Item, Pending, Purpose};
use super::super::message::{Effect, Task};
use super::super::state::{Job, State, Tone};
use super::super::text;
use super::delete;
use super::dialogs::Asked;
use super::transfer::writable;
use crate::entry::Kind;
use crate::error::{Error, Kind as Failure, Result};
use crate::location::{Location, Remote};
use crate::s3::{Attributes, Change, Speed};
use crate::walk::{Target, Total};

/// The chosen objects and prefixes; says so if there are none that can be changed.
fn chosen(state: &mut State) -> Option<Vec<Target>> {
    let chosen = state.selection();
    let pane = state.here();
    let place = pane.location.clone();
    let refusal = match &place {
        Location::Local(_) => Some("local files have no such properties; this is for objects"),
        // What was found there are objects.
        Location::Profile(_) if pane.search.is_none() => Some("open a bucket first: this is for objects"),
        _ if chosen.is_empty() => Some("nothing here to change"),
        _ => None,
    };
    let targets = chosen
        .iter()
        .map(|entry| Target { location: pane.place(*entry), tree: pane.kind(*entry) != Kind::Object })
        .collect();
    if let Some(refusal) = refusal {
        state.say(Tone::Plain, refusal);
        return None;
    }
    (writable(state, &place) && !delete::is_busy(state)).then_some(targets)
}

/// "cat.jpg", "3 marked entries", "photos/ and everything below it".
fn words(targets: &[Target]) -> String {
    match targets {
        [one] if one.tree => format!("{}/ and everything below it", one.location.name()),
        [one] => one.location.name(),
        several => {
            let below = if several.iter().any(|target| target.tree) { " and everything below" } else { "" };
            format!("{} marked entries{below}", text::thousands(several.len()))
        }
    }
}

/// Begins a change or a restore; what concerns everything below a prefix is counted and asked about first.
fn begin(state: &mut State, job: Job, task: Task) -> Vec<Effect> {
    let (Task::Change { targets, .. } | Task::Restore { targets, .. }) = &task else { return Vec::new() };
    if delete::is_busy(state) {
        return Vec::new();
    }
    if !targets.iter().any(|target| target.tree) {
        return start(state, job, task);
    }
    let targets = targets.clone();
    delete::count(state, job, targets, Some(Box::new(task)))
}

/// It is known how much it is: ask.
pub(super) fn counted(state: &mut State, task: Box<Task>, total: Total) {
    let (Task::Change { targets, .. } | Task::Restore { targets, .. }) = &*task else { return };
    let objects = if total.files == 1 { "object" } else { "objects" };
    let verb = if state.job == Job::Restore { "Restore" } else { "Change" };
    let mut lines = vec![
        format!("{verb} {}?", words(targets)),
        format!("{} {objects}, {}", text::count(total.files), state.theme.units.size(total.bytes)),
        String::new(),
    ];
    lines.extend(targets.iter().map(|target| target.location.to_string()));
    let decision = Decision::Begin(state.job, task);
    state.dialogs.push(Dialog::confirm(verb, lines, decision).leaving_out(state.left_out.as_deref()));
}

/// It was agreed to.
pub(super) fn start(state: &mut State, job: Job, task: Task) -> Vec<Effect> {
    let (Task::Change { targets, .. } | Task::Restore { targets, .. }) = &task else { return Vec::new() };
    let places = places(state, targets);
    state.here_mut().listing.unmark_seen();
    delete::start_task(state, job, places, task)
}

/// Asks what one object has, or at once what several are to get.
pub(super) fn edit(state: &mut State) -> Vec<Effect> {
    let Some(targets) = chosen(state) else { return Vec::new() };
    if let [Target { location: Location::Remote(object), tree: false }] = targets.as_slice() {
        state.asked = Some(Location::Remote(object.clone()));
        return vec![Effect::ReadAttributes(object.clone())];
    }
    let title = format!("Properties of {}", words(&targets));
    state.dialogs.push(Dialog::properties(&title, targets, None));
    Vec::new()
}

/// What an object has came.
pub(super) fn read(state: &mut State, object: &Remote, found: Result<Box<Attributes>>) -> Vec<Effect> {
    let place = Location::Remote(object.clone());
    if state.asked.as_ref() != Some(&place) {
        return Vec::new();
    }
    state.asked = None;
    match found {
        Err(error) => state.fail(&error),
        Ok(attributes) => {
            let title = format!("Properties of {place}");
            let targets = vec![Target { location: place, tree: false }];
            state.dialogs.push(Dialog::properties(&title, targets, Some(&attributes)));
        }
    }
    Vec::new()
}

/// What shows them: this pane's place, and where each of them is.
fn places(state: &State, targets: &[Target]) -> Vec<Location> {
    let mut places: Vec<Location> = targets.iter().filter_map(|target| target.location.parent()).collect();
    places.push(state.here().location.clone());
    places.dedup();
    places
}

/// Changes them as a form says, which stays until a single object is changed, or is not.
pub(super) fn ask_change(state: &mut State, targets: Vec<Target>, wanted: Change) -> Result<Asked> {
    delete::free(state)?;
    let single = matches!(targets.as_slice(), [one] if !one.tree);
    let effects = change(state, targets, wanted);
    Ok(if single { Asked::Waits(Pending::Change, effects) } else { effects.into() })
}

/// Changes them.
pub(super) fn change(state: &mut State, targets: Vec<Target>, change: Change) -> Vec<Effect> {
    begin(state, Job::Change, Task::Change { targets, change: Box::new(change) })
}

/// The storage classes that the provider has, and the way back from an archive.
pub(super) fn classes(state: &mut State) -> Vec<Effect> {
    let Some(targets) = chosen(state) else { return Vec::new() };
    let place = state.here().location.clone();
    let classes = state.profile(&place).map(|profile| profile.provider.storage_classes).unwrap_or_default();
    let what = words(&targets);
    let class = |class: &&'static str| Item {
        words: (*class).to_owned(),
        aside: what.clone(),
        choice: Choice::Class((*class).to_owned()),
    };
    let mut items: Vec<Item> = classes.iter().map(class).collect();
    if classes.is_empty() {
        let words = "a storage class by its name".to_owned();
        items.push(Item { words, aside: what.clone(), choice: Choice::OtherClass });
    }
    let words = "restore from an archive class".to_owned();
    items.push(Item { words, aside: what, choice: Choice::Restore });
    state.meant = targets;
    state.dialogs.push(Dialog::pick("Storage class", items));
    Vec::new()
}

/// A class was chosen or typed.
pub(super) fn to_class(state: &mut State, class: &str) -> Result<Vec<Effect>> {
    delete::free(state)?;
    let targets = std::mem::take(&mut state.meant);
    let wanted = Change { storage_class: Some(class.trim().to_owned()), ..Change::default() };
    Ok(change(state, targets, wanted))
}

/// Asks for how long, and how soon.
pub(super) fn ask_restore(state: &mut State) -> Vec<Effect> {
    let label = "Days to stay readable, and standard, bulk or expedited";
    state.dialogs.push(Dialog::input(Purpose::Restore, label, "7 standard"));
    Vec::new()
}

/// `7`, `7 bulk`.
pub(super) fn restore(state: &mut State, text: &str) -> Result<Vec<Effect>> {
    delete::free(state)?;
    let mut words = text.split_whitespace();
    let days = words.next().and_then(|days| days.parse::<u32>().ok()).filter(|days| *days > 0);
    let speed = words.next().map_or(Some(Speed::Standard), |word| {
        Speed::WORDS.iter().find(|(known, _)| *known == word).map(|(_, speed)| *speed)
    });
    let (Some(days), Some(speed)) = (days, speed) else {
        let why = "write a number of days, then standard, bulk or expedited: `7 bulk`";
        return Err(Error::new(Failure::Usage, why));
    };
    let targets = std::mem::take(&mut state.meant);
    Ok(begin(state, Job::Restore, Task::Restore { targets, days, speed }))
}
