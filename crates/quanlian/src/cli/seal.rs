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
    /// Make a case key, or the key of an oblivious function
    Key {
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// For a comparison in which no key is in two hands
        #[arg(long)]
        oblivious: bool,
    },
    /// Ask for the tags of one's own grams without showing them
    Blind(Blind),
    /// Answer such a request, counting what was answered
    Evaluate(Evaluate),
    /// Seal one's own tree with the tags that the answer gives
    Finish(Finish),
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

#[derive(Debug, Args)]
pub(crate) struct Blind {
    /// A file or folder with texts and source code
    pub(crate) path: PathBuf,
    /// The statement (`*.root.json`) of the other side's sealed file
    #[arg(long = "for", value_name = "FILE")]
    pub(crate) statement: PathBuf,
    /// The request to write, for the other side
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The owner's own key, made if it is not there
    #[arg(long, value_name = "FILE")]
    pub(crate) owner_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: AnyForm,
}

#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// The other side's request
    pub(crate) request: PathBuf,
    /// The key of the oblivious function
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// The answer to write
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Most elements that are ever answered with this key, all requests together
    #[arg(long, value_name = "N", default_value_t = 1 << 20)]
    pub(crate) at_most: u64,
    #[command(flatten)]
    pub(crate) form: AnyForm,
}

#[derive(Debug, Args)]
pub(crate) struct Finish {
    /// One's own request
    pub(crate) request: PathBuf,
    /// The same file or folder as the request was made of
    pub(crate) path: PathBuf,
    /// What the other side answered
    #[arg(long, value_name = "FILE")]
    pub(crate) answer: PathBuf,
    /// The sealed file to write
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The key that the request was made with; beside the request unless given
    #[arg(long, value_name = "FILE")]
    pub(crate) owner_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: AnyForm,
}
