//! Addresses of what is chosen, and listings as files.

use std::ffi::OsStr;
use std::path::Path;

use super::super::dialog::{Dialog, Purpose};
use super::super::message::Effect;
use super::super::pane::Pane;
use super::super::state::{State, Tone};
use crate::entry::Kind;
use crate::error::{Error, Kind as Failure, Result};
use crate::location::{Location, Remote};

/// The objects, prefixes and buckets that are chosen; or the place itself.
fn chosen(state: &State) -> Vec<Remote> {
    let pane = state.here();
    let mut places: Vec<Remote> =
        pane.chosen().iter().filter_map(|entry| pane.place(*entry).as_remote().cloned()).collect();
    if places.is_empty() {
        places.extend(pane.location.as_remote().cloned());
    }
    places
}

/// `s3://bucket/key`, as other tools take it; of local files their paths.
pub(super) fn copy_uris(state: &mut State) -> Vec<Effect> {
    if state.here().location.as_local().is_some() {
        return super::link::copy(state);
    }
    let uris: Vec<String> =
        chosen(state).iter().map(|place| format!("s3://{}/{}", place.bucket, place.key)).collect();
    if uris.is_empty() {
        state.say(Tone::Plain, "nothing here to copy");
        return Vec::new();
    }
    vec![Effect::CopyText(uris.join("\n"))]
}

/// `https://host/bucket/key` without a signature.
pub(super) fn copy_urls(state: &mut State) -> Vec<Effect> {
    let objects: Vec<Remote> = chosen(state).into_iter().filter(|place| !place.is_prefix()).collect();
    if objects.is_empty() {
        state.say(Tone::Plain, "only objects have an address of their own");
        return Vec::new();
    }
    vec![Effect::CopyAddresses(objects)]
}

/// Asks for the file that the listing is written to.
pub(super) fn ask_export(state: &mut State) -> Vec<Effect> {
    let folder =
        [state.there(), state.here()].iter().find_map(|pane| pane.location.as_local().map(ToOwned::to_owned));
    let folder = folder.or_else(|| state.home.clone()).unwrap_or_default();
    let suggestion = folder.join("listing.csv").display().to_string();
    state.dialogs.push(Dialog::input(
        Purpose::Export,
        "Write the listing to (.csv, .json, .jsonl)",
        &suggestion,
    ));
    Vec::new()
}

/// Writes what is read of the listing, as it is filtered and sorted.
pub(super) fn export(state: &mut State, file: &str) -> Vec<Effect> {
    let pane = state.here();
    match written(pane, file) {
        Ok(text) => vec![Effect::WriteFile { file: file.into(), text, rows: pane.listing.rows() }],
        Err(error) => {
            state.fail(&error);
            Vec::new()
        }
    }
}

fn written(pane: &Pane, file: &str) -> Result<String> {
    let rows = (0..pane.listing.rows()).filter_map(|row| pane.listing.at(row)).map(|entry| {
        let kind = match pane.kind(entry) {
            Kind::Bucket => "bucket",
            kind if kind.is_container() => "prefix",
            _ => "object",
        };
        let place = match pane.place(entry) {
            Location::Local(path) => path.display().to_string(),
            place => place.exact(),
        };
        let modified = pane.listing.modified(entry).map(|time| time.to_string());
        (pane.name(entry).to_string_lossy().into_owned(), kind, pane.listing.size(entry), modified, place)
    });
    let extension = Path::new(file).extension().map(OsStr::to_ascii_lowercase);
    let is = |known: &str| extension.as_ref().is_some_and(|extension| extension == known);
    if is("json") || is("jsonl") {
        let row = |(name, kind, size, modified, place)| {
            serde_json::json!({ "name": name, "kind": kind, "size": size, "modified": modified, "location": place })
                .to_string()
        };
        let rows: Vec<String> = rows.map(row).collect();
        // One document, or one a line.
        return Ok(if is("json") { format!("[\n{}\n]\n", rows.join(",\n")) } else { rows.join("\n") + "\n" });
    }
    let failed = |why: String| Error::new(Failure::Internal, format!("the listing cannot be written: {why}"));
    let mut table = csv::Writer::from_writer(Vec::new());
    table
        .write_record(["name", "kind", "size", "modified", "location"])
        .map_err(|error| failed(error.to_string()))?;
    for (name, kind, size, modified, place) in rows {
        let size = size.map(|size| size.to_string()).unwrap_or_default();
        table
            .write_record([
                guarded(&name).as_str(),
                kind,
                &size,
                modified.as_deref().unwrap_or(""),
                &guarded(&place),
            ])
            .map_err(|error| failed(error.to_string()))?;
    }
    let bytes = table.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

/// Spreadsheets take such text for a formula.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}
