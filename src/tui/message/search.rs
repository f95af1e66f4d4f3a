//! What is looked for below a place, and what was found.

use crate::entry::Entry;
use crate::error::Error;
use crate::walk::find::Query;

/// A search below a place, whose results a pane shows.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    /// In words, for titles.
    pub(crate) words: String,
    /// What an object has to meet; `None`: there has to be another one that is equal.
    pub(crate) query: Option<Box<Query>>,
}

/// What a search has found since it last told.
#[derive(Debug, Default)]
pub(crate) struct Finding {
    /// Objects and files, their names as long as the way to them from where the search began.
    pub(crate) entries: Vec<Entry>,
    /// Objects and files that were looked at so far, and their bytes.
    pub(crate) looked: u64,
    pub(crate) bytes: u64,
    /// What could not be read.
    pub(crate) failed: Vec<Error>,
    /// Nothing follows.
    pub(crate) done: bool,
    /// Something to say at the end.
    pub(crate) words: String,
}
