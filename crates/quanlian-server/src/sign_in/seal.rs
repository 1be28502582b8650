//! Seals: secrets that have to be given out again, kept so that the database alone does not tell them.
//!
//! In:  keys of the installation, the newest first; a secret, what it is for, and whose it is.
//! Out: bytes that only these keys open, for the same use and owner.
//!
//! Form: `QS1`, four bytes that name the key, 24 of nonce, XChaCha20-Poly1305 with use and owner as associated data.
//!
//! | to change the key | |
//! |---|---|
//! | 1 | put a new key as the first line of the file of keys, keep the old one below, restart: all is sealed anew |
//! | 2 | when the program says that everything is sealed under the first key, take the old line away |
//!
//! Invariants: a nonce is fresh randomness; what is moved to another owner or use does not open; nothing of a key is printed.
//!
//! Not here: where the file lies (the binary), passwords, which are hashed (`password`).

use chacha20poly1305::{
    XChaCha20Poly1305,
    aead::{Aead as _, KeyInit as _, Payload},
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

const MARK: &[u8; 3] = b"QS1";
const NAME_BYTES: usize = 4;
const NONCE_BYTES: usize = 24;
const HEAD_BYTES: usize = MARK.len() + NAME_BYTES + NONCE_BYTES;
/// A file of keys holds no more.
const MAX_KEYS: usize = 16;

/// What a sealed secret is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The secret of an authenticator.
    SecondFactor,
    /// The secret that signs what a webhook is sent.
    Webhook,
    /// A sign-in with a provider that is on its way.
    Flow,
}

impl Use {
    fn domain(self) -> &'static [u8] {
        match self {
            Self::SecondFactor => b"quanlian/seal/second-factor/1",
            Self::Webhook => b"quanlian/seal/webhook/1",
            Self::Flow => b"quanlian/seal/flow/1",
        }
    }
}

/// Why something was not opened, or no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The text of the keys is none.
    #[error("a file of keys holds 1 to 16 lines of 64 hexadecimal digits")]
    Keys,
    /// Sealed under a key that is not among them.
    #[error("it is sealed under a key that is not in the file of keys")]
    UnknownKey,
    /// Not what was sealed for this use and owner.
    #[error("what was sealed was changed, or is somebody else's")]
    Changed,
}

impl SealError {
    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Keys => "seal_keys",
            Self::UnknownKey => "seal_unknown_key",
            Self::Changed => "seal_changed",
        }
    }
}

struct Key {
    name: [u8; NAME_BYTES],
    bytes: Zeroizing<[u8; 32]>,
}

impl Key {
    fn new(bytes: [u8; 32]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"quanlian/seal/key-name/1\0");
        hash.update(bytes);
        let digest: [u8; 32] = hash.finalize().into();
        let mut name = [0; NAME_BYTES];
        name.copy_from_slice(&digest[..NAME_BYTES]);
        Self {
            name,
            bytes: Zeroizing::new(bytes),
        }
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new((&*self.bytes).into())
    }
}

/// The keys of an installation; all its servers have the same.
pub struct Seal {
    current: Key,
    former: Vec<Key>,
}

impl Seal {
    /// One key.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            current: Key::new(key),
            former: Vec::new(),
        }
    }

    /// The keys of a file, the newest first.
    pub fn parse(text: &str) -> Result<Self, SealError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let mut keys = Vec::new();
        for line in lines {
            let mut key = [0; 32];
            hex::decode_to_slice(line, &mut key).map_err(|_| SealError::Keys)?;
            keys.push(Key::new(key));
        }
        if keys.is_empty() || keys.len() > MAX_KEYS {
            return Err(SealError::Keys);
        }
        let current = keys.remove(0);
        Ok(Self {
            current,
            former: keys,
        })
    }

    /// Seals a secret of somebody.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing sound can be made then.
    pub fn seal(&self, to: Use, owner: &[u8], secret: &[u8]) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).expect("the operating system gives randomness");
        let mut sealed = Vec::with_capacity(HEAD_BYTES + secret.len() + 16);
        sealed.extend(MARK);
        sealed.extend(self.current.name);
        sealed.extend(nonce);
        let bound = bound(to, owner);
        let payload = Payload {
            msg: secret,
            aad: &bound,
        };
        let closed = self.current.cipher().encrypt(&nonce.into(), payload);
        sealed.extend(closed.expect("a secret is far shorter than a cipher takes"));
        sealed
    }

    /// Opens what was sealed.
    pub fn open(&self, to: Use, owner: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (name, rest) = parts(sealed).ok_or(SealError::Changed)?;
        let mut keys = std::iter::once(&self.current).chain(&self.former);
        let key = keys.find(|key| key.name == name).ok_or(SealError::UnknownKey)?;
        let (nonce, closed) = rest.split_at(NONCE_BYTES);
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| SealError::Changed)?;
        let bound = bound(to, owner);
        let payload = Payload {
            msg: closed,
            aad: &bound,
        };
        let secret = key.cipher().decrypt(&nonce.into(), payload);
        Ok(Zeroizing::new(secret.map_err(|_| SealError::Changed)?))
    }

    /// Whether it is sealed under the newest key.
    pub fn is_current(&self, sealed: &[u8]) -> bool {
        parts(sealed).is_some_and(|(name, _)| name == self.current.name)
    }
}

fn parts(sealed: &[u8]) -> Option<([u8; NAME_BYTES], &[u8])> {
    if sealed.len() < HEAD_BYTES {
        return None;
    }
    let rest = sealed.strip_prefix(MARK)?;
    let (name, rest) = rest.split_at(NAME_BYTES);
    Some((name.try_into().ok()?, rest))
}

/// Use and owner, so that one cannot end where the other begins.
fn bound(to: Use, owner: &[u8]) -> Vec<u8> {
    [to.domain(), b"\0", owner].concat()
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_the_same_use_and_owner_alone() {
        let seal = Seal::new([7; 32]);
        let sealed = seal.seal(Use::SecondFactor, b"li", b"12345678901234567890");
        assert!(
            !sealed.windows(8).any(|part| part == b"12345678"),
            "it is not there in plain"
        );
        let open =
            |to, owner: &[u8], sealed: &[u8]| seal.open(to, owner, sealed).map(|secret| secret.to_vec());
        assert_eq!(
            open(Use::SecondFactor, b"li", &sealed).unwrap(),
            b"12345678901234567890"
        );
        assert_eq!(open(Use::SecondFactor, b"wang", &sealed), Err(SealError::Changed));
        assert_eq!(open(Use::Webhook, b"li", &sealed), Err(SealError::Changed));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(Use::SecondFactor, b"li", &changed).is_err(), "byte {at}");
            assert!(
                open(Use::SecondFactor, b"li", &sealed[..at]).is_err(),
                "cut at {at}"
            );
        }
        assert_ne!(
            sealed,
            seal.seal(Use::SecondFactor, b"li", b"12345678901234567890")
        );
    }

    #[test]
    fn a_new_key_goes_first_and_old_ones_still_open() {
        let (old, new) = (hex::encode([1; 32]), hex::encode([2; 32]));
        let before = Seal::parse(&old).unwrap();
        let sealed = before.seal(Use::Webhook, b"w", b"secret");
        let both = Seal::parse(&format!("{new}\n{old}\n")).unwrap();
        assert!(!both.is_current(&sealed) && before.is_current(&sealed));
        let again = both.seal(
            Use::Webhook,
            b"w",
            &both.open(Use::Webhook, b"w", &sealed).unwrap(),
        );
        let after = Seal::parse(&new).unwrap();
        assert_eq!(**after.open(Use::Webhook, b"w", &again).unwrap(), *b"secret");
        assert_eq!(
            after.open(Use::Webhook, b"w", &sealed),
            Err(SealError::UnknownKey)
        );
        for text in ["", "\n", "ab", &"00".repeat(33)] {
            assert_eq!(Seal::parse(text).unwrap_err(), SealError::Keys, "{text}");
        }
    }
}
