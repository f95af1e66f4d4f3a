//! Properties: asked for, and put into rows. Versioning of a bucket is switched from there.

use super::super::dialog::{Decision, Dialog, Property};
use super::super::message::{Effect, Properties};
use super::super::state::{State, Tone};
use super::transfer::writable;
use crate::action::Action;
use crate::entry::Kind;
use crate::error::Result;
use crate::location::{Location, Remote};
use crate::s3::{Fact, ObjectInfo, Restore, Versioning};

/// Asks for the properties of the entry under the cursor, in an empty place for those of the place.
pub(super) fn ask(state: &mut State) -> Vec<Effect> {
    let pane = state.here();
    let (place, kind) = match pane.current() {
        Some(entry) => (pane.place(entry), pane.kind(entry)),
        None => match &pane.location {
            Location::Remote(remote) if remote.key.is_empty() => (pane.location.clone(), Kind::Bucket),
            Location::Profile(_) => {
                state.say(Tone::Plain, "nothing here has properties");
                return Vec::new();
            }
            place => (place.clone(), Kind::Prefix),
        },
    };
    state.asked = Some(place.clone());
    vec![Effect::Stat(place, kind)]
}

/// Properties came.
pub(super) fn came(state: &mut State, place: Location, found: Result<Box<Properties>>) -> Vec<Effect> {
    if state.asked.as_ref() != Some(&place) {
        return Vec::new();
    }
    state.asked = None;
    match found {
        Err(error) => state.fail(&error),
        Ok(found) => {
            let mut rows =
                found.object.as_ref().map(|info| of_object(state, &place, info)).unwrap_or_default();
            rows.extend(found.facts.iter().flat_map(Property::of));
            let versioning = found.facts.iter().find_map(versioning);
            state.dialogs.push(Dialog::facts(place, rows, versioning));
        }
    }
    Vec::new()
}

/// Whether a bucket keeps versions, if that is what the fact says.
fn versioning(fact: &Fact) -> Option<Versioning> {
    let word = fact.value.as_ref().ok().filter(|_| fact.name == "versioning")?.first()?;
    [Versioning::Enabled, Versioning::Suspended, Versioning::Off]
        .into_iter()
        .find(|known| known.word() == word)
}

fn of_object(state: &State, place: &Location, info: &ObjectInfo) -> Vec<Property> {
    let units = &state.theme.units;
    let attributes = &info.attributes;
    // Servers name every class but that one.
    let unnamed = place.as_remote().map(|_| "STANDARD".to_owned());
    let filled = [
        ("size", Some(units.exact_size(info.size))),
        ("modified", info.modified.map(|time| units.exact_time(time))),
        ("etag", Some(info.etag.clone()).filter(|etag| !etag.is_empty())),
        ("version", info.version_id.clone()),
        ("content type", attributes.content_type.clone()),
        ("cache control", attributes.cache_control.clone()),
        ("content disposition", attributes.content_disposition.clone()),
        ("content encoding", attributes.content_encoding.clone()),
        ("content language", attributes.content_language.clone()),
        ("expires", attributes.expires.clone()),
        ("storage class", attributes.storage_class.clone().or(unnamed)),
        ("restore", info.restore().map(|restore| restoring(state, restore))),
        ("encryption", attributes.sse.clone()),
        ("parts", info.parts.map(|parts| parts.to_string())),
    ];
    let filled = filled.into_iter().filter_map(|(name, value)| Some(Property::new(name, value?)));
    let checksums = info.checksums.iter().map(|(name, sum)| Property::new(format!("checksum {name}"), sum));
    let metadata =
        attributes.metadata.iter().map(|(name, value)| Property::new(format!("metadata {name}"), value));
    // How it is restored stands above in words.
    let other = info.other.iter().filter(|(name, _)| name != "restore");
    let other = other.map(|(name, value)| Property::new(name, value));
    filled.chain(checksums).chain(metadata).chain(other).collect()
}

fn restoring(state: &State, restore: Restore) -> String {
    match restore {
        Restore::Needed => {
            let key = state.config.keys.label(Action::StorageClass);
            let key = if key.is_empty() { key } else { format!(" ({key})") };
            format!("archived, not readable until it is restored{key}")
        }
        Restore::UnderWay => "under way, not readable yet".to_owned(),
        Restore::Readable(until) => {
            let until = until.map(|time| format!(" until {}", state.theme.units.exact_time(time)));
            format!("readable{}", until.unwrap_or_default())
        }
    }
}

/// Asks whether a bucket is to keep versions from now on, or to stop that.
pub(super) fn ask_versioning(state: &mut State, bucket: Remote, on: bool) -> Vec<Effect> {
    if !writable(state, &Location::Remote(bucket.clone())) {
        return Vec::new();
    }
    let lines = if on {
        vec![
            format!("Keep versions in {bucket} from now on?"),
            "Whatever is replaced or deleted stays, and is paid for, until it is purged.".to_owned(),
        ]
    } else {
        vec![
            format!("Stop keeping versions in {bucket}?"),
            "Old versions stay; what is replaced or deleted from now on is gone.".to_owned(),
        ]
    };
    state.dialogs.push(Dialog::confirm("Versioning", lines, Decision::Versioning(bucket, on)));
    Vec::new()
}

/// It was switched, or could not be: the dialog that shows it is filled anew.
pub(super) fn switched(state: &mut State, bucket: Remote, on: bool, result: Result<()>) -> Vec<Effect> {
    if let Err(error) = result {
        state.fail(&error);
        return Vec::new();
    }
    let text = if on { "versions are kept from now on" } else { "no new versions are kept from now on" };
    state.say(Tone::Plain, text);
    let place = Location::Remote(bucket);
    let before = state.dialogs.len();
    state.dialogs.retain(|dialog| dialog.shows_facts_of() != Some(&place));
    if state.dialogs.len() == before {
        return Vec::new();
    }
    state.asked = Some(place.clone());
    vec![Effect::Stat(place, Kind::Bucket)]
}
