//! Arguments of `secret`.
//!
//! In:  the arguments of the process.
//! Out: [`Secret`].
//!
//! Not here: what the commands do (`command::secret`), what an entry may say (`quanlian_right::secret`).

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use quanlian_record::time::{Day, parse_day};
use quanlian_right::secret::{Id, Kind};

use super::{Attesting, JsonForm};

#[derive(Debug, Subcommand)]
pub(crate) enum Secret {
    /// Enter a trade-secret point; its content is committed to with a salt
    Add(Box<SecretAdd>),
    /// Enter who could reach points, from when until when
    Access(Box<SecretAccess>),
    /// Enter a measure that guards points, from when until when
    Measure(Box<SecretMeasure>),
    /// List the register; nothing of the content is in it
    List(SecretList),
    /// Show a point with what its content is; as secret as the point
    Show(SecretOf),
    /// Say which measures a court looks at covered the points on a day, and what is missing
    Checklist(SecretChecklist),
    /// Say who could reach a point on a day
    Who(SecretWho),
    /// Check that files hold the content that a point committed to
    Open(SecretOpen),
    /// Say which points the matches of a comparison touch
    Touched(SecretTouched),
    /// Write an evidence bundle of points, accesses and measures
    Prove(Box<SecretProve>),
}

/// The register, and who enters something in it.
#[derive(Debug, Args)]
pub(crate) struct Entering {
    /// Folder of the evidence log; made if it is not there
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Who makes the entry
    #[arg(long, value_name = "NAME", env = "QUANLIAN_DEPOSITOR")]
    pub(crate) by: Option<String>,
    /// Take the place of the entry of this name that stands; that one stays in the history
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct SecretAdd {
    /// What the point consists of: FILE, FILE#L10-L20 for lines, FILE#C100-C250 for characters of a text
    #[arg(value_name = "FILE[#L..-L..]")]
    pub(crate) content: Vec<String>,
    /// Name of the point, such as MD-001
    #[arg(long)]
    pub(crate) id: Id,
    /// What it is, in words that may be shown
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: String,
    /// Which kind of information it is
    #[arg(long, value_enum, default_value_t = KindWord::Technical)]
    pub(crate) kind: KindWord,
    /// The unit whose secret it is
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: String,
    /// On what it stands: repository, server, drawing
    #[arg(long, value_name = "TEXT")]
    pub(crate) carrier: Option<String>,
    /// The day on which it came to be
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(crate) created: Day,
    /// Secrecy level in your own words
    #[arg(long, value_name = "TEXT")]
    pub(crate) level: Option<String>,
    /// The last day for which it is secret
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(crate) until: Option<Day>,
    /// Keep the content in the data folder; otherwise you alone keep it
    #[arg(long)]
    pub(crate) keep_content: bool,
    #[command(flatten)]
    pub(crate) entering: Entering,
}

/// The two kinds of information, as people write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum KindWord {
    /// 技术信息
    Technical,
    /// 经营信息
    Business,
}

impl KindWord {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Technical => Kind::Technical,
            Self::Business => Kind::Business,
        }
    }
}

/// From when until when, and what shows it.
#[derive(Debug, Args)]
pub(crate) struct Period {
    /// First day
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(crate) from: Day,
    /// Last day, included; none when no end is known
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(crate) until: Option<Day>,
    /// What shows it: a file, which is deposited, or the id of a deposit; may be repeated
    #[arg(long, value_name = "FILE|ID")]
    pub(crate) evidence: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct SecretAccess {
    /// Name of the entry, such as A-007
    #[arg(long)]
    pub(crate) id: Id,
    /// Who
    #[arg(long, value_name = "NAME")]
    pub(crate) person: String,
    /// As what: post or task
    #[arg(long, value_name = "TEXT")]
    pub(crate) role: String,
    /// A point that the person could reach; may be repeated
    #[arg(long, value_name = "ID", required = true)]
    pub(crate) point: Vec<Id>,
    /// By what: contract, project, order
    #[arg(long, value_name = "TEXT")]
    pub(crate) basis: String,
    /// Training or undertaking of this person: where it is to be found
    #[arg(long, value_name = "TEXT")]
    pub(crate) undertaking: Option<String>,
    /// The day on which the person left
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(crate) left: Option<Day>,
    #[command(flatten)]
    pub(crate) period: Period,
    #[command(flatten)]
    pub(crate) entering: Entering,
}

#[derive(Debug, Args)]
pub(crate) struct SecretMeasure {
    /// Name of the entry, such as M-003
    #[arg(long)]
    pub(crate) id: Id,
    /// Which item of the checklist it is
    #[arg(long, value_name = "ITEM")]
    pub(crate) item: Id,
    /// What it is
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: String,
    /// A point that it guards; may be repeated; all points unless given
    #[arg(long, value_name = "ID")]
    pub(crate) point: Vec<Id>,
    /// A person whom it binds; may be repeated; all unless given
    #[arg(long, value_name = "NAME")]
    pub(crate) person: Vec<String>,
    #[command(flatten)]
    pub(crate) period: Period,
    #[command(flatten)]
    pub(crate) entering: Entering,
}

#[derive(Debug, Args)]
pub(crate) struct SecretList {
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Also entries that others replaced
    #[arg(long)]
    pub(crate) history: bool,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

/// One point of a register.
#[derive(Debug, Args)]
pub(crate) struct SecretOf {
    /// Name of the point
    pub(crate) point: Id,
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct SecretChecklist {
    /// Points; all unless given
    pub(crate) points: Vec<Id>,
    /// The day, such as the first day of the conduct
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(crate) on: Day,
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct SecretWho {
    #[command(flatten)]
    pub(crate) of: SecretOf,
    /// The day
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(crate) on: Day,
}

#[derive(Debug, Args)]
pub(crate) struct SecretOpen {
    #[command(flatten)]
    pub(crate) of: SecretOf,
    /// A file, or a folder of files, that is to hold the content; may be repeated
    #[arg(long, value_name = "PATH", required = true)]
    pub(crate) file: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SecretTouched {
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// What `compare --json` or `match --jsonl` wrote
    #[arg(long, value_name = "FILE")]
    pub(crate) matches: PathBuf,
    /// Folder of the works, where the matches do not say their digests
    #[arg(long, value_name = "DIR")]
    pub(crate) works: Option<PathBuf>,
    /// Exit with 1 when no point is touched
    #[arg(long)]
    pub(crate) require: bool,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct SecretProve {
    /// Points; all unless given
    pub(crate) points: Vec<Id>,
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// The bundle to write (*.qne.zip)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Leave out accesses and measures, and so every person
    #[arg(long)]
    pub(crate) points_only: bool,
    /// Disclose the content: its digests, its salts and the content itself
    #[arg(long)]
    pub(crate) disclose: bool,
    /// Where content and evidence lie that the data folder does not keep; may be repeated
    #[arg(long, value_name = "PATH")]
    pub(crate) original: Vec<PathBuf>,
    /// Who writes the bundle
    #[arg(long, value_name = "NAME", env = "QUANLIAN_DEPOSITOR")]
    pub(crate) by: Option<String>,
    #[command(flatten)]
    pub(crate) attesting: Attesting,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}
