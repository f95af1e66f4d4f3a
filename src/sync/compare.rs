//! Whether two files are the same, as far as two listings and one HEAD can tell. Pure.

use jiff::{SignedDuration, Timestamp};

use super::types::{Compare, File, Reason};
use crate::location::Location;
use crate::s3::{ObjectInfo, kept_time};

/// Which way the bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Up,
    Down,
    Remote,
    Local,
}

impl Direction {
    pub(super) fn of(source: &Location, target: &Location) -> Self {
        match (source.as_local(), target.as_local()) {
            (Some(_), None) => Self::Up,
            (None, Some(_)) => Self::Down,
            (None, None) => Self::Remote,
            (Some(_), Some(_)) => Self::Local,
        }
    }
}

/// What is known of two files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Same,
    Differs(Reason),
    /// The listings do not tell.
    Doubt,
}

/// Compares what two listings say.
pub(super) fn verdict(how: Compare, direction: Direction, source: &File, target: &File) -> Verdict {
    if source.size != target.size {
        return Verdict::Differs(Reason::Size { source: source.size, target: target.size });
    }
    let etags = source.etag.as_deref().zip(target.etag.as_deref());
    let same_etags = etags.is_some_and(|(source, target)| !source.is_empty() && source == target);
    match (how, source.modified, target.modified) {
        (Compare::Size, ..) => Verdict::Same,
        _ if direction == Direction::Remote && same_etags => Verdict::Same,
        (Compare::Checksum, ..) => Verdict::Doubt,
        (Compare::Times, Some(source), Some(target)) if target >= source => Verdict::Same,
        (Compare::Times, ..) if matches!(direction, Direction::Up | Direction::Down) => Verdict::Doubt,
        (Compare::Times, Some(_), Some(_)) => Verdict::Differs(Reason::Newer),
        (Compare::Times, ..) => Verdict::Differs(Reason::Unknown("there is no time to compare".to_owned())),
    }
}

/// Settles a doubt about times by what HEAD says of the object and what is known of the file on the other side.
pub(super) fn settled(direction: Direction, source: &File, target: &File, info: &ObjectInfo) -> Verdict {
    let (file, object) = if direction == Direction::Up { (source, target) } else { (target, source) };
    let sizes = |there| match direction {
        Direction::Up => Reason::Size { source: file.size, target: there },
        _ => Reason::Size { source: there, target: file.size },
    };
    if info.size != file.size {
        return Verdict::Differs(sizes(info.size));
    }
    let Some(local) = file.modified else {
        return Verdict::Differs(Reason::Unknown("the file has no time".to_owned()));
    };
    let kept = kept_time(&info.attributes.metadata).is_some_and(|kept| same_time(kept, local));
    // Headers have whole seconds: a file that was fetched alone has the time of the header, not of the listing.
    let fetched = direction == Direction::Down && info.modified == Some(local);
    let not_older = object.modified.is_none()
        && info.modified.is_some_and(|remote| match direction {
            Direction::Up => remote >= local,
            _ => local >= remote,
        });
    if kept || fetched || not_older { Verdict::Same } else { Verdict::Differs(Reason::Newer) }
}

/// Whether two times are one, of which either may have lost what is below a second.
fn same_time(left: Timestamp, right: Timestamp) -> bool {
    let whole = |time: Timestamp| time.subsec_nanosecond() == 0;
    let limit = if whole(left) || whole(right) {
        SignedDuration::from_secs(1)
    } else {
        SignedDuration::from_micros(1)
    };
    left.duration_since(right).abs() < limit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn file(time: &str) -> File {
        File { relative: "f".into(), size: 3, modified: Some(at(time)), etag: None }
    }

    fn info(pairs: &[(&str, &str)], modified: Option<&str>) -> ObjectInfo {
        let mut info = ObjectInfo { size: 3, modified: modified.map(at), ..ObjectInfo::default() };
        info.attributes.metadata =
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        info
    }

    const EARLY: &str = "2026-01-01T00:00:00Z";
    const LATE: &str = "2026-01-01T00:00:01Z";

    #[test]
    fn the_target_must_not_be_older() {
        use Direction::{Down, Local, Remote, Up};
        for direction in [Up, Down, Remote, Local] {
            let seen = |source, target| verdict(Compare::Times, direction, &file(source), &file(target));
            assert_eq!(seen(EARLY, EARLY), Verdict::Same);
            assert_eq!(seen(EARLY, LATE), Verdict::Same);
            let older = seen(LATE, EARLY);
            let in_doubt = matches!(direction, Up | Down);
            assert_eq!(older, if in_doubt { Verdict::Doubt } else { Verdict::Differs(Reason::Newer) });
        }
    }

    #[test]
    fn sizes_come_first_and_may_be_enough() {
        let larger = File { size: 4, ..file(LATE) };
        let reason = Reason::Size { source: 4, target: 3 };
        for how in [Compare::Times, Compare::Size, Compare::Checksum] {
            let seen = verdict(how, Direction::Up, &larger, &file(LATE));
            assert_eq!(seen, Verdict::Differs(reason.clone()));
        }
        assert_eq!(verdict(Compare::Size, Direction::Up, &file(LATE), &file(EARLY)), Verdict::Same);
        assert_eq!(verdict(Compare::Checksum, Direction::Up, &file(EARLY), &file(LATE)), Verdict::Doubt);
    }

    #[test]
    fn objects_with_one_etag_are_the_same_whatever_their_times() {
        let with = |time, etag: &str| File { etag: Some(etag.into()), ..file(time) };
        let seen =
            |a: &str, b: &str| verdict(Compare::Times, Direction::Remote, &with(LATE, a), &with(EARLY, b));
        assert_eq!(seen("x", "x"), Verdict::Same);
        assert_eq!(seen("x", "y"), Verdict::Differs(Reason::Newer));
        assert_eq!(seen("", ""), Verdict::Differs(Reason::Newer), "no ETag says nothing");
    }

    #[test]
    fn a_doubt_is_settled_by_the_time_that_was_kept() {
        let (local, remote) = (file("2026-01-01T00:00:01.25Z"), file(EARLY));
        let up = |info: &ObjectInfo| settled(Direction::Up, &local, &remote, info);
        assert_eq!(up(&info(&[("mtime", "1767225601.25")], Some(EARLY))), Verdict::Same);
        assert_eq!(up(&info(&[("mtime", "1767225601")], Some(EARLY))), Verdict::Same, "seconds only");
        assert_eq!(up(&info(&[("mtime", "1767225601.5")], Some(EARLY))), Verdict::Differs(Reason::Newer));
        assert_eq!(up(&info(&[("mtime", "nonsense")], Some(EARLY))), Verdict::Differs(Reason::Newer));
        assert_eq!(up(&info(&[], Some(EARLY))), Verdict::Differs(Reason::Newer));
        let grown = ObjectInfo { size: 9, ..info(&[("mtime", "1767225601.25")], None) };
        assert_eq!(up(&grown), Verdict::Differs(Reason::Size { source: 3, target: 9 }));
    }

    #[test]
    fn a_file_fetched_alone_has_the_headers_time() {
        let (object, local) = (file("2026-01-01T00:00:00.7Z"), file(EARLY));
        let down = |local: &File| settled(Direction::Down, &object, local, &info(&[], Some(EARLY)));
        assert_eq!(down(&local), Verdict::Same);
        let within_the_second = file("2026-01-01T00:00:00.1Z");
        assert_eq!(down(&within_the_second), Verdict::Differs(Reason::Newer));
    }
}
