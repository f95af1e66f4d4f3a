//! Secrets sealed in a file by a passphrase: AES-256-GCM with a random key of its own, which is sealed by what Argon2id
//! makes of the passphrase. What was changed in the file, or moved to another name, is refused.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Paths;
use super::paths::make_private;
use super::prompt::Unseen;
use crate::error::{Error, Kind, Result};

/// The form of the file.
const FORMAT: u32 = 1;
/// Argon2id: 64 MiB, 3 passes, 1 lane.
const KDF: (u32, u32, u32) = (64 << 10, 3, 1);
/// What a file may ask for, so that a planted one cannot take all memory.
const MOST_MEMORY_KIB: u32 = 1 << 20;

type Key = Zeroizing<[u8; 32]>;

/// Bytes as they are sealed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    nonce: String,
    data: String,
}

/// Seals and opens small secrets with one key.
pub struct Sealer(Aes256Gcm);

impl Sealer {
    /// With a key of 32 bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// Seals `secret` under `name`, which it can only be opened with.
    ///
    /// # Errors
    /// No randomness.
    pub fn seal(&self, name: &str, secret: &[u8]) -> Result<Sealed> {
        let nonce: [u8; 12] = random()?;
        let payload = Payload { msg: secret, aad: &aad(name) };
        let data = self.0.encrypt(&Nonce::from(nonce), payload).map_err(|_| broken("cannot seal"))?;
        Ok(Sealed { nonce: STANDARD.encode(nonce), data: STANDARD.encode(data) })
    }

    /// Opens what was sealed under `name`; `None` if it was not, or was changed since, or the key is another one.
    pub fn open(&self, name: &str, sealed: &Sealed) -> Option<Zeroizing<Vec<u8>>> {
        let nonce: [u8; 12] = STANDARD.decode(&sealed.nonce).ok()?.try_into().ok()?;
        let data = STANDARD.decode(&sealed.data).ok()?;
        let payload = Payload { msg: &data, aad: &aad(name) };
        self.0.decrypt(&Nonce::from(nonce), payload).ok().map(Zeroizing::new)
    }
}

fn aad(name: &str) -> Vec<u8> {
    format!("twinpail\0{FORMAT}\0{name}").into_bytes()
}

/// Bytes of the operating system's generator.
///
/// # Errors
/// It has none.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::new(Kind::Local, format!("the system gives no random numbers: {error}")))?;
    Ok(bytes)
}

#[derive(Serialize, Deserialize)]
struct File {
    format: u32,
    kdf: Kdf,
    key: Sealed,
    secrets: BTreeMap<String, Sealed>,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    salt: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Kdf {
    fn derive(&self, passphrase: &SecretString) -> Result<Key> {
        if self.memory_kib > MOST_MEMORY_KIB || self.passes > 64 {
            return Err(broken("asks for more memory or time than any that was made here"));
        }
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|error| broken(&format!("has bad parameters: {error}")))?;
        let salt = STANDARD.decode(&self.salt).map_err(|_| broken("has a damaged salt"))?;
        let mut key = Zeroizing::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose_secret().as_bytes(), &salt, &mut *key)
            .map_err(|error| broken(&format!("cannot be opened: {error}")))?;
        Ok(key)
    }
}

fn broken(why: &str) -> Error {
    Error::new(Kind::Credentials, format!("the file of sealed secrets {why}"))
}

/// How often the passphrase may be typed.
pub const TRIES: u8 = 3;

/// The file of sealed secrets. Asks for the passphrase once a run; everything here blocks.
pub struct Vault {
    path: PathBuf,
    /// Program and arguments that print the passphrase; empty: it is asked for.
    command: Vec<String>,
    /// Whether that is done here, on the terminal; else by whoever has the terminal, with [`Vault::unlock_with`].
    may_ask: AtomicBool,
    /// What was typed elsewhere than on the terminal's own line; good for one question.
    offered: Mutex<Option<SecretString>>,
    state: Mutex<State>,
}

/// Whether the file is open. Held while somebody is asked, so that nobody is asked twice.
enum State {
    Closed,
    Open(Key),
    /// The passphrase was wrong too often: nobody is asked again.
    Refused(Error),
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("path", &self.path).finish_non_exhaustive()
    }
}

/// What storing a secret in a vault asks its user for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asks {
    /// Nothing: it is open, or a command opens it.
    #[default]
    Nothing,
    /// Its passphrase.
    Passphrase,
    /// A passphrase that it gets: there is none yet.
    NewPassphrase,
}

impl Vault {
    /// The vault of this user; it need not exist.
    pub fn new(paths: &Paths, command: Vec<String>) -> Arc<Self> {
        let path = paths.sealed_secrets();
        let (may_ask, offered, state) = (AtomicBool::new(true), Mutex::default(), Mutex::new(State::Closed));
        Arc::new(Self { path, command, may_ask, offered, state })
    }

    /// From now on the terminal belongs to somebody else.
    pub fn stop_asking(&self) {
        self.may_ask.store(false, Ordering::Relaxed);
    }

    /// Whether there is one.
    pub fn exists(&self) -> bool {
        self.path.exists()
    }

    /// What storing a secret would ask for now.
    pub fn asks(&self) -> Asks {
        let is_open = matches!(*self.state(), State::Open(_));
        match self.exists() {
            _ if is_open || !self.command.is_empty() => Asks::Nothing,
            true => Asks::Passphrase,
            false => Asks::NewPassphrase,
        }
    }

    /// Answers the next question for the passphrase, and that one only.
    pub fn offer(&self, passphrase: SecretString) {
        *self.offered.lock().unwrap_or_else(PoisonError::into_inner) = Some(passphrase);
    }

    /// Opens the file with a passphrase that was asked for elsewhere.
    ///
    /// # Errors
    /// A wrong passphrase, a damaged file; then it stays as it was.
    pub fn unlock_with(&self, passphrase: &SecretString) -> Result<()> {
        let file = self.read()?.ok_or_else(|| self.absent())?;
        *self.state() = State::Open(open(&file, passphrase)?);
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The secret called `name`.
    ///
    /// # Errors
    /// `Kind::Credentials`: none of that name, a wrong passphrase, a damaged file.
    pub fn get(&self, name: &str) -> Result<SecretString> {
        let file = self.read()?.ok_or_else(|| self.absent())?;
        let sealed = file.secrets.get(name).ok_or_else(|| {
            Error::new(Kind::Credentials, format!("{} has no secret for {name}", self.path.display()))
                .with_hint(
                    "`twinpail profile add` stores it, a gateway's token `twinpail gateway --store-token`",
                )
        })?;
        let opened = Sealer::new(&*self.key(&file)?).open(name, sealed);
        let bytes = opened.ok_or_else(|| {
            Error::new(Kind::Credentials, format!("the sealed secret of {name} was changed"))
                .with_hint("somebody edited the file, or it is damaged; store the secret again")
        })?;
        let text = std::str::from_utf8(&bytes).map_err(|_| broken("holds what is no text"))?;
        Ok(SecretString::from(text))
    }

    /// Stores a secret; the first one makes the file and its passphrase.
    ///
    /// # Errors
    /// Those of [`Vault::get`], and the file system's.
    pub fn set(&self, name: &str, secret: &SecretString) -> Result<()> {
        let (mut file, key) = match self.read()? {
            Some(file) => {
                let key = self.key(&file)?;
                (file, key)
            }
            None => self.create()?,
        };
        let sealed = Sealer::new(&key).seal(name, secret.expose_secret().as_bytes())?;
        file.secrets.insert(name.to_owned(), sealed);
        self.write(&file)?;
        *self.state() = State::Open(key);
        Ok(())
    }

    /// Forgets a secret; needs no passphrase.
    ///
    /// # Errors
    /// The file system's.
    pub fn remove(&self, name: &str) -> Result<()> {
        if let Some(mut file) = self.read()?
            && file.secrets.remove(name).is_some()
        {
            self.write(&file)?;
        }
        Ok(())
    }

    fn absent(&self) -> Error {
        Error::new(Kind::Credentials, format!("there is no {}", self.path.display()))
            .with_hint("`twinpail profile add` makes it and stores the secret, a gateway's token `twinpail gateway --store-token`")
    }

    fn read(&self) -> Result<Option<File>> {
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::local("read", &self.path, error)),
        };
        let file: File = serde_json::from_slice(&text).map_err(|_| broken("is damaged"))?;
        if file.format != FORMAT {
            return Err(broken("was made by another version of this program"));
        }
        Ok(Some(file))
    }

    fn write(&self, file: &File) -> Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        make_private(folder)?;
        let failed = |error| Error::local("write", &self.path, error);
        let text = serde_json::to_vec_pretty(file).map_err(|error| failed(error.into()))?;
        // Made for its owner alone, and there whole or not at all.
        let mut new = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        new.write_all(&text).and_then(|()| new.as_file().sync_all()).map_err(failed)?;
        new.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    fn create(&self) -> Result<(File, Key)> {
        let (memory_kib, passes, lanes) = KDF;
        let kdf = Kdf { salt: STANDARD.encode(random::<16>()?), memory_kib, passes, lanes };
        let passphrase = self.new_passphrase()?;
        let key = Zeroizing::new(random::<32>()?);
        let sealed = Sealer::new(&*kdf.derive(&passphrase)?).seal("key", &*key)?;
        Ok((File { format: FORMAT, kdf, key: sealed, secrets: BTreeMap::new() }, key))
    }

    fn key(&self, file: &File) -> Result<Key> {
        let mut state = self.state();
        match &*state {
            State::Open(key) => return Ok(key.clone()),
            State::Refused(error) => return Err(error.clone()),
            State::Closed => {}
        }
        let key = match self.silent_passphrase()? {
            Some(passphrase) => open(file, &passphrase)?,
            None => ask_and_open(file).inspect_err(|error| {
                if error.kind() == Kind::Credentials {
                    *state = State::Refused(error.clone());
                }
            })?,
        };
        *state = State::Open(key.clone());
        Ok(key)
    }

    /// The passphrase, as far as it can be had without a question on the terminal; `None`: it is to be asked there.
    fn silent_passphrase(&self) -> Result<Option<SecretString>> {
        if !self.command.is_empty() {
            return printed(&self.command).map(Some);
        }
        if let Some(offered) = self.offered.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Ok(Some(offered));
        }
        if self.may_ask.load(Ordering::Relaxed) {
            return Ok(None);
        }
        Err(Error::new(Kind::Locked, "the sealed secrets are locked: their passphrase was not given")
            .with_hint("refresh asks for it; `passphrase_command` in the configuration gives it unasked"))
    }

    fn new_passphrase(&self) -> Result<SecretString> {
        if let Some(passphrase) = self.silent_passphrase()? {
            return Ok(passphrase);
        }
        let terminal = Unseen::begin().ok_or_else(nobody)?;
        let first = terminal.ask("New passphrase for sealed secrets: ")?;
        if first.expose_secret().is_empty() {
            return Err(Error::new(Kind::Usage, "an empty passphrase seals nothing; nothing was stored"));
        }
        if terminal.ask("Once more: ")?.expose_secret() != first.expose_secret() {
            return Err(Error::new(Kind::Usage, "the two passphrases differ; nothing was stored"));
        }
        Ok(first)
    }
}

/// The key in `file`.
fn open(file: &File, passphrase: &SecretString) -> Result<Key> {
    let opened = Sealer::new(&*file.kdf.derive(passphrase)?).open("key", &file.key);
    let opened = opened.and_then(|key| <[u8; 32]>::try_from(key.as_slice()).ok());
    opened.map(Zeroizing::new).ok_or_else(|| {
        Error::new(Kind::Credentials, "the passphrase is not that of the sealed secrets")
            .with_hint("or the file was changed; without the passphrase store the secrets again")
    })
}

/// Asks on the terminal until the passphrase opens `file`, but not for ever. Meanwhile nothing that is typed is shown,
/// also while a passphrase is tried.
fn ask_and_open(file: &File) -> Result<Key> {
    let terminal = Unseen::begin().ok_or_else(nobody)?;
    let mut question = "Passphrase of the sealed secrets: ".to_owned();
    for left in (0..TRIES).rev() {
        let typed = terminal.ask(&question)?;
        if !typed.expose_secret().is_empty()
            && let Ok(key) = open(file, &typed)
        {
            return Ok(key);
        }
        let tries = if left == 1 { "1 try" } else { "2 tries" };
        question = format!("That is not the passphrase of the sealed secrets; {tries} left: ");
    }
    Err(Error::new(
        Kind::Credentials,
        format!("the passphrase of the sealed secrets was wrong {TRIES} times"),
    )
    .with_hint("or their file was changed; without the passphrase store the secrets again"))
}

fn nobody() -> Error {
    Error::new(Kind::Locked, "nobody can be asked for the passphrase of the sealed secrets")
        .with_hint("set `passphrase_command` in the configuration, or start on a terminal")
}

/// The first line that a command prints.
fn printed(command: &[String]) -> Result<SecretString> {
    let [program, arguments @ ..] = command else { return Err(broken("has an empty passphrase_command")) };
    let failed = |why: String| Error::new(Kind::Credentials, format!("passphrase_command {program}: {why}"));
    let output = std::process::Command::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    let stdout = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    let text = std::str::from_utf8(&stdout).map_err(|_| failed("its output is not text".to_owned()))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(SecretString::from(line)),
        _ => Err(failed("it printed nothing".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(folder: &Path, passphrase: &str) -> Arc<Vault> {
        Vault::new(&Paths::below(folder), vec!["echo".into(), passphrase.into()])
    }

    #[test]
    fn what_was_sealed_is_opened_by_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let here = vault(folder.path(), "correct horse");
        here.set("work/secret", &"hush".into()).unwrap();
        here.set("home/secret", &"other".into()).unwrap();
        let again = vault(folder.path(), "correct horse");
        assert_eq!(again.get("work/secret").unwrap().expose_secret(), "hush");
        let text = std::fs::read_to_string(&again.path).unwrap();
        assert!(!text.contains("hush") && !text.contains("horse"), "{text}");
        let wrong = vault(folder.path(), "wrong").get("work/secret").unwrap_err();
        assert!(wrong.message().contains("passphrase"), "{wrong}");
        again.remove("work/secret").unwrap();
        assert!(again.get("work/secret").unwrap_err().hint().unwrap().contains("profile add"));
        assert!(!format!("{again:?}").contains("hush"));
    }

    #[test]
    fn a_passphrase_that_is_offered_answers_one_question() {
        let folder = tempfile::tempdir().unwrap();
        let new = || {
            let vault = Vault::new(&Paths::below(folder.path()), Vec::new());
            vault.stop_asking();
            vault
        };
        let here = new();
        assert_eq!(here.asks(), Asks::NewPassphrase);
        here.offer("correct horse".into());
        here.set("work/secret", &"hush".into()).unwrap();
        assert_eq!(here.asks(), Asks::Nothing, "it is open");
        let again = new();
        assert_eq!(again.asks(), Asks::Passphrase);
        again.offer("wrong".into());
        assert!(again.get("work/secret").unwrap_err().message().contains("is not that of"));
        let locked = again.get("work/secret").unwrap_err();
        assert_eq!(locked.kind(), Kind::Locked, "it is asked for, not refused: {locked}");
        assert!(again.unlock_with(&"wrong".into()).is_err());
        assert_eq!(again.get("work/secret").unwrap_err().kind(), Kind::Locked);
        again.offer("correct horse".into());
        assert_eq!(again.get("work/secret").unwrap().expose_secret(), "hush");
        assert!(!format!("{again:?}").contains("horse"));
        assert_eq!(vault(folder.path(), "x").asks(), Asks::Nothing, "a command answers");
    }

    #[test]
    fn no_byte_can_be_changed_and_no_secret_moved_to_another_name() {
        let sealer = Sealer::new(&[7; 32]);
        let sealed = sealer.seal("a", b"hush").unwrap();
        assert_eq!(sealer.open("a", &sealed).unwrap().as_slice(), b"hush");
        assert!(sealer.open("b", &sealed).is_none());
        assert!(Sealer::new(&[8; 32]).open("a", &sealed).is_none());
        for part in 0..2 {
            let text = [&sealed.nonce, &sealed.data][part];
            let bytes = STANDARD.decode(text).unwrap();
            for at in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[at] ^= 1;
                let mut other = sealed.clone();
                *[&mut other.nonce, &mut other.data][part] = STANDARD.encode(changed);
                assert!(sealer.open("a", &other).is_none(), "{part} {at}");
            }
        }
        assert_ne!(sealer.seal("a", b"hush").unwrap(), sealed, "nonces repeat");
    }
}
