//! The form in which every implementation keeps a record, and the checks on the way in and out.
//!
//! In:  a [`Record`].
//! Out: its canonical text with what is looked up beside it; later the record again, if nothing has changed.

use quanlian_record::{
    envelope::{ENVELOPE_VERSION, Record},
    id::RecordId,
};
use sha2::{Digest, Sha256};

use super::{AppendError, Appended, MAX_BATCH_RECORDS, MAX_KIND_BYTES, MAX_RECORD_BYTES, Place, ReadError};

/// A record as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRecord {
    pub(crate) place: Place,
    pub(crate) kind: String,
    pub(crate) supersedes: Option<RecordId>,
    /// SHA-256 of `canonical` in lower-case hex.
    pub(crate) sha256: String,
    /// The RFC 8785 text of the whole record.
    pub(crate) canonical: String,
}

/// Checks a batch and brings it into its stored form.
pub(crate) fn batch(records: &[Record]) -> Result<Vec<StoredRecord>, AppendError> {
    if records.len() > MAX_BATCH_RECORDS {
        return Err(AppendError::TooMany { count: records.len() });
    }
    records.iter().map(StoredRecord::of).collect()
}

impl StoredRecord {
    fn of(record: &Record) -> Result<Self, AppendError> {
        let id = record.id;
        if record.v != ENVELOPE_VERSION {
            return Err(AppendError::Version { id, found: record.v });
        }
        if !is_kind(&record.kind) {
            let kind = record.kind.chars().take(MAX_KIND_BYTES).collect();
            return Err(AppendError::Kind { id, kind });
        }
        let bytes = record
            .canonical_bytes()
            .map_err(|source| AppendError::Canonical { id, source })?;
        if bytes.len() > MAX_RECORD_BYTES {
            return Err(AppendError::TooLarge {
                id,
                size_bytes: bytes.len(),
            });
        }
        let canonical = String::from_utf8(bytes).map_err(|_| AppendError::NotReadable { id })?;
        // What cannot be read back as the same bytes would be damaged from its first day on.
        let read_back = serde_json::from_str::<Record>(&canonical).ok();
        if read_back
            .and_then(|record| record.canonical_bytes().ok())
            .as_deref()
            != Some(canonical.as_bytes())
        {
            return Err(AppendError::NotReadable { id });
        }
        Ok(Self {
            place: Place::of(record),
            kind: record.kind.clone(),
            supersedes: record.supersedes,
            sha256: sha256_hex(&canonical),
            canonical,
        })
    }

    /// What appending this one means where a record with the same id is stored already.
    pub(crate) fn meets(&self, stored_canonical: &str, stored_sha256: &str) -> Result<Appended, AppendError> {
        if stored_canonical == self.canonical {
            return Ok(Appended::Known);
        }
        Err(AppendError::Conflict {
            id: self.place.id,
            stored_sha256: stored_sha256.to_owned(),
            given_sha256: self.sha256.clone(),
        })
    }

    /// The record, if the stored text is the one that was appended and says what stands beside it.
    pub(crate) fn record(&self) -> Result<Record, ReadError> {
        let damaged = |what| ReadError::Damaged {
            id: self.place.id,
            what,
        };
        if sha256_hex(&self.canonical) != self.sha256 {
            return Err(damaged("its text does not have its SHA-256"));
        }
        let record: Record =
            serde_json::from_str(&self.canonical).map_err(|_| damaged("its text is not a record"))?;
        let stands_beside = Place::of(&record) == self.place
            && record.kind == self.kind
            && record.supersedes == self.supersedes;
        if stands_beside {
            Ok(record)
        } else {
            Err(damaged("the columns beside its text say otherwise"))
        }
    }
}

fn is_kind(kind: &str) -> bool {
    let is_sign = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_./".contains(&b);
    (1..=MAX_KIND_BYTES).contains(&kind.len()) && kind.bytes().all(is_sign)
}

pub(crate) fn sha256_hex(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quanlian_record::{id, time::Timestamp};

    fn stored() -> StoredRecord {
        let at: Timestamp = "2024-12-20T01:30:00Z".parse().unwrap();
        StoredRecord::of(&Record {
            v: ENVELOPE_VERSION,
            id: RecordId(id::from_parts(at, [7; id::RANDOM_BYTES])),
            kind: "match".into(),
            recorded_at: at,
            actor: "officer".into(),
            supersedes: None,
            body: serde_json::json!({"work": "曲一", "score_bits": 0.300_000_000_000_000_04, "e_value": 1e-90}),
        })
        .unwrap()
    }

    fn check(stored: &StoredRecord, then: &str) {
        assert_eq!(stored.record().unwrap_err().to_string(), then);
    }

    #[test]
    fn a_changed_text_or_column_is_damage() {
        let whole = stored();
        assert_eq!(whole.record().unwrap().sha256_hex().unwrap(), whole.sha256);

        let id = whole.place.id;
        let other_text = StoredRecord {
            canonical: whole.canonical.replace("曲一", "曲二"),
            ..whole.clone()
        };
        check(
            &other_text,
            &format!("the stored record {id} is damaged: its text does not have its SHA-256"),
        );
        let no_record = StoredRecord {
            canonical: "{}".into(),
            sha256: sha256_hex("{}"),
            ..whole.clone()
        };
        check(
            &no_record,
            &format!("the stored record {id} is damaged: its text is not a record"),
        );
        for column in [
            StoredRecord {
                kind: "deposit".into(),
                ..whole.clone()
            },
            StoredRecord {
                supersedes: Some(id),
                ..whole.clone()
            },
            StoredRecord {
                place: Place {
                    recorded_at: "2025-01-01T00:00:00Z".parse().unwrap(),
                    id,
                },
                ..whole
            },
        ] {
            check(
                &column,
                &format!("the stored record {id} is damaged: the columns beside its text say otherwise"),
            );
        }
    }
}
