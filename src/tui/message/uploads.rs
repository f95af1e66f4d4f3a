//! What happens to unfinished uploads. Plain data.

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::location::Location;
use crate::s3::Upload;
use crate::transfer::BegunHere;
use crate::walk::uploads::{self, Held};

/// What happened to unfinished uploads, which a dialog knows by number.
#[derive(Debug)]
pub(crate) enum UploadsEvent {
    /// Some were found, or a bucket could not be read; when that was, as ages are counted from it.
    Found(uploads::Batch, Timestamp),
    /// What of them was begun from here; before any is found.
    Begun(BegunHere),
    /// There are no more.
    End,
    /// What one of them holds.
    Held(usize, Result<Held>),
    /// These are gone.
    Gone(Vec<usize>),
    /// All that were to be aborted were tried.
    Aborted {
        /// So many are gone.
        gone: usize,
        /// Why the others are not.
        failed: Vec<Error>,
    },
}

/// What the outside must do about unfinished uploads.
#[derive(Clone, Debug)]
pub(crate) enum UploadsEffect {
    /// Find those below a place; an older search is dropped.
    Find(Location),
    /// Ask what one of them holds.
    Measure {
        /// Where it is.
        profile: String,
        /// Comes back with the answer.
        number: usize,
        /// Which.
        upload: Upload,
    },
    /// Throw them away.
    Abort {
        /// Where they are.
        profile: String,
        /// Number and upload.
        uploads: Vec<(usize, Upload)>,
    },
    /// Drop what is being found or measured; aborts go on.
    Forget,
}
