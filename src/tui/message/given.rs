//! What is asked of the gateway, the log of links and the kits.

use std::path::PathBuf;

use super::super::dialog::{Given, Order};
use crate::error::{Error, Result};
use crate::links::Standing;
use crate::links::kit::KitRequest;

/// What the outside must do about protected links and all else that was given out.
#[derive(Clone, Debug)]
pub(crate) enum GivenEffect {
    /// Find out whether there is a gateway to be asked.
    FindGateway,
    /// Make protected links.
    Make(Vec<Order>),
    /// Find everything.
    List,
    /// Find it again in a while, for the screen with that number.
    Watch(u64),
    /// Ask how the objects of the links with these ids stand.
    Check(Vec<String>),
    /// Make an upload kit, its files into that folder.
    Kit(Box<KitRequest>, PathBuf),
    /// Make the object of a kit.
    Finish(Given),
    /// Find the address of one.
    Copy(Given),
    /// Find what happened to one.
    Show(Given),
    /// End one.
    End(Given),
    /// Let a share live so many seconds more, and be downloaded so often.
    Extend(Given, Option<i64>, Option<i64>),
}

/// A protected link.
pub(crate) struct Made {
    /// What it leads to.
    pub(crate) what: String,
    pub(crate) url: String,
    pub(crate) password: Option<String>,
    /// Until when.
    pub(crate) words: String,
    /// What keeps others from using it.
    pub(crate) warning: String,
}

/// What came of that.
pub(crate) enum GivenEvent {
    /// Whether there is a gateway, or why not.
    Gateway(Result<()>),
    /// Protected links, and why there are no more.
    Made(Vec<Made>, Option<Error>),
    /// Everything, and what could not be asked.
    Listed(Vec<Given>, Vec<Error>),
    /// The same, found again for the screen with that number.
    Watched(u64, Vec<Given>, Vec<Error>),
    /// How objects stand, by the ids of their links.
    Checked(Vec<(String, Standing)>),
    /// A kit was made, in lines.
    Kit(Result<Vec<String>>),
    /// The object of a kit was made.
    Finished(Result<Given>),
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
