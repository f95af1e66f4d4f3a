//! Percent-encoding as S3 signs it: everything but unreserved characters (RFC 3986, section 2.3).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What a query keeps as it is.
pub(super) const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What a path keeps: the slashes between its segments too.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// A key as the path of a URL has it.
pub fn encode_path(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// A key of a listing; with `encoding-type=url` a `+` stands for a space (a real one is `%2B`).
pub(super) fn decoded(key: &str, encoded: bool) -> Cow<'_, str> {
    if encoded && key.contains(['+', '%']) {
        Cow::Owned(percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned())
    } else {
        Cow::Borrowed(key)
    }
}
