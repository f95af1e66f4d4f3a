//! Streams of unknown length to objects: a single PUT if short, parts otherwise. Nothing of a stream can be read
//! twice, so that it cannot be resumed.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinSet;

use super::journal::{Begin, Identity, STDIN};
use super::pace::{Lane, Pace, cancelled};
use super::parts::{checked_part_size, complete, joined};
use super::plan::blocking;
use super::progress::Attempt;
use super::relay::Piped;
use super::types::Verified;
use super::work::{Limits, Work};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{
    Algorithm, Attributes, Body, CompletedPart, Digest, Hasher, PartRequest, PutOptions, Store, Upload,
};

/// Pieces in which bytes are handed to the connection.
const PIECE: u64 = 64 << 10;

/// What a stream goes to.
struct Target<'a> {
    work: &'a Work,
    pace: Arc<Pace>,
    store: Store,
    options: PutOptions,
    size: u64,
    algorithm: Option<Algorithm>,
    /// Whether nobody said how long the stream is, so that its length is learnt as it is read.
    is_open: bool,
}

/// Writes the input of a job to an object; how it was proved.
pub(super) async fn upload(work: &Work, to: &Remote) -> Result<Verified> {
    let input = work.job.take_input()?;
    let attributes = attributes(work, to);
    from_reader(work, input.reader, to, attributes, input.expected_size).await
}

/// Writes all that `reader` yields to an object; how it was proved.
pub(super) async fn from_reader(
    work: &Work,
    mut reader: impl AsyncRead + Send + Unpin,
    to: &Remote,
    attributes: Attributes,
    expected: Option<u64>,
) -> Result<Verified> {
    let store = work.shared.connections.store(&to.profile).await?;
    let size = checked_part_size(&store, to, expected.unwrap_or(0), work.part_size())?;
    work.job.sized(expected.unwrap_or(0));
    let algorithm = work.algorithm(&store);
    let options = PutOptions { attributes, algorithm, ..PutOptions::default() };
    let pace = work.shared.pace(&to.profile);
    let target = Target { work, pace, store, options, size, algorithm, is_open: expected.is_none() };
    let memory = work.shared.budget.hold(size).await?;
    let first = target.read_part(&mut reader).await?;
    let length = if (first.len() as u64) < size {
        target.whole(to, first).await?
    } else {
        target.in_parts(to, &mut reader, first, memory).await?
    };
    let _ = work.progress.length.set(length);
    Ok(algorithm.map_or(Verified::Size, Verified::by))
}

fn attributes(work: &Work, to: &Remote) -> Attributes {
    let mut attributes = work.job.request.attributes.clone();
    if attributes.content_type.is_none() {
        attributes.content_type = mime_guess::from_path(&to.key).first_raw().map(str::to_owned);
    }
    attributes
}

/// Bytes in memory as a body that keeps to the limits and counts as it goes.
fn body(bytes: Bytes, limits: Limits, attempt: Arc<Attempt>) -> Body {
    let length = bytes.len() as u64;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut left = bytes;
        while !left.is_empty() {
            let piece = usize::try_from(limits.piece(PIECE)).unwrap_or(1).clamp(1, left.len());
            let piece = left.split_to(piece);
            limits.pass(piece.len() as u64).await;
            attempt.add(piece.len() as u64);
            // Nobody takes it any more: the request is over.
            if sender.send(Ok(piece)).await.is_err() {
                return;
            }
        }
    });
    Body::from_stream(Piped(receiver), length)
}

type Sent = BTreeMap<u32, (String, Option<Digest>, u64)>;

impl Target<'_> {
    /// Sends a stream that is shorter than a part.
    async fn whole(&self, to: &Remote, bytes: Bytes) -> Result<u64> {
        let options = PutOptions { digest: self.digest(&bytes), ..self.options.clone() };
        let length = bytes.len() as u64;
        let _slot = self.work.slot(&self.pace, Lane::Parts).await?;
        self.work
            .retry(&self.pace, Lane::Parts, length, || async {
                let attempt = self.work.progress.attempt();
                let body = body(bytes.clone(), self.work.limits(), Arc::clone(&attempt));
                self.store.put(&to.bucket, &to.key, body, &options).await?;
                attempt.keep();
                Ok(())
            })
            .await?;
        Ok(length)
    }

    /// Sends a stream that is longer than its first part. It is in the journal while it runs: nothing can go on with it
    /// later, but others see whose it is.
    async fn in_parts(
        &self,
        to: &Remote,
        reader: &mut (impl AsyncRead + Send + Unpin),
        first: Bytes,
        memory: OwnedSemaphorePermit,
    ) -> Result<u64> {
        let (journal, target) = (self.work.shared.journal.clone(), Location::Remote(to.clone()));
        let claim = move || journal.claim(None, &Location::Local(STDIN.into()), &target);
        let mut claim = blocking(claim).await?;
        let create = self.store.create_upload(&to.bucket, &to.key, &self.options);
        let upload = tokio::select! {
            biased;
            () = self.work.cancel().cancelled() => return Err(cancelled()),
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
            let (work, pace, store) = (self.work.clone(), Arc::clone(&self.pace), self.store.clone());
            let (upload, bytes, digest, held) =
                (Arc::clone(upload), next.clone(), self.digest(&next), memory);
            sending.spawn(async move {
                let length = bytes.len() as u64;
                let _slot = work.slot(&pace, Lane::Parts).await?;
                let etag = work
                    .retry(&pace, Lane::Parts, length, || async {
                        let attempt = work.progress.attempt();
                        let body = body(bytes.clone(), work.limits(), Arc::clone(&attempt));
                        let part = PartRequest { number, body, digest: digest.clone() };
                        let etag = store.upload_part(&upload, part).await?;
                        attempt.keep();
                        Ok(etag)
                    })
                    .await?;
                drop(held);
                Ok((number, (etag, digest, length)))
            });
            if is_last {
                break;
            }
            // The memory of a part that has arrived is what the next one is read into.
            memory = tokio::select! {
                biased;
                () = self.work.cancel().cancelled() => return Err(cancelled()),
                memory = self.work.shared.budget.hold(self.size) => memory?,
            };
            while let Some(done) = sending.try_join_next() {
                let (number, part) = joined(done)?;
                sent.insert(number, part);
            }
            next = self.read_part(reader).await?;
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

    /// Reads the next part: `size` bytes, fewer at the end.
    async fn read_part(&self, reader: &mut (impl AsyncRead + Send + Unpin)) -> Result<Bytes> {
        let mut bytes = BytesMut::new();
        let mut limited = reader.take(self.size);
        loop {
            let read = tokio::select! {
                biased;
                () = self.work.cancel().cancelled() => return Err(cancelled()),
                read = limited.read_buf(&mut bytes) => read,
            };
            match read.map_err(|error| Error::new(Kind::Local, format!("cannot read the input: {error}")))? {
                0 => break,
                _ => bytes.reserve(64 << 10),
            }
        }
        if self.is_open {
            self.work.job.sized(bytes.len() as u64);
        }
        Ok(bytes.freeze())
    }
}
