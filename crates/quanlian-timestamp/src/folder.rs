//! A folder of time-stamps about the same bytes, as they are kept and as a bundle carries them.
//!
//! | file | holds |
//! |---|---|
//! | `NN.tsq` | the request as it was sent, written before it is sent |
//! | `NN.tsr` | what came back, byte by byte, also when it is no time-stamp |
//! | `NN.pem` | the certificates of the token, for `openssl ts -verify -untrusted` |
//! | `NN.json` | [`Circumstances`]: whom we asked, our clock before and after, what went wrong |
//!
//! In:  numbers 1 to 99 and bytes.
//! Out: [`Kept`], or why the folder cannot be read.
//!
//! Invariant: a file that is there is never written again.
//!
//! Not here: what the time-stamps are worth (`verify`, `quorum`).

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    certificate::{Certificate, MAX_PEM_BYTES},
    request::MAX_REQUEST_BYTES,
    token::MAX_TOKEN_BYTES,
    verify::{Asked, Clock, Evidence, Stamped},
};

/// The highest number of a time-stamp.
pub const MAX_NUMBER: u8 = 99;
/// The version of [`Circumstances`].
pub const CIRCUMSTANCES_VERSION: u32 = 1;
/// The largest `NN.json`.
const MAX_CIRCUMSTANCES_BYTES: usize = 16 << 10;

/// How a time-stamp came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Circumstances {
    /// [`CIRCUMSTANCES_VERSION`].
    pub v: u32,
    /// Whom we asked.
    pub url: String,
    /// Our clock just before.
    pub sent_at: Timestamp,
    /// Our clock just after.
    pub received_at: Timestamp,
    /// The status of HTTP, when there was one.
    pub http_status: Option<u16>,
    /// Why there is no whole answer, as a word and in English.
    pub error: Option<(String, String)>,
}

/// One time-stamp of a folder.
#[derive(Debug, Clone)]
pub struct Kept {
    /// Its number.
    pub number: u8,
    /// The request.
    pub request: Option<Vec<u8>>,
    /// What came back; empty when nothing did.
    pub response: Vec<u8>,
    /// Certificates beside it.
    pub certificates: Vec<Certificate>,
    /// How it came about, when that was kept and can be read.
    pub circumstances: Option<Circumstances>,
}

impl Kept {
    /// What `verify` takes.
    pub fn evidence<'a>(
        &'a self,
        stamped: Option<Stamped<'a>>,
        tolerance: SignedDuration,
        at: Option<Timestamp>,
    ) -> Evidence<'a> {
        Evidence {
            stamped,
            asked: self.request.as_deref().map(Asked::Request),
            response: &self.response,
            certificates: &self.certificates,
            clock: self.circumstances.as_ref().map(|circumstances| Clock {
                sent_at: circumstances.sent_at,
                received_at: circumstances.received_at,
                tolerance,
            }),
            at,
        }
    }
}

/// Why a folder of time-stamps cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum FolderError {
    /// The system did not let us.
    #[error("cannot use {}", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// Larger than such a file can be.
    #[error("{} is larger than {limit_bytes} bytes", path.display())]
    TooLarge { path: PathBuf, limit_bytes: usize },
    /// All numbers are taken.
    #[error("{} already holds time-stamp {MAX_NUMBER}; use another folder", path.display())]
    Full { path: PathBuf },
    /// There is nothing.
    #[error("{} holds no time-stamp (NN.tsr)", path.display())]
    Empty { path: PathBuf },
}

impl FolderError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "stamps_io",
            Self::TooLarge { .. } => "stamps_too_large",
            Self::Full { .. } => "stamps_full",
            Self::Empty { .. } => "stamps_empty",
        }
    }
}

/// Reads all time-stamps of a folder, by number. A request without an answer counts: it is shown as unanswered.
pub fn load(folder: &Path) -> Result<Vec<Kept>, FolderError> {
    let mut stamps = Vec::new();
    for number in numbers(folder)? {
        let file = |kind: &str| folder.join(format!("{number:02}.{kind}"));
        let circumstances = read(&file("json"), MAX_CIRCUMSTANCES_BYTES)?;
        let certificates = read(&file("pem"), MAX_PEM_BYTES)?;
        // What cannot be read beside a token takes nothing from it: certificates are inside as a rule,
        // and without a clock that line is open.
        let certificates = certificates.and_then(|bytes| Certificate::from_file(&bytes).ok());
        let circumstances = circumstances.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        stamps.push(Kept {
            number,
            request: read(&file("tsq"), MAX_REQUEST_BYTES)?,
            response: read(&file("tsr"), MAX_TOKEN_BYTES)?.unwrap_or_default(),
            certificates: certificates.unwrap_or_default(),
            circumstances: circumstances.filter(|c: &Circumstances| c.v == CIRCUMSTANCES_VERSION),
        });
    }
    if stamps.is_empty() {
        let path = folder.to_owned();
        return Err(FolderError::Empty { path });
    }
    Ok(stamps)
}

/// Keeps a request under the next free number, which it returns. Done before anything is sent.
pub fn keep_request(folder: &Path, request: &[u8]) -> Result<u8, FolderError> {
    let path = || folder.to_owned();
    fs::create_dir_all(folder).map_err(|source| FolderError::Io { path: path(), source })?;
    let number = numbers(folder)?.last().map_or(1, |last| last + 1);
    if number > MAX_NUMBER {
        return Err(FolderError::Full { path: path() });
    }
    write(&folder.join(format!("{number:02}.tsq")), request)?;
    Ok(number)
}

/// Keeps what came back.
pub fn keep_answer(
    folder: &Path,
    number: u8,
    response: &[u8],
    certificates: &[Certificate],
    circumstances: &Circumstances,
) -> Result<(), FolderError> {
    let file = |kind: &str| folder.join(format!("{number:02}.{kind}"));
    // Beyond the limit nothing can be a time-stamp; what is kept can be read again.
    let response = &response[..response.len().min(MAX_TOKEN_BYTES)];
    if !response.is_empty() {
        write(&file("tsr"), response)?;
    }
    if !certificates.is_empty() {
        let pem: String = certificates.iter().map(Certificate::to_pem).collect();
        write(&file("pem"), pem.as_bytes())?;
    }
    let json = serde_json::to_vec_pretty(circumstances).map_err(|error| FolderError::Io {
        path: file("json"),
        source: error.into(),
    })?;
    write(&file("json"), &json)
}

fn numbers(folder: &Path) -> Result<BTreeSet<u8>, FolderError> {
    let failed = |source| FolderError::Io {
        path: folder.to_owned(),
        source,
    };
    let mut numbers = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        let number = name.to_str().and_then(|name| name.split_once('.'));
        let number = number.filter(|(digits, kind)| digits.len() == 2 && matches!(*kind, "tsq" | "tsr"));
        let number = number.and_then(|(digits, _)| digits.parse::<u8>().ok());
        numbers.extend(number.filter(|number| (1..=MAX_NUMBER).contains(number)));
    }
    Ok(numbers)
}

fn read(path: &Path, limit_bytes: usize) -> Result<Option<Vec<u8>>, FolderError> {
    let failed = |source| FolderError::Io {
        path: path.to_owned(),
        source,
    };
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(limit_bytes as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() > limit_bytes {
        let path = path.to_owned();
        return Err(FolderError::TooLarge { path, limit_bytes });
    }
    Ok(Some(bytes))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FolderError> {
    let write = || {
        let mut file = fs::File::options().write(true).create_new(true).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| FolderError::Io {
        path: path.to_owned(),
        source,
    })
}
