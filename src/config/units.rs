//! Sizes and durations as people write them.

use std::time::Duration;

/// Bytes: `16MiB`, `16M`, `16 MB`, `1GiB`, or a plain number. `M` and `MiB` are binary, `MB` is decimal.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let text = text.trim();
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let wrong = || format!("`{text}` is not a size; write one like 16MiB");
    let number: u64 = text[..at].parse().map_err(|_| wrong())?;
    let factor: u64 = match text[at..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "t" | "tib" => 1 << 40,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).ok_or_else(wrong)
}

/// Bytes a second: a size, with `/s` behind it or not; at least 1 KiB.
pub fn parse_rate(text: &str) -> Result<u64, String> {
    let rate = parse_size(text.trim().trim_end_matches("/s"))?;
    if rate < 1 << 10 { Err("at least 1KiB a second".to_owned()) } else { Ok(rate) }
}

/// `90s`, `15m`, `1h30m`, `7d`, or plain seconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let trimmed = text.trim();
    let wrong = || format!("`{trimmed}` is not a duration; write one like 90s, 15m, 1h30m or 7d");
    if let Ok(seconds) = trimmed.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let (mut total, mut rest) = (0u64, trimmed);
    while !rest.is_empty() {
        let at = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let number: u64 = rest[..at].parse().map_err(|_| wrong())?;
        let end = rest[at..].find(|c: char| c.is_ascii_digit()).map_or(rest.len(), |more| at + more);
        let unit = match rest[at..end].trim() {
            "s" => 1,
            "m" | "min" => 60,
            "h" => 3600,
            "d" => 86_400,
            "w" => 604_800,
            _ => return Err(wrong()),
        };
        total = number.checked_mul(unit).and_then(|seconds| total.checked_add(seconds)).ok_or_else(wrong)?;
        rest = &rest[end..];
    }
    if trimmed.is_empty() { Err(wrong()) } else { Ok(Duration::from_secs(total)) }
}

/// A length of time in its largest unit alone: `42s`, `59m`, `23h`, `12d`. [`parse_duration`] reads it back.
pub fn coarse(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations() {
        assert_eq!(parse_size("16MiB"), Ok(16 << 20));
        assert_eq!(parse_size("5 MB"), Ok(5_000_000));
        assert_eq!(parse_size("123"), Ok(123));
        assert_eq!(parse_duration("1h30m"), Ok(Duration::from_mins(90)));
        assert_eq!(parse_duration("90"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("1w2d"), Ok(Duration::from_hours(9 * 24)));
        for text in ["0s", "59s", "59m", "23h", "12d"] {
            assert_eq!(coarse(parse_duration(text).unwrap()), text);
        }
        assert_eq!(coarse(Duration::from_mins(119)), "1h");
        for wrong in ["", "x", "1y", "MiB", "1h x", "99999999999999999999", "9999999999999999d"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
