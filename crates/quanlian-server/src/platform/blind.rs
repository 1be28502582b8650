//! The blind index: names as digests under a key that is in no database.
//!
//! In:  32 random bytes of the installation; a name as it is compared.
//! Out: a digest by which it is looked up.

use hmac::{Hmac, KeyInit as _, Mac as _};
use quanlian_procedure::duplicate::KeyKind;
use quanlian_store::matters::BlindKey;
use sha2::Sha256;
use zeroize::Zeroizing;

/// The key of an installation. All its servers have the same; with another one nothing is found.
pub struct Blind(Zeroizing<[u8; 32]>);

impl Blind {
    /// From its bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// A key of its own for something else.
    pub(crate) fn derived(&self, what: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0[..]).expect("any key will do");
        mac.update(what);
        Hmac::new_from_slice(&mac.finalize().into_bytes()).expect("any key will do")
    }

    /// The digest of a name.
    pub(crate) fn key(&self, kind: KeyKind, text: &str) -> BlindKey {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0[..]).expect("any key will do");
        let word: &[u8] = match kind {
            KeyKind::Right => b"right",
            KeyKind::Link => b"link",
            KeyKind::Account => b"account",
            KeyKind::PlatformId => b"platform_id",
        };
        for part in [b"quanlian/blind/v1".as_slice(), word, text.as_bytes()] {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl std::fmt::Debug for Blind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Blind(…)")
    }
}
