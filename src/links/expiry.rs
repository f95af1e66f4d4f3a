//! Until when a link is to live, as people say it: lengths of time, days, times of day. Knows nothing of signatures but
//! that they end after seven days.

use std::time::Duration;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{Span, Timestamp, ZonedDateTime};

use crate::config::units::parse_duration;
use crate::error::{Error, Kind, Result};
use crate::s3::MAX_EXPIRES;

/// What is accepted, for hints.
const FORMS: &str = "write a length (90m, 2h, 3 days), a time (18:00, tomorrow, friday 18:00), a date (2026-12-01, \
                     2026-12-01 14:00), or RFC 3339";

/// Reads how long a link is to live, from now in the system's time zone; 1 s to 7 days.
///
/// # Errors
/// `Kind::Usage`: what is wrong and what is accepted; for more than seven days that SigV4 ends there.
pub fn parse_expires(text: &str) -> Result<Duration> {
    parse_expires_at(text, &crate::zone::now())
}

/// [`parse_expires`] at a given time and place. A date alone begins at midnight, a time of day alone is the next one,
/// a weekday the next one after today unless its time is still to come.
pub fn parse_expires_at(text: &str, now: &ZonedDateTime) -> Result<Duration> {
    let life = parse_lifetime_at(text, now)?;
    if life > MAX_EXPIRES {
        let shown = crate::sanitize::display_safe(text.trim()).into_owned();
        return Err(Error::new(Kind::Usage, format!("`{shown}` is more than 7 days")).with_hint(
            "SigV4 signatures end after 7 days, whoever makes them; what is to live longer needs a new link then, \
             a public address (`public_url`), or a protected link (`share create`)",
        ));
    }
    Ok(life)
}

/// Reads how long something is to live that no signature ends: a protected link.
///
/// # Errors
/// `Kind::Usage`: what is wrong and what is accepted.
pub fn parse_lifetime(text: &str) -> Result<Duration> {
    parse_lifetime_at(text, &crate::zone::now())
}

/// [`parse_lifetime`] at a given time and place.
///
/// # Errors
/// As for [`parse_lifetime`].
pub fn parse_lifetime_at(text: &str, now: &ZonedDateTime) -> Result<Duration> {
    let wrong = |why: String| Error::new(Kind::Usage, why);
    let shown = crate::sanitize::display_safe(text.trim()).into_owned();
    let life = if let Some(life) = length(text.trim()) {
        life
    } else {
        let end = moment(text.trim(), now)
            .map_err(wrong)?
            .ok_or_else(|| wrong(format!("`{shown}` is no time that a link can end at")).with_hint(FORMS))?;
        let left = end.duration_since(now.timestamp());
        Duration::try_from(left).map_err(|_| wrong(format!("`{shown}` is in the past")).with_hint(FORMS))?
    };
    if life < Duration::from_secs(1) {
        return Err(wrong("a link must live at least 1 second".to_owned()));
    }
    Ok(Duration::from_secs(life.as_secs()))
}

/// `1h30m`, `2 hours`, `3 days`, `90`.
fn length(text: &str) -> Option<Duration> {
    let mut plain = String::new();
    for word in text.split_whitespace() {
        let word = word.to_ascii_lowercase();
        plain.push_str(match word.as_str() {
            "second" | "seconds" | "sec" | "secs" => "s",
            "minute" | "minutes" | "mins" => "m",
            "hour" | "hours" | "hr" | "hrs" => "h",
            "day" | "days" => "d",
            "week" | "weeks" => "w",
            "in" | "and" => "",
            other => other,
        });
    }
    parse_duration(&plain).ok()
}

/// A moment; `None` if the words say none, an error if they say one that does not exist or exists twice.
fn moment(text: &str, now: &ZonedDateTime) -> std::result::Result<Option<Timestamp>, String> {
    if let Ok(exact) = text.parse::<Timestamp>() {
        return Ok(Some(exact));
    }
    let text = text.to_ascii_lowercase();
    let mut words = text.split_whitespace().filter(|word| !matches!(*word, "at" | "until" | "on"));
    let (Some(first), second, None) = (words.next(), words.next(), words.next()) else { return Ok(None) };
    let time = match second.map(time_of_day) {
        Some(None) => return Ok(None),
        Some(time) => time,
        None => None,
    };
    if second.is_none()
        && let Some(time) = time_of_day(first)
    {
        let today = at(now.date(), time, now)?;
        if today > now.timestamp() {
            return Ok(Some(today));
        }
        return at(tomorrow(now.date())?, time, now).map(Some);
    }
    if second.is_none()
        && let Ok(civil) = first.parse::<DateTime>()
        && first.contains('t')
    {
        return at(civil.date(), civil.time(), now).map(Some);
    }
    let day = match first {
        "today" => now.date(),
        "tomorrow" => tomorrow(now.date())?,
        _ => match (weekday(first), first.parse::<Date>()) {
            (Some(weekday), _) => return next(weekday, time, now).map(Some),
            (None, Ok(date)) => date,
            (None, Err(_)) => return Ok(None),
        },
    };
    // Without a time "tomorrow" is this time tomorrow, "today" the day's end; a date begins at midnight.
    match (time, first) {
        (Some(time), _) => at(day, time, now),
        (None, "tomorrow") => around(day, now.time(), now),
        (None, "today") => around(day, Time::constant(23, 59, 59, 0), now),
        (None, _) => around(day, Time::midnight(), now),
    }
    .map(Some)
}

/// The next such weekday, its beginning where no time is named; today if the time is still to come.
fn next(weekday: Weekday, time: Option<Time>, now: &ZonedDateTime) -> std::result::Result<Timestamp, String> {
    let on = |day| match time {
        Some(time) => at(day, time, now),
        None => around(day, Time::midnight(), now),
    };
    if now.date().weekday() == weekday {
        let today = on(now.date())?;
        if today > now.timestamp() {
            return Ok(today);
        }
    }
    on(now.date().nth_weekday(1, weekday).map_err(|error| error.to_string())?)
}

fn tomorrow(day: Date) -> std::result::Result<Date, String> {
    day.checked_add(Span::new().days(1)).map_err(|error| error.to_string())
}

/// `18:00`, `18:00:30`, `6pm`, `6:30pm`, `noon`, `midnight`.
fn time_of_day(word: &str) -> Option<Time> {
    match word {
        "noon" => return Some(Time::constant(12, 0, 0, 0)),
        "midnight" => return Some(Time::midnight()),
        _ => {}
    }
    let (digits, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        _ => (word, None),
    };
    let mut numbers = digits.split(':').map(|part| part.parse::<i8>().ok().filter(|_| part.len() <= 2));
    let hour = numbers.next()??;
    let minute = numbers.next();
    let second = numbers.next();
    if numbers.next().is_some() || (half.is_none() && minute.is_none()) {
        return None;
    }
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    let (minute, second) = (minute.unwrap_or(Some(0))?, second.unwrap_or(Some(0))?);
    Time::new(hour, minute, second, 0).ok()
}

fn weekday(word: &str) -> Option<Weekday> {
    let all = [
        ("monday", Weekday::Monday),
        ("tuesday", Weekday::Tuesday),
        ("wednesday", Weekday::Wednesday),
        ("thursday", Weekday::Thursday),
        ("friday", Weekday::Friday),
        ("saturday", Weekday::Saturday),
        ("sunday", Weekday::Sunday),
    ];
    all.into_iter().find(|(name, _)| word.len() >= 3 && name.starts_with(word)).map(|(_, day)| day)
}

/// That time in the user's zone; the hour that a change of clocks skips or repeats is refused rather than guessed.
fn at(day: Date, time: Time, now: &ZonedDateTime) -> std::result::Result<Timestamp, String> {
    let civil = DateTime::from_parts(day, time);
    let zone = now.time_zone();
    zone.to_ambiguous_zoned_datetime(civil).unambiguous().map(|zoned| zoned.timestamp()).map_err(|_| {
        format!(
            "{civil} does not exist once in {}: the clocks change; write it with its offset",
            name_of(zone)
        )
    })
}

/// That time in the user's zone where nobody typed it: in an hour that is skipped the first moment after it, in one that
/// is repeated the first of the two. (In some zones the clocks change at midnight.)
fn around(day: Date, time: Time, now: &ZonedDateTime) -> std::result::Result<Timestamp, String> {
    let civil = DateTime::from_parts(day, time);
    let zoned = now.time_zone().to_ambiguous_zoned_datetime(civil).compatible();
    zoned.map(|zoned| zoned.timestamp()).map_err(|error| error.to_string())
}

fn name_of(zone: &jiff::tz::TimeZone) -> &str {
    zone.iana_name().unwrap_or("your time zone")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin(time: &str) -> ZonedDateTime {
        // Spelled out: a test machine may have no time zone database.
        let zone = jiff::tz::TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        time.parse::<Timestamp>().unwrap().to_zoned_datetime(zone)
    }

    /// A Wednesday.
    fn at_noon() -> ZonedDateTime {
        berlin("2026-11-25T12:00:00+01:00")
    }

    fn hours(text: &str) -> f64 {
        parse_expires_at(text, &at_noon()).unwrap_or_else(|error| panic!("{text}: {error}")).as_secs_f64()
            / 3600.0
    }

    #[test]
    fn lengths_days_and_times_are_understood() {
        for (text, expected) in [
            ("90m", 1.5),
            ("2 hours", 2.0),
            ("in 3 days", 72.0),
            ("1 day and 2 hours", 26.0),
            ("3600", 1.0),
            ("18:00", 6.0),
            ("11:00", 23.0),
            ("6pm", 6.0),
            ("6:30pm", 6.5),
            ("midnight", 12.0),
            ("tomorrow", 24.0),
            ("tomorrow 9:00", 21.0),
            ("today at 13:00", 1.0),
            ("friday 18:00", 54.0),
            ("Fri", 36.0),
            ("wednesday 13:00", 1.0),
            ("wed 12:00", 168.0),
            ("2026-12-01", 132.0),
            ("2026-12-01 14:00", 146.0),
            ("2026-12-01T14:00", 146.0),
            ("2026-11-25T12:00:00Z", 1.0),
        ] {
            assert!((hours(text) - expected).abs() < 1e-6, "{text}: {} hours", hours(text));
        }
    }

    #[test]
    fn what_cannot_be_says_why() {
        let error = |text: &str| parse_expires_at(text, &at_noon()).unwrap_err();
        assert!(error("yesterday").hint().unwrap().contains("friday 18:00"));
        assert!(error("2026-11-24").message().contains("past"));
        assert!(error("2026-12-25").hint().unwrap().contains("public_url"));
        assert!(error("8d").hint().unwrap().contains("SigV4"));
        for text in ["", "0", "soon", "25:00", "13pm", "friday noonish", "12:00:00:00", "\u{1b}[2J"] {
            assert!(!error(text).message().contains('\u{1b}'), "{text}");
        }
        assert_eq!(parse_expires_at("7d", &at_noon()).unwrap(), MAX_EXPIRES);
    }

    #[test]
    fn a_change_of_clocks_is_counted_and_its_hour_refused() {
        let before = berlin("2026-03-28T12:00:00+01:00");
        let night = parse_expires_at("tomorrow", &before).unwrap();
        assert_eq!(night, Duration::from_hours(23));
        let skipped = parse_expires_at("2026-03-29 02:30", &before).unwrap_err();
        assert!(skipped.message().contains("clocks"), "{skipped}");
        // Clocks that change at midnight: the day begins at one.
        let zone = jiff::tz::TimeZone::posix("<-04>4<-03>,M9.1.6/24,M4.1.6/24").unwrap();
        let santiago = "2026-09-05T12:00:00-04:00".parse::<Timestamp>().unwrap().to_zoned_datetime(zone);
        for day in ["sunday", "2026-09-06"] {
            assert_eq!(parse_expires_at(day, &santiago).unwrap(), Duration::from_hours(12), "{day}");
        }
        assert!(parse_expires_at("sunday 0:30", &santiago).unwrap_err().message().contains("clocks"));
    }
}
