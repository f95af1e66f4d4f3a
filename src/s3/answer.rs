//! Answers on their way to the SDK: read to their end here, so that none is larger than an answer can be, and with the
//! one name of each root element that the SDK knows. It knows nothing of what the answers say.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

/// Bytes of the largest answer that is read: a thousand versions with keys of a kilobyte, all of them encoded, need less.
pub(super) const LARGEST: usize = 16 << 20;

/// Root elements as some servers name them, and as everybody else does. The SDK reads them under no other name.
const ROOTS: &[(&str, &str)] = &[
    // gofakes3, on which `rclone serve s3` stands.
    ("InitiateMultipartUpload", "InitiateMultipartUploadResult"),
    // moto.
    ("ListPartsResponse", "ListPartsResult"),
    ("GetBucketVersioningResponse", "VersioningConfiguration"),
];

/// An answer's body. One that begins like neither XML nor JSON is not read on: a server that does not know the question
/// sends the object instead, which may be of any size.
pub(super) async fn collected(mut body: Incoming) -> Result<Bytes, hyper::Error> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(more) = frame?.into_data() {
            bytes.extend_from_slice(&more);
        }
        if !may_be_words(&bytes) || bytes.len() > LARGEST {
            break;
        }
    }
    Ok(renamed(bytes.freeze()))
}

fn may_be_words(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes).trim_ascii_start();
    matches!(text.first(), None | Some(b'<' | b'{'))
}

/// The same answer with the usual name of its root.
fn renamed(body: Bytes) -> Bytes {
    match std::str::from_utf8(&body).ok().and_then(with_usual_root) {
        Some(text) => Bytes::from(text),
        None => body,
    }
}

fn with_usual_root(text: &str) -> Option<String> {
    // Behind the declaration and comments.
    let at = text.match_indices('<').find(|(at, _)| !text[at + 1..].starts_with(['?', '!']))?.0 + 1;
    let end = at + text[at..].find(|c: char| c == '>' || c == '/' || c.is_whitespace())?;
    let (theirs, usual) = ROOTS.iter().find(|(theirs, _)| *theirs == &text[at..end])?;
    let rest = &text[end..];
    let (content, close) = rest
        .rsplit_once(&format!("</{theirs}"))
        .map_or((rest, None), |(content, tail)| (content, Some(format!("</{usual}{tail}"))));
    Some(format!("{}{usual}{content}{}", &text[..at], close.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_get_their_usual_names() {
        for (theirs, usual) in [
            (
                "<?xml version=\"1.0\"?>\n<InitiateMultipartUpload>\n<Key>a</Key></InitiateMultipartUpload>\n",
                "<?xml version=\"1.0\"?>\n<InitiateMultipartUploadResult>\n<Key>a</Key></InitiateMultipartUploadResult>\n",
            ),
            (
                "<!-- x --><ListPartsResponse xmlns=\"u\"><Key>ListPartsResponse</Key></ListPartsResponse>",
                "<!-- x --><ListPartsResult xmlns=\"u\"><Key>ListPartsResponse</Key></ListPartsResult>",
            ),
            ("<GetBucketVersioningResponse/>", "<VersioningConfiguration/>"),
        ] {
            assert_eq!(with_usual_root(theirs).as_deref(), Some(usual));
            assert_eq!(with_usual_root(usual), None);
        }
        for other in ["", "<", "<a", "{}", "<Error><Code>InitiateMultipartUpload</Code></Error>", "é<é>"] {
            assert_eq!(with_usual_root(other), None, "{other}");
        }
    }

    #[test]
    fn objects_are_told_from_answers() {
        for answer in ["", " \n", "<a/>", "\u{feff}\n<a/>", "{}"] {
            assert!(may_be_words(answer.as_bytes()), "{answer:?}");
        }
        assert!(!may_be_words(b"plain content") && !may_be_words(&[0x1f, 0x8b]));
    }
}
