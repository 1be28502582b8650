//! Arguments of `custody`, `hold` and `erase`.
//!
//! In:  the arguments of the process.
//! Out: [`Custody`], [`Hold`] and [`Erase`].
//!
//! Not here: what they do (`command::custody`, `command::hold`, `command::erase`).

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use quanlian_evidence::custody::Act;
use quanlian_record::id::DepositId;

use super::JsonForm;

#[derive(Debug, Subcommand)]
pub(crate) enum Custody {
    /// Record what somebody did with a deposit; it is done when every party has signed
    Add(Box<CustodyAdd>),
    /// Sign the act that waits, as one of its parties
    Sign(CustodySign),
    /// Take back the act that waits
    Withdraw(CustodyOf),
    /// Show the chain of custody of a deposit, and what waits
    Show(CustodyRead),
    /// Check the chain of custody of a deposit, with the log at hand
    Check(CustodyRead),
    /// Write the chain for other programs, or a paper of it
    Export(CustodyExport),
    /// Make a key to sign with
    Key {
        /// Name of the key, such as police.example/wang
        #[arg(long)]
        name: String,
        /// File for the secret key; it must not be there yet
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        form: JsonForm,
    },
}

/// One deposit in a data folder.
#[derive(Debug, Args)]
pub(crate) struct CustodyOf {
    /// Id of the deposit
    pub(crate) id: DepositId,
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct CustodyAdd {
    #[command(flatten)]
    pub(crate) of: CustodyOf,
    /// What was done
    #[arg(long, value_enum)]
    pub(crate) act: ActWord,
    /// Who did it, or gives the item away
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// The agency or company of that person
    #[arg(long, value_name = "NAME")]
    pub(crate) organisation: Option<String>,
    /// Who takes the item over
    #[arg(long, value_name = "NAME")]
    pub(crate) to: Option<String>,
    /// The agency or company of that person
    #[arg(long, value_name = "NAME", requires = "to")]
    pub(crate) to_organisation: Option<String>,
    /// Who saw it done; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) witness: Vec<String>,
    /// From whom the item was taken in
    #[arg(long, value_name = "NAME")]
    pub(crate) holder: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Where
    #[arg(long, value_name = "TEXT")]
    pub(crate) place: Option<String>,
    /// A photograph that shows it; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) photo: Vec<PathBuf>,
    /// A video that shows it; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) video: Vec<PathBuf>,
    /// Another file that belongs to it, such as a copy or report; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) document: Vec<PathBuf>,
    /// Why the act was done although it cannot follow those before
    #[arg(long, value_name = "TEXT")]
    pub(crate) irregular: Option<String>,
    /// How the cleanliness of the machine was looked after
    #[arg(long, value_name = "TEXT")]
    pub(crate) cleanliness: Option<String>,
    /// How far the clock of the machine is ahead of a better one, in milliseconds, as you compared it
    #[arg(
        long,
        value_name = "MS",
        requires = "clock_against",
        allow_negative_numbers = true
    )]
    pub(crate) clock_offset_ms: Option<i32>,
    /// With which clock you compared it
    #[arg(long, value_name = "TEXT", requires = "clock_offset_ms")]
    pub(crate) clock_against: Option<String>,
    /// Sign at once with this key of the person named by --by
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

/// Acts of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ActWord {
    /// Taken in from where it was
    Collect,
    /// Closed against change
    Seal,
    /// Given to somebody else
    HandOver,
    /// The seal was broken
    Open,
    /// A copy was made
    Copy,
    /// Examined
    Analyse,
    /// Given back
    Return,
}

impl ActWord {
    pub(crate) fn act(self) -> Act {
        match self {
            Self::Collect => Act::Collected,
            Self::Seal => Act::Sealed,
            Self::HandOver => Act::HandedOver,
            Self::Open => Act::Opened,
            Self::Copy => Act::Copied,
            Self::Analyse => Act::Analysed,
            Self::Return => Act::Returned,
        }
    }
}

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("stand").required(true).args(["key", "scan", "refused"])))]
pub(crate) struct CustodySign {
    #[command(flatten)]
    pub(crate) of: CustodyOf,
    /// Which party
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) party: String,
    /// The key of that party
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// The party signed on paper: id of the deposit of the scan
    #[arg(long, value_name = "ID")]
    pub(crate) scan: Option<DepositId>,
    /// A witness or holder does not sign, and why
    #[arg(long, value_name = "TEXT")]
    pub(crate) refused: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct CustodyRead {
    #[command(flatten)]
    pub(crate) of: CustodyOf,
    /// File with the keys of people whom you know, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CustodyExport {
    /// Id of the deposit; the list of fixed evidence takes several
    #[arg(required = true)]
    pub(crate) ids: Vec<DepositId>,
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// What to write
    #[arg(long = "as", value_enum)]
    pub(crate) what: ExportAs,
    /// Where to
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The number of the custody line that the paper is about; else the last that fits, or what waits
    #[arg(long, value_name = "N")]
    pub(crate) line: Option<usize>,
    /// Language of the paper
    #[arg(long, value_enum, default_value_t = PaperLanguage::Zh)]
    pub(crate) paper_language: PaperLanguage,
    /// Case number for the paper
    #[arg(long, value_name = "TEXT")]
    pub(crate) case_number: Option<String>,
    /// Agency for the paper
    #[arg(long, value_name = "TEXT")]
    pub(crate) agency: Option<String>,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

/// What can be written of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportAs {
    /// The lines themselves, one a line
    Jsonl,
    /// CASE/UCO JSON-LD
    Case,
    /// Record of extraction (PDF)
    Extraction,
    /// List of fixed evidence (PDF)
    Fixation,
    /// Hand-over slip (PDF)
    HandOver,
}

/// The language of a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PaperLanguage {
    /// Chinese
    Zh,
    /// English
    En,
    /// Chinese with English
    Both,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Hold {
    /// Forbid the erasure of a deposit
    Add {
        #[command(flatten)]
        of: CustodyOf,
        #[command(flatten)]
        order: Order,
    },
    /// Lift a legal hold
    Remove {
        /// Id of the hold
        hold: String,
        /// Folder of the evidence log
        #[arg(long)]
        data: PathBuf,
        #[command(flatten)]
        order: Order,
        #[command(flatten)]
        form: JsonForm,
    },
    /// List the legal holds, those that were lifted too
    List {
        /// Folder of the evidence log
        #[arg(long)]
        data: PathBuf,
        #[command(flatten)]
        form: JsonForm,
    },
}

/// Who orders something and why.
#[derive(Debug, Args)]
pub(crate) struct Order {
    /// Who orders it
    #[arg(long, value_name = "NAME")]
    pub(crate) by: String,
    /// Why, without personal data
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(Debug, Args)]
pub(crate) struct Erase {
    #[command(flatten)]
    pub(crate) of: CustodyOf,
    #[command(flatten)]
    pub(crate) order: Order,
    /// A backup of the data folder to erase from too; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) backup: Vec<PathBuf>,
}
