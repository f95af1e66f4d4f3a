//! Local files to local places.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::pace::cancelled;
use super::partial::Partial;
use super::plan::blocking;
use super::types::{Verb, Verified};
use super::work::Work;
use crate::error::{Error, Kind, Result};
use crate::location::Location;

/// Copies a local file to a local place, through a `.part` file like every download.
pub(super) async fn file(work: &Work, from: &Path, to: &Path, only_new: bool) -> Result<Verified> {
    let (from, to): (PathBuf, PathBuf) = (from.to_path_buf(), to.to_path_buf());
    let work = work.clone();
    blocking(move || {
        let failed = |error| Error::local("read", &from, error);
        let mut source = std::fs::File::open(&from).map_err(failed)?;
        let data = source.metadata().map_err(failed)?;
        let partial = Partial::of(&work.job.place(&to)?, &Location::Local(from.clone()).exact(), 0)?;
        let handle = partial.handle();
        let attempt = work.progress.attempt();
        let (mut buffer, mut at) = (vec![0; 1 << 20], 0);
        let (limits, runtime) = (work.limits(), tokio::runtime::Handle::current());
        loop {
            if work.cancel().is_cancelled() {
                return Err(cancelled());
            }
            let piece = usize::try_from(limits.piece(1 << 20)).unwrap_or(1).clamp(1, buffer.len());
            let read = source.read(&mut buffer[..piece]).map_err(failed)?;
            if read == 0 {
                break;
            }
            runtime.block_on(limits.pass(read as u64));
            handle.write(&[Bytes::copy_from_slice(&buffer[..read])], at)?;
            at += read as u64;
            attempt.add(read as u64);
        }
        if at != data.len() {
            return Err(Error::new(Kind::Changed, format!("{} changed while it was read", from.display())));
        }
        partial.keep_mode(&data)?;
        let modified = data.modified().ok().and_then(|time| jiff::Timestamp::try_from(time).ok());
        partial.finish(modified, only_new, work.job.request.verb == Verb::Move)?;
        attempt.keep();
        Ok(Verified::Size)
    })
    .await
}
