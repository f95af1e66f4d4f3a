//! What differs between the panes, marked in both: first everything, then with every press one kind of it.

use super::super::listing::{AT_ONCE, Comparing, Difference};
use super::super::message::{Effect, PaneId};
use super::super::state::{State, Tone};
use super::super::text;
use super::search;
use crate::action::Action;
use crate::config::Profile;
use crate::location::Location;

const IDS: [PaneId; 2] = [PaneId::Left, PaneId::Right];

/// What is marked of all that differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::tui) enum Kind {
    #[default]
    All,
    OnlyLeft,
    OnlyRight,
    Changed,
}

impl Kind {
    const EACH: [Kind; 4] = [Kind::All, Kind::OnlyLeft, Kind::OnlyRight, Kind::Changed];

    fn words(self) -> &'static str {
        match self {
            Self::All => "all of them",
            Self::OnlyLeft => "what is only left",
            Self::OnlyRight => "what is only right",
            Self::Changed => "what is in both",
        }
    }

    /// Whether it holds what differs so in that pane.
    fn has(self, id: PaneId, difference: Difference) -> bool {
        match self {
            Self::All => difference != Difference::None,
            Self::OnlyLeft => difference == Difference::Only && id == PaneId::Left,
            Self::OnlyRight => difference == Difference::Only && id == PaneId::Right,
            Self::Changed => difference == Difference::Changed,
        }
    }
}

/// Marks, in both panes, what only one of them has and what is another in the other; pressed again, only one kind of it.
pub(super) fn compare(state: &mut State) -> Vec<Effect> {
    if search::refuses(state, "compared") {
        return Vec::new();
    }
    if [state.here(), state.there()].iter().any(|pane| pane.has_more() || pane.loading) {
        let bottom = state.config.keys.label(Action::Bottom);
        state.say(Tone::Warning, format!("not all of both listings is read; {bottom} reads one to its end"));
        return Vec::new();
    }
    if let Some(doing) = [state.here(), state.there()].iter().find_map(|pane| pane.listing.pending()) {
        state.say(Tone::Warning, format!("still {doing}: what is not seen yet is not compared"));
        return Vec::new();
    }
    if [state.here(), state.there()].iter().any(|pane| matches!(pane.location, Location::Profile(_))) {
        state.say(Tone::Plain, "open a bucket first: lists of buckets are not compared");
        return Vec::new();
    }
    if [state.here(), state.there()].iter().all(|pane| pane.listing.awaited_comparison().is_some()) {
        state.say(Tone::Plain, "still comparing; Esc stops it");
        return Vec::new();
    }
    if [state.here(), state.there()].iter().any(|pane| !pane.listing.is_compared()) {
        return find(state);
    }
    let at = Kind::EACH.iter().position(|kind| *kind == state.compared).unwrap_or(0);
    let next = next(&counts(state), at);
    mark(state, next);
    Vec::new()
}

/// Finds out how each entry differs: of long listings somebody else does.
fn find(state: &mut State) -> Vec<Effect> {
    let side = |id| {
        let pane = state.pane(id);
        pane.listing.side(state.profile(&pane.location).is_some_and(Profile::md5_etags))
    };
    let work = Comparing::new(IDS.map(side));
    state.comparison += 1;
    let number = state.comparison;
    for (side, id) in IDS.into_iter().enumerate() {
        state.pane_mut(id).listing.await_comparison(number, side);
    }
    if work.entries() <= AT_ONCE {
        let differences = work.run(|| true);
        return differences.map_or_else(Vec::new, |differences| found(state, number, differences));
    }
    let entries = text::thousands(work.entries());
    state.say(Tone::Plain, format!("comparing {entries} entries; Esc stops it"));
    vec![Effect::Compare { number, work: Box::new(work) }]
}

/// It was found out how they differ. What has changed meanwhile, or was left, does not wait for it any longer.
pub(super) fn found(state: &mut State, number: u64, differences: [Vec<Difference>; 2]) -> Vec<Effect> {
    let awaits = |id| state.pane(id).listing.awaited_comparison().filter(|(awaited, _)| *awaited == number);
    let [Some((_, left)), Some((_, right))] = IDS.map(awaits) else {
        if forget(state, number) {
            state.say(Tone::Warning, "not compared: what is in the panes has changed meanwhile");
        }
        return Vec::new();
    };
    let mut differences = differences.map(Some);
    for (id, side) in IDS.into_iter().zip([left, right]) {
        if let Some(differences) = differences.get_mut(side).and_then(Option::take) {
            state.pane_mut(id).listing.compared(differences);
        }
    }
    mark(state, Kind::All);
    Vec::new()
}

/// Stops it; `None` if nothing is being compared.
pub(super) fn cancel(state: &mut State) -> Option<Vec<Effect>> {
    let number = state.comparison;
    forget(state, number).then(|| {
        state.say(Tone::Plain, "stopped comparing");
        vec![Effect::CancelCompare]
    })
}

/// Nobody waits for it any longer; whether somebody did.
fn forget(state: &mut State, number: u64) -> bool {
    let mut was_awaited = false;
    for pane in state.both() {
        if pane.listing.awaited_comparison().is_some_and(|(awaited, _)| awaited == number) {
            was_awaited = true;
            pane.listing.forget_comparison();
        }
    }
    was_awaited
}

/// How many there are of each kind; what is in both counts once.
fn counts(state: &State) -> [usize; 4] {
    let count = |id, difference| state.pane(id).listing.differing(difference);
    let (left, right) = (count(PaneId::Left, Difference::Only), count(PaneId::Right, Difference::Only));
    let both = count(PaneId::Left, Difference::Changed);
    [left + right + both, left, right, both]
}

/// The kind after the one at `at`, past those of which there is nothing and those that are all there is.
fn next(counts: &[usize; 4], at: usize) -> Kind {
    let several = counts[1..].iter().filter(|count| **count > 0).count() > 1;
    let after = (1..4).map(|step| (at + step) % 4);
    let next = after.filter(|at| *at == 0 || several).find(|at| counts[*at] > 0).unwrap_or(0);
    Kind::EACH[next]
}

fn mark(state: &mut State, kind: Kind) {
    state.compared = kind;
    for id in IDS {
        state.pane_mut(id).listing.mark_differing(|difference| kind.has(id, difference));
    }
    let counts = counts(state);
    let [all, left, right, both] = counts;
    if all == 0 {
        state.say(Tone::Plain, "nothing differs by names and sizes, nor by what times and ETags tell; folders are not looked into");
        return;
    }
    let number = text::thousands;
    let mut words = format!(
        "{} only left, {} only right, {} in both with another size, time or ETag; {} marked",
        number(left),
        number(right),
        number(both),
        kind.words()
    );
    let at = Kind::EACH.iter().position(|known| *known == kind).unwrap_or(0);
    let next = next(&counts, at);
    if next != kind {
        let key = state.config.keys.label(Action::Compare);
        words += &format!(" ({key} again: {})", next.words());
    }
    state.say(Tone::Plain, words);
}
