//! Seeds of the log: notes, proofs, keys, policies, witness requests and answers, the folder of a log.

use quanlian_fuzz::{
    log::{folder, key},
    scratch,
};
use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    cosignature::{CosignerKind, CosignerSecret},
    hash::{empty_root, leaf_hash},
    key::SecretKey,
    note::{Note, NoteSignature, SignerKey},
    policy::Policy,
    proof::TlogProof,
    rotation::Rotation,
    sm2::Sm2SignerKey,
    witness::{AddCheckpoint, FolderState, Witness},
};

use crate::Corpora;

const NOW_S: u64 = 1_767_225_600;

pub fn make(corpora: &Corpora) {
    let log = key();
    let head = SignedCheckpoint::sign(5, leaf_hash(b"entry"), &log).expect("it is signed");
    let mut note = Note::parse(head.note()).expect("it is a note");
    corpora.put("tlog_note", "checkpoint", head.note());
    corpora.put("tlog_note", "text", head.checkpoint().to_text());

    let mut lines = String::new();
    let mut policy = format!("log {}\n", log.verifier());
    let known = Policy::parse(format!("{policy}quorum none\n").as_bytes()).expect("a policy");
    let mut signatures = note.signatures().to_vec();
    for (name, kind) in [("ed", CosignerKind::Ed25519), ("ml", CosignerKind::MlDsa44)] {
        let secret = || {
            let name = format!("witness.example/{name}");
            CosignerSecret::from_seed(&name, kind, &[8; 32]).expect("a good name")
        };
        let witness = secret();
        let state = FolderState::open(&scratch().join(name)).expect("a folder");
        let mut service = Witness::new(vec![secret()], &known, state);
        let request = AddCheckpoint::new(0, Vec::new(), note.clone()).expect("a good request");
        let answer = service
            .add_checkpoint(request.to_string().as_bytes(), NOW_S)
            .expect("it is cosigned");
        signatures.extend(NoteSignature::parse_lines(&answer).expect("lines"));
        lines.push_str(&answer);
        policy.push_str(&format!(
            "witness {name} {} https://{name}.example/\n",
            witness.verifier()
        ));
        corpora.put("tlog_key_file", name, witness.verifier().to_string());
        corpora.put(
            "tlog_key_file",
            &format!("{name}-secret"),
            witness.to_secret_text().as_bytes(),
        );
    }
    policy.push_str("group both all ed ml\nquorum both\n");
    note = Note::from_parts(note.unverified_text(), signatures).expect("it is a note");
    corpora.put("tlog_note", "cosigned", note.to_string());
    corpora.put("tlog_note", "lines", &lines);
    corpora.put("tlog_policy", "both", format!("{policy}\0{note}"));
    corpora.put(
        "tlog_policy",
        "none",
        format!("log {}\nquorum none\n\0{note}", log.verifier()),
    );

    corpora.put("tlog_key_file", "log", log.verifier().to_string());
    corpora.put("tlog_key_file", "log-secret", log.to_secret_text().as_bytes());
    let sm2 = Sm2SignerKey::from_secret("log.example/sm2", &[9; 32]).expect("a good key");
    corpora.put("tlog_key_file", "sm2", sm2.verifier().to_string());
    corpora.put("tlog_key_file", "sm2-secret", sm2.to_secret_text().as_bytes());

    let proof = TlogProof {
        index: 3,
        hashes: vec![leaf_hash(b"a"), leaf_hash(b"b"), empty_root()],
        checkpoint: head.note().to_owned(),
    };
    // Two numbers for the tree stand before the text.
    let text = proof.to_string();
    corpora.put(
        "tlog_proof",
        "inclusion",
        [&3_u64.to_le_bytes()[..], &5_u64.to_le_bytes(), text.as_bytes()].concat(),
    );

    let other = SecretKey::Ed25519(Box::new(
        SignerKey::from_seed("log.example/fuzz", &[17; 32]).expect("a good name"),
    ));
    let rotation = Rotation::sign(&SecretKey::Ed25519(Box::new(key())), &other, 4).expect("it is signed");
    corpora.put("tlog_rotation", "ed25519", rotation);

    let request = AddCheckpoint::new(3, vec![leaf_hash(b"a"), leaf_hash(b"b")], note.clone());
    corpora.put(
        "tlog_witness",
        "request",
        request.expect("a good request").to_string(),
    );
    corpora.put("tlog_witness_answer", "size", b"\x014\n\xff\x015\n");
    corpora.put(
        "tlog_witness_answer",
        "cosigned",
        [b"\x00", lines.as_bytes()].concat(),
    );
    corpora.put("tlog_witness_answer", "refused", b"\x02no such log");

    corpora.put(
        "tlog_tile",
        "hashes",
        [
            b"tile/0/000.p/2\0".as_slice(),
            leaf_hash(b"a").as_bytes(),
            leaf_hash(b"b").as_bytes(),
        ]
        .concat(),
    );
    corpora.put(
        "tlog_tile",
        "entries",
        b"tile/entries/x001/x234/067.p/2\0\0\x03one\0\x03two",
    );
    for (number, part) in folder().seeds().enumerate() {
        corpora.put("tlog_folder", &number.to_string(), part);
    }
}
