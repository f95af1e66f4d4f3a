//! Which time of an object counts, and which of two times is newer. Pure.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::ObjectInfo;

/// Times that are less than this apart count as equal: headers and some file systems drop what is below a second.
const EQUAL: SignedDuration = SignedDuration::from_secs(1);

impl ObjectInfo {
    /// The time that counts for an object: the file's own, if the upload kept it in the metadata, else last modified.
    pub fn effective_time(&self) -> Option<Timestamp> {
        kept_time(&self.attributes.metadata).or(self.modified)
    }
}

/// Whether `source` is newer than `target`, by a second or more. `None` if one of the times is unknown.
pub fn is_newer(source: Option<Timestamp>, target: Option<Timestamp>) -> Option<bool> {
    Some(source?.duration_since(target?) >= EQUAL)
}

/// The file's time that an upload kept in the metadata: `mtime`, as rclone and we write it, or what s3cmd and mc write.
pub fn kept_time(metadata: &BTreeMap<String, String>) -> Option<Timestamp> {
    if let Some(time) = metadata.get("mtime").and_then(|text| seconds(text, '.')) {
        return Some(time);
    }
    let fields = ["s3cmd-attrs", "mc-attrs"].into_iter().filter_map(|name| metadata.get(name));
    fields
        .flat_map(|fields| fields.split('/'))
        .filter_map(|field| field.strip_prefix("mtime:"))
        .find_map(|text| seconds(text, '#').or_else(|| seconds(text, '.')))
}

/// Reads seconds since the epoch and what follows `point`: decimals, or (after mc's `#`) nanoseconds.
fn seconds(text: &str, point: char) -> Option<Timestamp> {
    let (whole, rest) = text.split_once(point).unwrap_or((text, ""));
    let digits = |text: &str| text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(rest) {
        return None;
    }
    let rest = if point == '.' { format!("{rest:0<9}") } else { format!("{rest:0>9}") };
    let nanos: i32 = rest.parse().ok()?;
    Timestamp::new(whole.parse().ok()?, if whole.starts_with('-') { -nanos } else { nanos }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn info(pairs: &[(&str, &str)], modified: &str) -> ObjectInfo {
        let mut info = ObjectInfo { modified: Some(at(modified)), ..ObjectInfo::default() };
        info.attributes.metadata =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        info
    }

    const NOON: &str = "2026-01-01T12:00:00Z";

    #[test]
    fn newer_is_a_second_or_more_later_and_unknown_without_two_times() {
        let newer = |source: &str, target: &str| is_newer(Some(at(source)), Some(at(target)));
        assert_eq!(newer("2026-01-01T12:00:01Z", NOON), Some(true));
        assert_eq!(newer("2026-01-01T12:00:00.999Z", NOON), Some(false));
        assert_eq!(newer(NOON, NOON), Some(false));
        assert_eq!(newer("2026-01-01T11:59:00Z", NOON), Some(false));
        assert_eq!((is_newer(None, Some(at(NOON))), is_newer(Some(at(NOON)), None)), (None, None));
    }

    #[test]
    fn a_kept_time_counts_before_last_modified() {
        assert_eq!(info(&[("mtime", "0")], NOON).effective_time(), Some(Timestamp::UNIX_EPOCH));
        assert_eq!(info(&[("mtime", "noon")], NOON).effective_time(), Some(at(NOON)));
        assert_eq!(info(&[], NOON).effective_time(), Some(at(NOON)));
    }

    #[test]
    fn times_of_other_tools_are_read() {
        let read = |key: &str, value: &str| kept_time(&info(&[(key, value)], NOON).attributes.metadata);
        let time = at("2026-01-01T00:00:01.0000005Z");
        assert_eq!(read("mtime", "1767225601.0000005"), Some(time));
        assert_eq!(read("mc-attrs", "atime:1#2/mtime:1767225601#500/uid:0"), Some(time));
        let whole = at("2026-01-01T00:00:01Z");
        assert_eq!(read("s3cmd-attrs", "atime:1/mtime:1767225601/uid:0"), Some(whole));
        assert_eq!(read("mtime", "-1.5"), Some(at("1969-12-31T23:59:58.5Z")));
        for odd in ["", "-", "1e9", "99999999999999999999", "1.x", "1.0000000000000"] {
            assert_eq!(read("mtime", odd), None, "{odd}");
        }
    }
}
