//! `index`: an index of works, made, kept up, checked and described.
//!
//! In:  the arguments.
//! Out: [`Index`].

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::JsonForm;

#[derive(Debug, Subcommand)]
pub(crate) enum Index {
    /// Build an index of a folder of works
    Build(IndexWorks),
    /// Add works to an index
    Add(IndexAdd),
    /// Take works out of an index
    Remove(IndexNames),
    /// Put removed or replaced works back, as long as no merge has dropped them
    Restore(IndexNames),
    /// Merge the parts of an index and drop removed works for good
    Merge(IndexOnly),
    /// Check every byte of an index
    Verify(IndexOnly),
    /// Keep the present state of an index elsewhere
    Snapshot(IndexSnapshot),
    /// Make an index of a snapshot, or bring one up to it
    Fetch(IndexFetch),
    /// Say what an index holds, or several together
    Stats {
        /// Folder of the index; may be repeated
        #[arg(long, required = true)]
        index: Vec<PathBuf>,
        #[command(flatten)]
        form: JsonForm,
    },
}

#[derive(Debug, Args)]
pub(crate) struct IndexWorks {
    /// Folder of works
    #[arg(long)]
    pub(crate) works: PathBuf,
    /// Folder of the index
    #[arg(long)]
    pub(crate) index: PathBuf,
    /// Leave archives shut instead of reading what is inside them
    #[arg(long)]
    pub(crate) no_archives: bool,
    /// Also add whatever the git repositories there ever held
    #[arg(long)]
    pub(crate) history: bool,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct IndexAdd {
    #[command(flatten)]
    pub(crate) of: IndexWorks,
    /// A changed file takes the place of the work of its name
    #[arg(long)]
    pub(crate) replace: bool,
    /// Do not merge parts afterwards, however many there are
    #[arg(long)]
    pub(crate) no_merge: bool,
}

#[derive(Debug, Args)]
pub(crate) struct IndexNames {
    /// Names of works, as the index gives them
    #[arg(required_unless_present = "list")]
    pub(crate) names: Vec<String>,
    /// File with more names, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Option<PathBuf>,
    /// Folder of the index
    #[arg(long)]
    pub(crate) index: PathBuf,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct IndexOnly {
    /// Folder of the index
    #[arg(long)]
    pub(crate) index: PathBuf,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct IndexSnapshot {
    /// Where snapshots are kept: a folder or s3://BUCKET/PREFIX
    // Text, not an address: what clap refuses it repeats, and there may be a secret in it.
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: String,
    /// Folder of the index
    #[arg(long)]
    pub(crate) index: PathBuf,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct IndexFetch {
    /// Where snapshots are kept: a folder or s3://BUCKET/PREFIX
    #[arg(long, value_name = "PLACE")]
    pub(crate) from: String,
    /// The state of this number, instead of the last
    #[arg(long, value_name = "N")]
    pub(crate) generation: Option<u64>,
    /// Folder of the index; made if it is not there
    #[arg(long)]
    pub(crate) index: PathBuf,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}
