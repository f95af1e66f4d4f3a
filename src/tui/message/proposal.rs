//! Copies and moves before they start: counted, and their target looked at.

use std::ffi::OsString;

use crate::error::{Error, Result};
use crate::location::Location;
use crate::transfer::{Item, Verb};
use crate::walk::{Extent, Target, Total};

/// What the outside must do about a copy or a move that has not started.
#[derive(Clone, Debug)]
pub(crate) enum ProposalEffect {
    /// Count what is below these, up to a limit; what is known already is added.
    Count {
        /// Folders, prefixes and buckets.
        targets: Vec<Target>,
        /// The files that need no counting.
        known: Total,
        /// Where to stop.
        limit: Total,
    },
    /// Find out whether these can be moved where they are to go, as far as that can be told before.
    Check {
        /// Copy or move.
        verb: Verb,
        /// What, and where to.
        items: Vec<Item>,
        /// The target of the only one is its new name, rather than the folder it goes into.
        named: bool,
    },
    /// Nobody wants to know any longer.
    Forget,
}

/// What is known of a copy or a move that has not started.
#[derive(Debug)]
pub(crate) enum ProposalEvent {
    /// How much it is by now, and what could not be counted.
    Counted(Extent, Option<Error>),
    /// Whether it can be done.
    Checked(Result<()>),
}

/// Local entries that were moved by renaming them.
#[derive(Debug)]
pub(crate) struct Relocated {
    /// The folder that the names are relative to.
    pub(crate) at: Location,
    /// From what to what.
    pub(crate) done: Vec<(OsString, OsString)>,
    /// What has to be copied instead: the target exists, or is on another file system.
    pub(crate) left: Vec<Item>,
}
