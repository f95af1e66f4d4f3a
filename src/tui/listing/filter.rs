//! Which names are seen: those that contain a text, or match a glob.

use globset::{GlobBuilder, GlobMatcher};

/// A filter and the text it was made from.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    text: String,
    rule: Rule,
}

#[derive(Debug, Default)]
enum Rule {
    #[default]
    All,
    /// In lower case.
    Contains(String),
    Glob(GlobMatcher),
}

impl Filter {
    /// `*`, `?`, `[` or `{` make it a glob for the whole name; an unfinished glob is plain text. Case does not count.
    pub(crate) fn new(text: &str) -> Self {
        let rule = if text.is_empty() {
            Rule::All
        } else {
            match glob(text).filter(|_| text.contains(['*', '?', '[', '{'])) {
                Some(glob) => Rule::Glob(glob),
                None => Rule::Contains(text.to_lowercase()),
            }
        };
        Self { text: text.to_owned(), rule }
    }

    /// A glob for the whole name, also without special characters; `None` if it is not one.
    pub(crate) fn glob(text: &str) -> Option<Self> {
        Some(Self { text: text.to_owned(), rule: Rule::Glob(glob(text)?) })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it lets `name` through; a folder's trailing slash is not part of its name.
    pub(crate) fn takes(&self, name: &[u8]) -> bool {
        match &self.rule {
            Rule::All => true,
            Rule::Contains(text) if name.is_ascii() && text.is_ascii() => {
                let text = text.as_bytes();
                name.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text))
            }
            Rule::Contains(text) => String::from_utf8_lossy(name).to_lowercase().contains(text.as_str()),
            Rule::Glob(glob) => {
                let name = name.strip_suffix(b"/").unwrap_or(name);
                glob.is_match(&*String::from_utf8_lossy(name))
            }
        }
    }
}

fn glob(text: &str) -> Option<GlobMatcher> {
    let glob = GlobBuilder::new(text).case_insensitive(true).build().ok()?;
    Some(glob.compile_matcher())
}
