//! Rotation: a log goes on under a new key, and the log itself says so.
//!
//! In:  the old and the new secret key; or entries of a log.
//! Out: an entry that both keys have signed ([`Rotation`]), and which key is valid for which
//!      sizes of the log ([`KeyHistory`]).
//!
//! ```text
//! quanlian-key-rotation v1
//! log <origin>
//! entry <number of this entry>
//! old <name+id+key>
//! new <name+id+key>
//!
//! — <origin> <signature of the old key>
//! — <origin> <signature of the new key>
//! ```
//!
//! The old key signs so that nobody else can name a successor; the new one so that nobody can
//! name a key that they do not hold. The number ties the statement to its place. From the
//! checkpoint that covers the entry on, the new key is the valid one; the old one signs beside
//! it for as long as verifiers that know it alone are in use.
//!
//! Invariant: a text of this form is not a checkpoint, so neither can be taken for the other.
//!
//! Not here: a key that is lost or stolen cannot announce its successor. Then the log is
//! frozen: its last cosigned size becomes the last size at which the key is valid, and a log
//! of another origin begins (`docs/KEYS.md`).

use std::fmt::Write as _;

use crate::{
    key::{PublicKey, SecretKey},
    note::{Note, NoteError},
};

/// The first line of every rotation.
pub const ROTATION_HEADER: &str = "quanlian-key-rotation v1";

/// Why an entry is not a rotation, or not one of this log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum RotationError {
    /// Not the form of a rotation.
    #[error("the entry is not a rotation of keys")]
    Format,
    /// One of the two signatures is missing or wrong.
    #[error("a signature of the rotation is not valid")]
    Signature(#[from] NoteError),
    /// Old and new key are one, have another name than the log, or cannot sign for a log.
    #[error("the keys of the rotation are not two keys of one log")]
    Keys,
    /// The statement was made for another place in the log.
    #[error("the rotation was made for entry {stated}, not {found}")]
    Place { stated: u64, found: u64 },
    /// The old key of the statement is not the newest key known.
    #[error("the rotation does not begin at the newest known key")]
    NotNext,
}

impl RotationError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Format => "rotation_format",
            Self::Signature(source) => source.code(),
            Self::Keys => "rotation_keys",
            Self::Place { .. } => "rotation_place",
            Self::NotNext => "rotation_not_next",
        }
    }
}

/// From one key of a log to the next, verified under both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    old: PublicKey,
    new: PublicKey,
    index: u64,
}

impl Rotation {
    /// The entry to append as number `index` of the log.
    pub fn sign(old: &SecretKey, new: &SecretKey, index: u64) -> Result<Vec<u8>, RotationError> {
        let rotation = Self::between(old.public(), new.public(), index)?;
        let text = rotation.text();
        let lines = vec![old.signature(&text)?, new.signature(&text)?];
        Ok(Note::from_parts(&text, lines)?.to_string().into_bytes())
    }

    /// Reads an entry and verifies both signatures. It says nothing about whom to trust:
    /// that begins at a key that the caller knows ([`KeyHistory`]).
    pub fn open(entry: &[u8]) -> Result<Self, RotationError> {
        let text = std::str::from_utf8(entry).map_err(|_| RotationError::Format)?;
        if !text.starts_with(ROTATION_HEADER) {
            return Err(RotationError::Format);
        }
        let note = Note::parse(text)?;
        let mut lines = note.unverified_text().lines();
        let mut next = |mark| lines.next().and_then(|line| line.strip_prefix(mark));
        let mut fields = || {
            next(ROTATION_HEADER)?;
            next("log ")?;
            Some((next("entry ")?, next("old ")?, next("new ")?))
        };
        let (index, old, new) = fields().ok_or(RotationError::Format)?;
        let index = index.parse().map_err(|_| RotationError::Format)?;
        let rotation = Self::between(old.parse()?, new.parse()?, index)?;
        // Written again and compared, so that a rotation has one spelling.
        if rotation.text() != note.unverified_text() {
            return Err(RotationError::Format);
        }
        rotation.old.verify(&note)?;
        rotation.new.verify(&note)?;
        Ok(rotation)
    }

    fn between(old: PublicKey, new: PublicKey, index: u64) -> Result<Self, RotationError> {
        // A cosigner signs checkpoints alone, so it cannot state this.
        let both_sign = [&old, &new].iter().all(|key| !key.is_witness_key());
        if !both_sign || old.name() != new.name() || old.key_bytes() == new.key_bytes() {
            return Err(RotationError::Keys);
        }
        Ok(Self { old, new, index })
    }

    fn text(&self) -> String {
        let Self { old, new, index } = self;
        let origin = old.name();
        format!("{ROTATION_HEADER}\nlog {origin}\nentry {index}\nold {old}\nnew {new}\n")
    }

    /// The key that was valid before.
    pub fn old(&self) -> &PublicKey {
        &self.old
    }

    /// The key that is valid from the checkpoint on that covers this entry.
    pub fn new_key(&self) -> &PublicKey {
        &self.new
    }

    /// The number of the entry.
    pub fn index(&self) -> u64 {
        self.index
    }
}

/// A key of a log, and the sizes of the log for which its signature counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySpan {
    /// The key.
    pub key: PublicKey,
    /// The smallest size.
    pub from_size: u64,
    /// The largest size, if there is one.
    pub until_size: Option<u64>,
}

impl KeySpan {
    /// Whether the key is valid for a checkpoint of this size.
    pub fn covers(&self, size: u64) -> bool {
        self.from_size <= size && self.until_size.is_none_or(|until| size <= until)
    }
}

/// The keys of one log, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHistory {
    /// Never empty; each span ends where the next begins.
    spans: Vec<KeySpan>,
}

impl KeyHistory {
    /// Begins at a key that the caller got elsewhere.
    pub fn starting_with(key: PublicKey) -> Self {
        let first = KeySpan {
            key,
            from_size: 0,
            until_size: None,
        };
        Self { spans: vec![first] }
    }

    /// Follows a rotation that the caller found, with a proof, as entry `index` of the log.
    pub fn follow(&mut self, rotation: &Rotation, index: u64) -> Result<(), RotationError> {
        if rotation.index != index {
            return Err(RotationError::Place {
                stated: rotation.index,
                found: index,
            });
        }
        let newest = self.spans.last_mut().ok_or(RotationError::NotNext)?;
        if newest.key != rotation.old || index < newest.from_size {
            return Err(RotationError::NotNext);
        }
        newest.until_size = Some(index);
        self.spans.push(KeySpan {
            key: rotation.new.clone(),
            from_size: index + 1,
            until_size: None,
        });
        Ok(())
    }

    /// All keys, oldest first.
    pub fn spans(&self) -> &[KeySpan] {
        &self.spans
    }

    /// The key that is valid now.
    pub fn newest(&self) -> &PublicKey {
        &self.spans[self.spans.len() - 1].key
    }

    /// The lines of a policy ([`crate::policy`]) that say the same.
    pub fn to_policy_lines(&self) -> String {
        let mut text = String::new();
        for KeySpan {
            key,
            from_size,
            until_size,
        } in &self.spans
        {
            let _ = writeln!(text, "log {key}");
            if *from_size == 0 && until_size.is_none() {
                continue;
            }
            let id = hex::encode(key.id());
            let _ = write!(text, "#@ valid {}+{id} from {from_size}", key.name());
            if let Some(until) = until_size {
                let _ = write!(text, " until {until}");
            }
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{note::SignerKey, sm2::Sm2SignerKey};

    fn key(name: &str, seed: u8) -> SecretKey {
        SignerKey::from_seed(name, &[seed; 32]).unwrap().into()
    }

    fn log_key(seed: u8) -> SecretKey {
        key("log.example/one", seed)
    }

    #[test]
    fn keys_follow_each_other_and_each_is_valid_for_its_sizes() {
        let mut history = KeyHistory::starting_with(log_key(1).public());
        let first = Rotation::open(&Rotation::sign(&log_key(1), &log_key(2), 10).unwrap()).unwrap();
        let second = Rotation::open(&Rotation::sign(&log_key(2), &log_key(3), 20).unwrap()).unwrap();
        assert_eq!(history.clone().follow(&second, 20), Err(RotationError::NotNext));
        history.follow(&first, 10).unwrap();
        assert_eq!(history.follow(&first, 10), Err(RotationError::NotNext));
        let moved = history.follow(&second, 21).unwrap_err();
        assert_eq!(
            moved,
            RotationError::Place {
                stated: 20,
                found: 21
            }
        );
        history.follow(&second, 20).unwrap();
        assert_eq!(history.newest(), &log_key(3).public());
        let valid = |size| {
            let spans = history.spans().iter().enumerate();
            spans
                .filter(|(_, span)| span.covers(size))
                .map(|(at, _)| at)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            [0, 10, 11, 20, 21, u64::MAX].map(valid),
            [[0], [0], [1], [1], [2], [2]]
        );
    }

    #[test]
    fn a_rotation_needs_both_keys_of_one_log_and_every_changed_bit_is_noticed() {
        let entry = Rotation::sign(&log_key(1), &log_key(2), 7).unwrap();
        for at in 0..entry.len() {
            for bit in 0..8 {
                let mut changed = entry.clone();
                changed[at] ^= 1 << bit;
                assert!(Rotation::open(&changed).is_err(), "bit {bit} of byte {at}");
            }
        }
        let text = String::from_utf8(entry).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for missing in 6..8 {
            let without: String = lines
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != missing)
                .map(|(_, line)| *line)
                .collect();
            let error = Rotation::open(without.as_bytes()).unwrap_err();
            assert_eq!(error.code(), "note_not_signed");
        }
        for (old, new) in [(log_key(1), log_key(1)), (log_key(1), key("log.example/two", 2))] {
            let error = Rotation::sign(&old, &new, 7).unwrap_err();
            assert_eq!(error, RotationError::Keys);
        }
        assert_eq!(Rotation::open(b"{}").unwrap_err(), RotationError::Format);
        assert_eq!(Rotation::open(&[0xff]).unwrap_err(), RotationError::Format);
    }

    #[test]
    fn a_second_key_of_another_type_can_be_rotated_too() {
        let old = Sm2SignerKey::from_secret("log.example/one", &[1; 32])
            .unwrap()
            .into();
        let new = Sm2SignerKey::from_secret("log.example/one", &[2; 32])
            .unwrap()
            .into();
        let entry = Rotation::sign(&old, &new, 0).unwrap();
        assert_eq!(Rotation::open(&entry).unwrap().new_key(), &new.public());
    }
}
