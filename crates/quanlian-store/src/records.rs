//! Records: the port, its questions and its errors.
//!
//! In:  [`Record`]s.
//! Out: whether each was [`Appended`], and [`Page`]s of what was appended.
//!
//! Invariant: a record is appended or refused, never changed; it goes by [`RecordStore::erase`] alone. Its order is that of `(recorded_at, id)`, so that a page
//! never repeats a record and skips none that was there before the first page was asked for.

pub(crate) mod checked;
pub mod memory;
mod relational;

use std::future::Future;

use quanlian_record::{canonical::CanonicalError, envelope::Record, id::RecordId, time::Timestamp};

use crate::database::DatabaseError;

/// The canonical bytes of one record are no longer than this.
pub const MAX_RECORD_BYTES: usize = 1 << 20;
/// No more records are appended in one transaction.
pub const MAX_BATCH_RECORDS: usize = 10_000;
/// No more records are erased at once, their corrections counted.
pub const MAX_ERASED_RECORDS: usize = 10_000;
/// A page holds no more records; a larger limit is cut to this.
pub const MAX_PAGE_RECORDS: usize = 500;
/// `kind` is no longer than this.
pub const MAX_KIND_BYTES: usize = 64;

/// What became of a record that was to be appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// It was not there before.
    New,
    /// It was there already, byte for byte.
    Known,
}

/// Which records to list. All conditions hold together; `default()` lists everything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordQuery {
    /// Only this kind.
    pub kind: Option<String>,
    /// Only corrections of this record.
    pub supersedes: Option<RecordId>,
    /// Only records of this instant or later.
    pub from: Option<Timestamp>,
    /// Only records before this instant.
    pub until: Option<Timestamp>,
    /// Go on behind this place: the `next` of the page before.
    pub after: Option<Place>,
    /// At most so many, cut to `1..=`[`MAX_PAGE_RECORDS`]; `None` asks for the most.
    pub limit: Option<usize>,
}

impl RecordQuery {
    fn page_size(&self) -> usize {
        self.limit.unwrap_or(MAX_PAGE_RECORDS).clamp(1, MAX_PAGE_RECORDS)
    }
}

/// The place of a record in the order of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Which one of that instant.
    pub id: RecordId,
}

impl Place {
    /// Where `record` stands.
    pub fn of(record: &Record) -> Self {
        Self {
            recorded_at: record.recorded_at,
            id: record.id,
        }
    }
}

/// Some records in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// In the order of `(recorded_at, id)`.
    pub records: Vec<Record>,
    /// Where the next page begins; `None` when this was the last.
    pub next: Option<Place>,
}

impl Page {
    /// From one record more than fit: the surplus only tells that there is a next page.
    fn cut(mut records: Vec<Record>, size: usize) -> Self {
        let is_last = records.len() <= size;
        records.truncate(size);
        let next = if is_last {
            None
        } else {
            records.last().map(Place::of)
        };
        Self { records, next }
    }
}

/// Keeps records.
///
/// ```
/// # use quanlian_record::{envelope::{ENVELOPE_VERSION, Record}, id::RecordId, time::Timestamp};
/// use quanlian_store::{MemoryRecords, RecordStore, records::{Appended, RecordQuery}};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// let at: Timestamp = "2024-12-20T01:30:00Z".parse().unwrap();
/// let deposit = Record {
///     v: ENVELOPE_VERSION,
///     id: RecordId::fresh(at),
///     kind: "deposit".into(),
///     recorded_at: at,
///     actor: "officer".into(),
///     supersedes: None,
///     body: serde_json::json!({"size_bytes": 3}),
/// };
/// let store = MemoryRecords::default();
/// assert_eq!(store.append(&deposit).await.unwrap(), Appended::New);
/// assert_eq!(store.append(&deposit).await.unwrap(), Appended::Known);
///
/// let query = RecordQuery { kind: Some("deposit".into()), ..RecordQuery::default() };
/// assert_eq!(store.list(&query).await.unwrap().records, [deposit]);
/// # });
/// ```
pub trait RecordStore: Send + Sync {
    /// Appends all of them or, when one is refused, none. They are durable when this returns.
    ///
    /// A record may supersede one that is stored already or stands before it in `records`. Answers in the order of
    /// `records`; an empty slice is answered at once.
    fn append_all(
        &self,
        records: &[Record],
    ) -> impl Future<Output = Result<Vec<Appended>, AppendError>> + Send;

    /// Appends one record.
    fn append(&self, record: &Record) -> impl Future<Output = Result<Appended, AppendError>> + Send {
        async move {
            let answers = self.append_all(std::slice::from_ref(record)).await?;
            Ok(answers.first().copied().expect("one record has one answer"))
        }
    }

    /// The record of this id.
    fn get(&self, id: RecordId) -> impl Future<Output = Result<Option<Record>, ReadError>> + Send;

    /// The records that `query` asks for, one page at a time.
    fn list(&self, query: &RecordQuery) -> impl Future<Output = Result<Page, ReadError>> + Send;

    /// Removes the record and all that correct it, directly or not, so that no file of the store holds them any more.
    ///
    /// What a server keeps beside its tables (write-ahead log, archives, replicas, backups) is said in
    /// [`database::postgres`](crate::database::postgres).
    ///
    /// Answers how many were there; none is no error. Can be called again, and then cleans up again: what a failed call
    /// left behind goes with the next. Rewrites the whole store, so it takes as long as copying it.
    fn erase(&self, id: RecordId) -> impl Future<Output = Result<usize, EraseError>> + Send;

    /// The records that correct `id` directly, oldest first, up to [`MAX_PAGE_RECORDS`].
    ///
    /// More than one means that two people corrected the same record without knowing of each other; which of them
    /// holds is not for a store to say.
    fn corrections_of(&self, id: RecordId) -> impl Future<Output = Result<Vec<Record>, ReadError>> + Send {
        async move {
            let query = RecordQuery {
                supersedes: Some(id),
                ..RecordQuery::default()
            };
            Ok(self.list(&query).await?.records)
        }
    }
}

/// Why records were not erased. All of them or none are gone; what the error says may still linger.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum EraseError {
    /// More than [`MAX_ERASED_RECORDS`].
    #[error("the record {id} has more than {MAX_ERASED_RECORDS} corrections, which cannot be erased at once")]
    TooMany { id: RecordId },
    /// Old pages are still kept for somebody else who reads the database.
    #[error("the record {id} is gone, but another process keeps its old pages; end it and erase again")]
    Lingers { id: RecordId },
    /// The database did not do it.
    #[error("cannot erase from the database")]
    Database(#[source] DatabaseError),
}

impl EraseError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooMany { .. } => "record_erase_too_many",
            Self::Lingers { .. } => "record_erase_lingers",
            Self::Database(trouble) => trouble.code(),
        }
    }
}

/// Why records were not appended. Nothing of the batch was stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum AppendError {
    /// Another record has this id. A correction needs an id of its own.
    #[error(
        "record {id} is stored already with other content (SHA-256 {stored_sha256}, given {given_sha256})"
    )]
    Conflict {
        id: RecordId,
        stored_sha256: String,
        given_sha256: String,
    },
    /// It corrects a record that is neither stored nor earlier in the batch.
    #[error("record {id} supersedes {supersedes}, which is not stored")]
    UnknownSuperseded { id: RecordId, supersedes: RecordId },
    /// An envelope of another version than this program writes.
    #[error("record {id} has envelope version {found}")]
    Version { id: RecordId, found: u32 },
    /// Its kind is empty, too long or has other signs than `a-z 0-9 - _ . /`.
    #[error("record {id} has the kind `{kind}`; a kind is 1 to {MAX_KIND_BYTES} of a-z 0-9 - _ . /")]
    Kind { id: RecordId, kind: String },
    /// Longer than [`MAX_RECORD_BYTES`]. Large content belongs in the object store.
    #[error("record {id} has {size_bytes} bytes, the limit is {MAX_RECORD_BYTES}")]
    TooLarge { id: RecordId, size_bytes: usize },
    /// More than [`MAX_BATCH_RECORDS`] at once.
    #[error("{count} records at once, the limit is {MAX_BATCH_RECORDS}")]
    TooMany { count: usize },
    /// It has no canonical bytes.
    #[error("record {id} has no canonical bytes")]
    Canonical {
        id: RecordId,
        #[source]
        source: CanonicalError,
    },
    /// Its canonical bytes could not be read back: it is nested too deep.
    #[error("record {id} could not be read back as it is")]
    NotReadable { id: RecordId },
    /// The database did not take them.
    #[error("cannot append to the database")]
    Database(#[source] DatabaseError),
}

impl AppendError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "record_conflict",
            Self::UnknownSuperseded { .. } => "record_supersedes_unknown",
            Self::Version { .. } => "record_version_unknown",
            Self::Kind { .. } => "record_kind_invalid",
            Self::TooLarge { .. } => "record_too_large",
            Self::TooMany { .. } => "record_batch_too_large",
            Self::Canonical { .. } => "record_not_canonical",
            Self::NotReadable { .. } => "record_not_readable",
            Self::Database(trouble) => trouble.code(),
        }
    }
}

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ReadError {
    /// The stored bytes are not those that were appended. The log can prove which were.
    #[error("the stored record {id} is damaged: {what}")]
    Damaged { id: RecordId, what: &'static str },
    /// The database gave no answer.
    #[error("cannot read from the database")]
    Database(#[source] DatabaseError),
}

impl ReadError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "record_damaged",
            Self::Database(trouble) => trouble.code(),
        }
    }
}
