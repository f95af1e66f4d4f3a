//! The time zone of the user. Times that are shown or typed without one of their own are in it; whoever may choose
//! another (`[ui] times`) starts from here.

use std::ffi::OsString;
use std::path::Path;
use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ZonedDateTime};

use crate::location::nearest;
use crate::sanitize::display_safe;

/// The zone, and what was wrong with the setting it should come from.
struct Found {
    zone: TimeZone,
    warning: Option<String>,
}

/// Read once: the system's files say it, and listings have a million rows.
static FOUND: LazyLock<Found> = LazyLock::new(|| find(std::env::var_os("TZ")));

/// The zone that `TZ` names, else the system's. UTC where there is neither.
pub fn local() -> TimeZone {
    FOUND.zone.clone()
}

/// Why [`local`] is UTC although something else was asked for, in one sentence that is safe to show.
pub fn warning() -> Option<&'static str> {
    FOUND.warning.as_deref()
}

/// The time now, in `zone`.
pub fn now_in(zone: &TimeZone) -> ZonedDateTime {
    Timestamp::now().to_zoned_datetime(zone.clone())
}

/// The time now, where the user is.
pub fn now() -> ZonedDateTime {
    now_in(&FOUND.zone)
}

fn find(variable: Option<OsString>) -> Found {
    if let Ok(zone) = TimeZone::try_system() {
        return Found { zone, warning: None };
    }
    let Some(text) = variable.map(|text| text.to_string_lossy().into_owned()) else {
        // A machine without the file is in UTC for every program; one whose file is damaged is a surprise.
        let file = Path::new("/etc/localtime");
        let is_there = file.symlink_metadata().is_ok();
        let warning = is_there.then(|| format!("{} is not a time zone; times are in UTC", file.display()));
        return Found { zone: TimeZone::UTC, warning };
    };
    // The system's database may lack a zone that the bundled one has.
    let name = text.strip_prefix(':').unwrap_or(&text);
    let bundled = TimeZoneDatabase::bundled();
    if let Ok(zone) = bundled.get(name) {
        return Found { zone, warning: None };
    }
    let names: Vec<String> = bundled.available().map(|known| known.to_string()).collect();
    let near = nearest(name, names.iter().map(String::as_str));
    let near = near.map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
    let warning = format!("TZ={} is not a known time zone{near}; times are in UTC", display_safe(&text));
    Found { zone: TimeZone::UTC, warning: Some(warning) }
}
