//! What is asked of the gateway, the log of links and the kits; what is looked for below a place.

use super::super::dialog::{Given, Order};
use crate::error::{Error, Result};
use crate::location::Location;
use crate::walk::find::Query;

/// What is looked for below a place.
#[derive(Clone, Debug)]
pub(crate) enum Search {
    /// What meets these conditions.
    Find(Location, Box<Query>),
    /// How much is in which folder.
    Usage(Location),
    /// What is there more than once.
    Duplicates(Location),
}

/// What the outside must do about protected links and all else that was given out.
#[derive(Clone, Debug)]
pub(crate) enum GivenEffect {
    /// Make a protected link.
    Make(Box<Order>),
    /// Find everything.
    List,
    /// Find the address of one.
    Copy(Given),
    /// Find what happened to one.
    Show(Given),
    /// End one.
    End(Given),
    /// Let a share live so many seconds more, and be downloaded so often.
    Extend(Given, Option<i64>, Option<i64>),
}

/// What came of that.
pub(crate) enum GivenEvent {
    /// Address, password, and a line about it.
    Made(Result<Box<(String, Option<String>, String)>>),
    /// Everything, and what could not be asked.
    Listed(Vec<Given>, Vec<Error>),
    /// An address.
    Address(Result<String>),
    /// What happened to one, in lines.
    Events(Result<(Given, Vec<String>)>),
    /// One was ended or changed.
    Ended(Result<Given>),
}

/// Addresses and passwords are secrets.
impl std::fmt::Debug for GivenEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GivenEvent")
    }
}
