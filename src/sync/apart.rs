//! Two trees must be apart: a target inside its source would grow with every run, and a source inside its target would
//! be deleted.

use super::types::{Plan, Step, StepKind};
use crate::error::{Error, Kind, Result};
use crate::identity::{self, Compared, Overlap, Relation};
use crate::location::{Location, Remote};
use crate::s3::Connections;

/// Refuses trees that overlap; returns how they do if two ways lead to the same bucket, which has to be found out.
pub(super) async fn refuse_overlap(
    connections: &Connections,
    source: &Location,
    target: &Location,
) -> Result<Option<Overlap>> {
    match identity::relation(connections, source, target, true).await? {
        Relation::Apart => Ok(None),
        Relation::Possible(overlap) => Ok(Some(overlap)),
        Relation::Certain(overlap) => Err(identity::refusal(overlap, "sync", source, target, true)),
        Relation::Respelled => Err(identity::refusal(Overlap::Same, "sync", source, target, true)),
    }
}

/// Finds out by objects that a plan is about to copy or to delete whether its trees are in two buckets. Where that cannot
/// be told, nothing is deleted.
///
/// # Errors
/// `Kind::Overlap` if they are in one.
pub(super) async fn prove(connections: &Connections, overlap: Overlap, plan: &mut Plan) -> Result<()> {
    let (Location::Remote(source), Location::Remote(target)) = (&plan.source, &plan.target) else {
        return Ok(());
    };
    let compared = identity::compare(connections, &samples(plan, source, target)).await?;
    match compared {
        Compared::Apart => {}
        Compared::Same => return Err(identity::refusal(overlap, "sync", &plan.source, &plan.target, true)),
        Compared::Untold => keep_all(plan),
    }
    Ok(())
}

/// Some of what is to be deleted, and some of what is to be copied, each with its counterpart in the other bucket.
fn samples(plan: &Plan, source: &Remote, target: &Remote) -> Vec<(Remote, Remote)> {
    let of = |kind: fn(StepKind) -> bool, place: fn(&Step) -> &Location, own: &Remote, other: &Remote| {
        let steps = plan.steps.iter().filter(move |step| kind(step.kind));
        let places = steps.filter_map(move |step| place(step).as_remote());
        let pairs = places.map(|place| (place.clone(), identity::counterpart(own, other, &place.key)));
        pairs.take(identity::SAMPLES).collect::<Vec<_>>()
    };
    let mut samples = of(|kind| kind == StepKind::Delete, |step| &step.to, target, source);
    samples.extend(of(|kind| kind != StepKind::Delete, |step| &step.from, source, target));
    samples
}

/// Takes the deletions out of a plan, and says so.
fn keep_all(plan: &mut Plan) {
    let before = plan.steps.len();
    plan.steps.retain(|step| step.kind != StepKind::Delete);
    let kept = before - plan.steps.len();
    if kept == 0 {
        return;
    }
    plan.extra += kept as u64;
    let text = format!("it cannot be told whether {} and {} are the same bucket", plan.source, plan.target);
    plan.faults.push(Error::new(Kind::Overlap, text).with_hint("so nothing is deleted"));
}
