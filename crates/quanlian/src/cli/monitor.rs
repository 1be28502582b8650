//! The arguments of `quanlian monitor`.
//!
//! In:  the arguments of the process.
//! Out: [`Monitor`].
//!
//! Not here: what it does (`command::monitor`).

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::{AnyForm, watch::parse_time};

#[derive(Debug, Args)]
pub(crate) struct Monitor {
    /// Folder of the index of works
    #[arg(long)]
    pub(crate) index: PathBuf,
    /// Recordings that may still grow, named pipes, or - for standard input
    #[arg(required = true, value_name = "SOURCE")]
    pub(crate) sources: Vec<PathBuf>,
    /// A file that has not grown for this long has ended (90s, 15m, 6h, 1d)
    #[arg(long, value_name = "TIME", value_parser = parse_time, default_value = "30s")]
    pub(crate) idle: Duration,
    /// The most false alarms an hour expected by chance that still count
    #[arg(long, value_name = "E")]
    pub(crate) max_e_value: Option<f64>,
    #[command(flatten)]
    pub(crate) form: AnyForm,
}
