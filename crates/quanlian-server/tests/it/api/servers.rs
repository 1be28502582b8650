//! The PostgreSQL server that these tests share; it is the one of the store's tests, started for this program.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use quanlian_store::{Database, database::postgres::PostgresOptions, lock::PostgresAddress};
use sea_orm::ConnectionTrait as _;

#[expect(dead_code, reason = "the store's tests use more of it")]
#[path = "../../../../quanlian-store/tests/it/lock/servers.rs"]
mod shared;

use shared::Postgres;

/// A new, empty database, when there is a server.
pub(crate) async fn new_database() -> Option<Database> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let server = tokio::task::spawn_blocking(Postgres::shared).await.unwrap()?;
    let name = format!("s{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let address = Postgres::address(server.port);
    let mut url = url::Url::parse(&address).unwrap();
    url.set_password(Some(Postgres::password())).unwrap();
    let first = sea_orm::Database::connect(url.to_string()).await.unwrap();
    // Only one at a time may copy the template.
    for _ in 0..100 {
        let make = format!("CREATE DATABASE {name}");
        if first.execute_unprepared(&make).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    first.close().await.unwrap();
    let address = format!("{}{name}", address.trim_end_matches("postgres"));
    let address = PostgresAddress::parse(&address).unwrap();
    let options = PostgresOptions {
        max_connections: 8,
        ..PostgresOptions::default()
    };
    let opened = Database::connect(&address, Some(Postgres::password()), &options).await;
    Some(opened.unwrap())
}
