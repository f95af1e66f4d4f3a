//! The viewer: a file or an object over the whole screen, of which only what is looked at is fetched.

mod draw;
mod layout;
mod packed;
mod parts;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;

use super::super::text;
use super::{Decision, Hint, Outcome};
use crate::action::Action;
use crate::error::Error;
use crate::location::Location;
#[cfg(feature = "images")]
use crate::preview::{Form, Picture, Reading, Shown};
use crate::s3::Version;
use crate::unicode::fold;
pub(crate) use layout::{Laid, Laying};
use packed::Packed;
pub(crate) use packed::Unpacking;

/// Bytes fetched first, and then at once.
const FIRST: u64 = 64 << 10;
const STEP: u64 = 256 << 10;
/// Bytes held at most; the part farthest from what is seen goes first.
const HELD: usize = 4 << 20;
/// What has to be known as a whole is fetched up to this size, a picture up to the second one.
const WHOLE: u64 = 4 << 20;
const PICTURE: u64 = 32 << 20;
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
    /// Which version, if not what is there now.
    pub(crate) version: Option<String>,
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
    /// The version that it is of, if not what is there now.
    version: Option<Version>,
    view: u64,
    size: u64,
    etag: Option<String>,
    /// Shared with whoever makes lines of them.
    bytes: Arc<Vec<u8>>,
    /// Where `bytes` begin.
    start: u64,
    pending: Option<Range<u64>>,
    /// Something of it has come, if only that there is nothing.
    looked: bool,
    /// It is packed: what is held, counted and shown is what is in it.
    packed: Option<Packed>,
    /// Whether it can be unpacked, once that was tried.
    unpacks: Option<bool>,
    /// How its bytes are read, once its beginning was seen.
    reading: Option<Reading>,
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
    /// It was stopped on the way there.
    stopped: bool,
    /// What lies before what is held is wanted, though it has to be unpacked anew.
    back: bool,
    search: String,
    /// What is still being looked for.
    seeking: bool,
    /// Where that goes on: lines that begin before were seen.
    sought: u64,
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
            version: None,
            view,
            size,
            etag: None,
            bytes: Arc::default(),
            start: 0,
            pending: None,
            looked: false,
            packed: None,
            unpacks: None,
            reading: None,
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
            stopped: false,
            back: false,
            search: String::new(),
            seeking: false,
            sought: 0,
            note: None,
            page: Cell::new(1),
            width: Cell::new(80),
            last: Cell::new((0, 0)),
        }
    }

    /// Not of what is there now.
    pub(super) fn of_version(self, version: Option<Version>) -> Self {
        Self { version, ..self }
    }

    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn is_complete(&self) -> bool {
        self.start == 0 && self.end() >= self.length()
    }

    /// Whether there is nothing to fetch. Local files may hold more than they say: `/proc` has many that do.
    fn is_empty(&self) -> bool {
        self.length() == 0 && (self.looked || self.location.as_local().is_none())
    }

    pub(super) fn on_action(&mut self, action: Action) -> Outcome {
        self.note = None;
        self.stop_running();
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

    /// Whether it reads on for somebody who may have had enough of it.
    pub(super) fn is_busy(&self) -> bool {
        let searches = self.seeking && self.end() < self.length();
        self.error.is_none() && (searches || self.back || self.is_running())
    }

    /// Stops what goes on, and says so; else leaves.
    pub(super) fn dismiss(&mut self) -> Outcome {
        if !self.is_busy() {
            return Outcome::Close(None);
        }
        let searched = std::mem::take(&mut self.seeking);
        self.stop_running();
        self.note = Some(if searched { "stopped searching" } else { "stopped reading" }.to_owned());
        Outcome::Stay
    }

    fn scroll(&mut self, action: Action) {
        let page = isize::try_from(self.page.get().max(1)).unwrap_or(isize::MAX);
        match action {
            Action::DialogUp => self.go_back(1),
            Action::DialogDown => self.move_by(1),
            Action::DialogPageUp => self.go_back(page),
            Action::DialogPageDown => self.move_by(page),
            Action::DialogTop => {
                if self.start > 0 {
                    self.jump(false);
                }
                (self.top, self.above) = (0, 0);
            }
            Action::DialogBottom if self.end() < self.length() && self.packed.is_some() => {
                (self.to_end, self.seeking) = (true, false);
            }
            Action::DialogBottom if self.end() < self.length() => self.jump(true),
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
        self.packed = None;
        self.bytes = Arc::default();
        self.forget_layout();
        self.shown = Shown::default();
        self.start = 0;
        (self.top, self.above) = (0, 0);
        (self.to_end, self.stopped, self.back) = (to_end, false, false);
    }

    /// As it is now.
    fn reload(&mut self) {
        self.error = None;
        self.etag = None;
        (self.unpacks, self.reading, self.looked) = (None, None, false);
        self.jump(false);
    }

    fn turn(&mut self, form: Form) {
        self.form = match self.form {
            None if self.shown.what == "binary" => Some(Form::Text),
            None => Some(form),
            Some(_) => None,
        };
        // In hex what is packed is looked at as it is, else as what is in it.
        if self.unpacks == Some(true) && self.packed.is_some() == (self.form == Some(Form::Hex)) {
            self.jump(false);
        } else {
            self.lay();
        }
    }

    /// Looks for text from now on, whatever its case.
    pub(crate) fn search(&mut self, text: &str) {
        self.search = fold(text).into_owned();
        self.find(self.top, true);
    }

    fn find(&mut self, from: usize, forward: bool) {
        if self.search.is_empty() {
            return;
        }
        if self.to_end && self.is_laying() {
            // It is looked for from where it has come to, once that is seen.
            self.seeking = forward;
            return;
        }
        let lines = &self.shown.lines;
        let found = if forward {
            (from..lines.len()).find(|line| self.holds(*line))
        } else {
            (0..from.min(lines.len())).rfind(|line| self.holds(*line))
        };
        self.seeking = found.is_none() && forward && self.end() < self.length();
        match found {
            Some(at) => (self.top, self.above, self.note) = (at, 0, None),
            None if self.seeking => {
                // What was searched need not be searched again; the last line may go on.
                self.sought = lines.get(from).map_or_else(|| self.end(), |(at, _)| *at);
                self.top = lines.len().saturating_sub(1);
                self.note = Some("searching on...".to_owned());
            }
            None => self.note = Some("not found".to_owned()),
        }
    }

    /// Whether what is looked for begins in that line, which may go on in the next one.
    fn holds(&self, line: usize) -> bool {
        let (lines, continued) = (&self.shown.lines, &self.shown.continued);
        let text = fold(&lines[line].1);
        let next = continued.binary_search(&(line + 1)).ok().and_then(|_| lines.get(line + 1));
        let Some((_, next)) = next else { return text.contains(&self.search) };
        // So many characters as could belong to it, however many bytes they take.
        let head: String = next.chars().take(self.search.len()).collect();
        let own = text.len();
        (text.into_owned() + &fold(&head)).find(&self.search).is_some_and(|at| at < own)
    }

    /// Looks on in what has come: from the last line that was seen, or the one that it goes on with.
    fn look_on(&mut self) {
        let low = self.top - usize::from(self.shown.continued.binary_search(&self.top).is_ok()).min(self.top);
        let lines = self.shown.lines.iter().skip(low);
        let seen = lines.take_while(|(at, _)| *at < self.sought).count();
        self.find(low + seen, true);
    }
}
