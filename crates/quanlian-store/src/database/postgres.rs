//! A PostgreSQL server.
//!
//! In:  its address, a password when it wants one, a user who may make tables in the first schema of the `search_path`
//!      or finds them made.
//! Out: a [`Database`], its tables brought up to this program's version.
//!
//! Durability: a commit returns when it survives a loss of power, whatever the settings of role and database say; a
//! server without `fsync` is refused. What waits for more than the local disk (`remote_apply`) is left as it is.
//!
//! Erasure: the table is written anew (`VACUUM FULL`), so that its files and indexes hold the erased rows no more. They
//! stay, until the server writes over them, in its write-ahead log, and for as long as somebody keeps them in archives of
//! that log, replicas and backups: whoever runs the server answers for those.
//!
//! Not here: poolers that give each transaction another connection (PgBouncer in that mode); this program keeps its own
//! connections and what it prepared on them.

use std::{str::FromStr as _, time::Duration};

use sea_orm::{DbErr, RuntimeErr, SqlxPostgresConnector};
use sqlx::{
    Connection as _, Executor as _,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};

use super::{
    Database, DatabaseError, Kind, OpenError,
    open::{Standing, Step, bring_to},
};
use crate::lock::PostgresAddress;

/// No statement takes longer, unless told otherwise.
pub const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// No statement waits longer for what another transaction holds.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// A transaction whose program says nothing for so long is ended by the server.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);
/// How long to wait for a connection: all are in use, or the server is away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that was idle for longer is asked first whether it still stands.
const ASK_AFTER: Duration = Duration::from_secs(5);
/// Connections at most, unless told otherwise.
pub const MAX_CONNECTIONS: u32 = 32;
/// Leaves alone what waits for more than the local disk.
const DURABLE_COMMIT: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// How a server is used.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Connections at most.
    pub max_connections: u32,
    /// How long to wait for a connection.
    pub acquire_timeout: Duration,
    /// No statement takes longer.
    pub statement_timeout: Duration,
    /// No statement waits longer for what another transaction holds.
    pub lock_timeout: Duration,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            max_connections: MAX_CONNECTIONS,
            acquire_timeout: ACQUIRE_TIMEOUT,
            statement_timeout: STATEMENT_TIMEOUT,
            lock_timeout: LOCK_TIMEOUT,
        }
    }
}

impl Database {
    /// Connects to a PostgreSQL server and brings the tables up to this program's version.
    ///
    /// A server on another machine has to prove itself by its certificate unless the address says otherwise (`sslmode`).
    pub async fn connect(
        address: &PostgresAddress,
        password: Option<&str>,
        options: &PostgresOptions,
    ) -> Result<Self, OpenError> {
        Self::connect_at(address, password, options, Step::Newest).await
    }

    /// As [`Self::connect`], but only up to the step of this name; a later one is taken back, and what it held goes.
    pub async fn connect_at_version(
        address: &PostgresAddress,
        password: Option<&str>,
        options: &PostgresOptions,
        version: &str,
    ) -> Result<Self, OpenError> {
        Self::connect_at(address, password, options, Step::Named(version)).await
    }

    /// How far the tables of a server are; nothing is made or changed.
    pub async fn look_at_server(
        address: &PostgresAddress,
        password: Option<&str>,
        options: &PostgresOptions,
    ) -> Result<Standing, OpenError> {
        let database = Self::connect_at(address, password, options, Step::AsItIs).await?;
        let standing = database.standing().await;
        let _ = database.close().await;
        standing
    }

    async fn connect_at(
        address: &PostgresAddress,
        password: Option<&str>,
        options: &PostgresOptions,
        step: Step<'_>,
    ) -> Result<Self, OpenError> {
        let place = address.name();
        let failed = |e: sqlx::Error| OpenError::Database {
            place: place.clone(),
            source: DatabaseError::of(
                DbErr::Conn(RuntimeErr::SqlxError(std::sync::Arc::new(e))),
                Kind::Postgres,
            ),
        };
        let server = server(address, password, options).map_err(failed)?;
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections.max(2))
            .acquire_timeout(options.acquire_timeout)
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move {
                    if about.idle_for > ASK_AFTER {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move { connection.execute(DURABLE_COMMIT).await.map(|_| ()) })
            })
            .connect_with(server)
            .await
            .map_err(failed)?;
        let is_durable: bool = sqlx::query_scalar("SELECT current_setting('fsync') = 'on'")
            .fetch_one(&pool)
            .await
            .map_err(failed)?;
        let database = Self::new(
            SqlxPostgresConnector::from_sqlx_postgres_pool(pool),
            Kind::Postgres,
            &place,
        );
        let opened = if is_durable {
            bring_to(&database, step).await
        } else {
            Err(OpenError::NotDurable { place })
        };
        match opened {
            Ok(()) => Ok(database),
            Err(error) => {
                let _ = database.close().await;
                Err(error)
            }
        }
    }

    /// Writes a table anew without its dead rows. `table` is a word of this program.
    ///
    /// Needs a connection of its own, because it cannot be part of a transaction and may take long.
    pub(crate) async fn rewrite_table(&self, table: &'static str) -> Result<(), DatabaseError> {
        let failed =
            |e: sqlx::Error| self.trouble(DbErr::Exec(RuntimeErr::SqlxError(std::sync::Arc::new(e))));
        let pool = self.connection().get_postgres_connection_pool();
        let mut connection = pool.acquire().await.map_err(failed)?.detach();
        connection
            .execute("SET statement_timeout = 0")
            .await
            .map_err(failed)?;
        let rewrite = sqlx::AssertSqlSafe(format!("VACUUM (FULL) {table}"));
        connection.execute(rewrite).await.map_err(failed)?;
        connection.close().await.map_err(failed)
    }
}

fn server(
    address: &PostgresAddress,
    password: Option<&str>,
    options: &PostgresOptions,
) -> Result<PgConnectOptions, sqlx::Error> {
    let millis = |time: Duration| time.as_millis().to_string();
    let mut server = PgConnectOptions::from_str(address.url.as_str())?
        .application_name("quanlian")
        .options([
            ("statement_timeout", millis(options.statement_timeout)),
            ("lock_timeout", millis(options.lock_timeout)),
            ("idle_in_transaction_session_timeout", millis(IDLE_TIMEOUT)),
            ("timezone", "UTC".to_owned()),
        ]);
    if let Some(password) = password {
        server = server.password(password);
    }
    if !address.names_sslmode() && !address.is_local() {
        server = server.ssl_mode(PgSslMode::VerifyFull);
    }
    Ok(sqlx::ConnectOptions::disable_statement_logging(server))
}
