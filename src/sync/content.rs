//! Whether two files of a plan have the same content; see [`crate::transfer::compare`].

use super::types::File;
use crate::error::{Error, Kind, Result};
use crate::location::Location;
use crate::s3::Connections;
pub(super) use crate::transfer::Content;
pub use crate::transfer::Proof;

/// One of two files.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) location: Location,
    pub(super) file: File,
}

/// Compares two files of one size.
pub(super) async fn compare(connections: &Connections, first: &Place, second: &Place) -> Result<Content> {
    let first = (&first.location, first.file.etag.as_deref());
    let second = (&second.location, second.file.etag.as_deref());
    crate::transfer::compare(connections, first, second).await
}

/// Runs file-system work off the runtime.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::new(Kind::Internal, format!("a worker failed: {error}"))))
}
