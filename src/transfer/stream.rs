//! Streams of unknown length to objects: a single PUT if short, parts otherwise. Nothing of a stream can be read
//! twice, so that it cannot be resumed.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::engine::Shared;
use super::journal::{Begin, Identity, STDIN};
use super::pace::{Lane, Pace, cancelled};
use super::parts::{checked_part_size, complete, joined};
use super::plan::blocking;
use super::types::{Verified, Verify};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{
    Algorithm, Attributes, Body, CompletedPart, Digest, Hasher, PartRequest, PutOptions, Store, Upload,
};

/// What a stream goes to.
struct Target<'a> {
    shared: &'a Arc<Shared>,
    pace: Arc<Pace>,
    store: Store,
    options: PutOptions,
    size: u64,
    algorithm: Option<Algorithm>,
    cancel: &'a CancellationToken,
}

/// Writes a stream; `expected_size` chooses the part size. Returns the bytes written and how they were proved.
pub(super) async fn upload(
    shared: &Arc<Shared>,
    mut reader: impl AsyncRead + Send + Unpin,
    to: &Remote,
    attributes: &Attributes,
    expected_size: Option<u64>,
    cancel: &CancellationToken,
) -> Result<(u64, Verified)> {
    let store = shared.connections.store(&to.profile).await?;
    let defaults = &shared.settings.defaults;
    let size = checked_part_size(&store, to, expected_size.unwrap_or(0), defaults.part_size)?;
    let algorithm = (defaults.verify != Verify::Off).then(|| store.algorithm());
    let options = PutOptions { attributes: attributes.clone(), algorithm, ..PutOptions::default() };
    let target = Target { shared, pace: shared.pace(&to.profile), store, options, size, algorithm, cancel };
    let verified = algorithm.map_or(Verified::Size, Verified::by);
    let memory = shared.budget.hold(size).await?;
    let first = read_part(&mut reader, size, cancel).await?;
    if (first.len() as u64) < size {
        let options = PutOptions { digest: target.digest(&first), ..target.options.clone() };
        let length = first.len() as u64;
        let put = || target.store.put(&to.bucket, &to.key, Body::from_bytes(first.clone()), &options);
        target.pace.retry(Lane::Parts, length, cancel, put).await?;
        return Ok((length, verified));
    }
    let total = target.in_parts(to, &mut reader, first, memory).await?;
    Ok((total, verified))
}

type Sent = BTreeMap<u32, (String, Option<Digest>, u64)>;

impl Target<'_> {
    /// Sends a stream that is longer than its first part. It is in the journal while it runs: nothing can go on with it
    /// later, but others see whose it is.
    async fn in_parts(
        &self,
        to: &Remote,
        reader: &mut (impl AsyncRead + Send + Unpin),
        first: Bytes,
        memory: OwnedSemaphorePermit,
    ) -> Result<u64> {
        let (journal, target) = (self.shared.journal.clone(), Location::Remote(to.clone()));
        let claim = move || journal.claim(None, &Location::Local(STDIN.into()), &target);
        let mut claim = blocking(claim).await?;
        let create = self.store.create_upload(&to.bucket, &to.key, &self.options);
        let upload = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(cancelled()),
            upload = create => Arc::new(upload?),
        };
        let begin = Begin {
            identity: Identity::default(),
            size: 0,
            part_size: self.size,
            algorithm: self.algorithm,
            upload_id: Some(upload.upload_id.clone()),
            partial: None,
        };
        let begun = move || {
            claim.begin(begin);
            Ok(claim)
        };
        let mut claim = blocking(begun).await?;
        let done = match self.parts(&upload, reader, first, memory).await {
            Ok(sent) => self.finish(&upload, sent).await,
            Err(error) => Err(error),
        };
        if done.is_err()
            && let Err(error) = self.store.abort_upload(&upload).await
        {
            tracing::warn!(%error, "an upload could not be aborted");
        }
        claim.finish();
        done
    }

    fn digest(&self, bytes: &Bytes) -> Option<Digest> {
        self.algorithm.map(|algorithm| Hasher::of(algorithm, bytes))
    }

    async fn parts(
        &self,
        upload: &Arc<Upload>,
        reader: &mut (impl AsyncRead + Send + Unpin),
        first: Bytes,
        memory: OwnedSemaphorePermit,
    ) -> Result<Sent> {
        let (mut sent, mut sending) = (Sent::new(), JoinSet::new());
        let (mut next, mut memory, mut number) = (first, memory, 0);
        while !next.is_empty() {
            number += 1;
            if number > self.store.provider().max_parts {
                return Err(Error::new(Kind::Usage, "the stream is longer than 10,000 parts").with_hint(
                    "say how long it will be with --expected-size, so that parts are made larger",
                ));
            }
            let is_last = (next.len() as u64) < self.size;
            let (pace, store, upload, bytes) =
                (Arc::clone(&self.pace), self.store.clone(), Arc::clone(upload), next);
            let (cancel, digest) = (self.cancel.clone(), self.digest(&bytes));
            let length = bytes.len() as u64;
            let held = memory;
            sending.spawn(async move {
                let send = || {
                    let body = Body::from_bytes(bytes.clone());
                    store.upload_part(&upload, PartRequest { number, body, digest: digest.clone() })
                };
                let etag = pace.retry(Lane::Parts, length, &cancel, send).await?;
                drop(held);
                Ok((number, (etag, digest, length)))
            });
            if is_last {
                break;
            }
            // The memory of a part that has arrived is what the next one is read into.
            memory = tokio::select! {
                biased;
                () = self.cancel.cancelled() => return Err(cancelled()),
                memory = self.shared.budget.hold(self.size) => memory?,
            };
            while let Some(done) = sending.try_join_next() {
                let (number, part) = joined(done)?;
                sent.insert(number, part);
            }
            next = read_part(reader, self.size, self.cancel).await?;
        }
        while let Some(done) = sending.join_next().await {
            let (number, part) = joined(done)?;
            sent.insert(number, part);
        }
        Ok(sent)
    }

    async fn finish(&self, upload: &Upload, sent: Sent) -> Result<u64> {
        let parts: Vec<CompletedPart> = sent
            .iter()
            .map(|(number, (etag, ..))| CompletedPart { number: *number, etag: etag.clone() })
            .collect();
        let total = sent.values().map(|(.., length)| length).sum();
        let mut digests = sent.values().map(|(_, digest, length)| (digest.clone(), *length));
        let first = digests.next().and_then(|(digest, _)| digest);
        let whole = digests.fold(first, |whole, (next, length)| whole?.followed_by(&next?, length));
        let digest = whole.filter(|whole| whole.algorithm != Algorithm::Md5);
        let options = PutOptions { digest, ..self.options.clone() };
        complete(&self.store, upload, &parts, &options, total).await?;
        Ok(total)
    }
}

/// The next part: `size` bytes, fewer at the end.
async fn read_part(
    reader: &mut (impl AsyncRead + Send + Unpin),
    size: u64,
    cancel: &CancellationToken,
) -> Result<Bytes> {
    let mut bytes = BytesMut::new();
    let mut limited = reader.take(size);
    loop {
        let read = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancelled()),
            read = limited.read_buf(&mut bytes) => read,
        };
        match read.map_err(|error| Error::new(Kind::Local, format!("cannot read the input: {error}")))? {
            0 => return Ok(bytes.freeze()),
            _ => bytes.reserve(64 << 10),
        }
    }
}
