//! Arguments of `bundle`.
//!
//! In:  the arguments of the process.
//! Out: [`Bundle`].
//!
//! Not here: what it does (`command::bundle`).

use std::path::PathBuf;

use clap::Args;
use quanlian_record::id::DepositId;

use super::{Attesting, JsonForm};

#[derive(Debug, Args)]
pub(crate) struct Bundle {
    /// Ids of the deposits, in the order in which they stand in the bundle
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(crate) ids: Vec<DepositId>,
    /// Every deposit of the data folder: the whole case
    #[arg(long)]
    pub(crate) all: bool,
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// The bundle to write (*.qne.zip); it must not be there yet
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Where originals lie that the data folder does not keep; may be repeated
    #[arg(long, value_name = "PATH", conflicts_with = "digests_only")]
    pub(crate) original: Vec<PathBuf>,
    /// Leave the originals out; they stand in the bundle by their digests
    #[arg(long)]
    pub(crate) digests_only: bool,
    /// Who closes the bundle
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    #[command(flatten)]
    pub(crate) attesting: Attesting,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}
