//! Records in a relational database, in SQL that every database understands.
//!
//! In:  an open [`Database`].
//! Out: the behaviour of [`super::RecordStore`].
//!
//! Portable by construction: instants are BIGINT microseconds, JSON is TEXT, ids are UUID columns, and the text of a
//! record is never looked into by SQL.
//!
//! Not here: how a database is opened (`database`).

use std::time::Duration;

use quanlian_record::{envelope::Record, id::RecordId, time::Timestamp};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set,
    sea_query::OnConflict,
};

use super::{
    AppendError, Appended, EraseError, MAX_ERASED_RECORDS, Page, Place, ReadError, RecordQuery, RecordStore,
    checked::{self, StoredRecord},
};
use crate::database::{
    Database, DatabaseError, Kind, Sql,
    schema::records::{ActiveModel, Column, Entity, Model},
    values,
};

/// Values in one statement; every database takes so many.
const MAX_VALUES: usize = 500;

/// So often it is looked whether transactions that are older than an erasure have ended,
const OLDER_LOOKS: u32 = 6;
/// with this pause.
const OLDER_PAUSE: Duration = Duration::from_millis(200);

impl RecordStore for Database {
    async fn append_all(&self, records: &[Record]) -> Result<Vec<Appended>, AppendError> {
        let batch = checked::batch(records)?;
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let writing = self.write().await.map_err(AppendError::Database)?;
        let mut answers = Vec::with_capacity(batch.len());
        for given in batch {
            // Dropping the transaction on the way out rolls it back.
            answers.push(append(self, &writing.transaction, given).await?);
        }
        writing.commit().await.map_err(AppendError::Database)?;
        Ok(answers)
    }

    async fn erase(&self, id: RecordId) -> Result<usize, EraseError> {
        let (erased, stage) = delete(self, id).await?;
        forget(self, id, stage).await?;
        Ok(erased)
    }

    async fn get(&self, id: RecordId) -> Result<Option<Record>, ReadError> {
        let row = stored(self.connection(), id).await;
        let row = row.map_err(|e| ReadError::Database(self.trouble(e)))?;
        row.map(|row| from_row(row)?.record()).transpose()
    }

    async fn list(&self, query: &RecordQuery) -> Result<Page, ReadError> {
        let one_more = query.page_size() as u64 + 1;
        let select = Entity::find().filter(conditions(query)).limit(one_more);
        let select = select.order_by_asc(Column::RecordedAt).order_by_asc(Column::Id);
        let rows = select.all(self.connection()).await;
        let rows = rows.map_err(|e| ReadError::Database(self.trouble(e)))?;
        let records = rows
            .into_iter()
            .map(|row| from_row(row)?.record())
            .collect::<Result<_, _>>()?;
        Ok(Page::cut(records, query.page_size()))
    }
}

/// Deletes the record and all that correct it; how many, and in PostgreSQL the number of the transaction. The bytes may
/// stay in free pages; [`forget`] ends that.
async fn delete(database: &Database, id: RecordId) -> Result<(usize, Option<String>), EraseError> {
    let failed = |e: DbErr| EraseError::Database(database.trouble(e));
    let writing = database.write().await.map_err(EraseError::Database)?;
    let transaction = &writing.transaction;
    let stage = match database.kind() {
        Kind::Sqlite => None,
        Kind::Postgres => {
            // No correction may come in between the look and the deletion.
            let lock = Sql::new("LOCK TABLE records IN SHARE ROW EXCLUSIVE MODE");
            writing.run(lock).await.map_err(EraseError::Database)?;
            let own = Sql::new("SELECT pg_current_xact_id()::text AS own");
            let own = writing.one(own).await.map_err(EraseError::Database)?;
            own.map(|row| row.try_get("", "own"))
                .transpose()
                .map_err(failed)?
        }
    };
    let mut found = Vec::new();
    let mut newest = match stored(transaction, id).await.map_err(failed)? {
        Some(_) => vec![id],
        None => Vec::new(),
    };
    while !newest.is_empty() {
        if found.len() + newest.len() > MAX_ERASED_RECORDS {
            return Err(EraseError::TooMany { id });
        }
        found.extend_from_slice(&newest);
        newest = corrections(transaction, &newest).await.map_err(failed)?;
    }
    // The last corrections first: a record that is still corrected cannot go.
    for id in found.iter().rev() {
        let deleted = Entity::delete_by_id(id.0).exec(transaction).await;
        deleted.map_err(failed)?;
    }
    writing.commit().await.map_err(EraseError::Database)?;
    Ok((found.len(), stage))
}

/// Writes anew what holds the deleted rows.
async fn forget(database: &Database, id: RecordId, stage: Option<String>) -> Result<(), EraseError> {
    let Some(stage) = stage else {
        let _turn = database.turn().await;
        return match database.forget_old_pages().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(EraseError::Lingers { id }),
            Err(trouble) => Err(EraseError::Database(trouble)),
        };
    };
    // Rows that an older transaction may still see would be carried over into the new file, so those end first. Asked afterwards, one
    // that had ended in between would not be found any more.
    if !nobody_older(database, &stage).await? {
        return Err(EraseError::Lingers { id });
    }
    match database.rewrite_table("records").await {
        Ok(()) => Ok(()),
        // Somebody reads the table and does not end.
        Err(DatabaseError::Busy(_)) => Err(EraseError::Lingers { id }),
        Err(trouble) => Err(EraseError::Database(trouble)),
    }
}

/// Whether everything has ended that began before the transaction `stage`: by what a server goes that keeps dead rows, which are
/// transactions with a number or a snapshot, those that were prepared, and slots of replication. Waits a moment for short ones.
async fn nobody_older(database: &Database, stage: &str) -> Result<bool, EraseError> {
    let older = "WITH held AS (\
             SELECT backend_xid AS xid FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND (datname = current_database() OR datname IS NULL) \
             UNION ALL SELECT backend_xmin FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND (datname = current_database() OR datname IS NULL) \
             UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database = current_database() \
             UNION ALL SELECT xmin FROM pg_replication_slots) \
         SELECT 1 AS found FROM held WHERE xid IS NOT NULL AND age(xid) >= age(CAST(CAST($1 AS text) AS xid8)::xid) LIMIT 1";
    for _ in 0..OLDER_LOOKS {
        let asked = Sql::with(older, values![stage]);
        if database.one(asked).await.map_err(EraseError::Database)?.is_none() {
            return Ok(true);
        }
        tokio::time::sleep(OLDER_PAUSE).await;
    }
    Ok(false)
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
async fn append(
    database: &Database,
    transaction: &impl ConnectionTrait,
    given: StoredRecord,
) -> Result<Appended, AppendError> {
    let database = |e: DbErr| AppendError::Database(database.trouble(e));
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
