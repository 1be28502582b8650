//! Checkpoints (C2SP tlog-checkpoint): the head of a log, as the text of a signed note.
//!
//! In:  origin, size and root; or a note from outside.
//! Out: a [`SignedCheckpoint`].
//!
//! Invariant: a [`SignedCheckpoint`] exists only with a signature that has been verified.

use crate::{
    hash::Hash,
    note::{Note, NoteError, NoteSignature, SignerKey, VerifierKey},
};

/// What a log says about itself: its name, how many entries, under which root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The name of the log.
    pub origin: String,
    /// Entries in it.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Hash,
}

/// Why a text is not a checkpoint of the log asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The note around it cannot be read or believed.
    #[error("the checkpoint note is not valid")]
    Note(#[from] NoteError),
    /// The three lines are not origin, size and root, or extension lines follow them.
    #[error("the text is not origin, size and root, each on its line")]
    Text,
    /// A checkpoint of another log.
    #[error("the checkpoint is of the log `{0}`")]
    Origin(String),
}

impl CheckpointError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Note(source) => source.code(),
            Self::Text => "checkpoint_text",
            Self::Origin(_) => "checkpoint_origin",
        }
    }
}

impl Checkpoint {
    /// The text of the note.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, self.root.to_base64())
    }

    /// Reads [`Self::to_text`]. Extension lines, which nobody can audit, are refused.
    pub fn parse_text(text: &str) -> Result<Self, CheckpointError> {
        match Self::parse_extended(text)? {
            (checkpoint, 0) => Ok(checkpoint),
            _ => Err(CheckpointError::Text),
        }
    }

    /// Reads a checkpoint of any log, and counts the extension lines after its three.
    ///
    /// Other people's logs may write such lines. Nobody vouches for them.
    pub fn parse_extended(text: &str) -> Result<(Self, usize), CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Text)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Text);
        };
        let checkpoint = Self {
            origin: origin.to_owned(),
            size: size.parse().map_err(|_| CheckpointError::Text)?,
            root: Hash::from_base64(root).ok_or(CheckpointError::Text)?,
        };
        let extensions: Vec<&str> = lines.collect();
        // Written again and compared, so that a number has one spelling.
        if origin.is_empty()
            || extensions.iter().any(|line| line.is_empty())
            || !text.starts_with(&checkpoint.to_text())
        {
            return Err(CheckpointError::Text);
        }
        Ok((checkpoint, extensions.len()))
    }
}

/// A checkpoint whose signature by the log's key has been verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    checkpoint: Checkpoint,
    note: String,
}

impl SignedCheckpoint {
    /// Signs a checkpoint of the log that `key` belongs to.
    pub fn sign(size: u64, root: Hash, key: &SignerKey) -> Result<Self, NoteError> {
        let checkpoint = Checkpoint {
            origin: key.verifier().name().to_owned(),
            size,
            root,
        };
        let note = key.sign(&checkpoint.to_text())?;
        Ok(Self { checkpoint, note })
    }

    /// Reads a note and verifies it under `key`, whose name must be the origin.
    pub fn open(note: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        let parsed = Note::parse(note)?;
        let checkpoint = Checkpoint::parse_text(parsed.verify(key)?)?;
        if checkpoint.origin != key.name() {
            return Err(CheckpointError::Origin(checkpoint.origin));
        }
        Ok(Self {
            checkpoint,
            note: note.to_owned(),
        })
    }

    /// Entries covered.
    pub fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// The root over them.
    pub fn root(&self) -> Hash {
        self.checkpoint.root
    }

    /// The three statements.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The whole signed note, as published.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// The same checkpoint with more lines, such as cosignatures. Lines that it has are not repeated.
    pub fn with_signatures(&self, lines: &[NoteSignature]) -> Result<Self, CheckpointError> {
        let note = Note::parse(&self.note)?;
        let mut all = note.signatures().to_vec();
        for line in lines {
            if !all.contains(line) {
                all.push(line.clone());
            }
        }
        Ok(Self {
            checkpoint: self.checkpoint.clone(),
            note: Note::from_parts(note.unverified_text(), all)?.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::empty_root;

    #[test]
    fn texts_that_are_not_three_lines_are_refused() {
        let root = empty_root().to_base64();
        let good = format!("a.example/log\n0\n{root}\n");
        assert_eq!(Checkpoint::parse_text(&good).unwrap().to_text(), good);
        for text in [
            format!("a.example/log\n00\n{root}\n"),
            format!("a.example/log\n+1\n{root}\n"),
            format!("a.example/log\n-1\n{root}\n"),
            format!("a.example/log\n18446744073709551616\n{root}\n"),
            format!("\n0\n{root}\n"),
            format!("a.example/log\n0\n{root}\nextension\n"),
            format!("a.example/log\n0\n{root}"),
            format!("a.example/log\n0\n{root}\n\n"),
            format!("a.example/log\n0\n{}\n", root.replace('=', "")),
            String::new(),
        ] {
            assert_eq!(
                Checkpoint::parse_text(&text),
                Err(CheckpointError::Text),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_checkpoint_of_another_origin_is_refused_even_when_the_key_has_signed_it() {
        let key = SignerKey::from_seed("a.example/log", &[3; 32]).unwrap();
        let foreign = Checkpoint {
            origin: "b.example/log".into(),
            size: 0,
            root: empty_root(),
        };
        let note = key.sign(&foreign.to_text()).unwrap();
        assert_eq!(
            SignedCheckpoint::open(&note, key.verifier()),
            Err(CheckpointError::Origin("b.example/log".into()))
        );
    }
}
