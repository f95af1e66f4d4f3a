//! Making the other pane's place like this one's: compared first, approved in a dialog, then one transfer, and the
//! deletions at its end.

use super::super::dialog::{Decision, Dialog, Word};
use super::super::message::{Deletions, Effect, Touches};
use super::super::state::{Job, State, Tone};
use super::super::text;
use super::transfer::writable;
use super::{delete, dialogs, search};
use crate::action::Action;
use crate::error::Result;
use crate::location::Location;
use crate::s3::Attributes;
use crate::sync::{self, Plan, Step, StepKind};

/// Compares the two places.
pub(super) fn start(state: &mut State) -> Vec<Effect> {
    let (source, target) = (state.here().location.clone(), state.there().location.clone());
    if search::refuses(state, "synced") {
        return Vec::new();
    }
    if state.comparing.is_some() {
        let esc = state.config.keys.label(Action::Cancel);
        state.say(Tone::Warning, format!("two places are being compared already; {esc} stops that"));
        return Vec::new();
    }
    for place in [&source, &target] {
        if let Location::Profile(profile) = place {
            let text = format!("a pane shows the buckets of {profile}: open one of them first");
            state.say(Tone::Error, text);
            return Vec::new();
        }
    }
    if !writable(state, &target) {
        return Vec::new();
    }
    state.comparing = Some((source.clone(), target.clone()));
    state.dialogs.push(Dialog::wait("Sync", "comparing the two places".to_owned()));
    vec![Effect::PlanSync { source, target }]
}

/// The plan is there, or why there is none.
pub(super) fn planned(
    state: &mut State,
    places: &(Location, Location),
    plan: Result<Box<Plan>>,
) -> Vec<Effect> {
    if state.comparing.as_ref() != Some(places) {
        return Vec::new();
    }
    state.comparing = None;
    dialogs::waited(state);
    match plan {
        Err(error) => state.fail(&error),
        Ok(plan) if plan.steps.is_empty() => nothing_to_do(state, &plan),
        Ok(plan) => state.dialogs.push(Dialog::sync(*plan)),
    }
    Vec::new()
}

fn nothing_to_do(state: &mut State, plan: &Plan) {
    if let Some(fault) = plan.faults.first() {
        state.fail(&fault.clone().context("what could be read is the same"));
    } else {
        let files = text::count(plan.unchanged);
        state.say(Tone::Plain, format!("nothing to do: {files} unchanged"));
    }
}

/// The plan was approved; that so much is deleted has to be typed.
pub(super) fn approved(state: &mut State, plan: Plan) -> Vec<Effect> {
    let deleted = plan.steps.iter().filter(|step| step.kind == StepKind::Delete).count();
    if deleted <= delete::GREAT {
        return begin(state, plan);
    }
    let lines = [
        format!("This deletes {} files that are only in", text::thousands(deleted)),
        plan.target.to_string(),
        String::new(),
    ];
    let decision = Decision::SyncDeleting(Box::new(plan));
    state.dialogs.push(Dialog::typed("Sync", &lines, Word::Count(deleted as u64), decision));
    Vec::new()
}

/// Does what was approved.
pub(super) fn begin(state: &mut State, plan: Plan) -> Vec<Effect> {
    let target = plan.target.clone();
    let request = sync::request(&plan, Attributes::default());
    let steps: Vec<Step> = plan.steps.into_iter().filter(|step| step.kind == StepKind::Delete).collect();
    let after = (!steps.is_empty()).then(|| Deletions { target: target.clone(), steps });
    if request.items.is_empty() {
        return after.map(|after| delete_after(state, after)).unwrap_or_default();
    }
    state.say(Tone::Plain, format!("syncing to {target}"));
    let touches = Touches { places: vec![target], after, ..Touches::default() };
    vec![Effect::Submit { request: Box::new(request), touches }]
}

/// Everything has arrived: what only the target has goes.
pub(super) fn delete_after(state: &mut State, after: Deletions) -> Vec<Effect> {
    if state.deletion.is_some() {
        state.say(Tone::Warning, "something else is being deleted; sync once more to delete here too");
        return Vec::new();
    }
    delete::begin(state, Job::Delete, vec![after.target.clone()], Effect::DeleteExtra(Box::new(after)))
}

/// Esc: stops comparing.
pub(super) fn cancel(state: &mut State) -> Option<Vec<Effect>> {
    state.comparing.take()?;
    dialogs::waited(state);
    state.say(Tone::Plain, "stopped comparing; nothing was changed");
    Some(vec![Effect::CancelSync])
}
