//! Tokens, passwords, cookies: what is random, what is hashed, what is signed.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::Output;
use argon2::{Algorithm, Argon2, Block, Params, PasswordHash, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use tokio::sync::{mpsc, oneshot};
use zeroize::Zeroizing;

use crate::config::paths::make_private;
use crate::config::{Sealed, Sealer, random};
use crate::error::{Error, Kind, Result};

/// Characters of a token: 128 bits.
const TOKEN: usize = 22;
/// A password may not be longer: hashing it takes time.
pub(super) const LONGEST_PASSWORD: usize = 1024;
/// Passwords that are hashed at once, 19 MiB each.
const HASHED_AT_ONCE: usize = 4;
/// Passwords that wait for their turn; more are told to come back.
const WAITING: usize = 16;
/// How long an unlocked page stays so, in seconds.
const UNLOCKED: i64 = 15 * 60;

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}

/// 128 bits that nobody guesses, in 22 characters that a URL takes as they are.
pub(super) fn new_token() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<16>()?))
}

/// What a store is asked for a token by; `None` for what cannot be one.
pub(super) fn token_hash(token: &str) -> Option<String> {
    let is_token = token.len() == TOKEN && URL_SAFE_NO_PAD.decode(token).is_ok_and(|bytes| bytes.len() == 16);
    is_token.then(|| hex(&Sha256::digest(token.as_bytes())))
}

/// What all gateways of one store share.
pub(super) struct Keys {
    sealer: Sealer,
    cookies: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// From 32 bytes.
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let derive = |purpose: &str| Zeroizing::new(tag(key, &[purpose.as_bytes()]));
        Self { sealer: Sealer::new(&derive("seal")), cookies: derive("cookies") }
    }

    /// Those of a file, which is made if it is not there. Blocking.
    ///
    /// # Errors
    /// It can be read by others, or does not hold 32 bytes.
    pub(super) fn of_file(path: &Path) -> Result<Self> {
        let text = private_text(path, || Ok(URL_SAFE_NO_PAD.encode(random::<32>()?)))?;
        let key =
            URL_SAFE_NO_PAD.decode(text.trim().trim_end_matches('=').replace('+', "-").replace('/', "_"));
        let key: Option<[u8; 32]> = key.ok().and_then(|bytes| bytes.try_into().ok());
        let key = Zeroizing::new(key.ok_or_else(|| {
            Error::new(Kind::Config, format!("{} holds no key", path.display()))
                .with_hint("it is 32 random bytes in base64: `openssl rand -base64 32`")
        })?);
        Ok(Self::new(&key))
    }

    /// Seals text for the store.
    pub(super) fn seal(&self, name: &str, text: &[u8]) -> Result<String> {
        let sealed = self.sealer.seal(name, text)?;
        serde_json::to_string(&sealed).map_err(|error| Error::new(Kind::Internal, error.to_string()))
    }

    /// Opens what was sealed under `name`; `None` if it was changed, moved, or sealed with another key.
    pub(super) fn open(&self, name: &str, sealed: &str) -> Option<String> {
        let sealed: Sealed = serde_json::from_str(sealed).ok()?;
        let bytes = self.sealer.open(name, &sealed)?;
        String::from_utf8(bytes.to_vec()).ok()
    }

    /// A cookie that says: whoever has it gave the password of revision `rev` of `id`.
    pub(super) fn unlocked(&self, id: &str, rev: i64, now: i64) -> String {
        let until = now + UNLOCKED;
        let tag = tag(&self.cookies, &[id.as_bytes(), &rev.to_be_bytes(), &until.to_be_bytes()]);
        format!("{until}.{}", URL_SAFE_NO_PAD.encode(tag))
    }

    /// Whether a cookie says so.
    pub(super) fn is_unlocked(&self, cookie: &str, id: &str, rev: i64, now: i64) -> bool {
        let Some((until, given)) = cookie.split_once('.') else { return false };
        let (Ok(until), Ok(given)) = (until.parse::<i64>(), URL_SAFE_NO_PAD.decode(given)) else {
            return false;
        };
        if until <= now || until > now + UNLOCKED {
            return false;
        }
        let mac = mac(&self.cookies, &[id.as_bytes(), &rev.to_be_bytes(), &until.to_be_bytes()]);
        mac.verify_slice(&given).is_ok()
    }
}

fn mac(key: &[u8; 32], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut block = Vec::new();
    for part in parts {
        // Lengths, so that no two lists of parts are one text.
        block.extend_from_slice(&(part.len() as u64).to_be_bytes());
        block.extend_from_slice(part);
    }
    // A key may have any length.
    let mut block_key = [0; 64];
    block_key[..32].copy_from_slice(key);
    let mut mac = Hmac::<Sha256>::new(&block_key.into());
    mac.update(&block);
    mac
}

fn tag(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    mac(key, parts).finalize().into_bytes().into()
}

/// The text of a file that is for its owner alone, made by `make` if it is not there. Blocking.
///
/// # Errors
/// Others can read it; the file system's.
pub(super) fn private_text(path: &Path, make: impl FnOnce() -> Result<String>) -> Result<Zeroizing<String>> {
    // systemd lets a service read its credentials by an ACL, which shows as the group's right.
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY");
    let others = if credentials.is_some_and(|folder| path.starts_with(folder)) { 0o037 } else { 0o077 };
    match std::fs::metadata(path) {
        Ok(data) if data.permissions().mode() & others != 0 => {
            return Err(Error::new(Kind::Config, format!("{} can be read by others", path.display()))
                .with_hint(format!("chmod 600 {}", path.display())));
        }
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                make_private(folder)?;
            }
            let failed = |error| Error::local("write", path, error);
            let text = make()?;
            let mut file = std::fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)
                .map_err(failed)?;
            file.write_all(format!("{text}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
        }
        Err(error) => return Err(Error::local("read", path, error)),
    }
    let text = std::fs::read_to_string(path).map_err(|error| Error::local("read", path, error))?;
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// What a hash is made in, used again and again.
type Memory = Vec<Block>;
type Work = Box<dyn FnOnce(&mut Memory) + Send>;

/// Hashes passwords, a few at a time: each takes 19 MiB and some hundredths of a second on purpose. By threads of its
/// own, each with its memory: the allocator would keep several times as much of what comes and goes.
#[derive(Clone, Debug)]
pub(super) struct Hashing(mpsc::Sender<Work>);

/// Too many passwords are waiting to be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl Hashing {
    /// Its threads end with the last handle.
    pub(super) fn new() -> Self {
        let (sender, receiver) = mpsc::channel::<Work>(WAITING);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..HASHED_AT_ONCE {
            let receiver = Arc::clone(&receiver);
            std::thread::spawn(move || {
                let mut memory = Memory::new();
                let next = || receiver.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                while let Some(work) = next() {
                    work(&mut memory);
                }
            });
        }
        Self(sender)
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> std::result::Result<T, Busy> {
        let (done, is_done) = oneshot::channel();
        // Who does not wait any more is not told.
        let work = move |memory: &mut Memory| drop(done.send(work(memory)));
        self.0.try_send(Box::new(work)).map_err(|_| Busy)?;
        is_done.await.map_err(|_| Busy)
    }

    /// The PHC form of a password's hash.
    pub(super) async fn hash(&self, password: SecretString) -> Result<String> {
        let hashed = self.run(move |memory| {
            let salt = random::<16>()?;
            let failed =
                |why: String| Error::new(Kind::Internal, format!("the password cannot be hashed: {why}"));
            let hash = derive(password.expose_secret().as_bytes(), &salt, memory).map_err(failed)?;
            let phc = PasswordHash {
                algorithm: Algorithm::Argon2id.ident(),
                version: Some(Version::V0x13.into()),
                params: (&Params::DEFAULT).try_into().map_err(|error| failed(format!("{error}")))?,
                salt: Some(salt.as_slice().try_into().map_err(|error| failed(format!("{error}")))?),
                hash: Some(hash.as_slice().try_into().map_err(|error| failed(format!("{error}")))?),
            };
            Ok(phc.to_string())
        });
        hashed.await.map_err(|Busy| Error::new(Kind::Throttled, "too many passwords are being hashed"))?
    }

    /// Whether `password` is the one of `phc`.
    pub(super) async fn is_right(
        &self,
        password: SecretString,
        phc: String,
    ) -> std::result::Result<bool, Busy> {
        self.run(move |memory| {
            let Ok(known) = PasswordHash::new(&phc) else { return false };
            let (Some(salt), Some(hash)) = (&known.salt, &known.hash) else { return false };
            let made = derive(password.expose_secret().as_bytes(), salt, memory).ok();
            // `Output` compares in a time that says nothing.
            made.and_then(|made| Output::new(&made).ok()).is_some_and(|made| made == *hash)
        })
        .await
    }
}

/// Argon2id with OWASP's least parameters (19 MiB, 2 passes, 1 lane), which all hashes here are made with.
fn derive(password: &[u8], salt: &[u8], memory: &mut Memory) -> std::result::Result<[u8; 32], String> {
    let mut hash = [0; 32];
    memory.resize(Params::DEFAULT.block_count(), Block::default());
    Argon2::default()
        .hash_password_into_with_memory(password, salt, &mut hash, memory.as_mut_slice())
        .map_err(|error| error.to_string())?;
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_long_enough_and_only_their_form_is_looked_up() {
        let token = new_token().unwrap();
        assert_eq!((token.len(), token_hash(&token).unwrap().len()), (22, 64));
        for wrong in [
            "",
            "short",
            &token[..21],
            &format!("{token}x"),
            &"=".repeat(22),
            &"é".repeat(11),
            "../../../../../etc/pass",
        ] {
            assert_eq!(token_hash(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn cookies_are_bound_to_share_password_and_time() {
        let keys = Keys::new(&[7; 32]);
        let cookie = keys.unlocked("id", 3, 1000);
        assert!(
            keys.is_unlocked(&cookie, "id", 3, 1000)
                && keys.is_unlocked(&cookie, "id", 3, 1000 + UNLOCKED - 1)
        );
        assert!(!keys.is_unlocked(&cookie, "id", 4, 1000), "the password was changed");
        assert!(!keys.is_unlocked(&cookie, "other", 3, 1000));
        assert!(!keys.is_unlocked(&cookie, "id", 3, 1000 + UNLOCKED));
        assert!(!Keys::new(&[8; 32]).is_unlocked(&cookie, "id", 3, 1000));
        let longer = cookie.replacen("1900", "9900", 1);
        assert!(longer != cookie && !keys.is_unlocked(&longer, "id", 3, 1000));
        for at in 0..cookie.len() {
            let mut bytes = cookie.clone().into_bytes();
            bytes[at] ^= 1;
            assert!(!keys.is_unlocked(&String::from_utf8_lossy(&bytes), "id", 3, 1000), "{at}");
        }
    }

    #[test]
    fn what_is_sealed_opens_under_its_name_and_key_alone() {
        let keys = Keys::new(&[7; 32]);
        let sealed = keys.seal("a", b"token").unwrap();
        assert!(!sealed.contains("token"));
        assert_eq!(keys.open("a", &sealed).as_deref(), Some("token"));
        assert_eq!((keys.open("b", &sealed), Keys::new(&[8; 32]).open("a", &sealed)), (None, None));
    }

    #[tokio::test]
    async fn passwords_are_told_apart_by_a_standard_hash() {
        use argon2::PasswordVerifier as _;
        let hashing = Hashing::new();
        let (one, two) =
            (hashing.hash("right".into()).await.unwrap(), hashing.hash("right".into()).await.unwrap());
        assert!(one != two && one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert!(Argon2::default().verify_password(b"right", one.as_str()).is_ok(), "others can read it");
        for (password, right) in [("right", true), ("Right", false), ("", false)] {
            assert_eq!(hashing.is_right(password.into(), one.clone()).await, Ok(right), "{password}");
        }
        assert_eq!(hashing.is_right("right".into(), "nonsense".into()).await, Ok(false));
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/key");
        Keys::of_file(&path).unwrap();
        let again = std::fs::read(&path).unwrap();
        Keys::of_file(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), again, "it is made once");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Keys::of_file(&path).unwrap_err().hint().unwrap().contains("chmod 600"));
    }
}
