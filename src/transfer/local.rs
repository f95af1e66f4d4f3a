//! Local files to local places.

use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncReadExt as _;

use super::outlet::Outlet;
use super::pace::cancelled;
use super::partial::{Goal, Partial, Place};
use super::plan::blocking;
use super::run::Moved;
use super::source::{Opened, Source};
use super::types::{Remark, Verb, Verified};
use super::work::Work;
use crate::error::{Error, Result};
use crate::local::target::StreamTarget;
use crate::location::Location;

/// Read and written at once.
const CHUNK: u64 = 1 << 20;

/// Copies a local file to a local place: through a `.part` file like every download, or in order to what takes bytes in
/// order.
pub(super) async fn file(work: &Work, from: &Path, to: &Path, only_new: bool) -> Result<Moved> {
    let (job, here, target) = (Arc::clone(&work.job), from.to_path_buf(), to.to_path_buf());
    let (opened, goal) = blocking(move || Ok((Source::open(&here)?, job.goal(&target)?))).await?;
    let mut input = match opened {
        Opened::File(source) => Input::File(Arc::new(source), 0),
        Opened::Stream(stream) => {
            let reader = tokio::select! {
                biased;
                () = work.cancel().cancelled() => return Err(cancelled()),
                reader = stream.reader() => reader?,
            };
            Input::Stream(reader, from.to_path_buf())
        }
    };
    let bytes = match goal {
        Goal::File(place) => into_file(work, &mut input, from, &place, only_new).await?,
        Goal::Stream(target) => into_stream(work, &mut input, &target).await?,
    };
    Ok(match input {
        Input::File(source, _) => Moved {
            verified: Verified::Size,
            bytes: Some(bytes),
            remark: source.grown().map(|now| Remark::Grew { now }),
        },
        Input::Stream(..) => Moved { verified: Verified::No, bytes: Some(bytes), remark: None },
    })
}

/// What is read, and how far a file is.
enum Input {
    File(Arc<Source>, u64),
    Stream(tokio::fs::File, std::path::PathBuf),
}

impl Input {
    /// The next bytes; `None` at the end. A file ends where it ended when it was opened.
    async fn next(&mut self, work: &Work) -> Result<Option<Bytes>> {
        let bytes = match self {
            Self::File(source, at) => {
                let range = *at..(*at + work.limits().piece(CHUNK)).min(source.size);
                *at = range.end;
                let source = Arc::clone(source);
                blocking(move || if range.is_empty() { Ok(Bytes::new()) } else { source.read(range) }).await?
            }
            Self::Stream(reader, path) => {
                let mut bytes = BytesMut::with_capacity(usize::try_from(CHUNK).unwrap_or(1));
                tokio::select! {
                    biased;
                    () = work.cancel().cancelled() => return Err(cancelled()),
                    read = reader.read_buf(&mut bytes) => read,
                }
                .map_err(|error| Error::local("read", path, error))?;
                bytes.freeze()
            }
        };
        if work.cancel().is_cancelled() {
            return Err(cancelled());
        }
        work.limits().pass(bytes.len() as u64).await;
        Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }

    /// Whether what was read is what was there.
    async fn check(&self) -> Result<()> {
        let Self::File(source, _) = self else { return Ok(()) };
        let source = Arc::clone(source);
        blocking(move || source.check_unchanged()).await
    }
}

async fn into_file(
    work: &Work,
    input: &mut Input,
    from: &Path,
    place: &Place,
    only_new: bool,
) -> Result<u64> {
    let (source, place) = (Location::Local(from.to_path_buf()).exact(), place.clone());
    let partial = blocking(move || Partial::of(&place, &source, 0)).await?;
    let (attempt, mut at) = (work.progress.attempt(), 0);
    while let Some(bytes) = input.next(work).await? {
        let (handle, length, offset) = (partial.handle(), bytes.len() as u64, at);
        blocking(move || handle.write(&[bytes], offset)).await?;
        at += length;
        attempt.add(length);
    }
    input.check().await?;
    let like = match input {
        Input::File(source, _) => Some(Arc::clone(source)),
        Input::Stream(..) => None,
    };
    let durable = work.job.request.verb == Verb::Move;
    blocking(move || {
        let mut modified = None;
        if let Some(source) = like {
            partial.keep_mode(source.mode)?;
            modified = source.modified.and_then(|time| jiff::Timestamp::try_from(time).ok());
        }
        partial.finish(modified, only_new, durable)
    })
    .await?;
    attempt.keep();
    Ok(at)
}

async fn into_stream(work: &Work, input: &mut Input, target: &StreamTarget) -> Result<u64> {
    let mut outlet = Outlet::open(target, work.cancel()).await?;
    let (attempt, mut at) = (work.progress.attempt(), 0);
    while let Some(bytes) = input.next(work).await? {
        let length = bytes.len() as u64;
        tokio::select! {
            biased;
            () = work.cancel().cancelled() => return Err(cancelled()),
            written = outlet.write(bytes) => written?,
        }
        at += length;
        attempt.add(length);
    }
    input.check().await?;
    attempt.keep();
    Ok(at)
}

/// Makes a symbolic link like the one at `from`: the same text, whatever it leads to.
pub(super) async fn link(work: &Work, from: &Path, to: &Path, only_new: bool) -> Result<Verified> {
    let (job, from, to) = (Arc::clone(&work.job), from.to_path_buf(), to.to_path_buf());
    blocking(move || {
        let target = std::fs::read_link(&from).map_err(|error| Error::local("read", &from, error))?;
        job.place_of_link(&to)?.link(&target, only_new)?;
        Ok(Verified::Size)
    })
    .await
}
