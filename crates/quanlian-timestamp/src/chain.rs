//! The chain of certificates from the signer of a token to a root, at the time that the token names (RFC 5280 §6, RFC 3161 §2.3).
//!
//! In:  the signer's certificate, certificates to choose from, roots that the caller named, an instant.
//! Out: [`Chain`], signer first, and whether it ends at a root that the caller named; or why there is none.
//!
//! Invariant: bounded. A chain has at most [`MAX_CHAIN`] certificates, and one search
//! checks at most [`MAX_SIGNATURE_CHECKS`] signatures, whatever certificates came along.
//!
//! Not here: revocation (nothing is asked of the network), name and policy constraints (a
//! chain that depends on them is refused).

use jiff::Timestamp;

use crate::{
    algorithm::SignatureProblem,
    certificate::{ANY_USAGE, Certificate, DIGITAL_SIGNATURE, KEY_CERT_SIGN, NON_REPUDIATION, TIME_STAMPING},
};

/// The longest chain, signer and root included.
pub const MAX_CHAIN: usize = 8;
/// The most signatures that one search checks.
pub const MAX_SIGNATURE_CHECKS: usize = 64;

/// A chain that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// The signer first, the root last.
    pub certificates: Vec<Certificate>,
    /// Whether the caller named the last one.
    pub is_anchored: bool,
}

impl Chain {
    /// The certificate that it ends at.
    pub fn root(&self) -> Option<&Certificate> {
        self.certificates.last()
    }
}

/// Why there is no chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "fields of error variants say themselves")]
pub enum ChainError {
    /// The signer is not allowed to stamp time at all.
    #[error("the certificate of {subject} has no extended key usage")]
    NoUsage { subject: String },
    /// RFC 3161 §2.3: the extension must be critical.
    #[error("the extended key usage of {subject} is not critical")]
    UsageNotCritical { subject: String },
    /// RFC 3161 §2.3: time-stamping and nothing else.
    #[error("the extended key usage of {subject} is not time-stamping alone")]
    UsageNotAlone { subject: String },
    /// The key may not make such signatures.
    #[error("the key usage of {subject} does not allow it to sign {what}")]
    KeyUsage { subject: String, what: &'static str },
    /// The token is older than the certificate.
    #[error("the certificate of {subject} is valid only from {not_before}, the token says {at}")]
    NotYetValid {
        subject: String,
        not_before: Timestamp,
        at: Timestamp,
    },
    /// The certificate had ended.
    #[error("the certificate of {subject} ended at {not_after}, the token says {at}")]
    Expired {
        subject: String,
        not_after: Timestamp,
        at: Timestamp,
    },
    /// A critical extension that this program does not evaluate.
    #[error("the certificate of {subject} has a critical extension {oid} that this program does not know")]
    CriticalExtension { subject: String, oid: String },
    /// The issuer may not issue certificates.
    #[error("{subject} is not a certificate authority")]
    NotAnAuthority { subject: String },
    /// The issuer may not issue that deep.
    #[error("{subject} allows no chain of this length below it")]
    PathLength { subject: String },
    /// The issuer's signature does not fit.
    #[error("the signature of {issuer} on the certificate of {subject} does not fit")]
    Signature { subject: String, issuer: String },
    /// The issuer's signature is of a kind that this program does not check.
    #[error("the certificate of {subject}: {problem}")]
    Unsupported { subject: String, problem: String },
    /// Nobody handed over the issuer's certificate.
    #[error("the certificate of the issuer {issuer} is missing")]
    IssuerMissing { issuer: String },
    /// More certificates or signatures than one search looks at.
    #[error("the chain is longer than this program follows")]
    TooLong,
}

impl ChainError {
    /// A stable word for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoUsage { .. } => "chain_no_usage",
            Self::UsageNotCritical { .. } => "chain_usage_not_critical",
            Self::UsageNotAlone { .. } => "chain_usage_not_alone",
            Self::KeyUsage { .. } => "chain_key_usage",
            Self::NotYetValid { .. } => "chain_not_yet_valid",
            Self::Expired { .. } => "chain_expired",
            Self::CriticalExtension { .. } => "chain_critical_extension",
            Self::NotAnAuthority { .. } => "chain_not_an_authority",
            Self::PathLength { .. } => "chain_path_length",
            Self::Signature { .. } => "chain_signature",
            Self::Unsupported { .. } => "chain_unsupported",
            Self::IssuerMissing { .. } => "chain_issuer_missing",
            Self::TooLong => "chain_too_long",
        }
    }
}

/// The chain from `signer` at `at`: to one of `anchors`, or else to a self-signed certificate among `pool`.
///
/// Anchors are checked like every other certificate; being named is no pardon for being expired.
pub fn find(
    signer: &Certificate,
    pool: &[Certificate],
    anchors: &[Certificate],
    at: Timestamp,
) -> Result<Chain, ChainError> {
    check_signer(signer)?;
    check_common(signer, at)?;
    let mut anchored = Search::new(anchors, pool, at, true);
    let first = anchored.extend(&mut vec![signer.clone()]);
    let failed = match first {
        Ok(chain) => return Ok(chain),
        Err(error) => error,
    };
    let mut any = Search::new(anchors, pool, at, false);
    any.extend(&mut vec![signer.clone()])
        // What kept the chain from the named roots is more telling when no chain exists at all.
        .map_err(|error| if anchors.is_empty() { error } else { failed })
}

struct Search<'a> {
    anchors: &'a [Certificate],
    pool: &'a [Certificate],
    at: Timestamp,
    wants_anchor: bool,
    checks_left: usize,
}

impl<'a> Search<'a> {
    fn new(anchors: &'a [Certificate], pool: &'a [Certificate], at: Timestamp, wants_anchor: bool) -> Self {
        Self {
            anchors,
            pool,
            at,
            wants_anchor,
            checks_left: MAX_SIGNATURE_CHECKS,
        }
    }

    /// Completes `path`, whose members hold so far, depth first.
    fn extend(&mut self, path: &mut Vec<Certificate>) -> Result<Chain, ChainError> {
        let Some(last) = path.last().cloned() else {
            return Err(ChainError::TooLong);
        };
        if self.wants_anchor && self.anchors.contains(&last) {
            return Ok(Chain {
                certificates: path.clone(),
                is_anchored: true,
            });
        }
        let mut failed = ChainError::IssuerMissing {
            issuer: last.issuer_text(),
        };
        if last.is_self_issued() {
            match self.check_signature(&last, &last) {
                Ok(()) if !self.wants_anchor => {
                    return Ok(Chain {
                        certificates: path.clone(),
                        is_anchored: false,
                    });
                }
                // A root that nobody named; the same key may be certified by one that somebody did.
                Ok(()) => {}
                Err(error) => failed = error,
            }
        }
        if path.len() == MAX_CHAIN {
            return Err(ChainError::TooLong);
        }
        let (anchors, pool) = (self.anchors, self.pool);
        for issuer in anchors.iter().chain(pool) {
            if issuer.subject != last.issuer || path.contains(issuer) {
                continue;
            }
            let step = check_issuer(issuer, path.len() - 1)
                .and_then(|()| check_common(issuer, self.at))
                .and_then(|()| self.check_signature(&last, issuer));
            let outcome = match step {
                Ok(()) => {
                    path.push(issuer.clone());
                    let outcome = self.extend(path);
                    path.pop();
                    outcome
                }
                Err(error) => Err(error),
            };
            match outcome {
                Ok(chain) => return Ok(chain),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    fn check_signature(&mut self, subject: &Certificate, issuer: &Certificate) -> Result<(), ChainError> {
        self.checks_left = self.checks_left.checked_sub(1).ok_or(ChainError::TooLong)?;
        let outcome = issuer
            .key
            .verify(&subject.algorithm, None, &subject.signed, &subject.signature);
        outcome.map_err(|problem| match problem {
            SignatureProblem::Wrong => ChainError::Signature {
                subject: subject.subject_text(),
                issuer: issuer.subject_text(),
            },
            SignatureProblem::Unsupported(_) => ChainError::Unsupported {
                subject: subject.subject_text(),
                problem: problem.to_string(),
            },
        })
    }
}

/// RFC 3161 §2.3: a key that stamps time does nothing else, and its certificate says so in a critical extension.
fn check_signer(signer: &Certificate) -> Result<(), ChainError> {
    let subject = || signer.subject_text();
    let Some(extended) = &signer.extensions.extended else {
        return Err(ChainError::NoUsage { subject: subject() });
    };
    if extended.usages != [TIME_STAMPING] {
        return Err(ChainError::UsageNotAlone { subject: subject() });
    }
    if !extended.critical {
        return Err(ChainError::UsageNotCritical { subject: subject() });
    }
    let signs = |usage: u16| usage & (DIGITAL_SIGNATURE | NON_REPUDIATION) != 0;
    if signer.extensions.key_usage.is_some_and(|usage| !signs(usage)) {
        return Err(ChainError::KeyUsage {
            subject: subject(),
            what: "tokens",
        });
    }
    Ok(())
}

/// `below` counts the intermediate certificates between the signer and this issuer.
fn check_issuer(issuer: &Certificate, below: usize) -> Result<(), ChainError> {
    let subject = || issuer.subject_text();
    let extensions = &issuer.extensions;
    if !extensions.is_ca {
        return Err(ChainError::NotAnAuthority { subject: subject() });
    }
    if extensions
        .key_usage
        .is_some_and(|usage| usage & KEY_CERT_SIGN == 0)
    {
        return Err(ChainError::KeyUsage {
            subject: subject(),
            what: "certificates",
        });
    }
    if extensions.path_length.is_some_and(|length| length < below as u64) {
        return Err(ChainError::PathLength { subject: subject() });
    }
    let stamps = |usages: &[_]| usages.contains(&TIME_STAMPING) || usages.contains(&ANY_USAGE);
    if extensions
        .extended
        .as_ref()
        .is_some_and(|extended| !stamps(&extended.usages))
    {
        return Err(ChainError::UsageNotAlone { subject: subject() });
    }
    Ok(())
}

fn check_common(certificate: &Certificate, at: Timestamp) -> Result<(), ChainError> {
    let subject = || certificate.subject_text();
    if let Some(oid) = certificate.extensions.unknown_critical {
        return Err(ChainError::CriticalExtension {
            subject: subject(),
            oid: oid.to_string(),
        });
    }
    let (not_before, not_after) = certificate.validity();
    if at < not_before {
        return Err(ChainError::NotYetValid {
            subject: subject(),
            not_before,
            at,
        });
    }
    // A certificate that ends at 10:00:00 is valid throughout that second.
    if at.as_second() > not_after.as_second() {
        return Err(ChainError::Expired {
            subject: subject(),
            not_after,
            at,
        });
    }
    Ok(())
}
