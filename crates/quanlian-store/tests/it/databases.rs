//! Both databases for suites that want to look behind the port: where one is, opened again, or without the store.

use std::path::Path;

use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestCaseError, TestRunner},
};
use quanlian_store::{Database, lock::PostgresAddress};
use sea_orm::DatabaseConnection;
use tempfile::TempDir;

/// Where a database is.
pub(crate) enum Place {
    Sqlite(TempDir),
    Postgres(PostgresAddress),
}

/// A new SQLite file.
pub(crate) async fn sqlite() -> Option<(Database, Place)> {
    let (store, folder) = crate::sqlite::new_database().await;
    Some((store, Place::Sqlite(folder)))
}

/// A new database on the server, when there is one.
pub(crate) async fn postgres() -> Option<(Database, Place)> {
    let (store, address) = crate::postgres::new_database().await?;
    Some((store, Place::Postgres(address)))
}

impl Place {
    /// The file of an SQLite database.
    pub(crate) fn file(folder: &Path) -> std::path::PathBuf {
        folder.join("records.db")
    }

    /// Opens it again, or a second time.
    pub(crate) async fn open(&self) -> Database {
        match self {
            Self::Sqlite(folder) => Database::open(&Self::file(folder.path())).await.unwrap(),
            Self::Postgres(address) => crate::postgres::open(address).await.unwrap(),
        }
    }

    /// A connection that knows nothing of the stores.
    pub(crate) async fn raw(&self) -> DatabaseConnection {
        match self {
            Self::Sqlite(folder) => crate::sqlite::raw(&Self::file(folder.path())).await,
            Self::Postgres(address) => crate::postgres::raw(&address.to_string()).await,
        }
    }
}

/// Checks worlds that were generated, each in a new database of the kind of `place`; fewer on the server, where making one takes long.
pub(crate) async fn holds_in_worlds<S: Strategy + Send + 'static>(
    place: &Place,
    worlds: S,
    holds: impl AsyncFn(&Database, &S::Value) -> Result<(), TestCaseError> + Send + 'static,
) {
    let runtime = tokio::runtime::Handle::current();
    let (cases, is_sqlite) = match place {
        Place::Sqlite(_) => (48, true),
        Place::Postgres(_) => (16, false),
    };
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let checked = tokio::task::spawn_blocking(move || {
        let run = TestRunner::new(config).run(&worlds, |world| {
            runtime.block_on(async {
                let opened = if is_sqlite {
                    sqlite().await
                } else {
                    postgres().await
                };
                let (store, _kept) = opened.unwrap();
                let answer = holds(&store, &world).await;
                store.close().await.unwrap();
                answer
            })
        });
        run.map_err(|error| error.to_string())
    });
    checked.await.unwrap().unwrap();
}

/// Runs every case against a new database of each kind.
macro_rules! every_database_passes {
    ($($case:ident)*) => {
        every_database_passes! { @kind sqlite: $($case)* }
        every_database_passes! { @kind postgres: $($case)* }
    };
    (@kind $kind:ident: $($case:ident)*) => {
        mod $kind {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let Some((store, place)) = crate::databases::$kind().await else { return };
                    super::$case(&store, &place).await;
                }
            )*
        }
    };
}
pub(crate) use every_database_passes;
