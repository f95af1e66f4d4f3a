//! Bodies on their way to the provider: of known length, and counted.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use http_body_util::combinators::BoxBody;

use super::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::http as client;

/// Slice in which bytes in memory are handed to the connection, so that progress shows.
const SLICE: usize = 64 << 10;

/// What the signature of a request says of its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// Nothing (`UNSIGNED-PAYLOAD`).
    Nothing,
    /// Its SHA-256.
    Itself,
    /// The SHA-256 of other bytes: only to find out whether the provider compares them.
    Another,
}

/// Bytes on their way to the provider, of known length. Rebuilt for every attempt.
pub struct Body {
    inner: BoxBody<Bytes, std::io::Error>,
    length: u64,
    sent: Arc<AtomicU64>,
    signed: Option<Signed>,
    passed: Option<Arc<OnceLock<Digest>>>,
}

impl Body {
    /// From memory.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        let length = bytes.len() as u64;
        Self::from_stream(Slices(bytes), length)
    }

    /// From any body that yields exactly `length` bytes; streamed, never collected.
    pub fn from_stream<B>(body: B, length: u64) -> Self
    where
        B: http_body::Body<Data = Bytes, Error = std::io::Error> + Send + Sync + Unpin + 'static,
    {
        let sent = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: body, left: length, sent: Arc::clone(&sent) };
        Self { inner: counted.boxed(), length, sent, signed: None, passed: None }
    }

    /// Signed in that way, whatever the profile says.
    pub fn signed(self, signed: Signed) -> Self {
        Self { signed: Some(signed), ..self }
    }

    /// Of bytes that nobody has before they go: whoever provides them puts their digest there before the last of them is
    /// handed over, and what the answer says has arrived is compared with it.
    pub fn hashed(self, passed: Arc<OnceLock<Digest>>) -> Self {
        Self { passed: Some(passed), ..self }
    }

    /// See [`Body::hashed`].
    pub(super) fn passed(&self) -> Option<Arc<OnceLock<Digest>>> {
        self.passed.clone()
    }

    /// Bytes.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How many bytes the connection has taken so far.
    pub(super) fn sent(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.sent)
    }

    /// As a request has it: all of it in memory if it has to be signed. `default`: what the profile says.
    pub(super) async fn payload(self, default: Signed) -> Result<Payload> {
        let signed = self.signed.unwrap_or(default);
        if signed == Signed::Nothing {
            return Ok(Payload::Unsigned(self.inner.map_err(Into::into).boxed_unsync()));
        }
        let collected = self.inner.collect().await;
        let bytes =
            collected.map_err(|error| Error::new(Kind::Local, format!("cannot read the source: {error}")))?;
        let bytes = bytes.to_bytes();
        Ok(match signed {
            Signed::Another => Payload::Other { signed: [&bytes[..], b"?"].concat().into(), sent: bytes },
            _ => Payload::Signed(bytes),
        })
    }

    /// As the SDK has it.
    pub(super) fn streamed(self) -> SdkBody {
        SdkBody::from_body_1_x(self.inner)
    }
}

/// The body of one request, and what its signature says of it.
pub(super) enum Payload {
    /// None.
    Empty,
    /// Not signed; something else proves it.
    Unsigned(client::Body),
    /// Signed by its SHA-256.
    Signed(Bytes),
    /// Sent under the signature of something else, which the provider should refuse.
    Other {
        /// What the signature is of.
        signed: Bytes,
        /// What is sent.
        sent: Bytes,
    },
}

/// Bytes in memory, slice by slice.
struct Slices(Bytes);

impl http_body::Body for Slices {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<http_body::Frame<Bytes>>>> {
        if self.0.is_empty() {
            return Poll::Ready(None);
        }
        let next = self.0.len().min(SLICE);
        Poll::Ready(Some(Ok(http_body::Frame::data(self.0.split_to(next)))))
    }
}

/// Counts what the connection takes, and says the exact length, so that no chunked encoding is used.
struct Counted<B> {
    inner: B,
    left: u64,
    sent: Arc<AtomicU64>,
}

impl<B> http_body::Body for Counted<B>
where
    B: http_body::Body<Data = Bytes, Error = std::io::Error> + Unpin,
{
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<http_body::Frame<Bytes>>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.left = self.left.saturating_sub(data.len() as u64);
            self.sent.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.left)
    }
}
