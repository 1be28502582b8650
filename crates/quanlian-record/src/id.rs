//! Ids: UUIDv7, one type each, so that two of them cannot be swapped in a call.
//!
//! In:  the time and 80 random bits.
//! Out: [`WorkId`], [`CaseId`] and their like.

use crate::time::Timestamp;

/// Random bytes that go into one id; the version and variant bits overwrite six of the 80.
pub const RANDOM_BYTES: usize = 10;

/// Makes the bits of a UUIDv7 (RFC 9562 §5.7) from a time and randomness that the caller brings.
pub fn from_parts(at: Timestamp, random: [u8; RANDOM_BYTES]) -> uuid::Uuid {
    uuid::Builder::from_unix_timestamp_millis(at.unix_millis(), &random).into_uuid()
}

/// A new UUIDv7 with the system's randomness, for the edges only.
///
/// # Panics
/// When the operating system has no randomness to give: nothing sound can be made then.
pub fn fresh(at: Timestamp) -> uuid::Uuid {
    let mut random = [0; RANDOM_BYTES];
    getrandom::fill(&mut random).expect("the operating system gives randomness");
    from_parts(at, random)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// A new id with the system's randomness, for the edges only.
            pub fn fresh(at: Timestamp) -> Self {
                Self(fresh(at))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A record of any kind, in its envelope.
    RecordId
    /// A work (作品) in a collection of registered works.
    WorkId
    /// A deposit (存证).
    DepositId
    /// A case (案件).
    CaseId
    /// A dossier (卷宗): one making of the papers of a case.
    DossierId
    /// A matter (办件): one run of a procedure.
    MatterId
    /// A grant (授权): what another agency, unit or person may see and do.
    GrantId
    /// An entry that waits in the outbox to be put elsewhere.
    OutboxId
    /// A file (材料) of a matter.
    FileId
    /// A file that is being sent.
    UploadId
    /// A notice (提醒) in the inbox of whom it concerns.
    NoticeId
    /// An address outside that an agency has told of notices.
    WebhookId
    /// A delivery: one notice on its way to one target.
    DeliveryId
    /// A job of the queue.
    JobId
    /// An account: a person or a program that signs in.
    AccountId
    /// A token of a program.
    TokenId
    /// A strand of the audit trail: the lines that one process wrote, each holding the digest of the one before.
    StrandId
    /// An act of custody (保管): who held a piece of evidence, when, and what was done with it.
    CustodyId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_version_7_and_sorts_by_time() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let earlier = from_parts(at("2024-01-01T00:00:00Z"), [0xff; RANDOM_BYTES]);
        let later = from_parts(at("2024-01-01T00:00:00.001Z"), [0; RANDOM_BYTES]);
        assert_eq!((earlier.get_version_num(), later.get_version_num()), (7, 7));
        assert!(earlier < later);
        assert_eq!(earlier.to_string(), "018cc251-f400-7fff-bfff-ffffffffffff");
    }
}
