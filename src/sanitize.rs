//! Remote text made safe to show: object names, server errors and file names are written by strangers.
//!
//! Everything that reaches a screen, a log or a text line on stdout goes through [`display_safe`]; exact
//! outputs (`--json`, `-0`) do not. Pages, scripts and what goes onto the clipboard take [`visible`].

use std::borrow::Cow;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::locale::to_ascii;

/// Combining marks kept on one base character; more would climb over the neighbouring rows.
const MAX_MARKS: usize = 4;

/// Whether all that is shown goes to a terminal that shows nothing but ASCII: while the browser has one.
static SCREEN_IS_ASCII: AtomicBool = AtomicBool::new(false);

/// Says what the browser's terminal shows, while the browser runs. Escapes take more cells than what they stand for, so
/// they have to be there before anything is laid out.
pub fn set_screen_ascii(ascii: bool) {
    SCREEN_IS_ASCII.store(ascii, Ordering::Relaxed);
}

/// Whether the browser runs on a terminal that shows nothing but ASCII.
pub fn is_screen_ascii() -> bool {
    SCREEN_IS_ASCII.load(Ordering::Relaxed)
}

/// [`visible`] text; in the browser, on a terminal that shows nothing else, as ASCII.
pub fn display_safe(text: &str) -> Cow<'_, str> {
    match visible(text) {
        safe if !is_screen_ascii() => safe,
        Cow::Borrowed(safe) => to_ascii(safe),
        Cow::Owned(safe) => Cow::Owned(to_ascii(&safe).into_owned()),
    }
}

/// `text` with every character that could steer a terminal or disguise a name written out visibly:
/// C0, DEL and C1 controls, bidirectional overrides, zero-width and tag characters become `\n`, `\t`, `\r`,
/// `\x1b` or `\u{202e}`; combining marks beyond the fourth on one character are dropped. Borrows when there is
/// nothing to do.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut marks = 0;
    for c in text.chars() {
        if is_mark(c) {
            marks += 1;
            if marks > MAX_MARKS {
                continue;
            }
        } else {
            marks = 0;
        }
        if is_hostile(c) { escape(c, &mut out) } else { out.push(c) }
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

fn escape(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if (c as u32) < 0x100 => {
            let _ = write!(out, "\\x{:02x}", c as u32);
        }
        c => {
            let _ = write!(out, "\\u{{{:x}}}", c as u32);
        }
    }
}

/// Controls, and the format characters that reorder, hide or join text (Unicode's `Bidi_Control`, zero-width,
/// invisible operators, interlinear annotation, variation and language tags).
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Zero-width characters that stack on the one before: what the terminal draws in no cell of its own.
fn is_mark(c: char) -> bool {
    c as u32 >= 0x300 && unicode_width::UnicodeWidthChar::width(c) == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_foreign_names_pass_untouched() {
        for name in ["report 2026.pdf", "naïve.txt", "日本語.txt", "e\u{301}", "🦀.rs"] {
            assert!(matches!(display_safe(name), Cow::Borrowed(same) if same == name), "{name}");
        }
    }

    #[test]
    fn terminal_sequences_become_visible() {
        assert_eq!(display_safe("a\x1b[2Jb"), "a\\x1b[2Jb");
        assert_eq!(display_safe("a\u{9b}2J\x7f"), "a\\x9b2J\\x7f");
        assert_eq!(display_safe("two\nlines\t"), "two\\nlines\\t");
    }

    #[test]
    fn disguises_become_visible() {
        assert_eq!(display_safe("gpj.\u{202e}exe"), "gpj.\\u{202e}exe");
        assert_eq!(display_safe("a\u{200b}b\u{feff}"), "a\\u{200b}b\\u{feff}");
        assert_eq!(display_safe("x\u{e0041}"), "x\\u{e0041}");
    }

    #[test]
    fn towers_of_marks_are_cut() {
        let tower = format!("e{}", "\u{301}".repeat(100));
        assert_eq!(display_safe(&tower).chars().count(), 1 + MAX_MARKS);
    }
}
