//! Addresses of what is chosen, and listings as files.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::super::dialog::{Dialog, Pending, Purpose};
use super::super::message::Effect;
use super::super::pane::Pane;
use super::super::state::{State, Tone};
use super::super::text;
use super::browser::refresh;
use super::dialogs;
use crate::action::Action;
use crate::entry::Kind;
use crate::error::{Error, Kind as Failure, Result};
use crate::location::{Location, Remote};
use crate::sanitize::display_safe;

/// The objects, prefixes and buckets that are chosen; or the place itself.
fn chosen(state: &mut State) -> Vec<Remote> {
    let chosen = state.selection();
    if let Some(left_out) = state.left_out.take() {
        state.say(Tone::Warning, left_out);
    }
    let pane = state.here();
    let mut places: Vec<Remote> =
        chosen.iter().filter_map(|entry| pane.place(*entry).as_remote().cloned()).collect();
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
    if state.here().has_more() || state.here().loading {
        let bottom = state.config.keys.label(Action::Bottom);
        state.say(Tone::Warning, format!("not all of it is read; {bottom} reads it to its end"));
        return Vec::new();
    }
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

/// A file was written: panes that show its folder are read again.
pub(super) fn written_to(state: &mut State, result: Result<(PathBuf, usize)>) -> Vec<Effect> {
    match result {
        Err(error) => {
            dialogs::answered(state, Pending::Export, Err(&error));
            Vec::new()
        }
        Ok((file, rows)) => {
            state.dialogs.settle(Pending::Export, true);
            let rows = format!("{} row{}", text::thousands(rows), if rows == 1 { "" } else { "s" });
            state.say(Tone::Plain, format!("{rows} written to {}", display_safe(&file.to_string_lossy())));
            let folder = Location::Local(file).parent();
            refresh(state, folder.as_slice(), None)
        }
    }
}

/// Writes what is read of the listing, as it is filtered and sorted.
pub(super) fn export(state: &State, file: &str) -> Result<Vec<Effect>> {
    let pane = state.here();
    let text = written(pane, file)?;
    Ok(vec![Effect::WriteFile { file: file.into(), text, rows: pane.listing.rows() }])
}

/// A row as it is written.
#[derive(serde::Serialize)]
struct Row {
    name: String,
    kind: &'static str,
    size: Option<u64>,
    modified: Option<String>,
    storage_class: Option<String>,
    location: String,
}

fn row(pane: &Pane, entry: u32) -> Row {
    Row {
        name: pane.name(entry).to_string_lossy().into_owned(),
        kind: match pane.kind(entry) {
            Kind::Bucket => "bucket",
            kind if kind.is_container() => "prefix",
            _ => "object",
        },
        size: pane.listing.size(entry),
        modified: pane.listing.modified(entry).map(|time| time.to_string()),
        storage_class: Some(pane.listing.class(entry).to_owned()).filter(|class| !class.is_empty()),
        location: match pane.place(entry) {
            Location::Local(path) => path.display().to_string(),
            place => place.exact(),
        },
    }
}

fn written(pane: &Pane, file: &str) -> Result<String> {
    let rows = (0..pane.listing.rows()).filter_map(|at| pane.listing.at(at)).map(|entry| row(pane, entry));
    let extension = Path::new(file).extension().map(OsStr::to_ascii_lowercase);
    let is = |known: &str| extension.as_ref().is_some_and(|extension| extension == known);
    let failed = |why: String| Error::new(Failure::Internal, format!("the listing cannot be written: {why}"));
    if is("json") || is("jsonl") {
        let rows: Vec<String> = rows
            .map(|row| serde_json::to_string(&row))
            .collect::<std::result::Result<_, _>>()
            .map_err(|error| failed(error.to_string()))?;
        // One document, or one a line.
        return Ok(if is("json") { format!("[\n{}\n]\n", rows.join(",\n")) } else { rows.join("\n") + "\n" });
    }
    // An empty listing has its heading too.
    let mut table = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
    let heading = ["name", "kind", "size", "modified", "storage_class", "location"];
    table.write_record(heading).map_err(|error| failed(error.to_string()))?;
    for row in rows {
        let (name, location) = (guarded(row.name), guarded(row.location));
        let row = Row { name, location, storage_class: row.storage_class.map(guarded), ..row };
        table.serialize(row).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = table.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

/// Spreadsheets take such text for a formula.
fn guarded(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}
