//! Inclusion proofs in the tlog-proof text.
//!
//! In:  any bytes.
//! Out: no panic; a proof has one spelling.

#![no_main]

use libfuzzer_sys::fuzz_target;
use quanlian_tlog::{
    hash::empty_root,
    merkle::{verify_consistency, verify_inclusion},
    proof::TlogProof,
};

fuzz_target!(|input: (u64, u64, &str)| {
    let (index, size, text) = input;
    if let Ok(proof) = text.parse::<TlogProof>() {
        assert_eq!(proof.to_string(), text);
        let root = empty_root();
        let _ = verify_inclusion(&root, index, size, &proof.hashes, &root);
        let _ = verify_consistency(index, size, &proof.hashes, &root, &root);
    }
});
