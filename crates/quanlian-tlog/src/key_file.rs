//! Key files: secret keys on a disk, sealed by a passphrase or, as older installations have them, plain.
//!
//! In:  a path, keys, a passphrase and randomness from the caller.
//! Out: a file of mode 0600, or the keys in one.
//!
//! A plain file holds one secret key text a line. The first key is the main one; the others of
//! a log sign beside it. A sealed file (`seal`) holds the same lines, encrypted.
//!
//! Invariant: a key file is complete under its name or not there; it is never readable by
//! others than its owner; an existing one is replaced only where the caller asks for it. No
//! error and no `Debug` text shows a secret, and secrets are wiped from memory when dropped.
//!
//! Not here: hardware keys. A file system may keep the blocks of a plain file that was
//! replaced by a sealed one; who must rule that out rotates the key.

mod passphrase;
mod seal;

use std::{
    fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

pub use self::{
    passphrase::{MAX_PASSPHRASE_BYTES, MIN_PASSPHRASE_BYTES, Passphrase, PassphraseError, PassphraseSource},
    seal::{SEAL_NONCE_BYTES, SEAL_SALT_BYTES, SealError},
};
use crate::{
    cosignature::CosignerSecret,
    key::{PublicKey, SecretKey},
    note::{NoteError, SignerKey},
    whole_file::{self, Readers},
};

/// The longest key file.
pub const MAX_KEY_FILE_BYTES: u64 = 64 * 1024;
/// The most keys in one file.
pub const MAX_FILE_KEYS: usize = 8;

/// Why a key file cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum KeyFileError {
    /// The operating system refused; on creation also when the file exists.
    #[error("cannot {act} the key file {path}", path = path.display())]
    Io {
        act: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// Others than the owner may read it.
    #[error("the key file {path} can be read by others (mode {mode:o}); run chmod 600 and replace the key", path = path.display())]
    TooOpen { path: PathBuf, mode: u32 },
    /// Larger than a key file can be.
    #[error("{path} is larger than {MAX_KEY_FILE_BYTES} bytes, so it is no key file", path = path.display())]
    TooLarge { path: PathBuf },
    /// The content is not a secret key text.
    #[error("{path} holds no signing key", path = path.display())]
    Content { path: PathBuf, source: NoteError },
    /// No key at all, or too many.
    #[error("a key file holds one to {MAX_FILE_KEYS} keys, not {found}")]
    Count { found: usize },
    /// The keys are not of the kind asked for.
    #[error("{path} holds no {wanted}", path = path.display())]
    Kind { path: PathBuf, wanted: &'static str },
    /// A sealed file that cannot be opened: wrong passphrase, or damaged.
    #[error("cannot open the sealed key file {path}", path = path.display())]
    Sealed { path: PathBuf, source: SealError },
    /// The file is sealed and there is no usable passphrase.
    #[error("the key file {path} is sealed and no passphrase opens it", path = path.display())]
    Passphrase { path: PathBuf, source: PassphraseError },
}

impl KeyFileError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "key_file_io",
            Self::TooOpen { .. } => "key_file_too_open",
            Self::TooLarge { .. } => "key_file_too_large",
            Self::Content { .. } => "key_file_content",
            Self::Count { .. } => "key_file_count",
            Self::Kind { .. } => "key_file_kind",
            Self::Sealed { source, .. } => source.code(),
            Self::Passphrase { source, .. } => source.code(),
        }
    }
}

/// How a key file is to be written.
pub enum Protection<'a> {
    /// Sealed by a passphrase.
    Sealed {
        /// What opens it.
        passphrase: &'a Passphrase,
        /// Fresh randomness.
        salt: [u8; SEAL_SALT_BYTES],
        /// Fresh randomness.
        nonce: [u8; SEAL_NONCE_BYTES],
    },
    /// Plain, protected by its mode alone.
    Plain,
}

/// The keys of a file, in its order.
pub struct KeyFile {
    /// At least one, at most [`MAX_FILE_KEYS`].
    keys: Vec<SecretKey>,
    sealed: bool,
}

impl KeyFile {
    /// Reads a key file; `passphrase` is asked only when the file is sealed.
    pub fn read(
        path: &Path,
        passphrase: &mut dyn FnMut() -> Result<Passphrase, PassphraseError>,
    ) -> Result<Self, KeyFileError> {
        let text = read_private(path)?;
        if !seal::is_sealed(&text) {
            return Ok(Self {
                keys: parse_keys(&text).map_err(|fault| fault.at(path))?,
                sealed: false,
            });
        }
        let passphrase = passphrase().map_err(|source| KeyFileError::Passphrase {
            path: path.to_owned(),
            source,
        })?;
        let sealed = |source| KeyFileError::Sealed {
            path: path.to_owned(),
            source,
        };
        let opened = seal::open(&text, &passphrase).map_err(sealed)?;
        Ok(Self {
            keys: parse_keys(&opened).map_err(|fault| fault.at(path))?,
            sealed: true,
        })
    }

    /// The keys, main key first.
    pub fn keys(&self) -> &[SecretKey] {
        &self.keys
    }

    /// Takes the keys out.
    pub fn into_keys(self) -> Vec<SecretKey> {
        self.keys
    }

    /// Whether a passphrase protects the file.
    pub fn is_sealed(&self) -> bool {
        self.sealed
    }
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyFile({:?}, sealed: {})", self.keys, self.sealed)
    }
}

/// What can be said about a key file without its passphrase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFileSummary {
    /// Whether a passphrase protects it.
    pub sealed: bool,
    /// The public keys, main key first. Those of a sealed file are not proven until it is opened.
    pub keys: Vec<PublicKey>,
}

/// Says which keys a file holds, without opening a seal.
pub fn describe_key_file(path: &Path) -> Result<KeyFileSummary, KeyFileError> {
    describe_key_text(path, &read_private(path)?)
}

/// As [`describe_key_file`], for a content that was read from `path`.
pub fn describe_key_text(path: &Path, text: &str) -> Result<KeyFileSummary, KeyFileError> {
    if seal::is_sealed(text) {
        let keys = seal::public_keys(text).map_err(|source| KeyFileError::Sealed {
            path: path.to_owned(),
            source,
        })?;
        return Ok(KeyFileSummary { sealed: true, keys });
    }
    let keys = parse_keys(text).map_err(|fault| fault.at(path))?;
    Ok(KeyFileSummary {
        sealed: false,
        keys: keys.iter().map(SecretKey::public).collect(),
    })
}

/// Writes a new key file. An existing file is never replaced.
pub fn create_keys_file(
    path: &Path,
    keys: &[SecretKey],
    protection: &Protection<'_>,
) -> Result<(), KeyFileError> {
    let content = contents(path, keys, protection)?;
    whole_file::create(path, content.as_bytes()).map_err(|(act, source)| io_error(act, path)(source))
}

/// Replaces a key file: after a crash there is the old one or the new one.
pub fn replace_keys_file(
    path: &Path,
    keys: &[SecretKey],
    protection: &Protection<'_>,
) -> Result<(), KeyFileError> {
    let content = contents(path, keys, protection)?;
    whole_file::replace(path, content.as_bytes(), Readers::Owner)
        .map_err(|(act, source)| io_error(act, path)(source))
}

/// Writes a new plain key file for a log with one key. An existing file is never replaced.
pub fn create_key_file(path: &Path, key: &SignerKey) -> Result<(), KeyFileError> {
    let content = line(&key.to_secret_text());
    whole_file::create(path, content.as_bytes()).map_err(|(act, source)| io_error(act, path)(source))
}

/// Reads the key of a log, with the keys that sign beside it.
///
/// For a sealed file the passphrase comes from the environment, as
/// [`Passphrase::from_environment`] says.
pub fn load_key_file(path: &Path) -> Result<SignerKey, KeyFileError> {
    log_key(path, KeyFile::read(path, &mut Passphrase::from_environment)?)
}

/// The key of a log, with the keys that sign beside it, from a file that was read.
pub fn log_key(path: &Path, file: KeyFile) -> Result<SignerKey, KeyFileError> {
    let mut keys = file.into_keys().into_iter();
    let Some(SecretKey::Ed25519(main)) = keys.next() else {
        return Err(KeyFileError::Kind {
            path: path.to_owned(),
            wanted: "Ed25519 key of a log in its first place",
        });
    };
    keys.try_fold(*main, SignerKey::beside)
        .map_err(|source| KeyFileError::Content {
            path: path.to_owned(),
            source,
        })
}

/// The keys of a witness, from a file that was read; all of them sign.
pub fn witness_keys(path: &Path, file: KeyFile) -> Result<Vec<CosignerSecret>, KeyFileError> {
    let keys = file.into_keys().into_iter().map(|key| match key {
        SecretKey::Cosigner(key) => Ok(*key),
        _ => Err(KeyFileError::Kind {
            path: path.to_owned(),
            wanted: "keys of a witness alone",
        }),
    });
    keys.collect()
}

/// What is wrong with the lines of a key file.
enum LinesFault {
    Key(NoteError),
    Count(usize),
}

impl LinesFault {
    fn at(self, path: &Path) -> KeyFileError {
        match self {
            Self::Key(source) => KeyFileError::Content {
                path: path.to_owned(),
                source,
            },
            Self::Count(found) => KeyFileError::Count { found },
        }
    }
}

fn parse_keys(text: &str) -> Result<Vec<SecretKey>, LinesFault> {
    let lines: Vec<&str> = text.trim_end_matches('\n').split('\n').collect();
    if lines.len() > MAX_FILE_KEYS {
        return Err(LinesFault::Count(lines.len()));
    }
    lines
        .iter()
        .map(|line| SecretKey::from_secret_text(line).map_err(LinesFault::Key))
        .collect()
}

fn contents(
    path: &Path,
    keys: &[SecretKey],
    protection: &Protection<'_>,
) -> Result<Zeroizing<String>, KeyFileError> {
    if keys.is_empty() || keys.len() > MAX_FILE_KEYS {
        return Err(KeyFileError::Count { found: keys.len() });
    }
    let mut plain = Zeroizing::new(String::with_capacity(MAX_FILE_KEYS * 1024));
    for key in keys {
        plain.push_str(&line(&key.to_secret_text()));
    }
    match protection {
        Protection::Plain => Ok(plain),
        Protection::Sealed {
            passphrase,
            salt,
            nonce,
        } => {
            let public: Vec<PublicKey> = keys.iter().map(SecretKey::public).collect();
            seal::seal(&plain, &public, passphrase, salt, nonce)
                .map(Zeroizing::new)
                .map_err(|source| KeyFileError::Sealed {
                    path: path.to_owned(),
                    source,
                })
        }
    }
}

fn line(secret_text: &str) -> Zeroizing<String> {
    let mut line = Zeroizing::new(String::with_capacity(secret_text.len() + 1));
    line.push_str(secret_text);
    line.push('\n');
    line
}

fn read_private(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let file = File::open(path).map_err(io_error("open", path))?;
    if let Some(mode) = passphrase::mode_for_others(&file).map_err(io_error("inspect", path))? {
        return Err(KeyFileError::TooOpen {
            path: path.to_owned(),
            mode,
        });
    }
    // Room for all of it, so that no copy is left behind when the buffer grows.
    let mut text = Zeroizing::new(String::with_capacity(MAX_KEY_FILE_BYTES as usize + 1));
    file.take(MAX_KEY_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(io_error("read", path))?;
    if text.len() as u64 > MAX_KEY_FILE_BYTES {
        return Err(KeyFileError::TooLarge {
            path: path.to_owned(),
        });
    }
    Ok(text)
}

fn io_error(act: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyFileError {
    let path = path.to_owned();
    move |source| KeyFileError::Io { act, path, source }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        cosignature::{CosignerKind, CosignerSecret},
        note::{Note, SEED_BYTES},
        sm2::Sm2SignerKey,
    };

    const NAME: &str = "log.example/files";

    fn key() -> SignerKey {
        SignerKey::from_seed(NAME, &[5; SEED_BYTES]).unwrap()
    }

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::new(text).unwrap()
    }

    fn sealed(passphrase: &Passphrase) -> Protection<'_> {
        Protection::Sealed {
            passphrase,
            salt: [1; SEAL_SALT_BYTES],
            nonce: [2; SEAL_NONCE_BYTES],
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_is_for_its_owner_only_and_is_never_replaced() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        // As an earlier crash may have left it.
        fs::write(folder.path().join("log.key.tmp"), "torn").unwrap();
        create_key_file(&path, &key()).unwrap();
        assert_eq!(load_key_file(&path).unwrap().verifier(), key().verifier());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(create_key_file(&path, &key()).unwrap_err().code(), "key_file_io");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(load_key_file(&path).unwrap_err().code(), "key_file_too_open");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        for (content, code) in [
            ("PRIVATE+KEY+x".to_owned(), "key_file_content"),
            (String::new(), "key_file_content"),
            ("\n".repeat(70_000), "key_file_too_large"),
            ("x\n".repeat(9), "key_file_count"),
        ] {
            fs::write(&path, content).unwrap();
            let error = load_key_file(&path).unwrap_err();
            assert_eq!(error.code(), code);
            assert!(
                !format!("{error:?}").contains("PRIVATE"),
                "a broken key must not be shown"
            );
        }
    }

    #[test]
    fn a_sealed_file_opens_with_its_passphrase_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        let good = passphrase("correct horse battery");
        let sm2 = Sm2SignerKey::from_secret(NAME, &[3; 32]).unwrap();
        create_keys_file(&path, &[key().into(), sm2.into()], &sealed(&good)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(!text.contains("PRIVATE"), "{text}");
        let summary = describe_key_file(&path).unwrap();
        assert!(summary.sealed);
        assert_eq!(summary.keys.len(), 2);

        let file = KeyFile::read(&path, &mut || Ok(passphrase("correct horse battery"))).unwrap();
        assert!(file.is_sealed());
        let signer = log_key(&path, file).unwrap();
        let note = Note::parse(&signer.sign("a\n").unwrap()).unwrap();
        for key in &summary.keys {
            assert_eq!(key.verify(&note), Ok(vec![None]), "{key}");
        }
        let wrong = KeyFile::read(&path, &mut || Ok(passphrase("correct horse batterz"))).unwrap_err();
        assert_eq!(wrong.code(), "key_file_wrong_passphrase");
        let none = KeyFile::read(&path, &mut || Err(PassphraseError::Missing)).unwrap_err();
        assert_eq!(none.code(), "passphrase_missing");
    }

    #[test]
    fn sealing_replaces_a_plain_file_and_keeps_the_keys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.key");
        create_key_file(&path, &key()).unwrap();
        let file = KeyFile::read(&path, &mut || panic!("a plain file needs none")).unwrap();
        assert!(!file.is_sealed());
        let good = passphrase("correct horse battery");
        replace_keys_file(&path, file.keys(), &sealed(&good)).unwrap();
        assert!(describe_key_file(&path).unwrap().sealed);
        let file = KeyFile::read(&path, &mut || Ok(passphrase("correct horse battery"))).unwrap();
        assert_eq!(log_key(&path, file).unwrap().verifier(), key().verifier());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn keys_of_a_log_and_of_a_witness_are_not_mixed_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let witness = || CosignerSecret::from_seed(NAME, CosignerKind::Ed25519, &[8; SEED_BYTES]).unwrap();
        let read = || KeyFile::read(&path, &mut || Err(PassphraseError::Missing)).unwrap();
        create_keys_file(&path, &[witness().into()], &Protection::Plain).unwrap();
        assert_eq!(log_key(&path, read()).unwrap_err().code(), "key_file_kind");
        assert_eq!(witness_keys(&path, read()).unwrap().len(), 1);
        replace_keys_file(&path, &[key().into(), witness().into()], &Protection::Plain).unwrap();
        assert_eq!(witness_keys(&path, read()).unwrap_err().code(), "key_file_kind");
        assert_eq!(log_key(&path, read()).unwrap_err().code(), "key_file_content");
    }
}
