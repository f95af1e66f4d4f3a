//! The rule that gives every key a local name, and every local name back its key. Pure text; nothing here looks at
//! the disk.
//!
//! A key's components (what `/` separates) become files and folders of the same names. What cannot be a name is
//! written with a look-alike, in the manner of rclone, and `‛` (U+201B) quotes:
//!
//! | in the key | in the local path |
//! |---|---|
//! | a component `.` or `..` | `．` or `．．` (U+FF0E) |
//! | an empty component (`//`, a leading `/`, after a final `/`) | `‛∅` |
//! | a NUL character | `␀` (U+2400) |
//! | `‛` or `␀` itself, a component `．` or `．．` | the same after a `‛` |
//! | a component of more than 255 bytes | folders whose names end in `‛+`; the last piece without |
//! | a name that is taken already (see [`super::Names`]) | the same in a folder `‛2`, `‛3`, ... |
//!
//! All else stays as it is: control characters, backslashes and the names that Windows reserves are names here.

use std::borrow::Cow;

/// File names are limited to so many bytes nearly everywhere.
pub(super) const LONGEST_NAME: usize = 255;

/// Takes away the meaning of the character behind it, or gives one to a character that has none.
const QUOTE: char = '\u{201b}';
const NUL_PICTURE: char = '\u{2400}';
const DOT: &str = "\u{ff0e}";
const DOTS: &str = "\u{ff0e}\u{ff0e}";
const QUOTED_DOT: &str = "\u{201b}\u{ff0e}";
const QUOTED_DOTS: &str = "\u{201b}\u{ff0e}\u{ff0e}";
const EMPTY: &str = "\u{201b}\u{2205}";
const MORE: &str = "\u{201b}+";

/// The local path of `key` (without the prefix that is being copied), `/` between its components: none of them is
/// empty, `.`, `..`, longer than 255 bytes, or has a NUL. Borrowed if it is the key itself.
///
/// The marker object of a folder is no file: give its key without the final `/`.
pub fn name_key(key: &str) -> Cow<'_, str> {
    if key.split('/').all(is_natural) {
        return Cow::Borrowed(key);
    }
    let mut path = String::with_capacity(key.len() + EMPTY.len());
    for component in key.split('/') {
        if !path.is_empty() {
            path.push('/');
        }
        write_component(component, &mut path);
    }
    Cow::Owned(path)
}

/// The key that a local path (`/` between its components, and at the end of a folder's) stands for: the inverse of
/// [`name_key`]. A folder's is what the keys below it begin with. Names that the rule never writes are taken as
/// they are.
pub fn key_of(path: &str) -> Cow<'_, str> {
    if !path.contains([QUOTE, NUL_PICTURE]) && path.split('/').all(|name| name != DOT && name != DOTS) {
        return Cow::Borrowed(path);
    }
    let mut key = String::with_capacity(path.len());
    let mut is_joined = true;
    let mut components = path.split('/').peekable();
    while let Some(component) = components.next() {
        if is_beside(component) && components.peek().is_some() {
            continue;
        }
        if !is_joined {
            key.push('/');
        }
        is_joined = read_component(component, &mut key);
    }
    Cow::Owned(key)
}

/// The folder that takes the `number`th of several names that cannot stand beside each other.
pub(super) fn beside(number: u32) -> String {
    format!("{QUOTE}{number}")
}

fn is_beside(component: &str) -> bool {
    let digits = component.strip_prefix(QUOTE).unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_natural(component: &str) -> bool {
    !matches!(component, "" | "." | ".." | DOT | DOTS)
        && component.len() <= LONGEST_NAME
        && !component.contains(['\0', QUOTE, NUL_PICTURE])
}

/// The character in a local name, perhaps behind a quote.
fn written(c: char) -> (Option<char>, char) {
    match c {
        '\0' => (None, NUL_PICTURE),
        QUOTE | NUL_PICTURE => (Some(QUOTE), c),
        other => (None, other),
    }
}

fn write_component(component: &str, path: &mut String) {
    let length = |c: char| {
        let (quote, c) = written(c);
        quote.map_or(0, char::len_utf8) + c.len_utf8()
    };
    let mut left: usize = component.chars().map(length).sum();
    let mut piece = String::new();
    for c in component.chars() {
        let is_full = piece.len() + length(c) > LONGEST_NAME - MORE.len();
        if is_full && piece.len() + left > LONGEST_NAME {
            path.push_str(&piece);
            path.extend([MORE, "/"]);
            piece.clear();
        }
        left -= length(c);
        let (quote, c) = written(c);
        piece.extend(quote);
        piece.push(c);
    }
    // Also the end of a component that was cut may be one of these.
    path.push_str(match piece.as_str() {
        "" => EMPTY,
        "." => DOT,
        ".." => DOTS,
        DOT => QUOTED_DOT,
        DOTS => QUOTED_DOTS,
        other => other,
    });
}

/// Appends what a name stands for; whether the next one continues it.
fn read_component(name: &str, key: &mut String) -> bool {
    let whole = match name {
        EMPTY => Some(""),
        DOT => Some("."),
        DOTS => Some(".."),
        QUOTED_DOT => Some(DOT),
        QUOTED_DOTS => Some(DOTS),
        _ => None,
    };
    if let Some(whole) = whole {
        key.push_str(whole);
        return false;
    }
    let before = key.len();
    let mut characters = name.chars();
    while let Some(c) = characters.next() {
        match c {
            NUL_PICTURE => key.push('\0'),
            QUOTE => match (characters.next(), characters.as_str()) {
                (Some(quoted @ (QUOTE | NUL_PICTURE)), _) => key.push(quoted),
                (Some('+'), "") => return true,
                _ => {
                    key.truncate(before);
                    key.push_str(name);
                    return false;
                }
            },
            other => key.push(other),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn safe(path: &str) -> bool {
        let is_safe = |name: &str| !matches!(name, "" | "." | "..") && name.len() <= LONGEST_NAME;
        path.split('/').all(is_safe) && !path.contains('\0')
    }

    proptest! {
        #[test]
        fn every_key_has_a_safe_path_and_comes_back(
            key in "(\\.|/|\\x00|a|\u{201b}|\u{2400}|\u{ff0e}|\u{2205}|\\+|2|\\\\|é|\n| |C:|%2F|[^/]{250,260}){0,12}"
        ) {
            let path = name_key(&key);
            prop_assert!(safe(&path), "{path}");
            prop_assert_eq!(key_of(&path), key.as_str());
            prop_assert_eq!(matches!(path, Cow::Borrowed(_)), path == key);
        }

        #[test]
        fn any_text_comes_back(key in any::<String>()) {
            let path = name_key(&key);
            prop_assert!(safe(&path), "{path}");
            prop_assert_eq!(key_of(&path), key.as_str());
        }

        #[test]
        fn natural_names_stay_as_they_are(
            path in "[^/\\x00\u{201b}\u{2400}\u{ff0e}.]{1,40}(/[^/\\x00\u{201b}\u{2400}]{3,40}){0,3}"
        ) {
            prop_assert_eq!(name_key(&path), path.as_str());
            prop_assert_eq!(key_of(&path), path.as_str());
        }
    }

    #[test]
    fn the_rule_is_the_documented_one() {
        for (key, path) in [
            ("../out", "．．/out"),
            ("a/./b", "a/．/b"),
            ("//x", "‛∅/‛∅/x"),
            ("a/", "a/‛∅"),
            ("", "‛∅"),
            ("nul\0", "nul␀"),
            ("␀‛", "‛␀‛‛"),
            ("．", "‛．"),
            ("．．", "‛．．"),
            ("．txt", "．txt"),
            ("‛2/x", "‛‛2/x"),
            ("con\\aux:\n", "con\\aux:\n"),
        ] {
            assert_eq!(name_key(key), path, "{key:?}");
            assert_eq!(key_of(path), key, "{path}");
        }
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let key = format!("{}/x", "é".repeat(300));
        let path = name_key(&key);
        let pieces: Vec<&str> = path.split('/').collect();
        assert_eq!(
            pieces,
            [format!("{}‛+", "é".repeat(125)), format!("{}‛+", "é".repeat(125)), "é".repeat(50), "x".into()]
        );
        let exact = "a".repeat(255);
        assert_eq!(name_key(&exact), exact.as_str());
        let dots = format!("{}..", "a".repeat(251 + 3));
        assert!(safe(&name_key(&dots)));
    }

    #[test]
    fn folders_beside_others_and_cut_ones_are_seen_through() {
        assert_eq!(key_of("d/‛2/a/b"), "d/a/b");
        assert_eq!(key_of("‛2/"), "");
        assert_eq!(key_of("‛∅/"), "/");
        assert_eq!(key_of("x/"), "x/");
        assert_eq!(key_of(&format!("{}‛+/", "a".repeat(251))), "a".repeat(251));
    }

    #[test]
    fn what_the_rule_never_writes_is_taken_as_it_is() {
        for name in ["‛tis", "d/‛2", "a‛", "‛+x", "‛∅‛"] {
            assert_eq!(key_of(name), name);
        }
    }
}
