//! The database of a platform: found by a folder or an address.
//!
//! In:  what the command line says.
//! Out: an open database with the tables of this version.

use std::path::Path;

use anyhow::Context;
use quanlian_store::{Database, database::postgres::PostgresOptions, lock::PostgresAddress};

use crate::cli::platform::PlatformPlace;

/// The file below the folder.
const FILE: &str = "platform.sqlite";
const PASSWORD: &str = "QUANLIAN_DATABASE_PASSWORD";

/// Opens it; a folder that is not there is made.
pub(super) async fn open(place: &PlatformPlace) -> anyhow::Result<Database> {
    match &place.database {
        Some(address) => server(address, PASSWORD).await,
        None => in_folder(&place.data).await,
    }
}

/// The same, of a platform that must be there already.
pub(super) async fn open_existing(place: &PlatformPlace) -> anyhow::Result<Database> {
    let file = place.data.join(FILE);
    if place.database.is_none() && !file.is_file() {
        let data = place.data.display();
        anyhow::bail!("there is no platform in {data}; `--data` names its folder, `--database` its server");
    }
    open(place).await
}

/// The database in a folder.
pub(super) async fn in_folder(folder: &Path) -> anyhow::Result<Database> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(Database::open(&folder.join(FILE)).await?)
}

/// The database of a server, whose password stands in the environment under `password`.
pub(super) async fn server(address: &str, password: &str) -> anyhow::Result<Database> {
    let address = PostgresAddress::parse(address)?;
    let password = std::env::var(password).ok();
    Ok(Database::connect(&address, password.as_deref(), &PostgresOptions::default()).await?)
}
