//! Protected links, and everything else that was given out.

use super::super::dialog::{Dialog, Given, GivenOut, Pending, Purpose, Sort};
use super::super::message::{Effect, GivenEffect, GivenEvent, Made};
use super::super::state::{State, Tone};
use super::dialogs;
use crate::error::{Error, Kind, Result};
use crate::links::parse_lifetime_at;
use crate::location::Location;
use crate::zone::now_in;

/// Links whose objects are asked for, the newest: a request each.
const CHECKED: usize = 200;

/// The form for a protected link to what is chosen.
pub(super) fn share(state: &mut State) -> Vec<Effect> {
    let chosen = state.selection();
    let pane = state.here();
    if pane.location.as_local().is_some() {
        state.say(Tone::Warning, "protected links are for what a profile stores; copy it there first");
        return Vec::new();
    }
    let places: Vec<Location> = chosen.iter().map(|entry| pane.place(*entry)).collect();
    let places = if places.is_empty() { vec![pane.location.clone()] } else { places };
    if places.iter().any(|place| place.as_remote().is_none()) {
        state.say(Tone::Warning, "open a bucket first; a whole profile is nothing to share");
        return Vec::new();
    }
    state.dialogs.push(Dialog::share(places, &state.theme.units));
    vec![Effect::Given(GivenEffect::FindGateway)]
}

/// Nobody can make protected links: who is asked for their options is told so instead.
fn no_gateway(state: &mut State, error: &Error) {
    let lines = [Some(error.message()), error.hint()].into_iter().flatten();
    let message = Dialog::message("Protected link", lines.collect());
    state.dialogs.replace(|dialog| matches!(dialog, Dialog::Share(_)), message);
}

/// Everything that was given out.
pub(super) fn open(state: &mut State) -> Vec<Effect> {
    state.dialogs.push(Dialog::given());
    state.given += 1;
    let mut effects = list();
    effects.push(Effect::Given(GivenEffect::Watch(state.given)));
    effects
}

/// Asks what is looked for among it.
pub(super) fn ask_seek(state: &mut State, text: &str) -> Vec<Effect> {
    state.dialogs.push(Dialog::input(Purpose::Seek, "Look for", text));
    Vec::new()
}

/// Shows only that.
pub(super) fn seek(state: &mut State, text: &str) {
    if let Some(given) = shown(state) {
        given.search(text);
    }
}

fn shown(state: &mut State) -> Option<&mut GivenOut> {
    state.dialogs.iter_mut().find_map(Dialog::as_given)
}

pub(super) fn list() -> Vec<Effect> {
    vec![Effect::Given(GivenEffect::List)]
}

/// Asks before something is ended.
pub(super) fn ask_end(state: &mut State, given: Given) -> Vec<Effect> {
    state.dialogs.push(Dialog::confirm_end(given));
    Vec::new()
}

/// Asks how long a share is to live from now on, and how often it may be downloaded.
pub(super) fn ask_extend(state: &mut State, given: Given) -> Vec<Effect> {
    state.extending = Some(given);
    state.dialogs.push(Dialog::input(Purpose::Extend, "Ends after; downloads in all (30d, 10)", "7d"));
    Vec::new()
}

/// What was typed for that: a life, perhaps a comma and a number.
pub(super) fn extend(state: &mut State, text: &str) -> Result<Vec<Effect>> {
    let Some(given) = state.extending.clone() else { return Ok(Vec::new()) };
    let (life, max) = text.split_once(',').map_or((text, None), |(life, max)| (life, Some(max.trim())));
    let max = match max.map(str::parse::<i64>) {
        None => None,
        Some(Ok(max)) if max > 0 => Some(max),
        Some(_) => return Err(Error::new(Kind::Usage, "the number of downloads is a number above 0")),
    };
    let life = parse_lifetime_at(life.trim(), &now_in(state.theme.units.zone()))?;
    let seconds = i64::try_from(life.as_secs()).unwrap_or(i64::MAX);
    Ok(vec![Effect::Given(GivenEffect::Extend(given, Some(seconds), max))])
}

/// Protected links, whose password and end are the same for all.
fn made(state: &mut State, links: &[Made], failed: Option<&Error>) -> Vec<Effect> {
    // Those that were made are not to be made once more.
    state.dialogs.settle(Pending::Share, failed.is_none() || !links.is_empty());
    if let Some(error) = failed {
        state.fail(error);
    }
    let Some(Made { password, words, .. }) = links.last() else { return Vec::new() };
    let mut lines = Vec::new();
    for link in links {
        if links.len() > 1 || failed.is_some() {
            lines.push(format!("{}:", link.what));
        }
        lines.push(link.url.clone());
    }
    lines.extend(password.as_ref().map(|password| format!("password: {password}")));
    lines.push(words.clone());
    let (title, goes, than) = match links.len() {
        1 => ("Protected link", "The link is on its way", "the link"),
        _ => ("Protected links", "The links are on their way", "the links"),
    };
    lines.push(format!("{goes} to the clipboard; the password goes another way than {than}."));
    lines.extend(failed.map(|error| format!("No more were made: {error}")));
    for link in links.iter().filter(|link| !link.warning.is_empty()) {
        lines.push(format!("{}:", link.what));
        lines.extend(link.warning.lines().map(str::to_owned));
    }
    state.dialogs.push(Dialog::message(title, lines));
    vec![Effect::CopyText(links.iter().map(|link| link.url.as_str()).collect::<Vec<_>>().join("\n"))]
}

/// An answer came.
pub(super) fn happened(state: &mut State, event: GivenEvent) -> Vec<Effect> {
    match event {
        GivenEvent::Gateway(found) => {
            if let Err(error) = found {
                no_gateway(state, &error);
            }
            Vec::new()
        }
        GivenEvent::Made(links, failed) => made(state, &links, failed.as_ref()),
        GivenEvent::Listed(rows, failed) => {
            let Some(given) = shown(state) else { return Vec::new() };
            let ids = rows.iter().filter(|row| row.sort == Sort::Link && row.is_open());
            let ids: Vec<String> = ids.map(|row| row.id.clone()).take(CHECKED).collect();
            given.set(rows, failed);
            if ids.is_empty() { Vec::new() } else { vec![Effect::Given(GivenEffect::Check(ids))] }
        }
        GivenEvent::Watched(number, rows, failed) => {
            let current = number == state.given;
            let Some(given) = shown(state).filter(|_| current) else { return Vec::new() };
            given.set(rows, failed);
            vec![Effect::Given(GivenEffect::Watch(number))]
        }
        GivenEvent::Checked(standings) => {
            if let Some(given) = shown(state) {
                given.set_standings(&standings);
            }
            Vec::new()
        }
        GivenEvent::Kit(Ok(lines)) => {
            state.dialogs.settle(Pending::Kit, true);
            state.dialogs.push(Dialog::message("Upload kit", lines));
            Vec::new()
        }
        GivenEvent::Finished(Ok(given)) => {
            state.say(Tone::Plain, format!("{} is complete", given.what));
            list()
        }
        GivenEvent::Address(Ok(url)) => vec![Effect::CopyText(url)],
        GivenEvent::Events(Ok((given, lines))) => {
            state.dialogs.push(Dialog::message(&given.what, lines));
            Vec::new()
        }
        GivenEvent::Ended(Ok(_)) => {
            state.dialogs.settle(Pending::Extend, true);
            list()
        }
        GivenEvent::Kit(Err(error)) => {
            dialogs::answered(state, Pending::Kit, Err(&error));
            Vec::new()
        }
        GivenEvent::Ended(Err(error)) => {
            dialogs::answered(state, Pending::Extend, Err(&error));
            Vec::new()
        }
        GivenEvent::Finished(Err(error))
        | GivenEvent::Address(Err(error))
        | GivenEvent::Events(Err(error)) => {
            state.fail(&error);
            Vec::new()
        }
    }
}
