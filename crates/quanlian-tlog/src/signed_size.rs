//! How large a log its key has signed, kept beside the key.
//!
//! In:  the size and root of each tree before it is signed.
//! Out: consent, durable; or [`SignedSizeError`] when the signature would be a fork.
//!
//! Invariant: the size never goes back, and a size is signed with one root. So a log that
//! was restored from an older copy, tiles, write-ahead log and lock record together,
//! cannot sign a second history: the record beside the key knows better. It is written
//! before the signature is made; a crash between the two leaves a size that the
//! write-ahead log still reaches, with the same root.
//!
//! Not here: a copy that brought back this file too cannot be told from the inside; that
//! takes witnesses.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    disk::Disk,
    hash::Hash,
    store::{StoreError, io_error, replace},
};

/// First line of the file.
const HEADER: &str = "quanlian-signed-size v1";
/// The longest file.
const MAX_FILE_BYTES: u64 = 4096;

/// Why the key does not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum SignedSizeError {
    /// The operating system refused.
    #[error("the size that the key has signed cannot be kept")]
    Store(#[from] StoreError),
    /// The file is not one of ours, or damaged.
    #[error("{} does not say what the key has signed; put it back from a copy", .0.display())]
    Content(PathBuf),
    /// A log that has been signed, without the file.
    #[error("{} is missing although the log has been signed; put it back from a copy", .0.display())]
    Missing(PathBuf),
    /// Less than what has been signed: the log was restored from an older copy.
    #[error(
        "the key has signed a log of {signed} entries ({}), but this one has {found}: an older copy was restored. \
         Put the newest copy back; if it is lost, begin a new log with a new key and publish the last checkpoint of this one",
        path.display()
    )]
    RolledBack { path: PathBuf, signed: u64, found: u64 },
    /// As many entries as have been signed, but others: a second history.
    #[error(
        "the key has signed another log of {signed} entries ({}) than this one: their histories differ. \
         Put the newest copy back; if it is lost, begin a new log with a new key and publish the last checkpoint of this one",
        path.display()
    )]
    Fork { path: PathBuf, signed: u64 },
}

impl SignedSizeError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(source) => source.code(),
            Self::Content(_) => "log_signed_size_content",
            Self::Missing(_) => "log_signed_size_missing",
            Self::RolledBack { .. } => "log_rolled_back",
            Self::Fork { .. } => "log_fork",
        }
    }
}

/// The size and root that the key has signed last, in a file beside it.
#[derive(Debug)]
pub(crate) struct SignedSize {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    origin: String,
    signed: Option<(u64, Hash)>,
}

impl SignedSize {
    /// Reads the file; there is none as long as nothing was signed.
    pub(crate) fn load(disk: Arc<dyn Disk>, path: &Path, origin: &str) -> Result<Self, SignedSizeError> {
        let bytes = disk
            .read(path, MAX_FILE_BYTES)
            .map_err(|source| io_error("read", path, source))?;
        let signed = match bytes {
            None => None,
            Some(bytes) => {
                Some(parse(&bytes, origin).ok_or_else(|| SignedSizeError::Content(path.to_owned()))?)
            }
        };
        Ok(Self {
            disk,
            path: path.to_owned(),
            origin: origin.to_owned(),
            signed,
        })
    }

    /// Where it is kept.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What was signed last; `None` when there is no file.
    pub(crate) fn get(&self) -> Option<(u64, Hash)> {
        self.signed
    }

    /// Refuses a log that was signed without a word of it here.
    pub(crate) fn require_known(&self) -> Result<(), SignedSizeError> {
        match self.signed {
            Some(_) => Ok(()),
            None => Err(SignedSizeError::Missing(self.path.clone())),
        }
    }

    /// Refuses a log that ends at `found` when more has been signed.
    pub(crate) fn require_reached(&self, found: u64) -> Result<(), SignedSizeError> {
        match self.signed {
            Some((signed, _)) if signed > found => Err(SignedSizeError::RolledBack {
                path: self.path.clone(),
                signed,
                found,
            }),
            _ => Ok(()),
        }
    }

    /// Refuses a tree of a size that was signed with another root.
    pub(crate) fn require_same(&self, size: u64, root: Hash) -> Result<(), SignedSizeError> {
        match self.signed {
            Some((signed, with)) if signed == size && with != root => Err(SignedSizeError::Fork {
                path: self.path.clone(),
                signed,
            }),
            _ => Ok(()),
        }
    }

    /// Writes again what was read, because an earlier write may have failed after it
    /// became visible.
    pub(crate) fn renew(&mut self) -> Result<(), SignedSizeError> {
        match self.signed {
            Some((size, root)) => self.raise(size, root),
            None => Ok(()),
        }
    }

    /// Consents to a signature over this tree.
    pub(crate) fn raise(&mut self, size: u64, root: Hash) -> Result<(), SignedSizeError> {
        self.require_reached(size)?;
        self.require_same(size, root)?;
        let text = format!("{HEADER}\n{}\n{size}\n{}\n", self.origin, root.to_base64());
        replace(&*self.disk, &self.path, text.as_bytes())?;
        self.signed = Some((size, root));
        Ok(())
    }
}

fn parse(bytes: &[u8], origin: &str) -> Option<(u64, Hash)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let lines: Vec<&str> = text.split('\n').collect();
    let [HEADER, named, size, root, ""] = lines[..] else {
        return None;
    };
    let number: u64 = size.parse().ok()?;
    let is_ours = named == origin && number.to_string() == size;
    Some((number, Hash::from_base64(root)?)).filter(|_| is_ours)
}
