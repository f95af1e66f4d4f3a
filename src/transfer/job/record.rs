//! A job and the disk: its record in the journal, the folders it writes into, room for what it writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::super::journal::{JobLine, JobRecord, Limit, Mark, absolute};
use super::super::pace::cancelled;
use super::super::partial::{Goal, Place};
use super::super::plan::{Planned, blocking};
use super::super::types::OnConflict;
use super::{Job, lock};
use crate::error::{Error, Result};
use crate::local::Beneath;
use crate::local::target::{Named, named};
use crate::location::Location;

/// Between two looks for room on a full disk.
const ROOM: Duration = Duration::from_secs(1);
/// So much must be free, besides what is wanted, before a full disk counts as having room.
const SPARE: u64 = 8 << 20;

/// How a file's state is written down.
fn mark_of(planned: &Planned) -> Mark {
    Mark {
        source: absolute(&planned.from).exact(),
        size: planned.size.unwrap_or(0),
        state: planned.state(),
        target: None,
        etag: None,
    }
}

/// The folder that a file is in.
fn parent(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_path_buf()
}

impl Job {
    /// Has it in the journal from now on, if anything can be; its name there. Goes on with an equal one that was
    /// interrupted.
    pub(in crate::transfer) async fn journaled(&self) -> Option<String> {
        let open = || async {
            let (journal, request, resumed) =
                (self.shared.journal.clone(), self.request.clone(), self.resumed);
            let mut record = blocking(move || Ok(journal.job(&request, resumed))).await.ok().flatten()?;
            let id = record.id.clone();
            self.paused.send_if_modified(|paused| record.paused && !std::mem::replace(paused, true));
            self.priority.store(record.priority, Ordering::Relaxed);
            if let Some(Limit(rate)) = record.limit {
                self.limit.set(rate);
            }
            self.skips_same.store(record.before.skips_same, Ordering::Relaxed);
            *lock(&self.before) = std::mem::take(&mut record.before);
            *lock(&self.log) = Some(record);
            Some(id)
        };
        if self.request.dry_run { None } else { self.record.get_or_init(open).await.clone() }
    }

    /// Writes down how something about it stands by the time that it is written, so that of two writers the last one
    /// is right. Blocking.
    pub(in crate::transfer) fn note_state(&self, state: fn(&Self) -> JobLine) {
        if let Some(record) = lock(&self.log).as_ref() {
            record.note(&state(self));
        }
    }

    /// Writes something down about it.
    pub(in crate::transfer) fn note(&self, line: &JobLine) {
        if let Some(record) = lock(&self.log).as_ref() {
            record.note(line);
        }
    }

    /// Takes it out of the journal; its name there.
    pub(in crate::transfer) fn unrecord(&self) -> Option<String> {
        let record = lock(&self.log).take()?;
        let id = record.id.clone();
        record.remove();
        Some(id)
    }

    /// Lets go of its record, so that another run can take it.
    pub(in crate::transfer) fn release(&self) -> Option<String> {
        lock(&self.log).take().map(|record| record.id)
    }

    /// What was written down when this very state of a file was finished.
    pub(in crate::transfer) fn finished(&self, planned: &Planned) -> Option<Mark> {
        let ours = mark_of(planned);
        lock(&self.before).done.get(&ours.source).filter(|mark| mark.is_of(&ours)).cloned()
    }

    /// Has what this run has finished counted among what earlier ones did: something is done over again.
    pub(in crate::transfer) async fn recall(self: &Arc<Self>) {
        let job = Arc::clone(self);
        let recalled = blocking(move || Ok(lock(&job.log).as_ref().and_then(JobRecord::read))).await;
        if let Ok(Some(before)) = recalled {
            *lock(&self.before) = before;
        }
    }

    /// Whether it is no wonder that nothing is there any more: an earlier run has moved it, or what was below it.
    pub(in crate::transfer) fn has_moved(&self, from: &Location, tree: bool) -> bool {
        let (before, from) = (lock(&self.before), absolute(from));
        before.moved.contains_key(&from)
            || (tree && before.moved.keys().any(|source| source.below(&from).is_some()))
    }

    /// Where an earlier run that was to move a file has put it.
    pub(in crate::transfer) fn moved_to(&self, from: &Location) -> Option<Location> {
        lock(&self.before).moved.get(&absolute(from)).cloned()
    }

    /// The name that an earlier run chose for a file, which it may have got.
    pub(in crate::transfer) fn chosen_for(&self, from: &Location) -> Option<Location> {
        lock(&self.before).chosen.get(&absolute(from)).cloned()
    }

    /// Writes down a name that is not just the one that was planned, before it is written to.
    pub(in crate::transfer) fn choose(&self, planned: &Planned, to: &Location) {
        if self.is_chosen(planned, to) {
            self.note(&JobLine::Chosen(absolute(&planned.from), absolute(to)));
        }
    }

    /// Whether a target has to be told: where names are chosen anew, one that was planned may be somebody else's.
    fn is_chosen(&self, planned: &Planned, to: &Location) -> bool {
        *to != planned.to || self.request.on_conflict == OnConflict::Rename
    }

    /// Whether an earlier run got anywhere.
    pub(in crate::transfer) fn has_finished_files(&self) -> bool {
        let before = lock(&self.before);
        !(before.done.is_empty() && before.chosen.is_empty())
    }

    /// How a local target is written: below the folder of its tree without following links, or as the user named it.
    /// Blocking.
    pub(in crate::transfer) fn goal(&self, target: &Path) -> Result<Goal> {
        let (root, target) = match self.container(target) {
            Some(root) => (root.to_path_buf(), target.to_path_buf()),
            None => match named(target)? {
                Named::Stream(stream) => return Ok(Goal::Stream(stream)),
                Named::File(file) => (parent(&file), file),
            },
        };
        let beneath = self.beneath(&root)?;
        Place::below(&beneath, &root, &target, self.shared.settings.room).map(Goal::File)
    }

    /// The place of a symbolic link that is made at `target`.
    pub(in crate::transfer) fn place_of_link(&self, target: &Path) -> Result<Place> {
        let root = self.container(target).map_or_else(|| parent(target), Path::to_path_buf);
        let beneath = self.beneath(&root)?;
        Place::for_link(&beneath, &root, target, self.shared.settings.room)
    }

    /// Whether `target` takes bytes in order, so that nothing of it is replaced.
    pub(in crate::transfer) fn is_stream(&self, target: &Path) -> bool {
        self.container(target).is_none() && matches!(named(target), Ok(Named::Stream(_)))
    }

    /// The folder that a file at `target` must not leave by a link: that of a tree. What the user named himself is
    /// followed.
    fn container(&self, target: &Path) -> Option<&Path> {
        let trees = self.request.items.iter().filter(|item| item.tree).map(|item| &item.to);
        let trees =
            trees.chain(self.request.trees.as_deref().map(|(_, to)| to)).filter_map(Location::as_local);
        let mut roots = trees.chain(self.request.within.as_deref());
        roots.find(|root| target.starts_with(root) && target != *root)
    }

    fn beneath(&self, root: &Path) -> Result<Arc<Beneath>> {
        if let Some(known) = lock(&self.roots).get(root) {
            return Ok(Arc::clone(known));
        }
        let beneath = Arc::new(Beneath::new(root)?);
        lock(&self.roots).insert(root.to_path_buf(), Arc::clone(&beneath));
        Ok(beneath)
    }

    /// Waits until a full disk has room again, if somebody is there to make some.
    pub(in crate::transfer) async fn out_of_space(
        &self,
        error: Error,
        place: Option<&Place>,
        wanted: u64,
    ) -> Result<()> {
        if !self.shared.settings.wait_for_space {
            return Err(error);
        }
        *lock(&self.waits) = Some(error.message());
        let waited = loop {
            tokio::select! {
                biased;
                () = self.cancel.cancelled() => break Err(cancelled()),
                () = tokio::time::sleep(ROOM) => {}
            }
            let free = place.and_then(Place::free_space);
            if free.is_none_or(|free| free > wanted + SPARE) {
                break Ok(());
            }
        };
        *lock(&self.waits) = None;
        waited
    }

    /// Writes down that a file has arrived, where, and with which ETag.
    pub(in crate::transfer) fn write_down(&self, planned: &Planned, to: &Location, etag: Option<String>) {
        let target = self.is_chosen(planned, to).then(|| absolute(to));
        self.note(&JobLine::Done(Mark { target, etag, ..mark_of(planned) }));
    }
}
