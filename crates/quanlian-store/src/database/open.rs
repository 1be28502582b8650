//! Opening a database: whose it is, and which version its tables have.
//!
//! In:  a connection.
//! Out: tables of this program's version, or an [`OpenError`] and a database that is left as it was.

use std::{io, path::PathBuf};

use sea_orm::{ConnectionTrait, DbErr, EntityTrait, QueryOrder, QuerySelect, Statement, TransactionTrait};
use sea_orm_migration::{MigratorTrait, seaql_migrations};

use super::{Database, DatabaseError, Kind, for_writing, schema::Schema};

/// No database has more migrations than this; a longer list is not ours.
const MAX_MIGRATIONS: u64 = 10_000;
/// Tables of ours that may stand in a database of PostgreSQL before the others: the lock records of logs.
const OURS_BESIDE: &str = "log_head";
/// Processes that bring the same database up to date take turns at this advisory lock.
const MIGRATION_LOCK: i64 = 0x7175_616e_6c69_616e;

/// Why a database was not opened.
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
    /// A database with tables that are not ours; it is left as it is.
    #[error("{place} is the database of another program")]
    Foreign { place: String },
    /// Written by a newer version of this program; it is left as it is.
    #[error("{place} was written by a newer version (it has `{found}`, this program knows up to `{known}`)")]
    Newer {
        place: String,
        found: String,
        known: String,
    },
    /// There is no step of this name.
    #[error("no version of the tables is called `{version}`")]
    NoVersion { version: String },
    /// Whoever made the server quick has made it forget: it runs with `fsync = off`.
    #[error("the server of {place} runs with fsync = off and would lose what it confirms; switch it on")]
    NotDurable { place: String },
    /// The database itself refuses.
    #[error("cannot open the database {place}")]
    Database {
        place: String,
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
            Self::NoVersion { .. } => "database_no_version",
            Self::NotDurable { .. } => "database_not_durable",
            Self::Database { source, .. } => source.code(),
        }
    }
}

/// How far the tables are brought.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'s> {
    /// To this program's version; never back.
    Newest,
    /// To this step, also back.
    Named(&'s str),
    /// Nowhere: only looked at.
    AsItIs,
}

/// How far the tables of a database are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// So many steps were done; 0 when there are no tables yet.
    pub done: usize,
    /// This program knows so many.
    pub known: usize,
    /// The name of the last one that was done.
    pub last: Option<String>,
}

impl Database {
    /// How far its tables are, without changing anything.
    pub(super) async fn standing(&self) -> Result<Standing, OpenError> {
        let known: Vec<String> = Schema::migrations()
            .iter()
            .map(|step| step.name().to_owned())
            .collect();
        let done = steps_done(self, self.connection(), &known).await?;
        Ok(Standing {
            done,
            known: known.len(),
            last: done.checked_sub(1).and_then(|at| known.get(at).cloned()),
        })
    }
}

/// Runs the migrations that are missing, all in one transaction: two processes that make the same database at once do
/// it one after the other.
pub(super) async fn bring_to(database: &Database, step: Step<'_>) -> Result<(), OpenError> {
    let failed = |e: DbErr| OpenError::Database {
        place: database.place().to_owned(),
        source: database.trouble(e),
    };
    let known: Vec<String> = Schema::migrations()
        .iter()
        .map(|step| step.name().to_owned())
        .collect();
    let wanted = match step {
        Step::AsItIs => return Ok(()),
        Step::Newest => known.len(),
        Step::Named(version) => known
            .iter()
            .position(|name| name == version)
            .map(|at| at + 1)
            .ok_or_else(|| OpenError::NoVersion {
                version: version.to_owned(),
            })?,
    };
    if steps_done(database, database.connection(), &known).await? == wanted {
        return Ok(());
    }
    let transaction = database
        .connection()
        .begin_with_options(for_writing())
        .await
        .map_err(failed)?;
    if database.kind() == Kind::Postgres {
        // Whoever migrates a large database takes its time; waiting for that is no trouble, as waiting for a row would be.
        transaction
            .execute_unprepared("SET LOCAL lock_timeout = '10min'")
            .await
            .map_err(failed)?;
        let lock = format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
        transaction.execute_unprepared(&lock).await.map_err(failed)?;
    }
    // Another process may have done it while this one waited for its turn.
    let done = steps_done(database, &transaction, &known).await?;
    if done < wanted {
        let missing = u32::try_from(wanted - done).ok();
        Schema::up(&transaction, missing).await.map_err(failed)?;
    } else if done > wanted {
        let surplus = u32::try_from(done - wanted).ok();
        Schema::down(&transaction, surplus).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

/// How many steps were done; an error where the database is not ours to change.
async fn steps_done(
    database: &Database,
    connection: &impl ConnectionTrait,
    known: &[String],
) -> Result<usize, OpenError> {
    let place = || database.place().to_owned();
    let failed = |e: DbErr| OpenError::Database {
        place: place(),
        source: database.trouble(e),
    };
    let tables = match database.kind() {
        Kind::Sqlite => {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
             ORDER BY name = 'seaql_migrations' DESC LIMIT 1"
                .to_owned()
        }
        Kind::Postgres => format!(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() \
             AND tablename <> '{OURS_BESIDE}' ORDER BY tablename = 'seaql_migrations' DESC LIMIT 1"
        ),
    };
    let tables = Statement::from_string(connection.get_database_backend(), tables);
    let Some(first) = connection.query_one_raw(tables).await.map_err(failed)? else {
        return Ok(0);
    };
    if first.try_get_by_index::<String>(0).map_err(failed)? != "seaql_migrations" {
        return Err(OpenError::Foreign { place: place() });
    }
    let steps = seaql_migrations::Entity::find().order_by_asc(seaql_migrations::Column::Version);
    let steps = QuerySelect::limit(steps, MAX_MIGRATIONS)
        .all(connection)
        .await
        .map_err(failed)?;
    let is_known = |step: &seaql_migrations::Model| known.contains(&step.version);
    if !steps.iter().any(is_known) {
        // Other programs keep their migrations in a table of this name too; ours never has it empty.
        return Err(OpenError::Foreign { place: place() });
    }
    match steps.iter().rev().find(|step| !is_known(step)) {
        None => Ok(steps.len()),
        Some(step) => Err(OpenError::Newer {
            place: place(),
            found: step.version.clone(),
            known: known.last().cloned().unwrap_or_default(),
        }),
    }
}
