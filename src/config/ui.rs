//! `[ui]`: what the browser looks like and how it asks. What that means on the screen is `tui`'s business.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::file::Source;
use super::theme::{Scheme, ThemeChoice};
use super::units::parse_size;
use crate::error::Result;

/// What stands for no limit.
const OFF: &str = "off";

/// `[ui]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ui {
    /// Colours.
    pub theme: Scheme,
    /// How sizes are written.
    pub sizes: Sizes,
    /// Where times are told.
    pub times: Times,
    /// What stands beside the names in the panes; the last ones give way where room is short.
    pub columns: Vec<Column>,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// Whether terminals get nothing but ASCII; `None`: as the locale says.
    pub ascii: Option<bool>,
    /// Program and arguments that take the text to copy on stdin; empty: none.
    pub clipboard_command: Vec<String>,
    /// Whether deleting asks first.
    pub confirm_delete: bool,
    /// Copying asks first from so many files on; `None`: however many there are.
    pub confirm_copy_files: Option<u64>,
    /// Copying asks first from so many bytes on; `None`: however many there are.
    pub confirm_copy_size: Option<u64>,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            theme: Scheme::default(),
            sizes: Sizes::default(),
            times: Times::default(),
            columns: vec![Column::Size, Column::Modified],
            mouse: false,
            ascii: None,
            clipboard_command: Vec::new(),
            confirm_delete: true,
            confirm_copy_files: Some(1_000),
            confirm_copy_size: Some(1_000_000_000),
        }
    }
}

/// `[ui] sizes`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sizes {
    /// Powers of 1,000: kB, MB, GB.
    #[default]
    Si,
    /// Powers of 1,024: KiB, MiB, GiB.
    Iec,
    /// Every single byte.
    Bytes,
}

impl Sizes {
    const WORDS: &[(&str, Sizes)] = &[("si", Self::Si), ("iec", Self::Iec), ("bytes", Self::Bytes)];
}

/// `[ui] times`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// Where the user is.
    #[default]
    Local,
    /// The same for everybody.
    Utc,
}

impl Times {
    const WORDS: &[(&str, Times)] = &[("local", Self::Local), ("utc", Self::Utc)];
}

/// A column of `[ui] columns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Bytes.
    Size,
    /// When it was modified last.
    Modified,
    /// The storage class.
    Class,
}

impl Column {
    /// Every word, as the configuration and the browser know them.
    pub const WORDS: &[(&str, Column)] =
        &[("size", Self::Size), ("modified", Self::Modified), ("class", Self::Class)];

    /// Its word.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, column)| *column == self).map_or("", |(word, _)| word)
    }
}

/// `[themes]`, by name.
pub(super) type Themes = BTreeMap<String, Spanned<Scheme>>;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct UiTable {
    theme: Option<Spanned<String>>,
    sizes: Option<Spanned<String>>,
    times: Option<Spanned<String>>,
    columns: Option<Vec<Spanned<String>>>,
    mouse: bool,
    ascii: Option<bool>,
    clipboard_command: Vec<String>,
    confirm_delete: Option<bool>,
    confirm_copy_files: Option<Spanned<toml::Value>>,
    confirm_copy_size: Option<Spanned<String>>,
}

/// Reads `[ui]`, where one of `[themes]` may be named.
pub(super) fn ui(source: Source<'_>, table: UiTable, themes: &Themes) -> Result<Ui> {
    let defaults = Ui::default();
    Ok(Ui {
        theme: theme(source, table.theme.as_ref(), themes)?,
        sizes: source.chosen("sizes", table.sizes.as_ref(), Sizes::WORDS)?,
        times: source.chosen("times", table.times.as_ref(), Times::WORDS)?,
        columns: table.columns.map_or(Ok(defaults.columns), |words| columns(source, &words))?,
        mouse: table.mouse,
        ascii: table.ascii,
        clipboard_command: table.clipboard_command,
        confirm_delete: table.confirm_delete.unwrap_or(defaults.confirm_delete),
        confirm_copy_files: table
            .confirm_copy_files
            .map_or(Ok(defaults.confirm_copy_files), |files| copy_files(source, &files))?,
        confirm_copy_size: table
            .confirm_copy_size
            .map_or(Ok(defaults.confirm_copy_size), |size| copy_size(source, &size))?,
    })
}

fn copy_files(source: Source<'_>, value: &Spanned<toml::Value>) -> Result<Option<u64>> {
    if value.get_ref().as_str() == Some(OFF) {
        return Ok(None);
    }
    let number = value.get_ref().as_integer().and_then(|number| u64::try_from(number).ok());
    number.filter(|number| *number > 0).map(Some).ok_or_else(|| {
        source.wrong(value.span().start, "confirm_copy_files must be a number of at least 1, or \"off\"")
    })
}

fn copy_size(source: Source<'_>, value: &Spanned<String>) -> Result<Option<u64>> {
    if value.get_ref() == OFF {
        return Ok(None);
    }
    source.parsed("confirm_copy_size", value, parse_size).map(Some)
}

fn theme(source: Source<'_>, word: Option<&Spanned<String>>, themes: &Themes) -> Result<Scheme> {
    let mut words: Vec<(&str, Scheme)> =
        ThemeChoice::WORDS.iter().map(|(word, base)| (*word, Scheme::of(*base))).collect();
    for (name, table) in themes {
        if words.iter().any(|(word, _)| word == name) {
            let error = source.wrong(table.span().start, format!("[themes.{name}]: {name} is built in"));
            return Err(error.with_hint(format!("give it another name, and say base = \"{name}\"")));
        }
        words.push((name, *table.get_ref()));
    }
    source.chosen("theme", word, &words)
}

fn columns(source: Source<'_>, words: &[Spanned<String>]) -> Result<Vec<Column>> {
    let mut columns = Vec::new();
    for word in words {
        let column = source.word("columns", word, Column::WORDS)?;
        if columns.contains(&column) {
            return Err(source.wrong(word.span().start, format!("columns has {} twice", column.word())));
        }
        columns.push(column);
    }
    Ok(columns)
}
