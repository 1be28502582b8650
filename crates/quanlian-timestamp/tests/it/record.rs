//! Evidence records: many documents under one stamp, renewals in time and too late.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use quanlian_timestamp::{
    algorithm::DigestAlgorithm,
    demo::Authority,
    record::{Document, EvidenceRecord, HashTree, RecordReport, Stamp, verify_record},
    request::Request,
    response::Response,
    token::Token,
    verify::{State, Trust},
};

use crate::support::{serial, signs, skipped, time, trust_in};

const SHA256: DigestAlgorithm = DigestAlgorithm::Sha256;
const SHA512: DigestAlgorithm = DigestAlgorithm::Sha512;

/// Authority `number` works for two years from 2000 + 2 × number.
fn authority(number: u8) -> Authority {
    let from = time(&format!("{}-01-01T00:00:00Z", 2000 + 2 * u32::from(number)));
    let until = time(&format!("{}-01-01T00:00:00Z", 2002 + 2 * u32::from(number)));
    Authority::new(&[number; 32], from, until).unwrap()
}

/// The token of authority `number` over the root of `tree`.
fn token(tree: &HashTree, number: u8, at: &str) -> Token {
    let request = Request {
        imprint: tree.root(),
        policy: None,
        nonce: None,
        wants_certificate: true,
    };
    let response = authority(number).answer(&request.to_der(), &serial(number), time(at));
    Response::from_bytes(&response).unwrap().token.unwrap()
}

fn tree(algorithm: DigestAlgorithm, leaves: &[Vec<u8>]) -> HashTree {
    HashTree::of(algorithm, leaves.to_vec()).unwrap()
}

fn trust() -> Trust {
    let roots: Vec<_> = (1..20)
        .map(|number| authority(number).certificate().clone())
        .collect();
    trust_in(&roots)
}

fn verify(record: &EvidenceRecord, document: &[u8], at: &str) -> RecordReport {
    // What was written is read again, byte by byte the same.
    let der = record.to_der();
    let read = EvidenceRecord::from_bytes(&der).unwrap();
    assert_eq!(read.to_der(), der);
    verify_record(&read, &[Document::Bytes(document)], &[], &trust(), time(at))
}

/// Lines of the record, then those of each time-stamp.
fn all_signs(report: &RecordReport) -> String {
    let own = report.checks.iter().map(|check| match check.state {
        State::Held => '+',
        State::Failed => '-',
        State::NotChecked => '?',
    });
    let mut text: String = own.collect();
    for stamp in &report.stamps {
        text.push_str(" / ");
        text.push_str(&signs(stamp));
    }
    text
}

const GOOD: &str = "+++?++++?+?";

/// One document stamped in 2010, renewed in 2012 by authority 6, rehashed in 2014 by authority 7.
fn renewed_twice(document: &[u8], second: &str, third: &str) -> EvidenceRecord {
    let first = tree(
        SHA256,
        &[
            SHA256.digest(b"other"),
            SHA256.digest(document),
            SHA256.digest(b"third"),
        ],
    );
    let mut record = EvidenceRecord::begin(Stamp {
        tree: &first,
        leaf: 1,
        token: &token(&first, 5, "2010-06-01T00:00:00Z"),
    })
    .unwrap();
    let (algorithm, leaf) = record.renewal_leaf().unwrap();
    let again = tree(algorithm, &[vec![7; 32], leaf]);
    record
        .renew(Stamp {
            tree: &again,
            leaf: 1,
            token: &token(&again, 6, second),
        })
        .unwrap();
    let digest = SHA512.digest(document);
    let newer = tree(SHA512, &[record.rehash_leaf(SHA512, &digest)]);
    record
        .rehash(
            &digest,
            Stamp {
                tree: &newer,
                leaf: 0,
                token: &token(&newer, 7, third),
            },
        )
        .unwrap();
    record
}

#[test]
fn a_renewal_after_the_end_of_the_certificate_comes_too_late() {
    // Authority 5 works in 2010 and 2011, 6 in 2012 and 2013, 7 in 2014 and 2015: each renewal comes too late.
    let record = renewed_twice(b"song", "2012-06-01T00:00:00Z", "2014-06-01T00:00:00Z");
    let report = verify(&record, b"song", "2015-01-01T00:00:00Z");
    assert!(!report.ok);
    assert_eq!(
        all_signs(&report),
        "+++ / +++?+++-?+? certificate_ended / +++?+++-?+? certificate_ended / +++?++++?+?"
    );
}

/// As [`authority`], but for twenty years, so that renewals overlap.
fn long(number: u8) -> Authority {
    let from = time(&format!("{}-01-01T00:00:00Z", 2000 + 2 * u32::from(number)));
    let until = from
        .checked_add(jiff::SignedDuration::from_hours(24 * 365 * 20))
        .unwrap();
    Authority::new(&[number; 32], from, until).unwrap()
}

fn long_token(tree: &HashTree, number: u8, at: &str) -> Token {
    let request = Request {
        imprint: tree.root(),
        policy: None,
        nonce: None,
        wants_certificate: true,
    };
    let response = long(number).answer(&request.to_der(), &serial(number), time(at));
    Response::from_bytes(&response).unwrap().token.unwrap()
}

/// Stamped in 2010, renewed in 2020, rehashed in 2033, each while the certificate before lasted; and the same
/// record after its first time-stamp.
fn renewed_in_time() -> (EvidenceRecord, EvidenceRecord) {
    let first = tree(SHA256, &[SHA256.digest(b"song")]);
    let mut record = EvidenceRecord::begin(Stamp {
        tree: &first,
        leaf: 0,
        token: &long_token(&first, 1, "2010-06-01T00:00:00Z"),
    })
    .unwrap();
    let early = record.clone();
    let again = first_renewal(&record);
    record
        .renew(Stamp {
            tree: &again,
            leaf: 0,
            token: &long_token(&again, 8, "2020-06-01T00:00:00Z"),
        })
        .unwrap();
    let digest = SHA512.digest(b"song");
    let newer = tree(SHA512, &[record.rehash_leaf(SHA512, &digest), vec![3; 64]]);
    let stamp = Stamp {
        tree: &newer,
        leaf: 0,
        token: &long_token(&newer, 15, "2033-06-01T00:00:00Z"),
    };
    record.rehash(&digest, stamp).unwrap();
    (record, early)
}

fn first_renewal(record: &EvidenceRecord) -> HashTree {
    let (algorithm, leaf) = record.renewal_leaf().unwrap();
    tree(algorithm, &[leaf])
}

#[test]
fn bouncy_castle_reads_what_was_renewed() {
    let jars = ["bcpkix", "bcprov", "bcutil"].map(|jar| format!("/usr/share/java/{jar}.jar"));
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/java/Ers.java");
    let folder = tempfile::tempdir().unwrap();
    let (record, early) = renewed_in_time();
    let run = |record: &EvidenceRecord, document: &str| {
        std::fs::write(folder.path().join("r.ers"), record.to_der()).unwrap();
        std::fs::write(folder.path().join("document"), document).unwrap();
        let mut java = std::process::Command::new("java");
        java.args([
            "-cp",
            &jars.join(":"),
            source,
            "r.ers",
            "document",
            "2040-01-01T00:00:00Z",
        ]);
        let ran = java.current_dir(folder.path()).output().ok()?;
        Some([ran.stdout, ran.stderr].concat())
    };
    let has_jars = jars.iter().all(|jar| std::path::Path::new(jar).is_file());
    let Some(said) = has_jars.then(|| run(&early, "song")).flatten() else {
        skipped("Bouncy Castle is not there (install openjdk-17-jdk-headless libbcpkix-java)");
        return;
    };
    let text = |said: Vec<u8>| String::from_utf8_lossy(&said).into_owned();
    assert_eq!(text(said), "valid\n");
    assert_eq!(text(run(&record, "song").unwrap()), "valid\n");
    assert_ne!(text(run(&record, "sing").unwrap()), "valid\n");
}

#[test]
fn renewed_in_time_it_holds_when_the_first_authority_has_long_ended() {
    let (record, mut early) = renewed_in_time();
    let again = first_renewal(&early);
    let digest = SHA512.digest(b"song");
    let roots = [1, 8, 15].map(|number| long(number).certificate().clone());
    let trust = trust_in(&roots);
    let check = |record: &EvidenceRecord, document: &[u8], at: &str| {
        verify_record(record, &[Document::Bytes(document)], &[], &trust, time(at))
    };
    let report = check(&record, b"song", "2040-01-01T00:00:00Z");
    assert_eq!(all_signs(&report), format!("+++ / {GOOD} / {GOOD} / {GOOD}"));
    assert!(report.ok);
    assert_eq!(
        report.existed_by,
        Some("2010-06-01T00:00:01Z".parse::<Timestamp>().unwrap())
    );
    let of_another = check(&record, b"sing", "2040-01-01T00:00:00Z");
    assert!(!of_another.ok);
    assert_eq!(of_another.checks[0].reason, "record_root_differs");
    // Without the last renewals it is too old.
    assert!(!check(&early, b"song", "2040-01-01T00:00:00Z").ok);
    // A record whose renewal is older than what it renews is out of order.
    early
        .renew(Stamp {
            tree: &again,
            leaf: 0,
            token: &long_token(&again, 1, "2009-01-01T00:00:00Z"),
        })
        .unwrap();
    let report = check(&early, b"song", "2012-01-01T00:00:00Z");
    assert!(!report.ok);
    assert_eq!(report.checks[2].reason, "record_order");
    // Digests kept from before serve instead of the bytes; one that nobody kept leaves the tree open.
    let kept = BTreeMap::from([(SHA256, SHA256.digest(b"song")), (SHA512, digest)]);
    let with = |kept: &BTreeMap<_, _>| {
        let documents = [Document::Digests(kept)];
        verify_record(&record, &documents, &[], &trust, time("2040-01-01T00:00:00Z"))
    };
    assert!(with(&kept).ok);
    let only_old = BTreeMap::from([(SHA256, SHA256.digest(b"song"))]);
    assert_eq!(all_signs(&with(&only_old)).get(..3), Some("?++"));
    assert!(!with(&only_old).ok);
    // Nothing is not a document.
    let report = verify_record(&record, &[], &[], &trust, time("2040-01-01T00:00:00Z"));
    assert!(!report.ok);
}

#[test]
fn a_renewal_of_something_else_is_refused() {
    let first = tree(SHA256, &[SHA256.digest(b"song")]);
    let given = token(&first, 5, "2010-06-01T00:00:00Z");
    let stamp = |tree, leaf, token| Stamp { tree, leaf, token };
    let other = tree(SHA256, &[vec![1; 32]]);
    let refused = |outcome: Result<_, quanlian_timestamp::record::RecordError>| outcome.unwrap_err().code();
    assert_eq!(
        refused(EvidenceRecord::begin(stamp(&other, 0, &given)).map(drop)),
        "record_other_imprint"
    );
    assert_eq!(
        refused(EvidenceRecord::begin(stamp(&first, 1, &given)).map(drop)),
        "record_no_leaf"
    );
    let mut record = EvidenceRecord::from_token(&given).unwrap();
    let second = token(&other, 5, "2010-07-01T00:00:00Z");
    assert_eq!(
        refused(record.renew(stamp(&other, 0, &second))),
        "record_other_leaf"
    );
    let newer = tree(SHA512, &[vec![1; 64]]);
    let third = token(&newer, 5, "2010-07-01T00:00:00Z");
    assert_eq!(
        refused(record.renew(stamp(&newer, 0, &third))),
        "record_other_algorithm"
    );
    assert_eq!(
        refused(record.rehash(&[0; 64], stamp(&newer, 0, &third))),
        "record_other_leaf"
    );
    assert_eq!(
        HashTree::of(SHA256, vec![]).unwrap_err().code(),
        "record_leaf_count"
    );
    assert_eq!(
        HashTree::of(SHA256, vec![vec![1; 31]]).unwrap_err().code(),
        "record_leaf_size"
    );
}

#[test]
fn a_group_is_its_documents_and_nothing_else() {
    let pair = tree(SHA256, &[SHA256.digest(b"a"), SHA256.digest(b"b")]);
    let record = EvidenceRecord::begin(Stamp {
        tree: &pair,
        leaf: 0,
        token: &token(&pair, 5, "2010-06-01T00:00:00Z"),
    })
    .unwrap();
    let reason = |documents: &[&[u8]]| {
        let documents: Vec<_> = documents.iter().map(|bytes| Document::Bytes(bytes)).collect();
        let report = verify_record(&record, &documents, &[], &trust(), time("2010-07-01T00:00:00Z"));
        assert_eq!(report.ok, report.checks[0].state == State::Held);
        report.checks[0].reason
    };
    assert_eq!(reason(&[b"a", b"b"]), "held");
    assert_eq!(reason(&[b"b"]), "held");
    assert_eq!(reason(&[b"a", b"a"]), "record_group_differs");
    assert_eq!(reason(&[b"a", b"b", b"b"]), "record_group_differs");
    assert_eq!(reason(&[b"a", b"c"]), "record_not_in_tree");
}

#[test]
fn no_changed_byte_of_a_record_changes_what_it_proves() {
    let first = tree(SHA256, &[SHA256.digest(b"song"), SHA256.digest(b"other")]);
    let record = EvidenceRecord::begin(Stamp {
        tree: &first,
        leaf: 0,
        token: &token(&first, 5, "2010-06-01T00:00:00Z"),
    })
    .unwrap();
    let der = record.to_der();
    let good = verify(&record, b"song", "2010-07-01T00:00:00Z");
    assert!(good.ok);
    let trust = trust();
    for at in 0..der.len() {
        let mut changed = der.clone();
        changed[at] ^= 0x55;
        let Ok(record) = EvidenceRecord::from_bytes(&changed) else {
            continue;
        };
        let report = verify_record(
            &record,
            &[Document::Bytes(b"song")],
            &[],
            &trust,
            time("2010-07-01T00:00:00Z"),
        );
        assert!(!report.ok || report.existed_by == good.existed_by, "byte {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_leaf_of_every_tree_leads_to_its_root(count in 1_usize..40) {
        let documents: Vec<Vec<u8>> = (0..count).map(|number| number.to_be_bytes().to_vec()).collect();
        let leaves: Vec<Vec<u8>> = documents.iter().map(|bytes| SHA256.digest(bytes)).collect();
        let tree = tree(SHA256, &leaves);
        let token = token(&tree, 5, "2010-06-01T00:00:00Z");
        for (leaf, document) in documents.iter().enumerate().step_by(1 + count / 5) {
            let record = EvidenceRecord::begin(Stamp { tree: &tree, leaf, token: &token }).unwrap();
            prop_assert!(verify(&record, document, "2010-07-01T00:00:00Z").ok);
            prop_assert!(!verify(&record, b"not one of them", "2010-07-01T00:00:00Z").ok);
        }
    }

    #[test]
    fn any_bytes_are_a_record_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = EvidenceRecord::from_bytes(&bytes);
    }
}
