//! The arguments of `quanlian timestamp`.
//!
//! In:  the arguments of the process.
//! Out: one type for each of its commands.
//!
//! Not here: what they do (`command::timestamp`).

use std::{net::SocketAddr, num::NonZeroUsize, path::PathBuf};

use clap::{Args, Subcommand};
use jiff::Timestamp as Instant;
use quanlian_timestamp::algorithm::DigestAlgorithm;

use super::JsonForm;

#[derive(Debug, Subcommand)]
pub(crate) enum Timestamp {
    /// Write a time-stamp request, to be sent by other means
    Request(Request),
    /// Have a file (the note of a checkpoint) stamped by one or more authorities
    Stamp(Stamp),
    /// Check time-stamps or an evidence record, line by line
    Verify(Verify),
    /// Renew tokens or evidence records before their certificates end, or with a newer digest
    Renew(Renew),
    /// Run an authority for demonstrations; its tokens are no evidence
    DemoTsa(DemoTsa),
}

#[derive(Debug, Args)]
pub(crate) struct Request {
    /// The file to be stamped
    pub(crate) file: PathBuf,
    /// Where the request goes
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Digest: sha256, sha384, sha512 or sm3
    #[arg(long, value_name = "NAME", value_parser = parse_digest, default_value = "sha256")]
    pub(crate) hash: DigestAlgorithm,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct Stamp {
    /// The file to be stamped
    pub(crate) file: PathBuf,
    /// Folder for requests and answers; made if it is not there, never overwritten
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Digest: sha256, sha384, sha512 or sm3
    #[arg(long, value_name = "NAME", value_parser = parse_digest, default_value = "sha256")]
    pub(crate) hash: DigestAlgorithm,
    #[command(flatten)]
    pub(crate) authorities: Authorities,
    #[command(flatten)]
    pub(crate) trusted: Trusted,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// A folder of `stamp`, one token or response, or an evidence record
    pub(crate) stamps: PathBuf,
    /// The file that was stamped; for a group of an evidence record each of its files
    #[arg(long, value_name = "FILE")]
    pub(crate) over: Vec<PathBuf>,
    /// The request that a single token answers
    #[arg(long, value_name = "FILE")]
    pub(crate) request: Option<PathBuf>,
    /// As if it were this time; now unless given
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Instant>,
    #[command(flatten)]
    pub(crate) trusted: Trusted,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct Renew {
    /// Tokens, responses or evidence records; several are renewed by one time-stamp
    #[arg(required = true)]
    pub(crate) records: Vec<PathBuf>,
    /// Folder for the new records and, below `tsa`, for request and answer
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Renew with this newer digest: sha256, sha384, sha512 or sm3
    #[arg(long, value_name = "NAME", value_parser = parse_digest, requires = "over")]
    pub(crate) hash: Option<DigestAlgorithm>,
    /// The file that each record is about, in the same order; for a newer digest they are needed
    #[arg(long, value_name = "FILE")]
    pub(crate) over: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) authorities: Authorities,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

#[derive(Debug, Args)]
pub(crate) struct DemoTsa {
    /// Folder of the demonstration authority's key and certificate; made if they are not there
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Serve there until interrupted
    #[arg(long, value_name = "ADDR", conflicts_with = "answer")]
    pub(crate) listen: Option<SocketAddr>,
    /// Answer this request
    #[arg(long, value_name = "FILE", requires = "out")]
    pub(crate) answer: Option<PathBuf>,
    /// Where the answer goes
    #[arg(long, value_name = "FILE", requires = "answer")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) form: JsonForm,
}

/// Who is asked.
#[derive(Debug, Args)]
pub(crate) struct Authorities {
    /// Address of an authority; may be repeated
    #[arg(long, value_name = "URL", required_unless_present = "demo")]
    pub(crate) tsa: Vec<String>,
    /// Folder of a demonstration authority that answers without a network; no evidence
    #[arg(long, value_name = "DIR")]
    pub(crate) demo: Option<PathBuf>,
    /// How long an authority may take
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    pub(crate) timeout: u64,
}

/// Who is believed.
#[derive(Debug, Args)]
pub(crate) struct Trusted {
    /// File of root certificates that are trusted to tell the time; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) roots: Vec<PathBuf>,
    /// Policy under which tokens count; every one unless given
    #[arg(long, value_name = "OID")]
    pub(crate) policy: Vec<String>,
    /// How many authorities must vouch
    #[arg(long, value_name = "K", default_value = "1")]
    pub(crate) need: NonZeroUsize,
    /// How far clocks may differ
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86400))]
    pub(crate) tolerance: u32,
    /// Let tokens count whose certificates have ended since
    #[arg(long)]
    pub(crate) accept_ended: bool,
}

fn parse_digest(name: &str) -> Result<DigestAlgorithm, String> {
    DigestAlgorithm::parse(name).ok_or_else(|| "sha256, sha384, sha512, sm3".to_owned())
}
