//! The command line: a contract that scripts rely on.
//!
//! In:  the arguments of the process.
//! Out: [`Cli`]. Exit codes: 0 done, 1 the answer is "no", 2 bad use or bad input, 3 the system failed.
//!
//! Not here: what the commands do (`command`), the words of results (`messages/`).

mod bundle;
mod calibrate;
mod custody;
mod index;
mod monitor;
pub(crate) mod platform;
mod seal;
mod secret;
pub(crate) mod timestamp;
mod watch;

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use quanlian_capture::{Url, guard::Allowed};
use quanlian_record::time::{Day, parse_day};

pub(crate) use bundle::Bundle;
pub(crate) use calibrate::{Calibrate, CalibrationChoice, MembersFound};
pub(crate) use custody::{
    Custody, CustodyAdd, CustodyExport, CustodyOf, CustodyRead, CustodySign, Erase, ExportAs, Hold,
    PaperLanguage,
};
pub(crate) use index::{Index, IndexAdd, IndexFetch, IndexNames, IndexOnly, IndexSnapshot, IndexWorks};
pub(crate) use monitor::Monitor;
pub(crate) use seal::{Blind, Evaluate, Finish, Seal, SealStep};
pub(crate) use secret::{
    Entering, Secret, SecretAccess, SecretAdd, SecretChecklist, SecretList, SecretMeasure, SecretOf,
    SecretOpen, SecretProve, SecretTouched, SecretWho,
};
pub(crate) use watch::Watch;

use crate::{message::Language, output::Form};

/// 全链：知识产权全链条保护。Full-chain protection of intellectual property.
#[derive(Debug, Parser)]
#[command(
    name = "quanlian",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    /// Language of messages: zh or en; else from the environment, Chinese by default
    #[arg(long, global = true, value_enum, env = "QUANLIAN_LANG")]
    pub(crate) lang: Option<Language>,
    /// No talk and no progress on stderr
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the whole chain on sample content that the program makes itself
    Demo(Demo),
    /// From works and suspects to matches, evidence, assessment and the referral dossier
    Trace(Trace),
    /// Build, keep up, check or describe an index of works
    #[command(subcommand)]
    Index(Index),
    /// Find which works the given files copy
    Match(Match),
    /// Compare two files or trees, with a report
    Compare(Compare),
    /// Seal a file or tree, to be compared without being disclosed
    Seal(Seal),
    /// Tell copies in sound that is still coming: growing recordings, pipes
    Monitor(Monitor),
    /// Fit a null model to this collection, from files that copy none of its works
    Calibrate(Calibrate),
    /// Follow what is published, match what is new, and say how copies spread
    Watch(Box<Watch>),
    /// Fix files as evidence in the log
    Deposit(Deposit),
    /// Write an evidence bundle of deposits that are there already
    Bundle(Bundle),
    /// Who did what with a deposit, signed by both sides
    #[command(subcommand)]
    Custody(Custody),
    /// The register of trade-secret points: what is secret, who could reach it, what guards it
    #[command(subcommand)]
    Secret(Secret),
    /// Legal holds: what must not be erased
    #[command(subcommand)]
    Hold(Hold),
    /// Erase content, metadata and salt of a deposit; its proof stays
    Erase(Erase),
    /// Capture a web page with its media as evidence
    Capture(Box<Capture>),
    /// Check an evidence bundle offline
    Verify(Verify),
    /// Make, seal, show or rotate the keys of a log or of a witness
    #[command(subcommand)]
    Key(Key),
    /// Append to the log, check it whole, measure it, have it witnessed, or witness others
    #[command(subcommand)]
    Log(Log),
    /// Have files stamped by time-stamp authorities, and check and renew the stamps
    #[command(subcommand)]
    Timestamp(timestamp::Timestamp),
    /// Serve the platform: matters, agencies and accounts over HTTP
    Serve(Box<platform::Serve>),
    /// Check, show or explain the configuration of the platform
    #[command(subcommand)]
    Config(platform::Config),
    /// Back up the database of the platform, bring it back, move it
    #[command(subcommand)]
    Admin(platform::Admin),
    /// Say what files say about themselves: AI labels, Exif, XMP, C2PA
    Provenance(Provenance),
    /// Assess facts by the law in `law/`, or read that law
    #[command(subcommand)]
    Law(Law),
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Where a log keeps its lock record.
#[derive(Debug, Default, Args)]
pub(crate) struct LockChoice {
    /// Where the lock record of the log is: file, sqlite:PATH, postgres://USER@HOST/DATABASE, s3://BUCKET/PREFIX; the folder remembers it
    // Text, not an address: what clap refuses it repeats, and there may be a password in it.
    #[arg(long, value_name = "PLACE", env = "QUANLIAN_LOCK", hide_env_values = true)]
    pub(crate) lock: Option<String>,
}

/// One JSON document or text.
#[derive(Debug, Args)]
pub(crate) struct JsonForm {
    /// Print one JSON document to stdout
    #[arg(long)]
    pub(crate) json: bool,
}

impl JsonForm {
    pub(crate) fn form(&self) -> Form {
        if self.json { Form::Json } else { Form::Text }
    }
}

/// One JSON document, JSON lines, or text.
#[derive(Debug, Args)]
pub(crate) struct AnyForm {
    /// Print one JSON document to stdout
    #[arg(long, conflicts_with = "jsonl")]
    json: bool,
    /// Print one JSON object a line to stdout
    #[arg(long)]
    jsonl: bool,
}

impl AnyForm {
    /// Text for people.
    pub(crate) fn text() -> Self {
        Self {
            json: false,
            jsonl: false,
        }
    }

    pub(crate) fn form(&self) -> Form {
        match (self.json, self.jsonl) {
            (true, _) => Form::Json,
            (_, true) => Form::JsonLines,
            _ => Form::Text,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Where the sample and the results go
    #[arg(long, default_value = "quanlian-demo")]
    pub(crate) data: PathBuf,
    /// Keep what an earlier demo left there and write beside it
    #[arg(long)]
    pub(crate) keep: bool,
    /// Make a platform with work for every role instead, and serve it until Ctrl-C; one that is there already is opened again
    #[arg(long)]
    pub(crate) serve: bool,
    /// Where the platform listens; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", requires = "serve")]
    pub(crate) listen: Option<std::net::SocketAddr>,
    /// Make the platform anew, with the days of today, though there is one
    #[arg(long, requires = "serve")]
    pub(crate) anew: bool,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct Trace {
    /// Folder of registered works
    #[arg(long)]
    pub(crate) works: PathBuf,
    /// Folder of what was published, with NAME.info.json and CSV tables beside the files
    #[arg(long)]
    pub(crate) suspects: PathBuf,
    /// Folder for the results; made if it is not there
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Case file (TOML or JSON): who, conduct, day of judgment, stated facts
    #[arg(long)]
    pub(crate) case: Option<PathBuf>,
    /// Results folder of `quanlian watch`: its book tells how the copies spread over time
    #[arg(long, value_name = "DIR")]
    pub(crate) watch: Option<PathBuf>,
    /// Which originals go into the bundle; the others stand there by their digests
    #[arg(long, value_enum, default_value_t = Originals::Matched)]
    pub(crate) originals: Originals,
    #[command(flatten)]
    pub(crate) attesting: Attesting,
    #[command(flatten)]
    pub(crate) lock: LockChoice,
    #[command(flatten)]
    pub(crate) form: AnyForm,
}

/// Which originals a bundle holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Originals {
    /// Suspects with a confirmed copy, the works they copy, side files, reports
    Matched,
    /// Everything that was deposited
    All,
    /// Side files and reports alone
    None,
}

/// Which matches count.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Also what lies below the threshold
    #[arg(long)]
    pub(crate) all: bool,
    /// The most matches expected by chance that still count
    #[arg(long, value_name = "E")]
    pub(crate) max_e_value: Option<f64>,
    /// Exit with 1 when nothing is found
    #[arg(long)]
    pub(crate) require: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Match {
    /// Folder of the index; several are answered as one
    #[arg(long, required = true)]
    pub(crate) index: Vec<PathBuf>,
    /// Files or folders to look at
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Index of what everybody has and what therefore does not count; may be given again
    #[arg(long, value_name = "INDEX")]
    pub(crate) background: Vec<PathBuf>,
    /// Also say which files of the works stand in which suspects, and what is missing
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Only what texts share letter for letter, in runs of at least so many letters (50 unless given)
    #[arg(
        long,
        value_name = "LETTERS",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "50",
        value_parser = clap::value_parser!(u32).range(1..),
        conflicts_with_all = ["near", "coverage", "all", "max_e_value"]
    )]
    pub(crate) exact: Option<u32>,
    /// Only texts that nearly are one another or hold one another, from this share on (0.5 unless given)
    #[arg(
        long,
        value_name = "SHARE",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "0.5",
        conflicts_with_all = ["coverage", "all", "max_e_value"]
    )]
    pub(crate) near: Option<f64>,
    /// Leave archives shut instead of reading what is inside them
    #[arg(long)]
    pub(crate) no_archives: bool,
    /// Also match whatever the git repositories there ever held
    #[arg(long)]
    pub(crate) history: bool,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    #[command(flatten)]
    pub(crate) calibration: CalibrationChoice,
    #[command(flatten)]
    pub(crate) form: AnyForm,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct Compare {
    /// The works: a file or a folder
    pub(crate) works: PathBuf,
    /// The suspects: a file or a folder
    pub(crate) suspects: PathBuf,
    /// Also write a report as one HTML page in Chinese and English
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Also write the appendix of an expert opinion as PDF/A
    #[arg(long, value_name = "FILE", conflicts_with_all = ["grams", "sealed"])]
    pub(crate) appendix: Option<PathBuf>,
    /// Language of the appendix
    #[arg(long, value_enum, default_value_t = PaperLanguage::Zh, requires = "appendix")]
    pub(crate) paper_language: PaperLanguage,
    /// Case number for the appendix
    #[arg(long, value_name = "TEXT", requires = "appendix")]
    pub(crate) case_number: Option<String>,
    /// Appraisal body for the appendix
    #[arg(long, value_name = "TEXT", requires = "appendix")]
    pub(crate) agency: Option<String>,
    /// A file or folder of what everybody has and what therefore does not count; may be given again
    #[arg(long, value_name = "PATH")]
    pub(crate) background: Vec<PathBuf>,
    /// By grams alone, as sealed files are compared
    #[arg(long, conflicts_with_all = ["report", "sealed"])]
    pub(crate) grams: bool,
    /// Both are sealed files
    #[arg(long, conflicts_with = "report")]
    pub(crate) sealed: bool,
    /// Where to write what both sealed files share
    #[arg(long, value_name = "FILE", requires = "sealed")]
    pub(crate) shared: Option<PathBuf>,
    /// What the owners opened of it: of the works, of the suspects
    #[arg(long, value_name = "FILE", num_args = 2, requires = "sealed")]
    pub(crate) openings: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) wanted: Wanted,
    /// Also write the matches of source code as SARIF 2.1.0
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,
    /// Also say which trade-secret points of this data folder are touched
    #[arg(long, value_name = "DIR")]
    pub(crate) secrets: Option<PathBuf>,
    /// Also say which files of the works stand in which suspects, and what is missing
    #[arg(long)]
    pub(crate) coverage: bool,
    /// Leave archives shut instead of reading what is inside them
    #[arg(long)]
    pub(crate) no_archives: bool,
    /// Also compare whatever the git repositories on either side ever held
    #[arg(long, conflicts_with_all = ["grams", "sealed"])]
    pub(crate) history: bool,
    #[command(flatten)]
    pub(crate) form: AnyForm,
}

#[derive(Debug, Args)]
pub(crate) struct Deposit {
    /// Files or folders to deposit
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Folder of the evidence log; made if it is not there
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Who deposits
    #[arg(long, env = "QUANLIAN_DEPOSITOR")]
    pub(crate) depositor: Option<String>,
    /// Also write an evidence bundle of what was deposited
    #[arg(long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) attesting: Attesting,
    #[command(flatten)]
    pub(crate) lock: LockChoice,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct Capture {
    /// The page (http or https)
    pub(crate) url: Url,
    /// Folder for the files, or a file that ends in .wacz
    #[arg(long, value_name = "DIR|FILE")]
    pub(crate) out: PathBuf,
    /// Deposit the WARC in this evidence log the moment it closes
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Who deposits
    #[arg(long, env = "QUANLIAN_DEPOSITOR", requires = "data")]
    pub(crate) depositor: Option<String>,
    /// Reach this private network, address or host too; may be repeated
    #[arg(long, value_name = "NET|HOST")]
    pub(crate) allow_private: Vec<Allowed>,
    /// Steps of a login (TOML: start, step with fill and value or secret, click, wait)
    #[arg(long, value_name = "FILE")]
    pub(crate) login: Option<PathBuf>,
    /// Cookies to begin with (cookies.txt)
    #[arg(long, value_name = "FILE")]
    pub(crate) cookies: Option<PathBuf>,
    /// A field for requests to the page's own origin; it stands in the record; may be repeated
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,
    /// Trust these roots too (PEM); may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Vec<PathBuf>,
    /// Go on with servers whose certificate is not trusted, and say so in the record
    #[arg(long)]
    pub(crate) accept_untrusted: bool,
    /// Do not scroll to the end of the page
    #[arg(long)]
    pub(crate) no_scroll: bool,
    /// Languages that servers are asked for
    #[arg(long, value_name = "LIST")]
    pub(crate) accept_language: Option<String>,
    /// The Chromium to use, instead of the one in PATH
    #[arg(long, value_name = "FILE", env = "QUANLIAN_BROWSER")]
    pub(crate) browser: Option<PathBuf>,
    /// Seconds for loading, scrolling and media
    #[arg(long, value_name = "N")]
    pub(crate) max_seconds: Option<u64>,
    /// Bytes on the wire
    #[arg(long, value_name = "N")]
    pub(crate) max_bytes: Option<u64>,
    /// Bytes of one response; what is longer is cut and marked
    #[arg(long, value_name = "N")]
    pub(crate) max_response_bytes: Option<u64>,
    /// Requests
    #[arg(long, value_name = "N")]
    pub(crate) max_requests: Option<u32>,
    /// Redirects in one chain
    #[arg(long, value_name = "N")]
    pub(crate) max_redirects: Option<u32>,
    #[command(flatten)]
    pub(crate) lock: LockChoice,
    #[command(flatten)]
    pub(crate) form: AnyForm,
}

/// Who else is to vouch for a bundle, besides the log.
#[derive(Debug, Args)]
pub(crate) struct Attesting {
    /// Have the bundle's head cosigned: policy with witnesses, their addresses and the quorum
    #[arg(long, value_name = "FILE")]
    pub(crate) witness_policy: Option<PathBuf>,
    /// Have the bundle's head stamped by this authority; may be repeated
    #[arg(long, value_name = "URL")]
    pub(crate) tsa: Vec<String>,
    /// Folder of a demonstration authority that stamps without a network; no evidence
    #[arg(long, value_name = "DIR")]
    pub(crate) demo_tsa: Option<PathBuf>,
    /// How many authorities must have answered; all that were named unless given
    #[arg(long, value_name = "K")]
    pub(crate) tsa_need: Option<NonZeroUsize>,
    /// Longest wait for one witness or authority, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_TIMEOUT_S, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) timeout_s: u64,
}

/// How long one witness or authority may take.
const DEFAULT_TIMEOUT_S: u64 = 30;

impl Attesting {
    /// Nobody is named.
    pub(crate) fn nobody() -> Self {
        Self {
            witness_policy: None,
            tsa: Vec::new(),
            demo_tsa: None,
            tsa_need: None,
            timeout_s: DEFAULT_TIMEOUT_S,
        }
    }

    /// Whether anybody is named.
    pub(crate) fn names_anybody(&self) -> bool {
        self.witness_policy.is_some() || !self.tsa.is_empty() || self.demo_tsa.is_some()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The bundle (*.qne.zip)
    pub(crate) bundle: PathBuf,
    /// Trust policy (C2SP tlog-policy): logs, witnesses, quorum; or log keys alone, one a line
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// File with the keys of people whom you know, one a line, for acts of custody
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    /// File of root certificates that are trusted to tell the time; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) tsa_roots: Vec<PathBuf>,
    /// How many authorities must vouch for the time
    #[arg(long, value_name = "K", default_value = "1", requires = "tsa_roots")]
    pub(crate) tsa_need: NonZeroUsize,
    /// Let time stamps count whose certificates have ended since
    #[arg(long, requires = "tsa_roots")]
    pub(crate) accept_ended: bool,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key file, sealed by a passphrase from the environment
    New(KeyNew),
    /// Seal a plain key file, or change its passphrase
    Seal(KeySeal),
    /// Say which keys a file holds; a sealed one stays sealed
    Show {
        /// The key file
        file: PathBuf,
        #[command(flatten)]
        form: JsonForm,
    },
    /// Go on under a new key, which the log itself announces under the old one
    Rotate(KeyRotate),
}

#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag that a person may give or not"
)]
pub(crate) struct KeyNew {
    /// Name of the key: the origin of the log, or the name of the witness
    #[arg(long)]
    pub(crate) name: String,
    /// The key file; an existing one is never replaced
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The key of a witness, not of a log
    #[arg(long, conflicts_with = "sm2")]
    pub(crate) witness: bool,
    /// Also an SM2 key, which signs beside the first
    #[arg(long)]
    pub(crate) sm2: bool,
    /// Also an ML-DSA-44 key, which withstands quantum computers
    #[arg(long)]
    pub(crate) ml_dsa: bool,
    /// Not sealed: protected by the mode of the file alone
    #[arg(long)]
    pub(crate) plain: bool,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct KeySeal {
    /// The key file
    pub(crate) file: PathBuf,
    /// File with the new passphrase, for a key file that is sealed already
    #[arg(long, value_name = "FILE")]
    pub(crate) new_passphrase: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct KeyRotate {
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Only take the old key out of the key file, when nobody needs its signature any more
    #[arg(long)]
    pub(crate) finish: bool,
    #[command(flatten)]
    pub(crate) lock: LockChoice,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Log {
    /// Append files or lines as they are, each an entry
    Append(LogAppend),
    /// Recompute the whole log and compare it with what is stored
    Fsck(LogFsck),
    /// Measure how many entries a second a log on this disk makes durable
    Bench(LogBench),
    /// Keep the lock record of the log somewhere else from now on
    MoveLock(LogMoveLock),
    /// Serve the log to readers over HTTP, as C2SP tlog-tiles says
    Serve(LogServe),
    /// Run a witness: cosign the heads of logs that extend what was seen before
    Witness(LogWitness),
    /// Ask the witnesses of a policy to cosign the newest head, and keep it beside the log
    Cosign(LogCosign),
}

#[derive(Debug, Args)]
pub(crate) struct LogWitness {
    /// Folder of the witness: witness.key, logs.policy, state
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7380")]
    pub(crate) listen: std::net::SocketAddr,
    /// Policy whose log lines are the logs to witness; logs.policy of the folder unless given
    #[arg(long)]
    pub(crate) policy: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct LogCosign {
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Policy with the witnesses, their addresses and the quorum
    #[arg(long)]
    pub(crate) policy: PathBuf,
    /// Longest wait for one answer, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) timeout_s: u64,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct Provenance {
    /// Files or folders to read; NAME.info.json beside a file is read with it
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Certificates whose C2PA signatures are trusted (PEM)
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct LogAppend {
    /// Files, each one entry of at most 65,535 bytes; `-` for stdin
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Folder of the evidence log; made if it is not there
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Each line of the files is an entry
    #[arg(long)]
    pub(crate) lines: bool,
    #[command(flatten)]
    pub(crate) lock: LockChoice,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct LogFsck {
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Public key of the log; log.vkey of the folder unless given
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) lock: LockChoice,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct LogMoveLock {
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// The new place: file, sqlite:PATH, postgres://USER@HOST/DATABASE or s3://BUCKET/PREFIX
    #[arg(long, value_name = "PLACE")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct LogServe {
    /// Folder of the evidence log
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// Where to listen; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7381")]
    pub(crate) listen: std::net::SocketAddr,
}

#[derive(Debug, Args)]
pub(crate) struct LogBench {
    /// An empty or new folder on the disk to measure
    #[arg(long)]
    pub(crate) data: PathBuf,
    /// How many entries
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub(crate) entries: u64,
    /// How many wait for their answer at a time
    #[arg(long, value_name = "N", default_value_t = 4096, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) in_flight: u64,
    /// Bytes of an entry
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub(crate) bytes: u16,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Law {
    /// Assess a fact sheet (JSON or TOML; `-` for stdin), or one a line with --jsonl
    Assess(LawAssess),
    /// Say when the periods of a matter end, step by step
    Deadline(LawDeadline),
    /// Compute damages, method by method (JSON or TOML; `-` for stdin)
    Damages {
        /// The damages sheet
        sheet: PathBuf,
        #[command(flatten)]
        source: LawSource,
        #[command(flatten)]
        form: JsonForm,
    },
    /// Give the range of an administrative fine (JSON or TOML; `-` for stdin)
    Fine {
        /// The fine sheet
        sheet: PathBuf,
        #[command(flatten)]
        source: LawSource,
        #[command(flatten)]
        form: JsonForm,
    },
    /// Show a rule, or the words that rules use: facts, events, sources
    Show {
        /// Id of the rule, such as cn/criminal/217; or facts, events, sources
        rule: String,
        /// Only what is in force on this day
        #[arg(long, value_name = "DATE", value_parser = parse_day)]
        on: Option<Day>,
        #[command(flatten)]
        source: LawSource,
        #[command(flatten)]
        form: JsonForm,
    },
    /// List the rules
    List(LawList),
    /// Run every example of every rule, and check gaps, overlaps, sources and boundaries
    Check {
        #[command(flatten)]
        source: LawSource,
        #[command(flatten)]
        form: JsonForm,
    },
    /// What changed between the law of two days, and for whom
    Diff {
        /// The earlier day
        #[arg(value_name = "DATE1", value_parser = parse_day)]
        before: Day,
        /// The later day
        #[arg(value_name = "DATE2", value_parser = parse_day)]
        after: Day,
        /// Only this offence
        #[arg(long, value_name = "ID")]
        offence: Option<String>,
        #[command(flatten)]
        source: LawSource,
        #[command(flatten)]
        form: JsonForm,
    },
    /// List what nobody has read in a source
    Unverified {
        #[command(flatten)]
        source: LawSource,
        #[command(flatten)]
        form: JsonForm,
    },
    /// Print the JSON Schema of rule files or of fact sheets, for an editor
    Schema {
        /// Which files
        #[arg(value_enum, default_value_t = SchemaOf::Rules)]
        of: SchemaOf,
        #[command(flatten)]
        source: LawSource,
    },
}

#[derive(Debug, Args)]
pub(crate) struct LawAssess {
    /// The fact sheet, or with --jsonl a file of fact sheets, one a line
    pub(crate) facts: PathBuf,
    /// Day of judgment, whatever the sheet says: the same cases on another day
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(crate) judged_on: Option<Day>,
    /// With --jsonl: whole answers, not the outcome alone
    #[arg(long, requires = "jsonl")]
    pub(crate) full: bool,
    /// With --jsonl: the answers of an earlier run on the same sheets; what changed is marked and counted
    #[arg(long, value_name = "FILE", requires = "jsonl")]
    pub(crate) compare: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) source: LawSource,
    #[command(flatten)]
    pub(crate) form: AnyForm,
}

#[derive(Debug, Args)]
pub(crate) struct LawList {
    /// Only what is in force on this day
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    pub(crate) on: Option<Day>,
    /// Only what is about this offence
    #[arg(long, value_name = "ID")]
    pub(crate) offence: Option<String>,
    /// Only this kind of rule: threshold, band, deadline and so on
    #[arg(long, value_name = "KIND", value_parser = parse_kind)]
    pub(crate) kind: Option<quanlian_law::Kind>,
    /// Only what nobody has read in a source, in part or whole
    #[arg(long)]
    pub(crate) unverified: bool,
    #[command(flatten)]
    pub(crate) source: LawSource,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

/// What a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// Rule files
    Rules,
    /// Fact sheets
    Facts,
}

/// A kind of rule by its word in a file; the error lists the words.
fn parse_kind(word: &str) -> Result<quanlian_law::Kind, String> {
    serde_json::from_value(word.into()).map_err(|error| error.to_string())
}

#[derive(Debug, Args)]
pub(crate) struct LawDeadline {
    /// The timeline (JSON or TOML; `-` for stdin)
    #[arg(required_unless_present_any = ["rule", "group", "event"])]
    pub(crate) timeline: Option<PathBuf>,
    /// One period, by the id or row of its rule, such as tr.decide
    #[arg(long, value_name = "ID", conflicts_with = "group")]
    pub(crate) rule: Option<String>,
    /// The periods of one group: transfer (else), reverse, penalty, adjudication, appeal, registration, platform, agency
    #[arg(long, value_name = "NAME")]
    pub(crate) group: Option<String>,
    /// An event, such as report_received_on=2024-03-01; may be repeated
    #[arg(long, value_name = "NAME=WHEN")]
    pub(crate) event: Vec<String>,
    /// Also write the periods that run as an iCalendar file
    #[arg(long, value_name = "FILE")]
    pub(crate) ics: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) source: LawSource,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

/// Which rule files are read.
#[derive(Debug, Args)]
pub(crate) struct LawSource {
    /// Folder of rule files instead of those inside the program
    #[arg(long, value_name = "DIR")]
    pub(crate) law: Option<PathBuf>,
}
