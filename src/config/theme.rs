//! The themes one can choose; what they look like is `tui/theme`'s business.

/// `[ui] theme`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
