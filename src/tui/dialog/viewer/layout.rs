//! Bytes become lines away from the thread that draws: unpacking, laying out and decoding pictures takes a while. What
//! is there already is shown meanwhile, and keys act on it.

use std::sync::Arc;

use super::{FIRST, Viewer, WHOLE};
use crate::error::Result;
#[cfg(feature = "images")]
use crate::preview::{self, Form, Picture, Reading, Sample, Shown};

/// Bytes to be shown.
#[derive(Clone)]
pub(crate) struct Laying {
    /// Come back with the lines: a newer viewer, or one that was told something else meanwhile, has others.
    pub(crate) view: u64,
    pub(crate) number: u64,
    name: String,
    bytes: Arc<Vec<u8>>,
    start: u64,
    last: bool,
    reading: Reading,
    form: Option<Form>,
}

impl std::fmt::Debug for Laying {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Laying({} bytes of {:?})", self.bytes.len(), self.name)
    }
}

/// What they look like.
#[derive(Clone, Debug)]
pub(crate) struct Laid {
    shown: Shown,
    /// Or why there is none.
    #[cfg(feature = "images")]
    picture: Option<std::result::Result<Picture, String>>,
}

impl Laying {
    /// Does it.
    pub(crate) fn run(&self) -> Laid {
        let Self { start, last, reading, .. } = *self;
        let sample = Sample { name: &self.name, bytes: &self.bytes, start, last };
        #[cfg(feature = "images")]
        let is_picture = start == 0 && last && self.form.is_none() && preview::is_picture(&self.bytes);
        Laid {
            shown: preview::show(sample, reading, self.form),
            #[cfg(feature = "images")]
            picture: is_picture.then(|| Picture::decode(&self.bytes)),
        }
    }

    /// Whether nobody notices how long it takes.
    fn is_quick(&self) -> bool {
        self.bytes.len() as u64 <= FIRST && !preview::is_picture(&self.bytes)
    }
}

impl Viewer {
    /// Whether what is there is not yet shown as it is to be.
    pub(super) fn is_laying(&self) -> bool {
        self.laid != self.laying
    }

    /// What is there is to be shown anew.
    pub(super) fn lay(&mut self) {
        self.laying += 1;
        let last = self.end() >= self.length();
        let mut reading = self.reading.unwrap_or_else(|| Reading::of(&self.bytes, last));
        reading.settle(&self.bytes, last);
        self.reading = Some(reading);
        let work = Laying {
            view: self.view,
            number: self.laying,
            name: self.name(),
            bytes: Arc::clone(&self.bytes),
            start: self.start,
            last,
            reading,
            form: self.form,
        };
        if work.is_quick() {
            self.take(work.run());
        } else {
            self.work = Some(work);
        }
    }

    /// Nothing is waited for any longer.
    pub(super) fn forget_layout(&mut self) {
        self.laying += 1;
        self.laid = self.laying;
        self.work = None;
    }

    /// The layout that is to be made, once.
    pub(crate) fn lays(&mut self) -> Option<Laying> {
        self.work.take()
    }

    /// A layout was made, or could not be. What is not waited for is dropped.
    pub(crate) fn laid_out(&mut self, view: u64, number: u64, laid: Result<Laid>) {
        if (view, number) != (self.view, self.laying) {
            return;
        }
        match laid {
            Ok(laid) => self.take(laid),
            Err(error) => {
                self.laid = self.laying;
                self.error = Some(error);
            }
        }
    }

    /// The line at the top stays there.
    fn take(&mut self, laid: Laid) {
        self.laid = self.laying;
        let at = self.shown.lines.get(self.top).map_or(0, |(at, _)| *at);
        #[cfg(feature = "images")]
        match laid.picture {
            Some(Ok(picture)) => self.picture = Some(picture),
            Some(Err(why)) => self.note = Some(format!("it cannot be shown as a picture: {why}")),
            None => {}
        }
        if laid.shown.what == "table" && self.shown.what != laid.shown.what {
            // Rows that wrap have no columns.
            self.wrap = false;
        }
        self.shown = laid.shown;
        if self.shown.is_plain && at > 0 {
            let found = self.shown.lines.binary_search_by_key(&at, |(at, _)| *at);
            self.top = found.unwrap_or_else(|near| near.saturating_sub(1));
        }
        self.tell_why_plain();
        self.top = self.top.min(self.shown.lines.len().saturating_sub(1));
        let has_come = !self.is_running() && std::mem::take(&mut self.to_end);
        if has_come {
            self.stopped = false;
            (self.top, self.above) = self.bottom();
        }
        match self.seeking {
            true if has_come => self.find(self.top, true),
            true => self.look_on(),
            false => {}
        }
    }

    /// Why what is mostly laid out is not.
    fn tell_why_plain(&mut self) {
        let laid_out = matches!(self.shown.what.as_str(), "JSON" | "table");
        let comes = self.needs_whole() && !self.is_complete();
        if self.form.is_some() || laid_out || comes || !preview::is_laid_out(&self.name()) || self.top > 0 {
            return;
        }
        if self.length() > WHOLE {
            self.note = Some("too large to be laid out: shown as text".to_owned());
        } else if self.is_complete() {
            self.note = Some("damaged: shown as text".to_owned());
        }
    }
}
