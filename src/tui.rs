//! The browser. Its room is not built yet.

use std::sync::Arc;

use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::location::Location;

/// Runs the browser until the user quits; returns the exit code.
///
/// # Errors
/// `Kind::Unsupported`: this version has only the commands.
pub fn run(_config: Arc<Config>, _left: Location, _right: Location) -> Result<u8> {
    Err(Error::new(Kind::Unsupported, "this version has no browser yet")
        .with_hint("the commands work: twinpail ls, cp, presign ...; twinpail --help lists them"))
}
