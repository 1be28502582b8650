//! The C2SP tlog-proof text: index, inclusion proof and checkpoint in one file.
//!
//! In:  the parts, or a text from outside.
//! Out: the text, or a verified statement "this leaf is entry n of that log".
//!
//! Invariant: a proof has one spelling.

use std::{fmt, str::FromStr};

use crate::{
    checkpoint::{CheckpointError, SignedCheckpoint},
    hash::Hash,
    merkle::{MAX_PROOF_HASHES, ProofError, verify_inclusion},
    note::{MAX_NOTE_BYTES, VerifierKey},
};

/// The first line of every proof.
pub const PROOF_HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Longer texts are refused unread.
pub const MAX_PROOF_BYTES: usize = MAX_NOTE_BYTES + 8 * 1024;

/// An inclusion proof with the checkpoint it leads to, nothing verified.
///
/// The `extra` line of the format is not written and not accepted: nothing authenticates it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// Which entry.
    pub index: u64,
    /// Leaf's sibling first.
    pub hashes: Vec<Hash>,
    /// The checkpoint note, verbatim.
    pub checkpoint: String,
}

/// Why a text does not prove what it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlogProofError {
    /// Not this format.
    #[error("not a `{PROOF_HEADER}` text: {0}")]
    Format(&'static str),
    /// The checkpoint in it is not valid.
    #[error("the checkpoint of the proof is not valid")]
    Checkpoint(#[from] CheckpointError),
    /// The hashes do not lead from the leaf to the root.
    #[error("the proof does not lead to the root of its checkpoint")]
    Path(#[from] ProofError),
}

impl TlogProofError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Format(_) => "tlog_proof_format",
            Self::Checkpoint(source) => source.code(),
            Self::Path(source) => source.code(),
        }
    }
}

impl TlogProof {
    /// Checks that `leaf` is entry `index` under a checkpoint that `key` has signed.
    pub fn verify(&self, leaf: &Hash, key: &VerifierKey) -> Result<SignedCheckpoint, TlogProofError> {
        let head = SignedCheckpoint::open(&self.checkpoint, key)?;
        verify_inclusion(leaf, self.index, head.size(), &self.hashes, &head.root())?;
        Ok(head)
    }
}

impl fmt::Display for TlogProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{PROOF_HEADER}\nindex {}", self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", hash.to_base64())?;
        }
        write!(f, "\n{}", self.checkpoint)
    }
}

impl FromStr for TlogProof {
    type Err = TlogProofError;
    fn from_str(text: &str) -> Result<Self, TlogProofError> {
        let wrong = TlogProofError::Format;
        if text.len() > MAX_PROOF_BYTES {
            return Err(wrong("too long"));
        }
        let (head, checkpoint) = text
            .split_once("\n\n")
            .ok_or(wrong("no blank line before the checkpoint"))?;
        let mut lines = head.split('\n');
        if lines.next() != Some(PROOF_HEADER) {
            return Err(wrong("the first line is another one"));
        }
        let index = lines
            .next()
            .and_then(|line| line.strip_prefix("index "))
            .ok_or(wrong("no index line"))?;
        let index = index.parse().map_err(|_| wrong("the index is not a number"))?;
        let hashes = lines
            .map(|line| Hash::from_base64(line).ok_or(wrong("a line is not a hash")))
            .collect::<Result<Vec<_>, _>>()?;
        if hashes.len() > MAX_PROOF_HASHES {
            return Err(wrong("too many hashes"));
        }
        let proof = Self {
            index,
            hashes,
            checkpoint: checkpoint.to_owned(),
        };
        if proof.to_string() == text {
            Ok(proof)
        } else {
            Err(wrong("another spelling"))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        hash::{leaf_hash, node_hash},
        note::SignerKey,
    };

    #[test]
    fn a_proof_comes_back_verifies_and_each_changed_bit_is_noticed() {
        let key = SignerKey::from_seed("a.example/log", &[3; 32]).unwrap();
        let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
        let head = SignedCheckpoint::sign(2, node_hash(&left, &right), &key).unwrap();
        let proof = TlogProof {
            index: 1,
            hashes: vec![left],
            checkpoint: head.note().to_owned(),
        };
        let text = proof.to_string();
        assert_eq!(text.parse(), Ok(proof.clone()));
        assert_eq!(proof.verify(&right, key.verifier()), Ok(head));
        assert_eq!(
            proof.verify(&left, key.verifier()).unwrap_err().code(),
            "proof_root"
        );
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let accepted = String::from_utf8(bytes).is_ok_and(|text| {
                    text.parse::<TlogProof>()
                        .is_ok_and(|proof| proof.verify(&right, key.verifier()).is_ok())
                });
                assert!(!accepted, "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn hostile_texts_are_refused() {
        let check =
            |text: &str| assert_eq!(text.parse::<TlogProof>().unwrap_err().code(), "tlog_proof_format");
        check("");
        check("c2sp.org/tlog-proof@v2\nindex 0\n\n");
        check("c2sp.org/tlog-proof@v1\nextra AAAA\nindex 0\n\n");
        check("c2sp.org/tlog-proof@v1\nindex 01\n\n");
        check("c2sp.org/tlog-proof@v1\nindex -1\n\n");
        check(&format!(
            "c2sp.org/tlog-proof@v1\nindex 0\n{}\n",
            "x\n".repeat(100)
        ));
        check(&"x".repeat(MAX_PROOF_BYTES + 1));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(
            head in "(c2sp.org/tlog-proof@v1\n)?(index [0-9]{0,22}\n)?([A-Za-z0-9+/=]{40,44}\n){0,3}\n{0,2}",
            tail in "(\\PC{0,20}\n){0,4}\n{0,2}(— \\PC{0,80}\n){0,3}",
        ) {
            let text = head + &tail;
            if let Ok(proof) = text.parse::<TlogProof>() {
                prop_assert_eq!(proof.to_string(), text.as_str());
            }
            let _ = crate::note::Note::parse(&text);
            let _ = crate::checkpoint::Checkpoint::parse_text(&tail);
            let _ = text.parse::<VerifierKey>();
            let _ = text.parse::<crate::tile::TilePath>();
        }
    }
}
