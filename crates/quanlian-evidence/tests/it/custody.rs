//! Acts of people: who must sign, what can follow what, and what an examination finds.

use std::{
    io::{self, Write as _},
    path::Path,
};

use quanlian_evidence::{
    custody::{
        self, Act, CustodyLine,
        act::{ActRecord, Attestation, Clock, MachineCheck, Party, Role, TimeSync},
        case_uco,
        examine::{Examination, Finding},
        order::{GapKind, Place},
        signing::Verdict,
    },
    deposit::{Deposit, Receipt},
    vault::{ActOrder, Recorded, Stand, Vault, VaultError},
};
use quanlian_record::id::DepositId;
use quanlian_tlog::note::SignerKey;

use crate::support::{Bench, read};

pub(crate) const OFFICER: &str = "王警官";
pub(crate) const EXPERT: &str = "Dr. Li";
pub(crate) const WITNESS: &str = "赵见证";

pub(crate) fn key(name: &str, seed: u8) -> SignerKey {
    SignerKey::from_seed(name, &[seed; 32]).unwrap()
}

pub(crate) fn officer() -> SignerKey {
    key("police.example/wang", 1)
}

pub(crate) fn expert() -> SignerKey {
    key("lab.example/li", 2)
}

pub(crate) fn party(role: Role, name: &str) -> Party {
    Party {
        role,
        name: name.into(),
        organisation: None,
    }
}

fn machine() -> MachineCheck {
    MachineCheck {
        program_sha256: None,
        system: "test".into(),
        disk_free_bytes: None,
        disk_total_bytes: None,
        time_sync: TimeSync::Unknown,
        clock: Clock::NotMeasured,
        self_test: vec!["sha256".into()],
        cleanliness: None,
    }
}

pub(crate) fn order(act: Act, parties: &[(Role, &str)]) -> ActOrder {
    ActOrder {
        act,
        record: ActRecord {
            parties: parties.iter().map(|(role, name)| party(*role, name)).collect(),
            reason: "case 2024-17".into(),
            place: Some("杭州".into()),
            irregular: None,
            media: Vec::new(),
            machine: machine(),
        },
    }
}

pub(crate) fn hand_over(from: &str, to: &str) -> ActOrder {
    order(Act::HandedOver, &[(Role::Giver, from), (Role::Receiver, to)])
}

pub(crate) struct Story {
    pub(crate) bench: Bench,
    pub(crate) vault: Vault,
    pub(crate) id: DepositId,
}

impl Story {
    /// One deposit, described by the officer who took it in.
    pub(crate) fn new() -> Self {
        let mut bench = Bench::new();
        let mut vault = bench.vault();
        let path = bench.file("song.mp3", b"sound");
        let receipt = bench.deposit(&mut vault, &[path]).receipts.remove(0).1;
        let id = receipt.open().unwrap().id;
        let mut story = Self { bench, vault, id };
        story.done(
            order(Act::Collected, &[(Role::Operator, OFFICER)]),
            &[(OFFICER, &officer())],
        );
        story
    }

    fn draft(&mut self, order: ActOrder) -> Result<(), VaultError> {
        self.vault
            .draft_act(self.id, order, &mut self.bench.outside)
            .map(|_| ())
    }

    fn attest(&mut self, name: &str, stand: &Stand<'_>) -> Result<Recorded, VaultError> {
        self.vault.attest(self.id, name, stand, &mut self.bench.outside)
    }

    /// An act whose parties all sign with a key.
    pub(crate) fn done(&mut self, order: ActOrder, keys: &[(&str, &SignerKey)]) -> Receipt {
        self.draft(order).unwrap();
        let mut last = None;
        for (name, key) in keys {
            last = Some(self.attest(name, &Stand::Key(key)).unwrap());
        }
        match last {
            Some(Recorded::Done { receipt, .. }) => *receipt,
            other => panic!("the act waits: {other:?}"),
        }
    }

    fn refused(&mut self, order: ActOrder) -> &'static str {
        let before = self.vault.receipt(self.id).unwrap();
        let code = self.draft(order).unwrap_err().code();
        assert_eq!(self.vault.receipt(self.id).unwrap(), before);
        code
    }

    pub(crate) fn examined(&self) -> Examination {
        let trusted = [officer().verifier().clone(), expert().verifier().clone()];
        self.vault.examine(self.id, &trusted).unwrap()
    }

    fn lines(&self) -> Vec<CustodyLine> {
        self.examined().lines
    }

    fn reopen(self) -> Self {
        let Self { mut bench, vault, id } = self;
        drop(vault);
        let vault = bench.vault();
        Self { bench, vault, id }
    }
}

pub(crate) fn finding(examination: &Examination, code: &str) -> Finding {
    examination
        .checks
        .iter()
        .find(|check| check.code == code)
        .unwrap()
        .finding
}

#[test]
fn a_hand_over_with_one_signature_waits_and_is_not_in_the_chain() {
    let mut story = Story::new();
    let before = story.vault.receipt(story.id).unwrap();
    story.draft(hand_over(OFFICER, EXPERT)).unwrap();
    let Recorded::Waits { missing, .. } = story.attest(OFFICER, &Stand::Key(&officer())).unwrap() else {
        panic!("one signature is not two");
    };
    assert_eq!(missing, [EXPERT]);
    assert_eq!(story.vault.receipt(story.id).unwrap(), before);
    assert_eq!(
        story.examined().standing.unwrap().holder.as_deref(),
        Some(OFFICER)
    );
    // While it waits nothing else can be put in its place.
    assert_eq!(
        story.refused(order(Act::Copied, &[(Role::Operator, OFFICER)])),
        "custody_waiting"
    );

    let mut story = story.reopen();
    let draft = story.vault.draft(story.id).unwrap().unwrap();
    assert_eq!(draft.line.attestations.len(), 1);
    let done = story.attest(EXPERT, &Stand::Key(&expert())).unwrap();
    assert!(matches!(done, Recorded::Done { line: 4, .. }), "{done:?}");
    assert_eq!(story.vault.draft(story.id).unwrap(), None);
    assert_eq!(story.examined().standing.unwrap().holder.as_deref(), Some(EXPERT));
}

#[test]
fn neither_side_of_a_hand_over_can_be_waved_away_and_a_witness_can() {
    let mut story = Story::new();
    story.draft(hand_over(OFFICER, EXPERT)).unwrap();
    let refused = story
        .attest(EXPERT, &Stand::Unsigned("refused".into()))
        .unwrap_err();
    assert_eq!(refused.code(), "custody_side_unsigned");
    story.vault.withdraw_act(story.id).unwrap();

    let mut parties = hand_over(OFFICER, EXPERT);
    parties.record.parties.push(party(Role::Witness, WITNESS));
    story.draft(parties).unwrap();
    story
        .attest(WITNESS, &Stand::Unsigned("拒绝签名".into()))
        .unwrap();
    story.attest(OFFICER, &Stand::Key(&officer())).unwrap();
    story.attest(EXPERT, &Stand::Key(&expert())).unwrap();
    let found = story.examined();
    assert!(found.ok, "{:?}", found.checks);
    assert!(
        found
            .gaps
            .iter()
            .any(|gap| gap.kind == GapKind::Unsigned && gap.detail.contains(WITNESS))
    );
    assert_eq!(found.signatures.last().unwrap().verdict, Verdict::Unsigned);
}

#[test]
fn what_cannot_follow_is_refused_and_changes_nothing() {
    let mut story = Story::new();
    let by = |act, name| order(act, &[(Role::Operator, name)]);
    assert_eq!(
        story.refused(by(Act::Opened, OFFICER)),
        "custody_order_not_sealed"
    );
    assert_eq!(
        story.refused(hand_over(EXPERT, OFFICER)),
        "custody_order_not_holder"
    );
    let returned = |from, to| order(Act::Returned, &[(Role::Giver, from), (Role::Receiver, to)]);
    assert_eq!(
        story.refused(returned(EXPERT, "owner")),
        "custody_order_not_holder"
    );

    story.done(by(Act::Sealed, OFFICER), &[(OFFICER, &officer())]);
    for act in [Act::Sealed, Act::Copied, Act::Analysed] {
        assert_eq!(story.refused(by(act, OFFICER)), "custody_order_sealed", "{act:?}");
    }
    assert_eq!(
        story.refused(by(Act::Collected, OFFICER)),
        "custody_order_collected_already"
    );
    story.done(
        hand_over(OFFICER, EXPERT),
        &[(OFFICER, &officer()), (EXPERT, &expert())],
    );
    story.done(by(Act::Opened, EXPERT), &[(EXPERT, &expert())]);
    story.done(by(Act::Analysed, EXPERT), &[(EXPERT, &expert())]);
    story.done(
        returned(EXPERT, OFFICER),
        &[(EXPERT, &expert()), (OFFICER, &officer())],
    );
    for act in [Act::Sealed, Act::Opened, Act::Copied, Act::Analysed] {
        assert_eq!(
            story.refused(by(act, OFFICER)),
            "custody_order_returned",
            "{act:?}"
        );
    }
    assert_eq!(
        story.refused(hand_over(OFFICER, EXPERT)),
        "custody_order_returned"
    );
    let found = story.examined();
    assert!(
        found.ok && found.gaps.is_empty(),
        "{:?} {:?}",
        found.checks,
        found.gaps
    );
    assert_eq!(found.standing.unwrap().place, Place::Returned);
}

#[test]
fn an_act_out_of_order_needs_its_reason_and_is_shown_as_irregular() {
    let mut story = Story::new();
    let mut late = hand_over(EXPERT, OFFICER);
    late.record.irregular = Some("the hand-over to the laboratory was on paper, lost in the flood".into());
    story.done(late, &[(EXPERT, &expert()), (OFFICER, &officer())]);
    let found = story.examined();
    assert!(found.ok);
    let kinds: Vec<GapKind> = found.gaps.iter().map(|gap| gap.kind).collect();
    assert_eq!(kinds, [GapKind::Irregular, GapKind::GiverIsNotHolder]);
}

#[test]
fn records_that_are_not_whole_are_named() {
    let mut story = Story::new();
    let mut check = |code: &str, change: &dyn Fn(&mut ActOrder)| {
        let mut order = hand_over(OFFICER, EXPERT);
        change(&mut order);
        assert_eq!(story.refused(order), code);
    };
    check("custody_role_missing", &|o| o.record.parties.truncate(1));
    check("custody_record_count", &|o| o.record.parties.clear());
    check("custody_first_party", &|o| o.record.parties.reverse());
    check("custody_role_unfit", &|o| {
        o.record.parties.push(party(Role::Holder, WITNESS));
    });
    check("custody_record_count", &|o| {
        o.record.parties.push(party(Role::Receiver, WITNESS));
    });
    check("custody_same_person", &|o| {
        o.record.parties[1].name = OFFICER.into();
    });
    check("custody_field", &|o| {
        o.record.parties[1].name = format!("{OFFICER} ");
    });
    check("custody_field", &|o| o.record.reason = String::new());
    check("custody_field", &|o| o.record.reason = "x".repeat(9 << 10));
    check("custody_control_character", &|o| {
        o.record.place = Some("a\nas receiver B".into());
    });
    check("custody_self_test", &|o| o.record.machine.self_test.clear());
    check("custody_act_of_program", &|o| o.act = Act::Bundled);
    check("custody_number", &|o| {
        o.record.machine.disk_free_bytes = Some(u64::MAX);
    });
}

#[test]
fn each_party_signs_once_with_a_key_of_its_own() {
    let mut story = Story::new();
    story.draft(hand_over(OFFICER, EXPERT)).unwrap();
    let code = |result: Result<Recorded, VaultError>| result.unwrap_err().code();
    assert_eq!(
        code(story.attest("nobody", &Stand::Key(&officer()))),
        "custody_no_such_party"
    );
    story.attest(OFFICER, &Stand::Key(&officer())).unwrap();
    assert_eq!(
        code(story.attest(OFFICER, &Stand::Key(&expert()))),
        "custody_already_attested"
    );
    assert_eq!(
        code(story.attest(EXPERT, &Stand::Key(&officer()))),
        "custody_attestations"
    );
    let scan = DepositId::fresh(quanlian_record::time::Timestamp::now());
    assert_eq!(code(story.attest(EXPERT, &Stand::Paper(scan))), "custody_no_scan");
    let scan = {
        let path = story.bench.file("signature.png", b"scan");
        story.bench.deposit(&mut story.vault, &[path]).receipts[0]
            .1
            .open()
            .unwrap()
            .id
    };
    story.attest(EXPERT, &Stand::Paper(scan)).unwrap();
    let found = story.examined();
    assert_eq!(found.signatures.last().unwrap().verdict, Verdict::OnPaper);
    assert!(found.gaps.iter().any(|gap| gap.kind == GapKind::OnPaper));
    assert_eq!(
        code(story.attest(EXPERT, &Stand::Key(&expert()))),
        "custody_nothing_waits"
    );
}

#[test]
fn an_examination_says_what_holds_and_what_nobody_looked_at() {
    let mut story = Story::new();
    story.done(
        hand_over(OFFICER, EXPERT),
        &[(OFFICER, &officer()), (EXPERT, &expert())],
    );
    let found = story.examined();
    for code in [
        "chain",
        "order",
        "signatures",
        "keys",
        "committed",
        "in_log",
        "tail",
        "complete",
    ] {
        assert_eq!(finding(&found, code), Finding::Holds, "{code}");
    }
    // Nobody has said whose keys these are.
    let found = story.vault.examine(story.id, &[]).unwrap();
    assert_eq!(finding(&found, "signatures"), Finding::Holds);
    assert_eq!(finding(&found, "keys"), Finding::NotChecked);
    assert!(
        found
            .signatures
            .iter()
            .all(|signature| signature.verdict == Verdict::Fits)
    );
}

/// Writes another receipt into the vault, as somebody with access to the disk could.
fn forge(story: &Story, change: impl Fn(&mut Receipt)) -> Examination {
    let mut receipt = story.vault.receipt(story.id).unwrap();
    change(&mut receipt);
    let path = story
        .bench
        .path("vault")
        .join("receipts")
        .join(format!("{}.json", story.id));
    let good = read(&path);
    std::fs::write(&path, quanlian_record::canonical::to_bytes(&receipt).unwrap()).unwrap();
    let found = story.examined();
    std::fs::write(&path, good).unwrap();
    found
}

#[test]
fn a_chain_that_was_cut_off_or_changed_is_found_out() {
    let mut story = Story::new();
    story.done(
        hand_over(OFFICER, EXPERT),
        &[(OFFICER, &officer()), (EXPERT, &expert())],
    );
    let cut = forge(&story, |receipt| {
        receipt.custody.pop();
        receipt.acts.pop();
    });
    assert!(!cut.ok);
    assert_eq!(finding(&cut, "complete"), Finding::Fails);

    let renamed = forge(&story, |receipt| {
        let last = receipt.custody.last_mut().unwrap();
        *last = last.replace(EXPERT, "Dr. Wu");
    });
    assert_eq!(finding(&renamed, "signatures"), Finding::Fails);
    assert_eq!(finding(&renamed, "committed"), Finding::Fails);

    let reordered = forge(&story, |receipt| receipt.custody.swap(1, 2));
    assert_eq!(finding(&reordered, "chain"), Finding::Fails);

    let elsewhere = forge(&story, |receipt| receipt.acts[0].log_index = 0);
    assert_eq!(finding(&elsewhere, "in_log"), Finding::Fails);
}

#[test]
fn every_byte_of_a_signed_line_counts() {
    let mut story = Story::new();
    let receipt = story.done(
        hand_over(OFFICER, EXPERT),
        &[(OFFICER, &officer()), (EXPERT, &expert())],
    );
    let lines: Vec<&str> = receipt.custody.iter().map(String::as_str).collect();
    custody::check(&lines, story.id).unwrap();
    let last = lines.last().unwrap().as_bytes();
    for at in 0..last.len() {
        let mut changed = last.to_vec();
        changed[at] ^= 1;
        let Ok(changed) = String::from_utf8(changed) else {
            continue;
        };
        let mut lines = lines.clone();
        *lines.last_mut().unwrap() = &changed;
        let wrong = custody::check(&lines, story.id);
        assert!(wrong.is_err(), "byte {at} of {changed}");
    }
}

#[test]
fn the_program_writes_no_act_of_people_and_people_none_of_the_program() {
    let story = Story::new();
    let lines = story.lines();
    let text =
        |line: &CustodyLine| String::from_utf8(quanlian_record::canonical::to_bytes(line).unwrap()).unwrap();
    let read = |line: &CustodyLine| custody::chain(&[&text(line)], story.id).map_err(|error| error.code());
    let noted = |act: Act| CustodyLine {
        act,
        ..lines[0].clone()
    };
    assert!(read(&noted(Act::Collected)).is_ok());
    for act in [
        Act::Sealed,
        Act::HandedOver,
        Act::Opened,
        Act::Copied,
        Act::Returned,
    ] {
        assert_eq!(read(&noted(act)).unwrap_err(), "custody_line", "{act:?}");
    }
    let signed = |change: &dyn Fn(&mut CustodyLine)| {
        let mut line = lines[2].clone();
        line.prev = custody::NOTHING_BEFORE.to_owned();
        change(&mut line);
        read(&line)
    };
    assert!(signed(&|_| {}).is_ok());
    assert_eq!(
        signed(&|line| line.act = Act::Bundled).unwrap_err(),
        "custody_act_of_program"
    );
    // A map with free keys has no place in what people sign.
    assert_eq!(
        signed(&|line| drop(line.detail.insert("prev".into(), "x".into()))).unwrap_err(),
        "custody_line"
    );
}

#[test]
fn an_act_that_a_crash_cut_off_is_finished_once() {
    let mut story = Story::new();
    story.draft(hand_over(OFFICER, EXPERT)).unwrap();
    story.attest(OFFICER, &Stand::Key(&officer())).unwrap();
    let folder = story.bench.path("vault");
    let draft = folder.join("custody").join(format!("{}.draft.json", story.id));
    let receipt = folder.join("receipts").join(format!("{}.json", story.id));
    let (old_draft, old_receipt) = (read(&draft), read(&receipt));
    story.attest(EXPERT, &Stand::Key(&expert())).unwrap();
    let whole = read(&receipt);
    let act = folder.join("custody").join(format!("{}.act.json", story.id));
    assert!(std::fs::metadata(&act).is_err());

    // The machine stopped after the entry was in the log and before the receipt was written.
    let size = story.vault.log().checkpoint().size();
    let Some(last) = story.vault.receipt(story.id).unwrap().acts.pop() else {
        panic!("an entry");
    };
    let line = story.vault.receipt(story.id).unwrap().custody.pop().unwrap();
    let intent = serde_json::json!({
        "v": 1, "log_size": last.log_index, "entry_json": last.entry_json,
        "about": {"item": story.id, "line": line},
    });
    std::fs::write(&act, quanlian_record::canonical::to_bytes(&intent).unwrap()).unwrap();
    std::fs::write(&receipt, &old_receipt).unwrap();
    std::fs::write(&draft, &old_draft).unwrap();
    let story = story.reopen();
    assert_eq!(read(&receipt), whole);
    assert_eq!(story.vault.log().checkpoint().size(), size);
    assert!(std::fs::metadata(&act).is_err() && std::fs::metadata(&draft).is_err());
}

#[test]
fn a_bundle_does_not_overtake_an_act_that_waits() {
    let mut story = Story::new();
    story.draft(hand_over(OFFICER, EXPERT)).unwrap();
    let item = quanlian_evidence::bundle::BundleItem::Kept {
        receipt: story.vault.receipt(story.id).unwrap(),
        original: quanlian_evidence::bundle::Original::DigestOnly,
    };
    let out = story.bench.path("case.qne.zip");
    let result = story
        .vault
        .bundle(vec![item], OFFICER, &out, &mut story.bench.outside, &mut |_| {});
    assert_eq!(result.unwrap_err().code(), "custody_waiting");
}

#[test]
fn the_chain_is_written_as_case_uco_and_the_checker_of_the_ontology_accepts_it() {
    let mut story = Story::new();
    story.done(
        order(Act::Sealed, &[(Role::Operator, OFFICER)]),
        &[(OFFICER, &officer())],
    );
    let mut hand = hand_over(OFFICER, EXPERT);
    hand.record.parties[1].organisation = Some("鉴定中心".into());
    hand.record.media.push(custody::act::Media {
        kind: custody::act::MediaKind::Photo,
        name: "seal.jpg".into(),
        size_bytes: 3,
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
    });
    let receipt = story.done(hand, &[(OFFICER, &officer()), (EXPERT, &expert())]);
    let deposit = Deposit::from_json(&receipt.deposit_json).unwrap();
    let document = case_uco::export(&deposit, &story.lines());
    let again = case_uco::export(&deposit, &story.lines());
    assert_eq!(document, again);
    let graph = document["@graph"].as_array().unwrap();
    let of_type = |name: &str| graph.iter().filter(|node| node["@type"] == name).count();
    assert_eq!(of_type("case-investigation:InvestigativeAction"), 5);
    assert_eq!(of_type("case-investigation:ProvenanceRecord"), 5);
    let text = document.to_string();
    assert!(text.contains("not measured") && text.contains(&deposit.content.sha256));
    // Every signature of the chain is in it.
    for line in story.lines() {
        for attestation in line.attestations {
            let Attestation::Signed { signature, .. } = attestation else {
                continue;
            };
            assert!(
                document
                    .to_string()
                    .contains(serde_json::to_string(&signature).unwrap().trim_matches('"'))
            );
        }
    }
    let path = story.bench.path("custody.jsonld");
    std::fs::write(&path, document.to_string()).unwrap();
    validate_with_ontology(&path);
}

/// Asks `case_validate` of the Python package `case-utils`, where it is installed.
fn validate_with_ontology(path: &Path) {
    let checker = std::env::var("QUANLIAN_CASE_VALIDATE").unwrap_or_else(|_| "case_validate".into());
    let Ok(answer) = std::process::Command::new(&checker)
        .args(["--allow-infos".as_ref(), path])
        .output()
    else {
        // Not `eprintln!`, which the test harness would keep to itself.
        let _ = writeln!(
            io::stderr(),
            "skipped: the check by the CASE ontology (install: pip install case-utils)"
        );
        return;
    };
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&answer.stdout),
        String::from_utf8_lossy(&answer.stderr)
    );
    assert!(
        answer.status.success() && said.contains("Conforms: True"),
        "{said}"
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_make_the_reader_of_lines_panic(texts in proptest::collection::vec(".{0,200}", 0..4)) {
        let lines: Vec<&str> = texts.iter().map(String::as_str).collect();
        let item = DepositId(uuid::Uuid::nil());
        proptest::prop_assert!(custody::chain(&lines, item).is_err());
    }

    #[test]
    fn no_change_of_a_good_line_makes_the_reader_panic(at in 0..3_000_usize, with in ".{0,8}", len in 0..20_usize) {
        let good = SIGNED_LINE.with(Clone::clone);
        let text: String = good.chars().take(at).chain(with.chars()).chain(good.chars().skip(at + len)).collect();
        let item = serde_json::from_str::<CustodyLine>(&good).unwrap().item;
        let _ = custody::check(&[&text], item);
        let _ = custody::chain(&[&good, &text], item);
    }
}

thread_local! {
    /// A line with two parties, as it stands in a chain.
    static SIGNED_LINE: String = {
        let mut story = Story::new();
        let receipt = story.done(hand_over(OFFICER, EXPERT), &[(OFFICER, &officer()), (EXPERT, &expert())]);
        receipt.custody.last().unwrap().clone()
    };
}
