//! Passphrases: where they come from, and what is wiped.
//!
//! In:  an environment variable, a file, or a descriptor that the caller left open.
//! Out: a [`Passphrase`], or why there is none.
//!
//! Invariant: never from the arguments of a program, which every user of the machine can read.

use std::{
    env, fmt,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

/// The shortest passphrase that seals. An attacker who has the file tries many.
pub const MIN_PASSPHRASE_BYTES: usize = 12;
/// The longest passphrase.
pub const MAX_PASSPHRASE_BYTES: usize = 4096;

/// The passphrase itself.
const ENV_TEXT: &str = "QUANLIAN_KEY_PASSPHRASE";
/// Path of a file that holds it.
const ENV_FILE: &str = "QUANLIAN_KEY_PASSPHRASE_FILE";
/// Number of an open descriptor from which it is read.
const ENV_DESCRIPTOR: &str = "QUANLIAN_KEY_PASSPHRASE_FD";

/// Why there is no usable passphrase.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum PassphraseError {
    /// Nobody gave one.
    #[error("no passphrase: set {ENV_FILE}, {ENV_DESCRIPTOR} or {ENV_TEXT}")]
    Missing,
    /// Two sources, of which one may be forgotten.
    #[error("more than one of {ENV_FILE}, {ENV_DESCRIPTOR} and {ENV_TEXT} is set; keep one")]
    Ambiguous,
    /// Nothing in it, not text, or longer than the limit.
    #[error("a passphrase is 1 to {MAX_PASSPHRASE_BYTES} bytes of UTF-8 text on one line")]
    Text,
    /// Too short to seal a key with.
    #[error("a passphrase that seals a key has at least {MIN_PASSPHRASE_BYTES} bytes, this one has {found}")]
    TooShort { found: usize },
    /// Not the number of a descriptor.
    #[error("`{0}` is not the number of an open descriptor")]
    Descriptor(String),
    /// The operating system refused.
    #[error("cannot read the passphrase from {path}", path = path.display())]
    Io { path: PathBuf, source: io::Error },
    /// Others than the owner may read the file.
    #[error("the passphrase file {path} can be read by others (mode {mode:o}); run chmod 600", path = path.display())]
    TooOpen { path: PathBuf, mode: u32 },
}

impl PassphraseError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "passphrase_missing",
            Self::Ambiguous => "passphrase_ambiguous",
            Self::Text => "passphrase_text",
            Self::TooShort { .. } => "passphrase_too_short",
            Self::Descriptor(_) => "passphrase_descriptor",
            Self::Io { .. } => "passphrase_io",
            Self::TooOpen { .. } => "passphrase_too_open",
        }
    }
}

/// Where a passphrase comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassphraseSource {
    /// An environment variable of this name.
    Variable(String),
    /// A file that its owner alone can read, or a pipe.
    File(PathBuf),
    /// A descriptor that the parent process left open.
    Descriptor(u32),
}

/// What opens a sealed key file. Wiped from memory when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// One line of text, not empty.
    pub fn new(text: &str) -> Result<Self, PassphraseError> {
        let fits = (1..=MAX_PASSPHRASE_BYTES).contains(&text.len());
        if fits && !text.contains(['\n', '\r', '\0']) {
            Ok(Self(Zeroizing::new(text.to_owned())))
        } else {
            Err(PassphraseError::Text)
        }
    }

    /// From the one that is set of `QUANLIAN_KEY_PASSPHRASE_FILE`, `QUANLIAN_KEY_PASSPHRASE_FD`
    /// and `QUANLIAN_KEY_PASSPHRASE`.
    pub fn from_environment() -> Result<Self, PassphraseError> {
        let mut sources = Vec::new();
        if let Some(path) = env::var_os(ENV_FILE) {
            sources.push(PassphraseSource::File(PathBuf::from(path)));
        }
        if let Some(number) = env::var_os(ENV_DESCRIPTOR) {
            let number = number.to_string_lossy().into_owned();
            let parsed = number.parse();
            sources.push(PassphraseSource::Descriptor(
                parsed.map_err(|_| PassphraseError::Descriptor(number))?,
            ));
        }
        if env::var_os(ENV_TEXT).is_some() {
            sources.push(PassphraseSource::Variable(ENV_TEXT.to_owned()));
        }
        match sources.as_slice() {
            [] => Err(PassphraseError::Missing),
            [source] => Self::read(source),
            _ => Err(PassphraseError::Ambiguous),
        }
    }

    /// From one source. One newline at the end is not part of it.
    pub fn read(source: &PassphraseSource) -> Result<Self, PassphraseError> {
        match source {
            PassphraseSource::Variable(name) => match env::var(name) {
                Ok(text) => Self::new(&Zeroizing::new(text)),
                Err(env::VarError::NotPresent) => Err(PassphraseError::Missing),
                Err(env::VarError::NotUnicode(_)) => Err(PassphraseError::Text),
            },
            PassphraseSource::File(path) => Self::read_file(path),
            // The kernel shows each open descriptor as a file; taking one over by its number needs unsafe code.
            PassphraseSource::Descriptor(number) => Self::read_file(Path::new(&format!("/dev/fd/{number}"))),
        }
    }

    fn read_file(path: &Path) -> Result<Self, PassphraseError> {
        let io = |source| PassphraseError::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(io)?;
        if let Some(mode) = mode_for_others(&file).map_err(io)? {
            return Err(PassphraseError::TooOpen {
                path: path.to_owned(),
                mode,
            });
        }
        let limit_bytes = MAX_PASSPHRASE_BYTES + 2;
        let mut bytes = Zeroizing::new(Vec::with_capacity(limit_bytes + 32));
        file.take(limit_bytes as u64)
            .read_to_end(&mut bytes)
            .map_err(io)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| PassphraseError::Text)?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        Self::new(text.strip_suffix('\r').unwrap_or(text))
    }

    /// Fails for one that is too short to seal with; opening takes any.
    pub(super) fn require_strength(&self) -> Result<(), PassphraseError> {
        if self.0.len() < MIN_PASSPHRASE_BYTES {
            return Err(PassphraseError::TooShort { found: self.0.len() });
        }
        Ok(())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

/// The mode of a regular file that others than its owner may read; `None` when none of them can.
#[cfg(unix)]
pub(super) fn mode_for_others(file: &File) -> io::Result<Option<u32>> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = file.metadata()?;
    let mode = metadata.mode() & 0o777;
    Ok((metadata.is_file() && mode & 0o077 != 0).then_some(mode))
}

/// Other systems guard files by other means.
#[cfg(not(unix))]
pub(super) fn mode_for_others(_file: &File) -> io::Result<Option<u32>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_one_line_and_is_not_shown() {
        for text in ["", "a\nb", "a\0", &"x".repeat(MAX_PASSPHRASE_BYTES + 1)] {
            assert_eq!(Passphrase::new(text).unwrap_err().code(), "passphrase_text");
        }
        let good = Passphrase::new("正确的马电池订书钉").unwrap();
        assert_eq!(format!("{good:?}"), "Passphrase(…)");
        good.require_strength().unwrap();
        let short = Passphrase::new("short").unwrap().require_strength();
        assert_eq!(short.unwrap_err().code(), "passphrase_too_short");
    }

    #[cfg(unix)]
    #[test]
    fn a_passphrase_file_is_for_its_owner_and_its_last_newline_is_not_part_of_it() {
        use std::{fs, os::unix::fs::PermissionsExt as _};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        let read = || Passphrase::read(&PassphraseSource::File(path.clone()));
        assert_eq!(read().unwrap_err().code(), "passphrase_io");
        fs::write(&path, "open sesame open\r\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(read().unwrap_err().code(), "passphrase_too_open");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(read().unwrap(), Passphrase::new("open sesame open").unwrap());
        for content in [
            b"".to_vec(),
            b"\n".to_vec(),
            b"a\nb\n".to_vec(),
            vec![0xff],
            vec![b'x'; 9999],
        ] {
            fs::write(&path, content).unwrap();
            assert_eq!(read().unwrap_err().code(), "passphrase_text");
        }
        assert_eq!(
            Passphrase::read(&PassphraseSource::Variable("QUANLIAN_NO_SUCH_VARIABLE".into()))
                .unwrap_err()
                .code(),
            "passphrase_missing"
        );
        assert_eq!(
            Passphrase::read(&PassphraseSource::Descriptor(9999))
                .unwrap_err()
                .code(),
            "passphrase_io"
        );
    }
}
