//! How time-stamps are shown.
//!
//! In:  reports of `quanlian-timestamp`.
//! Out: one line a check for people, the same as JSON for programs.

use jiff::{SignedDuration, Timestamp as Instant};
use quanlian_timestamp::{
    algorithm::Imprint,
    folder::{Circumstances, Kept},
    quorum::Quorum,
    record::RecordReport,
    verify::{Check, Report, Stamped, State, Trust, verify},
};
use serde::Serialize;

use crate::output::{self, Output};

/// One time-stamp.
#[derive(Serialize)]
pub(super) struct Printed {
    pub(super) number: u8,
    pub(super) circumstances: Option<Circumstances>,
    #[serde(flatten)]
    pub(super) report: Report,
}

/// Several time-stamps about the same bytes.
#[derive(Serialize)]
pub(super) struct Stamps {
    #[serde(rename = "stamps")]
    pub(super) printed: Vec<Printed>,
    #[serde(flatten)]
    pub(super) quorum: Quorum,
}

impl Stamps {
    pub(super) fn print(&self, output: &Output) {
        for printed in &self.printed {
            let subject = format!("{:02}", printed.number);
            let url = printed
                .circumstances
                .as_ref()
                .map(|c| c.url.as_str())
                .unwrap_or_default();
            output.text(&format!("{subject} {url}"));
            print_error(printed.circumstances.as_ref(), output);
            print_report(&printed.report, &subject, output);
        }
        for check in &self.quorum.checks {
            print_check(check, "=", output);
        }
        print_verdict(self.quorum.ok, self.quorum.existed_by, output);
    }
}

/// Answers none of which can be used, and why.
pub(super) fn print_unanswered(kept: &[Kept], root: &Imprint, output: &Output) {
    for kept in kept {
        print_error(kept.circumstances.as_ref(), output);
        let evidence = kept.evidence(Some(Stamped::Imprint(root)), SignedDuration::MAX, None);
        let report = verify(&evidence, &Trust::default());
        print_report(&report, &format!("{:02}", kept.number), output);
    }
    output::warn(&output.messages.text("timestamp.not_renewed"));
}

fn print_error(circumstances: Option<&Circumstances>, output: &Output) {
    if let Some((code, detail)) = circumstances.and_then(|circumstances| circumstances.error.as_ref()) {
        let why = output::reason(&output.messages, code, detail);
        output.text(&output.messages.get("timestamp.no_answer", &[("why", why)]));
    }
}

/// An evidence record: its own lines, then those of each time-stamp.
pub(super) fn print_record(report: &RecordReport, output: &Output) {
    for (at, stamp) in report.stamps.iter().enumerate() {
        print_report(stamp, &format!("{:02}", at + 1), output);
    }
    for check in &report.checks {
        print_check(check, "=", output);
    }
    print_verdict(report.ok, report.existed_by, output);
}

fn print_verdict(is_good: bool, existed_by: Option<Instant>, output: &Output) {
    let verdict = match existed_by.filter(|_| is_good) {
        Some(at) => output.messages.get("timestamp.good", &[("time", at)]),
        None => output.messages.text("timestamp.bad"),
    };
    output.text(&verdict);
}

fn print_report(report: &Report, subject: &str, output: &Output) {
    if let Some(time) = &report.time {
        let who = time
            .signer
            .clone()
            .or_else(|| time.authority.clone())
            .unwrap_or_default();
        output.text(&output.messages.get(
            "timestamp.says",
            &[("time", time.gen_time.to_string()), ("who", who)],
        ));
    }
    for check in &report.checks {
        print_check(check, subject, output);
    }
}

fn print_check(check: &Check, subject: &str, output: &Output) {
    let state = match check.state {
        State::Held => "verify.ok",
        State::Failed => "verify.failed",
        State::NotChecked => "verify.not_checked",
    };
    let detail = match check.state {
        State::Held => check.detail.clone(),
        _ => output::reason(&output.messages, check.reason, &check.detail),
    };
    output.text(&output.messages.get(
        "verify.line",
        &[
            ("state", output.messages.text(state)),
            ("what", output.messages.text(&format!("check.{}", check.code))),
            ("subject", subject.to_owned()),
            ("detail", detail),
        ],
    ));
}
