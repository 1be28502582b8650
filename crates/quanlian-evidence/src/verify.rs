//! Verification of a bundle, without the installation that made it.
//!
//! In:  a file from anybody, the log keys that the caller trusts, if any, and who judges
//!      witnesses and time stamps, if anybody does.
//! Out: a [`Verification`]: every check with its own state, and one line for each question.
//!
//! Invariant: *parsed*, *fits*, *signed* and *trusted* are different lines, and what
//! nobody checked says so. No line is `ok` because a check could not be made.
//!
//! Not here: the rules for cosignatures (`quanlian-tlog`) and time stamps (`quanlian-timestamp`);
//! the caller brings both as [`Judges`]: [`WitnessJudge`], [`TimeJudge`] or others.

mod item;
mod judges;
mod opened;
mod policy;
mod report;

use std::{
    collections::BTreeSet,
    io::{Read, Seek},
    path::Path,
};

use quanlian_record::time::Timestamp;
use quanlian_tlog::{
    checkpoint::SignedCheckpoint, hash::leaf_hash, merkle::verify_inclusion, note::Note, note::VerifierKey,
    proof::TlogProof,
};

use self::{
    item::{Item, People},
    opened::{MAX_SMALL_BYTES, Opened},
};
pub use self::{
    judges::{TimeJudge, WitnessJudge},
    policy::{Policy, PolicyError},
    report::{Answer, Check, Line, Question, State, Verification},
};
use crate::{
    bundle::{
        BAG_INFO_PATH, BAGIT, BAGIT_PATH, BUNDLE_VERSION_1, BagInfo, CHECKPOINT_PATH, ENTRY_FILE,
        LOG_KEY_PATH, MANIFEST_SHA256_PATH, MANIFEST_SM3_PATH, PAGE_PATH, PROOF_FILE, PageItem, SALT_FILE,
        SCRIPT_PATH, SEAL_FOLDER, SEALED_FILE, STATEMENT_FILE, Statement, TAG_MANIFEST_SHA256_PATH,
        TAG_MANIFEST_SM3_PATH, TEXT_PATH, Token, VERIFIER_PAGE, VERIFIER_PATH, VERIFY_SCRIPT, VERIFY_TEXT,
        WitnessFiles, bag_info, is_payload, is_sealed, item_folder, manifest, original_path, page,
    },
    container::{ContainerError, Reader},
    content::is_hex_digest,
    deposit::{ENTRY_BUNDLE, Entry, Salt, from_canonical},
};

/// Judges the cosignatures of a bundle.
pub trait JudgeWitnesses {
    /// One or more checks whose codes begin with `log_witnessed`.
    ///
    /// `head` is signed by the log; its note carries all further signature lines. `carried` is what the
    /// maker of the bundle says of the witnesses; whoever has a policy of their own goes by that.
    fn judge(&self, head: &SignedCheckpoint, carried: Option<&WitnessFiles>) -> Vec<Check>;
}

/// Judges the time stamps of a bundle.
pub trait JudgeTime {
    /// One or more checks, with the code `time` or codes that begin with `time_`.
    ///
    /// The tokens stand over the bytes of `checkpoint`, cosignatures included. There may be none, and
    /// whoever needs one says so.
    fn judge(&self, checkpoint: &str, tokens: &[Token]) -> Vec<Check>;
}

/// Who judges what this crate carries and does not itself understand; without one, its line says so.
#[derive(Clone, Copy, Default)]
pub struct Judges<'a> {
    /// For cosignatures.
    pub witnesses: Option<&'a dyn JudgeWitnesses>,
    /// For time stamps.
    pub time: Option<&'a dyn JudgeTime>,
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
/// | `custody_chain` | the custody lines are a chain from collection to this bundle, in an order that can be |
/// | `custody_act_signed` | the signatures of one act fit the keys that its line names, both sides |
/// | `custody_act_in_log` | the entry of that act commits to its line, and is in the log behind those before |
/// | `custody_keys` | those keys belong to people whom the caller knows |
/// | `erasure_in_log` | of an erased deposit: the tombstone is in the log |
/// | `bundle_sealed` | the files of the bundle are those that were closed, and the log says so |
/// | `instructions` | script and page are those that this version of the program writes |
/// | `bag` | the bundle is a bag as its statement describes it (version 2) |
/// | `log_witnessed`… | what the judge of the cosignatures says; else `not_checked` |
/// | `time`, `time_`… | what the judge of the time stamps says; else `not_checked` |
/// | `further_acts`, `truth_before_deposit`, `authorship`, `made_when`, `lawful_collection` | always `not_checked`: no bundle can prove it |
///
/// Bounded: memory by the small files of one bundle, time by one pass over the file.
pub fn verify_bundle(path: &Path, policy: &Policy) -> Verification {
    verify_bundle_with(path, policy, Judges::default())
}

/// As [`verify_bundle`], with judges of witnesses and time stamps.
pub fn verify_bundle_with(path: &Path, policy: &Policy, judges: Judges<'_>) -> Verification {
    verify_reader(Reader::open(path), policy, judges)
}

/// As [`verify_bundle`], for a bundle that is not a file.
pub fn verify_stream<F: Read + Seek>(bundle: F, policy: &Policy) -> Verification {
    verify_stream_with(bundle, policy, Judges::default())
}

/// As [`verify_bundle_with`], for a bundle that is not a file.
pub fn verify_stream_with<F: Read + Seek>(bundle: F, policy: &Policy, judges: Judges<'_>) -> Verification {
    verify_reader(Reader::new(bundle), policy, judges)
}

fn verify_reader<F: Read + Seek>(
    reader: Result<Reader<F>, ContainerError>,
    policy: &Policy,
    judges: Judges<'_>,
) -> Verification {
    let mut report = Verification::new();
    match reader.map_err(|error| describe(&error)).and_then(Opened::read) {
        Ok(bundle) => {
            report.add(
                "container",
                State::Ok,
                "bundle",
                format!("{} files", bundle.digests.len()),
            );
            bundle.check(policy, judges, &mut report);
        }
        Err(why) => report.add("container", State::Failed, "bundle", why),
    }
    for (code, why) in NEVER_CHECKED {
        report.add(code, State::NotChecked, "bundle", why);
    }
    report
}

/// What no bundle can prove, so that nobody takes silence for a yes.
const NEVER_CHECKED: [(&str, &str); 5] = [
    (
        "further_acts",
        "whether the log holds acts of custody that were left out when the bundle was closed, or that came later: \
         the log tells (`quanlian custody check`)",
    ),
    (
        "truth_before_deposit",
        "whether the content was true before it was deposited: its source, making and keeping are examined \
         separately (rules on online litigation of the people's courts, art. 18)",
    ),
    (
        "authorship",
        "who made the content, who holds rights in it, and whether the depositor is who the record names",
    ),
    (
        "made_when",
        "when the content was made: a deposit shows when at the latest it was there",
    ),
    ("lawful_collection", "whether it was lawfully obtained"),
];

impl Opened {
    fn check(&self, policy: &Policy, judges: Judges<'_>, report: &mut Verification) {
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
        let mut items = Vec::new();
        let mut people = People::new(&policy.people);
        for number in 1..=self.items {
            items.push(self.check_item(number, head.as_ref(), &mut people, report));
        }
        people.report(report);
        if let Some(name) = self.stranger(&items) {
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
        if self.version > BUNDLE_VERSION_1 {
            report.result("bag", "bundle", self.check_bag(statement.as_ref().ok()));
        }
        let (state, detail) = match statement {
            Ok(statement) if self.has_our_instructions(&statement, &items) => {
                (State::Ok, "as this program writes them")
            }
            _ => (
                State::NotChecked,
                "script or page differ from those of this version; read them before you rely on them",
            ),
        };
        report.add("instructions", state, "bundle", detail);
        self.judge_witnesses(head.as_ref(), judges, report);
        self.judge_time(&items, judges, report);
    }

    fn judge_witnesses(
        &self,
        head: Option<&SignedCheckpoint>,
        judges: Judges<'_>,
        report: &mut Verification,
    ) {
        let others = Note::parse(self.text(CHECKPOINT_PATH)).map_or(0, |note| note.signatures().len() - 1);
        let carried = self.witness_files();
        let why = match (head, judges.witnesses) {
            (None, _) => "the head of the log is not valid".to_owned(),
            (Some(head), Some(judge)) => {
                return add_all(report, "log_witnessed", judge.judge(head, carried.as_ref()));
            }
            _ if others == 0 => "nobody but the log itself has signed its checkpoint".to_owned(),
            _ => format!("{others} further signatures, which nobody here can judge"),
        };
        report.add("log_witnessed", State::NotChecked, "bundle", why);
    }

    fn judge_time(&self, items: &[Option<Item>], judges: Judges<'_>, report: &mut Verification) {
        let stated = stated_times(items);
        let why = match judges.time {
            Some(judge) => {
                let mut checks = judge.judge(self.text(CHECKPOINT_PATH), &self.tokens);
                if self.tokens.is_empty() {
                    for check in &mut checks {
                        check.detail = format!("{stated}; {}", check.detail);
                    }
                }
                return add_all(report, "time", checks);
            }
            None if self.tokens.is_empty() => format!("{stated}; there is no trusted time stamp"),
            None => format!(
                "{stated}; {} time stamps, which nobody here can judge",
                self.tokens.len()
            ),
        };
        report.add("time", State::NotChecked, "bundle", why);
    }

    /// The two tag files that the bag standard asks for, as the statement describes the bundle.
    fn check_bag(&self, statement: Option<&Statement>) -> Result<String, String> {
        if self.text(BAGIT_PATH) != BAGIT {
            return Err(format!("{BAGIT_PATH} is another declaration"));
        }
        let statement = statement.ok_or("there is no valid seal that describes it")?;
        let payload = || self.digests.iter().filter(|(name, _)| is_payload(name));
        let bytes = payload().map(|(_, digests)| digests.size_bytes).sum();
        let info = BagInfo {
            id: statement.id,
            made_at: statement.made_at,
            actor: &statement.actor,
            tool: &statement.tool,
        };
        if self.text(BAG_INFO_PATH) == bag_info(&info, bytes, payload().count()) {
            Ok(format!("{} files of payload, {bytes} bytes", payload().count()))
        } else {
            Err(format!("{BAG_INFO_PATH} does not describe this bundle"))
        }
    }

    fn check_manifests(&self) -> Result<String, String> {
        let is_bag = self.version > BUNDLE_VERSION_1;
        let of_tags = [TAG_MANIFEST_SHA256_PATH, TAG_MANIFEST_SM3_PATH];
        // In version 1 the two manifests list everything but themselves; in a bag they list the payload,
        // and two more list everything else but themselves.
        let payload = |name: &str| {
            if is_bag {
                is_payload(name)
            } else {
                name != MANIFEST_SHA256_PATH && name != MANIFEST_SM3_PATH
            }
        };
        let tags = |name: &str| !is_payload(name) && !of_tags.contains(&name);
        self.require_manifests([MANIFEST_SHA256_PATH, MANIFEST_SM3_PATH], payload)?;
        if is_bag {
            self.require_manifests(of_tags, tags)?;
        }
        Ok(format!("{} files", self.digests.len()))
    }

    fn require_manifests(
        &self,
        [sha256, sm3]: [&str; 2],
        is_listed: impl Fn(&str) -> bool,
    ) -> Result<(), String> {
        let files = || self.digests.iter().filter(|(name, _)| is_listed(name));
        let by_sha256 = manifest(files().map(|(name, digests)| (name.as_str(), digests.sha256.as_str())));
        let by_sm3 = manifest(files().map(|(name, digests)| (name.as_str(), digests.sm3.as_str())));
        for (path, wanted) in [(sha256, by_sha256), (sm3, by_sm3)] {
            if self.text(path) != wanted {
                return Err(format!("{path} does not list the files of this bundle"));
            }
        }
        Ok(())
    }

    fn open_head(&self, key: &VerifierKey) -> Result<SignedCheckpoint, String> {
        let text = self.text(CHECKPOINT_PATH);
        let note = Note::parse(text).map_err(|error| error.to_string())?;
        // Version 1 carries the log's own signature and no other, so that no byte is left unverified.
        if self.version == BUNDLE_VERSION_1 && note.signatures().len() != 1 {
            return Err("the checkpoint carries signatures that version 1 does not know".to_owned());
        }
        // The one line that is verified here stands where the shell looks for it.
        let is_first =
            |line: &quanlian_tlog::note::NoteSignature| line.name == key.name() && line.id == key.id();
        if !note.signatures().first().is_some_and(is_first) || note.signatures()[1..].iter().any(is_first) {
            return Err("the first signature, and no other, has to be that of the log".to_owned());
        }
        SignedCheckpoint::open(text, key).map_err(|error| describe(&error))
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

    fn check_seal(&self, head: Option<&SignedCheckpoint>) -> Result<Statement, String> {
        let json = self.text(&format!("{SEAL_FOLDER}/{STATEMENT_FILE}"));
        let statement: Statement =
            from_canonical(json, MAX_SMALL_BYTES as usize, "the statement of the seal")
                .map_err(|e| e.to_string())?;
        if statement.v != self.version || statement.items != self.items as u64 {
            return Err("the seal is of another version or another number of items".into());
        }
        let files = self
            .digests
            .iter()
            .filter(|(name, _)| is_sealed(self.version, name));
        let wanted = manifest(files.map(|(name, digests)| (name.as_str(), digests.sha256.as_str())));
        let list = format!("{SEAL_FOLDER}/{SEALED_FILE}");
        if self.text(&list) != wanted {
            let name = first_other(self.text(&list), &wanted);
            return Err(format!(
                "the files are not those that were sealed, first `{name}`"
            ));
        }
        let digest = self.digests.get(&list).map(|digests| digests.sha256.as_str());
        if !is_hex_digest(&statement.sealed_sha256) || digest != Some(statement.sealed_sha256.as_str()) {
            return Err("the list of sealed files is not the one that was sealed".into());
        }
        self.open_commitment(SEAL_FOLDER, ENTRY_BUNDLE, statement.id, statement.made_at, json)?;
        self.prove(SEAL_FOLDER, head)?;
        Ok(statement)
    }

    fn has_our_instructions(&self, statement: &Statement, found: &[Option<Item>]) -> bool {
        let mut items = Vec::new();
        for (number, item) in (1..).zip(found) {
            let proof = self
                .text(&format!("{}/{PROOF_FILE}", item_folder(number)))
                .parse::<TlogProof>();
            let (Some(item), Ok(proof)) = (item, proof) else {
                return false;
            };
            items.push(match item {
                Item::Kept(deposit) => PageItem::Kept {
                    content: &deposit.content,
                    kind: &deposit.kind,
                    deposited_at: deposit.deposited_at,
                    log_index: proof.index,
                    is_included: self
                        .digests
                        .contains_key(&original_path(number, &deposit.content.name)),
                },
                Item::Erased(erasure) => PageItem::Erased {
                    deposit: erasure.deposit,
                    at: erasure.at,
                    by: &erasure.by,
                    log_index: proof.index,
                },
            });
        }
        let log_key = self.text(LOG_KEY_PATH).trim_end_matches('\n');
        self.text(SCRIPT_PATH) == VERIFY_SCRIPT
            && self.text(TEXT_PATH) == VERIFY_TEXT
            && self.text(VERIFIER_PATH) == VERIFIER_PAGE
            && self.text(PAGE_PATH)
                == page(statement.id, statement.made_at, &statement.actor, log_key, &items)
    }
}

/// Adds what a judge says, under codes that belong to its question.
fn add_all(report: &mut Verification, code: &str, checks: Vec<Check>) {
    if checks.is_empty() {
        report.add(code, State::NotChecked, "bundle", "the judge said nothing");
    }
    for mut check in checks {
        if Question::of(&check.code) != Question::of(code) {
            check.code = format!("{code}_{}", check.code);
        }
        report.push(check);
    }
}

/// What the log's own clock says, which nobody has confirmed.
fn stated_times(items: &[Option<Item>]) -> String {
    let times = || {
        items
            .iter()
            .flatten()
            .filter_map(|item| item.kept().map(|deposit| deposit.deposited_at))
    };
    let range = times().min().zip(times().max());
    let stated = range.map_or_else(String::new, |(first, last)| format!(" ({first} to {last})"));
    format!("times are stated by the log's own clock{stated}")
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

/// The first file on which two lists of digests differ.
fn first_other<'a>(one: &'a str, other: &'a str) -> &'a str {
    let lines: BTreeSet<&str> = one.lines().collect();
    let others: BTreeSet<&str> = other.lines().collect();
    let names = lines
        .symmetric_difference(&others)
        .map(|line| line.split_once("  ").map_or(*line, |(_, name)| name));
    names.min().unwrap_or(SEALED_FILE)
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
