//! The database of a platform: found by a folder or an address.
//!
//! In:  the configuration.
//! Out: an open database with the tables of this version.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use quanlian_store::{Database, database::postgres::PostgresOptions, lock::PostgresAddress};

use crate::{cli::platform::PlatformPlace, configuration::Configuration, fault::Fault, output::Output};

/// The file below the folder.
const FILE: &str = "platform.sqlite";
const PASSWORD: &str = "QUANLIAN_DATABASE_PASSWORD";

/// Reads the configuration of a platform.
pub(super) fn configured(place: &PlatformPlace, output: &Output) -> Result<Configuration, Fault> {
    Configuration::load(place, &[]).sound(output)
}

/// Opens the database; a folder that is not there is made.
pub(super) async fn open(configuration: &Configuration, output: &Output) -> anyhow::Result<Database> {
    let Some(address) = &configuration.sections.database.url else {
        return in_folder(configuration.data()).await;
    };
    let address = &address.0;
    // It may take as long as the server takes to answer.
    output.say("platform.connecting", &[("place", address)]);
    let password = configuration.sections.database.password.reveal();
    Database::connect(address, password, &options(configuration))
        .await
        .with_context(|| format!("does the server of {address} run, and does {PASSWORD} hold the password?"))
}

/// How a server is used.
pub(super) fn options(configuration: &Configuration) -> PostgresOptions {
    let of = &configuration.sections.database;
    PostgresOptions {
        max_connections: of.max_connections,
        acquire_timeout: Duration::from_secs(of.acquire_timeout_s),
        statement_timeout: Duration::from_secs(of.statement_timeout_s),
        lock_timeout: Duration::from_secs(of.lock_timeout_s),
    }
}

/// Where the database lies, when it lies in the folder.
pub(super) fn file(configuration: &Configuration) -> Option<PathBuf> {
    let is_file = configuration.sections.database.url.is_none();
    is_file.then(|| configuration.data().join(FILE))
}

/// The same, of a platform that must be there already.
pub(super) async fn open_existing(
    configuration: &Configuration,
    output: &Output,
) -> anyhow::Result<Database> {
    if file(configuration).is_some_and(|file| !file.is_file()) {
        let data = configuration.data().display();
        anyhow::bail!("there is no platform in {data}; `--data` names its folder, `--database` its server");
    }
    open(configuration, output).await
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
