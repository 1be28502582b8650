//! The judges that come with this program: cosignatures by a policy, time stamps by roots.
//!
//! In:  the policy and the roots that the reader trusts, if any.
//! Out: [`WitnessJudge`] and [`TimeJudge`], for [`Judges`](super::Judges).
//!
//! Invariant: what only the maker of a bundle vouches for is never more than *fits*. A
//! reader who names no witness and no root gets the signatures checked and the trust left open.
//!
//! Not here: the rules themselves (`quanlian_tlog::policy`, `quanlian_timestamp`).

use std::num::NonZeroUsize;

use quanlian_record::time::Timestamp;
use quanlian_timestamp::{
    certificate::Certificate,
    quorum::{self, Rule},
    verify::{self as stamp, Asked, DEFAULT_CLOCK_TOLERANCE, Evidence, Line, Stamped, Trust},
};
use quanlian_tlog::{
    checkpoint::SignedCheckpoint,
    note::Note,
    policy::{LogState, Policy, PolicyReport, Quorum, WitnessState},
};

use super::{Check, JudgeTime, JudgeWitnesses, State};
use crate::bundle::{Token, WitnessFiles};

/// Judges cosignatures by the reader's policy; without one, by the policy in the bundle, which
/// shows that the lines fit and no more.
#[derive(Debug, Clone, Default)]
pub struct WitnessJudge {
    /// What the reader trusts.
    pub policy: Option<Policy>,
}

impl JudgeWitnesses for WitnessJudge {
    fn judge(&self, head: &SignedCheckpoint, carried: Option<&WitnessFiles>) -> Vec<Check> {
        let note = match Note::parse(head.note()) {
            Ok(note) => note,
            Err(error) => return vec![check("log_witnessed", State::Failed, "bundle", error.to_string())],
        };
        if let Some(policy) = &self.policy {
            let report = policy.evaluate(&note);
            let mut checks = by_witness("log_witnessed_by", &report);
            checks.push(trusted(&report));
            return checks;
        }
        let Some(files) = carried else {
            let why = match note.signatures().len() {
                0 | 1 => "nobody but the log itself has signed its checkpoint".to_owned(),
                lines => format!("{} further signatures, and no policy says by whom", lines - 1),
            };
            return vec![check("log_witnessed", State::NotChecked, "bundle", why)];
        };
        match Policy::parse(files.policy.as_bytes()) {
            Ok(policy) => {
                let report = policy.evaluate(&note);
                let mut checks = by_witness("log_witnessed_fits", &report);
                checks.push(check(
                    "log_witnessed",
                    State::NotChecked,
                    "bundle",
                    format!(
                        "{} of {} by the maker's own policy; name a policy of yours to know whether that counts",
                        report.cosigned(),
                        report.witnesses.len()
                    ),
                ));
                checks
            }
            Err(error) => vec![check(
                "log_witnessed_fits",
                State::Failed,
                "proof/policy",
                error.to_string(),
            )],
        }
    }
}

/// One check for each witness of a policy.
fn by_witness(code: &str, report: &PolicyReport) -> Vec<Check> {
    let one = |line: &quanlian_tlog::policy::WitnessLine| {
        let (state, detail) = match line.state {
            WitnessState::Cosigned { at_s } => (State::Ok, cosigned_at(at_s)),
            WitnessState::Absent => (State::NotChecked, "has not cosigned this head".to_owned()),
            _ => (State::Failed, "a line by its key is wrong".to_owned()),
        };
        check(code, state, &line.name.to_string(), detail)
    };
    report.witnesses.iter().map(one).collect()
}

fn cosigned_at(at_s: Option<u64>) -> String {
    let micros = at_s.and_then(|s| i64::try_from(s).ok()?.checked_mul(1_000_000));
    match micros.and_then(|micros| Timestamp::from_unix_micros(micros).ok()) {
        Some(at) => format!("cosigned, by its own clock at {at}"),
        None => "cosigned, and states no time".to_owned(),
    }
}

/// Whether the reader's policy is met.
fn trusted(report: &PolicyReport) -> Check {
    let of = format!("{} of {} witnesses", report.cosigned(), report.witnesses.len());
    let (state, detail) = match (&report.log, &report.quorum) {
        (LogState::BadSignature(_) | LogState::KeyNotValid(_) | LogState::NotACheckpoint, _) => {
            (State::Failed, format!("the log: {}", report.log.code()))
        }
        (_, Quorum::NotAsked) => (State::NotChecked, format!("{of}; your policy asks for none")),
        (_, Quorum::Asked { name, met: true }) if report.is_cosigned() => {
            (State::Ok, format!("{of}; `{name}` is met"))
        }
        (_, Quorum::Asked { name, .. }) => (State::Failed, format!("{of}; `{name}` is not met")),
    };
    check("log_witnessed", state, "bundle", detail)
}

/// Judges time stamps by the reader's roots; without one, signatures and chains are checked and
/// trust stays open.
#[derive(Debug, Clone)]
pub struct TimeJudge {
    /// Whom the reader trusts.
    pub trust: Trust,
    /// How many authorities must agree.
    pub needed: NonZeroUsize,
    /// When the verification is made; none leaves open whether a chain has ended since.
    pub at: Option<Timestamp>,
}

impl JudgeTime for TimeJudge {
    fn judge(&self, checkpoint: &str, tokens: &[Token]) -> Vec<Check> {
        let mut checks = Vec::new();
        let mut reports = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let subject = format!("time stamp {:02}", at + 1);
            let certificates = match Certificate::from_pem(&token.certificates) {
                Ok(certificates) => certificates,
                Err(error) => {
                    let why = format!("the certificates beside it: {error}");
                    checks.push(check("time_chain", State::Failed, &subject, why));
                    Vec::new()
                }
            };
            let report = stamp::verify(
                &Evidence {
                    stamped: Some(Stamped::Bytes(checkpoint.as_bytes())),
                    asked: Some(Asked::Request(&token.request)),
                    response: &token.response,
                    certificates: &certificates,
                    clock: None,
                    at: self
                        .at
                        .and_then(|at| jiff::Timestamp::from_microsecond(at.unix_micros()).ok()),
                },
                &self.trust,
            );
            let from = checks.len();
            checks.extend(report.checks.iter().filter_map(|line| shown(line, &subject)));
            // Nobody signs the text around a certificate, and this program writes it in one way.
            let written: String = certificates.iter().map(Certificate::to_pem).collect();
            let form = checks[from..]
                .iter_mut()
                .find(|check| check.code == Line::Form.code());
            if let Some(form) = form.filter(|form| form.state == State::Ok && written != token.certificates) {
                form.state = State::NotChecked;
                "the certificates beside it are not written as this program writes them"
                    .clone_into(&mut form.detail);
            }
            if let Some(time) = &report.time {
                let by = time
                    .authority
                    .as_deref()
                    .or(time.signer.as_deref())
                    .unwrap_or("?");
                checks.push(check(
                    "time_stated",
                    if report.ok { State::Ok } else { State::NotChecked },
                    &subject,
                    format!("{} says {by}", time.gen_time),
                ));
            }
            reports.push(report);
        }
        checks.push(self.together(&reports));
        checks
    }
}

impl TimeJudge {
    fn together(&self, reports: &[stamp::Report]) -> Check {
        if self.trust.roots.is_empty() {
            let why = if reports.is_empty() {
                "there is no trusted time stamp"
            } else {
                "you named no authority that you trust to tell the time"
            };
            return check("time", State::NotChecked, "bundle", why.to_owned());
        }
        let quorum = quorum::evaluate(
            reports,
            Rule {
                needed: self.needed,
                tolerance: DEFAULT_CLOCK_TOLERANCE,
            },
        );
        let of = format!("{} of {} authorities", quorum.authorities, quorum.needed);
        match quorum.existed_by {
            Some(by) if quorum.ok => check(
                "time",
                State::Ok,
                "bundle",
                format!("it existed at the latest at {by}; {of}"),
            ),
            _ => check("time", State::Failed, "bundle", format!("{of} that you trust")),
        }
    }
}

/// A line of a report as a check of the bundle.
fn shown(line: &stamp::Check, subject: &str) -> Option<Check> {
    // The bundle keeps no clock of its own, so this line says nothing here.
    if line.code == Line::Clock.code() {
        return None;
    }
    let state = match line.state {
        stamp::State::Held => State::Ok,
        // An authority that the reader does not know is no forgery. `time` says whether the others suffice.
        stamp::State::Failed if line.code == Line::Trusted.code() => State::NotChecked,
        stamp::State::Failed => State::Failed,
        stamp::State::NotChecked => State::NotChecked,
    };
    Some(check(line.code, state, subject, line.detail.clone()))
}

fn check(code: &str, state: State, subject: &str, detail: String) -> Check {
    Check {
        code: code.to_owned(),
        state,
        subject: subject.to_owned(),
        detail,
    }
}
