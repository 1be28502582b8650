//! What can go wrong with a database, in words that do not depend on it.
//!
//! In:  an error of the library, and which database it came from.
//! Out: a [`DatabaseError`] with a stable code and a way out.

use sea_orm::{ConnAcquireErr, DbErr, RuntimeErr, SqlxError};

use super::Kind;

/// What can go wrong with a database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// Another process held the database for longer than this one waits. Try again.
    #[error("another process keeps the database locked")]
    Busy(#[source] DbErr),
    /// The server does not answer, stops, starts or has no connection left. What was being written may be stored or not:
    /// the same request with the same key finds out.
    #[error("the database does not answer; try again with the same request")]
    Away(#[source] DbErr),
    /// A statement took longer than it may.
    #[error("the database took too long")]
    TooSlow(#[source] DbErr),
    /// The server does not let this user in, or not do this.
    #[error("the database does not let us; check user, password and rights")]
    Denied(#[source] DbErr),
    /// The file, its folder or the file system takes no changes; or the server is a replica.
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
            Self::Away(_) => "database_away",
            Self::TooSlow(_) => "database_too_slow",
            Self::Denied(_) => "database_denied",
            Self::ReadOnly(_) => "database_read_only",
            Self::Full(_) => "database_full",
            Self::Damaged(_) => "database_damaged",
            Self::NotADatabase(_) => "database_not_a_database",
            Self::CannotOpen(_) => "database_cannot_open",
            Self::Disk(_) => "database_disk",
            Self::Other(_) => "database_failed",
        }
    }

    /// Whether the same request may succeed a little later, when nobody has changed anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Away(_) | Self::TooSlow(_))
    }

    pub(crate) fn of(error: DbErr, kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => Self::from(error),
            Kind::Postgres => of_postgres(error),
        }
    }

    /// The library's own words.
    pub(crate) fn source_error(&self) -> &DbErr {
        match self {
            Self::Busy(e)
            | Self::Away(e)
            | Self::TooSlow(e)
            | Self::Denied(e)
            | Self::ReadOnly(e)
            | Self::Full(e)
            | Self::Damaged(e)
            | Self::NotADatabase(e)
            | Self::CannotOpen(e)
            | Self::Disk(e)
            | Self::Other(e) => e,
        }
    }
}

impl From<DbErr> for DatabaseError {
    /// As of SQLite.
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

/// By the SQLSTATE of PostgreSQL (appendix A of its manual).
fn of_postgres(error: DbErr) -> DatabaseError {
    if matches!(
        error,
        DbErr::ConnectionAcquire(ConnAcquireErr::Timeout | ConnAcquireErr::ConnectionClosed)
    ) {
        return DatabaseError::Away(error);
    }
    let Some(state) = code(&error) else {
        let is_away = cause(&error).is_some_and(|cause| {
            matches!(
                cause,
                SqlxError::Io(_)
                    | SqlxError::Tls(_)
                    | SqlxError::Protocol(_)
                    | SqlxError::PoolTimedOut
                    | SqlxError::PoolClosed
                    | SqlxError::WorkerCrashed
            )
        });
        return if is_away {
            DatabaseError::Away(error)
        } else {
            DatabaseError::Other(error)
        };
    };
    match state.as_str() {
        // A lock was not to be had in time, or two transactions stood in each other's way.
        "55P03" | "40001" | "40P01" => DatabaseError::Busy(error),
        "57014" => DatabaseError::TooSlow(error),
        "53100" => DatabaseError::Full(error),
        "25006" => DatabaseError::ReadOnly(error),
        "42501" => DatabaseError::Denied(error),
        "XX001" | "XX002" => DatabaseError::Damaged(error),
        "58030" => DatabaseError::Disk(error),
        state if state.starts_with("28") => DatabaseError::Denied(error),
        // Connections broke (08), are too many or memory is out (53), the server stops or starts (57P).
        state if ["08", "53", "57P"].iter().any(|class| state.starts_with(class)) => {
            DatabaseError::Away(error)
        }
        _ => DatabaseError::Other(error),
    }
}

/// Whether a row of this key was there already.
pub(crate) fn is_duplicate(error: &DatabaseError) -> bool {
    // 2067 and 1555 are SQLite's for a unique index and a primary key.
    code(error.source_error()).is_some_and(|code| ["23505", "2067", "1555"].contains(&code.as_str()))
}

fn cause(error: &DbErr) -> Option<&SqlxError> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(cause))
        | DbErr::Exec(RuntimeErr::SqlxError(cause))
        | DbErr::Query(RuntimeErr::SqlxError(cause)) => Some(cause),
        _ => None,
    }
}

/// The code that the database itself gave the error.
fn code(error: &DbErr) -> Option<String> {
    Some(cause(error)?.as_database_error()?.code()?.into_owned())
}
