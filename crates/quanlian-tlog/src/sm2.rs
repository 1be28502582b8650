//! SM2 signatures with SM3 (GB/T 32918.2, GB/T 32905) as lines of a note.
//!
//! In:  a text and an SM2 key, or a note from outside.
//! Out: a signature line, or its verification.
//!
//! C2SP signed-note assigns no type to SM2 and leaves 0xff to such: the type byte is followed
//! by `oid/` and the object identifier of the algorithm, which cannot collide with another.
//! The key is the uncompressed point (65 bytes), the signature the DER of `r` and `s`
//! (GB/T 35276), and the signer's id the default of GM/T 0009, so that OpenSSL verifies a line:
//! `openssl pkeyutl -verify -rawin -digest sm3 -pkeyopt distid:1234567812345678 …`.
//!
//! Invariant: a signature has one spelling; signing draws no randomness (RFC 6979).

use std::{fmt, str::FromStr};

use sm2::{
    SecretKey,
    dsa::{
        Signature, SigningKey, VerifyingKey,
        signature::{Signer as _, Verifier as _},
    },
};
use zeroize::Zeroizing;

use crate::note::{
    Note, NoteError, NoteSignature, check_name, key_id, key_text, secret_text, split_key_text,
    split_secret_text,
};

/// The signer's id of GM/T 0009 for those who have agreed on none.
pub const SM2_USER_ID: &str = "1234567812345678";
/// The signature type: 0xff and the object identifier of SM2 with SM3.
pub const SM2_TYPE: &[u8] = b"\xffoid/1.2.156.10197.1.501";
/// Bytes in an SM2 secret key.
pub const SM2_SECRET_BYTES: usize = 32;
/// Bytes in an uncompressed point.
pub const SM2_PUBLIC_BYTES: usize = 65;

/// Bytes in each of `r` and `s`.
const SCALAR_BYTES: usize = 32;
/// First byte of an uncompressed point.
const UNCOMPRESSED: u8 = 0x04;

/// A public SM2 key with its name.
#[derive(Clone)]
pub struct Sm2VerifierKey {
    name: String,
    id: [u8; 4],
    point: [u8; SM2_PUBLIC_BYTES],
    key: VerifyingKey,
}

impl Sm2VerifierKey {
    /// From an uncompressed point on the curve.
    pub fn new(name: &str, point: &[u8; SM2_PUBLIC_BYTES]) -> Result<Self, NoteError> {
        check_name(name)?;
        if point[0] != UNCOMPRESSED {
            return Err(NoteError::Key);
        }
        let key = VerifyingKey::from_sec1_bytes(SM2_USER_ID, point).map_err(|_| NoteError::Key)?;
        Ok(Self {
            name: name.to_owned(),
            id: key_id(name, SM2_TYPE, point),
            point: *point,
            key,
        })
    }

    /// The name, which for a log is its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 over name, type and key.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The uncompressed point.
    pub fn public_key(&self) -> &[u8; SM2_PUBLIC_BYTES] {
        &self.point
    }

    /// Verifies every line of `note` by this key; there must be one.
    pub fn verify(&self, note: &Note) -> Result<(), NoteError> {
        let text = note.unverified_text().as_bytes();
        note.verify_lines(&self.name, self.id, |bytes| {
            let signature = Signature::from_slice(&from_der(bytes)?).ok()?;
            self.key.verify(text, &signature).ok()
        })?;
        Ok(())
    }
}

impl PartialEq for Sm2VerifierKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.point) == (&other.name, &other.point)
    }
}

impl Eq for Sm2VerifierKey {}

impl fmt::Display for Sm2VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, self.id, SM2_TYPE, &self.point))
    }
}

impl fmt::Debug for Sm2VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sm2VerifierKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, typed) = split_key_text(text)?;
        let point = typed.strip_prefix(SM2_TYPE).ok_or(NoteError::Key)?;
        let key = Self::new(name, point.try_into().map_err(|_| NoteError::Key)?)?;
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(NoteError::Key)
        }
    }
}

/// A secret SM2 key with its name.
pub struct Sm2SignerKey {
    secret: SecretKey,
    public: Sm2VerifierKey,
}

impl Sm2SignerKey {
    /// The key `name` from 32 bytes that nobody else knows.
    ///
    /// Fails for a number that is zero or not below the order of the curve, which randomness
    /// gives once in 2^32: draw again.
    pub fn from_secret(name: &str, secret: &[u8; SM2_SECRET_BYTES]) -> Result<Self, NoteError> {
        let secret = SecretKey::from_slice(secret).map_err(|_| NoteError::Key)?;
        let signing = SigningKey::new(SM2_USER_ID, &secret).map_err(|_| NoteError::Key)?;
        // Tried once, because one secret cannot sign: 1 + d has no inverse when d = n - 1.
        let _: Signature = signing.try_sign(&[]).map_err(|_| NoteError::Key)?;
        let point = signing.verifying_key().to_sec1_bytes();
        let point = point.as_ref().try_into().map_err(|_| NoteError::Key)?;
        Ok(Self {
            secret,
            public: Sm2VerifierKey::new(name, point)?,
        })
    }

    /// The public half.
    pub fn verifier(&self) -> &Sm2VerifierKey {
        &self.public
    }

    /// The text for a key file.
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        let secret = Zeroizing::new(<[u8; SM2_SECRET_BYTES]>::from(self.secret.to_bytes()));
        secret_text(&self.public.name, self.public.id, SM2_TYPE, secret.as_slice())
    }

    /// Reads [`Self::to_secret_text`].
    pub fn from_secret_text(text: &str) -> Result<Self, NoteError> {
        let (name, typed) = split_secret_text(text)?;
        let secret = typed.strip_prefix(SM2_TYPE).ok_or(NoteError::Key)?;
        let key = Self::from_secret(name, secret.try_into().map_err(|_| NoteError::Key)?)?;
        if *key.to_secret_text() == text {
            Ok(key)
        } else {
            Err(NoteError::Key)
        }
    }

    /// The line of this key under `text`.
    pub(crate) fn signature(&self, text: &str) -> Result<NoteSignature, NoteError> {
        // Made for each signature, because the crate wipes its secret key but not this one.
        let key = SigningKey::new(SM2_USER_ID, &self.secret).map_err(|_| NoteError::Key)?;
        let signature: Signature = key.try_sign(text.as_bytes()).map_err(|_| NoteError::Key)?;
        Ok(NoteSignature {
            name: self.public.name.clone(),
            id: self.public.id,
            bytes: to_der(&signature.to_bytes().into()),
        })
    }
}

impl fmt::Debug for Sm2SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sm2SignerKey({})", self.public)
    }
}

/// `SEQUENCE { INTEGER r, INTEGER s }`. The crate's own writer needs three crates more for these ten lines.
fn to_der(scalars: &[u8; 2 * SCALAR_BYTES]) -> Vec<u8> {
    let mut integers = Vec::with_capacity(72);
    for scalar in scalars.chunks(SCALAR_BYTES) {
        let zeros = scalar.iter().take_while(|byte| **byte == 0).count();
        let digits = &scalar[zeros.min(SCALAR_BYTES - 1)..];
        // A leading one bit would make the number negative.
        let sign = usize::from(digits[0] >= 0x80);
        integers.extend([0x02, (digits.len() + sign) as u8]);
        integers.extend(std::iter::repeat_n(0, sign));
        integers.extend_from_slice(digits);
    }
    let mut der = vec![0x30, integers.len() as u8];
    der.append(&mut integers);
    der
}

/// Reads [`to_der`] and nothing else.
fn from_der(der: &[u8]) -> Option<[u8; 2 * SCALAR_BYTES]> {
    let (mut scalars, mut rest) = ([0; 2 * SCALAR_BYTES], der.get(2..)?);
    for scalar in scalars.chunks_mut(SCALAR_BYTES) {
        let (head, after) = rest.split_first_chunk::<2>()?;
        let (mut digits, after) = after.split_at_checked(usize::from(head[1]))?;
        if digits.len() == SCALAR_BYTES + 1 {
            digits = &digits[1..];
        }
        let start = SCALAR_BYTES.checked_sub(digits.len())?;
        scalar[start..].copy_from_slice(digits);
        rest = after;
    }
    // Written again and compared: lengths, signs, padding and what follows all have one spelling.
    (to_der(&scalars) == der).then_some(scalars)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> Sm2SignerKey {
        Sm2SignerKey::from_secret("log.example/one", &[7; SM2_SECRET_BYTES]).unwrap()
    }

    fn note(text: &str) -> Note {
        Note::from_parts(text, vec![key().signature(text).unwrap()]).unwrap()
    }

    #[test]
    fn a_line_verifies_and_another_text_key_or_name_does_not() {
        assert_eq!(key().verifier().verify(&note("a\n")), Ok(()));
        let moved = Note::from_parts("b\n", note("a\n").signatures().to_vec()).unwrap();
        let error = key().verifier().verify(&moved).unwrap_err();
        assert_eq!(error.code(), "note_bad_signature");
        let other = Sm2SignerKey::from_secret("log.example/one", &[8; 32]).unwrap();
        let error = other.verifier().verify(&note("a\n")).unwrap_err();
        assert_eq!(error.code(), "note_not_signed");
    }

    #[test]
    fn key_texts_come_back_and_have_one_spelling() {
        let secret = key().to_secret_text();
        let back = Sm2SignerKey::from_secret_text(&secret).unwrap();
        assert_eq!(back.verifier(), key().verifier());
        assert!(!format!("{:?}", key()).contains("PRIVATE"));
        let public = key().verifier().to_string();
        assert_eq!(public.parse::<Sm2VerifierKey>().unwrap(), *key().verifier());
        for at in 0..public.len() {
            let mut bytes = public.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(text.parse::<Sm2VerifierKey>().is_err(), "byte {at}");
            }
        }
    }

    #[test]
    fn secrets_that_are_no_numbers_of_the_curve_are_refused() {
        let largest =
            hex::decode("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54122").unwrap();
        for secret in [[0; 32], [0xff; 32], largest.try_into().unwrap()] {
            assert!(Sm2SignerKey::from_secret("a", &secret).is_err());
        }
    }

    #[test]
    fn der_has_one_spelling() {
        let der = to_der(&[0x80; 64]);
        assert_eq!((der.len(), from_der(&der)), (72, Some([0x80; 64])));
        let mut small = [0; 64];
        (small[31], small[63]) = (1, 2);
        assert_eq!(to_der(&small), [0x30, 6, 2, 1, 1, 2, 1, 2]);
        for wrong in [
            &[][..],
            &[0x30, 6, 2, 1, 1, 2, 1, 2, 0],
            &[0x30, 7, 2, 2, 0, 1, 2, 1, 2],
            &[0x31, 6, 2, 1, 1, 2, 1, 2],
            &[0x30, 6, 2, 1, 1, 2, 1],
            &[0x30, 6, 3, 1, 1, 2, 1, 2],
            &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 2],
            &[0x30, 3, 2, 1, 1],
        ] {
            assert_eq!(from_der(wrong), None, "{wrong:02x?}");
        }
    }

    proptest! {
        #[test]
        fn scalars_come_back_from_der_and_any_bytes_are_read_without_panic(
            left: [u8; 32], right: [u8; 32], zeros in 0..32_usize,
            any in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let mut scalars: [u8; 64] = [left, right].concat().try_into().unwrap();
            scalars[..zeros].fill(0);
            prop_assert_eq!(from_der(&to_der(&scalars)), Some(scalars));
            if let Some(scalars) = from_der(&any) {
                prop_assert_eq!(to_der(&scalars), any);
            }
        }
    }
}
