//! Moving an installation: its tables and objects from one store to another, compared at the end; backups and back.
//!
//! In:  two open databases of this version, or two object stores.
//! Out: the same rows, or objects, in the second; counts and digests of what was moved; the first difference, where there
//!      is one.
//!
//! Invariants:
//! - What is read is one state of the source, also while others write to it: all pages come from one snapshot.
//! - Moving again goes on where it stopped, and changes nothing when all is there. A source that was written to between
//!   two tries is a difference; then begin anew with an empty destination.
//! - Nothing in the destination is changed or removed. What stands there and not in the source is a difference.
//! - It ends with a comparison of every row ([`MoveError::Differs`]), not with trust in what was sent.
//!
//! Not here: which stores an installation has, and stopping its writers so that nothing is written after the move.

pub mod backup;
mod objects;
mod pages;
mod tables;

use std::{io, path::PathBuf};

use sea_orm::{AccessMode, DatabaseTransaction, IsolationLevel, TransactionOptions, TransactionTrait};

use crate::{
    database::{Database, DatabaseError, Kind, OpenError},
    objects::ObjectId,
};

pub use objects::{Depth, compare_objects, move_objects};
pub use pages::TableDigest;

/// What is told on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'p> {
    /// A table, or `objects`.
    pub what: &'p str,
    /// Copying, or comparing.
    pub is_comparing: bool,
    /// So many rows or objects were looked at.
    pub done: u64,
}

/// Who is told.
pub type Listener<'l> = &'l (dyn Fn(Progress<'_>) + Send + Sync);

/// Where two stores part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The table, or `objects`.
    pub table: String,
    /// The key of the row, as text.
    pub key: String,
    /// What is different: `missing in the destination`, `not in the source`, or the name of a column.
    pub what: String,
}

/// Why a move did not end well. What was copied stays; moving again goes on there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum MoveError {
    /// The stores are not equal.
    #[error("{} {}: {}", .0.table, .0.key, .0.what)]
    Differs(Difference),
    /// The database that is read.
    #[error("cannot read from {place}")]
    From {
        place: String,
        #[source]
        source: DatabaseError,
    },
    /// The database that is written.
    #[error("cannot write to {place}")]
    To {
        place: String,
        #[source]
        source: DatabaseError,
    },
    /// An object could not be moved.
    #[error("cannot move object {id}")]
    Object {
        id: ObjectId,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The objects could not be listed.
    #[error("cannot list objects")]
    List(#[from] crate::objects::ListObjectsError),
    /// A file of the backup.
    #[error("cannot use {path}")]
    File {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// The database of the backup cannot be opened or made.
    #[error("cannot open the database of the backup")]
    Open(#[from] OpenError),
    /// The folder holds a backup already.
    #[error("{folder} holds a backup already; name a new folder")]
    Occupied { folder: PathBuf },
    /// The manifest is none, or of a newer version.
    #[error("{path} is no manifest of a backup that this program knows")]
    Manifest { path: PathBuf },
    /// A file has other bytes than the manifest says.
    #[error("{path} does not have the bytes that the manifest names; the backup is damaged")]
    Damaged { path: PathBuf },
    /// A restore goes into an empty database alone.
    #[error("{place} is not empty; restore into a new database")]
    NotEmpty { place: String },
}

impl MoveError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Differs(_) => "move_differs",
            Self::From { source, .. } | Self::To { source, .. } => source.code(),
            Self::Object { .. } => "move_object",
            Self::List(error) => error.code(),
            Self::File { .. } => "move_file",
            Self::Open(error) => error.code(),
            Self::Occupied { .. } => "backup_occupied",
            Self::Manifest { .. } => "backup_manifest",
            Self::Damaged { .. } => "backup_damaged",
            Self::NotEmpty { .. } => "restore_not_empty",
        }
    }
}

/// Moves all tables, and compares them: records, matters with their events, numbers, grants, requests and outbox, jobs, accounts.
///
/// Answers count and digest of each table, which are the same on every database.
pub async fn move_database(
    from: &Database,
    to: &Database,
    listener: Listener<'_>,
) -> Result<Vec<TableDigest>, MoveError> {
    let source = Snapshot::of(from).await?;
    for table in tables::ALL {
        pages::copy(&source, to, table, listener).await?;
    }
    compare_with(&source, to, listener).await
}

/// Compares all tables row by row.
pub async fn compare_databases(
    from: &Database,
    to: &Database,
    listener: Listener<'_>,
) -> Result<Vec<TableDigest>, MoveError> {
    compare_with(&Snapshot::of(from).await?, to, listener).await
}

async fn compare_with(
    source: &Snapshot<'_>,
    to: &Database,
    listener: Listener<'_>,
) -> Result<Vec<TableDigest>, MoveError> {
    let destination = Snapshot::of(to).await?;
    let mut digests = Vec::new();
    for table in tables::ALL {
        digests.push(pages::compare(source, &destination, table, listener).await?);
    }
    Ok(digests)
}

/// One state of a database, to be read in pages.
struct Snapshot<'d> {
    database: &'d Database,
    transaction: DatabaseTransaction,
}

impl<'d> Snapshot<'d> {
    async fn of(database: &'d Database) -> Result<Self, MoveError> {
        let options = match database.kind() {
            // A transaction that only reads sees one state of the file from its first question on.
            Kind::Sqlite => TransactionOptions::default(),
            Kind::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::RepeatableRead),
                access_mode: Some(AccessMode::ReadOnly),
                ..TransactionOptions::default()
            },
        };
        let transaction = database.connection().begin_with_options(options).await;
        let transaction = transaction.map_err(|e| MoveError::From {
            place: database.place().to_owned(),
            source: database.trouble(e),
        })?;
        Ok(Self {
            database,
            transaction,
        })
    }
}
