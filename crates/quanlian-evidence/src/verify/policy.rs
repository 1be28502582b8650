//! The policy of a verifier: which keys of logs and of people count.
//!
//! In:  a text in the form of C2SP tlog-policy.
//! Out: a [`Policy`].
//!
//! Invariant: a rule that is not enforced is refused, never skipped.
//!
//! Not here: witness rules, which the caller's [`JudgeWitnesses`](super::JudgeWitnesses) holds.

use std::str::FromStr;

use quanlian_tlog::note::{NoteError, VerifierKey};

use crate::content::visible;

/// What the caller brings to the verification.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Keys of logs that the caller got elsewhere. With none, the key in the bundle is
    /// used as it is, and the report says so.
    pub trusted_log_keys: Vec<VerifierKey>,
    /// Keys of people whom the caller knows, for acts of custody. With none, the report says that nobody
    /// has said whose keys they are.
    pub people: Vec<VerifierKey>,
}

/// Why a text is not a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum PolicyError {
    /// A `log` line without a valid key.
    #[error("line {line} holds no valid log key")]
    Key { line: usize, source: NoteError },
    /// A rule that this version cannot enforce; ignoring it would weaken the policy.
    #[error("line {line} is a rule that this version does not know: `{rule}`")]
    Rule { line: usize, rule: String },
    /// No `log` line at all.
    #[error("the policy names no log key")]
    Empty,
}

impl PolicyError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Key { .. } => "policy_key",
            Self::Rule { .. } => "policy_rule",
            Self::Empty => "policy_empty",
        }
    }
}

/// Reads a C2SP tlog-policy text, as far as this version enforces it: `log <vkey> [<url>]`,
/// `quorum none`, comments; also bare keys, one a line. Witness rules are for [`JudgeWitnesses`](super::JudgeWitnesses)
/// and are refused here.
///
/// ```
/// # use quanlian_evidence::verify::Policy;
/// let text = "# our log\nlog quanlian.example/log+b8a8ef8a+AZ4CsSTqquMfUe6uBjVTMovThR7dBFBKkPtpPL7lJ+WH\n";
/// assert_eq!(text.parse::<Policy>().unwrap().trusted_log_keys.len(), 1);
/// let bare = "quanlian.example/log+b8a8ef8a+AZ4CsSTqquMfUe6uBjVTMovThR7dBFBKkPtpPL7lJ+WH";
/// assert_eq!(bare.parse::<Policy>().unwrap().trusted_log_keys.len(), 1);
/// assert_eq!("log x+00000000+AAAA".parse::<Policy>().unwrap_err().code(), "policy_key");
/// assert_eq!("# nobody".parse::<Policy>().unwrap_err().code(), "policy_empty");
/// assert_eq!("quorum 2".parse::<Policy>().unwrap_err().code(), "policy_rule");
/// ```
impl FromStr for Policy {
    type Err = PolicyError;
    fn from_str(text: &str) -> Result<Self, PolicyError> {
        let mut policy = Self::default();
        for (at, rule) in text.lines().map(str::trim).enumerate() {
            let line = at + 1;
            let words: Vec<&str> = rule.split_whitespace().collect();
            match words[..] {
                // A bare key, so that the published `log.vkey` itself can serve as a policy.
                ["log", key] | ["log", key, _] | [key] if key != "log" && !key.starts_with('#') => {
                    let key = key.parse().map_err(|source| PolicyError::Key { line, source })?;
                    policy.trusted_log_keys.push(key);
                }
                [] | ["quorum", "none"] => {}
                [first, ..] if first.starts_with('#') => {}
                _ => {
                    return Err(PolicyError::Rule {
                        line,
                        rule: visible(rule),
                    });
                }
            }
        }
        if policy.trusted_log_keys.is_empty() {
            Err(PolicyError::Empty)
        } else {
            Ok(policy)
        }
    }
}
