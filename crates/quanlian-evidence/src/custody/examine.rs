//! Examination of one chain: every check, one finding each.
//!
//! In:  the lines, the salt and the entries that came with them; the log, where it is at hand; the
//!      keys that the checker knows.
//! Out: an [`Examination`].
//!
//! Invariant: *linked*, *signed*, *by a known key*, *in the log* and *whole to the end* are separate
//! findings. What could not be looked at is [`Finding::NotChecked`], never [`Finding::Holds`].
//!
//! Not here: whether what the lines say is true, which no program can know.

use quanlian_record::id::DepositId;
use quanlian_tlog::note::VerifierKey;
use serde::Serialize;

use super::{
    CustodyLine, SIGNED_CUSTODY_VERSION, chain,
    entry::{self, LoggedAct},
    order::{self, Gap, Standing},
    signing::{self, Verdict},
};
use crate::deposit::Salt;

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// Nobody looked, or nobody can.
    NotChecked,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked; one of the words listed at [`examine`].
    pub code: &'static str,
    /// What it came to.
    pub finding: Finding,
    /// The number of the line, where it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// More about it, in English; the command line has its own words for each code.
    pub detail: String,
}

/// One signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signature {
    /// The number of the line, from 1.
    pub line: usize,
    /// The party.
    pub name: String,
    /// As whom.
    pub role: &'static str,
    /// What it comes to.
    pub verdict: Verdict,
}

/// All that can be said about one chain.
#[derive(Debug, Clone, Serialize)]
pub struct Examination {
    /// Whether no check has failed. It does not mean that all were made: see the checks.
    pub ok: bool,
    /// The checks.
    pub checks: Vec<Check>,
    /// Each signature.
    pub signatures: Vec<Signature>,
    /// What an opponent will ask about.
    pub gaps: Vec<Gap>,
    /// Where the item stands after the last line; `None` when the lines are no chain.
    pub standing: Option<Standing>,
    /// The lines as read, empty when they are no chain.
    #[serde(skip)]
    pub lines: Vec<CustodyLine>,
}

/// What a log says, for whoever has it at hand.
pub trait LogView {
    /// The number of entries that are looked at.
    fn size(&self) -> u64;
    /// An entry; `None` when it cannot be read.
    fn entry(&self, index: u64) -> Option<Vec<u8>>;
}

/// What came with the lines.
pub struct Chain<'a> {
    /// The item.
    pub item: DepositId,
    /// The lines.
    pub lines: &'a [&'a str],
    /// The salt of the deposit.
    pub salt: &'a Salt,
    /// The entries of the lines of version 2.
    pub logged: &'a [LoggedAct],
    /// The SHA-256 of the first line, as the deposit record has it.
    pub first_sha256: &'a str,
    /// The number of the deposit in the log: its acts come after it.
    pub deposit_index: u64,
}

/// Examines one chain.
///
/// | code | says |
/// |---|---|
/// | `chain` | the lines follow each other, from the one that the deposit record names |
/// | `order` | each act can follow those before, or says why it does all the same |
/// | `signatures` | each signature fits the key that the line names |
/// | `keys` | those keys belong to people whom the checker knows |
/// | `committed` | each line of version 2 has an entry that commits to it |
/// | `in_log` | those entries stand in the log where they are said to |
/// | `tail` | the last line is one that the log pins; lines of version 1 at the end are not |
/// | `complete` | the log has no entry for a further line of this item |
///
/// Linear in the lines; with a log also in its entries after the deposit.
pub fn examine(given: &Chain<'_>, log: Option<&dyn LogView>, trusted: &[VerifierKey]) -> Examination {
    let mut found = Examination {
        ok: true,
        checks: Vec::new(),
        signatures: Vec::new(),
        gaps: Vec::new(),
        standing: None,
        lines: Vec::new(),
    };
    let lines = match chain(given.lines, given.item) {
        Ok(lines) => lines,
        Err(error) => {
            found.add("chain", Finding::Fails, None, error.to_string());
            return found;
        }
    };
    let starts_right = crate::content::sha256_hex(given.lines[0].as_bytes()) == given.first_sha256;
    if starts_right {
        found.add("chain", Finding::Holds, None, format!("{} lines", lines.len()));
    } else {
        let why = "the first line is not the one that the deposit record names";
        found.add("chain", Finding::Fails, Some(1), why);
    }
    found.check_order(&lines);
    found.check_signatures(&lines, trusted);
    found.check_entries(given, &lines, log);
    found.check_end(given, &lines, log);
    let (standing, gaps) = order::follow(&lines);
    found.standing = Some(standing);
    found.gaps = gaps;
    found.lines = lines;
    found
}

impl Examination {
    fn add(&mut self, code: &'static str, finding: Finding, line: Option<usize>, detail: impl Into<String>) {
        self.ok &= finding != Finding::Fails;
        let detail = detail.into();
        self.checks.push(Check {
            code,
            finding,
            line,
            detail,
        });
    }

    fn check_order(&mut self, lines: &[CustodyLine]) {
        let mut standing = Standing::default();
        let mut holds = true;
        for (at, line) in lines.iter().enumerate() {
            if let Err(problem) = standing.allows(line) {
                holds = false;
                self.add("order", Finding::Fails, Some(at + 1), problem.to_string());
            }
            standing.take_in(line);
        }
        if holds {
            self.add("order", Finding::Holds, None, "");
        }
    }

    fn check_signatures(&mut self, lines: &[CustodyLine], trusted: &[VerifierKey]) {
        let (mut signed, mut known) = (0, 0);
        for (at, line) in lines.iter().enumerate() {
            let parties = line.record.iter().flat_map(|record| &record.parties);
            for (number, party) in parties.enumerate() {
                let verdict = signing::judge(line, number, trusted);
                match verdict {
                    Verdict::Wrong => {
                        let why = format!("the signature of {} does not fit", party.name);
                        self.add("signatures", Finding::Fails, Some(at + 1), why);
                    }
                    Verdict::Trusted => (signed, known) = (signed + 1, known + 1),
                    Verdict::Fits => signed += 1,
                    Verdict::OnPaper | Verdict::Unsigned => {}
                }
                let (name, role) = (party.name.clone(), party.role.word());
                self.signatures.push(Signature {
                    line: at + 1,
                    name,
                    role,
                    verdict,
                });
            }
        }
        let all = self.signatures.len();
        if !self
            .signatures
            .iter()
            .any(|found| found.verdict == Verdict::Wrong)
        {
            let (finding, detail) = match (signed, all) {
                (_, 0) => (Finding::NotChecked, "no line is signed".to_owned()),
                (0, _) => (
                    Finding::NotChecked,
                    format!("none of {all} parties signed with a key"),
                ),
                _ => (
                    Finding::Holds,
                    format!("{signed} of {all} parties signed with a key; each fits"),
                ),
            };
            self.add("signatures", finding, None, detail);
        }
        let (finding, detail) = if signed > 0 && known == signed {
            (Finding::Holds, format!("{known} keys are known"))
        } else {
            (
                Finding::NotChecked,
                format!("{known} of {signed} keys are known; whose the others are nobody has said"),
            )
        };
        self.add("keys", finding, None, detail);
    }

    /// Each line of version 2 has one entry, and no entry is without its line.
    fn check_entries(&mut self, given: &Chain<'_>, lines: &[CustodyLine], log: Option<&dyn LogView>) {
        let of_people = |line: &&CustodyLine| line.v == SIGNED_CUSTODY_VERSION;
        let wanted = lines.iter().filter(of_people).count();
        let numbers = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| of_people(line))
            .map(|(at, _)| at as u64 + 1);
        if !given.logged.iter().map(|logged| logged.line).eq(numbers) {
            let why = format!("{} entries for {wanted} lines of version 2", given.logged.len());
            self.add("committed", Finding::Fails, None, why);
            return;
        }
        if wanted == 0 {
            self.add(
                "committed",
                Finding::NotChecked,
                None,
                "no line has an entry of its own",
            );
            return;
        }
        let (mut committed, mut in_log) = (true, true);
        for logged in given.logged {
            let number = logged.line as usize;
            if logged
                .opens_to(given.salt, given.item, given.lines[number - 1])
                .is_err()
            {
                committed = false;
                self.add(
                    "committed",
                    Finding::Fails,
                    Some(number),
                    "its entry does not commit to the line",
                );
            }
            let is_there = log.and_then(|log| log.entry(logged.log_index));
            if log.is_some() && is_there.as_deref() != Some(logged.entry_json.as_bytes()) {
                in_log = false;
                let why = format!("the log has another entry {}", logged.log_index);
                self.add("in_log", Finding::Fails, Some(number), why);
            }
        }
        if committed {
            self.add("committed", Finding::Holds, None, format!("{wanted} lines"));
        }
        match log {
            None => self.add("in_log", Finding::NotChecked, None, "the log is not at hand"),
            Some(log) if in_log => {
                self.add(
                    "in_log",
                    Finding::Holds,
                    None,
                    format!("log of {} entries", log.size()),
                );
            }
            Some(_) => {}
        }
    }

    fn check_end(&mut self, given: &Chain<'_>, lines: &[CustodyLine], log: Option<&dyn LogView>) {
        let behind = lines
            .iter()
            .rev()
            .take_while(|line| line.v != SIGNED_CUSTODY_VERSION)
            .count();
        // The first line stands under the deposit record.
        let unpinned = behind.min(lines.len() - 1);
        if unpinned == 0 {
            self.add("tail", Finding::Holds, None, "");
        } else {
            let why = format!(
                "the last {unpinned} lines are of version 1 and rest on the receipt, or on the seal of a bundle"
            );
            self.add("tail", Finding::NotChecked, Some(lines.len() - unpinned + 1), why);
        }
        let Some(log) = log else {
            let why = "without the log nobody can see whether lines were cut off at the end";
            self.add("complete", Finding::NotChecked, None, why);
            return;
        };
        let after = entry::ids_after(given.salt, given.item, lines.len());
        for index in given.deposit_index..log.size() {
            let Some(bytes) = log.entry(index) else {
                let why = format!("entry {index} of the log cannot be read");
                self.add("complete", Finding::NotChecked, None, why);
                return;
            };
            let id = serde_json::from_slice::<EntryId>(&bytes)
                .ok()
                .and_then(|entry| entry.id.parse().ok());
            if let Some(number) = id.and_then(|id: uuid::Uuid| after.get(&id)) {
                let why = format!("the log has line {number} of this item as entry {index}; it was withheld");
                self.add("complete", Finding::Fails, None, why);
                return;
            }
        }
        let detail = format!("no further line among the {} entries of the log", log.size());
        self.add("complete", Finding::Holds, None, detail);
    }
}

/// As much of an entry as the search for further lines needs; other entries may have other shapes.
#[derive(serde::Deserialize)]
struct EntryId {
    id: String,
}
