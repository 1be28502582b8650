//! How well the methods do on known copies and on files that copy nothing, for reports that a court reads.
//!
//! In:  `error_rates.json`, which stands beside this file.
//! Out: [`ErrorRate`]s of a medium.
//!
//! Invariant: a figure stands there only when the page that it names says it.
//!
//! Not here: null models (`built_in`), how the figures were measured (the page).

use serde::{Deserialize, Serialize};

use crate::Medium;

/// What was measured, as data.
const MEASURED: &str = include_str!("error_rates.json");

/// One measurement at the default threshold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRate {
    /// The medium.
    pub medium: Medium,
    /// Kinds of change, in Chinese.
    pub zh: String,
    /// The same in English.
    pub en: String,
    /// Known copies that were searched for.
    pub copies: u64,
    /// Of these told with the right work.
    pub found: u64,
    /// Files that copy nothing of the works they were searched in.
    pub non_members: u64,
    /// Of these told as copies.
    pub false_positives: u64,
    /// The day, as `2026-11-23`.
    pub measured_on: String,
    /// The page that says how.
    pub page: String,
}

/// What was measured for a medium; empty where nothing was.
pub fn error_rates(medium: Medium) -> Vec<ErrorRate> {
    // The list is part of the program and a test reads it, so an error here cannot reach a user.
    let all: Vec<ErrorRate> = serde_json::from_str(MEASURED).unwrap_or_default();
    all.into_iter().filter(|rate| rate.medium == medium).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_read_whole_and_no_figure_contradicts_another() {
        let all: Vec<ErrorRate> = serde_json::from_str(MEASURED).unwrap();
        assert!(all.len() >= 6);
        for rate in &all {
            assert!(
                rate.found <= rate.copies && rate.false_positives <= rate.non_members,
                "{rate:?}"
            );
            assert!(rate.copies > 0 && rate.non_members > 0);
            let digits = rate.measured_on.split('-').map(str::len);
            assert!(digits.eq([4, 2, 2]), "{rate:?}");
        }
        for medium in [
            Medium::Text,
            Medium::Code,
            Medium::Audio,
            Medium::Image,
            Medium::Video,
        ] {
            assert!(!error_rates(medium).is_empty(), "{medium:?}");
        }
    }
}
