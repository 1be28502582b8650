//! Speed of the law engine, as a table in Markdown.
//!
//! In:  the rules inside the program and fact sheets made up here, of every kind that the engine treats apart.
//! Out: processor time for loading all rules, for one assessment, and for a city's back-check of 100,000 cases.
//!
//! Exits with 1 when a limit is missed, so that a slower engine is noticed. Processor time comes from
//! `/proc/self/stat`, so the figures hold on a busy machine; elsewhere than on Linux there is no table.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its table"
)]

use std::{error::Error, process::ExitCode};

use quanlian_law::{FactSheet, RuleBook};
use quanlian_record::time::Day;

/// Ticks of the processor clock in a second, the same on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
/// Each measurement is repeated until it has taken at least so long.
const MIN_SECONDS: f64 = 1.0;
/// Cases of the back-check.
const CASES: usize = 100_000;

/// Limits in milliseconds: loading, one assessment, the back-check.
const LOAD_LIMIT_MS: f64 = 50.0;
const ASSESS_LIMIT_MS: f64 = 1.0;
const BACK_CHECK_LIMIT_MS: f64 = 20_000.0;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    if processor_seconds().is_none() {
        eprintln!("no /proc here, nothing can be measured");
        return Ok(ExitCode::SUCCESS);
    }
    let book = RuleBook::embedded()?;
    let today: Day = "2026-11-22".parse()?;
    println!(
        "{} rules, rule book {}\n",
        book.list().len(),
        &book.rule_book_version()[..12]
    );
    println!("| act | CPU ms | limit ms |\n|---|---|---|");
    let mut held = true;
    let mut row = |act: &str, ms: f64, limit: f64| {
        println!("| {act} | {ms:.3} | {limit} |");
        held &= ms <= limit;
    };

    let load = each(|| RuleBook::embedded().map(drop))?;
    row("load all rules", load, LOAD_LIMIT_MS);
    for (name, sheet) in sheets()? {
        let one = each(|| book.assess(&sheet, today).map(drop))?;
        row(&format!("one assessment: {name}"), one, ASSESS_LIMIT_MS);
        let brief = each(|| book.assess_brief(&sheet, today).map(drop))?;
        row(&format!("the same, brief: {name}"), brief, ASSESS_LIMIT_MS);
    }
    row(
        "100,000 cases from JSON lines, brief",
        back_check(&book, today)?,
        BACK_CHECK_LIMIT_MS,
    );
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Cases that take the engine different ways.
fn sheets() -> Result<Vec<(&'static str, FactSheet)>, Box<dyn Error>> {
    let sheet = |from: &str, to: &str, judged: &str, facts: &str| {
        FactSheet::from_json(&line((from, to, judged), facts))
    };
    Ok(vec![
        (
            "settled, one rule set",
            sheet("2022-05-01", "2023-04-30", "2024-12-20", STRONG)?,
        ),
        (
            "settled, both rule sets",
            sheet("2022-05-01", "2023-04-30", "2025-06-20", STRONG)?,
        ),
        (
            "open, both rule sets",
            sheet("2022-05-01", "2023-04-30", "2025-06-20", WEAK)?,
        ),
        (
            "open, days of the conduct unknown",
            FactSheet::from_json(&format!(
                r#"{{"offence":"cn/criminal/217","judged_on":"2025-06-20","facts":[{WEAK}]}}"#
            ))?,
        ),
    ])
}

const STRONG: &str = r#"{"name":"illegal_gain","fen":7200000,"evidence":["E1"]},
    {"name":"actual_clicks","count":30000000,"evidence":["E2"]}"#;
const WEAK: &str = r#"{"name":"actual_clicks","at_least_count":20000,"at_most_count":60000}"#;

fn line((from, to, judged): (&str, &str, &str), facts: &str) -> String {
    format!(
        r#"{{"offence":"cn/criminal/217","person":"natural","conduct":{{"from":"{from}","to":"{to}"}},"judged_on":"{judged}","facts":[{}]}}"#,
        facts.replace('\n', " ")
    )
}

/// Milliseconds for all cases: reading each sheet, assessing it by both rule sets, writing the short answer.
fn back_check(book: &RuleBook, today: Day) -> Result<f64, Box<dyn Error>> {
    let start = processor_seconds().unwrap_or_default();
    let (mut written, mut undetermined) = (0, 0);
    for case in 0..CASES {
        // Gains and clicks spread around every line, half of the sheets with one fact open.
        let gain = (case * 7_919) % 40_000_000;
        let clicks = (case * 104_729) % 1_200_000;
        let facts = if case % 2 == 0 {
            format!(
                r#"{{"name":"illegal_gain","fen":{gain}}},{{"name":"actual_clicks","count":{clicks}}},{{"name":"repeat_within_2y","value":false}}"#
            )
        } else {
            format!(r#"{{"name":"actual_clicks","at_least_count":{clicks}}}"#)
        };
        let sheet = FactSheet::from_json(&line(("2022-05-01", "2023-04-30", "2025-06-20"), &facts))?;
        let answer = book.assess_brief(&sheet, today)?;
        undetermined += usize::from(answer.missing_first.is_some());
        written += serde_json::to_string(&answer)?.len();
    }
    let seconds = processor_seconds().unwrap_or_default() - start;
    eprintln!("{written} bytes written, {undetermined} of {CASES} ask for a fact");
    Ok(seconds * 1000.0)
}

/// Milliseconds of processor time for one run, over as many runs as take a second.
fn each<E: Error + 'static>(mut run: impl FnMut() -> Result<(), E>) -> Result<f64, Box<dyn Error>> {
    let mut runs = 1;
    loop {
        let start = processor_seconds().unwrap_or_default();
        for _ in 0..runs {
            run()?;
        }
        let taken = processor_seconds().unwrap_or_default() - start;
        if taken >= MIN_SECONDS {
            return Ok(taken * 1000.0 / f64::from(runs));
        }
        runs *= 4;
    }
}

/// Processor time of this process so far, user and system.
fn processor_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, which may hold blanks, ends with the last bracket.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / TICKS_PER_SECOND)
}
