//! Where things are: `PROFILE:BUCKET/KEY`, `PROFILE:`, `s3://BUCKET/KEY`, or a local path.
//!
//! Pure text: nothing here looks at the disk or the network, and keys are never normalised.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::sanitize::display_safe;

/// A bucket and a key (or prefix) of one profile. `key` is exact and may be empty: the bucket itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Remote {
    /// The profile that reaches it.
    pub profile: String,
    /// The bucket's name, never empty.
    pub bucket: String,
    /// The key or prefix after the bucket's first `/`, byte for byte.
    pub key: String,
}

impl Remote {
    /// Whether it stands for what is below it: the bucket, or a key that ends with a `/`.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }
}

/// A place that a pane can show or a command can name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Location {
    /// A local file or folder.
    Local(#[serde(with = "exact_path")] PathBuf),
    /// A profile: the list of its buckets.
    Profile(String),
    /// A bucket, prefix or object.
    Remote(Remote),
}

/// How a path is written down: as text, or as its bytes where they are none.
pub mod exact_path {
    use std::ffi::OsString;
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    use std::path::{Path, PathBuf};

    use serde::{Deserialize, Deserializer, Serialize as _, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(PathBuf),
        Bytes(Vec<u8>),
    }

    impl Written {
        fn path(self) -> PathBuf {
            match self {
                Self::Text(path) => path,
                Self::Bytes(bytes) => OsString::from_vec(bytes).into(),
            }
        }
    }

    pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
        match path.to_str() {
            Some(text) => text.serialize(serializer),
            None => path.as_os_str().as_bytes().serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
        Written::deserialize(deserializer).map(Written::path)
    }

    /// The same for a path that may be missing.
    pub mod option {
        use super::{Deserialize as _, Deserializer, PathBuf, Serializer, Written};

        /// Text, bytes or nothing.
        ///
        /// # Errors
        /// The serializer's.
        pub fn serialize<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
            match path {
                Some(path) => super::serialize(path, serializer),
                None => serializer.serialize_none(),
            }
        }

        /// What was written by [`serialize`].
        ///
        /// # Errors
        /// The deserializer's.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
            Ok(Option::deserialize(deserializer)?.map(Written::path))
        }
    }
}

/// The names that [`Location::parse`] may resolve.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Every known profile.
    pub profiles: &'a [String],
    /// The profile that `s3://` means.
    pub default: Option<&'a str>,
    /// Why there is none, where one was asked for that does not exist.
    pub refused: Option<&'a Error>,
}

impl Location {
    /// Reads `text` as the user typed it.
    ///
    /// It is remote if and only if a `:` comes before any `/` and what is before it is `[A-Za-z0-9._-]+`;
    /// `./a:b` is local.
    ///
    /// # Errors
    /// [`Kind::Usage`] for an unknown profile (with the nearest name), `http(s)://`, a bucket that is
    /// missing before a key, or `s3://` without a default profile.
    pub fn parse(text: &str, names: Names<'_>) -> Result<Self> {
        let Some((profile, rest)) = split_profile(text) else {
            return if text.is_empty() {
                Err(Error::new(Kind::Usage, "an empty location").with_hint("`.` is the current folder"))
            } else {
                Ok(Self::Local(PathBuf::from(text)))
            };
        };
        match profile {
            "http" | "https" => {
                Err(Error::new(Kind::Usage, format!("{text} is a web address, not a location"))
                    .with_hint("write PROFILE:BUCKET/KEY, or s3://BUCKET/KEY"))
            }
            "s3" => {
                let rest = rest.strip_prefix("//").ok_or_else(|| {
                    Error::new(Kind::Usage, format!("{text}: `s3` is reserved"))
                        .with_hint("write s3://BUCKET/KEY for the default profile")
                })?;
                let profile = names.default.ok_or_else(|| {
                    if let Some(error) = names.refused {
                        return error.clone().context(text);
                    }
                    Error::new(Kind::Usage, format!("{text}: there is no default profile"))
                        .with_hint("name one with --profile, or set default_profile in the configuration")
                })?;
                remote(text, profile, rest)
            }
            _ if names.profiles.iter().any(|known| known == profile) => remote(text, profile, rest),
            _ => Err(unknown_profile(profile, names.profiles)),
        }
    }

    /// The same place one level up: a prefix's parent prefix, a bucket's profile, a folder's folder. `None` at
    /// the top.
    pub fn parent(&self) -> Option<Self> {
        match self {
            Self::Local(path) => path.parent().map(|path| Self::Local(path.to_path_buf())),
            Self::Profile(_) => None,
            Self::Remote(remote) if remote.key.is_empty() => Some(Self::Profile(remote.profile.clone())),
            Self::Remote(remote) => {
                Some(Self::Remote(Remote { key: above(&remote.key).to_owned(), ..remote.clone() }))
            }
        }
    }

    /// The place called `name` below this one; `name` is an [`crate::entry::Entry::name`] of its listing, or of what was
    /// found anywhere below it. Below a profile that is a bucket, perhaps with a key; below a prefix the exact key.
    pub fn join(&self, name: &std::ffi::OsStr) -> Self {
        let text = || name.to_string_lossy().into_owned();
        match self {
            Self::Local(path) => Self::Local(path.join(name)),
            Self::Profile(profile) => {
                let text = text();
                let (bucket, key) = text.split_once('/').unwrap_or((&text, ""));
                Self::Remote(Remote { profile: profile.clone(), bucket: bucket.into(), key: key.into() })
            }
            Self::Remote(remote) => {
                Self::Remote(Remote { key: format!("{}{}", remote.key, text()), ..remote.clone() })
            }
        }
    }

    /// The name by which [`Location::join`] makes this place of one above it (an empty one: of itself); `None` if `above`
    /// is not above it.
    pub fn below(&self, above: &Self) -> Option<OsString> {
        match (self, above) {
            (Self::Local(path), Self::Local(above)) => Some(path.strip_prefix(above).ok()?.into()),
            (Self::Remote(remote), Self::Profile(profile)) if remote.profile == *profile => {
                let slash = if remote.key.is_empty() { "" } else { "/" };
                Some(format!("{}{slash}{}", remote.bucket, remote.key).into())
            }
            (Self::Remote(remote), Self::Remote(above))
                if (&remote.profile, &remote.bucket) == (&above.profile, &above.bucket) =>
            {
                Some(remote.key.strip_prefix(&above.key)?.into())
            }
            _ => None,
        }
    }

    /// The last component: what a copy of it is called. Empty for a profile and for `/`.
    pub fn name(&self) -> String {
        match self {
            Self::Local(path) => {
                path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
            }
            Self::Profile(_) => String::new(),
            Self::Remote(remote) if remote.key.is_empty() => remote.bucket.clone(),
            Self::Remote(remote) => remote.key[above(&remote.key).len()..].trim_end_matches('/').to_owned(),
        }
    }

    /// The exact text, for machines: what `Display` would escape is not.
    pub fn exact(&self) -> String {
        match self {
            Self::Local(path) => path.to_string_lossy().into_owned(),
            Self::Profile(profile) => format!("{profile}:"),
            Self::Remote(remote) => format!("{}:{}/{}", remote.profile, remote.bucket, remote.key),
        }
    }

    /// The exact text; of a path that is none its bytes.
    pub fn exact_bytes(&self) -> Vec<u8> {
        match self {
            Self::Local(path) => path.as_os_str().as_bytes().to_vec(),
            other => other.exact().into_bytes(),
        }
    }

    /// The profile of a remote place.
    pub fn profile(&self) -> Option<&str> {
        match self {
            Self::Local(_) => None,
            Self::Profile(profile) => Some(profile),
            Self::Remote(remote) => Some(&remote.profile),
        }
    }

    /// The remote place, if it is one below a profile.
    pub fn as_remote(&self) -> Option<&Remote> {
        match self {
            Self::Remote(remote) => Some(remote),
            _ => None,
        }
    }

    /// The local path, if it is one.
    pub fn as_local(&self) -> Option<&Path> {
        match self {
            Self::Local(path) => Some(path),
            _ => None,
        }
    }
}

/// Text that [`Location::parse`] reads back (for local paths: unless they look remote), made safe to show.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(path) => f.write_str(&display_safe(&path.to_string_lossy())),
            Self::Profile(profile) => write!(f, "{profile}:"),
            Self::Remote(remote) => remote.fmt(f),
        }
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.profile, display_safe(&self.bucket), display_safe(&self.key))
    }
}

/// A path that begins with `~`, `$HOME` or `${HOME}`, as a shell would read it; `None` for any other text. Of `~user`
/// nothing is known here.
pub fn at_home(text: &str, home: &Path) -> Option<PathBuf> {
    let rest = ["~", "$HOME", "${HOME}"].into_iter().find_map(|word| text.strip_prefix(word))?;
    match rest.strip_prefix('/') {
        Some(below) => Some(home.join(below.trim_start_matches('/'))),
        None => rest.is_empty().then(|| home.to_path_buf()),
    }
}

/// What is meant by `text`, which was typed or pasted: itself, or else what is left of it without spaces around it.
pub fn spellings(text: &str) -> impl Iterator<Item = &str> {
    let trimmed = Some(text.trim()).filter(|trimmed| *trimmed != text && !trimmed.is_empty());
    std::iter::once(text).chain(trimmed)
}

/// `s3` is reserved, and so is what would read as a web address.
pub fn is_profile_name(name: &str) -> bool {
    is_profile_text(name) && !matches!(name, "s3" | "http" | "https")
}

fn is_profile_text(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

fn split_profile(text: &str) -> Option<(&str, &str)> {
    let (before, after) = text.split_once(':')?;
    is_profile_text(before).then_some((before, after))
}

fn remote(text: &str, profile: &str, rest: &str) -> Result<Location> {
    if rest.is_empty() {
        return Ok(Location::Profile(profile.to_owned()));
    }
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        return Err(Error::new(Kind::Usage, format!("{text} names no bucket"))
            .with_hint(format!("write {profile}:BUCKET/KEY")));
    }
    let (profile, bucket, key) = (profile.to_owned(), bucket.to_owned(), key.to_owned());
    Ok(Location::Remote(Remote { profile, bucket, key }))
}

/// The error for a profile that nobody defined, naming the nearest one.
pub fn unknown_profile(name: &str, known: &[String]) -> Error {
    let error = Error::new(Kind::Usage, format!("there is no profile called {name}"));
    match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => error.with_hint(format!("did you mean {near}: ? (a local file: ./{name}:...)")),
        None if known.is_empty() => {
            error.with_hint("no profile is known yet; `twinpail config init` writes a first one")
        }
        None => error.with_hint(format!("known profiles: {}", known.join(", "))),
    }
}

/// The candidate closest to `word`, if one is close enough to be a slip of the fingers.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's edit distance, ignoring ASCII case.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().map(|c| c.to_ascii_lowercase()).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// The prefix that `key` stands in: all before its last component.
fn above(key: &str) -> &str {
    let inner = key.strip_suffix('/').unwrap_or(key);
    &inner[..inner.rfind('/').map_or(0, |at| at + 1)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Location> {
        let profiles = ["work".to_owned(), "r2.eu".to_owned()];
        Location::parse(text, Names { profiles: &profiles, default: Some("work"), refused: None })
    }

    fn remote(profile: &str, bucket: &str, key: &str) -> Location {
        let (profile, bucket, key) = (profile.into(), bucket.into(), key.into());
        Location::Remote(Remote { profile, bucket, key })
    }

    #[test]
    fn what_is_below_a_place_is_named_by_the_way_there() {
        let places = ["work:", "work:b/", "work:b/p/", "work:b//", "/tmp/a"].map(|text| parse(text).unwrap());
        for (place, above) in [
            ("work:b/p/x", Some("b/p/x")),
            ("work:b/", Some("b")),
            ("work:b/p/", Some("b/p/")),
            ("r2.eu:b/p/", None),
        ] {
            let place = parse(place).unwrap();
            assert_eq!(place.below(&places[0]), above.map(OsString::from), "{place}");
        }
        for (place, above) in [("work:b//x", 3), ("work:b/p/q/r", 2), ("work:b/p/q", 1), ("/tmp/a/b/c", 4)] {
            let (place, above) = (parse(place).unwrap(), &places[above]);
            assert_eq!(above.join(&place.below(above).unwrap()), place);
        }
        assert_eq!(places[0].join("b/p/x".as_ref()), parse("work:b/p/x").unwrap());
        assert_eq!(parse("work:other/p/x").unwrap().below(&places[1]), None);
        assert_eq!(parse("/tmp/ab").unwrap().below(&places[4]), None);
    }

    #[test]
    fn remote_needs_a_profile_before_any_slash() {
        assert_eq!(parse("work:").unwrap(), Location::Profile("work".into()));
        assert_eq!(parse("work:media/2026/").unwrap(), remote("work", "media", "2026/"));
        assert_eq!(parse("s3://media/a").unwrap(), remote("work", "media", "a"));
        for local in ["a", "./a:b", "/tmp/x:y", "a b:c", ".", "ä:b"] {
            assert_eq!(parse(local).unwrap(), Location::Local(local.into()), "{local}");
        }
    }

    #[test]
    fn keys_are_never_normalised() {
        for key in ["/lead", "//", "a//b", "../x", ".", " ", "a:b", "tab\t", "\u{1b}[2J", "é", "e\u{301}"] {
            assert_eq!(parse(&format!("work:b/{key}")).unwrap(), remote("work", "b", key));
        }
    }

    #[test]
    fn wrong_locations_say_what_to_do() {
        let unknown = parse("wrok:b/k").unwrap_err();
        assert_eq!(unknown.kind(), Kind::Usage);
        assert!(unknown.hint().unwrap().contains("work:"), "{unknown:?}");
        for wrong in ["https://example.org/x", "s3:b/k", "work:/k", "", "zzzzzz:b"] {
            let error = parse(wrong).unwrap_err();
            assert!(error.kind() == Kind::Usage && error.hint().is_some(), "{wrong}: {error:?}");
        }
    }

    #[test]
    fn home_is_known_by_its_names_and_only_as_a_whole_component() {
        let home = Path::new("/home/ada");
        for text in ["~", "$HOME", "${HOME}", "~/", "$HOME/"] {
            assert_eq!(at_home(text, home), Some("/home/ada".into()), "{text}");
        }
        assert_eq!(at_home("~//notes", home), Some("/home/ada/notes".into()));
        for text in ["~bob", "~bob/x", "$HOMEWARD", "a/~", "./~", "$HOM"] {
            assert_eq!(at_home(text, home), None, "{text}");
        }
        assert_eq!(spellings(" a b ").collect::<Vec<_>>(), [" a b ", "a b"]);
        assert_eq!((spellings("a").count(), spellings("  ").count()), (1, 1));
    }

    #[test]
    fn parent_and_join_are_inverse() {
        for (above, name) in [
            (remote("work", "b", ""), "a/"),
            (remote("work", "b", "a/"), "/"),
            (remote("work", "b", "a//"), "x"),
            (remote("work", "b", ""), "/"),
            (remote("work", "b", "é/"), "日"),
            (Location::Profile("work".into()), "b"),
            (Location::Local("/tmp".into()), "x"),
        ] {
            let below = above.join(name.as_ref());
            assert_eq!(below.parent().as_ref(), Some(&above), "{below}");
        }
        assert_eq!(Location::Profile("work".into()).parent(), None);
    }

    #[test]
    fn names_are_the_last_component() {
        assert_eq!(remote("work", "b", "a/c/").name(), "c");
        assert_eq!(remote("work", "b", "a/c").name(), "c");
        assert_eq!(remote("work", "b", "").name(), "b");
    }

    #[test]
    fn slips_of_the_fingers_are_recognised() {
        assert_eq!(nearest("presgin", ["presign", "profile"].into_iter()), Some("presign"));
        assert_eq!(nearest("xyz", ["presign", "profile"].into_iter()), None);
    }
}
