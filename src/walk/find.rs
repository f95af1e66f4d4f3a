//! Which of the objects and files of a tree somebody looks for. Says nothing of how trees are read.

use globset::{GlobBuilder, GlobMatcher};
use jiff::Timestamp;

use super::Found;
use crate::config::units::{parse_duration, parse_size};
use crate::error::{Error, Kind, Result};
use crate::unicode::{composed, fold, glob_for_folded};

/// Conditions that all have to be met; the default is met by everything.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// The last component of the path, as a glob.
    pub name: Option<Pattern>,
    /// The path below the root, as a glob in which `*` also stands for `/`.
    pub path: Option<Pattern>,
    /// Bytes.
    pub size: Option<Sizes>,
    /// Modified after that.
    pub newer: Option<Timestamp>,
    /// Modified before that.
    pub older: Option<Timestamp>,
    /// The storage class, whatever its case; `STANDARD` is also what has none.
    pub storage_class: Option<String>,
    /// Components of the path below the root at most.
    pub depth: Option<usize>,
}

impl Query {
    /// Whether `found` meets all conditions. Without a date, none about dates is met.
    pub fn matches(&self, found: &Found) -> bool {
        let path = found.relative.trim_end_matches('/');
        let name = found.location.name();
        let name = name.trim_end_matches('/');
        let class = found.storage_class.as_deref().unwrap_or("STANDARD");
        self.name.as_ref().is_none_or(|pattern| pattern.matches(name))
            && self.path.as_ref().is_none_or(|pattern| pattern.matches(path))
            && self.size.is_none_or(|sizes| sizes.holds(found.size))
            && self.newer.is_none_or(|limit| found.modified.is_some_and(|time| time > limit))
            && self.older.is_none_or(|limit| found.modified.is_some_and(|time| time < limit))
            && self.storage_class.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(class))
            && self.depth.is_none_or(|most| path.matches('/').count() < most)
    }
}

/// The most bytes of a glob: keys have up to 1,024, and globset panics on what needs too much memory.
const LONGEST: usize = 4096;

/// A glob: `*`, `?`, `[a-z]`, `{a,b}`. Whether an accent is part of its character does not count.
#[derive(Clone, Debug)]
pub struct Pattern {
    glob: GlobMatcher,
    any_case: bool,
}

impl Pattern {
    /// Reads a glob; `any_case` makes it blind to upper and lower case.
    ///
    /// # Errors
    /// `Kind::Usage`, with what is wrong in it.
    pub fn new(glob: &str, any_case: bool) -> Result<Self> {
        if glob.len() > LONGEST {
            let message =
                format!("the pattern has {} bytes; at most {LONGEST} can be looked for", glob.len());
            return Err(Error::new(Kind::Usage, message));
        }
        let plain = if any_case { glob_for_folded(glob) } else { composed(glob).into_owned() };
        let built = GlobBuilder::new(&plain).case_insensitive(any_case).literal_separator(false).build();
        let glob = built.map_err(|error| {
            Error::new(Kind::Usage, format!("`{}`: {}", crate::sanitize::display_safe(glob), error.kind()))
                .with_hint("write globs like *.jpg, report-202?.pdf or {a,b}*")
        })?;
        Ok(Self { glob: glob.compile_matcher(), any_case })
    }

    fn matches(&self, text: &str) -> bool {
        let text = if self.any_case { fold(text) } else { composed(text) };
        self.glob.is_match(&*text)
    }
}

/// A span of sizes, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    least: u64,
    most: u64,
}

impl Sizes {
    fn holds(self, size: u64) -> bool {
        (self.least..=self.most).contains(&size)
    }
}

/// Reads `+10M` (more), `-1k` (less), `100k..2G` (between), `4096` (exactly).
///
/// # Errors
/// What is accepted.
pub fn parse_sizes(text: &str) -> std::result::Result<Sizes, String> {
    let text = text.trim();
    if let Some((least, most)) = text.split_once("..") {
        let least = if least.is_empty() { 0 } else { parse_size(least)? };
        let most = if most.is_empty() { u64::MAX } else { parse_size(most)? };
        return if least <= most {
            Ok(Sizes { least, most })
        } else {
            Err("the first size is the larger one".to_owned())
        };
    }
    let wrong = |why| format!("{why}; or +10M for more, -1k for less, 100k..2G for between");
    if let Some(more) = text.strip_prefix('+') {
        let least = parse_size(more).map_err(wrong)?.saturating_add(1);
        return Ok(Sizes { least, most: u64::MAX });
    }
    if let Some(less) = text.strip_prefix('-') {
        let most = parse_size(less).map_err(wrong)?;
        return most
            .checked_sub(1)
            .map(|most| Sizes { least: 0, most })
            .ok_or("nothing is less than 0".to_owned());
    }
    let exact = parse_size(text).map_err(wrong)?;
    Ok(Sizes { least: exact, most: exact })
}

/// Reads a time in the past: `7d` ago, a date (midnight, local), a date with a time, or RFC 3339.
///
/// # Errors
/// What is accepted.
pub fn parse_since(text: &str, now: &jiff::ZonedDateTime) -> std::result::Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(ago) = parse_duration(text) {
        let ago = jiff::SignedDuration::try_from(ago).map_err(|_| format!("`{text}` is too long ago"))?;
        return now.timestamp().checked_sub(ago).map_err(|_| format!("`{text}` is too long ago"));
    }
    if let Ok(exact) = text.parse::<Timestamp>() {
        return Ok(exact);
    }
    let civil = text
        .parse::<jiff::civil::DateTime>()
        .or_else(|_| text.parse::<jiff::civil::Date>().map(|date| date.at(0, 0, 0, 0)));
    let zone = now.time_zone().clone();
    civil
        .and_then(|civil| zone.to_ambiguous_timestamp(civil).compatible())
        .map_err(|_| format!("`{text}` is no time; write 7d (ago), 2026-12-01, 2026-12-01T14:00 or RFC 3339"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::location::{Location, Remote};

    fn found(key: &str, size: u64) -> Found {
        let target = Remote { profile: "p".into(), bucket: "b".into(), key: format!("root/{key}") };
        Found {
            relative: key.into(),
            location: Location::Remote(target),
            size,
            modified: Some("2026-11-20T00:00:00Z".parse().unwrap()),
            etag: None,
            storage_class: None,
        }
    }

    fn glob(text: &str) -> Pattern {
        Pattern::new(text, false).unwrap()
    }

    #[test]
    fn names_paths_and_depths_are_told_apart() {
        let object = found("2026/may/cat.JPG", 10);
        let query = |query: Query| query.matches(&object);
        assert!(query(Query::default()));
        assert!(query(Query { name: Some(glob("*.JPG")), ..Query::default() }));
        assert!(!query(Query { name: Some(glob("*.jpg")), ..Query::default() }));
        assert!(query(Query { name: Some(Pattern::new("*.jpg", true).unwrap()), ..Query::default() }));
        assert!(!query(Query { name: Some(glob("may*")), ..Query::default() }));
        assert!(query(Query { path: Some(glob("2026/*.JPG")), ..Query::default() }));
        assert!(query(Query { depth: Some(3), ..Query::default() }));
        assert!(!query(Query { depth: Some(2), ..Query::default() }));
        assert!(query(Query { storage_class: Some("standard".into()), ..Query::default() }));
        let accented = found("Re\u{301}sume\u{301}.pdf", 1);
        for text in ["R\u{e9}*", "Re\u{301}*", "*sum\u{e9}.pdf"] {
            let name = Some(glob(text));
            assert!(Query { name, ..Query::default() }.matches(&accented), "{text}");
        }
        let any_case = Some(Pattern::new("r\u{c9}SUM\u{e9}*", true).unwrap());
        assert!(Query { name: any_case, ..Query::default() }.matches(&accented));
        assert!(Pattern::new("[", false).unwrap_err().hint().is_some());
    }

    #[test]
    fn sizes_and_times_have_ends() {
        let holds = |text: &str, size| parse_sizes(text).unwrap().holds(size);
        assert!(holds("+1k", 1025) && !holds("+1k", 1024));
        assert!(holds("-1k", 1023) && !holds("-1k", 1024));
        assert!(holds("1k..2k", 1024) && holds("1k..2k", 2048) && !holds("1k..2k", 2049));
        assert!(holds("..5", 5) && holds("5..", u64::MAX) && holds("7", 7) && !holds("7", 8));
        for wrong in ["", "big", "+", "-0", "2k..1k"] {
            assert!(parse_sizes(wrong).is_err(), "{wrong}");
        }
        let now =
            "2026-11-25T12:00:00Z".parse::<Timestamp>().unwrap().to_zoned_datetime(jiff::tz::TimeZone::UTC);
        let since = |text: &str| parse_since(text, &now).unwrap().to_string();
        assert_eq!(since("7d"), "2026-11-18T12:00:00Z");
        assert_eq!(since("2026-11-01"), "2026-11-01T00:00:00Z");
        assert!(parse_since("lately", &now).is_err());
        let object = found("a", 1);
        let week = parse_since("7d", &now).unwrap();
        assert!(Query { newer: Some(week), ..Query::default() }.matches(&object));
        assert!(!Query { older: Some(week), ..Query::default() }.matches(&object));
        let undated = Found { modified: None, ..object };
        assert!(!Query { older: Some(week), ..Query::default() }.matches(&undated));
    }
}
