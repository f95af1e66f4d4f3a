//! Versions of an object, or of everything below a place: found bit by bit, marked, brought back, copied, deleted. Asks
//! nobody itself.

mod draw;

use std::cell::Cell;
use std::collections::HashSet;

use ratatui::layout::Position;

use super::window::{self, Spots};
use super::{Decision, Hint, Outcome};
use crate::action::Action;
use crate::error::Error;
use crate::s3::{ObjectId, Version};
use crate::sanitize::display_safe;
use crate::walk::versions::Scope;

/// One version.
#[derive(Debug)]
struct Row {
    version: Version,
    /// Its key below the place, safe to show.
    name: String,
    marked: bool,
}

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::VersionView], "view"),
    (&[Action::VersionRestore], "restore"),
    (&[Action::VersionCopy], "copy"),
    (&[Action::VersionDelete], "delete"),
    (&[Action::VersionPurge], "purge"),
    (&[Action::VersionMark], "mark"),
    (&[Action::VersionOnlyDeleted], "only deleted"),
    (&[Action::DialogCopy], "copy id"),
];

/// The dialog.
#[derive(Debug)]
pub(crate) struct Versions {
    scope: Scope,
    rows: Vec<Row>,
    /// Of the rows those that are seen.
    seen: Vec<usize>,
    /// Only keys whose newest state is a delete marker.
    only_deleted: bool,
    cursor: usize,
    ended: bool,
    /// There is more than is shown.
    more: bool,
    failed: Option<Error>,
    /// How many rows are seen: known only where the size is, in drawing.
    page: Cell<usize>,
    spots: Spots,
}

impl Versions {
    pub(super) fn new(scope: Scope) -> Self {
        Self {
            scope,
            rows: Vec::new(),
            seen: Vec::new(),
            only_deleted: false,
            cursor: 0,
            ended: false,
            more: false,
            failed: None,
            page: Cell::new(1),
            spots: Spots::default(),
        }
    }

    /// The keys that it is about.
    pub(crate) fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Forgets everything: it is found anew, of other keys if those are named.
    pub(crate) fn restart(&mut self, scope: Option<Scope>) {
        let (cursor, only_deleted) = (if scope.is_none() { self.cursor } else { 0 }, self.only_deleted);
        let scope = scope.unwrap_or_else(|| self.scope.clone());
        *self = Self { only_deleted, cursor, ..Self::new(scope) };
    }

    /// Some were found.
    pub(crate) fn found(&mut self, versions: Vec<Version>) {
        for version in versions {
            let below = version.key.strip_prefix(&self.scope.root.key).filter(|_| self.scope.tree);
            let name = below.filter(|rest| !rest.is_empty()).unwrap_or(&version.key);
            let name = display_safe(name).into_owned();
            self.rows.push(Row { version, name, marked: false });
        }
        self.look();
    }

    /// There are no more, or it ended early.
    pub(crate) fn end(&mut self, more: bool, failed: Option<Error>) {
        (self.ended, self.more, self.failed) = (true, more, failed);
        self.cursor = self.cursor();
    }

    /// Finds the rows that are seen.
    fn look(&mut self) {
        let mut deleted: Option<&str> = None;
        let mut seen = Vec::with_capacity(self.rows.len());
        for (index, row) in self.rows.iter().enumerate() {
            if row.version.latest {
                deleted = row.version.is_deletion().then_some(&row.version.key);
            }
            if !self.only_deleted || deleted == Some(&row.version.key) {
                seen.push(index);
            }
        }
        self.seen = seen;
        if self.only_deleted {
            // What is not seen is not acted on.
            let seen: HashSet<usize> = self.seen.iter().copied().collect();
            self.rows.iter_mut().enumerate().for_each(|(at, row)| row.marked &= seen.contains(&at));
        }
    }

    /// Whether only some of it is seen or marked.
    pub(crate) fn is_narrowed(&self) -> bool {
        self.only_deleted || self.rows.iter().any(|row| row.marked)
    }

    /// After a restart there are fewer rows for a while; the cursor waits for its own.
    fn cursor(&self) -> usize {
        self.cursor.min(self.seen.len().saturating_sub(1))
    }

    fn current(&self) -> Option<&Row> {
        self.seen.get(self.cursor()).map(|index| &self.rows[*index])
    }

    /// The one under the cursor.
    pub(crate) fn under_cursor(&self) -> Option<&Version> {
        self.current().map(|row| &row.version)
    }

    /// What an action is about: the marked ones, or else the one under the cursor.
    pub(crate) fn chosen(&self) -> Vec<Version> {
        let marked: Vec<Version> =
            self.rows.iter().filter(|row| row.marked).map(|row| row.version.clone()).collect();
        if marked.is_empty() {
            self.current().map(|row| row.version.clone()).into_iter().collect()
        } else {
            marked
        }
    }

    /// The delete markers above the newest state of `key` that has bytes; empty: it is not deleted, or nothing is kept.
    pub(crate) fn hiding(&self, key: &str) -> Vec<ObjectId> {
        let of_key = || self.rows.iter().map(|row| &row.version).filter(|version| version.key == key);
        if of_key().all(|version| version.object.is_none()) {
            return Vec::new();
        }
        of_key().take_while(|version| version.object.is_none()).map(Version::object_id).collect()
    }

    /// How many there are, and their bytes; `None`: not all were read.
    pub(crate) fn total(&self) -> Option<(usize, u64)> {
        let bytes = self.rows.iter().filter_map(|row| row.version.object.as_ref()).map(|object| object.size);
        (self.ended && !self.more).then(|| (self.rows.len(), bytes.sum()))
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        match action {
            Action::VersionView | Action::DialogAccept => return Outcome::Do(Decision::ViewVersion),
            Action::VersionRestore => return Outcome::Do(Decision::RestoreVersions),
            Action::VersionCopy => return Outcome::Do(Decision::CopyVersions),
            Action::VersionDelete => return Outcome::Do(Decision::AskDeleteVersions),
            Action::VersionPurge => return Outcome::Do(Decision::AskPurge),
            Action::DialogCopy => {
                let ids: Vec<String> = self.chosen().into_iter().map(|version| version.id).collect();
                return Outcome::Do(Decision::CopyText(ids.join("\n")));
            }
            Action::VersionWiden => return Outcome::Do(Decision::WidenVersions),
            Action::VersionRefresh => return Outcome::Do(Decision::FindVersions),
            Action::VersionOnlyDeleted => {
                self.only_deleted = !self.only_deleted;
                self.look();
                self.cursor = 0;
            }
            Action::VersionMark => {
                let index = self.seen.get(self.cursor()).copied();
                if let Some(row) = index.and_then(|index| self.rows.get_mut(index)) {
                    row.marked = !row.marked;
                }
                self.go(1);
            }
            Action::VersionMarkAll => {
                let all = self.seen.iter().all(|index| self.rows[*index].marked);
                for index in &self.seen {
                    self.rows[*index].marked = !all;
                }
            }
            _ => self.cursor = window::moved(action, self.cursor(), self.seen.len(), self.page.get()),
        }
        Outcome::Stay
    }

    /// See [`window::Spots::click`].
    pub(super) fn on_click(&mut self, cell: Position) -> Option<bool> {
        self.cursor = self.cursor();
        self.spots.click(cell, &mut self.cursor, self.seen.len())
    }

    fn go(&mut self, by: isize) {
        self.cursor = self.cursor().saturating_add_signed(by);
        self.cursor = self.cursor();
    }
}
