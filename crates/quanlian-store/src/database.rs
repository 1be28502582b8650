//! Databases: one handle for SQLite and PostgreSQL, with the tables of this version.
//!
//! In:  the path of a file, or the address of a server.
//! Out: a [`Database`], on which every port of this crate that wants a database stands; and what went wrong in words
//!      that do not depend on the database.
//!
//! Portable by construction: instants are BIGINT microseconds, JSON is TEXT, ids are UUID columns, money is BIGINT fen.
//! One text of SQL serves both; where it cannot, [`Kind`] decides beside the statement.
//!
//! Invariants: a write that returned is on the disk (SQLite: write-ahead log with `synchronous=FULL`; PostgreSQL:
//! `synchronous_commit` on, and a server without `fsync` is refused). Every statement ends within a named time.
//!
//! Not here: what is kept (`records`, `matters`, `jobs`).

mod open;
pub mod postgres;
pub(crate) mod schema;
mod sql;
pub mod sqlite;
mod trouble;

use std::{sync::Arc, time::Duration};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, ExecResult, QueryResult,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::sync::{Mutex, MutexGuard};

pub use open::{OpenError, Standing};
pub(crate) use sql::{Sql, bytes32, values, whole};
pub use trouble::DatabaseError;
pub(crate) use trouble::is_duplicate;

/// How often a transaction that has not begun yet is tried on another connection: those of before a restart are dead.
const BEGIN_TRIES: u32 = 4;
/// Between two such tries.
const BEGIN_PAUSE: Duration = Duration::from_millis(50);

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One file on this machine.
    Sqlite,
    /// A server, for many processes and machines.
    Postgres,
}

/// An open database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Database {
    connection: DatabaseConnection,
    kind: Kind,
    /// What the place is called, without a secret.
    place: Arc<str>,
    /// Writers of this process to one SQLite file queue here. Without it they would all sleep and retry inside SQLite,
    /// and one of them could run out of patience while the others pass it.
    writing: Arc<Mutex<()>>,
}

/// A transaction that writes. Dropped without a commit, it is rolled back.
pub(crate) struct Writing<'d> {
    pub(crate) transaction: DatabaseTransaction,
    database: &'d Database,
    _turn: Option<MutexGuard<'d, ()>>,
}

impl Writing<'_> {
    /// Makes it durable. After an error of the connection nobody knows whether it was: ask with the same key again.
    pub(crate) async fn commit(self) -> Result<(), DatabaseError> {
        let database = self.database;
        self.transaction.commit().await.map_err(|e| database.trouble(e))
    }

    pub(crate) async fn one(&self, sql: Sql) -> Result<Option<QueryResult>, DatabaseError> {
        let statement = sql.statement(self.database.kind);
        let row = self.transaction.query_one_raw(statement).await;
        row.map_err(|e| self.database.trouble(e))
    }

    pub(crate) async fn all(&self, sql: Sql) -> Result<Vec<QueryResult>, DatabaseError> {
        let statement = sql.statement(self.database.kind);
        let rows = self.transaction.query_all_raw(statement).await;
        rows.map_err(|e| self.database.trouble(e))
    }

    /// Changes rows; how many.
    pub(crate) async fn run(&self, sql: Sql) -> Result<u64, DatabaseError> {
        let statement = sql.statement(self.database.kind);
        let done = self.transaction.execute_raw(statement).await;
        done.map(|done| done.rows_affected())
            .map_err(|e| self.database.trouble(e))
    }

    pub(crate) fn kind(&self) -> Kind {
        self.database.kind
    }

    /// What an error of this database means.
    pub(crate) fn trouble(&self, error: DbErr) -> DatabaseError {
        self.database.trouble(error)
    }
}

impl Database {
    pub(crate) fn new(connection: DatabaseConnection, kind: Kind, place: &str) -> Self {
        Self {
            connection,
            kind,
            place: place.into(),
            writing: Arc::default(),
        }
    }

    /// Which database it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What the place is called, for messages; no secret is in it.
    pub fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// What an error of this database means.
    pub(crate) fn trouble(&self, error: DbErr) -> DatabaseError {
        DatabaseError::of(error, self.kind)
    }

    /// Waits for this process's turn to write; PostgreSQL sorts that out itself.
    pub(crate) async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        match self.kind {
            Kind::Sqlite => Some(self.writing.lock().await),
            Kind::Postgres => None,
        }
    }

    /// Begins a transaction that writes.
    pub(crate) async fn write(&self) -> Result<Writing<'_>, DatabaseError> {
        let turn = self.turn().await;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.connection.begin_with_options(for_writing()).await {
                Ok(transaction) => {
                    return Ok(Writing {
                        transaction,
                        database: self,
                        _turn: turn,
                    });
                }
                Err(error) => match self.trouble(error) {
                    DatabaseError::Away(_) if tries < BEGIN_TRIES => tokio::time::sleep(BEGIN_PAUSE).await,
                    trouble => return Err(trouble),
                },
            }
        }
    }

    /// Rows of a question. One that a dead connection swallowed is asked again.
    pub(crate) async fn all(&self, sql: Sql) -> Result<Vec<QueryResult>, DatabaseError> {
        let statement = sql.statement(self.kind);
        let first = self.connection.query_all_raw(statement.clone()).await;
        match first.map_err(|e| self.trouble(e)) {
            Err(DatabaseError::Away(_)) => {}
            answer => return answer,
        }
        let again = self.connection.query_all_raw(statement).await;
        again.map_err(|e| self.trouble(e))
    }

    /// The one row of a question.
    pub(crate) async fn one(&self, sql: Sql) -> Result<Option<QueryResult>, DatabaseError> {
        Ok(self.all(sql).await?.into_iter().next())
    }

    /// One statement that writes, by itself; the rows that it returns.
    pub(crate) async fn write_one(&self, sql: Sql) -> Result<Vec<QueryResult>, DatabaseError> {
        let _turn = self.turn().await;
        let rows = self.connection.query_all_raw(sql.statement(self.kind)).await;
        rows.map_err(|e| self.trouble(e))
    }

    /// One statement that writes, by itself; how many rows it changed.
    pub(crate) async fn run(&self, sql: Sql) -> Result<u64, DatabaseError> {
        let _turn = self.turn().await;
        let done = self.connection.execute_raw(sql.statement(self.kind)).await;
        done.map(|done: ExecResult| done.rows_affected())
            .map_err(|e| self.trouble(e))
    }

    /// Waits for running calls and folds the write-ahead log into the file. Dropping is safe as well, only later.
    pub async fn close(self) -> Result<(), DatabaseError> {
        let closed = self.connection.close_by_ref().await;
        closed.map_err(|e| self.trouble(e))
    }
}

/// A transaction that takes the write lock at once: in SQLite one that begins by reading cannot wait for it later.
pub(crate) fn for_writing() -> TransactionOptions {
    let sqlite_transaction_mode = Some(SqliteTransactionMode::Immediate);
    TransactionOptions {
        sqlite_transaction_mode,
        ..TransactionOptions::default()
    }
}
