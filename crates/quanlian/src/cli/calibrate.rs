//! Arguments of `calibrate`, and those by which `match` takes its result.
//!
//! In:  the arguments of the process.
//! Out: [`Calibrate`], [`CalibrationChoice`].
//!
//! Not here: what they do (`command::calibrate`).

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::JsonForm;

#[derive(Debug, Args)]
pub(crate) struct Calibrate {
    /// Folder of the index
    #[arg(long)]
    pub(crate) index: PathBuf,
    /// Files or folders that copy none of the works; the more, and the more like real suspects, the better
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub(crate) nonmembers: Vec<PathBuf>,
    /// Only this medium; every one that the index holds unless given
    #[arg(long, value_enum)]
    pub(crate) medium: Option<MediumName>,
    /// Lengths of the clips that sound is cut into, in turn
    #[arg(
        long,
        value_name = "SECONDS",
        value_delimiter = ',',
        default_value = "5,10,20",
        value_parser = clap::value_parser!(u64).range(3..=600)
    )]
    pub(crate) clip_seconds: Vec<u64>,
    /// What becomes of files that evidently hold a part of a work
    #[arg(long, value_enum, default_value_t = MembersFound::Refuse)]
    pub(crate) members: MembersFound,
    /// Write the model to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Keep the model beside the index: `match`, `trace` and `watch` use it from then on
    #[arg(long)]
    pub(crate) install: bool,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

/// A medium by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MediumName {
    Audio,
    Image,
    Text,
}

impl From<MediumName> for quanlian_match::Medium {
    fn from(name: MediumName) -> Self {
        match name {
            MediumName::Audio => Self::Audio,
            MediumName::Image => Self::Image,
            MediumName::Text => Self::Text,
        }
    }
}

/// What becomes of a non-member that evidently is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MembersFound {
    /// No model is made
    Refuse,
    /// They are named in the model and left out
    SetAside,
    /// They count: you vouch that they copy nothing
    Keep,
}

/// Which null model judges matches.
#[derive(Debug, Default, Args)]
pub(crate) struct CalibrationChoice {
    /// Judge by this model of `calibrate`, not by the one installed in the index
    #[arg(long, value_name = "FILE")]
    pub(crate) calibration: Option<PathBuf>,
    /// Let the model be laxer than the built-in one; else it only ever makes the threshold stricter
    #[arg(long, requires = "calibration")]
    pub(crate) allow_laxer: bool,
}
