//! The platform: `quanlian serve`, `quanlian admin`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use quanlian_record::time::{Day, parse_day};

use super::JsonForm;

/// Which platform.
#[derive(Debug, Args)]
pub(crate) struct PlatformPlace {
    /// Folder of the platform; `serve` and `admin restore` make one that is not there
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// A PostgreSQL database instead of the file in the folder: postgres://USER@HOST/DATABASE, its password in QUANLIAN_DATABASE_PASSWORD
    // Text, not an address: what clap refuses it repeats, and there may be a password in it.
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// The configuration; else the file in QUANLIAN_CONFIG, else platform.toml in the folder where there is one
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) place: PlatformPlace,
    /// Keep files in a bucket instead of the folder: s3://BUCKET/PREFIX?endpoint=https://HOST:PORT, its key in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    #[arg(long, value_name = "URL")]
    pub(crate) objects: Option<String>,
    /// The largest file that is taken, in MiB
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    pub(crate) max_file: Option<u64>,
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// Send the cookies of sessions over plain HTTP too: for a look on one's own machine
    #[arg(long)]
    pub(crate) plain_http: bool,
    /// Servers in front, whose X-Forwarded-For is believed: addresses and networks; alone it means one on this machine
    #[arg(long, value_name = "NETWORK,…", num_args = 0..=1, require_equals = true, default_missing_value = "127.0.0.0/8,::1/128")]
    pub(crate) behind_proxy: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    /// Check the configuration and what it names: files, folder, database, bucket, address; exit 1 when the platform would not run
    Check(ConfigRead),
    /// Show what holds, and where each value came from; secrets are masked
    Show(ConfigRead),
    /// Print a whole file of configuration, with what holds otherwise and what it means
    Example,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigRead {
    #[command(flatten)]
    pub(crate) place: PlatformPlace,
    #[command(flatten)]
    pub(crate) form: JsonForm,
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
