//! Unfinished uploads below a place: found bit by bit, measured a few at a time, marked, aborted. Knows which one is to
//! be measured next; asks nobody itself.

mod draw;

use std::cell::Cell;
use std::ops::Range;

use jiff::Timestamp;
use ratatui::layout::Position;

use super::window::{self, Spots};
use super::{Decision, Hint, Outcome};
use crate::action::Action;
use crate::config::units::coarse;
use crate::error::{Error, Result};
use crate::location::Location;
use crate::s3::Upload;
use crate::sanitize::display_safe;
use crate::transfer::{BegunHere, Origin};
use crate::walk::uploads::{Batch, Held, age};

/// Requests in flight that measure.
const MEASURED_AT_ONCE: usize = 8;
/// Uploads that are measured although they are not seen.
const MEASURED_UNSEEN: usize = 200;

/// What is known of what an upload holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Unknown,
    Asked,
    Known(Held),
    /// It could not be had.
    Failed,
}

impl Size {
    fn is_answered(self) -> bool {
        matches!(self, Size::Known(_) | Size::Failed)
    }
}

/// One upload. Numbers ascend from row to row, and stay when others go.
#[derive(Debug)]
struct Row {
    number: usize,
    upload: Upload,
    age: String,
    /// Its key below the place, safe to show.
    name: String,
    size: Size,
    origin: Origin,
    marked: bool,
}

/// The question whether to abort, which waits for figures.
#[derive(Debug)]
struct Question {
    /// The numbers that it is about, ascending.
    about: Vec<usize>,
    /// Those of them that nobody was asked about, the next one last.
    queue: Vec<usize>,
    /// How many of them have no answer.
    open: usize,
}

/// What is to be aborted, and what is lost by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Number and upload.
    pub(crate) uploads: Vec<(usize, Upload)>,
    /// What they hold together.
    pub(crate) held: Held,
    /// Those of them of which that could not be found out.
    pub(crate) unknown: usize,
}

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::UploadMark], "mark"),
    (&[Action::UploadMarkAll], "all"),
    (&[Action::UploadMarkLeft], "mark those left behind"),
    (&[Action::UploadAbort], "abort"),
    (&[Action::UploadRefresh], "refresh"),
];

/// The dialog.
#[derive(Debug)]
pub(crate) struct Uploads {
    place: Location,
    /// Whether an empty list is a proof.
    lists_all: bool,
    /// What was begun from here.
    here: BegunHere,
    rows: Vec<Row>,
    /// The number of the next row.
    next: usize,
    cursor: usize,
    ended: bool,
    failed: Vec<Error>,
    /// Measurements under way.
    asked: usize,
    question: Option<Question>,
    /// Aborts under way.
    aborting: usize,
    /// How many rows are seen: known only where the size is, in drawing.
    page: Cell<usize>,
    spots: Spots,
}

impl Uploads {
    pub(super) fn new(place: Location, lists_all: bool) -> Self {
        Self {
            place,
            lists_all,
            here: BegunHere::default(),
            rows: Vec::new(),
            next: 0,
            cursor: 0,
            ended: false,
            failed: Vec::new(),
            asked: 0,
            question: None,
            aborting: 0,
            page: Cell::default(),
            spots: Spots::default(),
        }
    }

    /// The place that they are below.
    pub(crate) fn place(&self) -> &Location {
        &self.place
    }

    /// Forgets everything: they are found anew.
    pub(crate) fn restart(&mut self) {
        let cursor = self.cursor;
        *self = Self { cursor, ..Self::new(self.place.clone(), self.lists_all) };
    }

    /// It is known what was begun from here.
    pub(crate) fn begun(&mut self, here: BegunHere) {
        self.here = here;
    }

    /// Some were found, or some could not be read.
    pub(crate) fn found(&mut self, batch: Batch, now: Timestamp) {
        let found = match batch {
            Ok(found) => found,
            Err(error) => return self.failed.push(error),
        };
        for upload in found {
            let row = Row {
                number: self.next,
                age: age(&upload, now).map(coarse).unwrap_or_default(),
                name: self.name(&upload),
                origin: self.here.origin(&upload),
                upload,
                size: Size::Unknown,
                marked: false,
            };
            self.rows.push(row);
            self.next += 1;
        }
    }

    /// The key below the place; of a profile with its bucket.
    fn name(&self, upload: &Upload) -> String {
        let name = match &self.place {
            Location::Remote(root) => upload.key.strip_prefix(&root.key).unwrap_or(&upload.key),
            _ => return format!("{}/{}", display_safe(&upload.bucket), display_safe(&upload.key)),
        };
        display_safe(if name.is_empty() { &upload.key } else { name }).into_owned()
    }

    /// There are no more.
    pub(crate) fn end(&mut self) {
        self.ended = true;
        self.cursor = self.cursor();
    }

    /// The row under the cursor. After a restart there are fewer rows for a while; the cursor waits for its own.
    fn cursor(&self) -> usize {
        self.cursor.min(self.rows.len().saturating_sub(1))
    }

    /// The rows that are seen.
    fn seen(&self) -> Range<usize> {
        let top = self.spots.first(self.cursor(), self.rows.len(), self.page.get());
        top..self.rows.len().min(top + self.page.get())
    }

    /// See [`window::Spots::click`].
    pub(super) fn on_click(&mut self, cell: Position) -> Option<bool> {
        self.cursor = self.cursor();
        self.spots.click(cell, &mut self.cursor, self.rows.len())
    }

    /// What one of them holds.
    pub(crate) fn held(&mut self, number: usize, held: Result<Held>) {
        self.asked = self.asked.saturating_sub(1);
        if let Some(question) = &mut self.question
            && question.about.binary_search(&number).is_ok()
        {
            question.open = question.open.saturating_sub(1);
        }
        let size = held.map_or_else(
            |error| {
                self.failed.push(error);
                Size::Failed
            },
            Size::Known,
        );
        if let Some(row) = self.row_mut(number) {
            row.size = size;
        }
    }

    fn index(&self, number: usize) -> Option<usize> {
        self.rows.binary_search_by_key(&number, |row| row.number).ok()
    }

    fn row_mut(&mut self, number: usize) -> Option<&mut Row> {
        let index = self.index(number)?;
        self.rows.get_mut(index)
    }

    /// These were aborted; the cursor stays with its row.
    pub(crate) fn gone(&mut self, numbers: &[usize]) {
        let gone: std::collections::HashSet<&usize> = numbers.iter().collect();
        let above = self.rows.iter().take(self.cursor).filter(|row| gone.contains(&row.number)).count();
        self.rows.retain(|row| !gone.contains(&row.number));
        self.cursor -= above;
        self.cursor = self.cursor();
        self.aborting = self.aborting.saturating_sub(numbers.len());
    }

    /// So many are being aborted.
    pub(crate) fn aborting(&mut self, count: usize) {
        self.aborting += count;
    }

    /// So many could not be aborted.
    pub(crate) fn tried(&mut self, failed: usize) {
        self.aborting = self.aborting.saturating_sub(failed);
    }

    /// Wants to know what the marked ones hold, or the one under the cursor; false if there is none.
    pub(crate) fn ask(&mut self) -> bool {
        let mut about: Vec<usize> = self.rows.iter().filter(|row| row.marked).map(|row| row.number).collect();
        if about.is_empty() {
            about.extend(self.rows.get(self.cursor()).map(|row| row.number));
        }
        let size = |number: &usize| self.index(*number).map(|index| self.rows[index].size);
        let queue = about.iter().rev().filter(|number| size(number) == Some(Size::Unknown)).copied();
        let queue = queue.collect();
        let open = about.iter().filter(|number| size(number).is_some_and(|size| !size.is_answered())).count();
        let any = !about.is_empty();
        self.question = any.then_some(Question { about, queue, open });
        any
    }

    /// What the question is about whose figures are all there; once.
    pub(crate) fn answer(&mut self) -> Option<Chosen> {
        let question = self.question.take_if(|question| question.open == 0)?;
        let mut chosen = Chosen::default();
        for number in question.about {
            let Some(row) = self.index(number).map(|index| &self.rows[index]) else { continue };
            match row.size {
                Size::Known(held) => {
                    chosen.held.parts += held.parts;
                    chosen.held.bytes += held.bytes;
                }
                _ => chosen.unknown += 1,
            }
            chosen.uploads.push((number, row.upload.clone()));
        }
        Some(chosen).filter(|chosen| !chosen.uploads.is_empty())
    }

    /// The uploads to measure now: first what a question is about, then what is seen, then the first ones.
    pub(crate) fn measure(&mut self) -> Vec<(usize, Upload)> {
        let mut chosen = Vec::new();
        while self.asked < MEASURED_AT_ONCE
            && let Some(index) = self.next_to_measure()
        {
            let row = &mut self.rows[index];
            row.size = Size::Asked;
            chosen.push((row.number, row.upload.clone()));
            self.asked += 1;
        }
        chosen
    }

    fn next_to_measure(&mut self) -> Option<usize> {
        while let Some(number) = self.question.as_mut().and_then(|question| question.queue.pop()) {
            // It may have been asked about meanwhile, as it is seen.
            if let Some(index) = self.index(number).filter(|index| self.rows[*index].size == Size::Unknown) {
                return Some(index);
            }
        }
        let unknown = |range: Range<usize>| {
            let rows = self.rows.iter().enumerate().take(range.end).skip(range.start);
            rows.filter(|(_, row)| row.size == Size::Unknown).map(|(index, _)| index).next()
        };
        unknown(self.seen()).or_else(|| unknown(0..MEASURED_UNSEEN))
    }

    /// Those begun from here that no transfer goes on with.
    fn left(&self) -> usize {
        self.rows.iter().filter(|row| row.origin == Origin::Left).count()
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        match action {
            Action::UploadMark => {
                let cursor = self.cursor();
                if let Some(row) = self.rows.get_mut(cursor) {
                    row.marked = !row.marked;
                }
                self.go(1);
            }
            Action::UploadMarkAll => self.rows.iter_mut().for_each(|row| row.marked = true),
            Action::UploadMarkInvert => self.rows.iter_mut().for_each(|row| row.marked = !row.marked),
            Action::UploadMarkLeft => {
                self.rows.iter_mut().for_each(|row| row.marked = row.origin == Origin::Left);
            }
            Action::UploadAbort => return Outcome::Do(Decision::AskAbort),
            Action::UploadRefresh => return Outcome::Do(Decision::FindUploads),
            _ => self.cursor = window::moved(action, self.cursor(), self.rows.len(), self.page.get()),
        }
        Outcome::Stay
    }

    fn go(&mut self, by: isize) {
        self.cursor = self.cursor().saturating_add_signed(by);
        self.cursor = self.cursor();
    }
}
