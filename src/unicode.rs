//! Text compared as people read it: `é` is one character or two, and names come in either form (macOS and some tools
//! write two). Only for comparing: names are shown and used as they are.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// `text` in composed form (NFC). Borrows where it is already, as nearly all text is.
pub fn composed(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// `text` in lower case and composed form: equal for texts that differ in nothing else.
pub fn fold(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        let lower = text.to_lowercase();
        return match composed(&lower) {
            Cow::Borrowed(_) => Cow::Owned(lower),
            Cow::Owned(composed) => Cow::Owned(composed),
        };
    }
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// A glob for folded names, which is blind to the case of ASCII: that of its other characters is lowered. Ranges such as
/// `[A-z]` keep their ends.
pub fn glob_for_folded(glob: &str) -> String {
    let mut lower = String::with_capacity(glob.len());
    for c in composed(glob).chars() {
        if c.is_ascii() { lower.push(c) } else { lower.extend(c.to_lowercase()) }
    }
    composed(&lower).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_text_are_one() {
        assert_eq!(composed("re\u{301}sume\u{301}"), "r\u{e9}sum\u{e9}");
        assert_eq!(fold("RE\u{301}SUM\u{c9}"), "r\u{e9}sum\u{e9}");
        assert_eq!(composed("\u{1112}\u{1161}\u{11ab}"), "\u{d55c}");
        assert!(matches!(composed("\u{e9} and ascii"), Cow::Borrowed(_)));
        assert!(matches!(fold("ascii"), Cow::Borrowed(_)));
        assert_eq!(fold("ASCII"), "ascii");
    }
}
