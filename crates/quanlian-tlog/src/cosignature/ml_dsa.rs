//! ML-DSA-44 (FIPS 204), the deterministic variant with an empty context.
//!
//! In:  messages and keys as bytes.
//! Out: signatures of 2,420 bytes, or a yes or no.
//!
//! Invariant: signing draws no randomness. Go's `crypto/mldsa` and the Wycheproof vectors agree
//! with the crate used here; it is young all the same, hence the feature.

use ml_dsa::{EncodedSignature, EncodedVerifyingKey, MlDsa44, Seed, Signature, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use crate::note::SEED_BYTES;

#[derive(Clone)]
pub(super) struct Public(Box<VerifyingKey<MlDsa44>>);

impl Public {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let encoded = EncodedVerifyingKey::<MlDsa44>::try_from(bytes).ok()?;
        Some(Self(Box::new(VerifyingKey::decode(&encoded))))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.encode().to_vec()
    }

    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        EncodedSignature::<MlDsa44>::try_from(signature)
            .ok()
            .and_then(|encoded| Signature::decode(&encoded))
            .is_some_and(|signature| self.0.verify_with_context(message, &[], &signature))
    }
}

impl PartialEq for Public {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Public {}

/// Wiped by the crate when it is dropped.
pub(super) struct Secret(Box<SigningKey<MlDsa44>>);

impl Secret {
    pub(super) fn from_seed(seed: &[u8; SEED_BYTES]) -> Self {
        let seed = Zeroizing::new(Seed::from(*seed));
        Self(Box::new(SigningKey::from_seed(&seed)))
    }

    pub(super) fn public(&self) -> Public {
        Public(Box::new(self.0.expanded_key().verifying_key()))
    }

    pub(super) fn seed(&self) -> Zeroizing<[u8; SEED_BYTES]> {
        Zeroizing::new((*self.0.as_seed()).into())
    }

    /// `None` if the sampling loop of the algorithm finds nothing, which it does once in 2^-128 or so.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let signature = self.0.expanded_key().sign_deterministic(message, &[]).ok()?;
        Some(signature.encode().to_vec())
    }
}
