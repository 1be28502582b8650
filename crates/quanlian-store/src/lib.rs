//! Stores: where records and objects are kept, behind ports as narrow as the chain needs.
//!
//! In:  records in their envelope, matters as events, jobs, and the bytes of originals, captures and papers.
//! Out: the same again, or an error that says which of them cannot be trusted.
//!
//! | port | default | for tests |
//! |---|---|---|
//! | [`RecordStore`] | [`Database`] on SQLite, on PostgreSQL | [`MemoryRecords`] |
//! | [`AccountStore`], [`MatterStore`], [`MeasureStore`], [`SearchStore`], [`NoticeStore`], [`TellingStore`], [`FileStore`], [`JobQueue`], [`TrailStore`] | [`Database`] on SQLite, on PostgreSQL | |
//! | [`ObjectStore`] | [`FolderObjects`], [`S3Objects`] | [`MemoryObjects`] |
//! | snapshots of an index ([`snapshot`]) | a folder, S3 | |
//! | `LockRecord` of `quanlian-tlog` | a file of the log ([`lock`]: SQLite, PostgreSQL, S3) | |
//!
//! Invariants:
//! - What was stored is never changed, and never removed but by an erasure that the law asks for (个人信息保护法 art. 47).
//!   Storing the same thing twice is no error and changes nothing; another thing under the same name is refused.
//! - What was erased is in no file of the store any more: not in free pages, not in the write-ahead log. What a server keeps
//!   beside its tables is said where it is opened ([`database::postgres`], [`objects::s3`]).
//! - What is read is checked against its SHA-256 first. A store that was tampered with or damaged gives an error, not
//!   other content.
//! - All implementations of a port pass one behaviour suite (`tests/it`).
//!
//! Not here: what a record says (each stage owns its bodies), proof that nothing was left out (`quanlian-tlog`).

pub mod accounts;
mod bucket;
pub mod database;
mod edge;
pub mod files;
pub mod gauges;
pub mod jobs;
pub mod lock;
pub mod matters;
pub mod moving;
pub mod objects;
pub mod records;
pub mod snapshot;
pub mod telling;
pub mod trail;

pub use accounts::{AccountStore, subjects::SubjectStore};
pub use database::Database;
pub use files::FileStore;
pub use jobs::JobQueue;
pub use matters::{MatterStore, measures::MeasureStore, notices::NoticeStore, search::SearchStore};
pub use objects::{
    ObjectId, ObjectStore, any::Objects, folder::FolderObjects, memory::MemoryObjects, s3::S3Objects,
};
pub use records::{RecordStore, memory::MemoryRecords};
pub use telling::TellingStore;
pub use trail::TrailStore;

/// Records in one SQLite file: a [`Database`] that was opened by its path.
pub type SqliteRecords = Database;
