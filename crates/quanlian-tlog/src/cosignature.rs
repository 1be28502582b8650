//! Cosignatures (C2SP tlog-cosignature): a witness's statement that it saw a log grow and nothing else.
//!
//! In:  a checkpoint, a time, a key; or a note from outside.
//! Out: a signature line with a time, or its verification.
//!
//! Invariant: a cosigner signs checkpoints alone, never another text, and each line states the
//! time that it covers.
//!
//! Not here: whether a checkpoint deserves a cosignature ([`crate::witness`]), or whose
//! cosignatures count ([`crate::policy`]).

#[cfg(feature = "ml-dsa")]
mod ml_dsa;

use std::{fmt, str::FromStr};

use ed25519_dalek::{Signature as Ed25519Signature, Signer as _, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::{
    checkpoint::Checkpoint,
    note::{
        Note, NoteError, NoteSignature, SEED_BYTES, check_name, key_id, key_text, secret_text,
        split_key_text, split_secret_text,
    },
};

/// The latest time that a cosignature can state, in seconds since 1970.
pub const MAX_TIMESTAMP_S: u64 = (1 << 63) - 1;

/// Signature type byte of Ed25519 cosignatures.
const ED25519: u8 = 0x04;
/// Signature type byte of ML-DSA-44 cosignatures.
const ML_DSA_44: u8 = 0x06;
/// Bytes of the time before the signature.
const TIMESTAMP_BYTES: usize = 8;

/// Which signature a cosigner makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CosignerKind {
    /// Type 0x04, read by every witness network of today.
    Ed25519,
    /// Type 0x06, which also withstands quantum computers and commits to the cosigner's name.
    #[cfg(feature = "ml-dsa")]
    MlDsa44,
}

#[derive(Clone, PartialEq, Eq)]
enum Public {
    Ed25519(VerifyingKey),
    #[cfg(feature = "ml-dsa")]
    MlDsa44(ml_dsa::Public),
}

enum Secret {
    Ed25519(Box<SigningKey>),
    #[cfg(feature = "ml-dsa")]
    MlDsa44(ml_dsa::Secret),
}

/// The public key of a cosigner with its name.
#[derive(Clone, PartialEq, Eq)]
pub struct CosignerKey {
    name: String,
    id: [u8; 4],
    key: Public,
}

impl CosignerKey {
    fn new(name: &str, key: Public) -> Result<Self, NoteError> {
        check_name(name)?;
        match &key {
            Public::Ed25519(key) if key.is_weak() => return Err(NoteError::WeakKey(name.to_owned())),
            Public::Ed25519(_) => {}
            #[cfg(feature = "ml-dsa")]
            Public::MlDsa44(_) => {}
        }
        Ok(Self {
            name: name.to_owned(),
            id: key_id(name, &[key.kind()], &key.bytes()),
            key,
        })
    }

    /// The name of the cosigner.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 over name, type and key.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The key itself, without name and type.
    pub fn key_bytes(&self) -> Vec<u8> {
        self.key.bytes()
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match self.key {
            Public::Ed25519(_) => "ed25519-cosignature",
            #[cfg(feature = "ml-dsa")]
            Public::MlDsa44(_) => "ml-dsa-44-cosignature",
        }
    }

    /// tlog-checkpoint wants logs to sign with this type; the other is for witnesses alone.
    pub(crate) fn may_sign_for_log(&self) -> bool {
        self.key.kind() == ML_DSA_44
    }

    /// Verifies every line of `note` by this key; there must be one.
    ///
    /// Returns the times that the lines state, in seconds since 1970; 0 states none.
    pub fn verify(&self, note: &Note) -> Result<Vec<u64>, NoteError> {
        note.verify_lines(&self.name, self.id, |bytes| {
            let (time, signature) = bytes.split_first_chunk::<TIMESTAMP_BYTES>()?;
            let time = u64::from_be_bytes(*time);
            if time > MAX_TIMESTAMP_S {
                return None;
            }
            let text = note.unverified_text();
            let good = match &self.key {
                Public::Ed25519(key) => {
                    let message = ed25519_message(text, time)?;
                    let signature = Ed25519Signature::from_slice(signature).ok()?;
                    key.verify_strict(message.as_bytes(), &signature).is_ok()
                }
                #[cfg(feature = "ml-dsa")]
                Public::MlDsa44(key) => key.verifies(&tree_message(&self.name, text, time)?, signature),
            };
            good.then_some(time)
        })
    }
}

impl Public {
    fn kind(&self) -> u8 {
        match self {
            Self::Ed25519(_) => ED25519,
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa44(_) => ML_DSA_44,
        }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.as_bytes().to_vec(),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa44(key) => key.bytes(),
        }
    }
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(
            &self.name,
            self.id,
            &[self.key.kind()],
            &self.key.bytes(),
        ))
    }
}

impl fmt::Debug for CosignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for CosignerKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, typed) = split_key_text(text)?;
        let key = match typed.split_first() {
            Some((&ED25519, key)) => {
                let key = key.try_into().map_err(|_| NoteError::Key)?;
                Public::Ed25519(VerifyingKey::from_bytes(key).map_err(|_| NoteError::Key)?)
            }
            #[cfg(feature = "ml-dsa")]
            Some((&ML_DSA_44, key)) => Public::MlDsa44(ml_dsa::Public::read(key).ok_or(NoteError::Key)?),
            #[cfg(not(feature = "ml-dsa"))]
            Some((&ML_DSA_44, _)) => return Err(NoteError::KeyType(ML_DSA_44)),
            _ => return Err(NoteError::Key),
        };
        let key = Self::new(name, key)?;
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(NoteError::Key)
        }
    }
}

/// The secret key of a cosigner.
pub struct CosignerSecret {
    secret: Secret,
    public: CosignerKey,
}

impl CosignerSecret {
    /// The key `name` from 32 bytes that nobody else knows and no other key uses.
    pub fn from_seed(name: &str, kind: CosignerKind, seed: &[u8; SEED_BYTES]) -> Result<Self, NoteError> {
        let (secret, public) = match kind {
            CosignerKind::Ed25519 => {
                let secret = SigningKey::from_bytes(seed);
                let public = Public::Ed25519(secret.verifying_key());
                (Secret::Ed25519(Box::new(secret)), public)
            }
            #[cfg(feature = "ml-dsa")]
            CosignerKind::MlDsa44 => {
                let secret = ml_dsa::Secret::from_seed(seed);
                let public = Public::MlDsa44(secret.public());
                (Secret::MlDsa44(secret), public)
            }
        };
        Ok(Self {
            secret,
            public: CosignerKey::new(name, public)?,
        })
    }

    /// The public half.
    pub fn verifier(&self) -> &CosignerKey {
        &self.public
    }

    /// The text for a key file.
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let seed = match &self.secret {
            Secret::Ed25519(key) => Zeroizing::new(key.to_bytes()),
            #[cfg(feature = "ml-dsa")]
            Secret::MlDsa44(key) => key.seed(),
        };
        let (name, kind) = (&self.public.name, self.public.key.kind());
        secret_text(name, self.public.id, &[kind], seed.as_slice())
    }

    /// Reads [`Self::to_secret_text`].
    pub fn from_secret_text(text: &str) -> Result<Self, NoteError> {
        let (name, typed) = split_secret_text(text)?;
        let (kind, seed) = match typed.split_first() {
            Some((&ED25519, seed)) => (CosignerKind::Ed25519, seed),
            #[cfg(feature = "ml-dsa")]
            Some((&ML_DSA_44, seed)) => (CosignerKind::MlDsa44, seed),
            #[cfg(not(feature = "ml-dsa"))]
            Some((&ML_DSA_44, _)) => return Err(NoteError::KeyType(ML_DSA_44)),
            _ => return Err(NoteError::Key),
        };
        let key = Self::from_seed(name, kind, seed.try_into().map_err(|_| NoteError::Key)?)?;
        if *key.to_secret_text() == text {
            Ok(key)
        } else {
            Err(NoteError::Key)
        }
    }

    /// The cosignature under the text of a checkpoint, stating `time_s` seconds since 1970.
    pub(crate) fn signature(&self, text: &str, time_s: u64) -> Result<NoteSignature, NoteError> {
        if time_s > MAX_TIMESTAMP_S {
            return Err(NoteError::NotACheckpoint);
        }
        let mut bytes = time_s.to_be_bytes().to_vec();
        match &self.secret {
            Secret::Ed25519(key) => {
                let message = ed25519_message(text, time_s).ok_or(NoteError::NotACheckpoint)?;
                bytes.extend_from_slice(&key.sign(message.as_bytes()).to_bytes());
            }
            #[cfg(feature = "ml-dsa")]
            Secret::MlDsa44(key) => {
                let message =
                    tree_message(&self.public.name, text, time_s).ok_or(NoteError::NotACheckpoint)?;
                bytes.extend(key.sign(&message).ok_or(NoteError::Key)?);
            }
        }
        Ok(NoteSignature {
            name: self.public.name.clone(),
            id: self.public.id,
            bytes,
        })
    }
}

impl fmt::Debug for CosignerSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CosignerSecret({})", self.public)
    }
}

/// What an Ed25519 cosignature covers: the whole text, extension lines included.
fn ed25519_message(text: &str, time_s: u64) -> Option<String> {
    Checkpoint::parse_extended(text).ok()?;
    Some(format!("cosignature/v1\ntime {time_s}\n{text}"))
}

/// What an ML-DSA-44 cosignature covers: `cosigned_message` for the whole tree.
#[cfg(feature = "ml-dsa")]
fn tree_message(cosigner: &str, text: &str, time_s: u64) -> Option<Vec<u8>> {
    const LABEL: &[u8; 12] = b"subtree/v1\n\0";
    let (head, _) = Checkpoint::parse_extended(text).ok()?;
    let mut message = LABEL.to_vec();
    let push_name = |message: &mut Vec<u8>, name: &str| {
        message.push(u8::try_from(name.len()).ok().filter(|len| *len > 0)?);
        message.extend_from_slice(name.as_bytes());
        Some(())
    };
    push_name(&mut message, cosigner)?;
    message.extend(time_s.to_be_bytes());
    push_name(&mut message, &head.origin)?;
    message.extend(0_u64.to_be_bytes());
    message.extend(head.size.to_be_bytes());
    message.extend(head.root.as_bytes());
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::empty_root;

    fn kinds() -> Vec<CosignerKind> {
        vec![
            CosignerKind::Ed25519,
            #[cfg(feature = "ml-dsa")]
            CosignerKind::MlDsa44,
        ]
    }

    fn text(size: u64) -> String {
        format!("log.example/one\n{size}\n{}\n", empty_root().to_base64())
    }

    fn note(text: &str, line: NoteSignature) -> Note {
        Note::from_parts(text, vec![line]).unwrap()
    }

    #[test]
    fn a_cosignature_states_its_time_and_every_changed_bit_is_noticed() {
        for kind in kinds() {
            let key = CosignerSecret::from_seed("witness.example/w1", kind, &[9; 32]).unwrap();
            let line = key.signature(&text(7), 1_700_000_000).unwrap();
            assert_eq!(
                key.verifier().verify(&note(&text(7), line.clone())),
                Ok(vec![1_700_000_000])
            );
            let other_text = key.verifier().verify(&note(&text(8), line.clone()));
            assert_eq!(other_text.unwrap_err().code(), "note_bad_signature");
            // Each bit of the time, and a sample of those of the signature.
            for bit in (0..64).chain((64..line.bytes.len() * 8).step_by(97)) {
                let mut line = line.clone();
                line.bytes[bit / 8] ^= 1 << (bit % 8);
                let result = key.verifier().verify(&note(&text(7), line));
                assert_eq!(result.unwrap_err().code(), "note_bad_signature", "bit {bit}");
            }
        }
    }

    #[test]
    fn a_cosigner_signs_no_other_text_and_no_time_out_of_range() {
        for kind in kinds() {
            let key = CosignerSecret::from_seed("w", kind, &[9; 32]).unwrap();
            for (text, time) in [
                ("a\n".to_owned(), 1),
                (text(1), MAX_TIMESTAMP_S + 1),
                ("quanlian-key-rotation v1\nlog.example\n".to_owned(), 1),
            ] {
                let error = key.signature(&text, time).unwrap_err();
                assert_eq!(error.code(), "note_not_a_checkpoint", "{text}");
            }
        }
    }

    #[test]
    fn key_texts_come_back_and_types_are_not_mixed_up() {
        for kind in kinds() {
            let key = CosignerSecret::from_seed("w.example", kind, &[4; 32]).unwrap();
            let back = CosignerSecret::from_secret_text(&key.to_secret_text()).unwrap();
            assert_eq!(back.verifier(), key.verifier());
            let public = key.verifier().to_string();
            assert_eq!(public.parse::<CosignerKey>().unwrap(), *key.verifier());
            assert!(public.parse::<crate::note::VerifierKey>().is_err());
            assert!(!format!("{key:?}").contains("PRIVATE"));
        }
        let log = crate::note::SignerKey::from_seed("w.example", &[4; 32]).unwrap();
        assert!(log.verifier().to_string().parse::<CosignerKey>().is_err());
        assert!(CosignerSecret::from_secret_text(&log.to_secret_text()).is_err());
    }

    #[cfg(not(feature = "ml-dsa"))]
    #[test]
    fn a_type_that_is_not_built_in_is_named() {
        let vkey = key_text("w", [0; 4], &[ML_DSA_44], &[0; 1312]);
        let error = vkey.parse::<CosignerKey>().unwrap_err();
        assert_eq!(error, NoteError::KeyType(ML_DSA_44));
    }
}
