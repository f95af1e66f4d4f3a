//! The look: one set of styles and symbols, and how figures are written. Meaning never hangs on colour alone.
//!
//! What is built in has the terminal's own sixteen colours and its own foreground and background. Other colours are
//! the user's, and those of pictures; where the terminal does not say that it can show them, the nearest of its 256.

use std::ops::Range;

use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::Span;

use super::units::Units;
use crate::config::{Look, Scheme, ThemeChoice, Ui};
use crate::locale::is_utf8;

/// Styles by role, the symbols of the locale, the units of sizes and times.
#[derive(Clone, Debug)]
pub(crate) struct Theme {
    /// Ordinary text.
    pub(crate) text: Style,
    /// Less important text: sizes, times, hints.
    pub(crate) dim: Style,
    /// Folders, prefixes, buckets.
    pub(crate) folder: Style,
    /// Symbolic links (an arrow or an `@` stands behind them too).
    pub(crate) link: Style,
    /// The row under the cursor in the focused pane.
    pub(crate) cursor: Style,
    /// The row under the cursor in the other pane.
    pub(crate) cursor_away: Style,
    /// Marked rows (a `*` stands before them too).
    pub(crate) mark: Style,
    /// What was looked for, within a text.
    pub(crate) hit: Style,
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
    /// Nothing but ASCII: borders, gauges, arrows, and names with escapes.
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
    Palette,
    True,
}

impl Colours {
    fn style(self, look: Look) -> Style {
        let attributes = [
            (look.bold, Modifier::BOLD),
            (look.dim, Modifier::DIM),
            (look.underlined, Modifier::UNDERLINED),
            (look.reversed, Modifier::REVERSED),
        ];
        let style = Style { fg: look.fg.and_then(|fg| self.shown(fg)), ..Style::new() };
        let style = Style { bg: look.bg.and_then(|bg| self.shown(bg)), ..style };
        attributes.into_iter().filter(|(on, _)| *on).fold(style, |style, (_, one)| style.add_modifier(one))
    }

    fn shown(self, color: Color) -> Option<Color> {
        match (self, color) {
            (Colours::None, _) => None,
            (Colours::Palette, Color::Rgb(red, green, blue)) => {
                Some(Color::Indexed(nearest([red, green, blue])))
            }
            _ => Some(color),
        }
    }
}

/// The nearest of the 240 colours that terminals of 256 have behind the first sixteen: a cube of 6x6x6, and 24 greys.
fn nearest(wanted: [u8; 3]) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |part: u8| (0..6u8).min_by_key(|at| LEVELS[usize::from(*at)].abs_diff(part)).unwrap_or(0);
    let [red, green, blue] = wanted.map(step);
    let cube = [red, green, blue].map(|step| LEVELS[usize::from(step)]);
    let mean = wanted.iter().map(|part| u16::from(*part)).sum::<u16>() / 3;
    let grey = u8::try_from((mean.saturating_sub(3) / 10).min(23)).unwrap_or(0);
    let off = |[red, green, blue]: [u8; 3]| {
        [(red, wanted[0]), (green, wanted[1]), (blue, wanted[2])]
            .map(|(part, wanted)| u32::from(part.abs_diff(wanted)).pow(2))
            .iter()
            .sum::<u32>()
    };
    if off([8 + 10 * grey; 3]) < off(cube) { 232 + grey } else { 16 + 36 * red + 6 * green + blue }
}

impl Theme {
    /// From the configuration and the environment (`NO_COLOR`, locale).
    pub(crate) fn new(ui: &Ui) -> Self {
        Self::from_lookup(ui, |name| std::env::var(name).ok())
    }

    pub(super) fn from_lookup(ui: &Ui, variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let ascii = ui.ascii.unwrap_or_else(|| !is_utf8(set));
        // An explicit choice in the file does not outrank NO_COLOR: the variable is per run, the file is not.
        let mono = Scheme::of(ThemeChoice::Mono);
        let scheme = if set("NO_COLOR").is_some() { &mono } else { &ui.theme };
        let colours = match set("COLORTERM").as_deref() {
            _ if *scheme == mono => Colours::None,
            Some("truecolor" | "24bit") => Colours::True,
            _ => Colours::Palette,
        };
        let hyperlinks = set("TERM").is_some_and(|term| term != "linux");
        let base = Self { hyperlinks, colours, ..Self::mono(ascii, Units::new(ui)) };
        let base = match scheme.base {
            ThemeChoice::Mono => base,
            ThemeChoice::Light => base.coloured(&LIGHT),
            ThemeChoice::Dark => base.coloured(&DARK),
            ThemeChoice::Auto => base.coloured(&AUTO),
        };
        base.with(scheme)
    }

    fn mono(ascii: bool, units: Units) -> Self {
        let plain = Style::new();
        let bold = plain.add_modifier(Modifier::BOLD);
        Self {
            text: plain,
            dim: plain.add_modifier(Modifier::DIM),
            folder: bold,
            link: plain.add_modifier(Modifier::ITALIC),
            cursor: plain.add_modifier(Modifier::REVERSED),
            cursor_away: plain.add_modifier(Modifier::UNDERLINED),
            mark: bold,
            hit: bold.add_modifier(Modifier::UNDERLINED),
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

    fn coloured(self, palette: &Palette) -> Self {
        Self {
            folder: self.folder.fg(palette.folder),
            link: Style::new().fg(palette.link),
            mark: self.mark.fg(palette.mark),
            hit: self.hit.fg(palette.accent),
            focused: self.focused.fg(palette.accent),
            error: self.error.fg(palette.error),
            warning: Style::new().fg(palette.warning),
            good: self.good.fg(palette.good),
            key: self.key.fg(palette.accent),
            gauge: Style::new().fg(palette.accent),
            ..self
        }
    }

    /// With the roles that `scheme` says something about.
    fn with(mut self, scheme: &Scheme) -> Self {
        let colours = self.colours;
        let roles = [
            (&mut self.text, scheme.text),
            (&mut self.dim, scheme.dim),
            (&mut self.folder, scheme.folder),
            (&mut self.link, scheme.link),
            (&mut self.cursor, scheme.cursor),
            (&mut self.cursor_away, scheme.cursor_away),
            (&mut self.mark, scheme.mark),
            (&mut self.focused, scheme.focused),
            (&mut self.unfocused, scheme.unfocused),
            (&mut self.error, scheme.error),
            (&mut self.warning, scheme.warning),
            (&mut self.good, scheme.good),
            (&mut self.key, scheme.key),
            (&mut self.gauge, scheme.gauge),
            (&mut self.hit, scheme.hit),
        ];
        for (style, look) in roles {
            if let Some(look) = look {
                *style = colours.style(look);
            }
        }
        self
    }

    /// A colour of the user's or of a picture as the terminal can show it; `None` where there are none.
    pub(crate) fn shown(&self, color: Color) -> Option<Color> {
        self.colours.shown(color)
    }

    /// The corners and edges of a box.
    pub(crate) fn border(&self) -> border::Set<'static> {
        if self.ascii { ASCII_BORDER } else { border::PLAIN }
    }

    /// What stands for text that was cut off; one cell wide.
    pub(crate) fn ellipsis(&self) -> &'static str {
        if self.ascii { "~" } else { "…" }
    }

    /// What stands right behind the name of a symbolic link.
    pub(crate) fn link_sign(&self) -> &'static str {
        if self.ascii { "@" } else { "" }
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

    /// A text in a style, in which `hits` (ranges of bytes, in order) stand out.
    pub(crate) fn highlighted(&self, text: &str, hits: &[Range<usize>], style: Style) -> Vec<Span<'static>> {
        let (mut spans, mut at) = (Vec::new(), 0);
        for hit in hits {
            let (Some(before), Some(found)) = (text.get(at..hit.start), text.get(hit.clone())) else {
                continue;
            };
            spans.push(Span::styled(before.to_owned(), style));
            spans.push(Span::styled(found.to_owned(), style.patch(self.hit)));
            at = hit.end;
        }
        spans.push(Span::styled(text.get(at..).unwrap_or_default().to_owned(), style));
        spans
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
    link: Color,
    mark: Color,
    accent: Color,
    error: Color,
    warning: Color,
    good: Color,
}

const DARK: Palette = Palette {
    folder: Color::LightBlue,
    link: Color::LightMagenta,
    mark: Color::LightYellow,
    accent: Color::LightCyan,
    error: Color::LightRed,
    warning: Color::LightYellow,
    good: Color::LightGreen,
};

const LIGHT: Palette = Palette {
    folder: Color::Blue,
    link: Color::Cyan,
    mark: Color::Magenta,
    accent: Color::Blue,
    error: Color::Red,
    warning: Color::Magenta,
    good: Color::Green,
};

/// Readable on both backgrounds in the palettes that terminals ship with.
const AUTO: Palette = Palette {
    folder: Color::Blue,
    link: Color::Magenta,
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
        let folder = Some(Look { fg: Some(Color::Red), ..Look::default() });
        let ui = Ui { theme: Scheme { folder, ..Scheme::of(ThemeChoice::Dark) }, ..Ui::default() };
        let mono = theme(&ui, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
        for style in [mono.folder, mono.error, mono.key, mono.gauge, mono.mark, mono.focused] {
            assert_eq!(style.fg, None);
        }
        assert!(mono.cursor.add_modifier.contains(Modifier::REVERSED));
        assert!(mono.folder.add_modifier.contains(Modifier::BOLD), "as the mono theme has it");
        assert_eq!(mono.shown(Color::Red), None);
        assert!(theme(&ui, &[("NO_COLOR", "")]).error.fg.is_some(), "an empty NO_COLOR means nothing");
    }

    #[test]
    fn only_a_terminal_that_says_so_gets_24_bit_colour_others_the_nearest_they_have() {
        let ui = Ui::default();
        let rgb = |red, green, blue| Color::Rgb(red, green, blue);
        let (plain, all) = (theme(&ui, &[]), theme(&ui, &[("COLORTERM", "24bit")]));
        assert_eq!(all.shown(rgb(250, 3, 3)), Some(rgb(250, 3, 3)));
        for (color, index) in [
            (rgb(250, 3, 3), 196),
            (rgb(0, 0, 0), 16),
            (rgb(255, 255, 255), 231),
            (rgb(0x5f, 0x87, 0xaf), 67),
            (rgb(100, 101, 99), 241),
            (rgb(9, 9, 9), 232),
        ] {
            assert_eq!(plain.shown(color), Some(Color::Indexed(index)), "{color}");
        }
        assert_eq!(plain.shown(Color::Red), Some(Color::Red));
        assert_eq!(plain.shown(Color::Indexed(208)), Some(Color::Indexed(208)));
    }

    #[test]
    fn own_roles_take_the_place_of_those_of_the_base_and_nothing_else_changes() {
        let look = Look { bg: Some(Color::Indexed(24)), bold: true, ..Look::default() };
        let scheme = Scheme { cursor: Some(look), ..Scheme::of(ThemeChoice::Light) };
        let own = theme(&Ui { theme: scheme, ..Ui::default() }, &[]);
        assert_eq!(own.cursor, Style::new().bg(Color::Indexed(24)).bold());
        assert_eq!(own.error.fg, Some(LIGHT.error));
        let mono = Scheme { base: ThemeChoice::Mono, ..scheme };
        let own = theme(&Ui { theme: mono, ..Ui::default() }, &[]);
        assert_eq!((own.cursor.bg, own.error.fg), (Some(Color::Indexed(24)), None));
    }

    #[test]
    fn the_locale_decides_about_ascii() {
        let ui = Ui::default();
        assert!(!theme(&ui, &[("LANG", "de_DE.UTF-8")]).ascii);
        assert!(!theme(&ui, &[("LC_ALL", "C.utf8"), ("LANG", "C")]).ascii);
        assert!(theme(&ui, &[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]).ascii);
        assert!(theme(&ui, &[]).ascii);
        assert!(theme(&Ui { ascii: Some(true), ..Ui::default() }, &[("LANG", "de_DE.UTF-8")]).ascii);
        assert!(!theme(&Ui { ascii: Some(false), ..Ui::default() }, &[("LC_ALL", "C")]).ascii);
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
