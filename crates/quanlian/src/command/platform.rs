//! The database of a platform: found by a folder or an address.
//!
//! In:  what the command line says.
//! Out: an open database with the tables of this version.

use std::path::Path;

use anyhow::Context;
use quanlian_store::{Database, database::postgres::PostgresOptions, lock::PostgresAddress};

use crate::{cli::platform::PlatformPlace, output::Output};

/// The file below the folder.
const FILE: &str = "platform.sqlite";
const PASSWORD: &str = "QUANLIAN_DATABASE_PASSWORD";

/// Opens it; a folder that is not there is made.
pub(super) async fn open(place: &PlatformPlace, output: &Output) -> anyhow::Result<Database> {
    match &place.database {
        Some(address) => server(address, PASSWORD, output).await,
        None => in_folder(&place.data).await,
    }
}

/// The same, of a platform that must be there already.
pub(super) async fn open_existing(place: &PlatformPlace, output: &Output) -> anyhow::Result<Database> {
    let file = place.data.join(FILE);
    if place.database.is_none() && !file.is_file() {
        let data = place.data.display();
        anyhow::bail!("there is no platform in {data}; `--data` names its folder, `--database` its server");
    }
    open(place, output).await
}

/// The database in a folder.
pub(super) async fn in_folder(folder: &Path) -> anyhow::Result<Database> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}; `--data` names one", folder.display()))?;
    Ok(Database::open(&folder.join(FILE)).await?)
}

/// The database of a server, whose password stands in the environment under `variable`.
pub(super) async fn server(address: &str, variable: &str, output: &Output) -> anyhow::Result<Database> {
    let address = PostgresAddress::parse(address)?;
    let password = std::env::var(variable).ok();
    // It may take as long as the server takes to answer.
    output.say("platform.connecting", &[("place", &address)]);
    Database::connect(&address, password.as_deref(), &PostgresOptions::default())
        .await
        .with_context(|| format!("does the server of {address} run, and does {variable} hold the password?"))
}
