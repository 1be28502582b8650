//! The lock record as a row of an SQLite database.
//!
//! In:  a database file, the name of the log.
//! Out: a [`LockRecord`] that several processes may open at the same time.
//!
//! Compare and swap are one statement, which SQLite makes one act among all processes that
//! use the file. A commit returns when it survives a loss of power (`synchronous = EXTRA`).

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OptionalExtension as _, params};

use super::{LockFault, LockRecord};
use crate::store::{MAX_CHECKPOINT_BYTES, StoreError};

/// How long to wait for another process that is just writing.
const BUSY: Duration = Duration::from_secs(10);

const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS log_head (
    origin TEXT PRIMARY KEY NOT NULL,
    note BLOB NOT NULL
) STRICT";

/// The lock record of one log in an SQLite database, which may hold those of other logs too.
#[derive(Debug)]
pub struct SqliteLockRecord {
    connection: Connection,
    origin: String,
    place: String,
}

impl SqliteLockRecord {
    /// Opens the database; makes file and table when they are not there.
    pub fn open(path: &Path, origin: &str) -> Result<Self, StoreError> {
        let place = path.display().to_string();
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(path)?;
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "synchronous", "EXTRA")?;
            connection.execute_batch(SCHEMA)?;
            Ok(connection)
        };
        match open() {
            Ok(connection) => Ok(Self {
                connection,
                origin: origin.to_owned(),
                place,
            }),
            Err(source) => Err(refused(&place, source)),
        }
    }
}

fn refused(place: &str, source: rusqlite::Error) -> StoreError {
    StoreError::LockRecord {
        place: place.to_owned(),
        fault: LockFault::Refused,
        source: Box::new(source),
    }
}

impl LockRecord for SqliteLockRecord {
    fn load(&self) -> Result<Option<Vec<u8>>, StoreError> {
        // A longer record is none of ours; what is left of it is no checkpoint.
        let query = "SELECT substr(note, 1, ?2) FROM log_head WHERE origin = ?1";
        self.connection
            .query_row(
                query,
                params![self.origin, MAX_CHECKPOINT_BYTES.cast_signed()],
                |row| row.get(0),
            )
            .optional()
            .map_err(|source| refused(&self.place, source))
    }

    fn swap(&self, expected: Option<&[u8]>, next: &[u8]) -> Result<(), StoreError> {
        let changed = match expected {
            Some(expected) => self.connection.execute(
                "UPDATE log_head SET note = ?3 WHERE origin = ?1 AND note = ?2",
                params![self.origin, expected, next],
            ),
            None => self.connection.execute(
                "INSERT INTO log_head (origin, note) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![self.origin, next],
            ),
        };
        match changed {
            Ok(1) => Ok(()),
            Ok(_) => Err(StoreError::LockRecordMoved),
            Err(source) => Err(refused(&self.place, source)),
        }
    }
}
