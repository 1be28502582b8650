//! The arguments of `quanlian watch`.
//!
//! In:  the arguments of the process.
//! Out: [`Watch`].
//!
//! Not here: what it does (`command::watch`).

use std::{num::NonZeroU64, path::PathBuf, time::Duration};

use clap::Args;
use quanlian_capture::guard::Allowed;

use super::{AnyForm, LockChoice};

#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// Folder of the index of works
    #[arg(long)]
    pub(crate) index: PathBuf,
    /// Folder for the book, the files that are fetched and the results; made if it is not there
    #[arg(long)]
    pub(crate) out: PathBuf,
    /// Folder that yt-dlp, gallery-dl or a person fills; may be repeated
    #[arg(long, value_name = "DIR")]
    pub(crate) folder: Vec<PathBuf>,
    /// RSS or Atom feed, by address or file; may be repeated
    #[arg(long, value_name = "URL|FILE")]
    pub(crate) feed: Vec<String>,
    /// List of addresses of media files, one a line; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) list: Vec<PathBuf>,
    /// WARC archive; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) archive: Vec<PathBuf>,
    /// Go round again after this time (90s, 15m, 6h, 1d); once unless given
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) every: Option<Duration>,
    /// End after so many rounds
    #[arg(long, value_name = "N", requires = "every")]
    pub(crate) rounds: Option<NonZeroU64>,
    /// Deposit new copies, the book and the results of each round in this evidence log
    #[arg(long)]
    pub(crate) data: Option<PathBuf>,
    /// Who deposits
    #[arg(long, env = "QUANLIAN_DEPOSITOR")]
    pub(crate) depositor: Option<String>,
    #[command(flatten)]
    pub(crate) lock: LockChoice,
    /// Reach this private network, address or host too; may be repeated
    #[arg(long, value_name = "NET|HOST")]
    pub(crate) allow_private: Vec<Allowed>,
    /// The largest file that is fetched, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 2048)]
    pub(crate) max_file_mib: u64,
    /// The longest time for one download, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) timeout_s: u64,
    #[command(flatten)]
    pub(crate) form: AnyForm,
}

/// `90s`, `15m`, `6h`, `1d`: from one second to a year.
pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    const YEAR_S: u64 = 366 * 86_400;
    let wrong = || format!("`{text}` is no time: write 90s, 15m, 6h or 1d, at most a year");
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit_s = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    let seconds = count.checked_mul(unit_s).filter(|s| (1..=YEAR_S).contains(s));
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_bounds() {
        assert_eq!(parse_time("15m").unwrap(), Duration::from_mins(15));
        assert_eq!(parse_time("1d").unwrap(), Duration::from_hours(24));
        for wrong in [
            "",
            "15",
            "m",
            "0s",
            "-1m",
            "1w",
            "400d",
            "99999999999999999999s",
            "15 m",
        ] {
            assert!(parse_time(wrong).is_err(), "{wrong}");
        }
    }
}
