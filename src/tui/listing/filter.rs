//! Which names are seen: those that contain a text, match a glob, or hold letters in some order; and what of a name
//! it was.

use std::ops::Range;

use globset::{GlobBuilder, GlobMatcher};
use memchr::{memchr2, memchr2_iter};
use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use unicode_segmentation::UnicodeSegmentation as _;

use super::super::text::{self, Folded};
use crate::unicode::{composed, fold, glob_for_folded};

/// The most bytes of a glob: keys have up to 1,024.
const LONGEST_GLOB: usize = 4096;

/// A filter and the text it was made from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    text: String,
    rule: Rule,
}

#[derive(Clone, Debug, Default)]
enum Rule {
    #[default]
    All,
    /// Folded.
    Contains(String),
    /// With what stands between its special characters.
    Glob(GlobMatcher, Vec<String>),
    Letters(Atom),
}

impl Filter {
    /// `~` before letters takes names that hold them in that order, with anything between; `*`, `?`, `[` or `{` make it
    /// a glob for the whole name; an unfinished glob is plain text. Case does not count, nor does the form of accents.
    pub(crate) fn new(text: &str) -> Self {
        let plain = composed(text);
        let rule = match plain.strip_prefix('~') {
            Some("") => Rule::All,
            Some(letters) => Rule::Letters(Atom::new(
                letters,
                CaseMatching::Ignore,
                Normalization::Smart,
                AtomKind::Fuzzy,
                false,
            )),
            None if plain.is_empty() => Rule::All,
            None => match Some(&*plain).filter(|text| text.contains(['*', '?', '[', '{'])).and_then(glob) {
                Some(glob) => Rule::Glob(glob, plain_pieces(&plain)),
                None => Rule::Contains(fold(&plain).into_owned()),
            },
        };
        Self { text: text.to_owned(), rule }
    }

    /// A glob for the whole name, also without special characters; `None` if it is not one.
    pub(crate) fn glob(text: &str) -> Option<Self> {
        let plain = composed(text);
        Some(Self { text: text.to_owned(), rule: Rule::Glob(glob(&plain)?, plain_pieces(&plain)) })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn takes_all(&self) -> bool {
        matches!(self.rule, Rule::All)
    }

    /// Whether whatever it takes is surely taken by `wider` too.
    pub(super) fn narrows(&self, wider: &Self) -> bool {
        match (&self.rule, &wider.rule) {
            (_, Rule::All) => true,
            (Rule::Contains(text), Rule::Contains(part)) => text.contains(part.as_str()),
            (Rule::Letters(_), Rule::Letters(_)) => self.text.starts_with(&wider.text),
            _ => self.text == wider.text,
        }
    }

    /// What it needs to look at names.
    pub(crate) fn sieve(&self) -> Sieve<'_> {
        let matcher = matches!(self.rule, Rule::Letters(_)).then(|| Matcher::new(Config::DEFAULT));
        let needed = match &self.rule {
            Rule::Glob(_, pieces) => {
                pieces.iter().filter(|piece| piece.is_ascii()).max_by_key(|piece| piece.len())
            }
            _ => None,
        };
        Sieve { rule: &self.rule, needed: needed.map_or("", String::as_str), matcher, characters: Vec::new() }
    }
}

/// A filter at work.
#[derive(Debug)]
pub(crate) struct Sieve<'a> {
    rule: &'a Rule,
    /// What every name that a glob takes contains: most names are turned away by it, which is faster.
    needed: &'a str,
    matcher: Option<Matcher>,
    characters: Vec<char>,
}

impl Sieve<'_> {
    /// Whether it lets `name` through; a folder's trailing slash is not part of its name for a glob.
    pub(crate) fn takes(&mut self, name: &[u8]) -> bool {
        match self.rule {
            Rule::All => true,
            Rule::Contains(text) => contains(name, text),
            Rule::Glob(glob, _) => {
                let name = name.strip_suffix(b"/").unwrap_or(name);
                let is_match = |name: &[u8]| {
                    let name = String::from_utf8_lossy(name);
                    if name.is_ascii() { glob.is_match(&*name) } else { glob.is_match(&*fold(&name)) }
                };
                contains(name, self.needed) && is_match(name)
            }
            Rule::Letters(letters) => match letters.needle_text() {
                Utf32Str::Ascii(letters) if name.is_ascii() => holds(name, letters),
                _ => self.matcher.as_mut().is_none_or(|matcher| {
                    let name = String::from_utf8_lossy(name);
                    let name = composed(&name);
                    letters.score(Utf32Str::new(&name, &mut self.characters), matcher).is_some()
                }),
            },
        }
    }

    /// What of a shown name it was: ranges of bytes, in order.
    pub(crate) fn hits(&mut self, label: &str) -> Vec<Range<usize>> {
        match self.rule {
            Rule::All => Vec::new(),
            Rule::Contains(text) => text::occurrences(label, text),
            Rule::Glob(_, pieces) => pieces_in(label, pieces),
            Rule::Letters(letters) => {
                let mut found = Vec::new();
                if let Some(matcher) = &mut self.matcher {
                    // As many characters as the label has, if other ones.
                    let plain = composed(label);
                    letters.indices(Utf32Str::new(&plain, &mut self.characters), matcher, &mut found);
                }
                found.sort_unstable();
                let characters = (0u32..).zip(label.grapheme_indices(true));
                characters
                    .filter(|(index, _)| found.binary_search(index).is_ok())
                    .map(|(_, (at, character))| at..at + character.len())
                    .collect()
            }
        }
    }
}

/// `None` if it is not one, or one that no name can be long enough for: globset panics on what needs too much memory.
fn glob(text: &str) -> Option<GlobMatcher> {
    if text.len() > LONGEST_GLOB {
        return None;
    }
    let glob = GlobBuilder::new(&glob_for_folded(text)).case_insensitive(true).build().ok()?;
    Some(glob.compile_matcher())
}

/// Whether `name` contains `text`, which is folded. Names that are ASCII, nearly all of them, are not folded for it.
pub(super) fn contains(name: &[u8], text: &str) -> bool {
    let part = text.as_bytes();
    let found = text.is_ascii()
        && part.first().is_none_or(|first| {
            let last = (name.len() + 1).saturating_sub(part.len());
            memchr2_iter(*first, first.to_ascii_uppercase(), &name[..last])
                .any(|at| name[at..at + part.len()].eq_ignore_ascii_case(part))
        });
    found || (!name.is_ascii() && folded_for(text, name).contains(text))
}

/// A name that is not ASCII, folded as far as it matters to whoever looks for `text` in it: how accents are written does
/// not where there are none, and costs more than all the rest.
fn folded_for(text: &str, name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    if text.is_ascii() { name.to_lowercase() } else { fold(&name).into_owned() }
}

/// Whether `name` holds `letters`, which are in lower case, in that order.
fn holds(mut name: &[u8], letters: &[u8]) -> bool {
    letters.iter().all(|letter| {
        let found = memchr2(*letter, letter.to_ascii_uppercase(), name);
        name = &name[found.map_or(name.len(), |at| at + 1)..];
        found.is_some()
    })
}

/// Whether `name` begins with `text`, which is folded.
pub(super) fn begins(name: &[u8], text: &str) -> bool {
    let same = |part: &[u8]| part.eq_ignore_ascii_case(text.as_bytes());
    name.get(..text.len()).is_some_and(same) || (!name.is_ascii() && folded_for(text, name).starts_with(text))
}

/// What stands between the special characters of a glob and its slashes (`**/` stands for none, too), in lower case;
/// empty at its ends where those are special.
fn plain_pieces(glob: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut characters, mut open) = (glob.chars(), 0usize);
    while let Some(c) = characters.next() {
        match c {
            '{' => open += 1,
            '}' => open = open.saturating_sub(1),
            '[' => drop(characters.by_ref().skip(1).find(|c| *c == ']')),
            '*' | '?' | '/' => {}
            _ if open > 0 => continue,
            c => {
                let c = if c == '\\' { characters.next().unwrap_or(c) } else { c };
                pieces.iter_mut().last().into_iter().for_each(|piece| piece.extend(c.to_lowercase()));
                continue;
            }
        }
        pieces.push(String::new());
    }
    pieces
}

/// Where the pieces of a glob are in a name that it matches: the first and the last one at its ends.
fn pieces_in(label: &str, pieces: &[String]) -> Vec<Range<usize>> {
    let folded = Folded::new(label);
    let (name, last) = (folded.text(), pieces.len() - 1);
    let name = name.strip_suffix('/').unwrap_or(name);
    let (mut hits, mut from) = (Vec::new(), 0);
    for (at, piece) in pieces.iter().enumerate().filter(|(_, piece)| !piece.is_empty()) {
        let found = if at == last {
            name.ends_with(piece.as_str()).then(|| name.len() - piece.len())
        } else {
            name[from..].find(piece.as_str()).map(|found| found + from)
        };
        let Some(start) = found.filter(|start| *start >= from) else { break };
        from = start + piece.len();
        hits.push(folded.place(start..from));
    }
    hits
}
