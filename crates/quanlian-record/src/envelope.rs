//! The envelope: what every record carries, whatever it says.
//!
//! In:  a body that some stage of the chain owns.
//! Out: a [`Record`], whose canonical bytes and digest never change once it is stored.
//!
//! Invariant: a record is never edited. A correction is a new record whose
//! `supersedes` names the old one.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    canonical::{self, CanonicalError},
    id::RecordId,
    time::Timestamp,
};

/// Version of the envelope itself; a reader refuses one that it does not know.
pub const ENVELOPE_VERSION: u32 = 1;

/// One record: who stated what, when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// [`ENVELOPE_VERSION`].
    pub v: u32,
    /// Its id, which also orders records by time.
    pub id: RecordId,
    /// What the body is: `deposit`, `match`, `assessment` and so on.
    pub kind: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who or what recorded it.
    pub actor: String,
    /// The record that this one corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<RecordId>,
    /// The statement itself.
    pub body: Value,
}

/// Why a body is not what the caller expects.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum BodyError {
    /// Another envelope version: written by a newer program.
    #[error("record {id} has envelope version {found}, this program knows {ENVELOPE_VERSION}")]
    Version { id: RecordId, found: u32 },
    /// A record of another kind.
    #[error("record {id} is a `{found}`, not a `{wanted}`")]
    Kind {
        id: RecordId,
        found: String,
        wanted: String,
    },
    /// The body lacks a field or has one of another shape.
    #[error("record {id} has a body of another shape")]
    Shape {
        id: RecordId,
        #[source]
        source: serde_json::Error,
    },
}

impl Record {
    /// The RFC 8785 bytes of the whole record.
    pub fn canonical_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes(self)
    }

    /// SHA-256 of [`Self::canonical_bytes`], lower-case hex.
    pub fn sha256_hex(&self) -> Result<String, CanonicalError> {
        canonical::sha256_hex(self)
    }

    /// The body as `T`, when the record is of that kind.
    pub fn body_as<T: DeserializeOwned>(&self, kind: &str) -> Result<T, BodyError> {
        if self.v != ENVELOPE_VERSION {
            return Err(BodyError::Version {
                id: self.id,
                found: self.v,
            });
        }
        if self.kind != kind {
            return Err(BodyError::Kind {
                id: self.id,
                found: self.kind.clone(),
                wanted: kind.to_owned(),
            });
        }
        T::deserialize(&self.body).map_err(|source| BodyError::Shape { id: self.id, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Record {
        let at: Timestamp = "2024-12-20T01:30:00.5Z".parse().unwrap();
        Record {
            v: ENVELOPE_VERSION,
            id: RecordId(crate::id::from_parts(at, [7; crate::id::RANDOM_BYTES])),
            kind: "match".into(),
            recorded_at: at,
            actor: "officer".into(),
            supersedes: None,
            body: serde_json::json!({"work": "曲一", "score_bits": 412.5}),
        }
    }

    #[test]
    fn a_record_has_one_byte_form() {
        expect_test::expect![[r#"{"actor":"officer","body":{"score_bits":412.5,"work":"曲一"},"id":"0193e1af-93b4-7707-8707-070707070707","kind":"match","recorded_at":"2024-12-20T01:30:00.500000Z","v":1}"#]]
            .assert_eq(&String::from_utf8(sample().canonical_bytes().unwrap()).unwrap());
    }

    #[test]
    fn a_body_of_another_kind_or_version_is_refused() {
        let newer = Record { v: 2, ..sample() };
        assert!(matches!(
            newer.body_as::<Value>("match"),
            Err(BodyError::Version { found: 2, .. })
        ));
        assert!(matches!(
            sample().body_as::<Value>("deposit"),
            Err(BodyError::Kind { .. })
        ));
        assert!(matches!(
            sample().body_as::<u32>("match"),
            Err(BodyError::Shape { .. })
        ));
    }
}
