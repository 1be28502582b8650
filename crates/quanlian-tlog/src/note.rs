//! Signed notes (C2SP signed-note): a text, a blank line, one line for each signature.
//!
//! In:  a text and an Ed25519 key, or a note from outside.
//! Out: the note, or its verified text.
//!
//! Invariant: a text is not to be believed before [`Note::verify`] has said yes. Readers
//! accept one spelling of each key and signature. Lines by unknown keys are kept and ignored.
//!
//! Not here: the other types of keys, which [`crate::key`] brings together.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature as Ed25519Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::key::SecretKey;

/// Notes longer than this are refused unread.
pub const MAX_NOTE_BYTES: usize = 128 * 1024;
/// More signature lines than this are refused; the specification asks for at least 16.
pub const MAX_SIGNATURES: usize = 64;
/// Bytes in an Ed25519 seed.
pub const SEED_BYTES: usize = 32;
/// The longest key name, in bytes.
pub const MAX_NAME_BYTES: usize = 255;

/// Signature type byte of Ed25519 in key ids and key texts.
const ED25519: u8 = 0x01;
/// What each signature line begins with: em dash and space.
const SIGNATURE_MARK: &str = "— ";
/// What the text of a secret key begins with, as Go's `sumdb/note` writes it.
const SECRET_MARK: &str = "PRIVATE+KEY+";

/// Why a key or a note cannot be read or believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// Empty, too long, or with a space, a plus or a control character in it.
    #[error("`{0}` cannot be the name of a key")]
    Name(String),
    /// Not a key text of the kind asked for, or its id is not that of the key.
    #[error("not a key text, or its id does not fit its key")]
    Key,
    /// A key of a type that this program does not verify.
    #[error("keys of type 0x{0:02x} are not verified by this program")]
    KeyType(u8),
    /// A key that verifies signatures that nobody made.
    #[error("the key `{0}` is a weak Ed25519 point")]
    WeakKey(String),
    /// Not a note at all.
    #[error("not a signed note: {0}")]
    Format(&'static str),
    /// No signature by the key asked for.
    #[error("no signature by `{0}`")]
    NotSigned(String),
    /// A signature that names the key and does not fit.
    #[error("the signature by `{0}` does not fit the text")]
    BadSignature(String),
    /// A second key of a log under another name than the first, or one that cannot sign for a log.
    #[error("the key `{0}` cannot sign beside the first key of this log")]
    CoSigner(String),
    /// A cosigner signs heads of logs and nothing else.
    #[error("a cosigner cannot sign this text, which is not a checkpoint, or not at this time")]
    NotACheckpoint,
}

impl NoteError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Name(_) => "note_key_name",
            Self::Key => "note_key",
            Self::KeyType(_) => "note_key_type",
            Self::WeakKey(_) => "note_weak_key",
            Self::Format(_) => "note_format",
            Self::NotSigned(_) => "note_not_signed",
            Self::BadSignature(_) => "note_bad_signature",
            Self::CoSigner(_) => "note_co_signer",
            Self::NotACheckpoint => "note_not_a_checkpoint",
        }
    }
}

/// A public key with its name: what a verifier must be given beforehand.
///
/// Its text, `name+id+key`, is what an operator publishes.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: VerifyingKey,
}

impl VerifierKey {
    fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        check_name(name)?;
        if key.is_weak() {
            return Err(NoteError::WeakKey(name.to_owned()));
        }
        Ok(Self {
            name: name.to_owned(),
            id: key_id(name, &[ED25519], key.as_bytes()),
            key,
        })
    }

    /// The name, which for a log is its origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of SHA-256 over name and key.
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// The 32 bytes of the Ed25519 key.
    pub fn public_key(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_text(&self.name, self.id, &[ED25519], self.key.as_bytes()))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;
    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, typed) = split_key_text(text)?;
        let Some((&ED25519, key)) = typed.split_first() else {
            return Err(NoteError::Key);
        };
        let key: &[u8; 32] = key.try_into().map_err(|_| NoteError::Key)?;
        let key = Self::new(name, VerifyingKey::from_bytes(key).map_err(|_| NoteError::Key)?)?;
        // The id is recomputed and the whole text compared, so there is one spelling.
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(NoteError::Key)
        }
    }
}

/// A secret key with its name, and the keys that sign beside it.
///
/// A log signs with one Ed25519 key. Others of the same name may add their lines: an SM2 key
/// where the law asks for one, and the old key while a rotation is under way.
pub struct SignerKey {
    secret: SigningKey,
    public: VerifierKey,
    /// Same name, each key once.
    beside: Vec<SecretKey>,
}

impl SignerKey {
    /// The key `name` from 32 bytes that nobody else knows.
    pub fn from_seed(name: &str, seed: &[u8; SEED_BYTES]) -> Result<Self, NoteError> {
        let secret = SigningKey::from_bytes(seed);
        let public = VerifierKey::new(name, secret.verifying_key())?;
        Ok(Self {
            secret,
            public,
            beside: Vec::new(),
        })
    }

    /// The same key, with `other` adding its line to each note.
    ///
    /// Fails when `other` has another name, signs already, or is a witness's key.
    pub fn beside(mut self, other: SecretKey) -> Result<Self, NoteError> {
        let public = other.public();
        let known = self.beside.iter().any(|key| key.public().id() == public.id());
        if public.name() != self.public.name || public.id() == self.public.id || known || !public.is_log_key()
        {
            return Err(NoteError::CoSigner(public.name().to_owned()));
        }
        self.beside.push(other);
        Ok(self)
    }

    /// The keys that sign beside this one.
    pub fn others(&self) -> &[SecretKey] {
        &self.beside
    }

    /// The public half.
    pub fn verifier(&self) -> &VerifierKey {
        &self.public
    }

    /// The text to keep in a file that only its owner can read: `PRIVATE+KEY+name+id+seed`.
    ///
    /// Of this key alone, without those beside it.
    pub fn to_secret_text(&self) -> Zeroizing<String> {
        secret_text(
            &self.public.name,
            self.public.id,
            &[ED25519],
            self.secret.as_bytes(),
        )
    }

    /// Reads [`Self::to_secret_text`].
    pub fn from_secret_text(text: &str) -> Result<Self, NoteError> {
        let (name, typed) = split_secret_text(text)?;
        let Some((&ED25519, seed)) = typed.split_first() else {
            return Err(NoteError::Key);
        };
        let key = Self::from_seed(name, seed.try_into().map_err(|_| NoteError::Key)?)?;
        if *key.to_secret_text() == text {
            Ok(key)
        } else {
            Err(NoteError::Key)
        }
    }

    /// The note over `text`, which must end in a newline and hold no other control character.
    pub fn sign(&self, text: &str) -> Result<String, NoteError> {
        check_text(text)?;
        let mut note = format!("{text}\n{}", self.signature(text));
        for key in &self.beside {
            note.push_str(&key.signature(text)?.to_string());
        }
        Ok(note)
    }

    /// The line of this key alone.
    pub(crate) fn signature(&self, text: &str) -> NoteSignature {
        NoteSignature {
            name: self.public.name.clone(),
            id: self.public.id,
            bytes: self.secret.sign(text.as_bytes()).to_bytes().to_vec(),
        }
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.public)
    }
}

/// A note as read, nothing verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// One signature line, of any type. Its text ends in a newline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Who is said to have signed.
    pub name: String,
    /// The first four bytes: the id of the key.
    pub id: [u8; 4],
    /// The rest.
    pub bytes: Vec<u8>,
}

impl Note {
    /// Reads a note, of any number of signatures up to [`MAX_SIGNATURES`].
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE_BYTES {
            return Err(NoteError::Format("too long"));
        }
        let cut = note
            .rfind("\n\n")
            .ok_or(NoteError::Format("no blank line before the signatures"))?;
        let text = &note[..=cut];
        let lines = &note[cut + 2..];
        check_text(text)?;
        Ok(Self {
            text: text.to_owned(),
            signatures: NoteSignature::parse_lines(lines)?,
        })
    }

    /// A note of lines that were made or verified one by one. Nothing is verified here.
    pub fn from_parts(text: &str, signatures: Vec<NoteSignature>) -> Result<Self, NoteError> {
        check_text(text)?;
        if signatures.is_empty() {
            return Err(NoteError::Format("no signature"));
        }
        if signatures.len() > MAX_SIGNATURES {
            return Err(NoteError::Format("too many signatures"));
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }

    /// The text, not to be believed before [`Self::verify`].
    pub fn unverified_text(&self) -> &str {
        &self.text
    }

    /// All signature lines, in the order of the note.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The text, when `key` has signed it and no line in its name is wrong.
    pub fn verify(&self, key: &VerifierKey) -> Result<&str, NoteError> {
        self.verify_lines(&key.name, key.id, |bytes| {
            key.verifies(self.text.as_bytes(), bytes).then_some(())
        })?;
        Ok(&self.text)
    }

    /// What `verify` says about each line by the key `name` and `id`: all must be good, and there must be one.
    pub(crate) fn verify_lines<T>(
        &self,
        name: &str,
        id: [u8; 4],
        verify: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<Vec<T>, NoteError> {
        let lines = self
            .signatures
            .iter()
            .filter(|line| line.name == name && line.id == id)
            .map(|line| verify(&line.bytes).ok_or_else(|| NoteError::BadSignature(name.to_owned())))
            .collect::<Result<Vec<T>, _>>()?;
        if lines.is_empty() {
            Err(NoteError::NotSigned(name.to_owned()))
        } else {
            Ok(lines)
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|line| line.fmt(f))
    }
}

impl VerifierKey {
    /// Whether `signature` is this key's over `message`: strict, so that all readers agree.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Ed25519Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl NoteSignature {
    /// Reads signature lines, such as a witness answers; each ends in a newline.
    pub fn parse_lines(lines: &str) -> Result<Vec<Self>, NoteError> {
        let lines = lines
            .strip_suffix('\n')
            .ok_or(NoteError::Format("no newline at the end"))?;
        // Counted before they are decoded: a hostile note costs no more than its length.
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(NoteError::Format("too many signatures"));
        }
        lines.split('\n').map(Self::parse).collect()
    }

    fn parse(line: &str) -> Result<Self, NoteError> {
        let wrong = NoteError::Format("a signature line is not `— name base64`");
        let Some((name, encoded)) = line
            .strip_prefix(SIGNATURE_MARK)
            .and_then(|rest| rest.split_once(' '))
        else {
            return Err(wrong);
        };
        check_name(name)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| wrong.clone())?;
        let Some((id, rest)) = bytes.split_first_chunk::<4>() else {
            return Err(wrong);
        };
        if rest.is_empty() {
            return Err(wrong);
        }
        Ok(Self {
            name: name.to_owned(),
            id: *id,
            bytes: rest.to_vec(),
        })
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encoded = STANDARD.encode([self.id.as_slice(), &self.bytes].concat());
        writeln!(f, "{SIGNATURE_MARK}{} {encoded}", self.name)
    }
}

/// The first four bytes of SHA-256 over name, newline, type and public key.
pub(crate) fn key_id(name: &str, kind: &[u8], public: &[u8]) -> [u8; 4] {
    let digest = Sha256::new()
        .chain_update(name)
        .chain_update(b"\n")
        .chain_update(kind)
        .chain_update(public)
        .finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// `name+id+base64(type || key)`.
pub(crate) fn key_text(name: &str, id: [u8; 4], kind: &[u8], key: &[u8]) -> String {
    let mut typed = [kind, key].concat();
    let text = format!("{name}+{}+{}", hex::encode(id), STANDARD.encode(&typed));
    typed.zeroize();
    text
}

/// Name, and type with key, of a key text. The id in it is not looked at: readers write the
/// key anew and compare, so that each key has one spelling.
pub(crate) fn split_key_text(text: &str) -> Result<(&str, Zeroizing<Vec<u8>>), NoteError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(_id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::Key);
    };
    let typed = STANDARD.decode(key).map_err(|_| NoteError::Key)?;
    Ok((name, Zeroizing::new(typed)))
}

/// As [`key_text`], for a secret key.
pub(crate) fn secret_text(name: &str, id: [u8; 4], kind: &[u8], secret: &[u8]) -> Zeroizing<String> {
    let text = Zeroizing::new(key_text(name, id, kind, secret));
    let mut marked = Zeroizing::new(String::with_capacity(SECRET_MARK.len() + text.len()));
    marked.push_str(SECRET_MARK);
    marked.push_str(&text);
    marked
}

/// As [`split_key_text`], for a secret key.
pub(crate) fn split_secret_text(text: &str) -> Result<(&str, Zeroizing<Vec<u8>>), NoteError> {
    split_key_text(text.strip_prefix(SECRET_MARK).ok_or(NoteError::Key)?)
}

pub(crate) fn check_name(name: &str) -> Result<(), NoteError> {
    let fits = !name.is_empty()
        && name.len() <= MAX_NAME_BYTES
        && !name
            .chars()
            .any(|c| c == '+' || c.is_whitespace() || c.is_control());
    if fits {
        Ok(())
    } else {
        Err(NoteError::Name(name.to_owned()))
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if !text.ends_with('\n') {
        return Err(NoteError::Format("the text does not end in a newline"));
    }
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(NoteError::Format("a control character"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification, by Salvatore Quasimodo's key.
    const POEM: &str = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
        — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";

    fn key() -> SignerKey {
        SignerKey::from_seed("log.example/one", &[7; SEED_BYTES]).unwrap()
    }

    #[test]
    fn the_example_of_the_specification_is_read() {
        let note = Note::parse(POEM).unwrap();
        assert!(note.unverified_text().ends_with("sole:\n\ned è subito sera.\n"));
        assert_eq!(hex::encode(note.signatures()[0].id), "367ba04b");
        assert_eq!(note.signatures()[0].bytes.len(), 64);
    }

    #[test]
    fn a_signed_note_verifies_and_each_changed_byte_is_noticed() {
        let note = key().sign("log.example/one\n0\nroot\n").unwrap();
        assert_eq!(
            Note::parse(&note).unwrap().verify(key().verifier()),
            Ok("log.example/one\n0\nroot\n")
        );
        for at in 0..note.len() {
            for bit in 0..8 {
                let mut bytes = note.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let accepted = String::from_utf8(bytes).is_ok_and(|text| {
                    Note::parse(&text).is_ok_and(|note| note.verify(key().verifier()).is_ok())
                });
                assert!(!accepted, "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn key_texts_come_back_and_have_one_spelling() {
        let secret = key().to_secret_text();
        assert_eq!(
            SignerKey::from_secret_text(&secret).unwrap().verifier(),
            key().verifier()
        );
        let public = key().verifier().to_string();
        assert_eq!(public.parse::<VerifierKey>().unwrap(), *key().verifier());
        for at in 0..public.len() {
            let mut bytes = public.clone().into_bytes();
            bytes[at] ^= 1;
            if let Ok(text) = String::from_utf8(bytes) {
                assert!(text.parse::<VerifierKey>().is_err(), "byte {at}");
            }
        }
        assert!(!format!("{:?}", key()).contains("PRIVATE"));
    }

    #[test]
    fn unknown_signatures_are_ignored_but_a_bad_one_by_a_known_key_is_not() {
        let other = SignerKey::from_seed("witness.example", &[8; SEED_BYTES]).unwrap();
        let text = "a\n";
        let ours = key().sign(text).unwrap();
        let theirs = other.sign(text).unwrap();
        let both = format!("{ours}{}", &theirs[3..]);
        assert!(Note::parse(&both).unwrap().verify(key().verifier()).is_ok());
        let wrong = key().sign("b\n").unwrap();
        let mixed = format!("{ours}{}", &wrong[3..]);
        assert_eq!(
            Note::parse(&mixed).unwrap().verify(key().verifier()),
            Err(NoteError::BadSignature("log.example/one".into()))
        );
        assert_eq!(
            Note::parse(&theirs).unwrap().verify(key().verifier()),
            Err(NoteError::NotSigned("log.example/one".into()))
        );
    }

    #[test]
    fn names_and_texts_that_could_be_mistaken_are_refused() {
        for name in ["", "a b", "a+b", "a\u{3000}b", "a\n", "a\tb"] {
            assert_eq!(
                SignerKey::from_seed(name, &[1; 32]).unwrap_err().code(),
                "note_key_name",
                "{name:?}"
            );
        }
        for text in ["no newline", "", "tab\there\n", "cr\r\n"] {
            assert_eq!(key().sign(text).unwrap_err().code(), "note_format", "{text:?}");
        }
        let weak = format!(
            "w+{}+{}",
            "00000000",
            STANDARD.encode([&[ED25519], [0_u8; 32].as_slice()].concat())
        );
        assert_eq!(weak.parse::<VerifierKey>(), Err(NoteError::WeakKey("w".into())));
    }
}
