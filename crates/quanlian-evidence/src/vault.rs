//! The vault: a data folder with the evidence log, its key, and a receipt for each deposit.
//!
//! In:  files and reports, the clock and the randomness of the caller ([`Outside`]).
//! Out: receipts and bundles.
//!
//! | path | holds |
//! |---|---|
//! | `log/`, `log.head` | the log (`quanlian_tlog::store::LogHome`) |
//! | `log.key` | its secret key, mode 0600 |
//! | `log.key.signed` | what that key has signed last; belongs to it |
//! | `log.vkey` | its public key, to be published |
//! | `receipts/<deposit id>.json` | receipts, with salts: as secret as the deposits |
//! | `custody/` | acts that wait for a signature (`acts`) |
//! | `holds/<hold id>.json` | legal holds, placed and lifted (`hold`) |
//! | `erasures/<deposit id>.json` | tombstones of what was erased (`erasure`) |
//!
//! Invariant: receipts are durable before their entries are in the log, because an entry
//! whose salt is lost proves nothing. A receipt whose entry did not make it into the log
//! is never handed out: [`Vault::receipt`] compares it with the log.
//!
//! Not here: originals stay where they are; storing them is `quanlian-store`'s.

mod acts;
mod bundling;
mod copy;
mod disk;
mod erasure;
mod hold;
mod intent;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io,
    io::Seek as _,
    ops::Range,
    path::{Path, PathBuf},
    thread,
};

use quanlian_record::{
    id::{self, CustodyId, DepositId},
    time::Timestamp,
};
use quanlian_tlog::{
    fsck::FsckReport,
    log::{Log, LogError},
    note::{NoteError, SEED_BYTES, SignerKey, VerifierKey},
    store::{KeyFileError, LogHome, StoreError, create_key_file, load_key_file},
};

pub use acts::{ActError, ActOrder, Draft, Recorded, Stand, media_of};
pub use bundling::BundleSummary;
pub use copy::VaultCopy;
use disk::{io_error, make_private_folder, read_if_there, sync_folder, write_and_sync, write_durably};
pub use erasure::{Erasure, ErasureError, ErasureOrder, ErasureTargets, Statement, ToErase, Tombstone};
pub(crate) use erasure::{MAX_TOMBSTONE_BYTES, TOMBSTONE_VERSION};
pub use hold::{Hold, HoldError, HoldState, HoldStep, MAX_HOLDS};

use crate::{
    bundle::BundleError,
    container::ContainerError,
    content::{Content, ContentError, MAX_DEPOSIT_BYTES},
    custody::{self, Act, NewAct},
    deposit::{
        DEPOSIT_VERSION, Deposit, DepositError, ENTRY_DEPOSIT, Entry, MAX_FIELD_BYTES, Receipt, SALT_BYTES,
        Salt, from_canonical, to_canonical,
    },
};

/// Files that go into the log together. One batch costs one round of fsyncs.
const BATCH_FILES: usize = 256;
/// Bytes read after which a batch is closed, so that a crash never costs hours of reading.
const BATCH_BYTES: u64 = 1 << 30;
/// Threads that wait for the disk while receipts are written.
const SYNC_THREADS: usize = 8;
/// The longest receipt that is read back, in bytes.
const MAX_RECEIPT_BYTES: usize = 4 << 20;

/// The clock and the randomness, which the edge of the program brings in.
pub trait Outside {
    /// The time now.
    fn now(&mut self) -> Timestamp;
    /// Fills `bytes` with randomness that nobody can guess.
    fn fill(&mut self, bytes: &mut [u8]);
}

/// The clock and the randomness of this machine.
#[derive(Debug, Default, Clone, Copy)]
pub struct System;

impl Outside for System {
    fn now(&mut self) -> Timestamp {
        Timestamp::now()
    }
    fn fill(&mut self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}

/// What all deposits of one call have in common.
#[derive(Debug, Clone, Default)]
pub struct Terms {
    /// Who hands over.
    pub depositor: String,
    /// Who operates the program; the depositor when empty.
    pub actor: String,
    /// What is handed over: `file` when empty.
    pub kind: String,
    /// Where it comes from.
    pub source: Option<String>,
    /// What else is known about it.
    pub metadata: BTreeMap<String, String>,
    /// The deposit that this one corrects.
    pub supersedes: Option<DepositId>,
}

/// Reads what a file says about itself, from wherever the file stands: keys and values for its record.
pub type Describe<'a> = dyn FnMut(&Path, &mut File) -> BTreeMap<String, String> + 'a;

/// What is about to be deposited.
struct Handed {
    path: PathBuf,
    content: Content,
    metadata: BTreeMap<String, String>,
}

/// One step of a long run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Files done.
    pub files: usize,
    /// Files in all.
    pub of_files: usize,
    /// Bytes read.
    pub bytes: u64,
}

/// What became of a list of files.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Deposited, in the order given.
    pub receipts: Vec<(PathBuf, Receipt)>,
    /// Not deposited, each with its reason; the run went on.
    pub problems: Vec<(PathBuf, FileProblem)>,
    /// Why the run ended early, when it did. Files in neither list were not reached.
    pub stopped: Option<VaultError>,
}

/// Why one file was not deposited.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// It cannot be opened.
    #[error("cannot open the file")]
    Open(#[source] io::Error),
    /// A folder, a device, a pipe.
    #[error("not a regular file")]
    NotAFile,
    /// Its content cannot be taken in.
    #[error("cannot take in the content")]
    Content(#[from] ContentError),
    /// Its record cannot be made.
    #[error("cannot make the deposit record")]
    Deposit(#[from] DepositError),
}

impl FileProblem {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Open(_) => "file_open",
            Self::NotAFile => "file_not_regular",
            Self::Content(source) => source.code(),
            Self::Deposit(source) => source.code(),
        }
    }
}

/// Why the vault did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum VaultError {
    /// The log refused.
    #[error("the evidence log failed")]
    Log(#[from] LogError),
    /// The key file cannot be made or used.
    #[error("the key of the evidence log cannot be used")]
    Key(#[from] KeyFileError),
    /// The origin cannot be the name of a key.
    #[error("the name of the log is not allowed")]
    Origin(#[from] NoteError),
    /// The data folder belongs to a log of another name.
    #[error("the data folder holds the log `{found}`, not `{wanted}`")]
    OtherLog { found: String, wanted: String },
    /// A log without its key.
    #[error("the log in {} has lost its key file; put it back from your backup", .0.display())]
    KeyMissing(PathBuf),
    /// The operating system refused.
    #[error("cannot {act} {path}", path = path.display())]
    Io {
        act: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// A record cannot be made or is damaged.
    #[error("a deposit record is not valid")]
    Deposit(#[from] DepositError),
    /// The content of a report cannot be taken in.
    #[error("cannot take in the content")]
    Content(#[from] ContentError),
    /// No deposit has this id, or its entry never reached the log.
    #[error("there is no deposit {0}")]
    NoSuchDeposit(DepositId),
    /// The deposit was erased; its entry stands in the log and its tombstone says who and why.
    #[error(
        "deposit {id} was erased at {erased_at}; its entry {log_index} in the log and its tombstone stand"
    )]
    Erased {
        id: DepositId,
        erased_at: Timestamp,
        log_index: u64,
    },
    /// An erasure was begun and not finished.
    #[error("the erasure of deposit {0} is not finished; run `quanlian erase {0}` again")]
    ErasureUnfinished(DepositId),
    /// A folder that was given as a backup is none.
    #[error("{folder} is no copy of the data folder of the log `{log}`; an archive must be unpacked first", folder = folder.display())]
    NotACopy { folder: PathBuf, log: String },
    /// The act was not recorded.
    #[error("the act was not recorded")]
    Act(#[from] ActError),
    /// The legal hold was not placed or lifted.
    #[error("the legal hold was not changed")]
    Hold(#[from] HoldError),
    /// The deposit was not erased.
    #[error("the deposit was not erased")]
    Erasure(#[from] ErasureError),
    /// The bundle cannot be made.
    #[error("cannot make the bundle")]
    Bundle(#[from] BundleError),
    /// The bundle cannot be written.
    #[error("cannot write the bundle")]
    Container(#[from] ContainerError),
}

impl VaultError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Log(source) => source.code(),
            Self::Key(source) => source.code(),
            Self::Origin(source) => source.code(),
            Self::OtherLog { .. } => "vault_other_log",
            Self::KeyMissing(_) => "vault_key_missing",
            Self::Io { .. } => "vault_io",
            Self::Deposit(source) => source.code(),
            Self::Content(source) => source.code(),
            Self::NoSuchDeposit(_) => "vault_no_such_deposit",
            Self::Erased { .. } => "vault_erased",
            Self::ErasureUnfinished(_) => "vault_erasure_unfinished",
            Self::NotACopy { .. } => "vault_not_a_copy",
            Self::Act(source) => source.code(),
            Self::Hold(source) => source.code(),
            Self::Erasure(source) => source.code(),
            Self::Bundle(source) => source.code(),
            Self::Container(source) => source.code(),
        }
    }
}

/// A data folder, open for writing by this process alone.
pub struct Vault {
    folder: PathBuf,
    log: Log,
}

impl Vault {
    /// Opens the vault in `folder`; makes folder, key and log when there are none.
    pub fn open_or_create(
        folder: &Path,
        origin: &str,
        outside: &mut dyn Outside,
    ) -> Result<Self, VaultError> {
        Self::open_or_create_with(folder, origin, Ok, outside)
    }

    /// As [`Self::open_or_create`], for a log that may keep its lock record elsewhere: `take` gives
    /// the home of the log the record that belongs to it.
    pub fn open_or_create_with(
        folder: &Path,
        origin: &str,
        take: impl FnOnce(LogHome) -> Result<LogHome, StoreError>,
        outside: &mut dyn Outside,
    ) -> Result<Self, VaultError> {
        let key_path = folder.join("log.key");
        for private in ["receipts", "custody", "holds", "erasures"] {
            make_private_folder(&folder.join(private))?;
        }
        // The log is taken first, so that two processes cannot both make a key.
        let home = take(LogHome::create(folder)?)?;
        let has_key = key_path
            .try_exists()
            .map_err(|source| io_error("look for", &key_path, source))?;
        if !has_key {
            if !home.is_unused()? {
                return Err(VaultError::KeyMissing(folder.to_owned()));
            }
            let mut seed = [0; SEED_BYTES];
            outside.fill(&mut seed);
            create_key_file(&key_path, &SignerKey::from_seed(origin, &seed)?)?;
        }
        let key = load_key_file(&key_path)?;
        if key.verifier().name() != origin {
            let found = key.verifier().name().to_owned();
            return Err(VaultError::OtherLog {
                found,
                wanted: origin.to_owned(),
            });
        }
        let log = Log::open_or_create(home, key)?;
        // Written each time: a crash may have come between the key and this file.
        write_durably(
            &folder.join("log.vkey"),
            format!("{}\n", log.verifier()).as_bytes(),
        )?;
        let mut vault = Self {
            folder: folder.to_owned(),
            log,
        };
        vault.finish_holds()?;
        vault.finish_acts()?;
        Ok(vault)
    }

    /// The public key of the log, to be published.
    pub fn log_key(&self) -> &VerifierKey {
        self.log.verifier()
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Appends entries as they are, without a receipt; the caller keeps what they commit to.
    pub fn append_entries(&mut self, entries: &[&[u8]]) -> Result<Range<u64>, VaultError> {
        Ok(self.log.append_batch(entries)?)
    }

    /// Recomputes the whole log.
    pub fn fsck(&self) -> Result<FsckReport, VaultError> {
        Ok(self.log.fsck()?)
    }

    /// Deposits files. A file that cannot be read becomes a problem, and the run goes on.
    ///
    /// Each batch of files is durable before the next is begun; memory does not grow with
    /// the size of a file.
    pub fn deposit_files(
        &mut self,
        paths: &[PathBuf],
        terms: &Terms,
        outside: &mut dyn Outside,
        progress: &mut dyn FnMut(Progress),
    ) -> Outcome {
        self.deposit_files_described(paths, terms, &mut |_, _| BTreeMap::new(), outside, progress)
    }

    /// As [`Self::deposit_files`]; the record of each file also holds what `describe` reads from it.
    ///
    /// It gets the file that is digested next, so that it cannot describe another one. What the terms
    /// say under the same key stands.
    pub fn deposit_files_described(
        &mut self,
        paths: &[PathBuf],
        terms: &Terms,
        describe: &mut Describe<'_>,
        outside: &mut dyn Outside,
        progress: &mut dyn FnMut(Progress),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let mut batch = Vec::new();
        let (mut bytes, mut deposited_bytes) = (0, 0);
        let of_files = paths.len();
        for (at, path) in paths.iter().enumerate() {
            let before = bytes;
            let result = read_file(path, describe, &mut |read| {
                bytes = before + read;
                progress(Progress {
                    files: at,
                    of_files,
                    bytes,
                });
            });
            match result {
                Ok((metadata, content)) => batch.push(Handed {
                    path: path.clone(),
                    content,
                    metadata,
                }),
                Err(problem) => outcome.problems.push((path.clone(), problem)),
            }
            let files = at + 1;
            let is_full = batch.len() == BATCH_FILES || bytes - deposited_bytes >= BATCH_BYTES;
            if is_full || files == of_files {
                match self.deposit_contents(std::mem::take(&mut batch), terms, outside, &mut outcome.problems)
                {
                    Ok(receipts) => outcome.receipts.extend(receipts),
                    Err(error) => {
                        outcome.stopped = Some(error);
                        return outcome;
                    }
                }
                deposited_bytes = bytes;
                progress(Progress {
                    files,
                    of_files,
                    bytes,
                });
            }
        }
        outcome
    }

    /// Deposits something made in memory: a match report, an assessment, a dossier.
    pub fn deposit_bytes(
        &mut self,
        name: &str,
        bytes: &[u8],
        terms: &Terms,
        outside: &mut dyn Outside,
    ) -> Result<Receipt, VaultError> {
        let content = Content::read(name, bytes, MAX_DEPOSIT_BYTES, &mut |_| {})?;
        let mut problems = Vec::new();
        let mut receipts = self.deposit_contents(
            vec![Handed {
                path: PathBuf::from(name),
                content,
                metadata: BTreeMap::new(),
            }],
            terms,
            outside,
            &mut problems,
        )?;
        match (receipts.pop(), problems.pop()) {
            (Some((_, receipt)), _) => Ok(receipt),
            (None, Some((_, FileProblem::Deposit(error)))) => Err(error.into()),
            (None, _) => Err(DepositError::Shape {
                what: "the deposit record",
            }
            .into()),
        }
    }

    /// The receipt of a deposit whose entry is in the log.
    pub fn receipt(&self, id: DepositId) -> Result<Receipt, VaultError> {
        self.require_not_erased(id)?;
        let receipt = self.receipt_on_file(id)?;
        self.require_in_log(&receipt, id)?;
        Ok(receipt)
    }

    /// The receipt as the folder has it.
    fn receipt_on_file(&self, id: DepositId) -> Result<Receipt, VaultError> {
        let json =
            read_if_there(&self.receipt_path(id), MAX_RECEIPT_BYTES)?.ok_or(VaultError::NoSuchDeposit(id))?;
        Ok(from_canonical(&json, MAX_RECEIPT_BYTES, "the receipt")?)
    }

    /// The ids of all receipts in the folder, oldest first.
    pub fn receipt_ids(&self) -> Result<Vec<DepositId>, VaultError> {
        let names = names_in(&self.folder.join("receipts"))?;
        let ids: BTreeSet<DepositId> = names
            .iter()
            .filter_map(|name| name.strip_suffix(".json")?.parse().ok())
            .collect();
        Ok(ids.into_iter().collect())
    }

    fn deposit_contents(
        &mut self,
        contents: Vec<Handed>,
        terms: &Terms,
        outside: &mut dyn Outside,
        problems: &mut Vec<(PathBuf, FileProblem)>,
    ) -> Result<Vec<(PathBuf, Receipt)>, VaultError> {
        let mut made: Vec<(PathBuf, DepositId, Receipt)> = Vec::new();
        let first = self.log.checkpoint().size();
        for handed in contents {
            let log_index = first + made.len() as u64;
            let path = handed.path.clone();
            match make_receipt(handed, terms, self.log.verifier(), log_index, outside) {
                Ok((id, receipt)) => made.push((path, id, receipt)),
                Err(error) => problems.push((path, error.into())),
            }
        }
        self.save_receipts(made.iter().map(|(_, id, receipt)| (*id, receipt)))?;
        let entries: Vec<&[u8]> = made
            .iter()
            .map(|(_, _, receipt)| receipt.entry_json.as_bytes())
            .collect();
        let range = self.log.append_batch(&entries)?;
        debug_assert_eq!(range.start, first, "this process holds the log alone");
        Ok(made
            .into_iter()
            .map(|(path, _, receipt)| (path, receipt))
            .collect())
    }

    fn require_in_log(&self, receipt: &Receipt, id: DepositId) -> Result<(), VaultError> {
        match self.log.read_entry(receipt.log_index) {
            Ok(entry) if entry == receipt.entry_json.as_bytes() => Ok(()),
            Ok(_) | Err(LogError::NoSuchEntry { .. }) => Err(VaultError::NoSuchDeposit(id)),
            Err(error) => Err(error.into()),
        }
    }

    fn receipt_path(&self, id: DepositId) -> PathBuf {
        self.folder.join("receipts").join(format!("{id}.json"))
    }

    /// Writes all receipts, and returns when all are durable.
    fn save_receipts<'r>(
        &self,
        receipts: impl Iterator<Item = (DepositId, &'r Receipt)>,
    ) -> Result<(), VaultError> {
        let mut files = Vec::new();
        for (id, receipt) in receipts {
            files.push((self.receipt_path(id), to_canonical(receipt)?));
        }
        // Several threads wait for the disk at once, so that it can serve many syncs together.
        let share = files.len().div_ceil(SYNC_THREADS).max(1);
        thread::scope(|scope| {
            let waiting: Vec<_> = files
                .chunks(share)
                .map(|files| {
                    scope.spawn(|| {
                        files.iter().try_for_each(|(path, json)| {
                            write_and_sync(&path.with_extension("tmp"), json.as_bytes())
                        })
                    })
                })
                .collect();
            waiting
                .into_iter()
                .try_for_each(|thread| thread.join().expect("writing a file does not panic"))
        })?;
        for (path, _) in &files {
            fs::rename(path.with_extension("tmp"), path)
                .map_err(|source| io_error("rename to", path, source))?;
        }
        sync_folder(&self.folder.join("receipts"))
    }
}

fn make_receipt(
    handed: Handed,
    terms: &Terms,
    log_key: &VerifierKey,
    log_index: u64,
    outside: &mut dyn Outside,
) -> Result<(DepositId, Receipt), DepositError> {
    let at = outside.now();
    let id = DepositId(id::from_parts(at, random(outside)));
    let actor = if terms.actor.is_empty() {
        &terms.depositor
    } else {
        &terms.actor
    };
    let mut lines = Vec::new();
    let mut act = |act, detail, lines: &mut Vec<String>| {
        let id_of_act = CustodyId(id::from_parts(at, random(outside)));
        let new = NewAct {
            id: id_of_act,
            act,
            at,
            actor,
            detail,
        };
        custody::append(lines, id, new)
    };
    act(Act::Collected, BTreeMap::new(), &mut lines)?;
    let custody_sha256 = custody::head(&lines);
    let detail = [
        ("log".to_owned(), log_key.name().to_owned()),
        ("index".to_owned(), log_index.to_string()),
    ]
    .into();
    act(Act::Deposited, detail, &mut lines)?;
    let mut metadata = handed.metadata;
    metadata.extend(terms.metadata.clone());
    let deposit = Deposit {
        v: DEPOSIT_VERSION,
        id,
        kind: if terms.kind.is_empty() {
            "file".to_owned()
        } else {
            terms.kind.clone()
        },
        content: handed.content,
        depositor: terms.depositor.clone(),
        deposited_at: at,
        custody_sha256,
        source: terms.source.clone(),
        metadata,
        supersedes: terms.supersedes,
    };
    let deposit_json = deposit.to_json()?;
    let salt = Salt::new(random::<SALT_BYTES>(outside));
    let entry = Entry::commit(ENTRY_DEPOSIT, id.0, at, &deposit_json, &salt);
    let receipt = Receipt {
        v: DEPOSIT_VERSION,
        deposit_json,
        salt: salt.to_hex(),
        entry_json: entry.to_json()?,
        log_key: log_key.to_string(),
        log_index,
        custody: lines,
        acts: Vec::new(),
    };
    Ok((id, receipt))
}

/// The names of all files in a folder, in order; those that are no text are none of ours.
fn names_in(folder: &Path) -> Result<Vec<String>, VaultError> {
    let wrong = |source| io_error("read", folder, source);
    let mut names = BTreeSet::new();
    for found in fs::read_dir(folder).map_err(wrong)? {
        if let Ok(name) = found.map_err(wrong)?.file_name().into_string() {
            names.insert(name);
        }
    }
    Ok(names.into_iter().collect())
}

fn read_file(
    path: &Path,
    describe: &mut Describe<'_>,
    progress: &mut dyn FnMut(u64),
) -> Result<(BTreeMap<String, String>, Content), FileProblem> {
    // Asked before opening: opening a pipe would wait for its other end.
    if !fs::metadata(path).map_err(FileProblem::Open)?.is_file() {
        return Err(FileProblem::NotAFile);
    }
    let mut file = File::open(path).map_err(FileProblem::Open)?;
    let metadata = describe(path, &mut file);
    file.rewind().map_err(FileProblem::Open)?;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let content = Content::read(&name, file, MAX_DEPOSIT_BYTES, progress)?;
    Ok((metadata, content))
}

/// Who acts has a name, and not an endless one.
fn require_actor(actor: &str) -> Result<(), DepositError> {
    let size_bytes = actor.len();
    if (1..=MAX_FIELD_BYTES).contains(&size_bytes) {
        Ok(())
    } else {
        Err(DepositError::Field {
            field: "actor",
            size_bytes,
        })
    }
}

fn random<const N: usize>(outside: &mut dyn Outside) -> [u8; N] {
    let mut bytes = [0; N];
    outside.fill(&mut bytes);
    bytes
}

impl From<StoreError> for VaultError {
    fn from(error: StoreError) -> Self {
        Self::Log(error.into())
    }
}
