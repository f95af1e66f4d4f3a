//! Whether there is something at a place that was typed, and what a pane shows to show it.

use std::path::{Path, PathBuf};

use super::blocking;
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::{Connections, ListRequest, Store};
use crate::tui::message::Landing;

/// The first of several readings of what was typed that there is; of the last one why not.
pub(super) async fn locate(connections: &Connections, readings: Vec<Location>) -> Result<Landing> {
    let mut missing = Error::new(Kind::Usage, "an empty place");
    for place in readings {
        match one(connections, place).await {
            Ok(landing) => return Ok(landing),
            Err(error) => missing = error,
        }
    }
    Err(missing)
}

async fn one(connections: &Connections, place: Location) -> Result<Landing> {
    match place {
        Location::Local(path) => blocking(move || local(path)).await,
        Location::Profile(_) => Ok(Landing { place, cursor: None }),
        Location::Remote(remote) => {
            let store = connections.store(&remote.profile).await?;
            self::remote(&store, remote).await
        }
    }
}

/// A folder, or else the folder that a file is in. Blocking.
fn local(path: PathBuf) -> Result<Landing> {
    match std::fs::metadata(&path) {
        Ok(data) if data.is_dir() => return Ok(Landing { place: Location::Local(path), cursor: None }),
        Ok(_) => {}
        // A link that leads nowhere is there, too.
        Err(_) if path.symlink_metadata().is_ok() => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(missing(&path)),
        Err(error) => return Err(Error::local("open", &path, error)),
    }
    let place = Location::Local(path);
    Ok(above(&place).unwrap_or(Landing { place, cursor: None }))
}

fn missing(path: &Path) -> Error {
    let place = Location::Local(path.to_owned());
    let error = Error::new(Kind::NotFound, format!("there is no file or folder {place}"));
    if path.components().any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"~")) {
        return error.with_hint("`~` is your own home folder; `~NAME` is not known");
    }
    match path.ancestors().skip(1).find(|folder| folder.is_dir()) {
        Some(folder) => {
            error.with_hint(format!("as far as there is: {}", Location::Local(folder.to_owned())))
        }
        None => error,
    }
}

/// The place above, with the cursor on this one.
fn above(place: &Location) -> Option<Landing> {
    let above = place.parent()?;
    let cursor = place.below(&above);
    Some(Landing { place: above, cursor })
}

/// A bucket or a prefix; or the prefix that an object is in. Where both an object and a prefix have that name, the object
/// is shown, which has the prefix beside it.
async fn remote(store: &Store, remote: Remote) -> Result<Landing> {
    let (bucket, key) = (remote.bucket.clone(), remote.key.clone());
    if remote.is_prefix() {
        if holds(store, &bucket, &key).await? {
            return Ok(Landing { place: Location::Remote(remote), cursor: None });
        }
        return Err(nothing(&remote, "no prefix"));
    }
    let prefix = format!("{key}/");
    let (object, below) =
        tokio::join!(Box::pin(store.head(&bucket, &key, None)), Box::pin(holds(store, &bucket, &prefix)));
    if object.is_ok() {
        let place = Location::Remote(remote);
        return Ok(above(&place).unwrap_or(Landing { place, cursor: None }));
    }
    match below {
        Ok(true) => Ok(Landing { place: Location::Remote(Remote { key: prefix, ..remote }), cursor: None }),
        Ok(false) => Err(nothing(&remote, "neither an object nor a prefix")),
        Err(error) => Err(error),
    }
}

fn nothing(remote: &Remote, what: &str) -> Error {
    let hint = match above(&Location::Remote(remote.clone())) {
        Some(above) => format!("{} shows what is there", above.place),
        None => "the profile shows its buckets".to_owned(),
    };
    Error::new(Kind::NotFound, format!("there is {what} {remote}")).with_hint(hint)
}

/// Whether a bucket is there and any key begins with that; an empty bucket is a place, too.
async fn holds(store: &Store, bucket: &str, prefix: &str) -> Result<bool> {
    let (bucket, prefix) = (bucket.to_owned(), prefix.to_owned());
    let is_bucket = prefix.is_empty();
    let request =
        ListRequest { bucket, prefix, own_marker: true, max_keys: Some(1), ..ListRequest::default() };
    let page = store.list(&request).await?;
    Ok(is_bucket || !page.entries.is_empty() || page.next.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_shown_in_its_folder_and_what_is_missing_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir(root.join("sub")).unwrap();
        std::fs::write(root.join("sub/file"), "x").unwrap();
        std::os::unix::fs::symlink("nowhere", root.join("dangling")).unwrap();
        std::os::unix::fs::symlink("sub", root.join("link")).unwrap();
        let at = |name: &str| local(root.join(name)).unwrap();
        let landing = |place: PathBuf, cursor: Option<&str>| Landing {
            place: Location::Local(place),
            cursor: cursor.map(Into::into),
        };
        assert_eq!(at("sub"), landing(root.join("sub"), None));
        assert_eq!(at("link"), landing(root.join("link"), None));
        assert_eq!(at("sub/file"), landing(root.join("sub"), Some("file")));
        assert_eq!(at("dangling"), landing(root.into(), Some("dangling")));
        let error = local(root.join("sub/none/deeper")).unwrap_err();
        assert!(error.to_string().contains("no file or folder"), "{error}");
        assert!(error.hint().unwrap().ends_with("/sub"), "{error:?}");
        assert!(local(root.join("~bob/x")).unwrap_err().hint().unwrap().contains("~NAME"));
        assert!(local(root.join("sub/file/below")).is_err());
    }
}
