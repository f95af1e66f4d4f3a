//! Whether the terminal can show more than ASCII. In a locale that is not UTF-8 the terminal takes every byte from 0x80
//! on as a character of its own, or as a control character: `Û` ends in the byte 0x9b, which begins a sequence.
//! Text for such a terminal is written in ASCII with escapes. Files, pipes and exact outputs are never changed.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether terminals get ASCII: a property of the environment that this process was started in.
static ASCII: LazyLock<AtomicBool> =
    LazyLock::new(|| AtomicBool::new(!is_utf8(|name| std::env::var(name).ok())));

/// Whether the locale is UTF-8: the first of `LC_ALL`, `LC_CTYPE` and `LANG` that is not empty decides, as in POSIX.
/// None of them means the locale `C`, which is not. macOS has a locale that is called `UTF-8` and nothing more.
pub fn is_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let mut values = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().filter_map(variable);
    let locale = values.find(|value| !value.is_empty()).unwrap_or_default();
    let locale = locale.split('@').next().unwrap_or_default();
    let codeset = locale.split_once('.').map_or(locale, |(_, codeset)| codeset);
    codeset.eq_ignore_ascii_case("utf-8") || codeset.eq_ignore_ascii_case("utf8")
}

/// Obeys `[ui] ascii`, where it is set, instead of the locale.
pub fn choose(ascii: Option<bool>) {
    if let Some(ascii) = ascii {
        ASCII.store(ascii, Ordering::Relaxed);
    }
}

/// Whether text for a terminal is written in ASCII.
pub fn is_ascii() -> bool {
    ASCII.load(Ordering::Relaxed)
}

/// `text` as it is written to `stream`: in ASCII if that is a terminal that shows nothing else.
pub fn shown<'a>(text: &'a str, stream: &impl IsTerminal) -> Cow<'a, str> {
    if !text.is_ascii() && is_ascii() && stream.is_terminal() { to_ascii(text) } else { Cow::Borrowed(text) }
}

/// Writes text to stderr.
///
/// # Errors
/// The stream's.
pub fn say(text: &str) -> io::Result<()> {
    let mut stderr = io::stderr();
    let text = shown(text, &stderr);
    stderr.write_all(text.as_bytes())
}

/// `text` with `\u{e9}` for every character that is not ASCII.
pub fn to_ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 3);
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> bool {
        is_utf8(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_first_variable_that_is_not_empty_decides() {
        assert!(of(&[("LANG", "de_DE.UTF-8")]) && of(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8")]));
        assert!(of(&[("LC_ALL", "C.UTF-8"), ("LC_CTYPE", "C"), ("LANG", "C")]));
        assert!(!of(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(!of(&[("LC_CTYPE", "POSIX"), ("LANG", "de_DE.UTF-8")]));
        assert!(!of(&[]) && !of(&[("LANG", "")]));
    }

    #[test]
    fn only_the_code_set_counts() {
        for utf8 in ["UTF-8", "utf8", "sr_RS.UTF-8@latin", "C.UTF8", "en_US.utf-8"] {
            assert!(of(&[("LC_CTYPE", utf8)]), "{utf8}");
        }
        for other in ["de_DE", "de_DE@euro", "ru_RU.KOI8-R", "ja_JP.eucJP", "utf8_XX.ISO-8859-1", "C.UTF-16"]
        {
            assert!(!of(&[("LC_CTYPE", other)]), "{other}");
        }
    }

    #[test]
    fn every_character_beyond_ascii_becomes_an_escape() {
        assert_eq!(to_ascii("\u{db}31m \u{65e5} e\u{301}\n"), "\\u{db}31m \\u{65e5} e\\u{301}\n");
        assert!(matches!(to_ascii("plain\x1b[0m\n"), Cow::Borrowed(_)));
    }
}
