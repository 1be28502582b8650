//! Tests of policies: reading, refusing, counting.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::{
    checkpoint::SignedCheckpoint,
    cosignature::{CosignerKind, CosignerSecret},
    hash::empty_root,
    note::SignerKey,
    rotation::{KeyHistory, Rotation},
};

const ORIGIN: &str = "log.example/one";

fn log() -> SignerKey {
    SignerKey::from_seed(ORIGIN, &[1; 32]).unwrap()
}

fn witness(seed: u8) -> CosignerSecret {
    CosignerSecret::from_seed(&format!("w{seed}.example/w"), CosignerKind::Ed25519, &[seed; 32]).unwrap()
}

fn vkey(seed: u8) -> String {
    witness(seed).verifier().to_string()
}

fn head(size: u64, witnesses: &[u8]) -> Note {
    let head = SignedCheckpoint::sign(size, empty_root(), &log()).unwrap();
    let text = head.checkpoint().to_text();
    let lines: Vec<_> = witnesses
        .iter()
        .map(|seed| {
            witness(*seed)
                .signature(&text, 1_700_000_000 + u64::from(*seed))
                .unwrap()
        })
        .collect();
    Note::parse(head.with_signatures(&lines).unwrap().note()).unwrap()
}

/// The example of the specification: two of three and one of three.
fn two_levels() -> String {
    let mut text = format!("# an example\nlog {}\n\n", log().verifier());
    for (seed, name) in (11..17).zip(["X1", "X2", "X3", "Y1", "Y2", "Y3"]) {
        let _ = writeln!(text, "\twitness {name}  {} https://{name}.example/", vkey(seed));
    }
    text + "group X-witnesses 2 X1 X2 X3\ngroup Y-witnesses any Y1 Y2 Y3\n\
            group X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

#[test]
fn the_quorum_of_the_example_counts_each_group() {
    let policy = Policy::parse(two_levels().as_bytes()).unwrap();
    assert_eq!(policy.witnesses()[3].url.as_deref(), Some("https://Y1.example/"));
    for (cosigners, holds) in [
        (&[][..], false),
        (&[11, 12], false),
        (&[11, 14], false),
        (&[14, 15, 16], false),
        (&[11, 13, 16], true),
        (&[11, 12, 13, 14, 15, 16], true),
        (&[11, 12, 14, 40], true),
    ] {
        let report = policy.evaluate(&head(3, cosigners));
        assert_eq!(report.holds(), holds, "{cosigners:?}");
        assert_eq!(report.witnesses.len(), 6);
        let known = cosigners.iter().filter(|seed| **seed < 17).count();
        assert_eq!(report.cosigned(), known);
    }
    let report = policy.evaluate(&head(3, &[12, 16]));
    let states: Vec<_> = report.witnesses.iter().map(|line| line.state.code()).collect();
    assert_eq!(
        states,
        ["absent", "cosigned", "absent", "absent", "absent", "cosigned"]
    );
    assert_eq!(
        report.witnesses[1].state,
        WitnessState::Cosigned {
            at_s: Some(1_700_000_012)
        }
    );
    let groups: Vec<_> = report
        .groups
        .iter()
        .map(|line| (line.witnessed, line.threshold))
        .collect();
    assert_eq!(groups, [(1, 2), (1, 1), (1, 2)]);
}

#[test]
fn a_wrong_line_by_a_known_key_spoils_the_note_even_beside_a_quorum() {
    let text = format!(
        "log {}\nwitness a {}\nwitness b {}\ngroup g any a b\nquorum g\n",
        log().verifier(),
        vkey(2),
        vkey(3)
    );
    let policy = Policy::parse(text.as_bytes()).unwrap();
    assert!(policy.evaluate(&head(3, &[2])).holds());
    // A cosignature of another checkpoint.
    let elsewhere = witness(3)
        .signature(
            "log.example/one\n4\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            5,
        )
        .unwrap();
    let good = head(3, &[2]);
    let mut lines = good.signatures().to_vec();
    lines.push(elsewhere);
    let report = policy.evaluate(&Note::from_parts(good.unverified_text(), lines).unwrap());
    assert_eq!(report.witnesses[1].state, WitnessState::BadSignature);
    assert!(matches!(report.quorum, Quorum::Asked { met: true, .. }));
    assert!(!report.holds() && !report.is_cosigned());
}

#[test]
fn the_log_has_a_line_of_its_own() {
    let check = |policy: &str, note: &Note, code: &str, holds: bool| {
        let report = Policy::parse(policy.as_bytes()).unwrap().evaluate(note);
        assert_eq!((report.log.code(), report.holds()), (code, holds), "{policy}");
    };
    let (ours, other) = (log(), SignerKey::from_seed(ORIGIN, &[9; 32]).unwrap());
    let elsewhere = SignerKey::from_seed("log.example/two", &[9; 32]).unwrap();
    let note = head(5, &[]);
    let listed = format!("log {}\nquorum none\n", ours.verifier());
    check(&listed, &note, "signed", true);
    check("quorum none", &note, "not_listed", false);
    check(
        &format!("log {}\nquorum none\n", elsewhere.verifier()),
        &note,
        "unknown_origin",
        false,
    );
    check(
        &format!("log {}\nquorum none\n", other.verifier()),
        &note,
        "not_signed",
        false,
    );
    check(
        &listed,
        &Note::parse(&ours.sign("something else\n").unwrap()).unwrap(),
        "not_a_checkpoint",
        false,
    );
    let moved = Note::from_parts(head(6, &[]).unverified_text(), note.signatures().to_vec()).unwrap();
    check(&listed, &moved, "bad_signature", false);
    // Two keys of one log, each for its sizes.
    let both = format!(
        "log {}\n#@ valid {ORIGIN}+{} from 0 until 4\nlog {}\n#@ valid {ORIGIN}+{} from 5\nquorum none\n",
        ours.verifier(),
        hex::encode(ours.verifier().id()),
        other.verifier(),
        hex::encode(other.verifier().id()),
    );
    check(&both, &head(4, &[]), "signed", true);
    check(&both, &note, "key_not_valid", false);
    let rotated = Note::parse(
        SignedCheckpoint::sign(5, empty_root(), &log().beside(other.into()).unwrap())
            .unwrap()
            .note(),
    )
    .unwrap();
    check(&both, &rotated, "signed", true);
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    let check = |text: &str, line, code| {
        let error = Policy::parse(text.as_bytes()).unwrap_err();
        assert_eq!((error.line, error.code()), (line, code), "{text}");
    };
    let (a, b) = (
        format!("witness a {}\n", vkey(2)),
        format!("witness b {}\n", vkey(3)),
    );
    check("", 0, "policy_quorum_missing");
    check("quorum none\r\n", 1, "policy_control_character");
    check("quorum\n", 1, "policy_shape");
    check("quorum none\nquorum none\n", 2, "policy_quorum_twice");
    check(&format!("quorum a\n{a}"), 1, "policy_unknown_name");
    check("witnes a\n", 1, "policy_word");
    check("witness a\n", 1, "policy_shape");
    check(&format!("witness a {}\n", log().verifier()), 1, "policy_key_role");
    check(&format!("log {}\n", vkey(2)), 1, "policy_key_role");
    check("log a+b+c\n", 1, "note_key");
    check("log x+00000000+AgAA\n", 1, "note_key");
    check(
        &format!("log {0}\nlog {0}\n", log().verifier()),
        2,
        "policy_duplicate_key",
    );
    let renamed = CosignerSecret::from_seed("other", CosignerKind::Ed25519, &[2; 32]).unwrap();
    check(
        &format!("{a}witness c {}\n", renamed.verifier()),
        2,
        "policy_duplicate_key",
    );
    check(&format!("{a}witness a {}\n", vkey(3)), 2, "policy_duplicate_name");
    check(&format!("witness none {}\n", vkey(3)), 1, "policy_duplicate_name");
    check(&format!("{a}{b}group a any b\n"), 3, "policy_duplicate_name");
    check(&format!("{a}{b}group g any a none\n"), 3, "policy_unknown_name");
    check(&format!("{a}{b}group g any a a\n"), 3, "policy_member_twice");
    check(
        &format!("{a}{b}group g any a\ngroup h any a b\n"),
        4,
        "policy_member_twice",
    );
    check(&format!("{a}group g any g\n"), 2, "policy_unknown_name");
    for threshold in ["0", "3", "-1", "+1", "1.0", "most", "99999999999999999999999"] {
        check(&format!("{a}{b}group g {threshold} a b\n"), 3, "policy_threshold");
    }
    check(&format!("{a}group g 1\n"), 2, "policy_shape");
    check("#@ valid x from 1\n", 1, "policy_validity");
    check("#@ something newer\n", 1, "policy_validity");
    let listed = format!(
        "log {}\n#@ valid {ORIGIN}+{} from ",
        log().verifier(),
        hex::encode(log().verifier().id())
    );
    check(&format!("{listed}9 until 8\n"), 2, "policy_validity");
    check(&format!("{listed}+9\n"), 2, "policy_validity");
    check(&" ".repeat(MAX_POLICY_BYTES + 1), 0, "policy_too_long");
    let mut many = String::new();
    for seed in 0..33 {
        let _ = writeln!(many, "witness w{seed} {}", vkey(seed + 1));
    }
    check(&many, 33, "policy_too_many");
}

#[test]
fn names_are_bytes_and_the_history_of_keys_is_written_as_it_is_read() {
    let mut text = format!("witness \u{212a} {}\nwitness ", vkey(2)).into_bytes();
    text.extend([0xff, 0xfe]);
    text.extend(format!(" {}\nwitness K {}\nquorum \u{212a}", vkey(3), vkey(4)).into_bytes());
    let policy = Policy::parse(&text).unwrap();
    assert!(policy.evaluate(&head(1, &[2])).is_cosigned());
    assert!(!policy.evaluate(&head(1, &[3, 4])).is_cosigned());

    let new = || SignerKey::from_seed(ORIGIN, &[9; 32]).unwrap().into();
    let rotation = Rotation::open(&Rotation::sign(&log().into(), &new(), 4).unwrap()).unwrap();
    let mut history = KeyHistory::starting_with(PublicKey::Ed25519(log().verifier().clone()));
    history.follow(&rotation, 4).unwrap();
    let policy = Policy::parse((history.to_policy_lines() + "quorum none").as_bytes()).unwrap();
    let spans: Vec<_> = policy.logs().iter().map(|log| log.span.clone()).collect();
    assert_eq!(spans, history.spans());
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        text in "((log|witness|group|quorum|#@ valid) ?([abn+]{0,3}|any|all|none|from|[0-9]{1,3})( [ab1]{0,3}){0,3}\n){0,8}",
    ) {
        let _ = Policy::parse(&bytes);
        let _ = Policy::parse(text.as_bytes());
        let _ = Policy::parse(format!("witness a {}\nwitness b {}\n{text}", vkey(2), vkey(3)).as_bytes());
    }
}
