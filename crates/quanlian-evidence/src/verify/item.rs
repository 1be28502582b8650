//! One item of a bundle: its original, its entry, its chain of custody, or what an erasure left of it.
//!
//! In:  the files of the item, the head of the log, the keys of people whom the reader knows.
//! Out: checks, and what the item is ([`Item`]).
//!
//! Invariant: each act of people is two checks: who signed it, and where it stands in the log. A
//! signature on paper is not checked and says so; what was erased is erased and never `ok`.
//!
//! Not here: whether the log has further acts, which no bundle can show.

use std::collections::BTreeSet;

use quanlian_tlog::{checkpoint::SignedCheckpoint, note::VerifierKey};

use super::{State, Verification, describe, opened::Opened};
use crate::{
    bundle::{
        CUSTODY_FILE, DEPOSIT_FILE, ENTRY_FILE, SALT_FILE, TOMBSTONE_FILE, act_folder, erased_folder,
        item_folder, original_path,
    },
    content::sha256_hex,
    custody::{
        self, Act, CustodyLine,
        act::{Attestation, Party},
        entry::LoggedAct,
        order::Standing,
        signing::{self, Verdict},
    },
    deposit::{Deposit, ENTRY_DEPOSIT, ENTRY_ERASURE, Entry, Salt, from_canonical},
    vault::{MAX_TOMBSTONE_BYTES, Statement, TOMBSTONE_VERSION},
};

/// What an item is.
pub(super) enum Item {
    /// A deposit that stands.
    Kept(Deposit),
    /// One that was erased.
    Erased(Statement),
}

impl Item {
    /// The deposit record, unless it was erased.
    pub(super) fn kept(&self) -> Option<&Deposit> {
        match self {
            Self::Kept(deposit) => Some(deposit),
            Self::Erased(_) => None,
        }
    }
}

/// The keys that signed acts, and those whom the reader knows.
pub(super) struct People<'a> {
    known: &'a [VerifierKey],
    strangers: BTreeSet<String>,
    signed: usize,
}

impl<'a> People<'a> {
    pub(super) fn new(known: &'a [VerifierKey]) -> Self {
        Self {
            known,
            strangers: BTreeSet::new(),
            signed: 0,
        }
    }

    /// What a signature comes to; who signed is remembered.
    fn judge(&mut self, line: &CustodyLine, at: usize) -> Verdict {
        let verdict = signing::judge(line, at, self.known);
        if let (Verdict::Fits | Verdict::Trusted, Some(Attestation::Signed { key, .. })) =
            (verdict, line.attestations.get(at))
        {
            self.signed += 1;
            if verdict == Verdict::Fits {
                self.strangers.insert(key.clone());
            }
        }
        verdict
    }

    /// Whether all that signed are known; nothing where nobody did.
    pub(super) fn report(&self, report: &mut Verification) {
        if self.signed == 0 {
            return;
        }
        let (state, detail) = match self.strangers.first() {
            None => (
                State::Ok,
                format!("{} signatures by people whom you know", self.signed),
            ),
            Some(first) => (
                State::NotChecked,
                format!(
                    "whose key it is, nobody here has said: {first}{}",
                    match self.strangers.len() - 1 {
                        0 => String::new(),
                        more => format!(" and {more} more"),
                    }
                ),
            ),
        };
        report.add("custody_keys", state, "bundle", detail);
    }
}

impl Opened {
    /// All checks on one item; `None` when its record cannot be read.
    pub(super) fn check_item(
        &self,
        number: usize,
        head: Option<&SignedCheckpoint>,
        people: &mut People<'_>,
        report: &mut Verification,
    ) -> Option<Item> {
        if self.is_erased(number) {
            return self.check_erased(number, head, report);
        }
        let folder = item_folder(number);
        let json = self.text(&format!("{folder}/{DEPOSIT_FILE}"));
        let deposit = match Deposit::from_json(json) {
            Ok(deposit) => deposit,
            Err(error) => {
                let subject = format!("{number:04}");
                report.add("deposit_committed", State::Failed, &subject, error.to_string());
                return None;
            }
        };
        let subject = format!("{number:04} {}", deposit.content.name);
        let (state, detail) = match self.digests.get(&original_path(number, &deposit.content.name)) {
            None => (State::NotChecked, "the original is not in the bundle"),
            Some(digests) if deposit.content.is_told_by(digests) => {
                (State::Ok, deposit.content.sha256.as_str())
            }
            Some(_) => (State::Failed, "the original is not what was deposited"),
        };
        report.add("file_is_deposit", state, &subject, detail);
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
        let index = index.ok();
        match self.custody_lines(&folder, &deposit, index) {
            Ok((texts, lines)) => {
                let signed = lines.iter().filter(|line| line.record.is_some()).count();
                let detail = format!("{} lines, {signed} of them signed acts", lines.len());
                report.add("custody_chain", State::Ok, &subject, detail);
                let chain = Chain {
                    number,
                    subject: &subject,
                    deposit: &deposit,
                    texts: &texts,
                    lines: &lines,
                };
                self.check_acts(&chain, index, head, people, report);
            }
            Err(why) => report.add("custody_chain", State::Failed, &subject, why),
        }
        Some(Item::Kept(deposit))
    }

    /// What an erasure left: the entry of the deposit, and the tombstone.
    fn check_erased(
        &self,
        number: usize,
        head: Option<&SignedCheckpoint>,
        report: &mut Verification,
    ) -> Option<Item> {
        let (folder, erased) = (item_folder(number), erased_folder(number));
        let subject = format!("{number:04} (erased)");
        let json = self.text(&format!("{erased}/{TOMBSTONE_FILE}"));
        let statement: Statement = match from_canonical(json, MAX_TOMBSTONE_BYTES, "the tombstone") {
            Ok(statement) => statement,
            Err(error) => {
                report.add("erasure_in_log", State::Failed, &subject, error.to_string());
                return None;
            }
        };
        let told = format!(
            "erased by order of {} at {}: {}",
            statement.by, statement.at, statement.reason
        );
        report.add("file_is_deposit", State::Erased, &subject, told);
        let why = "the salt is gone, so nobody can open what the entry commits to";
        report.add("deposit_committed", State::Erased, &subject, why);
        let entry = Entry::from_json(self.text(&format!("{folder}/{ENTRY_FILE}")));
        let in_log = entry.map_err(|error| error.to_string()).and_then(|entry| {
            if entry.kind != ENTRY_DEPOSIT || entry.id != statement.deposit.0 {
                return Err("the entry is not that of the deposit which the tombstone names".to_owned());
            }
            let index = self.prove(&folder, head)?;
            if statement.deposit_index == Some(index) {
                Ok(format!("entry {index}, recorded at {}", entry.recorded_at))
            } else {
                Err("the tombstone names another entry".to_owned())
            }
        });
        report.result("deposit_in_log", &subject, in_log);
        let tombstone = if statement.v == TOMBSTONE_VERSION {
            self.open_commitment(&erased, ENTRY_ERASURE, statement.deposit.0, statement.at, json)
                .and_then(|()| self.prove(&erased, head))
        } else {
            Err("a tombstone of another version".to_owned())
        };
        report.result(
            "erasure_in_log",
            &subject,
            tombstone.map(|index| format!("entry {index}")),
        );
        let why = "the custody lines were erased with the deposit";
        report.add("custody_chain", State::Erased, &subject, why);
        Some(Item::Erased(statement))
    }

    /// The lines of an item that are a chain from the one that the deposit names, in an order that can be.
    fn custody_lines(
        &self,
        folder: &str,
        deposit: &Deposit,
        index: Option<u64>,
    ) -> Result<(Vec<&str>, Vec<CustodyLine>), String> {
        let text = self.text(&format!("{folder}/{CUSTODY_FILE}"));
        let texts: Vec<&str> = text
            .strip_suffix('\n')
            .ok_or("the custody lines are cut short")?
            .split('\n')
            .collect();
        let lines = custody::chain(&texts, deposit.id).map_err(|error| describe(&error))?;
        if sha256_hex(texts[0].as_bytes()) != deposit.custody_sha256 {
            return Err("the first custody line is not the one that the deposit record names".to_owned());
        }
        let mut standing = Standing::default();
        for (number, line) in (1..).zip(&lines) {
            standing
                .allows(line)
                .map_err(|problem| format!("custody line {number} cannot follow: {problem}"))?;
            standing.take_in(line);
        }
        let index = index.map(|index| index.to_string());
        let is_deposited = |line: &CustodyLine| {
            line.act == Act::Deposited && index.is_some() && line.detail.get("index") == index.as_ref()
        };
        if lines.iter().any(is_deposited) {
            Ok((texts, lines))
        } else {
            Err("no line says that it was deposited".into())
        }
    }

    /// Two checks for each act of people, and one that no entry is without its line.
    fn check_acts(
        &self,
        chain: &Chain<'_>,
        deposit_index: Option<u64>,
        head: Option<&SignedCheckpoint>,
        people: &mut People<'_>,
        report: &mut Verification,
    ) {
        let mut entries: BTreeSet<u64> = self.acts_of(chain.number).collect();
        let mut before = deposit_index;
        for (at, line) in chain.lines.iter().enumerate() {
            let Some(record) = &line.record else { continue };
            let number = at as u64 + 1;
            let subject = format!("{}, line {number} {}", chain.subject, line.act.word());
            let (state, detail) = signatures(line, &record.parties, people);
            report.add("custody_act_signed", state, &subject, detail);
            let index = if entries.remove(&number) {
                self.act_in_log(chain, number, head)
            } else {
                Err("its entry in the log is not in the bundle".to_owned())
            };
            let index = index.and_then(|index| match before {
                Some(before) if before < index => Ok(index),
                Some(before) => Err(format!(
                    "it is entry {index}, which does not come after entry {before} of what was before"
                )),
                None => Err("the entry of the deposit is not valid".to_owned()),
            });
            before = index.as_ref().ok().copied().or(before);
            report.result(
                "custody_act_in_log",
                &subject,
                index.map(|index| format!("entry {index}")),
            );
        }
        for number in entries {
            let subject = format!("{}, line {number}", chain.subject);
            let why = "the log has an entry for this line, and the line is not a signed act of the chain: it was left out or changed";
            report.add("custody_act_in_log", State::Failed, &subject, why);
        }
    }

    /// The number of the entry of a line that commits to it and is in the log.
    fn act_in_log(
        &self,
        chain: &Chain<'_>,
        line: u64,
        head: Option<&SignedCheckpoint>,
    ) -> Result<u64, String> {
        let folder = act_folder(chain.number, line);
        let salt = self.text(&format!("{}/{SALT_FILE}", item_folder(chain.number)));
        let salt = salt
            .strip_suffix('\n')
            .and_then(Salt::from_hex)
            .ok_or("the salt is not 64 hex digits")?;
        let logged = LoggedAct {
            line,
            entry_json: self.text(&format!("{folder}/{ENTRY_FILE}")).to_owned(),
            log_index: 0,
        };
        logged
            .opens_to(&salt, chain.deposit.id, chain.texts[line as usize - 1])
            .map_err(|error| describe(&error))?;
        self.prove(&folder, head)
    }
}

/// A chain whose lines follow each other.
struct Chain<'a> {
    number: usize,
    subject: &'a str,
    deposit: &'a Deposit,
    texts: &'a [&'a str],
    lines: &'a [CustodyLine],
}

/// How each party stands behind an act. `ok` only where each signed with a key.
fn signatures(line: &CustodyLine, parties: &[Party], people: &mut People<'_>) -> (State, String) {
    let mut state = State::Ok;
    let mut told = Vec::new();
    for (at, party) in parties.iter().enumerate() {
        let verdict = people.judge(line, at);
        let how = match (verdict, line.attestations.get(at)) {
            (Verdict::Fits | Verdict::Trusted, Some(Attestation::Signed { key, .. })) => {
                format!("signed by {}", key.split('+').next().unwrap_or_default())
            }
            (Verdict::OnPaper, Some(Attestation::Paper { scan, .. })) => {
                format!("on paper, scan {scan}")
            }
            (Verdict::Unsigned, Some(Attestation::Unsigned { reason, .. })) => {
                format!("not signed: {reason}")
            }
            _ => "THE SIGNATURE DOES NOT FIT".to_owned(),
        };
        state = match (state, verdict) {
            (_, Verdict::Wrong) | (State::Failed, _) => State::Failed,
            (_, Verdict::OnPaper | Verdict::Unsigned) => State::NotChecked,
            (state, _) => state,
        };
        told.push(format!("{} {}: {how}", party.role.word(), party.name));
    }
    (state, told.join("; "))
}
