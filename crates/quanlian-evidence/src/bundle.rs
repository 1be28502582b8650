//! The evidence bundle (`*.qne.zip`): all that a stranger needs to check a set of deposits.
//!
//! In:  receipts, originals or only their digests, and what the log proves.
//! Out: the files of the bundle, in a [`container`](crate::container).
//!
//! | path | holds |
//! |---|---|
//! | `data/NNNN-name` | an original, when it is included |
//! | `proof/NNNN/deposit.json` | the deposit record |
//! | `proof/NNNN/salt.hex` | the salt of its commitment |
//! | `proof/NNNN/entry.json` | the entry in the log |
//! | `proof/NNNN/inclusion.tlog-proof` | that the entry is in the log |
//! | `proof/NNNN/custody.jsonl` | its chain of custody |
//! | `proof/bundle/…` | the same four files for the seal: `statement.json`, `sealed-sha256.txt`, salt, entry, proof |
//! | `proof/checkpoint`, `proof/log.vkey` | the signed head of the log, and its public key |
//! | `manifest-sha256.txt`, `manifest-sm3.txt` | digests of all other files |
//! | `verify.sh`, `VERIFY.txt`, `核验说明.html` | how to check all of this by hand |
//!
//! Invariant: every byte is pinned three times. The checksum of the container catches
//! accidents; the manifests catch whoever forgets them; and whoever rewrites both still
//! meets the log, because the seal commits to the list of all files that are not
//! themselves proven by the log's key. To change a bundle unnoticed one must own that key.
//!
//! Not here: appending the seal to the log and writing the file (`vault`).

mod page;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use quanlian_record::{id::DepositId, time::Timestamp};
use serde::{Deserialize, Serialize};

pub(crate) use page::{PageItem, page};

use crate::{
    container::{MAX_CONTAINER_BYTES, MAX_ENTRY_NAME_BYTES},
    content::{ContentError, Digests, MAX_DEPOSIT_BYTES, digest, safe_name},
    deposit::{Deposit, DepositError, Receipt},
};

/// Version of the layout.
pub const BUNDLE_VERSION: u32 = 1;
/// The most items in one bundle; item numbers have four digits.
pub const MAX_BUNDLE_ITEMS: usize = 9_999;
/// What the name of every bundle ends in.
pub const BUNDLE_SUFFIX: &str = ".qne.zip";

/// The commands, the same in every bundle of this version.
pub const VERIFY_SCRIPT: &str = include_str!("../assets/verify.sh");
/// Where to begin, for people whose system cannot show the name of the page.
pub const VERIFY_TEXT: &str = include_str!("../assets/VERIFY.txt");

/// What a file adds to the container beside its content: two headers, a line in each of
/// the two manifests and in the list of the seal, each with its name.
const MAX_FILE_OVERHEAD_BYTES: u64 = 5 * MAX_ENTRY_NAME_BYTES as u64 + 300;
/// What an item or the seal adds later: an inclusion proof, and its own overhead.
const MAX_PROOF_FILES_BYTES: u64 = 16 << 10;

pub(crate) const SCRIPT_PATH: &str = "verify.sh";
pub(crate) const TEXT_PATH: &str = "VERIFY.txt";
pub(crate) const PAGE_PATH: &str = "核验说明.html";
pub(crate) const MANIFEST_SHA256_PATH: &str = "manifest-sha256.txt";
pub(crate) const MANIFEST_SM3_PATH: &str = "manifest-sm3.txt";
pub(crate) const CHECKPOINT_PATH: &str = "proof/checkpoint";
pub(crate) const LOG_KEY_PATH: &str = "proof/log.vkey";
pub(crate) const SEAL_FOLDER: &str = "proof/bundle";
pub(crate) const STATEMENT_FILE: &str = "statement.json";
pub(crate) const SEALED_FILE: &str = "sealed-sha256.txt";
pub(crate) const DEPOSIT_FILE: &str = "deposit.json";
pub(crate) const SALT_FILE: &str = "salt.hex";
pub(crate) const ENTRY_FILE: &str = "entry.json";
pub(crate) const PROOF_FILE: &str = "inclusion.tlog-proof";
pub(crate) const CUSTODY_FILE: &str = "custody.jsonl";

/// One item to be bundled.
#[derive(Debug, Clone)]
pub struct BundleItem {
    /// What the deposit gave.
    pub receipt: Receipt,
    /// The deposited bytes, or none.
    pub original: Original,
}

/// Where an original comes from.
#[derive(Debug, Clone)]
pub enum Original {
    /// A file on this machine.
    File(PathBuf),
    /// A report that was made in memory.
    Bytes(Vec<u8>),
    /// Only its digests go into the bundle: it is large, or secret.
    DigestOnly,
}

/// What the seal commits to: who closed the bundle, when, over which files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`BUNDLE_VERSION`].
    pub v: u32,
    /// The id of the bundle.
    pub id: uuid::Uuid,
    /// When it was closed, by the clock of this installation.
    pub made_at: Timestamp,
    /// Who closed it.
    pub actor: String,
    /// With which program and version.
    pub tool: String,
    /// Items in it.
    pub items: u64,
    /// SHA-256 of `sealed-sha256.txt`.
    pub sealed_sha256: String,
}

/// Why an item cannot be bundled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum BundleError {
    /// None, or more than [`MAX_BUNDLE_ITEMS`].
    #[error("a bundle of {0} items; 1 to {MAX_BUNDLE_ITEMS} are allowed")]
    ItemCount(usize),
    /// The receipt is damaged.
    #[error("the receipt of item {item} is not valid")]
    Receipt { item: usize, source: DepositError },
    /// The originals do not fit into one bundle.
    #[error(
        "the bundle would have {size_bytes} bytes, the limit is {limit_bytes}; \
         include large originals by their digests only"
    )]
    TooLarge { size_bytes: u64, limit_bytes: u64 },
    /// The same deposit twice.
    #[error("the deposit {0} is listed twice")]
    Twice(DepositId),
    /// The original cannot be read.
    #[error("cannot read the original of `{name}`")]
    Original { name: String, source: ContentError },
    /// The original is not what was deposited.
    #[error("`{name}` is no longer what was deposited")]
    OriginalChanged { name: String },
}

impl BundleError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ItemCount(_) => "bundle_item_count",
            Self::Receipt { source, .. } => source.code(),
            Self::TooLarge { .. } => "bundle_too_large",
            Self::Twice(_) => "bundle_twice",
            Self::Original { source, .. } => source.code(),
            Self::OriginalChanged { .. } => "bundle_original_changed",
        }
    }
}

/// Where the bytes of one file of the bundle come from.
pub(crate) enum Source {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl Source {
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match self {
            Self::Bytes(bytes) => Box::new(bytes.as_slice()),
            Self::File(path) => Box::new(File::open(path)?),
        })
    }
}

/// A file of the bundle with its digests.
pub(crate) struct Piece {
    pub(crate) source: Source,
    pub(crate) digests: Digests,
}

/// The files of a bundle, by path.
#[derive(Default)]
pub(crate) struct Pieces(BTreeMap<String, Piece>);

impl Pieces {
    pub(crate) fn add(&mut self, path: String, bytes: Vec<u8>) {
        let digests = digest(bytes.as_slice(), u64::MAX, &mut |_| {}).expect("memory can be read");
        self.0.insert(
            path,
            Piece {
                source: Source::Bytes(bytes),
                digests,
            },
        );
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&String, &Piece)> {
        self.0.iter()
    }

    /// Refuses what would not fit into a container, before anything is put into the log.
    pub(crate) fn require_room(&self, items: usize) -> Result<(), BundleError> {
        let files: u64 = self
            .0
            .values()
            .map(|piece| piece.digests.size_bytes + MAX_FILE_OVERHEAD_BYTES)
            .sum();
        let size_bytes = files + (items as u64 + 2) * MAX_PROOF_FILES_BYTES;
        let limit_bytes = MAX_CONTAINER_BYTES;
        if size_bytes > limit_bytes {
            Err(BundleError::TooLarge {
                size_bytes,
                limit_bytes,
            })
        } else {
            Ok(())
        }
    }

    /// The list of what the seal covers: all that is there before the seal is made.
    pub(crate) fn sealed_list(&self) -> String {
        manifest(
            self.0
                .iter()
                .map(|(path, piece)| (path.as_str(), piece.digests.sha256.as_str())),
        )
    }

    /// Adds the two manifests over everything else.
    pub(crate) fn add_manifests(&mut self) {
        let sha256 = manifest(
            self.0
                .iter()
                .map(|(path, piece)| (path.as_str(), piece.digests.sha256.as_str())),
        );
        let sm3 = manifest(
            self.0
                .iter()
                .map(|(path, piece)| (path.as_str(), piece.digests.sm3.as_str())),
        );
        self.add(MANIFEST_SHA256_PATH.to_owned(), sha256.into_bytes());
        self.add(MANIFEST_SM3_PATH.to_owned(), sm3.into_bytes());
    }
}

/// Lines as `sha256sum` writes and checks them.
pub(crate) fn manifest<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    files.fold(String::new(), |text, (path, digest)| {
        text + digest + "  " + path + "\n"
    })
}

/// Whether the seal covers the file at `path`; the others prove themselves by the log's key.
pub(crate) fn is_sealed(path: &str) -> bool {
    !(path == CHECKPOINT_PATH
        || path == LOG_KEY_PATH
        || path == MANIFEST_SHA256_PATH
        || path == MANIFEST_SM3_PATH
        || path.starts_with("proof/bundle/")
        || (path.starts_with("proof/") && path.ends_with(PROOF_FILE)))
}

pub(crate) fn item_folder(number: usize) -> String {
    format!("proof/{number:04}")
}

pub(crate) fn original_path(number: usize, name: &str) -> String {
    format!("data/{number:04}-{}", safe_name(name))
}

/// The original of an item, read once and compared with its deposit; `None` when it stays outside.
pub(crate) fn checked_original(
    original: Original,
    deposit: &Deposit,
    progress: &mut dyn FnMut(u64),
) -> Result<Option<Piece>, BundleError> {
    let name = || deposit.content.name.clone();
    let source = match original {
        Original::DigestOnly => return Ok(None),
        Original::File(path) => Source::File(path),
        Original::Bytes(bytes) => Source::Bytes(bytes),
    };
    let digests = source
        .open()
        .map_err(ContentError::Read)
        .and_then(|reader| digest(reader, MAX_DEPOSIT_BYTES, progress))
        .map_err(|source| BundleError::Original { name: name(), source })?;
    if deposit.content.is_told_by(&digests) {
        Ok(Some(Piece { source, digests }))
    } else {
        Err(BundleError::OriginalChanged { name: name() })
    }
}

/// Adds all files of one item but its inclusion proof.
pub(crate) fn add_item(
    pieces: &mut Pieces,
    number: usize,
    deposit: &Deposit,
    receipt: &Receipt,
    original: Option<Piece>,
) {
    let folder = item_folder(number);
    pieces.add(
        format!("{folder}/{DEPOSIT_FILE}"),
        receipt.deposit_json.clone().into_bytes(),
    );
    pieces.add(
        format!("{folder}/{SALT_FILE}"),
        format!("{}\n", receipt.salt).into_bytes(),
    );
    pieces.add(
        format!("{folder}/{ENTRY_FILE}"),
        receipt.entry_json.clone().into_bytes(),
    );
    let custody: String = receipt
        .custody
        .iter()
        .flat_map(|line| [line.as_str(), "\n"])
        .collect();
    pieces.add(format!("{folder}/{CUSTODY_FILE}"), custody.into_bytes());
    if let Some(original) = original {
        pieces
            .0
            .insert(original_path(number, &deposit.content.name), original);
    }
}

/// Adds the files that explain the bundle.
pub(crate) fn add_instructions(pieces: &mut Pieces, page: String) {
    pieces.add(SCRIPT_PATH.to_owned(), VERIFY_SCRIPT.as_bytes().to_vec());
    pieces.add(TEXT_PATH.to_owned(), VERIFY_TEXT.as_bytes().to_vec());
    pieces.add(PAGE_PATH.to_owned(), page.into_bytes());
}
