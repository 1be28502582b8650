//! Acts of people in a bundle, and what an erasure leaves of one: the program, the commands and the page
//! come to one answer.

use std::{collections::BTreeMap, fs, io::Cursor};

use quanlian_evidence::{
    bundle::{BundleItem, Original},
    custody::{Act, act::Role, examine::Finding},
    deposit::Receipt,
    vault::ErasureOrder,
    verify::{Answer, Policy, Question, State, Verification, verify_stream},
};
use quanlian_record::{canonical, id::DepositId};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::{
    browser::Browser,
    custody::{EXPERT, OFFICER, Story, expert, finding, hand_over, key, officer, order, party},
    shell,
    support::{Bench, read, with_file},
    tamper::{Files, flip_step, on_two_threads, pack, rewrite_manifests, unpack},
};

/// Quotes, a backslash at the end, brackets and what looks like the next field: JSON that shell has to read right.
const WITNESS: &str = "赵 \"见证\",\"attestations\":[] },{ \\";
const CUSTODY: &str = "proof/0001/custody.jsonl";

/// Collected, sealed, handed over before a witness, opened: every party has signed.
fn story() -> Story {
    let mut story = Story::new();
    story.done(
        order(Act::Sealed, &[(Role::Operator, OFFICER)]),
        &[(OFFICER, &officer())],
    );
    let mut hand = hand_over(OFFICER, EXPERT);
    hand.record.parties.push(party(Role::Witness, WITNESS));
    let witness = key("street.example/zhao", 3);
    story.done(
        hand,
        &[(WITNESS, &witness), (OFFICER, &officer()), (EXPERT, &expert())],
    );
    story.done(
        order(Act::Opened, &[(Role::Operator, EXPERT)]),
        &[(EXPERT, &expert())],
    );
    story
}

fn bundle(story: &mut Story) -> Files {
    let item = BundleItem::Kept {
        receipt: story.vault.receipt(story.id).unwrap(),
        original: Original::Bytes(b"sound".to_vec()),
    };
    unpack(&read(&story.bench.bundle(&mut story.vault, vec![item]).path))
}

fn judged(files: &Files, policy: &Policy) -> Verification {
    verify_stream(Cursor::new(pack(files)), policy)
}

fn answer(report: &Verification, question: Question) -> Answer {
    let lines = report.lines();
    lines
        .iter()
        .find(|line| line.question == question)
        .unwrap()
        .answer
}

/// What fails, as code and subject and why.
fn failures(report: &Verification) -> String {
    let failed = report.checks.iter().filter(|check| check.state == State::Failed);
    failed
        .map(|check| format!("{} [{}] {}\n", check.code, check.subject, check.detail))
        .collect::<Vec<String>>()
        .concat()
}

/// Whether the commands accept the files, and what they say.
fn commands(files: &Files) -> (bool, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.qne.zip");
    fs::write(&path, pack(files)).unwrap();
    let output = shell::verify_with_own_copy(&path);
    (output.status.success(), shell::text(&output))
}

fn page(browser: &mut Browser, files: &Files) -> Vec<String> {
    let path = browser.write(&pack(files));
    browser.choose(&path)
}

#[test]
fn all_judges_follow_an_item_through_the_hands_of_those_who_signed() {
    let mut story = story();
    let files = bundle(&mut story);
    let report = judged(&files, &Policy::default());
    assert!(report.ok, "{report:#?}");
    assert_eq!(answer(&report, Question::Custody), Answer::Partly);
    let of = |code: &'static str| report.checks.iter().filter(move |check| check.code == code);
    assert_eq!(of("custody_act_signed").count(), 4);
    assert!(of("custody_act_in_log").all(|check| check.state == State::Ok));
    assert_eq!(of("custody_keys").next().unwrap().state, State::NotChecked);
    assert_eq!(of("further_acts").next().unwrap().state, State::NotChecked);
    let hand_over = of("custody_act_signed").nth(2).unwrap();
    assert!(
        hand_over.subject.ends_with("line 5 handed_over")
            && hand_over
                .detail
                .contains("giver 王警官: signed by police.example/wang")
            && hand_over
                .detail
                .contains("receiver Dr. Li: signed by lab.example/li"),
        "{hand_over:?}"
    );
    let people = [officer(), expert(), key("street.example/zhao", 3)];
    let policy = Policy {
        people: people.iter().map(|key| key.verifier().clone()).collect(),
        ..Policy::default()
    };
    assert_eq!(answer(&judged(&files, &policy), Question::Custody), Answer::Ok);

    if shell::tools_are_there() {
        let (is_accepted, said) = commands(&files);
        assert!(is_accepted, "{said}");
        for wanted in [
            "custody line 5 handed_over is entry 3 of the log",
            "custody line 5 handed_over: receiver Dr. Li signed with this key",
            "4 signed acts",
        ] {
            assert!(said.contains(wanted), "{wanted}: {said}");
        }
    }
    if let Some(mut browser) = Browser::open() {
        let answers = page(&mut browser, &files);
        assert_eq!(answers[7], "custody partly", "{}", browser.text());
        assert!(
            answers.iter().all(|answer| !answer.ends_with("failed")),
            "{answers:?}"
        );
        let said = browser.text();
        assert!(
            said.contains("receiver Dr. Li: signed by lab.example/li"),
            "{said}"
        );
    }
}

/// The lines again, each linked to the one before.
fn relink(lines: &mut [Value]) -> Vec<u8> {
    let mut before = "0".repeat(64);
    let mut text = Vec::new();
    for line in lines {
        line["prev"] = before.into();
        let bytes = canonical::to_bytes(line).unwrap();
        before = hex::encode(Sha256::digest(&bytes));
        text.extend(bytes);
        text.push(b'\n');
    }
    text
}

/// Changes the lines, links them anew and rewrites the manifests.
fn with_lines(files: &Files, change: impl FnOnce(&mut Vec<Value>)) -> Files {
    let mut files = files.clone();
    let text = String::from_utf8(files[CUSTODY].clone()).unwrap();
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    change(&mut lines);
    files.insert(CUSTODY.to_owned(), relink(&mut lines));
    files
}

fn without_act(files: &mut Files, line: u32) {
    files.retain(|name, _| !name.starts_with(&format!("proof/0001/act-{line:05}/")));
}

/// Each forgery with the words by which program and commands name it.
fn forgeries(files: &Files) -> BTreeMap<&'static str, (Files, &'static str, &'static str)> {
    let exchanged = |one: &str, other: &str, file: &str| {
        let mut files = files.clone();
        let path = |act: &str| format!("proof/0001/{act}/{file}");
        let content = files[&path(one)].clone();
        let own = files.insert(path(other), content).unwrap();
        files.insert(path(one), own);
        files
    };
    let mut cut = with_lines(files, |lines| drop(lines.remove(5)));
    let left_behind = cut.clone();
    without_act(&mut cut, 6);
    let mut no_entry = files.clone();
    without_act(&mut no_entry, 5);
    let mut both = exchanged("act-00004", "act-00005", "entry.json");
    let proofs = exchanged("act-00004", "act-00005", "inclusion.tlog-proof");
    for act in ["act-00004", "act-00005"] {
        let path = format!("proof/0001/{act}/inclusion.tlog-proof");
        both.insert(path.clone(), proofs[&path].clone());
    }
    [
        (
            "the last act withheld, with all that points to it",
            (cut, "bundle_sealed [bundle] the files are not those that were sealed, first `proof/0001/act-00006/entry.json`", "8 not what was sealed"),
        ),
        (
            "the last act withheld, its entry left behind",
            (left_behind, "line 6] the log has an entry for this line", "the log has an entry for custody line 6"),
        ),
        (
            "an entry withheld",
            (no_entry, "line 5 handed_over] its entry in the log is not in the bundle", "line 5 handed_over: its entry in the log is not in the bundle"),
        ),
        (
            "two acts in another order",
            (with_lines(files, |lines| lines.swap(3, 4)), "line 4 handed_over] giver 王警官: THE SIGNATURE", "line 4 handed_over"),
        ),
        (
            "the entries of two acts exchanged",
            (both, "line 4 sealed] the commitment", "line 4 sealed: its entry does not commit to it"),
        ),
        (
            "a changed signature",
            (
                with_lines(files, |lines| {
                    let signature = &mut lines[4]["attestations"][1]["signature"];
                    let text = signature.as_str().unwrap().to_owned();
                    let at = text.len() - 20;
                    let other = if &text[at..=at] == "A" { "B" } else { "A" };
                    *signature = format!("{}{other}{}", &text[..at], &text[at + 1..]).into();
                }),
                "line 5 handed_over] giver 王警官: signed by police.example/wang; receiver Dr. Li: THE SIGNATURE DOES NOT FIT",
                "line 5 handed_over: receiver Dr. Li: the signature does not fit",
            ),
        ),
        (
            "the receiver has not signed",
            (
                with_lines(files, |lines| {
                    drop(lines[4]["attestations"].as_array_mut().unwrap().remove(1));
                }),
                "without the signature of the receiver",
                "line 5 handed_over: receiver Dr. Li has not signed",
            ),
        ),
        (
            "the giver's signature shown as the receiver's",
            (
                with_lines(files, |lines| {
                    let mut own = lines[4]["attestations"][0].clone();
                    own["party"] = 2.into();
                    lines[4]["attestations"][1] = own;
                }),
                "one key signed for two parties",
                "receiver Dr. Li: the signature does not fit",
            ),
        ),
        (
            "a receiver who is none",
            (
                with_lines(files, |lines| {
                    lines[4]["record"]["parties"][1]["role"] = "witness".into();
                }),
                "needs a party in the role `receiver`",
                "line 5 handed_over",
            ),
        ),
        (
            "an act noted by the program alone",
            (
                with_lines(files, |lines| {
                    let line = lines[4].as_object_mut().unwrap();
                    line.remove("record");
                    line.remove("attestations");
                    line.insert("v".into(), 1.into());
                }),
                "custody line 5 is not one that this program writes",
                "line 5 handed_over: nobody has signed",
            ),
        ),
    ]
    .into()
}

#[test]
fn an_act_withheld_moved_or_signed_by_one_side_is_named_by_all_judges() {
    let mut story = story();
    let files = bundle(&mut story);
    let mut browser = Browser::open();
    let has_tools = shell::tools_are_there();
    for (forgery, (mut files, program, shell)) in forgeries(&files) {
        rewrite_manifests(&mut files);
        let report = judged(&files, &Policy::default());
        assert!(!report.ok, "{forgery}");
        let failed = failures(&report);
        assert!(failed.contains(program), "{forgery}: {failed}");
        if has_tools {
            let (is_accepted, said) = commands(&files);
            assert!(!is_accepted && said.contains(shell), "{forgery}: {said}");
        }
        if let Some(browser) = &mut browser {
            let answers = page(browser, &files);
            let wanted = if program.starts_with("bundle_sealed") {
                "bundle failed"
            } else {
                "custody failed"
            };
            assert!(
                answers.contains(&wanted.to_owned()),
                "{forgery}: {}",
                browser.text()
            );
        }
    }
}

/// A bundle shows what it was given; that more was recorded is for the log to tell.
#[test]
fn an_act_that_the_maker_withheld_is_found_with_the_log_at_hand() {
    let mut story = story();
    let path = story
        .bench
        .path("vault")
        .join("receipts")
        .join(format!("{}.json", story.id));
    let mut receipt: Receipt = serde_json::from_slice(&read(&path)).unwrap();
    receipt.custody.pop();
    receipt.acts.pop();
    fs::write(&path, canonical::to_bytes(&receipt).unwrap()).unwrap();
    let files = bundle(&mut story);
    let report = judged(&files, &Policy::default());
    assert!(report.ok);
    let further = report.not_proven().find(|check| check.code == "further_acts");
    assert!(further.unwrap().detail.contains("left out"));
    // The line of the bundle took the number of the act, so the log is asked about the lines without it.
    receipt.custody.truncate(5);
    fs::write(&path, canonical::to_bytes(&receipt).unwrap()).unwrap();
    assert_eq!(finding(&story.examined(), "complete"), Finding::Fails);
}

/// Bytes of the custody files: every `step`th of each.
fn positions(files: &Files, step: usize) -> Vec<(String, usize)> {
    let is_of_custody = |name: &&String| *name == CUSTODY || name.contains("/act-");
    files
        .keys()
        .filter(is_of_custody)
        .flat_map(|name| {
            let length = files[name].len();
            // Another start in each file, so that not always the same fields are hit.
            (name.len() % step.min(length)..length)
                .step_by(step)
                .map(|at| (name.clone(), at))
        })
        .collect()
}

fn flipped(files: &Files, name: &str, at: usize) -> Files {
    let mut changed = files.clone();
    changed.get_mut(name).unwrap()[at] ^= 1 << (at % 7);
    rewrite_manifests(&mut changed);
    changed
}

/// See [`flip_step`]; the commands take about half a second for each byte.
#[test]
fn no_byte_of_a_custody_file_or_of_its_proofs_can_be_flipped() {
    let mut story = story();
    let files = bundle(&mut story);
    let step = flip_step();
    on_two_threads(&positions(&files, step.unwrap_or(7)), |(name, at)| {
        let report = judged(&flipped(&files, name, *at), &Policy::default());
        assert!(!report.ok, "byte {at} of {name}");
    });
    if shell::tools_are_there() {
        on_two_threads(&positions(&files, step.unwrap_or(601)), |(name, at)| {
            let (is_accepted, said) = commands(&flipped(&files, name, *at));
            assert!(!is_accepted, "byte {at} of {name}: {said}");
        });
    }
    if let Some(mut browser) = Browser::open() {
        let step = step.map_or(401, |step| step * 20);
        for (name, at) in positions(&files, step) {
            let answers = page(&mut browser, &flipped(&files, &name, at));
            let caught = answers.iter().any(|answer| answer.ends_with(" failed"));
            assert!(caught, "byte {at} of {name}: {answers:?}");
        }
    }
}

/// One deposit that stands and one that was erased.
fn with_an_erased_item() -> (Bench, DepositId, Files) {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let paths = [bench.file("a.txt", b"stays"), bench.file("b.txt", b"goes")];
    let mut deposited = bench.deposit(&mut vault, &paths).receipts;
    let id = deposited.remove(1).1.open().unwrap().id;
    let erasure = ErasureOrder {
        by: "officer \"0231\"".into(),
        reason: "the person asked for it".into(),
    };
    vault.erase(id, &erasure, &mut (), &mut bench.outside).unwrap();
    let items = vec![with_file(deposited.remove(0)), BundleItem::Erased(id)];
    let files = unpack(&read(&bench.bundle(&mut vault, items).path));
    (bench, id, files)
}

#[test]
fn what_was_erased_is_erased_and_never_ok_and_its_entry_is_proven() {
    let (_bench, id, files) = with_an_erased_item();
    assert!(!files.contains_key("proof/0002/salt.hex") && !files.contains_key("proof/0002/deposit.json"));
    let report = judged(&files, &Policy::default());
    assert!(report.ok, "{report:#?}");
    let of_erased: Vec<(&str, State)> = report
        .checks
        .iter()
        .filter(|check| check.subject == "0002 (erased)")
        .map(|check| (check.code.as_str(), check.state))
        .collect();
    assert_eq!(
        of_erased,
        [
            ("file_is_deposit", State::Erased),
            ("deposit_committed", State::Erased),
            ("deposit_in_log", State::Ok),
            ("erasure_in_log", State::Ok),
            ("custody_chain", State::Erased),
        ]
    );
    assert_eq!(answer(&report, Question::File), Answer::Partly);
    assert!(String::from_utf8_lossy(&files["核验说明.html"]).contains(&format!("存证 {id} 已由 officer")),);
    let instructions = report.checks.iter().find(|check| check.code == "instructions");
    assert_eq!(instructions.unwrap().state, State::Ok);

    let has_tools = shell::tools_are_there();
    let mut browser = Browser::open();
    if has_tools {
        let (is_accepted, said) = commands(&files);
        assert!(
            is_accepted && said.contains("4 proof/0002 ERASED by order of officer \"0231\""),
            "{said}"
        );
    }
    if let Some(browser) = &mut browser {
        let answers = page(browser, &files);
        assert_eq!(answers[1], "file partly", "{}", browser.text());
        assert!(browser.text().contains("the person asked for it"));
        assert!(
            answers.iter().all(|answer| !answer.ends_with("failed")),
            "{answers:?}"
        );
    }
    for (name, content) in files.iter().filter(|(name, _)| name.starts_with("proof/0002/")) {
        for at in (0..content.len()).step_by(flip_step().unwrap_or(5)) {
            let report = judged(&flipped(&files, name, at), &Policy::default());
            assert!(!report.ok, "byte {at} of {name}");
        }
        let changed = flipped(&files, name, content.len() / 2);
        if has_tools {
            assert!(!commands(&changed).0, "{name}");
        }
        if let Some(browser) = &mut browser {
            let answers = page(browser, &changed);
            assert!(answers.iter().any(|answer| answer.ends_with(" failed")), "{name}");
        }
    }
}

#[test]
fn what_was_never_deposited_or_has_nothing_left_is_in_no_bundle() {
    let mut bench = Bench::new();
    let mut vault = bench.vault();
    let path = bench.file("a.txt", b"a");
    let receipt = bench.deposit(&mut vault, &[path]).receipts.remove(0).1;
    let id = receipt.open().unwrap().id;
    let out = bench.path("x.qne.zip");
    for stranger in [id, DepositId(uuid::Uuid::nil())] {
        let items = vec![BundleItem::Erased(stranger)];
        let refused = vault.bundle(items, "clerk", &out, &mut bench.outside, &mut |_| {});
        assert_eq!(refused.unwrap_err().code(), "vault_no_such_deposit");
    }
    assert_eq!(vault.log().checkpoint().size(), 1);
    assert!(fs::metadata(&out).is_err());
}
