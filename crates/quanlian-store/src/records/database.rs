//! Records in a relational database, in SQL that every database understands.
//!
//! In:  an open connection whose schema is [`schema::Schema`].
//! Out: the behaviour of [`super::RecordStore`], and what went wrong in words that do not depend on the database.
//!
//! Portable by construction: instants are BIGINT microseconds, JSON is TEXT, ids are UUID columns, and the text of a
//! record is never looked into by SQL.
//!
//! Not here: how a connection is opened (`sqlite`).

pub(super) mod schema;

use quanlian_record::{envelope::Record, id::RecordId, time::Timestamp};
use sea_orm::{
    ColumnTrait, Condition, ConnAcquireErr, ConnectionTrait, DatabaseConnection, DbErr, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect, RuntimeErr, Set, SqliteTransactionMode, TransactionOptions,
    TransactionTrait, sea_query::OnConflict,
};
use tokio::sync::Mutex;

use super::{
    AppendError, Appended, EraseError, MAX_ERASED_RECORDS, Page, Place, ReadError, RecordQuery,
    checked::{self, StoredRecord},
};
use schema::records::{ActiveModel, Column, Entity, Model};

/// What can go wrong with a database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// Another process held the database for longer than this one waits.
    #[error("another process keeps the database locked")]
    Busy(#[source] DbErr),
    /// The file, its folder or the file system takes no changes.
    #[error("the database cannot be written")]
    ReadOnly(#[source] DbErr),
    /// The disk is full.
    #[error("the disk is full")]
    Full(#[source] DbErr),
    /// The pages of the database do not fit together. Restore it from a copy; nothing more is written to it.
    #[error("the database is damaged")]
    Damaged(#[source] DbErr),
    /// The file is no database at all.
    #[error("the file is not a database")]
    NotADatabase(#[source] DbErr),
    /// The file cannot be opened or made.
    #[error("the database file cannot be opened; check the permissions of the file and of its folder")]
    CannotOpen(#[source] DbErr),
    /// The disk failed.
    #[error("the disk does not answer")]
    Disk(#[source] DbErr),
    /// Anything else.
    #[error("the database failed")]
    Other(#[source] DbErr),
}

impl DatabaseError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy(_) => "database_busy",
            Self::ReadOnly(_) => "database_read_only",
            Self::Full(_) => "database_full",
            Self::Damaged(_) => "database_damaged",
            Self::NotADatabase(_) => "database_not_a_database",
            Self::CannotOpen(_) => "database_cannot_open",
            Self::Disk(_) => "database_disk",
            Self::Other(_) => "database_failed",
        }
    }
}

impl From<DbErr> for DatabaseError {
    fn from(error: DbErr) -> Self {
        if matches!(error, DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)) {
            return Self::Busy(error);
        }
        // Primary result codes of SQLite (https://www.sqlite.org/rescode.html); extended ones keep them in the low byte.
        match code(&error)
            .and_then(|code| code.parse::<u32>().ok())
            .map(|code| code & 0xff)
        {
            Some(5 | 6) => Self::Busy(error),
            Some(8) => Self::ReadOnly(error),
            Some(10) => Self::Disk(error),
            Some(11) => Self::Damaged(error),
            Some(13) => Self::Full(error),
            Some(14) => Self::CannotOpen(error),
            Some(26) => Self::NotADatabase(error),
            _ => Self::Other(error),
        }
    }
}

/// The code that the database itself gave the error.
fn code(error: &DbErr) -> Option<String> {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return None;
    };
    Some(cause.as_database_error()?.code()?.into_owned())
}

/// Values in one statement; every database takes so many.
const MAX_VALUES: usize = 500;

/// Records behind a connection.
#[derive(Debug)]
pub(super) struct DatabaseRecords {
    connection: DatabaseConnection,
    /// Writers of this process queue here. Without it they would all sleep and retry inside SQLite, and one of them
    /// could run out of patience while the others pass it.
    writing: Mutex<()>,
}

impl DatabaseRecords {
    pub(super) fn new(connection: DatabaseConnection) -> Self {
        Self {
            connection,
            writing: Mutex::new(()),
        }
    }

    pub(super) fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    pub(super) async fn append_all(&self, records: &[Record]) -> Result<Vec<Appended>, AppendError> {
        let batch = checked::batch(records)?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let _turn = self.writing.lock().await;
        let database = |e: DbErr| AppendError::Database(e.into());
        let transaction = self
            .connection
            .begin_with_options(for_writing())
            .await
            .map_err(database)?;
        let mut answers = Vec::with_capacity(batch.len());
        for given in batch {
            // Dropping the transaction on the way out rolls it back.
            answers.push(append(&transaction, given).await?);
        }
        transaction.commit().await.map_err(database)?;
        Ok(answers)
    }

    /// Deletes the record and all that correct it. The bytes may stay in free pages; that is for the caller to end.
    pub(super) async fn erase(&self, id: RecordId) -> Result<usize, EraseError> {
        let _turn = self.writing.lock().await;
        let database = |e: DbErr| EraseError::Database(e.into());
        let transaction = self
            .connection
            .begin_with_options(for_writing())
            .await
            .map_err(database)?;
        let mut found = Vec::new();
        let mut newest = match stored(&transaction, id).await.map_err(database)? {
            Some(_) => vec![id],
            None => Vec::new(),
        };
        while !newest.is_empty() {
            if found.len() + newest.len() > MAX_ERASED_RECORDS {
                return Err(EraseError::TooMany { id });
            }
            found.extend_from_slice(&newest);
            newest = corrections(&transaction, &newest).await.map_err(database)?;
        }
        // The last corrections first: a record that is still corrected cannot go.
        for id in found.iter().rev() {
            Entity::delete_by_id(id.0)
                .exec(&transaction)
                .await
                .map_err(database)?;
        }
        transaction.commit().await.map_err(database)?;
        Ok(found.len())
    }

    pub(super) async fn get(&self, id: RecordId) -> Result<Option<Record>, ReadError> {
        let row = stored(&self.connection, id)
            .await
            .map_err(|e| ReadError::Database(e.into()))?;
        row.map(|row| from_row(row)?.record()).transpose()
    }

    pub(super) async fn list(&self, query: &RecordQuery) -> Result<Page, ReadError> {
        let one_more = query.page_size() as u64 + 1;
        let select = Entity::find().filter(conditions(query)).limit(one_more);
        let select = select.order_by_asc(Column::RecordedAt).order_by_asc(Column::Id);
        let rows = select
            .all(&self.connection)
            .await
            .map_err(|e| ReadError::Database(e.into()))?;
        let records = rows
            .into_iter()
            .map(|row| from_row(row)?.record())
            .collect::<Result<_, _>>()?;
        Ok(Page::cut(records, query.page_size()))
    }
}

/// A transaction that takes the write lock at once: in SQLite one that begins by reading cannot wait for it later.
pub(super) fn for_writing() -> TransactionOptions {
    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    TransactionOptions {
        sqlite_transaction_mode,
        ..TransactionOptions::default()
    }
}

fn conditions(query: &RecordQuery) -> Condition {
    let after = query.after.map(|place| {
        let instant = place.recorded_at.unix_micros();
        let later = Condition::any().add(Column::RecordedAt.gt(instant)).add(
            Condition::all()
                .add(Column::RecordedAt.eq(instant))
                .add(Column::Id.gt(place.id.0)),
        );
        // `later` alone gives the answer; stated apart, the first half lets the database seek in its index.
        Condition::all().add(Column::RecordedAt.gte(instant)).add(later)
    });
    Condition::all()
        .add_option(query.kind.as_ref().map(|kind| Column::Kind.eq(kind.as_str())))
        .add_option(query.supersedes.map(|id| Column::Supersedes.eq(id.0)))
        .add_option(query.from.map(|from| Column::RecordedAt.gte(from.unix_micros())))
        .add_option(
            query
                .until
                .map(|until| Column::RecordedAt.lt(until.unix_micros())),
        )
        .add_option(after)
}

async fn stored(connection: &impl ConnectionTrait, id: RecordId) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(id.0).one(connection).await
}

/// The ids of what corrects one of `ids`, up to one more than can be erased at once.
async fn corrections(connection: &impl ConnectionTrait, ids: &[RecordId]) -> Result<Vec<RecordId>, DbErr> {
    let mut found = Vec::new();
    // In parts, because a statement takes only so many values.
    for part in ids.chunks(MAX_VALUES) {
        let select = Entity::find().filter(Column::Supersedes.is_in(part.iter().map(|id| id.0)));
        let rows = select
            .limit(MAX_ERASED_RECORDS as u64 + 1)
            .all(connection)
            .await?;
        found.extend(rows.into_iter().map(|row| RecordId(row.id)));
    }
    Ok(found)
}

/// Appends one record inside a transaction.
async fn append(transaction: &impl ConnectionTrait, given: StoredRecord) -> Result<Appended, AppendError> {
    let database = |e: DbErr| AppendError::Database(e.into());
    let id = given.place.id;
    if let Some(row) = stored(transaction, id).await.map_err(database)? {
        return given.meets(&row.canonical, &row.sha256);
    }
    if let Some(supersedes) = given.supersedes
        && stored(transaction, supersedes).await.map_err(database)?.is_none()
    {
        return Err(AppendError::UnknownSuperseded { id, supersedes });
    }
    // Where the database lets two writers in at once, the other may have come between the look and the insert.
    let on_conflict = OnConflict::column(Column::Id).do_nothing().to_owned();
    let insert = Entity::insert(to_row(given.clone())).on_conflict(on_conflict);
    if insert
        .exec_without_returning(transaction)
        .await
        .map_err(database)?
        == 1
    {
        return Ok(Appended::New);
    }
    match stored(transaction, id).await.map_err(database)? {
        Some(row) => given.meets(&row.canonical, &row.sha256),
        None => Err(database(DbErr::RecordNotInserted)),
    }
}

fn to_row(stored: StoredRecord) -> ActiveModel {
    ActiveModel {
        id: Set(stored.place.id.0),
        kind: Set(stored.kind),
        recorded_at: Set(stored.place.recorded_at.unix_micros()),
        supersedes: Set(stored.supersedes.map(|id| id.0)),
        sha256: Set(stored.sha256),
        canonical: Set(stored.canonical),
    }
}

fn from_row(row: Model) -> Result<StoredRecord, ReadError> {
    let id = RecordId(row.id);
    let recorded_at = Timestamp::from_unix_micros(row.recorded_at).map_err(|_| ReadError::Damaged {
        id,
        what: "its instant is outside the calendar",
    })?;
    Ok(StoredRecord {
        place: Place { recorded_at, id },
        kind: row.kind,
        supersedes: row.supersedes.map(RecordId),
        sha256: row.sha256,
        canonical: row.canonical,
    })
}
