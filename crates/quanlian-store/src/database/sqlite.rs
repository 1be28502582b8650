//! One SQLite file.
//!
//! In:  the path of the file; its folder must exist, the file is made when it does not.
//! Out: a [`Database`], its tables brought up to this program's version.
//!
//! Durability: write-ahead log with `synchronous=FULL`, so that an append that returned survives a power cut. Several
//! processes may use the file at once; each waits for the others up to a limit and then says [`DatabaseError::Busy`].
//!
//! Erasure: deleted rows are overwritten (`secure_delete=ON`), the file is written anew, the log is emptied. The file
//! system may keep old blocks that no file names; only a disk that is encrypted as a whole answers that.
//!
//! Hostile files: no SQL from the schema is trusted (`trusted_schema=OFF`), pages are checked as they are read
//! (`cell_size_check=ON`), and every record is checked against its digest.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbErr, Statement,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::time::Instant;

use super::{
    Database, DatabaseError, Kind, OpenError,
    open::{Standing, Step, bring_to},
};

/// How long to wait for another process unless told otherwise.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two tries to open a file that another process is just making.
const OPEN_RETRY: Duration = Duration::from_millis(20);
/// Tries to open a file that cannot be opened. Another process that closes the file as the last one removes its
/// write-ahead log; whoever opens it in that moment is told that it cannot be opened.
const MAX_OPEN_TRIES: u32 = 10;
/// The write-ahead log is cut back to this length.
const JOURNAL_LIMIT_BYTES: &str = "67108864";
/// Readers work side by side; more than this gains nothing on one file.
const MAX_CONNECTIONS: u32 = 4;

impl Database {
    /// Opens an SQLite file, or makes it, and brings its tables up to this program's version.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_waiting(path, BUSY_TIMEOUT).await
    }

    /// As [`Self::open`], with the time to wait for other processes, now and at every later call.
    pub async fn open_waiting(path: &Path, busy_timeout: Duration) -> Result<Self, OpenError> {
        Self::open_at(path, busy_timeout, Step::Newest).await
    }

    /// As [`Self::open`], but only up to the step of this name; a later one is taken back, and what it held goes.
    ///
    /// For tests of upgrades, and for going back to an older program.
    pub async fn open_at_version(path: &Path, version: &str) -> Result<Self, OpenError> {
        Self::open_at(path, BUSY_TIMEOUT, Step::Named(version)).await
    }

    /// How far the tables of a file are; nothing is made or changed. `None` when there is no file.
    pub async fn look(path: &Path) -> Result<Option<Standing>, OpenError> {
        if !place_of_file(path)?.is_file() {
            return Ok(None);
        }
        let database = Self::open_at(path, BUSY_TIMEOUT, Step::AsItIs).await?;
        let standing = database.standing().await;
        // What was only looked at loses nothing.
        let _ = database.close().await;
        standing.map(Some)
    }

    async fn open_at(path: &Path, busy_timeout: Duration, step: Step<'_>) -> Result<Self, OpenError> {
        let file = place_of_file(path)?;
        let place = path.display().to_string();
        let connection = connect(file, busy_timeout, step)
            .await
            .map_err(|source| OpenError::Database {
                place: place.clone(),
                source,
            })?;
        let database = Self::new(connection, Kind::Sqlite, &place);
        match bring_to(&database, step).await {
            Ok(()) => Ok(database),
            Err(error) => {
                // The reason for not opening counts more than trouble while closing again.
                let _ = database.close().await;
                Err(error)
            }
        }
    }

    /// Writes the file anew without its free pages, and empties the write-ahead log; whether nobody was in the way.
    ///
    /// `secure_delete` has written zeros over the deleted rows already; parts of their text can still stand in pages
    /// that were split or moved before, and in old frames of the log.
    pub(crate) async fn forget_old_pages(&self) -> Result<bool, DatabaseError> {
        let connection = self.connection();
        let trouble = |e: DbErr| self.trouble(e);
        connection.execute_unprepared("VACUUM").await.map_err(trouble)?;
        let checkpoint = Statement::from_string(
            connection.get_database_backend(),
            "PRAGMA wal_checkpoint(TRUNCATE)",
        );
        let answer = connection.query_one_raw(checkpoint).await.map_err(trouble)?;
        // The first column says whether a reader or writer was in the way.
        let in_the_way = answer
            .map(|row| row.try_get_by_index::<i32>(0))
            .transpose()
            .map_err(trouble)?;
        Ok(in_the_way == Some(0))
    }
}

/// The file that `path` means, absolute: to SQLite, `:memory:`, `file:…` and an empty name are not names of files.
///
/// What is wrong with the place is said here, in clearer words than SQLite's.
fn place_of_file(path: &Path) -> Result<PathBuf, OpenError> {
    let unreadable = |source| OpenError::Path {
        path: path.to_owned(),
        source,
    };
    let file = std::path::absolute(path).map_err(unreadable)?;
    let look = |place: &Path| match std::fs::metadata(place) {
        Ok(found) => Ok(Some(found)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(unreadable(e)),
    };
    let folder = file.parent().unwrap_or(&file);
    if !look(folder)?.is_some_and(|found| found.is_dir()) {
        return Err(OpenError::NoFolder {
            folder: folder.to_owned(),
        });
    }
    match look(&file)? {
        Some(found) if !found.is_file() => Err(OpenError::NotAFile {
            path: path.to_owned(),
        }),
        _ => Ok(file),
    }
}

async fn connect(
    file: PathBuf,
    busy_timeout: Duration,
    step: Step<'_>,
) -> Result<DatabaseConnection, DatabaseError> {
    let only_looks = matches!(step, Step::AsItIs);
    // The path goes in beside the URL, where `?` and `#` in it mean nothing.
    let mut options = ConnectOptions::new("sqlite://");
    options
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(busy_timeout.max(OPEN_RETRY) * 2)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite: SqliteConnectOptions| {
            let sqlite = if only_looks {
                sqlite.read_only(true)
            } else {
                sqlite
                    .create_if_missing(true)
                    .journal_mode(SqliteJournalMode::Wal)
            };
            sqlite
                .filename(&file)
                .busy_timeout(busy_timeout)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .pragma("trusted_schema", "OFF")
                .pragma("cell_size_check", "ON")
                .pragma("secure_delete", "ON")
                // After one large transaction the log does not stay that large.
                .pragma("journal_size_limit", JOURNAL_LIMIT_BYTES)
        });
    // Turning the write-ahead log on needs the file alone and does not wait for it: so we do.
    let deadline = Instant::now() + busy_timeout;
    let mut tries = 0;
    loop {
        tries += 1;
        match sea_orm::Database::connect(options.clone())
            .await
            .map_err(DatabaseError::from)
        {
            Err(DatabaseError::Busy(_)) if Instant::now() < deadline => {}
            Err(DatabaseError::CannotOpen(_)) if tries < MAX_OPEN_TRIES => {}
            answer => return answer,
        }
        tokio::time::sleep(OPEN_RETRY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sqlite_takes_for_no_file_is_a_file_here() {
        for name in [":memory:", "file:records.db?mode=memory", "records.db"] {
            let file = place_of_file(Path::new(name)).unwrap();
            assert!(file.is_absolute() && file.ends_with(name), "{file:?}");
        }
        assert_eq!(place_of_file(Path::new("")).unwrap_err().code(), "database_path");
    }
}
