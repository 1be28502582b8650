//! How copies spread (传播), as the dossier shows it.
//!
//! In:  filled by the caller.
//! Out: the part [`super::Dossier::spread`].

use quanlian_record::time::Day;
use serde::{Deserialize, Serialize};

use super::Text;

/// Speed, breadth and depth of republication, of all works together and of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spread {
    /// Where the dates and figures come from.
    pub source: Text,
    /// What the curve comes to, in sentences.
    pub lines: Vec<Text>,
    /// The curve of all works together, by day.
    pub curve: Vec<SpreadDay>,
    /// Each work by itself.
    pub works: Vec<SpreadOfWork>,
}

/// A day on which something changed; all figures are at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpreadDay {
    /// The legal day (Asia/Shanghai).
    pub day: Day,
    /// Copies that appeared on it.
    pub new_copies: u64,
    /// Copies so far.
    pub copies: u64,
    /// Accounts so far.
    pub accounts: u64,
    /// Platforms so far.
    pub platforms: u64,
    /// The newest figures of plays, added; `None`: no platform had stated one by then.
    pub plays: Option<u64>,
    /// Copies so far of which no platform had stated plays.
    pub without_figure: u64,
}

/// What the copies of one work came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpreadOfWork {
    /// Its name.
    pub work: String,
    /// Copies.
    pub copies: u64,
    /// Accounts.
    pub accounts: u64,
    /// Platforms.
    pub platforms: u64,
    /// Days of the first and of the last copy; `None`: no copy has a day.
    pub days: Option<[Day; 2]>,
    /// Plays, as in [`SpreadDay::plays`].
    pub plays: Option<u64>,
}
