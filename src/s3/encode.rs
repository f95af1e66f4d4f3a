//! Percent-encoding as S3 signs it: everything but unreserved characters (RFC 3986, section 2.3).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a query keeps as it is.
pub(super) const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// What a path keeps: the slashes between its segments too.
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// A key as the path of a URL has it.
pub fn encode_path(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}
