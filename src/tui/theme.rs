//! The look: one set of styles and symbols, and how figures are written. Meaning never hangs on colour alone.
//!
//! Sixteen ANSI colours, the terminal's own foreground, and attributes; 24-bit colour only for a profile's own
//! colour, where the terminal says it can.

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::Span;

use super::units::Units;
use crate::config::{ThemeChoice, Ui};

/// Styles by role, the symbols of the locale, the units of sizes and times.
#[derive(Clone, Debug)]
pub(crate) struct Theme {
    /// Ordinary text.
    pub(crate) text: Style,
    /// Less important text: sizes, times, hints.
    pub(crate) dim: Style,
    /// Folders, prefixes, buckets.
    pub(crate) folder: Style,
    /// The row under the cursor in the focused pane.
    pub(crate) cursor: Style,
    /// The row under the cursor in the other pane.
    pub(crate) cursor_away: Style,
    /// Marked rows (a `*` stands before them too).
    pub(crate) mark: Style,
    /// Border and title of what has the keyboard.
    pub(crate) focused: Style,
    /// Border and title of the rest.
    pub(crate) unfocused: Style,
    /// Failures.
    pub(crate) error: Style,
    /// Things to be careful about.
    pub(crate) warning: Style,
    /// Success.
    pub(crate) good: Style,
    /// Keys in hints and help.
    pub(crate) key: Style,
    /// The full part of a gauge.
    pub(crate) gauge: Style,
    /// Plain ASCII borders, gauges and arrows.
    pub(crate) ascii: bool,
    /// Links that the terminal opens (OSC 8); the console would show none.
    pub(crate) hyperlinks: bool,
    /// Sizes and times.
    pub(crate) units: Units,
    colours: Colours,
}

/// How much colour the terminal gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colours {
    None,
    Ansi,
    True,
}

impl Theme {
    /// From the configuration and the environment (`NO_COLOR`, locale).
    pub(crate) fn new(ui: &Ui) -> Self {
        Self::from_lookup(ui, |name| std::env::var(name).ok())
    }

    fn from_lookup(ui: &Ui, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let ascii = ui.ascii || !is_utf8(&set);
        // An explicit choice in the file does not outrank NO_COLOR: the variable is per run, the file is not.
        let choice = if set("NO_COLOR").is_some() { ThemeChoice::Mono } else { ui.theme };
        let colours = match (choice, set("COLORTERM").as_deref()) {
            (ThemeChoice::Mono, _) => Colours::None,
            (_, Some("truecolor" | "24bit")) => Colours::True,
            _ => Colours::Ansi,
        };
        let mono = Self::mono(ascii, Units::new(ui));
        let theme = match choice {
            ThemeChoice::Mono => mono,
            ThemeChoice::Light => mono.coloured(colours, &LIGHT),
            ThemeChoice::Dark => mono.coloured(colours, &DARK),
            ThemeChoice::Auto => mono.coloured(colours, &AUTO),
        };
        Self { hyperlinks: set("TERM").is_some_and(|term| term != "linux"), ..theme }
    }

    fn mono(ascii: bool, units: Units) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            text: plain,
            dim: plain.add_modifier(Modifier::DIM),
            folder: bold,
            cursor: plain.add_modifier(Modifier::REVERSED),
            cursor_away: plain.add_modifier(Modifier::UNDERLINED),
            mark: bold,
            focused: bold,
            unfocused: plain.add_modifier(Modifier::DIM),
            error: bold,
            warning: bold,
            good: plain,
            key: bold,
            gauge: bold,
            ascii,
            hyperlinks: false,
            units,
            colours: Colours::None,
        }
    }

    fn coloured(self, colours: Colours, palette: &Palette) -> Self {
        Self {
            folder: self.folder.fg(palette.folder),
            mark: self.mark.fg(palette.mark),
            focused: self.focused.fg(palette.accent),
            error: self.error.fg(palette.error),
            warning: Style::new().fg(palette.warning),
            good: self.good.fg(palette.good),
            key: self.key.fg(palette.accent),
            gauge: Style::new().fg(palette.accent),
            colours,
            ..self
        }
    }

    /// A profile's `color` (a name or `#rrggbb`), if it can be shown.
    pub(crate) fn named(&self, color: &str) -> Option<Style> {
        let color: Color = color.parse().ok()?;
        let shown = match color {
            Color::Rgb(..) => self.colours == Colours::True,
            Color::Indexed(index) => index < 16 && self.colours != Colours::None,
            _ => self.colours != Colours::None,
        };
        shown.then(|| Style::new().fg(color))
    }

    /// The colour of a picture's point; `None` where there are none.
    pub(crate) fn point(&self, [red, green, blue]: [u8; 3]) -> Option<Color> {
        // The cube of 6x6x6 colours that terminals of 256 have behind the first sixteen.
        let step = |part: u8| (u16::from(part) * 5 + 127) / 255;
        match self.colours {
            Colours::None => None,
            Colours::True => Some(Color::Rgb(red, green, blue)),
            Colours::Ansi => {
                let index = 16 + 36 * step(red) + 6 * step(green) + step(blue);
                Some(Color::Indexed(u8::try_from(index).unwrap_or(u8::MAX)))
            }
        }
    }

    /// The corners and edges of a box.
    pub(crate) fn border(&self) -> border::Set<'static> {
        if self.ascii { ASCII_BORDER } else { border::PLAIN }
    }

    /// What stands for text that was cut off; one cell wide.
    pub(crate) fn ellipsis(&self) -> &'static str {
        if self.ascii { "~" } else { "…" }
    }

    /// An arrow from a source to a target.
    pub(crate) fn arrow(&self) -> &'static str {
        if self.ascii { "->" } else { "→" }
    }

    /// A gauge of `width` cells, `done` of `total` full. Nothing of nothing is empty: more may be found yet.
    pub(crate) fn bar(&self, width: u16, done: u64, total: u64) -> Vec<Span<'static>> {
        let width = usize::from(width);
        let halves = (u128::from(done.min(total)) * (width as u128 * 2)).checked_div(u128::from(total));
        let halves = halves.and_then(|halves| usize::try_from(halves).ok()).unwrap_or(0);
        let (full, half, empty) = if self.ascii { ("#", "", "-") } else { ("━", "╸", "─") };
        let half = if halves % 2 == 1 { half } else { "" };
        let left = width - halves / 2 - usize::from(!half.is_empty());
        vec![
            Span::styled(full.repeat(halves / 2) + half, self.gauge),
            Span::styled(empty.repeat(left), self.dim),
        ]
    }

    /// A theme for tests: no colour, no environment.
    #[cfg(test)]
    pub(crate) fn plain() -> Self {
        Self::mono(false, Units::plain())
    }
}

/// The colours that differ with the background.
struct Palette {
    folder: Color,
    mark: Color,
    accent: Color,
    error: Color,
    warning: Color,
    good: Color,
}

const DARK: Palette = Palette {
    folder: Color::LightBlue,
    mark: Color::LightYellow,
    accent: Color::LightCyan,
    error: Color::LightRed,
    warning: Color::LightYellow,
    good: Color::LightGreen,
};

const LIGHT: Palette = Palette {
    folder: Color::Blue,
    mark: Color::Magenta,
    accent: Color::Blue,
    error: Color::Red,
    warning: Color::Magenta,
    good: Color::Green,
};

/// Readable on both backgrounds in the palettes that terminals ship with.
const AUTO: Palette = Palette {
    folder: Color::Blue,
    mark: Color::Yellow,
    accent: Color::Cyan,
    error: Color::Red,
    warning: Color::Yellow,
    good: Color::Green,
};

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// Whether the locale writes UTF-8: the first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set decides, as in POSIX.
fn is_utf8(set: &impl Fn(&str) -> Option<String>) -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| set(name)).is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sizes, Times};

    fn theme(ui: &Ui, environment: &[(&str, &str)]) -> Theme {
        Theme::from_lookup(ui, |name| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn no_color_wins_and_leaves_attributes() {
        let ui = Ui { theme: ThemeChoice::Dark, ..Ui::default() };
        let mono = theme(&ui, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
        for style in [mono.folder, mono.error, mono.key, mono.gauge, mono.mark, mono.focused] {
            assert_eq!(style.fg, None);
        }
        assert!(mono.cursor.add_modifier.contains(Modifier::REVERSED));
        assert_eq!(mono.named("red"), None);
        assert!(theme(&ui, &[("NO_COLOR", "")]).error.fg.is_some(), "an empty NO_COLOR means nothing");
    }

    #[test]
    fn only_a_terminal_that_says_so_gets_24_bit_colour() {
        let ui = Ui::default();
        assert_eq!(theme(&ui, &[]).named("#ff0000"), None);
        assert!(theme(&ui, &[]).named("red").is_some());
        assert!(theme(&ui, &[("COLORTERM", "24bit")]).named("#ff0000").is_some());
        assert_eq!(theme(&ui, &[]).named("no such colour"), None);
    }

    #[test]
    fn the_locale_decides_about_ascii() {
        let ui = Ui::default();
        assert!(!theme(&ui, &[("LANG", "de_DE.UTF-8")]).ascii);
        assert!(!theme(&ui, &[("LC_ALL", "C.utf8"), ("LANG", "C")]).ascii);
        assert!(theme(&ui, &[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]).ascii);
        assert!(theme(&ui, &[]).ascii);
        assert!(theme(&Ui { ascii: true, ..Ui::default() }, &[("LANG", "de_DE.UTF-8")]).ascii);
    }

    #[test]
    fn it_carries_the_units_that_were_chosen() {
        let ui = Ui { sizes: Sizes::Iec, times: Times::Utc, ..Ui::default() };
        let units = theme(&ui, &[]).units;
        assert_eq!(units.size(1 << 20), "1 MiB");
        assert_eq!(units.exact_time("2026-03-01T12:00:00Z".parse().unwrap()), "2026-03-01 12:00:00 UTC");
    }

    #[test]
    fn gauges_are_as_wide_as_asked() {
        let plain = Theme::plain();
        let text = |spans: Vec<Span<'static>>| spans.iter().map(|s| s.content.clone()).collect::<String>();
        assert_eq!(text(plain.bar(4, 0, 10)), "────");
        assert_eq!(text(plain.bar(4, 5, 10)), "━━──");
        assert_eq!(text(plain.bar(4, 4, 10)), "━╸──");
        assert_eq!(text(plain.bar(4, 11, 10)), "━━━━");
        assert_eq!(text(plain.bar(4, 0, 0)), "────");
        assert_eq!(text(plain.bar(0, u64::MAX, u64::MAX)), "");
        assert_eq!(text(Theme { ascii: true, ..plain }.bar(4, 4, 10)), "#---");
    }
}
