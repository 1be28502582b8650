//! The report of a verification: every check, and one line for each question that a reader asks.
//!
//! In:  checks, in their order.
//! Out: a [`Verification`] and its [`Line`]s.
//!
//! Invariant: a line is `ok` only when all its checks were made and hold.

use serde::{Deserialize, Serialize};

use crate::content::visible;

/// What a check came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It holds.
    Ok,
    /// It does not hold.
    Failed,
    /// Nobody looked, or nobody can.
    NotChecked,
    /// What it would be made on was erased by order; its tombstone says so.
    Erased,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked; one of the words listed at [`verify_bundle`](super::verify_bundle).
    pub code: String,
    /// What it came to.
    pub state: State,
    /// The item (`0001 name`), the time stamp, the witness, or `bundle`.
    pub subject: String,
    /// More about it, in English; the command line has its own words for each code.
    pub detail: String,
}

/// What a reader asks of a bundle, in the order of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Is the bundle what was closed, to the last byte?
    Bundle,
    /// Are the files those that were deposited?
    File,
    /// Do their deposits stand in the log?
    Inclusion,
    /// Has the log signed its head?
    LogHead,
    /// Is its key one that the reader trusts?
    LogKey,
    /// Has anybody else seen that head?
    Witnesses,
    /// When at the latest was it there?
    Time,
    /// Who held the files since?
    Custody,
    /// Are the enclosed instructions those of this program?
    Instructions,
    /// What no bundle proves.
    NotProven,
}

impl Question {
    /// All questions that can be answered, in their order.
    pub const ALL: [Self; 9] = [
        Self::Bundle,
        Self::File,
        Self::Inclusion,
        Self::LogHead,
        Self::LogKey,
        Self::Witnesses,
        Self::Time,
        Self::Custody,
        Self::Instructions,
    ];

    /// The question that a check belongs to; codes of witnesses and time may carry more words.
    pub fn of(code: &str) -> Self {
        match code {
            "container" | "bag" | "manifest" | "bundle_sealed" => Self::Bundle,
            "file_is_deposit" => Self::File,
            "deposit_committed" | "deposit_in_log" | "erasure_in_log" => Self::Inclusion,
            "log_head_signed" => Self::LogHead,
            "log_key_trusted" => Self::LogKey,
            "custody_chain" => Self::Custody,
            "instructions" => Self::Instructions,
            _ if code.starts_with("custody_") => Self::Custody,
            _ if code.starts_with("log_witnessed") => Self::Witnesses,
            _ if code == "time" || code.starts_with("time_") => Self::Time,
            _ => Self::NotProven,
        }
    }

    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Bundle => "bundle",
            Self::File => "file",
            Self::Inclusion => "inclusion",
            Self::LogHead => "log_head",
            Self::LogKey => "log_key",
            Self::Witnesses => "witnesses",
            Self::Time => "time",
            Self::Custody => "custody",
            Self::Instructions => "instructions",
            Self::NotProven => "not_proven",
        }
    }
}

/// What the checks of one question came to together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// All were made and hold.
    Ok,
    /// One or more do not hold.
    Failed,
    /// Some hold, the others were not made.
    Partly,
    /// None was made.
    NotChecked,
    /// None could be made, because all that it asks about was erased.
    Erased,
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Which question.
    pub question: Question,
    /// What the checks came to.
    pub answer: Answer,
    /// Checks that hold.
    pub ok: usize,
    /// Checks that do not hold.
    pub failed: usize,
    /// Checks that were not made.
    pub not_checked: usize,
    /// Checks that cannot be made any more, because of an erasure.
    pub erased: usize,
    /// What the first check says that did not end well, else the first; in English.
    pub detail: String,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Whether no check has failed. It does not mean that all were made: see the lines.
    pub ok: bool,
    /// The checks, in the order in which they were made.
    pub checks: Vec<Check>,
}

impl Verification {
    pub(super) fn new() -> Self {
        Self {
            ok: true,
            checks: Vec::new(),
        }
    }

    /// One line for each question of [`Question::ALL`].
    ///
    /// ```
    /// # use quanlian_evidence::verify::{Answer, Policy, verify_stream};
    /// let report = verify_stream(std::io::Cursor::new(b"no bundle"), &Policy::default());
    /// assert_eq!(report.lines()[0].answer, Answer::Failed);
    /// assert!(report.lines()[1..].iter().all(|line| line.answer == Answer::NotChecked));
    /// ```
    pub fn lines(&self) -> Vec<Line> {
        Question::ALL
            .into_iter()
            .map(|question| self.line(question))
            .collect()
    }

    /// What no bundle can prove, so that nobody takes silence for a yes.
    pub fn not_proven(&self) -> impl Iterator<Item = &Check> {
        self.checks
            .iter()
            .filter(|check| Question::of(&check.code) == Question::NotProven)
    }

    fn line(&self, question: Question) -> Line {
        let checks = || {
            self.checks
                .iter()
                .filter(|check| Question::of(&check.code) == question)
        };
        let count = |state| checks().filter(|check| check.state == state).count();
        let (ok, failed, not_checked) = (count(State::Ok), count(State::Failed), count(State::NotChecked));
        let erased = count(State::Erased);
        let (answer, telling) = match (ok, failed, not_checked, erased) {
            (_, 1.., _, _) => (Answer::Failed, State::Failed),
            (1.., 0, 0, 0) => (Answer::Ok, State::Ok),
            (1.., 0, 0, _) => (Answer::Partly, State::Erased),
            (1.., 0, _, _) => (Answer::Partly, State::NotChecked),
            (0, 0, 0, 1..) => (Answer::Erased, State::Erased),
            (0, 0, _, _) => (Answer::NotChecked, State::NotChecked),
        };
        let told = checks().find(|check| check.state == telling);
        let detail = told.map_or_else(
            || "the check could not be made".to_owned(),
            |check| check.detail.clone(),
        );
        Line {
            question,
            answer,
            ok,
            failed,
            not_checked,
            erased,
            detail,
        }
    }

    /// Adds a check that others have made.
    pub(super) fn push(&mut self, check: Check) {
        self.add(&check.code, check.state, &check.subject, check.detail);
    }

    pub(super) fn add(&mut self, code: &str, state: State, subject: &str, detail: impl Into<String>) {
        self.ok &= state != State::Failed;
        self.checks.push(Check {
            code: code.to_owned(),
            state,
            subject: visible(subject),
            detail: visible(&detail.into()),
        });
    }

    pub(super) fn result(&mut self, code: &str, subject: &str, result: Result<String, String>) {
        match result {
            Ok(detail) => self.add(code, State::Ok, subject, detail),
            Err(why) => self.add(code, State::Failed, subject, why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(states: &[State]) -> (Answer, String) {
        let mut report = Verification::new();
        for (at, state) in states.iter().enumerate() {
            report.add("file_is_deposit", *state, "x", at.to_string());
        }
        let line = report.line(Question::File);
        (line.answer, line.detail)
    }

    #[test]
    fn a_line_is_ok_only_when_every_check_was_made_and_holds() {
        use State::{Erased, Failed, NotChecked, Ok};
        assert_eq!(answer(&[Ok, Ok]), (Answer::Ok, "0".to_owned()));
        assert_eq!(answer(&[Ok, NotChecked]), (Answer::Partly, "1".to_owned()));
        assert_eq!(answer(&[NotChecked]), (Answer::NotChecked, "0".to_owned()));
        assert_eq!(
            answer(&[Ok, NotChecked, Failed]),
            (Answer::Failed, "2".to_owned())
        );
        assert_eq!(answer(&[]).0, Answer::NotChecked);
        assert_eq!(answer(&[Erased]), (Answer::Erased, "0".to_owned()));
        assert_eq!(answer(&[Ok, Erased]), (Answer::Partly, "1".to_owned()));
        assert_eq!(answer(&[Erased, NotChecked]).0, Answer::NotChecked);
    }

    #[test]
    fn every_question_has_a_word_and_unknown_checks_prove_nothing() {
        for question in Question::ALL {
            assert!(!question.code().is_empty());
        }
        assert_eq!(Question::of("time_signature"), Question::Time);
        assert_eq!(Question::of("timely"), Question::NotProven);
        assert_eq!(Question::of("log_witnessed_by"), Question::Witnesses);
    }
}
