//! What `cp` and `mv` mean by their arguments: which place becomes which.

use std::path::{Path, PathBuf};

use super::Context;
use super::output::note;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::transfer::{self, Item, Verb};
use crate::{identity, local};

/// `cp -r a/ d/` copies what is in `a`, `cp -r a d/` the folder itself; a target that is no folder gets the source's
/// place.
pub(super) fn resolve(
    context: &Context,
    sources: &[String],
    target: &str,
    recursive: bool,
    verb: Verb,
) -> Result<Vec<Item>> {
    let to = context.location(target)?;
    if let Location::Profile(profile) = &to {
        return Err(Error::new(Kind::Usage, format!("{profile}: is a whole profile"))
            .with_hint(format!("name a bucket in it: {profile}:BUCKET/")));
    }
    let is_folder = match &to {
        Location::Local(path) => target.ends_with('/') || path.is_dir(),
        Location::Remote(remote) => remote.is_prefix(),
        Location::Profile(_) => true,
    };
    if sources.len() > 1 && !is_folder {
        return Err(Error::new(Kind::Usage, format!("several sources, but {to} is not a folder"))
            .with_hint("end the target with a slash"));
    }
    let item = |source: &String| {
        refuse_entered_link(context, source, verb)?;
        item(context, source, (&to, is_folder), recursive, verb)
    };
    sources.iter().map(item).collect()
}

/// `link/` is the folder that the link leads to: to move what is in it is not what moves of links mean.
fn refuse_entered_link(context: &Context, text: &str, verb: Verb) -> Result<()> {
    let (Location::Local(_), Verb::Move) = (context.location(text)?, verb) else { return Ok(()) };
    let link = text.trim_end_matches('/');
    if link.len() == text.len() || !local::is_link(Path::new(link)) {
        return Ok(());
    }
    let real = Path::new(link).canonicalize().map(|real| real.display().to_string());
    Err(Error::new(Kind::Usage, format!("{text} is a symbolic link to a folder")).with_hint(format!(
        "{link} without the slash moves the link itself; to move what is in the folder, name it: {}/",
        real.unwrap_or_default()
    )))
}

/// A symbolic link that is moved.
#[derive(Debug)]
pub(super) struct MovedLink {
    path: PathBuf,
    target: PathBuf,
    itself: bool,
}

/// The links among the sources of a move, before it begins.
pub(super) fn links(items: &[Item]) -> Vec<MovedLink> {
    let link = |item: &Item| {
        let path = item.from.as_local()?.to_path_buf();
        let target = std::fs::read_link(&path).ok()?;
        Some(MovedLink { path, target, itself: item.to.as_local().is_some() })
    };
    items.iter().filter_map(link).collect()
}

impl MovedLink {
    /// What became of it, or would.
    pub(super) fn words(&self, dry_run: bool) -> String {
        let (path, target) = (self.path.display(), self.target.display());
        let is_gone = !local::is_link(&self.path);
        let what = match (self.itself, dry_run, is_gone) {
            (true, true, _) => "the link itself would be moved",
            (true, false, true) => "the link itself was moved",
            (_, false, false) => "the link was not moved",
            (false, true, _) => "what it leads to would be copied, then the link would be removed",
            (false, false, true) => "what it leads to was copied, then the link was removed",
        };
        format!("{path} is a symbolic link: {what}; {target} stays")
    }
}

fn item(
    context: &Context,
    text: &str,
    (to, is_folder): (&Location, bool),
    recursive: bool,
    verb: Verb,
) -> Result<Item> {
    let from = context.location(text)?;
    let needs_r = || {
        Error::new(Kind::Usage, format!("{from} is a folder")).with_hint("copy everything below it with -r")
    };
    let (from, contents, tree) = match &from {
        Location::Profile(profile) => {
            return Err(Error::new(Kind::Usage, format!("{profile}: is a whole profile"))
                .with_hint(format!("name a bucket in it: {profile}:BUCKET/")));
        }
        // A move from one local place to another takes a link as it is, whatever it leads to.
        Location::Local(path) if verb == Verb::Move && to.as_local().is_some() && local::is_link(path) => {
            (from.clone(), false, false)
        }
        Location::Local(path) if path.is_dir() => {
            if !recursive {
                return Err(needs_r());
            }
            let contents = text.ends_with('/') || path.file_name().is_none();
            (from.clone(), contents, true)
        }
        Location::Remote(remote) if recursive => {
            let contents = remote.is_prefix();
            let key = if contents { remote.key.clone() } else { format!("{}/", remote.key) };
            (Location::Remote(Remote { key, ..remote.clone() }), contents, true)
        }
        Location::Remote(remote) if remote.key.is_empty() => return Err(needs_r()),
        Location::Local(_) | Location::Remote(_) => (from.clone(), false, false),
    };
    let name = from.name();
    let to = match (tree, is_folder && !contents) {
        // A folder that gets another spelling of its own name, where that leads to the same folder.
        (true, true) if respelled(&from, to) => to.clone(),
        (false, true) => inside(to, &from, &name, false),
        (false, false) => to.clone(),
        (true, true) => inside(to, &from, &name, true),
        (true, false) => as_folder(to),
    };
    Ok(Item { from, to, tree, known: None })
}

fn respelled(from: &Location, to: &Location) -> bool {
    from.as_local().zip(to.as_local()).is_some_and(|(from, to)| identity::is_respelling(from, to))
}

/// `name` in the folder `to`, as a tree or alone. A key's last component is a stranger's text also here.
fn inside(to: &Location, from: &Location, name: &str, tree: bool) -> Location {
    let is_prefix = tree && matches!(to, Location::Remote(_));
    let listed = if is_prefix { format!("{name}/") } else { name.to_owned() };
    let place = transfer::inside(from, to, listed.as_ref());
    if let Location::Local(path) = &place
        && path.file_name() != Some(name.as_ref())
    {
        note(&format!("{from} is stored as {}", path.display()));
    }
    place
}

/// A prefix that ends in a slash, unless it is the bucket itself.
fn as_folder(place: &Location) -> Location {
    match place {
        Location::Remote(remote) if !remote.is_prefix() => {
            Location::Remote(Remote { key: format!("{}/", remote.key), ..remote.clone() })
        }
        other => other.clone(),
    }
}

/// The file name of a local path, for messages.
pub(super) fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::config::{Config, PROVIDERS, Paths, Profile};
    use crate::s3::Connections;

    fn context() -> Context {
        let config =
            Config::of_profiles(vec![Profile::new("p", &PROVIDERS[0])], Paths::below(Path::new("/none")));
        let config = Arc::new(config);
        Context { connections: Connections::new(Arc::clone(&config)), config }
    }

    fn to(sources: &[&str], target: &str, recursive: bool) -> Result<String> {
        let sources: Vec<String> = sources.iter().map(|&source| source.to_owned()).collect();
        let items = resolve(&context(), &sources, target, recursive, Verb::Copy)?;
        Ok(items[0].to.to_string())
    }

    #[test]
    fn places_follow_the_rules_of_cp() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("f"), "x").unwrap();
        let (a, f) = (folder.display().to_string(), folder.join("f").display().to_string());
        let slash = format!("{a}/");
        for (sources, target, recursive, expected) in [
            (vec![f.as_str()], "p:b", false, "p:b/f"),
            (vec![f.as_str()], "p:b/dir/", false, "p:b/dir/f"),
            (vec![f.as_str()], "p:b/name", false, "p:b/name"),
            (vec![slash.as_str()], "p:b/d/", true, "p:b/d/"),
            (vec![a.as_str()], "p:b/d/", true, "p:b/d/a/"),
            (vec![a.as_str()], "p:b/d", true, "p:b/d/"),
            (vec!["p:b/x/photos"], "p:c/", true, "p:c/photos/"),
            (vec!["p:b/x/photos/"], "p:c/", true, "p:c/"),
            (vec!["p:b/"], "p:c/all/", true, "p:c/all/"),
        ] {
            assert_eq!(to(&sources, target, recursive).unwrap(), expected, "{sources:?} {target}");
        }
        assert!(to(&[&a], "p:b/", false).unwrap_err().hint().unwrap().contains("-r"));
        assert!(to(&["p:b/"], &a, false).unwrap_err().hint().unwrap().contains("-r"));
        assert_eq!(to(&[&f, &f], "p:b/name", false).unwrap_err().kind(), Kind::Usage);
        assert_eq!(
            to(&["p:b/x/.."], &a, false).unwrap(),
            format!("{a}/．．"),
            "a key must not name its way out"
        );
        std::fs::create_dir_all(folder.join("．．")).unwrap();
        assert_eq!(to(&[&format!("{a}/．．")], "p:b/", true).unwrap(), "p:b/../", "and comes back as itself");
    }
}
