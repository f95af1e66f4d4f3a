//! What a copy or a move is about, and what becomes of its entries where it goes.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::super::super::state::State;
use super::super::super::text;
use super::super::go;
use crate::entry::Kind;
use crate::error::{Error, Kind as Failure, Result};
use crate::location::Location;
use crate::transfer::{Item, Verb, inside};

/// A copy or a move that is counted, and asked about.
#[derive(Debug)]
pub(in crate::tui) struct Proposal {
    /// Tells it from older ones.
    pub(super) number: u64,
    pub(super) verb: Verb,
    /// Where the entries are, and their names there.
    pub(super) from: Location,
    pub(super) entries: Vec<(OsString, Kind)>,
    /// What the other pane shows, and how that is written.
    pub(super) to: Location,
    pub(super) offered: String,
    /// What is said of marked entries that are hidden.
    pub(super) left_out: Option<String>,
    /// Where it is to go, while that is looked at.
    pub(super) accepted: Option<Aim>,
}

/// What a target that was typed means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::tui) enum Aim {
    /// The folder, prefix or bucket that takes the entries.
    Folder(Location),
    /// The new name of the only entry.
    Name(Location),
}

impl Aim {
    /// The place whose listing changes.
    pub(super) fn folder(&self) -> Location {
        match self {
            Aim::Folder(place) => place.clone(),
            Aim::Name(place) => place.parent().unwrap_or_else(|| place.clone()),
        }
    }
}

impl Proposal {
    /// What a target that was typed means.
    ///
    /// # Errors
    /// Text that names no place, or one that takes no files.
    pub(super) fn aim(&self, state: &State, text: &str) -> Result<Aim> {
        if text.is_empty() {
            return Err(Error::new(Failure::Usage, "write where to: a folder, or PROFILE:BUCKET/PREFIX/"));
        }
        let place = match (&self.to, text.strip_prefix(&self.offered)) {
            // What was offered may be a path that no text can say.
            (Location::Local(to), Some(more)) => Location::Local(to.join(more.trim_start_matches('/'))),
            (Location::Remote(_), Some(more)) => self.to.join(OsStr::new(more)),
            _ => go::resolve(state, text)?,
        };
        let is_folder = match &place {
            Location::Profile(profile) => {
                return Err(Error::new(Failure::Usage, format!("{profile}: is a list of buckets"))
                    .with_hint(format!("name one of them: {profile}:BUCKET/")));
            }
            Location::Remote(remote) => remote.is_prefix(),
            Location::Local(_) => matches!(text.rsplit('/').next(), None | Some("" | "." | ".." | "~")),
        };
        let several = self.entries.len() > 1;
        Ok(match place {
            place if is_folder || several => Aim::Folder(go::folder(place)),
            Location::Local(path) => Aim::Name(go::folder(Location::Local(path))),
            place => Aim::Name(place),
        })
    }

    /// What becomes of each entry.
    pub(super) fn items(&self, aim: &Aim) -> Result<Vec<Item>> {
        let item = |(name, kind): &(OsString, Kind)| {
            let from = self.from.join(name);
            let is_tree = self.takes_tree(*kind, &aim.folder());
            let to = match aim {
                Aim::Folder(place) => target(&self.from, place, name, is_tree)?,
                Aim::Name(place) if is_tree => go::folder(place.clone()),
                Aim::Name(place) => place.clone(),
            };
            if from == to {
                let text = format!("{from} and {to} are the same");
                return Err(Error::new(Failure::Usage, text).with_hint("name another folder or another name"));
            }
            Ok(Item { from, to, tree: is_tree, known: None })
        };
        self.entries.iter().map(item).collect()
    }

    /// Whether everything below an entry goes to `to`. From one local place to another a move takes a link as it is,
    /// whatever it leads to.
    pub(super) fn takes_tree(&self, kind: Kind, to: &Location) -> bool {
        match (self.verb, to) {
            (Verb::Move, Location::Local(_)) => kind.is_tree(),
            _ => kind.is_container(),
        }
    }

    /// "cat.jpg", "the bucket media", "3 entries".
    pub(super) fn what(&self) -> String {
        match self.entries.as_slice() {
            [(name, Kind::Bucket)] => format!("the bucket {} and everything in it", name.to_string_lossy()),
            [(name, kind)] if kind.is_link() && self.verb == Verb::Move => {
                format!("the symbolic link {}: what it leads to stays", name.to_string_lossy())
            }
            [(name, kind)] if kind.is_container() => {
                format!("{}/ and everything below it", name.to_string_lossy().trim_end_matches('/'))
            }
            [(name, _)] => name.to_string_lossy().into_owned(),
            several => {
                let links = several.iter().filter(|(_, kind)| kind.is_link()).count();
                let links = match (self.verb, links) {
                    (Verb::Copy, _) | (_, 0) => String::new(),
                    (Verb::Move, 1) => ", one of them a symbolic link: what it leads to stays".to_owned(),
                    (Verb::Move, links) => {
                        format!(
                            ", {} of them symbolic links: what they lead to stays",
                            text::thousands(links)
                        )
                    }
                };
                format!("{} entries{links}", text::thousands(several.len()))
            }
        }
    }
}

/// What an entry listed at `from` becomes below `to`.
fn target(from: &Location, to: &Location, name: &OsStr, is_tree: bool) -> Result<Location> {
    let odd = |why: &str| {
        let text = format!("{} cannot be copied there: {why}", Path::new(name).display());
        Error::new(Failure::Unsupported, text)
    };
    match to {
        Location::Profile(_) => Err(odd("open a bucket first")),
        Location::Local(_) => Ok(inside(from, to, name)),
        Location::Remote(_) => {
            let name = name.to_str().ok_or_else(|| odd("its name is not UTF-8, which keys are"))?;
            let slash = if is_tree && !name.ends_with('/') { "/" } else { "" };
            Ok(inside(from, to, format!("{name}{slash}").as_ref()))
        }
    }
}

/// Refuses what can be copied or moved nowhere.
pub(super) fn refuse(verb: Verb, from: &Location, entries: &[(OsString, Kind)]) -> Result<()> {
    let usage = |text: String| Err(Error::new(Failure::Usage, text));
    if entries.is_empty() {
        return usage(format!("nothing here to {}", if verb == Verb::Move { "move" } else { "copy" }));
    }
    for (name, kind) in entries {
        match kind {
            Kind::Special => return usage(format!("{} is neither a file nor a folder", from.join(name))),
            Kind::Bucket if verb == Verb::Move => {
                return usage("a bucket cannot be moved: copy it, then delete it".to_owned());
            }
            Kind::Unknown => {
                return usage(format!("{} cannot be read: nothing is known of it", from.join(name)));
            }
            Kind::Bucket | Kind::Prefix | Kind::Object | Kind::Symlink(_) => {}
        }
    }
    Ok(())
}
