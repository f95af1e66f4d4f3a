//! How sizes and times are written. Whatever the browser shows of them is written here; knows no styles.

use humansize::{BINARY, DECIMAL, FormatSizeOptions, format_size};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::text;
use crate::config::{Sizes, Times, Ui};

/// What the user chose.
#[derive(Clone, Debug)]
pub(crate) struct Units {
    sizes: Sizes,
    zone: TimeZone,
}

impl Units {
    /// From the configuration.
    pub(crate) fn new(ui: &Ui) -> Self {
        let zone = match ui.times {
            Times::Local => crate::zone::local(),
            Times::Utc => TimeZone::UTC,
        };
        Self { sizes: ui.sizes, zone }
    }

    /// The zone that times are shown in, and typed in.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Bytes: `1.2 MB`, `1.1 MiB` or `1,200,000 B`.
    pub(crate) fn size(&self, bytes: u64) -> String {
        let of = |options: FormatSizeOptions| format_size(bytes, options.decimal_places(1).decimal_zeroes(0));
        match self.sizes {
            Sizes::Si => of(DECIMAL),
            Sizes::Iec => of(BINARY),
            Sizes::Bytes => format!("{} B", text::count(bytes)),
        }
    }

    /// The same, with every byte where those are rounded: `1.2 MB (1,200,345 bytes)`.
    pub(crate) fn exact_size(&self, bytes: u64) -> String {
        let short = self.size(bytes);
        if short.ends_with(" B") { short } else { format!("{short} ({} bytes)", text::count(bytes)) }
    }

    /// Cells of a column of sizes; in single bytes there may be wider ones, from 1 TB on.
    pub(crate) fn width(&self) -> usize {
        match self.sizes {
            Sizes::Si => 9,
            Sizes::Iec => 10,
            Sizes::Bytes => 17,
        }
    }

    /// A size at the right of such a column.
    pub(crate) fn column(&self, bytes: u64) -> String {
        format!("{:>1$}", self.size(bytes), self.width())
    }

    /// Bytes a second, of which nobody wants to know the last one.
    pub(crate) fn rate(&self, bytes: u64) -> String {
        let sizes = if self.sizes == Sizes::Bytes { Sizes::Si } else { self.sizes };
        Self { sizes, ..self.clone() }.size(bytes) + "/s"
    }

    fn format(&self, time: Timestamp, format: &str) -> String {
        time.to_zoned_datetime(self.zone.clone()).strftime(format).to_string()
    }

    /// To the minute, 16 cells: `2026-03-01 12:00`.
    pub(crate) fn time(&self, time: Timestamp) -> String {
        self.format(time, "%Y-%m-%d %H:%M")
    }

    /// To the second, with the zone's name: it may be told to people elsewhere.
    pub(crate) fn exact_time(&self, time: Timestamp) -> String {
        self.format(time, "%Y-%m-%d %H:%M:%S %Z")
    }

    /// The time of day.
    pub(crate) fn clock(&self, time: Timestamp) -> String {
        self.format(time, "%H:%M:%S")
    }

    /// Those of tests, wherever they run.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self { sizes: Sizes::Si, zone: TimeZone::UTC }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_chosen_and_fit_their_column() {
        let units = |sizes| Units { sizes, ..Units::plain() };
        assert_eq!(units(Sizes::Si).size(0), "0 B");
        assert_eq!(units(Sizes::Si).size(1_500_000), "1.5 MB");
        assert_eq!(units(Sizes::Iec).size(1_500_000), "1.4 MiB");
        assert_eq!(units(Sizes::Bytes).size(1_500_000), "1,500,000 B");
        assert_eq!(units(Sizes::Bytes).rate(1_500_000), "1.5 MB/s");
        assert_eq!(units(Sizes::Si).exact_size(91), "91 B");
        assert_eq!(units(Sizes::Si).exact_size(1_500_001), "1.5 MB (1,500,001 bytes)");
        for sizes in [Sizes::Si, Sizes::Iec, Sizes::Bytes] {
            for bytes in [0, 1_023, 999_949, 1_048_524, 999_999_999_999] {
                let column = units(sizes).column(bytes);
                assert_eq!(text::width(&column), units(sizes).width(), "{column}");
            }
        }
    }

    #[test]
    fn times_are_told_where_the_user_is_or_in_utc() {
        let time: Timestamp = "2026-03-01T23:30:05Z".parse().unwrap();
        let there = Units { zone: TimeZone::fixed(jiff::tz::offset(9)), ..Units::plain() };
        assert_eq!(there.time(time), "2026-03-02 08:30");
        assert_eq!(there.exact_time(time), "2026-03-02 08:30:05 +09");
        assert_eq!(there.clock(time), "08:30:05");
        let utc = Units::new(&Ui { times: Times::Utc, ..Ui::default() });
        assert_eq!(utc.time(time), "2026-03-01 23:30");
        assert_eq!(utc.exact_time(time), "2026-03-01 23:30:05 UTC");
    }
}
