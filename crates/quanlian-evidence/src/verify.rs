//! Verification of a bundle, without the installation that made it.
//!
//! In:  a file from anybody, and the log keys that the caller trusts, if any.
//! Out: a [`Verification`]: one line for each thing checked, each with its own state.
//!
//! Invariant: *parsed*, *fits*, *signed* and *trusted* are different lines, and what
//! nobody checked says so. No line is `ok` because a check could not be made.
//!
//! Not here: trusted time and witnesses (issue 4).

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
    path::Path,
    str::FromStr,
};

use quanlian_record::time::Timestamp;
use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    hash::leaf_hash,
    merkle::verify_inclusion,
    note::{Note, NoteError, VerifierKey},
    proof::TlogProof,
};
use serde::{Deserialize, Serialize};

use crate::{
    bundle::{
        BUNDLE_VERSION, CHECKPOINT_PATH, CUSTODY_FILE, DEPOSIT_FILE, ENTRY_FILE, LOG_KEY_PATH,
        MANIFEST_SHA256_PATH, MANIFEST_SM3_PATH, MAX_BUNDLE_ITEMS, PAGE_PATH, PROOF_FILE, PageItem,
        SALT_FILE, SCRIPT_PATH, SEAL_FOLDER, SEALED_FILE, STATEMENT_FILE, Statement, TEXT_PATH,
        VERIFY_SCRIPT, VERIFY_TEXT, is_sealed, item_folder, manifest, original_path, page,
    },
    container::{ContainerError, MAX_CONTAINER_BYTES, Reader},
    content::{Digests, digest, is_hex_digest, visible},
    custody::Act,
    deposit::{Deposit, ENTRY_BUNDLE, ENTRY_DEPOSIT, Entry, Salt, check_custody, from_canonical},
};

/// The longest file that is read into memory: a page or a manifest of the largest bundle.
const MAX_SMALL_BYTES: u64 = 16 << 20;
/// The most bytes of such files together.
const MAX_SMALL_TOTAL_BYTES: u64 = 256 << 20;

/// What the caller brings to the verification.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Keys of logs that the caller got elsewhere. With none, the key in the bundle is
    /// used as it is, and the report says so.
    pub trusted_log_keys: Vec<VerifierKey>,
}

/// Why a text is not a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum PolicyError {
    /// A `log` line without a valid key.
    #[error("line {line} holds no valid log key")]
    Key { line: usize, source: NoteError },
    /// A rule that this version cannot enforce; ignoring it would weaken the policy.
    #[error("line {line} is a rule that this version does not know: `{rule}`")]
    Rule { line: usize, rule: String },
    /// No `log` line at all.
    #[error("the policy names no log key")]
    Empty,
}

impl PolicyError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key { .. } => "policy_key",
            Self::Rule { .. } => "policy_rule",
            Self::Empty => "policy_empty",
        }
    }
}

/// Reads a C2SP tlog-policy text, as far as this version enforces it: `log <vkey> [<url>]`,
/// `quorum none`, comments; also bare keys, one a line. Witness rules come with issue 4 and are refused until then.
///
/// ```
/// # use quanlian_evidence::verify::Policy;
/// let text = "# our log\nlog quanlian.example/log+b8a8ef8a+AZ4CsSTqquMfUe6uBjVTMovThR7dBFBKkPtpPL7lJ+WH\n";
/// assert_eq!(text.parse::<Policy>().unwrap().trusted_log_keys.len(), 1);
/// let bare = "quanlian.example/log+b8a8ef8a+AZ4CsSTqquMfUe6uBjVTMovThR7dBFBKkPtpPL7lJ+WH";
/// assert_eq!(bare.parse::<Policy>().unwrap().trusted_log_keys.len(), 1);
/// assert_eq!("log x+00000000+AAAA".parse::<Policy>().unwrap_err().code(), "policy_key");
/// assert_eq!("# nobody".parse::<Policy>().unwrap_err().code(), "policy_empty");
/// assert_eq!("quorum 2".parse::<Policy>().unwrap_err().code(), "policy_rule");
/// ```
impl FromStr for Policy {
    type Err = PolicyError;
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        for (at, rule) in text.lines().map(str::trim).enumerate() {
            let line = at + 1;
            let words: Vec<&str> = rule.split_whitespace().collect();
            match words[..] {
                // A bare key, so that the published `log.vkey` itself can serve as a policy.
                ["log", key] | ["log", key, _] | [key] if key != "log" && !key.starts_with('#') => {
                    let key = key.parse().map_err(|source| PolicyError::Key { line, source })?;
                    policy.trusted_log_keys.push(key);
                }
                [] | ["quorum", "none"] => {}
                [first, ..] if first.starts_with('#') => {}
                _ => {
                    return Err(PolicyError::Rule {
                        line,
                        rule: visible(rule),
                    });
                }
            }
        }
        if policy.trusted_log_keys.is_empty() {
            Err(PolicyError::Empty)
        } else {
            Ok(policy)
        }
    }
}

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds.
    Ok,
    /// It does not hold.
    Failed,
    /// Nobody looked, or nobody can.
    NotChecked,
}

/// One line of the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked; one of the words listed at [`verify_bundle`].
    pub code: String,
    /// What it came to.
    pub state: State,
    /// The item (`0001 name`), or `bundle`.
    pub subject: String,
    /// More about it, in English; the command line has its own words for each code.
    pub detail: String,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Whether no check has failed. It does not mean that all were made: see the lines.
    pub ok: bool,
    /// The lines, in the order of the checks.
    pub checks: Vec<Check>,
}

impl Verification {
    fn add(&mut self, code: &str, state: State, subject: &str, detail: impl Into<String>) {
        self.ok &= state != State::Failed;
        self.checks.push(Check {
            code: code.to_owned(),
            state,
            subject: visible(subject),
            detail: visible(&detail.into()),
        });
    }

    fn result(&mut self, code: &str, subject: &str, result: Result<String, String>) {
        match result {
            Ok(detail) => self.add(code, State::Ok, subject, detail),
            Err(why) => self.add(code, State::Failed, subject, why),
        }
    }
}

/// Verifies the bundle at `path`.
///
/// | code | says |
/// |---|---|
/// | `container` | the file is a bundle to the last byte, with nothing beside it |
/// | `manifest` | every file has the digests that the manifests list |
/// | `log_head_signed` | the checkpoint is signed by the key in the bundle |
/// | `log_key_trusted` | that key is one that the caller trusts |
/// | `file_is_deposit` | the original is what was deposited |
/// | `deposit_committed` | the log entry commits to the deposit record |
/// | `deposit_in_log` | the entry is in the log |
/// | `custody_chain` | the custody lines are a chain from collection to this bundle |
/// | `bundle_sealed` | the files of the bundle are those that were closed, and the log says so |
/// | `instructions` | script and page are those that this version of the program writes |
/// | `log_witnessed` | always `not_checked`: nobody else watches the log yet |
/// | `time` | always `not_checked`: times are those of the log's own clock |
/// | `truth_before_deposit` | always `not_checked`: no program can know |
///
/// Bounded: memory by the small files of one bundle, time by one pass over the file.
pub fn verify_bundle(path: &Path, policy: &Policy) -> Verification {
    verify_reader(Reader::open(path), policy)
}

/// As [`verify_bundle`], for a bundle that is not a file.
pub fn verify_stream<F: Read + Seek>(bundle: F, policy: &Policy) -> Verification {
    verify_reader(Reader::new(bundle), policy)
}

fn verify_reader<F: Read + Seek>(reader: Result<Reader<F>, ContainerError>, policy: &Policy) -> Verification {
    let mut report = Verification {
        ok: true,
        checks: Vec::new(),
    };
    match reader.map_err(|error| describe(&error)).and_then(Opened::read) {
        Ok(bundle) => {
            report.add(
                "container",
                State::Ok,
                "bundle",
                format!("{} files", bundle.digests.len()),
            );
            bundle.check(policy, &mut report);
        }
        Err(why) => report.add("container", State::Failed, "bundle", why),
    }
    for (code, why) in NEVER_CHECKED {
        report.add(code, State::NotChecked, "bundle", why);
    }
    report
}

/// What this version cannot check, so that nobody takes silence for a yes.
const NEVER_CHECKED: [(&str, &str); 2] = [
    (
        "log_witnessed",
        "nobody but the log itself has signed its checkpoint",
    ),
    (
        "truth_before_deposit",
        "whether the content was true before it was deposited is not covered",
    ),
];

/// A bundle whose container is sound: small files in memory, originals by their digests.
struct Opened {
    small: BTreeMap<String, String>,
    digests: BTreeMap<String, Digests>,
    items: usize,
}

impl Opened {
    fn read<F: Read + Seek>(mut reader: Reader<F>) -> Result<Self, String> {
        let names: Vec<String> = reader.entries().map(|entry| entry.name.clone()).collect();
        let is_small = |entry: &&crate::container::Entry| !entry.name.starts_with("data/");
        let small_bytes: u64 = reader
            .entries()
            .filter(is_small)
            .map(|entry| u64::from(entry.size_bytes))
            .sum();
        if small_bytes > MAX_SMALL_TOTAL_BYTES {
            return Err(format!(
                "its records have {small_bytes} bytes, the limit is {MAX_SMALL_TOTAL_BYTES}"
            ));
        }
        let mut small = BTreeMap::new();
        let mut digests = BTreeMap::new();
        for name in names {
            let mut bytes = Vec::new();
            let mut found = None;
            let is_original = name.starts_with("data/");
            let limit = if is_original {
                MAX_CONTAINER_BYTES
            } else {
                MAX_SMALL_BYTES
            };
            reader
                .stream(&name, limit, |content| {
                    let result = if is_original {
                        digest(content, u64::MAX, &mut |_| {})
                    } else {
                        content.read_to_end(&mut bytes)?;
                        digest(bytes.as_slice(), u64::MAX, &mut |_| {})
                    };
                    found = Some(result.map_err(std::io::Error::other)?);
                    Ok(())
                })
                .map_err(|error: ContainerError| describe(&error))?;
            if let Some(found) = found {
                digests.insert(name.clone(), found);
            }
            if !is_original {
                let text = String::from_utf8(bytes).map_err(|_| format!("`{name}` is not text"))?;
                small.insert(name, text);
            }
        }
        let items = (1..=MAX_BUNDLE_ITEMS)
            .take_while(|number| small.contains_key(&format!("{}/{DEPOSIT_FILE}", item_folder(*number))))
            .count();
        let bundle = Self {
            small,
            digests,
            items,
        };
        bundle.require_layout()?;
        Ok(bundle)
    }

    /// Every file that must be there is, and no other. Originals are matched with their items later.
    fn require_layout(&self) -> Result<(), String> {
        let mut wanted: Vec<String> = [
            SCRIPT_PATH,
            TEXT_PATH,
            PAGE_PATH,
            MANIFEST_SHA256_PATH,
            MANIFEST_SM3_PATH,
            CHECKPOINT_PATH,
            LOG_KEY_PATH,
        ]
        .map(str::to_owned)
        .to_vec();
        for file in [STATEMENT_FILE, SEALED_FILE, SALT_FILE, ENTRY_FILE, PROOF_FILE] {
            wanted.push(format!("{SEAL_FOLDER}/{file}"));
        }
        for number in 1..=self.items {
            for file in [DEPOSIT_FILE, SALT_FILE, ENTRY_FILE, PROOF_FILE, CUSTODY_FILE] {
                wanted.push(format!("{}/{file}", item_folder(number)));
            }
        }
        wanted.sort();
        if let Some(name) = wanted.iter().find(|name| !self.small.contains_key(*name)) {
            return Err(format!("`{name}` is missing"));
        }
        match self.small.keys().find(|name| wanted.binary_search(name).is_err()) {
            Some(name) => Err(format!("`{name}` does not belong into a bundle")),
            None if self.items == 0 => Err("it holds no item".to_owned()),
            None => Ok(()),
        }
    }

    fn check(&self, policy: &Policy, report: &mut Verification) {
        report.result("manifest", "bundle", self.check_manifests());
        let key: Option<VerifierKey> = self
            .text(LOG_KEY_PATH)
            .strip_suffix('\n')
            .and_then(|text| text.parse().ok());
        let head = key
            .as_ref()
            .ok_or("proof/log.vkey is not a key".to_owned())
            .and_then(|key| self.open_head(key));
        let signed = head
            .as_ref()
            .map(|head| format!("{} entries", head.size()))
            .map_err(Clone::clone);
        report.result("log_head_signed", "bundle", signed);
        check_trust(key.as_ref(), policy, report);
        let head = head.ok();
        let mut deposits = Vec::new();
        for number in 1..=self.items {
            deposits.push(self.check_item(number, head.as_ref(), report));
        }
        let strangers: Vec<&String> = self
            .digests
            .keys()
            .filter(|name| !self.belongs(name, &deposits))
            .collect();
        if let Some(name) = strangers.first() {
            report.add(
                "container",
                State::Failed,
                "bundle",
                format!("`{name}` belongs to no item"),
            );
        }
        let statement = self.check_seal(head.as_ref());
        let made = statement
            .as_ref()
            .map(|s| format!("closed at {} by {}", s.made_at, s.actor))
            .map_err(Clone::clone);
        report.result("bundle_sealed", "bundle", made);
        let (state, detail) = match statement {
            Ok(statement) if self.has_our_instructions(&statement, &deposits) => {
                (State::Ok, "as this program writes them")
            }
            _ => (
                State::NotChecked,
                "script or page differ from those of this version; read them before you rely on them",
            ),
        };
        report.add("instructions", state, "bundle", detail);
        report.add("time", State::NotChecked, "bundle", stated_times(&deposits));
    }

    fn check_manifests(&self) -> Result<String, String> {
        let is_listed = |name: &str| name != MANIFEST_SHA256_PATH && name != MANIFEST_SM3_PATH;
        let files = || self.digests.iter().filter(|(name, _)| is_listed(name));
        let sha256 = manifest(files().map(|(name, digests)| (name.as_str(), digests.sha256.as_str())));
        let sm3 = manifest(files().map(|(name, digests)| (name.as_str(), digests.sm3.as_str())));
        for (path, wanted) in [(MANIFEST_SHA256_PATH, sha256), (MANIFEST_SM3_PATH, sm3)] {
            if self.text(path) != wanted {
                return Err(format!("{path} does not list the files of this bundle"));
            }
        }
        Ok(format!("{} files", files().count()))
    }

    fn open_head(&self, key: &VerifierKey) -> Result<SignedCheckpoint, String> {
        let note = self.text(CHECKPOINT_PATH);
        // Version 1 carries the log's own signature and no other, so that no byte is left unverified.
        if Note::parse(note)
            .map_err(|error| error.to_string())?
            .signatures()
            .len()
            != 1
        {
            return Err("the checkpoint carries signatures that this version does not verify".to_owned());
        }
        SignedCheckpoint::open(note, key).map_err(|error| describe(&error))
    }

    fn check_item(
        &self,
        number: usize,
        head: Option<&SignedCheckpoint>,
        report: &mut Verification,
    ) -> Option<Deposit> {
        let folder = item_folder(number);
        let json = self.text(&format!("{folder}/{DEPOSIT_FILE}"));
        let deposit = match Deposit::from_json(json) {
            Ok(deposit) => deposit,
            Err(error) => {
                report.add(
                    "deposit_committed",
                    State::Failed,
                    &format!("{number:04}"),
                    error.to_string(),
                );
                return None;
            }
        };
        let subject = format!("{number:04} {}", deposit.content.name);
        match self.digests.get(&original_path(number, &deposit.content.name)) {
            None => report.add(
                "file_is_deposit",
                State::NotChecked,
                &subject,
                "the original is not in the bundle",
            ),
            Some(digests) if deposit.content.is_told_by(digests) => {
                report.add(
                    "file_is_deposit",
                    State::Ok,
                    &subject,
                    deposit.content.sha256.clone(),
                );
            }
            Some(_) => report.add(
                "file_is_deposit",
                State::Failed,
                &subject,
                "the original is not what was deposited",
            ),
        }
        let committed =
            self.open_commitment(&folder, ENTRY_DEPOSIT, deposit.id.0, deposit.deposited_at, json);
        let at = committed.map(|()| format!("recorded at {}", deposit.deposited_at));
        report.result("deposit_committed", &subject, at);
        let index = self.prove(&folder, head);
        report.result(
            "deposit_in_log",
            &subject,
            index.clone().map(|index| format!("entry {index}")),
        );
        report.result(
            "custody_chain",
            &subject,
            self.check_custody(&folder, &deposit, index.ok()),
        );
        Some(deposit)
    }

    fn open_commitment(
        &self,
        folder: &str,
        kind: &str,
        id: uuid::Uuid,
        recorded_at: Timestamp,
        record: &str,
    ) -> Result<(), String> {
        let salt = self.text(&format!("{folder}/{SALT_FILE}"));
        let salt = salt
            .strip_suffix('\n')
            .and_then(Salt::from_hex)
            .ok_or("the salt is not 64 hex digits")?;
        Entry::from_json(self.text(&format!("{folder}/{ENTRY_FILE}")))
            .and_then(|entry| entry.opens_to(kind, id, recorded_at, record, &salt))
            .map_err(|error| describe(&error))
    }

    /// The number of the entry in `folder`, when it is under the checkpoint of the bundle.
    fn prove(&self, folder: &str, head: Option<&SignedCheckpoint>) -> Result<u64, String> {
        let head = head.ok_or("the head of the log is not valid")?;
        let proof: TlogProof = self
            .text(&format!("{folder}/{PROOF_FILE}"))
            .parse()
            .map_err(|error| describe(&error))?;
        // The same bytes as the checkpoint whose signature was verified once, for all proofs.
        if proof.checkpoint != head.note() {
            return Err("the proof leads to another checkpoint".into());
        }
        let leaf = leaf_hash(self.text(&format!("{folder}/{ENTRY_FILE}")).as_bytes());
        verify_inclusion(&leaf, proof.index, head.size(), &proof.hashes, &head.root())
            .map_err(|error| describe(&error))?;
        Ok(proof.index)
    }

    fn check_custody(&self, folder: &str, deposit: &Deposit, index: Option<u64>) -> Result<String, String> {
        let text = self.text(&format!("{folder}/{CUSTODY_FILE}"));
        let lines: Vec<&str> = text
            .strip_suffix('\n')
            .ok_or("the custody lines are cut short")?
            .split('\n')
            .collect();
        let acts = check_custody(&lines, deposit).map_err(|error| error.to_string())?;
        let index = index.map(|index| index.to_string());
        let is_deposited = acts.iter().any(|act| {
            act.act == Act::Deposited && index.is_some() && act.detail.get("index") == index.as_ref()
        });
        if is_deposited {
            Ok(format!("{} lines", acts.len()))
        } else {
            Err("no line says that it was deposited".into())
        }
    }

    fn check_seal(&self, head: Option<&SignedCheckpoint>) -> Result<Statement, String> {
        let json = self.text(&format!("{SEAL_FOLDER}/{STATEMENT_FILE}"));
        let statement: Statement =
            from_canonical(json, MAX_SMALL_BYTES as usize, "the statement of the seal")
                .map_err(|e| e.to_string())?;
        if statement.v != BUNDLE_VERSION || statement.items != self.items as u64 {
            return Err("the seal is of another version or another number of items".into());
        }
        let files = self.digests.iter().filter(|(name, _)| is_sealed(name));
        let wanted = manifest(files.map(|(name, digests)| (name.as_str(), digests.sha256.as_str())));
        let list = format!("{SEAL_FOLDER}/{SEALED_FILE}");
        if self.text(&list) != wanted {
            return Err("the files are not those that were sealed".into());
        }
        let digest = self.digests.get(&list).map(|digests| digests.sha256.as_str());
        if !is_hex_digest(&statement.sealed_sha256) || digest != Some(statement.sealed_sha256.as_str()) {
            return Err("the list of sealed files is not the one that was sealed".into());
        }
        self.open_commitment(SEAL_FOLDER, ENTRY_BUNDLE, statement.id, statement.made_at, json)?;
        self.prove(SEAL_FOLDER, head)?;
        Ok(statement)
    }

    fn has_our_instructions(&self, statement: &Statement, deposits: &[Option<Deposit>]) -> bool {
        let mut items = Vec::new();
        for (at, deposit) in deposits.iter().enumerate() {
            let Some(deposit) = deposit else { return false };
            let number = at + 1;
            let proof = self
                .text(&format!("{}/{PROOF_FILE}", item_folder(number)))
                .parse::<TlogProof>();
            let Ok(proof) = proof else { return false };
            items.push(PageItem {
                content: &deposit.content,
                kind: &deposit.kind,
                deposited_at: deposit.deposited_at,
                log_index: proof.index,
                is_included: self
                    .digests
                    .contains_key(&original_path(number, &deposit.content.name)),
            });
        }
        let log_key = self.text(LOG_KEY_PATH).trim_end_matches('\n');
        self.text(SCRIPT_PATH) == VERIFY_SCRIPT
            && self.text(TEXT_PATH) == VERIFY_TEXT
            && self.text(PAGE_PATH)
                == page(statement.id, statement.made_at, &statement.actor, log_key, &items)
    }

    /// Whether a file is a small one or the original of an item.
    fn belongs(&self, name: &str, deposits: &[Option<Deposit>]) -> bool {
        if self.small.contains_key(name) {
            return true;
        }
        let number = name
            .get(5..9)
            .and_then(|digits| digits.parse::<usize>().ok())
            .unwrap_or(0);
        let deposit = number
            .checked_sub(1)
            .and_then(|at| deposits.get(at))
            .and_then(Option::as_ref);
        deposit.is_some_and(|deposit| original_path(number, &deposit.content.name) == name)
    }

    /// A small file; the layout says that it is there.
    fn text(&self, path: &str) -> &str {
        self.small.get(path).map_or("", String::as_str)
    }
}

/// What the log's own clock says, which nobody has confirmed.
fn stated_times(deposits: &[Option<Deposit>]) -> String {
    let times = || deposits.iter().flatten().map(|deposit| deposit.deposited_at);
    let range = times().min().zip(times().max());
    let stated = range.map_or_else(String::new, |(first, last)| format!(" ({first} to {last})"));
    format!("times are stated by the log's own clock{stated}; there is no trusted time stamp")
}

fn check_trust(key: Option<&VerifierKey>, policy: &Policy, report: &mut Verification) {
    let text = key.map(ToString::to_string).unwrap_or_default();
    let (state, detail) = if policy.trusted_log_keys.is_empty() {
        (
            State::NotChecked,
            format!("the key in the bundle was taken as it is: {text}"),
        )
    } else if key.is_some_and(|key| policy.trusted_log_keys.contains(key)) {
        (State::Ok, text)
    } else {
        (
            State::Failed,
            format!("the key in the bundle is none of those that you trust: {text}"),
        )
    };
    report.add("log_key_trusted", state, "bundle", detail);
}

/// An error with its causes, in one line.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
