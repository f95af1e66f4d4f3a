//! New profiles. Plain data.

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;

use crate::config::{Asks, Config, Importable, NewProfile, Stored};
use crate::error::{Error, Result};

/// What there is to keep a secret in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Keepers {
    /// Whether a keyring answers.
    pub(crate) keyring: bool,
    /// What the file of sealed secrets asks for.
    pub(crate) sealed: Asks,
}

/// What is to become of new profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// They are tried.
    Test,
    /// They are tried, and saved if they work.
    Save,
    /// They are saved.
    SaveUntested,
}

/// New profiles.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// They.
    pub(crate) profiles: Vec<NewProfile>,
    /// Where their secrets are kept, if they have any.
    pub(crate) keep: Stored,
    /// What opens the file of sealed secrets, if it asks.
    pub(crate) passphrase: Option<SecretString>,
    /// What is to be done.
    pub(crate) wish: Wish,
}

/// What the outside must do about new profiles.
#[derive(Clone, Debug)]
pub(crate) enum SetupEffect {
    /// Find out what there is to keep secrets in.
    FindKeepers,
    /// Find the profiles of other tools.
    FindOthers,
    /// Do what was ordered; its number comes back.
    Carry(u64, Box<Order>),
    /// Stop doing it.
    Stop,
    /// Open the file of sealed secrets with this passphrase.
    Unlock(SecretString),
}

/// What happened to new profiles.
#[derive(Debug)]
pub(crate) enum SetupEvent {
    /// What there is to keep secrets in.
    Keepers(Keepers),
    /// The profiles of other tools, and why some of them cannot be read.
    Others(Vec<Importable>, Vec<Error>),
    /// The file of sealed secrets was opened, or was not.
    Unlocked(Result<()>),
    /// An order was carried out.
    Done(u64, Box<Done>),
}

/// What came of an order.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// What works, in words.
    pub(crate) works: Vec<String>,
    /// What does not: the name, and why.
    pub(crate) failed: Vec<(String, Error)>,
    /// What was saved.
    pub(crate) saved: Option<Saved>,
}

/// Profiles that were saved.
#[derive(Debug)]
pub(crate) struct Saved {
    /// The configuration with them.
    pub(crate) config: Arc<Config>,
    /// Their names.
    pub(crate) names: Vec<String>,
    /// Where they are written.
    pub(crate) file: PathBuf,
}
