//! Bytes on their way through, from the answer of one provider to the request to another: hashed as they pass, and the
//! last of them held back until all of them are what the source's provider says they are.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::location::Remote;
use crate::s3::{Algorithm, Body, Digest, Download, Hasher};
use crate::transfer::download::compare;
use crate::transfer::progress::Attempt;
use crate::transfer::work::Limits;

/// How what passes is proved.
#[derive(Clone, Debug)]
pub(super) struct Proofs {
    /// To the target; `None`: not at all.
    pub(super) algorithm: Option<Algorithm>,
    /// What the source's provider says of these very bytes.
    pub(super) expected: Option<Digest>,
}

/// What became of it.
#[derive(Debug, Default)]
pub(super) struct Passage {
    digest: Arc<OnceLock<Digest>>,
    wrong: Mutex<Option<Error>>,
}

impl Passage {
    /// By the target's algorithm, once all has passed.
    pub(super) fn digest(&self) -> Option<Digest> {
        self.digest.get().cloned()
    }

    /// What a request failed with: wrong bytes break their own request off, and that is what the user must hear.
    pub(super) fn settle<T>(&self, answer: Result<T>) -> Result<T> {
        answer.map_err(|error| {
            self.wrong.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(error)
        })
    }
}

/// All of `download`, `length` bytes that come from `from`, as a request's body. Nothing is stored: it is read as fast as
/// the target takes it.
pub(super) fn body(
    mut download: Download,
    length: u64,
    from: &Remote,
    proofs: Proofs,
    limits: Limits,
    attempt: Arc<Attempt>,
) -> (Body, Arc<Passage>) {
    let (sender, receiver) = mpsc::channel(4);
    let passage = Arc::new(Passage::default());
    let is_hashed = proofs.algorithm.is_some();
    let mut scale = Scale::new(length, from.clone(), proofs, Arc::clone(&passage));
    tokio::spawn(async move {
        while let Some(chunk) = download.chunk().await {
            let chunk = chunk.map_err(std::io::Error::other).and_then(|bytes| scale.weigh(bytes));
            if let Ok(bytes) = &chunk {
                limits.pass(bytes.len() as u64).await;
                attempt.add(bytes.len() as u64);
            }
            let failed = chunk.is_err();
            if sender.send(chunk).await.is_err() || failed {
                return;
            }
        }
    });
    let body = Body::from_stream(Piped(receiver), length);
    let body = if is_hashed { body.hashed(Arc::clone(&passage.digest)) } else { body };
    (body, passage)
}

/// Hashes what passes.
struct Scale {
    left: u64,
    from: Remote,
    proofs: Proofs,
    hashers: BTreeMap<Algorithm, Hasher>,
    passage: Arc<Passage>,
}

impl Scale {
    fn new(length: u64, from: Remote, proofs: Proofs, passage: Arc<Passage>) -> Self {
        let expected = proofs.expected.as_ref().map(|digest| digest.algorithm);
        let wanted = proofs.algorithm.into_iter().chain(expected);
        let hashers = wanted.map(|algorithm| (algorithm, Hasher::new(algorithm))).collect();
        Self { left: length, from, proofs, hashers, passage }
    }

    /// Lets bytes through; the last of them only if all were right.
    fn weigh(&mut self, bytes: Bytes) -> std::io::Result<Bytes> {
        for hasher in self.hashers.values_mut() {
            hasher.update(&bytes);
        }
        self.left = self.left.saturating_sub(bytes.len() as u64);
        if self.left > 0 {
            return Ok(bytes);
        }
        let digest = |algorithm: Algorithm| self.hashers.get(&algorithm).cloned().map(Hasher::finish);
        if let Some(expected) = &self.proofs.expected
            && let Some(ours) = digest(expected.algorithm)
            && let Err(error) = compare(&self.from, expected, &ours)
        {
            let told = std::io::Error::other(error.to_string());
            *self.passage.wrong.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            return Err(told);
        }
        if let Some(digest) = self.proofs.algorithm.and_then(digest) {
            let _ = self.passage.digest.set(digest);
        }
        Ok(bytes)
    }
}

/// Chunks as they come as the body of a request.
pub(in crate::transfer) struct Piped(pub(in crate::transfer) mpsc::Receiver<std::io::Result<Bytes>>);

impl http_body::Body for Piped {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        self.0.poll_recv(context).map(|chunk| chunk.map(|bytes| bytes.map(Frame::data)))
    }
}
