//! Keys of every type that notes carry.
//!
//! In:  key texts, public (`name+id+key`) or secret (`PRIVATE+KEY+name+id+seed`).
//! Out: [`PublicKey`] and [`SecretKey`], which know their type.
//!
//! | type byte | key | signs |
//! |---|---|---|
//! | 0x01 | Ed25519 | notes of a log |
//! | 0x04 | Ed25519 with time | cosignatures of a witness |
//! | 0x06 | ML-DSA-44 with time (feature `ml-dsa`) | cosignatures of a witness, or a log |
//! | 0xff, then `oid/1.2.156.10197.1.501` | SM2 with SM3 | notes of a log, as a second line |
//!
//! Invariant: a key text has one spelling, and a key of one type never verifies a line of another.

use std::{fmt, str::FromStr};

use zeroize::Zeroizing;

use crate::{
    cosignature::{CosignerKey, CosignerSecret},
    note::{Note, NoteError, NoteSignature, SignerKey, VerifierKey, split_key_text, split_secret_text},
    sm2::{Sm2SignerKey, Sm2VerifierKey},
};

/// A public key of any type.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKey {
    /// Type 0x01.
    Ed25519(VerifierKey),
    /// SM2 with SM3, under type 0xff.
    Sm2(Sm2VerifierKey),
    /// Types 0x04 and 0x06.
    Cosigner(CosignerKey),
}

impl PublicKey {
    /// The name in its signature lines.
    pub fn name(&self) -> &str {
        match self {
            Self::Ed25519(key) => key.name(),
            Self::Sm2(key) => key.name(),
            Self::Cosigner(key) => key.name(),
        }
    }

    /// The id in its signature lines.
    pub fn id(&self) -> [u8; 4] {
        match self {
            Self::Ed25519(key) => key.id(),
            Self::Sm2(key) => key.id(),
            Self::Cosigner(key) => key.id(),
        }
    }

    /// Name of the algorithm, for people and programs.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed25519(_) => "ed25519",
            Self::Sm2(_) => "sm2-sm3",
            Self::Cosigner(key) => key.algorithm(),
        }
    }

    /// The key itself, without name and type.
    pub fn key_bytes(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.public_key().to_vec(),
            Self::Sm2(key) => key.public_key().to_vec(),
            Self::Cosigner(key) => key.key_bytes(),
        }
    }

    /// Whether a log may sign its checkpoints with such a key.
    pub fn is_log_key(&self) -> bool {
        match self {
            Self::Ed25519(_) | Self::Sm2(_) => true,
            Self::Cosigner(key) => key.may_sign_for_log(),
        }
    }

    /// Whether a witness may cosign with such a key.
    pub fn is_witness_key(&self) -> bool {
        matches!(self, Self::Cosigner(_))
    }

    /// Verifies every line of `note` by this key.
    ///
    /// `Ok` holds one time for each line, in seconds since 1970, for cosignatures that state one.
    /// Fails when there is no line, or when one of them does not fit.
    pub fn verify(&self, note: &Note) -> Result<Vec<Option<u64>>, NoteError> {
        match self {
            Self::Ed25519(key) => note.verify(key).map(|_| vec![None]),
            Self::Sm2(key) => key.verify(note).map(|()| vec![None]),
            Self::Cosigner(key) => {
                let times = key.verify(note)?;
                Ok(times
                    .into_iter()
                    .map(|time| (time != 0).then_some(time))
                    .collect())
            }
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ed25519(key) => key.fmt(f),
            Self::Sm2(key) => key.fmt(f),
            Self::Cosigner(key) => key.fmt(f),
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for PublicKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (_, typed) = split_key_text(text)?;
        match typed.first() {
            Some(0x01) => text.parse().map(Self::Ed25519),
            Some(0x04 | 0x06) => text.parse().map(Self::Cosigner),
            Some(0xff) => text.parse().map(Self::Sm2),
            _ => Err(NoteError::Key),
        }
    }
}

/// A secret key of any type. Its bytes are wiped when it is dropped.
#[non_exhaustive]
pub enum SecretKey {
    /// Type 0x01.
    Ed25519(Box<SignerKey>),
    /// SM2 with SM3, under type 0xff.
    Sm2(Box<Sm2SignerKey>),
    /// Types 0x04 and 0x06.
    Cosigner(Box<CosignerSecret>),
}

impl SecretKey {
    /// The public half.
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Ed25519(key) => PublicKey::Ed25519(key.verifier().clone()),
            Self::Sm2(key) => PublicKey::Sm2(key.verifier().clone()),
            Self::Cosigner(key) => PublicKey::Cosigner(key.verifier().clone()),
        }
    }

    /// The text for a key file.
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        match self {
            Self::Ed25519(key) => key.to_secret_text(),
            Self::Sm2(key) => key.to_secret_text(),
            Self::Cosigner(key) => key.to_secret_text(),
        }
    }

    /// Reads [`Self::to_secret_text`].
    pub fn from_secret_text(text: &str) -> Result<Self, NoteError> {
        let (_, typed) = split_secret_text(text)?;
        match typed.first() {
            Some(0x01) => SignerKey::from_secret_text(text).map(Self::from),
            Some(0x04 | 0x06) => CosignerSecret::from_secret_text(text).map(Self::from),
            Some(0xff) => Sm2SignerKey::from_secret_text(text).map(Self::from),
            _ => Err(NoteError::Key),
        }
    }

    /// The line of this key under a text of a log.
    ///
    /// A cosignature states no time here: the log does not claim that nobody has seen more of it.
    pub(crate) fn signature(&self, text: &str) -> Result<NoteSignature, NoteError> {
        const NO_TIME: u64 = 0;
        match self {
            Self::Ed25519(key) => Ok(key.signature(text)),
            Self::Sm2(key) => key.signature(text),
            Self::Cosigner(key) => key.signature(text, NO_TIME),
        }
    }
}

impl From<SignerKey> for SecretKey {
    fn from(key: SignerKey) -> Self {
        Self::Ed25519(Box::new(key))
    }
}

impl From<Sm2SignerKey> for SecretKey {
    fn from(key: Sm2SignerKey) -> Self {
        Self::Sm2(Box::new(key))
    }
}

impl From<CosignerSecret> for SecretKey {
    fn from(key: CosignerSecret) -> Self {
        Self::Cosigner(Box::new(key))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey({})", self.public())
    }
}
