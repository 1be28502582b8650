//! The engine against an oracle in another language: 200 timelines and what must come out of them.
//!
//! `oracle/timelines.py` makes `oracle/timelines.json` from its own table of holidays and its own
//! day-by-day count; it reads nothing of ours.

use std::process::Command;

use quanlian_law::{ClockResult, ReadingKind, RuleBook, Timeline};
use quanlian_record::{calendar::DayKind, time::Day};
use serde::Deserialize;

use crate::{book, word};

const TIMELINES: &str = include_str!("oracle/timelines.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    crosses_make_up_day: bool,
    timeline: Timeline,
    expect: Expected,
}

/// What the oracle found. A reading that it did not look for is absent, one that has no day is `null`.
#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
struct Expected {
    state: String,
    due_on: Option<String>,
    due_at: Option<String>,
    not_before: Option<String>,
    #[serde(default)]
    working_days: Option<String>,
    #[serde(default)]
    moved_last_day: Option<String>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(TIMELINES).unwrap()
}

fn found(clock: &ClockResult) -> Expected {
    let reading = |kind: ReadingKind| {
        let mut readings = clock.readings.iter();
        let reading = readings.find(|reading| reading.reading == kind)?;
        reading.due_on.map(|day| day.to_string())
    };
    Expected {
        state: word(&clock.state),
        due_on: clock.due_on.map(|day| day.to_string()),
        due_at: clock.due_at.map(|at| at.to_string()),
        not_before: clock.not_before.map(|day| day.to_string()),
        working_days: reading(ReadingKind::WorkingDays),
        moved_last_day: reading(ReadingKind::MovedLastDay),
    }
}

#[test]
fn two_hundred_timelines_equal_the_oracle() {
    let (book, cases) = (book(), cases());
    assert_eq!(cases.len(), 200);
    let mut wrong = Vec::new();
    for case in &cases {
        let clocks = book.deadlines(&case.timeline).unwrap();
        let found = found(&clocks[0]);
        if found != case.expect {
            wrong.push(format!(
                "{}\n  {}\n  engine {found:?}\n  oracle {:?}",
                case.name,
                serde_json::to_string(&case.timeline).unwrap(),
                case.expect
            ));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn more_than_sixty_of_them_cross_a_holiday_with_a_make_up_day() {
    let book = book();
    let mut crossing = 0;
    for case in cases() {
        let clock = &book.deadlines(&case.timeline).unwrap()[0];
        let start = clock.started.unwrap().day();
        let crosses = clock
            .due_on
            .is_some_and(|due| crosses(book, start.min(due), start.max(due)));
        assert_eq!(crosses, case.crosses_make_up_day, "{}", case.name);
        crossing += usize::from(crosses);
    }
    assert!(crossing >= 60, "{crossing}");
}

fn crosses(book: &RuleBook, first: Day, last: Day) -> bool {
    let days = || {
        first
            .series(jiff::Span::new().days(1))
            .take_while(|day| *day <= last)
    };
    let kind = |day: Day| book.calendar().kind_of(day);
    let made_up = days().any(|day| matches!(kind(day), Ok(DayKind::MakeUp(_))));
    // A holiday on a weekend day changes nothing.
    let weekday = |day: &Day| day.weekday().to_monday_one_offset() <= 5;
    made_up
        && days()
            .filter(weekday)
            .any(|day| matches!(kind(day), Ok(DayKind::Holiday(_))))
}

#[test]
fn the_committed_timelines_are_what_the_script_prints() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/oracle/timelines.py");
    let Ok(output) = Command::new("python3").arg(script).output() else {
        #[expect(clippy::print_stderr, reason = "a test that does not run must say so")]
        {
            eprintln!("SKIPPED: no python3, timelines.json not made again");
        }
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(
        String::from_utf8(output.stdout).unwrap() == TIMELINES,
        "run python3 {script} > timelines.json and look at the difference"
    );
}
