//! What both panes show: plain data, the same for a local folder, a list of buckets and a listing of keys.

use std::borrow::Cow;
use std::ffi::OsString;

use jiff::Timestamp;

use crate::sanitize::display_safe;

/// What an [`Entry`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A bucket in a profile's list of buckets.
    Bucket,
    /// A common prefix, or a local folder.
    Prefix,
    /// An object, or a regular local file.
    Object,
    /// A local symbolic link, and what it leads to.
    Symlink(LeadsTo),
    /// A local device, socket or pipe.
    Special,
    /// A local entry that the system names but cannot tell anything about (a dead mount, no permission).
    Unknown,
}

/// What a symbolic link leads to, after all further links.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeadsTo {
    /// A folder.
    Folder,
    /// A regular file.
    File,
    /// A device, socket or pipe.
    Special,
    /// Nothing that is there, or that can be looked at.
    Nowhere,
}

impl Kind {
    /// Whether it can be opened as a listing of its own.
    pub fn is_container(self) -> bool {
        match self {
            Kind::Bucket | Kind::Prefix | Kind::Symlink(LeadsTo::Folder) => true,
            Kind::Object | Kind::Symlink(_) | Kind::Special | Kind::Unknown => false,
        }
    }

    /// Whether deleting or moving it takes everything below it along. Of a link to a folder only the link is taken.
    pub fn is_tree(self) -> bool {
        match self {
            Kind::Bucket | Kind::Prefix => true,
            Kind::Object | Kind::Symlink(_) | Kind::Special | Kind::Unknown => false,
        }
    }

    /// Whether it is a symbolic link.
    pub fn is_link(self) -> bool {
        matches!(self, Kind::Symlink(_))
    }
}

/// One row of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The exact name below the listed location. Remote: the key without the listed prefix, so that
    /// `prefix + name` is the full key or prefix (a [`Kind::Prefix`] keeps its trailing `/`). Local: the file
    /// name alone, possibly not UTF-8.
    pub name: OsString,
    /// What it is.
    pub kind: Kind,
    /// Bytes; `None` where it is not known without another request.
    pub size: Option<u64>,
    /// Last modified (a bucket: created).
    pub modified: Option<Timestamp>,
    /// The entity tag without its quotes; remote objects only.
    pub etag: Option<Box<str>>,
    /// The provider's name of the storage class, where the listing gave one.
    pub storage_class: Option<Box<str>>,
    /// Of a link the path that it holds, of an unknown entry why it is unknown; not made safe to show.
    pub note: Option<Box<str>>,
}

impl Entry {
    /// An entry of which only name and kind are known.
    pub fn new(name: impl Into<OsString>, kind: Kind) -> Self {
        Self {
            name: name.into(),
            kind,
            size: None,
            modified: None,
            etag: None,
            storage_class: None,
            note: None,
        }
    }

    /// The name as text that is safe to show; folders, but not links to them, end in `/`.
    pub fn label(&self) -> String {
        let lossy: Cow<'_, str> = self.name.to_string_lossy();
        let mut label = display_safe(&lossy).into_owned();
        if self.kind == Kind::Prefix && !label.ends_with('/') {
            label.push('/');
        }
        label
    }
}

/// Some consecutive entries of a listing, and how to get the next ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The entries, in the order the source gave them; may be empty although `next` is set.
    pub entries: Vec<Entry>,
    /// Where the next page starts; `None` at the end. Opaque: pass it back untouched.
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_safe_and_folders_end_in_a_slash() {
        assert_eq!(Entry::new("a\x1bb", Kind::Object).label(), "a\\x1bb");
        assert_eq!(Entry::new("photos", Kind::Prefix).label(), "photos/");
        assert_eq!(Entry::new("photos/", Kind::Prefix).label(), "photos/");
    }
}
