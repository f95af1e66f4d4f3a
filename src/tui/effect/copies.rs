//! The copies of objects that are edited, and what is known of each: enough to write it back after this run has ended in
//! the middle of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::config::paths::make_private;
use crate::error::{Error, Result};
use crate::local::name_key;
use crate::location::{Location, Remote};
use crate::s3::{Algorithm, Attributes, Digest, Hasher};
use crate::tui::dialog::{Base, Editing};

/// Folders below that of the program's state: of the copies, each in a folder of its own, and of the notes on them.
const COPIES: &str = "edits";
const NOTES: &str = "edits-notes";

/// What is noted of a copy.
#[derive(Serialize, Deserialize)]
struct Note {
    /// The process that has it in an editor.
    process: u32,
    profile: String,
    bucket: String,
    key: String,
    etag: String,
    attributes: Attributes,
    algorithm: String,
    digest: String,
}

/// The name of the copy of an object: its own, as editors tell by that what it is.
fn file_name(place: &Location) -> PathBuf {
    let name = name_key(&place.name()).into_owned();
    Path::new(&name).file_name().unwrap_or("object".as_ref()).into()
}

/// Puts the bytes of an object into a folder of its own below `state`. Blocking.
pub(super) fn write(state: &Path, place: &Location, bytes: &[u8]) -> Result<PathBuf> {
    let folder = state.join(COPIES);
    make_private(&folder)?;
    let failed = |error| Error::local("write to", &folder, error);
    let own = tempfile::Builder::new().prefix("edit-").tempdir_in(&folder).map_err(failed)?;
    let file = own.path().join(file_name(place));
    std::fs::write(&file, bytes).map_err(|error| Error::local("write", &file, error))?;
    // It goes when it is written back, not before.
    let _ = own.keep();
    Ok(file)
}

/// The note on a copy.
fn note_of(file: &Path) -> Option<PathBuf> {
    let own = file.parent()?;
    let name = own.file_name()?;
    Some(own.parent()?.parent()?.join(NOTES).join(name).with_extension("json"))
}

/// Notes what is needed to write a copy back. Blocking.
pub(super) fn note(editing: &Editing) -> Result<()> {
    let (Location::Remote(object), Some(base)) = (&editing.place, &editing.base) else { return Ok(()) };
    let Some(path) = note_of(&editing.file) else { return Ok(()) };
    let note = Note {
        process: std::process::id(),
        profile: object.profile.clone(),
        bucket: object.bucket.clone(),
        key: object.key.clone(),
        etag: base.etag.clone(),
        attributes: base.attributes.clone(),
        algorithm: base.digest.algorithm.name().to_owned(),
        digest: base.digest.base64(),
    };
    if let Some(folder) = path.parent() {
        make_private(folder)?;
    }
    let failed = |error| Error::local("write", &path, error);
    let text = serde_json::to_string(&note).map_err(|error| failed(error.into()))?;
    std::fs::write(&path, text).map_err(failed)
}

/// The user knows where the copy is and does not want to be asked about it. Blocking.
pub(super) fn forget(file: &Path) {
    if let Some(note) = note_of(file) {
        // At worst it is offered once more.
        let _ = std::fs::remove_file(note);
    }
}

/// Removes the folder of a copy if it holds nothing but what `digest` is the digest of; whether it did. An editor's own
/// files beside it (its recovery file, a backup) are the user's. Blocking.
pub(super) fn remove(file: &Path, digest: &Digest) -> bool {
    let Some(own) = file.parent() else { return false };
    let names = |folder: &Path| -> Option<BTreeSet<_>> {
        std::fs::read_dir(folder).ok()?.map(|entry| entry.ok().map(|entry| entry.path())).collect()
    };
    let alone = names(own).is_some_and(|names| names.iter().all(|name| name == file));
    let same = std::fs::read(file).is_ok_and(|bytes| Hasher::of(digest.algorithm, &bytes) == *digest);
    // Neither call removes what came meanwhile: a folder that is not empty stays.
    let removed = alone && same && std::fs::remove_file(file).is_ok() && std::fs::remove_dir(own).is_ok();
    if removed {
        forget(file);
    }
    removed
}

/// Copies that earlier runs have left behind, below `state`; those that hold nothing new are removed. Blocking.
pub(super) fn left_behind(state: &Path) -> Vec<Editing> {
    let Ok(notes) = std::fs::read_dir(state.join(NOTES)) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = notes.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths.iter().filter_map(|path| found(state, path)).collect()
}

fn found(state: &Path, path: &Path) -> Option<Editing> {
    let note: Note = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
    if is_running(note.process) {
        return None;
    }
    let digest = Digest::from_base64(Algorithm::named(&note.algorithm)?, &note.digest)?;
    let object = Remote { profile: note.profile, bucket: note.bucket, key: note.key };
    let place = Location::Remote(object);
    let file = state.join(COPIES).join(path.file_stem()?).join(file_name(&place));
    if !file.exists() || remove(&file, &digest) {
        forget(&file);
        return None;
    }
    let base = Base { etag: note.etag, attributes: note.attributes, digest };
    Some(Editing { place, file, base: Some(base) })
}

/// Whether another process is at it. One of our own number is gone: nothing is edited yet.
fn is_running(process: u32) -> bool {
    let pid = i32::try_from(process).ok().and_then(Pid::from_raw);
    process != std::process::id()
        && pid.is_some_and(|pid| !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editing(state: &Path) -> Editing {
        let object = Remote { profile: "p".into(), bucket: "b".into(), key: "k/a.txt".into() };
        let place = Location::Remote(object);
        let file = write(state, &place, b"first").unwrap();
        let digest = Hasher::of(Algorithm::Md5, b"first");
        let base = Base { etag: "e".into(), attributes: Attributes::default(), digest };
        let editing = Editing { place, file, base: Some(base) };
        note(&editing).unwrap();
        editing
    }

    #[test]
    fn what_was_changed_before_a_run_ended_is_found_by_the_next_and_what_was_not_is_removed() {
        let state = tempfile::tempdir().unwrap();
        let (changed, same) = (editing(state.path()), editing(state.path()));
        std::fs::write(&changed.file, "second").unwrap();
        assert_eq!(left_behind(state.path()), std::slice::from_ref(&changed));
        assert!(!same.file.parent().unwrap().exists());
        forget(&changed.file);
        assert_eq!(left_behind(state.path()), []);
        assert!(changed.file.exists(), "it is only not asked about any more");
    }

    #[test]
    fn a_copy_goes_only_with_what_was_written_and_alone() {
        let state = tempfile::tempdir().unwrap();
        let editing = editing(state.path());
        let digest = editing.base.unwrap().digest;
        let recovery = editing.file.with_file_name(".a.txt.swp");
        std::fs::write(&recovery, "what an editor has not saved").unwrap();
        assert!(!remove(&editing.file, &digest));
        assert!(editing.file.exists() && recovery.exists());
        std::fs::remove_file(&recovery).unwrap();
        std::fs::write(&editing.file, "later").unwrap();
        assert!(!remove(&editing.file, &digest), "changed since");
        assert!(remove(&editing.file, &Hasher::of(Algorithm::Md5, b"later")));
        assert!(!editing.file.parent().unwrap().exists());
    }
}
