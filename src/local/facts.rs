//! What the file system says about a file or a folder.

use std::fs::{self, Metadata};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use jiff::Timestamp;

use crate::error::{Error, Result};

/// Facts as name and value, about the file itself, times as `tell` writes them; a link is not followed.
///
/// # Errors
/// It cannot be read.
pub fn facts(path: &Path, tell: impl Fn(Timestamp) -> String) -> Result<Vec<(&'static str, String)>> {
    let data = path.symlink_metadata().map_err(|error| Error::local("read", path, error))?;
    let mut facts = vec![("kind", kind(&data).to_owned())];
    if let Ok(target) = fs::read_link(path) {
        facts.push(("points to", target.display().to_string()));
        if let Err(error) = fs::metadata(path) {
            facts.push(("broken", error.to_string()));
        }
    }
    facts.push((
        "permissions",
        format!("{} ({:04o})", letters(data.mode()), data.permissions().mode() & 0o7777),
    ));
    facts.push(("owner", format!("user {}, group {}", data.uid(), data.gid())));
    if data.is_file() {
        facts.push(("on the disk", format!("{} bytes", data.blocks() * 512)));
        facts.push(("names", data.nlink().to_string()));
    }
    let created = data.created().ok().and_then(|time| Timestamp::try_from(time).ok());
    facts.extend(created.map(|time| ("created", tell(time))));
    if data.is_file() {
        let kind = mime_guess::from_path(path).first_raw();
        facts.extend(kind.map(|kind| ("would go up as", kind.to_owned())));
    }
    Ok(facts)
}

fn kind(data: &Metadata) -> &'static str {
    let kind = data.file_type();
    match () {
        () if kind.is_dir() => "folder",
        () if kind.is_file() => "file",
        () if kind.is_symlink() => "symbolic link",
        () if kind.is_fifo() => "pipe",
        () if kind.is_socket() => "socket",
        () if kind.is_block_device() || kind.is_char_device() => "device",
        () => "special file",
    }
}

/// `rwxr-x---`.
fn letters(mode: u32) -> String {
    let bit = |(at, letter): (usize, char)| if mode & (0o400 >> at) == 0 { '-' } else { letter };
    "rwxrwxrwx".chars().enumerate().map(bit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_folders_and_links_tell_what_they_are() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a.txt");
        fs::write(&file, "x").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let told = facts(&file, |_| "then".to_owned()).unwrap();
        assert!(
            told.contains(&("kind", "file".to_owned()))
                && told.contains(&("would go up as", "text/plain".to_owned()))
        );
        assert!(told.contains(&("permissions", "rw-r----- (0640)".to_owned())), "{told:?}");
        let link = root.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let told = facts(&link, |_| String::new()).unwrap();
        assert!(
            told.contains(&("points to", "nowhere".to_owned()))
                && told.iter().any(|(name, _)| *name == "broken")
        );
        assert!(facts(&root.path().join("none"), |_| String::new()).is_err());
    }
}
