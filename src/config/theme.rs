//! Themes: those that are built in, and the user's own in `[themes]`. What they do to a screen is `tui/theme`'s business.

use ratatui::style::Color;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use toml::Value;

/// A theme that is built in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ThemeChoice {
    /// Colourless if `NO_COLOR` is set, else the terminal's own sixteen colours.
    #[default]
    Auto,
    /// For dark backgrounds.
    Dark,
    /// For light backgrounds.
    Light,
    /// No colour, only bold, underline and reverse.
    Mono,
}

impl ThemeChoice {
    /// Every word, as the configuration knows them.
    pub const WORDS: &[(&str, ThemeChoice)] =
        &[("auto", Self::Auto), ("dark", Self::Dark), ("light", Self::Light), ("mono", Self::Mono)];
}

/// A table of `[themes]`: a built-in theme, and the roles that look otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scheme {
    /// What everything else looks like.
    pub base: ThemeChoice,
    /// Ordinary text.
    pub text: Option<Look>,
    /// Less important text: sizes, times, hints.
    pub dim: Option<Look>,
    /// Folders, prefixes, buckets.
    pub folder: Option<Look>,
    /// Symbolic links.
    pub link: Option<Look>,
    /// The row under the cursor where the keyboard is.
    pub cursor: Option<Look>,
    /// The row under the cursor in the other pane.
    pub cursor_away: Option<Look>,
    /// Marked rows.
    pub mark: Option<Look>,
    /// Border and title of what has the keyboard.
    pub focused: Option<Look>,
    /// Border and title of the rest.
    pub unfocused: Option<Look>,
    /// Failures.
    pub error: Option<Look>,
    /// Things to be careful about.
    pub warning: Option<Look>,
    /// Success.
    pub good: Option<Look>,
    /// Keys in hints and help.
    pub key: Option<Look>,
    /// The full part of a gauge.
    pub gauge: Option<Look>,
    /// What a filter found in a name.
    pub hit: Option<Look>,
}

impl Scheme {
    /// A built-in theme as it is.
    pub fn of(base: ThemeChoice) -> Self {
        Self { base, ..Self::default() }
    }
}

/// All of what a role looks like: nothing of the base stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the table")]
pub struct Look {
    /// The colour of letters; `None`: the terminal's own.
    #[serde(deserialize_with = "colour")]
    pub fg: Option<Color>,
    /// The colour behind them; `None`: the terminal's own.
    #[serde(deserialize_with = "colour")]
    pub bg: Option<Color>,
    /// Bold letters.
    pub bold: bool,
    /// Paler letters.
    pub dim: bool,
    /// A line below.
    pub underlined: bool,
    /// Both colours exchanged.
    pub reversed: bool,
}

/// Reads a colour: a name, a number of the palette, or `#rrggbb`.
pub(super) fn colour<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Color>, D::Error> {
    let value = Value::deserialize(value)?;
    let text = match &value {
        Value::String(text) if text == "default" => "reset".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    text.parse().map(Some).map_err(|_| {
        D::Error::custom(format!(
            "{value} is not a colour; accepted: black, red, green, yellow, blue, magenta, cyan, gray, darkgray, lightred, \
             lightgreen, lightyellow, lightblue, lightmagenta, lightcyan, white, default, 0 to 255, #rrggbb"
        ))
    })
}
