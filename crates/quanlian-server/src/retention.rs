//! Retention (保存期限): how long the audit trail has to be kept at least.
//!
//! In:  `policies/retention.toml`.
//! Out: [`Retention`], which says from which instant on no line may go.
//!
//! Not here: what is pruned (`quanlian-store::trail::prune`).

use quanlian_record::time::Timestamp;
use serde::Deserialize;

const RETENTION: &str = include_str!("../../../policies/retention.toml");
const DAY_US: i64 = 86_400_000_000;

/// How long the audit trail is kept at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// So many days.
    pub days: u32,
    /// What it rests on: the citation, and whether somebody read the text in force.
    pub laws: Vec<(String, bool)>,
}

/// The file is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the file of retention cannot be read: {0}")]
pub struct RetentionError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    trail: Trail,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trail {
    days: u32,
    laws: Vec<Law>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Law {
    cite: String,
    #[serde(rename = "gist")]
    _gist: toml::Table,
    checked: Checked,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Checked {
    #[serde(rename = "on")]
    _on: toml::value::Datetime,
    #[serde(rename = "against")]
    _against: String,
    verified: bool,
}

impl Retention {
    /// The one that the program was built with.
    pub fn embedded() -> Result<Self, RetentionError> {
        let written: Written =
            toml::from_str(RETENTION).map_err(|error| RetentionError(error.to_string()))?;
        let laws = written
            .trail
            .laws
            .into_iter()
            .map(|law| (law.cite, law.checked.verified));
        Ok(Self {
            days: written.trail.days,
            laws: laws.collect(),
        })
    }

    /// From this instant on no line may go.
    pub fn kept_since(&self, now: Timestamp) -> Timestamp {
        let micros = now.unix_micros().saturating_sub(i64::from(self.days) * DAY_US);
        Timestamp::from_unix_micros(micros).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_younger_than_six_months_stays() {
        let retention = Retention::embedded().unwrap();
        assert!(!retention.laws.is_empty());
        let since = retention.kept_since("2026-08-31T00:00:00Z".parse().unwrap());
        assert!(since <= "2026-02-28T00:00:00Z".parse().unwrap(), "{since}");
    }
}
