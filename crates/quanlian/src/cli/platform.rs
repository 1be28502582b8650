//! The platform: `quanlian serve`, `quanlian admin`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use quanlian_record::time::{Day, parse_day};

use super::JsonForm;

/// Which platform.
#[derive(Debug, Args)]
pub(crate) struct PlatformPlace {
    /// Folder of the platform; `serve` and `admin restore` make one that is not there
    #[arg(long, default_value = "quanlian-data")]
    pub(crate) data: PathBuf,
    /// A PostgreSQL database instead of the file in the folder: postgres://USER@HOST/DATABASE, its password in QUANLIAN_DATABASE_PASSWORD
    // Text, not an address: what clap refuses it repeats, and there may be a password in it.
    #[arg(long, value_name = "URL", env = "QUANLIAN_DATABASE", hide_env_values = true)]
    pub(crate) database: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) place: PlatformPlace,
    /// Keep files in a bucket instead of the folder: s3://BUCKET/PREFIX?endpoint=https://HOST:PORT, its key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    #[arg(long, value_name = "URL", env = "QUANLIAN_OBJECTS")]
    pub(crate) objects: Option<String>,
    /// The largest file that is taken, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 65_536, value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub(crate) max_file: u64,
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7380")]
    pub(crate) listen: std::net::SocketAddr,
    /// Send the cookies of sessions over plain HTTP too: for a look on one's own machine
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// Every request comes through a server in front: take the address of the caller from its X-Forwarded-For
    #[arg(long)]
    pub(crate) behind_proxy: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Admin {
    /// Write a backup of the database into a new folder; others may write meanwhile
    Backup(AdminBackup),
    /// Bring a backup into a platform that is empty
    Restore(AdminRestore),
    /// Move the database to another one, of either kind, and compare every row
    Migrate(AdminMigrate),
    /// Check that no line of the audit trail is missing, changed, put in or moved; exit 1 when one is
    CheckTrail(AdminCheckTrail),
    /// Take away lines of the audit trail whose time is over: whole beginnings of strands, up to an anchor
    PruneTrail(AdminPruneTrail),
}

#[derive(Debug, Args)]
pub(crate) struct AdminPruneTrail {
    /// Only lines of before this day, which is as far back as the law asks them to be kept
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(crate) before: Day,
    /// Only tell what would go
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) place: PlatformPlace,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct AdminCheckTrail {
    #[command(flatten)]
    pub(crate) place: PlatformPlace,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct AdminBackup {
    #[command(flatten)]
    pub(crate) place: PlatformPlace,
    /// Folder of the backup; it holds none yet
    #[arg(long)]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct AdminRestore {
    /// Folder of the backup
    pub(crate) backup: PathBuf,
    #[command(flatten)]
    pub(crate) place: PlatformPlace,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct AdminMigrate {
    #[command(flatten)]
    pub(crate) place: PlatformPlace,
    /// postgres://USER@HOST/DATABASE, its password in QUANLIAN_TO_PASSWORD; or the folder of another platform
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}
