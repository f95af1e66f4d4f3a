//! Deletes what only the target has: objects by the thousand, files one by one. Versions of objects are not touched,
//! links are not followed, and folders go only when they were emptied here.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::content::blocking;
use super::places::local_path;
use super::types::{Step, StepKind};
use crate::error::{Error, Kind, Result};
use crate::location::{Location, Remote};
use crate::s3::Connections;

/// Deleted between two reports.
const BATCH: usize = 1000;

/// Does the deletions of `steps` below `target` (the plan's); tells `each` what became of every one.
pub async fn delete(
    connections: &Connections,
    target: &Location,
    steps: &[Step],
    mut each: impl FnMut(&Step, Option<Error>) + Send,
) {
    let steps: Vec<&Step> = steps.iter().filter(|step| step.kind == StepKind::Delete).collect();
    for batch in steps.chunks(BATCH) {
        let mut failed = match target {
            Location::Remote(root) => objects(connections, root, batch).await,
            Location::Local(root) => files(root, batch).await,
            Location::Profile(_) => all_failed(batch, &Error::new(Kind::Usage, "a whole profile is no tree")),
        };
        for step in batch {
            each(step, failed.remove(&step.relative));
        }
    }
    if let Location::Local(root) = target {
        let folders = folders(&steps);
        let root = root.clone();
        let _ = blocking(move || {
            remove_empty(&root, &folders);
            Ok(())
        })
        .await;
    }
}

/// What could not be deleted, by path.
type Failed = HashMap<String, Error>;

fn all_failed(batch: &[&Step], error: &Error) -> Failed {
    batch.iter().map(|step| (step.relative.clone(), error.clone())).collect()
}

async fn objects(connections: &Connections, root: &Remote, batch: &[&Step]) -> Failed {
    let store = match connections.store(&root.profile).await {
        Ok(store) => store,
        Err(error) => return all_failed(batch, &error),
    };
    let keys: Vec<String> = batch.iter().map(|step| format!("{}{}", root.key, step.relative)).collect();
    let failed = store.delete_many(&root.bucket, &keys).await;
    let relative = |key: String| key.strip_prefix(&root.key).map(str::to_owned).unwrap_or(key);
    failed.into_iter().map(|(key, error)| (relative(key), error)).collect()
}

async fn files(root: &Path, batch: &[&Step]) -> Failed {
    let relatives: Vec<String> = batch.iter().map(|step| step.relative.clone()).collect();
    let folder = root.to_path_buf();
    let done = blocking(move || {
        let failed = |relative: String| Some((file(&folder, &relative).err()?, relative));
        Ok(relatives.into_iter().filter_map(failed).map(|(error, relative)| (relative, error)).collect())
    });
    done.await.unwrap_or_else(|error| all_failed(batch, &error))
}

/// Deletes what is a regular file still: since the plan was made a folder or a link may have come in its place.
fn file(root: &Path, relative: &str) -> Result<()> {
    let path = local_path(root, relative)?;
    let failed = |error| Error::local("delete", &path, error);
    match path.symlink_metadata() {
        Ok(data) if !data.is_file() => {
            Err(Error::new(Kind::Changed, format!("{} is no file any more", path.display()))
                .with_hint("it stays; compare again"))
        }
        Ok(_) => std::fs::remove_file(&path).map_err(failed),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Every folder that something was deleted from or below, the deepest first.
fn folders(steps: &[&Step]) -> Vec<String> {
    let above = |step: &&Step| {
        let ends = step.relative.match_indices('/').map(|(at, _)| step.relative[..at].to_owned());
        ends.collect::<Vec<_>>()
    };
    let all: BTreeSet<String> = steps.iter().flat_map(above).collect();
    // A folder sorts before what is in it.
    all.into_iter().rev().collect()
}

fn remove_empty(root: &Path, folders: &[String]) {
    for folder in folders {
        if let Ok(path) = local_path(root, folder) {
            remove_folder(&path);
        }
    }
}

/// Fails on a folder that is not empty, and on a link, which is the point.
fn remove_folder(path: &PathBuf) {
    let _ = std::fs::remove_dir(path);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Paths};
    use crate::sync::Reason;

    fn step(root: &Path, relative: &str) -> Step {
        let to = Location::Local(root.join(relative));
        let (kind, reason) = (StepKind::Delete, Reason::Extra);
        Step { relative: relative.into(), kind, reason, bytes: 1, from: to.clone(), to, known: None }
    }

    #[tokio::test]
    async fn files_go_with_the_folders_they_leave_empty_and_nothing_else_does() {
        let world = tempfile::tempdir().unwrap();
        let (root, outside) = (world.path().join("root"), world.path().join("outside"));
        for folder in [root.join("a/b"), root.join("kept"), root.join("empty"), outside.clone()] {
            std::fs::create_dir_all(folder).unwrap();
        }
        for file in [root.join("a/b/f"), root.join("kept/f"), root.join("kept/g"), outside.join("f")] {
            std::fs::write(file, "x").unwrap();
        }
        std::fs::create_dir(root.join("was-a-file")).unwrap();
        std::fs::write(root.join("was-a-file/x"), "x").unwrap();
        std::os::unix::fs::symlink(&outside, root.join("link")).unwrap();
        let steps = ["a/b/f", "kept/f", "link/f", "was-a-file", "gone"].map(|path| step(&root, path));
        let config = Config::of_profiles(vec![], Paths::below(Path::new("/none")));
        let connections = Connections::new(std::sync::Arc::new(config));
        let mut failed = Vec::new();
        delete(&connections, &Location::Local(root.clone()), &steps, |step, error| {
            failed.extend(error.map(|_| step.relative.clone()));
        })
        .await;
        assert_eq!(failed, ["link/f", "was-a-file"]);
        assert!(!root.join("a").exists() && root.join("kept/g").exists() && root.join("empty").exists());
        assert!(outside.join("f").exists() && root.join("link").is_symlink());
        assert!(root.join("was-a-file/x").exists() && root.exists());
    }
}
