//! The sealed form of a key file.
//!
//! In:  key lines, a passphrase, randomness.
//! Out: a text that shows the public keys and hides the secret ones.
//!
//! ```text
//! quanlian-sealed-key v1
//! argon2id 65536 3 4
//! salt <16 bytes, base64>
//! nonce <24 bytes, base64>
//! key <name+id+key>
//! box <base64>
//! ```
//!
//! Argon2id (RFC 9106; KiB of memory, passes, lanes) makes the key of XChaCha20-Poly1305, which
//! also authenticates every line above the box. Both are primitives of the RustCrypto crates that
//! the digests come from; the `age` format would do the same with forty crates more.
//!
//! Invariant: a sealed file has one spelling, and what it may cost to open is bounded.

use std::fmt::Write as _;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::{
    MAX_FILE_KEYS,
    passphrase::{Passphrase, PassphraseError},
};
use crate::key::PublicKey;

/// Bytes of salt.
pub const SEAL_SALT_BYTES: usize = 16;
/// Bytes of nonce.
pub const SEAL_NONCE_BYTES: usize = 24;

const HEADER: &str = "quanlian-sealed-key v1\n";
/// RFC 9106 §4, the recommendation for machines with little memory to spare.
const COST: Cost = Cost {
    memory_kib: 64 * 1024,
    passes: 3,
    lanes: 4,
};
/// A file that asks for more is refused before any work is done.
const MAX_COST: Cost = Cost {
    memory_kib: 256 * 1024,
    passes: 8,
    lanes: 8,
};

/// Why a file cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The passphrase is too short.
    #[error("the passphrase cannot seal")]
    Passphrase(#[from] PassphraseError),
    /// The passphrase does not open the box, or a byte of the file was changed.
    #[error("wrong passphrase, or the file was changed")]
    WrongPassphrase,
    /// Not the form that this version writes.
    #[error("the sealed file is damaged: {0}")]
    Format(&'static str),
    /// Opening it would take more memory or time than allowed.
    #[error("the sealed file asks for more memory or time than a key file may")]
    Cost,
}

impl SealError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Passphrase(source) => source.code(),
            Self::WrongPassphrase => "key_file_wrong_passphrase",
            Self::Format(_) => "key_file_seal_format",
            Self::Cost => "key_file_seal_cost",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    fn key(self, passphrase: &Passphrase, salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, SealError> {
        let excessive = self.memory_kib > MAX_COST.memory_kib
            || self.passes > MAX_COST.passes
            || self.lanes > MAX_COST.lanes;
        if excessive {
            return Err(SealError::Cost);
        }
        let mut key = Zeroizing::new([0; 32]);
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(key.len()))
            .map_err(|_| SealError::Format("its costs are out of range"))?;
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice())
            .map_err(|_| SealError::Format("its salt is out of range"))?;
        Ok(key)
    }
}

/// Whether a text claims to be a sealed key file.
pub(super) fn is_sealed(text: &str) -> bool {
    text.starts_with("quanlian-sealed-key ")
}

/// Seals `plain`. Salt and nonce must never have been used before.
pub(super) fn seal(
    plain: &str,
    keys: &[PublicKey],
    passphrase: &Passphrase,
    salt: &[u8; SEAL_SALT_BYTES],
    nonce: &[u8; SEAL_NONCE_BYTES],
) -> Result<String, SealError> {
    passphrase.require_strength()?;
    let mut text = header(COST, salt, nonce, keys);
    let cipher = XChaCha20Poly1305::new((&*COST.key(passphrase, salt)?).into());
    let payload = Payload {
        msg: plain.as_bytes(),
        aad: text.as_bytes(),
    };
    let sealed = cipher
        .encrypt(nonce.into(), payload)
        .map_err(|_| SealError::Format("too long"))?;
    let _ = writeln!(text, "box {}", STANDARD.encode(sealed));
    Ok(text)
}

/// Opens [`seal`].
pub(super) fn open(text: &str, passphrase: &Passphrase) -> Result<Zeroizing<String>, SealError> {
    let file = Sealed::parse(text)?;
    let cipher = XChaCha20Poly1305::new((&*file.cost.key(passphrase, &file.salt)?).into());
    let payload = Payload {
        msg: &file.contents,
        aad: file.header.as_bytes(),
    };
    let plain = cipher
        .decrypt((&file.nonce).into(), payload)
        .map_err(|_| SealError::WrongPassphrase)?;
    String::from_utf8(plain).map(Zeroizing::new).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        SealError::Format("the box holds no text")
    })
}

/// The public keys that a sealed file names.
pub(super) fn public_keys(text: &str) -> Result<Vec<PublicKey>, SealError> {
    Ok(Sealed::parse(text)?.keys)
}

fn header(
    cost: Cost,
    salt: &[u8; SEAL_SALT_BYTES],
    nonce: &[u8; SEAL_NONCE_BYTES],
    keys: &[PublicKey],
) -> String {
    let mut text = HEADER.to_owned();
    let _ = writeln!(
        text,
        "argon2id {} {} {}",
        cost.memory_kib, cost.passes, cost.lanes
    );
    let _ = writeln!(text, "salt {}", STANDARD.encode(salt));
    let _ = writeln!(text, "nonce {}", STANDARD.encode(nonce));
    for key in keys {
        let _ = writeln!(text, "key {key}");
    }
    text
}

struct Sealed<'a> {
    /// Everything above the box.
    header: &'a str,
    cost: Cost,
    salt: [u8; SEAL_SALT_BYTES],
    nonce: [u8; SEAL_NONCE_BYTES],
    keys: Vec<PublicKey>,
    contents: Vec<u8>,
}

impl<'a> Sealed<'a> {
    fn parse(text: &'a str) -> Result<Self, SealError> {
        let wrong = SealError::Format;
        let rest = text
            .strip_prefix(HEADER)
            .ok_or(wrong("another version of the format"))?;
        let at = text.find("\nbox ").ok_or(wrong("it has no box"))? + 1;
        let (head, last) = text.split_at(at);
        let contents = last
            .strip_prefix("box ")
            .and_then(|last| STANDARD.decode(last.strip_suffix('\n')?).ok())
            .ok_or(wrong("its box is not one line of base64"))?;
        let mut lines = rest[..at - HEADER.len()].lines();
        let mut next = |mark| lines.next().and_then(|line| line.strip_prefix(mark));
        let cost: Vec<u32> = next("argon2id ")
            .ok_or(wrong("its line of costs is missing"))?
            .split(' ')
            .map_while(|number| number.parse().ok())
            .collect();
        let [memory_kib, passes, lanes] = cost[..] else {
            return Err(wrong("its costs are not three numbers"));
        };
        let cost = Cost {
            memory_kib,
            passes,
            lanes,
        };
        let salt = next("salt ")
            .and_then(bytes)
            .ok_or(wrong("its salt is damaged"))?;
        let nonce = next("nonce ")
            .and_then(bytes)
            .ok_or(wrong("its nonce is damaged"))?;
        let keys = lines
            .take(MAX_FILE_KEYS + 1)
            .map(|line| line.strip_prefix("key ")?.parse().ok())
            .collect::<Option<Vec<PublicKey>>>()
            .ok_or(wrong("one of its lines is no public key"))?;
        if header(cost, &salt, &nonce, &keys) != head {
            return Err(wrong("another spelling"));
        }
        Ok(Self {
            header: head,
            cost,
            salt,
            nonce,
            keys,
            contents,
        })
    }
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::note::SignerKey;

    fn sealed() -> String {
        let key = SignerKey::from_seed("log.example/one", &[7; 32]).unwrap();
        let keys = [PublicKey::Ed25519(key.verifier().clone())];
        seal("secret line\n", &keys, &phrase(), &[1; 16], &[2; 24]).unwrap()
    }

    fn phrase() -> Passphrase {
        Passphrase::new("twelve bytes or more").unwrap()
    }

    #[test]
    fn each_part_of_a_sealed_file_is_authenticated() {
        let text = sealed();
        assert_eq!(open(&text, &phrase()).unwrap().as_str(), "secret line\n");
        // Opening costs a tenth of a second, so one byte a line is tried where the form stays good.
        let changed = |from: &str, to: &str| open(&text.replacen(from, to, 1), &phrase()).unwrap_err().code();
        assert_eq!(changed("salt A", "salt B"), "key_file_wrong_passphrase");
        assert_eq!(changed("nonce A", "nonce B"), "key_file_wrong_passphrase");
        assert_eq!(changed("65536 3 4", "65536 3 2"), "key_file_wrong_passphrase");
        let other = SignerKey::from_seed("log.example/one", &[8; 32]).unwrap();
        let own = SignerKey::from_seed("log.example/one", &[7; 32]).unwrap();
        assert_eq!(
            changed(&own.verifier().to_string(), &other.verifier().to_string()),
            "key_file_wrong_passphrase"
        );
        let short = Passphrase::new("eleven byte").unwrap();
        let error = seal("", &[], &short, &[1; 16], &[2; 24]).unwrap_err();
        assert_eq!(error.code(), "passphrase_too_short");
    }

    #[test]
    fn damaged_and_hostile_files_are_named_without_work() {
        let text = sealed();
        let check = |text: &str, code| {
            assert_eq!(open(text, &phrase()).unwrap_err().code(), code, "{text}");
        };
        check(&text.replace("65536 3 4", "4294967295 3 4"), "key_file_seal_cost");
        check(
            &text.replace("65536 3 4", "65536 4000000 4"),
            "key_file_seal_cost",
        );
        for (from, to) in [
            ("v1", "v2"),
            ("65536 3 4", "65536 3"),
            ("65536 3 4", "065536 3 4"),
            ("65536 3 4", "1 3 4"),
            ("65536 3 4", "65536 0 4"),
            ("salt ", "salt  "),
            ("nonce ", "once "),
            ("key log", "key lag"),
            ("\nbox ", "\nbix "),
            ("box ", "box !"),
        ] {
            check(&text.replacen(from, to, 1), "key_file_seal_format");
        }
        check(&format!("{text}\n"), "key_file_seal_format");
        check(text.trim_end(), "key_file_seal_format");
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(quanlian-sealed-key v1\n)?(argon2id [0-9 ]{0,24}\n)?(salt [A-Za-z0-9+/=]{0,30}\n)?(\\PC{0,40}\n){0,3}(box [A-Za-z0-9+/=]{0,40})?\n?") {
            let _ = public_keys(&text);
        }
    }
}
