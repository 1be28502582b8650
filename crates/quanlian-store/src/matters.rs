//! Matters (办件): the port, what it takes and gives, its errors.
//!
//! In:  events as JSON, the row that they come to, and the version that the writer has seen.
//! Out: the new [`Version`]; lists, counts and single matters, as far as a [`Scope`] reaches.
//!
//! Invariants:
//! - A write is one transaction: events, row, number, grants, request key and outbox, all or nothing, durable when it
//!   returns. Whoever did not see the last version writes nothing ([`WriteError::Conflict`]).
//! - Events are never changed or removed. Each holds the digest of the one before it; the first stands on the id and the
//!   number of the matter. What is read is checked, and a change is named by its place ([`ReadError::Damaged`]).
//! - The same request key with the same request gives the first answer again; with another request it is refused.
//! - Numbers of one series have no gaps and are never given twice.
//! - What a scope does not reach is as if it were not there: in lists, counts, single looks and errors alike.
//!
//! After [`DatabaseError::Away`](crate::database::DatabaseError::Away) nobody knows whether a write was done: the same
//! request with the same key is safe to send again, and finds out.
//!
//! The chain covers the events, not the row; that is drawn from them and can be drawn anew.
//!
//! Not here: what an event means and which row follows from it (`quanlian-procedure`), who has which scope (the server).

mod chain;
mod codes;
mod errors;
mod grants;
mod listing;
pub mod measures;
pub mod notices;
mod relational;
pub mod search;

use std::{collections::BTreeSet, fmt, future::Future, str::FromStr};

use quanlian_record::{
    id::{GrantId, MatterId, OutboxId},
    time::{Day, Timestamp},
};
use serde_json::Value;

pub use codes::{AgencyCode, Code, MAX_CODE_BYTES, NotACode, UnitCode, UserCode};
pub use errors::{ReadError, WriteError};
pub use grants::{Access, Actions, Grant, GrantItem, Grantee, Reach, Scope};
pub use listing::{
    Cursor, Direction, MAX_PAGE_MATTERS, MatterFilter, MatterPage, MatterQuery, NotACursor, Sort,
};

/// The canonical bytes of one event are no longer than this.
pub const MAX_EVENT_BYTES: usize = 256 << 10;
/// No more events are appended at once.
pub const MAX_EVENTS: usize = 100;
/// The canonical bytes of the state are no longer than this.
pub const MAX_STATE_BYTES: usize = 1 << 20;
/// A title is no longer than this.
pub const MAX_TITLE_BYTES: usize = 1000;
/// No matter has more handlers.
pub const MAX_HANDLERS: usize = 50;
/// No matter has more keys.
pub const MAX_KEYS: usize = 200;
/// No write adds more entries to the outbox, and none more grants.
pub const MAX_OUTBOX: usize = 100;
/// A payload for the outbox is no longer than this.
pub const MAX_PAYLOAD_BYTES: usize = 256 << 10;
/// No more grants are read at once.
pub const MAX_PAGE_GRANTS: usize = 1000;
/// No more events are read at once.
pub const MAX_PAGE_EVENTS: usize = 500;

/// A blind hash by which matters that share something find each other.
pub type BlindKey = [u8; 32];

/// The state of a matter: how many events it has, and the digest of the last, which stands for all of them.
///
/// Its text is an ETag: `7-` and 64 digits of hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version {
    /// How many events.
    pub number: u64,
    /// SHA-256 of the one before and the canonical bytes of the last.
    pub head: [u8; 32],
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.number, hex::encode(self.head))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({self})")
    }
}

/// A text is not the version of a matter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a version is a number, `-` and 64 digits of lower-case hexadecimal")]
pub struct NotAVersion;

impl FromStr for Version {
    type Err = NotAVersion;

    /// Only the form that [`fmt::Display`] writes.
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let (number, digits) = text.split_once('-').ok_or(NotAVersion)?;
        let mut head = [0; 32];
        hex::decode_to_slice(digits, &mut head).map_err(|_| NotAVersion)?;
        let number = number.parse().map_err(|_| NotAVersion)?;
        let version = Self { number, head };
        if version.to_string() == text {
            Ok(version)
        } else {
            Err(NotAVersion)
        }
    }
}

/// What lists show and search: drawn from the events by whoever writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Projection {
    /// Which procedure.
    pub procedure: Code,
    /// Its version.
    pub procedure_version: u32,
    /// The stage it is in.
    pub stage: Code,
    /// The word for how it stands.
    pub status: Code,
    /// The agency it belongs to.
    pub owner_agency: AgencyCode,
    /// The unit it belongs to, once there is one.
    pub owner_unit: Option<UnitCode>,
    /// Who works on it.
    pub handlers: BTreeSet<UserCode>,
    /// What it is about, in one line.
    pub title: String,
    /// The next day on which something is due.
    pub due_on: Option<Day>,
    /// What it is about in money.
    pub amount_fen: Option<i64>,
    /// Blind hashes for the search of duplicates.
    pub keys: BTreeSet<BlindKey>,
}

/// A matter as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatterRow {
    /// Its id.
    pub id: MatterId,
    /// Its number (办件编号).
    pub number: String,
    /// When it was created.
    pub opened_at: Timestamp,
    /// When it was last written to.
    pub changed_at: Timestamp,
    /// The version to name when writing to it.
    pub version: Version,
    /// What its events come to.
    pub projection: Projection,
}

/// A matter with the snapshot of its state.
#[derive(Debug, Clone, PartialEq)]
pub struct Matter {
    /// As in lists.
    pub row: MatterRow,
    /// What the writer of its last events made of all of them.
    pub state: Value,
}

/// The series within which numbers have no gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Whose numbers.
    pub agency: AgencyCode,
    /// Of which procedure.
    pub procedure: Code,
    /// Of which year.
    pub year: u16,
}

/// By which a request that is sent again is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who sent it; another one's key is another key.
    pub principal: Code,
    /// What the sender called it.
    pub key: Code,
    /// The digest of all that was asked for.
    pub digest: [u8; 32],
}

/// Something to be put elsewhere after the write: into the evidence log, or to somebody as a notice.
#[derive(Debug, Clone, PartialEq)]
pub struct OutboxEntry {
    /// Its id; whoever receives it twice knows it by this.
    pub id: OutboxId,
    /// For whom.
    pub kind: Code,
    /// What to put.
    pub payload: Value,
}

/// What one write brings, apart from where it goes.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// By which it is known when it is sent again.
    pub request: Request,
    /// When.
    pub at: Timestamp,
    /// At least one event.
    pub events: Vec<Value>,
    /// The row after them.
    pub projection: Projection,
    /// The state after them.
    pub state: Value,
    /// What is counted and found of it after them; without it nothing is, until somebody draws it ([`measures::MeasureStore`]).
    pub drawn: Option<measures::Drawn>,
    /// Notices that come with them; of this matter.
    pub notices: Vec<notices::Notice>,
    /// Grants that come with them; of this matter.
    pub grants: Vec<Grant>,
    /// Grants that end with them; of this matter.
    pub revoked: Vec<GrantId>,
    /// What is to be put elsewhere.
    pub outbox: Vec<OutboxEntry>,
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The matter; of a repeated creation, the one that was created first.
    pub id: MatterId,
    /// Its number.
    pub number: String,
    /// Its version after the write.
    pub version: Version,
    /// Whether this is the answer of an earlier request with the same key.
    pub is_repeated: bool,
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// Its place in the matter, from 1.
    pub number: u64,
    /// When it was written.
    pub at: Timestamp,
    /// SHA-256 of the one before and its own canonical bytes.
    pub digest: [u8; 32],
    /// What it says.
    pub event: Value,
}

/// An entry of the outbox that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenEntry {
    /// What to put.
    pub entry: OutboxEntry,
    /// The matter that it came from.
    pub matter: Option<MatterId>,
    /// When it was made.
    pub made_at: Timestamp,
    /// How often it was taken, this time counted.
    pub tries: u32,
}

/// Who takes entries of the outbox, and for how long they are then left alone by others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taking {
    /// Who; a name that no other worker has.
    pub worker: Code,
    /// Only this kind.
    pub kind: Code,
    /// At most so many, cut to [`MAX_OUTBOX`].
    pub limit: usize,
    /// The time now.
    pub now: Timestamp,
    /// Until when they are this worker's.
    pub until: Timestamp,
}

/// Keeps matters.
///
/// ```
/// use quanlian_record::{id::MatterId, time::Timestamp};
/// use quanlian_store::{Database, MatterStore, matters::*};
///
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// # let folder = tempfile::tempdir().unwrap();
/// let store = Database::open(&folder.path().join("quanlian.sqlite")).await.unwrap();
/// let at: Timestamp = "2024-12-20T01:30:00Z".parse().unwrap();
/// let change = Change {
///     request: Request { principal: "li".parse().unwrap(), key: "4f1c".parse().unwrap(), digest: [7; 32] },
///     at,
///     events: vec![serde_json::json!({"act": "receive", "v": 1})],
///     projection: Projection {
///         procedure: "complaint".parse().unwrap(),
///         procedure_version: 1,
///         stage: "intake".parse().unwrap(),
///         status: "open".parse().unwrap(),
///         owner_agency: "culture".parse().unwrap(),
///         owner_unit: None,
///         handlers: Default::default(),
///         title: "曲一被上传".into(),
///         due_on: None,
///         amount_fen: None,
///         keys: Default::default(),
///     },
///     state: serde_json::json!({}),
///     drawn: None,
///     notices: vec![],
///     grants: vec![],
///     revoked: vec![],
///     outbox: vec![],
/// };
/// let series = Series { agency: "culture".parse().unwrap(), procedure: "complaint".parse().unwrap(), year: 2024 };
/// let number = |ordinal| format!("文执投〔2024〕{ordinal:06}");
/// let written = store.create_matter(MatterId::fresh(at), &series, &number, &change).await.unwrap();
/// assert_eq!(written.number, "文执投〔2024〕000001");
///
/// let mut scope = Scope {
///     agency: "culture".parse().unwrap(),
///     unit: None,
///     user: "chief".parse().unwrap(),
///     reach: Reach::Agency,
///     needs: Actions::READ,
///     at,
/// };
/// let matter = store.matter(&scope, written.id).await.unwrap().unwrap();
/// assert_eq!(matter.row.version, written.version);
/// // To another agency it is as if it were not there.
/// scope.agency = "police".parse().unwrap();
/// assert_eq!(store.matter(&scope, written.id).await.unwrap(), None);
/// # });
/// ```
pub trait MatterStore: Send + Sync {
    /// Creates a matter under the next number of its series, which `number` writes.
    fn create_matter(
        &self,
        id: MatterId,
        series: &Series,
        number: &(dyn Fn(u64) -> String + Send + Sync),
        change: &Change,
    ) -> impl Future<Output = Result<Written, WriteError>> + Send;

    /// Appends events to a matter whose last version is `expected`.
    fn append_events(
        &self,
        id: MatterId,
        expected: Version,
        change: &Change,
    ) -> impl Future<Output = Result<Written, WriteError>> + Send;

    /// The matter, if the scope reaches it.
    fn matter(
        &self,
        scope: &Scope,
        id: MatterId,
    ) -> impl Future<Output = Result<Option<Matter>, ReadError>> + Send;

    /// The matter as lists show it, if the scope reaches it.
    fn matter_row(
        &self,
        scope: &Scope,
        id: MatterId,
    ) -> impl Future<Output = Result<Option<MatterRow>, ReadError>> + Send;

    /// The matters that the scope reaches and `query` asks for, one page at a time.
    fn matters(
        &self,
        scope: &Scope,
        query: &MatterQuery,
    ) -> impl Future<Output = Result<MatterPage, ReadError>> + Send;

    /// How many there are, counted up to `up_to`: that answer means as many or more.
    fn count_matters(
        &self,
        scope: &Scope,
        filter: &MatterFilter,
        up_to: u64,
    ) -> impl Future<Output = Result<u64, ReadError>> + Send;

    /// Which of the keys stand at which matters that the scope reaches, up to [`MAX_PAGE_MATTERS`] pairs.
    fn sharing(
        &self,
        scope: &Scope,
        keys: &BTreeSet<BlindKey>,
    ) -> impl Future<Output = Result<Vec<(BlindKey, MatterId)>, ReadError>> + Send;

    /// Which of the keys stand at matters of which other agencies; nothing else of those is told. Whoever asks has asked the policies.
    fn holders(
        &self,
        keys: &BTreeSet<BlindKey>,
        but: &AgencyCode,
    ) -> impl Future<Output = Result<Vec<(BlindKey, AgencyCode)>, ReadError>> + Send;

    /// Events behind number `after`, at most `limit`, cut to [`MAX_PAGE_EVENTS`]; `None` where the scope does not reach.
    ///
    /// They are checked against each other, the first against the one before it (or against id and number of the
    /// matter), the last against the version of the row.
    fn events(
        &self,
        scope: &Scope,
        id: MatterId,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Option<Vec<StoredEvent>>, ReadError>> + Send;

    /// What the scope may do with a matter, and by which grants; `None` where it does not reach.
    fn access(
        &self,
        scope: &Scope,
        id: MatterId,
    ) -> impl Future<Output = Result<Option<Access>, ReadError>> + Send;

    /// All grants of one matter, also those that ended, oldest first, up to [`MAX_PAGE_GRANTS`]; `None` where the scope does
    /// not reach it as its own agency's: who else sees a matter is the owner's to know.
    fn grants(
        &self,
        scope: &Scope,
        id: MatterId,
    ) -> impl Future<Output = Result<Option<Vec<Grant>>, ReadError>> + Send;

    /// All standing grants that an agency gave or was given, also those that ended, oldest first, up to
    /// [`MAX_PAGE_GRANTS`].
    fn standing_grants(
        &self,
        agency: &AgencyCode,
    ) -> impl Future<Output = Result<Vec<Grant>, ReadError>> + Send;

    /// Records a grant outside of a write: a standing one, say. The same again changes nothing.
    fn grant(&self, grant: &Grant) -> impl Future<Output = Result<(), WriteError>> + Send;

    /// Ends a grant; whether there was one in force.
    fn revoke(
        &self,
        id: GrantId,
        at: Timestamp,
        by: &Code,
    ) -> impl Future<Output = Result<bool, WriteError>> + Send;

    /// Ends a grant on one matter; whether there was one in force.
    fn revoke_of(
        &self,
        matter: MatterId,
        id: GrantId,
        at: Timestamp,
        by: &Code,
    ) -> impl Future<Output = Result<bool, WriteError>> + Send;

    /// Takes entries of the outbox that nobody holds, oldest first.
    fn take_outbox(
        &self,
        taking: &Taking,
    ) -> impl Future<Output = Result<Vec<TakenEntry>, WriteError>> + Send;

    /// Removes entries that were put and are still this worker's; how many.
    ///
    /// One whose time had run out and that another worker took stays with that one, and may be put twice.
    fn acknowledge_outbox(
        &self,
        worker: &Code,
        ids: &[OutboxId],
    ) -> impl Future<Output = Result<u64, WriteError>> + Send;

    /// Forgets the keys of requests before this instant; how many.
    fn forget_requests(&self, before: Timestamp) -> impl Future<Output = Result<u64, WriteError>> + Send;
}
