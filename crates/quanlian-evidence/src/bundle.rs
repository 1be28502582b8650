//! The evidence bundle (`*.qne.zip`): all that a stranger needs to check a set of deposits.
//!
//! In:  receipts, originals or only their digests, and what the log proves.
//! Out: the files of the bundle, in a [`container`](crate::container).
//!
//! The bundle is a bag (RFC 8493) in a ZIP of one byte form.
//!
//! | path | holds | proven by |
//! |---|---|---|
//! | `bagit.txt`, `bag-info.txt` | the declaration of the bag, and what it is | seal |
//! | `data/NNNN-name` | an original, when it is included | seal |
//! | `data/0000-no-originals.txt` | that there is none, when there is none: a bag has a payload | seal |
//! | `manifest-sha256.txt`, `manifest-sm3.txt` | digests of all files in `data/` | seal |
//! | `proof/NNNN/deposit.json` | the deposit record | seal, commitment |
//! | `proof/NNNN/salt.hex` | the salt of its commitment | seal |
//! | `proof/NNNN/entry.json` | the entry in the log | seal, log |
//! | `proof/NNNN/custody.jsonl` | its chain of custody | seal |
//! | `proof/NNNN/inclusion.tlog-proof` | that the entry is in the log | log key |
//! | `proof/NNNN/act-LLLLL/entry.json` | the entry of the signed custody line LLLLL | seal, log |
//! | `proof/NNNN/act-LLLLL/inclusion.tlog-proof` | that this entry is in the log | log key |
//! | `proof/NNNN/erased/…` | of an erased deposit: `tombstone.json`, salt, entry, proof; of the deposit itself only entry and proof are left | seal, log |
//! | `proof/bundle/…` | the seal: `statement.json`, `sealed-sha256.txt`, salt, entry, proof | log key |
//! | `proof/policy`, `proof/witness.vkeys` | who is asked to witness the log, and their keys (optional) | seal |
//! | `proof/checkpoint` | the signed head of the log; the log's own signature first, then cosignatures | log key, witnesses |
//! | `proof/log.vkey` | the public key of the log | whoever publishes it |
//! | `proof/tsa/NN.tsr`, `.tsq`, `.pem` | time stamps of `proof/checkpoint`, what was asked, certificates (optional) | the authority |
//! | `tagmanifest-sha256.txt`, `tagmanifest-sm3.txt` | digests of all files outside `data/` but these two | recomputed |
//! | `verify.sh`, `VERIFY.txt`, `核验说明.html`, `verifier.html` | how to check all of this | seal |
//!
//! Version 1 had no bag: one pair of manifests over all other files, neither sealed.
//!
//! Invariant: every byte is pinned three times. The checksum of the container catches
//! accidents; the manifests catch whoever forgets them; and whoever rewrites both still
//! meets the log, because the seal commits to the list of all files that are not
//! themselves proven by a key. To change a bundle unnoticed one must own that key.
//!
//! Not here: appending the seal to the log and writing the file (`vault`).

mod page;

use std::{
    collections::BTreeMap,
    error::Error,
    fs::File,
    io::{self, Read},
    path::PathBuf,
};

use quanlian_record::{id::DepositId, time::Timestamp};
use quanlian_tlog::note::Note;
use serde::{Deserialize, Serialize};

pub(crate) use page::{PageItem, page};

use crate::{
    container::{MAX_CONTAINER_BYTES, MAX_ENTRIES, MAX_ENTRY_NAME_BYTES},
    content::{ContentError, Digests, MAX_DEPOSIT_BYTES, digest, safe_name, visible},
    deposit::{Deposit, DepositError, Receipt},
};

/// Version of the layout.
pub const BUNDLE_VERSION: u32 = 2;
/// The layout before bundles were bags; such bundles are still verified.
pub const BUNDLE_VERSION_1: u32 = 1;
/// The most items in one bundle; item numbers have four digits.
pub const MAX_BUNDLE_ITEMS: usize = 9_999;
/// What the name of every bundle ends in.
pub const BUNDLE_SUFFIX: &str = ".qne.zip";

/// The ten commands, the same in every bundle of this version.
pub const VERIFY_SCRIPT: &str = include_str!("../assets/verify.sh");
/// The page that verifies a bundle in a browser, the same in every bundle.
pub const VERIFIER_PAGE: &str = include_str!("../assets/verifier.html");
/// Where to begin, for people whose system cannot show the name of the page.
pub const VERIFY_TEXT: &str = include_str!("../assets/VERIFY.txt");

/// What a file adds to the container beside its content: two headers, a line in each of
/// the two manifests and in the list of the seal, each with its name.
const MAX_FILE_OVERHEAD_BYTES: u64 = 5 * MAX_ENTRY_NAME_BYTES as u64 + 300;
/// What an entry adds later: an inclusion proof, and its own overhead.
const MAX_PROOF_FILES_BYTES: u64 = 16 << 10;

/// The most time stamps in one bundle; their numbers have two digits.
pub const MAX_TOKENS: usize = 99;
/// Files that are added when the seal is in the log: those of the seal, checkpoint, key, tag manifests, time stamps.
const MAX_LATE_FILES: usize = 16 + 3 * MAX_TOKENS;
/// The most bytes that cosignatures and time stamps add to one bundle.
const MAX_ATTESTED_BYTES: u64 = 32 << 20;

/// The declaration of every bundle that is a bag.
pub(crate) const BAGIT: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
/// What stands in `data/` when no original does.
pub(crate) const NO_ORIGINALS: &str =
    "本证据包仅含摘要，不含原件。\nThis bundle holds digests only and no originals.\n";

pub(crate) const BAGIT_PATH: &str = "bagit.txt";
pub(crate) const BAG_INFO_PATH: &str = "bag-info.txt";
pub(crate) const NO_ORIGINALS_PATH: &str = "data/0000-no-originals.txt";
pub(crate) const TAG_MANIFEST_SHA256_PATH: &str = "tagmanifest-sha256.txt";
pub(crate) const TAG_MANIFEST_SM3_PATH: &str = "tagmanifest-sm3.txt";
pub(crate) const VERIFIER_PATH: &str = "verifier.html";
pub(crate) const POLICY_PATH: &str = "proof/policy";
pub(crate) const WITNESS_KEYS_PATH: &str = "proof/witness.vkeys";
pub(crate) const TOKEN_FOLDER: &str = "proof/tsa";
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
pub(crate) const TOMBSTONE_FILE: &str = "tombstone.json";
/// What the name of the folder of an act begins with; the number of its line follows, in five digits.
pub(crate) const ACT_PREFIX: &str = "act-";

/// One item to be bundled.
#[derive(Debug, Clone)]
pub enum BundleItem {
    /// A deposit that stands.
    Kept {
        /// What the deposit gave.
        receipt: Receipt,
        /// The deposited bytes, or none.
        original: Original,
    },
    /// One that was erased: its tombstone goes in, and what the log goes on to prove.
    Erased(DepositId),
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
    /// More files than a container counts, because of many acts.
    #[error("the bundle would have {files} files, the limit is {MAX_ENTRIES}; make several bundles")]
    TooManyFiles { files: usize },
    /// It was erased before it was in the log, so there is nothing left to prove.
    #[error("the deposit {0} was erased before its entry reached the log; leave it out")]
    NothingLeft(DepositId),
    /// The disk would be full before the bundle is whole.
    #[error("the bundle needs {needed_bytes} bytes and the disk of {folder} has {free_bytes} free", folder = folder.display())]
    NoRoom {
        needed_bytes: u64,
        free_bytes: u64,
        folder: PathBuf,
    },
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
    /// Cosignatures or time stamps could not be had, and whoever asks for them does not go on without.
    #[error("the head of the log could not be attested")]
    Attest(#[source] Box<dyn Error + Send + Sync>),
    /// What came back from [`Attest`] does not fit into a bundle.
    #[error("{0} cannot go into a bundle")]
    Attested(&'static str),
}

/// What others add to a bundle while it is closed: cosignatures of witnesses, time stamps.
///
/// ```
/// # use quanlian_evidence::bundle::{Attest, Attested};
/// /// Nobody is asked.
/// struct Nobody;
/// impl Attest for Nobody {
///     fn attest(&mut self, checkpoint: &str) -> Result<Attested, Box<dyn std::error::Error + Send + Sync>> {
///         Ok(Attested::unattested(checkpoint))
///     }
/// }
/// assert!(Nobody.attest("a note").unwrap().tokens.is_empty());
/// ```
pub trait Attest {
    /// The witness policy (C2SP tlog-policy) and the keys it names, one a line; the seal covers both.
    fn witnesses(&mut self) -> Option<WitnessFiles> {
        None
    }

    /// Given the note of the checkpoint that covers the seal: that note with further signature lines, and time
    /// stamps over the bytes of the result.
    ///
    /// An error ends the making of the bundle; whoever would rather have one without, leaves them out.
    fn attest(&mut self, checkpoint: &str) -> Result<Attested, Box<dyn Error + Send + Sync>>;
}

/// The texts of `proof/policy` and `proof/witness.vkeys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessFiles {
    /// The policy.
    pub policy: String,
    /// Key texts, one a line.
    pub keys: String,
}

/// A checkpoint as others have attested it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// The note: the log's own text and signature line, then further signature lines.
    pub checkpoint: String,
    /// Time stamps over the bytes of [`Self::checkpoint`], at most [`MAX_TOKENS`].
    pub tokens: Vec<Token>,
}

impl Attested {
    /// The checkpoint as the log alone has signed it.
    pub fn unattested(checkpoint: &str) -> Self {
        Self {
            checkpoint: checkpoint.to_owned(),
            tokens: Vec::new(),
        }
    }
}

/// A time stamp of RFC 3161, as the bytes that were sent and received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// `TimeStampReq`, DER.
    pub request: Vec<u8>,
    /// `TimeStampResp`, DER as received.
    pub response: Vec<u8>,
    /// The certificates that `openssl ts -verify -CAfile` needs, PEM.
    pub certificates: String,
}

/// Attests nothing.
pub(crate) struct Unattested;

impl Attest for Unattested {
    fn attest(&mut self, checkpoint: &str) -> Result<Attested, Box<dyn Error + Send + Sync>> {
        Ok(Attested::unattested(checkpoint))
    }
}

impl BundleError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ItemCount(_) => "bundle_item_count",
            Self::Receipt { source, .. } => source.code(),
            Self::TooLarge { .. } => "bundle_too_large",
            Self::TooManyFiles { .. } => "bundle_too_many_files",
            Self::NothingLeft(_) => "bundle_nothing_left",
            Self::NoRoom { .. } => "bundle_no_room",
            Self::Twice(_) => "bundle_twice",
            Self::Original { source, .. } => source.code(),
            Self::OriginalChanged { .. } => "bundle_original_changed",
            Self::Attest(_) => "bundle_attest",
            Self::Attested(_) => "bundle_attested",
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

    /// Refuses what would not fit into a container, before anything is put into the log. `proofs`
    /// inclusion proofs will be added; gives the bytes of what is there so far.
    pub(crate) fn require_room(&self, proofs: usize) -> Result<u64, BundleError> {
        let files = self.0.len() + proofs + MAX_LATE_FILES;
        if files > MAX_ENTRIES {
            return Err(BundleError::TooManyFiles { files });
        }
        let files: u64 = self
            .0
            .values()
            .map(|piece| piece.digests.size_bytes + MAX_FILE_OVERHEAD_BYTES)
            .sum();
        let size_bytes = files + (proofs as u64 + 2) * MAX_PROOF_FILES_BYTES + MAX_ATTESTED_BYTES;
        let limit_bytes = MAX_CONTAINER_BYTES;
        if size_bytes > limit_bytes {
            Err(BundleError::TooLarge {
                size_bytes,
                limit_bytes,
            })
        } else {
            Ok(self.0.values().map(|piece| piece.digests.size_bytes).sum())
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

    /// Makes a bag of what is there: declaration, information and the manifests of the payload.
    pub(crate) fn add_bag(&mut self, bag: &BagInfo<'_>) {
        if !self.0.keys().any(|path| is_payload(path)) {
            self.add(NO_ORIGINALS_PATH.to_owned(), NO_ORIGINALS.as_bytes().to_vec());
        }
        let (sha256, sm3) = self.manifests(is_payload);
        let sizes = || {
            self.0
                .iter()
                .filter(|(path, _)| is_payload(path))
                .map(|(_, piece)| piece.digests.size_bytes)
        };
        let info = bag_info(bag, sizes().sum(), sizes().count());
        self.add(BAGIT_PATH.to_owned(), BAGIT.as_bytes().to_vec());
        self.add(BAG_INFO_PATH.to_owned(), info.into_bytes());
        self.add(MANIFEST_SHA256_PATH.to_owned(), sha256.into_bytes());
        self.add(MANIFEST_SM3_PATH.to_owned(), sm3.into_bytes());
    }

    /// Adds the two manifests over everything outside the payload.
    pub(crate) fn add_tag_manifests(&mut self) {
        let (sha256, sm3) = self.manifests(|path| !is_payload(path));
        self.add(TAG_MANIFEST_SHA256_PATH.to_owned(), sha256.into_bytes());
        self.add(TAG_MANIFEST_SM3_PATH.to_owned(), sm3.into_bytes());
    }

    fn manifests(&self, is_listed: impl Fn(&str) -> bool) -> (String, String) {
        let listed = || self.0.iter().filter(|(path, _)| is_listed(path));
        (
            manifest(listed().map(|(path, piece)| (path.as_str(), piece.digests.sha256.as_str()))),
            manifest(listed().map(|(path, piece)| (path.as_str(), piece.digests.sm3.as_str()))),
        )
    }
}

/// What `bag-info.txt` says of a bundle.
pub(crate) struct BagInfo<'a> {
    pub(crate) id: uuid::Uuid,
    pub(crate) made_at: Timestamp,
    pub(crate) actor: &'a str,
    pub(crate) tool: &'a str,
}

/// The text of `bag-info.txt`.
pub(crate) fn bag_info(bag: &BagInfo<'_>, payload_bytes: u64, payload_files: usize) -> String {
    let local = bag.made_at.to_local_string();
    let day = local.split(' ').next().unwrap_or_default();
    let (id, actor, tool) = (bag.id, visible(bag.actor), visible(bag.tool));
    format!(
        "Bag-Software-Agent: {tool}\nBagging-Date: {day}\nContact-Name: {actor}\n\
         External-Identifier: urn:uuid:{id}\nPayload-Oxum: {payload_bytes}.{payload_files}\n"
    )
}

/// Whether a file belongs to the payload of the bag.
pub(crate) fn is_payload(path: &str) -> bool {
    path.starts_with("data/")
}

/// Lines as `sha256sum` writes and checks them.
pub(crate) fn manifest<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    files.fold(String::new(), |text, (path, digest)| {
        text + digest + "  " + path + "\n"
    })
}

/// Whether the seal of this version covers the file at `path`; the others prove themselves by the log's key or
/// by that of a time-stamping authority.
pub(crate) fn is_sealed(version: u32, path: &str) -> bool {
    let is_manifest_of_all = if version == BUNDLE_VERSION_1 {
        path == MANIFEST_SHA256_PATH || path == MANIFEST_SM3_PATH
    } else {
        path == TAG_MANIFEST_SHA256_PATH || path == TAG_MANIFEST_SM3_PATH
    };
    !(path == CHECKPOINT_PATH
        || path == LOG_KEY_PATH
        || is_manifest_of_all
        || path.starts_with("proof/bundle/")
        || path.starts_with("proof/tsa/")
        || (path.starts_with("proof/") && path.ends_with(PROOF_FILE)))
}

/// The paths of time stamp `number`, from 1: response, request, certificates.
pub(crate) fn token_paths(number: usize) -> [String; 3] {
    ["tsr", "tsq", "pem"].map(|ending| format!("{TOKEN_FOLDER}/{number:02}.{ending}"))
}

/// Adds cosigned checkpoint and time stamps; `own` is the note that the log itself has signed.
pub(crate) fn add_attested(pieces: &mut Pieces, own: &str, attested: Attested) -> Result<(), BundleError> {
    let Attested { checkpoint, tokens } = attested;
    let is_own = checkpoint.starts_with(own) && Note::parse(&checkpoint).is_ok();
    if !is_own {
        return Err(BundleError::Attested(
            "another checkpoint, or one that is not a note",
        ));
    }
    let bytes =
        |token: &Token| (token.request.len() + token.response.len() + token.certificates.len()) as u64;
    if tokens.len() > MAX_TOKENS || tokens.iter().map(bytes).sum::<u64>() > MAX_ATTESTED_BYTES / 2 {
        return Err(BundleError::Attested("so many time stamps"));
    }
    pieces.add(CHECKPOINT_PATH.to_owned(), checkpoint.into_bytes());
    for (at, token) in tokens.into_iter().enumerate() {
        let [response, request, certificates] = token_paths(at + 1);
        pieces.add(response, token.response);
        pieces.add(request, token.request);
        pieces.add(certificates, token.certificates.into_bytes());
    }
    Ok(())
}

pub(crate) fn item_folder(number: usize) -> String {
    format!("proof/{number:04}")
}

/// The folder of the entry of custody line `line` (from 1) of an item.
pub(crate) fn act_folder(number: usize, line: u64) -> String {
    format!("{}/{ACT_PREFIX}{line:05}", item_folder(number))
}

/// The folder of the tombstone of an item.
pub(crate) fn erased_folder(number: usize) -> String {
    format!("{}/erased", item_folder(number))
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

/// Adds all files of one item but its inclusion proofs; gives the folders that need one, with their entries.
pub(crate) fn add_item(
    pieces: &mut Pieces,
    number: usize,
    deposit: &Deposit,
    receipt: &Receipt,
    original: Option<Piece>,
) -> Vec<(String, u64)> {
    let mut proven = vec![(item_folder(number), receipt.log_index)];
    for logged in &receipt.acts {
        let folder = act_folder(number, logged.line);
        pieces.add(
            format!("{folder}/{ENTRY_FILE}"),
            logged.entry_json.clone().into_bytes(),
        );
        proven.push((folder, logged.log_index));
    }
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
    proven
}

/// What is left of an erased deposit: its entry in the log, and the tombstone with its own.
pub(crate) struct Remains {
    /// The canonical bytes of what the tombstone's entry commits to.
    pub(crate) statement_json: String,
    /// The salt of that commitment.
    pub(crate) salt: String,
    /// The canonical bytes of that entry.
    pub(crate) entry_json: String,
    /// The number of that entry.
    pub(crate) log_index: u64,
    /// The entry of the deposit, which says nothing any more.
    pub(crate) deposit_entry_json: String,
    /// The number of the entry of the deposit.
    pub(crate) deposit_index: u64,
}

/// Adds all files of an erased item but its inclusion proofs; gives the folders that need one, with their entries.
pub(crate) fn add_erased(pieces: &mut Pieces, number: usize, remains: &Remains) -> Vec<(String, u64)> {
    let (folder, erased) = (item_folder(number), erased_folder(number));
    for (path, text) in [
        (
            format!("{folder}/{ENTRY_FILE}"),
            remains.deposit_entry_json.clone(),
        ),
        (
            format!("{erased}/{TOMBSTONE_FILE}"),
            remains.statement_json.clone(),
        ),
        (format!("{erased}/{SALT_FILE}"), format!("{}\n", remains.salt)),
        (format!("{erased}/{ENTRY_FILE}"), remains.entry_json.clone()),
    ] {
        pieces.add(path, text.into_bytes());
    }
    vec![(folder, remains.deposit_index), (erased, remains.log_index)]
}

/// Adds the files that explain the bundle.
pub(crate) fn add_instructions(pieces: &mut Pieces, page: String) {
    pieces.add(SCRIPT_PATH.to_owned(), VERIFY_SCRIPT.as_bytes().to_vec());
    pieces.add(VERIFIER_PATH.to_owned(), VERIFIER_PAGE.as_bytes().to_vec());
    pieces.add(TEXT_PATH.to_owned(), VERIFY_TEXT.as_bytes().to_vec());
    pieces.add(PAGE_PATH.to_owned(), page.into_bytes());
}
