//! Records in one SQLite file.
//!
//! In:  the path of the file; its folder must exist, the file is made when it does not.
//! Out: [`SqliteRecords`], its tables brought up to this program's version.
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

use quanlian_record::{envelope::Record, id::RecordId};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbErr, EntityTrait, QueryOrder, Statement,
    TransactionTrait,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use sea_orm_migration::{MigratorTrait, seaql_migrations};
use tokio::time::Instant;

use super::{
    AppendError, Appended, DatabaseError, EraseError, Page, ReadError, RecordQuery, RecordStore,
    database::{self, DatabaseRecords, schema::Schema},
};

/// How long to wait for another process unless told otherwise.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two tries to open a file that another process is just making.
const OPEN_RETRY: Duration = Duration::from_millis(20);
/// Tries to open a file that cannot be opened. Another process that closes the file as the last one removes its
/// write-ahead log; whoever opens it in that moment is told that it cannot be opened.
const MAX_OPEN_TRIES: u32 = 10;
/// Readers work side by side; more than this gains nothing on one file.
const MAX_CONNECTIONS: u32 = 4;
/// No database has more migrations than this; a longer list is not ours.
const MAX_MIGRATIONS: u64 = 10_000;

/// Records in one SQLite file.
#[derive(Debug)]
pub struct SqliteRecords {
    inner: DatabaseRecords,
}

/// Why a database file was not opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum OpenError {
    /// The folder for the file does not exist.
    #[error("the folder {} for the database does not exist", folder.display())]
    NoFolder { folder: PathBuf },
    /// A folder or a device stands where the file should be.
    #[error("{} is not a file", path.display())]
    NotAFile { path: PathBuf },
    /// The place of the file cannot be looked at.
    #[error("cannot look at {}", path.display())]
    Path {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    /// A SQLite database with tables that are not ours; it is left as it is.
    #[error("{} is the database of another program", path.display())]
    Foreign { path: PathBuf },
    /// Written by a newer version of this program; it is left as it is.
    #[error("{} was written by a newer version (it has `{found}`, this program knows up to `{known}`)", path.display())]
    Newer {
        path: PathBuf,
        found: String,
        known: String,
    },
    /// The database itself refuses.
    #[error("cannot open the database {}", path.display())]
    Database {
        path: PathBuf,
        #[source]
        source: DatabaseError,
    },
}

impl OpenError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoFolder { .. } => "database_no_folder",
            Self::NotAFile { .. } => "database_not_a_file",
            Self::Path { .. } => "database_path",
            Self::Foreign { .. } => "database_foreign",
            Self::Newer { .. } => "database_newer",
            Self::Database { source, .. } => source.code(),
        }
    }
}

impl SqliteRecords {
    /// Opens the file, or makes it, and brings its tables up to this program's version.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_waiting(path, BUSY_TIMEOUT).await
    }

    /// As [`Self::open`], with the time to wait for other processes, now and at every later call.
    pub async fn open_waiting(path: &Path, busy_timeout: Duration) -> Result<Self, OpenError> {
        let file = place_of_file(path)?;
        let in_file = |source| OpenError::Database {
            path: path.to_owned(),
            source,
        };
        let connection = connect(file, busy_timeout).await.map_err(in_file)?;
        match bring_up_to_date(&connection, path).await {
            Ok(()) => Ok(Self {
                inner: DatabaseRecords::new(connection),
            }),
            Err(error) => {
                // The reason for not opening counts more than trouble while closing again.
                let _ = connection.close().await;
                Err(error)
            }
        }
    }

    /// Writes the file anew without its free pages, and empties the write-ahead log.
    ///
    /// `secure_delete` has written zeros over the deleted rows already; parts of their text can still stand in pages
    /// that were split or moved before, and in old frames of the log.
    async fn forget_old_pages(&self, id: RecordId) -> Result<(), EraseError> {
        let connection = self.inner.connection();
        let database = |e: DbErr| EraseError::Database(e.into());
        connection.execute_unprepared("VACUUM").await.map_err(database)?;
        let checkpoint = Statement::from_string(
            connection.get_database_backend(),
            "PRAGMA wal_checkpoint(TRUNCATE)",
        );
        let answer = connection.query_one_raw(checkpoint).await.map_err(database)?;
        // The first column says whether a reader or writer was in the way.
        match answer
            .map(|row| row.try_get_by_index::<i32>(0))
            .transpose()
            .map_err(database)?
        {
            Some(0) => Ok(()),
            _ => Err(EraseError::Lingers { id }),
        }
    }

    /// Waits for running calls and folds the write-ahead log into the file. Dropping is safe as well, only later.
    pub async fn close(self) -> Result<(), DatabaseError> {
        Ok(self.inner.connection().close_by_ref().await?)
    }
}

impl RecordStore for SqliteRecords {
    async fn append_all(&self, records: &[Record]) -> Result<Vec<Appended>, AppendError> {
        self.inner.append_all(records).await
    }

    async fn erase(&self, id: RecordId) -> Result<usize, EraseError> {
        let erased = self.inner.erase(id).await?;
        self.forget_old_pages(id).await?;
        Ok(erased)
    }

    async fn get(&self, id: RecordId) -> Result<Option<Record>, ReadError> {
        self.inner.get(id).await
    }

    async fn list(&self, query: &RecordQuery) -> Result<Page, ReadError> {
        self.inner.list(query).await
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

async fn connect(file: PathBuf, busy_timeout: Duration) -> Result<DatabaseConnection, DatabaseError> {
    // The path goes in beside the URL, where `?` and `#` in it mean nothing.
    let mut options = ConnectOptions::new("sqlite://");
    options
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(busy_timeout.max(OPEN_RETRY) * 2)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite: SqliteConnectOptions| {
            sqlite
                .filename(&file)
                .create_if_missing(true)
                .busy_timeout(busy_timeout)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
                .pragma("trusted_schema", "OFF")
                .pragma("cell_size_check", "ON")
                .pragma("secure_delete", "ON")
        });
    // Turning the write-ahead log on needs the file alone and does not wait for it: so we do.
    let deadline = Instant::now() + busy_timeout;
    let mut tries = 0;
    loop {
        tries += 1;
        match Database::connect(options.clone())
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

/// Runs the migrations that are missing, all in one transaction: two processes that make the same file at once do it
/// one after the other.
async fn bring_up_to_date(connection: &DatabaseConnection, path: &Path) -> Result<(), OpenError> {
    let in_file = |e: DbErr| OpenError::Database {
        path: path.to_owned(),
        source: e.into(),
    };
    let known: Vec<String> = Schema::migrations()
        .iter()
        .map(|step| step.name().to_owned())
        .collect();
    if is_up_to_date(connection, path, &known).await? {
        return Ok(());
    }
    let transaction = connection
        .begin_with_options(database::for_writing())
        .await
        .map_err(in_file)?;
    // Another process may have done it while this one waited for its turn.
    if !is_up_to_date(&transaction, path, &known).await? {
        Schema::up(&transaction, None).await.map_err(in_file)?;
    }
    transaction.commit().await.map_err(in_file)
}

/// Whether every step was done; an error where the database is not ours to change.
async fn is_up_to_date(
    connection: &impl ConnectionTrait,
    path: &Path,
    known: &[String],
) -> Result<bool, OpenError> {
    let in_file = |e: DbErr| OpenError::Database {
        path: path.to_owned(),
        source: e.into(),
    };
    let tables = Statement::from_string(
        connection.get_database_backend(),
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         ORDER BY name = 'seaql_migrations' DESC LIMIT 1",
    );
    let Some(first) = connection.query_one_raw(tables).await.map_err(in_file)? else {
        return Ok(false);
    };
    if first.try_get_by_index::<String>(0).map_err(in_file)? != "seaql_migrations" {
        return Err(OpenError::Foreign {
            path: path.to_owned(),
        });
    }
    let steps = seaql_migrations::Entity::find().order_by_asc(seaql_migrations::Column::Version);
    let steps = sea_orm::QuerySelect::limit(steps, MAX_MIGRATIONS)
        .all(connection)
        .await
        .map_err(in_file)?;
    let is_known = |step: &seaql_migrations::Model| known.contains(&step.version);
    if !steps.iter().any(is_known) {
        // Other programs keep their migrations in a table of this name too; ours never has it empty.
        return Err(OpenError::Foreign {
            path: path.to_owned(),
        });
    }
    match steps.iter().rev().find(|step| !is_known(step)) {
        None => Ok(steps.len() == known.len()),
        Some(step) => Err(OpenError::Newer {
            path: path.to_owned(),
            found: step.version.clone(),
            known: known.last().cloned().unwrap_or_default(),
        }),
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
