//! Dialogs: which opens when, and what follows from what they decide.

use crossterm::event::KeyEvent;

use super::super::dialog::{Decision, Dialog, Outcome, Pending, Purpose, Refusal, Step};
use super::super::listing::Filter;
use super::super::message::{Effect, GivenEffect, SetupEffect};
use super::super::state::{State, Tone};
use super::{
    address, delete, editing, given, go, info, link, moving, places, properties, renaming, search, setup,
    sync, transfer, undo, unlock, uploads, versions, viewing,
};
use crate::action::Action;
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::transfer::{Answer, TransferId};

/// Whether the dialog on top does not take this key yet; says so.
pub(super) fn refuses_key(state: &mut State, key: KeyEvent) -> bool {
    let refusal = state.dialogs.refuses_key(key);
    refused(state, refusal)
}

/// Whether the dialog on top does not take clicks, pasted text and actions yet; says so.
pub(super) fn refuses(state: &mut State) -> bool {
    let refusal = state.dialogs.refuses();
    refused(state, refusal)
}

fn refused(state: &mut State, refusal: Option<Refusal>) -> bool {
    match refusal {
        None => return false,
        Some(Refusal::Unseen { first: false }) => {}
        Some(Refusal::Unseen { first: true }) => {
            state.say(Tone::Warning, "what was typed before this was shown is ignored; type it again");
        }
        Some(Refusal::Pending(pending)) => {
            let text = format!("still {}; Esc closes this, and it goes on", pending.words());
            state.say(Tone::Warning, text);
        }
        Some(Refusal::Waiting) => {
            if let Some(Dialog::Wait(wait)) = state.dialogs.last() {
                let text = format!("still {}; only Esc does something meanwhile", wait.text());
                state.say(Tone::Warning, text);
            }
        }
    }
    true
}

/// A key for the dialog on top, which takes it.
pub(super) fn key(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let keys = &state.config.keys;
    let Some(dialog) = state.dialogs.last_mut() else { return Vec::new() };
    let outcome = dialog.on_key(key, keys);
    follow(state, outcome)
}

/// What was chosen in the palette of the dialog that is on top again.
pub(super) fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if refuses(state) {
        return Vec::new();
    }
    let Some(dialog) = state.dialogs.last_mut() else { return Vec::new() };
    let outcome = dialog.on_action(action);
    follow(state, outcome)
}

/// What the mouse does in the dialog on top.
pub(super) fn pointed(state: &mut State, step: Step) -> Vec<Effect> {
    let Some(dialog) = state.dialogs.last_mut() else { return Vec::new() };
    let outcome = dialog.on_pointer(step);
    follow(state, outcome)
}

/// Pasted text goes where text is typed, and nowhere else: it is no command.
pub(super) fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    if refuses(state) {
        return Vec::new();
    }
    let Some(dialog) = state.dialogs.last_mut() else {
        state.say(Tone::Plain, "pasted text goes into input lines only");
        return Vec::new();
    };
    let outcome = dialog.on_paste(text);
    follow(state, outcome)
}

/// Says that there was more: what is pasted stands in a line that shows only its end.
pub(super) fn paste_cut(state: &mut State, taken: usize) -> Vec<Effect> {
    let line = format!("The text was too long: only its first {taken} MiB was taken.");
    state.dialogs.push(Dialog::message("Pasted text", vec![line]));
    Vec::new()
}

fn follow(state: &mut State, outcome: Outcome) -> Vec<Effect> {
    match outcome {
        Outcome::Stay => Vec::new(),
        Outcome::Changed(purpose, text) => {
            live(state, purpose, &text);
            Vec::new()
        }
        Outcome::Close(purpose) => {
            state.dialogs.pop();
            take_back(state, purpose);
            Vec::new()
        }
        Outcome::Decide(decision) => {
            state.dialogs.pop();
            decide(state, decision)
        }
        Outcome::Ask(decision) => ask(state, decision),
        Outcome::Do(decision) => decide(state, decision),
    }
}

/// What came of what a form asked for: it closes when that is done.
pub(super) enum Asked {
    /// Nothing can fail any more, or what fails is told elsewhere.
    Done(Vec<Effect>),
    /// The server or the file system has yet to say.
    Waits(Pending, Vec<Effect>),
}

impl From<Vec<Effect>> for Asked {
    fn from(effects: Vec<Effect>) -> Self {
        Asked::Done(effects)
    }
}

/// Does what a form asks for; whatever cannot be done leaves it open, with what was typed and the reason.
fn ask(state: &mut State, decision: Decision) -> Vec<Effect> {
    let Some(form) = state.dialogs.pop() else { return Vec::new() };
    match asked(state, decision) {
        Ok(Asked::Done(effects)) => effects,
        Ok(Asked::Waits(pending, effects)) => {
            state.dialogs.push(form);
            state.dialogs.wait_for(pending);
            effects
        }
        Err(error) => {
            state.fail(&error);
            state.dialogs.push(form);
            Vec::new()
        }
    }
}

fn asked(state: &mut State, decision: Decision) -> Result<Asked> {
    Ok(match decision {
        Decision::Text(purpose, text) => return typed(state, purpose, &text),
        Decision::RenameMany(names) => Asked::Waits(Pending::Rename, renaming::rename(state, names)),
        Decision::Link(request) => Asked::Waits(Pending::Sign, link::sign(state, vec![*request])),
        Decision::Kit(request, folder) => {
            Asked::Waits(Pending::Kit, vec![Effect::Given(GivenEffect::Kit(request, folder))])
        }
        Decision::Share(orders) => {
            Asked::Waits(Pending::Share, vec![Effect::Given(GivenEffect::Make(orders))])
        }
        Decision::Change(targets, change) => return properties::ask_change(state, targets, *change),
        other => decide(state, other).into(),
    })
}

/// It is known what came of what a form was sent off for; a failure is told. Whether the form was still there.
pub(super) fn answered(state: &mut State, pending: Pending, result: std::result::Result<(), &Error>) -> bool {
    let waits = state.dialogs.settle(pending, result.is_ok());
    if let Err(error) = result {
        state.fail(error);
    }
    waits
}

/// Filter and jump act with every letter.
fn live(state: &mut State, purpose: Purpose, text: &str) {
    if purpose == Purpose::Seek {
        return given::seek(state, text);
    }
    let before = state.before.1;
    let pane = state.here_mut();
    match purpose {
        Purpose::Filter => pane.rearrange(|listing| listing.set_filter(text)),
        Purpose::Jump => {
            let from = before.map_or(0, |entry| pane.listing.row_of(entry));
            let row = if text.is_empty() { Some(from) } else { pane.listing.jump(text, from) };
            let missing = row.is_none().then_some("no such name was read so far");
            if let Some(row) = row {
                pane.move_to(row);
            }
            // The line that is typed hides the notice, which stays when that is gone.
            if let Some(missing) = missing {
                state.say(Tone::Warning, missing);
            }
            if let Some(dialog) = state.dialogs.last_mut() {
                dialog.note(missing);
            }
        }
        _ => {}
    }
}

/// Esc in a live input: as it was before.
fn take_back(state: &mut State, purpose: Option<Purpose>) {
    let (filter, entry) = std::mem::take(&mut state.before);
    match purpose {
        Some(Purpose::Filter) => state.here_mut().rearrange_at(entry, |listing| listing.set_filter(&filter)),
        Some(Purpose::Jump) => state.here_mut().rearrange_at(entry, |_| {}),
        Some(Purpose::SaveEdited) => editing::not_saved_as(state),
        Some(Purpose::Seek) => given::seek(state, ""),
        _ => {}
    }
}

fn decide(state: &mut State, decision: Decision) -> Vec<Effect> {
    match decision {
        Decision::Text(purpose, text) => entered(state, purpose, &text),
        Decision::Delete(targets) => delete::delete(state, targets),
        Decision::Conflict(id, answer) => answer_conflict(state, id, answer),
        Decision::SkipSame(id) => vec![Effect::SkipSame(id)],
        Decision::CancelTransfer(id) => vec![Effect::CancelTransfer(id)],
        Decision::Link(request) => link::sign(state, vec![*request]),
        Decision::Kit(request, folder) => vec![Effect::Given(GivenEffect::Kit(request, folder))],
        Decision::JumpTo(place) => [search::leave_usage(state), search::jump(state, &place)].concat(),
        Decision::MeasureBelow(place) => search::measure_below(state, place),
        Decision::MeasureAbove => search::measure_above(state),
        Decision::LeaveUsage => search::leave_usage(state),
        Decision::Complete(text) => go::complete(state, &text),
        Decision::Aim(text) => {
            moving::aim(state, &text);
            Vec::new()
        }
        Decision::Propose(text) => moving::propose(state, &text),
        Decision::LeaveProposal => moving::leave(state),
        Decision::Share(orders) => vec![Effect::Given(GivenEffect::Make(orders))],
        Decision::ListGiven => given::list(),
        Decision::CopyGiven(given) => vec![Effect::Given(GivenEffect::Copy(given))],
        Decision::ShowGiven(given) => vec![Effect::Given(GivenEffect::Show(given))],
        Decision::AskSeek(text) => given::ask_seek(state, &text),
        Decision::FinishGiven(given) => vec![Effect::Given(GivenEffect::Finish(given))],
        Decision::AskEndGiven(given) => given::ask_end(state, given),
        Decision::EndGiven(given) => vec![Effect::Given(GivenEffect::End(given))],
        Decision::AskExtend(given) => given::ask_extend(state, given),
        Decision::Profile(profile) => go::profile(state, profile),
        Decision::AddProfile => setup::add(state),
        Decision::ImportProfile => setup::find_others(state),
        Decision::SetUp(wish) => setup::begin(state, wish),
        Decision::StopSetup => vec![Effect::Setup(SetupEffect::Stop)],
        Decision::CopyText(text) => vec![Effect::CopyText(text)],
        Decision::Chosen(choice) => places::chosen(state, choice),
        Decision::Palette(screen) => places::palette(state, screen),
        Decision::Help => help(state),
        Decision::RemoveBookmark(place) => places::remove(state, place),
        Decision::AskSearch => {
            state.dialogs.push(Dialog::input(Purpose::Search, "Look for", ""));
            Vec::new()
        }
        Decision::TestLinks(links) => vec![Effect::TestLinks(links)],
        Decision::PrintPlain(text) => vec![Effect::PrintPlain(text)],
        Decision::FindUploads => uploads::find(state),
        Decision::AskAbort => uploads::ask(state),
        Decision::AbortUploads(uploads) => uploads::abort(state, uploads),
        Decision::LeaveUploads => uploads::leave(state),
        Decision::AskVersioning(bucket, on) => info::ask_versioning(state, bucket, on),
        Decision::Versioning(bucket, on) => vec![Effect::SetVersioning(bucket, on)],
        Decision::Unsaved(editing, choice) => editing::decided(state, editing, choice),
        Decision::RenameMany(names) => renaming::rename(state, names),
        Decision::Undo => undo::undo(state),
        Decision::Begin(job, task) => properties::start(state, job, *task),
        Decision::Change(targets, change) => properties::change(state, targets, *change),
        Decision::FindVersions => versions::find(state),
        Decision::WidenVersions => versions::widen(state),
        Decision::LeaveVersions => versions::leave(state),
        Decision::ViewVersion => versions::view(state),
        Decision::RestoreVersions => versions::restore(state),
        Decision::CopyVersions => versions::copy(state),
        Decision::AskDeleteVersions => versions::ask_delete(state),
        Decision::DeleteVersions(versions) => versions::delete(state, versions),
        Decision::AskPurge => versions::ask_purge(state),
        Decision::Purge(scope) => versions::purge(state, scope),
        Decision::Sync(plan) => sync::approved(state, *plan),
        Decision::SyncDeleting(plan) => sync::begin(state, *plan),
        Decision::Resume(unfinished) => {
            unfinished.into_iter().map(|one| Effect::ResumeUnfinished(Box::new(one))).collect()
        }
        Decision::ForgetUnfinished(ids) => vec![Effect::ForgetUnfinished(ids)],
        Decision::DeclineUnfinished(ids) => vec![Effect::DeclineUnfinished(ids)],
        // The answer shows that it is no longer among them.
        Decision::Retry(id, only) => vec![Effect::Retry(id, only), Effect::Failures(id)],
        Decision::Unlock => unlock::begin(state),
        Decision::StopWaiting => stop_waiting(state),
        Decision::Quit => vec![Effect::Quit],
    }
}

/// Esc while something is counted or compared for a question.
fn stop_waiting(state: &mut State) -> Vec<Effect> {
    let stopped = delete::cancel(state).or_else(|| sync::cancel(state));
    stopped.unwrap_or_else(|| moving::leave(state))
}

/// What was counted or compared is there: nobody waits for it any longer.
pub(super) fn waited(state: &mut State) {
    // What was said about keys that came too early is no longer true.
    if state.dialogs.iter().any(|dialog| matches!(dialog, Dialog::Wait(_))) {
        state.notice = None;
    }
    state.dialogs.retain(|dialog| !matches!(dialog, Dialog::Wait(_)));
}

/// Another question of the transfer may follow, unless the answer is for all.
fn answer_conflict(state: &mut State, id: TransferId, answer: Answer) -> Vec<Effect> {
    if !answer.all {
        state.dialogs.rest();
    }
    vec![Effect::Answer(id, answer)]
}

/// Enter in a line that acts while it is typed, or that stays open until a place is found.
fn entered(state: &mut State, purpose: Purpose, text: &str) -> Vec<Effect> {
    if purpose == Purpose::GoTo {
        return go::typed(state, text);
    }
    live(state, purpose, text);
    Vec::new()
}

fn typed(state: &mut State, purpose: Purpose, text: &str) -> Result<Asked> {
    Ok(match purpose {
        Purpose::Filter | Purpose::Jump | Purpose::Seek => {
            live(state, purpose, text);
            Vec::new().into()
        }
        Purpose::Mark | Purpose::Unmark => {
            mark_by(state, text, purpose == Purpose::Mark)?;
            Vec::new().into()
        }
        Purpose::Search => {
            viewing::search(state, text);
            Vec::new().into()
        }
        Purpose::GoTo => go::typed(state, text).into(),
        Purpose::Rename => return renaming::typed(state, text),
        Purpose::SaveEdited => editing::save_as(state, text).into(),
        Purpose::StorageClass => properties::to_class(state, text)?.into(),
        Purpose::Restore => properties::restore(state, text)?.into(),
        Purpose::Limit(id) => transfer::limit(id, text)?.into(),
        Purpose::Extend => Asked::Waits(Pending::Extend, given::extend(state, text)?),
        Purpose::Find => search::find(state, text)?.into(),
        Purpose::Export => Asked::Waits(Pending::Export, address::export(state, text)?),
        Purpose::New => {
            let at = state.here().location.clone();
            Asked::Waits(Pending::Create, vec![Effect::Create { at, name: text.to_owned() }])
        }
    })
}

fn mark_by(state: &mut State, text: &str, on: bool) -> Result<()> {
    let wrong = |why: String| Error::new(Kind::Usage, why);
    let glob =
        Filter::glob(text).ok_or_else(|| wrong("that is no pattern; `*.jpg` and `{a,b}*` are".to_owned()))?;
    let (before, _) = state.here().listing.marks();
    let mut sieve = glob.sieve();
    let mut matching = 0_usize;
    state.here_mut().listing.mark_seen(|name, marked| {
        let takes = sieve.takes(name);
        matching += usize::from(takes);
        if takes { on } else { marked }
    });
    if matching == 0 {
        return Err(wrong(format!("no name matches `{text}`")));
    }
    let (after, _) = state.here().listing.marks();
    let changed = after.abs_diff(before);
    state.say(Tone::Plain, format!("{changed} {}", if on { "marked" } else { "unmarked" }));
    Ok(())
}

/// Every key.
pub(super) fn help(state: &mut State) -> Vec<Effect> {
    if state.dialogs.last().is_some_and(|dialog| matches!(dialog, Dialog::Help(_))) {
        state.dialogs.pop();
        return Vec::new();
    }
    let screen = state.dialogs.last().map_or_else(|| super::screen(state), Dialog::screen);
    let help = Dialog::help(&state.config.keys, screen);
    state.dialogs.push(help);
    Vec::new()
}

/// What was said so far, the newest first.
pub(super) fn messages(state: &mut State) -> Vec<Effect> {
    let line =
        |(time, text): &(jiff::Timestamp, String)| format!("{}  {text}", state.theme.units.clock(*time));
    let lines: Vec<String> = state.said.iter().rev().map(line).collect();
    let lines = if lines.is_empty() { vec!["Nothing was said yet.".to_owned()] } else { lines };
    state.dialogs.push(Dialog::message("Messages", lines));
    Vec::new()
}

/// Asks before leaving.
pub(super) fn ask_to_quit(state: &mut State) -> Vec<Effect> {
    let running = state.running();
    state.dialogs.push(Dialog::confirm_quit(running));
    Vec::new()
}

/// The profiles, for the focused pane.
pub(super) fn profiles(state: &mut State) -> Vec<Effect> {
    let rows = state
        .config
        .profiles
        .iter()
        .map(|profile| (profile.name.clone(), profile.provider.title.to_owned(), profile.place()));
    let dialog = Dialog::profiles(rows.collect(), state.here().location.profile());
    state.dialogs.push(dialog);
    Vec::new()
}

/// Asks for a place.
pub(super) fn go_to(state: &mut State) -> Vec<Effect> {
    let label = "Go to (PROFILE:BUCKET/KEY, a file or folder, ~)";
    state.dialogs.push(Dialog::input(Purpose::GoTo, label, ""));
    Vec::new()
}

/// Filters with every letter.
pub(super) fn filter(state: &mut State) -> Vec<Effect> {
    let text = state.here().listing.filter().to_owned();
    state.before = (text.clone(), state.here().current());
    let label = "filter (text, *.jpg, ~letters)";
    state.dialogs.push(Dialog::input(Purpose::Filter, label, &text));
    Vec::new()
}

/// Jumps with every letter.
pub(super) fn jump(state: &mut State) -> Vec<Effect> {
    state.before = (String::new(), state.here().current());
    state.dialogs.push(Dialog::input(Purpose::Jump, "jump to", ""));
    Vec::new()
}

/// Asks for a pattern to mark or unmark by.
pub(super) fn mark(state: &mut State, on: bool) -> Vec<Effect> {
    let (purpose, label) =
        if on { (Purpose::Mark, "Mark names like") } else { (Purpose::Unmark, "Unmark names like") };
    state.dialogs.push(Dialog::input(purpose, label, "*"));
    Vec::new()
}

/// Asks for the name of a new folder or bucket.
pub(super) fn new_folder(state: &mut State) -> Vec<Effect> {
    let at = state.here().location.clone();
    if transfer::writable(state, &at) {
        let bucket = matches!(at, Location::Profile(_));
        let label = if bucket { "New bucket" } else { "New folder" };
        state.dialogs.push(Dialog::input(Purpose::New, label, ""));
    }
    Vec::new()
}
