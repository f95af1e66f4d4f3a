//! What goes between a gateway's admin listener and its clients: JSON, times in seconds since 1970.

use serde::{Deserialize, Serialize};

use crate::error::Result;

/// What passwords are made of: nothing that looks like something else.
const LETTERS: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// A share to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShareRequest {
    /// Objects, as `PROFILE:BUCKET/KEY` with the gateway's profiles; or one prefix, which ends in `/`.
    pub locations: Vec<String>,
    /// What must be typed.
    pub password: Option<Password>,
    /// Seconds from now.
    pub expires_in: i64,
    /// Downloads at most.
    pub max: Option<i64>,
    /// How often a counted download can be begun again within an hour; 3 unless given.
    pub again: Option<i64>,
    /// What the page is called; the file's name unless given.
    pub name: Option<String>,
    /// For whoever manages the links.
    pub note: String,
}

/// A password on its way to the gateway. Its `Debug` does not show it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(pub String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[password]")
    }
}

/// A share as it stands.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareView {
    /// Names it.
    pub id: String,
    /// The link; empty in lists.
    pub url: String,
    /// What it is of.
    pub locations: Vec<String>,
    /// What its page is called.
    pub name: String,
    /// For whoever manages the links.
    pub note: String,
    /// Whether it asks for a password.
    pub password: bool,
    /// When it was made.
    pub created: i64,
    /// When it ends.
    pub expires: i64,
    /// Downloads at most.
    pub max: Option<i64>,
    /// Downloads that were counted.
    pub used: i64,
    /// `open`, `expired`, `exhausted`, `revoked`.
    pub state: String,
}

/// Its URL is a secret.
impl std::fmt::Debug for ShareView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShareView").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// What is to be changed of a share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExtendRequest {
    /// Seconds from now.
    pub expires_in: Option<i64>,
    /// Downloads at most.
    pub max: Option<i64>,
}

/// A drop link to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DropRequest {
    /// A bucket or a prefix (which ends in `/`), with the gateway's profiles.
    pub location: String,
    /// What must be typed.
    pub password: Option<Password>,
    /// Seconds from now.
    pub expires_in: i64,
    /// Files at most.
    pub max_files: Option<i64>,
    /// Bytes at most, of all files together.
    pub max_bytes: Option<i64>,
    /// What the page is called.
    pub name: Option<String>,
    /// For whoever manages the links.
    pub note: String,
}

/// A drop link as it stands.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DropView {
    /// Names it.
    pub id: String,
    /// The link; empty in lists.
    pub url: String,
    /// Where files go.
    pub location: String,
    /// What its page is called.
    pub name: String,
    /// For whoever manages the links.
    pub note: String,
    /// Whether it asks for a password.
    pub password: bool,
    /// When it was made.
    pub created: i64,
    /// When it ends.
    pub expires: i64,
    /// Files at most.
    pub max_files: Option<i64>,
    /// Bytes at most.
    pub max_bytes: Option<i64>,
    /// Files that came in or are coming in.
    pub files: i64,
    /// Their bytes.
    pub bytes: i64,
    /// `open`, `expired`, `closed`.
    pub state: String,
    /// What came in, newest first; empty in lists.
    #[serde(default)]
    pub arrived: Vec<ArrivedView>,
    /// What keeps browsers from sending there, and the rule that lets them; only told of a link that was made just now.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub warning: String,
}

/// Its URL is a secret.
impl std::fmt::Debug for DropView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DropView").field("id", &self.id).field("state", &self.state).finish_non_exhaustive()
    }
}

/// A file that came in through a drop link, or is coming in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrivedView {
    /// Where it is.
    pub location: String,
    /// What its sender called it.
    pub name: String,
    /// Bytes.
    pub size: i64,
    /// Whether it is whole.
    pub done: bool,
}

pub use super::store::Event as EventView;

/// A new password: four groups of four letters, 79 bits, and easy to read out.
///
/// # Errors
/// No randomness.
pub fn new_password() -> Result<Password> {
    let mut text = String::new();
    while text.len() < 19 {
        let [byte] = crate::config::random::<1>()?;
        // 248 is the largest multiple of 31 in a byte: every letter is as likely.
        if byte < 248 {
            if text.len() % 5 == 4 {
                text.push('-');
            }
            text.push(char::from(LETTERS[usize::from(byte) % LETTERS.len()]));
        }
    }
    Ok(Password(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_passwords_are_long_readable_and_new_each_time() {
        let (one, two) = (new_password().unwrap().0, new_password().unwrap().0);
        assert!(one != two && one.len() == 19 && one.split('-').all(|group| group.len() == 4), "{one}");
        assert!(one.bytes().all(|byte| byte == b'-' || LETTERS.contains(&byte)));
    }
}
