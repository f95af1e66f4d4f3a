//! The viewer: a file or an object over the whole screen, of which only what is looked at is fetched.

mod draw;
mod layout;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use super::super::text;
use super::{Decision, Hint, Outcome};
use crate::action::Action;
use crate::error::{Error, Result};
use crate::location::Location;
#[cfg(feature = "images")]
use crate::preview::Picture;
use crate::preview::{self, Form, Shown};
pub(crate) use layout::{Laid, Laying};

/// Bytes fetched first, and then at once.
const FIRST: u64 = 64 << 10;
const STEP: u64 = 256 << 10;
/// Bytes held at most; the part farthest from what is seen goes first.
const HELD: usize = 4 << 20;
/// What has to be known as a whole is fetched up to this size, a picture up to the second one.
const WHOLE: u64 = 4 << 20;
const PICTURE: u64 = 32 << 20;
/// Of what is packed and larger only so much of the beginning is looked at.
const PACKED: u64 = 1 << 20;
/// Columns that an arrow key moves a text sideways.
const SIDEWAYS: usize = 8;

/// A part of an object as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunk {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// Of the whole object.
    pub(crate) size: u64,
    /// What further parts must belong to.
    pub(crate) etag: Option<String>,
}

/// A part that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Comes back with the part; a newer viewer, or one that jumped, has another one.
    pub(crate) view: u64,
    /// Of what.
    pub(crate) location: Location,
    /// Which bytes.
    pub(crate) range: Range<u64>,
    /// The state that it must belong to.
    pub(crate) etag: Option<String>,
}

/// For the status line.
pub(super) const HINTS: &[Hint] = &[
    (&[Action::DialogPageDown], "more"),
    (&[Action::DialogTop, Action::DialogBottom], "start, end"),
    (&[Action::ViewerSearch, Action::ViewerNext, Action::ViewerPrevious], "search"),
    (&[Action::ViewerHex], "hex"),
    (&[Action::ViewerWrap], "wrap"),
    (&[Action::ViewerReload], "reload"),
];

/// The viewer.
#[derive(Debug)]
pub(crate) struct Viewer {
    location: Location,
    view: u64,
    size: u64,
    etag: Option<String>,
    /// Shared with whoever makes lines of them.
    bytes: Arc<Vec<u8>>,
    /// Where `bytes` begin.
    start: u64,
    pending: Option<Range<u64>>,
    form: Option<Form>,
    shown: Shown,
    /// The number of the layout that is wanted, and of the one that is shown.
    laying: u64,
    laid: u64,
    /// The layout that nobody makes yet.
    work: Option<Laying>,
    #[cfg(feature = "images")]
    picture: Option<Picture>,
    error: Option<Error>,
    top: usize,
    /// Rows of the line at the top that are above the screen, when lines wrap.
    above: usize,
    left: usize,
    wrap: bool,
    /// The end is to be seen as soon as it is there.
    to_end: bool,
    search: String,
    /// What is still being looked for.
    seeking: bool,
    note: Option<String>,
    /// Lines and whether the end is seen: known only where the size is, in drawing.
    page: Cell<usize>,
    width: Cell<usize>,
    /// The last line that may stand at the top, and its rows above.
    last: Cell<(usize, usize)>,
}

impl Viewer {
    /// Of a file of so many bytes, as its listing says.
    pub(super) fn new(location: Location, size: u64, view: u64) -> Self {
        Self {
            location,
            view,
            size,
            etag: None,
            bytes: Arc::default(),
            start: 0,
            pending: None,
            form: None,
            shown: Shown::default(),
            laying: 0,
            laid: 0,
            work: None,
            #[cfg(feature = "images")]
            picture: None,
            error: None,
            top: 0,
            above: 0,
            left: 0,
            wrap: true,
            to_end: false,
            search: String::new(),
            seeking: false,
            note: None,
            page: Cell::new(1),
            width: Cell::new(80),
            last: Cell::new((0, 0)),
        }
    }

    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// Whether the rest of it could not be shown without all before it.
    fn is_beginning(&self) -> bool {
        self.size > WHOLE
            && self.start == 0
            && self.form != Some(Form::Hex)
            && preview::is_packed(&self.bytes)
    }

    fn is_complete(&self) -> bool {
        self.start == 0 && self.end() >= self.size
    }

    /// The part that is needed next, once: nothing is fetched that nobody looks at.
    pub(crate) fn wants(&mut self) -> Option<Wanted> {
        if self.pending.is_some() || self.error.is_some() || self.size == 0 {
            return None;
        }
        let range = self.next()?;
        self.pending = Some(range.clone());
        Some(Wanted { view: self.view, location: self.location.clone(), range, etag: self.etag.clone() })
    }

    fn next(&self) -> Option<Range<u64>> {
        let (start, end) = (self.start, self.end());
        if self.bytes.is_empty() {
            return Some(if self.to_end {
                self.size.saturating_sub(STEP)..self.size
            } else {
                0..self.size.min(FIRST)
            });
        }
        if end < self.size && self.needs_whole() {
            return Some(end..self.size.min(end + STEP));
        }
        if self.is_laying() {
            // How much is missing is known once it is seen what is there.
            return None;
        }
        let below = self.shown.lines.len().saturating_sub(self.top) < 3 * self.page.get();
        if self.is_beginning() && end >= PACKED {
            return None;
        }
        if end < self.size && (below || self.seeking) {
            return Some(end..self.size.min(end + STEP));
        }
        (start > 0 && self.top < self.page.get()).then(|| start.saturating_sub(STEP)..start)
    }

    /// Whether nothing of it can be shown as it should be without all of it.
    fn needs_whole(&self) -> bool {
        let limit = if preview::is_picture(&self.bytes) { PICTURE } else { WHOLE };
        self.start == 0 && self.size <= limit && preview::needs_all(&self.location.name(), &self.bytes)
    }

    /// A part came, or did not.
    pub(crate) fn fetched(&mut self, wanted: &Wanted, chunk: Result<Chunk>) {
        if wanted.view != self.view || self.pending.as_ref() != Some(&wanted.range) {
            return;
        }
        self.pending = None;
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                self.error = Some(error);
                return;
            }
        };
        if chunk.bytes.is_empty() {
            // It is shorter than its listing says.
            self.size = self.end();
        } else {
            self.size = chunk.size;
        }
        self.etag = self.etag.take().or(chunk.etag);
        if wanted.range.start == self.end() {
            Arc::make_mut(&mut self.bytes).extend(chunk.bytes);
            let extra = self.bytes.len().saturating_sub(HELD);
            let picture = self.size <= PICTURE && preview::is_picture(&self.bytes);
            if extra > 0 && !picture {
                Arc::make_mut(&mut self.bytes).drain(..extra);
                self.start += extra as u64;
            }
        } else if self.bytes.is_empty() {
            (self.start, self.bytes) = (wanted.range.start, Arc::new(chunk.bytes));
        } else if wanted.range.end == self.start {
            self.start = wanted.range.start;
            let bytes = Arc::make_mut(&mut self.bytes);
            bytes.splice(..0, chunk.bytes);
            bytes.truncate(HELD);
        }
        // Until all of it is there its beginning will do.
        let is_bare = self.shown.lines.is_empty() && !self.is_laying();
        if is_bare || self.is_complete() || !self.needs_whole() {
            self.lay();
        }
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        self.note = None;
        let searches = !self.search.is_empty();
        match action {
            Action::ViewerHex => self.turn(Form::Hex),
            Action::ViewerWrap => (self.wrap, self.above) = (!self.wrap, 0),
            Action::ViewerNext if searches => self.find(self.top + 1, true),
            Action::ViewerPrevious if searches => self.find(self.top, false),
            Action::ViewerSearch | Action::ViewerNext | Action::ViewerPrevious => {
                return Outcome::Do(Decision::AskSearch);
            }
            Action::ViewerReload => self.reload(),
            Action::ViewerLeft => self.left = self.left.saturating_sub(SIDEWAYS),
            Action::ViewerRight if !self.wrap => self.left += SIDEWAYS,
            Action::ViewerDown => self.scroll(Action::DialogDown),
            Action::ViewerClose => return Outcome::Close(None),
            _ => self.scroll(action),
        }
        Outcome::Stay
    }

    fn scroll(&mut self, action: Action) {
        let page = isize::try_from(self.page.get().max(1)).unwrap_or(isize::MAX);
        match action {
            Action::DialogUp => self.move_by(-1),
            Action::DialogDown => self.move_by(1),
            Action::DialogPageUp => self.move_by(-page),
            Action::DialogPageDown => self.move_by(page),
            Action::DialogTop => {
                if self.start > 0 {
                    self.jump(false);
                }
                (self.top, self.above) = (0, 0);
            }
            Action::DialogBottom if self.end() < self.size && !self.is_beginning() => self.jump(true),
            Action::DialogBottom => (self.top, self.above) = self.last.get(),
            _ => {}
        }
    }

    /// Rows that a line takes.
    fn rows(&self, line: usize) -> usize {
        match self.shown.lines.get(line) {
            Some((_, line)) if self.wrap => text::wrap(line, self.width.get()).len(),
            _ => 1,
        }
    }

    /// Scrolls by rows of the screen, which are fewer than lines where those wrap.
    fn move_by(&mut self, rows: isize) {
        let (mut top, mut above) = (self.top, if self.wrap { self.above } else { 0 });
        for _ in 0..rows.unsigned_abs() {
            if rows < 0 {
                match (above, top) {
                    (0, 0) => break,
                    (0, _) => (top, above) = (top - 1, self.rows(top - 1).saturating_sub(1)),
                    _ => above -= 1,
                }
            } else if above + 1 < self.rows(top) {
                above += 1;
            } else {
                (top, above) = (top + 1, 0);
            }
        }
        (self.top, self.above) = (top, above).min(self.last.get()).max((0, 0));
    }

    /// The line at the top, and its rows above, with which the last row is at the bottom.
    fn bottom(&self) -> (usize, usize) {
        let mut left = self.page.get().max(1);
        for line in (0..self.shown.lines.len()).rev() {
            let rows = self.rows(line);
            if rows >= left {
                return (line, rows - left);
            }
            left -= rows;
        }
        (0, 0)
    }

    /// To the other end, which is not here yet.
    fn jump(&mut self, to_end: bool) {
        self.view += 1 << 32;
        self.pending = None;
        self.bytes = Arc::default();
        self.forget_layout();
        self.shown = Shown::default();
        self.start = 0;
        (self.top, self.above) = (0, 0);
        self.to_end = to_end;
    }

    /// As it is now.
    fn reload(&mut self) {
        self.error = None;
        self.etag = None;
        self.jump(false);
    }

    fn turn(&mut self, form: Form) {
        self.form = match self.form {
            None if self.shown.what == "binary" => Some(Form::Text),
            None => Some(form),
            Some(_) => None,
        };
        self.lay();
    }

    /// Looks for text from now on, whatever its case.
    pub(crate) fn search(&mut self, text: &str) {
        self.search = text.to_lowercase();
        self.find(self.top, true);
    }

    fn find(&mut self, from: usize, forward: bool) {
        if self.search.is_empty() {
            return;
        }
        let holds = |(_, line): &(u64, String)| line.to_lowercase().contains(&self.search);
        let lines = &self.shown.lines;
        let found = if forward {
            lines.iter().skip(from).position(holds).map(|at| at + from)
        } else {
            lines.iter().take(from).rposition(holds)
        };
        self.seeking = found.is_none() && forward && self.end() < self.size;
        match found {
            Some(at) => (self.top, self.above) = (at, 0),
            None if self.seeking => {
                // What was searched need not be searched again.
                self.top = lines.len().saturating_sub(1);
                self.note = Some("searching on...".to_owned());
            }
            None => self.note = Some("not found".to_owned()),
        }
    }
}
