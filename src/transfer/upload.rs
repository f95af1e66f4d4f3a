//! Local files to objects: one PUT for small ones, parts in parallel for large ones.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::journal::Arrived;
use super::pace::{Lane, Pace, cancelled};
use super::parts::{Multipart, Parts, checked_part_size};
use super::plan::{SINGLE, WHOLE, blocking};
use super::progress::Attempt;
use super::run::Moved;
use super::source::{Opened, Source, Stream};
use super::stream;
use super::types::{Remark, Verb, Verified};
use super::work::Work;
use crate::error::Result;
use crate::location::{Location, Remote};
use crate::s3::{Algorithm, Attributes, Body, Digest, Hasher, PartRequest, PutOptions, Store, Upload};

/// Moves one file.
pub(super) async fn file(work: &Work, from: &Path, to: &Remote) -> Result<Moved> {
    let path: PathBuf = from.to_path_buf();
    let source = match blocking(move || Source::open(&path)).await? {
        Opened::File(source) => Arc::new(source),
        Opened::Stream(stream) => return unmeasured(work, from, stream, to).await,
    };
    let verified = measured(work, from, &source, to).await?;
    if work.job.request.verb == Verb::Move {
        // What is taken away next must not have got more meanwhile.
        recheck(&source).await?;
    }
    let remark = source.grown().map(|now| Remark::Grew { now });
    Ok(Moved { verified, bytes: Some(source.size), remark })
}

/// Moves what tells its length only by ending.
async fn unmeasured(work: &Work, from: &Path, stream: Stream, to: &Remote) -> Result<Moved> {
    let attributes = attributes(work, from, stream.modified);
    let reader = tokio::select! {
        biased;
        () = work.cancel().cancelled() => return Err(cancelled()),
        reader = stream.reader() => reader?,
    };
    stream::from_reader(work, reader, to, attributes, None).await.map(Moved::from)
}

/// Moves a file of a known length.
async fn measured(work: &Work, from: &Path, source: &Arc<Source>, to: &Remote) -> Result<Verified> {
    let store = work.shared.connections.store(&to.profile).await?;
    let attributes = attributes(work, from, source.modified);
    let options = PutOptions { attributes, ..PutOptions::default() };
    let algorithm = work.algorithm(&store);
    let pace = work.shared.pace(&to.profile);
    let (here, there) = (Location::Local(from.to_path_buf()), Location::Remote(to.clone()));
    if source.size <= work.part_size().unwrap_or(SINGLE) && !work.is_begun(source.size, &here, &there) {
        single(work, &pace, &store, source, to, &options, algorithm).await?;
        return Ok(algorithm.map_or(Verified::Size, Verified::by));
    }
    let part_size = checked_part_size(&store, to, source.size, work.part_size())?;
    let parts = FileParts {
        work: work.clone(),
        pace: Arc::clone(&pace),
        store: store.clone(),
        source: Arc::clone(source),
        algorithm,
    };
    let upload = Multipart {
        work,
        pace: &pace,
        store: &store,
        from: &here,
        to,
        options,
        identity: source.identity(),
        size: source.size,
        part_size,
        algorithm,
        is_ahead: true,
    };
    upload.run(Arc::new(parts)).await
}

fn attributes(work: &Work, from: &Path, modified: Option<SystemTime>) -> Attributes {
    let request = &work.job.request;
    let mut attributes = Attributes::default().overlaid(&request.attributes);
    if attributes.content_type.is_none() {
        attributes.content_type = mime_guess::from_path(from).first_raw().map(str::to_owned);
    }
    if let Some(time) = modified.filter(|_| request.store_mtime) {
        attributes.metadata.entry("mtime".to_owned()).or_insert_with(|| seconds(time));
    }
    attributes
}

/// Seconds since the epoch with as many decimals as there are, as rclone writes them.
fn seconds(time: SystemTime) -> String {
    let (sign, since) = match time.duration_since(UNIX_EPOCH) {
        Ok(since) => ("", since),
        Err(before) => ("-", before.duration()),
    };
    let text = format!("{sign}{}.{:09}", since.as_secs(), since.subsec_nanos());
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

async fn single(
    work: &Work,
    pace: &Pace,
    store: &Store,
    source: &Arc<Source>,
    to: &Remote,
    options: &PutOptions,
    algorithm: Option<Algorithm>,
) -> Result<()> {
    let _slot = work.slot(pace, Lane::Small).await?;
    if source.size > WHOLE {
        return streamed(work, pace, store, source, to, options, algorithm).await;
    }
    let _memory = work.shared.budget.hold(source.size).await?;
    let reader = Arc::clone(source);
    let (bytes, digest) = blocking(move || {
        let bytes = reader.read_all()?;
        reader.check_unchanged()?;
        let digest = algorithm.map(|algorithm| Hasher::of(algorithm, &bytes));
        Ok((bytes, digest))
    })
    .await?;
    let options = PutOptions { digest, ..options.clone() };
    work.limits().pass(source.size).await;
    work.retry(pace, Lane::Small, source.size, || async {
        let attempt = work.progress.attempt();
        attempt.add(source.size);
        let written = store.put(&to.bucket, &to.key, Body::from_bytes(bytes.clone()), &options).await?;
        attempt.keep();
        work.progress.wrote(written.etag);
        Ok(())
    })
    .await
}

/// One PUT of a file that is not held in memory. Its digest is made before the body goes rather than beside it: it
/// travels in a header, so that a wrong body is refused instead of taking the place of what was there. `Content-MD5` has
/// no form that comes behind a body, and what has one is not understood everywhere (see `doctor`).
async fn streamed(
    work: &Work,
    pace: &Pace,
    store: &Store,
    source: &Arc<Source>,
    to: &Remote,
    options: &PutOptions,
    algorithm: Option<Algorithm>,
) -> Result<()> {
    let digest = digest(source, 0..source.size, algorithm).await?;
    let options = PutOptions { digest, ..options.clone() };
    work.retry(pace, Lane::Small, source.size, || async {
        let attempt = work.progress.attempt();
        let body = source.body(0..source.size, Arc::clone(&attempt), work.limits());
        let written = store.put(&to.bucket, &to.key, Body::from_stream(body, source.size), &options).await;
        // A source that shrank breaks its own request off; that is what the user must hear.
        if written.is_err() {
            recheck(source).await?;
            heard(pace, &attempt);
        }
        let written = written?;
        attempt.keep();
        work.progress.wrote(written.etag);
        Ok(())
    })
    .await?;
    recheck(source).await.map_err(|error| {
        error.with_hint(format!(
            "{to} is now what it was when it was begun; copy it again when it is no longer written to"
        ))
    })
}

async fn digest(
    source: &Arc<Source>,
    range: Range<u64>,
    algorithm: Option<Algorithm>,
) -> Result<Option<Digest>> {
    let Some(algorithm) = algorithm else { return Ok(None) };
    let source = Arc::clone(source);
    blocking(move || source.digest(range, algorithm).map(Some)).await
}

async fn recheck(source: &Arc<Source>) -> Result<()> {
    let source = Arc::clone(source);
    blocking(move || source.check_unchanged()).await
}

/// A body is only read once there is a connection: what broke off in the middle had reached the provider.
fn heard(pace: &Pace, attempt: &Attempt) {
    if attempt.has_begun() {
        pace.reached();
    }
}

/// Parts of a local file.
struct FileParts {
    work: Work,
    pace: Arc<Pace>,
    store: Store,
    source: Arc<Source>,
    algorithm: Option<Algorithm>,
}

impl Parts for FileParts {
    async fn send(&self, upload: &Upload, number: u32, range: Range<u64>) -> Result<Arrived> {
        // What will be refused at the end is not sent to its end.
        recheck(&self.source).await?;
        let digest = digest(&self.source, range.clone(), self.algorithm).await?;
        let length = range.end - range.start;
        let etag = self
            .work
            .retry(&self.pace, Lane::Parts, length, || async {
                let attempt = self.work.progress.attempt();
                let body = self.source.body(range.clone(), Arc::clone(&attempt), self.work.limits());
                let body = Body::from_stream(body, length);
                let sent = self
                    .store
                    .upload_part(upload, PartRequest { number, body, digest: digest.clone() })
                    .await;
                if sent.is_err() {
                    recheck(&self.source).await?;
                    heard(&self.pace, &attempt);
                }
                let etag = sent?;
                attempt.keep();
                Ok(etag)
            })
            .await?;
        Ok(Arrived { etag, digest })
    }

    async fn digest(&self, range: Range<u64>) -> Result<Option<Digest>> {
        digest(&self.source, range, self.algorithm).await
    }

    async fn check(&self, _: Option<&Digest>) -> Result<()> {
        recheck(&self.source).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_rclone_does() {
        let after = |nanos| seconds(UNIX_EPOCH + Duration::from_nanos(nanos));
        assert_eq!(after(1_732_500_000_123_456_789), "1732500000.123456789");
        assert_eq!(after(1_732_500_000_500_000_000), "1732500000.5");
        assert_eq!(after(1_732_500_000_000_000_000), "1732500000");
        assert_eq!(seconds(UNIX_EPOCH - Duration::from_millis(1500)), "-1.5");
    }
}
