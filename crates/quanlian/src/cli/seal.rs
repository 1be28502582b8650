//! The arguments of `seal`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::AnyForm;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Seal {
    #[command(subcommand)]
    pub(crate) step: Option<SealStep>,
    /// The case key, which both sides have
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) key: Option<PathBuf>,
    /// A file or folder with texts and source code
    #[arg(required = true)]
    pub(crate) path: Option<PathBuf>,
    /// The sealed file to write
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) out: Option<PathBuf>,
    /// The owner's own key, made if it is not there
    #[arg(long, value_name = "FILE")]
    pub(crate) owner_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: AnyForm,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SealStep {
    /// Make a case key
    Key {
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Open of one's own sealed file what the other side has too, and nothing else
    Open {
        /// One's own sealed file
        sealed: PathBuf,
        /// What both share, as `compare --sealed --shared FILE` wrote it
        #[arg(long, value_name = "FILE")]
        shared: PathBuf,
        /// The owner's own key
        #[arg(long, value_name = "FILE")]
        owner_key: PathBuf,
        /// The opening to write, for whoever compares
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        form: AnyForm,
    },
}
