//! Gauges: how full an installation is right now, for whoever watches over it.
//!
//! In:  an open database.
//! Out: counts of what waits; nothing about anybody.
//!
//! Cost: indexes answer each question; what is done for good is not counted, because there is no end to it.

use sea_orm::QueryResult;

use crate::database::{Database, DatabaseError, Kind, Sql};

/// How full it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Gauges {
    /// Jobs that are not done, by kind and state.
    pub jobs: Vec<JobGauge>,
    /// Files without a receipt.
    pub deposits_waiting: u64,
    /// Uploads on their way, and
    pub uploads_open: u64,
    /// what they will be together, in bytes.
    pub uploads_bytes: u64,
    /// Connections to the database, and
    pub connections: u32,
    /// how many of them nobody uses.
    pub connections_idle: u32,
}

/// Jobs of one kind in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobGauge {
    /// The kind of work.
    pub kind: String,
    /// The state.
    pub state: String,
    /// So many.
    pub count: u64,
    /// Since when the first of them could be begun, in microseconds since 1970.
    pub since_us: i64,
}

impl Database {
    /// How full it is right now.
    pub async fn gauges(&self) -> Result<Gauges, DatabaseError> {
        let jobs = "SELECT kind, state, count(*) AS n, min(ready_at) AS since_us FROM jobs \
             WHERE state IN ('waiting', 'running', 'dead') GROUP BY kind, state ORDER BY kind, state";
        let rows = self.all(Sql::new(jobs)).await?;
        let jobs = rows.iter().map(|row| {
            Ok(JobGauge {
                kind: self.column(row, "kind")?,
                state: self.column(row, "state")?,
                count: self.count(row, "n")?,
                since_us: self.column(row, "since_us")?,
            })
        });
        let jobs = jobs.collect::<Result<_, DatabaseError>>()?;
        let deposits = self
            .all(Sql::new(
                "SELECT count(*) AS n FROM matter_files WHERE receipt IS NULL",
            ))
            .await?;
        // A sum of BIGINT is NUMERIC in PostgreSQL.
        let uploads = "SELECT count(*) AS n, CAST(COALESCE(sum(size_bytes), 0) AS BIGINT) AS bytes FROM uploads \
             WHERE file_id IS NULL";
        let uploads = self.all(Sql::new(uploads)).await?;
        let first =
            |rows: &[QueryResult], name: &str| rows.first().map_or(Ok(0), |row| self.count(row, name));
        let (connections, idle) = match self.kind() {
            Kind::Sqlite => {
                let pool = self.connection().get_sqlite_connection_pool();
                (pool.size(), pool.num_idle())
            }
            Kind::Postgres => {
                let pool = self.connection().get_postgres_connection_pool();
                (pool.size(), pool.num_idle())
            }
        };
        Ok(Gauges {
            jobs,
            deposits_waiting: first(&deposits, "n")?,
            uploads_open: first(&uploads, "n")?,
            uploads_bytes: first(&uploads, "bytes")?,
            connections,
            connections_idle: u32::try_from(idle).unwrap_or(u32::MAX),
        })
    }

    fn column<T: sea_orm::TryGetable>(&self, row: &QueryResult, name: &str) -> Result<T, DatabaseError> {
        row.try_get("", name).map_err(|error| self.trouble(error))
    }

    fn count(&self, row: &QueryResult, name: &str) -> Result<u64, DatabaseError> {
        let count: i64 = self.column(row, name)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
