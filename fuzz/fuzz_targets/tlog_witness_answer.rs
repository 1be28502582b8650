//! What a witness answers to a log: a size, cosignatures, a refusal.
//!
//! In:  answers between bytes 0xff, each a status and a body.
//! Out: no panic; no answer is taken for a cosignature, because nobody here has the key.

#![no_main]

use std::convert::Infallible;

use libfuzzer_sys::fuzz_target;
use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    cosignature::{CosignerKind, CosignerSecret},
    hash::leaf_hash,
    note::{Note, SignerKey},
    witness::client::{Answer, Transport, TransportError, ask},
};

struct Answers<'a>(Vec<&'a [u8]>);

impl Transport for Answers<'_> {
    fn add_checkpoint(&mut self, _body: &str) -> Result<Answer, TransportError> {
        let answer = self.0.pop().ok_or_else(|| TransportError("no more".to_owned()))?;
        let (status, body) = answer.split_first().unwrap_or((&0, &[]));
        Ok(Answer {
            status: [200, 409, 404, 500][usize::from(*status) % 4],
            content_type: Some("text/x.tlog.size".to_owned()),
            body: body.to_vec(),
        })
    }
}

fuzz_target!(|bytes: &[u8]| {
    let log = SignerKey::from_seed("log.example/fuzz", &[7; 32]).expect("a good name");
    let head = SignedCheckpoint::sign(5, leaf_hash(b"entry"), &log).expect("it is signed");
    let head = Note::parse(head.note()).expect("it is a note");
    let witness = CosignerSecret::from_seed("witness.example/fuzz", CosignerKind::Ed25519, &[8; 32])
        .expect("a good name");
    let mut answers = Answers(bytes.split(|byte| *byte == 0xff).collect());
    answers.0.reverse();
    let prove = |_: u64| Ok::<_, Infallible>(vec![leaf_hash(b"proof")]);
    assert!(ask(&mut answers, witness.verifier(), &head, 3, prove).is_err());
});
