//! Which parts are fetched, and where they go.

use std::ops::Range;
use std::sync::Arc;

use super::{Chunk, FIRST, HELD, PICTURE, STEP, Viewer, WHOLE, Wanted};
use crate::error::Result;
use crate::preview::{self, Reading};

impl Viewer {
    /// The part that is needed next, once: nothing is fetched that nobody looks at.
    pub(crate) fn wants(&mut self) -> Option<Wanted> {
        if self.pending.is_some() || self.error.is_some() || self.is_empty() {
            return None;
        }
        let range = self.next()?;
        self.pending = Some(range.clone());
        Some(Wanted {
            view: self.view,
            location: self.location.clone(),
            version: self.version.as_ref().map(|version| version.id.clone()),
            range,
            etag: self.etag.clone(),
        })
    }

    fn next(&self) -> Option<Range<u64>> {
        let (start, end, length) = (self.start, self.end(), self.length());
        if self.bytes.is_empty() {
            return Some(match self.packed {
                None if self.to_end && self.reading.is_some() => length.saturating_sub(STEP)..length,
                // A file that says that it is empty is asked.
                None if length == 0 => 0..FIRST,
                _ => 0..length.min(FIRST),
            });
        }
        if end < length && self.needs_whole() {
            return Some(end..length.min(end + STEP));
        }
        if self.is_running() {
            return Some(end..end + HELD as u64);
        }
        if self.back {
            // So much at once that it is not done often.
            return Some(start.saturating_sub(HELD as u64 / 2)..start);
        }
        if self.is_laying() {
            // How much is missing is known once it is seen what is there.
            return None;
        }
        let below = self.shown.lines.len().saturating_sub(self.top) < 3 * self.page.get();
        if end < length && (below || self.seeking) {
            return Some(end..length.min(end + STEP));
        }
        (self.packed.is_none() && self.is_near_start()).then(|| start.saturating_sub(STEP)..start)
    }

    /// Whether nothing of it can be shown as it should be without all of it.
    pub(super) fn needs_whole(&self) -> bool {
        let limit = if preview::is_picture(&self.bytes) { PICTURE } else { WHOLE };
        let fits = if self.is_endless() { self.end() < WHOLE } else { self.length() <= limit };
        self.start == 0 && fits && preview::needs_all(&self.name(), &self.bytes)
    }

    /// Whether what lies before what is held is looked at soon.
    pub(super) fn is_near_start(&self) -> bool {
        self.start > 0 && self.top < self.page.get()
    }

    /// Whether it is waited for; then it is no longer.
    pub(super) fn awaited(&mut self, wanted: &Wanted) -> bool {
        let is_awaited = wanted.view == self.view && self.pending.as_ref() == Some(&wanted.range);
        if is_awaited {
            self.pending = None;
        }
        is_awaited
    }

    /// A part came, or did not.
    pub(crate) fn fetched(&mut self, wanted: &Wanted, chunk: Result<Chunk>) {
        if !self.awaited(wanted) {
            return;
        }
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => {
                self.error = Some(error);
                return;
            }
        };
        self.looked = true;
        let is_first = wanted.range.start == 0 && self.bytes.is_empty();
        if chunk.bytes.is_empty() {
            // It is shorter than its listing says.
            self.size = self.end();
        } else {
            self.size = chunk.size;
        }
        self.etag = self.etag.take().or(chunk.etag);
        if is_first && self.is_to_be_unpacked(&chunk.bytes) {
            self.begin_unpacking(chunk.bytes);
            return;
        }
        let is_all = chunk.bytes.len() as u64 >= self.size;
        if is_first {
            self.unpacks = self.unpacks.or(self.may_be_packed().then_some(false));
            self.reading.get_or_insert_with(|| Reading::of(&chunk.bytes, is_all));
        }
        if is_first && self.to_end && !is_all {
            // What it is is known: its end can be had at once.
            self.jump(true);
        } else {
            self.put(&wanted.range, chunk.bytes);
            self.lay_if_due();
        }
    }

    /// Puts bytes where they belong; what is farthest from them goes.
    pub(super) fn put(&mut self, range: &Range<u64>, new: Vec<u8>) {
        if range.start == self.end() {
            Arc::make_mut(&mut self.bytes).extend(new);
            let extra = self.bytes.len().saturating_sub(HELD);
            let picture = self.length() <= PICTURE && preview::is_picture(&self.bytes);
            if extra > 0 && !picture {
                Arc::make_mut(&mut self.bytes).drain(..extra);
                self.start += extra as u64;
            }
        } else if self.bytes.is_empty() {
            (self.start, self.bytes) = (range.start, Arc::new(new));
        } else if range.end == self.start {
            self.start = range.start;
            let bytes = Arc::make_mut(&mut self.bytes);
            bytes.splice(..0, new);
            bytes.truncate(HELD);
        }
    }

    /// Until all of it is there its beginning will do.
    pub(super) fn lay_if_due(&mut self) {
        let is_bare = self.shown.lines.is_empty() && !self.is_laying();
        if is_bare || self.is_complete() || !self.needs_whole() {
            self.lay();
        }
    }
}
