//! `null-s3 SIZE [KEYS [MILLISECONDS]]`: an S3 server that stores nothing, so that only its client is measured. Uploads
//! are read and dropped; every object exists, is `SIZE` bytes long, and repeats one block. Each bucket lists `KEYS`
//! keys, `flat/key-` and seven digits, all of them with different sizes in no order. It believes any signature and
//! checks no digest. Every answer starts `MILLISECONDS` late, as behind a round trip of that length. Serves a free port
//! of 127.0.0.1 and prints its address; must not touch a disk or keep anything between requests.

use std::{
    convert::Infallible,
    error::Error,
    fmt::Write as _,
    future::poll_fn,
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll},
    time::Duration,
};

use hyper::{
    HeaderMap, Method, Request, Response, StatusCode,
    body::{Body, Bytes, Frame, Incoming, SizeHint},
    header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, RANGE},
    http::response::Builder,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Bytes of the block that objects repeat: no multiple of any part size, so that a part in the wrong place shows.
const BLOCK_LEN: u64 = 1_000_003;
/// Bytes of a response written at once.
const CHUNK: u64 = 256 << 10;
/// Keys of a page at most.
const PAGE: u32 = 1000;
/// Odd, so that no two of its multiples are the same in 32 bits.
const SCATTER: u32 = 0x9E37_79B1;
const OBJECT_ETAG: &str = "\"6d0bb00954ceb7fbee436bb55a8397a9-64\"";
const PART_ETAG: &str = "\"6d0bb00954ceb7fbee436bb55a8397a9\"";
const MODIFIED: &str = "Fri, 02 Jan 2026 03:04:05 GMT";

static BLOCK: LazyLock<Bytes> = LazyLock::new(|| {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (0..BLOCK_LEN)
        .map(|_| {
            // xorshift64
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        })
        .collect()
});

/// What an answer carries: some text, or a range of the object that every key names.
enum Answer {
    Text(Option<Bytes>),
    Range { at: u64, end: u64 },
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = match &mut *self {
            Self::Text(text) => text.take(),
            Self::Range { at, end } => {
                let from = *at % BLOCK_LEN;
                let len = CHUNK.min(BLOCK_LEN - from).min(*end - *at);
                *at += len;
                slice(from, len).filter(|bytes| !bytes.is_empty())
            }
        };
        Poll::Ready(chunk.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Text(text) => text.as_ref().map_or(0, |text| text.len() as u64),
            Self::Range { at, end } => end - at,
        })
    }
}

/// `len` bytes of the block, without copying them.
fn slice(from: u64, len: u64) -> Option<Bytes> {
    let (from, to) = (usize::try_from(from).ok()?, usize::try_from(from + len).ok()?);
    Some(BLOCK.slice(from..to))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let size: u64 = std::env::args().nth(1).ok_or("usage: null-s3 SIZE [KEYS [MILLISECONDS]]")?.parse()?;
    let keys: u32 = std::env::args().nth(2).map_or(Ok(0), |keys| keys.parse())?;
    let late: u64 = std::env::args().nth(3).map_or(Ok(0), |late| late.parse())?;
    let late = Duration::from_millis(late);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = service_fn(move |request| answer(request, size, keys, late));
        // A client that goes away ends its connection, and that is all there is to say about it.
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn answer(
    request: Request<Incoming>,
    size: u64,
    keys: u32,
    late: Duration,
) -> hyper::Result<Response<Answer>> {
    let (head, mut body) = request.into_parts();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        frame?;
    }
    if !late.is_zero() {
        tokio::time::sleep(late).await;
    }
    let key = head.uri.path().trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
    let query = head.uri.query().unwrap_or("");
    let response = match head.method {
        Method::GET if asks(query, "uploadId") => text(parts()),
        Method::GET if key.is_empty() => text(listing(query, size, keys)),
        Method::HEAD if key.is_empty() => text(String::new()),
        Method::GET | Method::HEAD => object(&head.headers, size),
        Method::POST if asks(query, "uploads") => text(created()),
        Method::POST if asks(query, "uploadId") => text(completed()),
        Method::PUT => send(Response::builder().header(ETAG, PART_ETAG), Answer::Text(None)),
        Method::DELETE => send(Response::builder().status(StatusCode::NO_CONTENT), Answer::Text(None)),
        _ => send(Response::builder().status(StatusCode::NOT_IMPLEMENTED), Answer::Text(None)),
    };
    Ok(response)
}

/// Whether a query has this parameter, with or without a value.
fn asks(query: &str, name: &str) -> bool {
    query.split('&').any(|parameter| parameter.split('=').next() == Some(name))
}

/// The whole object, or the range that was asked for.
fn object(headers: &HeaderMap, size: u64) -> Response<Answer> {
    let builder = Response::builder()
        .header(ETAG, OBJECT_ETAG)
        .header(LAST_MODIFIED, MODIFIED)
        .header(ACCEPT_RANGES, "bytes")
        .header(CONTENT_TYPE, "application/octet-stream");
    let (builder, at, end) = match headers.get(RANGE).and_then(|value| range(value.to_str().ok()?, size)) {
        Some((at, end)) => (
            builder
                .status(StatusCode::PARTIAL_CONTENT)
                .header(CONTENT_RANGE, format!("bytes {at}-{}/{size}", end - 1)),
            at,
            end,
        ),
        None => (builder, 0, size),
    };
    send(builder.header(CONTENT_LENGTH, end - at), Answer::Range { at, end })
}

/// Start and end (exclusive) of `bytes=A-B` or `bytes=A-`, if any of it is in the object.
fn range(header: &str, size: u64) -> Option<(u64, u64)> {
    let (from, to) = header.strip_prefix("bytes=")?.split_once('-')?;
    let at = from.parse().ok()?;
    let end = to.parse::<u64>().map_or(size, |last| last.saturating_add(1).min(size));
    (at < end).then_some((at, end))
}

fn created() -> String {
    document("InitiateMultipartUploadResult", "<Bucket>b</Bucket><Key>k</Key><UploadId>none</UploadId>")
}

fn completed() -> String {
    let tag = OBJECT_ETAG.replace('"', "&quot;");
    document("CompleteMultipartUploadResult", &format!("<Bucket>b</Bucket><Key>k</Key><ETag>{tag}</ETag>"))
}

fn parts() -> String {
    document("ListPartsResult", "<UploadId>none</UploadId><IsTruncated>false</IsTruncated>")
}

/// A page of the keys, after the one that was asked for.
fn listing(query: &str, size: u64, keys: u32) -> String {
    let prefix = value(query, "prefix").unwrap_or_default();
    let after = ["continuation-token", "start-after", "marker"].iter().find_map(|name| value(query, name));
    let most = value(query, "max-keys").and_then(|most| most.parse().ok()).unwrap_or(PAGE).min(PAGE);
    let from = after.map_or(0, |after| first(keys, |key| key > after.as_str()));
    let from = from.max(first(keys, |key| key >= prefix.as_str()));
    let mut inside = String::with_capacity(256 * most as usize);
    let (mut count, mut last) = (0, String::new());
    let page = (from..keys).map(|number| (number, name(number))).take(most as usize);
    for (number, key) in page.take_while(|(_, key)| key.starts_with(&prefix)) {
        let size = size + u64::from(number.wrapping_mul(SCATTER));
        let _ = write!(
            inside,
            "<Contents><Key>{key}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>{}</ETag>\
             <Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>",
            "&quot;6d0bb00954ceb7fbee436bb55a8397a9&quot;"
        );
        (count, last) = (count + 1, key);
    }
    let next = from + count;
    let more = count == most && next < keys && name(next).starts_with(&prefix);
    let token =
        if more { format!("<NextContinuationToken>{last}</NextContinuationToken>") } else { String::new() };
    let _ = write!(
        inside,
        "<Name>b</Name><Prefix>{prefix}</Prefix><KeyCount>{count}</KeyCount><IsTruncated>{more}</IsTruncated>{token}"
    );
    document("ListBucketResult", &inside)
}

fn name(number: u32) -> String {
    format!("flat/key-{number:07}")
}

/// The first of the keys, which ascend, that is far enough.
fn first(keys: u32, is_far_enough: impl Fn(&str) -> bool) -> u32 {
    let (mut low, mut high) = (0, keys);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_far_enough(&name(middle)) { high = middle } else { low = middle + 1 }
    }
    low
}

/// A parameter of a query, decoded.
fn value(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, text) = pairs.find(|(key, _)| *key == name)?;
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digits = if byte == b'%' { [rest.next(), rest.next()] } else { [None, None] };
        let digit =
            |digit: Option<u8>| char::from(digit?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        bytes.push(match (digit(digits[0]), digit(digits[1])) {
            (Some(high), Some(low)) => 16 * high + low,
            _ => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn document(root: &str, inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <{root} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inside}</{root}>"
    )
}

fn text(text: String) -> Response<Answer> {
    let text = (!text.is_empty()).then(|| Bytes::from(text));
    send(Response::builder().header(CONTENT_TYPE, "application/xml"), Answer::Text(text))
}

/// The finished response; a header that cannot be one is the server's own fault.
fn send(builder: Builder, answer: Answer) -> Response<Answer> {
    builder.body(answer).unwrap_or_else(|_| {
        let mut response = Response::new(Answer::Text(None));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
