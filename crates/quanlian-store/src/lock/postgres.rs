//! The lock record as a row of a PostgreSQL database.
//!
//! In:  a database, a user who may make a table there or finds it made, the origin of the log.
//! Out: a [`LockRecord`] that any number of machines may open at the same time.
//!
//! Compare and swap are one `UPDATE`: of two that meet, the server lets the second wait for the first and then compare
//! anew. A commit returns when it survives a loss of power, whatever the settings of role and database say; a server that
//! runs without `fsync` is refused.
//!
//! Not here: a server that was put back from an old backup, or a replica that was promoted too early, shows an old record;
//! the log finds that out from what its key has signed.

use std::{
    io,
    str::FromStr as _,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use quanlian_tlog::{
    lock_record::{LockFault, LockRecord},
    store::StoreError,
};
use sqlx::{
    ConnectOptions as _, Connection as _, Error,
    postgres::{PgConnectOptions, PgConnection, PgSslMode},
};

use super::{Failure, MAX_RECORD_BYTES, Place, address::PostgresAddress, refused, swap_and_settle};
use crate::edge::Edge;

/// The table, in the first schema of the user's `search_path`.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS log_head (origin text PRIMARY KEY, note bytea NOT NULL)";
const IS_TABLE: &str = "SELECT to_regclass('log_head') IS NOT NULL";
/// Whoever made the server quick has made it forget.
const IS_DURABLE: &str = "SELECT current_setting('fsync') = 'on'";
/// Leaves alone what waits for more than the local disk.
const DURABLE_COMMIT: &str = "SELECT set_config('synchronous_commit', 'on', true) \
     WHERE current_setting('synchronous_commit') IN ('off', 'local')";
/// A longer record is none of ours; what is left of it is no checkpoint.
const LOAD: &str = "SELECT substring(note FROM 1 FOR $2) FROM log_head WHERE origin = $1";
const UPDATE: &str = "UPDATE log_head SET note = $3 WHERE origin = $1 AND note = $2";
const INSERT: &str = "INSERT INTO log_head (origin, note) VALUES ($1, $2) ON CONFLICT DO NOTHING";

/// The lock record of one log in a PostgreSQL database, which may hold those of other logs too.
pub struct PostgresLockRecord {
    edge: Edge,
    options: PgConnectOptions,
    /// Taken while it is in use; gone after an error, and then made anew.
    connection: Mutex<Option<PgConnection>>,
    origin: String,
    place: String,
    timeout: Duration,
}

/// Why one exchange with the server failed.
enum Trouble {
    /// There is no connection; nothing was sent.
    Connect(Error),
    /// The server did not answer in time, or the connection broke.
    Lost(Error),
    /// The server said no, and did nothing.
    Said(Error),
}

impl PostgresLockRecord {
    /// Connects, and makes the table when it is not there.
    ///
    /// A server on another machine has to prove itself by its certificate unless the address says otherwise (`sslmode`).
    pub fn open(
        address: &PostgresAddress,
        origin: &str,
        password: Option<&str>,
        timeout: Duration,
    ) -> Result<Self, StoreError> {
        let record = Self::open_to_read(address, origin, password, timeout)?;
        let is_durable = record.exchange(|mut connection| async move {
            let result = prepare(&mut connection).await;
            (connection, result)
        });
        match is_durable {
            Ok(true) => Ok(record),
            Ok(false) => Err(refused(
                &record.place,
                LockFault::NotDurable,
                "the server runs with fsync = off",
            )),
            Err(trouble) => Err(record.error(trouble)),
        }
    }

    /// Connects to look at the record; a table that is not there is a record that is not there.
    pub fn open_to_read(
        address: &PostgresAddress,
        origin: &str,
        password: Option<&str>,
        timeout: Duration,
    ) -> Result<Self, StoreError> {
        let place = address.name();
        let edge = Edge::new().map_err(|source| refused(&place, LockFault::Refused, source))?;
        let mut options = PgConnectOptions::from_str(address.url.as_str())
            .map_err(|source| refused(&place, LockFault::Refused, source))?
            .application_name("quanlian")
            // A pooler between us and the server does not keep what we prepare.
            .statement_cache_capacity(0);
        if let Some(password) = password {
            options = options.password(password);
        }
        if !address.names_sslmode() && !address.is_local() {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        }
        let record = Self {
            edge,
            options,
            connection: Mutex::new(None),
            origin: origin.to_owned(),
            place,
            timeout,
        };
        match record.exchange(|mut connection| async move {
            let result = connection.ping().await;
            (connection, result)
        }) {
            Ok(()) => Ok(record),
            Err(trouble) => Err(record.error(trouble)),
        }
    }

    /// Talks to the server on the connection that is there, or else on a new one.
    fn exchange<T, F, Talk>(&self, talk: Talk) -> Result<T, Trouble>
    where
        T: Send,
        F: Future<Output = (PgConnection, Result<T, Error>)> + Send,
        Talk: FnOnce(PgConnection) -> F + Send,
    {
        let kept = self.kept().take();
        let (connection, answer) = self.edge.run(async {
            let connection = match kept {
                Some(connection) => connection,
                None => in_time(self.timeout, self.options.connect())
                    .await
                    .map_err(Trouble::Connect)?,
            };
            let talked = async { Ok(talk(connection).await) };
            let (connection, result) = in_time(self.timeout, talked).await.map_err(Trouble::Lost)?;
            Ok((connection, result.map_err(said)?))
        })?;
        *self.kept() = Some(connection);
        Ok(answer)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<PgConnection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, trouble: Trouble) -> StoreError {
        let is_connecting = matches!(trouble, Trouble::Connect(_));
        let (Trouble::Connect(source) | Trouble::Lost(source) | Trouble::Said(source)) = trouble;
        let fault = match state_of(&source).as_deref() {
            Some("28P01" | "28000" | "42501") => LockFault::Denied,
            // Too many connections; the server starts, stops or recovers.
            Some("53300" | "57P01" | "57P02" | "57P03") => LockFault::Unreachable,
            Some(_) => LockFault::Refused,
            None if is_connecting => LockFault::Unreachable,
            None => match source {
                Error::Io(_) | Error::Tls(_) | Error::Protocol(_) => LockFault::Unreachable,
                _ => LockFault::Refused,
            },
        };
        refused(&self.place, fault, source)
    }

    fn load_row(&self) -> Result<Option<Vec<u8>>, Trouble> {
        self.exchange(|mut connection| async move {
            let row = sqlx::query_scalar(LOAD)
                .bind(&self.origin)
                .bind(MAX_RECORD_BYTES as i32)
                .persistent(false)
                .fetch_optional(&mut connection)
                .await;
            (connection, row)
        })
    }
}

impl Place for PostgresLockRecord {
    fn name(&self) -> &str {
        &self.place
    }

    fn load_once(&self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.load_row() {
            // The connection that was kept may have been cut long ago; to ask again is harmless.
            Err(Trouble::Lost(_)) => self.load_row(),
            answer => answer,
        }
        .map_err(|trouble| self.error(trouble))
    }

    fn swap_once(&self, expected: Option<&[u8]>, next: &[u8]) -> Result<bool, Failure> {
        let swapped = self.exchange(|mut connection| async move {
            let result = swap(&mut connection, &self.origin, expected, next).await;
            (connection, result)
        });
        swapped.map_err(|trouble| Failure {
            is_certain: !matches!(trouble, Trouble::Lost(_)),
            error: self.error(trouble),
        })
    }
}

impl LockRecord for PostgresLockRecord {
    fn load(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.load_once()
    }

    fn swap(&self, expected: Option<&[u8]>, next: &[u8]) -> Result<(), StoreError> {
        swap_and_settle(self, expected, next)
    }
}

/// Sees to the table, and says whether the server keeps what it confirms.
async fn prepare(connection: &mut PgConnection) -> Result<bool, Error> {
    if !ask(connection, IS_TABLE).await? {
        let made = sqlx::query(TABLE)
            .persistent(false)
            .execute(&mut *connection)
            .await;
        // Two who make it at the same time get in each other's way, and one of them has made it.
        if !ask(connection, IS_TABLE).await? {
            made?;
        }
    }
    ask(connection, IS_DURABLE).await
}

async fn ask(connection: &mut PgConnection, question: &'static str) -> Result<bool, Error> {
    sqlx::query_scalar(question)
        .persistent(false)
        .fetch_one(connection)
        .await
}

async fn swap(
    connection: &mut PgConnection,
    origin: &str,
    expected: Option<&[u8]>,
    next: &[u8],
) -> Result<bool, Error> {
    let mut transaction = connection.begin().await?;
    sqlx::query(DURABLE_COMMIT)
        .persistent(false)
        .execute(&mut *transaction)
        .await?;
    let statement = match expected {
        Some(expected) => sqlx::query(UPDATE).bind(origin).bind(expected).bind(next),
        None => sqlx::query(INSERT).bind(origin).bind(next),
    };
    let changed = statement.persistent(false).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(changed.rows_affected() == 1)
}

async fn in_time<T>(limit: Duration, future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    match tokio::time::timeout(limit, future).await {
        Ok(result) => result,
        Err(_) => Err(Error::Io(io::ErrorKind::TimedOut.into())),
    }
}

/// The server's word for what went wrong (SQLSTATE), when it had one.
fn state_of(error: &Error) -> Option<String> {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .map(std::borrow::Cow::into_owned)
}

/// Whether an error while talking leaves open what was done.
fn said(error: Error) -> Trouble {
    match state_of(&error) {
        // It lost the connection (08) or was told to stop (57): perhaps after the commit.
        Some(state) if state.starts_with("08") || state.starts_with("57") => Trouble::Lost(error),
        Some(_) => Trouble::Said(error),
        None => Trouble::Lost(error),
    }
}
